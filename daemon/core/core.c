// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The model: sessions in a hash table (whose insertion order is the order of creation), the pools, and the journal by
 * which a plan is undone: each take is noted, and abort walks the notes backwards. Control thread only.
 */
#include "core/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "core/check.h"
#include "core/keyreg.h"
#include "core/ports.h"
#include "core/slots.h"
#include "core/table.h"
#include "crypto/srtp.h"

#define LEG_KEYS (UPS_RX_KEYS_MAX + 1) /* receive keys, then the transmit key */
#define TX UPS_RX_KEYS_MAX /* index of the transmit key */

struct stream {
	struct ups_stream pub; /* first: see of_stream() */
	struct ups_keyreg_entry *key[UPS_LEGS][LEG_KEYS];
};

struct session {
	struct ups_session pub; /* first: see of_session() */
	bool inserted;
	UT_hash_handle hh;
};

/* One resource that the pending plan took. */
struct note {
	enum { NOTE_PORT, NOTE_FLOW, NOTE_KEY, NOTE_RUN, NOTE_HOLD } what;
	void *from; /* port pool, or register entry */
	uint32_t value, size, before;
};

#define NOTES_MAX (UPS_STREAMS_MAX * UPS_LEGS * (3 + 2 * LEG_KEYS))

struct owner {
	struct session *session;
	uint8_t stream, leg;
};

struct ups_core {
	struct ups_limits limits;
	struct ups_check check;
	struct session *sessions;
	unsigned int count; /* without the pending one */
	struct ups_ports (*ports)[2]; /* of each logical interface: v4, v6 */
	struct ups_slots flows, keys;
	struct ups_runs ssrcs;
	struct ups_keyreg *keyreg;
	struct owner *owner; /* of each flow slot */
	uint64_t now_ns;
	enum { PLAN_NONE, PLAN_ADD, PLAN_DEL } planned;
	struct session *subject; /* of the plan */
	struct note note[NOTES_MAX];
	unsigned int note_count;
};

static struct session *of_session(const struct ups_session *s)
{
	return (struct session *)s;
}

static struct stream *of_stream(struct ups_stream *s)
{
	return (struct stream *)s;
}

static void note(struct ups_core *core, struct note n)
{
	core->note[core->note_count++] = n;
}

static void undo_notes(struct ups_core *core)
{
	while (core->note_count) {
		struct note *n = &core->note[--core->note_count];

		switch (n->what) {
		case NOTE_PORT:
			ups_ports_untake(n->from, (uint16_t)n->value);
			break;
		case NOTE_FLOW:
			ups_slots_untake(&core->flows, n->value);
			core->owner[n->value] = (struct owner) {};
			break;
		case NOTE_KEY:
			ups_slots_untake(&core->keys, n->value);
			break;
		case NOTE_RUN:
			ups_runs_untake(&core->ssrcs, n->value, n->size, n->before);
			break;
		case NOTE_HOLD:
			ups_keyreg_release(core->keyreg, n->from);
			break;
		}
	}
}

static int init_ports(struct ups_core *core)
{
	core->ports = calloc(core->check.iface_count, sizeof(*core->ports));
	if (!core->ports)
		return -ENOMEM;
	for (unsigned int i = 0; i < core->check.iface_count; i++) {
		const struct ups_iface *iface = &core->check.ifaces[i];
		const bool has[2] = { iface->has_v4, iface->has_v6 };

		for (unsigned int f = 0; f < 2; f++) {
			int err = has[f] ? ups_ports_init(&core->ports[i][f], iface->port_min,
							  iface->port_max)
					 : 0;

			if (err)
				return err;
		}
	}
	return 0;
}

static int init_pools(struct ups_core *core)
{
	const struct ups_limits *l = &core->limits;
	int err;

	if (!core->check.iface_count || !l->sessions || !l->ssrc_per_flow ||
	    l->ssrc_per_flow > UPS_SSRC_MAX)
		return UPS_E_RANGE;
	err = ups_slots_init(&core->flows, l->flows);
	if (!err)
		err = ups_slots_init(&core->keys, l->keys);
	if (!err)
		err = ups_runs_init(&core->ssrcs, l->ssrcs);
	if (!err)
		err = ups_keyreg_create(UPS_KEYREG_HISTORY, &core->keyreg);
	if (err)
		return err;
	core->owner = calloc(l->flows, sizeof(*core->owner));
	return core->owner ? init_ports(core) : -ENOMEM;
}

int ups_core_create(const struct ups_limits *limits, const struct ups_iface *ifaces,
		    unsigned int iface_count, struct ups_core **out)
{
	struct ups_core *core = calloc(1, sizeof(*core));
	int err;

	if (!core)
		return -ENOMEM;
	core->limits = *limits;
	core->check = (struct ups_check) { ifaces, iface_count, &core->limits };
	err = init_pools(core);
	if (err) {
		ups_core_destroy(core);
		return err;
	}
	*out = core;
	return 0;
}

static void free_session(struct session *s)
{
	for (unsigned int i = 0; s && i < s->pub.stream_count; i++) {
		if (s->pub.stream[i])
			ups_wipe(s->pub.stream[i], sizeof(struct stream));
		free(s->pub.stream[i]);
	}
	free(s);
}

void ups_core_destroy(struct ups_core *core)
{
	struct session *s, *next;

	if (!core)
		return;
	HASH_ITER (hh, core->sessions, s, next) {
		HASH_DEL(core->sessions, s);
		free_session(s);
	}
	for (unsigned int i = 0; core->ports && i < core->check.iface_count; i++) {
		ups_ports_fini(&core->ports[i][0]);
		ups_ports_fini(&core->ports[i][1]);
	}
	free(core->ports);
	free(core->owner);
	ups_slots_fini(&core->flows);
	ups_slots_fini(&core->keys);
	ups_runs_fini(&core->ssrcs);
	ups_keyreg_destroy(core->keyreg);
	free(core);
}

void ups_core_tick(struct ups_core *core, uint64_t now_ns)
{
	if (now_ns > core->now_ns)
		core->now_ns = now_ns;
}

/* ---- planning an addition -------------------------------------------------------------------------------------- */

/* @addr: any address of the wanted family */
static struct ups_ports *pool_of(struct ups_core *core, const struct ups_iface *iface,
				 const struct ups_addr *addr)
{
	return &core->ports[iface - core->check.ifaces][!ups_addr_is_v4(addr)];
}

static int take_port(struct ups_core *core, const struct ups_check_at *at, struct ups_leg *leg,
		     uint16_t wanted)
{
	const struct ups_iface *iface = leg->iface;
	struct ups_ports *pool = pool_of(core, iface, &leg->remote);
	uint16_t port;
	int err = ups_ports_take(pool, wanted, core->now_ns, &port);

	if (err == UPS_E_NO_PORTS)
		return ups_check_fail(at, err,
				      "Ran out of ports on interface %s (range %u-%u); end "
				      "sessions or widen the range",
				      iface->name, iface->port_min, iface->port_max);
	if (err == UPS_E_RANGE)
		return ups_check_fail(at, err,
				      "local port %u is not an even port of interface %s (range "
				      "%u-%u) with its odd neighbour",
				      wanted, iface->name, iface->port_min, iface->port_max);
	if (err == -EADDRINUSE)
		return ups_check_fail(
			at, UPS_E_NO_PORTS,
			"local port %u of interface %s is in use; name another or none", wanted,
			iface->name);
	if (err)
		return ups_check_fail(at, err, "random port: %s", ups_strerror(err));
	note(core, (struct note) { .what = NOTE_PORT, .from = pool, .value = port });
	leg->local = ups_addr_is_v4(&leg->remote) ? iface->v4 : iface->v6;
	ups_addr_set_port(&leg->local, port);
	return 0;
}

/* RTCP addresses by rtcp-mux, no RTCP, or the port above RTP's; port 0 = no RTCP. */
static void set_rtcp(struct ups_leg *leg, const struct ups_addr *remote_rtcp)
{
	leg->local_rtcp = leg->local;
	leg->remote_rtcp = leg->remote;
	if (leg->no_rtcp) {
		ups_addr_set_port(&leg->local_rtcp, 0);
		ups_addr_set_port(&leg->remote_rtcp, 0);
	} else if (!leg->rtcp_mux) {
		ups_addr_set_port(&leg->local_rtcp, ups_addr_port(&leg->local) + 1);
		ups_addr_set_port(&leg->remote_rtcp, ups_addr_port(&leg->remote) + 1);
		if (remote_rtcp->port)
			leg->remote_rtcp = *remote_rtcp;
	}
}

static uint64_t effective(uint64_t lifetime, uint64_t limit, uint64_t most)
{
	if (lifetime)
		return lifetime;
	return limit && limit < most ? limit : most;
}

static int take_key(struct ups_core *core, const struct ups_check_at *at,
		    const struct ups_key_spec *want, bool tx, struct ups_key_spec *key,
		    struct ups_keyreg_entry **entry)
{
	int err = ups_keyreg_hold(core->keyreg, want->master.data,
				  ups_suite_by_id(want->suite)->key_len, tx, entry);

	if (err == UPS_E_KEY_REUSED)
		return ups_check_fail(at, err,
				      "%s key is or was in use; each leg, direction and stream "
				      "needs a fresh random key",
				      tx ? "transmit" : "receive");
	if (err)
		return ups_check_fail(at, err, "register of keys: %s", ups_strerror(err));
	note(core, (struct note) { .what = NOTE_HOLD, .from = *entry });
	*key = *want;
	key->rtp_lifetime =
		effective(want->rtp_lifetime, core->limits.rtp_lifetime, UPS_RTP_LIFETIME_MAX);
	key->rtcp_lifetime =
		effective(want->rtcp_lifetime, core->limits.rtcp_lifetime, UPS_RTCP_LIFETIME_MAX);
	err = ups_slots_take(&core->keys, &key->slot);
	if (err)
		return ups_check_fail(at, err,
				      "all %u key slots are in use; end sessions or raise "
				      "limits.sessions",
				      core->limits.keys);
	note(core, (struct note) { .what = NOTE_KEY, .value = key->slot });
	return 0;
}

static int take_leg_keys(struct ups_core *core, const struct ups_check_at *at, struct stream *s,
			 const struct ups_leg_request *want)
{
	struct ups_leg *leg = &s->pub.leg[at->leg];
	struct ups_keyreg_entry **entry = s->key[at->leg];

	for (unsigned int i = 0; i < want->rx_count; i++) {
		int err = take_key(core, at, &want->rx[i], false, &leg->rx[i], &entry[i]);

		if (err)
			return err;
		leg->rx_count++;
	}
	return want->tx ? take_key(core, at, want->tx, true, &leg->tx, &entry[TX]) : 0;
}

static enum ups_source_mode source_of(const struct ups_leg_request *want,
				      const struct ups_iface *iface)
{
	if (want->mode == UPS_MODE_OPAQUE)
		return UPS_SOURCE_STRICT;
	return want->source_set ? want->source : iface->source;
}

static int plan_leg(struct ups_core *core, const struct ups_check_at *at, struct stream *s,
		    const struct ups_leg_request *want)
{
	struct ups_leg *leg = &s->pub.leg[at->leg];
	int err;

	leg->iface = ups_check_iface(&core->check, want->iface);
	leg->mode = want->mode;
	leg->source = source_of(want, leg->iface);
	leg->rtcp_mux = want->rtcp_mux;
	leg->no_rtcp = want->no_rtcp;
	leg->tos = want->tos;
	leg->remote = want->remote;
	err = take_port(core, at, leg, want->local_port);
	if (err)
		return err;
	set_rtcp(leg, &want->remote_rtcp);
	return take_leg_keys(core, at, s, want);
}

static int take_flow(struct ups_core *core, const struct ups_check_at *at, struct session *session,
		     struct ups_stream *s)
{
	uint32_t before;
	int err = ups_slots_take(&core->flows, &s->flow[at->leg]);

	if (err)
		return ups_check_fail(at, err,
				      "all %u flow slots are in use; end sessions or raise "
				      "limits.sessions",
				      core->limits.flows);
	note(core, (struct note) { .what = NOTE_FLOW, .value = s->flow[at->leg] });
	core->owner[s->flow[at->leg]] =
		(struct owner) { session, (uint8_t)s->index, (uint8_t)at->leg };
	err = ups_runs_take(&core->ssrcs, s->ssrc_count, &s->ssrc_base[at->leg], &before);
	if (err)
		return ups_check_fail(at, err,
				      "no %u neighbouring SSRC slots of %u are free; end sessions "
				      "or raise limits.sessions",
				      s->ssrc_count, core->limits.ssrcs);
	note(core, (struct note) { .what = NOTE_RUN,
				   .value = s->ssrc_base[at->leg],
				   .size = s->ssrc_count,
				   .before = before });
	return 0;
}

static int plan_stream(struct ups_core *core, struct session *session, unsigned int index,
		       const struct ups_stream_request *want, struct ups_errmsg *msg)
{
	struct ups_check_at at = { .stream = index, .media = want->media, .msg = msg };
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return ups_fail(msg, -ENOMEM, "out of memory");
	session->pub.stream[index] = &s->pub;
	session->pub.stream_count++;
	s->pub.index = (uint16_t)index;
	strcpy(s->pub.media, want->media); /* length checked by check_stream() */
	s->pub.lane = want->lane;
	s->pub.ssrc_count = want->ssrc_limit ? want->ssrc_limit : core->limits.ssrc_per_flow;
	for (at.leg = 0; at.leg < UPS_LEGS; at.leg++) {
		int err = plan_leg(core, &at, s, &want->leg[at.leg]);

		if (!err)
			err = take_flow(core, &at, session, &s->pub);
		if (err)
			return err;
	}
	return 0;
}

static int plan_session(struct ups_core *core, struct session *session,
			const struct ups_session_request *request, struct ups_errmsg *msg)
{
	int err = ups_keyreg_reserve(core->keyreg, UPS_STREAMS_MAX * UPS_LEGS * LEG_KEYS);

	if (err)
		return ups_fail(msg, err, "register of keys: %s", ups_strerror(err));
	strcpy(session->pub.id, request->id); /* length checked by ups_check_request() */
	session->pub.created_ns = request->now_ns;
	session->pub.created_unix = request->now_unix;
	session->pub.pending = true;
	for (unsigned int i = 0; i < request->stream_count; i++) {
		err = plan_stream(core, session, i, &request->stream[i], msg);
		if (err)
			return err;
	}
	session->inserted = true;
	HASH_ADD_STR(core->sessions, pub.id, session);
	return session->inserted ? 0 : ups_fail(msg, -ENOMEM, "out of memory");
}

static struct session *lookup(const struct ups_core *core, const char *id)
{
	struct session *s;

	HASH_FIND_STR(core->sessions, id, s);
	return s;
}

static int check_add(const struct ups_core *core, const struct ups_session_request *request,
		     struct ups_errmsg *msg)
{
	int err;

	if (core->planned != PLAN_NONE)
		return ups_fail(msg, -EBUSY, "another plan is pending");
	err = ups_check_request(&core->check, request, msg);
	if (err)
		return err;
	if (lookup(core, request->id))
		return ups_fail(msg, UPS_E_SESSION_EXISTS,
				"session '%s' exists; delete it first or use another id",
				request->id);
	if (core->count >= core->limits.sessions)
		return ups_fail(msg, UPS_E_LIMIT,
				"%u sessions are in use, as many as limits.sessions allows",
				core->count);
	return 0;
}

int ups_core_session_add(struct ups_core *core, const struct ups_session_request *request,
			 struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct session *session;
	int err = check_add(core, request, msg);

	if (err)
		return err;
	session = calloc(1, sizeof(*session));
	if (!session)
		return ups_fail(msg, -ENOMEM, "out of memory");
	ups_core_tick(core, request->now_ns);
	err = plan_session(core, session, request, msg);
	if (err) {
		undo_notes(core);
		free_session(session);
		return err;
	}
	core->planned = PLAN_ADD;
	core->subject = session;
	*plan = (struct ups_plan) { .add_count = session->pub.stream_count };
	memcpy(plan->add, session->pub.stream, sizeof(plan->add));
	return 0;
}

int ups_core_session_del(struct ups_core *core, const char *id, struct ups_plan *plan,
			 struct ups_errmsg *msg)
{
	struct session *session;

	if (core->planned != PLAN_NONE)
		return ups_fail(msg, -EBUSY, "another plan is pending");
	session = lookup(core, id);
	if (!session)
		return ups_fail(msg, UPS_E_NO_SESSION, "no session '%.*s'", UPS_SESSION_ID_MAX, id);
	core->planned = PLAN_DEL;
	core->subject = session;
	*plan = (struct ups_plan) { .del_count = session->pub.stream_count };
	memcpy(plan->del, session->pub.stream, sizeof(plan->del));
	return 0;
}

/* ---- commit and abort ------------------------------------------------------------------------------------------ */

static void keep_keys(struct ups_core *core, struct session *session)
{
	for (unsigned int i = 0; i < session->pub.stream_count; i++) {
		struct stream *s = of_stream(session->pub.stream[i]);

		for (unsigned int k = 0; k < UPS_LEGS * LEG_KEYS; k++) {
			if (s->key[k / LEG_KEYS][k % LEG_KEYS])
				ups_keyreg_keep(core->keyreg, s->key[k / LEG_KEYS][k % LEG_KEYS]);
		}
	}
}

static void put_leg(struct ups_core *core, struct stream *s, unsigned int l)
{
	struct ups_leg *leg = &s->pub.leg[l];

	ups_ports_put(pool_of(core, leg->iface, &leg->local), ups_addr_port(&leg->local),
		      core->now_ns);
	for (unsigned int i = 0; i < leg->rx_count; i++)
		ups_slots_put(&core->keys, leg->rx[i].slot);
	if (s->key[l][TX])
		ups_slots_put(&core->keys, leg->tx.slot);
	for (unsigned int i = 0; i < LEG_KEYS; i++)
		ups_keyreg_release(core->keyreg, s->key[l][i]);
	ups_runs_put(&core->ssrcs, s->pub.ssrc_base[l], s->pub.ssrc_count);
	ups_slots_put(&core->flows, s->pub.flow[l]);
	core->owner[s->pub.flow[l]] = (struct owner) {};
}

static void remove_session(struct ups_core *core, struct session *session)
{
	for (unsigned int i = 0; i < session->pub.stream_count; i++) {
		for (unsigned int l = 0; l < UPS_LEGS; l++)
			put_leg(core, of_stream(session->pub.stream[i]), l);
	}
	HASH_DEL(core->sessions, session);
	free_session(session);
	core->count--;
}

static void end_plan(struct ups_core *core, struct ups_plan *plan)
{
	core->planned = PLAN_NONE;
	core->subject = NULL;
	*plan = (struct ups_plan) {};
}

void ups_core_commit(struct ups_core *core, struct ups_plan *plan)
{
	switch (core->planned) {
	case PLAN_ADD:
		core->note_count = 0;
		keep_keys(core, core->subject);
		core->subject->pub.pending = false;
		core->count++;
		break;
	case PLAN_DEL:
		remove_session(core, core->subject);
		break;
	case PLAN_NONE:
		break;
	}
	end_plan(core, plan);
}

void ups_core_abort(struct ups_core *core, struct ups_plan *plan)
{
	if (core->planned == PLAN_ADD) {
		undo_notes(core);
		HASH_DEL(core->sessions, core->subject);
		free_session(core->subject);
	}
	end_plan(core, plan);
}

/* ---- look-ups -------------------------------------------------------------------------------------------------- */

const struct ups_session *ups_core_session_find(const struct ups_core *core, const char *id)
{
	struct session *s = lookup(core, id);

	return s && !s->pub.pending ? &s->pub : NULL;
}

const struct ups_session *ups_core_session_next(const struct ups_core *core,
						const struct ups_session *previous)
{
	struct session *s = previous ? of_session(previous)->hh.next : core->sessions;

	while (s && s->pub.pending)
		s = s->hh.next;
	return s ? &s->pub : NULL;
}

unsigned int ups_core_session_count(const struct ups_core *core)
{
	return core->count;
}

const struct ups_session *ups_core_flow_owner(const struct ups_core *core, uint32_t flow,
					      const struct ups_stream **stream, unsigned int *leg)
{
	const struct owner *o;

	if (flow >= core->limits.flows)
		return NULL;
	o = &core->owner[flow];
	if (!o->session || o->session->pub.pending)
		return NULL;
	*stream = o->session->pub.stream[o->stream];
	*leg = o->leg;
	return &o->session->pub;
}

void ups_core_source_learned(struct ups_core *core, uint32_t flow, bool rtcp,
			     const struct ups_addr *addr)
{
	const struct ups_stream *stream;
	unsigned int l;
	struct ups_leg *leg;

	if (!ups_core_flow_owner(core, flow, &stream, &l))
		return;
	leg = &core->owner[flow].session->pub.stream[stream->index]->leg[l];
	if (leg->source != UPS_SOURCE_LATCH)
		return; /* a strict leg never moves, whoever reports it */
	if (!rtcp || leg->rtcp_mux) {
		leg->remote = *addr;
		leg->learned = true;
	}
	if (rtcp || leg->rtcp_mux) {
		leg->remote_rtcp = *addr;
		leg->learned_rtcp = true;
	}
}

uint64_t ups_core_keys_forgotten(const struct ups_core *core)
{
	return ups_keyreg_forgotten(core->keyreg);
}
