// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds per packet of the SRTP core (protect, unprotect, in bursts of 32 over different sessions), next to bare
 * ipsec-mb calls that do the same AES and HMAC or GCM, and to libsrtp2. One thread, 1 and 10 000 contexts, SRTP only.
 *
 * Each round works on 1024 packets of 1024 contexts, taken in turn from all contexts, so that with 10 000 of them no key
 * is in the near caches; sending and receiving use separate keys. The figure is the median of the rounds. libsrtp gets
 * 256 contexts at most, which flatters it: its Debian build (on NSS) takes longer the more there are.
 *
 * Usage: crypto_core [BACKEND [SUITE NUMBER]]    default: auto, all suites; about a minute
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <intel-ipsec-mb.h>
#include <srtp2/srtp.h>

#include "crypto/srtp.h"

#define ROUND 1024 /* packets */
#define BURST 32
#define ROUNDS 41
#define REFERENCE_ROUNDS 7
#define REFERENCE_MAX 256 /* contexts of libsrtp */
#define ROOM 1280
#define SSRC 0x5eed

struct context {
	struct ups_ssrc sent, received;
	struct ups_key_use tx_use, rx_use;
	struct ups_srtp_side tx, rx;
	struct ups_srtp_key *tx_key, *rx_key;
	srtp_t sender, receiver;
};

/* What bare calls need for one context */
struct bare {
	struct gcm_key_data gcm;
	uint8_t schedule[15 * 16] __attribute__((aligned(16)));
	uint32_t inner[5], outer[5];
} __attribute__((aligned(64)));

struct bench {
	struct ups_crypto *crypto;
	struct ups_crypto_queue *queue;
	const struct ups_suite *suite;
	uint16_t payload;
	size_t contexts, next; /* the context the round begins with */
	struct context *context;
	struct bare *bare;
	IMB_MGR *mgr;
	IMB_JOB cipher[BURST], hash[BURST];
	uint16_t seq[3]; /* the core, libsrtp and the bare calls each see an unbroken sequence */
	uint8_t packet[ROUND][ROOM];
	uint16_t len[ROUND];
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	fprintf(stderr, "crypto_core: %s\n", what);
	exit(1);
}

static size_t context_of(const struct bench *b, size_t packet)
{
	return (b->next + packet) % b->contexts;
}

static srtp_t reference_open(const struct ups_suite *suite, uint8_t *master)
{
	static void (*const set[])(srtp_crypto_policy_t *) = {
		[UPS_SUITE_AES_CM_128_HMAC_SHA1_80] = srtp_crypto_policy_set_rtp_default,
		[UPS_SUITE_AES_CM_128_HMAC_SHA1_32] =
			srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
		[UPS_SUITE_AES_192_CM_HMAC_SHA1_80] =
			srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
		[UPS_SUITE_AES_192_CM_HMAC_SHA1_32] =
			srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
		[UPS_SUITE_AES_256_CM_HMAC_SHA1_80] =
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
		[UPS_SUITE_AES_256_CM_HMAC_SHA1_32] =
			srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
		[UPS_SUITE_AEAD_AES_128_GCM] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
		[UPS_SUITE_AEAD_AES_256_GCM] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
	};
	srtp_policy_t policy;
	srtp_t session;

	memset(&policy, 0, sizeof(policy));
	set[suite->id](&policy.rtp);
	policy.rtcp = policy.rtp;
	policy.ssrc.type = ssrc_specific;
	policy.ssrc.value = SSRC;
	policy.key = master;
	policy.window_size = 224;
	if (srtp_create(&session, &policy))
		fail("libsrtp refuses the suite");
	return session;
}

static void context_open(struct bench *b, struct context *c, size_t number)
{
	struct ups_key_use use = { .rtp_limit = 1ULL << 48, .rtcp_limit = 1u << 31 };
	struct ups_srtp_key_config config = { .suite = b->suite };

	config.master.size = (uint8_t)(b->suite->key_len + b->suite->salt_len);
	for (size_t i = 0; i < config.master.size; i++)
		config.master.data[i] = (uint8_t)(number >> 8 * (i % 4)) ^ (uint8_t)(i * 29);
	c->tx_use = use;
	c->rx_use = use;
	if (ups_srtp_key_create(b->crypto, &config, &c->tx_use, &c->tx_key) ||
	    ups_srtp_key_create(b->crypto, &config, &c->rx_use, &c->rx_key))
		fail("key");
	c->tx = (struct ups_srtp_side) {
		.key = { c->tx_key }, .key_count = 1, .ssrc = &c->sent, .ssrc_count = 1
	};
	c->rx = (struct ups_srtp_side) {
		.key = { c->rx_key }, .key_count = 1, .ssrc = &c->received, .ssrc_count = 1
	};
	if (number >= REFERENCE_MAX)
		return;
	c->sender = reference_open(b->suite, config.master.data);
	c->receiver = reference_open(b->suite, config.master.data);
}

static void context_close(struct context *c)
{
	ups_srtp_key_destroy(c->tx_key);
	ups_srtp_key_destroy(c->rx_key);
	if (c->sender)
		srtp_dealloc(c->sender);
	if (c->receiver)
		srtp_dealloc(c->receiver);
}

static void bare_open(struct bench *b, struct bare *k, size_t number)
{
	uint8_t key[32], unused[15 * 16] __attribute__((aligned(16)));

	memset(key, (int)number, sizeof(key));
	if (b->suite->aead && b->suite->key_len == 16)
		IMB_AES128_GCM_PRE(b->mgr, key, &k->gcm);
	else if (b->suite->aead)
		IMB_AES256_GCM_PRE(b->mgr, key, &k->gcm);
	else if (b->suite->key_len == 16)
		IMB_AES_KEYEXP_128(b->mgr, key, k->schedule, unused);
	else if (b->suite->key_len == 24)
		IMB_AES_KEYEXP_192(b->mgr, key, k->schedule, unused);
	else
		IMB_AES_KEYEXP_256(b->mgr, key, k->schedule, unused);
	memcpy(k->inner, key, sizeof(k->inner));
	memcpy(k->outer, key, sizeof(k->outer));
}

/* Fresh RTP packets with the next sequence number */
static void fill(struct bench *b, uint16_t *seq)
{
	for (size_t i = 0; i < ROUND; i++) {
		uint8_t *p = b->packet[i];

		/* Where a context comes twice in a round, each packet needs a number of its own. */
		if (!i || b->contexts < ROUND || seq == &b->seq[1])
			++*seq;
		memset(p, 0, 12);
		p[0] = 0x80;
		p[2] = (uint8_t)(*seq >> 8);
		p[3] = (uint8_t)*seq;
		p[10] = (uint8_t)(SSRC >> 8);
		p[11] = (uint8_t)SSRC;
		b->len[i] = (uint16_t)(12 + b->payload);
	}
}

static void run_core(struct bench *b, bool protect)
{
	struct ups_srtp_op ops[BURST];

	for (size_t at = 0; at < ROUND; at += BURST) {
		for (size_t i = 0; i < BURST; i++) {
			struct context *c = &b->context[context_of(b, at + i)];

			ops[i] = (struct ups_srtp_op) { .side = protect ? &c->tx : &c->rx,
							.packet = b->packet[at + i],
							.len = b->len[at + i],
							.cap = ROOM,
							.kind = UPS_SRTP_RTP };
		}
		if (protect)
			ups_srtp_protect(b->queue, ops, BURST);
		else
			ups_srtp_unprotect(b->queue, ops, BURST);
		for (size_t i = 0; i < BURST; i++) {
			if (ops[i].result)
				fail("the core refused a packet");
			b->len[at + i] = ops[i].len;
		}
	}
}

static void run_reference(struct bench *b, bool protect)
{
	for (size_t i = 0; i < ROUND; i++) {
		struct context *c = &b->context[context_of(b, i) % REFERENCE_MAX];
		int len = b->len[i];

		if (protect ? srtp_protect(c->sender, b->packet[i], &len)
			    : srtp_unprotect(c->receiver, b->packet[i], &len))
			fail("libsrtp refused a packet");
		b->len[i] = (uint16_t)len;
	}
}

static void bare_gcm(struct bench *b)
{
	struct gcm_context_data ctx;
	uint8_t iv[16] = { 1 };

	for (size_t i = 0; i < ROUND; i++) {
		const struct bare *k = &b->bare[context_of(b, i)];
		uint8_t *p = b->packet[i];

		if (b->suite->key_len == 16)
			IMB_AES128_GCM_ENC(b->mgr, &k->gcm, &ctx, p + 12, p + 12, b->payload, iv, p,
					   12, p + 12 + b->payload, 16);
		else
			IMB_AES256_GCM_ENC(b->mgr, &k->gcm, &ctx, p + 12, p + 12, b->payload, iv, p,
					   12, p + 12 + b->payload, 16);
	}
}

static void bare_cm(struct bench *b)
{
	static uint8_t iv[16];

	for (size_t at = 0; at < ROUND; at += BURST) {
		for (size_t i = 0; i < BURST; i++) {
			const struct bare *k = &b->bare[context_of(b, at + i)];
			uint8_t *p = b->packet[at + i];
			IMB_JOB *c = &b->cipher[i], *h = &b->hash[i];

			c->enc_keys = k->schedule;
			c->key_len_in_bytes = b->suite->key_len;
			c->src = p;
			c->dst = p + 12;
			c->iv = iv;
			c->cipher_start_src_offset_in_bytes = 12;
			c->msg_len_to_cipher_in_bytes = b->payload;
			h->src = p;
			h->msg_len_to_hash_in_bytes = b->payload + 16u;
			h->auth_tag_output = p + 12 + b->payload;
			h->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)k->inner;
			h->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)k->outer;
		}
		IMB_SUBMIT_CIPHER_BURST_NOCHECK(b->mgr, b->cipher, BURST, IMB_CIPHER_CNTR,
						IMB_DIR_ENCRYPT, b->suite->key_len);
		IMB_SUBMIT_HASH_BURST_NOCHECK(b->mgr, b->hash, BURST, IMB_AUTH_HMAC_SHA_1);
	}
}

static void preset_jobs(struct bench *b)
{
	for (size_t i = 0; i < BURST; i++) {
		b->cipher[i].cipher_mode = IMB_CIPHER_CNTR;
		b->cipher[i].cipher_direction = IMB_DIR_ENCRYPT;
		b->cipher[i].chain_order = IMB_ORDER_CIPHER_HASH;
		b->cipher[i].hash_alg = IMB_AUTH_NULL;
		b->cipher[i].iv_len_in_bytes = 16;
		b->hash[i].cipher_mode = IMB_CIPHER_NULL;
		b->hash[i].chain_order = IMB_ORDER_HASH_CIPHER;
		b->hash[i].hash_alg = IMB_AUTH_HMAC_SHA_1;
		b->hash[i].auth_tag_output_len_in_bytes = 20;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median(uint64_t *ns, size_t count)
{
	const size_t middle = count / 2;

	qsort(ns, count, sizeof(*ns), compare);
	return (double)ns[middle] / ROUND;
}

struct result {
	double bare, protect, unprotect, ref_protect, ref_unprotect;
};

static void measure_pair(struct bench *b, void (*run)(struct bench *, bool), uint16_t *seq,
			 size_t rounds, double *protect, double *unprotect)
{
	uint64_t out[ROUNDS], in[ROUNDS];

	for (size_t r = 0; r < rounds; r++, b->next += ROUND) {
		uint64_t t0, t1, t2;

		fill(b, seq);
		t0 = now();
		run(b, true);
		t1 = now();
		run(b, false);
		t2 = now();
		out[r] = t1 - t0;
		in[r] = t2 - t1;
	}
	*protect = median(out, rounds);
	*unprotect = median(in, rounds);
}

static double measure_bare(struct bench *b)
{
	uint64_t ns[ROUNDS];

	for (size_t r = 0; r < ROUNDS; r++, b->next += ROUND) {
		uint64_t t0;

		fill(b, &b->seq[2]);
		t0 = now();
		if (b->suite->aead)
			bare_gcm(b);
		else
			bare_cm(b);
		ns[r] = now() - t0;
	}
	return median(ns, ROUNDS);
}

static void report(struct bench *b)
{
	struct result r;

	r.bare = measure_bare(b);
	measure_pair(b, run_core, &b->seq[0], ROUNDS, &r.protect, &r.unprotect);
	measure_pair(b, run_reference, &b->seq[1], REFERENCE_ROUNDS, &r.ref_protect,
		     &r.ref_unprotect);
	printf("%-24s %5u %6zu %7.0f %7.0f %6.2f %7.0f %6.2f %8.0f %8.0f %6.1f %6.1f\n",
	       b->suite->name, b->payload, b->contexts, r.bare, r.protect, r.protect / r.bare,
	       r.unprotect, r.unprotect / r.bare, r.ref_protect, r.ref_unprotect,
	       r.ref_protect / r.protect, r.ref_unprotect / r.unprotect);
	fflush(stdout);
}

static void bench_suite(struct bench *b, size_t contexts)
{
	static const uint16_t payloads[] = { 20, 160, 1200 };

	b->contexts = contexts;
	b->next = 0;
	memset(b->seq, 0, sizeof(b->seq));
	b->context = aligned_alloc(64, contexts * sizeof(*b->context));
	b->bare = aligned_alloc(64, contexts * sizeof(*b->bare));
	if (!b->context || !b->bare)
		fail("memory");
	memset(b->context, 0, contexts * sizeof(*b->context));
	for (size_t i = 0; i < contexts; i++) {
		context_open(b, &b->context[i], i);
		bare_open(b, &b->bare[i], i);
	}
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		b->payload = payloads[i];
		report(b);
	}
	for (size_t i = 0; i < contexts; i++)
		context_close(&b->context[i]);
	free(b->context);
	free(b->bare);
}

int main(int argc, char **argv)
{
	struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) & ~(size_t)63);
	struct ups_errmsg msg;

	if (!b)
		fail("memory");
	memset(b, 0, sizeof(*b));
	if (ups_crypto_open(argc > 1 ? argv[1] : "auto", &b->crypto, &msg))
		fail(msg.text);
	if (ups_crypto_queue_create(b->crypto, &b->queue) || srtp_init())
		fail("set-up");
	b->mgr = alloc_mb_mgr(0);
	if (!b->mgr)
		fail("ipsec-mb");
	init_mb_mgr_auto(b->mgr, NULL);
	preset_jobs(b);
	printf("# %s against bare ipsec-mb %s and %s; ns per packet, bursts of %d\n",
	       ups_crypto_name(b->crypto), imb_get_version_str(), srtp_get_version_string(), BURST);
	printf("%-24s %5s %6s %7s %7s %6s %7s %6s %8s %8s %6s %6s\n", "suite", "bytes", "ctx",
	       "bare", "protect", "/bare", "unprot", "/bare", "srtp2 p", "srtp2 u", "x p", "x u");
	for (unsigned int id = 1; id < UPS_SUITE_COUNT; id++) {
		if (argc > 2 && (unsigned int)atoi(argv[2]) != id)
			continue;
		b->suite = ups_suite_by_id(id);
		bench_suite(b, 1);
		bench_suite(b, 10000);
	}
	ups_crypto_queue_destroy(b->queue);
	ups_crypto_close(b->crypto);
	free_mb_mgr(b->mgr);
	srtp_shutdown();
	free(b);
	return 0;
}
