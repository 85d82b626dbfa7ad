/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * GHASH (NIST SP 800-38D 6.4) with 8-bit tables, for the kernel lane and for the user-space code that fills its table
 * and checks it. Compiles in BPF and in user space; pure functions, no state.
 *
 * A block X is two 64-bit halves: hi = big-endian load of bytes 0..7, lo = of bytes 8..15 (struct ups_ghash128, and the
 * two halves of struct ups_ghash.t[i], host order). In GCM's bit order the most significant bit of hi is the coefficient
 * of x^0, so multiplying by x is a shift to the right.
 *
 * t[i] = (block whose byte 0 is i and whose other bytes are zero) * H. With byte j of X called b[j],
 *   X * H = sum of x^(8 j) * t[b[j]]
 * which is Horner's rule from byte 15 down to byte 0: Z = Z * x^8 ^ t[b[j]]. Z * x^8 shifts out the byte r = Z & 0xff,
 * which comes back at the top as r * (1 + x + x^2 + x^7): four shifts, so no reduction table is needed.
 *
 * GHASH of a message: Y = 0; for each 16-byte block, zero-padded: Y = (Y ^ block) * H; AAD first, then ciphertext, then
 * the block (AAD bits, ciphertext bits) as two 64-bit halves.
 *
 * The table index depends on the running hash, so who shares a core's cache may learn something of it; BPF has no
 * carry-less multiplication to do better. User space never hashes packets this way.
 */
#ifndef UPSEC_GHASH_H
#define UPSEC_GHASH_H

#include <linux/types.h>

#include "upsec/abi.h"

#define UPS_GHASH_INLINE static inline __attribute__((always_inline, unused))

struct ups_ghash128 {
	__u64 hi;
	__u64 lo;
};

/* What the byte @r, shifted out at the low end, adds to the high half */
UPS_GHASH_INLINE __u64 ups_ghash_reduce(__u64 r)
{
	return r << 56 ^ r << 55 ^ r << 54 ^ r << 49;
}

/* One step of Horner's rule: *z = *z * x^8 ^ t[byte]; @entry = t[byte] */
UPS_GHASH_INLINE void ups_ghash_step(struct ups_ghash128 *z, const __u64 entry[2])
{
	__u64 r = z->lo & 0xff;

	z->lo = (z->lo >> 8 | z->hi << 56) ^ entry[1];
	z->hi = (z->hi >> 8) ^ ups_ghash_reduce(r) ^ entry[0];
}

/* x = x * H */
UPS_GHASH_INLINE void ups_ghash_mul(const struct ups_ghash *g, struct ups_ghash128 *x)
{
	struct ups_ghash128 z = { 0, 0 };
	int i;

	for (i = 0; i < 64; i += 8)
		ups_ghash_step(&z, g->t[x->lo >> i & 0xff]);
	for (i = 0; i < 64; i += 8)
		ups_ghash_step(&z, g->t[x->hi >> i & 0xff]);
	*x = z;
}

/* Fills the table from H = AES(K, 0^128), @h as two halves. */
UPS_GHASH_INLINE void ups_ghash_fill(struct ups_ghash *g, struct ups_ghash128 h)
{
	int bit, i;

	g->t[0][0] = 0;
	g->t[0][1] = 0;
	for (bit = 0x80; bit; bit >>= 1) {
		__u64 out = h.lo & 1;

		g->t[bit][0] = h.hi;
		g->t[bit][1] = h.lo;
		h.lo = h.lo >> 1 | h.hi << 63;
		h.hi = h.hi >> 1 ^ ((0 - out) & 0xe100000000000000ULL);
	}
	for (bit = 2; bit < 256; bit <<= 1) {
		for (i = 1; i < bit; i++) {
			g->t[bit | i][0] = g->t[bit][0] ^ g->t[i][0];
			g->t[bit | i][1] = g->t[bit][1] ^ g->t[i][1];
		}
	}
}

#endif
