/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From YAML text to a tree of texts: libcyaml with a schema made from config_table.h. Checks the shape (unknown and missing
 * keys, mapping or list where one belongs); what a value means is config.c's. Every leaf is a string or NULL.
 */
#ifndef UPSEC_APP_SCHEMA_H
#define UPSEC_APP_SCHEMA_H

#include <stddef.h>

#include "app/config_table.h"
#include "app/lines.h"
#include "base/err.h"

#define UPS_X_TEXT(member, key, kind, dest, low, high, words, def, text) char *member;
#define UPS_X_RAW(SECTION, member, path)          \
	struct ups_raw_##member {                 \
		UPS_OPTIONS_##SECTION(UPS_X_TEXT) \
	};
UPS_SECTIONS(UPS_X_RAW)

struct ups_raw_iface {
	UPS_OPTIONS_IFACE(UPS_X_TEXT)
};

#define UPS_Y_TEXTS(member, key, most, def, text) \
	char **member;                            \
	unsigned int member##_count;

struct ups_raw_rule {
	UPS_OPTIONS_RULE(UPS_X_TEXT)
	UPS_LISTS_RULE(UPS_Y_TEXTS)
};

struct ups_raw_source {
	UPS_OPTIONS_SOURCE(UPS_X_TEXT)
};

struct ups_raw_ng {
	UPS_OPTIONS_NG(UPS_X_TEXT)
	UPS_LISTS_NG(UPS_Y_TEXTS)
	struct ups_raw_source *allow;
	unsigned int allow_count;
};

struct ups_raw_control {
	struct ups_raw_netlink *netlink;
	struct ups_raw_ng *ng;
};

struct ups_raw {
	UPS_OPTIONS_ROOT(UPS_X_TEXT)
	struct ups_raw_iface *iface;
	unsigned int iface_count;
	struct ups_raw_xdp *xdp;
	struct ups_raw_limits *limits;
	struct ups_raw_control *control;
	struct ups_raw_rule *rule;
	unsigned int rule_count;
	struct ups_raw_crypto *crypto;
	struct ups_raw_timeouts *timeouts;
	struct ups_raw_dtls *dtls;
	struct ups_raw_log *log;
};
#undef UPS_X_RAW
#undef UPS_Y_TEXTS
#undef UPS_X_TEXT

/* UPS_E_SYNTAX with @msg "name:line: path: what is wrong", -ENOMEM. @lines: of the same text. */
int ups_schema_load(const char *name, const void *text, size_t size, const struct ups_lines *lines,
		    struct ups_raw **out, struct ups_errmsg *msg) __must_check;
void ups_schema_free(struct ups_raw *raw);

#endif
