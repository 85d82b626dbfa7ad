/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Invented daemons for tests of the command line: one that behaves, one that hangs, an impostor on the port id, one that sends events.
 * Each runs in a process of its own, in a network namespace of the test's own. And how the tests run commands. Include after cmocka.h.
 */
#ifndef UPS_TEST_CLI_FAKEDAEMON_H
#define UPS_TEST_CLI_FAKEDAEMON_H

#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/addr.h"
#include "cli/cli.h"
#include "nlfix.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SESSIONS 2000
#define NOBODY 65534
#define TIMEOUT_MS 400
#define KEY "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define KEY_LINE " AES_CM_128_HMAC_SHA1_80 " KEY "\n"

#define FAKE_INLINE static inline __attribute__((unused))

/* ---- the invented daemon ---- */

enum behaviour { GOOD, SILENT, IMPOSTOR, EVENTS };

static struct {
	unsigned int seen[256]; /* requests by command */
	struct ups_nl_session_request add; /* the last */
	struct ups_nl_check check; /* the last */
	struct ups_nl_registration registration; /* the last */
} *shared; /* with the child */

struct fake {
	int fd;
	uint32_t to, seq;
	uint8_t buf[UPS_NL_MSG_MAX] __attribute__((aligned(8)));
	uint8_t out[16384] __attribute__((aligned(8)));
};

/* Blocks while the client's buffer is full: it is only a test. A client may leave after it saw who answers. */
static void fake_send(struct fake *f, const struct nlmsghdr *nlh)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = f->to };

	if (sendto(f->fd, nlh, nlh->nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != ECONNREFUSED)
		_exit(4);
}

static void fake_object(struct fake *f, uint8_t cmd, const struct ups_nl_object *object,
			const void *in)
{
	struct nlmsghdr *nlh = ups_nl_msg_init(f->out, cmd, NLM_F_MULTI, f->seq);

	if (ups_nl_encode(object, in, nlh, sizeof(f->out)))
		_exit(5);
	fake_send(f, nlh);
}

static void fake_end(struct fake *f, int type, int err, const char *text)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(f->out);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));

	nlh->nlmsg_type = (uint16_t)type;
	nlh->nlmsg_seq = f->seq;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	error->error = err;
	if (text) {
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	}
	fake_send(f, nlh);
}

/* DTLS on leg 0, an interworking leg 1 */
static void fake_negotiated(struct ups_nl_session *s)
{
	struct ups_nl_leg *leg = s->stream[0].leg;

	s->negotiated = s->answered = true;
	s->last_signal = 1700000000;
	s->compromised = UPS_NL_FACT_YES;
	strcpy(s->caller_tag, "tag-a");
	strcpy(s->callee_tag, "tag-b");
	leg[0].mechanism = UPS_NL_MECHANISM_DTLS;
	leg[0].decided_by = UPS_NL_BY_USER;
	strcpy(leg[0].rule, "users");
	strcpy(leg[0].reason, "the user requires it: DTLS-SRTP");
	leg[0].dtls_role = UPS_NL_DTLS_PASSIVE;
	leg[0].dtls_state = s->stream[0].index ? UPS_NL_DTLS_STATE_WAITING : UPS_NL_DTLS_STATE_UP;
	leg[0].ice = true;
	leg[0].tx_count = leg[0].rx_old_count = leg[0].tx_rtcp_count = 1;
	leg[0].tx[0].suite = UPS_SUITE_AEAD_AES_128_GCM;
	leg[0].tx_rtcp[0].suite = UPS_SUITE_AEAD_AES_256_GCM;
	leg[0].rx_old[0].suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_80;
	if (ups_addr_parse("192.0.2.7", false, &leg[0].source_ip))
		_exit(18);
	leg[1].mode = UPS_NL_MODE_CLEAR;
	leg[1].compromised = true;
	leg[1].ipsec = true;
}

/* One of two streams of an invented session. */
static void fake_session(struct fake *f, uint8_t cmd, const char *id, uint16_t stream)
{
	static struct ups_nl_session s;

	memset(&s, 0, sizeof(s));
	snprintf(s.id, sizeof(s.id), "%s", id);
	s.stream_total = 2;
	s.stream_count = 1;
	s.all_hops = UPS_NL_FACT_YES;
	s.stream[0].index = stream;
	strcpy(s.stream[0].media, stream ? "video" : "audio");
	s.stream[0].leg_count = 2;
	for (uint16_t i = 0; i < 2; i++) {
		struct ups_nl_leg *leg = &s.stream[0].leg[i];

		strcpy(leg->iface, i ? "core" : "access");
		leg->mode = UPS_NL_MODE_SRTP;
		if (ups_addr_parse("192.0.2.1:1000", true, &leg->local) ||
		    ups_addr_parse("192.0.2.9:4000", true, &leg->remote))
			_exit(6);
		ups_addr_set_port(&leg->local, (uint16_t)(20000 + 100 * stream + 10 * i));
		leg->advertised = leg->local;
		leg->flow_count = 1;
		leg->flow[0].lane = UPS_NL_LANE_XDP;
		strcpy(leg->flow[0].reason, "cheapest");
		leg->flow[0].lane_stats_count = 1;
		leg->flow[0].lane_stats[0] = (struct ups_nl_lane_stats) { .lane = UPS_NL_LANE_XDP,
									  .rx_packets = 70 + i,
									  .tx_packets = 60 + i };
		leg->flow[0].drops[UPS_DROP_REPLAY] = 3;
	}
	if (!strcmp(id, "negotiated@1"))
		fake_negotiated(&s);
	fake_object(f, cmd, &ups_nl_session_object, &s);
}

static void fake_get(struct fake *f, const struct ups_nl_select *select, bool dump)
{
	char id[64];

	if (*select->id && !strcmp(select->id, "nope")) {
		fake_end(f, NLMSG_ERROR, UPS_E_NO_SESSION, "there is no session nope");
		return;
	}
	for (unsigned int i = 0; dump && i < SESSIONS; i++) {
		snprintf(id, sizeof(id), "call@%u", i);
		fake_session(f, UPS_NL_CMD_SESSION_GET, id, 0);
		fake_session(f, UPS_NL_CMD_SESSION_GET, id, 1);
	}
	if (!strcmp(select->id, "silent")) {
		static struct ups_nl_session silent = { .id = "silent",
							.all_hops = UPS_NL_FACT_NO };

		fake_object(f, UPS_NL_CMD_SESSION_GET, &ups_nl_session_object, &silent);
	} else if (!dump) {
		fake_session(f, UPS_NL_CMD_SESSION_GET, select->id, 0);
		fake_session(f, UPS_NL_CMD_SESSION_GET, select->id, 1);
	}
	fake_end(f, dump ? NLMSG_DONE : NLMSG_ERROR, 0, NULL);
}

static void fake_flows(struct fake *f)
{
	static struct ups_nl_flow flow = { .session = "call@1",
					   .media = "audio",
					   .iface = "core",
					   .leg = 1,
					   .reason = "only one",
					   .ssrc_count = 1 };

	flow.ssrc[0].id = 0xdeadbeef;
	flow.drops[UPS_DROP_AUTH] = 9;
	fake_object(f, UPS_NL_CMD_FLOW_GET, &ups_nl_flow_object, &flow);
	fake_end(f, NLMSG_DONE, 0, NULL);
}

/* ---- registrations and policy ---- */

static void fake_registrations(struct fake *f)
{
	struct ups_nl_registration r = { .address = "alice@example.net", .expires = 600 };

	if (ups_addr_parse("192.0.2.7", false, &r.source))
		_exit(15);
	fake_object(f, UPS_NL_CMD_REGISTRATION_GET, &ups_nl_registration_object, &r);
	strcpy(r.address, "bob@example.net");
	r.expires = 0;
	fake_object(f, UPS_NL_CMD_REGISTRATION_GET, &ups_nl_registration_object, &r);
	fake_end(f, NLMSG_DONE, 0, NULL);
}

static void fake_rules(struct fake *f)
{
	struct ups_nl_rule rule = { .name = "users",
				    .text = "users: conv -> require, mechanisms dtls sdes" };

	fake_object(f, UPS_NL_CMD_POLICY_GET, &ups_nl_rule_object, &rule);
	strcpy(rule.text, "built-in: any leg -> require");
	strcpy(rule.name, "built-in");
	fake_object(f, UPS_NL_CMD_POLICY_GET, &ups_nl_rule_object, &rule);
	fake_end(f, NLMSG_DONE, 0, NULL);
}

/* Audio is always accepted; video, if the session description has any, is refused; "x=none" has nothing accepted. */
static void fake_verdict(const struct ups_nl_check *check, struct ups_nl_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->stream_count = memmem(check->sdp, check->sdp_size, "m=video", 7) ? 2 : 1;
	for (uint16_t i = 0; i < v->stream_count; i++) {
		struct ups_nl_verdict_stream *stream = &v->stream[i];

		stream->index = i;
		strcpy(stream->media, i ? "video" : "audio");
		stream->refused = i;
		v->refused |= i;
		stream->leg_count = UPS_NL_LEG_MAX;
		strcpy(stream->leg[0].iface, check->from);
		strcpy(stream->leg[1].iface, check->to);
		stream->leg[0].mechanism = UPS_NL_MECHANISM_SDES;
		stream->leg[0].decided_by = UPS_NL_BY_USER;
		strcpy(stream->leg[0].rule, "users");
		strcpy(stream->leg[0].reason, "the user asks for it: SDES");
		stream->leg[1].compromised = !i;
		strcpy(stream->leg[1].rule, "pstn");
	}
	if (memmem(check->sdp, check->sdp_size, "x=none", 6)) {
		v->refused = true;
		v->stream_count = 0;
		strcpy(v->reason, "alice@example.net is not registered");
	}
}

static void fake_check(struct fake *f)
{
	static struct ups_nl_verdict v;
	const char *piece[] = { "v=0\r\n", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...\r\n" };

	fake_verdict(&shared->check, &v);
	fake_object(f, UPS_NL_CMD_POLICY_CHECK, &ups_nl_verdict_object, &v);
	for (int i = 0; shared->check.want_sdp && !v.reason[0] && i < 2; i++) {
		memset(&v, 0, sizeof(v));
		v.sdp_size = (uint32_t)strlen(piece[i]);
		memcpy(v.sdp, piece[i], v.sdp_size);
		fake_object(f, UPS_NL_CMD_POLICY_CHECK, &ups_nl_verdict_object, &v);
	}
	fake_end(f, NLMSG_ERROR, 0, NULL);
}

/* -> whether the command was one of these */
static bool fake_serve_policy(struct fake *f, uint8_t cmd, const void *attrs, size_t size)
{
	const struct ups_nl_object *object = cmd == UPS_NL_CMD_REGISTRATION_ADD
						     ? &ups_nl_registration_add_object
						     : &ups_nl_registration_del_object;

	switch (cmd) {
	case UPS_NL_CMD_REGISTRATION_GET:
		fake_registrations(f);
		return true;
	case UPS_NL_CMD_POLICY_GET:
		fake_rules(f);
		return true;
	case UPS_NL_CMD_POLICY_CHECK:
		if (ups_nl_decode(&ups_nl_check_object, attrs, size, true, &shared->check, NULL))
			_exit(16);
		fake_check(f);
		return true;
	case UPS_NL_CMD_REGISTRATION_ADD:
	case UPS_NL_CMD_REGISTRATION_DEL:
		if (ups_nl_decode(object, attrs, size, true, &shared->registration, NULL))
			_exit(17);
		if (!strcmp(shared->registration.address, "nobody@example.net"))
			fake_end(f, NLMSG_ERROR, UPS_E_REGISTRATION, "nobody is not registered");
		else
			fake_end(f, NLMSG_ERROR, 0, NULL);
		return true;
	default:
		return false;
	}
}

/* ---- events ---- */

static void fake_event(int fd, const char *text)
{
	static uint8_t buf[1024] __attribute__((aligned(8)));
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct nlmsghdr *nlh = ups_nl_msg_init(buf, UPS_NL_CMD_EVENT, 0, 0);
	struct ups_nl_event event = {
		.type = UPS_NL_EVENT_TYPE_LANE, .time = 1700000000123, .session = "call@1", .leg = 1
	};

	strcpy(event.text, text);
	if (ups_nl_encode(&ups_nl_event_object, &event, nlh, sizeof(buf)))
		_exit(7);
	(void)!sendto(fd, buf, nlh->nlmsg_len, 0, (struct sockaddr *)&to, sizeof(to));
}

/*
 * For a second, since the client joins the group some time after HELLO: true events, each behind the same from a program that is not
 * the daemon.
 */
static void fake_events(struct fake *f)
{
	int go[2];
	char byte = 0;
	pid_t pid = pipe(go) ? -1 : fork();

	if (!pid) {
		int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);

		close(f->fd); /* else it holds the port id a moment longer than the daemon */
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(8);
		close(go[1]);
		while (read(go[0], &byte, 1) == 1)
			fake_event(fd, "forged");
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		if (write(go[1], &byte, 1) != 1)
			_exit(14);
		usleep(20000);
		fake_event(f->fd, "lane is xdp now");
	}
	close(go[0]);
	close(go[1]);
}

static void fake_serve(struct fake *f, const struct nlmsghdr *nlh, enum behaviour behaviour)
{
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const void *attrs = (const uint8_t *)nlh + headers;
	const struct ups_nl_hdr *hdr = mnl_nlmsg_get_payload(nlh);
	struct ups_nl_hello hello = { .version = "9.9", .pid = (uint32_t)getpid() };
	static struct ups_nl_status status = { .version = "9.9", .crypto = "none", .xdp = true };
	static struct ups_nl_stats stats = { .xdp_tx = 5 };
	struct ups_nl_select select = { "" };

	shared->seen[hdr->cmd]++;
	f->seq = nlh->nlmsg_seq;
	if (behaviour == SILENT)
		return;
	if (fake_serve_policy(f, hdr->cmd, attrs, nlh->nlmsg_len - headers))
		return;
	stats.udp_drops[UPS_DROP_SOURCE] = 8;
	switch (hdr->cmd) {
	case UPS_NL_CMD_HELLO:
		fake_object(f, hdr->cmd, &ups_nl_hello_object, &hello);
		break;
	case UPS_NL_CMD_STATUS:
		fake_object(f, hdr->cmd, &ups_nl_status_object, &status);
		break;
	case UPS_NL_CMD_STATS_GET:
		fake_object(f, hdr->cmd, &ups_nl_stats_object, &stats);
		break;
	case UPS_NL_CMD_SESSION_ADD:
		if (ups_nl_decode(&ups_nl_session_request_object, attrs, nlh->nlmsg_len - headers,
				  true, &shared->add, NULL))
			_exit(9);
		fake_session(f, hdr->cmd, shared->add.id, 0);
		fake_session(f, hdr->cmd, shared->add.id, 1);
		break;
	case UPS_NL_CMD_FLOW_GET:
		fake_flows(f);
		return;
	default:
		if (ups_nl_decode(&ups_nl_select_object, attrs, nlh->nlmsg_len - headers, true,
				  &select, NULL))
			_exit(10);
		if (hdr->cmd == UPS_NL_CMD_SESSION_GET || !strcmp(select.id, "nope")) {
			fake_get(f, &select, (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
			return;
		}
	}
	fake_end(f, NLMSG_ERROR, 0, NULL);
	if (behaviour == EVENTS)
		fake_events(f);
}

static void fake_run(enum behaviour behaviour, int ready)
{
	static struct fake f;
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_pid = UPS_NL_PORT };
	uid_t uid = behaviour == IMPOSTOR || behaviour == SILENT ? NOBODY : 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setresuid(uid, uid, uid))
		_exit(11);
	f.fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	if (bind(f.fd, (struct sockaddr *)&self, sizeof(self)) || write(ready, "1", 1) != 1)
		_exit(12);
	for (;;) {
		struct sockaddr_nl from;
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(f.fd, f.buf, sizeof(f.buf), 0, (struct sockaddr *)&from,
					&from_size);

		if (size < (ssize_t)(MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr)))
			_exit(13);
		f.to = from.nl_pid;
		fake_serve(&f, (const struct nlmsghdr *)f.buf, behaviour);
	}
}

/* ---- running commands ---- */

static bool isolated;
static pid_t fake_pid;
static char *out, *err;

static int isolate(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -1;
	isolated = geteuid() == 0 && !unshare(CLONE_NEWNET);
	if (!isolated)
		print_message("needs root and a network namespace\n");
	return 0;
}

static int start(enum behaviour behaviour)
{
	int ready[2];
	char byte;

	memset(shared, 0, sizeof(*shared));
	if (!isolated)
		return 0;
	if (pipe(ready))
		return -1;
	fflush(NULL);
	fake_pid = fork();
	if (!fake_pid)
		fake_run(behaviour, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	return 0;
}

FAKE_INLINE int start_good(void **state)
{
	(void)state;
	return start(GOOD);
}
FAKE_INLINE int start_silent(void **state)
{
	(void)state;
	return start(SILENT);
}
FAKE_INLINE int start_impostor(void **state)
{
	(void)state;
	return start(IMPOSTOR);
}
FAKE_INLINE int start_events(void **state)
{
	(void)state;
	return start(EVENTS);
}

/* Ends what the test started; it must still be there, that is, have understood everything. */
static int stop(void **state)
{
	int status;

	(void)state;
	free(out);
	free(err);
	out = err = NULL;
	if (!isolated || !fake_pid)
		return 0;
	kill(fake_pid, SIGTERM);
	waitpid(fake_pid, &status, 0);
	fake_pid = 0;
	if (!WIFSIGNALED(status))
		print_message("fake daemon: exit status %d\n", WEXITSTATUS(status));
	return !WIFSIGNALED(status);
}

#define NEED_ISOLATION()        \
	do {                    \
		(void)state;    \
		if (!isolated)  \
			skip(); \
	} while (0)

/* Runs "upsec @line"; what it writes is in out and err. -> exit status */
static int upsec(const char *line)
{
	static char copy[4096];
	char *argv[256] = { copy };
	int argc = 0, status;
	size_t out_size, err_size;
	struct ups_cli cli = { .timeout_ms = TIMEOUT_MS };

	snprintf(copy, sizeof(copy), "upsec %s", line);
	for (char *w = strtok(copy, " "); w && argc < 255; w = strtok(NULL, " "))
		argv[argc++] = w;
	free(out);
	free(err);
	cli.out = open_memstream(&out, &out_size);
	cli.err = open_memstream(&err, &err_size);
	assert_non_null(cli.out);
	assert_non_null(cli.err);
	status = ups_cli_run(&cli, argc, argv);
	fclose(cli.out);
	fclose(cli.err);
	return status;
}

/* The output as JSON; the caller drops it. */
FAKE_INLINE json_t *json_of(const char *line)
{
	json_error_t error;
	json_t *value;

	if (upsec(line))
		fail_msg("%s: %s", line, err);
	value = json_loads(out, 0, &error);
	if (!value)
		fail_msg("%s: %s in %s", line, error.text, out);
	return value;
}

static void feed_stdin(const char *text)
{
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], text, strlen(text)), strlen(text));
	close(pipes[1]);
	assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
	close(pipes[0]);
}

#define ADD                                                                            \
	"session add call@1 keys - stream media audio leg if access mode srtp remote " \
	"192.0.2.10:4000 leg if core mode clear remote 192.0.2.11:5000"
#define KEYS "0 0 rx" KEY_LINE "0 0 tx" KEY_LINE

#endif
