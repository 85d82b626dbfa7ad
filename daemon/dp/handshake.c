// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The data plane's side of DTLS-SRTP and ICE: which ports of which legs negotiate, and what workers hand over. Control thread. */
#define UPS_LOG_MODULE "dp"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "dp/plane.h"

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* Worker threads. Only ports of legs that negotiate come here, and those exist only when dp->dtls does. */
static bool input(void *aux, unsigned int worker, uint32_t flow, bool rtcp,
		  const struct ups_addr *from, const void *data, size_t size)
{
	struct ups_dp *dp = aux;

	return dp->ops->handshake->input(dp->dtls, worker, flow, rtcp, from, data, size);
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* One descriptor for both lanes of reports */
static int open_notify(struct ups_dp *dp)
{
	int err;

	dp->notify_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dp->notify_fd < 0)
		return -errno;
	err = watch(dp->notify_fd, ups_udp_notify_fd(dp->udp));
	return err ? err : watch(dp->notify_fd, dp->ops->handshake->notify_fd(dp->dtls));
}

static int create(struct ups_dp *dp, struct ups_errmsg *msg)
{
	const struct ups_dp_callbacks *cb = &dp->config.callbacks;
	const struct ups_dtls_callbacks callbacks = {
		.aux = cb->aux,
		.keys = cb->dtls_keys,
		.failed = cb->dtls_failed,
		.nominated = cb->nominated,
	};
	int err;

	if (!dp->ops->handshake || !cb->dtls_keys)
		return ups_fail(msg, UPS_E_UNSUPPORTED, "not part of this data plane");
	err = dp->ops->handshake->create(&dp->config.dtls, &callbacks, ups_udp_workers(dp->udp),
					 &dp->dtls, msg);
	if (err) {
		dp->dtls = NULL;
		return err;
	}
	err = open_notify(dp);
	return err ? ups_fail(msg, err, "cannot watch for reports: %s", ups_strerror(err)) : 0;
}

void ups_handshake_open(struct ups_dp *dp)
{
	struct ups_errmsg msg = {};

	dp->handover = (struct ups_udp_handover) { .aux = dp, .input = input };
	if (!create(dp, &msg))
		return;
	ups_handshake_close(dp);
	snprintf(dp->dtls_reason, sizeof(dp->dtls_reason), "%s", msg.text);
	if (dp->ops->handshake)
		ups_warn("no DTLS-SRTP, legs that need it are refused: %s", dp->dtls_reason);
}

void ups_handshake_close(struct ups_dp *dp)
{
	if (dp->dtls)
		dp->ops->handshake->destroy(dp->dtls);
	dp->dtls = NULL;
	if (dp->notify_fd >= 0)
		close(dp->notify_fd);
	dp->notify_fd = -1;
}

/* ---- endpoints ------------------------------------------------------------------------------------------------- */

static bool negotiates(const struct ups_leg *leg)
{
	return leg->mode != UPS_MODE_OPAQUE && (leg->dtls.on || leg->ice.on);
}

static bool has_endpoint(const struct ups_leg *leg, bool rtcp)
{
	return negotiates(leg) && (!rtcp || ups_udp_has_rtcp_port(leg));
}

/* An address that was learned is no news to who learned it, nor to an association that is done. */
static bool same_peer(const struct ups_leg *a, const struct ups_leg *b, bool rtcp)
{
	if (a->source != b->source || !ups_addr_same_ip(&a->source_ip, &b->source_ip))
		return false;
	if (rtcp)
		return b->learned_rtcp || ups_addr_equal(&a->remote_rtcp, &b->remote_rtcp);
	return b->learned || ups_addr_equal(&a->remote, &b->remote);
}

static bool same_fingerprints(const struct ups_dtls_spec *a, const struct ups_dtls_spec *b)
{
	for (unsigned int i = 0; i < a->fingerprint_count && i < UPS_FINGERPRINTS_MAX; i++) {
		const struct ups_fingerprint *x = &a->fingerprint[i], *y = &b->fingerprint[i];

		if (x->hash != y->hash || x->size != y->size ||
		    !ups_equal(x->value, y->value, sizeof(x->value)))
			return false;
	}
	return a->fingerprint_count == b->fingerprint_count;
}

static bool same_dtls(const struct ups_dtls_spec *a, const struct ups_dtls_spec *b)
{
	return a->on == b->on && a->role == b->role && a->association == b->association &&
	       a->suites == b->suites && same_fingerprints(a, b) &&
	       !strcmp(a->peer_name, b->peer_name);
}

static bool same_endpoint(const struct ups_leg *a, const struct ups_leg *b, bool rtcp)
{
	return has_endpoint(a, rtcp) && same_peer(a, b, rtcp) &&
	       ups_addr_equal(rtcp ? &a->local_rtcp : &a->local,
			      rtcp ? &b->local_rtcp : &b->local) &&
	       same_dtls(&a->dtls, &b->dtls) && !memcmp(&a->ice, &b->ice, sizeof(a->ice));
}

static int prepare(struct ups_dp *dp, const struct ups_stream *to, unsigned int i, bool rtcp,
		   int fd, struct ups_endpoints *out, struct ups_errmsg *msg)
{
	int err;

	if (!dp->dtls)
		return ups_fail(msg, UPS_E_UNSUPPORTED,
				"a leg needs DTLS or ICE, which could not be set up: %s",
				dp->dtls_reason);
	err = dp->ops->handshake->prepare(dp->dtls, to->flow[i], rtcp, fd, &to->leg[i],
					  &out->at[i][rtcp]);
	if (!err)
		return 0;
	out->at[i][rtcp] = NULL;
	return ups_fail(msg, err, "cannot set up a port for handshakes: %s", ups_strerror(err));
}

int ups_handshake_prepare(struct ups_dp *dp, const struct ups_stream *from,
			  const struct ups_stream *to, const int fd[static UPS_LEGS][2],
			  struct ups_held *held, struct ups_endpoints *out, struct ups_errmsg *msg)
{
	for (unsigned int n = 0; n < 2 * UPS_LEGS; n++) {
		unsigned int i = n / 2, c = n % 2;
		int err;

		if (!has_endpoint(&to->leg[i], c))
			continue;
		held->port[i][c].endpoint = true;
		if (from && same_endpoint(&from->leg[i], &to->leg[i], c))
			continue;
		err = prepare(dp, to, i, c, fd[i][c], out, msg);
		if (err) {
			ups_handshake_discard(dp, out);
			return err;
		}
	}
	return 0;
}

void ups_handshake_publish(struct ups_dp *dp, struct ups_endpoints *e)
{
	for (unsigned int n = 0; n < 2 * UPS_LEGS; n++) {
		struct ups_dtls_endpoint **at = &e->at[n / 2][n % 2];

		if (*at)
			dp->ops->handshake->publish(dp->dtls, *at);
		*at = NULL;
	}
}

void ups_handshake_discard(struct ups_dp *dp, struct ups_endpoints *e)
{
	for (unsigned int n = 0; n < 2 * UPS_LEGS; n++) {
		struct ups_dtls_endpoint **at = &e->at[n / 2][n % 2];

		if (*at)
			dp->ops->handshake->discard(dp->dtls, *at);
		*at = NULL;
	}
}

void ups_handshake_drop(struct ups_dp *dp, const struct ups_held *held, const struct ups_held *stay)
{
	for (unsigned int n = 0; n < 2 * UPS_LEGS; n++) {
		unsigned int i = n / 2, c = n % 2;

		if (!held->port[i][c].endpoint || (stay && stay->port[i][c].endpoint) || !dp->dtls)
			continue;
		dp->ops->handshake->drop(dp->dtls, held->flow[i].slot, c);
	}
}
