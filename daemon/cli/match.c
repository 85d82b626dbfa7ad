// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Abbreviations and numbers: see match.h. */
#include "cli/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ups_match(const char *word, const char *const *words, size_t stride, unsigned int count)
{
	size_t len = strlen(word);
	int found = UPS_MATCH_NONE;
	const char *same = NULL;

	if (!len)
		return UPS_MATCH_NONE;
	for (unsigned int i = 0; i < count; i++) {
		const char *w =
			*(const char *const *)(const void *)((const char *)words + i * stride);

		if (!w || strncmp(w, word, len))
			continue;
		if (!w[len])
			return (int)i;
		/* Rows of one table may repeat a word. */
		if (found >= 0 && strcmp(same, w))
			found = UPS_MATCH_AMBIGUOUS;
		if (found == UPS_MATCH_NONE) {
			found = (int)i;
			same = w;
		}
	}
	return found;
}

bool ups_match_number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || n > max)
		return false;
	*out = n;
	return true;
}
