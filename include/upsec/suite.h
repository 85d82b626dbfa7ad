/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SRTP crypto suites: numbers shared by BPF, daemon, netlink and CLI, and the table of their parameters.
 *
 * X(number, NAME, "SDES name", cipher key bytes, salt bytes, SRTP tag bytes, SRTCP tag bytes, aead)
 * Sources: RFC 4568 6.2, RFC 6188 4, RFC 7714 12-14. NULL and F8 are never offered nor accepted, so they have no row.
 * Numbers are part of the ABI and never re-used.
 */
#ifndef UPSEC_SUITE_H
#define UPSEC_SUITE_H

#define UPS_SUITES(X)                                                               \
	X(1, AES_CM_128_HMAC_SHA1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, 0) \
	X(2, AES_CM_128_HMAC_SHA1_32, "AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, 0)  \
	X(3, AES_192_CM_HMAC_SHA1_80, "AES_192_CM_HMAC_SHA1_80", 24, 14, 10, 10, 0) \
	X(4, AES_192_CM_HMAC_SHA1_32, "AES_192_CM_HMAC_SHA1_32", 24, 14, 4, 10, 0)  \
	X(5, AES_256_CM_HMAC_SHA1_80, "AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, 0) \
	X(6, AES_256_CM_HMAC_SHA1_32, "AES_256_CM_HMAC_SHA1_32", 32, 14, 4, 10, 0)  \
	X(7, AEAD_AES_128_GCM, "AEAD_AES_128_GCM", 16, 12, 16, 16, 1)               \
	X(8, AEAD_AES_256_GCM, "AEAD_AES_256_GCM", 32, 12, 16, 16, 1)

enum ups_suite_id {
	UPS_SUITE_NONE = 0,
#define UPS_X_ENUM(n, NAME, sdes, k, s, t, ct, aead) UPS_SUITE_##NAME = n,
	UPS_SUITES(UPS_X_ENUM)
#undef UPS_X_ENUM
		UPS_SUITE_COUNT,
};

#define UPS_KEY_MAX 32 /* longest master or session cipher key, bytes */
#define UPS_SALT_MAX 14 /* longest master or session salt, bytes */
#define UPS_TAG_MAX 16 /* longest authentication tag, bytes */
#define UPS_MKI_MAX 128 /* longest MKI, bytes (RFC 4568 6.1) */
#define UPS_MKI_XDP_MAX \
	16 /* longest MKI that the kernel lane matches; longer ones go to the udp lane */
#define UPS_RX_KEYS_MAX 4 /* master keys valid at once for receiving on one leg */

#endif
