// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules of policy and sources of ng. A rule that could never do what it says is refused: the operator who wrote it believes in
 * something else than what would happen.
 */
#include "app/config_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "core/registration.h"
#include "crypto/srtp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const protection_words[] = { "forbid", "allow", "prefer", "require", NULL };
static const char *const termination_words[] = { "terminate", "opaque", NULL };
static const char *const osrtp_words[] = { "no", "yes", NULL };
static const char *const registration_words[] = { "optional", "required", NULL };
static const char *const underlay_words[] = { "none", "ipsec", NULL };
static const char *const interworking_words[] = { "refuse", "allow", NULL };
static const char *const signalling_words[] = { "none", "integrity", "encrypted", NULL };

_Static_assert(UPS_FORBID == 0 && UPS_REQUIRE == 3, "protection_words");
_Static_assert(UPS_SIGNALLING_NONE == 0 && UPS_SIGNALLING_ENCRYPTED == 2, "signalling_words");

/* clang-format off */
#define UPS_DEST struct ups_rule
#define UPS_RAW struct ups_raw_rule
static const struct ups_option rule_options[] = { UPS_OPTIONS_RULE(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
#define UPS_DEST struct ups_ng_source
#define UPS_RAW struct ups_raw_source
static const struct ups_option source_options[] = { UPS_OPTIONS_SOURCE(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
#define UPS_DEST struct ups_ng_config
#define UPS_RAW struct ups_raw_ng
static const struct ups_option ng_options[] = { UPS_OPTIONS_NG(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
/* clang-format on */

#define ONLY(kind) (1u << (kind))

/* One rule in hand */
struct rule_reader {
	struct ups_reader *r;
	const struct ups_raw_rule *raw;
	struct ups_rule *rule;
	char at[32]; /* "policy[3]" */
};

static int fail_at(const struct rule_reader *rr, const char *key, int err, const char *text)
{
	ups_reader_at(rr->r, rr->at, key);
	return ups_reader_fail(rr->r, err, "%s", text);
}

static void at_entry(const struct rule_reader *rr, const char *key, unsigned int i)
{
	char entry[32];

	snprintf(entry, sizeof(entry), "%s[%u]", key, i);
	ups_reader_at(rr->r, rr->at, entry);
}

static int read_legs(const struct rule_reader *rr)
{
	static const char *const words[] = { "conv", "nni", "iwf", "any" };

	for (unsigned int i = 0; i < rr->raw->leg_count; i++) {
		const char *text = rr->raw->leg[i];
		unsigned int kind = 0;

		while (kind < COUNT(words) && strcmp(text, words[kind]) != 0)
			kind++;
		at_entry(rr, "leg", i);
		if (kind == COUNT(words))
			return ups_reader_fail(rr->r, UPS_E_SYNTAX,
					       "expected one of conv, nni, iwf, any; found '%s'",
					       ups_shown(text).text);
		if (kind == 3 && rr->raw->leg_count > 1)
			return ups_reader_fail(rr->r, UPS_E_SYNTAX, "any stands alone");
		rr->rule->kinds |= kind == 3 ? 0 : (uint8_t)(1u << kind);
	}
	return 0;
}

static bool has(const uint8_t *list, unsigned int count, unsigned int value)
{
	return count && memchr(list, (int)value, count);
}

static int read_mechanisms(const struct rule_reader *rr)
{
	struct ups_rule *rule = rr->rule;

	if (rr->raw->mechanisms_count)
		rule->mechanism_count = 0;
	for (unsigned int i = 0; i < rr->raw->mechanisms_count; i++) {
		const char *text = rr->raw->mechanisms[i];
		uint8_t m = !strcmp(text, "dtls")   ? UPS_MECH_DTLS
			    : !strcmp(text, "sdes") ? UPS_MECH_SDES
						    : UPS_MECH_NONE;

		at_entry(rr, "mechanisms", i);
		if (m == UPS_MECH_NONE)
			return ups_reader_fail(rr->r, UPS_E_SYNTAX,
					       "expected one of dtls, sdes; found '%s'",
					       ups_shown(text).text);
		if (has(rule->mechanism, rule->mechanism_count, m))
			return ups_reader_fail(rr->r, UPS_E_RANGE, "%s is there already", text);
		rule->mechanism[rule->mechanism_count++] = m;
	}
	return 0;
}

/* Some write AES_CM_256_... as RFC 6188 was drafted. */
static const struct ups_suite *find_suite(const char *text)
{
	static const char *const drafted[][2] = {
		{ "AES_CM_192_HMAC_SHA1_80", "AES_192_CM_HMAC_SHA1_80" },
		{ "AES_CM_192_HMAC_SHA1_32", "AES_192_CM_HMAC_SHA1_32" },
		{ "AES_CM_256_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80" },
		{ "AES_CM_256_HMAC_SHA1_32", "AES_256_CM_HMAC_SHA1_32" },
	};

	for (size_t i = 0; i < COUNT(drafted); i++) {
		if (!strcmp(text, drafted[i][0]))
			return ups_suite_by_name(drafted[i][1]);
	}
	return ups_suite_by_name(text);
}

static int read_suite(const struct rule_reader *rr, const char *text)
{
	const struct ups_suite *suite = find_suite(text);
	struct ups_rule *rule = rr->rule;

	if (!suite)
		return ups_reader_fail(rr->r, UPS_E_SYNTAX,
				       "'%s' is no suite; expected a name such as "
				       "AES_CM_128_HMAC_SHA1_80 or AEAD_AES_128_GCM",
				       ups_shown(text).text);
	if (has(rule->suite, rule->suite_count, suite->id))
		return ups_reader_fail(rr->r, UPS_E_RANGE, "%s is there already", suite->name);
	if (suite->rtp_tag * 8u < rule->min_tag)
		return ups_reader_fail(rr->r, UPS_E_RANGE,
				       "%s has a tag of %u bits, less than min-tag %u: lower "
				       "min-tag, or leave the suite out",
				       suite->name, suite->rtp_tag * 8u, rule->min_tag);
	rule->suite[rule->suite_count++] = suite->id;
	return 0;
}

static int read_suites(const struct rule_reader *rr)
{
	if (rr->raw->suites_count)
		rr->rule->suite_count = 0;
	for (unsigned int i = 0; i < rr->raw->suites_count; i++) {
		int err;

		at_entry(rr, "suites", i);
		err = read_suite(rr, rr->raw->suites[i]);
		if (err)
			return err;
	}
	return 0;
}

static int read_peer(const struct rule_reader *rr)
{
	if (!rr->raw->peer)
		return 0;
	ups_reader_at(rr->r, rr->at, "peer");
	rr->rule->has_peer = true;
	return ups_reader_network(rr->r, rr->raw->peer, &rr->rule->peer, &rr->rule->peer_bits);
}

static int read_party(const struct rule_reader *rr)
{
	const char *text = rr->raw->address;
	char normal[UPS_CPM_ADDRESS_MAX];
	bool domain;

	if (!text)
		return 0;
	domain = text[0] == '@' && text[1] && !strchr(text + 1, '@');
	if ((text[0] == '@' && !domain) || ups_cpm_address_normalise(ups_text_of(text), normal))
		return fail_at(rr, "address", UPS_E_SYNTAX,
			       "expected a CPM Address such as sip:alice@example.net or "
			       "tel:+15550100, or a domain such as @example.net");
	memcpy(rr->rule->address, text, strlen(text) + 1);
	return 0;
}

static bool has_dtls_suite(const struct ups_rule *rule)
{
	return has(rule->suite, rule->suite_count, UPS_SUITE_AES_CM_128_HMAC_SHA1_80) ||
	       has(rule->suite, rule->suite_count, UPS_SUITE_AES_CM_128_HMAC_SHA1_32) ||
	       has(rule->suite, rule->suite_count, UPS_SUITE_AEAD_AES_128_GCM) ||
	       has(rule->suite, rule->suite_count, UPS_SUITE_AEAD_AES_256_GCM);
}

static int check_means(const struct rule_reader *rr, bool has_ca)
{
	const struct ups_rule *rule = rr->rule;
	bool dtls = has(rule->mechanism, rule->mechanism_count, UPS_MECH_DTLS);

	if (rule->min_tag != 32 && rule->min_tag != 80 && rule->min_tag != 128)
		return fail_at(rr, "min-tag", UPS_E_RANGE, "expected 32, 80 or 128");
	if (rule->mechanism_count == 1 && dtls && !has_dtls_suite(rule))
		return fail_at(rr, "suites", UPS_E_RANGE,
			       "none of them can be used with dtls: add AES_CM_128_HMAC_SHA1_80 or "
			       "a GCM suite, or permit sdes");
	if (rule->peer_name[0] && (!dtls || rule->mechanism_count > 1))
		return fail_at(rr, "peer-name", UPS_E_RANGE,
			       "needs mechanisms: [dtls], since nothing else shows a certificate");
	if (rule->peer_name[0] && !has_ca)
		return fail_at(rr, "peer-name", UPS_E_RANGE, "needs dtls.ca");
	return 0;
}

static int check_meaning(const struct rule_reader *rr)
{
	const struct ups_rule *rule = rr->rule;

	if (rule->osrtp && rule->protection == UPS_REQUIRE)
		return fail_at(rr, "osrtp", UPS_E_RANGE,
			       "has no place where protection is required (RFC 8643): say no, or "
			       "protection: prefer");
	if (rule->ipsec && rule->kinds != ONLY(UPS_KIND_NNI))
		return fail_at(rr, "underlay", UPS_E_RANGE, "needs leg: [nni]");
	if (rule->unprotected_interworking && rule->kinds != ONLY(UPS_KIND_IWF))
		return fail_at(rr, "unprotected-interworking", UPS_E_RANGE, "needs leg: [iwf]");
	if (rule->unprotected_interworking && rule->protection == UPS_REQUIRE)
		return fail_at(
			rr, "unprotected-interworking", UPS_E_RANGE,
			"contradicts protection: require, which never gives clear media: use "
			"prefer");
	return 0;
}

static bool matches_all(const struct ups_rule *rule)
{
	return !rule->kinds && !rule->media[0] && !rule->has_peer && !rule->address[0];
}

/* Against the rules before it */
static int check_place(const struct rule_reader *rr, const struct ups_rule *rules,
		       unsigned int before)
{
	for (unsigned int i = 0; i < before; i++) {
		ups_reader_at(rr->r, rr->at, "name");
		if (!strcmp(rules[i].name, rr->rule->name))
			return ups_reader_fail(rr->r, UPS_E_RANGE,
					       "'%s' is also the name of policy[%u]", rules[i].name,
					       i);
		if (matches_all(&rules[i]))
			return ups_reader_fail(
				rr->r, UPS_E_RANGE,
				"never reached: rule %s before it matches everything",
				rules[i].name);
	}
	return 0;
}

static int read_rule(struct ups_reader *r, const struct ups_raw *raw, unsigned int i,
		     struct ups_config *out)
{
	struct rule_reader rr = { r, &raw->rule[i], &out->policy.rule[i], "" };
	int err;

	snprintf(rr.at, sizeof(rr.at), "policy[%u]", i);
	ups_rule_init(rr.rule, "");
	err = ups_reader_section(r, rr.at, rule_options, COUNT(rule_options), rr.raw, rr.rule);
	if (!err)
		err = read_legs(&rr);
	if (!err)
		err = read_mechanisms(&rr);
	if (!err)
		err = read_suites(&rr);
	if (!err)
		err = read_peer(&rr);
	if (!err)
		err = read_party(&rr);
	if (!err)
		err = check_means(&rr, out->dtls_ca[0]);
	if (!err)
		err = check_meaning(&rr);
	if (rr.rule->kinds && !(rr.rule->kinds & ONLY(UPS_KIND_CONV)))
		rr.rule->registration = false; /* is of conv legs alone */
	return err ? err : check_place(&rr, out->policy.rule, i);
}

int ups_config_read_policy(struct ups_reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	ups_policy_init(&out->policy, false);
	if (!raw->rule_count)
		return 0;
	out->policy.count = raw->rule_count;
	for (unsigned int i = 0; i < raw->rule_count; i++) {
		int err = read_rule(r, raw, i, out);

		if (err)
			return err;
	}
	return 0;
}

/* ---- control.ng ------------------------------------------------------------------------------------------------ */

void ups_ng_allow_loopback(struct ups_ng_config *ng, enum ups_assurance signalling)
{
	ng->allow_count = 2;
	for (unsigned int i = 0; i < 2; i++) {
		ng->allow[i].bits = i ? 128 : 96 + 8;
		ng->allow[i].signalling = signalling;
		if (ups_addr_parse(i ? "::1" : "127.0.0.0", false, &ng->allow[i].network))
			ng->allow_count = 0; /* cannot happen; nobody may speak then */
	}
}

static int read_listen(struct ups_reader *r, const struct ups_raw_ng *raw, struct ups_ng_config *ng)
{
	char key[32];

	ng->listen_count = raw->listen_count;
	for (unsigned int i = 0; i < raw->listen_count; i++) {
		snprintf(key, sizeof(key), "listen[%u]", i);
		ups_reader_at(r, "control.ng", key);
		if (ups_addr_parse(raw->listen[i], true, &ng->listen[i]))
			return ups_reader_fail(r, UPS_E_SYNTAX,
					       "expected an address with port, such as "
					       "127.0.0.1:2223 or '[::1]:2223', found '%s'",
					       ups_shown(raw->listen[i]).text);
		for (unsigned int j = 0; j < i; j++) {
			if (ups_addr_equal(&ng->listen[i], &ng->listen[j]))
				return ups_reader_fail(r, UPS_E_RANGE, "%s is there already",
						       ups_shown(raw->listen[i]).text);
		}
	}
	return 0;
}

static int read_allow(struct ups_reader *r, const struct ups_raw_ng *raw, struct ups_ng_config *ng)
{
	char at[32];
	int err = 0;

	if (!raw->allow_count)
		return 0;
	ng->allow_count = raw->allow_count;
	for (unsigned int i = 0; i < raw->allow_count && !err; i++) {
		struct ups_ng_source *source = &ng->allow[i];

		snprintf(at, sizeof(at), "control.ng.allow[%u]", i);
		err = ups_reader_section(r, at, source_options, COUNT(source_options),
					 &raw->allow[i], source);
		ups_reader_at(r, at, "network");
		if (!err)
			err = ups_reader_network(r, raw->allow[i].network, &source->network,
						 &source->bits);
	}
	return err;
}

int ups_config_read_ng(struct ups_reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	const struct ups_raw_ng *ng = raw->control ? raw->control->ng : NULL;
	int err;

	ups_ng_allow_loopback(&out->ng, UPS_SIGNALLING_NONE);
	err = ups_reader_section(r, "control.ng", ng_options, COUNT(ng_options), ng, &out->ng);
	if (!err && ng)
		err = read_listen(r, ng, &out->ng);
	if (!err && ng)
		err = read_allow(r, ng, &out->ng);
	return err;
}
