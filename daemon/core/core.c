// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The model: sessions in a hash table (whose insertion order is the order of creation), the pools, and the life of a plan; core_priv.h
 * says how a plan is made and undone. Control thread only.
 */
#include "core/core_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

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

static void free_stream(struct ups_core_stream *s)
{
	if (s)
		ups_wipe(s, sizeof(*s));
	free(s);
}

static void free_session(struct ups_core_session *s)
{
	for (unsigned int i = 0; i < s->pub.stream_count; i++)
		free_stream(ups_core_stream_of(s->pub.stream[i]));
	free(s);
}

void ups_core_destroy(struct ups_core *core)
{
	struct ups_core_session *s, *next;

	if (!core)
		return;
	ups_plan_cancel(core);
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

/* ---- steps ----------------------------------------------------------------------------------------------------- */

struct ups_core_stream *ups_plan_step(struct ups_core *core, struct ups_core_stream *from)
{
	struct ups_core_stream *to;

	if (!from) {
		to = calloc(1, sizeof(*to));
	} else {
		to = malloc(sizeof(*to));
		if (to) {
			memcpy(to, from, sizeof(*to));
			to->due_before = to->due_after = NULL;
		}
	}
	if (to)
		core->step[core->step_count++] = (struct ups_core_step) { from, to };
	return to;
}

void ups_plan_unstep(struct ups_core *core)
{
	struct ups_core_step *step = &core->step[core->step_count - 1];

	free_stream(step->to);
	step->to = step->from;
}

int ups_plan_one(struct ups_core *core, struct ups_core_session *session,
		 struct ups_core_stream *except, struct ups_core_stream **to)
{
	for (unsigned int i = 0; i < session->pub.stream_count; i++) {
		struct ups_core_stream *s = ups_core_stream_of(session->pub.stream[i]);

		if (s != except) {
			core->step[core->step_count++] = (struct ups_core_step) { s, s };
			continue;
		}
		*to = ups_plan_step(core, s);
		if (!*to) {
			ups_plan_cancel(core);
			return -ENOMEM;
		}
	}
	return 0;
}

void ups_plan_cancel(struct ups_core *core)
{
	ups_take_undo(core);
	while (core->step_count) {
		struct ups_core_step *step = &core->step[--core->step_count];

		if (step->to != step->from)
			free_stream(step->to);
	}
}

void ups_plan_ready(struct ups_core *core, int planned, struct ups_core_session *session,
		    struct ups_plan *plan)
{
	*plan = (struct ups_plan) {};
	for (unsigned int i = 0; i < core->step_count; i++) {
		struct ups_core_step *step = &core->step[i];

		if (!step->from)
			plan->add[plan->add_count++] = &step->to->pub;
		else if (!step->to)
			plan->del[plan->del_count++] = &step->from->pub;
		else if (step->to != step->from)
			plan->change[plan->change_count++] =
				(struct ups_change) { &step->from->pub, &step->to->pub };
	}
	core->planned = planned;
	core->subject = session;
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

static struct ups_core_session *lookup(const struct ups_core *core, const char *id)
{
	struct ups_core_session *s;

	HASH_FIND_STR(core->sessions, id, s);
	return s;
}

static int busy(struct ups_errmsg *msg)
{
	return ups_fail(msg, -EBUSY, "another plan is pending");
}

static int check_room(const struct ups_core *core, struct ups_errmsg *msg)
{
	if (core->count >= core->limits.sessions)
		return ups_fail(msg, UPS_E_LIMIT,
				"%u sessions are in use, as many as limits.sessions allows",
				core->count);
	return 0;
}

/* Room for every new key in the history, then the steps. */
static int plan_streams(struct ups_core *core, const struct ups_core_session *session,
			const struct ups_session_request *request, bool manual,
			struct ups_errmsg *msg)
{
	int err = ups_keyreg_reserve(core->keyreg,
				     request->stream_count * UPS_LEGS * (UPS_RX_KEYS_MAX + 1));

	if (err)
		return ups_fail(msg, err, "register of keys: %s", ups_strerror(err));
	ups_core_tick(core, request->now_ns);
	return ups_change_streams(core, session, request, manual, msg);
}

static int plan_session(struct ups_core *core, struct ups_core_session *session,
			const struct ups_session_request *request, struct ups_errmsg *msg)
{
	int err = plan_streams(core, session, request, session->pub.manual, msg);

	if (err)
		return err;
	strcpy(session->pub.id, request->id); /* length checked by ups_check_request() */
	session->pub.created_ns = request->now_ns;
	session->pub.created_unix = request->now_unix;
	session->pub.pending = true;
	session->inserted = true;
	HASH_ADD_STR(core->sessions, pub.id, session);
	return session->inserted ? 0 : ups_fail(msg, -ENOMEM, "out of memory");
}

static int add_session(struct ups_core *core, const struct ups_session_request *request,
		       bool manual, struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_core_session *session;
	int err = check_room(core, msg);

	if (err)
		return err;
	session = calloc(1, sizeof(*session));
	if (!session)
		return ups_fail(msg, -ENOMEM, "out of memory");
	session->pub.manual = manual;
	err = plan_session(core, session, request, msg);
	if (err) {
		ups_plan_cancel(core);
		free(session);
		return err;
	}
	ups_plan_ready(core, UPS_PLAN_ADD, session, plan);
	return 0;
}

int ups_core_session_add(struct ups_core *core, const struct ups_session_request *request,
			 struct ups_plan *plan, struct ups_errmsg *msg)
{
	int err;

	if (core->planned != UPS_PLAN_NONE)
		return busy(msg);
	err = ups_check_request(&core->check, request, msg);
	if (err)
		return err;
	if (!request->stream_count)
		return ups_fail(msg, UPS_E_RANGE, "0 streams; a session has 1 to %u",
				UPS_STREAMS_MAX);
	if (lookup(core, request->id))
		return ups_fail(msg, UPS_E_SESSION_EXISTS,
				"session '%s' exists; delete it first or use another id",
				request->id);
	return add_session(core, request, true, plan, msg);
}

int ups_core_session_set(struct ups_core *core, const struct ups_session_request *request,
			 struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_core_session *session;
	int err;

	if (core->planned != UPS_PLAN_NONE)
		return busy(msg);
	err = ups_check_request(&core->check, request, msg);
	if (err)
		return err;
	session = lookup(core, request->id);
	if (!session)
		return add_session(core, request, false, plan, msg);
	if (session->pub.manual)
		return ups_fail(msg, UPS_E_SESSION_EXISTS,
				"session '%s' exists with keys that were given; delete it first",
				request->id);
	err = plan_streams(core, session, request, false, msg);
	if (err) {
		ups_plan_cancel(core);
		return err;
	}
	ups_plan_ready(core, UPS_PLAN_CHANGE, session, plan);
	return 0;
}

int ups_core_session_del(struct ups_core *core, const char *id, struct ups_plan *plan,
			 struct ups_errmsg *msg)
{
	struct ups_core_session *session;

	if (core->planned != UPS_PLAN_NONE)
		return busy(msg);
	session = lookup(core, id);
	if (!session)
		return ups_fail(msg, UPS_E_NO_SESSION, "no session '%.*s'", UPS_SESSION_ID_MAX, id);
	for (unsigned int i = 0; i < session->pub.stream_count; i++)
		core->step[core->step_count++] = (struct ups_core_step) {
			.from = ups_core_stream_of(session->pub.stream[i])
		};
	ups_plan_ready(core, UPS_PLAN_DEL, session, plan);
	return 0;
}

/* ---- commit and abort ------------------------------------------------------------------------------------------ */

uint64_t ups_plan_due_ns(const struct ups_core_stream *s)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int l = 0; l < UPS_LEGS; l++) {
		const struct ups_leg *leg = &s->pub.leg[l];

		if (s->key[l][UPS_PLACE_RX_OLD] && leg->rx_old_until_ns < due)
			due = leg->rx_old_until_ns;
	}
	return due;
}

static void queue_due(struct ups_core *core, struct ups_core_stream *s)
{
	struct ups_core_stream *before = core->due_last;
	uint64_t due = ups_plan_due_ns(s);

	if (due == UINT64_MAX)
		return;
	while (before && ups_plan_due_ns(before) > due)
		before = before->due_before;
	s->due_before = before;
	s->due_after = before ? before->due_after : core->due_first;
	*(before ? &before->due_after : &core->due_first) = s;
	*(s->due_after ? &s->due_after->due_before : &core->due_last) = s;
}

static void unqueue_due(struct ups_core *core, struct ups_core_stream *s)
{
	if (ups_plan_due_ns(s) == UINT64_MAX)
		return;
	*(s->due_before ? &s->due_before->due_after : &core->due_first) = s->due_after;
	*(s->due_after ? &s->due_after->due_before : &core->due_last) = s->due_before;
}

static bool has_entry(const struct ups_core_stream *s, unsigned int l,
		      const struct ups_keyreg_entry *entry)
{
	for (unsigned int place = 0; s && place < UPS_PLACE_COUNT; place++) {
		if (s->key[l][place] == entry)
			return true;
	}
	return false;
}

/* Gives back what leg @l of @from had and @to (NULL: nothing) has not. */
static void put_leg(struct ups_core *core, struct ups_core_stream *from,
		    const struct ups_core_stream *to, unsigned int l)
{
	struct ups_leg *leg = &from->pub.leg[l];

	if (!to || to->pub.leg[l].iface != leg->iface ||
	    !ups_addr_equal(&to->pub.leg[l].local, &leg->local))
		ups_ports_put(ups_take_pool(core, leg->iface, &leg->local),
			      ups_addr_port(&leg->local), core->now_ns);
	for (unsigned int place = 0; place < UPS_PLACE_COUNT; place++) {
		struct ups_keyreg_entry *entry = from->key[l][place];

		if (!entry || has_entry(to, l, entry))
			continue;
		ups_slots_put(&core->keys, ups_leg_key(leg, place)->slot);
		ups_keyreg_release(core->keyreg, entry);
	}
	if (to)
		return;
	ups_runs_put(&core->ssrcs, from->pub.ssrc_base[l], from->pub.ssrc_count);
	ups_slots_put(&core->flows, from->pub.flow[l]);
	core->owner[from->pub.flow[l]] = (struct ups_core_owner) {};
}

static void leave(struct ups_core *core, struct ups_core_stream *from,
		  const struct ups_core_stream *to)
{
	unqueue_due(core, from);
	for (unsigned int l = 0; l < UPS_LEGS; l++)
		put_leg(core, from, to, l);
	free_stream(from);
}

static void enter(struct ups_core *core, struct ups_core_session *session,
		  struct ups_core_stream *to)
{
	queue_due(core, to);
	for (unsigned int l = 0; l < UPS_LEGS; l++)
		core->owner[to->pub.flow[l]] = (struct ups_core_owner) { session, to, l };
}

/* Nothing here can fail. */
static void carry_steps(struct ups_core *core)
{
	struct ups_session *session = &core->subject->pub;

	ups_take_keep(core);
	session->stream_count = 0;
	for (unsigned int i = 0; i < core->step_count; i++) {
		struct ups_core_step *step = &core->step[i];

		if (step->to)
			session->stream[session->stream_count++] = &step->to->pub;
		if (step->from == step->to)
			continue;
		if (step->from)
			leave(core, step->from, step->to);
		if (step->to)
			enter(core, core->subject, step->to);
	}
	core->step_count = 0;
}

static void drop_session(struct ups_core *core, struct ups_core_session *session)
{
	HASH_DEL(core->sessions, session);
	free_session(session);
}

static void end_plan(struct ups_core *core, struct ups_plan *plan)
{
	core->planned = UPS_PLAN_NONE;
	core->subject = NULL;
	*plan = (struct ups_plan) {};
}

void ups_core_commit(struct ups_core *core, struct ups_plan *plan)
{
	if (core->planned != UPS_PLAN_NONE)
		carry_steps(core);
	if (core->planned == UPS_PLAN_ADD) {
		core->subject->pub.pending = false;
		core->count++;
	} else if (core->planned == UPS_PLAN_DEL) {
		drop_session(core, core->subject);
		core->count--;
	}
	end_plan(core, plan);
}

void ups_core_abort(struct ups_core *core, struct ups_plan *plan)
{
	ups_plan_cancel(core);
	if (core->planned == UPS_PLAN_ADD)
		drop_session(core, core->subject);
	end_plan(core, plan);
}

/* ---- look-ups -------------------------------------------------------------------------------------------------- */

const struct ups_session *ups_core_session_find(const struct ups_core *core, const char *id)
{
	struct ups_core_session *s = lookup(core, id);

	return s && !s->pub.pending ? &s->pub : NULL;
}

const struct ups_session *ups_core_session_next(const struct ups_core *core,
						const struct ups_session *previous)
{
	struct ups_core_session *s = previous ? ups_core_session_of(previous)->hh.next
					      : core->sessions;

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
	const struct ups_core_owner *o;

	if (flow >= core->limits.flows)
		return NULL;
	o = &core->owner[flow];
	if (!o->session)
		return NULL;
	*stream = &o->stream->pub;
	*leg = o->leg;
	return &o->session->pub;
}

void ups_core_source_learned(struct ups_core *core, uint32_t flow, bool rtcp,
			     const struct ups_addr *addr)
{
	const struct ups_stream *stream;
	unsigned int l;

	if (ups_core_flow_owner(core, flow, &stream, &l))
		ups_leg_learn(&core->owner[flow].stream->pub.leg[l], rtcp, addr);
}

const struct ups_limits *ups_core_limits(const struct ups_core *core)
{
	return &core->limits;
}

uint64_t ups_core_keys_forgotten(const struct ups_core *core)
{
	return ups_keyreg_forgotten(core->keyreg);
}
