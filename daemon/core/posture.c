// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The three facts of a session's posture. Any thread. */
#include "core/core.h"

static bool hop_protected(const struct ups_leg *leg)
{
	return leg->mode != UPS_MODE_CLEAR || leg->ipsec;
}

/* Without negotiation nobody allowed a clear leg by a rule, so each of them counts. */
static bool compromised(const struct ups_session *session, const struct ups_leg *leg)
{
	return leg->decision.compromised || (session->manual && !hop_protected(leg));
}

void ups_session_posture(const struct ups_session *session, struct ups_posture *out)
{
	bool any = session->stream_count > 0;

	*out = (struct ups_posture) { .all_hops_protected = any, .end_to_end = any };
	for (unsigned int i = 0; i < session->stream_count * UPS_LEGS; i++) {
		const struct ups_leg *leg = &session->stream[i / UPS_LEGS]->leg[i % UPS_LEGS];

		out->all_hops_protected &= hop_protected(leg);
		out->end_to_end &= leg->mode == UPS_MODE_OPAQUE;
		out->integrity_compromised |= compromised(session, leg);
	}
}
