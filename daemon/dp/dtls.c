// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DTLS and ICE as the rest of the daemon sees them: creation, publication, delivery on the control thread; input on the workers. */
#define UPS_LOG_MODULE "dtls"
#include "dp/dtls_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ---- messages --------------------------------------------------------------------------------------------------- */

static void signal_event(int fd)
{
	const uint64_t one = 1;
	ssize_t n = write(fd, &one, sizeof(one));

	/* A counter that is full is as good as one that was raised. */
	(void)n;
}

/* The thread clears @pending before it looks: whoever finds it clear has to wake it. */
static void wake(struct ups_dtls *d)
{
	if (!__atomic_exchange_n(&d->pending, 1, __ATOMIC_SEQ_CST))
		signal_event(d->wake_fd);
}

void ups_dtls_push(struct ups_dtls_queue *queue, struct ups_dtls_message *message)
{
	pthread_mutex_lock(&queue->lock);
	STAILQ_INSERT_TAIL(&queue->list, message, next);
	queue->count++;
	pthread_mutex_unlock(&queue->lock);
}

struct ups_dtls_message *ups_dtls_pop(struct ups_dtls_queue *queue)
{
	struct ups_dtls_message *m;

	pthread_mutex_lock(&queue->lock);
	m = STAILQ_FIRST(&queue->list);
	if (m) {
		STAILQ_REMOVE_HEAD(&queue->list, next);
		queue->count--;
	}
	pthread_mutex_unlock(&queue->lock);
	return m;
}

static void command(struct ups_dtls *d, struct ups_dtls_message *m, enum ups_dtls_message_kind kind)
{
	m->kind = kind;
	ups_dtls_push(&d->commands, m);
	wake(d);
}

struct ups_dtls_result *ups_dtls_result(struct ups_dtls_endpoint *e, struct ups_dtls *d,
					enum ups_dtls_message_kind kind)
{
	struct ups_dtls_result *r;
	bool full;

	pthread_mutex_lock(&d->results.lock);
	full = d->results.count >= UPS_DTLS_RESULTS;
	pthread_mutex_unlock(&d->results.lock);
	r = full ? NULL : calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->message.kind = kind;
	r->name = e->name;
	r->record = e->id;
	r->association = e->dtls.association;
	return r;
}

void ups_dtls_report(struct ups_dtls *d, struct ups_dtls_result *result)
{
	ups_dtls_push(&d->results, &result->message);
	signal_event(d->notify_fd);
}

static void wipe_keys(struct ups_dtls_keys *keys)
{
	ups_secret_wipe(&keys->rx);
	ups_secret_wipe(&keys->tx);
}

/* ---- records of endpoints in force ------------------------------------------------------------------------------- */

static struct ups_dtls_record **find_record(struct ups_dtls *d, struct ups_dtls_name name)
{
	struct ups_dtls_record **at = &d->record[ups_dtls_bucket(name)];

	while (*at && !ups_dtls_same((*at)->name, name))
		at = &(*at)->next;
	return at;
}

/* ---- endpoints -------------------------------------------------------------------------------------------------- */

static void take_leg(struct ups_dtls_endpoint *e, const struct ups_leg *leg)
{
	e->strict = leg->source == UPS_SOURCE_STRICT;
	e->remote = e->name.rtcp ? leg->remote_rtcp : leg->remote;
	e->source_ip = leg->source_ip;
	e->dtls = leg->dtls;
	e->ice = leg->ice;
}

int ups_dtls_prepare(struct ups_dtls *d, uint32_t flow, bool rtcp, int fd,
		     const struct ups_leg *leg, struct ups_dtls_endpoint **out)
{
	struct ups_dtls_endpoint *e = calloc(1, sizeof(*e));
	int err = -ENOMEM;

	if (!e)
		return err;
	TAILQ_INIT(&e->tries);
	e->name = (struct ups_dtls_name) { flow, rtcp };
	e->fd = -1;
	take_leg(e, leg);
	e->record = calloc(1, sizeof(*e->record));
	if (!e->record)
		goto fail;
	e->record->name = e->name;
	e->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (e->fd < 0) {
		err = -errno;
		goto fail;
	}
	*out = e;
	return 0;
fail:
	ups_endpoint_destroy(d, e);
	return err;
}

void ups_dtls_publish(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	struct ups_dtls_record **at = find_record(d, e->name);

	if (!*at) {
		*at = e->record;
		e->record = NULL;
		(*at)->id = ++d->last_record;
	}
	(*at)->association = e->dtls.association;
	e->id = (*at)->id;
	command(d, &e->message, UPS_DTLS_PUBLISH);
}

void ups_dtls_discard(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	ups_endpoint_destroy(d, e);
}

void ups_dtls_drop(struct ups_dtls *d, uint32_t flow, bool rtcp)
{
	struct ups_dtls_record **at = find_record(d, (struct ups_dtls_name) { flow, rtcp });
	struct ups_dtls_record *record = *at;

	if (!record)
		return;
	*at = record->next;
	command(d, &record->message, UPS_DTLS_DROP);
}

/* ---- workers ---------------------------------------------------------------------------------------------------- */

bool ups_dtls_input(struct ups_dtls *d, unsigned int worker, uint32_t flow, bool rtcp,
		    const struct ups_addr *from, const void *data, size_t size)
{
	struct ups_dtls_ring *ring = &d->ring[worker];
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	struct ups_dtls_slot *slot = &ring->slot[head % UPS_DTLS_RING];

	if (!size || size > UPS_DTLS_SLOT ||
	    head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == UPS_DTLS_RING)
		return false;
	slot->name = (struct ups_dtls_name) { flow, rtcp };
	slot->from = *from;
	slot->size = (uint16_t)size;
	memcpy(slot->data, data, size);
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	wake(d);
	return true;
}

/* ---- delivery --------------------------------------------------------------------------------------------------- */

int ups_dtls_notify_fd(const struct ups_dtls *d)
{
	return d->notify_fd;
}

static void deliver_keys(struct ups_dtls *d, struct ups_dtls_result *r)
{
	int err = d->callbacks.keys(d->callbacks.aux, r->name.flow, &r->keys);

	wipe_keys(&r->keys);
	command(d, &r->message, err < 0 ? UPS_DTLS_REFUSE : UPS_DTLS_CONFIRM);
}

static void deliver(struct ups_dtls *d, struct ups_dtls_result *r)
{
	const struct ups_dtls_callbacks *c = &d->callbacks;
	const struct ups_dtls_record *record = *find_record(d, r->name);
	bool known = record && record->id == r->record;
	bool meant = known && record->association == r->association;

	if (meant && r->message.kind == UPS_DTLS_KEYS) {
		deliver_keys(d, r);
		return;
	}
	if (meant && r->message.kind == UPS_DTLS_FAILED)
		c->failed(c->aux, r->name.flow, r->name.rtcp, r->err, r->reason);
	else if (known && r->message.kind == UPS_DTLS_NOMINATED)
		c->nominated(c->aux, r->name.flow, r->name.rtcp, &r->addr);
	wipe_keys(&r->keys);
	free(r);
}

void ups_dtls_dispatch(struct ups_dtls *d)
{
	struct ups_dtls_message *m;
	uint64_t count;

	if (read(d->notify_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	while ((m = ups_dtls_pop(&d->results)))
		deliver(d, (struct ups_dtls_result *)m);
}

void ups_dtls_fingerprint(const struct ups_dtls *d, struct ups_fingerprint *out)
{
	*out = d->fingerprint;
}

void ups_dtls_stats(const struct ups_dtls *d, struct ups_dtls_stats *out)
{
	out->handshakes = __atomic_load_n(&d->stats.handshakes, __ATOMIC_RELAXED);
	out->failures = __atomic_load_n(&d->stats.failures, __ATOMIC_RELAXED);
	out->refused = __atomic_load_n(&d->stats.refused, __ATOMIC_RELAXED);
	out->running = __atomic_load_n(&d->stats.running, __ATOMIC_RELAXED);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static uint64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void init_queue(struct ups_dtls_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	STAILQ_INIT(&queue->list);
}

static int open_events(struct ups_dtls *d)
{
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake_fd < 0)
		return -errno;
	d->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return d->notify_fd < 0 ? -errno : 0;
}

static int fill(struct ups_dtls *d, const struct ups_dtls_config *config, unsigned int workers,
		struct ups_errmsg *msg)
{
	int err;

	d->bio = ups_dtls_bio_method();
	d->ring = aligned_alloc(64, workers * sizeof(*d->ring));
	if (!d->bio || !d->ring)
		return ups_fail(msg, -ENOMEM, "no memory for DTLS");
	d->workers = workers;
	for (unsigned int i = 0; i < workers; i++)
		d->ring[i].head = d->ring[i].tail = 0;
	err = open_events(d);
	if (err)
		return ups_fail(msg, err, "no event counter for DTLS: %s", ups_strerror(err));
	return ups_dtls_cert_init(d, config, msg);
}

int ups_dtls_open(const struct ups_dtls_config *config, const struct ups_dtls_callbacks *callbacks,
		  unsigned int workers, struct ups_dtls **out, struct ups_errmsg *msg)
{
	struct ups_dtls *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ups_fail(msg, -ENOMEM, "no memory for DTLS");
	d->callbacks = *callbacks;
	d->seams = (struct ups_dtls_seams) { ups_dtls_send, monotonic };
	d->wake_fd = d->notify_fd = -1;
	d->tick_ns = UINT64_MAX;
	init_queue(&d->commands);
	init_queue(&d->results);
	TAILQ_INIT(&d->running);
	TAILQ_INIT(&d->settling);
	TAILQ_INIT(&d->waiting);
	err = fill(d, config, workers, msg);
	if (err)
		ups_dtls_destroy(d);
	else
		*out = d;
	return err;
}

/* Signals are the control thread's. */
int ups_dtls_start(struct ups_dtls *d)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&d->thread, NULL, ups_dtls_main, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	pthread_setname_np(d->thread, "dtls");
	d->threaded = true;
	return 0;
}

int ups_dtls_create(const struct ups_dtls_config *config,
		    const struct ups_dtls_callbacks *callbacks, unsigned int workers,
		    struct ups_dtls **out, struct ups_errmsg *msg)
{
	int err = ups_dtls_open(config, callbacks, workers, out, msg);

	if (err)
		return err;
	err = ups_dtls_start(*out);
	if (!err)
		return 0;
	ups_dtls_destroy(*out);
	return ups_fail(msg, err, "no thread for DTLS: %s", ups_strerror(err));
}

static void free_messages(struct ups_dtls *d, struct ups_dtls_queue *queue)
{
	struct ups_dtls_message *m;

	while ((m = ups_dtls_pop(queue))) {
		if (m->kind == UPS_DTLS_PUBLISH) {
			ups_endpoint_destroy(d, (struct ups_dtls_endpoint *)m);
			continue;
		}
		if (m->kind >= UPS_DTLS_CONFIRM)
			wipe_keys(&((struct ups_dtls_result *)m)->keys);
		free(m);
	}
	pthread_mutex_destroy(&queue->lock);
}

static void free_bucket(struct ups_dtls *d, unsigned int i)
{
	struct ups_dtls_endpoint *e, *next;
	struct ups_dtls_record *record, *after;

	for (e = d->endpoint[i]; e; e = next) {
		next = e->next;
		ups_endpoint_destroy(d, e);
	}
	for (record = d->record[i]; record; record = after) {
		after = record->next;
		free(record);
	}
}

void ups_dtls_destroy(struct ups_dtls *d)
{
	if (!d)
		return;
	if (d->threaded) {
		__atomic_store_n(&d->stop, 1, __ATOMIC_RELEASE);
		signal_event(d->wake_fd);
		pthread_join(d->thread, NULL);
	}
	free_messages(d, &d->commands);
	free_messages(d, &d->results);
	for (unsigned int i = 0; i < UPS_DTLS_BUCKETS; i++)
		free_bucket(d, i);
	ups_assoc_destroy(d->listener);
	SSL_CTX_free(d->ctx);
	BIO_meth_free(d->bio);
	if (d->wake_fd >= 0)
		close(d->wake_fd);
	if (d->notify_fd >= 0)
		close(d->notify_fd);
	free(d->ring);
	ups_wipe(d->cookie_secret, sizeof(d->cookie_secret));
	free(d);
}
