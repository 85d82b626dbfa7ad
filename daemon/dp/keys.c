// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keys of installed streams: creation, limits, the kernel lane's copies, lifetime events. Control thread. */
#define UPS_LOG_MODULE "dp"
#include "dp/plane.h"

#include <string.h>

#include "base/log.h"

#define RTP_LIFETIME_MAX (1ULL << 48) /* RFC 3711 9.2 */
#define RTCP_LIFETIME_MAX (1ULL << 31)

/* Events told, per key; shifted by one for RTCP */
#define SAID_WARNING 1
#define SAID_EXPIRED 4

static uint64_t lowest(uint64_t max, uint64_t bound, uint64_t wanted)
{
	if (bound && bound < max)
		max = bound;
	return wanted && wanted < max ? wanted : max;
}

static void set_limits(struct ups_dp *dp, const struct ups_key_spec *spec, struct ups_key_use *use)
{
	const struct ups_limits *l = &dp->config.limits;

	*use = (struct ups_key_use) {
		.rtp_limit = lowest(RTP_LIFETIME_MAX, l->rtp_lifetime, spec->rtp_lifetime),
		.rtcp_limit = lowest(RTCP_LIFETIME_MAX, l->rtcp_lifetime, spec->rtcp_lifetime),
	};
}

static struct ups_srtp_key_config make_config(const struct ups_key_spec *spec)
{
	struct ups_srtp_key_config config = {
		.suite = ups_suite_by_id(spec->suite),
		.master = spec->master,
		.mki_len = spec->mki_len,
		.rtcp_clear = spec->rtcp_clear,
	};

	memcpy(config.mki, spec->mki, sizeof(config.mki));
	return config;
}

static int create_key(struct ups_dp *dp, const struct ups_key_spec *spec, struct ups_held_key *k,
		      struct ups_errmsg *msg)
{
	struct ups_srtp_key_config config = make_config(spec);
	struct ups_key_use *use = &dp->state.key_use[spec->slot];
	int err;

	set_limits(dp, spec, use);
	k->slot = spec->slot;
	err = config.suite ? dp->ops->key_create(dp->config.crypto, &config, use, &k->key)
			   : UPS_E_SUITE;
	ups_secret_wipe(&config.master);
	if (!err)
		return 0;
	*use = (struct ups_key_use) {};
	return ups_fail(msg, err, "cannot set up a key: %s", ups_strerror(err));
}

const struct ups_key_spec *ups_plane_leg_key(const struct ups_leg *leg, unsigned int role)
{
	const struct ups_key_spec *spec = role == UPS_ROLE_TX	     ? &leg->tx
					  : role == UPS_ROLE_RX_RTCP ? &leg->rx_rtcp
					  : role == UPS_ROLE_TX_RTCP ? &leg->tx_rtcp
					  : role == UPS_ROLE_RX_OLD  ? &leg->rx_old
								     : &leg->rx[role];

	if (leg->mode != UPS_MODE_SRTP)
		return NULL;
	if (role < UPS_RX_KEYS_MAX)
		return role < leg->rx_count ? spec : NULL;
	return spec->suite ? spec : NULL;
}

struct ups_held_key *ups_plane_key_find(struct ups_held *held, uint32_t slot)
{
	for (unsigned int i = 0; held && i < UPS_LEGS; i++) {
		for (unsigned int r = 0; r < UPS_ROLES; r++) {
			struct ups_held_key *k = &held->key[i][r];

			if (k->key && k->slot == slot)
				return k;
		}
	}
	return NULL;
}

int ups_plane_keys_create(struct ups_dp *dp, const struct ups_stream *stream, struct ups_held *was,
			  struct ups_held *held, struct ups_errmsg *msg)
{
	for (unsigned int n = 0; n < UPS_LEGS * UPS_ROLES; n++) {
		unsigned int i = n / UPS_ROLES, role = n % UPS_ROLES;
		const struct ups_key_spec *spec = ups_plane_leg_key(&stream->leg[i], role);
		struct ups_held_key *k = &held->key[i][role], *same;
		int err;

		if (!spec)
			continue;
		same = ups_plane_key_find(was, spec->slot);
		if (same) {
			*k = *same;
			continue;
		}
		err = create_key(dp, spec, k, msg);
		if (err)
			return err;
	}
	return 0;
}

/* ---- walking: every key of a stream, with the flow that uses it ------------------------------------------------- */

typedef void (*key_visitor)(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx);

/* What leg i receives with serves flow i; what it sends with serves the other flow. */
static void each_key(struct ups_dp *dp, struct ups_held *held, key_visitor visit)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int r = 0; r < UPS_ROLES; r++) {
			bool tx = r == UPS_ROLE_TX || r == UPS_ROLE_TX_RTCP;

			if (held->key[i][r].key)
				visit(dp, &held->key[i][r], held->flow[tx ? 1 - i : i].slot, tx);
		}
	}
}

static void destroy_key(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx)
{
	(void)flow;
	(void)tx;
	ups_srtp_key_destroy(k->key);
	k->key = NULL;
	dp->state.key_use[k->slot] = (struct ups_key_use) {};
	dp->rest.key[k->slot] = dp->rest.now;
}

void ups_plane_keys_destroy(struct ups_dp *dp, struct ups_held *held)
{
	each_key(dp, held, destroy_key);
}

static void retract_key(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx)
{
	(void)flow;
	(void)tx;
	if (k->in_kernel)
		dp->ops->kernel_key_del(dp->kernel, k->slot);
	k->in_kernel = false;
}

void ups_plane_keys_retract(struct ups_dp *dp, struct ups_held *held)
{
	each_key(dp, held, retract_key);
}

/* RTP is all that the kernel lane does, and only of flows that are open to it. */
static bool kernel_needs(const struct ups_held *held, unsigned int leg, unsigned int role)
{
	if (role == UPS_ROLE_TX)
		return ups_plane_flow_open(&held->flow[1 - leg]);
	return role < UPS_RX_KEYS_MAX && ups_plane_flow_open(&held->flow[leg]);
}

void ups_plane_keys_retract_unused(struct ups_dp *dp, struct ups_held *held)
{
	for (unsigned int n = 0; n < UPS_LEGS * UPS_ROLES; n++) {
		unsigned int leg = n / UPS_ROLES, role = n % UPS_ROLES;

		if (!kernel_needs(held, leg, role))
			retract_key(dp, &held->key[leg][role], 0, false);
	}
}

/* Leaves of @held the keys that @other does not have. */
static void forget_common(struct ups_held *held, struct ups_held *other)
{
	for (unsigned int n = 0; n < UPS_LEGS * UPS_ROLES; n++) {
		struct ups_held_key *k = &held->key[n / UPS_ROLES][n % UPS_ROLES];
		struct ups_held_key *same = k->key ? ups_plane_key_find(other, k->slot) : NULL;

		if (!same)
			continue;
		same->in_kernel |= k->in_kernel;
		k->key = NULL;
	}
}

void ups_plane_keys_leave(struct ups_dp *dp, struct ups_held *held, struct ups_held *stay)
{
	forget_common(held, stay);
	ups_plane_keys_retract(dp, held);
	ups_plane_keys_destroy(dp, held);
}

void ups_plane_keys_limits(struct ups_dp *dp, const struct ups_stream *stream)
{
	for (unsigned int n = 0; n < UPS_LEGS * UPS_ROLES; n++) {
		const struct ups_key_spec *spec =
			ups_plane_leg_key(&stream->leg[n / UPS_ROLES], n % UPS_ROLES);
		struct ups_key_use limits, *use;

		if (!spec)
			continue;
		use = &dp->state.key_use[spec->slot];
		set_limits(dp, spec, &limits);
		__atomic_store_n(&use->rtp_limit, limits.rtp_limit, __ATOMIC_RELAXED);
		__atomic_store_n(&use->rtcp_limit, limits.rtcp_limit, __ATOMIC_RELAXED);
	}
}

/* ---- kernel lane ----------------------------------------------------------------------------------------------- */

int ups_plane_key_export(struct ups_dp *dp, struct ups_held_key *k, struct ups_errmsg *msg)
{
	struct ups_key key;
	struct ups_set_aes aes;
	struct ups_ghash ghash;
	int err;

	if (!k->key || k->in_kernel)
		return 0;
	err = ups_srtp_key_export(k->key, &key, &aes, &ghash);
	if (!err) {
		aes.slot = k->slot;
		err = dp->ops->kernel_key_set(dp->kernel, k->slot, &key, &aes, &ghash);
	}
	ups_wipe(&key, sizeof(key));
	ups_wipe(&aes, sizeof(aes));
	ups_wipe(&ghash, sizeof(ghash));
	if (err)
		return ups_fail(msg, err, "cannot give a key to the kernel lane: %s",
				ups_strerror(err));
	k->in_kernel = true;
	return 0;
}

/* ---- lifetimes ------------------------------------------------------------------------------------------------- */

static void tell(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx, bool rtcp,
		 bool expired)
{
	uint8_t bit = (uint8_t)((expired ? SAID_EXPIRED : SAID_WARNING) << rtcp);

	if (k->said & bit)
		return;
	k->said |= bit;
	if (dp->config.callbacks.key_event)
		dp->config.callbacks.key_event(dp->config.callbacks.aux, flow, expired, rtcp, tx);
}

static void check_use(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx, bool rtcp)
{
	const struct ups_key_use *use = &dp->state.key_use[k->slot];
	uint64_t used = __atomic_load_n(rtcp ? &use->rtcp : &use->rtp, __ATOMIC_RELAXED);
	uint64_t limit = rtcp ? use->rtcp_limit : use->rtp_limit;

	/* limits stay below 2^48, so the product fits */
	if (dp->config.key_warning_percent && used * 100 >= limit * dp->config.key_warning_percent)
		tell(dp, k, flow, tx, rtcp, false);
	if (used >= limit)
		tell(dp, k, flow, tx, rtcp, true);
}

static void check_key(struct ups_dp *dp, struct ups_held_key *k, uint32_t flow, bool tx)
{
	check_use(dp, k, flow, tx, false);
	check_use(dp, k, flow, tx, true);
}

void ups_plane_keys_check(struct ups_dp *dp, struct ups_installed *s)
{
	each_key(dp, &s->now, check_key);
}
