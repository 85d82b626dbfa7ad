/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory of one control request: pieces are taken and never given back one by one; ups_arena_reset() takes all of them back at once
 * and wipes them, since requests carry keys. Bounded: beyond @limit there is no more. One thread at a time.
 */
#ifndef UPSEC_BASE_ARENA_H
#define UPSEC_BASE_ARENA_H

#include <stddef.h>

struct ups_arena {
	unsigned char *data;
	size_t used, limit;
};

/* -> 0 or -ENOMEM */
int ups_arena_init(struct ups_arena *a, size_t limit) __attribute__((warn_unused_result));
void ups_arena_fini(struct ups_arena *a);
void ups_arena_reset(struct ups_arena *a);
/* Zeroed, aligned to 16 bytes; NULL when the limit is reached. */
void *ups_arena_alloc(struct ups_arena *a, size_t size);

#endif
