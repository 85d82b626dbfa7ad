// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the data plane does for who negotiates: endpoints made, changed and ended with their legs; DTLS and STUN handed over
 * from the right sources and neither dropped nor forwarded; reports through the one descriptor; a change applied from within a report.
 */
#include <pthread.h>
#include <sys/eventfd.h>

#include "changefix.h"

#define GCM UPS_SUITE_AEAD_AES_128_GCM
#define INPUTS 64

/* ---- a stand-in for dp/dtls.h ------------------------------------------------------------------------------------ */

struct input {
	uint32_t flow;
	bool rtcp;
	struct ups_addr from;
	size_t size;
	uint8_t first;
};

static struct fake {
	struct ups_dtls_callbacks cb;
	unsigned int prepared, published, discarded, dropped;
	bool full; /* no room */
	bool refuse; /* prepare fails */
	int fd;
	pthread_mutex_t lock;
	unsigned int inputs;
	struct input input[INPUTS];
	struct ups_dtls_keys keys; /* to deliver */
	uint32_t keys_flow;
	int keys_result;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int fake_create(const struct ups_dtls_config *config,
		       const struct ups_dtls_callbacks *callbacks, unsigned int workers,
		       struct ups_dtls **out, struct ups_errmsg *msg)
{
	(void)config;
	(void)msg;
	assert_int_equal(workers, 2);
	fake.cb = *callbacks;
	fake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*out = (struct ups_dtls *)&fake;
	return 0;
}

static void fake_destroy(struct ups_dtls *d)
{
	assert_ptr_equal(d, &fake);
	assert_int_equal(fake.prepared, fake.published + fake.discarded);
	close(fake.fd);
}

static void fake_fingerprint(const struct ups_dtls *d, struct ups_fingerprint *out)
{
	(void)d;
	*out = (struct ups_fingerprint) { .size = 32, .value = { 7 } };
}

static int fake_prepare(struct ups_dtls *d, uint32_t flow, bool rtcp, int fd,
			const struct ups_leg *leg, struct ups_dtls_endpoint **out)
{
	(void)d;
	(void)flow;
	(void)rtcp;
	assert_true(fd >= 0);
	assert_true(leg->dtls.on || leg->ice.on);
	if (fake.refuse)
		return -ENOMEM;
	fake.prepared++;
	*out = (struct ups_dtls_endpoint *)&fake;
	return 0;
}

static void fake_publish(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	(void)d;
	assert_non_null(e);
	fake.published++;
}

static void fake_discard(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	(void)d;
	assert_non_null(e);
	fake.discarded++;
}

static void fake_drop(struct ups_dtls *d, uint32_t flow, bool rtcp)
{
	(void)d;
	(void)flow;
	(void)rtcp;
	fake.dropped++;
}

/* Worker threads */
static bool fake_input(struct ups_dtls *d, unsigned int worker, uint32_t flow, bool rtcp,
		       const struct ups_addr *from, const void *data, size_t size)
{
	bool room;

	(void)d;
	(void)worker;
	pthread_mutex_lock(&fake.lock);
	room = !fake.full;
	if (room && fake.inputs < INPUTS)
		fake.input[fake.inputs++] =
			(struct input) { flow, rtcp, *from, size, *(const uint8_t *)data };
	pthread_mutex_unlock(&fake.lock);
	return room;
}

static int fake_notify_fd(const struct ups_dtls *d)
{
	(void)d;
	return fake.fd;
}

static void fake_dispatch(struct ups_dtls *d)
{
	uint64_t n;

	(void)d;
	if (read(fake.fd, &n, sizeof(n)) == sizeof(n))
		fake.keys_result = fake.cb.keys(fake.cb.aux, fake.keys_flow, &fake.keys);
}

static const struct ups_handshake_ops fake_ops = {
	fake_create,  fake_destroy, fake_fingerprint, fake_prepare,   fake_publish,
	fake_discard, fake_drop,    fake_input,	      fake_notify_fd, fake_dispatch,
};

/* ---- what a daemon would do with keys ----------------------------------------------------------------------------- */

static struct call *keyed; /* the call whose leg gets them */

static int on_keys(void *aux, uint32_t flow, const struct ups_dtls_keys *keys)
{
	struct ups_stream to = keyed->stream;
	struct ups_leg *leg = &to.leg[to.flow[0] == flow ? 0 : 1];

	(void)aux;
	leg->rx_count = 1;
	change_new_key(&leg->rx[0], keys->suite, 1);
	change_new_key(&leg->tx, keys->suite, 2);
	leg->rx[0].master = keys->rx;
	leg->tx.master = keys->tx;
	leg->remote = keys->peer;
	leg->learned = true;
	change_apply(keyed, &to);
	return 0;
}

static int open_handover(void **state)
{
	fix_ops = mock_ops;
	fix_ops.handshake = &fake_ops;
	fix_callbacks.dtls_keys = on_keys;
	return change_open(state);
}

/* ---- scenes ------------------------------------------------------------------------------------------------------ */

static void fake_clear(void)
{
	pthread_mutex_lock(&fake.lock);
	fake.inputs = fake.prepared = fake.published = fake.discarded = fake.dropped = 0;
	fake.full = false;
	pthread_mutex_unlock(&fake.lock);
}

/* Leg 0 negotiates DTLS-SRTP with its peer, leg 1 is clear. */
static void dtls_make(struct call *c, enum ups_source_mode source, bool mux)
{
	const struct leg_spec spec[] = {
		{ .mode = UPS_MODE_SRTP, .suite = GCM, .source = source, .mux = mux },
		{ .mode = UPS_MODE_CLEAR },
	};
	struct ups_leg *leg;

	fake_clear();
	change_make(c, spec);
	leg = &c->stream.leg[0];
	leg->dtls = (struct ups_dtls_spec) { .on = true, .role = UPS_DTLS_PASSIVE };
	leg->rx_count = 0;
	leg->tx = (struct ups_key_spec) {};
}

static void send_bytes(struct call *c, int fd, bool rtcp, uint8_t first)
{
	struct packet p = { .size = 60 };

	p.data[0] = first;
	fix_send(fd, call_target(c, 0, rtcp), &p);
}

static void await_inputs(unsigned int count)
{
	unsigned int have = 0;

	for (int ms = 0; ms < FIX_WAIT_MS; ms++) {
		pthread_mutex_lock(&fake.lock);
		have = fake.inputs;
		pthread_mutex_unlock(&fake.lock);
		if (have >= count)
			break;
		usleep(1000);
	}
	assert_int_equal(have, count);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void dtls_and_stun_go_to_who_negotiates(void **state)
{
	struct ups_flow_info info;
	struct call c;

	(void)state;
	dtls_make(&c, UPS_SOURCE_STRICT, false);
	call_install(fix.dp, &c);
	assert_int_equal(fake.published, 2); /* RTP and RTCP */
	send_bytes(&c, c.peer[0].fd[0], false, 22);
	await_inputs(1);
	send_bytes(&c, c.peer[0].fd[1], true, 63);
	await_inputs(2);
	send_bytes(&c, c.peer[0].fd[0], false, 0);
	await_inputs(3);
	assert_int_equal(fake.input[0].flow, c.stream.flow[0]);
	assert_int_equal(fake.input[0].size, 60);
	assert_int_equal(fake.input[0].first, 22);
	assert_false(fake.input[0].rtcp);
	assert_true(fake.input[1].rtcp);
	assert_true(ups_addr_equal(&fake.input[1].from, &c.peer[0].addr[1]));
	assert_int_equal(fake.input[2].first, 0);
	info = call_info(fix.dp, &c, 0);
	assert_int_equal(sum_drops(&info), 0);
	assert_int_equal(info.stats.lane[UPS_LANE_UDP].rx_packets, 0);
	/* ZRTP is nobody's; media waits for keys; the clear leg negotiates nothing */
	send_bytes(&c, c.peer[0].fd[0], false, 17);
	send_bytes(&c, c.peer[0].fd[0], false, 128);
	call_wait_drops(fix.dp, &c, 0, 2);
	info = call_info(fix.dp, &c, 0);
	assert_int_equal(info.stats.drop[UPS_DROP_DEMUX], 1);
	assert_int_equal(info.stats.drop[UPS_DROP_NO_KEY], 1);
	{
		struct packet p = { .data = { 22 }, .size = 60 };

		change_refused(&c, 1, false, &p, UPS_DROP_DTLS_UNEXPECTED);
	}
	await_inputs(3);
	change_hangup(&c);
	assert_int_equal(fake.dropped, 2);
}

/* No room in the ring of handshakes is a drop with a reason of its own. */
static void no_room_for_handshakes_is_counted(void **state)
{
	struct call c;
	struct packet p = { .data = { 22 }, .size = 60 };

	(void)state;
	dtls_make(&c, UPS_SOURCE_STRICT, true);
	call_install(fix.dp, &c);
	fake.full = true;
	change_refused(&c, 0, false, &p, UPS_DROP_HANDSHAKES);
	change_hangup(&c);
}

/* A6: who is not signalled cannot even knock at a strict leg; at a latching one whoever may be learned can. */
static void a6_handshakes_come_from_accepted_sources_only(void **state)
{
	struct ups_addr elsewhere = fix_addr(false, 18700);
	int stranger = fix_socket(&elsewhere);
	struct ups_stream to;
	struct call c;

	(void)state;
	dtls_make(&c, UPS_SOURCE_STRICT, true);
	call_install(fix.dp, &c);
	send_bytes(&c, stranger, false, 22);
	call_wait_drops(fix.dp, &c, 0, 1);
	assert_int_equal(call_info(fix.dp, &c, 0).stats.drop[UPS_DROP_SOURCE], 1);
	await_inputs(0);
	/* no answer yet: early handshakes are kept, whoever they are from */
	to = c.stream;
	to.leg[0].remote.port = to.leg[0].remote_rtcp.port = 0;
	change_apply(&c, &to);
	send_bytes(&c, stranger, false, 22);
	await_inputs(1);
	/* latching, and then learned: a peer may still come from another address with a handshake */
	to.leg[0].source = UPS_SOURCE_LATCH;
	to.leg[0].remote = c.peer[0].addr[0];
	to.leg[0].remote_rtcp = c.peer[0].addr[0];
	change_apply(&c, &to);
	send_bytes(&c, stranger, false, 22);
	await_inputs(2);
	to.leg[0].learned = to.leg[0].learned_rtcp = true;
	change_apply(&c, &to);
	send_bytes(&c, stranger, false, 0);
	await_inputs(3);
	/* unless the registration names the address */
	to.leg[0].source_ip = fix_parse("127.0.0.9", 0);
	change_apply(&c, &to);
	send_bytes(&c, stranger, false, 22);
	call_wait_drops(fix.dp, &c, 0, 2);
	assert_int_equal(call_info(fix.dp, &c, 0).stats.drop[UPS_DROP_SOURCE], 2);
	close(stranger);
	change_hangup(&c);
}

static void opaque_legs_relay_handshakes(void **state)
{
	const struct leg_spec spec[] = { { .mode = UPS_MODE_OPAQUE }, { .mode = UPS_MODE_OPAQUE } };
	struct packet p = { .data = { 22, 1, 2, 3 }, .size = 80 };
	struct call c;

	(void)state;
	fake_clear();
	change_call(&c, spec);
	for (unsigned int n = 0; n < 2; n++) {
		p.data[0] = n ? 0 : 22;
		fix_send(c.peer[0].fd[0], call_target(&c, 0, false), &p);
		call_expect(&c, 1, false, &p);
	}
	await_inputs(0);
	assert_int_equal(fake.prepared, 0);
	change_hangup(&c);
}

static void endpoints_follow_what_concerns_them(void **state)
{
	struct ups_stream to;
	struct call c;

	(void)state;
	dtls_make(&c, UPS_SOURCE_LATCH, false);
	call_install(fix.dp, &c);
	assert_int_equal(fake.published, 2);
	to = c.stream;
	to.leg[1].tos = 4; /* of the other leg */
	change_apply(&c, &to);
	to.leg[0].learned = true; /* by a handshake or a packet */
	ups_addr_set_port(&to.leg[0].remote, 18702);
	change_apply(&c, &to);
	assert_int_equal(fake.published, 2);
	to.leg[0].dtls.fingerprint_count = 1;
	change_apply(&c, &to);
	assert_int_equal(fake.published, 4);
	to.leg[0].rtcp_mux = true;
	to.leg[0].local_rtcp = to.leg[0].local;
	change_apply(&c, &to);
	assert_int_equal(fake.published, 4);
	assert_int_equal(fake.dropped, 1);
	to.leg[0].local = to.leg[0].local_rtcp = fix_parse("127.0.0.1", 19200);
	change_apply(&c, &to);
	assert_int_equal(fake.published, 5);
	to.leg[0].dtls = (struct ups_dtls_spec) {};
	change_apply(&c, &to);
	assert_int_equal(fake.dropped, 2);
	assert_int_equal(fake.discarded, 0);
	change_hangup(&c);
	assert_int_equal(fake.dropped, 2);
}

/* What handshakes need is refused: nothing of the stream, or of its change, stays. */
static void refused_endpoints_leave_nothing(void **state)
{
	struct ups_plan plan = { .add_count = 1 };
	struct ups_errmsg msg = {};
	struct ups_stream to;
	unsigned int fds;
	struct call c;

	(void)state;
	dtls_make(&c, UPS_SOURCE_LATCH, false);
	plan.add[0] = &c.stream;
	fds = count_fds();
	fake.refuse = true;
	assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), -ENOMEM);
	assert_int_equal(count_fds(), fds);
	fake.refuse = false;
	call_install(fix.dp, &c);
	fds = count_fds();
	to = c.stream;
	to.dp = NULL;
	to.leg[0].dtls.association++;
	to.leg[1].local = fix_parse("127.0.0.1", 19300);
	plan = (struct ups_plan) { .change = { { &c.stream, &to } }, .change_count = 1 };
	fake.refuse = true;
	assert_int_equal(ups_dp_apply(fix.dp, &plan, &msg), -ENOMEM);
	fake.refuse = false;
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake.published, 2);
	change_hangup(&c);
}

static void keys_of_a_handshake_are_applied_from_within_the_report(void **state)
{
	struct pollfd pfd = { .fd = ups_dp_notify_fd(fix.dp), .events = POLLIN };
	struct leg_spec spec = { .suite = GCM };
	struct ups_key_spec key[2];
	struct rng r = { 99 };
	struct call c;

	(void)state;
	dtls_make(&c, UPS_SOURCE_LATCH, true);
	call_install(fix.dp, &c);
	assert_string_equal(call_info(fix.dp, &c, 0).reason, "keys are awaited");
	fill_key(&key[0], &spec, &r);
	fill_key(&key[1], &spec, &r);
	fake.keys = (struct ups_dtls_keys) {
		.suite = GCM,
		.rx = key[0].master,
		.tx = key[1].master,
		.peer = c.peer[0].addr[0],
	};
	fake.keys_flow = c.stream.flow[0];
	fake.keys_result = -1;
	keyed = &c;
	srtp_dealloc(c.peer[0].tx);
	srtp_dealloc(c.peer[0].rx);
	c.peer[0].tx = srtp_open(&key[0], ssrc_any_outbound);
	c.peer[0].rx = srtp_open(&key[1], ssrc_any_inbound);
	assert_int_equal(eventfd_write(fake.fd, 1), 0);
	assert_int_equal(poll(&pfd, 1, FIX_WAIT_MS), 1);
	ups_dp_dispatch(fix.dp);
	assert_int_equal(fake.keys_result, 0);
	assert_int_equal(fake.published, 1); /* this change is no news to it */
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(mock.record[c.stream.flow[0]].flags,
			 UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_RX_SRTP | UPS_FLOW_RX_MUX |
				 UPS_FLOW_SRC_KNOWN | UPS_FLOW_DTLS | UPS_FLOW_STUN |
				 UPS_FLOW_LATCH);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		call_pass(&c, i, false);
		call_pass(&c, i, true);
	}
	change_hangup(&c);
}

static void fingerprint_is_the_certificates(void **state)
{
	struct ups_fingerprint f;

	(void)state;
	assert_int_equal(ups_dp_fingerprint(fix.dp, &f), 0);
	assert_int_equal(f.value[0], 7);
}

static int no_create(const struct ups_dtls_config *config,
		     const struct ups_dtls_callbacks *callbacks, unsigned int workers,
		     struct ups_dtls **out, struct ups_errmsg *msg)
{
	(void)config;
	(void)callbacks;
	(void)workers;
	(void)out;
	return ups_fail(msg, UPS_E_SYNTAX, "no such certificate");
}

/* A certificate that cannot be read costs the legs that need it, not the daemon. */
static void without_dtls_only_legs_that_need_it_are_refused(void **state)
{
	static const struct ups_handshake_ops broken = { .create = no_create };
	struct ups_dp_ops ops = mock_ops;
	struct fix f = fix;
	struct ups_dp_config config = fix_config(&f);
	struct ups_plan plan = { .add_count = 1 };
	struct ups_errmsg msg = {};
	struct ups_fingerprint print;
	struct call c;

	(void)state;
	config.callbacks.dtls_keys = on_keys;
	ops.handshake = &broken;
	assert_int_equal(ups_plane_create(&config, &ops, &f.dp, &msg), 0);
	assert_int_equal(ups_dp_fingerprint(f.dp, &print), UPS_E_UNSUPPORTED);
	dtls_make(&c, UPS_SOURCE_STRICT, true);
	plan.add[0] = &c.stream;
	assert_int_equal(ups_dp_apply(f.dp, &plan, &msg), UPS_E_UNSUPPORTED);
	assert_non_null(strstr(msg.text, "no such certificate"));
	c.stream.leg[0].dtls = (struct ups_dtls_spec) {};
	assert_int_equal(ups_dp_apply(f.dp, &plan, &msg), 0);
	call_close(&c);
	ups_dp_destroy(f.dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dtls_and_stun_go_to_who_negotiates),
		cmocka_unit_test(no_room_for_handshakes_is_counted),
		cmocka_unit_test(a6_handshakes_come_from_accepted_sources_only),
		cmocka_unit_test(opaque_legs_relay_handshakes),
		cmocka_unit_test(endpoints_follow_what_concerns_them),
		cmocka_unit_test(refused_endpoints_leave_nothing),
		cmocka_unit_test(keys_of_a_handshake_are_applied_from_within_the_report),
		cmocka_unit_test(fingerprint_is_the_certificates),
		cmocka_unit_test(without_dtls_only_legs_that_need_it_are_refused),
	};

	return cmocka_run_group_tests_name("data plane: handshakes", tests, open_handover,
					   change_close);
}
