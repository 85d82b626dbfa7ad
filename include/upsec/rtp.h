/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * First-byte demultiplexing and RTP header arithmetic, shared by BPF and user space so that every lane decides alike.
 * Sources: RFC 7983 7 (first byte), RFC 5761 4 (RTCP by second byte), RFC 3550 5.1, 5.3.1, 6.4.1 (headers).
 * Pure functions on values; the caller has done the bounds checks each of them states.
 */
#ifndef UPSEC_RTP_H
#define UPSEC_RTP_H

#include <linux/types.h>

#define UPS_RTP_MIN 12 /* fixed RTP header, bytes */
#define UPS_RTCP_MIN 8 /* RTCP header and sender SSRC, bytes */

enum ups_demux {
	UPS_DEMUX_BAD,
	UPS_DEMUX_STUN, /* 0..3 */
	UPS_DEMUX_DTLS, /* 20..63 */
	UPS_DEMUX_RTP, /* 128..191, second byte not RTCP's */
	UPS_DEMUX_RTCP, /* 128..191, second byte 192..223 */
	UPS_DEMUX_OTHER, /* ZRTP 16..19, TURN channels 64..79: known, and relayed on opaque legs only */
};

#define UPS_RTP_INLINE static inline __attribute__((always_inline, unused))

/* @first, @second: the first two bytes of the UDP payload */
UPS_RTP_INLINE enum ups_demux ups_demux(__u8 first, __u8 second)
{
	if (first >= 128 && first <= 191)
		return second >= 192 && second <= 223 ? UPS_DEMUX_RTCP : UPS_DEMUX_RTP;
	if (first <= 3)
		return UPS_DEMUX_STUN;
	if (first >= 20 && first <= 63)
		return UPS_DEMUX_DTLS;
	if ((first >= 16 && first <= 19) || (first >= 64 && first <= 79))
		return UPS_DEMUX_OTHER;
	return UPS_DEMUX_BAD;
}

/* Bytes of fixed header and CSRC list, from the first byte */
UPS_RTP_INLINE __u32 ups_rtp_csrc_end(__u8 first)
{
	return UPS_RTP_MIN + 4 * (__u32)(first & 0x0f);
}

/* Whether a header extension follows the CSRC list (4 bytes of profile and length, then length * 4 bytes) */
UPS_RTP_INLINE int ups_rtp_has_extension(__u8 first)
{
	return first >> 4 & 1;
}

#endif
