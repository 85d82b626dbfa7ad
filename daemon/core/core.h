/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model: sessions, and the pools they draw from (media ports of each logical interface, flow, key and ssrc slots,
 * the register of transmit keys). Control thread only. No I/O: a request gives a plan; the caller lets the data plane carry it out
 * and then commits or aborts.
 *
 *	ups_core_session_add(core, &request, &plan, &msg)  -> plan, nothing visible yet
 *	ups_dp_apply(dp, &plan, &msg)                      -> 0: ups_core_commit(core, &plan)
 *	                                                      <0: ups_core_abort(core, &plan): slots, ports, keys as before
 *
 * One plan at a time: a second request before commit or abort is refused with -EBUSY. A session whose addition is planned is not
 * found by anything below; one whose removal is planned still is.
 *
 * Key rules (RFC 3711 9.1, RFC 4568 7.1.2): a transmit key that equals any key now in use, or any key used since the daemon
 * started (deleted sessions included: the index would restart), is refused with UPS_E_KEY_REUSED, and so is a receive key that
 * equals a key in use or one that we ever sent with. The register keeps keyed digests, never keys (core/keyreg.h; its history is bounded).
 *
 * Ports: RTP even, RTCP odd, random choice within the range (standards: predictable ports help an attacker), a freed port rests for a while
 * before it is given again.
 */
#ifndef UPSEC_CORE_CORE_H
#define UPSEC_CORE_CORE_H

#include "base/err.h"
#include "core/model.h"

struct ups_limits {
	uint32_t sessions; /* at most */
	uint32_t flows; /* slots: sessions * 2 * streams on average */
	uint32_t keys; /* key slots */
	uint32_t ssrcs; /* ssrc slots */
	uint16_t ssrc_per_flow; /* default SSRC limit, 1..UPS_SSRC_MAX */
	uint64_t rtp_lifetime, rtcp_lifetime; /* defaults and upper bounds, packets */
};

struct ups_session {
	char id[UPS_SESSION_ID_MAX];
	uint64_t created_ns; /* CLOCK_MONOTONIC, as given */
	uint64_t created_unix; /* seconds */
	unsigned int stream_count;
	struct ups_stream *stream[UPS_STREAMS_MAX]; /* owned by the core */
	bool pending; /* addition planned, not committed */
	bool manual; /* made by ups_core_session_add(): keys were given, nothing was negotiated */
};

struct ups_leg_request {
	const char *iface; /* logical interface name */
	enum ups_leg_mode mode;
	bool source_set; /* @source given; else the interface's; opaque legs are always strict */
	enum ups_source_mode source;
	bool rtcp_mux, no_rtcp;
	uint8_t tos; /* DSCP << 2 */
	uint16_t local_port; /* RTP, even; 0 = choose */
	struct ups_addr remote; /* RTP, with port */
	struct ups_addr remote_rtcp; /* port 0 = remote port + 1 */
	const struct ups_key_spec *rx;
	unsigned int rx_count;
	const struct ups_key_spec *tx; /* NULL = none */
	/* negotiated legs; zero for those with explicit keys */
	bool pending; /* the peer's part is not known yet: remote may have port 0, srtp legs may lack keys */
	struct ups_addr source_ip; /* see struct ups_leg */
	struct ups_dtls_spec
		dtls; /* on: srtp leg without rx and tx, keys come by ups_core_dtls_keys() */
	struct ups_ice_spec ice;
	bool ipsec;
	struct ups_decision
		decision; /* mechanism MANUAL is filled in for srtp legs of ups_core_session_add() */
};

struct ups_stream_request {
	uint16_t index; /* m-line number; rising from stream to stream */
	const char *media;
	struct ups_leg_request leg[UPS_LEGS];
	enum ups_lane_choice lane;
	uint16_t ssrc_limit; /* 0 = default */
};

struct ups_session_request {
	const char *id;
	const struct ups_stream_request *stream;
	unsigned int stream_count; /* ups_core_session_set(): may be 0 */
	bool keep_old; /* ups_core_session_set(): see there */
	uint64_t now_ns, now_unix;
};

/* Three facts of a session, never one as the other (README, words) */
struct ups_posture {
	bool all_hops_protected, end_to_end, integrity_compromised;
};
void ups_session_posture(const struct ups_session *session, struct ups_posture *out);

struct ups_core;

/* @ifaces must outlive the core. -ENOMEM, UPS_E_RANGE. */
int ups_core_create(const struct ups_limits *limits, const struct ups_iface *ifaces,
		    unsigned int iface_count, struct ups_core **out) __must_check;
void ups_core_destroy(struct ups_core *core);

/* Tells the core the time (CLOCK_MONOTONIC), about once a second: freed ports rest by it. */
void ups_core_tick(struct ups_core *core, uint64_t now_ns);

/*
 * UPS_E_SESSION_EXISTS, UPS_E_LIMIT, UPS_E_NO_INTERFACE, UPS_E_FAMILY, UPS_E_NO_PORTS, UPS_E_KEY_LENGTH,
 * UPS_E_KEY_REUSED, UPS_E_SUITE, UPS_E_RANGE; @msg says which stream and leg and what to do.
 */
int ups_core_session_add(struct ups_core *core, const struct ups_session_request *request,
			 struct ups_plan *plan, struct ups_errmsg *msg) __must_check;
/*
 * Makes the session @request->id look like @request, creating it if there is none. Streams are matched by m-line number: new ones are
 * added, missing ones removed, others changed with as little as possible:
 *
 *	ports    kept while interface, address family and the need for an RTCP port are the same (local_port is ignored then)
 *	keys     a key with the same bytes, suite and MKI as one that the leg uses in the same direction goes on: same slot, same counters,
 *	         same indices. Any other is new and subject to the key rules above. A leg whose receive keys are all new keeps the one it had as
 *	         rx_old for UPS_RX_OLD_NS when @request says so (keep_old); without keep_old nothing that the peer had is accepted any more.
 *	dtls     same association number: its keys and peer stay; another: they stay until the new handshake is done.
 *	learned  stays while interface and source_ip are the same, and the signalled remote address or the ICE user fragments are.
 *	slots    flows and SSRC slots stay; ssrc_limit counts when a stream is added.
 *
 * A request that changes nothing gives a plan with nothing in it, to be committed like any other. Streams of the session before commit
 * stay valid, and found, until ups_core_commit(). plan->change[].to starts with the dp handle of its predecessor.
 * Errors as ups_core_session_add(); UPS_E_SESSION_EXISTS: the session has keys that were given, which only ups_core_session_del() ends.
 */
int ups_core_session_set(struct ups_core *core, const struct ups_session_request *request,
			 struct ups_plan *plan, struct ups_errmsg *msg) __must_check;

/* Keys that a DTLS handshake gave. Masters are wiped by whoever made the structure. */
struct ups_dtls_keys {
	uint32_t association;
	bool rtcp; /* of the association on the RTCP port */
	uint8_t suite;
	struct ups_secret rx, tx; /* key || salt */
	struct ups_addr peer; /* where the handshake was done with */
};
/*
 * Plans the change by which the in-leg of @flow gets @keys. The peer's old receive key stays as rx_old. A latching leg learns @peer.
 * UPS_E_NO_SESSION (flow), UPS_E_STATE (not this association any more), UPS_E_SUITE, UPS_E_KEY_LENGTH, UPS_E_KEY_REUSED, UPS_E_LIMIT.
 */
int ups_core_dtls_keys(struct ups_core *core, uint32_t flow, const struct ups_dtls_keys *keys,
		       uint64_t now_ns, struct ups_plan *plan, struct ups_errmsg *msg) __must_check;
/* ICE nominated @addr for the in-leg of @flow (RTP, or RTCP on a port of its own). An empty plan if it is what the leg has.
 * UPS_E_NO_SESSION, UPS_E_STATE (no ICE there), UPS_E_RANGE and UPS_E_FAMILY (an address that no media may be sent to). */
int ups_core_nominated(struct ups_core *core, uint32_t flow, bool rtcp, const struct ups_addr *addr,
		       struct ups_plan *plan, struct ups_errmsg *msg) __must_check;
/* Plans one change that time brings (an rx_old that ends). -> 1 with a plan, 0 when nothing is due, < 0 -ENOMEM, -EBUSY. Call until 0. */
int ups_core_due(struct ups_core *core, uint64_t now_ns, struct ups_plan *plan) __must_check;

/* UPS_E_NO_SESSION */
int ups_core_session_del(struct ups_core *core, const char *id, struct ups_plan *plan,
			 struct ups_errmsg *msg) __must_check;
void ups_core_commit(struct ups_core *core, struct ups_plan *plan);
void ups_core_abort(struct ups_core *core, struct ups_plan *plan);

const struct ups_session *ups_core_session_find(const struct ups_core *core, const char *id);
/* Sessions in order of creation; NULL starts, NULL ends. @previous must still exist: a walk that pauses keeps the id and finds it again. */
const struct ups_session *ups_core_session_next(const struct ups_core *core,
						const struct ups_session *previous);
unsigned int ups_core_session_count(const struct ups_core *core);
/* The session that owns a flow slot, and which stream and leg; NULL if the slot is free. */
const struct ups_session *ups_core_flow_owner(const struct ups_core *core, uint32_t flow,
					      const struct ups_stream **stream, unsigned int *leg);
/* Records a source the data plane learned from an authenticated packet on (flow's in-leg). */
void ups_core_source_learned(struct ups_core *core, uint32_t flow, bool rtcp,
			     const struct ups_addr *addr);
/* As given to ups_core_create() */
const struct ups_limits *ups_core_limits(const struct ups_core *core);
/* Keys that the bounded history of the register had to drop; 0 unless about a million keys were used. */
uint64_t ups_core_keys_forgotten(const struct ups_core *core);

#endif
