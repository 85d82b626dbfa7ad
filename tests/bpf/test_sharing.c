// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel lane and the user-space library on the same memory (ups_ssrc, ups_key_use), as when a flow changes its lane or both
 * lanes see a packet at once: every packet is accepted once and sent once, no index is used by both, and the stream
 * goes on wherever the next packet lands. First in turn, then at the same time on all processors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>

#include "pktcheck.h"
#include "xdpfix.h"

#define LOCAL "192.0.2.1:4000"
#define PEER "192.0.2.10:7000"
#define FLOW 2
#define SSRC_BASE 16
#define SSRC_COUNT 2
#define SSRC 0xbeef0001u
#define PACKETS 20000
#define BODY_MAX 128
#define START 60000u /* sequence number of the first packet: the wrap is crossed */

enum direction { RECEIVE, SEND };

struct body {
	uint8_t data[BODY_MAX];
	uint16_t size;
};

struct call {
	enum direction direction;
	struct xdpfix_key key; /* its library key counts in the kernel's memory */
	struct ups_srtp_side side; /* on the kernel's memory */
	struct body *in; /* what arrives: SRTP or clear */
	struct body *clear; /* the same before protection */
	_Atomic uint32_t *taken; /* per packet: how often it got through */
};

static struct xdpfix fix;
static struct call call;

static int setup(void **state)
{
	struct ups_addr local = addr(LOCAL);

	(void)state;
	xdpfix_open(&fix, &xdpfix_limits);
	xdpfix_need_crypto(&fix);
	if (fix.skip)
		return 0;
	call.in = calloc(PACKETS, sizeof(*call.in));
	call.clear = calloc(PACKETS, sizeof(*call.clear));
	call.taken = calloc(PACKETS, sizeof(*call.taken));
	if (!call.in || !call.clear || !call.taken)
		return -1;
	return ups_kernel_lookup_add(fix.kernel, &local, FLOW);
}

static int teardown(void **state)
{
	(void)state;
	free(call.in);
	free(call.clear);
	free((void *)call.taken);
	xdpfix_close(&fix);
	return 0;
}

static void install_flow(const struct call *c)
{
	struct ups_flow f = {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN |
			 (c->direction == RECEIVE ? UPS_FLOW_RX_SRTP : UPS_FLOW_TX_SRTP),
		.src = addr(PEER),
		.out_src = addr("198.51.100.1:5000"),
		.out_dst = addr("198.51.100.10:6000"),
		.out_ttl = 64,
		.rx_key_count = c->direction == RECEIVE ? 1 : 0,
		.rx_key = { c->key.slot, UPS_SLOT_NONE, UPS_SLOT_NONE, UPS_SLOT_NONE },
		.tx_key = c->key.slot,
		.ssrc_base = SSRC_BASE,
		.ssrc_count = SSRC_COUNT,
	};

	assert_int_equal(ups_kernel_flow_set(fix.kernel, FLOW, &f), 0);
}

/* All packets of the stream, protected with a state of their own where they arrive protected */
static void make_packets(struct call *c)
{
	struct ups_ssrc slots[SSRC_COUNT] = { 0 };
	struct ups_key_use use = { .rtp_limit = 1ULL << 48, .rtcp_limit = 1ULL << 31 };
	struct ups_srtp_side side = { .key_count = 1, .ssrc = slots, .ssrc_count = SSRC_COUNT };
	struct ups_crypto_queue *queue;
	struct ups_srtp_key *key;
	uint32_t i;

	assert_int_equal(ups_crypto_queue_create(fix.crypto, &queue), 0);
	assert_int_equal(ups_srtp_key_create(fix.crypto, &c->key.config, &use, &key), 0);
	side.key[0] = key;
	for (i = 0; i < PACKETS; i++) {
		struct rtp_spec rtp = {
			.ssrc = SSRC, .seq = (uint16_t)(START + i), .payload = 40, .fill = i
		};
		struct ups_srtp_op op = { .side = &side, .packet = c->in[i].data, .cap = BODY_MAX };

		c->clear[i].size = (uint16_t)rtp_build(c->clear[i].data, &rtp);
		c->in[i] = c->clear[i];
		op.len = c->in[i].size;
		if (c->direction == RECEIVE) {
			ups_srtp_protect(queue, &op, 1);
			assert_int_equal(op.result, 0);
		}
		c->in[i].size = op.len;
		c->taken[i] = 0;
	}
	ups_srtp_key_destroy(key);
	ups_crypto_queue_destroy(queue);
}

static void call_open(struct call *c, enum direction direction, unsigned int suite)
{
	struct rng r = { suite };
	struct ups_srtp_key *shared;

	memset(fix.state.ssrc, 0, sizeof(*fix.state.ssrc) * fix.state.ssrcs);
	memset(fix.state.stats, 0, sizeof(*fix.state.stats) * fix.state.flows);
	c->direction = direction;
	c->key.slot = 4;
	xdpfix_key_config(&c->key.config, suite, &r, 0);
	assert_int_equal(xdpfix_key_install(&fix, &c->key), 0);
	assert_int_equal(ups_srtp_key_create(fix.crypto, &c->key.config,
					     &fix.state.key_use[c->key.slot], &shared),
			 0);
	ups_srtp_key_destroy(c->key.key);
	c->key.key = shared;
	c->side = (struct ups_srtp_side) { .key = { shared },
					   .key_count = 1,
					   .ssrc = fix.state.ssrc + SSRC_BASE,
					   .ssrc_count = SSRC_COUNT };
	install_flow(c);
	make_packets(c);
}

static void call_close(struct call *c)
{
	xdpfix_key_remove(&fix, &c->key);
}

/* ---- the two lanes; each -> whether packet @i got through ------------------------------------------------------ */

static bool through_kernel(const struct call *c, uint32_t i, struct body *out)
{
	struct pkt_spec spec = { .src = addr(PEER), .dst = addr(LOCAL) };
	struct xdpfix_result r;
	const uint8_t *payload;
	struct pkt in;
	size_t size;

	pkt_build(&in, &spec, c->in[i].data, c->in[i].size);
	if (xdpfix_run(&fix, &in, &r) || r.verdict != XDP_REDIRECT)
		return false;
	payload = pkt_payload(r.out.data, r.out.size, &size);
	if (size > sizeof(out->data))
		return false;
	memcpy(out->data, payload, size);
	out->size = (uint16_t)size;
	return true;
}

static bool through_library(const struct call *c, struct ups_crypto_queue *queue, uint32_t i,
			    struct body *out)
{
	struct ups_srtp_op op = { .side = &c->side, .packet = out->data, .cap = BODY_MAX };

	*out = c->in[i];
	op.len = out->size;
	if (c->direction == RECEIVE)
		ups_srtp_unprotect(queue, &op, 1);
	else
		ups_srtp_protect(queue, &op, 1);
	out->size = op.len;
	return !op.result;
}

/* ---- in turn ---------------------------------------------------------------------------------------------------- */

/* What was sent is decrypted by a receiver that would notice any index used twice. */
struct receiver {
	struct ups_ssrc slots[SSRC_COUNT];
	struct ups_key_use use;
	struct ups_srtp_key *key;
	struct ups_srtp_side side;
};

static void receiver_open(struct receiver *r, const struct call *c)
{
	memset(r, 0, sizeof(*r));
	r->use = (struct ups_key_use) { .rtp_limit = 1ULL << 48, .rtcp_limit = 1ULL << 31 };
	assert_int_equal(ups_srtp_key_create(fix.crypto, &c->key.config, &r->use, &r->key), 0);
	r->side = (struct ups_srtp_side) {
		.key = { r->key }, .key_count = 1, .ssrc = r->slots, .ssrc_count = SSRC_COUNT
	};
}

static void check_out(const struct call *c, struct receiver *r, struct ups_crypto_queue *queue,
		      uint32_t i, struct body *out)
{
	struct ups_srtp_op op = {
		.side = &r->side, .packet = out->data, .len = out->size, .cap = BODY_MAX
	};

	if (c->direction == SEND) {
		ups_srtp_unprotect(queue, &op, 1);
		if (op.result)
			fail_msg("packet %u: the receiver refuses it: %u", i, op.result);
	}
	assert_int_equal(op.len, c->clear[i].size);
	assert_memory_equal(out->data, c->clear[i].data, op.len);
}

static void take_turns(struct call *c)
{
	struct ups_crypto_queue *queue;
	struct rng r = { 11 };
	struct receiver receiver;
	struct body out;
	uint32_t i;

	receiver_open(&receiver, c);
	assert_int_equal(ups_crypto_queue_create(fix.crypto, &queue), 0);
	for (i = 0; i < PACKETS; i++) {
		bool kernel = rng_one_in(&r, 2);

		if (!(kernel ? through_kernel(c, i, &out) : through_library(c, queue, i, &out)))
			fail_msg("packet %u did not get through the %s", i,
				 kernel ? "kernel" : "library");
		check_out(c, &receiver, queue, i, &out);
		if (through_kernel(c, i, &out) || through_library(c, queue, i, &out))
			fail_msg("packet %u got through twice", i);
	}
	assert_int_equal(fix.state.key_use[c->key.slot].rtp, PACKETS);
	ups_crypto_queue_destroy(queue);
	ups_srtp_key_destroy(receiver.key);
}

/* ---- at the same time ------------------------------------------------------------------------------------------- */

struct racer {
	pthread_t thread;
	bool kernel;
	int cpu;
};

static pthread_barrier_t start_line;

static void *race(void *arg)
{
	const struct racer *racer = arg;
	struct ups_crypto_queue *queue;
	struct body out;
	cpu_set_t set;
	uint32_t i;

	CPU_ZERO(&set);
	CPU_SET(racer->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	if (ups_crypto_queue_create(fix.crypto, &queue))
		return NULL;
	pthread_barrier_wait(&start_line);
	for (i = 0; i < PACKETS; i++) {
		if (racer->kernel ? through_kernel(&call, i, &out)
				  : through_library(&call, queue, i, &out))
			__atomic_fetch_add(&call.taken[i], 1, __ATOMIC_RELAXED);
	}
	ups_crypto_queue_destroy(queue);
	return NULL;
}

static void run_race(struct racer *racers, unsigned int count)
{
	unsigned int i;

	assert_int_equal(pthread_barrier_init(&start_line, NULL, count), 0);
	for (i = 0; i < count; i++) {
		racers[i].cpu = (int)(i % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN));
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (i = 0; i < count; i++)
		pthread_join(racers[i].thread, NULL);
	pthread_barrier_destroy(&start_line);
}

/* Whoever is first owns a packet. A packet may get through nowhere only if a lane lost all its tries for the state. */
static void check_race(const struct call *c)
{
	uint32_t i, none = 0;

	for (i = 0; i < PACKETS; i++) {
		if (c->taken[i] > 1)
			fail_msg("packet %u got through %u times", i, c->taken[i]);
		none += !c->taken[i];
	}
	if (none > fix.state.stats[FLOW].drop[UPS_DROP_CONTENDED] + 8)
		fail_msg("%u packets got through nowhere", none);
	assert_true(fix.state.key_use[c->key.slot].rtp >= PACKETS - none);
}

static void race_kernel_against_kernel(struct call *c)
{
	struct racer racers[] = { { .kernel = true }, { .kernel = true } };

	run_race(racers, 2);
	check_race(c);
}

static void race_kernel_against_library(struct call *c)
{
	struct racer racers[] = { { .kernel = true }, { .kernel = false } };

	run_race(racers, 2);
	check_race(c);
}

static void race_four(struct call *c)
{
	struct racer racers[] = {
		{ .kernel = true }, { .kernel = false }, { .kernel = false }, { .kernel = true }
	};

	run_race(racers, 4);
	check_race(c);
}

/* Both directions, with a suite of either kind */
static void each_way(void (*fn)(struct call *c))
{
	static const unsigned int suites[] = { UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
					       UPS_SUITE_AEAD_AES_128_GCM };
	size_t i;

	if (fix.skip) {
		print_message("%s\n", fix.skip);
		skip();
	}
	for (i = 0; i < 2; i++) {
		call_open(&call, RECEIVE, suites[i]);
		fn(&call);
		call_close(&call);
		call_open(&call, SEND, suites[i]);
		fn(&call);
		call_close(&call);
	}
}

static void lanes_take_turns(void **state)
{
	(void)state;
	each_way(take_turns);
}

static void two_processors_one_stream(void **state)
{
	(void)state;
	each_way(race_kernel_against_kernel);
}

static void kernel_and_library_at_once(void **state)
{
	(void)state;
	each_way(race_kernel_against_library);
}

static void four_at_once(void **state)
{
	(void)state;
	each_way(race_four);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_take_turns),
		cmocka_unit_test(two_processors_one_stream),
		cmocka_unit_test(kernel_and_library_at_once),
		cmocka_unit_test(four_at_once),
	};

	return cmocka_run_group_tests_name("one state, several lanes", tests, setup, teardown);
}
