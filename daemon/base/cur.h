/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Read cursor over untrusted bytes. Every read checks the end; after the first read beyond it the cursor is failed,
 * every further read gives zero or NULL, and the caller checks once with ups_cur_ok(). Does not own the bytes.
 */
#ifndef UPSEC_BASE_CUR_H
#define UPSEC_BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ups_cur {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct ups_cur ups_cur_init(const void *data, size_t size)
{
	return (struct ups_cur) { .at = data, .end = (const uint8_t *)data + size };
}

static inline bool ups_cur_ok(const struct ups_cur *c)
{
	return !c->failed;
}

static inline size_t ups_cur_left(const struct ups_cur *c)
{
	return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* @size bytes that stay in the underlying buffer, or NULL and failed */
static inline const uint8_t *ups_cur_bytes(struct ups_cur *c, size_t size)
{
	const uint8_t *at = c->at;

	if (c->failed || size > (size_t)(c->end - c->at)) {
		c->failed = true;
		return NULL;
	}
	c->at += size;
	return at;
}

static inline uint8_t ups_cur_u8(struct ups_cur *c)
{
	const uint8_t *p = ups_cur_bytes(c, 1);

	return p ? p[0] : 0;
}

/* big-endian on the wire, host order returned */
static inline uint16_t ups_cur_be16(struct ups_cur *c)
{
	const uint8_t *p = ups_cur_bytes(c, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t ups_cur_be32(struct ups_cur *c)
{
	const uint8_t *p = ups_cur_bytes(c, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

#endif
