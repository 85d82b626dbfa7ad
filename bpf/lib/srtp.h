/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SRTP (RFC 3711, 6188, 7714) in the kernel lane: the same order of checks, the same state and the same bytes as
 * daemon/crypto (see daemon/crypto/srtp.h, and wire.h there for the layouts).
 *
 * ups_srtp_choose() only looks: what it decides precedes the route look-up, after which the packet can still be passed
 * to the stack. ups_srtp_receive() changes state once the tag is verified, ups_srtp_send() before it ciphers.
 */
#ifndef UPSEC_BPF_SRTP_H
#define UPSEC_BPF_SRTP_H

#include "lib/aes.h"
#include "lib/ghash.h"
#include "lib/sha1.h"
#include "lib/ssrc.h"

#define UPS_INDEX_BITS 48 /* SRTP indices end below 2^48 (RFC 3711 3.3.1) */

static __always_inline struct ups_key *ups_key_get(__u32 slot)
{
	struct ups_key *key = bpf_map_lookup_elem(&ups_keys, &slot);

	return key && key->suite ? key : NULL;
}

static __always_inline __u32 ups_key_trailer(const struct ups_key *key)
{
	return (__u32)key->tag_len + key->mki_len;
}

/* ---- choosing the key, read only ------------------------------------------------------------------------------- */

/* Whether the packet in the frame carries the key's MKI, which it is long enough for */
static __always_inline int ups_srtp_mki_matches(struct xdp_md *ctx, const struct ups_work *w,
						const struct ups_key *key)
{
	__u64 size = key->mki_len;
	__u32 back = key->mki_len + (key->aead ? 0 : key->tag_len);
	__u64 got[2] = { 0, 0 };
	const __u64 *want = (const __u64 *)key->mki;

	if (!size)
		return 1;
	UPS_HIDE(size);
	if (size > UPS_MKI_XDP_MAX || size < 1)
		return 0;
	if (bpf_xdp_load_bytes(ctx, w->header_len + w->len - back, got, size))
		return 0;
	return got[0] == want[0] && got[1] == want[1];
}

/*
 * The receive key the packet names, into w->rx_key and w->trailer. Several keys must differ by MKI: trying one after the
 * other is forbidden (RFC 4568 6.1). -> verdict
 */
static __always_inline __u32 ups_srtp_choose(struct xdp_md *ctx, struct ups_work *w,
					     const struct ups_flow *flow)
{
	__u32 verdict = UPS_DROP(SHORT), i;

	if (!flow->rx_key_count || (flow->rx_key_count > 1 && !flow->rx_mki_len))
		return UPS_PASS(NO_CRYPTO);
	for (i = 0; i < UPS_RX_KEYS_MAX && i < flow->rx_key_count; i++) {
		struct ups_key *key = ups_key_get(flow->rx_key[i]);

		if (!key)
			return UPS_PASS(NO_CRYPTO);
		if (w->len < UPS_RTP_MIN + ups_key_trailer(key))
			continue;
		if (ups_srtp_mki_matches(ctx, w, key)) {
			w->rx_key = flow->rx_key[i];
			w->trailer = ups_key_trailer(key);
			return w->head > w->len - w->trailer ? UPS_DROP(MALFORMED) : UPS_V_GO;
		}
		verdict = UPS_DROP(MKI);
	}
	return verdict;
}

/* ---- shared by both directions ----------------------------------------------------------------------------------- */

/*
 * Counter block (RFC 3711 4.1.1: salt * 2^16 ^ SSRC * 2^64 ^ index * 2^16) or GCM nonce with a zero counter (RFC 7714
 * 8.1: two zero bytes, SSRC, 48-bit index, all ^ salt).
 */
static __always_inline void ups_srtp_iv(struct ups_work *w, const struct ups_key *key, __u64 index)
{
	const __be64 *salt = (const __be64 *)key->salt;
	__u64 ssrc = w->ssrc;

	w->iv[0] = bpf_be64_to_cpu(salt[0]) ^ (key->aead ? ssrc << 16 | index >> 32 : ssrc);
	w->iv[1] = bpf_be64_to_cpu(salt[1]) ^ (key->aead ? index << 32 : index << 16);
}

static __always_inline void ups_srtp_changed(struct ups_work *w)
{
	w->changed = 1;
	w->sum_known = 0;
}

static __always_inline int ups_key_expired(__u32 slot)
{
	struct ups_key_use *use = bpf_map_lookup_elem(&ups_key_use, &slot);

	return !use || *(volatile __u64 *)&use->rtp >= use->rtp_limit;
}

/* One more packet under this key, taken before use. 0 if its lifetime does not allow it. */
static __always_inline int ups_key_count(__u32 slot)
{
	struct ups_key_use *use = bpf_map_lookup_elem(&ups_key_use, &slot);

	return use && *(volatile __u64 *)&use->rtp < use->rtp_limit &&
	       __sync_fetch_and_add(&use->rtp, 1) < use->rtp_limit;
}

/* Whether the first @size (1..16) bytes of the two tags are equal; in a time that does not depend on them */
static __always_inline int ups_tag_equal(const struct ups_work *w, __u32 size)
{
	const __be64 *got = (const __be64 *)w->tag;
	const __be64 *want = (const __be64 *)w->mac;
	__u64 hi = bpf_be64_to_cpu(got[0] ^ want[0]);
	__u64 lo = bpf_be64_to_cpu(got[1] ^ want[1]);

	if (size < 8)
		hi >>= (8 - size) * 8;
	if (size <= 8)
		lo = 0;
	else
		lo >>= (16 - size) * 8;
	return !(hi | lo);
}

/* ---- receiving ------------------------------------------------------------------------------------------------- */

/* Where the tag lies: behind the ciphertext (GCM) or behind the MKI (CM). Copies it to w->tag. */
static __always_inline int ups_srtp_save_tag(struct ups_work *w, const struct ups_key *key)
{
	__u64 at = UPS_BODY - w->head + w->len - w->trailer + (key->aead ? 0 : key->mki_len);

	UPS_HIDE(at);
	if (at > UPS_BODY + UPS_PACKET_MAX)
		return -1;
	__builtin_memcpy(w->tag, w->buf + at, UPS_TAG_MAX);
	return 0;
}

/* Computes the tag of the packet into w->mac; GCM deciphers along. 0 or an error of the primitives. */
static __always_inline int ups_srtp_verify(struct ups_work *w, const struct ups_key *key,
					   __u64 index)
{
	__u32 end = w->len - w->trailer;
	int err;

	if (ups_srtp_save_tag(w, key))
		return -1;
	ups_srtp_iv(w, key, index);
	if (!key->aead)
		return ups_hmac(w, w->rx_key, end, index >> 16);
	err = ups_aes_stream(w, w->rx_key, 1, end - w->head);
	return err ? err : ups_gcm(w, w->rx_key, end - w->head, 0);
}

/* The packet is authentic: now it may change state. -> verdict */
static __always_inline __u32 ups_srtp_commit(struct ups_work *w, const struct ups_flow *flow,
					     __u64 index)
{
	struct ups_ssrc *s;
	__u32 verdict = ups_ssrc_admit(w, flow);

	if (verdict)
		return verdict;
	s = ups_ssrc_get(w);
	if (!s)
		return UPS_DROP(SSRC_LIMIT);
	verdict = ups_window_take(&s->rx, index);
	if (verdict)
		return UPS_V_DROP | verdict;
	return ups_key_count(w->rx_key) ? UPS_V_GO : UPS_DROP(KEY_EXPIRED);
}

/* Estimates the index from the slot's state and looks it up. -> verdict, *index */
static __always_inline __u32 ups_srtp_index(struct ups_work *w, const struct ups_flow *flow,
					    __u64 *index)
{
	struct ups_ssrc *s;
	__u32 reason;

	w->ssrc_slot = ups_ssrc_find(flow->ssrc_base, flow->ssrc_count, w->ssrc, 0);
	s = ups_ssrc_get(w);
	if (!s)
		return UPS_DROP(SSRC_LIMIT);
	*index = w->seq;
	if (!*(volatile __u64 *)&s->id)
		return UPS_V_GO;
	*index = ups_window_estimate(&s->rx, w->seq);
	if (*index >> UPS_INDEX_BITS)
		return UPS_DROP(KEY_EXPIRED);
	reason = ups_window_check(&s->rx, *index);
	return reason ? UPS_V_DROP | reason : UPS_V_GO;
}

/* The protected packet in buf becomes a clear one. -> verdict */
__noinline int ups_srtp_receive(struct ups_work *w)
{
	struct ups_flow *flow;
	struct ups_key *key;
	__u64 index = 0;
	__u32 verdict;

	if (!ups_config.has_crypto || !w)
		return UPS_PASS(NO_CRYPTO);
	flow = ups_flow_get(w);
	key = ups_key_get(w->rx_key);
	if (!flow || !key)
		return UPS_DROP(NO_KEY);
	verdict = ups_srtp_index(w, flow, &index);
	if (verdict)
		return verdict;
	if (ups_key_expired(w->rx_key))
		return UPS_DROP(KEY_EXPIRED);
	if (ups_srtp_verify(w, key, index))
		return UPS_DROP(CRYPTO);
	if (!ups_tag_equal(w, key->tag_len))
		return UPS_DROP(AUTH);
	verdict = ups_srtp_commit(w, flow, index);
	if (verdict)
		return verdict;
	w->len -= w->trailer;
	ups_srtp_changed(w);
	if (key->aead)
		return UPS_V_GO;
	if (ups_aes_stream(w, w->rx_key, 0, w->len - w->head))
		return UPS_DROP(CRYPTO);
	ups_aes_xor(w, w->len - w->head);
	return UPS_V_GO;
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

static __always_inline __u32 ups_srtp_egress(__u32 reason)
{
	if (reason == UPS_DROP_REPLAY)
		return UPS_DROP(EGRESS_REUSE);
	if (reason == UPS_DROP_TOO_OLD)
		return UPS_DROP(EGRESS_OLD);
	return UPS_V_DROP | reason;
}

/* Takes the index, then counts: a crash in between skips an index and never uses one twice. -> verdict, *index */
static __always_inline __u32 ups_srtp_take(struct ups_work *w, __u32 slot, __u64 *index)
{
	struct ups_ssrc *s = ups_ssrc_get(w);
	__u32 reason;

	if (!s)
		return UPS_DROP(SSRC_LIMIT);
	if (ups_key_expired(slot))
		return UPS_DROP(KEY_EXPIRED);
	*index = ups_window_estimate(&s->tx, w->seq);
	if (*index >> UPS_INDEX_BITS)
		return UPS_DROP(KEY_EXPIRED);
	reason = ups_window_take(&s->tx, *index);
	if (reason)
		return ups_srtp_egress(reason);
	return ups_key_count(slot) ? UPS_V_GO : UPS_DROP(KEY_EXPIRED);
}

/* Ciphers the body and computes the tag into w->mac. 0 or an error of the primitives. */
static __always_inline int ups_srtp_seal(struct ups_work *w, const struct ups_key *key, __u32 slot,
					 __u64 index)
{
	__u32 size = w->len - w->head;
	int err;

	ups_srtp_iv(w, key, index);
	err = ups_aes_stream(w, slot, key->aead ? 1 : 0, size);
	if (err)
		return err;
	if (key->aead)
		return ups_gcm(w, slot, size, 1);
	ups_aes_xor(w, size);
	return ups_hmac(w, slot, w->len, index >> 16);
}

/* MKI and tag behind the ciphertext, in the suite's order; what is written too much lies behind the packet. */
static __always_inline int ups_srtp_append(struct ups_work *w, const struct ups_key *key)
{
	__u64 end = UPS_BODY - w->head + w->len;
	__u64 tag = end + (key->aead ? 0 : key->mki_len);
	__u64 mki = end + (key->aead ? UPS_TAG_MAX : 0);

	UPS_HIDE(tag);
	UPS_HIDE(mki);
	if (tag > UPS_BODY + UPS_PACKET_MAX + UPS_TRAILER_MAX ||
	    mki > UPS_BODY + UPS_PACKET_MAX + UPS_TRAILER_MAX)
		return -1;
	if (key->mki_len)
		__builtin_memcpy(w->buf + mki, key->mki, UPS_MKI_XDP_MAX);
	__builtin_memcpy(w->buf + tag, w->mac, UPS_TAG_MAX);
	w->len += ups_key_trailer(key);
	return 0;
}

/* The clear packet in buf becomes a protected one; its SSRC has a slot. -> verdict */
__noinline int ups_srtp_send(struct ups_work *w)
{
	struct ups_flow *flow;
	struct ups_key *key;
	__u64 index = 0;
	__u32 verdict, slot;

	if (!ups_config.has_crypto || !w)
		return UPS_PASS(NO_CRYPTO);
	flow = ups_flow_get(w);
	if (!flow)
		return UPS_DROP(NO_KEY);
	slot = flow->tx_key;
	key = ups_key_get(slot);
	if (!key)
		return UPS_DROP(NO_KEY);
	verdict = ups_srtp_take(w, slot, &index);
	if (verdict)
		return verdict;
	if (ups_srtp_seal(w, key, slot, index) || ups_srtp_append(w, key))
		return UPS_DROP(CRYPTO);
	ups_srtp_changed(w);
	return UPS_V_GO;
}

#endif
