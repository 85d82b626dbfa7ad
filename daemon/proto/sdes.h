/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Key parameters of SDP security descriptions (RFC 4568 6.1):
 *
 *	inline:BASE64(key || salt)[|LIFETIME][|MKI:LENGTH]
 *
 * LIFETIME is a decimal number of packets or 2^n, at most 2^48. MKI is a positive decimal number, LENGTH its size on the wire,
 * 1..128 bytes, big-endian. Error texts name what was expected and never repeat the input.
 */
#ifndef UPSEC_PROTO_SDES_H
#define UPSEC_PROTO_SDES_H

#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/text.h"
#include "upsec/suite.h"

#define UPS_SDES_LIFETIME_MAX (1ULL << 48) /* packets */
#define UPS_SDES_TEXT (7 + 64 + 1) /* "inline:" + base64 of the longest key + NUL */

struct ups_sdes_key {
	struct ups_secret master; /* key || salt */
	uint64_t lifetime; /* packets, 0 = not given */
	uint8_t mki_len; /* 0 = not given */
	uint8_t mki[UPS_MKI_MAX];
};

/* Bytes of key || salt; 0 for an unknown suite. */
size_t ups_sdes_master_size(uint8_t suite);
/* @len characters at @text, no NUL needed. UPS_E_SYNTAX, UPS_E_KEY_LENGTH, UPS_E_SUITE; @out is wiped on failure. */
int ups_sdes_parse_key(uint8_t suite, const char *text, size_t len, struct ups_sdes_key *out,
		       struct ups_errmsg *msg) __must_check;
/*
 * The whole attribute (RFC 4568 9.1), @value being what stands behind "a=crypto:":
 *
 *	TAG SUITE inline:...[;inline:...] [SESSION-PARAM ...]
 *
 * Session parameters: KDR=n, UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP, UNAUTHENTICATED_SRTP, FEC_ORDER=, FEC_KEY=, WSH=n. An unknown one makes
 * the attribute invalid unless it begins with '-' (RFC 4568 6.3.7).
 */
#define UPS_SDES_KEYS_MAX UPS_RX_KEYS_MAX
#define UPS_SDES_TAG_MAX 999999999u

struct ups_sdes_crypto {
	uint32_t tag; /* 0..UPS_SDES_TAG_MAX */
	uint8_t suite; /* enum ups_suite_id; NONE = a suite we do not have (F8, NULL, unknown): no key was decoded */
	uint8_t key_count; /* 1..; several have MKIs of one length */
	struct ups_sdes_key key[UPS_SDES_KEYS_MAX];
	bool unencrypted_srtp, unencrypted_srtcp, unauthenticated_srtp;
	bool fec; /* FEC_ORDER or FEC_KEY is there */
	uint8_t kdr; /* 0 = not given or 2^0 never: KDR=0; else 1..24 */
	uint16_t window; /* WSH, 0 = not given */
};

/* UPS_E_SYNTAX, UPS_E_KEY_LENGTH, UPS_E_RANGE; an attribute that fails is to be ignored by the caller (RFC 4568 7.1.2). @out is wiped then. */
int ups_sdes_parse_crypto(struct ups_text value, struct ups_sdes_crypto *out,
			  struct ups_errmsg *msg) __must_check;
void ups_sdes_crypto_wipe(struct ups_sdes_crypto *c);
/* "1 AES_CM_128_HMAC_SHA1_80 inline:..." with lifetime, MKI and UNENCRYPTED_SRTCP where given; one key. An unknown suite or a key of another size fails the buffer. */
void ups_sdes_put_crypto(struct ups_buf *buf, uint32_t tag, uint8_t suite,
			 const struct ups_sdes_key *key, bool unencrypted_srtcp);
/* "inline:..." -> buf, which the caller wipes. */
void ups_sdes_format_key(const struct ups_secret *master, char buf[static UPS_SDES_TEXT]);

#endif
