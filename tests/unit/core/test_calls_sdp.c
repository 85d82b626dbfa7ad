// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls as a middlebox of RFC 3264: several m-lines, holds, re-offers from either side, rejected streams, families, RTCP, ICE, DTLS. */
#include "callfix.h"

#define PLAIN_A HEAD_A "m=audio 4000 RTP/AVP 0\r\n"
#define PLAIN_B HEAD_B "m=audio 5000 RTP/AVP 0\r\n"
#define DTLS_A                                                          \
	HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n" \
	       "a=tls-id:aaaaaaaaaaaaaaaaaaaaaaaa\r\n" FINGERPRINT_A
#define DTLS_B(setup)                                                     \
	HEAD_B "m=audio 5000 UDP/TLS/RTP/SAVP 0\r\na=setup:" setup "\r\n" \
	       "a=tls-id:bbbbbbbbbbbbbbbbbbbbbbbb\r\n" FINGERPRINT_B

static int setup(void **state)
{
	struct world *w = world_create(true);

	w->flags.transport = UPS_SDP_AVP;
	*state = w;
	return 0;
}

static int setup_dtls(void **state)
{
	*state = world_create(true);
	return 0;
}

static int teardown(void **state)
{
	world_destroy(*state);
	return 0;
}

/* -> how often @text stands in @out */
static unsigned int count(const struct world *w, const char *text)
{
	unsigned int n = 0;

	for (const char *at = w->out; (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

static int reoffer_by_bob(struct world *w, const char *sdp)
{
	struct ups_text from = w->flags.direction[0];
	int err;

	w->flags.direction[0] = w->flags.direction[1];
	w->flags.direction[1] = from;
	err = world_request(w, UPS_CALL_OFFER, "bob", "alice", sdp);
	w->flags.direction[1] = w->flags.direction[0];
	w->flags.direction[0] = from;
	return err;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------------ */

static void unknown_attributes_are_kept_in_order(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "a=foo:1\r\nm=audio 4000 RTP/AVP 96 0\r\ni=title\r\n"
					 "b=AS:64\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 x=1\r\n"
					 "a=bar\r\na=sendonly\r\na=rtcp:4001\r\na=ptime:20\r\n"),
			 0);
	assert_line(w, "t=0 0\r\na=foo:1\r\nm=audio ");
	assert_line(w, "i=title\r\nc=IN IP4 198.51.100.1\r\nb=AS:64\r\na=rtpmap:0 PCMU/8000\r\n"
		       "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 x=1\r\na=bar\r\na=ptime:20\r\n"
		       "a=sendonly\r\na=rtcp:");
	assert_int_equal(count(w, "c="), 1);
}

static void origin_is_replaced_only_if_asked(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "o=- 1 1 IN IP4 192.0.2.77\r\n");
	w->flags.replace = UPS_REPLACE_ORIGIN;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "o=- 1 1 IN IP4 198.51.100.1\r\n");
}

static void keys_in_k_lines_never_pass(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, HEAD_A "m=audio 4000 RTP/AVP 0\r\nk=clear:secret\r\n"), 0);
	assert_no_line(w, "secret");
}

static void peers_are_told_the_advertised_address(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_line(w, "c=IN IP4 192.0.2.200\r\n");
	w->flags.media_address = UPS_TEXT("203.0.113.99");
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "c=IN IP4 203.0.113.99\r\n");
	w->flags.media_address = UPS_TEXT("nonsense");
	assert_int_equal(offer(w, PLAIN_A), UPS_E_SYNTAX);
}

static void a20_loopback_is_no_partys_address_elsewhere(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
				  "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
			 UPS_E_POLICY);
	assert_non_null(strstr(w->msg.text, "loopback"));
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 127.1.2.3\r\n"
				   "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
			 UPS_E_POLICY);
}

/* ---- RFC 3264: streams come and go ----------------------------------------------------------------------------------------------- */

static void rejected_stream_is_zero_on_both_sides(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A "m=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 2);
	assert_int_equal(answer(w, PLAIN_B "m=video 0 RTP/AVP 31\r\n"), 0);
	assert_line(w, "m=video 0 RTP/AVP 31\r\n");
	assert_int_equal(session_of(w)->stream_count, 1);
}

static void stream_is_added_and_removed_by_reoffers(void **state)
{
	struct world *w = *state;
	uint16_t port;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	port = ups_addr_port(&leg_of(w, 0, 1)->local);
	assert_int_equal(offer(w, PLAIN_A "m=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 2);
	assert_int_equal(answer(w, PLAIN_B "m=video 5002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 2);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 1)->local), port);
	assert_int_equal(offer(w, HEAD_A "m=audio 0 RTP/AVP 0\r\nm=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 2); /* until it is answered */
	assert_int_equal(answer(w, HEAD_B "m=audio 0 RTP/AVP 0\r\nm=video 5002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(session_of(w)->stream_count, 1);
	assert_int_equal(session_of(w)->stream[0]->index, 1);
}

static void what_is_not_rtp_is_refused_beside_what_is(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A "m=application 4002 UDP/BFCP *\r\n"), 0);
	assert_line(w, "m=application 0 UDP/BFCP *\r\n");
	assert_int_equal(offer(w, HEAD_A "m=application 4002 UDP/BFCP *\r\n"), UPS_E_UNSUPPORTED);
}

static void reoffer_with_fewer_lines_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A "m=video 4002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(answer(w, PLAIN_B "m=video 5002 RTP/AVP 31\r\n"), 0);
	assert_int_equal(offer(w, PLAIN_A), UPS_E_SYNTAX);
	assert_int_equal(answer(w, PLAIN_B "m=video 5002 RTP/AVP 31\r\nm=audio 6 RTP/AVP 0\r\n"),
			 UPS_E_SYNTAX);
}

static void media_moves_at_the_answer_not_at_the_offer(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(offer(w, HEAD_A "m=audio 4400 RTP/AVP 0\r\n"), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4400);
}

static void callee_may_reoffer(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(reoffer_by_bob(w, HEAD_B "m=audio 5500 RTP/AVP 0\r\n"), 0);
	assert_line(w, "c=IN IP4 192.0.2.200\r\n");
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "bob", "alice", PLAIN_A), 0);
	assert_line(w, "c=IN IP4 198.51.100.1\r\n");
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 1)->remote), 5500);
}

static void glare_the_later_offer_stands(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(offer(w, HEAD_A "m=audio 4400 RTP/AVP 0\r\n"), 0);
	assert_int_equal(reoffer_by_bob(w, HEAD_B "m=audio 5500 RTP/AVP 0\r\n"), 0);
	assert_int_equal(answer(w, PLAIN_B), UPS_E_STATE);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "bob", "alice", PLAIN_A), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 1)->remote), 5500);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
}

static void stranger_tags_are_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(world_request(w, UPS_CALL_OFFER, "mallory", NULL, PLAIN_A), UPS_E_STATE);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "mallory", "bob", PLAIN_B), UPS_E_STATE);
	assert_int_equal(world_request(w, UPS_CALL_ANSWER, "alice", "bob", "v=0\r\n"),
			 UPS_E_SYNTAX);
}

/* ---- holds ------------------------------------------------------------------------------------------------------------------------ */

static void hold_by_attribute_passes_and_keeps_addresses(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(offer(w, PLAIN_A "a=sendonly\r\n"), 0);
	assert_line(w, "a=sendonly\r\n");
	assert_int_equal(answer(w, PLAIN_B "a=recvonly\r\n"), 0);
	assert_line(w, "a=recvonly\r\n");
	assert_int_equal(w->plan.change_count, 0);
}

static void hold_by_zero_address_keeps_the_source(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(offer(w, "v=0\r\no=- 1 2 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n"
				  "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
			 0);
	assert_line(w, "c=IN IP4 0.0.0.0\r\n");
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 0)->remote), 4000);
}

/* ---- families, RTCP, ICE ---------------------------------------------------------------------------------------------------------- */

static void v6_caller_to_v4_callee(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, "v=0\r\no=- 1 1 IN IP6 2001:db8::77\r\ns=-\r\n"
				  "c=IN IP6 2001:db8::77\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
			 0);
	assert_line(w, "c=IN IP4 198.51.100.1\r\n");
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_line(w, "c=IN IP6 2001:db8::1\r\n");
}

static void answer_in_another_family_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_int_equal(answer(w, "v=0\r\no=- 1 1 IN IP6 2001:db8::7\r\ns=-\r\n"
				   "c=IN IP6 2001:db8::7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
			 UPS_E_POLICY);
}

static void rtcp_mux_on_one_side_only(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, PLAIN_A "a=rtcp-mux\r\n"), 0);
	assert_line(w, "a=rtcp-mux\r\n");
	assert_int_equal(answer(w, PLAIN_B "a=rtcp:5077\r\n"), 0);
	assert_line(w, "a=rtcp-mux\r\n");
	assert_true(leg_of(w, 0, 0)->rtcp_mux);
	assert_false(leg_of(w, 0, 1)->rtcp_mux);
	assert_int_equal(ups_addr_port(&leg_of(w, 0, 1)->remote_rtcp), 5077);
}

static void rtcp_mux_as_the_proxy_says(void **state)
{
	struct world *w = *state;

	w->flags.mux = UPS_MUX_DEMUX;
	assert_int_equal(offer(w, PLAIN_A "a=rtcp-mux\r\n"), 0);
	assert_no_line(w, "rtcp-mux");
	w->flags.mux = UPS_MUX_OFFER;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_line(w, "a=rtcp:");
	assert_line(w, "a=rtcp-mux\r\n");
	w->flags.mux = UPS_MUX_REQUIRE;
	assert_int_equal(offer(w, PLAIN_A), 0);
	assert_no_line(w, "a=rtcp:");
	w->flags.mux = UPS_MUX_REJECT;
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_no_line(w, "rtcp-mux");
}

static void ice_is_answered_as_a_lite_agent_or_removed(void **state)
{
	struct world *w = *state;
	const char *sdp = PLAIN_A "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
				  "a=candidate:1 1 UDP 2130706431 192.0.2.77 4000 typ host\r\n";

	assert_int_equal(offer(w, sdp), 0);
	assert_no_line(w, "ice-");
	assert_no_line(w, "candidate");
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_line(w, "a=ice-lite\r\n");
	assert_line(w, " 192.0.2.200 ");
	assert_line(w, "a=candidate:1 2 UDP 2130706430 ");
	assert_string_equal(leg_of(w, 0, 0)->ice.remote_ufrag, "abcd");
	w->flags.ice = UPS_NG_ICE_REMOVE;
	assert_int_equal(offer(w, sdp), 0);
	assert_int_equal(answer(w, PLAIN_B), 0);
	assert_no_line(w, "ice");
}

/* ---- RFC 5763, 8842 ----------------------------------------------------------------------------------------------------------------- */

static void agree(struct world *w)
{
	assert_int_equal(offer(w, DTLS_A), 0);
	assert_int_equal(answer(w, DTLS_B("passive")), 0);
}

static void rfc8842_same_association_keeps_role_and_number(void **state)
{
	struct world *w = *state;
	uint32_t alice, bob;

	agree(w);
	alice = leg_of(w, 0, 0)->dtls.association;
	bob = leg_of(w, 0, 1)->dtls.association;
	assert_int_equal(leg_of(w, 0, 1)->dtls.role, UPS_DTLS_ACTIVE);
	assert_int_equal(offer(w, DTLS_A), 0);
	assert_line(w, "a=setup:actpass\r\n");
	assert_int_equal(answer(w, DTLS_B("active")), 0); /* as if the role could flip */
	assert_int_equal(leg_of(w, 0, 0)->dtls.association, alice);
	assert_int_equal(leg_of(w, 0, 1)->dtls.association, bob);
	assert_int_equal(leg_of(w, 0, 1)->dtls.role, UPS_DTLS_ACTIVE);
	assert_int_equal(w->plan.change_count, 0);
}

static void rfc8842_new_tls_id_is_a_new_association(void **state)
{
	struct world *w = *state;
	uint32_t alice, bob;

	agree(w);
	alice = leg_of(w, 0, 0)->dtls.association;
	bob = leg_of(w, 0, 1)->dtls.association;
	assert_int_equal(offer(w, HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"
					 "a=tls-id:cccccccccccccccccccccccc\r\n" FINGERPRINT_A),
			 0);
	assert_int_equal(leg_of(w, 0, 0)->dtls.association, alice);
	assert_int_equal(answer(w, DTLS_B("passive")), 0);
	assert_int_not_equal(leg_of(w, 0, 0)->dtls.association, alice);
	assert_int_equal(leg_of(w, 0, 1)->dtls.association, bob);
}

static void rfc8842_new_fingerprint_is_a_new_association(void **state)
{
	struct world *w = *state;
	uint32_t bob;

	agree(w);
	bob = leg_of(w, 0, 1)->dtls.association;
	assert_int_equal(offer(w, DTLS_A), 0);
	assert_int_equal(answer(w, HEAD_B "m=audio 5000 UDP/TLS/RTP/SAVP 0\r\na=setup:passive\r\n"
					  "a=tls-id:bbbbbbbbbbbbbbbbbbbbbbbb\r\n" FINGERPRINT_A),
			 0);
	assert_int_not_equal(leg_of(w, 0, 1)->dtls.association, bob);
}

static void a14_sha1_fingerprints_are_not_enough(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w,
			       HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"
				      "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:"
				      "5D:49:6B:19:E5:7C:AB\r\n"),
			 UPS_E_POLICY);
}

static void a13_fingerprints_need_signalling_with_integrity(void **state)
{
	struct world *w = *state;

	w->signalling = UPS_SIGNALLING_NONE;
	assert_int_equal(offer(w, DTLS_A), UPS_E_POLICY);
	w->signalling = UPS_SIGNALLING_INTEGRITY;
	assert_int_equal(offer(w, DTLS_A), 0);
}

static void rfc5763_answer_must_choose_a_role(void **state)
{
	struct world *w = *state;

	assert_int_equal(offer(w, DTLS_A), 0);
	assert_int_equal(answer(w, DTLS_B("actpass")), UPS_E_POLICY);
	assert_int_equal(answer(w, DTLS_B("holdconn")), UPS_E_POLICY);
}

static void tls_id_is_answered_only_where_offered(void **state)
{
	struct world *w = *state;

	assert_int_equal(
		offer(w,
		      HEAD_A "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=setup:active\r\n" FINGERPRINT_A),
		0);
	assert_line(w, "a=tls-id:");
	assert_int_equal(answer(w, DTLS_B("active")), 0);
	assert_no_line(w, "tls-id");
	assert_line(w, "a=setup:passive\r\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define D(name) cmocka_unit_test_setup_teardown(name, setup_dtls, teardown)
	const struct CMUnitTest tests[] = {
		T(unknown_attributes_are_kept_in_order),
		T(origin_is_replaced_only_if_asked),
		T(keys_in_k_lines_never_pass),
		T(peers_are_told_the_advertised_address),
		T(a20_loopback_is_no_partys_address_elsewhere),
		T(rejected_stream_is_zero_on_both_sides),
		T(stream_is_added_and_removed_by_reoffers),
		T(what_is_not_rtp_is_refused_beside_what_is),
		T(reoffer_with_fewer_lines_is_refused),
		T(media_moves_at_the_answer_not_at_the_offer),
		T(callee_may_reoffer),
		T(glare_the_later_offer_stands),
		T(stranger_tags_are_refused),
		T(hold_by_attribute_passes_and_keeps_addresses),
		T(hold_by_zero_address_keeps_the_source),
		T(v6_caller_to_v4_callee),
		T(answer_in_another_family_is_refused),
		T(rtcp_mux_on_one_side_only),
		T(rtcp_mux_as_the_proxy_says),
		T(ice_is_answered_as_a_lite_agent_or_removed),
		D(rfc8842_same_association_keeps_role_and_number),
		D(rfc8842_new_tls_id_is_a_new_association),
		D(rfc8842_new_fingerprint_is_a_new_association),
		D(a14_sha1_fingerprints_are_not_enough),
		D(a13_fingerprints_need_signalling_with_integrity),
		D(rfc5763_answer_must_choose_a_role),
		D(tls_id_is_answered_only_where_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
