// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attaching to devices through libxdp. Each device gets a copy of the program of its own that shares all maps with the
 * one already loaded: libxdp loads it as an extension of its dispatcher, beside the programs of others, or, where the
 * kernel refuses extensions, as the device's only program. A program without dispatcher support that is there already
 * is left alone.
 */
#define UPS_LOG_MODULE "xdp"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/log.h"
#include "dp/detacher.h"
#include "dp/kernel_priv.h"

#define PROGRAM "upsec_xdp"
#define RUN_PRIORITY 60 /* behind packet filters, which keep libxdp's default of 50 */

/* ---- what the network namespace needs ------------------------------------------------------------------------------ */

static int write_one(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "1", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

/*
 * The program asks for routes as a packet from loopback (bpf/lib/route.h), and the helper answers only if that device
 * may forward. The switch is left on: it has no other effect, and another instance may rely on it.
 */
static int enable_routes(struct ups_errmsg *msg)
{
	static const char *const path[] = { "/proc/sys/net/ipv4/conf/lo/forwarding",
					    "/proc/sys/net/ipv6/conf/lo/forwarding" };

	for (size_t i = 0; i < 2; i++) {
		int err = write_one(path[i]);

		if (err && err != -ENOENT) /* absent: that family is disabled */
			return ups_fail(msg, err, "cannot write 1 to %s: %s", path[i],
					ups_strerror(err));
	}
	return 0;
}

/* ---- a copy of the program ----------------------------------------------------------------------------------------- */

/* Maps named ups_* are shared; what is read-only stays the copy's own. */
static int share_maps(const struct ups_kernel *k, struct bpf_object *copy)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, copy)
	{
		int fd = bpf_object__find_map_fd_by_name(k->object, bpf_map__name(map));
		int err = 0;

		if (bpf_map__is_internal(map) || !bpf_map__autocreate(map))
			continue;
		err = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
		if (err)
			return err;
	}
	return 0;
}

/* A copy of the object, not yet loaded, in a->object */
static int copy_object(const struct ups_kernel *k, struct ups_attachment *a, struct ups_errmsg *msg)
{
	struct bpf_program *prog;
	const struct ups_bpf_config config = { .has_crypto = k->crypto,
					       .generic = a->mode == XDP_MODE_SKB };
	int err = ups_kernel_open(k, &config, &a->object, msg);

	if (err)
		return err;
	bpf_object__for_each_program(prog, a->object)
	{
		if (strcmp(bpf_program__name(prog), PROGRAM) != 0)
			bpf_program__set_autoload(prog, false);
	}
	err = share_maps(k, a->object);
	if (err)
		return ups_fail(msg, err, "cannot share the maps of the XDP program: %s",
				ups_strerror(err));
	return 0;
}

static void drop_copy(struct ups_attachment *a)
{
	xdp_program__close(a->program);
	bpf_object__close(a->object);
	a->program = NULL;
	a->object = NULL;
}

static void attachment_destroy(struct ups_attachment *a)
{
	if (!a)
		return;
	drop_copy(a);
	free(a);
}

/* libxdp's handle of what is in @opts, into a->program */
static int take_program(struct ups_attachment *a, struct xdp_program_opts *opts,
			struct ups_errmsg *msg)
{
	struct xdp_program *program = xdp_program__create(opts);
	int err = (int)libxdp_get_error(program);

	if (err)
		return ups_fail(msg, err, "libxdp does not take the XDP program: %s",
				ups_strerror(err));
	a->program = program;
	return 0;
}

/* ---- attach and detach --------------------------------------------------------------------------------------------- */

static int attach_error(struct ups_errmsg *msg, int err, const struct ups_attachment *a)
{
	const char *mode = a->mode == XDP_MODE_NATIVE ? "native" : "generic";

	if (err == -EBUSY || err == -EEXIST)
		return ups_fail(
			msg, err,
			"device %s already carries an XDP program that cannot share it; detach it, or set the lane to udp",
			a->device);
	if (err == -EOPNOTSUPP)
		return ups_fail(msg, err, "the driver of device %s has no %s XDP", a->device, mode);
	return ups_fail(msg, err, "cannot attach the XDP program to device %s in %s mode: %s",
			a->device, mode, ups_strerror(err));
}

/* Through libxdp, which chooses between its dispatcher and the program alone */
static int attach_shared(const struct ups_kernel *k, struct ups_attachment *a,
			 struct ups_errmsg *msg)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .prog_name = PROGRAM);
	int err = copy_object(k, a, msg);

	opts.obj = a->object;
	if (!err)
		err = take_program(a, &opts, msg);
	if (err)
		return err;
	xdp_program__set_run_prio(a->program, RUN_PRIORITY);
	xdp_program__set_chain_call_enabled(a->program, XDP_PASS, true);
	err = xdp_program__attach(a->program, a->ifindex, (enum xdp_attach_mode)a->mode, 0);
	return err ? attach_error(msg, err, a) : 0;
}

/*
 * As the device's only program, if it has none. For a kernel that takes extensions but not this one (since 6.13 an
 * extension may change packets only where the dispatcher's placeholder does, which libxdp before 1.5.5 does not do).
 */
static int attach_alone(const struct ups_kernel *k, struct ups_attachment *a,
			struct ups_errmsg *msg)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts);
	uint32_t flags = a->mode == XDP_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	int err;

	drop_copy(a);
	err = copy_object(k, a, msg);
	if (err)
		return err;
	err = bpf_object__load(a->object);
	if (err)
		return attach_error(msg, err, a);
	opts.fd = bpf_program__fd(bpf_object__find_program_by_name(a->object, PROGRAM));
	err = take_program(a, &opts, msg);
	if (err)
		return err;
	err = bpf_xdp_attach(a->ifindex, opts.fd, flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
	return err ? attach_error(msg, err, a) : 0;
}

static bool has_dispatcher(int ifindex)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	bool yes = !libxdp_get_error(mp) && mp && !xdp_multiprog__is_legacy(mp);

	if (!libxdp_get_error(mp))
		xdp_multiprog__close(mp);
	return yes;
}

/* The first program on the device that is of our name: the device's only one, or one behind its dispatcher. */
static struct xdp_program *find_ours(struct xdp_multiprog *mp)
{
	struct xdp_program *p = xdp_multiprog__is_legacy(mp) ? xdp_multiprog__main_prog(mp)
							     : xdp_multiprog__next_prog(NULL, mp);

	while (p && strcmp(xdp_program__name(p), PROGRAM) != 0)
		p = xdp_multiprog__is_legacy(mp) ? NULL : xdp_multiprog__next_prog(p, mp);
	return p;
}

/*
 * What a daemon left that was killed: its program went on with the flows it had, and ends where the next one begins. The caller
 * has made sure that no other instance is alive (kernel.h).
 */
static void replace_stale(int ifindex, const char *device)
{
	struct xdp_multiprog *mp = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *stale;
	int err;

	if (libxdp_get_error(mp) || !mp)
		return;
	stale = find_ours(mp);
	if (stale) {
		err = xdp_program__detach(stale, ifindex, xdp_multiprog__attach_mode(mp), 0);
		ups_notice("%s: XDP program of an earlier run %s", device,
			   err ? "stays, it cannot be detached" : "replaced");
	}
	xdp_multiprog__close(mp);
}

int ups_kernel_attach(struct ups_kernel *k, const char *device, enum ups_attach_mode mode,
		      bool *dispatcher, struct ups_errmsg *msg)
{
	struct ups_attachment *a = calloc(1, sizeof(*a));
	int err = -ENOMEM;

	if (!a)
		return ups_fail(msg, err, "out of memory");
	snprintf(a->device, sizeof(a->device), "%s", device);
	a->mode = mode == UPS_ATTACH_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_SKB;
	a->ifindex = (int)if_nametoindex(device);
	if (!a->ifindex) {
		err = ups_fail(msg, -ENODEV, "there is no device %s", device);
		goto fail;
	}
	err = enable_routes(msg);
	if (err)
		goto fail;
	ups_kernel_refresh(k);
	replace_stale(a->ifindex, device);
	err = attach_shared(k, a, msg);
	if (err == -EINVAL)
		err = attach_alone(k, a, msg);
	if (err)
		goto fail;
	*dispatcher = has_dispatcher(a->ifindex);
	a->next = k->attached;
	k->attached = a;
	return 0;
fail:
	attachment_destroy(a);
	return err;
}

/* Of this process; NULL: it may detach itself. */
static struct ups_detacher *detacher;

void ups_kernel_use_detacher(struct ups_detacher *d)
{
	detacher = d;
}

static void detach(struct ups_attachment *a)
{
	char name[IF_NAMESIZE];
	int err;

	if (!if_indextoname((unsigned int)a->ifindex, name))
		return; /* the device went, and the program with it */
	if (detacher)
		err = ups_detacher_detach(detacher, a->ifindex, a->mode,
					  xdp_program__id(a->program));
	else
		err = xdp_program__detach(a->program, a->ifindex, (enum xdp_attach_mode)a->mode, 0);
	if (err)
		ups_warn("cannot detach the XDP program from device %s: %s", a->device,
			 ups_strerror(err));
}

void ups_kernel_detach_all(struct ups_kernel *k)
{
	while (k->attached) {
		struct ups_attachment *a = k->attached;

		k->attached = a->next;
		detach(a);
		attachment_destroy(a);
	}
}
