/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is taken of the pools of a core, for tests that nothing is lost. */
#ifndef UPS_TEST_CORE_TAKEN_H
#define UPS_TEST_CORE_TAKEN_H

#include "fixture.h"

#include "core/core_priv.h"

struct taken {
	uint32_t flows, keys, ssrcs, ports;
	unsigned int held; /* keys in the register */
};

TEST_INLINE struct taken taken_of(const struct ups_core *core)
{
	struct taken t = { .flows = core->flows.count - core->flows.free,
			   .keys = core->keys.count - core->keys.free,
			   .ssrcs = core->ssrcs.taken,
			   .held = ups_keyreg_live(core->keyreg) };

	for (unsigned int i = 0; i < IFACES; i++)
		t.ports += core->ports[i][0].used_count + core->ports[i][1].used_count;
	return t;
}

TEST_INLINE void assert_taken(const struct ups_core *core, const struct taken *expected)
{
	struct taken t = taken_of(core);

	assert_memory_equal(&t, expected, sizeof(t));
}

#endif
