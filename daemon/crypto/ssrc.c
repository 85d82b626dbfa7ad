// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SSRC slots: found by SSRC, claimed once by compare-and-swap (upsec/abi.h struct ups_ssrc). Any thread and the kernel lane. */
#include "crypto/engine.h"

struct ups_ssrc *ups_ssrc_find(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc)
{
	for (struct ups_ssrc *s = slots; s < slots + count; s++) {
		uint64_t id = __atomic_load_n(&s->id, __ATOMIC_ACQUIRE);

		if (id == (UPS_SSRC_USED | ssrc) || !id)
			return s;
	}
	return NULL;
}

struct ups_ssrc *ups_ssrc_claim(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc)
{
	__u64 want = UPS_SSRC_USED | ssrc;

	for (struct ups_ssrc *s = slots; s < slots + count; s++) {
		__u64 id = __atomic_load_n(&s->id, __ATOMIC_ACQUIRE);

		if (!id && __atomic_compare_exchange_n(&s->id, &id, want, false, __ATOMIC_ACQ_REL,
						       __ATOMIC_ACQUIRE))
			return s;
		/* Whoever was faster left its SSRC in @id: perhaps this very one, on another thread. */
		if (id == want)
			return s;
	}
	return NULL;
}

uint8_t ups_ssrc_admit(struct ups_ssrc *slots, uint16_t count, uint32_t ssrc)
{
	return ups_ssrc_claim(slots, count, ssrc) ? UPS_DROP_NONE : UPS_DROP_SSRC_LIMIT;
}
