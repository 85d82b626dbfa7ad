// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The peer's last key, which stays for a while beside a new one: what was under way opens, once; it teaches nothing, runs in the udp lane
 * only, and a peer that goes back to it finds its replay lists as they were (RFC 3711 3.3.2, attack A9).
 */
#include "changefix.h"

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

static const struct leg_spec srtp_srtp[] = { { .mode = UPS_MODE_SRTP, .suite = CM80 },
					     { .mode = UPS_MODE_SRTP, .suite = GCM } };

/* New key on leg 0, the one it had stays for a while. -> the peer's session with the old key */
static srtp_t rekey_keeping_old(struct call *c, uint8_t suite)
{
	struct ups_stream to = c->stream;
	srtp_t last;

	to.leg[0].rx_old = to.leg[0].rx[0];
	last = change_rekey_rx(c, &to, 0, suite, 11);
	change_apply(c, &to);
	return last;
}

static void last_key_scene(uint8_t first, uint8_t second, bool rtcp)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = first },
					 { .mode = UPS_MODE_CLEAR } };
	struct packet plain[2], wire[2], before, late;
	struct ups_stream to;
	struct call c;
	srtp_t last;

	change_call(&c, spec);
	change_wire(&c, 0, rtcp, c.peer[0].tx, &before, &late);
	fix_send(c.peer[0].fd[rtcp], call_target(&c, 0, rtcp), &late);
	call_expect(&c, 1, rtcp, &before);
	last = rekey_keeping_old(&c, second);
	change_refused(&c, 0, rtcp, &late, UPS_DROP_REPLAY); /* its list came along */
	for (unsigned int n = 0; n < 2; n++)
		change_wire(&c, 0, rtcp, n ? c.peer[0].tx : last, &plain[n], &wire[n]);
	/* the new one overtakes */
	for (unsigned int n = 2; n-- > 0;) {
		fix_send(c.peer[0].fd[rtcp], call_target(&c, 0, rtcp), &wire[n]);
		call_expect(&c, 1, rtcp, &plain[n]);
		change_refused(&c, 0, rtcp, &wire[n], UPS_DROP_REPLAY);
	}
	change_wire(&c, 0, rtcp, last, &plain[0], &wire[0]);
	wire[0].data[wire[0].size - 5] ^= 1; /* of the tag, whatever follows it */
	change_refused(&c, 0, rtcp, &wire[0], UPS_DROP_AUTH);
	/* another change, the old key still there: so is its list */
	to = c.stream;
	to.leg[1].tos = 8;
	change_apply(&c, &to);
	change_refused(&c, 0, rtcp, &late, UPS_DROP_REPLAY);
	change_wire(&c, 0, rtcp, last, &plain[0], &wire[0]);
	to = c.stream;
	to.leg[0].rx_old = (struct ups_key_spec) {};
	change_apply(&c, &to);
	change_refused(&c, 0, rtcp, &wire[0], UPS_DROP_AUTH);
	call_pass(&c, 0, rtcp);
	srtp_dealloc(last);
	change_hangup(&c);
}

static void last_key_opens_what_was_under_way_once(void **state)
{
	static const uint8_t suites[] = { CM80, GCM };

	(void)state;
	for (unsigned int n = 0; n < 8; n++)
		last_key_scene(suites[n & 1], suites[n >> 1 & 1], n >> 2);
}

static void last_key_is_the_udp_lanes_and_leaves_no_trace(void **state)
{
	struct ups_stream to;
	uint32_t old_slot;
	struct call c;

	(void)state;
	change_call(&c, srtp_srtp);
	old_slot = c.stream.leg[0].rx[0].slot;
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_XDP);
	call_pass(&c, 0, false);
	mock.graces = 0;
	srtp_dealloc(rekey_keeping_old(&c, GCM));
	assert_int_equal(mock.graces, 1);
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_UDP);
	assert_string_equal(call_info(fix.dp, &c, 0).reason,
			    "the peer's last key is still accepted");
	assert_int_equal(call_info(fix.dp, &c, 1).lane, UPS_LANE_XDP);
	assert_int_equal(ups_dp_key_use(fix.dp, old_slot).rtp, 1);
	assert_false(mock.flow[c.stream.flow[0]]);
	to = c.stream;
	to.leg[0].rx_old = (struct ups_key_spec) {};
	change_apply(&c, &to);
	assert_int_equal(mock.graces, 1); /* the flow was not running there */
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_XDP);
	assert_int_equal(fix.told.lane, 2);
	assert_int_equal(ups_dp_key_use(fix.dp, old_slot).rtp_limit, 0);
	assert_false(mock.key[old_slot]);
	assert_true(mock.flow[c.stream.flow[0]]);
	change_passes(&c);
	change_hangup(&c);
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
}

/* A straggler under the last key comes from where the peer was, not from where it is. */
static void last_key_teaches_no_source(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct packet plain, wire;
	struct ups_stream to;
	struct call c;
	srtp_t last;

	(void)state;
	change_call(&c, spec);
	to = c.stream;
	to.leg[0].rx_old = to.leg[0].rx[0];
	last = change_rekey_rx(&c, &to, 0, CM80, 12);
	change_apply(&c, &to);
	change_wire(&c, 0, false, last, &plain, &wire);
	fix_send(c.peer[0].fd[1], call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	ups_dp_dispatch(fix.dp);
	assert_int_equal(fix.told.learned, 0);
	call_pass(&c, 0, false);
	ups_dp_dispatch(fix.dp);
	assert_int_equal(fix.told.learned, 1);
	assert_true(ups_addr_equal(&fix.told.addr, &c.peer[0].addr[0]));
	srtp_dealloc(last);
	change_hangup(&c);
}

/* Back to the last key, in the answer of a fork that had been heard before: no packet of that time passes again. */
static void back_scene(bool rtcp, bool tx_too)
{
	struct packet plain, wire[3];
	struct ups_key_spec first;
	struct ups_stream to;
	srtp_t last;
	struct call c;

	change_call(&c, srtp_srtp);
	first = c.stream.leg[0].rx[0];
	for (unsigned int n = 0; n < 2; n++) {
		change_wire(&c, 0, rtcp, c.peer[0].tx, &plain, &wire[n]);
		fix_send(c.peer[0].fd[rtcp], call_target(&c, 0, rtcp), &wire[n]);
		call_expect(&c, 1, rtcp, &plain);
	}
	last = rekey_keeping_old(&c, CM80);
	change_wire(&c, 0, rtcp, last, &plain, &wire[2]);
	fix_send(c.peer[0].fd[rtcp], call_target(&c, 0, rtcp), &wire[2]);
	call_expect(&c, 1, rtcp, &plain);
	to = c.stream;
	to.leg[0].rx[0] = first;
	to.leg[0].rx_old = (struct ups_key_spec) {};
	if (tx_too) /* nothing of the flow goes on: its SSRC slots are free */
		change_rekey_tx(&c, &to, 1, CM80, 21);
	srtp_dealloc(c.peer[0].tx);
	c.peer[0].tx = last;
	change_apply(&c, &to);
	for (unsigned int n = 0; n < 3; n++)
		change_refused(&c, 0, rtcp, &wire[n], UPS_DROP_REPLAY);
	call_pass(&c, 0, rtcp);
	change_hangup(&c);
}

static void a9_going_back_to_the_last_key_brings_its_replay_list(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 4; n++)
		back_scene(n & 1, n >> 1);
}

/* Both keys from now on (MKI): the list is common, and has what either had. */
static void a9_last_key_beside_the_new_one_brings_its_replay_list(void **state)
{
	const struct leg_spec mki[] = { { .mode = UPS_MODE_SRTP, .suite = CM80, .mki_len = 1 },
					{ .mode = UPS_MODE_CLEAR } };
	struct packet plain, wire[2];
	struct ups_key_spec first;
	struct ups_stream to;
	struct call c;
	srtp_t last;

	(void)state;
	change_call(&c, mki);
	first = c.stream.leg[0].rx[0];
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire[0]);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire[0]);
	call_expect(&c, 1, false, &plain);
	to = c.stream;
	to.leg[0].rx_old = first;
	last = change_rekey_rx(&c, &to, 0, CM80, 11);
	srtp_dealloc(c.peer[0].tx);
	to.leg[0].rx[0].mki_len = 1;
	to.leg[0].rx[0].mki[0] = (uint8_t)(first.mki[0] + 1);
	c.peer[0].tx = srtp_open(&to.leg[0].rx[0], ssrc_any_outbound);
	change_apply(&c, &to);
	change_wire(&c, 0, false, c.peer[0].tx, &plain, &wire[1]);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &wire[1]);
	call_expect(&c, 1, false, &plain);
	to = c.stream;
	to.leg[0].rx_old = (struct ups_key_spec) {};
	to.leg[0].rx_count = 2;
	to.leg[0].rx[1] = first;
	change_apply(&c, &to);
	for (unsigned int n = 0; n < 2; n++)
		change_refused(&c, 0, false, &wire[n], UPS_DROP_REPLAY);
	call_pass(&c, 0, false);
	srtp_dealloc(last);
	change_hangup(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_key_opens_what_was_under_way_once),
		cmocka_unit_test(last_key_is_the_udp_lanes_and_leaves_no_trace),
		cmocka_unit_test(last_key_teaches_no_source),
		cmocka_unit_test(a9_going_back_to_the_last_key_brings_its_replay_list),
		cmocka_unit_test(a9_last_key_beside_the_new_one_brings_its_replay_list),
	};

	return cmocka_run_group_tests_name("data plane: the peer's last key", tests, change_open,
					   change_close);
}
