// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The arrays shared by all lanes where there is no kernel lane to own them. See kernel.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "dp/kernel.h"

/* mmap, not calloc: pages that are never touched cost nothing, and every array starts on a page. */
static void *array_create(size_t count, size_t size)
{
	void *p = mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	return p == MAP_FAILED ? NULL : p;
}

static void array_destroy(void *p, size_t count, size_t size)
{
	if (p)
		munmap(p, count * size);
}

int ups_state_init_anonymous(struct ups_state *state, const struct ups_limits *limits)
{
	memset(state, 0, sizeof(*state));
	state->anonymous = true;
	state->keys = limits->keys;
	state->ssrcs = limits->ssrcs;
	state->flows = limits->flows;
	state->key_use = array_create(state->keys, sizeof(*state->key_use));
	state->ssrc = array_create(state->ssrcs, sizeof(*state->ssrc));
	state->stats = array_create(state->flows, sizeof(*state->stats));
	if (state->key_use && state->ssrc && state->stats)
		return 0;
	ups_state_fini(state);
	return -ENOMEM;
}

void ups_state_fini(struct ups_state *state)
{
	if (state->anonymous) {
		array_destroy(state->key_use, state->keys, sizeof(*state->key_use));
		array_destroy(state->ssrc, state->ssrcs, sizeof(*state->ssrc));
		array_destroy(state->stats, state->flows, sizeof(*state->stats));
	}
	memset(state, 0, sizeof(*state));
}
