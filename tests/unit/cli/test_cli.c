// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The command line against daemons of every kind: one that behaves, one that hangs, an impostor on its port id, none. Each runs in a
 * process of its own in a network namespace of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

/* ---- the invented daemon ---- */

enum behaviour { GOOD, SILENT, IMPOSTOR, EVENTS };

static struct {
	unsigned int seen[256]; /* requests by command */
	struct ups_nl_session_request add; /* the last */
} *shared; /* with the child */

struct fake {
	int fd;
	uint32_t to, seq;
	uint8_t buf[UPS_NL_MSG_MAX] __attribute__((aligned(8)));
	uint8_t out[8192] __attribute__((aligned(8)));
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

static int start_good(void **state)
{
	(void)state;
	return start(GOOD);
}
static int start_silent(void **state)
{
	(void)state;
	return start(SILENT);
}
static int start_impostor(void **state)
{
	(void)state;
	return start(IMPOSTOR);
}
static int start_events(void **state)
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
static json_t *json_of(const char *line)
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

/* ---- without a daemon ---- */

static void wrong_command_lines_are_usage_errors(void **state)
{
	static const char *const lines[] = {
		"",
		"nonsense",
		"s",
		"session nonsense",
		"session l x",
		"session del",
		"session show a b",
		"status now",
		"stats x",
		"flow list nonsense a",
		"flow list session",
		"monitor count",
		"monitor count x",
		"key generate",
		"key generate NULL_SHA1",
		"key generate AES",
		"session add",
		"session add c",
		"-x status",
		"--nonsense",
		"help nonsense",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (upsec(lines[i]) != UPS_EXIT_USAGE || !*err || *out)
			fail_msg("\"%s\": out \"%s\" err \"%s\"", lines[i], out, err);
	}
}

static void help_names_every_command(void **state)
{
	static const char *const words[] = { "status",	     "session list", "session add",
					     "session show", "session del",  "flow list",
					     "stats",	     "monitor",	     "key generate",
					     "--json" };

	(void)state;
	assert_int_equal(upsec("help"), 0);
	for (size_t i = 0; i < COUNT(words); i++)
		assert_non_null(strstr(out, words[i]));
	assert_null(strstr(out, "complete"));
	assert_int_equal(upsec("--help session"), 0);
	assert_non_null(strstr(out, "LEG := leg if"));
	assert_int_equal(upsec("session help"), 0);
	assert_non_null(strstr(out, "session del"));
	assert_int_equal(upsec("help key"), 0);
	assert_non_null(strstr(out, "AEAD_AES_256_GCM"));
	assert_int_equal(upsec("-V"), 0);
	assert_string_equal(out, "upsec " UPS_VERSION "\n");
}

static void completion_lists_what_may_follow(void **state)
{
	(void)state;
	assert_int_equal(upsec("complete --"), 0);
	assert_non_null(strstr(out, "session\n"));
	assert_null(strstr(out, "complete\n"));
	assert_int_equal(upsec("complete -- session"), 0);
	assert_string_equal(out, "list\nadd\nshow\ndel\n");
	assert_int_equal(upsec("complete -- key generate"), 0);
	assert_non_null(strstr(out, "AES_CM_128_HMAC_SHA1_32\n"));
	assert_int_equal(upsec("complete -- nonsense here"), 0);
	assert_string_equal(out, "");
}

static void generated_keys_differ(void **state)
{
	char first[128];

	(void)state;
	assert_int_equal(upsec("key generate AEAD_AES_128_GCM"), 0);
	assert_int_equal(strlen(out), 7 + 40 + 1); /* 28 bytes */
	snprintf(first, sizeof(first), "%s", out);
	assert_int_equal(upsec("key gen AEAD_AES_128_GCM"), 0);
	assert_string_not_equal(out, first);
}

static void an_absent_daemon_is_one_sentence(void **state)
{
	static const char *const lines[] = {
		"status",    "stats",	"session list", "session show c", "session del a b c",
		"flow list", "monitor", "-j status"
	};

	NEED_ISOLATION();
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(upsec(lines[i]), UPS_EXIT_NOT_RUNNING);
		assert_string_equal(err,
				    "upsec: upsecd is not running in this network namespace\n");
		assert_string_equal(out, "");
	}
	feed_stdin(KEYS);
	assert_int_equal(upsec(ADD), UPS_EXIT_NOT_RUNNING);
}

/* ---- with one that is none ---- */

static void an_impostor_learns_nothing(void **state)
{
	NEED_ISOLATION();
	feed_stdin(KEYS);
	assert_int_equal(upsec(ADD), UPS_EXIT_FAILED);
	assert_non_null(strstr(err, "taken by uid 65534"));
	assert_non_null(strstr(err, "process"));
	assert_int_equal(shared->seen[UPS_NL_CMD_HELLO], 1);
	assert_int_equal(shared->seen[UPS_NL_CMD_SESSION_ADD], 0);
	assert_string_equal(out, "");
	assert_int_equal(upsec("status"), UPS_EXIT_FAILED);
	assert_int_equal(shared->seen[UPS_NL_CMD_STATUS], 0);
}

static void silence_is_told_after_a_while(void **state)
{
	char holder[64];

	NEED_ISOLATION();
	assert_int_equal(upsec("status"), UPS_EXIT_FAILED);
	assert_non_null(strstr(err, "no answer within 400 ms"));
	/* Root sees who it is. */
	snprintf(holder, sizeof(holder), "taken by uid 65534 (process %d)", fake_pid);
	assert_non_null(strstr(err, holder));
	assert_int_equal(shared->seen[UPS_NL_CMD_STATUS], 0);
}

/* ---- with a good one ---- */

static void add_sends_keys_and_shows_ports(void **state)
{
	const struct ups_nl_leg_request *leg = &shared->add.stream[0].leg[0];
	json_t *value, *last;
	int port;

	NEED_ISOLATION();
	feed_stdin(KEYS);
	assert_int_equal(upsec(ADD), 0);
	assert_string_equal(shared->add.id, "call@1");
	assert_int_equal(leg->rx_count, 1);
	assert_memory_equal(leg->tx[0].master.data, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
	assert_non_null(strstr(out, "192.0.2.1:20010"));
	feed_stdin(KEYS);
	value = json_of("-j " ADD);
	assert_int_equal(json_array_size(json_object_get(value, "streams")), 2);
	assert_null(json_object_get(value, "stream_total"));
	last = json_array_get(json_object_get(value, "streams"), 1);
	last = json_array_get(json_object_get(last, "legs"), 1);
	assert_int_equal(json_unpack(last, "{s:{s:i}}", "advertised", "port", &port), 0);
	assert_int_equal(port, 20110);
	assert_null(strstr(out, "d0Rm"));
	json_decref(value);
}

static void bad_keys_stop_before_the_daemon(void **state)
{
	NEED_ISOLATION();
	feed_stdin("0 0 rx AEAD_AES_128_GCM " KEY "\n");
	assert_int_equal(upsec(ADD), UPS_EXIT_USAGE);
	assert_non_null(strstr(err, "standard input:1: key: expected base64 of 28 bytes"));
	assert_null(strstr(err, "d0Rm"));
	feed_stdin("0 0 rx" KEY_LINE);
	assert_int_equal(upsec(ADD), UPS_EXIT_USAGE);
	assert_non_null(strstr(err, "has no tx key"));
	assert_int_equal(shared->seen[UPS_NL_CMD_HELLO], 0);
}

static void a_session_without_media_is_shown(void **state)
{
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("session show silent"), 0);
	assert_non_null(strstr(out, "session silent\n"));
	assert_null(strstr(out, "stream"));
	value = json_of("-j session show silent");
	assert_int_equal(json_array_size(json_object_get(value, "streams")), 0);
	json_decref(value);
}

static void two_thousand_sessions_are_listed(void **state)
{
	json_t *value, *last;
	const char *id;
	char *at;
	int lines = 0;

	NEED_ISOLATION();
	value = json_of("-j session list");
	assert_int_equal(json_array_size(value), SESSIONS);
	last = json_array_get(value, SESSIONS - 1);
	assert_int_equal(json_unpack(last, "{s:s}", "id", &id), 0);
	assert_string_equal(id, "call@1999");
	assert_int_equal(json_array_size(json_object_get(last, "streams")), 2);
	json_decref(value);
	assert_int_equal(upsec("session"), 0);
	for (at = out; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 1 + 2 * SESSIONS);
	assert_int_equal(upsec("complete -- session del"), 0);
	assert_int_equal(strncmp(out, "call@0\ncall@1\n", 14), 0);
}

static void one_session_is_shown(void **state)
{
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("session show call@5"), 0);
	assert_non_null(strstr(out, "session call@5\n"));
	assert_non_null(strstr(out, "all hops protected: yes"));
	assert_non_null(strstr(out, "xdp (cheapest)"));
	/* What left on leg 0 came in on leg 1. */
	assert_non_null(strstr(out, "packets 70 in, 61 out; drops: replay 3"));
	value = json_of("-j ses sh call@5");
	assert_true(json_is_object(value));
	json_decref(value);
	assert_int_equal(upsec("session show nope"), UPS_EXIT_FAILED);
	assert_string_equal(err, "upsec: there is no session nope\n");
	assert_int_equal(upsec("-j session show nope"), UPS_EXIT_FAILED);
	assert_string_equal(out, "");
}

static void sessions_are_deleted_one_by_one(void **state)
{
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("session del a b"), 0);
	assert_int_equal(shared->seen[UPS_NL_CMD_SESSION_DEL], 2);
	assert_int_equal(upsec("-j session del a nope b"), UPS_EXIT_FAILED);
	assert_non_null(strstr(err, "there is no session nope"));
	assert_int_equal(shared->seen[UPS_NL_CMD_SESSION_DEL], 5);
	value = json_loads(out, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(value, "deleted")), 2);
	json_decref(value);
}

static void figures_in_both_forms(void **state)
{
	json_t *value;
	int n;

	NEED_ISOLATION();
	assert_int_equal(upsec("status"), 0);
	assert_non_null(strstr(out, "upsecd 9.9"));
	value = json_of("-j stats");
	assert_int_equal(
		json_unpack(value, "{s:i, s:{s:i}}", "xdp_tx", &n, "udp_drops", "source", &n), 0);
	assert_int_equal(n, 8);
	json_decref(value);
	assert_int_equal(upsec("stats"), 0);
	assert_non_null(strstr(out, "source 8"));
	value = json_of("-j flow list session call@1");
	assert_int_equal(json_array_size(value), 1);
	assert_int_equal(json_unpack(json_array_get(value, 0), "{s:{s:i}, s:i}", "drops", "auth",
				     &n, "leg", &n),
			 0);
	assert_int_equal(n, 1);
	json_decref(value);
	assert_int_equal(upsec("flow list"), 0);
	assert_non_null(strstr(out, "ssrc deadbeef"));
	assert_non_null(strstr(out, "auth 9"));
}

static void forged_events_are_not_shown(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(upsec("monitor count 3"), 0);
	assert_null(strstr(out, "forged"));
	assert_non_null(strstr(out, "lane"));
	assert_non_null(strstr(out, "call@1 stream 0 leg 1: lane is xdp now"));
}

static void events_are_one_object_on_each_line(void **state)
{
	unsigned int lines = 0;

	NEED_ISOLATION();
	assert_int_equal(upsec("-j monitor count 3"), 0);
	for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *value = json_loads(line, 0, NULL);
		const char *event, *text;

		assert_int_equal(json_unpack(value, "{s:s, s:s}", "event", &event, "text", &text),
				 0);
		assert_string_equal(event, "lane");
		assert_string_equal(text, "lane is xdp now");
		json_decref(value);
		lines++;
	}
	assert_int_equal(lines, 3);
}

#define WITH(setup, name) cmocka_unit_test_setup_teardown(name, setup, stop)
#define ALONE(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(wrong_command_lines_are_usage_errors),
		ALONE(help_names_every_command),
		ALONE(completion_lists_what_may_follow),
		ALONE(generated_keys_differ),
		ALONE(an_absent_daemon_is_one_sentence),
		WITH(start_impostor, an_impostor_learns_nothing),
		WITH(start_silent, silence_is_told_after_a_while),
		WITH(start_good, add_sends_keys_and_shows_ports),
		WITH(start_good, bad_keys_stop_before_the_daemon),
		WITH(start_good, a_session_without_media_is_shown),
		WITH(start_good, two_thousand_sessions_are_listed),
		WITH(start_good, one_session_is_shown),
		WITH(start_good, sessions_are_deleted_one_by_one),
		WITH(start_good, figures_in_both_forms),
		WITH(start_events, forged_events_are_not_shown),
		WITH(start_events, events_are_one_object_on_each_line),
	};

	return cmocka_run_group_tests_name("upsec command", tests, isolate, NULL);
}
