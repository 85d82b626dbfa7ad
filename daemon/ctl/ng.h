/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listener of the ng control protocol (rtpengine's), so that the rtpengine modules of Kamailio and OpenSIPS drive the daemon unchanged:
 * UDP and TCP on the same address, bencode and JSON, one reply for each cookie.
 *
 *	datagram   COOKIE SP DICT; the reply COOKIE SP DICT in the same encoding, from the address that was addressed
 *	stream     the same, back to back (bencode); one connection may have several requests under way, answered in order
 *	cookie     the reply to (source, cookie) is kept for 30 to 60 s and sent again byte for byte; a command never runs twice
 *
 * Who may speak: sources in @allow only; others are ignored (UDP) or closed (TCP), counted and logged at a limited rate. Keys and SDP are
 * never logged. Control thread only; nothing here blocks.
 */
#ifndef UPSEC_CTL_NG_H
#define UPSEC_CTL_NG_H

#include <systemd/sd-event.h>

#include "ctl/ctl.h"

#define UPS_NG_ALLOW_MAX 16
#define UPS_NG_LISTEN_MAX 4

struct ups_ng_source {
	struct ups_addr network; /* port 0 */
	uint8_t bits; /* prefix length on the 16-byte form: IPv4 /24 is 120 */
	enum ups_assurance
		signalling; /* how well SDP travels to us this way, for requests that say nothing */
};

struct ups_ng_config {
	unsigned int listen_count;
	struct ups_addr listen[UPS_NG_LISTEN_MAX]; /* with port; UDP and TCP each */
	unsigned int allow_count; /* first match counts */
	struct ups_ng_source allow[UPS_NG_ALLOW_MAX];
	unsigned int connections; /* TCP, at most; 0 = 64 */
};

struct ups_ng_server;

/* @ops outlives the server. -errno with the address in @msg. */
int ups_ng_server_create(sd_event *loop, const struct ups_ctl_ops *ops,
			 const struct ups_ng_config *config, struct ups_ng_server **out,
			 struct ups_errmsg *msg) __must_check;
void ups_ng_server_destroy(struct ups_ng_server *server);
/* Another list of sources, from a reload. */
void ups_ng_server_allow(struct ups_ng_server *server, const struct ups_ng_source *allow,
			 unsigned int count);

struct ups_ng_stats {
	uint64_t requests[16]; /* by enum ups_ng_command */
	uint64_t errors, repeated, refused_sources, malformed;
};
void ups_ng_server_stats(const struct ups_ng_server *server, struct ups_ng_stats *out);

#endif
