// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as bencode. What is read is written and read once more the same; the measuring of streams agrees with the decoder, and
 * says of no prefix that it is whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bencode.h"

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ups_arena first, second;
static char out[2][ROOM];

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct ups_text encode(const struct ups_value *value, char *room)
{
	struct ups_buf buf = ups_buf_init(room, ROOM);

	ups_bencode_encode(value, &buf);
	must(ups_buf_ok(&buf));
	return ups_buf_text(&buf);
}

static void check_length(struct ups_text in, int decoded)
{
	size_t size = 0;
	int err = ups_bencode_length(in, &size);

	must(err == 0 || err == UPS_E_TRUNCATED || err == UPS_E_SYNTAX);
	must(err || (size && size <= in.len));
	/* What decodes has the length that was measured; what is too long to decode may have one. */
	must(decoded || (!err && size == in.len));
	if (decoded == UPS_E_TRUNCATED)
		must(err == UPS_E_TRUNCATED);
	if (!err && size > 1)
		must(ups_bencode_length((struct ups_text) { in.at, size - 1 }, &size) ==
		     UPS_E_TRUNCATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_text in = { (const char *)data, size }, once;
	struct ups_value *value, *again;
	struct ups_errmsg msg = { "" };
	int err;

	if (!first.data)
		must(!ups_arena_init(&first, ROOM) && !ups_arena_init(&second, ROOM));
	ups_arena_reset(&first);
	ups_arena_reset(&second);
	err = ups_bencode_decode(in, &first, &value, &msg);
	check_length(in, err);
	must(!err || msg.text[0]);
	if (err)
		return 0;
	once = encode(value, out[0]);
	must(!ups_bencode_decode(once, &second, &again, &msg));
	must(ups_text_equal(once, encode(again, out[1])));
	return 0;
}
