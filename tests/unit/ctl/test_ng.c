// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ng listener over loopback sockets, with a daemon that only counts: cookies, sources, streams, texts clients compare. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ngfix.h"

/* ---- datagrams ---- */

static void a_ping_is_answered_in_its_encoding(void **state)
{
	(void)state;
	ask("1_3735928559_6 d7:command4:pinge");
	assert_reply("1_3735928559_6 d6:result4:ponge");
	ask("5323_1 {\"command\":\"ping\"}");
	assert_reply("5323_1 {\"result\":\"pong\"}");
	ask("5323_2 {\"command\": \"offer\"}");
	assert_reply("5323_2 {\"result\":\"error\",\"error-reason\":\"No SDP body in message\"}");
}

static void a_retransmission_runs_once_and_gets_the_same_bytes(void **state)
{
	char first[REPLY_MAX];

	(void)state;
	ask(OFFER("r1", "c1"));
	assert_int_equal(fake.calls, 1);
	strcpy(first, client.reply);
	for (int i = 0; i < 3; i++) {
		ask(OFFER("r1", "c1"));
		assert_string_equal(client.reply, first);
	}
	assert_int_equal(fake.calls, 1);
	ask(OFFER("r2", "c1"));
	assert_int_equal(fake.calls, 2);
	assert_string_not_equal(client.reply + 3, first + 3);
	assert_int_equal(stats().repeated, 3);
}

static void a_cookie_belongs_to_one_source(void **state)
{
	static struct client other;

	(void)state;
	ask(OFFER("same", "c1"));
	client_open(&other, SOCK_DGRAM, "127.0.0.1");
	client_ask(&other, OFFER("same", "c2"));
	assert_int_equal(fake.calls, 2);
	assert_int_equal(stats().repeated, 0);
	client_close(&other);
}

static void a_failure_is_kept_like_any_reply(void **state)
{
	(void)state;
	ask(OFFER("f1", "policy"));
	ask(OFFER("f1", "policy"));
	assert_int_equal(fake.calls, 1);
	assert_non_null(strstr(client.reply, "refused by rule x"));
}

static void cookies_live_for_30_to_60_seconds(void **state)
{
	const uint64_t s = 1000000000ULL;
	struct ups_ng_cookies cookies = { 0 };
	struct ups_addr a = { .ip = { 1 } }, b = { .ip = { 2 } };

	(void)state;
	ups_ng_cookies_add(&cookies, &a, UPS_TEXT("k"), UPS_TEXT("reply"), 100 * s);
	assert_true(
		ups_text_is(ups_ng_cookies_find(&cookies, &a, UPS_TEXT("k"), 129 * s), "reply"));
	assert_null(ups_ng_cookies_find(&cookies, &b, UPS_TEXT("k"), 129 * s).at);
	assert_null(ups_ng_cookies_find(&cookies, &a, UPS_TEXT("K"), 129 * s).at);
	assert_true(
		ups_text_is(ups_ng_cookies_find(&cookies, &a, UPS_TEXT("k"), 131 * s), "reply"));
	assert_null(ups_ng_cookies_find(&cookies, &a, UPS_TEXT("k"), 162 * s).at);
	ups_ng_cookies_add(&cookies, &a, UPS_TEXT("k"), UPS_TEXT("other"), 162 * s);
	assert_null(ups_ng_cookies_find(&cookies, &a, UPS_TEXT("k"), 500 * s).at);
	ups_ng_cookies_fini(&cookies);
}

static void cookies_are_bounded_in_entries_and_bytes(void **state)
{
	static char big[60000];
	struct ups_ng_cookies cookies = { 0 };
	struct ups_addr a = { .ip = { 1 } };
	char key[16];

	(void)state;
	for (unsigned int i = 0; i < 3 * UPS_NG_COOKIES_MAX; i++) {
		snprintf(key, sizeof(key), "%u", i);
		ups_ng_cookies_add(&cookies, &a, ups_text_of(key), UPS_TEXT("r"), 1);
		assert_true(cookies.count[0] <= UPS_NG_COOKIES_MAX);
	}
	assert_true(cookies.count[1] <= UPS_NG_COOKIES_MAX);
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "b%u", i);
		ups_ng_cookies_add(&cookies, &a, ups_text_of(key),
				   (struct ups_text) { big, sizeof(big) }, 1);
		assert_true(cookies.bytes[0] <= UPS_NG_COOKIE_BYTES_MAX);
	}
	ups_ng_cookies_fini(&cookies);
	assert_null(cookies.generation[0]);
	assert_null(cookies.generation[1]);
}

static void what_is_no_request_is_ignored_or_refused(void **state)
{
	(void)state;
	client_send(&client, "nocookie", 8);
	client_send(&client, "", 0);
	client_send(&client, " d7:command4:pinge", 18);
	assert_silence();
	ask("c1 ");
	assert_reply("c1 d6:result5:error12:error-reason25:Invalid data (no payload)e");
	ask("c2 x7:command4:pinge");
	assert_reply("c2 d6:result5:error12:error-reason22:Invalid NG data formate");
	ask("c3 d7:command4:ping");
	assert_reply("c3 d6:result5:error12:error-reason35:Could not decode bencode dictionarye");
	ask("c4 {\"command\"}");
	assert_reply(
		"c4 {\"result\":\"error\",\"error-reason\":\"Failed to parse JSON document\"}");
	ask("c5 de");
	assert_reply(
		"c5 d6:result5:error12:error-reason36:Dictionary contains no key \"command\"e");
	assert_int_equal(stats().malformed, 7);
}

static void a_datagram_of_one_long_cookie_is_ignored(void **state)
{
	static char big[65500];

	(void)state;
	memset(big, 'c', sizeof(big));
	client_send(&client, big, sizeof(big));
	assert_silence();
	ask("after d7:command4:pinge");
	assert_reply("after d6:result4:ponge");
}

static void the_reply_leaves_from_the_address_that_was_addressed(void **state)
{
	static struct client other;

	(void)state;
	/* The listener is bound to 0.0.0.0; a connected socket takes replies from 127.0.0.2 only. */
	client_open(&other, SOCK_DGRAM, "127.0.0.2");
	client_ask(&other, "a1 d7:command4:pinge");
	assert_string_equal(other.reply, "a1 d6:result4:ponge");
	client_close(&other);
	client_open(&other, SOCK_DGRAM, "::1");
	client_ask(&other, "a2 d7:command4:pinge");
	assert_string_equal(other.reply, "a2 d6:result4:ponge");
	client_close(&other);
}

/* ---- who may speak ---- */

static void other_sources_are_ignored_and_counted(void **state)
{
	const struct ups_ng_source only = source("127.0.0.8", 125, UPS_SIGNALLING_NONE);
	static struct client tcp;

	(void)state;
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	client_ask(&tcp, "t1 d7:command4:pinge");
	ups_ng_server_allow(server, &only, 1);
	client_send(&client, "s1 d7:command4:pinge", 20);
	assert_silence();
	assert_true(client_closed(&tcp));
	client_close(&tcp);
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	assert_true(client_closed(&tcp));
	client_close(&tcp);
	assert_true(stats().refused_sources >= 3);
	assert_int_equal(stats().requests[UPS_NG_PING], 1);
	reset_allowed();
	ask("s1 d7:command4:pinge");
	assert_reply("s1 d6:result4:ponge");
}

static void the_source_decides_how_signalling_is_protected(void **state)
{
	const struct ups_ng_source two[] = {
		source("127.0.0.1", 128, UPS_SIGNALLING_INTEGRITY),
		source("127.0.0.0", 104, UPS_SIGNALLING_ENCRYPTED),
	};

	(void)state;
	ups_ng_server_allow(server, two, 2);
	ask(OFFER("g1", "c1"));
	assert_int_equal(fake.signalling, UPS_SIGNALLING_INTEGRITY);
	assert_non_null(strstr(fake.source, "ng 127.0.0.1:"));
	reset_allowed();
}

/* ---- replies ---- */

static void an_offer_gets_sdp_result_and_protection(void **state)
{
	(void)state;
	ask(OFFER("o1", "c1"));
	assert_reply("o1 d3:sdp11:v=0 reply 16:result2:ok10:protectionld6:streami0e5:media5:audio3:"
		     "legi0e9:mechanism4:sdes10:decided-by8:provider6:reason7:because4:rule4:coree"
		     "d6:streami0e5:media5:audio3:legi1e9:mechanism5:clear10:decided-by4:usereee");
	ask("o2 {\"command\":\"offer\",\"sdp\":\"v\",\"call-id\":\"warn\",\"from-tag\":\"f\","
	    "\"flags\":[\"dance\"]}");
	assert_non_null(strstr(client.reply,
			       "{\"sdp\":\"v=0 reply 2\",\"result\":\"ok\",\"warning\":"
			       "\"ignored: dance; from below\",\"protection\":["));
	assert_non_null(strstr(client.reply, "],\"integrity-compromised\":1}"));
}

static void the_session_limit_is_told_as_load_limit_to_who_knows_it(void **state)
{
	(void)state;
	ask("l1 d8:supportsl10:load limite7:command5:offer3:sdp1:v7:call-id5:limit8:from-tag1:fe");
	assert_reply("l1 d6:result10:load limit7:message30:Parallel session limit reachede");
	ask(OFFER("l2", "limit"));
	assert_reply("l2 d6:result5:error12:error-reason30:Parallel session limit reachede");
}

static void failures_have_the_texts_that_clients_compare(void **state)
{
	(void)state;
	ask(OFFER("e1", "ports"));
	assert_reply("e1 d6:result5:error12:error-reason16:Ran out of portse");
	ask("e2 d7:command6:answer3:sdp1:v7:call-id4:nope8:from-tag1:f6:to-tag1:te");
	assert_reply("e2 d6:result5:error12:error-reason15:Unknown call-ide");
	ask("e3 d7:command5:query7:call-id4:nopee");
	assert_reply("e3 d6:result5:error12:error-reason15:Unknown call-ide");
	ask("e4 d7:command5:dancee");
	assert_reply("e4 d6:result5:error12:error-reason20:Unrecognized commande");
	assert_int_equal(stats().errors, 4);
}

/* ---- delete, query, list, statistics ---- */

static void delete_works_by_call_id_alone(void **state)
{
	(void)state;
	ask("d1 d7:command6:delete7:call-id4:c1@xe");
	assert_int_equal(fake.deletes, 1);
	assert_null(fake.from_tag);
	assert_int_equal(fake.delay, 0);
	assert_non_null(
		strstr(client.reply, "6:totalsd3:RTPd7:packetsi28e5:bytesi570e6:errorsi6ee"));
	ask("d2 d7:command6:delete7:call-id4:c1@x8:from-tag3:ft112:delete delay2:305:flagsl4:fastee");
	assert_int_equal(fake.delay, 30);
	assert_string_equal(fake.from_tag, "ft1");
	assert_reply("d2 d6:result2:oke");
}

static void delete_of_an_unknown_call_is_a_warning(void **state)
{
	(void)state;
	ask("d3 d7:command6:delete7:call-id4:nopee");
	assert_reply("d3 d7:warning38:Call-ID not found or tags didn't match6:result2:oke");
	ask("d4 d7:command6:delete7:call-id4:nope5:flagsl5:fatalee");
	assert_reply(
		"d4 d6:result5:error12:error-reason38:Call-ID not found or tags didn't matche");
	/* The call is there, the tags are nobody's: no figures in the reply. */
	ask("d5 d7:command6:delete7:call-id4:c1@x8:from-tag4:nopee");
	assert_reply("d5 d7:warning38:Call-ID not found or tags didn't match6:result2:oke");
}

static void query_tells_totals_that_equal_what_passed(void **state)
{
	const char *at;

	(void)state;
	ask("q1 d7:command5:query7:call-id4:c1@xe");
	assert_true(
		!strncmp(client.reply,
			 "q1 d7:createdi1402064111e10:created_usi0e10:created_tsi1402064111000000e"
			 "11:last signali1402064116e17:last redis updatei0e4:SSRCde4:tagsd3:ft1d",
			 130));
	at = strstr(client.reply, "6:totals");
	assert_non_null(at);
	assert_true(!strncmp(at,
			     "6:totalsd3:RTPd7:packetsi28e5:bytesi570e6:errorsi6ee4:RTCPd7:packets"
			     "i5e5:bytesi90e6:errorsi0eee10:protection",
			     100));
	assert_string_equal(client.reply + strlen(client.reply) - 13, "6:result2:oke");
	assert_non_null(strstr(client.reply, "3:tag3:ft1"));
	assert_non_null(strstr(client.reply, "d5:indexi1e4:type5:audio8:protocol8:RTP/SAVP"));
	assert_non_null(strstr(client.reply,
			       "d10:local porti30000e13:local address9:192.0.2.16:family4:IPv4"
			       "8:endpointd6:family4:IPv47:address12:198.51.100.14:porti2000ee"));
	assert_non_null(strstr(client.reply, "12:crypto suite16:AEAD_AES_128_GCM"));
	assert_non_null(strstr(client.reply, "5:statsd7:packetsi9e5:bytesi190e6:errorsi3ee"));
	assert_non_null(strstr(client.reply, "9:stats_outd7:packetsi18e5:bytesi380e6:errorsi0ee"));
	assert_non_null(strstr(client.reply, "5:statsd7:packetsi2e5:bytesi30e6:errorsi0ee"));
	assert_non_null(strstr(client.reply, "9:stats_outd7:packetsi3e5:bytesi60e6:errorsi0ee"));
	assert_non_null(strstr(client.reply, "11:last packeti0e"));
}

static void query_in_json_is_a_document(void **state)
{
	json_error_t error;
	json_t *json, *tags;

	(void)state;
	ask("q2 {\"command\":\"query\",\"call-id\":\"c1@x\"}");
	json = json_loads(client.reply + 3, 0, &error);
	assert_non_null(json);
	tags = json_object_get(json, "tags");
	assert_int_equal(json_object_size(tags), 3);
	/* Of two who answered, one has the media. */
	assert_int_equal(json_array_size(json_object_get(json_object_get(tags, "tt1"), "medias")),
			 0);
	assert_int_equal(json_array_size(json_object_get(json_object_get(tags, "tt2"), "medias")),
			 2);
	json_decref(json);
}

static void list_has_a_limit(void **state)
{
	(void)state;
	ask("l3 d7:command4:liste");
	assert_reply("l3 d5:callsl4:c1@x4:c2@xe6:result2:oke");
	ask("l4 d7:command4:list5:limiti1ee");
	assert_reply("l4 d5:callsl4:c1@xe6:result2:oke");
	ask("l5 d7:command4:list5:limit1:0e");
	assert_reply("l5 d5:callsle6:result2:oke");
}

static void statistics_count_commands(void **state)
{
	(void)state;
	ask("s1 d7:command4:pinge");
	ask("s2 d7:command4:pinge");
	ask(OFFER("s3", "c1"));
	ask(OFFER("s4", "ports"));
	ask("s6 d7:command5:offere"); /* nothing that could have been a session */
	ask("s5 d7:command10:statisticse");
	assert_non_null(strstr(client.reply, "17:currentstatisticsd11:sessionsowni3e"));
	assert_non_null(strstr(client.reply, "15:managedsessionsi1e16:rejectedsessionsi1e"));
	assert_non_null(strstr(client.reply, "18:intervalstatisticsde17:controlstatisticsd"));
	assert_non_null(strstr(client.reply, "14:totalpingcounti2e15:totaloffercounti2e"));
	assert_non_null(strstr(client.reply, "15:totalerrorcounti2e"));
	assert_string_equal(client.reply + strlen(client.reply) - 13, "6:result2:oke");
}

static void a_reply_that_does_not_fit_is_an_error(void **state)
{
	(void)state;
	ask(OFFER("b1", "huge"));
	assert_reply("b1 d6:result5:error12:error-reason15:Reply too largee");
	ask("b2 {\"command\":\"offer\",\"sdp\":\"v\",\"call-id\":\"huge\",\"from-tag\":\"f\"}");
	assert_reply("b2 {\"result\":\"error\",\"error-reason\":\"Reply too large\"}");
}

static void nothing_of_a_request_stays_in_memory(void **state)
{
	(void)state;
	ask("k1 d7:command5:offer3:sdp20:a=crypto:secret-here7:call-id1:c8:from-tag1:fe");
	assert_false(memory_holds("secret-here"));
	ask("k2 {\"command\":\"offer\",\"sdp\":\"a=crypto:secret-there\",\"call-id\":\"c\","
	    "\"from-tag\":\"f\"}");
	assert_false(memory_holds("secret-there"));
}

/* ---- streams ---- */

static void requests_on_a_stream_are_answered_in_order(void **state)
{
	static struct client tcp;

	(void)state;
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	client_ask(&tcp, "1 d7:command4:pinge2 d7:command5:dancee\r\n3 d7:command4:pinge");
	client_drain(&tcp);
	assert_string_equal(tcp.reply,
			    "1 d6:result4:ponge2 d6:result5:error12:error-reason20:Unrecognized "
			    "commande3 d6:result4:ponge");
	client_close(&tcp);
}

static void a_request_may_come_byte_by_byte(void **state)
{
	static const char text[] = "c1 d7:command5:offer3:sdp1:v7:call-id1:c8:from-tag1:fe";
	static struct client tcp;

	(void)state;
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	for (size_t i = 0; i + 1 < sizeof(text) - 1; i++) {
		client_send(&tcp, text + i, 1);
		pump(0);
		assert_int_equal(fake.calls, 0);
	}
	client_send(&tcp, "e", 1);
	client_receive(&tcp);
	assert_int_equal(fake.calls, 1);
	assert_non_null(strstr(tcp.reply, "c1 d3:sdp"));
	client_close(&tcp);
}

static void the_end_of_a_stream_waits_for_the_replies(void **state)
{
	static struct client tcp;

	(void)state;
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	for (int i = 0; i < 100; i++)
		client_send(&tcp, "c d7:command4:pinge", 19);
	shutdown(tcp.fd, SHUT_WR);
	client_drain(&tcp);
	assert_int_equal(strlen(tcp.reply), 100 * strlen("c d6:result4:ponge"));
	assert_true(client_closed(&tcp));
	client_close(&tcp);
}

static void a_stream_that_cannot_be_cut_is_closed(void **state)
{
	static const char *const cases[] = { "c1 {\"command\":\"ping\"}", "c1 x", " d",
					     "c1 d4:xq::q", "c1 d99999999999:" };
	static struct client tcp;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_open(&tcp, SOCK_STREAM, "127.0.0.1");
		client_send(&tcp, cases[i], strlen(cases[i]));
		if (!client_closed(&tcp))
			fail_msg("'%s' left the stream open", cases[i]);
		client_close(&tcp);
	}
	assert_int_equal(stats().malformed, 5);
}

static void a_request_without_end_is_bounded(void **state)
{
	static char chunk[16384];
	static struct client tcp;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	client_send(&tcp, "c1 d3:sdp9999999:", 17);
	for (int i = 0; i < 5; i++) {
		(void)send(tcp.fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
		pump(0);
	}
	assert_true(client_closed(&tcp));
	client_close(&tcp);
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	client_send(&tcp, chunk, 1024); /* a cookie without end */
	assert_true(client_closed(&tcp));
	client_close(&tcp);
}

/* The listener keeps two replies at most and reads no more requests meanwhile; others are served. */
static void a_reader_that_does_not_read_is_not_read_from(void **state)
{
	static const char request[] = "c d7:command5:offer3:sdp1:v7:call-id3:big8:from-tag1:fe";
	char text[96];
	static struct client tcp;
	int small = 4096, sent = 0;

	(void)state;
	client_open(&tcp, SOCK_STREAM, "127.0.0.1");
	setsockopt(tcp.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (; sent < 100000; sent++) {
		int len = snprintf(text, sizeof(text), "%d%s", sent, request);

		if (send(tcp.fd, text, (size_t)len, MSG_DONTWAIT) != len)
			break;
		if (sent % 16 == 0)
			pump(0);
	}
	pump(0);
	assert_true(fake.calls < 1000);
	ask("p1 d7:command4:pinge");
	assert_reply("p1 d6:result4:ponge");
	ups_ng_tcp_expire(server, ups_ng_now_ns() + UPS_NG_STALL_NS + 1000000000ULL);
	assert_int_equal(server->stream_count, 0);
	client_close(&tcp);
}

static void connections_are_limited_and_silent_ones_give_way(void **state)
{
	static struct client tcp[5];

	(void)state;
	for (int i = 0; i < 4; i++) {
		client_open(&tcp[i], SOCK_STREAM, "127.0.0.1");
		client_ask(&tcp[i], "c d7:command4:pinge");
	}
	client_open(&tcp[4], SOCK_STREAM, "127.0.0.1");
	assert_true(client_closed(&tcp[4]));
	client_close(&tcp[4]);
	assert_int_equal(server->stream_count, 4);
	age_streams(20);
	client_ask(&tcp[0], "d d7:command4:pinge");
	client_open(&tcp[4], SOCK_STREAM, "127.0.0.1");
	client_ask(&tcp[4], "e d7:command4:pinge");
	assert_string_equal(tcp[4].reply, "e d6:result4:ponge");
	assert_true(client_closed(&tcp[1]));
	client_ask(&tcp[0], "f d7:command4:pinge");
	ups_ng_tcp_expire(server, ups_ng_now_ns() + UPS_NG_IDLE_NS + 1000000000ULL);
	assert_int_equal(server->stream_count, 0);
	for (int i = 0; i < 5; i++)
		client_close(&tcp[i]);
}

/* ---- life ---- */

static void an_address_that_is_taken_is_named(void **state)
{
	struct ups_ng_server *second = NULL;
	struct ups_errmsg msg = { "" };

	(void)state;
	assert_int_equal(ups_ng_server_create(loop, &fake_ops, &server->config, &second, &msg),
			 -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(msg.text, "0.0.0.0:"));
	ups_ng_server_destroy(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_ping_is_answered_in_its_encoding),
		T(a_retransmission_runs_once_and_gets_the_same_bytes),
		T(a_cookie_belongs_to_one_source),
		T(a_failure_is_kept_like_any_reply),
		cmocka_unit_test(cookies_live_for_30_to_60_seconds),
		cmocka_unit_test(cookies_are_bounded_in_entries_and_bytes),
		T(what_is_no_request_is_ignored_or_refused),
		T(a_datagram_of_one_long_cookie_is_ignored),
		T(the_reply_leaves_from_the_address_that_was_addressed),
		T(other_sources_are_ignored_and_counted),
		T(the_source_decides_how_signalling_is_protected),
		T(an_offer_gets_sdp_result_and_protection),
		T(the_session_limit_is_told_as_load_limit_to_who_knows_it),
		T(failures_have_the_texts_that_clients_compare),
		T(delete_works_by_call_id_alone),
		T(delete_of_an_unknown_call_is_a_warning),
		T(query_tells_totals_that_equal_what_passed),
		T(query_in_json_is_a_document),
		T(list_has_a_limit),
		T(statistics_count_commands),
		T(a_reply_that_does_not_fit_is_an_error),
		T(nothing_of_a_request_stays_in_memory),
		T(requests_on_a_stream_are_answered_in_order),
		T(a_request_may_come_byte_by_byte),
		T(the_end_of_a_stream_waits_for_the_replies),
		T(a_stream_that_cannot_be_cut_is_closed),
		T(a_request_without_end_is_bounded),
		T(a_reader_that_does_not_read_is_not_read_from),
		T(connections_are_limited_and_silent_ones_give_way),
		T(an_address_that_is_taken_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
