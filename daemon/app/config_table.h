/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every option of upsecd.yaml, once. A section is a mapping of the document.
 *
 * X(member, "key", kind, destination, lowest, highest, words, "default", "text")
 *	member       name in the section's structure of raw texts
 *	kind         NUMBER (decimal, or 2^N), WORD (one of @words, stored as its index), CHOICE (one of @words, stored as pointer
 *	             to it), NAME (letters, digits, - _ .), DEVICE, ADDR4, ADDR6, PATH (absolute), OTHER (read by code of its own)
 *	destination  member of struct ups_config; in section IFACE of struct ups_iface, in RULE of struct ups_rule, in SOURCE of struct
 *	             ups_ng_source, in NG of struct ups_ng_config
 *	lowest, highest  of a NUMBER; of a NAME or DEVICE the longest, in bytes without NUL, is @highest
 *	default      NULL = must be given; "" = may be left out
 * Lists of words:
 * Y(member, "key", most entries, "default", "text")
 * Texts are also the man page's: tests/unit/app compares.
 */
#ifndef UPSEC_APP_CONFIG_TABLE_H
#define UPSEC_APP_CONFIG_TABLE_H

#define UPS_OPTIONS_ROOT(X)                                                                         \
	X(lane, "lane", WORD, lane, 0, 0, lane_words, "auto",                                       \
	  "Lane for streams whose request names none: auto takes the cheapest that can serve them") \
	X(workers, "workers", NUMBER, workers, 0, 256, NULL, "0",                                   \
	  "Threads of the udp lane; 0 is one per CPU")                                              \
	X(user, "user", NAME, user, 0, UPS_USER_MAX - 1, NULL, "",                                  \
	  "User to run as once everything is set up")

#define UPS_OPTIONS_XDP(X)                                  \
	X(mode, "mode", WORD, xdp, 0, 0, xdp_words, "auto", \
	  "How the XDP program is attached: auto tries native, then generic with a warning")

#define UPS_OPTIONS_LIMITS(X)                                                                      \
	X(sessions, "sessions", NUMBER, limits.sessions, 1, 65536, NULL, "2048",                   \
	  "Sessions at the same time")                                                             \
	X(streams, "streams-per-session", NUMBER, streams_per_session, 1, UPS_STREAMS_MAX, NULL,   \
	  "2", "Average number of streams of a session, for sizing tables")                        \
	X(ssrcs, "ssrc-per-flow", NUMBER, limits.ssrc_per_flow, 1, UPS_SSRC_MAX, NULL, "4",        \
	  "SSRCs that one direction of a stream may use")                                          \
	X(rtp, "rtp-lifetime", NUMBER, limits.rtp_lifetime, 1, UPS_RTP_LIFETIME_MAX, NULL, "2^48", \
	  "Most SRTP packets under one master key")                                                \
	X(rtcp, "rtcp-lifetime", NUMBER, limits.rtcp_lifetime, 1, UPS_RTCP_LIFETIME_MAX, NULL,     \
	  "2^31", "Most SRTCP packets under one master key")                                       \
	X(registrations, "registrations", NUMBER, registrations, 1, 1048576, NULL, "65536",        \
	  "CPM Addresses that may be registered at the same time")                                 \
	X(warning, "key-warning-percent", NUMBER, key_warning_percent, 1, 99, NULL, "90",          \
	  "Use of a key's lifetime at which an event warns")

#define UPS_OPTIONS_NETLINK(X)                                            \
	X(group, "group", NAME, group, 0, UPS_USER_MAX - 1, NULL, "",     \
	  "Group whose members may add and delete sessions, beside root") \
	X(read, "read", WORD, read_all, 0, 0, read_words, "group",        \
	  "Who may read sessions and statistics: root and the group, or all")

#define UPS_OPTIONS_CRYPTO(X)                                              \
	X(backend, "backend", CHOICE, crypto, 0, 0, backend_words, "auto", \
	  "Library for SRTP in user space: auto takes ipsec-mb where the CPU supports it")

#define UPS_OPTIONS_LOG(X)                                          \
	X(level, "level", WORD, log_level, 0, 0, log_words, "info", \
	  "Least important messages to log")

#define UPS_OPTIONS_IFACE(X)                                                                                     \
	X(name, "name", NAME, name, 1, UPS_NAME_MAX - 1, NULL, NULL,                                             \
	  "Name of the logical interface in requests")                                                           \
	X(device, "device", DEVICE, device, 1, IF_NAMESIZE - 1, NULL, NULL, "Network device")                    \
	X(v4, "v4", ADDR4, v4, 0, 0, NULL, "", "Local IPv4 address for media")                                   \
	X(v6, "v6", ADDR6, v6, 0, 0, NULL, "", "Local IPv6 address for media")                                   \
	X(adv4, "advertised-v4", ADDR4, advertised_v4, 0, 0, NULL, "",                                           \
	  "IPv4 address that peers are told instead of v4")                                                      \
	X(adv6, "advertised-v6", ADDR6, advertised_v6, 0, 0, NULL, "",                                           \
	  "IPv6 address that peers are told instead of v6")                                                      \
	X(port_min, "port-min", NUMBER, port_min, 1024, 65534, NULL, "16384",                                    \
	  "Lowest media port; even")                                                                             \
	X(port_max, "port-max", NUMBER, port_max, 1025, 65535, NULL, "32767",                                    \
	  "Highest media port")                                                                                  \
	X(kind, "kind", WORD, kind, 0, 0, kind_words, NULL,                                                      \
	  "What is on the other side: users (conv), another conversation server (nni), a non-CPM network (iwf)") \
	X(source, "source", WORD, source, 0, 0, source_words, "strict",                                          \
	  "Source accepted where the request says nothing: the signalled address, or the first that comes (latch)")

#define UPS_OPTIONS_TIMEOUTS(X)                                          \
	X(media, "media", NUMBER, media_timeout_s, 0, 86400, NULL, "60", \
	  "Seconds without any packet until a negotiated call ends; 0 is never")

#define UPS_OPTIONS_DTLS(X)                                                                \
	X(certificate, "certificate", PATH, dtls_certificate, 0, 0, NULL, "",              \
	  "File with the certificate for DTLS-SRTP, PEM; without it one is made at start") \
	X(key, "key", PATH, dtls_key, 0, 0, NULL, "",                                      \
	  "File with the private key of the certificate, PEM")                             \
	X(ca, "ca", PATH, dtls_ca, 0, 0, NULL, "",                                         \
	  "File with the certificates of authorities that rules with peer-name rely on, PEM")

#define UPS_OPTIONS_NG(X)                                                       \
	X(connections, "connections", NUMBER, connections, 1, 1024, NULL, "64", \
	  "TCP connections at the same time")
#define UPS_LISTS_NG(Y)                            \
	Y(listen, "listen", UPS_NG_LISTEN_MAX, "", \
	  "Addresses with port where ng requests are taken, over UDP and TCP")

#define UPS_OPTIONS_SOURCE(X)                                                                \
	X(network, "network", OTHER, network, 0, 0, NULL, NULL, "Network that may speak ng") \
	X(signalling, "signalling", WORD, signalling, 0, 0, signalling_words, "none",        \
	  "How the SDP of requests from there is protected on all of its way, where a request does not say")

#define UPS_OPTIONS_RULE(X)                                                                                                           \
	X(name, "name", NAME, name, 1, UPS_RULE_NAME_MAX - 1, NULL, NULL,                                                             \
	  "Name of the rule in verdicts and events")                                                                                  \
	X(media, "media", NAME, media, 1, 15, NULL, "", "Media type of the stream, such as audio")                                    \
	X(peer, "peer", OTHER, peer, 0, 0, NULL, "", "Network of the peer's media address")                                           \
	X(address, "address", OTHER, address, 0, 0, NULL, "",                                                                         \
	  "CPM Address of the party, or @domain")                                                                                     \
	X(protection, "protection", WORD, protection, 0, 0, protection_words, "require",                                              \
	  "What the provider wants: clear media only, what the user asks for, protection where the peer can, protection or no media") \
	X(min_tag, "min-tag", NUMBER, min_tag, 32, 128, NULL, "80",                                                                   \
	  "Shortest authentication tag of SRTP packets in bits: 32, 80 or 128")                                                       \
	X(termination, "termination", WORD, opaque, 0, 0, termination_words, "terminate",                                             \
	  "Whether users who key each other are relayed untouched (opaque); the rules of both legs must say so")                      \
	X(osrtp, "osrtp", WORD, osrtp, 0, 0, osrtp_words, "no",                                                                       \
	  "Whether keys may be offered and taken with RTP/AVP (RFC 8643)")                                                            \
	X(registration, "registration", WORD, registration, 0, 0, registration_words, "required",                                     \
	  "Whether a conv leg needs a registered CPM Address and an authenticated client")                                            \
	X(underlay, "underlay", WORD, ipsec, 0, 0, underlay_words, "none",                                                            \
	  "Whether IPsec that the kernel's policies confirm in both directions counts as protection of an nni leg")                   \
	X(interworking, "unprotected-interworking", WORD, unprotected_interworking, 0, 0,                                             \
	  interworking_words, "refuse",                                                                                               \
	  "Whether an iwf leg may be clear where the other network cannot protect it")                                                \
	X(peer_name, "peer-name", NAME, peer_name, 1, UPS_PKI_NAME_MAX - 1, NULL, "",                                                 \
	  "DNS name that the peer's DTLS certificate must have, from an authority of dtls.ca")
#define UPS_LISTS_RULE(Y)                                                                           \
	Y(leg, "leg", 4, "[any]", "Kinds of legs the rule is for")                                  \
	Y(mechanisms, "mechanisms", 2, "[dtls, sdes]",                                              \
	  "Means of protection, the preferred one first")                                           \
	Y(suites, "suites", UPS_RULE_SUITES_MAX,                                                    \
	  "[AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_256_CM_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_80]", \
	  "SRTP suites, the preferred one first")

/* X(SECTION, member of the raw document, "key path") */
#define UPS_SECTIONS(X)                        \
	X(XDP, xdp, "xdp")                     \
	X(LIMITS, limits, "limits")            \
	X(NETLINK, netlink, "control.netlink") \
	X(CRYPTO, crypto, "crypto")            \
	X(TIMEOUTS, timeouts, "timeouts")      \
	X(DTLS, dtls, "dtls")                  \
	X(LOG, log, "log")

#endif
