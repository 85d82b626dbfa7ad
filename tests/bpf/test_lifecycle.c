// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The loader over time: 2000 flows with their keys come and go and leave nothing (descriptors, map entries, cipher
 * contexts in the kernel, memory); destroying the lane frees every map; a slot that is used again has nothing of its former
 * owner; a flow that is deleted while packets arrive is simply not ours any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mapfix.h"
#include "pktcheck.h"
#include "xdpfix.h"

#define FLOWS 2000
#define KEYS (2 * FLOWS)
#define ROUNDS 3
#define AES_NOISE (KEYS / 20) /* contexts others on this machine may take meanwhile */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1 /* keeps freed memory for a while, and finds leaks itself */
#else
#define SANITIZED 0
#endif
#define SETTLE 500 /* times 10 ms to wait for the kernel's grace periods */

static const struct ups_limits limits = {
	.sessions = FLOWS,
	.flows = FLOWS,
	.keys = KEYS,
	.ssrcs = FLOWS,
	.ssrc_per_flow = 1,
	.rtp_lifetime = 1ULL << 48,
	.rtcp_lifetime = 1ULL << 31,
};

static struct xdpfix fix;

static int setup(void **state)
{
	(void)state;
	xdpfix_open(&fix, &limits);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xdpfix_close(&fix);
	return 0;
}

static void need_fix(void)
{
	if (!fix.skip)
		return;
	print_message("%s\n", fix.skip);
	skip();
}

static struct ups_addr local_of(uint32_t slot)
{
	struct ups_addr a = addr(slot % 2 ? "[2001:db8::1]:10000" : "192.0.2.1:10000");

	ups_addr_set_port(&a, (uint16_t)(10000 + slot));
	return a;
}

static struct ups_flow flow_of(uint32_t slot, bool crypto)
{
	return (struct ups_flow) {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN |
			 (crypto ? UPS_FLOW_RX_SRTP | UPS_FLOW_TX_SRTP : 0),
		.generation = 1,
		.src = addr(slot % 2 ? "[2001:db8::10]:7000" : "192.0.2.10:7000"),
		.out_src = addr("198.51.100.1:5000"),
		.out_dst = addr("198.51.100.10:6000"),
		.out_ttl = 64,
		.rx_key_count = crypto ? 1 : 0,
		.rx_key = { crypto ? 2 * slot : UPS_SLOT_NONE, UPS_SLOT_NONE, UPS_SLOT_NONE,
			    UPS_SLOT_NONE },
		.tx_key = crypto ? 2 * slot + 1 : UPS_SLOT_NONE,
		.ssrc_base = slot,
		.ssrc_count = 1,
	};
}

static void add_flow(uint32_t slot, struct xdpfix_key *keys, struct rng *r)
{
	bool crypto = ups_kernel_has_crypto(fix.kernel);
	struct ups_addr local = local_of(slot);
	struct ups_flow f = flow_of(slot, crypto);
	int i;

	for (i = 0; i < 2 && crypto; i++) {
		xdpfix_key_config(&keys[i].config, 1 + (slot + (unsigned int)i) % 8, r, 0);
		keys[i].slot = 2 * slot + (uint32_t)i;
		assert_int_equal(xdpfix_key_install(&fix, &keys[i]), 0);
	}
	assert_int_equal(ups_kernel_flow_set(fix.kernel, slot, &f), 0);
	assert_int_equal(ups_kernel_lookup_add(fix.kernel, &local, slot), 0);
}

static void del_flow(uint32_t slot, struct xdpfix_key *keys)
{
	struct ups_addr local = local_of(slot);

	ups_kernel_lookup_del(fix.kernel, &local);
	ups_kernel_flow_del(fix.kernel, slot);
	if (!ups_kernel_has_crypto(fix.kernel))
		return;
	xdpfix_key_remove(&fix, &keys[0]);
	xdpfix_key_remove(&fix, &keys[1]);
}

static unsigned int entries_of(const struct mapfix *m, const char *name)
{
	int fd = mapfix_open(m, name);
	unsigned int count;

	if (fd < 0)
		fail_msg("no map %s", name);
	count = mapfix_entries(fd);
	close(fd);
	return count;
}

static void check_array_is_zero(const struct mapfix *m, const char *name, unsigned int count,
				size_t size)
{
	int fd = mapfix_open(m, name);

	if (fd < 0)
		fail_msg("no map %s", name);
	if (!mapfix_is_zero(fd, count, size))
		fail_msg("%s still holds something", name);
	close(fd);
}

/* Entries that count up to 8 suites of which 2 are GCM */
static void check_full(const struct mapfix *m)
{
	assert_int_equal(entries_of(m, UPS_MAP_LOOKUP), FLOWS);
	if (ups_kernel_has_crypto(fix.kernel))
		assert_int_equal(entries_of(m, UPS_MAP_GHASH), KEYS / 4);
}

static void check_empty(const struct mapfix *m, long aes_before)
{
	int i;

	assert_int_equal(entries_of(m, UPS_MAP_LOOKUP), 0);
	check_array_is_zero(m, UPS_MAP_FLOWS, FLOWS, sizeof(struct ups_flow));
	if (!ups_kernel_has_crypto(fix.kernel))
		return;
	assert_int_equal(entries_of(m, UPS_MAP_GHASH), 0);
	check_array_is_zero(m, UPS_MAP_KEYS, KEYS, sizeof(struct ups_key));
	for (i = 0; i < SETTLE && aes_references() > aes_before + AES_NOISE; i++)
		wait_a_little();
	if (aes_references() > aes_before + AES_NOISE)
		fail_msg("%ld cipher contexts were left", aes_references() - aes_before);
}

static void flows_come_and_go(void **state)
{
	static struct xdpfix_key keys[FLOWS][2];
	unsigned int fds = open_descriptors(), round;
	struct rng r = { 7 };
	struct mapfix maps;
	long aes = aes_references(), kib = 0;
	uint32_t slot;

	(void)state;
	need_fix();
	assert_int_equal(mapfix_list(fix.prog_fd, &maps), 0);
	for (round = 0; round < ROUNDS; round++) {
		for (slot = 0; slot < FLOWS; slot++)
			add_flow(slot, keys[slot], &r);
		check_full(&maps);
		if (round == 0 && ups_kernel_has_crypto(fix.kernel))
			assert_true(aes_references() >= aes + KEYS - AES_NOISE);
		for (slot = 0; slot < FLOWS; slot++)
			del_flow(slot, keys[slot]);
		check_empty(&maps, aes);
		assert_int_equal(open_descriptors(), fds);
		if (round == 0)
			kib = resident_kib();
	}
	if (!SANITIZED && resident_kib() > kib + 1024)
		fail_msg("resident memory grew from %ld to %ld KiB", kib, resident_kib());
}

/* ---- packets around a deletion -------------------------------------------------------------------------------- */

static int send_clear(uint32_t slot, struct xdpfix_result *r)
{
	struct ups_flow f = flow_of(slot, false);
	struct pkt_spec spec = { .src = f.src, .dst = local_of(slot) };
	struct rtp_spec rtp = { .ssrc = 5, .payload = 50 };
	static struct pkt in;
	uint8_t body[128];

	pkt_build(&in, &spec, body, rtp_build(body, &rtp));
	assert_int_equal(xdpfix_run(&fix, &in, r), 0);
	return r->verdict;
}

static void deleted_flow_is_foreign(void **state)
{
	static struct xdpfix_result r;
	struct ups_flow f = flow_of(0, false);
	struct ups_addr local = local_of(0);

	(void)state;
	need_fix();
	assert_int_equal(ups_kernel_flow_set(fix.kernel, 0, &f), 0);
	assert_int_equal(ups_kernel_lookup_add(fix.kernel, &local, 0), 0);
	assert_int_equal(send_clear(0, &r), XDP_REDIRECT);
	ups_kernel_flow_del(fix.kernel, 0);
	assert_int_equal(send_clear(0, &r), XDP_PASS); /* flow gone first: inactive */
	ups_kernel_lookup_del(fix.kernel, &local);
	assert_int_equal(send_clear(0, &r), XDP_PASS);
	/* deleting what is not there does no harm */
	ups_kernel_lookup_del(fix.kernel, &local);
	ups_kernel_flow_del(fix.kernel, 0);
	ups_kernel_key_del(fix.kernel, 0);
}

static void slots_beyond_the_limits_are_refused(void **state)
{
	struct ups_flow f = flow_of(0, false);
	struct ups_set_aes aes = { .slot = KEYS, .key_len = 16 };
	struct ups_key key = { .suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_80, .tag_len = 10 };
	static struct ups_ghash ghash;

	(void)state;
	need_fix();
	assert_int_not_equal(ups_kernel_flow_set(fix.kernel, FLOWS, &f), 0);
	if (ups_kernel_has_crypto(fix.kernel))
		assert_int_not_equal(ups_kernel_key_set(fix.kernel, KEYS, &key, &aes, &ghash), 0);
}

/* A second lane beside the first, again and again: the kernel frees its maps each time. */
static void lanes_come_and_go(void **state)
{
	unsigned int fds, i, n;
	struct ups_kernel *k;
	struct ups_errmsg msg;
	struct mapfix maps;

	(void)state;
	need_fix();
	fds = open_descriptors();
	for (n = 0; n < 3; n++) {
		assert_int_equal(ups_kernel_create(&xdpfix_limits, NULL, &k, &msg), 0);
		assert_int_equal(mapfix_list(ups_kernel_prog_fd(k), &maps), 0);
		assert_true(maps.count >= 8);
		assert_int_equal(mapfix_alive(&maps), maps.count);
		ups_kernel_destroy(k);
		for (i = 0; i < SETTLE && mapfix_alive(&maps); i++)
			wait_a_little();
		assert_int_equal(mapfix_alive(&maps), 0);
		assert_int_equal(open_descriptors(), fds);
	}
	ups_kernel_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_come_and_go),
		cmocka_unit_test(deleted_flow_is_foreign),
		cmocka_unit_test(slots_beyond_the_limits_are_refused),
		cmocka_unit_test(lanes_come_and_go),
	};

	return cmocka_run_group_tests_name("xdp life cycle", tests, setup, teardown);
}
