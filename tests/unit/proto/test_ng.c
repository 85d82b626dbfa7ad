// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests of ng as Kamailio and OpenSIPS send them: spellings, lists, shorthand, what is refused and what is passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/addr.h"
#include "proto/bencode.h"
#include "proto/json.h"
#include "proto/ng.h"
#include "upsec/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SDP93                                                                             \
	"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n" \
	"m=audio 2000 RTP/AVP 0\r\n"
/* The offer of a Kamailio with its own parser of flags */
#define OFFER                                                                             \
	"d8:supportsl10:load limite3:sdp93:" SDP93                                        \
	"3:ICE6:remove7:replacel6:origine18:transport-protocol8:RTP/SAVP4:SDESl28:only-"  \
	"AES_CM_128_HMAC_SHA1_80e13:received-froml3:IP412:198.51.100.9e7:call-id4:c1@x8:" \
	"from-tag3:ft17:command5:offer16:sip-message-type11:sip_request5:flagsl13:trust-" \
	"addressee"

static struct ups_arena arena;
static struct ups_errmsg msg;
static struct ups_ng_request r;

static int setup(void **state)
{
	(void)state;
	return ups_arena_init(&arena, 1 << 20);
}

static int teardown(void **state)
{
	(void)state;
	ups_arena_fini(&arena);
	return 0;
}

static int parse_text(struct ups_text text)
{
	struct ups_value *dict = NULL;
	int err;

	ups_arena_reset(&arena);
	msg.text[0] = '\0';
	if (text.at[0] == '{')
		err = ups_json_decode(text, &arena, &dict, &msg);
	else
		err = ups_bencode_decode(text, &arena, &dict, &msg);
	if (err)
		fail_msg("%.*s: %s", UPS_TEXT_ARG(text), msg.text);
	return ups_ng_parse(dict, &arena, &r, &msg);
}

static int parse(const char *text)
{
	return parse_text(ups_text_of(text));
}

/* An offer with @more, which is JSON: `"key":value,...` */
static int offer(const char *more)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		 "{\"command\":\"offer\",\"sdp\":\"v=0\",\"call-id\":\"c\",\"from-tag\":\"f\"%s%s}",
		 *more ? "," : "", more);
	return parse(text);
}

/* An offer whose rtpp-flags are @raw */
static int raw(const char *flags)
{
	char more[2048];

	snprintf(more, sizeof(more), "\"rtpp-flags\":\"%s\"", flags);
	return offer(more);
}

static void accept_offer(const char *more)
{
	if (offer(more))
		fail_msg("%s: %s", more, msg.text);
}

static void accept_raw(const char *flags)
{
	if (raw(flags))
		fail_msg("%s: %s", flags, msg.text);
}

static void assert_warning(const char *text)
{
	if (!ups_text_is(r.warning, text))
		fail_msg("warning is '%.*s'", UPS_TEXT_ARG(r.warning));
}

/* ---- what proxies send ---- */

static void the_ping_of_a_proxy(void **state)
{
	(void)state;
	assert_int_equal(parse("d7:command4:pinge"), 0);
	assert_int_equal(r.command, UPS_NG_PING);
}

static void the_offer_of_kamailio(void **state)
{
	char text[UPS_ADDR_TEXT];

	(void)state;
	assert_int_equal(sizeof(OFFER) - 1, 387 - sizeof("1_3735928559_7"));
	assert_int_equal(parse(OFFER), 0);
	assert_int_equal(r.command, UPS_NG_OFFER);
	assert_true(r.supports_load_limit);
	assert_true(ups_text_is(r.sdp, SDP93));
	assert_true(ups_text_is(r.call_id, "c1@x"));
	assert_true(ups_text_is(r.from_tag, "ft1"));
	assert_null(r.to_tag.at);
	assert_int_equal(r.flags.ice, UPS_NG_ICE_REMOVE);
	assert_int_equal(r.flags.replace, UPS_REPLACE_ORIGIN);
	assert_int_equal(r.flags.transport, UPS_SDP_SAVP);
	assert_int_equal(r.flags.sdes_only, 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_true(r.flags.has_received_from);
	assert_string_equal(ups_addr_format(&r.flags.received_from, text), "198.51.100.9");
	assert_false(r.flags.sip_source_address);
	assert_null(r.warning.at);
	assert_int_equal(r.flags.delete_delay, -1);
}

static void the_delete_of_kamailio_and_that_of_opensips(void **state)
{
	(void)state;
	assert_int_equal(parse("d8:supportsl10:load limite13:received-froml3:IP412:198.51.100.9e7:"
			       "call-id4:c1@x8:from-tag3:ft17:command6:delete16:sip-message-type11:"
			       "sip_requeste"),
			 0);
	assert_int_equal(r.command, UPS_NG_DELETE);
	assert_true(ups_text_is(r.from_tag, "ft1"));
	assert_int_equal(parse("d7:command6:delete7:call-id1:c12:delete delayi30ee"), 0);
	assert_null(r.from_tag.at);
	assert_int_equal(r.flags.delete_delay, 30);
	assert_int_equal(parse("d7:command6:delete7:call-id1:c12:delete-delay2:315:flagsl5:fatal4:"
			       "fastee"),
			 0);
	assert_int_equal(r.flags.delete_delay, 31);
	assert_true(r.flags.fatal && r.flags.fast);
}

static void list_query_and_statistics(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"command\":\"list\"}"), 0);
	assert_int_equal(r.limit, 32);
	assert_int_equal(parse("{\"command\":\"list\",\"limit\":\"5\"}"), 0);
	assert_int_equal(r.limit, 5);
	assert_int_equal(parse("{\"command\":\"statistics\"}"), 0);
	assert_int_equal(r.command, UPS_NG_STATISTICS);
	assert_int_equal(parse("{\"command\":\"query\",\"call_id\":\"c\"}"), 0);
	assert_true(ups_text_is(r.call_id, "c"));
}

static void what_is_missing_is_named_in_the_words_clients_compare(void **state)
{
	static const struct {
		const char *request, *text;
		int err;
	} cases[] = {
		{ "{}", "Dictionary contains no key \"command\"", UPS_E_SYNTAX },
		{ "{\"command\":1}", "Dictionary contains no key \"command\"", UPS_E_SYNTAX },
		{ "{\"command\":\"dance\"}", "Unrecognized command", UPS_E_SYNTAX },
		{ "{\"command\":\"\"}", "Unrecognized command", UPS_E_SYNTAX },
		{ "{\"command\":\"offer\"}", "No SDP body in message", UPS_E_SYNTAX },
		{ "{\"command\":\"offer\",\"sdp\":\"\",\"call-id\":\"c\"}",
		  "No SDP body in message", UPS_E_SYNTAX },
		{ "{\"command\":\"offer\",\"sdp\":\"v\"}", "No call-id in message", UPS_E_SYNTAX },
		{ "{\"command\":\"offer\",\"sdp\":\"v\",\"call-id\":\"c\"}",
		  "No from-tag in message", UPS_E_SYNTAX },
		{ "{\"command\":\"answer\",\"sdp\":\"v\",\"call-id\":\"c\",\"from-tag\":\"f\"}",
		  "No to-tag in message", UPS_E_SYNTAX },
		{ "{\"command\":\"delete\"}", "No call-id in message", UPS_E_SYNTAX },
		{ "{\"command\":\"query\"}", "No call-id in message", UPS_E_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(cases[i].request), cases[i].err);
		assert_string_equal(msg.text, cases[i].text);
	}
}

static void commands_that_upsec_lacks_are_named(void **state)
{
	static const char *const cases[] = { "start recording", "play-media", "block DTMF",
					     "subscribe_request", "unsubscribe" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "{\"command\":\"%s\"}", cases[i]);
		assert_int_equal(parse(text), UPS_E_UNSUPPORTED);
		assert_non_null(strstr(msg.text, "is not supported"));
	}
	assert_non_null(strstr(msg.text, "unsubscribe"));
}

/* ---- spellings ---- */

static void keys_are_spelt_in_many_ways(void **state)
{
	static const char *const cases[] = {
		"\"transport-protocol\":\"RTP/SAVPF\",\"media-address\":\"192.0.2.1\",\"tos\":\"184\"",
		"\"transport protocol\":\"rtp/savpf\",\"media address\":\"192.0.2.1\",\"TOS\":184",
		"\"Transport_Protocol\":\"RTP/SAVPF\",\"media_address\":\"192.0.2.1\",\"TOS\":184",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		accept_offer(cases[i]);
		assert_int_equal(r.flags.transport, UPS_SDP_SAVPF);
		assert_true(ups_text_is(r.flags.media_address, "192.0.2.1"));
		assert_true(r.flags.has_tos);
		assert_int_equal(r.flags.tos, 184);
		assert_null(r.warning.at);
	}
}

static void lists_come_as_one_string_too(void **state)
{
	(void)state;
	accept_offer("\"ICE\":\"force\",\"replace\":\"session connection\",\"SDES\":\"off\","
		     "\"rtcp-mux\":\"demux\",\"flags\":\"SIP-source-address strict_source\"");
	assert_int_equal(r.flags.ice, UPS_NG_ICE_FORCE);
	assert_int_equal(r.flags.replace, UPS_REPLACE_CONNECTION);
	assert_true(r.flags.sdes_off);
	assert_int_equal(r.flags.mux, UPS_MUX_DEMUX);
	assert_true(r.flags.sip_source_address && r.flags.strict_source);
	accept_offer("\"flags\":\"trust address\"");
	assert_null(r.warning.at);
}

static void words_of_lists_are_spelt_in_many_ways(void **state)
{
	(void)state;
	accept_offer("\"flags\":[\"trust address\",\"Port-Latching\",\"no_rtcp_attribute\"],"
		     "\"replace\":[\"Session_Name\",\"SDP version\",\"zero-address\",\"username\"],"
		     "\"rtcp-mux\":[\"offer\",\"REQUIRE\",\"accept\",\"reject\"],"
		     "\"dtls\":[\"Passive\"],\"osrtp\":[\"offer\",\"accept-RFC\"]");
	assert_true(r.flags.port_latching && r.flags.no_rtcp_attribute);
	assert_int_equal(r.flags.replace, UPS_REPLACE_NAME | UPS_REPLACE_VERSION |
						  UPS_REPLACE_ZERO | UPS_REPLACE_USERNAME);
	assert_int_equal(r.flags.mux,
			 UPS_MUX_OFFER | UPS_MUX_REQUIRE | UPS_MUX_ACCEPT | UPS_MUX_REJECT);
	assert_int_equal(r.flags.dtls, UPS_NG_DTLS_PASSIVE);
	assert_true(r.flags.osrtp_offer && r.flags.osrtp_accept);
	assert_null(r.warning.at);
}

static void a_repeated_key_counts_once(void **state)
{
	(void)state;
	assert_int_equal(parse("d7:command5:offer3:sdp1:v7:call-id1:a7:call id1:b8:from-tag1:f9:"
			       "directionl1:x1:ye9:Directionl1:z1:wee"),
			 0);
	assert_true(ups_text_is(r.call_id, "a"));
	assert_true(ups_text_is(r.flags.direction[0], "x"));
	assert_true(ups_text_is(r.flags.direction[1], "y"));
}

/* ---- values ---- */

static void direction_names_two_interfaces(void **state)
{
	(void)state;
	accept_offer("\"direction\":[\"access\",\"core\"]");
	assert_true(ups_text_is(r.flags.direction[0], "access"));
	assert_true(ups_text_is(r.flags.direction[1], "core"));
	accept_raw("internal external");
	assert_true(ups_text_is(r.flags.direction[0], "internal"));
	assert_true(ups_text_is(r.flags.direction[1], "external"));
	accept_raw("direction=a direction=b");
	assert_true(ups_text_is(r.flags.direction[1], "b"));
	assert_int_equal(offer("\"direction\":[\"a\",\"b\",\"c\"]"), UPS_E_SYNTAX);
}

static void addresses_and_families(void **state)
{
	char text[UPS_ADDR_TEXT];

	(void)state;
	accept_offer("\"received from\":[\"IP6\",\"2001:db8::7\"],\"address family\":\"IP6\"");
	assert_string_equal(ups_addr_format(&r.flags.received_from, text), "2001:db8::7");
	assert_int_equal(r.flags.family, AF_INET6);
	accept_offer("\"received-from\":\"192.0.2.4\",\"address-family\":\"inet\"");
	assert_string_equal(ups_addr_format(&r.flags.received_from, text), "192.0.2.4");
	assert_int_equal(r.flags.family, AF_INET);
	assert_int_equal(offer("\"received-from\":[\"IP6\",\"192.0.2.4\"]"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"received-from\":[\"IP4\",\"host.example\"]"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"received-from\":[\"IPX\",\"192.0.2.4\"]"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"address-family\":\"IP5\""), UPS_E_SYNTAX);
}

static void numbers_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_int_equal(offer("\"TOS\":256"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"TOS\":-1"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"TOS\":\"x\""), UPS_E_SYNTAX);
	assert_int_equal(offer("\"delete-delay\":-30"), UPS_E_SYNTAX);
	assert_int_equal(offer("\"transport-protocol\":\"RTP/FAST\""), UPS_E_SYNTAX);
}

static void sdes_words(void **state)
{
	const uint32_t gcm = 1u << UPS_SUITE_AEAD_AES_128_GCM;
	const uint32_t cm32 = 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_32;

	(void)state;
	accept_offer("\"SDES\":[\"only-AEAD_AES_128_GCM\",\"no-AES_CM_128_HMAC_SHA1_32\","
		     "\"nonew\",\"pad\",\"lifetime\",\"static\",\"order:AEAD_AES_128_GCM\","
		     "\"no-F8_128_HMAC_SHA1_80\",\"only-NULL_HMAC_SHA1_80\"]");
	assert_int_equal(r.flags.sdes_only, gcm);
	assert_int_equal(r.flags.sdes_no, cm32);
	assert_null(r.warning.at);
	accept_offer("\"flags\":[\"SDES-off\"]");
	assert_true(r.flags.sdes_off);
	accept_offer("\"SDES\":[\"no\"]");
	assert_true(r.flags.sdes_off);
	accept_raw("SDES-only-AEAD_AES_128_GCM SDES-no-AES_CM_128_HMAC_SHA1_32");
	assert_int_equal(r.flags.sdes_only, gcm);
	assert_int_equal(r.flags.sdes_no, cm32);
}

static void sdes_only_of_suites_that_are_not_here_is_refused(void **state)
{
	(void)state;
	assert_int_equal(offer("\"SDES\":[\"only-NULL_HMAC_SHA1_80\"]"), UPS_E_UNSUPPORTED);
	assert_int_equal(raw("SDES-only-F8_128_HMAC_SHA1_80"), UPS_E_UNSUPPORTED);
}

static void words_that_weaken_media_are_refused(void **state)
{
	static const char *const cases[] = { "unencrypted_srtp", "unencrypted_srtcp",
					     "unauthenticated_srtp" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "\"SDES\":[\"%s\"]", cases[i]);
		assert_int_equal(offer(text), UPS_E_UNSUPPORTED);
		snprintf(text, sizeof(text), "SDES-%s", cases[i]);
		assert_int_equal(raw(text), UPS_E_UNSUPPORTED);
		snprintf(text, sizeof(text), "SDES=%s", cases[i]);
		assert_int_equal(raw(text), UPS_E_UNSUPPORTED);
	}
}

/* ---- rtpp-flags ---- */

static void raw_flags_as_rtpengine_reads_them(void **state)
{
	(void)state;
	accept_raw("  replace-origin replace-session-connection ICE=remove rtcp-mux-demux "
		   "rtcp-mux=[offer accept] DTLS=off via-branch=auto TOS=184 delete-delay=5 "
		   "RTP/SAVP trust-address strict-source port-latching recrypt OSRTP-offer "
		   "address-family=IP4 SDES=[only-AES_CM_128_HMAC_SHA1_80 nonew] ");
	assert_int_equal(r.flags.replace, UPS_REPLACE_ORIGIN | UPS_REPLACE_CONNECTION);
	assert_int_equal(r.flags.ice, UPS_NG_ICE_REMOVE);
	assert_int_equal(r.flags.mux, UPS_MUX_DEMUX | UPS_MUX_OFFER | UPS_MUX_ACCEPT);
	assert_int_equal(r.flags.dtls, UPS_NG_DTLS_OFF);
	assert_null(r.via_branch.at);
	assert_int_equal(r.flags.tos, 184);
	assert_int_equal(r.flags.delete_delay, 5);
	assert_int_equal(r.flags.transport, UPS_SDP_SAVP);
	assert_true(r.flags.strict_source && r.flags.port_latching && r.flags.osrtp_offer);
	assert_int_equal(r.flags.sdes_only, 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_null(r.warning.at);
	assert_int_equal(raw("SDES=[off"), UPS_E_SYNTAX);
	accept_raw("");
	accept_raw("direction=[a b]");
	assert_true(ups_text_is(r.flags.direction[1], "b"));
}

static void shorthand_words_combine_to_a_transport(void **state)
{
	static const struct {
		const char *words;
		enum ups_sdp_proto proto;
	} cases[] = {
		{ "trust-address", UPS_SDP_PROTO_NONE },
		{ "RTP AVP", UPS_SDP_AVP },
		{ "RTP", UPS_SDP_AVP },
		{ "AVPF", UPS_SDP_AVPF },
		{ "SRTP", UPS_SDP_SAVP },
		{ "SRTP AVPF", UPS_SDP_SAVPF },
		{ "RTP SAVP", UPS_SDP_SAVP },
		{ "SAVPF", UPS_SDP_SAVPF },
		{ "DTLS SAVPF", UPS_SDP_TLS_SAVPF },
		{ "DTLS", UPS_SDP_TLS_SAVP },
		{ "DTLS AVPF SRTP", UPS_SDP_TLS_SAVPF },
		{ "UDP/TLS/RTP/SAVPF", UPS_SDP_TLS_SAVPF },
		{ "RTP/AVP SRTP", UPS_SDP_AVP },
		{ "WebRTC", UPS_SDP_TLS_SAVPF },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		accept_raw(cases[i].words);
		if (r.flags.transport != cases[i].proto)
			fail_msg("%s gives %d", cases[i].words, r.flags.transport);
	}
}

/* ---- ours ---- */

static void our_keys_in_every_form(void **state)
{
	static const char *const forms[] = {
		"\"user-protection\":\"required\",\"signalling\":[\"encrypted\",\"integrity\"],"
		"\"cpm-address\":\"sip:alice@example.net\",\"registered-source\":\"192.0.2.9\","
		"\"authenticated\":true",
		"\"flags\":[\"user-protection=required\",\"signalling=encrypted,integrity\","
		"\"cpm-address=sip:alice@example.net\",\"registered-source=192.0.2.9\","
		"\"authenticated=yes\"]",
		"\"rtpp-flags\":\"user-protection-required signalling=[encrypted integrity] "
		"cpm-address=sip:alice@example.net registered-source=192.0.2.9 authenticated\"",
	};
	char text[UPS_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		accept_offer(forms[i]);
		assert_true(r.flags.has_wish);
		assert_int_equal(r.flags.wish, UPS_WISH_REQUIRED);
		assert_true(r.flags.has_signalling[0] && r.flags.has_signalling[1]);
		assert_int_equal(r.flags.signalling[0], UPS_SIGNALLING_ENCRYPTED);
		assert_int_equal(r.flags.signalling[1], UPS_SIGNALLING_INTEGRITY);
		assert_true(ups_text_is(r.flags.cpm_address, "sip:alice@example.net"));
		assert_true(r.flags.has_registered_source);
		assert_string_equal(ups_addr_format(&r.flags.registered_source, text), "192.0.2.9");
		assert_int_equal(r.flags.authenticated, UPS_NG_YES);
		assert_null(r.warning.at);
	}
	accept_offer("\"signalling\":\"integrity\",\"authenticated\":\"no\"");
	assert_true(r.flags.has_signalling[0] && r.flags.has_signalling[1]);
	assert_int_equal(r.flags.signalling[1], UPS_SIGNALLING_INTEGRITY);
	assert_int_equal(r.flags.authenticated, UPS_NG_NO);
	accept_offer("");
	assert_int_equal(r.flags.authenticated, UPS_NG_UNSAID);
	assert_false(r.flags.has_wish || r.flags.has_signalling[0] || r.flags.has_signalling[1]);
}

static void a_wrong_word_in_a_key_of_ours_is_an_error(void **state)
{
	static const char *const cases[] = {
		"\"user-protection\":\"requird\"",
		"\"user-protection\":\"\"",
		"\"signalling\":\"tls\"",
		"\"signalling\":[\"none\",\"none\",\"none\"]",
		"\"signalling\":[\"none\",\"encrypted,none\"]",
		"\"registered-source\":\"192.0.2.9:5060\"",
		"\"registered-source\":\"alice\"",
		"\"authenticated\":\"maybe\"",
		"\"flags\":[\"user-protection-requird\"]",
		"\"rtpp-flags\":\"authenticated=perhaps\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (offer(cases[i]) != UPS_E_SYNTAX)
			fail_msg("%s was accepted", cases[i]);
		assert_string_not_equal(msg.text, "");
	}
}

/* ---- what upsec does not do ---- */

static void what_would_change_media_is_refused(void **state)
{
	static const char *const words[] = {
		"always-transcode", "transcode-PCMU",	   "codec-strip-G729", "codec-mask-all",
		"codec=strip-all",  "record-call",	   "T.38=decode",      "T.38-force",
		"inject-DTMF",	    "block-DTMF",	   "media-echo",       "asymmetric",
		"generate-RTCP",    "mirror-RTCP",	   "SIPREC",	       "ptime=40",
		"media-handover",   "strip-extmap",	   "fragment",	       "OSRTP-offer-legacy",
		"block media",	    "audio-player=always",
	};
	static const char *const dicts[] = {
		"\"codec\":{\"strip\":[\"all\"]}",
		"\"codec\":{\"except\":[\"PCMU\"]}",
		"\"codec\":{\"transcode\":[\"opus\"]}",
		"\"codec\":[\"mask-opus\"]",
		"\"record call\":\"yes\"",
		"\"repacketize\":20",
		"\"sdp-attr\":{\"audio\":{\"add\":[\"x\"]}}",
		"\"ptime\":20",
		"\"T38\":[\"decode\"]",
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		snprintf(text, sizeof(text), "\"flags\":[\"%s\"]", words[i]);
		if (offer(text) != UPS_E_UNSUPPORTED)
			fail_msg("%s was not refused", words[i]);
		assert_non_null(strstr(msg.text, "is not supported: "));
		assert_non_null(strstr(msg.text, "; leave it out"));
	}
	for (size_t i = 0; i < COUNT(dicts); i++) {
		if (offer(dicts[i]) != UPS_E_UNSUPPORTED)
			fail_msg("%s was not refused", dicts[i]);
	}
}

static void what_asks_for_nothing_is_passed_over(void **state)
{
	(void)state;
	accept_offer("\"codec\":{\"strip\":[],\"transcode\":[]},\"record-call\":\"no\","
		     "\"T.38\":[\"stop\"]");
	accept_offer("\"flags\":[\"loop-protect\",\"recrypt\",\"symmetric\",\"unidirectional\","
		     "\"early-media\",\"generate-mid\",\"detect-DTMF\",\"pad-crypto\",\"to-tag\"],"
		     "\"bundle\":[\"accept\"],\"label\":\"x\",\"DTLS-fingerprint\":\"sha-1\"");
	assert_null(r.warning.at);
}

/* A proxy gives the same words with every command: a call must end all the same. */
static void delete_is_never_refused_for_words_about_media(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"command\":\"delete\",\"call-id\":\"c\",\"flags\":["
			       "\"record-call\",\"always-transcode\",\"direction=a\",\"internal\","
			       "\"internal\",\"external\",\"user-protection=x\"],"
			       "\"codec\":{\"strip\":[\"all\"]},\"SDES\":[\"only-X\"],"
			       "\"TOS\":\"x\",\"received-from\":[\"IP4\",\"x\"]}"),
			 0);
}

static void unknown_words_are_named_in_the_warning(void **state)
{
	(void)state;
	accept_offer("\"flags\":[\"dance\",\"sing=loud\",\"trust-address\"],\"colour\":\"red\","
		     "\"ICE\":[\"melt\"],\"DTLS\":\"sha\"");
	assert_warning("ignored: dance, sing=loud, colour, ICE=melt, DTLS=sha");
	accept_raw("esc\\u001b[31m");
	assert_warning("ignored: esc?[31m");
}

static void a_flood_of_unknown_words_stays_bounded(void **state)
{
	static char text[32768];
	size_t used = (size_t)snprintf(
		text, sizeof(text), "d7:command5:offer3:sdp1:v7:call-id1:c8:from-tag1:f5:flagsl");

	(void)state;
	while (used + 32 < sizeof(text))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "12:unknown-word");
	snprintf(text + used, sizeof(text) - used, "ee");
	assert_int_equal(parse(text), 0);
	assert_in_range(r.warning.len, 400, 512);
}

static void too_many_keys_are_refused(void **state)
{
	static char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), "d7:command6:delete7:call-id1:c");

	(void)state;
	for (int i = 0; i < 300; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "5:k%04di1e", i);
	snprintf(text + used, sizeof(text) - used, "e");
	assert_int_equal(parse(text), UPS_E_SYNTAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_ping_of_a_proxy),
		T(the_offer_of_kamailio),
		T(the_delete_of_kamailio_and_that_of_opensips),
		T(list_query_and_statistics),
		T(what_is_missing_is_named_in_the_words_clients_compare),
		T(commands_that_upsec_lacks_are_named),
		T(keys_are_spelt_in_many_ways),
		T(lists_come_as_one_string_too),
		T(words_of_lists_are_spelt_in_many_ways),
		T(a_repeated_key_counts_once),
		T(direction_names_two_interfaces),
		T(addresses_and_families),
		T(numbers_out_of_range_are_refused),
		T(sdes_words),
		T(sdes_only_of_suites_that_are_not_here_is_refused),
		T(words_that_weaken_media_are_refused),
		T(raw_flags_as_rtpengine_reads_them),
		T(shorthand_words_combine_to_a_transport),
		T(our_keys_in_every_form),
		T(a_wrong_word_in_a_key_of_ours_is_an_error),
		T(what_would_change_media_is_refused),
		T(what_asks_for_nothing_is_passed_over),
		T(delete_is_never_refused_for_words_about_media),
		T(unknown_words_are_named_in_the_warning),
		T(a_flood_of_unknown_words_stays_bounded),
		T(too_many_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
