/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of the command line: abbreviations and numbers. */
#ifndef UPSEC_CLI_MATCH_H
#define UPSEC_CLI_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPS_MATCH_NONE (-1)
#define UPS_MATCH_AMBIGUOUS (-2)

/*
 * Which of @count words @word is: the whole word, or the beginning of exactly one. @words points at the first "const char *",
 * the next is @stride bytes on; NULL entries never match. -> index, UPS_MATCH_NONE, UPS_MATCH_AMBIGUOUS
 */
int ups_match(const char *word, const char *const *words, size_t stride, unsigned int count);
/* Decimal number 0..max, all of @text. */
bool ups_match_number(const char *text, uint64_t max, uint64_t *out);

#endif
