// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams come and go while packets arrive for them: events that are late, descriptors that are used again at once, learning
 * in the middle of it. What this looks for shows under the address and thread sanitizers.
 */
#include "dpfix.h"

#include <pthread.h>

#define CALLS 8
#define ROUNDS 150
#define STEADY 0 /* this one stays up */

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

static struct call calls[CALLS];
static int stop;

static const struct leg_spec shapes[][UPS_LEGS] = {
	{ { .mode = UPS_MODE_SRTP, .suite = GCM }, { .mode = UPS_MODE_SRTP, .suite = CM80 } },
	{ { .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH },
	  { .mode = UPS_MODE_SRTP, .suite = CM80 } },
	{ { .mode = UPS_MODE_OPAQUE }, { .mode = UPS_MODE_OPAQUE } },
	{ { .mode = UPS_MODE_CLEAR }, { .mode = UPS_MODE_CLEAR, .source = UPS_SOURCE_LATCH } },
};

/* Sends to every port of the changing calls, good and bad in turn, until told to stop. */
static void *sender(void *arg)
{
	struct packet p;
	uint16_t n = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		for (unsigned int i = 1; i < CALLS; i++) {
			for (unsigned int l = 0; l < UPS_LEGS; l++) {
				rtp_make(&p, FIX_SSRC + l, n, 100);
				fix_send(calls[i].peer[l].fd[0], &calls[i].stream.leg[l].local, &p);
				rtcp_make(&p, FIX_SSRC + l, n);
				fix_send(calls[i].peer[l].fd[1], &calls[i].stream.leg[l].local_rtcp,
					 &p);
			}
		}
		n++;
		usleep(50);
	}
	return NULL;
}

static void churn(struct fix *f)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct ups_plan plan = {};
		struct ups_errmsg msg = {};

		for (unsigned int i = 1; i < CALLS; i++) {
			call_remove(f->dp, &calls[i]);
			plan.add[plan.add_count++] = &calls[i].stream;
		}
		if (ups_dp_apply(f->dp, &plan, &msg))
			fail_msg("%s", msg.text);
		for (unsigned int i = 1; i < CALLS; i++)
			calls[i].dp = f->dp;
		ups_dp_dispatch(f->dp);
		ups_dp_tick(f->dp, 0);
		call_pass(&calls[STEADY], round & 1, round & 2);
	}
}

static void test_churn(void **state)
{
	struct fix *f = *state;
	struct ups_flow_info info;
	uint64_t seen = 0;
	pthread_t thread;

	for (unsigned int i = 0; i < CALLS; i++) {
		call_make(&calls[i], shapes[i % 4], 2, i);
		call_install(f->dp, &calls[i]);
	}
	assert_int_equal(pthread_create(&thread, NULL, sender, NULL), 0);
	churn(f);
	/* the last generation of streams is at work */
	for (int ms = 0; ms < FIX_WAIT_MS && !seen; ms++) {
		info = call_info(f->dp, &calls[CALLS - 1], 0);
		seen = info.stats.lane[UPS_LANE_UDP].rx_packets;
		usleep(1000);
	}
	assert_true(seen > 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < CALLS; i++)
		fix_hangup(f, &calls[i]);
}

/* Calls that are up when the data plane goes are taken down with it. */
static void test_destroy_with_calls(void **state)
{
	struct fix *f = *state;
	struct ups_dp_config config = fix_config(f);
	struct packet plain;
	struct ups_dp *dp;
	struct call c;

	assert_int_equal(ups_dp_create(&config, &dp, NULL), 0);
	call_make(&c, shapes[0], 2, 1);
	call_install(dp, &c);
	call_pass(&c, 0, false);
	call_send(&c, 0, false, &plain);
	ups_dp_destroy(dp);
	call_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_destroy_with_calls),
	};

	return cmocka_run_group_tests_name("udp lane: churn", tests, fix_open, fix_close);
}
