/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deterministic random numbers for tests (splitmix64): the same seed gives the same run on every machine.
 * Never for keys outside tests.
 */
#ifndef UPS_TEST_RNG_H
#define UPS_TEST_RNG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TEST_INLINE static inline __attribute__((unused))

struct rng {
	uint64_t state;
};

TEST_INLINE uint64_t rng_u64(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0..@bound - 1; @bound > 0 */
TEST_INLINE uint32_t rng_below(struct rng *r, uint32_t bound)
{
	return (uint32_t)((rng_u64(r) >> 32) * bound >> 32);
}

/* true once in @n */
TEST_INLINE int rng_one_in(struct rng *r, uint32_t n)
{
	return rng_below(r, n) == 0;
}

TEST_INLINE void rng_fill(struct rng *r, void *out, size_t size)
{
	uint8_t *at = out;

	while (size) {
		uint64_t v = rng_u64(r);
		size_t part = size < sizeof(v) ? size : sizeof(v);

		memcpy(at, &v, part);
		at += part;
		size -= part;
	}
}

#endif
