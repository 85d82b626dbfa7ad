/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Session descriptions (RFC 8866, RFC 4566) read into an index of lines. Nothing is copied: every text is a slice of the
 * body, which must outlive the structure. What a middlebox must understand is decoded; every other line is kept as it is, in order.
 *
 * Reading is lenient about line ends (CRLF, LF), a missing final one and unknown lines, and strict about what decides where media
 * goes: a malformed c=, m=, a=rtcp, a=setup ... is an error with its line number, never skipped. Keys (a=crypto) are not decoded here but
 * by proto/sdes.h from the line's value; error texts never repeat a value of a=crypto, a=ice-pwd or a=key-mgmt.
 *
 * Accepted: one c= per level, with one unicast address and no host name; every m-line that is not rejected has one. Attribute names
 * count in any letter case, so that no key line passes as unknown. Of a=setup, a=tls-id, a=ice-*, a=mid, a=rtcp and the direction the first of a
 * level counts. a=rtcp, a=rtcp-mux, a=crypto, a=mid and a=candidate have no meaning at session level, but keep their class there.
 *
 * Plain functions, any thread.
 */
#ifndef UPSEC_PROTO_SDP_H
#define UPSEC_PROTO_SDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "upsec/abi.h"

#define UPS_SDP_MEDIA_MAX 16
#define UPS_SDP_LINES_MAX 1024
#define UPS_SDP_SIZE_MAX 65536 /* bytes */
#define UPS_SDP_FINGERPRINTS_MAX 4
#define UPS_SDP_CRYPTO_MAX 16 /* a=crypto lines of one m-line; more are an error */

enum ups_sdp_proto {
	UPS_SDP_PROTO_NONE, /* not said */
	UPS_SDP_AVP,
	UPS_SDP_AVPF,
	UPS_SDP_SAVP,
	UPS_SDP_SAVPF,
	UPS_SDP_TLS_SAVP, /* UDP/TLS/RTP/SAVP */
	UPS_SDP_TLS_SAVPF,
	UPS_SDP_MSRP, /* TCP/MSRP */
	UPS_SDP_TLS_MSRP,
	UPS_SDP_OTHER,
};

/* "RTP/AVP"...; NULL for NONE and OTHER */
const char *ups_sdp_proto_name(enum ups_sdp_proto proto);
/* As written on an m-line; OTHER for what is not in the list. Also accepts "OSRTP"-free rtpengine words in any letter case. */
enum ups_sdp_proto ups_sdp_proto_parse(struct ups_text word);
static inline bool ups_sdp_proto_rtp(enum ups_sdp_proto p)
{
	return p >= UPS_SDP_AVP && p <= UPS_SDP_TLS_SAVPF;
}
static inline bool ups_sdp_proto_secured(enum ups_sdp_proto p)
{
	return p >= UPS_SDP_SAVP && p <= UPS_SDP_TLS_SAVPF;
}
static inline bool ups_sdp_proto_dtls(enum ups_sdp_proto p)
{
	return p == UPS_SDP_TLS_SAVP || p == UPS_SDP_TLS_SAVPF;
}
static inline bool ups_sdp_proto_feedback(enum ups_sdp_proto p)
{
	return p == UPS_SDP_AVPF || p == UPS_SDP_SAVPF || p == UPS_SDP_TLS_SAVPF;
}

enum ups_sdp_direction {
	UPS_SDP_SENDRECV, /* also when nothing is said */
	UPS_SDP_SENDONLY,
	UPS_SDP_RECVONLY,
	UPS_SDP_INACTIVE,
};

enum ups_sdp_setup {
	UPS_SDP_SETUP_NONE,
	UPS_SDP_SETUP_ACTIVE,
	UPS_SDP_SETUP_PASSIVE,
	UPS_SDP_SETUP_ACTPASS,
	UPS_SDP_SETUP_HOLDCONN,
};

/* Which attribute a line is, for those a middlebox takes out and writes itself */
enum ups_sdp_attr {
	UPS_SDP_ATTR_OTHER, /* passed on as it is */
	UPS_SDP_ATTR_DIRECTION, /* sendrecv, sendonly, recvonly, inactive */
	UPS_SDP_ATTR_RTCP,
	UPS_SDP_ATTR_RTCP_MUX, /* rtcp-mux, rtcp-mux-only */
	UPS_SDP_ATTR_CRYPTO,
	UPS_SDP_ATTR_KEYMGT, /* key-mgmt */
	UPS_SDP_ATTR_FINGERPRINT,
	UPS_SDP_ATTR_SETUP,
	UPS_SDP_ATTR_CONNECTION,
	UPS_SDP_ATTR_TLS_ID,
	UPS_SDP_ATTR_ICE, /* ice-ufrag, ice-pwd, ice-lite, ice-options, ice-pacing, ice-mismatch, candidate,
			     remote-candidates, end-of-candidates */
	UPS_SDP_ATTR_3GE2AE,
	UPS_SDP_ATTR_CAPABILITY, /* tcap, pcfg, acfg, acap, csup, creq (RFC 5939) */
	UPS_SDP_ATTR_RTPMAP, /* passed on */
	UPS_SDP_ATTR_MID, /* passed on */
	UPS_SDP_ATTR_GROUP, /* session level; passed on, BUNDLE ones left out */
};

struct ups_sdp_line {
	char type; /* 'v', 'o', ... 'a' */
	uint8_t attr; /* enum ups_sdp_attr; of a= only */
	struct ups_text value; /* behind "x=" */
	struct ups_text arg; /* of a=name:arg: the arg; absent without colon */
};

struct ups_sdp_fingerprint {
	uint8_t hash; /* enum ups_hash; 0 = one we do not accept (weaker than SHA-256, or unknown) */
	uint8_t size;
	uint8_t value[64];
};
enum ups_hash { UPS_HASH_NONE, UPS_HASH_SHA256, UPS_HASH_SHA384, UPS_HASH_SHA512 };

/* Where media goes; of the session, or of one m-line */
struct ups_sdp_connection {
	bool there;
	bool hold; /* 0.0.0.0 or :: (RFC 3264 8.4) */
	struct ups_addr addr; /* port 0 */
};

/* Attributes that stand at session level, at an m-line, or at both (then the m-line's count) */
struct ups_sdp_dtls {
	enum ups_sdp_setup setup;
	struct ups_text tls_id; /* 20..255 characters, or absent */
	unsigned int
		fingerprint_count; /* all that were there, accepted or not; more than fit are an error */
	struct ups_sdp_fingerprint fingerprint[UPS_SDP_FINGERPRINTS_MAX];
};

struct ups_sdp_media {
	unsigned int line; /* number of its m= line in the array */
	unsigned int line_count; /* with the m= line */
	struct ups_text type; /* "audio" */
	uint16_t port; /* 0 = rejected or disabled */
	unsigned int port_count; /* "/2"; 1 if not said */
	enum ups_sdp_proto proto;
	struct ups_text proto_text;
	struct ups_text formats; /* the rest of the m= line */
	struct ups_sdp_connection connection; /* its own or the session's */
	enum ups_sdp_direction direction; /* its own or the session's */
	bool rtcp_mux;
	bool has_rtcp;
	struct ups_addr rtcp; /* a=rtcp: port, and address if said; else that of @connection */
	struct ups_sdp_dtls dtls; /* its own or the session's */
	unsigned int crypto_count;
	struct ups_text crypto[UPS_SDP_CRYPTO_MAX]; /* values behind "crypto:" */
	bool has_keymgt;
	struct ups_text ice_ufrag, ice_pwd; /* its own or the session's */
	bool has_candidates;
	bool e2ae_requested, e2ae_applied; /* a=3ge2ae (TS 24.229) */
	bool has_capability; /* RFC 5939 lines */
	struct ups_text mid;
};

struct ups_sdp {
	struct ups_text body;
	struct ups_text username, session_id, version; /* of o= */
	struct ups_sdp_connection origin; /* address of o=; there = false if it is a host name */
	struct ups_text origin_address; /* as written: "IN IP4 192.0.2.1" */
	struct ups_text name; /* s= */
	struct ups_sdp_connection connection;
	bool ice_lite;
	unsigned int line_count, session_lines; /* the first @session_lines belong to the session */
	struct ups_sdp_line line[UPS_SDP_LINES_MAX];
	unsigned int media_count;
	struct ups_sdp_media media[UPS_SDP_MEDIA_MAX];
};

/*
 * UPS_E_SYNTAX, UPS_E_RANGE (too many m-lines, lines, crypto lines; too large), UPS_E_TRUNCATED (empty). @msg: "SDP line 7: m=: port
 * '70000' is out of range 0..65535".
 */
int ups_sdp_parse(struct ups_text body, struct ups_sdp *out, struct ups_errmsg *msg) __must_check;

const char *ups_sdp_direction_name(enum ups_sdp_direction d);
const char *ups_sdp_setup_name(enum ups_sdp_setup s); /* NULL for NONE */
const char *ups_sdp_hash_name(uint8_t hash); /* "sha-256"; NULL for NONE */
/* "sha-256 AB:CD:..." */
void ups_sdp_put_fingerprint(struct ups_buf *buf, const struct ups_sdp_fingerprint *f);
/* "IN IP4 192.0.2.1" */
void ups_sdp_put_address(struct ups_buf *buf, const struct ups_addr *a);
/* "PCMU/8000" for static payload types of RFC 3551 table 4 and 5; NULL otherwise */
const char *ups_sdp_static_rtpmap(unsigned int payload_type);
/*
 * Copies @body, which need not be one that parses, with what must never be in a log taken out: keys of a=crypto (also inside other lines),
 * a=key-mgmt, a=ice-pwd, a=acap, k= become "..." and control characters other than line ends '?'. At most four times as long.
 */
void ups_sdp_redact(struct ups_text body, struct ups_buf *buf);

#endif
