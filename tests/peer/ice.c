// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ICE of the test peer, as much as a controlling agent needs against a lite one (RFC 8445, 8489): one Binding request with
 * USE-CANDIDATE and its answer. Written from the RFCs alone, with OpenSSL's HMAC, so that it shares nothing with the daemon.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "peer.h"

#define HEADER 20
#define TRIES 8
#define TRY_MS 250

enum {
	USERNAME = 0x0006,
	INTEGRITY = 0x0008,
	PRIORITY = 0x0024,
	USE_CANDIDATE = 0x0025,
	FINGERPRINT = 0x8028,
	CONTROLLING = 0x802a
};

struct message {
	uint8_t data[512];
	size_t len;
};

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The length in the header counts the attribute that is being added (RFC 8489 14.5). */
static void attribute(struct message *m, uint16_t type, const void *value, size_t size)
{
	uint8_t *at = m->data + m->len;

	put16(at, type);
	put16(at + 2, size);
	memset(at + 4, 0, (size + 3) / 4 * 4);
	if (size)
		memcpy(at + 4, value, size);
	m->len += 4 + (size + 3) / 4 * 4;
	put16(m->data + 2, m->len - HEADER);
}

static void integrity(struct message *m, const char *password)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	put16(m->data + 2, m->len + 24 - HEADER);
	HMAC(EVP_sha1(), password, (int)strlen(password), m->data, m->len, mac, &size);
	attribute(m, INTEGRITY, mac, 20);
}

static void fingerprint(struct message *m)
{
	uint32_t crc = 0xffffffff, value;

	put16(m->data + 2, m->len + 8 - HEADER);
	for (size_t i = 0; i < m->len; i++) {
		crc ^= m->data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	value = htonl(~crc ^ 0x5354554e);
	attribute(m, FINGERPRINT, &value, 4);
}

static int request_build(struct message *m, const char *username, const char *password)
{
	const uint8_t priority[4] = { 0x6e, 0x7f, 0x1e, 0xff },
		      breaker[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	memcpy(m->data, (const uint8_t[8]) { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, 8);
	if (RAND_bytes(m->data + 8, 12) != 1)
		return -1;
	m->len = HEADER;
	attribute(m, USERNAME, username, strlen(username));
	attribute(m, PRIORITY, priority, sizeof(priority));
	attribute(m, CONTROLLING, breaker, sizeof(breaker));
	attribute(m, USE_CANDIDATE, NULL, 0);
	integrity(m, password);
	fingerprint(m);
	return 0;
}

/* A line of USERNAME and PASSWORD; keys of any kind stand in no command line. */
static int credentials_read(const char *path, char username[256], char password[256])
{
	FILE *file = fopen(path, "re");
	int n = file ? fscanf(file, "%255s %255s", username, password) : 0;

	if (file)
		fclose(file);
	if (n == 2)
		return 0;
	fprintf(stderr, "peer: ICE: no username and password in %s\n", path);
	return -1;
}

/* A success response (0x0101) to this very request */
static bool answered(int fd, const struct message *m)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t data[1500];

	while (poll(&p, 1, TRY_MS) > 0) {
		ssize_t len = recv(fd, data, sizeof(data), MSG_DONTWAIT);

		if (len >= HEADER && data[0] == 1 && data[1] == 1 &&
		    !memcmp(data + 8, m->data + 8, 12))
			return true;
	}
	return false;
}

int peer_ice_run(const char *path, int fd, const struct sockaddr_storage *remote)
{
	socklen_t len = remote->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						     : sizeof(struct sockaddr_in6);
	char username[256], password[256];
	struct message m;

	if (credentials_read(path, username, password) || request_build(&m, username, password))
		return -1;
	for (int i = 0; i < TRIES; i++) {
		if (sendto(fd, m.data, m.len, 0, (const struct sockaddr *)remote, len) < 0 &&
		    errno != ECONNREFUSED)
			break;
		if (answered(fd, &m))
			return 0;
	}
	fprintf(stderr, "peer: ICE: no answer\n");
	return -1;
}
