/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The udp lane: worker threads that move media between sockets, for every flow that no faster lane serves and for what a
 * faster lane passes up (RTCP, fragments, sources not learned yet).
 *
 * Model
 *   stream   both directions of one m-line: two flows, up to four ports. Belongs to one worker, so that packets keep their
 *            order and a burst of one SSRC has one writer.
 *   flow     immutable while published: what to undo, what to apply, through which ports it leaves.
 *   table    port number -> port. A worker takes only a number from epoll and looks the port up inside a read-side
 *            section (liburcu), so an event that was on its way when the port was removed finds nothing.
 *
 * Life cycle (control thread): open (sockets bound, nothing received), start (published), stop (unpublished), quiesce
 * (no worker holds it any more; one grace period serves any number of stopped streams), close (freed).
 * A stream that becomes another: prepare (sockets that appear are opened), hide (unpublished; sockets stay open and watched,
 * so what arrives waits in them), quiesce, switch (the caller is alone with it), show (published again).
 * A worker that learns a source fixes it in the port and puts the port's number into its ring; ups_udp_dispatch() tells
 * the control thread.
 */
#ifndef UPSEC_DP_UDP_H
#define UPSEC_DP_UDP_H

#include "core/core.h"
#include "crypto/srtp.h"
#include "dp/kernel.h"
#include "dp/port.h"

/*
 * The peer's last key, for packets that were under way when a new one came. It is judged by the replay lists as they were at
 * that moment, in a copy of their own: indices of the new key say nothing about those of the old one.
 */
struct ups_udp_old {
	uint32_t key_slot;
	struct ups_srtp_side side;
	struct ups_ssrc ssrc[UPS_SSRC_MAX];
};

struct ups_udp_flow {
	uint32_t slot;
	bool opaque;
	bool rx_srtp, tx_srtp;
	bool rx_mux; /* RTCP is accepted on the RTP port */
	bool dtls, stun; /* these are handed over */
	struct ups_srtp_side rx[2],
		tx[2]; /* [RTP, RTCP]; the SSRC slots are here for clear legs too */
	struct ups_udp_old *old; /* NULL = none */
	struct ups_stats *stats;
	struct ups_udp_port *out[2]; /* where RTP and RTCP leave; NULL = nowhere */
};

struct ups_udp_worker;

/* Who takes the DTLS and STUN of legs that negotiate. Called by worker threads. -> false: no room */
struct ups_udp_handover {
	void *aux;
	bool (*input)(void *aux, unsigned int worker, uint32_t flow, bool rtcp,
		      const struct ups_addr *from, const void *data, size_t size);
};

struct ups_udp_stream {
	struct ups_udp_worker *worker;
	struct ups_udp_flow flow[UPS_LEGS]; /* [i]: arrives on leg i */
	struct ups_udp_port port[UPS_LEGS][2]; /* [leg][RTP, RTCP] */
	bool started;
};

/* The keys of a leg by what they do */
enum ups_key_role {
	UPS_ROLE_RX, /* the first of UPS_RX_KEYS_MAX */
	UPS_ROLE_TX = UPS_RX_KEYS_MAX,
	UPS_ROLE_RX_RTCP,
	UPS_ROLE_TX_RTCP,
	UPS_ROLE_RX_OLD,
	UPS_ROLES
};

/* Keys of one leg, owned by the caller while the stream uses them; NULL = none */
struct ups_leg_keys {
	struct ups_srtp_key *key[UPS_ROLES];
};

/* What the lane asks of the system; tests put failures here. */
struct ups_udp_sys {
	int (*socket)(const struct ups_addr *local, const struct ups_port_use *use, int *fd,
		      struct ups_errmsg *msg);
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
	const struct ups_udp_handover
		*handover; /* outlives the lane; may be filled in until a leg needs it */
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

/* What a stream needs to become another, until it does */
struct ups_udp_change {
	struct ups_udp_stream *stream;
	const struct ups_stream *to;
	bool keep[UPS_LEGS][2]; /* this socket goes on */
	int fd[UPS_LEGS][2]; /* those that appear; -1 = none */
	struct ups_udp_old *old[UPS_LEGS]; /* memory for the peer's last key */
	struct ups_udp_old *back[UPS_LEGS]; /* last keys that the peers went back to */
};

/* Same slots in @from, which @s is, and @to. -errno with @msg; nothing is left behind then. */
int ups_udp_change_prepare(struct ups_udp *udp, struct ups_udp_stream *s,
			   const struct ups_stream *from, const struct ups_stream *to,
			   struct ups_udp_change *change, struct ups_errmsg *msg) __must_check;
/* The socket that (leg, rtcp) will have; -1 = none */
int ups_udp_change_fd(const struct ups_udp_change *change, unsigned int leg, bool rtcp);
void ups_udp_change_discard(struct ups_udp *udp, struct ups_udp_change *change);
void ups_udp_stream_hide(struct ups_udp *udp, struct ups_udp_stream *s);
/* Hidden and quiesced. Takes copies of the replay lists where the peer's last key stays: they must not have been reset yet. */
void ups_udp_change_switch(struct ups_udp *udp, struct ups_udp_change *change,
			   const struct ups_leg_keys keys[static UPS_LEGS]);
/* After replay lists that no key continues were reset: a key that the peer went back to brings its own along. */
void ups_udp_change_restore(struct ups_udp_change *change);
void ups_udp_stream_show(struct ups_udp *udp, struct ups_udp_stream *s);

/* Whether SRTCP of this leg never uses the keys of its SRTP (DTLS without rtcp-mux, RFC 5764 5.1.2) */
bool ups_udp_own_rtcp_keys(const struct ups_leg *leg);
bool ups_udp_has_rtcp_port(const struct ups_leg *leg);

/* Readable when ups_udp_dispatch() has something to deliver */
int ups_udp_notify_fd(const struct ups_udp *udp);
void ups_udp_dispatch(struct ups_udp *udp);

unsigned int ups_udp_workers(const struct ups_udp *udp);
/* Packets dropped, by reason, summed over the workers */
void ups_udp_drops(const struct ups_udp *udp, uint64_t drop[static UPS_DROP_MAX]);

#endif
