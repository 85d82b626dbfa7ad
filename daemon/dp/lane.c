// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lane decision: the first obstacle on the way into the kernel names the reason. */
#include "dp/lane.h"

#include <stddef.h>

enum ups_lane ups_lane_decide(const struct ups_lane_facts *f, const char **reason)
{
	const struct {
		bool applies;
		const char *text;
	} obstacles[] = {
		{ f->choice == UPS_CHOOSE_UDP, "lane udp requested" },
		{ f->off != NULL, f->off },
		{ f->needs_crypto && !f->kernel_crypto, "kernel without bpf_crypto" },
		{ f->needs_crypto && f->long_mki, "MKI longer than 16 bytes" },
		{ f->needs_crypto && f->mixed_mki, "MKIs of different lengths" },
		{ f->out_loopback, "leaves through the loopback device" },
		{ f->awaited != NULL, f->awaited },
		{ f->old_key, "the peer's last key is still accepted" },
		{ !f->source_known, "source not learned yet" },
	};

	for (size_t i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++) {
		if (obstacles[i].applies) {
			*reason = obstacles[i].text;
			return UPS_LANE_UDP;
		}
	}
	*reason = f->choice == UPS_CHOOSE_XDP ? "lane xdp requested" : "the kernel lane can";
	return UPS_LANE_XDP;
}
