// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Backend on intel-ipsec-mb (x86-64 with AES-NI and PCLMULQDQ). HMAC-SHA1 runs up to 16 packets side by side, so lists
 * over many sessions are where it pays; AES-CTR and AES-GCM run one packet after the other, each at full width.
 *
 * Threads: a manager (IMB_MGR) belongs to a queue; the one in ups_crypto expands keys and is read only while doing so.
 * The *_nocheck calls are used because the engine has made every field.
 */
#include "crypto/wire.h"

#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <intel-ipsec-mb.h>

#define NEEDED (IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)
#define GCM_POWERS 48
#define CTR_SCHEDULE (15 * 16) /* AES-256's; the shorter ones use less of it */

static const uint8_t key_lens[UPS_CLASS_COUNT] = { 16, 24, 32, 16, 32 };

struct imb_queue {
	IMB_MGR *mgr;
	IMB_JOB cipher[UPS_BURST_MAX];
	IMB_JOB hash[UPS_BURST_MAX];
	struct gcm_context_data gcm; /* the library's scratch */
};

static const char *arch_name(IMB_ARCH arch)
{
	switch (arch) {
	case IMB_ARCH_SSE:
		return "sse";
#if IMB_VERSION_NUM < IMB_VERSION(2, 0, 0) /* which dropped it */
	case IMB_ARCH_AVX:
		return "avx";
#endif
	case IMB_ARCH_AVX2:
		return "avx2";
	case IMB_ARCH_AVX512:
		return "avx512";
	default:
		return "none";
	}
}

static IMB_MGR *mgr_create(IMB_ARCH *arch)
{
	IMB_MGR *mgr = alloc_mb_mgr(0);

	if (!mgr)
		return NULL;
	init_mb_mgr_auto(mgr, arch);
	if (imb_get_errno(mgr) || (mgr->features & NEEDED) != NEEDED) {
		free_mb_mgr(mgr);
		return NULL;
	}
	return mgr;
}

static void imb_close(struct ups_crypto *c)
{
	if (c->data)
		free_mb_mgr(c->data);
	c->data = NULL;
}

static int imb_open(struct ups_crypto *c, struct ups_errmsg *msg)
{
	IMB_ARCH arch = IMB_ARCH_NONE;

	if (imb_get_version() < IMB_VERSION(1, 3, 0))
		return ups_fail(msg, UPS_E_NO_BACKEND, "ipsec-mb %s is older than 1.3",
				imb_get_version_str());
	c->data = mgr_create(&arch);
	if (!c->data)
		return ups_fail(msg, UPS_E_NO_BACKEND,
				"ipsec-mb needs a CPU with AES-NI and PCLMULQDQ");
	snprintf(c->label, sizeof(c->label), "ipsec-mb %s (%s)", imb_get_version_str(),
		 arch_name(arch));
	return 0;
}

static size_t imb_state_size(enum ups_class class)
{
	return class < UPS_CLASS_CM_COUNT ? CTR_SCHEDULE : sizeof(struct gcm_key_data);
}

static int imb_key_init(struct ups_srtp_key *key, enum ups_srtp_kind kind)
{
	const uint8_t *raw = key->cipher_key[kind];
	uint8_t unused[CTR_SCHEDULE] __attribute__((aligned(16))); /* the decryption schedule */
	void *state = key->half[kind].state;
	IMB_MGR *mgr = key->crypto->data;

	switch ((enum ups_class)key->class) {
	case UPS_CLASS_CM128:
		IMB_AES_KEYEXP_128(mgr, raw, state, unused);
		break;
	case UPS_CLASS_CM192:
		IMB_AES_KEYEXP_192(mgr, raw, state, unused);
		break;
	case UPS_CLASS_CM256:
		IMB_AES_KEYEXP_256(mgr, raw, state, unused);
		break;
	case UPS_CLASS_GCM128:
		IMB_AES128_GCM_PRE(mgr, raw, state);
		return 0;
	case UPS_CLASS_GCM256:
		IMB_AES256_GCM_PRE(mgr, raw, state);
		return 0;
	case UPS_CLASS_COUNT:
		return UPS_E_SUITE;
	}
	ups_wipe(unused, sizeof(unused));
	return 0;
}

static void imb_key_fini(struct ups_srtp_key *key, enum ups_srtp_kind kind)
{
	/* The schedule is inside the key's own allocation, which the caller wipes. */
	(void)key;
	(void)kind;
}

/*
 * AES-CM: the schedule and the HMAC states. AES-GCM: the schedule, and as many powers of the hash key as the packet has blocks,
 * which the library keeps in descending order up to the end of the structure (AVX-512 with VAES; elsewhere a few lines are
 * fetched in vain).
 */
static void imb_prefetch(const struct ups_srtp_key *key, enum ups_srtp_kind kind, uint16_t len)
{
	const uint8_t *state = key->half[kind].state;
	size_t schedule = (key_lens[key->class] / 4u + 7) * 16; /* rounds + 1 blocks */
	size_t powers = len < 16 * GCM_POWERS ? (len / 16u + 2) * 16 : GCM_POWERS * 16;

	ups_prefetch(state, schedule);
	if (key->aead)
		ups_prefetch(state + sizeof(struct gcm_key_data) - powers, powers);
	else
		ups_prefetch(&key->auth[0], sizeof(key->auth));
}

static void imb_queue_destroy(void *queue)
{
	struct imb_queue *q = queue;

	if (!q)
		return;
	if (q->mgr)
		free_mb_mgr(q->mgr);
	ups_wipe(q, sizeof(*q));
	free(q);
}

/* The fields of a job that are the same for every packet */
static void preset_jobs(struct imb_queue *q)
{
	for (size_t i = 0; i < UPS_BURST_MAX; i++) {
		IMB_JOB *cipher = &q->cipher[i], *hash = &q->hash[i];

		cipher->cipher_mode = IMB_CIPHER_CNTR;
		cipher->cipher_direction = IMB_DIR_ENCRYPT;
		cipher->chain_order = IMB_ORDER_CIPHER_HASH;
		cipher->hash_alg = IMB_AUTH_NULL;
		cipher->iv_len_in_bytes = 16;
		hash->cipher_mode = IMB_CIPHER_NULL;
		hash->chain_order = IMB_ORDER_HASH_CIPHER;
		hash->hash_alg = IMB_AUTH_HMAC_SHA_1;
		hash->auth_tag_output_len_in_bytes = UPS_SHA1_SIZE;
	}
}

static int imb_queue_create(struct ups_crypto *c, void **queue)
{
	struct imb_queue *q = aligned_alloc(UPS_CACHE_LINE, UPS_CACHE_ALIGN(sizeof(*q)));

	(void)c;
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->mgr = mgr_create(NULL);
	if (!q->mgr) {
		imb_queue_destroy(q);
		return -ENOMEM;
	}
	preset_jobs(q);
	*queue = q;
	return 0;
}

static void mark_failed(struct ups_job **jobs, const IMB_JOB *done, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (done[i].status != IMB_STATUS_COMPLETED)
			jobs[i]->op->result = UPS_DROP_CRYPTO;
	}
}

static void imb_cm_cipher(void *queue, enum ups_class class, struct ups_job **jobs, size_t count)
{
	struct imb_queue *q = queue;

	for (size_t i = 0; i < count; i++) {
		const struct ups_job *job = jobs[i];
		IMB_JOB *j = &q->cipher[i];

		j->enc_keys = job->key->half[job->kind].state;
		j->key_len_in_bytes = key_lens[class];
		j->src = job->packet;
		j->dst = job->packet + job->offset;
		j->cipher_start_src_offset_in_bytes = job->offset;
		j->msg_len_to_cipher_in_bytes = job->length;
		j->iv = job->iv;
		j->status = IMB_STATUS_BEING_PROCESSED;
	}
	if (IMB_SUBMIT_CIPHER_BURST_NOCHECK(q->mgr, q->cipher, (uint32_t)count, IMB_CIPHER_CNTR,
					    IMB_DIR_ENCRYPT, key_lens[class]) != count)
		mark_failed(jobs, q->cipher, count);
}

static void imb_cm_hash(void *queue, struct ups_job **jobs, size_t count)
{
	struct imb_queue *q = queue;

	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = jobs[i];
		IMB_JOB *j = &q->hash[i];

		j->src = job->packet;
		j->hash_start_src_offset_in_bytes = 0;
		j->msg_len_to_hash_in_bytes = job->hash_len;
		j->auth_tag_output = job->mac;
		j->u.HMAC._hashed_auth_key_xor_ipad =
			(const uint8_t *)job->key->auth[job->kind].inner;
		j->u.HMAC._hashed_auth_key_xor_opad =
			(const uint8_t *)job->key->auth[job->kind].outer;
		j->status = IMB_STATUS_BEING_PROCESSED;
	}
	if (IMB_SUBMIT_HASH_BURST_NOCHECK(q->mgr, q->hash, (uint32_t)count, IMB_AUTH_HMAC_SHA_1) !=
	    count)
		mark_failed(jobs, q->hash, count);
}

static void imb_gcm(void *queue, enum ups_class class, bool encrypt, struct ups_job **jobs,
		    size_t count)
{
	struct imb_queue *q = queue;
	const IMB_MGR *mgr = q->mgr;
	bool wide = class == UPS_CLASS_GCM256;
	aes_gcm_enc_dec_t run = encrypt ? (wide ? mgr->gcm256_enc : mgr->gcm128_enc)
					: (wide ? mgr->gcm256_dec : mgr->gcm128_dec);

	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = jobs[i];
		uint8_t *data = job->packet + job->offset;

		run(job->key->half[job->kind].state, &q->gcm, data, data, job->length, job->iv,
		    job->aad, job->aad_len, job->mac, UPS_TAG_MAX);
	}
}

const struct ups_backend ups_backend_imb = {
	.name = "ipsec-mb",
	.open = imb_open,
	.close = imb_close,
	.state_size = imb_state_size,
	.key_init = imb_key_init,
	.key_fini = imb_key_fini,
	.prefetch = imb_prefetch,
	.queue_create = imb_queue_create,
	.queue_destroy = imb_queue_destroy,
	.cm_cipher = imb_cm_cipher,
	.cm_hash = imb_cm_hash,
	.gcm = imb_gcm,
};

#else

static int absent_open(struct ups_crypto *c, struct ups_errmsg *msg)
{
	(void)c;
	return ups_fail(msg, UPS_E_NO_BACKEND, "built without ipsec-mb");
}

static void absent_close(struct ups_crypto *c)
{
	(void)c;
}

const struct ups_backend ups_backend_imb = {
	.name = "ipsec-mb",
	.open = absent_open,
	.close = absent_close,
};

#endif
