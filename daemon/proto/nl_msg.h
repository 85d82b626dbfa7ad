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

/* REGISTRATION_ADD, _DEL; and as REGISTRATION_GET reports it. expires 0 = never */
struct ups_nl_registration {
	char address[UPS_NL_ADDRESS_MAX + 1];
	struct ups_addr source;
	uint64_t expires;
};

/* POLICY_CHECK; the session description may hold keys */
struct ups_nl_check {
	uint32_t sdp_size;
	uint8_t sdp[UPS_NL_SDP_MAX];
	char from[UPS_NL_NAME_MAX + 1], to[UPS_NL_NAME_MAX + 1];
	char transport[UPS_NL_NAME_MAX + 1];
	uint8_t wish, from_signalling, to_signalling, authenticated;
	char address[UPS_NL_ADDRESS_MAX + 1];
	struct ups_addr source;
	char call[UPS_NL_ID_MAX + 1];
	char from_tag[UPS_NL_TAG_MAX + 1], to_tag[UPS_NL_TAG_MAX + 1];
	bool answer, want_sdp;
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
	uint8_t mechanism, decided_by, dtls_role, dtls_state;
	char rule[UPS_NL_RULE_MAX + 1];
	char reason[UPS_NL_TEXT_MAX + 1];
	bool compromised, ice, ipsec;
	struct ups_addr source_ip;
	uint32_t rx_count, tx_count, rx_old_count, rx_rtcp_count, tx_rtcp_count, flow_count;
	struct ups_nl_key_report rx[UPS_NL_RX_KEY_MAX];
	struct ups_nl_key_report tx[1], rx_old[1], rx_rtcp[1], tx_rtcp[1];
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
	bool negotiated, answered;
	char caller_tag[UPS_NL_TAG_MAX + 1], callee_tag[UPS_NL_TAG_MAX + 1];
	uint64_t last_signal;
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
	bool whole;
	uint16_t stream;
	uint8_t leg;
	char text[UPS_NL_TEXT_MAX + 1];
};

struct ups_nl_rule {
	char name[UPS_NL_RULE_MAX + 1];
	char text[UPS_NL_RULE_TEXT_MAX + 1];
};

struct ups_nl_verdict_leg {
	char iface[UPS_NL_NAME_MAX + 1];
	uint8_t mechanism, decided_by;
	char rule[UPS_NL_RULE_MAX + 1];
	char reason[UPS_NL_TEXT_MAX + 1];
	bool compromised;
};

struct ups_nl_verdict_stream {
	uint16_t index;
	char media[UPS_NL_MEDIA_MAX + 1];
	bool refused;
	uint32_t leg_count;
	struct ups_nl_verdict_leg leg[UPS_NL_LEG_MAX];
};

/* Either the verdict or a piece of the session description: see POLICY */
struct ups_nl_verdict {
	bool refused;
	char reason[511 + 1];
	char warning[UPS_NL_TEXT_MAX + 1];
	uint32_t stream_count;
	struct ups_nl_verdict_stream stream[UPS_NL_STREAM_MAX];
	uint32_t sdp_size;
	uint8_t sdp[UPS_NL_SDP_PIECE_MAX];
};

extern const struct ups_nl_object ups_nl_session_request_object, ups_nl_select_object,
	ups_nl_flow_select_object, ups_nl_empty_object, ups_nl_registration_add_object,
	ups_nl_registration_del_object, ups_nl_check_object;
extern const struct ups_nl_object ups_nl_session_object, ups_nl_flow_object, ups_nl_status_object,
	ups_nl_stats_object, ups_nl_event_object, ups_nl_hello_object, ups_nl_registration_object,
	ups_nl_rule_object, ups_nl_verdict_object;

/* Words of values, as the CLI takes and shows them; index = value, entries without a word are NULL. */
extern const char *const ups_nl_suite_words[UPS_SUITE_COUNT];
extern const char *const ups_nl_kind_words[3], *const ups_nl_mode_words[3];
extern const char *const ups_nl_source_words[3], *const ups_nl_choice_words[3];
extern const char *const ups_nl_lane_words[UPS_LANE_COUNT], *const ups_nl_fact_words[3];
extern const char *const ups_nl_event_words[13], *const ups_nl_mechanism_words[6];
extern const char *const ups_nl_decider_words[3], *const ups_nl_dtls_role_words[4];
extern const char *const ups_nl_dtls_state_words[3], *const ups_nl_wish_words[4];
extern const char *const ups_nl_signalling_words[4];
extern const char *const ups_nl_drop_words[UPS_DROP_MAX], *const ups_nl_pass_words[UPS_PASS_MAX];

/* -> the value of @word among @count words, or -1 */
int ups_nl_word_value(const char *const *words, unsigned int count, const char *word);

#endif
