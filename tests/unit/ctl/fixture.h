/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The netlink listener in a process of its own, in a network namespace of its own, over the real model and a data plane that invents
 * its figures. SIGUSR1 makes it send events, SIGTERM ends it. Include after cmocka.h.
 */
#ifndef UPS_TEST_CTL_FIXTURE_H
#define UPS_TEST_CTL_FIXTURE_H

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/addr.h"
#include "core/call.h"
#include "ctl/netlink.h"
#include "nlfix.h"
#include "uapi/upsec_nl.h"

#define FIX_SESSIONS 4096
#define FIX_EVENTS 2000 /* for each SIGUSR1 */
#define NOBODY 65534
#define CONTROL_GROUP 4321

#define FIX_INLINE static inline __attribute__((unused))

struct daemon {
	pid_t pid;
	struct ups_nl_config config;
};

static struct ups_iface fix_ifaces[2] = {
	{ .name = "access",
	  .device = "lo",
	  .kind = UPS_KIND_CONV,
	  .has_v4 = true,
	  .has_v6 = true,
	  .port_min = 10000,
	  .port_max = 30001 },
	{ .name = "core",
	  .device = "lo",
	  .kind = UPS_KIND_NNI,
	  .has_v4 = true,
	  .port_min = 32000,
	  .port_max = 60001 },
};

/* ---- the daemon's side ---- */

static int fix_add(void *aux, const struct ups_session_request *request, struct ups_errmsg *msg)
{
	struct ups_plan plan;
	int err = ups_core_session_add(aux, request, &plan, msg);

	if (!err)
		ups_core_commit(aux, &plan);
	return err;
}

static int fix_del(void *aux, const char *id, struct ups_errmsg *msg)
{
	struct ups_plan plan;
	int err = ups_core_session_del(aux, id, &plan, msg);

	if (!err)
		ups_core_commit(aux, &plan);
	return err;
}

static const struct ups_core *fix_core(void *aux)
{
	return aux;
}

/* Figures that tell the slot they are of. */
static int fix_flow_info(void *aux, uint32_t flow, struct ups_flow_info *out)
{
	(void)aux;
	*out = (struct ups_flow_info) { .lane = UPS_LANE_XDP, .reason = "b\xc3\xa4se text\033[m" };
	out->stats.lane[UPS_LANE_XDP].rx_packets = 1000 + flow;
	out->stats.lane[UPS_LANE_XDP].tx_packets = 900 + flow;
	out->stats.drop[UPS_DROP_REPLAY] = flow + 1;
	out->stats.last_rx_ns = 77;
	out->ssrc[0] = 0xabcd0000u + flow;
	out->rx_index[0] = 1ULL << 40;
	out->ssrc_count = 1;
	return 0;
}

static struct ups_key_use fix_key_use(void *aux, uint32_t slot)
{
	(void)aux;
	return (struct ups_key_use) { .rtp = slot + 5, .rtcp = 3 };
}

static void fix_dp_info(void *aux, struct ups_dp_info *out)
{
	(void)aux;
	*out = (struct ups_dp_info) { .crypto = "invented", .workers = 2, .device_count = 1 };
	out->device[0] = (struct ups_dp_iface_info) { .device = "lo", .xdp_mode = "off" };
	out->kernel.tx = 11;
	out->kernel.pass[UPS_PASS_RTCP] = 12;
	out->kernel.drop[UPS_DROP_AUTH] = 13;
	out->udp_drop[UPS_DROP_SOURCE] = 14;
}

/* ---- negotiated sessions: calls, a table, two rules, and a judge who says what he was asked ---- */

static struct ups_registrations *fix_table;
static struct ups_calls *fix_negotiated;

static int fix_registration_add(void *aux, struct ups_text address, const struct ups_addr *source,
				uint64_t expires_s, struct ups_errmsg *msg)
{
	struct timespec ts;
	uint64_t end = UINT64_MAX;

	(void)aux;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (expires_s)
		end = ((uint64_t)ts.tv_sec + expires_s) * 1000000000ULL + (uint64_t)ts.tv_nsec;
	return ups_registrations_add(fix_table, address, source, end, msg);
}

static int fix_registration_del(void *aux, struct ups_text address, const struct ups_addr *source,
				struct ups_errmsg *msg)
{
	(void)aux;
	return ups_registrations_del(fix_table, address, source)
		       ? 0
		       : ups_fail(msg, UPS_E_REGISTRATION, "there is no such registration");
}

static const struct ups_registrations *fix_registrations(void *aux)
{
	(void)aux;
	return fix_table;
}

static const struct ups_policy *fix_policy(void *aux)
{
	static struct ups_policy policy = { .count = 2 };

	(void)aux;
	strcpy(policy.rule[0].name, "peers");
	strcpy(policy.rule[1].name, "users");
	for (unsigned int i = 0; i < policy.count; i++) {
		struct ups_rule *rule = &policy.rule[i];

		rule->protection = UPS_PREFER;
		rule->mechanism_count = rule->suite_count = 1;
		rule->mechanism[0] = UPS_MECH_SDES;
		rule->suite[0] = UPS_SUITE_AES_CM_128_HMAC_SHA1_80;
		rule->min_tag = 80;
	}
	return &policy;
}

static const struct ups_calls *fix_calls(void *aux)
{
	(void)aux;
	return fix_negotiated;
}

/* No IPsec, and no certificate: nothing here is negotiated with DTLS. */
static int fix_covers(void *aux, const struct ups_addr *local, const struct ups_addr *remote,
		      char *why, size_t size)
{
	(void)aux;
	(void)local;
	(void)remote;
	snprintf(why, size, "none in the fixture");
	return 0;
}

static int fix_fingerprint(void *aux, struct ups_fingerprint *out)
{
	(void)aux;
	(void)out;
	return -ENOENT;
}

static void fix_create_calls(struct ups_core *core)
{
	struct ups_calls_config config = {
		.ifaces = fix_ifaces,
		.iface_count = 2,
		.policy = fix_policy(NULL),
		.ops = { .ipsec_covers = fix_covers, .fingerprint = fix_fingerprint },
	};

	if (ups_registrations_create(64, &fix_table))
		exit(3);
	config.registrations = fix_table;
	if (ups_calls_create(core, &config, &fix_negotiated))
		exit(3);
}

/* An offer of party "caller", or an answer of party @callee to it, of the call @id; from "access" to "core" */
FIX_INLINE void fix_signal(const char *id, const char *callee, const char *sdp, uint64_t now_unix)
{
	static char text[16384];
	struct ups_buf buf = ups_buf_init(text, sizeof(text));
	static struct ups_call_report report;
	struct ups_ng_flags flags = { .delete_delay = -1,
				      .direction = { UPS_TEXT("access"), UPS_TEXT("core") } };
	struct ups_call_request rq = {
		.op = callee ? UPS_CALL_ANSWER : UPS_CALL_OFFER,
		.call_id = ups_text_of(id),
		.from_tag = UPS_TEXT("caller"),
		.to_tag = ups_text_of(callee),
		.sdp = ups_text_of(sdp),
		.flags = &flags,
		.signalling = UPS_SIGNALLING_ENCRYPTED,
		.source = "test",
		.now_ns = 1,
		.now_unix = now_unix,
	};
	struct ups_errmsg msg = { "" };
	struct ups_plan plan;

	report.sdp = &buf;
	if (ups_calls_request(fix_negotiated, &rq, &plan, &report, &msg)) {
		fprintf(stderr, "%s of %s: %s\n", callee ? "answer" : "offer", id, msg.text);
		exit(3);
	}
	ups_calls_commit(fix_negotiated, &plan);
}

static void fix_line(const struct ups_call_request *request, struct ups_call_line *line)
{
	const struct ups_ng_flags *flags = request->flags;

	strcpy(line->media, "audio");
	for (unsigned int leg = 0; leg < UPS_LEGS; leg++) {
		struct ups_decision *decision = &line->decision[leg];

		decision->mechanism = leg ? UPS_MECH_NONE : UPS_MECH_SDES;
		decision->compromised = leg;
		decision->decided_by = flags->has_wish ? UPS_BY_USER : UPS_BY_PROVIDER;
		strcpy(decision->rule, "users");
		snprintf(decision->reason, sizeof(decision->reason),
			 "wish %d, signalling %d %d, transport %d, address %.*s, source %d, "
			 "authenticated %d, call %.*s",
			 flags->has_wish ? (int)flags->wish : -1,
			 flags->has_signalling[0] ? (int)flags->signalling[0] : -1,
			 flags->has_signalling[1] ? (int)flags->signalling[1] : -1,
			 (int)flags->transport, UPS_TEXT_ARG(flags->cpm_address),
			 flags->has_registered_source, (int)flags->authenticated,
			 UPS_TEXT_ARG(request->call_id));
	}
}

/* The session description is echoed, with its keys: the listener has to take them out. */
static int fix_call_check(void *aux, const struct ups_call_request *request,
			  struct ups_call_report *report, struct ups_errmsg *msg)
{
	(void)aux;
	if (!ups_text_starts(request->sdp, "v=0"))
		return ups_fail(msg, UPS_E_SYNTAX, "SDP line 1: expected v=0");
	if (!request->call_id.len || memchr(request->call_id.at, ' ', request->call_id.len))
		return ups_fail(msg, UPS_E_RANGE, "a session id has no blanks");
	if (!ups_text_is(request->flags->direction[0], "access"))
		return ups_fail(msg, UPS_E_NO_INTERFACE, "there is no interface %.*s",
				UPS_TEXT_ARG(request->flags->direction[0]));
	ups_buf_put(report->sdp, request->sdp);
	report->line_count = memmem(request->sdp.at, request->sdp.len, "full", 4) ? UPS_STREAMS_MAX
										  : 1;
	for (uint16_t i = 0; i < report->line_count; i++) {
		report->line[i].stream = i;
		fix_line(request, &report->line[i]);
	}
	if (!memmem(request->sdp.at, request->sdp.len, "refuse", 6))
		return 0;
	report->line[0].refused = true;
	return ups_fail(msg, UPS_E_POLICY, "rule users requires protection, but the peer has none");
}

static int fix_events(sd_event_source *source, const struct signalfd_siginfo *si, void *server)
{
	(void)source;
	(void)si;
	for (uint16_t i = 0; i < FIX_EVENTS; i++) {
		struct ups_event event = { .type = UPS_EVENT_SOURCE_LEARNED,
					   .session_id = "call@1",
					   .stream = i,
					   .leg = 1,
					   .text = "peer is 192.0.2.1:4000" };

		ups_nl_server_event(server, &event);
	}
	return 0;
}

static struct ups_core *fix_model(void)
{
	const struct ups_limits limits = {
		.sessions = FIX_SESSIONS,
		.flows = FIX_SESSIONS * 4,
		.keys = FIX_SESSIONS * 8,
		.ssrcs = FIX_SESSIONS * 16,
		.ssrc_per_flow = 4,
		.rtp_lifetime = 1ULL << 48,
		.rtcp_lifetime = 1ULL << 31,
	};
	struct ups_core *core;

	for (int i = 0; i < 2; i++) {
		struct ups_iface *iface = &fix_ifaces[i];

		if (ups_addr_parse("127.0.0.1", false, &iface->v4) ||
		    ups_addr_parse("::1", false, &iface->v6) ||
		    ups_addr_parse("203.0.113.9", false, &iface->advertised_v4) ||
		    ups_addr_parse("2001:db8::9", false, &iface->advertised_v6))
			exit(3);
	}
	if (ups_core_create(&limits, fix_ifaces, 2, &core))
		exit(3);
	return core;
}

/* What a test wants to be there from the start; NULL = nothing */
static void (*fix_prepare)(struct ups_core *core);

/* The child: says how it went by one byte, and serves until SIGTERM. */
static void fix_serve(const struct ups_nl_config *config, int ready)
{
	struct ups_ctl_ops ops = {
		.aux = fix_model(),
		.session_add = fix_add,
		.session_del = fix_del,
		.core = fix_core,
		.flow_info = fix_flow_info,
		.key_use = fix_key_use,
		.dp_info = fix_dp_info,
		.call_check = fix_call_check,
		.calls = fix_calls,
		.policy = fix_policy,
		.registration_add = fix_registration_add,
		.registration_del = fix_registration_del,
		.registrations = fix_registrations,
	};
	struct ups_nl_server *server = NULL;
	struct ups_errmsg msg = { "" };
	sd_event *loop;
	sigset_t set;

	fix_create_calls(ops.aux);
	if (fix_prepare)
		fix_prepare(ops.aux);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&loop) < 0 || ups_nl_server_create(loop, &ops, config, &server, &msg) ||
	    sd_event_add_signal(loop, NULL, SIGUSR1, fix_events, server) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGTERM, NULL, NULL) < 0) {
		fprintf(stderr, "server: %s\n", msg.text);
		exit(3);
	}
	if (write(ready, "1", 1) != 1)
		exit(3);
	sd_event_loop(loop);
	ups_nl_server_destroy(server);
	ups_calls_destroy(fix_negotiated);
	ups_registrations_destroy(fix_table);
	ups_core_destroy(ops.aux);
	sd_event_unref(loop);
	exit(0);
}

/* ---- the tests' side ---- */

static void daemon_start(struct daemon *d)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (!d->pid)
		fix_serve(&d->config, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

/* It must end by itself and without an error: a leak or an invalid access is one, with sanitizers. */
static void daemon_stop(struct daemon *d)
{
	int status;

	kill(d->pid, SIGTERM);
	assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
	assert_int_equal(status, 0);
}

/* Own namespaces for the whole program; tests are skipped where that is not allowed. */
static bool fix_isolated;

static int fix_isolate(void **state)
{
	(void)state;
	fix_isolated = geteuid() == 0 && !unshare(CLONE_NEWNET);
	if (!fix_isolated)
		print_message("needs root and a network namespace\n");
	return 0;
}

/* ---- requests ---- */

/* gcc 14 takes a member behind `media` for a write into `media` where it inlines these two. */
#define FIX_APART __attribute__((noinline))

/* Every key of every session its own: the model refuses keys used twice. */
static FIX_APART void fix_key(struct ups_nl_key_request *key, uint8_t suite, size_t size,
			      uint32_t session, uint8_t which)
{
	memset(key, 0, sizeof(*key));
	key->suite = suite;
	key->master.size = (uint8_t)size;
	memset(key->master.data, 0xc0 | which, size);
	memcpy(key->master.data + 4, &session, sizeof(session));
}

static FIX_APART void fix_leg(struct ups_nl_leg_request *leg, uint8_t i, uint32_t number, bool srtp)
{
	strcpy(leg->iface, fix_ifaces[i].name);
	leg->mode = srtp ? UPS_NL_MODE_SRTP : UPS_NL_MODE_CLEAR;
	assert_int_equal(ups_addr_parse("192.0.2.1:4000", true, &leg->remote), 0);
	if (!srtp)
		return;
	leg->rx_count = leg->tx_count = 1;
	fix_key(&leg->rx[0], UPS_SUITE_AEAD_AES_128_GCM, 28, number, (uint8_t)(2 * i));
	fix_key(&leg->tx[0], UPS_SUITE_AES_CM_128_HMAC_SHA1_80, 30, number, (uint8_t)(2 * i + 1));
}

static void fix_request(struct ups_nl_session_request *r, uint32_t number, bool srtp)
{
	struct ups_nl_stream_request *stream = &r->stream[0];

	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "call@%u", number);
	r->stream_count = 1;
	strcpy(stream->media, "audio");
	stream->leg_count = 2;
	for (uint8_t i = 0; i < 2; i++)
		fix_leg(&stream->leg[i], i, number, srtp);
}

FIX_INLINE int fix_session_add(struct nlfix *n, uint32_t number, bool srtp)
{
	static struct ups_nl_session_request request;

	fix_request(&request, number, srtp);
	return nlfix_call(n, UPS_NL_CMD_SESSION_ADD, false, &ups_nl_session_request_object,
			  &request);
}

/* ---- set up, tear down, other users ---- */

static struct daemon daemon_;
static struct nlfix nl;

FIX_INLINE int start(void **state)
{
	(void)state;
	if (!fix_isolated)
		return 0;
	daemon_.config = (struct ups_nl_config) { .has_group = true, .group = CONTROL_GROUP };
	daemon_start(&daemon_);
	nlfix_open(&nl, 0);
	return 0;
}

FIX_INLINE int stop(void **state)
{
	(void)state;
	if (!fix_isolated)
		return 0;
	nlfix_close(&nl);
	daemon_stop(&daemon_);
	return 0;
}

#define NEED_ISOLATION()           \
	do {                       \
		(void)state;       \
		if (!fix_isolated) \
			skip();    \
	} while (0)

FIX_INLINE void assert_no_key_in(const struct nlfix *n, uint32_t number)
{
	for (uint8_t which = 0; which < 4; which++) {
		struct ups_nl_key_request key;

		fix_key(&key, 1, 28, number, which);
		for (size_t at = 0; at + 6 <= 28; at++)
			assert_null(memmem(n->answer, n->size, key.master.data + at, 6));
	}
}

/* Runs @what as another user in a child. -> its result, as a positive number */
FIX_INLINE int as_user(uid_t uid, gid_t gid, int (*what)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
			_exit(255);
		_exit(-what() & 255);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

FIX_INLINE int try_list(void)
{
	nlfix_open(&nl, 0);
	return nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, "");
}

#endif
