// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attacks on a running call in the kernel lane, for every suite: the attacker sends from the right address, sees every
 * packet, and has no key. Each packet of his must be refused for the stated reason and leave the SSRC state and the
 * packet counts of all keys as they were, bit for bit; and each time the real stream must go on as if nothing had happened.
 * The last tests are about the sending side: whatever the source does, no index is used twice.
 *
 * The call: SRTP arrives (made by libsrtp2), SRTP with another key leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cmref.h"
#include "pktcheck.h"
#include "srtpref.h"
#include "xdpfix.h"

#define LOCAL "192.0.2.1:4000"
#define PEER "192.0.2.10:7000"
#define FLOW 3 /* slot */
#define SSRC_BASE 32
#define SSRC_LIMIT 2
#define SSRC 0xcafe0001u
#define MKI_LEN 4
#define PAYLOAD 100

struct call {
	struct rng rng;
	struct xdpfix_key rx, tx;
	struct srtpref maker, receiver; /* the peer who sends, the peer who receives */
	struct cmref cm_maker, cm_receiver; /* the same for AES_192 */
	uint64_t next; /* index of the sender's next packet */
	struct ups_ssrc ssrc_before[SSRC_BASE + 2 * UPS_SSRC_MAX];
	struct ups_key_use use_before[16];
};

static struct xdpfix fix;
static struct call call;
static struct xdpfix_result result;

static int setup(void **state)
{
	struct ups_addr local = addr(LOCAL);

	(void)state;
	xdpfix_open(&fix, &xdpfix_limits);
	xdpfix_need_crypto(&fix);
	if (fix.skip)
		return 0;
	return srtp_init() ? -1 : ups_kernel_lookup_add(fix.kernel, &local, FLOW);
}

static int teardown(void **state)
{
	(void)state;
	xdpfix_close(&fix);
	srtp_shutdown();
	return 0;
}

static void install_flow(uint32_t flags)
{
	struct ups_flow f = {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN | flags,
		.src = addr(PEER),
		.out_src = addr("198.51.100.1:5000"),
		.out_dst = addr("198.51.100.10:6000"),
		.out_ttl = 64,
		.rx_key_count = flags & UPS_FLOW_RX_SRTP ? 1 : 0,
		.rx_mki_len = flags & UPS_FLOW_RX_SRTP ? MKI_LEN : 0,
		.rx_key = { 0, UPS_SLOT_NONE, UPS_SLOT_NONE, UPS_SLOT_NONE },
		.tx_key = 1,
		.ssrc_base = SSRC_BASE,
		.ssrc_count = SSRC_LIMIT,
	};

	assert_int_equal(ups_kernel_flow_set(fix.kernel, FLOW, &f), 0);
}

/* A fresh call whose stream starts shortly before the sequence number wraps */
static void call_open(struct call *c, unsigned int suite, uint32_t flags)
{
	struct srtpref_stream streams[] = { { SSRC, 0 }, { SSRC + 1, 0 }, { SSRC + 2, 0 } };

	memset(c, 0, sizeof(*c));
	memset(fix.state.ssrc, 0, sizeof(*fix.state.ssrc) * fix.state.ssrcs);
	memset(fix.state.stats, 0, sizeof(*fix.state.stats) * fix.state.flows);
	c->rng.state = suite;
	xdpfix_key_config(&c->rx.config, suite, &c->rng, MKI_LEN);
	xdpfix_key_config(&c->tx.config, suite, &c->rng, 0);
	c->tx.slot = 1;
	assert_int_equal(xdpfix_key_install(&fix, &c->rx), 0);
	assert_int_equal(xdpfix_key_install(&fix, &c->tx), 0);
	install_flow(flags);
	if (cmref_needed(c->rx.config.suite)) {
		cmref_open(&c->cm_maker, &c->rx.config);
		cmref_open(&c->cm_receiver, &c->tx.config);
	} else {
		srtpref_open(&c->maker, &c->rx.config, 1, SRTPREF_MAKER, streams, 3);
		srtpref_open(&c->receiver, &c->tx.config, 1, SRTPREF_STRICT, streams, 3);
	}
	c->next = 65000;
}

static void call_close(struct call *c)
{
	xdpfix_key_remove(&fix, &c->rx);
	xdpfix_key_remove(&fix, &c->tx);
	srtpref_close(&c->maker);
	srtpref_close(&c->receiver);
	cmref_close(&c->cm_maker);
	cmref_close(&c->cm_receiver);
}

static size_t make_clear(uint8_t *out, uint32_t ssrc, uint64_t index)
{
	struct rtp_spec rtp = {
		.cc = 1, .ssrc = ssrc, .seq = (uint16_t)index, .payload = PAYLOAD, .fill = index
	};

	return rtp_build(out, &rtp);
}

static size_t make_srtp(struct call *c, uint8_t *out, uint32_t ssrc, uint64_t index)
{
	int len = (int)make_clear(out, ssrc, index);

	if (c->cm_maker.cipher)
		cmref_protect(&c->cm_maker, out, &len, index);
	else
		assert_int_equal(srtpref_protect(&c->maker, out, &len, 0), 0);
	return (size_t)len;
}

/* -> the drop reason the flow counted, 0 if the packet left */
static uint32_t inject_from(const char *source, const uint8_t *body, size_t size)
{
	struct ups_stats *s = &fix.state.stats[FLOW];
	struct pkt_spec spec = { .src = addr(source), .dst = addr(LOCAL) };
	static struct pkt in;
	uint32_t i, reason = 0;

	memset(s->drop, 0, sizeof(s->drop));
	pkt_build(&in, &spec, body, size);
	assert_int_equal(xdpfix_run(&fix, &in, &result), 0);
	if (result.verdict == XDP_REDIRECT)
		return 0;
	if (result.verdict != XDP_DROP)
		fail_msg("verdict %d for %zu bytes", result.verdict, size);
	for (i = 0; i < UPS_DROP_MAX; i++)
		if (s->drop[i])
			reason = i;
	assert_int_not_equal(reason, 0);
	return reason;
}

static uint32_t inject(const uint8_t *body, size_t size)
{
	return inject_from(PEER, body, size);
}

static void remember(struct call *c)
{
	memcpy(c->ssrc_before, fix.state.ssrc, sizeof(c->ssrc_before));
	memcpy(c->use_before, fix.state.key_use, sizeof(c->use_before));
}

static void check_nothing_changed(const struct call *c, const char *attack)
{
	if (memcmp(c->ssrc_before, fix.state.ssrc, sizeof(c->ssrc_before)))
		fail_msg("%s changed the SSRC state", attack);
	if (memcmp(c->use_before, fix.state.key_use, sizeof(c->use_before)))
		fail_msg("%s changed a key's packet count", attack);
}

static void attack(struct call *c, const char *name, const uint8_t *body, size_t size,
		   uint32_t reason)
{
	uint32_t got = inject(body, size);

	if (got != reason)
		fail_msg("%s: reason %u instead of %u", name, got, reason);
	check_nothing_changed(c, name);
}

/* What left must be acceptable to a strict libsrtp2 receiver and be what the sender had before protecting it. */
static void check_received(struct call *c, uint64_t index)
{
	uint8_t packet[2048], clear[512];
	size_t size, clear_len = make_clear(clear, SSRC, index);
	const uint8_t *payload = pkt_payload(result.out.data, result.out.size, &size);
	int len = (int)size;

	memcpy(packet, payload, size);
	if (c->cm_receiver.cipher) {
		len = (int)clear_len;
		cmref_protect(&c->cm_receiver, clear, &len, index);
		assert_int_equal(size, len);
		assert_memory_equal(packet, clear, size);
		return;
	}
	assert_int_equal(srtpref_unprotect(&c->receiver, packet, &len), 0);
	assert_int_equal(len, clear_len);
	assert_memory_equal(packet, clear, clear_len);
}

/* @count packets of the real stream, all of which must get through */
static void real_stream(struct call *c, unsigned int count)
{
	uint8_t body[512];
	size_t size;

	for (; count--; c->next++) {
		size = make_srtp(c, body, SSRC, c->next);
		if (inject(body, size))
			fail_msg("a packet of the real stream was refused");
		check_received(c, c->next);
	}
	remember(c);
}

typedef void (*attack_fn)(struct call *c);

/* Runs @fn on a call of every suite. */
static void for_each_suite(attack_fn fn, uint32_t flags)
{
	unsigned int suite;

	if (fix.skip) {
		print_message("%s\n", fix.skip);
		skip();
	}
	for (suite = 1; suite < UPS_SUITE_COUNT; suite++) {
		call_open(&call, suite, flags);
		fn(&call);
		call_close(&call);
	}
}

#define BOTH (UPS_FLOW_RX_SRTP | UPS_FLOW_TX_SRTP)

/* ---- receiving side --------------------------------------------------------------------------------------------- */

static size_t tag_at(const struct call *c, size_t size)
{
	const struct ups_suite *s = c->rx.config.suite;

	return s->aead ? size - MKI_LEN - s->rtp_tag : size - s->rtp_tag;
}

static void forge_tags(struct call *c)
{
	uint8_t body[512];
	size_t size, at, i;
	int bit;

	real_stream(c, 20);
	size = make_srtp(c, body, SSRC, c->next);
	at = tag_at(c, size);
	for (i = 0; i < c->rx.config.suite->rtp_tag; i++)
		for (bit = 0; bit < 8; bit++) {
			body[at + i] ^= (uint8_t)(1u << bit);
			attack(c, "one wrong bit in the tag", body, size, UPS_DROP_AUTH);
			body[at + i] ^= (uint8_t)(1u << bit);
		}
	memset(body + at, 0, c->rx.config.suite->rtp_tag);
	attack(c, "zero tag", body, size, UPS_DROP_AUTH);
	for (i = 0; i < 500; i++) {
		rng_fill(&c->rng, body + at, c->rx.config.suite->rtp_tag);
		attack(c, "random tag", body, size, UPS_DROP_AUTH);
	}
	real_stream(c, 20);
}

/* Every byte of header and ciphertext is covered by the tag. */
static void tamper(struct call *c)
{
	uint8_t body[512];
	size_t size, i;

	real_stream(c, 20);
	size = make_srtp(c, body, SSRC, c->next);
	for (i = 4; i < tag_at(c, size) - MKI_LEN; i++) {
		if (i >= 8 && i < 12)
			continue; /* the SSRC: see flood */
		body[i] ^= 0x10;
		attack(c, "changed byte", body, size, UPS_DROP_AUTH);
		body[i] ^= 0x10;
	}
	body[1] ^= 0x80;
	attack(c, "changed marker", body, size, UPS_DROP_AUTH);
	body[1] ^= 0x80;
	body[0] ^= 0x20;
	attack(c, "changed padding bit", body, size, UPS_DROP_AUTH);
	body[0] ^= 0x20;
	body[0] ^= 0x03;
	attack(c, "changed CSRC count", body, size, UPS_DROP_AUTH);
	real_stream(c, 20);
}

static void replay(struct call *c)
{
	static uint8_t seen[300][512];
	size_t size[300];
	int i;

	for (i = 0; i < 300; i++) {
		size[i] = make_srtp(c, seen[i], SSRC, c->next++);
		assert_int_equal(inject(seen[i], size[i]), 0);
	}
	remember(c);
	for (i = 299; i >= 0; i--)
		attack(c, i >= 76 ? "replay" : "old replay", seen[i], size[i],
		       i >= 300 - (int)UPS_WINDOW_SPAN ? UPS_DROP_REPLAY : UPS_DROP_TOO_OLD);
	/* too old though it never arrived */
	attack(c, "late and never seen", seen[0], make_srtp(c, seen[0], SSRC, c->next - 600),
	       UPS_DROP_TOO_OLD);
}

static void replay_across_wrap(struct call *c)
{
	static uint8_t seen[1200][512];
	size_t size[1200];
	int i;

	for (i = 0; i < 1200; i++) {
		size[i] = make_srtp(c, seen[i], SSRC, c->next++);
		assert_int_equal(inject(seen[i], size[i]), 0);
	}
	assert_true(c->next > 65536);
	remember(c);
	for (i = 0; i < 1200; i++)
		if (inject(seen[i], size[i]) == 0)
			fail_msg("packet %d was accepted twice", i);
	check_nothing_changed(c, "replay");
	real_stream(c, 0);
}

static void cut(struct call *c)
{
	uint8_t body[512];
	size_t size, n;

	real_stream(c, 20);
	size = make_srtp(c, body, SSRC, c->next);
	for (n = 0; n < size; n++) {
		if (!inject(body, n))
			fail_msg("%zu of %zu bytes were accepted", n, size);
		check_nothing_changed(c, "a cut packet");
	}
	for (n = 1; n < 40; n++) {
		memset(body + size, 0, n);
		if (!inject(body, size + n))
			fail_msg("%zu bytes appended were accepted", n);
		check_nothing_changed(c, "an extended packet");
	}
	real_stream(c, 20);
}

/* Unknown SSRCs cost no slot before they authenticate, and none beyond the limit afterwards. */
static void flood(struct call *c)
{
	uint8_t body[512];
	size_t size;
	int i;

	real_stream(c, 5);
	for (i = 0; i < 300; i++) {
		size = make_srtp(c, body, SSRC, c->next);
		put32(body + 8, 0x5000 + (uint32_t)i);
		attack(c, "forged SSRC", body, size, UPS_DROP_AUTH);
	}
	size = make_srtp(c, body, SSRC + 1, 100);
	assert_int_equal(inject(body, size), 0);
	remember(c);
	size = make_srtp(c, body, SSRC + 2, 100);
	attack(c, "a real SSRC beyond the limit", body, size, UPS_DROP_SSRC_LIMIT);
	for (i = 0; i < 300; i++) {
		put32(body + 8, 0x5000 + (uint32_t)i);
		attack(c, "forged SSRC, all slots taken", body, size, UPS_DROP_SSRC_LIMIT);
	}
	real_stream(c, 20);
}

static void wrong_mki(struct call *c)
{
	uint8_t body[512];
	size_t size, at, i;

	real_stream(c, 20);
	size = make_srtp(c, body, SSRC, c->next);
	at = c->rx.config.suite->aead ? size - MKI_LEN : tag_at(c, size) - MKI_LEN;
	for (i = 0; i < 8 * MKI_LEN; i++) {
		body[at + i / 8] ^= (uint8_t)(1u << i % 8);
		attack(c, "wrong MKI", body, size, UPS_DROP_MKI);
		body[at + i / 8] ^= (uint8_t)(1u << i % 8);
	}
	real_stream(c, 20);
}

/* RFC 3711 3.3.1: an unauthenticated sequence number must not move the rollover counter. */
static void desync(struct call *c)
{
	static const uint16_t jumps[] = { 1,	  100,	  0x3fff, 0x4000, 0x7ffe,
					  0x7fff, 0x8000, 0x8001, 0xc000, 0xff00 };
	uint8_t body[512];
	size_t size, i, round;

	real_stream(c, 20);
	for (round = 0; round < 60; round++) {
		for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
			uint32_t reason;

			size = make_srtp(c, body, SSRC, c->next);
			put16(body + 2, (uint32_t)(uint16_t)c->next + jumps[i]);
			reason = inject(body, size);
			if (reason != UPS_DROP_AUTH && reason != UPS_DROP_TOO_OLD)
				fail_msg("sequence number %u ahead: reason %u", jumps[i], reason);
			check_nothing_changed(c, "a forged sequence number");
		}
		real_stream(c, 20); /* 1200 in all: across the wrap */
	}
	assert_true(c->next > 65536);
}

static void wrong_source(struct call *c)
{
	uint8_t body[512];
	size_t size;

	real_stream(c, 20);
	size = make_srtp(c, body, SSRC, c->next);
	assert_int_equal(inject_from("192.0.2.10:7001", body, size), UPS_DROP_SOURCE);
	assert_int_equal(inject_from("192.0.2.66:7000", body, size), UPS_DROP_SOURCE);
	check_nothing_changed(c, "another source");
	assert_int_equal(inject(body, size), 0); /* the same packet from the right one */
	c->next++;
	real_stream(c, 20);
}

static void other_keys(struct call *c)
{
	struct ups_srtp_key_config other = c->rx.config;
	struct cmref maker;
	uint8_t body[512];
	int len, i;

	if (other.suite->aead)
		return; /* forge_tags covers them */
	real_stream(c, 20);
	other.master.data[0] ^= 1;
	cmref_open(&maker, &other);
	for (i = 0; i < 50; i++) {
		len = (int)make_clear(body, SSRC, c->next + (uint64_t)i);
		cmref_protect(&maker, body, &len, c->next + (uint64_t)i);
		attack(c, "protected with another key", body, (size_t)len, UPS_DROP_AUTH);
	}
	cmref_close(&maker);
	real_stream(c, 20);
}

static void reflection(struct call *c)
{
	const uint8_t *sent;
	uint8_t body[512];
	size_t size;
	int i;

	for (i = 0; i < 20; i++) {
		real_stream(c, 1);
		sent = pkt_payload(result.out.data, result.out.size, &size);
		memcpy(body, sent, size);
		if (!inject(body, size))
			fail_msg("our own packet, sent back, was accepted");
		check_nothing_changed(c, "a packet sent back");
	}
}

static void expired_receive_key(struct call *c)
{
	uint8_t body[512];
	size_t size;
	int i;

	fix.state.key_use[0].rtp_limit = 30;
	real_stream(c, 30);
	assert_int_equal(fix.state.key_use[0].rtp, 30);
	for (i = 0; i < 20; i++) {
		size = make_srtp(c, body, SSRC, c->next + (uint64_t)i);
		attack(c, "packet beyond the key's lifetime", body, size, UPS_DROP_KEY_EXPIRED);
		body[tag_at(c, size)] ^= 1;
		if (!inject(body, size))
			fail_msg("forged and expired was accepted");
		check_nothing_changed(c, "a forged packet beyond the key's lifetime");
	}
	fix.state.key_use[0].rtp_limit = 60;
	real_stream(c, 20);
}

/* Forged packets must not use up the lifetime. */
static void forgeries_are_not_counted(struct call *c)
{
	uint8_t body[512];
	size_t size;
	int i;

	fix.state.key_use[0].rtp_limit = 20;
	real_stream(c, 10);
	for (i = 0; i < 100; i++) {
		size = make_srtp(c, body, SSRC, c->next);
		body[20] ^= 1;
		attack(c, "forgery under a short-lived key", body, size, UPS_DROP_AUTH);
	}
	real_stream(c, 10);
}

/* ---- sending side ------------------------------------------------------------------------------------------------- */

#define SOURCE_PACKETS 3000

/* (SSRC, index) of everything that left, as an independent receiver understands it */
struct sent {
	uint64_t index[SOURCE_PACKETS];
	unsigned int count;
};

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void record_sent(struct call *c, struct sent *sent, uint64_t index)
{
	check_received(c, index);
	sent->index[sent->count++] = index;
}

/* A clear source that repeats, reorders and holds back packets; the receiver refuses an index it saw. */
static void source_misbehaves(struct call *c)
{
	static struct sent sent;
	uint64_t top = 65000;
	uint8_t body[512];
	unsigned int i, reuse = 0, old = 0;

	sent.count = 0;
	for (i = 0; i < SOURCE_PACKETS; i++) {
		uint64_t back = rng_one_in(&c->rng, 3) ? rng_below(&c->rng, 300) : 0;
		uint64_t index = top - back < 65000 ? 65000 : top - back;
		uint32_t reason = inject(body, make_clear(body, SSRC, index));

		if (!reason)
			record_sent(c, &sent, index);
		else if (reason == UPS_DROP_EGRESS_REUSE)
			reuse++;
		else if (reason == UPS_DROP_EGRESS_OLD)
			old++;
		else
			fail_msg("reason %u", reason);
		top += rng_one_in(&c->rng, 4) ? rng_below(&c->rng, 5) : 1;
	}
	qsort(sent.index, sent.count, sizeof(sent.index[0]), compare_u64);
	for (i = 1; i < sent.count; i++)
		if (sent.index[i] == sent.index[i - 1])
			fail_msg("index %llu was used twice", (unsigned long long)sent.index[i]);
	assert_true(reuse > 50 && old > 50 && sent.count > SOURCE_PACKETS / 2);
	assert_int_equal(fix.state.key_use[c->tx.slot].rtp, sent.count);
}

static void duplicate_source(struct call *c)
{
	uint8_t body[512];
	size_t size = make_clear(body, SSRC, 7);
	int i;

	assert_int_equal(inject(body, size), 0);
	remember(c);
	for (i = 0; i < 20; i++) {
		body[30] ^=
			(uint8_t)(i +
				  1); /* another payload under the same index: the two-time pad */
		attack(c, "repeated index", body, size, UPS_DROP_EGRESS_REUSE);
	}
}

static void expired_transmit_key(struct call *c)
{
	uint8_t body[512];
	uint64_t index;

	fix.state.key_use[c->tx.slot].rtp_limit = 10;
	for (index = 0; index < 10; index++)
		assert_int_equal(inject(body, make_clear(body, SSRC, index)), 0);
	remember(c);
	for (; index < 30; index++)
		attack(c, "packet beyond the key's lifetime", body, make_clear(body, SSRC, index),
		       UPS_DROP_KEY_EXPIRED);
}

/* RFC 3711 9.2: after index 2^48 - 1 the key is spent; starting again at zero would repeat the keystream. */
static void index_space_ends(struct call *c)
{
	struct ups_ssrc *slot = &fix.state.ssrc[SSRC_BASE];
	uint64_t last = (1ULL << 48) - 1, block = last >> 5;
	uint8_t body[512];
	uint16_t seq;
	unsigned int i;

	slot->id = UPS_SSRC_USED | SSRC;
	slot->tx.top = last - 1;
	for (i = 0; i < UPS_WINDOW_WORDS; i++) {
		uint64_t b = block - ((block - i) % UPS_WINDOW_WORDS);

		slot->tx.word[i] = (uint64_t)(uint32_t)(b / UPS_WINDOW_WORDS) << 32;
	}
	assert_int_equal(inject(body, make_clear(body, SSRC, 65534)), 0);
	assert_int_equal(inject(body, make_clear(body, SSRC, 65535)), 0);
	remember(c);
	for (seq = 0; seq < 100; seq++)
		attack(c, "index beyond the last", body, make_clear(body, SSRC, seq),
		       UPS_DROP_KEY_EXPIRED);
	attack(c, "the last index again", body, make_clear(body, SSRC, 65535),
	       UPS_DROP_EGRESS_REUSE);
}

/* A new master key in the same slot: its packets are accepted at once, the old key's no more, the replay list stays. */
static void rekey(struct call *c)
{
	struct srtpref_stream stream = { SSRC, 0 };
	struct ups_srtp_key_config old = c->rx.config;
	uint8_t last[512], body[512];
	size_t last_size, size;

	real_stream(c, 20);
	last_size = make_srtp(c, last, SSRC, c->next);
	ups_srtp_key_destroy(c->rx.key);
	c->rx.config.master.data[3] ^= 0x40;
	assert_int_equal(xdpfix_key_install(&fix, &c->rx), 0);
	remember(c);
	attack(c, "the old key's packet", last, last_size, UPS_DROP_AUTH);
	srtpref_close(&c->maker);
	cmref_close(&c->cm_maker);
	if (cmref_needed(c->rx.config.suite))
		cmref_open(&c->cm_maker, &c->rx.config);
	else
		srtpref_open(&c->maker, &c->rx.config, 1, SRTPREF_MAKER, &stream, 1);
	size = make_srtp(c, body, SSRC, c->next - 1);
	attack(c, "an index the old key had", body, size, UPS_DROP_REPLAY);
	real_stream(c, 20);
	c->rx.config = old;
}

static void source_floods_ssrcs(struct call *c)
{
	uint8_t body[512];
	uint32_t i;

	for (i = 0; i < SSRC_LIMIT; i++)
		assert_int_equal(inject(body, make_clear(body, SSRC + i, 1)), 0);
	remember(c);
	for (i = 0; i < 300; i++)
		attack(c, "clear SSRC beyond the limit", body, make_clear(body, 0x7000 + i, 1),
		       UPS_DROP_SSRC_LIMIT);
	assert_int_equal(inject(body, make_clear(body, SSRC, 2)), 0);
}

#define ATTACK(fn, flags)                   \
	static void test_##fn(void **state) \
	{                                   \
		(void)state;                \
		for_each_suite(fn, flags);  \
	}

ATTACK(forge_tags, BOTH)
ATTACK(tamper, BOTH)
ATTACK(replay, BOTH)
ATTACK(replay_across_wrap, BOTH)
ATTACK(cut, BOTH)
ATTACK(flood, BOTH)
ATTACK(wrong_mki, BOTH)
ATTACK(desync, BOTH)
ATTACK(wrong_source, BOTH)
ATTACK(other_keys, BOTH)
ATTACK(reflection, BOTH)
ATTACK(expired_receive_key, BOTH)
ATTACK(forgeries_are_not_counted, BOTH)
ATTACK(source_misbehaves, UPS_FLOW_TX_SRTP)
ATTACK(duplicate_source, UPS_FLOW_TX_SRTP)
ATTACK(expired_transmit_key, UPS_FLOW_TX_SRTP)
ATTACK(index_space_ends, UPS_FLOW_TX_SRTP)
ATTACK(rekey, BOTH)
ATTACK(source_floods_ssrcs, UPS_FLOW_TX_SRTP)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forge_tags),
		cmocka_unit_test(test_tamper),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_replay_across_wrap),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_wrong_mki),
		cmocka_unit_test(test_desync),
		cmocka_unit_test(test_wrong_source),
		cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_expired_receive_key),
		cmocka_unit_test(test_forgeries_are_not_counted),
		cmocka_unit_test(test_source_misbehaves),
		cmocka_unit_test(test_duplicate_source),
		cmocka_unit_test(test_expired_transmit_key),
		cmocka_unit_test(test_index_space_ends),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_source_floods_ssrcs),
	};

	return cmocka_run_group_tests_name("xdp attacks", tests, setup, teardown);
}
