// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * M-lines of offers and answers (RFC 3264): what each becomes on both sides. A stream that policy refuses is dead (port 0 on both
 * sides) if it never had media; if it has, the whole request is refused and the media goes on as agreed. Control thread.
 */
#include "core/call_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

static const char *const side_names[UPS_LEGS] = { "caller", "callee" };

/* The line that carries media now, or NULL */
static const struct ups_line *agreed_line(const struct ups_call_work *w, unsigned int i)
{
	const struct ups_lines *a = &w->call->agreed;

	return i < a->count && a->line[i]->alive ? a->line[i] : NULL;
}

/* The line of the offer before, if nobody has answered it: its keys are offered again, so that every branch sees the same. */
static const struct ups_line *previous_line(const struct ups_call_work *w, unsigned int i)
{
	const struct ups_lines *p = &w->previous;

	return i < p->count && p->line[i]->alive ? p->line[i] : NULL;
}

/* ---- addresses ------------------------------------------------------------------------------------------------------ */

static struct ups_addr unspecified(bool v4)
{
	struct ups_addr a = {};

	if (v4)
		a.ip[10] = a.ip[11] = 0xff;
	return a;
}

/* Nowhere to send to: whoever was there before stays who may send (RFC 3264 8.4). The family stays that of the port the party was told. */
static void hold_remote(const struct ups_sdp_media *m, const struct ups_end *agreed,
			const struct ups_addr *offered, struct ups_end *end)
{
	bool v4 = ups_addr_is_v4(offered ? offered : &m->connection.addr);

	if (agreed && (!offered || ups_addr_is_v4(&agreed->remote) == v4)) {
		end->remote = agreed->remote;
		end->remote_rtcp = agreed->remote_rtcp;
		return;
	}
	end->remote = end->remote_rtcp = unspecified(v4);
}

/* @offered: of an answer: the address that stood in for the party's in the offer */
static void set_remote(const struct ups_call_work *w, const struct ups_sdp_media *m,
		       const struct ups_end *agreed, const struct ups_addr *offered,
		       struct ups_end *end)
{
	end->held = ups_call_holds(m);
	if (m->connection.hold) {
		hold_remote(m, agreed, offered, end);
		return;
	}
	end->remote = m->connection.addr;
	if (w->flags->sip_source_address && w->flags->has_received_from)
		end->remote = w->flags->received_from;
	end->remote_rtcp = end->remote;
	ups_addr_set_port(&end->remote, m->port);
	if (m->has_rtcp && !w->flags->sip_source_address)
		end->remote_rtcp = m->rtcp;
	else
		ups_addr_set_port(&end->remote_rtcp,
				  m->has_rtcp ? ups_addr_port(&m->rtcp) : m->port + 1);
}

static bool wants_latch(const struct ups_call_work *w, unsigned int side)
{
	if (w->call->strict)
		return false;
	return w->calls->config.latch_srtp || w->call->iface[side]->source == UPS_SOURCE_LATCH;
}

/* ICE of a party that offers it: we answer as a lite agent. Two lite agents have nothing to check. */
static int take_ice(const struct ups_call_work *w, const struct ups_sdp_media *m,
		    const struct ups_end *agreed, struct ups_end *end)
{
	struct ups_ice_spec *ice = &end->ice;

	if (!m->ice_ufrag.len || !m->ice_pwd.len || w->sdp->ice_lite ||
	    !ups_text_copy(m->ice_ufrag, ice->remote_ufrag, sizeof(ice->remote_ufrag))) {
		*ice = (struct ups_ice_spec) {};
		return 0;
	}
	if (agreed && agreed->ice.on && !strcmp(agreed->ice.remote_ufrag, ice->remote_ufrag)) {
		*ice = agreed->ice;
		return 0;
	}
	if (ice->on) /* ours were in the offer that this answers */
		return 0;
	return ups_call_own_ice(end);
}

/* What a party signalled of addresses */
static void take_signalled(const struct ups_call_work *w, const struct ups_sdp_media *m,
			   const struct ups_end *agreed, const struct ups_addr *offered,
			   struct ups_end *end)
{
	end->known = true;
	end->proto = m->proto;
	end->direction = m->direction;
	set_remote(w, m, agreed, offered, end);
	end->latch = wants_latch(w, w->from);
}

/* ---- reports --------------------------------------------------------------------------------------------------------- */

static void report_line(struct ups_call_work *w, unsigned int i, const struct ups_line *line)
{
	struct ups_call_line *l = &w->report->line[i];

	*l = (struct ups_call_line) { .stream = (uint16_t)i, .refused = !line->alive };
	memcpy(l->media, line->media, sizeof(l->media));
	for (unsigned int s = 0; s < UPS_LEGS; s++)
		l->decision[s] = line->end[s].decision;
	if (i >= w->report->line_count)
		w->report->line_count = i + 1;
}

static void not_wanted(struct ups_end *end, const char *why)
{
	end->decision = (struct ups_decision) { .decided_by = UPS_BY_PEER };
	snprintf(end->decision.reason, sizeof(end->decision.reason), "%s", why);
}

/* A refusal of line @i: the request's when media flows or nothing else would be left, else the line's alone. */
static int refuse_line(struct ups_call_work *w, unsigned int i, struct ups_line *line,
		       unsigned int side, int err, int *first)
{
	line->alive = false;
	if (!*first) {
		ups_fail(w->msg, err, "stream %u (%s), %s side, interface %s: %s", i, line->media,
			 side_names[side], w->call->iface[side]->name,
			 line->end[side].decision.reason);
		*first = err;
	}
	return agreed_line(w, i) ? err : 0;
}

/* ---- offers: the offerer's end ----------------------------------------------------------------------------------------- */

static enum ups_sdp_proto with_feedback(enum ups_sdp_proto p, bool feedback)
{
	switch (p) {
	case UPS_SDP_AVP:
	case UPS_SDP_AVPF:
		return feedback ? UPS_SDP_AVPF : UPS_SDP_AVP;
	case UPS_SDP_SAVP:
	case UPS_SDP_SAVPF:
		return feedback ? UPS_SDP_SAVPF : UPS_SDP_SAVP;
	default:
		return feedback ? UPS_SDP_TLS_SAVPF : UPS_SDP_TLS_SAVP;
	}
}

/* Who was nowhere (on hold from the beginning) has not moved. */
static bool remote_moved(const struct ups_end *agreed, const struct ups_end *end)
{
	return agreed->remote.port && !ups_addr_equal(&agreed->remote, &end->remote);
}

static bool key_went_on(const struct ups_end *agreed, const struct ups_end *end)
{
	for (unsigned int i = 0; i < end->rx_count; i++) {
		for (unsigned int j = 0; j < agreed->rx_count; j++) {
			if (ups_call_same_key(&end->rx[i], &agreed->rx[j]))
				return true;
		}
	}
	return false;
}

/* RFC 4568 7.1.4: the same key at the same address goes on; another address needs another key, from both. */
static int offerer_sdes(struct ups_call_work *w, const struct ups_sdp_media *m,
			const struct ups_verdict *v, const struct ups_line *line,
			const struct ups_end *previous, struct ups_end *end)
{
	const struct ups_end *agreed = line ? &line->end[w->from] : NULL;
	int err = ups_call_take_crypto(w, m, v, end);

	if (err)
		return err;
	if (!agreed && previous && previous->tx.suite == end->rx[0].suite &&
	    key_went_on(previous, end)) {
		end->tx = previous->tx;
		return 0;
	}
	if (!agreed || agreed->decision.mechanism != UPS_MECH_SDES || !agreed->known)
		return ups_call_random_key(end->rx[0].suite, &end->tx);
	if (ups_call_is_ours(line, end))
		return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY,
				       "the offer has a key that we or the other party send with; "
				       "each direction needs its own");
	if (remote_moved(agreed, end) && key_went_on(agreed, end))
		return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY,
				       "the address changed but the key did not: a new address "
				       "needs a new key (RFC 4568 7.1.4)");
	if (!remote_moved(agreed, end) && agreed->tx.suite == end->rx[0].suite) {
		end->tx = agreed->tx;
		return 0;
	}
	return ups_call_random_key(end->rx[0].suite, &end->tx);
}

static int has_certificate(struct ups_call_work *w, struct ups_end *end)
{
	const struct ups_calls_ops *ops = &w->calls->config.ops;
	struct ups_fingerprint f;

	if (ops->fingerprint && !ops->fingerprint(ops->aux, &f))
		return 0;
	return ups_call_refuse(&end->decision, UPS_BY_PROVIDER, UPS_E_UNSUPPORTED,
			       "DTLS-SRTP is not available here: its certificate could not be set "
			       "up, the log says why");
}

static int end_keys(struct ups_call_work *w, const struct ups_sdp_media *m,
		    const struct ups_verdict *v, const struct ups_line *line,
		    const struct ups_end *previous, struct ups_end *end)
{
	const struct ups_end *agreed = line ? &line->end[w->from] : NULL;
	int err;

	switch (v->mechanism) {
	case UPS_MECH_SDES:
		return offerer_sdes(w, m, v, line, previous, end);
	case UPS_MECH_DTLS:
		err = has_certificate(w, end);
		return err ? err
			   : ups_call_take_dtls(w, m, v, agreed ? agreed : previous, true, end);
	default:
		return 0;
	}
}

/* A party that agreed to keys on a plain profile (RFC 8643) has them from then on: its profile is read as a secured one. */
static void harden_osrtp(const struct ups_end *agreed, struct ups_said *said)
{
	if (!agreed || !agreed->osrtp || !said->osrtp)
		return;
	said->osrtp = false;
	said->can &= ~UPS_CAN_CLEAR;
}

static bool was_protected(const struct ups_end *agreed)
{
	return agreed && agreed->decision.mechanism != UPS_MECH_NONE;
}

/* Protection that an m-line once had stays due, also when the stream was away for a while (A12). */
static bool floor_of(const struct ups_call_work *w, unsigned int i, unsigned int side)
{
	const struct ups_lines *a = &w->call->agreed;

	return i < a->count && (a->line[i]->end[side].floor ||
				(a->line[i]->alive && was_protected(&a->line[i]->end[side])));
}

/* A suite that the proxy names for the other party is named for this one too, but only where nothing else is left. */
static int judge_offerer(struct ups_call_work *w, const struct ups_said *said, bool keyed_by_users,
			 bool floor, struct ups_line *line, struct ups_verdict *v)
{
	int err = ups_call_judge(w, line, w->from, said, true, keyed_by_users, floor, v);

	if (err && w->flags->sdes_only) {
		line->end[w->from].proxy_only = w->flags->sdes_only;
		err = ups_call_judge(w, line, w->from, said, true, keyed_by_users, floor, v);
	}
	return err;
}

static int offerer_end(struct ups_call_work *w, const struct ups_sdp_media *m, unsigned int i,
		       bool keyed_by_users, struct ups_line *line)
{
	const struct ups_line *agreed = agreed_line(w, i), *previous = previous_line(w, i);
	const struct ups_end *before = agreed ? &agreed->end[w->from] : NULL;
	const struct ups_end *repeated = previous ? &previous->end[w->from] : NULL;
	struct ups_end *end = &line->end[w->from];
	struct ups_said said = ups_call_said(m);
	struct ups_verdict v;
	int err;

	take_signalled(w, m, before, NULL, end);
	harden_osrtp(before, &said);
	err = judge_offerer(w, &said, keyed_by_users, end->floor, line, &v);
	if (!err)
		err = ups_call_check_place(w, end);
	if (err)
		return err;
	end->osrtp = v.osrtp || (before && before->osrtp && !ups_sdp_proto_secured(m->proto));
	end->ipsec = v.mechanism == UPS_MECH_UNDERLAY;
	end->mux_offered = m->rtcp_mux;
	end->mux = m->rtcp_mux && !(w->flags->mux & UPS_MUX_REJECT);
	if (v.rule->registration && w->call->iface[w->from]->kind == UPS_KIND_CONV) {
		err = ups_call_authorise(w, end, w->from);
		if (err)
			return err;
	}
	if (v.mechanism == UPS_MECH_OPAQUE)
		return 0;
	err = take_ice(w, m, before ? before : repeated, end);
	return err ? err : end_keys(w, m, &v, agreed, repeated, end);
}

/* ---- offers: the other end ------------------------------------------------------------------------------------------------ */

static uint32_t can_of_proto(const struct ups_call_work *w, enum ups_sdp_proto proto)
{
	if (ups_sdp_proto_dtls(proto))
		return UPS_CAN_DTLS;
	if (ups_sdp_proto_secured(proto))
		return w->flags->sdes_off ? UPS_CAN_DTLS : UPS_CAN_SDES;
	return UPS_CAN_CLEAR;
}

static uint32_t can_of_mechanism(enum ups_mechanism m)
{
	return m == UPS_MECH_SDES   ? UPS_CAN_SDES
	       : m == UPS_MECH_DTLS ? UPS_CAN_DTLS
				    : UPS_CAN_CLEAR;
}

/* What the other party may be offered: the proxy knows, or what was agreed tells, or anything may be tried. */
static struct ups_said guess(const struct ups_call_work *w, const struct ups_sdp_media *m,
			     const struct ups_end *agreed)
{
	enum ups_sdp_proto proto = w->flags->transport;
	struct ups_said said = {};

	if (proto != UPS_SDP_PROTO_NONE) {
		said.can = can_of_proto(w, proto);
		said.osrtp = !ups_sdp_proto_secured(proto) && w->flags->osrtp_offer;
		if (said.osrtp)
			said.can |= UPS_CAN_SDES;
	} else if (agreed && agreed->decision.mechanism != UPS_MECH_OPAQUE) {
		said.can = can_of_mechanism(agreed->decision.mechanism);
	} else if (ups_sdp_proto_secured(m->proto)) {
		said.can = can_of_proto(w, m->proto);
	} else {
		said.can = UPS_CAN_CLEAR | UPS_CAN_SDES | UPS_CAN_DTLS;
		said.osrtp = true;
	}
	return said;
}

static enum ups_sdp_proto proto_for(const struct ups_call_work *w, const struct ups_sdp_media *m,
				    const struct ups_end *agreed, const struct ups_verdict *v)
{
	bool feedback = ups_sdp_proto_feedback(m->proto);

	if (v->mechanism == UPS_MECH_OPAQUE)
		return m->proto;
	if (w->flags->transport != UPS_SDP_PROTO_NONE)
		return w->flags->transport;
	if (agreed)
		return agreed->proto;
	if (v->osrtp || v->mechanism == UPS_MECH_NONE || v->mechanism == UPS_MECH_UNDERLAY)
		return with_feedback(UPS_SDP_AVP, feedback);
	return with_feedback(v->mechanism == UPS_MECH_SDES ? UPS_SDP_SAVP : UPS_SDP_TLS_SAVP,
			     feedback);
}

/* Family of the leg towards a party that has not spoken: that of the port it knows, as the proxy says, as the offerer's where there is one */
static bool family_v4(const struct ups_call_work *w, const struct ups_sdp_media *m,
		      const struct ups_end *agreed)
{
	const struct ups_iface *iface = w->call->iface[w->to];

	if (agreed)
		return ups_addr_is_v4(&agreed->remote);
	if (w->flags->family)
		return w->flags->family == AF_INET;
	if (ups_addr_is_v4(&m->connection.addr))
		return iface->has_v4;
	return !iface->has_v6;
}

/* What the users key is not ours to take apart or to put together. */
static bool offers_mux(const struct ups_call_work *w, const struct ups_sdp_media *m, bool opaque)
{
	if (!opaque && w->flags->mux & (UPS_MUX_OFFER | UPS_MUX_REQUIRE))
		return true;
	return m->rtcp_mux && !(w->flags->mux & UPS_MUX_DEMUX);
}

/*
 * Opportunistic keys are offered as SDES where that may be: who takes keys on a plain profile at all takes these (RFC 8643 3), and nothing is
 * lost on who does not.
 */
static int prefer_sdes(struct ups_call_work *w, bool keyed_by_users, struct ups_said said,
		       struct ups_line *line, struct ups_verdict *v)
{
	const struct ups_said all = said;
	bool floor = line->end[w->to].floor;
	int err;

	if (!v->osrtp || v->mechanism != UPS_MECH_DTLS)
		return 0;
	said.can &= ~UPS_CAN_DTLS;
	err = ups_call_judge(w, line, w->to, &said, false, keyed_by_users, floor, v);
	if (!err && v->mechanism == UPS_MECH_SDES)
		return 0;
	return ups_call_judge(w, line, w->to, &all, false, keyed_by_users, floor, v);
}

static int judge_other(struct ups_call_work *w, const struct ups_sdp_media *m,
		       const struct ups_end *agreed, bool keyed_by_users, struct ups_line *line,
		       struct ups_verdict *v)
{
	struct ups_said said = guess(w, m, agreed);
	bool floor = line->end[w->to].floor;
	int err = ups_call_judge(w, line, w->to, &said, false, keyed_by_users, floor, v);

	/* the proxy's plain profile has no place for keys here, so nothing is left to offer in it (RFC 8643 4) */
	if (!err && said.osrtp && v->mechanism == UPS_MECH_SDES && !v->osrtp &&
	    w->flags->transport != UPS_SDP_PROTO_NONE) {
		said = (struct ups_said) { .can = UPS_CAN_CLEAR };
		err = ups_call_judge(w, line, w->to, &said, false, false, floor, v);
	}
	if (w->flags->transport != UPS_SDP_PROTO_NONE || agreed)
		return err;
	if (!err)
		return prefer_sdes(w, keyed_by_users, said, line, v);
	/* nobody named a mechanism: one that the rule permits will do instead of the offerer's */
	if (ups_sdp_proto_secured(m->proto)) {
		said.can = UPS_CAN_SDES | UPS_CAN_DTLS;
		err = ups_call_judge(w, line, w->to, &said, false, keyed_by_users, floor, v);
	}
	return err;
}

static int offer_keys(struct ups_call_work *w, const struct ups_verdict *v,
		      const struct ups_end *agreed, struct ups_end *end)
{
	bool goes_on = agreed && agreed->ice.on && w->flags->ice != UPS_NG_ICE_REMOVE;
	int err = 0;

	if (v->mechanism == UPS_MECH_OPAQUE)
		return 0;
	if (goes_on)
		end->ice = agreed->ice;
	else if (w->flags->ice == UPS_NG_ICE_FORCE)
		err = ups_call_own_ice(end);
	if (err)
		return err;
	if (v->mechanism == UPS_MECH_SDES)
		return ups_call_own_crypto(v, agreed, end);
	if (v->mechanism != UPS_MECH_DTLS)
		return 0;
	err = has_certificate(w, end);
	return err ? err : ups_call_offer_dtls(w, v, agreed, end);
}

static int other_end(struct ups_call_work *w, const struct ups_sdp_media *m, unsigned int i,
		     bool keyed_by_users, struct ups_line *line)
{
	const struct ups_line *agreed = agreed_line(w, i), *previous = previous_line(w, i);
	const struct ups_end *before = agreed ? &agreed->end[w->to] : NULL;
	struct ups_end *end = &line->end[w->to];
	struct ups_verdict v;
	int err;

	end->remote = end->remote_rtcp = unspecified(family_v4(w, m, before));
	end->proxy_only = w->flags->sdes_only;
	err = judge_other(w, m, before, keyed_by_users, line, &v);
	if (err)
		return err;
	end->proto = proto_for(w, m, before, &v);
	end->osrtp = v.osrtp || (before && before->osrtp && !ups_sdp_proto_secured(end->proto));
	end->mux_offered = offers_mux(w, m, v.mechanism == UPS_MECH_OPAQUE);
	end->direction = UPS_SDP_SENDRECV;
	if (!before && previous &&
	    previous->end[w->to].decision.mechanism == end->decision.mechanism)
		before = &previous->end[w->to];
	return offer_keys(w, &v, before, end);
}

/* ---- offers ---------------------------------------------------------------------------------------------------------------- */

/*
 * Keys of the users' own: a secured profile that asks for no access-edge protection and that the proxy does not want changed. Both
 * legs' rules must permit opaque; the other leg's is looked up here, the offerer's by policy itself.
 */
static bool users_key_each_other(struct ups_call_work *w, const struct ups_sdp_media *m,
				 struct ups_line *line)
{
	struct ups_policy_input in = {
		.kind = w->call->iface[w->to]->kind,
		.media = line->media,
		.address = w->call->address[w->to],
	};
	enum ups_sdp_proto wanted = w->flags->transport;

	if (!ups_sdp_proto_secured(m->proto) || m->e2ae_requested || !ups_call_users_keys(m))
		return false;
	if (wanted != UPS_SDP_PROTO_NONE && wanted != m->proto)
		return false;
	return ups_policy_match(w->calls->config.policy, &in)->opaque;
}

/* Both ends or none: who does not permit opaque, or whose signalling cannot carry it, decides for both. -> *blame is the side of an error */
static int offer_ends(struct ups_call_work *w, unsigned int i, bool keyed, struct ups_line *line,
		      unsigned int *blame)
{
	const struct ups_sdp_media *m = &w->sdp->media[i];
	const struct ups_line before = *line;
	int err = offerer_end(w, m, i, keyed, line);
	bool opaque = line->end[w->from].decision.mechanism == UPS_MECH_OPAQUE;

	*blame = w->from;
	if (err)
		return err;
	*blame = w->to;
	err = other_end(w, m, i, opaque, line);
	if (!opaque || (!err && line->end[w->to].decision.mechanism == UPS_MECH_OPAQUE))
		return err;
	ups_wipe(line, sizeof(*line));
	*line = before;
	return offer_ends(w, i, false, line, blame);
}

static int offer_line(struct ups_call_work *w, unsigned int i, struct ups_line *line, int *first)
{
	bool keyed = users_key_each_other(w, &w->sdp->media[i], line);
	unsigned int blame;
	int err = offer_ends(w, i, keyed, line, &blame);

	if (err)
		return refuse_line(w, i, line, blame, err, first);
	line->alive = true;
	return 0;
}

static int make_offer_line(struct ups_call_work *w, unsigned int i, int *first)
{
	const struct ups_sdp_media *m = &w->sdp->media[i];
	struct ups_lines *lines = &w->call->offered;
	struct ups_line *line = calloc(1, sizeof(*line));
	struct ups_text type = m->type;
	int err = 0;

	if (!line)
		return ups_fail(w->msg, -ENOMEM, "out of memory");
	lines->line[lines->count++] = line;
	type.len = type.len < sizeof(line->media) ? type.len : sizeof(line->media) - 1;
	ups_text_copy(type, line->media, sizeof(line->media));
	line->e2ae = m->e2ae_requested;
	for (unsigned int s = 0; s < UPS_LEGS; s++) {
		line->end[s].proto = m->proto;
		line->end[s].floor = floor_of(w, i, s);
	}
	if (!m->port) {
		not_wanted(&line->end[w->from], "the offerer does not want this stream");
	} else if (!ups_sdp_proto_rtp(m->proto)) {
		err = ups_call_refuse(&line->end[w->from].decision, UPS_BY_PROVIDER,
				      UPS_E_UNSUPPORTED, "transport %.*s is not relayed",
				      (int)(m->proto_text.len < 60 ? m->proto_text.len : 60),
				      m->proto_text.at);
		err = refuse_line(w, i, line, w->from, err, first);
	} else {
		err = offer_line(w, i, line, first);
	}
	report_line(w, i, line);
	return err;
}

static bool any_alive(const struct ups_lines *lines)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		if (lines->line[i]->alive)
			return true;
	}
	return false;
}

int ups_call_offer_lines(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	int err = 0, first = 0;

	if (w->sdp->media_count < call->agreed.count)
		return ups_fail(
			w->msg, UPS_E_SYNTAX,
			"the re-offer has %u m-lines, fewer than the %u agreed (RFC 3264 8)",
			w->sdp->media_count, call->agreed.count);
	if (call->awaiting && call->offerer == w->from)
		w->previous = call->offered;
	else
		ups_lines_free(&call->offered);
	call->offered = (struct ups_lines) {};
	for (unsigned int i = 0; i < w->sdp->media_count && !err; i++)
		err = make_offer_line(w, i, &first);
	ups_lines_free(&w->previous);
	if (!err && first && !any_alive(&call->offered))
		err = first;
	return err;
}

/* ---- answers --------------------------------------------------------------------------------------------------------------- */

static int answer_refused(struct ups_end *end, const char *why)
{
	return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY, "%s", why);
}

/* The profile is not the answerer's to change; only feedback may differ, which changes no protection. */
static int check_profile(const struct ups_sdp_media *m, struct ups_end *end)
{
	if (!ups_sdp_proto_rtp(m->proto))
		return answer_refused(end, "the answer changes the transport");
	if (with_feedback(m->proto, false) == with_feedback(end->proto, false))
		return 0;
	if (!ups_sdp_proto_secured(m->proto))
		return answer_refused(end,
				      "the answer takes protection away: a plain profile to an "
				      "offer of a secured one");
	return answer_refused(end, "the answer has another profile than the offer");
}

static int check_family(const struct ups_sdp_media *m, const struct ups_addr *offered,
			struct ups_end *end)
{
	if (m->connection.hold || ups_addr_is_v4(&m->connection.addr) == ups_addr_is_v4(offered))
		return 0;
	return answer_refused(end, "the answer's address family is not the one it was offered; use "
				   "address-family= in the offer");
}

static int answered_keys(struct ups_call_work *w, const struct ups_sdp_media *m,
			 const struct ups_line *agreed, enum ups_mechanism offered,
			 const struct ups_verdict *v, struct ups_line *line)
{
	const struct ups_end *before = agreed ? &agreed->end[w->from] : NULL;
	struct ups_end *end = &line->end[w->from];

	if (v->mechanism != offered && v->mechanism != UPS_MECH_NONE &&
	    v->mechanism != UPS_MECH_UNDERLAY)
		return answer_refused(end, "the answer keys the media otherwise than was offered");
	if (v->mechanism == UPS_MECH_SDES)
		return ups_call_answered_crypto(w, m, line, end);
	if (v->mechanism == UPS_MECH_DTLS)
		return ups_call_take_dtls(w, m, v, before, false, end);
	end->own_count = 0;
	end->dtls = (struct ups_dtls_spec) {};
	return 0;
}

/* RFC 4568 7.1.4 of the answerer: moved, but sends with the same key */
static int check_moved(const struct ups_line *agreed, unsigned int side, struct ups_end *end)
{
	const struct ups_end *before = agreed ? &agreed->end[side] : NULL;

	if (!before || !before->known || before->decision.mechanism != UPS_MECH_SDES || end->held ||
	    !remote_moved(before, end) || !key_went_on(before, end))
		return 0;
	return answer_refused(end, "the address changed but the key did not: a new address needs a "
				   "new key (RFC 4568 7.1.4)");
}

static int answerer_end(struct ups_call_work *w, const struct ups_sdp_media *m,
			const struct ups_line *agreed, struct ups_line *line)
{
	const struct ups_end *before = agreed ? &agreed->end[w->from] : NULL;
	struct ups_end *end = &line->end[w->from];
	const struct ups_addr offered = end->remote;
	bool osrtp = end->osrtp, ice = end->ice.on;
	enum ups_mechanism mechanism = end->decision.mechanism;
	struct ups_said said = ups_call_said(m);
	struct ups_verdict v;
	int err = check_profile(m, end);

	if (!err)
		err = check_family(m, &offered, end);
	if (err)
		return err;
	take_signalled(w, m, before, &offered, end);
	end->mux = m->rtcp_mux && end->mux_offered;
	/* another branch of the same offer is another party: what the first one took does not bind it */
	end->floor |= !w->other_branch && was_protected(before);
	if (mechanism == UPS_MECH_NONE || mechanism == UPS_MECH_UNDERLAY)
		said = (struct ups_said) { .can = UPS_CAN_CLEAR };
	if (end->floor)
		harden_osrtp(end, &said);
	if (mechanism == UPS_MECH_OPAQUE && !ups_call_users_keys(m))
		return answer_refused(end, "the answer has no key, or none that protects, to an "
					   "offer with keys of the users");
	err = ups_call_judge(w, line, w->from, &said, true, mechanism == UPS_MECH_OPAQUE,
			     end->floor, &v);
	if (!err)
		err = ups_call_check_place(w, end);
	if (err)
		return err;
	end->ipsec = v.mechanism == UPS_MECH_UNDERLAY;
	end->osrtp = osrtp && v.mechanism != UPS_MECH_NONE;
	if (v.rule->registration && w->call->iface[w->from]->kind == UPS_KIND_CONV)
		err = ups_call_authorise(w, end, w->from);
	if (!err && ice)
		err = take_ice(w, m, before, end);
	if (!err)
		err = answered_keys(w, m, agreed, mechanism, &v, line);
	return err ? err : check_moved(agreed, w->from, end);
}

/* Whether the port that the offer told is there still */
static bool has_stream(const struct ups_call_work *w, unsigned int i)
{
	static const struct ups_plan nothing;

	return ups_call_stream(w, &nothing, i);
}

/* A wish that the answer brought is about every hop, also the offerer's, which was judged without it. */
static int check_wish(const struct ups_call_work *w, struct ups_end *reader)
{
	if (!w->call->has_wish || w->call->wish != UPS_WISH_REQUIRED ||
	    reader->decision.mechanism != UPS_MECH_NONE)
		return 0;
	return ups_call_refuse(&reader->decision, UPS_BY_USER, UPS_E_POLICY,
			       "the user requires protection, and this leg was offered without");
}

static int answer_line(struct ups_call_work *w, unsigned int i, struct ups_line *line, int *first)
{
	const struct ups_sdp_media *m = i < w->sdp->media_count ? &w->sdp->media[i] : NULL;
	struct ups_end *reader = &line->end[w->to];
	int err;

	if (!line->alive)
		return 0;
	if (!m || !m->port) {
		line->alive = false;
		not_wanted(&line->end[w->from], "the answerer rejected this stream");
		return 0;
	}
	if (!has_stream(w, i)) {
		line->alive = false;
		not_wanted(&line->end[w->from], "an earlier answer to the same offer rejected "
						"this stream, its ports are gone");
		return 0;
	}
	reader->mux = reader->mux_offered && !(w->flags->mux & UPS_MUX_REJECT);
	if (w->flags->ice == UPS_NG_ICE_REMOVE)
		reader->ice = (struct ups_ice_spec) {};
	err = check_wish(w, reader);
	if (err)
		return refuse_line(w, i, line, w->to, err, first);
	err = answerer_end(w, m, agreed_line(w, i), line);
	/* what the users key is not ours to take apart into two ports */
	if (line->end[w->from].decision.mechanism == UPS_MECH_OPAQUE)
		reader->mux = line->end[w->from].mux;
	return err ? refuse_line(w, i, line, w->from, err, first) : 0;
}

int ups_call_answer_lines(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	struct ups_lines lines;
	int err, first = 0;

	if (w->sdp->media_count > call->offered.count)
		return ups_fail(w->msg, UPS_E_SYNTAX,
				"the answer has %u m-lines, the offer had %u (RFC 3264 6)",
				w->sdp->media_count, call->offered.count);
	err = ups_lines_copy(&call->offered, &lines);
	if (err)
		return ups_fail(w->msg, err, "out of memory");
	for (unsigned int i = 0; i < lines.count && !err; i++) {
		err = answer_line(w, i, lines.line[i], &first);
		report_line(w, i, lines.line[i]);
	}
	if (!err && first && !any_alive(&lines))
		err = first;
	if (err) {
		ups_lines_free(&lines);
		return err;
	}
	ups_lines_free(&call->agreed);
	call->agreed = lines;
	return 0;
}
