// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SDES key parameters (RFC 4568 6.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/sdes.h"
#include "rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY30 "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj" /* RFC 4568 4.5 */

static struct ups_sdes_key key;
static struct ups_errmsg msg;

static int parse(uint8_t suite, const char *text)
{
	msg.text[0] = '\0';
	return ups_sdes_parse_key(suite, text, strlen(text), &key, &msg);
}

static void good_parameters(void **state)
{
	static const struct {
		const char *text;
		uint64_t lifetime;
		uint8_t mki_len, mki_first, mki_last;
	} cases[] = {
		{ KEY30, 0, 0, 0, 0 },
		{ KEY30 "|2^20", 1 << 20, 0, 0, 0 },
		{ KEY30 "|2^20|1:4", 1 << 20, 4, 0, 1 },
		{ KEY30 "|1066:4", 0, 4, 0, 0x2a },
		{ KEY30 "|2^48", 1ULL << 48, 0, 0, 0 },
		{ KEY30 "|281474976710656", 1ULL << 48, 0, 0, 0 },
		{ KEY30 "|1", 1, 0, 0, 0 },
		{ KEY30 "|255:1", 0, 1, 255, 255 },
		{ KEY30 "|65280:2", 0, 2, 255, 0 },
		{ KEY30 "|7:128", 0, 128, 0, 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (parse(UPS_SUITE_AES_CM_128_HMAC_SHA1_80, cases[i].text))
			fail_msg("%s: %s", cases[i].text, msg.text);
		assert_int_equal(key.master.size, 30);
		assert_memory_equal(key.master.data, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
		assert_int_equal(key.lifetime, cases[i].lifetime);
		assert_int_equal(key.mki_len, cases[i].mki_len);
		assert_int_equal(key.mki[0], cases[i].mki_first);
		if (key.mki_len)
			assert_int_equal(key.mki[key.mki_len - 1], cases[i].mki_last);
	}
}

static void bad_parameters(void **state)
{
	static const char *const cases[] = {
		"",
		"inline:",
		"inline",
		"INLINE:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJS", /* 28 bytes */
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSojAAAA", /* 33 */
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAw!Soj",
		KEY30 "|",
		KEY30 "|0",
		KEY30 "|02",
		KEY30 "|-1",
		KEY30 "|2^0",
		KEY30 "|2^49",
		KEY30 "|2^",
		KEY30 "|3^4",
		KEY30 "|281474976710657",
		KEY30 "|99999999999999999999",
		KEY30 "|1:0",
		KEY30 "|1:129",
		KEY30 "|1:",
		KEY30 "|:1",
		KEY30 "|0:1",
		KEY30 "|01:1",
		KEY30 "|256:1",
		KEY30 "|65536:2",
		KEY30 "|1:1:1",
		KEY30 "|1:4|2^20", /* the lifetime comes first */
		KEY30 "|2^20|2^20",
		KEY30 "|1:4|1:4",
		KEY30 "||1:4",
		KEY30 "|2^20|1:4|",
		KEY30 ";" KEY30,
		" " KEY30,
		KEY30 " ",
	};
	static const struct ups_sdes_key zero;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!parse(UPS_SUITE_AES_CM_128_HMAC_SHA1_80, cases[i]))
			fail_msg("accepted: %s", cases[i]);
		assert_string_not_equal(msg.text, "");
		assert_null(strstr(msg.text, "d0Rm"));
		assert_memory_equal(&key, &zero, sizeof(key));
	}
	assert_int_equal(parse(UPS_SUITE_NONE, KEY30), UPS_E_SUITE);
	assert_int_equal(parse(UPS_SUITE_COUNT, KEY30), UPS_E_SUITE);
	assert_int_equal(parse(UPS_SUITE_AEAD_AES_256_GCM, KEY30), UPS_E_KEY_LENGTH);
}

static void long_mki(void **state)
{
	char text[600];
	int n = snprintf(text, sizeof(text), "%s|1", KEY30);

	(void)state;
	memset(text + n, '0', 308); /* 10^308 < 2^1024 = 128 bytes */
	strcpy(text + n + 308, ":128");
	assert_int_equal(parse(1, text), 0);
	memset(text + n, '0', 309); /* 10^309 > 2^1024 */
	strcpy(text + n + 309, ":128");
	assert_int_equal(parse(1, text), UPS_E_SYNTAX);
}

static void generated_keys_parse(void **state)
{
	struct rng r = { .state = 5 };

	(void)state;
	for (unsigned int round = 0; round < 400; round++) {
		uint8_t suite = (uint8_t)(1 + round % (UPS_SUITE_COUNT - 1));
		char text[UPS_SDES_TEXT];
		struct ups_secret master = { .size = (uint8_t)ups_sdes_master_size(suite) };

		rng_fill(&r, master.data, master.size);
		ups_sdes_format_key(&master, text);
		assert_int_equal(parse(suite, text), 0);
		assert_memory_equal(&key.master, &master, sizeof(master));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_parameters),
		cmocka_unit_test(bad_parameters),
		cmocka_unit_test(long_mki),
		cmocka_unit_test(generated_keys_parse),
	};

	return cmocka_run_group_tests_name("sdes keys", tests, NULL, NULL);
}
