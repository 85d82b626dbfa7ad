// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Key material: wiping, constant-time comparison, constant-time base64. Any thread. */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void ups_wipe(void *p, size_t size)
{
	explicit_bzero(p, size);
}

void ups_secret_wipe(struct ups_secret *s)
{
	ups_wipe(s, sizeof(*s));
}

int ups_secret_set(struct ups_secret *s, const void *data, size_t size)
{
	if (size > sizeof(s->data))
		return UPS_E_KEY_LENGTH;
	memcpy(s->data, data, size);
	s->size = (uint8_t)size;
	return 0;
}

/* Eight bytes at a time; the barrier keeps the compiler from leaving the loop at the first difference. */
bool ups_equal(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	uint64_t diff = 0, u, v;

	for (; size >= sizeof(u); size -= sizeof(u), x += sizeof(u), y += sizeof(u)) {
		memcpy(&u, x, sizeof(u));
		memcpy(&v, y, sizeof(v));
		diff |= u ^ v;
		__asm__("" : "+r"(diff));
	}
	for (; size; size--) {
		diff |= (uint64_t)(*x++ ^ *y++);
		__asm__("" : "+r"(diff));
	}
	return diff == 0;
}

/* 0xff.. if lo <= c <= hi, else 0: no branch and no table on secret characters */
static unsigned int in_range(unsigned int c, unsigned int lo, unsigned int hi)
{
	return (unsigned int)((int)((lo - 1 - c) & (c - hi - 1)) >> 31);
}

/* -> 0..63, or a value with bits above 63 set when @c is no base64 character */
static unsigned int base64_value(unsigned int c)
{
	unsigned int valid = in_range(c, 'A', 'Z') | in_range(c, 'a', 'z') | in_range(c, '0', '9') |
			     in_range(c, '+', '+') | in_range(c, '/', '/');

	return (in_range(c, 'A', 'Z') & (c - 'A')) | (in_range(c, 'a', 'z') & (c - 'a' + 26)) |
	       (in_range(c, '0', '9') & (c - '0' + 52)) | (in_range(c, '+', '+') & 62) |
	       (in_range(c, '/', '/') & 63) | (~valid & 0x100);
}

int ups_secret_from_base64(struct ups_secret *s, const char *text, size_t len)
{
	unsigned int bits = 0, held = 0, bad = 0;
	size_t size;

	for (int pad = 0; pad < 2 && len && text[len - 1] == '='; pad++)
		len--;
	size = len * 3 / 4;
	if (len % 4 == 1)
		return UPS_E_SYNTAX;
	if (size > sizeof(s->data))
		return UPS_E_KEY_LENGTH;
	ups_secret_wipe(s);
	for (size_t i = 0; i < len; i++) {
		unsigned int v = base64_value((unsigned char)text[i]);

		bad |= v & ~63u;
		bits = bits << 6 | (v & 63);
		held += 6;
		if (held >= 8) {
			held -= 8;
			s->data[s->size++] = (uint8_t)(bits >> held);
		}
	}
	bad |= bits & ((1u << held) - 1); /* left-over bits must be zero: one text for one key */
	if (!bad)
		return 0;
	ups_secret_wipe(s);
	return UPS_E_SYNTAX;
}

int ups_random(void *p, size_t size)
{
	uint8_t *at = p;

	while (size) {
		ssize_t n = getrandom(at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
