// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Batches and sockets: recvmmsg into a batch, sendmmsg out of it. Worker thread. */
#include "dp/batch.h"

#include <errno.h>

#include "dp/worker.h"

unsigned int ups_batch_receive(struct ups_batch *b, struct ups_udp_port *port, unsigned int limit)
{
	unsigned int first = b->count;
	int n = recvmmsg(port->fd, &b->in[first], limit, MSG_DONTWAIT, NULL);

	/* nothing there, or an ICMP error that this call has just cleared: neither is the session's end */
	if (n <= 0)
		return 0;
	for (unsigned int i = first; i < first + (unsigned int)n; i++) {
		struct ups_packet *p = &b->packet[i];

		p->port = port;
		p->size = b->in[i].msg_len;
		p->truncated = b->in[i].msg_hdr.msg_flags & MSG_TRUNC;
		p->reason = 0;
		p->late = false;
		ups_addr_from_sockaddr(&p->from, &b->name[i]);
		b->in[i].msg_hdr.msg_namelen = sizeof(b->name[i]);
	}
	b->count += (unsigned int)n;
	return (unsigned int)n;
}

static uint8_t send_reason(int err)
{
	switch (err) {
	case EMSGSIZE:
		return UPS_DROP_TOO_BIG;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
		return UPS_DROP_NO_ROUTE;
	default:
		return UPS_DROP_TX_FAILED;
	}
}

static void count_sent(struct ups_udp_worker *w, struct ups_packet *p, uint8_t reason)
{
	struct ups_stats *stats = p->port->flow->stats;
	struct ups_lane_stats *lane = &stats->lane[UPS_LANE_UDP];

	if (reason) {
		ups_batch_drop(w, p, reason);
		return;
	}
	__atomic_fetch_add(&lane->tx_packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&lane->tx_bytes, p->size, __ATOMIC_RELAXED);
	if (!ups_batch_is_rtcp(p))
		return;
	__atomic_fetch_add(&stats->rtcp_tx_packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stats->rtcp_tx_bytes, p->size, __ATOMIC_RELAXED);
}

/* @count messages that leave through the same socket. One that is refused does not hold up those behind it. */
static void send_run(struct ups_udp_worker *w, struct ups_batch *b, unsigned int first,
		     unsigned int count)
{
	int fd = b->op_packet[first]->out->fd;

	while (count) {
		int n = sendmmsg(fd, &b->out[first], count, MSG_DONTWAIT | MSG_NOSIGNAL);
		uint8_t reason = n <= 0 ? send_reason(errno) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		n = n <= 0 ? 1 : n;
		for (int i = 0; i < n; i++)
			count_sent(w, b->op_packet[first + (unsigned int)i], reason);
		first += (unsigned int)n;
		count -= (unsigned int)n;
	}
}

static void put_message(struct ups_batch *b, unsigned int i, struct ups_packet *p)
{
	const struct ups_peer *to = ups_port_peer(p->out);

	b->op_packet[i] = p;
	b->out_iov[i] = (struct iovec) { p->data, p->size };
	b->out[i].msg_hdr.msg_name = (void *)&to->to;
	b->out[i].msg_hdr.msg_namelen = to->to_size;
}

/* Neighbours with the same way out share a system call; their order is never changed. */
void ups_batch_send(struct ups_udp_worker *w, struct ups_batch *b)
{
	unsigned int first = 0, n = 0;

	for (unsigned int i = 0; i < b->count; i++) {
		struct ups_packet *p = &b->packet[i];

		if (p->reason)
			continue;
		if (n > first && b->op_packet[first]->out != p->out) {
			send_run(w, b, first, n - first);
			first = n;
		}
		put_message(b, n++, p);
	}
	if (n > first)
		send_run(w, b, first, n - first);
	b->count = 0;
}
