// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules of policy: which leg they match, and their text. */
#include "policyfix.h"

/* ---- matching -------------------------------------------------------------------------------------------------- */

static struct ups_rule *add_rule(const char *name)
{
	ups_rule_init(&policy.rule[policy.count], name);
	return &policy.rule[policy.count++];
}

static void assert_match(const struct ups_policy_input *in, const char *name)
{
	assert_string_equal(ups_policy_match(&policy, in)->name, name);
}

static void network_of(struct ups_rule *rule, const char *network, unsigned int bits)
{
	rule->has_peer = true;
	rule->peer = addr(network);
	rule->peer_bits = (uint8_t)(bits + (ups_addr_is_v4(&rule->peer) ? 96 : 0));
}

static void first_rule_that_matches_counts(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	policy.count = 0;
	add_rule("nni")->kinds = 1u << UPS_KIND_NNI;
	strcpy(add_rule("video")->media, "video");
	add_rule("all");
	add_rule("never");
	assert_match(&in, "all");
	in.media = "VIDEO";
	assert_match(&in, "video");
	in.kind = UPS_KIND_NNI;
	assert_match(&in, "nni");
}

static void the_last_rule_is_built_in_and_requires_everything(void **state)
{
	struct ups_policy_input in = ideal(UPS_CAN_CLEAR);
	const struct ups_rule *rule;

	(void)state;
	policy.count = 0;
	rule = ups_policy_match(&policy, &in);
	assert_int_equal(rule->protection, UPS_REQUIRE);
	assert_true(rule->registration);
	assert_false(rule->osrtp || rule->opaque || rule->ipsec || rule->unprotected_interworking ||
		     rule->proxy_explicit);
	decide(&in);
	assert_refused(UPS_BY_PROVIDER, "built-in");
}

static void networks_match_by_prefix(void **state)
{
	static const struct {
		const char *network;
		unsigned int bits;
		const char *inside, *outside;
	} t[] = {
		{ "192.0.2.0", 24, "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.128", 25, "192.0.2.129", "192.0.2.127" },
		{ "192.0.2.7", 32, "192.0.2.7", "192.0.2.6" },
		{ "0.0.0.0", 0, "203.0.113.1", "2001:db8::1" },
		{ "2001:db8:8000::", 33, "2001:db8:ffff::1", "2001:db8:7fff::1" },
		{ "2001:db8::1", 128, "2001:db8::1", "2001:db8::2" },
		{ "2000::", 3, "3fff::1", "192.0.2.1" },
	};
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		policy.count = 0;
		network_of(add_rule("net"), t[i].network, t[i].bits);
		in.peer = addr(t[i].inside);
		assert_match(&in, "net");
		in.peer = addr(t[i].outside);
		assert_match(&in, "built-in");
		in.peer = (struct ups_addr) {}; /* not known */
		assert_match(&in, "built-in");
		in.peer = addr("0.0.0.0");
		assert_match(&in, "built-in");
	}
}

static void addresses_match_without_regard_to_case_and_scheme(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	policy.count = 0;
	strcpy(add_rule("alice")->address, "sip:Alice@Example.NET");
	strcpy(add_rule("domain")->address, "@example.net");
	strcpy(add_rule("phone")->address, "tel:+15550100");
	in.address = "sips:alice@example.net;transport=tls";
	assert_match(&in, "alice");
	in.address = "sip:bob@EXAMPLE.net";
	assert_match(&in, "domain");
	in.address = "sip:bob@sub.example.net";
	assert_match(&in, "built-in");
	in.address = "sip:bob@notexample.net";
	assert_match(&in, "built-in");
	in.address = "sip:bob@example.net.evil.example";
	assert_match(&in, "built-in");
	in.address = "sip:bob@evil.example;x=@example.net"; /* a parameter is no domain */
	assert_match(&in, "built-in");
	in.address = "TEL:+15550100";
	assert_match(&in, "phone");
	in.address = "";
	assert_match(&in, "built-in");
	in.address = "sip:alice @example.net";
	assert_match(&in, "built-in");
}

/* ---- texts ----------------------------------------------------------------------------------------------------- */

static void assert_text(const struct ups_rule *rule, const char *expected_text)
{
	char text[512];
	struct ups_buf buf = ups_buf_init(text, sizeof(text) - 1);

	ups_rule_format(rule, &buf);
	assert_true(ups_buf_ok(&buf));
	text[buf.size] = '\0';
	assert_string_equal(text, expected_text);
}

#define FLOOR                                                             \
	"mechanisms dtls sdes, suites AEAD_AES_256_GCM AEAD_AES_128_GCM " \
	"AES_256_CM_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_80, min-tag 80"

static void default_rules_are_these(void **state)
{
	struct ups_policy_input in = ideal(SECURED);

	(void)state;
	ups_policy_init(&policy, false);
	assert_int_equal(policy.count, 2);
	assert_text(&policy.rule[0], "default-conv: conv -> require, " FLOOR ", registration");
	assert_text(&policy.rule[1], "default: any leg -> require, " FLOOR);
	ups_policy_init(&policy, true);
	assert_int_equal(policy.count, 1);
	assert_text(&policy.rule[0], "without-file: any leg -> prefer, " FLOOR
				     ", osrtp, suites of the proxy's SDES=only");
	policy.count = 0;
	assert_text(ups_policy_match(&policy, &in),
		    "built-in: any leg -> require, " FLOOR ", registration");
}

static void rule_text_shows_all_that_was_configured(void **state)
{
	struct ups_rule *rule = one_rule(UPS_ALLOW);

	(void)state;
	rule->kinds = 1u << UPS_KIND_NNI | 1u << UPS_KIND_IWF;
	strcpy(rule->media, "audio");
	network_of(rule, "192.0.2.0", 24);
	strcpy(rule->address, "@example.net");
	rule->mechanism_count = 1;
	rule->suite_count = 1;
	rule->min_tag = 32;
	rule->opaque = rule->osrtp = rule->ipsec = rule->unprotected_interworking = true;
	strcpy(rule->peer_name, "cs.example.org");
	assert_text(rule, "r: nni|iwf, audio, peer 192.0.2.0/24, address @example.net -> allow, "
			  "mechanisms dtls, suites AEAD_AES_256_GCM, min-tag 32, opaque, osrtp, "
			  "underlay ipsec, unprotected-interworking, peer-name cs.example.org");
	network_of(rule, "2001:db8::", 32);
	rule->kinds = 0;
	rule->media[0] = rule->address[0] = rule->peer_name[0] = '\0';
	rule->opaque = rule->osrtp = rule->ipsec = rule->unprotected_interworking = false;
	rule->protection = UPS_FORBID;
	assert_text(rule, "r: any leg, peer 2001:db8::/32 -> forbid");
}

static void names_are_never_null(void **state)
{
	(void)state;
	assert_string_equal(ups_protection_name(UPS_PREFER), "prefer");
	assert_string_equal(ups_mechanism_name(UPS_MECH_MANUAL), "manual");
	assert_string_equal(ups_decider_name(UPS_BY_PEER), "peer");
	assert_string_equal(ups_protection_name((enum ups_protection)99), "?");
	assert_string_equal(ups_mechanism_name((enum ups_mechanism)99), "?");
	assert_string_equal(ups_decider_name((enum ups_decider)99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_rule_that_matches_counts),
		cmocka_unit_test(the_last_rule_is_built_in_and_requires_everything),
		cmocka_unit_test(networks_match_by_prefix),
		cmocka_unit_test(addresses_match_without_regard_to_case_and_scheme),
		cmocka_unit_test(default_rules_are_these),
		cmocka_unit_test(rule_text_shows_all_that_was_configured),
		cmocka_unit_test(names_are_never_null),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
