/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SRTP and SRTCP for the user-space lanes (RFC 3711, 6188, 7714), and the exporter of keys for the kernel lane.
 *
 * Model
 *   backend  who computes: intel-ipsec-mb or OpenSSL EVP. Chosen once at start; known-answer tests run before use.
 *   key      one master key in one direction: its six session keys, MKI, E-bit policy, lifetime counters. Immutable
 *            after creation but for the counters, so any number of threads may use it at once.
 *   side     the receiving or the sending half of a flow: its keys and its SSRC slots. A plain view, nothing owned.
 *   op       one packet of a burst. Packets of one burst may belong to different sides; the order of packets of the
 *            same SSRC inside a burst is kept.
 *
 * State that must survive (rollover counter, replay lists, egress indices, key use) is not in here: it lives in the
 * caller's struct ups_ssrc and struct ups_key_use (upsec/abi.h), shared with the kernel lane, and changes by atomic
 * operations only.
 *
 * Order of work, receiving (RFC 3711 3.3): parse, find SSRC or a free slot, choose the key by MKI, estimate the
 * index, replay check, key lifetime, verify the tag (constant time), and only then: claim the slot, take the index, count, decrypt. An
 * unauthenticated packet changes nothing at all. Sending: claim the slot, take the index, count, then encrypt: an index is never
 * used twice, a duplicate or too old source packet is dropped with EGRESS_REUSE or EGRESS_OLD.
 *
 * Results are enum ups_drop numbers (0 = done). Buffers are changed in place; a failed packet's contents are undefined
 * and must not be forwarded. No allocation, lock, log or system call after creation.
 */
#ifndef UPSEC_CRYPTO_SRTP_H
#define UPSEC_CRYPTO_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "upsec/abi.h"

struct ups_crypto; /* a backend with its per-process tables; any thread */
struct ups_crypto_queue; /* a burst context: multi-buffer manager and scratch; one thread at a time */
struct ups_srtp_key;

struct ups_suite {
	const char *name; /* SDES name */
	uint8_t id; /* enum ups_suite_id */
	uint8_t key_len, salt_len; /* bytes */
	uint8_t rtp_tag, rtcp_tag; /* bytes */
	bool aead;
};

/* NULL if there is no such suite */
const struct ups_suite *ups_suite_by_id(unsigned int id);
const struct ups_suite *ups_suite_by_name(const char *name);

/*
 * Opens a backend: "ipsec-mb", "openssl", or "auto" (ipsec-mb where the CPU supports it, else openssl), and runs the
 * known-answer tests through it. UPS_E_NO_BACKEND, UPS_E_SELFTEST.
 */
int ups_crypto_open(const char *name, struct ups_crypto **out, struct ups_errmsg *msg) __must_check;
void ups_crypto_close(struct ups_crypto *c);
/* "ipsec-mb 1.3.0 (avx512)", "openssl 3.0.17": for `upsec status` */
const char *ups_crypto_name(const struct ups_crypto *c);

int ups_crypto_queue_create(struct ups_crypto *c, struct ups_crypto_queue **out) __must_check;
void ups_crypto_queue_destroy(struct ups_crypto_queue *q);

struct ups_srtp_key_config {
	const struct ups_suite *suite;
	struct ups_secret
		master; /* key then salt, suite->key_len + suite->salt_len bytes, as in SDES inline: */
	uint8_t mki_len; /* 0 = none */
	uint8_t mki[UPS_MKI_MAX]; /* as on the wire */
	bool rtcp_clear; /* UNENCRYPTED_SRTCP: E = 0 required on every packet; default E = 1 required */
};

/*
 * Derives the session keys. @use is the caller's counter record, which must outlive the key and have its limits set.
 * UPS_E_KEY_LENGTH, UPS_E_RANGE (MKI), -ENOMEM.
 */
int ups_srtp_key_create(struct ups_crypto *c, const struct ups_srtp_key_config *config,
			struct ups_key_use *use, struct ups_srtp_key **out) __must_check;
void ups_srtp_key_destroy(struct ups_srtp_key *key);
const struct ups_suite *ups_srtp_key_suite(const struct ups_srtp_key *key);
/* Bytes that protection adds at most: SRTP tag + MKI, or SRTCP tag + index + MKI. */
size_t ups_srtp_key_overhead(const struct ups_srtp_key *key, bool rtcp);

/* What the kernel lane needs for this key (SRTP only). @ghash is filled for AEAD suites and zeroed otherwise. The
 * caller wipes all three. UPS_E_UNSUPPORTED if the MKI is longer than UPS_MKI_XDP_MAX. */
int ups_srtp_key_export(const struct ups_srtp_key *key, struct ups_key *out,
			struct ups_set_aes *aes, struct ups_ghash *ghash) __must_check;

struct ups_srtp_side {
	const struct ups_srtp_key *key[UPS_RX_KEYS_MAX]; /* sending uses key[0] only */
	uint8_t key_count;
	struct ups_ssrc *ssrc; /* first slot */
	uint16_t ssrc_count;
};

enum ups_srtp_kind { UPS_SRTP_RTP, UPS_SRTP_RTCP };

struct ups_srtp_op {
	const struct ups_srtp_side *side;
	uint8_t *packet; /* in place; @cap - @len bytes of room behind it */
	uint16_t len; /* in and out, bytes */
	uint16_t cap; /* bytes */
	uint8_t kind; /* enum ups_srtp_kind */
	uint8_t result; /* out: enum ups_drop */
};

#define UPS_BURST_MAX 64

/* 1..UPS_BURST_MAX packets, any mix of suites, sessions, RTP and RTCP. */
void ups_srtp_unprotect(struct ups_crypto_queue *q, struct ups_srtp_op *ops, size_t count);
void ups_srtp_protect(struct ups_crypto_queue *q, struct ups_srtp_op *ops, size_t count);

/*
 * Reasons, in the order they are looked for (the kernel lane keeps the same order):
 *   receiving  SHORT (less than 12 or 8 bytes), MALFORMED (version), NO_KEY (none, or several without MKIs of one length),
 *              SHORT (no room for tag, MKI, index), MKI, MALFORMED (CSRC list or extension beyond the payload's end), SSRC_LIMIT,
 *              REPLAY or TOO_OLD, KEY_EXPIRED, AUTH, EBIT; then again SSRC_LIMIT, REPLAY, TOO_OLD, CONTENDED, KEY_EXPIRED
 *              if another packet was faster
 *   sending    SHORT, MALFORMED (version, CSRC list, extension), NO_KEY, TOO_BIG, KEY_EXPIRED, SSRC_LIMIT, EGRESS_REUSE,
 *              EGRESS_OLD, CONTENDED
 * EBIT therefore means that an authentic peer breaks the policy; a forged E-bit is AUTH. Either way nothing changes.
 * SRTCP indices are sent from 0 on (RFC 3711 3.4; libsrtp begins with 1) and accepted from either.
 * SSRC slots are claimed lowest first by every lane, so a free slot ends a search.
 */

/*
 * SSRC policing for clear packets of a terminated leg: finds the slot of @ssrc among @slots, or claims a free one.
 * -> 0 or UPS_DROP_SSRC_LIMIT.
 */
uint8_t ups_ssrc_admit(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc);

#endif
