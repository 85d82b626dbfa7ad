/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Netlink client (protocol: include/uapi/upsec_nl.h). Blocking, with a time limit for every answer; one thread.
 *
 * Nothing but a HELLO is sent before its answer has shown, by the kernel's stamp, that the well-known port id is held by root or
 * by the system user "upsec"; every later datagram is checked the same way, and those from other port ids are ignored. Buffers are wiped
 * after use, since a request may carry keys.
 */
#ifndef UPSEC_CLI_CLIENT_H
#define UPSEC_CLI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "proto/nl_msg.h"

#define UPS_CLIENT_TIMEOUT_MS 5000

struct ups_client {
	int fd;
	uint32_t seq;
	unsigned int timeout_ms;
	bool monitor; /* joined the group of events */
	bool has_daemon_uid; /* the user "upsec" exists */
	uid_t daemon_uid;
	bool interrupted; /* the last dump missed sessions that were removed meanwhile */
	bool lost; /* the last answer is incomplete: the socket overflowed */
	struct ups_errmsg msg; /* of the last failure */
	_Alignas(8) uint8_t buf[UPS_NL_MSG_MAX];
};

/* For each object of an answer: decoded, in the caller's @object. <0 stops. */
typedef int (*ups_client_fn)(void *aux, const void *object);

struct ups_client_call {
	uint8_t cmd;
	bool dump;
	const struct ups_nl_object *request; /* NULL = no attributes */
	const void *in;
	const struct ups_nl_object *reply; /* NULL = only an acknowledgement */
	void *object; /* of reply->size bytes */
	ups_client_fn fn;
	void *aux;
};

/*
 * Opens a socket and says HELLO. -ECONNREFUSED: upsecd is not running; -EPERM, -EACCES, -ETIMEDOUT ...: client->msg says what happened.
 * Close it either way.
 */
int ups_client_open(struct ups_client *client, bool monitor, unsigned int timeout_ms) __must_check;
void ups_client_close(struct ups_client *client);
/* -errno or UPS_E_*, with client->msg */
int ups_client_call(struct ups_client *client, const struct ups_client_call *call) __must_check;
/* Waits for the next event, forever. -ENOBUFS: events were lost; go on. */
int ups_client_event(struct ups_client *client, struct ups_nl_event *event) __must_check;

#endif
