/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Protocol objects as JSON, by their tables (proto/nl.h): the names there are stable.
 *
 *	integer with words -> the word	flag -> true or false		addr -> {"ip", "port"}	bytes -> hex
 *	counts -> object by reason, those not 0			nest -> array; those of at most one: object or null
 *
 * ip -> "ip". Secrets and blobs have no JSON form. Addresses that are unset and strings that are empty are null.
 */
#ifndef UPSEC_CLI_JSON_H
#define UPSEC_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "proto/nl.h"

/* A new reference, or NULL without memory. */
json_t *ups_json_object(const struct ups_nl_object *object, const void *from);
/* Writes @value and takes it; @compact: on one line. -> -ENOMEM, -EIO or 0 */
int ups_json_print(FILE *out, json_t *value, bool compact);

#endif
