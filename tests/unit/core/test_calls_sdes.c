// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Security descriptions in calls: the rules of RFC 4568 and the attacks on them, one test each. */
#include "callfix.h"

#define OFFER_A(key) HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, key)

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

/* alice and bob agree on CM80 */
static void agree(struct world *w, const char *key_b)
{
	char sdp[1024];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	sdes_answer(w, CM80, key_b, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
}

static void answer_with_line(struct world *w, const char *lines, int expected)
{
	char sdp[2048];

	snprintf(sdp, sizeof(sdp), HEAD_B "m=audio 4000 RTP/SAVP 0\r\n%s", lines);
	assert_int_equal(answer(w, sdp), expected);
}

/* ---- RFC 4568 5.1.2, 5.1.3, 7.1: choosing and checking ----------------------------------------------------------------- */

static void rfc4568_first_acceptable_line_is_taken(void **state)
{
	struct world *w = *state;
	char sdp[1024], ours[80];

	assert_int_equal(offer(w,
			       HEAD_A "m=audio 4000 RTP/SAVP 0\r\n"
				      "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY_C "\r\n"
				      "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:short\r\n" CRYPTO(
					      "3", CM80, KEY_A)),
			 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(crypto_of(w, CM80, ours), 3);
}

static void rfc4568_answer_echoes_tag_and_suite_with_own_key(void **state)
{
	struct world *w = *state;
	char ours[80];

	agree(w, KEY_B);
	assert_int_equal(crypto_of(w, CM80, ours), 7);
	assert_string_not_equal(ours, KEY_A);
	assert_string_not_equal(ours, KEY_B);
}

static void rfc4568_answer_without_crypto_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	answer_with_line(w, "", UPS_E_POLICY);
}

static void rfc4568_answer_with_two_lines_fails(void **state)
{
	struct world *w = *state;
	char lines[512], ours[80];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	snprintf(lines, sizeof(lines), "a=crypto:%u %s inline:%s\r\na=crypto:9 %s inline:%s\r\n",
		 crypto_of(w, CM80, ours), CM80, KEY_B, CM80, KEY_C);
	answer_with_line(w, lines, UPS_E_POLICY);
}

static void rfc4568_answer_with_a_tag_not_offered_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	answer_with_line(w, "a=crypto:99 " CM80 " inline:" KEY_B "\r\n", UPS_E_POLICY);
}

static void rfc4568_answer_with_a_suite_not_offered_fails(void **state)
{
	struct world *w = *state;
	char lines[512], ours[80];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	snprintf(lines, sizeof(lines), "a=crypto:%u AES_CM_128_HMAC_SHA1_32 inline:%s\r\n",
		 crypto_of(w, CM80, ours), KEY_B);
	answer_with_line(w, lines, UPS_E_POLICY);
}

static void a7_answer_that_echoes_our_key_fails(void **state)
{
	struct world *w = *state;
	char lines[512], ours[80];
	unsigned int tag;

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	tag = crypto_of(w, CM80, ours);
	snprintf(lines, sizeof(lines), "a=crypto:%u %s inline:%s\r\n", tag, CM80, ours);
	answer_with_line(w, lines, UPS_E_POLICY);
}

static void a7_answer_with_the_offerers_key_fails(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	sdes_answer(w, CM80, KEY_A, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), UPS_E_POLICY);
}

static void a12_session_parameters_that_weaken_are_never_taken(void **state)
{
	static const char *const weak[] = { "UNENCRYPTED_SRTP", "UNENCRYPTED_SRTCP",
					    "UNAUTHENTICATED_SRTP", "KDR=1" };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		char sdp[1024];

		snprintf(sdp, sizeof(sdp),
			 HEAD_A "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 %s inline:%s %s\r\n", CM80,
			 KEY_A, weak[i]);
		assert_int_equal(offer(w, sdp), UPS_E_POLICY);
		assert_null(session_of(w));
	}
}

static void a12_answer_in_clear_to_a_secured_offer_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	assert_int_equal(answer(w, HEAD_B "m=audio 4000 RTP/AVP 0\r\n"), UPS_E_POLICY);
	assert_non_null(strstr(w->msg.text, "takes protection away"));
}

static void a12_reoffer_in_clear_is_refused_and_media_stays(void **state)
{
	struct world *w = *state;
	uint32_t slot;

	agree(w, KEY_B);
	slot = leg_of(w, 0, 0)->rx[0].slot;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"), UPS_E_POLICY);
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_SRTP);
	assert_int_equal(leg_of(w, 0, 0)->rx[0].slot, slot);
}

static void a23_short_tags_need_an_explicit_word(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO(
					  "1", "AES_CM_128_HMAC_SHA1_32", KEY_A)),
			 UPS_E_POLICY);
	w->flags.sdes_only = 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_32;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO(
					  "1", "AES_CM_128_HMAC_SHA1_32", KEY_A)),
			 0);
	assert_line(w, "AES_CM_128_HMAC_SHA1_32");
	assert_no_line(w, "AEAD");
}

static void sdes_needs_encrypted_signalling(void **state)
{
	struct world *w = *state;

	w->signalling = UPS_SIGNALLING_INTEGRITY;
	assert_int_equal(offer(w, OFFER_A(KEY_A)), UPS_E_POLICY);
	assert_non_null(strstr(w->msg.text, "signalling"));
}

/* ---- RFC 4568 7.1.4: re-offers ---------------------------------------------------------------------------------------------- */

static void rfc4568_same_key_and_address_goes_on(void **state)
{
	struct world *w = *state;
	char sdp[1024], before[80], after[80];
	uint32_t rx, tx, peer_rx, peer_tx;

	agree(w, KEY_B);
	crypto_of(w, CM80, before);
	rx = leg_of(w, 0, 0)->rx[0].slot;
	tx = leg_of(w, 0, 0)->tx.slot;
	peer_rx = leg_of(w, 0, 1)->rx[0].slot;
	peer_tx = leg_of(w, 0, 1)->tx.slot;
	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	crypto_of(w, CM80, after);
	assert_string_equal(before, after);
	assert_int_equal(leg_of(w, 0, 0)->rx[0].slot, rx);
	assert_int_equal(leg_of(w, 0, 0)->tx.slot, tx);
	assert_int_equal(leg_of(w, 0, 1)->rx[0].slot, peer_rx);
	assert_int_equal(leg_of(w, 0, 1)->tx.slot, peer_tx);
	assert_int_equal(w->plan.change_count, 0);
}

static void rfc4568_new_address_needs_a_new_key(void **state)
{
	struct world *w = *state;
	char sdp[1024], before[80], after[80];

	agree(w, KEY_B);
	crypto_of(w, CM80, before);
	assert_int_equal(offer(w, HEAD_A "m=audio 4400 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A)),
			 UPS_E_POLICY);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
	assert_int_equal(offer(w, HEAD_A "m=audio 4400 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_C)),
			 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4400);
	crypto_of(w, CM80, after);
	assert_string_not_equal(before, after);
}

static void new_key_at_the_same_address_keeps_the_old_for_a_while(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	agree(w, KEY_B);
	assert_int_equal(offer(w, OFFER_A(KEY_C)), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_not_equal(leg_of(w, 0, 0)->rx_old.suite, 0);
	assert_int_equal(ups_core_due(w->core, w->now_ns + UPS_RX_OLD_NS + 1, &w->plan), 1);
	ups_core_commit(w->core, &w->plan);
	assert_int_equal(leg_of(w, 0, 0)->rx_old.suite, 0);
}

static void refused_reoffer_leaves_the_old_context(void **state)
{
	struct world *w = *state;

	agree(w, KEY_B);
	assert_int_equal(offer(w, OFFER_A(KEY_C)), 0);
	answer_with_line(w, "", UPS_E_POLICY);
	assert_int_equal(leg_of(w, 0, 0)->rx_old.suite, 0);
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_SRTP);
}

/* ---- forking ------------------------------------------------------------------------------------------------------------------- */

static void second_answer_of_the_same_party_changes_nothing(void **state)
{
	struct world *w = *state;
	char sdp[1024], before[80], after[80];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	crypto_of(w, CM80, before);
	assert_int_equal(answer(w, sdp), 0);
	crypto_of(w, CM80, after);
	assert_string_equal(before, after);
	assert_int_equal(w->plan.change_count, 0);
}

static void latest_answer_of_a_fork_has_the_media(void **state)
{
	struct world *w = *state;
	char sdp[1024], sdp2[1024];
	struct ups_call_info info;

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	sdes_answer(w, CM80, KEY_C, sdp2, sizeof(sdp2));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol", sdp2), 0);
	assert_int_equal(ups_calls_info(w->calls, UPS_TEXT("call@test"), &info), 0);
	assert_int_equal(info.tag_count, 3);
	assert_false(info.tag[1].has_media);
	assert_true(info.tag[2].has_media);
	assert_string_equal(info.tag[2].tag, "carol");
}

static void branches_of_one_offer_see_the_same_keys(void **state)
{
	struct world *w = *state;
	char first[80], second[80];

	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	crypto_of(w, CM80, first);
	assert_int_equal(offer(w, OFFER_A(KEY_A)), 0);
	crypto_of(w, CM80, second);
	assert_string_equal(first, second);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(rfc4568_first_acceptable_line_is_taken),
		T(rfc4568_answer_echoes_tag_and_suite_with_own_key),
		T(rfc4568_answer_without_crypto_fails),
		T(rfc4568_answer_with_two_lines_fails),
		T(rfc4568_answer_with_a_tag_not_offered_fails),
		T(rfc4568_answer_with_a_suite_not_offered_fails),
		T(a7_answer_that_echoes_our_key_fails),
		T(a7_answer_with_the_offerers_key_fails),
		T(a12_session_parameters_that_weaken_are_never_taken),
		T(a12_answer_in_clear_to_a_secured_offer_fails),
		T(a12_reoffer_in_clear_is_refused_and_media_stays),
		T(a23_short_tags_need_an_explicit_word),
		T(sdes_needs_encrypted_signalling),
		T(rfc4568_same_key_and_address_goes_on),
		T(rfc4568_new_address_needs_a_new_key),
		T(new_key_at_the_same_address_keeps_the_old_for_a_while),
		T(refused_reoffer_leaves_the_old_context),
		T(second_answer_of_the_same_party_changes_nothing),
		T(latest_answer_of_a_fork_has_the_media),
		T(branches_of_one_offer_see_the_same_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
