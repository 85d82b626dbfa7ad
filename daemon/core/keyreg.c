// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Register of keys: a hash table of the keys in use, and the history as two generations of open-addressing tables: when
 * the newer one holds half of the bound, it becomes the older one and the older one is dropped. Control thread only.
 */
#include "core/keyreg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "core/table.h"

#define SECRET_SIZE 32
#define FIRST_ROOM 64 /* entries a new generation is sized for */

/* All zeros = empty place: a digest is never zero, see digest_of(). */
struct digest {
	uint8_t byte[UPS_KEYREG_DIGEST];
};

struct ups_keyreg_entry {
	struct digest digest;
	bool tx;
	bool kept; /* belongs into the history */
	bool inserted;
	UT_hash_handle hh;
};

struct generation {
	struct digest *place; /* [2 * room]: at most half full */
	bool *tx; /* [2 * room]: a key we sent with */
	uint32_t room, count;
};

struct ups_keyreg {
	EVP_MAC_CTX *mac; /* HMAC under the secret, which only OpenSSL has */
	struct ups_keyreg_entry *live;
	struct generation newer, older;
	uint32_t half; /* entries of a full generation */
	uint64_t forgotten;
};

static void generation_fini(struct generation *g)
{
	free(g->place);
	free(g->tx);
	*g = (struct generation) {};
}

/* -> the place of @d, or the empty place where it belongs; the table is never full */
static uint32_t generation_find(const struct generation *g, const struct digest *d)
{
	static const struct digest empty;
	uint32_t mask = 2 * g->room - 1;
	uint32_t at;

	memcpy(&at, d->byte, sizeof(at)); /* keyed digest: nobody outside can choose collisions */
	for (at &= mask;; at = (at + 1) & mask) {
		if (!memcmp(&g->place[at], d, sizeof(*d)) ||
		    !memcmp(&g->place[at], &empty, sizeof(empty)))
			return at;
	}
}

static void generation_add(struct generation *g, const struct digest *d, bool tx)
{
	uint32_t at = generation_find(g, d);

	if (memcmp(&g->place[at], d, sizeof(*d)))
		g->count++;
	g->place[at] = *d;
	g->tx[at] |= tx;
}

/* -> whether @d was used; *tx whether by us for sending */
static bool generation_has(const struct generation *g, const struct digest *d, bool *tx)
{
	uint32_t at;

	if (!g->room)
		return false;
	at = generation_find(g, d);
	if (memcmp(&g->place[at], d, sizeof(*d)))
		return false;
	*tx |= g->tx[at];
	return true;
}

static int generation_init(struct generation *g, uint32_t room)
{
	*g = (struct generation) { .room = room };
	g->place = calloc(2 * (size_t)room, sizeof(*g->place));
	g->tx = calloc(2 * (size_t)room, sizeof(*g->tx));
	if (g->place && g->tx)
		return 0;
	generation_fini(g);
	return -ENOMEM;
}

static int generation_grow(struct generation *g, uint32_t room)
{
	struct generation bigger;
	int err = generation_init(&bigger, room);

	if (err)
		return err;
	for (uint32_t at = 0; at < 2 * g->room; at++) {
		static const struct digest empty;

		if (memcmp(&g->place[at], &empty, sizeof(empty)))
			generation_add(&bigger, &g->place[at], g->tx[at]);
	}
	generation_fini(g);
	*g = bigger;
	return 0;
}

/* Keyed once: to set up HMAC for each digest would take most of its time. */
static int open_mac(struct ups_keyreg *reg)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	uint8_t secret[SECRET_SIZE];
	EVP_MAC *mac;
	int err = ups_random(secret, sizeof(secret));

	if (err)
		return err;
	mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	reg->mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the context holds on to it */
	if (!reg->mac)
		err = -ENOMEM;
	else if (!EVP_MAC_init(reg->mac, secret, sizeof(secret), params))
		err = -EIO;
	ups_wipe(secret, sizeof(secret));
	return err;
}

int ups_keyreg_create(uint32_t history, struct ups_keyreg **out)
{
	struct ups_keyreg *reg;
	int err;

	if (history < 64 || (history & (history - 1)))
		return UPS_E_RANGE;
	reg = calloc(1, sizeof(*reg));
	if (!reg)
		return -ENOMEM;
	reg->half = history / 2;
	err = open_mac(reg);
	if (!err)
		err = generation_init(&reg->newer, reg->half < FIRST_ROOM ? reg->half : FIRST_ROOM);
	if (err) {
		ups_keyreg_destroy(reg);
		return err;
	}
	*out = reg;
	return 0;
}

void ups_keyreg_destroy(struct ups_keyreg *reg)
{
	struct ups_keyreg_entry *entry, *next;

	if (!reg)
		return;
	entry = reg->live;
	HASH_CLEAR(hh, reg->live); /* the table; the entries are still a list */
	for (; entry; entry = next) {
		next = entry->hh.next;
		free(entry);
	}
	generation_fini(&reg->newer);
	generation_fini(&reg->older);
	EVP_MAC_CTX_free(reg->mac);
	free(reg);
}

int ups_keyreg_reserve(struct ups_keyreg *reg, unsigned int count)
{
	struct generation fresh;
	uint32_t room = reg->newer.room;
	int err;

	if (count > reg->half)
		return UPS_E_RANGE;
	if (reg->newer.count + count > reg->half) {
		err = generation_init(&fresh, reg->half);
		if (err)
			return err;
		reg->forgotten += reg->older.count;
		generation_fini(&reg->older);
		reg->older = reg->newer;
		reg->newer = fresh;
		return 0;
	}
	while (room < reg->newer.count + count)
		room *= 2;
	return room == reg->newer.room ? 0 : generation_grow(&reg->newer, room);
}

static int digest_of(const struct ups_keyreg *reg, const uint8_t *key, size_t size,
		     struct digest *out)
{
	uint8_t full[EVP_MAX_MD_SIZE];
	size_t full_size;

	if (!EVP_MAC_init(reg->mac, NULL, 0, NULL) || !EVP_MAC_update(reg->mac, key, size) ||
	    !EVP_MAC_final(reg->mac, full, &full_size, sizeof(full)))
		return -EIO;
	memcpy(out->byte, full, sizeof(out->byte));
	out->byte[UPS_KEYREG_DIGEST - 1] |= 1; /* zero marks an empty place */
	ups_wipe(full, sizeof(full));
	return 0;
}

/* Rules of the header. */
static bool is_refused(const struct ups_keyreg *reg, const struct digest *d, bool tx)
{
	struct ups_keyreg_entry *live;
	bool was_tx = false, was_used;

	HASH_FIND(hh, reg->live, d, sizeof(*d), live);
	if (live)
		return true;
	was_used = generation_has(&reg->newer, d, &was_tx);
	was_used |= generation_has(&reg->older, d, &was_tx);
	return tx ? was_used : was_tx;
}

int ups_keyreg_hold(struct ups_keyreg *reg, const uint8_t *key, size_t size, bool tx,
		    struct ups_keyreg_entry **out)
{
	struct ups_keyreg_entry *entry;
	struct digest d;
	int err = digest_of(reg, key, size, &d);

	if (err)
		return err;
	if (is_refused(reg, &d, tx))
		return UPS_E_KEY_REUSED;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	*entry = (struct ups_keyreg_entry) { .digest = d, .tx = tx, .inserted = true };
	HASH_ADD(hh, reg->live, digest, sizeof(entry->digest), entry);
	if (!entry->inserted) {
		free(entry);
		return -ENOMEM;
	}
	*out = entry;
	return 0;
}

void ups_keyreg_keep(struct ups_keyreg *reg, struct ups_keyreg_entry *entry)
{
	entry->kept = true;
	generation_add(&reg->newer, &entry->digest, entry->tx);
}

static bool is_known(const struct ups_keyreg *reg, const struct digest *d)
{
	bool tx = false;

	return generation_has(&reg->newer, d, &tx) || generation_has(&reg->older, d, &tx);
}

void ups_keyreg_release(struct ups_keyreg *reg, struct ups_keyreg_entry *entry)
{
	if (!entry)
		return;
	/* The history may have dropped a key that was in use for long. */
	if (entry->kept && !is_known(reg, &entry->digest) && !ups_keyreg_reserve(reg, 1))
		generation_add(&reg->newer, &entry->digest, entry->tx);
	HASH_DELETE(hh, reg->live, entry);
	free(entry);
}

unsigned int ups_keyreg_live(const struct ups_keyreg *reg)
{
	return HASH_COUNT(reg->live);
}

uint64_t ups_keyreg_forgotten(const struct ups_keyreg *reg)
{
	return reg->forgotten;
}
