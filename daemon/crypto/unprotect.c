// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Receiving: look, verify, commit, decrypt - each for a whole batch. Called on worker threads, each with its own queue.
 *
 * Batches and index estimation. Looking at packet n happens before packets 0..n-1 of the batch are committed, so its
 * ROC is estimated from a newest index that may be behind. That changes nothing while all packets of an SSRC are
 * within 2^14 of that index: the newest one can then move by at most 2^14, and the estimate is good for 2^15. A packet further away, or
 * the first of an SSRC, is marked `jump`; a batch ends before a packet whose SSRC it holds already if either of the
 * two jumps. So the verdicts are those of packets taken one at a time (a late packet's reason may be the one it has at the
 * batch's beginning), and two copies of one packet are told apart by ups_window_take().
 */
#include "crypto/wire.h"

#define JUMP (1u << 14)

static const struct ups_ssrc no_state; /* what a new SSRC starts from */

/* E || index of SRTCP: before MKI and tag (CM), or before the MKI, behind the tag (GCM) */
static uint32_t rtcp_word_at(const struct ups_srtp_key *key, const uint8_t *packet, uint16_t len)
{
	uint32_t back =
		UPS_RTCP_TRAILER + key->mki_len + (key->aead ? 0u : key->tag[UPS_SRTP_RTCP]);

	return ups_get_be32(packet + len - back);
}

static bool mki_matches(const struct ups_srtp_key *key, const struct ups_srtp_op *op)
{
	uint32_t back = key->mki_len + (key->aead ? 0u : key->tag[op->kind]);

	return !memcmp(op->packet + op->len - back, key->mki, key->mki_len);
}

/*
 * The key the packet names. Several keys must all have MKIs of one length; a leg configured otherwise gets no key, as
 * trying keys in turn is forbidden (RFC 4568 6.1).
 */
static uint8_t choose_key(const struct ups_srtp_op *op, const struct ups_srtp_key **out)
{
	const struct ups_srtp_side *side = op->side;
	uint16_t min = ups_packet_min(op->kind);
	uint8_t reason = UPS_DROP_SHORT;

	if (!side->key_count)
		return UPS_DROP_NO_KEY;
	for (uint8_t i = 0; i < side->key_count; i++) {
		const struct ups_srtp_key *key = side->key[i];

		if (side->key_count > 1 && (!key->mki_len || key->mki_len != side->key[0]->mki_len))
			return UPS_DROP_NO_KEY;
		if (op->len < min + ups_key_trailer(key, op->kind))
			continue;
		if (!key->mki_len || mki_matches(key, op)) {
			*out = key;
			return UPS_DROP_NONE;
		}
		reason = UPS_DROP_MKI;
	}
	return reason;
}

/* Reads what the packet says of itself. Fills @job up to the index. */
static uint8_t parse(struct ups_job *job, struct ups_srtp_op *op)
{
	uint8_t reason = ups_packet_check(op->packet, op->len, op->kind);
	uint16_t end, header;

	if (!reason)
		reason = choose_key(op, &job->key);
	if (reason)
		return reason;
	end = (uint16_t)(op->len - ups_key_trailer(job->key, op->kind));
	header = ups_packet_header(op->packet, end, op->kind);
	if (!header)
		return UPS_DROP_MALFORMED;
	job->op = op;
	job->packet = op->packet;
	job->kind = op->kind;
	job->ssrc = ups_packet_ssrc(op->packet, op->kind);
	if (op->kind == UPS_SRTP_RTCP)
		job->rtcp_word = rtcp_word_at(job->key, op->packet, op->len);
	ups_job_extent(job, header, end);
	return UPS_DROP_NONE;
}

/* Estimates the index and looks it up in the replay list. Changes nothing but @job. */
static uint8_t look(struct ups_job *job)
{
	const struct ups_srtp_side *side = job->op->side;
	const struct ups_ssrc *slot = ups_ssrc_find(side->ssrc, side->ssrc_count, job->ssrc);
	const struct ups_window *w;
	uint32_t reason;

	job->jump = false;
	if (!slot)
		return UPS_DROP_SSRC_LIMIT;
	if (!__atomic_load_n(&slot->id, __ATOMIC_RELAXED))
		slot = &no_state;
	w = job->kind == UPS_SRTP_RTP ? &slot->rx : &slot->rx_rtcp;
	if (job->kind == UPS_SRTP_RTP) {
		uint64_t top = __atomic_load_n(&w->top, __ATOMIC_RELAXED);

		job->index = ups_window_estimate(w, ups_get_be16(job->packet + 2));
		job->jump = !top || job->index - top + JUMP > 2 * JUMP;
	} else {
		job->index = job->rtcp_word & ~UPS_RTCP_EBIT;
	}
	reason = ups_window_check(w, job->index);
	if (reason)
		return (uint8_t)reason;
	return job->index >> UPS_RTP_INDEX_BITS || ups_key_expired(job->key, job->kind)
		       ? UPS_DROP_KEY_EXPIRED
		       : UPS_DROP_NONE;
}

/* Saves the tag, then lets the HMAC or GCM input take its place. */
static void arm(struct ups_job *job)
{
	const struct ups_srtp_key *key = job->key;
	uint8_t size = key->tag[job->kind];
	const uint8_t *at = key->aead ? job->packet + job->end : job->packet + job->op->len - size;

	ups_tag_copy(job->tag, at, size);
	ups_job_iv(job);
	ups_job_aad(job);
}

/* Whether looking at @job needs the outcome of an earlier packet of the batch (top of this file) */
static bool must_wait(const struct ups_crypto_queue *q, const struct ups_job *job, bool jumps)
{
	if (!jumps && !job->jump)
		return false;
	for (size_t i = 0; i < q->jobs; i++) {
		const struct ups_job *earlier = &q->job[i];

		if (earlier->ssrc == job->ssrc && earlier->op->side->ssrc == job->op->side->ssrc &&
		    (earlier->jump || job->jump))
			return true;
	}
	return false;
}

/* Looks at packets until one must wait; -> how many were looked at, at least one. */
static size_t gather(struct ups_crypto_queue *q, struct ups_srtp_op *ops, size_t count)
{
	bool jumps = false;
	size_t i;

	ups_queue_reset(q);
	for (i = 0; i < count; i++) {
		struct ups_job *job = &q->job[q->jobs];

		ops[i].result = parse(job, &ops[i]);
		if (ops[i].result)
			continue;
		ops[i].result = look(job);
		if (must_wait(q, job, jumps))
			break;
		if (ops[i].result)
			continue;
		jumps |= job->jump;
		q->jobs++;
		arm(job);
		if (job->key->aead)
			ups_job_list_add(&q->cipher[job->key->class], job);
		else
			ups_job_list_add(&q->hash, job);
	}
	return i;
}

/* The packet is authentic: now it may change state. */
static uint8_t commit(const struct ups_job *job)
{
	const struct ups_srtp_side *side = job->op->side;
	const struct ups_srtp_key *key = job->key;
	struct ups_ssrc *slot;
	bool clear = !(job->rtcp_word & UPS_RTCP_EBIT);
	uint8_t reason;

	if (job->kind == UPS_SRTP_RTCP && clear != key->rtcp_clear)
		return UPS_DROP_EBIT;
	slot = ups_ssrc_claim(side->ssrc, side->ssrc_count, job->ssrc);
	if (!slot)
		return UPS_DROP_SSRC_LIMIT;
	reason = (uint8_t)ups_window_take(job->kind == UPS_SRTP_RTP ? &slot->rx : &slot->rx_rtcp,
					  job->index);
	if (reason)
		return reason;
	return ups_key_count(key, job->kind) ? UPS_DROP_NONE : UPS_DROP_KEY_EXPIRED;
}

static void settle(struct ups_crypto_queue *q)
{
	for (size_t i = 0; i < q->jobs; i++) {
		struct ups_job *job = &q->job[i];
		struct ups_srtp_op *op = job->op;

		if (!op->result && !ups_equal(job->mac, job->tag, job->key->tag[job->kind]))
			op->result = UPS_DROP_AUTH;
		if (!op->result)
			op->result = commit(job);
		if (op->result)
			continue;
		op->len = job->end;
		if (!job->key->aead && job->length)
			ups_job_list_add(&q->cipher[job->key->class], job);
	}
}

void ups_srtp_unprotect(struct ups_crypto_queue *q, struct ups_srtp_op *ops, size_t count)
{
	ups_burst_prefetch(q->backend, ops, count, false);
	while (count) {
		size_t done = gather(q, ops, count);

		ups_queue_hash(q);
		ups_queue_cipher(q, false);
		settle(q);
		/* GCM was deciphered while it was verified; AES-CM only now that it is authentic. */
		ups_queue_cipher(q, false);
		ops += done;
		count -= done;
	}
}
