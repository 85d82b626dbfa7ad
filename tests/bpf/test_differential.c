// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP program against two oracles, packet by packet: the user-space library (daemon/crypto) on its own copy of the
 * state, and libsrtp2 (cmref.h for AES_192). For each suite EPISODES calls of PACKETS packets, each call with random keys, MKIs, families, SSRCs and
 * rollover counters, and a network that loses, delays, repeats, corrupts and cuts packets.
 *
 * Demanded after each packet: the same decision and the same drop reason as the library; the bytes that leave are the
 * library's and the oracle's; the SSRC state and the key's packet count are the library's, bit for bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <time.h>

#include "cmref.h"
#include "pktcheck.h"
#include "scale.h"
#include "srtpref.h"
#include "xdpfix.h"

#define EPISODES 400
#define PACKETS 500
#define STREAMS_MAX 5
#define LIMIT_MAX 4
#define RTP_MAX 1420 /* with 32 bytes of tag and MKI it still fits the MTU in IPv6 */
#define PAYLOAD_MAX 1400
#define TX_SLOT UPS_RX_KEYS_MAX

enum mode { PROTECT, UNPROTECT, TRANSCODE };

struct stream {
	uint32_t ssrc;
	uint64_t next; /* index of the newest packet plus one */
	bool started;
};

struct episode {
	struct rng rng;
	enum mode mode;
	unsigned int path; /* row of paths[], and the flow slot */
	struct xdpfix_key rx[UPS_RX_KEYS_MAX], tx;
	unsigned int rx_count;
	unsigned int limit; /* SSRCs allowed */
	unsigned int stream_count;
	struct stream stream[STREAMS_MAX];
	struct ups_ssrc slots[UPS_SSRC_MAX]; /* the library's */
	struct ups_srtp_side rx_side, tx_side;
	struct srtpref maker, ref_rx, ref_tx;
	struct cmref cm_rx[UPS_RX_KEYS_MAX], cm_tx; /* AES_192 */
	struct ups_lane_stats lane; /* what the flow should have counted */
};

/* One packet and what should become of it. */
struct trial {
	uint8_t clear[2048]; /* before the sender protected it */
	uint64_t index; /* the sender's */
	uint64_t tx_index; /* what a packet with this SSRC and SEQ is sent with */
	size_t clear_len;
	uint8_t wire[2048]; /* UDP payload that arrives */
	size_t wire_len;
	bool first; /* of its stream: arrives whole, the oracle takes its rollover counter from it */
	uint8_t want[2048]; /* UDP payload that should leave */
	uint16_t want_len;
	uint8_t result; /* the library's */
};

struct tally {
	unsigned long packets, left, drop[UPS_DROP_MAX];
	bool size_seen[PAYLOAD_MAX + 1]; /* RTP payload of what left */
};

static const struct path {
	const char *local, *src, *out_src, *out_dst;
} paths[] = {
	{ "192.0.2.1:4000", "192.0.2.10:7000", "198.51.100.1:5000", "198.51.100.10:6000" },
	{ "[2001:db8::1]:4000", "[2001:db8::10]:7000", "[2001:db8:1::1]:5000",
	  "[2001:db8:1::10]:6000" },
	{ "192.0.2.1:4002", "192.0.2.10:7000", "[2001:db8:1::1]:5000", "[2001:db8:1::10]:6000" },
	{ "[2001:db8::1]:4002", "[2001:db8::10]:7000", "198.51.100.1:5000", "198.51.100.10:6000" },
};

#define PATHS (sizeof(paths) / sizeof(paths[0]))

static struct xdpfix fix;
static struct ups_crypto_queue *queue;
static struct tally tally;

/* ---- setting up a call ----------------------------------------------------------------------------------------- */

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	xdpfix_open(&fix, &xdpfix_limits);
	xdpfix_need_crypto(&fix);
	if (fix.skip)
		return 0;
	for (i = 0; i < PATHS; i++) {
		struct ups_addr local = addr(paths[i].local);

		if (ups_kernel_lookup_add(fix.kernel, &local, i))
			return -1;
	}
	if (srtp_init())
		return -1;
	return ups_crypto_queue_create(fix.crypto, &queue);
}

static int teardown(void **state)
{
	(void)state;
	ups_crypto_queue_destroy(queue);
	xdpfix_close(&fix);
	srtp_shutdown();
	return 0;
}

/* As if packets up to @next - 1 had been seen long ago: nothing below it is marked as taken. */
static void window_seed(struct ups_window *w, uint64_t next)
{
	uint64_t block = next >> 5;
	unsigned int i;

	w->top = next;
	for (i = 0; i < UPS_WINDOW_WORDS; i++) {
		uint64_t b = block - ((block - i) % UPS_WINDOW_WORDS);

		w->word[i] = (uint64_t)(uint32_t)(b / UPS_WINDOW_WORDS) << 32;
	}
}

static struct ups_ssrc *kernel_slots(const struct episode *e)
{
	return &fix.state.ssrc[e->path * UPS_SSRC_MAX];
}

static void make_keys(struct episode *e, unsigned int rx_suite, unsigned int tx_suite)
{
	static const uint8_t mki_lens[] = { 0, 0, 1, 4, UPS_MKI_XDP_MAX };
	uint8_t mki_len = mki_lens[rng_below(&e->rng, sizeof(mki_lens))];
	unsigned int i;

	e->rx_count = mki_len ? 1 + rng_below(&e->rng, UPS_RX_KEYS_MAX) : 1;
	for (i = 0; i < e->rx_count; i++) {
		xdpfix_key_config(&e->rx[i].config, rx_suite, &e->rng, mki_len);
		e->rx[i].config.mki[0] = (uint8_t)(i << 4 | (e->rx[i].config.mki[0] & 15));
		e->rx[i].slot = i;
		if (xdpfix_key_install(&fix, &e->rx[i]))
			fail_msg("installing a receive key");
		e->rx_side.key[i] = e->rx[i].key;
	}
	e->rx_side.key_count = (uint8_t)e->rx_count;
	mki_len = mki_lens[rng_below(&e->rng, sizeof(mki_lens))];
	xdpfix_key_config(&e->tx.config, tx_suite, &e->rng, mki_len);
	e->tx.slot = TX_SLOT;
	if (xdpfix_key_install(&fix, &e->tx))
		fail_msg("installing the transmit key");
	e->tx_side.key[0] = e->tx.key;
	e->tx_side.key_count = 1;
}

static void make_flow(struct episode *e)
{
	struct ups_flow f = {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN,
		.src = addr(paths[e->path].src),
		.out_src = addr(paths[e->path].out_src),
		.out_dst = addr(paths[e->path].out_dst),
		.out_tos = 0xb8,
		.out_ttl = 64,
		.rx_mki_len = e->rx[0].config.mki_len,
		.tx_key = UPS_SLOT_NONE,
		.ssrc_base = e->path * UPS_SSRC_MAX,
		.ssrc_count = e->limit,
	};
	unsigned int i;

	for (i = 0; i < UPS_RX_KEYS_MAX; i++)
		f.rx_key[i] = i < e->rx_count && e->mode != PROTECT ? e->rx[i].slot : UPS_SLOT_NONE;
	if (e->mode != PROTECT) {
		f.flags |= UPS_FLOW_RX_SRTP;
		f.rx_key_count = (uint8_t)e->rx_count;
	}
	if (e->mode != UNPROTECT) {
		f.flags |= UPS_FLOW_TX_SRTP;
		f.tx_key = TX_SLOT;
	}
	if (ups_kernel_flow_set(fix.kernel, e->path, &f))
		fail_msg("installing the flow");
	memset(kernel_slots(e), 0, sizeof(e->slots));
	memset(&fix.state.stats[e->path], 0, sizeof(fix.state.stats[0]));
}

static uint32_t random_roc(struct rng *r)
{
	static const uint32_t rocs[] = {
		1, 2, 0xffff, 0x10000, 0x7ffffffe, 0x80000000, 0xfffffff0
	};

	return rocs[rng_below(r, sizeof(rocs) / sizeof(rocs[0]))];
}

/* Streams that start afresh, or all in the middle, where the counters of the two legs need not agree. */
static void make_streams(struct episode *e, struct srtpref_stream *rx, struct srtpref_stream *tx)
{
	bool seeded = rng_one_in(&e->rng, 2);
	unsigned int i;

	e->limit = 1 + rng_below(&e->rng, LIMIT_MAX);
	e->stream_count = e->limit + (rng_one_in(&e->rng, 3) && e->limit < STREAMS_MAX ? 1 : 0);
	memset(e->slots, 0, sizeof(e->slots));
	for (i = 0; i < e->stream_count; i++) {
		struct stream *s = &e->stream[i];
		uint16_t seq = (uint16_t)(rng_one_in(&e->rng, 2) ? 65535 - rng_below(&e->rng, 100)
								 : rng_below(&e->rng, 65536));

		s->ssrc = 0x10000000 * (i + 1) + rng_below(&e->rng, 0x10000000);
		rx[i] = (struct srtpref_stream) { s->ssrc, seeded ? random_roc(&e->rng) : 0 };
		tx[i] = (struct srtpref_stream) { s->ssrc, seeded ? random_roc(&e->rng) : 0 };
		s->next = (uint64_t)rx[i].roc << 16 | seq;
		s->started = false;
		if (seeded && i < e->limit) {
			e->slots[i].id = UPS_SSRC_USED | s->ssrc;
			window_seed(&e->slots[i].rx, s->next);
			window_seed(&e->slots[i].tx, (uint64_t)tx[i].roc << 16 | seq);
		}
	}
}

static bool cm_rx(const struct episode *e)
{
	return cmref_needed(e->rx[0].config.suite);
}

static bool cm_tx(const struct episode *e)
{
	return cmref_needed(e->tx.config.suite);
}

static void open_oracles(struct episode *e, const struct ups_srtp_key_config *configs,
			 const struct srtpref_stream *rx, const struct srtpref_stream *tx)
{
	unsigned int i;

	if (e->mode != PROTECT && cm_rx(e)) {
		for (i = 0; i < e->rx_count; i++)
			cmref_open(&e->cm_rx[i], &configs[i]);
	} else if (e->mode != PROTECT) {
		srtpref_open(&e->maker, configs, e->rx_count, SRTPREF_MAKER, rx, e->stream_count);
		srtpref_open(&e->ref_rx, configs, e->rx_count, SRTPREF_STRICT, rx, e->stream_count);
	}
	if (e->mode == UNPROTECT)
		return;
	if (cm_tx(e))
		cmref_open(&e->cm_tx, &e->tx.config);
	else
		srtpref_open(&e->ref_tx, &e->tx.config, 1, SRTPREF_STRICT, tx, e->stream_count);
}

static void episode_open(struct episode *e, unsigned int suite, unsigned int number)
{
	struct srtpref_stream rx[STREAMS_MAX], tx[STREAMS_MAX];
	struct ups_srtp_key_config configs[UPS_RX_KEYS_MAX];
	unsigned int other, i;

	memset(e, 0, sizeof(*e));
	e->rng.state = (uint64_t)suite << 32 | number;
	e->mode = number % 2 ? PROTECT : number / 2 % 2 ? UNPROTECT : TRANSCODE;
	e->path = number / 4 % PATHS;
	other = 1 + rng_below(&e->rng, UPS_SUITE_COUNT - 1);
	make_keys(e, e->mode == PROTECT ? other : suite, e->mode == PROTECT ? suite : other);
	make_streams(e, rx, tx);
	make_flow(e);
	memcpy(kernel_slots(e), e->slots, sizeof(e->slots));
	e->rx_side.ssrc = e->tx_side.ssrc = e->slots;
	e->rx_side.ssrc_count = e->tx_side.ssrc_count = (uint16_t)e->limit;
	for (i = 0; i < e->rx_count; i++)
		configs[i] = e->rx[i].config;
	open_oracles(e, configs, rx, tx);
}

static void episode_close(struct episode *e)
{
	unsigned int i;

	for (i = 0; i < e->rx_count; i++) {
		xdpfix_key_remove(&fix, &e->rx[i]);
		cmref_close(&e->cm_rx[i]);
	}
	xdpfix_key_remove(&fix, &e->tx);
	cmref_close(&e->cm_tx);
	srtpref_close(&e->maker);
	srtpref_close(&e->ref_rx);
	srtpref_close(&e->ref_tx);
}

/* ---- one packet ------------------------------------------------------------------------------------------------- */

/* The next packet of the stream, one after a loss, or one that is late, perhaps seen before, perhaps too old. */
static uint64_t choose_index(struct episode *e, struct stream *s)
{
	uint64_t index = s->next;
	uint32_t dice = rng_below(&e->rng, 100);
	uint64_t back = 0;

	if (!s->started)
		dice = 0;
	s->started = true;
	if (dice >= 97)
		back = 1 + rng_below(&e->rng, 400);
	else if (dice >= 80)
		back = 1 + rng_below(&e->rng, 24);
	else if (dice >= 79)
		index += rng_below(&e->rng, 8000);
	else if (dice >= 65)
		index += rng_below(&e->rng, 6);
	if (back)
		return back <= index ? index - back : index;
	s->next = index + 1;
	return index;
}

static void build_clear(struct episode *e, struct trial *t)
{
	struct rng *r = &e->rng;
	struct stream *s = &e->stream[rng_below(r, e->stream_count)];
	struct rtp_spec rtp = {
		.cc = rng_one_in(r, 3) ? (uint8_t)rng_below(r, 16) : 0,
		.extension = rng_one_in(r, 3),
		.ext_words = (uint16_t)rng_below(r, 12),
		.marker = rng_one_in(r, 10),
		.pt = (uint8_t)rng_below(r, 64),
		.ts = (uint32_t)rng_u64(r),
		.ssrc = s->ssrc,
		.payload = rng_one_in(r, 3) ? rng_below(r, PAYLOAD_MAX + 1) : rng_below(r, 200),
		.fill = rng_u64(r),
	};
	size_t head = UPS_RTP_MIN + 4 * (size_t)rtp.cc +
		      (rtp.extension ? 4 + 4 * (size_t)rtp.ext_words : 0);

	t->first = !s->started;
	t->index = choose_index(e, s);
	rtp.seq = (uint16_t)t->index;
	if (head + rtp.payload > RTP_MAX)
		rtp.payload = RTP_MAX - head;
	if (rtp.payload > 20 && rng_one_in(r, 10))
		rtp.padding = (uint8_t)(1 + rng_below(r, 20));
	t->clear_len = rtp_build(t->clear, &rtp);
}

/* Damage that leaves the first two bytes in RTP's range: others never reach SRTP. */
static void corrupt(struct episode *e, struct trial *t)
{
	uint32_t dice = rng_below(&e->rng, 40);

	if (dice == 0) {
		t->wire_len -= rng_below(&e->rng, (uint32_t)t->wire_len - 1);
	} else if (dice <= 2) {
		uint32_t at = rng_below(&e->rng, (uint32_t)t->wire_len);
		uint8_t bit = (uint8_t)(1u << rng_below(&e->rng, at ? 8 : 6));

		t->wire[at] ^= bit;
		if (t->wire[1] >= 192 && t->wire[1] <= 223)
			t->wire[at] ^= bit;
	}
}

/* The sender's part, by libsrtp2 or, for AES_192, by the other oracle */
static void protect_trial(struct episode *e, struct trial *t)
{
	unsigned int key = rng_below(&e->rng, e->rx_count);
	int len = (int)t->clear_len;

	memcpy(t->wire, t->clear, t->clear_len);
	if (e->mode != PROTECT && cm_rx(e))
		cmref_protect(&e->cm_rx[key], t->wire, &len, t->index);
	else if (e->mode != PROTECT && srtpref_protect(&e->maker, t->wire, &len, key))
		fail_msg("libsrtp2 does not protect");
	t->wire_len = (size_t)len;
}

static void build_trial(struct episode *e, struct trial *t)
{
	build_clear(e, t);
	protect_trial(e, t);
	if (e->mode != PROTECT && !t->first)
		corrupt(e, t);
}

/* What the library makes of it */
static void run_library(struct episode *e, struct trial *t)
{
	struct ups_srtp_op op = { .side = &e->rx_side,
				  .packet = t->want,
				  .len = (uint16_t)t->wire_len,
				  .cap = sizeof(t->want),
				  .kind = UPS_SRTP_RTP };

	memcpy(t->want, t->wire, t->wire_len);
	op.result = 0;
	if (e->mode != PROTECT)
		ups_srtp_unprotect(queue, &op, 1);
	if (!op.result && e->mode != UNPROTECT) {
		op.side = &e->tx_side;
		ups_srtp_protect(queue, &op, 1);
	}
	t->want_len = op.len;
	t->result = op.result;
}

static void fail_trial(const struct episode *e, const struct trial *t, const char *what)
{
	fail_msg("%s (%s, %s to %s, path %u, %zu bytes, seq %u, library says %u)", what,
		 e->mode == PROTECT	? "protect"
		 : e->mode == UNPROTECT ? "unprotect"
					: "transcode",
		 e->rx[0].config.suite->name, e->tx.config.suite->name, e->path, t->wire_len,
		 get16(t->wire + 2), t->result);
}

/* Before the library runs: the index the packet will be sent with (libsrtp2 checks the estimate in the other suites) */
static void note_tx_index(const struct episode *e, struct trial *t)
{
	uint64_t id = UPS_SSRC_USED | get32(t->clear + 8);
	unsigned int i;

	t->tx_index = get16(t->clear + 2);
	for (i = 0; i < e->limit; i++)
		if (e->slots[i].id == id)
			t->tx_index = ups_window_estimate(&e->slots[i].tx, get16(t->clear + 2));
}

static bool was_received(const struct trial *t)
{
	return !t->result || t->result == UPS_DROP_EGRESS_REUSE || t->result == UPS_DROP_EGRESS_OLD;
}

/* The receiving half. What the library accepted is what was sent; libsrtp2 accepts and refuses the same. */
static void check_receiving(struct episode *e, struct trial *t, uint8_t *packet, int *len)
{
	memcpy(packet, t->wire, t->wire_len);
	*len = (int)t->wire_len;
	if (!cm_rx(e) && !srtpref_unprotect(&e->ref_rx, packet, len) != was_received(t))
		fail_trial(e, t, "libsrtp2 decides differently from the library");
	if (!was_received(t))
		return;
	if (cm_rx(e)) {
		memcpy(packet, t->clear, t->clear_len);
		*len = (int)t->clear_len;
	}
	if (*len != (int)t->clear_len || memcmp(packet, t->clear, t->clear_len))
		fail_trial(e, t, "what arrived is not what was sent");
}

/* The sending half, of a packet that was received */
static void check_sending(struct episode *e, struct trial *t, uint8_t *packet, int *len)
{
	if (!cm_tx(e) && !srtpref_protect(&e->ref_tx, packet, len, 0) != !t->result)
		fail_trial(e, t, "libsrtp2 sends differently from the library");
	if (cm_tx(e) && !t->result)
		cmref_protect(&e->cm_tx, packet, len, t->tx_index);
}

/* libsrtp2 has no SSRC limit; everything else must agree with the library. */
static void run_oracles(struct episode *e, struct trial *t)
{
	static uint8_t packet[2048 + SRTP_MAX_TRAILER_LEN];
	int len = (int)t->wire_len;

	if (t->result == UPS_DROP_SSRC_LIMIT)
		return;
	if (e->mode != PROTECT)
		check_receiving(e, t, packet, &len);
	else
		memcpy(packet, t->wire, t->wire_len);
	if (e->mode != UNPROTECT && was_received(t))
		check_sending(e, t, packet, &len);
	if (!t->result && (len != t->want_len || memcmp(packet, t->want, t->want_len)))
		fail_trial(e, t, "the oracle's bytes differ from the library's");
}

static uint32_t drop_reason(struct ups_stats *s)
{
	uint32_t i, reason = 0;

	for (i = 0; i < UPS_DROP_MAX; i++)
		if (s->drop[i])
			reason = i;
	memset(s->drop, 0, sizeof(s->drop));
	return reason;
}

static void check_frame(struct episode *e, struct trial *t, const struct xdpfix_result *r)
{
	const struct path *path = &paths[e->path];
	struct pkt_expect want = { mac_peer1,		mac_us1, 0,  addr(path->out_src),
				   addr(path->out_dst), 0xb8,	 64, t->want,
				   t->want_len };
	const char *fault;

	if (r->verdict != XDP_REDIRECT) {
		print_error("verdict %d, drop reason %u\n", r->verdict,
			    drop_reason(&fix.state.stats[e->path]));
		fail_trial(e, t, "the kernel lane does not send what the library does");
	}
	fault = pkt_check(r->out.data, r->out.size, &want);
	if (fault)
		fail_trial(e, t, fault);
}

static void check_state(struct episode *e, struct trial *t)
{
	unsigned int i;

	if (memcmp(kernel_slots(e), e->slots, sizeof(e->slots)))
		fail_trial(e, t, "SSRC state differs from the library's");
	for (i = 0; i < e->rx_count; i++)
		if (fix.state.key_use[e->rx[i].slot].rtp != e->rx[i].use.rtp)
			fail_trial(e, t, "packet count of a receive key differs");
	if (fix.state.key_use[TX_SLOT].rtp != e->tx.use.rtp)
		fail_trial(e, t, "packet count of the transmit key differs");
}

/* A packet is received once it is authentic, or clear from an SSRC that has its place, whatever becomes of it then. */
static void count(struct episode *e, const struct trial *t)
{
	if (was_received(t)) {
		e->lane.rx_packets++;
		e->lane.rx_bytes += t->wire_len;
	}
	if (!t->result) {
		e->lane.tx_packets++;
		e->lane.tx_bytes += t->want_len;
	}
}

static void run_packet(struct episode *e)
{
	static struct trial t;
	static struct pkt in;
	static struct xdpfix_result r;
	struct pkt_spec spec = { .src = addr(paths[e->path].src),
				 .dst = addr(paths[e->path].local) };
	uint32_t reason;

	build_trial(e, &t);
	pkt_build(&in, &spec, t.wire, t.wire_len);
	if (xdpfix_run(&fix, &in, &r))
		fail_msg("BPF_PROG_TEST_RUN");
	note_tx_index(e, &t);
	run_library(e, &t);
	run_oracles(e, &t);
	if (t.result) {
		reason = drop_reason(&fix.state.stats[e->path]);
		if (r.verdict != XDP_DROP || reason != t.result) {
			print_error("verdict %d, reason %u\n", r.verdict, reason);
			fail_trial(e, &t, "the kernel lane decides differently");
		}
	} else {
		check_frame(e, &t, &r);
	}
	check_state(e, &t);
	count(e, &t);
	tally.packets++;
	tally.left += !t.result;
	tally.size_seen[t.clear_len - cmref_head(t.clear)] |= !t.result;
	tally.drop[t.result]++;
}

/* ---- suites ----------------------------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A run in which some kind of event never happened would prove less than it says. Short runs do not meet every size. */
static void check_tally(bool whole)
{
	static const uint32_t wanted[] = { UPS_DROP_AUTH,      UPS_DROP_REPLAY,
					   UPS_DROP_TOO_OLD,   UPS_DROP_SSRC_LIMIT,
					   UPS_DROP_MKI,       UPS_DROP_EGRESS_REUSE,
					   UPS_DROP_EGRESS_OLD };
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!tally.drop[wanted[i]])
			fail_msg("drop reason %u never happened", wanted[i]);
	for (i = 0; whole && i <= PAYLOAD_MAX; i++)
		if (!tally.size_seen[i])
			fail_msg("no packet with %zu bytes of payload", i);
	if (tally.left < tally.packets / 2)
		fail_msg("only %lu of %lu packets left", tally.left, tally.packets);
}

static void run_suite(void **state)
{
	const struct ups_suite *suite = *state;
	static struct episode e;
	unsigned int i, k;
	double start = now();

	if (fix.skip) {
		print_message("%s\n", fix.skip);
		skip();
	}
	memset(&tally, 0, sizeof(tally));
	for (i = 0; i < ups_scaled(EPISODES); i++) {
		episode_open(&e, suite->id, i);
		for (k = 0; k < PACKETS; k++)
			run_packet(&e);
		assert_memory_equal(&e.lane, &fix.state.stats[e.path].lane[UPS_LANE_XDP],
				    sizeof(e.lane));
		episode_close(&e);
	}
	check_tally(ups_scaled(EPISODES) == EPISODES);
	print_message(
		"# %s: %lu packets, %lu sent, auth %lu, replay %lu, old %lu, reuse %lu, mki %lu, %.1f s\n",
		suite->name, tally.packets, tally.left, tally.drop[UPS_DROP_AUTH],
		tally.drop[UPS_DROP_REPLAY], tally.drop[UPS_DROP_TOO_OLD],
		tally.drop[UPS_DROP_EGRESS_REUSE], tally.drop[UPS_DROP_MKI], now() - start);
}

int main(void)
{
	struct CMUnitTest tests[UPS_SUITE_COUNT - 1];
	unsigned int i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < UPS_SUITE_COUNT - 1; i++) {
		const struct ups_suite *suite = ups_suite_by_id(i + 1);

		tests[i].name = suite->name;
		tests[i].test_func = run_suite;
		tests[i].initial_state = (void *)(uintptr_t)suite;
	}
	return cmocka_run_group_tests_name("xdp against libsrtp2 and the library", tests, setup,
					   teardown);
}
