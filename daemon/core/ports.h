/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Media ports of one local address: pairs of an even RTP port and the odd RTCP port above it.
 *
 * A pair is chosen at random with cryptographic randomness (a predictable port helps an off-path attacker). A pair
 * that was given back rests for UPS_PORTS_REST_NS, so that late packets of its last user do not reach the next one; when every
 * free pair is resting, the one that rests longest is given rather than the call refused. A port asked for by number is
 * given if it is not in use, resting or not.
 *
 * Sized by init; take and put never allocate. Time is the caller's (CLOCK_MONOTONIC ns). Control thread only.
 */
#ifndef UPSEC_CORE_PORTS_H
#define UPSEC_CORE_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define UPS_PORTS_REST_NS (5ULL * 1000000000ULL)

struct ups_port_pair; /* state of one pair */

struct ups_ports {
	uint16_t first; /* lowest RTP port, even, host order */
	uint32_t count; /* pairs */
	struct ups_port_pair *pair; /* [count] */
	uint32_t *free; /* pairs that are free and rested, in no order */
	uint32_t free_count;
	uint32_t rest_first, rest_last; /* list of resting pairs, oldest first; count = none */
	uint32_t rest_count;
	uint32_t used_count;
};

/* Ports @min..@max inclusive, host order; an odd @min or even @max loses its half pair. -ENOMEM, UPS_E_RANGE. */
int ups_ports_init(struct ups_ports *p, uint16_t min, uint16_t max) __must_check;
void ups_ports_fini(struct ups_ports *p);
/*
 * @wanted: RTP port, or 0 for any. -> 0 and *port; UPS_E_NO_PORTS none left, UPS_E_RANGE @wanted is odd or outside,
 * -EADDRINUSE @wanted is in use, -errno of getrandom().
 */
int ups_ports_take(struct ups_ports *p, uint16_t wanted, uint64_t now_ns,
		   uint16_t *port) __must_check;
/* As if never taken: a rested pair is free at once, a resting one rests as before. */
void ups_ports_untake(struct ups_ports *p, uint16_t port);
/* Given back: rests from now on. */
void ups_ports_put(struct ups_ports *p, uint16_t port, uint64_t now_ns);
bool ups_ports_in_use(const struct ups_ports *p, uint16_t port);

#endif
