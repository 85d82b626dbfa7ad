// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The udp lane refusing: each kind of bad packet is counted under its reason, reaches nobody and leaves the call as it was. */
#include "badpackets.h"

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

/* Sends @p from peer 0, or from @fd; exactly @reason goes up, and the call still works both ways. */
static void refuse(struct fix *f, struct call *c, int fd, bool rtcp, const struct packet *p,
		   uint8_t reason, const char *name)
{
	struct ups_flow_info before = call_info(f->dp, c, 0), after;

	fix_send(fd, call_target(c, 0, rtcp), p);
	call_wait_drops(f->dp, c, 0, sum_drops(&before) + 1);
	after = call_info(f->dp, c, 0);
	if (after.stats.drop[reason] != before.stats.drop[reason] + 1)
		call_explain(c);
	if (after.stats.drop[reason] != before.stats.drop[reason] + 1)
		fail_msg("%s: not dropped for reason %u", name, reason);
	assert_int_equal(sum_drops(&after), sum_drops(&before) + 1);
	assert_int_equal(after.stats.lane[0].rx_packets, before.stats.lane[0].rx_packets);
	assert_memory_equal(after.rx_index, before.rx_index, sizeof(after.rx_index));
	assert_memory_equal(after.tx_index, before.tx_index, sizeof(after.tx_index));
	assert_int_equal(after.ssrc_count, before.ssrc_count);
	call_pass(c, 0, false);
	call_pass(c, 0, true);
	call_pass(c, 1, rtcp);
}

static void refuse_table(struct fix *f, const struct leg_spec spec[static UPS_LEGS])
{
	struct packet p;
	struct call c;

	fix_call(f, &c, spec);
	call_pass(&c, 0, false);
	for (size_t i = 0; i < BAD_CASES; i++) {
		const struct bad_case *bad = &bad_cases[i];

		bad_make(&p, bad);
		refuse(f, &c, c.peer[0].fd[bad->rtcp_port], bad->rtcp_port, &p,
		       spec[0].mode == UPS_MODE_SRTP ? bad->srtp : bad->clear, bad->name);
	}
	fix_hangup(f, &c);
}

static void test_bad_packets(void **state)
{
	const struct leg_spec specs[][UPS_LEGS] = {
		{ { .mode = UPS_MODE_CLEAR }, { .mode = UPS_MODE_CLEAR } },
		{ { .mode = UPS_MODE_CLEAR, .v6 = true }, { .mode = UPS_MODE_SRTP, .suite = GCM } },
		{ { .mode = UPS_MODE_SRTP, .suite = CM80 }, { .mode = UPS_MODE_CLEAR } },
		{ { .mode = UPS_MODE_SRTP, .suite = CM80, .v6 = true },
		  { .mode = UPS_MODE_SRTP, .suite = GCM } },
	};

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
		refuse_table(*state, specs[i]);
}

/* From a stranger everything is refused for its source: before its contents are looked at, good contents included. */
static void test_stranger(void **state)
{
	const struct leg_spec modes[] = { { .mode = UPS_MODE_CLEAR },
					  { .mode = UPS_MODE_SRTP, .suite = CM80 },
					  { .mode = UPS_MODE_OPAQUE } };
	struct ups_addr where = fix_addr(false, 19000);
	int stranger = fix_socket(&where);

	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		const struct leg_spec spec[] = { modes[m], modes[m] };
		struct fix *f = *state;
		struct packet p;
		struct call c;

		fix_call(f, &c, spec);
		call_pass(&c, 0, false);
		rtp_make(&p, c.peer[0].ssrc, c.peer[0].seq++, 160);
		peer_protect(&c.peer[0], &p, false);
		refuse(f, &c, stranger, false, &p, UPS_DROP_SOURCE, "good RTP");
		for (size_t i = 0; i < BAD_CASES; i++) {
			bad_make(&p, &bad_cases[i]);
			refuse(f, &c, stranger, bad_cases[i].rtcp_port, &p, UPS_DROP_SOURCE,
			       bad_cases[i].name);
		}
		fix_hangup(f, &c);
	}
	close(stranger);
}

/* The next protected packet of peer 0; *plain is what it says */
static void make_protected(struct call *c, bool rtcp, struct packet *p, struct packet *plain)
{
	if (rtcp)
		rtcp_make(plain, c->peer[0].ssrc, 7);
	else
		rtp_make(plain, c->peer[0].ssrc, c->peer[0].seq++, 160);
	*p = *plain;
	peer_protect(&c->peer[0], p, rtcp);
}

static void forge_and_replay(struct fix *f, struct call *c, bool rtcp)
{
	int fd = c->peer[0].fd[rtcp];
	struct packet p, plain;

	make_protected(c, rtcp, &p, &plain);
	fix_send(fd, call_target(c, 0, rtcp), &p);
	call_expect(c, 1, rtcp, &plain);
	refuse(f, c, fd, rtcp, &p, UPS_DROP_REPLAY, "replay");
	make_protected(c, rtcp, &p, &plain);
	/* a number far ahead: were it believed, the rollover counter would be gone */
	if (!rtcp)
		p.data[2] ^= 0x80;
	p.data[p.size - 1] ^= 1;
	refuse(f, c, fd, rtcp, &p, UPS_DROP_AUTH, "forged tag");
	make_protected(c, rtcp, &p, &plain);
	p.data[20] ^= 1;
	refuse(f, c, fd, rtcp, &p, UPS_DROP_AUTH, "forged payload");
}

/* Forged tags and payloads, replays: RTP and RTCP, both families of suites */
static void test_forged_and_replayed(void **state)
{
	static const uint8_t suites[] = { CM80, GCM };

	for (size_t s = 0; s < sizeof(suites); s++) {
		const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = suites[s] },
						 { .mode = UPS_MODE_CLEAR } };
		struct call c;

		fix_call(*state, &c, spec);
		forge_and_replay(*state, &c, false);
		forge_and_replay(*state, &c, true);
		fix_hangup(*state, &c);
	}
}

/* A clear source that repeats itself or comes back late does not make us use a key stream twice. */
static void test_egress_index(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR },
					 { .mode = UPS_MODE_SRTP, .suite = GCM } };
	struct fix *f = *state;
	struct packet p;
	struct call c;

	fix_call(f, &c, spec);
	c.peer[0].seq = 1000;
	call_pass(&c, 0, false);
	rtp_make(&p, c.peer[0].ssrc, 1000, 160);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
	p.data[50] ^= 1; /* the same number with other contents would give away both */
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
	call_wait_drops(f->dp, &c, 0, 2);
	c.peer[0].seq = 2000;
	call_pass(&c, 0, false);
	rtp_make(&p, c.peer[0].ssrc, 1001, 160);
	fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
	call_wait_drops(f->dp, &c, 0, 3);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_EGRESS_REUSE], 2);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_EGRESS_OLD], 1);
	call_pass(&c, 0, false);
	fix_hangup(f, &c);
}

/* One SSRC more than allowed: clear RTP, clear RTCP, and an authentic SRTP packet */
static void test_ssrc_limit(void **state)
{
	const struct leg_spec modes[] = { { .mode = UPS_MODE_CLEAR },
					  { .mode = UPS_MODE_SRTP, .suite = CM80 } };

	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		const struct leg_spec spec[] = { modes[m], { .mode = UPS_MODE_CLEAR } };
		struct fix *f = *state;
		struct packet p, plain;
		struct call c;

		fix_call(f, &c, spec); /* 4 SSRCs */
		call_pass(&c, 0, false);
		for (uint32_t n = 1; n <= 3; n++) {
			rtp_make(&plain, 0x900 + n, 1, 80);
			p = plain;
			peer_protect(&c.peer[0], &p, false);
			fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
			call_expect(&c, 1, false, &plain);
		}
		rtp_make(&p, 0x904, 1, 80);
		peer_protect(&c.peer[0], &p, false);
		refuse(f, &c, c.peer[0].fd[0], false, &p, UPS_DROP_SSRC_LIMIT, "fifth SSRC");
		rtcp_make(&p, 0x905, 1);
		peer_protect(&c.peer[0], &p, true);
		refuse(f, &c, c.peer[0].fd[1], true, &p, UPS_DROP_SSRC_LIMIT, "fifth RTCP sender");
		fix_hangup(f, &c);
	}
}

/* Unauthenticated SSRCs take no slot: after any number of them a new authentic one is admitted. */
static void test_forged_ssrcs_take_no_slot(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = GCM },
					 { .mode = UPS_MODE_CLEAR } };
	struct fix *f = *state;
	struct packet p;
	struct call c;

	fix_call(f, &c, spec);
	for (uint32_t n = 0; n < 50; n++) {
		rtp_make(&p, 0x700 + n, 1, 80);
		fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
	}
	call_wait_drops(f->dp, &c, 0, 50);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_AUTH], 50);
	assert_int_equal(call_info(f->dp, &c, 0).ssrc_count, 0);
	call_pass(&c, 0, false);
	fix_hangup(f, &c);
}

/* An authentic SRTCP packet whose encryption bit is not what was agreed */
static void test_ebit(void **state)
{
	for (int clear = 0; clear < 2; clear++) {
		const struct leg_spec spec[] = {
			{ .mode = UPS_MODE_SRTP, .suite = CM80, .rtcp_clear = clear },
			{ .mode = UPS_MODE_CLEAR },
		};
		struct ups_key_spec other;
		struct fix *f = *state;
		struct packet p;
		struct call c;
		srtp_t session;

		fix_call(f, &c, spec);
		call_pass(&c, 0, true);
		call_pass(&c, 0, true);
		other = c.stream.leg[0].rx[0];
		other.rtcp_clear = !clear;
		session = srtp_open(&other, ssrc_any_outbound);
		for (int n = 0; n < 3; n++) { /* the third has an index of its own */
			rtcp_make(&p, c.peer[0].ssrc, 1);
			assert_int_equal(srtp_protect_rtcp(session, p.data, &p.size), 0);
		}
		refuse(f, &c, c.peer[0].fd[1], true, &p, UPS_DROP_EBIT, "other E bit");
		srtp_dealloc(session);
		fix_hangup(f, &c);
	}
}

static void test_mki(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = CM80, .mki_len = 4 },
					 { .mode = UPS_MODE_CLEAR } };
	struct fix *f = *state;
	struct packet p;
	struct call c;

	fix_call(f, &c, spec);
	call_pass(&c, 0, false);
	rtp_make(&p, c.peer[0].ssrc, c.peer[0].seq++, 160);
	peer_protect(&c.peer[0], &p, false);
	p.data[p.size - 10 - 4] ^= 1;
	refuse(f, &c, c.peer[0].fd[0], false, &p, UPS_DROP_MKI, "another MKI");
	fix_hangup(f, &c);
}

/* A leg whose key is still to come: refused one way and the other, nothing leaves in clear. */
static void test_no_key(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_CLEAR },
					 { .mode = UPS_MODE_SRTP, .suite = GCM } };
	struct fix *f = *state;
	struct packet p;
	struct call c;

	call_make(&c, spec, 4, 1);
	c.stream.leg[1].rx_count = 0;
	c.stream.leg[1].tx.suite = UPS_SUITE_NONE;
	call_install(f->dp, &c);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		call_send(&c, i, false, &p);
		call_send(&c, i, true, &p);
		call_wait_drops(f->dp, &c, i, 2);
		assert_int_equal(call_info(f->dp, &c, i).stats.drop[UPS_DROP_NO_KEY], 2);
		assert_false(fix_receive(c.peer[1 - i].fd[0], &p, NULL, 20));
	}
	fix_hangup(f, &c);
}

/* Warning at 90 %, end at 100 %: once each, for the key on either side; then the packets are refused. */
static void test_lifetime(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_SRTP, .suite = CM80, .lifetime = 10 },
					 { .mode = UPS_MODE_SRTP, .suite = GCM, .lifetime = 20 } };
	struct fix *f = *state;
	struct packet p;
	struct call c;

	fix_call(f, &c, spec);
	for (int n = 0; n < 8; n++)
		call_pass(&c, 0, false);
	ups_dp_tick(f->dp, 0);
	assert_int_equal(f->told.expiring + f->told.expired, 0);
	call_pass(&c, 0, false);
	ups_dp_tick(f->dp, 0);
	assert_int_equal(f->told.expiring, 1);
	assert_int_equal(f->told.flow, c.stream.flow[0]);
	assert_false(f->told.tx || f->told.rtcp);
	call_pass(&c, 0, false);
	ups_dp_tick(f->dp, 0);
	ups_dp_tick(f->dp, 0);
	assert_int_equal(f->told.expiring, 1);
	assert_int_equal(f->told.expired, 1);
	call_send(&c, 0, false, &p);
	call_wait_drops(f->dp, &c, 0, 1);
	assert_int_equal(call_info(f->dp, &c, 0).stats.drop[UPS_DROP_KEY_EXPIRED], 1);
	/* the other direction has keys of its own: leg 0 sends with one that ends at 10 */
	for (int n = 0; n < 9; n++)
		call_pass(&c, 1, true);
	ups_dp_tick(f->dp, 0);
	assert_int_equal(f->told.expiring, 2);
	assert_int_equal(f->told.flow, c.stream.flow[1]);
	assert_true(f->told.tx && f->told.rtcp);
	fix_hangup(f, &c);
}

/* What the workers dropped in all is what the flows dropped. */
static void test_totals(void **state)
{
	struct fix *f = *state;
	struct ups_dp_info info;

	ups_dp_info(f->dp, &info);
	assert_int_equal(info.workers, 2);
	assert_false(info.xdp_loaded);
	assert_string_equal(info.xdp_reason, "by configuration");
	assert_true(info.udp_drop[UPS_DROP_SOURCE] >= 3 * (BAD_CASES + 1));
	assert_true(info.udp_drop[UPS_DROP_AUTH] > 50);
	assert_true(info.udp_drop[UPS_DROP_MUX] >= 8);
	assert_int_equal(info.udp_drop[UPS_DROP_TX_FAILED], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_packets),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_forged_and_replayed),
		cmocka_unit_test(test_egress_index),
		cmocka_unit_test(test_ssrc_limit),
		cmocka_unit_test(test_forged_ssrcs_take_no_slot),
		cmocka_unit_test(test_ebit),
		cmocka_unit_test(test_mki),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_totals),
	};

	return cmocka_run_group_tests_name("udp lane: policing", tests, fix_open, fix_close);
}
