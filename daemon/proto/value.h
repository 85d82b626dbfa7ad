/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A tree of values as the ng control protocol carries it: strings, integers, lists, dictionaries; the same for bencode
 * (proto/bencode.h) and JSON (proto/json.h). Nodes live in an arena, strings stay in the datagram they came from (or in the
 * arena where they had to be unescaped). Order of entries is kept. Any thread.
 *
 * Keys of ng are written with space, hyphen or underscore and in several letter cases (rtpengine: "received from",
 * "received-from"); ups_value_find() sees no difference. A key that occurs twice: the first counts.
 */
#ifndef UPSEC_PROTO_VALUE_H
#define UPSEC_PROTO_VALUE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

#define UPS_VALUE_DEPTH_MAX 16
#define UPS_VALUE_NODES_MAX 4096 /* of one datagram */

enum ups_value_type { UPS_VALUE_STRING, UPS_VALUE_INT, UPS_VALUE_LIST, UPS_VALUE_DICT };

struct ups_value {
	enum ups_value_type type;
	struct ups_text text; /* STRING */
	int64_t number; /* INT */
	struct ups_value *first, *last; /* LIST, DICT: children */
	struct ups_value *next; /* sibling */
	struct ups_text key; /* of a DICT's child */
};

/* Same key but for letter case and the choice among ' ', '-' and '_' */
bool ups_key_same(struct ups_text a, struct ups_text b);
/* NULL if there is none or @dict is NULL or no dictionary */
const struct ups_value *ups_value_find(const struct ups_value *dict, const char *key);
/* { NULL, 0 } unless a string is there */
struct ups_text ups_value_text(const struct ups_value *dict, const char *key);
/* An integer, or a string of digits with an optional '-'. -> whether there is one */
bool ups_value_number(const struct ups_value *dict, const char *key, int64_t *out);

/*
 * Building. @dict is a DICT or LIST; @key is kept by reference and ignored in a LIST. Without memory the add is lost and
 * *failed is set (sticky), to be checked once before encoding.
 */
struct ups_value_builder {
	struct ups_arena *arena;
	bool failed;
};

struct ups_value *ups_value_dict(struct ups_value_builder *b); /* a root */
struct ups_value *ups_value_add_dict(struct ups_value_builder *b, struct ups_value *to,
				     const char *key);
struct ups_value *ups_value_add_list(struct ups_value_builder *b, struct ups_value *to,
				     const char *key);
void ups_value_add_int(struct ups_value_builder *b, struct ups_value *to, const char *key,
		       int64_t number);
/* The text is kept by reference. */
void ups_value_add_text(struct ups_value_builder *b, struct ups_value *to, const char *key,
			struct ups_text text);
/* Copied into the arena */
void ups_value_add_string(struct ups_value_builder *b, struct ups_value *to, const char *key,
			  const char *string);

#endif
