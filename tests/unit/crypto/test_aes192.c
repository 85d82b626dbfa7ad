// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * AES-192 against a second, independent implementation of RFC 3711 and RFC 6188 written here on OpenSSL's one-shot calls
 * (AES-ECB and HMAC): 100 000 random packets per suite and backend, in bursts over several sessions, bytes compared, then
 * unprotected. It stands in for libsrtp, whose Debian build gets AES-192 wrong (see test_differential.c); all other
 * suites go through it too, with fewer packets, so that it is itself checked against what libsrtp agrees with.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/wire.h"
#include "fixture.h"

#define SESSIONS 8
#define BURST 32
#define BLOCKS 96

struct reference {
	EVP_CIPHER_CTX *ecb;
	uint8_t cipher[2][UPS_KEY_MAX], auth[2][20], salt[2][16];
	uint64_t index[2]; /* of the next packet */
};

static int setup(void **state)
{
	return fix_open(state, *state);
}

static void keystream(struct reference *r, const uint8_t *key, size_t key_len, const uint8_t iv[16],
		      uint8_t *out, size_t size)
{
	uint8_t counters[BLOCKS * 16];
	size_t blocks = (size + 15) / 16;
	int len;

	assert_true(blocks <= BLOCKS);
	for (size_t i = 0; i < blocks; i++) {
		memcpy(counters + 16 * i, iv, 14);
		counters[16 * i + 14] = (uint8_t)(i >> 8);
		counters[16 * i + 15] = (uint8_t)i;
	}
	assert_true(EVP_EncryptInit_ex(r->ecb,
				       key_len == 16   ? EVP_aes_128_ecb()
				       : key_len == 24 ? EVP_aes_192_ecb()
						       : EVP_aes_256_ecb(),
				       NULL, key, NULL));
	assert_true(EVP_EncryptUpdate(r->ecb, counters, &len, counters, (int)blocks * 16));
	memcpy(out, counters, size);
}

static void reference_open(struct reference *r, const struct ups_srtp_key_config *c)
{
	const uint8_t *master = c->master.data, *salt = master + c->suite->key_len;
	uint8_t iv[16] = { 0 };

	memset(r, 0, sizeof(*r));
	r->ecb = EVP_CIPHER_CTX_new();
	assert_non_null(r->ecb);
	for (uint8_t label = 0; label < 6; label++) {
		uint8_t *out[3] = { r->cipher[label / 3], r->auth[label / 3], r->salt[label / 3] };
		size_t size[3] = { c->suite->key_len, 20, 14 };

		memcpy(iv, salt, 14);
		iv[7] ^= label;
		keystream(r, master, c->suite->key_len, iv, out[label % 3], size[label % 3]);
	}
}

static void reference_protect(struct reference *r, const struct ups_suite *suite, struct pkt *p)
{
	size_t header = p->kind == UPS_SRTP_RTP ? 12 : 8;
	const uint8_t *ssrc = p->data + (p->kind == UPS_SRTP_RTP ? 8 : 4);
	uint64_t index = r->index[p->kind]++;
	uint8_t iv[16], stream[BLOCKS * 16], mac[20];
	unsigned int size = sizeof(mac);
	uint8_t tag = p->kind == UPS_SRTP_RTP ? suite->rtp_tag : suite->rtcp_tag;

	memcpy(iv, r->salt[p->kind], 16);
	for (int i = 0; i < 4; i++)
		iv[4 + i] ^= ssrc[i];
	for (int i = 0; i < 6; i++)
		iv[8 + i] ^= (uint8_t)(index >> (40 - 8 * i));
	keystream(r, r->cipher[p->kind], suite->key_len, iv, stream, p->len - header);
	for (size_t i = header; i < p->len; i++)
		p->data[i] ^= stream[i - header];
	put_be32(p->data + p->len,
		 p->kind == UPS_SRTP_RTP ? (uint32_t)(index >> 16) : 0x80000000u | (uint32_t)index);
	assert_non_null(
		HMAC(EVP_sha1(), r->auth[p->kind], 20, p->data, (size_t)p->len + 4, mac, &size));
	if (p->kind == UPS_SRTP_RTCP)
		p->len = (uint16_t)(p->len + 4);
	memcpy(p->data + p->len, mac, tag);
	p->len = (uint16_t)(p->len + tag);
}

struct comparison {
	struct rng rng;
	struct leg leg[SESSIONS];
	struct reference ref[SESSIONS];
	struct pkt plain[BURST], wire[BURST], ours[BURST];
	struct ups_srtp_op ops[BURST];
};

static void make_burst(struct comparison *c)
{
	for (unsigned int i = 0; i < BURST; i++) {
		unsigned int n = rng_below(&c->rng, SESSIONS);
		uint16_t size = (uint16_t)rng_below(&c->rng, 1401);
		struct reference *ref = &c->ref[n];

		c->plain[i] = rng_one_in(&c->rng, 6)
				      ? rtcp(100 + n, size)
				      : rtp(100 + n, (uint16_t)ref->index[UPS_SRTP_RTP], size);
		rng_fill(&c->rng, c->plain[i].data + 12, size > 4 ? size - 4u : 0);
		c->wire[i] = c->plain[i];
		c->ours[i] = c->plain[i];
		reference_protect(ref, c->leg[n].config[0].suite, &c->wire[i]);
		if (c->wire[i].kind == UPS_SRTP_RTP && rng_one_in(&c->rng, 50))
			ref->index[UPS_SRTP_RTP] += rng_below(&c->rng, 20000);
		c->ops[i] = op_of(&c->leg[n].tx, &c->ours[i]);
	}
}

static void check_burst(struct fix *f, struct comparison *c)
{
	ups_srtp_protect(f->queue, c->ops, BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		unsigned int n = ups_get_be32(c->plain[i].data + (c->plain[i].kind ? 4 : 8)) - 100;

		assert_int_equal(c->ops[i].result, 0);
		assert_int_equal(c->ops[i].len, c->wire[i].len);
		assert_memory_equal(c->ours[i].data, c->wire[i].data, c->wire[i].len);
		c->ops[i].side = &c->leg[n].rx;
	}
	ups_srtp_unprotect(f->queue, c->ops, BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_int_equal(c->ops[i].result, 0);
		assert_int_equal(c->ops[i].len, c->plain[i].len);
		assert_memory_equal(c->ours[i].data, c->plain[i].data, c->plain[i].len);
	}
}

static void compare(struct fix *f, unsigned int suite, unsigned int packets)
{
	struct comparison *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->rng.state = suite;
	for (unsigned int i = 0; i < SESSIONS; i++) {
		leg_open(f, &c->leg[i], suite);
		reference_open(&c->ref[i], &c->leg[i].config[0]);
		c->ref[i].index[UPS_SRTP_RTP] = rng_below(&c->rng, 65536);
	}
	for (unsigned int done = 0; done < packets; done += BURST) {
		make_burst(c);
		check_burst(f, c);
	}
	for (unsigned int i = 0; i < SESSIONS; i++) {
		assert_true(c->ref[i].index[UPS_SRTP_RTP] > 3 * 65536); /* it wrapped */
		leg_close(&c->leg[i]);
		EVP_CIPHER_CTX_free(c->ref[i].ecb);
	}
	free(c);
}

static void aes_192(void **state)
{
	struct fix *f = fix_get(state);

	compare(f, UPS_SUITE_AES_192_CM_HMAC_SHA1_80, 100000);
	compare(f, UPS_SUITE_AES_192_CM_HMAC_SHA1_32, 100000);
}

static void others(void **state)
{
	struct fix *f = fix_get(state);

	compare(f, UPS_SUITE_AES_CM_128_HMAC_SHA1_80, 20000);
	compare(f, UPS_SUITE_AES_256_CM_HMAC_SHA1_32, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "ipsec-mb AES-192", aes_192, setup, fix_close, (void *)(uintptr_t)"ipsec-mb" },
		{ "openssl AES-192", aes_192, setup, fix_close, (void *)(uintptr_t)"openssl" },
		{ "ipsec-mb others", others, setup, fix_close, (void *)(uintptr_t)"ipsec-mb" },
		{ "openssl others", others, setup, fix_close, (void *)(uintptr_t)"openssl" },
	};

	return cmocka_run_group_tests_name("AES-CM against OpenSSL", tests, NULL, NULL);
}
