/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls and sessions as bytes: what a refused request must leave as it was. Paddings count, pointers too: nothing is made anew. */
#ifndef UPS_FUZZ_CALLS_STATE_H
#define UPS_FUZZ_CALLS_STATE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/call_priv.h"
#include "core/core_priv.h"

#define STATE_MAX (1u << 20)

static void held(int condition, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d does not hold\n", file, line);
	abort();
}

#define hold(condition) held(!!(condition), __FILE__, __LINE__)

static size_t add(uint8_t *to, size_t at, const void *from, size_t size)
{
	hold(at + size <= STATE_MAX);
	memcpy(to + at, from, size);
	return at + size;
}

static size_t add_lines(uint8_t *to, size_t at, const struct ups_lines *lines)
{
	for (unsigned int i = 0; i < lines->count; i++)
		at = add(to, at, lines->line[i], sizeof(*lines->line[i]));
	return at;
}

static size_t used_ports(const struct ups_core *core)
{
	size_t used = 0;

	for (unsigned int i = 0; i < 3; i++)
		used += core->ports[i][0].used_count + core->ports[i][1].used_count;
	return used;
}

static size_t state_of(const struct ups_core *core, const struct ups_calls *calls, uint8_t *to)
{
	const struct ups_session *s = NULL;
	size_t at = 0, counts[] = { core->flows.free,
				    core->keys.free,
				    core->ssrcs.taken,
				    used_ports(core),
				    ups_keyreg_live(core->keyreg),
				    core->planned,
				    core->note_count,
				    core->step_count,
				    calls->planned,
				    calls->created };

	at = add(to, at, counts, sizeof(counts));
	while ((s = ups_core_session_next(core, s))) {
		for (unsigned int i = 0; i < s->stream_count; i++)
			at = add(to, at, s->stream[i], sizeof(struct ups_core_stream));
	}
	for (const struct ups_call *c = calls->table; c; c = c->hh.next) {
		at = add(to, at, c, offsetof(struct ups_call, hh));
		at = add_lines(to, at, &c->agreed);
		at = add_lines(to, at, &c->offered);
	}
	return at;
}

#endif
