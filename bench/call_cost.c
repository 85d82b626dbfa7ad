// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a call costs the data plane: processor time of this process per offer (both ports of both legs, one peer unknown),
 * answer (the change that completes it) and end, in a network namespace of its own, lane udp.
 *
 *	build/bench/call_cost [CALLS]
 */
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/addr.h"
#include "dp/dp.h"

#define BATCH 500 /* calls at once */

static struct ups_iface iface = { .name = "a", .device = "lo" };
static double used[4];

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "call_cost: %s\n", what);
	exit(1);
}

static void loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (unshare(CLONE_NEWNET))
		die("cannot create a network namespace");
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &req))
		die("no loopback device");
	close(fd);
}

static struct ups_addr at(uint16_t port)
{
	struct ups_addr a;

	if (ups_addr_parse("127.0.0.1", false, &a))
		die("no address");
	ups_addr_set_port(&a, port);
	return a;
}

static void fill_key(struct ups_key_spec *key, uint32_t slot)
{
	uint8_t bytes[30];

	memset(bytes, (int)slot, sizeof(bytes));
	memcpy(bytes, &slot, sizeof(slot));
	key->suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_80;
	key->slot = slot;
	if (ups_secret_set(&key->master, bytes, sizeof(bytes)))
		die("no key");
}

/* Call @n, whole; @flow: first of two flow slots */
static void fill(struct ups_stream *s, uint32_t n, bool srtp)
{
	*s = (struct ups_stream) { .ssrc_count = 4, .media = "audio" };
	for (uint32_t i = 0; i < UPS_LEGS; i++) {
		struct ups_leg *leg = &s->leg[i];
		uint16_t port = (uint16_t)(20000 + (n * 2 + i) * 4);

		s->flow[i] = 2 * n + i;
		s->ssrc_base[i] = 4 * s->flow[i];
		leg->iface = &iface;
		leg->mode = srtp && i ? UPS_MODE_SRTP : UPS_MODE_CLEAR;
		leg->local = at(port);
		leg->local_rtcp = at((uint16_t)(port + 1));
		leg->remote = at((uint16_t)(port + 2));
		leg->remote_rtcp = at((uint16_t)(port + 3));
		if (leg->mode != UPS_MODE_SRTP)
			continue;
		leg->rx_count = 1;
		fill_key(&leg->rx[0], 2 * n);
		fill_key(&leg->tx, 2 * n + 1);
	}
}

static void apply(struct ups_dp *dp, const struct ups_plan *plan)
{
	struct ups_errmsg msg = {};

	if (ups_dp_apply(dp, plan, &msg))
		die(msg.text);
}

static void run(struct ups_dp *dp, bool srtp)
{
	static struct ups_stream offer[BATCH], answer[BATCH];
	double t[4];

	for (uint32_t n = 0; n < BATCH; n++) {
		fill(&answer[n], n, srtp);
		offer[n] = answer[n];
		offer[n].leg[1].remote.port = offer[n].leg[1].remote_rtcp.port = 0;
		offer[n].leg[1].rx_count = 0;
		offer[n].leg[1].tx = (struct ups_key_spec) {};
	}
	t[0] = cpu();
	for (uint32_t n = 0; n < BATCH; n++)
		apply(dp, &(struct ups_plan) { .add = { &offer[n] }, .add_count = 1 });
	t[1] = cpu();
	for (uint32_t n = 0; n < BATCH; n++)
		apply(dp, &(struct ups_plan) { .change = { { &offer[n], &answer[n] } },
					       .change_count = 1 });
	t[2] = cpu();
	for (uint32_t n = 0; n < BATCH; n++)
		apply(dp, &(struct ups_plan) { .del = { &answer[n] }, .del_count = 1 });
	t[3] = cpu();
	for (int i = 0; i < 3; i++)
		used[i] += t[i + 1] - t[i];
}

int main(int argc, char **argv)
{
	uint32_t calls = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
	struct ups_dp_config config = {
		.limits = { .sessions = BATCH,
			    .flows = 2 * BATCH,
			    .keys = 4 * BATCH,
			    .ssrcs = 8 * BATCH,
			    .ssrc_per_flow = 4,
			    .rtp_lifetime = 1ULL << 48,
			    .rtcp_lifetime = 1ULL << 31 },
		.ifaces = &iface,
		.iface_count = 1,
		.xdp = UPS_XDP_OFF,
	};
	struct rlimit files = { 16384, 16384 };
	struct ups_errmsg msg = {};
	struct ups_dp *dp;

	if (setrlimit(RLIMIT_NOFILE, &files))
		die("cannot raise the number of open files");
	loopback_up();
	if (ups_crypto_open("auto", &config.crypto, &msg) || ups_dp_create(&config, &dp, &msg))
		die(msg.text);
	for (int srtp = 0; srtp < 2; srtp++) {
		memset(used, 0, sizeof(used));
		for (uint32_t done = 0; done < calls; done += BATCH)
			run(dp, srtp);
		printf("%s: offer %.1f us, answer %.1f us, end %.1f us, together %.1f us of CPU\n",
		       srtp ? "clear-SRTP" : "plain", used[0] * 1e6 / calls, used[1] * 1e6 / calls,
		       used[2] * 1e6 / calls, (used[0] + used[1] + used[2]) * 1e6 / calls);
	}
	ups_dp_destroy(dp);
	ups_crypto_close(config.crypto);
	return 0;
}
