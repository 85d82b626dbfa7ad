// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * RTP and RTCP headers from anybody: what the checks accept must really lie inside the packet, counted here once more in
 * another way; what they refuse must have a reason.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dp/police.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* The end of the headers, or more than @size */
static size_t rtp_end(const uint8_t *p, size_t size)
{
	size_t end = 12 + 4 * (size_t)(p[0] & 15);

	if (!(p[0] & 16))
		return end;
	return end + 4 > size ? size + 1 : end + 4 + 4 * (size_t)get16(p + end + 2);
}

static int rtcp_whole(const uint8_t *p, size_t size)
{
	size_t at = 0;

	while (at < size) {
		if (size - at < 4 || p[at] >> 6 != 2)
			return 0;
		at += 4 + 4 * (size_t)get16(p + at + 2);
	}
	return at == size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t rtp = ups_police_rtp(data, size), rtcp = ups_police_rtcp(data, size);

	if ((size < UPS_RTP_MIN) != (rtp == UPS_DROP_SHORT) ||
	    (size < UPS_RTCP_MIN) != (rtcp == UPS_DROP_SHORT))
		abort();
	if (size >= UPS_RTP_MIN && (rtp_end(data, size) <= size) != !rtp)
		abort();
	if (size >= UPS_RTCP_MIN && rtcp_whole(data, size) != !rtcp)
		abort();
	if (!rtp)
		(void)ups_police_ssrc(data, false);
	if (!rtcp)
		(void)ups_police_ssrc(data, true);
	if (!size && ups_police_class(data, size) != UPS_DEMUX_BAD)
		abort();
	return 0;
}
