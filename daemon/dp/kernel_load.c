// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loading the kernel lane: object, map sizes, and what this kernel can do. Capabilities are found by trying: the program
 * with crypto is loaded and made to compute known answers; if either fails, the same object is loaded without it.
 */
#define UPS_LOG_MODULE "xdp"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/log.h"
#include "dp/kernel_priv.h"
#include "upsec_xdp.skel.h"

#define CONFIG_MAP ".rodata.config"

struct map_row {
	const char *name;
	bool crypto; /* only there with crypto */
	uint32_t (*size)(const struct ups_limits *limits); /* NULL: as in the object */
};

static uint32_t size_lookup(const struct ups_limits *limits)
{
	return limits->flows * 2; /* RTP and RTCP port */
}

static uint32_t size_flows(const struct ups_limits *limits)
{
	return limits->flows;
}

static uint32_t size_keys(const struct ups_limits *limits)
{
	return limits->keys;
}

static uint32_t size_ssrcs(const struct ups_limits *limits)
{
	return limits->ssrcs;
}

static const struct map_row rows[UPS_M_COUNT] = {
	[UPS_M_LOOKUP] = { UPS_MAP_LOOKUP, false, size_lookup },
	[UPS_M_FLOWS] = { UPS_MAP_FLOWS, false, size_flows },
	[UPS_M_KEYS] = { UPS_MAP_KEYS, false, size_keys },
	[UPS_M_AES] = { UPS_MAP_AES, true, size_keys },
	[UPS_M_GHASH] = { UPS_MAP_GHASH, true, size_keys },
	[UPS_M_KEY_USE] = { UPS_MAP_KEY_USE, false, size_keys },
	[UPS_M_SSRC] = { UPS_MAP_SSRC, false, size_ssrcs },
	[UPS_M_STATS] = { UPS_MAP_STATS, false, size_flows },
	[UPS_M_COUNTERS] = { UPS_MAP_COUNTERS, false, NULL },
	[UPS_M_DEVICES] = { UPS_MAP_DEVICES, false, NULL },
};

const char *ups_kernel_map_name(enum ups_map map)
{
	return rows[map].name;
}

/* ---- log ------------------------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 0))) log_line(const char *library, const char *fmt,
							   va_list args)
{
	char text[1024];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	if (len > (int)sizeof(text) - 1)
		len = sizeof(text) - 1;
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len > 0)
		ups_debug("%s: %s", library, text);
}

/* Their debug level describes every relocation: nobody's reading. */
static int __attribute__((format(printf, 2, 0))) log_libbpf(enum libbpf_print_level level,
							    const char *fmt, va_list args)
{
	if (level != LIBBPF_DEBUG)
		log_line("libbpf", fmt, args);
	return 0;
}

static int __attribute__((format(printf, 2, 0))) log_libxdp(enum libxdp_print_level level,
							    const char *fmt, va_list args)
{
	if (level != LIBXDP_DEBUG)
		log_line("libxdp", fmt, args);
	return 0;
}

void ups_kernel_capture_log(void)
{
	libbpf_set_print(log_libbpf);
	libxdp_set_print(log_libxdp);
}

/* ---- open ------------------------------------------------------------------------------------------------------ */

static int configure(struct bpf_object *object, const struct ups_bpf_config *config)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, CONFIG_MAP);

	return map ? bpf_map__set_initial_value(map, config, sizeof(*config)) : -ENOENT;
}

static int size_maps(struct bpf_object *object, const struct ups_limits *limits, bool crypto)
{
	for (int i = 0; i < UPS_M_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, rows[i].name);
		int err;

		if (!map)
			return -ENOENT;
		if (rows[i].crypto && !crypto) {
			err = bpf_map__set_autocreate(map, false);
			if (err)
				return err;
			continue;
		}
		err = rows[i].size ? bpf_map__set_max_entries(map, rows[i].size(limits)) : 0;
		if (err)
			return err;
	}
	return 0;
}

/* The helper programs are about keys */
static int choose_programs(struct bpf_object *object, bool crypto)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object)
	{
		bool lane = !strcmp(bpf_program__name(prog), "upsec_xdp");
		int err = bpf_program__set_autoload(prog, lane || crypto);

		if (err)
			return err;
	}
	return 0;
}

int ups_kernel_open(const struct ups_kernel *k, const struct ups_bpf_config *config,
		    struct bpf_object **out, struct ups_errmsg *msg)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "upsec_xdp");
	size_t size;
	const void *bytes = upsec_xdp__elf_bytes(&size);
	struct bpf_object *object;
	int err;

	object = k->object_path ? bpf_object__open_file(k->object_path, &opts)
				: bpf_object__open_mem(bytes, size, &opts);
	if (!object)
		return ups_fail(msg, -errno, "cannot open the BPF object %s: %s",
				k->object_path ? k->object_path : "(built in)", strerror(errno));
	err = configure(object, config);
	if (!err)
		err = size_maps(object, &k->limits, config->has_crypto);
	if (!err)
		err = choose_programs(object, config->has_crypto);
	if (err) {
		bpf_object__close(object);
		return ups_fail(msg, err, "the BPF object %s does not fit this daemon: %s",
				k->object_path ? k->object_path : "(built in)", ups_strerror(err));
	}
	*out = object;
	return 0;
}

/* ---- load ------------------------------------------------------------------------------------------------------ */

static int prog_fd(const struct bpf_object *object, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

static void take_fds(struct ups_kernel *k)
{
	k->prog_fd = prog_fd(k->object, "upsec_xdp");
	k->aes_set_fd = k->crypto ? prog_fd(k->object, "ups_aes_set") : -1;
	k->aes_check_fd = k->crypto ? prog_fd(k->object, "ups_aes_check") : -1;
	for (int i = 0; i < UPS_M_COUNT; i++)
		k->map_fd[i] = rows[i].crypto && !k->crypto
				       ? -1
				       : bpf_object__find_map_fd_by_name(k->object, rows[i].name);
}

static int try_load(struct ups_kernel *k, bool crypto, struct ups_errmsg *msg)
{
	const struct ups_bpf_config config = { .has_crypto = crypto };
	int err = ups_kernel_open(k, &config, &k->object, msg);

	if (err)
		return err;
	k->crypto = crypto;
	err = bpf_object__load(k->object);
	if (!err) {
		take_fds(k);
		err = crypto ? ups_kernel_selftest(k) : 0;
	}
	if (!err)
		return 0;
	bpf_object__close(k->object);
	k->object = NULL;
	return ups_fail(msg, err, "%s", ups_strerror(err));
}

int ups_kernel_load(struct ups_kernel *k, struct ups_errmsg *msg)
{
	struct ups_errmsg why;
	int err = try_load(k, true, &why);

	if (!err) {
		snprintf(
			k->summary, sizeof(k->summary),
			"clear, opaque and SRTP flows; AES by the kernel's ecb(aes), GHASH and SHA-1 in BPF");
		return 0;
	}
	ups_debug("the kernel lane does not load with crypto: %s", why.text);
	if (err == -EPERM)
		return ups_fail(msg, err,
				"loading the XDP program needs CAP_BPF and CAP_NET_ADMIN");
	err = try_load(k, false, msg);
	if (err)
		return ups_fail(msg, UPS_E_UNSUPPORTED,
				"this kernel does not load the XDP program: %s", ups_strerror(err));
	snprintf(k->summary, sizeof(k->summary),
		 "clear and opaque flows only: this kernel has no usable bpf_crypto (%.120s)",
		 why.text);
	return 0;
}
