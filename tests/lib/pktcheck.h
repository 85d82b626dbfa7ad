/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Strict reader of frames that left the program: every header field must hold exactly what the flow says, checksums
 * must verify, lengths must agree with each other and with the frame. One function, one sentence on the first fault.
 */
#ifndef UPS_TEST_PKTCHECK_H
#define UPS_TEST_PKTCHECK_H

#include "pktgen.h"

struct pkt_expect {
	const uint8_t *dst_mac, *src_mac;
	unsigned int vlans; /* tags kept, outer first */
	struct ups_addr src, dst;
	uint8_t tos, ttl;
	const uint8_t *payload; /* NULL = any contents */
	size_t payload_size;
};

TEST_INLINE const char *pkt_check_v4(const uint8_t *ip, size_t size, const struct pkt_expect *e)
{
	if (size < 20 || ip[0] != 0x45)
		return "not IPv4 with a 20-byte header";
	if (get16(ip + 2) != size)
		return "IPv4 total length is not the frame's";
	if (get16(ip + 6) & ~PKT_DF)
		return "IPv4 fragment bits or offset set";
	if (fold16(sum16(ip, 20, 0)) != 0xffff)
		return "IPv4 header checksum does not verify";
	if (ip[1] != e->tos)
		return "IPv4 TOS differs from the flow's";
	if (ip[8] != e->ttl)
		return "IPv4 TTL differs from the flow's";
	if (ip[9] != 17)
		return "IPv4 protocol is not UDP";
	if (memcmp(ip + 12, e->src.ip + 12, 4) || memcmp(ip + 16, e->dst.ip + 12, 4))
		return "IPv4 addresses differ from the flow's";
	return NULL;
}

TEST_INLINE const char *pkt_check_v6(const uint8_t *ip, size_t size, const struct pkt_expect *e)
{
	if (size < 40 || ip[0] >> 4 != 6)
		return "not IPv6";
	if (get16(ip + 4) != size - 40)
		return "IPv6 payload length is not the frame's";
	if ((get16(ip) >> 4 & 0xff) != e->tos)
		return "IPv6 traffic class differs from the flow's";
	if (ip[6] != 17)
		return "IPv6 next header is not UDP";
	if (ip[7] != e->ttl)
		return "IPv6 hop limit differs from the flow's";
	if (memcmp(ip + 8, e->src.ip, 16) || memcmp(ip + 24, e->dst.ip, 16))
		return "IPv6 addresses differ from the flow's";
	return NULL;
}

/* RFC 8200 8.1: a checksum is needed on IPv6; on IPv4 ours is sent too. 0xffff stands for a computed zero. */
TEST_INLINE const char *pkt_check_udp(const uint8_t *udp, size_t size, const struct pkt_expect *e)
{
	if (size < 8 || get16(udp + 4) != size)
		return "UDP length is not the IP packet's";
	if (memcmp(udp, &e->src.port, 2) || memcmp(udp + 2, &e->dst.port, 2))
		return "UDP ports differ from the flow's";
	if (!get16(udp + 6))
		return "UDP checksum is missing";
	if (fold16(sum16(udp, size, sum_pseudo(&e->src, &e->dst, (uint32_t)size))) != 0xffff)
		return "UDP checksum does not verify";
	if (size - 8 != e->payload_size)
		return "UDP payload has another size";
	if (e->payload && memcmp(udp + 8, e->payload, e->payload_size))
		return "UDP payload differs";
	return NULL;
}

/* -> NULL if the frame is exactly what @e says, else what is wrong with it */
TEST_INLINE const char *pkt_check(const uint8_t *frame, size_t size, const struct pkt_expect *e)
{
	bool v4 = ups_addr_is_v4(&e->src);
	size_t head = v4 ? 20 : 40;
	size_t at = 12;
	const char *fault;
	unsigned int i;

	if (size < PKT_ETH + 4 * e->vlans + head + 8)
		return "frame shorter than its headers";
	if (memcmp(frame, e->dst_mac, 6))
		return "destination MAC is not the neighbour's";
	if (memcmp(frame + 6, e->src_mac, 6))
		return "source MAC is not the device's";
	for (i = 0; i < e->vlans; i++, at += 4)
		if (get16(frame + at) != 0x8100 || get16(frame + at + 2) != 100 + i)
			return "VLAN tag not kept";
	if (get16(frame + at) != (v4 ? 0x0800 : 0x86dd))
		return "EtherType does not match the family";
	at += 2;
	fault = v4 ? pkt_check_v4(frame + at, size - at, e)
		   : pkt_check_v6(frame + at, size - at, e);
	return fault ? fault : pkt_check_udp(frame + at + head, size - at - head, e);
}

/* UDP payload of a plain frame (no options, no extension headers) that pkt_check() accepted */
TEST_INLINE const uint8_t *pkt_payload(const uint8_t *frame, size_t size, size_t *payload_size)
{
	size_t head = PKT_ETH + (get16(frame + 12) == 0x0800 ? 20 : 40) + 8;

	*payload_size = size - head;
	return frame + head;
}

#endif
