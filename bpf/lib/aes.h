/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AES in counter mode: counter blocks are laid out in the scratch memory and one call of the kernel's "ecb(aes)" turns
 * all of them into keystream. The cipher contexts are put into ups_aes by the program ups_aes_set, once per key.
 *
 * Counter blocks (RFC 3711 4.1.1, RFC 7714 8.1 with SP 800-38D 7.1): as two big-endian halves, the low one is
 * (constant | counter). AES-CM counts from 0 and its body starts with counter 0; GCM's J0 is counter 1, kept in mask,
 * and its body starts with 2.
 */
#ifndef UPSEC_BPF_AES_H
#define UPSEC_BPF_AES_H

#include "lib/maps.h"

#define UPS_STREAM_MAX (UPS_BLOCK + UPS_PACKET_MAX + UPS_STREAM_SLACK) /* mask and stream */

struct bpf_crypto_params {
	char type[14];
	__u8 reserved[2];
	char algo[128];
	__u8 key[256];
	__u32 key_len;
	__u32 authsize;
};

struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *params,
					     __u32 params__sz, int *err) __ksym __weak;
void bpf_crypto_ctx_release(struct bpf_crypto_ctx *ctx) __ksym __weak;
int bpf_crypto_encrypt(struct bpf_crypto_ctx *ctx, const struct bpf_dynptr *src,
		       const struct bpf_dynptr *dst,
		       const struct bpf_dynptr *siv__nullable) __ksym __weak;

/* Encrypts @size bytes in place, from mask (@skip 0) or from stream (@skip UPS_BLOCK). 0 or -errno. */
__noinline int ups_aes_blocks(__u32 slot, __u32 skip, __u64 size)
{
	struct bpf_crypto_ctx *aes;
	struct ups_aes_slot *v;
	struct bpf_dynptr data;
	struct ups_work *w;

	if (!ups_config.has_crypto)
		return -1;
	w = ups_work_get();
	v = bpf_map_lookup_elem(&ups_aes, &slot);
	if (!w || !v)
		return -1;
	aes = v->ctx;
	if (!aes || size > UPS_PACKET_MAX + UPS_BLOCK)
		return -1;
	if (skip ? bpf_dynptr_from_mem(w->stream, size, 0, &data)
		 : bpf_dynptr_from_mem(w->mask, size, 0, &data))
		return -1;
	return bpf_crypto_encrypt(aes, &data, &data, NULL);
}

struct ups_ctr {
	struct ups_work *w;
	__u64 hi; /* as in memory */
	__u64 lo; /* host order, with the first counter */
	__u64 at; /* first block, bytes from mask */
};

#define UPS_CTR_STEP 4 /* blocks at a time; too many are laid out in the slack behind stream */

static long ups_ctr_step(__u32 i, struct ups_ctr *c)
{
	__u64 at = c->at + i * UPS_CTR_STEP * UPS_BLOCK;
	__u64 lo = c->lo + i * UPS_CTR_STEP;
	__u64 *block;
	int k;

	UPS_HIDE(at);
	if (at > UPS_STREAM_MAX - UPS_CTR_STEP * UPS_BLOCK)
		return 1;
	block = (__u64 *)((__u8 *)c->w + __builtin_offsetof(struct ups_work, mask) + at);
	for (k = 0; k < UPS_CTR_STEP; k++) {
		block[2 * k] = c->hi;
		block[2 * k + 1] = bpf_cpu_to_be64(lo + k);
	}
	return 0;
}

/* Keystream for @size bytes of body into stream, and for @aead the GCM mask. w->iv holds the counter block. 0 or -errno. */
static __always_inline int ups_aes_stream(struct ups_work *w, __u32 slot, __u32 aead, __u32 size)
{
	__u64 blocks = (size + UPS_BLOCK - 1) / UPS_BLOCK + aead;
	struct ups_ctr c = {
		.w = w,
		.hi = bpf_cpu_to_be64(w->iv[0]),
		.lo = w->iv[1] + aead,
		.at = aead ? 0 : UPS_BLOCK,
	};

	if (!blocks)
		return 0;
	bpf_loop((blocks + UPS_CTR_STEP - 1) / UPS_CTR_STEP, ups_ctr_step, &c, 0);
	return ups_aes_blocks(slot, c.at, blocks * UPS_BLOCK);
}

struct ups_xor {
	struct ups_work *w;
};

#define UPS_XOR_STEP 64 /* bytes at a time; what lies behind the body is scratch */

static long ups_xor_step(__u32 i, struct ups_xor *c)
{
	__u64 at = i * UPS_XOR_STEP;
	__u64 *data, *stream;
	int k;

	UPS_HIDE(at);
	if (at > UPS_PACKET_MAX - UPS_XOR_STEP)
		return 1;
	data = (__u64 *)(c->w->buf + UPS_BODY + at);
	stream = (__u64 *)(c->w->stream + at);
	for (k = 0; k < UPS_XOR_STEP / 8; k++)
		data[k] ^= stream[k];
	return 0;
}

/* body ^= keystream */
static __always_inline void ups_aes_xor(struct ups_work *w, __u32 size)
{
	struct ups_xor c = { .w = w };

	bpf_loop((size + UPS_XOR_STEP - 1) / UPS_XOR_STEP, ups_xor_step, &c, 0);
}

#endif
