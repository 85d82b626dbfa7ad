// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls and policy: what a party says of keys, the facts of one end for core/policy.h, and who may use a conv leg. Control thread. */
#include "core/call_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "proto/sdes.h"

int ups_call_refuse(struct ups_decision *d, enum ups_decider by, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->reason, sizeof(d->reason), fmt, ap);
	va_end(ap);
	d->mechanism = UPS_MECH_NONE;
	d->decided_by = by;
	return err;
}

/* ---- what an m-line says ---------------------------------------------------------------------------------------- */

static uint32_t crypto_suites(const struct ups_sdp_media *m)
{
	uint32_t suites = 0;

	for (unsigned int i = 0; i < m->crypto_count; i++) {
		struct ups_sdes_crypto c;

		/* an invalid attribute counts as not there (RFC 4568 7.1.2) */
		if (!ups_sdes_parse_crypto(m->crypto[i], &c, NULL) && ups_call_crypto_usable(&c))
			suites |= 1u << c.suite;
		ups_sdes_crypto_wipe(&c);
	}
	return suites;
}

static bool has_fingerprint(const struct ups_sdp_media *m)
{
	for (unsigned int i = 0; i < m->dtls.fingerprint_count && i < UPS_SDP_FINGERPRINTS_MAX;
	     i++) {
		if (m->dtls.fingerprint[i].hash)
			return true;
	}
	return false;
}

struct ups_said ups_call_said(const struct ups_sdp_media *m)
{
	struct ups_said said = { .crypto_lines = m->crypto_count };

	if (!ups_sdp_proto_dtls(m->proto))
		said.suites = crypto_suites(m);
	if (said.suites)
		said.can |= UPS_CAN_SDES;
	if (has_fingerprint(m) && m->dtls.setup != UPS_SDP_SETUP_HOLDCONN)
		said.can |= UPS_CAN_DTLS;
	if (!ups_sdp_proto_secured(m->proto)) {
		said.osrtp = said.can != 0;
		said.can |= UPS_CAN_CLEAR;
	}
	return said;
}

bool ups_call_users_keys(const struct ups_sdp_media *m)
{
	struct ups_said said = ups_call_said(m);

	return said.can & (UPS_CAN_SDES | UPS_CAN_DTLS) || m->has_keymgt;
}

bool ups_call_holds(const struct ups_sdp_media *m)
{
	return m->connection.hold && !m->ice_ufrag.len;
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

/* What the user of this side asks for, beyond what the whole call was asked to have */
static enum ups_wish wish_of(const struct ups_call_work *w, const struct ups_line *line,
			     unsigned int side, const struct ups_said *said, bool *is_explicit)
{
	const struct ups_call *call = w->call;
	enum ups_wish read = UPS_WISH_NONE;

	if (!(said->can & UPS_CAN_CLEAR))
		read = UPS_WISH_REQUIRED;
	else if (line->e2ae && side == w->from)
		read = UPS_WISH_PREFERRED;
	*is_explicit = call->has_wish && call->wish >= read;
	return *is_explicit ? call->wish : read;
}

static bool covered(struct ups_call_work *w, const struct ups_end *end, unsigned int side)
{
	const struct ups_iface *iface = w->call->iface[side];
	const struct ups_calls_ops *ops = &w->calls->config.ops;
	const struct ups_addr *local = ups_addr_is_v4(&end->remote) ? &iface->v4 : &iface->v6;
	char why[160];

	if (!ops->ipsec_covers)
		return false;
	if (!end->known) /* where the answerer is, its answer tells, and then it is looked up */
		return true;
	return ops->ipsec_covers(ops->aux, local, &end->remote, why, sizeof(why)) > 0;
}

static void fill_input(struct ups_call_work *w, const struct ups_line *line, unsigned int side,
		       const struct ups_said *said, struct ups_policy_input *in)
{
	const struct ups_end *end = &line->end[side];

	*in = (struct ups_policy_input) {
		.kind = w->call->iface[side]->kind,
		.media = line->media,
		.address = w->call->address[side],
		.can = said->can,
		.osrtp_possible = said->osrtp,
		.suites = said->suites,
		.proxy_only = end->proxy_only,
		.signalling = w->call->signalling[side],
	};
	if (end->known)
		in->peer = end->remote;
	in->peer.port = 0;
	in->wish = wish_of(w, line, side, said, &in->wish_explicit);
}

/* The proxy's words about SDES and DTLS are for the SDP it will get back; a party that has spoken is taken by what it said. */
static void limit_proxy(const struct ups_ng_flags *f, struct ups_policy_input *in)
{
	in->proxy_sdes_off = f->sdes_off;
	in->proxy_dtls_off = f->dtls == UPS_NG_DTLS_OFF;
	in->proxy_no = f->sdes_no;
}

int ups_call_judge(struct ups_call_work *w, const struct ups_line *line, unsigned int side,
		   const struct ups_said *said, bool known, bool keyed_by_users, bool floor,
		   struct ups_verdict *verdict)
{
	struct ups_decision *d = (struct ups_decision *)&line->end[side].decision;
	struct ups_policy_input in;
	const struct ups_rule *rule;

	fill_input(w, line, side, said, &in);
	if (!known)
		limit_proxy(w->flags, &in);
	in.can_known = known;
	in.keyed_by_users = keyed_by_users;
	in.floor = floor;
	rule = ups_policy_match(w->calls->config.policy, &in);
	if (rule->ipsec && (in.can & UPS_CAN_CLEAR))
		in.ipsec_covers = covered(w, &line->end[side], side);
	ups_policy_decide(w->calls->config.policy, &in, verdict);
	*d = (struct ups_decision) { .mechanism = verdict->mechanism,
				     .decided_by = verdict->decided_by,
				     .compromised = verdict->compromised };
	snprintf(d->rule, sizeof(d->rule), "%s", verdict->rule->name);
	snprintf(d->reason, sizeof(d->reason), "%s", verdict->reason);
	return verdict->refused ? UPS_E_POLICY : 0;
}

/* ---- who may use a conv leg (seed 4.2.1) ------------------------------------------------------------------------- */

/* The source that may send on this leg, from the table or from this very request. -> false if there is none */
static bool authorised_source(const struct ups_call_work *w, const struct ups_end *end,
			      unsigned int side, struct ups_addr *source)
{
	const struct ups_call *call = w->call;
	struct ups_addr wanted = end->remote;

	wanted.port = 0;
	if (call->authenticated[side] == UPS_NG_YES && call->has_registered_source[side]) {
		*source = call->registered_source[side];
		return true;
	}
	return ups_registrations_source(w->calls->config.registrations,
					ups_text_of(call->address[side]), &wanted, w->rq->now_ns,
					source);
}

/* Behind NAT the SDP names an address that packets do not come from. */
static void restrict_source(struct ups_end *end, const struct ups_addr *source, bool protects)
{
	if (!ups_addr_same_ip(source, &end->remote) && !protects) {
		/* clear media cannot show whose it is: the signalled port at the registered address, and nothing else */
		uint16_t port = ups_addr_port(&end->remote),
			 rtcp = ups_addr_port(&end->remote_rtcp);

		end->remote = end->remote_rtcp = *source;
		ups_addr_set_port(&end->remote, port);
		ups_addr_set_port(&end->remote_rtcp, rtcp);
	} else if (!ups_addr_same_ip(source, &end->remote)) {
		end->latch = true;
	}
	end->source_ip = *source;
	end->source_ip.port = 0;
}

int ups_call_authorise(struct ups_call_work *w, struct ups_end *end, unsigned int side)
{
	const struct ups_call *call = w->call;
	struct ups_decision *d = &end->decision;
	struct ups_addr source;

	if (call->authenticated[side] == UPS_NG_NO)
		return ups_call_refuse(
			d, UPS_BY_PROVIDER, UPS_E_REGISTRATION,
			"the client was not authenticated by the SIP/IP core (rule %s)", d->rule);
	if (!call->address[side][0])
		return ups_call_refuse(
			d, UPS_BY_PROVIDER, UPS_E_REGISTRATION,
			"no CPM Address was given, and rule %s requires a registered "
			"one; pass cpm-address",
			d->rule);
	if (!authorised_source(w, end, side, &source))
		return ups_call_refuse(d, UPS_BY_PROVIDER, UPS_E_REGISTRATION,
				       "CPM Address %.60s is not registered, and rule %s requires "
				       "it",
				       call->address[side], d->rule);
	end->needs_registration = true;
	restrict_source(end, &source,
			d->mechanism == UPS_MECH_SDES || d->mechanism == UPS_MECH_DTLS);
	return 0;
}

static bool is_loopback(const struct ups_addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ups_addr_is_v4(a) ? a->ip[12] == 127 : !memcmp(a->ip, one, sizeof(one));
}

/* A party elsewhere that names this machine itself would have us send to services that trust it (A18, A20). */
int ups_call_check_place(const struct ups_call_work *w, struct ups_end *end)
{
	const struct ups_iface *iface = w->call->iface[w->from];

	if (!is_loopback(&end->remote) ||
	    is_loopback(ups_addr_is_v4(&end->remote) ? &iface->v4 : &iface->v6))
		return 0;
	return ups_call_refuse(&end->decision, UPS_BY_PROVIDER, UPS_E_POLICY,
			       "the SDP names a loopback address, but interface %s has none; the "
			       "party must give an address that is its own",
			       iface->name);
}
