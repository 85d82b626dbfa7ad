/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Write buffer over memory the caller owns: bounded, the error is sticky. After the first write that does not fit the
 * buffer is failed, holds what fitted before, and the caller checks once with ups_buf_ok(). Any bytes; no NUL is added.
 */
#ifndef UPSEC_BASE_BUF_H
#define UPSEC_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

struct ups_buf {
	char *data;
	size_t size; /* bytes written */
	size_t cap;
	bool failed;
};

static inline struct ups_buf ups_buf_init(void *data, size_t cap)
{
	return (struct ups_buf) { .data = data, .cap = cap };
}

static inline bool ups_buf_ok(const struct ups_buf *b)
{
	return !b->failed;
}

static inline struct ups_text ups_buf_text(const struct ups_buf *b)
{
	return (struct ups_text) { b->data, b->size };
}

void ups_buf_bytes(struct ups_buf *b, const void *data, size_t size);
void ups_buf_put(struct ups_buf *b, struct ups_text text);
void ups_buf_str(struct ups_buf *b, const char *string);
void ups_buf_printf(struct ups_buf *b, const char *fmt, ...) __printf_like(2, 3);

#endif
