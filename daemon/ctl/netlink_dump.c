// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sessions, flows, registrations and rules out, in bounded steps. What is listed may go or change between two turns of the loop, so no
 * pointer or position is kept: a dump of sessions works from a list of ids taken at its start, finds each again by name when its turn
 * comes, and goes through its streams by m-line number; registrations have a cursor that survives changes; rules are counted.
 */
#include "ctl/netlink_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UPS_LOG_MODULE "netlink"
#include "base/log.h"

#define TURN_DATAGRAMS 8 /* of one dump for each turn of the loop */
#define RETRY_US 2000 /* while the client's buffer is full */
#define NS_PER_MS 1000000ULL

/* ---- the list of ids ---- */

static int take_ids(struct ups_nl_dump *dump, const struct ups_core *core, const char *only)
{
	const struct ups_session *session = NULL;
	size_t size = 0;
	char *at;

	if (only && *only) {
		dump->ids = strdup(only);
		dump->ids_size = strlen(only) + 1;
		return dump->ids ? 0 : -ENOMEM;
	}
	while ((session = ups_core_session_next(core, session)))
		size += session->pending ? 0 : strlen(session->id) + 1;
	dump->ids = malloc(size ? size : 1);
	if (!dump->ids)
		return -ENOMEM;
	at = dump->ids;
	while ((session = ups_core_session_next(core, session))) {
		if (!session->pending)
			at = stpcpy(at, session->id) + 1;
	}
	dump->ids_size = size;
	return 0;
}

/* -> position of the first stream that is not done yet */
static unsigned int position(const struct ups_session *session, const struct ups_nl_cursor *c)
{
	unsigned int i = 0;

	while (i < session->stream_count && session->stream[i]->index < c->line)
		i++;
	return i;
}

/* A session without media is one object in a dump of sessions. */
static bool has_more(const struct ups_nl_dump *dump, const struct ups_session *session)
{
	if (!session->stream_count)
		return dump->cmd != UPS_NL_CMD_FLOW_GET && !dump->cursor.line;
	return position(session, &dump->cursor) < session->stream_count;
}

/* The session under the cursor, skipping those that went; NULL at the end. */
static const struct ups_session *current_session(struct ups_nl_server *server,
						 struct ups_nl_dump *dump)
{
	const struct ups_core *core = server->ops->core(server->ops->aux);
	struct ups_nl_cursor *c = &dump->cursor;

	while (c->at < dump->ids_size) {
		const char *id = dump->ids + c->at;
		const struct ups_session *session = ups_core_session_find(core, id);

		if (session && !session->pending && has_more(dump, session))
			return session;
		if (!session || session->pending)
			dump->interrupted = true;
		*c = (struct ups_nl_cursor) { .at = c->at + strlen(id) + 1 };
	}
	return NULL;
}

/* ---- objects ---- */

/* Past the stream under the cursor; current_session() moves on after the last. */
static void pass_stream(const struct ups_session *session, struct ups_nl_cursor *c)
{
	unsigned int at = position(session, c);

	c->leg = 0;
	c->line = (at < session->stream_count ? session->stream[at]->index : 0) + 1u;
}

/* Each fills server->report with the object under the cursor and *next with where to go from it. -> NULL at the end */
typedef const struct ups_nl_object *(*take_fn)(struct ups_nl_server *server,
					       struct ups_nl_dump *dump,
					       struct ups_nl_cursor *next);

static const struct ups_nl_object *
take_session(struct ups_nl_server *server, struct ups_nl_dump *dump, struct ups_nl_cursor *next)
{
	const struct ups_session *session = current_session(server, dump);

	if (!session)
		return NULL;
	*next = dump->cursor;
	pass_stream(session, next);
	ups_nl_report_session(server->ops, session, position(session, &dump->cursor),
			      &server->report.session);
	return &ups_nl_session_object;
}

static const struct ups_nl_object *take_flow(struct ups_nl_server *server, struct ups_nl_dump *dump,
					     struct ups_nl_cursor *next)
{
	const struct ups_session *session;

	while ((session = current_session(server, dump))) {
		const struct ups_nl_cursor *c = &dump->cursor;
		int err = ups_nl_report_flow(server->ops, session, position(session, c), c->leg,
					     &server->report.flow);

		*next = *c;
		if (++next->leg == UPS_LEGS)
			pass_stream(session, next);
		if (!err)
			return &ups_nl_flow_object;
		dump->cursor = *next; /* nothing to show */
	}
	return NULL;
}

static const struct ups_nl_object *take_registration(struct ups_nl_server *server,
						     struct ups_nl_dump *dump,
						     struct ups_nl_cursor *next)
{
	const struct ups_registrations *r = server->ops->registrations(server->ops->aux);
	uint64_t now_ns = ups_nl_now_ns();
	struct ups_registration registration;

	*next = dump->cursor;
	do {
		if (!ups_registrations_next(r, &next->registration, &registration))
			return NULL;
	} while (registration.expires_ns <= now_ns);
	ups_nl_report_registration(&registration, now_ns, &server->report.registration);
	return &ups_nl_registration_object;
}

/* The rule that stands behind all others */
static const struct ups_rule *built_in_rule(void)
{
	static const struct ups_policy no_rules;
	static const struct ups_policy_input anything = { .media = "", .address = "" };

	return ups_policy_match(&no_rules, &anything);
}

static const struct ups_nl_object *take_rule(struct ups_nl_server *server, struct ups_nl_dump *dump,
					     struct ups_nl_cursor *next)
{
	const struct ups_policy *policy = server->ops->policy(server->ops->aux);
	size_t at = dump->cursor.at;

	if (at > policy->count)
		return NULL;
	*next = dump->cursor;
	next->at++;
	ups_nl_report_rule(at < policy->count ? &policy->rule[at] : built_in_rule(),
			   &server->report.rule);
	return &ups_nl_rule_object;
}

static take_fn take_of(uint8_t cmd)
{
	switch (cmd) {
	case UPS_NL_CMD_FLOW_GET:
		return take_flow;
	case UPS_NL_CMD_REGISTRATION_GET:
		return take_registration;
	case UPS_NL_CMD_POLICY_GET:
		return take_rule;
	default:
		return take_session;
	}
}

/* ---- datagrams ---- */

/* Appends server->report. -EMSGSIZE: does not fit any more */
static int put_object(struct ups_nl_server *server, const struct ups_nl_dump *dump,
		      const struct ups_nl_object *object, size_t used, size_t *size)
{
	size_t room = sizeof(server->tx) - used;
	struct nlmsghdr *nlh;
	int err;

	if (room < MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr))
		return -EMSGSIZE;
	nlh = ups_nl_msg_init(server->tx + used, dump->cmd, NLM_F_MULTI, dump->seq);
	nlh->nlmsg_pid = dump->port;
	err = ups_nl_encode(object, &server->report, nlh, room);
	*size = MNL_ALIGN(nlh->nlmsg_len);
	return err;
}

static bool put_done(struct ups_nl_server *server, const struct ups_nl_dump *dump, size_t *used)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)(server->tx + *used);
	size_t size = MNL_NLMSG_HDRLEN + sizeof(int);

	if (sizeof(server->tx) - *used < size)
		return false;
	memset(nlh, 0, size);
	nlh->nlmsg_len = size;
	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI | (dump->interrupted ? NLM_F_DUMP_INTR : 0);
	nlh->nlmsg_seq = dump->seq;
	nlh->nlmsg_pid = dump->port;
	*used += size;
	return true;
}

/* Fills the buffer from the cursor on. -> bytes; *end: nothing remains after them. */
static size_t fill(struct ups_nl_server *server, struct ups_nl_dump *dump, bool *end)
{
	const take_fn take = take_of(dump->cmd);
	const struct ups_nl_object *object;
	struct ups_nl_cursor next;
	size_t used = 0;

	*end = false;
	while ((object = take(server, dump, &next))) {
		size_t size;
		int err = put_object(server, dump, object, used, &size);

		if (err == -EMSGSIZE && used)
			return used;
		if (err == -EMSGSIZE)
			ups_log_rl(UPS_LOG_WARNING, "%s %s left out of a dump: too large",
				   object->name, dump->ids ? dump->ids + dump->cursor.at : "");
		if (!err)
			used += size;
		dump->cursor = next;
	}
	*end = dump->single || put_done(server, dump, &used);
	return used;
}

/* Sends up to @datagrams. -> 1: complete; 0: more to do; -errno: -EAGAIN and the cursor is where it was. */
static int run(struct ups_nl_server *server, struct ups_nl_dump *dump, unsigned int datagrams)
{
	while (datagrams--) {
		struct ups_nl_cursor before = dump->cursor;
		bool end;
		size_t size = fill(server, dump, &end);
		int err = size ? ups_nl_send(server, dump->port, server->tx, size) : 0;

		if (err) {
			dump->cursor = before;
			return err;
		}
		dump->progress_ns = ups_nl_now_ns();
		if (end)
			return 1;
	}
	return 0;
}

/* ---- turns ---- */

void ups_nl_dump_fini(struct ups_nl_dump *dump)
{
	free(dump->ids);
	memset(dump, 0, sizeof(*dump));
}

/* -> microseconds until the dump wants its next turn; UINT64_MAX if it ended */
static uint64_t turn(struct ups_nl_server *server, struct ups_nl_dump *dump)
{
	int err = run(server, dump, TURN_DATAGRAMS);

	if (err == 0)
		return 0;
	if (err == -EAGAIN && ups_nl_now_ns() - dump->progress_ns < UPS_NL_STALL_MS * NS_PER_MS)
		return RETRY_US;
	if (err == -EAGAIN)
		ups_log_rl(UPS_LOG_NOTICE, "port %u reads no more: its dump ends", dump->port);
	ups_nl_dump_fini(dump);
	return UINT64_MAX;
}

int ups_nl_dump_timer(sd_event_source *source, uint64_t usec, void *aux)
{
	struct ups_nl_server *server = aux;
	uint64_t next = UINT64_MAX;

	(void)usec;
	for (unsigned int i = 0; i < UPS_NL_DUMPS_MAX; i++) {
		uint64_t wait = UINT64_MAX;

		if (server->dump[i].active)
			wait = turn(server, &server->dump[i]);
		if (wait < next)
			next = wait;
	}
	if (next == UINT64_MAX)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	sd_event_source_set_time_relative(source, next);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* A free place; a client has one dump, and readers only some of the places. */
static struct ups_nl_dump *find_place(struct ups_nl_server *server, const struct ups_nl_request *rq)
{
	unsigned int unprivileged = 0;
	struct ups_nl_dump *place = NULL;

	for (unsigned int i = 0; i < UPS_NL_DUMPS_MAX; i++) {
		struct ups_nl_dump *dump = &server->dump[i];

		if (dump->active && dump->port == rq->port)
			return NULL;
		if (!dump->active)
			place = dump;
		unprivileged += dump->active && !dump->privileged;
	}
	if (rq->access < UPS_NL_ACCESS_CHANGE && unprivileged >= UPS_NL_DUMPS_UNPRIVILEGED)
		return NULL;
	return place;
}

static int check_id(struct ups_nl_server *server, const char *id, struct ups_errmsg *msg)
{
	if (*id && !ups_core_session_find(server->ops->core(server->ops->aux), id))
		return ups_fail(msg, UPS_E_NO_SESSION, "there is no session %s", id);
	return 0;
}

static bool dump_has_ids(uint8_t cmd)
{
	return cmd == UPS_NL_CMD_SESSION_GET || cmd == UPS_NL_CMD_FLOW_GET;
}

int ups_nl_dump_start(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		      const char *id, struct ups_errmsg *msg)
{
	struct ups_nl_dump *dump;
	int err = check_id(server, id, msg);

	if (err)
		return err;
	dump = find_place(server, rq);
	if (!dump)
		return ups_fail(msg, -EBUSY, "too many dumps are under way: try again");
	*dump = (struct ups_nl_dump) {
		.active = true,
		.cmd = cmd,
		.privileged = rq->access == UPS_NL_ACCESS_CHANGE,
		.port = rq->port,
		.seq = rq->nlh->nlmsg_seq,
		.progress_ns = ups_nl_now_ns(),
	};
	err = dump_has_ids(cmd) ? take_ids(dump, server->ops->core(server->ops->aux), id) : 0;
	if (err) {
		ups_nl_dump_fini(dump);
		return ups_fail(msg, err, "no memory for the list of sessions");
	}
	sd_event_source_set_time_relative(server->timer, 0);
	sd_event_source_set_enabled(server->timer, SD_EVENT_ONESHOT);
	return 0;
}

int ups_nl_dump_one(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		    const char *id, struct ups_errmsg *msg)
{
	struct ups_nl_dump dump = {
		.cmd = cmd,
		.single = true,
		.port = rq->port,
		.seq = rq->nlh->nlmsg_seq,
	};
	int err = check_id(server, id, msg);

	if (err)
		return err;
	err = take_ids(&dump, NULL, id);
	if (!err)
		err = run(server, &dump, UPS_NL_STREAM_MAX + 1);
	ups_nl_dump_fini(&dump);
	return err < 0 ? err : 0;
}
