/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls for tests of the data plane: two peers on loopback with libsrtp2, the stream between them as the model would plan it,
 * slots and ports included. One file includes this; the process moves into a network namespace of its own.
 *
 *	leg 0 <- peer 0        flow[0]: peer 0 -> leg 0 -> leg 1 -> peer 1
 *	leg 1 <- peer 1        flow[1]: the other way
 *
 * Keys, SSRCs and payloads are deterministic. A failed set-up fails the running cmocka test.
 */
#ifndef UPS_TEST_DPFIX_H
#define UPS_TEST_DPFIX_H

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>
#include <srtp2/srtp.h>

#include "base/addr.h"
#include "dp/dp.h"
#include "rng.h"

#define FIX_SSRC 0x11223300u /* + leg */
#define FIX_PACKET_MAX 10240
#define FIX_WAIT_MS 2000 /* longest wait for something that must come */

struct leg_spec {
	enum ups_leg_mode mode;
	bool v6, mux, no_rtcp;
	uint8_t suite; /* SRTP only */
	uint8_t mki_len;
	enum ups_source_mode source;
	uint8_t tos;
	uint64_t lifetime; /* packets, RTP and RTCP; 0 = default */
	bool rtcp_clear;
};

struct peer {
	int fd[2]; /* RTP, RTCP; the same with rtcp-mux */
	struct ups_addr addr[2];
	srtp_t tx, rx; /* NULL = clear or opaque */
	uint32_t ssrc;
	uint16_t seq;
	bool mki;
};

struct call {
	struct ups_stream stream;
	struct ups_iface iface;
	struct peer peer[UPS_LEGS];
	struct ups_dp *dp; /* where it is installed */
	uint64_t passed[UPS_LEGS]; /* packets of flow[i] that arrived */
};

struct packet {
	uint8_t data[FIX_PACKET_MAX];
	int size;
};

/* Numbers given to calls, never again: a test that fails leaves nothing in the way of the next one. */
struct slots {
	uint32_t flow, key, ssrc;
	uint16_t port;
};

static struct slots fix_slots = { .port = 20000 };

/* ---- network --------------------------------------------------------------------------------------------------- */

/* -> NULL, or why there is no network for the test */
TEST_INLINE const char *fix_network(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		return "cannot create a network namespace";
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &req))
		return "no loopback device";
	req.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &req))
		return "cannot set the loopback device up";
	close(fd);
	return NULL;
}

/* Where the daemon's and the peers' sockets are: all on loopback, unless a test says otherwise (vethfix.h). */
static struct hosts {
	const char *device;
	const char *daemon[2], *peer[2]; /* v4, v6 */
	int daemon_ns, peer_ns; /* of the sockets; -1 = one for all */
} fix_hosts = { "lo", { "127.0.0.1", "::1" }, { "127.0.0.1", "::1" }, -1, -1 };

TEST_INLINE struct ups_addr fix_parse(const char *ip, uint16_t port)
{
	struct ups_addr a;

	assert_int_equal(ups_addr_parse(ip, false, &a), 0);
	ups_addr_set_port(&a, port);
	return a;
}

/* An address of the peers' host */
TEST_INLINE struct ups_addr fix_addr(bool v6, uint16_t port)
{
	return fix_parse(fix_hosts.peer[v6], port);
}

TEST_INLINE void fix_enter(int ns)
{
	if (ns >= 0)
		assert_int_equal(setns(ns, CLONE_NEWNET), 0);
}

/* A socket on the peers' host */
TEST_INLINE int fix_socket(const struct ups_addr *local)
{
	struct sockaddr_storage ss;
	socklen_t size = ups_addr_to_sockaddr(local, &ss);
	int fd, on = 1;

	fix_enter(fix_hosts.peer_ns);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fix_enter(fix_hosts.daemon_ns);
	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, size))
		fail_msg("cannot bind port %u: %s", ups_addr_port(local), strerror(errno));
	return fd;
}

TEST_INLINE void fix_send(int fd, const struct ups_addr *to, const struct packet *p)
{
	struct sockaddr_storage ss;
	socklen_t size = ups_addr_to_sockaddr(to, &ss);

	/* an ICMP error of an earlier packet may be reported here: the packet itself is sent on the second try */
	if (sendto(fd, p->data, (size_t)p->size, 0, (struct sockaddr *)&ss, size) < 0)
		assert_int_equal(sendto(fd, p->data, (size_t)p->size, 0, (struct sockaddr *)&ss,
					size),
				 p->size);
}

/* -> whether a datagram came within @ms */
TEST_INLINE bool fix_receive(int fd, struct packet *p, struct ups_addr *from, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);
	ssize_t n;

	if (poll(&pfd, 1, ms) <= 0)
		return false;
	n = recvfrom(fd, p->data, sizeof(p->data), 0, (struct sockaddr *)&ss, &size);
	if (n < 0)
		return false;
	p->size = (int)n;
	if (from)
		ups_addr_from_sockaddr(from, &ss);
	return true;
}

/* ---- packets --------------------------------------------------------------------------------------------------- */

TEST_INLINE void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

TEST_INLINE void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* An RTP packet whose payload follows from SSRC and number */
TEST_INLINE void rtp_make(struct packet *p, uint32_t ssrc, uint16_t seq, int payload)
{
	struct rng r = { (uint64_t)ssrc << 16 | seq };

	memset(p->data, 0, 12);
	p->data[0] = 0x80;
	p->data[1] = 96;
	put16(p->data + 2, seq);
	put32(p->data + 4, seq * 160u);
	put32(p->data + 8, ssrc);
	rng_fill(&r, p->data + 12, (size_t)payload);
	p->size = 12 + payload;
}

/* A sender report and a source description */
TEST_INLINE void rtcp_make(struct packet *p, uint32_t ssrc, uint32_t n)
{
	memset(p->data, 0, 40);
	p->data[0] = 0x80;
	p->data[1] = 200;
	put16(p->data + 2, 6);
	put32(p->data + 4, ssrc);
	put32(p->data + 8, n);
	p->data[28] = 0x81;
	p->data[29] = 202;
	put16(p->data + 30, 2);
	put32(p->data + 32, ssrc);
	p->size = 40;
}

/* ---- SRTP of the peers ----------------------------------------------------------------------------------------- */

static void (*const fix_policies[])(srtp_crypto_policy_t *) = {
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_80] = srtp_crypto_policy_set_rtp_default,
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_80] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
	[UPS_SUITE_AEAD_AES_128_GCM] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
	[UPS_SUITE_AEAD_AES_256_GCM] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
};

/* SRTCP tags of the _32 suites have 80 bits (RFC 3711 5.2) */
static const uint8_t fix_rtcp_suite[] = {
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_80] = UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_32] = UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_80] = UPS_SUITE_AES_256_CM_HMAC_SHA1_80,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_32] = UPS_SUITE_AES_256_CM_HMAC_SHA1_80,
	[UPS_SUITE_AEAD_AES_128_GCM] = UPS_SUITE_AEAD_AES_128_GCM,
	[UPS_SUITE_AEAD_AES_256_GCM] = UPS_SUITE_AEAD_AES_256_GCM,
};

TEST_INLINE srtp_t srtp_open(const struct ups_key_spec *spec, srtp_ssrc_type_t type)
{
	uint8_t material[UPS_SECRET_MAX], mki[UPS_MKI_MAX];
	srtp_master_key_t key = { material, mki, spec->mki_len }, *keys[] = { &key };
	srtp_policy_t policy = { .ssrc = { .type = type }, .window_size = 224 };
	srtp_t session;

	memcpy(material, spec->master.data, sizeof(material));
	memcpy(mki, spec->mki, sizeof(mki));
	fix_policies[spec->suite](&policy.rtp);
	fix_policies[fix_rtcp_suite[spec->suite]](&policy.rtcp);
	if (spec->rtcp_clear)
		policy.rtcp.sec_serv = sec_serv_auth;
	policy.keys = keys;
	policy.num_master_keys = 1;
	assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
	return session;
}

TEST_INLINE void peer_protect(struct peer *peer, struct packet *p, bool rtcp)
{
	if (!peer->tx)
		return;
	assert_int_equal(rtcp ? srtp_protect_rtcp_mki(peer->tx, p->data, &p->size, peer->mki, 0)
			      : srtp_protect_mki(peer->tx, p->data, &p->size, peer->mki, 0),
			 srtp_err_status_ok);
}

TEST_INLINE void peer_unprotect(struct peer *peer, struct packet *p, bool rtcp)
{
	if (!peer->rx)
		return;
	assert_int_equal(rtcp ? srtp_unprotect_rtcp_mki(peer->rx, p->data, &p->size, peer->mki)
			      : srtp_unprotect_mki(peer->rx, p->data, &p->size, peer->mki),
			 srtp_err_status_ok);
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

TEST_INLINE void fill_key(struct ups_key_spec *key, const struct leg_spec *spec, struct rng *r)
{
	const struct ups_suite *suite = ups_suite_by_id(spec->suite);
	uint8_t master[UPS_SECRET_MAX];

	assert_non_null(suite);
	rng_fill(r, master, sizeof(master));
	key->suite = spec->suite;
	assert_int_equal(
		ups_secret_set(&key->master, master, (size_t)suite->key_len + suite->salt_len), 0);
	key->mki_len = spec->mki_len;
	rng_fill(r, key->mki, spec->mki_len);
	key->rtp_lifetime = key->rtcp_lifetime = spec->lifetime;
	key->rtcp_clear = spec->rtcp_clear;
	key->slot = fix_slots.key++;
}

TEST_INLINE void fill_leg(struct call *c, unsigned int i, const struct leg_spec *spec,
			  struct rng *r)
{
	struct ups_leg *leg = &c->stream.leg[i];
	struct peer *peer = &c->peer[i];
	uint16_t port = fix_slots.port;

	fix_slots.port += 4;
	leg->iface = &c->iface;
	leg->mode = spec->mode;
	leg->source = spec->source;
	leg->rtcp_mux = spec->mux;
	leg->no_rtcp = spec->no_rtcp;
	leg->tos = spec->tos;
	leg->local = fix_parse(fix_hosts.daemon[spec->v6], port);
	leg->local_rtcp = leg->local;
	if (!spec->mux)
		ups_addr_set_port(&leg->local_rtcp, port + 1);
	peer->addr[0] = leg->remote = fix_addr(spec->v6, port + 2);
	peer->addr[1] = leg->remote_rtcp = spec->mux ? leg->remote : fix_addr(spec->v6, port + 3);
	peer->fd[0] = fix_socket(&peer->addr[0]);
	peer->fd[1] = spec->mux ? peer->fd[0] : fix_socket(&peer->addr[1]);
	peer->ssrc = FIX_SSRC + i;
	peer->seq = (uint16_t)rng_u64(r);
	peer->mki = spec->mki_len;
	if (spec->mode != UPS_MODE_SRTP)
		return;
	fill_key(&leg->rx[0], spec, r);
	fill_key(&leg->tx, spec, r);
	leg->rx_count = 1;
	peer->tx = srtp_open(&leg->rx[0], ssrc_any_outbound);
	peer->rx = srtp_open(&leg->tx, ssrc_any_inbound);
}

/* Peers and stream; not installed yet. */
TEST_INLINE void call_make(struct call *c, const struct leg_spec spec[static UPS_LEGS],
			   uint16_t ssrc_count, uint64_t seed)
{
	struct rng r = { seed };

	memset(c, 0, sizeof(*c));
	snprintf(c->iface.device, sizeof(c->iface.device), "%s", fix_hosts.device);
	c->stream.ssrc_count = ssrc_count;
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		fill_leg(c, i, &spec[i], &r);
		c->stream.flow[i] = fix_slots.flow++;
		c->stream.ssrc_base[i] = fix_slots.ssrc;
		fix_slots.ssrc += ssrc_count;
	}
}

TEST_INLINE void call_install(struct ups_dp *dp, struct call *c)
{
	struct ups_plan plan = { .add = { &c->stream }, .add_count = 1 };
	struct ups_errmsg msg = {};

	if (ups_dp_apply(dp, &plan, &msg))
		fail_msg("apply: %s", msg.text);
	assert_non_null(c->stream.dp);
	c->dp = dp;
}

TEST_INLINE void call_remove(struct ups_dp *dp, struct call *c)
{
	struct ups_plan plan = { .del = { &c->stream }, .del_count = 1 };

	if (c->dp)
		assert_int_equal(ups_dp_apply(dp, &plan, NULL), 0);
	assert_null(c->stream.dp);
	c->dp = NULL;
}

TEST_INLINE void call_close(struct call *c)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		struct peer *p = &c->peer[i];

		if (p->fd[1] != p->fd[0])
			close(p->fd[1]);
		close(p->fd[0]);
		if (p->tx)
			srtp_dealloc(p->tx);
		if (p->rx)
			srtp_dealloc(p->rx);
	}
}

/* Where peer @i sends: RTP, or RTCP (to the RTP port with rtcp-mux) */
TEST_INLINE const struct ups_addr *call_target(const struct call *c, unsigned int i, bool rtcp)
{
	return rtcp ? &c->stream.leg[i].local_rtcp : &c->stream.leg[i].local;
}

/* Peer @i sends a packet of its own numbering; @plain is what the other one must get. */
TEST_INLINE void call_send(struct call *c, unsigned int i, bool rtcp, struct packet *plain)
{
	struct peer *peer = &c->peer[i];
	struct packet wire;

	if (rtcp)
		rtcp_make(plain, peer->ssrc, peer->seq++);
	else
		rtp_make(plain, peer->ssrc, peer->seq++, 160);
	wire = *plain;
	peer_protect(peer, &wire, rtcp);
	fix_send(peer->fd[rtcp], call_target(c, i, rtcp), &wire);
}

/* Why a packet did not arrive: the drop counters of both flows */
TEST_INLINE void call_explain(const struct call *c)
{
	static const char *const names[] = {
#define X(n, NAME, wire, text) [n] = wire,
		UPS_DROPS(X)
#undef X
	};
	struct ups_flow_info info;

	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		const struct ups_leg *leg = &c->stream.leg[i];

		print_message("leg %u: mode %d, suite %u, %s, rtcp-mux %d\n", i, leg->mode,
			      leg->tx.suite, ups_addr_is_v4(&leg->local) ? "v4" : "v6",
			      leg->rtcp_mux);
		if (!c->dp || ups_dp_flow_info(c->dp, c->stream.flow[i], &info))
			continue;
		for (unsigned int r = 0; r < sizeof(names) / sizeof(names[0]); r++) {
			if (info.stats.drop[r])
				print_message("flow %u: %u dropped: %s\n", i, info.stats.drop[r],
					      names[r]);
		}
	}
}

/* Peer @i must get exactly @plain next, from the address of its leg. */
TEST_INLINE void call_expect(struct call *c, unsigned int i, bool rtcp, const struct packet *plain)
{
	struct peer *peer = &c->peer[i];
	struct ups_addr from;
	struct packet got;

	if (!fix_receive(peer->fd[rtcp], &got, &from, FIX_WAIT_MS)) {
		call_explain(c);
		fail_msg("peer %u got no %s", i, rtcp ? "RTCP" : "RTP");
	}
	c->passed[1 - i]++;
	assert_true(ups_addr_equal(&from, call_target(c, i, rtcp)));
	peer_unprotect(peer, &got, rtcp);
	assert_int_equal(got.size, plain->size);
	assert_memory_equal(got.data, plain->data, (size_t)plain->size);
}

/* One packet from peer @i to the other, whole way */
TEST_INLINE void call_pass(struct call *c, unsigned int i, bool rtcp)
{
	struct packet plain;

	call_send(c, i, rtcp, &plain);
	call_expect(c, 1 - i, rtcp, &plain);
}

/* ---- counters -------------------------------------------------------------------------------------------------- */

TEST_INLINE struct ups_flow_info call_info(const struct ups_dp *dp, const struct call *c,
					   unsigned int i)
{
	struct ups_flow_info info;

	assert_int_equal(ups_dp_flow_info(dp, c->stream.flow[i], &info), 0);
	return info;
}

TEST_INLINE uint64_t sum_drops(const struct ups_flow_info *info)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r < UPS_DROP_MAX; r++)
		sum += info->stats.drop[r];
	return sum;
}

/* Waits until flow @i has dropped @count packets in all. */
TEST_INLINE void call_wait_drops(const struct ups_dp *dp, const struct call *c, unsigned int i,
				 uint64_t count)
{
	for (int ms = 0; ms < FIX_WAIT_MS; ms++) {
		struct ups_flow_info info = call_info(dp, c, i);

		if (sum_drops(&info) >= count)
			return;
		usleep(1000);
	}
	fail_msg("flow %u dropped less than %lu packets", i, (unsigned long)count);
}

TEST_INLINE uint64_t sum_sent(const struct ups_flow_info *info)
{
	uint64_t sum = 0;

	for (unsigned int l = 0; l < UPS_LANE_COUNT; l++)
		sum += info->stats.lane[l].tx_packets;
	return sum;
}

/* A worker counts after it has sent: waits until flow @i has sent @count packets, on any lane. */
TEST_INLINE struct ups_flow_info call_wait_sent(const struct ups_dp *dp, const struct call *c,
						unsigned int i, uint64_t count)
{
	struct ups_flow_info info;

	for (int ms = 0; ms < FIX_WAIT_MS; ms++) {
		info = call_info(dp, c, i);
		if (sum_sent(&info) >= count)
			break;
		usleep(1000);
	}
	return info;
}

/* ---- data plane ------------------------------------------------------------------------------------------------- */

/* What the callbacks told, newest last */
struct told {
	unsigned int learned, expiring, expired, lane;
	uint32_t flow; /* of the latest one */
	bool rtcp, tx;
	struct ups_addr addr;
};

struct fix {
	struct ups_crypto *crypto;
	struct ups_dp *dp;
	struct told told;
};

TEST_INLINE void told_learned(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	struct told *t = aux;

	t->learned++;
	t->flow = flow;
	t->rtcp = rtcp;
	t->addr = *addr;
}

TEST_INLINE void told_key(void *aux, uint32_t flow, bool expired, bool rtcp, bool tx)
{
	struct told *t = aux;

	if (expired)
		t->expired++;
	else
		t->expiring++;
	t->flow = flow;
	t->rtcp = rtcp;
	t->tx = tx;
}

TEST_INLINE void told_lane(void *aux, uint32_t flow, enum ups_lane lane, const char *reason)
{
	struct told *t = aux;

	(void)lane;
	assert_non_null(reason);
	t->lane++;
	t->flow = flow;
}

#define FIX_LIMITS                    \
	{ .sessions = 4096,           \
	  .flows = 8192,              \
	  .keys = 16384,              \
	  .ssrcs = 32768,             \
	  .ssrc_per_flow = 4,         \
	  .rtp_lifetime = 1ULL << 48, \
	  .rtcp_lifetime = 1ULL << 31 }

TEST_INLINE struct ups_dp_config fix_config(struct fix *f)
{
	return (struct ups_dp_config) {
		.limits = FIX_LIMITS,
		.crypto = f->crypto,
		.workers = 2,
		.xdp = UPS_XDP_OFF,
		.key_warning_percent = 90,
		.callbacks = { &f->told, told_learned, told_key, told_lane },
	};
}

/* libsrtp, crypto */
TEST_INLINE void fix_libraries(struct fix *f)
{
	struct ups_errmsg msg = {};

	assert_int_equal(srtp_init(), srtp_err_status_ok);
	if (ups_crypto_open("auto", &f->crypto, &msg))
		fail_msg("%s", msg.text);
}

/* Group set-up: network, libraries, a data plane of the udp lane alone */
TEST_INLINE int fix_open(void **state)
{
	static struct fix fix;
	struct ups_errmsg msg = {};
	struct ups_dp_config config;
	const char *why = fix_network();

	if (why) {
		print_message("%s\n", why);
		return -1;
	}
	fix_libraries(&fix);
	config = fix_config(&fix);
	if (ups_dp_create(&config, &fix.dp, &msg))
		fail_msg("%s", msg.text);
	*state = &fix;
	return 0;
}

TEST_INLINE int fix_close(void **state)
{
	struct fix *f = *state;

	ups_dp_destroy(f->dp);
	ups_crypto_close(f->crypto);
	srtp_shutdown();
	return 0;
}

/* A call that is up */
TEST_INLINE void fix_call(struct fix *f, struct call *c,
			  const struct leg_spec spec[static UPS_LEGS])
{
	memset(&f->told, 0, sizeof(f->told));
	call_make(c, spec, 4, 1);
	call_install(f->dp, c);
}

TEST_INLINE void fix_hangup(struct fix *f, struct call *c)
{
	call_remove(f->dp, c);
	call_close(c);
}

#endif
