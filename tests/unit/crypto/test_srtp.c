// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Semantics of daemon/crypto/srtp.h, every test through each backend: indices, replay, keys, refusals, bursts. */
#include "fixture.h"

#define SSRC 0x11223344

static int setup(void **state)
{
	return fix_open(state, *state);
}

#define SUITE_FIRST 1
#define SUITE_END UPS_SUITE_COUNT

static void expect_same(const struct pkt *got, const struct pkt *want)
{
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->data, want->data, want->len);
}

/* Protects a copy and lets it arrive; -> result of unprotect, plaintext compared if 0 */
static uint8_t pass(struct fix *f, const struct leg *leg, const struct pkt *plain)
{
	struct pkt p = *plain;
	uint8_t result;

	assert_int_equal(protect(f, leg, &p), 0);
	assert_int_equal(p.len, plain->len + ups_srtp_key_overhead(leg->tx.key[0], p.kind));
	result = unprotect(f, leg, &p);
	if (!result)
		expect_same(&p, plain);
	return result;
}

static struct pkt with_headers(struct pkt p, uint8_t csrc, uint8_t words)
{
	uint8_t *ext = p.data + 12 + 4 * csrc;

	p.data[0] = (uint8_t)(0x90 | csrc);
	p.len = (uint16_t)(p.len + 4 * csrc + 4 + 4 * words);
	memset(p.data + 12, 0xee, (size_t)p.len - 12);
	ext[2] = 0;
	ext[3] = words;
	return p;
}

static void round_trip(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		uint16_t seq = 0;

		leg_open(f, &leg, suite);
		for (uint16_t size = 0; size <= 1400; size = (uint16_t)(size + 1 + size / 9)) {
			struct pkt p = rtp(SSRC, seq++, size);
			struct pkt c = rtcp(SSRC, size);
			struct pkt h = with_headers(rtp(SSRC, seq++, size), size % 16, size % 20);

			assert_int_equal(pass(f, &leg, &p), 0);
			assert_int_equal(pass(f, &leg, &c), 0);
			assert_int_equal(pass(f, &leg, &h), 0);
		}
		leg_close(&leg);
	}
}

/* What leaves is not what came in, and each packet has its own keystream. */
static void ciphertext_differs(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct pkt a = rtp(SSRC, 1, 64), b = rtp(SSRC, 2, 64), plain = a;

		leg_open(f, &leg, suite);
		assert_int_equal(protect(f, &leg, &a), 0);
		assert_int_equal(protect(f, &leg, &b), 0);
		assert_memory_equal(a.data, plain.data, 12);
		assert_memory_not_equal(a.data + 12, plain.data + 12, 16);
		assert_memory_not_equal(a.data + 12, b.data + 12, 16);
		leg_close(&leg);
	}
}

static void rollover(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;
	uint32_t index = 0;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	/* In steps that are lost bursts of up to 32 000: ten wraps. */
	for (unsigned int i = 0; index < 10 * 65536; i++) {
		struct pkt p = rtp(SSRC, (uint16_t)index, 20);

		assert_int_equal(pass(f, &leg, &p), 0);
		assert_int_equal(leg.sent[0].tx.top, index + 1);
		assert_int_equal(leg.received[0].rx.top, index + 1);
		index += 1 + i * 977 % 32000;
	}
	/* And one by one, across at least one more */
	for (unsigned int i = 0; i < 70000; i++, index++) {
		struct pkt p = rtp(SSRC, (uint16_t)index, 0);

		assert_int_equal(pass(f, &leg, &p), 0);
	}
	assert_int_equal(leg.received[0].rx.top, index);
	leg_close(&leg);
}

static void reorder_across_wrap(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p[64];
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	/* The very first packets, 65504..65535 then 0..31 */
	for (unsigned int i = 0; i < 64; i++) {
		p[i] = rtp(SSRC, (uint16_t)(65504 + i), 30);
		assert_int_equal(protect(f, &leg, &p[i]), 0);
	}
	assert_int_equal(deliver(f, &leg, &p[0]), 0);
	for (unsigned int i = 63; i >= 1; i--)
		assert_int_equal(deliver(f, &leg, &p[i]), 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(deliver(f, &leg, &p[i]), UPS_DROP_REPLAY);
	assert_int_equal(leg.received[0].rx.top, 65536 + 32);
	leg_close(&leg);
}

static void replay_and_age(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p[400], c[400];
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_256_CM_HMAC_SHA1_80);
	for (unsigned int i = 0; i < 400; i++) {
		p[i] = rtp(SSRC, (uint16_t)i, 10);
		c[i] = rtcp(SSRC, 10);
		assert_int_equal(protect(f, &leg, &p[i]), 0);
		assert_int_equal(protect(f, &leg, &c[i]), 0);
	}
	assert_int_equal(deliver(f, &leg, &p[399]), 0);
	assert_int_equal(deliver(f, &leg, &c[399]), 0); /* a list of its own: not hidden by RTP's */
	assert_int_equal(deliver(f, &leg, &p[399]), UPS_DROP_REPLAY);
	assert_int_equal(deliver(f, &leg, &c[399]), UPS_DROP_REPLAY);
	assert_int_equal(deliver(f, &leg, &p[400 - UPS_WINDOW_SPAN]), 0);
	assert_int_equal(deliver(f, &leg, &c[400 - UPS_WINDOW_SPAN]), 0);
	assert_int_equal(deliver(f, &leg, &p[399 - UPS_WINDOW_SPAN]), UPS_DROP_TOO_OLD);
	assert_int_equal(deliver(f, &leg, &c[399 - UPS_WINDOW_SPAN]), UPS_DROP_TOO_OLD);
	leg_close(&leg);
}

/* Every bit of every protected packet matters, and refusing changes not a byte of what is remembered. */
static void forged(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct pkt p[2] = { rtp(SSRC, 500, 21), rtcp(SSRC, 21) };
		struct leg leg, before;

		leg_open(f, &leg, suite);
		assert_int_equal(protect(f, &leg, &p[0]), 0);
		assert_int_equal(protect(f, &leg, &p[1]), 0);
		before = leg;
		for (unsigned int k = 0; k < 2; k++) {
			for (unsigned int bit = 0; bit < p[k].len * 8u; bit++) {
				struct pkt bad = p[k];

				bad.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_not_equal(deliver(f, &leg, &bad), 0);
				assert_memory_equal(&leg, &before, sizeof(leg));
			}
			for (uint16_t len = 0; len < p[k].len; len++) {
				struct pkt bad = p[k];

				bad.len = len;
				assert_int_not_equal(deliver(f, &leg, &bad), 0);
				assert_memory_equal(&leg, &before, sizeof(leg));
			}
		}
		assert_int_equal(deliver(f, &leg, &p[0]), 0);
		assert_int_equal(deliver(f, &leg, &p[1]), 0);
		leg_close(&leg);
	}
}

/* Forgeries that claim a far index must not pull the rollover counter (RFC 3711 3.3.1). */
static void forged_roc(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	for (uint32_t i = 40000; i < 40000 + 65536 * 2; i += 1000) {
		struct pkt good = rtp(SSRC, (uint16_t)i, 20), bad = good;

		assert_int_equal(protect(f, &leg, &good), 0);
		bad.len = good.len;
		for (uint32_t ahead = 0; ahead < 65536; ahead += 3333) {
			bad.data[2] = (uint8_t)((i + ahead) >> 8);
			bad.data[3] = (uint8_t)(i + ahead);
			assert_int_not_equal(deliver(f, &leg, &bad), 0);
		}
		assert_int_equal(deliver(f, &leg, &good), 0);
	}
	leg_close(&leg);
}

static void mki(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct pkt plain[2] = { rtp(SSRC, 1, 40), rtcp(SSRC, 40) };
		struct leg leg;

		leg_open(f, &leg, suite);
		leg_close(&leg);
		for (unsigned int k = 0; k < 3; k++)
			leg_add_key(f, &leg, suite, 5, false);
		for (unsigned int k = 0; k < 3; k++) {
			leg.tx.key[0] = leg.tx_key[k];
			for (unsigned int kind = 0; kind < 2; kind++) {
				plain[kind].data[3] = (uint8_t)k;
				assert_int_equal(pass(f, &leg, &plain[kind]), 0);
			}
			assert_int_equal(leg.rx_use[k].rtp, 1);
			assert_int_equal(leg.rx_use[k].rtcp, 1);
		}
		/* A key that the receiver does not have (any more) */
		leg.rx.key_count = 2;
		plain[0].data[3] = 9;
		assert_int_equal(pass(f, &leg, &plain[0]), UPS_DROP_MKI);
		assert_int_equal(pass(f, &leg, &plain[1]), UPS_DROP_MKI);
		leg.rx.key_count = 3;
		leg_close(&leg);
	}
}

static void mki_lengths(void **state)
{
	static const uint8_t lens[] = { 1, 2, 16, 17, UPS_MKI_MAX };
	struct fix *f = fix_get(state);
	struct pkt plain = rtp(SSRC, 1, 40), p;
	struct leg leg;

	for (size_t i = 0; i < sizeof(lens); i++) {
		leg_open(f, &leg, UPS_SUITE_AEAD_AES_256_GCM);
		leg_close(&leg);
		leg_add_key(f, &leg, UPS_SUITE_AEAD_AES_256_GCM, lens[i], false);
		p = plain;
		assert_int_equal(protect(f, &leg, &p), 0);
		assert_memory_equal(p.data + p.len - lens[i], leg.config[0].mki, lens[i]);
		assert_int_equal(unprotect(f, &leg, &p), 0);
		expect_same(&p, &plain);
		leg_close(&leg);
	}
}

/* Several keys and no MKI to choose by: no key, never one after the other. */
static void no_trial(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p = rtp(SSRC, 1, 40);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	leg_add_key(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80, 0, false);
	assert_int_equal(protect(f, &leg, &p), 0);
	assert_int_equal(deliver(f, &leg, &p), UPS_DROP_NO_KEY);
	leg.rx.key_count = 0;
	assert_int_equal(deliver(f, &leg, &p), UPS_DROP_NO_KEY);
	leg.rx.key_count = 1;
	assert_int_equal(deliver(f, &leg, &p), 0);
	/* One with and one without is no better. */
	leg.rx.key_count = 2;
	leg_add_key(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80, 4, false);
	p = rtp(SSRC, 2, 40);
	assert_int_equal(protect(f, &leg, &p), 0);
	assert_int_equal(deliver(f, &leg, &p), UPS_DROP_NO_KEY);
	p = rtp(SSRC, 3, 40);
	leg.tx.key_count = 0;
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_NO_KEY);
	leg_close(&leg);
}

static void lifetime_sending(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p;
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	leg.tx_use[0].rtp_limit = 3;
	leg.tx_use[0].rtcp_limit = 2;
	for (unsigned int i = 0; i < 8; i++) {
		p = rtp(SSRC, (uint16_t)i, 10);
		assert_int_equal(protect(f, &leg, &p), i < 3 ? 0 : UPS_DROP_KEY_EXPIRED);
		p = rtcp(SSRC, 10);
		assert_int_equal(protect(f, &leg, &p), i < 2 ? 0 : UPS_DROP_KEY_EXPIRED);
	}
	assert_int_equal(leg.tx_use[0].rtp, 3);
	assert_int_equal(leg.tx_use[0].rtcp, 2);
	assert_int_equal(leg.sent[0].tx.top, 3); /* a dead key takes no indices */
	assert_int_equal(leg.sent[0].tx_rtcp, 2);
	leg_close(&leg);
}

static void lifetime_receiving(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p, c;
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_32);
	leg.rx_use[0].rtp_limit = 3;
	leg.rx_use[0].rtcp_limit = 2;
	for (unsigned int i = 0; i < 8; i++) {
		p = rtp(SSRC, (uint16_t)i, 10);
		assert_int_equal(protect(f, &leg, &p), 0);
		c = p;
		c.data[20] ^= 1; /* forgeries use up nothing */
		assert_int_equal(deliver(f, &leg, &c),
				 i < 3 ? UPS_DROP_AUTH : UPS_DROP_KEY_EXPIRED);
		assert_int_equal(deliver(f, &leg, &p), i < 3 ? 0 : UPS_DROP_KEY_EXPIRED);
		p = rtcp(SSRC, 10);
		assert_int_equal(protect(f, &leg, &p), 0);
		assert_int_equal(deliver(f, &leg, &p), i < 2 ? 0 : UPS_DROP_KEY_EXPIRED);
	}
	assert_int_equal(leg.rx_use[0].rtp, 3);
	assert_int_equal(leg.rx_use[0].rtcp, 2);
	leg_close(&leg);
}

/* A burst that runs into the limit: the first ones pass. */
static void lifetime_in_burst(void **state)
{
	struct fix *f = fix_get(state);
	struct ups_srtp_op ops[8];
	struct pkt p[8];
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	leg.rx_use[0].rtp_limit = 5;
	leg.tx_use[0].rtp_limit = 7;
	for (unsigned int i = 0; i < 8; i++) {
		p[i] = rtp(SSRC, (uint16_t)i, 10);
		ops[i] = op_of(&leg.tx, &p[i]);
	}
	ups_srtp_protect(f->queue, ops, 8);
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(ops[i].result, i < 7 ? 0 : UPS_DROP_KEY_EXPIRED);
		ops[i].side = &leg.rx;
	}
	ups_srtp_unprotect(f->queue, ops, 7);
	for (unsigned int i = 0; i < 7; i++)
		assert_int_equal(ops[i].result, i < 5 ? 0 : UPS_DROP_KEY_EXPIRED);
	leg_close(&leg);
}

static void rtcp_index_end(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p = rtcp(SSRC, 10);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	leg.sent[0].id = UPS_SSRC_USED | SSRC;
	leg.sent[0].tx_rtcp = (1u << 31) - 1;
	assert_int_equal(pass(f, &leg, &p), 0);
	for (unsigned int i = 0; i < 3; i++) {
		struct pkt q = p;

		assert_int_equal(protect(f, &leg, &q), UPS_DROP_KEY_EXPIRED);
	}
	assert_int_equal(leg.sent[0].tx_rtcp, 1u << 31);
	leg_close(&leg);
}

static void rtcp_from_zero_or_one(void **state)
{
	struct fix *f = fix_get(state);

	for (uint64_t first = 0; first < 2; first++) {
		struct pkt p = rtcp(SSRC, 10);
		struct leg leg;

		leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
		leg.sent[0].id = first ? UPS_SSRC_USED | SSRC : 0;
		leg.sent[0].tx_rtcp = first;
		assert_int_equal(pass(f, &leg, &p), 0);
		assert_int_equal(leg.received[0].rx_rtcp.top, first + 1);
		leg_close(&leg);
	}
}

static void ssrc_limit(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	for (unsigned int i = 0; i < FIX_SLOTS; i++) {
		struct pkt p = rtp(SSRC + i, 7, 10), c = rtcp(SSRC + i, 10);

		assert_int_equal(pass(f, &leg, &p), 0);
		assert_int_equal(pass(f, &leg, &c), 0);
		assert_int_equal(leg.received[i].id, UPS_SSRC_USED | (SSRC + i));
	}
	for (unsigned int kind = 0; kind < 2; kind++) {
		struct pkt p = kind ? rtcp(SSRC + 9, 10) : rtp(SSRC + 9, 7, 10);

		assert_int_equal(protect(f, &leg, &p), UPS_DROP_SSRC_LIMIT);
		p.len = (uint16_t)(p.len + 30);
		assert_int_equal(unprotect(f, &leg, &p), UPS_DROP_SSRC_LIMIT);
	}
	assert_int_equal(ups_ssrc_admit(leg.received, FIX_SLOTS, SSRC + 2), 0);
	assert_int_equal(ups_ssrc_admit(leg.received, FIX_SLOTS, SSRC + 9), UPS_DROP_SSRC_LIMIT);
	leg_close(&leg);
}

static void ssrc_zero(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p = rtp(0, 1, 10);
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(pass(f, &leg, &p), 0);
	assert_int_equal(leg.received[0].id, UPS_SSRC_USED);
	assert_int_equal(leg.received[1].id, 0);
	leg_close(&leg);
}

/* E-bit against policy, both ways; and a bit flipped under way is a forgery. */
static void e_bit(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct pkt plain = rtcp(SSRC, 33), p;
		struct leg on, off, before;
		size_t at;

		leg_open(f, &on, suite);
		leg_open(f, &off, suite);
		leg_close(&off);
		leg_add_key(f, &off, suite, 0, true);
		assert_int_equal(pass(f, &off, &plain), 0);
		p = plain;
		assert_int_equal(protect(f, &off, &p), 0);
		assert_memory_equal(p.data, plain.data,
				    plain.len); /* readable, but authenticated */
		before = on;
		assert_int_equal(deliver(f, &on, &p), UPS_DROP_EBIT);
		assert_memory_equal(&on, &before, sizeof(on));
		at = (size_t)p.len - 4 - (on.tx_key[0]->aead ? 0 : 10);
		p.data[at] ^= 0x80;
		assert_int_equal(deliver(f, &on, &p), UPS_DROP_AUTH);
		assert_int_equal(deliver(f, &off, &p), UPS_DROP_AUTH);
		p = plain;
		on.sent[0].id = UPS_SSRC_USED | SSRC;
		on.sent[0].tx_rtcp = 50; /* beyond what `off` has seen */
		assert_int_equal(protect(f, &on, &p), 0);
		assert_int_equal(deliver(f, &off, &p), UPS_DROP_EBIT);
		leg_close(&on);
		leg_close(&off);
	}
}

static void egress(void **state)
{
	struct fix *f = fix_get(state);
	struct pkt p;
	struct leg leg;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	for (unsigned int i = 1000; i < 1500; i += 2) {
		p = rtp(SSRC, (uint16_t)i, 10);
		assert_int_equal(protect(f, &leg, &p), 0);
	}
	p = rtp(SSRC, 1498, 30); /* same number, other contents: two-time pad */
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_EGRESS_REUSE);
	p = rtp(SSRC, 1497, 10); /* late, but never used */
	assert_int_equal(protect(f, &leg, &p), 0);
	p = rtp(SSRC, 1497, 10);
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_EGRESS_REUSE);
	p = rtp(SSRC, (uint16_t)(1499 - UPS_WINDOW_SPAN), 10);
	assert_int_equal(protect(f, &leg, &p), 0);
	p = rtp(SSRC, (uint16_t)(1497 - UPS_WINDOW_SPAN), 10);
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_EGRESS_OLD);
	assert_int_equal(leg.tx_use[0].rtp, 250 + 2); /* what is refused counts for nothing */
	leg_close(&leg);
}

static void duplicates_in_burst(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct pkt p[16], original[2] = { rtp(SSRC, 40000, 50), rtcp(SSRC, 50) };
		struct ups_srtp_op ops[16];
		unsigned int passed[2] = { 0, 0 };
		struct leg leg;

		leg_open(f, &leg, suite);
		assert_int_equal(protect(f, &leg, &original[0]), 0);
		assert_int_equal(protect(f, &leg, &original[1]), 0);
		for (unsigned int i = 0; i < 16; i++) {
			p[i] = original[i % 2];
			ops[i] = op_of(&leg.rx, &p[i]);
		}
		ups_srtp_unprotect(f->queue, ops, 16);
		for (unsigned int i = 0; i < 16; i++) {
			assert_true(!ops[i].result || ops[i].result == UPS_DROP_REPLAY);
			passed[i % 2] += !ops[i].result;
		}
		assert_int_equal(passed[0], 1);
		assert_int_equal(passed[1], 1);
		leg_close(&leg);
	}
}

/* The first packets of a stream, across a wrap, all in one burst: as if they had come one by one. */
static void wrap_in_burst(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct ups_srtp_op ops[UPS_BURST_MAX];
		struct pkt p[UPS_BURST_MAX];
		struct leg leg;

		leg_open(f, &leg, suite);
		for (unsigned int i = 0; i < UPS_BURST_MAX; i++) {
			p[i] = rtp(SSRC + i % 2, (uint16_t)(65525 + i * 500), 20);
			ops[i] = op_of(&leg.tx, &p[i]);
		}
		ups_srtp_protect(f->queue, ops, UPS_BURST_MAX);
		for (unsigned int i = 0; i < UPS_BURST_MAX; i++) {
			assert_int_equal(ops[i].result, 0);
			ops[i].side = &leg.rx;
		}
		ups_srtp_unprotect(f->queue, ops, UPS_BURST_MAX);
		for (unsigned int i = 0; i < UPS_BURST_MAX; i++) {
			struct pkt plain = rtp(SSRC + i % 2, (uint16_t)(65525 + i * 500), 20);

			assert_int_equal(ops[i].result, 0);
			p[i].len = ops[i].len;
			expect_same(&p[i], &plain);
		}
		assert_int_equal(leg.received[0].rx.top, 65525 + 62 * 500 + 1);
		leg_close(&leg);
	}
}

/* Refused packets in the middle of a mixed burst must not disturb their neighbours. */
static void mixed_burst(void **state)
{
	struct fix *f = fix_get(state);
	struct leg legs[SUITE_END];
	struct ups_srtp_op ops[56];
	struct pkt p[56];

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++)
		leg_open(f, &legs[suite], suite);
	for (unsigned int i = 0; i < 56; i++) {
		struct leg *leg = &legs[1 + i % 8];

		p[i] = i % 3 ? rtp(SSRC, (uint16_t)i, (uint16_t)(i * 7))
			     : rtcp(SSRC, (uint16_t)(i * 3));
		ops[i] = op_of(&leg->tx, &p[i]);
		if (i % 10 == 9)
			ops[i].len = 5;
	}
	ups_srtp_protect(f->queue, ops, 56);
	for (unsigned int i = 0; i < 56; i++) {
		assert_int_equal(ops[i].result, i % 10 == 9 ? UPS_DROP_SHORT : 0);
		ops[i].side = &legs[1 + i % 8].rx;
		if (i % 10 == 4)
			p[i].data[ops[i].len - 1] ^= 1;
	}
	ups_srtp_unprotect(f->queue, ops, 56);
	for (unsigned int i = 0; i < 56; i++) {
		struct pkt plain = i % 3 ? rtp(SSRC, (uint16_t)i, (uint16_t)(i * 7))
					 : rtcp(SSRC, (uint16_t)(i * 3));

		assert_int_equal(ops[i].result, i % 10 == 9   ? UPS_DROP_SHORT
						: i % 10 == 4 ? UPS_DROP_AUTH
							      : 0);
		if (ops[i].result)
			continue;
		p[i].len = ops[i].len;
		expect_same(&p[i], &plain);
	}
	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++)
		leg_close(&legs[suite]);
}

static void bounds(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct leg leg;

		leg_open(f, &leg, suite);
		for (unsigned int kind = 0; kind < 2; kind++) {
			uint16_t min = kind ? 8 : 12;
			uint16_t wire =
				(uint16_t)(min + ups_srtp_key_overhead(leg.rx.key[0], kind));

			for (uint16_t len = 0; len <= wire; len++) {
				struct pkt p = kind ? rtcp(SSRC, 0) : rtp(SSRC, 0, 0);
				uint8_t want = len < wire ? UPS_DROP_SHORT : UPS_DROP_AUTH;

				p.len = len;
				assert_int_equal(deliver(f, &leg, &p), want);
				if (len < min)
					assert_int_equal(protect(f, &leg, &p), UPS_DROP_SHORT);
			}
		}
		leg_close(&leg);
	}
}

static void malformed(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;
	struct pkt p;

	leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
	for (unsigned int version = 0; version < 4; version++) {
		if (version == 2)
			continue;
		p = rtp(SSRC, 1, 40);
		p.data[0] = (uint8_t)(version << 6);
		assert_int_equal(protect(f, &leg, &p), UPS_DROP_MALFORMED);
		assert_int_equal(unprotect(f, &leg, &p), UPS_DROP_MALFORMED);
	}
	p = rtp(SSRC, 1, 59);
	p.data[0] = 0x8f; /* 15 CSRCs are 60 bytes */
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_MALFORMED);
	p.len = (uint16_t)(p.len + 16);
	assert_int_equal(unprotect(f, &leg, &p), UPS_DROP_MALFORMED);
	p = rtp(SSRC, 1, 3);
	p.data[0] = 0x90; /* an extension's own header needs 4 */
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_MALFORMED);
	p = rtp(SSRC, 1, 40);
	p.data[0] = 0x90;
	p.data[14] = 0xff; /* 65 535 words */
	p.data[15] = 0xff;
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_MALFORMED);
	p.data[14] = 0;
	p.data[15] = 10; /* one word more than there is */
	assert_int_equal(protect(f, &leg, &p), UPS_DROP_MALFORMED);
	assert_int_equal(leg.sent[0].id, 0);
	p.data[15] = 9; /* exactly all: empty payload */
	assert_int_equal(pass(f, &leg, &p), 0);
	leg_close(&leg);
}

static void room(void **state)
{
	struct fix *f = fix_get(state);

	for (unsigned int suite = SUITE_FIRST; suite < SUITE_END; suite++) {
		struct leg leg;

		leg_open(f, &leg, suite);
		for (unsigned int kind = 0; kind < 2; kind++) {
			struct pkt p = kind ? rtcp(SSRC, 20) : rtp(SSRC, 1, 20), end;
			struct ups_srtp_op op = op_of(&leg.tx, &p);
			size_t more = ups_srtp_key_overhead(leg.tx.key[0], kind);

			op.cap = (uint16_t)(op.len + more - 1);
			ups_srtp_protect(f->queue, &op, 1);
			assert_int_equal(op.result, UPS_DROP_TOO_BIG);
			op.cap++;
			memset(p.data + op.cap, 0x5a, 64);
			end = p;
			ups_srtp_protect(f->queue, &op, 1);
			assert_int_equal(op.result, 0);
			assert_memory_equal(p.data + op.cap, end.data + op.cap, 64);
		}
		leg_close(&leg);
	}
	/* A length that adds up beyond 65 535 is not misread. */
	{
		struct ups_srtp_op op;
		struct leg leg;
		uint8_t *big = calloc(1, 65535);

		assert_non_null(big);
		leg_open(f, &leg, UPS_SUITE_AEAD_AES_128_GCM);
		big[0] = 0x80;
		op = (struct ups_srtp_op) {
			.side = &leg.tx, .packet = big, .len = 65530, .cap = 65535
		};
		ups_srtp_protect(f->queue, &op, 1);
		assert_int_equal(op.result, UPS_DROP_TOO_BIG);
		op.len = 65535 - 16;
		ups_srtp_protect(f->queue, &op, 1);
		assert_int_equal(op.result, 0);
		assert_int_equal(op.len, 65535);
		leg_close(&leg);
		free(big);
	}
}

/* Re-keying keeps the indices (RFC 3711 3.3.1): ROC and lists belong to the SSRC, not to the key. */
static void rekey_keeps_roc(void **state)
{
	struct fix *f = fix_get(state);
	struct leg leg;
	struct pkt p;

	leg_open(f, &leg, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	leg_add_key(f, &leg, UPS_SUITE_AEAD_AES_256_GCM, 0, false);
	leg.rx.key_count = 1;
	for (uint32_t i = 60000; i < 140000; i += 10000) {
		unsigned int k = i / 10000 & 1;

		leg.tx.key[0] = leg.tx_key[k];
		leg.rx.key[0] = leg.rx_key[k];
		p = rtp(SSRC, (uint16_t)i, 10);
		assert_int_equal(pass(f, &leg, &p), 0);
	}
	assert_int_equal(leg.received[0].rx.top, 130001);
	leg_close(&leg);
}

#define BOTH(fn)                                                                  \
	{ "ipsec-mb " #fn, fn, setup, fix_close, (void *)(uintptr_t)"ipsec-mb" }, \
		{ "openssl " #fn, fn, setup, fix_close, (void *)(uintptr_t)"openssl" }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(round_trip),
		BOTH(ciphertext_differs),
		BOTH(rollover),
		BOTH(reorder_across_wrap),
		BOTH(replay_and_age),
		BOTH(forged),
		BOTH(forged_roc),
		BOTH(mki),
		BOTH(mki_lengths),
		BOTH(no_trial),
		BOTH(lifetime_sending),
		BOTH(lifetime_receiving),
		BOTH(lifetime_in_burst),
		BOTH(rtcp_index_end),
		BOTH(rtcp_from_zero_or_one),
		BOTH(ssrc_limit),
		BOTH(ssrc_zero),
		BOTH(e_bit),
		BOTH(egress),
		BOTH(duplicates_in_burst),
		BOTH(wrap_in_burst),
		BOTH(mixed_burst),
		BOTH(bounds),
		BOTH(malformed),
		BOTH(room),
		BOTH(rekey_keeps_roc),
	};

	return cmocka_run_group_tests_name("SRTP semantics", tests, NULL, NULL);
}
