// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Legs that are negotiated: not known yet, keyed by DTLS handshakes, found by ICE; and the posture of their sessions. */
#include "fixture.h"

#include "core/core_priv.h"

#define GCM UPS_SUITE_AEAD_AES_128_GCM

static void unkey(struct ups_leg_request *leg)
{
	leg->rx = NULL;
	leg->rx_count = 0;
	leg->tx = NULL;
}

static void make_dtls(struct ups_leg_request *leg, uint32_t association)
{
	unkey(leg);
	leg->source_set = true;
	leg->source = UPS_SOURCE_LATCH;
	leg->dtls = (struct ups_dtls_spec) {
		.on = true,
		.association = association,
		.suites = 1u << GCM | 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
	};
}

static void make_ice(struct ups_leg_request *leg)
{
	leg->ice.on = true;
	strcpy(leg->ice.local_ufrag, "ufrag");
	strcpy(leg->ice.local_pwd, "password-of-22-letters");
	strcpy(leg->ice.remote_ufrag, "theirs");
}

/* ---- rules of requests ----------------------------------------------------------------------------------------- */

static void dtls_with_keys(struct request *r)
{
	r->stream[0].leg[0].dtls.on = true;
	r->stream[0].leg[0].dtls.suites = 1u << GCM;
}
static void dtls_of_clear_leg(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].source_set = false;
	r->stream[0].leg[0].mode = UPS_MODE_CLEAR;
}
static void dtls_without_suite(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.suites = 0;
}
static void dtls_suite_without_profile(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.suites |= 1u << UPS_SUITE_AES_256_CM_HMAC_SHA1_80;
}
static void dtls_role(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.role = 9;
}
static void dtls_name_without_end(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	memset(r->stream[0].leg[0].dtls.peer_name, 'x', sizeof(r->stream[0].leg[0].dtls.peer_name));
}
static void a14_weak_hash(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.fingerprint_count = 1;
	r->stream[0].leg[0].dtls.fingerprint[0].size = 20;
}
static void fingerprint_cut(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.fingerprint_count = 1;
	r->stream[0].leg[0].dtls.fingerprint[0] =
		(struct ups_fingerprint) { .hash = 1, .size = 31 };
}
static void fingerprints_of_two_hashes(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.fingerprint_count = 2;
	r->stream[0].leg[0].dtls.fingerprint[0] =
		(struct ups_fingerprint) { .hash = 1, .size = 32 };
	r->stream[0].leg[0].dtls.fingerprint[1] =
		(struct ups_fingerprint) { .hash = 3, .size = 64 };
}
static void fingerprints_too_many(struct request *r)
{
	make_dtls(&r->stream[0].leg[0], 1);
	r->stream[0].leg[0].dtls.fingerprint_count = UPS_FINGERPRINTS_MAX + 1;
}
static void ipsec_of_srtp_leg(struct request *r)
{
	r->stream[0].leg[1].ipsec = true;
}
static void ice_without_password(struct request *r)
{
	make_ice(&r->stream[0].leg[0]);
	r->stream[0].leg[0].ice.local_pwd[0] = '\0';
}
static void ice_without_end(struct request *r)
{
	make_ice(&r->stream[0].leg[0]);
	memset(r->stream[0].leg[0].ice.remote_ufrag, 'x', UPS_ICE_UFRAG_MAX);
}
static void reason_without_end(struct request *r)
{
	memset(r->stream[0].leg[0].decision.reason, 'x', 160);
}
static void final_without_port(struct request *r)
{
	ups_addr_set_port(&r->stream[0].leg[0].remote, 0);
}
static void final_without_tx(struct request *r)
{
	r->stream[0].leg[0].tx = NULL;
}
static void final_without_rx(struct request *r)
{
	r->stream[0].leg[0].rx_count = 0;
}
static void pending_without_family(struct request *r)
{
	r->stream[0].leg[1].pending = true;
	r->stream[0].leg[1].remote = (struct ups_addr) {};
}
static void pending_with_bad_address(struct request *r)
{
	r->stream[0].leg[0].pending = true;
	r->stream[0].leg[0].remote = addr("239.1.2.3:4000");
}
static void pending_clear_latch(struct request *r)
{
	struct ups_leg_request *leg = &r->stream[0].leg[0];

	unkey(leg);
	leg->pending = true;
	leg->mode = UPS_MODE_CLEAR;
	leg->source_set = true;
	leg->source = UPS_SOURCE_LATCH;
}

static void bad_terms_are_refused(void **state)
{
#define ROW(spoil, err, says) { #spoil, spoil, UPS_E_##err, says }
	static const struct {
		const char *what;
		void (*spoil)(struct request *r);
		int err;
		const char *says;
	} bad[] = {
		ROW(dtls_with_keys, RANGE, "gets its keys by handshake"),
		ROW(dtls_of_clear_leg, RANGE, "needs mode srtp"),
		ROW(dtls_without_suite, SUITE, "one suite at least"),
		ROW(dtls_suite_without_profile, SUITE, "protection profile"),
		ROW(dtls_role, RANGE, "role 9"),
		ROW(dtls_name_without_end, RANGE, "at most 127 bytes"),
		ROW(a14_weak_hash, RANGE, "not SHA-256 or better"),
		ROW(fingerprint_cut, RANGE, "31 bytes, not 32"),
		ROW(fingerprints_of_two_hashes, RANGE, "different hashes"),
		ROW(fingerprints_too_many, RANGE, "5 fingerprints, at most 4"),
		ROW(ipsec_of_srtp_leg, RANGE, "underlay needs mode clear"),
		ROW(ice_without_password, RANGE, "a user fragment and a password"),
		ROW(ice_without_end, RANGE, "too long"),
		ROW(reason_without_end, RANGE, "reason too long"),
		ROW(final_without_port, RANGE, "has no port"),
		ROW(final_without_tx, RANGE, "needs a transmit key"),
		ROW(final_without_rx, RANGE, "needs a receive key"),
		ROW(pending_without_family, FAMILY, "has no v6 address"),
		ROW(pending_with_bad_address, RANGE, "multicast"),
		ROW(pending_clear_latch, RANGE, "source: latch"),
	};
#undef ROW
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 1 };
	struct ups_errmsg msg;
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err;

		make_request(&r, &rng, "call", 1);
		bad[i].spoil(&r);
		err = set(core, &r, &msg);
		if (err != bad[i].err || !strstr(msg.text, bad[i].says))
			fail_msg("%s: %d '%s', expected %d '%s'", bad[i].what, err, msg.text,
				 bad[i].err, bad[i].says);
		assert_int_equal(ups_core_session_count(core), 0);
	}
	ups_core_destroy(core);
}

/* ---- offer and answer ------------------------------------------------------------------------------------------ */

static void an_answer_completes_a_pending_leg(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 2 };
	struct request r;
	struct ups_leg_request *callee = &r.stream[0].leg[1];
	const struct ups_leg *leg;
	struct ups_plan plan;
	struct ups_addr local;
	uint32_t tx;

	(void)state;
	make_request(&r, &rng, "call", 1);
	callee->pending = true;
	callee->remote = addr("0.0.0.0:1");
	ups_addr_set_port(&callee->remote, 0);
	callee->rx_count = 0; /* ours is offered, the peer's comes with the answer */
	assert_int_equal(set(core, &r, NULL), 0);
	leg = &stream_of(core, "call", 0)->leg[1];
	assert_int_equal(leg->remote.port, 0);
	assert_int_equal(leg->remote_rtcp.port, 0);
	assert_int_not_equal(leg->local_rtcp.port, 0);
	assert_int_equal(leg->rx_count, 0);
	local = leg->local;
	tx = leg->tx.slot;
	callee->pending = false;
	callee->remote = addr("198.51.100.77:4000");
	callee->rx_count = 1;
	r.pub.keep_old = true;
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.change_count, 1);
	ups_core_commit(core, &plan);
	leg = &stream_of(core, "call", 0)->leg[1];
	assert_true(ups_addr_equal(&leg->local, &local));
	assert_int_equal(leg->tx.slot, tx);
	assert_int_equal(leg->rx_count, 1);
	assert_int_equal(leg->rx_old.suite, 0); /* there was none */
	assert_int_equal(ups_addr_port(&leg->remote_rtcp), 4001);
	ups_core_destroy(core);
}

static void two_pending_legs_of_one_interface_differ_later(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 3 };
	struct request r;

	(void)state;
	make_request(&r, &rng, "call", 1);
	for (int l = 0; l < UPS_LEGS; l++) {
		unkey(&r.stream[0].leg[l]);
		r.stream[0].leg[l].iface = "users";
		r.stream[0].leg[l].pending = true;
		r.stream[0].leg[l].remote = addr("0.0.0.0:1");
		ups_addr_set_port(&r.stream[0].leg[l].remote, 0);
	}
	assert_int_equal(set(core, &r, NULL), 0);
	assert_false(ups_addr_equal(&stream_of(core, "call", 0)->leg[0].local,
				    &stream_of(core, "call", 0)->leg[1].local));
	ups_core_destroy(core);
}

/* ---- DTLS ------------------------------------------------------------------------------------------------------ */

static struct ups_dtls_keys handshake(struct rng *rng, uint32_t association)
{
	return (struct ups_dtls_keys) { .association = association,
					.suite = GCM,
					.rx = fresh_key(rng, GCM).master,
					.tx = fresh_key(rng, GCM).master,
					.peer = addr("192.0.2.99:9000") };
}

static struct ups_core *dtls_core(struct request *r, struct rng *rng)
{
	struct ups_core *core = make_core(&fixture_limits, 100);

	make_request(r, rng, "call", 2);
	make_dtls(&r->stream[1].leg[0], 7);
	assert_int_equal(set(core, r, NULL), 0);
	return core;
}

/* Plans and commits keys for leg 0 of stream 1. */
static int give_keys(struct ups_core *core, const struct ups_dtls_keys *keys,
		     struct ups_errmsg *msg)
{
	uint32_t flow = stream_of(core, "call", 1)->flow[0];
	struct ups_plan plan;
	int err = ups_core_dtls_keys(core, flow, keys, 200 * SECOND, &plan, msg);

	if (!err) {
		assert_int_equal(plan.change_count, 1);
		ups_core_commit(core, &plan);
	}
	return err;
}

static void rfc5764_keys_come_and_are_exchanged_by_handshakes(void **state)
{
	struct rng rng = { 4 };
	struct request r;
	struct ups_core *core = dtls_core(&r, &rng);
	uint32_t taken = core->keys.free;
	struct ups_dtls_keys keys = handshake(&rng, 7);
	const struct ups_leg *leg = stream_of(core, "call", 1)->leg;
	struct ups_plan plan;
	uint32_t rx, tx;

	(void)state;
	assert_int_equal(leg->rx_count, 0);
	assert_int_equal(give_keys(core, &keys, NULL), 0);
	leg = stream_of(core, "call", 1)->leg;
	assert_int_equal(leg->rx_count, 1);
	assert_memory_equal(leg->rx[0].master.data, keys.rx.data, 28);
	assert_memory_equal(leg->tx.master.data, keys.tx.data, 28);
	assert_int_equal(leg->tx.rtp_lifetime, fixture_limits.rtp_lifetime);
	assert_int_equal(leg->rx_old.suite, 0);
	assert_true(leg->learned);
	assert_true(ups_addr_equal(&leg->remote, &keys.peer));
	rx = leg->rx[0].slot;
	tx = leg->tx.slot;
	/* a re-offer of the same association touches nothing of it */
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.change_count, 0);
	ups_core_commit(core, &plan);
	/* another association: the keys stay until its handshake is done */
	r.stream[1].leg[0].dtls.association = 8;
	assert_int_equal(set(core, &r, NULL), 0);
	leg = stream_of(core, "call", 1)->leg;
	assert_int_equal(leg->rx[0].slot, rx);
	assert_int_equal(leg->tx.slot, tx);
	keys = handshake(&rng, 8);
	assert_int_equal(give_keys(core, &keys, NULL), 0);
	leg = stream_of(core, "call", 1)->leg;
	assert_int_equal(leg->rx_old.slot, rx);
	assert_int_equal(leg->rx_old_until_ns, 200 * SECOND + UPS_RX_OLD_NS);
	assert_int_not_equal(leg->tx.slot, tx);
	assert_int_equal(core->keys.free, taken - 3);
	assert_int_equal(ups_core_due(core, 211 * SECOND, &plan), 1);
	ups_core_commit(core, &plan);
	assert_int_equal(core->keys.free, taken - 2);
	/* SDES instead: the last DTLS key is accepted for a while */
	rx = stream_of(core, "call", 1)->leg[0].rx[0].slot;
	r.stream[1].leg[0].dtls.on = false;
	r.stream[1].leg[0].rx = r.rx[1][0];
	r.stream[1].leg[0].rx_count = 1;
	r.stream[1].leg[0].tx = &r.tx[1][0];
	r.pub.keep_old = true;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(stream_of(core, "call", 1)->leg[0].rx_old.slot, rx);
	assert_int_equal(core->keys.free, taken - 3);
	ups_core_destroy(core);
}

static void rtcp_has_an_association_of_its_own_without_mux(void **state)
{
	struct rng rng = { 5 };
	struct request r;
	struct ups_core *core = dtls_core(&r, &rng);
	uint32_t taken = core->keys.free;
	struct ups_dtls_keys rtp = handshake(&rng, 7), rtcp = handshake(&rng, 7);
	const struct ups_leg *leg;
	uint32_t slot;

	(void)state;
	rtcp.rtcp = true;
	rtcp.peer = addr("192.0.2.99:9007");
	assert_int_equal(give_keys(core, &rtp, NULL), 0);
	assert_int_equal(give_keys(core, &rtcp, NULL), 0);
	leg = stream_of(core, "call", 1)->leg;
	assert_memory_equal(leg->rx_rtcp.master.data, rtcp.rx.data, 28);
	assert_memory_equal(leg->tx_rtcp.master.data, rtcp.tx.data, 28);
	assert_memory_equal(leg->rx[0].master.data, rtp.rx.data, 28);
	assert_int_equal(leg->rx_old.suite, 0);
	assert_true(leg->learned_rtcp);
	assert_true(ups_addr_equal(&leg->remote_rtcp, &rtcp.peer));
	assert_int_equal(core->keys.free, taken - 4);
	slot = leg->rx_rtcp.slot;
	r.stream[1].leg[0].tos = 8;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(stream_of(core, "call", 1)->leg[0].rx_rtcp.slot, slot);
	assert_int_equal(core->keys.free, taken - 4);
	r.stream[1].leg[0].rtcp_mux = true;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(stream_of(core, "call", 1)->leg[0].rx_rtcp.suite, 0);
	assert_int_equal(core->keys.free, taken - 2);
	rtcp = handshake(&rng, 7);
	rtcp.rtcp = true;
	assert_int_equal(give_keys(core, &rtcp, NULL), UPS_E_STATE);
	assert_int_equal(del(core, "call"), 0);
	assert_int_equal(core->keys.free, fixture_limits.keys);
	assert_int_equal(ups_keyreg_live(core->keyreg), 0);
	ups_core_destroy(core);
}

static void keys_that_nobody_waits_for_are_refused(void **state)
{
	struct rng rng = { 6 };
	struct request r;
	struct ups_core *core = dtls_core(&r, &rng);
	struct ups_dtls_keys keys = handshake(&rng, 6), first;
	struct ups_errmsg msg;
	struct ups_plan plan;
	uint32_t free_slots;

	(void)state;
	assert_int_equal(give_keys(core, &keys, &msg), UPS_E_STATE);
	assert_non_null(strstr(msg.text, "stream 1 (audio), leg 0: keys of DTLS association 6"));
	assert_int_equal(ups_core_dtls_keys(core, stream_of(core, "call", 0)->flow[0], &keys, 1,
					    &plan, NULL),
			 UPS_E_STATE); /* an SDES leg */
	assert_int_equal(ups_core_dtls_keys(core, 250, &keys, 1, &plan, NULL), UPS_E_NO_SESSION);
	assert_int_equal(ups_core_dtls_keys(core, UINT32_MAX, &keys, 1, &plan, NULL),
			 UPS_E_NO_SESSION);
	first = keys = handshake(&rng, 7);
	keys.suite = UPS_SUITE_AEAD_AES_256_GCM;
	assert_int_equal(give_keys(core, &keys, NULL), UPS_E_SUITE);
	keys = first;
	keys.rx.size = 27;
	assert_int_equal(give_keys(core, &keys, NULL), UPS_E_KEY_LENGTH);
	assert_int_equal(give_keys(core, &first, NULL), 0);
	free_slots = core->keys.free;
	keys = handshake(&rng, 7);
	keys.tx = first.tx; /* A7: its index would restart */
	assert_int_equal(give_keys(core, &keys, NULL), UPS_E_KEY_REUSED);
	keys = handshake(&rng, 7);
	keys.tx = keys.rx; /* A7: both directions one key */
	assert_int_equal(give_keys(core, &keys, NULL), UPS_E_KEY_REUSED);
	assert_int_equal(core->keys.free, free_slots);
	/* aborted by the data plane: nothing of it stays, the same keys may come again */
	keys = handshake(&rng, 7);
	assert_int_equal(ups_core_dtls_keys(core, stream_of(core, "call", 1)->flow[0], &keys, 1,
					    &plan, NULL),
			 0);
	assert_int_equal(ups_core_dtls_keys(core, stream_of(core, "call", 1)->flow[0], &keys, 1,
					    &plan, NULL),
			 -EBUSY);
	ups_core_abort(core, &plan);
	assert_int_equal(core->keys.free, free_slots);
	assert_memory_equal(stream_of(core, "call", 1)->leg[0].tx.master.data, first.tx.data, 28);
	assert_int_equal(give_keys(core, &keys, NULL), 0);
	ups_core_destroy(core);
}

static void a_strict_leg_does_not_follow_the_handshake(void **state)
{
	struct rng rng = { 7 };
	struct request r;
	struct ups_core *core = dtls_core(&r, &rng);
	struct ups_dtls_keys keys = handshake(&rng, 7);

	(void)state;
	r.stream[1].leg[0].source = UPS_SOURCE_STRICT;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(give_keys(core, &keys, NULL), 0);
	assert_false(stream_of(core, "call", 1)->leg[0].learned);
	ups_core_destroy(core);
}

/* ---- ICE ------------------------------------------------------------------------------------------------------- */

static int nominate(struct ups_core *core, unsigned int stream, bool rtcp, const char *text,
		    unsigned int *changes)
{
	const struct ups_addr a = addr(text);
	struct ups_plan plan;
	int err = ups_core_nominated(core, stream_of(core, "call", stream)->flow[0], rtcp, &a,
				     &plan, NULL);

	if (!err) {
		*changes = plan.change_count;
		assert_int_equal(plan.add_count + plan.del_count, 0);
		ups_core_commit(core, &plan);
	}
	return err;
}

static void rfc8445_the_nominated_address_is_used(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	const struct ups_leg *leg;
	struct rng rng = { 8 };
	struct request r;
	unsigned int changes;

	(void)state;
	make_request(&r, &rng, "call", 2);
	make_ice(&r.stream[1].leg[0]);
	r.stream[1].leg[0].rtcp_mux = true;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(nominate(core, 0, false, "192.0.2.99:9000", &changes), UPS_E_STATE);
	assert_int_equal(nominate(core, 1, false, "239.0.2.99:9000", &changes), UPS_E_RANGE);
	assert_int_equal(nominate(core, 1, false, "192.0.2.1:20008", &changes), UPS_E_RANGE);
	assert_int_equal(nominate(core, 1, false, "192.0.2.99:9000", &changes), 0);
	assert_int_equal(changes, 1);
	assert_int_equal(nominate(core, 1, false, "192.0.2.99:9000", &changes), 0);
	assert_int_equal(changes, 0);
	leg = stream_of(core, "call", 1)->leg;
	assert_int_equal(ups_addr_port(&leg->remote), 9000);
	assert_int_equal(ups_addr_port(&leg->remote_rtcp), 9000);
	/* the default candidate says nothing while the checks are the same */
	r.stream[1].leg[0].remote = addr("192.0.2.66:6000");
	r.stream[1].leg[0].tos = 8;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(ups_addr_port(&stream_of(core, "call", 1)->leg[0].remote), 9000);
	/* checks anew, at another address */
	strcpy(r.stream[1].leg[0].ice.remote_ufrag, "restart");
	r.stream[1].leg[0].remote = addr("192.0.2.66:7000");
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(ups_addr_port(&stream_of(core, "call", 1)->leg[0].remote), 7000);
	r.stream[1].leg[0].rtcp_mux = false;
	assert_int_equal(set(core, &r, NULL), 0);
	assert_int_equal(nominate(core, 1, true, "192.0.2.99:9009", &changes), 0);
	assert_int_equal(changes, 1);
	leg = stream_of(core, "call", 1)->leg;
	assert_int_equal(ups_addr_port(&leg->remote), 7000);
	assert_int_equal(ups_addr_port(&leg->remote_rtcp), 9009);
	ups_core_destroy(core);
}

/* ---- posture --------------------------------------------------------------------------------------------------- */

static struct ups_posture posture_of(const struct ups_core *core)
{
	struct ups_posture p;

	ups_session_posture(ups_core_session_find(core, "call"), &p);
	return p;
}

static struct ups_posture posture_with(enum ups_leg_mode mode0, enum ups_leg_mode mode1, bool ipsec,
				       bool compromised, bool manual)
{
	const enum ups_leg_mode mode[UPS_LEGS] = { mode0, mode1 };
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 9 };
	struct ups_posture p;
	struct request r;

	make_request(&r, &rng, "call", 2);
	for (int l = 0; l < UPS_LEGS; l++) {
		r.stream[1].leg[l].mode = mode[l];
		if (mode[l] != UPS_MODE_SRTP)
			unkey(&r.stream[1].leg[l]);
	}
	if (mode0 == UPS_MODE_OPAQUE)
		r.stream[0] = r.stream[1];
	r.stream[0].index = 0;
	r.stream[1].leg[1].ipsec = ipsec;
	r.stream[1].leg[1].decision.compromised = compromised;
	assert_int_equal(manual ? add(core, &r, NULL) : set(core, &r, NULL), 0);
	p = posture_of(core);
	ups_core_destroy(core);
	return p;
}

static void a_posture_is_three_facts(void **state)
{
	struct ups_posture p = posture_with(UPS_MODE_SRTP, UPS_MODE_SRTP, false, false, false);

	(void)state;
	assert_true(p.all_hops_protected);
	assert_false(p.end_to_end || p.integrity_compromised);
	p = posture_with(UPS_MODE_SRTP, UPS_MODE_CLEAR, false, false, false);
	assert_false(p.all_hops_protected || p.end_to_end || p.integrity_compromised);
	p = posture_with(UPS_MODE_SRTP, UPS_MODE_CLEAR, false, true, false);
	assert_true(p.integrity_compromised);
	p = posture_with(UPS_MODE_SRTP, UPS_MODE_CLEAR, true, false, false);
	assert_true(p.all_hops_protected);
	assert_false(p.integrity_compromised);
	p = posture_with(UPS_MODE_SRTP, UPS_MODE_CLEAR, false, false, true);
	assert_true(p.integrity_compromised); /* no rule was there to allow it */
	p = posture_with(UPS_MODE_OPAQUE, UPS_MODE_OPAQUE, false, false, false);
	assert_true(p.all_hops_protected && p.end_to_end);
	assert_false(p.integrity_compromised);
}

static void given_keys_are_a_mechanism(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 10 };
	struct request r;

	(void)state;
	make_request(&r, &rng, "call", 1);
	unkey(&r.stream[0].leg[1]);
	r.stream[0].leg[1].mode = UPS_MODE_CLEAR;
	assert_int_equal(add(core, &r, NULL), 0);
	assert_true(ups_core_session_find(core, "call")->manual);
	assert_int_equal(stream_of(core, "call", 0)->leg[0].decision.mechanism, UPS_MECH_MANUAL);
	assert_int_equal(stream_of(core, "call", 0)->leg[1].decision.mechanism, UPS_MECH_NONE);
	assert_int_equal(set(core, &r, NULL), UPS_E_SESSION_EXISTS); /* nobody negotiates there */
	ups_core_destroy(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_terms_are_refused),
		cmocka_unit_test(an_answer_completes_a_pending_leg),
		cmocka_unit_test(two_pending_legs_of_one_interface_differ_later),
		cmocka_unit_test(rfc5764_keys_come_and_are_exchanged_by_handshakes),
		cmocka_unit_test(rtcp_has_an_association_of_its_own_without_mux),
		cmocka_unit_test(keys_that_nobody_waits_for_are_refused),
		cmocka_unit_test(a_strict_leg_does_not_follow_the_handshake),
		cmocka_unit_test(rfc8445_the_nominated_address_is_used),
		cmocka_unit_test(a_posture_is_three_facts),
		cmocka_unit_test(given_keys_are_a_mechanism),
	};

	return cmocka_run_group_tests_name("core: negotiated", tests, NULL, NULL);
}
