// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The base module: error texts, addresses, secrets, the read cursor and the log limiter. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/cur.h"
#include "base/log.h"
#include "base/secret.h"

static void every_own_error_has_its_sentence(void **state)
{
	(void)state;
#define ROW(n, NAME, text) assert_string_equal(ups_strerror(UPS_E_##NAME), text);
	UPS_ERRORS(ROW)
#undef ROW
	assert_string_equal(ups_strerror(0), "success");
	assert_string_equal(ups_strerror(-ENOENT), "No such file or directory");
	assert_string_equal(ups_strerror(-999999), "unknown error");
}

static void fail_formats_and_returns_the_code(void **state)
{
	struct ups_errmsg msg;

	(void)state;
	assert_int_equal(ups_fail(&msg, UPS_E_RANGE, "port %d", 7), UPS_E_RANGE);
	assert_string_equal(msg.text, "port 7");
	assert_int_equal(ups_fail(NULL, -EIO, "nobody listens"), -EIO);
}

static const struct {
	const char *text;
	bool with_port;
	int result;
	const char *canonical;
} addresses[] = {
	{ "192.0.2.1:4000", true, 0, "192.0.2.1:4000" },
	{ "[2001:db8::1]:65535", true, 0, "[2001:db8::1]:65535" },
	{ "[192.0.2.1]:5", true, 0, "192.0.2.1:5" },
	{ "192.0.2.1", false, 0, "192.0.2.1" },
	{ "2001:DB8:0::1", false, 0, "2001:db8::1" },
	{ "::ffff:192.0.2.9", false, 0, "192.0.2.9" }, /* the mapped form is the IPv4 address */
	{ "192.0.2.1", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:0", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:65536", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:+5", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1: 5", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:5x", true, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:18446744073709551617", true, UPS_E_SYNTAX, NULL },
	{ "2001:db8::1:4000", true, UPS_E_SYNTAX, NULL }, /* needs brackets */
	{ "[2001:db8::1]4000", true, UPS_E_SYNTAX, NULL },
	{ "[2001:db8::1", true, UPS_E_SYNTAX, NULL },
	{ "[]:1", true, UPS_E_SYNTAX, NULL },
	{ "[:1", true, UPS_E_SYNTAX, NULL },
	{ ":1", true, UPS_E_SYNTAX, NULL },
	{ "", true, UPS_E_SYNTAX, NULL },
	{ "", false, UPS_E_SYNTAX, NULL },
	{ "example.net", false, UPS_E_SYNTAX, NULL },
	{ "192.0.2.1:4000", false, UPS_E_SYNTAX, NULL },
	{ "fe80::1%eth0", false, UPS_E_SYNTAX, NULL },
	{ "[111111111111111111111111111111111111111111111111111111111111]:1", true, UPS_E_SYNTAX,
	  NULL },
};

static void addresses_parse_and_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		char buf[UPS_ADDR_TEXT];
		struct ups_addr a;
		int err = ups_addr_parse(addresses[i].text, addresses[i].with_port, &a);

		if (err != addresses[i].result)
			fail_msg("\"%s\": got %d", addresses[i].text, err);
		if (!err)
			assert_string_equal(ups_addr_format(&a, buf), addresses[i].canonical);
	}
}

static void addresses_survive_the_sockaddr_form(void **state)
{
	static const char *const texts[] = { "192.0.2.1:4000", "[2001:db8::1]:5004" };
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sockaddr_storage ss;
		struct ups_addr a, b;

		assert_int_equal(ups_addr_parse(texts[i], true, &a), 0);
		assert_int_equal(ups_addr_family(&a), families[i]);
		assert_int_equal(ups_addr_to_sockaddr(&a, &ss),
				 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_int_equal(ss.ss_family, families[i]);
		ups_addr_from_sockaddr(&b, &ss);
		assert_true(ups_addr_equal(&a, &b));
		ups_addr_set_port(&b, 1);
		assert_false(ups_addr_equal(&a, &b));
		assert_true(ups_addr_same_ip(&a, &b));
		assert_int_equal(ups_addr_port(&b), 1);
	}
}

static const struct {
	const char *text;
	int result;
	const char *bytes;
	size_t size;
} base64s[] = {
	{ "", 0, "", 0 },
	{ "Zg==", 0, "f", 1 },
	{ "Zg", 0, "f", 1 },
	{ "Zm8=", 0, "fo", 2 },
	{ "Zm9vYmFy", 0, "foobar", 6 },
	{ "+/+/", 0, "\xfb\xff\xbf", 3 },
	{ "Z", UPS_E_SYNTAX, NULL, 0 },
	{ "Zh==", UPS_E_SYNTAX, NULL, 0 }, /* left-over bits: a second spelling of "f" */
	{ "Zm9v YmFy", UPS_E_SYNTAX, NULL, 0 },
	{ "Zm9=vYmF", UPS_E_SYNTAX, NULL, 0 },
	{ "Zm9-", UPS_E_SYNTAX, NULL, 0 }, /* the URL alphabet is another one */
	{ "Zm9\x80", UPS_E_SYNTAX, NULL, 0 },
	{ "====", UPS_E_SYNTAX, NULL, 0 },
};

static void base64_is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64s) / sizeof(base64s[0]); i++) {
		UPS_SECRET s = { 0 };
		int err = ups_secret_from_base64(&s, base64s[i].text, strlen(base64s[i].text));

		if (err != base64s[i].result)
			fail_msg("\"%s\": got %d", base64s[i].text, err);
		if (!err) {
			assert_int_equal(s.size, base64s[i].size);
			assert_memory_equal(s.data, base64s[i].bytes, s.size);
		}
	}
}

static void base64_knows_every_character(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char text[4] = { 'A', 'A', 'A', (char)c };
		const char *at = c ? strchr(alphabet, c) : NULL;
		UPS_SECRET s = { 0 };
		int err = ups_secret_from_base64(&s, text, 4);

		if (c == '=') { /* padding: "AAA" is two bytes */
			assert_int_equal(err, 0);
			assert_int_equal(s.size, 2);
		} else if (at) {
			assert_int_equal(err, 0);
			assert_int_equal(s.data[2], at - alphabet);
		} else {
			assert_int_equal(err, UPS_E_SYNTAX);
		}
	}
}

static void a_secret_too_long_is_refused(void **state)
{
	uint8_t bytes[UPS_SECRET_MAX + 1] = { 0 };
	char text[96];
	UPS_SECRET s = { 0 };

	(void)state;
	memset(text, 'A', sizeof(text));
	assert_int_equal(ups_secret_from_base64(&s, text, 88), UPS_E_KEY_LENGTH); /* 66 bytes */
	assert_int_equal(ups_secret_set(&s, bytes, sizeof(bytes)), UPS_E_KEY_LENGTH);
	assert_int_equal(ups_secret_set(&s, bytes, UPS_SECRET_MAX), 0);
	assert_int_equal(s.size, UPS_SECRET_MAX);
}

static void wiped_secrets_are_zero(void **state)
{
	static const struct ups_secret zero;
	struct ups_secret s;

	(void)state;
	memset(&s, 0xa5, sizeof(s));
	ups_secret_wipe(&s);
	assert_memory_equal(&s, &zero, sizeof(s));
}

static void equality_sees_every_bit(void **state)
{
	uint8_t a[33], b[33];

	(void)state;
	assert_int_equal(ups_random(a, sizeof(a)), 0);
	memcpy(b, a, sizeof(b));
	assert_true(ups_equal(a, b, sizeof(a)));
	for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(ups_equal(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(ups_equal(a, "x", 0));
}

static void the_cursor_fails_once_and_stays_failed(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct ups_cur c = ups_cur_init(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(ups_cur_u8(&c), 1);
	assert_int_equal(ups_cur_be16(&c), 0x0203);
	assert_int_equal(ups_cur_be32(&c), 0x04050607);
	assert_true(ups_cur_ok(&c));
	assert_int_equal(ups_cur_left(&c), 0);
	assert_non_null(ups_cur_bytes(&c, 0));
	assert_int_equal(ups_cur_be16(&c), 0);
	assert_false(ups_cur_ok(&c));
	assert_null(ups_cur_bytes(&c, 0));

	c = ups_cur_init(bytes, sizeof(bytes));
	assert_null(ups_cur_bytes(&c, SIZE_MAX)); /* no wrap-around of the comparison */
	assert_int_equal(ups_cur_u8(&c), 0);
	assert_int_equal(ups_cur_left(&c), 0);
}

/* Runs @body with stderr in a pipe; -> what it wrote, in @out. */
static void captured(void (*body)(void), char *out, size_t size)
{
	int saved = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	close(fds[1]);
	body();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	n = read(fds[0], out, size - 1);
	close(fds[0]);
	assert_true(n >= 0);
	out[n] = '\0';
}

static void storm(void)
{
	for (int i = 0; i < 1000; i++)
		ups_log_rl(UPS_LOG_WARNING, "packet %d", i);
	ups_debug("below the level");
	ups_warn("%s", "direct");
}

static void a_storm_of_events_is_one_line(void **state)
{
	char out[4096];

	(void)state;
	unsetenv("JOURNAL_STREAM");
	captured(storm, out, sizeof(out));
	assert_string_equal(out, "warning upsec: packet 0\nwarning upsec: direct\n");
}

static void giant(void)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ups_err("%s", text);
}

static void a_giant_line_is_cut_with_its_newline(void **state)
{
	char out[4096];

	(void)state;
	captured(giant, out, sizeof(out));
	assert_true(strlen(out) <= 1024);
	assert_int_equal(out[strlen(out) - 1], '\n');
	assert_int_equal(out[strlen(out) - 2], 'x');
}

static void journal_lines_carry_the_priority(void **state)
{
	char out[4096];

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	captured(giant, out, sizeof(out));
	unsetenv("JOURNAL_STREAM");
	assert_memory_equal(out, "<3>error upsec: x", 17);
}

static void log_levels_parse(void **state)
{
	enum ups_log_level level;

	(void)state;
	assert_int_equal(ups_log_parse_level("debug", &level), 0);
	assert_int_equal(level, UPS_LOG_DEBUG);
	assert_int_equal(ups_log_parse_level("DEBUG", &level), UPS_E_SYNTAX);
	assert_int_equal(ups_log_parse_level("", &level), UPS_E_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_own_error_has_its_sentence),
		cmocka_unit_test(fail_formats_and_returns_the_code),
		cmocka_unit_test(addresses_parse_and_print),
		cmocka_unit_test(addresses_survive_the_sockaddr_form),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(base64_knows_every_character),
		cmocka_unit_test(a_secret_too_long_is_refused),
		cmocka_unit_test(wiped_secrets_are_zero),
		cmocka_unit_test(equality_sees_every_bit),
		cmocka_unit_test(the_cursor_fails_once_and_stays_failed),
		cmocka_unit_test(a_storm_of_events_is_one_line),
		cmocka_unit_test(a_giant_line_is_cut_with_its_newline),
		cmocka_unit_test(journal_lines_carry_the_priority),
		cmocka_unit_test(log_levels_parse),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
