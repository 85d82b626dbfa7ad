// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions: what a plan holds, what abort restores, and that nothing is given twice or lost over many of them. */
#include "fixture.h"

#include <malloc.h>

static void a_plan_is_invisible_until_committed(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	const struct ups_stream *stream;
	struct ups_plan plan, second;
	struct rng rng = { 1 };
	struct request r, other;
	unsigned int leg;

	(void)state;
	make_request(&r, &rng, "call", 3);
	make_request(&other, &rng, "other", 1);
	assert_int_equal(ups_core_session_add(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.add_count, 3);
	assert_int_equal(plan.del_count, 0);
	assert_null(ups_core_session_find(core, "call"));
	assert_null(ups_core_session_next(core, NULL));
	assert_int_equal(ups_core_session_count(core), 0);
	assert_null(ups_core_flow_owner(core, plan.add[0]->flow[0], &stream, &leg));
	assert_int_equal(ups_core_session_add(core, &other.pub, &second, NULL), -EBUSY);
	assert_int_equal(ups_core_session_del(core, "call", &second, NULL), -EBUSY);
	ups_core_commit(core, &plan);
	assert_non_null(ups_core_session_find(core, "call"));
	assert_int_equal(ups_core_session_count(core), 1);
	assert_int_equal(add(core, &r, NULL), UPS_E_SESSION_EXISTS);
	assert_int_equal(ups_core_session_del(core, "call", &plan, NULL), 0);
	assert_int_equal(plan.del_count, 3);
	assert_non_null(ups_core_session_find(core, "call")); /* until the data plane let go */
	ups_core_abort(core, &plan);
	assert_non_null(ups_core_session_find(core, "call"));
	assert_int_equal(del(core, "call"), 0);
	assert_int_equal(del(core, "call"), UPS_E_NO_SESSION);
	assert_null(ups_core_session_find(core, "call"));
	ups_core_destroy(core);
}

static void streams_are_filled_in(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	const struct ups_session *session;
	const struct ups_stream *s, *owner;
	struct rng rng = { 2 };
	struct request r;
	unsigned int leg;

	(void)state;
	make_request(&r, &rng, "call", 3);
	r.stream[1].leg[0].rtcp_mux = true;
	r.stream[1].ssrc_limit = 7;
	r.stream[2].leg[0].no_rtcp = true;
	r.stream[2].leg[1].remote_rtcp = addr("198.51.100.78:5555");
	r.tx[0][0].rtp_lifetime = 1000;
	assert_int_equal(add(core, &r, NULL), 0);
	session = ups_core_session_find(core, "call");
	s = session->stream[0];
	assert_ptr_equal(s->leg[0].iface, &fixture_ifaces[0]);
	assert_true(ups_addr_same_ip(&s->leg[0].local, &fixture_ifaces[0].v4));
	assert_int_equal(ups_addr_port(&s->leg[0].local) % 2, 0);
	assert_int_equal(ups_addr_port(&s->leg[0].local_rtcp), ups_addr_port(&s->leg[0].local) + 1);
	assert_int_equal(ups_addr_port(&s->leg[0].remote_rtcp), 4001);
	assert_int_equal(s->leg[0].tx.rtp_lifetime, 1000);
	assert_int_equal(s->leg[0].tx.rtcp_lifetime, fixture_limits.rtcp_lifetime);
	assert_int_equal(s->leg[0].rx[0].rtp_lifetime, fixture_limits.rtp_lifetime);
	assert_int_equal(s->ssrc_count, fixture_limits.ssrc_per_flow);
	assert_memory_equal(s->leg[1].tx.master.data, r.tx[0][1].master.data, 28);
	assert_ptr_equal(ups_core_flow_owner(core, s->flow[1], &owner, &leg), session);
	assert_ptr_equal(owner, s);
	assert_int_equal(leg, 1);
	assert_null(ups_core_flow_owner(core, UPS_SLOT_NONE, &owner, &leg));
	s = session->stream[1];
	assert_int_equal(s->ssrc_count, 7);
	assert_true(ups_addr_equal(&s->leg[0].local, &s->leg[0].local_rtcp));
	assert_true(ups_addr_equal(&s->leg[0].remote, &s->leg[0].remote_rtcp));
	s = session->stream[2];
	assert_int_equal(s->leg[0].local_rtcp.port, 0);
	assert_int_equal(s->leg[0].remote_rtcp.port, 0);
	assert_int_equal(ups_addr_port(&s->leg[1].remote_rtcp), 5555);
	ups_core_destroy(core);
}

static void learned_sources_move_latching_legs_only(void **state)
{
	const struct ups_addr there = addr("192.0.2.99:9000"), rtcp = addr("192.0.2.99:9001");
	struct ups_core *core = make_core(&fixture_limits, 100);
	const struct ups_leg *leg;
	const struct ups_stream *s;
	struct rng rng = { 3 };
	struct request r;

	(void)state;
	make_request(&r, &rng, "call", 1);
	r.stream[0].leg[0].source_set = true;
	r.stream[0].leg[0].source = UPS_SOURCE_LATCH;
	assert_int_equal(add(core, &r, NULL), 0);
	s = ups_core_session_find(core, "call")->stream[0];
	leg = s->leg;
	ups_core_source_learned(core, s->flow[0], false, &there);
	assert_true(leg[0].learned && !leg[0].learned_rtcp);
	assert_true(ups_addr_equal(&leg[0].remote, &there));
	assert_int_equal(ups_addr_port(&leg[0].remote_rtcp), 4001);
	ups_core_source_learned(core, s->flow[0], true, &rtcp);
	assert_true(ups_addr_equal(&leg[0].remote_rtcp, &rtcp));
	ups_core_source_learned(core, s->flow[1], false, &there); /* strict */
	assert_false(leg[1].learned);
	ups_core_source_learned(core, 250, false, &there); /* nobody's */
	assert_int_equal(del(core, "call"), 0);
	ups_core_destroy(core);
}

static void keys_of_deleted_sessions_stay_refused(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 4 };
	struct request r, again;
	struct ups_plan plan;

	(void)state;
	make_request(&r, &rng, "call", 1);
	assert_int_equal(ups_core_session_add(core, &r.pub, &plan, NULL), 0);
	ups_core_abort(core, &plan);
	assert_int_equal(add(core, &r, NULL), 0); /* an aborted key was never used */
	assert_int_equal(del(core, "call"), 0);
	assert_int_equal(add(core, &r, NULL), UPS_E_KEY_REUSED); /* its index would restart */
	make_request(&again, &rng, "call", 1);
	again.rx[0][0][0] = r.rx[0][0][0]; /* the peer keeps its key */
	assert_int_equal(add(core, &again, NULL), 0);
	assert_int_equal(del(core, "call"), 0);
	make_request(&again, &rng, "call", 1);
	again.rx[0][0][0] = r.tx[0][0]; /* the peer echoes ours */
	assert_int_equal(add(core, &again, NULL), UPS_E_KEY_REUSED);
	make_request(&again, &rng, "call", 1);
	again.tx[0][0] = r.rx[0][0][0]; /* we would send with the peer's */
	assert_int_equal(add(core, &again, NULL), UPS_E_KEY_REUSED);
	ups_core_destroy(core);
}

static void limits_are_kept(void **state)
{
	struct ups_limits limits = fixture_limits;
	struct ups_errmsg msg;
	struct rng rng = { 5 };
	struct ups_core *core;
	struct request r;

	(void)state;
	limits.sessions = 2;
	core = make_core(&limits, 100);
	for (int i = 0; i < 3; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c%d", i);
		make_request(&r, &rng, id, 1);
		assert_int_equal(add(core, &r, &msg), i < 2 ? 0 : UPS_E_LIMIT);
	}
	assert_non_null(strstr(msg.text, "limits.sessions"));
	ups_core_destroy(core);
	core = make_core(&fixture_limits, 4); /* two pairs on each interface */
	make_request(&r, &rng, "call", 3);
	assert_int_equal(add(core, &r, &msg), UPS_E_NO_PORTS);
	assert_non_null(strstr(msg.text, "stream 2 (audio), leg 0: Ran out of ports on interface "
					 "users (range 20000-20003)"));
	make_request(&r, &rng, "call", 2);
	r.stream[0].leg[0].local_port = r.stream[1].leg[0].local_port = 20002;
	assert_int_equal(add(core, &r, &msg), UPS_E_NO_PORTS);
	assert_non_null(strstr(msg.text, "local port 20002 of interface users is in use"));
	make_request(&r, &rng, "call", 2);
	assert_int_equal(add(core, &r, &msg), 0);
	ups_core_destroy(core);
}

static void bad_limits_are_refused(void **state)
{
	struct ups_core *core;

	(void)state;
	fixture_addresses(100);
	for (int i = 0; i < 6; i++) {
		struct ups_limits l = fixture_limits;

		*(i == 0 ? &l.sessions : i == 1 ? &l.flows : i == 2 ? &l.keys : &l.ssrcs) = 0;
		if (i == 4)
			l = (struct ups_limits) {
				.sessions = 1, .flows = 1, .keys = 1, .ssrcs = 1
			};
		if (i == 5)
			l.ssrc_per_flow = UPS_SSRC_MAX + 1;
		assert_int_equal(ups_core_create(&l, fixture_ifaces, IFACES, &core), UPS_E_RANGE);
	}
	assert_int_equal(ups_core_create(&fixture_limits, fixture_ifaces, 0, &core), UPS_E_RANGE);
}

/* Everything the data plane is told of a session, in comparable form. */
struct image {
	uint32_t flow[UPS_STREAMS_MAX][UPS_LEGS], ssrc[UPS_STREAMS_MAX][UPS_LEGS];
	uint32_t rx[UPS_STREAMS_MAX][UPS_LEGS], tx[UPS_STREAMS_MAX][UPS_LEGS];
};

static struct image image_of(const struct ups_core *core, const char *id)
{
	const struct ups_session *session = ups_core_session_find(core, id);
	struct image image = {};

	assert_non_null(session);
	for (unsigned int s = 0; s < session->stream_count; s++) {
		for (unsigned int l = 0; l < UPS_LEGS; l++) {
			const struct ups_stream *stream = session->stream[s];

			image.flow[s][l] = stream->flow[l];
			image.ssrc[s][l] = stream->ssrc_base[l];
			image.rx[s][l] = stream->leg[l].rx[0].slot;
			image.tx[s][l] = stream->leg[l].tx.slot;
		}
	}
	return image;
}

/* Makes @r fail late: in its last stream, after everything before was taken. */
static void make_fail(struct request *r, unsigned int way)
{
	unsigned int last = r->pub.stream_count - 1;

	switch (way) {
	case 0:
		r->stream[last].leg[1].local_port = 20001; /* odd */
		break;
	case 1:
		r->tx[last][1] = r->tx[0][0]; /* the same key twice */
		r->tx[last][1].suite = r->tx[0][0].suite;
		break;
	default:
		break; /* aborted by the data plane */
	}
}

/*
 * Two cores get the same successful requests; one of them also gets failing and aborted ones in between. Whatever those
 * left behind would make the slots of the next session differ, since slots are given in a fixed order.
 */
static void failures_leave_no_trace(void **state)
{
	struct ups_core *plain = make_core(&fixture_limits, 400);
	struct ups_core *troubled = make_core(&fixture_limits, 400);
	struct rng rng = { 6 };

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		char id[16], gone[16];
		struct request good, bad;
		struct ups_plan plan;
		struct image a, b;

		make_request(&bad, &rng, "bad", 1 + rng_below(&rng, 4));
		make_fail(&bad, round % 3);
		if (round % 3 < 2) {
			assert_int_not_equal(add(troubled, &bad, NULL), 0);
		} else {
			assert_int_equal(ups_core_session_add(troubled, &bad.pub, &plan, NULL), 0);
			ups_core_abort(troubled, &plan);
			assert_int_equal(plan.add_count, 0);
		}
		snprintf(id, sizeof(id), "s%u", round);
		make_request(&good, &rng, id, 1 + rng_below(&rng, 3));
		assert_int_equal(add(plain, &good, NULL), 0);
		assert_int_equal(add(troubled, &good, NULL), 0);
		a = image_of(plain, id);
		b = image_of(troubled, id);
		assert_memory_equal(&a, &b, sizeof(a));
		if (round < 20)
			continue;
		snprintf(gone, sizeof(gone), "s%u", round - 20);
		assert_int_equal(del(plain, gone), 0);
		assert_int_equal(del(troubled, gone), 0);
	}
	ups_core_destroy(plain);
	ups_core_destroy(troubled);
}

/* With exactly enough of each resource, one lost slot or port would show at the next full round. */
static void nothing_is_lost_when_a_resource_runs_out(void **state)
{
	static const struct ups_limits exact = {
		.sessions = 9, .flows = 8, .keys = 16, .ssrcs = 32, .ssrc_per_flow = 4
	};
	struct rng rng = { 7 };

	(void)state;
	for (unsigned int scarce = 0; scarce < 4; scarce++) {
		struct ups_limits l = exact;
		struct ups_core *core;
		struct request r;

		l.flows += scarce != 0 ? 50 : 0;
		l.keys += scarce != 1 ? 50 : 0;
		l.ssrcs += scarce != 2 ? 200 : 0;
		core = make_core(&l, scarce == 3 ? 8 : 100);
		for (int round = 0; round < 20; round++) {
			make_request(&r, &rng, "fits", 4);
			r.pub.now_ns = (uint64_t)round * 100 * SECOND;
			assert_int_equal(add(core, &r, NULL), 0);
			make_request(&r, &rng, "one more", 1);
			strcpy(r.id, "one-more");
			assert_int_equal(add(core, &r, NULL),
					 scarce == 3 ? UPS_E_NO_PORTS : UPS_E_LIMIT);
			assert_int_equal(del(core, "fits"), 0);
			make_request(&r, &rng, "big", 5); /* fails half way */
			assert_int_equal(add(core, &r, NULL),
					 scarce == 3 ? UPS_E_NO_PORTS : UPS_E_LIMIT);
		}
		ups_core_destroy(core);
	}
}

/* ---- random sequences ------------------------------------------------------------------------------------------ */

#define SLOTS 4096

static void claim(uint8_t *map, uint32_t at, uint32_t limit)
{
	assert_true(at < limit && at < SLOTS);
	assert_int_equal(map[at]++, 0);
}

/* Nothing is held twice, and every holder is where it belongs. */
static void check_invariants(const struct ups_core *core, const struct ups_limits *l,
			     unsigned int count)
{
	uint8_t flow[SLOTS] = {}, key[SLOTS] = {}, ssrc[SLOTS] = {}, port[IFACES][SLOTS] = {};
	const struct ups_session *session = NULL;
	uint64_t previous_created = 0;
	unsigned int seen = 0;

	while ((session = ups_core_session_next(core, session))) {
		assert_true(session->created_ns >= previous_created); /* order of creation */
		previous_created = session->created_ns;
		seen++;
		for (unsigned int i = 0; i < session->stream_count * UPS_LEGS; i++) {
			const struct ups_stream *s = session->stream[i / UPS_LEGS];
			const struct ups_leg *leg = &s->leg[i % UPS_LEGS];

			claim(flow, s->flow[i % UPS_LEGS], l->flows);
			for (uint32_t k = 0; k < s->ssrc_count; k++)
				claim(ssrc, s->ssrc_base[i % UPS_LEGS] + k, l->ssrcs);
			for (unsigned int k = 0; k < leg->rx_count; k++)
				claim(key, leg->rx[k].slot, l->keys);
			claim(key, leg->tx.slot, l->keys);
			claim(port[leg->iface - fixture_ifaces],
			      ups_addr_port(&leg->local) - 20000u, SLOTS);
		}
	}
	assert_int_equal(seen, count);
	assert_int_equal(ups_core_session_count(core), count);
}

static void random_sequences_keep_the_invariants(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 200);
	bool live[100] = {};
	unsigned int count = 0;
	struct rng rng = { 8 };
	uint64_t now = SECOND;

	(void)state;
	for (unsigned int step = 0; step < 6000; step++) {
		unsigned int i = rng_below(&rng, 100);
		struct ups_plan plan;
		struct request r;
		char id[8];
		int err;

		now += rng_below(&rng, 200) * 1000000ULL;
		ups_core_tick(core, now);
		snprintf(id, sizeof(id), "c%u", i);
		if (live[i]) {
			assert_int_equal(ups_core_session_del(core, id, &plan, NULL), 0);
		} else {
			make_request(&r, &rng, id, 1 + rng_below(&rng, 4));
			r.pub.now_ns = now;
			r.stream[0].ssrc_limit = (uint16_t)rng_below(&rng, 17);
			err = ups_core_session_add(core, &r.pub, &plan, NULL);
			if (err) {
				assert_true(err == UPS_E_LIMIT || err == UPS_E_NO_PORTS);
				continue;
			}
		}
		if (rng_one_in(&rng, 4)) {
			ups_core_abort(core, &plan);
		} else {
			ups_core_commit(core, &plan);
			live[i] = !live[i];
			count += live[i] ? 1 : -1u;
		}
		if (step % 16 == 0)
			check_invariants(core, &fixture_limits, count);
	}
	assert_true(count > 10); /* the sequence did something */
	ups_core_destroy(core);
}

static void two_thousand_sessions_come_and_go(void **state)
{
	static const struct ups_limits limits = {
		.sessions = 2000, .flows = 4000, .keys = 8000, .ssrcs = 16000, .ssrc_per_flow = 4
	};
	struct ups_core *core = make_core(&limits, 4000);
	struct rng rng = { 9 };
	size_t first = 0;

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 2000; i++) {
			struct request r;
			char id[8];

			snprintf(id, sizeof(id), "c%d", i);
			make_request(&r, &rng, id, 1);
			assert_int_equal(add(core, &r, NULL), 0);
		}
		assert_int_equal(ups_core_session_count(core), 2000);
		for (int i = 0; i < 2000; i++) {
			char id[8];

			snprintf(id, sizeof(id), "c%d", i);
			assert_int_equal(del(core, id), 0);
		}
		assert_int_equal(ups_core_session_count(core), 0);
		if (round == 1)
			first = mallinfo2().uordblks;
	}
	/* What grows is the history of keys: 8000 a round, 17 bytes each in tables at most twice as large */
	assert_true(mallinfo2().uordblks < first + 4 * 8000 * 2 * 17 * 2);
	ups_core_destroy(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_invisible_until_committed),
		cmocka_unit_test(streams_are_filled_in),
		cmocka_unit_test(learned_sources_move_latching_legs_only),
		cmocka_unit_test(keys_of_deleted_sessions_stay_refused),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(bad_limits_are_refused),
		cmocka_unit_test(failures_leave_no_trace),
		cmocka_unit_test(nothing_is_lost_when_a_resource_runs_out),
		cmocka_unit_test(random_sequences_keep_the_invariants),
		cmocka_unit_test(two_thousand_sessions_come_and_go),
	};

	return cmocka_run_group_tests_name("core: sessions", tests, NULL, NULL);
}
