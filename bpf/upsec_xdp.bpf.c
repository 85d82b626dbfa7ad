// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel lane: RTP and SRTP of the flows in ups_flows, from the wire back to the wire, in softirq. Everything that
 * is not ours goes to the stack untouched. One topic per header under lib/; work.h says how the stages fit together.
 *
 * Loaded by daemon/dp/kernel.c through libxdp. No tail calls: as a program of libxdp's dispatcher it is an extension of
 * another program.
 */
#include "lib/drop.h"
#include "lib/parse.h"
#include "lib/flow.h"
#include "lib/steer.h"
#include "lib/prepare.h"
#include "lib/srtp.h"
#include "lib/forward.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The packet passed policing: authentic, or clear from the expected source with an admitted SSRC. */
static __always_inline void ups_count_received(const struct ups_work *w, __u32 bytes)
{
	struct ups_stats *s = ups_stats_get(w);

	if (!s)
		return;
	__sync_fetch_and_add(&s->lane[UPS_LANE_XDP].rx_packets, 1);
	__sync_fetch_and_add(&s->lane[UPS_LANE_XDP].rx_bytes, bytes);
	*(volatile __u64 *)&s->last_rx_ns = bpf_ktime_get_coarse_ns();
}

/* From here on state changes and the packet is ours. -> verdict */
static __always_inline __u32 ups_relay(struct xdp_md *ctx, struct ups_work *w)
{
	struct ups_flow *flow = ups_flow_get(w);
	__u32 verdict = UPS_V_GO, bytes = w->len, flags;

	if (!flow)
		return UPS_DROP(NO_FLOW);
	flags = flow->flags;
	if (flags & UPS_FLOW_RX_SRTP)
		verdict = ups_srtp_receive(w);
	else if (!(flags & UPS_FLOW_OPAQUE))
		verdict = ups_ssrc_admit(w, flow);
	if (verdict)
		return verdict;
	ups_count_received(w, bytes);
	if (flags & UPS_FLOW_TX_SRTP) {
		verdict = ups_srtp_send(w);
		if (verdict)
			return verdict;
	}
	return ups_forward(ctx, w);
}

SEC("xdp.frags")
int upsec_xdp(struct xdp_md *ctx)
{
	struct ups_work *w = ups_work_get();
	__u32 verdict;

	if (!w)
		return XDP_ABORTED;
	verdict = ups_parse(ctx, w);
	if (!verdict)
		verdict = ups_police(ctx, w);
	if (!verdict)
		verdict = ups_steer_xsk(ctx, w);
	if (!verdict)
		verdict = ups_prepare(ctx, w);
	if (!verdict)
		verdict = ups_relay(ctx, w);
	return ups_verdict_action(w, verdict);
}

static long ups_ghash_wipe_row(__u32 i, struct ups_ghash **g)
{
	UPS_HIDE(i);
	if (i > 255)
		return 1;
	(*g)->t[i][0] = 0;
	(*g)->t[i][1] = 0;
	return 0;
}

/* In place: deleting the entry returns its memory to the allocator as it is. */
static __always_inline void ups_ghash_wipe(__u32 slot)
{
	struct ups_ghash *g = bpf_map_lookup_elem(&ups_ghash, &slot);

	if (g)
		bpf_loop(256, ups_ghash_wipe_row, &g, 0);
}

/* Run once per key by the loader: makes the kernel's cipher context from the key, or removes the one that is there. */
SEC("syscall")
int ups_aes_set(struct ups_set_aes *in)
{
	struct bpf_crypto_params params = { .type = "skcipher", .algo = "ecb(aes)" };
	struct bpf_crypto_ctx *aes = NULL;
	struct ups_aes_slot *v;
	__u32 slot = in->slot;
	int err = 0, i;

	if (!ups_config.has_crypto)
		return -1;
	v = bpf_map_lookup_elem(&ups_aes, &slot);
	if (!v)
		return -2; /* -ENOENT */
	if (!in->key_len)
		ups_ghash_wipe(slot);
	if (in->key_len) {
		params.key_len = in->key_len;
		for (i = 0; i < UPS_KEY_MAX; i++)
			params.key[i] = in->key[i];
		aes = bpf_crypto_ctx_create(&params, sizeof(params), &err);
		__builtin_memset(params.key, 0, UPS_KEY_MAX);
		asm volatile("" : : "r"(&params) : "memory"); /* the wiping is not dead code */
		if (!aes)
			return err;
	}
	aes = bpf_kptr_xchg(&v->ctx, aes);
	if (aes)
		bpf_crypto_ctx_release(aes);
	return 0;
}

/*
 * Never attached; run by the loader's self-test: encrypts the 16 bytes at offset 16 of the frame with the key whose slot
 * is in its first 4 bytes. 0 or an error.
 */
SEC("xdp")
int ups_aes_check(struct xdp_md *ctx)
{
	struct ups_work *w = ups_work_get();
	__u32 slot;

	if (!ups_config.has_crypto || !w || bpf_xdp_load_bytes(ctx, 0, &slot, sizeof(slot)) ||
	    bpf_xdp_load_bytes(ctx, UPS_BLOCK, w->mask, UPS_BLOCK))
		return -1;
	if (ups_aes_blocks(slot, 0, UPS_BLOCK))
		return -1;
	return bpf_xdp_store_bytes(ctx, UPS_BLOCK, w->mask, UPS_BLOCK);
}
