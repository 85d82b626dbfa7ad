// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The same packets through the kernel lane and through the udp lane, on a real device: what arrives and every counter must
 * be equal. Then the two lanes on one flow, sharing indices and replay lists.
 */

#include "badpackets.h"
#include "vethfix.h"

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

static struct fix fix;
static bool kernel_crypto;

static int open_lanes(void **state)
{
	static const struct ups_iface ifaces[] = { { .name = "a", .device = "veth0" } };
	const char *why = veth_setup();
	struct ups_errmsg msg = {};
	struct ups_dp_config config;
	struct ups_dp_info info;

	*state = &fix;
	if (why) {
		print_message("%s\n", why);
		return -1;
	}
	fix_libraries(&fix);
	config = fix_config(&fix);
	config.xdp = UPS_XDP_AUTO;
	config.ifaces = ifaces;
	config.iface_count = 1;
	if (ups_dp_create(&config, &fix.dp, &msg))
		fail_msg("%s", msg.text);
	ups_dp_info(fix.dp, &info);
	print_message("%s: XDP %s, %s\n", info.device[0].device, info.device[0].xdp_mode,
		      info.xdp_reason);
	kernel_crypto = info.xdp_crypto;
	return 0;
}

/* Without a kernel lane there is nothing to compare. */
static void need_xdp(bool crypto)
{
	struct ups_dp_info info;

	ups_dp_info(fix.dp, &info);
	if (strcmp(info.device[0].xdp_mode, "off") && (kernel_crypto || !crypto))
		return;
	print_message("no kernel lane for this: %s\n", info.device[0].reason);
	skip();
}

/* Something must arrive at peer 1. */
static void receive_any(struct call *c)
{
	struct packet got;

	assert_true(fix_receive(c->peer[1].fd[0], &got, NULL, FIX_WAIT_MS));
	c->passed[0]++;
}

/* One script: good packets both ways, everything that is refused, from the peer and from a stranger. */
static void run_script(struct call *c, int stranger, struct ups_stats out[static UPS_LEGS])
{
	struct packet p;
	uint64_t drops = 0;

	for (int n = 0; n < 5; n++) {
		call_pass(c, 0, false);
		call_pass(c, 1, false);
		call_pass(c, n & 1, true);
	}
	for (size_t i = 0; i < BAD_CASES; i++) {
		bad_make(&p, &bad_cases[i]);
		fix_send(c->peer[0].fd[bad_cases[i].rtcp_port],
			 call_target(c, 0, bad_cases[i].rtcp_port), &p);
		call_wait_drops(fix.dp, c, 0, ++drops);
		call_pass(c, 0, false);
	}
	for (uint32_t n = 0; n < 6; n++) { /* one or two SSRCs too many for 4 slots */
		rtp_make(&p, 0x5000 + n, 9, 100);
		peer_protect(&c->peer[0], &p, false);
		fix_send(c->peer[0].fd[0], call_target(c, 0, false), &p);
		if (n < 3)
			receive_any(c);
		else
			call_wait_drops(fix.dp, c, 0, ++drops);
	}
	rtp_make(&p, c->peer[0].ssrc, c->peer[0].seq++, 100);
	peer_protect(&c->peer[0], &p, false);
	fix_send(c->peer[0].fd[0], call_target(c, 0, false), &p);
	receive_any(c);
	fix_send(stranger, call_target(c, 0, false), &p);
	call_wait_drops(fix.dp, c, 0, ++drops);
	if (c->peer[0].tx || c->peer[1].tx) { /* a repeated index */
		fix_send(c->peer[0].fd[0], call_target(c, 0, false), &p);
		call_wait_drops(fix.dp, c, 0, ++drops);
	}
	if (c->peer[0].tx) { /* and a forged one */
		p.data[2] ^= 0x40;
		fix_send(c->peer[0].fd[0], call_target(c, 0, false), &p);
		call_wait_drops(fix.dp, c, 0, ++drops);
	}
	call_pass(c, 0, false);
	call_pass(c, 1, false);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		out[i] = call_wait_sent(fix.dp, c, i, c->passed[i]).stats;
}

static struct ups_lane_stats sum_lanes(const struct ups_stats *s)
{
	struct ups_lane_stats sum = {};

	for (unsigned int l = 0; l < UPS_LANE_COUNT; l++) {
		sum.rx_packets += s->lane[l].rx_packets;
		sum.rx_bytes += s->lane[l].rx_bytes;
		sum.tx_packets += s->lane[l].tx_packets;
		sum.tx_bytes += s->lane[l].tx_bytes;
	}
	return sum;
}

static void compare(const struct ups_stats *xdp, const struct ups_stats *udp)
{
	struct ups_lane_stats a = sum_lanes(xdp), b = sum_lanes(udp);

	for (unsigned int r = 0; r < UPS_DROP_MAX; r++) {
		if (xdp->drop[r] != udp->drop[r])
			fail_msg("reason %u: xdp dropped %u, udp %u", r, xdp->drop[r],
				 udp->drop[r]);
	}
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(xdp->lane[UPS_LANE_XDP].tx_packets > 0);
	assert_int_equal(udp->lane[UPS_LANE_XDP].rx_packets, 0);
	/* RTCP alone took the other way */
	assert_true(xdp->lane[UPS_LANE_UDP].rx_packets <= 3);
}

static void check_agreement(const struct leg_spec spec[static UPS_LEGS])
{
	static const enum ups_lane_choice choices[] = { UPS_CHOOSE_XDP, UPS_CHOOSE_UDP };
	struct ups_stats stats[2][UPS_LEGS];
	struct ups_addr where = fix_addr(spec[0].v6, 18100);
	int stranger = fix_socket(&where);

	for (unsigned int n = 0; n < 2; n++) {
		struct call c;

		call_make(&c, spec, 4, 3);
		c.stream.lane = choices[n];
		call_install(fix.dp, &c);
		assert_int_equal(call_info(fix.dp, &c, 0).lane, n ? UPS_LANE_UDP : UPS_LANE_XDP);
		run_script(&c, stranger, stats[n]);
		fix_hangup(&fix, &c);
	}
	close(stranger);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		compare(&stats[0][i], &stats[1][i]);
}

static void test_clear(void **state)
{
	const struct leg_spec specs[][UPS_LEGS] = {
		{ {}, {} },
		{ { .v6 = true }, {} },
		{ {}, { .v6 = true } },
		{ { .v6 = true }, { .v6 = true } },
	};

	(void)state;
	need_xdp(false);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		check_agreement(specs[i]);
}

static void test_srtp(void **state)
{
	const struct leg_spec specs[][UPS_LEGS] = {
		{ { .mode = UPS_MODE_SRTP, .suite = CM80 }, {} },
		{ {}, { .mode = UPS_MODE_SRTP, .suite = GCM } },
		{ { .mode = UPS_MODE_SRTP, .suite = GCM, .v6 = true },
		  { .mode = UPS_MODE_SRTP, .suite = CM80 } },
	};

	(void)state;
	need_xdp(true);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		check_agreement(specs[i]);
}

/* A source learned on the udp lane moves the flow into the kernel; what was received before is a replay there. */
static void test_learn_then_xdp(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_SRTP, .suite = CM80 },
	};
	struct ups_addr nat_addr = fix_addr(false, 18200);
	int nat = fix_socket(&nat_addr);
	struct packet plain, wire, got;
	struct ups_flow_info info;
	struct call c;

	(void)state;
	need_xdp(true);
	fix_call(&fix, &c, spec);
	rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, 160);
	wire = plain;
	peer_protect(&c.peer[0], &wire, false);
	fix_send(nat, call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	for (int ms = 0; ms < FIX_WAIT_MS && !fix.told.lane; ms++) {
		ups_dp_dispatch(fix.dp);
		usleep(1000);
	}
	assert_int_equal(fix.told.lane, 1);
	assert_int_equal(call_info(fix.dp, &c, 0).stats.lane[UPS_LANE_UDP].rx_packets, 1);

	fix_send(nat, call_target(&c, 0, false), &wire);
	call_wait_drops(fix.dp, &c, 0, 1);
	assert_int_equal(call_info(fix.dp, &c, 0).stats.drop[UPS_DROP_REPLAY], 1);
	rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, 160);
	wire = plain;
	peer_protect(&c.peer[0], &wire, false);
	fix_send(nat, call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	info = call_wait_sent(fix.dp, &c, 0, 2);
	assert_int_equal(info.stats.lane[UPS_LANE_XDP].tx_packets, 1);
	/* the way back */
	call_send(&c, 1, false, &plain);
	assert_true(fix_receive(nat, &got, NULL, FIX_WAIT_MS));
	peer_unprotect(&c.peer[0], &got, false);
	assert_memory_equal(got.data, plain.data, (size_t)plain.size);
	assert_int_equal(call_wait_sent(fix.dp, &c, 1, 1).stats.lane[UPS_LANE_XDP].tx_packets, 1);
	fix_hangup(&fix, &c);
	close(nat);
}

/* Fragments are reassembled by the stack and served by the udp lane, between packets of the kernel lane. */
static void test_fragments(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = CM80 },
					 { .mode = UPS_MODE_SRTP, .suite = GCM } };
	struct packet plain, wire;
	struct ups_flow_info info;
	struct call c;

	(void)state;
	need_xdp(true);
	fix_call(&fix, &c, spec);
	for (int n = 0; n < 6; n++) {
		rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, n & 1 ? 4000 : 400);
		wire = plain;
		peer_protect(&c.peer[0], &wire, false);
		fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
		call_expect(&c, 1, false, &plain);
	}
	info = call_wait_sent(fix.dp, &c, 0, 6);
	assert_int_equal(info.stats.lane[UPS_LANE_XDP].tx_packets, 3);
	assert_int_equal(info.stats.lane[UPS_LANE_UDP].tx_packets, 3);
	fix_hangup(&fix, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_srtp),
		cmocka_unit_test(test_learn_then_xdp),
		cmocka_unit_test(test_fragments),
	};

	return cmocka_run_group_tests_name("data plane: lanes agree", tests, open_lanes, fix_close);
}
