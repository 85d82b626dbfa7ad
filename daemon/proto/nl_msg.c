// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of the netlink objects: see nl_msg.h for the structs, uapi/upsec_nl.h for the meaning. */
#include "proto/nl_msg.h"

#include <string.h>

#include "upsec/drop.h"
#include "upsec/suite.h"

/* ---- words ---- */

#define UPS_X_WORD(n, NAME, sdes, ...) [n] = sdes,
const char *const ups_nl_suite_words[UPS_SUITE_COUNT] = { [0] = "none", UPS_SUITES(UPS_X_WORD) };
#undef UPS_X_WORD
#define UPS_X_WORD(n, NAME, wire, text) [n] = wire,
const char *const ups_nl_drop_words[UPS_DROP_MAX] = { UPS_DROPS(UPS_X_WORD) };
const char *const ups_nl_pass_words[UPS_PASS_MAX] = { UPS_PASSES(UPS_X_WORD) };
#undef UPS_X_WORD
const char *const ups_nl_kind_words[3] = { "conv", "nni", "iwf" };
const char *const ups_nl_mode_words[3] = { "clear", "srtp", "opaque" };
const char *const ups_nl_source_words[3] = { "default", "strict", "latch" };
const char *const ups_nl_choice_words[3] = { "auto", "udp", "xdp" };
const char *const ups_nl_lane_words[UPS_LANE_COUNT] = { "udp", "xdp", "xsk" };
const char *const ups_nl_fact_words[3] = { "unknown", "no", "yes" };
const char *const ups_nl_event_words[13] = {
	[UPS_NL_EVENT_TYPE_SESSION_ADD] = "session-add",
	[UPS_NL_EVENT_TYPE_SESSION_DEL] = "session-del",
	[UPS_NL_EVENT_TYPE_SOURCE_LEARNED] = "source-learned",
	[UPS_NL_EVENT_TYPE_KEY_EXPIRING] = "key-expiring",
	[UPS_NL_EVENT_TYPE_KEY_EXPIRED] = "key-expired",
	[UPS_NL_EVENT_TYPE_AUTH_FAILURES] = "auth-failures",
	[UPS_NL_EVENT_TYPE_LANE] = "lane",
	[UPS_NL_EVENT_TYPE_SESSION_CHANGE] = "session-change",
	[UPS_NL_EVENT_TYPE_REFUSED] = "refused",
	[UPS_NL_EVENT_TYPE_REGISTRATION] = "registration",
	[UPS_NL_EVENT_TYPE_HANDSHAKE] = "handshake",
	[UPS_NL_EVENT_TYPE_COMPROMISED] = "compromised",
};
const char *const ups_nl_mechanism_words[6] = {
	"clear", "sdes", "dtls", "opaque", "ipsec", "manual"
};
const char *const ups_nl_decider_words[3] = { "provider", "user", "peer" };
const char *const ups_nl_dtls_role_words[4] = { "none", "undecided", "active", "passive" };
const char *const ups_nl_dtls_state_words[3] = { "none", "waiting", "up" };
const char *const ups_nl_wish_words[4] = { "unsaid", "none", "preferred", "required" };
const char *const ups_nl_signalling_words[4] = { "unsaid", "none", "integrity", "encrypted" };

int ups_nl_word_value(const char *const *words, unsigned int count, const char *word)
{
	for (unsigned int i = 0; i < count; i++) {
		if (words[i] && !strcmp(words[i], word))
			return (int)i;
	}
	return -1;
}

/* ---- rows ---- */

#define ROW(attr_, type_, flags_, st, member, name_, ...) \
	{ .attr = UPS_NL_##attr_,                         \
	  .type = UPS_NL_##type_,                         \
	  .flags = flags_,                                \
	  .offset = offsetof(struct st, member),          \
	  .name = name_,                                  \
	  __VA_ARGS__ }
#define TEXT(attr_, flags_, st, member, name_) \
	ROW(attr_, STRING, flags_, st, member, name_, .max = sizeof(((struct st *)0)->member) - 1)
#define WORD(attr_, flags_, st, member, name_, words_) \
	ROW(attr_, U8, flags_, st, member, name_, .max = UPS_COUNT(words_) - 1, .words = words_)
#define COUNTS(attr_, st, member, name_, words_) \
	ROW(attr_, COUNTS, 0, st, member, name_, .max = UPS_COUNT(words_), .words = words_)
#define NEST(attr_, flags_, st, member, count_, name_, object_)                                 \
	ROW(attr_, NEST, flags_, st, member, name_, .max = UPS_COUNT(((struct st *)0)->member), \
	    .count = offsetof(struct st, count_), .object = &(object_))
#define OBJECT_INIT(rows, st, name_) \
	{ .name = name_, .size = sizeof(struct st), .row = rows, .row_count = UPS_COUNT(rows) }
#define UPS_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REQ UPS_NL_REQUIRED

/* ---- requests ---- */

static const struct ups_nl_row key_request_rows[] = {
	ROW(KEY_SUITE, U8, REQ, ups_nl_key_request, suite, "suite", .max = UPS_SUITE_COUNT - 1,
	    .words = ups_nl_suite_words),
	ROW(KEY_MASTER, SECRET, REQ, ups_nl_key_request, master, "master", .max = UPS_SECRET_MAX),
	ROW(KEY_MKI, BYTES, 0, ups_nl_key_request, mki, "mki", .max = UPS_NL_MKI_MAX,
	    .count = offsetof(struct ups_nl_key_request, mki_len)),
	ROW(KEY_RTCP_CLEAR, FLAG, 0, ups_nl_key_request, rtcp_clear, "rtcp_clear"),
	ROW(KEY_RTP_LIFETIME, U64, 0, ups_nl_key_request, rtp_lifetime, "rtp_lifetime"),
	ROW(KEY_RTCP_LIFETIME, U64, 0, ups_nl_key_request, rtcp_lifetime, "rtcp_lifetime"),
};
static const struct ups_nl_object key_request_object =
	OBJECT_INIT(key_request_rows, ups_nl_key_request, "key");

static const struct ups_nl_row leg_request_rows[] = {
	TEXT(LEG_IFACE, REQ | UPS_NL_FILLED, ups_nl_leg_request, iface, "interface"),
	WORD(LEG_MODE, REQ, ups_nl_leg_request, mode, "mode", ups_nl_mode_words),
	WORD(LEG_SOURCE, 0, ups_nl_leg_request, source, "source", ups_nl_source_words),
	ROW(LEG_RTCP_MUX, FLAG, 0, ups_nl_leg_request, rtcp_mux, "rtcp_mux"),
	ROW(LEG_NO_RTCP, FLAG, 0, ups_nl_leg_request, no_rtcp, "no_rtcp"),
	ROW(LEG_TOS, U8, 0, ups_nl_leg_request, tos, "tos"),
	ROW(LEG_PORT, U16, 0, ups_nl_leg_request, port, "port"),
	ROW(LEG_REMOTE, ADDR, REQ | UPS_NL_FILLED, ups_nl_leg_request, remote, "remote"),
	ROW(LEG_REMOTE_RTCP, ADDR, 0, ups_nl_leg_request, remote_rtcp, "remote_rtcp"),
	NEST(LEG_RX_KEY, UPS_NL_LIST, ups_nl_leg_request, rx, rx_count, "rx_keys",
	     key_request_object),
	NEST(LEG_TX_KEY, 0, ups_nl_leg_request, tx, tx_count, "tx_key", key_request_object),
};
static const struct ups_nl_object leg_request_object =
	OBJECT_INIT(leg_request_rows, ups_nl_leg_request, "leg");

static const struct ups_nl_row stream_request_rows[] = {
	TEXT(STREAM_MEDIA, REQ | UPS_NL_FILLED, ups_nl_stream_request, media, "media"),
	WORD(STREAM_LANE, 0, ups_nl_stream_request, lane, "lane", ups_nl_choice_words),
	ROW(STREAM_SSRC_LIMIT, U16, 0, ups_nl_stream_request, ssrc_limit, "ssrc_limit",
	    .max = UPS_NL_SSRC_MAX),
	NEST(STREAM_LEG, REQ | UPS_NL_LIST | UPS_NL_FILLED, ups_nl_stream_request, leg, leg_count,
	     "legs", leg_request_object),
};
static const struct ups_nl_object stream_request_object =
	OBJECT_INIT(stream_request_rows, ups_nl_stream_request, "stream");

static const struct ups_nl_row session_request_rows[] = {
	TEXT(SESSION_ID, REQ | UPS_NL_FILLED, ups_nl_session_request, id, "id"),
	NEST(SESSION_STREAM, REQ | UPS_NL_LIST, ups_nl_session_request, stream, stream_count,
	     "streams", stream_request_object),
};
const struct ups_nl_object ups_nl_session_request_object =
	OBJECT_INIT(session_request_rows, ups_nl_session_request, "session");

static const struct ups_nl_row select_rows[] = {
	TEXT(SESSION_ID, 0, ups_nl_select, id, "id"),
};
const struct ups_nl_object ups_nl_select_object =
	OBJECT_INIT(select_rows, ups_nl_select, "request");

static const struct ups_nl_row flow_select_rows[] = {
	TEXT(FLOW_SESSION, 0, ups_nl_select, id, "session"),
};
const struct ups_nl_object ups_nl_flow_select_object =
	OBJECT_INIT(flow_select_rows, ups_nl_select, "request");

const struct ups_nl_object ups_nl_empty_object = { .name = "request" };

/* The same struct three times: what must be there differs. */
#define REGISTRATION_ADDRESS \
	TEXT(REGISTRATION_ADDRESS, REQ | UPS_NL_FILLED, ups_nl_registration, address, "address")
#define REGISTRATION_SOURCE(flags_) \
	ROW(REGISTRATION_SOURCE, IP, flags_, ups_nl_registration, source, "source")
#define REGISTRATION_EXPIRES \
	ROW(REGISTRATION_EXPIRES, U64, 0, ups_nl_registration, expires, "expires_s")
static const struct ups_nl_row registration_add_rows[] = {
	REGISTRATION_ADDRESS,
	REGISTRATION_SOURCE(REQ | UPS_NL_FILLED),
	REGISTRATION_EXPIRES,
};
const struct ups_nl_object ups_nl_registration_add_object =
	OBJECT_INIT(registration_add_rows, ups_nl_registration, "registration");

static const struct ups_nl_row registration_del_rows[] = {
	REGISTRATION_ADDRESS,
	REGISTRATION_SOURCE(UPS_NL_FILLED),
};
const struct ups_nl_object ups_nl_registration_del_object =
	OBJECT_INIT(registration_del_rows, ups_nl_registration, "registration");

static const struct ups_nl_row check_rows[] = {
	ROW(CHECK_SDP, BLOB, REQ, ups_nl_check, sdp, "sdp", .max = UPS_NL_SDP_MAX,
	    .count = offsetof(struct ups_nl_check, sdp_size)),
	TEXT(CHECK_FROM, REQ | UPS_NL_FILLED, ups_nl_check, from, "from"),
	TEXT(CHECK_TO, REQ | UPS_NL_FILLED, ups_nl_check, to, "to"),
	TEXT(CHECK_TRANSPORT, UPS_NL_FILLED, ups_nl_check, transport, "transport"),
	WORD(CHECK_WISH, 0, ups_nl_check, wish, "user_protection", ups_nl_wish_words),
	WORD(CHECK_FROM_SIGNALLING, 0, ups_nl_check, from_signalling, "from_signalling",
	     ups_nl_signalling_words),
	WORD(CHECK_TO_SIGNALLING, 0, ups_nl_check, to_signalling, "to_signalling",
	     ups_nl_signalling_words),
	TEXT(CHECK_ADDRESS, UPS_NL_FILLED, ups_nl_check, address, "cpm_address"),
	ROW(CHECK_SOURCE, IP, UPS_NL_FILLED, ups_nl_check, source, "registered_source"),
	WORD(CHECK_AUTHENTICATED, 0, ups_nl_check, authenticated, "authenticated",
	     ups_nl_fact_words),
	TEXT(CHECK_CALL, UPS_NL_FILLED, ups_nl_check, call, "call_id"),
	TEXT(CHECK_FROM_TAG, UPS_NL_FILLED, ups_nl_check, from_tag, "from_tag"),
	TEXT(CHECK_TO_TAG, UPS_NL_FILLED, ups_nl_check, to_tag, "to_tag"),
	ROW(CHECK_ANSWER, FLAG, 0, ups_nl_check, answer, "answer"),
	ROW(CHECK_WANT_SDP, FLAG, 0, ups_nl_check, want_sdp, "want_sdp"),
};
const struct ups_nl_object ups_nl_check_object = OBJECT_INIT(check_rows, ups_nl_check, "check");

/* ---- reports ---- */

static const struct ups_nl_row key_report_rows[] = {
	ROW(KEY_SUITE, U8, REQ, ups_nl_key_report, suite, "suite", .max = UPS_SUITE_COUNT - 1,
	    .words = ups_nl_suite_words),
	ROW(KEY_MKI, BYTES, 0, ups_nl_key_report, mki, "mki", .max = UPS_NL_MKI_MAX,
	    .count = offsetof(struct ups_nl_key_report, mki_len)),
	ROW(KEY_RTCP_CLEAR, FLAG, 0, ups_nl_key_report, rtcp_clear, "rtcp_clear"),
	ROW(KEY_RTP_LIFETIME, U64, 0, ups_nl_key_report, rtp_lifetime, "rtp_lifetime"),
	ROW(KEY_RTCP_LIFETIME, U64, 0, ups_nl_key_report, rtcp_lifetime, "rtcp_lifetime"),
	ROW(KEY_RTP_USED, U64, REQ, ups_nl_key_report, rtp_used, "rtp_used"),
	ROW(KEY_RTCP_USED, U64, REQ, ups_nl_key_report, rtcp_used, "rtcp_used"),
};
static const struct ups_nl_object key_report_object =
	OBJECT_INIT(key_report_rows, ups_nl_key_report, "key");

static const struct ups_nl_row lane_stats_rows[] = {
	WORD(LANE_STATS_LANE, REQ, ups_nl_lane_stats, lane, "lane", ups_nl_lane_words),
	ROW(LANE_STATS_RX_PACKETS, U64, REQ, ups_nl_lane_stats, rx_packets, "rx_packets"),
	ROW(LANE_STATS_RX_BYTES, U64, REQ, ups_nl_lane_stats, rx_bytes, "rx_bytes"),
	ROW(LANE_STATS_TX_PACKETS, U64, REQ, ups_nl_lane_stats, tx_packets, "tx_packets"),
	ROW(LANE_STATS_TX_BYTES, U64, REQ, ups_nl_lane_stats, tx_bytes, "tx_bytes"),
};
static const struct ups_nl_object lane_stats_object =
	OBJECT_INIT(lane_stats_rows, ups_nl_lane_stats, "lane statistics");

static const struct ups_nl_row ssrc_rows[] = {
	ROW(SSRC_ID, U32, REQ, ups_nl_ssrc, id, "ssrc"),
	ROW(SSRC_RX_INDEX, U64, REQ, ups_nl_ssrc, rx_index, "rx_index"),
	ROW(SSRC_TX_INDEX, U64, REQ, ups_nl_ssrc, tx_index, "tx_index"),
};
static const struct ups_nl_object ssrc_object = OBJECT_INIT(ssrc_rows, ups_nl_ssrc, "ssrc");

static const struct ups_nl_row flow_rows[] = {
	TEXT(FLOW_SESSION, 0, ups_nl_flow, session, "session"),
	ROW(FLOW_STREAM, U16, REQ, ups_nl_flow, stream, "stream"),
	TEXT(FLOW_MEDIA, 0, ups_nl_flow, media, "media"),
	ROW(FLOW_LEG, U8, REQ, ups_nl_flow, leg, "leg", .max = UPS_NL_LEG_MAX - 1),
	TEXT(FLOW_IFACE, 0, ups_nl_flow, iface, "interface"),
	ROW(FLOW_SLOT, U32, REQ, ups_nl_flow, slot, "slot"),
	WORD(FLOW_LANE, REQ, ups_nl_flow, lane, "lane", ups_nl_lane_words),
	TEXT(FLOW_REASON, 0, ups_nl_flow, reason, "reason"),
	NEST(FLOW_LANE_STATS, UPS_NL_LIST, ups_nl_flow, lane_stats, lane_stats_count, "lanes",
	     lane_stats_object),
	COUNTS(FLOW_DROPS, ups_nl_flow, drops, "drops", ups_nl_drop_words),
	ROW(FLOW_LAST_RX, U64, 0, ups_nl_flow, last_rx, "last_rx_ns"),
	NEST(FLOW_SSRC, UPS_NL_LIST, ups_nl_flow, ssrc, ssrc_count, "ssrcs", ssrc_object),
};
const struct ups_nl_object ups_nl_flow_object = OBJECT_INIT(flow_rows, ups_nl_flow, "flow");

/* Inside a leg it needs no name: the rows after the first five, which say where it belongs. */
#define FLOW_PLACE_ROWS 5
static const struct ups_nl_object leg_flow_object = {
	.name = "flow",
	.size = sizeof(struct ups_nl_flow),
	.row = flow_rows + FLOW_PLACE_ROWS,
	.row_count = UPS_COUNT(flow_rows) - FLOW_PLACE_ROWS,
};

static const struct ups_nl_row leg_rows[] = {
	TEXT(LEG_IFACE, REQ, ups_nl_leg, iface, "interface"),
	WORD(LEG_KIND, REQ, ups_nl_leg, kind, "kind", ups_nl_kind_words),
	WORD(LEG_MODE, REQ, ups_nl_leg, mode, "mode", ups_nl_mode_words),
	WORD(LEG_SOURCE, REQ, ups_nl_leg, source, "source", ups_nl_source_words),
	ROW(LEG_RTCP_MUX, FLAG, 0, ups_nl_leg, rtcp_mux, "rtcp_mux"),
	ROW(LEG_NO_RTCP, FLAG, 0, ups_nl_leg, no_rtcp, "no_rtcp"),
	ROW(LEG_TOS, U8, REQ, ups_nl_leg, tos, "tos"),
	ROW(LEG_LOCAL, ADDR, REQ, ups_nl_leg, local, "local"),
	ROW(LEG_LOCAL_RTCP, ADDR, 0, ups_nl_leg, local_rtcp, "local_rtcp"),
	ROW(LEG_ADVERTISED, ADDR, REQ, ups_nl_leg, advertised, "advertised"),
	ROW(LEG_ADVERTISED_RTCP, ADDR, 0, ups_nl_leg, advertised_rtcp, "advertised_rtcp"),
	ROW(LEG_REMOTE, ADDR, REQ, ups_nl_leg, remote, "remote"),
	ROW(LEG_REMOTE_RTCP, ADDR, 0, ups_nl_leg, remote_rtcp, "remote_rtcp"),
	ROW(LEG_LEARNED, FLAG, 0, ups_nl_leg, learned, "learned"),
	ROW(LEG_LEARNED_RTCP, FLAG, 0, ups_nl_leg, learned_rtcp, "learned_rtcp"),
	NEST(LEG_RX_KEY, UPS_NL_LIST, ups_nl_leg, rx, rx_count, "rx_keys", key_report_object),
	NEST(LEG_TX_KEY, 0, ups_nl_leg, tx, tx_count, "tx_key", key_report_object),
	NEST(LEG_FLOW, 0, ups_nl_leg, flow, flow_count, "flow", leg_flow_object),
	WORD(LEG_MECHANISM, 0, ups_nl_leg, mechanism, "mechanism", ups_nl_mechanism_words),
	WORD(LEG_DECIDED_BY, 0, ups_nl_leg, decided_by, "decided_by", ups_nl_decider_words),
	TEXT(LEG_RULE, 0, ups_nl_leg, rule, "rule"),
	TEXT(LEG_REASON, 0, ups_nl_leg, reason, "reason"),
	ROW(LEG_COMPROMISED, FLAG, 0, ups_nl_leg, compromised, "integrity_compromised"),
	WORD(LEG_DTLS_ROLE, 0, ups_nl_leg, dtls_role, "dtls_role", ups_nl_dtls_role_words),
	WORD(LEG_DTLS_STATE, 0, ups_nl_leg, dtls_state, "dtls", ups_nl_dtls_state_words),
	ROW(LEG_ICE, FLAG, 0, ups_nl_leg, ice, "ice"),
	ROW(LEG_SOURCE_IP, IP, 0, ups_nl_leg, source_ip, "source_ip"),
	ROW(LEG_IPSEC, FLAG, 0, ups_nl_leg, ipsec, "ipsec"),
	NEST(LEG_RX_OLD_KEY, 0, ups_nl_leg, rx_old, rx_old_count, "rx_old_key", key_report_object),
	NEST(LEG_RX_RTCP_KEY, 0, ups_nl_leg, rx_rtcp, rx_rtcp_count, "rx_rtcp_key",
	     key_report_object),
	NEST(LEG_TX_RTCP_KEY, 0, ups_nl_leg, tx_rtcp, tx_rtcp_count, "tx_rtcp_key",
	     key_report_object),
};
static const struct ups_nl_object leg_object = OBJECT_INIT(leg_rows, ups_nl_leg, "leg");

static const struct ups_nl_row stream_rows[] = {
	ROW(STREAM_INDEX, U16, REQ, ups_nl_stream, index, "index"),
	TEXT(STREAM_MEDIA, REQ, ups_nl_stream, media, "media"),
	WORD(STREAM_LANE, REQ, ups_nl_stream, lane, "lane", ups_nl_choice_words),
	ROW(STREAM_SSRC_LIMIT, U16, REQ, ups_nl_stream, ssrc_limit, "ssrc_limit"),
	NEST(STREAM_LEG, REQ | UPS_NL_LIST, ups_nl_stream, leg, leg_count, "legs", leg_object),
};
static const struct ups_nl_object stream_object = OBJECT_INIT(stream_rows, ups_nl_stream, "stream");

static const struct ups_nl_row session_rows[] = {
	TEXT(SESSION_ID, REQ, ups_nl_session, id, "id"),
	ROW(SESSION_STREAM_TOTAL, U32, 0, ups_nl_session, stream_total, "stream_total"),
	ROW(SESSION_CREATED, U64, REQ, ups_nl_session, created, "created"),
	WORD(SESSION_ALL_HOPS, REQ, ups_nl_session, all_hops, "all_hops_protected",
	     ups_nl_fact_words),
	WORD(SESSION_END_TO_END, REQ, ups_nl_session, end_to_end, "end_to_end", ups_nl_fact_words),
	WORD(SESSION_COMPROMISED, REQ, ups_nl_session, compromised, "integrity_compromised",
	     ups_nl_fact_words),
	ROW(SESSION_NEGOTIATED, FLAG, 0, ups_nl_session, negotiated, "negotiated"),
	ROW(SESSION_ANSWERED, FLAG, 0, ups_nl_session, answered, "answered"),
	TEXT(SESSION_CALLER_TAG, 0, ups_nl_session, caller_tag, "caller_tag"),
	TEXT(SESSION_CALLEE_TAG, 0, ups_nl_session, callee_tag, "callee_tag"),
	ROW(SESSION_LAST_SIGNAL, U64, 0, ups_nl_session, last_signal, "last_signal"),
	NEST(SESSION_STREAM, UPS_NL_LIST, ups_nl_session, stream, stream_count, "streams",
	     stream_object),
};
const struct ups_nl_object ups_nl_session_object =
	OBJECT_INIT(session_rows, ups_nl_session, "session");

static const struct ups_nl_row device_rows[] = {
	TEXT(DEVICE_NAME, REQ, ups_nl_device, name, "name"),
	TEXT(DEVICE_XDP_MODE, REQ, ups_nl_device, xdp_mode, "xdp_mode"),
	ROW(DEVICE_DISPATCHER, FLAG, 0, ups_nl_device, dispatcher, "dispatcher"),
	TEXT(DEVICE_REASON, 0, ups_nl_device, reason, "reason"),
};
static const struct ups_nl_object device_object = OBJECT_INIT(device_rows, ups_nl_device, "device");

static const struct ups_nl_row status_rows[] = {
	TEXT(STATUS_VERSION, REQ, ups_nl_status, version, "version"),
	ROW(STATUS_PID, U32, REQ, ups_nl_status, pid, "pid"),
	ROW(STATUS_ABI, U32, REQ, ups_nl_status, abi, "abi"),
	ROW(STATUS_UPTIME, U64, REQ, ups_nl_status, uptime, "uptime"),
	ROW(STATUS_SESSIONS, U32, REQ, ups_nl_status, sessions, "sessions"),
	TEXT(STATUS_CRYPTO, 0, ups_nl_status, crypto, "crypto"),
	ROW(STATUS_WORKERS, U32, REQ, ups_nl_status, workers, "workers"),
	ROW(STATUS_XDP, FLAG, 0, ups_nl_status, xdp, "xdp"),
	ROW(STATUS_XDP_CRYPTO, FLAG, 0, ups_nl_status, xdp_crypto, "xdp_crypto"),
	TEXT(STATUS_XDP_REASON, 0, ups_nl_status, xdp_reason, "xdp_reason"),
	NEST(STATUS_DEVICE, UPS_NL_LIST, ups_nl_status, device, device_count, "devices",
	     device_object),
};
const struct ups_nl_object ups_nl_status_object = OBJECT_INIT(status_rows, ups_nl_status, "status");

static const struct ups_nl_row hello_rows[] = {
	TEXT(STATUS_VERSION, REQ, ups_nl_hello, version, "version"),
	ROW(STATUS_PID, U32, REQ, ups_nl_hello, pid, "pid"),
};
const struct ups_nl_object ups_nl_hello_object = OBJECT_INIT(hello_rows, ups_nl_hello, "hello");

static const struct ups_nl_row stats_rows[] = {
	ROW(STATS_SESSIONS, U32, REQ, ups_nl_stats, sessions, "sessions"),
	ROW(STATS_XDP_TX, U64, REQ, ups_nl_stats, xdp_tx, "xdp_tx"),
	ROW(STATS_XDP_XSK, U64, REQ, ups_nl_stats, xdp_xsk, "xdp_xsk"),
	COUNTS(STATS_XDP_DROPS, ups_nl_stats, xdp_drops, "xdp_drops", ups_nl_drop_words),
	COUNTS(STATS_XDP_PASSES, ups_nl_stats, xdp_passes, "xdp_passes", ups_nl_pass_words),
	COUNTS(STATS_UDP_DROPS, ups_nl_stats, udp_drops, "udp_drops", ups_nl_drop_words),
};
const struct ups_nl_object ups_nl_stats_object = OBJECT_INIT(stats_rows, ups_nl_stats, "stats");

static const struct ups_nl_row event_rows[] = {
	WORD(EVENT_TYPE, REQ, ups_nl_event, type, "event", ups_nl_event_words),
	ROW(EVENT_TIME, U64, REQ, ups_nl_event, time, "time_ms"),
	TEXT(EVENT_SESSION, 0, ups_nl_event, session, "session"),
	ROW(EVENT_STREAM, U16, REQ, ups_nl_event, stream, "stream"),
	ROW(EVENT_LEG, U8, REQ, ups_nl_event, leg, "leg", .max = UPS_NL_LEG_MAX - 1),
	TEXT(EVENT_TEXT, 0, ups_nl_event, text, "text"),
	ROW(EVENT_WHOLE, FLAG, 0, ups_nl_event, whole, "whole"),
};
const struct ups_nl_object ups_nl_event_object = OBJECT_INIT(event_rows, ups_nl_event, "event");

static const struct ups_nl_row registration_rows[] = {
	REGISTRATION_ADDRESS,
	REGISTRATION_SOURCE(REQ),
	REGISTRATION_EXPIRES,
};
const struct ups_nl_object ups_nl_registration_object =
	OBJECT_INIT(registration_rows, ups_nl_registration, "registration");

static const struct ups_nl_row rule_rows[] = {
	TEXT(RULE_NAME, REQ, ups_nl_rule, name, "name"),
	TEXT(RULE_TEXT, REQ, ups_nl_rule, text, "text"),
};
const struct ups_nl_object ups_nl_rule_object = OBJECT_INIT(rule_rows, ups_nl_rule, "rule");

static const struct ups_nl_row verdict_leg_rows[] = {
	TEXT(VERDICT_LEG_IFACE, 0, ups_nl_verdict_leg, iface, "interface"),
	WORD(VERDICT_LEG_MECHANISM, REQ, ups_nl_verdict_leg, mechanism, "mechanism",
	     ups_nl_mechanism_words),
	WORD(VERDICT_LEG_DECIDED_BY, REQ, ups_nl_verdict_leg, decided_by, "decided_by",
	     ups_nl_decider_words),
	TEXT(VERDICT_LEG_RULE, 0, ups_nl_verdict_leg, rule, "rule"),
	TEXT(VERDICT_LEG_REASON, 0, ups_nl_verdict_leg, reason, "reason"),
	ROW(VERDICT_LEG_COMPROMISED, FLAG, 0, ups_nl_verdict_leg, compromised,
	    "integrity_compromised"),
};
static const struct ups_nl_object verdict_leg_object =
	OBJECT_INIT(verdict_leg_rows, ups_nl_verdict_leg, "leg");

static const struct ups_nl_row verdict_stream_rows[] = {
	ROW(VERDICT_STREAM_INDEX, U16, REQ, ups_nl_verdict_stream, index, "index"),
	TEXT(VERDICT_STREAM_MEDIA, 0, ups_nl_verdict_stream, media, "media"),
	ROW(VERDICT_STREAM_REFUSED, FLAG, 0, ups_nl_verdict_stream, refused, "refused"),
	NEST(VERDICT_STREAM_LEG, REQ | UPS_NL_LIST | UPS_NL_FILLED, ups_nl_verdict_stream, leg,
	     leg_count, "legs", verdict_leg_object),
};
static const struct ups_nl_object verdict_stream_object =
	OBJECT_INIT(verdict_stream_rows, ups_nl_verdict_stream, "stream");

static const struct ups_nl_row verdict_rows[] = {
	ROW(VERDICT_REFUSED, FLAG, 0, ups_nl_verdict, refused, "refused"),
	TEXT(VERDICT_REASON, 0, ups_nl_verdict, reason, "reason"),
	TEXT(VERDICT_WARNING, 0, ups_nl_verdict, warning, "warning"),
	NEST(VERDICT_STREAM, UPS_NL_LIST, ups_nl_verdict, stream, stream_count, "streams",
	     verdict_stream_object),
	ROW(VERDICT_SDP, BLOB, 0, ups_nl_verdict, sdp, "sdp", .max = UPS_NL_SDP_PIECE_MAX,
	    .count = offsetof(struct ups_nl_verdict, sdp_size)),
};
const struct ups_nl_object ups_nl_verdict_object =
	OBJECT_INIT(verdict_rows, ups_nl_verdict, "verdict");
