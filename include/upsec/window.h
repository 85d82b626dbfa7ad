/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Index estimation and duplicate windows, shared by BPF and user space (both compile this very file).
 *
 * One struct ups_window remembers which packet indices (RFC 3711 3.3.1: 2^16 * ROC + SEQ, or the 31-bit SRTCP
 * index) were taken. The same code is the replay list of a receiver (3.3.2) and the "never use an index twice"
 * list of a sender (9.1). It is safe with any number of concurrent writers in softirq and in threads, because an
 * index is taken by one compare-and-swap on the word that holds its bit:
 *
 *   word = epoch (32 bits) << 32 | 32 bits, one for each index of the block;  block = index / 32,
 *   place = block % UPS_WINDOW_WORDS, epoch = block / UPS_WINDOW_WORDS (mod 2^32, compared by serial arithmetic)
 *
 * Whoever sets the bit first owns the index; everybody else sees a duplicate. `top` (highest index taken plus one,
 * 0 = nothing yet) only grows. An index is taken *before* it is used for sending, so a crash skips indices and never
 * re-uses one; for receiving it is taken *after* the tag verified (check, authenticate, commit).
 *
 * Sizes: 8 words of 32 = at least 224 packets behind the newest are remembered (RFC 3711 asks for 64). Byte order: host.
 * Zero-initialised memory is an empty window.
 */
#ifndef UPSEC_WINDOW_H
#define UPSEC_WINDOW_H

#include <linux/types.h>

#include "upsec/drop.h"

#define UPS_WINDOW_WORDS 8
#define UPS_WINDOW_SPAN 224ULL /* (words - 1) * 32 */
#define UPS_WINDOW_RETRIES 8 /* lost compare-and-swap races before giving up with DROP_CONTENDED */

struct ups_window {
	__u64 top; /* highest index taken, plus one; 0 = none */
	__u64 word[UPS_WINDOW_WORDS];
};

#define UPS_WINDOW_INLINE static inline __attribute__((always_inline, unused))

/*
 * RFC 3711 appendix A, with one difference on which implementations agree: before ROC 1 there is no lower ROC to
 * guess, so a SEQ "behind" an index below 2^15 is taken as ROC 0.
 */
UPS_WINDOW_INLINE __u64 ups_window_estimate(const struct ups_window *w, __u16 seq)
{
	__u64 top = *(const volatile __u64 *)&w->top;
	__u64 highest = top ? top - 1 : 0;
	__u64 roc = highest >> 16;
	__u32 s_l = highest & 0xffff;

	if (!top || highest <= 0x8000)
		return seq;
	if (s_l < 0x8000) {
		if ((__s32)seq - (__s32)s_l > 0x8000 && roc > 0)
			roc--;
	} else if ((__s32)s_l - 0x8000 > (__s32)seq) {
		roc++;
	}
	return roc << 16 | seq;
}

/* Read only: 0 if @index may still be taken, else UPS_DROP_REPLAY or UPS_DROP_TOO_OLD. */
UPS_WINDOW_INLINE __u32 ups_window_check(const struct ups_window *w, __u64 index)
{
	__u64 block = index >> 5;
	__u64 word = *(const volatile __u64 *)&w->word[block % UPS_WINDOW_WORDS];
	__u64 top = *(const volatile __u64 *)&w->top;
	__u32 epoch = (__u32)(block / UPS_WINDOW_WORDS);
	__s32 ahead = (__s32)(epoch - (__u32)(word >> 32));

	if (index + UPS_WINDOW_SPAN < top)
		return UPS_DROP_TOO_OLD;
	if (ahead < 0)
		return UPS_DROP_TOO_OLD;
	if (ahead == 0 && (word >> (index & 31) & 1))
		return UPS_DROP_REPLAY;
	return 0;
}

/* Takes @index. 0 if it is now the caller's alone, else a drop reason and nothing changed. */
UPS_WINDOW_INLINE __u32 ups_window_take(struct ups_window *w, __u64 index)
{
	__u64 block = index >> 5;
	__u64 *word = &w->word[block % UPS_WINDOW_WORDS];
	__u64 epoch = (__u64)(__u32)(block / UPS_WINDOW_WORDS);
	__u64 bit = 1ULL << (index & 31);
	int i;

	for (i = 0; i < UPS_WINDOW_RETRIES; i++) {
		__u64 old = *(volatile __u64 *)word;
		__s32 ahead = (__s32)((__u32)epoch - (__u32)(old >> 32));
		__u64 want;

		if (ahead < 0 || index + UPS_WINDOW_SPAN < *(volatile __u64 *)&w->top)
			return UPS_DROP_TOO_OLD;
		if (ahead == 0 && (old & bit))
			return UPS_DROP_REPLAY;
		want = ahead == 0 ? old | bit : epoch << 32 | bit;
		if (__sync_val_compare_and_swap(word, old, want) == old)
			break;
	}
	if (i == UPS_WINDOW_RETRIES)
		return UPS_DROP_CONTENDED;
	for (i = 0; i < UPS_WINDOW_RETRIES; i++) {
		__u64 top = *(volatile __u64 *)&w->top;

		if (top > index || __sync_val_compare_and_swap(&w->top, top, index + 1) == top)
			return 0;
	}
	return UPS_DROP_CONTENDED;
}

#endif
