// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Replies by cookie: see ng_cookie.h. */
#include "ctl/ng_cookie.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "core/table.h"

/* Bytes that are compared; the rest is zero. */
struct cookie_key {
	struct ups_addr source;
	uint32_t len;
	char cookie[UPS_NG_COOKIE_MAX];
};

struct ups_ng_cookie {
	UT_hash_handle hh;
	bool inserted; /* the table had memory for it */
	struct cookie_key key;
	size_t size;
	char reply[];
};

static bool key_init(struct cookie_key *key, const struct ups_addr *source, struct ups_text cookie)
{
	memset(key, 0, sizeof(*key));
	if (cookie.len > sizeof(key->cookie))
		return false;
	key->source = *source;
	key->len = (uint32_t)cookie.len;
	if (cookie.len)
		memcpy(key->cookie, cookie.at, cookie.len);
	return true;
}

static void entry_free(struct ups_ng_cookie *entry)
{
	ups_wipe(entry, sizeof(*entry) + entry->size);
	free(entry);
}

static void generation_clear(struct ups_ng_cookies *cookies, unsigned int i)
{
	struct ups_ng_cookie *entry = cookies->generation[i], *next;

	HASH_CLEAR(hh, cookies->generation[i]);
	for (; entry; entry = next) {
		next = entry->hh.next;
		entry_free(entry);
	}
	cookies->count[i] = 0;
	cookies->bytes[i] = 0;
}

static void swap(struct ups_ng_cookies *cookies, uint64_t now_ns)
{
	generation_clear(cookies, 1);
	cookies->generation[1] = cookies->generation[0];
	cookies->count[1] = cookies->count[0];
	cookies->bytes[1] = cookies->bytes[0];
	cookies->generation[0] = NULL;
	cookies->count[0] = 0;
	cookies->bytes[0] = 0;
	cookies->swap_ns = now_ns + UPS_NG_COOKIE_NS;
}

static void swap_if_due(struct ups_ng_cookies *cookies, uint64_t now_ns)
{
	if (now_ns < cookies->swap_ns)
		return;
	if (now_ns >= cookies->swap_ns + UPS_NG_COOKIE_NS)
		swap(cookies, now_ns); /* nothing came for so long that both are too old */
	swap(cookies, now_ns);
}

struct ups_text ups_ng_cookies_find(struct ups_ng_cookies *cookies, const struct ups_addr *source,
				    struct ups_text cookie, uint64_t now_ns)
{
	struct ups_ng_cookie *entry = NULL;
	struct cookie_key key;

	swap_if_due(cookies, now_ns);
	if (!key_init(&key, source, cookie))
		return (struct ups_text) { NULL, 0 };
	for (unsigned int i = 0; i < 2 && !entry; i++)
		HASH_FIND(hh, cookies->generation[i], &key, sizeof(key), entry);
	return entry ? (struct ups_text) { entry->reply, entry->size }
		     : (struct ups_text) { NULL, 0 };
}

static bool insert(struct ups_ng_cookies *cookies, struct ups_ng_cookie *entry)
{
	entry->inserted = true;
	HASH_ADD(hh, cookies->generation[0], key, sizeof(entry->key), entry);
	return entry->inserted;
}

void ups_ng_cookies_add(struct ups_ng_cookies *cookies, const struct ups_addr *source,
			struct ups_text cookie, struct ups_text reply, uint64_t now_ns)
{
	struct ups_ng_cookie *entry;

	swap_if_due(cookies, now_ns);
	if (cookies->count[0] >= UPS_NG_COOKIES_MAX ||
	    cookies->bytes[0] + reply.len > UPS_NG_COOKIE_BYTES_MAX)
		swap(cookies, now_ns);
	entry = malloc(sizeof(*entry) + reply.len);
	if (!entry)
		return;
	memset(entry, 0, sizeof(*entry));
	entry->size = reply.len;
	memcpy(entry->reply, reply.at, reply.len);
	if (!key_init(&entry->key, source, cookie) || !insert(cookies, entry)) {
		entry_free(entry);
		return;
	}
	cookies->count[0]++;
	cookies->bytes[0] += reply.len;
}

void ups_ng_cookies_fini(struct ups_ng_cookies *cookies)
{
	generation_clear(cookies, 0);
	generation_clear(cookies, 1);
}
