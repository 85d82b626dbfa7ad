/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The data plane as the control thread sees it: carries plans out on the lanes and reports what happened.
 *
 * Threads: every function here is called by the control thread. Worker threads (udp lane) meet it only in
 * RCU-published flows and in a notification ring; ups_dp_notify_fd() becomes readable when the ring has entries and
 * ups_dp_dispatch() delivers them through the callbacks, on the control thread.
 * Ownership: the streams of a plan stay the core's; the data plane copies what it needs and keeps a handle in stream->dp.
 */
#ifndef UPSEC_DP_DP_H
#define UPSEC_DP_DP_H

#include "core/core.h"
#include "core/report.h"
#include "crypto/srtp.h"
#include "dp/dtls.h"

struct ups_dp;

enum ups_xdp_mode { UPS_XDP_AUTO, UPS_XDP_NATIVE, UPS_XDP_GENERIC, UPS_XDP_OFF };

struct ups_dp_callbacks {
	void *aux;
	/* a leg's source was learned from an authenticated packet; flow = slot whose in-leg it is */
	void (*source_learned)(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr);
	void (*key_event)(void *aux, uint32_t flow, bool expired, bool rtcp, bool tx);
	void (*lane_changed)(void *aux, uint32_t flow, enum ups_lane lane, const char *reason);
	/* a DTLS handshake on the in-leg of @flow gave keys; the caller plans and applies them before it returns, or refuses (< 0) */
	int (*dtls_keys)(void *aux, uint32_t flow, const struct ups_dtls_keys *keys);
	/* it failed; @reason is static or valid during the call */
	void (*dtls_failed)(void *aux, uint32_t flow, bool rtcp, int err, const char *reason);
	/* ICE: the peer nominated this address */
	void (*nominated)(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr);
};

struct ups_dp_config {
	struct ups_limits limits;
	const struct ups_iface *ifaces;
	unsigned int iface_count;
	struct ups_crypto *crypto; /* outlives the data plane */
	unsigned int workers; /* udp lane threads; 0 = one per CPU */
	enum ups_xdp_mode xdp;
	enum ups_lane_choice lane; /* default for streams that say auto */
	const char *bpf_object; /* path of upsec_xdp.bpf.o; NULL = built in */
	unsigned int key_warning_percent; /* key_event with expired=false at this use */
	struct ups_dtls_config dtls;
	struct ups_dp_callbacks callbacks;
};

/* Allocates shared state, probes and loads the kernel lane (a failure there is a warning and udp only), starts workers. */
int ups_dp_create(const struct ups_dp_config *config, struct ups_dp **out,
		  struct ups_errmsg *msg) __must_check;
/* Stops workers, detaches the kernel lane, closes sockets, wipes keys. NULL is allowed. */
void ups_dp_destroy(struct ups_dp *dp);

/* All of the plan or nothing: on failure what was done is undone, @msg says what failed. */
int ups_dp_apply(struct ups_dp *dp, const struct ups_plan *plan,
		 struct ups_errmsg *msg) __must_check;

/*
 * Whether the kernel's IPsec policies (XFRM, read over netlink at each call) cover UDP between @local and @remote in both directions with
 * ESP that encrypts, by require-level templates. -> 1, 0, or -errno (no XFRM in this kernel is 0); @why is filled with one sentence.
 */
int ups_dp_ipsec_covers(struct ups_dp *dp, const struct ups_addr *local,
			const struct ups_addr *remote, char *why, size_t size) __must_check;
/* Of our certificate, for a=fingerprint. UPS_E_UNSUPPORTED if DTLS could not be set up (the reason was logged at start). */
int ups_dp_fingerprint(const struct ups_dp *dp, struct ups_fingerprint *out) __must_check;

int ups_dp_notify_fd(const struct ups_dp *dp);
void ups_dp_dispatch(struct ups_dp *dp);
/* Called about once a second: key lifetimes, counters. */
void ups_dp_tick(struct ups_dp *dp, uint64_t now_ns);

/* @flow is a slot of an installed stream. UPS_E_NO_SESSION otherwise. */
int ups_dp_flow_info(const struct ups_dp *dp, uint32_t flow,
		     struct ups_flow_info *out) __must_check;
/* CLOCK_MONOTONIC ns of the last packet of a flow that passed policing; 0 = none */
uint64_t ups_dp_last_rx(const struct ups_dp *dp, uint32_t flow);
/* Packets used of a key slot. */
struct ups_key_use ups_dp_key_use(const struct ups_dp *dp, uint32_t slot);

void ups_dp_info(const struct ups_dp *dp, struct ups_dp_info *out);

#endif
