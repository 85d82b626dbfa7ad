/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows of config_table.h as data, and the readers of their values, shared by config.c and config_policy.c. Every failure is a
 * message with file, line and path of the option in hand.
 */
#ifndef UPSEC_APP_CONFIG_READER_H
#define UPSEC_APP_CONFIG_READER_H

#include <stddef.h>
#include <stdint.h>

#include "app/lines.h"
#include "base/err.h"
#include "upsec/abi.h"

enum ups_option_kind {
	UPS_OPT_NUMBER,
	UPS_OPT_WORD,
	UPS_OPT_CHOICE,
	UPS_OPT_NAME,
	UPS_OPT_DEVICE,
	UPS_OPT_ADDR4,
	UPS_OPT_ADDR6,
	UPS_OPT_PATH,
	UPS_OPT_OTHER,
};

struct ups_option {
	const char *key;
	enum ups_option_kind kind;
	size_t raw; /* offset of the text in the section's raw structure */
	size_t dest, dest_size; /* of the value in the configuration, the interface or the rule */
	uint64_t low, high;
	const char *const *words; /* ends with NULL; the index is the value */
	const char *fallback;
};

/* A row: UPS_RAW and UPS_DEST are defined as the two structures. */
#define UPS_X_OPTION(member, key, kind, where, low, high, words, def, text) \
	{ key,                                                              \
	  UPS_OPT_##kind,                                                   \
	  offsetof(UPS_RAW, member),                                        \
	  offsetof(UPS_DEST, where),                                        \
	  sizeof(((UPS_DEST *)NULL)->where),                                \
	  low,                                                              \
	  high,                                                             \
	  words,                                                            \
	  def },

struct ups_reader {
	const char *name; /* of the document */
	const struct ups_lines
		*lines; /* NULL: not from a document; @name is all that tells the place */
	struct ups_errmsg *msg;
	char path[UPS_LINES_PATH]; /* of the option in hand */
};

/* "name:line: path: ..." -> @err */
int ups_reader_fail(const struct ups_reader *r, int err, const char *fmt, ...) __printf_like(3, 4);
/* One value. UPS_E_SYNTAX, UPS_E_RANGE */
int ups_reader_option(const struct ups_reader *r, const struct ups_option *o, const char *text,
		      void *to) __must_check;
void ups_reader_at(struct ups_reader *r, const char *section, const char *key);
/* @raw: the section as loaded, NULL = not in the document. UPS_E_SYNTAX, UPS_E_RANGE. */
int ups_reader_section(struct ups_reader *r, const char *section, const struct ups_option *options,
		       size_t count, const void *raw, void *dest) __must_check;
/* "192.0.2.0/24", or an address alone. @bits on the 16-byte form. */
int ups_reader_network(const struct ups_reader *r, const char *text, struct ups_addr *network,
		       uint8_t *bits) __must_check;

/* A value as messages show it: cut, and without control characters. */
struct ups_shown {
	char text[48];
};
struct ups_shown ups_shown(const char *value);

#endif
