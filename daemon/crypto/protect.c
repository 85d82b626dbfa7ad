// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sending: packets get their index and their place in the key's lifetime one by one, in order, before anything is
 * computed; then whole lists are ciphered and authenticated. Called on worker threads, each with its own queue.
 */
#include "crypto/wire.h"

/* The packet's own sequence number decides; a late or repeated packet must not be encrypted again (RFC 3711 9.1). */
static uint8_t take_rtp_index(struct ups_job *job, struct ups_ssrc *slot)
{
	uint32_t reason;

	job->index = ups_window_estimate(&slot->tx, ups_get_be16(job->packet + 2));
	if (job->index >> UPS_RTP_INDEX_BITS)
		return UPS_DROP_KEY_EXPIRED;
	reason = ups_window_take(&slot->tx, job->index);
	if (reason == UPS_DROP_REPLAY)
		return UPS_DROP_EGRESS_REUSE;
	return reason == UPS_DROP_TOO_OLD ? UPS_DROP_EGRESS_OLD : (uint8_t)reason;
}

/* SRTCP numbers its packets itself, from 0 (RFC 3711 3.4). The first look keeps the counter from ever wrapping. */
static uint8_t take_rtcp_index(struct ups_job *job, struct ups_ssrc *slot)
{
	if (__atomic_load_n(&slot->tx_rtcp, __ATOMIC_RELAXED) >= UPS_RTCP_INDEX_MAX)
		return UPS_DROP_KEY_EXPIRED;
	job->index = __atomic_fetch_add(&slot->tx_rtcp, 1, __ATOMIC_RELAXED);
	if (job->index >= UPS_RTCP_INDEX_MAX)
		return UPS_DROP_KEY_EXPIRED;
	job->rtcp_word = (uint32_t)job->index | (job->key->rtcp_clear ? 0 : UPS_RTCP_EBIT);
	return UPS_DROP_NONE;
}

/* Everything that changes state: slot, index, lifetime. In this order, so that an index skipped is the worst outcome. */
static uint8_t commit(struct ups_job *job, const struct ups_srtp_side *side)
{
	struct ups_ssrc *slot;
	uint8_t reason;

	if (ups_key_expired(job->key, job->kind))
		return UPS_DROP_KEY_EXPIRED;
	slot = ups_ssrc_claim(side->ssrc, side->ssrc_count, job->ssrc);
	if (!slot)
		return UPS_DROP_SSRC_LIMIT;
	reason = job->kind == UPS_SRTP_RTP ? take_rtp_index(job, slot) : take_rtcp_index(job, slot);
	if (reason)
		return reason;
	return ups_key_count(job->key, job->kind) ? UPS_DROP_NONE : UPS_DROP_KEY_EXPIRED;
}

static uint8_t prepare(struct ups_job *job, struct ups_srtp_op *op)
{
	const struct ups_srtp_side *side = op->side;
	uint8_t reason = ups_packet_check(op->packet, op->len, op->kind);
	uint16_t header;

	if (reason)
		return reason;
	header = ups_packet_header(op->packet, op->len, op->kind);
	if (!header)
		return UPS_DROP_MALFORMED;
	if (!side->key_count)
		return UPS_DROP_NO_KEY;
	job->op = op;
	job->key = side->key[0];
	job->packet = op->packet;
	job->kind = op->kind;
	job->ssrc = ups_packet_ssrc(op->packet, op->kind);
	if (op->len + ups_key_trailer(job->key, op->kind) > op->cap)
		return UPS_DROP_TOO_BIG;
	reason = commit(job, side);
	if (reason)
		return reason;
	ups_job_extent(job, header, op->len);
	ups_job_iv(job);
	ups_job_aad(job);
	return UPS_DROP_NONE;
}

/* Writes MKI, tag and E || index behind the ciphertext, in the suite's order. */
static void append_trailer(struct ups_job *job)
{
	const struct ups_srtp_key *key = job->key;
	uint8_t tag = key->tag[job->kind];
	uint8_t *p = job->packet + job->end;

	if (key->aead) {
		memcpy(p, job->mac, UPS_TAG_MAX);
		p += UPS_TAG_MAX;
	}
	if (job->kind == UPS_SRTP_RTCP) {
		ups_put_be32(p, job->rtcp_word);
		p += UPS_RTCP_TRAILER;
	}
	if (key->mki_len) {
		memcpy(p, key->mki, key->mki_len);
		p += key->mki_len;
	}
	if (!key->aead) {
		ups_tag_copy(p, job->mac, tag);
		p += tag;
	}
	job->op->len = (uint16_t)(p - job->packet);
}

void ups_srtp_protect(struct ups_crypto_queue *q, struct ups_srtp_op *ops, size_t count)
{
	ups_queue_reset(q);
	ups_burst_prefetch(q->backend, ops, count, true);
	for (size_t i = 0; i < count; i++) {
		struct ups_job *job = &q->job[q->jobs];

		ops[i].result = prepare(job, &ops[i]);
		if (ops[i].result)
			continue;
		q->jobs++;
		if (job->length || job->key->aead)
			ups_job_list_add(&q->cipher[job->key->class], job);
		if (!job->key->aead)
			ups_job_list_add(&q->hash, job);
	}
	ups_queue_cipher(q, true);
	ups_queue_hash(q);
	for (size_t i = 0; i < q->jobs; i++)
		append_trailer(&q->job[i]);
}
