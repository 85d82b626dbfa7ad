// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer attack: an attacker who sits on the wire and has no key. It reads frames from --in, keeps those that are UDP to --port, and for each
 * sends the next due bad packet out of --out: addresses, ports and link layer as in the genuine frame, checksum correct, contents its own.
 * Runs until every bad packet is sent, or --timeout.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

#define HISTORY 512

struct frame {
	unsigned int head; /* bytes before the UDP payload */
	unsigned int len; /* of the payload */
	uint8_t data[PEER_PACKET_MAX + 128];
};

struct attack {
	int in, out;
	uint16_t port;
	unsigned int timeout_ms, per_packet;
	unsigned int want[PEER_BAD_COUNT], done[PEER_BAD_COUNT];
	struct frame rtp[HISTORY], rtcp;
	unsigned int seen, errors;
};

static int open_device(const char *device, bool receive)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(device) };
	int fd;

	if (!receive)
		at.sll_protocol = 0;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		fprintf(stderr, "peer: %s: %s\n", device, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* -> bytes before the UDP payload, 0 if it is not UDP to @port */
static unsigned int frame_match(const uint8_t *p, size_t len, uint16_t port)
{
	unsigned int udp, type;

	if (len < 14 + 20 + 8)
		return 0;
	type = (unsigned int)(p[12] << 8 | p[13]);
	if (type == ETH_P_IP && p[14 + 9] == 17)
		udp = 14 + 4 * (p[14] & 15u);
	else if (type == ETH_P_IPV6 && p[14 + 6] == 17)
		udp = 14 + 40;
	else
		return 0;
	if (len < udp + 8 || (p[udp + 2] << 8 | p[udp + 3]) != port)
		return 0;
	return udp + 8;
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t s)
{
	for (size_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Lengths and checksums for the payload that is now in the frame. */
static void frame_finish(struct frame *f)
{
	uint8_t *ip = f->data + 14, *udp = f->data + f->head - 8;
	uint16_t len = (uint16_t)(f->len + 8), check;
	bool v4 = ip[0] >> 4 == 4;

	if (v4) {
		put16(ip + 2, (uint16_t)(f->head - 14 + f->len));
		put16(ip + 10, 0);
		put16(ip + 10, fold(sum(ip, 4 * (ip[0] & 15u), 0)));
	} else {
		put16(ip + 4, len);
	}
	put16(udp + 4, len);
	put16(udp + 6, 0);
	check = fold(sum(udp, len, sum(ip + (v4 ? 12 : 8), v4 ? 8 : 32, 17u + len)));
	put16(udp + 6, check ? check : 0xffff);
}

/* The payload of @kind into @f, which already has the genuine headers. false = not possible yet. */
static bool forge(struct attack *a, enum peer_bad kind, struct frame *f)
{
	const struct frame *last = &a->rtp[(a->seen - 1) % HISTORY];
	const struct frame *from = last;
	uint32_t n = a->done[kind];
	uint8_t *body = f->data + f->head;
	uint16_t seq;

	if (kind == PEER_BAD_OLD) {
		if (a->seen < HISTORY)
			return false;
		from = &a->rtp[a->seen % HISTORY];
	} else if (kind == PEER_BAD_REPLAY && a->seen > 1) {
		from = &a->rtp[(a->seen - 2) % HISTORY];
	} else if (kind == PEER_BAD_RTCP_FORGE || kind == PEER_BAD_RTCP_REPLAY) {
		from = &a->rtcp;
	} else if (kind != PEER_BAD_FORGE) {
		f->len = (unsigned int)peer_bad_build(kind, n, body);
		return f->len > 0;
	}
	if (!from->len)
		return false;
	memcpy(body, from->data + from->head, from->len);
	f->len = from->len;
	if (kind == PEER_BAD_RTCP_FORGE)
		peer_rtcp_forge(body, f->len);
	if (kind == PEER_BAD_FORGE) {
		seq = (uint16_t)((body[2] << 8 | body[3]) + 700 + n * 1200 % 30000);
		put16(body + 2, seq);
	}
	return true;
}

static void strike(struct attack *a, const struct frame *genuine)
{
	enum peer_bad kind = peer_bad_next(a->want, a->done);
	struct frame f = *genuine;

	if (kind == PEER_BAD_COUNT)
		return;
	if (!forge(a, kind, &f))
		return;
	frame_finish(&f);
	if (send(a->out, f.data, f.head + f.len, 0) < 0)
		a->errors++;
	a->done[kind]++;
}

static void take(struct attack *a)
{
	uint8_t data[PEER_PACKET_MAX + 128];
	struct sockaddr_ll from = { .sll_pkttype = PACKET_OUTGOING };
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(a->in, data, sizeof(data), 0, (struct sockaddr *)&from, &from_len);
	unsigned int head = len > 0 && from.sll_pkttype != PACKET_OUTGOING
				    ? frame_match(data, (size_t)len, a->port)
				    : 0;
	struct frame *f;

	if (!head || (size_t)len < head + 12)
		return;
	f = data[head + 1] >= 192 && data[head + 1] <= 223 ? &a->rtcp
							   : &a->rtp[a->seen++ % HISTORY];
	memcpy(f->data, data, (size_t)len);
	f->head = head;
	f->len = (unsigned int)len - head;
	for (unsigned int i = 0; a->seen && i < a->per_packet; i++)
		strike(a, f);
}

static void run(struct attack *a)
{
	struct pollfd p = { .fd = a->in, .events = POLLIN };
	unsigned int waited = 0;

	while (waited < a->timeout_ms && peer_bad_next(a->want, a->done) < PEER_BAD_COUNT) {
		if (poll(&p, 1, 10) > 0)
			take(a);
		else
			waited += 10;
	}
}

static int parse(struct attack *a, int argc, char **argv)
{
	int err = argc % 2 ? 0 : -1;

	for (int i = 1; i + 1 < argc && !err; i += 2) {
		const char *value = argv[i + 1];

		if (!strcmp(argv[i], "--in"))
			err = (a->in = open_device(value, true)) < 0 ? -1 : 0;
		else if (!strcmp(argv[i], "--out"))
			err = (a->out = open_device(value, false)) < 0 ? -1 : 0;
		else if (!strcmp(argv[i], "--port"))
			a->port = (uint16_t)atoi(value);
		else if (!strcmp(argv[i], "--timeout"))
			a->timeout_ms = (unsigned int)atoi(value);
		else if (!strcmp(argv[i], "--per-packet"))
			a->per_packet = (unsigned int)atoi(value);
		else if (!strcmp(argv[i], "--bad"))
			err = peer_bad_parse(value, a->want);
		else
			err = -1;
	}
	if (err || a->in < 0 || a->out < 0 || !a->port) {
		fprintf(stderr,
			"usage: peer attack --in DEV --out DEV --port PORT --bad KIND=N,... "
			"[--per-packet N] [--timeout MS]\n");
		err = -1;
	}
	return err;
}

int peer_attack(int argc, char **argv)
{
	static struct attack a;
	int err;

	a.in = a.out = -1;
	a.timeout_ms = 3000;
	a.per_packet = 1;
	err = parse(&a, argc, argv);

	if (!err) {
		run(&a);
		printf("{\"seen\":%u,\"errors\":%u,", a.seen, a.errors);
		peer_bad_print(a.done);
		printf("}\n");
	}
	return err ? 2 : 0;
}
