// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Slices of text, the bounded write buffer and the arena of a request. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct ups_text t, const char *expected)
{
	if (!ups_text_is(t, expected))
		fail_msg("'%.*s', expected '%s'", UPS_TEXT_ARG(t), expected);
}

/* ---- slices ------------------------------------------------------------------------------------------------------ */

static void equality_is_by_bytes_and_sameness_by_letters(void **state)
{
	const struct ups_text absent = { NULL, 0 };

	(void)state;
	assert_true(ups_text_equal(UPS_TEXT("abc"), ups_text_of("abc")));
	assert_false(ups_text_equal(UPS_TEXT("abc"), UPS_TEXT("abC")));
	assert_false(ups_text_equal(UPS_TEXT("abc"), UPS_TEXT("ab")));
	assert_true(ups_text_equal(UPS_TEXT("a\0b"), UPS_TEXT("a\0b")));
	assert_false(ups_text_equal(UPS_TEXT("a\0b"), UPS_TEXT("a\0c")));
	assert_true(ups_text_equal(absent, UPS_TEXT("")));
	assert_true(ups_text_is(ups_text_of(NULL), ""));
	assert_true(ups_text_same(UPS_TEXT("RTP/Savp"), UPS_TEXT("rtp/SAVP")));
	assert_true(ups_text_same(absent, absent));
	assert_false(ups_text_same(UPS_TEXT("[a"), UPS_TEXT("{a"))); /* 0x5b and 0x7b */
	assert_false(ups_text_same(UPS_TEXT("@"), UPS_TEXT("`")));
	assert_false(ups_text_same(UPS_TEXT("\xc4"), UPS_TEXT("\xe4"))); /* no locale */
	assert_true(ups_text_starts(UPS_TEXT("inline:x"), "inline:"));
	assert_true(ups_text_starts(absent, ""));
	assert_false(ups_text_starts(UPS_TEXT("inlin"), "inline"));
}

static void cut_takes_parts_off_in_order(void **state)
{
	struct ups_text rest = UPS_TEXT("a,,bc");
	struct ups_text absent = { NULL, 0 };

	(void)state;
	assert_text(ups_text_cut(&rest, ','), "a");
	assert_text(ups_text_cut(&rest, ','), "");
	assert_text(ups_text_cut(&rest, ','), "bc");
	assert_int_equal(rest.len, 0);
	assert_text(ups_text_cut(&rest, ','), "");
	assert_null(ups_text_cut(&absent, ',').at);
	rest = UPS_TEXT("last,");
	assert_text(ups_text_cut(&rest, ','), "last");
	assert_int_equal(rest.len, 0);
}

static void words_are_separated_by_any_number_of_blanks(void **state)
{
	struct ups_text rest = UPS_TEXT("  one two \t three\t ");

	(void)state;
	assert_text(ups_text_word(&rest), "one");
	assert_text(ups_text_word(&rest), "two");
	assert_text(ups_text_word(&rest), "three");
	assert_text(ups_text_word(&rest), "");
	assert_int_equal(rest.len, 0);
	rest = (struct ups_text) { NULL, 0 };
	assert_null(ups_text_word(&rest).at);
}

static void trim_takes_blanks_off_both_ends_only(void **state)
{
	(void)state;
	assert_text(ups_text_trim(UPS_TEXT(" \t a b\t ")), "a b");
	assert_text(ups_text_trim(UPS_TEXT("\ra\n")), "\ra\n");
	assert_int_equal(ups_text_trim(UPS_TEXT(" \t ")).len, 0);
	assert_null(ups_text_trim((struct ups_text) { NULL, 0 }).at);
}

static void numbers_are_digits_within_the_limit(void **state)
{
	static const struct {
		const char *text;
		unsigned long long max, value;
		bool good;
	} cases[] = {
		{ "0", 0, 0, true },
		{ "007", 7, 7, true },
		{ "65535", 65535, 65535, true },
		{ "65536", 65535, 0, false },
		{ "70000", 65535, 0, false },
		{ "8", 7, 0, false },
		{ "1", 0, 0, false },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
		{ "18446744073709551616", UINT64_MAX, 0, false },
		{ "99999999999999999999999", UINT64_MAX, 0, false },
		{ "", 9, 0, false },
		{ "+1", 9, 0, false },
		{ "-1", 9, 0, false },
		{ " 1", 9, 0, false },
		{ "1 ", 9, 0, false },
		{ "0x1", 99, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned long long n = 12345;
		bool good = ups_text_number(ups_text_of(cases[i].text), cases[i].max, &n);

		if (good != cases[i].good || (good && n != cases[i].value))
			fail_msg("'%s' up to %llu: %d, %llu", cases[i].text, cases[i].max, good, n);
	}
}

static void copy_fits_or_leaves_nothing(void **state)
{
	char to[4];

	(void)state;
	assert_true(ups_text_copy(UPS_TEXT("abc"), to, sizeof(to)));
	assert_string_equal(to, "abc");
	assert_false(ups_text_copy(UPS_TEXT("abcd"), to, sizeof(to)));
	assert_string_equal(to, "");
	strcpy(to, "x");
	assert_false(ups_text_copy(UPS_TEXT("a\0b"), to, sizeof(to)));
	assert_string_equal(to, "");
	assert_true(ups_text_copy((struct ups_text) { NULL, 0 }, to, sizeof(to)));
	assert_string_equal(to, "");
}

/* ---- write buffer ------------------------------------------------------------------------------------------------ */

static void a_buffer_takes_what_fits_and_then_stays_failed(void **state)
{
	char memory[9] = "########!";
	struct ups_buf b = ups_buf_init(memory, 8);

	(void)state;
	ups_buf_str(&b, "abc");
	ups_buf_put(&b, UPS_TEXT("d\0e"));
	ups_buf_bytes(&b, NULL, 0);
	assert_true(ups_buf_ok(&b));
	assert_int_equal(b.size, 6);
	ups_buf_str(&b, "xyz");
	assert_false(ups_buf_ok(&b));
	ups_buf_str(&b, "x"); /* would fit: too late */
	ups_buf_printf(&b, "%d", 1);
	assert_int_equal(b.size, 6);
	assert_true(ups_text_equal(ups_buf_text(&b), UPS_TEXT("abcd\0e")));
	assert_memory_equal(memory + 6, "##!", 3);
}

static void a_buffer_can_be_filled_to_the_last_byte(void **state)
{
	char memory[4];
	struct ups_buf b = ups_buf_init(memory, sizeof(memory));

	(void)state;
	ups_buf_str(&b, "abcd");
	assert_true(ups_buf_ok(&b));
	assert_int_equal(b.size, 4);
	ups_buf_str(&b, "");
	assert_true(ups_buf_ok(&b));
	ups_buf_str(&b, "e");
	assert_false(ups_buf_ok(&b));
}

/* printf needs a byte for the NUL that it writes and gives back. */
static void formatted_text_never_passes_the_end(void **state)
{
	char memory[6];
	struct ups_buf b = ups_buf_init(memory, 5);

	(void)state;
	memory[5] = '!';
	ups_buf_printf(&b, "%u", 1234u);
	assert_true(ups_buf_ok(&b));
	assert_text(ups_buf_text(&b), "1234");
	ups_buf_printf(&b, "%u", 5678u);
	assert_false(ups_buf_ok(&b));
	assert_text(ups_buf_text(&b), "1234");
	assert_int_equal(memory[5], '!');
}

/* ---- arena ------------------------------------------------------------------------------------------------------- */

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct ups_arena a;
	unsigned char *p[5];

	(void)state;
	assert_int_equal(ups_arena_init(&a, 256), 0);
	for (size_t i = 0; i < COUNT(p); i++) {
		p[i] = ups_arena_alloc(&a, 17);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		for (size_t j = 0; j < 17; j++)
			assert_int_equal(p[i][j], 0);
		memset(p[i], 0xff, 17);
		assert_true(!i || p[i] >= p[i - 1] + 17);
	}
	ups_arena_fini(&a);
}

static void the_limit_is_exact_and_no_size_wraps_it(void **state)
{
	struct ups_arena a;

	(void)state;
	assert_int_equal(ups_arena_init(&a, 64), 0);
	assert_null(ups_arena_alloc(&a, SIZE_MAX));
	assert_null(ups_arena_alloc(&a, SIZE_MAX - 15));
	assert_null(ups_arena_alloc(&a, SIZE_MAX - 16));
	assert_null(ups_arena_alloc(&a, 65));
	assert_non_null(ups_arena_alloc(&a, 48));
	assert_null(ups_arena_alloc(&a, 17));
	assert_non_null(ups_arena_alloc(&a, 16));
	assert_null(ups_arena_alloc(&a, 1));
	ups_arena_fini(&a);
}

static void reset_wipes_what_a_request_left(void **state)
{
	struct ups_arena a;
	unsigned char *p, *again;

	(void)state;
	assert_int_equal(ups_arena_init(&a, 64), 0);
	p = ups_arena_alloc(&a, 40);
	assert_non_null(p);
	memset(p, 0x5a, 40);
	ups_arena_reset(&a);
	again = ups_arena_alloc(&a, 64);
	assert_ptr_equal(again, p);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(again[i], 0);
	ups_arena_fini(&a);
	assert_null(a.data);
	ups_arena_fini(&a); /* of nothing is nothing */
	assert_null(a.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_by_bytes_and_sameness_by_letters),
		cmocka_unit_test(cut_takes_parts_off_in_order),
		cmocka_unit_test(words_are_separated_by_any_number_of_blanks),
		cmocka_unit_test(trim_takes_blanks_off_both_ends_only),
		cmocka_unit_test(numbers_are_digits_within_the_limit),
		cmocka_unit_test(copy_fits_or_leaves_nothing),
		cmocka_unit_test(a_buffer_takes_what_fits_and_then_stays_failed),
		cmocka_unit_test(a_buffer_can_be_filled_to_the_last_byte),
		cmocka_unit_test(formatted_text_never_passes_the_end),
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(the_limit_is_exact_and_no_size_wraps_it),
		cmocka_unit_test(reset_wipes_what_a_request_left),
	};

	return cmocka_run_group_tests_name("text, buffer, arena", tests, NULL, NULL);
}
