// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entry of the test peer: one table of commands, and what they share. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "call", peer_call },
	{ "attack", peer_attack },
	{ "scan", peer_scan },
};

int peer_addr_parse(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	const char *colon = strrchr(text, ':');
	char host[64];
	size_t len;

	memset(out, 0, sizeof(*out));
	if (!colon)
		goto bad;
	len = (size_t)(colon - text);
	if (text[0] == '[' && len >= 2 && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		goto bad;
	memcpy(host, text, len);
	host[len] = 0;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(colon + 1));
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(colon + 1));
		return 0;
	}
bad:
	fprintf(stderr, "peer: not ADDRESS:PORT: %s\n", text);
	return -1;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "usage: peer call|attack|scan OPTIONS (see tests/peer/)\n");
	return 2;
}
