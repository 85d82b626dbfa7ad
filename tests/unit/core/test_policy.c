// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Verdicts of policy: the table of its header cell by cell, the rules of the standards, and the attacks that it stands against. */
#include "policyfix.h"

/* ---- the table of the header ----------------------------------------------------------------------------------- */

enum outcome { CLEAR, IF_CAN, MUST, REFUSED };

static const enum outcome table[4][3] = {
	/* user:	 none	 preferred  required */
	[UPS_FORBID] = { CLEAR, CLEAR, REFUSED },
	[UPS_ALLOW] = { CLEAR, IF_CAN, MUST },
	[UPS_PREFER] = { IF_CAN, IF_CAN, MUST },
	[UPS_REQUIRE] = { MUST, MUST, MUST },
};

/* Who is behind each cell where the peer can all */
static const enum ups_decider decider[4][3] = {
	[UPS_FORBID] = { UPS_BY_PROVIDER, UPS_BY_PROVIDER, UPS_BY_PROVIDER },
	[UPS_ALLOW] = { UPS_BY_USER, UPS_BY_USER, UPS_BY_USER },
	[UPS_PREFER] = { UPS_BY_PROVIDER, UPS_BY_PROVIDER, UPS_BY_USER },
	[UPS_REQUIRE] = { UPS_BY_PROVIDER, UPS_BY_PROVIDER, UPS_BY_PROVIDER },
};

static void the_table_of_user_and_provider_holds_cell_by_cell(void **state)
{
	(void)state;
	for (int p = 0; p < 4; p++) {
		for (int wish = 0; wish < 3; wish++) {
			struct ups_policy_input in = ideal(UPS_CAN_CLEAR | SECURED);
			enum outcome o = table[p][wish];

			one_rule((enum ups_protection)p);
			in.wish = (enum ups_wish)wish;
			decide(&in);
			assert_int_equal(verdict.refused, o == REFUSED);
			assert_int_equal(verdict.mechanism == UPS_MECH_DTLS,
					 o == IF_CAN || o == MUST);
			assert_int_equal(verdict.decided_by, decider[p][wish]);
			in.can = UPS_CAN_CLEAR;
			decide(&in);
			assert_int_equal(verdict.refused, o == REFUSED || o == MUST);
			assert_int_equal(verdict.mechanism, UPS_MECH_NONE);
		}
	}
}

/* All that the matrix runs over */
struct cell {
	enum ups_protection protection;
	enum ups_wish wish;
	uint32_t can;
	bool known, plain_keys, osrtp_rule, floor;
	enum ups_assurance signalling;
};

static enum outcome expected(const struct cell *c)
{
	enum outcome o = table[c->protection][c->wish];

	if (!(c->can & UPS_CAN_CLEAR) || c->floor)
		o = c->protection == UPS_FORBID ? REFUSED : MUST;
	return o;
}

/* By the words of the standards: the mechanism that this peer can have here */
static enum ups_mechanism available(const struct cell *c)
{
	bool needed = c->protection == UPS_REQUIRE || c->wish == UPS_WISH_REQUIRED;
	bool plain = (c->can & UPS_CAN_CLEAR) && c->plain_keys;

	if (plain && c->known && (needed || !c->osrtp_rule))
		return UPS_MECH_NONE;
	if ((c->can & UPS_CAN_DTLS) && c->signalling != UPS_SIGNALLING_NONE)
		return UPS_MECH_DTLS;
	if ((c->can & UPS_CAN_SDES) && c->signalling == UPS_SIGNALLING_ENCRYPTED)
		return UPS_MECH_SDES;
	return UPS_MECH_NONE;
}

static void check_cell(const struct cell *c)
{
	struct ups_policy_input in = ideal(c->can);
	enum ups_mechanism m = available(c);
	enum outcome o = expected(c);
	bool srtp = (o == MUST || o == IF_CAN) && m != UPS_MECH_NONE;

	one_rule(c->protection)->osrtp = c->osrtp_rule;
	in.wish = c->wish;
	in.can_known = c->known;
	in.osrtp_possible = c->plain_keys;
	in.signalling = c->signalling;
	in.floor = c->floor;
	decide(&in);
	assert_int_equal(verdict.refused, o == REFUSED || (o == MUST && m == UPS_MECH_NONE));
	assert_int_equal(verdict.mechanism, srtp ? m : UPS_MECH_NONE);
	/* RFC 8643: never where required */
	assert_false(verdict.osrtp && (c->protection == UPS_REQUIRE ||
				       c->wish == UPS_WISH_REQUIRED || !c->osrtp_rule));
}

static void cell_of(unsigned int n, struct cell *c)
{
	c->protection = n % 4, n /= 4;
	c->wish = n % 3, n /= 3;
	c->can = n % 8, n /= 8;
	c->signalling = n % 3, n /= 3;
	c->known = n % 2, n /= 2;
	c->plain_keys = n % 2, n /= 2;
	c->osrtp_rule = n % 2, n /= 2;
	c->floor = n % 2;
}

static void the_whole_matrix_agrees_with_the_table(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 4 * 3 * 8 * 3 * 16; n++) {
		struct cell c;

		cell_of(n, &c);
		check_cell(&c);
	}
}

static void user_asks_for_more_never_for_less(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 4 * 3 * 8 * 3 * 16; n++) {
		bool protected_before = false;
		struct cell c;

		cell_of(n, &c);
		if (c.wish)
			continue;
		for (int wish = 0; wish < 3; wish++) {
			c.wish = (enum ups_wish)wish;
			check_cell(&c);
			/* once protected, a stronger wish gives protection or nothing at all */
			assert_false(protected_before && !verdict.refused &&
				     verdict.mechanism == UPS_MECH_NONE);
			protected_before |= verdict.mechanism != UPS_MECH_NONE;
		}
	}
}

/* ---- what the standards say ------------------------------------------------------------------------------------ */

static void rfc4568_8_3_sdes_without_encrypted_signalling_is_refused(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_SDES);

	(void)state;
	one_rule(UPS_REQUIRE);
	for (int s = UPS_SIGNALLING_NONE; s < UPS_SIGNALLING_ENCRYPTED; s++) {
		in.signalling = (enum ups_assurance)s;
		decide(&in);
		assert_refused(UPS_BY_PROVIDER, "signalling=encrypted");
	}
	in.signalling = UPS_SIGNALLING_ENCRYPTED;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
}

static void rfc5763_8_fingerprints_without_integrity_are_refused(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_DTLS);

	(void)state;
	one_rule(UPS_REQUIRE);
	in.signalling = UPS_SIGNALLING_NONE;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "signalling=integrity");
	in.signalling = UPS_SIGNALLING_INTEGRITY;
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
}

static void integrity_alone_takes_the_peer_that_has_both_to_dtls(void **state)
{
	struct ups_rule *rule = one_rule(UPS_REQUIRE);
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	rule->mechanism[0] = UPS_MECH_SDES;
	rule->mechanism[1] = UPS_MECH_DTLS;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	in.signalling = UPS_SIGNALLING_INTEGRITY;
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
}

static void rfc8643_osrtp_is_never_taken_nor_offered_where_required(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR | SECURED);

	(void)state;
	one_rule(UPS_REQUIRE)->osrtp = true;
	in.osrtp_possible = true;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "RTP/SAVP would help");
	in.can_known = false; /* ours to offer: then as a secured profile */
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
	assert_false(verdict.osrtp);
	one_rule(UPS_PREFER)->osrtp = true;
	in.wish = UPS_WISH_REQUIRED;
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_USER);
	assert_false(verdict.osrtp);
}

static void rfc8643_osrtp_is_taken_where_the_rule_says_so(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR | UPS_CAN_SDES);

	(void)state;
	in.osrtp_possible = true;
	one_rule(UPS_PREFER);
	decide(&in);
	assert_chosen(UPS_MECH_NONE, UPS_BY_PROVIDER);
	assert_reason_has("OSRTP");
	policy.rule[0].osrtp = true;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	assert_true(verdict.osrtp);
	in.signalling = UPS_SIGNALLING_INTEGRITY; /* keys in the plain profile are keys */
	decide(&in);
	assert_chosen(UPS_MECH_NONE, UPS_BY_PROVIDER);
}

static void secured_profile_is_not_osrtp(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	one_rule(UPS_PREFER)->osrtp = true;
	in.osrtp_possible = true;
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PEER);
	assert_false(verdict.osrtp);
}

static void rfc3711_9_5_short_tags_need_a_rule_that_names_them(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_SDES);
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	in.suites = BIT(AES_CM_128_HMAC_SHA1_32);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "min-tag");
	rule->suite[rule->suite_count++] = UPS_SUITE_AES_CM_128_HMAC_SHA1_32;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "min-tag");
	rule->min_tag = 32;
	decide(&in);
	assert_int_equal(verdict.suite_count, 1);
	assert_int_equal(verdict.suite[0], UPS_SUITE_AES_CM_128_HMAC_SHA1_32);
	rule->suite_count--; /* lowering alone names nothing */
	decide(&in);
	assert_true(verdict.refused);
}

static void short_tag_named_by_the_proxy_counts_only_where_it_may(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_SDES);
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	in.proxy_only = BIT(AES_CM_128_HMAC_SHA1_32);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "suite");
	rule->proxy_explicit = true;
	decide(&in);
	assert_int_equal(verdict.suite_count, 1);
	assert_int_equal(verdict.suite[0], UPS_SUITE_AES_CM_128_HMAC_SHA1_32);
	in.suites = BIT(AES_CM_128_HMAC_SHA1_80); /* which the peer has not */
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "suite");
	in = ideal(UPS_CAN_SDES); /* not named: not there */
	decide(&in);
	for (unsigned int i = 0; i < verdict.suite_count; i++)
		assert_int_not_equal(verdict.suite[i], UPS_SUITE_AES_CM_128_HMAC_SHA1_32);
}

static void gcm_alone_passes_a_minimum_of_128(void **state)
{
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	rule->min_tag = 128;
	decide_for(UPS_CAN_SDES);
	assert_int_equal(verdict.suite_count, 2);
	assert_int_equal(verdict.suite[0], UPS_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(verdict.suite[1], UPS_SUITE_AEAD_AES_128_GCM);
}

static void suites_come_in_the_order_of_the_rule(void **state)
{
	static const uint8_t order[] = { UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
					 UPS_SUITE_AEAD_AES_128_GCM,
					 UPS_SUITE_AES_256_CM_HMAC_SHA1_80 };
	struct ups_policy_input in = ideal(UPS_CAN_SDES);
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	memcpy(rule->suite, order, sizeof(order));
	rule->suite_count = sizeof(order);
	decide(&in);
	assert_int_equal(verdict.suite_count, 3);
	assert_memory_equal(verdict.suite, order, 3);
	in.proxy_no = BIT(AEAD_AES_128_GCM);
	decide(&in);
	assert_int_equal(verdict.suite_count, 2);
	assert_int_equal(verdict.suite[1], UPS_SUITE_AES_256_CM_HMAC_SHA1_80);
	in.proxy_no = 0;
	in.proxy_only = BIT(AEAD_AES_128_GCM) | BIT(AES_256_CM_HMAC_SHA1_80);
	in.suites = BIT(AES_256_CM_HMAC_SHA1_80) | BIT(AES_CM_128_HMAC_SHA1_80);
	decide(&in);
	assert_int_equal(verdict.suite_count, 1);
	assert_int_equal(verdict.suite[0], UPS_SUITE_AES_256_CM_HMAC_SHA1_80);
}

static void rfc5764_suites_without_a_profile_are_not_for_dtls(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_DTLS);

	(void)state;
	one_rule(UPS_REQUIRE);
	in.proxy_no = BIT(AEAD_AES_256_GCM); /* speaks of SDES alone */
	decide(&in);
	assert_int_equal(verdict.suite_count, 3);
	assert_int_equal(verdict.suite[0], UPS_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(verdict.suite[1], UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(verdict.suite[2], UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static void proxy_that_turns_a_mechanism_off_leaves_the_other(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	one_rule(UPS_REQUIRE);
	in.proxy_dtls_off = true;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	in.proxy_sdes_off = true;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "DTLS=off");
}

static void mechanism_that_the_rule_does_not_name_is_not_used(void **state)
{
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	rule->mechanism_count = 1; /* dtls */
	decide_for(UPS_CAN_SDES);
	assert_refused(UPS_BY_PROVIDER, "mechanisms");
	rule->protection = UPS_PREFER;
	decide_for(UPS_CAN_SDES | UPS_CAN_CLEAR);
	assert_chosen(UPS_MECH_NONE, UPS_BY_PROVIDER);
}

static void peer_with_a_secured_profile_only_is_never_answered_with_less(void **state)
{
	(void)state;
	one_rule(UPS_ALLOW);
	decide_for(UPS_CAN_SDES);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PEER);
	one_rule(UPS_FORBID);
	decide_for(UPS_CAN_SDES);
	assert_refused(UPS_BY_PROVIDER, "forbids");
	one_rule(UPS_ALLOW);
	decide_for(0);
	assert_refused(UPS_BY_PEER, "secured profile");
}

static void refusal_names_who_insists_and_what_would_help(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR);

	(void)state;
	one_rule(UPS_REQUIRE);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "rule r requires protection, but the peer offers no keys");
	in.can_known = false;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "transport-protocol=RTP/SAVP would help");
	one_rule(UPS_ALLOW);
	in.wish = UPS_WISH_REQUIRED;
	decide(&in);
	assert_refused(UPS_BY_USER, "the user requires protection");
	one_rule(UPS_FORBID);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "rule r forbids it");
}

static void longest_names_fit_into_the_reason(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 4 * 3 * 8 * 3 * 16; n++) {
		struct cell c;

		cell_of(n, &c);
		for (unsigned int more = 0; more < 8; more++) {
			struct ups_policy_input in = ideal(c.can);
			struct ups_rule *rule = one_rule(c.protection);

			memset(rule->name, 'n', UPS_RULE_NAME_MAX - 1);
			rule->ipsec = more & 1;
			rule->suite_count = more & 2 ? 0 : rule->suite_count;
			in.wish = c.wish;
			in.kind = more & 4 ? UPS_KIND_IWF : UPS_KIND_NNI;
			in.signalling = c.signalling;
			in.osrtp_possible = c.plain_keys;
			in.can_known = c.known;
			in.floor = c.floor;
			in.proxy_dtls_off = c.osrtp_rule;
			decide(&in);
		}
	}
}

/* ---- downgrades (A12) ------------------------------------------------------------------------------------------ */

static void a12_reoffer_in_clear_of_a_protected_leg_is_refused(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR);

	(void)state;
	in.floor = true;
	for (int p = 0; p < 4; p++) {
		for (int wish = 0; wish < 3; wish++) {
			one_rule((enum ups_protection)p)->osrtp = true;
			in.wish = (enum ups_wish)wish;
			in.wish_explicit = true;
			decide(&in);
			assert_true(verdict.refused);
		}
	}
	one_rule(UPS_ALLOW);
	in.wish = UPS_WISH_NONE;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "was protected before");
}

static void a12_crypto_lines_taken_out_of_a_secured_offer_are_refused(void **state)
{
	(void)state;
	one_rule(UPS_ALLOW);
	decide_for(0); /* RTP/SAVP and no a=crypto */
	assert_true(verdict.refused);
}

static void a12_keys_taken_out_of_a_plain_offer_do_not_pass_a_requiring_rule(void **state)
{
	(void)state;
	one_rule(UPS_REQUIRE)->osrtp = true;
	decide_for(UPS_CAN_CLEAR);
	assert_true(verdict.refused);
}

static void a12_wish_of_none_does_not_lower_the_providers_floor(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR | SECURED);

	(void)state;
	one_rule(UPS_REQUIRE);
	in.wish_explicit = true;
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
	one_rule(UPS_PREFER);
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
}

static void a12_suite_80_does_not_become_32(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_SDES);

	(void)state;
	ups_policy_init(&policy, false);
	in.suites = BIT(AES_CM_128_HMAC_SHA1_32) | BIT(AES_192_CM_HMAC_SHA1_32) |
		    BIT(AES_256_CM_HMAC_SHA1_32);
	in.proxy_only = in.suites;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "suite");
	in.suites = 0;
	in.proxy_only = 0;
	decide(&in);
	for (unsigned int i = 0; i < verdict.suite_count; i++)
		assert_true(verdict.suite[i] != UPS_SUITE_AES_CM_128_HMAC_SHA1_32 &&
			    verdict.suite[i] != UPS_SUITE_AES_192_CM_HMAC_SHA1_32 &&
			    verdict.suite[i] != UPS_SUITE_AES_256_CM_HMAC_SHA1_32);
}

static void a12_osrtp_reoffer_of_a_leg_under_osrtp_stays_protected(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR | UPS_CAN_SDES);

	(void)state;
	one_rule(UPS_PREFER)->osrtp = true;
	in.osrtp_possible = true;
	in.floor = true;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	in.can = UPS_CAN_CLEAR; /* the answer left the keys out */
	decide(&in);
	assert_true(verdict.refused);
}

static void a12_rule_that_forbids_after_a_reload_does_not_open_a_protected_leg(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR | SECURED);

	(void)state;
	one_rule(UPS_FORBID);
	in.floor = true;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "was protected before");
}

/* ---- interworking, end to end, underlay ------------------------------------------------------------------------ */

static void iwf_leg_gets_the_same_measures_and_no_clear_by_default(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	in.kind = UPS_KIND_IWF;
	for (int p = UPS_ALLOW; p <= UPS_REQUIRE; p++) {
		one_rule((enum ups_protection)p);
		in.can = SECURED;
		decide(&in);
		assert_int_equal(verdict.mechanism, UPS_MECH_DTLS);
		in.can = UPS_CAN_CLEAR;
		decide(&in);
		assert_refused(UPS_BY_PROVIDER,
			       p == UPS_REQUIRE ? "requires" : "unprotected-interworking");
	}
	one_rule(UPS_FORBID);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "unprotected-interworking");
}

static void iwf_leg_in_clear_by_a_named_rule_is_marked_compromised(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR);

	(void)state;
	one_rule(UPS_PREFER)->unprotected_interworking = true;
	in.kind = UPS_KIND_IWF;
	decide(&in);
	assert_chosen(UPS_MECH_NONE, UPS_BY_PEER);
	assert_true(verdict.compromised);
	assert_reason_has("rule r");
	in.can |= UPS_CAN_DTLS; /* protected where it can be */
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
	assert_false(verdict.compromised);
	in.can = UPS_CAN_CLEAR;
	in.wish = UPS_WISH_REQUIRED; /* the user's word stands above the rule's permission */
	decide(&in);
	assert_refused(UPS_BY_USER, "the user requires");
	in.wish = UPS_WISH_NONE;
	in.kind = UPS_KIND_CONV; /* means nothing elsewhere */
	decide(&in);
	assert_false(verdict.compromised);
}

static void users_who_key_each_other_stay_untouched_only_where_both_rules_say_opaque(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_SDES);
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	in.keyed_by_users = true; /* says that the other leg's rule permits it */
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	rule->opaque = true;
	decide(&in);
	assert_chosen(UPS_MECH_OPAQUE, UPS_BY_PROVIDER);
	in.keyed_by_users = false;
	decide(&in);
	assert_chosen(UPS_MECH_SDES, UPS_BY_PROVIDER);
	in.keyed_by_users = true;
	in.signalling =
		UPS_SIGNALLING_INTEGRITY; /* whose keys, does not matter to who reads them */
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "encrypted");
	in.can = SECURED; /* keys beside fingerprints */
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
	in.can = UPS_CAN_DTLS;
	decide(&in);
	assert_chosen(UPS_MECH_OPAQUE, UPS_BY_PROVIDER);
	rule->protection = UPS_FORBID;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "forbids");
}

static void underlay_counts_only_where_the_rule_names_it_and_the_kernel_covers(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR);
	struct ups_rule *rule = one_rule(UPS_REQUIRE);

	(void)state;
	in.kind = UPS_KIND_NNI;
	in.ipsec_covers = true;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "no keys");
	rule->ipsec = true;
	decide(&in);
	assert_chosen(UPS_MECH_UNDERLAY, UPS_BY_PROVIDER);
	in.ipsec_covers = false;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "IPsec");
	in.ipsec_covers = true;
	in.kind = UPS_KIND_CONV;
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "no keys");
	in.kind = UPS_KIND_NNI;
	in.can = UPS_CAN_CLEAR | UPS_CAN_DTLS; /* keys of our own come first */
	decide(&in);
	assert_chosen(UPS_MECH_DTLS, UPS_BY_PROVIDER);
	rule->protection = UPS_FORBID; /* and a clear leg is reported as what it is */
	decide(&in);
	assert_chosen(UPS_MECH_UNDERLAY, UPS_BY_PROVIDER);
	in.can = UPS_CAN_SDES; /* RTP/SAVP is not answered with clear RTP in IPsec */
	decide(&in);
	assert_true(verdict.refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_user_and_provider_holds_cell_by_cell),
		cmocka_unit_test(the_whole_matrix_agrees_with_the_table),
		cmocka_unit_test(user_asks_for_more_never_for_less),
		cmocka_unit_test(rfc4568_8_3_sdes_without_encrypted_signalling_is_refused),
		cmocka_unit_test(rfc5763_8_fingerprints_without_integrity_are_refused),
		cmocka_unit_test(integrity_alone_takes_the_peer_that_has_both_to_dtls),
		cmocka_unit_test(rfc8643_osrtp_is_never_taken_nor_offered_where_required),
		cmocka_unit_test(rfc8643_osrtp_is_taken_where_the_rule_says_so),
		cmocka_unit_test(secured_profile_is_not_osrtp),
		cmocka_unit_test(rfc3711_9_5_short_tags_need_a_rule_that_names_them),
		cmocka_unit_test(short_tag_named_by_the_proxy_counts_only_where_it_may),
		cmocka_unit_test(gcm_alone_passes_a_minimum_of_128),
		cmocka_unit_test(suites_come_in_the_order_of_the_rule),
		cmocka_unit_test(rfc5764_suites_without_a_profile_are_not_for_dtls),
		cmocka_unit_test(proxy_that_turns_a_mechanism_off_leaves_the_other),
		cmocka_unit_test(mechanism_that_the_rule_does_not_name_is_not_used),
		cmocka_unit_test(peer_with_a_secured_profile_only_is_never_answered_with_less),
		cmocka_unit_test(refusal_names_who_insists_and_what_would_help),
		cmocka_unit_test(longest_names_fit_into_the_reason),
		cmocka_unit_test(a12_reoffer_in_clear_of_a_protected_leg_is_refused),
		cmocka_unit_test(a12_crypto_lines_taken_out_of_a_secured_offer_are_refused),
		cmocka_unit_test(a12_keys_taken_out_of_a_plain_offer_do_not_pass_a_requiring_rule),
		cmocka_unit_test(a12_wish_of_none_does_not_lower_the_providers_floor),
		cmocka_unit_test(a12_suite_80_does_not_become_32),
		cmocka_unit_test(a12_osrtp_reoffer_of_a_leg_under_osrtp_stays_protected),
		cmocka_unit_test(
			a12_rule_that_forbids_after_a_reload_does_not_open_a_protected_leg),
		cmocka_unit_test(iwf_leg_gets_the_same_measures_and_no_clear_by_default),
		cmocka_unit_test(iwf_leg_in_clear_by_a_named_rule_is_marked_compromised),
		cmocka_unit_test(
			users_who_key_each_other_stay_untouched_only_where_both_rules_say_opaque),
		cmocka_unit_test(
			underlay_counts_only_where_the_rule_names_it_and_the_kernel_covers),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
