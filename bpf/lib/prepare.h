/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last stage that may still pass the packet to the stack, where the udp lane would process it from the start: so
 * nothing is changed here, neither state nor packet. Size, keys, checksum, route; the payload goes into buf.
 */
#ifndef UPSEC_BPF_PREPARE_H
#define UPSEC_BPF_PREPARE_H

#include "lib/csum.h"
#include "lib/flow.h"
#include "lib/route.h"
#include "lib/srtp.h"

static __always_inline int ups_payload_load(struct xdp_md *ctx, struct ups_work *w)
{
	__u64 at = UPS_BODY - w->head, len = w->len;

	w->sum_known = 0;
	w->changed = 0;
	UPS_HIDE(at);
	len--; /* 1 to UPS_PACKET_MAX, told so that the verifiers of 6.1 and 6.12 follow: 6.1 learns nothing from "not 0" */
	UPS_HIDE(len);
	if (at > UPS_BODY || len >= UPS_PACKET_MAX)
		return -1;
	len++;
	return bpf_xdp_load_bytes(ctx, w->header_len, w->buf + at, len) ? -1 : 0;
}

/* Chooses the keys. -> verdict, *payload = bytes that will leave */
static __always_inline __u32 ups_prepare_keys(struct xdp_md *ctx, struct ups_work *w,
					      const struct ups_flow *flow, __u32 *payload)
{
	__u32 flags = flow->flags, verdict;
	struct ups_key *key;

	*payload = w->len;
	w->trailer = 0;
	if (!(flags & (UPS_FLOW_RX_SRTP | UPS_FLOW_TX_SRTP)))
		return UPS_V_GO;
	if (!ups_config.has_crypto)
		return UPS_PASS(NO_CRYPTO);
	if (flags & UPS_FLOW_RX_SRTP) {
		verdict = ups_srtp_choose(ctx, w, flow);
		if (verdict)
			return verdict;
		*payload -= w->trailer;
	}
	if (flags & UPS_FLOW_TX_SRTP) {
		key = ups_key_get(flow->tx_key);
		if (!key)
			return UPS_PASS(NO_CRYPTO);
		*payload += ups_key_trailer(key);
	}
	return UPS_V_GO;
}

/* -> verdict. Fills buf, rx_key, trailer, out_ifindex, dmac, smac. */
__noinline int ups_prepare(struct xdp_md *ctx, struct ups_work *w)
{
	struct ups_flow *flow;
	__u32 verdict, payload;

	if (!w)
		return UPS_PASS(FOREIGN);
	flow = ups_flow_get(w);
	if (!flow)
		return UPS_PASS(LANE);
	if (w->len > UPS_PACKET_MAX - UPS_TRAILER_MAX ||
	    w->frame_len != (__u32)(ctx->data_end - ctx->data))
		return UPS_PASS(SIZE);
	verdict = ups_prepare_keys(ctx, w, flow, &payload);
	if (verdict)
		return verdict;
	if (ups_payload_load(ctx, w))
		return UPS_PASS(SIZE);
	if (!(flow->flags & UPS_FLOW_RX_SRTP) && !ups_csum_verify(w))
		return UPS_DROP(CHECKSUM);
	return ups_route(ctx, w, flow, payload);
}

#endif
