// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Header checks against every length: each prefix of a good packet is refused, the whole is accepted, nothing beyond is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dp/police.h"

/* A copy whose end is the end of an allocation, so that the address sanitizer sees one byte too many */
static uint8_t check_exact(uint8_t (*check)(const uint8_t *, size_t), const uint8_t *p, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1), reason;

	assert_non_null(exact);
	memcpy(exact, p, size);
	reason = check(exact, size);
	free(exact);
	return reason;
}

/* Fixed header, two CSRCs, an extension of three words */
static void test_rtp_prefixes(void **state)
{
	const uint8_t p[36] = { [0] = 0x92,  [1] = 96,	  [8] = 0x11,  [9] = 0x22, [10] = 0x33,
				[11] = 0x44, [20] = 0xbe, [21] = 0xde, [23] = 3 };

	(void)state;
	for (size_t size = 0; size <= sizeof(p); size++)
		assert_int_equal(check_exact(ups_police_rtp, p, size), size < 12 ? UPS_DROP_SHORT
								       : size < sizeof(p)
									       ? UPS_DROP_MALFORMED
									       : 0);
	assert_int_equal(ups_police_ssrc(p, false), 0x11223344);
}

/* Sender report of 7 words, receiver report of 2, BYE without SSRC */
static void test_rtcp_prefixes(void **state)
{
	uint8_t p[40] = { 0x80, 200, 0, 6, 0x55, 0x66, 0x77, 0x88 };

	(void)state;
	memcpy(p + 28, (uint8_t[]) { 0x80, 201, 0, 1, 1, 2, 3, 4, 0x80, 203, 0, 0 }, 12);
	for (size_t size = 0; size <= sizeof(p); size++) {
		uint8_t want = size < 8 ? UPS_DROP_SHORT : UPS_DROP_MALFORMED;

		if (size == 28 || size == 36 || size == 40)
			want = 0;
		assert_int_equal(check_exact(ups_police_rtcp, p, size), want);
	}
	assert_int_equal(ups_police_ssrc(p, true), 0x55667788);
	for (unsigned int version = 0; version < 4; version++) {
		p[36] = (uint8_t)(version << 6);
		assert_int_equal(ups_police_rtcp(p, sizeof(p)),
				 version == 2 ? 0 : UPS_DROP_MALFORMED);
	}
}

static void test_class(void **state)
{
	const uint8_t rtcp[] = { 0x80, 200 }, rtp[] = { 0x80, 96 }, stun[] = { 1 };

	(void)state;
	assert_int_equal(ups_police_class(rtcp, 2), UPS_DEMUX_RTCP);
	assert_int_equal(ups_police_class(rtcp, 1), UPS_DEMUX_RTP);
	assert_int_equal(ups_police_class(rtp, 2), UPS_DEMUX_RTP);
	assert_int_equal(ups_police_class(stun, 1), UPS_DEMUX_STUN);
	assert_int_equal(ups_police_class(stun, 0), UPS_DEMUX_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtp_prefixes),
		cmocka_unit_test(test_rtcp_prefixes),
		cmocka_unit_test(test_class),
	};

	return cmocka_run_group_tests_name("header checks", tests, NULL, NULL);
}
