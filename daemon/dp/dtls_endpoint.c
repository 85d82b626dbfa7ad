// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Endpoints: whom they listen to, which association a record belongs to, what waits for an answer. dtls thread. */
#include "dp/dtls_priv.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"

/* ---- the table -------------------------------------------------------------------------------------------------- */

struct ups_dtls_endpoint *ups_endpoint_find(const struct ups_dtls *d, struct ups_dtls_name name)
{
	struct ups_dtls_endpoint *e = d->endpoint[ups_dtls_bucket(name)];

	while (e && !ups_dtls_same(e->name, name))
		e = e->next;
	return e;
}

static void insert(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	struct ups_dtls_endpoint **bucket = &d->endpoint[ups_dtls_bucket(e->name)];

	e->next = *bucket;
	*bucket = e;
}

void ups_endpoint_remove(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	struct ups_dtls_endpoint **at = &d->endpoint[ups_dtls_bucket(e->name)];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
}

/* With ICE, every address that passed a check is the same peer's; an association goes with it (RFC 8842 7.5). */
static bool is_from(const struct ups_dtls_assoc *a, const struct ups_addr *from)
{
	return a->endpoint->ice.on || ups_addr_equal(&a->remote, from);
}

/* ---- attempts --------------------------------------------------------------------------------------------------- */

static void end_tries(struct ups_dtls_endpoint *e)
{
	while (!TAILQ_EMPTY(&e->tries))
		ups_assoc_destroy(TAILQ_FIRST(&e->tries));
}

/* Of the signalled peer, or begun by us towards it: the last to give way */
static bool is_expected(const struct ups_dtls_assoc *a)
{
	const struct ups_dtls_endpoint *e = a->endpoint;

	return a->state != UPS_ASSOC_RUNNING || e->ice.on || ups_addr_equal(&a->remote, &e->remote);
}

static void give_way(struct ups_dtls *d, struct ups_dtls_assoc *a)
{
	struct ups_dtls_endpoint *e = a ? a->endpoint : NULL;
	bool again = a && a->active;

	if (!a)
		return;
	ups_dtls_count(&d->stats.refused);
	ups_assoc_destroy(a);
	if (again)
		ups_endpoint_restart_later(d, e);
}

static void make_room(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	struct ups_dtls_assoc *a;

	if (e->try_count >= UPS_DTLS_TRIES) {
		TAILQ_FOREACH (a, &e->tries, of_endpoint) {
			if (!is_expected(a))
				break;
		}
		give_way(d, a ? a : TAILQ_FIRST(&e->tries));
	}
	if (__atomic_load_n(&d->stats.running, __ATOMIC_RELAXED) >= UPS_DTLS_MAX) {
		TAILQ_FOREACH (a, &d->running, of_all) {
			if (!is_expected(a))
				break;
		}
		give_way(d, a ? a : TAILQ_FIRST(&d->running));
	}
}

void ups_endpoint_try(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *to)
{
	struct ups_dtls_assoc *a;

	TAILQ_FOREACH (a, &e->tries, of_endpoint) {
		if (a->active && ups_addr_equal(&a->remote, to))
			return;
	}
	make_room(d, e);
	a = ups_assoc_create(d);
	if (!a) {
		ups_dtls_count(&d->stats.refused);
		ups_endpoint_restart_later(d, e);
		return;
	}
	a->remote = *to;
	ups_assoc_begin(a, e, true);
}

/* ---- ClientHellos ----------------------------------------------------------------------------------------------- */

static struct ups_dtls_assoc *take_listener(struct ups_dtls *d)
{
	struct ups_dtls_assoc *a = d->listener ? d->listener : ups_assoc_create(d);

	d->listener = a;
	return a;
}

/* Whoever has the cookie is the one at that address: what it began before, it has given up (RFC 6347 4.2.8). */
static void supersede(struct ups_dtls_endpoint *e, const struct ups_addr *from)
{
	struct ups_dtls_assoc *a, *next;

	for (a = TAILQ_FIRST(&e->tries); a; a = next) {
		next = TAILQ_NEXT(a, of_endpoint);
		if (a->state == UPS_ASSOC_RUNNING && !a->active && is_from(a, from))
			ups_assoc_destroy(a);
	}
}

static bool listen_for_cookie(struct ups_dtls_assoc *a, struct ups_dtls_endpoint *e,
			      const struct ups_addr *from, const struct ups_record *record)
{
	BIO_ADDR *unused = BIO_ADDR_new();
	int rc = -1;

	if (unused) {
		a->endpoint = e;
		a->remote = *from;
		a->in = record->data;
		a->in_size = record->size;
		SSL_set_accept_state(a->ssl);
		rc = DTLSv1_listen(a->ssl, unused);
		ERR_clear_error();
		a->endpoint = NULL;
		a->in_size = 0;
	}
	BIO_ADDR_free(unused);
	return rc > 0;
}

/* Nothing of a source is remembered before it has shown, by a cookie, that it receives what we send there. */
static void hear_hello(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *from,
		       const struct ups_record *record)
{
	struct ups_dtls_assoc *a = take_listener(d);

	if (!a || !listen_for_cookie(a, e, from, record))
		return;
	d->listener = NULL;
	memcpy(a->random, record->random, sizeof(a->random));
	supersede(e, from);
	make_room(d, e);
	ups_assoc_begin(a, e, false);
}

static struct ups_dtls_early *early_slot(struct ups_dtls_endpoint *e, const struct ups_addr *from)
{
	for (unsigned int i = 0; i < UPS_DTLS_EARLY; i++) {
		if (e->early[i].data && ups_addr_equal(&e->early[i].from, from))
			return &e->early[i];
	}
	return &e->early[e->early_next++ % UPS_DTLS_EARLY];
}

static void early_clear(struct ups_dtls_early *slot)
{
	free(slot->data);
	*slot = (struct ups_dtls_early) {};
}

static void keep_early(struct ups_dtls_endpoint *e, const struct ups_addr *from,
		       const struct ups_record *record)
{
	struct ups_dtls_early *slot = early_slot(e, from);
	uint8_t *data = malloc(record->size);

	if (!data)
		return;
	early_clear(slot);
	memcpy(data, record->data, record->size);
	*slot = (struct ups_dtls_early) { *from, data, record->size };
}

static void play_early(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	for (unsigned int i = 0; i < UPS_DTLS_EARLY; i++) {
		struct ups_dtls_early *slot = &e->early[i];
		const uint8_t *data = slot->data;
		size_t size = slot->size;
		struct ups_record record;

		if (data && ups_endpoint_accepts(e, &slot->from) &&
		    ups_record_next(&data, &size, &record))
			hear_hello(d, e, &slot->from, &record);
		early_clear(slot);
	}
}

/* ---- sources ---------------------------------------------------------------------------------------------------- */

static bool any_ip(const struct ups_addr *a)
{
	static const struct ups_addr v6, v4 = { .ip = { [10] = 0xff, [11] = 0xff } };

	return ups_addr_same_ip(a, &v6) || ups_addr_same_ip(a, &v4);
}

bool ups_endpoint_accepts(const struct ups_dtls_endpoint *e, const struct ups_addr *from)
{
	if (e->ice.on)
		return ups_ice_valid(e, from);
	if (e->strict)
		return ups_addr_equal(from, &e->remote);
	return any_ip(&e->source_ip) || ups_addr_same_ip(from, &e->source_ip);
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

static bool is_repeated(const struct ups_dtls_assoc *a, const struct ups_record *record)
{
	return !a->active && !memcmp(a->random, record->random, sizeof(a->random));
}

static void to_association(struct ups_dtls_assoc *a, const struct ups_addr *from,
			   const struct ups_record *record)
{
	if (!is_from(a, from))
		return;
	if (ups_record_trusted(record))
		ups_assoc_input(a, record);
	else if (record->type == UPS_RECORD_ALERT && record->size == UPS_RECORD_HEADER + 2)
		a->alert = record->data[UPS_RECORD_HEADER + 1];
}

/* An old and a new association with one address may both be meant (RFC 6347 4.2.8): what is not an association's own, it drops. */
static void to_associations(struct ups_dtls_endpoint *e, const struct ups_addr *from,
			    const struct ups_record *record)
{
	struct ups_dtls_assoc *a, *next;

	for (a = TAILQ_FIRST(&e->tries); a; a = next) {
		next = TAILQ_NEXT(a, of_endpoint);
		to_association(a, from, record);
	}
	if (e->current)
		to_association(e->current, from, record);
}

/* -> whether there is an association that it began */
static bool to_repeated(struct ups_dtls_endpoint *e, const struct ups_addr *from,
			const struct ups_record *record)
{
	struct ups_dtls_assoc *a;

	TAILQ_FOREACH (a, &e->tries, of_endpoint) {
		if (!is_from(a, from) || !is_repeated(a, record))
			continue;
		ups_assoc_input(a, record);
		return true;
	}
	return false;
}

/* Once there is a verified peer, only it may begin anew. */
static bool may_begin(const struct ups_dtls_endpoint *e, const struct ups_addr *from)
{
	if (!e->done || !e->current)
		return true;
	return is_from(e->current, from) || ups_addr_equal(&e->remote, from);
}

static void client_hello(struct ups_dtls *d, struct ups_dtls_endpoint *e,
			 const struct ups_addr *from, const struct ups_record *record)
{
	if (!e->dtls.fingerprint_count || e->dtls.role == UPS_DTLS_UNDECIDED) {
		keep_early(e, from, record);
		return;
	}
	if (e->dtls.role != UPS_DTLS_PASSIVE || (e->current && is_repeated(e->current, record)))
		return;
	if (!to_repeated(e, from, record) && may_begin(e, from))
		hear_hello(d, e, from, record);
}

/* Before the answer there is no signalled address, so that a strict endpoint keeps anybody's; it plays only what it then accepts. */
static bool hears(const struct ups_dtls_endpoint *e, const struct ups_addr *from,
		  const struct ups_record *record)
{
	if (ups_endpoint_accepts(e, from))
		return true;
	return record->client_hello && !e->dtls.fingerprint_count && !e->ice.on && e->strict &&
	       !e->remote.port;
}

void ups_endpoint_input(struct ups_dtls *d, struct ups_dtls_endpoint *e,
			const struct ups_addr *from, const uint8_t *data, size_t size)
{
	struct ups_record record;

	if (!e->dtls.on)
		return;
	while (ups_record_next(&data, &size, &record)) {
		if (!hears(e, from, &record))
			return;
		if (record.client_hello)
			client_hello(d, e, from, &record);
		else
			to_associations(e, from, &record);
	}
}

/* ---- starting --------------------------------------------------------------------------------------------------- */

static void start_active(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	const struct ups_addr *to = e->ice.on ? &e->nominated : &e->remote;

	if (!to->port)
		return;
	if (!e->begun_ns)
		e->begun_ns = d->now_ns;
	ups_endpoint_try(d, e, to);
}

void ups_endpoint_start(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	if (!e->dtls.on || !e->dtls.fingerprint_count || e->done)
		return;
	if (e->dtls.role == UPS_DTLS_ACTIVE) {
		start_active(d, e);
	} else if (e->dtls.role == UPS_DTLS_PASSIVE) {
		play_early(d, e);
		ups_ice_ask(d, e);
	}
}

void ups_endpoint_restart_later(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	if (e->restart_ns || e->done)
		return;
	e->restart_ns = d->now_ns + UPS_DTLS_RESTART_NS;
	TAILQ_INSERT_TAIL(&d->waiting, e, of_waiting);
	if (e->restart_ns < d->tick_ns)
		d->tick_ns = e->restart_ns;
}

static void stop_waiting(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	if (e->restart_ns)
		TAILQ_REMOVE(&d->waiting, e, of_waiting);
	e->restart_ns = 0;
}

void ups_endpoint_restart(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	stop_waiting(d, e);
	if (e->begun_ns && d->now_ns - e->begun_ns >= UPS_DTLS_TIMEOUT_MS * 1000000ULL)
		return;
	ups_endpoint_start(d, e);
}

/* ---- publication ------------------------------------------------------------------------------------------------ */

static void adopt(struct ups_dtls_assoc *a, struct ups_dtls_endpoint *e)
{
	TAILQ_REMOVE(&a->endpoint->tries, a, of_endpoint);
	a->endpoint->try_count--;
	a->endpoint = e;
	TAILQ_INSERT_TAIL(&e->tries, a, of_endpoint);
	e->try_count++;
}

static bool goes_on(const struct ups_dtls_assoc *a, const struct ups_dtls_endpoint *e)
{
	if (a->number != e->dtls.association || a->active != (e->dtls.role == UPS_DTLS_ACTIVE))
		return false;
	return ups_endpoint_accepts(e, &a->remote);
}

static void inherit_ice(struct ups_dtls_endpoint *e, const struct ups_dtls_endpoint *old)
{
	if (!e->ice.on || !old->ice.on || strcmp(e->ice.local_ufrag, old->ice.local_ufrag) ||
	    strcmp(e->ice.local_pwd, old->ice.local_pwd))
		return;
	memcpy(e->valid, old->valid, sizeof(e->valid));
	e->valid_count = old->valid_count;
	e->valid_next = old->valid_next;
	e->nominated = old->nominated;
}

static void inherit_handshake(struct ups_dtls_endpoint *e, struct ups_dtls_endpoint *old)
{
	struct ups_dtls_assoc *a, *next;

	for (a = TAILQ_FIRST(&old->tries); a; a = next) {
		next = TAILQ_NEXT(a, of_endpoint);
		if (goes_on(a, e))
			adopt(a, e);
	}
	e->current = old->current;
	old->current = NULL;
	if (e->current)
		e->current->endpoint = e;
	if (e->dtls.association != old->dtls.association)
		return;
	e->done = old->done;
	e->begun_ns = e->try_count ? old->begun_ns : 0;
	memcpy(e->early, old->early, sizeof(e->early));
	memset(old->early, 0, sizeof(old->early));
	e->early_next = old->early_next;
}

void ups_endpoint_publish(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	struct ups_dtls_endpoint *old = ups_endpoint_find(d, e->name);

	if (old) {
		inherit_ice(e, old);
		inherit_handshake(e, old);
		e->asked = old->asked && ups_addr_equal(&old->remote, &e->remote);
		e->reported_ns = old->reported_ns;
		ups_endpoint_remove(d, old);
		ups_endpoint_destroy(d, old);
	}
	insert(d, e);
	ups_endpoint_start(d, e);
}

void ups_endpoint_destroy(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	if (!e)
		return;
	stop_waiting(d, e);
	end_tries(e);
	ups_assoc_destroy(e->current);
	for (unsigned int i = 0; i < UPS_DTLS_EARLY; i++)
		early_clear(&e->early[i]);
	if (e->fd >= 0)
		close(e->fd);
	free(e->record);
	ups_wipe(&e->ice, sizeof(e->ice));
	free(e);
}
