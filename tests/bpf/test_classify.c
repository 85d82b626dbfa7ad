// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the XDP program does with each kind of packet, as a table: {name, frame in, verdict, reason}, and for every row
 * the frame that comes out (unchanged when it passes, checked field by field when it leaves), the program's counters
 * and the flow's statistics. Whole ranges (all first bytes, all truncations, random frames) are in
 * test_ranges.c, keys in test_differential.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "xdpflows.h"

/* ---- the table --------------------------------------------------------------------------------------------------- */

enum body { RTP, RTCP, STUN, DTLS, ZRTP, TURN, JUNK };

struct kase {
	const char *name;
	int flow; /* where it is sent; -1: @local */
	const char *local, *from; /* NULL = the flow's */
	struct pkt_spec spec; /* without addresses */
	enum body body;
	struct rtp_spec rtp;
	size_t size; /* JUNK: bytes */
	bool rtcp_port;
	enum outcome outcome;
	uint32_t reason;
};

static size_t build_body(const struct kase *c, uint8_t *out)
{
	struct rtp_spec rtp = c->rtp;

	switch (c->body) {
	case RTP:
		rtp.ssrc = rtp.ssrc ? rtp.ssrc : 0x11223344;
		rtp.payload = rtp.payload ? rtp.payload : 160;
		return rtp_build(out, &rtp);
	case RTCP:
		return rtcp_build(out, 0x11223344);
	case STUN:
		return stun_build(out);
	case DTLS:
		return dtls_build(out);
	case ZRTP:
		return garbage_build(out, 0x10, 0, 60);
	case TURN:
		return garbage_build(out, 0x40, 1, 60);
	case JUNK:
	default:
		return garbage_build(out, 0xff, 0xff, c->size);
	}
}

#define X_PASS(why) .outcome = PASSES, .reason = UPS_PASS_##why
#define X_DROP(why) .outcome = DROPS, .reason = UPS_DROP_##why
#define X_LEAVE .outcome = LEAVES

static const uint8_t mac_broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t mac_multicast[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static const struct kase cases[] = {
	/* families and rewriting */
	{ "v4 to v4", CLEAR_44, X_LEAVE },
	{ "v4 to v6", CLEAR_46, X_LEAVE },
	{ "v6 to v6", CLEAR_66, X_LEAVE },
	{ "v6 to v4", CLEAR_64, X_LEAVE },
	{ "out of the device it came in by", SAME_DEVICE, X_LEAVE },
	{ "through a v4 gateway", GATEWAY_4, X_LEAVE },
	{ "through a v6 gateway", GATEWAY_6, X_LEAVE },
	{ "DF set", CLEAR_44, .spec = { .frag = PKT_DF }, X_LEAVE },
	{ "TTL 1: a media relay is an end point", CLEAR_44, .spec = { .ttl = 1 }, X_LEAVE },
	{ "incoming TOS is not copied", CLEAR_46, .spec = { .tos = 0xff }, X_LEAVE },
	{ "Ethernet padding is not payload", CLEAR_44, .rtp = { .payload = 1 },
	  .spec = { .trailer = 5 }, X_LEAVE },
	{ "Ethernet padding, v6 to v4", CLEAR_64, .spec = { .trailer = 40 }, X_LEAVE },
	{ "odd payload", CLEAR_46, .rtp = { .payload = 33 }, X_LEAVE },
	{ "CSRC list", CLEAR_44, .rtp = { .cc = 15 }, X_LEAVE },
	{ "extension", CLEAR_64, .rtp = { .extension = true, .ext_words = 3 }, X_LEAVE },
	{ "empty extension", CLEAR_44, .rtp = { .extension = true }, X_LEAVE },
	{ "RTP padding", CLEAR_66, .rtp = { .padding = 12 }, X_LEAVE },
	{ "marker and payload type 127", CLEAR_44, .rtp = { .marker = true, .pt = 20 }, X_LEAVE },
	/* VLAN: the tag ends here, routing decides what leaves */
	{ "one tag", CLEAR_44, .spec = { .vlans = 1 }, X_LEAVE },
	{ "two tags, v6 to v4", CLEAR_64, .spec = { .vlans = 2, .vlan_type = 0x88a8 }, X_LEAVE },
	{ "three tags are nobody's", CLEAR_44, .spec = { .vlans = 3 }, X_PASS(FOREIGN) },
	{ "foreign VLAN packet", -1, "192.0.2.1:9", PEER4, .spec = { .vlans = 1 },
	  X_PASS(FOREIGN) },
	{ "foreign with three tags", -1, "192.0.2.1:9", PEER4, .spec = { .vlans = 3 },
	  X_PASS(FOREIGN) },
	/* not ours */
	{ "another port", -1, "192.0.2.1:9", PEER4, X_PASS(FOREIGN) },
	{ "another address, our port", -1, "192.0.2.77:4000", PEER4, X_PASS(FOREIGN) },
	{ "v6 of another port", -1, "[2001:db8::1]:9", PEER6, X_PASS(FOREIGN) },
	{ "v4-mapped v6 address is not our v4 address", -1, "[2001:db8::2]:4000", PEER6,
	  X_PASS(FOREIGN) },
	{ "TCP to our port", CLEAR_44, .spec = { .proto = 6 }, X_PASS(FOREIGN) },
	{ "ICMP", CLEAR_44, .spec = { .proto = 1 }, X_PASS(FOREIGN) },
	{ "UDP-Lite to our port", CLEAR_44, .spec = { .proto = 136 }, X_PASS(FOREIGN) },
	{ "v6 TCP to our port", CLEAR_66, .spec = { .proto = 6 }, X_PASS(FOREIGN) },
	{ "v6 no next header", CLEAR_66, .spec = { .proto = 59 }, X_PASS(FOREIGN) },
	{ "v6 ESP", CLEAR_66, .spec = { .ext = { PKT_ESP }, .ext_count = 1 }, X_PASS(FOREIGN) },
	{ "ARP", CLEAR_44, .spec = { .ether_type = 0x0806 }, X_PASS(FOREIGN) },
	{ "802.3 length instead of a type", CLEAR_44, .spec = { .ether_type = 200 },
	  X_PASS(FOREIGN) },
	{ "EtherType v6 with v4 inside", CLEAR_44, .spec = { .ether_type = 0x86dd },
	  X_PASS(FOREIGN) },
	{ "version 5 in an IPv4 frame", CLEAR_44, .spec = { .ip_version = 5 }, X_PASS(FOREIGN) },
	{ "version 4 in an IPv6 frame", CLEAR_66, .spec = { .ip_version = 4 }, X_PASS(FOREIGN) },
	/* fragments and options */
	{ "v4 first fragment", CLEAR_44, .spec = { .frag = PKT_MF }, X_PASS(FRAGMENT) },
	{ "v4 later fragment", CLEAR_44, .spec = { .frag = PKT_MF | 100 }, X_PASS(FRAGMENT) },
	{ "v4 last fragment", CLEAR_44, .spec = { .frag = 100 }, X_PASS(FRAGMENT) },
	{ "v6 first fragment", CLEAR_66,
	  .spec = { .ext = { PKT_FRAGMENT }, .ext_count = 1, .ext_frag = 1 }, X_PASS(FRAGMENT) },
	{ "v6 later fragment", CLEAR_66,
	  .spec = { .ext = { PKT_FRAGMENT }, .ext_count = 1, .ext_frag = 800 }, X_PASS(FRAGMENT) },
	{ "v6 fragment behind hop-by-hop options", CLEAR_66,
	  .spec = { .ext = { PKT_HOPOPTS, PKT_FRAGMENT }, .ext_count = 2, .ext_frag = 1 },
	  X_PASS(FRAGMENT) },
	{ "v4 options, 4 bytes", CLEAR_44, .spec = { .ip_options = 4 }, X_PASS(OPTIONS) },
	{ "v4 options, 40 bytes", CLEAR_44, .spec = { .ip_options = 40 }, X_PASS(OPTIONS) },
	{ "v6 hop-by-hop options", CLEAR_66, .spec = { .ext = { PKT_HOPOPTS }, .ext_count = 1 },
	  X_LEAVE },
	{ "v6 hop-by-hop, destination options, spent routing header", CLEAR_64,
	  .spec = { .ext = { PKT_HOPOPTS, PKT_DSTOPTS, PKT_ROUTING },
		    .ext_units = { 1, 0, 2 },
		    .ext_count = 3 },
	  X_LEAVE },
	{ "v6 authentication header", CLEAR_66, .spec = { .ext = { PKT_AH }, .ext_count = 1 },
	  X_PASS(OPTIONS) },
	{ "v6 seven extension headers", CLEAR_66,
	  .spec = { .ext = { 60, 60, 60, 60, 60, 60, 60 }, .ext_count = 7 }, X_PASS(OPTIONS) },
	{ "v6 routing header that is not spent", CLEAR_66,
	  .spec = { .ext = { PKT_ROUTING }, .ext_count = 1, .ext_segments = 1 }, X_PASS(OPTIONS) },
	{ "v6 extension header beyond the payload length", CLEAR_66,
	  .spec = { .ext = { PKT_DSTOPTS },
		    .ext_units = { 2 },
		    .ext_count = 1,
		    .ip_len_delta = -(8 + 12 + 160 + 8) },
	  X_PASS(FOREIGN) },
	{ "our v4 addresses in a v6 frame", CLEAR_44,
	  .spec = { .mapped = true, .csum = PKT_CSUM_ZERO }, X_PASS(FOREIGN) },
	/* the link */
	{ "broadcast on the link", CLEAR_44, .spec = { .dst_mac = mac_broadcast },
	  X_PASS(FOREIGN) },
	{ "multicast on the link", CLEAR_66, .spec = { .dst_mac = mac_multicast },
	  X_PASS(FOREIGN) },
	/* source */
	{ "wrong source port", CLEAR_44, .from = "192.0.2.10:7001", X_DROP(SOURCE) },
	{ "wrong source address", CLEAR_44, .from = "192.0.2.11:7000", X_DROP(SOURCE) },
	{ "wrong v6 source, last byte", CLEAR_66, .from = "[2001:db8::11]:7000", X_DROP(SOURCE) },
	{ "wrong v6 source, first byte", CLEAR_66, .from = "[3001:db8::10]:7000", X_DROP(SOURCE) },
	{ "wrong source on an opaque flow", OPAQUE, .from = "192.0.2.11:7000", X_DROP(SOURCE) },
	{ "source not learned yet", LEARNING, X_PASS(LEARN) },
	{ "DTLS from elsewhere, strict", WITH_DTLS, .from = "192.0.2.11:7000", .body = DTLS,
	  X_DROP(SOURCE) },
	{ "DTLS from elsewhere, latched", LATCHED, .from = "192.0.2.11:7000", .body = DTLS,
	  X_PASS(DTLS) },
	{ "STUN from elsewhere, latched", LATCHED, .from = "192.0.2.11:7000", .body = STUN,
	  X_PASS(STUN) },
	{ "RTP from elsewhere, latched", LATCHED, .from = "192.0.2.11:7000", X_DROP(SOURCE) },
	{ "junk from elsewhere, latched", LATCHED, .from = "192.0.2.11:7000", .body = JUNK,
	  .size = 50, X_DROP(SOURCE) },
	{ "DTLS from elsewhere on an opaque flow", OPAQUE_LATCHED, .from = "192.0.2.11:7000",
	  .body = DTLS, X_DROP(SOURCE) },
	/* demultiplexing (all 256 first bytes follow below) */
	{ "RTCP without mux", CLEAR_44, .body = RTCP, X_DROP(MUX) },
	{ "RTCP with mux", MUX, .body = RTCP, X_PASS(RTCP) },
	{ "RTCP on the RTCP port", CLEAR_44, .body = RTCP, .rtcp_port = true, X_PASS(RTCP) },
	{ "RTP on the RTCP port: refused there", CLEAR_44, .rtcp_port = true, X_PASS(RTCP) },
	{ "STUN unexpected", CLEAR_44, .body = STUN, X_DROP(STUN_UNEXPECTED) },
	{ "STUN expected", WITH_STUN, .body = STUN, X_PASS(STUN) },
	{ "DTLS unexpected", CLEAR_44, .body = DTLS, X_DROP(DTLS_UNEXPECTED) },
	{ "DTLS expected", WITH_DTLS, .body = DTLS, X_PASS(DTLS) },
	{ "ZRTP on a terminated flow", CLEAR_44, .body = ZRTP, X_DROP(DEMUX) },
	{ "ZRTP on an opaque flow", OPAQUE, .body = ZRTP, X_LEAVE },
	{ "TURN channel data on an opaque flow", OPAQUE, .body = TURN, X_LEAVE },
	{ "junk on a terminated flow", CLEAR_44, .body = JUNK, .size = 50, X_DROP(DEMUX) },
	{ "junk on an opaque flow", OPAQUE, .body = JUNK, .size = 50, X_DROP(DEMUX) },
	/* lanes and state */
	{ "flow of another lane", OTHER_LANE, X_PASS(LANE) },
	{ "inactive flow", INACTIVE, X_PASS(LANE) },
	{ "no key to receive with", KEYLESS_RX, X_PASS(NO_CRYPTO) },
	{ "no key to send with", KEYLESS_TX, X_PASS(NO_CRYPTO) },
	{ "key slots that hold nothing", EMPTY_KEY, X_PASS(NO_CRYPTO) },
	/* next hop */
	{ "v4 neighbour unknown", UNRESOLVED_4, X_PASS(NEIGHBOUR) },
	{ "v6 neighbour unknown", UNRESOLVED_6, X_PASS(NEIGHBOUR) },
	{ "v4 blackhole", BLACKHOLE_4, X_DROP(NO_ROUTE) },
	{ "v6 blackhole", BLACKHOLE_6, X_DROP(NO_ROUTE) },
	{ "unreachable", UNREACHABLE, X_DROP(NO_ROUTE) },
	{ "prohibited", PROHIBITED, X_DROP(NO_ROUTE) },
	{ "no route at all", NO_ROUTE, X_PASS(LOCAL) },
	{ "next hop is this host", TO_US, X_PASS(LOCAL) },
	{ "v4 fills the MTU", SMALL_MTU_4, .rtp = { .payload = 1280 - 20 - 8 - 12 }, X_LEAVE },
	{ "v4 one byte over the MTU", SMALL_MTU_4, .rtp = { .payload = 1281 - 20 - 8 - 12 },
	  X_PASS(MTU) },
	{ "v6 fills the MTU", SMALL_MTU_6, .rtp = { .payload = 1280 - 40 - 8 - 12 }, X_LEAVE },
	{ "v6 one byte over the MTU", SMALL_MTU_6, .rtp = { .payload = 1281 - 40 - 8 - 12 },
	  X_PASS(MTU) },
	{ "largest payload this lane takes", SMALL_MTU_4, .rtp = { .payload = 2016 - 12 },
	  X_PASS(MTU) },
	{ "one byte more than this lane takes", SMALL_MTU_4, .rtp = { .payload = 2017 - 12 },
	  X_PASS(SIZE) },
	{ "frame in several buffers", CLEAR_44, .rtp = { .payload = 3900 }, X_PASS(SIZE) },
	/* checksums */
	{ "UDP checksum wrong, v4", CLEAR_44, .spec = { .csum = PKT_CSUM_BAD }, X_DROP(CHECKSUM) },
	{ "UDP checksum wrong, v6", CLEAR_66, .spec = { .csum = PKT_CSUM_BAD }, X_DROP(CHECKSUM) },
	{ "UDP checksum absent, v4", CLEAR_44, .spec = { .csum = PKT_CSUM_ZERO }, X_LEAVE },
	{ "UDP checksum absent, v4 to v6", CLEAR_46, .spec = { .csum = PKT_CSUM_ZERO }, X_LEAVE },
	{ "UDP checksum absent, v6", CLEAR_66, .spec = { .csum = PKT_CSUM_ZERO },
	  X_DROP(CHECKSUM) },
	{ "UDP checksum left to the device, v4", CLEAR_44, .spec = { .csum = PKT_CSUM_PARTIAL },
	  X_LEAVE },
	{ "UDP checksum left to the device, v6 to v4", CLEAR_64,
	  .spec = { .csum = PKT_CSUM_PARTIAL }, X_LEAVE },
	{ "IPv4 header checksum wrong: the stack refuses it", CLEAR_44,
	  .spec = { .ip_csum_bad = true }, X_PASS(FOREIGN) },
};

static size_t udp_payload_at(const struct kase *c, const struct ups_addr *src)
{
	size_t at = PKT_ETH + 4 * c->spec.vlans + 8;
	unsigned int i;

	if (ups_addr_is_v4(src))
		return at + 20 + c->spec.ip_options;
	for (i = 0; i < c->spec.ext_count; i++)
		at += 8 + 8 * (size_t)c->spec.ext_units[i];
	return at + 40;
}

static void run_case(void **state)
{
	const struct kase *c = *state;
	struct pkt_spec spec = c->spec;
	uint8_t body[PKT_CAP];
	struct pkt in;
	struct expected e = { c->outcome, c->reason, c->flow, 0, build_body(c, body) };

	flows_reset();
	spec.dst = addr(c->local ? c->local : flows[c->flow].local);
	spec.src = addr(c->from ? c->from : flows[c->flow].src);
	if (c->rtcp_port)
		ups_addr_set_port(&spec.dst, ups_addr_port(&spec.dst) + 1);
	e.payload_at = udp_payload_at(c, &spec.src);
	pkt_build(&in, &spec, body, e.payload_size);
	check_frame(c->name, &in, &e);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(cases)];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(cases); i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = run_case;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	return cmocka_run_group_tests_name("xdp classify", tests, flows_setup, flows_teardown);
}
