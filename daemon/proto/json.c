// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* JSON: see json.h. */
#include "proto/json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/secret.h"

#define REAL_TEXT 40 /* "%.17g" */

/* ---- memory: documents carry SDP with keys, and jansson does not wipe ---- */

static void free_wiped(void *p)
{
	if (p)
		ups_wipe(p, malloc_usable_size(p));
	free(p);
}

/* Before main(), so that nothing is given back by other means than it was taken. */
__attribute__((constructor)) static void use_wiped_memory(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
}

/* ---- reading ---- */

struct decoder {
	struct ups_arena *arena;
	unsigned int nodes;
};

static int copy_text(struct decoder *d, const char *at, size_t len, struct ups_text *out)
{
	char *copy = ups_arena_alloc(d->arena, len ? len : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, at, len);
	*out = (struct ups_text) { copy, len };
	return 0;
}

static int convert_scalar(struct decoder *d, const json_t *json, struct ups_value *v)
{
	char text[REAL_TEXT];

	switch (json_typeof(json)) {
	case JSON_STRING:
		return copy_text(d, json_string_value(json), json_string_length(json), &v->text);
	case JSON_INTEGER:
		v->type = UPS_VALUE_INT;
		v->number = json_integer_value(json);
		return 0;
	case JSON_REAL:
		snprintf(text, sizeof(text), "%.17g", json_real_value(json));
		return copy_text(d, text, strlen(text), &v->text);
	case JSON_NULL:
		v->text = UPS_TEXT("");
		return 0;
	default:
		v->text = json_is_true(json) ? UPS_TEXT("yes") : UPS_TEXT("no");
		return 0;
	}
}

static int convert(struct decoder *d, json_t *json, unsigned int depth, struct ups_value **out);

static int convert_child(struct decoder *d, struct ups_value *parent, const char *key, json_t *json,
			 unsigned int depth)
{
	struct ups_value *child;
	int err = convert(d, json, depth, &child);

	if (!err && key)
		err = copy_text(d, key, strlen(key), &child->key);
	if (err)
		return err;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	return 0;
}

static int convert_object(struct decoder *d, json_t *json, unsigned int depth, struct ups_value *v)
{
	int err = 0;

	v->type = UPS_VALUE_DICT;
	for (void *i = json_object_iter(json); i && !err; i = json_object_iter_next(json, i))
		err = convert_child(d, v, json_object_iter_key(i), json_object_iter_value(i),
				    depth + 1);
	return err;
}

static int convert_array(struct decoder *d, json_t *json, unsigned int depth, struct ups_value *v)
{
	int err = 0;

	v->type = UPS_VALUE_LIST;
	for (size_t i = 0; i < json_array_size(json) && !err; i++)
		err = convert_child(d, v, NULL, json_array_get(json, i), depth + 1);
	return err;
}

static int convert(struct decoder *d, json_t *json, unsigned int depth, struct ups_value **out)
{
	struct ups_value *v;

	if (++d->nodes > UPS_VALUE_NODES_MAX || depth > UPS_VALUE_DEPTH_MAX)
		return UPS_E_RANGE;
	v = ups_arena_alloc(d->arena, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*v = (struct ups_value) { .type = UPS_VALUE_STRING };
	*out = v;
	if (json_is_object(json))
		return convert_object(d, json, depth, v);
	if (json_is_array(json))
		return convert_array(d, json, depth, v);
	return convert_scalar(d, json, v);
}

/* jansson's own text may quote the document, which may hold keys: only the place is told. */
int ups_json_decode(struct ups_text text, struct ups_arena *arena, struct ups_value **out,
		    struct ups_errmsg *msg)
{
	struct decoder d = { .arena = arena };
	json_error_t error;
	json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	int err;

	if (!json)
		err = ups_fail(msg, UPS_E_SYNTAX, "JSON line %d column %d: not as RFC 8259 has it",
			       error.line, error.column);
	else if (!json_is_object(json))
		err = ups_fail(msg, UPS_E_SYNTAX, "JSON: an object is expected");
	else
		err = convert(&d, json, 1, out);
	if (err && json && json_is_object(json))
		ups_fail(msg, err, "JSON: %s", ups_strerror(err));
	json_decref(json);
	ups_wipe(&error, sizeof(error));
	return err;
}

/* ---- writing ---- */

/* -> bytes of the UTF-8 character at @at, 0 if it is none (overlong, surrogate, beyond U+10FFFF, cut short) */
static size_t utf8_size(const unsigned char *at, size_t room)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t i = 0; i < 4; i++) {
		uint32_t c = at[0] & (unsigned char)~forms[i].mask;

		if ((at[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (i >= room)
			return 0;
		for (size_t k = 1; k <= i; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (at[k] & 0x3f);
		}
		return c < forms[i].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0
											 : i + 1;
	}
	return 0;
}

static void encode_ascii(char c, struct ups_buf *buf)
{
	static const char plain[] = "\"\\\n\r\t", escaped[] = "\"\\nrt";
	const char *found = memchr(plain, c, sizeof(plain) - 1);

	if (found)
		ups_buf_printf(buf, "\\%c", escaped[found - plain]);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		ups_buf_printf(buf, "\\u%04x", (unsigned char)c);
	else
		ups_buf_bytes(buf, &c, 1);
}

static void encode_string(struct ups_text text, struct ups_buf *buf)
{
	ups_buf_str(buf, "\"");
	for (size_t i = 0; i < text.len;) {
		size_t size = utf8_size((const unsigned char *)text.at + i, text.len - i);

		if (size == 1)
			encode_ascii(text.at[i], buf);
		else if (size)
			ups_buf_bytes(buf, text.at + i, size);
		else
			ups_buf_str(buf, "\xef\xbf\xbd");
		i += size ? size : 1;
	}
	ups_buf_str(buf, "\"");
}

static void encode_children(const struct ups_value *value, struct ups_buf *buf)
{
	bool dict = value->type == UPS_VALUE_DICT;

	ups_buf_str(buf, dict ? "{" : "[");
	for (const struct ups_value *v = value->first; v; v = v->next) {
		if (v != value->first)
			ups_buf_str(buf, ",");
		if (dict) {
			encode_string(v->key, buf);
			ups_buf_str(buf, ":");
		}
		ups_json_encode(v, buf);
	}
	ups_buf_str(buf, dict ? "}" : "]");
}

void ups_json_encode(const struct ups_value *value, struct ups_buf *buf)
{
	if (value->type == UPS_VALUE_STRING)
		encode_string(value->text, buf);
	else if (value->type == UPS_VALUE_INT)
		ups_buf_printf(buf, "%" PRId64, value->number);
	else
		encode_children(value, buf);
}
