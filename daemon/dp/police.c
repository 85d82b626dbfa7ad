// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Header checks of RTP and RTCP. Worker threads; pure functions. */
#include "dp/police.h"

#include "base/cur.h"

#define RTP_SSRC_AT 8
#define RTCP_SSRC_AT 4

enum ups_demux ups_police_class(const uint8_t *p, size_t size)
{
	if (!size)
		return UPS_DEMUX_BAD;
	return ups_demux(p[0], size > 1 ? p[1] : 0);
}

uint8_t ups_police_rtp(const uint8_t *p, size_t size)
{
	struct ups_cur c = ups_cur_init(p, size);

	if (size < UPS_RTP_MIN)
		return UPS_DROP_SHORT;
	ups_cur_bytes(&c, ups_rtp_csrc_end(p[0]));
	if (ups_rtp_has_extension(p[0])) {
		ups_cur_be16(&c); /* profile */
		ups_cur_bytes(&c, 4 * (size_t)ups_cur_be16(&c));
	}
	return ups_cur_ok(&c) ? 0 : UPS_DROP_MALFORMED;
}

uint8_t ups_police_rtcp(const uint8_t *p, size_t size)
{
	struct ups_cur c = ups_cur_init(p, size);

	if (size < UPS_RTCP_MIN)
		return UPS_DROP_SHORT;
	while (ups_cur_left(&c)) {
		uint8_t first = ups_cur_u8(&c);

		ups_cur_u8(&c); /* packet type: any, also in reduced-size compounds (RFC 5506) */
		ups_cur_bytes(&c, 4 * (size_t)ups_cur_be16(&c));
		if (!ups_cur_ok(&c) || first >> 6 != 2)
			return UPS_DROP_MALFORMED;
	}
	return 0;
}

uint32_t ups_police_ssrc(const uint8_t *p, bool rtcp)
{
	struct ups_cur c = ups_cur_init(p + (rtcp ? RTCP_SSRC_AT : RTP_SSRC_AT), sizeof(uint32_t));

	return ups_cur_be32(&c);
}
