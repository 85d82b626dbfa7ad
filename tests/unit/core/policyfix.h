/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One rule, an ideal peer, and the verdict on it: for the tests of policy. */
#ifndef UPS_TEST_CORE_POLICYFIX_H
#define UPS_TEST_CORE_POLICYFIX_H

#include "fixture.h"

#include "core/policy.h"

#define BIT(suite) (1u << UPS_SUITE_##suite)
#define SECURED (UPS_CAN_SDES | UPS_CAN_DTLS)

static struct ups_policy policy;
static struct ups_verdict verdict;

/* One rule "r" that matches everything */
TEST_INLINE struct ups_rule *one_rule(enum ups_protection protection)
{
	policy = (struct ups_policy) { .count = 1 };
	ups_rule_init(&policy.rule[0], "r");
	policy.rule[0].protection = protection;
	return &policy.rule[0];
}

/* A peer that can all in a secured profile of its own choice, over the best signalling */
TEST_INLINE struct ups_policy_input ideal(uint32_t can)
{
	return (struct ups_policy_input) {
		.kind = UPS_KIND_CONV,
		.media = "audio",
		.address = "",
		.can = can,
		.can_known = true,
		.signalling = UPS_SIGNALLING_ENCRYPTED,
	};
}

/* What holds for every verdict whatever */
TEST_INLINE const struct ups_verdict *decide(const struct ups_policy_input *in)
{
	bool srtp;

	memset(&verdict, 0xa5, sizeof(verdict));
	ups_policy_decide(&policy, in, &verdict);
	srtp = verdict.mechanism == UPS_MECH_SDES || verdict.mechanism == UPS_MECH_DTLS;
	assert_non_null(verdict.rule);
	assert_int_equal(srtp, verdict.suite_count > 0);
	assert_true(verdict.suite_count <= UPS_RULE_SUITES_MAX);
	assert_true(strlen(verdict.reason) > 10);
	assert_true(strlen(verdict.reason) < sizeof(verdict.reason) - 1); /* nothing was cut off */
	assert_false(verdict.refused &&
		     (verdict.mechanism != UPS_MECH_NONE || verdict.compromised));
	assert_false(verdict.osrtp && !srtp);
	assert_false(verdict.compromised && in->kind != UPS_KIND_IWF);
	return &verdict;
}

TEST_INLINE const struct ups_verdict *decide_for(uint32_t can)
{
	struct ups_policy_input in = ideal(can);

	return decide(&in);
}

TEST_INLINE void assert_reason_has(const char *text)
{
	if (!strstr(verdict.reason, text))
		fail_msg("\"%s\" lacks \"%s\"", verdict.reason, text);
}

TEST_INLINE void assert_refused(enum ups_decider by, const char *reason)
{
	assert_true(verdict.refused);
	assert_int_equal(verdict.decided_by, by);
	assert_reason_has(reason);
}

TEST_INLINE void assert_chosen(enum ups_mechanism mechanism, enum ups_decider by)
{
	if (verdict.refused)
		fail_msg("refused: %s", verdict.reason);
	assert_string_equal(ups_mechanism_name(verdict.mechanism), ups_mechanism_name(mechanism));
	assert_string_equal(ups_decider_name(verdict.decided_by), ups_decider_name(by));
}

#endif
