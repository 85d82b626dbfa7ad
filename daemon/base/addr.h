/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct ups_addr (upsec/abi.h: 16-byte address, IPv4 mapped, network-order port) to and from text and sockaddr.
 * Text forms: "192.0.2.1:4000", "[2001:db8::1]:4000"; without port "192.0.2.1", "2001:db8::1".
 */
#ifndef UPSEC_BASE_ADDR_H
#define UPSEC_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "upsec/abi.h"

#define UPS_ADDR_TEXT 56 /* "[" + 45 + "]:65535" + NUL, rounded up */

bool ups_addr_is_v4(const struct ups_addr *a);
/* AF_INET or AF_INET6 */
int ups_addr_family(const struct ups_addr *a);
bool ups_addr_equal(const struct ups_addr *a, const struct ups_addr *b);
bool ups_addr_same_ip(const struct ups_addr *a, const struct ups_addr *b);
/* host-order port */
uint16_t ups_addr_port(const struct ups_addr *a);
void ups_addr_set_port(struct ups_addr *a, uint16_t port);
/* UPS_E_SYNTAX; a port is required when @with_port, and refused otherwise. Pad is zeroed. */
int ups_addr_parse(const char *text, bool with_port, struct ups_addr *a) __must_check;
/* -> buf. Port 0 prints the address alone. */
const char *ups_addr_format(const struct ups_addr *a, char buf[static UPS_ADDR_TEXT]);
void ups_addr_from_sockaddr(struct ups_addr *a, const struct sockaddr_storage *ss);
/* -> size of the sockaddr; IPv4 becomes AF_INET */
socklen_t ups_addr_to_sockaddr(const struct ups_addr *a, struct sockaddr_storage *ss);

#endif
