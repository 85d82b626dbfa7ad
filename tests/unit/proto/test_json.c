// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* JSON: words for what ng has no type for, hostile documents, any bytes on the way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "proto/json.h"

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

static int decode(const char *text)
{
	ups_arena_reset(&arena);
	msg.text[0] = '\0';
	return ups_json_decode(ups_text_of(text), &arena, &value, &msg);
}

static struct ups_text encode(void)
{
	static char out[4096];
	struct ups_buf buf = ups_buf_init(out, sizeof(out));

	ups_json_encode(value, &buf);
	assert_true(ups_buf_ok(&buf));
	return ups_buf_text(&buf);
}

static void documents_become_values_and_come_back(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{\"command\":\"ping\"}", "{\"command\":\"ping\"}" },
		{ " { \"b\" : 1 , \"a\" : [ true, false, null ] }\r\n",
		  "{\"b\":1,\"a\":[\"yes\",\"no\",\"\"]}" },
		{ "{\"n\":-9223372036854775808}", "{\"n\":-9223372036854775808}" },
		{ "{\"n\":1.5}", "{\"n\":\"1.5\"}" },
		{ "{\"s\":\"\\u00e4\\n\\\"\\u0001\\ud83d\\ude00\"}",
		  "{\"s\":\"\xc3\xa4\\n\\\"\\u0001\xf0\x9f\x98\x80\"}" },
		{ "{\"d\":{\"l\":[]}}", "{\"d\":{\"l\":[]}}" },
		{ "{}", "{}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (decode(cases[i].in))
			fail_msg("%s: %s", cases[i].in, msg.text);
		if (!ups_text_is(encode(), cases[i].out))
			fail_msg("%s gives %.*s", cases[i].in, UPS_TEXT_ARG(encode()));
	}
}

static void malformed_documents_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"{",
		"{\"a\":1}x",
		"{\"a\":1}{}",
		"[]",
		"\"a\"",
		"1",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\xff\"}",
		"{\"a\":1,\"a\":2}",
		"{'a':1}",
		"{\"a\":9223372036854775808}",
		"{\"sdp\":\"secret\",}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (decode(cases[i]) != UPS_E_SYNTAX)
			fail_msg("'%s' was not refused", cases[i]);
		assert_string_not_equal(msg.text, "");
		assert_null(strstr(msg.text, "secret"));
	}
}

static void depth_and_nodes_are_bounded(void **state)
{
	static char text[3 * UPS_VALUE_NODES_MAX + 16];
	size_t used = 5;

	(void)state;
	strcpy(text, "{\"a\":");
	memset(text + used, '[', UPS_VALUE_DEPTH_MAX);
	used += UPS_VALUE_DEPTH_MAX;
	memset(text + used, ']', UPS_VALUE_DEPTH_MAX);
	used += UPS_VALUE_DEPTH_MAX;
	strcpy(text + used, "}");
	assert_int_equal(decode(text), UPS_E_RANGE);
	strcpy(text, "{\"a\":[");
	for (used = 6; used < 6 + 2 * UPS_VALUE_NODES_MAX; used += 2)
		memcpy(text + used, "1,", 2);
	strcpy(text + used, "1]}");
	assert_int_equal(decode(text), UPS_E_RANGE);
}

static void without_memory_it_says_so(void **state)
{
	struct ups_arena small;

	(void)state;
	assert_int_equal(ups_arena_init(&small, 128), 0);
	assert_int_equal(
		ups_json_decode(UPS_TEXT("{\"a\":\"b\",\"c\":\"d\"}"), &small, &value, &msg), -12);
	ups_arena_fini(&small);
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
	static const struct {
		struct ups_text in;
		const char *out;
	} cases[] = {
		{ { "a\xffz", 3 }, "\"a\xef\xbf\xbdz\"" },
		{ { "\xc3", 1 }, "\"\xef\xbf\xbd\"" }, /* cut short */
		{ { "\xc0\x80", 2 }, "\"\xef\xbf\xbd\xef\xbf\xbd\"" }, /* overlong */
		{ { "\xed\xa0\x80", 3 },
		  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* surrogate */
		{ { "\xf4\x90\x80\x80", 4 },
		  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { "\0\x7f\r", 3 }, "\"\\u0000\\u007f\\r\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ups_value string = { .type = UPS_VALUE_STRING, .text = cases[i].in };

		value = &string;
		if (!ups_text_is(encode(), cases[i].out))
			fail_msg("case %zu gives %.*s", i, UPS_TEXT_ARG(encode()));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(documents_become_values_and_come_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(malformed_documents_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_and_nodes_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_it_says_so, setup, teardown),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
