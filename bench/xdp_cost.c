// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds per packet of the XDP program, from the kernel's own accounting (BPF_ENABLE_STATS), next to the cost of
 * the bare cipher and hash blocks such a packet needs, measured in the same run (bpf/bench_floor.bpf.c). The path is
 * whole: parse to rewritten frame, with routing and neighbour look-up, in a namespace of its own. Each packet is one
 * BPF_PROG_TEST_RUN, since repetition would feed the program its own output.
 *
 * Usage: xdp_cost [PACKETS]   root; about 10 s with the default of 2000 packets for each line
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "bench_floor.skel.h"
#include "crypto/srtp.h"
#include "dp/kernel_priv.h"

#define RX_SLOT 0
#define TX_SLOT 1
#define HEADERS 42 /* Ethernet, IPv4, UDP */
#define RTP 12
#define ROUNDS 5 /* the least of them counts: what disturbs only adds */

enum work { CLEAR, PROTECT, UNPROTECT, TRANSCODE };

static const char *const work_name[] = { "clear", "clear->SRTP", "SRTP->clear", "SRTP->SRTP" };

struct bench {
	struct ups_kernel *kernel;
	struct ups_state state;
	struct ups_crypto *crypto;
	struct ups_crypto_queue *queue;
	struct bench_floor *floor;
	struct ups_srtp_key *key[2]; /* by slot */
	struct ups_key_use use;
	struct ups_ssrc ssrc; /* of the sender that protects the packets to receive */
	uint32_t ifindex;
	unsigned int packets;
	uint16_t seq;
};

static void __attribute__((noreturn)) die(const char *what, int err)
{
	fprintf(stderr, "xdp_cost: %s: %s\n", what, ups_strerror(err));
	exit(1);
}

/* ---- the world ------------------------------------------------------------------------------------------------- */

static void set_network(struct bench *b)
{
	if (unshare(CLONE_NEWNET))
		die("network namespace", -errno);
	if (system("PATH=$PATH:/usr/sbin:/sbin; set -e; sysctl -qw net.ipv4.conf.lo.forwarding=1; ip link set lo up;"
		   "ip link add b0 type veth peer name b1; ip link set b0 up; ip link set b1 up;"
		   "ip addr add 192.0.2.1/24 dev b0;"
		   "ip neigh replace 192.0.2.10 lladdr 02:00:00:00:00:10 dev b0 nud permanent"))
		die("setting up the network", -EINVAL);
	b->ifindex = if_nametoindex("b0");
}

static void share(struct bpf_map *map, int fd)
{
	int err = bpf_map__reuse_fd(map, fd);

	if (err)
		die("sharing a map", err);
}

static void load(struct bench *b)
{
	static const struct ups_limits limits = { .flows = 1, .keys = 2, .ssrcs = 1 };
	struct ups_errmsg msg;
	int err = ups_kernel_create(&limits, NULL, &b->kernel, &msg);

	if (err)
		die(msg.text, err);
	if (!ups_kernel_has_crypto(b->kernel))
		die(ups_kernel_summary(b->kernel), UPS_E_UNSUPPORTED);
	ups_kernel_state(b->kernel, &b->state);
	b->floor = bench_floor__open();
	if (!b->floor)
		die("opening the floor program", -errno);
	share(b->floor->maps.ups_aes, b->kernel->map_fd[UPS_M_AES]);
	share(b->floor->maps.ups_ghash, b->kernel->map_fd[UPS_M_GHASH]);
	share(b->floor->maps.ups_keys, b->kernel->map_fd[UPS_M_KEYS]);
	err = bench_floor__load(b->floor);
	if (err)
		die("loading the floor program", err);
	err = ups_crypto_open("auto", &b->crypto, &msg);
	if (!err)
		err = ups_crypto_queue_create(b->crypto, &b->queue);
	if (err)
		die("crypto library", err);
}

static void set_key(struct bench *b, uint32_t slot, const struct ups_suite *suite)
{
	struct ups_srtp_key_config config = { .suite = suite };
	struct ups_ghash ghash;
	struct ups_set_aes aes;
	struct ups_key record;
	int err;

	b->use.rtp_limit = b->state.key_use[slot].rtp_limit = 1ULL << 48;
	config.master.size = suite->key_len + suite->salt_len;
	memset(config.master.data, (int)slot + 1, config.master.size);
	ups_srtp_key_destroy(b->key[slot]);
	err = ups_srtp_key_create(b->crypto, &config, &b->use, &b->key[slot]);
	if (!err)
		err = ups_srtp_key_export(b->key[slot], &record, &aes, &ghash);
	if (!err)
		err = ups_kernel_key_set(b->kernel, slot, &record, &aes, &ghash);
	if (err)
		die("key", err);
}

static struct ups_addr address(const char *text)
{
	struct ups_addr a;

	if (ups_addr_parse(text, true, &a))
		die(text, UPS_E_SYNTAX);
	return a;
}

static void set_flow(struct bench *b, enum work work)
{
	struct ups_flow flow = {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN,
		.src = address("192.0.2.10:7000"),
		.out_src = address("192.0.2.1:5000"),
		.out_dst = address("192.0.2.10:6000"),
		.out_ttl = 64,
		.rx_key_count = 1,
		.rx_key = { RX_SLOT },
		.tx_key = TX_SLOT,
		.ssrc_count = 1,
	};
	struct ups_addr local = address("192.0.2.1:4000");
	int err;

	if (work == UNPROTECT || work == TRANSCODE)
		flow.flags |= UPS_FLOW_RX_SRTP;
	if (work == PROTECT || work == TRANSCODE)
		flow.flags |= UPS_FLOW_TX_SRTP;
	memset(b->state.ssrc, 0, sizeof(*b->state.ssrc));
	memset(&b->ssrc, 0, sizeof(b->ssrc));
	err = ups_kernel_flow_set(b->kernel, 0, &flow);
	if (!err)
		err = ups_kernel_lookup_add(b->kernel, &local, 0);
	if (err)
		die("flow", err);
}

/* ---- packets --------------------------------------------------------------------------------------------------- */

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void ipv4_header(uint8_t *ip, size_t udp_len)
{
	uint32_t sum = 0;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned int)(20 + udp_len));
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	inet_pton(AF_INET, "192.0.2.10", ip + 12);
	inet_pton(AF_INET, "192.0.2.1", ip + 16);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum & 0xffff);
}

/* The folded sum of pseudo-header and datagram, complemented */
static unsigned int udp_checksum(const uint8_t *frame, size_t udp_len)
{
	const uint8_t *udp = frame + HEADERS - 8;
	uint32_t sum = IPPROTO_UDP + (uint32_t)udp_len;

	for (int i = -8; i < (int)udp_len; i++)
		sum += i & 1 ? udp[i] : (uint32_t)udp[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static uint16_t rtp_packet(struct bench *b, uint8_t *rtp, size_t cap, size_t payload, bool protect)
{
	const struct ups_srtp_side side = {
		.key = { b->key[RX_SLOT] }, .key_count = 1, .ssrc = &b->ssrc, .ssrc_count = 1
	};
	struct ups_srtp_op op = {
		.side = &side, .packet = rtp, .len = (uint16_t)(RTP + payload), .cap = (uint16_t)cap
	};

	memset(rtp, 0, RTP);
	rtp[0] = 0x80;
	put16(rtp + 2, b->seq++);
	put16(rtp + 10, 7); /* SSRC */
	memset(rtp + RTP, 0x5a, payload);
	if (protect)
		ups_srtp_protect(b->queue, &op, 1);
	if (op.result)
		die("protecting a packet", -EINVAL);
	return op.len;
}

static size_t frame(struct bench *b, uint8_t *f, size_t cap, size_t payload, enum work work)
{
	bool srtp = work == UNPROTECT || work == TRANSCODE;
	size_t udp_len = 8u + rtp_packet(b, f + HEADERS, cap - HEADERS, payload, srtp);

	memset(f, 2, 12);
	put16(f + 12, 0x0800);
	ipv4_header(f + 14, udp_len);
	put16(f + 34, 7000);
	put16(f + 36, 4000);
	put16(f + 38, (unsigned int)udp_len);
	put16(f + 40, 0);
	put16(f + 40, udp_checksum(f, udp_len));
	return HEADERS - 8 + udp_len;
}

/* ---- measuring ------------------------------------------------------------------------------------------------- */

static void run(const struct bench *b, int fd, const uint8_t *data, size_t size)
{
	struct xdp_md ctx = { .data_end = (uint32_t)size, .ingress_ifindex = b->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = (uint32_t)size,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 1);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err)
		die("BPF_PROG_TEST_RUN", err);
	if (opts.retval != XDP_TX)
		die("the program did not send the packet", -EINVAL);
}

static void read_stats(int fd, uint64_t *ns, uint64_t *count)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &size);

	if (err)
		die("program statistics", err);
	*ns = info.run_time_ns;
	*count = info.run_cnt;
}

static double mean(struct bench *b, int fd, size_t payload, enum work work)
{
	uint64_t ns[2], count[2];
	uint8_t f[2048];

	read_stats(fd, &ns[0], &count[0]);
	for (unsigned int i = 0; i < b->packets / ROUNDS; i++) {
		size_t size = frame(b, f, sizeof(f), payload, work);

		run(b, fd, f, size);
	}
	read_stats(fd, &ns[1], &count[1]);
	return (double)(ns[1] - ns[0]) / (double)(count[1] - count[0]);
}

static double least(struct bench *b, int fd, size_t payload, enum work work)
{
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		double one = mean(b, fd, payload, work);

		best = one < best ? one : best;
	}
	return best;
}

/* The blocks of @suite for one packet in one direction: RFC 3711 4.1, 4.2; RFC 7714 and SP 800-38D 7.1 */
static double floor_cost(struct bench *b, const struct ups_suite *suite, size_t payload,
			 enum work work)
{
	uint32_t blocks = (uint32_t)(payload + 15) / 16;

	b->floor->bss->floor_slot = TX_SLOT;
	b->floor->bss->floor_passes = work == TRANSCODE ? 2 : 1;
	b->floor->bss->floor_aes = blocks + suite->aead; /* with E(J0) */
	b->floor->bss->floor_ghash = suite->aead ? 1 + blocks + 1 : 0; /* header, body, lengths */
	b->floor->bss->floor_sha1 = suite->aead ? 0
						: (uint32_t)(RTP + payload + 4 + 9 + 63) / 64 +
							  1; /* ROC, padding; outer */
	return least(b, bpf_program__fd(b->floor->progs.bench_floor), payload, CLEAR);
}

static void line(struct bench *b, enum work work, const struct ups_suite *suite, size_t payload)
{
	double cost, floor = 0;

	set_flow(b, work);
	cost = least(b, ups_kernel_prog_fd(b->kernel), payload, work);
	if (work != CLEAR)
		floor = floor_cost(b, suite, payload, work);
	printf("%-12s %-24s %5zu %8.0f", work_name[work], work == CLEAR ? "-" : suite->name,
	       payload, cost);
	if (work == CLEAR)
		printf("%9s %6s\n", "-", "-");
	else
		printf(" %8.0f %6.2f\n", floor, cost / floor);
}

int main(int argc, char **argv)
{
	static const size_t payloads[] = { 160, 1200 };
	static struct bench b;
	int stats;

	b.packets = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 2000;
	if (b.packets < ROUNDS)
		b.packets = ROUNDS;
	set_network(&b);
	load(&b);
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		die("enabling BPF statistics", stats);
	printf("%-12s %-24s %5s %8s %8s %6s\n", "work", "suite", "bytes", "ns", "blocks", "ratio");
	for (size_t p = 0; p < 2; p++)
		line(&b, CLEAR, NULL, payloads[p]);
	for (unsigned int id = 1; id < UPS_SUITE_COUNT; id++) {
		set_key(&b, RX_SLOT, ups_suite_by_id(id));
		set_key(&b, TX_SLOT, ups_suite_by_id(id));
		for (enum work w = PROTECT; w <= TRANSCODE; w++)
			for (size_t p = 0; p < 2; p++)
				line(&b, w, ups_suite_by_id(id), payloads[p]);
	}
	close(stats);
	ups_kernel_destroy(b.kernel);
	return 0;
}
