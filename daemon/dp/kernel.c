// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The kernel lane's life cycle and its maps. Control thread only; see kernel.h. */
#define UPS_LOG_MODULE "xdp"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "dp/kernel_priv.h"

/* ---- shared arrays --------------------------------------------------------------------------------------------- */

static size_t map_bytes(uint32_t count, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (count * size + page - 1) & ~(page - 1);
}

static int map_array(const struct ups_kernel *k, enum ups_map map, uint32_t count, size_t size,
		     void **out)
{
	void *p = mmap(NULL, map_bytes(count, size), PROT_READ | PROT_WRITE, MAP_SHARED,
		       k->map_fd[map], 0);

	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

static int map_state(struct ups_kernel *k)
{
	struct ups_state *s = &k->state;
	int err;

	s->keys = k->limits.keys;
	s->ssrcs = k->limits.ssrcs;
	s->flows = k->limits.flows;
	err = map_array(k, UPS_M_KEY_USE, s->keys, sizeof(*s->key_use), (void **)&s->key_use);
	if (!err)
		err = map_array(k, UPS_M_SSRC, s->ssrcs, sizeof(*s->ssrc), (void **)&s->ssrc);
	if (!err)
		err = map_array(k, UPS_M_STATS, s->flows, sizeof(*s->stats), (void **)&s->stats);
	return err;
}

static void unmap_state(struct ups_state *s)
{
	if (s->key_use)
		munmap(s->key_use, map_bytes(s->keys, sizeof(*s->key_use)));
	if (s->ssrc)
		munmap(s->ssrc, map_bytes(s->ssrcs, sizeof(*s->ssrc)));
	if (s->stats)
		munmap(s->stats, map_bytes(s->flows, sizeof(*s->stats)));
}

/* ---- life cycle ------------------------------------------------------------------------------------------------ */

int ups_kernel_create(const struct ups_limits *limits, const char *object, struct ups_kernel **out,
		      struct ups_errmsg *msg)
{
	struct ups_kernel *k = calloc(1, sizeof(*k));
	int err = -ENOMEM, cpus;

	if (!k)
		return ups_fail(msg, err, "out of memory");
	ups_kernel_capture_log();
	k->limits = *limits;
	if (object) {
		k->object_path = strdup(object);
		if (!k->object_path)
			goto fail;
	}
	cpus = libbpf_num_possible_cpus();
	if (cpus < 1) {
		err = ups_fail(msg, cpus, "cannot tell how many processors there are");
		goto fail;
	}
	k->cpus = (unsigned int)cpus;
	err = ups_kernel_load(k, msg);
	if (err)
		goto fail;
	err = map_state(k);
	if (err) {
		ups_fail(msg, err, "cannot map the shared state of the kernel lane: %s",
			 ups_strerror(err));
		goto fail;
	}
	*out = k;
	return 0;
fail:
	ups_kernel_destroy(k);
	return err;
}

void ups_kernel_destroy(struct ups_kernel *k)
{
	if (!k)
		return;
	ups_kernel_detach_all(k);
	unmap_state(&k->state);
	bpf_object__close(k->object);
	free(k->object_path);
	free(k);
}

bool ups_kernel_has_crypto(const struct ups_kernel *k)
{
	return k->crypto;
}

const char *ups_kernel_summary(const struct ups_kernel *k)
{
	return k->summary;
}

void ups_kernel_state(const struct ups_kernel *k, struct ups_state *state)
{
	*state = k->state;
}

int ups_kernel_prog_fd(const struct ups_kernel *k)
{
	return k->prog_fd;
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

int ups_kernel_aes_set(const struct ups_kernel *k, const struct ups_set_aes *aes)
{
	struct ups_set_aes in = *aes;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &in, .ctx_size_in = sizeof(in));
	int err = bpf_prog_test_run_opts(k->aes_set_fd, &opts);

	ups_wipe(&in, sizeof(in));
	return err ? err : (int)opts.retval;
}

static int write_record(const struct ups_kernel *k, uint32_t slot, const struct ups_key *key)
{
	return bpf_map_update_elem(k->map_fd[UPS_M_KEYS], &slot, key, BPF_ANY);
}

/* The record goes first and comes last: while it is empty no packet uses the slot. */
void ups_kernel_key_del(struct ups_kernel *k, uint32_t slot)
{
	const struct ups_set_aes none = { .slot = slot };
	const struct ups_key empty = { .suite = UPS_SUITE_NONE };
	int err;

	if (!k->crypto)
		return;
	err = write_record(k, slot, &empty);
	if (!err)
		err = ups_kernel_aes_set(k, &none);
	if (err)
		ups_warn("cannot remove key %u from the kernel lane: %s", slot, ups_strerror(err));
	bpf_map_delete_elem(k->map_fd[UPS_M_GHASH], &slot);
}

int ups_kernel_key_set(struct ups_kernel *k, uint32_t slot, const struct ups_key *key,
		       const struct ups_set_aes *aes, const struct ups_ghash *ghash)
{
	struct ups_set_aes in = *aes;
	int err = 0;

	in.slot = slot;
	if (!k->crypto)
		err = UPS_E_UNSUPPORTED;
	else if (slot >= k->limits.keys || key->mki_len > UPS_MKI_XDP_MAX ||
		 key->tag_len > UPS_TAG_MAX || !key->suite || !in.key_len || (key->aead && !ghash))
		err = UPS_E_RANGE;
	if (err)
		goto out;
	ups_kernel_key_del(k, slot);
	if (key->aead)
		err = bpf_map_update_elem(k->map_fd[UPS_M_GHASH], &slot, ghash, BPF_ANY);
	if (!err)
		err = ups_kernel_aes_set(k, &in);
	if (!err)
		err = write_record(k, slot, key);
	if (err)
		ups_kernel_key_del(k, slot);
out:
	ups_wipe(&in, sizeof(in));
	return err;
}

/* ---- flows and look-up ------------------------------------------------------------------------------------------- */

static int write_flow(const struct ups_kernel *k, uint32_t slot, const struct ups_flow *flow)
{
	return bpf_map_update_elem(k->map_fd[UPS_M_FLOWS], &slot, flow, BPF_ANY);
}

/* A packet may read the record while it is written: the rest is in place before ACTIVE is. */
int ups_kernel_flow_set(struct ups_kernel *k, uint32_t slot, const struct ups_flow *flow)
{
	struct ups_flow quiet = *flow;
	int err;

	quiet.flags &= ~UPS_FLOW_ACTIVE;
	err = write_flow(k, slot, &quiet);
	if (!err && (flow->flags & UPS_FLOW_ACTIVE))
		err = write_flow(k, slot, flow);
	return err;
}

void ups_kernel_flow_del(struct ups_kernel *k, uint32_t slot)
{
	const struct ups_flow empty = { .flags = 0 };
	int err = write_flow(k, slot, &empty);

	if (err)
		ups_warn("cannot clear flow %u in the kernel lane: %s", slot, ups_strerror(err));
}

static struct ups_lookup_key lookup_key(const struct ups_addr *local)
{
	struct ups_lookup_key key = { .dst = *local };

	key.dst.pad = 0;
	return key;
}

int ups_kernel_lookup_add(struct ups_kernel *k, const struct ups_addr *local, uint32_t value)
{
	struct ups_lookup_key key = lookup_key(local);

	return bpf_map_update_elem(k->map_fd[UPS_M_LOOKUP], &key, &value, BPF_ANY);
}

void ups_kernel_lookup_del(struct ups_kernel *k, const struct ups_addr *local)
{
	struct ups_lookup_key key = lookup_key(local);

	bpf_map_delete_elem(k->map_fd[UPS_M_LOOKUP], &key);
}

/* ---- counters -------------------------------------------------------------------------------------------------- */

void ups_kernel_counters(const struct ups_kernel *k, struct ups_counters *out)
{
	struct ups_counters *per_cpu = calloc(k->cpus, sizeof(*per_cpu));
	uint64_t *sum = (uint64_t *)out;
	uint32_t zero = 0;

	memset(out, 0, sizeof(*out));
	if (per_cpu && !bpf_map_lookup_elem(k->map_fd[UPS_M_COUNTERS], &zero, per_cpu)) {
		for (unsigned int cpu = 0; cpu < k->cpus; cpu++) {
			const uint64_t *one = (const uint64_t *)&per_cpu[cpu];

			for (size_t i = 0; i < sizeof(*out) / sizeof(*sum); i++)
				sum[i] += one[i];
		}
	}
	free(per_cpu);
}
