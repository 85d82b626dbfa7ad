/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which flow a packet belongs to and what may arrive on it: look-up, source, first byte (RFC 7983), RTP header. The
 * same order as in the udp lane, so that a packet is refused for the same reason on every lane. Changes nothing.
 */
#ifndef UPSEC_BPF_FLOW_H
#define UPSEC_BPF_FLOW_H

#include "lib/maps.h"
#include "upsec/rtp.h"

static __always_inline int ups_addr_equal(const struct ups_addr *a, const struct ups_addr *b)
{
	const __u32 *x = (const __u32 *)a->ip, *y = (const __u32 *)b->ip;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
		 (a->port ^ b->port));
}

/* What an opaque flow relays: everything RFC 7983 knows. With rtcp-mux the udp lane knows where RTCP leaves. */
static __always_inline __u32 ups_police_opaque(struct ups_work *w, __u32 flags)
{
	w->head = 0;
	switch (ups_demux(w->first[0], w->first[1])) {
	case UPS_DEMUX_BAD:
		return UPS_DROP(DEMUX);
	case UPS_DEMUX_RTCP:
		return flags & UPS_FLOW_RX_MUX ? UPS_PASS(RTCP) : UPS_V_GO;
	default:
		return UPS_V_GO;
	}
}

/*
 * Not from the source of this flow. A peer that moves shows itself by a handshake, and where the leg may learn, the udp lane
 * says from whom.
 */
static __always_inline __u32 ups_police_stranger(const struct ups_work *w, __u32 flags)
{
	if (!w->len || !(flags & UPS_FLOW_LATCH) || (flags & UPS_FLOW_OPAQUE))
		return UPS_DROP(SOURCE);
	switch (ups_demux(w->first[0], w->first[1])) {
	case UPS_DEMUX_STUN:
		return flags & UPS_FLOW_STUN ? UPS_PASS(STUN) : UPS_DROP(SOURCE);
	case UPS_DEMUX_DTLS:
		return flags & UPS_FLOW_DTLS ? UPS_PASS(DTLS) : UPS_DROP(SOURCE);
	default:
		return UPS_DROP(SOURCE);
	}
}

static __always_inline __u32 ups_police_demux(struct ups_work *w, __u32 flags)
{
	switch (ups_demux(w->first[0], w->first[1])) {
	case UPS_DEMUX_RTP:
		return UPS_V_GO;
	case UPS_DEMUX_RTCP:
		return flags & UPS_FLOW_RX_MUX ? UPS_PASS(RTCP) : UPS_DROP(MUX);
	case UPS_DEMUX_STUN:
		return flags & UPS_FLOW_STUN ? UPS_PASS(STUN) : UPS_DROP(STUN_UNEXPECTED);
	case UPS_DEMUX_DTLS:
		return flags & UPS_FLOW_DTLS ? UPS_PASS(DTLS) : UPS_DROP(DTLS_UNEXPECTED);
	default:
		return UPS_DROP(DEMUX);
	}
}

/*
 * RTP headers (RFC 3550 5.1, 5.3.1): fills seq, ssrc and head. The version is the first byte's range already. Whether
 * the headers fit is decided here for clear packets; of an SRTP packet a trailer belongs to nobody's headers, so
 * ups_srtp_choose() decides.
 */
static __always_inline __u32 ups_police_rtp(struct xdp_md *ctx, struct ups_work *w, __u32 flags)
{
	__u32 end = ups_rtp_csrc_end(w->first[0]);
	__be32 word[3];
	__be16 ext[2];

	if (w->len < UPS_RTP_MIN || bpf_xdp_load_bytes(ctx, w->header_len, word, sizeof(word)))
		return UPS_DROP(SHORT);
	w->seq = bpf_ntohl(word[0]) & 0xffff;
	w->ssrc = bpf_ntohl(word[2]);
	if (ups_rtp_has_extension(w->first[0])) {
		if (end + sizeof(ext) <= w->len &&
		    !bpf_xdp_load_bytes(ctx, w->header_len + end, ext, sizeof(ext)))
			end += sizeof(ext) + 4 * (__u32)bpf_ntohs(ext[1]);
		else
			end = UPS_HEAD_BAD;
	}
	w->head = end;
	if (end > w->len && !(flags & UPS_FLOW_RX_SRTP))
		return UPS_DROP(MALFORMED);
	return UPS_V_GO;
}

static __always_inline __u32 ups_police_flow(struct xdp_md *ctx, struct ups_work *w,
					     const struct ups_flow *flow)
{
	__u32 flags = flow->flags, verdict;

	if (!(flags & UPS_FLOW_ACTIVE) || !(flags & UPS_FLOW_XDP))
		return UPS_PASS(LANE);
	if (!(flags & UPS_FLOW_SRC_KNOWN))
		return UPS_PASS(LEARN);
	if (!ups_addr_equal(&w->src, &flow->src))
		return ups_police_stranger(w, flags);
	if (!w->len)
		return UPS_DROP(SHORT);
	if (flags & UPS_FLOW_OPAQUE)
		return ups_police_opaque(w, flags);
	verdict = ups_police_demux(w, flags);
	if (verdict)
		return verdict;
	return ups_police_rtp(ctx, w, flags);
}

/* -> verdict. Fills flow_slot, seq, ssrc, head. */
__noinline int ups_police(struct xdp_md *ctx, struct ups_work *w)
{
	struct ups_lookup_key key;
	struct ups_flow *flow;
	__u32 *value;

	if (!w)
		return UPS_PASS(FOREIGN);
	key = w->key;
	value = bpf_map_lookup_elem(&ups_lookup, &key);
	if (!value)
		return UPS_PASS(FOREIGN);
	if (*value & UPS_LOOKUP_RTCP)
		return UPS_PASS(RTCP);
	w->flow_slot = *value;
	flow = ups_flow_get(w);
	if (!flow)
		return UPS_PASS(LANE);
	return ups_police_flow(ctx, w, flow);
}

#endif
