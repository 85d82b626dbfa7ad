// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a DTLS-SRTP handshake costs the daemon, in both roles: processor time of the dtls thread's work (run here by hand, without sockets), next
 * to that of the OpenSSL peer, and the memory of an association under way and in the minute after it finished. ECDSA P-256 on both sides.
 *
 * Usage: dtls_handshake [HANDSHAKES]    default 1000
 */
#include <malloc.h>
#include <openssl/srtp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "dp/dtls_priv.h"
#include "proto/sdp.h"

#define SAMPLE 100 /* associations held while memory is counted */

static struct ups_dtls *d;
static SSL_CTX *peer_ctx;
static BIO *to_peer;
static struct ups_fingerprint peer_fingerprint;
static unsigned int given;

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "dtls_handshake: %s\n", what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void deliver(int fd, const void *data, size_t size, const struct ups_addr *to)
{
	(void)fd;
	(void)to;
	if (to_peer && *(const uint8_t *)data >= 20) /* no STUN */
		BIO_write(to_peer, data, (int)size);
}

static int keys(void *aux, uint32_t flow, const struct ups_dtls_keys *k)
{
	(void)aux;
	(void)flow;
	(void)k;
	given++;
	return 0;
}

static void failed(void *aux, uint32_t flow, bool rtcp, int err, const char *reason)
{
	(void)aux;
	(void)flow;
	(void)rtcp;
	(void)err;
	must(false, reason);
}

static int accept_any(X509_STORE_CTX *store, void *aux)
{
	(void)store;
	(void)aux;
	return 1;
}

static void open_peer(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	unsigned int size = 0;

	must(key && cert, "no certificate");
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	must(X509_sign(cert, key, EVP_sha256()) > 0, "no signature");
	peer_ctx = SSL_CTX_new(DTLS_method());
	SSL_CTX_set_verify(peer_ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(peer_ctx, accept_any, NULL);
	must(SSL_CTX_use_certificate(peer_ctx, cert) == 1 &&
		     SSL_CTX_use_PrivateKey(peer_ctx, key) == 1 &&
		     !SSL_CTX_set_tlsext_use_srtp(peer_ctx, "SRTP_AEAD_AES_128_GCM"),
	     "no context");
	peer_fingerprint.hash = UPS_HASH_SHA256;
	must(X509_digest(cert, EVP_sha256(), peer_fingerprint.value, &size), "no digest");
	peer_fingerprint.size = (uint8_t)size;
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL *new_peer(bool server)
{
	SSL *ssl = SSL_new(peer_ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	must(ssl && in && out, "no peer");
	BIO_set_mem_eof_return(in, -1);
	SSL_set_bio(ssl, in, out);
	SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(ssl, UPS_DTLS_MTU);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	to_peer = in;
	return ssl;
}

static void publish(uint32_t flow, bool passive, const struct ups_addr *peer)
{
	struct ups_leg leg = {
		.remote = *peer,
		.dtls = { .on = true,
			  .role = passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE,
			  .association = 1,
			  .suites = 1u << UPS_SUITE_AEAD_AES_128_GCM,
			  .fingerprint_count = 1,
			  .fingerprint = { peer_fingerprint } },
	};
	struct ups_dtls_endpoint *e = NULL;

	must(!ups_dtls_prepare(d, flow, false, 0, &leg, &e), "no endpoint");
	ups_dtls_publish(d, e);
}

static void to_daemon(SSL *ssl, uint32_t flow, const struct ups_addr *from)
{
	uint8_t data[UPS_DTLS_SLOT];
	int n;

	while ((n = BIO_read(SSL_get_wbio(ssl), data, sizeof(data))) > 0)
		must(ups_dtls_input(d, 0, flow, false, from, data, (size_t)n), "ring full");
}

struct cost {
	uint64_t daemon, peer; /* ns */
};

/* One whole handshake; @half: only as far as the daemon's first flight of its own */
static void run(uint32_t flow, bool passive, bool half, struct cost *cost)
{
	SSL *ssl = new_peer(!passive);
	struct ups_addr peer;
	unsigned int before = given;
	uint64_t at;

	must(!ups_addr_parse("127.0.0.1:9", true, &peer), "no address");
	publish(flow, passive, &peer);
	for (int i = 0; given == before && i < (half ? 2 : 20); i++) {
		at = cpu_ns();
		SSL_do_handshake(ssl);
		cost->peer += cpu_ns() - at;
		to_daemon(ssl, flow, &peer);
		at = cpu_ns();
		ups_dtls_round(d, 0);
		cost->daemon += cpu_ns() - at;
		ups_dtls_dispatch(d);
	}
	must(half || given > before, "no keys");
	ups_dtls_round(d, 0);
	to_peer = NULL;
	SSL_free(ssl);
}

static void drop(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		ups_dtls_drop(d, i, false);
	ups_dtls_round(d, 0);
}

/* Bytes of the heap for each association, besides its endpoint */
static size_t memory(bool passive, bool half)
{
	struct cost cost = {};
	size_t before = mallinfo2().uordblks;

	for (uint32_t i = 0; i < SAMPLE; i++)
		run(i, passive, half, &cost);
	before = mallinfo2().uordblks - before;
	drop(SAMPLE);
	return before / SAMPLE - sizeof(struct ups_dtls_endpoint);
}

static void measure(bool passive, uint32_t count)
{
	struct cost cost = {};

	for (uint32_t i = 0; i < count; i++)
		run(i, passive, false, &cost);
	drop(count);
	printf("%-8s %6.0f us daemon  %6.0f us peer   finished %5zu bytes   under way %6zu bytes\n",
	       passive ? "passive" : "active", (double)cost.daemon / count / 1000,
	       (double)cost.peer / count / 1000, memory(passive, false), memory(passive, true));
}

int main(int argc, char **argv)
{
	const struct ups_dtls_callbacks callbacks = { NULL, keys, failed, NULL };
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct ups_errmsg msg = {};

	must(count > 0 && count < 100000, "how many?");
	open_peer();
	must(!ups_dtls_open(&(struct ups_dtls_config) {}, &callbacks, 1, &d, &msg), msg.text);
	d->seams.send = deliver;
	measure(true, (uint32_t)count);
	measure(false, (uint32_t)count);
	printf("endpoint %zu bytes, ring of a worker %zu bytes\n", sizeof(struct ups_dtls_endpoint),
	       sizeof(struct ups_dtls_ring));
	ups_dtls_destroy(d);
	SSL_CTX_free(peer_ctx);
	return 0;
}
