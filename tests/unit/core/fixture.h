/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two logical interfaces, requests with fresh keys, and a core made of them, for the tests of the model. */
#ifndef UPS_TEST_CORE_FIXTURE_H
#define UPS_TEST_CORE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "core/core.h"
#include "rng.h"

#define SECOND 1000000000ULL
#define IFACES 3

static struct ups_iface fixture_ifaces[IFACES] = {
	{ .name = "users",
	  .device = "eth0",
	  .kind = UPS_KIND_CONV,
	  .has_v4 = true,
	  .has_v6 = true },
	{ .name = "peers", .device = "eth1", .kind = UPS_KIND_NNI, .has_v4 = true },
	{ .name = "open",
	  .device = "eth2",
	  .kind = UPS_KIND_IWF,
	  .has_v4 = true,
	  .source = UPS_SOURCE_LATCH },
};

TEST_INLINE struct ups_addr addr(const char *text)
{
	struct ups_addr a;

	assert_int_equal(
		ups_addr_parse(text, strchr(text, ':') && strchr(text, '.') ? true : text[0] == '[',
			       &a),
		0);
	return a;
}

TEST_INLINE void fixture_addresses(uint16_t ports)
{
	static const char *const v4[IFACES] = { "192.0.2.1", "198.51.100.1", "203.0.113.1" };

	for (unsigned int i = 0; i < IFACES; i++) {
		struct ups_iface *f = &fixture_ifaces[i];

		f->v4 = f->advertised_v4 = addr(v4[i]);
		f->v6 = f->advertised_v6 = (struct ups_addr) {};
		f->port_min = 20000;
		f->port_max = (uint16_t)(20000 + ports - 1);
	}
	fixture_ifaces[0].advertised_v4 = addr("192.0.2.200");
	assert_int_equal(ups_addr_parse("2001:db8::1", false, &fixture_ifaces[0].v6), 0);
	fixture_ifaces[0].advertised_v6 = fixture_ifaces[0].v6;
}

static const struct ups_limits fixture_limits = {
	.sessions = 64,
	.flows = 256,
	.keys = 1024,
	.ssrcs = 1024,
	.ssrc_per_flow = 4,
	.rtp_lifetime = 1ULL << 40,
	.rtcp_lifetime = 1ULL << 30,
};

/* One request with its keys; nothing in it points outside. */
struct request {
	struct ups_session_request pub;
	struct ups_stream_request stream[UPS_STREAMS_MAX];
	struct ups_key_spec rx[UPS_STREAMS_MAX][UPS_LEGS][UPS_RX_KEYS_MAX];
	struct ups_key_spec tx[UPS_STREAMS_MAX][UPS_LEGS];
	char id[300];
};

TEST_INLINE struct ups_key_spec fresh_key(struct rng *rng, unsigned int suite)
{
	static const uint8_t size[] = { 0, 30, 30, 38, 38, 46, 46, 28, 44 };
	struct ups_key_spec key = { .suite = (uint8_t)suite };

	key.master.size = size[suite];
	rng_fill(rng, key.master.data, key.master.size);
	return key;
}

/* srtp towards "users", srtp towards "peers", one receive key each */
TEST_INLINE void make_request(struct request *r, struct rng *rng, const char *id,
			      unsigned int streams)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", id);
	r->pub = (struct ups_session_request) { .id = r->id,
						.stream = r->stream,
						.stream_count = streams,
						.now_ns = 100 * SECOND,
						.now_unix = 1 };
	for (unsigned int s = 0; s < streams; s++) {
		r->stream[s].index = (uint16_t)s;
		r->stream[s].media = "audio";
		for (unsigned int l = 0; l < UPS_LEGS; l++) {
			struct ups_leg_request *leg = &r->stream[s].leg[l];

			leg->iface = fixture_ifaces[l].name;
			leg->mode = UPS_MODE_SRTP;
			leg->remote = addr(l ? "198.51.100.77:4000" : "192.0.2.77:4000");
			r->rx[s][l][0] = fresh_key(rng, l ? UPS_SUITE_AEAD_AES_128_GCM
							  : UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
			r->tx[s][l] = fresh_key(rng, l ? UPS_SUITE_AEAD_AES_128_GCM
						       : UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
			leg->rx = r->rx[s][l];
			leg->rx_count = 1;
			leg->tx = &r->tx[s][l];
		}
	}
}

TEST_INLINE struct ups_core *make_core(const struct ups_limits *limits, uint16_t ports)
{
	struct ups_core *core;

	fixture_addresses(ports);
	assert_int_equal(ups_core_create(limits, fixture_ifaces, IFACES, &core), 0);
	return core;
}

/* Adds and commits. -> the core's answer */
TEST_INLINE int add(struct ups_core *core, const struct request *r, struct ups_errmsg *msg)
{
	struct ups_plan plan;
	int err = ups_core_session_add(core, &r->pub, &plan, msg);

	if (!err)
		ups_core_commit(core, &plan);
	return err;
}

TEST_INLINE int del(struct ups_core *core, const char *id)
{
	struct ups_plan plan;
	int err = ups_core_session_del(core, id, &plan, NULL);

	if (!err)
		ups_core_commit(core, &plan);
	return err;
}

#endif
