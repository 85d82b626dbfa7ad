// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lists of m-lines: copied whole, and wiped when they go, since lines hold keys. Control thread. */
#include "core/call_priv.h"

#include <errno.h>
#include <stdlib.h>

void ups_lines_free(struct ups_lines *lines)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		if (lines->line[i])
			ups_wipe(lines->line[i], sizeof(*lines->line[i]));
		free(lines->line[i]);
	}
	*lines = (struct ups_lines) {};
}

static struct ups_line *copy_line(const struct ups_line *from)
{
	struct ups_line *to = malloc(sizeof(*to));

	if (to)
		*to = *from;
	return to;
}

int ups_lines_copy(const struct ups_lines *from, struct ups_lines *to)
{
	*to = (struct ups_lines) {};
	for (unsigned int i = 0; i < from->count; i++) {
		to->line[i] = copy_line(from->line[i]);
		if (!to->line[i]) {
			ups_lines_free(to);
			return -ENOMEM;
		}
		to->count++;
	}
	return 0;
}
