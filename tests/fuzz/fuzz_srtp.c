// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SRTP and SRTCP from the network, and RTP and RTCP to be protected: all suites, both backends, bursts of several packets.
 *
 * Input: byte 0 suite, byte 1 flags, byte 2 MKI length, then packets: kind and mode (1 byte), size (2 bytes, big-endian),
 * bytes. Mode 0: into unprotect as it is. Mode 1: into protect. Mode 2: protect, change the byte that the first two bytes of
 * the packet name, unprotect: reaches what lies behind the authentication.
 *
 * Checked beyond memory errors: lengths stay in the buffer, and a burst that passed nothing changed no state.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "crypto/srtp.h"

#define FLAG_OPENSSL 1
#define FLAG_TWO_KEYS 2
#define FLAG_RTCP_CLEAR 4
#define PACKETS 8
#define ROOM 160 /* trailer at most: 16 + 4 + 128 */
#define SLOTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct ups_crypto *crypto;
	struct ups_crypto_queue *queue;
};

struct flow {
	struct ups_key_use use[2];
	struct ups_srtp_key *key[2];
	struct ups_ssrc sent[SLOTS], received[SLOTS];
	struct ups_srtp_side tx, rx;
};

static struct world *world_get(bool openssl)
{
	static struct world worlds[2];
	struct world *w = &worlds[openssl];
	struct ups_errmsg msg;

	if (w->queue)
		return w;
	if (ups_crypto_open(openssl ? "openssl" : "auto", &w->crypto, &msg) ||
	    ups_crypto_queue_create(w->crypto, &w->queue))
		abort();
	return w;
}

static void flow_open(struct flow *f, struct world *w, unsigned int suite, uint8_t flags,
		      uint8_t mki_len)
{
	struct ups_srtp_key_config config = { .suite = ups_suite_by_id(suite),
					      .mki_len = mki_len,
					      .rtcp_clear = !!(flags & FLAG_RTCP_CLEAR) };
	unsigned int keys = flags & FLAG_TWO_KEYS ? 2 : 1;

	memset(f, 0, sizeof(*f));
	config.master.size = (uint8_t)(config.suite->key_len + config.suite->salt_len);
	for (unsigned int i = 0; i < keys; i++) {
		memset(config.master.data, (int)(i + 1), config.master.size);
		memset(config.mki, (int)(i + 'A'), mki_len);
		f->use[i] = (struct ups_key_use) { .rtp_limit = 1000, .rtcp_limit = 1000 };
		if (ups_srtp_key_create(w->crypto, &config, &f->use[i], &f->key[i]))
			abort();
		f->rx.key[i] = f->key[i];
	}
	f->tx.key[0] = f->key[0];
	f->tx.key_count = 1;
	f->rx.key_count = (uint8_t)keys;
	f->tx.ssrc = f->sent;
	f->rx.ssrc = f->received;
	f->tx.ssrc_count = SLOTS;
	f->rx.ssrc_count = SLOTS;
}

/* Copies the next packet into memory of exactly its capacity. -> mode, or -1 at the end */
static int next_packet(struct ups_cur *in, const struct flow *f, struct ups_srtp_op *op)
{
	uint8_t head = ups_cur_u8(in);
	uint16_t size = ups_cur_be16(in);
	const uint8_t *bytes = ups_cur_bytes(in, size);
	unsigned int mode = head >> 1 & 3;

	if (!bytes)
		return -1;
	*op = (struct ups_srtp_op) { .side = mode ? &f->tx : &f->rx,
				     .len = size,
				     .cap = (uint16_t)(size > 65535 - ROOM ? 65535 : size + ROOM),
				     .kind = head & 1 };
	if (head & 0x80)
		op->cap = size;
	op->packet = malloc(op->cap ? op->cap : 1);
	if (!op->packet)
		abort();
	memcpy(op->packet, bytes, size);
	return (int)mode;
}

static void check(const struct ups_srtp_op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ops[i].len > ops[i].cap || ops[i].result >= UPS_DROP_MAX)
			abort();
	}
}

static void receive(struct world *w, struct flow *f, struct ups_srtp_op *ops, size_t count)
{
	struct flow before = *f;
	bool passed = false;

	for (size_t i = 0; i < count; i++)
		ops[i].side = &f->rx;
	ups_srtp_unprotect(w->queue, ops, count);
	check(ops, count);
	for (size_t i = 0; i < count; i++)
		passed |= !ops[i].result;
	if (!passed && (memcmp(before.use, f->use, sizeof(f->use)) ||
			memcmp(before.received, f->received, sizeof(f->received)) ||
			memcmp(before.sent, f->sent, sizeof(f->sent))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_cur in = ups_cur_init(data, size);
	unsigned int suite = 1 + ups_cur_u8(&in) % (UPS_SUITE_COUNT - 1);
	uint8_t flags = ups_cur_u8(&in), mki_len = ups_cur_u8(&in) % (UPS_MKI_MAX + 1);
	struct world *w = world_get(flags & FLAG_OPENSSL);
	struct ups_srtp_op in_ops[PACKETS], out_ops[PACKETS];
	size_t in_count = 0, out_count = 0;
	struct flow f;

	flow_open(&f, w, suite, flags, mki_len);
	while (in_count < PACKETS && out_count < PACKETS) {
		struct ups_srtp_op op;
		int mode = next_packet(&in, &f, &op);

		if (mode < 0)
			break;
		if (mode == 2) {
			uint16_t at = op.len > 1 ? (uint16_t)(op.packet[0] << 8 | op.packet[1]) : 0;

			if (op.len)
				op.packet[0] = (uint8_t)(0x80 | (op.packet[0] & 0x1f));
			ups_srtp_protect(w->queue, &op, 1);
			check(&op, 1);
			if (!op.result && at < op.len)
				op.packet[at] ^= 0x40;
		}
		if (mode == 1)
			out_ops[out_count++] = op;
		else
			in_ops[in_count++] = op;
	}
	if (out_count) {
		ups_srtp_protect(w->queue, out_ops, out_count);
		check(out_ops, out_count);
	}
	if (in_count)
		receive(w, &f, in_ops, in_count);
	for (size_t i = 0; i < out_count; i++)
		free(out_ops[i].packet);
	for (size_t i = 0; i < in_count; i++)
		free(in_ops[i].packet);
	ups_srtp_key_destroy(f.key[0]);
	ups_srtp_key_destroy(f.key[1]);
	return 0;
}
