/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Grammar of "session add":
 *
 *	ID [keys FILE|-] STREAM [STREAM...]
 *	STREAM := stream media WORD [lane auto|udp|xdp] [ssrc-limit N] LEG LEG
 *	LEG := leg if NAME mode clear|srtp|opaque remote ADDR:PORT [rtcp ADDR:PORT | rtcp-mux | no-rtcp]
 *	       [port N] [source strict|latch] [tos N]
 *
 * Keywords and values may be abbreviated. One table of keywords is parser, help and completion. Pure: reads no file.
 */
#ifndef UPSEC_CLI_SESSION_ARGS_H
#define UPSEC_CLI_SESSION_ARGS_H

#include <stdio.h>

#include "base/err.h"
#include "proto/nl_msg.h"

/*
 * Fills @out from the words after "session add", with no keys yet; *keys is the word after "keys", or NULL. UPS_E_SYNTAX and
 * UPS_E_RANGE with a sentence in @msg.
 */
int ups_session_args_parse(int argc, char **argv, struct ups_nl_session_request *out,
			   const char **keys, struct ups_errmsg *msg) __must_check;

/* Prints what may follow the words given, one for each line. */
void ups_session_args_complete(int argc, char **argv, FILE *out);

#endif
