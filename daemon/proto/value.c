// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Trees of values: see value.h. */
#include "proto/value.h"

#include <string.h>

static char key_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c == ' ' || c == '_' ? '-' : c;
}

bool ups_key_same(struct ups_text a, struct ups_text b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (key_char(a.at[i]) != key_char(b.at[i]))
			return false;
	}
	return true;
}

/* ---- reading ---- */

const struct ups_value *ups_value_find(const struct ups_value *dict, const char *key)
{
	struct ups_text wanted = ups_text_of(key);

	if (!dict || dict->type != UPS_VALUE_DICT)
		return NULL;
	for (const struct ups_value *v = dict->first; v; v = v->next) {
		if (ups_key_same(v->key, wanted))
			return v;
	}
	return NULL;
}

struct ups_text ups_value_text(const struct ups_value *dict, const char *key)
{
	const struct ups_value *v = ups_value_find(dict, key);

	return v && v->type == UPS_VALUE_STRING ? v->text : (struct ups_text) { NULL, 0 };
}

static bool text_to_number(struct ups_text text, int64_t *out)
{
	bool negative = text.len && text.at[0] == '-';
	unsigned long long n;

	if (negative) {
		text.at++;
		text.len--;
	}
	if (!ups_text_number(text, INT64_MAX, &n))
		return false;
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

bool ups_value_number(const struct ups_value *dict, const char *key, int64_t *out)
{
	const struct ups_value *v = ups_value_find(dict, key);

	if (v && v->type == UPS_VALUE_INT) {
		*out = v->number;
		return true;
	}
	return v && v->type == UPS_VALUE_STRING && text_to_number(v->text, out);
}

/* ---- building ---- */

static struct ups_value *value_new(struct ups_value_builder *b, enum ups_value_type type)
{
	struct ups_value *v = b->failed ? NULL : ups_arena_alloc(b->arena, sizeof(*v));

	if (v)
		v->type = type;
	else
		b->failed = true;
	return v;
}

static struct ups_value *value_add(struct ups_value_builder *b, struct ups_value *to,
				   const char *key, enum ups_value_type type)
{
	struct ups_value *v = to ? value_new(b, type) : NULL;

	if (!v)
		return NULL;
	if (to->type == UPS_VALUE_DICT)
		v->key = ups_text_of(key);
	if (to->last)
		to->last->next = v;
	else
		to->first = v;
	to->last = v;
	return v;
}

struct ups_value *ups_value_dict(struct ups_value_builder *b)
{
	return value_new(b, UPS_VALUE_DICT);
}

struct ups_value *ups_value_add_dict(struct ups_value_builder *b, struct ups_value *to,
				     const char *key)
{
	return value_add(b, to, key, UPS_VALUE_DICT);
}

struct ups_value *ups_value_add_list(struct ups_value_builder *b, struct ups_value *to,
				     const char *key)
{
	return value_add(b, to, key, UPS_VALUE_LIST);
}

void ups_value_add_int(struct ups_value_builder *b, struct ups_value *to, const char *key,
		       int64_t number)
{
	struct ups_value *v = value_add(b, to, key, UPS_VALUE_INT);

	if (v)
		v->number = number;
}

void ups_value_add_text(struct ups_value_builder *b, struct ups_value *to, const char *key,
			struct ups_text text)
{
	struct ups_value *v = value_add(b, to, key, UPS_VALUE_STRING);

	if (v)
		v->text = text;
}

void ups_value_add_string(struct ups_value_builder *b, struct ups_value *to, const char *key,
			  const char *string)
{
	size_t len = strlen(string);
	char *copy = ups_arena_alloc(b->arena, len + 1);

	if (!copy) {
		b->failed = true;
		return;
	}
	memcpy(copy, string, len + 1);
	ups_value_add_text(b, to, key, (struct ups_text) { copy, len });
}
