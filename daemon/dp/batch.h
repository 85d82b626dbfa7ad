/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A batch: up to 64 datagrams of several ports on their way through one worker. Receive fills it, ups_batch_process()
 * polices, unprotects, learns sources, routes and protects, send empties it. Everything is allocated with the worker.
 *
 * A packet with a `reason` is out of the game: it has been counted as dropped, or handed over to who negotiates (DTLS, STUN),
 * and no later step touches it.
 */
#ifndef UPSEC_DP_BATCH_H
#define UPSEC_DP_BATCH_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "crypto/srtp.h"
#include "dp/udp.h"

#define UPS_BATCH_MAX UPS_BURST_MAX
#define UPS_DATAGRAM_MAX 9216 /* bytes of UDP payload; fragments make them larger than any MTU */
#define UPS_DATAGRAM_ROOM \
	192 /* for tag, SRTCP index and MKI, and so that buffers do not share cache sets */
#define UPS_HANDED_OVER 0xff /* a `reason`: neither dropped nor forwarded */

struct ups_packet {
	struct ups_udp_port *port; /* it arrived here */
	struct ups_udp_port *out; /* it leaves there */
	uint8_t *data;
	uint32_t size; /* bytes */
	uint8_t class; /* enum ups_demux */
	uint8_t reason; /* enum ups_drop, or UPS_HANDED_OVER; 0 = alive */
	bool truncated; /* longer than UPS_DATAGRAM_MAX */
	bool late; /* under the peer's last key: proves nothing about where the peer is now */
	struct ups_addr from;
};

struct ups_batch {
	unsigned int count;
	struct ups_packet packet[UPS_BATCH_MAX];
	struct ups_srtp_op op[UPS_BATCH_MAX];
	struct ups_packet *op_packet[UPS_BATCH_MAX];
	struct mmsghdr in[UPS_BATCH_MAX], out[UPS_BATCH_MAX];
	struct iovec in_iov[UPS_BATCH_MAX], out_iov[UPS_BATCH_MAX];
	struct sockaddr_storage name[UPS_BATCH_MAX];
	uint8_t buffer[UPS_BATCH_MAX][UPS_DATAGRAM_MAX + UPS_DATAGRAM_ROOM];
	/* packets as received, of flows where the peer's last key is tried too: a cipher that fails leaves nothing of use */
	uint8_t saved[UPS_BATCH_MAX][UPS_DATAGRAM_MAX];
};

struct ups_udp_worker;

/* -> NULL without memory */
struct ups_batch *ups_batch_create(void);
void ups_batch_destroy(struct ups_batch *b);
/* Takes up to @limit datagrams from @port. -> how many. */
unsigned int ups_batch_receive(struct ups_batch *b, struct ups_udp_port *port, unsigned int limit);
/* Counts @p as dropped, in its flow and in the worker. */
void ups_batch_drop(struct ups_udp_worker *w, struct ups_packet *p, uint8_t reason);
/* Whether @p counts and leaves as RTCP */
bool ups_batch_is_rtcp(const struct ups_packet *p);
void ups_batch_process(struct ups_udp_worker *w, struct ups_batch *b);
/* Sends what is alive and leaves the batch empty. */
void ups_batch_send(struct ups_udp_worker *w, struct ups_batch *b);

#endif
