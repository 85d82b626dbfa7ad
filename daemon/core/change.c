// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A stream made to look like a request: a copy of what is installed, in which every difference is set and remembered, so that a stream
 * without one stays out of the plan. A stream without predecessor starts from zeros. Control thread only.
 */
#include "core/core_priv.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"

struct build {
	struct ups_core *core;
	struct ups_check_at at;
	const struct ups_session_request *request;
	bool manual; /* keys are given explicitly */
	const struct ups_core_stream *from; /* NULL = new */
	struct ups_core_stream *to;
	bool changed;
};

#define SET(b, field, value)                 \
	do {                                 \
		if ((field) != (value)) {    \
			(field) = (value);   \
			(b)->changed = true; \
		}                            \
	} while (0)

static struct ups_leg *to_leg(const struct build *b)
{
	return &b->to->pub.leg[b->at.leg];
}

/* NULL if the stream is new */
static const struct ups_leg *from_leg(const struct build *b)
{
	return b->from ? &b->from->pub.leg[b->at.leg] : NULL;
}

static void set_addr(struct build *b, struct ups_addr *field, const struct ups_addr *value)
{
	if (ups_addr_equal(field, value))
		return;
	*field = *value;
	b->changed = true;
}

/* Texts were checked to end within their arrays. */
static void set_text(struct build *b, char *field, const char *value)
{
	if (!strcmp(field, value))
		return;
	strcpy(field, value);
	b->changed = true;
}

/* ---- how the leg is protected ---------------------------------------------------------------------------------- */

static bool same_fingerprints(const struct ups_dtls_spec *a, const struct ups_dtls_spec *b)
{
	if (a->fingerprint_count != b->fingerprint_count)
		return false;
	for (unsigned int i = 0; i < a->fingerprint_count; i++) {
		const struct ups_fingerprint *x = &a->fingerprint[i], *y = &b->fingerprint[i];

		if (x->hash != y->hash || x->size != y->size || memcmp(x->value, y->value, x->size))
			return false;
	}
	return true;
}

static void set_dtls(struct build *b, struct ups_dtls_spec *field,
		     const struct ups_dtls_spec *value)
{
	if (!field->on && !value->on)
		return;
	if (field->on == value->on && field->role == value->role &&
	    field->association == value->association && field->suites == value->suites &&
	    same_fingerprints(field, value) && !strcmp(field->peer_name, value->peer_name))
		return;
	*field = *value;
	b->changed = true;
}

static void set_ice(struct build *b, struct ups_ice_spec *field, const struct ups_ice_spec *value)
{
	SET(b, field->on, value->on);
	set_text(b, field->local_ufrag, value->local_ufrag);
	set_text(b, field->local_pwd, value->local_pwd);
	set_text(b, field->remote_ufrag, value->remote_ufrag);
}

static enum ups_mechanism mechanism_of(const struct build *b, const struct ups_leg_request *want)
{
	if (!b->manual)
		return want->decision.mechanism;
	switch (want->mode) {
	case UPS_MODE_SRTP:
		return UPS_MECH_MANUAL;
	case UPS_MODE_OPAQUE:
		return UPS_MECH_OPAQUE;
	default:
		return UPS_MECH_NONE;
	}
}

static void set_decision(struct build *b, struct ups_decision *field,
			 const struct ups_leg_request *want)
{
	SET(b, field->mechanism, mechanism_of(b, want));
	SET(b, field->decided_by, want->decision.decided_by);
	SET(b, field->compromised, want->decision.compromised);
	set_text(b, field->rule, want->decision.rule);
	set_text(b, field->reason, want->decision.reason);
}

static enum ups_source_mode source_of(const struct ups_leg_request *want,
				      const struct ups_iface *iface)
{
	if (want->mode == UPS_MODE_OPAQUE)
		return UPS_SOURCE_STRICT;
	return want->source_set ? want->source : iface->source;
}

static void build_terms(struct build *b, const struct ups_leg_request *want)
{
	struct ups_leg *leg = to_leg(b);

	SET(b, leg->iface, ups_check_iface(&b->core->check, want->iface));
	SET(b, leg->mode, want->mode);
	SET(b, leg->source, source_of(want, leg->iface));
	SET(b, leg->rtcp_mux, want->rtcp_mux);
	SET(b, leg->no_rtcp, want->no_rtcp);
	SET(b, leg->tos, want->tos);
	SET(b, leg->ipsec, want->ipsec);
	set_addr(b, &leg->source_ip, &want->source_ip);
	set_dtls(b, &leg->dtls, &want->dtls);
	set_ice(b, &leg->ice, &want->ice);
	set_decision(b, &leg->decision, want);
}

/* ---- addresses ------------------------------------------------------------------------------------------------- */

/* RTCP address beside @rtp by rtcp-mux, no RTCP, or the port above; port 0 = no RTCP, or RTP's is not known. */
static struct ups_addr rtcp_beside(const struct ups_leg *leg, const struct ups_addr *rtp)
{
	struct ups_addr rtcp = *rtp;

	if (leg->no_rtcp)
		ups_addr_set_port(&rtcp, 0);
	else if (!leg->rtcp_mux && rtp->port)
		ups_addr_set_port(&rtcp, ups_addr_port(rtp) + 1);
	return rtcp;
}

/* The peer was found where we use it by the same ICE checks as are valid now, wherever its default candidate is. */
static bool same_ice(const struct ups_leg *a, const struct ups_leg *b)
{
	return a->ice.on && b->ice.on && !strcmp(a->ice.local_ufrag, b->ice.local_ufrag) &&
	       !strcmp(a->ice.remote_ufrag, b->ice.remote_ufrag);
}

/* Whether what was learned of the peer's place holds under the new terms. @same: the signalled address is the same */
static bool keeps_learned(const struct build *b, bool same)
{
	const struct ups_leg *leg = to_leg(b), *old = from_leg(b);

	if (!old || leg->iface != old->iface || (leg->source != UPS_SOURCE_LATCH && !leg->ice.on) ||
	    !ups_addr_equal(&leg->source_ip, &old->source_ip))
		return false;
	return same || same_ice(leg, old);
}

static void build_remote(struct build *b, const struct ups_leg_request *want)
{
	struct ups_leg *leg = to_leg(b);
	struct ups_addr *signalled = &b->to->signalled[b->at.leg];
	bool same = ups_addr_equal(signalled, &want->remote);

	*signalled = want->remote;
	if (leg->learned && keeps_learned(b, same))
		return;
	set_addr(b, &leg->remote, &want->remote);
	SET(b, leg->learned, false);
}

static void build_remote_rtcp(struct build *b, const struct ups_leg_request *want)
{
	struct ups_leg *leg = to_leg(b);
	const struct ups_leg *old = from_leg(b);
	struct ups_addr *signalled = &b->to->signalled_rtcp[b->at.leg];
	struct ups_addr rtcp = rtcp_beside(leg, &want->remote);
	bool own = !leg->rtcp_mux && !leg->no_rtcp, same;

	if (own && want->remote_rtcp.port)
		rtcp = want->remote_rtcp;
	same = ups_addr_equal(signalled, &rtcp);
	*signalled = rtcp;
	if (leg->rtcp_mux) {
		set_addr(b, &leg->remote_rtcp, &leg->remote);
		SET(b, leg->learned_rtcp, leg->learned);
		return;
	}
	if (own && leg->learned_rtcp && !old->rtcp_mux && keeps_learned(b, same))
		return;
	set_addr(b, &leg->remote_rtcp, &rtcp);
	SET(b, leg->learned_rtcp, false);
}

static int build_local(struct build *b, const struct ups_leg_request *want)
{
	struct ups_leg *leg = to_leg(b);
	const struct ups_leg *old = from_leg(b);
	struct ups_addr rtcp;

	if (!old || old->iface != leg->iface ||
	    ups_addr_is_v4(&old->local) != ups_addr_is_v4(&leg->remote)) {
		int err = ups_take_port(b->core, &b->at, leg, want->local_port);

		if (err)
			return err;
		b->changed = true;
	}
	rtcp = rtcp_beside(leg, &leg->local);
	set_addr(b, &leg->local_rtcp, &rtcp);
	return 0;
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

static void forget_keys(struct build *b)
{
	struct ups_leg *leg = to_leg(b);

	for (unsigned int place = 0; b->from && place < UPS_PLACE_COUNT; place++) {
		if (!b->to->key[b->at.leg][place])
			continue;
		*ups_leg_key(leg, place) = (struct ups_key_spec) {};
		b->to->key[b->at.leg][place] = NULL;
	}
	leg->rx_count = 0;
	leg->rx_old_until_ns = 0;
}

/* The key at place @had of the predecessor goes on at @place: slot, counters and entry in the register. */
static void carry(struct build *b, unsigned int had, unsigned int place)
{
	unsigned int l = b->at.leg;

	*ups_leg_key(to_leg(b), place) = *ups_leg_key((struct ups_leg *)from_leg(b), had);
	b->to->key[l][place] = b->from->key[l][had];
}

static bool carried(const struct build *b, unsigned int had)
{
	unsigned int l = b->at.leg;

	for (unsigned int place = 0; place < UPS_PLACE_COUNT; place++) {
		if (b->to->key[l][place] == b->from->key[l][had])
			return true;
	}
	return false;
}

static bool same_key(const struct ups_key_spec *a, const struct ups_key_spec *b)
{
	return a->suite == b->suite && a->master.size == b->master.size &&
	       ups_equal(a->master.data, b->master.data, a->master.size) &&
	       a->mki_len == b->mki_len && !memcmp(a->mki, b->mki, a->mki_len);
}

/* -> the place where the predecessor uses @want in this direction, or UPS_PLACE_COUNT */
static unsigned int find_key(const struct build *b, const struct ups_key_spec *want, bool tx)
{
	struct ups_leg *old = (struct ups_leg *)from_leg(b);

	for (unsigned int place = 0; old && place < UPS_PLACE_COUNT; place++) {
		bool direction = tx ? place == UPS_PLACE_TX
				    : place < UPS_PLACE_TX || place == UPS_PLACE_RX_OLD;

		if (direction && b->from->key[b->at.leg][place] &&
		    same_key(ups_leg_key(old, place), want))
			return place;
	}
	return UPS_PLACE_COUNT;
}

/* -> 1: goes on, 0: new, < 0: error */
static int build_key(struct build *b, const struct ups_key_spec *want, unsigned int place)
{
	bool tx = place == UPS_PLACE_TX;
	unsigned int had = find_key(b, want, tx);
	struct ups_key_spec *key = ups_leg_key(to_leg(b), place);

	if (had == UPS_PLACE_COUNT)
		return ups_take_key(b->core, &b->at, want, tx, key, &b->to->key[b->at.leg][place]);
	carry(b, had, place);
	SET(b, key->rtcp_clear, want->rtcp_clear);
	SET(b, key->rtp_lifetime, ups_take_rtp_lifetime(b->core, want->rtp_lifetime));
	SET(b, key->rtcp_lifetime, ups_take_rtcp_lifetime(b->core, want->rtcp_lifetime));
	return 1;
}

/* What becomes of the peer's last key. @all_new: there are keys, and none is one that it had */
static void build_old(struct build *b, bool all_new)
{
	const struct ups_leg *old = from_leg(b);
	struct ups_leg *leg = to_leg(b);

	if (!old || (all_new && !b->request->keep_old))
		return;
	if (all_new && old->rx_count) {
		carry(b, UPS_PLACE_RX, UPS_PLACE_RX_OLD);
		leg->rx_old_until_ns = b->request->now_ns + UPS_RX_OLD_NS;
	} else if (old->rx_old.suite && !carried(b, UPS_PLACE_RX_OLD)) {
		carry(b, UPS_PLACE_RX_OLD, UPS_PLACE_RX_OLD);
		leg->rx_old_until_ns = old->rx_old_until_ns;
	}
}

static int build_given_keys(struct build *b, const struct ups_leg_request *want)
{
	struct ups_leg *leg = to_leg(b);
	bool all_new = want->rx_count > 0;
	int err;

	for (unsigned int i = 0; i < want->rx_count; i++) {
		err = build_key(b, &want->rx[i], UPS_PLACE_RX + i);
		if (err < 0)
			return err;
		all_new &= err == 0;
		leg->rx_count++;
	}
	build_old(b, all_new);
	err = want->tx ? build_key(b, want->tx, UPS_PLACE_TX) : 0;
	return err < 0 ? err : 0;
}

/* A handshake gave the keys: they stay until another gives new ones, also for another association. */
static void carry_dtls_keys(struct build *b)
{
	const struct ups_leg *old = from_leg(b);
	struct ups_leg *leg = to_leg(b);
	bool own_rtcp = !leg->rtcp_mux && !leg->no_rtcp;

	if (!old || !old->dtls.on)
		return;
	for (unsigned int place = 0; place < UPS_PLACE_COUNT; place++) {
		bool rtcp = place == UPS_PLACE_RX_RTCP || place == UPS_PLACE_TX_RTCP;

		if (b->from->key[b->at.leg][place] && (!rtcp || own_rtcp))
			carry(b, place, place);
	}
	leg->rx_count = old->rx_count;
	leg->rx_old_until_ns = old->rx_old_until_ns;
}

static int build_keys(struct build *b, const struct ups_leg_request *want)
{
	unsigned int l = b->at.leg;
	int err = 0;

	forget_keys(b);
	if (want->mode == UPS_MODE_SRTP && want->dtls.on)
		carry_dtls_keys(b);
	else if (want->mode == UPS_MODE_SRTP)
		err = build_given_keys(b, want);
	if (b->from && memcmp(b->to->key[l], b->from->key[l], sizeof(b->to->key[l])))
		b->changed = true;
	return err;
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

static int build_leg(struct build *b, const struct ups_leg_request *want)
{
	int err;

	build_terms(b, want);
	build_remote(b, want);
	build_remote_rtcp(b, want);
	err = build_local(b, want);
	return err ? err : build_keys(b, want);
}

static int build_stream(struct build *b, const struct ups_stream_request *want)
{
	struct ups_stream *s = &b->to->pub;

	set_text(b, s->media, want->media);
	SET(b, s->lane, want->lane);
	if (!b->from) {
		s->index = want->index;
		s->ssrc_count = want->ssrc_limit ? want->ssrc_limit : b->core->limits.ssrc_per_flow;
	}
	for (b->at.leg = 0; b->at.leg < UPS_LEGS; b->at.leg++) {
		int err = build_leg(b, &want->leg[b->at.leg]);

		if (!err && !b->from)
			err = ups_take_flow(b->core, &b->at, s);
		if (err)
			return err;
	}
	return 0;
}

static int change_stream(struct build *b, struct ups_core_stream *from,
			 const struct ups_stream_request *want)
{
	int err;

	b->at.stream = want->index;
	b->at.media = want->media;
	b->from = from;
	b->changed = false;
	b->to = ups_plan_step(b->core, from);
	if (!b->to)
		return ups_fail(b->at.msg, -ENOMEM, "out of memory");
	err = build_stream(b, want);
	if (!err && from && !b->changed)
		ups_plan_unstep(b->core);
	return err;
}

static void remove_stream(struct ups_core *core, struct ups_core_stream *from)
{
	core->step[core->step_count++] = (struct ups_core_step) { .from = from };
}

/* Both lists rise by m-line number. */
int ups_change_streams(struct ups_core *core, const struct ups_core_session *session,
		       const struct ups_session_request *request, bool manual,
		       struct ups_errmsg *msg)
{
	const struct ups_session *old = &session->pub;
	struct build b = { .core = core, .at.msg = msg, .request = request, .manual = manual };
	unsigned int at = 0;

	for (unsigned int i = 0; i < request->stream_count; i++) {
		const struct ups_stream_request *want = &request->stream[i];
		struct ups_core_stream *from = NULL;
		int err;

		while (at < old->stream_count && old->stream[at]->index < want->index)
			remove_stream(core, ups_core_stream_of(old->stream[at++]));
		if (at < old->stream_count && old->stream[at]->index == want->index)
			from = ups_core_stream_of(old->stream[at++]);
		err = change_stream(&b, from, want);
		if (err)
			return err;
	}
	while (at < old->stream_count)
		remove_stream(core, ups_core_stream_of(old->stream[at++]));
	return 0;
}
