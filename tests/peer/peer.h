/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * peer: the other ends of a call, for the whole-daemon tests and the demo. Three commands:
 *
 *	peer call    one endpoint with a foreign SRTP implementation (libsrtp2): sends and receives RTP and RTCP, clear or
 *	             protected, checks every byte it gets, and misbehaves on request
 *	peer attack  an attacker on the path: reads frames from one device and injects altered ones on another
 *	peer scan    counts the packets of a capture in which 16 bytes in a row of a known plain text can be read
 *
 * Keys come from a file, never from the command line. Results are one JSON object on standard output. Single-threaded.
 */
#ifndef UPSEC_TESTS_PEER_H
#define UPSEC_TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <srtp2/srtp.h>

#define PEER_PACKET_MAX 2048 /* bytes of one UDP payload, with room for tag and MKI */
#define PEER_NUMBERS 65536 /* packets of one stream at most */

/* Ways to misbehave; the names are the words after --bad and in the results. */
#define PEER_BADS(X)                                                                         \
	X(FORGE, "forge", "a sequence number of its own on somebody else's payload and tag") \
	X(REPLAY, "replay", "a recent packet again, byte for byte")                          \
	X(OLD, "old", "a packet from further back than any window")                          \
	X(INJECT, "inject", "clear RTP from an SSRC of its own")                             \
	X(FLOOD, "flood", "a new SSRC each time, correctly protected where there is a key")  \
	X(EBIT, "ebit", "an authentic RTCP packet with the other encryption bit")            \
	X(RTCP_FORGE, "rtcp-forge", "RTCP of an index far ahead with somebody else's tag")   \
	X(RTCP_REPLAY, "rtcp-replay", "the last RTCP packet again")                          \
	X(SHORT, "short", "fewer bytes than a header")                                       \
	X(MALFORMED, "malformed", "a CSRC list or extension that ends behind the packet")    \
	X(DEMUX, "demux", "a first byte of no protocol")                                     \
	X(STUN, "stun", "a STUN binding request")                                            \
	X(DTLS, "dtls", "a DTLS record")                                                     \
	X(MUX, "mux", "RTCP on the RTP port")                                                \
	X(NOISE, "noise", "random bytes of random length behind an RTP version")

enum peer_bad {
#define X(NAME, word, text) PEER_BAD_##NAME,
	PEER_BADS(X)
#undef X
		PEER_BAD_COUNT,
};

extern const char *const peer_bad_word[PEER_BAD_COUNT];

/* "forge=10,replay=5" -> counts. 0 or -1 after a message. */
int peer_bad_parse(const char *text, unsigned int counts[PEER_BAD_COUNT]);
void peer_bad_print(const unsigned int counts[PEER_BAD_COUNT]);
/* Which kind is next when @done of @want have been sent; PEER_BAD_COUNT when all are. */
enum peer_bad peer_bad_next(const unsigned int want[PEER_BAD_COUNT],
			    const unsigned int done[PEER_BAD_COUNT]);
/*
 * Payloads that need no key and no earlier packet (INJECT, SHORT, MALFORMED, DEMUX, STUN, DTLS, MUX, NOISE) -> bytes.
 * 0 for the other kinds.
 */
size_t peer_bad_build(enum peer_bad kind, uint32_t n, uint8_t *out);

/* Deterministic bytes: the same @seed gives the same sequence. */
uint64_t peer_random(uint64_t *seed);

/* Packets whose every byte follows from SSRC and number, so that the receiver can check them. */
#define PEER_MARK "plain text of upsec's peer: " /* at the head of every RTP payload */
#define PEER_MARK_LEN (sizeof(PEER_MARK) - 1)
#define PEER_RTP_MIN (12 + PEER_MARK_LEN + 4)
#define PEER_RTCP_LEN 28

size_t peer_rtp_build(uint8_t *out, uint32_t ssrc, uint16_t seq, uint32_t n, size_t payload);
/* -> number of the packet, or -1 if any byte differs */
int64_t peer_rtp_check(const uint8_t *packet, size_t len);
size_t peer_rtcp_build(uint8_t *out, uint32_t ssrc, uint32_t n);
int64_t peer_rtcp_check(const uint8_t *packet, size_t len);
/* Changes a protected packet so that its index jumps and its tag is wrong, whatever the suite. -> @len */
size_t peer_rtcp_forge(uint8_t *packet, size_t len);

/* Protection of one direction; NULL sessions mean clear. */
struct peer_keys {
	srtp_t rx, tx;
	srtp_t tx_ebit; /* as tx, but its RTCP has the other encryption bit */
	char rx_suite[32], tx_suite[32];
};

/*
 * Reads lines "rx|tx SUITE inline:BASE64" (others are ignored) for the two directions of this peer, from its own point
 * of view. 0 or -1 after a message.
 */
int peer_keys_read(const char *path, struct peer_keys *keys);
/* One direction; @key holds key and salt, @len bytes. */
int peer_keys_set(struct peer_keys *keys, bool tx, const char *suite, uint8_t *key, int len);
void peer_keys_fini(struct peer_keys *keys);

/* DTLS-SRTP instead of a file of keys. */
struct peer_dtls {
	const char *role; /* active, passive */
	const char *identity; /* PEM file: certificate and private key */
	const char *fingerprint; /* of the other side, as in SDP; NULL = not checked */
	const char *profiles; /* OpenSSL's names, with ':' between */
	unsigned int timeout_ms;
};
/* Handshake on @fd, which stays connected to @remote. 0 or -1 after a message. */
int peer_dtls_run(const struct peer_dtls *d, int fd, const struct sockaddr_storage *remote,
		  struct peer_keys *keys);

/* ICE's check with nomination, by the username and password in a file. 0, or -1 after a message: nobody answered. */
int peer_ice_run(const char *path, int fd, const struct sockaddr_storage *remote);

/* "192.0.2.1:4000", "[2001:db8::1]:4000". 0 or -1 after a message. */
int peer_addr_parse(const char *text, struct sockaddr_storage *out);

int peer_call(int argc, char **argv);
int peer_attack(int argc, char **argv);
int peer_scan(int argc, char **argv);

#endif
