// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Slot pools: a ring of free numbers, and a bitmap for runs of neighbours. Control thread only. */
#include "core/slots.h"

#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64

int ups_slots_init(struct ups_slots *s, uint32_t count)
{
	*s = (struct ups_slots) { .count = count, .free = count };
	if (!count)
		return UPS_E_RANGE;
	s->ring = malloc(count * sizeof(*s->ring));
	if (!s->ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		s->ring[i] = i;
	return 0;
}

void ups_slots_fini(struct ups_slots *s)
{
	free(s->ring);
	*s = (struct ups_slots) {};
}

int ups_slots_take(struct ups_slots *s, uint32_t *slot)
{
	if (!s->free)
		return UPS_E_LIMIT;
	*slot = s->ring[s->head];
	s->head = (s->head + 1) % s->count;
	s->free--;
	return 0;
}

void ups_slots_untake(struct ups_slots *s, uint32_t slot)
{
	s->head = (s->head + s->count - 1) % s->count;
	s->ring[s->head] = slot;
	s->free++;
}

void ups_slots_put(struct ups_slots *s, uint32_t slot)
{
	s->ring[((uint64_t)s->head + s->free) % s->count] = slot;
	s->free++;
}

int ups_runs_init(struct ups_runs *r, uint32_t count)
{
	*r = (struct ups_runs) { .count = count };
	if (!count)
		return UPS_E_RANGE;
	r->used = calloc((count + WORD_BITS - 1) / WORD_BITS, sizeof(*r->used));
	return r->used ? 0 : -ENOMEM;
}

void ups_runs_fini(struct ups_runs *r)
{
	free(r->used);
	*r = (struct ups_runs) {};
}

static bool is_used(const struct ups_runs *r, uint32_t slot)
{
	return r->used[slot / WORD_BITS] >> (slot % WORD_BITS) & 1;
}

static void mark(struct ups_runs *r, uint32_t base, uint32_t size, bool used)
{
	for (uint32_t slot = base; slot < base + size; slot++) {
		uint64_t bit = 1ULL << (slot % WORD_BITS);

		if (used)
			r->used[slot / WORD_BITS] |= bit;
		else
			r->used[slot / WORD_BITS] &= ~bit;
	}
}

/* -> base of the first gap of @size in [from, to), or r->count */
static uint32_t find_gap(const struct ups_runs *r, uint32_t from, uint32_t to, uint32_t size)
{
	uint32_t length = 0;

	for (uint32_t slot = from; slot < to; slot++) {
		if (slot % WORD_BITS == 0 && r->used[slot / WORD_BITS] == UINT64_MAX) {
			length = 0;
			slot += WORD_BITS - 1;
			continue;
		}
		length = is_used(r, slot) ? 0 : length + 1;
		if (length == size)
			return slot + 1 - size;
	}
	return r->count;
}

int ups_runs_take(struct ups_runs *r, uint32_t size, uint32_t *base, uint32_t *next_before)
{
	uint32_t at;

	if (!size || size > r->count - r->taken)
		return UPS_E_LIMIT;
	at = find_gap(r, r->next, r->count, size);
	if (at == r->count) /* once more from the start; the gap may reach over the old mark */
		at = find_gap(r, 0, r->count, size);
	if (at == r->count)
		return UPS_E_LIMIT;
	mark(r, at, size, true);
	r->taken += size;
	*base = at;
	*next_before = r->next;
	r->next = (at + size) % r->count;
	return 0;
}

void ups_runs_untake(struct ups_runs *r, uint32_t base, uint32_t size, uint32_t next_before)
{
	ups_runs_put(r, base, size);
	r->next = next_before;
}

void ups_runs_put(struct ups_runs *r, uint32_t base, uint32_t size)
{
	mark(r, base, size, false);
	r->taken -= size;
}
