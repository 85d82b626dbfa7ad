// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The data plane's life, plans, callbacks and reports. Control thread. */
#define UPS_LOG_MODULE "dp"
#include "dp/dp.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "dp/plane.h"

/* ---- the world ------------------------------------------------------------------------------------------------- */

/* XDP programs run inside kernel RCU sections; this call waits for those. Without it nothing can be waited for. */
static void kernel_grace(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static bool device_is_loopback(const char *device)
{
	struct ifreq req = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool yes;

	if (fd < 0)
		return false;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", device);
	yes = !ioctl(fd, SIOCGIFFLAGS, &req) && (req.ifr_flags & IFF_LOOPBACK);
	close(fd);
	return yes;
}

static const struct ups_handshake_ops handshake_ops = {
	.create = ups_dtls_create,
	.destroy = ups_dtls_destroy,
	.fingerprint = ups_dtls_fingerprint,
	.prepare = ups_dtls_prepare,
	.publish = ups_dtls_publish,
	.discard = ups_dtls_discard,
	.drop = ups_dtls_drop,
	.input = ups_dtls_input,
	.notify_fd = ups_dtls_notify_fd,
	.dispatch = ups_dtls_dispatch,
};

const struct ups_dp_ops ups_dp_ops_default = {
	.kernel_create = ups_kernel_create,
	.kernel_destroy = ups_kernel_destroy,
	.kernel_has_crypto = ups_kernel_has_crypto,
	.kernel_summary = ups_kernel_summary,
	.kernel_state = ups_kernel_state,
	.kernel_attach = ups_kernel_attach,
	.kernel_refresh = ups_kernel_refresh,
	.kernel_key_set = ups_kernel_key_set,
	.kernel_key_del = ups_kernel_key_del,
	.kernel_flow_set = ups_kernel_flow_set,
	.kernel_flow_del = ups_kernel_flow_del,
	.kernel_lookup_add = ups_kernel_lookup_add,
	.kernel_lookup_del = ups_kernel_lookup_del,
	.kernel_counters = ups_kernel_counters,
	.kernel_grace = kernel_grace,
	.device_is_loopback = device_is_loopback,
	.key_create = ups_srtp_key_create,
	.udp = { ups_port_socket, ups_poll_add },
	.handshake = &handshake_ops,
	.xfrm_why = ups_xfrm_why,
};

/* ---- what the workers report ----------------------------------------------------------------------------------- */

static void source_learned(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	struct ups_dp *dp = aux;
	const struct ups_dp_callbacks *cb = &dp->config.callbacks;
	struct ups_installed *s = dp->by_flow[flow];

	if (!s)
		return;
	if (!rtcp) /* RTCP is the udp lane's own, which knows already */
		ups_plane_learned(dp, s, s->now.flow[0].slot == flow ? 0 : 1, addr);
	if (cb->source_learned)
		cb->source_learned(cb->aux, flow, rtcp, addr);
}

int ups_dp_notify_fd(const struct ups_dp *dp)
{
	return dp->notify_fd >= 0 ? dp->notify_fd : ups_udp_notify_fd(dp->udp);
}

void ups_dp_dispatch(struct ups_dp *dp)
{
	ups_udp_dispatch(dp->udp);
	if (dp->dtls)
		dp->ops->handshake->dispatch(dp->dtls);
}

int ups_dp_fingerprint(const struct ups_dp *dp, struct ups_fingerprint *out)
{
	if (!dp->dtls)
		return UPS_E_UNSUPPORTED;
	dp->ops->handshake->fingerprint(dp->dtls, out);
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* No kernel lane is no failure: the reason is kept and shown. */
static void open_kernel(struct ups_dp *dp)
{
	struct ups_errmsg msg = {};

	if (dp->config.xdp == UPS_XDP_OFF) {
		snprintf(dp->kernel_reason, sizeof(dp->kernel_reason), "by configuration");
		return;
	}
	if (!dp->ops->kernel_create(&dp->config.limits, dp->config.bpf_object, &dp->kernel, &msg))
		return;
	dp->kernel = NULL;
	snprintf(dp->kernel_reason, sizeof(dp->kernel_reason), "%s", msg.text);
	ups_warn("no kernel lane, every flow takes the udp lane: %s", dp->kernel_reason);
}

static int open_state(struct ups_dp *dp, struct ups_errmsg *msg)
{
	struct ups_rest *r = &dp->rest;
	int err = 0;

	if (dp->kernel)
		dp->ops->kernel_state(dp->kernel, &dp->state);
	else
		err = ups_state_init_anonymous(&dp->state, &dp->config.limits);
	if (err)
		return ups_fail(msg, err, "cannot allocate %u flows, %u keys and %u SSRCs: %s",
				dp->config.limits.flows, dp->config.limits.keys,
				dp->config.limits.ssrcs, ups_strerror(err));
	dp->by_flow = calloc(dp->state.flows, sizeof(struct ups_installed *));
	r->flow = calloc(dp->state.flows, sizeof(*r->flow));
	r->key = calloc(dp->state.keys, sizeof(*r->key));
	r->ssrc = calloc(dp->state.ssrcs, sizeof(*r->ssrc));
	if (!dp->by_flow || !r->flow || !r->key || !r->ssrc)
		return ups_fail(msg, -ENOMEM, "no memory for the tables of the data plane");
	return 0;
}

static int open_udp(struct ups_dp *dp, struct ups_errmsg *msg)
{
	const struct ups_udp_config config = {
		.crypto = dp->config.crypto,
		.state = &dp->state,
		.workers = dp->config.workers,
		.sys = &dp->ops->udp,
		.handover = &dp->handover,
		.aux = dp,
		.learned = source_learned,
	};

	return ups_udp_create(&config, &dp->udp, msg);
}

int ups_plane_create(const struct ups_dp_config *config, const struct ups_dp_ops *ops,
		     struct ups_dp **out, struct ups_errmsg *msg)
{
	struct ups_dp *dp = calloc(1, sizeof(*dp));
	int err;

	if (!dp)
		return ups_fail(msg, -ENOMEM, "no memory for the data plane");
	dp->config = *config;
	dp->ops = ops;
	dp->notify_fd = -1;
	dp->xfrm = ups_xfrm_open();
	open_kernel(dp);
	err = open_state(dp, msg);
	if (!err)
		err = open_udp(dp, msg);
	if (!err) {
		ups_handshake_open(dp);
		err = ups_plane_attach(dp, msg);
	}
	if (err) {
		ups_dp_destroy(dp);
		return err;
	}
	*out = dp;
	return 0;
}

int ups_dp_create(const struct ups_dp_config *config, struct ups_dp **out, struct ups_errmsg *msg)
{
	return ups_plane_create(config, &ups_dp_ops_default, out, msg);
}

/* Every installed stream as a list; each stands in the table twice. */
static struct ups_installed *list_all(struct ups_dp *dp)
{
	struct ups_installed *list = NULL;

	for (uint32_t i = 0; dp->by_flow && i < dp->state.flows; i++) {
		struct ups_installed *s = dp->by_flow[i];

		if (!s || s->now.flow[0].slot != i)
			continue;
		s->next = list;
		list = s;
	}
	return list;
}

void ups_dp_destroy(struct ups_dp *dp)
{
	if (!dp)
		return;
	ups_plane_remove(dp, list_all(dp));
	ups_udp_destroy(dp->udp); /* before whom its workers hand packets to */
	ups_handshake_close(dp);
	ups_xfrm_close(dp->xfrm);
	if (dp->kernel)
		dp->ops->kernel_destroy(dp->kernel);
	else
		ups_state_fini(&dp->state);
	free(dp->rest.flow);
	free(dp->rest.key);
	free(dp->rest.ssrc);
	free(dp->by_flow);
	free(dp);
}

/* ---- plans ----------------------------------------------------------------------------------------------------- */

static void undo(struct ups_dp *dp, const struct ups_plan *plan, unsigned int added)
{
	struct ups_installed *list = NULL;

	while (added--) {
		struct ups_installed *s = plan->add[added]->dp;

		plan->add[added]->dp = NULL;
		s->next = list;
		list = s;
	}
	ups_plane_remove(dp, list);
}

/* Cannot fail */
static void carry_out_deletions(struct ups_dp *dp, const struct ups_plan *plan)
{
	struct ups_installed *list = NULL;

	for (unsigned int i = 0; i < plan->del_count; i++) {
		struct ups_installed *s = plan->del[i]->dp;

		if (!s)
			continue;
		plan->del[i]->dp = NULL;
		s->next = list;
		list = s;
	}
	ups_plane_remove(dp, list);
}

static int carry_out_additions(struct ups_dp *dp, const struct ups_plan *plan,
			       struct ups_errmsg *msg)
{
	for (unsigned int i = 0; i < plan->add_count; i++) {
		struct ups_installed *s;
		int err = ups_plane_install(dp, plan->add[i], &s, msg);

		if (err) {
			undo(dp, plan, i);
			return err;
		}
		plan->add[i]->dp = s;
	}
	return 0;
}

int ups_dp_apply(struct ups_dp *dp, const struct ups_plan *plan, struct ups_errmsg *msg)
{
	struct ups_switch *changes;
	int err = ups_plane_changes_prepare(dp, plan->change, plan->change_count, &changes, msg);

	if (err)
		return err;
	err = carry_out_additions(dp, plan, msg);
	if (err) {
		ups_plane_changes_discard(dp, changes, plan->change_count);
		return err;
	}
	/* nothing fails from here on */
	ups_plane_changes_carry_out(dp, changes, plan->change_count);
	carry_out_deletions(dp, plan);
	return 0;
}

/* ---- IPsec ----------------------------------------------------------------------------------------------------- */

int ups_dp_ipsec_covers(struct ups_dp *dp, const struct ups_addr *local,
			const struct ups_addr *remote, char *why, size_t size)
{
	return ups_xfrm_covers(dp->xfrm, local, remote, why, size);
}

/* ---- reports --------------------------------------------------------------------------------------------------- */

void ups_dp_tick(struct ups_dp *dp, uint64_t now_ns)
{
	(void)now_ns;
	if (dp->kernel)
		dp->ops->kernel_refresh(dp->kernel);
	for (uint32_t i = 0; i < dp->state.flows; i++) {
		struct ups_installed *s = dp->by_flow[i];

		if (s && s->now.flow[0].slot == i)
			ups_plane_keys_check(dp, s);
	}
}

/* Counters run on while they are copied; each single one is whole. */
static void copy_stats(const struct ups_stats *from, struct ups_stats *to)
{
	for (unsigned int l = 0; l < UPS_LANE_COUNT; l++) {
		const struct ups_lane_stats *s = &from->lane[l];

		to->lane[l] = (struct ups_lane_stats) {
			.rx_packets = __atomic_load_n(&s->rx_packets, __ATOMIC_RELAXED),
			.rx_bytes = __atomic_load_n(&s->rx_bytes, __ATOMIC_RELAXED),
			.tx_packets = __atomic_load_n(&s->tx_packets, __ATOMIC_RELAXED),
			.tx_bytes = __atomic_load_n(&s->tx_bytes, __ATOMIC_RELAXED),
		};
	}
	for (unsigned int i = 0; i < UPS_DROP_MAX; i++)
		to->drop[i] = __atomic_load_n(&from->drop[i], __ATOMIC_RELAXED);
	to->last_rx_ns = __atomic_load_n(&from->last_rx_ns, __ATOMIC_RELAXED);
	to->rtcp_rx_packets = __atomic_load_n(&from->rtcp_rx_packets, __ATOMIC_RELAXED);
	to->rtcp_tx_packets = __atomic_load_n(&from->rtcp_tx_packets, __ATOMIC_RELAXED);
	to->rtcp_rx_bytes = __atomic_load_n(&from->rtcp_rx_bytes, __ATOMIC_RELAXED);
	to->rtcp_tx_bytes = __atomic_load_n(&from->rtcp_tx_bytes, __ATOMIC_RELAXED);
}

static void copy_ssrcs(const struct ups_dp *dp, const struct ups_flow *record,
		       struct ups_flow_info *out)
{
	for (uint32_t i = 0; i < record->ssrc_count; i++) {
		const struct ups_ssrc *s = &dp->state.ssrc[record->ssrc_base + i];
		uint64_t id = __atomic_load_n(&s->id, __ATOMIC_ACQUIRE);
		unsigned int n = out->ssrc_count;

		if (!id)
			continue;
		out->ssrc[n] = (uint32_t)id;
		out->rx_index[n] = __atomic_load_n(&s->rx.top, __ATOMIC_RELAXED);
		out->tx_index[n] = __atomic_load_n(&s->tx.top, __ATOMIC_RELAXED);
		out->ssrc_count++;
	}
}

int ups_dp_flow_info(const struct ups_dp *dp, uint32_t flow, struct ups_flow_info *out)
{
	const struct ups_installed *s = flow < dp->state.flows ? dp->by_flow[flow] : NULL;
	const struct ups_held_flow *f;

	*out = (struct ups_flow_info) {};
	if (!s)
		return UPS_E_NO_SESSION;
	f = &s->now.flow[s->now.flow[0].slot == flow ? 0 : 1];
	out->lane = f->lane;
	out->reason = f->reason;
	copy_stats(&dp->state.stats[flow], &out->stats);
	copy_ssrcs(dp, &f->record, out);
	return 0;
}

uint64_t ups_dp_last_rx(const struct ups_dp *dp, uint32_t flow)
{
	if (flow >= dp->state.flows)
		return 0;
	return __atomic_load_n(&dp->state.stats[flow].last_rx_ns, __ATOMIC_RELAXED);
}

struct ups_key_use ups_dp_key_use(const struct ups_dp *dp, uint32_t slot)
{
	const struct ups_key_use *use;

	if (slot >= dp->state.keys)
		return (struct ups_key_use) {};
	use = &dp->state.key_use[slot];
	return (struct ups_key_use) {
		.rtp = __atomic_load_n(&use->rtp, __ATOMIC_RELAXED),
		.rtcp = __atomic_load_n(&use->rtcp, __ATOMIC_RELAXED),
		.rtp_limit = use->rtp_limit,
		.rtcp_limit = use->rtcp_limit,
	};
}

void ups_dp_info(const struct ups_dp *dp, struct ups_dp_info *out)
{
	*out = (struct ups_dp_info) {
		.crypto = ups_crypto_name(dp->config.crypto),
		.workers = ups_udp_workers(dp->udp),
		.xdp_loaded = dp->kernel,
		.xdp_crypto = dp->kernel && dp->ops->kernel_has_crypto(dp->kernel),
		.xdp_reason = dp->kernel ? dp->ops->kernel_summary(dp->kernel) : dp->kernel_reason,
		.device_count = dp->device_count,
	};
	for (unsigned int i = 0; i < dp->device_count; i++) {
		const struct ups_device *d = &dp->device[i];

		out->device[i] = (struct ups_dp_iface_info) {
			.device = d->name,
			.xdp_mode = d->mode,
			.dispatcher = d->dispatcher,
			.reason = d->reason,
		};
	}
	if (dp->kernel)
		dp->ops->kernel_counters(dp->kernel, &out->kernel);
	ups_udp_drops(dp->udp, out->udp_drop);
}
