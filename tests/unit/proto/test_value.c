// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Trees of values: spelling of keys, look-ups, building within a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "proto/value.h"

static struct ups_arena arena;

static int setup(void **state)
{
	(void)state;
	return ups_arena_init(&arena, 65536);
}

static int teardown(void **state)
{
	(void)state;
	ups_arena_fini(&arena);
	return 0;
}

static void keys_differ_neither_by_case_nor_by_separator(void **state)
{
	(void)state;
	assert_true(ups_key_same(UPS_TEXT("received from"), UPS_TEXT("Received-From")));
	assert_true(ups_key_same(UPS_TEXT("delete_delay"), UPS_TEXT("delete delay")));
	assert_true(ups_key_same(UPS_TEXT(""), UPS_TEXT("")));
	assert_false(ups_key_same(UPS_TEXT("delete.delay"), UPS_TEXT("delete delay")));
	assert_false(ups_key_same(UPS_TEXT("sdp"), UPS_TEXT("sd")));
}

static void the_first_of_equal_keys_counts(void **state)
{
	struct ups_value_builder b = { .arena = &arena };
	struct ups_value *dict = ups_value_dict(&b);

	(void)state;
	ups_value_add_string(&b, dict, "call-id", "one");
	ups_value_add_string(&b, dict, "Call_ID", "two");
	assert_true(ups_text_is(ups_value_text(dict, "call id"), "one"));
	assert_false(b.failed);
}

static void numbers_come_as_integers_or_as_digits(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
		{ "0", true, 0 },
		{ "30", true, 30 },
		{ "-7", true, -7 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ "1x", false, 0 },
	};
	int64_t n = 99;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ups_value_builder b = { .arena = &arena };
		struct ups_value *dict = ups_value_dict(&b);

		ups_value_add_string(&b, dict, "n", cases[i].text);
		assert_int_equal(ups_value_number(dict, "n", &n), cases[i].good);
		if (cases[i].good)
			assert_int_equal(n, cases[i].value);
		ups_value_add_int(&b, dict, "i", 5);
		assert_true(ups_value_number(dict, "I", &n));
		assert_int_equal(n, 5);
	}
}

static void what_is_not_there_is_absent(void **state)
{
	struct ups_value_builder b = { .arena = &arena };
	struct ups_value *dict = ups_value_dict(&b);
	struct ups_value *list = ups_value_add_list(&b, dict, "list");
	int64_t n;

	(void)state;
	ups_value_add_string(&b, list, "ignored", "item");
	assert_null(ups_value_find(NULL, "x"));
	assert_null(ups_value_find(dict, "x"));
	assert_null(ups_value_find(list, "ignored"));
	assert_null(ups_value_text(dict, "list").at);
	assert_false(ups_value_number(dict, "list", &n));
	assert_non_null(list->first);
	assert_ptr_equal(list->first, list->last);
	assert_null(list->first->key.at);
}

static void without_memory_the_builder_fails_and_stays_failed(void **state)
{
	struct ups_value_builder b = { .arena = &arena };
	struct ups_value *dict = ups_value_dict(&b);

	(void)state;
	for (int i = 0; i < 5000; i++)
		ups_value_add_int(&b, dict, "n", i);
	assert_true(b.failed);
	ups_arena_reset(&arena);
	assert_null(ups_value_dict(&b));
	assert_null(ups_value_add_list(&b, NULL, "x"));
	ups_value_add_string(&b, NULL, "x", "y");
	assert_true(b.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_differ_neither_by_case_nor_by_separator, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_first_of_equal_keys_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_come_as_integers_or_as_digits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory_the_builder_fails_and_stays_failed,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
