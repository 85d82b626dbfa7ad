// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Datagrams from the network into DTLS endpoints, without the thread and without a socket. The input is a row of datagrams, each behind a
 * byte that says where it goes and a big-endian length:
 *
 *	bits 0..1  endpoint: 0 passive, 1 active, 2 before the answer, 3 with ICE
 *	bit 2      the source: 0 the peer, 1 a stranger
 *	bits 3..5  0: the bytes as they are; 1: the cookie of the last HelloVerifyRequest is put into them; 2: time passes, 100 ms for each byte
 *	           of length; others: as 0
 *
 * Nobody here has the certificate that was signalled: there are never keys. Bounds hold after every datagram.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "dp/dtls_priv.h"
#include "proto/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENDPOINTS 4
#define HEADER 3
/* Of a HelloVerifyRequest; of a ClientHello without session id */
#define VERIFY_COOKIE 28
#define HELLO_COOKIE 61

static struct ups_dtls *d;
static uint64_t now = 1000000000000ULL;
static uint8_t cookie[32];
static bool has_cookie;

static void must(bool condition)
{
	if (!condition)
		abort();
}

static uint64_t clock_of_test(void)
{
	return now;
}

static void take_answer(int fd, const void *data, size_t size, const struct ups_addr *to)
{
	const uint8_t *p = data;

	(void)fd;
	(void)to;
	must(size && size <= UPS_DTLS_MTU);
	if (size == VERIFY_COOKIE + sizeof(cookie) && p[0] == 22 && p[13] == 3) {
		memcpy(cookie, p + VERIFY_COOKIE, sizeof(cookie));
		has_cookie = true;
	}
}

static int no_keys(void *aux, uint32_t flow, const struct ups_dtls_keys *keys)
{
	(void)aux;
	(void)flow;
	(void)keys;
	abort();
}

static void failed(void *aux, uint32_t flow, bool rtcp, int err, const char *reason)
{
	(void)aux;
	must(flow < ENDPOINTS && !rtcp && err < 0 && reason[0]);
}

static void nominated(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	(void)aux;
	must(flow == 3 && !rtcp && addr->port);
}

static struct ups_addr address(uint16_t port)
{
	struct ups_addr a;

	must(!ups_addr_parse("192.0.2.7", false, &a));
	ups_addr_set_port(&a, port);
	return a;
}

static void publish(uint32_t flow)
{
	static const enum ups_dtls_role role[] = { UPS_DTLS_PASSIVE, UPS_DTLS_ACTIVE,
						   UPS_DTLS_UNDECIDED, UPS_DTLS_PASSIVE };
	struct ups_leg leg = {
		.source = UPS_SOURCE_LATCH,
		.remote = address(5000),
		.dtls = { .on = true,
			  .role = role[flow],
			  .association = 1,
			  .suites = 0x1ff,
			  .fingerprint_count = flow != 2,
			  .fingerprint = { { UPS_HASH_SHA256, 32, {} } } },
		.ice = { .on = flow == 3, .local_ufrag = "ours", .local_pwd = "password" },
	};
	struct ups_dtls_endpoint *e = NULL;

	must(!ups_dtls_prepare(d, flow, false, 0, &leg, &e));
	ups_dtls_publish(d, e);
}

static void open_once(void)
{
	const struct ups_dtls_callbacks callbacks = { NULL, no_keys, failed, nominated };

	if (d)
		return;
	must(!ups_dtls_open(&(struct ups_dtls_config) {}, &callbacks, 1, &d, NULL));
	d->seams = (struct ups_dtls_seams) { take_answer, clock_of_test };
}

static void deliver(unsigned int how, const uint8_t *data, size_t size)
{
	const struct ups_addr from = address(how & 4 ? 6000 : 5000);
	uint8_t copy[UPS_DTLS_SLOT];

	if (!size || size > sizeof(copy))
		return;
	memcpy(copy, data, size);
	if (how >> 3 == 1 && has_cookie && size >= HELLO_COOKIE + sizeof(cookie))
		memcpy(copy + HELLO_COOKIE, cookie, sizeof(cookie));
	if (how >> 3 == 2)
		now += size * 100000000ULL;
	else
		must(ups_dtls_input(d, 0, how & 3, false, &from, copy, size));
}

static void check_bounds(void)
{
	must(d->stats.running <= ENDPOINTS * UPS_DTLS_TRIES);
	for (uint32_t flow = 0; flow < ENDPOINTS; flow++) {
		const struct ups_dtls_endpoint *e =
			ups_endpoint_find(d, (struct ups_dtls_name) { flow, false });

		must(e && e->try_count <= UPS_DTLS_TRIES && !e->current && !e->done);
	}
}

/* The same input takes the same way, whatever came before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_once();
	has_cookie = false;
	for (uint32_t flow = 0; flow < ENDPOINTS; flow++)
		publish(flow);
	ups_dtls_round(d, 0);
	while (size > HEADER) {
		size_t len = (size_t)data[1] << 8 | data[2];

		if (len > size - HEADER)
			len = size - HEADER;
		deliver(data[0] & 0x3f, data + HEADER, len);
		ups_dtls_round(d, 0);
		ups_dtls_dispatch(d);
		check_bounds();
		data += HEADER + len;
		size -= HEADER + len;
	}
	for (uint32_t flow = 0; flow < ENDPOINTS; flow++)
		ups_dtls_drop(d, flow, false);
	ups_dtls_round(d, 0);
	must(!d->stats.running && TAILQ_EMPTY(&d->waiting));
	return 0;
}
