/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A request of the ng control protocol (that of rtpengine) as a plain structure: what the call asks
 * for, in words of ours. Texts are slices of the datagram or of its arena. No I/O. Any thread.
 *
 * What a key or flag asks for that upsec does not do is an error when ignoring it would change the media (transcoding,
 * recording, DTMF, ...) and is passed over when it would not; a word nobody knows is passed over and named in @warning.
 */
#ifndef UPSEC_PROTO_NG_H
#define UPSEC_PROTO_NG_H

#include <stdint.h>

#include "base/err.h"
#include "proto/sdp.h"
#include "proto/value.h"
#include "upsec/abi.h"

enum ups_ng_command {
	UPS_NG_PING,
	UPS_NG_OFFER,
	UPS_NG_ANSWER,
	UPS_NG_DELETE,
	UPS_NG_QUERY,
	UPS_NG_LIST,
	UPS_NG_STATISTICS,
};

enum ups_ng_ice { UPS_NG_ICE_DEFAULT, UPS_NG_ICE_REMOVE, UPS_NG_ICE_FORCE };
enum ups_ng_dtls { UPS_NG_DTLS_DEFAULT, UPS_NG_DTLS_OFF, UPS_NG_DTLS_ACTIVE, UPS_NG_DTLS_PASSIVE };
enum ups_ng_answered { UPS_NG_UNSAID, UPS_NG_NO, UPS_NG_YES };
enum ups_wish { UPS_WISH_NONE, UPS_WISH_PREFERRED, UPS_WISH_REQUIRED }; /* user-protection */
enum ups_assurance { /* how well SDP travels between a peer and us: signalling=none|integrity|encrypted */
		     UPS_SIGNALLING_NONE,
		     UPS_SIGNALLING_INTEGRITY,
		     UPS_SIGNALLING_ENCRYPTED,
};

/* struct ups_ng_flags.replace */
#define UPS_REPLACE_ORIGIN (1u << 0) /* address of o= */
#define UPS_REPLACE_CONNECTION (1u << 1) /* session-connection; every c= is ours anyway */
#define UPS_REPLACE_NAME (1u << 2) /* session-name: s= */
#define UPS_REPLACE_USERNAME (1u << 3) /* of o= */
#define UPS_REPLACE_ZERO (1u << 4) /* zero-address: 0.0.0.0 of a hold is ours too */
#define UPS_REPLACE_VERSION \
	(1u << 5) /* sdp-version, force-increment-sdp-ver: o= version counts up by us */

/* struct ups_ng_flags.mux (rtcp-mux=...) */
#define UPS_MUX_OFFER (1u << 0)
#define UPS_MUX_REQUIRE (1u << 1)
#define UPS_MUX_DEMUX (1u << 2)
#define UPS_MUX_ACCEPT (1u << 3)
#define UPS_MUX_REJECT (1u << 4)

struct ups_ng_flags {
	enum ups_sdp_proto transport; /* UPS_SDP_PROTO_NONE = not said */
	struct ups_text
		direction[2]; /* logical interfaces of sender and receiver; absent = not said */
	enum ups_ng_ice ice;
	uint32_t replace; /* UPS_REPLACE_* */
	uint32_t mux; /* UPS_MUX_* */
	bool sdes_off;
	uint32_t sdes_only, sdes_no; /* bit (1 << enum ups_suite_id) */
	enum ups_ng_dtls dtls;
	bool osrtp_offer, osrtp_accept; /* OSRTP=offer, accept */
	int family; /* address-family: 0, AF_INET, AF_INET6 */
	struct ups_text media_address;
	bool has_received_from;
	struct ups_addr received_from; /* port 0 */
	bool sip_source_address; /* take received_from instead of the address in SDP; off with trust-address */
	bool strict_source, port_latching;
	bool has_tos;
	uint8_t tos;
	int64_t delete_delay; /* seconds, -1 = not said */
	bool no_rtcp_attribute, full_rtcp_attribute;
	bool fast, fatal; /* delete: no statistics; unknown call is an error */
	/* ours */
	bool has_wish;
	enum ups_wish wish;
	bool has_signalling[2]; /* of sender and receiver */
	enum ups_assurance signalling[2];
	struct ups_text cpm_address; /* of the party whose SDP this is */
	bool has_registered_source;
	struct ups_addr registered_source; /* port 0 */
	enum ups_ng_answered authenticated;
};

struct ups_ng_request {
	enum ups_ng_command command;
	struct ups_text call_id, from_tag, to_tag, via_branch; /* absent = not said */
	struct ups_text sdp;
	struct ups_ng_flags flags;
	bool supports_load_limit; /* supports: ["load limit"] */
	int64_t limit; /* list */
	struct ups_text
		warning; /* words that were passed over because nobody knows them; in the arena */
};

/*
 * UPS_E_SYNTAX and UPS_E_UNSUPPORTED with the sentence for "error-reason" in @msg. Texts that clients compare are rtpengine's: `Dictionary
 * contains no key "command"`, `Unrecognized command`, `No call-id in message`, `No from-tag in message`, `No to-tag in message`,
 * `No SDP body in message`.
 */
int ups_ng_parse(const struct ups_value *dict, struct ups_arena *arena, struct ups_ng_request *out,
		 struct ups_errmsg *msg) __must_check;
const char *ups_ng_command_name(enum ups_ng_command command);

#endif
