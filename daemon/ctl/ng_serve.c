// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One ng request to its reply: cookie, encoding, command. See ng_server.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UPS_LOG_MODULE "ng"
#include "base/addr.h"
#include "base/log.h"
#include "base/secret.h"
#include "ctl/ng_server.h"
#include "proto/bencode.h"
#include "proto/json.h"

#define NOT_FOUND "Call-ID not found or tags didn't match"
#define LIMIT_REACHED "Parallel session limit reached"

/* One request on its way */
struct work {
	struct ups_ng_server *server;
	const struct ups_ng_source *allowed;
	const struct ups_addr *source;
	struct ups_ng_request request;
	struct ups_value_builder b;
	struct ups_value *reply;
	struct ups_errmsg msg;
};

/* ---- replies ---- */

static void put(struct work *w, const char *key, const char *text)
{
	ups_value_add_text(&w->b, w->reply, key, ups_text_of(text));
}

/* What was built so far is left out. */
static void reply_error(struct work *w, const char *reason)
{
	w->reply = ups_value_dict(&w->b);
	put(w, "result", "error");
	ups_value_add_string(&w->b, w->reply, "error-reason", reason);
}

/* Texts that clients compare come first. */
static const char *reason_of(const struct work *w, int err)
{
	if (err == UPS_E_NO_SESSION)
		return "Unknown call-id";
	if (err == UPS_E_NO_PORTS)
		return "Ran out of ports";
	if (err == UPS_E_LIMIT && w->request.command == UPS_NG_OFFER)
		return LIMIT_REACHED;
	return w->msg.text[0] ? w->msg.text : ups_strerror(err);
}

static void reply_failure(struct work *w, int err)
{
	if (err == UPS_E_LIMIT && w->request.command == UPS_NG_OFFER &&
	    w->request.supports_load_limit) {
		put(w, "result", "load limit");
		put(w, "message", LIMIT_REACHED);
		return;
	}
	reply_error(w, reason_of(w, err));
}

/* ---- offer and answer ---- */

static bool is_compromised(const struct work *w)
{
	const struct ups_ctl_ops *ops = w->server->ops;
	const struct ups_session *session = NULL;
	const struct ups_core *core = ops->core(ops->aux);
	struct ups_posture posture = { 0 };
	char id[UPS_SESSION_ID_MAX];

	if (core && ups_text_copy(w->request.call_id, id, sizeof(id)))
		session = ups_core_session_find(core, id);
	if (session)
		ups_session_posture(session, &posture);
	return posture.integrity_compromised;
}

static void put_warning(struct work *w, const char *more)
{
	struct ups_text first = w->request.warning;
	size_t size = first.len + strlen(more) + 3;
	char *text = ups_arena_alloc(&w->server->arena, size);

	if (!first.len && !*more)
		return;
	if (!text) {
		w->b.failed = true;
		return;
	}
	snprintf(text, size, "%.*s%s%s", UPS_TEXT_ARG(first), first.len && *more ? "; " : "", more);
	put(w, "warning", text);
}

static void reply_media(struct work *w, const struct ups_call_report *report)
{
	struct ups_value *list;

	ups_value_add_text(&w->b, w->reply, "sdp", ups_buf_text(report->sdp));
	put(w, "result", "ok");
	put_warning(w, report->warning);
	list = ups_value_add_list(&w->b, w->reply, "protection");
	for (unsigned int i = 0; i < report->line_count; i++) {
		const struct ups_call_line *line = &report->line[i];

		ups_ng_put_protection(&w->b, list, line->stream, line->media, line->decision);
	}
	if (report->compromised || is_compromised(w))
		ups_value_add_int(&w->b, w->reply, "integrity-compromised", 1);
}

/* An offer that would have made a session; a refused re-offer leaves the one there is. */
static void count_rejected(struct work *w)
{
	const struct ups_ctl_ops *ops = w->server->ops;
	struct ups_call_info info;

	if (w->request.command == UPS_NG_OFFER &&
	    ups_calls_info(ops->calls(ops->aux), w->request.call_id, &info))
		w->server->calls_rejected++;
}

static int do_media(struct work *w)
{
	const struct ups_ctl_ops *ops = w->server->ops;
	const struct ups_ng_request *r = &w->request;
	struct ups_buf sdp = ups_buf_init(w->server->sdp, UPS_SDP_SIZE_MAX);
	struct ups_call_report report = { .sdp = &sdp };
	char source[UPS_ADDR_TEXT], asker[UPS_ADDR_TEXT + 8];
	struct ups_call_request call = {
		.op = r->command == UPS_NG_OFFER ? UPS_CALL_OFFER : UPS_CALL_ANSWER,
		.call_id = r->call_id,
		.from_tag = r->from_tag,
		.to_tag = r->to_tag,
		.via_branch = r->via_branch,
		.sdp = r->sdp,
		.flags = &r->flags,
		.signalling = w->allowed->signalling,
		.source = asker,
		.now_ns = ups_ng_now_ns(),
		.now_unix = ups_ng_now_unix_us() / 1000000,
	};
	int err;

	snprintf(asker, sizeof(asker), "ng %s", ups_addr_format(w->source, source));
	err = ops->call(ops->aux, &call, &report, &w->msg);
	w->server->sdp_size = sdp.size;
	if (err) {
		count_rejected(w);
		return err;
	}
	if (report.created)
		w->server->calls_made++;
	reply_media(w, &report);
	return 0;
}

/* ---- the other commands ---- */

static int do_ping(struct work *w)
{
	put(w, "result", "pong");
	return 0;
}

/* Figures are taken before the call goes; without them it still goes. */
static int do_delete(struct work *w)
{
	const struct ups_ctl_ops *ops = w->server->ops;
	const struct ups_ng_request *r = &w->request;
	int64_t delay = r->flags.delete_delay;
	int err = 0;

	if (!r->flags.fast)
		err = ups_ng_query(w->server, r->call_id, &w->b, w->reply);
	if (err != UPS_E_NO_SESSION)
		err = ops->call_delete(ops->aux, r->call_id, r->from_tag, r->to_tag,
				       delay > 0 ? (uint64_t)delay : 0, &w->msg);
	if (err && err != UPS_E_NO_SESSION)
		return err;
	if (err && r->flags.fatal) {
		reply_error(w, NOT_FOUND);
		return 0;
	}
	if (err) {
		w->reply = ups_value_dict(&w->b);
		put(w, "warning", NOT_FOUND);
	}
	put(w, "result", "ok");
	return 0;
}

static int do_query(struct work *w)
{
	int err = ups_ng_query(w->server, w->request.call_id, &w->b, w->reply);

	if (!err)
		put(w, "result", "ok");
	return err;
}

static int do_list(struct work *w)
{
	const struct ups_ctl_ops *ops = w->server->ops;
	const struct ups_core *core = ops->core(ops->aux);
	struct ups_value *list = ups_value_add_list(&w->b, w->reply, "calls");
	const struct ups_session *s = NULL;
	struct ups_call_info info;
	int64_t count = 0;

	while (core && count < w->request.limit && !w->b.failed &&
	       (s = ups_core_session_next(core, s))) {
		if (ups_calls_info(ops->calls(ops->aux), ups_text_of(s->id), &info))
			continue;
		ups_value_add_text(&w->b, list, "", ups_text_of(s->id));
		count++;
	}
	put(w, "result", "ok");
	return 0;
}

static void put_control_statistics(struct work *w, struct ups_value *to)
{
	static const char *const names[UPS_NG_COMMANDS] = {
		[UPS_NG_PING] = "totalpingcount",
		[UPS_NG_OFFER] = "totaloffercount",
		[UPS_NG_ANSWER] = "totalanswercount",
		[UPS_NG_DELETE] = "totaldeletecount",
		[UPS_NG_QUERY] = "totalquerycount",
		[UPS_NG_LIST] = "totallistcount",
		[UPS_NG_STATISTICS] = "totalstatisticscount",
	};
	const struct ups_ng_stats *stats = &w->server->stats;

	ups_value_add_list(&w->b, to, "proxies");
	for (unsigned int i = 0; i < UPS_NG_COMMANDS; i++)
		ups_value_add_int(&w->b, to, names[i], (int64_t)stats->requests[i]);
	ups_value_add_int(&w->b, to, "totalerrorcount", (int64_t)stats->errors);
	ups_value_add_int(&w->b, to, "totalrepeatedcount", (int64_t)stats->repeated);
	ups_value_add_int(&w->b, to, "totalmalformedcount", (int64_t)stats->malformed);
	ups_value_add_int(&w->b, to, "totalrefusedcount", (int64_t)stats->refused_sources);
}

static int do_statistics(struct work *w)
{
	const struct ups_ng_server *server = w->server;
	const struct ups_core *core = server->ops->core(server->ops->aux);
	struct ups_value *all = ups_value_add_dict(&w->b, w->reply, "statistics");
	struct ups_value *part = ups_value_add_dict(&w->b, all, "currentstatistics");
	int64_t sessions = core ? ups_core_session_count(core) : 0;
	uint64_t uptime = (ups_ng_now_ns() - server->start_ns) / 1000000000ULL;

	ups_value_add_int(&w->b, part, "sessionsown", sessions);
	ups_value_add_int(&w->b, part, "sessionsforeign", 0);
	ups_value_add_int(&w->b, part, "sessionstotal", sessions);
	ups_value_add_int(&w->b, part, "transcodedmedia", 0);
	part = ups_value_add_dict(&w->b, all, "totalstatistics");
	ups_value_add_int(&w->b, part, "uptime", (int64_t)uptime);
	ups_value_add_int(&w->b, part, "managedsessions", (int64_t)server->calls_made);
	ups_value_add_int(&w->b, part, "rejectedsessions", (int64_t)server->calls_rejected);
	ups_value_add_dict(&w->b, all, "intervalstatistics");
	put_control_statistics(w, ups_value_add_dict(&w->b, all, "controlstatistics"));
	put(w, "result", "ok");
	return 0;
}

static int (*const commands[UPS_NG_COMMANDS])(struct work *w) = {
	[UPS_NG_PING] = do_ping,
	[UPS_NG_OFFER] = do_media,
	[UPS_NG_ANSWER] = do_media,
	[UPS_NG_DELETE] = do_delete,
	[UPS_NG_QUERY] = do_query,
	[UPS_NG_LIST] = do_list,
	[UPS_NG_STATISTICS] = do_statistics,
};

/* ---- one request ---- */

/* -> the text for error-reason, or NULL and the tree in *out */
static const char *decode(struct work *w, struct ups_text body, bool json, struct ups_value **out)
{
	struct ups_arena *arena = &w->server->arena;
	int err = UPS_E_SYNTAX;

	if (!body.len)
		return "Invalid data (no payload)";
	if (json)
		return ups_json_decode(body, arena, out, &w->msg) ? "Failed to parse JSON document"
								  : NULL;
	if (body.at[0] != 'd')
		return "Invalid NG data format";
	err = ups_bencode_decode(body, arena, out, &w->msg);
	return err ? "Could not decode bencode dictionary" : NULL;
}

static void run(struct work *w, const struct ups_value *dict)
{
	struct ups_ng_server *server = w->server;
	int err = ups_ng_parse(dict, &server->arena, &w->request, &w->msg);

	if (err) {
		server->stats.errors++;
		reply_error(w, w->msg.text[0] ? w->msg.text : ups_strerror(err));
		return;
	}
	server->stats.requests[w->request.command]++;
	err = commands[w->request.command](w);
	if (!err)
		return;
	server->stats.errors++;
	ups_debug("%s refused: %s", ups_ng_command_name(w->request.command), reason_of(w, err));
	reply_failure(w, err);
}

static void encode(const struct work *w, bool json, struct ups_buf *buf)
{
	if (!w->reply || w->b.failed)
		buf->failed = true;
	else if (json)
		ups_json_encode(w->reply, buf);
	else
		ups_bencode_encode(w->reply, buf);
}

/* A reply that does not fit one datagram is replaced by one that says so. */
static void finish(struct work *w, struct ups_text cookie, bool json)
{
	struct ups_buf buf = ups_buf_init(w->server->reply, UPS_NG_REPLY_MAX);

	ups_buf_put(&buf, cookie);
	ups_buf_str(&buf, " ");
	encode(w, json, &buf);
	if (!ups_buf_ok(&buf)) {
		static const char bencode_text[] =
			"d6:result5:error12:error-reason15:Reply too largee";
		static const char json_text[] =
			"{\"result\":\"error\",\"error-reason\":\"Reply too large\"}";

		buf.failed = false;
		buf.size = cookie.len + 1;
		ups_buf_str(&buf, json ? json_text : bencode_text);
		w->server->stats.errors++;
	}
	w->server->reply_size = buf.size;
}

static void serve_body(struct work *w, struct ups_text cookie, struct ups_text body)
{
	bool json = body.len && body.at[0] == '{';
	struct ups_value *dict = NULL;
	const char *reason;

	w->b.arena = &w->server->arena;
	w->reply = ups_value_dict(&w->b);
	reason = decode(w, body, json, &dict);
	if (reason) {
		w->server->stats.malformed++;
		reply_error(w, reason);
	} else {
		run(w, dict);
	}
	finish(w, cookie, json);
}

bool ups_ng_serve(struct ups_ng_server *server, const struct ups_addr *source,
		  const struct ups_ng_source *allowed, struct ups_text request,
		  struct ups_text *reply)
{
	struct work w = { .server = server, .allowed = allowed, .source = source };
	struct ups_text body = request, cookie = ups_text_cut(&body, ' ');
	uint64_t now_ns = ups_ng_now_ns();
	char text[UPS_ADDR_TEXT];

	if (!cookie.len || cookie.len == request.len || cookie.len > UPS_NG_COOKIE_MAX) {
		server->stats.malformed++;
		ups_log_rl(UPS_LOG_NOTICE, "request from %s without a cookie ignored",
			   ups_addr_format(source, text));
		return false;
	}
	*reply = ups_ng_cookies_find(&server->cookies, source, cookie, now_ns);
	if (reply->at) {
		server->stats.repeated++;
		return true;
	}
	serve_body(&w, cookie, body);
	*reply = (struct ups_text) { server->reply, server->reply_size };
	ups_ng_cookies_add(&server->cookies, source, cookie, *reply, now_ns);
	ups_arena_reset(&server->arena);
	return true;
}

void ups_ng_serve_done(struct ups_ng_server *server)
{
	ups_wipe(server->reply, server->reply_size);
	ups_wipe(server->sdp, server->sdp_size);
	server->reply_size = 0;
	server->sdp_size = 0;
}
