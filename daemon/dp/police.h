/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Header checks that need no key and no state: what the udp lane refuses before it spends a cipher on a packet. The kernel
 * lane decides by the same rules in the same order (upsec/rtp.h is common to both), so a packet's drop reason does not tell
 * which lane saw it. Pure functions on untrusted bytes; any thread. Results are enum ups_drop numbers, 0 = accepted.
 */
#ifndef UPSEC_DP_POLICE_H
#define UPSEC_DP_POLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "upsec/drop.h"
#include "upsec/rtp.h"

/* RFC 7983 class of a datagram of any length; one byte is enough to tell STUN or DTLS, an RTP class needs two. */
enum ups_demux ups_police_class(const uint8_t *p, size_t size);
/* RFC 3550 5.1: fixed header, CSRC list and header extension lie inside the packet. SHORT, MALFORMED. */
uint8_t ups_police_rtp(const uint8_t *p, size_t size);
/* RFC 3550 6.4.1, A.2: a compound of whole version-2 packets that ends exactly at the end. SHORT, MALFORMED. */
uint8_t ups_police_rtcp(const uint8_t *p, size_t size);
/* SSRC of an RTP packet, or of the sender of an RTCP packet, that passed the checks above; host order */
uint32_t ups_police_ssrc(const uint8_t *p, bool rtcp);

#endif
