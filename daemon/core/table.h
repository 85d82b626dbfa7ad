/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uthash as the core uses it: running out of memory is an error of the caller's, not the end of the process (the element's
 * member `inserted` tells), and the hash is FNV-1a, whose code has no fall-through for compilers to complain of. It is not keyed: whoever
 * chooses session ids that collide makes a look-up walk them, of which there are at most limits.sessions.
 * Include instead of uthash.h.
 */
#ifndef UPSEC_CORE_TABLE_H
#define UPSEC_CORE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->inserted = false)
#define HASH_FUNCTION(key, size, value) ((value) = ups_table_hash(key, size))

#include <uthash.h>

static inline uint32_t ups_table_hash(const void *key, size_t size)
{
	const uint8_t *byte = key;
	uint32_t value = 2166136261u;

	for (size_t i = 0; i < size; i++)
		value = (value ^ byte[i]) * 16777619u;
	return value;
}

#endif
