// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Drops of flows as events, rarely: when they start, and at each tenfold. Nothing else follows from them. Control thread. */
#include "app/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_REPORT 1 /* drops */
#define GROWTH 10

static const char *const reasons[UPS_DROP_MAX] = {
#define UPS_X_TEXT(n, NAME, wire, text) [n] = text,
	UPS_DROPS(UPS_X_TEXT)
#undef UPS_X_TEXT
};

struct seen {
	uint64_t created_ns; /* of the session whose the numbers are */
	uint64_t report_at; /* drops that make the next event */
	uint64_t last; /* drops at the last look */
};

struct ups_watch {
	struct ups_daemon *daemon;
	struct seen *seen; /* of each flow slot */
	uint32_t count, next;
};

int ups_watch_create(struct ups_daemon *d, struct ups_watch **out)
{
	struct ups_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->daemon = d;
	w->count = d->config.limits.flows;
	w->seen = calloc(w->count, sizeof(*w->seen));
	if (!w->seen) {
		ups_watch_destroy(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void ups_watch_destroy(struct ups_watch *w)
{
	if (!w)
		return;
	free(w->seen);
	free(w);
}

static uint64_t count_drops(const struct ups_stats *stats, unsigned int *most)
{
	uint64_t sum = 0;

	*most = 1;
	for (unsigned int i = 1; i < UPS_DROP_MAX; i++) {
		sum += stats->drop[i];
		if (stats->drop[i] > stats->drop[*most])
			*most = i;
	}
	return sum;
}

static void report(struct ups_watch *w, const struct ups_session *session,
		   const struct ups_stream *stream, unsigned int leg, uint64_t drops,
		   unsigned int most)
{
	char text[160];

	snprintf(text, sizeof(text), "%llu packets dropped so far, most because: %s",
		 (unsigned long long)drops, reasons[most] ? reasons[most] : "unknown");
	ups_nl_server_event(w->daemon->netlink,
			    &(struct ups_event) { .type = UPS_EVENT_AUTH_FAILURES,
						  .session_id = session->id,
						  .stream = stream->index,
						  .leg = (uint8_t)leg,
						  .text = text });
}

static void look(struct ups_watch *w, uint32_t flow)
{
	const struct ups_session *session;
	const struct ups_stream *stream;
	struct seen *seen = &w->seen[flow];
	struct ups_flow_info info;
	unsigned int leg, most;
	uint64_t drops;

	session = ups_core_flow_owner(w->daemon->core, flow, &stream, &leg);
	if (!session || ups_dp_flow_info(w->daemon->dp, flow, &info)) {
		*seen = (struct seen) {};
		return;
	}
	drops = count_drops(&info.stats, &most);
	if (seen->created_ns != session->created_ns || drops < seen->last)
		*seen = (struct seen) { .created_ns = session->created_ns,
					.report_at = FIRST_REPORT };
	seen->last = drops;
	if (drops < seen->report_at)
		return;
	while (seen->report_at <= drops)
		seen->report_at *= GROWTH;
	report(w, session, stream, leg, drops, most);
}

void ups_watch_tick(struct ups_watch *w)
{
	uint32_t share = (w->count + UPS_WATCH_PERIOD - 1) / UPS_WATCH_PERIOD;

	for (uint32_t i = 0; i < share; i++) {
		look(w, w->next);
		w->next = (w->next + 1) % w->count;
	}
}
