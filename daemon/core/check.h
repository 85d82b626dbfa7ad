/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rules that a request must satisfy whatever the state of the pools: names, modes, addresses, keys, lifetimes. Pure functions; the
 * message names stream, leg and value and says what to do. No key is ever part of a message. Any thread.
 */
#ifndef UPSEC_CORE_CHECK_H
#define UPSEC_CORE_CHECK_H

#include "core/core.h"

struct ups_check {
	const struct ups_iface *ifaces;
	unsigned int iface_count;
	const struct ups_limits *limits;
};

/* Where a message is about: prefix "stream 0 (audio), leg 1: ". */
struct ups_check_at {
	unsigned int stream; /* m-line number */
	const char *media;
	unsigned int leg;
	struct ups_errmsg *msg; /* may be NULL */
};

/* 0, or the code that core.h lists for ups_core_session_add(). No streams at all is no fault here. */
int ups_check_request(const struct ups_check *check, const struct ups_session_request *request,
		      struct ups_errmsg *msg) __must_check;
/* Whether media may be sent to @a from @iface. UPS_E_RANGE, UPS_E_FAMILY. */
int ups_check_peer(const struct ups_check *check, const struct ups_check_at *at,
		   const struct ups_iface *iface, const struct ups_addr *a) __must_check;
/* Printable ASCII without blanks, 1 to @size - 1 characters */
bool ups_check_word(const char *text, size_t size);
/* NULL if there is none */
const struct ups_iface *ups_check_iface(const struct ups_check *check, const char *name);
/* Formats with the prefix, returns @err. */
int ups_check_fail(const struct ups_check_at *at, int err, const char *fmt, ...)
	__printf_like(3, 4);

#endif
