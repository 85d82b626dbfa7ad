/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the first byte of the frame to the UDP payload: Ethernet, up to two VLAN tags, IPv4 or IPv6, UDP. Reads only.
 *
 * What a host's stack would refuse (lengths that do not fit, bad header checksum, broadcast on the link) is passed to it
 * as foreign, so that it refuses and counts it as always. Lengths come from the network and UDP headers, never from the
 * frame, which may be padded.
 */
#ifndef UPSEC_BPF_PARSE_H
#define UPSEC_BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "lib/csum.h"
#include "lib/maps.h"
#include "upsec/rtp.h"

#define UPS_VLAN_MAX 2
#define UPS_EXT_MAX 6 /* IPv6 extension headers looked behind */
#define UPS_IP_DF 0x4000
#define UPS_IP_FRAGMENT 0x3fff /* more fragments, or an offset */
#define UPS_ROUTING 43
#define UPS_AH 51

struct ups_vlan {
	__be16 tci;
	__be16 type;
};

static __always_inline void ups_addr_set_v4(struct ups_addr *a, __be32 ip, __be16 port)
{
	__u32 *word = (__u32 *)a->ip;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = ip;
	a->port = port;
	a->pad = 0;
}

static __always_inline int ups_addr_mapped(const struct ups_addr *a)
{
	const __u32 *word = (const __u32 *)a->ip;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

/* -> verdict; *off = behind the tags, *type = EtherType there */
static __always_inline __u32 ups_parse_link(void *data, void *data_end, struct ups_work *w,
					    __u32 *off, __be16 *type)
{
	struct ethhdr *eth = data;
	__u32 at = sizeof(*eth);
	int i;

	if ((void *)(eth + 1) > data_end || eth->h_dest[0] & 1)
		return UPS_PASS(FOREIGN);
	*type = eth->h_proto;
	w->vlan = 0;
	for (i = 0; i < UPS_VLAN_MAX; i++) {
		struct ups_vlan *tag = data + at;

		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > data_end)
			return UPS_PASS(FOREIGN);
		*type = tag->type;
		at += sizeof(*tag);
		w->vlan++;
	}
	*off = at;
	return UPS_V_GO;
}

/* *off moves behind the header; *l4_len = bytes behind it that belong to the datagram */
static __always_inline __u32 ups_parse_ipv4(void *data, void *data_end, struct ups_work *w,
					    __u32 *off, __u32 *l4_len)
{
	struct iphdr *ip = data + *off;
	__u32 total;

	if ((void *)(ip + 1) > data_end || ip->version != 4 || ip->protocol != IPPROTO_UDP)
		return UPS_PASS(FOREIGN);
	total = bpf_ntohs(ip->tot_len);
	if (ip->ihl < 5 || total < sizeof(*ip) || *off + total > w->frame_len)
		return UPS_PASS(FOREIGN);
	if (ip->ihl > 5)
		return UPS_PASS(OPTIONS);
	if (ip->frag_off & bpf_htons(UPS_IP_FRAGMENT))
		return UPS_PASS(FRAGMENT);
	if (ups_csum_header(ip) != 0xffff)
		return UPS_PASS(FOREIGN);
	ups_addr_set_v4(&w->src, ip->saddr, 0);
	ups_addr_set_v4(&w->key.dst, ip->daddr, 0);
	*off += sizeof(*ip);
	*l4_len = total - sizeof(*ip);
	w->v6 = 0;
	return UPS_V_GO;
}

/* Steps over one extension header: -> its length, 0 = not one that can be skipped */
static __always_inline __u32 ups_parse_extension(struct xdp_md *ctx, __u32 off, __u8 *next)
{
	__u8 ext[4]; /* next header, length, then routing: type, segments left */

	if (*next != IPPROTO_HOPOPTS && *next != IPPROTO_DSTOPTS && *next != UPS_ROUTING)
		return 0;
	if (bpf_xdp_load_bytes(ctx, off, ext, sizeof(ext)))
		return 0;
	if (*next == UPS_ROUTING && ext[3])
		return 0;
	*next = ext[0];
	return ((__u32)ext[1] + 1) * 8;
}

/* What cannot be looked behind: UDP ends the walk, some protocols are just not ours, the rest is left to the stack. */
static __always_inline __u32 ups_parse_next(__u8 next)
{
	switch (next) {
	case IPPROTO_UDP:
		return UPS_V_GO;
	case IPPROTO_FRAGMENT:
		return UPS_PASS(FRAGMENT);
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case UPS_ROUTING:
	case UPS_AH:
		return UPS_PASS(OPTIONS);
	default:
		return UPS_PASS(FOREIGN);
	}
}

static __always_inline __u32 ups_parse_ipv6(struct xdp_md *ctx, void *data, void *data_end,
					    struct ups_work *w, __u32 *off, __u32 *l4_len)
{
	struct ipv6hdr *ip = data + *off;
	__u32 total, skipped = 0;
	__u8 next;
	int i;

	if ((void *)(ip + 1) > data_end || ip->version != 6)
		return UPS_PASS(FOREIGN);
	total = bpf_ntohs(ip->payload_len);
	*off += sizeof(*ip);
	if (*off + total > w->frame_len)
		return UPS_PASS(FOREIGN);
	__builtin_memcpy(w->src.ip, &ip->saddr, 16);
	__builtin_memcpy(w->key.dst.ip, &ip->daddr, 16);
	if (ups_addr_mapped(&w->src) || ups_addr_mapped(&w->key.dst))
		return UPS_PASS(FOREIGN);
	next = ip->nexthdr;
	for (i = 0; i < UPS_EXT_MAX && next != IPPROTO_UDP; i++) {
		__u32 len = ups_parse_extension(ctx, *off + skipped, &next);

		if (!len)
			break;
		skipped += len;
	}
	if (skipped > total)
		return UPS_PASS(FOREIGN);
	*off += skipped;
	*l4_len = total - skipped;
	w->v6 = 1;
	return ups_parse_next(next);
}

static __always_inline __u32 ups_parse_udp(void *data, void *data_end, struct ups_work *w,
					   __u32 off, __u32 l4_len)
{
	struct udphdr *udp;
	__u8 *payload;
	__u32 len;

	UPS_HIDE(off);
	if (off > 4096)
		return UPS_PASS(OPTIONS);
	udp = data + off;
	payload = (__u8 *)(udp + 1);
	if ((void *)payload > data_end)
		return UPS_PASS(FOREIGN);
	len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) || len > l4_len)
		return UPS_PASS(FOREIGN);
	w->src.port = udp->source;
	w->key.dst.port = udp->dest;
	w->check = udp->check;
	w->header_len = off + sizeof(*udp);
	w->len = len - sizeof(*udp);
	w->first[0] = 0;
	w->first[1] = 0;
	if ((void *)(payload + 1) <= data_end)
		w->first[0] = payload[0];
	if ((void *)(payload + 2) <= data_end && w->len > 1)
		w->first[1] = payload[1];
	return UPS_V_GO;
}

/* -> verdict. Fills key, src, frame_len, header_len, len, first, check, vlan, v6. */
__noinline int ups_parse(struct xdp_md *ctx, struct ups_work *w)
{
	void *data_end = (void *)(long)ctx->data_end;
	void *data = (void *)(long)ctx->data;
	__u32 off, l4_len, verdict;
	__be16 type;

	if (!w)
		return UPS_PASS(FOREIGN);
	w->frame_len = bpf_xdp_get_buff_len(ctx);
	verdict = ups_parse_link(data, data_end, w, &off, &type);
	if (verdict)
		return verdict;
	if (type == bpf_htons(ETH_P_IP))
		verdict = ups_parse_ipv4(data, data_end, w, &off, &l4_len);
	else if (type == bpf_htons(ETH_P_IPV6))
		verdict = ups_parse_ipv6(ctx, data, data_end, w, &off, &l4_len);
	else
		return UPS_PASS(FOREIGN);
	if (verdict)
		return verdict;
	return ups_parse_udp(data, data_end, w, off, l4_len);
}

#endif
