/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Key material. Every master key or derived key lives in a struct ups_secret, or in a structure whose owner wipes it
 * with ups_wipe(); locals use UPS_SECRET, which wipes at scope exit. There is no function that prints one.
 * Comparison of tags, keys and fingerprints: ups_equal() only (constant time in the contents, not in the size).
 */
#ifndef UPSEC_BASE_SECRET_H
#define UPSEC_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define UPS_SECRET_MAX 64 /* bytes; a 256-bit key with a 14-byte salt is 46 */

struct ups_secret {
	uint8_t size;
	uint8_t data[UPS_SECRET_MAX];
};

void ups_wipe(void *p, size_t size);
void ups_secret_wipe(struct ups_secret *s);
/* Copies @size bytes. UPS_E_KEY_LENGTH if they do not fit. */
int ups_secret_set(struct ups_secret *s, const void *data, size_t size) __must_check;
bool ups_equal(const void *a, const void *b, size_t size);
/* Decodes base64 of @len characters, with or without '=' padding (RFC 4568 6.1). UPS_E_SYNTAX, UPS_E_KEY_LENGTH. */
int ups_secret_from_base64(struct ups_secret *s, const char *text, size_t len) __must_check;
/* Cryptographic random bytes (getrandom). -errno. */
int ups_random(void *p, size_t size) __must_check;

#define UPS_SECRET __attribute__((cleanup(ups_secret_wipe))) struct ups_secret

#endif
