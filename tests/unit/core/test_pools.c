// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pools under the model: slots, runs, media ports, register of keys. */
#include "fixture.h"

#include "core/keyreg.h"
#include "core/ports.h"
#include "core/slots.h"

static void slots_are_given_once_and_in_order_of_return(void **state)
{
	struct ups_slots s;
	uint32_t slot;

	(void)state;
	assert_int_equal(ups_slots_init(&s, 0), UPS_E_RANGE);
	assert_int_equal(ups_slots_init(&s, 3), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ups_slots_take(&s, &slot), 0);
		assert_int_equal(slot, i);
	}
	assert_int_equal(ups_slots_take(&s, &slot), UPS_E_LIMIT);
	ups_slots_put(&s, 2);
	ups_slots_put(&s, 0);
	assert_int_equal(ups_slots_take(&s, &slot), 0);
	assert_int_equal(slot, 2);
	ups_slots_untake(&s, slot);
	assert_int_equal(ups_slots_take(&s, &slot), 0);
	assert_int_equal(slot, 2);
	ups_slots_fini(&s);
}

static void runs_do_not_overlap(void **state)
{
	uint32_t base[64] = {}, size[64] = {}, before;
	uint8_t used[300] = {};
	struct rng rng = { 11 };
	struct ups_runs r;

	(void)state;
	assert_int_equal(ups_runs_init(&r, sizeof(used)), 0);
	for (int round = 0; round < 20000; round++) {
		unsigned int i = rng_below(&rng, 64);

		if (size[i]) {
			ups_runs_put(&r, base[i], size[i]);
			memset(used + base[i], 0, size[i]);
			size[i] = 0;
			continue;
		}
		size[i] = 1 + rng_below(&rng, 16);
		if (ups_runs_take(&r, size[i], &base[i], &before)) {
			size[i] = 0;
			continue;
		}
		assert_true(base[i] + size[i] <= sizeof(used));
		for (uint32_t k = 0; k < size[i]; k++)
			assert_int_equal(used[base[i] + k]++, 0);
	}
	ups_runs_fini(&r);
}

static void a_run_undone_is_given_again(void **state)
{
	uint32_t first, second, again, before, before2;
	struct ups_runs r;

	(void)state;
	assert_int_equal(ups_runs_init(&r, 100), 0);
	assert_int_equal(ups_runs_take(&r, 4, &first, &before), 0);
	assert_int_equal(ups_runs_take(&r, 16, &second, &before2), 0);
	ups_runs_untake(&r, second, 16, before2);
	assert_int_equal(ups_runs_take(&r, 16, &again, &before2), 0);
	assert_int_equal(again, second);
	assert_int_equal(ups_runs_take(&r, 97, &again, &before2), UPS_E_LIMIT);
	assert_int_equal(ups_runs_take(&r, 0, &again, &before2), UPS_E_LIMIT);
	ups_runs_fini(&r);
}

static void ports_are_even_and_given_once(void **state)
{
	bool seen[65536] = {};
	struct ups_ports p;
	uint16_t port;

	(void)state;
	assert_int_equal(ups_ports_init(&p, 20000, 20999), 0);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(ups_ports_take(&p, 0, 1, &port), 0);
		assert_true(port % 2 == 0 && port >= 20000 && port <= 20998);
		assert_false(seen[port]);
		seen[port] = true;
	}
	assert_int_equal(ups_ports_take(&p, 0, 1, &port), UPS_E_NO_PORTS);
	ups_ports_fini(&p);
}

static void odd_ends_of_a_range_lose_their_half_pair(void **state)
{
	struct ups_ports p;
	uint16_t port;

	(void)state;
	assert_int_equal(ups_ports_init(&p, 20001, 20004), 0);
	assert_int_equal(ups_ports_take(&p, 0, 1, &port), 0);
	assert_int_equal(port, 20002);
	assert_int_equal(ups_ports_take(&p, 0, 1, &port), UPS_E_NO_PORTS);
	ups_ports_fini(&p);
	assert_int_equal(ups_ports_init(&p, 20001, 20002), UPS_E_RANGE);
	assert_int_equal(ups_ports_init(&p, 0, 100), UPS_E_RANGE);
	assert_int_equal(ups_ports_init(&p, 65534, 65535), 0);
	assert_int_equal(ups_ports_take(&p, 0, 1, &port), 0);
	assert_int_equal(port, 65534);
	ups_ports_fini(&p);
}

static void a_freed_port_rests_unless_nothing_else_is_left(void **state)
{
	struct ups_ports p;
	uint16_t a, b, c;

	(void)state;
	assert_int_equal(ups_ports_init(&p, 20000, 20003), 0);
	assert_int_equal(ups_ports_take(&p, 0, 1, &a), 0);
	ups_ports_put(&p, a, 1);
	for (int i = 0; i < 50; i++) { /* the other one each time, by chance once in 2^50 */
		assert_int_equal(ups_ports_take(&p, 0, 2, &b), 0);
		assert_int_not_equal(b, a);
		ups_ports_untake(&p, b);
	}
	assert_int_equal(ups_ports_take(&p, 0, 2, &b), 0);
	assert_int_equal(ups_ports_take(&p, 0, 2, &c), 0); /* resting, but better than none */
	assert_int_equal(c, a);
	ups_ports_untake(&p, c);
	assert_int_equal(p.rest_count, 1);
	ups_ports_put(&p, b, 3);
	assert_int_equal(ups_ports_take(&p, 0, 3, &c), 0); /* the one that rests longest */
	assert_int_equal(c, a);
	ups_ports_untake(&p, c);
	assert_int_equal(ups_ports_take(&p, 0, 10 * UPS_PORTS_REST_NS, &c), 0);
	assert_int_equal(p.rest_count, 0);
	assert_int_equal(p.free_count, 1);
	ups_ports_fini(&p);
}

static void a_port_may_be_named(void **state)
{
	struct ups_ports p;
	uint16_t port;

	(void)state;
	assert_int_equal(ups_ports_init(&p, 20000, 20099), 0);
	assert_int_equal(ups_ports_take(&p, 20040, 1, &port), 0);
	assert_int_equal(port, 20040);
	assert_true(ups_ports_in_use(&p, 20040));
	assert_int_equal(ups_ports_take(&p, 20040, 1, &port), -EADDRINUSE);
	assert_int_equal(ups_ports_take(&p, 20041, 1, &port), UPS_E_RANGE);
	assert_int_equal(ups_ports_take(&p, 19998, 1, &port), UPS_E_RANGE);
	assert_int_equal(ups_ports_take(&p, 20100, 1, &port), UPS_E_RANGE);
	ups_ports_put(&p, 20040, 1);
	assert_int_equal(ups_ports_take(&p, 20040, 1, &port), 0); /* resting, but asked for */
	ups_ports_fini(&p);
}

/* 2000 draws of one port out of 500: each value is expected 4 times, and none more than 30 times. */
static void ports_are_spread_over_the_range(void **state)
{
	unsigned int hits[500] = {}, distinct = 0;
	struct ups_ports p;
	uint16_t port;

	(void)state;
	assert_int_equal(ups_ports_init(&p, 20000, 20999), 0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(ups_ports_take(&p, 0, 1, &port), 0);
		ups_ports_untake(&p, port);
		distinct += !hits[(port - 20000) / 2]++;
		assert_true(hits[(port - 20000) / 2] < 30);
	}
	assert_true(distinct > 400);
	ups_ports_fini(&p);
}

static int hold(struct ups_keyreg *reg, uint32_t number, bool tx, struct ups_keyreg_entry **entry)
{
	uint8_t key[16] = {};

	memcpy(key, &number, sizeof(number));
	return ups_keyreg_hold(reg, key, sizeof(key), tx, entry);
}

/* Uses key @number up: held, kept, released. */
static int use(struct ups_keyreg *reg, uint32_t number, bool tx)
{
	struct ups_keyreg_entry *entry;
	int err = ups_keyreg_reserve(reg, 1);

	if (!err)
		err = hold(reg, number, tx, &entry);
	if (err)
		return err;
	ups_keyreg_keep(reg, entry);
	ups_keyreg_release(reg, entry);
	return 0;
}

static void keys_meet_the_rules(void **state)
{
	struct ups_keyreg_entry *entry, *other;
	struct ups_keyreg *reg;

	(void)state;
	assert_int_equal(ups_keyreg_create(64, &reg), 0);
	assert_int_equal(hold(reg, 1, true, &entry), 0);
	assert_int_equal(hold(reg, 1, true, &other), UPS_E_KEY_REUSED);
	assert_int_equal(hold(reg, 1, false, &other), UPS_E_KEY_REUSED);
	ups_keyreg_release(reg, entry); /* never kept: no trace */
	assert_int_equal(use(reg, 1, true), 0);
	assert_int_equal(use(reg, 1, true), UPS_E_KEY_REUSED);
	assert_int_equal(use(reg, 1, false), UPS_E_KEY_REUSED);
	assert_int_equal(use(reg, 2, false), 0);
	assert_int_equal(use(reg, 2, false), 0); /* a peer that keeps its key */
	assert_int_equal(use(reg, 2, true), UPS_E_KEY_REUSED); /* but it is not ours to send with */
	assert_int_equal(ups_keyreg_live(reg), 0);
	ups_keyreg_destroy(reg);
}

static void history_is_bounded_and_remembers_at_least_half(void **state)
{
	const uint32_t history = 256;
	struct ups_keyreg *reg;

	(void)state;
	assert_int_equal(ups_keyreg_create(100, &reg), UPS_E_RANGE);
	assert_int_equal(ups_keyreg_create(history, &reg), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		assert_int_equal(use(reg, i, true), 0);
		for (uint32_t back = 0; back < history / 2 && back <= i; back += 17)
			assert_int_equal(use(reg, i - back, true), UPS_E_KEY_REUSED);
	}
	assert_true(ups_keyreg_forgotten(reg) >= 5000 - history);
	assert_int_equal(use(reg, 0, true), 0); /* forgotten */
	ups_keyreg_destroy(reg);
}

static void a_key_in_use_outlives_the_history(void **state)
{
	struct ups_keyreg_entry *entry, *other;
	struct ups_keyreg *reg;

	(void)state;
	assert_int_equal(ups_keyreg_create(64, &reg), 0);
	assert_int_equal(ups_keyreg_reserve(reg, 1), 0);
	assert_int_equal(hold(reg, 1, true, &entry), 0);
	ups_keyreg_keep(reg, entry);
	for (uint32_t i = 100; i < 1000; i++)
		assert_int_equal(use(reg, i, true), 0);
	assert_int_equal(hold(reg, 1, false, &other), UPS_E_KEY_REUSED);
	ups_keyreg_release(reg, entry); /* enters the history anew */
	assert_int_equal(use(reg, 1, true), UPS_E_KEY_REUSED);
	ups_keyreg_destroy(reg);
}

static void history_grows_to_its_bound(void **state)
{
	struct ups_keyreg *reg;

	(void)state;
	assert_int_equal(ups_keyreg_create(1u << 16, &reg), 0);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(use(reg, i, true), 0);
	assert_true(ups_keyreg_forgotten(reg) > 0 &&
		    ups_keyreg_forgotten(reg) <= 100000 - (1u << 15));
	ups_keyreg_destroy(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_given_once_and_in_order_of_return),
		cmocka_unit_test(runs_do_not_overlap),
		cmocka_unit_test(a_run_undone_is_given_again),
		cmocka_unit_test(ports_are_even_and_given_once),
		cmocka_unit_test(odd_ends_of_a_range_lose_their_half_pair),
		cmocka_unit_test(a_freed_port_rests_unless_nothing_else_is_left),
		cmocka_unit_test(a_port_may_be_named),
		cmocka_unit_test(ports_are_spread_over_the_range),
		cmocka_unit_test(keys_meet_the_rules),
		cmocka_unit_test(history_is_bounded_and_remembers_at_least_half),
		cmocka_unit_test(a_key_in_use_outlives_the_history),
		cmocka_unit_test(history_grows_to_its_bound),
	};

	return cmocka_run_group_tests_name("core: pools and register of keys", tests, NULL, NULL);
}
