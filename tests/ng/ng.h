/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ng protocol as tests and benchmarks speak it: an encoder of their own, so that a mistake of the daemon's cannot hide in shared
 * code. Values are jansson's, whose objects keep the order of insertion. Strings of SDP are UTF-8 here.
 */
#ifndef UPSEC_TESTS_NG_H
#define UPSEC_TESTS_NG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <jansson.h>

#define NG_MAX 65507

/* Appends @value as bencode to @out (@size bytes from its start, @len used). -> false if it does not fit or cannot be said. */
bool ng_bencode(const json_t *value, char *out, size_t size, size_t *len);
/* One value from @text at @at; @at moves behind it. -> NULL if it is not bencode. */
json_t *ng_bdecode(const char *text, size_t size, size_t *at);
/* Bytes of the first value, 0 if it is not whole, -1 if it can never be. */
long ng_bencode_size(const char *text, size_t size);

/* A reply's dictionary without its cookie, either encoding; NULL if it is neither. */
json_t *ng_parse(const char *text, size_t size);

/* "127.0.0.1:2223", "[::1]:2223"; 0 or -1 */
int ng_address(const char *text, struct sockaddr_storage *out, socklen_t *len);

#endif
