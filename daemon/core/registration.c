// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Registrations: a hash table of addresses, each with a list of its sources, and one array of all sources in the order they
 * came, in which a removed one leaves a hole until holes are the half: so a walk finds its place again by bisection.
 */
#include "core/registration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "core/table.h"

#define FIRST_ROOM 64 /* places of the order to begin with */

struct source {
	struct source *next; /* of the same address */
	struct party *party;
	struct ups_addr addr; /* port 0 */
	uint64_t expires_ns;
	uint64_t serial; /* of its addition */
	uint64_t touched; /* serial of its last renewal */
};

struct party {
	struct source *sources;
	unsigned int count;
	bool inserted;
	UT_hash_handle hh;
	char address[]; /* normalised */
};

struct place {
	uint64_t serial;
	struct source *source; /* NULL = hole */
};

struct ups_registrations {
	struct party *parties;
	uint32_t limit;
	struct place *order;
	size_t used, room, holes;
	uint64_t serial; /* last one given */
	uint64_t earliest_ns; /* nothing expires before */
	unsigned int count; /* sources */
};

int ups_registrations_create(uint32_t limit, struct ups_registrations **out)
{
	struct ups_registrations *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->limit = limit;
	r->earliest_ns = UINT64_MAX;
	*out = r;
	return 0;
}

static void party_destroy(struct party *party)
{
	struct source *source, *next;

	for (source = party->sources; source; source = next) {
		next = source->next;
		free(source);
	}
	free(party);
}

void ups_registrations_destroy(struct ups_registrations *r)
{
	struct party *party, *next;

	if (!r)
		return;
	party = r->parties;
	HASH_CLEAR(hh, r->parties); /* the table; the parties are still a list */
	for (; party; party = next) {
		next = party->hh.next;
		party_destroy(party);
	}
	free(r->order);
	free(r);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static void lower_text(char *from, const char *end)
{
	for (; from < end; from++)
		*from = lower(*from);
}

/* Without the scheme of SIP, under which most addresses are known. */
static struct ups_text without_scheme(struct ups_text a)
{
	struct ups_text rest = a, scheme = ups_text_cut(&rest, ':');

	if (scheme.len == a.len ||
	    (!ups_text_same(scheme, UPS_TEXT("sip")) && !ups_text_same(scheme, UPS_TEXT("sips"))))
		return a;
	return rest;
}

/* Parameters stand behind the domain; a ';' before the '@' belongs to the user part. */
static struct ups_text without_parameters(struct ups_text a)
{
	const char *at = a.len ? memchr(a.at, '@', a.len) : NULL;
	size_t user = at ? (size_t)(at - a.at) : 0;
	struct ups_text rest = { a.at + user, a.len - user };

	a.len = user + ups_text_cut(&rest, ';').len;
	return a;
}

int ups_cpm_address_normalise(struct ups_text address, char out[static UPS_CPM_ADDRESS_MAX])
{
	char *domain, *colon;

	address = without_parameters(without_scheme(address));
	if (!address.len || !ups_text_copy(address, out, UPS_CPM_ADDRESS_MAX))
		return UPS_E_SYNTAX;
	for (const char *c = out; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return UPS_E_SYNTAX;
	}
	domain = strchr(out, '@');
	colon = strchr(out, ':');
	if (colon && domain && colon < domain)
		lower_text(out, colon); /* another scheme */
	lower_text(domain ? domain : out, out + address.len);
	return 0;
}

static struct party *find_party(const struct ups_registrations *r, struct ups_text address)
{
	char name[UPS_CPM_ADDRESS_MAX];
	struct party *party = NULL;

	if (!ups_cpm_address_normalise(address, name))
		HASH_FIND(hh, r->parties, name, strlen(name), party);
	return party;
}

static struct source *find_source(const struct party *party, const struct ups_addr *addr)
{
	struct source *source = party ? party->sources : NULL;

	while (source && !ups_addr_same_ip(&source->addr, addr))
		source = source->next;
	return source;
}

static void close_holes(struct ups_registrations *r)
{
	size_t to = 0;

	for (size_t from = 0; from < r->used; from++) {
		if (r->order[from].source)
			r->order[to++] = r->order[from];
	}
	r->used = to;
	r->holes = 0;
}

/* A free place at the end of the order */
static int make_place(struct ups_registrations *r)
{
	size_t room = r->room ? 2 * r->room : FIRST_ROOM;
	struct place *order;

	if (r->used < r->room)
		return 0;
	order = reallocarray(r->order, room, sizeof(*order));
	if (!order)
		return -ENOMEM;
	r->order = order;
	r->room = room;
	return 0;
}

/* First place whose serial is greater than @serial */
static size_t place_after(const struct ups_registrations *r, uint64_t serial)
{
	size_t low = 0, high = r->used;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->order[middle].serial <= serial)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct party *add_party(struct ups_registrations *r, const char *address)
{
	size_t len = strlen(address);
	struct party *party = calloc(1, sizeof(*party) + len + 1);

	if (!party)
		return NULL;
	memcpy(party->address, address, len + 1);
	party->inserted = true;
	HASH_ADD_KEYPTR(hh, r->parties, party->address, len, party);
	if (party->inserted)
		return party;
	free(party);
	return NULL;
}

static void del_party(struct ups_registrations *r, struct party *party)
{
	HASH_DEL(r->parties, party);
	free(party);
}

static void renew(struct ups_registrations *r, struct source *source, uint64_t expires_ns)
{
	source->expires_ns = expires_ns;
	source->touched = ++r->serial;
	if (expires_ns < r->earliest_ns)
		r->earliest_ns = expires_ns;
}

static int add_source(struct ups_registrations *r, struct party *party, const struct ups_addr *addr,
		      uint64_t expires_ns)
{
	struct source *source;
	int err = make_place(r);

	if (err)
		return err;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->party = party;
	source->addr = *addr;
	source->addr.port = 0;
	source->next = party->sources;
	party->sources = source;
	party->count++;
	renew(r, source, expires_ns);
	source->serial = source->touched;
	r->order[r->used++] = (struct place) { source->serial, source };
	r->count++;
	return 0;
}

static int add_new(struct ups_registrations *r, const char *name, const struct ups_addr *addr,
		   uint64_t expires_ns, struct ups_errmsg *msg)
{
	struct party *party;
	int err;

	HASH_FIND(hh, r->parties, name, strlen(name), party);
	if (party && party->count == UPS_REGISTRATION_SOURCES_MAX)
		return ups_fail(msg, UPS_E_LIMIT,
				"%s has %u registered sources already: remove one that is gone",
				name, party->count);
	if (!party && HASH_COUNT(r->parties) >= r->limit)
		return ups_fail(msg, UPS_E_LIMIT,
				"%u addresses are registered: limits.registrations allows no more",
				(unsigned int)r->limit);
	if (!party)
		party = add_party(r, name);
	if (!party)
		return ups_fail(msg, -ENOMEM, "no memory for another registration");
	err = add_source(r, party, addr, expires_ns);
	if (err && !party->count)
		del_party(r, party);
	return err ? ups_fail(msg, err, "no memory for another registration") : 0;
}

int ups_registrations_add(struct ups_registrations *r, struct ups_text address,
			  const struct ups_addr *source, uint64_t expires_ns,
			  struct ups_errmsg *msg)
{
	char name[UPS_CPM_ADDRESS_MAX];
	struct source *known;

	if (ups_cpm_address_normalise(address, name))
		return ups_fail(msg, UPS_E_SYNTAX,
				"a CPM Address has 1 to %u characters without blanks, such as "
				"sip:alice@example.net or tel:+15550100",
				UPS_CPM_ADDRESS_MAX - 1);
	known = find_source(find_party(r, address), source);
	if (!known)
		return add_new(r, name, source, expires_ns, msg);
	renew(r, known, expires_ns);
	return 0;
}

/* With its last source a party goes too. */
static void del_source(struct ups_registrations *r, struct source *source)
{
	struct party *party = source->party;
	struct source **link = &party->sources;

	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	r->order[place_after(r, source->serial) - 1].source = NULL;
	r->holes++;
	r->count--;
	free(source);
	if (!--party->count)
		del_party(r, party);
	if (r->holes > r->used / 2)
		close_holes(r);
}

unsigned int ups_registrations_del(struct ups_registrations *r, struct ups_text address,
				   const struct ups_addr *source)
{
	struct party *party = find_party(r, address);
	unsigned int count = party ? party->count : 0;
	struct source *one;

	if (source) {
		one = find_source(party, source);
		if (one)
			del_source(r, one);
		return one ? 1 : 0;
	}
	for (unsigned int i = count; i; i--)
		del_source(r, party->sources); /* the last one takes the party along */
	return count;
}

static bool is_valid(const struct source *source, uint64_t now_ns)
{
	return source && source->expires_ns > now_ns;
}

static const struct source *newest(const struct party *party, uint64_t now_ns)
{
	const struct source *best = NULL;

	for (const struct source *s = party ? party->sources : NULL; s; s = s->next) {
		if (is_valid(s, now_ns) && (!best || s->touched > best->touched))
			best = s;
	}
	return best;
}

bool ups_registrations_valid(const struct ups_registrations *r, struct ups_text address,
			     const struct ups_addr *source, uint64_t now_ns)
{
	const struct party *party = find_party(r, address);

	return is_valid(source ? find_source(party, source) : newest(party, now_ns), now_ns);
}

bool ups_registrations_source(const struct ups_registrations *r, struct ups_text address,
			      const struct ups_addr *wanted, uint64_t now_ns, struct ups_addr *out)
{
	const struct party *party = find_party(r, address);
	const struct source *source = wanted ? find_source(party, wanted) : NULL;

	if (!is_valid(source, now_ns))
		source = newest(party, now_ns);
	if (source)
		*out = source->addr;
	return source;
}

static void show_source(const struct source *source, struct ups_registration *out)
{
	memcpy(out->address, source->party->address, strlen(source->party->address) + 1);
	out->source = source->addr;
	out->expires_ns = source->expires_ns;
}

unsigned int ups_registrations_expire_each(struct ups_registrations *r, uint64_t now_ns,
					   void (*gone)(void *aux,
							const struct ups_registration *which),
					   void *aux)
{
	struct ups_registration which;
	unsigned int before = r->count;
	uint64_t earliest = UINT64_MAX;

	if (now_ns < r->earliest_ns)
		return 0;
	for (size_t i = 0; i < r->used; i++) {
		struct source *source = r->order[i].source;
		uint64_t serial = r->order[i].serial;

		if (source && source->expires_ns <= now_ns) {
			show_source(source, &which);
			gone(aux, &which);
			del_source(r, source);
			i = place_after(r, serial) - 1; /* holes may have been closed */
		} else if (source && source->expires_ns < earliest) {
			earliest = source->expires_ns;
		}
	}
	r->earliest_ns = earliest;
	return before - r->count;
}

static void tell_nobody(void *aux, const struct ups_registration *which)
{
	(void)aux;
	(void)which;
}

unsigned int ups_registrations_expire(struct ups_registrations *r, uint64_t now_ns)
{
	return ups_registrations_expire_each(r, now_ns, tell_nobody, NULL);
}

unsigned int ups_registrations_count(const struct ups_registrations *r)
{
	return r->count;
}

bool ups_registrations_next(const struct ups_registrations *r,
			    struct ups_registration_cursor *cursor, struct ups_registration *out)
{
	for (size_t i = place_after(r, cursor->serial); i < r->used; i++) {
		const struct source *source = r->order[i].source;

		if (!source)
			continue;
		show_source(source, out);
		cursor->serial = source->serial;
		return true;
	}
	return false;
}
