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

#include "base/err.h"
#include "base/secret.h"
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
/* "inline:..." -> buf, which the caller wipes. */
void ups_sdes_format_key(const struct ups_secret *master, char buf[static UPS_SDES_TEXT]);

#endif
