/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One flow of every kind, installed in the kernel lane once for each test program, and check_frame(): runs a frame and
 * compares everything that may be seen of it (verdict, frame, the program's counters, the flow's statistics) with what
 * was expected. Include after cmocka.h; for cmocka groups with setup/teardown below.
 */
#ifndef UPS_TEST_XDPFLOWS_H
#define UPS_TEST_XDPFLOWS_H

#include "pktcheck.h"
#include "xdpfix.h"

#define ON (UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define PEER4 "192.0.2.10:7000"
#define PEER6 "[2001:db8::10]:7000"
#define LEG4 "198.51.100.1:5000"
#define LEG6 "[2001:db8:1::1]:5000"
#define FAR4 "198.51.100.10:6000"
#define FAR6 "[2001:db8:1::10]:6000"

struct flow_row {
	const char *local, *src, *out_src, *out_dst;
	uint32_t flags;
	const uint8_t *dst_mac, *src_mac; /* of the frame that leaves; NULL = up1's */
	uint8_t ssrc_count; /* 0 = 4 */
};

/* Row number = flow slot. */
enum flow_id {
	CLEAR_44,
	CLEAR_46,
	CLEAR_66,
	CLEAR_64,
	OPAQUE,
	OTHER_LANE,
	INACTIVE,
	LEARNING,
	SAME_DEVICE,
	GATEWAY_4,
	GATEWAY_6,
	UNRESOLVED_4,
	UNRESOLVED_6,
	BLACKHOLE_4,
	BLACKHOLE_6,
	UNREACHABLE,
	PROHIBITED,
	NO_ROUTE,
	TO_US,
	SMALL_MTU_4,
	SMALL_MTU_6,
	MUX,
	WITH_DTLS,
	WITH_STUN,
	LATCHED,
	OPAQUE_LATCHED,
	OPAQUE_ICE,
	TWO_SSRCS,
	KEYLESS_RX,
	KEYLESS_TX,
	EMPTY_KEY,
	FLOW_COUNT,
};

static const struct flow_row flows[FLOW_COUNT] = {
	[CLEAR_44] = { "192.0.2.1:4000", PEER4, LEG4, FAR4, ON, NULL, NULL, 0 },
	[CLEAR_46] = { "192.0.2.1:4002", PEER4, LEG6, FAR6, ON, NULL, NULL, 0 },
	[CLEAR_66] = { "[2001:db8::1]:4000", PEER6, LEG6, FAR6, ON, NULL, NULL, 0 },
	[CLEAR_64] = { "[2001:db8::1]:4002", PEER6, LEG4, FAR4, ON, NULL, NULL, 0 },
	[OPAQUE] = { "192.0.2.1:4004", PEER4, LEG4, FAR4, ON | UPS_FLOW_OPAQUE, NULL, NULL, 0 },
	[OTHER_LANE] = { "192.0.2.1:4006", PEER4, LEG4, FAR4, ON & ~UPS_FLOW_XDP, NULL, NULL, 0 },
	[INACTIVE] = { "192.0.2.1:4008", PEER4, LEG4, FAR4, ON & ~UPS_FLOW_ACTIVE, NULL, NULL, 0 },
	[LEARNING] = { "192.0.2.1:4010", PEER4, LEG4, FAR4, ON & ~UPS_FLOW_SRC_KNOWN, NULL, NULL,
		       0 },
	[SAME_DEVICE] = { "192.0.2.1:4012", PEER4, "192.0.2.1:5000", "192.0.2.10:6000", ON,
			  mac_peer, mac_us, 0 },
	[GATEWAY_4] = { "192.0.2.1:4014", PEER4, LEG4, "10.9.1.2:6000", ON, NULL, NULL, 0 },
	[GATEWAY_6] = { "192.0.2.1:4016", PEER4, LEG6, "[2001:db8:9::7]:6000", ON, NULL, NULL, 0 },
	[UNRESOLVED_4] = { "192.0.2.1:4018", PEER4, LEG4, "198.51.100.99:6000", ON, NULL, NULL, 0 },
	[UNRESOLVED_6] = { "192.0.2.1:4020", PEER4, LEG6, "[2001:db8:1::99]:6000", ON, NULL, NULL,
			   0 },
	[BLACKHOLE_4] = { "192.0.2.1:4022", PEER4, LEG4, "198.18.0.1:6000", ON, NULL, NULL, 0 },
	[BLACKHOLE_6] = { "192.0.2.1:4024", PEER4, LEG6, "[2001:db8:b::1]:6000", ON, NULL, NULL,
			  0 },
	[UNREACHABLE] = { "192.0.2.1:4026", PEER4, LEG4, "198.18.1.1:6000", ON, NULL, NULL, 0 },
	[PROHIBITED] = { "192.0.2.1:4028", PEER4, LEG4, "198.18.2.1:6000", ON, NULL, NULL, 0 },
	[NO_ROUTE] = { "192.0.2.1:4030", PEER4, LEG4, "100.64.0.1:6000", ON, NULL, NULL, 0 },
	[TO_US] = { "192.0.2.1:4032", PEER4, LEG4, "192.0.2.1:4000", ON, NULL, NULL, 0 },
	[SMALL_MTU_4] = { "192.0.2.1:4034", PEER4, "203.0.113.1:5000", "203.0.113.10:6000", ON,
			  mac_peer2, mac_us2, 0 },
	[SMALL_MTU_6] = { "192.0.2.1:4036", PEER4, "[2001:db8:2::1]:5000", "[2001:db8:2::10]:6000",
			  ON, mac_peer2, mac_us2, 0 },
	[MUX] = { "192.0.2.1:4038", PEER4, LEG4, FAR4, ON | UPS_FLOW_RX_MUX, NULL, NULL, 0 },
	[WITH_DTLS] = { "192.0.2.1:4040", PEER4, LEG4, FAR4, ON | UPS_FLOW_DTLS, NULL, NULL, 0 },
	[WITH_STUN] = { "192.0.2.1:4042", PEER4, LEG4, FAR4, ON | UPS_FLOW_STUN, NULL, NULL, 0 },
	[LATCHED] = { "192.0.2.1:4054", PEER4, LEG4, FAR4,
		      ON | UPS_FLOW_DTLS | UPS_FLOW_STUN | UPS_FLOW_LATCH, NULL, NULL, 0 },
	[OPAQUE_LATCHED] = { "192.0.2.1:4056", PEER4, LEG4, FAR4,
			     ON | UPS_FLOW_OPAQUE | UPS_FLOW_DTLS | UPS_FLOW_STUN | UPS_FLOW_LATCH,
			     NULL, NULL, 0 },
	[OPAQUE_ICE] = { "192.0.2.1:4044", PEER4, LEG4, FAR4,
			 ON | UPS_FLOW_OPAQUE | UPS_FLOW_STUN | UPS_FLOW_DTLS | UPS_FLOW_RX_MUX,
			 NULL, NULL, 0 },
	[TWO_SSRCS] = { "192.0.2.1:4046", PEER4, LEG4, FAR4, ON, NULL, NULL, 2 },
	[KEYLESS_RX] = { "192.0.2.1:4048", PEER4, LEG4, FAR4, ON | UPS_FLOW_RX_SRTP, NULL, NULL,
			 0 },
	[KEYLESS_TX] = { "192.0.2.1:4050", PEER4, LEG4, FAR4, ON | UPS_FLOW_TX_SRTP, NULL, NULL,
			 0 },
	[EMPTY_KEY] = { "192.0.2.1:4052", PEER4, LEG4, FAR4,
			ON | UPS_FLOW_RX_SRTP | UPS_FLOW_TX_SRTP, NULL, NULL, 0 },
};

#define OUT_TOS 0xb8 /* EF */
#define OUT_TTL 61
#define SSRC_PER_FLOW 4

static struct xdpfix fix;

TEST_INLINE bool flow_is_redirect(enum flow_id id)
{
	return id != SAME_DEVICE;
}

TEST_INLINE struct ups_flow flow_record(enum flow_id id)
{
	const struct flow_row *row = &flows[id];
	struct ups_flow f = {
		.flags = row->flags,
		.src = addr(row->src),
		.out_src = addr(row->out_src),
		.out_dst = addr(row->out_dst),
		.out_tos = OUT_TOS,
		.out_ttl = OUT_TTL,
		.rx_key_count = row->flags & UPS_FLOW_RX_SRTP ? 1 : 0,
		.tx_key = UPS_SLOT_NONE,
		.ssrc_base = (uint32_t)id * SSRC_PER_FLOW,
		.ssrc_count = row->ssrc_count ? row->ssrc_count : SSRC_PER_FLOW,
	};
	int i;

	for (i = 0; i < UPS_RX_KEYS_MAX; i++)
		f.rx_key[i] = UPS_SLOT_NONE;
	if (id == EMPTY_KEY)
		f.rx_key[0] = f.tx_key = 100; /* a slot where nothing was installed */
	return f;
}

static const char *flows_object; /* BPF object to load; NULL = the one built in */

TEST_INLINE int flows_setup(void **state)
{
	unsigned int id;

	(void)state;
	xdpfix_open_object(&fix, &xdpfix_limits, flows_object);
	for (id = 0; id < FLOW_COUNT && !fix.skip; id++) {
		struct ups_addr local = addr(flows[id].local), rtcp = local;
		struct ups_flow f = flow_record(id);

		ups_addr_set_port(&rtcp, ups_addr_port(&local) + 1);
		if (ups_kernel_flow_set(fix.kernel, id, &f) ||
		    ups_kernel_lookup_add(fix.kernel, &local, id) ||
		    ups_kernel_lookup_add(fix.kernel, &rtcp, id | UPS_LOOKUP_RTCP))
			return -1;
	}
	return 0;
}

TEST_INLINE int flows_teardown(void **state)
{
	(void)state;
	xdpfix_close(&fix);
	return 0;
}

/* Before each test: empty SSRC state and statistics; skips where nothing can run. */
TEST_INLINE void flows_reset(void)
{
	if (fix.skip) {
		print_message("%s\n", fix.skip);
		skip();
	}
	memset(fix.state.ssrc, 0, sizeof(*fix.state.ssrc) * fix.state.ssrcs);
	memset(fix.state.stats, 0, sizeof(*fix.state.stats) * fix.state.flows);
}

/* ---- one frame, everything about it checked -------------------------------------------------------------------- */

enum outcome { DROPS, PASSES, LEAVES };

struct expected {
	enum outcome outcome;
	uint32_t reason; /* of a drop or a pass */
	int flow; /* slot that counts it; -1 = none */
	size_t payload_at, payload_size; /* UDP payload inside the frame that came in */
};

TEST_INLINE void counters_delta(struct ups_counters *delta, const struct ups_counters *before)
{
	struct ups_counters now;
	const uint64_t *b = (const uint64_t *)before, *n = (const uint64_t *)&now;
	uint64_t *d = (uint64_t *)delta;
	size_t i;

	ups_kernel_counters(fix.kernel, &now);
	for (i = 0; i < sizeof(now) / sizeof(uint64_t); i++)
		d[i] = n[i] - b[i];
}

/* Exactly one counter moved, by one, and it is the expected one. */
TEST_INLINE void check_counters(const char *name, const struct expected *e,
				const struct ups_counters *d)
{
	uint64_t sum = d->tx + d->xsk;
	uint64_t hit;
	int i;

	for (i = 0; i < UPS_DROP_MAX; i++)
		sum += d->drop[i];
	for (i = 0; i < UPS_PASS_MAX; i++)
		sum += d->pass[i];
	hit = e->outcome == DROPS    ? d->drop[e->reason]
	      : e->outcome == PASSES ? d->pass[e->reason]
				     : d->tx;
	if (hit == 1 && sum == 1)
		return;
	for (i = 0; i < UPS_DROP_MAX; i++)
		if (d->drop[i])
			print_error("%s: counted as drop %d\n", name, i);
	for (i = 0; i < UPS_PASS_MAX; i++)
		if (d->pass[i])
			print_error("%s: counted as pass %d\n", name, i);
	fail_msg("%s: expected %s %u; %llu counters moved, tx %llu", name,
		 e->outcome == DROPS ? "drop" : "pass", e->reason, (unsigned long long)sum,
		 (unsigned long long)d->tx);
}

TEST_INLINE void check_stats(const char *name, const struct expected *e)
{
	const struct ups_stats *s = &fix.state.stats[e->flow];
	const struct ups_lane_stats *xdp = &s->lane[UPS_LANE_XDP];
	uint64_t left = e->outcome == LEAVES;
	int i;

	for (i = 0; i < UPS_DROP_MAX; i++)
		if (s->drop[i] != (e->outcome == DROPS && (uint32_t)i == e->reason))
			fail_msg("%s: the flow counts drop %d %u times", name, i, s->drop[i]);
	if (xdp->tx_packets != left || xdp->tx_bytes != left * e->payload_size)
		fail_msg("%s: the flow's tx count is wrong", name);
	if (e->outcome == LEAVES && (xdp->rx_packets != 1 || xdp->rx_bytes != e->payload_size))
		fail_msg("%s: the flow's rx count is wrong", name);
	if (e->outcome == LEAVES && !s->last_rx_ns)
		fail_msg("%s: last_rx_ns not set", name);
	if (s->lane[UPS_LANE_UDP].rx_packets || s->lane[UPS_LANE_XSK].rx_packets)
		fail_msg("%s: another lane's statistics moved", name);
}

TEST_INLINE void check_left(const char *name, const struct pkt *in, const struct xdpfix_result *r,
			    const struct expected *e)
{
	const struct flow_row *row = &flows[e->flow];
	struct pkt_expect want = {
		.dst_mac = row->dst_mac ? row->dst_mac : mac_peer1,
		.src_mac = row->src_mac ? row->src_mac : mac_us1,
		.src = addr(row->out_src),
		.dst = addr(row->out_dst),
		.tos = OUT_TOS,
		.ttl = OUT_TTL,
		.payload = in->data + e->payload_at,
		.payload_size = e->payload_size,
	};
	const char *fault = pkt_check(r->out.data, r->out.size, &want);

	if (r->verdict != (flow_is_redirect((enum flow_id)e->flow) ? XDP_REDIRECT : XDP_TX))
		fail_msg("%s: verdict %d", name, r->verdict);
	if (fault)
		fail_msg("%s: %s", name, fault);
}

TEST_INLINE void check_frame(const char *name, const struct pkt *in, const struct expected *e)
{
	static struct xdpfix_result r;
	struct ups_counters before, delta;
	int err;

	memset(fix.state.stats, 0, sizeof(*fix.state.stats) * FLOW_COUNT);
	ups_kernel_counters(fix.kernel, &before);
	err = xdpfix_run(&fix, in, &r);
	if (err)
		fail_msg("%s: BPF_PROG_TEST_RUN: %d", name, err);
	counters_delta(&delta, &before);
	check_counters(name, e, &delta);
	if (e->outcome == LEAVES)
		check_left(name, in, &r, e);
	else if (r.verdict != (e->outcome == DROPS ? XDP_DROP : XDP_PASS))
		fail_msg("%s: verdict %d", name, r.verdict);
	if (e->outcome == PASSES &&
	    (r.out.size != in->size || memcmp(r.out.data, in->data, in->size)))
		fail_msg("%s: a passed frame was changed", name);
	if (e->flow >= 0)
		check_stats(name, e);
}

#endif
