/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The udp lane: worker threads that move media between sockets, for every flow that no faster lane serves and for what a
 * faster lane passes up (RTCP, fragments, sources not learned yet).
 *
 * Model
 *   stream   both directions of one m-line: two flows, up to four ports. Belongs to one worker, so that packets keep their
 *            order and a burst of one SSRC has one writer.
 *   flow     immutable once started: what to undo, what to apply, through which ports it leaves.
 *   table    port number -> port. A worker takes only a number from epoll and looks the port up inside a read-side
 *            section (liburcu), so an event that was on its way when the port was removed finds nothing.
 *
 * Life cycle (control thread): open (sockets bound, nothing received), start (published), stop (unpublished), quiesce
 * (no worker holds it any more; one grace period serves any number of stopped streams), close (freed).
 * A worker that learns a source fixes it in the port and puts the port's number into its ring; ups_udp_dispatch() tells
 * the control thread.
 */
#ifndef UPSEC_DP_UDP_H
#define UPSEC_DP_UDP_H

#include "core/core.h"
#include "crypto/srtp.h"
#include "dp/kernel.h"
#include "dp/port.h"

struct ups_udp_flow {
	uint32_t slot;
	bool opaque;
	bool rx_srtp, tx_srtp;
	bool rx_mux; /* RTCP is accepted on the RTP port */
	struct ups_srtp_side rx, tx; /* the SSRC slots are here for clear legs too */
	struct ups_stats *stats;
	struct ups_udp_port *out[2]; /* where RTP and RTCP leave; NULL = nowhere */
};

struct ups_udp_worker;

struct ups_udp_stream {
	struct ups_udp_worker *worker;
	struct ups_udp_flow flow[UPS_LEGS]; /* [i]: arrives on leg i */
	struct ups_udp_port port[UPS_LEGS][2]; /* [leg][RTP, RTCP] */
	bool started;
};

/* Keys of one leg, owned by the caller until the stream is closed */
struct ups_leg_keys {
	struct ups_srtp_key *rx[UPS_RX_KEYS_MAX];
	struct ups_srtp_key *tx; /* NULL = none */
};

/* What the lane asks of the system; tests put failures here. */
struct ups_udp_sys {
	int (*socket)(const struct ups_addr *local, uint8_t tos, int *fd, struct ups_errmsg *msg);
	int (*poll_add)(int epoll_fd, int fd, uint64_t data);
};

/* The real poll_add: level-triggered readability of @fd reports @data. */
int ups_poll_add(int epoll_fd, int fd, uint64_t data) __must_check;

struct ups_udp;

struct ups_udp_config {
	struct ups_crypto *crypto; /* outlives the lane */
	const struct ups_state *state; /* outlives the lane */
	unsigned int workers; /* 0 = one per CPU */
	const struct ups_udp_sys *sys;
	void *aux;
	/* on the control thread, from ups_udp_dispatch() */
	void (*learned)(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr);
};

int ups_udp_create(const struct ups_udp_config *config, struct ups_udp **out,
		   struct ups_errmsg *msg) __must_check;
/* Stops the workers. Every stream has been closed before. NULL is allowed. */
void ups_udp_destroy(struct ups_udp *udp);

/* -errno with @msg; nothing is left behind then. */
int ups_udp_stream_open(struct ups_udp *udp, const struct ups_stream *stream,
			const struct ups_leg_keys keys[static UPS_LEGS],
			struct ups_udp_stream **out, struct ups_errmsg *msg) __must_check;
int ups_udp_stream_start(struct ups_udp *udp, struct ups_udp_stream *s,
			 struct ups_errmsg *msg) __must_check;
void ups_udp_stream_stop(struct ups_udp *udp, struct ups_udp_stream *s);
void ups_udp_quiesce(struct ups_udp *udp);
/* NULL is allowed. A stream that was started has been stopped and quiesced. */
void ups_udp_stream_close(struct ups_udp *udp, struct ups_udp_stream *s);

/* Readable when ups_udp_dispatch() has something to deliver */
int ups_udp_notify_fd(const struct ups_udp *udp);
void ups_udp_dispatch(struct ups_udp *udp);

unsigned int ups_udp_workers(const struct ups_udp *udp);
/* Packets dropped, by reason, summed over the workers */
void ups_udp_drops(const struct ups_udp *udp, uint64_t drop[static UPS_DROP_MAX]);

#endif
