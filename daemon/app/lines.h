/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where each key of a YAML document stands: "interfaces[0].port-min" -> line 12. libcyaml checks a document against
 * a schema but tells nothing about lines once it is loaded, and the rules between options are checked after that.
 *
 * ups_lines_init() also refuses what a configuration has no use for: syntax errors, aliases, a second document, the same key
 * twice, keys that are not plain text, deep nesting. Bounded by the size of the document.
 */
#ifndef UPSEC_APP_LINES_H
#define UPSEC_APP_LINES_H

#include <stddef.h>

#include "base/err.h"

#define UPS_LINES_PATH 128 /* longest path, with NUL */

struct ups_line {
	char path[UPS_LINES_PATH];
	unsigned int line; /* from 1 */
};

struct ups_lines {
	struct ups_line *at;
	size_t count, room;
};

/* UPS_E_SYNTAX with @msg "line:column: problem" (the caller puts the file name in front), -ENOMEM. */
int ups_lines_init(struct ups_lines *lines, const void *text, size_t size,
		   struct ups_errmsg *msg) __must_check;
void ups_lines_fini(struct ups_lines *lines);
/* Line of @path, or of the nearest enclosing element that is in the document; at least 1. */
unsigned int ups_lines_find(const struct ups_lines *lines, const char *path);

#endif
