// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The udp lane forwarding: every combination of modes, families and RTCP arrangement, with libsrtp2 at both ends. AES-192 is
 * left to the tests of the crypto: libsrtp2 derives its keys differently from RFC 6188.
 */
#include "dpfix.h"
#include "upsec/rtp.h"

#define S1 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define S2 UPS_SUITE_AEAD_AES_256_GCM

static const struct mode_pair {
	const char *name;
	enum ups_leg_mode mode[UPS_LEGS];
	uint8_t suite[UPS_LEGS];
	uint8_t mki[UPS_LEGS];
} mode_pairs[] = {
	{ "clear to clear", { UPS_MODE_CLEAR, UPS_MODE_CLEAR }, {}, {} },
	{ "clear to CM_80", { UPS_MODE_CLEAR, UPS_MODE_SRTP }, { 0, S1 }, {} },
	{ "GCM_256 to clear", { UPS_MODE_SRTP, UPS_MODE_CLEAR }, { S2 }, {} },
	{ "CM_80 to GCM_256", { UPS_MODE_SRTP, UPS_MODE_SRTP }, { S1, S2 }, {} },
	{ "CM_80 with MKI to CM_80 with another",
	  { UPS_MODE_SRTP, UPS_MODE_SRTP },
	  { S1, S1 },
	  { 4, 128 } },
	{ "CM_32 to GCM_128",
	  { UPS_MODE_SRTP, UPS_MODE_SRTP },
	  { UPS_SUITE_AES_CM_128_HMAC_SHA1_32, UPS_SUITE_AEAD_AES_128_GCM },
	  {} },
	{ "CM_256_80 to CM_256_32",
	  { UPS_MODE_SRTP, UPS_MODE_SRTP },
	  { UPS_SUITE_AES_256_CM_HMAC_SHA1_80, UPS_SUITE_AES_256_CM_HMAC_SHA1_32 },
	  {} },
	{ "opaque", { UPS_MODE_OPAQUE, UPS_MODE_OPAQUE }, {}, {} },
};

static void pass_all_ways(struct call *c)
{
	for (int n = 0; n < 3; n++) {
		for (unsigned int i = 0; i < UPS_LEGS; i++) {
			call_pass(c, i, false);
			call_pass(c, i, true);
		}
	}
}

static void check_counts(const struct fix *f, const struct call *c)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		struct ups_flow_info info = call_wait_sent(f->dp, c, i, 6);
		const struct ups_lane_stats *lane = &info.stats.lane[UPS_LANE_UDP];

		assert_int_equal(lane->rx_packets, 6);
		assert_int_equal(lane->tx_packets, 6);
		assert_int_equal(sum_drops(&info), 0);
		assert_int_equal(info.lane, UPS_LANE_UDP);
		assert_true(info.stats.last_rx_ns > 0);
		if (c->stream.leg[i].mode != UPS_MODE_OPAQUE) {
			assert_int_equal(info.ssrc_count, 1);
			assert_int_equal(info.ssrc[0], FIX_SSRC + i);
		}
	}
}

/* @bits: family of leg 0 and 1, rtcp-mux of leg 0 and 1 */
static void check_pair(struct fix *f, const struct mode_pair *m, unsigned int bits)
{
	struct leg_spec spec[UPS_LEGS];
	struct call c;

	for (unsigned int i = 0; i < UPS_LEGS; i++)
		spec[i] = (struct leg_spec) { .mode = m->mode[i],
					      .suite = m->suite[i],
					      .mki_len = m->mki[i],
					      .v6 = bits >> i & 1,
					      .mux = bits >> (2 + i) & 1 };
	fix_call(f, &c, spec);
	pass_all_ways(&c);
	check_counts(f, &c);
	fix_hangup(f, &c);
}

static void test_modes(void **state)
{
	for (size_t m = 0; m < sizeof(mode_pairs) / sizeof(mode_pairs[0]); m++) {
		for (unsigned int bits = 0; bits < 16; bits++) {
			/* opaque legs relay RTCP where it came in, so both must be alike for the check to hold */
			if (mode_pairs[m].mode[0] == UPS_MODE_OPAQUE &&
			    (bits >> 2 & 1) != bits >> 3)
				continue;
			check_pair(*state, &mode_pairs[m], bits);
		}
	}
}

/* The bytes counted are UDP payload, as received and as sent. */
static void test_bytes(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = S1 },
					 { .mode = UPS_MODE_SRTP, .suite = S2 } };
	struct fix *f = *state;
	struct ups_flow_info info;
	struct call c;

	fix_call(f, &c, spec);
	call_pass(&c, 0, false);
	info = call_wait_sent(f->dp, &c, 0, 1);
	assert_int_equal(info.stats.lane[UPS_LANE_UDP].rx_bytes, 12 + 160 + 10);
	assert_int_equal(info.stats.lane[UPS_LANE_UDP].tx_bytes, 12 + 160 + 16);
	assert_int_equal(info.rx_index[0], info.tx_index[0]);
	assert_int_equal(ups_dp_key_use(f->dp, c.stream.leg[0].rx[0].slot).rtp, 1);
	assert_int_equal(ups_dp_key_use(f->dp, c.stream.leg[1].tx.slot).rtp, 1);
	assert_int_equal(ups_dp_key_use(f->dp, c.stream.leg[0].tx.slot).rtp, 0);
	fix_hangup(f, &c);
}

/* RTCP whose E bit is off by agreement, on one leg only */
static void test_rtcp_clear(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = S1, .rtcp_clear = true },
		{ .mode = UPS_MODE_SRTP, .suite = S1 },
	};
	struct call c;

	fix_call(*state, &c, spec);
	pass_all_ways(&c);
	fix_hangup(*state, &c);
}

/* No RTCP on the out-leg: it stops here, RTP goes on. */
static void test_no_rtcp(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR, .mux = true },
					 { .mode = UPS_MODE_CLEAR, .no_rtcp = true } };
	struct fix *f = *state;
	struct packet plain;
	struct call c;

	fix_call(f, &c, spec);
	call_send(&c, 0, true, &plain);
	call_wait_drops(f->dp, &c, 0, 1);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_NO_ROUTE], 1);
	call_pass(&c, 0, false);
	fix_hangup(f, &c);
}

/* Everything that RFC 7983 knows passes an opaque leg, byte for byte; nothing else does. */
static void test_opaque_classes(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_OPAQUE }, { .mode = UPS_MODE_OPAQUE } };
	struct fix *f = *state;
	uint64_t bad = 0;
	struct call c;

	fix_call(f, &c, spec);
	for (unsigned int first = 0; first < 256; first++) {
		struct packet p = { .size = 33 }, got;
		bool known = ups_demux((uint8_t)first, 7) != UPS_DEMUX_BAD;

		p.data[0] = (uint8_t)first;
		p.data[1] = 7;
		fix_send(c.peer[0].fd[first & 1], call_target(&c, 0, first & 1), &p);
		if (!known) {
			call_wait_drops(f->dp, &c, 0, ++bad);
			continue;
		}
		assert_true(fix_receive(c.peer[1].fd[first & 1], &got, NULL, FIX_WAIT_MS));
		assert_int_equal(got.size, p.size);
		assert_memory_equal(got.data, p.data, (size_t)p.size);
	}
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_DEMUX], bad);
	assert_true(bad > 0);
	fix_hangup(f, &c);
}

/* Sizes up to jumbo pass, fragments included; beyond that the packet is refused and the call goes on. */
static void test_sizes(void **state)
{
	static const int sizes[] = { 0, 1, 160, 1200, 1400, 2048, 4000, 9000 };
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = S1 },
					 { .mode = UPS_MODE_SRTP, .suite = S2, .v6 = true } };
	struct fix *f = *state;
	struct packet plain, wire;
	struct call c;

	fix_call(f, &c, spec);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, sizes[i]);
		wire = plain;
		peer_protect(&c.peer[0], &wire, false);
		fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
		call_expect(&c, 1, false, &plain);
	}
	rtp_make(&wire, c.peer[0].ssrc, c.peer[0].seq++, 9216);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
	call_wait_drops(f->dp, &c, 0, 1);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_TOO_BIG], 1);
	call_pass(&c, 0, false);
	fix_hangup(f, &c);
}

/* -> type of service of the next datagram */
static int receive_tos(int fd)
{
	char control[256], data[2048];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, FIX_WAIT_MS), 1);
	assert_true(recvmsg(fd, &m, 0) > 0);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TOS)
			return *(uint8_t *)CMSG_DATA(h);
		if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_TCLASS)
			return *(int *)CMSG_DATA(h);
	}
	return -1;
}

static void test_tos(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR, .tos = 46 << 2 },
					 { .mode = UPS_MODE_CLEAR, .v6 = true, .tos = 34 << 2 } };
	struct packet plain;
	struct call c;

	fix_call(*state, &c, spec);
	for (int rtcp = 0; rtcp < 2; rtcp++) {
		call_send(&c, 0, rtcp, &plain);
		assert_int_equal(receive_tos(c.peer[1].fd[rtcp]), 34 << 2);
		call_send(&c, 1, rtcp, &plain);
		assert_int_equal(receive_tos(c.peer[0].fd[rtcp]), 46 << 2);
	}
	fix_hangup(*state, &c);
}

/* A peer that closed its port answers with ICMP errors; they stop nothing. */
static void test_icmp_errors(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR }, { .mode = UPS_MODE_CLEAR } };
	struct fix *f = *state;
	struct packet plain;
	struct call c;

	fix_call(f, &c, spec);
	close(c.peer[1].fd[0]);
	for (int n = 0; n < 20; n++)
		call_send(&c, 0, false, &plain);
	call_pass(&c, 0, true);
	c.peer[1].fd[0] = fix_socket(&c.peer[1].addr[0]);
	call_pass(&c, 0, false);
	call_pass(&c, 1, false);
	fix_hangup(f, &c);
}

/* A destination without route, in a batch with one that has one */
static void test_no_route(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR }, { .mode = UPS_MODE_CLEAR } };
	struct ups_addr nowhere;
	struct fix *f = *state;
	struct packet plain;
	struct call c;

	call_make(&c, spec, 4, 1);
	assert_int_equal(ups_addr_parse("203.0.113.9:4000", true, &nowhere), 0);
	c.stream.leg[1].remote = nowhere;
	call_install(f->dp, &c);
	call_send(&c, 0, false, &plain);
	call_wait_drops(f->dp, &c, 0, 1);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_NO_ROUTE], 1);
	call_pass(&c, 0, true);
	fix_hangup(f, &c);
}

/* More sessions at once than a batch holds, packets interleaved: every one arrives, in order. */
static const uint8_t suites[] = {
	UPS_SUITE_AES_CM_128_HMAC_SHA1_80, UPS_SUITE_AES_CM_128_HMAC_SHA1_32,
	UPS_SUITE_AES_256_CM_HMAC_SHA1_80, UPS_SUITE_AES_256_CM_HMAC_SHA1_32,
	UPS_SUITE_AEAD_AES_128_GCM,	   UPS_SUITE_AEAD_AES_256_GCM
};

#define MANY 100
#define EACH 20
static void test_many_sessions(void **state)
{
	static struct call calls[MANY];
	struct fix *f = *state;
	struct packet plain;

	for (unsigned int i = 0; i < MANY; i++) {
		struct leg_spec spec[] = {
			{ .mode = UPS_MODE_SRTP, .suite = suites[i % 6] },
			{ .mode = UPS_MODE_SRTP, .suite = suites[5 - i % 6] },
		};

		call_make(&calls[i], spec, 4, i);
		call_install(f->dp, &calls[i]);
	}
	for (unsigned int n = 0; n < EACH; n++) {
		for (unsigned int i = 0; i < MANY; i++)
			call_send(&calls[i], n & 1, false, &plain);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		uint16_t first[UPS_LEGS];

		for (unsigned int l = 0; l < UPS_LEGS; l++)
			first[l] = (uint16_t)(calls[i].peer[l].seq - EACH / 2);
		for (unsigned int n = 0; n < EACH; n++) {
			rtp_make(&plain, calls[i].peer[n & 1].ssrc, first[n & 1]++, 160);
			call_expect(&calls[i], 1 - (n & 1), false, &plain);
		}
	}
	for (unsigned int i = 0; i < MANY; i++) {
		call_remove(f->dp, &calls[i]);
		call_close(&calls[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_rtcp_clear),
		cmocka_unit_test(test_no_rtcp),
		cmocka_unit_test(test_opaque_classes),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_tos),
		cmocka_unit_test(test_icmp_errors),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_many_sessions),
	};

	return cmocka_run_group_tests_name("udp lane: forwarding", tests, fix_open, fix_close);
}
