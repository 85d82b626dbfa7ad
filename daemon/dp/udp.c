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
	const struct ups_worker_config config = {
		.crypto = udp->config.crypto,
		.table = udp->table,
		.ports = udp->ports,
		.notify_fd = udp->notify_fd,
		.handover = udp->config.handover,
	};

	for (unsigned int i = 0; i < want; i++) {
		int err = ups_worker_create(&config, i, &udp->worker[i]);

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

bool ups_udp_has_rtcp_port(const struct ups_leg *leg)
{
	return !leg->rtcp_mux && !leg->no_rtcp;
}

bool ups_udp_own_rtcp_keys(const struct ups_leg *leg)
{
	return leg->rx_rtcp.suite || leg->tx_rtcp.suite ||
	       (leg->dtls.on && ups_udp_has_rtcp_port(leg));
}

static struct ups_srtp_side make_side(const struct ups_udp *udp, const struct ups_stream *stream,
				      unsigned int i)
{
	return (struct ups_srtp_side) {
		.ssrc = &udp->config.state->ssrc[stream->ssrc_base[i]],
		.ssrc_count = stream->ssrc_count,
	};
}

static void side_add(struct ups_srtp_side *side, const struct ups_srtp_key *key)
{
	if (key)
		side->key[side->key_count++] = key;
}

static void build_rx(struct ups_udp_flow *f, const struct ups_leg *in,
		     const struct ups_leg_keys *keys)
{
	if (!f->rx_srtp)
		return;
	for (unsigned int k = 0; k < UPS_RX_KEYS_MAX; k++)
		side_add(&f->rx[0], keys->key[UPS_ROLE_RX + k]);
	if (ups_udp_own_rtcp_keys(in))
		side_add(&f->rx[1], keys->key[UPS_ROLE_RX_RTCP]);
	else
		f->rx[1] = f->rx[0];
}

static void build_tx(struct ups_udp_flow *f, const struct ups_leg *out,
		     const struct ups_leg_keys *keys)
{
	if (!f->tx_srtp)
		return;
	side_add(&f->tx[0], keys->key[UPS_ROLE_TX]);
	side_add(&f->tx[1], keys->key[ups_udp_own_rtcp_keys(out) ? UPS_ROLE_TX_RTCP : UPS_ROLE_TX]);
}

/* Flow @i: arrives on leg i, leaves on the other */
static void build_flow(const struct ups_udp *udp, const struct ups_stream *stream, unsigned int i,
		       const struct ups_leg_keys keys[static UPS_LEGS], struct ups_udp_stream *s)
{
	const struct ups_leg *in = &stream->leg[i], *out = &stream->leg[1 - i];
	struct ups_udp_port *ports = s->port[1 - i];
	struct ups_udp_flow *f = &s->flow[i];

	*f = (struct ups_udp_flow) {
		.slot = stream->flow[i],
		.opaque = in->mode == UPS_MODE_OPAQUE,
		.rx_srtp = in->mode == UPS_MODE_SRTP,
		.tx_srtp = out->mode == UPS_MODE_SRTP,
		.rx_mux = leg_muxed(in),
		.dtls = in->dtls.on,
		.stun = in->dtls.on || in->ice.on,
		.stats = &udp->config.state->stats[stream->flow[i]],
		.out = { &ports[0], leg_muxed(out)		 ? &ports[0]
				    : ups_udp_has_rtcp_port(out) ? &ports[1]
								 : NULL },
	};
	for (unsigned int c = 0; c < 2; c++)
		f->rx[c] = f->tx[c] = make_side(udp, stream, i);
	build_rx(f, in, &keys[i]);
	build_tx(f, out, &keys[1 - i]);
}

/* RTCP is a few packets a second. */
static int open_socket(struct ups_udp *udp, const struct ups_stream *stream, unsigned int leg,
		       bool rtcp, int *fd, struct ups_errmsg *msg)
{
	const struct ups_leg *l = &stream->leg[leg];
	const struct ups_port_use use = {
		.tos = l->tos,
		.slow = rtcp,
	};

	return udp->config.sys->socket(rtcp ? &l->local_rtcp : &l->local, &use, fd, msg);
}

static int open_port(struct ups_udp *udp, const struct ups_stream *stream, unsigned int leg,
		     bool rtcp, struct ups_udp_stream *s, struct ups_errmsg *msg)
{
	const struct ups_leg *l = &stream->leg[leg];
	struct ups_udp_port *p = &s->port[leg][rtcp];
	int fd, err;

	p->flow = &s->flow[leg];
	p->index = stream->flow[leg] * PORTS_PER_FLOW + rtcp;
	p->rtcp = rtcp;
	if (rtcp && !ups_udp_has_rtcp_port(l))
		return 0;
	err = open_socket(udp, stream, leg, rtcp, &fd, msg);
	if (!err)
		ups_port_init(p, l, rtcp, fd);
	return err;
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

static int watch(struct ups_udp *udp, const struct ups_udp_stream *s, int fd, uint32_t index,
		 struct ups_errmsg *msg)
{
	int err = udp->config.sys->poll_add(s->worker->epoll_fd, fd, index);

	return err ? ups_fail(msg, err, "cannot watch a media socket: %s", ups_strerror(err)) : 0;
}

static void remove_fd(const struct ups_udp_stream *s, int fd)
{
	/* not there if starting failed half-way: then there is nothing to remove */
	epoll_ctl(s->worker->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Closing a socket takes it out of the set too, unless somebody else has a duplicate of it. */
static void unwatch(const struct ups_udp_stream *s, const struct ups_udp_port *p)
{
	if (p->shared)
		remove_fd(s, p->fd);
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
		err = watch(udp, s, p->fd, p->index, msg);
		if (err)
			return err;
	}
	return 0;
}

void ups_udp_stream_hide(struct ups_udp *udp, struct ups_udp_stream *s)
{
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++) {
		struct ups_udp_port *p = port_at(s, i);

		if (p && udp->table[p->index] == p)
			__atomic_store_n(&udp->table[p->index], NULL, __ATOMIC_RELEASE);
	}
}

void ups_udp_stream_show(struct ups_udp *udp, struct ups_udp_stream *s)
{
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++) {
		struct ups_udp_port *p = port_at(s, i);

		if (p)
			__atomic_store_n(&udp->table[p->index], p, __ATOMIC_RELEASE);
	}
}

void ups_udp_stream_stop(struct ups_udp *udp, struct ups_udp_stream *s)
{
	if (!s->started)
		return;
	ups_udp_stream_hide(udp, s);
	for (unsigned int i = 0; i < 2 * UPS_LEGS; i++) {
		struct ups_udp_port *p = port_at(s, i);

		if (p)
			unwatch(s, p);
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
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		free(s->flow[i].old);
	s->worker->streams--;
	free(s);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static bool has_port(const struct ups_leg *leg, bool rtcp)
{
	return !rtcp || ups_udp_has_rtcp_port(leg);
}

static bool same_port(const struct ups_leg *from, const struct ups_leg *to, bool rtcp)
{
	return has_port(from, rtcp) && has_port(to, rtcp) &&
	       ups_addr_equal(rtcp ? &from->local_rtcp : &from->local,
			      rtcp ? &to->local_rtcp : &to->local);
}

/* A socket that appears is watched from now on; until the switch its events find the port whose place it will take. */
static int prepare_port(struct ups_udp *udp, const struct ups_stream *from, unsigned int leg,
			bool rtcp, struct ups_udp_change *change, struct ups_errmsg *msg)
{
	const struct ups_leg *to = &change->to->leg[leg];
	int *fd = &change->fd[leg][rtcp], err;

	change->keep[leg][rtcp] = same_port(&from->leg[leg], to, rtcp);
	if (change->keep[leg][rtcp] || !has_port(to, rtcp))
		return 0;
	err = open_socket(udp, change->to, leg, rtcp, fd, msg);
	if (err)
		return err;
	return watch(udp, change->stream, *fd, change->stream->port[leg][rtcp].index, msg);
}

static int prepare_old(struct ups_udp_change *change, unsigned int leg, struct ups_errmsg *msg)
{
	const struct ups_leg *to = &change->to->leg[leg];
	const struct ups_udp_old *old = change->stream->flow[leg].old;

	if (to->mode != UPS_MODE_SRTP || !to->rx_old.suite ||
	    (old && old->key_slot == to->rx_old.slot))
		return 0;
	change->old[leg] = calloc(1, sizeof(*change->old[leg]));
	return change->old[leg] ? 0 : ups_fail(msg, -ENOMEM, "no memory for the peer's last key");
}

int ups_udp_change_prepare(struct ups_udp *udp, struct ups_udp_stream *s,
			   const struct ups_stream *from, const struct ups_stream *to,
			   struct ups_udp_change *change, struct ups_errmsg *msg)
{
	int err = 0;

	*change = (struct ups_udp_change) {
		.stream = s,
		.to = to,
		.fd = { { -1, -1 }, { -1, -1 } },
	};
	for (unsigned int i = 0; i < UPS_LEGS && !err; i++) {
		err = prepare_old(change, i, msg);
		for (unsigned int c = 0; c < 2 && !err; c++)
			err = prepare_port(udp, from, i, c, change, msg);
	}
	if (err)
		ups_udp_change_discard(udp, change);
	return err;
}

int ups_udp_change_fd(const struct ups_udp_change *change, unsigned int leg, bool rtcp)
{
	return change->keep[leg][rtcp] ? change->stream->port[leg][rtcp].fd : change->fd[leg][rtcp];
}

void ups_udp_change_discard(struct ups_udp *udp, struct ups_udp_change *change)
{
	(void)udp;
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int c = 0; c < 2; c++) {
			if (change->fd[i][c] < 0)
				continue;
			remove_fd(change->stream, change->fd[i][c]);
			close(change->fd[i][c]);
			change->fd[i][c] = -1;
		}
		free(change->old[i]);
		change->old[i] = NULL;
	}
}

static void drop_socket(const struct ups_udp_stream *s, struct ups_udp_port *p)
{
	if (p->fd < 0)
		return;
	unwatch(s, p);
	ups_port_close(p);
}

static void switch_port(struct ups_udp_change *change, unsigned int leg, bool rtcp)
{
	const struct ups_leg *to = &change->to->leg[leg];
	struct ups_udp_port *p = &change->stream->port[leg][rtcp];

	if (change->keep[leg][rtcp]) {
		ups_port_change(p, to, p->fd);
		return;
	}
	drop_socket(change->stream, p);
	if (change->fd[leg][rtcp] >= 0)
		ups_port_init(p, to, rtcp, change->fd[leg][rtcp]);
	change->fd[leg][rtcp] = -1;
}

/* Whether the peer receives again by what was its last key */
static bool went_back(const struct ups_leg *to, const struct ups_udp_old *was)
{
	for (unsigned int k = 0; was && to->mode == UPS_MODE_SRTP && k < to->rx_count; k++) {
		if (to->rx[k].slot == was->key_slot)
			return true;
	}
	return false;
}

static struct ups_udp_old *switch_old(struct ups_udp_change *change, unsigned int leg,
				      struct ups_udp_old *was, const struct ups_srtp_side *rx,
				      const struct ups_srtp_key *key)
{
	const struct ups_leg *to = &change->to->leg[leg];
	struct ups_udp_old *old = change->old[leg];

	change->old[leg] = NULL;
	if (!old && key) /* it had it before */
		old = was;
	else if (went_back(to, was))
		change->back[leg] = was;
	else
		free(was);
	if (!old)
		return NULL;
	if (old != was) {
		old->key_slot = to->rx_old.slot;
		memcpy(old->ssrc, rx->ssrc, rx->ssrc_count * sizeof(*rx->ssrc));
	}
	old->side = (struct ups_srtp_side) {
		.key = { key },
		.key_count = 1,
		.ssrc = old->ssrc,
		.ssrc_count = rx->ssrc_count,
	};
	return old;
}

void ups_udp_change_switch(struct ups_udp *udp, struct ups_udp_change *change,
			   const struct ups_leg_keys keys[static UPS_LEGS])
{
	struct ups_udp_stream *s = change->stream;

	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		struct ups_udp_old *was = s->flow[i].old;

		build_flow(udp, change->to, i, keys, s);
		s->flow[i].old =
			switch_old(change, i, was, &s->flow[i].rx[0], keys[i].key[UPS_ROLE_RX_OLD]);
		for (unsigned int c = 0; c < 2; c++)
			switch_port(change, i, c);
	}
}

/* What @from has taken is taken in @to, or too old there. */
static void add_window(struct ups_window *to, const struct ups_window *from)
{
	uint64_t index = from->top > UPS_WINDOW_SPAN ? from->top - UPS_WINDOW_SPAN : 0;

	for (; index < from->top; index++) {
		if (ups_window_check(from, index))
			(void)ups_window_take(to, index);
	}
}

/* -> the slot of @id in @side, or a free one; NULL = its packets find none either */
static struct ups_ssrc *find_ssrc(const struct ups_srtp_side *side, uint64_t id)
{
	for (unsigned int n = 0; n < side->ssrc_count; n++) {
		if (side->ssrc[n].id == id || !side->ssrc[n].id)
			return &side->ssrc[n];
	}
	return NULL;
}

static void restore_windows(const struct ups_srtp_side *side, const struct ups_udp_old *back,
			    bool rtcp)
{
	for (unsigned int n = 0; n < back->side.ssrc_count; n++) {
		const struct ups_ssrc *from = &back->ssrc[n];
		struct ups_ssrc *to = from->id ? find_ssrc(side, from->id) : NULL;

		if (!to)
			continue;
		to->id = from->id;
		add_window(&to->rx, &from->rx);
		if (rtcp)
			add_window(&to->rx_rtcp, &from->rx_rtcp);
	}
}

void ups_udp_change_restore(struct ups_udp_change *change)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		if (!change->back[i])
			continue;
		restore_windows(&change->stream->flow[i].rx[0], change->back[i],
				!ups_udp_own_rtcp_keys(&change->to->leg[i]));
		free(change->back[i]);
		change->back[i] = NULL;
	}
}
