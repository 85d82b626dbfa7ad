/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of calls (call.c and its neighbours): the state of a dialogue.
 *
 *	call       one Call-ID: two sides, what was agreed last, what was offered last
 *	lines      the m-lines of one offer/answer exchange; `agreed` is what media follows, `offered` waits for an answer (and is kept after it,
 *	           for a second party that answers the same offer)
 *	end        one side of a line: what its party signalled, what policy decided, keys
 *
 * A request works on a copy of the call; commit puts the copy in the original's place. Control thread.
 */
#ifndef UPSEC_CORE_CALL_PRIV_H
#define UPSEC_CORE_CALL_PRIV_H

#include "core/call.h"
#include "core/table.h"

#define UPS_TLS_ID_MAX 256 /* with NUL */

/* A crypto attribute that we offered */
struct ups_own_crypto {
	uint32_t tag;
	uint8_t suite;
	struct ups_secret master;
};

struct ups_end {
	bool known; /* its party has spoken: addresses and keys below are signalled */
	enum ups_sdp_proto proto; /* of the m-line between this party and us */
	enum ups_sdp_direction direction; /* as the party said */
	struct ups_addr remote,
		remote_rtcp; /* known = false: unspecified address of the leg's family, port 0 */
	bool held; /* signalled 0.0.0.0: @remote is the last one before */
	bool mux; /* RTCP on the RTP port */
	bool mux_offered; /* by the party, or to it */
	bool latch; /* beside ICE, which finds the source itself */
	struct ups_addr source_ip;
	bool needs_registration;
	uint32_t
		proxy_only; /* suites that the proxy named for this party (SDES=only-), bit (1 << suite) */
	bool ipsec;
	bool osrtp;
	bool floor; /* this m-line had protection on this side before, however long ago */
	struct ups_decision decision;
	/* SDES */
	uint32_t tag; /* of the attribute agreed, or that we will echo */
	unsigned int rx_count;
	struct ups_key_spec rx[UPS_RX_KEYS_MAX];
	struct ups_key_spec tx; /* suite 0 = none */
	unsigned int own_count; /* offered to this party */
	struct ups_own_crypto own[UPS_RULE_SUITES_MAX];
	/* DTLS */
	struct ups_dtls_spec dtls;
	enum ups_sdp_setup setup; /* what we write to this party */
	char own_tls_id[40]; /* what we write; "" = none */
	char tls_id[UPS_TLS_ID_MAX]; /* what the party wrote */
	struct ups_ice_spec ice;
};

struct ups_line {
	bool alive; /* media flows or will; else port 0 on both sides */
	char media[16];
	bool e2ae; /* a=3ge2ae:requested of the offerer */
	struct ups_end end[UPS_LEGS];
};

struct ups_lines {
	unsigned int count;
	struct ups_line *line[UPS_STREAMS_MAX]; /* owned */
};

struct ups_call_party {
	char tag[UPS_CALL_TAG_MAX];
	uint64_t created_unix;
};

struct ups_call {
	char id[UPS_SESSION_ID_MAX];
	uint64_t created_ns, last_signal_ns, last_signal_unix;
	uint64_t end_at_ns; /* 0 = not set */
	struct ups_call_party caller; /* side 0 */
	struct ups_call_party callee[UPS_CALL_TAGS_MAX]; /* side 1 */
	unsigned int callee_count, callee_media; /* index of the one that has the media */
	const struct ups_iface *iface[UPS_LEGS];
	char address[UPS_LEGS][UPS_CPM_ADDRESS_MAX]; /* CPM Addresses, normalised; "" = not said */
	bool has_registered_source[UPS_LEGS];
	struct ups_addr registered_source[UPS_LEGS];
	uint64_t own_source_until_ns[UPS_LEGS]; /* the table of registrations had no room for it */
	enum ups_ng_answered authenticated[UPS_LEGS];
	enum ups_assurance signalling[UPS_LEGS];
	bool signalling_said[UPS_LEGS]; /* by a request; else it is the control source's */
	bool has_wish;
	enum ups_wish wish; /* user-protection=, of the whole call */
	bool strict;
	uint8_t tos;
	bool answered; /* ever */
	bool awaiting; /* the offer below has no answer yet */
	unsigned int offerer; /* side of the offer below */
	uint32_t associations; /* last number given to a DTLS association */
	uint32_t version; /* of o= that we count (replace sdp-version) */
	struct ups_lines agreed, offered;
	bool inserted;
	UT_hash_handle hh;
};

struct ups_calls {
	struct ups_core *core;
	struct ups_calls_config config;
	struct ups_call *table;
	struct ups_call *
		next; /* of the plan: takes the place of @before at commit; NULL when the call ends */
	struct ups_call *before; /* NULL when it is new */
	bool planned;
	bool created; /* @next is new, and in the table already */
	bool registers; /* @next's sender brought a registration */
	unsigned int registers_side;
	char cursor
		[UPS_SESSION_ID_MAX]; /* ups_calls_due(): id of the call to look at next, "" = the first */
	struct ups_sdp sdp; /* of the request in hand */
};

/* A request in hand */
struct ups_call_work {
	struct ups_calls *calls;
	const struct ups_call_request *rq;
	const struct ups_ng_flags *flags;
	struct ups_call *call; /* the copy */
	const struct ups_sdp *sdp;
	struct ups_lines
		previous; /* offer: the one before that was not answered yet, by the same side */
	unsigned int from, to; /* sides: whose SDP this is, and who will read the result */
	bool other_branch; /* the answer is not from whom the agreed lines are with */
	struct ups_call_report *report;
	struct ups_errmsg *msg;
};

/* What one m-line of a party says about keys */
struct ups_said {
	uint32_t can; /* UPS_CAN_* */
	bool osrtp; /* keying attributes on a plain profile */
	uint32_t suites; /* of valid a=crypto lines without weakening parameters */
	unsigned int crypto_lines; /* all, valid or not */
};

/* call.c. NULL: no such call */
struct ups_call *ups_call_find(const struct ups_calls *calls, struct ups_text id);
/* call_line.c: m-lines of an offer and of an answer; call_list.c: lists of them. */
int ups_call_offer_lines(struct ups_call_work *w) __must_check;
int ups_call_answer_lines(struct ups_call_work *w) __must_check;
void ups_lines_free(struct ups_lines *lines);
int ups_lines_copy(const struct ups_lines *from, struct ups_lines *to) __must_check;
/* call_policy.c: what policy says of one end. @refused_reason: decision is filled either way. */
struct ups_said ups_call_said(const struct ups_sdp_media *m);
/* Whether @m has keys by which two users could protect their media: not only weakened ones, and not none */
bool ups_call_users_keys(const struct ups_sdp_media *m);
/* On hold by address 0.0.0.0 or :: (RFC 3264 8.4); with ICE that says only that there is no default candidate (RFC 8840 4.1.1). */
bool ups_call_holds(const struct ups_sdp_media *m);
/* The party of side @from has said @said; -> 0 or UPS_E_POLICY / UPS_E_REGISTRATION with end->decision.reason */
int ups_call_judge(struct ups_call_work *w, const struct ups_line *line, unsigned int side,
		   const struct ups_said *said, bool known, bool keyed_by_users, bool floor,
		   struct ups_verdict *verdict) __must_check;
/* The party's address must not be this machine's own, unless the interface's is too. UPS_E_POLICY with reason in the decision. */
int ups_call_check_place(const struct ups_call_work *w, struct ups_end *end) __must_check;
/* Authorised source of a conv leg: fills end->latch, source_ip, remote where NAT needs it. UPS_E_REGISTRATION with reason in the decision. */
int ups_call_authorise(struct ups_call_work *w, struct ups_end *end,
		       unsigned int side) __must_check;

/* call_keys.c: keys of one end. */
/* Takes the first acceptable a=crypto of @m (suites of @verdict, permitted parameters) as what the party sends with. UPS_E_POLICY */
int ups_call_take_crypto(struct ups_call_work *w, const struct ups_sdp_media *m,
			 const struct ups_verdict *verdict, struct ups_end *end) __must_check;
/* Makes own lines for an offer: one for each suite, or only @agreed's key if it goes on. -errno */
int ups_call_own_crypto(const struct ups_verdict *verdict, const struct ups_end *agreed,
			struct ups_end *end) __must_check;
/* The answer to our own lines. UPS_E_POLICY with the reason in the decision. */
int ups_call_answered_crypto(const struct ups_call_work *w, const struct ups_sdp_media *m,
			     const struct ups_line *line, struct ups_end *end) __must_check;
struct ups_sdes_crypto;
/* A suite of ours and no parameter that weakens it */
bool ups_call_crypto_usable(const struct ups_sdes_crypto *c);
int ups_call_random_key(uint8_t suite, struct ups_key_spec *out) __must_check;
/* Fingerprints, tls-id and role of the party, from its SDP. @offer: it is an offer (role is chosen by us). UPS_E_POLICY */
int ups_call_take_dtls(struct ups_call_work *w, const struct ups_sdp_media *m,
		       const struct ups_verdict *verdict, const struct ups_end *agreed, bool offer,
		       struct ups_end *end) __must_check;
/* What we offer a party that has not answered yet */
int ups_call_offer_dtls(struct ups_call_work *w, const struct ups_verdict *verdict,
			const struct ups_end *agreed, struct ups_end *end) __must_check;
int ups_call_own_ice(struct ups_end *end) __must_check;
/* @size - 1 random letters, digits, '+' and '/', and a NUL. -errno */
int ups_call_random_text(char *to, size_t size) __must_check;
/* A receive key of @end (one side of a newer line) is one that somebody else of @agreed sends with. */
bool ups_call_is_ours(const struct ups_line *agreed, const struct ups_end *end);
/* "a" and "b" are the same key */
bool ups_call_same_key(const struct ups_key_spec *a, const struct ups_key_spec *b);

/* call_sdp.c: writes the SDP for side w->to out of w->sdp. @lines: those the m-lines belong to. */
int ups_call_write_sdp(struct ups_call_work *w, const struct ups_lines *lines, bool answer,
		       const struct ups_plan *plan) __must_check;

/* The stream of an m-line as it will be after commit of @plan; NULL if there is none */
const struct ups_stream *ups_call_stream(const struct ups_call_work *w, const struct ups_plan *plan,
					 unsigned int index);
/* Writes a reason into a decision and returns @err. */
int ups_call_refuse(struct ups_decision *d, enum ups_decider by, int err, const char *fmt, ...)
	__printf_like(4, 5) __must_check;

#endif
