// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Plans: all or nothing whichever call fails, order of writes, slots that come back, 2000 sessions without a trace. */
#include "mockkernel.h"

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define GCM UPS_SUITE_AEAD_AES_128_GCM

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EXACT_HEAP 0 /* the sanitizer's allocator keeps no such count */
#else
#define EXACT_HEAP 1
#endif

static const struct leg_spec srtp_srtp[] = { { .mode = UPS_MODE_SRTP, .suite = CM80 },
					     { .mode = UPS_MODE_SRTP, .suite = GCM } };
static const struct leg_spec clear_srtp[] = { { .mode = UPS_MODE_CLEAR, .mux = true },
					      { .mode = UPS_MODE_SRTP, .suite = GCM } };
static const struct leg_spec clear_clear[] = { { .mode = UPS_MODE_CLEAR },
					       { .mode = UPS_MODE_CLEAR } };

static struct fix fix;
static struct ups_iface ifaces[] = { { .name = "a", .device = "mock0" } };

static int open_mock(void **state)
{
	struct ups_errmsg msg = {};
	struct ups_dp_config config;
	const char *why = fix_network();

	if (why) {
		print_message("%s\n", why);
		return -1;
	}
	assert_int_equal(srtp_init(), srtp_err_status_ok);
	assert_int_equal(ups_crypto_open("auto", &fix.crypto, &msg), 0);
	config = fix_config(&fix);
	config.xdp = UPS_XDP_AUTO;
	config.ifaces = ifaces;
	config.iface_count = 1;
	mock.crypto = true;
	if (ups_plane_create(&config, &mock_ops, &fix.dp, &msg))
		fail_msg("%s", msg.text);
	*state = &fix;
	return 0;
}

static int close_mock(void **state)
{
	fix_close(state);
	return mock.destroyed == 1 ? 0 : -1;
}

/* The legs' interface is the mock's device; the sockets are on loopback all the same. */
static void make(struct call *c, const struct leg_spec spec[static UPS_LEGS], uint64_t seed)
{
	call_make(c, spec, 2, seed);
	snprintf(c->iface.device, sizeof(c->iface.device), "mock0");
}

static unsigned int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static bool all_zero(const void *p, size_t size)
{
	const uint8_t *at = p;

	while (size--) {
		if (*at++)
			return false;
	}
	return true;
}

static void check_no_trace(const struct call *c)
{
	struct ups_flow_info info;

	assert_null(c->stream.dp);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		assert_int_equal(ups_dp_flow_info(fix.dp, c->stream.flow[i], &info),
				 UPS_E_NO_SESSION);
		assert_true(
			all_zero(&mock.state.stats[c->stream.flow[i]], sizeof(struct ups_stats)));
		assert_true(all_zero(&mock.state.ssrc[c->stream.ssrc_base[i]],
				     c->stream.ssrc_count * sizeof(struct ups_ssrc)));
		assert_true(all_zero(&mock.state.key_use[c->stream.leg[i].rx[0].slot],
				     sizeof(struct ups_key_use)));
		assert_true(all_zero(&mock.state.key_use[c->stream.leg[i].tx.slot],
				     sizeof(struct ups_key_use)));
	}
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
}

/* Fails each call of a two-stream plan in turn. */
static void test_rollback(void **state)
{
	struct ups_plan plan = { .add_count = 2 };
	unsigned int fds, failures = 0;
	struct ups_errmsg msg;
	struct call c[2];
	int err;

	(void)state;
	make(&c[0], srtp_srtp, 1);
	make(&c[1], clear_srtp, 2);
	plan.add[0] = &c[0].stream;
	plan.add[1] = &c[1].stream;
	fds = count_fds();
	for (;;) {
		mock.calls = 0;
		mock.fail_at = failures + 1;
		msg = (struct ups_errmsg) {};
		err = ups_dp_apply(fix.dp, &plan, &msg);
		if (!err)
			break;
		failures++;
		assert_int_equal(err, -ENOMEM);
		assert_true(msg.text[0]);
		check_no_trace(&c[0]);
		check_no_trace(&c[1]);
		assert_int_equal(count_fds(), fds);
		assert_true(failures < 100);
	}
	/* 6 keys made and 6 given away, 7 sockets, 7 polls, 4 flows, 7 look-up entries */
	assert_int_equal(failures, 6 + 6 + 7 + 7 + 4 + 7);
	mock.fail_at = 0;
	for (int i = 0; i < 2; i++) {
		c[i].dp = fix.dp;
		for (unsigned int l = 0; l < UPS_LEGS; l++)
			call_pass(&c[i], l, false);
		call_remove(fix.dp, &c[i]);
	}
	check_no_trace(&c[0]);
	check_no_trace(&c[1]);
	assert_int_equal(count_fds(), fds);
	call_close(&c[0]);
	call_close(&c[1]);
}

/* Keys before the flow that names them before the entry that finds it; out in reverse. */
static void test_order(void **state)
{
	struct call c;

	(void)state;
	make(&c, srtp_srtp, 1);
	mock_clear_log();
	call_install(fix.dp, &c);
	assert_string_equal(mock.log, "ccccssssKKFLLKKFLLeeee");
	mock_clear_log();
	call_remove(fix.dp, &c);
	assert_string_equal(mock.log, "llfllfkkkk");
	call_close(&c);
}

static void test_record(void **state)
{
	const struct ups_flow *r;
	struct call c;

	(void)state;
	make(&c, clear_srtp, 1);
	c.stream.leg[1].tos = 46 << 2;
	call_install(fix.dp, &c);
	r = &mock.record[c.stream.flow[0]];
	assert_int_equal(r->flags, UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_TX_SRTP |
					   UPS_FLOW_RX_MUX | UPS_FLOW_SRC_KNOWN);
	assert_true(ups_addr_equal(&r->src, &c.stream.leg[0].remote));
	assert_true(ups_addr_equal(&r->out_src, &c.stream.leg[1].local));
	assert_true(ups_addr_equal(&r->out_dst, &c.stream.leg[1].remote));
	assert_int_equal(r->out_tos, 46 << 2);
	assert_int_equal(r->rx_key_count, 0);
	assert_int_equal(r->tx_key, c.stream.leg[1].tx.slot);
	assert_int_equal(r->ssrc_base, c.stream.ssrc_base[0]);
	assert_int_equal(r->ssrc_count, 2);
	r = &mock.record[c.stream.flow[1]];
	assert_int_equal(r->flags,
			 UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_RX_SRTP | UPS_FLOW_SRC_KNOWN);
	assert_int_equal(r->rx_key_count, 1);
	assert_int_equal(r->rx_key[0], c.stream.leg[1].rx[0].slot);
	assert_int_equal(r->rx_key[1], UPS_SLOT_NONE);
	assert_int_equal(r->tx_key, UPS_SLOT_NONE);
	/* one port with rtcp-mux, two without */
	assert_int_equal(mock.lookups, 3);
	call_remove(fix.dp, &c);
	call_close(&c);
}

/* A slot that comes back at once may still be in an XDP program's hands; another one may not. */
static void test_slots_rest(void **state)
{
	struct call c, other;
	unsigned int graces;

	(void)state;
	make(&c, srtp_srtp, 1);
	make(&other, srtp_srtp, 2);
	call_install(fix.dp, &c);
	call_remove(fix.dp, &c);
	graces = mock.graces;
	call_install(fix.dp, &other);
	assert_int_equal(mock.graces, graces);
	call_remove(fix.dp, &other);
	call_install(fix.dp, &c);
	assert_int_equal(mock.graces, graces + 1);
	call_remove(fix.dp, &c);
	/* one key slot is enough */
	other.stream.leg[1].tx.slot = c.stream.leg[0].rx[0].slot;
	call_install(fix.dp, &other);
	assert_int_equal(mock.graces, graces + 2);
	call_remove(fix.dp, &other);
	call_close(&c);
	call_close(&other);
}

/* Learning: the kernel's record follows, by way of an inactive one, and the lane with it. */
static void test_learned(void **state)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = CM80, .source = UPS_SOURCE_LATCH },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct ups_addr nat_addr = fix_addr(false, 18500);
	int nat = fix_socket(&nat_addr);
	struct packet plain, wire;
	struct call c;

	(void)state;
	make(&c, spec, 1);
	memset(&fix.told, 0, sizeof(fix.told));
	call_install(fix.dp, &c);
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_UDP);
	assert_string_equal(call_info(fix.dp, &c, 0).reason, "source not learned yet");
	assert_int_equal(call_info(fix.dp, &c, 1).lane, UPS_LANE_XDP);
	assert_false(mock.record[c.stream.flow[0]].flags & UPS_FLOW_SRC_KNOWN);
	assert_true(mock.record[c.stream.flow[0]].flags & UPS_FLOW_XDP);

	rtp_make(&plain, c.peer[0].ssrc, c.peer[0].seq++, 160);
	wire = plain;
	peer_protect(&c.peer[0], &wire, false);
	fix_send(nat, call_target(&c, 0, false), &wire);
	call_expect(&c, 1, false, &plain);
	mock_clear_log();
	for (int ms = 0; ms < FIX_WAIT_MS && !fix.told.learned; ms++) {
		ups_dp_dispatch(fix.dp);
		usleep(1000);
	}
	assert_int_equal(fix.told.learned, 1);
	assert_int_equal(fix.told.lane, 1);
	assert_string_equal(mock.log, "PFPF");
	assert_int_equal(call_info(fix.dp, &c, 0).lane, UPS_LANE_XDP);
	assert_true(mock.record[c.stream.flow[0]].flags & UPS_FLOW_SRC_KNOWN);
	assert_true(ups_addr_equal(&mock.record[c.stream.flow[0]].src, &nat_addr));
	assert_true(ups_addr_equal(&mock.record[c.stream.flow[1]].out_dst, &nat_addr));
	call_remove(fix.dp, &c);
	call_close(&c);
	close(nat);
}

/* What the model must not get wrong is refused, not written outside the arrays. */
static void test_bad_slots(void **state)
{
	struct ups_plan plan = { .add_count = 1 };
	struct ups_errmsg msg;
	struct call c, good;

	(void)state;
	make(&good, clear_clear, 1);
	call_install(fix.dp, &good);
	for (int n = 0; n < 6; n++) {
		make(&c, srtp_srtp, 1);
		plan.add[0] = &c.stream;
		if (n == 0)
			c.stream.flow[1] = 8192;
		else if (n == 1)
			c.stream.flow[0] = good.stream.flow[1]; /* taken */
		else if (n == 2)
			c.stream.ssrc_base[0] = 32767;
		else if (n == 3)
			c.stream.leg[0].rx[0].slot = 16384;
		else if (n == 4)
			c.stream.ssrc_count = UPS_SSRC_MAX + 1;
		else
			c.stream.leg[1].rx_count = UPS_RX_KEYS_MAX + 1;
		assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), UPS_E_RANGE);
		assert_null(c.stream.dp);
		call_close(&c);
	}
	make(&c, clear_clear, 1);
	c.stream.leg[0].mode = UPS_MODE_OPAQUE;
	assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), UPS_E_UNSUPPORTED);
	call_close(&c);
	call_remove(fix.dp, &good);
	call_close(&good);
}

/* Out of descriptors in the middle of a plan: said so, with what to do; nothing kept. */
static void test_no_descriptors(void **state)
{
	struct rlimit old, low;
	struct ups_plan plan = { .add_count = 1 };
	struct ups_errmsg msg = {};
	unsigned int fds;
	struct call c;
	int probe;

	(void)state;
	make(&c, clear_clear, 1);
	plan.add[0] = &c.stream;
	fds = count_fds();
	probe = dup(0);
	assert_true(probe >= 0);
	close(probe);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)probe + 2; /* two of the four sockets */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_non_null(strstr(msg.text, "raise LimitNOFILE"));
	assert_int_equal(count_fds(), fds);
	call_install(fix.dp, &c);
	call_pass(&c, 0, false);
	call_remove(fix.dp, &c);
	call_close(&c);
}

/* A port somebody else has: the message names it. */
static void test_port_taken(void **state)
{
	struct ups_plan plan = { .add_count = 1 };
	struct ups_errmsg msg = {};
	struct call c;
	char text[UPS_ADDR_TEXT];
	int other;

	(void)state;
	make(&c, clear_clear, 1);
	plan.add[0] = &c.stream;
	other = fix_socket(&c.stream.leg[1].local);
	assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), -EADDRINUSE);
	assert_non_null(strstr(msg.text, ups_addr_format(&c.stream.leg[1].local, text)));
	close(other);
	call_install(fix.dp, &c);
	call_remove(fix.dp, &c);
	call_close(&c);
}

/* ---- 2000 sessions ----------------------------------------------------------------------------------------------- */

#define SESSIONS 2000

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void fill_streams(struct ups_stream *streams)
{
	struct call c;

	/* one call is the pattern; the peers are not needed */
	make(&c, srtp_srtp, 7);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		struct ups_stream *s = &streams[i];

		*s = c.stream;
		for (uint32_t l = 0; l < UPS_LEGS; l++) {
			uint16_t port = (uint16_t)(40000 + i * 4 + l * 2);

			s->leg[l].iface = &ifaces[0];
			s->flow[l] = 2 * i + l;
			s->ssrc_base[l] = 2 * s->flow[l];
			ups_addr_set_port(&s->leg[l].local, port);
			ups_addr_set_port(&s->leg[l].local_rtcp, port + 1);
			s->leg[l].rx[0].slot = 4 * i + 2 * l;
			s->leg[l].tx.slot = 4 * i + 2 * l + 1;
		}
	}
	call_close(&c);
}

static void apply_each(struct ups_stream *streams, bool add)
{
	struct ups_errmsg msg = {};

	for (uint32_t i = 0; i < SESSIONS; i++) {
		struct ups_plan plan = {};

		plan.add[0] = plan.del[0] = &streams[i];
		plan.add_count = add;
		plan.del_count = !add;
		if (ups_dp_apply(fix.dp, &plan, &msg))
			fail_msg("session %u: %s", i, msg.text);
	}
}

static void test_2000_sessions(void **state)
{
	struct rlimit lim = { 16384, 16384 };
	static struct ups_stream streams[SESSIONS];
	unsigned int fds;
	size_t heap = 0;
	double start, added, removed;

	(void)state;
	if (setrlimit(RLIMIT_NOFILE, &lim)) {
		print_message("cannot raise RLIMIT_NOFILE to 16384\n");
		skip();
	}
	fill_streams(streams);
	fds = count_fds();
	for (int round = 0; round < 2;
	     round++) { /* the first one lets libraries fill their pools */
		if (round)
			heap = mallinfo2().uordblks;
		start = seconds();
		apply_each(streams, true);
		added = seconds();
		assert_int_equal(count_fds(), fds + 4 * SESSIONS);
		assert_int_equal(mock.keys, 4 * SESSIONS);
		assert_int_equal(mock.lookups, 4 * SESSIONS);
		apply_each(streams, false);
		removed = seconds();
		assert_int_equal(count_fds(), fds);
		assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
		print_message("2000 sessions: added in %.3f s, removed in %.3f s\n", added - start,
			      removed - added);
	}
	/* The C library of Debian 13 keeps a few hundred bytes of its own; one byte a session would be 2000. */
	if (EXACT_HEAP)
		assert_in_range(mallinfo2().uordblks, 0, heap + SESSIONS - 1);
	assert_true(removed - added < 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rollback),       cmocka_unit_test(test_order),
		cmocka_unit_test(test_record),	       cmocka_unit_test(test_slots_rest),
		cmocka_unit_test(test_learned),	       cmocka_unit_test(test_bad_slots),
		cmocka_unit_test(test_no_descriptors), cmocka_unit_test(test_port_taken),
		cmocka_unit_test(test_2000_sessions),
	};

	return cmocka_run_group_tests_name("data plane: plans", tests, open_mock, close_mock);
}
