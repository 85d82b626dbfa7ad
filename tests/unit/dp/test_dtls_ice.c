// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ICE-lite (RFC 8445 7.3, 8842) and STUN without ICE (RFC 5763 6.7.2): who is answered, what is learned, and where DTLS goes then. */
#include "dtlsfix.h"

#include <openssl/hmac.h>

#include "proto/stun.h"

#define USERNAME 0x0006
#define INTEGRITY 0x0008
#define XOR_MAPPED 0x0020
#define PRIORITY 0x0024
#define CANDIDATE 0x0025
#define CONTROLLED 0x8029
#define CONTROLLING 0x802a
#define PASSWORD "a-password-of-22-chars"

static struct identity id;

/* ---- requests, written here once more ------------------------------------------------------------------------------- */

struct request {
	uint8_t data[512];
	size_t size;
};

static void put(struct request *r, uint16_t type, const void *value, size_t size)
{
	const uint8_t header[] = { (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(size >> 8),
				   (uint8_t)size };

	memcpy(r->data + r->size, header, 4);
	memcpy(r->data + r->size + 4, value, size);
	memset(r->data + r->size + 4 + size, 0, 3);
	r->size += 4 + (size + 3) / 4 * 4;
	r->data[2] = (uint8_t)((r->size - 20) >> 8);
	r->data[3] = (uint8_t)(r->size - 20);
}

static void begin(struct request *r, const char *username)
{
	static uint8_t number;
	const uint8_t header[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ++number };

	r->size = sizeof(header);
	memcpy(r->data, header, sizeof(header));
	if (username)
		put(r, USERNAME, username, strlen(username));
	put(r, PRIORITY, (uint8_t[]) { 0x6e, 0, 1, 0xff }, 4);
}

/* The header counts the attribute before it is there. */
static void finish(struct request *r, const char *password)
{
	uint8_t mac[20];
	unsigned int len;

	r->data[2] = (uint8_t)((r->size + 4) >> 8);
	r->data[3] = (uint8_t)(r->size + 4);
	HMAC(EVP_sha1(), password, (int)strlen(password), r->data, r->size, mac, &len);
	put(r, INTEGRITY, mac, sizeof(mac));
}

static void make_check(struct request *r, const char *username, bool nominate, const char *password)
{
	begin(r, username);
	put(r, CONTROLLING, "12345678", 8);
	if (nominate)
		put(r, CANDIDATE, "", 0);
	finish(r, password);
}

/* ---- the scene ------------------------------------------------------------------------------------------------------- */

static struct ups_leg ice_leg(enum ups_dtls_role role)
{
	struct ups_leg leg = fix_leg(role, NULL);

	leg.source = UPS_SOURCE_LATCH;
	leg.ice = (struct ups_ice_spec) {
		.on = true, .local_ufrag = "ours", .local_pwd = PASSWORD, .remote_ufrag = "theirs"
	};
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	return leg;
}

static void send_from(const struct fix *f, int fd, const struct request *r)
{
	fix_send_from(fd, &f->local, r->data, r->size);
}

/* -> bytes of the answer, 0 if none comes */
static size_t hear(struct fix *f, int fd, uint8_t *out, size_t size, unsigned int ms)
{
	uint64_t end = fix_now_ms() + ms;
	ssize_t n;

	do {
		fix_turn(f);
		n = recv(fd, out, size, MSG_DONTWAIT);
	} while (n < 0 && fix_now_ms() < end);
	return n < 0 ? 0 : (size_t)n;
}

static void expect_mapped(const uint8_t *answer, size_t size, const struct ups_addr *addr)
{
	const uint8_t *p = answer + 20;

	while (p < answer + size && (p[0] << 8 | p[1]) != XOR_MAPPED)
		p += 4 + (((p[2] << 8 | p[3]) + 3) & ~3);
	assert_true(p < answer + size);
	assert_int_equal(p[5], 1);
	assert_int_equal((p[6] << 8 | p[7]) ^ 0x2112, ups_addr_port(addr));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(p[8 + i] ^ answer[4 + i], addr->ip[12 + i]);
}

static void expect_success(struct fix *f, int fd, const struct ups_addr *from,
			   const struct request *r, bool integrity)
{
	uint8_t answer[512];
	size_t size = hear(f, fd, answer, sizeof(answer), 2000);
	struct ups_stun stun;

	assert_int_equal(ups_stun_parse(answer, size, &stun), 0);
	assert_int_equal(stun.type, UPS_STUN_SUCCESS);
	assert_memory_equal(stun.id, r->data + 8, UPS_STUN_ID);
	assert_int_equal(stun.has_integrity, integrity);
	if (integrity)
		assert_true(ups_stun_verify(answer, &stun, UPS_TEXT(PASSWORD)));
	expect_mapped(answer, size, from);
}

/* One authenticated check of @fd, at @from */
static void pass_check(struct fix *f, int fd, const struct ups_addr *from, bool nominate)
{
	struct request r;

	make_check(&r, "ours:theirs", nominate, PASSWORD);
	send_from(f, fd, &r);
	expect_success(f, fd, from, &r, true);
}

static void expect_silence(struct fix *f, int fd, const struct request *r)
{
	uint8_t answer[512];

	send_from(f, fd, r);
	assert_int_equal(hear(f, fd, answer, sizeof(answer), 60), 0);
	assert_int_equal(f->told.nominated, 0);
}

/* ---- checks ---------------------------------------------------------------------------------------------------------- */

static void rfc8445_a_good_check_is_answered_and_nominates_once(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct ups_addr a, b;
	struct fix f;
	int fd, other;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	other = fix_socket(false, &b);
	leg.ice.remote_ufrag[0] = '\0'; /* a check may come before the answer */
	fix_publish(&f, &leg);
	pass_check(&f, fd, &a, false);
	assert_int_equal(f.told.nominated, 0);
	for (int i = 0; i < 3; i++)
		pass_check(&f, fd, &a, true);
	until(&f, f.told.nominated == 1);
	assert_true(ups_addr_equal(&f.told.addr, &a));
	fix_publish(&f, &leg); /* the same credentials: nothing to tell anew */
	pass_check(&f, fd, &a, true);
	pass_check(&f, other, &b, true);
	until(&f, f.told.nominated == 2);
	assert_true(ups_addr_equal(&f.told.addr, &b));
	close(fd);
	close(other);
	fix_close(&f);
}

static void checks_that_prove_nothing_are_not_answered_and_teach_nothing(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct request r;
	struct ups_addr a;
	struct fix f;
	int fd;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	fix_publish(&f, &leg);
	make_check(&r, "ours:theirs", true, "another-password-of-22");
	expect_silence(&f, fd, &r);
	make_check(&r, "ours:others", true, PASSWORD);
	expect_silence(&f, fd, &r);
	make_check(&r, "hers:theirs", true, PASSWORD);
	expect_silence(&f, fd, &r);
	make_check(&r, "ours", true, PASSWORD);
	expect_silence(&f, fd, &r);
	make_check(&r, NULL, true, PASSWORD);
	expect_silence(&f, fd, &r);
	begin(&r, "ours:theirs");
	expect_silence(&f, fd, &r);
	make_check(&r, "ours:theirs", true, PASSWORD);
	r.data[r.size - 1] ^= 1;
	expect_silence(&f, fd, &r);
	make_check(&r, "ours:theirs", true, PASSWORD);
	r.data[36] ^= 1; /* priority, under the integrity */
	expect_silence(&f, fd, &r);
	make_check(&r, "ours:theirs", true, PASSWORD);
	r.data[0] = 1; /* a response nobody asked for */
	expect_silence(&f, fd, &r);
	pass_check(&f, fd, &a, false);
	close(fd);
	fix_close(&f);
}

static void a_flood_of_forged_checks_is_met_with_silence(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct request r;
	struct ups_addr a;
	uint8_t answer[512];
	struct fix f;
	int fd;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	fix_publish(&f, &leg);
	make_check(&r, "ours:theirs", true, "another-password-of-22");
	for (unsigned int i = 0; i < 3000; i++) {
		send_from(&f, fd, &r);
		fix_pump(&f);
	}
	assert_int_equal(hear(&f, fd, answer, sizeof(answer), 100), 0);
	pass_check(&f, fd, &a, true);
	until(&f, f.told.nominated == 1);
	close(fd);
	fix_close(&f);
}

static void expect_error(struct fix *f, int fd, const struct request *r, unsigned int code)
{
	uint8_t answer[512];
	size_t size;
	struct ups_stun stun;

	send_from(f, fd, r);
	size = hear(f, fd, answer, sizeof(answer), 2000);
	assert_int_equal(ups_stun_parse(answer, size, &stun), 0);
	assert_int_equal(stun.type, UPS_STUN_ERROR);
	assert_true(ups_stun_verify(answer, &stun, UPS_TEXT(PASSWORD)));
	assert_int_equal(answer[26] * 100 + answer[27], code);
}

static void rfc8445_a_controlled_peer_and_unknown_attributes_get_errors(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct request r;
	struct ups_addr a;
	struct fix f;
	int fd;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	fix_publish(&f, &leg);
	begin(&r, "ours:theirs");
	put(&r, CONTROLLED, "12345678", 8);
	put(&r, CANDIDATE, "", 0);
	finish(&r, PASSWORD);
	expect_error(&f, fd, &r, 487);
	begin(&r, "ours:theirs");
	put(&r, 0x7ffe, "1234", 4);
	put(&r, CANDIDATE, "", 0);
	finish(&r, PASSWORD);
	expect_error(&f, fd, &r, 420);
	assert_int_equal(f.told.nominated, 0);
	close(fd);
	fix_close(&f);
}

/* ---- DTLS over ICE ---------------------------------------------------------------------------------------------------- */

static void a6_dtls_is_heard_only_from_where_a_check_passed(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	fix_publish(&f, &leg);
	fix_idle(&f, 100);
	expect_unanswered(&p);
	f.peers = 0;
	pass_check(&f, p.fd, &p.addr, false);
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	peer_close(&p);
	fix_close(&f);
}

static void a_client_hello_between_check_and_answer_is_kept(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_UNDECIDED);
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg.dtls.fingerprint_count = 0;
	f.peers = 0;
	fix_publish(&f, &leg);
	pass_check(&f, p.fd, &p.addr, true);
	f.peers = 1;
	fix_idle(&f, 100);
	expect_unanswered(&p);
	leg = ice_leg(UPS_DTLS_PASSIVE);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	peer_close(&p);
	fix_close(&f);
}

static void an_active_endpoint_begins_where_the_peer_nominates(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_ACTIVE);
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg.remote = p.addr; /* signalled is not proven */
	f.peers = 0;
	fix_publish(&f, &leg);
	assert_int_equal(hear(&f, p.fd, (uint8_t[512]) {}, 512, 100), 0);
	pass_check(&f, p.fd, &p.addr, true);
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	peer_close(&p);
	fix_close(&f);
}

static void an_association_goes_along_with_a_new_nomination(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct ups_addr b;
	uint8_t data[512];
	struct fix f;
	struct peer p;
	int fd;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	f.peers = 0;
	fix_publish(&f, &leg);
	pass_check(&f, p.fd, &p.addr, true);
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	fd = fix_socket(false, &b);
	pass_check(&f, fd, &b, true);
	until(&f, f.told.nominated == 2);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	/* The close_notify, encrypted, at the new place */
	assert_true(hear(&f, fd, data, sizeof(data), 2000) > 13);
	assert_int_equal(data[0], 21);
	assert_int_equal(data[4], 1);
	close(fd);
	peer_close(&p);
	fix_close(&f);
}

static void rfc8445_a_restart_forgets_what_passed_before(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	f.peers = 0;
	fix_publish(&f, &leg);
	pass_check(&f, p.fd, &p.addr, true);
	strcpy(leg.ice.local_pwd, "a-new-password-22-char");
	fix_publish(&f, &leg);
	f.peers = 1;
	fix_idle(&f, 100);
	expect_unanswered(&p);
	assert_int_equal(f.told.keys, 0);
	peer_close(&p);
	fix_close(&f);
}

static void addresses_that_passed_are_bounded_and_the_nominated_one_stays(void **state)
{
	struct ups_leg leg = ice_leg(UPS_DTLS_PASSIVE);
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	f.peers = 0;
	fix_publish(&f, &leg);
	pass_check(&f, p.fd, &p.addr, true);
	for (unsigned int i = 0; i < 3 * UPS_DTLS_VALID; i++) {
		struct ups_addr a;
		int fd = fix_socket(false, &a);

		pass_check(&f, fd, &a, false);
		close(fd);
	}
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	peer_close(&p);
	fix_close(&f);
}

/* ---- without ICE -------------------------------------------------------------------------------------------------------- */

static void rfc5763_a_plain_request_is_answered_where_the_source_is_accepted(void **state)
{
	struct ups_leg leg;
	struct request r;
	struct ups_addr a, b;
	uint8_t data[512];
	struct fix f;
	int fd, other;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	other = fix_socket(false, &b);
	leg = fix_leg(UPS_DTLS_ACTIVE, &a);
	fix_publish(&f, &leg);
	begin(&r, NULL);
	send_from(&f, fd, &r);
	expect_success(&f, fd, &a, &r, false);
	send_from(&f, other, &r);
	assert_int_equal(hear(&f, other, data, sizeof(data), 80), 0);
	close(fd);
	close(other);
	fix_close(&f);
}

static void rfc5763_a_passive_endpoint_asks_the_signalled_address_once(void **state)
{
	struct ups_leg leg = fix_leg(UPS_DTLS_PASSIVE, NULL);
	struct ups_stun stun;
	struct ups_addr a;
	uint8_t data[512];
	struct fix f;
	size_t size;
	int fd;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &a);
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	fix_publish(&f, &leg);
	assert_int_equal(hear(&f, fd, data, sizeof(data), 60), 0);
	leg.remote = a;
	fix_publish(&f, &leg);
	size = hear(&f, fd, data, sizeof(data), 2000);
	assert_int_equal(ups_stun_parse(data, size, &stun), 0);
	assert_int_equal(stun.type, UPS_STUN_REQUEST);
	assert_false(stun.has_integrity);
	fix_publish(&f, &leg);
	assert_int_equal(hear(&f, fd, data, sizeof(data), 60), 0);
	close(fd);
	fix_close(&f);
}

/* The peer is behind a NAT: what was signalled leads nowhere, its request shows the way. */
static void rfc5763_an_active_endpoint_finds_a_passive_peer_by_its_request(void **state)
{
	struct ups_leg leg;
	struct request r;
	struct ups_addr nowhere;
	struct fix f;
	struct peer p;
	int fd;

	(void)state;
	fix_open(&f);
	fd = fix_socket(false, &nowhere);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = fix_leg(UPS_DTLS_ACTIVE, &nowhere);
	leg.source = UPS_SOURCE_LATCH;
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	f.peers = 0;
	fix_publish(&f, &leg);
	begin(&r, NULL);
	send_from(&f, p.fd, &r);
	expect_success(&f, p.fd, &p.addr, &r, false);
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	close(fd);
	peer_close(&p);
	fix_close(&f);
}

static int setup(void **state)
{
	(void)state;
	id = identity_ec();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	identity_free(&id);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8445_a_good_check_is_answered_and_nominates_once),
		cmocka_unit_test(checks_that_prove_nothing_are_not_answered_and_teach_nothing),
		cmocka_unit_test(a_flood_of_forged_checks_is_met_with_silence),
		cmocka_unit_test(rfc8445_a_controlled_peer_and_unknown_attributes_get_errors),
		cmocka_unit_test(a6_dtls_is_heard_only_from_where_a_check_passed),
		cmocka_unit_test(a_client_hello_between_check_and_answer_is_kept),
		cmocka_unit_test(an_active_endpoint_begins_where_the_peer_nominates),
		cmocka_unit_test(an_association_goes_along_with_a_new_nomination),
		cmocka_unit_test(rfc8445_a_restart_forgets_what_passed_before),
		cmocka_unit_test(addresses_that_passed_are_bounded_and_the_nominated_one_stays),
		cmocka_unit_test(rfc5763_a_plain_request_is_answered_where_the_source_is_accepted),
		cmocka_unit_test(rfc5763_a_passive_endpoint_asks_the_signalled_address_once),
		cmocka_unit_test(rfc5763_an_active_endpoint_finds_a_passive_peer_by_its_request),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
