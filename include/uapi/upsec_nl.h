/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * upsec control protocol over netlink. This header is the specification.
 *
 * TRANSPORT
 *	socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK). The daemon is bound to port id UPS_NL_PORT of its network
 *	namespace; clients bind to any. Events go to multicast group UPS_NL_GROUP (joining needs CAP_NET_ADMIN).
 *
 * MESSAGE
 *	struct nlmsghdr		nlmsg_type = UPS_NL_TYPE, nlmsg_seq chosen by the client and echoed in every reply
 *	struct ups_nl_hdr	command, version
 *	struct nlattr ...	4-byte aligned; integers and 64-bit integers in host order, unaligned 64-bit possible
 *	A message is at most UPS_NL_MSG_MAX bytes; several may share a datagram of at most UPS_NL_MSG_MAX bytes.
 *
 * EXCHANGE
 *	Every request is answered by zero or more objects (same command, NLM_F_MULTI) and then by exactly one end:
 *	NLMSG_DONE if the request had NLM_F_DUMP, else NLMSG_ERROR with error 0 (only if NLM_F_ACK was set).
 *	A failed request is answered by NLMSG_ERROR with error < 0, dump or not; then nothing was changed.
 *	Error numbers are -errno or upsec's own below -1000 (base/err.h). NLM_F_CAPPED is always set: the request is
 *	not echoed beyond its nlmsghdr, so no key travels back. NLM_F_ACK_TLVS is set when attributes follow
 *	struct nlmsgerr: NLMSGERR_ATTR_MSG, one sentence for the operator.
 *
 * COMMANDS		request -> objects
 *	HELLO		-				-> UPS_NL_STATUS_VERSION, _PID		anybody
 *	STATUS		-				-> UPS_NL_STATUS_*			read
 *	SESSION_ADD	UPS_NL_SESSION_* (add form)	-> the new session (get form)		change
 *	SESSION_DEL	UPS_NL_SESSION_ID		-> -					change
 *	SESSION_GET	UPS_NL_SESSION_ID, or NLM_F_DUMP -> sessions (get form)			read
 *	FLOW_GET	[UPS_NL_FLOW_SESSION] NLM_F_DUMP -> one UPS_NL_FLOW_* object each		read
 *	STATS_GET	-				-> UPS_NL_STATS_*			read
 *	EVENT		(multicast only)		-> UPS_NL_EVENT_*
 *	REGISTRATION_ADD UPS_NL_REGISTRATION_*		-> -					change
 *	REGISTRATION_DEL UPS_NL_REGISTRATION_ADDRESS, [_SOURCE] -> -				change
 *	REGISTRATION_GET NLM_F_DUMP			-> one UPS_NL_REGISTRATION_* object each	read
 *	POLICY_GET	NLM_F_DUMP			-> one UPS_NL_RULE_* object each		read
 *	POLICY_CHECK	UPS_NL_CHECK_*			-> UPS_NL_VERDICT_*, see below		read
 *
 * PERMISSIONS
 *	The kernel stamps each datagram with the sender's credentials (the receiver sets SO_PASSCRED); datagrams
 *	without them, from the kernel (port id 0), or sent to a group are ignored. "change" needs uid 0 or the
 *	configured group (primary or supplementary); "read" is for everybody unless the configuration limits it to
 *	the same people. Refusal: -EPERM with a sentence. nlmsg_pid is never trusted; replies go to the kernel's
 *	address of the sender.
 *	The port id is first come, first served. So a client sends HELLO first, requires the reply to come from
 *	port id UPS_NL_PORT and from uid 0 or the system user "upsec" (SCM_CREDENTIALS), and only then sends keys;
 *	it checks every later datagram, events included (anyone may send to a group), in the same way.
 *
 * DUMPS AND SPLITTING
 *	A session is reported as one message for each stream, consecutive, each repeating the session's own
 *	attributes and holding exactly one UPS_NL_SESSION_STREAM; UPS_NL_SESSION_STREAM_TOTAL says how many belong
 *	to it; a session without media is one message without stream. A dump covers the sessions that existed when it began; those removed meanwhile are left out and
 *	NLM_F_DUMP_INTR is set on NLMSG_DONE. A client that reads nothing for UPS_NL_STALL_MS loses the
 *	rest of its dump. SESSION_ADD is never split.
 *	Netlink tells a sender neither when a receiver has room again nor lets it wait without blocking, so the daemon
 *	retries on a timer; -EBUSY answers a dump when too many are under way.
 *	A monitor that is too slow gets ENOBUFS from its own socket: events were lost.
 *
 * POLICY
 *	POLICY_GET gives the rules in the order in which they are tried; the last is built in and matches everything.
 *	POLICY_CHECK says what would become of an offer or answer, and changes nothing: first one object with the verdict,
 *	one UPS_NL_VERDICT_STREAM for each m-line. A refusal is a verdict, not an error: the request ends well. With
 *	UPS_NL_CHECK_WANT_SDP, objects follow that hold nothing but UPS_NL_VERDICT_SDP, to be joined: the session description
 *	that the other side would get, its keys and passwords taken out.
 *
 * SECRETS
 *	UPS_NL_KEY_MASTER exists in SESSION_ADD requests only. No reply, dump or event has it. The session description of
 *	POLICY_CHECK may hold keys; no reply repeats them.
 *
 * ATTRIBUTES
 *	Types: flag (no payload; present = true), u8, u16, u32, u64, string (printable ASCII, NUL at the end, length
 *	without it), bytes, ip (an addr whose port is 0), addr (struct ups_addr of upsec/abi.h: 16-byte address with IPv4 mapped, port in network order, two
 *	zero bytes), nest (NLA_F_NESTED required), counts (nest of u64 whose attribute types are the reasons
 *	of upsec/drop.h). An absent integer is 0, an absent addr unspecified. In requests, unknown, repeated
 *	(where not marked *), misplaced or mis-sized attributes are refused; in replies, clients ignore unknown ones.
 *
 * VERSIONS
 *	Additions (commands, attributes) do not change UPS_NL_VERSION; anything else does. Another version gets
 *	-EPROTONOSUPPORT, an unknown command -EOPNOTSUPP. Numbers are never re-used.
 */
#ifndef UPSEC_UAPI_UPSEC_NL_H
#define UPSEC_UAPI_UPSEC_NL_H

#include <linux/types.h>

#define UPS_NL_PORT 0x55505345u /* "UPSE": above every process id, below the kernel's own choices */
#define UPS_NL_GROUP 1
#define UPS_NL_TYPE 0x10 /* NLMSG_MIN_TYPE */
#define UPS_NL_VERSION 1
#define UPS_NL_MSG_MAX 65536
#define UPS_NL_STALL_MS 5000

struct ups_nl_hdr {
	__u8 cmd; /* enum ups_nl_cmd */
	__u8 version; /* UPS_NL_VERSION */
	__u16 reserved; /* 0 */
};

enum ups_nl_cmd {
	UPS_NL_CMD_HELLO = 1,
	UPS_NL_CMD_STATUS = 2,
	UPS_NL_CMD_SESSION_ADD = 3,
	UPS_NL_CMD_SESSION_DEL = 4,
	UPS_NL_CMD_SESSION_GET = 5,
	UPS_NL_CMD_FLOW_GET = 6,
	UPS_NL_CMD_STATS_GET = 7,
	UPS_NL_CMD_EVENT = 8,
	UPS_NL_CMD_REGISTRATION_ADD = 9,
	UPS_NL_CMD_REGISTRATION_DEL = 10,
	UPS_NL_CMD_REGISTRATION_GET = 11,
	UPS_NL_CMD_POLICY_GET = 12,
	UPS_NL_CMD_POLICY_CHECK = 13,
};

/* Limits; the daemon's own may be lower. */
#define UPS_NL_ID_MAX 255 /* characters of a session id */
#define UPS_NL_NAME_MAX 31 /* of a logical interface or device name */
#define UPS_NL_MEDIA_MAX 15
#define UPS_NL_TEXT_MAX 255
#define UPS_NL_STREAM_MAX 16
#define UPS_NL_LEG_MAX 2
#define UPS_NL_RX_KEY_MAX 4
#define UPS_NL_MKI_MAX 128
#define UPS_NL_SSRC_MAX 16
#define UPS_NL_DEVICE_MAX 16
#define UPS_NL_TAG_MAX 255 /* of a SIP tag */
#define UPS_NL_ADDRESS_MAX 255 /* of a CPM Address */
#define UPS_NL_RULE_MAX 31 /* of a rule's name */
#define UPS_NL_RULE_TEXT_MAX 1023
#define UPS_NL_SDP_MAX 49152 /* bytes of a session description to be checked */
#define UPS_NL_SDP_PIECE_MAX 8192 /* bytes of one UPS_NL_VERDICT_SDP */

/* Values */
enum ups_nl_kind { UPS_NL_KIND_CONV, UPS_NL_KIND_NNI, UPS_NL_KIND_IWF };
enum ups_nl_mode { UPS_NL_MODE_CLEAR, UPS_NL_MODE_SRTP, UPS_NL_MODE_OPAQUE };
/* DEFAULT in requests only: the configuration's choice */
enum ups_nl_source { UPS_NL_SOURCE_DEFAULT, UPS_NL_SOURCE_STRICT, UPS_NL_SOURCE_LATCH };
enum ups_nl_choice { UPS_NL_CHOOSE_AUTO, UPS_NL_CHOOSE_UDP, UPS_NL_CHOOSE_XDP };
enum ups_nl_lane { UPS_NL_LANE_UDP, UPS_NL_LANE_XDP, UPS_NL_LANE_XSK };
enum ups_nl_fact { UPS_NL_FACT_UNKNOWN, UPS_NL_FACT_NO, UPS_NL_FACT_YES };
enum ups_nl_mechanism {
	UPS_NL_MECHANISM_NONE, /* clear */
	UPS_NL_MECHANISM_SDES,
	UPS_NL_MECHANISM_DTLS,
	UPS_NL_MECHANISM_OPAQUE, /* the users key each other */
	UPS_NL_MECHANISM_UNDERLAY, /* clear RTP inside IPsec */
	UPS_NL_MECHANISM_MANUAL, /* keys of SESSION_ADD */
};
enum ups_nl_decider { UPS_NL_BY_PROVIDER, UPS_NL_BY_USER, UPS_NL_BY_PEER };
enum ups_nl_dtls_role {
	UPS_NL_DTLS_NONE, /* no DTLS on this leg */
	UPS_NL_DTLS_UNDECIDED, /* no answer yet */
	UPS_NL_DTLS_ACTIVE, /* ours: we begin */
	UPS_NL_DTLS_PASSIVE,
};
enum ups_nl_dtls_state {
	UPS_NL_DTLS_STATE_NONE,
	UPS_NL_DTLS_STATE_WAITING, /* for keys: nothing is delivered */
	UPS_NL_DTLS_STATE_UP,
};
/* What a request says of something; UNSAID = nothing */
enum ups_nl_wish {
	UPS_NL_WISH_UNSAID, /* as the session description reads */
	UPS_NL_WISH_NONE,
	UPS_NL_WISH_PREFERRED,
	UPS_NL_WISH_REQUIRED,
};
enum ups_nl_signalling {
	UPS_NL_SIGNALLING_UNSAID, /* taken as encrypted */
	UPS_NL_SIGNALLING_NONE,
	UPS_NL_SIGNALLING_INTEGRITY,
	UPS_NL_SIGNALLING_ENCRYPTED,
};
enum ups_nl_event_type {
	UPS_NL_EVENT_TYPE_SESSION_ADD = 1,
	UPS_NL_EVENT_TYPE_SESSION_DEL = 2,
	UPS_NL_EVENT_TYPE_SOURCE_LEARNED = 3,
	UPS_NL_EVENT_TYPE_KEY_EXPIRING = 4,
	UPS_NL_EVENT_TYPE_KEY_EXPIRED = 5,
	UPS_NL_EVENT_TYPE_AUTH_FAILURES = 6,
	UPS_NL_EVENT_TYPE_LANE = 7,
	UPS_NL_EVENT_TYPE_SESSION_CHANGE = 8, /* an answer or a re-offer took effect */
	UPS_NL_EVENT_TYPE_REFUSED = 9, /* policy refused a stream, or a call */
	UPS_NL_EVENT_TYPE_REGISTRATION = 10, /* added, expired or removed */
	UPS_NL_EVENT_TYPE_HANDSHAKE = 11, /* DTLS-SRTP: keys agreed, or failed and why */
	UPS_NL_EVENT_TYPE_COMPROMISED = 12, /* a leg without protection by an interworking rule */
};

/* Session. "+" required in the add form, "-" absent from it, "*" may repeat. */
enum ups_nl_session_attr {
	UPS_NL_SESSION_ID = 1, /* + string 1..255: SIP Call-ID */
	UPS_NL_SESSION_STREAM = 2, /* +* nest ups_nl_stream_attr, in order of m-lines, 1..16 */
	UPS_NL_SESSION_STREAM_TOTAL = 3, /* - u32 */
	UPS_NL_SESSION_CREATED = 4, /* - u64 seconds since 1970 */
	UPS_NL_SESSION_ALL_HOPS = 5, /* - u8 ups_nl_fact: every leg here is protected */
	UPS_NL_SESSION_END_TO_END = 6, /* - u8 ups_nl_fact: keys known to the two users only */
	UPS_NL_SESSION_COMPROMISED = 7, /* - u8 ups_nl_fact: some leg has no integrity protection */
	UPS_NL_SESSION_NEGOTIATED = 8, /* - flag: by offer and answer, not by SESSION_ADD */
	UPS_NL_SESSION_ANSWERED = 9, /* - flag */
	UPS_NL_SESSION_CALLER_TAG = 10, /* - string: SIP tag of who made the first offer (leg 0) */
	UPS_NL_SESSION_CALLEE_TAG = 11, /* - string: of the party that has the media (leg 1) */
	UPS_NL_SESSION_LAST_SIGNAL = 12, /* - u64 seconds since 1970: last offer or answer */
};

enum ups_nl_stream_attr {
	UPS_NL_STREAM_INDEX = 1, /* - u16 m-line number from 0 */
	UPS_NL_STREAM_MEDIA = 2, /* + string 1..15: "audio", "video" ... */
	UPS_NL_STREAM_LANE = 3, /* u8 ups_nl_choice */
	UPS_NL_STREAM_SSRC_LIMIT = 4, /* u16, 0 = the daemon's default, at most 16 */
	UPS_NL_STREAM_LEG = 5, /* +* nest ups_nl_leg_attr, exactly two: leg 0, leg 1 */
};

enum ups_nl_leg_attr {
	UPS_NL_LEG_IFACE = 1, /* + string 1..31: logical interface */
	UPS_NL_LEG_KIND = 2, /* - u8 ups_nl_kind */
	UPS_NL_LEG_MODE = 3, /* + u8 ups_nl_mode */
	UPS_NL_LEG_SOURCE = 4, /* u8 ups_nl_source */
	UPS_NL_LEG_RTCP_MUX = 5, /* flag */
	UPS_NL_LEG_NO_RTCP = 6, /* flag */
	UPS_NL_LEG_TOS = 7, /* u8 of packets sent */
	UPS_NL_LEG_PORT = 8, /* u16 wanted local port (add form only), 0 = any */
	UPS_NL_LEG_LOCAL = 9, /* - addr */
	UPS_NL_LEG_LOCAL_RTCP = 10, /* - addr */
	UPS_NL_LEG_ADVERTISED = 11, /* - addr: what the peer is told */
	UPS_NL_LEG_ADVERTISED_RTCP = 12, /* - addr */
	UPS_NL_LEG_REMOTE = 13, /* + addr: signalled, or learned */
	UPS_NL_LEG_REMOTE_RTCP = 14, /* addr, absent = remote port + 1 (the same with rtcp-mux) */
	UPS_NL_LEG_LEARNED = 15, /* - flag: remote comes from an authenticated packet */
	UPS_NL_LEG_LEARNED_RTCP = 16, /* - flag */
	UPS_NL_LEG_RX_KEY = 17, /* * nest ups_nl_key_attr, 0..4: what the peer sends with */
	UPS_NL_LEG_TX_KEY = 18, /* nest ups_nl_key_attr: what is sent to the peer with */
	UPS_NL_LEG_FLOW = 19, /* - nest ups_nl_flow_attr: packets arriving on this leg */
	UPS_NL_LEG_MECHANISM = 20, /* - u8 ups_nl_mechanism */
	UPS_NL_LEG_DECIDED_BY = 21, /* - u8 ups_nl_decider */
	UPS_NL_LEG_RULE = 22, /* - string: name of the rule that was asked */
	UPS_NL_LEG_REASON = 23, /* - string: why this mechanism */
	UPS_NL_LEG_COMPROMISED = 24, /* - flag: clear by an interworking rule */
	UPS_NL_LEG_DTLS_ROLE = 25, /* - u8 ups_nl_dtls_role */
	UPS_NL_LEG_DTLS_STATE = 26, /* - u8 ups_nl_dtls_state */
	UPS_NL_LEG_ICE = 27, /* - flag: ICE checks are answered (RFC 8445, lite) */
	UPS_NL_LEG_SOURCE_IP = 28, /* - ip: only this source may be learned */
	UPS_NL_LEG_IPSEC = 29, /* - flag: relies on the kernel's IPsec policies */
	UPS_NL_LEG_RX_OLD_KEY = 30, /* - nest ups_nl_key_attr: the peer's last key, for a moment */
	UPS_NL_LEG_RX_RTCP_KEY = 31, /* - nest ups_nl_key_attr: RTCP has keys of its own */
	UPS_NL_LEG_TX_RTCP_KEY = 32, /* - nest ups_nl_key_attr */
};

enum ups_nl_key_attr {
	UPS_NL_KEY_SUITE = 1, /* + u8 ups_suite_id (upsec/suite.h) */
	UPS_NL_KEY_MASTER = 2, /* + bytes: key || salt; add form only, never reported */
	UPS_NL_KEY_MKI = 3, /* bytes 1..128, big-endian as on the wire */
	UPS_NL_KEY_RTCP_CLEAR = 4, /* flag: UNENCRYPTED_SRTCP */
	UPS_NL_KEY_RTP_LIFETIME = 5, /* u64 packets, 0 = maximum */
	UPS_NL_KEY_RTCP_LIFETIME = 6, /* u64 packets, 0 = maximum */
	UPS_NL_KEY_RTP_USED = 7, /* - u64 packets */
	UPS_NL_KEY_RTCP_USED = 8, /* - u64 packets */
};

enum ups_nl_flow_attr {
	UPS_NL_FLOW_SESSION = 1, /* string (FLOW_GET) */
	UPS_NL_FLOW_STREAM = 2, /* u16 m-line number (FLOW_GET) */
	UPS_NL_FLOW_MEDIA = 3, /* string (FLOW_GET) */
	UPS_NL_FLOW_LEG = 4, /* u8: arrives on this leg, leaves on the other (FLOW_GET) */
	UPS_NL_FLOW_IFACE = 5, /* string: interface of that leg (FLOW_GET) */
	UPS_NL_FLOW_SLOT = 6, /* u32 */
	UPS_NL_FLOW_LANE = 7, /* u8 ups_nl_lane that serves RTP now */
	UPS_NL_FLOW_REASON = 8, /* string: why that lane */
	UPS_NL_FLOW_LANE_STATS = 9, /* * nest ups_nl_lane_stats_attr, lanes that saw packets */
	UPS_NL_FLOW_DROPS = 10, /* counts by enum ups_drop */
	UPS_NL_FLOW_LAST_RX =
		11, /* u64 ns, CLOCK_MONOTONIC, of the last packet that passed policing */
	UPS_NL_FLOW_SSRC = 12, /* * nest ups_nl_ssrc_attr */
};

enum ups_nl_lane_stats_attr {
	UPS_NL_LANE_STATS_LANE = 1, /* u8 ups_nl_lane */
	UPS_NL_LANE_STATS_RX_PACKETS = 2, /* u64; passed policing */
	UPS_NL_LANE_STATS_RX_BYTES = 3, /* u64; UDP payload */
	UPS_NL_LANE_STATS_TX_PACKETS = 4, /* u64; sent on the other leg */
	UPS_NL_LANE_STATS_TX_BYTES = 5, /* u64 */
};

enum ups_nl_ssrc_attr {
	UPS_NL_SSRC_ID = 1, /* u32 */
	UPS_NL_SSRC_RX_INDEX = 2, /* u64 highest SRTP index + 1 */
	UPS_NL_SSRC_TX_INDEX = 3, /* u64 */
};

enum ups_nl_status_attr {
	UPS_NL_STATUS_VERSION = 1, /* string, of the daemon */
	UPS_NL_STATUS_PID = 2, /* u32 */
	UPS_NL_STATUS_ABI = 3, /* u32 UPS_ABI_VERSION */
	UPS_NL_STATUS_UPTIME = 4, /* u64 seconds */
	UPS_NL_STATUS_SESSIONS = 5, /* u32 */
	UPS_NL_STATUS_CRYPTO = 6, /* string: backend */
	UPS_NL_STATUS_WORKERS = 7, /* u32 threads of the udp lane */
	UPS_NL_STATUS_XDP = 8, /* flag: kernel lane loaded */
	UPS_NL_STATUS_XDP_CRYPTO = 9, /* flag: and can do SRTP */
	UPS_NL_STATUS_XDP_REASON = 10, /* string: what it found, or why not */
	UPS_NL_STATUS_DEVICE = 11, /* * nest ups_nl_device_attr */
};

enum ups_nl_device_attr {
	UPS_NL_DEVICE_NAME = 1, /* string */
	UPS_NL_DEVICE_XDP_MODE = 2, /* string: "native", "generic", "off" */
	UPS_NL_DEVICE_DISPATCHER = 3, /* flag: through libxdp's dispatcher, beside other programs */
	UPS_NL_DEVICE_REASON = 4, /* string: why off or generic */
};

enum ups_nl_stats_attr {
	UPS_NL_STATS_SESSIONS = 1, /* u32 */
	UPS_NL_STATS_XDP_TX = 2, /* u64 packets the kernel lane sent itself */
	UPS_NL_STATS_XDP_XSK = 3, /* u64 packets it handed to an AF_XDP socket */
	UPS_NL_STATS_XDP_DROPS = 4, /* counts by enum ups_drop */
	UPS_NL_STATS_XDP_PASSES = 5, /* counts by enum ups_pass */
	UPS_NL_STATS_UDP_DROPS = 6, /* counts by enum ups_drop */
};

enum ups_nl_event_attr {
	UPS_NL_EVENT_TYPE = 1, /* u8 ups_nl_event_type */
	UPS_NL_EVENT_TIME = 2, /* u64 milliseconds since 1970 */
	UPS_NL_EVENT_SESSION = 3, /* string */
	UPS_NL_EVENT_STREAM = 4, /* u16 */
	UPS_NL_EVENT_LEG = 5, /* u8 */
	UPS_NL_EVENT_TEXT = 6, /* string: one sentence */
	UPS_NL_EVENT_WHOLE =
		7, /* flag: about the session as a whole, or of no session: STREAM and LEG mean nothing */
};

enum ups_nl_registration_attr {
	UPS_NL_REGISTRATION_ADDRESS = 1, /* + string 1..255: CPM Address, "sip:alice@example.net" */
	UPS_NL_REGISTRATION_SOURCE = 2, /* + ip; REGISTRATION_DEL: absent = all of the address */
	UPS_NL_REGISTRATION_EXPIRES = 3, /* u64 seconds from now, absent = never */
};

enum ups_nl_rule_attr {
	UPS_NL_RULE_NAME = 1, /* string 1..31 */
	UPS_NL_RULE_TEXT = 2, /* string: what it matches and what it gives */
};

enum ups_nl_check_attr {
	UPS_NL_CHECK_SDP = 1, /* + bytes 1..49152 */
	UPS_NL_CHECK_FROM = 2, /* + string 1..31: logical interface of the party whose SDP it is */
	UPS_NL_CHECK_TO = 3, /* + string 1..31: of the party that will get it */
	UPS_NL_CHECK_TRANSPORT = 4, /* string 1..31: profile for the other side, "RTP/SAVP" */
	UPS_NL_CHECK_WISH = 5, /* u8 ups_nl_wish: the user's */
	UPS_NL_CHECK_FROM_SIGNALLING = 6, /* u8 ups_nl_signalling */
	UPS_NL_CHECK_TO_SIGNALLING = 7, /* u8 ups_nl_signalling */
	UPS_NL_CHECK_ADDRESS = 8, /* string 1..255: CPM Address of the party whose SDP it is */
	UPS_NL_CHECK_SOURCE = 9, /* ip: the source it is registered with */
	UPS_NL_CHECK_AUTHENTICATED = 10, /* u8 ups_nl_fact */
	UPS_NL_CHECK_CALL =
		11, /* string 1..255: Call-ID of a call that exists, absent = a new one */
	UPS_NL_CHECK_FROM_TAG = 12, /* string 1..255 */
	UPS_NL_CHECK_TO_TAG = 13, /* string 1..255 */
	UPS_NL_CHECK_ANSWER = 14, /* flag: it is an answer; needs _CALL and _TO_TAG */
	UPS_NL_CHECK_WANT_SDP = 15, /* flag */
};

enum ups_nl_verdict_attr {
	UPS_NL_VERDICT_REFUSED = 1, /* flag: some stream, or all of it */
	UPS_NL_VERDICT_REASON = 2, /* string: one sentence if all of it is refused */
	UPS_NL_VERDICT_WARNING = 3, /* string */
	UPS_NL_VERDICT_STREAM = 4, /* * nest ups_nl_verdict_stream_attr, 0..16 */
	UPS_NL_VERDICT_SDP = 5, /* bytes, in an object of its own */
};

enum ups_nl_verdict_stream_attr {
	UPS_NL_VERDICT_STREAM_INDEX = 1, /* u16 m-line number from 0 */
	UPS_NL_VERDICT_STREAM_MEDIA = 2, /* string */
	UPS_NL_VERDICT_STREAM_REFUSED = 3, /* flag: port 0 */
	UPS_NL_VERDICT_STREAM_LEG = 4, /* * nest ups_nl_verdict_leg_attr, exactly two */
};

enum ups_nl_verdict_leg_attr {
	UPS_NL_VERDICT_LEG_IFACE = 1, /* string: logical interface */
	UPS_NL_VERDICT_LEG_MECHANISM = 2, /* u8 ups_nl_mechanism */
	UPS_NL_VERDICT_LEG_DECIDED_BY = 3, /* u8 ups_nl_decider */
	UPS_NL_VERDICT_LEG_RULE = 4, /* string */
	UPS_NL_VERDICT_LEG_REASON = 5, /* string */
	UPS_NL_VERDICT_LEG_COMPROMISED = 6, /* flag */
};

#endif
