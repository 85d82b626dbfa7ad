/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbered slots: the indices of the data plane's arrays. Two kinds:
 *
 *	ups_slots  single slots (flows, keys), given first-in first-out, so that a freed slot rests as long as possible
 *	ups_runs   neighbouring slots (the SSRC slots of one flow), next-fit over a bitmap, for the same reason
 *
 * Everything is sized by init; take and put never allocate. `untake` undoes the latest takes, newest first, and leaves the
 * pool exactly as it was. Control thread only.
 */
#ifndef UPSEC_CORE_SLOTS_H
#define UPSEC_CORE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ups_slots {
	uint32_t *ring; /* free slots; [head], [head + 1] ... modulo count are given next */
	uint32_t count; /* slots in all */
	uint32_t head;
	uint32_t free;
};

/* -ENOMEM, UPS_E_RANGE for no slots at all */
int ups_slots_init(struct ups_slots *s, uint32_t count) __must_check;
void ups_slots_fini(struct ups_slots *s);
/* UPS_E_LIMIT when none is left */
int ups_slots_take(struct ups_slots *s, uint32_t *slot) __must_check;
void ups_slots_untake(struct ups_slots *s, uint32_t slot);
void ups_slots_put(struct ups_slots *s, uint32_t slot);

struct ups_runs {
	uint64_t *used; /* bitmap */
	uint32_t count;
	uint32_t next; /* the search starts here */
	uint32_t taken;
};

int ups_runs_init(struct ups_runs *r, uint32_t count) __must_check;
void ups_runs_fini(struct ups_runs *r);
/* @size neighbours; *next_before is what untake needs. UPS_E_LIMIT when there is no such gap. */
int ups_runs_take(struct ups_runs *r, uint32_t size, uint32_t *base,
		  uint32_t *next_before) __must_check;
void ups_runs_untake(struct ups_runs *r, uint32_t base, uint32_t size, uint32_t next_before);
void ups_runs_put(struct ups_runs *r, uint32_t base, uint32_t size);

#endif
