// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls: the table, requests from parsing to plan, commit and abort, ends. Control thread. */
#include "core/call_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "core/check.h"

#define NS 1000000000ULL
#define REGISTERED_BY_OFFER_NS \
	(3600 * NS) /* as long as a registration usually lasts (RFC 3261 10.2) */
#define SILENT_FACTOR 60 /* calls on hold or unanswered may be silent so many times longer */

/* ---- life ------------------------------------------------------------------------------------------------------------ */

int ups_calls_create(struct ups_core *core, const struct ups_calls_config *config,
		     struct ups_calls **out)
{
	struct ups_calls *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return -ENOMEM;
	calls->core = core;
	calls->config = *config;
	*out = calls;
	return 0;
}

static void free_call(struct ups_call *call)
{
	if (!call)
		return;
	ups_lines_free(&call->agreed);
	ups_lines_free(&call->offered);
	free(call);
}

void ups_calls_destroy(struct ups_calls *calls)
{
	struct ups_call *call, *next;

	if (!calls)
		return;
	if (!calls->created)
		free_call(calls->next);
	call = calls->table;
	HASH_CLEAR(hh, calls->table);
	for (; call; call = next) {
		next = call->hh.next;
		free_call(call);
	}
	free(calls);
}

void ups_calls_set_policy(struct ups_calls *calls, const struct ups_policy *policy)
{
	calls->config.policy = policy;
}

struct ups_call *ups_call_find(const struct ups_calls *calls, struct ups_text id)
{
	struct ups_call *call = NULL;

	if (id.len && id.len < UPS_SESSION_ID_MAX)
		HASH_FIND(hh, calls->table, id.at, id.len, call);
	return call;
}

static struct ups_call *copy_call(const struct ups_call *from)
{
	struct ups_call *to = malloc(sizeof(*to));

	if (!to)
		return NULL;
	*to = *from;
	memset(&to->hh, 0, sizeof(to->hh));
	to->offered = (struct ups_lines) {};
	if (ups_lines_copy(&from->agreed, &to->agreed) ||
	    ups_lines_copy(&from->offered, &to->offered)) {
		free_call(to);
		return NULL;
	}
	return to;
}

static void end_plan(struct ups_calls *calls)
{
	calls->next = calls->before = NULL;
	calls->planned = calls->created = false;
}

/* ---- who speaks -------------------------------------------------------------------------------------------------------- */

static bool is_tag(const char *tag, struct ups_text text)
{
	return text.len && tag[0] && ups_text_is(text, tag);
}

/* -> place among the callees, or -1 */
static int callee_of(const struct ups_call *call, struct ups_text tag)
{
	for (unsigned int i = 0; i < call->callee_count; i++) {
		if (is_tag(call->callee[i].tag, tag))
			return (int)i;
	}
	return -1;
}

static int add_callee(struct ups_call *call, struct ups_text tag, uint64_t now_unix)
{
	unsigned int at = call->callee_count;

	if (at == UPS_CALL_TAGS_MAX) /* the oldest fork that has no media is forgotten */
		at = call->callee_media == 0 ? 1 : 0;
	else
		call->callee_count++;
	if (!ups_text_copy(tag, call->callee[at].tag, UPS_CALL_TAG_MAX))
		return -1;
	call->callee[at].created_unix = now_unix;
	return (int)at;
}

/* Side 1 is somebody else from now on: what was said of who was there is not true of who is. */
static void change_callee(struct ups_call *call, unsigned int at)
{
	if (call->callee_media == at)
		return;
	call->callee_media = at;
	call->address[1][0] = '\0';
	call->has_registered_source[1] = false;
	call->authenticated[1] = UPS_NG_UNSAID;
	call->signalling_said[1] = false;
}

/* Whose offer this is, by from-tag; a party not heard of before is the callee if its to-tag is the caller's. */
static int find_offerer(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	const struct ups_call_request *rq = w->rq;
	int at = callee_of(call, rq->from_tag);

	if (is_tag(call->caller.tag, rq->from_tag)) {
		w->from = 0;
		return 0;
	}
	if (at < 0 && is_tag(call->caller.tag, rq->to_tag))
		at = add_callee(call, rq->from_tag, rq->now_unix);
	if (at < 0)
		return ups_fail(w->msg, UPS_E_STATE,
				"Invalid dialogue association: from-tag is no party of this call");
	change_callee(call, (unsigned int)at);
	w->from = 1;
	return 0;
}

/* An answer's SDP is that of to-tag, whichever side that is. */
static int find_answerer(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	const struct ups_call_request *rq = w->rq;
	int at;

	if (!call->offered.count)
		return ups_fail(w->msg, UPS_E_STATE, "no offer awaits this answer");
	w->from = 1 - call->offerer;
	if (w->from == 0) {
		if (is_tag(call->caller.tag, rq->to_tag))
			return 0;
		return ups_fail(w->msg, UPS_E_STATE,
				"Invalid dialogue association: the offer that awaits an answer "
				"was made to another to-tag");
	}
	if (!is_tag(call->caller.tag, rq->from_tag) || is_tag(call->caller.tag, rq->to_tag))
		return ups_fail(w->msg, UPS_E_STATE,
				"Invalid dialogue association: from-tag of an answer is the "
				"offerer's, to-tag the answerer's");
	at = callee_of(call, rq->to_tag);
	if (at < 0)
		at = add_callee(call, rq->to_tag, rq->now_unix);
	if (at < 0)
		return ups_fail(w->msg, UPS_E_RANGE, "to-tag is longer than %d characters",
				UPS_CALL_TAG_MAX - 1);
	w->other_branch = call->callee_media != (unsigned int)at;
	change_callee(call, (unsigned int)at);
	return 0;
}

/* ---- facts of the request ------------------------------------------------------------------------------------------------ */

static const struct ups_iface *iface_named(const struct ups_calls *calls, struct ups_text name)
{
	for (unsigned int i = 0; i < calls->config.iface_count; i++) {
		if (ups_text_is(name, calls->config.ifaces[i].name))
			return &calls->config.ifaces[i];
	}
	return NULL;
}

/* Interfaces are chosen by the first offer; nothing said: the first one, for both. */
static int choose_ifaces(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	const unsigned int sides[2] = { w->from, w->to };

	for (unsigned int i = 0; i < 2; i++) {
		struct ups_text name = w->flags->direction[i];

		if (call->iface[sides[i]])
			continue;
		call->iface[sides[i]] = name.len ? iface_named(w->calls, name)
						 : &w->calls->config.ifaces[0];
		if (!call->iface[sides[i]])
			return ups_fail(w->msg, UPS_E_NO_INTERFACE,
					"direction: no logical interface '%.*s'; the "
					"configuration lists them",
					(int)(name.len < 40 ? name.len : 40), name.at);
	}
	return 0;
}

static int take_address(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	const struct ups_ng_flags *f = w->flags;

	if (f->cpm_address.len && ups_cpm_address_normalise(f->cpm_address, call->address[w->from]))
		return ups_fail(w->msg, UPS_E_SYNTAX,
				"cpm-address: expected an address such as sip:alice@example.net "
				"of at most %d characters",
				UPS_CPM_ADDRESS_MAX - 1);
	if (f->has_registered_source) {
		call->has_registered_source[w->from] = true;
		call->registered_source[w->from] = f->registered_source;
	}
	if (f->authenticated != UPS_NG_UNSAID)
		call->authenticated[w->from] = f->authenticated;
	return 0;
}

/* Words that only make sense with a value of a kind */
static int check_flags(const struct ups_call_work *w)
{
	const struct ups_ng_flags *f = w->flags;
	char text[UPS_ADDR_TEXT];
	struct ups_addr a;

	if (f->transport != UPS_SDP_PROTO_NONE && !ups_sdp_proto_rtp(f->transport))
		return ups_fail(w->msg, UPS_E_UNSUPPORTED,
				"transport-protocol: expected RTP/AVP, RTP/AVPF, RTP/SAVP, "
				"RTP/SAVPF, UDP/TLS/RTP/SAVP or UDP/TLS/RTP/SAVPF");
	if (f->media_address.len && (!ups_text_copy(f->media_address, text, sizeof(text)) ||
				     ups_addr_parse(text, false, &a)))
		return ups_fail(w->msg, UPS_E_SYNTAX,
				"media-address: expected an IPv4 or IPv6 address");
	return 0;
}

static void take_signalling(struct ups_call_work *w, unsigned int side, unsigned int at)
{
	struct ups_call *call = w->call;

	if (w->flags->has_signalling[at]) {
		call->signalling[side] = w->flags->signalling[at];
		call->signalling_said[side] = true;
	} else if (!call->signalling_said[side]) {
		call->signalling[side] = w->rq->signalling;
	}
}

/* What was said once holds until something else is said; a wish only grows: less than asked for before would be a downgrade. */
static int take_flags(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	const struct ups_ng_flags *f = w->flags;
	const unsigned int sides[2] = { w->from, w->to };
	int err = check_flags(w);

	if (err)
		return err;
	for (unsigned int i = 0; i < 2; i++)
		take_signalling(w, sides[i], i);
	if (f->has_wish && (!call->has_wish || f->wish > call->wish)) {
		call->has_wish = true;
		call->wish = f->wish;
	}
	call->strict |= f->strict_source;
	if (f->has_tos)
		call->tos = f->tos;
	return take_address(w);
}

/* ---- what the session shall look like -------------------------------------------------------------------------------------- */

static enum ups_leg_mode mode_of(enum ups_mechanism m)
{
	switch (m) {
	case UPS_MECH_OPAQUE:
		return UPS_MODE_OPAQUE;
	case UPS_MECH_SDES:
	case UPS_MECH_DTLS:
		return UPS_MODE_SRTP;
	default:
		return UPS_MODE_CLEAR;
	}
}

static void fill_leg(const struct ups_call *call, const struct ups_end *end, unsigned int side,
		     bool awaits_answer, struct ups_leg_request *leg)
{
	enum ups_leg_mode mode = mode_of(end->decision.mechanism);

	*leg = (struct ups_leg_request) {
		.iface = call->iface[side]->name,
		.mode = mode,
		.source_set = mode == UPS_MODE_SRTP,
		.source = end->latch || end->ice.on ? UPS_SOURCE_LATCH : UPS_SOURCE_STRICT,
		.rtcp_mux = end->mux,
		.tos = call->tos,
		.remote = end->remote,
		.remote_rtcp = end->remote_rtcp,
		.rx = end->rx,
		.rx_count = mode == UPS_MODE_SRTP ? end->rx_count : 0,
		.tx = mode == UPS_MODE_SRTP && end->tx.suite ? &end->tx : NULL,
		.pending = awaits_answer || !end->remote.port,
		.source_ip = end->source_ip,
		.ice = end->ice,
		.ipsec = end->ipsec,
		.decision = end->decision,
	};
	if (mode == UPS_MODE_CLEAR && call->strict) {
		leg->source_set = true;
		leg->source = UPS_SOURCE_STRICT;
	}
	if (mode == UPS_MODE_SRTP)
		leg->dtls = end->dtls;
	if (end->mux)
		leg->remote_rtcp = (struct ups_addr) {};
}

/* The line that stream @i follows: what is agreed, or what is offered while nothing is */
static const struct ups_line *in_force(const struct ups_call *call, unsigned int i, bool *pending)
{
	const struct ups_lines *a = &call->agreed, *o = &call->offered;

	*pending = false;
	if (i < a->count && a->line[i]->alive)
		return a->line[i];
	*pending = true;
	if (call->awaiting && i < o->count && o->line[i]->alive)
		return o->line[i];
	return NULL;
}

struct wanted {
	struct ups_session_request request;
	struct ups_stream_request stream[UPS_STREAMS_MAX];
};

static void fill_request(const struct ups_call_work *w, struct wanted *want)
{
	const struct ups_call *call = w->call;
	unsigned int n = 0;

	for (unsigned int i = 0; i < UPS_STREAMS_MAX; i++) {
		bool pending;
		const struct ups_line *line = in_force(call, i, &pending);
		struct ups_stream_request *s = &want->stream[n];

		if (!line)
			continue;
		*s = (struct ups_stream_request) { .index = (uint16_t)i, .media = line->media };
		for (unsigned int side = 0; side < UPS_LEGS; side++)
			fill_leg(call, &line->end[side], side, pending, &s->leg[side]);
		n++;
	}
	want->request = (struct ups_session_request) {
		.id = call->id,
		.stream = want->stream,
		.stream_count = n,
		.keep_old = w->rq->op == UPS_CALL_ANSWER,
		.now_ns = w->rq->now_ns,
		.now_unix = w->rq->now_unix,
	};
}

static int plan_session(struct ups_call_work *w, struct ups_plan *plan)
{
	struct wanted want;

	fill_request(w, &want);
	return ups_core_session_set(w->calls->core, &want.request, plan, w->msg);
}

/* ---- requests --------------------------------------------------------------------------------------------------------------- */

static int offer(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	int err = find_offerer(w);

	if (err)
		return err;
	w->to = 1 - w->from;
	err = choose_ifaces(w);
	if (!err)
		err = take_flags(w);
	if (!err)
		err = ups_call_offer_lines(w);
	call->offerer = w->from;
	call->awaiting = true;
	return err;
}

static int answer(struct ups_call_work *w)
{
	struct ups_call *call = w->call;
	int err = find_answerer(w);

	if (err)
		return err;
	w->to = 1 - w->from;
	err = take_flags(w);
	if (!err)
		err = ups_call_answer_lines(w);
	call->awaiting = false;
	call->answered = true;
	return err;
}

static int new_call(struct ups_call_work *w)
{
	const struct ups_call_request *rq = w->rq;
	struct ups_call *call;

	if (rq->op != UPS_CALL_OFFER)
		return ups_fail(w->msg, UPS_E_NO_SESSION, "Unknown call-id");
	call = calloc(1, sizeof(*call));
	if (!call)
		return ups_fail(w->msg, -ENOMEM, "out of memory");
	w->call = call;
	if (!ups_text_copy(rq->call_id, call->id, sizeof(call->id)) ||
	    !ups_check_word(call->id, sizeof(call->id)))
		return ups_fail(w->msg, UPS_E_RANGE,
				"call-id must have 1 to %d printable characters without blanks",
				UPS_SESSION_ID_MAX - 1);
	if (ups_core_session_find(w->calls->core, call->id))
		return ups_fail(w->msg, UPS_E_SESSION_EXISTS,
				"session '%s' exists and was not made by an offer; delete it first",
				call->id);
	if (!ups_text_copy(rq->from_tag, call->caller.tag, sizeof(call->caller.tag)))
		return ups_fail(w->msg, UPS_E_RANGE, "from-tag is longer than %d characters",
				UPS_CALL_TAG_MAX - 1);
	call->caller.created_unix = rq->now_unix;
	call->created_ns = rq->now_ns;
	w->report->created = true;
	return 0;
}

static int open_call(struct ups_call_work *w)
{
	struct ups_calls *calls = w->calls;

	calls->before = ups_call_find(calls, w->rq->call_id);
	if (!calls->before)
		return new_call(w);
	w->call = copy_call(calls->before);
	if (!w->call)
		return ups_fail(w->msg, -ENOMEM, "out of memory");
	/* a call that was about to end is in use again; an answer that comes late does not make it so */
	if (w->rq->op == UPS_CALL_OFFER)
		w->call->end_at_ns = 0;
	return 0;
}

static int carry(struct ups_call_work *w, struct ups_plan *plan)
{
	bool answers = w->rq->op == UPS_CALL_ANSWER;
	int err = answers ? answer(w) : offer(w);

	if (!err)
		err = plan_session(w, plan);
	if (err)
		return err;
	w->call->last_signal_ns = w->rq->now_ns;
	w->call->last_signal_unix = w->rq->now_unix;
	err = ups_call_write_sdp(w, answers ? &w->call->agreed : &w->call->offered, answers, plan);
	if (err)
		ups_core_abort(w->calls->core, plan);
	return err;
}

/* An offer that names a source of an authenticated client registers it, once the offer has taken effect. */
static void note_registration(struct ups_calls *calls, const struct ups_call_work *w)
{
	calls->registers = w->flags->authenticated == UPS_NG_YES &&
			   w->flags->has_registered_source && w->call->address[w->from][0];
	calls->registers_side = w->from;
}

/* Before anything is planned, so that running out of memory is an error like others */
static int insert(struct ups_calls *calls, struct ups_call *call, struct ups_errmsg *msg)
{
	call->inserted = true;
	HASH_ADD_STR(calls->table, id, call);
	calls->created = call->inserted;
	return call->inserted ? 0 : ups_fail(msg, -ENOMEM, "out of memory");
}

int ups_calls_request(struct ups_calls *calls, const struct ups_call_request *request,
		      struct ups_plan *plan, struct ups_call_report *report, struct ups_errmsg *msg)
{
	struct ups_errmsg local = {};
	struct ups_call_work w = { .calls = calls,
				   .rq = request,
				   .flags = request->flags,
				   .sdp = &calls->sdp,
				   .report = report,
				   .msg = msg ? msg : &local };
	int err;

	if (calls->planned)
		return ups_fail(w.msg, -EBUSY, "another plan is pending");
	report->line_count = 0;
	report->created = report->compromised = false;
	report->warning[0] = '\0';
	err = ups_sdp_parse(request->sdp, &calls->sdp, w.msg);
	if (!err)
		err = open_call(&w);
	if (!err && report->created)
		err = insert(calls, w.call, w.msg);
	if (!err)
		err = carry(&w, plan);
	if (err) {
		if (calls->created)
			HASH_DEL(calls->table, w.call);
		free_call(w.call);
		end_plan(calls);
		return err;
	}
	note_registration(calls, &w);
	calls->next = w.call;
	calls->planned = true;
	return 0;
}

/* ---- ends ---------------------------------------------------------------------------------------------------------------------- */

static bool party_of(const struct ups_call *call, struct ups_text tag)
{
	return !tag.len || is_tag(call->caller.tag, tag) || callee_of(call, tag) >= 0;
}

static int plan_end(struct ups_calls *calls, struct ups_call *call, struct ups_plan *plan,
		    struct ups_errmsg *msg)
{
	int err = ups_core_session_del(calls->core, call->id, plan, msg);

	if (err)
		return err;
	calls->before = call;
	calls->next = NULL;
	calls->planned = true;
	calls->registers = false;
	return 0;
}

/* -> place of the fork without media that a tag names, or -1 */
static int losing_fork(const struct ups_call *call, struct ups_text from_tag,
		       struct ups_text to_tag)
{
	int at = callee_of(call, to_tag);

	if (at < 0)
		at = callee_of(call, from_tag);
	return at >= 0 && call->callee_media != (unsigned int)at ? at : -1;
}

static void forget(struct ups_call *call, unsigned int at)
{
	memmove(&call->callee[at], &call->callee[at + 1],
		(call->callee_count - at - 1) * sizeof(call->callee[0]));
	call->callee_count--;
	if (call->callee_media > at)
		call->callee_media--;
}

/* A fork that lost: its tag goes, the call stays. */
static int plan_forget(struct ups_calls *calls, struct ups_call *call, unsigned int at,
		       struct ups_plan *plan)
{
	struct ups_call *next = copy_call(call);

	if (!next)
		return -ENOMEM;
	forget(next, at);
	*plan = (struct ups_plan) {};
	calls->before = call;
	calls->next = next;
	calls->planned = true;
	calls->registers = false;
	return 0;
}

int ups_calls_delete(struct ups_calls *calls, struct ups_text call_id, struct ups_text from_tag,
		     struct ups_text to_tag, struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_call *call = ups_call_find(calls, call_id);
	int at;

	if (calls->planned)
		return ups_fail(msg, -EBUSY, "another plan is pending");
	if (!call || !party_of(call, from_tag) || !party_of(call, to_tag))
		return ups_fail(msg, UPS_E_NO_SESSION, "Call-ID not found or tags didn't match");
	at = losing_fork(call, from_tag, to_tag);
	if (at >= 0)
		return plan_forget(calls, call, (unsigned int)at, plan);
	return plan_end(calls, call, plan, msg);
}

int ups_calls_end_at(struct ups_calls *calls, struct ups_text call_id, struct ups_text from_tag,
		     struct ups_text to_tag, uint64_t at_ns)
{
	struct ups_call *call = ups_call_find(calls, call_id);
	int at;

	if (calls->planned)
		return -EBUSY;
	if (!call || !party_of(call, from_tag) || !party_of(call, to_tag))
		return UPS_E_NO_SESSION;
	at = losing_fork(call, from_tag, to_tag);
	if (at >= 0)
		forget(call, (unsigned int)at);
	else
		call->end_at_ns = at_ns;
	return 0;
}

/* The copy takes the place of the original, which stays the table's element. */
static void replace(struct ups_call *before, struct ups_call *next)
{
	UT_hash_handle hh = before->hh;

	ups_lines_free(&before->agreed);
	ups_lines_free(&before->offered);
	*before = *next;
	before->hh = hh;
	before->inserted = true;
	free(next);
}

/* A full table of registrations is no reason to undo a call, which keeps its own source. */
static void register_source(struct ups_calls *calls, struct ups_call *call)
{
	unsigned int side = calls->registers_side;
	uint64_t until = call->last_signal_ns + REGISTERED_BY_OFFER_NS;

	if (!calls->registers)
		return;
	if (ups_registrations_add(calls->config.registrations, ups_text_of(call->address[side]),
				  &call->registered_source[side], until, NULL))
		call->own_source_until_ns[side] = until;
}

void ups_calls_commit(struct ups_calls *calls, struct ups_plan *plan)
{
	if (!calls->planned)
		return;
	ups_core_commit(calls->core, plan);
	if (calls->next)
		register_source(calls, calls->next);
	if (calls->before && calls->next) {
		replace(calls->before, calls->next);
	} else if (calls->before) {
		HASH_DEL(calls->table, calls->before);
		free_call(calls->before);
	}
	end_plan(calls);
}

void ups_calls_abort(struct ups_calls *calls, struct ups_plan *plan)
{
	if (!calls->planned)
		return;
	ups_core_abort(calls->core, plan);
	if (calls->created)
		HASH_DEL(calls->table, calls->next);
	free_call(calls->next);
	end_plan(calls);
}

/* ---- time ------------------------------------------------------------------------------------------------------------------------ */

/* The very source that a leg takes media from: another one of the same address says nothing of it. */
static bool line_unregistered(const struct ups_calls *calls, const struct ups_call *call,
			      const struct ups_line *line, unsigned int side, uint64_t now_ns)
{
	const struct ups_end *end = &line->end[side];

	return line->alive && end->needs_registration &&
	       !ups_registrations_valid(calls->config.registrations,
					ups_text_of(call->address[side]), &end->source_ip, now_ns);
}

static bool registration_ended(const struct ups_calls *calls, const struct ups_call *call,
			       uint64_t now_ns, char *why, size_t size)
{
	for (unsigned int side = 0; side < UPS_LEGS; side++) {
		bool ended = false;

		if (now_ns < call->own_source_until_ns[side])
			continue;
		for (unsigned int i = 0; i < call->agreed.count; i++)
			ended |= line_unregistered(calls, call, call->agreed.line[i], side, now_ns);
		for (unsigned int i = 0; i < call->offered.count && call->awaiting; i++)
			ended |=
				line_unregistered(calls, call, call->offered.line[i], side, now_ns);
		if (!ended)
			continue;
		snprintf(why, size, "the registration of %.120s ended", call->address[side]);
		return true;
	}
	return false;
}

/* Somebody may be silent for long without being gone */
static bool may_be_silent(const struct ups_call *call)
{
	for (unsigned int i = 0; i < call->agreed.count; i++) {
		const struct ups_line *l = call->agreed.line[i];

		if (l->alive && l->end[0].direction == UPS_SDP_SENDRECV &&
		    l->end[1].direction == UPS_SDP_SENDRECV && !l->end[0].held && !l->end[1].held)
			return false;
	}
	return true;
}

struct silence {
	uint64_t limit_ns;
	uint64_t (*last_rx)(void *aux, const struct ups_session *session);
	void *aux;
};

static bool went_silent(const struct ups_calls *calls, const struct ups_call *call, uint64_t now_ns,
			const struct silence *s, char *why, size_t size)
{
	const struct ups_session *session = ups_core_session_find(calls->core, call->id);
	uint64_t limit = s->limit_ns * (may_be_silent(call) ? SILENT_FACTOR : 1);
	uint64_t last = session && s->limit_ns ? s->last_rx(s->aux, session) : 0;

	last = last > call->last_signal_ns ? last : call->last_signal_ns;
	if (!limit || now_ns < last || now_ns - last < limit)
		return false;
	snprintf(why, size, "no media for %llu s", (unsigned long long)((now_ns - last) / NS));
	return true;
}

static bool is_due(const struct ups_calls *calls, const struct ups_call *call, uint64_t now_ns,
		   const struct silence *s, char *why, size_t size)
{
	if (call->end_at_ns && now_ns >= call->end_at_ns) {
		snprintf(why, size, "deleted");
		return true;
	}
	return registration_ended(calls, call, now_ns, why, size) ||
	       went_silent(calls, call, now_ns, s, why, size);
}

int ups_calls_due(struct ups_calls *calls, uint64_t now_ns, uint64_t silence_ns,
		  uint64_t (*last_rx)(void *aux, const struct ups_session *session), void *aux,
		  struct ups_plan *plan, char id[static UPS_SESSION_ID_MAX], char *why,
		  size_t why_size)
{
	const struct silence silence = { silence_ns, last_rx, aux };
	struct ups_call *call = calls->table;
	int err;

	if (calls->planned)
		return 0;
	if (calls->cursor[0])
		call = ups_call_find(calls, ups_text_of(calls->cursor));
	for (call = call ? call : calls->table; call; call = call->hh.next) {
		struct ups_call *after = call->hh.next;

		if (!is_due(calls, call, now_ns, &silence, why, why_size))
			continue;
		memcpy(id, call->id, UPS_SESSION_ID_MAX);
		snprintf(calls->cursor, sizeof(calls->cursor), "%s", after ? after->id : "");
		err = plan_end(calls, call, plan, NULL);
		return err ? err : 1;
	}
	calls->cursor[0] = '\0';
	return 0;
}
