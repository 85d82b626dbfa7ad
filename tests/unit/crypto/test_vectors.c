// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Published vectors beyond those of the self-test (which runs, and is checked here, on every open), and what
 * ups_srtp_key_export() hands to the kernel lane, checked against OpenSSL.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/vectors.h"
#include "fixture.h"
#include "upsec/ghash.h"

static int setup(void **state)
{
	return fix_open(state, *state);
}

static size_t from_hex(const char *text, uint8_t *out)
{
	size_t size = 0;

	for (; sscanf(text, "%2hhx", &out[size]) == 1; text += 2)
		size++;
	return size;
}

static void suite_table(void **state)
{
	(void)state;
	assert_null(ups_suite_by_id(0));
	assert_null(ups_suite_by_id(UPS_SUITE_COUNT));
	assert_null(ups_suite_by_name("NULL_HMAC_SHA1_80"));
	assert_null(ups_suite_by_name("F8_128_HMAC_SHA1_80"));
	assert_null(ups_suite_by_name(""));
	for (unsigned int i = 1; i < UPS_SUITE_COUNT; i++) {
		const struct ups_suite *s = ups_suite_by_id(i);

		assert_non_null(s);
		assert_ptr_equal(ups_suite_by_name(s->name), s);
		assert_true(s->rtcp_tag >= 10); /* RFC 3711 5.2 */
		assert_true(s->key_len + s->salt_len <= UPS_SECRET_MAX);
	}
	assert_int_equal(ups_suite_by_name("AES_CM_128_HMAC_SHA1_32")->rtp_tag, 4);
}

static void backend_names(void **state)
{
	struct ups_crypto *c;
	struct ups_errmsg msg;

	(void)state;
	assert_int_equal(ups_crypto_open("magic", &c, &msg), UPS_E_NO_BACKEND);
	assert_null(c);
	assert_non_null(strstr(msg.text, "magic"));
	assert_int_equal(ups_crypto_open("auto", &c, &msg), 0);
	assert_true(strlen(ups_crypto_name(c)) > 0);
	ups_crypto_close(c);
	ups_crypto_close(NULL);
	ups_srtp_key_destroy(NULL);
	ups_crypto_queue_destroy(NULL);
}

/* RFC 3711 B.3, RFC 6188 7: all six labels; B.3 also prints 94 bytes of the authentication key's stream. */
static void kdf(void **state)
{
	const char *stream = "cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049"
			     "646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc256d6e919a"
			     "48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2";
	uint8_t master[UPS_SECRET_MAX], want[128], got[128];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(ups_vectors_kdf) / sizeof(ups_vectors_kdf[0]); i++) {
		const struct ups_vector_kdf *v = &ups_vectors_kdf[i];

		from_hex(v->master, master);
		for (unsigned int label = 0; label < 6; label++) {
			size = from_hex(v->key[label], want);
			assert_int_equal(
				ups_kdf(ups_suite_by_id(v->suite), master, label, got, size), 0);
			assert_memory_equal(got, want, size);
		}
	}
	from_hex(UPS_VECTOR_MASTER_128, master);
	size = from_hex(stream, want);
	assert_int_equal(size, 94);
	assert_int_equal(ups_kdf(ups_suite_by_id(1), master, 1, got, size), 0);
	assert_memory_equal(got, want, size);
}

/* The keystream of RFC 3711 B.2, computed by the backend as ciphertext of zeroes, @blocks from @counter on */
static void keystream(struct fix *f, const struct ups_srtp_key *key, const uint8_t *iv,
		      uint16_t counter, uint8_t *out, uint16_t blocks)
{
	struct ups_srtp_op op = { .result = 0 };
	struct ups_job *job = &f->queue->job[0]; /* aligned, as the sanitizer's stack is not */

	*job = (struct ups_job) {
		.op = &op, .packet = out, .key = key, .length = (uint16_t)(blocks * 16)
	};
	memset(out, 0, job->length);
	memcpy(job->iv, iv, 14);
	job->iv[14] = (uint8_t)(counter >> 8);
	job->iv[15] = (uint8_t)counter;
	f->queue->backend->cm_cipher(f->queue->data, key->class, &job, 1);
	assert_int_equal(op.result, 0);
}

static void aes_cm_keystream(void **state)
{
	struct fix *f = fix_get(state);
	uint8_t iv[16] = { 0 }, want[48], zero[16 * 256] = { 0 }, all[16 * 256], got[16 * 256];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct ups_srtp_key *key;
	struct leg leg;
	int len;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	key = leg.tx_key[0];
	f->crypto->backend->key_fini(key, UPS_SRTP_RTP);
	memset(key->half[0].state, 0, key->state_size);
	from_hex("2b7e151628aed2a6abf7158809cf4f3c", key->cipher_key[0]);
	assert_int_equal(f->crypto->backend->key_init(key, UPS_SRTP_RTP), 0);
	from_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", iv);

	from_hex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
		 "41e95b3bb0a2e8dd477901e4fca894c0",
		 want);
	keystream(f, key, iv, 0, got, 3);
	assert_memory_equal(got, want, 48);
	from_hex("ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae"
		 "6a2cc3787889374fbeb4c81b17ba6c44",
		 want);
	keystream(f, key, iv, 0xfeff, got, 3);
	assert_memory_equal(got, want, 48);
	/* and the 65 282 blocks between them against OpenSSL */
	EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key->cipher_key[0], iv);
	for (unsigned int at = 0; at < 0xff00; at += 256) {
		assert_true(EVP_EncryptUpdate(ctx, all, &len, zero, sizeof(all)));
		keystream(f, key, iv, (uint16_t)at, got, 256);
		assert_memory_equal(got, all, sizeof(all));
	}
	EVP_CIPHER_CTX_free(ctx);
	leg_close(&leg);
}

/* Published with libsrtp: AES-192, SSRC and SEQ 0. Debian's libsrtp itself fails it. */
static void aes_192_packet(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p = { .len = 0, .kind = UPS_SRTP_RTP };
	uint8_t want[64];
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_192_CM_HMAC_SHA1_80);
	leg_close(&leg);
	leg.config[0].suite = ups_suite_by_id(UPS_SUITE_AES_192_CM_HMAC_SHA1_80);
	from_hex(UPS_VECTOR_MASTER_192, leg.config[0].master.data);
	assert_int_equal(
		ups_srtp_key_create(f->crypto, &leg.config[0], &leg.tx_use[0], &leg.tx_key[0]), 0);
	leg.tx.key[0] = leg.tx_key[0];
	leg.tx.key_count = 1;
	p.len = (uint16_t)from_hex("800f0000decafbad00000000abababababababababababababababab",
				   p.data);
	from_hex("800f0000decafbad00000000d98865552f2762c3ef37f837acfdb7122d6bc4dc84c76f74aea5",
		 want);
	assert_int_equal(protect(f, &leg, &p), 0);
	assert_int_equal(p.len, 38);
	assert_memory_equal(p.data, want, 38);
	leg_close(&leg);
}

static void refused_keys(void **state)
{
	struct fix *f = fix_get(state);
	struct ups_srtp_key_config config = { .suite = ups_suite_by_id(1) };
	struct ups_key_use use = { .rtp_limit = 1, .rtcp_limit = 1 };
	struct ups_srtp_key *key = (void *)&use;

	config.master.size = 29;
	assert_int_equal(ups_srtp_key_create(f->crypto, &config, &use, &key), UPS_E_KEY_LENGTH);
	assert_null(key);
	config.master.size = 31;
	assert_int_equal(ups_srtp_key_create(f->crypto, &config, &use, &key), UPS_E_KEY_LENGTH);
	config.master.size = 30;
	config.mki_len = UPS_MKI_MAX + 1;
	assert_int_equal(ups_srtp_key_create(f->crypto, &config, &use, &key), UPS_E_RANGE);
	assert_null(key);
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void ghash_block(const struct ups_ghash *g, struct ups_ghash128 *y, const uint8_t *block)
{
	y->hi ^= be64(block);
	y->lo ^= be64(block + 8);
	ups_ghash_mul(g, y);
}

static void ghash_padded(const struct ups_ghash *g, struct ups_ghash128 *y, const uint8_t *data,
			 size_t size)
{
	uint8_t block[16];

	for (size_t at = 0; at < size; at += 16) {
		memset(block, 0, 16);
		memcpy(block, data + at, size - at < 16 ? size - at : 16);
		ghash_block(g, y, block);
	}
}

/* A packet's tag from the exported table and key alone, as the kernel lane computes it */
static void gcm_tag_by_export(const struct ups_set_aes *aes, const struct ups_ghash *g,
			      const uint8_t *iv, const struct pkt *p, uint8_t *tag)
{
	uint8_t j0[16] = { 0 }, mask[16], lengths[16] = { 0 };
	struct ups_ghash128 y = { 0, 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t text = (size_t)p->len - 12 - 16;
	int len;

	memcpy(j0, iv, 12);
	j0[15] = 1;
	EVP_EncryptInit_ex(ctx, aes->key_len == 16 ? EVP_aes_128_ecb() : EVP_aes_256_ecb(), NULL,
			   aes->key, NULL);
	EVP_EncryptUpdate(ctx, mask, &len, j0, 16);
	EVP_CIPHER_CTX_free(ctx);
	ghash_padded(g, &y, p->data, 12);
	ghash_padded(g, &y, p->data + 12, text);
	put_be32(lengths + 4, 12 * 8);
	put_be32(lengths + 12, (uint32_t)text * 8);
	ghash_block(g, &y, lengths);
	for (int i = 0; i < 16; i++)
		tag[i] = mask[i] ^ (uint8_t)((i < 8 ? y.hi : y.lo) >> (56 - 8 * (i % 8)));
}

static void export_gcm(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = UPS_SUITE_AEAD_AES_128_GCM; suite < UPS_SUITE_COUNT; suite++) {
		struct ups_key out;
		struct ups_set_aes aes;
		struct ups_ghash ghash;
		struct leg leg;

		leg_open(f, &leg, suite);
		assert_int_equal(ups_srtp_key_export(leg.tx_key[0], &out, &aes, &ghash), 0);
		assert_int_equal(out.suite, suite);
		assert_int_equal(out.aead, 1);
		assert_int_equal(out.tag_len, 16);
		assert_int_equal(aes.key_len, leg.config[0].suite->key_len);
		for (uint16_t size = 0; size < 100; size++) {
			struct pkt p = rtp(0x01020304, size, size);
			uint8_t iv[12], tag[16];

			assert_int_equal(protect(f, &leg, &p), 0);
			memcpy(iv, out.salt, 12);
			for (int i = 0; i < 4; i++)
				iv[2 + i] ^= p.data[8 + i];
			iv[10] ^= p.data[2];
			iv[11] ^= p.data[3];
			gcm_tag_by_export(&aes, &ghash, iv, &p, tag);
			assert_memory_equal(tag, p.data + p.len - 16, 16);
		}
		leg_close(&leg);
	}
}

/* The exported midstates are SHA-1 after one block: finished by hand they give HMAC of nothing. */
static void export_cm(void **state)
{
	struct fix *f = fix_get(state);
	const struct ups_suite *suite = ups_suite_by_id(UPS_SUITE_AES_192_CM_HMAC_SHA1_32);
	uint8_t auth[20], want[4], roc[4] = { 0 }, mac[20];
	struct ups_set_aes aes;
	struct ups_ghash ghash, none = { 0 };
	struct ups_hmac_state again;
	struct ups_key out;
	struct pkt p = rtp(7, 7, 30);
	unsigned int size = sizeof(mac);
	struct leg leg;

	leg_open(f, &leg, suite->id);
	leg_add_key(f, &leg, suite->id, UPS_MKI_XDP_MAX, false);
	leg_add_key(f, &leg, suite->id, UPS_MKI_XDP_MAX + 1, false);
	assert_int_equal(ups_srtp_key_export(leg.tx_key[2], &out, &aes, &ghash), UPS_E_UNSUPPORTED);
	assert_int_equal(ups_srtp_key_export(leg.tx_key[1], &out, &aes, &ghash), 0);
	assert_int_equal(out.mki_len, UPS_MKI_XDP_MAX);
	assert_memory_equal(out.mki, leg.config[1].mki, UPS_MKI_XDP_MAX);
	assert_int_equal(ups_srtp_key_export(leg.tx_key[0], &out, &aes, &ghash), 0);
	assert_memory_equal(&ghash, &none, sizeof(none));
	assert_int_equal(out.tag_len, 4);
	assert_int_equal(aes.key_len, 24);
	assert_int_equal(ups_kdf(suite, leg.config[0].master.data, 0, mac, 20), 0);
	assert_memory_equal(mac, aes.key, 20);
	assert_int_equal(ups_kdf(suite, leg.config[0].master.data, 2, mac, 14), 0);
	assert_memory_equal(mac, out.salt, 14);

	assert_int_equal(ups_kdf(suite, leg.config[0].master.data, 1, auth, 20), 0);
	ups_hmac_init(&again, auth);
	assert_memory_equal(again.inner, out.sha1_inner, 20);
	assert_memory_equal(again.outer, out.sha1_outer, 20);
	/* The packet's tag by OpenSSL's own HMAC: header, ciphertext, ROC 0 */
	assert_int_equal(protect(f, &leg, &p), 0);
	memcpy(want, p.data + p.len - 4, 4);
	memcpy(p.data + p.len - 4, roc, 4);
	assert_non_null(HMAC(EVP_sha1(), auth, 20, p.data, p.len, mac, &size));
	assert_memory_equal(mac, want, 4);
	leg_close(&leg);
}

/* What ups_key_destroy() overwrote: ups_wipe() is explicit_bzero(), under one of two names, and this program defines both. */
static struct {
	const void *at;
	size_t size;
} wiped;

void __explicit_bzero_chk(void *p, size_t size, size_t room);

void explicit_bzero(void *p, size_t size)
{
	volatile uint8_t *b = p;

	for (size_t i = 0; i < size; i++)
		b[i] = 0;
	if (size > wiped.size) {
		wiped.at = p;
		wiped.size = size;
	}
}

void __explicit_bzero_chk(void *p, size_t size, size_t room)
{
	if (size <= room)
		explicit_bzero(p, size);
}

static void keys_are_wiped(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_256_GCM);
	for (unsigned int kind = 0; kind < 2; kind++) {
		const uint8_t *state_at = leg.tx_key[0]->half[kind].state;
		const uint8_t *key = (uint8_t *)leg.tx_key[0];

		assert_true(state_at > key && state_at + leg.tx_key[0]->state_size <=
						      key + sizeof(*leg.tx_key[0]) + 64 +
							      2 * leg.tx_key[0]->state_size);
	}
	{
		const void *at = leg.tx_key[0];
		size_t size = sizeof(*leg.tx_key[0]) + 2 * leg.tx_key[0]->state_size;

		wiped.size = 0;
		ups_srtp_key_destroy(leg.tx_key[0]);
		leg.tx_key[0] = NULL;
		assert_ptr_equal(wiped.at, at);
		assert_true(wiped.size >= size);
	}
	leg_close(&leg);
}

#define BOTH(fn)                                                                  \
	{ "ipsec-mb " #fn, fn, setup, fix_close, (void *)(uintptr_t)"ipsec-mb" }, \
		{ "openssl " #fn, fn, setup, fix_close, (void *)(uintptr_t)"openssl" }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite_table),
		cmocka_unit_test(backend_names),
		cmocka_unit_test(kdf),
		BOTH(aes_cm_keystream),
		BOTH(aes_192_packet),
		BOTH(refused_keys),
		BOTH(export_gcm),
		BOTH(export_cm),
		BOTH(keys_are_wiped),
	};

	return cmocka_run_group_tests_name("SRTP vectors and keys", tests, NULL, NULL);
}
