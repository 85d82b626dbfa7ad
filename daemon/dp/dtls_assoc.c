// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One association: the handshake, who the peer is, its keys. dtls thread. */
#define UPS_LOG_MODULE "dtls"
#include "dp/dtls_priv.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/log.h"
#include "crypto/srtp.h"
#include "proto/sdp.h"

#define EXPORTER "EXTRACTOR-dtls_srtp"
#define PROFILES_TEXT 128
#define KEY_BITS_MIN 112 /* strength of a peer's public key: RSA 2048 */
#define TIMER_US 400000u /* first retransmission: somebody waits for the call */
#define TIMER_MAX_US 6400000u
#define WRITE_MAX 1400 /* bytes of one record of ours */

/* ---- who the peer is -------------------------------------------------------------------------------------------- */

static int give_reason(struct ups_dtls_assoc *a, int err, const char *text, const char *detail)
{
	a->err = err;
	snprintf(a->reason, sizeof(a->reason), "%s%s%s%s", text, detail ? " (" : "",
		 detail ? detail : "", detail ? ")" : "");
	return err;
}

static const EVP_MD *digest_of(uint8_t hash)
{
	switch (hash) {
	case UPS_HASH_SHA256:
		return EVP_sha256();
	case UPS_HASH_SHA384:
		return EVP_sha384();
	case UPS_HASH_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static bool fingerprint_matches(const struct ups_fingerprint *f, const X509 *cert)
{
	const EVP_MD *md = digest_of(f->hash);
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	return md && X509_digest(cert, md, value, &size) && size == f->size &&
	       ups_equal(value, f->value, size);
}

static int check_fingerprint(struct ups_dtls_assoc *a, const X509 *cert)
{
	const struct ups_dtls_spec *spec = &a->endpoint->dtls;
	bool match = false;

	for (unsigned int i = 0; i < spec->fingerprint_count; i++)
		match |= fingerprint_matches(&spec->fingerprint[i], cert);
	if (match)
		return 0;
	return give_reason(a, UPS_E_FINGERPRINT,
			   "the peer's certificate has none of the signalled fingerprints", NULL);
}

static int check_profile(struct ups_dtls_assoc *a)
{
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(a->ssl);
	uint8_t suite = p ? ups_dtls_suite(p->id) : UPS_SUITE_NONE;

	if (suite && a->endpoint->dtls.suites & 1u << suite)
		return 0;
	return give_reason(a, UPS_E_SUITE, "no SRTP profile was agreed on", NULL);
}

static int check_name(struct ups_dtls_assoc *a, X509_STORE_CTX *store)
{
	if (!a->endpoint->dtls.peer_name[0])
		return 0;
	if (!a->d->has_ca)
		return give_reason(a, UPS_E_FINGERPRINT,
				   "the peer's name cannot be verified without a CA file", NULL);
	if (X509_verify_cert(store) == 1)
		return 0;
	return give_reason(a, UPS_E_FINGERPRINT,
			   "the peer's certificate is not the one of its name",
			   X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
}

static int check_strength(struct ups_dtls_assoc *a, const X509 *cert)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);

	if (key && EVP_PKEY_get_security_bits(key) >= KEY_BITS_MIN)
		return 0;
	return give_reason(a, UPS_E_FINGERPRINT, "the peer's public key is too short", NULL);
}

/*
 * Inside the handshake, so that a stranger costs no more than this. Also with chain and name, a fingerprint is needed: it ties the
 * certificate to this call.
 */
int ups_assoc_verify(X509_STORE_CTX *store, void *aux)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct ups_dtls_assoc *a = SSL_get_app_data(ssl);
	const X509 *cert = X509_STORE_CTX_get0_cert(store);

	(void)aux;
	if (check_profile(a)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	if (check_fingerprint(a, cert) || check_strength(a, cert) || check_name(a, store)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	return 1;
}

/* ---- keys ------------------------------------------------------------------------------------------------------ */

/* RFC 5764 4.2: client key, server key, client salt, server salt */
static int split_keys(const uint8_t *block, const struct ups_suite *suite, bool client,
		      struct ups_secret *out)
{
	uint8_t master[UPS_SECRET_MAX];
	unsigned int half = client ? 0 : 1;
	int err;

	memcpy(master, block + half * suite->key_len, suite->key_len);
	memcpy(master + suite->key_len, block + 2 * suite->key_len + half * suite->salt_len,
	       suite->salt_len);
	err = ups_secret_set(out, master, suite->key_len + (size_t)suite->salt_len);
	ups_wipe(master, sizeof(master));
	return err;
}

static int export_keys(struct ups_dtls_assoc *a, struct ups_dtls_keys *keys)
{
	uint8_t block[2 * (UPS_KEY_MAX + UPS_SALT_MAX)];
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(a->ssl);
	const struct ups_suite *suite = ups_suite_by_id(p ? ups_dtls_suite(p->id) : 0);
	int err = -EPROTO;

	if (!suite)
		return err;
	if (SSL_export_keying_material(a->ssl, block, 2 * (suite->key_len + suite->salt_len),
				       EXPORTER, strlen(EXPORTER), NULL, 0, 0) == 1)
		err = split_keys(block, suite, !a->active, &keys->rx);
	if (!err)
		err = split_keys(block, suite, a->active, &keys->tx);
	ups_wipe(block, sizeof(block));
	keys->association = a->number;
	keys->rtcp = a->endpoint->name.rtcp;
	keys->suite = suite->id;
	keys->peer = a->remote;
	return err;
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static unsigned int next_timer(SSL *ssl, unsigned int us)
{
	(void)ssl;
	if (!us)
		return TIMER_US;
	return us < TIMER_MAX_US / 2 ? us * 2 : TIMER_MAX_US;
}

static bool open_ssl(struct ups_dtls_assoc *a)
{
	BIO *bio;

	a->ssl = SSL_new(a->d->ctx);
	if (!a->ssl)
		return false;
	bio = BIO_new(a->d->bio);
	if (!bio)
		return false;
	BIO_set_data(bio, a);
	BIO_set_init(bio, 1);
	SSL_set_bio(a->ssl, bio, bio);
	SSL_set_app_data(a->ssl, a);
	DTLS_set_timer_cb(a->ssl, next_timer);
	return SSL_set_mtu(a->ssl, UPS_DTLS_MTU) && SSL_set_max_send_fragment(a->ssl, WRITE_MAX);
}

struct ups_dtls_assoc *ups_assoc_create(struct ups_dtls *d)
{
	struct ups_dtls_assoc *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->d = d;
	a->id = ++d->last_assoc;
	if (open_ssl(a))
		return a;
	ERR_clear_error();
	ups_assoc_destroy(a);
	return NULL;
}

static void stop_running(struct ups_dtls_assoc *a)
{
	TAILQ_REMOVE(&a->d->running, a, of_all);
	__atomic_fetch_sub(&a->d->stats.running, 1, __ATOMIC_RELAXED);
}

static void leave_endpoint(struct ups_dtls_assoc *a)
{
	struct ups_dtls_endpoint *e = a->endpoint;

	if (e->current == a) {
		e->current = NULL;
		if (a->ssl)
			TAILQ_REMOVE(&a->d->settling, a, of_all);
		return;
	}
	if (a->state == UPS_ASSOC_RUNNING)
		stop_running(a);
	TAILQ_REMOVE(&e->tries, a, of_endpoint);
	e->try_count--;
}

void ups_assoc_destroy(struct ups_dtls_assoc *a)
{
	if (!a)
		return;
	if (a->owned)
		leave_endpoint(a);
	SSL_free(a->ssl);
	free(a);
}

/* ---- failure ---------------------------------------------------------------------------------------------------- */

static void report_failure(struct ups_dtls_assoc *a)
{
	struct ups_dtls_endpoint *e = a->endpoint;
	struct ups_dtls *d = a->d;
	struct ups_dtls_result *r;

	ups_dtls_count(&d->stats.failures);
	/* Media goes on under the keys there are. */
	if (e->done)
		return;
	if (e->reported_ns && d->now_ns - e->reported_ns < UPS_DTLS_REPORT_NS)
		return;
	r = ups_dtls_result(e, d, UPS_DTLS_FAILED);
	if (!r)
		return;
	e->reported_ns = d->now_ns;
	r->err = a->err;
	snprintf(r->reason, sizeof(r->reason), "%s", a->reason);
	ups_dtls_report(d, r);
}

/* Only this attempt ends. Nothing else of the endpoint depends on it. */
static void fail(struct ups_dtls_assoc *a)
{
	struct ups_dtls_endpoint *e = a->endpoint;
	struct ups_dtls *d = a->d;
	bool again = a->active && a->err != -ETIMEDOUT;

	report_failure(a);
	ups_assoc_destroy(a);
	if (again)
		ups_endpoint_restart_later(d, e);
}

static void fail_by_ssl(struct ups_dtls_assoc *a)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	if (!a->err)
		give_reason(a, -EPROTO, "the DTLS handshake failed", text);
	ERR_clear_error();
	fail(a);
}

static void fail_by_time(struct ups_dtls_assoc *a)
{
	char alert[64];

	snprintf(alert, sizeof(alert), "the peer sent alert %u, %s", a->alert,
		 SSL_alert_desc_string_long(a->alert));
	give_reason(a, -ETIMEDOUT, "the DTLS handshake was not finished in time",
		    a->alert ? alert : NULL);
	fail(a);
}

/* ---- the handshake ---------------------------------------------------------------------------------------------- */

/* Again, since what was signalled may have changed while the handshake ran. */
static int check_again(struct ups_dtls_assoc *a)
{
	X509 *cert = SSL_get1_peer_certificate(a->ssl);
	int err = check_profile(a);

	if (!err)
		err = cert ? check_fingerprint(a, cert)
			   : give_reason(a, UPS_E_FINGERPRINT, "the peer has no certificate", NULL);
	X509_free(cert);
	return err;
}

static void verified(struct ups_dtls_assoc *a)
{
	struct ups_dtls_result *r = ups_dtls_result(a->endpoint, a->d, UPS_DTLS_KEYS);

	if (!r) {
		give_reason(a, UPS_E_LIMIT, "no room for the keys", NULL);
		ups_assoc_close(a);
		fail(a);
		return;
	}
	if (export_keys(a, &r->keys)) {
		ups_secret_wipe(&r->keys.rx);
		free(r);
		give_reason(a, -EPROTO, "no keys can be derived", NULL);
		fail(a);
		return;
	}
	r->assoc = a->id;
	a->state = UPS_ASSOC_VERIFIED;
	a->due_ns = 0;
	stop_running(a);
	ups_dtls_count(&a->d->stats.handshakes);
	ups_dtls_report(a->d, r);
}

static void set_due(struct ups_dtls_assoc *a)
{
	struct timeval tv;

	a->due_ns = a->begun_ns + UPS_DTLS_TIMEOUT_MS * 1000000ULL;
	if (DTLSv1_get_timeout(a->ssl, &tv) == 1) {
		uint64_t due = a->d->now_ns + (uint64_t)tv.tv_sec * 1000000000ULL +
			       (uint64_t)tv.tv_usec * 1000;

		a->due_ns = due < a->due_ns ? due : a->due_ns;
	}
	if (a->due_ns < a->d->tick_ns)
		a->d->tick_ns = a->due_ns;
}

static void handshake(struct ups_dtls_assoc *a)
{
	int rc, err;

	ERR_clear_error();
	rc = SSL_do_handshake(a->ssl);
	err = SSL_get_error(a->ssl, rc);
	if (rc == 1) {
		if (check_again(a)) {
			ups_assoc_close(a);
			fail(a);
		} else {
			verified(a);
		}
	} else if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
		set_due(a);
	} else {
		fail_by_ssl(a);
	}
}

static void set_name(struct ups_dtls_assoc *a, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(a->ssl);

	if (!name[0])
		return;
	/* A certificate that names a host, whichever side of the handshake it is on. */
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
						       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, name, 0) != 1)
		give_reason(a, -ENOMEM, "no memory for the peer's name", NULL);
}

void ups_assoc_begin(struct ups_dtls_assoc *a, struct ups_dtls_endpoint *e, bool active)
{
	struct ups_dtls *d = a->d;
	char list[PROFILES_TEXT];

	a->endpoint = e;
	a->number = e->dtls.association;
	a->owned = true;
	a->active = active;
	a->begun_ns = d->now_ns;
	TAILQ_INSERT_TAIL(&e->tries, a, of_endpoint);
	e->try_count++;
	TAILQ_INSERT_TAIL(&d->running, a, of_all);
	__atomic_fetch_add(&d->stats.running, 1, __ATOMIC_RELAXED);
	set_name(a, e->dtls.peer_name);
	if (!ups_dtls_profiles(e->dtls.suites, list, sizeof(list)) ||
	    SSL_set_tlsext_use_srtp(a->ssl, list))
		give_reason(a, UPS_E_SUITE, "no SRTP profile is permitted", NULL);
	if (a->err) {
		fail(a);
		return;
	}
	if (active)
		SSL_set_connect_state(a->ssl);
	handshake(a);
}

/* ---- after the handshake ---------------------------------------------------------------------------------------- */

/* Data is thrown away; a repeated last flight is answered by OpenSSL while it reads. The buffers are 34 KiB that idle associations do not need. */
static void listen_on(struct ups_dtls_assoc *a)
{
	uint8_t data[512];
	int rc, err;

	ERR_clear_error();
	if (!SSL_alloc_buffers(a->ssl))
		return;
	do {
		rc = SSL_read(a->ssl, data, sizeof(data));
	} while (rc > 0);
	err = SSL_get_error(a->ssl, rc);
	ERR_clear_error();
	if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
		SSL_free_buffers(a->ssl);
		return;
	}
	/* The association ends; the keys stay until signalling says otherwise. */
	if (err == SSL_ERROR_ZERO_RETURN)
		ups_assoc_close(a);
	ups_assoc_destroy(a);
}

/* Anybody could make OpenSSL keep a hundred records for later. */
static bool too_early(struct ups_dtls_assoc *a, const struct ups_record *record)
{
	a->changed |= record->type == UPS_RECORD_CCS;
	return record->epoch && !a->changed && a->ahead++ >= UPS_DTLS_AHEAD;
}

void ups_assoc_input(struct ups_dtls_assoc *a, const struct ups_record *record)
{
	if (!a->ssl || (a->state == UPS_ASSOC_RUNNING && too_early(a, record)))
		return;
	a->in = record->data;
	a->in_size = record->size;
	if (a->state == UPS_ASSOC_RUNNING)
		handshake(a);
	else
		listen_on(a);
}

void ups_assoc_timer(struct ups_dtls_assoc *a)
{
	if (a->d->now_ns - a->begun_ns >= UPS_DTLS_TIMEOUT_MS * 1000000ULL) {
		fail_by_time(a);
		return;
	}
	ERR_clear_error();
	if (DTLSv1_handle_timeout(a->ssl) < 0)
		fail_by_ssl(a);
	else
		set_due(a);
}

void ups_assoc_close(struct ups_dtls_assoc *a)
{
	if (!a->ssl) {
		if (a->farewell_size)
			a->d->seams.send(a->endpoint->fd, a->farewell, a->farewell_size,
					 &a->remote);
		return;
	}
	ERR_clear_error();
	if (SSL_alloc_buffers(a->ssl))
		SSL_shutdown(a->ssl);
	ERR_clear_error();
}

void ups_assoc_settle(struct ups_dtls_assoc *a)
{
	a->keeps_farewell = true;
	ups_assoc_close(a);
	TAILQ_REMOVE(&a->d->settling, a, of_all);
	SSL_free(a->ssl);
	a->ssl = NULL;
}

void ups_assoc_confirm(struct ups_dtls_assoc *a)
{
	struct ups_dtls_endpoint *e = a->endpoint;
	struct ups_dtls_assoc *other, *next;

	ups_assoc_destroy(e->current);
	TAILQ_REMOVE(&e->tries, a, of_endpoint);
	e->try_count--;
	e->current = a;
	a->state = UPS_ASSOC_CURRENT;
	TAILQ_INSERT_TAIL(&a->d->settling, a, of_all);
	a->due_ns = a->d->now_ns + UPS_DTLS_SETTLE_NS;
	if (a->due_ns < a->d->tick_ns)
		a->d->tick_ns = a->due_ns;
	e->done = e->done || a->number == e->dtls.association;
	for (other = TAILQ_FIRST(&e->tries); other; other = next) {
		next = TAILQ_NEXT(other, of_endpoint);
		ups_assoc_destroy(other);
	}
	SSL_free_buffers(a->ssl);
}
