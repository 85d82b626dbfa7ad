// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* STUN Binding: the vectors of RFC 5769, what is refused, and that what is written is what they read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "proto/stun.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PASSWORD UPS_TEXT("VOkJxbRl1RmTxUk/WvJxBt")

static const uint8_t id[UPS_STUN_ID] = { 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
					 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };
static const struct ups_text nobody;

/* RFC 5769 2.1, 2.2, 2.3 */
static const char request_hex[] =
	"000100582112a442b7e7a701bc34d686fa87dfae" /* header */
	"802200105354554e207465737420636c69656e74" /* SOFTWARE */
	"002400046e0001ff" /* PRIORITY */
	"80290008932ff9b151263b36" /* ICE-CONTROLLED */
	"000600096576746a3a68367659202020" /* USERNAME, padded with blanks */
	"000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2" /* MESSAGE-INTEGRITY */
	"80280004e57a3bcf"; /* FINGERPRINT */
static const char response4_hex[] = "0101003c2112a442b7e7a701bc34d686fa87dfae"
				    "8022000b7465737420766563746f7220"
				    "002000080001a147e112a643"
				    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
				    "80280004c07d4c96";
static const char response6_hex[] = "010100482112a442b7e7a701bc34d686fa87dfae"
				    "8022000b7465737420766563746f7220"
				    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
				    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
				    "80280004c8fb0b4c";
#define AT_INTEGRITY 76 /* in the request */
#define AT_FINGERPRINT 100

static struct ups_stun stun;

static size_t unhex(const char *text, uint8_t *out)
{
	size_t size = 0;

	for (; text[0]; text += 2) {
		unsigned int byte;

		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		out[size++] = (uint8_t)byte;
	}
	return size;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void rfc5769_vectors_parse_and_verify(void **state)
{
	static const struct {
		const char *hex;
		enum ups_stun_type type;
	} cases[] = {
		{ request_hex, UPS_STUN_REQUEST },
		{ response4_hex, UPS_STUN_SUCCESS },
		{ response6_hex, UPS_STUN_SUCCESS },
	};
	uint8_t data[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = unhex(cases[i].hex, data);

		assert_int_equal(ups_stun_parse(data, size, &stun), 0);
		assert_int_equal(stun.type, cases[i].type);
		assert_memory_equal(stun.id, id, sizeof(id));
		assert_true(stun.has_integrity && stun.has_fingerprint);
		assert_true(ups_stun_verify(data, &stun, PASSWORD));
		assert_false(ups_stun_verify(data, &stun, UPS_TEXT("VOkJxbRl1RmTxUk/WvJxBT")));
		assert_false(ups_stun_verify(data, &stun, UPS_TEXT("")));
		assert_false(ups_stun_verify(data, &stun, nobody));
	}
}

static void a_request_tells_its_attributes(void **state)
{
	uint8_t data[200];
	size_t size = unhex(request_hex, data);

	(void)state;
	assert_int_equal(ups_stun_parse(data, size, &stun), 0);
	assert_true(ups_text_is(stun.username, "evtj:h6vY"));
	assert_true(stun.ice_controlled);
	assert_false(stun.ice_controlling || stun.use_candidate);
	assert_int_equal(stun.unknown, 0);
	assert_int_equal(stun.integrity_at, AT_INTEGRITY);
}

/* The tag covers everything before it: one bit anywhere there, or in it, and it does not hold. */
static void every_changed_bit_breaks_the_integrity(void **state)
{
	uint8_t data[200];
	size_t size = unhex(request_hex, data);

	(void)state;
	assert_int_equal(ups_stun_parse(data, size, &stun), 0);
	for (size_t bit = 0; bit < AT_FINGERPRINT * 8; bit++) {
		if (bit / 8 == 2 || bit / 8 == 3)
			continue; /* the length, which is put right before the computation */
		if (bit / 8 >= AT_INTEGRITY && bit / 8 < AT_INTEGRITY + 4)
			continue;
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(ups_stun_verify(data, &stun, PASSWORD));
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(ups_stun_verify(data, &stun, PASSWORD));
}

static void every_changed_bit_breaks_the_fingerprint(void **state)
{
	uint8_t data[200];
	size_t size = unhex(request_hex, data);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		if (bit / 8 >= AT_FINGERPRINT && bit / 8 < AT_FINGERPRINT + 4)
			continue; /* then it is another attribute */
		/* With another length, an attribute may cover it; it is not there then. */
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(ups_stun_parse(data, size, &stun) == UPS_E_SYNTAX ||
			    !stun.has_fingerprint);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(ups_stun_parse(data, size, &stun), 0);
}

/* @attributes behind a header whose length is right; MESSAGE-INTEGRITY and FINGERPRINT are not there. */
static int parse_with(const char *attributes)
{
	char text[600];
	static uint8_t data[300];

	snprintf(text, sizeof(text), "0001%04zx2112a442b7e7a701bc34d686fa87dfae%s",
		 strlen(attributes) / 2, attributes);
	return ups_stun_parse(data, unhex(text, data), &stun);
}

static void malformed_messages_are_refused(void **state)
{
	static const char *const attributes[] = {
		"0006000161", /* no padding */
		"000600", /* no whole header */
		"00060005616263640000", /* cut padding */
		"0006ffff61626364", /* beyond the end */
		"00250001ff000000", /* USE-CANDIDATE with a value */
		"80290004000000ff", /* ICE-CONTROLLED of 4 bytes */
		"802a000400000000",
		"0008000400000000", /* MESSAGE-INTEGRITY of 4 bytes */
		"8028000400000000", /* a wrong FINGERPRINT */
		"80280000", /* an empty one */
		"00000000", /* the reserved type */
	};
	static const char *const headers[] = {
		"000100002112a443b7e7a701bc34d686fa87dfae", /* cookie */
		"000300002112a442b7e7a701bc34d686fa87dfae", /* Allocate */
		"400100002112a442b7e7a701bc34d686fa87dfae", /* a channel of TURN */
		"800100002112a442b7e7a701bc34d686fa87dfae", /* RTP */
		"000100042112a442b7e7a701bc34d686fa87dfae", /* longer than it is */
		"000100002112a442b7e7a701bc34d686fa87dfae00000000", /* shorter */
		"000100022112a442b7e7a701bc34d686fa87dfae0000", /* not of four bytes */
	};
	static uint8_t data[3000];

	(void)state;
	for (size_t i = 0; i < COUNT(attributes); i++) {
		if (parse_with(attributes[i]) != UPS_E_SYNTAX)
			fail_msg("accepted: %s", attributes[i]);
	}
	for (size_t i = 0; i < COUNT(headers); i++) {
		if (ups_stun_parse(data, unhex(headers[i], data), &stun) != UPS_E_SYNTAX)
			fail_msg("accepted: %s", headers[i]);
	}
	unhex(request_hex, data);
	for (size_t size = 0; size < 108; size++)
		assert_int_equal(ups_stun_parse(data, size, &stun),
				 size < 20 ? UPS_E_TRUNCATED : UPS_E_SYNTAX);
}

/* Longer than any datagram that carries one; the work on one message stays bounded. */
static void a_message_has_at_most_2048_bytes(void **state)
{
	static uint8_t data[2052];

	(void)state;
	unhex("000107ec2112a442b7e7a701bc34d686fa87dfae", data); /* 2028 bytes of attributes */
	for (size_t at = 20; at < sizeof(data); at += 4)
		data[at] = 0xff; /* nobody knows it, nobody need */
	assert_int_equal(ups_stun_parse(data, 2048, &stun), 0);
	data[3] = 0xf0;
	assert_int_equal(ups_stun_parse(data, 2052, &stun), UPS_E_SYNTAX);
}

static void a_bare_request(void **state)
{
	(void)state;
	assert_int_equal(parse_with(""), 0);
	assert_null(stun.username.at);
	assert_false(stun.has_integrity || stun.has_fingerprint);
	assert_false(ups_stun_verify("", &stun, PASSWORD));
}

static void attributes_nobody_knows_are_told_if_they_must_be_understood(void **state)
{
	(void)state;
	assert_int_equal(parse_with("00250000802a00080102030405060708"), 0);
	assert_true(stun.use_candidate && stun.ice_controlling);
	assert_int_equal(stun.unknown, 0);
	assert_int_equal(parse_with("8abc0000"), 0);
	assert_int_equal(stun.unknown, 0);
	assert_int_equal(parse_with("8abc00007fff000000030000"), 0);
	assert_int_equal(stun.unknown, 0x7fff);
	assert_int_equal(parse_with("00060001610000000006000162000000"), 0);
	assert_true(ups_text_is(stun.username, "a"));
}

/* What an attacker appends to an authentic request says nothing. */
static void attributes_behind_the_integrity_are_ignored(void **state)
{
	static const char behind[] = "0001005c2112a442b7e7a701bc34d686fa87dfae"
				     "802200105354554e207465737420636c69656e74"
				     "002400046e0001ff"
				     "80290008932ff9b151263b36"
				     "000600096576746a3a68367659202020"
				     "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
				     "00250000"
				     "802a00080102030405060708";
	uint8_t data[200];
	size_t size = unhex(behind, data);

	(void)state;
	data[3] = (uint8_t)(size - 20);
	assert_int_equal(ups_stun_parse(data, size, &stun), 0);
	assert_false(stun.use_candidate || stun.ice_controlling);
	assert_true(stun.ice_controlled);
	assert_true(ups_stun_verify(data, &stun, PASSWORD)); /* of the part before it holds */
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static struct ups_addr address(const char *text)
{
	struct ups_addr a;

	assert_int_equal(ups_addr_parse(text, true, &a), 0);
	return a;
}

static void rfc5769_mapped_addresses_are_written_as_in_the_vectors(void **state)
{
	struct ups_addr v4 = address("192.0.2.1:32853");
	struct ups_addr v6 = address("[2001:db8:1234:5678:11:2233:4455:6677]:32853");
	uint8_t out[200], vector[200];

	(void)state;
	unhex(response4_hex, vector);
	assert_int_equal(ups_stun_success(out, sizeof(out), id, &v4, nobody), 20 + 12 + 8);
	assert_memory_equal(out + 20, vector + 36, 12);
	unhex(response6_hex, vector);
	assert_int_equal(ups_stun_success(out, sizeof(out), id, &v6, nobody), 20 + 24 + 8);
	assert_memory_equal(out + 20, vector + 36, 24);
}

static void what_is_written_parses_and_verifies(void **state)
{
	struct ups_addr v6 = address("[2001:db8::1]:9");
	uint8_t out[200];
	size_t size;

	(void)state;
	size = ups_stun_success(out, sizeof(out), id, &v6, PASSWORD);
	assert_int_equal(ups_stun_parse(out, size, &stun), 0);
	assert_int_equal(stun.type, UPS_STUN_SUCCESS);
	assert_memory_equal(stun.id, id, sizeof(id));
	assert_true(stun.has_integrity && stun.has_fingerprint);
	assert_true(ups_stun_verify(out, &stun, PASSWORD));
	size = ups_stun_request(out, sizeof(out), id);
	assert_int_equal(size, 28);
	assert_int_equal(ups_stun_parse(out, size, &stun), 0);
	assert_int_equal(stun.type, UPS_STUN_REQUEST);
	assert_true(stun.has_fingerprint && !stun.has_integrity);
}

static void errors_tell_their_code(void **state)
{
	static const struct {
		unsigned int code;
		uint16_t unknown;
		const char *expected; /* of the attributes before FINGERPRINT */
	} cases[] = {
		{ 400, 0, "0009000f00000400426164205265717565737400" },
		{ 487, 0, "0009001100000457526f6c6520436f6e666c696374000000" },
		{ 420, 0x7fff,
		  "0009001500000414556e6b6e6f776e20417474726962757465000000000a00027fff0000" },
	};
	uint8_t out[200], expected[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t size = ups_stun_error(out, sizeof(out), id, cases[i].code, cases[i].unknown,
					     nobody);
		size_t want = unhex(cases[i].expected, expected);

		assert_int_equal(ups_stun_parse(out, size, &stun), 0);
		assert_int_equal(stun.type, UPS_STUN_ERROR);
		assert_int_equal(stun.unknown, 0);
		assert_int_equal(size, 20 + want + 8);
		assert_memory_equal(out + 20, expected, want);
	}
	assert_true(ups_stun_error(out, sizeof(out), id, 401, 0, nobody) > 0);
	assert_int_equal(ups_stun_parse(out, ups_stun_error(out, sizeof(out), id, 487, 0, PASSWORD),
					&stun),
			 0);
	assert_true(ups_stun_verify(out, &stun, PASSWORD));
}

static void too_little_room_gives_nothing(void **state)
{
	struct ups_addr v4 = address("192.0.2.1:1");
	uint8_t out[200];
	size_t size = ups_stun_success(out, sizeof(out), id, &v4, PASSWORD);

	(void)state;
	assert_int_equal(size, 20 + 12 + 24 + 8);
	for (size_t room = 0; room < size; room++) {
		memset(out, 0x5a, sizeof(out));
		assert_int_equal(ups_stun_success(out, room, id, &v4, PASSWORD), 0);
		assert_int_equal(out[room], 0x5a);
	}
	assert_int_equal(ups_stun_success(out, size, id, &v4, PASSWORD), size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5769_vectors_parse_and_verify),
		cmocka_unit_test(a_request_tells_its_attributes),
		cmocka_unit_test(every_changed_bit_breaks_the_integrity),
		cmocka_unit_test(every_changed_bit_breaks_the_fingerprint),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(a_message_has_at_most_2048_bytes),
		cmocka_unit_test(a_bare_request),
		cmocka_unit_test(attributes_nobody_knows_are_told_if_they_must_be_understood),
		cmocka_unit_test(attributes_behind_the_integrity_are_ignored),
		cmocka_unit_test(rfc5769_mapped_addresses_are_written_as_in_the_vectors),
		cmocka_unit_test(what_is_written_parses_and_verifies),
		cmocka_unit_test(errors_tell_their_code),
		cmocka_unit_test(too_little_room_gives_nothing),
	};

	return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
