/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The inside of the model, shared by its files:
 *
 *	core.c    pools, sessions, commit and abort, look-ups
 *	take.c    one resource at a time, and the journal by which it is given back
 *	change.c  a stream made to look like a request
 *	update.c  changes that the data plane or the clock asks for: DTLS keys, ICE nomination, the end of an old key
 *
 * A plan is a list of steps, one for each stream of the session, in order of m-lines: what it is and what it becomes. Commit
 * makes the list the session, and gives back what a stream had and what it became has not; abort walks the journal
 * backwards and frees what was made. So nothing says twice what is to be released.
 *
 * Keys of a leg have places: rx[0..], tx, rx_rtcp, tx_rtcp, rx_old. A place is in use when it has an entry in the register; key
 * slot and entry move together from place to place and from stream to stream. Control thread only.
 */
#ifndef UPSEC_CORE_CORE_PRIV_H
#define UPSEC_CORE_CORE_PRIV_H

#include "core/check.h"
#include "core/core.h"
#include "core/keyreg.h"
#include "core/ports.h"
#include "core/slots.h"
#include "core/table.h"

enum ups_key_place {
	UPS_PLACE_RX,
	UPS_PLACE_TX = UPS_RX_KEYS_MAX,
	UPS_PLACE_RX_RTCP,
	UPS_PLACE_TX_RTCP,
	UPS_PLACE_RX_OLD,
	UPS_PLACE_COUNT,
};

struct ups_core_stream {
	struct ups_stream pub; /* first: see ups_core_stream_of() */
	struct ups_addr signalled[UPS_LEGS], signalled_rtcp[UPS_LEGS];
	struct ups_keyreg_entry *key[UPS_LEGS][UPS_PLACE_COUNT]; /* NULL = place not in use */
	struct ups_core_stream *due_before, *due_after; /* of those with an rx_old */
};

struct ups_core_session {
	struct ups_session pub; /* first: see ups_core_session_of() */
	bool inserted;
	UT_hash_handle hh;
};

/* One resource that the pending plan took. */
struct ups_core_note {
	enum { UPS_NOTE_PORT, UPS_NOTE_FLOW, UPS_NOTE_KEY, UPS_NOTE_RUN, UPS_NOTE_HOLD } what;
	void *from; /* port pool, or register entry */
	uint32_t value, size, before;
};

#define UPS_NOTES_MAX (UPS_STREAMS_MAX * UPS_LEGS * (3 + 2 * UPS_PLACE_COUNT))

/* from NULL: added; to NULL: removed; both the same: untouched; else changed */
struct ups_core_step {
	struct ups_core_stream *from, *to;
};

struct ups_core_owner {
	struct ups_core_session *session; /* NULL = slot is free, or planned only */
	struct ups_core_stream *stream;
	unsigned int leg;
};

struct ups_core {
	struct ups_limits limits;
	struct ups_check check;
	struct ups_core_session *sessions;
	unsigned int count; /* without the pending one */
	struct ups_ports (*ports)[2]; /* of each logical interface: v4, v6 */
	struct ups_slots flows, keys;
	struct ups_runs ssrcs;
	struct ups_keyreg *keyreg;
	struct ups_core_owner *owner; /* of each flow slot */
	struct ups_core_stream *due_first, *due_last; /* by end of their rx_old */
	uint64_t now_ns;

	enum { UPS_PLAN_NONE, UPS_PLAN_ADD, UPS_PLAN_CHANGE, UPS_PLAN_DEL } planned;
	struct ups_core_session *subject; /* of the plan */
	struct ups_core_step step[2 * UPS_STREAMS_MAX];
	unsigned int step_count;
	struct ups_core_note note[UPS_NOTES_MAX];
	unsigned int note_count;
};

static inline struct ups_core_session *ups_core_session_of(const struct ups_session *s)
{
	return (struct ups_core_session *)s;
}

static inline struct ups_core_stream *ups_core_stream_of(const struct ups_stream *s)
{
	return (struct ups_core_stream *)s;
}

static inline struct ups_key_spec *ups_leg_key(struct ups_leg *leg, unsigned int place)
{
	switch (place) {
	case UPS_PLACE_TX:
		return &leg->tx;
	case UPS_PLACE_RX_RTCP:
		return &leg->rx_rtcp;
	case UPS_PLACE_TX_RTCP:
		return &leg->tx_rtcp;
	case UPS_PLACE_RX_OLD:
		return &leg->rx_old;
	default:
		return &leg->rx[place];
	}
}

/* ---- take.c: each take is noted; errors as core.h says, with @at in the message ---- */

/* @addr: any address of the wanted family */
struct ups_ports *ups_take_pool(struct ups_core *core, const struct ups_iface *iface,
				const struct ups_addr *addr);
/* Sets leg->local, of the family of leg->remote. */
int ups_take_port(struct ups_core *core, const struct ups_check_at *at, struct ups_leg *leg,
		  uint16_t wanted) __must_check;
int ups_take_key(struct ups_core *core, const struct ups_check_at *at,
		 const struct ups_key_spec *want, bool tx, struct ups_key_spec *key,
		 struct ups_keyreg_entry **entry) __must_check;
/* Flow slot and SSRC slots of at->leg. */
int ups_take_flow(struct ups_core *core, const struct ups_check_at *at,
		  struct ups_stream *s) __must_check;
/* What a lifetime of @want (0 = not said) is under the limits. */
uint64_t ups_take_rtp_lifetime(const struct ups_core *core, uint64_t want);
uint64_t ups_take_rtcp_lifetime(const struct ups_core *core, uint64_t want);
/* All as before the first take. */
void ups_take_undo(struct ups_core *core);
/* They stay; keys enter the history. */
void ups_take_keep(struct ups_core *core);

/* ---- core.c: steps ---- */

/* -> a stream to fill in, as a step that replaces @from (NULL: none); a copy of it if there is one. NULL: no memory. */
struct ups_core_stream *ups_plan_step(struct ups_core *core, struct ups_core_stream *from);
/* The last step turned out to change nothing. */
void ups_plan_unstep(struct ups_core *core);
/* Steps that leave all streams of @session untouched, and put a copy in the place of @except (NULL: of none). -ENOMEM: no step */
int ups_plan_one(struct ups_core *core, struct ups_core_session *session,
		 struct ups_core_stream *except, struct ups_core_stream **to) __must_check;
/* Takes back all steps and takes. */
void ups_plan_cancel(struct ups_core *core);
/* Makes the steps the pending plan. */
void ups_plan_ready(struct ups_core *core, int planned, struct ups_core_session *session,
		    struct ups_plan *plan);
/* When the first old key of @s ends; UINT64_MAX = it has none. */
uint64_t ups_plan_due_ns(const struct ups_core_stream *s);

/* ---- update.c ---- */

/* A latching @leg takes @addr as where the peer is, if its source_ip allows; a strict one never moves, whoever reports it. */
void ups_leg_learn(struct ups_leg *leg, bool rtcp, const struct ups_addr *addr);
/* The peer is at @addr: of RTCP alone, of RTP alone, or of both with rtcp-mux. */
void ups_leg_move(struct ups_leg *leg, bool rtcp, const struct ups_addr *addr);

/* ---- change.c ---- */

/* Steps for all of @request, against @session as it is (no streams: all are new). @manual: keys are given explicitly */
int ups_change_streams(struct ups_core *core, const struct ups_core_session *session,
		       const struct ups_session_request *request, bool manual,
		       struct ups_errmsg *msg) __must_check;

#endif
