// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * upsec/window.h against a naive model (every index ever taken, in a bitmap), the index estimate against the definition
 * of RFC 3711 3.3.1 (the candidate nearest to the newest index), and uniqueness with several threads.
 */
#include <pthread.h>

#include "fixture.h"
#include "upsec/window.h"

#define MODEL_SPAN (1u << 20)

struct model {
	uint64_t top; /* newest plus one */
	uint8_t taken[MODEL_SPAN / 8];
};

static uint32_t model_take(struct model *m, uint64_t index)
{
	uint8_t *byte = &m->taken[index / 8 % sizeof(m->taken)];
	uint8_t bit = (uint8_t)(1u << index % 8);

	if (index + UPS_WINDOW_SPAN < m->top)
		return UPS_DROP_TOO_OLD;
	if (*byte & bit)
		return UPS_DROP_REPLAY;
	*byte |= bit;
	if (index >= m->top)
		m->top = index + 1;
	return 0;
}

static uint64_t step(struct rng *rng)
{
	if (rng_one_in(rng, 200))
		return 1 + rng_below(rng, 5000);
	return rng_one_in(rng, 20) ? rng_below(rng, 300) : rng_below(rng, 3);
}

static void random_walk(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	struct rng rng = { .state = 1 };
	unsigned int verdicts[UPS_DROP_MAX] = { 0 };
	struct ups_window w = { 0 };
	uint64_t newest = 0;

	(void)state;
	assert_non_null(m);
	while (newest < MODEL_SPAN - 6000) {
		uint64_t back = rng_one_in(&rng, 3) ? rng_below(&rng, 400) : 0;
		uint64_t index;
		uint32_t want, check;

		newest += step(&rng);
		index = back > newest ? 0 : newest - back;
		check = ups_window_check(&w, index);
		want = model_take(m, index);
		assert_int_equal(check, want);
		assert_int_equal(ups_window_take(&w, index), want);
		assert_int_equal(w.top, m->top);
		verdicts[want]++;
	}
	assert_true(verdicts[0] > 10000 && verdicts[UPS_DROP_REPLAY] > 1000 &&
		    verdicts[UPS_DROP_TOO_OLD] > 1000);
	free(m);
}

static void refusal_changes_nothing(void **state)
{
	struct ups_window w = { 0 }, before;

	(void)state;
	for (uint64_t i = 1000; i < 1300; i++)
		assert_int_equal(ups_window_take(&w, i), 0);
	before = w;
	assert_int_equal(ups_window_take(&w, 1299), UPS_DROP_REPLAY);
	assert_int_equal(ups_window_take(&w, 1076), UPS_DROP_REPLAY); /* the oldest remembered */
	assert_int_equal(ups_window_take(&w, 1075), UPS_DROP_TOO_OLD);
	assert_int_equal(ups_window_take(&w, 0), UPS_DROP_TOO_OLD);
	assert_int_equal(ups_window_check(&w, 1299), UPS_DROP_REPLAY);
	assert_memory_equal(&w, &before, sizeof(w));
}

/* After a jump over the whole ring, what the words held before must not count. */
static void jumps(void **state)
{
	struct ups_window w = { 0 };
	uint64_t index = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		index += 256 * 37 + 5;
		assert_int_equal(ups_window_take(&w, index), 0);
		for (uint64_t back = 1; back < UPS_WINDOW_SPAN; back++)
			assert_int_equal(ups_window_check(&w, index - back), 0);
		assert_int_equal(ups_window_check(&w, index - UPS_WINDOW_SPAN), UPS_DROP_TOO_OLD);
	}
	/* the last SRTCP index of all */
	index = (1ULL << 31) - 1;
	assert_int_equal(ups_window_take(&w, index), 0);
	assert_int_equal(ups_window_take(&w, index), UPS_DROP_REPLAY);
	assert_int_equal(ups_window_take(&w, index - 200), 0);
}

/* The 32-bit epoch of a word wraps once in 2^40 packets. */
static void epoch_wrap(void **state)
{
	uint64_t index = 0xfffffff0ULL * 256;
	struct ups_window w = { .top = index };

	(void)state;
	for (int i = 0; i < UPS_WINDOW_WORDS; i++)
		w.word[i] = 0xffffffefULL << 32 | 0xffffffff;
	for (uint64_t end = index + 32 * 256ULL; index < end; index++) {
		assert_int_equal(ups_window_take(&w, index), 0);
		assert_int_equal(ups_window_take(&w, index), UPS_DROP_REPLAY);
		assert_int_equal(ups_window_check(&w, index - 200), UPS_DROP_REPLAY);
		assert_int_equal(ups_window_check(&w, index - 400), UPS_DROP_TOO_OLD);
	}
}

/* RFC 3711 3.3.1: among ROC - 1, ROC, ROC + 1 the index nearest to the newest; there is no ROC below 0 */
static uint64_t nearest(uint64_t newest, uint16_t seq)
{
	uint64_t best = 0, distance = UINT64_MAX;

	for (int d = -1; d <= 1; d++) {
		int64_t roc = (int64_t)(newest >> 16) + d;
		uint64_t index = (uint64_t)roc << 16 | seq;
		uint64_t far = index > newest ? index - newest : newest - index;

		if (roc >= 0 && far < distance) {
			distance = far;
			best = index;
		}
	}
	return best;
}

static void estimate(void **state)
{
	struct rng rng = { .state = 3 };
	struct ups_window w = { 0 };

	(void)state;
	assert_int_equal(ups_window_estimate(&w, 65535), 65535); /* the first packet */
	for (int i = 0; i < 1000000; i++) {
		uint64_t newest = rng_u64(&rng) >> (16 + rng_below(&rng, 32));
		uint16_t seq = (uint16_t)rng_u64(&rng);
		uint64_t want = nearest(newest, seq), got;

		w.top = newest + 1;
		got = ups_window_estimate(&w, seq);
		if (newest <= 0x8000)
			want = seq; /* window.h: before index 2^15 there is no other choice */
		/* Exactly half way both are right. */
		if ((uint16_t)(seq - newest) == 0x8000)
			continue;
		assert_int_equal(got, want);
	}
}

#define THREADS 4
#define INDICES 60000

struct race {
	struct ups_window window;
	uint8_t winners[INDICES];
	unsigned int contended;
	pthread_barrier_t start;
};

/* Every thread tries every index, in step with the others within half a window. */
static void *racer(void *arg)
{
	struct race *r = arg;

	pthread_barrier_wait(&r->start);
	for (uint32_t i = 0; i < INDICES; i++) {
		uint32_t reason = ups_window_take(&r->window, i);

		if (!reason)
			__atomic_fetch_add(&r->winners[i], 1, __ATOMIC_RELAXED);
		else if (reason == UPS_DROP_CONTENDED)
			__atomic_fetch_add(&r->contended, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void one_winner_each(void **state)
{
	struct race *r = calloc(1, sizeof(*r));
	pthread_t thread[THREADS];
	unsigned int lost = 0;

	(void)state;
	assert_non_null(r);
	pthread_barrier_init(&r->start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, racer, r), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < INDICES; i++) {
		assert_true(r->winners[i] <= 1);
		lost += !r->winners[i];
	}
	/* A bit can be set and the race for `top` lost (CONTENDED): skipped, never given twice. */
	assert_true(lost <= r->contended);
	assert_int_equal(r->window.top, INDICES);
	pthread_barrier_destroy(&r->start);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk), cmocka_unit_test(refusal_changes_nothing),
		cmocka_unit_test(jumps),       cmocka_unit_test(epoch_wrap),
		cmocka_unit_test(estimate),    cmocka_unit_test(one_winner_each),
	};

	return cmocka_run_group_tests_name("index windows", tests, NULL, NULL);
}
