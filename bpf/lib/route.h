/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the packet goes: the kernel's routing and neighbour tables through bpf_fib_lookup().
 *
 * The look-up is made as if the packet came from the loopback device. That is what it is, a packet this host sends (ip
 * rules match it by "iif lo", as they do for a socket's), and it spares the operator enabling forwarding on media
 * devices: the helper checks the forwarding switch of the device it is given, and on loopback that switch opens nothing
 * else. The loader sets net.ipv{4,6}.conf.lo.forwarding.
 */
#ifndef UPSEC_BPF_ROUTE_H
#define UPSEC_BPF_ROUTE_H

#include <linux/in.h>

#include "lib/maps.h"

#define UPS_LOOPBACK 1 /* its ifindex in every network namespace */
#define UPS_IPV4_SIZE 20
#define UPS_IPV6_SIZE 40
#define UPS_UDP_SIZE 8

static __always_inline int ups_out_v6(const struct ups_flow *flow)
{
	return !ups_addr_mapped(&flow->out_dst);
}

static __always_inline __u32 ups_out_l3(const struct ups_flow *flow)
{
	return ups_out_v6(flow) ? UPS_IPV6_SIZE : UPS_IPV4_SIZE;
}

static __always_inline void ups_route_query(struct bpf_fib_lookup *fib, const struct ups_flow *flow,
					    __u32 payload)
{
	fib->l4_protocol = IPPROTO_UDP;
	fib->sport = flow->out_src.port;
	fib->dport = flow->out_dst.port;
	fib->tot_len = ups_out_l3(flow) + UPS_UDP_SIZE + payload;
	fib->ifindex = UPS_LOOPBACK;
	if (ups_out_v6(flow)) {
		fib->family = UPS_AF_INET6;
		fib->flowinfo = bpf_htonl((__u32)flow->out_tos << 20);
		__builtin_memcpy(fib->ipv6_src, flow->out_src.ip, 16);
		__builtin_memcpy(fib->ipv6_dst, flow->out_dst.ip, 16);
	} else {
		fib->family = UPS_AF_INET;
		fib->tos = flow->out_tos;
		fib->ipv4_src = *(const __be32 *)(flow->out_src.ip + 12);
		fib->ipv4_dst = *(const __be32 *)(flow->out_dst.ip + 12);
	}
}

static __always_inline __u32 ups_route_verdict(long result)
{
	switch (result) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return UPS_V_GO;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return UPS_DROP(NO_ROUTE);
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return UPS_PASS(NEIGHBOUR);
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return UPS_PASS(MTU);
	default:
		return UPS_PASS(LOCAL);
	}
}

/* Whether a frame can be handed to device @out: what it cannot take would be lost. */
static __always_inline int ups_route_direct(struct xdp_md *ctx, __u32 out)
{
	__u32 *limit;

	if (out == ctx->ingress_ifindex)
		return 1;
	limit = bpf_map_lookup_elem(&ups_devices, &out);
	return !limit || (*limit == UPS_DEVICE_GENERIC && ups_config.generic);
}

/* Fills out_ifindex, dmac and smac for @payload bytes of UDP payload. -> verdict */
static __always_inline __u32 ups_route(struct xdp_md *ctx, struct ups_work *w,
				       const struct ups_flow *flow, __u32 payload)
{
	struct bpf_fib_lookup fib = {};
	__u32 verdict, out;

	ups_route_query(&fib, flow, payload);
	verdict = ups_route_verdict(bpf_fib_lookup(ctx, &fib, sizeof(fib), 0));
	if (verdict)
		return verdict;
	out = fib.ifindex;
	if (!ups_route_direct(ctx, out))
		return UPS_PASS(LOCAL);
	w->out_ifindex = out;
	__builtin_memcpy(w->dmac, fib.dmac, sizeof(w->dmac));
	__builtin_memcpy(w->smac, fib.smac, sizeof(w->smac));
	return UPS_V_GO;
}

#endif
