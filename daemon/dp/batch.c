// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What happens to the packets of a batch between receiving and sending. Worker thread; no allocation, lock, log or system call. */
#include "dp/batch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dp/police.h"
#include "dp/worker.h"

#define NS_PER_S 1000000000ULL

struct ups_batch *ups_batch_create(void)
{
	struct ups_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	for (unsigned int i = 0; i < UPS_BATCH_MAX; i++) {
		b->packet[i].data = b->buffer[i];
		b->in_iov[i] = (struct iovec) { b->buffer[i], UPS_DATAGRAM_MAX };
		b->in[i].msg_hdr.msg_name = &b->name[i];
		b->in[i].msg_hdr.msg_namelen = sizeof(b->name[i]);
		b->in[i].msg_hdr.msg_iov = &b->in_iov[i];
		b->in[i].msg_hdr.msg_iovlen = 1;
		b->out[i].msg_hdr.msg_iov = &b->out_iov[i];
		b->out[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

void ups_batch_destroy(struct ups_batch *b)
{
	free(b);
}

void ups_batch_drop(struct ups_udp_worker *w, struct ups_packet *p, uint8_t reason)
{
	p->reason = reason;
	__atomic_fetch_add(&p->port->flow->stats->drop[reason], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&w->drop[reason], 1, __ATOMIC_RELAXED);
}

/* ---- sources --------------------------------------------------------------------------------------------------- */

/*
 * Called with a packet that passed everything this leg can check. Until the source is known packets of several sources may
 * be under way in one batch: the first one fixes it, the others are strangers from then on.
 */
static uint8_t settle_source(struct ups_udp_worker *w, struct ups_packet *p)
{
	if (ups_port_known(p->port))
		return ups_port_accepts(p->port, &p->from) ? 0 : UPS_DROP_SOURCE;
	if (p->late)
		return 0;
	ups_port_learn(p->port, &p->from);
	ups_worker_notify(w, p->port->index);
	return 0;
}

/* ---- policing -------------------------------------------------------------------------------------------------- */

/* Whether this leg negotiates with what @p is */
static bool negotiates(const struct ups_packet *p)
{
	const struct ups_udp_flow *flow = p->port->flow;

	return (p->class == UPS_DEMUX_DTLS && flow->dtls) ||
	       (p->class == UPS_DEMUX_STUN && flow->stun);
}

static uint8_t hand_over(const struct ups_udp_worker *w, const struct ups_packet *p)
{
	const struct ups_udp_handover *to = w->handover;

	if (!ups_port_shakes(p->port, &p->from))
		return UPS_DROP_SOURCE;
	if (p->truncated)
		return UPS_DROP_TOO_BIG;
	return to->input(to->aux, w->number, p->port->flow->slot, p->port->rtcp, &p->from, p->data,
			 p->size)
		       ? UPS_HANDED_OVER
		       : UPS_DROP_HANDSHAKES;
}

static uint8_t refuse_other(const struct ups_packet *p)
{
	switch (p->class) {
	case UPS_DEMUX_DTLS:
		return UPS_DROP_DTLS_UNEXPECTED;
	case UPS_DEMUX_STUN:
		return UPS_DROP_STUN_UNEXPECTED;
	default:
		return UPS_DROP_DEMUX;
	}
}

static uint8_t police_clear(const struct ups_packet *p, const struct ups_udp_flow *flow, bool rtcp)
{
	uint8_t reason = rtcp ? ups_police_rtcp(p->data, p->size)
			      : ups_police_rtp(p->data, p->size);

	if (reason)
		return reason;
	return ups_ssrc_admit(flow->rx[rtcp].ssrc, flow->rx[rtcp].ssrc_count,
			      ups_police_ssrc(p->data, rtcp));
}

static uint8_t police_terminated(const struct ups_packet *p, const struct ups_udp_flow *flow)
{
	bool rtcp = p->class == UPS_DEMUX_RTCP;

	if (!rtcp && p->class != UPS_DEMUX_RTP)
		return refuse_other(p);
	if (rtcp ? !p->port->rtcp && !flow->rx_mux : p->port->rtcp)
		return UPS_DROP_MUX;
	/* headers and SSRC of an SRTP packet are the crypto's: a trailer belongs to nobody's headers */
	return flow->rx_srtp ? 0 : police_clear(p, flow, rtcp);
}

/* The order is the kernel lane's: source, size, first byte, header, SSRC. What negotiates has a rule of its own for sources. */
static uint8_t police(struct ups_udp_worker *w, struct ups_packet *p)
{
	const struct ups_udp_flow *flow = p->port->flow;
	uint8_t reason;

	p->class = ups_police_class(p->data, p->size);
	if (negotiates(p))
		return hand_over(w, p);
	if (!ups_port_accepts(p->port, &p->from))
		return UPS_DROP_SOURCE;
	if (p->truncated)
		return UPS_DROP_TOO_BIG;
	if (!p->size)
		return UPS_DROP_SHORT;
	if (flow->opaque)
		reason = p->class == UPS_DEMUX_BAD ? UPS_DROP_DEMUX : 0;
	else
		reason = police_terminated(p, flow);
	/* an SRTP leg learns after authentication */
	if (reason || flow->rx_srtp)
		return reason;
	return settle_source(w, p);
}

/* ---- crypto ---------------------------------------------------------------------------------------------------- */

static void op_fill(struct ups_srtp_op *op, struct ups_packet *p, const struct ups_srtp_side *side)
{
	*op = (struct ups_srtp_op) {
		.side = side,
		.packet = p->data,
		.len = (uint16_t)p->size,
		.cap = UPS_DATAGRAM_MAX + UPS_DATAGRAM_ROOM,
		.kind = p->class == UPS_DEMUX_RTCP ? UPS_SRTP_RTCP : UPS_SRTP_RTP,
	};
}

/* Puts every living packet whose flow needs it into one burst. */
static size_t gather(struct ups_batch *b, bool protect)
{
	size_t n = 0;

	for (unsigned int i = 0; i < b->count; i++) {
		struct ups_packet *p = &b->packet[i];
		const struct ups_udp_flow *flow = p->port->flow;
		bool rtcp = p->class == UPS_DEMUX_RTCP;

		if (p->reason || !(protect ? flow->tx_srtp : flow->rx_srtp))
			continue;
		if (!protect && flow->old)
			memcpy(b->saved[i], p->data, p->size);
		b->op_packet[n] = p;
		op_fill(&b->op[n++], p, protect ? &flow->tx[rtcp] : &flow->rx[rtcp]);
	}
	return n;
}

static void settle(struct ups_udp_worker *w, struct ups_batch *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		b->op_packet[i]->size = b->op[i].len;
		if (b->op[i].result)
			ups_batch_drop(w, b->op_packet[i], b->op[i].result);
	}
}

/*
 * What no present key opens may be the work of the peer's last one: one more try. Each packet is a burst of its own here, which
 * is slower, and only for the few seconds after a change of keys.
 */
static void try_old(struct ups_udp_worker *w, struct ups_batch *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ups_packet *p = b->op_packet[i];
		const struct ups_udp_old *old = p->port->flow->old;
		uint8_t reason = b->op[i].result;
		struct ups_srtp_op op;

		if (!old || (reason != UPS_DROP_AUTH && reason != UPS_DROP_MKI))
			continue;
		memcpy(p->data, b->saved[p - b->packet], p->size);
		op_fill(&op, p, &old->side);
		ups_srtp_unprotect(w->queue, &op, 1);
		if (op.result == UPS_DROP_AUTH || op.result == UPS_DROP_MKI)
			continue; /* the present keys have the last word */
		b->op[i] = op;
		p->late = true;
	}
}

static void unprotect(struct ups_udp_worker *w, struct ups_batch *b)
{
	size_t n = gather(b, false);

	if (!n)
		return;
	ups_srtp_unprotect(w->queue, b->op, n);
	try_old(w, b, n);
	settle(w, b, n);
}

static void protect(struct ups_udp_worker *w, struct ups_batch *b)
{
	size_t n = gather(b, true);

	if (!n)
		return;
	ups_srtp_protect(w->queue, b->op, n);
	settle(w, b, n);
}

/* ---- routing --------------------------------------------------------------------------------------------------- */

/*
 * RTCP leaves through the RTCP port of the out-leg whichever way it came. On an opaque leg without rtcp-mux nobody said that
 * what looks like RTCP is: there the port it came in at decides, as in the kernel lane.
 */
static bool leaves_as_rtcp(const struct ups_packet *p, const struct ups_udp_flow *flow)
{
	return p->port->rtcp || (p->class == UPS_DEMUX_RTCP && flow->rx_mux);
}

bool ups_batch_is_rtcp(const struct ups_packet *p)
{
	return leaves_as_rtcp(p, p->port->flow);
}

/* Nothing that costs an egress index happens to a packet that has nowhere to go. */
static uint8_t route(struct ups_packet *p)
{
	const struct ups_udp_flow *flow = p->port->flow;
	bool rtcp = leaves_as_rtcp(p, flow);

	p->out = flow->out[rtcp];
	if (!p->out || !ups_port_peer(p->out)->addr.port)
		return UPS_DROP_NO_ROUTE;
	return flow->tx_srtp && !flow->tx[rtcp].key_count ? UPS_DROP_NO_KEY : 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* @size: as received */
static void count_rx(const struct ups_packet *p, uint32_t size, uint64_t now)
{
	struct ups_stats *stats = p->port->flow->stats;
	struct ups_lane_stats *lane = &stats->lane[UPS_LANE_UDP];

	__atomic_fetch_add(&lane->rx_packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&lane->rx_bytes, size, __ATOMIC_RELAXED);
	__atomic_store_n(&stats->last_rx_ns, now, __ATOMIC_RELAXED);
	if (!ups_batch_is_rtcp(p))
		return;
	__atomic_fetch_add(&stats->rtcp_rx_packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stats->rtcp_rx_bytes, size, __ATOMIC_RELAXED);
}

static void admit(struct ups_udp_worker *w, struct ups_batch *b, const uint32_t *received)
{
	uint64_t now = now_ns();

	for (unsigned int i = 0; i < b->count; i++) {
		struct ups_packet *p = &b->packet[i];
		uint8_t reason;

		if (p->reason)
			continue;
		reason = p->port->flow->rx_srtp && p->port->latch ? settle_source(w, p) : 0;
		if (!reason) {
			count_rx(p, received[i], now);
			reason = route(p);
		}
		if (reason)
			ups_batch_drop(w, p, reason);
	}
}

void ups_batch_process(struct ups_udp_worker *w, struct ups_batch *b)
{
	uint32_t received[UPS_BATCH_MAX];

	for (unsigned int i = 0; i < b->count; i++) {
		struct ups_packet *p = &b->packet[i];
		uint8_t reason = police(w, p);

		received[i] = p->size;
		if (reason == UPS_HANDED_OVER)
			p->reason = reason;
		else if (reason)
			ups_batch_drop(w, p, reason);
	}
	unprotect(w, b);
	admit(w, b, received);
	protect(w, b);
}
