// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The netlink listener: registrations, rules, checks of session descriptions, negotiated sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ctl/netlink_report.h"
#include "fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define OFFER                                                                              \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"        \
	"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n" \
	"a=sendrecv\r\n"

/* ---- registrations ---- */

static int registration(uint8_t cmd, const char *address, const char *source, uint64_t expires)
{
	struct ups_nl_registration r = { .expires = expires };

	strcpy(r.address, address);
	if (source)
		assert_int_equal(ups_addr_parse(source, false, &r.source), 0);
	return nlfix_call(&nl, cmd, false,
			  cmd == UPS_NL_CMD_REGISTRATION_ADD ? &ups_nl_registration_add_object
							     : &ups_nl_registration_del_object,
			  &r);
}

static void registrations_come_and_go(void **state)
{
	struct ups_nl_registration r;
	char source[UPS_ADDR_TEXT];

	NEED_ISOLATION();
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_ADD, "sip:alice@example.net",
				      "192.0.2.7", 600),
			 0);
	assert_int_equal(
		registration(UPS_NL_CMD_REGISTRATION_ADD, "bob@example.net", "2001:db8::7", 0), 0);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, true, NULL, NULL), 0);
	assert_int_equal(nl.objects, 2);
	nlfix_object(&nl, 0, &ups_nl_registration_object, &r);
	assert_string_equal(r.address, "alice@example.net");
	assert_string_equal(ups_addr_format(&r.source, source), "192.0.2.7");
	assert_in_range(r.expires, 595, 600);
	nlfix_object(&nl, 1, &ups_nl_registration_object, &r);
	assert_string_equal(r.address, "bob@example.net");
	assert_int_equal(r.expires, 0);
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_DEL, "bob@example.net", "192.0.2.8",
				      0),
			 UPS_E_REGISTRATION);
	assert_string_not_equal(nl.text.text, "");
	assert_int_equal(
		registration(UPS_NL_CMD_REGISTRATION_DEL, "bob@example.net", "2001:db8::7", 0), 0);
	assert_int_equal(
		registration(UPS_NL_CMD_REGISTRATION_DEL, "sip:alice@example.net", NULL, 0), 0);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, true, NULL, NULL), 0);
	assert_int_equal(nl.objects, 0);
}

static void a_registration_needs_an_address_that_media_comes_from(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_ADD, "a@example.net", NULL, 0),
			 -EINVAL);
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_ADD, "a@example.net", "0.0.0.0", 0),
			 -EINVAL);
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_ADD, "", "192.0.2.7", 0), -EINVAL);
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_DEL, "", "192.0.2.7", 0), -EINVAL);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, false, NULL, NULL), -EINVAL);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_POLICY_GET, false, NULL, NULL), -EINVAL);
}

static void the_seconds_left_of_a_registration_are_never_zero(void **state)
{
	struct ups_registration r = { .address = "a@b", .expires_ns = 5000000001ULL };
	struct ups_nl_registration out;

	(void)state;
	ups_nl_report_registration(&r, 5000000000ULL, &out);
	assert_int_equal(out.expires, 1);
	ups_nl_report_registration(&r, 1000000000ULL, &out);
	assert_int_equal(out.expires, 5);
	r.expires_ns = UINT64_MAX;
	ups_nl_report_registration(&r, 1, &out);
	assert_int_equal(out.expires, 0);
}

/* More than one datagram has room for. */
static void a_dump_of_registrations_is_complete_and_in_order(void **state)
{
	char address[UPS_NL_ADDRESS_MAX + 1];
	struct ups_nl_registration r;

	NEED_ISOLATION();
	for (unsigned int i = 0; i < 60; i++) {
		snprintf(address, sizeof(address), "%0240u@example.net", i);
		assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_ADD, address, "192.0.2.7", 0),
				 0);
	}
	snprintf(address, sizeof(address), "%0240u@example.net", 7);
	assert_int_equal(registration(UPS_NL_CMD_REGISTRATION_DEL, address, NULL, 0), 0);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, true, NULL, NULL), 0);
	assert_int_equal(nl.objects, 59);
	assert_true(nl.size > UPS_NL_SDP_PIECE_MAX * 2);
	for (unsigned int i = 0; i < 59; i++) {
		snprintf(address, sizeof(address), "%0240u@example.net", i + (i >= 7));
		nlfix_object(&nl, i, &ups_nl_registration_object, &r);
		assert_string_equal(r.address, address);
	}
}

/* ---- permissions ---- */

static int try_registration_add(void)
{
	nlfix_open(&nl, 0);
	return registration(UPS_NL_CMD_REGISTRATION_ADD, "eve@example.net", "192.0.2.66", 0);
}

static int try_registration_del(void)
{
	nlfix_open(&nl, 0);
	return registration(UPS_NL_CMD_REGISTRATION_DEL, "alice@example.net", NULL, 0);
}

static int try_registration_list(void)
{
	nlfix_open(&nl, 0);
	return nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, true, NULL, NULL);
}

static int try_policy(void)
{
	nlfix_open(&nl, 0);
	return nlfix_call(&nl, UPS_NL_CMD_POLICY_GET, true, NULL, NULL);
}

static void others_may_read_but_not_change_registrations(void **state)
{
	NEED_ISOLATION();
	assert_int_equal(
		registration(UPS_NL_CMD_REGISTRATION_ADD, "alice@example.net", "192.0.2.7", 0), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_registration_add), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_registration_del), EPERM);
	assert_int_equal(as_user(NOBODY, NOBODY, try_registration_list), 0);
	assert_int_equal(as_user(NOBODY, NOBODY, try_policy), 0);
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_REGISTRATION_GET, true, NULL, NULL), 0);
	assert_int_equal(nl.objects, 1);
	assert_int_equal(as_user(NOBODY - 1, CONTROL_GROUP, try_registration_del), 0);
}

/* ---- rules ---- */

static void rules_come_in_order_and_the_built_in_one_last(void **state)
{
	static const char *const names[] = { "peers", "users" };
	struct ups_nl_rule rule;

	NEED_ISOLATION();
	assert_int_equal(nlfix_call(&nl, UPS_NL_CMD_POLICY_GET, true, NULL, NULL), 0);
	assert_int_equal(nl.objects, 3);
	for (unsigned int i = 0; i < COUNT(names); i++) {
		nlfix_object(&nl, i, &ups_nl_rule_object, &rule);
		assert_string_equal(rule.name, names[i]);
		assert_int_equal(strncmp(rule.text, names[i], strlen(names[i])), 0);
		assert_non_null(strstr(rule.text, "prefer"));
	}
	nlfix_object(&nl, 2, &ups_nl_rule_object, &rule);
	assert_non_null(strstr(rule.text, "require"));
}

/* ---- checks ---- */

static struct ups_nl_check request;
static struct ups_nl_verdict verdict;

static void prepare(const char *sdp)
{
	memset(&request, 0, sizeof(request));
	strcpy(request.from, "access");
	strcpy(request.to, "core");
	request.sdp_size = (uint32_t)strlen(sdp);
	memcpy(request.sdp, sdp, request.sdp_size);
}

static int check(void)
{
	int err = nlfix_call(&nl, UPS_NL_CMD_POLICY_CHECK, false, &ups_nl_check_object, &request);

	if (!err)
		nlfix_object(&nl, 0, &ups_nl_verdict_object, &verdict);
	return err;
}

static void assert_no_part_of_key_in_answer(void)
{
	for (size_t at = 0; at + 6 <= strlen(KEY); at++)
		assert_null(memmem(nl.answer, nl.size, &KEY[at], 6));
}

static void a_verdict_tells_each_leg_and_why(void **state)
{
	const struct ups_nl_verdict_leg *leg = verdict.stream[0].leg;

	NEED_ISOLATION();
	prepare(OFFER);
	assert_int_equal(check(), 0);
	assert_int_equal(nl.objects, 1);
	assert_false(verdict.refused);
	assert_int_equal(verdict.stream_count, 1);
	assert_string_equal(verdict.stream[0].media, "audio");
	assert_string_equal(leg[0].iface, "access");
	assert_string_equal(leg[1].iface, "core");
	assert_int_equal(leg[0].mechanism, UPS_NL_MECHANISM_SDES);
	assert_int_equal(leg[1].mechanism, UPS_NL_MECHANISM_NONE);
	assert_true(leg[1].compromised);
	assert_int_equal(leg[0].decided_by, UPS_NL_BY_PROVIDER);
	assert_string_equal(leg[0].rule, "users");
	assert_string_equal(leg[0].reason,
			    "wish -1, signalling -1 -1, transport 0, address , source 0, "
			    "authenticated 0, call policy-check@upsec.invalid");
}

static void facts_of_a_check_reach_the_judge(void **state)
{
	NEED_ISOLATION();
	prepare(OFFER);
	request.wish = UPS_NL_WISH_REQUIRED;
	request.from_signalling = UPS_NL_SIGNALLING_NONE;
	request.to_signalling = UPS_NL_SIGNALLING_ENCRYPTED;
	strcpy(request.transport, "RTP/SAVP");
	strcpy(request.address, "alice@example.net");
	assert_int_equal(ups_addr_parse("192.0.2.7", false, &request.source), 0);
	request.authenticated = UPS_NL_FACT_NO;
	strcpy(request.call, "call@77");
	assert_int_equal(check(), 0);
	assert_int_equal(verdict.stream[0].leg[0].decided_by, UPS_NL_BY_USER);
	assert_string_equal(verdict.stream[0].leg[0].reason,
			    "wish 2, signalling 0 2, transport 3, address alice@example.net, "
			    "source 1, authenticated 1, call call@77");
}

static void a_refusal_is_a_verdict(void **state)
{
	NEED_ISOLATION();
	prepare(OFFER "a=refuse\r\n");
	request.want_sdp = true;
	assert_int_equal(check(), 0);
	assert_int_equal(nl.objects, 1); /* there is no session description for the other side */
	assert_true(verdict.refused);
	assert_true(verdict.stream[0].refused);
	assert_non_null(strstr(verdict.reason, "requires protection"));
}

static void what_cannot_be_judged_is_an_error(void **state)
{
	NEED_ISOLATION();
	prepare("nonsense");
	assert_int_equal(check(), UPS_E_SYNTAX);
	assert_non_null(strstr(nl.text.text, "SDP line 1"));
	prepare(OFFER);
	strcpy(request.from, "nowhere");
	assert_int_equal(check(), UPS_E_NO_INTERFACE);
	prepare(OFFER);
	strcpy(request.transport, "RTP/XYZ");
	assert_int_equal(check(), -EINVAL);
	assert_non_null(strstr(nl.text.text, "RTP/XYZ"));
	prepare(OFFER);
	request.answer = true;
	assert_int_equal(check(), -EINVAL);
	prepare("");
	assert_int_equal(check(), -EINVAL);
}

/* The pieces of the session description of the last answer, joined. */
static size_t joined(char *out, size_t size)
{
	size_t used = 0;

	for (unsigned int i = 1; i < nl.objects; i++) {
		nlfix_object(&nl, i, &ups_nl_verdict_object, &verdict);
		assert_in_range(verdict.sdp_size, 1, UPS_NL_SDP_PIECE_MAX);
		assert_true(used + verdict.sdp_size <= size);
		memcpy(out + used, verdict.sdp, verdict.sdp_size);
		used += verdict.sdp_size;
	}
	return used;
}

static void the_largest_check_fits_and_its_sdp_comes_in_pieces(void **state)
{
	static char got[UPS_NL_MSG_MAX];
	size_t size;

	NEED_ISOLATION();
	prepare(OFFER "a=full\r\na=x:");
	memset(request.sdp + request.sdp_size, 'x', UPS_NL_SDP_MAX - request.sdp_size);
	request.sdp_size = UPS_NL_SDP_MAX;
	request.want_sdp = true;
	memset(request.address, 'a', UPS_NL_ADDRESS_MAX);
	memset(request.from_tag, 'f', UPS_NL_TAG_MAX);
	memset(request.to_tag, 't', UPS_NL_TAG_MAX);
	memset(request.call, 'c', UPS_NL_ID_MAX);
	assert_int_equal(check(), 0);
	assert_int_equal(verdict.stream_count, UPS_NL_STREAM_MAX);
	assert_int_equal(verdict.stream[15].index, 15);
	assert_in_range(nl.objects, 1 + 6, 1 + 7);
	size = joined(got, sizeof(got));
	assert_in_range(size, UPS_NL_SDP_MAX - sizeof(KEY), UPS_NL_SDP_MAX + 8);
	assert_non_null(memmem(got, size, "m=audio 4000 RTP/SAVP 0", 23));
	assert_no_part_of_key_in_answer();
}

static void no_answer_repeats_a_key_of_the_session_description(void **state)
{
	NEED_ISOLATION();
	for (unsigned int round = 0; round < 4; round++) {
		prepare(round & 1 ? OFFER "a=refuse\r\n" : OFFER);
		request.want_sdp = true;
		if (round & 2)
			strcpy(request.transport, "RTP/XYZ");
		check();
		assert_true(nl.size > 0);
		assert_no_part_of_key_in_answer();
	}
}

/* ---- negotiated sessions ---- */

/* Two parties answer the offer, one after the other: the second has the media. */
static void call_answered_twice(struct ups_core *core)
{
	static const char answer[] = "v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\n"
				     "c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/SAVP 0\r\n"
				     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\r\n";
	static const char *const parties[] = { "early", "callee" };
	static const char *const keys[] = { "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
					    "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR" };
	char sdp[400];

	(void)core;
	fix_signal("negotiated@1", NULL, OFFER, 1700000000);
	for (unsigned int i = 0; i < COUNT(parties); i++) {
		snprintf(sdp, sizeof(sdp), answer, keys[i]);
		fix_signal("negotiated@1", parties[i], sdp, 1700000001 + i);
	}
}

static int start_with_call(void **state)
{
	int err;

	fix_prepare = call_answered_twice;
	err = start(state);
	fix_prepare = NULL;
	return err;
}

static void a_negotiated_session_shows_its_parties(void **state)
{
	static struct ups_nl_session session;

	NEED_ISOLATION();
	assert_int_equal(nlfix_select(&nl, UPS_NL_CMD_SESSION_GET, false, "negotiated@1"), 0);
	nlfix_object(&nl, 0, &ups_nl_session_object, &session);
	assert_true(session.negotiated);
	assert_true(session.answered);
	assert_string_equal(session.caller_tag, "caller");
	assert_string_equal(session.callee_tag, "callee");
	assert_int_equal(session.last_signal, 1700000002);
	assert_int_equal(session.stream[0].leg[0].mechanism, UPS_NL_MECHANISM_SDES);
	assert_no_part_of_key_in_answer();
	assert_int_equal(fix_session_add(&nl, 51, true), 0);
	nlfix_object(&nl, 0, &ups_nl_session_object, &session);
	assert_false(session.negotiated);
	assert_string_equal(session.caller_tag, "");
}

/* A stream as the core holds it after an offer and answer with DTLS on leg 0 and an interworking leg 1. */
static void fill_stream(struct ups_stream *s)
{
	struct ups_leg *leg = s->leg;

	strcpy(s->media, "audio");
	leg[0].iface = &fix_ifaces[0];
	leg[0].mode = UPS_MODE_SRTP;
	leg[0].dtls.on = true;
	leg[0].dtls.role = UPS_DTLS_PASSIVE;
	leg[0].ice.on = true;
	assert_int_equal(ups_addr_parse("192.0.2.7", false, &leg[0].source_ip), 0);
	leg[0].decision = (struct ups_decision) { .mechanism = UPS_MECH_DTLS,
						  .decided_by = UPS_BY_USER,
						  .rule = "users",
						  .reason = "the user requires it: DTLS-SRTP" };
	leg[1].iface = &fix_ifaces[1];
	leg[1].mode = UPS_MODE_CLEAR;
	leg[1].ipsec = true;
	leg[1].decision = (struct ups_decision) { .decided_by = UPS_BY_PEER, .compromised = true };
}

static const struct ups_ctl_ops local_ops = { .flow_info = fix_flow_info, .key_use = fix_key_use };

static void a_leg_tells_mechanism_decider_rule_and_state(void **state)
{
	static struct ups_stream stream;
	static struct ups_nl_session out;
	struct ups_session session = { .id = "c", .stream_count = 1, .stream = { &stream } };
	const struct ups_nl_leg *leg = out.stream[0].leg;

	(void)state;
	fill_stream(&stream);
	ups_nl_report_session(&local_ops, &session, 0, &out);
	assert_int_equal(leg[0].mechanism, UPS_NL_MECHANISM_DTLS);
	assert_int_equal(leg[0].decided_by, UPS_NL_BY_USER);
	assert_string_equal(leg[0].rule, "users");
	assert_string_equal(leg[0].reason, "the user requires it: DTLS-SRTP");
	assert_int_equal(leg[0].dtls_role, UPS_NL_DTLS_PASSIVE);
	assert_int_equal(leg[0].dtls_state, UPS_NL_DTLS_STATE_WAITING);
	assert_true(leg[0].ice);
	assert_true(ups_addr_same_ip(&leg[0].source_ip, &stream.leg[0].source_ip));
	assert_false(leg[0].ipsec);
	assert_true(leg[1].ipsec);
	assert_true(leg[1].compromised);
	assert_int_equal(leg[1].dtls_state, UPS_NL_DTLS_STATE_NONE);
	/* The handshake is done; RTCP has an association of its own, and a key of before still counts. */
	stream.leg[0].tx.suite = UPS_SUITE_AEAD_AES_128_GCM;
	stream.leg[0].rx_rtcp.suite = stream.leg[0].tx_rtcp.suite = UPS_SUITE_AEAD_AES_256_GCM;
	stream.leg[0].rx_old.suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_80;
	ups_nl_report_session(&local_ops, &session, 0, &out);
	assert_int_equal(leg[0].dtls_state, UPS_NL_DTLS_STATE_UP);
	assert_int_equal(leg[0].rx_rtcp[0].suite, UPS_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(leg[0].tx_rtcp_count, 1);
	assert_int_equal(leg[0].rx_old[0].suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static void events_of_negotiation_have_their_numbers(void **state)
{
	const struct ups_event events[] = {
		{ .type = UPS_EVENT_SESSION_CHANGE, .session_id = "c", .text = "answered" },
		{ .type = UPS_EVENT_REFUSED, .session_id = "c", .text = "no keys" },
		{ .type = UPS_EVENT_REGISTRATION,
		  .whole = true,
		  .text = "alice@example.net expired" },
		{ .type = UPS_EVENT_HANDSHAKE, .session_id = "c", .text = "keys agreed" },
		{ .type = UPS_EVENT_COMPROMISED, .session_id = "c", .text = "leg 1 is clear" },
	};
	static const char *const words[] = { "session-change", "refused", "registration",
					     "handshake", "compromised" };
	struct ups_nl_event out;

	(void)state;
	for (size_t i = 0; i < COUNT(events); i++) {
		ups_nl_report_event(&events[i], 1, &out);
		assert_int_equal(out.type, UPS_NL_EVENT_TYPE_SESSION_CHANGE + i);
		assert_string_equal(ups_nl_event_words[out.type], words[i]);
		assert_string_equal(out.session, events[i].session_id ? events[i].session_id : "");
		assert_string_equal(out.text, events[i].text);
		assert_int_equal(out.whole, events[i].whole);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registrations_come_and_go),
		TEST(a_dump_of_registrations_is_complete_and_in_order),
		TEST(a_registration_needs_an_address_that_media_comes_from),
		cmocka_unit_test(the_seconds_left_of_a_registration_are_never_zero),
		TEST(others_may_read_but_not_change_registrations),
		TEST(rules_come_in_order_and_the_built_in_one_last),
		TEST(a_verdict_tells_each_leg_and_why),
		TEST(facts_of_a_check_reach_the_judge),
		TEST(a_refusal_is_a_verdict),
		TEST(what_cannot_be_judged_is_an_error),
		TEST(the_largest_check_fits_and_its_sdp_comes_in_pieces),
		TEST(no_answer_repeats_a_key_of_the_session_description),
		cmocka_unit_test_setup_teardown(a_negotiated_session_shows_its_parties,
						start_with_call, stop),
		cmocka_unit_test(a_leg_tells_mechanism_decider_rule_and_state),
		cmocka_unit_test(events_of_negotiation_have_their_numbers),
	};

	return cmocka_run_group_tests_name("netlink listener: policy", tests, fix_isolate, NULL);
}
