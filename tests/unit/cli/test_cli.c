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

#include "fakedaemon.h"

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
