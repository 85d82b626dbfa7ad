// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The udp lane on the control thread: workers, the table of ports, streams. */
#include "dp/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu.h>

#include "dp/worker.h"

#define PORTS_PER_FLOW 2 /* RTP, RTCP */
#define WORKERS_MAX 256

struct ups_udp {
	struct ups_udp_config config;
	struct ups_udp_port **table; /* [flows * PORTS_PER_FLOW], entries atomic */
	uint32_t ports;
	int notify_fd;
	unsigned int worker_count;
	struct ups_udp_worker *worker[WORKERS_MAX];
};

int ups_poll_add(int epoll_fd, int fd, uint64_t data)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = data };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* ---- lane ------------------------------------------------------------------------------------------------------ */

static unsigned int wanted_workers(unsigned int configured)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = configured ? configured : cpus > 0 ? (unsigned int)cpus : 1;

	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

static int start_workers(struct ups_udp *udp)
{
	unsigned int want = wanted_workers(udp->config.workers);

	for (unsigned int i = 0; i < want; i++) {
		int err = ups_worker_create(udp->config.crypto, i, udp->table, udp->ports,
					    udp->notify_fd, &udp->worker[i]);

		if (err)
			return err;
		udp->worker_count++;
	}
	return 0;
}

int ups_udp_create(const struct ups_udp_config *config, struct ups_udp **out,
		   struct ups_errmsg *msg)
{
	struct ups_udp *udp = calloc(1, sizeof(*udp));
	int err;

	if (!udp)
		return ups_fail(msg, -ENOMEM, "no memory for the udp lane");
	udp->config = *config;
	udp->ports = config->state->flows * PORTS_PER_FLOW;
	udp->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	udp->table = calloc(udp->ports, sizeof(struct ups_udp_port *));
	if (udp->notify_fd < 0 || !udp->table) {
		err = udp->table ? -errno : -ENOMEM;
		goto fail;
	}
	err = start_workers(udp);
	if (err)
		goto fail;
	*out = udp;
	return 0;
fail:
	ups_udp_destroy(udp);
	return ups_fail(msg, err, "cannot start the workers of the udp lane: %s",
			ups_strerror(err));
}

void ups_udp_destroy(struct ups_udp *udp)
{
	if (!udp)
		return;
	for (unsigned int i = 0; i < udp->worker_count; i++)
		ups_worker_destroy(udp->worker[i]);
	if (udp->notify_fd >= 0)
		close(udp->notify_fd);
	free(udp->table);
	free(udp);
}

unsigned int ups_udp_workers(const struct ups_udp *udp)
{
	return udp->worker_count;
}

void ups_udp_drops(const struct ups_udp *udp, uint64_t drop[static UPS_DROP_MAX])
{
	memset(drop, 0, UPS_DROP_MAX * sizeof(*drop));
	for (unsigned int i = 0; i < udp->worker_count; i++) {
		for (unsigned int r = 0; r < UPS_DROP_MAX; r++)
			drop[r] += __atomic_load_n(&udp->worker[i]->drop[r], __ATOMIC_RELAXED);
	}
}

/* ---- learned sources ------------------------------------------------------------------------------------------- */

int ups_udp_notify_fd(const struct ups_udp *udp)
{
	return udp->notify_fd;
}

static void report(struct ups_udp *udp, uint32_t index)
{
	struct ups_udp_port *p = index < udp->ports ? udp->table[index] : NULL;

	if (!p || p->reported || !ups_port_known(p))
		return;
	p->reported = true;
	udp->config.learned(udp->config.aux, p->flow->slot, p->rtcp, &p->learned.addr);
}

static void dispatch_worker(struct ups_udp *udp, struct ups_udp_worker *w)
{
	bool all = __atomic_exchange_n(&w->ring.overflow, 0, __ATOMIC_ACQUIRE);
	uint32_t index;

	while (ups_ring_pop(&w->ring, &index))
		report(udp, index);
	for (index = 0; all && index < udp->ports; index++)
		report(udp, index);
}

void ups_udp_dispatch(struct ups_udp *udp)
{
	uint64_t count;
	ssize_t n = read(udp->notify_fd, &count, sizeof(count));

	(void)n; /* nothing to read is nothing to do, and looking costs little */
	for (unsigned int i = 0; i < udp->worker_count; i++)
		dispatch_worker(udp, udp->worker[i]);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

static bool leg_muxed(const struct ups_leg *leg)
{
	return leg->rtcp_mux && !leg->no_rtcp;
}

static bool has_rtcp_port(const struct ups_leg *leg)
{
	return !leg->rtcp_mux && !leg->no_rtcp;
}

static struct ups_srtp_side make_side(const struct ups_udp *udp, const struct ups_stream *stream,
				      unsigned int i)
{
	return (struct ups_srtp_side) {
		.ssrc = &udp->config.state->ssrc[stream->ssrc_base[i]],
		.ssrc_count = stream->ssrc_count,
	};
}

/* Flow @i: arrives on leg i, leaves on the other */
static void build_flow(const struct ups_udp *udp, const struct ups_stream *stream, unsigned int i,
		       const struct ups_leg_keys keys[static UPS_LEGS], struct ups_udp_stream *s)
{
	const struct ups_leg *in = &stream->leg[i], *out = &stream->leg[1 - i];
	struct ups_udp_port *ports = s->port[1 - i];
	struct ups_udp_flow *f = &s->flow[i];

	f->slot = stream->flow[i];
	f->opaque = in->mode == UPS_MODE_OPAQUE;
	f->rx_srtp = in->mode == UPS_MODE_SRTP;
	f->tx_srtp = out->mode == UPS_MODE_SRTP;
	f->rx_mux = leg_muxed(in);
	f->stats = &udp->config.state->stats[f->slot];
	f->rx = make_side(udp, stream, i);
	f->tx = make_side(udp, stream, i);
	for (unsigned int k = 0; k < in->rx_count && f->rx_srtp; k++)
		f->rx.key[f->rx.key_count++] = keys[i].rx[k];
	if (f->tx_srtp && keys[1 - i].tx)
		f->tx.key[f->tx.key_count++] = keys[1 - i].tx;
	f->out[0] = &ports[0];
	f->out[1] = leg_muxed(out) ? &ports[0] : has_rtcp_port(out) ? &ports[1] : NULL;
}

static int open_port(struct ups_udp *udp, const struct ups_stream *stream, unsigned int leg,
		     bool rtcp, struct ups_udp_stream *s, struct ups_errmsg *msg)
{
	const struct ups_leg *l = &stream->leg[leg];
	struct ups_udp_port *p = &s->port[leg][rtcp];
	int fd, err;

	if (rtcp && !has_rtcp_port(l))
		return 0;
	err = udp->config.sys->socket(rtcp ? &l->local_rtcp : &l->local, l->tos, &fd, msg);
	if (err)
		return err;
	ups_port_init(p, l, rtcp, fd);
	p->flow = &s->flow[leg];
	p->index = stream->flow[leg] * PORTS_PER_FLOW + rtcp;
	return 0;
}

static struct ups_udp_worker *least_used(const struct ups_udp *udp)
{
	struct ups_udp_worker *best = udp->worker[0];

	for (unsigned int i = 1; i < udp->worker_count; i++) {
		if (udp->worker[i]->streams < best->streams)
			best = udp->worker[i];
	}
	return best;
}

int ups_udp_stream_open(struct ups_udp *udp, const struct ups_stream *stream,
			const struct ups_leg_keys keys[static UPS_LEGS],
			struct ups_udp_stream **out, struct ups_errmsg *msg)
{
	struct ups_udp_stream *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return ups_fail(msg, -ENOMEM, "no memory for a stream");
	s->worker = least_used(udp);
	s->worker->streams++;
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		s->port[i][0].fd = s->port[i][1].fd = -1;
	for (unsigned int i = 0; i < UPS_LEGS && !err; i++) {
		build_flow(udp, stream, i, keys, s);
		err = open_port(udp, stream, i, false, s, msg);
		if (!err)
			err = open_port(udp, stream, i, true, s, msg);
	}
	if (err) {
		ups_udp_stream_close(udp, s);
		return err;
	}
	*out = s;
	return 0;
}

/* Port @i of the four, or NULL if the leg has no such port */
static struct ups_udp_port *port_at(struct ups_udp_stream *s, unsigned int i)
{
	struct ups_udp_port *p = &s->port[i / 2][i % 2];

	return p->fd >= 0 ? p : NULL;
}

int ups_udp_stream_start(struct ups_udp *udp, struct ups_udp_stream *s, struct ups_errmsg *msg)
{
	s->started = true;
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++) {
		struct ups_udp_port *p = port_at(s, i);
		int err;

		if (!p)
			continue;
		__atomic_store_n(&udp->table[p->index], p, __ATOMIC_RELEASE);
		err = udp->config.sys->poll_add(s->worker->epoll_fd, p->fd, p->index);
		if (err)
			return ups_fail(msg, err, "cannot watch a media socket: %s",
					ups_strerror(err));
	}
	return 0;
}

void ups_udp_stream_stop(struct ups_udp *udp, struct ups_udp_stream *s)
{
	if (!s->started)
		return;
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++) {
		struct ups_udp_port *p = port_at(s, i);

		if (!p)
			continue;
		if (udp->table[p->index] == p)
			__atomic_store_n(&udp->table[p->index], NULL, __ATOMIC_RELEASE);
		/* not there if starting failed half-way: then there is nothing to remove */
		epoll_ctl(s->worker->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
	}
	s->started = false;
}

void ups_udp_quiesce(struct ups_udp *udp)
{
	synchronize_rcu();
	/* the grace period orders this already; said once more for tools that cannot see into liburcu */
	for (unsigned int i = 0; i < udp->worker_count; i++)
		(void)__atomic_load_n(&udp->worker[i]->rounds, __ATOMIC_ACQUIRE);
}

void ups_udp_stream_close(struct ups_udp *udp, struct ups_udp_stream *s)
{
	(void)udp;
	if (!s)
		return;
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++)
		ups_port_close(&s->port[i / 2][i % 2]);
	s->worker->streams--;
	free(s);
}
