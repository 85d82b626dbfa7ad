// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Grammar of "session add", abbreviations, completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "cli/match.h"
#include "cli/session_args.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 512

static struct ups_nl_session_request request;
static struct ups_errmsg msg;
static const char *keys;

/* Splits at blanks; the words live in @copy. */
static int split(const char *line, char *copy, char **words)
{
	int count = 0;

	strcpy(copy, line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[count++] = w;
	return count;
}

static int parse(const char *line)
{
	static char copy[8192];
	static char *words[WORDS_MAX];

	msg.text[0] = '\0';
	return ups_session_args_parse(split(line, copy, words), words, &request, &keys, &msg);
}

#define LEG_A "leg if access remote 192.0.2.10:4000 mode clear "
#define LEG_B "leg if core remote [2001:db8::1]:5000 mode clear "
#define STREAM "stream media audio " LEG_A LEG_B

static void a_full_session(void **state)
{
	const struct ups_nl_stream_request *s = request.stream;
	struct ups_addr addr;

	(void)state;
	assert_int_equal(
		parse("call@1 keys /run/k stream media audio lane xdp ssrc-limit 3 "
		      "leg if access mode srtp remote 192.0.2.10:4000 rtcp 192.0.2.11:4009 port 20000 "
		      "source latch tos 184 "
		      "leg if core remote [2001:db8::1]:5000 rtcp-mux source strict mode opaque "
		      "stream media video " LEG_A "no-rtcp " LEG_B),
		0);
	assert_string_equal(request.id, "call@1");
	assert_string_equal(keys, "/run/k");
	assert_int_equal(request.stream_count, 2);
	assert_string_equal(s[0].media, "audio");
	assert_int_equal(s[0].lane, UPS_NL_CHOOSE_XDP);
	assert_int_equal(s[0].ssrc_limit, 3);
	assert_string_equal(s[0].leg[0].iface, "access");
	assert_int_equal(s[0].leg[0].mode, UPS_NL_MODE_SRTP);
	assert_int_equal(s[0].leg[0].port, 20000);
	assert_int_equal(s[0].leg[0].source, UPS_NL_SOURCE_LATCH);
	assert_int_equal(s[0].leg[0].tos, 184);
	assert_int_equal(ups_addr_parse("192.0.2.11:4009", true, &addr), 0);
	assert_true(ups_addr_equal(&s[0].leg[0].remote_rtcp, &addr));
	assert_int_equal(ups_addr_parse("[2001:db8::1]:5000", true, &addr), 0);
	assert_true(ups_addr_equal(&s[0].leg[1].remote, &addr));
	assert_true(s[0].leg[1].rtcp_mux);
	assert_int_equal(s[0].leg[1].source, UPS_NL_SOURCE_STRICT);
	assert_int_equal(s[0].leg[1].mode, UPS_NL_MODE_OPAQUE);
	assert_int_equal(s[1].leg_count, 2);
	assert_true(s[1].leg[0].no_rtcp);
	assert_int_equal(s[1].leg[1].source, UPS_NL_SOURCE_DEFAULT);
	assert_null((parse("c " STREAM), keys));
}

static void abbreviated_words_mean_the_same(void **state)
{
	static struct ups_nl_session_request full;

	(void)state;
	assert_int_equal(
		parse("c keys - stream media audio lane udp ssrc-limit 2 leg if a remote "
		      "192.0.2.1:4 mode opaque source latch leg if b rem 192.0.2.2:4 mode clear"),
		0);
	full = request;
	assert_int_equal(parse("c k - str med audio la u ss 2 leg i a rem 192.0.2.1:4 m o so l leg "
			       "i b rem 192.0.2.2:4 m c"),
			 0);
	assert_memory_equal(&full, &request, sizeof(full));
	/* A whole word beats longer ones: rtcp is not rtcp-mux. */
	assert_int_equal(parse("c stream media audio " LEG_A "rtcp 192.0.2.1:7 " LEG_B), 0);
	assert_int_equal(parse("c stream media audio " LEG_A "rt 192.0.2.1:7 " LEG_B),
			 UPS_E_SYNTAX);
}

static void wrong_sessions_are_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "", "session id" },
		{ "c", "at least one stream" },
		{ "c keys", "keys: expected a file" },
		{ "c keys a keys b " STREAM, "twice" },
		{ "c nonsense", "no keyword" },
		{ "c leg", "no keyword" }, /* before its stream */
		{ "c media audio", "no keyword" },
		{ "c stream", "media is missing" },
		{ "c stream media audio", "two legs, not 0" },
		{ "c stream media audio " LEG_A, "two legs, not 1" },
		{ "c stream media audio " LEG_A LEG_B LEG_A, "not three" },
		{ "c stream " LEG_A LEG_B, "media is missing" },
		{ "c stream media 0123456789abcdef " LEG_A LEG_B, "media: expected 1 to 15" },
		{ "c stream media audio lane fast " LEG_A LEG_B, "auto, udp or xdp" },
		{ "c stream media audio ssrc-limit 0 " LEG_A LEG_B, "1 to 16" },
		{ "c stream media audio ssrc-limit 17 " LEG_A LEG_B, "1 to 16" },
		{ "c stream media audio ssrc-limit 1x " LEG_A LEG_B, "1 to 16" },
		{ "c stream media audio leg remote 192.0.2.1:1 mode clear " LEG_B,
		  "if is missing" },
		{ "c stream media audio leg if a mode clear " LEG_B, "remote is missing" },
		{ "c stream media audio leg if a remote 192.0.2.1:1 " LEG_B, "mode is missing" },
		{ "c stream media audio " LEG_A LEG_B "mode secret", "clear, srtp or opaque" },
		{ "c stream media audio " LEG_A LEG_B "remote 192.0.2.1", "ADDRESS:PORT" },
		{ "c stream media audio " LEG_A LEG_B "remote 192.0.2.1:0", "ADDRESS:PORT" },
		{ "c stream media audio " LEG_A LEG_B "remote 2001:db8::1:5000", "ADDRESS:PORT" },
		{ "c stream media audio " LEG_A LEG_B "remote", "at the end" },
		{ "c stream media audio " LEG_A LEG_B "port 65536", "1 to 65535" },
		{ "c stream media audio " LEG_A LEG_B "port -1", "1 to 65535" },
		{ "c stream media audio " LEG_A LEG_B "tos 256", "0 to 255" },
		{ "c stream media audio " LEG_A LEG_B "source default", "strict or latch" },
		{ "c stream media audio " LEG_A LEG_B "rtcp-mux no-rtcp", "one of rtcp" },
		{ "c stream media audio " LEG_A LEG_B "no-rtcp rtcp 192.0.2.1:9", "one of rtcp" },
		{ "c stream media audio " LEG_A LEG_B "rtcp 192.0.2.1:9 rtcp-mux", "one of rtcp" },
		{ "c \001 " STREAM, "no keyword" },
		{ "a\xc3\xa4 " STREAM, "printable" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (!parse(cases[i].line) || !strstr(msg.text, cases[i].says))
			fail_msg("\"%s\": \"%s\"", cases[i].line, msg.text);
	}
}

static void limits_of_sizes(void **state)
{
	char line[8192] = "c ";

	(void)state;
	for (int i = 0; i < UPS_NL_STREAM_MAX; i++)
		strcat(line, STREAM);
	assert_int_equal(parse(line), 0);
	assert_int_equal(request.stream_count, UPS_NL_STREAM_MAX);
	strcat(line, STREAM);
	assert_int_equal(parse(line), UPS_E_RANGE);
	memset(line, 'i', UPS_NL_ID_MAX);
	strcpy(line + UPS_NL_ID_MAX, " " STREAM);
	assert_int_equal(parse(line), 0);
	memset(line, 'i', UPS_NL_ID_MAX + 1);
	strcpy(line + UPS_NL_ID_MAX + 1, " " STREAM);
	assert_int_equal(parse(line), UPS_E_RANGE);
}

/* -> what may follow, as lines between newlines */
static const char *completions(const char *line)
{
	static char copy[1024], text[1024];
	static char *words[WORDS_MAX];
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	fputc('\n', out);
	ups_session_args_complete(split(line, copy, words), words, out);
	fclose(out);
	return text;
}

static void completion_follows_the_grammar(void **state)
{
	(void)state;
	assert_string_equal(completions(""), "\n"); /* an id, which only the user knows */
	assert_non_null(strstr(completions("c"), "\nstream\n"));
	assert_null(strstr(completions("c"), "\nleg\n"));
	assert_non_null(strstr(completions("c stream"), "\nleg\n"));
	assert_null(strstr(completions("c stream"), "\nmode\n"));
	assert_non_null(strstr(completions("c stream media audio leg"), "\nrtcp-mux\n"));
	assert_string_equal(completions("c stream media audio leg mode"),
			    "\nclear\nsrtp\nopaque\n");
	assert_string_equal(completions("c stream lane"), "\nauto\nudp\nxdp\n");
	assert_string_equal(completions("c stream leg source"), "\nstrict\nlatch\n");
	assert_string_equal(completions("c stream leg if"), "\n");
}

static void words_match_by_beginning(void **state)
{
	static const char *const words[] = { "session", "stats", "status", NULL, "stats", "s" };
	uint64_t n;

	(void)state;
	assert_int_equal(ups_match("ses", words, sizeof(*words), COUNT(words)), 0);
	assert_int_equal(ups_match("stat", words, sizeof(*words), COUNT(words)),
			 UPS_MATCH_AMBIGUOUS);
	assert_int_equal(ups_match("stats", words, sizeof(*words), COUNT(words)), 1);
	assert_int_equal(ups_match("s", words, sizeof(*words), COUNT(words)), 5);
	assert_int_equal(ups_match("", words, sizeof(*words), COUNT(words)), UPS_MATCH_NONE);
	assert_int_equal(ups_match("sessions", words, sizeof(*words), COUNT(words)),
			 UPS_MATCH_NONE);
	/* The same word in two rows is no ambiguity. */
	assert_int_equal(ups_match("st", words + 3, sizeof(*words), 2), 1);
	assert_true(ups_match_number("65535", 65535, &n));
	assert_false(ups_match_number("65536", 65535, &n));
	assert_false(ups_match_number("", 65535, &n));
	assert_false(ups_match_number(" 1", 65535, &n));
	assert_false(ups_match_number("+1", 65535, &n));
	assert_false(ups_match_number("99999999999999999999", UINT64_MAX, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_session),
		cmocka_unit_test(abbreviated_words_mean_the_same),
		cmocka_unit_test(wrong_sessions_are_refused),
		cmocka_unit_test(limits_of_sizes),
		cmocka_unit_test(completion_follows_the_grammar),
		cmocka_unit_test(words_match_by_beginning),
	};

	return cmocka_run_group_tests_name("session add grammar", tests, NULL, NULL);
}
