/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Grammar of "registration add" and "del", and of "policy check":
 *
 *	add ADDRESS source IP [expires SECONDS]		del ADDRESS [source IP]
 *	check from INTERFACE to INTERFACE [transport PROFILE] [user-protection none|preferred|required]
 *	      [signalling WORD[,WORD]] [cpm-address A] [registered-source IP] [authenticated yes|no]
 *	      [call-id ID] [from-tag TAG] [to-tag TAG] [answer] [show-sdp] [sdp FILE|-]
 *
 * Keywords and values may be abbreviated and come in any order. One table of keywords for each is parser and completion. Pure:
 * reads no file.
 */
#ifndef UPSEC_CLI_CHECK_ARGS_H
#define UPSEC_CLI_CHECK_ARGS_H

#include <stdio.h>

#include "base/err.h"
#include "proto/nl_msg.h"

/* From the words after "registration add" (@add) or "del". UPS_E_SYNTAX and UPS_E_RANGE with a sentence in @msg. */
int ups_registration_args_parse(int argc, char **argv, bool add, struct ups_nl_registration *out,
				struct ups_errmsg *msg) __must_check;
/* From the words after "policy check", without the session description; *sdp is the word after "sdp", or "-". */
int ups_check_args_parse(int argc, char **argv, struct ups_nl_check *out, const char **sdp,
			 struct ups_errmsg *msg) __must_check;

/* Print what may follow the words given, one for each line. */
void ups_registration_args_complete(int argc, char **argv, FILE *out);
void ups_check_args_complete(int argc, char **argv, FILE *out);

#endif
