// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bounded write buffer: see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ups_buf_bytes(struct ups_buf *b, const void *data, size_t size)
{
	if (b->failed || size > b->cap - b->size) {
		b->failed = true;
		return;
	}
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
}

void ups_buf_put(struct ups_buf *b, struct ups_text text)
{
	ups_buf_bytes(b, text.at, text.len);
}

void ups_buf_str(struct ups_buf *b, const char *string)
{
	ups_buf_bytes(b, string, strlen(string));
}

/* vsnprintf wants room for its NUL, which is then given back. */
void ups_buf_printf(struct ups_buf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->size;
	va_list ap;
	int n;

	if (b->failed)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->size, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		b->failed = true;
	else
		b->size += (size_t)n;
}
