// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sessions made to look like a request: what a change keeps, what it takes and gives back. The plan is all that is looked at. */
#include "taken.h"

static struct ups_core *core_with(struct request *r, struct rng *rng, unsigned int streams)
{
	struct ups_core *core = make_core(&fixture_limits, 100);

	make_request(r, rng, "call", streams);
	assert_int_equal(set(core, r, NULL), 0);
	return core;
}

static void latch(struct ups_leg_request *leg)
{
	leg->source_set = true;
	leg->source = UPS_SOURCE_LATCH;
}

static void remote(struct request *r)
{
	r->stream[0].leg[1].remote = addr("198.51.100.77:4002");
}

/* ---- what goes on ---------------------------------------------------------------------------------------------- */

static void a_change_keeps_flows_ssrcs_ports_and_handle(void **state)
{
	struct rng rng = { 3 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 1);
	struct ups_stream old = *stream_of(core, "call", 0);
	const struct ups_stream *s, *found;
	struct ups_plan plan;
	unsigned int leg;
	int handle;

	(void)state;
	core->owner[old.flow[0]].stream->pub.dp = &handle;
	remote(&r);
	r.stream[0].leg[0].no_rtcp = true;
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	/* until commit the session is what it was */
	assert_ptr_equal(stream_of(core, "call", 0), plan.change[0].from);
	assert_ptr_equal(ups_core_flow_owner(core, old.flow[1], &found, &leg),
			 ups_core_session_find(core, "call"));
	assert_ptr_equal(found, plan.change[0].from);
	assert_ptr_equal(plan.change[0].to->dp, &handle);
	s = plan.change[0].to;
	ups_core_commit(core, &plan);
	assert_ptr_equal(stream_of(core, "call", 0), s);
	ups_core_flow_owner(core, old.flow[1], &found, &leg);
	assert_ptr_equal(found, s);
	assert_int_equal(leg, 1);
	for (unsigned int l = 0; l < UPS_LEGS; l++) {
		assert_int_equal(s->flow[l], old.flow[l]);
		assert_int_equal(s->ssrc_base[l], old.ssrc_base[l]);
		assert_true(ups_addr_equal(&s->leg[l].local, &old.leg[l].local));
		assert_int_equal(s->leg[l].tx.slot, old.leg[l].tx.slot);
		assert_int_equal(s->leg[l].rx[0].slot, old.leg[l].rx[0].slot);
	}
	assert_int_equal(s->leg[0].local_rtcp.port, 0);
	r.stream[0].leg[0].no_rtcp = false; /* the pair was kept for it */
	assert_int_equal(set(core, &r, NULL), 0);
	assert_true(ups_addr_equal(&stream_of(core, "call", 0)->leg[0].local_rtcp,
				   &old.leg[0].local_rtcp));
	ups_core_destroy(core);
}

/* ---- ports ----------------------------------------------------------------------------------------------------- */

static void another_interface_or_family_takes_another_port(void **state)
{
	struct rng rng = { 4 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 1);
	struct ups_addr v4 = stream_of(core, "call", 0)->leg[0].local;
	struct ups_ports *pool = &core->ports[0][0];
	struct taken taken = taken_of(core);
	const struct ups_leg *leg;
	struct ups_plan plan;

	(void)state;
	r.stream[0].leg[0].remote = addr("[2001:db8::77]:4000");
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_true(ups_ports_in_use(pool, ups_addr_port(&v4))); /* still installed */
	ups_core_abort(core, &plan);
	assert_taken(core, &taken);
	assert_int_equal(set(core, &r, NULL), 0);
	leg = &stream_of(core, "call", 0)->leg[0];
	assert_true(ups_addr_same_ip(&leg->local, &fixture_ifaces[0].v6));
	assert_false(ups_ports_in_use(pool, ups_addr_port(&v4)));
	assert_taken(core, &taken);
	r.stream[0].leg[0].iface = "open";
	r.stream[0].leg[0].remote = addr("203.0.113.77:4000");
	r.stream[0].leg[0].local_port = 20040;
	assert_int_equal(set(core, &r, NULL), 0);
	leg = &stream_of(core, "call", 0)->leg[0];
	assert_true(ups_addr_same_ip(&leg->local, &fixture_ifaces[2].v4));
	assert_int_equal(ups_addr_port(&leg->local), 20040);
	assert_taken(core, &taken);
	ups_core_destroy(core);
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

static void rfc4568_7_1_4_a_key_that_goes_on_keeps_its_slot(void **state)
{
	struct rng rng = { 5 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 1);
	struct ups_stream old = *stream_of(core, "call", 0);
	struct taken taken = taken_of(core);
	const struct ups_leg *leg;

	(void)state;
	r.tx[0][0] = fresh_key(&rng, UPS_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_not_equal(leg[0].tx.slot, old.leg[0].tx.slot);
	assert_int_equal(leg[0].tx.suite, UPS_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(leg[0].rx[0].slot, old.leg[0].rx[0].slot);
	assert_int_equal(leg[1].tx.slot, old.leg[1].tx.slot);
	assert_taken(core, &taken); /* the old one was given back */
	ups_core_destroy(core);
}

/* Several receive keys, told apart by MKI, in another order and with one exchanged. */
static void receive_keys_move_from_place_to_place(void **state)
{
	struct rng rng = { 6 };
	struct request r;
	struct ups_core *core;
	uint32_t slot[2];
	const struct ups_leg *leg;
	struct ups_key_spec third;

	(void)state;
	make_request(&r, &rng, "call", 1);
	for (int i = 0; i < 2; i++) {
		r.rx[0][0][i] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
		r.rx[0][0][i].mki_len = 1;
		r.rx[0][0][i].mki[0] = (uint8_t)(i + 1);
	}
	r.stream[0].leg[0].rx_count = 2;
	core = make_core(&fixture_limits, 100);
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	slot[0] = leg->rx[0].slot;
	slot[1] = leg->rx[1].slot;
	third = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	third.mki_len = 1;
	third.mki[0] = 3;
	r.rx[0][0][0] = r.rx[0][0][1];
	r.rx[0][0][1] = third;
	r.pub.keep_old = true;
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_equal(leg->rx_count, 2);
	assert_int_equal(leg->rx[0].slot, slot[1]);
	assert_int_not_equal(leg->rx[1].slot, slot[0]);
	assert_int_equal(leg->rx_old.suite, 0); /* not all are new */
	ups_core_destroy(core);
}

static void a7_key_reuse_is_refused_in_a_change(void **state)
{
	struct rng rng = { 7 };
	struct request first, second, r;
	struct ups_core *core = core_with(&first, &rng, 2);
	struct taken taken;
	struct ups_plan plan;
	struct ups_errmsg msg;

	(void)state;
	second = first;
	second.pub.stream = second.stream;
	second.stream[0].leg[0].tx = &second.tx[0][0];
	second.tx[0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &second, NULL), 0);
	taken = taken_of(core);
	for (int i = 0; i < 6; i++) {
		r = second;
		r.pub.stream = r.stream;
		r.stream[0].leg[0].tx = &r.tx[0][0];
		r.stream[0].leg[1].tx = &r.tx[0][1];
		r.stream[0].leg[0].rx = r.rx[0][0];
		if (i == 0)
			r.tx[0][0] = first.tx[0][0]; /* its index would restart */
		else if (i == 1)
			r.tx[0][0] = second.rx[0][0][0]; /* what the peer sends with */
		else if (i == 2)
			r.tx[0][1] = second.tx[0][0]; /* the other leg's */
		else if (i == 3)
			r.tx[0][0] = second.tx[1][0]; /* the other stream's */
		else if (i == 4)
			r.rx[0][0][0] = second.tx[0][0]; /* the answer echoes our key */
		else
			r.rx[0][0][0].suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_32; /* other terms */
		assert_int_equal(ups_core_session_set(core, &r.pub, &plan, &msg), UPS_E_KEY_REUSED);
		assert_non_null(strstr(msg.text, "stream 0 (audio), leg "));
		assert_taken(core, &taken);
	}
	assert_int_equal(set(core, &second, NULL), 0);
	ups_core_destroy(core);
}

static void the_last_key_of_the_peer_stays_for_a_while(void **state)
{
	struct rng rng = { 8 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 1);
	struct ups_key_spec first = r.rx[0][0][0];
	uint32_t slot = stream_of(core, "call", 0)->leg[0].rx[0].slot;
	struct taken taken = taken_of(core);
	const struct ups_leg *leg;
	struct ups_plan plan;
	uint64_t now = r.pub.now_ns;

	(void)state;
	assert_int_equal(ups_core_due(core, UINT64_MAX / 2, &plan), 0);
	r.rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	r.pub.keep_old = true;
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_equal(leg->rx_old.slot, slot);
	assert_memory_equal(leg->rx_old.master.data, first.master.data, 30);
	assert_int_equal(leg->rx_old_until_ns, now + UPS_RX_OLD_NS);
	assert_int_equal(ups_keyreg_live(core->keyreg), taken.held + 1);
	/* changes that do not touch it leave it, and its time */
	r.stream[0].leg[0].tos = 8;
	r.pub.now_ns = now + SECOND;
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_equal(leg->rx_old.slot, slot);
	assert_int_equal(leg->rx_old_until_ns, now + UPS_RX_OLD_NS);
	assert_int_equal(ups_core_due(core, now + UPS_RX_OLD_NS - 1, &plan), 0);
	assert_int_equal(ups_core_due(core, now + UPS_RX_OLD_NS, &plan), 1);
	assert_int_equal(plan.change_count, 1);
	assert_int_equal(plan.change[0].to->leg[0].rx_old.suite, 0);
	ups_core_abort(core, &plan); /* the data plane could not */
	assert_int_equal(ups_core_due(core, now + UPS_RX_OLD_NS, &plan), 1);
	ups_core_commit(core, &plan);
	assert_int_equal(ups_core_due(core, now + UPS_RX_OLD_NS, &plan), 0);
	assert_int_equal(stream_of(core, "call", 0)->leg[0].rx_old.suite, 0);
	assert_taken(core, &taken);
	ups_core_destroy(core);
}

static void a_newer_old_key_takes_the_place_of_an_older(void **state)
{
	struct rng rng = { 9 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 1);
	struct taken taken = taken_of(core);
	struct ups_key_spec second;
	const struct ups_leg *leg;
	struct ups_plan plan;
	uint32_t slot;

	(void)state;
	r.pub.keep_old = true;
	second = r.rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &r, NULL), 0);
	slot = stream_of(core, "call", 0)->leg[0].rx[0].slot;
	r.rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_equal(leg->rx_old.slot, slot);
	assert_int_equal(ups_keyreg_live(core->keyreg), taken.held + 1);
	r.rx[0][0][0] = second; /* the peer goes back to the key that is still accepted */
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_int_equal(leg->rx[0].slot, slot);
	assert_int_equal(leg->rx_old.suite, 0);
	assert_taken(core, &taken);
	assert_int_equal(ups_core_due(core, UINT64_MAX / 2, &plan), 0);
	/* a key that comes without keep_old is another party's: nothing of the former one stays */
	r.rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(stream_of(core, "call", 0)->leg[0].rx_old.slot, slot);
	r.pub.keep_old = false;
	r.rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(stream_of(core, "call", 0)->leg[0].rx_old.suite, 0);
	assert_taken(core, &taken);
	ups_core_destroy(core);
}

/* Ends in the order of time, whichever session was changed last, and with the session. */
static void old_keys_end_in_order(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 400);
	struct rng rng = { 10 };
	struct ups_plan plan;
	struct request r[4];
	uint64_t last = 0;
	int ended = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c%d", i);
		make_request(&r[i], &rng, id, 2);
		assert_int_equal(set(core, &r[i], NULL), 0);
		r[i].pub.keep_old = true;
		r[i].pub.now_ns += (uint64_t)(i ^ 1) * SECOND;
		r[i].rx[1][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
		assert_int_equal(set(core, &r[i], NULL), 0);
		r[i].rx[0][1][0] = fresh_key(&rng, UPS_SUITE_AEAD_AES_128_GCM);
		assert_int_equal(set(core, &r[i], NULL), 0);
	}
	assert_int_equal(del(core, "c2"), 0);
	for (const struct ups_core_stream *s = core->due_first; s; s = s->due_after) {
		assert_true(ups_plan_due_ns(s) >= last);
		last = ups_plan_due_ns(s);
	}
	while (ups_core_due(core, UINT64_MAX / 2, &plan) == 1) {
		assert_int_equal(plan.change_count, 1);
		ups_core_commit(core, &plan);
		ended++;
	}
	assert_int_equal(ended, 6);
	assert_null(core->due_first);
	assert_null(core->due_last);
	ups_core_destroy(core);
}

/* ---- where the peer is ----------------------------------------------------------------------------------------- */

static void a9_learned_places_survive_a_change_of_other_things(void **state)
{
	const struct ups_addr there = addr("192.0.2.99:9000"), rtcp = addr("192.0.2.99:9001");
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 11 };
	const struct ups_leg *leg;
	struct request r;
	uint32_t flow;

	(void)state;
	make_request(&r, &rng, "call", 1);
	latch(&r.stream[0].leg[0]);
	assert_int_equal(set(core, &r, NULL), 0);
	flow = stream_of(core, "call", 0)->flow[0];
	ups_core_source_learned(core, flow, false, &there);
	ups_core_source_learned(core, flow, true, &rtcp);
	r.tx[0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_true(leg->learned && leg->learned_rtcp);
	assert_true(ups_addr_equal(&leg->remote, &there));
	assert_true(ups_addr_equal(&leg->remote_rtcp, &rtcp));
	r.stream[0].leg[0].rtcp_mux = true; /* RTCP joins RTP */
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_true(ups_addr_equal(&leg->remote_rtcp, &there));
	r.stream[0].leg[0].remote = addr("192.0.2.80:4000"); /* the peer says that it moved */
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 0)->leg;
	assert_false(leg->learned || leg->learned_rtcp);
	assert_true(ups_addr_equal(&leg->remote, &r.stream[0].leg[0].remote));
	ups_core_source_learned(core, flow, false, &there);
	r.stream[0].leg[0].source_ip = addr("192.0.2.99"); /* another rule of who may be learned */
	assert_int_equal(set(core, &r, NULL), 0);
	assert_false(stream_of(core, "call", 0)->leg[0].learned);
	ups_core_source_learned(core, flow, false, &there);
	r.stream[0].leg[0].source = UPS_SOURCE_STRICT;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_false(stream_of(core, "call", 0)->leg[0].learned);
	ups_core_destroy(core);
}

static void only_the_authorised_source_is_learned(void **state)
{
	const struct ups_addr other = addr("192.0.2.99:9000"), right = addr("192.0.2.80:9000");
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 12 };
	struct request r;
	uint32_t flow;

	(void)state;
	make_request(&r, &rng, "call", 1);
	latch(&r.stream[0].leg[0]);
	r.stream[0].leg[0].source_ip = addr("192.0.2.80");
	assert_int_equal(set(core, &r, NULL), 0);
	flow = stream_of(core, "call", 0)->flow[0];
	ups_core_source_learned(core, flow, false, &other);
	assert_false(stream_of(core, "call", 0)->leg[0].learned);
	ups_core_source_learned(core, flow, false, &right);
	assert_true(stream_of(core, "call", 0)->leg[0].learned);
	ups_core_destroy(core);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

static void take_lines(struct request *r, const uint16_t *lines, unsigned int count)
{
	struct request all = *r;

	for (unsigned int i = 0; i < count; i++) {
		r->stream[i] = all.stream[lines[i]];
		r->stream[i].index = lines[i];
	}
	r->pub.stream_count = count;
}

static void check_lines(const struct ups_core *core, const uint16_t *lines, unsigned int count)
{
	const struct ups_session *session = ups_core_session_find(core, "call");

	assert_int_equal(session->stream_count, count);
	for (unsigned int i = 0; i < count; i++) {
		const struct ups_stream *owner;
		unsigned int leg;

		assert_int_equal(session->stream[i]->index, lines[i]);
		assert_ptr_equal(ups_core_flow_owner(core, session->stream[i]->flow[1], &owner,
						     &leg),
				 session);
		assert_ptr_equal(owner, session->stream[i]);
	}
}

static void streams_come_and_go_in_the_middle(void **state)
{
	static const uint16_t first[] = { 1, 3, 5 }, second[] = { 0, 1, 2, 5, 6 }, third[] = { 2 };
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 13 };
	struct request all, r;
	const struct ups_stream *one, *five;
	const struct ups_addr there = addr("192.0.2.99:9000");
	struct ups_plan plan;

	(void)state;
	make_request(&all, &rng, "call", 7);
	for (int i = 0; i < 7; i++)
		latch(&all.stream[i].leg[0]);
	r = all;
	r.pub.stream = r.stream;
	take_lines(&r, first, 3);
	assert_int_equal(set(core, &r, NULL), 0);
	check_lines(core, first, 3);
	one = stream_of(core, "call", 0);
	five = stream_of(core, "call", 2);
	r = all;
	r.pub.stream = r.stream;
	take_lines(&r, second, 5);
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.add_count, 3);
	assert_int_equal(plan.del_count, 1);
	assert_int_equal(plan.change_count, 0);
	assert_int_equal(plan.del[0]->index, 3);
	check_lines(core, first, 3);
	ups_core_abort(core, &plan);
	check_lines(core, first, 3);
	assert_int_equal(set(core, &r, NULL), 0);
	check_lines(core, second, 5);
	assert_ptr_equal(stream_of(core, "call", 1), one);
	assert_ptr_equal(stream_of(core, "call", 3), five);
	ups_core_source_learned(core, five->flow[0], false, &there);
	assert_true(five->leg[0].learned);
	r = all;
	r.pub.stream = r.stream;
	take_lines(&r, third, 1);
	assert_int_equal(set(core, &r, NULL), 0);
	check_lines(core, third, 1);
	ups_core_destroy(core);
}

static void a_session_may_be_without_media(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct taken nothing = taken_of(core);
	struct rng rng = { 14 };
	struct ups_posture posture;
	struct request r, none;
	struct ups_plan plan;

	(void)state;
	make_request(&none, &rng, "call", 0);
	assert_int_equal(ups_core_session_set(core, &none.pub, &plan, NULL), 0);
	assert_int_equal(plan.add_count, 0);
	assert_null(ups_core_session_find(core, "call"));
	ups_core_commit(core, &plan);
	assert_int_equal(ups_core_session_count(core), 1);
	ups_session_posture(ups_core_session_find(core, "call"), &posture);
	assert_false(posture.all_hops_protected || posture.end_to_end ||
		     posture.integrity_compromised);
	make_request(&r, &rng, "call", 2);
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(ups_core_session_count(core), 1);
	assert_int_equal(ups_core_session_set(core, &none.pub, &plan, NULL), 0);
	assert_int_equal(plan.del_count, 2);
	ups_core_commit(core, &plan);
	assert_taken(core, &nothing);
	assert_int_equal(del(core, "call"), 0);
	assert_int_equal(ups_core_session_count(core), 0);
	ups_core_destroy(core);
}

static void lines_out_of_order_are_refused(void **state)
{
	struct rng rng = { 15 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 3);
	struct ups_errmsg msg;

	(void)state;
	r.stream[2].index = 1;
	assert_int_equal(set(core, &r, &msg), UPS_E_RANGE);
	assert_non_null(strstr(msg.text, "stream 1 comes behind stream 1"));
	make_request(&r, &rng, "call", 3);
	r.stream[2].index = 65535;
	assert_int_equal(set(core, &r, &msg), 0);
	assert_int_equal(stream_of(core, "call", 2)->index, 65535);
	ups_core_destroy(core);
}

/* ---- nothing stays of what was not carried out ------------------------------------------------------------------ */

/* Whatever an aborted or refused change took shows in the slots that the next request gets, or in the counts. */
static void abort_restores_everything(void **state)
{
	struct ups_core *plain = make_core(&fixture_limits, 400);
	struct ups_core *troubled = make_core(&fixture_limits, 400);
	struct rng rng = { 16 };
	struct request base;

	(void)state;
	make_request(&base, &rng, "call", 3);
	assert_int_equal(set(plain, &base, NULL), 0);
	assert_int_equal(set(troubled, &base, NULL), 0);
	for (unsigned int round = 0; round < 200; round++) {
		struct taken taken = taken_of(troubled);
		struct request bad;
		struct ups_plan plan;

		make_request(&bad, &rng, "call", 1 + rng_below(&rng, 5));
		bad.pub.keep_old = true;
		bad.stream[0].leg[0].remote = addr("[2001:db8::77]:4000");
		bad.stream[0].leg[1].rx_count = 1;
		if (round % 2)
			bad.tx[bad.pub.stream_count - 1][1] = base.tx[0][0]; /* fails last */
		if (round % 2) {
			assert_int_equal(set(troubled, &bad, NULL), UPS_E_KEY_REUSED);
		} else {
			assert_int_equal(ups_core_session_set(troubled, &bad.pub, &plan, NULL), 0);
			ups_core_abort(troubled, &plan);
			assert_int_equal(plan.change_count, 0);
		}
		assert_taken(troubled, &taken);
		base.tx[round % 3][round % 2] =
			fresh_key(&rng, round % 2 ? UPS_SUITE_AEAD_AES_128_GCM
						  : UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
		assert_int_equal(set(plain, &base, NULL), 0);
		assert_int_equal(set(troubled, &base, NULL), 0);
		for (unsigned int i = 0; i < 6; i++) {
			const struct ups_leg *a = &stream_of(plain, "call", i / 2)->leg[i % 2];
			const struct ups_leg *b = &stream_of(troubled, "call", i / 2)->leg[i % 2];

			assert_int_equal(a->tx.slot, b->tx.slot);
			assert_int_equal(a->rx[0].slot, b->rx[0].slot);
		}
	}
	ups_core_destroy(plain);
	ups_core_destroy(troubled);
}

/* A change needs the new keys while the old ones are installed; where there is no room it is refused, and all stays. */
static void a_change_without_room_is_refused(void **state)
{
	struct ups_limits limits = fixture_limits;
	struct ups_core *core;
	struct rng rng = { 17 };
	struct ups_errmsg msg;
	struct request r;
	struct taken taken;

	(void)state;
	limits.keys = 5;
	core = make_core(&limits, 100);
	make_request(&r, &rng, "call", 1);
	assert_int_equal(set(core, &r, NULL), 0);
	taken = taken_of(core);
	r.tx[0][0] = fresh_key(&rng, UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(set(core, &r, NULL), 0);
	r.tx[0][0] = fresh_key(&rng, UPS_SUITE_AEAD_AES_128_GCM);
	r.tx[0][1] = fresh_key(&rng, UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(set(core, &r, &msg), UPS_E_LIMIT);
	assert_non_null(strstr(msg.text, "all 5 key slots"));
	assert_taken(core, &taken);
	limits.sessions = 1;
	ups_core_destroy(core);
	core = make_core(&limits, 100);
	make_request(&r, &rng, "one", 1);
	assert_int_equal(set(core, &r, NULL), 0);
	make_request(&r, &rng, "two", 0);
	assert_int_equal(set(core, &r, NULL), UPS_E_LIMIT);
	ups_core_destroy(core);
}

/* The pending plan belongs to the core: it goes with it. */
static void a_core_may_end_with_a_plan(void **state)
{
	struct rng rng = { 18 };
	struct request r;
	struct ups_core *core = core_with(&r, &rng, 2);
	struct ups_plan plan;

	(void)state;
	remote(&r);
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.change_count, 1);
	ups_core_destroy(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_keeps_flows_ssrcs_ports_and_handle),
		cmocka_unit_test(another_interface_or_family_takes_another_port),
		cmocka_unit_test(rfc4568_7_1_4_a_key_that_goes_on_keeps_its_slot),
		cmocka_unit_test(receive_keys_move_from_place_to_place),
		cmocka_unit_test(a7_key_reuse_is_refused_in_a_change),
		cmocka_unit_test(the_last_key_of_the_peer_stays_for_a_while),
		cmocka_unit_test(a_newer_old_key_takes_the_place_of_an_older),
		cmocka_unit_test(old_keys_end_in_order),
		cmocka_unit_test(a9_learned_places_survive_a_change_of_other_things),
		cmocka_unit_test(only_the_authorised_source_is_learned),
		cmocka_unit_test(streams_come_and_go_in_the_middle),
		cmocka_unit_test(a_session_may_be_without_media),
		cmocka_unit_test(lines_out_of_order_are_refused),
		cmocka_unit_test(abort_restores_everything),
		cmocka_unit_test(a_change_without_room_is_refused),
		cmocka_unit_test(a_core_may_end_with_a_plan),
	};

	return cmocka_run_group_tests_name("core: changes", tests, NULL, NULL);
}
