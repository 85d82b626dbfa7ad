// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Several threads, each with its queue, on the same keys, SSRC slots and counters, through each backend. */
#include <pthread.h>

#include "fixture.h"

#define THREADS 4
#define PACKETS 4000
#define BURST 16

struct thread {
	struct shared *shared;
	struct ups_crypto_queue *queue;
	pthread_t id;
	uint64_t passed, expired, refused;
	uint32_t word[PACKETS]; /* E || index of every SRTCP packet this thread sent */
};

struct shared {
	struct leg leg;
	uint8_t winners[PACKETS];
	struct pkt wire[PACKETS];
	pthread_barrier_t start;
	struct thread thread[THREADS];
};

static int setup(void **state)
{
	return fix_open(state, *state);
}

static struct shared *start(struct fix *f, unsigned int suite)
{
	struct shared *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	leg_open(f, &s->leg, suite);
	pthread_barrier_init(&s->start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		s->thread[i].shared = s;
		assert_int_equal(ups_crypto_queue_create(f->crypto, &s->thread[i].queue), 0);
	}
	return s;
}

static void run(struct shared *s, void *(*body)(void *))
{
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&s->thread[i].id, NULL, body, &s->thread[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(s->thread[i].id, NULL);
}

static void stop(struct shared *s)
{
	for (int i = 0; i < THREADS; i++)
		ups_crypto_queue_destroy(s->thread[i].queue);
	pthread_barrier_destroy(&s->start);
	leg_close(&s->leg);
	free(s);
}

/* Everybody sends every sequence number; a packet that is sent is kept by its one winner. */
static void *send_all(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	struct ups_srtp_op ops[BURST];
	struct pkt p[BURST];

	pthread_barrier_wait(&s->start);
	for (unsigned int at = 0; at < PACKETS; at += BURST) {
		for (unsigned int i = 0; i < BURST; i++) {
			p[i] = rtp(1, (uint16_t)(at + i), 50);
			ops[i] = op_of(&s->leg.tx, &p[i]);
		}
		ups_srtp_protect(t->queue, ops, BURST);
		for (unsigned int i = 0; i < BURST; i++) {
			if (ops[i].result) {
				t->refused++;
				continue;
			}
			t->passed++;
			p[i].len = ops[i].len;
			if (!__atomic_fetch_add(&s->winners[at + i], 1, __ATOMIC_RELAXED))
				s->wire[at + i] = p[i];
		}
	}
	return NULL;
}

/* Everybody receives every packet. */
static void *receive_all(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	struct ups_srtp_op ops[BURST];
	struct pkt p[BURST];

	pthread_barrier_wait(&s->start);
	for (unsigned int at = 0; at < PACKETS; at += BURST) {
		size_t count = 0;

		for (unsigned int i = 0; i < BURST; i++) {
			if (!s->wire[at + i].len)
				continue;
			p[count] = s->wire[at + i];
			ops[count] = op_of(&s->leg.rx, &p[count]);
			count++;
		}
		if (!count)
			continue;
		ups_srtp_unprotect(t->queue, ops, count);
		for (unsigned int i = 0; i < count; i++) {
			struct pkt plain = rtp(1, (uint16_t)(p[i].data[2] << 8 | p[i].data[3]), 50);

			t->passed += !ops[i].result;
			if (!ops[i].result && memcmp(p[i].data, plain.data, plain.len))
				t->refused += PACKETS * THREADS;
		}
	}
	return NULL;
}

static uint64_t total_passed(struct shared *s)
{
	uint64_t passed = 0;

	for (int i = 0; i < THREADS; i++) {
		passed += s->thread[i].passed;
		s->thread[i].passed = 0;
	}
	return passed;
}

static void same_ssrc(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = 1; suite < UPS_SUITE_COUNT; suite += 3) {
		struct shared *s = start(f, suite);
		uint64_t sent, received, kept = 0;

		run(s, send_all);
		sent = total_passed(s);
		for (unsigned int i = 0; i < PACKETS; i++) {
			assert_true(s->winners[i] <= 1); /* no index was used twice */
			kept += s->winners[i];
		}
		assert_int_equal(sent, kept);
		assert_int_equal(sent, s->leg.tx_use[0].rtp);
		assert_true(sent > PACKETS / 2);
		for (int i = 0; i < THREADS; i++)
			s->thread[i].refused = 0;
		run(s, receive_all);
		received = total_passed(s);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(s->thread[i].refused, 0); /* no plaintext was wrong */
		assert_true(received <= sent && received > sent / 2);
		assert_int_equal(received, s->leg.rx_use[0].rtp);
		assert_int_equal(s->leg.received[1].id, 0);
		stop(s);
	}
}

static void *send_rtcp(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;

	pthread_barrier_wait(&s->start);
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct pkt p = rtcp(1, 20);
		struct ups_srtp_op op = op_of(&s->leg.tx, &p);

		ups_srtp_protect(t->queue, &op, 1);
		if (op.result)
			t->expired += op.result == UPS_DROP_KEY_EXPIRED;
		else
			memcpy(&t->word[t->passed++], p.data + op.len - 4, 4);
	}
	return NULL;
}

/* A lifetime that ends while all of them send: exactly that many packets leave, each with an index of its own. */
static void rtcp_lifetime(void **state)
{
	struct fix *f = fix_get(state);
	struct shared *s = start(f, UPS_SUITE_AEAD_AES_128_GCM);
	const uint64_t limit = PACKETS * 2 + 17;
	uint8_t *seen = calloc(1, PACKETS * THREADS);
	uint64_t sent = 0;

	assert_non_null(seen);
	s->leg.tx_use[0].rtcp_limit = limit;
	run(s, send_rtcp);
	for (int i = 0; i < THREADS; i++) {
		struct thread *t = &s->thread[i];

		assert_int_equal(t->passed + t->expired, PACKETS);
		sent += t->passed;
		for (unsigned int k = 0; k < t->passed; k++) {
			uint32_t index = __builtin_bswap32(t->word[k]) & ~UPS_RTCP_EBIT;

			assert_true(index < PACKETS * THREADS);
			assert_int_equal(seen[index]++, 0);
		}
	}
	assert_int_equal(sent, limit);
	free(seen);
	stop(s);
}

static void *claim(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	struct rng rng = { .state = (uint64_t)(t - s->thread) };

	pthread_barrier_wait(&s->start);
	for (unsigned int i = 0; i < 64; i++) {
		struct pkt p = rtp(rng_below(&rng, 6), (uint16_t)i, 10);
		struct ups_srtp_op op = op_of(&s->leg.tx, &p);

		ups_srtp_protect(t->queue, &op, 1);
		t->passed += !op.result;
	}
	return NULL;
}

/* A race for the slots: each SSRC has at most one. */
static void slots(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int round = 0; round < 200; round++) {
		struct shared *s = start(f, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);

		run(s, claim);
		for (unsigned int i = 0; i < FIX_SLOTS; i++) {
			assert_true(s->leg.sent[i].id & UPS_SSRC_USED);
			for (unsigned int k = 0; k < i; k++)
				assert_true(s->leg.sent[i].id != s->leg.sent[k].id);
		}
		assert_true(total_passed(s) > 0);
		stop(s);
	}
}

#define BOTH(fn)                                                                  \
	{ "ipsec-mb " #fn, fn, setup, fix_close, (void *)(uintptr_t)"ipsec-mb" }, \
		{ "openssl " #fn, fn, setup, fix_close, (void *)(uintptr_t)"openssl" }

int main(void)
{
	const struct CMUnitTest tests[] = { BOTH(same_ssrc), BOTH(rtcp_lifetime), BOTH(slots) };

	return cmocka_run_group_tests_name("SRTP with threads", tests, NULL, NULL);
}
