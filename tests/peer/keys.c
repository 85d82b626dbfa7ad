// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys of the test peer: from the lines of a file into libsrtp2 sessions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "peer.h"

static const struct {
	const char *name;
	int size; /* key and salt, bytes */
	void (*rtp)(srtp_crypto_policy_t *p);
	void (*rtcp)(srtp_crypto_policy_t *p);
} suites[] = {
	{ "AES_CM_128_HMAC_SHA1_80", 30, srtp_crypto_policy_set_rtp_default,
	  srtp_crypto_policy_set_rtcp_default },
	{ "AES_CM_128_HMAC_SHA1_32", 30, srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	  srtp_crypto_policy_set_rtcp_default },
	{ "AES_192_CM_HMAC_SHA1_80", 38, srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
	  srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80 },
	{ "AES_192_CM_HMAC_SHA1_32", 38, srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
	  srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80 },
	{ "AES_256_CM_HMAC_SHA1_80", 46, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	  srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80 },
	{ "AES_256_CM_HMAC_SHA1_32", 46, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
	  srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80 },
	{ "AEAD_AES_128_GCM", 28, srtp_crypto_policy_set_aes_gcm_128_16_auth,
	  srtp_crypto_policy_set_aes_gcm_128_16_auth },
	{ "AEAD_AES_256_GCM", 44, srtp_crypto_policy_set_aes_gcm_256_16_auth,
	  srtp_crypto_policy_set_aes_gcm_256_16_auth },
};

static int session_create(const char *suite, uint8_t *key, int key_len, srtp_ssrc_type_t type,
			  bool rtcp_clear, srtp_t *out)
{
	srtp_policy_t policy = { .ssrc.type = type, .key = key, .window_size = 1024 };
	size_t i, count = sizeof(suites) / sizeof(suites[0]);
	srtp_err_status_t status;

	for (i = 0; i < count && strcmp(suite, suites[i].name); i++)
		;
	if (i == count || key_len != suites[i].size) {
		fprintf(stderr, "peer: no suite %s with %d bytes of key and salt\n", suite,
			key_len);
		return -1;
	}
	suites[i].rtp(&policy.rtp);
	suites[i].rtcp(&policy.rtcp);
	if (rtcp_clear)
		policy.rtcp.sec_serv = sec_serv_auth;
	status = srtp_create(out, &policy);
	if (status)
		fprintf(stderr, "peer: srtp_create: %d for %s\n", status, suite);
	return status ? -1 : 0;
}

/* Standard base64 with optional padding and SDES parameters behind '|'. -> bytes or -1 */
static int inline_decode(char *text, uint8_t *out)
{
	char *bar = strchr(text, '|');
	size_t len, padding;
	int n;

	if (bar)
		*bar = 0;
	len = strlen(text);
	padding = len -
		  strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	if (len > 64 || len % 4)
		return -1;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	return n < 0 ? -1 : n - (int)padding;
}

int peer_keys_set(struct peer_keys *keys, bool tx, const char *suite, uint8_t *key, int len)
{
	srtp_ssrc_type_t type = tx ? ssrc_any_outbound : ssrc_any_inbound;
	int err = session_create(suite, key, len, type, false, tx ? &keys->tx : &keys->rx);

	if (!err && tx)
		err = session_create(suite, key, len, type, true, &keys->tx_ebit);
	snprintf(tx ? keys->tx_suite : keys->rx_suite, sizeof(keys->tx_suite), "%s", suite);
	return err;
}

static int line_use(const char *direction, const char *suite, char *text, struct peer_keys *keys)
{
	uint8_t key[64];
	int err =
		peer_keys_set(keys, !strcmp(direction, "tx"), suite, key, inline_decode(text, key));

	OPENSSL_cleanse(key, sizeof(key));
	return err;
}

int peer_keys_read(const char *path, struct peer_keys *keys)
{
	char line[256], direction[8], suite[32], text[128];
	FILE *file = fopen(path, "re");
	int err = 0;

	if (!file) {
		fprintf(stderr, "peer: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (!err && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%7s %31s inline:%127s", direction, suite, text) == 3 &&
		    (!strcmp(direction, "tx") || !strcmp(direction, "rx")))
			err = line_use(direction, suite, text, keys);
	}
	fclose(file);
	OPENSSL_cleanse(line, sizeof(line));
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}

void peer_keys_fini(struct peer_keys *keys)
{
	if (keys->rx)
		srtp_dealloc(keys->rx);
	if (keys->tx)
		srtp_dealloc(keys->tx);
	if (keys->tx_ebit)
		srtp_dealloc(keys->tx_ebit);
	memset(keys, 0, sizeof(*keys));
}
