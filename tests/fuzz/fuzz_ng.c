// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Datagrams as they come to the ng listener, to their replies, with a daemon that agrees to everything. Every reply begins with the
 * cookie and decodes in the encoding of the request; a repetition gets the same bytes and does not run.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ng_server.h"
#include "proto/bencode.h"
#include "proto/json.h"

#define ROOM (2 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int runs;
static struct ups_ng_server server;
static struct ups_arena arena;
static struct ups_stream stream = { .media = "audio", .flow = { 0, 1 } };
static struct ups_session session = { .id = "c", .stream_count = 1, .stream = { &stream } };

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_slice(struct ups_text t)
{
	must(t.at || !t.len);
	must(!t.len || t.at[0] == t.at[t.len - 1] || t.len > 1);
}

static int call(void *aux, const struct ups_call_request *request, struct ups_call_report *report,
		struct ups_errmsg *msg)
{
	const struct ups_ng_flags *flags = request->flags;

	(void)aux;
	runs++;
	must(request->sdp.len && request->call_id.len && request->from_tag.len);
	must(request->op == UPS_CALL_OFFER || request->to_tag.len);
	must(flags->transport <= UPS_SDP_OTHER && flags->ice <= UPS_NG_ICE_FORCE &&
	     flags->dtls <= UPS_NG_DTLS_PASSIVE && flags->wish <= UPS_WISH_REQUIRED);
	must(!(flags->sdes_only & ~((1u << UPS_SUITE_COUNT) - 2)));
	for (int i = 0; i < 2; i++) {
		check_slice(flags->direction[i]);
		must(flags->signalling[i] <= UPS_SIGNALLING_ENCRYPTED);
	}
	check_slice(flags->media_address);
	check_slice(flags->cpm_address);
	if (ups_text_is(request->call_id, "limit"))
		return ups_fail(msg, UPS_E_LIMIT, "limit");
	ups_buf_put(report->sdp, request->sdp);
	report->line_count = 1;
	return 0;
}

static int call_delete(void *aux, struct ups_text call_id, struct ups_text from_tag,
		       struct ups_text to_tag, uint64_t delay_s, struct ups_errmsg *msg)
{
	(void)aux;
	(void)from_tag;
	(void)to_tag;
	(void)delay_s;
	runs++;
	must(call_id.len != 0);
	return ups_text_is(call_id, "c") ? 0 : ups_fail(msg, UPS_E_NO_SESSION, "none");
}

static int flow_info(void *aux, uint32_t flow, struct ups_flow_info *out)
{
	(void)aux;
	*out = (struct ups_flow_info) { .ssrc_count = 1, .ssrc = { flow } };
	return 0;
}

static const struct ups_core *no_core(void *aux)
{
	(void)aux;
	return NULL;
}

static const struct ups_calls *no_calls(void *aux)
{
	(void)aux;
	return NULL;
}

/* In place of core/call.c */
int ups_calls_info(const struct ups_calls *calls, struct ups_text call_id,
		   struct ups_call_info *out)
{
	(void)calls;
	*out = (struct ups_call_info) { .session = &session,
					.tag_count = 1,
					.tag = { { "f", 0, true, 1 } },
					.media_count = 1,
					.media = { { .media = "audio" } } };
	return ups_text_is(call_id, "c") ? 0 : UPS_E_NO_SESSION;
}

static const struct ups_ctl_ops ops = { .core = no_core,
					.flow_info = flow_info,
					.call = call,
					.call_delete = call_delete,
					.calls = no_calls };

static void open_once(void)
{
	if (server.reply)
		return;
	server.ops = &ops;
	server.reply = calloc(1, UPS_NG_REPLY_MAX);
	server.sdp = calloc(1, UPS_SDP_SIZE_MAX);
	must(server.reply && server.sdp);
	must(!ups_arena_init(&server.arena, ROOM) && !ups_arena_init(&arena, ROOM));
}

static void check_reply(struct ups_text request, struct ups_text reply)
{
	struct ups_text body = reply, asked = request;
	struct ups_text cookie = ups_text_cut(&body, ' ');
	struct ups_value *value = NULL;
	struct ups_errmsg msg;

	must(ups_text_equal(cookie, ups_text_cut(&asked, ' ')));
	ups_arena_reset(&arena);
	if (asked.len && asked.at[0] == '{')
		must(!ups_json_decode(body, &arena, &value, &msg));
	else
		must(!ups_bencode_decode(body, &arena, &value, &msg));
	must(ups_value_find(value, "result") != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ups_ng_source allowed = { .signalling = UPS_SIGNALLING_NONE };
	struct ups_text request = { (const char *)data, size }, reply, again;
	struct ups_addr source = { 0 };
	unsigned int before;
	char *copy;

	open_once();
	if (!ups_ng_serve(&server, &source, &allowed, request, &reply))
		return 0;
	check_reply(request, reply);
	copy = malloc(reply.len);
	must(copy != NULL);
	memcpy(copy, reply.at, reply.len);
	before = runs;
	must(ups_ng_serve(&server, &source, &allowed, request, &again));
	must(runs == before && again.len == reply.len && !memcmp(again.at, copy, again.len));
	free(copy);
	ups_ng_serve_done(&server);
	ups_ng_cookies_fini(&server.cookies);
	return 0;
}
