/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the data plane reports and the control surfaces show: plain data, filled by the data plane, read by the netlink
 * listener and the metrics. Lives in core because those two never include each other. Control thread only.
 */
#ifndef UPSEC_CORE_REPORT_H
#define UPSEC_CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "upsec/abi.h"

struct ups_flow_info {
	enum ups_lane lane; /* who serves RTP of this flow now */
	const char *reason; /* why that one; static text */
	struct ups_stats stats; /* a copy */
	uint32_t ssrc[UPS_SSRC_MAX]; /* SSRCs seen */
	uint64_t rx_index[UPS_SSRC_MAX],
		tx_index[UPS_SSRC_MAX]; /* highest SRTP index + 1, 0 = none */
	unsigned int ssrc_count;
};

struct ups_dp_iface_info {
	const char *device;
	const char *xdp_mode; /* "native", "generic", "off" */
	bool dispatcher; /* attached through libxdp's dispatcher beside other programs */
	const char *reason; /* when off or generic: why */
};

struct ups_dp_info {
	const char *crypto; /* backend name */
	unsigned int workers;
	bool xdp_loaded, xdp_crypto; /* kernel lane present; with bpf_crypto */
	const char *xdp_reason; /* why not, or what it found */
	unsigned int device_count;
	struct ups_dp_iface_info device[16];
	struct ups_counters kernel; /* summed over CPUs */
	uint64_t udp_drop[UPS_DROP_MAX]; /* packets the udp lane dropped */
};

#endif
