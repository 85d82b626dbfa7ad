/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Policy: which protection a leg gets, by whom it was decided, and why. A pure function of the provider's rules and the facts of one
 * leg; no state, no I/O, any thread.
 *
 *	who        has a say
 *	user       none | preferred | required. May ask for more than the provider's floor, never for less.
 *	provider   forbid | allow | prefer | require, by the first rule that matches; the last one, built in, requires.
 *	peer       what its SDP, or the proxy's transport-protocol, says it can do.
 *
 *	              user none        preferred        required
 *	forbid        clear            clear            refused
 *	allow         clear            if peer can      or refused
 *	prefer        if peer can      if peer can      or refused
 *	require       or refused       or refused       or refused
 *
 * A peer that offers a secured profile only (RTP/SAVP...) has required protection of its own leg: it is never answered with less, and a
 * provider that forbids refuses it. Protection that is required never becomes less by answer, re-offer or OSRTP (@floor).
 *
 * Mechanisms: the first of the rule's that the peer can, the proxy's flags permit and the signalling can carry: SDES needs encrypted
 * signalling (RFC 4568 8.3), DTLS fingerprints need its integrity (RFC 5763 8). Suites: the rule's, in its order, without those whose tag
 * is shorter than the rule's minimum: so a `_32` suite (RFC 3711 9.5) needs a rule that names it and lowers min-tag, or, where
 * @proxy_explicit, the proxy's SDES=only-.
 *
 * Interworking: an iwf leg is judged by the same table. Where the outcome would be clear it is refused unless the rule says
 * unprotected-interworking: allow; then the verdict is marked compromised.
 */
#ifndef UPSEC_CORE_POLICY_H
#define UPSEC_CORE_POLICY_H

#include "core/model.h"
#include "proto/ng.h"

#define UPS_RULES_MAX 64
#define UPS_RULE_NAME_MAX 32 /* with NUL */
#define UPS_CPM_ADDRESS_MAX 256 /* with NUL: "sip:alice@example.net", "tel:+1..." */
#define UPS_PKI_NAME_MAX 128
#define UPS_RULE_SUITES_MAX 8

enum ups_protection { UPS_FORBID, UPS_ALLOW, UPS_PREFER, UPS_REQUIRE };

struct ups_rule {
	char name[UPS_RULE_NAME_MAX];
	/* which legs: all that are given must match */
	uint8_t kinds; /* bit (1 << enum ups_leg_kind); 0 = all */
	char media[16]; /* "audio"; "" = all */
	bool has_peer;
	struct ups_addr
		peer; /* network of the peer's media address, or registered source; port 0 */
	uint8_t peer_bits; /* prefix length on the 16-byte form: IPv4 /24 is 120 */
	char address
		[UPS_CPM_ADDRESS_MAX]; /* CPM Address, or "@domain", or "" = all; without regard to case */
	/* what they get */
	enum ups_protection protection;
	uint8_t mechanism_count; /* 1..2 */
	uint8_t mechanism[2]; /* UPS_MECH_SDES, UPS_MECH_DTLS in order of preference */
	uint8_t suite_count;
	uint8_t suite[UPS_RULE_SUITES_MAX]; /* enum ups_suite_id in order of preference */
	uint16_t min_tag; /* bits: 32 or 80; GCM has 128 */
	bool opaque; /* users who key each other are relayed untouched, if both legs' rules say so */
	bool osrtp; /* RFC 8643 may be offered and accepted */
	bool registration; /* the CPM Address must be registered and the client authenticated (conv legs) */
	bool ipsec; /* an IPsec underlay that the kernel's policies confirm counts as protection (nni legs) */
	bool unprotected_interworking; /* iwf legs */
	bool proxy_explicit; /* SDES=only-SUITE of the proxy counts as naming the suite here */
	char peer_name
		[UPS_PKI_NAME_MAX]; /* DTLS: certificate must come from the configured CA and have this DNS name; "" = no */
};

struct ups_policy {
	unsigned int count;
	struct ups_rule rule[UPS_RULES_MAX];
};

/* What a peer can do, or is being offered */
#define UPS_CAN_CLEAR (1u << 0)
#define UPS_CAN_SDES (1u << 1)
#define UPS_CAN_DTLS (1u << 2)

struct ups_policy_input {
	enum ups_leg_kind kind;
	const char *media;
	struct ups_addr
		peer; /* port 0; unspecified = not known: rules with a network do not match */
	const char *address; /* CPM Address of the party on this leg; "" = none */
	enum ups_wish wish;
	bool wish_explicit; /* said by user-protection=; else read from the SDP */
	uint32_t can; /* UPS_CAN_* by the peer's SDP, or as far as the proxy knows */
	bool can_known; /* false: nobody knows; @can is what may be offered */
	bool osrtp_possible; /* the plain profile may carry keying attributes (offered so, or may be offered so) */
	uint32_t suites; /* bit (1 << suite) that the peer offers; 0 = not known */
	bool proxy_sdes_off, proxy_dtls_off;
	uint32_t proxy_only, proxy_no; /* SDES=only-, no-; bits as above */
	enum ups_assurance signalling; /* on this leg's side */
	bool ipsec_covers; /* the kernel's policies cover both directions to the peer */
	bool keyed_by_users; /* offer with users' own keys: SAVP without 3ge2ae, or fingerprints; and the other leg permits opaque */
	bool floor; /* this leg was protected before: it stays protected whatever is said now */
};

struct ups_verdict {
	bool refused;
	enum ups_mechanism mechanism; /* NONE = clear; OPAQUE, SDES, DTLS, UNDERLAY */
	bool osrtp; /* the mechanism rides on the plain profile */
	uint8_t suite_count; /* SDES and DTLS: in order of preference, permitted by rule, proxy and peer */
	uint8_t suite[UPS_RULE_SUITES_MAX];
	enum ups_decider decided_by;
	const struct ups_rule *rule;
	bool compromised; /* iwf leg in clear by an explicit rule */
	char reason[160]; /* one sentence: why this, or why refused and what would help */
};

/* @out is always filled. The policy outlives the verdict. */
void ups_policy_decide(const struct ups_policy *policy, const struct ups_policy_input *in,
		       struct ups_verdict *out);
/* The rule that matches; never NULL: the built-in last one requires everything. */
const struct ups_rule *ups_policy_match(const struct ups_policy *policy,
					const struct ups_policy_input *in);
/* Defaults of a rule that names nothing: require, [dtls, sdes], the four floor suites, min-tag 80 */
void ups_rule_init(struct ups_rule *rule, const char *name);
/* Without a configuration file: prefer, OSRTP, no registration, proxy_explicit. With one that has no rules: require, registration on conv. */
void ups_policy_init(struct ups_policy *policy, bool without_file);
/* One line of text: name, match, what it gives. For `upsec policy show`. */
void ups_rule_format(const struct ups_rule *rule, struct ups_buf *out);

const char *ups_protection_name(enum ups_protection p);
const char *
ups_mechanism_name(enum ups_mechanism m); /* "clear", "sdes", "dtls", "opaque", "ipsec", "manual" */
const char *ups_decider_name(enum ups_decider d); /* "user", "provider", "peer" */

#endif
