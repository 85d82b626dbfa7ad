/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SSRC slots of a flow: found by SSRC, claimed once by compare-and-swap, shared with every lane (upsec/abi.h). Claimed
 * lowest first and never given back, so the first free one ends a search.
 */
#ifndef UPSEC_BPF_SSRC_H
#define UPSEC_BPF_SSRC_H

#include "lib/maps.h"

/* -> slot number of @ssrc, or of the first free slot, which with @claim becomes its own; or UPS_SLOT_NONE */
__noinline __u32 ups_ssrc_find(__u32 base, __u32 count, __u32 ssrc, __u32 claim)
{
	__u64 want = UPS_SSRC_USED | ssrc;
	__u32 i;

	for (i = 0; i < UPS_SSRC_MAX; i++) {
		__u32 slot = base + i;
		struct ups_ssrc *s = bpf_map_lookup_elem(&ups_ssrc, &slot);
		__u64 id;

		if (i >= count || !s)
			break;
		id = *(volatile __u64 *)&s->id;
		if (!id && claim)
			id = __sync_val_compare_and_swap(&s->id, 0, want);
		if (!id || id == want)
			return slot;
	}
	return UPS_SLOT_NONE;
}

/* Claims a slot for w->ssrc. -> verdict */
static __always_inline __u32 ups_ssrc_admit(struct ups_work *w, const struct ups_flow *flow)
{
	w->ssrc_slot = ups_ssrc_find(flow->ssrc_base, flow->ssrc_count, w->ssrc, 1);
	return w->ssrc_slot == UPS_SLOT_NONE ? UPS_DROP(SSRC_LIMIT) : UPS_V_GO;
}

#endif
