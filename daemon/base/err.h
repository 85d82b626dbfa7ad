/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One number space for every failure: 0 is success, -errno values are the system's (libc, libbpf, libmnl), values
 * below -1000 are upsec's own. Functions that can fail return int and are __must_check. ups_strerror() has one
 * sentence for each.
 *
 * A message for the operator (what, where, what to do) travels in a struct ups_errmsg filled by the function that
 * knows; callers add context in front or leave it.
 */
#ifndef UPSEC_BASE_ERR_H
#define UPSEC_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define __must_check __attribute__((warn_unused_result))
#define __printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* X(number, NAME, "sentence") - numbers are never re-used */
#define UPS_ERRORS(X)                                                                       \
	X(-1001, SYNTAX, "not in the expected format")                                      \
	X(-1002, RANGE, "value out of range")                                               \
	X(-1003, KEY_LENGTH, "key has the wrong length for its suite")                      \
	X(-1004, KEY_REUSED, "key is or was in use; every leg and direction needs its own") \
	X(-1005, SUITE, "unknown or forbidden crypto suite")                                \
	X(-1006, NO_SESSION, "no such session")                                             \
	X(-1007, SESSION_EXISTS, "session exists already")                                  \
	X(-1008, NO_INTERFACE, "no such logical interface")                                 \
	X(-1009, NO_PORTS, "ran out of ports")                                              \
	X(-1010, LIMIT, "a configured limit is reached")                                    \
	X(-1011, SELFTEST, "known-answer test failed")                                      \
	X(-1012, NO_BACKEND, "no crypto backend works on this machine")                     \
	X(-1013, UNSUPPORTED, "not supported by this kernel or lane")                       \
	X(-1014, FAMILY, "address family does not match the interface")                     \
	X(-1015, TRUNCATED, "input ends too early")                                         \
	X(-1016, POLICY, "refused by policy")                                               \
	X(-1017, REGISTRATION, "CPM Address is not registered or not authenticated")        \
	X(-1018, STATE, "does not fit the state of the dialogue")                           \
	X(-1019, FINGERPRINT, "certificate does not match what was signalled")

enum ups_error {
#define UPS_X_ENUM(n, NAME, text) UPS_E_##NAME = n,
	UPS_ERRORS(UPS_X_ENUM)
#undef UPS_X_ENUM
};

/* One sentence for any value of the number space; never NULL; for -errno thread-safe static text. */
const char *ups_strerror(int err);

struct ups_errmsg {
	char text[512];
};

/* Formats into @msg (may be NULL, or hold text already: then it is overwritten) and returns @err, for "return ups_fail(...)". */
int ups_fail(struct ups_errmsg *msg, int err, const char *fmt, ...) __printf_like(3, 4);

#endif
