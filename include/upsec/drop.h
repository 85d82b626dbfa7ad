/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbered reasons for which a packet is dropped, and for which the kernel lane passes one up.
 *
 * Purpose: one table from which the BPF programs, the user-space lanes, the counters, the netlink dump, the
 * CLI and the tests take number, name and sentence. The same packet gets the same reason on every lane.
 * A number is never re-used: a retired reason keeps its row with the text "unused".
 *
 * X(number, NAME, "wire-name", "sentence for an operator")
 */
#ifndef UPSEC_DROP_H
#define UPSEC_DROP_H

#define UPS_DROPS(X)                                                                             \
	X(0, NONE, "none", "not dropped")                                                        \
	X(1, SHORT, "short", "shorter than RTP (12), RTCP (8) or its own headers require")       \
	X(2, MALFORMED, "malformed", "wrong RTP version, CSRC list or extension beyond the end") \
	X(3, DEMUX, "demux", "first byte in no range of RFC 7983 that this leg carries")         \
	X(4, SOURCE, "source", "not from the address and port this leg accepts")                 \
	X(5, AUTH, "auth", "authentication tag does not verify")                                 \
	X(6, REPLAY, "replay", "index was received before")                                      \
	X(7, TOO_OLD, "too-old", "index is older than the replay window")                        \
	X(8, SSRC_LIMIT, "ssrc-limit", "one more SSRC than this stream may use")                 \
	X(9, EBIT, "e-bit", "SRTCP encryption bit differs from the negotiated policy")           \
	X(10, MKI, "mki", "no key of this leg has the packet's MKI")                             \
	X(11, KEY_EXPIRED, "key-expired", "the master key's packet lifetime is used up")         \
	X(12, EGRESS_REUSE, "egress-reuse", "its egress index was used before; not sent again")  \
	X(13, EGRESS_OLD, "egress-old", "its egress index is older than the egress window")      \
	X(14, NO_KEY, "no-key", "the leg has no key yet")                                        \
	X(15, TOO_BIG, "too-big", "does not fit the buffer or the path once protected")          \
	X(16, CRYPTO, "crypto", "the cipher or hash primitive reported an error")                \
	X(17, NO_ROUTE, "no-route", "the next hop is unreachable or prohibited")                 \
	X(18, TX_FAILED, "tx-failed", "the socket or the device refused to send")                \
	X(19, DTLS_UNEXPECTED, "dtls-unexpected", "DTLS on a leg that does not negotiate it")    \
	X(20, STUN_UNEXPECTED, "stun-unexpected", "STUN on a leg that does not use it")          \
	X(21, MUX, "mux", "RTCP on the RTP port without rtcp-mux, or RTP on the RTCP port")      \
	X(22, HEADROOM, "headroom", "the driver gave no room to grow or shrink the packet")      \
	X(23, CHECKSUM, "checksum", "UDP checksum does not verify")                              \
	X(24, CONTENDED, "contended", "another processor kept changing the same SSRC state")     \
	X(25, NO_FLOW, "no-flow", "arrived for a stream that is being removed")                  \
	X(26, HANDSHAKES, "handshakes", "more DTLS and STUN at once than the daemon takes in")

#define UPS_DROP_MAX 32 /* size of every array indexed by reason; rows above stay below it */

/*
 * Why the XDP program handed a packet to the stack (XDP_PASS): not a loss, the udp lane or the host gets it.
 * FOREIGN rows are packets that are not ours at all.
 */
#define UPS_PASSES(X)                                                                    \
	X(0, FOREIGN, "foreign", "not UDP for one of our ports")                         \
	X(1, FRAGMENT, "fragment", "IP fragment: the stack reassembles")                 \
	X(2, OPTIONS, "options", "IPv4 options or unusual IPv6 extension headers")       \
	X(3, RTCP, "rtcp", "RTCP and SRTCP are served by the udp lane")                  \
	X(4, DTLS, "dtls", "DTLS is served by the daemon")                               \
	X(5, STUN, "stun", "STUN is served by the daemon")                               \
	X(6, LANE, "lane", "this flow is assigned to another lane")                      \
	X(7, LEARN, "learn", "the source address is not learned yet")                    \
	X(8, NO_CRYPTO, "no-crypto", "the kernel lane has no key context for this flow") \
	X(9, NEIGHBOUR, "neighbour", "link-layer address of the next hop not resolved")  \
	X(10, LOCAL, "local", "the next hop is this host or needs the stack's routing")  \
	X(11, MTU, "mtu", "larger than the path allows: the stack fragments")            \
	X(12, SIZE, "size", "larger than the kernel lane's buffer")

#define UPS_PASS_MAX 16

#define UPS_X_ENUM(n, NAME, wire, text) UPS_DROP_##NAME = n,
enum ups_drop { UPS_DROPS(UPS_X_ENUM) };
#undef UPS_X_ENUM
#define UPS_X_ENUM(n, NAME, wire, text) UPS_PASS_##NAME = n,
enum ups_pass { UPS_PASSES(UPS_X_ENUM) };
#undef UPS_X_ENUM

#endif
