/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The chain of lanes: a packet that passed policing goes to the AF_XDP socket of its queue if a worker has bound one, and
 * is processed right here if none has.
 */
#ifndef UPSEC_BPF_STEER_H
#define UPSEC_BPF_STEER_H

#include "lib/work.h"

/*
 * The AF_XDP lane's place. It will redirect to the socket map of the receive queue, with this lane as the fallback of a
 * queue without a socket. Nothing is bound in this version. -> verdict
 */
static __always_inline __u32 ups_steer_xsk(struct xdp_md *ctx, const struct ups_work *w)
{
	(void)ctx;
	(void)w;
	return UPS_V_GO;
}

#endif
