// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of CPM Addresses: normal form, sources and expiry, limits, walks; and a model that a random sequence is held against. */
#include "fixture.h"

#include "core/registration.h"

static struct ups_registrations *made(uint32_t limit)
{
	struct ups_registrations *r = NULL;

	assert_int_equal(ups_registrations_create(limit, &r), 0);
	return r;
}

static void add_to(struct ups_registrations *r, const char *address, const char *source,
		   uint64_t expires)
{
	struct ups_addr a = addr(source);
	struct ups_errmsg msg = {};

	if (ups_registrations_add(r, ups_text_of(address), &a, expires, &msg))
		fail_msg("%s", msg.text);
}

static bool valid(const struct ups_registrations *r, const char *address, const char *source,
		  uint64_t now)
{
	struct ups_addr a;

	if (!source)
		return ups_registrations_valid(r, ups_text_of(address), NULL, now);
	a = addr(source);
	return ups_registrations_valid(r, ups_text_of(address), &a, now);
}

static unsigned int del_of(struct ups_registrations *r, const char *address, const char *source)
{
	struct ups_addr a;

	if (!source)
		return ups_registrations_del(r, ups_text_of(address), NULL);
	a = addr(source);
	return ups_registrations_del(r, ups_text_of(address), &a);
}

static void addresses_have_one_normal_form(void **state)
{
	static const struct {
		const char *address, *normal; /* NULL = refused */
	} t[] = {
		{ "sip:alice@example.net", "alice@example.net" },
		{ "SIPS:alice@EXAMPLE.Net", "alice@example.net" },
		{ "alice@example.net", "alice@example.net" },
		{ "sip:Alice@example.net;transport=tls;lr", "Alice@example.net" },
		{ "sip:+15550100;phone-context=x@example.net;user=phone",
		  "+15550100;phone-context=x@example.net" },
		{ "sip:alice@example.net;x=@other.example", "alice@example.net" },
		{ "tel:+15550100", "tel:+15550100" },
		{ "TEL:+15550100;phone-context=Example.net", "tel:+15550100" },
		{ "IM:Bob@Example.net", "im:Bob@example.net" },
		{ "sip:Example.NET", "example.net" },
		{ "sip:a:b@c", "a:b@c" },
		{ "", NULL },
		{ "sip:", NULL },
		{ "sip:;lr", NULL },
		{ "sip:a b@c", NULL },
		{ "sip:a@c\r\n", NULL },
		{ "sip:a\x7f@c", NULL },
		{ "sip:a\x01@c", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char normal[UPS_CPM_ADDRESS_MAX];
		int err = ups_cpm_address_normalise(ups_text_of(t[i].address), normal);

		assert_int_equal(err, t[i].normal ? 0 : UPS_E_SYNTAX);
		if (t[i].normal)
			assert_string_equal(normal, t[i].normal);
	}
	assert_int_equal(ups_cpm_address_normalise((struct ups_text) {}, (char[256]) {}),
			 UPS_E_SYNTAX);
	assert_int_equal(ups_cpm_address_normalise(UPS_TEXT("a\0b"), (char[256]) {}), UPS_E_SYNTAX);
}

static void longest_address_fits_and_one_more_does_not(void **state)
{
	char address[UPS_CPM_ADDRESS_MAX + 1], normal[UPS_CPM_ADDRESS_MAX];

	(void)state;
	memset(address, 'a', sizeof(address));
	assert_int_equal(ups_cpm_address_normalise(
				 (struct ups_text) { address, UPS_CPM_ADDRESS_MAX - 1 }, normal),
			 0);
	assert_int_equal(strlen(normal), UPS_CPM_ADDRESS_MAX - 1);
	assert_int_equal(ups_cpm_address_normalise(
				 (struct ups_text) { address, UPS_CPM_ADDRESS_MAX }, normal),
			 UPS_E_SYNTAX);
}

static void seed_4_2_1_unregistered_address_is_not_valid(void **state)
{
	struct ups_registrations *r = made(4);

	(void)state;
	assert_false(valid(r, "sip:alice@example.net", NULL, 0));
	add_to(r, "sip:alice@example.net", "192.0.2.1", 10);
	assert_true(valid(r, "sip:alice@example.net", NULL, 0));
	assert_false(valid(r, "ALICE@example.net", NULL, 0)); /* the user part has case */
	assert_true(valid(r, "sips:alice@EXAMPLE.NET;lr", NULL, 0));
	assert_false(valid(r, "sip:bob@example.net", NULL, 0));
	assert_false(valid(r, "sip: alice@example.net", NULL, 0));
	assert_false(valid(r, "", NULL, 0));
	ups_registrations_destroy(r);
}

static void source_that_is_not_registered_is_not_valid(void **state)
{
	struct ups_registrations *r = made(4);

	(void)state;
	add_to(r, "alice@example.net", "192.0.2.1", 10);
	add_to(r, "alice@example.net", "2001:db8::1", 20);
	add_to(r, "bob@example.net", "192.0.2.2", 10);
	assert_true(valid(r, "alice@example.net", "192.0.2.1", 0));
	assert_true(valid(r, "alice@example.net", "2001:db8::1", 0));
	assert_false(valid(r, "alice@example.net", "192.0.2.2", 0)); /* bob's */
	assert_int_equal(ups_registrations_count(r), 3);
	ups_registrations_destroy(r);
}

static void each_source_expires_by_itself(void **state)
{
	struct ups_registrations *r = made(4);

	(void)state;
	add_to(r, "alice@example.net", "192.0.2.1", 10);
	add_to(r, "alice@example.net", "192.0.2.2", 20);
	add_to(r, "carol@example.net", "192.0.2.3", UINT64_MAX);
	assert_true(valid(r, "alice@example.net", "192.0.2.1", 9));
	assert_false(
		valid(r, "alice@example.net", "192.0.2.1", 10)); /* before anybody removed it */
	assert_true(valid(r, "alice@example.net", NULL, 10));
	assert_false(valid(r, "alice@example.net", NULL, 20));
	assert_int_equal(ups_registrations_expire(r, 9), 0);
	assert_int_equal(ups_registrations_expire(r, 10), 1);
	assert_int_equal(ups_registrations_expire(r, 10), 0);
	assert_int_equal(ups_registrations_expire(r, 1000), 1);
	assert_int_equal(ups_registrations_count(r), 1);
	assert_true(valid(r, "carol@example.net", NULL, UINT64_MAX - 1));
	ups_registrations_destroy(r);
}

static void adding_again_renews(void **state)
{
	struct ups_registrations *r = made(1);

	(void)state;
	add_to(r, "sip:alice@example.net", "192.0.2.1", 10);
	add_to(r, "alice@Example.net", "192.0.2.1", 30);
	assert_int_equal(ups_registrations_count(r), 1);
	assert_int_equal(ups_registrations_expire(r, 20), 0);
	assert_true(valid(r, "alice@example.net", "192.0.2.1", 20));
	add_to(r, "alice@example.net", "192.0.2.1", 25); /* less than before also holds */
	assert_int_equal(ups_registrations_expire(r, 25), 1);
	ups_registrations_destroy(r);
}

struct expired {
	unsigned int count;
	struct ups_registration last;
};

static void note_expired(void *aux, const struct ups_registration *which)
{
	struct expired *e = aux;

	e->count++;
	e->last = *which;
}

static void expiry_names_what_is_gone(void **state)
{
	struct ups_registrations *r = made(4);
	struct expired e = {};
	char source[UPS_ADDR_TEXT];

	(void)state;
	add_to(r, "sip:alice@Example.net", "192.0.2.1", 10);
	add_to(r, "bob@example.net", "192.0.2.2", 30);
	assert_int_equal(ups_registrations_expire_each(r, 9, note_expired, &e), 0);
	assert_int_equal(e.count, 0);
	assert_int_equal(ups_registrations_expire_each(r, 10, note_expired, &e), 1);
	assert_int_equal(e.count, 1);
	assert_string_equal(e.last.address, "alice@example.net");
	assert_string_equal(ups_addr_format(&e.last.source, source), "192.0.2.1");
	assert_int_equal(ups_registrations_expire_each(r, 1000, note_expired, &e), 1);
	assert_string_equal(e.last.address, "bob@example.net");
	assert_int_equal(ups_registrations_count(r), 0);
	ups_registrations_destroy(r);
}

static void removal_takes_one_source_or_all(void **state)
{
	struct ups_registrations *r = made(4);

	(void)state;
	add_to(r, "alice@example.net", "192.0.2.1", 10);
	add_to(r, "alice@example.net", "192.0.2.2", 10);
	add_to(r, "alice@example.net", "192.0.2.3", 10);
	assert_int_equal(del_of(r, "alice@example.net", "192.0.2.9"), 0);
	assert_int_equal(del_of(r, "bob@example.net", NULL), 0);
	assert_int_equal(del_of(r, "sip:alice@example.net", "192.0.2.2"), 1);
	assert_false(valid(r, "alice@example.net", "192.0.2.2", 0));
	assert_true(valid(r, "alice@example.net", "192.0.2.3", 0));
	assert_int_equal(del_of(r, "alice@example.net", NULL), 2);
	assert_false(valid(r, "alice@example.net", NULL, 0));
	assert_int_equal(ups_registrations_count(r), 0);
	ups_registrations_destroy(r);
}

static void limits_hold_and_say_which(void **state)
{
	struct ups_registrations *r = made(2);
	struct ups_errmsg msg = {};
	struct ups_addr a;

	(void)state;
	add_to(r, "alice@example.net", "192.0.2.1", 10);
	add_to(r, "bob@example.net", "192.0.2.1", 10);
	a = addr("192.0.2.1");
	assert_int_equal(ups_registrations_add(r, UPS_TEXT("carol@example.net"), &a, 10, &msg),
			 UPS_E_LIMIT);
	assert_non_null(strstr(msg.text, "limits.registrations"));
	assert_false(valid(r, "carol@example.net", NULL, 0));
	for (int i = 2; i <= UPS_REGISTRATION_SOURCES_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.%d", i);
		add_to(r, "alice@example.net", text, 10);
	}
	a = addr("192.0.2.99");
	assert_int_equal(ups_registrations_add(r, UPS_TEXT("alice@example.net"), &a, 10, &msg),
			 UPS_E_LIMIT);
	assert_non_null(strstr(msg.text, "alice@example.net"));
	add_to(r, "alice@example.net", "192.0.2.8", 30); /* renewal needs no room */
	assert_int_equal(ups_registrations_add(r, UPS_TEXT("a b"), &a, 10, &msg), UPS_E_SYNTAX);
	assert_int_equal(del_of(r, "bob@example.net", NULL), 1);
	add_to(r, "carol@example.net", "192.0.2.1", 10);
	ups_registrations_destroy(r);
}

static void media_comes_from_the_wanted_or_the_newest_source(void **state)
{
	struct ups_registrations *r = made(4);
	struct ups_addr wanted, out = {};

	(void)state;
	add_to(r, "alice@example.net", "192.0.2.1", 10);
	add_to(r, "alice@example.net", "192.0.2.2", 20);
	wanted = addr("192.0.2.1");
	ups_addr_set_port(&wanted, 4000); /* media ports are not registered */
	assert_true(ups_registrations_source(r, UPS_TEXT("alice@example.net"), &wanted, 0, &out));
	assert_true(ups_addr_same_ip(&out, &wanted) && out.port == 0);
	wanted = addr("10.0.0.1"); /* what a client behind NAT believes */
	assert_true(ups_registrations_source(r, UPS_TEXT("alice@example.net"), &wanted, 0, &out));
	wanted = addr("192.0.2.2");
	assert_true(ups_addr_equal(&out, &wanted));
	add_to(r, "alice@example.net", "192.0.2.1", 15); /* renewed: the newest */
	assert_true(ups_registrations_source(r, UPS_TEXT("alice@example.net"), NULL, 0, &out));
	wanted = addr("192.0.2.1");
	assert_true(ups_addr_equal(&out, &wanted));
	assert_true(ups_registrations_source(r, UPS_TEXT("alice@example.net"), &wanted, 15, &out));
	wanted = addr("192.0.2.2"); /* the wanted one has expired */
	assert_true(ups_addr_equal(&out, &wanted));
	assert_false(ups_registrations_source(r, UPS_TEXT("alice@example.net"), NULL, 20, &out));
	assert_false(ups_registrations_source(r, UPS_TEXT("bob@example.net"), NULL, 0, &out));
	ups_registrations_destroy(r);
}

static void walk_goes_by_addition_and_survives_changes(void **state)
{
	struct ups_registrations *r = made(100);
	struct ups_registration_cursor cursor = {};
	struct ups_registration one;
	unsigned int seen = 0;
	char name[32];

	(void)state;
	assert_false(ups_registrations_next(r, &cursor, &one));
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "u%d@x", i);
		add_to(r, name, "192.0.2.1", 10);
	}
	while (ups_registrations_next(r, &cursor, &one)) {
		snprintf(name, sizeof(name), "u%u@x", seen++);
		assert_string_equal(one.address, name);
		assert_int_equal(del_of(r, name, NULL), 1); /* the one in hand */
		if (seen == 10)
			assert_int_equal(del_of(r, "u10@x", NULL) + del_of(r, "u12@x", NULL), 2);
		if (seen == 10)
			seen = 11;
		if (seen == 12)
			seen = 13;
		if (seen == 20)
			add_to(r, "u50@x", "192.0.2.1", 10);
	}
	assert_int_equal(seen, 51);
	assert_int_equal(ups_registrations_count(r), 0);
	ups_registrations_destroy(r);
}

/* ---- against a model ------------------------------------------------------------------------------------------- */

#define PARTIES 20
#define SOURCES 5

struct model {
	uint64_t expires[PARTIES][SOURCES]; /* 0 = none */
};

static unsigned int model_count(const struct model *m)
{
	unsigned int count = 0;

	for (int p = 0; p < PARTIES; p++) {
		for (int s = 0; s < SOURCES; s++)
			count += m->expires[p][s] != 0;
	}
	return count;
}

static void name_of(int p, int s, char address[32], char source[32])
{
	snprintf(address, 32, "sip:user%d@example.net", p);
	snprintf(source, 32, "2001:db8::%d", s + 1);
}

static unsigned int model_expire(struct model *m, uint64_t now)
{
	unsigned int count = 0;

	for (int p = 0; p < PARTIES; p++) {
		for (int s = 0; s < SOURCES; s++) {
			if (!m->expires[p][s] || m->expires[p][s] > now)
				continue;
			m->expires[p][s] = 0;
			count++;
		}
	}
	return count;
}

static void compare(const struct ups_registrations *r, const struct model *m, uint64_t now)
{
	struct ups_registration_cursor cursor = {};
	struct ups_registration one;
	unsigned int walked = 0;
	char address[32], source[32];

	while (ups_registrations_next(r, &cursor, &one))
		walked++;
	assert_int_equal(walked, model_count(m));
	assert_int_equal(ups_registrations_count(r), walked);
	for (int p = 0; p < PARTIES; p++) {
		for (int s = 0; s < SOURCES; s++) {
			name_of(p, s, address, source);
			assert_int_equal(valid(r, address, source, now), m->expires[p][s] > now);
		}
	}
}

static void one_step(struct ups_registrations *r, struct model *m, struct rng *rng, uint64_t now)
{
	int p = (int)rng_below(rng, PARTIES), s = (int)rng_below(rng, SOURCES);
	char address[32], source[32];
	unsigned int gone = 0;

	name_of(p, s, address, source);
	switch (rng_below(rng, 8)) {
	case 0:
		assert_int_equal(ups_registrations_expire(r, now), model_expire(m, now));
		break;
	case 1:
		for (int i = 0; i < SOURCES; i++)
			gone += m->expires[p][i] != 0;
		memset(m->expires[p], 0, sizeof(m->expires[p]));
		assert_int_equal(del_of(r, address, NULL), gone);
		break;
	case 2:
	case 3:
		assert_int_equal(del_of(r, address, source), m->expires[p][s] != 0);
		m->expires[p][s] = 0;
		break;
	default:
		m->expires[p][s] = now + 1 + rng_below(rng, 300);
		add_to(r, address, source, m->expires[p][s]);
		break;
	}
}

static void random_sequence_agrees_with_a_model(void **state)
{
	struct ups_registrations *r = made(PARTIES);
	struct rng rng = { 77 };
	struct model m = {};

	(void)state;
	for (uint64_t now = 1; now < 20000; now++) {
		one_step(r, &m, &rng, now);
		if (now % 16 == 0)
			compare(r, &m, now);
	}
	ups_registrations_destroy(r);
}

static void destroying_nothing_is_harmless(void **state)
{
	struct ups_registrations *r;

	(void)state;
	ups_registrations_destroy(NULL);
	r = made(0);
	assert_false(valid(r, "a@b", NULL, 0));
	ups_registrations_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_normal_form),
		cmocka_unit_test(longest_address_fits_and_one_more_does_not),
		cmocka_unit_test(seed_4_2_1_unregistered_address_is_not_valid),
		cmocka_unit_test(source_that_is_not_registered_is_not_valid),
		cmocka_unit_test(each_source_expires_by_itself),
		cmocka_unit_test(adding_again_renews),
		cmocka_unit_test(expiry_names_what_is_gone),
		cmocka_unit_test(removal_takes_one_source_or_all),
		cmocka_unit_test(limits_hold_and_say_which),
		cmocka_unit_test(media_comes_from_the_wanted_or_the_newest_source),
		cmocka_unit_test(walk_goes_by_addition_and_survives_changes),
		cmocka_unit_test(random_sequence_agrees_with_a_model),
		cmocka_unit_test(destroying_nothing_is_harmless),
	};

	return cmocka_run_group_tests_name("registration", tests, NULL, NULL);
}
