// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Backend on OpenSSL 3: AES through EVP, everywhere OpenSSL runs.
 *
 * Threads: an EVP cipher context changes while it works, and a key may be used by several threads at once. Each half of
 * a key therefore has one context with its key schedule in it, guarded by a flag that is tried and never waited for; who finds
 * it taken sets the key into a context of its own queue instead (some 200 ns more, and rare).
 *
 * HMAC-SHA1 uses the low-level SHA-1 calls: EVP_MAC allocates memory for every packet, and cannot start from a midstate.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "crypto/wire.h"

static const char *const cipher_names[UPS_CLASS_COUNT] = {
	"AES-128-CTR", "AES-192-CTR", "AES-256-CTR", "AES-128-GCM", "AES-256-GCM",
};

struct ossl {
	EVP_CIPHER *cipher[UPS_CLASS_COUNT];
};

struct ossl_half {
	EVP_CIPHER_CTX *ctx;
	bool busy; /* atomic */
};

struct ossl_queue {
	EVP_CIPHER_CTX *spare[UPS_CLASS_COUNT]; /* for keys whose own context is busy */
};

static void ossl_close(struct ups_crypto *c)
{
	struct ossl *o = c->data;

	if (!o)
		return;
	for (size_t i = 0; i < UPS_CLASS_COUNT; i++)
		EVP_CIPHER_free(o->cipher[i]);
	free(o);
	c->data = NULL;
}

static int ossl_open(struct ups_crypto *c, struct ups_errmsg *msg)
{
	struct ossl *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	c->data = o;
	for (size_t i = 0; i < UPS_CLASS_COUNT; i++) {
		o->cipher[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
		if (!o->cipher[i])
			return ups_fail(msg, UPS_E_NO_BACKEND, "this OpenSSL has no %s",
					cipher_names[i]);
	}
	snprintf(c->label, sizeof(c->label), "openssl %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return 0;
}

static size_t ossl_state_size(enum ups_class class)
{
	(void)class;
	return sizeof(struct ossl_half);
}

static int ossl_key_init(struct ups_srtp_key *key, enum ups_srtp_kind kind)
{
	const struct ossl *o = key->crypto->data;
	struct ossl_half *h = key->half[kind].state;

	h->ctx = EVP_CIPHER_CTX_new();
	if (!h->ctx)
		return -ENOMEM;
	if (!EVP_CipherInit_ex2(h->ctx, o->cipher[key->class], key->cipher_key[kind], NULL, 1,
				NULL))
		return -EIO;
	return 0;
}

static void ossl_key_fini(struct ups_srtp_key *key, enum ups_srtp_kind kind)
{
	struct ossl_half *h = key->half[kind].state;

	EVP_CIPHER_CTX_free(h->ctx); /* OpenSSL wipes the key schedule */
}

static void ossl_prefetch(const struct ups_srtp_key *key, enum ups_srtp_kind kind, uint16_t len)
{
	(void)len;
	__builtin_prefetch(key->half[kind].state, 1); /* what is behind it is OpenSSL's */
	if (!key->aead)
		ups_prefetch(&key->auth[0], sizeof(key->auth));
}

static void ossl_queue_destroy(void *queue)
{
	struct ossl_queue *q = queue;

	if (!q)
		return;
	for (size_t i = 0; i < UPS_CLASS_COUNT; i++)
		EVP_CIPHER_CTX_free(q->spare[i]);
	free(q);
}

static int ossl_queue_create(struct ups_crypto *c, void **queue)
{
	const struct ossl *o = c->data;
	struct ossl_queue *q = calloc(1, sizeof(*q));
	uint8_t zero[UPS_KEY_MAX] = { 0 };

	if (!q)
		return -ENOMEM;
	for (size_t i = 0; i < UPS_CLASS_COUNT; i++) {
		q->spare[i] = EVP_CIPHER_CTX_new();
		if (!q->spare[i] ||
		    !EVP_CipherInit_ex2(q->spare[i], o->cipher[i], zero, NULL, 1, NULL)) {
			ossl_queue_destroy(q);
			return -ENOMEM;
		}
	}
	*queue = q;
	return 0;
}

/* A context with this job's key in it, and its nonce or counter block set. NULL: OpenSSL refused. */
static EVP_CIPHER_CTX *borrow(struct ossl_queue *q, const struct ups_job *job, bool encrypt)
{
	struct ossl_half *h = job->key->half[job->kind].state;
	const uint8_t *key = NULL;
	EVP_CIPHER_CTX *ctx = h->ctx;

	if (__atomic_test_and_set(&h->busy, __ATOMIC_ACQUIRE)) {
		ctx = q->spare[job->key->class];
		key = job->key->cipher_key[job->kind];
	}
	if (EVP_CipherInit_ex2(ctx, NULL, key, job->iv, encrypt, NULL))
		return ctx;
	if (!key)
		__atomic_clear(&h->busy, __ATOMIC_RELEASE);
	return NULL;
}

static void give_back(const struct ups_job *job, const EVP_CIPHER_CTX *ctx)
{
	struct ossl_half *h = job->key->half[job->kind].state;

	if (ctx == h->ctx)
		__atomic_clear(&h->busy, __ATOMIC_RELEASE);
}

static void ossl_cm_cipher(void *queue, enum ups_class class, struct ups_job **jobs, size_t count)
{
	(void)class;
	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = jobs[i];
		uint8_t *data = job->packet + job->offset;
		EVP_CIPHER_CTX *ctx = borrow(queue, job, true);
		int len;

		if (!ctx || !EVP_CipherUpdate(ctx, data, &len, data, job->length))
			job->op->result = UPS_DROP_CRYPTO;
		if (ctx)
			give_back(job, ctx);
	}
}

/* SHA-1 that has absorbed one block */
static void sha1_resume(SHA_CTX *sha, const uint32_t words[static 5])
{
	sha->h0 = words[0];
	sha->h1 = words[1];
	sha->h2 = words[2];
	sha->h3 = words[3];
	sha->h4 = words[4];
	sha->Nl = SHA_CBLOCK * 8;
	sha->Nh = 0;
	sha->num = 0;
}

static void ossl_cm_hash(void *queue, struct ups_job **jobs, size_t count)
{
	(void)queue;
	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = jobs[i];
		const struct ups_hmac_state *auth = &job->key->auth[job->kind];
		SHA_CTX sha;

		sha1_resume(&sha, auth->inner);
		SHA1_Update(&sha, job->packet, job->hash_len);
		SHA1_Final(job->mac, &sha);
		sha1_resume(&sha, auth->outer);
		SHA1_Update(&sha, job->mac, UPS_SHA1_SIZE);
		SHA1_Final(job->mac, &sha);
	}
}

/* Final is not asked to verify: the engine compares tags itself, the same way for all backends. */
static bool gcm_one(EVP_CIPHER_CTX *ctx, struct ups_job *job, bool encrypt)
{
	uint8_t *data = job->packet + job->offset, none[16];
	int len;

	if (!encrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, UPS_TAG_MAX, job->tag) != 1)
		return false;
	if (!EVP_CipherUpdate(ctx, NULL, &len, job->aad, job->aad_len) ||
	    (job->length && !EVP_CipherUpdate(ctx, data, &len, data, job->length)))
		return false;
	if (!EVP_CipherFinal_ex(ctx, none, &len)) {
		job->op->result = encrypt ? UPS_DROP_CRYPTO : UPS_DROP_AUTH;
		return true;
	}
	if (encrypt)
		return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, UPS_TAG_MAX, job->mac) == 1;
	memcpy(job->mac, job->tag, UPS_TAG_MAX);
	return true;
}

static void ossl_gcm(void *queue, enum ups_class class, bool encrypt, struct ups_job **jobs,
		     size_t count)
{
	(void)class;
	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = jobs[i];
		EVP_CIPHER_CTX *ctx = borrow(queue, job, encrypt);

		if (!ctx || !gcm_one(ctx, job, encrypt))
			job->op->result = UPS_DROP_CRYPTO;
		if (ctx)
			give_back(job, ctx);
	}
}

const struct ups_backend ups_backend_ossl = {
	.name = "openssl",
	.open = ossl_open,
	.close = ossl_close,
	.state_size = ossl_state_size,
	.key_init = ossl_key_init,
	.key_fini = ossl_key_fini,
	.prefetch = ossl_prefetch,
	.queue_create = ossl_queue_create,
	.queue_destroy = ossl_queue_destroy,
	.cm_cipher = ossl_cm_cipher,
	.cm_hash = ossl_cm_hash,
	.gcm = ossl_gcm,
};
