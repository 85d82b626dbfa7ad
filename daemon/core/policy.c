// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Verdicts: how much protection is demanded and by whom, then which means of the rule's can give it, then what follows when none
 * can. Pure; any thread. Matching and texts of rules: core/rule.c.
 */
#include "core/policy.h"

#include <stdio.h>
#include <string.h>

#include "crypto/srtp.h"

/* What stands between a mechanism and this leg; later ones are nearer to a solution and so are reported first. */
enum obstacle {
	NO_OBSTACLE,
	NOT_BY_PEER, /* the peer has none of the rule's mechanisms */
	NOT_BY_RULE, /* the peer has one that the rule does not name */
	NOT_BY_PROXY,
	NOT_IN_PLAIN, /* keys on the plain profile where OSRTP has no place */
	NOT_BY_SIGNALLING,
	NOT_BY_SUITE,
};

enum cause { RULE, USER, PEER, FLOOR };

struct demand {
	enum { NOT_DEMANDED, PREFERRED, REQUIRED } level;
	enum cause cause;
};

struct attempt {
	enum obstacle obstacle;
	enum ups_mechanism mechanism; /* that stands before the obstacle */
};

static bool secured_only(const struct ups_policy_input *in)
{
	return !(in->can & UPS_CAN_CLEAR);
}

/* The strongest demand of all who have a say. */
static struct demand find_demand(const struct ups_policy_input *in, const struct ups_rule *rule)
{
	struct demand d = { NOT_DEMANDED, rule->protection == UPS_ALLOW ? USER : RULE };

	if (rule->protection == UPS_PREFER)
		d.level = PREFERRED;
	else if (rule->protection == UPS_REQUIRE)
		d.level = REQUIRED;
	if (in->wish == UPS_WISH_PREFERRED && d.level < PREFERRED && rule->protection != UPS_FORBID)
		d = (struct demand) { PREFERRED, USER };
	if (in->wish == UPS_WISH_REQUIRED && d.level < REQUIRED)
		d = (struct demand) { REQUIRED, USER };
	if (secured_only(in) && d.level < REQUIRED)
		d = (struct demand) { REQUIRED, PEER };
	if (in->floor && d.level < REQUIRED)
		d = (struct demand) { REQUIRED, FLOOR };
	return d;
}

static enum ups_decider decider_of(enum cause cause)
{
	return cause == USER ? UPS_BY_USER : cause == PEER ? UPS_BY_PEER : UPS_BY_PROVIDER;
}

/* RFC 8643 4: OSRTP has no place where SRTP is needed. A leg that it protected before may go on with it: clear is out by the floor. */
static bool osrtp_fits(const struct ups_policy_input *in, const struct ups_rule *rule)
{
	return rule->osrtp && rule->protection != UPS_REQUIRE && in->wish != UPS_WISH_REQUIRED;
}

static bool on_plain_profile(const struct ups_policy_input *in)
{
	return !secured_only(in) && in->osrtp_possible;
}

static bool signalling_carries(const struct ups_policy_input *in, enum ups_mechanism m)
{
	return in->signalling >=
	       (m == UPS_MECH_SDES ? UPS_SIGNALLING_ENCRYPTED : UPS_SIGNALLING_INTEGRITY);
}

static bool long_enough(const struct ups_rule *rule, unsigned int suite)
{
	const struct ups_suite *s = ups_suite_by_id(suite);

	return s && s->rtp_tag * 8u >= rule->min_tag;
}

/* RFC 5764 4.1.2, RFC 7714 14.2: the others have no number in use_srtp */
static bool has_dtls_profile(unsigned int suite)
{
	return suite == UPS_SUITE_AES_CM_128_HMAC_SHA1_80 ||
	       suite == UPS_SUITE_AES_CM_128_HMAC_SHA1_32 || suite == UPS_SUITE_AEAD_AES_128_GCM ||
	       suite == UPS_SUITE_AEAD_AES_256_GCM;
}

/* What the SDES flags and the peer's lines leave; both speak of SDES alone. */
static bool sdes_leaves(const struct ups_policy_input *in, unsigned int suite)
{
	uint32_t bit = 1u << suite;

	return !(in->proxy_no & bit) && (!in->proxy_only || (in->proxy_only & bit)) &&
	       (!in->suites || (in->suites & bit));
}

static void put_suite(struct ups_verdict *out, unsigned int suite)
{
	for (unsigned int i = 0; i < out->suite_count; i++) {
		if (out->suite[i] == suite)
			return;
	}
	if (out->suite_count < UPS_RULE_SUITES_MAX)
		out->suite[out->suite_count++] = (uint8_t)suite;
}

static void choose_suites(const struct ups_policy_input *in, const struct ups_rule *rule,
			  enum ups_mechanism m, struct ups_verdict *out)
{
	uint32_t named = rule->proxy_explicit && m == UPS_MECH_SDES ? in->proxy_only : 0;

	out->suite_count = 0;
	for (unsigned int i = 0; i < rule->suite_count; i++) {
		unsigned int suite = rule->suite[i];
		bool fits = m == UPS_MECH_SDES ? sdes_leaves(in, suite) : has_dtls_profile(suite);

		if (fits && (long_enough(rule, suite) || (named & (1u << suite))))
			put_suite(out, suite);
	}
	for (unsigned int suite = 1; suite < UPS_SUITE_COUNT; suite++) {
		if ((named & (1u << suite)) && sdes_leaves(in, suite))
			put_suite(out, suite);
	}
}

static enum obstacle try_mechanism(const struct ups_policy_input *in, const struct ups_rule *rule,
				   enum ups_mechanism m, struct ups_verdict *out)
{
	bool sdes = m == UPS_MECH_SDES;

	if (!(in->can & (sdes ? UPS_CAN_SDES : UPS_CAN_DTLS)))
		return NOT_BY_PEER;
	if (sdes ? in->proxy_sdes_off : in->proxy_dtls_off)
		return NOT_BY_PROXY;
	if (on_plain_profile(in) && in->can_known && !osrtp_fits(in, rule))
		return NOT_IN_PLAIN;
	if (!signalling_carries(in, m))
		return NOT_BY_SIGNALLING;
	choose_suites(in, rule, m, out);
	if (!out->suite_count)
		return NOT_BY_SUITE;
	out->mechanism = m;
	out->osrtp = on_plain_profile(in) && osrtp_fits(in, rule);
	return NO_OBSTACLE;
}

/* Users' own keys pass through the same signalling as ours would (RFC 4568 8.3); where both kinds are there, the weaker one counts. */
static bool opaque_works(const struct ups_policy_input *in, const struct ups_rule *rule)
{
	bool fingerprints = in->can & UPS_CAN_DTLS && !(in->can & UPS_CAN_SDES);

	return rule->opaque && in->keyed_by_users &&
	       signalling_carries(in, fingerprints ? UPS_MECH_DTLS : UPS_MECH_SDES);
}

/* Takes the first mechanism that works, or tells what is in the way of the one that came furthest. */
static struct attempt find_mechanism(const struct ups_policy_input *in, const struct ups_rule *rule,
				     struct ups_verdict *out)
{
	struct attempt furthest = { NOT_BY_PEER, UPS_MECH_NONE };

	if (opaque_works(in, rule)) {
		out->mechanism = UPS_MECH_OPAQUE;
		return (struct attempt) { NO_OBSTACLE, UPS_MECH_OPAQUE };
	}
	if (in->can & (UPS_CAN_SDES | UPS_CAN_DTLS))
		furthest.obstacle = NOT_BY_RULE;
	for (unsigned int i = 0; i < rule->mechanism_count; i++) {
		struct attempt a = { .mechanism = rule->mechanism[i] };

		a.obstacle = try_mechanism(in, rule, a.mechanism, out);
		if (a.obstacle == NO_OBSTACLE)
			return a;
		if (a.obstacle > furthest.obstacle)
			furthest = a;
	}
	out->suite_count = 0;
	return furthest;
}

static bool underlay_works(const struct ups_policy_input *in, const struct ups_rule *rule)
{
	return rule->ipsec && in->kind == UPS_KIND_NNI && in->ipsec_covers && !secured_only(in);
}

static int put_cause(char *to, size_t size, struct demand d, const struct ups_rule *rule)
{
	const char *verb = d.level == REQUIRED ? "requires" : "prefers";

	switch (d.cause) {
	case USER:
		return snprintf(to, size, "the user %s protection", verb);
	case PEER:
		return snprintf(to, size, "the peer takes a secured profile only");
	case FLOOR:
		return snprintf(to, size, "this leg was protected before and stays so");
	case RULE:
		break;
	}
	return snprintf(to, size, "rule %s %s protection", rule->name, verb);
}

static const char *obstacle_text(const struct ups_policy_input *in, const struct ups_rule *rule,
				 struct attempt a)
{
	bool sdes = a.mechanism == UPS_MECH_SDES;

	switch (a.obstacle) {
	case NOT_BY_RULE:
		return "the rule does not name what the peer can: add dtls or sdes to its mechanisms";
	case NOT_BY_PROXY:
		return sdes ? "the proxy says SDES=off: it should leave that out"
			    : "the proxy says DTLS=off: it should leave that out";
	case NOT_IN_PLAIN:
		return "keys in plain RTP/AVP (OSRTP) are not taken here: RTP/SAVP would help";
	case NOT_BY_SIGNALLING:
		return sdes ? "SDES needs encrypted signalling: SIP over TLS with signalling=encrypted would help"
			    : "DTLS needs signalling with integrity: SIP over TLS with signalling=integrity would help";
	case NOT_BY_SUITE:
		return "rule, peer and SDES flags leave no suite: name one of the peer's, or lower min-tag";
	case NOT_BY_PEER:
	case NO_OBSTACLE:
		break;
	}
	if (rule->ipsec && in->kind == UPS_KIND_NNI && !in->ipsec_covers && !secured_only(in))
		return "the peer offers no keys and no IPsec policy covers both directions: add either";
	return in->can_known
		       ? "the peer offers no keys for it: SDES or DTLS in its SDP would help"
		       : "the proxy has plain RTP offered: transport-protocol=RTP/SAVP would help";
}

static void refuse(struct ups_verdict *out, enum ups_decider by)
{
	out->refused = true;
	out->mechanism = UPS_MECH_NONE;
	out->osrtp = false;
	out->suite_count = 0;
	out->decided_by = by;
}

static void say_obstacle(const struct ups_policy_input *in, struct demand d, struct attempt a,
			 struct ups_verdict *out)
{
	int n = put_cause(out->reason, sizeof(out->reason), d, out->rule);

	snprintf(out->reason + n, sizeof(out->reason) - (size_t)n, ", but %s",
		 obstacle_text(in, out->rule, a));
}

static void say_mechanism(struct demand d, struct ups_verdict *out)
{
	static const char *const text[] = {
		[UPS_MECH_SDES] = "SDES",
		[UPS_MECH_DTLS] = "DTLS-SRTP",
		[UPS_MECH_OPAQUE] = "the users key each other and are relayed untouched",
	};
	int n = put_cause(out->reason, sizeof(out->reason), d, out->rule);

	out->decided_by = decider_of(d.cause);
	snprintf(out->reason + n, sizeof(out->reason) - (size_t)n, ": %s%s", text[out->mechanism],
		 out->osrtp ? " in the plain profile (OSRTP)" : "");
}

/* Every leg in clear ends here, and so does IPsec, which the data plane must know of even where nobody asked for it. */
static void go_clear(const struct ups_policy_input *in, enum ups_decider by,
		     struct ups_verdict *out)
{
	const struct ups_rule *rule = out->rule;

	out->decided_by = by;
	if (underlay_works(in, rule)) {
		out->mechanism = UPS_MECH_UNDERLAY;
		out->decided_by = UPS_BY_PROVIDER;
		snprintf(out->reason, sizeof(out->reason),
			 "rule %s counts the IPsec underlay, which covers both directions",
			 rule->name);
	} else if (in->kind == UPS_KIND_IWF && !rule->unprotected_interworking) {
		refuse(out, UPS_BY_PROVIDER);
		snprintf(out->reason, sizeof(out->reason),
			 "rule %s lets no clear media out to other networks: keys, or a rule with "
			 "unprotected-interworking: allow would help",
			 rule->name);
	} else if (in->kind == UPS_KIND_IWF) {
		out->compromised = true;
		snprintf(out->reason, sizeof(out->reason),
			 "rule %s allows unprotected interworking: clear, integrity compromised",
			 rule->name);
	}
}

static void decide_forbidden(const struct ups_policy_input *in, struct demand d,
			     struct ups_verdict *out)
{
	int n;

	if (d.level < REQUIRED || underlay_works(in, out->rule)) {
		snprintf(out->reason, sizeof(out->reason), "rule %s forbids protection: clear",
			 out->rule->name);
		go_clear(in, UPS_BY_PROVIDER, out);
		return;
	}
	refuse(out, UPS_BY_PROVIDER);
	n = put_cause(out->reason, sizeof(out->reason), d, out->rule);
	snprintf(out->reason + n, sizeof(out->reason) - (size_t)n,
		 ", but rule %s forbids it: protection: allow would help", out->rule->name);
}

static void decide_demanded(const struct ups_policy_input *in, struct demand d,
			    struct ups_verdict *out)
{
	struct attempt a = find_mechanism(in, out->rule, out);

	if (a.obstacle == NO_OBSTACLE) {
		say_mechanism(d, out);
		return;
	}
	say_obstacle(in, d, a, out);
	if (d.level < REQUIRED || underlay_works(in, out->rule))
		go_clear(in, a.obstacle == NOT_BY_PEER ? UPS_BY_PEER : UPS_BY_PROVIDER, out);
	else
		refuse(out, decider_of(d.cause));
}

void ups_policy_decide(const struct ups_policy *policy, const struct ups_policy_input *in,
		       struct ups_verdict *out)
{
	struct demand d;

	*out = (struct ups_verdict) { .rule = ups_policy_match(policy, in) };
	d = find_demand(in, out->rule);
	if (out->rule->protection == UPS_FORBID) {
		decide_forbidden(in, d, out);
	} else if (d.level != NOT_DEMANDED) {
		decide_demanded(in, d, out);
	} else {
		snprintf(out->reason, sizeof(out->reason),
			 "the user asks for no protection and rule %s does not insist: clear",
			 out->rule->name);
		go_clear(in, UPS_BY_USER, out);
	}
}
