// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DTLS-SRTP with OpenSSL peers that play by the rules: roles, profiles, certificates, re-keying, loss (RFC 5763, 5764, 8842). */
#include "dtlsfix.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>

static const struct ups_dtls_config plain;

/* A leg towards @p that knows @id by SHA-256 */
static struct ups_leg leg_for(enum ups_dtls_role role, const struct peer *p,
			      const struct identity *id)
{
	struct ups_leg leg = fix_leg(role, &p->addr);

	identity_fingerprint(id, UPS_HASH_SHA256, &leg);
	return leg;
}

static unsigned int handshakes(const struct fix *f)
{
	struct ups_dtls_stats stats;

	ups_dtls_stats(f->d, &stats);
	return (unsigned int)stats.handshakes;
}

/* The daemon waits, the peer begins; both end with keys. */
static void open_passive(struct fix *f, struct peer *p, const struct identity *id)
{
	struct ups_leg leg;

	fix_open(f);
	peer_open(p, f, false, id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, p, id);
	fix_publish(f, &leg);
	until(f, (p->done && f->told.keys));
	expect_same_keys(f, p);
}

/* ---- roles, profiles, certificates ------------------------------------------------------------------------------- */

static void handshake(bool passive, const struct identity *id, const char *profiles, uint8_t hash,
		      bool v6)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	fix_open_config(&f, v6, &plain, NULL);
	peer_open(&p, &f, !passive, id, profiles);
	leg = fix_leg(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p.addr);
	identity_fingerprint(id, hash, &leg);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	assert_int_equal(f.told.flow, FIX_FLOW);
	assert_int_equal(f.told.last.association, 1);
	assert_false(f.told.last.rtcp);
	assert_int_equal(f.told.failed, 0);
	peer_close(&p);
	fix_close(&f);
}

static void every_profile_in_both_roles_gives_both_sides_the_same_keys(void **state)
{
	static const char *const name[] = { "SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM",
					    "SRTP_AES128_CM_SHA1_80", "SRTP_AES128_CM_SHA1_32" };
	struct identity id = identity_ec();

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		handshake(true, &id, name[i], UPS_HASH_SHA256, false);
		handshake(false, &id, name[i], UPS_HASH_SHA256, false);
	}
	identity_free(&id);
}

static void rsa_and_longer_fingerprints_and_ipv6_work_in_both_roles(void **state)
{
	struct identity rsa = identity_make(EVP_RSA_gen(2048), "peer.example", NULL, 10);

	(void)state;
	for (int passive = 0; passive < 2; passive++) {
		handshake(passive, &rsa, ALL_PROFILES, UPS_HASH_SHA384, false);
		handshake(passive, &rsa, ALL_PROFILES, UPS_HASH_SHA512, true);
	}
	identity_free(&rsa);
}

static void the_strongest_permitted_profile_is_taken(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id,
		  "SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM");
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	leg.dtls.suites &= ~SUITE_BIT(AEAD_AES_128_GCM);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	assert_int_equal(f.told.last.suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void any_one_of_the_signalled_fingerprints_is_enough(void **state)
{
	struct identity id = identity_ec(), other = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p, &other);
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
	identity_free(&other);
}

static void the_peer_sees_the_certificate_that_we_signal(void **state)
{
	struct identity id = identity_ec();
	struct ups_fingerprint fp;
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	struct fix f;
	struct peer p;
	X509 *cert;

	(void)state;
	open_passive(&f, &p, &id);
	ups_dtls_fingerprint(f.d, &fp);
	cert = SSL_get1_peer_certificate(p.ssl);
	assert_non_null(cert);
	assert_int_equal(X509_digest(cert, EVP_sha256(), value, &size), 1);
	assert_int_equal(fp.hash, UPS_HASH_SHA256);
	assert_int_equal(fp.size, size);
	assert_memory_equal(fp.value, value, size);
	X509_free(cert);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void rfc5764_rtp_and_rtcp_have_associations_of_their_own(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p, q;

	(void)state;
	open_passive(&f, &p, &id);
	f.rtcp = true;
	peer_open(&q, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &q, &id);
	fix_publish(&f, &leg);
	until(&f, (q.done && f.told.keys == 2));
	assert_true(f.told.last.rtcp);
	expect_same_keys(&f, &q);
	peer_close(&p);
	peer_close(&q);
	fix_close(&f);
	identity_free(&id);
}

/* ---- before the answer ------------------------------------------------------------------------------------------- */

static void early_hello(enum ups_dtls_role role, bool remote_known)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;
	uint64_t begun;

	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = fix_leg(role, remote_known ? &p.addr : NULL);
	fix_publish(&f, &leg);
	fix_idle(&f, 150);
	expect_unanswered(&p);
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	fix_publish(&f, &leg);
	begun = fix_now_ms();
	until(&f, (p.done && f.told.keys));
	/* Its own repetition would have come a second after the first. */
	assert_in_range(fix_now_ms() - begun, 0, 700);
	expect_same_keys(&f, &p);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void rfc5763_a_client_hello_before_the_answer_waits_for_it(void **state)
{
	(void)state;
	early_hello(UPS_DTLS_PASSIVE, true);
	early_hello(UPS_DTLS_UNDECIDED, true);
	early_hello(UPS_DTLS_UNDECIDED, false);
}

static void an_early_client_hello_is_forgotten_when_the_answer_makes_us_active(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer early, p;

	(void)state;
	fix_open(&f);
	peer_open(&early, &f, false, &id, ALL_PROFILES);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = fix_leg(UPS_DTLS_UNDECIDED, NULL);
	fix_publish(&f, &leg);
	fix_idle(&f, 50);
	leg = leg_for(UPS_DTLS_ACTIVE, &p, &id);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	expect_unanswered(&early);
	peer_close(&early);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

/* ---- associations that follow ------------------------------------------------------------------------------------- */

static void a_change_with_the_same_association_number_leaves_it_alone(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, true, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_ACTIVE, &p, &id);
	for (int i = 0; i < 5; i++) {
		fix_publish(&f, &leg);
		fix_turn(&f);
	}
	until(&f, (p.done && f.told.keys));
	fix_publish(&f, &leg);
	fix_idle(&f, 200);
	assert_int_equal(f.told.keys, 1);
	assert_int_equal(handshakes(&f), 1);
	assert_int_equal(f.told.failed, 0);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void rfc8842_a_new_association_keeps_the_old_one_until_it_is_verified(void **state)
{
	struct identity id = identity_ec(), other = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p, q;

	(void)state;
	open_passive(&f, &p, &id);
	peer_open(&q, &f, false, &other, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &q, &other);
	leg.dtls.association = 2;
	f.peers = 1; /* q does not move yet */
	fix_publish(&f, &leg);
	fix_idle(&f, 100);
	assert_false(p.closed || p.dead);
	f.peers = 2;
	until(&f, (q.done && f.told.keys == 2));
	assert_int_equal(f.told.last.association, 2);
	expect_same_keys(&f, &q);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, q.closed);
	assert_false(p.closed);
	peer_close(&p);
	peer_close(&q);
	fix_close(&f);
	identity_free(&id);
	identity_free(&other);
}

static void
an_association_that_was_replaced_before_its_successor_came_gets_the_close_notify(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	open_passive(&f, &p, &id);
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	leg.dtls.association = 2;
	fix_publish(&f, &leg);
	fix_idle(&f, 50);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void rfc6347_a_peer_that_restarts_gets_a_fresh_association(void **state)
{
	struct identity id = identity_ec();
	struct fix f;
	struct peer p;

	(void)state;
	open_passive(&f, &p, &id);
	peer_rewind(&p, &f, false);
	until(&f, (p.done && f.told.keys == 2));
	expect_same_keys(&f, &p);
	assert_int_equal(f.told.last.association, 1);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void close_notify_ends_the_association_and_the_peer_may_come_again(void **state)
{
	struct identity id = identity_ec();
	struct fix f;
	struct peer p;

	(void)state;
	open_passive(&f, &p, &id);
	SSL_shutdown(p.ssl);
	until(&f, p.closed);
	assert_int_equal(f.told.failed, 0);
	peer_rewind(&p, &f, false);
	until(&f, (p.done && f.told.keys == 2));
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void data_of_the_peer_is_ignored(void **state)
{
	struct identity id = identity_ec();
	struct fix f;
	struct peer p;

	(void)state;
	open_passive(&f, &p, &id);
	for (int i = 0; i < 20; i++)
		assert_int_equal(SSL_write(p.ssl, "not for us", 10), 10);
	fix_idle(&f, 100);
	assert_false(p.closed || p.dead);
	assert_int_equal(f.told.keys, 1);
	assert_int_equal(f.told.failed, 0);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	until(&f, p.closed);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void nothing_is_delivered_after_the_drop(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	fix_publish(&f, &leg);
	/* The keys are on their way, but nobody has called dispatch. */
	while (handshakes(&f) < 1) {
		peer_turn(&p);
		fix_pump(&f);
	}
	ups_dtls_drop(f.d, FIX_FLOW, false);
	fix_idle(&f, 100);
	assert_int_equal(f.told.keys + f.told.failed, 0);
	ups_dtls_drop(f.d, FIX_FLOW, false);
	ups_dtls_drop(f.d, 12345, true);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void refused_keys_close_the_association_and_the_endpoint_listens_on(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	(void)state;
	fix_open(&f);
	f.refuse = true;
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	fix_publish(&f, &leg);
	until(&f, p.closed);
	assert_int_equal(f.told.keys, 1);
	f.refuse = false;
	peer_rewind(&p, &f, false);
	until(&f, (p.done && f.told.keys == 2));
	fix_idle(&f, 50);
	assert_false(p.closed);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

/* ---- loss --------------------------------------------------------------------------------------------------------- */

static bool every_second(struct fix *f, unsigned int number)
{
	(void)f;
	return number % 2 == 1 && number < 12;
}

static unsigned int sent;

static void send_every_second(int fd, const void *data, size_t size, const struct ups_addr *to)
{
	unsigned int number = __atomic_fetch_add(&sent, 1, __ATOMIC_RELAXED);

	if (number % 2 == 0 || number >= 12)
		ups_dtls_send(fd, data, size, to);
}

/* The peer's, so that the test is short */
static unsigned int quick_timer(SSL *ssl, unsigned int us)
{
	(void)ssl;
	return us ? us * 2 : 100000;
}

static void lossy(bool passive)
{
	const struct ups_dtls_seams seams = { .send = send_every_second };
	struct identity id = identity_ec();
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	sent = 0;
	fix_open_config(&f, false, &plain, &seams);
	f.lose = every_second;
	peer_open(&p, &f, !passive, &id, ALL_PROFILES);
	DTLS_set_timer_cb(p.ssl, quick_timer);
	leg = leg_for(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p, &id);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	expect_same_keys(&f, &p);
	assert_int_equal(f.told.failed, 0);
	assert_true(__atomic_load_n(&sent, __ATOMIC_RELAXED) > 2);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
}

static void handshakes_survive_the_loss_of_every_second_datagram(void **state)
{
	(void)state;
	lossy(true);
	lossy(false);
}

/* ---- names and chains --------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/upsec-dtls-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", directory, name);
	return out;
}

static const char *write_cert(const char *name, const struct identity *id)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, id->cert), 1);
	fclose(file);
	return path;
}

static const char *write_key(const char *name, const struct identity *id, mode_t mode)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, id->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static const char *write_text(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
	return path;
}

/* -> whether keys were given */
static bool named(const char *ca, const struct identity *id, const struct identity *signalled,
		  const char *name, bool passive)
{
	const struct ups_dtls_config config = { .ca = ca };
	struct ups_leg leg;
	struct fix f;
	struct peer p;
	bool given;

	fix_open_config(&f, false, &config, NULL);
	peer_open(&p, &f, !passive, id, ALL_PROFILES);
	leg = leg_for(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p, signalled);
	snprintf(leg.dtls.peer_name, sizeof(leg.dtls.peer_name), "%s", name);
	fix_publish(&f, &leg);
	until(&f, f.told.keys || f.told.failed);
	given = f.told.keys;
	if (!given) {
		assert_int_equal(f.told.err, UPS_E_FINGERPRINT);
		assert_true(strlen(f.told.reason) > 10);
	}
	peer_close(&p);
	fix_close(&f);
	return given;
}

static void a_peer_with_a_name_needs_chain_name_and_fingerprint(void **state)
{
	struct identity ca = identity_make(EVP_EC_gen("P-256"), NULL, NULL, 10);
	struct identity good = identity_make(EVP_EC_gen("P-256"), "cs.example", &ca, 10);
	struct identity expired = identity_make(EVP_EC_gen("P-256"), "cs.example", &ca, -1);
	struct identity self = identity_make(EVP_EC_gen("P-256"), "cs.example", NULL, 10);
	const char *file = write_cert("ca.pem", &ca);

	(void)state;
	for (int passive = 0; passive < 2; passive++) {
		assert_true(named(file, &good, &good, "cs.example", passive));
		assert_false(named(file, &good, &good, "other.example", passive));
		assert_false(named(file, &expired, &expired, "cs.example", passive));
		assert_false(named(file, &self, &self, "cs.example", passive));
		assert_false(named(file, &good, &self, "cs.example", passive));
		assert_false(named(NULL, &good, &good, "cs.example", passive));
		/* Without a name the fingerprint decides alone (RFC 8122). */
		assert_true(named(file, &expired, &expired, "", passive));
	}
	identity_free(&good);
	identity_free(&expired);
	identity_free(&self);
	identity_free(&ca);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static void expect_refused(const char *certificate, const char *key, const char *ca,
			   const char *words)
{
	const struct ups_dtls_config config = { certificate, key, ca };
	const struct ups_dtls_callbacks callbacks = { NULL, fix_keys, fix_failed, fix_nominated };
	struct ups_errmsg msg = {};
	struct ups_dtls *d = NULL;

	assert_true(ups_dtls_create(&config, &callbacks, 1, &d, &msg) < 0);
	if (!strstr(msg.text, words))
		fail_msg("\"%s\" does not say \"%s\"", msg.text, words);
}

static void files_that_cannot_be_used_are_refused_in_words(void **state)
{
	struct identity id = identity_ec(), other = identity_ec();
	const char *cert = write_cert("cert.pem", &id), *key = write_key("key.pem", &id, 0600);

	(void)state;
	expect_refused(cert, NULL, NULL, "both or neither");
	expect_refused("/nonexistent.pem", key, NULL, "/nonexistent.pem cannot be read");
	expect_refused(cert, "/nonexistent.pem", NULL, "/nonexistent.pem cannot be read");
	expect_refused(cert, write_key("open.pem", &id, 0640), NULL, "chmod 600");
	expect_refused(cert, write_key("wrong.pem", &other, 0600), NULL, "wrong.pem");
	expect_refused(cert, write_text("text.pem", "no key\n"), NULL, "text.pem");
	expect_refused(write_text("text2.pem", "no certificate\n"), key, NULL, "text2.pem");
	expect_refused(NULL, NULL, write_text("text3.pem", "no CA\n"), "text3.pem");
	identity_free(&id);
	identity_free(&other);
}

static void a_configured_certificate_is_the_one_that_is_used(void **state)
{
	struct identity id = identity_ec(), ours = identity_ec();
	const char *cert = write_cert("ours.pem", &ours), *key = write_key("ours.key", &ours, 0600);
	const struct ups_dtls_config config = { cert, key, NULL };
	struct ups_leg leg;
	struct fix f;
	struct peer p;
	X509 *seen;

	(void)state;
	fix_open_config(&f, false, &config, NULL);
	peer_open(&p, &f, false, &id, ALL_PROFILES);
	leg = leg_for(UPS_DTLS_PASSIVE, &p, &id);
	fix_publish(&f, &leg);
	until(&f, (p.done && f.told.keys));
	seen = SSL_get1_peer_certificate(p.ssl);
	assert_int_equal(X509_cmp(seen, ours.cert), 0);
	X509_free(seen);
	peer_close(&p);
	fix_close(&f);
	identity_free(&id);
	identity_free(&ours);
}

/* ---- an independent program ---------------------------------------------------------------------------------------- */

static FILE *s_client(const struct fix *f, const struct identity *id)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "sleep 1 | openssl s_client -dtls1_2 -connect 127.0.0.1:%u -cert %s -key %s"
		 " -use_srtp SRTP_AES128_CM_SHA1_80 -keymatexport EXTRACTOR-dtls_srtp"
		 " -keymatexportlen 60 2>/dev/null",
		 ups_addr_port(&f->local), write_cert("client.pem", id),
		 write_key("client.key", id, 0600));
	return popen(command, "re");
}

static void the_openssl_program_exports_the_same_keys(void **state)
{
	struct identity id = identity_ec();
	struct ups_leg leg = fix_leg(UPS_DTLS_PASSIVE, NULL);
	char line[512], want[64];
	bool found = false;
	struct fix f;
	FILE *out;

	(void)state;
	fix_open(&f);
	leg.source = UPS_SOURCE_LATCH;
	identity_fingerprint(&id, UPS_HASH_SHA256, &leg);
	fix_publish(&f, &leg);
	out = s_client(&f, &id);
	assert_non_null(out);
	until(&f, f.told.keys);
	assert_int_equal(f.told.last.suite, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
	/* The client's key is the first of the block. */
	for (unsigned int i = 0; i < 16; i++)
		snprintf(want + 2 * i, 3, "%02X", f.told.last.rx.data[i]);
	while (fgets(line, sizeof(line), out))
		found |= strstr(line, "Keying material: ") && strstr(line, want);
	pclose(out);
	assert_true(found);
	fix_close(&f);
	identity_free(&id);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_in_both_roles_gives_both_sides_the_same_keys),
		cmocka_unit_test(rsa_and_longer_fingerprints_and_ipv6_work_in_both_roles),
		cmocka_unit_test(the_strongest_permitted_profile_is_taken),
		cmocka_unit_test(any_one_of_the_signalled_fingerprints_is_enough),
		cmocka_unit_test(the_peer_sees_the_certificate_that_we_signal),
		cmocka_unit_test(rfc5764_rtp_and_rtcp_have_associations_of_their_own),
		cmocka_unit_test(rfc5763_a_client_hello_before_the_answer_waits_for_it),
		cmocka_unit_test(
			an_early_client_hello_is_forgotten_when_the_answer_makes_us_active),
		cmocka_unit_test(a_change_with_the_same_association_number_leaves_it_alone),
		cmocka_unit_test(rfc8842_a_new_association_keeps_the_old_one_until_it_is_verified),
		cmocka_unit_test(
			an_association_that_was_replaced_before_its_successor_came_gets_the_close_notify),
		cmocka_unit_test(rfc6347_a_peer_that_restarts_gets_a_fresh_association),
		cmocka_unit_test(close_notify_ends_the_association_and_the_peer_may_come_again),
		cmocka_unit_test(data_of_the_peer_is_ignored),
		cmocka_unit_test(nothing_is_delivered_after_the_drop),
		cmocka_unit_test(refused_keys_close_the_association_and_the_endpoint_listens_on),
		cmocka_unit_test(handshakes_survive_the_loss_of_every_second_datagram),
		cmocka_unit_test(a_peer_with_a_name_needs_chain_name_and_fingerprint),
		cmocka_unit_test(files_that_cannot_be_used_are_refused_in_words),
		cmocka_unit_test(a_configured_certificate_is_the_one_that_is_used),
		cmocka_unit_test(the_openssl_program_exports_the_same_keys),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
