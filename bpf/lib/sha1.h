/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HMAC-SHA1 of a packet (FIPS 180-4 6.1, RFC 2104, RFC 3711 4.2). The key enters as the two states after the padded key
 * blocks (struct ups_key), so a packet costs its own blocks and one more.
 */
#ifndef UPSEC_BPF_SHA1_H
#define UPSEC_BPF_SHA1_H

#include "lib/maps.h"

#define UPS_SHA1_BLOCK 64
#define UPS_SHA1_OUTER (UPS_BUF_MAX - UPS_SHA1_BLOCK) /* place in buf of the outer hash's block */
#define UPS_SHA1_PAD 72 /* bytes: 0x80, zeroes to the end of the block, 64-bit length */

struct ups_sha1 {
	struct ups_work *w;
	__u64 at; /* offset in buf of the first block */
	__u32 h[5];
};

static __always_inline __u32 ups_rol(__u32 x, int n)
{
	return x << n | x >> (32 - n);
}

/* One block. Unrolled by the compiler: the message schedule stays in 16 words of the stack. */
static long ups_sha1_block(__u32 i, struct ups_sha1 *s)
{
	__u64 at = s->at + i * UPS_SHA1_BLOCK;
	__u32 a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
	const __be32 *in;
	volatile __u32 m[16];
	__u32 f, k, t, x;
	int r;

	UPS_HIDE(at);
	if (at > UPS_BUF_MAX - UPS_SHA1_BLOCK)
		return 1;
	in = (const __be32 *)(s->w->buf + at);
#pragma unroll
	for (r = 0; r < 80; r++) {
		if (r < 16)
			x = bpf_ntohl(in[r]);
		else
			x = ups_rol(m[(r + 13) % 16] ^ m[(r + 8) % 16] ^ m[(r + 2) % 16] ^
					    m[r % 16],
				    1);
		m[r % 16] = x;
		if (r < 20) {
			f = d ^ (b & (c ^ d));
			k = 0x5a827999;
		} else if (r < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (r < 60) {
			f = (b & c) | (d & (b | c));
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		t = ups_rol(a, 5) + f + e + k + x;
		e = d;
		d = c;
		c = ups_rol(b, 30);
		b = a;
		a = t;
	}
	s->h[0] += a;
	s->h[1] += b;
	s->h[2] += c;
	s->h[3] += d;
	s->h[4] += e;
	return 0;
}

/* Writes @roc and the padding behind the @len bytes of packet. -> blocks, 0 if they do not fit */
static __always_inline __u64 ups_sha1_pad(struct ups_work *w, __u32 len, __u32 roc)
{
	__u64 start = UPS_BODY - w->head, end = start + len;
	__u64 blocks = (len + 4 + 1 + 8 + UPS_SHA1_BLOCK - 1) / UPS_SHA1_BLOCK, last;
	int i;

	UPS_HIDE(end);
	if (end > UPS_BODY + UPS_PACKET_MAX)
		return 0;
	*(__be32 *)(w->buf + end) = bpf_htonl(roc);
	for (i = 0; i < UPS_SHA1_PAD; i += 8)
		*(__u64 *)(w->buf + end + 4 + i) = 0;
	w->buf[end + 4] = 0x80;
	last = start + blocks * UPS_SHA1_BLOCK - 8;
	UPS_HIDE(last);
	if (last > UPS_BUF_MAX - 8)
		return 0;
	*(__be64 *)(w->buf + last) = bpf_cpu_to_be64((UPS_SHA1_BLOCK + len + 4) * 8ULL);
	return blocks;
}

/* The outer hash's only block: the inner digest, padded */
static __always_inline void ups_sha1_outer(struct ups_work *w, const struct ups_sha1 *inner)
{
	__be32 *word = (__be32 *)(w->buf + UPS_SHA1_OUTER);
	int i;

	for (i = 0; i < 5; i++)
		word[i] = bpf_htonl(inner->h[i]);
	word[5] = bpf_htonl(0x80000000);
	for (i = 6; i < 15; i++)
		word[i] = 0;
	word[15] = bpf_htonl((UPS_SHA1_BLOCK + 20) * 8);
}

/* HMAC-SHA1 over the first @len bytes of packet and the ROC, into w->mac. Overwrites what is behind them. 0 or -1. */
__noinline int ups_hmac(struct ups_work *w, __u32 slot, __u32 len, __u32 roc)
{
	struct ups_sha1 s = {};
	struct ups_key *key;
	__u64 blocks;
	int i;

	if (!w)
		return -1;
	key = bpf_map_lookup_elem(&ups_keys, &slot);
	blocks = ups_sha1_pad(w, len, roc);
	if (!key || !blocks)
		return -1;
	s.w = w;
	s.at = UPS_BODY - w->head;
	for (i = 0; i < 5; i++)
		s.h[i] = key->sha1_inner[i];
	bpf_loop(blocks, ups_sha1_block, &s, 0);
	ups_sha1_outer(w, &s);
	s.at = UPS_SHA1_OUTER;
	for (i = 0; i < 5; i++)
		s.h[i] = key->sha1_outer[i];
	bpf_loop(1, ups_sha1_block, &s, 0);
	for (i = 0; i < 5; i++)
		w->mac[i] = bpf_htonl(s.h[i]);
	return 0;
}

#endif
