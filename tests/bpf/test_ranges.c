// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP program over whole ranges of input: every first byte (RFC 7983 7) on terminated and opaque flows, frames cut at
 * every byte, payloads of every size, SSRC limits, and random frames. What must always hold: the program never
 * aborts, a frame it passes is bit-identical, a frame it sends is valid in every field, each packet is counted once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "xdpflows.h"

static void build_to(struct pkt *p, enum flow_id id, const uint8_t *body, size_t size)
{
	struct pkt_spec spec = { .src = addr(flows[id].src), .dst = addr(flows[id].local) };

	pkt_build(p, &spec, body, size);
}

static size_t payload_at(enum flow_id id)
{
	struct ups_addr src = addr(flows[id].src);

	return PKT_ETH + (ups_addr_is_v4(&src) ? 20 : 40) + 8;
}

static void check_body(const char *name, enum flow_id id, const uint8_t *body, size_t size,
		       enum outcome outcome, uint32_t reason)
{
	struct expected e = { outcome, reason, (int)id, payload_at(id), size };
	struct pkt in;

	build_to(&in, id, body, size);
	check_frame(name, &in, &e);
}

/* ---- first bytes ---------------------------------------------------------------------------------------------- */

/* RFC 7983 7 and RFC 5761 4, written again so that the program is not compared with its own header */
static const struct range {
	int first, last;
	char kind;
} ranges[] = {
	{ 0, 3, 's' },	 { 4, 15, 'x' },   { 16, 19, 'z' },   { 20, 63, 'd' },
	{ 64, 79, 't' }, { 80, 127, 'x' }, { 128, 191, 'r' }, { 192, 255, 'x' },
};

static char kind_of(int first, int second)
{
	size_t i;

	for (i = 0; i < COUNT(ranges); i++)
		if (first >= ranges[i].first && first <= ranges[i].last)
			break;
	if (ranges[i].kind == 'r' && second >= 192 && second <= 223)
		return 'c';
	return ranges[i].kind;
}

static void expect_terminated(enum flow_id id, char kind, struct expected *e)
{
	uint32_t flags = flows[id].flags;
	bool wanted = (kind == 's' && (flags & UPS_FLOW_STUN)) ||
		      (kind == 'd' && (flags & UPS_FLOW_DTLS)) ||
		      (kind == 'c' && (flags & UPS_FLOW_RX_MUX));

	e->outcome = wanted ? PASSES : DROPS;
	switch (kind) {
	case 'r':
		e->outcome = LEAVES;
		return;
	case 's':
		e->reason = wanted ? (uint32_t)UPS_PASS_STUN : (uint32_t)UPS_DROP_STUN_UNEXPECTED;
		return;
	case 'd':
		e->reason = wanted ? (uint32_t)UPS_PASS_DTLS : (uint32_t)UPS_DROP_DTLS_UNEXPECTED;
		return;
	case 'c':
		e->reason = wanted ? (uint32_t)UPS_PASS_RTCP : (uint32_t)UPS_DROP_MUX;
		return;
	default:
		e->reason = UPS_DROP_DEMUX;
	}
}

/* All that has a meaning is relayed; where multiplexed RTCP leaves, the udp lane knows. */
static void expect_opaque(enum flow_id id, char kind, struct expected *e)
{
	if (kind == 'x') {
		e->outcome = DROPS;
	} else if (kind == 'c' && (flows[id].flags & UPS_FLOW_RX_MUX)) {
		e->outcome = PASSES;
		e->reason = UPS_PASS_RTCP;
	}
}

static const uint8_t second_bytes[] = { 0, 96, 191, 192, 200, 223, 224, 255 };

static void check_first_bytes(enum flow_id id, bool opaque)
{
	uint8_t body[200] = { 0 };
	char name[64];
	int first;
	size_t i;

	for (first = 0; first < 256; first++)
		for (i = 0; i < COUNT(second_bytes); i++) {
			struct expected e = { LEAVES, UPS_DROP_DEMUX, (int)id, payload_at(id),
					      sizeof(body) };
			struct pkt in;

			body[0] = (uint8_t)first;
			body[1] = second_bytes[i];
			if (!opaque)
				expect_terminated(id, kind_of(first, body[1]), &e);
			else
				expect_opaque(id, kind_of(first, body[1]), &e);
			snprintf(name, sizeof(name), "flow %d, bytes %d %d", id, first, body[1]);
			build_to(&in, id, body, sizeof(body));
			check_frame(name, &in, &e);
		}
}

static void first_bytes_terminated(void **state)
{
	(void)state;
	flows_reset();
	check_first_bytes(CLEAR_44, false);
	check_first_bytes(CLEAR_66, false);
	check_first_bytes(MUX, false);
	check_first_bytes(WITH_DTLS, false);
	check_first_bytes(WITH_STUN, false);
}

static void first_bytes_opaque(void **state)
{
	(void)state;
	flows_reset();
	check_first_bytes(OPAQUE, true);
	check_first_bytes(OPAQUE_ICE, true);
}

/* ---- lengths -------------------------------------------------------------------------------------------------- */

static void payload_of_every_size(void **state)
{
	struct rtp_spec rtp = {
		.cc = 5, .extension = true, .ext_words = 4, .payload = 40, .ssrc = 7
	};
	const size_t head = 12 + 20 + 4 + 16;
	uint8_t body[256];
	size_t full, size;
	char name[64];

	(void)state;
	flows_reset();
	full = rtp_build(body, &rtp);
	for (size = 0; size <= full; size++) {
		snprintf(name, sizeof(name), "%zu bytes of RTP", size);
		if (size < UPS_RTP_MIN)
			check_body(name, CLEAR_44, body, size, DROPS, UPS_DROP_SHORT);
		else if (size < head)
			check_body(name, CLEAR_46, body, size, DROPS, UPS_DROP_MALFORMED);
		else
			check_body(name, CLEAR_46, body, size, LEAVES, 0);
	}
}

static void extension_beyond_the_end(void **state)
{
	struct rtp_spec rtp = { .extension = true, .ext_words = 1, .payload = 100, .ssrc = 7 };
	uint8_t body[256];
	size_t size;

	(void)state;
	flows_reset();
	size = rtp_build(body, &rtp);
	put16(body + 14, 26); /* the rest exactly: nothing encrypted, still valid */
	check_body("extension up to the end", CLEAR_44, body, size, LEAVES, 0);
	put16(body + 14, 27);
	check_body("one word too long", CLEAR_44, body, size, DROPS, UPS_DROP_MALFORMED);
	put16(body + 14, 0xffff);
	check_body("65535 words", CLEAR_44, body, size, DROPS, UPS_DROP_MALFORMED);
}

/* A frame cut short, its headers still promising more: whatever happens, it is not relayed and not changed. */
static void check_cut(const struct pkt *whole, const char *name)
{
	static struct xdpfix_result r;
	static struct ups_ssrc nothing[FLOW_COUNT * SSRC_PER_FLOW];
	struct pkt cut = *whole;

	for (cut.size = PKT_ETH; cut.size < whole->size; cut.size++) {
		assert_int_equal(xdpfix_run(&fix, &cut, &r), 0);
		if (r.verdict != XDP_PASS && r.verdict != XDP_DROP)
			fail_msg("%s cut to %zu: verdict %d", name, cut.size, r.verdict);
		if (r.verdict == XDP_PASS &&
		    (r.out.size != cut.size || memcmp(r.out.data, cut.data, cut.size)))
			fail_msg("%s cut to %zu: passed frame changed", name, cut.size);
		if (memcmp(fix.state.ssrc, nothing, sizeof(nothing)))
			fail_msg("%s cut to %zu: SSRC state changed", name, cut.size);
	}
}

static void frames_cut_at_every_byte(void **state)
{
	static const struct {
		const char *name;
		enum flow_id id;
		struct pkt_spec spec;
	} shapes[] = {
		{ "plain v4", CLEAR_44, { .vlans = 0 } },
		{ "plain v6", CLEAR_66, { .vlans = 0 } },
		{ "one tag", CLEAR_44, { .vlans = 1 } },
		{ "two tags", CLEAR_44, { .vlans = 2, .vlan_type = 0x88a8 } },
		{ "v4 options", CLEAR_44, { .ip_options = 40 } },
		{ "v6 chain",
		  CLEAR_66,
		  { .ext = { PKT_HOPOPTS, PKT_ROUTING, PKT_DSTOPTS },
		    .ext_units = { 1, 2, 1 },
		    .ext_count = 3 } },
		{ "v6 fragment", CLEAR_66, { .ext = { PKT_FRAGMENT }, .ext_count = 1 } },
	};
	struct rtp_spec rtp = { .cc = 3, .extension = true, .ext_words = 2, .payload = 30 };
	uint8_t body[256];
	struct pkt p;
	size_t i;

	(void)state;
	flows_reset();
	for (i = 0; i < COUNT(shapes); i++) {
		struct pkt_spec spec = shapes[i].spec;

		spec.src = addr(flows[shapes[i].id].src);
		spec.dst = addr(flows[shapes[i].id].local);
		pkt_build(&p, &spec, body, rtp_build(body, &rtp));
		check_cut(&p, shapes[i].name);
	}
}

/* Length fields that contradict the frame or each other */
static void lengths_that_lie(void **state)
{
	static const int deltas[] = { -1000, -200, -21, -13, -9, -1, 1, 8, 100, 1000, 60000 };
	enum flow_id ids[] = { CLEAR_44, CLEAR_66 };
	static struct xdpfix_result r;
	struct rtp_spec rtp = { .payload = 180 };
	uint8_t body[256];
	size_t size = rtp_build(body, &rtp), i, f, which;
	struct pkt p;

	(void)state;
	flows_reset();
	for (f = 0; f < COUNT(ids); f++)
		for (i = 0; i < COUNT(deltas); i++)
			for (which = 0; which < 2; which++) {
				struct pkt_spec spec = {
					.src = addr(flows[ids[f]].src),
					.dst = addr(flows[ids[f]].local),
					.ip_len_delta = which ? 0 : deltas[i],
					.udp_len_delta = which ? deltas[i] : 0,
				};

				pkt_build(&p, &spec, body, size);
				assert_int_equal(xdpfix_run(&fix, &p, &r), 0);
				if (r.verdict != XDP_PASS && r.verdict != XDP_DROP)
					fail_msg("flow %d: %s length off by %d: verdict %d", ids[f],
						 which ? "UDP" : "IP", deltas[i], r.verdict);
			}
}

/* Every byte of address and port counts. */
static void every_byte_of_the_source(void **state)
{
	static const enum flow_id ids[] = { CLEAR_44, CLEAR_66 };
	struct rtp_spec rtp = { .payload = 20 };
	uint8_t body[64];
	struct pkt in;
	size_t f, i;

	(void)state;
	flows_reset();
	for (f = 0; f < COUNT(ids); f++)
		for (i = ids[f] == CLEAR_44 ? 12 : 0; i < 18; i++) {
			struct pkt_spec spec = { .src = addr(flows[ids[f]].src),
						 .dst = addr(flows[ids[f]].local) };
			struct expected e = { DROPS, UPS_DROP_SOURCE, (int)ids[f], 0, 0 };

			if (i < 16)
				spec.src.ip[i] ^= 1;
			else
				spec.src.port ^= (uint16_t)(i == 16 ? 1 : 0x100);
			pkt_build(&in, &spec, body, rtp_build(body, &rtp));
			check_frame("one bit of the source", &in, &e);
		}
}

/* ---- SSRCs ---------------------------------------------------------------------------------------------------- */

static void one_more_ssrc_than_allowed(void **state)
{
	struct ups_ssrc *slots = &fix.state.ssrc[TWO_SSRCS * SSRC_PER_FLOW];
	struct ups_ssrc before[SSRC_PER_FLOW];
	struct rtp_spec rtp = { .payload = 20, .ssrc = 0xaaaa0001 };
	uint8_t body[64];
	int i;

	(void)state;
	flows_reset();
	check_body("first", TWO_SSRCS, body, rtp_build(body, &rtp), LEAVES, 0);
	rtp.ssrc = 0; /* zero is an SSRC like any other */
	check_body("second", TWO_SSRCS, body, rtp_build(body, &rtp), LEAVES, 0);
	assert_true(slots[0].id == (UPS_SSRC_USED | 0xaaaa0001));
	assert_true(slots[1].id == UPS_SSRC_USED);
	memcpy(before, slots, sizeof(before));
	for (i = 0; i < 100; i++) {
		rtp.ssrc = 0xbbbb0000 + (uint32_t)i;
		check_body("one too many", TWO_SSRCS, body, rtp_build(body, &rtp), DROPS,
			   UPS_DROP_SSRC_LIMIT);
	}
	assert_memory_equal(before, slots, sizeof(before));
	rtp.ssrc = 0xaaaa0001;
	check_body("the first goes on", TWO_SSRCS, body, rtp_build(body, &rtp), LEAVES, 0);
	assert_memory_equal(before, slots, sizeof(before));
}

static void sixteen_ssrcs(void **state)
{
	struct ups_flow f = flow_record(TWO_SSRCS), before = f;
	struct rtp_spec rtp = { .payload = 20 };
	uint8_t body[64];
	uint32_t i;

	(void)state;
	flows_reset();
	f.ssrc_base = xdpfix_limits.ssrcs - UPS_SSRC_MAX; /* up to the very last slot */
	f.ssrc_count = UPS_SSRC_MAX;
	assert_int_equal(ups_kernel_flow_set(fix.kernel, TWO_SSRCS, &f), 0);
	for (i = 0; i < 2 * UPS_SSRC_MAX; i++) {
		rtp.ssrc = 1000 - i;
		check_body("one of many", TWO_SSRCS, body, rtp_build(body, &rtp),
			   i < UPS_SSRC_MAX ? LEAVES : DROPS, UPS_DROP_SSRC_LIMIT);
	}
	for (i = 0; i < UPS_SSRC_MAX; i++)
		assert_true(fix.state.ssrc[f.ssrc_base + i].id == (UPS_SSRC_USED | (1000 - i)));
	assert_int_equal(ups_kernel_flow_set(fix.kernel, TWO_SSRCS, &before), 0);
}

/* ---- random frames -------------------------------------------------------------------------------------------- */

#define RANDOM_FRAMES 30000

/* What leaves must be a valid frame of the flow it came for, whatever was done to the input. */
static void check_random_result(const struct pkt *in, const struct xdpfix_result *r, int round)
{
	enum flow_id id;

	if (r->verdict == XDP_DROP)
		return;
	if (r->verdict == XDP_PASS) {
		if (r->out.size != in->size || memcmp(r->out.data, in->data, in->size))
			fail_msg("frame %d: passed and changed", round);
		return;
	}
	if (r->verdict != XDP_TX && r->verdict != XDP_REDIRECT)
		fail_msg("frame %d: verdict %d", round, r->verdict);
	for (id = 0; id < FLOW_COUNT; id++) {
		const struct flow_row *row = &flows[id];
		struct pkt_expect want = {
			.dst_mac = row->dst_mac ? row->dst_mac : mac_peer1,
			.src_mac = row->src_mac ? row->src_mac : mac_us1,
			.src = addr(row->out_src),
			.dst = addr(row->out_dst),
			.tos = OUT_TOS,
			.ttl = OUT_TTL,
		};
		size_t head = PKT_ETH + (ups_addr_is_v4(&want.src) ? 20 : 40) + 8;

		want.payload_size = r->out.size > head ? r->out.size - head : 0;
		if (!pkt_check(r->out.data, r->out.size, &want))
			return;
	}
	fail_msg("frame %d left and fits no flow", round);
}

static void mutate(struct rng *r, struct pkt *p)
{
	unsigned int edits = rng_one_in(r, 2) ? 0 : 1 + rng_below(r, 3);

	while (edits--) {
		size_t limit = rng_one_in(r, 2) && p->size > 60 ? 60 : p->size;
		size_t at = rng_below(r, (uint32_t)limit);

		p->data[at] = rng_one_in(r, 2) ? (uint8_t)rng_u64(r)
					       : (uint8_t)(p->data[at] ^ 1 << rng_below(r, 8));
	}
	if (rng_one_in(r, 8) && p->size > PKT_ETH)
		p->size = PKT_ETH + rng_below(r, (uint32_t)(p->size - PKT_ETH));
}

static void random_frame(struct rng *r, struct pkt *p)
{
	enum flow_id id = rng_below(r, FLOW_COUNT);
	struct pkt_spec spec = {
		.src = addr(flows[id].src),
		.dst = addr(flows[id].local),
		.vlans = rng_one_in(r, 6) ? 1 + rng_below(r, 2) : 0,
		.ip_options = rng_one_in(r, 20) ? (uint8_t)(4 * rng_below(r, 11)) : 0,
		.csum = rng_one_in(r, 2)   ? PKT_CSUM_ZERO
			: rng_one_in(r, 6) ? rng_below(r, 4)
					   : PKT_CSUM_GOOD,
		.trailer = rng_one_in(r, 5) ? rng_below(r, 40) : 0,
		.ext_count = rng_one_in(r, 4) ? rng_below(r, 4) : 0,
	};
	static const uint8_t types[] = { PKT_HOPOPTS, PKT_ROUTING, PKT_FRAGMENT,
					 PKT_DSTOPTS, PKT_AH,	   PKT_ESP };
	struct rtp_spec rtp = {
		.cc = rng_one_in(r, 3) ? (uint8_t)rng_below(r, 16) : 0,
		.extension = rng_one_in(r, 3),
		.ext_words = (uint16_t)rng_below(r, 8),
		.seq = (uint16_t)rng_u64(r),
		.ssrc = 1 + rng_below(r, 6),
		.payload = rng_below(r, 300),
		.fill = rng_u64(r),
	};
	uint8_t body[1024];
	unsigned int i;

	for (i = 0; i < spec.ext_count; i++) {
		spec.ext[i] = types[rng_below(r, COUNT(types))];
		spec.ext_units[i] = (uint8_t)rng_below(r, 3);
	}
	pkt_build(p, &spec, body, rtp_build(body, &rtp));
	mutate(r, p);
}

static uint64_t counters_sum(const struct ups_counters *c)
{
	const uint64_t *v = (const uint64_t *)c;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(*c) / sizeof(*v); i++)
		sum += v[i];
	return sum;
}

static void random_frames(void **state)
{
	static struct xdpfix_result r;
	static struct pkt in;
	struct ups_counters before, delta;
	struct rng rng = { 20260001 };
	int round, left = 0;

	(void)state;
	flows_reset();
	ups_kernel_counters(fix.kernel, &before);
	for (round = 0; round < RANDOM_FRAMES; round++) {
		random_frame(&rng, &in);
		assert_int_equal(xdpfix_run(&fix, &in, &r), 0);
		check_random_result(&in, &r, round);
		left += r.verdict == XDP_TX || r.verdict == XDP_REDIRECT;
	}
	counters_delta(&delta, &before);
	assert_int_equal(counters_sum(&delta), RANDOM_FRAMES);
	assert_int_equal(delta.tx, left);
	if (left < RANDOM_FRAMES / 20)
		fail_msg("only %d of %d frames were relayed: the generator is too wild", left,
			 RANDOM_FRAMES);
	print_message("%d random frames, %d relayed\n", RANDOM_FRAMES, left);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes_terminated),
		cmocka_unit_test(first_bytes_opaque),
		cmocka_unit_test(payload_of_every_size),
		cmocka_unit_test(extension_beyond_the_end),
		cmocka_unit_test(frames_cut_at_every_byte),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(every_byte_of_the_source),
		cmocka_unit_test(one_more_ssrc_than_allowed),
		cmocka_unit_test(sixteen_ssrcs),
		cmocka_unit_test(random_frames),
	};

	return cmocka_run_group_tests_name("xdp ranges", tests, flows_setup, flows_teardown);
}
