/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A slice of text that somebody else owns: not NUL-terminated, may hold any byte. An absent text is { NULL, 0 }; an empty
 * one that is there has at != NULL. Pure functions; any thread.
 */
#ifndef UPSEC_BASE_TEXT_H
#define UPSEC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct ups_text {
	const char *at;
	size_t len; /* characters */
};

#define UPS_TEXT(literal) ((struct ups_text) { (literal), sizeof(literal) - 1 })
/* For "%.*s" */
#define UPS_TEXT_ARG(t) (int)(t).len, (t).at ? (t).at : ""

static inline struct ups_text ups_text_of(const char *string)
{
	return (struct ups_text) { string, string ? strlen(string) : 0 };
}

static inline bool ups_text_equal(struct ups_text a, struct ups_text b)
{
	return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static inline bool ups_text_is(struct ups_text a, const char *string)
{
	return ups_text_equal(a, ups_text_of(string));
}

/* ASCII letters without regard to case; no locale */
bool ups_text_same(struct ups_text a, struct ups_text b);
bool ups_text_starts(struct ups_text a, const char *prefix);
/* Cuts the part before the first @separator off *rest and moves *rest behind it; all of it when there is none. */
struct ups_text ups_text_cut(struct ups_text *rest, char separator);
/* The same for words separated by any number of blanks and tabs; empty when there is none left. */
struct ups_text ups_text_word(struct ups_text *rest);
/* Without blanks and tabs at both ends */
struct ups_text ups_text_trim(struct ups_text a);
/* Digits only, no sign, at most @max. -> whether it is one */
bool ups_text_number(struct ups_text a, unsigned long long max, unsigned long long *out);
/* Copies with a NUL at the end. -> false, and @to empty, if it does not fit or holds a NUL. */
bool ups_text_copy(struct ups_text a, char *to, size_t size);

#endif
