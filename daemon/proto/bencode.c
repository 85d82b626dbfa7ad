// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bencode: see bencode.h. One reader of tokens serves the decoder and the measuring of streams. */
#include "proto/bencode.h"

#include <errno.h>
#include <inttypes.h>

#define LENGTH_DIGITS_MAX 9 /* of a string's length */
#define INT_CHARS_MAX 20 /* "-9223372036854775808" */

enum token_type { TOKEN_STRING, TOKEN_INT, TOKEN_LIST, TOKEN_DICT, TOKEN_END };

struct token {
	enum token_type type;
	struct ups_text text; /* STRING */
	int64_t number; /* INT */
};

struct reader {
	struct ups_text text;
	size_t at;
};

/* @at..@end holds digits only */
static size_t skip_digits(struct ups_text t, size_t at)
{
	while (at < t.len && t.at[at] >= '0' && t.at[at] <= '9')
		at++;
	return at;
}

static int read_string(struct reader *r, struct token *out)
{
	size_t colon = skip_digits(r->text, r->at), digits = colon - r->at;
	unsigned long long len = 0;

	if (!digits || digits > LENGTH_DIGITS_MAX)
		return UPS_E_SYNTAX;
	if (colon == r->text.len)
		return UPS_E_TRUNCATED;
	if (r->text.at[colon] != ':' ||
	    !ups_text_number((struct ups_text) { r->text.at + r->at, digits }, SIZE_MAX, &len))
		return UPS_E_SYNTAX;
	if (len > r->text.len - colon - 1)
		return UPS_E_TRUNCATED;
	*out = (struct token) { .type = TOKEN_STRING,
				.text = { r->text.at + colon + 1, (size_t)len } };
	r->at = colon + 1 + (size_t)len;
	return 0;
}

static int to_number(struct ups_text digits, bool negative, int64_t *out)
{
	unsigned long long n = 0, max = (unsigned long long)INT64_MAX + (negative ? 1 : 0);

	if (!ups_text_number(digits, max, &n))
		return UPS_E_RANGE;
	*out = negative ? (int64_t)(0 - n) : (int64_t)n;
	return 0;
}

/* r->at is behind the 'i' */
static int read_int(struct reader *r, struct token *out)
{
	bool negative = r->at < r->text.len && r->text.at[r->at] == '-';
	size_t first = r->at + (negative ? 1 : 0), end = skip_digits(r->text, first);

	if (end - first > INT_CHARS_MAX)
		return UPS_E_RANGE;
	if (end == r->text.len)
		return UPS_E_TRUNCATED;
	if (end == first || r->text.at[end] != 'e')
		return UPS_E_SYNTAX;
	r->at = end + 1;
	out->type = TOKEN_INT;
	return to_number((struct ups_text) { r->text.at + first, end - first }, negative,
			 &out->number);
}

static int read_token(struct reader *r, struct token *out)
{
	static const char marks[] = "lde";
	static const enum token_type types[] = { TOKEN_LIST, TOKEN_DICT, TOKEN_END };
	const char *mark;

	if (r->at == r->text.len)
		return UPS_E_TRUNCATED;
	if (r->text.at[r->at] == 'i') {
		r->at++;
		return read_int(r, out);
	}
	mark = memchr(marks, r->text.at[r->at], sizeof(marks) - 1);
	if (!mark)
		return read_string(r, out);
	r->at++;
	*out = (struct token) { .type = types[mark - marks] };
	return 0;
}

/* ---- tree ---- */

struct decoder {
	struct reader in;
	struct ups_arena *arena;
	unsigned int nodes;
};

static int decode_value(struct decoder *d, const struct token *token, unsigned int depth,
			struct ups_value **out);

/* The next child of @parent. -> 1 if there is none */
static int decode_child(struct decoder *d, struct ups_value *parent, unsigned int depth)
{
	struct token key = { .type = TOKEN_END }, token;
	struct ups_value *child;
	int err = read_token(&d->in, &token);

	if (err || token.type == TOKEN_END)
		return err ? err : 1;
	if (parent->type == UPS_VALUE_DICT) {
		key = token;
		err = key.type == TOKEN_STRING ? read_token(&d->in, &token) : UPS_E_SYNTAX;
	}
	if (!err)
		err = decode_value(d, &token, depth, &child);
	if (err)
		return err;
	child->key = key.text;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	return 0;
}

static int decode_value(struct decoder *d, const struct token *token, unsigned int depth,
			struct ups_value **out)
{
	static const enum ups_value_type types[] = { UPS_VALUE_STRING, UPS_VALUE_INT,
						     UPS_VALUE_LIST, UPS_VALUE_DICT };
	struct ups_value *v;
	int err = 0;

	if (token->type == TOKEN_END)
		return UPS_E_SYNTAX;
	if (++d->nodes > UPS_VALUE_NODES_MAX || depth > UPS_VALUE_DEPTH_MAX)
		return UPS_E_RANGE;
	v = ups_arena_alloc(d->arena, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*v = (struct ups_value) { .type = types[token->type],
				  .text = token->text,
				  .number = token->number };
	while (!err && (v->type == UPS_VALUE_LIST || v->type == UPS_VALUE_DICT))
		err = decode_child(d, v, depth + 1);
	*out = v;
	return err < 0 ? err : 0;
}

int ups_bencode_decode(struct ups_text text, struct ups_arena *arena, struct ups_value **out,
		       struct ups_errmsg *msg)
{
	struct decoder d = { .in = { .text = text }, .arena = arena };
	struct token token = { .type = TOKEN_END };
	int err = read_token(&d.in, &token);

	if (!err)
		err = decode_value(&d, &token, 1, out);
	if (!err && d.in.at != text.len)
		err = UPS_E_SYNTAX;
	if (err)
		ups_fail(msg, err, "bencode at byte %zu of %zu: %s", d.in.at, text.len,
			 ups_strerror(err));
	return err;
}

int ups_bencode_length(struct ups_text text, size_t *size)
{
	struct reader in = { .text = text };
	unsigned int depth = 0, nodes = 0;
	struct token token;

	do {
		int err = read_token(&in, &token);

		if (err)
			return err == UPS_E_TRUNCATED ? err : UPS_E_SYNTAX;
		if (token.type == TOKEN_END && !depth--)
			return UPS_E_SYNTAX;
		if (token.type == TOKEN_LIST || token.type == TOKEN_DICT)
			depth++;
		/* Keys count here and not in the decoder, so this bound is twice as wide. */
		if (++nodes > 2 * UPS_VALUE_NODES_MAX + UPS_VALUE_DEPTH_MAX ||
		    depth > UPS_VALUE_DEPTH_MAX)
			return UPS_E_SYNTAX;
	} while (depth);
	*size = in.at;
	return 0;
}

/* ---- writing ---- */

static void encode_string(struct ups_text text, struct ups_buf *buf)
{
	ups_buf_printf(buf, "%zu:", text.len);
	ups_buf_put(buf, text);
}

static void encode_children(const struct ups_value *value, struct ups_buf *buf)
{
	ups_buf_str(buf, value->type == UPS_VALUE_DICT ? "d" : "l");
	for (const struct ups_value *v = value->first; v; v = v->next) {
		if (value->type == UPS_VALUE_DICT)
			encode_string(v->key, buf);
		ups_bencode_encode(v, buf);
	}
	ups_buf_str(buf, "e");
}

void ups_bencode_encode(const struct ups_value *value, struct ups_buf *buf)
{
	if (value->type == UPS_VALUE_STRING)
		encode_string(value->text, buf);
	else if (value->type == UPS_VALUE_INT)
		ups_buf_printf(buf, "i%" PRId64 "e", value->number);
	else
		encode_children(value, buf);
}
