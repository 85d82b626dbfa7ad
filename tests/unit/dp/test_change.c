// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams that change while media runs: answers, re-offers, new keys, new addresses; what of the indices and replay lists goes
 * on and what begins anew (RFC 3711 9.1, 3.3.2; attacks A7, A9), all or nothing whichever call fails, when the kernel lane must wait.
 */
#include "changefix.h"

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

static const struct leg_spec srtp_srtp[] = { { .mode = UPS_MODE_SRTP, .suite = CM80 },
					     { .mode = UPS_MODE_SRTP, .suite = GCM } };
static const struct leg_spec clear_srtp[] = { { .mode = UPS_MODE_CLEAR },
					      { .mode = UPS_MODE_SRTP, .suite = GCM } };
static const struct leg_spec clear_clear[] = { { .mode = UPS_MODE_CLEAR },
					       { .mode = UPS_MODE_CLEAR } };

static struct ups_ssrc *ssrc_of(const struct call *c, unsigned int i)
{
	return &mock.state.ssrc[c->stream.ssrc_base[i]];
}

/* ---- offer and answer ------------------------------------------------------------------------------------------- */

/* Not an ICMP error either: it would tell the peer's stack that nobody is there. */
static void expect_no_icmp(const struct call *c)
{
	struct ups_addr from = fix_addr(false, 18900);
	int fd = fix_socket(&from), err = 0;
	const struct ups_addr *at = &c->stream.leg[1].local;
	socklen_t size = sizeof(err);
	struct sockaddr_storage ss;

	assert_int_equal(connect(fd, (struct sockaddr *)&ss, ups_addr_to_sockaddr(at, &ss)), 0);
	assert_int_equal(send(fd, "\x80x", 2, 0), 2);
	usleep(10000);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size), 0);
	assert_int_equal(err, 0);
	close(fd);
}

static void unanswered_offer_passes_nothing_until_the_answer(void **state)
{
	struct packet plain, wire, got;
	struct ups_stream whole;
	struct call c;

	(void)state;
	change_make(&c, srtp_srtp);
	whole = c.stream;
	c.stream = change_unanswered(&whole, 0);
	mock_clear_log();
	call_install(fix.dp, &c);
	assert_string_equal(mock.log, "ccsssseeee"); /* nothing in the kernel lane */
	assert_string_equal(call_info(fix.dp, &c, 0).reason, "the peer's answer is awaited");
	expect_no_icmp(&c);
	call_wait_drops(fix.dp, &c, 1, 1);
	change_wire(&c, 1, false, c.peer[1].tx, &plain, &wire);
	change_refused(&c, 1, false, &wire, UPS_DROP_SOURCE);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	change_refused(&c, 0, false, &wire, UPS_DROP_NO_ROUTE);
	assert_false(fix_receive(c.peer[1].fd[0], &got, NULL, 10));

	/* the peer's address first, its keys later */
	c.stream = (struct ups_stream) { .dp = c.stream.dp };
	{
		struct ups_stream from = change_unanswered(&whole, 0), to = from;

		from.dp = c.stream.dp;
		c.stream = from;
		to.leg[1].remote = whole.leg[1].remote;
		to.leg[1].remote_rtcp = whole.leg[1].remote_rtcp;
		change_apply(&c, &to);
	}
	assert_string_equal(call_info(fix.dp, &c, 0).reason, "keys are awaited");
	change_wire(&c, 1, false, c.peer[1].tx, &plain, &wire);
	change_refused(&c, 1, false, &wire, UPS_DROP_NO_KEY);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	change_refused(&c, 0, false, &wire, UPS_DROP_NO_KEY);

	mock_clear_log();
	mock.graces = 0;
	change_apply(&c, &whole);
	assert_string_equal(mock.log, "ccKKPLLKKPLLFF");
	assert_int_equal(mock.graces, 0);
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_XDP);
	assert_int_equal(fix.told.lane, 0);
	change_passes(&c);
	change_hangup(&c);
}

/* ---- indices ---------------------------------------------------------------------------------------------------- */

/* A hold, a new address, new keys on the other leg: whatever changes, a key that stays never sends an index twice. */
static void a7_no_egress_index_is_reused_across_a_change(void **state)
{
	struct packet plain, wire, rtcp;
	struct ups_ssrc before;
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, clear_srtp);
	change_passes(&c);
	change_wire(&c, 0, false, NULL, &plain, &wire);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	call_wait_sent(fix.dp, &c, 0, 3);
	for (unsigned int n = 0; n < 3; n++) {
		before = *ssrc_of(&c, 0);
		to = c.stream;
		if (n == 0)
			change_peer_moves(&c, &to, 1);
		else if (n == 1)
			srtp_dealloc(change_rekey_rx(&c, &to, 1, GCM, 77));
		else
			to.leg[1].remote.port = to.leg[1].remote_rtcp.port = 0;
		change_apply(&c, &to);
		assert_memory_equal(ssrc_of(&c, 0), &before, sizeof(before));
		if (n < 2)
			change_refused(&c, 0, false, &wire, UPS_DROP_EGRESS_REUSE);
	}
	to.leg[1].remote = c.peer[1].addr[0];
	to.leg[1].remote_rtcp = c.peer[1].addr[1];
	change_apply(&c, &to);
	change_refused(&c, 0, false, &wire, UPS_DROP_EGRESS_REUSE);
	/* libsrtp refuses an SRTCP index that it has seen */
	call_send(&c, 0, true, &rtcp);
	call_expect(&c, 1, true, &rtcp);
	call_pass(&c, 0, false);
	change_hangup(&c);
}

static void a7_new_transmit_key_starts_its_own_indices(void **state)
{
	struct ups_stream to;
	struct ups_ssrc *s;
	struct call c;

	(void)state;
	change_call(&c, clear_srtp);
	change_passes(&c);
	call_wait_sent(fix.dp, &c, 0, 2);
	s = ssrc_of(&c, 0);
	assert_true(s->tx.top && s->tx_rtcp && s->id);
	to = c.stream;
	change_rekey_tx(&c, &to, 1, CM80, 5);
	change_apply(&c, &to);
	/* clear in, new key out: nothing of this SSRC goes on */
	assert_int_equal(s->tx.top | s->tx_rtcp | s->id, 0);
	change_passes(&c);
	change_hangup(&c);
}

/* The rollover counter is not in any packet: it must be there after a re-INVITE. */
static void a7_rollover_counter_survives_a_change(void **state)
{
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	for (uint32_t n = 0; n < 2; n++) {
		c.peer[0].seq = 65530;
		for (unsigned int p = 0; p < 12; p++)
			call_pass(&c, 0, false);
		for (uint32_t seq = 16384; seq < 65530; seq += 16384) {
			c.peer[0].seq = (uint16_t)seq;
			call_pass(&c, 0, false);
		}
		to = c.stream;
		change_peer_moves(&c, &to, n);
		change_apply(&c, &to);
	}
	assert_true(ssrc_of(&c, 0)->rx.top >> 16 >= 1);
	change_passes(&c);
	change_hangup(&c);
}

static void a9_replay_list_survives_a_change(void **state)
{
	struct packet plain[2], wire[2];
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	for (unsigned int rtcp = 0; rtcp < 2; rtcp++) {
		change_wire(&c, 0, rtcp, c.peer[0].tx, &plain[rtcp], &wire[rtcp]);
		fix_send(c.peer[0].fd[rtcp], call_target(&c, 0, rtcp), &wire[rtcp]);
		call_expect(&c, 1, rtcp, &plain[rtcp]);
	}
	to = c.stream;
	change_rekey_tx(&c, &to, 1, GCM, 3); /* the other leg is re-keyed */
	change_peer_moves(&c, &to, 1);
	change_apply(&c, &to);
	change_refused(&c, 0, false, &wire[0], UPS_DROP_REPLAY);
	change_refused(&c, 0, true, &wire[1], UPS_DROP_REPLAY);
	change_passes(&c);
	change_hangup(&c);
}

static void a9_replay_across_a_new_key_does_not_verify(void **state)
{
	struct packet plain, wire;
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	to = c.stream;
	srtp_dealloc(change_rekey_rx(&c, &to, 0, CM80, 9));
	change_apply(&c, &to);
	change_refused(&c, 0, false, &wire, UPS_DROP_AUTH);
	change_passes(&c);
	change_hangup(&c);
}

/* One key of several goes on (MKI): the lists are common to all, so they go on. */
static void window_is_kept_while_one_receive_key_stays(void **state)
{
	const struct leg_spec mki[] = { { .mode = UPS_MODE_SRTP, .suite = CM80, .mki_len = 1 },
					{ .mode = UPS_MODE_CLEAR } };
	struct packet plain, wire;
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, mki);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	to = c.stream;
	to.leg[0].rx_count = 2;
	to.leg[0].rx[1] = to.leg[0].rx[0];
	change_new_key(&to.leg[0].rx[0], CM80, 4);
	to.leg[0].rx[0].mki_len = 1;
	to.leg[0].rx[0].mki[0] = (uint8_t)(to.leg[0].rx[1].mki[0] + 1);
	change_apply(&c, &to);
	change_refused(&c, 0, false, &wire, UPS_DROP_REPLAY);
	call_pass(&c, 0, false);
	change_hangup(&c);
}

/* ---- SRTCP under keys of its own --------------------------------------------------------------------------------- */

static void rtcp_keys_of_their_own(void **state)
{
	struct packet plain, wire;
	struct ups_stream to;
	srtp_t shared_tx, own_tx;
	struct call c;

	(void)state;
	change_call(&c, clear_srtp);
	change_passes(&c);
	to = c.stream;
	change_new_key(&to.leg[1].rx_rtcp, CM80, 21);
	change_new_key(&to.leg[1].tx_rtcp, CM80, 22);
	change_apply(&c, &to);
	assert_true(ssrc_of(&c, 0)->tx.top); /* SRTP goes on, SRTCP begins anew */
	assert_int_equal(ssrc_of(&c, 0)->tx_rtcp, 0);
	call_pass(&c, 0, false);
	call_pass(&c, 1, false);
	change_wire(&c, 1, true, c.peer[1].tx, &plain, &wire);
	change_refused(&c, 1, true, &wire, UPS_DROP_AUTH);
	shared_tx = c.peer[1].tx;
	own_tx = srtp_open(&to.leg[1].rx_rtcp, ssrc_any_outbound);
	c.peer[1].tx = own_tx;
	call_pass(&c, 1, true);
	c.peer[1].tx = shared_tx;
	srtp_dealloc(own_tx);
	srtp_dealloc(c.peer[1].rx);
	c.peer[1].rx = srtp_open(&to.leg[1].tx_rtcp, ssrc_any_inbound);
	call_pass(&c, 0, true);
	change_hangup(&c);
}

/* A leg whose SRTCP waits for a handshake of its own never borrows the keys of its SRTP (RFC 5764 5.1.2). */
static void dtls_rtcp_waits_for_its_own_keys(void **state)
{
	struct ups_leg leg = { .dtls = { .on = true } };

	(void)state;
	assert_true(ups_udp_own_rtcp_keys(&leg));
	leg.rtcp_mux = true;
	assert_false(ups_udp_own_rtcp_keys(&leg));
	leg = (struct ups_leg) { .rx_rtcp = { .suite = CM80 } };
	assert_true(ups_udp_own_rtcp_keys(&leg));
}

/* ---- sockets and sources ----------------------------------------------------------------------------------------- */

static void ports_come_go_and_move(void **state)
{
	struct ups_stream to;
	unsigned int fds;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	change_passes(&c);
	fds = count_fds();
	/* RTCP of leg 0 onto its RTP port */
	to = c.stream;
	to.leg[0].rtcp_mux = true;
	to.leg[0].local_rtcp = to.leg[0].local;
	to.leg[0].remote_rtcp = to.leg[0].remote;
	close(c.peer[0].fd[1]);
	c.peer[0].fd[1] = c.peer[0].fd[0];
	change_apply(&c, &to);
	assert_int_equal(count_fds(), fds - 2);
	assert_int_equal(mock.lookups, 3);
	change_passes(&c);
	/* to another pair, without mux, on another address family */
	to.leg[0].rtcp_mux = false;
	to.leg[0].local = fix_parse("::1", 19000);
	to.leg[0].local_rtcp = fix_parse("::1", 19001);
	to.leg[0].remote = c.peer[0].addr[0] = fix_addr(true, 19002);
	to.leg[0].remote_rtcp = c.peer[0].addr[1] = fix_addr(true, 19003);
	close(c.peer[0].fd[0]);
	c.peer[0].fd[0] = fix_socket(&c.peer[0].addr[0]);
	c.peer[0].fd[1] = fix_socket(&c.peer[0].addr[1]);
	change_apply(&c, &to);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(mock.lookups, 4);
	change_passes(&c);
	change_hangup(&c);
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
}

/* What arrives while a stream is out of service waits in its sockets. */
static void no_packet_is_lost_in_a_change(void **state)
{
	struct ups_stream to;
	struct packet plain;
	struct call c;

	(void)state;
	change_call(&c, clear_srtp);
	for (uint8_t n = 0; n < 100; n++) {
		for (unsigned int p = 0; p < 10; p++)
			call_send(&c, 0, false, &plain);
		to = c.stream;
		to.leg[1].tos = (uint8_t)(n & 0xfc);
		change_apply(&c, &to);
		c.peer[0].seq = (uint16_t)(c.peer[0].seq - 10);
		for (unsigned int p = 0; p < 10; p++) {
			rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, 160);
			call_expect(&c, 1, false, &plain);
		}
	}
	assert_int_equal(call_info(fix.dp, &c, 0).stats.lane[UPS_LANE_UDP].rx_packets, 1000);
	change_hangup(&c);
}

/* The worker knows the source, the control thread does not yet: a change of something else does not forget it. */
static void source_learned_meanwhile_survives(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct packet plain, wire;
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, spec);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	fix_send(c.peer[0].fd[1], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	to = c.stream;
	to.leg[1].tos = 4;
	change_apply(&c, &to);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	change_refused(&c, 0, false, &wire, UPS_DROP_SOURCE);
	assert_int_equal(fix.told.learned, 0);
	ups_dp_dispatch(fix.dp);
	assert_int_equal(fix.told.learned, 1);
	assert_true(ups_addr_equal(&fix.told.addr, &c.peer[0].addr[1]));
	assert_true(mock.record[c.stream.flow[0]].flags & UPS_FLOW_SRC_KNOWN);
	/* a new address is signalled: what was learned is void */
	to = c.stream;
	change_peer_moves(&c, &to, 0);
	change_apply(&c, &to);
	assert_false(mock.record[c.stream.flow[0]].flags & UPS_FLOW_SRC_KNOWN);
	call_pass(&c, 0, false);
	ups_dp_dispatch(fix.dp);
	assert_int_equal(fix.told.learned, 2);
	change_hangup(&c);
}

static void only_the_authorised_address_is_learned(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct packet plain, wire;
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, spec);
	to = c.stream;
	to.leg[0].source_ip = fix_parse("127.0.0.2", 0);
	change_apply(&c, &to);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire);
	change_refused(&c, 0, false, &wire, UPS_DROP_SOURCE);
	to.leg[0].source_ip = fix_parse("127.0.0.1", 0);
	change_apply(&c, &to);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	change_hangup(&c);
}

/* ---- all or nothing ---------------------------------------------------------------------------------------------- */

/* The stream's new form: keys, a moved port pair, RTCP no longer muxed, an old key */
static struct ups_stream make_other(struct call *c)
{
	struct ups_stream to = c->stream;

	to.dp = NULL;
	to.leg[0].rx_old = to.leg[0].rx[0];
	change_new_key(&to.leg[0].rx[0], GCM, 31);
	change_new_key(&to.leg[1].tx, GCM, 32);
	to.leg[1].local = fix_parse("127.0.0.1", 19100);
	to.leg[1].local_rtcp = fix_parse("127.0.0.1", 19101);
	return to;
}

struct scene {
	struct call old, gone, added;
	struct ups_stream other;
	struct ups_plan plan;
	struct ups_flow record[UPS_LEGS];
	struct ups_ssrc ssrc[UPS_LEGS];
	unsigned int fds, keys, flows, lookups;
};

static void scene_open(struct scene *s)
{
	change_call(&s->old, srtp_srtp);
	change_call(&s->gone, clear_clear);
	change_make(&s->added, clear_srtp);
	change_passes(&s->old);
	call_wait_sent(fix.dp, &s->old, 0, 2);
	call_wait_sent(fix.dp, &s->old, 1, 2);
	s->other = make_other(&s->old);
	s->plan = (struct ups_plan) {
		.change = { { &s->old.stream, &s->other } },
		.change_count = 1,
		.add = { &s->added.stream },
		.add_count = 1,
		.del = { &s->gone.stream },
		.del_count = 1,
	};
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		s->record[i] = mock.record[s->old.stream.flow[i]];
		s->ssrc[i] = *ssrc_of(&s->old, i);
	}
	s->fds = count_fds();
	s->keys = mock.keys;
	s->flows = mock.flows;
	s->lookups = mock.lookups;
}

static void check_untouched(struct scene *s)
{
	assert_non_null(s->old.stream.dp);
	assert_non_null(s->gone.stream.dp);
	assert_null(s->other.dp);
	assert_null(s->added.stream.dp);
	assert_int_equal(count_fds(), s->fds);
	assert_int_equal(mock.keys, s->keys);
	assert_int_equal(mock.flows, s->flows);
	assert_int_equal(mock.lookups, s->lookups);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		assert_memory_equal(&mock.record[s->old.stream.flow[i]], &s->record[i],
				    sizeof(s->record[i]));
		assert_memory_equal(ssrc_of(&s->old, i), &s->ssrc[i], sizeof(s->ssrc[i]));
	}
	assert_int_equal(ups_dp_key_use(fix.dp, s->other.leg[0].rx[0].slot).rtp_limit, 0);
}

/* Fails each call of a plan that adds, changes and removes in turn. */
static void plan_is_carried_out_whole_or_not_at_all(void **state)
{
	unsigned int failures = 0;
	struct ups_errmsg msg;
	struct scene s;
	int err;

	(void)state;
	scene_open(&s);
	for (;;) {
		mock.calls = 0;
		mock.fail_at = failures + 1;
		msg = (struct ups_errmsg) {};
		mock_clear_log();
		err = ups_dp_apply(fix.dp, &s.plan, &msg);
		if (!err)
			break;
		failures++;
		assert_int_equal(err, -ENOMEM);
		assert_true(msg.text[0]);
		check_untouched(&s);
		assert_true(failures < 100);
	}
	/* change: 2 keys made, 2 sockets, 2 polls, nothing for flow 0, 2 look-ups; addition: 2 c, 4 s, 2 K, 2 F, 4 L, 4 e */
	assert_int_equal(failures, 2 + 2 + 2 + 2 + 18);
	mock.fail_at = 0;
	assert_null(s.gone.stream.dp);
	s.gone.dp = NULL;
	s.added.dp = fix.dp;
	s.old.stream = s.other;
	change_passes(&s.added);
	change_hangup(&s.added);
	change_hangup(&s.old);
	call_close(&s.gone);
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
}

static void change_to_other_slots_is_refused(void **state)
{
	struct ups_stream to;
	struct ups_plan plan = { .change_count = 1 };
	struct call c;

	(void)state;
	change_call(&c, clear_clear);
	plan.change[0] = (struct ups_change) { &c.stream, &to };
	for (unsigned int n = 0; n < 4; n++) {
		struct ups_errmsg msg = {};

		to = c.stream;
		if (n == 0)
			to.flow[1]++;
		else if (n == 1)
			to.ssrc_base[0]++;
		else if (n == 2)
			to.ssrc_count++;
		else
			to.leg[0].mode = UPS_MODE_OPAQUE;
		assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg),
				 n == 3 ? UPS_E_UNSUPPORTED : UPS_E_RANGE);
		assert_true(msg.text[0]);
		change_passes(&c);
	}
	change_hangup(&c);
}

/* ---- the kernel lane --------------------------------------------------------------------------------------------- */

/* Waiting for XDP programs takes milliseconds: only where they could spoil indices. */
static void kernel_lane_waits_only_where_state_is_at_stake(void **state)
{
	struct ups_stream to;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	change_passes(&c);
	mock.graces = 0;
	mock_clear_log();
	to = c.stream;
	change_apply(&c, &to); /* nothing differs */
	assert_string_equal(mock.log, "");
	change_peer_moves(&c, &to, 0);
	change_apply(&c, &to);
	assert_string_equal(mock.log, "PPFF");
	assert_int_equal(mock.graces, 0);
	change_passes(&c);
	mock_clear_log();
	change_rekey_tx(&c, &to, 1, CM80, 41);
	change_apply(&c, &to);
	assert_string_equal(mock.log, "cKPFk"); /* flow 0 alone */
	assert_int_equal(mock.graces, 1);
	change_passes(&c);
	mock_clear_log();
	to.lane = UPS_CHOOSE_UDP;
	change_apply(&c, &to);
	assert_string_equal(mock.log, "PPllfllfkkkk");
	assert_int_equal(mock.graces, 1);
	/* programs that began before may still run when the keys change */
	change_rekey_tx(&c, &to, 1, CM80, 42);
	change_apply(&c, &to);
	assert_int_equal(mock.graces, 2);
	change_passes(&c);
	change_hangup(&c);
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
}

/* The kernel lane sends and receives below IPsec: what IPsec is for must not go there. */
static void path_under_ipsec_is_the_stacks(void **state)
{
	struct ups_stream to;
	struct call c;

	(void)state;
	mock.ipsec = fix_addr(false, 1);
	change_call(&c, clear_srtp);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		assert_int_equal(call_info(fix.dp, &c, i).lane, UPS_LANE_UDP);
		assert_string_equal(call_info(fix.dp, &c, i).reason,
				    "an IPsec policy covers this path: the stack applies it");
	}
	assert_int_equal(mock.flows + mock.lookups + mock.keys, 0);
	change_passes(&c);
	mock.ipsec.port = 0;
	to = c.stream;
	change_apply(&c, &to);
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_XDP);
	to.leg[1].ipsec = true;
	change_apply(&c, &to);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		assert_string_equal(call_info(fix.dp, &c, i).reason,
				    "a leg relies on IPsec: the stack applies it");
	assert_int_equal(mock.flows + mock.lookups + mock.keys, 0);
	change_passes(&c);
	change_hangup(&c);
}

static void address_learned_behind_ipsec_is_the_stacks(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct call c;

	(void)state;
	change_call(&c, spec);
	assert_int_equal(call_info(fix.dp, &c, 1).lane, UPS_LANE_XDP);
	call_pass(&c, 0, false);
	mock.ipsec = fix_addr(false, 1);
	ups_dp_dispatch(fix.dp);
	mock.ipsec.port = 0;
	assert_int_equal(fix.told.learned, 1);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		assert_int_equal(call_info(fix.dp, &c, i).lane, UPS_LANE_UDP);
		assert_false(mock.record[c.stream.flow[i]].flags & UPS_FLOW_XDP);
	}
	change_passes(&c);
	change_hangup(&c);
}

static void many_changes_wait_once(void **state)
{
	struct ups_stream to[4];
	struct ups_plan plan = { .change_count = 4 };
	struct call c[4];

	(void)state;
	for (unsigned int n = 0; n < 4; n++) {
		change_call(&c[n], srtp_srtp);
		to[n] = c[n].stream;
		change_rekey_tx(&c[n], &to[n], n % 2, GCM, 50 + n);
		plan.change[n] = (struct ups_change) { &c[n].stream, &to[n] };
	}
	mock.graces = 0;
	assert_int_equal(ups_dp_apply(fix.dp, &plan, NULL), 0);
	assert_int_equal(mock.graces, 1);
	for (unsigned int n = 0; n < 4; n++) {
		c[n].stream = to[n];
		change_passes(&c[n]);
		change_hangup(&c[n]);
	}
}

static void rtcp_is_counted_apart(void **state)
{
	struct ups_stats stats;
	struct call c;

	(void)state;
	change_call(&c, clear_clear);
	change_passes(&c);
	call_pass(&c, 0, true);
	stats = call_wait_sent(fix.dp, &c, 0, 3).stats;
	assert_int_equal(stats.rtcp_rx_packets, 2);
	assert_int_equal(stats.rtcp_tx_packets, 2);
	assert_int_equal(stats.rtcp_rx_bytes, 80);
	assert_int_equal(stats.rtcp_tx_bytes, 80);
	assert_int_equal(stats.lane[UPS_LANE_UDP].rx_packets, 3);
	change_hangup(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unanswered_offer_passes_nothing_until_the_answer),
		cmocka_unit_test(a7_no_egress_index_is_reused_across_a_change),
		cmocka_unit_test(a7_new_transmit_key_starts_its_own_indices),
		cmocka_unit_test(a7_rollover_counter_survives_a_change),
		cmocka_unit_test(a9_replay_list_survives_a_change),
		cmocka_unit_test(a9_replay_across_a_new_key_does_not_verify),
		cmocka_unit_test(window_is_kept_while_one_receive_key_stays),
		cmocka_unit_test(rtcp_keys_of_their_own),
		cmocka_unit_test(dtls_rtcp_waits_for_its_own_keys),
		cmocka_unit_test(ports_come_go_and_move),
		cmocka_unit_test(no_packet_is_lost_in_a_change),
		cmocka_unit_test(source_learned_meanwhile_survives),
		cmocka_unit_test(only_the_authorised_address_is_learned),
		cmocka_unit_test(plan_is_carried_out_whole_or_not_at_all),
		cmocka_unit_test(change_to_other_slots_is_refused),
		cmocka_unit_test(kernel_lane_waits_only_where_state_is_at_stake),
		cmocka_unit_test(path_under_ipsec_is_the_stacks),
		cmocka_unit_test(address_learned_behind_ipsec_is_the_stacks),
		cmocka_unit_test(many_changes_wait_once),
		cmocka_unit_test(rtcp_is_counted_apart),
	};

	return cmocka_run_group_tests_name("data plane: changes", tests, change_open, change_close);
}
