/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which lane serves the RTP of a flow, and the sentence that says why. Pure; control thread. */
#ifndef UPSEC_DP_LANE_H
#define UPSEC_DP_LANE_H

#include <stdbool.h>

#include "core/model.h"
#include "upsec/abi.h"

struct ups_lane_facts {
	enum ups_lane_choice choice; /* the stream's, or the configuration's where that says auto */
	const char *
		off; /* why the kernel lane is not on the in-leg's device, or must leave the path alone; NULL = it is there */
	bool needs_crypto; /* a leg is SRTP */
	bool kernel_crypto; /* this kernel can do it */
	bool long_mki; /* an MKI beyond UPS_MKI_XDP_MAX */
	bool mixed_mki; /* receive keys with MKIs of different lengths */
	bool out_loopback; /* the out-leg's device is the loopback */
	const char *awaited; /* what negotiation has not brought yet; NULL = nothing */
	bool old_key; /* the peer's last key is still accepted, which the kernel lane does not do */
	bool source_known;
};

/* A request that cannot be met never refuses media: the udp lane serves it. @reason: static text, or facts->off, or facts->awaited. */
enum ups_lane ups_lane_decide(const struct ups_lane_facts *facts, const char **reason);

#endif
