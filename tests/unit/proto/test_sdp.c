// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Session descriptions: what is read, what is refused and how it is told, what a log may see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "proto/sdp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO "m=audio 4000 RTP/AVP 0\r\n"
#define PRINT \
	"AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89"
#define PRINT_384 PRINT ":00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define PRINT_512 PRINT ":" PRINT
#define PRINT_SHA1 "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01"
#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

static struct ups_sdp sdp;
static struct ups_errmsg msg;

static int parse(const char *text)
{
	memset(&sdp, 0x5a, sizeof(sdp)); /* nothing may depend on what was there */
	msg.text[0] = '\0';
	return ups_sdp_parse(ups_text_of(text), &sdp, &msg);
}

static void good(const char *text)
{
	if (parse(text))
		fail_msg("%s\nrefused: %s", text, msg.text);
}

static const struct ups_sdp_media *first(const char *text)
{
	good(text);
	assert_true(sdp.media_count >= 1);
	return &sdp.media[0];
}

static void assert_text(struct ups_text t, const char *expected)
{
	if (!ups_text_is(t, expected))
		fail_msg("'%.*s', expected '%s'", UPS_TEXT_ARG(t), expected);
}

static void assert_addr(const struct ups_addr *a, const char *expected)
{
	char buf[UPS_ADDR_TEXT];

	assert_string_equal(ups_addr_format(a, buf), expected);
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static const char whole[] = "v=0\r\n"
			    "o=alice 2890844526 2890844527 IN IP6 2001:db8::5\r\n"
			    "s=a call\r\n"
			    "c=IN IP6 2001:db8::1\r\n"
			    "t=0 0\r\n"
			    "a=ice-lite\r\n"
			    "a=group:BUNDLE a v\r\n"
			    "a=sendonly\r\n"
			    "m=audio 49170/2 RTP/SAVP 0 8 96\r\n"
			    "a=mid:a\r\n"
			    "a=rtpmap:96 opus/48000/2\r\n"
			    "a=rtcp:53020 IN IP4 192.0.2.9\r\n"
			    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"
			    "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n"
			    "a=3ge2ae: requested\r\n"
			    "m=video 0 UDP/TLS/RTP/SAVPF 97\r\n"
			    "c=IN IP4 192.0.2.2\r\n"
			    "a=inactive\r\n"
			    "a=rtcp-mux\r\n"
			    "a=setup:actpass\r\n"
			    "a=fingerprint:sha-256 " PRINT "\r\n"
			    "a=tls-id:abc3de65cddef001be82\r\n"
			    "a=ice-ufrag:8hhY\r\n"
			    "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
			    "a=candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host\r\n"
			    "a=tcap:1 RTP/SAVP\r\n";

static void a_whole_description(void **state)
{
	(void)state;
	good(whole);
	assert_text(sdp.username, "alice");
	assert_text(sdp.session_id, "2890844526");
	assert_text(sdp.version, "2890844527");
	assert_text(sdp.origin_address, "IN IP6 2001:db8::5");
	assert_true(sdp.origin.there);
	assert_addr(&sdp.origin.addr, "2001:db8::5");
	assert_text(sdp.name, "a call");
	assert_addr(&sdp.connection.addr, "2001:db8::1");
	assert_true(sdp.ice_lite);
	assert_int_equal(sdp.session_lines, 8);
	assert_int_equal(sdp.line_count, 26);
	assert_int_equal(sdp.media_count, 2);
	assert_int_equal(sdp.line[6].attr, UPS_SDP_ATTR_GROUP);
	assert_text(sdp.line[6].arg, "BUNDLE a v");
	assert_null(sdp.line[5].arg.at);
	assert_text(sdp.line[5].value, "ice-lite");
}

static void an_audio_line(void **state)
{
	const struct ups_sdp_media *m = first(whole);

	(void)state;
	assert_int_equal(m->line, 8);
	assert_int_equal(m->line_count, 7);
	assert_text(m->type, "audio");
	assert_int_equal(m->port, 49170);
	assert_int_equal(m->port_count, 2);
	assert_int_equal(m->proto, UPS_SDP_SAVP);
	assert_text(m->proto_text, "RTP/SAVP");
	assert_text(m->formats, "0 8 96");
	assert_addr(&m->connection.addr, "2001:db8::1");
	assert_int_equal(m->direction, UPS_SDP_SENDONLY);
	assert_false(m->rtcp_mux);
	assert_true(m->has_rtcp);
	assert_addr(&m->rtcp, "192.0.2.9:53020");
	assert_int_equal(m->crypto_count, 2);
	assert_text(m->crypto[1], "2 AES_CM_128_HMAC_SHA1_32 inline:" KEY);
	assert_true(m->e2ae_requested);
	assert_false(m->e2ae_applied);
	assert_text(m->mid, "a");
	assert_int_equal(m->dtls.setup, UPS_SDP_SETUP_NONE);
	assert_null(m->dtls.tls_id.at);
	assert_false(m->has_candidates || m->has_capability || m->has_keymgt);
}

static void a_video_line(void **state)
{
	const struct ups_sdp_media *m = &sdp.media[1];

	(void)state;
	good(whole);
	assert_int_equal(m->line, 15);
	assert_int_equal(m->line_count, 11);
	assert_int_equal(m->port, 0);
	assert_int_equal(m->port_count, 1);
	assert_int_equal(m->proto, UPS_SDP_TLS_SAVPF);
	assert_addr(&m->connection.addr, "192.0.2.2");
	assert_int_equal(m->direction, UPS_SDP_INACTIVE);
	assert_true(m->rtcp_mux);
	assert_false(m->has_rtcp);
	assert_int_equal(m->dtls.setup, UPS_SDP_SETUP_ACTPASS);
	assert_text(m->dtls.tls_id, "abc3de65cddef001be82");
	assert_int_equal(m->dtls.fingerprint_count, 1);
	assert_text(m->ice_ufrag, "8hhY");
	assert_text(m->ice_pwd, "asd88fgpdd777uzjYhagZg");
	assert_true(m->has_candidates && m->has_capability);
	assert_int_equal(m->crypto_count, 0);
	assert_false(m->e2ae_requested);
}

static void line_ends_may_be_lf_missing_or_empty_lines(void **state)
{
	(void)state;
	good("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n\nt=0 0\nc=IN IP4 192.0.2.1\nm=audio 1 RTP/AVP 0");
	assert_int_equal(sdp.line_count, 6);
	assert_text(sdp.media[0].formats, "0");
	good(HEAD AUDIO "\r\n\r\n");
	assert_int_equal(sdp.line_count, 6);
}

static void unknown_lines_are_kept_in_order(void **state)
{
	(void)state;
	good(HEAD "q=what\r\n" AUDIO "z=1\r\na=x-new:1:2\r\na=\r\n");
	assert_int_equal(sdp.line[5].type, 'q');
	assert_int_equal(sdp.line[7].type, 'z');
	assert_int_equal(sdp.line[8].attr, UPS_SDP_ATTR_OTHER);
	assert_text(sdp.line[8].value, "x-new:1:2");
	assert_text(sdp.line[8].arg, "1:2");
	assert_int_equal(sdp.line[9].value.len, 0);
	assert_int_equal(sdp.media[0].line_count, 4);
}

static void every_attribute_has_its_class(void **state)
{
	static const struct {
		const char *line;
		enum ups_sdp_attr attr;
	} cases[] = {
		{ "sendrecv", UPS_SDP_ATTR_DIRECTION },
		{ "rtcp:5", UPS_SDP_ATTR_RTCP },
		{ "rtcp-mux", UPS_SDP_ATTR_RTCP_MUX },
		{ "rtcp-mux-only", UPS_SDP_ATTR_RTCP_MUX },
		{ "rtcp-fb:96 nack", UPS_SDP_ATTR_OTHER },
		{ "crypto:1 x", UPS_SDP_ATTR_CRYPTO },
		{ "CRYPTO:1 x", UPS_SDP_ATTR_CRYPTO }, /* some peer may take it for a key */
		{ "crypto", UPS_SDP_ATTR_CRYPTO },
		{ "key-mgmt:mikey AQ", UPS_SDP_ATTR_KEYMGT },
		{ "fingerprint:sha-1 " PRINT_SHA1, UPS_SDP_ATTR_FINGERPRINT },
		{ "setup:active", UPS_SDP_ATTR_SETUP },
		{ "connection:new", UPS_SDP_ATTR_CONNECTION },
		{ "tls-id:abc3de65cddef001be82", UPS_SDP_ATTR_TLS_ID },
		{ "ice-ufrag:x", UPS_SDP_ATTR_ICE },
		{ "ice-pwd:x", UPS_SDP_ATTR_ICE },
		{ "ice-lite", UPS_SDP_ATTR_ICE },
		{ "ice-options:trickle", UPS_SDP_ATTR_ICE },
		{ "ice-pacing:50", UPS_SDP_ATTR_ICE },
		{ "ice-mismatch", UPS_SDP_ATTR_ICE },
		{ "candidate:1", UPS_SDP_ATTR_ICE },
		{ "remote-candidates:1", UPS_SDP_ATTR_ICE },
		{ "end-of-candidates", UPS_SDP_ATTR_ICE },
		{ "3ge2ae:requested", UPS_SDP_ATTR_3GE2AE },
		{ "tcap:1 RTP/SAVP", UPS_SDP_ATTR_CAPABILITY },
		{ "pcfg:1 t=1", UPS_SDP_ATTR_CAPABILITY },
		{ "acfg:1 t=1", UPS_SDP_ATTR_CAPABILITY },
		{ "acap:1 x", UPS_SDP_ATTR_CAPABILITY },
		{ "csup:x", UPS_SDP_ATTR_CAPABILITY },
		{ "creq:x", UPS_SDP_ATTR_CAPABILITY },
		{ "rtpmap:0 PCMU/8000", UPS_SDP_ATTR_RTPMAP },
		{ "mid:1", UPS_SDP_ATTR_MID },
		{ "group:BUNDLE 1", UPS_SDP_ATTR_GROUP },
		{ "candidates", UPS_SDP_ATTR_OTHER },
		{ "sendrecvx", UPS_SDP_ATTR_OTHER },
		{ "", UPS_SDP_ATTR_OTHER },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), HEAD AUDIO "a=%s\r\n", cases[i].line);
		good(text);
		if (sdp.line[6].attr != cases[i].attr)
			fail_msg("%s: %u", cases[i].line, sdp.line[6].attr);
	}
}

static void the_media_level_counts_before_the_session(void **state)
{
	const struct ups_sdp_media *m;

	(void)state;
	m = first(HEAD "a=recvonly\r\na=setup:passive\r\na=tls-id:session5678901234567890\r\n"
		       "a=fingerprint:sha-256 " PRINT "\r\na=fingerprint:sha-1 " PRINT_SHA1
		       "\r\na=ice-ufrag:s\r\na=ice-pwd:sp\r\na=key-mgmt:mikey AQ\r\n"
		       "a=3ge2ae:applied\r\na=pcfg:1 t=1\r\n" AUDIO
		       "a=sendrecv\r\na=setup:active\r\na=fingerprint:sha-384 " PRINT_384 "\r\n"
		       "a=ice-ufrag:m\r\nc=IN IP4 192.0.2.77\r\nm=audio 4002 RTP/AVP 0\r\n");
	assert_int_equal(m[0].direction, UPS_SDP_SENDRECV);
	assert_int_equal(m[1].direction, UPS_SDP_RECVONLY);
	assert_int_equal(m[0].dtls.setup, UPS_SDP_SETUP_ACTIVE);
	assert_int_equal(m[1].dtls.setup, UPS_SDP_SETUP_PASSIVE);
	assert_text(m[0].dtls.tls_id, "session5678901234567890");
	assert_int_equal(m[0].dtls.fingerprint_count, 1);
	assert_int_equal(m[0].dtls.fingerprint[0].hash, UPS_HASH_SHA384);
	assert_int_equal(m[1].dtls.fingerprint_count, 2);
	assert_int_equal(m[1].dtls.fingerprint[0].hash, UPS_HASH_SHA256);
	assert_text(m[0].ice_ufrag, "m");
	assert_text(m[1].ice_ufrag, "s");
	assert_text(m[0].ice_pwd, "sp");
	assert_addr(&m[0].connection.addr, "192.0.2.77");
	assert_addr(&m[1].connection.addr, "192.0.2.1");
	assert_true(m[1].has_keymgt && m[1].e2ae_applied && m[1].has_capability);
}

static void the_first_of_several_counts_at_its_level(void **state)
{
	const struct ups_sdp_media *m;

	(void)state;
	m = first(HEAD AUDIO
		  "a=setup:passive\r\na=setup:active\r\na=ice-pwd:one\r\na=ice-pwd:two\r\n"
		  "a=inactive\r\na=sendrecv\r\na=mid:1\r\na=mid:2\r\na=rtcp:5\r\na=rtcp:6\r\n");
	assert_int_equal(m->dtls.setup, UPS_SDP_SETUP_PASSIVE);
	assert_text(m->ice_pwd, "one");
	assert_int_equal(m->direction, UPS_SDP_INACTIVE);
	assert_text(m->mid, "1");
	assert_int_equal(ups_addr_port(&m->rtcp), 5);
}

static void attributes_of_m_lines_mean_nothing_for_the_session(void **state)
{
	const struct ups_sdp_media *m;

	(void)state;
	m = first(HEAD
		  "a=rtcp:5\r\na=rtcp-mux\r\na=crypto:1 x\r\na=mid:x\r\na=candidate:1\r\n" AUDIO
		  "a=ice-lite\r\n");
	assert_false(m->has_rtcp || m->rtcp_mux || m->has_candidates || sdp.ice_lite);
	assert_int_equal(m->crypto_count, 0);
	assert_null(m->mid.at);
	assert_int_equal(sdp.line[7].attr, UPS_SDP_ATTR_CRYPTO); /* and is still known as one */
}

/* RFC 3605; a c= line that comes late counts as well. */
static void rfc3605_rtcp_without_address_is_that_of_the_connection(void **state)
{
	const struct ups_sdp_media *m;

	(void)state;
	m = first(HEAD AUDIO "a=rtcp:53020\r\nc=IN IP6 2001:db8::9\r\n");
	assert_addr(&m->rtcp, "[2001:db8::9]:53020");
	m = first(HEAD AUDIO "a=rtcp:53020 IN IP6 ::\r\n");
	assert_addr(&m->rtcp, "[::]:53020");
	m = first(HEAD "m=audio 0 RTP/AVP 0\r\na=rtcp:0\r\n");
	assert_false(m->has_rtcp);
}

static void rfc3264_hold_by_address(void **state)
{
	(void)state;
	assert_true(first(HEAD AUDIO "c=IN IP4 0.0.0.0\r\n")->connection.hold);
	assert_true(first(HEAD AUDIO "c=IN IP6 ::\r\n")->connection.hold);
	assert_false(first(HEAD AUDIO)->connection.hold);
	assert_int_equal(sdp.media[0].direction, UPS_SDP_SENDRECV);
}

static void protocols_in_any_letter_case(void **state)
{
	static const struct {
		const char *text;
		enum ups_sdp_proto proto;
		bool rtp, secured, dtls, feedback;
	} cases[] = {
		{ "RTP/AVP", UPS_SDP_AVP, true, false, false, false },
		{ "rtp/avpf", UPS_SDP_AVPF, true, false, false, true },
		{ "RTP/SAVP", UPS_SDP_SAVP, true, true, false, false },
		{ "RTP/savpf", UPS_SDP_SAVPF, true, true, false, true },
		{ "UDP/TLS/RTP/SAVP", UPS_SDP_TLS_SAVP, true, true, true, false },
		{ "udp/tls/rtp/savpf", UPS_SDP_TLS_SAVPF, true, true, true, true },
		{ "TCP/MSRP", UPS_SDP_MSRP, false, false, false, false },
		{ "TCP/TLS/MSRP", UPS_SDP_TLS_MSRP, false, false, false, false },
		{ "udptl", UPS_SDP_OTHER, false, false, false, false },
		{ "RTP/AVPX", UPS_SDP_OTHER, false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum ups_sdp_proto p = ups_sdp_proto_parse(ups_text_of(cases[i].text));
		const char *name = ups_sdp_proto_name(p);

		assert_int_equal(p, cases[i].proto);
		assert_int_equal(ups_sdp_proto_rtp(p), cases[i].rtp);
		assert_int_equal(ups_sdp_proto_secured(p), cases[i].secured);
		assert_int_equal(ups_sdp_proto_dtls(p), cases[i].dtls);
		assert_int_equal(ups_sdp_proto_feedback(p), cases[i].feedback);
		assert_int_equal(!name, p == UPS_SDP_OTHER);
		if (name)
			assert_true(ups_text_same(ups_text_of(name), ups_text_of(cases[i].text)));
	}
	assert_null(ups_sdp_proto_name(UPS_SDP_PROTO_NONE));
}

static void rfc8122_fingerprints_below_sha256_are_counted_and_not_taken(void **state)
{
	const struct ups_sdp_fingerprint *f;

	(void)state;
	f = first(HEAD AUDIO "a=fingerprint:sha-1 " PRINT_SHA1 "\r\na=fingerprint:SHA-256 " PRINT
			     "\r\na=fingerprint:sha-512 " PRINT_512 "\r\n"
			     "a=fingerprint:md5 00:11\r\n")
		    ->dtls.fingerprint;
	assert_int_equal(sdp.media[0].dtls.fingerprint_count, 4);
	assert_int_equal(f[0].hash, UPS_HASH_NONE);
	assert_int_equal(f[1].hash, UPS_HASH_SHA256);
	assert_int_equal(f[1].size, 32);
	assert_memory_equal(f[1].value, "\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd", 10);
	assert_int_equal(f[2].hash, UPS_HASH_SHA512);
	assert_int_equal(f[2].size, 64);
	assert_int_equal(f[2].value[63], 0x89);
	assert_int_equal(f[3].hash, UPS_HASH_NONE);
}

static void a_host_name_in_the_origin_is_no_address_and_no_error(void **state)
{
	(void)state;
	good("v=0\r\no=- 1 1 IN IP4 host.example\r\ns=-\r\nt=0 0\r\n");
	assert_false(sdp.origin.there);
	assert_text(sdp.origin_address, "IN IP4 host.example");
	assert_int_equal(sdp.media_count, 0);
	assert_int_equal(sdp.session_lines, 4);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void faults_are_told_with_their_line(void **state)
{
	static const struct {
		const char *text;
		const char *told;
	} cases[] = {
		{ "o=- 1 1 IN IP4 192.0.2.1\r\n", "SDP line 1: expected v=0 first" },
		{ "v=1\r\n", "SDP line 1: expected v=0 first" },
		{ "v=0\r\ns=-\r\n", "SDP: there is no o= line" },
		{ "v=0\r\no=- 1 1 IN IP4\r\n", "SDP line 2: o=: expected USER ID VERSION" },
		{ "v=0\r\no=- 1 1 IN IP4 a b\r\n", "SDP line 2: o=: expected USER ID VERSION" },
		{ HEAD "junk\r\n", "SDP line 6: expected LETTER=VALUE" },
		{ HEAD "=x\r\n", "SDP line 6: expected LETTER=VALUE" },
		{ HEAD "A=crypto:1\r\n", "SDP line 6: expected LETTER=VALUE" },
		{ HEAD " a=x\r\n", "SDP line 6: expected LETTER=VALUE" },
		{ HEAD "a=x\rc=IN IP4 192.0.2.66\r\n",
		  "SDP line 6: expected no NUL and no lone CR" },
		{ HEAD "a=x\r\r\n", "SDP line 6: expected no NUL and no lone CR" },
		{ HEAD "\r\n" AUDIO "o=- 1 1 IN IP4 192.0.2.1\r\n",
		  "SDP line 8: o=: stands behind" },
		{ HEAD AUDIO "v=0\r\n", "SDP line 7: v=: stands behind" },
		/* m= */
		{ HEAD "m=audio 70000 RTP/AVP 0\r\n",
		  "SDP line 6: m=: port '70000' is out of range 0..65535" },
		{ HEAD "m=audio -1 RTP/AVP 0\r\n", "SDP line 6: m=: port '-1' is out" },
		{ HEAD "m=audio  RTP/AVP 0\r\n", "SDP line 6: m=: port 'RTP' is out" },
		{ HEAD "m=\r\n", "SDP line 6: m=: port '' is out" },
		{ HEAD "m=audio 4000\r\n", "SDP line 6: m=: expected TYPE PORT" },
		{ HEAD "m=audio 4000 RTP/AVP\r\n", "SDP line 6: m=: expected TYPE PORT" },
		{ HEAD "m=audio 4000/ RTP/AVP 0\r\n", "SDP line 6: m=: '' is no number of ports" },
		{ HEAD "m=audio 4000/0 RTP/AVP 0\r\n",
		  "SDP line 6: m=: '0' is no number of ports" },
		{ HEAD "m=audio 65534/2 RTP/AVP 0\r\n", "SDP line 6: m=: 2 ports from 65534" },
		{ "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n" AUDIO "a=x\r\n" AUDIO,
		  "SDP line 4: m=: there is no c= line" },
		/* c= */
		{ HEAD "c=IN IP4 192.0.2.1\r\n",
		  "SDP line 6: c=: expected only one for the session" },
		{ HEAD AUDIO "c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n",
		  "SDP line 8: c=: expected only one for an m-line" },
		{ HEAD AUDIO "c=IN IP4\r\n", "SDP line 7: c=: expected IN IP4 ADDRESS" },
		{ HEAD AUDIO "c=IN IP4 192.0.2.1 x\r\n",
		  "SDP line 7: c=: expected IN IP4 ADDRESS" },
		{ HEAD AUDIO "c=IN IP4 host.example\r\n", "no host name" },
		{ HEAD AUDIO "c=IN IP4 2001:db8::1\r\n",
		  "SDP line 7: c=: 'IN IP4 2001:db8::1' is no" },
		{ HEAD AUDIO "c=IN IP6 192.0.2.1\r\n", "SDP line 7: c=: 'IN IP6 192.0.2.1' is no" },
		{ HEAD AUDIO "c=IN IP6 ::ffff:192.0.2.1\r\n", "of that family" },
		{ HEAD AUDIO "c=IN IP6 fe80::1%eth0\r\n", "SDP line 7: c=:" },
		{ HEAD AUDIO "c=XX IP4 192.0.2.1\r\n", "SDP line 7: c=: 'XX IP4 192.0.2.1'" },
		{ HEAD AUDIO "c=IN IP5 192.0.2.1\r\n", "SDP line 7: c=: 'IN IP5 192.0.2.1'" },
		{ HEAD AUDIO "c=IN IP4 224.2.1.1/127\r\n", "multicast is not served" },
		{ HEAD AUDIO "c=IN IP4 192.0.2.1/24\r\n", "multicast is not served" },
		{ HEAD AUDIO "c=IN IP4 224.2.1.1\r\n", "'224.2.1.1' is not a unicast address" },
		{ HEAD AUDIO "c=IN IP4 255.255.255.255\r\n", "is not a unicast address" },
		{ HEAD AUDIO "c=IN IP6 ff02::1\r\n", "'ff02::1' is not a unicast address" },
		{ HEAD AUDIO "c=IN IP4 1\033[2J\r\n", "'IN IP4 1?[2J'" },
		/* attributes */
		{ HEAD AUDIO "a=rtcp:\r\n", "SDP line 7: a=rtcp: '' is no port" },
		{ HEAD AUDIO "a=rtcp\r\n", "SDP line 7: a=rtcp: '' is no port" },
		{ HEAD AUDIO "a=rtcp:0\r\n", "SDP line 7: a=rtcp: '0' is no port" },
		{ HEAD AUDIO "a=rtcp:65536\r\n", "SDP line 7: a=rtcp: '65536' is no port" },
		{ HEAD AUDIO "a=rtcp:5 IN IP4\r\n", "SDP line 7: a=rtcp: expected IN IP4" },
		{ HEAD AUDIO "a=rtcp:5 IN IP4 h.example\r\n",
		  "SDP line 7: a=rtcp: 'IN IP4 h.example'" },
		{ HEAD AUDIO "a=rtcp:5 IN IP4 239.1.1.1\r\n",
		  "SDP line 7: a=rtcp: '239.1.1.1' is not" },
		{ HEAD AUDIO "a=setup:both\r\n", "SDP line 7: a=setup: 'both' is unknown" },
		{ HEAD AUDIO "a=setup\r\n", "SDP line 7: a=setup: '' is unknown" },
		{ HEAD AUDIO "a=tls-id:short\r\n", "SDP line 7: a=tls-id: expected 20..255" },
		{ HEAD AUDIO "a=tls-id:abc3de65cddef001be 2\r\n",
		  "SDP line 7: a=tls-id: expected" },
		{ HEAD AUDIO "a=ice-pwd\r\n", "SDP line 7: a=ice-pwd: expected a value" },
		{ HEAD AUDIO "a=ice-ufrag:\r\n", "SDP line 7: a=ice-ufrag: expected a value" },
		{ HEAD AUDIO "a=fingerprint:sha-256\r\n",
		  "SDP line 7: a=fingerprint: expected HASH" },
		{ HEAD AUDIO "a=fingerprint\r\n", "SDP line 7: a=fingerprint: expected HASH" },
		{ HEAD AUDIO "a=fingerprint:sha-256 " PRINT_SHA1 "\r\n", "expected 32 bytes" },
		{ HEAD AUDIO "a=fingerprint:sha-256 " PRINT ":00\r\n", "expected 32 bytes" },
		{ HEAD AUDIO "a=fingerprint:sha-512 " PRINT "\r\n", "expected 64 bytes" },
		{ HEAD AUDIO "a=fingerprint:sha-256 G" PRINT "\r\n", "expected 32 bytes" },
		{ HEAD "a=setup:both\r\n" AUDIO, "SDP line 6: a=setup:" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = parse(cases[i].text);

		if (err != UPS_E_SYNTAX || !strstr(msg.text, cases[i].told))
			fail_msg("%s: %d '%s', expected '%s'", cases[i].text, err, msg.text,
				 cases[i].told);
		assert_int_equal(sdp.line_count, 0);
		assert_int_equal(sdp.media_count, 0);
	}
	assert_int_equal(ups_sdp_parse(UPS_TEXT("v=0\r\ns=a\0b\r\n"), &sdp, &msg), UPS_E_SYNTAX);
	assert_int_equal(ups_sdp_parse(UPS_TEXT("junk"), &sdp, NULL), UPS_E_SYNTAX);
}

static char big[2 * UPS_SDP_SIZE_MAX];

/* HEAD, @audio m-lines, and @count times @line */
static int parse_many(unsigned int audio, unsigned int count, const char *line)
{
	size_t len = (size_t)snprintf(big, sizeof(big), HEAD);

	for (unsigned int i = 0; i < audio; i++)
		len += (size_t)snprintf(big + len, sizeof(big) - len, AUDIO);
	for (unsigned int i = 0; i < count; i++)
		len += (size_t)snprintf(big + len, sizeof(big) - len, "%s", line);
	return parse(big);
}

static void limits_are_exact(void **state)
{
	(void)state;
	assert_int_equal(parse_many(UPS_SDP_MEDIA_MAX, 0, ""), 0);
	assert_int_equal(parse_many(UPS_SDP_MEDIA_MAX + 1, 0, ""), UPS_E_RANGE);
	assert_string_equal(msg.text, "SDP line 22: m=: more than 16 m-lines");
	assert_int_equal(parse_many(1, UPS_SDP_CRYPTO_MAX, "a=crypto:1 x\n"), 0);
	assert_int_equal(parse_many(1, UPS_SDP_CRYPTO_MAX + 1, "a=crypto:1 x\n"), UPS_E_RANGE);
	assert_string_equal(msg.text, "SDP line 23: a=crypto: more than 16 for one m-line");
	assert_int_equal(parse_many(1, 4, "a=fingerprint:md5 00\n"), 0);
	assert_int_equal(parse_many(1, 5, "a=fingerprint:md5 00\n"), UPS_E_RANGE);
	assert_int_equal(parse_many(1, UPS_SDP_LINES_MAX - 6, "b=\n"), 0);
	assert_int_equal(sdp.line_count, UPS_SDP_LINES_MAX);
	assert_int_equal(parse_many(1, UPS_SDP_LINES_MAX - 5, "b=\n"), UPS_E_RANGE);
	memset(big, '\n', UPS_SDP_SIZE_MAX + 1);
	memcpy(big, HEAD, strlen(HEAD));
	assert_int_equal(ups_sdp_parse((struct ups_text) { big, UPS_SDP_SIZE_MAX }, &sdp, &msg), 0);
	assert_int_equal(ups_sdp_parse((struct ups_text) { big, UPS_SDP_SIZE_MAX + 1 }, &sdp, &msg),
			 UPS_E_RANGE);
	assert_int_equal(parse(""), UPS_E_TRUNCATED);
	assert_int_equal(parse("\r\n\r\n"), UPS_E_SYNTAX);
}

/* Whatever is wrong elsewhere in it, a line with a key is never quoted. */
static void error_texts_do_not_repeat_keys(void **state)
{
	static const char *const cases[] = {
		HEAD AUDIO "c=IN IP4 x\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
		HEAD AUDIO "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\na=setup:x\r\n",
		HEAD AUDIO "acrypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
		HEAD AUDIO "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r|1\r\n",
		HEAD AUDIO "a=ice-pwd:" KEY "\r\na=ice-pwd:\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(cases[i]), UPS_E_SYNTAX);
		assert_null(strstr(msg.text, "d0Rm"));
		assert_null(strstr(msg.text, "inline"));
	}
}

/* ---- what is written --------------------------------------------------------------------------------------------- */

static void names(void **state)
{
	(void)state;
	assert_string_equal(ups_sdp_direction_name(UPS_SDP_RECVONLY), "recvonly");
	assert_null(ups_sdp_setup_name(UPS_SDP_SETUP_NONE));
	assert_string_equal(ups_sdp_setup_name(UPS_SDP_SETUP_HOLDCONN), "holdconn");
	assert_null(ups_sdp_hash_name(UPS_HASH_NONE));
	assert_string_equal(ups_sdp_hash_name(UPS_HASH_SHA384), "sha-384");
	assert_null(ups_sdp_hash_name(200));
}

static void written_values_read_the_same(void **state)
{
	const struct ups_sdp_media *m;
	struct ups_sdp_fingerprint bad = { .hash = UPS_HASH_NONE, .size = 20 };
	char text[400];
	struct ups_buf b = ups_buf_init(text, sizeof(text));

	(void)state;
	m = first(HEAD AUDIO "a=fingerprint:sha-384 " PRINT_384
			     "\r\na=rtcp:5 IN IP6 2001:DB8::1\r\n");
	ups_sdp_put_fingerprint(&b, &m->dtls.fingerprint[0]);
	assert_true(ups_buf_ok(&b));
	assert_true(ups_text_same(ups_buf_text(&b), UPS_TEXT("sha-384 " PRINT_384)));
	assert_null(memchr(text + 8, 'a', b.size - 8)); /* RFC 8122: upper case is written */
	b.size = 0;
	ups_sdp_put_address(&b, &m->rtcp);
	assert_text(ups_buf_text(&b), "IN IP6 2001:db8::1");
	b.size = 0;
	ups_sdp_put_address(&b, &m->connection.addr);
	assert_text(ups_buf_text(&b), "IN IP4 192.0.2.1");
	ups_sdp_put_fingerprint(&b, &bad);
	assert_false(ups_buf_ok(&b));
}

static void rfc3551_static_payload_types(void **state)
{
	(void)state;
	assert_string_equal(ups_sdp_static_rtpmap(0), "PCMU/8000");
	assert_string_equal(ups_sdp_static_rtpmap(8), "PCMA/8000");
	assert_string_equal(ups_sdp_static_rtpmap(9), "G722/8000");
	assert_string_equal(ups_sdp_static_rtpmap(10), "L16/44100/2");
	assert_string_equal(ups_sdp_static_rtpmap(18), "G729/8000");
	assert_string_equal(ups_sdp_static_rtpmap(34), "H263/90000");
	assert_null(ups_sdp_static_rtpmap(1));
	assert_null(ups_sdp_static_rtpmap(19));
	assert_null(ups_sdp_static_rtpmap(24));
	assert_null(ups_sdp_static_rtpmap(35));
	assert_null(ups_sdp_static_rtpmap(96));
	assert_null(ups_sdp_static_rtpmap(4000000000u));
}

static void logs_see_no_keys(void **state)
{
	static const struct {
		const char *text, *log;
	} cases[] = {
		{ "v=0\r\na=x\n", "v=0\r\na=x\n" },
		{ "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
		  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...\r\n" },
		{ "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4;inline:" KEY
		  "|2^20|2:4 FEC_ORDER=FEC_SRTP KDR=1 UNENCRYPTED_SRTCP FEC_KEY=inline:" KEY,
		  "a=crypto:1 F8_128_HMAC_SHA1_80 inline:...|2^20|1:4;inline:...|2^20|2:4 "
		  "FEC_ORDER=FEC_SRTP KDR=1 UNENCRYPTED_SRTCP ..." },
		{ "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:|" KEY "|",
		  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...|..." },
		{ "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY " KDR=" KEY,
		  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 ... ..." },
		{ "a=crypto:1 " KEY, "a=crypto:..." },
		{ "a=crypto:" KEY, "a=crypto:..." },
		{ "a=crypto: 1 A_B inline:" KEY, "a=crypto:1 A_B inline:..." },
		{ "A=Crypto:1 A_B inline:" KEY, "a=crypto:1 A_B inline:..." },
		{ "  a=crypto:1 A_B inline:" KEY, "a=crypto:1 A_B inline:..." },
		{ "a=crypto 1 A_B inline:" KEY, "a=crypto..." },
		{ "a=x-crypto:1 A_B INLINE:" KEY, "a=x-crypto:1 A_B INLINE:..." },
		{ "a=key-mgmt:mikey " KEY "\n", "a=key-mgmt:...\n" },
		{ "a=ice-pwd:" KEY "\r\na=ice-ufrag:u\r\n", "a=ice-pwd:...\r\na=ice-ufrag:u\r\n" },
		{ "s=-\ra=ice-pwd:" KEY, "s=-\ra=ice-pwd:..." },
		{ "a=acap:1 crypto:1 A_B inline:" KEY, "a=acap:..." },
		{ "k=clear:" KEY "\r\n", "k=..."
					 "\r\n" },
		{ "s=a\033[2J\tb\x7f\r\n", "s=a?[2J?b?\r\n" },
		{ "", "" },
	};
	char log[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ups_buf b = ups_buf_init(log, sizeof(log));

		ups_sdp_redact(ups_text_of(cases[i].text), &b);
		assert_true(ups_buf_ok(&b));
		assert_text(ups_buf_text(&b), cases[i].log);
		assert_null(strstr(cases[i].log, "d0Rm"));
	}
}

static void a_log_that_is_too_short_is_cut_and_failed(void **state)
{
	char log[20];
	struct ups_buf b = ups_buf_init(log, sizeof(log));

	(void)state;
	ups_sdp_redact(UPS_TEXT("v=0\r\na=ice-pwd:secret\r\na=more\r\n"), &b);
	assert_false(ups_buf_ok(&b));
	assert_text(ups_buf_text(&b), "v=0\r\na=ice-pwd:...\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_description),
		cmocka_unit_test(an_audio_line),
		cmocka_unit_test(a_video_line),
		cmocka_unit_test(line_ends_may_be_lf_missing_or_empty_lines),
		cmocka_unit_test(unknown_lines_are_kept_in_order),
		cmocka_unit_test(every_attribute_has_its_class),
		cmocka_unit_test(the_media_level_counts_before_the_session),
		cmocka_unit_test(the_first_of_several_counts_at_its_level),
		cmocka_unit_test(attributes_of_m_lines_mean_nothing_for_the_session),
		cmocka_unit_test(rfc3605_rtcp_without_address_is_that_of_the_connection),
		cmocka_unit_test(rfc3264_hold_by_address),
		cmocka_unit_test(protocols_in_any_letter_case),
		cmocka_unit_test(rfc8122_fingerprints_below_sha256_are_counted_and_not_taken),
		cmocka_unit_test(a_host_name_in_the_origin_is_no_address_and_no_error),
		cmocka_unit_test(faults_are_told_with_their_line),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(error_texts_do_not_repeat_keys),
		cmocka_unit_test(names),
		cmocka_unit_test(written_values_read_the_same),
		cmocka_unit_test(rfc3551_static_payload_types),
		cmocka_unit_test(logs_see_no_keys),
		cmocka_unit_test(a_log_that_is_too_short_is_cut_and_failed),
	};

	return cmocka_run_group_tests_name("session descriptions", tests, NULL, NULL);
}
