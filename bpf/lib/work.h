/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one packet carries from stage to stage, and how a stage ends.
 *
 * The stages (parse, police, prepare, receive, send, forward) are global functions, which the verifier checks one by
 * one; they share nothing but the context and the struct ups_work of their processor. An XDP program is not
 * interrupted by another one on the same processor, so the structure needs no lock; nothing in it survives a packet.
 *
 * The packet's UDP payload is copied into buf so that the part behind the RTP headers starts at the fixed offset
 * UPS_BODY: the headers end there, wherever they start. What the verifier must prove about a block of the body then does
 * not depend on the headers. Everything in host order unless the type says __be.
 */
#ifndef UPSEC_BPF_WORK_H
#define UPSEC_BPF_WORK_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "upsec/abi.h"

#define UPS_AF_INET 2
#define UPS_AF_INET6 10

#define UPS_PACKET_MAX 2048 /* UDP payload this lane handles, protection included */
#define UPS_BODY 2048 /* offset in buf; RTP headers are shorter than UPS_PACKET_MAX */
#define UPS_BUF_SLACK 256 /* behind the largest packet: trailers, hash padding */
#define UPS_BUF_MAX (UPS_BODY + UPS_PACKET_MAX + UPS_BUF_SLACK)
#define UPS_STREAM_SLACK 64 /* behind the keystream of the largest packet */
#define UPS_TRAILER_MAX (UPS_TAG_MAX + UPS_MKI_XDP_MAX)
#define UPS_HEAD_BAD 0xfffff /* RTP headers that end nowhere in the packet */
#define UPS_BLOCK 16 /* bytes of an AES and GHASH block */

struct ups_work {
	struct ups_lookup_key key; /* where it arrived */
	struct ups_addr src; /* where it came from */
	__u32 flow_slot;
	__u32 frame_len; /* all of it, fragments of a multi-buffer frame included */
	__u32 header_len; /* link, network and UDP headers, bytes: the payload's offset in the frame */
	__u32 len; /* UDP payload, bytes: shrinks and grows with protection */
	__u32 head; /* RTP headers, bytes; a multiple of 4; 0 on an opaque flow */
	__u32 ssrc;
	__u32 ssrc_slot;
	__u32 rx_key; /* key slot */
	__u32 trailer; /* SRTP: tag and MKI at the end of the packet as received, bytes */
	__u32 out_ifindex;
	__u32 sum; /* one's complement sum of the payload in buf, valid if sum_known */
	__u16 seq;
	__be16 check; /* UDP checksum as received */
	__u8 vlan; /* tags in front of the network header */
	__u8 v6;
	__u8 changed; /* buf differs from the frame's payload */
	__u8 sum_known;
	__u8 first[2]; /* first bytes of the payload */
	__u8 dmac[6], smac[6]; /* of the next hop and of the device it leaves by */
	__u8 tag[UPS_TAG_MAX]; /* as received, or as computed for sending */
	__u32 mac[5]; /* computed: HMAC-SHA1, or 16 bytes of GCM tag */
	__u64 iv[2]; /* counter block as two big-endian halves, in host order */
	__u8 buf[UPS_BUF_MAX] __attribute__((aligned(16)));
	__u8 mask[UPS_BLOCK] __attribute__((aligned(16))); /* GCM: E(K, J0); must precede stream */
	__u8 stream[UPS_PACKET_MAX + UPS_STREAM_SLACK]; /* keystream of the body */
};

/*
 * Verdict of a stage: 0 = go on; else one of these with a number in the low byte. Only drop.h turns one into an action.
 */
#define UPS_V_GO 0
#define UPS_V_PASS 0x100 /* | enum ups_pass */
#define UPS_V_DROP 0x200 /* | enum ups_drop */
#define UPS_V_SENT 0x400 /* | enum xdp_action */
#define UPS_PASS(NAME) (UPS_V_PASS | UPS_PASS_##NAME)
#define UPS_DROP(NAME) (UPS_V_DROP | UPS_DROP_##NAME)

/*
 * The compiler drops bounds checks it can prove from what it knows and the verifier does not. A value that went through
 * here is unknown to both, so that the check that follows stays.
 */
#define UPS_HIDE(value) asm volatile("" : "+r"(value))

extern const volatile struct ups_bpf_config ups_config;

#endif
