// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as JSON, and as a string of a reply. What is written is JSON again and means the same: read, written, read, written gives the
 * same text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ups_arena arena;
static char out[2][ROOM];

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct ups_text encode(const struct ups_value *value, char *room)
{
	struct ups_buf buf = ups_buf_init(room, ROOM);

	ups_json_encode(value, &buf);
	must(ups_buf_ok(&buf));
	return ups_buf_text(&buf);
}

static void check_written(struct ups_text once)
{
	struct ups_errmsg msg = { "" };
	struct ups_value *again;

	must(!ups_json_decode(once, &arena, &again, &msg));
	must(ups_text_equal(once, encode(again, out[1])));
}

static void check_string(struct ups_text in)
{
	struct ups_value_builder b = { .arena = &arena };
	struct ups_value *dict = ups_value_dict(&b);

	/* jansson takes no NUL in strings. */
	if (in.len && memchr(in.at, '\0', in.len))
		return;
	ups_value_add_text(&b, dict, "s", in);
	must(!b.failed);
	check_written(encode(dict, out[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_text in = { (const char *)data, size };
	struct ups_errmsg msg = { "" };
	struct ups_value *value;

	if (size > ROOM / 16)
		return 0;
	if (!arena.data)
		must(!ups_arena_init(&arena, ROOM));
	ups_arena_reset(&arena);
	if (ups_json_decode(in, &arena, &value, &msg))
		must(msg.text[0]);
	else
		check_written(encode(value, out[0]));
	ups_arena_reset(&arena);
	check_string(in);
	return 0;
}
