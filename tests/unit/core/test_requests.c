// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a request must satisfy: one change to a good request, the code and a part of the message. */
#include "fixture.h"

static void id_empty(struct request *r)
{
	r->id[0] = '\0';
}
static void id_long(struct request *r)
{
	memset(r->id, 'x', 256);
	r->id[256] = '\0';
}
static void id_control(struct request *r)
{
	strcpy(r->id, "a\nb");
}
static void id_blank(struct request *r)
{
	strcpy(r->id, "a b");
}
static void id_none(struct request *r)
{
	r->pub.id = NULL;
}
static void no_streams(struct request *r)
{
	r->pub.stream_count = 0;
}
static void many_streams(struct request *r)
{
	r->pub.stream_count = 17;
}
static void media_empty(struct request *r)
{
	r->stream[0].media = "";
}
static void media_long(struct request *r)
{
	r->stream[0].media = "0123456789abcdef";
}
static void media_none(struct request *r)
{
	r->stream[0].media = NULL;
}
static void ssrc_limit(struct request *r)
{
	r->stream[0].ssrc_limit = 17;
}
static void lane_unknown(struct request *r)
{
	r->stream[0].lane = 9;
}
static void iface_unknown(struct request *r)
{
	r->stream[0].leg[1].iface = "moon";
}
static void iface_none(struct request *r)
{
	r->stream[0].leg[1].iface = NULL;
}
static void mode_unknown(struct request *r)
{
	r->stream[0].leg[0].mode = 7;
}
static void tos_ecn(struct request *r)
{
	r->stream[0].leg[0].tos = 0xb9;
}
static void remote_noport(struct request *r)
{
	r->stream[0].leg[0].remote.port = 0;
}
static void remote_any(struct request *r)
{
	r->stream[0].leg[0].remote = addr("0.0.0.0:4000");
}
static void remote_multicast(struct request *r)
{
	r->stream[0].leg[0].remote = addr("239.1.2.3:4000");
}
static void remote_broadcast(struct request *r)
{
	r->stream[0].leg[0].remote = addr("255.255.255.255:4000");
}
static void remote_any6(struct request *r)
{
	r->stream[0].leg[0].remote = addr("[::]:4000");
}
static void remote_multicast6(struct request *r)
{
	r->stream[0].leg[0].remote = addr("[ff02::1]:4000");
}
static void remote_linklocal(struct request *r)
{
	r->stream[0].leg[0].remote = addr("[fe80::1]:4000");
}
static void remote_family(struct request *r)
{
	r->stream[0].leg[1].remote = addr("[2001:db8::9]:4000");
}
static void remote_own(struct request *r)
{
	r->stream[0].leg[0].remote = addr("198.51.100.1:20010");
}
static void remote_advertised(struct request *r)
{
	r->stream[0].leg[1].remote = addr("192.0.2.200:20011");
}
static void rtcp_own(struct request *r)
{
	r->stream[0].leg[0].remote_rtcp = addr("192.0.2.1:20001");
}
static void rtcp_family(struct request *r)
{
	r->stream[0].leg[0].remote_rtcp = addr("[2001:db8::9]:4001");
}
static void rtcp_same(struct request *r)
{
	r->stream[0].leg[0].remote_rtcp = addr("192.0.2.77:4000");
}
static void rtcp_multicast(struct request *r)
{
	r->stream[0].leg[0].remote_rtcp = addr("224.0.0.1:4001");
}
static void port_top(struct request *r)
{
	r->stream[0].leg[0].remote = addr("192.0.2.77:65535");
}
static void mux_and_none(struct request *r)
{
	r->stream[0].leg[0].rtcp_mux = r->stream[0].leg[0].no_rtcp = true;
}
static void local_odd(struct request *r)
{
	r->stream[0].leg[0].local_port = 20001;
}
static void local_outside(struct request *r)
{
	r->stream[0].leg[0].local_port = 30000;
}
static void clear_with_keys(struct request *r)
{
	r->stream[0].leg[0].mode = UPS_MODE_CLEAR;
}
static void half_opaque(struct request *r)
{
	r->stream[0].leg[0].mode = UPS_MODE_OPAQUE;
	r->stream[0].leg[0].tx = NULL;
	r->stream[0].leg[0].rx_count = 0;
}
static void opaque_with_keys(struct request *r)
{
	r->stream[0].leg[0].mode = UPS_MODE_OPAQUE;
}
static void no_tx(struct request *r)
{
	r->stream[0].leg[0].tx = NULL;
}
static void no_rx(struct request *r)
{
	r->stream[0].leg[0].rx_count = 0;
}
static void many_rx(struct request *r)
{
	r->stream[0].leg[0].rx_count = 5;
}
static void suite_none(struct request *r)
{
	r->tx[0][0].suite = 0;
}
static void suite_unknown(struct request *r)
{
	r->rx[0][0][0].suite = 200;
}
static void key_short(struct request *r)
{
	r->tx[0][1].master.size--;
}
static void key_long(struct request *r)
{
	r->rx[0][1][0].master.size++;
}
static void mki_long(struct request *r)
{
	r->tx[0][0].mki_len = 129;
}
static void lifetime_rtp(struct request *r)
{
	r->tx[0][0].rtp_lifetime = (1ULL << 40) + 1;
}
static void lifetime_rtcp(struct request *r)
{
	r->rx[0][0][0].rtcp_lifetime = (1ULL << 30) + 1;
}
static void latch_clear(struct request *r)
{
	struct ups_leg_request *leg = &r->stream[0].leg[0];

	leg->mode = UPS_MODE_CLEAR;
	leg->tx = NULL;
	leg->rx_count = 0;
	leg->source_set = true;
	leg->source = UPS_SOURCE_LATCH;
}
static void latch_opaque(struct request *r)
{
	latch_clear(r);
	r->stream[0].leg[0].mode = UPS_MODE_OPAQUE;
}
static void second_rx(struct request *r)
{
	struct rng rng = { 99 };

	r->rx[0][0][1] = fresh_key(&rng, r->rx[0][0][0].suite);
	r->stream[0].leg[0].rx_count = 2;
	r->rx[0][0][0].mki_len = r->rx[0][0][1].mki_len = 2;
	r->rx[0][0][1].mki[1] = 1;
}
static void rx_without_mki(struct request *r)
{
	second_rx(r);
	r->rx[0][0][0].mki_len = r->rx[0][0][1].mki_len = 0;
}
static void rx_mki_lengths(struct request *r)
{
	second_rx(r);
	r->rx[0][0][1].mki_len = 3;
}
static void rx_mki_same(struct request *r)
{
	second_rx(r);
	r->rx[0][0][1].mki[1] = 0;
}
static void rx_suites(struct request *r)
{
	second_rx(r);
	r->rx[0][0][1].suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_32;
}
static void rx_policy(struct request *r)
{
	second_rx(r);
	r->rx[0][0][1].rtcp_clear = true;
}
static void same_remote(struct request *r)
{
	r->stream[0].leg[1].iface = r->stream[0].leg[0].iface;
	r->stream[0].leg[1].remote = r->stream[0].leg[0].remote;
}
static void tx_is_rx(struct request *r)
{
	r->tx[0][0] = r->rx[0][0][0];
}
static void tx_on_both_legs(struct request *r)
{
	struct rng rng = { 5 };

	r->tx[0][0] = fresh_key(&rng, UPS_SUITE_AEAD_AES_128_GCM);
	r->tx[0][1] = r->tx[0][0];
}
/* the same key with another salt and suite is still the same key */
static void tx_other_salt(struct request *r)
{
	r->tx[0][1] = r->tx[0][0];
	r->tx[0][1].suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_32;
	r->tx[0][1].master.data[20] ^= 1;
}

static const struct {
	const char *what;
	void (*spoil)(struct request *r);
	int err;
	const char *says;
} bad[] = {
#define ROW(spoil, err, says) { #spoil, spoil, UPS_E_##err, says }
	ROW(id_empty, RANGE, "session id"),
	ROW(id_long, RANGE, "1 to 255"),
	ROW(id_control, RANGE, "printable"),
	ROW(id_blank, RANGE, "blanks"),
	ROW(id_none, RANGE, "session id"),
	ROW(no_streams, RANGE, "0 streams"),
	ROW(many_streams, RANGE, "17 streams"),
	ROW(media_empty, RANGE, "stream 0: the media name"),
	ROW(media_long, RANGE, "stream 0: the media name"),
	ROW(media_none, RANGE, "stream 0: the media name"),
	ROW(ssrc_limit, RANGE, "stream 0 (audio): SSRC limit 17, at most 16"),
	ROW(lane_unknown, RANGE, "lane 9"),
	ROW(iface_unknown, NO_INTERFACE, "stream 0 (audio), leg 1: no logical interface 'moon'"),
	ROW(iface_none, NO_INTERFACE, "no logical interface named"),
	ROW(mode_unknown, RANGE, "mode 7"),
	ROW(tos_ecn, RANGE, "tos 185 has ECN bits"),
	ROW(remote_noport, RANGE, "remote address 192.0.2.77 has no port"),
	ROW(remote_any, RANGE, "0.0.0.0:4000 is unspecified"),
	ROW(remote_multicast, RANGE, "239.1.2.3:4000 is multicast"),
	ROW(remote_broadcast, RANGE, "broadcast"),
	ROW(remote_any6, RANGE, "unspecified"),
	ROW(remote_multicast6, RANGE, "multicast"),
	ROW(remote_linklocal, RANGE, "link-local"),
	ROW(remote_family, FAMILY,
	    "leg 1: remote address [2001:db8::9]:4000 is IPv6, but interface peers has no v6"),
	ROW(remote_own, RANGE, "198.51.100.1:20010 is a media port of our own interface peers"),
	ROW(remote_advertised, RANGE, "our own interface users"),
	ROW(rtcp_own, RANGE, "remote RTCP address 192.0.2.1:20001"),
	ROW(rtcp_family, FAMILY, "differ in family"),
	ROW(rtcp_same, RANGE, "use rtcp-mux"),
	ROW(rtcp_multicast, RANGE, "multicast"),
	ROW(port_top, RANGE, "65535"),
	ROW(mux_and_none, RANGE, "exclude each other"),
	ROW(local_odd, RANGE,
	    "local port 20001 is not an even port of interface users (range 20000-20099)"),
	ROW(local_outside, RANGE, "local port 30000"),
	ROW(clear_with_keys, RANGE, "a clear leg takes no keys"),
	ROW(half_opaque, RANGE, "one leg is opaque"),
	ROW(opaque_with_keys, RANGE, "an opaque leg takes no keys"),
	ROW(no_tx, RANGE, "needs a transmit key"),
	ROW(no_rx, RANGE, "needs a receive key"),
	ROW(many_rx, RANGE, "5 receive keys, at most 4"),
	ROW(suite_none, SUITE, "transmit key: suite 0"),
	ROW(suite_unknown, SUITE, "receive key: suite 200"),
	ROW(key_short, KEY_LENGTH, "27 bytes, but AEAD_AES_128_GCM needs 28 (key 16, salt 12)"),
	ROW(key_long, KEY_LENGTH, "29 bytes"),
	ROW(mki_long, RANGE, "MKI of 129 bytes"),
	ROW(lifetime_rtp, RANGE, "more than the limit of 1099511627776"),
	ROW(lifetime_rtcp, RANGE, "more than the limit of 1073741824"),
	ROW(latch_clear, RANGE, "source: latch"),
	ROW(latch_opaque, RANGE, "an opaque leg cannot learn"),
	ROW(rx_without_mki, RANGE, "MKIs of one length"),
	ROW(rx_mki_lengths, RANGE, "MKIs of one length"),
	ROW(rx_mki_same, RANGE, "same MKI"),
	ROW(rx_suites, RANGE, "same suite"),
	ROW(rx_policy, RANGE, "SRTCP"),
	ROW(same_remote, RANGE, "both legs have remote address"),
	ROW(tx_is_rx, KEY_REUSED, "stream 0 (audio), leg 0: transmit key"),
	ROW(tx_on_both_legs, KEY_REUSED, "leg 1: transmit key"),
	ROW(tx_other_salt, KEY_REUSED, "leg 1: transmit key"),
#undef ROW
};

/* A refusal leaves nothing behind: the same core then takes the good request. */
static void bad_requests_are_refused(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 1 };
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ups_errmsg msg = {};
		int err;

		make_request(&r, &rng, "good", 1);
		bad[i].spoil(&r);
		err = add(core, &r, &msg);
		if (err != bad[i].err || !strstr(msg.text, bad[i].says))
			fail_msg("%s: %d '%s', expected %d '%s'", bad[i].what, err, msg.text,
				 bad[i].err, bad[i].says);
		assert_int_equal(add(core, &r, NULL), bad[i].err); /* a message is optional */
		assert_int_equal(ups_core_session_count(core), 0);
	}
	make_request(&r, &rng, "good", 1);
	assert_int_equal(add(core, &r, NULL), 0);
	ups_core_destroy(core);
}

static void as_is(struct request *r)
{
	(void)r;
}
static void id_longest(struct request *r)
{
	memset(r->id, 'x', 255);
	r->id[255] = '\0';
}
static void v6_leg(struct request *r)
{
	r->stream[0].leg[0].remote = addr("[2001:db8::9]:4000");
}
static void loopback(struct request *r)
{
	r->stream[0].leg[0].remote = addr("127.0.0.1:4000");
}
static void own_address_other_port(struct request *r)
{
	r->stream[0].leg[0].remote = addr("192.0.2.1:19999");
}
static void mux(struct request *r)
{
	r->stream[0].leg[0].rtcp_mux = true;
}
static void top_port_mux(struct request *r)
{
	mux(r);
	r->stream[0].leg[0].remote = addr("192.0.2.77:65535");
}
static void no_rtcp(struct request *r)
{
	r->stream[0].leg[0].no_rtcp = true;
}
static void named_port(struct request *r)
{
	r->stream[0].leg[0].local_port = 20098;
}
static void named_suite_32(struct request *r)
{
	r->tx[0][0].suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_32;
}
static void mki_longest(struct request *r)
{
	r->tx[0][0].mki_len = 128;
}
static void lifetime_most(struct request *r)
{
	r->tx[0][0].rtp_lifetime = 1ULL << 40;
}
static void latch_srtp(struct request *r)
{
	r->stream[0].leg[0].source_set = true;
	r->stream[0].leg[0].source = UPS_SOURCE_LATCH;
}
static void latch_clear_configured(struct request *r)
{
	latch_clear(r);
	r->stream[0].leg[0].iface = "open";
}

static void good_requests_are_taken(void **state)
{
	static void (*const shape[])(struct request *r) = {
		as_is,
		id_longest,
		v6_leg,
		loopback,
		own_address_other_port,
		mux,
		top_port_mux,
		no_rtcp,
		named_port,
		named_suite_32,
		mki_longest,
		lifetime_most,
		latch_srtp,
		latch_clear_configured,
		second_rx,
	};
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
		struct ups_errmsg msg = {};
		struct request r;

		make_request(&r, &rng, "good", 1);
		shape[i](&r);
		if (add(core, &r, &msg))
			fail_msg("shape %zu: %s", i, msg.text);
		assert_non_null(ups_core_session_find(core, r.id));
		assert_int_equal(del(core, r.id), 0);
	}
	ups_core_destroy(core);
}

static void make_opaque(struct request *r, struct rng *rng)
{
	make_request(r, rng, "opaque", 1);
	for (unsigned int l = 0; l < UPS_LEGS; l++) {
		r->stream[0].leg[l].mode = UPS_MODE_OPAQUE;
		r->stream[0].leg[l].rx_count = 0;
		r->stream[0].leg[l].tx = NULL;
	}
	r->stream[0].leg[1].iface = "open"; /* configured to latch */
	r->stream[0].leg[1].remote = addr("203.0.113.9:4000");
}

static void opaque_legs_never_latch(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	const struct ups_addr other = addr("203.0.113.66:666");
	const struct ups_stream *stream;
	struct rng rng = { 3 };
	struct request r;

	(void)state;
	make_opaque(&r, &rng);
	assert_int_equal(add(core, &r, NULL), 0);
	stream = ups_core_session_find(core, "opaque")->stream[0];
	assert_int_equal(stream->leg[1].source, UPS_SOURCE_STRICT);
	ups_core_source_learned(core, stream->flow[1], false, &other);
	assert_false(stream->leg[1].learned);
	assert_false(ups_addr_equal(&stream->leg[1].remote, &other));
	ups_core_destroy(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_requests_are_refused),
		cmocka_unit_test(good_requests_are_taken),
		cmocka_unit_test(opaque_legs_never_latch),
	};

	return cmocka_run_group_tests_name("core: validation of requests", tests, NULL, NULL);
}
