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
 * which is Horner's rule from byte 15 down to byte 0: Z = Z * x^8 ^ t[b[j]]. The two halves of X are summed apart, which
 * the processor does side by side, in three words each, so that nothing is shifted out; the 256-bit sum is reduced once.
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

#ifdef __clang__
#define UPS_GHASH_UNROLL _Pragma("clang loop unroll(full)")
#else
#define UPS_GHASH_UNROLL _Pragma("GCC unroll 8")
#endif
#define UPS_GHASH_INLINE static inline __attribute__((always_inline, unused))

struct ups_ghash128 {
	__u64 hi;
	__u64 lo;
};

/* Adds @v, a word that lies 128 bits below *at, by x^128 = 1 + x + x^2 + x^7; *below is the word under *at. */
UPS_GHASH_INLINE void ups_ghash_reduce(__u64 v, __u64 *at, __u64 *below)
{
	*at ^= v ^ v >> 1 ^ v >> 2 ^ v >> 7;
	*below ^= v << 63 ^ v << 62 ^ v << 57;
}

/* z = sum of x^(8 j) * t[byte j of @x], bytes counted from the most significant one; not reduced, z[0] highest */
UPS_GHASH_INLINE void ups_ghash_half(const struct ups_ghash *g, __u64 x, __u64 z[3])
{
	const __u64 *entry = g->t[x & 0xff];
	__u64 z0 = entry[0], z1 = entry[1], z2 = 0;
	int i;

	UPS_GHASH_UNROLL
	for (i = 8; i < 64; i += 8) {
		/* One step after the other: BPF has ten registers, and looking up all entries first spills them. */
		__asm__ __volatile__("" : "+r"(x));
		entry = g->t[x >> i & 0xff];
		z2 = z2 >> 8 | z1 << 56;
		z1 = (z1 >> 8 | z0 << 56) ^ entry[1];
		z0 = z0 >> 8 ^ entry[0];
	}
	z[0] = z0;
	z[1] = z1;
	z[2] = z2;
}

/* x = x * H */
UPS_GHASH_INLINE void ups_ghash_mul(const struct ups_ghash *g, struct ups_ghash128 *x)
{
	__u64 high[3], low[3], w1, w2;

	ups_ghash_half(g, x->lo, low);
	ups_ghash_half(g, x->hi, high);
	w1 = high[1] ^ low[0];
	w2 = high[2] ^ low[1];
	ups_ghash_reduce(low[2], &w1, &w2);
	x->hi = high[0];
	x->lo = w1;
	ups_ghash_reduce(w2, &x->hi, &x->lo);
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
