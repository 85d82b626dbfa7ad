/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to daemon/crypto: the key and job structures the SRTP engine and the backends share, and the backend seam.
 *
 * Flow of a burst: protect.c / unprotect.c turn ops into jobs (everything that can be refused without computing is
 * refused there), sort the jobs by cipher class and hand each list to the backend; the backend computes and decides
 * nothing. A job lives in its queue's array and only during one call.
 *
 * Ownership: a key is one allocation: struct ups_srtp_key, then the backend's state of the SRTP half, then of the
 * SRTCP half, each on a cache line boundary. Threads: keys are read-only while packets flow (a backend that needs
 * something mutable inside guards it itself, without waiting); a queue belongs to one thread.
 */
#ifndef UPSEC_CRYPTO_ENGINE_H
#define UPSEC_CRYPTO_ENGINE_H

#include "crypto/srtp.h"

#define UPS_CACHE_LINE 64
#define UPS_CACHE_ALIGN(size) (((size) + UPS_CACHE_LINE - 1) & ~(size_t)(UPS_CACHE_LINE - 1))

#define UPS_SHA1_SIZE 20 /* bytes of a SHA-1 digest, and of every session authentication key here */
#define UPS_RTCP_INDEX_MAX (1u << 31) /* SRTCP indices end below it (RFC 3711 3.4) */
#define UPS_RTP_INDEX_BITS 48 /* SRTP indices end below 2^48 (RFC 3711 3.3.1) */
#define UPS_RTCP_EBIT 0x80000000u
#define UPS_RTCP_TRAILER 4u /* bytes of E || index */

/* What can be computed together: one cipher and key length. The first three are AES-CM, the last two AES-GCM. */
enum ups_class {
	UPS_CLASS_CM128,
	UPS_CLASS_CM192,
	UPS_CLASS_CM256,
	UPS_CLASS_GCM128,
	UPS_CLASS_GCM256,
	UPS_CLASS_COUNT
};
#define UPS_CLASS_CM_COUNT UPS_CLASS_GCM128

struct ups_srtp_half {
	uint8_t salt[16]; /* session salt, left-aligned, rest zero */
	void *state; /* the backend's, behind this key */
};

/* HMAC-SHA1 with the first block of each pass already absorbed (RFC 2104), host order words */
struct ups_hmac_state {
	uint32_t inner[5];
	uint32_t outer[5];
};

/* Laid out by access: the first line serves every packet, the second and third the HMAC, the rest set-up only. */
struct ups_srtp_key {
	struct ups_srtp_half half[2]; /* by enum ups_srtp_kind */
	struct ups_key_use *use; /* the caller's */
	uint8_t class; /* enum ups_class */
	uint8_t aead;
	uint8_t tag[2]; /* bytes, by kind */
	uint8_t mki_len;
	uint8_t rtcp_clear;
	uint16_t state_size; /* bytes of the backend's state of one half */
	struct ups_hmac_state auth[2] __attribute__((aligned(UPS_CACHE_LINE)));
	uint8_t cipher_key[2][UPS_KEY_MAX];
	const struct ups_suite *suite;
	struct ups_crypto *crypto;
	uint8_t mki[UPS_MKI_MAX];
};
_Static_assert(offsetof(struct ups_srtp_key, auth) == UPS_CACHE_LINE, "one line for every packet");

/* One packet on its way through the backend. */
struct ups_job {
	uint8_t *packet;
	const struct ups_srtp_key *key;
	const uint8_t *aad; /* GCM: in the packet, or rtcp_aad below */
	uint16_t aad_len;
	uint16_t offset; /* of the ciphered part, bytes from packet */
	uint16_t length; /* of the ciphered part, bytes; 0: nothing to cipher */
	uint16_t hash_len; /* CM: bytes from packet that the HMAC covers, ROC or index included */
	uint16_t end; /* header and payload, bytes: what remains after unprotect */
	uint8_t kind; /* enum ups_srtp_kind */
	uint8_t jump; /* the index is far from the newest one: see unprotect.c */
	uint32_t ssrc;
	uint32_t rtcp_word; /* E-bit and SRTCP index */
	uint64_t index; /* SRTP or SRTCP */
	struct ups_srtp_op *op;
	uint8_t iv[16] __attribute__((aligned(16))); /* CM: counter block; GCM: 12 bytes */
	uint8_t mac[UPS_SHA1_SIZE]; /* computed by the backend: HMAC-SHA1, or 16 bytes of GCM tag */
	uint8_t rtcp_aad[12]; /* header and E || index, where they are not adjacent in the packet */
	uint8_t tag[UPS_TAG_MAX]; /* as received */
} __attribute__((aligned(UPS_CACHE_LINE)));

struct ups_backend {
	const char *name; /* as in ups_crypto_open() */
	/* Detects, and writes the label for `upsec status`. UPS_E_NO_BACKEND with a sentence in @msg. */
	int (*open)(struct ups_crypto *c, struct ups_errmsg *msg);
	void (*close)(struct ups_crypto *c);
	/* Bytes of state for one half of a key of this class */
	size_t (*state_size)(enum ups_class class);
	/* Fills key->half[kind].state (zeroed memory) from key->cipher_key[kind]. Undone by key_fini, which tolerates zeroes. */
	int (*key_init)(struct ups_srtp_key *key, enum ups_srtp_kind kind);
	void (*key_fini)(struct ups_srtp_key *key, enum ups_srtp_kind kind);
	int (*queue_create)(struct ups_crypto *c, void **queue);
	void (*queue_destroy)(void *queue);
	/* Asks for the cache lines that a packet of @len bytes will need of this half; a hint only. */
	void (*prefetch)(const struct ups_srtp_key *key, enum ups_srtp_kind kind, uint16_t len);
	/*
	 * The work. Each takes 1..UPS_BURST_MAX jobs, all with length > 0 for cm_cipher. They cannot fail for reasons of input;
	 * a library error leaves job->op->result = UPS_DROP_CRYPTO.
	 */
	void (*cm_cipher)(void *queue, enum ups_class class, struct ups_job **jobs, size_t count);
	void (*cm_hash)(void *queue, struct ups_job **jobs, size_t count);
	void (*gcm)(void *queue, enum ups_class class, bool encrypt, struct ups_job **jobs,
		    size_t count);
};

extern const struct ups_backend ups_backend_ossl;
extern const struct ups_backend ups_backend_imb;

struct ups_crypto {
	const struct ups_backend *backend;
	void *data; /* the backend's */
	char label[64];
};

struct ups_job_list {
	struct ups_job *job[UPS_BURST_MAX];
	size_t count;
};

struct ups_crypto_queue {
	struct ups_job job[UPS_BURST_MAX];
	struct ups_job_list cipher[UPS_CLASS_COUNT];
	struct ups_job_list hash; /* all CM classes together */
	size_t jobs;
	const struct ups_backend *backend;
	void *data; /* the backend's */
};

/* Key derivation (RFC 3711 4.3, 6188, 7714 12): @label 0..5. Fills @out with @size bytes. -EIO if OpenSSL fails. */
int ups_kdf(const struct ups_suite *suite, const uint8_t *master, unsigned int label, uint8_t *out,
	    size_t size) __must_check;
/* HMAC-SHA1 state after the padded 20-byte @key (RFC 2104) */
void ups_hmac_init(struct ups_hmac_state *h, const uint8_t key[static UPS_SHA1_SIZE]);

/* SSRC slots are claimed lowest first and never given back, so the first free one ends a search. */
/* -> the slot of @ssrc, or the first free one, or NULL */
struct ups_ssrc *ups_ssrc_find(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc);
/* As above, and claims a free slot. NULL: none is left. */
struct ups_ssrc *ups_ssrc_claim(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc);

/* Runs the known-answer tests. 0, UPS_E_SELFTEST (text in @msg: which), or an allocation error. */
int ups_crypto_selftest(struct ups_crypto *c, struct ups_errmsg *msg) __must_check;

#endif
