/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Key files of "session add keys FILE": one key for each line,
 *
 *	STREAM LEG rx|tx SUITE inline:BASE64[|LIFETIME][|MKI:LENGTH] [UNENCRYPTED_SRTCP]
 *
 * separated by blanks; '#' begins a comment at the start of a line or after a blank. rx is what the peer sends with, tx what upsecd
 * sends to it with. Errors name file and line and what was expected, never the text. The file's owner must be the
 * caller or root, and nobody else may have access; standard input ("-") is taken as it is.
 */
#ifndef UPSEC_CLI_KEYFILE_H
#define UPSEC_CLI_KEYFILE_H

#include <stddef.h>

#include "base/err.h"
#include "proto/nl_msg.h"

#define UPS_KEYFILE_MAX 262144 /* bytes */

/* Adds the keys of @name to @session, whose streams and legs are filled. -errno, UPS_E_*; the caller wipes @session. */
int ups_keyfile_read(const char *name, struct ups_nl_session_request *session,
		     struct ups_errmsg *msg) __must_check;
/* The same from memory; @name is for error texts. @text is not changed. */
int ups_keyfile_parse(const char *name, const char *text, size_t size,
		      struct ups_nl_session_request *session, struct ups_errmsg *msg) __must_check;
/* Does every srtp leg have a key for each direction? Says which has not. */
int ups_keyfile_check(const struct ups_nl_session_request *session,
		      struct ups_errmsg *msg) __must_check;

#endif
