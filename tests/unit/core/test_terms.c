// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is a change of a stream and what is none: one difference at a time. */
#include "taken.h"

static void full_request(struct request *r, struct rng *rng)
{
	struct ups_leg_request *leg;

	make_request(r, rng, "call", 2);
	leg = &r->stream[0].leg[0];
	leg->source_set = true;
	leg->source = UPS_SOURCE_LATCH;
	leg->source_ip = addr("192.0.2.77");
	strcpy(leg->decision.rule, "users");
	strcpy(leg->decision.reason, "asked for by the user");
	leg->decision.mechanism = UPS_MECH_SDES;
	leg->ice.on = true;
	strcpy(leg->ice.local_ufrag, "ufrag");
	strcpy(leg->ice.local_pwd, "password-of-22-letters");
	strcpy(leg->ice.remote_ufrag, "theirs");
	leg = &r->stream[1].leg[1];
	leg->rx = NULL;
	leg->rx_count = 0;
	leg->tx = NULL;
	leg->dtls = (struct ups_dtls_spec) { .on = true,
					     .role = UPS_DTLS_ACTIVE,
					     .association = 7,
					     .suites = 1u << UPS_SUITE_AEAD_AES_128_GCM,
					     .fingerprint_count = 1,
					     .fingerprint = { { .hash = 1, .size = 32 } } };
}

static void a_request_that_changes_nothing_plans_nothing(void **state)
{
	struct ups_core *core = make_core(&fixture_limits, 100);
	struct rng rng = { 1 };
	struct request r;
	struct ups_plan plan;
	const struct ups_stream *before;
	struct taken taken;

	(void)state;
	full_request(&r, &rng);
	assert_int_equal(set(core, &r, NULL), 0);
	before = stream_of(core, "call", 0);
	taken = taken_of(core);
	/* what stands behind the end of a text, or behind the last of a list, says nothing */
	memset(r.stream[0].leg[0].decision.reason + 30, 'x', 20);
	memset(&r.stream[1].leg[1].dtls.fingerprint[1], 'x', sizeof(struct ups_fingerprint));
	r.stream[1].leg[0].dtls.association = 99; /* nor DTLS terms that are not on */
	r.stream[0].leg[0].local_port = 20090; /* nor a port, while one is kept */
	r.stream[0].ssrc_limit = 9;
	r.pub.keep_old = true;
	assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
	assert_int_equal(plan.add_count + plan.del_count + plan.change_count, 0);
	assert_int_equal(ups_core_session_del(core, "call", &plan, NULL), -EBUSY);
	ups_core_commit(core, &plan);
	assert_ptr_equal(stream_of(core, "call", 0), before);
	assert_taken(core, &taken);
	ups_core_destroy(core);
}

static void mode(struct request *r)
{
	struct ups_leg_request *leg = &r->stream[1].leg[0];

	leg->mode = UPS_MODE_CLEAR;
	leg->rx_count = 0;
	leg->tx = NULL;
}
static void source(struct request *r)
{
	r->stream[0].leg[0].source = UPS_SOURCE_STRICT;
}
static void source_ip(struct request *r)
{
	r->stream[0].leg[0].source_ip = addr("192.0.2.78");
}
static void remote(struct request *r)
{
	r->stream[0].leg[1].remote = addr("198.51.100.77:4002");
}
static void remote_rtcp(struct request *r)
{
	r->stream[0].leg[1].remote_rtcp = addr("198.51.100.77:5001");
}
static void mux(struct request *r)
{
	r->stream[0].leg[1].rtcp_mux = true;
}
static void no_rtcp(struct request *r)
{
	r->stream[0].leg[1].no_rtcp = true;
}
static void tos(struct request *r)
{
	r->stream[0].leg[1].tos = 184;
}
static void media(struct request *r)
{
	r->stream[0].media = "video";
}
static void lane(struct request *r)
{
	r->stream[0].lane = UPS_CHOOSE_UDP;
}
static void rtcp_clear(struct request *r)
{
	r->rx[0][0][0].rtcp_clear = true;
}
static void lifetime(struct request *r)
{
	r->tx[0][0].rtp_lifetime = 5;
}
static void new_rx(struct request *r)
{
	struct rng rng = { 99 };

	r->rx[0][0][0] = fresh_key(&rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
}
static void no_keys_yet(struct request *r)
{
	r->stream[0].leg[0].pending = true;
	r->stream[0].leg[0].rx_count = 0;
}
static void decision_reason(struct request *r)
{
	strcpy(r->stream[0].leg[0].decision.reason, "asked for by the provider");
}
static void decision_compromised(struct request *r)
{
	r->stream[0].leg[0].decision.compromised = true;
}
static void ice_remote(struct request *r)
{
	strcpy(r->stream[0].leg[0].ice.remote_ufrag, "other");
}
static void ice_off(struct request *r)
{
	r->stream[0].leg[0].ice.on = false;
}
static void dtls_role(struct request *r)
{
	r->stream[1].leg[1].dtls.role = UPS_DTLS_PASSIVE;
}
static void dtls_association(struct request *r)
{
	r->stream[1].leg[1].dtls.association++;
}
static void dtls_fingerprint(struct request *r)
{
	r->stream[1].leg[1].dtls.fingerprint[0].value[31] ^= 1;
}
static void dtls_name(struct request *r)
{
	strcpy(r->stream[1].leg[1].dtls.peer_name, "peer.example");
}
static void dtls_suites(struct request *r)
{
	r->stream[1].leg[1].dtls.suites |= 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_80;
}

static void every_difference_is_a_change_of_its_stream(void **state)
{
	static void (*const differ[])(struct request *r) = {
		mode,
		source,
		source_ip,
		remote,
		remote_rtcp,
		mux,
		no_rtcp,
		tos,
		media,
		lane,
		rtcp_clear,
		lifetime,
		new_rx,
		no_keys_yet,
		decision_reason,
		decision_compromised,
		ice_remote,
		ice_off,
		dtls_role,
		dtls_association,
		dtls_fingerprint,
		dtls_name,
		dtls_suites,
	};
	struct rng rng = { 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++) {
		struct ups_core *core = make_core(&fixture_limits, 100);
		struct ups_plan plan;
		struct request r;

		full_request(&r, &rng);
		assert_int_equal(set(core, &r, NULL), 0);
		differ[i](&r);
		assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
		assert_int_equal(plan.add_count + plan.del_count, 0);
		assert_int_equal(plan.change_count, 1);
		assert_ptr_not_equal(plan.change[0].from, plan.change[0].to);
		ups_core_commit(core, &plan);
		assert_int_equal(ups_core_session_set(core, &r.pub, &plan, NULL), 0);
		assert_int_equal(plan.change_count, 0); /* that took effect */
		ups_core_abort(core, &plan);
		ups_core_destroy(core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_changes_nothing_plans_nothing),
		cmocka_unit_test(every_difference_is_a_change_of_its_stream),
	};

	return cmocka_run_group_tests_name("core: terms", tests, NULL, NULL);
}
