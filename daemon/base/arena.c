// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory of one control request: see arena.h. */
#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>

#include "base/secret.h"

#define ALIGN 16u

int ups_arena_init(struct ups_arena *a, size_t limit)
{
	*a = (struct ups_arena) { .data = calloc(1, limit), .limit = limit };
	return a->data ? 0 : -ENOMEM;
}

void ups_arena_fini(struct ups_arena *a)
{
	if (a->data)
		ups_arena_reset(a);
	free(a->data);
	*a = (struct ups_arena) {};
}

void ups_arena_reset(struct ups_arena *a)
{
	ups_wipe(a->data, a->used);
	a->used = 0;
}

void *ups_arena_alloc(struct ups_arena *a, size_t size)
{
	size_t rounded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	void *p;

	if (rounded < size || rounded > a->limit - a->used)
		return NULL;
	p = a->data + a->used;
	a->used += rounded;
	return p;
}
