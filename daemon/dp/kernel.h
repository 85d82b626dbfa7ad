/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel lane as the rest of the data plane sees it: loads the BPF object, probes what this kernel can do, attaches
 * it to devices through libxdp (beside other XDP programs where the kernel allows), and writes its maps.
 * Control thread only; the arrays of struct ups_state are shared with every lane.
 *
 * Life cycle: create (open, probe, load; no packet is touched yet), attach per device, key/flow/lookup writes, destroy
 * (detach, unmap, close). Constructor failure calls the destructor. A kernel that cannot run the crypto part gets the program
 * without it (ups_kernel_has_crypto() == false): clear and opaque flows run, SRTP flows pass to the udp lane.
 */
#ifndef UPSEC_DP_KERNEL_H
#define UPSEC_DP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/core.h"
#include "upsec/abi.h"

/* Arrays shared by all lanes: the kernel's mmapable maps, or anonymous memory when there is no kernel lane. */
struct ups_state {
	struct ups_key_use *key_use; /* [limits.keys] */
	struct ups_ssrc *ssrc; /* [limits.ssrcs] */
	struct ups_stats *stats; /* [limits.flows] */
	uint32_t keys, ssrcs, flows; /* counts */
	bool anonymous; /* munmap by ups_state_fini; else the kernel lane owns the memory */
};

/* Anonymous zeroed memory for the udp lane alone. -ENOMEM. */
int ups_state_init_anonymous(struct ups_state *state, const struct ups_limits *limits) __must_check;
void ups_state_fini(struct ups_state *state);

struct ups_kernel;

enum ups_attach_mode { UPS_ATTACH_NATIVE, UPS_ATTACH_GENERIC };

/* @object: path of the BPF object file, NULL = the one built in. UPS_E_UNSUPPORTED with @msg saying what is missing. */
int ups_kernel_create(const struct ups_limits *limits, const char *object, struct ups_kernel **out,
		      struct ups_errmsg *msg) __must_check;
void ups_kernel_destroy(struct ups_kernel *k);
bool ups_kernel_has_crypto(const struct ups_kernel *k);
/* One sentence on what was probed: for `upsec status`. */
const char *ups_kernel_summary(const struct ups_kernel *k);
void ups_kernel_state(const struct ups_kernel *k, struct ups_state *state);
/* For BPF_PROG_TEST_RUN in tests and for cost measurements. */
int ups_kernel_prog_fd(const struct ups_kernel *k);

/*
 * Attaches to @device, in place of a program that an earlier run left there: the caller knows that no other instance
 * lives. *dispatcher tells whether through libxdp's dispatcher. -errno with @msg.
 */
int ups_kernel_attach(struct ups_kernel *k, const char *device, enum ups_attach_mode mode,
		      bool *dispatcher, struct ups_errmsg *msg) __must_check;

/* Looks again which devices can be handed frames (a veth's answer depends on its peer). About once a second. */
void ups_kernel_refresh(struct ups_kernel *k);

/* How this process detaches: through @d (dp/detacher.h), or itself when NULL. @d outlives every struct ups_kernel. */
struct ups_detacher;
void ups_kernel_use_detacher(struct ups_detacher *d);

/* Installs a key: record, GHASH table (AEAD) and cipher context. Replaces what the slot held. */
int ups_kernel_key_set(struct ups_kernel *k, uint32_t slot, const struct ups_key *key,
		       const struct ups_set_aes *aes, const struct ups_ghash *ghash) __must_check;
void ups_kernel_key_del(struct ups_kernel *k, uint32_t slot);
int ups_kernel_flow_set(struct ups_kernel *k, uint32_t slot,
			const struct ups_flow *flow) __must_check;
void ups_kernel_flow_del(struct ups_kernel *k, uint32_t slot);
/* @value: flow slot, with UPS_LOOKUP_RTCP for the separate RTCP port. */
int ups_kernel_lookup_add(struct ups_kernel *k, const struct ups_addr *local,
			  uint32_t value) __must_check;
void ups_kernel_lookup_del(struct ups_kernel *k, const struct ups_addr *local);
void ups_kernel_counters(const struct ups_kernel *k, struct ups_counters *out);

#endif
