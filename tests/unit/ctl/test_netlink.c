// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The netlink listener: commands, permissions, hostile input, large dumps, slow readers, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fixture.h"
#include "rng.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
static int start_restricted(void **state)
{
	(void)state;
	if (!fix_isolated)
		return 0;
	daemon_.config = (struct ups_nl_config) { .read_restricted = true };
	daemon_start(&daemon_);
	nlfix_open(&nl, 0);
	return 0;
}

/* ---- commands ---- */

static void hello_status_and_stats(void **state)
{
	static struct ups_nl_status status;
	static struct ups_nl_stats stats;
	struct ups_nl_hello hello;

	NEED_ISOLATION();
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_HELLO, false, NULL, NULL), 0);
	nlfix_object(&nl, 0, &ups_nl_hello_object, &hello);
	assert_int_equal(hello.pid, daemon_.pid);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	nlfix_object(&nl, 0, &ups_nl_status_object, &status);
	assert_string_equal(status.version, UPS_VERSION);
	assert_string_equal(status.crypto, "invented");
	assert_string_equal(status.device[0].name, "lo");
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATS_GET, false, NULL, NULL), 0);
	nlfix_object(&nl, 0, &ups_nl_stats_object, &stats);
	assert_int_equal(stats.xdp_tx, 11);
	assert_int_equal(stats.xdp_passes[UPS_PASS_RTCP], 12);
	assert_int_equal(stats.xdp_drops[UPS_DROP_AUTH], 13);
	assert_int_equal(stats.udp_drops[UPS_DROP_SOURCE], 14);
}

static void check_session(const struct ups_nl_session *s, const char *id)
{
	const struct ups_nl_leg *leg = s->stream[0].leg;

	assert_string_equal(s->id, id);
	assert_int_equal(s->stream_total, 1);
	assert_int_equal(s->all_hops, UPS_NL_FACT_YES);
	assert_int_equal(s->end_to_end, UPS_NL_FACT_NO);
	assert_int_equal(s->compromised, UPS_NL_FACT_NO);
	assert_string_equal(leg[0].iface, "access");
	assert_int_equal(leg[1].kind, UPS_NL_KIND_NNI);
	assert_int_equal(leg[0].source, UPS_NL_SOURCE_STRICT);
	assert_in_range(ups_addr_port(&leg[0].local), 10000, 30001);
	assert_int_equal(ups_addr_port(&leg[0].local_rtcp), ups_addr_port(&leg[0].local) + 1);
	assert_int_equal(leg[0].advertised.port, leg[0].local.port);
	assert_int_equal(leg[0].advertised.ip[12], 203);
	assert_int_equal(leg[0].rx[0].suite, UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(leg[1].tx[0].suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_true(leg[0].rx[0].rtp_used >= 5);
	assert_int_equal(leg[0].flow[0].lane, UPS_NL_LANE_XDP);
	assert_string_equal(leg[0].flow[0].reason, "b??se text?[m"); /* nothing for a terminal */
	assert_int_equal(leg[1].flow[0].drops[UPS_DROP_REPLAY], leg[1].flow[0].slot + 1);
}

static void a_session_comes_and_goes(void **state)
{
	static struct ups_nl_session session;
	static struct ups_nl_flow flow;

	NEED_ISOLATION();
	assert_int_equal(fix_session_add(&nl, 1, true), 0);
	assert_int_equal(nl.objects, 1);
	nlfix_object(&nl, 0, &ups_nl_session_object, &session);
	check_session(&session, "call@1");
	assert_int_equal(fix_session_add(&nl, 1, true), UPS_E_SESSION_EXISTS);
	assert_string_not_equal(nl.text.text, "");
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "call@1"), 0);
	nlfix_object(&nl, 0, &ups_nl_session_object, &session);
	check_session(&session, "call@1");
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "call@2"),
			 UPS_E_NO_SESSION);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_FLOW_GET, true, "call@1"), 0);
	assert_int_equal(nl.objects, 2);
	nlfix_object(&nl, 1, &ups_nl_flow_object, &flow);
	assert_string_equal(flow.session, "call@1");
	assert_int_equal(flow.leg, 1);
	assert_string_equal(flow.iface, "core");
	assert_int_equal(flow.lane_stats[0].rx_packets, 1000 + flow.slot);
	assert_int_equal(flow.ssrc[0].id, 0xabcd0000u + flow.slot);
	assert_int_equal(flow.last_rx, 77);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, "call@1"), 0);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, "call@1"),
			 UPS_E_NO_SESSION);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_FLOW_GET, true, "call@1"), UPS_E_NO_SESSION);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, ""), 0);
	assert_int_equal(nl.objects, 0);
}

static void the_largest_request_fits(void **state)
{
	static struct ups_nl_session_request r;
	static struct ups_nl_session session;

	NEED_ISOLATION();
	fix_request(&r, 7, true);
	memset(r.id, 'i', UPS_NL_ID_MAX);
	r.stream_count = UPS_NL_STREAM_MAX;
	for (uint32_t i = 0; i < UPS_NL_STREAM_MAX; i++) {
		r.stream[i] = r.stream[0];
		for (uint32_t k = 0; k < 8; k++) {
			struct ups_nl_leg_request *leg = &r.stream[i].leg[k / 4];
			struct ups_nl_key_request *key = &leg->rx[k % 4];

			leg->rx_count = UPS_NL_RX_KEY_MAX;
			fix_key(key, UPS_SUITE_AES_256_CM_HMAC_SHA1_80, 46, 100 + i,
				(uint8_t)(8 + k));
			key->mki_len = UPS_NL_MKI_MAX;
			memset(key->mki, 'm', sizeof(key->mki));
			key->mki[0] = (uint8_t)k;
			fix_key(&leg->tx[0], UPS_SUITE_AEAD_AES_256_GCM, 44, 100 + i,
				(uint8_t)(16 + k / 4));
		}
	}
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_SESSION_ADD, false,
				    &ups_nl_session_request_object, &r),
			 0);
	assert_int_equal(nl.objects, UPS_NL_STREAM_MAX);
	for (unsigned int i = 0; i < nl.objects; i++) {
		nlfix_object(&nl, i, &ups_nl_session_object, &session);
		assert_int_equal(session.stream_total, UPS_NL_STREAM_MAX);
		assert_int_equal(session.stream[0].index, i);
		assert_int_equal(session.stream[0].leg[1].rx_count, UPS_NL_RX_KEY_MAX);
	}
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, r.id), 0);
}

static void a_key_of_the_wrong_size_is_refused(void **state)
{
	static struct ups_nl_session_request r;

	NEED_ISOLATION();
	fix_request(&r, 8, true);
	r.stream[0].leg[1].tx[0].master.size = 28;
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_SESSION_ADD, false,
				    &ups_nl_session_request_object, &r),
			 UPS_E_KEY_LENGTH);
	assert_non_null(strstr(nl.text.text, "stream 0 leg 1"));
	r.stream[0].leg[1].tx[0].suite = UPS_SUITE_NONE;
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_SESSION_ADD, false,
				    &ups_nl_session_request_object, &r),
			 UPS_E_SUITE);
}

/* ---- secrets ---- */

static void no_answer_holds_a_key(void **state)
{
	const struct {
		uint8_t cmd;
		bool dump;
		const char *id;
	} calls[] = {
		{ UPS_NL_CMD_SESSION_GET, false, "call@9" },
		{ UPS_NL_CMD_SESSION_GET, true, "" },
		{ UPS_NL_CMD_FLOW_GET, true, "" },
		{ UPS_NL_CMD_FLOW_GET, true, "call@9" },
	};

	NEED_ISOLATION();
	assert_int_equal(fix_session_add(&nl, 9, true), 0);
	assert_no_key_in(&nl, 9);
	/* Refused: the answer repeats nothing of the request. */
	assert_int_equal(fix_session_add(&nl, 9, true), UPS_E_SESSION_EXISTS);
	assert_no_key_in(&nl, 9);
	for (size_t i = 0; i < COUNT(calls); i++) {
		assert_int_equal(nlfix_select(&nl, calls[i].cmd, calls[i].dump, calls[i].id), 0);
		assert_true(nl.objects > 0);
		assert_no_key_in(&nl, 9);
	}
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	assert_no_key_in(&nl, 9);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, "call@9"), 0);
}

static bool file_holds(FILE *mem, long from, long to, const void *what, size_t size)
{
	static char chunk[1 << 20];

	for (long at = from; at < to; at += (long)sizeof(chunk) / 2) {
		size_t n;

		if (fseek(mem, at, SEEK_SET))
			return false;
		n = fread(chunk, 1, sizeof(chunk), mem);
		if (n > (size_t)(to - at))
			n = (size_t)(to - at);
		if (memmem(chunk, n, what, size))
			return true;
	}
	return false;
}

/* Whether the process's writable memory holds the bytes. */
static bool process_holds(pid_t pid, const void *what, size_t size)
{
	char path[64], line[256], mode[8];
	FILE *maps, *mem;
	bool found = false;
	long from, to;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = fopen(path, "r");
	assert_non_null(maps);
	assert_non_null(mem);
	while (!found && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", (unsigned long *)&from, (unsigned long *)&to,
			   mode) == 3 &&
		    mode[1] == 'w' && to - from < 64 << 20)
			found = file_holds(mem, from, to, what, size);
	}
	fclose(maps);
	fclose(mem);
	return found;
}

static void refused_keys_leave_no_trace_in_memory(void **state)
{
	static struct ups_nl_session_request r;
	static const char sign[] = "find me in the daemon's memory";

	NEED_ISOLATION();
	fix_request(&r, 10, true);
	memcpy(r.stream[0].leg[0].rx[0].master.data, sign, 28);
	strcpy(r.stream[0].leg[1].iface, "nowhere");
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_SESSION_ADD, false,
				    &ups_nl_session_request_object, &r),
			 UPS_E_NO_INTERFACE);
	/* The answer leaves before the buffers are wiped; the next answer comes after. */
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	/* The search is able to find: this text is in the listener's own list of interfaces. */
	assert_true(process_holds(daemon_.pid, fix_ifaces[0].name, 6));
	assert_false(process_holds(daemon_.pid, sign, 28));
}

static void checked_session_descriptions_leave_no_trace_in_memory(void **state)
{
	static struct ups_nl_check check = { .from = "access", .to = "core", .want_sdp = true };
	static const char sdp[] = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"
				  "Rm9yZ2V0IG1lIGluIHRoZSBkYWVtb24ncyBtZW0h\r\n";

	NEED_ISOLATION();
#ifdef __SANITIZE_ADDRESS__
	print_message("the sanitizer keeps copies of its own of what a stack held\n");
	skip();
#endif
	check.sdp_size = sizeof(sdp) - 1;
	memcpy(check.sdp, sdp, check.sdp_size);
	for (unsigned int round = 0; round < 2; round++) {
		check.from[0] = round ? 'x' : 'a'; /* judged, and refused on the way */
		assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_POLICY_CHECK, false,
					    &ups_nl_check_object, &check),
				 round ? UPS_E_NO_INTERFACE : 0);
		assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
		assert_false(process_holds(daemon_.pid, "Rm9yZ2V0IG1lIGlu", 16));
	}
}

/* ---- permissions ---- */

static int try_hello(void)
{
	nlfix_open(&nl, 0);
	return nlfix_call(&nl, UPS_NL_CMD_HELLO, false, NULL, NULL);
}

static int try_add(void)
{
	int err;

	nlfix_open(&nl, 0);
	err = fix_session_add(&nl, 20, true);
	return err == -EPERM && !strstr(nl.text.text, "root") ? -EBADMSG : err;
}

static int try_del(void)
{
	nlfix_open(&nl, 0);
	return nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, "call@20");
}

static int try_status(void)
{
	nlfix_open(&nl, 0);
	return nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL);
}

/* Permissions come before the contents are looked at. */
static int try_garbage_add(void)
{
	uint8_t buf[64] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = ups_nl_msg_init(buf, UPS_NL_CMD_SESSION_ADD, NLM_F_REQUEST, 1);

	nlfix_open(&nl, 0);
	mnl_attr_put(nlh, 200, 4, "junk");
	nlfix_send(&nl, buf, nlh->nlmsg_len, 0);
	return nlfix_answer(&nl, 2000);
}

/* Claims root's credentials, which the kernel allows root only. */
static int try_forged_credentials(void)
{
	uint8_t buf[64] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = ups_nl_msg_init(buf, UPS_NL_CMD_SESSION_DEL, NLM_F_REQUEST, 1);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = UPS_NL_PORT };
	struct ucred cred = { .pid = 1, .uid = 0, .gid = 0 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(cred))] = { 0 };
	struct iovec iov = { buf, nlh->nlmsg_len };
	struct msghdr msg = { .msg_name = &to,
			      .msg_namelen = sizeof(to),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_CREDENTIALS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(cmsg), &cred, sizeof(cred));
	nlfix_open(&nl, 0);
	return sendmsg(nl.fd, &msg, 0) < 0 ? -errno : nlfix_answer(&nl, 2000);
}

static void others_may_read_but_not_change(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(fix_session_add(&nl, 20, true), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_hello), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_status), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_list), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_add), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_garbage_add), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_del), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_forged_credentials), EPERM);
	/* The session is still there. */
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "call@20"), 0);
}

static void the_group_may_change(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(fix_session_add(&nl, 20, true), 0);
	assert_int_equal(as_user(NOBODY, CONTROL_GROUP + 1, try_del), EPERM);
	assert_int_equal(as_user(NOBODY - 1, CONTROL_GROUP, try_del), 0);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "call@20"),
			 UPS_E_NO_SESSION);
}

/* By the user database: a table of groups of our own, seen by this program and its children only. */
static bool make_member(const char *user)
{
	char path[] = "/tmp/ups-group-XXXXXX";
	int fd = mkstemp(path);
	bool done = fd >= 0 && dprintf(fd, "control:x:%d:%s\n", CONTROL_GROUP, user) > 0 &&
		    !fchmod(fd, 0644) && !unshare(CLONE_NEWNS) &&
		    !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		    !mount(path, "/etc/group", NULL, MS_BIND, NULL);

	if (fd >= 0)
		close(fd);
	unlink(path);
	return done;
}

static void members_by_the_user_database_may_change(void **state)
{
	const struct passwd *member;

	NEED_ISOLATION();
	member = getpwuid(1);
	if (!member || !make_member(member->pw_name)) {
		print_message("needs a user with uid 1 and a mount namespace\n");
		skip();
	}
	nlfix_close(&nl);
	daemon_stop(&daemon_);
	start(NULL); /* again, in the new mount namespace */
	assert_int_equal(fix_session_add(&nl, 20, true), 0);
	assert_int_equal(as_user(12345, 12345, try_del), EPERM); /* no such user */
	assert_int_equal(as_user(NOBODY, NOBODY, try_del), EPERM);
	assert_int_equal(as_user(1, 1, try_del), 0);
}

static void restricted_reading_leaves_only_hello(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(as_user(NOBODY, NOBODY, try_hello), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_status), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_list), EPERM);
	assert_int_equal(as_user(NOBODY, CONTROL_GROUP, try_list), EPERM);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
}

/* ---- hostile input ---- */

static uint8_t raw[UPS_NL_MSG_MAX + 8192] __attribute__((aligned(8)));

static struct nlmsghdr *raw_message(uint8_t cmd)
{
	return ups_nl_msg_init(raw, cmd, NLM_F_REQUEST | NLM_F_ACK, ++nl.seq);
}

static int raw_call(size_t size)
{
	assert_int_equal(nlfix_send(&nl, raw, size, 0), 0);
	return nlfix_answer(&nl, 1000);
}

static void versions_commands_and_types(void **state)
{
	struct nlmsghdr *nlh;
	struct ups_nl_hdr *hdr;

	NEED_ISOLATION();
	nlh = raw_message(UPS_NL_CMD_STATUS);
	hdr = mnl_nlmsg_get_payload(nlh);
	hdr->version = UPS_NL_VERSION + 1;
	assert_int_equal(raw_call(nlh->nlmsg_len), -EPROTONOSUPPORT);
	assert_non_null(strstr(nl.text.text, "version 1"));
	for (unsigned int cmd = 0; cmd < 256; cmd++) {
		if (cmd >= UPS_NL_CMD_HELLO && cmd <= UPS_NL_CMD_POLICY_CHECK &&
		    cmd != UPS_NL_CMD_EVENT)
			continue;
		nlh = raw_message((uint8_t)cmd);
		assert_int_equal(raw_call(nlh->nlmsg_len), -EOPNOTSUPP);
	}
	nlh = raw_message(UPS_NL_CMD_STATUS);
	nlh->nlmsg_type = UPS_NL_TYPE + 1;
	assert_int_equal(raw_call(nlh->nlmsg_len), -EBADMSG);
	nlh = raw_message(UPS_NL_CMD_STATUS);
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN + 2;
	assert_int_equal(raw_call(nlh->nlmsg_len), -EBADMSG);
	nlh = raw_message(UPS_NL_CMD_STATUS);
	mnl_attr_put_u32(nlh, 1, 1);
	assert_int_equal(raw_call(nlh->nlmsg_len), -EINVAL);
	nlh = raw_message(UPS_NL_CMD_SESSION_GET);
	assert_int_equal(raw_call(nlh->nlmsg_len), -EINVAL); /* neither id nor dump */
	nlh = raw_message(UPS_NL_CMD_SESSION_DEL);
	assert_int_equal(raw_call(nlh->nlmsg_len), -EINVAL);
	nlh = raw_message(UPS_NL_CMD_FLOW_GET);
	assert_int_equal(raw_call(nlh->nlmsg_len), -EINVAL);
}

static void what_is_no_request_gets_no_answer(void **state)
{
	struct nlmsghdr *nlh;

	NEED_ISOLATION();
	/* An error message, as a confused daemon would send. */
	nlh = raw_message(UPS_NL_CMD_STATUS);
	nlh->nlmsg_flags = 0;
	nlh->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(raw_call(nlh->nlmsg_len), -ETIMEDOUT);
	/* Fewer bytes than a header, and a header that lies about its length. */
	assert_int_equal(raw_call(7), -ETIMEDOUT);
	nlh = raw_message(UPS_NL_CMD_STATUS);
	nlh->nlmsg_len = UINT32_MAX;
	assert_int_equal(raw_call(MNL_NLMSG_HDRLEN + 4), -ETIMEDOUT);
	/* To the group of events. The kernel's own refusal of the unicast part is ECONNREFUSED. */
	nlh = raw_message(UPS_NL_CMD_STATUS);
	nlfix_send(&nl, raw, nlh->nlmsg_len, 1);
	assert_int_equal(nlfix_answer(&nl, 200), -ETIMEDOUT);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
}

static void a_forged_sender_changes_nothing(void **state)
{
	struct nlmsghdr *nlh;

	NEED_ISOLATION();
	for (uint32_t forged = 0; forged < 2; forged++) {
		nlh = raw_message(UPS_NL_CMD_STATUS);
		nlh->nlmsg_pid = forged ? UPS_NL_PORT : 0;
		assert_int_equal(raw_call(nlh->nlmsg_len), 0);
		assert_int_equal(nl.objects, 1);
	}
}

static void a_datagram_too_large_is_refused(void **state)
{
	struct nlmsghdr *nlh;

	NEED_ISOLATION();
	nlh = raw_message(UPS_NL_CMD_SESSION_ADD);
	memset(raw + nlh->nlmsg_len, 0, 4096);
	nlh->nlmsg_len = UPS_NL_MSG_MAX + 4;
	assert_int_equal(raw_call(nlh->nlmsg_len), -EMSGSIZE);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
}

static void several_requests_share_a_datagram(void **state)
{
	struct nlmsghdr *nlh;
	size_t one;

	NEED_ISOLATION();
	nlh = raw_message(UPS_NL_CMD_STATUS);
	one = nlh->nlmsg_len;
	memcpy(raw + one, raw, one);
	assert_int_equal(raw_call(2 * one), 0);
	assert_int_equal(nl.objects, 1);
	assert_int_equal(nlfix_answer(&nl, 1000), 0);
	assert_int_equal(nl.objects, 1);
}

static void garbage_is_survived(void **state)
{
	static struct ups_nl_session_request request;
	struct rng r = { .state = 11 };

	NEED_ISOLATION();
	for (unsigned int round = 0; round < 3000; round++) {
		struct nlmsghdr *nlh = raw_message(UPS_NL_CMD_SESSION_ADD);
		size_t headers = nlh->nlmsg_len;

		fix_request(&request, 30, true);
		strcpy(request.stream[0].leg[0].iface, "nowhere"); /* never added */
		assert_int_equal(ups_nl_encode(&ups_nl_session_request_object, &request, nlh,
					       sizeof(raw)),
				 0);
		for (unsigned int n = 1 + rng_below(&r, 8); n; n--)
			raw[headers + rng_below(&r, (uint32_t)(nlh->nlmsg_len - headers))] ^=
				(uint8_t)(1 + rng_below(&r, 255));
		if (rng_one_in(&r, 4))
			nlh->nlmsg_len = (uint32_t)headers + rng_below(&r, nlh->nlmsg_len - 20);
		if (raw_call(nlh->nlmsg_len) >= 0)
			fail_msg("round %u was accepted", round);
	}
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
}

/* ---- the port id ---- */

static void a_taken_port_is_a_clear_error(void **state)
{
	const struct ups_nl_config config = { 0 };
	struct ups_nl_server *server = NULL;
	struct ups_errmsg msg = { "" };
	sd_event *loop;

	NEED_ISOLATION();
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(ups_nl_server_create(loop, NULL, &config, &server, &msg), -EADDRINUSE);
	assert_null(server);
	assert_non_null(strstr(msg.text, "taken"));
	sd_event_unref(loop);
	ups_nl_server_destroy(NULL);
}

/* ---- events ---- */

static void join(struct nlfix *n, int rcvbuf)
{
	int group = UPS_NL_GROUP;

	nlfix_open(n, rcvbuf);
	assert_int_equal(
		setsockopt(n->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
}

static void events_reach_monitors(void **state)
{
	static struct ups_nl_event event;
	struct nlfix monitor;

	NEED_ISOLATION();
	join(&monitor, 8 << 20);
	kill(daemon_.pid, SIGUSR1);
	for (unsigned int i = 0; i < 3; i++) {
		monitor.size = 0;
		assert_true(nlfix_receive(&monitor, 3000) > 0);
		nlfix_object(&monitor, 0, &ups_nl_event_object, &event);
		assert_int_equal(event.type, UPS_NL_EVENT_TYPE_SOURCE_LEARNED);
		assert_string_equal(event.session, "call@1");
		assert_int_equal(event.stream, i);
		assert_int_equal(event.leg, 1);
		assert_string_equal(event.text, "peer is 192.0.2.1:4000");
		assert_true(event.time > 1600000000000ULL);
	}
	nlfix_close(&monitor);
}

static void a_slow_monitor_learns_that_it_lost_events(void **state)
{
	struct nlfix monitor;
	ssize_t size;

	NEED_ISOLATION();
	join(&monitor, 4096);
	kill(daemon_.pid, SIGUSR1);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	do {
		monitor.size = 0;
		size = nlfix_receive(&monitor, 3000);
	} while (size > 0);
	assert_int_equal(size, -ENOBUFS);
	nlfix_close(&monitor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hello_status_and_stats),
		TEST(a_session_comes_and_goes),
		TEST(the_largest_request_fits),
		TEST(a_key_of_the_wrong_size_is_refused),
		TEST(no_answer_holds_a_key),
		TEST(refused_keys_leave_no_trace_in_memory),
		TEST(checked_session_descriptions_leave_no_trace_in_memory),
		TEST(others_may_read_but_not_change),
		TEST(the_group_may_change),
		TEST(members_by_the_user_database_may_change),
		cmocka_unit_test_setup_teardown(restricted_reading_leaves_only_hello,
						start_restricted, stop),
		TEST(versions_commands_and_types),
		TEST(what_is_no_request_gets_no_answer),
		TEST(a_forged_sender_changes_nothing),
		TEST(a_datagram_too_large_is_refused),
		TEST(several_requests_share_a_datagram),
		TEST(garbage_is_survived),
		TEST(a_taken_port_is_a_clear_error),
		TEST(events_reach_monitors),
		TEST(a_slow_monitor_learns_that_it_lost_events),
	};

	return cmocka_run_group_tests_name("netlink listener", tests, fix_isolate, NULL);
}
