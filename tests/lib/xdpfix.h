/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The XDP program as a function: loads it through the loader the daemon uses (daemon/dp/kernel.h) inside the network of
 * netfix.h, runs one frame at a time through BPF_PROG_TEST_RUN as if it had arrived on up0, and shows what became of it:
 * verdict, frame, counters. Nothing is attached to a device.
 */
#ifndef UPS_TEST_XDPFIX_H
#define UPS_TEST_XDPFIX_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>

#include "crypto/srtp.h"
#include "dp/kernel.h"
#include "netfix.h"

struct xdpfix {
	struct ups_kernel *kernel;
	struct ups_state state;
	struct ups_crypto *crypto;
	int prog_fd, ifindex;
	const char *skip; /* why nothing can be tested here, or NULL */
	struct ups_errmsg msg;
};

static const struct ups_limits xdpfix_limits = {
	.sessions = 64,
	.flows = 128,
	.keys = 128,
	.ssrcs = 1024,
	.ssrc_per_flow = 4,
	.rtp_lifetime = 1ULL << 48,
	.rtcp_lifetime = 1ULL << 31,
};

struct xdpfix_result {
	int verdict; /* enum xdp_action */
	struct pkt out;
};

/* -> NULL, or why not even the smallest XDP program runs here. A larger one that does not load is then our fault. */
TEST_INLINE const char *xdpfix_probe(void)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", pass, 2, NULL);

	if (fd < 0)
		return "this kernel or container runs no XDP programs";
	close(fd);
	return NULL;
}

/*
 * @object: another BPF object than the built-in one, or NULL. x->skip says why not; everything else that fails ends
 * the program: nothing could be tested.
 */
TEST_INLINE void xdpfix_open_object(struct xdpfix *x, const struct ups_limits *limits,
				    const char *object)
{
	int err;

	memset(x, 0, sizeof(*x));
	x->skip = netfix_setup();
	if (x->skip)
		return;
	x->skip = xdpfix_probe();
	if (x->skip)
		return;
	err = ups_kernel_create(limits, object, &x->kernel, &x->msg);
	if (err) {
		fprintf(stderr, "loading the XDP program: %s (%d)\n", x->msg.text, err);
		exit(1);
	}
	ups_kernel_state(x->kernel, &x->state);
	x->prog_fd = ups_kernel_prog_fd(x->kernel);
	x->ifindex = (int)if_nametoindex("up0");
	err = ups_crypto_open("auto", &x->crypto, &x->msg);
	if (err) {
		fprintf(stderr, "opening the crypto library: %s (%d)\n", x->msg.text, err);
		exit(1);
	}
}

TEST_INLINE void xdpfix_open(struct xdpfix *x, const struct ups_limits *limits)
{
	xdpfix_open_object(x, limits, NULL);
}

TEST_INLINE void xdpfix_close(struct xdpfix *x)
{
	ups_kernel_destroy(x->kernel);
	ups_crypto_close(x->crypto);
}

/*
 * For tests that are about keys: skips on a kernel that has no bpf_crypto. On one that has it the loader must not have
 * fallen back to the program without crypto: that is a program the verifier refused, and ends the test.
 */
TEST_INLINE void xdpfix_need_crypto(struct xdpfix *x)
{
	struct btf *btf;
	int id;

	if (x->skip || ups_kernel_has_crypto(x->kernel))
		return;
	btf = btf__load_vmlinux_btf();
	id = btf ? btf__find_by_name_kind(btf, "bpf_crypto_encrypt", BTF_KIND_FUNC) : -ENOENT;
	btf__free(btf);
	if (id > 0) {
		fprintf(stderr, "this kernel has bpf_crypto, yet: %s\n",
			ups_kernel_summary(x->kernel));
		exit(1);
	}
	x->skip = "this kernel has no bpf_crypto";
}

/* -> 0, or -errno of BPF_PROG_TEST_RUN itself */
TEST_INLINE int xdpfix_run(const struct xdpfix *x, const struct pkt *in, struct xdpfix_result *r)
{
	struct xdp_md ctx = { .data_end = (uint32_t)in->size,
			      .ingress_ifindex = (uint32_t)x->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data,
		    .data_size_in = (uint32_t)in->size, .data_out = r->out.data,
		    .data_size_out = sizeof(r->out.data), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	int err = bpf_prog_test_run_opts(x->prog_fd, &opts);

	r->verdict = err ? -1 : (int)opts.retval;
	r->out.size = err ? 0 : opts.data_size_out;
	return err;
}

/* One key for both halves of a test: the kernel's slot, and the library's key with its own use record. */
struct xdpfix_key {
	struct ups_srtp_key_config config;
	struct ups_key_use use; /* the library's */
	struct ups_srtp_key *key;
	uint32_t slot;
};

TEST_INLINE void xdpfix_key_config(struct ups_srtp_key_config *c, unsigned int suite, struct rng *r,
				   uint8_t mki_len)
{
	uint8_t master[UPS_KEY_MAX + UPS_SALT_MAX];

	memset(c, 0, sizeof(*c));
	c->suite = ups_suite_by_id(suite);
	rng_fill(r, master, sizeof(master));
	if (ups_secret_set(&c->master, master, (size_t)c->suite->key_len + c->suite->salt_len))
		abort();
	c->mki_len = mki_len;
	rng_fill(r, c->mki, mki_len);
}

/* Creates the library's key from k->config and installs the same into the kernel's k->slot. -> 0 or an error */
TEST_INLINE int xdpfix_key_install(struct xdpfix *x, struct xdpfix_key *k)
{
	struct ups_key_use fresh = { .rtp_limit = 1ULL << 48, .rtcp_limit = 1ULL << 31 };
	struct ups_ghash ghash;
	struct ups_set_aes aes;
	struct ups_key record;
	int err;

	k->use = fresh;
	x->state.key_use[k->slot] = fresh;
	err = ups_srtp_key_create(x->crypto, &k->config, &k->use, &k->key);
	if (err)
		return err;
	err = ups_srtp_key_export(k->key, &record, &aes, &ghash);
	if (err)
		return err;
	aes.slot = k->slot;
	return ups_kernel_key_set(x->kernel, k->slot, &record, &aes, &ghash);
}

TEST_INLINE void xdpfix_key_remove(struct xdpfix *x, struct xdpfix_key *k)
{
	ups_kernel_key_del(x->kernel, k->slot);
	ups_srtp_key_destroy(k->key);
	k->key = NULL;
}

#endif
