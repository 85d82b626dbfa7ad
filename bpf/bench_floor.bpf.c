// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The least a packet can cost: the cipher and hash blocks it needs, and nothing else. bench/xdp_cost.c runs it next to
 * the real program and shares the key maps with it.
 */
#include "lib/aes.h"
#include "lib/ghash.h"
#include "lib/sha1.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What one run computes; set before each series */
__u32 floor_slot, floor_passes, floor_aes, floor_ghash, floor_sha1;

static long floor_ghash_block(__u32 i, struct ups_hash *c)
{
	__u64 at = i * UPS_BLOCK;
	__be64 *block;

	UPS_HIDE(at);
	if (at > UPS_PACKET_MAX)
		return 1;
	block = (__be64 *)(c->w->buf + at);
	ups_hash_add(c, bpf_be64_to_cpu(block[0]), bpf_be64_to_cpu(block[1]));
	return 0;
}

static __always_inline int floor_pass(struct ups_work *w)
{
	struct ups_sha1 s = { .w = w };
	struct ups_hash c = { .w = w };
	__u32 slot = floor_slot;

	if (floor_aes && ups_aes_blocks(slot, 0, (__u64)floor_aes * UPS_BLOCK))
		return -1;
	if (floor_ghash) {
		c.table = bpf_map_lookup_elem(&ups_ghash, &slot);
		if (!c.table)
			return -1;
		bpf_loop(floor_ghash, floor_ghash_block, &c, 0);
	}
	if (floor_sha1)
		bpf_loop(floor_sha1, ups_sha1_block, &s, 0);
	w->mac[0] = c.y.hi ^ c.y.lo ^ s.h[0];
	return 0;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	struct ups_work *w = ups_work_get();

	(void)ctx;
	if (!w || floor_pass(w))
		return XDP_ABORTED;
	if (floor_passes > 1 && floor_pass(w))
		return XDP_ABORTED;
	return XDP_TX;
}
