/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DTLS peers made of OpenSSL on real loopback sockets, and the daemon's side: one local socket, whose datagrams the fixture hands over as a
 * worker does, and the control thread's callbacks. One thread runs it all; only the dtls thread is its own. until() turns the crank.
 */
#ifndef UPSEC_TEST_DTLSFIX_H
#define UPSEC_TEST_DTLSFIX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "crypto/srtp.h"
#include "dp/dtls_priv.h"
#include "proto/sdp.h"

#define FIX_PEERS 8
#define FIX_WAIT_MS 20000
#define FIX_FLOW 7u
#define ALL_PROFILES                                                          \
	"SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80:" \
	"SRTP_AES128_CM_SHA1_32"
#define SUITE_BIT(name) (1u << UPS_SUITE_##name)
#define ALL_SUITES                                                   \
	(SUITE_BIT(AEAD_AES_256_GCM) | SUITE_BIT(AEAD_AES_128_GCM) | \
	 SUITE_BIT(AES_CM_128_HMAC_SHA1_80) | SUITE_BIT(AES_CM_128_HMAC_SHA1_32))

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

struct peer {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	struct ups_addr addr;
	bool done, dead, closed; /* handshake finished; failed; close_notify came */
	unsigned int heard; /* datagrams that were there, see peer_has() */
};

struct fix {
	struct ups_dtls *d;
	int fd;
	struct ups_addr local;
	struct peer *peer[FIX_PEERS];
	unsigned int peers;
	uint32_t flow;
	bool rtcp, refuse;
	bool (*lose)(struct fix *f, unsigned int number); /* of datagrams towards the daemon */
	unsigned int taken;
	struct {
		unsigned int keys, failed, nominated;
		struct ups_dtls_keys last;
		uint32_t flow;
		int err;
		char reason[200];
		struct ups_addr addr;
	} told;
};

/* ---- time and sockets ------------------------------------------------------------------------------------------- */

static inline uint64_t fix_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline int fix_socket(bool v6, struct ups_addr *addr)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	assert_int_equal(ups_addr_parse(v6 ? "::1" : "127.0.0.1", false, addr), 0);
	len = ups_addr_to_sockaddr(addr, &ss);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = sizeof(ss);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	ups_addr_from_sockaddr(addr, &ss);
	return fd;
}

static inline void fix_send_from(int fd, const struct ups_addr *to, const void *data, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = ups_addr_to_sockaddr(to, &ss);

	assert_int_equal(sendto(fd, data, size, 0, (struct sockaddr *)&ss, len), size);
}

/* ---- the daemon's side ------------------------------------------------------------------------------------------- */

static inline int fix_keys(void *aux, uint32_t flow, const struct ups_dtls_keys *keys)
{
	struct fix *f = aux;

	f->told.keys++;
	f->told.flow = flow;
	f->told.last = *keys;
	return f->refuse ? UPS_E_KEY_REUSED : 0;
}

static inline void fix_failed(void *aux, uint32_t flow, bool rtcp, int err, const char *reason)
{
	struct fix *f = aux;

	(void)rtcp;
	f->told.failed++;
	f->told.flow = flow;
	f->told.err = err;
	snprintf(f->told.reason, sizeof(f->told.reason), "%s", reason);
}

static inline void fix_nominated(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	struct fix *f = aux;

	(void)rtcp;
	f->told.nominated++;
	f->told.flow = flow;
	f->told.addr = *addr;
}

static inline void fix_open_config(struct fix *f, bool v6, const struct ups_dtls_config *config,
				   const struct ups_dtls_seams *seams)
{
	const struct ups_dtls_callbacks callbacks = { f, fix_keys, fix_failed, fix_nominated };
	struct ups_errmsg msg = {};

	*f = (struct fix) { .flow = FIX_FLOW };
	f->fd = fix_socket(v6, &f->local);
	if (ups_dtls_open(config, &callbacks, 1, &f->d, &msg))
		fail_msg("%s", msg.text);
	if (seams && seams->send)
		f->d->seams.send = seams->send;
	if (seams && seams->now)
		f->d->seams.now = seams->now;
	assert_int_equal(ups_dtls_start(f->d), 0);
}

static inline void fix_open(struct fix *f)
{
	fix_open_config(f, false, &(struct ups_dtls_config) {}, NULL);
}

static inline void fix_close(struct fix *f)
{
	ups_dtls_destroy(f->d);
	close(f->fd);
}

/* A leg without fingerprints towards @remote (NULL: not known) */
static inline struct ups_leg fix_leg(enum ups_dtls_role role, const struct ups_addr *remote)
{
	struct ups_leg leg = {
		.mode = UPS_MODE_SRTP,
		.source = UPS_SOURCE_STRICT,
		.dtls = { .on = true, .role = role, .association = 1, .suites = ALL_SUITES },
	};

	if (remote)
		leg.remote = leg.remote_rtcp = *remote;
	return leg;
}

static inline void fix_publish_as(struct fix *f, uint32_t flow, bool rtcp, int fd,
				  const struct ups_leg *leg)
{
	struct ups_dtls_endpoint *e = NULL;

	assert_int_equal(ups_dtls_prepare(f->d, flow, rtcp, fd, leg, &e), 0);
	ups_dtls_publish(f->d, e);
}

static inline void fix_publish(struct fix *f, const struct ups_leg *leg)
{
	fix_publish_as(f, f->flow, f->rtcp, f->fd, leg);
}

static inline void fix_pump(struct fix *f)
{
	struct sockaddr_storage ss;
	struct ups_addr from;
	uint8_t data[4096];

	for (;;) {
		socklen_t len = sizeof(ss);
		ssize_t n = recvfrom(f->fd, data, sizeof(data), MSG_DONTWAIT,
				     (struct sockaddr *)&ss, &len);

		if (n < 0)
			return;
		ups_addr_from_sockaddr(&from, &ss);
		if (f->lose && f->lose(f, f->taken++))
			continue;
		ups_dtls_input(f->d, 0, f->flow, f->rtcp, &from, data, (size_t)n);
	}
}

/* ---- certificates ------------------------------------------------------------------------------------------------ */

static inline void identity_name(X509 *cert, const char *dns, bool ca)
{
	char text[200];
	X509_EXTENSION *ext;

	snprintf(text, sizeof(text), "%s%s", ca ? "critical,CA:" : "DNS:", ca ? "TRUE" : dns);
	ext = X509V3_EXT_conf_nid(NULL, NULL, ca ? NID_basic_constraints : NID_subject_alt_name,
				  text);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* @issuer NULL: self-signed, a CA when @dns is NULL. @days: until it ends, negative = it has. */
static inline struct identity identity_make(EVP_PKEY *key, const char *dns,
					    const struct identity *issuer, long days)
{
	static long serial = 100;
	struct identity id = { key, X509_new() };
	X509_NAME *name = X509_get_subject_name(id.cert);

	assert_non_null(key);
	X509_set_version(id.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), -10 * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), days * 86400L);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const uint8_t *)(dns ? dns : "test CA"), -1, -1, 0);
	X509_set_issuer_name(id.cert, issuer ? X509_get_subject_name(issuer->cert) : name);
	X509_set_pubkey(id.cert, key);
	identity_name(id.cert, dns, !dns);
	assert_true(X509_sign(id.cert, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return id;
}

static inline void identity_free(struct identity *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
}

/* The usual one */
static inline struct identity identity_ec(void)
{
	return identity_make(EVP_EC_gen("P-256"), "peer.example", NULL, 10);
}

static inline void identity_fingerprint(const struct identity *id, uint8_t hash,
					struct ups_leg *leg)
{
	const EVP_MD *md = hash == UPS_HASH_SHA256   ? EVP_sha256()
			   : hash == UPS_HASH_SHA384 ? EVP_sha384()
						     : EVP_sha512();
	struct ups_fingerprint *f = &leg->dtls.fingerprint[leg->dtls.fingerprint_count++];
	unsigned int size = 0;

	assert_int_equal(X509_digest(id->cert, md, f->value, &size), 1);
	f->hash = hash;
	f->size = (uint8_t)size;
}

/* ---- peers ------------------------------------------------------------------------------------------------------- */

static inline int peer_accept_any(X509_STORE_CTX *store, void *aux)
{
	(void)store;
	(void)aux;
	return 1;
}

static inline void peer_rewind(struct peer *p, const struct fix *f, bool server)
{
	struct sockaddr_storage ss;
	BIO_ADDR *to = BIO_ADDR_new();
	BIO *bio;

	SSL_free(p->ssl);
	p->ssl = SSL_new(p->ctx);
	bio = BIO_new_dgram(p->fd, BIO_NOCLOSE);
	ups_addr_to_sockaddr(&f->local, &ss);
	if (ss.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&ss;

		BIO_ADDR_rawmake(to, AF_INET, &in->sin_addr, 4, in->sin_port);
	} else {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&ss;

		BIO_ADDR_rawmake(to, AF_INET6, &in->sin6_addr, 16, in->sin6_port);
	}
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, to);
	SSL_set_bio(p->ssl, bio, bio);
	SSL_set_options(p->ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(p->ssl, 1200);
	if (server)
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
	p->done = p->dead = p->closed = false;
	BIO_ADDR_free(to);
}

/* @id NULL: no certificate. @profiles NULL: no use_srtp. */
static inline void peer_open(struct peer *p, struct fix *f, bool server, const struct identity *id,
			     const char *profiles)
{
	struct sockaddr_storage ss;
	socklen_t len = ups_addr_to_sockaddr(&f->local, &ss);

	*p = (struct peer) {};
	p->fd = fix_socket(ss.ss_family == AF_INET6, &p->addr);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&ss, len), 0);
	p->ctx = SSL_CTX_new(DTLS_method());
	SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(p->ctx, peer_accept_any, NULL);
	if (id) {
		assert_int_equal(SSL_CTX_use_certificate(p->ctx, id->cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, id->key), 1);
	}
	if (profiles)
		assert_int_equal(SSL_CTX_set_tlsext_use_srtp(p->ctx, profiles), 0);
	assert_true(f->peers < FIX_PEERS);
	f->peer[f->peers++] = p;
	peer_rewind(p, f, server);
}

static inline void peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
}

static inline void peer_read(struct peer *p)
{
	uint8_t data[2048];
	int rc = SSL_read(p->ssl, data, sizeof(data));
	int err = SSL_get_error(p->ssl, rc);

	if (err == SSL_ERROR_ZERO_RETURN)
		p->closed = true;
	else if (rc <= 0 && err != SSL_ERROR_WANT_READ)
		p->dead = true;
}

static inline void peer_turn(struct peer *p)
{
	int rc, err;

	ERR_clear_error();
	if (p->dead || p->closed)
		return;
	if (p->done) {
		peer_read(p);
		return;
	}
	DTLSv1_handle_timeout(p->ssl);
	rc = SSL_do_handshake(p->ssl);
	err = SSL_get_error(p->ssl, rc);
	p->done = rc == 1;
	if (rc != 1 && err != SSL_ERROR_WANT_READ)
		p->dead = true;
}

static inline void fix_turn(struct fix *f)
{
	struct pollfd pfd[2 + FIX_PEERS] = { { f->fd, POLLIN, 0 },
					     { ups_dtls_notify_fd(f->d), POLLIN, 0 } };

	for (unsigned int i = 0; i < f->peers; i++)
		pfd[2 + i] = (struct pollfd) { f->peer[i]->fd, POLLIN, 0 };
	poll(pfd, 2 + f->peers, 10);
	fix_pump(f);
	ups_dtls_dispatch(f->d);
	for (unsigned int i = 0; i < f->peers; i++)
		peer_turn(f->peer[i]);
}

#define until(f, condition)                                        \
	do {                                                       \
		uint64_t end_ = fix_now_ms() + FIX_WAIT_MS;        \
		while (!(condition)) {                             \
			if (fix_now_ms() > end_)                   \
				fail_msg("never: %s", #condition); \
			fix_turn(f);                               \
		}                                                  \
	} while (0)

/* Turns the crank for a while in which something must not happen. */
static inline void fix_idle(struct fix *f, unsigned int ms)
{
	uint64_t end = fix_now_ms() + ms;

	while (fix_now_ms() < end)
		fix_turn(f);
}

/* Its first ClientHello is all there was. By name: the numbers of states differ between releases of OpenSSL. */
static inline void expect_unanswered(const struct peer *p)
{
	assert_string_equal(SSL_state_string(p->ssl), "TWCH");
}

/* ---- what both sides must agree on -------------------------------------------------------------------------------- */

static inline void expect_half(const struct ups_secret *secret, const uint8_t *block,
			       const struct ups_suite *suite, unsigned int half)
{
	assert_int_equal(secret->size, suite->key_len + suite->salt_len);
	assert_memory_equal(secret->data, block + half * suite->key_len, suite->key_len);
	assert_memory_equal(secret->data + suite->key_len,
			    block + 2 * suite->key_len + half * suite->salt_len, suite->salt_len);
}

/* What the callback got is what the peer exports, each direction in its place. */
static inline void expect_same_keys(const struct fix *f, const struct peer *p)
{
	const struct ups_suite *suite = ups_suite_by_id(f->told.last.suite);
	unsigned int theirs = SSL_is_server(p->ssl) ? 1 : 0;
	uint8_t block[2 * (UPS_KEY_MAX + UPS_SALT_MAX)];

	assert_non_null(suite);
	assert_int_equal(ups_dtls_suite(SSL_get_selected_srtp_profile(p->ssl)->id), suite->id);
	assert_int_equal(SSL_export_keying_material(p->ssl, block,
						    2 * (suite->key_len + (size_t)suite->salt_len),
						    "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
			 1);
	expect_half(&f->told.last.rx, block, suite, theirs);
	expect_half(&f->told.last.tx, block, suite, 1 - theirs);
	assert_true(ups_addr_equal(&f->told.last.peer, &p->addr));
}

#endif
