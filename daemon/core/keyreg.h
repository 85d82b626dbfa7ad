/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The register of master keys: which are in use, and which were, so that no key ever encrypts twice from index 0
 * (RFC 3711 9.1, RFC 4568 7.1.2: "two-time pad").
 *
 * It keeps no keys: an entry is HMAC-SHA256 of the master key under a random key of this process, cut to 16 bytes. Only
 * the key counts, not the salt or the suite: a key under another salt or suite is still refused, since some of these pairs
 * give the same key stream (a 12-byte salt is a 14-byte salt that ends in zeros; the tag length changes nothing).
 *
 * Rules (see core.h): a transmit key must equal no key in use and no key ever used before; a receive key must equal no
 * key in use and none that we ever sent with.
 *
 * Memory is bounded: keys in use are remembered without limit (there are as many as key slots); of the others at least
 * the last UPS_KEYREG_HISTORY / 2 and at most UPS_KEYREG_HISTORY, 32 bytes each. ups_keyreg_forgotten() tells when the
 * oldest half was dropped. Refusing calls instead would let anybody who can place calls stop the service; two keys drawn
 * at random never meet, so what is lost is the notice of a peer that repeats a key after more than half a million others.
 *
 *	reserve(n), hold() each key; then keep() each on commit, or release() each on abort; release() when the session ends
 *
 * Only reserve and hold can fail. Control thread only.
 */
#ifndef UPSEC_CORE_KEYREG_H
#define UPSEC_CORE_KEYREG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define UPS_KEYREG_HISTORY (1u << 20)
#define UPS_KEYREG_DIGEST 16 /* bytes */

struct ups_keyreg;
struct ups_keyreg_entry; /* a key in use; handle of its holder */

/* @history: entries at most, a power of two >= 64; UPS_KEYREG_HISTORY except in tests. -ENOMEM, -errno. */
int ups_keyreg_create(uint32_t history, struct ups_keyreg **out) __must_check;
void ups_keyreg_destroy(struct ups_keyreg *reg);

/* Room in the history for @count keys, so that keep() cannot fail. -ENOMEM, UPS_E_RANGE. */
int ups_keyreg_reserve(struct ups_keyreg *reg, unsigned int count) __must_check;
/* @key: master key of @size bytes without salt. UPS_E_KEY_REUSED; -ENOMEM; -EIO when the digest fails. */
int ups_keyreg_hold(struct ups_keyreg *reg, const uint8_t *key, size_t size, bool tx,
		    struct ups_keyreg_entry **out) __must_check;
/* The key is used from now on: it enters the history. */
void ups_keyreg_keep(struct ups_keyreg *reg, struct ups_keyreg_entry *entry);
/* Out of use. A key that was never kept leaves no trace. NULL is allowed. */
void ups_keyreg_release(struct ups_keyreg *reg, struct ups_keyreg_entry *entry);

unsigned int ups_keyreg_live(const struct ups_keyreg *reg);
/* Keys dropped from the history so far. */
uint64_t ups_keyreg_forgotten(const struct ups_keyreg *reg);

#endif
