/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A second oracle, for the AES-CM suites: RFC 3711 4 and RFC 6188 straight from the text, on OpenSSL's AES-CTR and HMAC.
 * Stateless: protects one packet at a given index. It stands in where libsrtp2 cannot judge: release 2.5 derives
 * the session keys of its AES_192 suites with the AES-256 key derivation over a zero-padded master key, which is not RFC 6188's.
 */
#ifndef UPS_TEST_CMREF_H
#define UPS_TEST_CMREF_H

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/srtp.h"
#include "pktgen.h"

struct cmref {
	EVP_CIPHER_CTX *cipher; /* session cipher key set */
	uint8_t auth[20], salt[14];
	uint8_t tag_len, mki_len, mki[UPS_MKI_MAX];
};

TEST_INLINE const EVP_CIPHER *cmref_cipher(unsigned int key_len)
{
	return key_len == 16   ? EVP_aes_128_ctr()
	       : key_len == 24 ? EVP_aes_192_ctr()
			       : EVP_aes_256_ctr();
}

TEST_INLINE void cmref_ctr(EVP_CIPHER_CTX *cipher, const uint8_t iv[16], uint8_t *data, size_t size)
{
	int len;

	if (EVP_EncryptInit_ex(cipher, NULL, NULL, NULL, iv) != 1 ||
	    EVP_EncryptUpdate(cipher, data, &len, data, (int)size) != 1)
		abort();
}

/* RFC 3711 4.3.1: the label goes in at the seventh byte of the salt; no key derivation rate */
TEST_INLINE void cmref_derive(EVP_CIPHER_CTX *master, const uint8_t *salt, uint8_t label,
			      uint8_t *out, size_t size)
{
	uint8_t iv[16] = { 0 };

	memcpy(iv, salt, 14);
	iv[7] ^= label;
	memset(out, 0, size);
	cmref_ctr(master, iv, out, size);
}

TEST_INLINE EVP_CIPHER_CTX *cmref_key(const uint8_t *key, unsigned int key_len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (!c || EVP_EncryptInit_ex(c, cmref_cipher(key_len), NULL, key, NULL) != 1)
		abort();
	return c;
}

TEST_INLINE void cmref_open(struct cmref *ref, const struct ups_srtp_key_config *config)
{
	unsigned int key_len = config->suite->key_len;
	const uint8_t *salt = config->master.data + key_len;
	EVP_CIPHER_CTX *master = cmref_key(config->master.data, key_len);
	uint8_t key[UPS_KEY_MAX];

	cmref_derive(master, salt, 0, key, key_len);
	cmref_derive(master, salt, 1, ref->auth, sizeof(ref->auth));
	cmref_derive(master, salt, 2, ref->salt, sizeof(ref->salt));
	EVP_CIPHER_CTX_free(master);
	ref->cipher = cmref_key(key, key_len);
	ref->tag_len = config->suite->rtp_tag;
	ref->mki_len = config->mki_len;
	memcpy(ref->mki, config->mki, sizeof(ref->mki));
}

TEST_INLINE void cmref_close(struct cmref *ref)
{
	EVP_CIPHER_CTX_free(ref->cipher);
	ref->cipher = NULL;
}

TEST_INLINE size_t cmref_head(const uint8_t *packet)
{
	size_t head = 12 + 4 * (size_t)(packet[0] & 15);

	if (packet[0] & 0x10)
		head += 4 + 4 * (size_t)get16(packet + head + 2);
	return head;
}

/* @packet has 40 bytes of room behind it. */
TEST_INLINE void cmref_protect(struct cmref *ref, uint8_t *packet, int *len, uint64_t index)
{
	size_t head = cmref_head(packet), size = (size_t)*len;
	uint8_t iv[16] = { 0 }, mac[20];
	unsigned int mac_len;
	int i;

	memcpy(iv, ref->salt, sizeof(ref->salt));
	for (i = 0; i < 4; i++)
		iv[4 + i] ^= packet[8 + i];
	for (i = 0; i < 6; i++)
		iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
	if (size > head)
		cmref_ctr(ref->cipher, iv, packet + head, size - head);
	put32(packet + size, (uint32_t)(index >> 16));
	if (!HMAC(EVP_sha1(), ref->auth, sizeof(ref->auth), packet, size + 4, mac, &mac_len))
		abort();
	memcpy(packet + size, ref->mki, ref->mki_len);
	memcpy(packet + size + ref->mki_len, mac, ref->tag_len);
	*len += ref->mki_len + ref->tag_len;
}

/* Whether the suite is one libsrtp2 cannot judge */
TEST_INLINE bool cmref_needed(const struct ups_suite *suite)
{
	return suite->key_len == 24;
}

#endif
