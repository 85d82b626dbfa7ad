// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ng: what a call costs the daemon that answers ng: offer, answer and delete of COUNT calls, one after the other, and the processor time
 * of all threads of that process meanwhile (schedstat, nanoseconds). Speaks to any daemon of the protocol, so that two can be compared.
 *
 *	ng --to ADDRESS:PORT --pid PID --mode MODE [--count N] [--local ADDRESS]
 *
 * MODE: plain (RTP/AVP on both sides), sdes (RTP/SAVP on both sides), dtls (UDP/TLS/RTP/SAVPF, signalling only; a daemon that
 * takes the active role sends its first flight), handshake (the same and both handshakes, in the roles of the SDP; the calls' media sockets are at --local). Requests are what Kamailio's module sends. One JSON object.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define TEXT_MAX 16384
#define SUITE "AES_CM_128_HMAC_SHA1_80"
#define KEY_BYTES 30
#define FAILED_MAX 5 /* calls that fail until we give up: each may cost seconds of waiting */

enum mode { PLAIN, SDES, DTLS, HANDSHAKE, MODES };
static const char *const mode_word[MODES] = { "plain", "sdes", "dtls", "handshake" };
static const char *const mode_proto[MODES] = { "RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF",
					       "UDP/TLS/RTP/SAVPF" };

struct bench {
	enum mode mode;
	const char *local;
	int pid;
	unsigned int count;

	int fd;
	unsigned long cookie;
	char request[TEXT_MAX], reply[TEXT_MAX], sdp[TEXT_MAX];

	EVP_PKEY *key;
	X509 *certificate;
	SSL_CTX *ctx;
	char fingerprint[128];

	unsigned int errors, failed; /* requests and handshakes; calls */
	char error[256];
};

/* ---- text ---- */

static void add(char *out, size_t *len, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(char *out, size_t *len, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out + *len, TEXT_MAX - *len, format, args);
	va_end(args);
	if (n > 0 && *len + (size_t)n < TEXT_MAX)
		*len += (size_t)n;
}

static void add_item(char *out, size_t *len, const char *key, const char *value)
{
	add(out, len, "%zu:%s%zu:%s", strlen(key), key, strlen(value), value);
}

/* The value of a string in the reply's dictionary; these keys occur nowhere else in what we read. */
static bool reply_string(const char *reply, const char *key, char *out, size_t size)
{
	char pattern[32];
	const char *at;
	char *end;
	size_t n;

	snprintf(pattern, sizeof(pattern), "%zu:%s", strlen(key), key);
	at = strstr(reply, pattern);
	if (!at)
		return false;
	n = strtoul(at + strlen(pattern), &end, 10);
	if (*end != ':' || n >= size || n > strlen(end + 1))
		return false;
	memcpy(out, end + 1, n);
	out[n] = 0;
	return true;
}

/* ---- one request ---- */

static int fail(struct bench *b, const char *what)
{
	if (!b->errors++)
		snprintf(b->error, sizeof(b->error), "%.180s: %.60s", what, b->reply);
	return -1;
}

static int ask(struct bench *b, size_t len)
{
	struct pollfd p = { .fd = b->fd, .events = POLLIN };
	char *space;
	ssize_t n;

	b->reply[0] = 0;
	if (send(b->fd, b->request, len, 0) < 0 || poll(&p, 1, 5000) <= 0)
		return fail(b, "no reply");
	n = recv(b->fd, b->reply, sizeof(b->reply) - 1, 0);
	if (n <= 0)
		return fail(b, "no reply");
	b->reply[n] = 0;
	space = strchr(b->reply, ' ');
	if (!space || strtoul(b->reply, NULL, 10) != b->cookie)
		return fail(b, "another cookie");
	return strstr(space, "6:result2:ok") ? 0 : fail(b, "not ok");
}

static size_t head(struct bench *b, const char *sdp)
{
	size_t len = 0;

	add(b->request, &len, "%lu d8:supportsl10:load limite", ++b->cookie);
	if (sdp)
		add_item(b->request, &len, "sdp", sdp);
	return len;
}

static void tail(struct bench *b, size_t *len, unsigned int call, const char *command,
		 bool answered)
{
	char id[64];

	snprintf(id, sizeof(id), "bench-%d-%u@192.0.2.2", (int)getpid(), call);
	add(b->request, len, "13:received-froml3:IP4%zu:%se", strlen(b->local), b->local);
	add_item(b->request, len, "call-id", id);
	add_item(b->request, len, "from-tag", "caller");
	if (answered)
		add_item(b->request, len, "to-tag", "callee");
	add_item(b->request, len, "command", command);
	add(b->request, len, "e");
}

static int ask_sdp(struct bench *b, unsigned int call, const char *command, const char *sdp)
{
	bool answer = command[0] == 'a';
	size_t len = head(b, sdp);

	add_item(b->request, &len, "ICE", "remove");
	if (b->mode == SDES && !answer) /* the same work for all: one suite */
		add(b->request, &len, "4:DTLS3:off4:SDESl%zu:only-" SUITE "e",
		    strlen("only-" SUITE));
	if (!answer)
		add(b->request, &len, "9:directionl5:users5:peerse");
	add(b->request, &len, "7:replacel6:origine");
	tail(b, &len, call, command, answer);
	if (ask(b, len))
		return -1;
	return reply_string(b->reply, "sdp", b->sdp, sizeof(b->sdp)) ? 0 : fail(b, "no SDP");
}

static int ask_delete(struct bench *b, unsigned int call)
{
	size_t len = head(b, NULL);

	tail(b, &len, call, "delete", false);
	return ask(b, len);
}

/* ---- SDP of the two users ---- */

static void add_key(char *out, size_t *len, int tag)
{
	uint8_t key[KEY_BYTES], text[64];

	RAND_bytes(key, sizeof(key));
	EVP_EncodeBlock(text, key, sizeof(key));
	add(out, len, "a=crypto:%d " SUITE " inline:%s\r\n", tag, text);
}

static void write_sdp(struct bench *b, char *out, unsigned int port, int tag, const char *setup)
{
	size_t len = 0;

	add(out, &len, "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n", b->local,
	    b->local);
	add(out, &len, "m=audio %u %s 0 8 101\r\n", port, mode_proto[b->mode]);
	add(out, &len, "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n");
	if (b->mode == SDES)
		add_key(out, &len, tag);
	if (b->mode >= DTLS)
		add(out, &len, "a=rtcp-mux\r\na=setup:%s\r\na=fingerprint:sha-256 %s\r\n", setup,
		    b->fingerprint);
}

/* The tag under which the daemon offers our suite. */
static int offered_tag(const char *sdp)
{
	const char *at = sdp;

	while ((at = strstr(at, "a=crypto:"))) {
		char suite[64];
		int tag;

		if (sscanf(at, "a=crypto:%d %63s", &tag, suite) == 2 && !strcmp(suite, SUITE))
			return tag;
		at++;
	}
	return 1;
}

/* ---- handshakes ---- */

static int identity_create(struct bench *b)
{
	unsigned char digest[32];
	unsigned int size;

	b->key = EVP_EC_gen("P-256");
	b->certificate = X509_new();
	ASN1_INTEGER_set(X509_get_serialNumber(b->certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(b->certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(b->certificate), 86400);
	X509_set_pubkey(b->certificate, b->key);
	if (!X509_sign(b->certificate, b->key, EVP_sha256()) ||
	    !X509_digest(b->certificate, EVP_sha256(), digest, &size))
		return -1;
	for (unsigned int i = 0; i < size; i++)
		snprintf(b->fingerprint + 3 * i, 4, "%02X%s", digest[i], i + 1 < size ? ":" : "");
	b->ctx = SSL_CTX_new(DTLS_method());
	return !b->ctx || SSL_CTX_use_certificate(b->ctx, b->certificate) != 1 ||
	       SSL_CTX_use_PrivateKey(b->ctx, b->key) != 1 ||
	       SSL_CTX_set_tlsext_use_srtp(b->ctx, "SRTP_AES128_CM_SHA1_80");
}

static int media_socket(const struct bench *b, unsigned int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, b->local, &a.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) {
		close(fd);
		return -1;
	}
	*port = ntohs(a.sin_port);
	return fd;
}

/* Where the daemon's SDP says that it listens. */
static int connect_to(BIO *bio, int fd, const char *sdp)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *c = strstr(sdp, "c=IN IP4 "), *m = strstr(sdp, "m=audio ");
	char address[32];

	if (!c || !m || sscanf(c, "c=IN IP4 %31s", address) != 1 ||
	    inet_pton(AF_INET, address, &a.sin_addr) != 1)
		return -1;
	a.sin_port = htons((uint16_t)atoi(m + 8));
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &a);
	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* false: OpenSSL has given up, or the socket has. */
static bool step(SSL *ssl, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (SSL_get_error(ssl, SSL_do_handshake(ssl)) != SSL_ERROR_WANT_READ)
		return false;
	return poll(&p, 1, 300) > 0 || DTLSv1_handle_timeout(ssl) >= 0;
}

static int handshake(struct bench *b, int fd, const char *sdp)
{
	SSL *ssl = SSL_new(b->ctx);
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	int64_t end = now_ns() + 2000000000;
	char what[180] = "no handshake: no end of it in two seconds";
	bool done;

	SSL_set_bio(ssl, bio, bio);
	if (strstr(sdp, "a=setup:active"))
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	BIO_set_nbio(bio, 1);
	ERR_clear_error();
	if (connect_to(bio, fd, sdp))
		end = 0;
	while (now_ns() < end && step(ssl, fd))
		;
	done = SSL_is_init_finished(ssl);
	if (!done && ERR_peek_error())
		snprintf(what, sizeof(what), "no handshake: %s",
			 ERR_reason_error_string(ERR_peek_error()));
	SSL_free(ssl);
	ERR_clear_error();
	return done ? 0 : fail(b, what);
}

/* ---- one call ---- */

static int call(struct bench *b, unsigned int number)
{
	static char offer[TEXT_MAX], answer[TEXT_MAX], to_callee[TEXT_MAX];
	unsigned int port[2] = { 20000 + number % 10000 * 4, 20002 + number % 10000 * 4 };
	int fd[2] = { -1, -1 }, err;

	if (b->mode == HANDSHAKE)
		for (int i = 0; i < 2; i++)
			fd[i] = media_socket(b, &port[i]);
	write_sdp(b, offer, port[0], 1, "actpass");
	err = ask_sdp(b, number, "offer", offer);
	if (!err) {
		memcpy(to_callee, b->sdp, sizeof(to_callee));
		write_sdp(b, answer, port[1], offered_tag(to_callee), "active");
		err = ask_sdp(b, number, "answer", answer);
	}
	if (!err && b->mode == HANDSHAKE)
		err = handshake(b, fd[1], to_callee) || handshake(b, fd[0], b->sdp);
	if (ask_delete(b, number))
		err = -1;
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return err;
}

/* ---- the daemon's processor time ---- */

static uint64_t thread_ns(int pid, const char *thread)
{
	unsigned long long ns = 0;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, thread);
	file = fopen(path, "re");
	if (file && fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return ns;
}

static uint64_t process_ns(int pid)
{
	struct dirent *entry;
	uint64_t ns = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ns += thread_ns(pid, entry->d_name);
	if (dir)
		closedir(dir);
	return ns;
}

/* @count calls from number @first on, fewer if too many fail -> how many */
static unsigned int calls(struct bench *b, unsigned int first, unsigned int count)
{
	unsigned int done = 0;

	while (done < count && b->failed < FAILED_MAX)
		if (call(b, first + done++))
			b->failed++;
	return done;
}

static void run(struct bench *b)
{
	unsigned int warm = b->count / 10 + 1, done;
	uint64_t cpu, idle;
	int64_t wall;

	calls(b, 0, warm);
	idle = process_ns(b->pid);
	usleep(500000);
	cpu = process_ns(b->pid);
	idle = cpu - idle;
	wall = now_ns();
	done = calls(b, warm, b->count);
	wall = now_ns() - wall;
	cpu = process_ns(b->pid) - cpu;
	if (done)
		printf("{\"mode\":\"%s\",\"calls\":%u,\"cpu_us\":%.1f,\"wall_us\":%.1f,"
		       "\"idle_us_per_s\":%.0f,\"errors\":%u}\n",
		       mode_word[b->mode], done, (double)cpu / 1000 / done,
		       (double)wall / 1000 / done, (double)idle / 500, b->errors);
	else
		printf("{\"mode\":\"%s\",\"calls\":0,\"cpu_us\":null,\"errors\":%u}\n",
		       mode_word[b->mode], b->errors);
	if (b->errors)
		fprintf(stderr, "ng: %s%s\n", b->error, done < b->count ? "; given up" : "");
}

/* ---- options ---- */

static int open_ng(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strchr(text, ':');
	char host[32] = "";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return -1;
	memcpy(host, text, (size_t)(colon - text));
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	return fd;
}

static int parse(struct bench *b, int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--to"))
			b->fd = open_ng(value);
		else if (!strcmp(argv[i], "--pid"))
			b->pid = atoi(value);
		else if (!strcmp(argv[i], "--count"))
			b->count = (unsigned int)atoi(value);
		else if (!strcmp(argv[i], "--local"))
			b->local = value;
		else if (!strcmp(argv[i], "--mode"))
			for (b->mode = PLAIN; b->mode < MODES && strcmp(value, mode_word[b->mode]);
			     b->mode++)
				;
		else
			return -1;
	}
	return b->fd < 0 || !b->pid || !b->count || b->mode == MODES ? -1 : 0;
}

int main(int argc, char **argv)
{
	static struct bench b = { .fd = -1, .count = 1000, .local = "127.0.0.1" };

	if (parse(&b, argc, argv)) {
		fprintf(stderr,
			"usage: ng --to ADDRESS:PORT --pid PID --mode plain|sdes|dtls|handshake "
			"[--count N] [--local ADDRESS]\n");
		return 2;
	}
	b.cookie = (unsigned long)now_ns(); /* the daemon may remember those of an earlier run */
	if (identity_create(&b)) {
		fprintf(stderr, "ng: OpenSSL makes no certificate\n");
		return 2;
	}
	run(&b);
	SSL_CTX_free(b.ctx);
	X509_free(b.certificate);
	EVP_PKEY_free(b.key);
	return b.errors ? 1 : 0;
}
