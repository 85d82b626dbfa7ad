/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One local media port: a UDP socket, the only source it accepts, and where packets that leave through it go.
 *
 * Model: a leg has a port for RTP and, without rtcp-mux, another for RTCP. The same port receives one direction and sends
 * the other (symmetric RTP, RFC 4961). The source is either known from the start (strict) or learned once; it never
 * changes after that, which is what defeats a stranger who sends later. Learning replaces the destination too, at once and
 * for good. A port whose peer was not signalled yet accepts nothing and sends nothing: it is bound so that what comes early finds
 * a socket, not an ICMP error.
 *
 * Threads: the control thread creates and destroys; one worker receives and learns; any thread may read the addresses.
 * `known` is the publication: `learned` is written before it turns 1 and never after.
 */
#ifndef UPSEC_DP_PORT_H
#define UPSEC_DP_PORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/model.h"

/* A socket address small enough to keep two per port */
union ups_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct ups_peer {
	struct ups_addr addr; /* port 0 = not known */
	union ups_sockaddr to; /* the same, ready for sendmsg */
	socklen_t to_size;
};

struct ups_udp_flow;

struct ups_udp_port {
	int fd; /* -1 = this leg has no such port */
	uint32_t index; /* place in the lane's port table */
	bool rtcp; /* the separate RTCP port */
	bool latch;
	bool open; /* the peer is signalled */
	bool any; /* a source with any address may be learned; else source_ip's only */
	bool reported; /* control thread: it knows what was learned */
	bool shared; /* control thread: who negotiates may hold a duplicate of the socket */
	uint8_t tos;
	uint32_t known; /* atomic: 1 once the source is fixed */
	struct ups_peer signalled;
	struct ups_peer learned;
	struct ups_addr source_ip;
	struct ups_udp_flow *flow; /* of the packets that arrive here */
};

struct ups_port_use {
	uint8_t tos; /* type of service of what leaves */
	bool slow; /* some hundred packets a second at most: the system's receive buffer is enough */
};

/*
 * Opens and binds a socket for media at @local. -errno with @msg (EMFILE tells to raise LimitNOFILE). IPv6 sockets take
 * IPv6 only.
 */
int ups_port_socket(const struct ups_addr *local, const struct ups_port_use *use, int *fd,
		    struct ups_errmsg *msg) __must_check;

/* @fd becomes the port's. The source is fixed unless the leg latches and has not learned yet. */
void ups_port_init(struct ups_udp_port *p, const struct ups_leg *leg, bool rtcp, int fd);
/*
 * The port becomes that of @leg, with the socket @fd. What its worker learned and the control thread does not know yet stays learned if
 * the new leg would have learned it. No worker holds the port.
 */
void ups_port_change(struct ups_udp_port *p, const struct ups_leg *leg, int fd);
void ups_port_close(struct ups_udp_port *p);

bool ups_port_known(const struct ups_udp_port *p);
/* Whether a packet from @from may be looked at: from the known source, or one that may be learned. */
bool ups_port_accepts(const struct ups_udp_port *p, const struct ups_addr *from);
/*
 * Whether DTLS or STUN from @from may be handed over. It carries its own proof, so a latching port takes it from wherever it may learn,
 * known source or not, and one whose peer is not signalled yet from anywhere.
 */
bool ups_port_shakes(const struct ups_udp_port *p, const struct ups_addr *from);
/* Fixes the source. The caller has authenticated the packet (or it is a clear leg that may latch) and is the port's worker. */
void ups_port_learn(struct ups_udp_port *p, const struct ups_addr *from);
/* Where packets leaving through this port go; addr.port 0 = not known yet. */
const struct ups_peer *ups_port_peer(const struct ups_udp_port *p);

#endif
