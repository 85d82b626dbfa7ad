// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The dtls thread: what the control thread wants, what the workers hand over, what is due. */
#define UPS_LOG_MODULE "dtls"
#include "dp/dtls_priv.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privilege.h"

/* RFC 7983 */
#define STUN_LAST 3
#define DTLS_FIRST 20
#define DTLS_LAST 63

/* ---- messages --------------------------------------------------------------------------------------------------- */

static void say_goodbye(const struct ups_dtls_endpoint *e)
{
	struct ups_dtls_assoc *a;

	if (e->current)
		ups_assoc_close(e->current);
	TAILQ_FOREACH (a, &e->tries, of_endpoint) {
		if (a->state == UPS_ASSOC_VERIFIED)
			ups_assoc_close(a);
	}
}

static void drop(struct ups_dtls *d, struct ups_dtls_record *record)
{
	struct ups_dtls_endpoint *e = ups_endpoint_find(d, record->name);

	if (e) {
		say_goodbye(e);
		ups_endpoint_remove(d, e);
		ups_endpoint_destroy(d, e);
	}
	free(record);
}

/* The control thread's answer to keys. The attempt may have given way, or the endpoint may be gone. */
static void answer(struct ups_dtls *d, struct ups_dtls_result *r)
{
	struct ups_dtls_endpoint *e = ups_endpoint_find(d, r->name);
	struct ups_dtls_assoc *a = e ? TAILQ_FIRST(&e->tries) : NULL;

	while (a && a->id != r->assoc)
		a = TAILQ_NEXT(a, of_endpoint);
	if (a && r->message.kind == UPS_DTLS_CONFIRM) {
		ups_assoc_confirm(a);
	} else if (a) {
		ups_assoc_close(a);
		ups_assoc_destroy(a);
	}
	free(r);
}

static void commands(struct ups_dtls *d)
{
	struct ups_dtls_message *m;

	while ((m = ups_dtls_pop(&d->commands))) {
		if (m->kind == UPS_DTLS_PUBLISH)
			ups_endpoint_publish(d, (struct ups_dtls_endpoint *)m);
		else if (m->kind == UPS_DTLS_DROP)
			drop(d, (struct ups_dtls_record *)m);
		else
			answer(d, (struct ups_dtls_result *)m);
	}
}

/* ---- datagrams -------------------------------------------------------------------------------------------------- */

static void datagram(struct ups_dtls *d, const struct ups_dtls_slot *slot)
{
	struct ups_dtls_endpoint *e = ups_endpoint_find(d, slot->name);

	if (!e)
		return;
	if (slot->data[0] <= STUN_LAST)
		ups_ice_input(d, e, &slot->from, slot->data, slot->size);
	else if (slot->data[0] >= DTLS_FIRST && slot->data[0] <= DTLS_LAST)
		ups_endpoint_input(d, e, &slot->from, slot->data, slot->size);
}

/* At most what was there when it began, so that a flood at one worker delays the others by one ring. */
static void drain(struct ups_dtls *d, struct ups_dtls_ring *ring)
{
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint32_t tail = ring->tail;

	while (tail != head) {
		datagram(d, &ring->slot[tail % UPS_DTLS_RING]);
		__atomic_store_n(&ring->tail, ++tail, __ATOMIC_RELEASE);
	}
}

/* ---- timers ----------------------------------------------------------------------------------------------------- */

static void run_timers(struct ups_dtls *d)
{
	struct ups_dtls_assoc *a, *next;

	for (a = TAILQ_FIRST(&d->running); a; a = next) {
		next = TAILQ_NEXT(a, of_all);
		if (a->due_ns <= d->now_ns)
			ups_assoc_timer(a);
	}
}

/* A restart may fail at once and wait anew, at the end of the list: each is looked at once. */
static void run_restarts(struct ups_dtls *d)
{
	struct ups_dtls_endpoint *e, *next;

	for (e = TAILQ_FIRST(&d->waiting); e; e = next) {
		next = TAILQ_NEXT(e, of_waiting);
		if (e->restart_ns <= d->now_ns)
			ups_endpoint_restart(d, e);
	}
}

/* In the order in which they were finished */
static void run_settling(struct ups_dtls *d)
{
	struct ups_dtls_assoc *a;

	while ((a = TAILQ_FIRST(&d->settling)) && a->due_ns <= d->now_ns)
		ups_assoc_settle(a);
}

static void find_next(struct ups_dtls *d)
{
	const struct ups_dtls_assoc *a = TAILQ_FIRST(&d->settling);
	const struct ups_dtls_endpoint *e;

	d->tick_ns = a ? a->due_ns : UINT64_MAX;
	TAILQ_FOREACH (a, &d->running, of_all) {
		d->tick_ns = a->due_ns < d->tick_ns ? a->due_ns : d->tick_ns;
	}
	TAILQ_FOREACH (e, &d->waiting, of_waiting) {
		d->tick_ns = e->restart_ns < d->tick_ns ? e->restart_ns : d->tick_ns;
	}
	if (d->tick_ns < d->now_ns + UPS_DTLS_TICK_NS)
		d->tick_ns = d->now_ns + UPS_DTLS_TICK_NS;
}

static void timers(struct ups_dtls *d)
{
	if (d->now_ns < d->tick_ns)
		return;
	run_timers(d);
	run_restarts(d);
	run_settling(d);
	find_next(d);
}

/* ---- the loop --------------------------------------------------------------------------------------------------- */

static int wait_ms(const struct ups_dtls *d)
{
	uint64_t now = d->seams.now();

	if (d->tick_ns == UINT64_MAX)
		return -1;
	return d->tick_ns <= now ? 0 : (int)((d->tick_ns - now) / 1000000) + 1;
}

static void wait(struct ups_dtls *d, int ms)
{
	struct pollfd pfd = { .fd = d->wake_fd, .events = POLLIN };
	int due = wait_ms(d);
	uint64_t count;

	if (due < 0 || (ms >= 0 && ms < due))
		due = ms;
	if (poll(&pfd, 1, due) == 1 && read(d->wake_fd, &count, sizeof(count)) < 0)
		ups_log_rl(UPS_LOG_WARNING, "cannot read the event counter");
	/* Before the rings are looked at: what comes later wakes again. */
	(void)__atomic_exchange_n(&d->pending, 0, __ATOMIC_SEQ_CST);
}

void ups_dtls_round(struct ups_dtls *d, int ms)
{
	wait(d, ms);
	d->now_ns = d->seams.now();
	commands(d);
	for (unsigned int i = 0; i < d->workers; i++)
		drain(d, &d->ring[i]);
	timers(d);
}

void *ups_dtls_main(void *arg)
{
	struct ups_dtls *d = arg;

	if (ups_thread_drop_capabilities())
		ups_warn("the thread of DTLS handshakes keeps its capabilities");
	while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE))
		ups_dtls_round(d, -1);
	return NULL;
}
