// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line: registrations, policy, and what is shown of negotiated sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/show.h"
#include "fakedaemon.h"

#define SDP "v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
#define CHECK "policy check from access to core"

/* ---- words ---- */

static void wrong_command_lines_are_usage_errors(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "registration add", "expected a CPM Address" },
		{ "registration add alice@example.net", "source is missing" },
		{ "registration add alice@example.net source", "an IP address at the end" },
		{ "registration add alice@example.net source 192.0.2.1:5", "expected an IP" },
		{ "registration add alice@example.net source 192.0.2.1 expires 0", "seconds" },
		{ "registration add alice@example.net source 192.0.2.1 expires x", "seconds" },
		{ "registration add a@b source 192.0.2.1 source 192.0.2.2", "given twice" },
		{ "registration del", "expected a CPM Address" },
		{ "registration del a@b expires 5", "no keyword here" },
		{ "registration del a@b source nonsense", "expected an IP" },
		{ "registration list x", "one word too many" },
		{ "registration x", "there is no" },
		{ "policy show x", "one word too many" },
		{ "policy check", "from is missing" },
		{ "policy check from access", "to is missing" },
		{ "policy check to core", "from is missing" },
		{ CHECK " user-protection maybe", "none, preferred or required" },
		{ CHECK " user-protection unsaid", "none, preferred or required" },
		{ CHECK " signalling good", "integrity" },
		{ CHECK " signalling none,", "integrity" },
		{ CHECK " signalling none,none,none", "integrity" },
		{ CHECK " authenticated perhaps", "yes or no" },
		{ CHECK " authenticated unknown", "yes or no" },
		{ CHECK " registered-source x", "an IP address" },
		{ CHECK " t x", "no keyword here" },
		{ CHECK " answer", "call-id" },
		{ CHECK " answer call-id c", "to-tag" },
		{ CHECK " sdp", "a file" },
		{ CHECK " sdp /nonexistent/file", "/nonexistent/file" },
		{ CHECK " sdp /dev/null", "no session description" },
		{ CHECK " sdp /dev/zero", "more than 49152 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (upsec(cases[i].line) != UPS_EXIT_USAGE || *out || !strstr(err, cases[i].says))
			fail_msg("\"%s\": out \"%s\" err \"%s\"", cases[i].line, out, err);
	}
}

static void help_and_completion_know_the_words(void **state)
{
	(void)state;
	assert_int_equal(upsec("help policy"), 0);
	assert_non_null(strstr(out, "policy check from INTERFACE to INTERFACE"));
	assert_int_equal(upsec("help registration"), 0);
	assert_non_null(strstr(out, "registration del"));
	assert_int_equal(upsec("complete -- policy"), 0);
	assert_string_equal(out, "show\ncheck\n");
	assert_int_equal(upsec("complete -- registration"), 0);
	assert_string_equal(out, "list\nadd\ndel\n");
	assert_int_equal(upsec("complete -- registration add alice@example.net"), 0);
	assert_string_equal(out, "source\nexpires\n");
	assert_int_equal(upsec("complete -- policy check from access"), 0);
	assert_non_null(strstr(out, "user-protection\n"));
	assert_int_equal(upsec("complete -- " CHECK " user-protection"), 0);
	assert_string_equal(out, "none\npreferred\nrequired\n");
	assert_int_equal(upsec("complete -- " CHECK " authenticated"), 0);
	assert_string_equal(out, "no\nyes\n");
	/* An interface may have the name of a keyword. */
	assert_int_equal(upsec("complete -- policy check from signalling"), 0);
	assert_non_null(strstr(out, "to\n"));
}

static void an_absent_daemon_is_told(void **state)
{
	static const char *const lines[] = { "registration list", "registration add a@b source ::1",
					     "registration del a@b", "policy show", CHECK };

	NEED_ISOLATION();
	for (size_t i = 0; i < COUNT(lines); i++) {
		feed_stdin(SDP);
		assert_int_equal(upsec(lines[i]), UPS_EXIT_NOT_RUNNING);
		assert_string_equal(out, "");
	}
}

/* A session description may hold keys: the greeting comes first. */
static void an_impostor_sees_no_session_description(void **state)
{
	NEED_ISOLATION();
	feed_stdin(SDP);
	assert_int_equal(upsec(CHECK), UPS_EXIT_FAILED);
	assert_non_null(strstr(err, "taken by uid 65534"));
	assert_int_equal(shared->seen[UPS_NL_CMD_HELLO], 1);
	assert_int_equal(shared->seen[UPS_NL_CMD_POLICY_CHECK], 0);
}

/* ---- registrations ---- */

static void registrations_are_added_and_removed(void **state)
{
	const struct ups_nl_registration *r = &shared->registration;
	char source[UPS_ADDR_TEXT];
	const char *address;
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("registration add sip:a@b source 192.0.2.1 expires 60"), 0);
	assert_string_equal(out, "");
	assert_string_equal(r->address, "sip:a@b");
	assert_string_equal(ups_addr_format(&r->source, source), "192.0.2.1");
	assert_int_equal(r->expires, 60);
	value = json_of("-j reg add a@b sou 2001:db8::1");
	assert_int_equal(json_unpack(value, "{s:s}", "added", &address), 0);
	assert_string_equal(address, "a@b");
	json_decref(value);
	assert_string_equal(ups_addr_format(&r->source, source), "2001:db8::1");
	assert_int_equal(r->expires, 0);
	assert_int_equal(upsec("registration del a@b"), 0);
	assert_int_equal(r->source.ip[0], 0);
	assert_int_equal(upsec("registration del a@b source 192.0.2.1"), 0);
	assert_string_equal(ups_addr_format(&r->source, source), "192.0.2.1");
	assert_int_equal(upsec("-j registration del nobody@example.net"), UPS_EXIT_FAILED);
	assert_string_equal(err, "upsec: nobody is not registered\n");
	assert_string_equal(out, "");
}

static void registrations_are_listed(void **state)
{
	const char *address, *source;
	int expires;
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("registration"), 0);
	assert_non_null(strstr(out, "CPM ADDRESS"));
	assert_non_null(strstr(out, "alice@example.net"));
	assert_non_null(strstr(out, "in 600 s"));
	assert_non_null(strstr(out, "never"));
	value = json_of("-j registration list");
	assert_int_equal(json_array_size(value), 2);
	assert_int_equal(json_unpack(json_array_get(value, 0), "{s:s, s:s, s:i}", "address",
				     &address, "source", &source, "expires_s", &expires),
			 0);
	assert_string_equal(address, "alice@example.net");
	assert_string_equal(source, "192.0.2.7");
	assert_int_equal(expires, 600);
	json_decref(value);
}

/* ---- policy ---- */

static void rules_are_shown_in_their_order(void **state)
{
	const char *name, *text;
	json_t *value;

	NEED_ISOLATION();
	assert_int_equal(upsec("policy show"), 0);
	assert_string_equal(out, "users: conv -> require, mechanisms dtls sdes\n"
				 "built-in: any leg -> require\n");
	value = json_of("-j policy");
	assert_int_equal(json_array_size(value), 2);
	assert_int_equal(json_unpack(json_array_get(value, 1), "{s:s, s:s}", "name", &name, "text",
				     &text),
			 0);
	assert_string_equal(name, "built-in");
	json_decref(value);
}

static void a_check_says_each_leg_and_a_sentence(void **state)
{
	NEED_ISOLATION();
	feed_stdin(SDP);
	assert_int_equal(upsec(CHECK), 0);
	assert_string_equal(out, "stream 0 audio leg 0 access: sdes, decided by user, rule users: "
				 "the user asks for it: SDES\n"
				 "stream 0 audio leg 1 core: clear, integrity compromised, decided "
				 "by provider, rule pstn\n"
				 "accepted: no stream is refused\n"
				 "integrity compromised: 1 of 1 streams\n");
	assert_int_equal(shared->check.sdp_size, strlen(SDP));
	assert_memory_equal(shared->check.sdp, SDP, strlen(SDP));
	assert_null(strstr(out, "d0Rm"));
}

static void a_refused_stream_is_status_1(void **state)
{
	json_t *value;
	int refused;

	NEED_ISOLATION();
	feed_stdin(SDP "m=video 4002 RTP/AVP 31\r\n");
	assert_int_equal(upsec(CHECK), UPS_EXIT_FAILED);
	assert_non_null(strstr(out, "stream 1 video leg 0 access: refused"));
	assert_non_null(strstr(out, "refused: 1 of 2 streams\n"));
	assert_string_equal(err, "");
	feed_stdin(SDP "m=video 4002 RTP/AVP 31\r\n");
	assert_int_equal(upsec("-j " CHECK), UPS_EXIT_FAILED);
	value = json_loads(out, 0, NULL);
	assert_int_equal(json_unpack(value, "{s:b}", "refused", &refused), 0);
	assert_true(refused);
	assert_int_equal(json_array_size(json_object_get(value, "streams")), 2);
	json_decref(value);
	feed_stdin(SDP "x=none\r\n");
	assert_int_equal(upsec(CHECK " show-sdp"), UPS_EXIT_FAILED);
	assert_string_equal(out, "refused: alice@example.net is not registered\n");
}

static void facts_of_a_check_are_sent(void **state)
{
	const struct ups_nl_check *c = &shared->check;
	char source[UPS_ADDR_TEXT];

	NEED_ISOLATION();
	feed_stdin(SDP);
	assert_int_equal(upsec(CHECK " transport RTP/SAVP user-protection req signalling "
				     "none,encrypted cpm-address sip:alice@example.net "
				     "registered-source 192.0.2.7 authenticated yes call-id c "
				     "from-tag a to-tag b answer sdp -"),
			 0);
	assert_string_equal(c->from, "access");
	assert_string_equal(c->to, "core");
	assert_string_equal(c->transport, "RTP/SAVP");
	assert_int_equal(c->wish, UPS_NL_WISH_REQUIRED);
	assert_int_equal(c->from_signalling, UPS_NL_SIGNALLING_NONE);
	assert_int_equal(c->to_signalling, UPS_NL_SIGNALLING_ENCRYPTED);
	assert_string_equal(c->address, "sip:alice@example.net");
	assert_string_equal(ups_addr_format(&c->source, source), "192.0.2.7");
	assert_int_equal(c->authenticated, UPS_NL_FACT_YES);
	assert_string_equal(c->call, "c");
	assert_string_equal(c->from_tag, "a");
	assert_string_equal(c->to_tag, "b");
	assert_true(c->answer);
	assert_false(c->want_sdp);
	feed_stdin(SDP);
	assert_int_equal(upsec(CHECK " signalling integrity authenticated no"), 0);
	assert_int_equal(c->from_signalling, UPS_NL_SIGNALLING_INTEGRITY);
	assert_int_equal(c->to_signalling, UPS_NL_SIGNALLING_INTEGRITY);
	assert_int_equal(c->authenticated, UPS_NL_FACT_NO);
	assert_int_equal(c->wish, UPS_NL_WISH_UNSAID);
}

static void the_other_sides_sdp_is_joined_and_shown_on_demand(void **state)
{
	static const char pieces[] = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...\r\n";
	const char *sdp;
	json_t *value;

	NEED_ISOLATION();
	feed_stdin(SDP);
	assert_int_equal(upsec(CHECK " show-sdp"), 0);
	assert_non_null(strstr(out, pieces));
	feed_stdin(SDP);
	value = json_of("-j " CHECK " show-sdp");
	assert_int_equal(json_unpack(value, "{s:s}", "sdp", &sdp), 0);
	assert_string_equal(sdp, pieces);
	json_decref(value);
	feed_stdin(SDP);
	value = json_of("-j " CHECK);
	assert_null(json_object_get(value, "sdp"));
	json_decref(value);
}

/* ---- sessions ---- */

static void a_negotiated_session_shows_who_decided_and_why(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(upsec("session show negotiated@1"), 0);
	assert_non_null(strstr(out, "integrity compromised: yes"));
	assert_non_null(strstr(out, "negotiated, answered; last offer or answer 2023-11-1"));
	assert_non_null(strstr(out, "caller tag tag-a  callee tag tag-b"));
	assert_non_null(strstr(out, "protection dtls (passive, association up), decided by user, "
				    "rule users: the user requires it: DTLS-SRTP; ICE\n"));
	assert_non_null(strstr(out, "protection dtls (passive, waiting for keys)"));
	assert_non_null(strstr(out, "only from 192.0.2.7\n"));
	assert_non_null(strstr(out, "protection clear; integrity compromised; relies on IPsec\n"));
	assert_non_null(strstr(out, "tx key  AEAD_AES_128_GCM"));
	assert_non_null(strstr(out, "tx RTCP key  AEAD_AES_256_GCM"));
	assert_non_null(strstr(out, "old rx key  AES_CM_128_HMAC_SHA1_80"));
	/* One with keys given has nothing of that. */
	assert_int_equal(upsec("session show call@5"), 0);
	assert_null(strstr(out, "negotiated"));
	assert_null(strstr(out, "decided by"));
	assert_non_null(strstr(out, "protection srtp\n"));
}

static void json_has_the_same_facts(void **state)
{
	const char *mechanism, *decider, *rule, *reason, *role, *dtls, *source, *suite, *tag;
	int negotiated, ice, compromised;
	json_t *value, *leg;

	NEED_ISOLATION();
	value = json_of("-j session show negotiated@1");
	assert_int_equal(
		json_unpack(value, "{s:b, s:s}", "negotiated", &negotiated, "callee_tag", &tag), 0);
	assert_true(negotiated);
	assert_string_equal(tag, "tag-b");
	leg = json_array_get(
		json_object_get(json_array_get(json_object_get(value, "streams"), 0), "legs"), 0);
	assert_int_equal(json_unpack(leg, "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:b, s:b}",
				     "mechanism", &mechanism, "decided_by", &decider, "rule", &rule,
				     "reason", &reason, "dtls_role", &role, "dtls", &dtls,
				     "source_ip", &source, "tx_key", "suite", &suite, "ice", &ice,
				     "integrity_compromised", &compromised),
			 0);
	assert_string_equal(mechanism, "dtls");
	assert_string_equal(decider, "user");
	assert_string_equal(rule, "users");
	assert_string_equal(role, "passive");
	assert_string_equal(dtls, "up");
	assert_string_equal(source, "192.0.2.7");
	assert_string_equal(suite, "AEAD_AES_128_GCM");
	assert_true(ice);
	assert_false(compromised);
	assert_true(json_is_null(json_object_get(leg, "rx_rtcp_key")));
	assert_true(json_is_object(json_object_get(leg, "rx_old_key")));
	json_decref(value);
}

/* ---- events ---- */

static void events_name_the_place_that_they_have(void **state)
{
	static const struct {
		uint8_t type;
		bool whole;
		const char *line;
	} cases[] = {
		{ UPS_NL_EVENT_TYPE_SESSION_CHANGE, true, " session-change call@1: text\n" },
		{ UPS_NL_EVENT_TYPE_REFUSED, false,
		  " refused        call@1 stream 3 leg 1: text\n" },
		{ UPS_NL_EVENT_TYPE_REFUSED, true, " refused        call@1: text\n" },
		{ UPS_NL_EVENT_TYPE_REGISTRATION, true, " registration   call@1: text\n" },
		{ UPS_NL_EVENT_TYPE_HANDSHAKE, false,
		  " handshake      call@1 stream 3 leg 1: text\n" },
		{ UPS_NL_EVENT_TYPE_COMPROMISED, true, " compromised    call@1: text\n" },
		{ UPS_NL_EVENT_TYPE_LANE, false, " lane           call@1 stream 3 leg 1: text\n" },
	};
	size_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ups_nl_event event = { .type = cases[i].type,
						    .time = 1700000000123,
						    .session = "call@1",
						    .whole = cases[i].whole,
						    .stream = 3,
						    .leg = 1,
						    .text = "text" };
		FILE *to;

		free(out);
		to = open_memstream(&out, &size);
		assert_non_null(to);
		ups_show_event(to, &event);
		fclose(to);
		assert_non_null(strstr(out, cases[i].line));
	}
}

#define WITH(setup, name) cmocka_unit_test_setup_teardown(name, setup, stop)
#define ALONE(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(wrong_command_lines_are_usage_errors),
		ALONE(help_and_completion_know_the_words),
		ALONE(an_absent_daemon_is_told),
		WITH(start_impostor, an_impostor_sees_no_session_description),
		WITH(start_good, registrations_are_added_and_removed),
		WITH(start_good, registrations_are_listed),
		WITH(start_good, rules_are_shown_in_their_order),
		WITH(start_good, a_check_says_each_leg_and_a_sentence),
		WITH(start_good, a_refused_stream_is_status_1),
		WITH(start_good, facts_of_a_check_are_sent),
		WITH(start_good, the_other_sides_sdp_is_joined_and_shown_on_demand),
		WITH(start_good, a_negotiated_session_shows_who_decided_and_why),
		WITH(start_good, json_has_the_same_facts),
		ALONE(events_name_the_place_that_they_have),
	};

	return cmocka_run_group_tests_name("upsec command: policy", tests, isolate, NULL);
}
