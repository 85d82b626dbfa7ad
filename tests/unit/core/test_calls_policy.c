// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls under policy: wishes, interworking, registration, users' own keys, opportunistic keys, underlay, posture. */
#include "callfix.h"

#define PLAIN_A HEAD_A "m=audio 4000 RTP/AVP 0\r\n"
#define PLAIN_B HEAD_B "m=audio 5000 RTP/AVP 0\r\n"
#define SDES_A HEAD_A "m=audio 4000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_A)

static int setup(void **state)
{
	*state = world_create(true);
	return 0;
}

/* With a configuration file that has no rules: everything is required, conv legs need a registration. */
static int setup_strict(void **state)
{
	*state = world_create(false);
	return 0;
}

static int teardown(void **state)
{
	world_ipsec = 0;
	world_destroy(*state);
	return 0;
}

static struct ups_rule *add_rule(struct world *w, const char *name, unsigned int kinds)
{
	struct ups_rule *rule;

	memmove(&w->policy.rule[1], &w->policy.rule[0], w->policy.count * sizeof(*rule));
	w->policy.count++;
	rule = &w->policy.rule[0];
	ups_rule_init(rule, name);
	rule->kinds = (uint8_t)kinds;
	return rule;
}

/* ---- wishes ------------------------------------------------------------------------------------------------------------- */

static void user_who_requires_gets_every_hop_protected_or_nothing(void **state)
{
	struct world *w = *state;

	w->flags.has_wish = true;
	w->flags.wish = UPS_WISH_REQUIRED;
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, SDES_A), UPS_E_POLICY);
	assert_null(session_of(w));
	w->flags.transport = UPS_SDP_SAVP;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_line(w, "RTP/SAVP");
}

static void wish_of_a_call_never_shrinks(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	w->flags.has_wish = true;
	w->flags.wish = UPS_WISH_REQUIRED;
	assert_int_equal(offer(w, SDES_A), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	w->flags.wish = UPS_WISH_NONE;
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, SDES_A), UPS_E_POLICY);
}

/* ---- RFC 8643 ------------------------------------------------------------------------------------------------------------ */

static void rfc8643_keys_are_offered_on_a_plain_profile_and_may_be_taken(void **state)
{
	struct world *w = *state;
	char lines[1024], ours[80];

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "RTP/AVP 0\r\n");
	snprintf(lines, sizeof(lines),
		 HEAD_B "m=audio 5000 RTP/AVP 0\r\na=crypto:%u %s inline:%s\r\n",
		 crypto_of(w, CM80, ours), CM80, KEY_B);
	assert_int_equal(answer(w, lines), 0);
	assert_int_equal(leg_of(w, 0, 1)->mode, UPS_MODE_SRTP);
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_CLEAR);
}

static void rfc8643_keys_that_nobody_takes_leave_a_clear_call(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(leg_of(w, 0, 1)->mode, UPS_MODE_CLEAR);
}

static void rfc8643_accepted_keys_are_never_dropped_again(void **state)
{
	struct world *w = *state;
	char lines[1024], ours[80];

	assert_int_equal(offer(w, PLAIN_A), 0);
	snprintf(lines, sizeof(lines),
		 HEAD_B "m=audio 5000 RTP/AVP 0\r\na=crypto:%u %s inline:%s\r\n",
		 crypto_of(w, CM80, ours), CM80, KEY_B);
	assert_int_equal(answer(w, lines), 0);
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "a=crypto:");
	assert_int_equal(answer(w, PLAIN_B), UPS_E_POLICY);
	assert_int_equal(leg_of(w, 0, 1)->mode, UPS_MODE_SRTP);
}

static void rfc8643_offer_with_keys_on_a_plain_profile_is_answered_with_one(void **state)
{
	struct world *w = *state;
	char ours[80];

	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n" CRYPTO("5", CM80, KEY_A)), 0);
	assert_no_line(w, "a=crypto");
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_line(w, "RTP/AVP 0\r\n");
	assert_int_equal(crypto_of(w, CM80, ours), 5);
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_SRTP);
}

static void rfc8643_has_no_place_where_protection_is_required(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w, "must", 0);

	rule->protection = UPS_REQUIRE;
	rule->osrtp = true;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\n" CRYPTO("5", CM80, KEY_A)),
			 UPS_E_POLICY);
}

/* ---- seed 4.2.3: interworking ------------------------------------------------------------------------------------------------ */

static void interworking_in_clear_is_refused_by_default(void **state)
{
	struct world *w = *state;

	w->flags.direction[1] = UPS_TEXT("open");
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, PLAIN_A), UPS_E_POLICY);
	assert_non_null(strstr(w->msg.text, "unprotected-interworking"));
}

static void interworking_in_clear_by_a_named_rule_is_marked_everywhere(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w, "pstn", 1u << UPS_KIND_IWF);
	struct ups_posture posture;

	rule->protection = UPS_ALLOW;
	rule->unprotected_interworking = true;
	w->flags.direction[1] = UPS_TEXT("open");
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_no_line(w, "a=x-upsec-integrity"); /* towards the other network */
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 RTP/AVP 0\r\n"), 0);
	assert_line(w, "a=x-upsec-integrity:compromised\r\n");
	assert_true(w->report.compromised);
	ups_session_posture(session_of(w), &posture);
	assert_true(posture.integrity_compromised);
	assert_false(posture.all_hops_protected);
	assert_string_equal(leg_of(w, 0, 1)->decision.rule, "pstn");
}

static void interworking_with_keys_is_like_any_other_leg(void **state)
{
	struct world *w = *state;
	struct ups_posture posture;
	char sdp[1024];

	w->flags.direction[1] = UPS_TEXT("open");
	w->flags.transport = UPS_SDP_SAVP;
	assert_int_equal(offer(w, SDES_A), 0);
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	ups_session_posture(session_of(w), &posture);
	assert_false(posture.integrity_compromised);
	assert_true(posture.all_hops_protected);
	assert_false(posture.end_to_end);
}

/* ---- seed 4.2.1: who may use it ------------------------------------------------------------------------------------------------- */

static void conv_leg_without_address_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, SDES_A), UPS_E_REGISTRATION);
	assert_null(session_of(w));
}

static void conv_leg_of_an_unregistered_address_is_refused(void **state)
{
	struct world *w = *state;

	w->flags.cpm_address = UPS_TEXT("sip:alice@example.net");
	assert_int_equal(offer(w, SDES_A), UPS_E_REGISTRATION);
}

static void conv_leg_of_an_unauthenticated_client_is_refused(void **state)
{
	struct world *w = *state;
	struct ups_addr source = addr("192.0.2.77");

	assert_int_equal(ups_registrations_add(w->registrations, UPS_TEXT("sip:alice@example.net"),
					       &source, UINT64_MAX, NULL),
			 0);
	w->flags.cpm_address = UPS_TEXT("sip:alice@example.net");
	w->flags.authenticated = UPS_NG_NO;
	assert_int_equal(offer(w, SDES_A), UPS_E_REGISTRATION);
}

static void registered_source_is_the_only_one_that_may_send(void **state)
{
	struct world *w = *state;
	struct ups_addr source = addr("192.0.2.77"), nat = addr("203.0.113.9");

	assert_int_equal(ups_registrations_add(w->registrations, UPS_TEXT("sip:alice@example.net"),
					       &source, UINT64_MAX, NULL),
			 0);
	w->flags.cpm_address = UPS_TEXT("sip:Alice@example.net");
	w->flags.cpm_address = UPS_TEXT("sip:alice@EXAMPLE.net");
	assert_int_equal(offer(w, SDES_A), 0);
	assert_true(ups_addr_same_ip(&leg_of(w, 0, 0)->source_ip, &source));
	/* behind NAT: the registered source is not what the SDP says */
	ups_registrations_del(w->registrations, UPS_TEXT("sip:alice@example.net"), NULL);
	assert_int_equal(ups_registrations_add(w->registrations, UPS_TEXT("sip:alice@example.net"),
					       &nat, UINT64_MAX, NULL),
			 0);
	assert_int_equal(offer(w, SDES_A), 0);
	assert_true(ups_addr_same_ip(&leg_of(w, 0, 0)->source_ip, &nat));
	assert_int_equal(leg_of(w, 0, 0)->source, UPS_SOURCE_LATCH);
}

static uint64_t never(void *aux, const struct ups_session *session)
{
	(void)aux;
	(void)session;
	return 0;
}

static void end_of_the_registration_ends_the_call(void **state)
{
	struct world *w = *state;
	struct ups_addr source = addr("192.0.2.77");
	char id[UPS_SESSION_ID_MAX], why[128];

	assert_int_equal(ups_registrations_add(w->registrations, UPS_TEXT("sip:alice@example.net"),
					       &source, w->now_ns + SECOND, NULL),
			 0);
	w->flags.cpm_address = UPS_TEXT("sip:alice@example.net");
	assert_int_equal(offer(w, SDES_A), 0);
	assert_int_equal(ups_calls_due(w->calls, w->now_ns, 0, never, NULL, &w->plan, id, why,
				       sizeof(why)),
			 0);
	assert_int_equal(ups_calls_due(w->calls, w->now_ns + 2 * SECOND, 0, never, NULL, &w->plan,
				       id, why, sizeof(why)),
			 1);
	assert_non_null(strstr(why, "registration"));
	ups_calls_commit(w->calls, &w->plan);
	assert_null(session_of(w));
}

static void offer_of_an_authenticated_client_registers_its_source(void **state)
{
	struct world *w = *state;

	w->flags.cpm_address = UPS_TEXT("sip:alice@example.net");
	w->flags.authenticated = UPS_NG_YES;
	w->flags.has_registered_source = true;
	w->flags.registered_source = addr("192.0.2.77");
	w->refuse = true;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_int_equal(ups_registrations_count(w->registrations), 0);
	w->refuse = false;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_true(ups_registrations_valid(w->registrations, UPS_TEXT("sip:alice@example.net"),
					    &w->flags.registered_source, w->now_ns));
}

/* ---- users who key each other ----------------------------------------------------------------------------------------------------- */

static void let_users_key(struct world *w)
{
	struct ups_rule *rule = add_rule(w, "users", 0);

	rule->opaque = true;
	rule->protection = UPS_PREFER;
}

static void e2e_sdes_passes_untouched(void **state)
{
	struct world *w = *state;
	struct ups_posture posture;

	let_users_key(w);
	assert_int_equal(offer(w, SDES_A), 0);
	assert_line(w, "a=crypto:7 " CM80 " inline:" KEY_A "\r\n");
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 RTP/SAVP 0\r\n" CRYPTO("7", CM80, KEY_B)),
			 0);
	assert_line(w, "a=crypto:7 " CM80 " inline:" KEY_B "\r\n");
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_OPAQUE);
	assert_int_equal(leg_of(w, 0, 1)->source, UPS_SOURCE_STRICT);
	ups_session_posture(session_of(w), &posture);
	assert_true(posture.end_to_end);
}

static void e2e_fingerprints_pass_untouched(void **state)
{
	struct world *w = *state;

	let_users_key(w);
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"
					 "a=tls-id:abcdefghijklmnopqrstuvwxyz\r\n" FINGERPRINT_A),
			 0);
	assert_line(w, "a=setup:actpass\r\na=tls-id:abcdefghijklmnopqrstuvwxyz\r\n" FINGERPRINT_A);
	assert_no_line(w, "AB:AB:AB");
}

static void e2ae_request_is_terminated_here(void **state)
{
	struct world *w = *state;
	char sdp[1024];

	let_users_key(w);
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/SAVP 0\r\na=3ge2ae:requested\r\n" CRYPTO(
					  "7", CM80, KEY_A)),
			 0);
	assert_no_line(w, KEY_A);
	assert_no_line(w, "3ge2ae");
	sdes_answer(w, CM80, KEY_B, sdp, sizeof(sdp));
	assert_int_equal(answer(w, sdp), 0);
	assert_line(w, "a=3ge2ae:applied\r\n");
}

static void users_keys_are_replaced_where_the_other_leg_does_not_permit_them(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w, "users", 1u << UPS_KIND_CONV);

	rule->opaque = true;
	assert_int_equal(offer(w, SDES_A), 0);
	assert_no_line(w, KEY_A);
	assert_int_equal(leg_of(w, 0, 0)->mode, UPS_MODE_SRTP);
}

/* ---- underlay --------------------------------------------------------------------------------------------------------------------------- */

static void ipsec_counts_only_if_named_and_confirmed(void **state)
{
	struct world *w = *state;
	struct ups_rule *rule = add_rule(w, "core", 1u << UPS_KIND_NNI);
	struct ups_posture posture;

	rule->ipsec = true;
	w->flags.transport = UPS_SDP_AVP;
	assert_int_equal(offer(w, SDES_A), 0); /* nobody knows yet where the callee will be */
	world_ipsec = 0;
	assert_int_equal(answer(w, PLAIN_B), UPS_E_POLICY);
	world_ipsec = 1;
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(leg_of(w, 0, 1)->decision.mechanism, UPS_MECH_UNDERLAY);
	assert_true(leg_of(w, 0, 1)->ipsec);
	ups_session_posture(session_of(w), &posture);
	assert_true(posture.all_hops_protected);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup_strict, teardown)
	const struct CMUnitTest tests[] = {
		T(user_who_requires_gets_every_hop_protected_or_nothing),
		T(wish_of_a_call_never_shrinks),
		T(rfc8643_keys_are_offered_on_a_plain_profile_and_may_be_taken),
		T(rfc8643_keys_that_nobody_takes_leave_a_clear_call),
		T(rfc8643_accepted_keys_are_never_dropped_again),
		T(rfc8643_offer_with_keys_on_a_plain_profile_is_answered_with_one),
		T(rfc8643_has_no_place_where_protection_is_required),
		T(interworking_in_clear_is_refused_by_default),
		T(interworking_in_clear_by_a_named_rule_is_marked_everywhere),
		T(interworking_with_keys_is_like_any_other_leg),
		S(conv_leg_without_address_is_refused),
		S(conv_leg_of_an_unregistered_address_is_refused),
		S(conv_leg_of_an_unauthenticated_client_is_refused),
		S(registered_source_is_the_only_one_that_may_send),
		S(end_of_the_registration_ends_the_call),
		S(offer_of_an_authenticated_client_registers_its_source),
		T(e2e_sdes_passes_untouched),
		T(e2e_fingerprints_pass_untouched),
		T(e2ae_request_is_terminated_here),
		T(users_keys_are_replaced_where_the_other_leg_does_not_permit_them),
		T(ipsec_counts_only_if_named_and_confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
