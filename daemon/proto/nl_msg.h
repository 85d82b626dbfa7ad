/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The objects of the netlink protocol as plain structs, with the tables (proto/nl.h) that carry them. Members have the
 * meaning that include/uapi/upsec_nl.h gives the attribute of the same name. The request structs hold keys: their
 * owner wipes them. The report structs have no member that could hold one.
 */
#ifndef UPSEC_PROTO_NL_MSG_H
#define UPSEC_PROTO_NL_MSG_H

#include "base/secret.h"
#include "proto/nl.h"
#include "uapi/upsec_nl.h"
#include "upsec/abi.h"

/* ---- SESSION_ADD ---- */

struct ups_nl_key_request {
	uint8_t suite;
	struct ups_secret master;
	uint8_t mki_len;
	uint8_t mki[UPS_NL_MKI_MAX];
	bool rtcp_clear;
	uint64_t rtp_lifetime, rtcp_lifetime;
};

struct ups_nl_leg_request {
	char iface[UPS_NL_NAME_MAX + 1];
	uint8_t mode, source;
	bool rtcp_mux, no_rtcp;
	uint8_t tos;
	uint16_t port;
	struct ups_addr remote, remote_rtcp;
	uint32_t rx_count, tx_count;
	struct ups_nl_key_request rx[UPS_NL_RX_KEY_MAX];
	struct ups_nl_key_request tx[1];
};

struct ups_nl_stream_request {
	char media[UPS_NL_MEDIA_MAX + 1];
	uint8_t lane;
	uint16_t ssrc_limit;
	uint32_t leg_count;
	struct ups_nl_leg_request leg[UPS_NL_LEG_MAX];
};

struct ups_nl_session_request {
	char id[UPS_NL_ID_MAX + 1];
	uint32_t stream_count;
	struct ups_nl_stream_request stream[UPS_NL_STREAM_MAX];
};

/* SESSION_DEL, SESSION_GET, and the filter of FLOW_GET; empty = all */
struct ups_nl_select {
	char id[UPS_NL_ID_MAX + 1];
};

/* ---- reports ---- */

struct ups_nl_key_report {
	uint8_t suite;
	uint8_t mki_len;
	uint8_t mki[UPS_NL_MKI_MAX];
	bool rtcp_clear;
	uint64_t rtp_lifetime, rtcp_lifetime;
	uint64_t rtp_used, rtcp_used;
};

struct ups_nl_lane_stats {
	uint8_t lane;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

struct ups_nl_ssrc {
	uint32_t id;
	uint64_t rx_index, tx_index;
};

struct ups_nl_flow {
	char session[UPS_NL_ID_MAX + 1];
	uint16_t stream;
	char media[UPS_NL_MEDIA_MAX + 1];
	uint8_t leg;
	char iface[UPS_NL_NAME_MAX + 1];
	uint32_t slot;
	uint8_t lane;
	char reason[UPS_NL_TEXT_MAX + 1];
	uint32_t lane_stats_count;
	struct ups_nl_lane_stats lane_stats[UPS_LANE_COUNT];
	uint64_t drops[UPS_DROP_MAX];
	uint64_t last_rx;
	uint32_t ssrc_count;
	struct ups_nl_ssrc ssrc[UPS_NL_SSRC_MAX];
};

struct ups_nl_leg {
	char iface[UPS_NL_NAME_MAX + 1];
	uint8_t kind, mode, source;
	bool rtcp_mux, no_rtcp;
	uint8_t tos;
	struct ups_addr local, local_rtcp, advertised, advertised_rtcp, remote, remote_rtcp;
	bool learned, learned_rtcp;
	uint32_t rx_count, tx_count, flow_count;
	struct ups_nl_key_report rx[UPS_NL_RX_KEY_MAX];
	struct ups_nl_key_report tx[1];
	struct ups_nl_flow flow[1];
};

struct ups_nl_stream {
	uint16_t index;
	char media[UPS_NL_MEDIA_MAX + 1];
	uint8_t lane;
	uint16_t ssrc_limit;
	uint32_t leg_count;
	struct ups_nl_leg leg[UPS_NL_LEG_MAX];
};

/* One message of a session: see DUMPS AND SPLITTING. A client joins them. */
struct ups_nl_session {
	char id[UPS_NL_ID_MAX + 1];
	uint32_t stream_total;
	uint64_t created;
	uint8_t all_hops, end_to_end, compromised;
	uint32_t stream_count;
	struct ups_nl_stream stream[1];
};

struct ups_nl_device {
	char name[UPS_NL_NAME_MAX + 1];
	char xdp_mode[16];
	bool dispatcher;
	char reason[UPS_NL_TEXT_MAX + 1];
};

struct ups_nl_status {
	char version[32];
	uint32_t pid, abi;
	uint64_t uptime;
	uint32_t sessions;
	char crypto[64];
	uint32_t workers;
	bool xdp, xdp_crypto;
	char xdp_reason[UPS_NL_TEXT_MAX + 1];
	uint32_t device_count;
	struct ups_nl_device device[UPS_NL_DEVICE_MAX];
};

struct ups_nl_hello {
	char version[32];
	uint32_t pid;
};

struct ups_nl_stats {
	uint32_t sessions;
	uint64_t xdp_tx, xdp_xsk;
	uint64_t xdp_drops[UPS_DROP_MAX];
	uint64_t xdp_passes[UPS_PASS_MAX];
	uint64_t udp_drops[UPS_DROP_MAX];
};

struct ups_nl_event {
	uint8_t type;
	uint64_t time;
	char session[UPS_NL_ID_MAX + 1];
	uint16_t stream;
	uint8_t leg;
	char text[UPS_NL_TEXT_MAX + 1];
};

extern const struct ups_nl_object ups_nl_session_request_object, ups_nl_select_object,
	ups_nl_flow_select_object, ups_nl_empty_object;
extern const struct ups_nl_object ups_nl_session_object, ups_nl_flow_object, ups_nl_status_object,
	ups_nl_stats_object, ups_nl_event_object, ups_nl_hello_object;

/* Words of values, as the CLI takes and shows them; index = value, entries without a word are NULL. */
extern const char *const ups_nl_suite_words[UPS_SUITE_COUNT];
extern const char *const ups_nl_kind_words[3],
	*const ups_nl_mode_words[3], *const ups_nl_source_words[3],
					     *const ups_nl_choice_words[3],
						     *const ups_nl_lane_words[UPS_LANE_COUNT],
							     *const ups_nl_fact_words[3],
								     *const ups_nl_event_words[8];
extern const char *const ups_nl_drop_words[UPS_DROP_MAX], *const ups_nl_pass_words[UPS_PASS_MAX];

/* -> the value of @word among @count words, or -1 */
int ups_nl_word_value(const char *const *words, unsigned int count, const char *word);

#endif
