/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps, as upsec/abi.h describes them. Sizes of 1 are placeholders: the loader sets the real ones from the limits.
 */
#ifndef UPSEC_BPF_MAPS_H
#define UPSEC_BPF_MAPS_H

#include "lib/work.h"

const volatile struct ups_bpf_config ups_config SEC(".rodata.config") = { .has_crypto = 1 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ups_lookup_key);
	__type(value, __u32);
} ups_lookup SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ups_flow);
} ups_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ups_key);
} ups_keys SEC(".maps");

/* The kernel finds its own type by this name; what is inside is its business. */
struct bpf_crypto_ctx {
	const void *type;
};

struct ups_aes_slot {
	struct bpf_crypto_ctx __kptr *ctx;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ups_aes_slot);
} ups_aes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct ups_ghash);
} ups_ghash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct ups_key_use);
} ups_key_use SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct ups_ssrc);
} ups_ssrc SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct ups_stats);
} ups_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ups_counters);
} ups_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} ups_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ups_work);
} ups_scratch SEC(".maps");

static __always_inline struct ups_work *ups_work_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ups_scratch, &zero);
}

/* The records of a packet, NULL if there are none. 6.1 takes a map's key from the stack only, not from struct ups_work. */
static __always_inline struct ups_flow *ups_flow_get(const struct ups_work *w)
{
	__u32 slot = w->flow_slot;

	return bpf_map_lookup_elem(&ups_flows, &slot);
}

static __always_inline struct ups_stats *ups_stats_get(const struct ups_work *w)
{
	__u32 slot = w->flow_slot;

	return bpf_map_lookup_elem(&ups_stats, &slot);
}

static __always_inline struct ups_ssrc *ups_ssrc_get(const struct ups_work *w)
{
	__u32 slot = w->ssrc_slot;

	return bpf_map_lookup_elem(&ups_ssrc, &slot);
}

#endif
