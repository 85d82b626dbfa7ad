// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Dumps of the netlink listener: thousands of sessions, slow readers, sessions that go meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <dirent.h>

#include "fixture.h"

static uint8_t raw[256] __attribute__((aligned(8)));

#define MANY 2000

static unsigned int count_fds(pid_t pid)
{
	unsigned int count = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void add_many(void)
{
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(fix_session_add(&nl, 1000 + i, true), 0);
}

static void del_many(uint32_t from, uint32_t step)
{
	char id[64];

	for (uint32_t i = from; i < MANY; i += step) {
		snprintf(id, sizeof(id), "call@%u", 1000 + i);
		assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_DEL, false, id), 0);
	}
}

/* Each session of the answer once, and in order. */
static void check_many(const struct nlfix *n)
{
	static struct ups_nl_session session;
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const uint8_t *at = n->answer;
	const struct nlmsghdr *nlh;
	size_t left = n->size;
	uint32_t next = 1000;
	char id[64];

	while ((nlh = ups_nl_msg_next(&at, &left)) && nlh->nlmsg_type == UPS_NL_TYPE) {
		assert_int_equal(ups_nl_decode(&ups_nl_session_object,
					       (const uint8_t *)nlh + headers,
					       nlh->nlmsg_len - headers, true, &session, NULL),
				 0);
		snprintf(id, sizeof(id), "call@%u", next++);
		assert_string_equal(session.id, id);
	}
	assert_int_equal(next, 1000 + MANY);
}

static void start_dump(struct nlfix *n, uint8_t cmd)
{
	struct nlmsghdr *nlh = ups_nl_msg_init(raw, cmd, NLM_F_REQUEST | NLM_F_DUMP, ++n->seq);

	assert_int_equal(nlfix_send(n, raw, nlh->nlmsg_len, 0), 0);
}

static void two_thousand_sessions(void **state)
{
	struct nlfix slow;
	unsigned int fds;

	NEED_ISOLATION();
	fds = count_fds(daemon_.pid);
	add_many();
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, ""), 0);
	assert_int_equal(nl.objects, MANY);
	check_many(&nl);
	for (uint32_t i = 0; i < MANY; i += 97)
		assert_no_key_in(&nl, 1000 + i);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_FLOW_GET, true, ""), 0);
	assert_int_equal(nl.objects, 2 * MANY);
	/* A reader with a small buffer, who pauses, gets all the same, and keeps nobody waiting. */
	nlfix_open(&slow, 2048);
	start_dump(&slow, UPS_NL_CMD_SESSION_GET);
	for (int i = 0; i < 20; i++)
		assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	assert_int_equal(nlfix_answer(&slow, 3000), 0);
	assert_int_equal(slow.objects, MANY);
	assert_false(slow.interrupted);
	check_many(&slow);
	nlfix_close(&slow);
	del_many(0, 1);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, ""), 0);
	assert_int_equal(nl.objects, 0);
	assert_int_equal(count_fds(daemon_.pid), fds);
}

static void sessions_may_go_during_a_dump(void **state)
{
	struct nlfix slow;

	NEED_ISOLATION();
	add_many();
	nlfix_open(&slow, 2048);
	start_dump(&slow, UPS_NL_CMD_FLOW_GET);
	/* Served first, so it is under way. */
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_STATUS, false, NULL, NULL), 0);
	del_many(1, 2);
	assert_int_equal(nlfix_answer(&slow, 3000), 0);
	assert_true(slow.interrupted);
	assert_in_range(slow.objects, MANY, 2 * MANY - 2);
	nlfix_close(&slow);
	del_many(0, 2);
}

static int try_stalled_dumps(void)
{
	struct nlfix n[UPS_NL_STREAM_MAX];
	int err = 0;

	for (int i = 0; i < 5; i++) {
		nlfix_open(&n[i], 2048);
		start_dump(&n[i], UPS_NL_CMD_SESSION_GET);
		/* A refusal comes at once; a dump that stalls has filled the buffer. */
		err = nlfix_receive(&n[i], 1000) > 0 && nlfix_scan(&n[i], n[i].answer, n[i].size)
			      ? n[i].error
			      : 0;
		if (err)
			return i == 4 ? err : -EBADMSG;
	}
	return err;
}

static void stalled_readers_leave_room_for_root(void **state)
{
	NEED_ISOLATION();
	add_many();
	assert_int_equal(as_user(NOBODY, NOBODY, try_stalled_dumps), EBUSY);
	/* They are gone now: so are their dumps, at their next turn. */
	usleep(50000);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, ""), 0);
	assert_int_equal(nl.objects, MANY);
	for (int i = 0; i < 5; i++)
		assert_int_equal(as_user(NOBODY, NOBODY, try_list), 0);
	del_many(0, 1);
}

/* ---- negotiated sessions: m-lines without media here are gaps in the numbers of streams ---- */

static void set_session(struct ups_core *core, const char *id, const uint16_t *lines,
			unsigned int count)
{
	struct ups_stream_request stream[2] = {};
	struct ups_session_request request = {
		.id = id, .stream = stream, .stream_count = count, .now_unix = 1
	};
	struct ups_plan plan;

	for (unsigned int i = 0; i < count; i++) {
		stream[i].index = lines[i];
		stream[i].media = "audio";
		for (unsigned int l = 0; l < UPS_LEGS; l++) {
			stream[i].leg[l].iface = fix_ifaces[l].name;
			if (ups_addr_parse("192.0.2.1:4000", true, &stream[i].leg[l].remote))
				exit(4);
		}
	}
	if (ups_core_session_set(core, &request, &plan, NULL))
		exit(4);
	ups_core_commit(core, &plan);
}

static void prepare_negotiated(struct ups_core *core)
{
	static const uint16_t lines[] = { 1, 65535 };

	set_session(core, "gaps", lines, 2);
	set_session(core, "silent", NULL, 0);
	set_session(core, "last", lines, 1);
}

static int start_negotiated(void **state)
{
	int err;

	fix_prepare = prepare_negotiated;
	err = start(state);
	fix_prepare = NULL;
	return err;
}

static void streams_are_told_by_their_m_line(void **state)
{
	static const struct {
		const char *id;
		uint32_t streams;
		uint16_t line;
	} expected[] = {
		{ "gaps", 1, 1 }, { "gaps", 1, 65535 }, { "silent", 0, 0 }, { "last", 1, 1 }
	};
	static struct ups_nl_session session;
	static struct ups_nl_flow flow;

	NEED_ISOLATION();
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, true, ""), 0);
	assert_int_equal(nl.objects, 4);
	for (unsigned int i = 0; i < 4; i++) {
		nlfix_object(&nl, i, &ups_nl_session_object, &session);
		assert_string_equal(session.id, expected[i].id);
		assert_int_equal(session.stream_count, expected[i].streams);
		if (session.stream_count)
			assert_int_equal(session.stream[0].index, expected[i].line);
	}
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "silent"), 0);
	assert_int_equal(nl.objects, 1);
	nlfix_object(&nl, 0, &ups_nl_session_object, &session);
	assert_int_equal(session.stream_total, 0);
	assert_int_equal(session.all_hops, UPS_NL_FACT_NO);
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_FLOW_GET, true, ""), 0);
	assert_int_equal(nl.objects, 6);
	nlfix_object(&nl, 3, &ups_nl_flow_object, &flow);
	assert_int_equal(flow.stream, 65535);
	assert_int_equal(flow.leg, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_thousand_sessions),
		TEST(sessions_may_go_during_a_dump),
		TEST(stalled_readers_leave_room_for_root),
		cmocka_unit_test_setup_teardown(streams_are_told_by_their_m_line, start_negotiated,
						stop),
	};

	return cmocka_run_group_tests_name("netlink dumps", tests, fix_isolate, NULL);
}
