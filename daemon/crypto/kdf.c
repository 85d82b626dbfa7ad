// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * From a master key to session keys: the AES-CM PRF (RFC 3711 4.3.3, with longer keys RFC 6188 3) and the HMAC-SHA1
 * midstates. Used while keys are created, never per packet; the same code whatever the backend. Any thread.
 */
/* SHA1_Transform is the only call that gives a midstate; OpenSSL 3 marks the whole low-level interface deprecated. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "crypto/engine.h"

#define LABEL_BYTE \
	7 /* where the label meets the 14-byte salt: key_id is label || 48-bit r, r = 0 (KDR 0) */

static const EVP_CIPHER *ctr_cipher(size_t key_len)
{
	return key_len == 16   ? EVP_aes_128_ctr()
	       : key_len == 24 ? EVP_aes_192_ctr()
			       : EVP_aes_256_ctr();
}

int ups_kdf(const struct ups_suite *suite, const uint8_t *master, unsigned int label, uint8_t *out,
	    size_t size)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t iv[16] = { 0 };
	int len = 0, err = -EIO;

	if (!ctx)
		return -ENOMEM;
	/* A 12-byte GCM salt stands left: the missing bytes are zero on the right (as every implementation does). */
	memcpy(iv, master + suite->key_len, suite->salt_len);
	iv[LABEL_BYTE] ^= (uint8_t)label;
	memset(out, 0, size);
	if (EVP_EncryptInit_ex(ctx, ctr_cipher(suite->key_len), NULL, master, iv) &&
	    EVP_EncryptUpdate(ctx, out, &len, out, (int)size) && len == (int)size)
		err = 0;
	EVP_CIPHER_CTX_free(ctx);
	ups_wipe(iv, sizeof(iv));
	return err;
}

static void absorb_pad(uint32_t words[static 5], const uint8_t *key, uint8_t pad)
{
	uint8_t block[SHA_CBLOCK];
	SHA_CTX sha;

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < UPS_SHA1_SIZE; i++)
		block[i] ^= key[i];
	SHA1_Init(&sha);
	SHA1_Transform(&sha, block);
	words[0] = sha.h0;
	words[1] = sha.h1;
	words[2] = sha.h2;
	words[3] = sha.h3;
	words[4] = sha.h4;
	ups_wipe(block, sizeof(block));
	ups_wipe(&sha, sizeof(sha));
}

void ups_hmac_init(struct ups_hmac_state *h, const uint8_t key[static UPS_SHA1_SIZE])
{
	absorb_pad(h->inner, key, 0x36);
	absorb_pad(h->outer, key, 0x5c);
}
