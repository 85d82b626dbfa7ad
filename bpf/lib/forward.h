/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * New headers around the payload, and out. The link header is plain Ethernet: VLAN tags of the packet that came in go.
 * The UDP checksum is always computed over the whole packet: a packet from this machine may have come with half of one.
 */
#ifndef UPSEC_BPF_FORWARD_H
#define UPSEC_BPF_FORWARD_H

#include "lib/csum.h"
#include "lib/parse.h"
#include "lib/route.h"

#define UPS_ETH_SIZE 14

/*
 * Frame = link, network and UDP header of the outgoing family + payload. A payload that is written anew may begin anywhere,
 * so the frame then grows and shrinks at its head alone: drivers promise 256 bytes there, and at the tail
 * often nothing (veth copies a packet into a page fragment that just fits it). -> verdict
 */
static __always_inline __u32 ups_forward_resize(struct xdp_md *ctx, struct ups_work *w,
						__u32 header_len)
{
	int head = (int)w->header_len - (int)header_len;
	int tail = (int)(w->header_len + w->len) - (int)w->frame_len;

	if (w->changed) {
		head -= tail;
		tail = 0;
	}
	if (head && bpf_xdp_adjust_head(ctx, head))
		return UPS_DROP(HEADROOM);
	if (tail && bpf_xdp_adjust_tail(ctx, tail))
		return UPS_DROP(HEADROOM);
	return UPS_V_GO;
}

static __always_inline void ups_forward_ipv4(struct iphdr *ip, const struct ups_flow *flow,
					     __u32 udp_len)
{
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = flow->out_tos;
	ip->tot_len = bpf_htons(sizeof(*ip) + udp_len);
	ip->id = 0; /* with DF it has no meaning (RFC 6864 4.1) */
	ip->frag_off = bpf_htons(UPS_IP_DF);
	ip->ttl = flow->out_ttl;
	ip->protocol = IPPROTO_UDP;
	ip->check = 0;
	ip->saddr = *(const __be32 *)(flow->out_src.ip + 12);
	ip->daddr = *(const __be32 *)(flow->out_dst.ip + 12);
	ip->check = ~ups_csum_header(ip);
}

static __always_inline void ups_forward_ipv6(struct ipv6hdr *ip, const struct ups_flow *flow,
					     __u32 udp_len)
{
	*(__be32 *)ip = bpf_htonl(6U << 28 | (__u32)flow->out_tos << 20);
	ip->payload_len = bpf_htons(udp_len);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = flow->out_ttl;
	__builtin_memcpy(&ip->saddr, flow->out_src.ip, 16);
	__builtin_memcpy(&ip->daddr, flow->out_dst.ip, 16);
}

static __always_inline void ups_forward_udp(struct udphdr *udp, struct ups_work *w,
					    const struct ups_flow *flow, __u32 v6)
{
	__u32 udp_len = w->len + sizeof(*udp);
	__u16 sum;

	ups_csum_payload(w);
	sum = ~ups_csum_fold(ups_csum_pseudo(&flow->out_src, &flow->out_dst, v6, udp_len) +
			     flow->out_src.port + flow->out_dst.port + bpf_htons(udp_len) + w->sum);
	udp->source = flow->out_src.port;
	udp->dest = flow->out_dst.port;
	udp->len = bpf_htons(udp_len);
	udp->check = sum ? sum : 0xffff;
}

/* -> 0, or -1 if the frame is not as long as it was made */
static __always_inline int ups_forward_headers(struct xdp_md *ctx, struct ups_work *w,
					       const struct ups_flow *flow, __u32 v6)
{
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *l3 = eth + 1;
	__u32 udp_len = w->len + UPS_UDP_SIZE;

	if (l3 + (v6 ? UPS_IPV6_SIZE : UPS_IPV4_SIZE) + UPS_UDP_SIZE > data_end)
		return -1;
	__builtin_memcpy(eth->h_dest, w->dmac, sizeof(w->dmac));
	__builtin_memcpy(eth->h_source, w->smac, sizeof(w->smac));
	if (v6) {
		eth->h_proto = bpf_htons(ETH_P_IPV6);
		ups_forward_ipv6(l3, flow, udp_len);
		ups_forward_udp(l3 + UPS_IPV6_SIZE, w, flow, 1);
	} else {
		eth->h_proto = bpf_htons(ETH_P_IP);
		ups_forward_ipv4(l3, flow, udp_len);
		ups_forward_udp(l3 + UPS_IPV4_SIZE, w, flow, 0);
	}
	return 0;
}

/* The payload in buf replaces the frame's. 0 or -1 */
static __always_inline int ups_forward_payload(struct xdp_md *ctx, struct ups_work *w,
					       __u32 header_len)
{
	__u64 at = UPS_BODY - w->head, len = w->len;

	UPS_HIDE(at);
	len--; /* 1 to UPS_PACKET_MAX, told so that the verifiers of 6.1 and 6.12 follow: 6.1 learns nothing from "not 0" */
	UPS_HIDE(len);
	if (at > UPS_BODY || len >= UPS_PACKET_MAX)
		return -1;
	len++;
	return bpf_xdp_store_bytes(ctx, header_len, w->buf + at, len) ? -1 : 0;
}

static __always_inline void ups_forward_count(const struct ups_work *w)
{
	struct ups_stats *s = ups_stats_get(w);

	if (!s)
		return;
	__sync_fetch_and_add(&s->lane[UPS_LANE_XDP].tx_packets, 1);
	__sync_fetch_and_add(&s->lane[UPS_LANE_XDP].tx_bytes, w->len);
}

/* Everything is decided: rewrites the frame and sends it. -> verdict */
__noinline int ups_forward(struct xdp_md *ctx, struct ups_work *w)
{
	struct ups_flow *flow;
	__u32 header_len, verdict, v6;

	if (!w)
		return UPS_PASS(FOREIGN);
	flow = ups_flow_get(w);
	if (!flow)
		return UPS_DROP(NO_FLOW);
	v6 = ups_out_v6(flow);
	header_len = UPS_ETH_SIZE + (v6 ? UPS_IPV6_SIZE : UPS_IPV4_SIZE) + UPS_UDP_SIZE;
	verdict = ups_forward_resize(ctx, w, header_len);
	if (verdict)
		return verdict;
	if (ups_forward_headers(ctx, w, flow, v6))
		return UPS_DROP(HEADROOM);
	if (w->changed && ups_forward_payload(ctx, w, header_len))
		return UPS_DROP(HEADROOM);
	ups_forward_count(w);
	if (w->out_ifindex == ctx->ingress_ifindex)
		return UPS_V_SENT | XDP_TX;
	return UPS_V_SENT | bpf_redirect(w->out_ifindex, 0);
}

#endif
