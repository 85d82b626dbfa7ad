// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Bencode: what proxies send is read and written back byte for byte; everything else is refused with a code that says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/bencode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct ups_arena arena;
static struct ups_errmsg msg;
static struct ups_value *value;

static int setup(void **state)
{
	(void)state;
	return ups_arena_init(&arena, 1 << 20);
}

static int teardown(void **state)
{
	(void)state;
	ups_arena_fini(&arena);
	return 0;
}

/* In memory of exactly its size: reading one byte too many is seen by the sanitizer. */
static int decode(const char *text, size_t len)
{
	static char *copy;

	free(copy);
	copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	ups_arena_reset(&arena);
	msg.text[0] = '\0';
	return ups_bencode_decode((struct ups_text) { copy, len }, &arena, &value, &msg);
}

static void what_is_read_is_written_back(void **state)
{
	static const char *const cases[] = {
		"d7:command4:pinge",
		"d6:result4:ponge",
		"i42e",
		"i-9223372036854775808e",
		"i9223372036854775807e",
		"0:",
		"le",
		"de",
		"l0:i0elleedee",
		"d1:z1:a1:a1:be", /* unsorted */
		"d7:createdi1402064111e10:created_usi5e10:created_tsi1402064111000005e11:last "
		"signali1402064116e17:last redis updatei0e4:SSRCde4:tagsd3:ft1d3:tag3:ft17:"
		"createdi1402064111e13:subscriptionsle11:subscribersle6:mediasleee6:totalsd3:"
		"RTPd7:packetsi705e5:bytesi100287e6:errorsi0ee4:RTCPd7:packetsi22e5:bytesi2244e6:"
		"errorsi0eee6:result2:oke",
	};
	char out[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ups_buf buf = ups_buf_init(out, sizeof(out));
		size_t size = 0;

		if (decode(cases[i], strlen(cases[i])))
			fail_msg("%s: %s", cases[i], msg.text);
		ups_bencode_encode(value, &buf);
		assert_true(ups_text_is(ups_buf_text(&buf), cases[i]));
		assert_int_equal(ups_bencode_length(ups_text_of(cases[i]), &size), 0);
		assert_int_equal(size, strlen(cases[i]));
	}
}

static void malformed_input_is_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "", UPS_E_TRUNCATED },
		{ "d", UPS_E_TRUNCATED },
		{ "d3:abc", UPS_E_TRUNCATED },
		{ "5:spam", UPS_E_TRUNCATED },
		{ "5", UPS_E_TRUNCATED },
		{ "i42", UPS_E_TRUNCATED },
		{ "i", UPS_E_TRUNCATED },
		{ "e", UPS_E_SYNTAX },
		{ "x", UPS_E_SYNTAX },
		{ ":", UPS_E_SYNTAX },
		{ "ie", UPS_E_SYNTAX },
		{ "i-e", UPS_E_SYNTAX },
		{ "i4-e", UPS_E_SYNTAX },
		{ "i+4e", UPS_E_SYNTAX },
		{ "4spam", UPS_E_SYNTAX },
		{ "-1:x", UPS_E_SYNTAX },
		{ "di1e1:xe", UPS_E_SYNTAX }, /* a key that is no string */
		{ "d1:xe", UPS_E_SYNTAX }, /* a key without value */
		{ "lee", UPS_E_SYNTAX }, /* something behind it */
		{ "4:spamx", UPS_E_SYNTAX },
		{ "99999999999999999999:x", UPS_E_SYNTAX },
		{ "i9223372036854775808e", UPS_E_RANGE },
		{ "i-9223372036854775809e", UPS_E_RANGE },
		{ "i111111111111111111111111111111e", UPS_E_RANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = decode(cases[i].text, strlen(cases[i].text));

		if (err != cases[i].err)
			fail_msg("'%s' gives %d", cases[i].text, err);
		assert_string_not_equal(msg.text, "");
	}
}

static void every_prefix_of_a_request_is_truncated(void **state)
{
	static const char text[] = "d8:supportsl10:load limite3:numi-12e4:sdp 0:e";
	size_t size;

	(void)state;
	assert_int_equal(decode(text, sizeof(text) - 1), 0);
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		assert_int_equal(decode(text, len), UPS_E_TRUNCATED);
		assert_int_equal(ups_bencode_length((struct ups_text) { text, len }, &size),
				 UPS_E_TRUNCATED);
	}
}

static void errors_do_not_repeat_the_input(void **state)
{
	(void)state;
	assert_int_equal(decode("d3:sdp6:secretx", 15), UPS_E_SYNTAX);
	assert_null(strstr(msg.text, "secret"));
}

static void depth_is_bounded(void **state)
{
	char text[2 * (UPS_VALUE_DEPTH_MAX + 1)];
	size_t size;

	(void)state;
	memset(text, 'l', sizeof(text) / 2);
	memset(text + sizeof(text) / 2, 'e', sizeof(text) / 2);
	assert_int_equal(decode(text, sizeof(text)), UPS_E_RANGE);
	assert_int_equal(ups_bencode_length((struct ups_text) { text, sizeof(text) }, &size),
			 UPS_E_SYNTAX);
	assert_int_equal(decode(text + 1, sizeof(text) - 2), 0);
	assert_int_equal(
		ups_bencode_length((struct ups_text) { text + 1, sizeof(text) - 2 }, &size), 0);
}

static void nodes_are_bounded(void **state)
{
	static char text[2 + 3 * UPS_VALUE_NODES_MAX];
	size_t used = 0, size;

	(void)state;
	text[used++] = 'l';
	for (int i = 0; i < UPS_VALUE_NODES_MAX; i++, used += 3)
		memcpy(text + used, "i1e", 3);
	text[used++] = 'e';
	assert_int_equal(decode(text, used), UPS_E_RANGE);
	assert_int_equal(ups_bencode_length((struct ups_text) { text, used }, &size), 0);
	text[used - 4] = 'e';
	assert_int_equal(decode(text, used - 3), 0);
}

static void without_memory_it_says_so(void **state)
{
	struct ups_arena small;

	(void)state;
	assert_int_equal(ups_arena_init(&small, 256), 0);
	assert_int_equal(ups_bencode_decode(UPS_TEXT("li1ei2ei3ei4ei5ee"), &small, &value, &msg),
			 -12);
	ups_arena_fini(&small);
}

static void a_stream_is_cut_where_the_value_ends(void **state)
{
	size_t size = 0;

	(void)state;
	assert_int_equal(ups_bencode_length(UPS_TEXT("d1:ai1eed1:b"), &size), 0);
	assert_int_equal(size, 8);
	assert_int_equal(ups_bencode_length(UPS_TEXT("q"), &size), UPS_E_SYNTAX);
	assert_int_equal(ups_bencode_length(UPS_TEXT("e"), &size), UPS_E_SYNTAX);
	assert_int_equal(ups_bencode_length(UPS_TEXT("100000:abc"), &size), UPS_E_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_read_is_written_back, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_input_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(every_prefix_of_a_request_is_truncated, setup,
						teardown),
		cmocka_unit_test_setup_teardown(errors_do_not_repeat_the_input, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(nodes_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_it_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stream_is_cut_where_the_value_ends, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
