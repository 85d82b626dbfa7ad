/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet builder for tests: whole Ethernet frames from a description, and UDP payloads (RTP, RTCP, STUN, DTLS, ZRTP,
 * TURN). A zeroed struct pkt_spec with addresses is a plain, valid UDP packet; every other field makes it unusual, or
 * wrong on purpose. The family of the frame is the family of @src. Nothing here allocates.
 */
#ifndef UPS_TEST_PKTGEN_H
#define UPS_TEST_PKTGEN_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "rng.h"
#include "upsec/abi.h"
#include "upsec/rtp.h"

#define PKT_CAP 4096 /* bytes of the largest frame */
#define PKT_ETH 14
#define PKT_VLANS_MAX 3

struct pkt {
	uint8_t data[PKT_CAP];
	size_t size; /* bytes */
};

enum pkt_csum {
	PKT_CSUM_GOOD,
	PKT_CSUM_ZERO, /* none: allowed on IPv4 */
	PKT_CSUM_BAD, /* one bit off */
	PKT_CSUM_PARTIAL, /* the pseudo header only, as a device with checksum offload is given it */
};

struct pkt_spec {
	const uint8_t *dst_mac, *src_mac; /* NULL = mac_us, mac_peer */
	unsigned int vlans; /* tags, outer first */
	uint16_t vlan_type; /* of the outer tag, 0 = 0x8100 */
	uint16_t ether_type; /* 0 = by family */
	struct ups_addr src, dst;
	uint8_t tos, ttl; /* ttl 0 = 64 */
	uint8_t proto; /* 0 = UDP */
	uint8_t ip_version; /* 0 = by family */
	uint8_t ip_options; /* IPv4: bytes, multiple of 4 */
	uint16_t frag; /* IPv4 flags and offset as on the wire (PKT_DF, PKT_MF | offset / 8) */
	uint8_t ext[8]; /* IPv6: chain of extension header types */
	uint8_t ext_units[8]; /* their length in 8-byte units beyond the first */
	unsigned int ext_count;
	uint8_t ext_segments; /* IPv6: segments left in a routing header of the chain */
	bool mapped; /* IPv4 addresses as ::ffff:a.b.c.d in an IPv6 frame */
	uint16_t ext_frag; /* IPv6: offset and M bit of a fragment header in the chain */
	enum pkt_csum csum;
	bool ip_csum_bad;
	int ip_len_delta, udp_len_delta; /* lies about lengths */
	size_t trailer; /* Ethernet padding behind the IP packet, bytes */
};

#define PKT_DF 0x4000
#define PKT_MF 0x2000

#define PKT_HOPOPTS 0
#define PKT_ROUTING 43
#define PKT_FRAGMENT 44
#define PKT_ESP 50
#define PKT_AH 51
#define PKT_DSTOPTS 60

static const uint8_t mac_us[6] = { 0x02, 0, 0, 0, 0, 0x01 };
static const uint8_t mac_peer[6] = { 0x02, 0, 0, 0, 0, 0x10 };

/* "192.0.2.1:4000" or "[2001:db8::1]:4000"; aborts on nonsense: it is the test that is wrong then */
TEST_INLINE struct ups_addr addr(const char *text)
{
	struct ups_addr a;

	if (ups_addr_parse(text, true, &a))
		abort();
	return a;
}

TEST_INLINE void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

TEST_INLINE void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v);
}

TEST_INLINE uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

TEST_INLINE uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* RFC 1071 sum, not folded, not complemented */
TEST_INLINE uint32_t sum16(const uint8_t *at, size_t size, uint32_t sum)
{
	size_t i;

	for (i = 0; i + 1 < size; i += 2)
		sum += get16(at + i);
	if (size & 1)
		sum += (uint32_t)at[size - 1] << 8;
	return sum;
}

TEST_INLINE uint16_t fold16(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of the pseudo header of RFC 768 or RFC 8200 8.1 */
TEST_INLINE uint32_t sum_pseudo(const struct ups_addr *src, const struct ups_addr *dst,
				uint32_t udp_len)
{
	size_t skip = ups_addr_is_v4(src) ? 12 : 0;

	return sum16(src->ip + skip, 16 - skip, sum16(dst->ip + skip, 16 - skip, udp_len + 17));
}

TEST_INLINE bool pkt_is_v4(const struct pkt_spec *s)
{
	return ups_addr_is_v4(&s->src) && !s->mapped;
}

TEST_INLINE size_t pkt_put_eth(uint8_t *at, const struct pkt_spec *s)
{
	size_t size = 12;
	uint16_t type = s->ether_type;
	unsigned int i;

	memcpy(at, s->dst_mac ? s->dst_mac : mac_us, 6);
	memcpy(at + 6, s->src_mac ? s->src_mac : mac_peer, 6);
	for (i = 0; i < s->vlans; i++, size += 4) {
		put16(at + size, i == 0 && s->vlan_type ? s->vlan_type : 0x8100);
		put16(at + size + 2, 100 + i);
	}
	if (!type)
		type = pkt_is_v4(s) ? 0x0800 : 0x86dd;
	put16(at + size, type);
	return size + 2;
}

TEST_INLINE size_t pkt_put_v4(uint8_t *at, const struct pkt_spec *s, size_t body)
{
	size_t head = 20 + (size_t)s->ip_options;

	memset(at, 0, head);
	at[0] = (uint8_t)((s->ip_version ? s->ip_version : 4) << 4 | head / 4);
	at[1] = s->tos;
	put16(at + 2, (uint32_t)((int)(head + body) + s->ip_len_delta));
	put16(at + 4, 0x1234);
	put16(at + 6, s->frag);
	at[8] = s->ttl ? s->ttl : 64;
	at[9] = s->proto ? s->proto : 17;
	memcpy(at + 12, s->src.ip + 12, 4);
	memcpy(at + 16, s->dst.ip + 12, 4);
	memset(at + 20, 1, s->ip_options); /* NOP */
	put16(at + 10, (uint16_t)~fold16(sum16(at, head, 0)));
	if (s->ip_csum_bad)
		at[10] ^= 1;
	return head;
}

TEST_INLINE size_t pkt_put_ext(uint8_t *at, const struct pkt_spec *s, unsigned int i, uint8_t next)
{
	/* RFC 4302 2.2 counts AH in 4-byte words minus 2 */
	size_t size = 8 + 8 * (size_t)s->ext_units[i];

	memset(at, 0, size);
	at[0] = next;
	at[1] = s->ext[i] == PKT_AH ? (uint8_t)(size / 4 - 2) : s->ext_units[i];
	if (s->ext[i] == PKT_FRAGMENT) {
		at[1] = 0;
		put16(at + 2, s->ext_frag);
		put32(at + 4, 0xabcd);
	} else if (s->ext[i] == PKT_ROUTING) {
		at[3] = s->ext_segments;
	} else {
		at[2] = 1; /* PadN over the rest */
		at[3] = (uint8_t)(size - 4);
	}
	return size;
}

TEST_INLINE size_t pkt_put_v6(uint8_t *at, const struct pkt_spec *s, size_t body)
{
	uint8_t proto = s->proto ? s->proto : 17;
	size_t size = 40;
	unsigned int i;

	memset(at, 0, 40);
	at[6] = s->ext_count ? s->ext[0] : proto;
	for (i = 0; i < s->ext_count; i++)
		size += pkt_put_ext(at + size, s, i, i + 1 < s->ext_count ? s->ext[i + 1] : proto);
	at[0] = (uint8_t)((s->ip_version ? s->ip_version : 6) << 4 | s->tos >> 4);
	at[1] = (uint8_t)(s->tos << 4);
	put16(at + 4, (uint32_t)((int)(size - 40 + body) + s->ip_len_delta));
	at[7] = s->ttl ? s->ttl : 64;
	memcpy(at + 8, s->src.ip, 16);
	memcpy(at + 24, s->dst.ip, 16);
	return size;
}

TEST_INLINE void pkt_put_udp(uint8_t *at, const struct pkt_spec *s, size_t payload)
{
	uint32_t len = (uint32_t)((int)(8 + payload) + s->udp_len_delta);
	uint32_t sum = sum_pseudo(&s->src, &s->dst, 8 + (uint32_t)payload);
	uint16_t csum = 0;

	memcpy(at, &s->src.port, 2);
	memcpy(at + 2, &s->dst.port, 2);
	put16(at + 4, len);
	put16(at + 6, 0);
	if (s->csum == PKT_CSUM_PARTIAL)
		csum = fold16(sum);
	else if (s->csum != PKT_CSUM_ZERO)
		csum = (uint16_t)~fold16(sum16(at, 8 + payload, sum));
	if (!csum && s->csum != PKT_CSUM_ZERO)
		csum = 0xffff;
	if (s->csum == PKT_CSUM_BAD)
		csum = csum == 1 ? 3 : csum ^ 1; /* never zero, which would mean "none" */
	put16(at + 6, csum);
}

/* Builds the frame around @payload. */
TEST_INLINE void pkt_build(struct pkt *p, const struct pkt_spec *s, const void *payload,
			   size_t size)
{
	size_t at = pkt_put_eth(p->data, s);

	if (pkt_is_v4(s))
		at += pkt_put_v4(p->data + at, s, 8 + size);
	else
		at += pkt_put_v6(p->data + at, s, 8 + size);
	assert(at + 8 + size + s->trailer <= PKT_CAP);
	memcpy(p->data + at + 8, payload, size);
	pkt_put_udp(p->data + at, s, size);
	at += 8 + size;
	memset(p->data + at, 0x5a, s->trailer);
	p->size = at + s->trailer;
}

/* ---- UDP payloads; each returns its size ------------------------------------------------------------------- */

struct rtp_spec {
	uint8_t version; /* 0 = 2 */
	uint8_t cc; /* CSRC count, 0..15 */
	bool marker;
	bool extension;
	uint16_t ext_words; /* 32-bit words of the extension's body */
	uint8_t padding; /* bytes; 0 = no P bit */
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	size_t payload; /* bytes, padding included */
	uint64_t fill; /* seed of the contents */
};

TEST_INLINE size_t rtp_build(uint8_t *out, const struct rtp_spec *s)
{
	size_t size = UPS_RTP_MIN;
	struct rng r = { s->fill + s->seq };

	out[0] = (uint8_t)((s->version ? s->version : 2) << 6 | (s->padding ? 0x20 : 0) |
			   (s->extension ? 0x10 : 0) | s->cc);
	out[1] = (uint8_t)((s->marker ? 0x80 : 0) | s->pt);
	put16(out + 2, s->seq);
	put32(out + 4, s->ts);
	put32(out + 8, s->ssrc);
	rng_fill(&r, out + size, 4 * (size_t)s->cc);
	size += 4 * (size_t)s->cc;
	if (s->extension) {
		put16(out + size, 0xbede);
		put16(out + size + 2, s->ext_words);
		rng_fill(&r, out + size + 4, 4 * (size_t)s->ext_words);
		size += 4 + 4 * (size_t)s->ext_words;
	}
	rng_fill(&r, out + size, s->payload);
	size += s->payload;
	if (s->padding)
		out[size - 1] = s->padding;
	return size;
}

/* A sender report with one report block (RFC 3550 6.4.1), 52 bytes */
TEST_INLINE size_t rtcp_build(uint8_t *out, uint32_t ssrc)
{
	struct rng r = { ssrc };

	rng_fill(&r, out, 52);
	out[0] = 0x81;
	out[1] = 200;
	put16(out + 2, 12);
	put32(out + 4, ssrc);
	return 52;
}

/* A Binding request (RFC 8489 5), 20 bytes */
TEST_INLINE size_t stun_build(uint8_t *out)
{
	struct rng r = { 1 };

	put16(out, 1);
	put16(out + 2, 0);
	put32(out + 4, 0x2112a442);
	rng_fill(&r, out + 8, 12);
	return 20;
}

/* A DTLS 1.2 handshake record (RFC 6347 4.1) with 32 bytes inside */
TEST_INLINE size_t dtls_build(uint8_t *out)
{
	struct rng r = { 2 };

	rng_fill(&r, out, 45);
	out[0] = 22;
	put16(out + 1, 0xfefd);
	put16(out + 11, 32);
	return 45;
}

/* @size random bytes behind a chosen first and second byte */
TEST_INLINE size_t garbage_build(uint8_t *out, uint8_t first, uint8_t second, size_t size)
{
	struct rng r = { (uint64_t)first << 8 | second };

	rng_fill(&r, out, size);
	if (size > 0)
		out[0] = first;
	if (size > 1)
		out[1] = second;
	return size;
}

#endif
