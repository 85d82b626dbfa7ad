/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies that were sent, by (source address and port, cookie): a request that comes again gets the same bytes and does not run again.
 * Two generations, swapped every 30 s, so an entry lives 30 to 60 s. Bounded in entries and bytes: when the current generation is full,
 * generations are swapped early. Replies hold keys: entries are wiped. Control thread only.
 */
#ifndef UPSEC_CTL_NG_COOKIE_H
#define UPSEC_CTL_NG_COOKIE_H

#include <stdint.h>

#include "base/text.h"
#include "upsec/abi.h"

#define UPS_NG_COOKIE_MAX 128 /* characters */
#define UPS_NG_COOKIE_NS (30ULL * 1000000000ULL)
#define UPS_NG_COOKIES_MAX 65536 /* entries of a generation */
#define UPS_NG_COOKIE_BYTES_MAX (64u << 20) /* of a generation */

struct ups_ng_cookie;
struct ups_ng_cookies {
	struct ups_ng_cookie *generation[2]; /* [0] takes new ones */
	size_t count[2], bytes[2];
	uint64_t swap_ns; /* when the next swap is due */
};

/* The reply, or { NULL, 0 }. Valid until the next call. */
struct ups_text ups_ng_cookies_find(struct ups_ng_cookies *cookies, const struct ups_addr *source,
				    struct ups_text cookie, uint64_t now_ns);
/* Copies @reply. Without memory it is not kept. */
void ups_ng_cookies_add(struct ups_ng_cookies *cookies, const struct ups_addr *source,
			struct ups_text cookie, struct ups_text reply, uint64_t now_ns);
void ups_ng_cookies_fini(struct ups_ng_cookies *cookies);

#endif
