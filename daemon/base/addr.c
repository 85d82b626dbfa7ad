// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses: text, sockaddr and the ABI's 16-byte form. Any thread. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool ups_addr_is_v4(const struct ups_addr *a)
{
	return !memcmp(a->ip, v4_prefix, sizeof(v4_prefix));
}

int ups_addr_family(const struct ups_addr *a)
{
	return ups_addr_is_v4(a) ? AF_INET : AF_INET6;
}

bool ups_addr_same_ip(const struct ups_addr *a, const struct ups_addr *b)
{
	return !memcmp(a->ip, b->ip, sizeof(a->ip));
}

bool ups_addr_equal(const struct ups_addr *a, const struct ups_addr *b)
{
	return ups_addr_same_ip(a, b) && a->port == b->port;
}

uint16_t ups_addr_port(const struct ups_addr *a)
{
	return ntohs(a->port);
}

void ups_addr_set_port(struct ups_addr *a, uint16_t port)
{
	a->port = htons(port);
}

static int parse_ip(const char *text, struct ups_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, a->ip + sizeof(v4_prefix)) == 1) {
		memcpy(a->ip, v4_prefix, sizeof(v4_prefix));
		return 0;
	}
	return inet_pton(AF_INET6, text, a->ip) == 1 ? 0 : UPS_E_SYNTAX;
}

static int parse_port(const char *text, struct ups_addr *a)
{
	unsigned long port;
	char *end;

	if (*text < '0' || *text > '9')
		return UPS_E_SYNTAX;
	port = strtoul(text, &end, 10);
	if (*end || port == 0 || port > 65535)
		return UPS_E_SYNTAX;
	ups_addr_set_port(a, (uint16_t)port);
	return 0;
}

int ups_addr_parse(const char *text, bool with_port, struct ups_addr *a)
{
	char ip[UPS_ADDR_TEXT];
	const char *port;
	size_t len;

	if (!with_port)
		return parse_ip(text, a);
	port = strrchr(text, ':');
	if (!port)
		return UPS_E_SYNTAX;
	len = (size_t)(port - text);
	if (text[0] == '[' && len >= 2 && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return UPS_E_SYNTAX; /* IPv6 with a port needs brackets */
	}
	if (len >= sizeof(ip))
		return UPS_E_SYNTAX;
	memcpy(ip, text, len);
	ip[len] = '\0';
	if (parse_ip(ip, a))
		return UPS_E_SYNTAX;
	return parse_port(port + 1, a);
}

const char *ups_addr_format(const struct ups_addr *a, char buf[static UPS_ADDR_TEXT])
{
	bool v4 = ups_addr_is_v4(a);
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->ip + sizeof(v4_prefix) : a->ip, ip, sizeof(ip));
	if (!a->port)
		snprintf(buf, UPS_ADDR_TEXT, "%s", ip);
	else
		snprintf(buf, UPS_ADDR_TEXT, v4 ? "%s:%u" : "[%s]:%u", ip, ups_addr_port(a));
	return buf;
}

void ups_addr_from_sockaddr(struct ups_addr *a, const struct sockaddr_storage *ss)
{
	memset(a, 0, sizeof(*a));
	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		memcpy(a->ip, v4_prefix, sizeof(v4_prefix));
		memcpy(a->ip + sizeof(v4_prefix), &in->sin_addr, sizeof(in->sin_addr));
		a->port = in->sin_port;
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

		memcpy(a->ip, &in6->sin6_addr, sizeof(in6->sin6_addr));
		a->port = in6->sin6_port;
	}
}

socklen_t ups_addr_to_sockaddr(const struct ups_addr *a, struct sockaddr_storage *ss)
{
	memset(ss, 0, sizeof(*ss));
	if (ups_addr_is_v4(a)) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, a->ip + sizeof(v4_prefix), sizeof(in->sin_addr));
		in->sin_port = a->port;
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	in6->sin6_family = AF_INET6;
	memcpy(&in6->sin6_addr, a->ip, sizeof(in6->sin6_addr));
	in6->sin6_port = a->port;
	return sizeof(*in6);
}
