/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls: dialogues negotiated by offer and answer (RFC 3264, 4568, 5763, 8643), between a SIP proxy and the sessions of core/core.h. A
 * request brings the SDP of one party; what comes back is the SDP for the other one, with media anchored here and protected on each leg as
 * policy says (core/policy.h).
 *
 *	ups_calls_request(calls, &request, &plan, &report, &msg) -> plan and SDP, nothing visible yet
 *	ups_dp_apply(dp, &plan, &msg)                            -> 0: ups_calls_commit(calls, &plan)
 *	                                                           <0: ups_calls_abort(calls, &plan): the dialogue is as before
 *
 * A refused request leaves the dialogue and its media as they were. One plan at a time, shared with ups_core_*.
 *
 * Sides: side 0 is who made the first offer, side 1 the other; leg N of every stream of the session belongs to side N. An offer comes from the
 * party whose tag is from-tag, an answer from the one whose tag is to-tag. Several parties may answer one offer (forking): the latest answer
 * has the media.
 *
 * Control thread only. No I/O, no clock.
 */
#ifndef UPSEC_CORE_CALL_H
#define UPSEC_CORE_CALL_H

#include "core/core.h"
#include "core/policy.h"
#include "core/registration.h"
#include "proto/ng.h"

#define UPS_CALL_TAG_MAX 256 /* with NUL */
#define UPS_CALL_TAGS_MAX 8 /* parties that answered one offer */

struct ups_calls;

/* What offer/answer asks of the world; all pure look-ups. */
struct ups_calls_ops {
	void *aux;
	/* as ups_dp_ipsec_covers() */
	int (*ipsec_covers)(void *aux, const struct ups_addr *local, const struct ups_addr *remote,
			    char *why, size_t size);
	/* as ups_dp_fingerprint() */
	int (*fingerprint)(void *aux, struct ups_fingerprint *out);
};

struct ups_calls_config {
	const struct ups_iface *ifaces;
	unsigned int iface_count;
	const struct ups_policy *policy; /* replaced by ups_calls_set_policy() */
	struct ups_registrations *registrations;
	bool latch_srtp; /* srtp legs latch unless strict-source, whatever the interface says (no configuration file) */
	struct ups_calls_ops ops;
};

/* All outlive the calls. -ENOMEM */
int ups_calls_create(struct ups_core *core, const struct ups_calls_config *config,
		     struct ups_calls **out) __must_check;
void ups_calls_destroy(struct ups_calls *calls);
/* Running calls are judged by it at their next offer. */
void ups_calls_set_policy(struct ups_calls *calls, const struct ups_policy *policy);

enum ups_call_op { UPS_CALL_OFFER, UPS_CALL_ANSWER };

struct ups_call_request {
	enum ups_call_op op;
	struct ups_text call_id, from_tag, to_tag, via_branch, sdp;
	const struct ups_ng_flags *flags;
	enum ups_assurance
		signalling; /* of the control source, for sides that the flags say nothing of */
	const char *source; /* who asks, for messages: "ng 127.0.0.1:4000" */
	uint64_t now_ns, now_unix;
};

/* What is told beside the SDP: per stream and leg, in words */
struct ups_call_line {
	uint16_t stream; /* m-line number */
	char media[16];
	bool refused; /* the m-line was answered or offered with port 0 by us; reason in decision[] of the leg that is to blame */
	struct ups_decision decision[UPS_LEGS];
};
struct ups_call_report {
	struct ups_buf *sdp; /* in: where the SDP goes */
	unsigned int line_count;
	struct ups_call_line line[UPS_STREAMS_MAX];
	bool created; /* this offer made the session */
	bool compromised; /* became integrity_compromised by this request */
	char warning[256]; /* "" = none */
};

/*
 * Offer or answer. UPS_E_NO_SESSION "Unknown call-id"; UPS_E_POLICY, UPS_E_REGISTRATION (no stream is left, with the reason of the first one);
 * UPS_E_STATE (answer without offer, glare); UPS_E_SYNTAX (SDP); UPS_E_LIMIT; UPS_E_NO_PORTS; UPS_E_NO_INTERFACE; UPS_E_RANGE.
 */
int ups_calls_request(struct ups_calls *calls, const struct ups_call_request *request,
		      struct ups_plan *plan, struct ups_call_report *report,
		      struct ups_errmsg *msg) __must_check;
/* What ups_calls_request() would decide; changes nothing and allocates nothing that stays. For `upsec policy check`. */
int ups_calls_check(struct ups_calls *calls, const struct ups_call_request *request,
		    struct ups_call_report *report, struct ups_errmsg *msg) __must_check;
/* Ends a call, or, with a to-tag of a fork that does not have the media, forgets that party (an empty plan). UPS_E_NO_SESSION.
 * Absent tags match anything; tags that match nobody are UPS_E_NO_SESSION. */
int ups_calls_delete(struct ups_calls *calls, struct ups_text call_id, struct ups_text from_tag,
		     struct ups_text to_tag, struct ups_plan *plan,
		     struct ups_errmsg *msg) __must_check;
/* Plans the end of one call whose time has come: delete-delay, a registration that ended, no media for @silence_ns (0 = no limit; 60 times
 * that while on hold or unanswered). @last_rx gives the CLOCK_MONOTONIC ns of a session's last packet. -> 1 with a plan and @why, 0, < 0. */
int ups_calls_due(struct ups_calls *calls, uint64_t now_ns, uint64_t silence_ns,
		  uint64_t (*last_rx)(void *aux, const struct ups_session *session), void *aux,
		  struct ups_plan *plan, char id[static UPS_SESSION_ID_MAX], char *why,
		  size_t why_size) __must_check;
/* Makes the call end at @at_ns (delete-delay), unless another offer comes before. Tags as for ups_calls_delete(). UPS_E_NO_SESSION */
int ups_calls_end_at(struct ups_calls *calls, struct ups_text call_id, struct ups_text from_tag,
		     struct ups_text to_tag, uint64_t at_ns) __must_check;
void ups_calls_commit(struct ups_calls *calls, struct ups_plan *plan);
void ups_calls_abort(struct ups_calls *calls, struct ups_plan *plan);

/* For query: valid until the next request. */
struct ups_call_tag {
	const char *tag;
	unsigned int side;
	bool has_media; /* of several on side 1: this one */
	uint64_t created_unix;
};
struct ups_call_media {
	uint16_t stream; /* m-line number */
	const char *media;
	bool refused; /* port 0 */
	enum ups_sdp_proto proto[UPS_LEGS];
	enum ups_sdp_direction direction[UPS_LEGS]; /* as the party of that side said */
};
struct ups_call_info {
	const struct ups_session *session;
	uint64_t last_signal_unix;
	bool answered;
	unsigned int tag_count;
	struct ups_call_tag tag[1 + UPS_CALL_TAGS_MAX];
	unsigned int media_count;
	struct ups_call_media media[UPS_STREAMS_MAX];
};
/* UPS_E_NO_SESSION: no call with this id (a session with explicit keys is none) */
int ups_calls_info(const struct ups_calls *calls, struct ups_text call_id,
		   struct ups_call_info *out) __must_check;

#endif
