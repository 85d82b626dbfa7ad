/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Internet checksums (RFC 1071). Sums are one's complement sums of 16-bit words in network order as they lie in memory,
 * kept in 32 bits until folded.
 */
#ifndef UPSEC_BPF_CSUM_H
#define UPSEC_BPF_CSUM_H

#include <linux/in.h>
#include <linux/ip.h>

#include "lib/maps.h"

#define UPS_CSUM_CHUNK 512 /* bytes one bpf_csum_diff() takes on every kernel */

static __always_inline __u16 ups_csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* Folded sum of an IPv4 header without options: 0xffff if its checksum field is right */
static __always_inline __u16 ups_csum_header(const struct iphdr *ip)
{
	const __u32 *word = (const __u32 *)ip;

	return ups_csum_fold((__u64)word[0] + word[1] + word[2] + word[3] + word[4]);
}

static __always_inline __u64 ups_csum_addr(const struct ups_addr *a, __u32 v6)
{
	const __u32 *word = (const __u32 *)a->ip;

	return v6 ? (__u64)word[0] + word[1] + word[2] + word[3] : word[3];
}

/* Pseudo-header of RFC 768 and RFC 8200 8.1: addresses, UDP length, protocol */
static __always_inline __u64 ups_csum_pseudo(const struct ups_addr *src, const struct ups_addr *dst,
					     __u32 v6, __u32 udp_len)
{
	return ups_csum_addr(src, v6) + ups_csum_addr(dst, v6) + bpf_htons(udp_len) +
	       bpf_htons(IPPROTO_UDP);
}

/* Sum of the @w->len bytes of payload in buf, into w->sum. Kept until the payload changes. */
static __always_inline void ups_csum_payload(struct ups_work *w)
{
	__u64 at = UPS_BODY - w->head, end = at + w->len;
	__s64 sum = 0;
	int i;

	if (w->sum_known)
		return;
	UPS_HIDE(end);
	if (end > UPS_BODY + UPS_PACKET_MAX)
		return;
	*(__u32 *)(w->buf + end) = 0;
	for (i = 0; i < UPS_PACKET_MAX / UPS_CSUM_CHUNK; i++) {
		__u64 size = end - at;

		UPS_HIDE(at);
		UPS_HIDE(size);
		if (at >= end || at > UPS_BODY + UPS_PACKET_MAX)
			break;
		if (size > UPS_CSUM_CHUNK)
			size = UPS_CSUM_CHUNK;
		else
			size = (size + 3) & ~3ULL;
		sum = bpf_csum_diff(0, 0, (void *)(w->buf + at), size, sum);
		at += UPS_CSUM_CHUNK;
	}
	w->sum = sum;
	w->sum_known = 1;
}

/*
 * Whether the UDP checksum as received is acceptable: right, absent (IPv4 only), or left half-done by a sender on this
 * machine (CHECKSUM_PARTIAL over veth): then the field holds the folded sum of the pseudo-header.
 */
static __always_inline int ups_csum_verify(struct ups_work *w)
{
	__u64 pseudo = ups_csum_pseudo(&w->src, &w->key.dst, w->v6, w->len + 8);

	if (!w->check)
		return !w->v6;
	if (w->check == ups_csum_fold(pseudo))
		return 1;
	ups_csum_payload(w);
	return ups_csum_fold(pseudo + w->src.port + w->key.dst.port + bpf_htons(w->len + 8) +
			     w->check + w->sum) == 0xffff;
}

#endif
