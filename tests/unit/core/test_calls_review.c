// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Dialogues off the straight path: forks, streams that come back, holds from the beginning, ICE on one side, users' keys, late words. */
#include "callfix.h"

#define PLAIN_A HEAD_A "m=audio 4000 RTP/AVP 0\r\n"
#define PLAIN_B HEAD_B "m=audio 5000 RTP/AVP 0\r\n"
#define SDES_A HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A)
#define ICE "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
#define DTLS(who, port, setup, print) \
	HEAD_##who "m=audio " port " UDP/TLS/RTP/SAVP 0\r\na=setup:" setup "\r\n" print

static int setup(void **state)
{
	*state = world_create(true);
	return 0;
}

static int setup_strict(void **state)
{
	*state = world_create(false);
	return 0;
}

static int teardown(void **state)
{
	world_destroy(*state);
	return 0;
}

static void agree(struct world *w)
{
	char sdp[1024];

	assert_int_equal(offer(w, SDES_A), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
}

static struct ups_rule *add_rule(struct world *w)
{
	struct ups_rule *rule = &w->policy.rule[0];

	memmove(&w->policy.rule[1], rule, w->policy.count * sizeof(*rule));
	w->policy.count++;
	ups_rule_init(rule, "mine");
	return rule;
}

static int delete(struct world *w, const char *from, const char *to)
{
	int err = ups_calls_delete(w->calls, UPS_TEXT("call@test"), ups_text_of(from),
				   ups_text_of(to), &w->plan, &w->msg);

	if (!err)
		ups_calls_commit(w->calls, &w->plan);
	return err;
}

static int due(struct world *w, uint64_t now_ns)
{
	char id[UPS_SESSION_ID_MAX], why[128];
	int err = ups_calls_due(w->calls, now_ns, 0, NULL, NULL, &w->plan, id, why, sizeof(why));

	if (err > 0)
		ups_calls_commit(w->calls, &w->plan);
	return err;
}

/* ---- A12: what was protected ---------------------------------------------------------------------------------------- */

static void a12_stream_put_away_does_not_come_back_in_clear(void **state)
{
	struct world *w = *state;

	agree(w);
	assert_int_equal(offer(w, HEAD_A "m=audio 0 RTP/SAVP 0\r\n"), 0);
	assert_int_equal(answer(w, HEAD_B "m=audio 0 RTP/SAVP 0\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 0);
	assert_int_equal(offer(w, PLAIN_A), UPS_E_POLICY);
}

static void a12_wish_of_an_answer_is_about_both_legs(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	w->flags.transport = UPS_SDP_SAVP;
	assert_int_equal(offer(w, PLAIN_A), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	w->flags.has_wish = true;
	w->flags.wish = UPS_WISH_REQUIRED;
	assert_int_equal(answer(w, sdp), UPS_E_POLICY);
}

static void rfc8643_no_keys_in_a_plain_profile_where_protection_is_required(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w);

	rule->kinds = 1u << UPS_KIND_NNI;
	rule->osrtp = true;
	w->flags.transport = UPS_SDP_AVP;
	w->flags.osrtp_offer = true;
	assert_int_equal(offer(w, SDES_A), UPS_E_POLICY);
}

static void rfc5939_capabilities_never_pass(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "a=acap:2 crypto:1 X inline:" KEY_C "\r\n"
					 "m=audio 4000 RTP/AVP 0\r\na=tcap:1 RTP/SAVP\r\n"
					 "a=acap:1 crypto:1 " CM80 " inline:" KEY_C "\r\n"
					 "a=pcfg:1 t=1 a=1\r\n"),
			 0);
	assert_no_line(w, KEY_C);
	assert_no_line(w, "cap:");
	assert_no_line(w, "pcfg");
}

static void signalling_is_that_of_the_source_of_each_request(void **state)
{
	struct world *w = *state;

	agree(w);
	w->signalling = UPS_SIGNALLING_INTEGRITY;
	assert_int_equal(offer(w, SDES_A), UPS_E_POLICY);
	w->signalling = UPS_SIGNALLING_ENCRYPTED;
	assert_int_equal(offer(w, SDES_A), 0);
}

/* ---- A7 ---------------------------------------------------------------------------------------------------------------- */

static void a7_reoffer_with_a_key_of_ours_is_refused(void **state)
{
	struct world *w = *state;
	char ours[80], sdp[1024];

	agree(w);
	crypto_of(w, CM80, ours);
	snprintf(sdp, sizeof(sdp), HEAD_A "m=audio 4000 RTP/SAVP 0\r\na=crypto:7 %s inline:%s\r\n",
		 CM80, ours);
	assert_int_equal(offer(w, sdp), UPS_E_POLICY);
}

static void a7_one_key_for_two_streams_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, SDES_A "m=audio 4002 RTP/SAVP 0\r\n" CRYPTO("1", CM80, KEY_A)),
			 UPS_E_KEY_REUSED);
	assert_null(session_of(w));
}

static void a7_call_made_again_has_other_keys_of_ours(void **state)
{
	struct world *w = *state;
	char first[80], second[80];

	agree(w);
	crypto_of(w, CM80, first);
	assert_int_equal(delete (w, "alice", NULL), 0);
	agree(w);
	crypto_of(w, CM80, second);
	assert_string_not_equal(first, second);
}

static void rfc4568_lifetime_above_our_limit_is_ours(void **state)
{
	struct world *w = *state;
	char sdp[1024], ours[80];

	assert_int_equal(
		offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A "|2^48")), 0);
	assert_int_equal(leg_of(w, 0, 0)->rx[0].rtp_lifetime, fixture_limits.rtp_lifetime);
	snprintf(sdp, sizeof(sdp),
		 HEAD_B "m=audio 5000 RTP/SAVP 0\r\na=crypto:%u %s inline:%s|2^20|7:4\r\n",
		 crypto_of(w, CM80, ours), CM80, KEY_B);
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(leg_of(w, 0, 1)->rx[0].rtp_lifetime, 1 << 20);
	assert_int_equal(leg_of(w, 0, 1)->rx[0].mki_len, 4);
}

static void rfc4568_each_stream_has_keys_of_its_own(void **state)
{
	struct world *w = *state;
	const char *at;
	char first[41];

	assert_int_equal(offer(w, SDES_A "m=video 4002 RTP/SAVP 31\r\n" CRYPTO("1", CM80, KEY_C)),
			 0);
	at = strstr(w->out, CM80 " inline:");
	assert_non_null(at);
	memcpy(first, at + strlen(CM80 " inline:"), 40);
	first[40] = '\0';
	assert_null(strstr(at + strlen(CM80 " inline:") + 40, first));
	assert_int_not_equal(leg_of(w, 0, 0)->tx.slot, leg_of(w, 1, 0)->tx.slot);
}

/* ---- forks ------------------------------------------------------------------------------------------------------------- */

static void delete_by_a_losing_fork_ends_nothing(void **state)
{
	struct world *w = *state;
	struct ups_call_info info;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol", PLAIN_B), 0);
	assert_int_equal(ups_calls_end_at(w->calls, UPS_TEXT("call@test"), UPS_TEXT("alice"),
					  UPS_TEXT("bob"), w->now_ns),
			 0);
	assert_int_equal(due(w, w->now_ns + 1), 0);
	assert_int_equal(ups_calls_info(w->calls, UPS_TEXT("call@test"), &info), 0);
	assert_int_equal(info.tag_count, 2);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(delete (w, "carol", "alice"), 0);
	assert_non_null(session_of(w));
	assert_int_equal(delete (w, "bob", "alice"), 0);
	assert_null(session_of(w));
}

static void fork_is_not_bound_by_what_another_took(void **state)
{
	struct world *w = *state;
	char lines[1024], ours[80];

	assert_int_equal(offer(w, PLAIN_A), 0);
	snprintf(lines, sizeof(lines),
		 HEAD_B "m=audio 5000 RTP/AVP 0\r\na=crypto:%u %s inline:%s\r\n",
		 crypto_of(w, CM80, ours), CM80, KEY_B);
	assert_int_equal(answer(w, lines), 0);
	assert_int_equal(answer(w, PLAIN_B), UPS_E_POLICY);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol", PLAIN_B), 0);
	assert_int_equal(leg_of(w, 0, 1)->mode, UPS_MODE_CLEAR);
}

static void fork_is_not_let_in_by_who_another_is(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w);

	rule->kinds = 1u << UPS_KIND_CONV;
	rule->protection = UPS_ALLOW;
	rule->registration = true;
	w->flags.direction[0] = UPS_TEXT("peers");
	w->flags.direction[1] = UPS_TEXT("users");
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A), 0);
	w->flags.cpm_address = UPS_TEXT("sip:bob@example.net");
	w->flags.authenticated = UPS_NG_YES;
	w->flags.has_registered_source = true;
	w->flags.registered_source = addr("198.51.100.77");
	assert_int_equal(answer(w, PLAIN_B), 0);
	w->flags.cpm_address = (struct ups_text) {};
	w->flags.authenticated = UPS_NG_UNSAID;
	w->flags.has_registered_source = false;
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol", PLAIN_B),
			 UPS_E_REGISTRATION);
}

static void fork_cannot_take_a_stream_whose_ports_are_gone(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A "m=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(answer(w, PLAIN_B "m=video 0 RTP/AVP 31\r\n"), 0);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol",
				       PLAIN_B "m=video 5002 RTP/AVP 31\r\n"),
			 0);
	assert_line(w, "m=video 0 RTP/AVP 31\r\n");
}

static void rfc8842_every_fork_has_an_association_of_its_own(void **state)
{
	struct world *w = *state;
	uint32_t bob, carol, again;

	assert_int_equal(offer(w, DTLS(A, "4000", "actpass", FINGERPRINT_A)), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	bob = leg_of(w, 0, 1)->dtls.association;
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "carol",
				       DTLS(B, "6000", "active", FINGERPRINT_A)),
			 0);
	carol = leg_of(w, 0, 1)->dtls.association;
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	again = leg_of(w, 0, 1)->dtls.association;
	assert_int_not_equal(bob, carol);
	assert_int_not_equal(again, carol);
	assert_int_not_equal(again, bob);
}

static void late_answer_does_not_revive_a_call(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(ups_calls_end_at(w->calls, UPS_TEXT("call@test"), UPS_TEXT("alice"),
					  (struct ups_text) {}, w->now_ns + SECOND),
			 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(due(w, w->now_ns + 2 * SECOND), 1);
	assert_null(session_of(w));
}

static void offer_revives_a_call(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(ups_calls_end_at(w->calls, UPS_TEXT("call@test"), UPS_TEXT("alice"),
					  (struct ups_text) {}, w->now_ns + SECOND),
			 0);
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(due(w, w->now_ns + 2 * SECOND), 0);
}

/* ---- registrations ------------------------------------------------------------------------------------------------------- */

static void end_of_the_very_source_ends_the_call(void **state)
{
	struct world *w = *state;
	struct ups_text alice = UPS_TEXT("sip:alice@example.net");
	struct ups_addr used = addr("192.0.2.77"), other = addr("192.0.2.78");

	assert_int_equal(ups_registrations_add(w->registrations, alice, &used, UINT64_MAX, NULL),
			 0);
	assert_int_equal(ups_registrations_add(w->registrations, alice, &other, UINT64_MAX, NULL),
			 0);
	w->flags.cpm_address = alice;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_int_equal(due(w, w->now_ns + SECOND), 0);
	ups_registrations_del(w->registrations, alice, &used);
	assert_int_equal(due(w, w->now_ns + SECOND), 1);
}

/* ---- holds, ICE, families ---------------------------------------------------------------------------------------------------- */

static void hold_from_the_beginning_can_be_resumed(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	assert_int_equal(offer(w, "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
				  "t=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A)),
			 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(offer(w, SDES_A), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
}

static void ice_of_the_offerer_is_answered_where_it_is_removed_for_the_other(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	w->flags.ice = UPS_NG_ICE_REMOVE;
	assert_int_equal(offer(w, PLAIN_A ICE), 0);
	assert_no_line(w, "ice-");
	w->flags.ice = UPS_NG_ICE_FORCE;
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_line(w, "a=ice-ufrag:");
}

static void ice_goes_on_in_a_reoffer_from_the_other_side(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A ICE), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(world_request(w, UPS_CALL_OFFER, "bob", "alice", PLAIN_B), 0);
	assert_line(w, leg_of(w, 0, 0)->ice.local_pwd);
}

static void zero_address_with_ice_is_no_hold(void **state)
{
	struct world *w = *state;

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
				  "t=0 0\r\nm=audio 9 RTP/AVP 0\r\n" ICE),
			 0);
	assert_line(w, "c=IN IP4 198.51.100.1\r\n");
}

static void rfc8842_association_outlives_addresses_that_ice_finds(void **state)
{
	struct world *w = *state;
	uint32_t alice;

	assert_int_equal(offer(w, DTLS(A, "4000", "actpass", FINGERPRINT_A) ICE), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	alice = leg_of(w, 0, 0)->dtls.association;
	assert_int_equal(offer(w, DTLS(A, "4400", "actpass", FINGERPRINT_A) ICE), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	assert_int_equal(leg_of(w, 0, 0)->dtls.association, alice);
}

static void rfc8842_offer_of_another_role_is_another_association(void **state)
{
	struct world *w = *state;
	uint32_t alice;

	assert_int_equal(offer(w, DTLS(A, "4000", "active", FINGERPRINT_A)), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	alice = leg_of(w, 0, 0)->dtls.association;
	assert_int_equal(offer(w, DTLS(A, "4000", "passive", FINGERPRINT_A)), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	assert_int_not_equal(leg_of(w, 0, 0)->dtls.association, alice);
	assert_int_equal(leg_of(w, 0, 0)->dtls.role, UPS_DTLS_ACTIVE);
}

static void family_of_a_leg_in_use_is_not_changed_by_the_proxy(void **state)
{
	struct world *w = *state;
	struct ups_text users = UPS_TEXT("users");

	w->flags.transport = UPS_SDP_AVP;
	w->flags.direction[1] = users;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	w->flags.family = AF_INET6;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "c=IN IP4 192.0.2.200\r\n");
	assert_int_equal(answer(w, PLAIN_B), 0);
}

/* ---- users who key each other -------------------------------------------------------------------------------------------------- */

static void let_users_key(struct world *w)
{
	struct ups_rule *rule = add_rule(w);

	rule->opaque = true;
	rule->protection = UPS_PREFER;
}

static void e2e_needs_keys_that_protect(void **state)
{
	struct world *w = *state;

	let_users_key(w);
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\n"), UPS_E_POLICY);
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 " CM80
					 " inline:" KEY_A " UNENCRYPTED_SRTP\r\n"),
			 UPS_E_POLICY);
	assert_int_equal(offer(w, SDES_A), 0);
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 RTP/SAVP 0\r\n"), UPS_E_POLICY);
}

static void e2e_mux_is_the_users(void **state)
{
	struct world *w = *state;

	let_users_key(w);
	w->flags.mux = UPS_MUX_OFFER;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_no_line(w, "rtcp-mux");
	w->flags.mux = 0;
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 RTP/SAVP 0\r\na=rtcp-mux\r\n" CRYPTO(
					   "7", CM80, KEY_B)),
			 0);
	assert_no_line(w, "rtcp-mux");
}

static void e2e_attributes_of_the_session_pass_where_the_line_has_none(void **state)
{
	struct world *w = *state;

	let_users_key(w);
	assert_int_equal(
		offer(w, HEAD_A
		      "a=setup:actpass\r\nm=audio 4000 UDP/TLS/RTP/SAVP 0\r\n" FINGERPRINT_A),
		0);
	assert_line(w, "a=setup:actpass\r\n" FINGERPRINT_A);
}

static void e2e_fingerprints_go_on_over_signalling_with_integrity(void **state)
{
	struct world *w = *state;

	let_users_key(w);
	w->signalling = UPS_SIGNALLING_INTEGRITY;
	assert_int_equal(offer(w, DTLS(A, "4000", "actpass", FINGERPRINT_A)), 0);
	assert_int_equal(answer(w, DTLS(B, "5000", "active", FINGERPRINT_B)), 0);
	assert_int_equal(offer(w, DTLS(A, "4000", "actpass", FINGERPRINT_A)), 0);
	assert_line(w, FINGERPRINT_A);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup_strict, teardown)
	const struct CMUnitTest tests[] = {
		T(a12_stream_put_away_does_not_come_back_in_clear),
		T(a12_wish_of_an_answer_is_about_both_legs),
		T(rfc8643_no_keys_in_a_plain_profile_where_protection_is_required),
		T(rfc5939_capabilities_never_pass),
		T(signalling_is_that_of_the_source_of_each_request),
		T(a7_reoffer_with_a_key_of_ours_is_refused),
		T(a7_one_key_for_two_streams_is_refused),
		T(a7_call_made_again_has_other_keys_of_ours),
		T(rfc4568_lifetime_above_our_limit_is_ours),
		T(rfc4568_each_stream_has_keys_of_its_own),
		T(delete_by_a_losing_fork_ends_nothing),
		T(fork_is_not_bound_by_what_another_took),
		T(fork_is_not_let_in_by_who_another_is),
		T(fork_cannot_take_a_stream_whose_ports_are_gone),
		T(rfc8842_every_fork_has_an_association_of_its_own),
		T(late_answer_does_not_revive_a_call),
		T(offer_revives_a_call),
		S(end_of_the_very_source_ends_the_call),
		T(hold_from_the_beginning_can_be_resumed),
		T(ice_of_the_offerer_is_answered_where_it_is_removed_for_the_other),
		T(ice_goes_on_in_a_reoffer_from_the_other_side),
		T(zero_address_with_ice_is_no_hold),
		T(rfc8842_association_outlives_addresses_that_ice_finds),
		T(rfc8842_offer_of_another_role_is_another_association),
		T(family_of_a_leg_in_use_is_not_changed_by_the_proxy),
		T(e2e_needs_keys_that_protect),
		T(e2e_mux_is_the_users),
		T(e2e_attributes_of_the_session_pass_where_the_line_has_none),
		T(e2e_fingerprints_go_on_over_signalling_with_integrity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
