// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Our certificate, the context with the rules of every handshake, cookies. Set up on the control thread. */
#include "dp/dtls_priv.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/srtp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "proto/sdp.h"

#define YEARS_10 (10L * 365 * 24 * 3600)
#define DAY (24L * 3600)
#define COOKIE_NS (60ULL * 1000000000ULL) /* a cookie is good in its minute and the next */
#define COOKIE_SIZE 32
#define CHAIN_MAX 16384L /* bytes: what a handshake may make OpenSSL keep of one message */

/* RFC 9325 4.2, DTLS 1.2: forward secrecy and authenticated encryption only */
#define CIPHERS                                                      \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

/* ---- SRTP profiles, strongest first ----------------------------------------------------------------------------- */

static const struct {
	uint8_t suite;
	unsigned long id;
	const char *name;
} profiles[] = {
	{ UPS_SUITE_AEAD_AES_256_GCM, SRTP_AEAD_AES_256_GCM, "SRTP_AEAD_AES_256_GCM" },
	{ UPS_SUITE_AEAD_AES_128_GCM, SRTP_AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM" },
	{ UPS_SUITE_AES_CM_128_HMAC_SHA1_80, SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_SHA1_80" },
	{ UPS_SUITE_AES_CM_128_HMAC_SHA1_32, SRTP_AES128_CM_SHA1_32, "SRTP_AES128_CM_SHA1_32" },
};
#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

bool ups_dtls_profiles(uint32_t suites, char *out, size_t size)
{
	struct ups_buf b = ups_buf_init(out, size - 1);

	for (size_t i = 0; i < PROFILES; i++) {
		if (suites & 1u << profiles[i].suite)
			ups_buf_printf(&b, "%s%s", b.size ? ":" : "", profiles[i].name);
	}
	out[b.size] = '\0';
	return b.size && ups_buf_ok(&b);
}

uint8_t ups_dtls_suite(unsigned long profile)
{
	for (size_t i = 0; i < PROFILES; i++) {
		if (profiles[i].id == profile)
			return profiles[i].suite;
	}
	return UPS_SUITE_NONE;
}

/* ---- cookies --------------------------------------------------------------------------------------------------- */

static void make_cookie(const struct ups_dtls_assoc *a, uint64_t minute,
			uint8_t out[static COOKIE_SIZE])
{
	struct {
		uint64_t minute;
		uint32_t flow, rtcp;
		struct ups_addr from;
		uint32_t pad;
	} text = { minute, a->endpoint->name.flow, a->endpoint->name.rtcp, a->remote, 0 };
	unsigned int len = COOKIE_SIZE;

	if (!HMAC(EVP_sha256(), a->d->cookie_secret, sizeof(a->d->cookie_secret),
		  (const uint8_t *)&text, sizeof(text), out, &len))
		memset(out, 0, COOKIE_SIZE);
}

static int cookie_generate(SSL *ssl, unsigned char *cookie, unsigned int *size)
{
	const struct ups_dtls_assoc *a = SSL_get_app_data(ssl);

	make_cookie(a, a->d->now_ns / COOKIE_NS, cookie);
	*size = COOKIE_SIZE;
	return 1;
}

static int cookie_verify(SSL *ssl, const unsigned char *cookie, unsigned int size)
{
	const struct ups_dtls_assoc *a = SSL_get_app_data(ssl);
	uint64_t minute = a->d->now_ns / COOKIE_NS;
	uint8_t want[2][COOKIE_SIZE];

	if (size != COOKIE_SIZE)
		return 0;
	make_cookie(a, minute, want[0]);
	make_cookie(a, minute - 1, want[1]);
	return ups_equal(cookie, want[0], COOKIE_SIZE) || ups_equal(cookie, want[1], COOKIE_SIZE);
}

/* ---- a certificate of our own ----------------------------------------------------------------------------------- */

static bool random_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool ok = number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));

	BN_free(number);
	return ok;
}

static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) && random_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), YEARS_10) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"upsecd", -1,
					  -1, 0) &&
	       X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	       X509_sign(cert, key, EVP_sha256());
}

static bool use_self_signed(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	bool ok = key && cert && fill_certificate(cert, key) &&
		  SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

static const char *ssl_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : "no reason given";
}

static int check_file(const char *path, const char *what, struct ups_errmsg *msg)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file) {
		err = -errno;
		return ups_fail(msg, err, "%s file %s cannot be read: %s", what, path,
				ups_strerror(err));
	}
	fclose(file);
	return 0;
}

/* A key that others may read is no secret. */
static int check_key_mode(const char *path, struct ups_errmsg *msg)
{
	struct stat st;

	if (stat(path, &st))
		return ups_fail(msg, -errno, "key file %s: %s", path, ups_strerror(-errno));
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return ups_fail(msg, -EACCES,
				"key file %s has mode %04o: others may use it; \"chmod 600 %s\"",
				path, (unsigned int)(st.st_mode & 07777), path);
	return 0;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buf, int size, int rwflag, void *aux)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)aux;
	return -1;
}

static int use_files(SSL_CTX *ctx, const char *certificate, const char *key, struct ups_errmsg *msg)
{
	int err = check_file(certificate, "certificate", msg);

	if (!err)
		err = check_file(key, "key", msg);
	if (!err)
		err = check_key_mode(key, msg);
	if (err)
		return err;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return ups_fail(msg, UPS_E_SYNTAX,
				"certificate file %s: not a PEM certificate that can be used (%s)",
				certificate, ssl_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return ups_fail(msg, UPS_E_SYNTAX,
				"key file %s: not a PEM key without passphrase for %s (%s)", key,
				certificate, ssl_reason());
	return 0;
}

static int use_certificate(struct ups_dtls *d, const struct ups_dtls_config *config,
			   struct ups_errmsg *msg)
{
	if (!config->certificate != !config->key)
		return ups_fail(msg, UPS_E_SYNTAX,
				"DTLS certificate and key belong together: give both or neither");
	if (config->certificate)
		return use_files(d->ctx, config->certificate, config->key, msg);
	if (!use_self_signed(d->ctx))
		return ups_fail(msg, -ENOMEM, "cannot make a certificate for DTLS (%s)",
				ssl_reason());
	return 0;
}

static int use_ca(struct ups_dtls *d, const char *path, struct ups_errmsg *msg)
{
	int err;

	if (!path)
		return 0;
	err = check_file(path, "CA", msg);
	if (err)
		return err;
	if (SSL_CTX_load_verify_file(d->ctx, path) != 1)
		return ups_fail(msg, UPS_E_SYNTAX, "CA file %s: no PEM certificate in it (%s)",
				path, ssl_reason());
	d->has_ca = true;
	return 0;
}

static int take_fingerprint(struct ups_dtls *d, struct ups_errmsg *msg)
{
	unsigned int size = 0;

	d->fingerprint.hash = UPS_HASH_SHA256;
	if (!X509_digest(SSL_CTX_get0_certificate(d->ctx), EVP_sha256(), d->fingerprint.value,
			 &size))
		return ups_fail(msg, -ENOMEM, "cannot hash the certificate (%s)", ssl_reason());
	d->fingerprint.size = (uint8_t)size;
	return 0;
}

/* ---- the context ------------------------------------------------------------------------------------------------ */

static bool set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, ups_assoc_verify, NULL);
	SSL_CTX_set_cookie_generate_cb(ctx, cookie_generate);
	SSL_CTX_set_cookie_verify_cb(ctx, cookie_verify);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, GROUPS) == 1;
}

int ups_dtls_cert_init(struct ups_dtls *d, const struct ups_dtls_config *config,
		       struct ups_errmsg *msg)
{
	int err = ups_random(d->cookie_secret, sizeof(d->cookie_secret));

	if (err)
		return ups_fail(msg, err, "no random numbers: %s", ups_strerror(err));
	ERR_clear_error();
	d->ctx = SSL_CTX_new(DTLS_method());
	if (!d->ctx || !set_rules(d->ctx))
		return ups_fail(msg, -ENOMEM, "OpenSSL cannot do DTLS 1.2 as needed (%s)",
				ssl_reason());
	err = use_certificate(d, config, msg);
	if (!err)
		err = use_ca(d, config->ca, msg);
	if (!err)
		err = take_fingerprint(d, msg);
	ERR_clear_error();
	return err;
}
