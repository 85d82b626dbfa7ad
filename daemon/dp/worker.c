// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The worker thread: wait, receive from what is ready, process, send. Creation and destruction on the control thread. */
#define UPS_LOG_MODULE "dp"
#include "dp/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu.h>

#include "base/log.h"
#include "base/privilege.h"

#define EVENTS_MAX 64
#define EVENT_STOP UINT64_MAX
#define QUOTA_MIN 4 /* datagrams of one port per look, when many are ready */

/* ---- notification ---------------------------------------------------------------------------------------------- */

static void ring_push(struct ups_ring *r, uint32_t index)
{
	uint32_t head = __atomic_load_n(&r->head, __ATOMIC_RELAXED);

	if (head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) == UPS_RING_SIZE) {
		__atomic_store_n(&r->overflow, 1, __ATOMIC_RELEASE);
		return;
	}
	r->entry[head % UPS_RING_SIZE] = index;
	__atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
}

bool ups_ring_pop(struct ups_ring *r, uint32_t *index)
{
	uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_RELAXED);

	if (tail == __atomic_load_n(&r->head, __ATOMIC_ACQUIRE))
		return false;
	*index = r->entry[tail % UPS_RING_SIZE];
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

/* The counter of an eventfd cannot overflow here, so a failed write has no consequence. */
static void wake(int event_fd)
{
	const uint64_t one = 1;
	ssize_t n = write(event_fd, &one, sizeof(one));

	(void)n;
}

void ups_worker_notify(struct ups_udp_worker *w, uint32_t index)
{
	ring_push(&w->ring, index);
	wake(w->notify_fd);
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

/* A late event of a port that is gone finds nothing, or its successor, where looking for a datagram does no harm. */
static struct ups_udp_port *find_port(const struct ups_udp_worker *w, uint64_t index)
{
	return index < w->ports ? __atomic_load_n(&w->table[index], __ATOMIC_ACQUIRE) : NULL;
}

static void flush(struct ups_udp_worker *w)
{
	if (!w->batch->count)
		return;
	ups_batch_process(w, w->batch);
	ups_batch_send(w, w->batch);
}

/* Shares the batch among the ready ports; what stays in a socket is reported again by the next wait. */
static void serve(struct ups_udp_worker *w, const struct epoll_event *events, unsigned int count)
{
	unsigned int quota = UPS_BATCH_MAX / count;
	struct ups_batch *b = w->batch;

	quota = quota < QUOTA_MIN ? QUOTA_MIN : quota;
	for (unsigned int i = 0; i < count; i++) {
		struct ups_udp_port *port = find_port(w, events[i].data.u64);

		if (!port)
			continue;
		if (b->count + quota > UPS_BATCH_MAX)
			flush(w);
		ups_batch_receive(b, port, quota);
	}
	flush(w);
}

static void *worker_main(void *arg)
{
	struct ups_udp_worker *w = arg;
	struct epoll_event events[EVENTS_MAX];

	if (ups_thread_drop_capabilities())
		ups_warn("a worker keeps its capabilities");
	rcu_register_thread();
	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		int n = epoll_wait(w->epoll_fd, events, EVENTS_MAX, -1);

		if (n <= 0)
			continue;
		rcu_read_lock();
		serve(w, events, (unsigned int)n);
		__atomic_fetch_add(&w->rounds, 1, __ATOMIC_RELEASE);
		rcu_read_unlock();
	}
	rcu_unregister_thread();
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* -> the @number-th CPU this process may run on, modulo their count; -1 when that cannot be found out */
static int pick_cpu(unsigned int number)
{
	cpu_set_t set;
	int left;

	if (sched_getaffinity(0, sizeof(set), &set) || !CPU_COUNT(&set))
		return -1;
	left = (int)(number % (unsigned int)CPU_COUNT(&set));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set) && !left--)
			return cpu;
	}
	return -1;
}

/* Pinning is for speed only: a system that refuses it still forwards. */
static void settle_thread(const struct ups_udp_worker *w)
{
	int cpu = pick_cpu(w->number);
	char name[16];
	cpu_set_t set;

	snprintf(name, sizeof(name), "udp-%u", w->number);
	pthread_setname_np(w->thread, name);
	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(w->thread, sizeof(set), &set);
}

/* Signals are the control thread's. */
static int start_thread(struct ups_udp_worker *w)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	w->running = true;
	settle_thread(w);
	return 0;
}

static int open_events(struct ups_udp_worker *w)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = EVENT_STOP };

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return -errno;
	w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->stop_fd < 0)
		return -errno;
	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->stop_fd, &ev) ? -errno : 0;
}

int ups_worker_create(const struct ups_worker_config *config, unsigned int number,
		      struct ups_udp_worker **out)
{
	struct ups_udp_worker *w = aligned_alloc(64, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct ups_udp_worker) {
		.table = config->table,
		.ports = config->ports,
		.notify_fd = config->notify_fd,
		.handover = config->handover,
		.epoll_fd = -1,
		.stop_fd = -1,
		.number = number,
	};
	w->batch = ups_batch_create();
	if (!w->batch) {
		err = -ENOMEM;
		goto fail;
	}
	err = ups_crypto_queue_create(config->crypto, &w->queue);
	if (err)
		goto fail;
	err = open_events(w);
	if (err)
		goto fail;
	err = start_thread(w);
	if (err)
		goto fail;
	*out = w;
	return 0;
fail:
	ups_worker_destroy(w);
	return err;
}

void ups_worker_destroy(struct ups_udp_worker *w)
{
	if (!w)
		return;
	if (w->running) {
		__atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
		wake(w->stop_fd);
		pthread_join(w->thread, NULL);
	}
	if (w->stop_fd >= 0)
		close(w->stop_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	ups_crypto_queue_destroy(w->queue);
	ups_batch_destroy(w->batch);
	free(w);
}
