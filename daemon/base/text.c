// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Slices of text: see text.h. */
#include "base/text.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool ups_text_same(struct ups_text a, struct ups_text b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	}
	return true;
}

bool ups_text_starts(struct ups_text a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && (!len || !memcmp(a.at, prefix, len));
}

struct ups_text ups_text_cut(struct ups_text *rest, char separator)
{
	const char *found = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	struct ups_text part = { rest->at, found ? (size_t)(found - rest->at) : rest->len };
	size_t used = part.len + (found ? 1 : 0);

	if (rest->at)
		rest->at += used;
	rest->len -= used;
	return part;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct ups_text ups_text_word(struct ups_text *rest)
{
	struct ups_text part;
	size_t from = 0, to;

	while (from < rest->len && is_blank(rest->at[from]))
		from++;
	for (to = from; to < rest->len && !is_blank(rest->at[to]);)
		to++;
	part = (struct ups_text) { rest->at ? rest->at + from : NULL, to - from };
	if (rest->at)
		rest->at += to;
	rest->len -= to;
	return part;
}

struct ups_text ups_text_trim(struct ups_text a)
{
	while (a.len && is_blank(a.at[0])) {
		a.at++;
		a.len--;
	}
	while (a.len && is_blank(a.at[a.len - 1]))
		a.len--;
	return a;
}

bool ups_text_number(struct ups_text a, unsigned long long max, unsigned long long *out)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < a.len; i++) {
		unsigned int digit = (unsigned int)(a.at[i] - '0');

		if (digit > 9 || n > (max - digit) / 10 || digit > max)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return a.len > 0;
}

bool ups_text_copy(struct ups_text a, char *to, size_t size)
{
	if (a.len >= size || (a.len && memchr(a.at, '\0', a.len))) {
		to[0] = '\0';
		return false;
	}
	if (a.len)
		memcpy(to, a.at, a.len);
	to[a.len] = '\0';
	return true;
}
