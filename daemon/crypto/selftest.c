// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Known-answer tests through the very code that will carry traffic: key derivation, then all whole packets in one burst
 * of mixed suites - protect, unprotect, and refuse when the tag is wrong. About a millisecond. Control thread, at start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/engine.h"
#include "crypto/vectors.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PACKETS COUNT(ups_vectors_packet)
#define SESSIONS COUNT(ups_vectors_session)
#define TRIALS (PACKETS + SESSIONS)
#define ROOM 256
_Static_assert(TRIALS <= UPS_BURST_MAX, "the trials are one burst");

struct trial {
	struct ups_srtp_key *key;
	struct ups_key_use use;
	struct ups_ssrc sender, receiver;
	struct ups_srtp_side side;
	enum ups_srtp_kind kind;
	const char *source;
	uint8_t plain[ROOM], wire[ROOM], packet[ROOM];
	size_t plain_size, wire_size;
};

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Our own constants only: lower case, even length. -> bytes */
static size_t from_hex(const char *text, uint8_t *out)
{
	size_t size = strlen(text) / 2;

	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return size;
}

static int kdf_row(const struct ups_vector_kdf *row, struct ups_errmsg *msg)
{
	uint8_t master[UPS_SECRET_MAX], want[UPS_KEY_MAX], got[UPS_KEY_MAX];
	int err;

	from_hex(row->master, master);
	for (unsigned int label = 0; label < COUNT(row->key); label++) {
		size_t size = from_hex(row->key[label], want);

		err = ups_kdf(ups_suite_by_id(row->suite), master, label, got, size);
		if (err)
			return err;
		if (!ups_equal(got, want, size))
			return ups_fail(msg, UPS_E_SELFTEST,
					"known-answer test failed: key derivation, label %u (%s)",
					label, row->source);
	}
	return 0;
}

static int trial_key(struct ups_crypto *c, struct trial *t, enum ups_suite_id suite,
		     const char *master, bool rtcp_clear)
{
	struct ups_srtp_key_config config = { .suite = ups_suite_by_id(suite),
					      .rtcp_clear = rtcp_clear };
	int err;

	config.master.size = (uint8_t)from_hex(master, config.master.data);
	t->use.rtp_limit = 1ULL << UPS_RTP_INDEX_BITS;
	t->use.rtcp_limit = UPS_RTCP_INDEX_MAX;
	err = ups_srtp_key_create(c, &config, &t->use, &t->key);
	t->side = (struct ups_srtp_side) { .key = { t->key }, .key_count = 1, .ssrc_count = 1 };
	return err;
}

static int packet_trial(struct ups_crypto *c, struct trial *t, const struct ups_vector_packet *v)
{
	t->source = v->source;
	t->kind = v->kind;
	t->plain_size =
		from_hex(v->kind == UPS_SRTP_RTP ? UPS_VECTOR_RTP : UPS_VECTOR_RTCP, t->plain);
	t->wire_size = from_hex(v->wire, t->wire);
	t->sender.tx_rtcp = UPS_VECTOR_RTCP_INDEX;
	return trial_key(c, t, v->suite, v->master, false);
}

/* The vectors of RFC 7714 begin with session keys: these replace the derived ones. */
static int session_trial(struct ups_crypto *c, struct trial *t, const struct ups_vector_session *v)
{
	const char *master = v->suite == UPS_SUITE_AEAD_AES_256_GCM ? UPS_VECTOR_MASTER_GCM256
								    : UPS_VECTOR_MASTER_GCM128;
	const struct ups_backend *backend = c->backend;
	uint8_t master_bytes[UPS_SECRET_MAX];
	struct ups_srtp_key *key;
	uint32_t word;
	int err;

	t->source = v->source;
	t->kind = v->kind;
	t->plain_size = from_hex(v->plain, t->plain);
	t->wire_size = from_hex(v->wire, t->wire);
	memcpy(&word, t->wire + t->wire_size - sizeof(word), sizeof(word));
	word = __builtin_bswap32(word);
	t->sender.tx_rtcp = word & ~UPS_RTCP_EBIT;
	err = trial_key(c, t, v->suite, master, !(word & UPS_RTCP_EBIT));
	if (err)
		return err;
	key = t->key;
	backend->key_fini(key, t->kind);
	memset(key->half[t->kind].state, 0, key->state_size);
	from_hex(master, master_bytes);
	memcpy(key->cipher_key[t->kind], master_bytes, key->suite->key_len);
	from_hex(UPS_VECTOR_SESSION_SALT, key->half[t->kind].salt);
	return backend->key_init(key, t->kind);
}

/* All trials as one burst, with the plain or the protected form going in. */
static void make_ops(struct trial *trials, struct ups_srtp_op *ops, bool protect)
{
	for (size_t i = 0; i < TRIALS; i++) {
		struct trial *t = &trials[i];
		size_t size = protect ? t->plain_size : t->wire_size;

		memcpy(t->packet, protect ? t->plain : t->wire, size);
		t->side.ssrc = protect ? &t->sender : &t->receiver;
		ops[i] = (struct ups_srtp_op) { .side = &t->side,
						.packet = t->packet,
						.len = (uint16_t)size,
						.cap = ROOM,
						.kind = (uint8_t)t->kind };
	}
}

static int compare(const struct trial *trials, const struct ups_srtp_op *ops, bool protect,
		   const char *what, struct ups_errmsg *msg)
{
	for (size_t i = 0; i < TRIALS; i++) {
		const struct trial *t = &trials[i];
		size_t size = protect ? t->wire_size : t->plain_size;

		if (ops[i].result || ops[i].len != size ||
		    memcmp(t->packet, protect ? t->wire : t->plain, size))
			return ups_fail(msg, UPS_E_SELFTEST,
					"known-answer test failed: %s %s of %s (%s)", what,
					t->kind == UPS_SRTP_RTP ? "SRTP" : "SRTCP",
					ups_srtp_key_suite(t->key)->name, t->source);
	}
	return 0;
}

/* The last bit is the tag's (CM), the payload's or E || index's (GCM): wrong in any case, and nothing may be remembered. */
static int refuse(struct ups_crypto_queue *q, struct trial *trials, struct ups_srtp_op *ops,
		  struct ups_errmsg *msg)
{
	static const struct ups_ssrc untouched;

	make_ops(trials, ops, false);
	for (size_t i = 0; i < TRIALS; i++)
		trials[i].packet[ops[i].len - 1] ^= 1;
	ups_srtp_unprotect(q, ops, TRIALS);
	for (size_t i = 0; i < TRIALS; i++) {
		if (ops[i].result != UPS_DROP_AUTH ||
		    memcmp(&trials[i].receiver, &untouched, sizeof(untouched)))
			return ups_fail(msg, UPS_E_SELFTEST,
					"known-answer test failed: a forged packet of %s passed",
					ups_srtp_key_suite(trials[i].key)->name);
	}
	return 0;
}

static int run(struct ups_crypto_queue *q, struct trial *trials, struct ups_errmsg *msg)
{
	struct ups_srtp_op ops[TRIALS];
	int err;

	make_ops(trials, ops, true);
	ups_srtp_protect(q, ops, TRIALS);
	err = compare(trials, ops, true, "protect", msg);
	if (err)
		return err;
	err = refuse(q, trials, ops, msg);
	if (err)
		return err;
	make_ops(trials, ops, false);
	ups_srtp_unprotect(q, ops, TRIALS);
	return compare(trials, ops, false, "unprotect", msg);
}

int ups_crypto_selftest(struct ups_crypto *c, struct ups_errmsg *msg)
{
	struct trial *trials = calloc(TRIALS, sizeof(*trials));
	struct ups_crypto_queue *q = NULL;
	int err = trials ? ups_crypto_queue_create(c, &q) : -ENOMEM;

	for (size_t i = 0; !err && i < COUNT(ups_vectors_kdf); i++)
		err = kdf_row(&ups_vectors_kdf[i], msg);
	for (size_t i = 0; !err && i < PACKETS; i++)
		err = packet_trial(c, &trials[i], &ups_vectors_packet[i]);
	for (size_t i = 0; !err && i < SESSIONS; i++)
		err = session_trial(c, &trials[PACKETS + i], &ups_vectors_session[i]);
	if (!err)
		err = run(q, trials, msg);
	for (size_t i = 0; trials && i < TRIALS; i++)
		ups_srtp_key_destroy(trials[i].key);
	ups_crypto_queue_destroy(q);
	free(trials);
	return err;
}
