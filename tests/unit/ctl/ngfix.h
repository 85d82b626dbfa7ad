/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ng listener on a loop of its own, with a daemon that invents sessions and counts what it was asked, and clients that are driven from
 * the same thread: they wait by running the loop. Include after cmocka.h.
 */
#ifndef UPS_TEST_NGFIX_H
#define UPS_TEST_NGFIX_H

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "ctl/ng.h"
#include "ctl/ng_server.h"

#define FIX static inline __attribute__((unused))
#define REPLY_MAX (4 << 20)
#define WAIT_MS 3000
#define SILENCE_MS 60
#define OFFER(cookie, call_id) (offer_text(cookie, call_id))

/* ---- the daemon ---- */

static struct {
	unsigned int calls, deletes;
	enum ups_assurance signalling;
	char source[80];
	uint64_t delay;
	const char *from_tag;
	char from_tag_text[64];
} fake;

static struct ups_core *model;
static struct ups_session fake_session;
static struct ups_stream fake_stream;

FIX struct ups_addr fix_addr(const char *ip, uint16_t port)
{
	struct ups_addr a = { 0 };

	assert_int_equal(ups_addr_parse(ip, false, &a), 0);
	ups_addr_set_port(&a, port);
	return a;
}

static void fake_report(const struct ups_call_request *request, struct ups_call_report *report)
{
	struct ups_call_line *line = &report->line[0];

	report->line_count = 1;
	report->created = true;
	snprintf(line->media, sizeof(line->media), "audio");
	line->decision[0] = (struct ups_decision) { .mechanism = UPS_MECH_SDES,
						    .decided_by = UPS_BY_PROVIDER,
						    .rule = "core",
						    .reason = "because" };
	line->decision[1] = (struct ups_decision) { .decided_by = UPS_BY_USER };
	if (ups_text_is(request->call_id, "warn")) {
		report->compromised = true;
		snprintf(report->warning, sizeof(report->warning), "from below");
	}
}

static int fake_call(void *aux, const struct ups_call_request *request,
		     struct ups_call_report *report, struct ups_errmsg *msg)
{
	static char filler[UPS_SDP_SIZE_MAX];

	(void)aux;
	fake.calls++;
	fake.signalling = request->signalling;
	snprintf(fake.source, sizeof(fake.source), "%s", request->source);
	if (ups_text_is(request->call_id, "limit"))
		return ups_fail(msg, UPS_E_LIMIT, "4096 sessions");
	if (ups_text_is(request->call_id, "ports"))
		return ups_fail(msg, UPS_E_NO_PORTS, "no port left on access");
	if (ups_text_is(request->call_id, "nope"))
		return ups_fail(msg, UPS_E_NO_SESSION, "no such call");
	if (ups_text_is(request->call_id, "policy"))
		return ups_fail(msg, UPS_E_POLICY, "refused by rule x");
	memset(filler, 's', sizeof(filler));
	if (ups_text_is(request->call_id, "big"))
		ups_buf_bytes(report->sdp, filler, 20000);
	else if (ups_text_is(request->call_id, "huge"))
		ups_buf_bytes(report->sdp, filler, sizeof(filler));
	else
		ups_buf_printf(report->sdp, "v=0 reply %u", fake.calls);
	fake_report(request, report);
	return 0;
}

static int fake_delete(void *aux, struct ups_text call_id, struct ups_text from_tag,
		       struct ups_text to_tag, uint64_t delay_s, struct ups_errmsg *msg)
{
	(void)aux;
	(void)to_tag;
	if (ups_text_is(call_id, "nope") || ups_text_is(from_tag, "nope"))
		return ups_fail(msg, UPS_E_NO_SESSION, "no such call");
	fake.deletes++;
	fake.delay = delay_s;
	fake.from_tag = from_tag.at ? fake.from_tag_text : NULL;
	(void)ups_text_copy(from_tag, fake.from_tag_text, sizeof(fake.from_tag_text));
	return 0;
}

static int fake_flow_info(void *aux, uint32_t flow, struct ups_flow_info *out)
{
	(void)aux;
	*out = (struct ups_flow_info) { .lane = UPS_LANE_UDP, .reason = "invented" };
	out->stats.lane[UPS_LANE_UDP] = (struct ups_lane_stats) { .rx_packets = 10 * flow,
								  .rx_bytes = 200 * flow,
								  .tx_packets = 10 * flow + 1,
								  .tx_bytes = 220 * flow };
	out->stats.lane[UPS_LANE_XDP] =
		(struct ups_lane_stats) { .rx_packets = flow, .rx_bytes = 20 * flow };
	out->stats.rtcp_rx_packets = out->stats.rtcp_tx_packets = 1 + flow;
	out->stats.rtcp_rx_bytes = out->stats.rtcp_tx_bytes = 30 * flow;
	out->stats.drop[UPS_DROP_AUTH] = 2;
	out->stats.drop[UPS_DROP_SOURCE] = 1;
	return 0;
}

static const struct ups_core *fake_core(void *aux)
{
	(void)aux;
	return model;
}

static const struct ups_calls *fake_calls(void *aux)
{
	(void)aux;
	return NULL;
}

static const struct ups_ctl_ops fake_ops = {
	.core = fake_core,
	.flow_info = fake_flow_info,
	.call = fake_call,
	.call_delete = fake_delete,
	.calls = fake_calls,
};

/* In place of core/call.c: the calls are c1@x and c2@x. */
int ups_calls_info(const struct ups_calls *calls, struct ups_text call_id,
		   struct ups_call_info *out)
{
	(void)calls;
	if (!ups_text_is(call_id, "c1@x") && !ups_text_is(call_id, "c2@x"))
		return UPS_E_NO_SESSION;
	*out = (struct ups_call_info) {
		.session = &fake_session,
		.last_signal_unix = 1402064116,
		.answered = true,
		.tag_count = 3,
		.tag = { { "ft1", 0, true, 1402064111 },
			 { "tt1", 1, false, 1402064112 },
			 { "tt2", 1, true, 1402064113 } },
		.media_count = 2,
		.media = { { .media = "audio", .proto = { UPS_SDP_SAVP, UPS_SDP_AVP } },
			   { .stream = 1, .media = "video", .refused = true } },
	};
	return 0;
}

/* ---- the listener ---- */

static sd_event *loop;
static struct ups_ng_server *server;

/* Runs the loop until nothing is left to do, waiting @ms for the first event. */
FIX void pump(unsigned int ms)
{
	uint64_t usec = ms * 1000ULL;

	while (sd_event_run(loop, usec) > 0)
		usec = 0;
}

FIX struct ups_ng_source source(const char *ip, uint8_t bits, enum ups_assurance signalling)
{
	return (struct ups_ng_source) { fix_addr(ip, 0), bits, signalling };
}

FIX void reset_allowed(void)
{
	const struct ups_ng_source local[] = { source("127.0.0.0", 104, UPS_SIGNALLING_ENCRYPTED),
					       source("::1", 128, UPS_SIGNALLING_ENCRYPTED) };

	ups_ng_server_allow(server, local, 2);
}

/* A port that is free for both protocols as long as nobody else is quicker. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void listener_open(void)
{
	struct ups_ng_config config = { .listen_count = 2, .connections = 4 };
	struct ups_errmsg msg = { "" };
	int err = -EADDRINUSE;

	assert_true(sd_event_new(&loop) >= 0);
	for (int i = 0; i < 10 && err == -EADDRINUSE; i++) {
		uint16_t port = free_port();

		config.listen[0] = fix_addr("0.0.0.0", port);
		config.listen[1] = fix_addr("::", port);
		err = ups_ng_server_create(loop, &fake_ops, &config, &server, &msg);
	}
	if (err)
		fail_msg("%s", msg.text);
	reset_allowed();
}

/* ---- the model: c1@x and c2@x are calls, "manual" is a session that is none ---- */

static struct ups_iface fix_iface = {
	.name = "access", .device = "lo", .has_v4 = true, .port_min = 30000, .port_max = 30999
};

static void model_add(const char *id)
{
	const struct ups_stream_request stream = {
		.media = "audio",
		.leg = { { .iface = "access", .remote = fix_addr("198.51.100.1", 2000) },
			 { .iface = "access", .remote = fix_addr("198.51.100.2", 2000) } },
	};
	const struct ups_session_request request = { .id = id,
						     .stream = &stream,
						     .stream_count = 1 };
	struct ups_errmsg msg = { "" };
	struct ups_plan plan;

	if (ups_core_session_add(model, &request, &plan, &msg))
		fail_msg("%s", msg.text);
	ups_core_commit(model, &plan);
}

static void model_open(void)
{
	const struct ups_limits limits = { .sessions = 8,
					   .flows = 32,
					   .keys = 32,
					   .ssrcs = 128,
					   .ssrc_per_flow = 4,
					   .rtp_lifetime = 1ULL << 48,
					   .rtcp_lifetime = 1ULL << 31 };

	fix_iface.v4 = fix_iface.advertised_v4 = fix_addr("192.0.2.1", 0);
	assert_int_equal(ups_core_create(&limits, &fix_iface, 1, &model), 0);
	model_add("c1@x");
	model_add("manual");
	model_add("c2@x");
	fake_stream = (struct ups_stream) { .media = "audio", .flow = { 1, 2 } };
	for (int i = 0; i < UPS_LEGS; i++) {
		struct ups_leg *leg = &fake_stream.leg[i];

		leg->local = fix_addr("192.0.2.1", (uint16_t)(30000 + 2 * i));
		leg->local_rtcp = fix_addr("192.0.2.1", (uint16_t)(30001 + 2 * i));
		leg->remote = fix_addr("198.51.100.1", (uint16_t)(2000 + 2 * i));
		leg->remote_rtcp = fix_addr("198.51.100.1", (uint16_t)(2001 + 2 * i));
	}
	fake_stream.leg[0].mode = UPS_MODE_SRTP;
	fake_stream.leg[0].rx_count = 1;
	fake_stream.leg[0].rx[0].suite = UPS_SUITE_AEAD_AES_128_GCM;
	fake_session = (struct ups_session) { .id = "c1@x",
					      .created_unix = 1402064111,
					      .created_ns = UINT64_MAX,
					      .stream_count = 1,
					      .stream = { &fake_stream } };
}

/* ---- clients ---- */

struct client {
	int fd, type;
	size_t size;
	char reply[REPLY_MAX];
};

static struct client client;

FIX void client_open(struct client *c, int type, const char *ip)
{
	struct ups_addr to = fix_addr(ip, ups_addr_port(&server->config.listen[0]));
	struct sockaddr_storage ss;
	socklen_t size = ups_addr_to_sockaddr(&to, &ss);

	c->type = type;
	c->size = 0;
	c->reply[0] = '\0';
	c->fd = socket(ss.ss_family, type | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&ss, size), 0);
	pump(type == SOCK_STREAM ? SILENCE_MS : 0);
}

FIX void client_close(struct client *c)
{
	close(c->fd);
	pump(0);
}

FIX void client_send(struct client *c, const void *data, size_t size)
{
	assert_int_equal(send(c->fd, data, size, MSG_NOSIGNAL), size);
}

/* Appends what is there now. -> bytes, 0 at the end of a stream, -1 if there is nothing */
FIX ssize_t client_take(struct client *c)
{
	ssize_t n = recv(c->fd, c->reply + c->size, sizeof(c->reply) - 1 - c->size, MSG_DONTWAIT);

	if (n > 0)
		c->size += (size_t)n;
	c->reply[c->size] = '\0';
	return n;
}

/* Waits for something. */
FIX void client_receive(struct client *c)
{
	for (int i = 0; i < WAIT_MS; i++) {
		pump(1);
		if (client_take(c) >= 0)
			return;
	}
	fail_msg("no reply");
}

/* Until nothing comes for a while. */
FIX void client_drain(struct client *c)
{
	for (int quiet = 0; quiet < SILENCE_MS; quiet++) {
		pump(1);
		if (client_take(c) > 0)
			quiet = 0;
	}
}

FIX void client_ask(struct client *c, const char *text)
{
	c->size = 0;
	client_send(c, text, strlen(text));
	client_receive(c);
}

FIX bool client_closed(struct client *c)
{
	for (int i = 0; i < 1000; i++) {
		ssize_t n;

		pump(1);
		n = client_take(c);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
	}
	return false;
}

FIX void ask(const char *text)
{
	client_ask(&client, text);
}

FIX void assert_reply(const char *text)
{
	assert_string_equal(client.reply, text);
}

FIX void assert_silence(void)
{
	client.size = 0;
	pump(SILENCE_MS);
	assert_int_equal(client_take(&client), -1);
}

FIX const char *offer_text(const char *cookie, const char *call_id)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s d7:command5:offer3:sdp1:v7:call-id%zu:%s8:from-tag1:fe",
		 cookie, strlen(call_id), call_id);
	return text;
}

FIX struct ups_ng_stats stats(void)
{
	struct ups_ng_stats out;

	ups_ng_server_stats(server, &out);
	return out;
}

FIX void age_streams(uint64_t seconds)
{
	for (struct ups_ng_stream *s = server->streams; s; s = s->next)
		s->moved_ns -= seconds * 1000000000ULL;
}

/* Whether one of the listener's buffers does; the cookie cache holds replies on purpose. */
FIX bool memory_holds(const char *text)
{
	const struct ups_text areas[] = {
		{ server->batch, malloc_usable_size(server->batch) },
		{ (const char *)server->arena.data, server->arena.limit },
		{ server->reply, UPS_NG_REPLY_MAX },
		{ server->sdp, UPS_SDP_SIZE_MAX },
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		if (memmem(areas[i].at, areas[i].len, text, strlen(text)))
			return true;
	}
	return false;
}

/* ---- both ---- */

FIX int fixture_open(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	model_open();
	listener_open();
	client_open(&client, SOCK_DGRAM, "127.0.0.1");
	return 0;
}

FIX int fixture_close(void **state)
{
	(void)state;
	close(client.fd);
	ups_ng_server_destroy(server);
	sd_event_unref(loop);
	ups_core_destroy(model);
	return 0;
}

#endif
