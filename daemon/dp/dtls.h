/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DTLS-SRTP handshakes (RFC 5763, 5764, 8842, 9325) and ICE-lite answers (RFC 8445) of every leg, on one thread of their own: what comes
 * from the network before it is authenticated never runs on the control thread, and costs media nothing.
 *
 * Model
 *   endpoint     one media port (RTP or RTCP) of a leg that negotiates: local socket, role, fingerprints, ICE credentials.
 *   association  one DTLS connection of an endpoint with one remote address. Several may be under way (a forged ClientHello cannot stop
 *                the peer's, CVE-2023-49786 and its kin): UPS_DTLS_TRIES for each endpoint, UPS_DTLS_MAX in all, the oldest unfinished gives
 *                way. The first whose certificate matches a signalled fingerprint wins; the others are forgotten.
 *
 * Which sources: a strict endpoint the signalled one only; a latching one any (or those with source_ip). While fingerprints are not known
 * (no answer yet) the last ClientHello of up to UPS_DTLS_EARLY sources is kept, nothing is answered, and they are played when the answer comes.
 *
 * Rules: DTLS 1.2 and later; mutual certificates; use_srtp must agree on a permitted profile, else the handshake fails; keys by exporter
 * "EXTRACTOR-dtls_srtp"; SRTP only after the fingerprint was compared (constant time) and, where a name is asked for, the chain and name
 * verified; an alert or garbage from an unverified source destroys nothing; a passive endpoint asks for a cookie first; handshakes end after
 * UPS_DTLS_TIMEOUT_MS. STUN requests on endpoints without ICE are answered when they come from a source that is accepted (RFC 5763 6.7.2).
 *
 * Threads: create, destroy, set, drop, dispatch on the control thread. Workers hand datagrams over by ups_dtls_input(): no lock, no
 * allocation, bounded ring; full = dropped and counted there.
 */
#ifndef UPSEC_DP_DTLS_H
#define UPSEC_DP_DTLS_H

#include "core/core.h"

#define UPS_DTLS_TRIES 4
#define UPS_DTLS_EARLY 4
#define UPS_DTLS_MAX 4096
#define UPS_DTLS_TIMEOUT_MS 30000

struct ups_dtls_config {
	const char *certificate,
		*key; /* PEM files; NULL = a self-signed ECDSA P-256 one is made at start */
	const char *ca; /* PEM file that peer_name certificates must chain to; NULL = none */
};

struct ups_dtls;
struct ups_dtls_endpoint;

/* On the control thread, from ups_dtls_dispatch() */
struct ups_dtls_callbacks {
	void *aux;
	/* -> < 0: refused, the association is closed with an alert */
	int (*keys)(void *aux, uint32_t flow, const struct ups_dtls_keys *keys);
	void (*failed)(void *aux, uint32_t flow, bool rtcp, int err, const char *reason);
	void (*nominated)(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr);
};

/* @workers: number of threads that call ups_dtls_input(). The files are read here. -errno, UPS_E_SYNTAX with what is wrong with which file. */
int ups_dtls_create(const struct ups_dtls_config *config,
		    const struct ups_dtls_callbacks *callbacks, unsigned int workers,
		    struct ups_dtls **out, struct ups_errmsg *msg) __must_check;
void ups_dtls_destroy(struct ups_dtls *d);
/* SHA-256 of our certificate */
void ups_dtls_fingerprint(const struct ups_dtls *d, struct ups_fingerprint *out);

/*
 * What can fail of adding or changing an endpoint: @leg is the in-leg of @flow with dtls or ice on, @fd its socket (duplicated, so that the port
 * may close its own). Nothing is in force until ups_dtls_publish(). -ENOMEM, -EMFILE.
 */
int ups_dtls_prepare(struct ups_dtls *d, uint32_t flow, bool rtcp, int fd,
		     const struct ups_leg *leg, struct ups_dtls_endpoint **out) __must_check;
/*
 * Puts @e in force, in place of the endpoint of the same flow and port if there is one: with the same association number a finished handshake
 * stays finished and a running one goes on, early ClientHellos are kept; another number starts anew. An active endpoint with a known remote
 * sends its ClientHello. Takes @e over; cannot fail.
 */
void ups_dtls_publish(struct ups_dtls *d, struct ups_dtls_endpoint *e);
void ups_dtls_discard(struct ups_dtls *d,
		      struct ups_dtls_endpoint *e); /* prepared, not published; NULL is allowed */
/* The endpoint ends: close_notify to a verified peer. No callback for it comes any more. Unknown is allowed. */
void ups_dtls_drop(struct ups_dtls *d, uint32_t flow, bool rtcp);

/* Worker thread @worker: a DTLS or STUN datagram that arrived at (flow, rtcp). -> false: no room, the caller counts it as dropped. */
bool ups_dtls_input(struct ups_dtls *d, unsigned int worker, uint32_t flow, bool rtcp,
		    const struct ups_addr *from, const void *data, size_t size);

/* Readable when ups_dtls_dispatch() has something to deliver */
int ups_dtls_notify_fd(const struct ups_dtls *d);
void ups_dtls_dispatch(struct ups_dtls *d);

struct ups_dtls_stats {
	uint64_t handshakes, failures, refused; /* done; failed; given up for room */
	uint32_t running;
};
void ups_dtls_stats(const struct ups_dtls *d, struct ups_dtls_stats *out);

#endif
