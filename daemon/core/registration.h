/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may use a conv leg (seed 4.2.1): CPM Addresses that the SIP/IP core has registered, the source addresses each may send media from,
 * and until when. Fed by netlink and by ng keys of an offer (cpm-address, registered-source, authenticated). An address may have
 * several sources (devices), each with its own expiry. Addresses compare without regard to case of scheme and domain, and without a "sip:" or
 * "sips:" scheme; parameters behind ';' do not count.
 *
 * Control thread only. No clock: the caller gives the time (CLOCK_MONOTONIC ns).
 */
#ifndef UPSEC_CORE_REGISTRATION_H
#define UPSEC_CORE_REGISTRATION_H

#include "base/err.h"
#include "base/text.h"
#include "core/policy.h"

#define UPS_REGISTRATION_SOURCES_MAX 8 /* of one address */

struct ups_registrations;

struct ups_registration {
	char address[UPS_CPM_ADDRESS_MAX]; /* normalised */
	struct ups_addr source; /* port 0 */
	uint64_t expires_ns; /* UINT64_MAX = never */
};

/* @limit: addresses at most. -ENOMEM */
int ups_registrations_create(uint32_t limit, struct ups_registrations **out) __must_check;
void ups_registrations_destroy(struct ups_registrations *r);

/* Adds, or renews the expiry of the same address and source. UPS_E_LIMIT, UPS_E_SYNTAX (address), -ENOMEM. */
int ups_registrations_add(struct ups_registrations *r, struct ups_text address,
			  const struct ups_addr *source, uint64_t expires_ns,
			  struct ups_errmsg *msg) __must_check;
/* @source NULL: all of the address. -> how many were removed. */
unsigned int ups_registrations_del(struct ups_registrations *r, struct ups_text address,
				   const struct ups_addr *source);
/* Whether @address has a source that is valid at @now_ns; with @source, that one. */
bool ups_registrations_valid(const struct ups_registrations *r, struct ups_text address,
			     const struct ups_addr *source, uint64_t now_ns);
/* The source to accept media from when the SDP names @wanted: @wanted itself if registered, else the only or newest source.
 * -> false if there is none. */
bool ups_registrations_source(const struct ups_registrations *r, struct ups_text address,
			      const struct ups_addr *wanted, uint64_t now_ns, struct ups_addr *out);
/* Removes what has expired. -> how many */
unsigned int ups_registrations_expire(struct ups_registrations *r, uint64_t now_ns);
/* The same, and tells @gone of each, which changes nothing here. */
unsigned int ups_registrations_expire_each(struct ups_registrations *r, uint64_t now_ns,
					   void (*gone)(void *aux,
							const struct ups_registration *which),
					   void *aux);
unsigned int ups_registrations_count(const struct ups_registrations *r);
/* Walk: @previous NULL starts; -> false at the end. Order is that of addition. Survives additions and removals between calls. */
struct ups_registration_cursor {
	uint64_t serial; /* 0 starts */
};
bool ups_registrations_next(const struct ups_registrations *r,
			    struct ups_registration_cursor *cursor, struct ups_registration *out);
/* Normalised form as above. UPS_E_SYNTAX: empty, too long, blanks or control characters. */
int ups_cpm_address_normalise(struct ups_text address,
			      char out[static UPS_CPM_ADDRESS_MAX]) __must_check;

#endif
