/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The nouns of upsec (vocabulary of the README): logical interface, session, stream, leg, flow; and the plan by which
 * the model tells the data plane what to do. Plain data: no I/O, no clock, no locks; everything here belongs to
 * the control thread.
 */
#ifndef UPSEC_CORE_MODEL_H
#define UPSEC_CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>

#include "base/secret.h"
#include "upsec/abi.h"

#define UPS_NAME_MAX 32 /* logical interface name, with NUL */
#define UPS_SESSION_ID_MAX 256 /* SIP Call-ID, with NUL */
#define UPS_LEGS 2
#define UPS_STREAMS_MAX 16 /* m-lines of one session */
#define UPS_RTP_LIFETIME_MAX (1ULL << 48) /* packets of one master key, RFC 3711 9.2 */
#define UPS_RTCP_LIFETIME_MAX (1ULL << 31)

/* Which source address a leg accepts. Opaque legs are always strict; a clear leg latches only where the configuration says so. */
enum ups_source_mode {
	UPS_SOURCE_STRICT, /* the signalled address only */
	UPS_SOURCE_LATCH, /* the first source that authenticates (srtp) or sends (clear, by configuration), then that one only */
};

enum ups_leg_kind { UPS_KIND_CONV, UPS_KIND_NNI, UPS_KIND_IWF };

/* A logical interface, from the configuration; constant while the daemon runs. */
struct ups_iface {
	char name[UPS_NAME_MAX];
	char device[IF_NAMESIZE];
	enum ups_leg_kind kind;
	enum ups_source_mode
		source; /* of legs whose request names none; latch also permits it on clear legs */
	bool has_v4, has_v6;
	struct ups_addr v4, v6; /* port 0 */
	struct ups_addr advertised_v4,
		advertised_v6; /* what peers are told; equal to v4/v6 unless configured */
	uint16_t port_min,
		port_max; /* inclusive, host order; RTP takes even ports, RTCP the next odd */
};

enum ups_leg_mode {
	UPS_MODE_CLEAR, /* RTP/AVP, we terminate */
	UPS_MODE_SRTP, /* we hold the keys */
	UPS_MODE_OPAQUE, /* keys are the users': relay and police only */
};

/* How a leg is protected, and who decided: what the CLI, events and query replies show. */
enum ups_mechanism {
	UPS_MECH_NONE, /* clear */
	UPS_MECH_SDES,
	UPS_MECH_DTLS,
	UPS_MECH_OPAQUE, /* the users key each other */
	UPS_MECH_UNDERLAY, /* clear RTP inside IPsec that the kernel's policies confirm */
	UPS_MECH_MANUAL, /* keys given over netlink */
};
enum ups_decider { UPS_BY_PROVIDER, UPS_BY_USER, UPS_BY_PEER };

struct ups_decision {
	enum ups_mechanism mechanism;
	enum ups_decider decided_by;
	bool compromised; /* iwf leg in clear by an explicit rule */
	char rule[32]; /* "" = none was asked */
	char reason[160]; /* "" = none */
};

/* DTLS-SRTP of one leg (RFC 5763, 5764). Its keys come from handshakes that the data plane runs. */
enum ups_dtls_role {
	UPS_DTLS_UNDECIDED,
	UPS_DTLS_ACTIVE,
	UPS_DTLS_PASSIVE
}; /* ours; UNDECIDED: no answer yet */
#define UPS_FINGERPRINTS_MAX 4
struct ups_fingerprint {
	uint8_t hash; /* enum ups_hash (proto/sdp.h) */
	uint8_t size; /* bytes */
	uint8_t value[64];
};
struct ups_dtls_spec {
	bool on;
	enum ups_dtls_role role;
	uint32_t association; /* another number = another association: handshake anew (RFC 8842) */
	uint32_t
		suites; /* bit (1 << enum ups_suite_id) we accept, of those with a DTLS-SRTP profile */
	unsigned int
		fingerprint_count; /* of the peer; all of one hash: its strongest. 0 = not known yet: nothing is delivered */
	struct ups_fingerprint fingerprint[UPS_FINGERPRINTS_MAX];
	char peer_name
		[128]; /* certificate must chain to the configured CA and have this DNS name; "" = fingerprint only */
};

/* ICE-lite of one leg (RFC 8445): we answer checks, the peer nominates. */
#define UPS_ICE_UFRAG_MAX 64
struct ups_ice_spec {
	bool on;
	char local_ufrag[12], local_pwd[32]; /* ours, random */
	char remote_ufrag[UPS_ICE_UFRAG_MAX]; /* "" = not known yet */
};

enum ups_lane_choice { UPS_CHOOSE_AUTO, UPS_CHOOSE_UDP, UPS_CHOOSE_XDP };

/* One master key of a leg as requested. lifetime 0 = the suite's maximum. */
struct ups_key_spec {
	uint8_t suite; /* enum ups_suite_id */
	struct ups_secret master; /* key || salt */
	uint8_t mki_len;
	uint8_t mki[UPS_MKI_MAX];
	bool rtcp_clear; /* UNENCRYPTED_SRTCP */
	uint64_t rtp_lifetime; /* packets, <= 2^48 */
	uint64_t rtcp_lifetime; /* packets, <= 2^31 */
	uint32_t slot; /* key slot, set by the core when planned */
};

struct ups_leg {
	const struct ups_iface *iface;
	enum ups_leg_mode mode;
	enum ups_source_mode source;
	bool rtcp_mux; /* RTCP on the RTP port on this leg */
	bool no_rtcp; /* no RTCP at all on this leg */
	uint8_t tos; /* of packets sent on this leg */
	struct ups_addr local; /* RTP; set by the core (requested port 0 = any) */
	struct ups_addr local_rtcp; /* = local with rtcp_mux */
	struct ups_addr remote; /* RTP address of the peer, signalled or learned */
	struct ups_addr remote_rtcp; /* remote port 0: not known yet, nothing is accepted or sent */
	bool learned, learned_rtcp; /* remote was learned from an authenticated packet */
	struct ups_addr
		source_ip; /* latch: only a source with this address may be learned; unspecified (::) = any. Port 0 */
	struct ups_key_spec rx[UPS_RX_KEYS_MAX]; /* what the peer sends with */
	uint8_t rx_count;
	struct ups_key_spec tx; /* what we send with; suite 0 = none */
	struct ups_key_spec rx_rtcp,
		tx_rtcp; /* SRTCP under keys of its own (DTLS without rtcp-mux); suite 0 = rx and tx serve both */
	struct ups_key_spec
		rx_old; /* the peer's last key, still accepted for UPS_RX_OLD_NS after a new one came; suite 0 = none */
	uint64_t rx_old_until_ns; /* CLOCK_MONOTONIC */
	struct ups_dtls_spec dtls;
	struct ups_ice_spec ice;
	bool ipsec; /* relies on an IPsec underlay: never in the kernel lane, which would go around it */
	struct ups_decision decision;
};
#define UPS_RX_OLD_NS (10ULL * 1000000000ULL)

/* flow[i] carries packets that arrive on leg[i] and leave on leg[1 - i]. */
struct ups_stream {
	uint16_t
		index; /* m-line number, 0..; streams of a session stand in order of it, gaps are m-lines without media here */
	char media[16]; /* "audio", "video", ... */
	struct ups_leg leg[UPS_LEGS];
	uint32_t flow[UPS_LEGS]; /* flow slots */
	uint32_t ssrc_base[UPS_LEGS]; /* ssrc slots of each flow */
	uint16_t ssrc_count; /* SSRC limit of each flow */
	enum ups_lane_choice lane;
	void *dp; /* the data plane's handle while installed */
};

/* A stream that becomes another with the same flow, ssrc and (where a key continues) key slots; local ports may come and go. */
struct ups_change {
	struct ups_stream *from; /* installed */
	struct ups_stream *to; /* takes its place; gets from->dp */
};

/* What the data plane must do for one request: all of it, or nothing with an error. */
struct ups_plan {
	struct ups_change change[UPS_STREAMS_MAX];
	unsigned int change_count;
	struct ups_stream *add[UPS_STREAMS_MAX]; /* owned by the core */
	unsigned int add_count;
	struct ups_stream *del[UPS_STREAMS_MAX];
	unsigned int del_count;
};

/* Events towards monitors. */
enum ups_event_type {
	UPS_EVENT_SESSION_ADD = 1,
	UPS_EVENT_SESSION_DEL,
	UPS_EVENT_SOURCE_LEARNED,
	UPS_EVENT_KEY_EXPIRING, /* 90 % of a lifetime used */
	UPS_EVENT_KEY_EXPIRED,
	UPS_EVENT_AUTH_FAILURES, /* rate-limited: drops of a flow started or grew tenfold */
	UPS_EVENT_LANE, /* a flow's lane changed */
	UPS_EVENT_SESSION_CHANGE, /* an answer or a re-offer took effect */
	UPS_EVENT_REFUSED, /* policy refused a stream, or a call */
	UPS_EVENT_REGISTRATION, /* a registration was added, expired or removed */
	UPS_EVENT_HANDSHAKE, /* DTLS-SRTP: keys agreed, or failed and why */
	UPS_EVENT_COMPROMISED, /* a session has a leg without protection by an interworking rule */
};

struct ups_event {
	enum ups_event_type type;
	const char *session_id; /* NULL = of no session */
	bool whole; /* about the session as a whole, or of none: @stream and @leg mean nothing */
	uint16_t stream; /* m-line number */
	uint8_t leg; /* 0 or 1 */
	const char *text; /* one sentence */
};

#endif
