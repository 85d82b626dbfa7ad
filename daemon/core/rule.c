// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules of policy: defaults, matching, names and text. Pure; any thread. */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "core/policy.h"
#include "core/registration.h"
#include "crypto/srtp.h"

/* The floor that every IMS peer can reach by its last one; no 32-bit tags (RFC 3711 9.5) */
#define FLOOR_SUITES                                              \
	{ UPS_SUITE_AEAD_AES_256_GCM, UPS_SUITE_AEAD_AES_128_GCM, \
	  UPS_SUITE_AES_256_CM_HMAC_SHA1_80, UPS_SUITE_AES_CM_128_HMAC_SHA1_80 }

#define STRICTEST                                                                               \
	.protection = UPS_REQUIRE, .mechanism_count = 2,                                        \
	.mechanism = { UPS_MECH_DTLS, UPS_MECH_SDES }, .suite_count = 4, .suite = FLOOR_SUITES, \
	.min_tag = 80

static const struct ups_rule last = { .name = "built-in", STRICTEST, .registration = true };

void ups_rule_init(struct ups_rule *rule, const char *name)
{
	*rule = (struct ups_rule) { STRICTEST };
	snprintf(rule->name, sizeof(rule->name), "%s", name);
}

void ups_policy_init(struct ups_policy *policy, bool without_file)
{
	struct ups_rule *rule = &policy->rule[0];

	*policy = (struct ups_policy) { .count = without_file ? 1 : 2 };
	ups_rule_init(rule, without_file ? "without-file" : "default-conv");
	if (without_file) {
		rule->protection = UPS_PREFER;
		rule->osrtp = true;
		rule->proxy_explicit = true;
		return;
	}
	rule->kinds = 1u << UPS_KIND_CONV;
	rule->registration = true;
	ups_rule_init(&policy->rule[1], "default");
}

static bool is_known(const struct ups_addr *a)
{
	static const uint8_t zero[4];
	static const struct ups_addr unspecified;

	return !ups_addr_same_ip(a, &unspecified) &&
	       !(ups_addr_is_v4(a) && !memcmp(a->ip + 12, zero, sizeof(zero)));
}

static bool in_network(const struct ups_rule *rule, const struct ups_addr *a)
{
	unsigned int whole = rule->peer_bits / 8, rest = rule->peer_bits % 8;

	if (!is_known(a) || memcmp(a->ip, rule->peer.ip, whole))
		return false;
	return !rest || !((a->ip[whole] ^ rule->peer.ip[whole]) >> (8 - rest));
}

/* @rule_address: "@domain" or an address */
static bool address_fits(const char *rule_address, const char *party)
{
	char wanted[UPS_CPM_ADDRESS_MAX], has[UPS_CPM_ADDRESS_MAX];
	const char *domain;

	if (!party || ups_cpm_address_normalise(ups_text_of(party), has))
		return false;
	if (rule_address[0] == '@') {
		domain = strchr(has, '@');
		return domain && ups_text_same(ups_text_of(domain), ups_text_of(rule_address));
	}
	return !ups_cpm_address_normalise(ups_text_of(rule_address), wanted) &&
	       ups_text_same(ups_text_of(has), ups_text_of(wanted));
}

static bool matches(const struct ups_rule *rule, const struct ups_policy_input *in)
{
	if (rule->kinds && !(rule->kinds & (1u << in->kind)))
		return false;
	if (rule->media[0] && !ups_text_same(ups_text_of(rule->media), ups_text_of(in->media)))
		return false;
	if (rule->has_peer && !in_network(rule, &in->peer))
		return false;
	return !rule->address[0] || address_fits(rule->address, in->address);
}

const struct ups_rule *ups_policy_match(const struct ups_policy *policy,
					const struct ups_policy_input *in)
{
	for (unsigned int i = 0; i < policy->count; i++) {
		if (matches(&policy->rule[i], in))
			return &policy->rule[i];
	}
	return &last;
}

static const char *const kinds[] = { "conv", "nni", "iwf" };

static void put_match(const struct ups_rule *rule, struct ups_buf *out)
{
	char text[UPS_ADDR_TEXT];
	const char *separator = " ";

	ups_buf_str(out, rule->kinds ? "" : " any leg");
	for (unsigned int kind = 0; rule->kinds && kind < 3; kind++) {
		if (!(rule->kinds & (1u << kind)))
			continue;
		ups_buf_printf(out, "%s%s", separator, kinds[kind]);
		separator = "|";
	}
	if (rule->media[0])
		ups_buf_printf(out, ", %s", rule->media);
	if (rule->has_peer)
		ups_buf_printf(out, ", peer %s/%u", ups_addr_format(&rule->peer, text),
			       rule->peer_bits - (ups_addr_is_v4(&rule->peer) ? 96u : 0u));
	if (rule->address[0])
		ups_buf_printf(out, ", address %s", rule->address);
}

static void put_means(const struct ups_rule *rule, struct ups_buf *out)
{
	for (unsigned int i = 0; i < rule->mechanism_count; i++)
		ups_buf_printf(out, "%s%s", i ? " " : ", mechanisms ",
			       ups_mechanism_name(rule->mechanism[i]));
	for (unsigned int i = 0; i < rule->suite_count; i++) {
		const struct ups_suite *suite = ups_suite_by_id(rule->suite[i]);

		ups_buf_printf(out, "%s%s", i ? " " : ", suites ", suite ? suite->name : "?");
	}
	ups_buf_printf(out, ", min-tag %u", rule->min_tag);
}

void ups_rule_format(const struct ups_rule *rule, struct ups_buf *out)
{
	ups_buf_printf(out, "%s:", rule->name);
	put_match(rule, out);
	ups_buf_printf(out, " -> %s", ups_protection_name(rule->protection));
	if (rule->protection != UPS_FORBID)
		put_means(rule, out);
	if (rule->opaque)
		ups_buf_str(out, ", opaque");
	if (rule->osrtp)
		ups_buf_str(out, ", osrtp");
	if (rule->registration)
		ups_buf_str(out, ", registration");
	if (rule->ipsec)
		ups_buf_str(out, ", underlay ipsec");
	if (rule->unprotected_interworking)
		ups_buf_str(out, ", unprotected-interworking");
	if (rule->proxy_explicit)
		ups_buf_str(out, ", suites of the proxy's SDES=only");
	if (rule->peer_name[0])
		ups_buf_printf(out, ", peer-name %s", rule->peer_name);
}

const char *ups_protection_name(enum ups_protection p)
{
	static const char *const name[] = { "forbid", "allow", "prefer", "require" };

	return (unsigned int)p < sizeof(name) / sizeof(name[0]) ? name[p] : "?";
}

const char *ups_mechanism_name(enum ups_mechanism m)
{
	static const char *const name[] = {
		[UPS_MECH_NONE] = "clear",     [UPS_MECH_SDES] = "sdes",
		[UPS_MECH_DTLS] = "dtls",      [UPS_MECH_OPAQUE] = "opaque",
		[UPS_MECH_UNDERLAY] = "ipsec", [UPS_MECH_MANUAL] = "manual",
	};

	return (unsigned int)m < sizeof(name) / sizeof(name[0]) ? name[m] : "?";
}

const char *ups_decider_name(enum ups_decider d)
{
	static const char *const name[] = {
		[UPS_BY_PROVIDER] = "provider",
		[UPS_BY_USER] = "user",
		[UPS_BY_PEER] = "peer",
	};

	return (unsigned int)d < sizeof(name) / sizeof(name[0]) ? name[d] : "?";
}
