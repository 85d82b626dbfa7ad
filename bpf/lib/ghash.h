/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * GHASH over a packet (RFC 7714, SP 800-38D 6.4, 7.1): headers as associated data, body as ciphertext, lengths. The tables
 * are upsec/ghash.h's. The body is ciphered in the same pass.
 *
 * SECURITY: table look-ups at secret-dependent addresses. On a machine shared with an attacker who can observe the cache,
 * H may leak; the alternative without carry-less multiplication in BPF would be several times slower.
 */
#ifndef UPSEC_BPF_GHASH_H
#define UPSEC_BPF_GHASH_H

#include "lib/maps.h"
#include "upsec/ghash.h"

struct ups_hash {
	const struct ups_ghash *table;
	struct ups_work *w;
	struct ups_ghash128 y;
	__u64 at; /* headers: offset in buf of the first block */
};

static __always_inline void ups_hash_add(struct ups_hash *c, __u64 hi, __u64 lo)
{
	c->y.hi ^= hi;
	c->y.lo ^= lo;
	ups_ghash_mul(c->table, &c->y);
}

/* One whole block of headers */
static long ups_hash_head(__u32 i, struct ups_hash *c)
{
	__u64 at = c->at + i * UPS_BLOCK;
	__be64 *block;

	UPS_HIDE(at);
	if (at > UPS_BODY - UPS_BLOCK)
		return 1;
	block = (__be64 *)(c->w->buf + at);
	ups_hash_add(c, bpf_be64_to_cpu(block[0]), bpf_be64_to_cpu(block[1]));
	return 0;
}

static __always_inline void ups_hash_blocks(struct ups_hash *c, __u64 at, int count, int encrypt)
{
	__be64 *block = (__be64 *)(c->w->buf + UPS_BODY + at);
	__be64 *stream = (__be64 *)(c->w->stream + at);
	const struct ups_ghash *table = c->table;
	struct ups_ghash128 y = c->y;
	int i;

	for (i = 0; i < count; i++, block += 2, stream += 2) {
		__u64 hi = block[0], lo = block[1];
		__u64 xhi = hi ^ stream[0], xlo = lo ^ stream[1];

		block[0] = xhi;
		block[1] = xlo;
		y.hi ^= bpf_be64_to_cpu(encrypt ? xhi : hi);
		y.lo ^= bpf_be64_to_cpu(encrypt ? xlo : lo);
		ups_ghash_mul(table, &y);
	}
	c->y = y;
}

static __always_inline long ups_hash_quad(__u32 i, struct ups_hash *c, int encrypt)
{
	__u64 at = i * 4 * UPS_BLOCK;

	UPS_HIDE(at);
	if (at > UPS_PACKET_MAX - 4 * UPS_BLOCK)
		return 1;
	ups_hash_blocks(c, at, 4, encrypt);
	return 0;
}

static __always_inline long ups_hash_one(__u32 i, struct ups_hash *c, int encrypt)
{
	__u64 at = c->at + i * UPS_BLOCK;

	UPS_HIDE(at);
	if (at > UPS_PACKET_MAX - UPS_BLOCK)
		return 1;
	ups_hash_blocks(c, at, 1, encrypt);
	return 0;
}

static long ups_hash_encrypt(__u32 i, struct ups_hash *c)
{
	return ups_hash_one(i, c, 1);
}

static long ups_hash_decrypt(__u32 i, struct ups_hash *c)
{
	return ups_hash_one(i, c, 0);
}

static long ups_hash_encrypt4(__u32 i, struct ups_hash *c)
{
	return ups_hash_quad(i, c, 1);
}

static long ups_hash_decrypt4(__u32 i, struct ups_hash *c)
{
	return ups_hash_quad(i, c, 0);
}

/* The last 4, 8 or 12 bytes of headers, padded with zeroes */
static __always_inline void ups_hash_head_rest(struct ups_hash *c, __u32 head)
{
	__u32 rest = head % UPS_BLOCK;
	const __be32 *word = (const __be32 *)(c->w->buf + UPS_BODY);
	__u64 hi, lo = 0;

	if (rest == 4) {
		hi = (__u64)bpf_ntohl(word[-1]) << 32;
	} else if (rest == 8) {
		hi = (__u64)bpf_ntohl(word[-2]) << 32 | bpf_ntohl(word[-1]);
	} else if (rest == 12) {
		hi = (__u64)bpf_ntohl(word[-3]) << 32 | bpf_ntohl(word[-2]);
		lo = (__u64)bpf_ntohl(word[-1]) << 32;
	} else {
		return;
	}
	ups_hash_add(c, hi, lo);
}

/* A partial last block counts as padded with zeroes: in the ciphertext, and for encrypting also in the keystream. */
static __always_inline void ups_hash_pad(struct ups_work *w, __u64 size)
{
	UPS_HIDE(size);
	if (size > UPS_PACKET_MAX)
		return;
	__builtin_memset(w->buf + UPS_BODY + size, 0, UPS_BLOCK);
	if (size > UPS_PACKET_MAX)
		return;
	__builtin_memset(w->stream + size, 0, UPS_BLOCK);
}

/* Ciphers @size bytes of body and leaves GHASH ^ mask, the tag, in w->mac. w->mask and w->stream are ready. 0 or -1. */
__noinline int ups_gcm(struct ups_work *w, __u32 slot, __u32 size, __u32 encrypt)
{
	struct ups_hash c = {};
	__be64 *mac, *mask;

	if (!ups_config.has_crypto || !w)
		return -1;
	c.table = bpf_map_lookup_elem(&ups_ghash, &slot);
	if (!c.table)
		return -1;
	c.w = w;
	c.at = UPS_BODY - w->head;
	ups_hash_pad(w, size);
	if (w->head >= UPS_BLOCK)
		bpf_loop(w->head / UPS_BLOCK, ups_hash_head, &c, 0);
	ups_hash_head_rest(&c, w->head);
	c.at = size / 64 * 64;
	if (encrypt) {
		bpf_loop(size / 64, ups_hash_encrypt4, &c, 0);
		bpf_loop((size % 64 + UPS_BLOCK - 1) / UPS_BLOCK, ups_hash_encrypt, &c, 0);
	} else {
		bpf_loop(size / 64, ups_hash_decrypt4, &c, 0);
		bpf_loop((size % 64 + UPS_BLOCK - 1) / UPS_BLOCK, ups_hash_decrypt, &c, 0);
	}
	ups_hash_add(&c, (__u64)w->head * 8, (__u64)size * 8);
	mac = (__be64 *)w->mac;
	mask = (__be64 *)w->mask;
	mac[0] = bpf_cpu_to_be64(c.y.hi) ^ mask[0];
	mac[1] = bpf_cpu_to_be64(c.y.lo) ^ mask[1];
	return 0;
}

#endif
