// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SDES key parameters (RFC 4568 6.1) and the attribute a=crypto around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/sdes.h"
#include "rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND "inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj" /* RFC 4568 4.5 */
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

/* ---- a=crypto ---------------------------------------------------------------------------------------------------- */

#define CM80 "AES_CM_128_HMAC_SHA1_80 "

static struct ups_sdes_crypto crypto;

static int parse_crypto(const char *text)
{
	memset(&crypto, 0x5a, sizeof(crypto));
	msg.text[0] = '\0';
	return ups_sdes_parse_crypto(ups_text_of(text), &crypto, &msg);
}

static void good_crypto(const char *text)
{
	if (parse_crypto(text))
		fail_msg("%s: %s", text, msg.text);
}

static void an_attribute_with_all_its_parts(void **state)
{
	(void)state;
	good_crypto("12 " CM80 KEY30 "|2^20|1066:4;" SECOND "|2^21|2:4 KDR=24 UNENCRYPTED_SRTP "
		    "UNENCRYPTED_SRTCP UNAUTHENTICATED_SRTP FEC_ORDER=SRTP_FEC WSH=128 -new=x");
	assert_int_equal(crypto.tag, 12);
	assert_int_equal(crypto.suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(crypto.key_count, 2);
	assert_int_equal(crypto.key[0].lifetime, 1 << 20);
	assert_int_equal(crypto.key[1].lifetime, 1 << 21);
	assert_memory_equal(crypto.key[0].master.data, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
	assert_memory_equal(crypto.key[1].master.data, "70xwPH5@/,L:S1wY\"~='EpgT%(i_Vc", 30);
	assert_memory_equal(crypto.key[0].mki, "\0\0\x04\x2a", 4);
	assert_true(crypto.unencrypted_srtp && crypto.unencrypted_srtcp &&
		    crypto.unauthenticated_srtp && crypto.fec);
	assert_int_equal(crypto.kdr, 24);
	assert_int_equal(crypto.window, 128);
}

static void what_is_not_said_is_zero(void **state)
{
	(void)state;
	good_crypto("0 " CM80 KEY30);
	assert_int_equal(crypto.tag, 0);
	assert_int_equal(crypto.key_count, 1);
	assert_false(crypto.unencrypted_srtp || crypto.unencrypted_srtcp ||
		     crypto.unauthenticated_srtp || crypto.fec);
	assert_int_equal(crypto.kdr, 0);
	assert_int_equal(crypto.window, 0);
	assert_int_equal(crypto.key[0].lifetime, 0);
}

static void rfc4568_accepted_forms(void **state)
{
	static const char *const cases[] = {
		"1 " CM80 KEY30,
		" 1  AES_CM_128_HMAC_SHA1_80\t" KEY30 " ", /* 1*WSP */
		"999999999 " CM80 KEY30,
		"001 " CM80 KEY30,
		"1 aes_cm_128_hmac_sha1_80 " KEY30, /* ABNF strings know no case */
		"1 " CM80 KEY30 " KDR=0",
		"1 " CM80 KEY30 " KDR=1",
		"1 " CM80 KEY30 " WSH=64",
		"1 " CM80 KEY30 " WSH=4000000000",
		"1 " CM80 KEY30 " FEC_ORDER=FEC_SRTP FEC_KEY=" SECOND,
		"1 " CM80 KEY30 " -x -x -KDR=99",
		"1 " CM80 KEY30 "|2^48",
		"1 AEAD_AES_128_GCM inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ", /* without = */
		"1 AEAD_AES_128_GCM inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ==",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		good_crypto(cases[i]);
		assert_int_not_equal(crypto.suite, UPS_SUITE_NONE);
		assert_int_equal(crypto.key_count, 1);
	}
	good_crypto(cases[8]);
	assert_int_equal(crypto.window, 65535);
}

static void rfc4568_unknown_suites_are_no_error_and_give_no_key(void **state)
{
	static const char *const cases[] = {
		"1 F8_128_HMAC_SHA1_80 " KEY30,
		"1 NULL_HMAC_SHA1_80 " KEY30,
		"1 AES_CM_128_HMAC_SHA1_81 " KEY30 " WHAT",
		"1 DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM inline:AAAA",
		"1 X other:",
	};
	static const struct ups_sdes_key zero;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		good_crypto(cases[i]);
		assert_int_equal(crypto.tag, 1);
		assert_int_equal(crypto.suite, UPS_SUITE_NONE);
		assert_int_equal(crypto.key_count, 0);
		assert_memory_equal(&crypto.key[0], &zero, sizeof(zero));
	}
}

static void rfc4568_invalid_attributes_leave_nothing_behind(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *told;
	} cases[] = {
		{ "", UPS_E_SYNTAX, "tag" },
		{ "x " CM80 KEY30, UPS_E_SYNTAX, "tag: expected 1..9 digits" },
		{ "-1 " CM80 KEY30, UPS_E_SYNTAX, "tag" },
		{ "1000000000 " CM80 KEY30, UPS_E_SYNTAX, "tag" },
		{ "0000000001 " CM80 KEY30, UPS_E_SYNTAX, "tag" },
		{ "1", UPS_E_SYNTAX, "suite" },
		{ "1 AES-CM " KEY30, UPS_E_SYNTAX, "suite" },
		{ "1 " KEY30, UPS_E_SYNTAX, "suite" },
		{ "1 " CM80, UPS_E_SYNTAX, "key parameters" },
		{ "1 F8_128_HMAC_SHA1_80", UPS_E_SYNTAX, "key parameters" },
		{ "1 " CM80 "other:x", UPS_E_SYNTAX, "inline:" },
		{ "1 " CM80 KEY30 "A", UPS_E_SYNTAX, "base64" },
		{ "1 " CM80 KEY30 "AAAA", UPS_E_KEY_LENGTH, "30 bytes" },
		{ "1 AES_256_CM_HMAC_SHA1_80 " KEY30, UPS_E_KEY_LENGTH, "46 bytes" },
		{ "1 " CM80 KEY30 "|2^49", UPS_E_SYNTAX, "lifetime" },
		{ "1 " CM80 KEY30 "|1:4|2^20", UPS_E_SYNTAX, "at most" },
		{ "1 " CM80 KEY30 ";", UPS_E_SYNTAX, "inline:...[;inline:...]" },
		{ "1 " CM80 ";" KEY30, UPS_E_SYNTAX, "inline:" },
		/* several keys */
		{ "1 " CM80 KEY30 ";" SECOND, UPS_E_SYNTAX, "MKI of one length" },
		{ "1 " CM80 KEY30 "|1:4;" SECOND, UPS_E_SYNTAX, "MKI of one length" },
		{ "1 " CM80 KEY30 ";" SECOND "|1:4", UPS_E_SYNTAX, "MKI of one length" },
		{ "1 " CM80 KEY30 "|1:4;" SECOND "|2:2", UPS_E_SYNTAX, "MKI of one length" },
		{ "1 " CM80 KEY30 "|1:4;" SECOND "|1:4", UPS_E_SYNTAX, "different MKIs" },
		{ "1 " CM80 KEY30 "|1:4;" KEY30 "|2:4", UPS_E_SYNTAX, "different keys" },
		{ "1 " CM80 KEY30 "|1:1;" SECOND "|2:1;" KEY30 "|3:1;" KEY30 "|4:1;" KEY30 "|5:1",
		  UPS_E_RANGE, "more than 4 keys" },
		/* session parameters */
		{ "1 " CM80 KEY30 " KDR", UPS_E_SYNTAX, "KDR=: expected 0..24" },
		{ "1 " CM80 KEY30 " KDR=", UPS_E_SYNTAX, "KDR=" },
		{ "1 " CM80 KEY30 " KDR=25", UPS_E_SYNTAX, "KDR=" },
		{ "1 " CM80 KEY30 " KDR=001", UPS_E_SYNTAX, "KDR=" },
		{ "1 " CM80 KEY30 " KDR=1 KDR=1", UPS_E_SYNTAX, "KDR: expected only once" },
		{ "1 " CM80 KEY30 " kdr=1", UPS_E_SYNTAX, "unknown" },
		{ "1 " CM80 KEY30 " WSH=63", UPS_E_SYNTAX, "WSH=" },
		{ "1 " CM80 KEY30 " WSH=x", UPS_E_SYNTAX, "WSH=" },
		{ "1 " CM80 KEY30 " WSH=64 WSH=65", UPS_E_SYNTAX, "WSH: expected only once" },
		{ "1 " CM80 KEY30 " UNENCRYPTED_SRTP=", UPS_E_SYNTAX, "no value" },
		{ "1 " CM80 KEY30 " UNENCRYPTED_SRTCP=1", UPS_E_SYNTAX, "no value" },
		{ "1 " CM80 KEY30 " UNAUTHENTICATED_SRTP UNAUTHENTICATED_SRTP", UPS_E_SYNTAX,
		  "only once" },
		{ "1 " CM80 KEY30 " UNAUTHENTICATED_SRTCP", UPS_E_SYNTAX, "unknown" },
		{ "1 " CM80 KEY30 " FEC_ORDER=SRTP", UPS_E_SYNTAX, "FEC_ORDER" },
		{ "1 " CM80 KEY30 " FEC_ORDER", UPS_E_SYNTAX, "FEC_ORDER" },
		{ "1 " CM80 KEY30 " FEC_KEY=x", UPS_E_SYNTAX, "FEC_KEY" },
		{ "1 " CM80 KEY30 " NEW", UPS_E_SYNTAX, "unknown session parameter" },
		{ "1 " CM80 KEY30 " -", UPS_E_SYNTAX, "unknown session parameter" },
		{ "1 " CM80 KEY30 " " SECOND, UPS_E_SYNTAX, "unknown session parameter" },
	};
	static const struct ups_sdes_crypto zero;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = parse_crypto(cases[i].text);

		if (err != cases[i].err || !strstr(msg.text, cases[i].told))
			fail_msg("%s: %d '%s'", cases[i].text, err, msg.text);
		assert_null(strstr(msg.text, "d0Rm"));
		assert_null(strstr(msg.text, "NzB4"));
		assert_memory_equal(&crypto, &zero, sizeof(zero));
	}
}

/* A copy of exactly the size, so that the sanitizer sees a byte too many. */
static void every_prefix_is_read_within_its_bounds(void **state)
{
	static const char text[] = "1 " CM80 KEY30 "|2^20|1:4;" SECOND "|2^20|2:4 KDR=1 WSH=64";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = test_malloc(len ? len : 1);
		int err;

		memcpy(copy, text, len);
		err = ups_sdes_parse_crypto((struct ups_text) { copy, len }, &crypto, &msg);
		assert_true(err == 0 || crypto.key_count == 0);
		test_free(copy);
	}
	assert_int_equal(crypto.key_count, 2); /* the last one is whole */
}

static void written_attributes_read_the_same(void **state)
{
	static const char *const cases[] = {
		"1 " CM80 KEY30,
		"999999999 " CM80 KEY30 "|2^20",
		"1 " CM80 KEY30 "|1",
		"1 " CM80 KEY30 "|2^48|1066:4",
		"1 " CM80 KEY30 "|3|255:1 UNENCRYPTED_SRTCP",
		"1 " CM80 KEY30 "|18446744073709551616:128",
		"1 AEAD_AES_128_GCM inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJQ==",
	};
	char text[600];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ups_buf b = ups_buf_init(text, sizeof(text));

		good_crypto(cases[i]);
		ups_sdes_put_crypto(&b, crypto.tag, crypto.suite, &crypto.key[0],
				    crypto.unencrypted_srtcp);
		assert_true(ups_buf_ok(&b));
		assert_int_equal(b.size, strlen(cases[i]));
		assert_memory_equal(text, cases[i], b.size);
	}
}

static void what_cannot_be_written_fails_the_buffer(void **state)
{
	struct ups_sdes_key k = { .master.size = 30 };
	char text[600];
	struct ups_buf b;

	(void)state;
#define FAILS(...)                                    \
	do {                                          \
		b = ups_buf_init(text, sizeof(text)); \
		ups_sdes_put_crypto(&b, __VA_ARGS__); \
		assert_false(ups_buf_ok(&b));         \
	} while (0)
	FAILS(1, UPS_SUITE_NONE, &k, false);
	FAILS(1, UPS_SUITE_COUNT, &k, false);
	FAILS(1000000000, UPS_SUITE_AES_CM_128_HMAC_SHA1_80, &k, false);
	FAILS(1, UPS_SUITE_AEAD_AES_256_GCM, &k, false);
	k.mki_len = 4; /* of zero */
	FAILS(1, UPS_SUITE_AES_CM_128_HMAC_SHA1_80, &k, false);
#undef FAILS
}

static void wiping_leaves_zeros(void **state)
{
	static const struct ups_sdes_crypto zero;

	(void)state;
	good_crypto("1 " CM80 KEY30);
	ups_sdes_crypto_wipe(&crypto);
	assert_memory_equal(&crypto, &zero, sizeof(zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_parameters),
		cmocka_unit_test(bad_parameters),
		cmocka_unit_test(long_mki),
		cmocka_unit_test(generated_keys_parse),
		cmocka_unit_test(an_attribute_with_all_its_parts),
		cmocka_unit_test(what_is_not_said_is_zero),
		cmocka_unit_test(rfc4568_accepted_forms),
		cmocka_unit_test(rfc4568_unknown_suites_are_no_error_and_give_no_key),
		cmocka_unit_test(rfc4568_invalid_attributes_leave_nothing_behind),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(written_attributes_read_the_same),
		cmocka_unit_test(what_cannot_be_written_fails_the_buffer),
		cmocka_unit_test(wiping_leaves_zeros),
	};

	return cmocka_run_group_tests_name("sdes keys", tests, NULL, NULL);
}
