/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by the unit tests of daemon/crypto: opened backends, legs with keys from a seed, packets. */
#ifndef UPS_TEST_CRYPTO_FIXTURE_H
#define UPS_TEST_CRYPTO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/engine.h"
#include "rng.h"

#define FIX_ROOM 2048
#define FIX_SLOTS 3

static const char *const fix_backends[] __attribute__((unused)) = { "ipsec-mb", "openssl" };

/* Backend names as cmocka states */
struct fix {
	struct ups_crypto *crypto;
	struct ups_crypto_queue *queue;
};

TEST_INLINE int fix_open(void **state, const char *backend)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct ups_errmsg msg;

	*state = f;
	if (!f)
		return -1;
	if (ups_crypto_open(backend, &f->crypto, &msg)) {
		print_message("%s\n", msg.text);
		return 0; /* the tests skip */
	}
	return ups_crypto_queue_create(f->crypto, &f->queue);
}

TEST_INLINE int fix_close(void **state)
{
	struct fix *f = *state;

	ups_crypto_queue_destroy(f->queue);
	ups_crypto_close(f->crypto);
	free(f);
	return 0;
}

TEST_INLINE struct fix *fix_get(void **state)
{
	struct fix *f = *state;

	if (!f->crypto)
		skip();
	return f;
}

/* A sender and a receiver that share keys */
struct leg {
	struct ups_srtp_key_config config[UPS_RX_KEYS_MAX];
	struct ups_key_use tx_use[UPS_RX_KEYS_MAX], rx_use[UPS_RX_KEYS_MAX];
	struct ups_srtp_key *tx_key[UPS_RX_KEYS_MAX], *rx_key[UPS_RX_KEYS_MAX];
	struct ups_ssrc sent[FIX_SLOTS], received[FIX_SLOTS];
	struct ups_srtp_side tx, rx;
};

TEST_INLINE void leg_add_key(struct fix *f, struct leg *leg, unsigned int suite, uint8_t mki_len,
			     bool rtcp_clear)
{
	unsigned int n = leg->rx.key_count;
	struct ups_srtp_key_config *c = &leg->config[n];
	struct ups_key_use use = { .rtp_limit = 1ULL << 48, .rtcp_limit = 1u << 31 };
	struct rng rng = { .state = 77 + n };

	c->suite = ups_suite_by_id(suite);
	c->master.size = (uint8_t)(c->suite->key_len + c->suite->salt_len);
	rng_fill(&rng, c->master.data, c->master.size);
	c->mki_len = mki_len;
	rng_fill(&rng, c->mki, mki_len);
	c->rtcp_clear = rtcp_clear;
	leg->tx_use[n] = use;
	leg->rx_use[n] = use;
	assert_int_equal(ups_srtp_key_create(f->crypto, c, &leg->tx_use[n], &leg->tx_key[n]), 0);
	assert_int_equal(ups_srtp_key_create(f->crypto, c, &leg->rx_use[n], &leg->rx_key[n]), 0);
	leg->rx.key[leg->rx.key_count++] = leg->rx_key[n];
	leg->tx.key[0] = leg->tx_key[0];
	leg->tx.key_count = 1;
}

TEST_INLINE void leg_open(struct fix *f, struct leg *leg, unsigned int suite)
{
	memset(leg, 0, sizeof(*leg));
	leg->tx.ssrc = leg->sent;
	leg->rx.ssrc = leg->received;
	leg->tx.ssrc_count = FIX_SLOTS;
	leg->rx.ssrc_count = FIX_SLOTS;
	leg_add_key(f, leg, suite, 0, false);
}

/* Destroys the keys; the leg can be given new ones. */
TEST_INLINE void leg_close(struct leg *leg)
{
	for (unsigned int i = 0; i < UPS_RX_KEYS_MAX; i++) {
		ups_srtp_key_destroy(leg->tx_key[i]);
		ups_srtp_key_destroy(leg->rx_key[i]);
		leg->tx_key[i] = NULL;
		leg->rx_key[i] = NULL;
	}
	leg->rx.key_count = 0;
	leg->tx.key_count = 0;
}

struct pkt {
	uint16_t len;
	uint8_t kind;
	uint8_t data[FIX_ROOM];
};

TEST_INLINE void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

TEST_INLINE struct pkt rtp(uint32_t ssrc, uint16_t seq, uint16_t payload)
{
	struct pkt p = { .len = (uint16_t)(12 + payload), .kind = UPS_SRTP_RTP };

	memset(p.data, 0xab, p.len);
	p.data[0] = 0x80;
	p.data[1] = 0;
	p.data[2] = (uint8_t)(seq >> 8);
	p.data[3] = (uint8_t)seq;
	put_be32(p.data + 8, ssrc);
	return p;
}

TEST_INLINE struct pkt rtcp(uint32_t ssrc, uint16_t payload)
{
	struct pkt p = { .len = (uint16_t)(8 + payload), .kind = UPS_SRTP_RTCP };

	memset(p.data, 0xcd, p.len);
	p.data[0] = 0x81;
	p.data[1] = 200;
	put_be32(p.data + 4, ssrc);
	return p;
}

TEST_INLINE struct ups_srtp_op op_of(const struct ups_srtp_side *side, struct pkt *p)
{
	return (struct ups_srtp_op) { .side = side,
				      .packet = p->data,
				      .len = p->len,
				      .cap = FIX_ROOM,
				      .kind = p->kind,
				      .result = 0xff };
}

TEST_INLINE uint8_t protect(struct fix *f, const struct leg *leg, struct pkt *p)
{
	struct ups_srtp_op op = op_of(&leg->tx, p);

	ups_srtp_protect(f->queue, &op, 1);
	p->len = op.len;
	return op.result;
}

TEST_INLINE uint8_t unprotect(struct fix *f, const struct leg *leg, struct pkt *p)
{
	struct ups_srtp_op op = op_of(&leg->rx, p);

	ups_srtp_unprotect(f->queue, &op, 1);
	p->len = op.len;
	return op.result;
}

/* On a copy, so that the caller's packet can be sent again */
TEST_INLINE uint8_t deliver(struct fix *f, const struct leg *leg, const struct pkt *p)
{
	struct pkt copy = *p;

	return unprotect(f, leg, &copy);
}

#endif
