// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * DTLS-SRTP of the test peer (RFC 5764), with OpenSSL alone: handshake on the media socket, the fingerprint of the SDP checked,
 * keys from the exporter into libsrtp2 sessions. Blocks until it is done.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "peer.h"

#define LABEL "EXTRACTOR-dtls_srtp"

static const struct profile {
	unsigned long id;
	const char *suite;
	size_t key, salt;
} profiles[] = {
	{ 0x0001, "AES_CM_128_HMAC_SHA1_80", 16, 14 },
	{ 0x0002, "AES_CM_128_HMAC_SHA1_32", 16, 14 },
	{ 0x0007, "AEAD_AES_128_GCM", 16, 12 },
	{ 0x0008, "AEAD_AES_256_GCM", 32, 12 },
};

static int failed(const char *what)
{
	char text[256];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	fprintf(stderr, "peer: DTLS: %s: %s\n", what, text);
	return -1;
}

/* Whose certificate it is, the fingerprint tells. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static SSL_CTX *context_create(const struct peer_dtls *d)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
	SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION);
	if (SSL_CTX_use_certificate_file(ctx, d->identity, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx, d->identity, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_set_tlsext_use_srtp(ctx, d->profiles) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until something comes, or the flight must be sent again. */
static void wait_readable(SSL *ssl, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timeval t = { 0, 100000 };

	DTLSv1_get_timeout(ssl, &t);
	if (poll(&p, 1, (int)(t.tv_sec * 1000 + t.tv_usec / 1000) + 1) <= 0)
		DTLSv1_handle_timeout(ssl);
}

static int handshake(SSL *ssl, int fd, unsigned int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;

	while (now_ms() < end) {
		int n = SSL_do_handshake(ssl), why = SSL_get_error(ssl, n);

		if (n == 1)
			return 0;
		if (why == SSL_ERROR_SYSCALL && errno == ECONNREFUSED)
			why = SSL_ERROR_WANT_READ; /* nobody there yet */
		if (why != SSL_ERROR_WANT_READ)
			return failed("handshake");
		wait_readable(ssl, fd);
	}
	fprintf(stderr, "peer: DTLS: no handshake within %u ms\n", timeout_ms);
	return -1;
}

/* "sha-256 AB:CD:..." as in SDP; without one nothing is checked. */
static int check_fingerprint(SSL *ssl, const char *expected)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[4 * EVP_MAX_MD_SIZE] = "";
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	const char *space = expected ? strchr(expected, ' ') : NULL;
	unsigned int size = 0;
	bool same;

	if (!expected || !space || !certificate) {
		X509_free(certificate);
		return expected ? failed("no fingerprint or certificate") : 0;
	}
	X509_digest(certificate, strncasecmp(expected, "sha-384", 7) ? EVP_sha256() : EVP_sha384(),
		    digest, &size);
	X509_free(certificate);
	for (unsigned int i = 0; i < size; i++)
		snprintf(text + 3 * i, 4, "%02X%s", digest[i], i + 1 < size ? ":" : "");
	same = !strcasecmp(text, space + 1);
	if (!same)
		fprintf(stderr, "peer: DTLS: the certificate is not the one of the SDP\n");
	return same ? 0 : -1;
}

static int export_keys(SSL *ssl, bool server, struct peer_keys *keys)
{
	const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(ssl);
	const struct profile *p = NULL;
	uint8_t material[2 * (32 + 14)], one[2][32 + 14];
	int err;

	for (size_t i = 0; chosen && i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (profiles[i].id == chosen->id)
			p = &profiles[i];
	if (!p || SSL_export_keying_material(ssl, material, 2 * (p->key + p->salt), LABEL,
					     sizeof(LABEL) - 1, NULL, 0, 0) != 1)
		return failed("no profile in common, or no keys");
	for (size_t i = 0; i < 2;
	     i++) { /* client's key, server's key, client's salt, server's salt */
		memcpy(one[i], material + i * p->key, p->key);
		memcpy(one[i] + p->key, material + 2 * p->key + i * p->salt, p->salt);
	}
	err = peer_keys_set(keys, true, p->suite, one[server], (int)(p->key + p->salt)) ||
	      peer_keys_set(keys, false, p->suite, one[!server], (int)(p->key + p->salt));
	OPENSSL_cleanse(material, sizeof(material));
	OPENSSL_cleanse(one, sizeof(one));
	return err ? -1 : 0;
}

static SSL *association_create(SSL_CTX *ctx, int fd, const struct sockaddr_storage *remote,
			       bool server)
{
	socklen_t len = remote->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						     : sizeof(struct sockaddr_in6);
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;

	if (!ssl || !bio || connect(fd, (const struct sockaddr *)remote, len)) {
		BIO_free(bio);
		SSL_free(ssl);
		return NULL;
	}
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, (void *)remote);
	BIO_set_nbio(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
	SSL_set_mtu(ssl, 1200);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

int peer_dtls_run(const struct peer_dtls *d, int fd, const struct sockaddr_storage *remote,
		  struct peer_keys *keys)
{
	bool server = !strcmp(d->role, "passive");
	SSL_CTX *ctx = context_create(d);
	SSL *ssl = association_create(ctx, fd, remote, server);
	int err = ssl ? 0 : failed("set-up");

	if (!err)
		err = handshake(ssl, fd, d->timeout_ms);
	if (!err)
		err = check_fingerprint(ssl, d->fingerprint);
	if (!err)
		err = export_keys(ssl, server, keys);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return err;
}
