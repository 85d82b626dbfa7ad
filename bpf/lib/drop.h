/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Verdict to action: the only place that names XDP_DROP and XDP_PASS, so that no packet is dropped or passed uncounted.
 * A drop is counted per processor and, since every drop happens behind the flow look-up, with its flow.
 */
#ifndef UPSEC_BPF_DROP_H
#define UPSEC_BPF_DROP_H

#include "lib/maps.h"

static __always_inline void ups_drop_count(struct ups_work *w, struct ups_counters *c, __u32 reason)
{
	struct ups_stats *s = ups_stats_get(w);

	if (reason >= UPS_DROP_MAX)
		return;
	c->drop[reason]++;
	if (s)
		__sync_fetch_and_add(&s->drop[reason], 1);
}

static __always_inline int ups_verdict_action(struct ups_work *w, __u32 verdict)
{
	__u32 zero = 0, number = verdict & 0xff;
	struct ups_counters *c = bpf_map_lookup_elem(&ups_counters, &zero);

	if (!c)
		return XDP_ABORTED;
	if (verdict & UPS_V_SENT) {
		c->tx++;
		return number;
	}
	if (verdict & UPS_V_DROP) {
		ups_drop_count(w, c, number);
		return XDP_DROP;
	}
	UPS_HIDE(number);
	if (number < UPS_PASS_MAX)
		c->pass[number]++;
	return XDP_PASS;
}

#endif
