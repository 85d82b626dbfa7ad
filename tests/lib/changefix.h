/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streams that become others: a data plane with a kernel lane that only remembers (mockkernel.h), and the steps of a
 * negotiation as the model would plan them: offer (a leg without peer or keys), answer, new keys, new addresses.
 * One file includes this.
 */
#ifndef UPS_TEST_CHANGEFIX_H
#define UPS_TEST_CHANGEFIX_H

#include <dirent.h>

#include "mockkernel.h"

static struct fix fix;
static struct ups_iface fix_ifaces[] = { { .name = "a", .device = "mock0" } };
static struct ups_dp_ops fix_ops;

/* What a test puts into the configuration before the data plane opens */
static struct ups_dp_callbacks fix_callbacks;

TEST_INLINE int change_open(void **state)
{
	struct ups_errmsg msg = {};
	struct ups_dp_config config;
	const char *why = fix_network();

	if (why) {
		print_message("%s\n", why);
		return -1;
	}
	fix_libraries(&fix);
	config = fix_config(&fix);
	config.xdp = UPS_XDP_AUTO;
	config.ifaces = fix_ifaces;
	config.iface_count = 1;
	config.callbacks.dtls_keys = fix_callbacks.dtls_keys;
	config.callbacks.dtls_failed = fix_callbacks.dtls_failed;
	config.callbacks.nominated = fix_callbacks.nominated;
	mock.crypto = true;
	if (!fix_ops.key_create)
		fix_ops = mock_ops;
	if (ups_plane_create(&config, &fix_ops, &fix.dp, &msg))
		fail_msg("%s", msg.text);
	*state = &fix;
	return 0;
}

TEST_INLINE int change_close(void **state)
{
	fix_close(state);
	return mock.destroyed == 1 ? 0 : -1;
}

/* The legs' interface is the mock's device; the sockets are on loopback all the same. */
TEST_INLINE void change_make(struct call *c, const struct leg_spec spec[static UPS_LEGS])
{
	call_make(c, spec, 2, 1);
	snprintf(c->iface.device, sizeof(c->iface.device), "mock0");
}

TEST_INLINE void change_call(struct call *c, const struct leg_spec spec[static UPS_LEGS])
{
	memset(&fix.told, 0, sizeof(fix.told));
	change_make(c, spec);
	call_install(fix.dp, c);
}

/* The call's stream becomes @to. */
TEST_INLINE void change_apply(struct call *c, const struct ups_stream *to)
{
	struct ups_stream next = *to, *from = &c->stream;
	struct ups_plan plan = { .change = { { from, &next } }, .change_count = 1 };
	struct ups_errmsg msg = {};

	next.dp = NULL;
	if (ups_dp_apply(fix.dp, &plan, &msg))
		fail_msg("change: %s", msg.text);
	assert_non_null(next.dp);
	assert_null(from->dp);
	c->stream = next;
}

TEST_INLINE void change_hangup(struct call *c)
{
	call_remove(fix.dp, c);
	call_close(c);
}

/* The offer of leg @i's peer is all there is: no answer from the other side yet. */
TEST_INLINE struct ups_stream change_unanswered(const struct ups_stream *s, unsigned int i)
{
	struct ups_stream offer = *s;
	struct ups_leg *leg = &offer.leg[1 - i];

	leg->remote.port = leg->remote_rtcp.port = 0;
	leg->rx_count = 0;
	leg->tx = (struct ups_key_spec) {};
	return offer;
}

TEST_INLINE void change_new_key(struct ups_key_spec *key, uint8_t suite, uint64_t seed)
{
	const struct leg_spec spec = { .suite = suite };
	struct rng r = { seed };

	*key = (struct ups_key_spec) {};
	fill_key(key, &spec, &r);
}

/* A new key by which peer @i sends; it uses it from now on. -> the session of its last one, the caller's */
TEST_INLINE srtp_t change_rekey_rx(struct call *c, struct ups_stream *to, unsigned int i,
				   uint8_t suite, uint64_t seed)
{
	srtp_t last = c->peer[i].tx;

	change_new_key(&to->leg[i].rx[0], suite, seed);
	c->peer[i].tx = srtp_open(&to->leg[i].rx[0], ssrc_any_outbound);
	return last;
}

/* A new key by which leg @i sends */
TEST_INLINE void change_rekey_tx(struct call *c, struct ups_stream *to, unsigned int i,
				 uint8_t suite, uint64_t seed)
{
	change_new_key(&to->leg[i].tx, suite, seed);
	srtp_dealloc(c->peer[i].rx);
	c->peer[i].rx = srtp_open(&to->leg[i].tx, ssrc_any_inbound);
}

/* A packet of peer @i as it goes over the wire, not sent */
TEST_INLINE void change_wire(struct call *c, unsigned int i, bool rtcp, srtp_t tx,
			     struct packet *plain, struct packet *wire)
{
	struct peer *peer = &c->peer[i], as = *peer;

	if (rtcp)
		rtcp_make(plain, peer->ssrc, peer->seq++);
	else
		rtp_make(plain, peer->ssrc, peer->seq++, 160);
	*wire = *plain;
	as.tx = tx;
	peer_protect(&as, wire, rtcp);
}

/* Sends @wire from peer @i; one more packet of flow @i must be dropped, for @reason. */
TEST_INLINE void change_refused(struct call *c, unsigned int i, bool rtcp,
				const struct packet *wire, unsigned int reason)
{
	struct ups_flow_info before = call_info(fix.dp, c, i), after;

	fix_send(c->peer[i].fd[rtcp], call_target(c, i, rtcp), wire);
	call_wait_drops(fix.dp, c, i, sum_drops(&before) + 1);
	after = call_info(fix.dp, c, i);
	if (after.stats.drop[reason] != before.stats.drop[reason] + 1) {
		call_explain(c);
		fail_msg("not dropped for reason %u", reason);
	}
}

/* Media of the whole call: RTP and RTCP, both ways */
TEST_INLINE void change_passes(struct call *c)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		call_pass(c, i, false);
		call_pass(c, i, true);
	}
}

/* Peer @i is now behind another pair of ports. */
TEST_INLINE void change_peer_moves(struct call *c, struct ups_stream *to, unsigned int i)
{
	struct peer *peer = &c->peer[i];
	struct ups_leg *leg = &to->leg[i];

	for (unsigned int n = 0; n < 2; n++) {
		if (n && peer->fd[1] == peer->fd[0])
			break;
		ups_addr_set_port(&peer->addr[n], fix_slots.port++);
	}
	if (peer->fd[1] != peer->fd[0])
		close(peer->fd[1]);
	else
		peer->addr[1] = peer->addr[0];
	close(peer->fd[0]);
	fix_slots.port += fix_slots.port % 2;
	peer->fd[0] = fix_socket(&peer->addr[0]);
	peer->fd[1] = leg->rtcp_mux ? peer->fd[0] : fix_socket(&peer->addr[1]);
	leg->remote = peer->addr[0];
	leg->remote_rtcp = peer->addr[1];
}

TEST_INLINE unsigned int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

#endif
