// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Media port pairs: free array for random choice, list of resting pairs by age. Control thread only. */
#include "core/ports.h"

#include <errno.h>
#include <stdlib.h>

#include "base/secret.h"

struct ups_port_pair {
	uint32_t at; /* place in free[], when free */
	uint32_t next, previous; /* in the rest list, when resting; count = end */
	uint64_t rest_until_ns; /* 0 = was rested when last taken, or is free */
	enum { PAIR_FREE, PAIR_RESTING, PAIR_USED } state;
};

static void add_free(struct ups_ports *p, uint32_t i)
{
	p->pair[i].state = PAIR_FREE;
	p->pair[i].rest_until_ns = 0;
	p->pair[i].at = p->free_count;
	p->free[p->free_count++] = i;
}

static void del_free(struct ups_ports *p, uint32_t i)
{
	uint32_t at = p->pair[i].at;
	uint32_t last = p->free[--p->free_count];

	p->free[at] = last;
	p->pair[last].at = at;
}

/* Inserts by end of rest, searching from the youngest. */
static void add_rest(struct ups_ports *p, uint32_t i, uint64_t until_ns)
{
	uint32_t previous = p->rest_last;
	uint32_t next = p->count;

	while (previous != p->count && p->pair[previous].rest_until_ns > until_ns) {
		next = previous;
		previous = p->pair[previous].previous;
	}
	p->pair[i] = (struct ups_port_pair) {
		.state = PAIR_RESTING, .rest_until_ns = until_ns, .next = next, .previous = previous
	};
	*(previous == p->count ? &p->rest_first : &p->pair[previous].next) = i;
	*(next == p->count ? &p->rest_last : &p->pair[next].previous) = i;
	p->rest_count++;
}

static void del_rest(struct ups_ports *p, uint32_t i)
{
	uint32_t previous = p->pair[i].previous, next = p->pair[i].next;

	*(previous == p->count ? &p->rest_first : &p->pair[previous].next) = next;
	*(next == p->count ? &p->rest_last : &p->pair[next].previous) = previous;
	p->rest_count--;
}

static void wake_rested(struct ups_ports *p, uint64_t now_ns)
{
	while (p->rest_count && p->pair[p->rest_first].rest_until_ns <= now_ns) {
		uint32_t i = p->rest_first;

		del_rest(p, i);
		add_free(p, i);
	}
}

int ups_ports_init(struct ups_ports *p, uint16_t min, uint16_t max)
{
	uint32_t first = (uint32_t)min + (min & 1);
	uint32_t end = (uint32_t)max + (max & 1); /* first port beyond the last pair */

	*p = (struct ups_ports) {};
	if (!min || first >= end)
		return UPS_E_RANGE;
	p->first = (uint16_t)first;
	p->count = (end - first) / 2;
	p->rest_first = p->rest_last = p->count;
	p->pair = calloc(p->count, sizeof(*p->pair));
	p->free = calloc(p->count, sizeof(*p->free));
	if (!p->pair || !p->free) {
		ups_ports_fini(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->count; i++)
		add_free(p, i);
	return 0;
}

void ups_ports_fini(struct ups_ports *p)
{
	free(p->pair);
	free(p->free);
	*p = (struct ups_ports) {};
}

/* Uniform in 0..bound-1: values of the incomplete last cycle are drawn again. */
static int random_below(uint32_t bound, uint32_t *out)
{
	uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
	uint32_t value;
	int err;

	do {
		err = ups_random(&value, sizeof(value));
		if (err)
			return err;
	} while (value >= limit);
	*out = value % bound;
	return 0;
}

static int choose(struct ups_ports *p, uint32_t *i)
{
	uint32_t at;
	int err;

	if (!p->free_count && !p->rest_count)
		return UPS_E_NO_PORTS;
	if (!p->free_count) {
		*i = p->rest_first;
		return 0;
	}
	err = random_below(p->free_count, &at);
	if (err)
		return err;
	*i = p->free[at];
	return 0;
}

/* -> pair that @port belongs to, or p->count */
static uint32_t pair_of(const struct ups_ports *p, uint16_t port)
{
	if (port < p->first || (uint32_t)(port - p->first) / 2 >= p->count)
		return p->count;
	return (uint32_t)(port - p->first) / 2;
}

int ups_ports_take(struct ups_ports *p, uint16_t wanted, uint64_t now_ns, uint16_t *port)
{
	uint32_t i = pair_of(p, wanted);
	int err;

	wake_rested(p, now_ns);
	if (wanted && (i == p->count || (wanted & 1)))
		return UPS_E_RANGE;
	if (wanted && p->pair[i].state == PAIR_USED)
		return -EADDRINUSE;
	if (!wanted) {
		err = choose(p, &i);
		if (err)
			return err;
	}
	if (p->pair[i].state == PAIR_FREE)
		del_free(p, i);
	else
		del_rest(p, i);
	p->pair[i].state = PAIR_USED;
	p->used_count++;
	*port = (uint16_t)(p->first + 2 * i);
	return 0;
}

void ups_ports_untake(struct ups_ports *p, uint16_t port)
{
	uint32_t i = pair_of(p, port);

	p->used_count--;
	if (p->pair[i].rest_until_ns)
		add_rest(p, i, p->pair[i].rest_until_ns);
	else
		add_free(p, i);
}

void ups_ports_put(struct ups_ports *p, uint16_t port, uint64_t now_ns)
{
	p->used_count--;
	add_rest(p, pair_of(p, port), now_ns + UPS_PORTS_REST_NS);
}

bool ups_ports_in_use(const struct ups_ports *p, uint16_t port)
{
	uint32_t i = pair_of(p, port);

	return i < p->count && p->pair[i].state == PAIR_USED;
}
