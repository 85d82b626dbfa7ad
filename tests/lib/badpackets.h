/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that no leg takes, and the reason each is dropped for; the same on every lane. */
#ifndef UPS_TEST_BADPACKETS_H
#define UPS_TEST_BADPACKETS_H

#include "dpfix.h"

static const struct bad_case {
	const char *name;
	uint8_t head[12];
	int size;
	bool rtcp_port;
	uint8_t clear, srtp; /* reason on a leg of this mode */
} bad_cases[] = {
	{ "nothing", {}, 0, false, UPS_DROP_SHORT, UPS_DROP_SHORT },
	{ "one byte", { 0x80 }, 1, false, UPS_DROP_SHORT, UPS_DROP_SHORT },
	{ "RTP of 11 bytes", { 0x80, 96 }, 11, false, UPS_DROP_SHORT, UPS_DROP_SHORT },
	{ "15 CSRCs beyond the end",
	  { 0x8f, 96 },
	  60,
	  false,
	  UPS_DROP_MALFORMED,
	  UPS_DROP_MALFORMED },
	{ "extension header cut", { 0x90, 96 }, 14, false, UPS_DROP_MALFORMED, UPS_DROP_SHORT },
	{ "extension beyond the end",
	  { 0x9b, 96 },
	  60,
	  false,
	  UPS_DROP_MALFORMED,
	  UPS_DROP_MALFORMED },
	{ "STUN", { 0, 1 }, 40, false, UPS_DROP_STUN_UNEXPECTED, UPS_DROP_STUN_UNEXPECTED },
	{ "STUN on the RTCP port",
	  { 3, 1 },
	  40,
	  true,
	  UPS_DROP_STUN_UNEXPECTED,
	  UPS_DROP_STUN_UNEXPECTED },
	{ "DTLS", { 22, 254, 253 }, 40, false, UPS_DROP_DTLS_UNEXPECTED, UPS_DROP_DTLS_UNEXPECTED },
	{ "ZRTP", { 16, 0 }, 40, false, UPS_DROP_DEMUX, UPS_DROP_DEMUX },
	{ "TURN channel", { 64, 0 }, 40, false, UPS_DROP_DEMUX, UPS_DROP_DEMUX },
	{ "RTP version 1", { 0x7f, 96 }, 40, false, UPS_DROP_DEMUX, UPS_DROP_DEMUX },
	{ "RTP version 3", { 0xc0, 96 }, 40, false, UPS_DROP_DEMUX, UPS_DROP_DEMUX },
	{ "unassigned first byte", { 4, 0 }, 40, true, UPS_DROP_DEMUX, UPS_DROP_DEMUX },
	{ "RTCP on the RTP port", { 0x80, 200, 0, 9 }, 40, false, UPS_DROP_MUX, UPS_DROP_MUX },
	{ "RTP on the RTCP port", { 0x80, 96 }, 40, true, UPS_DROP_MUX, UPS_DROP_MUX },
	{ "RTCP of 7 bytes", { 0x80, 200, 0, 1 }, 7, true, UPS_DROP_SHORT, UPS_DROP_SHORT },
	{ "RTCP longer than the packet",
	  { 0x80, 200, 0, 10 },
	  40,
	  true,
	  UPS_DROP_MALFORMED,
	  UPS_DROP_AUTH },
	{ "RTCP with a rest", { 0x80, 200, 0, 8 }, 40, true, UPS_DROP_MALFORMED, UPS_DROP_AUTH },
	{ "second RTCP packet of version 0",
	  { 0x80, 200, 0, 1 },
	  40,
	  true,
	  UPS_DROP_MALFORMED,
	  UPS_DROP_AUTH },
};

#define BAD_CASES (sizeof(bad_cases) / sizeof(bad_cases[0]))

TEST_INLINE void bad_make(struct packet *p, const struct bad_case *bad)
{
	memset(p->data, 0, 64);
	memcpy(p->data, bad->head, sizeof(bad->head));
	if (bad->head[0] == 0x9b) /* 11 CSRCs, then an extension of 65535 words */
		memset(p->data + 12 + 44, 0xff, 4);
	p->size = bad->size;
}

#endif
