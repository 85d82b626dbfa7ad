// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* STUN: an ICE-lite agent's answers (RFC 8445 7.3), and those of a DTLS-SRTP endpoint without ICE (RFC 5763 6.7.2). dtls thread. */
#define UPS_LOG_MODULE "dtls"
#include "dp/dtls_priv.h"

#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "proto/stun.h"

#define ANSWER_MAX 256 /* bytes */
#define UNKNOWN_ATTRIBUTE 420
#define ROLE_CONFLICT 487

/* ---- answers ---------------------------------------------------------------------------------------------------- */

static void send_success(struct ups_dtls *d, const struct ups_dtls_endpoint *e,
			 const struct ups_addr *to, const struct ups_stun *stun,
			 struct ups_text password)
{
	uint8_t answer[ANSWER_MAX];
	size_t size = ups_stun_success(answer, sizeof(answer), stun->id, to, password);

	if (size)
		d->seams.send(e->fd, answer, size, to);
}

static void send_error(struct ups_dtls *d, const struct ups_dtls_endpoint *e,
		       const struct ups_addr *to, const struct ups_stun *stun, unsigned int code)
{
	uint8_t answer[ANSWER_MAX];
	size_t size = ups_stun_error(answer, sizeof(answer), stun->id, code, stun->unknown,
				     ups_text_of(e->ice.local_pwd));

	if (size)
		d->seams.send(e->fd, answer, size, to);
}

/* ---- addresses that passed a check ------------------------------------------------------------------------------ */

bool ups_ice_valid(const struct ups_dtls_endpoint *e, const struct ups_addr *addr)
{
	for (unsigned int i = 0; i < e->valid_count; i++) {
		if (ups_addr_equal(&e->valid[i], addr))
			return true;
	}
	return false;
}

/* The oldest gives way, except the nominated one. */
static void make_valid(struct ups_dtls_endpoint *e, const struct ups_addr *addr)
{
	unsigned int i;

	if (ups_ice_valid(e, addr))
		return;
	if (e->valid_count < UPS_DTLS_VALID) {
		e->valid[e->valid_count++] = *addr;
		return;
	}
	i = e->valid_next++ % UPS_DTLS_VALID;
	if (ups_addr_equal(&e->valid[i], &e->nominated))
		i = e->valid_next++ % UPS_DTLS_VALID;
	e->valid[i] = *addr;
}

static void follow(struct ups_dtls_endpoint *e)
{
	struct ups_dtls_assoc *a;

	TAILQ_FOREACH (a, &e->tries, of_endpoint) {
		a->remote = e->nominated;
	}
	if (e->current)
		e->current->remote = e->nominated;
}

/* If there is no room to tell it, the next check does. */
static void nominate(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *addr)
{
	struct ups_dtls_result *r;

	if (ups_addr_equal(&e->nominated, addr))
		return;
	r = ups_dtls_result(e, d, UPS_DTLS_NOMINATED);
	if (!r)
		return;
	r->addr = *addr;
	e->nominated = *addr;
	ups_dtls_report(d, r);
	follow(e);
	ups_endpoint_start(d, e);
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

/* USERNAME is our ufrag, a colon, the peer's. */
static bool is_for(const struct ups_dtls_endpoint *e, struct ups_text username)
{
	struct ups_text ours = ups_text_cut(&username, ':');

	return ups_text_is(ours, e->ice.local_ufrag) && username.len &&
	       (!e->ice.remote_ufrag[0] || ups_text_is(username, e->ice.remote_ufrag));
}

/* What does not prove that it knows our password is not answered at all: no amplifier, no oracle. */
static void check(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *from,
		  const uint8_t *data, const struct ups_stun *stun)
{
	struct ups_text password = ups_text_of(e->ice.local_pwd);

	if (!stun->has_integrity || !stun->username.at || !is_for(e, stun->username) ||
	    !password.len || !ups_stun_verify(data, stun, password))
		return;
	if (stun->unknown) {
		send_error(d, e, from, stun, UNKNOWN_ATTRIBUTE);
		return;
	}
	/* We are lite and never control (RFC 8445 7.3.1.1). */
	if (stun->ice_controlled) {
		send_error(d, e, from, stun, ROLE_CONFLICT);
		return;
	}
	send_success(d, e, from, stun, password);
	make_valid(e, from);
	if (stun->use_candidate)
		nominate(d, e, from);
}

/* A passive peer behind a NAT shows in this way where our ClientHello has to go. */
static void try_source(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *from)
{
	if (!e->dtls.on || e->dtls.role != UPS_DTLS_ACTIVE || !e->dtls.fingerprint_count ||
	    e->done || e->strict)
		return;
	if (e->induced_ns && d->now_ns - e->induced_ns < UPS_DTLS_RESTART_NS)
		return;
	e->induced_ns = d->now_ns;
	ups_endpoint_try(d, e, from);
}

static void plain_request(struct ups_dtls *d, struct ups_dtls_endpoint *e,
			  const struct ups_addr *from, const struct ups_stun *stun)
{
	if (!ups_endpoint_accepts(e, from) || stun->unknown)
		return;
	send_success(d, e, from, stun, (struct ups_text) {});
	try_source(d, e, from);
}

void ups_ice_input(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *from,
		   const uint8_t *data, size_t size)
{
	struct ups_stun stun;

	if (ups_stun_parse(data, size, &stun) || stun.type != UPS_STUN_REQUEST)
		return;
	if (e->ice.on)
		check(d, e, from, data, &stun);
	else
		plain_request(d, e, from, &stun);
}

void ups_ice_ask(struct ups_dtls *d, struct ups_dtls_endpoint *e)
{
	uint8_t request[ANSWER_MAX], id[UPS_STUN_ID];
	size_t size;

	if (e->ice.on || e->asked || !e->remote.port || ups_random(id, sizeof(id)))
		return;
	size = ups_stun_request(request, sizeof(request), id);
	if (!size)
		return;
	e->asked = true;
	d->seams.send(e->fd, request, size, &e->remote);
}
