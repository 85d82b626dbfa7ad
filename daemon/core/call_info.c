// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is told without a change: the parties and media of a call, and what a request would come to. Control thread. */
#include "core/call_priv.h"

static void info_media(const struct ups_call *call, struct ups_call_info *out)
{
	const struct ups_lines *lines = call->agreed.count ? &call->agreed : &call->offered;

	out->media_count = lines->count;
	for (unsigned int i = 0; i < lines->count; i++) {
		const struct ups_line *l = lines->line[i];
		struct ups_call_media *m = &out->media[i];

		*m = (struct ups_call_media) { .stream = (uint16_t)i,
					       .media = l->media,
					       .refused = !l->alive };
		for (unsigned int side = 0; side < UPS_LEGS; side++) {
			m->proto[side] = l->end[side].proto;
			m->direction[side] = l->end[side].direction;
		}
	}
}

int ups_calls_info(const struct ups_calls *calls, struct ups_text call_id,
		   struct ups_call_info *out)
{
	const struct ups_call *call = ups_call_find(calls, call_id);

	*out = (struct ups_call_info) {};
	if (!call)
		return UPS_E_NO_SESSION;
	out->session = ups_core_session_find(calls->core, call->id);
	out->last_signal_unix = call->last_signal_unix;
	out->answered = call->answered;
	out->tag[out->tag_count++] =
		(struct ups_call_tag) { .tag = call->caller.tag,
					.side = 0,
					.has_media = true,
					.created_unix = call->caller.created_unix };
	for (unsigned int i = 0; i < call->callee_count; i++) {
		out->tag[out->tag_count++] = (struct ups_call_tag) {
			.tag = call->callee[i].tag,
			.side = 1,
			.has_media = i == call->callee_media,
			.created_unix = call->callee[i].created_unix,
		};
	}
	info_media(call, out);
	return 0;
}

int ups_calls_check(struct ups_calls *calls, const struct ups_call_request *request,
		    struct ups_call_report *report, struct ups_errmsg *msg)
{
	struct ups_plan plan;
	int err = ups_calls_request(calls, request, &plan, report, msg);

	if (!err)
		ups_calls_abort(calls, &plan);
	return err;
}
