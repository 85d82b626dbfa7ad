/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * JSON (RFC 8259, by jansson) to and from a tree of values. true and false become the strings "yes" and "no", null an empty
 * string, a real number its decimal text. Strings are copied into the arena. Any thread.
 */
#ifndef UPSEC_PROTO_JSON_H
#define UPSEC_PROTO_JSON_H

#include "base/buf.h"
#include "proto/value.h"

/* One object and nothing behind it but white space. UPS_E_SYNTAX, UPS_E_RANGE, -ENOMEM. */
int ups_json_decode(struct ups_text text, struct ups_arena *arena, struct ups_value **out,
		    struct ups_errmsg *msg) __must_check;
/* Compact; bytes that are not UTF-8 become U+FFFD. */
void ups_json_encode(const struct ups_value *value, struct ups_buf *buf);

#endif
