// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes of one stream that come from the data plane or from time: see core_priv.h. Control thread only. */
#include "core/core_priv.h"

#include <errno.h>

#include "base/addr.h"
#include "crypto/srtp.h"

void ups_leg_move(struct ups_leg *leg, bool rtcp, const struct ups_addr *addr)
{
	if (!rtcp || leg->rtcp_mux) {
		leg->remote = *addr;
		leg->learned = true;
	}
	if (rtcp || leg->rtcp_mux) {
		leg->remote_rtcp = *addr;
		leg->learned_rtcp = true;
	}
}

void ups_leg_learn(struct ups_leg *leg, bool rtcp, const struct ups_addr *addr)
{
	static const struct ups_addr any;

	if (leg->source != UPS_SOURCE_LATCH)
		return;
	if (!ups_addr_same_ip(&leg->source_ip, &any) && !ups_addr_same_ip(&leg->source_ip, addr))
		return;
	ups_leg_move(leg, rtcp, addr);
}

/* -> owner of @flow, or NULL with *err */
static const struct ups_core_owner *find_owner(const struct ups_core *core, uint32_t flow, int *err,
					       struct ups_errmsg *msg)
{
	if (core->planned != UPS_PLAN_NONE) {
		*err = ups_fail(msg, -EBUSY, "another plan is pending");
		return NULL;
	}
	if (flow >= core->limits.flows || !core->owner[flow].session) {
		*err = ups_fail(msg, UPS_E_NO_SESSION, "flow %u belongs to no session", flow);
		return NULL;
	}
	return &core->owner[flow];
}

static struct ups_check_at place_of(const struct ups_core_owner *o, struct ups_errmsg *msg)
{
	return (struct ups_check_at) { .stream = o->stream->pub.index,
				       .media = o->stream->pub.media,
				       .leg = o->leg,
				       .msg = msg };
}

/* ---- DTLS-SRTP ------------------------------------------------------------------------------------------------- */

static int check_dtls(const struct ups_check_at *at, const struct ups_leg *leg,
		      const struct ups_dtls_keys *keys)
{
	const struct ups_suite *suite = ups_suite_by_id(keys->suite);
	unsigned int size = suite ? suite->key_len + suite->salt_len : 0;

	if (!leg->dtls.on || leg->dtls.association != keys->association)
		return ups_check_fail(at, UPS_E_STATE, "keys of DTLS association %u, which is over",
				      keys->association);
	if (keys->rtcp && (leg->rtcp_mux || leg->no_rtcp))
		return ups_check_fail(at, UPS_E_STATE,
				      "DTLS keys for an RTCP port that the leg has no more");
	if (!suite || !(leg->dtls.suites >> keys->suite & 1))
		return ups_check_fail(at, UPS_E_SUITE,
				      "DTLS agreed on suite %u, which we did not offer",
				      keys->suite);
	if (keys->rx.size != size || keys->tx.size != size)
		return ups_check_fail(at, UPS_E_KEY_LENGTH, "DTLS keys of %u and %u bytes, not %u",
				      keys->rx.size, keys->tx.size, size);
	return 0;
}

static void empty_place(struct ups_core_stream *s, unsigned int l, unsigned int place)
{
	*ups_leg_key(&s->pub.leg[l], place) = (struct ups_key_spec) {};
	s->key[l][place] = NULL;
}

static void move_place(struct ups_core_stream *s, unsigned int l, unsigned int from,
		       unsigned int to)
{
	*ups_leg_key(&s->pub.leg[l], to) = *ups_leg_key(&s->pub.leg[l], from);
	s->key[l][to] = s->key[l][from];
	empty_place(s, l, from);
}

static int fill_place(struct ups_core *core, const struct ups_check_at *at,
		      struct ups_core_stream *s, const struct ups_secret *master, uint8_t suite,
		      unsigned int place)
{
	bool tx = place == UPS_PLACE_TX || place == UPS_PLACE_TX_RTCP;
	struct ups_key_spec want = { .suite = suite, .master = *master };
	int err = ups_take_key(core, at, &want, tx, ups_leg_key(&s->pub.leg[at->leg], place),
			       &s->key[at->leg][place]);

	ups_secret_wipe(&want.master);
	return err;
}

/* Only the first receive key can be another's than the peer's of this handshake: there is one for each association. */
static void retire_rx(struct ups_core_stream *s, unsigned int l, uint64_t now_ns)
{
	struct ups_leg *leg = &s->pub.leg[l];

	if (leg->rx_count) {
		move_place(s, l, UPS_PLACE_RX, UPS_PLACE_RX_OLD);
		leg->rx_old_until_ns = now_ns + UPS_RX_OLD_NS;
	}
	leg->rx_count = 1;
}

static int fill_keys(struct ups_core *core, const struct ups_check_at *at,
		     struct ups_core_stream *to, const struct ups_dtls_keys *keys, uint64_t now_ns)
{
	unsigned int rx = keys->rtcp ? UPS_PLACE_RX_RTCP : UPS_PLACE_RX;
	unsigned int tx = keys->rtcp ? UPS_PLACE_TX_RTCP : UPS_PLACE_TX;
	int err = ups_keyreg_reserve(core->keyreg, 2);

	if (err)
		return ups_check_fail(at, err, "register of keys: %s", ups_strerror(err));
	if (!keys->rtcp)
		retire_rx(to, at->leg, now_ns);
	err = fill_place(core, at, to, &keys->rx, keys->suite, rx);
	return err ? err : fill_place(core, at, to, &keys->tx, keys->suite, tx);
}

int ups_core_dtls_keys(struct ups_core *core, uint32_t flow, const struct ups_dtls_keys *keys,
		       uint64_t now_ns, struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_core_stream *to;
	struct ups_check_at at;
	int err;
	const struct ups_core_owner *o = find_owner(core, flow, &err, msg);

	if (!o)
		return err;
	at = place_of(o, msg);
	err = check_dtls(&at, &o->stream->pub.leg[o->leg], keys);
	if (err)
		return err;
	ups_core_tick(core, now_ns);
	err = ups_plan_one(core, o->session, o->stream, &to);
	if (err)
		return ups_fail(msg, err, "out of memory");
	err = fill_keys(core, &at, to, keys, now_ns);
	if (err) {
		ups_plan_cancel(core);
		return err;
	}
	if (!to->pub.leg[o->leg].ice.on) /* there, nomination tells where the peer is */
		ups_leg_learn(&to->pub.leg[o->leg], keys->rtcp, &keys->peer);
	ups_plan_ready(core, UPS_PLAN_CHANGE, o->session, plan);
	return 0;
}

/* ---- ICE ------------------------------------------------------------------------------------------------------- */

static bool is_at(const struct ups_leg *leg, bool rtcp, const struct ups_addr *addr)
{
	return ups_addr_equal(rtcp && !leg->rtcp_mux ? &leg->remote_rtcp : &leg->remote, addr);
}

int ups_core_nominated(struct ups_core *core, uint32_t flow, bool rtcp, const struct ups_addr *addr,
		       struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_core_stream *to;
	struct ups_check_at at;
	struct ups_leg *leg;
	int err;
	const struct ups_core_owner *o = find_owner(core, flow, &err, msg);
	bool same;

	if (!o)
		return err;
	at = place_of(o, msg);
	leg = &o->stream->pub.leg[o->leg];
	if (!leg->ice.on || (rtcp && leg->no_rtcp))
		return ups_check_fail(&at, UPS_E_STATE,
				      "nominated an address of a leg without ICE");
	err = ups_check_peer(&core->check, &at, leg->iface, addr);
	if (err)
		return err;
	same = is_at(leg, rtcp, addr);
	err = ups_plan_one(core, o->session, same ? NULL : o->stream, &to);
	if (err)
		return ups_fail(msg, err, "out of memory");
	ups_leg_move(same ? leg : &to->pub.leg[o->leg], rtcp, addr);
	ups_plan_ready(core, UPS_PLAN_CHANGE, o->session, plan);
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

int ups_core_due(struct ups_core *core, uint64_t now_ns, struct ups_plan *plan)
{
	struct ups_core_stream *s = core->due_first, *to;
	struct ups_core_session *session;
	int err;

	if (core->planned != UPS_PLAN_NONE)
		return -EBUSY;
	ups_core_tick(core, now_ns);
	if (!s || ups_plan_due_ns(s) > now_ns)
		return 0;
	session = core->owner[s->pub.flow[0]].session;
	err = ups_plan_one(core, session, s, &to);
	if (err)
		return err;
	for (unsigned int l = 0; l < UPS_LEGS; l++) {
		if (to->pub.leg[l].rx_old_until_ns > now_ns)
			continue;
		empty_place(to, l, UPS_PLACE_RX_OLD);
		to->pub.leg[l].rx_old_until_ns = 0;
	}
	ups_plan_ready(core, UPS_PLAN_CHANGE, session, plan);
	return 1;
}
