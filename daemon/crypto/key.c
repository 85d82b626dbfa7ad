// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of a key: derivation into one allocation, export for the kernel lane, wiping. Any thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto/engine.h"
#include "upsec/ghash.h"

enum { LABEL_CIPHER, LABEL_AUTH, LABEL_SALT, LABELS_PER_KIND };

static enum ups_class class_of(const struct ups_suite *suite)
{
	if (suite->aead)
		return suite->key_len == 16 ? UPS_CLASS_GCM128 : UPS_CLASS_GCM256;
	return suite->key_len == 16   ? UPS_CLASS_CM128
	       : suite->key_len == 24 ? UPS_CLASS_CM192
				      : UPS_CLASS_CM256;
}

static int derive(struct ups_srtp_key *key, const uint8_t *master, enum ups_srtp_kind kind)
{
	const struct ups_suite *suite = key->suite;
	unsigned int label = kind * LABELS_PER_KIND;
	uint8_t auth[UPS_SHA1_SIZE];
	int err;

	err = ups_kdf(suite, master, label + LABEL_CIPHER, key->cipher_key[kind], suite->key_len);
	if (!err)
		err = ups_kdf(suite, master, label + LABEL_SALT, key->half[kind].salt,
			      suite->salt_len);
	if (!err && !suite->aead) {
		err = ups_kdf(suite, master, label + LABEL_AUTH, auth, sizeof(auth));
		ups_hmac_init(&key->auth[kind], auth);
		ups_wipe(auth, sizeof(auth));
	}
	return err ? err : key->crypto->backend->key_init(key, kind);
}

static size_t key_size(const struct ups_srtp_key *key)
{
	return UPS_CACHE_ALIGN(sizeof(*key)) + 2 * (size_t)key->state_size;
}

static struct ups_srtp_key *key_alloc(struct ups_crypto *c, const struct ups_suite *suite)
{
	size_t state = UPS_CACHE_ALIGN(c->backend->state_size(class_of(suite)));
	size_t head = UPS_CACHE_ALIGN(sizeof(struct ups_srtp_key));
	struct ups_srtp_key *key = aligned_alloc(UPS_CACHE_LINE, head + 2 * state);

	if (!key)
		return NULL;
	memset(key, 0, head + 2 * state);
	key->state_size = (uint16_t)state;
	key->half[UPS_SRTP_RTP].state = (uint8_t *)key + head;
	key->half[UPS_SRTP_RTCP].state = (uint8_t *)key + head + state;
	key->crypto = c;
	key->suite = suite;
	key->class = class_of(suite);
	key->aead = suite->aead;
	key->tag[UPS_SRTP_RTP] = suite->rtp_tag;
	key->tag[UPS_SRTP_RTCP] = suite->rtcp_tag;
	return key;
}

int ups_srtp_key_create(struct ups_crypto *c, const struct ups_srtp_key_config *config,
			struct ups_key_use *use, struct ups_srtp_key **out)
{
	const struct ups_suite *suite = config->suite;
	struct ups_srtp_key *key;
	int err;

	*out = NULL;
	if (config->master.size != suite->key_len + suite->salt_len)
		return UPS_E_KEY_LENGTH;
	if (config->mki_len > UPS_MKI_MAX)
		return UPS_E_RANGE;
	key = key_alloc(c, suite);
	if (!key)
		return -ENOMEM;
	key->use = use;
	key->rtcp_clear = config->rtcp_clear;
	key->mki_len = config->mki_len;
	memcpy(key->mki, config->mki, config->mki_len);
	err = derive(key, config->master.data, UPS_SRTP_RTP);
	if (!err)
		err = derive(key, config->master.data, UPS_SRTP_RTCP);
	if (err) {
		ups_srtp_key_destroy(key);
		return err;
	}
	*out = key;
	return 0;
}

void ups_srtp_key_destroy(struct ups_srtp_key *key)
{
	if (!key)
		return;
	key->crypto->backend->key_fini(key, UPS_SRTP_RTP);
	key->crypto->backend->key_fini(key, UPS_SRTP_RTCP);
	ups_wipe(key, key_size(key));
	free(key);
}

const struct ups_suite *ups_srtp_key_suite(const struct ups_srtp_key *key)
{
	return key->suite;
}

size_t ups_srtp_key_overhead(const struct ups_srtp_key *key, bool rtcp)
{
	return key->tag[rtcp] + (size_t)key->mki_len + (rtcp ? UPS_RTCP_TRAILER : 0);
}

static uint64_t load_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

/* H = AES(K, 0^128), then the table of its multiples */
static int export_ghash(const struct ups_srtp_key *key, struct ups_ghash *ghash)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t zero[16] = { 0 }, h[16];
	int len = 0, err = -EIO;

	if (!ctx)
		return -ENOMEM;
	if (EVP_EncryptInit_ex(ctx,
			       key->suite->key_len == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb(),
			       NULL, key->cipher_key[UPS_SRTP_RTP], NULL) &&
	    EVP_EncryptUpdate(ctx, h, &len, zero, sizeof(zero)) && len == sizeof(h)) {
		ups_ghash_fill(ghash, (struct ups_ghash128) { load_be64(h), load_be64(h + 8) });
		err = 0;
	}
	EVP_CIPHER_CTX_free(ctx);
	ups_wipe(h, sizeof(h));
	return err;
}

int ups_srtp_key_export(const struct ups_srtp_key *key, struct ups_key *out,
			struct ups_set_aes *aes, struct ups_ghash *ghash)
{
	const struct ups_hmac_state *auth = &key->auth[UPS_SRTP_RTP];

	memset(out, 0, sizeof(*out));
	memset(aes, 0, sizeof(*aes));
	memset(ghash, 0, sizeof(*ghash));
	if (key->mki_len > UPS_MKI_XDP_MAX)
		return UPS_E_UNSUPPORTED;
	out->suite = key->suite->id;
	out->tag_len = key->suite->rtp_tag;
	out->mki_len = key->mki_len;
	out->aead = key->aead;
	memcpy(out->mki, key->mki, key->mki_len);
	memcpy(out->salt, key->half[UPS_SRTP_RTP].salt, sizeof(out->salt));
	memcpy(out->sha1_inner, auth->inner, sizeof(out->sha1_inner));
	memcpy(out->sha1_outer, auth->outer, sizeof(out->sha1_outer));
	aes->key_len = key->suite->key_len;
	memcpy(aes->key, key->cipher_key[UPS_SRTP_RTP], key->suite->key_len);
	return key->aead ? export_ghash(key, ghash) : 0;
}
