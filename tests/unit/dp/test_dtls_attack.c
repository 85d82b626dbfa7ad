// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What people who are not the peer send to a DTLS endpoint, from addresses of their own and from the peer's (a spoofed source is played by
 * the peer's own socket), and peers that ask for less than is permitted: standards A6, A13, A14, A21, A24.
 */
#include "dtlsfix.h"

static struct identity id, other;

static struct ups_leg leg_for(enum ups_dtls_role role, const struct peer *p)
{
	struct ups_leg leg = fix_leg(role, &p->addr);

	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	return leg;
}

static struct ups_dtls_stats stats_of(const struct fix *f)
{
	struct ups_dtls_stats stats;

	ups_dtls_stats(f->d, &stats);
	return stats;
}

/* ---- ClientHellos from nowhere ------------------------------------------------------------------------------------ */

/* The first flight of a client with @ciphers, which waits for nothing. -> bytes */
static size_t make_hello(const char *ciphers, uint8_t *out, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_method());
	BIO *in = BIO_new(BIO_s_mem()), *sent = BIO_new(BIO_s_mem());
	SSL *ssl;
	int n;

	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
	assert_int_equal(SSL_CTX_set_tlsext_use_srtp(ctx, ALL_PROFILES), 0);
	ssl = SSL_new(ctx);
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, sent);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, 1200);
	SSL_set_connect_state(ssl);
	assert_int_equal(SSL_do_handshake(ssl), -1);
	n = BIO_read(sent, out, (int)size);
	assert_true(n > 60);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return (size_t)n;
}

static const char *const bad_ciphers[] = { "eNULL:@SECLEVEL=0", "aNULL:!eNULL:@SECLEVEL=0",
					   "AES128-SHA", "DEFAULT" };

/* From the peer's address, before it comes and at every datagram of its handshake (CVE-2023-49786). */
static bool inject_hello(struct fix *f, unsigned int number)
{
	uint8_t hello[2048];
	size_t size = make_hello(bad_ciphers[number % 4], hello, sizeof(hello));

	ups_dtls_input(f->d, 0, f->flow, f->rtcp, &f->peer[0]->addr, hello, size);
	return false;
}

static void a6_forged_client_hellos_do_not_stop_the_peer(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	for (unsigned int i = 0; i < 4; i++)
		inject_hello(&f, i);
	f.lose = inject_hello;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	inject_hello(&f, 0);
	fix_idle(&f, 100);
	assert_int_equal(f.told.failed, 0);
	assert_int_equal(stats_of(&f).running, 0);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
}

/* ---- alerts from nowhere ------------------------------------------------------------------------------------------- */

static void send_alert(struct fix *f, uint8_t level, uint8_t what, uint8_t sequence)
{
	const uint8_t alert[] = {
		21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 2, level, what
	};

	ups_dtls_input(f->d, 0, f->flow, f->rtcp, &f->peer[0]->addr, alert, sizeof(alert));
}

static bool inject_alerts(struct fix *f, unsigned int number)
{
	send_alert(f, 2, 40, (uint8_t)(100 + number));
	send_alert(f, 1, 0, (uint8_t)(200 + number));
	return false;
}

static void alerts(bool passive)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	fix_open(&f);
	f.lose = inject_alerts;
	peer_open(&p, &f, !passive, &id, ALL_PROFILES);
	leg = leg_for(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	inject_alerts(&f, 50);
	fix_idle(&f, 50);
	assert_int_equal(f.told.failed, 0);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
}

static void a6_spoofed_alerts_destroy_nothing(void **state)
{
	(void)state;
	alerts(true);
	alerts(false);
}

/* ---- replays ------------------------------------------------------------------------------------------------------- */

static uint8_t replay[16][2048];
static size_t replay_size[16];

/* A wire that keeps what the peer sends */
static void pump_and_keep(struct fix *f, unsigned int *count)
{
	ssize_t n;

	while (*count < 16 && (n = recv(f->fd, replay[*count], 2048, MSG_DONTWAIT)) > 0) {
		ups_dtls_input(f->d, 0, f->flow, f->rtcp, &f->peer[0]->addr, replay[*count],
			       (size_t)n);
		replay_size[(*count)++] = (size_t)n;
	}
}

/* The ClientHello among it has a cookie that is still good. */
static void a6_a_replayed_handshake_starts_nothing(void **state)
{
	unsigned int count = 0;
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	while (!p.done) {
		peer_turn(&p);
		pump_and_keep(&f, &count);
		usleep(500);
	}
	until(&f, f.told.keys);
	fix_idle(&f, 30);
	assert_in_range(count, 3, 15);
	for (unsigned int i = 0; i < count; i++)
		ups_dtls_input(f.d, 0, f.flow, f.rtcp, &p.addr, replay[i], replay_size[i]);
	fix_idle(&f, 100);
	assert_int_equal(stats_of(&f).running, 0);
	assert_int_equal(f.told.keys, 1);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
}

/* Its first attempt, given up half-way, must not disturb the second. */
static void rfc6347_a_peer_that_restarts_within_the_handshake_is_served(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t running = 0;

		while (!running) {
			peer_turn(&p);
			fix_pump(&f);
			usleep(500);
			running = stats_of(&f).running;
		}
		assert_int_equal(running, 1);
		while (recv(p.fd, (uint8_t[2048]) {}, 2048, MSG_DONTWAIT) > 0)
			;
		peer_rewind(&p, &f, false);
	}
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	assert_int_equal(f.told.failed, 0);
	assert_int_equal(stats_of(&f).running, 0);
	peer_close(&p);
	fix_close(&f);
}

/* ---- strangers with addresses of their own -------------------------------------------------------------------------- */

static void a6_a_strict_endpoint_does_not_answer_other_sources(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p, stranger;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	peer_open(&stranger, &f, false, &other, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	fix_idle(&f, 50);
	expect_unanswered(&stranger);
	assert_int_equal(f.told.failed, 0);
	peer_close(&p);
	peer_close(&stranger);
	fix_close(&f);
}

static void a6_a_stranger_who_finishes_first_gets_nothing_and_stops_nobody(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer stranger, p;

	(void)state;
	fix_open(&f);
	peer_open(&stranger, &f, false, &other, ALL_PROFILES);
	leg = fix_leg(UPS_DTLS_PASSIVE, NULL);
	leg.source = UPS_SOURCE_LATCH;
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	fix_publish(&f, &leg);
	until(&f, f.told.failed);
	assert_int_equal(f.told.err, UPS_E_FINGERPRINT);
	assert_int_equal(f.told.keys, 0);
	until(&f, stranger.dead);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	peer_close(&p);
	peer_close(&stranger);
	fix_close(&f);
}

static void a_latching_endpoint_with_an_authorised_address_hears_only_that(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = fix_leg(UPS_DTLS_PASSIVE, NULL);
	leg.source = UPS_SOURCE_LATCH;
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	assert_int_equal(ups_addr_parse("127.0.0.2", false, &leg.source_ip), 0);
	fix_publish(&f, &leg);
	fix_idle(&f, 100);
	expect_unanswered(&p);
	assert_int_equal(ups_addr_parse("127.0.0.1", false, &leg.source_ip), 0);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	peer_close(&p);
	fix_close(&f);
}

/* ---- floods --------------------------------------------------------------------------------------------------------- */

static size_t answered, answers, longest;

static void count_answers(int fd, const void *data, size_t size, const struct ups_addr *to)
{
	(void)fd;
	(void)data;
	(void)to;
	answers++;
	answered += size;
	longest = size > longest ? size : longest;
}

static void a21_hellos_without_cookie_cost_no_state_and_amplify_nothing(void **state)
{
	const struct ups_dtls_callbacks callbacks = {};
	struct ups_leg leg = fix_leg(UPS_DTLS_PASSIVE, NULL);
	struct ups_dtls_endpoint *e = NULL;
	struct ups_addr from;
	uint8_t hello[2048];
	size_t size = make_hello("DEFAULT", hello, sizeof(hello));
	struct ups_dtls *d = NULL;

	(void)state;
	answers = longest = 0;
	assert_int_equal(ups_dtls_open(&(struct ups_dtls_config) {}, &callbacks, 1, &d, NULL), 0);
	d->seams.send = count_answers;
	leg.source = UPS_SOURCE_LATCH;
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	assert_int_equal(ups_dtls_prepare(d, 1, false, 0, &leg, &e), 0);
	ups_dtls_publish(d, e);
	assert_int_equal(ups_addr_parse("192.0.2.1:1", true, &from), 0);
	for (unsigned int i = 0; i < 5000; i++) {
		ups_addr_set_port(&from, (uint16_t)(1 + i));
		assert_true(ups_dtls_input(d, 0, 1, false, &from, hello, size));
		ups_dtls_round(d, 0);
	}
	assert_int_equal(answers, 5000);
	assert_in_range(longest, 1, 80);
	assert_int_equal(d->stats.running, 0);
	assert_true(TAILQ_EMPTY(&e->tries));
	ups_dtls_destroy(d);
}

static void the_ring_of_a_worker_is_bounded(void **state)
{
	const struct ups_dtls_callbacks callbacks = {};
	static const uint8_t data[UPS_DTLS_SLOT + 1] = { 22 };
	const struct ups_addr from = {};
	struct ups_dtls *d = NULL;

	(void)state;
	assert_int_equal(ups_dtls_open(&(struct ups_dtls_config) {}, &callbacks, 2, &d, NULL), 0);
	assert_false(ups_dtls_input(d, 0, 1, false, &from, data, sizeof(data)));
	assert_false(ups_dtls_input(d, 0, 1, false, &from, data, 0));
	for (unsigned int i = 0; i < UPS_DTLS_RING; i++)
		assert_true(ups_dtls_input(d, 0, 1, false, &from, data, UPS_DTLS_SLOT));
	assert_false(ups_dtls_input(d, 0, 1, false, &from, data, 1));
	assert_true(ups_dtls_input(d, 1, 1, false, &from, data, 1));
	ups_dtls_round(d, 0);
	assert_true(ups_dtls_input(d, 0, 1, false, &from, data, 1));
	ups_dtls_destroy(d);
}

/* A stranger with a good cookie who then says no more */
static void stall(struct fix *f)
{
	uint64_t refused = stats_of(f).refused;
	uint32_t running = stats_of(f).running;
	struct peer s;

	peer_open(&s, f, false, &other, ALL_PROFILES);
	while (stats_of(f).refused == refused && stats_of(f).running == running) {
		struct pollfd pfd[2] = { { f->fd, POLLIN, 0 }, { s.fd, POLLIN, 0 } };

		peer_turn(&s);
		assert_string_not_equal(SSL_state_string(s.ssl), "TWFIN");
		poll(pfd, 2, 2);
		fix_pump(f);
		usleep(500);
	}
	peer_close(&s);
	f->peers = 0;
}

static void a21_handshakes_of_one_endpoint_are_bounded_and_the_signalled_peer_stays(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	leg.source = UPS_SOURCE_LATCH;
	fix_publish(&f, &leg);
	/* The peer's own attempt is begun, and it pauses. */
	while (stats_of(&f).running < 1) {
		peer_turn(&p);
		fix_pump(&f);
		usleep(500);
	}
	f.peers = 0;
	for (unsigned int i = 0; i < 20; i++) {
		stall(&f);
		assert_in_range(stats_of(&f).running, 1, UPS_DTLS_TRIES);
	}
	assert_int_equal(stats_of(&f).refused, 20 - (UPS_DTLS_TRIES - 1));
	f.peer[f.peers++] = &p;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	until(&f, stats_of(&f).running == 0);
	peer_close(&p);
	fix_close(&f);
}

/* Each would make OpenSSL keep a whole buffer until there are keys. */
static bool inject_future(struct fix *f, unsigned int number)
{
	uint8_t record[13 + 64] = { 22, 0xfe, 0xfd, 0, 1 };

	record[12] = 64;
	for (unsigned int i = 0; i < 30; i++) {
		record[9] = (uint8_t)number;
		record[10] = (uint8_t)i;
		ups_dtls_input(f->d, 0, f->flow, f->rtcp, &f->peer[0]->addr, record,
			       sizeof(record));
	}
	return false;
}

static void a21_records_of_a_later_epoch_are_not_hoarded(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	f.lose = inject_future;
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	peer_close(&p);
	fix_close(&f);
}

/* ---- a forged flight ------------------------------------------------------------------------------------------------- */

/* A ServerHello that makes no sense, in the peer's name, ends the attempt; the next one succeeds. */
static void a6_an_active_handshake_that_was_spoilt_begins_again(void **state)
{
	static const uint8_t forged[] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0,	14,  2,
					  0,  0,    2,	  0, 0, 0, 0, 0, 0, 0, 2, 0xff, 0xff };
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p);
	f.peers = 0;
	fix_publish(&f, &leg);
	until(&f, stats_of(&f).running == 1);
	ups_dtls_input(f.d, 0, FIX_FLOW, false, &p.addr, forged, sizeof(forged));
	until(&f, f.told.failed);
	assert_int_equal(f.told.keys, 0);
	/* What the spoilt attempt sent is lost on the peer. */
	while (recv(p.fd, (uint8_t[2048]) {}, 2048, MSG_DONTWAIT) > 0)
		;
	f.peers = 1;
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	peer_close(&p);
	fix_close(&f);
}

/* ---- less than what is permitted --------------------------------------------------------------------------------------- */

/* -> the reason's error, 0 if it was the peer who gave up; there are no keys, and the endpoint serves a good peer afterwards */
static int refused(bool passive, const struct identity *who, const char *profiles,
		   void (*weaken)(SSL_CTX *ctx), bool by_us)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p, good;
	int err;

	fix_open(&f);
	peer_open(&p, &f, !passive, who, profiles);
	if (weaken) {
		weaken(p.ctx);
		peer_rewind(&p, &f, !passive);
	}
	leg = leg_for(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p);
	leg.dtls.suites &= ~SUITE_BIT(AES_CM_128_HMAC_SHA1_32);
	fix_publish(&f, &leg);
	until(&f, by_us ? f.told.failed : p.dead);
	err = f.told.err;
	assert_int_equal(f.told.keys, 0);
	assert_true(!err || strlen(f.told.reason) > 10);
	peer_open(&good, &f, !passive, &id, ALL_PROFILES);
	leg = leg_for(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &good);
	fix_publish(&f, &leg);
	until(&f, (good.done && f.told.keys));
	peer_close(&p);
	peer_close(&good);
	fix_close(&f);
	return err;
}

static void a13_a_wrong_fingerprint_gives_no_keys(void **state)
{
	(void)state;
	assert_int_equal(refused(true, &other, ALL_PROFILES, NULL, true), UPS_E_FINGERPRINT);
	assert_int_equal(refused(false, &other, ALL_PROFILES, NULL, true), UPS_E_FINGERPRINT);
}

static void a14_a_fingerprint_of_an_unknown_hash_matches_nothing(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p);
	leg.dtls.fingerprint[0].hash = UPS_HASH_NONE;
	leg.dtls.fingerprint[0].size = 20;
	fix_publish(&f, &leg);
	until(&f, f.told.failed);
	assert_int_equal(f.told.err, UPS_E_FINGERPRINT);
	peer_close(&p);
	fix_close(&f);
}

static void a_shortened_fingerprint_matches_nothing(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p);
	leg.dtls.fingerprint[0].size = 0;
	fix_publish(&f, &leg);
	until(&f, f.told.failed);
	assert_int_equal(f.told.keys, 0);
	peer_close(&p);
	fix_close(&f);
}

static void rfc5764_no_use_srtp_or_none_in_common_gives_no_keys(void **state)
{
	(void)state;
	for (int passive = 0; passive < 2; passive++) {
		assert_int_equal(refused(passive, &id, NULL, NULL, true), UPS_E_SUITE);
		assert_int_equal(refused(passive, &id, "SRTP_AES128_CM_SHA1_32", NULL, true),
				 UPS_E_SUITE);
	}
}

static void only_old(SSL_CTX *ctx)
{
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, DTLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, DTLS1_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
}

static void only_null(SSL_CTX *ctx)
{
	SSL_CTX_set_cipher_list(ctx, "eNULL:@SECLEVEL=0");
}

static void only_anonymous(SSL_CTX *ctx)
{
	SSL_CTX_set_cipher_list(ctx, "aNULL:!eNULL:@SECLEVEL=0");
}

static void only_cbc(SSL_CTX *ctx)
{
	SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0");
}

static void a24_old_versions_and_weak_ciphers_are_refused(void **state)
{
	static void (*const weaken[])(SSL_CTX *) = { only_old, only_null, only_anonymous,
						     only_cbc };

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(refused(true, &id, ALL_PROFILES, weaken[i], true), -EPROTO);
		/* The server ends it, by an alert that anybody could have sent: not heard. */
		assert_int_equal(refused(false, &id, ALL_PROFILES, weaken[i], false), 0);
	}
}

static void a24_a_short_key_is_refused(void **state)
{
	struct identity shortkey = identity_make(EVP_RSA_gen(1024), "peer.example", NULL, 10);
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, NULL, ALL_PROFILES);
	SSL_CTX_set_security_level(p.ctx, 0);
	assert_int_equal(SSL_CTX_use_certificate(p.ctx, shortkey.cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(p.ctx, shortkey.key), 1);
	peer_rewind(&p, &f, false);
	leg = fix_leg(UPS_DTLS_PASSIVE, &p.addr);
	identity_fingerprint(&shortkey, UPS_HASH_SHA256, &leg);
	fix_publish(&f, &leg);
	until(&f, f.told.failed);
	assert_int_equal(f.told.keys, 0);
	peer_close(&p);
	fix_close(&f);
	identity_free(&shortkey);
}

static void a_client_without_certificate_gets_no_keys(void **state)
{
	(void)state;
	assert_int_equal(refused(true, NULL, ALL_PROFILES, NULL, true), -EPROTO);
}

static void a24_the_peer_cannot_renegotiate(void **state)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	SSL_renegotiate(p.ssl);
	SSL_do_handshake(p.ssl);
	fix_idle(&f, 200);
	assert_int_equal(f.told.keys, 1);
	assert_int_equal(stats_of(&f).handshakes, 1);
	assert_int_equal(stats_of(&f).running, 0);
	peer_close(&p);
	fix_close(&f);
}

/* ---- time -------------------------------------------------------------------------------------------------------------- */

static uint64_t ahead;

static uint64_t shifted(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec +
	       __atomic_load_n(&ahead, __ATOMIC_RELAXED);
}

static void a_handshake_without_answer_ends_and_says_what_was_heard(void **state)
{
	const struct ups_dtls_seams seams = { .now = shifted };
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	ahead = 0;
	fix_open_config(&f, false, &(struct ups_dtls_config) {}, &seams);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p);
	f.peers = 0;
	fix_publish(&f, &leg);
	until(&f, stats_of(&f).running == 1);
	f.peers = 1;
	send_alert(&f, 2, 40, 1);
	f.peers = 0;
	fix_idle(&f, 50);
	assert_int_equal(f.told.failed, 0);
	__atomic_store_n(&ahead, UPS_DTLS_TIMEOUT_MS * 1000000ULL, __ATOMIC_RELAXED);
	until(&f, f.told.failed);
	assert_int_equal(f.told.err, -ETIMEDOUT);
	assert_non_null(strstr(f.told.reason, "handshake failure"));
	until(&f, stats_of(&f).running == 0);
	/* A new offer with the same association tries again. */
	f.peers = 1;
	while (recv(p.fd, (uint8_t[2048]) {}, 2048, MSG_DONTWAIT) > 0)
		;
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	peer_close(&p);
	fix_close(&f);
}

/* -> whether OpenSSL's state of the association in force is gone */
static bool settled(const struct fix *f)
{
	const struct ups_dtls_endpoint *e =
		ups_endpoint_find(f->d, (struct ups_dtls_name) { FIX_FLOW, false });

	return e && e->current && !__atomic_load_n(&e->current->ssl, __ATOMIC_RELAXED);
}

/* Wakes the thread, which looks at the clock. */
static void pass_time(struct fix *f, uint64_t ns)
{
	const struct ups_addr nobody = {};

	__atomic_fetch_add(&ahead, ns, __ATOMIC_RELAXED);
	ups_dtls_input(f->d, 0, f->flow, f->rtcp, &nobody, "\xff", 1);
}

static void a_finished_association_costs_little_and_still_says_goodbye(void **state)
{
	const struct ups_dtls_seams seams = { .now = shifted };
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	ahead = 0;
	fix_open_config(&f, false, &(struct ups_dtls_config) {}, &seams);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	fix_idle(&f, 50); /* the thread hears that the keys are in use */
	pass_time(&f, UPS_DTLS_SETTLE_NS / 2);
	fix_idle(&f, 50);
	assert_false(settled(&f));
	pass_time(&f, UPS_DTLS_SETTLE_NS / 2);
	until(&f, settled(&f));
	assert_int_equal(SSL_write(p.ssl, "not for us", 10), 10);
	fix_idle(&f, 50);
	assert_false(p.closed || p.dead);
	/* A peer that restarts is served as before. */
	peer_rewind(&p, &f, false);
	until(&f, (p.done && f.told.keys == 2));
	fix_idle(&f, 50);
	pass_time(&f, UPS_DTLS_SETTLE_NS);
	until(&f, settled(&f));
	fix_publish(&f, &leg);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	assert_int_equal(f.told.failed, 0);
	peer_close(&p);
	fix_close(&f);
}

static int setup(void **state)
{
	(void)state;
	id = identity_ec();
	other = identity_ec();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	identity_free(&id);
	identity_free(&other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a6_forged_client_hellos_do_not_stop_the_peer),
		cmocka_unit_test(a6_spoofed_alerts_destroy_nothing),
		cmocka_unit_test(a6_a_replayed_handshake_starts_nothing),
		cmocka_unit_test(rfc6347_a_peer_that_restarts_within_the_handshake_is_served),
		cmocka_unit_test(a6_a_strict_endpoint_does_not_answer_other_sources),
		cmocka_unit_test(a6_a_stranger_who_finishes_first_gets_nothing_and_stops_nobody),
		cmocka_unit_test(a_latching_endpoint_with_an_authorised_address_hears_only_that),
		cmocka_unit_test(a21_hellos_without_cookie_cost_no_state_and_amplify_nothing),
		cmocka_unit_test(the_ring_of_a_worker_is_bounded),
		cmocka_unit_test(
			a21_handshakes_of_one_endpoint_are_bounded_and_the_signalled_peer_stays),
		cmocka_unit_test(a21_records_of_a_later_epoch_are_not_hoarded),
		cmocka_unit_test(a6_an_active_handshake_that_was_spoilt_begins_again),
		cmocka_unit_test(a13_a_wrong_fingerprint_gives_no_keys),
		cmocka_unit_test(a14_a_fingerprint_of_an_unknown_hash_matches_nothing),
		cmocka_unit_test(a_shortened_fingerprint_matches_nothing),
		cmocka_unit_test(rfc5764_no_use_srtp_or_none_in_common_gives_no_keys),
		cmocka_unit_test(a24_old_versions_and_weak_ciphers_are_refused),
		cmocka_unit_test(a24_a_short_key_is_refused),
		cmocka_unit_test(a_client_without_certificate_gets_no_keys),
		cmocka_unit_test(a24_the_peer_cannot_renegotiate),
		cmocka_unit_test(a_handshake_without_answer_ends_and_says_what_was_heard),
		cmocka_unit_test(a_finished_association_costs_little_and_still_says_goodbye),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
