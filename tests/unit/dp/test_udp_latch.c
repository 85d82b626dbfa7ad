// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Learning sources, against an off-path attacker who sends before and after the peer (standards: RTP Bleed, RTP Inject). The
 * peer of leg 0 is behind a NAT: it sends from ports that nobody signalled.
 */
#include "dpfix.h"

#include "dp/plane.h"

#define GCM UPS_SUITE_AEAD_AES_128_GCM
#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80

struct scene {
	struct fix *f;
	struct call c;
	int nat[2], attacker[2]; /* RTP, RTCP */
	struct ups_addr nat_addr[2];
};

static void scene_open(struct scene *s, struct fix *f, const struct leg_spec *leg0)
{
	const struct leg_spec spec[] = {
		*leg0, { .mode = leg0->mode == UPS_MODE_OPAQUE ? UPS_MODE_OPAQUE : UPS_MODE_CLEAR }
	};

	s->f = f;
	fix_call(f, &s->c, spec);
	for (uint16_t i = 0; i < 2; i++) {
		struct ups_addr where = fix_addr(leg0->v6, 18000 + i);

		s->attacker[i] = fix_socket(&where);
		s->nat_addr[i] = fix_addr(leg0->v6, 18010 + i);
		s->nat[i] = fix_socket(&s->nat_addr[i]);
	}
}

static void scene_close(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		close(s->attacker[i]);
		close(s->nat[i]);
	}
	fix_hangup(s->f, &s->c);
}

/* A good packet of peer 0, protected if the leg is, from any socket */
static void send_good(struct scene *s, int fd, bool rtcp, struct packet *plain, struct packet *wire)
{
	struct peer *peer = &s->c.peer[0];

	if (rtcp)
		rtcp_make(plain, peer->ssrc, peer->seq++);
	else
		rtp_make(plain, peer->ssrc, peer->seq++, 160);
	*wire = *plain;
	peer_protect(peer, wire, rtcp);
	fix_send(fd, call_target(&s->c, 0, rtcp), wire);
}

static void await_learned(struct scene *s, unsigned int count)
{
	struct pollfd pfd = { .fd = ups_dp_notify_fd(s->f->dp), .events = POLLIN };

	while (s->f->told.learned < count) {
		if (poll(&pfd, 1, FIX_WAIT_MS) != 1)
			fail_msg("no source learned");
		ups_dp_dispatch(s->f->dp);
	}
	assert_int_equal(s->f->told.learned, count);
}

/* Nothing was learned so far: reverse media goes where signalling said. */
static void expect_at_signalled(struct scene *s)
{
	struct packet plain;

	ups_dp_dispatch(s->f->dp);
	assert_int_equal(s->f->told.learned, 0);
	call_send(&s->c, 1, false, &plain);
	call_expect(&s->c, 0, false, &plain);
}

/* Reverse media reaches the socket behind the NAT, and only that. */
static void expect_at_nat(struct scene *s, bool rtcp)
{
	struct packet plain, got;

	call_send(&s->c, 1, rtcp, &plain);
	assert_true(fix_receive(s->nat[rtcp], &got, NULL, FIX_WAIT_MS));
	peer_unprotect(&s->c.peer[0], &got, rtcp);
	assert_int_equal(got.size, plain.size);
	assert_memory_equal(got.data, plain.data, (size_t)plain.size);
	assert_false(fix_receive(s->attacker[rtcp], &got, NULL, 0));
	assert_false(fix_receive(s->c.peer[0].fd[rtcp], &got, NULL, 0));
}

static void check_told(const struct scene *s, bool rtcp)
{
	assert_int_equal(s->f->told.flow, s->c.stream.flow[0]);
	assert_int_equal(s->f->told.rtcp, rtcp);
	assert_true(ups_addr_equal(&s->f->told.addr, &s->nat_addr[rtcp]));
}

/* Before the peer: forged packets of every kind teach nothing. The peer's first packet does. Afterwards only the peer counts. */
static void srtp_scene(struct fix *f, const struct leg_spec *leg0)
{
	struct packet plain, wire, got;
	struct scene s;

	scene_open(&s, f, leg0);
	for (uint32_t n = 0; n < 20; n++) {
		rtp_make(&wire, s.c.peer[0].ssrc, (uint16_t)n, 160);
		fix_send(s.attacker[0], call_target(&s.c, 0, false), &wire);
		rtcp_make(&wire, s.c.peer[0].ssrc, n);
		fix_send(s.attacker[1], call_target(&s.c, 0, true), &wire);
	}
	call_wait_drops(f->dp, &s.c, 0, 40);
	assert_int_equal(call_info(f->dp, &s.c, 0).stats.drop[UPS_DROP_AUTH], 40);
	expect_at_signalled(&s);

	send_good(&s, s.nat[0], false, &plain, &wire);
	call_expect(&s.c, 1, false, &plain);
	await_learned(&s, 1);
	check_told(&s, false);
	expect_at_nat(&s, false);

	/* captured and sent again from elsewhere; and a new authentic one from elsewhere */
	fix_send(s.attacker[0], call_target(&s.c, 0, false), &wire);
	send_good(&s, s.attacker[0], false, &plain, &wire);
	call_wait_drops(f->dp, &s.c, 0, 42);
	assert_int_equal(call_info(f->dp, &s.c, 0).stats.drop[UPS_DROP_SOURCE], 2);
	assert_false(fix_receive(s.c.peer[1].fd[0], &got, NULL, 10));
	send_good(&s, s.nat[0], false, &plain, &wire);
	call_expect(&s.c, 1, false, &plain);
	expect_at_nat(&s, false);
	assert_int_equal(f->told.learned, 1);
	scene_close(&s);
}

static void test_srtp(void **state)
{
	const struct leg_spec legs[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_SRTP, .suite = CM80, .source = UPS_SOURCE_LATCH, .v6 = true },
		{ .mode = UPS_MODE_SRTP, .suite = CM80, .source = UPS_SOURCE_LATCH, .mux = true },
	};

	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++)
		srtp_scene(*state, &legs[i]);
}

/* The RTCP port learns for itself: RTP's source opens nothing there. */
static void test_rtcp_port(void **state)
{
	const struct leg_spec leg0 = { .mode = UPS_MODE_SRTP,
				       .suite = GCM,
				       .source = UPS_SOURCE_LATCH };
	struct packet plain, wire;
	struct scene s;

	scene_open(&s, *state, &leg0);
	send_good(&s, s.nat[0], false, &plain, &wire);
	call_expect(&s.c, 1, false, &plain);
	await_learned(&s, 1);
	rtcp_make(&wire, s.c.peer[0].ssrc, 1);
	fix_send(s.attacker[1], call_target(&s.c, 0, true), &wire);
	call_wait_drops(s.f->dp, &s.c, 0, 1);
	send_good(&s, s.nat[1], true, &plain, &wire);
	call_expect(&s.c, 1, true, &plain);
	await_learned(&s, 2);
	check_told(&s, true);
	expect_at_nat(&s, true);
	send_good(&s, s.attacker[1], true, &plain, &wire);
	call_wait_drops(s.f->dp, &s.c, 0, 2);
	assert_int_equal(call_info(s.f->dp, &s.c, 0).stats.drop[UPS_DROP_SOURCE], 1);
	scene_close(&s);
}

/* Clear, by configuration: the first well-formed packet; what is refused for any reason teaches nothing. */
static void test_clear(void **state)
{
	const struct leg_spec leg0 = { .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH };
	struct packet plain, wire;
	struct scene s;

	scene_open(&s, *state, &leg0);
	memset(&wire, 0, sizeof(wire));
	wire.size = 40; /* STUN */
	fix_send(s.attacker[0], call_target(&s.c, 0, false), &wire);
	wire.data[0] = 0x9f; /* headers beyond the end */
	fix_send(s.attacker[0], call_target(&s.c, 0, false), &wire);
	wire.data[1] = 200; /* RTCP on the RTP port */
	fix_send(s.attacker[0], call_target(&s.c, 0, false), &wire);
	call_wait_drops(s.f->dp, &s.c, 0, 3);
	expect_at_signalled(&s);
	send_good(&s, s.nat[0], false, &plain, &wire);
	call_expect(&s.c, 1, false, &plain);
	await_learned(&s, 1);
	check_told(&s, false);
	expect_at_nat(&s, false);
	send_good(&s, s.attacker[0], false, &plain, &wire);
	call_wait_drops(s.f->dp, &s.c, 0, 4);
	assert_int_equal(call_info(s.f->dp, &s.c, 0).stats.drop[UPS_DROP_SOURCE], 1);
	scene_close(&s);
}

/* ---- two sources in one batch ------------------------------------------------------------------------------------ */

static struct scene *rush; /* its packets are sent before the worker may look */

static void rush_send(struct scene *s)
{
	struct packet plain, wire;

	for (int n = 0; n < 20; n++) {
		send_good(s, s->nat[0], false, &plain, &wire);
		send_good(s, s->attacker[0], false, &plain, &wire);
	}
}

static int rush_poll_add(int epoll_fd, int fd, uint64_t data)
{
	if (rush)
		rush_send(rush);
	rush = NULL;
	return ups_poll_add(epoll_fd, fd, data);
}

/* The first authentic packet decides; packets received together with it from elsewhere are strangers. */
static void test_one_batch(void **state)
{
	const struct leg_spec legs[] = {
		{ .mode = UPS_MODE_SRTP, .suite = CM80, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH },
	};
	struct fix f = *(struct fix *)*state;
	struct ups_dp_config config = fix_config(&f);
	struct ups_dp_ops ops = ups_dp_ops_default;

	config.callbacks.aux = &f.told;
	ops.udp.poll_add = rush_poll_add;
	assert_int_equal(ups_plane_create(&config, &ops, &f.dp, NULL), 0);
	for (size_t i = 0; i < sizeof(legs) / sizeof(legs[0]); i++) {
		struct ups_flow_info info;
		struct scene s;

		scene_open(&s, &f, &legs[i]);
		call_remove(f.dp, &s.c);
		rush = &s;
		call_install(f.dp, &s.c);
		info = call_wait_sent(f.dp, &s.c, 0, 20);
		assert_int_equal(info.stats.lane[UPS_LANE_UDP].tx_packets, 20);
		call_wait_drops(f.dp, &s.c, 0, 20);
		info = call_info(f.dp, &s.c, 0);
		assert_int_equal(info.stats.drop[UPS_DROP_SOURCE], 20);
		await_learned(&s, 1);
		check_told(&s, false);
		scene_close(&s);
	}
	ups_dp_destroy(f.dp);
}

/* Strict legs never learn, whoever knows the key. */
static void test_strict(void **state)
{
	const struct leg_spec leg0 = { .mode = UPS_MODE_SRTP, .suite = GCM };
	struct packet plain, wire;
	struct scene s;

	scene_open(&s, *state, &leg0);
	send_good(&s, s.nat[0], false, &plain, &wire);
	send_good(&s, s.nat[1], true, &plain, &wire);
	call_wait_drops(s.f->dp, &s.c, 0, 2);
	assert_int_equal(call_info(s.f->dp, &s.c, 0).stats.drop[UPS_DROP_SOURCE], 2);
	expect_at_signalled(&s);
	scene_close(&s);
}

/* More learned at once than the ring of a worker holds: none is lost. */
#define MANY 600
static void test_many(void **state)
{
	static struct call calls[MANY];
	struct fix *f = *state;
	struct packet plain;

	memset(&f->told, 0, sizeof(f->told));
	for (unsigned int i = 0; i < MANY; i++) {
		const struct leg_spec spec[] = {
			{ .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH, .mux = true },
			{ .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH, .mux = true },
		};

		call_make(&calls[i], spec, 1, i);
		call_install(f->dp, &calls[i]);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		call_send(&calls[i], 0, false, &plain);
		call_expect(&calls[i], 1, false, &plain);
		call_pass(&calls[i], 1, false);
	}
	ups_dp_dispatch(f->dp);
	assert_int_equal(f->told.learned, 2 * MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		call_remove(f->dp, &calls[i]);
		call_close(&calls[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_srtp),   cmocka_unit_test(test_rtcp_port),
		cmocka_unit_test(test_clear),  cmocka_unit_test(test_one_batch),
		cmocka_unit_test(test_strict), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("udp lane: sources", tests, fix_open, fix_close);
}
