/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bencode (i42e, 4:spam, l...e, d...e) to and from a tree of values. Dictionaries need not be sorted and are written in the
 * order they were built, as rtpengine does. Strings are slices of the input. Any thread.
 */
#ifndef UPSEC_PROTO_BENCODE_H
#define UPSEC_PROTO_BENCODE_H

#include "base/buf.h"
#include "proto/value.h"

/* Exactly one value in @text. UPS_E_SYNTAX, UPS_E_TRUNCATED, UPS_E_RANGE (depth, nodes, integer), -ENOMEM. */
int ups_bencode_decode(struct ups_text text, struct ups_arena *arena, struct ups_value **out,
		       struct ups_errmsg *msg) __must_check;
void ups_bencode_encode(const struct ups_value *value, struct ups_buf *buf);
/*
 * For streams: bytes of the value that begins at @text, without building it. UPS_E_TRUNCATED: more must be read first;
 * UPS_E_SYNTAX: it never will be one. Work is linear in the bytes.
 */
int ups_bencode_length(struct ups_text text, size_t *size) __must_check;

#endif
