// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Offer and answer from end to end: plain, SDES, DTLS-SRTP, and what each leg then has. */
#include "callfix.h"

static int setup(void **state)
{
	*state = world_create(true);
	return 0;
}

static int teardown(void **state)
{
	world_destroy(*state);
	return 0;
}

static void plain_call_as_the_proxy_asks(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"), 0);
	assert_line(w, "RTP/AVP 0\r\nc=IN IP4 198.51.100.1\r\n");
	assert_line(w, "a=rtpmap:0 PCMU/8000\r\n");
	assert_no_line(w, "a=crypto");
	assert_no_line(w, "192.0.2.77\r\nt=");
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 RTP/AVP 0\r\n"), 0);
	assert_line(w, "c=IN IP4 192.0.2.200\r\n");
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_CLEAR);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 1)->remote), 5000);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
}

static void sdes_towards_the_callee(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	w->flags.transport = UPS_SDP_SAVP;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"), 0);
	assert_line(w, "RTP/SAVP 0\r\n");
	assert_line(w, "a=crypto:1 AEAD_AES_256_GCM inline:");
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_line(w, "RTP/AVP 0\r\n");
	assert_no_line(w, "a=crypto");
	assert_int_equal(leg_of(w, 0, 1)->mode, UPS_MODE_SRTP);
	assert_int_equal(leg_of(w, 0, 1)->tx.suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(leg_of(w, 0, 1)->rx_count, 1);
	assert_int_equal(leg_of(w, 0, 1)->decision.mechanism, UPS_MECH_SDES);
}

static void sdes_on_both_sides_with_own_keys(void **state)
{
	struct world *w = *state;
	char sdp[1024], ours[80], theirs[80];

	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A)),
			 0);
	assert_no_line(w, KEY_A);
	crypto_of(w, CM80, ours);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_no_line(w, KEY_B);
	assert_int_equal(crypto_of(w, CM80, theirs), 7);
	assert_string_not_equal(ours, theirs);
}

static void dtls_towards_both(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=setup:actpass\r\n"
					 "a=rtcp-mux\r\n" FINGERPRINT_A),
			 0);
	assert_line(w, "UDP/TLS/RTP/SAVPF 0\r\n");
	assert_line(w, "a=setup:actpass\r\na=fingerprint:sha-256 AB:AB:");
	assert_line(w, "a=tls-id:");
	assert_int_equal(leg_of(w, 0, 1)->dtls.role, UPS_DTLS_UNDECIDED);
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 UDP/TLS/RTP/SAVPF 0\r\na=setup:active\r\n"
					  "a=rtcp-mux\r\n" FINGERPRINT_B),
			 0);
	assert_int_equal(leg_of(w, 0, 1)->dtls.role, UPS_DTLS_PASSIVE);
	assert_int_equal(leg_of(w, 0, 1)->dtls.fingerprint_count, 1);
	assert_int_equal(leg_of(w, 0, 1)->dtls.fingerprint[0].value[0], 0xbb);
	assert_true(leg_of(w, 0, 0)->dtls.on);
	assert_line(w, "a=setup:passive\r\n"); /* alice latches: she may be behind NAT */
}

static void refused_plan_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct ups_call_info info;

	w->refuse = true;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"), 0);
	assert_null(session_of(w));
	assert_int_equal(ups_calls_info(w->calls, UPS_TEXT("call@test"), &info), UPS_E_NO_SESSION);
}

static void delete_by_call_id_alone(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"), 0);
	assert_int_equal(ups_calls_delete(w->calls, UPS_TEXT("call@test"), (struct ups_text) {},
					  (struct ups_text) {}, &w->plan, &w->msg),
			 0);
	ups_calls_commit(w->calls, &w->plan);
	assert_null(session_of(w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_call_as_the_proxy_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(sdes_towards_the_callee, setup, teardown),
		cmocka_unit_test_setup_teardown(sdes_on_both_sides_with_own_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(dtls_towards_both, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_plan_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(delete_by_call_id_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
