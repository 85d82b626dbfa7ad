/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * STUN Binding as an ICE-lite agent and a DTLS-SRTP endpoint need it (RFC 8489, RFC 8445 7.3): reading requests, writing responses, and
 * one request without credentials (RFC 5763 6.7.2). MESSAGE-INTEGRITY is HMAC-SHA1 under the local ice-pwd, compared in constant time.
 * Bytes to structs, no sockets. Any thread.
 */
#ifndef UPSEC_PROTO_STUN_H
#define UPSEC_PROTO_STUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "upsec/abi.h"

#define UPS_STUN_ID 12 /* bytes of a transaction id */

enum ups_stun_type { UPS_STUN_REQUEST, UPS_STUN_INDICATION, UPS_STUN_SUCCESS, UPS_STUN_ERROR };

struct ups_stun {
	enum ups_stun_type type; /* of a Binding */
	uint8_t id[UPS_STUN_ID];
	struct ups_text username; /* absent = none */
	bool use_candidate, ice_controlling, ice_controlled;
	bool has_integrity; /* there is MESSAGE-INTEGRITY; ups_stun_verify() says whether it holds */
	size_t integrity_at; /* offset of that attribute */
	bool has_fingerprint; /* and it is right; a wrong one is UPS_E_SYNTAX */
	uint16_t unknown; /* first comprehension-required attribute nobody knows, 0 = none */
};

/* UPS_E_SYNTAX (no STUN, no Binding, lengths, magic cookie, FINGERPRINT), UPS_E_TRUNCATED */
int ups_stun_parse(const void *data, size_t size, struct ups_stun *out) __must_check;
bool ups_stun_verify(const void *data, const struct ups_stun *stun, struct ups_text password);
/* Success with XOR-MAPPED-ADDRESS; MESSAGE-INTEGRITY if @password is there; FINGERPRINT. -> bytes, 0 if @size is too small */
size_t ups_stun_success(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID],
			const struct ups_addr *mapped, struct ups_text password);
/* Error response, e.g. 400, 401, 420 (with @unknown), 487. -> bytes */
size_t ups_stun_error(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID],
		      unsigned int code, uint16_t unknown, struct ups_text password);
/* Binding request without credentials. -> bytes */
size_t ups_stun_request(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID]);

#endif
