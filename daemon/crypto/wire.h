/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to daemon/crypto: bytes of RTP and RTCP headers, counter blocks, and the shape of a protected packet. Inline: this is the inner
 * loop.
 *
 * On the wire (RFC 3711 3.1, 3.4; RFC 7714 8.2, 9.2):
 *	SRTP   CM    header | ciphertext | MKI | tag
 *	SRTP   GCM   header | ciphertext | tag | MKI
 *	SRTCP  CM    8 bytes | ciphertext | E || index | MKI | tag
 *	SRTCP  GCM   8 bytes | ciphertext | tag | E || index | MKI
 */
#ifndef UPSEC_CRYPTO_WIRE_H
#define UPSEC_CRYPTO_WIRE_H

#include <string.h>

#include "crypto/engine.h"
#include "upsec/rtp.h"

static inline uint32_t ups_get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline void ups_put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t ups_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ups_packet_ssrc(const uint8_t *packet, uint8_t kind)
{
	return ups_get_be32(packet + (kind == UPS_SRTP_RTP ? 8 : 4));
}

static inline uint16_t ups_packet_min(uint8_t kind)
{
	return kind == UPS_SRTP_RTP ? UPS_RTP_MIN : UPS_RTCP_MIN;
}

/*
 * Bytes that stay readable: RTP header with CSRC list and extension, or the first 8 bytes of RTCP. @len, at least the
 * minimum, is what header and payload have together. 0: they do not fit.
 */
static inline uint16_t ups_packet_header(const uint8_t *packet, uint16_t len, uint8_t kind)
{
	uint32_t end;

	if (kind == UPS_SRTP_RTCP)
		return UPS_RTCP_MIN;
	end = ups_rtp_csrc_end(packet[0]);
	if (ups_rtp_has_extension(packet[0])) {
		if (end + 4 > len)
			return 0;
		end += 4 + 4 * (uint32_t)ups_get_be16(packet + end + 2);
	}
	return end <= len ? (uint16_t)end : 0;
}

/* Checks that come first, in this order, on any packet: SHORT, then MALFORMED for the version. */
static inline uint8_t ups_packet_check(const uint8_t *packet, uint16_t len, uint8_t kind)
{
	if (len < ups_packet_min(kind))
		return UPS_DROP_SHORT;
	return packet[0] >> 6 == 2 ? UPS_DROP_NONE : UPS_DROP_MALFORMED;
}

/* Bytes that protection appends */
static inline uint32_t ups_key_trailer(const struct ups_srtp_key *key, uint8_t kind)
{
	return key->tag[kind] + (uint32_t)key->mki_len +
	       (kind == UPS_SRTP_RTCP ? UPS_RTCP_TRAILER : 0);
}

/*
 * Counter block (RFC 3711 4.1.1: salt * 2^16 ^ SSRC * 2^64 ^ index * 2^16) or GCM nonce (RFC 7714 8.1, 9.1: two zero
 * bytes, SSRC, 48-bit index, all ^ salt). An SRTCP index has 31 bits, so that one formula serves both kinds.
 */
static inline void ups_job_iv(struct ups_job *job)
{
	const struct ups_srtp_key *key = job->key;
	uint64_t salt[2], iv[2];

	memcpy(salt, key->half[job->kind].salt, sizeof(salt));
	if (key->aead) {
		iv[0] = (uint64_t)job->ssrc << 16 | job->index >> 32;
		iv[1] = job->index << 32;
	} else {
		iv[0] = job->ssrc;
		iv[1] = job->index << 16;
	}
	iv[0] = __builtin_bswap64(iv[0]) ^ salt[0];
	iv[1] = __builtin_bswap64(iv[1]) ^ salt[1];
	memcpy(job->iv, iv, sizeof(iv));
}

/*
 * What is authenticated beside the ciphertext. @job has packet, key, kind, offset, end, index and rtcp_word set. Writes
 * behind the payload, where the trailer is or will be (at least 4 bytes: the shortest tag): the ROC of the HMAC (RFC
 * 3711 4.2), or E || index. The caller has saved what it needs from there.
 */
static inline void ups_job_aad(struct ups_job *job)
{
	uint8_t *behind = job->packet + job->end;
	bool rtp = job->kind == UPS_SRTP_RTP;

	if (!job->key->aead) {
		ups_put_be32(behind, rtp ? (uint32_t)(job->index >> 16) : job->rtcp_word);
		job->hash_len = job->end + 4;
		return;
	}
	job->aad = job->packet;
	job->aad_len = job->offset;
	if (rtp)
		return;
	if (job->rtcp_word & UPS_RTCP_EBIT) {
		memcpy(job->rtcp_aad, job->packet, UPS_RTCP_MIN);
		ups_put_be32(job->rtcp_aad + UPS_RTCP_MIN, job->rtcp_word);
		job->aad = job->rtcp_aad;
		job->aad_len = sizeof(job->rtcp_aad);
	} else {
		ups_put_be32(behind, job->rtcp_word);
		job->aad_len = job->end + 4;
	}
}

/* The part to cipher: all behind the header, or nothing for SRTCP in clear. */
static inline void ups_job_extent(struct ups_job *job, uint16_t header, uint16_t end)
{
	job->end = end;
	job->offset = header;
	job->length = end - header;
	if (job->kind == UPS_SRTP_RTCP && !(job->rtcp_word & UPS_RTCP_EBIT)) {
		job->offset = end;
		job->length = 0;
	}
}

/* The key's packet counter of this kind, and the number of packets at which it ends (RFC 3711 9.2) */
static inline __u64 *ups_key_used(const struct ups_srtp_key *key, uint8_t kind, uint64_t *limit)
{
	struct ups_key_use *use = key->use;

	*limit = kind == UPS_SRTP_RTP ? use->rtp_limit : use->rtcp_limit;
	return kind == UPS_SRTP_RTP ? &use->rtp : &use->rtcp;
}

static inline bool ups_key_expired(const struct ups_srtp_key *key, uint8_t kind)
{
	uint64_t limit;
	const __u64 *used = ups_key_used(key, kind, &limit);

	return __atomic_load_n(used, __ATOMIC_RELAXED) >= limit;
}

/* Counts a packet before the key is used for it, so that threads cannot exceed the limit together. false: expired. */
static inline bool ups_key_count(const struct ups_srtp_key *key, uint8_t kind)
{
	uint64_t limit;
	__u64 *used = ups_key_used(key, kind, &limit);

	return __atomic_fetch_add(used, 1, __ATOMIC_RELAXED) < limit;
}

static inline void ups_job_list_add(struct ups_job_list *list, struct ups_job *job)
{
	list->job[list->count++] = job;
}

static inline void ups_queue_reset(struct ups_crypto_queue *q)
{
	q->jobs = 0;
	q->hash.count = 0;
	for (size_t i = 0; i < UPS_CLASS_COUNT; i++)
		q->cipher[i].count = 0;
}

static inline void ups_queue_hash(struct ups_crypto_queue *q)
{
	if (q->hash.count)
		q->backend->cm_hash(q->data, q->hash.job, q->hash.count);
}

/* Ciphers every list: AES-CM is its own inverse, AES-GCM needs to know the direction. Empties them. */
static inline void ups_queue_cipher(struct ups_crypto_queue *q, bool encrypt)
{
	for (unsigned int i = 0; i < UPS_CLASS_COUNT; i++) {
		struct ups_job_list *list = &q->cipher[i];

		if (!list->count)
			continue;
		if (i < UPS_CLASS_CM_COUNT)
			q->backend->cm_cipher(q->data, i, list->job, list->count);
		else
			q->backend->gcm(q->data, i, encrypt, list->job, list->count);
		list->count = 0;
	}
}

/* Tags have 4, 10 or 16 bytes: constant sizes, which the compiler turns into one or two moves. */
static inline void ups_tag_copy(uint8_t *to, const uint8_t *from, uint8_t size)
{
	if (size == 16)
		memcpy(to, from, 16);
	else if (size == 10)
		memcpy(to, from, 10);
	else
		memcpy(to, from, 4);
}

/* Read-only lines of @size bytes from @at, which begins a line */
static inline void ups_prefetch(const void *at, size_t size)
{
	for (size_t off = 0; off < size; off += UPS_CACHE_LINE)
		__builtin_prefetch((const uint8_t *)at + off);
}

/* What one window and the id of an SSRC slot need */
static inline void ups_slot_prefetch(const struct ups_ssrc *slot, const struct ups_window *w)
{
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(&w->top, 1);
	__builtin_prefetch(&w->word[UPS_WINDOW_WORDS - 1], 1);
}

/*
 * Brings in what the burst needs, a step of the pointer chain at a time, so that the misses of all packets overlap: side
 * and packet; key and SSRC slot; key use and key schedule.
 */
static inline void ups_burst_prefetch(const struct ups_backend *backend, struct ups_srtp_op *ops,
				      size_t count, bool protect)
{
	for (size_t i = 0; i < count; i++) {
		__builtin_prefetch(ops[i].side);
		__builtin_prefetch(ops[i].packet, 1);
		__builtin_prefetch(ops[i].packet + ops[i].len, 1);
	}
	for (size_t i = 0; i < count; i++) {
		const struct ups_srtp_side *side = ops[i].side;

		__builtin_prefetch(side->key[0]);
		if (side->ssrc_count)
			ups_slot_prefetch(side->ssrc, protect ? &side->ssrc->tx : &side->ssrc->rx);
	}
	for (size_t i = 0; i < count; i++) {
		const struct ups_srtp_key *key = ops[i].side->key[0];

		if (!ops[i].side->key_count || (i && ops[i].side == ops[i - 1].side))
			continue;
		__builtin_prefetch(key->use, 1);
		backend->prefetch(key, ops[i].kind & 1, ops[i].len);
	}
}

#endif
