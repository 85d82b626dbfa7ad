// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random sequences of everything that changes sessions, committed or aborted, against a record of all transmit keys ever used: none
 * comes back, none is on two slots, and whatever was taken is in the sessions or in the pools.
 */
#include "fixture.h"

#include "core/core_priv.h"

#define STEPS 10000
#define CALLS 12
#define LINES 5 /* m-line numbers 0..LINES - 1 */
#define KEYS (1u << 17) /* places of the record; a power of two */

static const struct ups_limits limits = {
	.sessions = 10, /* fewer than calls: some additions are refused */
	.flows = 80,
	.keys = 110,
	.ssrcs = 240,
	.ssrc_per_flow = 3,
};

/* A transmit key that was used */
struct used {
	uint8_t key[16]; /* first bytes of the master; zeros = empty place */
	uint32_t slot;
	unsigned int seen; /* round in which it was last in a session */
};

struct world {
	struct ups_core *core;
	struct rng rng;
	uint64_t now;
	unsigned int round, refused, reused;
	struct request call[CALLS]; /* as last committed */
	bool there[CALLS];
	struct used used[KEYS];
	struct ups_key_spec retired; /* a transmit key that was given up */
};

/* ---- the record of keys ---------------------------------------------------------------------------------------- */

static struct used *find_used(struct world *w, const uint8_t key[static 16])
{
	static const uint8_t empty[16];
	uint32_t at;

	memcpy(&at, key, sizeof(at));
	for (at &= KEYS - 1;; at = (at + 1) & (KEYS - 1)) {
		if (!memcmp(w->used[at].key, key, 16) || !memcmp(w->used[at].key, empty, 16))
			return &w->used[at];
	}
}

static void see_tx(struct world *w, const struct ups_key_spec *key)
{
	struct used *used = find_used(w, key->master.data);

	if (!used->seen) {
		memcpy(used->key, key->master.data, 16);
		used->slot = key->slot;
	} else {
		assert_int_equal(used->seen, w->round - 1); /* it was there all the time */
		assert_int_equal(used->slot, key->slot);
	}
	used->seen = w->round;
}

/* ---- what must hold after each step ---------------------------------------------------------------------------- */

struct sums {
	uint8_t flow[80], key[110], ssrc[240];
	unsigned int flows, keys, ssrcs, ports;
};

static void claim(uint8_t *map, uint32_t at, unsigned int *sum)
{
	assert_int_equal(map[at]++, 0);
	(*sum)++;
}

static void sum_leg(struct world *w, const struct ups_core_stream *s, unsigned int l,
		    struct sums *sums)
{
	struct ups_leg *leg = (struct ups_leg *)&s->pub.leg[l];
	const struct ups_stream *owner;
	unsigned int found;

	for (unsigned int place = 0; place < UPS_PLACE_COUNT; place++) {
		const struct ups_key_spec *key = ups_leg_key(leg, place);

		assert_int_equal(!!key->suite, !!s->key[l][place]);
		if (!key->suite)
			continue;
		assert_int_equal(leg->mode, UPS_MODE_SRTP);
		claim(sums->key, key->slot, &sums->keys);
		if (place == UPS_PLACE_TX || place == UPS_PLACE_TX_RTCP)
			see_tx(w, key);
		assert_true(place >= UPS_RX_KEYS_MAX || place < leg->rx_count);
	}
	assert_int_equal(!!leg->rx_old.suite, !!leg->rx_old_until_ns);
	claim(sums->flow, s->pub.flow[l], &sums->flows);
	for (uint32_t i = 0; i < s->pub.ssrc_count; i++)
		claim(sums->ssrc, s->pub.ssrc_base[l] + i, &sums->ssrcs);
	sums->ports++;
	assert_true(ups_ports_in_use(ups_take_pool(w->core, leg->iface, &leg->local),
				     ups_addr_port(&leg->local)));
	assert_non_null(ups_core_flow_owner(w->core, s->pub.flow[l], &owner, &found));
	assert_ptr_equal(owner, &s->pub);
	assert_int_equal(found, l);
}

static void check(struct world *w)
{
	const struct ups_session *session = NULL;
	struct ups_core *core = w->core;
	unsigned int ports = 0, due = 0, queued = 0;
	struct sums sums = {};

	w->round++;
	while ((session = ups_core_session_next(core, session))) {
		for (unsigned int i = 0; i < session->stream_count; i++) {
			const struct ups_core_stream *s = ups_core_stream_of(session->stream[i]);

			assert_true(!i ||
				    session->stream[i]->index > session->stream[i - 1]->index);
			sum_leg(w, s, 0, &sums);
			sum_leg(w, s, 1, &sums);
			due += ups_plan_due_ns(s) != UINT64_MAX;
		}
	}
	for (const struct ups_core_stream *s = core->due_first; s; s = s->due_after)
		queued++;
	for (unsigned int i = 0; i < IFACES; i++)
		ports += core->ports[i][0].used_count + core->ports[i][1].used_count;
	assert_int_equal(queued, due);
	assert_int_equal(sums.flows, limits.flows - core->flows.free);
	assert_int_equal(sums.keys, limits.keys - core->keys.free);
	assert_int_equal(sums.keys, ups_keyreg_live(core->keyreg));
	assert_int_equal(sums.ssrcs, core->ssrcs.taken);
	assert_int_equal(sums.ports, ports);
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

static void key_leg(struct world *w, struct request *r, unsigned int s, unsigned int l)
{
	struct ups_leg_request *leg = &r->stream[s].leg[l];
	unsigned int suite = 1 + rng_below(&w->rng, 8);

	if (rng_one_in(&w->rng, 2)) {
		r->rx[s][l][0] = fresh_key(&w->rng, suite);
		leg->rx_count = 1;
	}
	if (rng_one_in(&w->rng, 2)) {
		if (leg->tx)
			w->retired = r->tx[s][l];
		r->tx[s][l] = fresh_key(&w->rng, suite);
	}
	if (rng_one_in(&w->rng, 20) && w->retired.suite)
		r->tx[s][l] = w->retired;
}

static void change_mode(struct world *w, struct request *r, unsigned int s, unsigned int l)
{
	struct ups_leg_request *leg = &r->stream[s].leg[l];
	unsigned int which = rng_below(&w->rng, 4);

	leg->mode = which == 0 ? UPS_MODE_CLEAR : UPS_MODE_SRTP;
	leg->dtls = (struct ups_dtls_spec) { .on = which == 1,
					     .association = rng_below(&w->rng, 3),
					     .suites = 1u << UPS_SUITE_AEAD_AES_128_GCM };
	leg->rx_count = 0;
	leg->tx = NULL;
	if (which < 2)
		return;
	leg->rx = r->rx[s][l];
	leg->tx = &r->tx[s][l];
	leg->rx_count = 1;
	r->rx[s][l][0] = fresh_key(&w->rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	r->tx[s][l] = fresh_key(&w->rng, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static void change_leg(struct world *w, struct request *r, unsigned int s, unsigned int l)
{
	struct ups_leg_request *leg = &r->stream[s].leg[l];

	switch (rng_below(&w->rng, 8)) {
	case 0:
		change_mode(w, r, s, l);
		break;
	case 1:
		ups_addr_set_port(&leg->remote, (uint16_t)(2000 + rng_below(&w->rng, 1000)));
		break;
	case 2:
		leg->rtcp_mux = !leg->rtcp_mux;
		break;
	case 3:
		if (l == 0)
			leg->remote = rng_one_in(&w->rng, 2) ? addr("[2001:db8::77]:4000")
							     : addr("192.0.2.77:4000");
		break;
	case 4:
		leg->pending = !leg->pending;
		break;
	default:
		if (leg->tx)
			key_leg(w, r, s, l);
		break;
	}
}

/* The stream of m-line @line, with keys of its own */
static void new_stream(struct world *w, struct request *r, unsigned int at, uint16_t line)
{
	static struct request one;

	make_request(&one, &w->rng, "x", 1);
	r->stream[at] = one.stream[0];
	r->stream[at].index = line;
	for (unsigned int l = 0; l < UPS_LEGS; l++) {
		r->rx[at][l][0] = one.rx[0][l][0];
		r->tx[at][l] = one.tx[0][l];
	}
}

static void move_stream(struct request *r, unsigned int from, unsigned int to)
{
	r->stream[to] = r->stream[from];
	memcpy(r->rx[to], r->rx[from], sizeof(r->rx[to]));
	memcpy(r->tx[to], r->tx[from], sizeof(r->tx[to]));
}

static void add_line(struct world *w, struct request *r)
{
	uint16_t line = (uint16_t)rng_below(&w->rng, LINES);
	unsigned int at = 0;

	while (at < r->pub.stream_count && r->stream[at].index < line)
		at++;
	if (at < r->pub.stream_count && r->stream[at].index == line)
		return;
	for (unsigned int i = r->pub.stream_count; i > at; i--)
		move_stream(r, i - 1, i);
	r->pub.stream_count++;
	new_stream(w, r, at, line);
}

static void del_line(struct world *w, struct request *r)
{
	if (!r->pub.stream_count)
		return;
	r->pub.stream_count--;
	for (unsigned int i = rng_below(&w->rng, r->pub.stream_count + 1); i < r->pub.stream_count;
	     i++)
		move_stream(r, i + 1, i);
}

/* Streams and keys are moved and copied: what points to them is set last. */
static void point(struct request *r)
{
	r->pub.id = r->id;
	r->pub.stream = r->stream;
	for (unsigned int s = 0; s < r->pub.stream_count; s++) {
		for (unsigned int l = 0; l < UPS_LEGS; l++) {
			r->stream[s].leg[l].rx = r->rx[s][l];
			if (r->stream[s].leg[l].tx)
				r->stream[s].leg[l].tx = &r->tx[s][l];
		}
	}
}

static void next_request(struct world *w, unsigned int i, struct request *r)
{
	*r = w->call[i];
	if (!w->there[i]) {
		make_request(r, &w->rng, "", 0);
		snprintf(r->id, sizeof(r->id), "c%u", i);
	}
	for (unsigned int n = rng_below(&w->rng, 4); n; n--) {
		if (rng_one_in(&w->rng, 3))
			add_line(w, r);
		else if (rng_one_in(&w->rng, 8))
			del_line(w, r);
		else if (r->pub.stream_count)
			change_leg(w, r, rng_below(&w->rng, r->pub.stream_count),
				   rng_below(&w->rng, UPS_LEGS));
	}
	r->pub.keep_old = rng_one_in(&w->rng, 2);
	r->pub.now_ns = w->now;
	point(r);
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

/* -> whether the data plane did it */
static bool end(struct world *w, struct ups_plan *plan)
{
	bool done = !rng_one_in(&w->rng, 3);

	if (done)
		ups_core_commit(w->core, plan);
	else
		ups_core_abort(w->core, plan);
	return done;
}

static void step_set(struct world *w, unsigned int i)
{
	static struct request r;
	struct ups_plan plan;
	int err;

	next_request(w, i, &r);
	err = ups_core_session_set(w->core, &r.pub, &plan, NULL);
	if (err) {
		assert_true(err == UPS_E_LIMIT || err == UPS_E_KEY_REUSED);
		w->refused += err == UPS_E_LIMIT;
		w->reused += err == UPS_E_KEY_REUSED;
	} else if (end(w, &plan)) {
		w->call[i] = r;
		point(&w->call[i]);
		w->there[i] = true;
	}
}

static void step_del(struct world *w, unsigned int i)
{
	struct ups_plan plan;
	char id[8];
	int err;

	snprintf(id, sizeof(id), "c%u", i);
	err = ups_core_session_del(w->core, id, &plan, NULL);
	assert_int_equal(err, w->there[i] ? 0 : UPS_E_NO_SESSION);
	if (!err && end(w, &plan))
		w->there[i] = false;
}

static void step_keys(struct world *w)
{
	const unsigned int gcm = UPS_SUITE_AEAD_AES_128_GCM;
	struct ups_dtls_keys keys = { .association = rng_below(&w->rng, 3),
				      .rtcp = rng_one_in(&w->rng, 3),
				      .suite = (uint8_t)gcm,
				      .rx = fresh_key(&w->rng, gcm).master,
				      .tx = fresh_key(&w->rng, gcm).master,
				      .peer = addr("192.0.2.99:9000") };
	struct ups_plan plan;

	for (uint32_t flow = 0; flow < limits.flows; flow++) {
		int err = ups_core_dtls_keys(w->core, flow, &keys, w->now, &plan, NULL);

		if (err == UPS_E_NO_SESSION || err == UPS_E_STATE)
			continue;
		assert_true(!err || err == UPS_E_LIMIT);
		if (!err)
			end(w, &plan);
		return;
	}
}

static void step_due(struct world *w)
{
	struct ups_plan plan;

	if (ups_core_due(w->core, w->now, &plan) == 1) {
		assert_int_equal(plan.change_count, 1);
		end(w, &plan);
	}
}

static void take_step(struct world *w)
{
	const struct ups_addr there = addr("192.0.2.99:9000");
	unsigned int i = rng_below(&w->rng, CALLS);

	w->now += rng_below(&w->rng, 500) * 1000000ULL;
	switch (rng_below(&w->rng, 10)) {
	case 0:
		step_del(w, i);
		break;
	case 1:
		step_keys(w);
		break;
	case 2:
		step_due(w);
		break;
	case 3:
		ups_core_source_learned(w->core, rng_below(&w->rng, limits.flows), false, &there);
		break;
	default:
		step_set(w, i);
		break;
	}
}

static void random_changes_lose_nothing_and_use_no_key_twice(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned int busy = 0;

	(void)state;
	assert_non_null(w);
	w->core = make_core(&limits, 600);
	w->rng.state = 20;
	w->now = SECOND;
	for (unsigned int step = 0; step < STEPS; step++) {
		take_step(w);
		check(w);
		busy += w->core->keys.free < limits.keys / 2;
	}
	assert_true(w->refused > 10 && w->reused > 10 && busy > STEPS / 4); /* it did something */
	for (unsigned int i = 0; i < CALLS; i++) {
		if (w->there[i])
			assert_int_equal(del(w->core, w->call[i].id), 0);
	}
	check(w);
	assert_int_equal(w->core->keys.free, limits.keys);
	assert_int_equal(w->core->flows.free, limits.flows);
	assert_int_equal(w->core->ssrcs.taken, 0);
	ups_core_destroy(w->core);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_lose_nothing_and_use_no_key_twice),
	};

	return cmocka_run_group_tests_name("core: random changes", tests, NULL, NULL);
}
