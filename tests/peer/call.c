// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer call: one endpoint of a call. Sends --send packets at --rate, receives until --expect packets (and --expect-rtcp) came and
 * --linger has passed without a further one, or --timeout. Every received byte is checked against what the other peer must have built.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define HISTORY 512 /* protected packets kept for replays; the oldest is beyond every window */
#define HELD_MAX 4 /* packets held back for reordering */
#define SETTLE_US 100000 /* from the end of a handshake until the other side surely uses its keys */
#define EBIT_AHEAD 4096 /* SRTCP index at which the session with the other E-bit starts */

struct packet {
	uint16_t len;
	uint8_t data[PEER_PACKET_MAX];
};

enum { RTP, RTCP, KINDS };

struct call {
	/* options */
	struct sockaddr_storage local[KINDS], remote[KINDS];
	bool mux, no_rtcp, keyed;
	const char *keys_path, *ready, *go, *ice_path;
	struct peer_dtls dtls; /* role NULL = none */
	unsigned int send, rate, size, rtcp_every, expect[KINDS], timeout_ms, linger_ms;
	unsigned int loss, reorder, duplicate; /* per thousand */
	uint32_t ssrc;
	uint16_t seq;
	uint64_t seed;
	unsigned int want_bad[PEER_BAD_COUNT];

	/* state */
	int fd[KINDS];
	struct peer_keys keys;
	struct packet history[HISTORY], last_rtcp, held[HELD_MAX];
	unsigned int held_for[HELD_MAX]; /* packets to wait, 0 = empty */
	unsigned int built, rtcp_built;

	/* results */
	unsigned int sent[KINDS], lost, reordered, duplicated, send_errors;
	unsigned int bad[PEER_BAD_COUNT];
	unsigned int received[KINDS], again[KINDS], foreign[KINDS], wrong[KINDS];
	unsigned int auth_failed, replayed, out_of_order;
	int64_t newest;
	uint8_t seen[KINDS][PEER_NUMBERS / 8];
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static socklen_t addr_len(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static void put(struct call *c, int kind, const uint8_t *data, size_t len)
{
	const struct sockaddr_storage *to = &c->remote[kind];

	if (kind == RTCP && c->mux)
		kind = RTP;
	if (sendto(c->fd[kind], data, len, 0, (const struct sockaddr *)to, addr_len(to)) < 0)
		c->send_errors++;
}

/* ---- sending ---- */

static void release_held(struct call *c, bool all)
{
	for (int i = 0; i < HELD_MAX; i++) {
		if (!c->held_for[i] || (--c->held_for[i] && !all))
			continue;
		c->held_for[i] = 0;
		put(c, RTP, c->held[i].data, c->held[i].len);
		c->sent[RTP]++;
	}
}

static bool hold(struct call *c, const struct packet *p)
{
	for (int i = 0; i < HELD_MAX; i++) {
		if (c->held_for[i])
			continue;
		c->held[i] = *p;
		c->held_for[i] = 2 + (unsigned int)(peer_random(&c->seed) % 6);
		c->reordered++;
		return true;
	}
	return false;
}

static bool chance(struct call *c, unsigned int per_thousand)
{
	return peer_random(&c->seed) % 1000 < per_thousand;
}

static int protect(srtp_t session, uint8_t *data, size_t *len, int kind)
{
	int n = (int)*len;
	srtp_err_status_t status = srtp_err_status_ok;

	if (session)
		status = kind == RTCP ? srtp_protect_rtcp(session, data, &n)
				      : srtp_protect(session, data, &n);
	*len = (size_t)n;
	return status ? -1 : 0;
}

static void send_rtp(struct call *c)
{
	struct packet *p = &c->history[c->built % HISTORY];
	uint16_t seq = (uint16_t)(c->seq + c->built);
	size_t len = peer_rtp_build(p->data, c->ssrc, seq, c->built, c->size);

	c->built++;
	if (protect(c->keys.tx, p->data, &len, RTP)) {
		c->send_errors++;
		return;
	}
	p->len = (uint16_t)len;
	release_held(c, false);
	if (chance(c, c->loss)) {
		c->lost++;
		return;
	}
	if (chance(c, c->reorder) && hold(c, p))
		return;
	put(c, RTP, p->data, p->len);
	c->sent[RTP]++;
	if (chance(c, c->duplicate)) {
		put(c, RTP, p->data, p->len);
		c->duplicated++;
	}
}

static void send_rtcp(struct call *c)
{
	size_t len = peer_rtcp_build(c->last_rtcp.data, c->ssrc, c->rtcp_built++);

	if (protect(c->keys.tx, c->last_rtcp.data, &len, RTCP)) {
		c->send_errors++;
		return;
	}
	c->last_rtcp.len = (uint16_t)len;
	put(c, RTCP, c->last_rtcp.data, len);
	c->sent[RTCP]++;
}

/* A packet of the other encryption bit, with an index of its own well ahead of the real one. */
static size_t build_ebit(struct call *c, uint8_t *out)
{
	unsigned int times = c->bad[PEER_BAD_EBIT] ? 1 : EBIT_AHEAD;
	size_t len = 0;

	if (!c->keys.tx_ebit)
		return 0;
	while (times--) {
		len = peer_rtcp_build(out, c->ssrc, 0xffffff);
		if (protect(c->keys.tx_ebit, out, &len, RTCP))
			return 0;
	}
	return len;
}

static size_t build_forged(struct call *c, uint32_t n, uint8_t *out)
{
	const struct packet *p = &c->history[(c->built - 1) % HISTORY];
	uint16_t seq = (uint16_t)(c->seq + c->built + 500 + n * 1200 % 30000);

	memcpy(out, p->data, p->len);
	out[2] = (uint8_t)(seq >> 8);
	out[3] = (uint8_t)seq;
	return p->len;
}

static size_t build_flood(struct call *c, uint32_t n, uint8_t *out)
{
	size_t len = peer_rtp_build(out, 0xf100d000 + n, 1, n, c->size);

	return protect(c->keys.tx, out, &len, RTP) ? 0 : len;
}

static size_t copy(const struct packet *p, uint8_t *out)
{
	memcpy(out, p->data, p->len);
	return p->len;
}

/* 0 = not possible yet */
static size_t build_bad(struct call *c, enum peer_bad kind, uint8_t *out)
{
	uint32_t n = c->bad[kind];

	if (c->built < 2)
		return 0;
	switch (kind) {
	case PEER_BAD_FORGE:
		return build_forged(c, n, out);
	case PEER_BAD_REPLAY:
		return copy(&c->history[(c->built - 2) % HISTORY], out);
	case PEER_BAD_OLD:
		return c->built < HISTORY ? 0 : copy(&c->history[c->built % HISTORY], out);
	case PEER_BAD_FLOOD:
		return build_flood(c, n, out);
	case PEER_BAD_EBIT:
		return build_ebit(c, out);
	case PEER_BAD_RTCP_FORGE:
		if (!c->last_rtcp.len)
			return 0;
		return peer_rtcp_forge(out, copy(&c->last_rtcp, out));
	case PEER_BAD_RTCP_REPLAY:
		return c->last_rtcp.len ? copy(&c->last_rtcp, out) : 0;
	default:
		return peer_bad_build(kind, n, out);
	}
}

static bool rtcp_bad(enum peer_bad kind)
{
	return kind == PEER_BAD_EBIT || kind == PEER_BAD_RTCP_FORGE || kind == PEER_BAD_RTCP_REPLAY;
}

static void send_bad(struct call *c)
{
	enum peer_bad kind = peer_bad_next(c->want_bad, c->bad);
	uint8_t data[PEER_PACKET_MAX];
	size_t len;

	if (kind == PEER_BAD_COUNT)
		return;
	len = build_bad(c, kind, data);
	if (!len)
		return;
	put(c, rtcp_bad(kind) ? RTCP : RTP, data, len);
	c->bad[kind]++;
}

/* Spreads the bad packets evenly over the good ones. */
static void send_due_bad(struct call *c)
{
	unsigned int want = 0, done = 0;

	for (int i = 0; i < PEER_BAD_COUNT; i++) {
		want += c->want_bad[i];
		done += c->bad[i];
	}
	while (want && done < (uint64_t)want * c->built / c->send) {
		send_bad(c);
		done++;
	}
}

static void send_next(struct call *c)
{
	if (!c->no_rtcp && c->rtcp_every && c->built % c->rtcp_every == 0)
		send_rtcp(c);
	send_rtp(c);
	send_due_bad(c);
	if (c->built == c->send) {
		release_held(c, true);
		for (int i = 0; i < 1000 && peer_bad_next(c->want_bad, c->bad) < PEER_BAD_COUNT;
		     i++)
			send_bad(c);
	}
}

/* ---- receiving ---- */

static void received(struct call *c, int kind, int64_t n)
{
	if (n < 0) {
		c->wrong[kind]++;
		return;
	}
	if (n >= PEER_NUMBERS) {
		c->foreign[kind]++;
		return;
	}
	if (c->seen[kind][n / 8] >> (n % 8) & 1) {
		c->again[kind]++;
		return;
	}
	c->seen[kind][n / 8] |= (uint8_t)(1 << (n % 8));
	c->received[kind]++;
	if (kind == RTP && n < c->newest)
		c->out_of_order++;
	if (kind == RTP && n > c->newest)
		c->newest = n;
}

static void take(struct call *c, uint8_t *data, size_t size)
{
	int kind = size >= 2 && data[1] >= 192 && data[1] <= 223 ? RTCP : RTP;
	srtp_err_status_t status = srtp_err_status_ok;
	int len = (int)size;

	if (c->dtls.role && size && data[0] >= 20 && data[0] <= 63)
		return; /* the association says goodbye */
	if (c->keys.rx)
		status = kind == RTCP ? srtp_unprotect_rtcp(c->keys.rx, data, &len)
				      : srtp_unprotect(c->keys.rx, data, &len);
	if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old)
		c->replayed++;
	else if (status)
		c->auth_failed++;
	else if (kind == RTP && size >= 12 && (data[8] << 8 | data[9]) == 0xf100)
		c->foreign[RTP]++; /* the other side's flood of SSRCs */
	else
		received(c, kind,
			 kind == RTCP ? peer_rtcp_check(data, (size_t)len)
				      : peer_rtp_check(data, (size_t)len));
}

/* -> whether something came */
static bool take_all(struct call *c)
{
	uint8_t data[PEER_PACKET_MAX];
	bool any = false;

	for (int kind = RTP; kind < KINDS; kind++) {
		ssize_t len;

		while (c->fd[kind] >= 0 &&
		       (len = recv(c->fd[kind], data, sizeof(data), MSG_DONTWAIT)) >= 0) {
			take(c, data, (size_t)len);
			any = true;
		}
	}
	return any;
}

static void sleep_until(struct call *c, uint64_t when)
{
	struct pollfd fds[KINDS] = { { .fd = c->fd[RTP], .events = POLLIN },
				     { .fd = c->fd[RTCP], .events = POLLIN } };
	uint64_t now = now_us();
	struct timespec t = { 0, 0 };

	if (when > now) {
		t.tv_sec = (time_t)((when - now) / 1000000);
		t.tv_nsec = (long)((when - now) % 1000000 * 1000);
	}
	ppoll(fds, KINDS, &t, NULL);
}

static bool complete(const struct call *c)
{
	return c->built == c->send && c->received[RTP] >= c->expect[RTP] &&
	       c->received[RTCP] >= c->expect[RTCP];
}

static void run(struct call *c)
{
	uint64_t start = now_us(), end = start + (uint64_t)c->timeout_ms * 1000;
	uint64_t quiet = start + (uint64_t)c->linger_ms * 1000;

	for (;;) {
		uint64_t now = now_us();
		uint64_t due = start + (uint64_t)c->built * 1000000 / c->rate;
		bool sending = c->built < c->send;

		if (take_all(c))
			quiet = now + (uint64_t)c->linger_ms * 1000;
		if (sending && now >= due) {
			send_next(c);
			quiet = now + (uint64_t)c->linger_ms * 1000;
			continue;
		}
		if (now >= end || (now >= quiet && complete(c)))
			break;
		sleep_until(c, sending ? due : now + 10000);
	}
}

/* ---- set-up ---- */

static int open_socket(const struct sockaddr_storage *local)
{
	int fd = socket(local->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 4 << 20, one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)local, addr_len(local))) {
		fprintf(stderr, "peer: bind: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* RTCP's default is the next port on both sides. */
static void next_port(const struct sockaddr_storage *rtp, struct sockaddr_storage *rtcp)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)rtcp;

	*rtcp = *rtp;
	v4->sin_port =
		htons((uint16_t)(ntohs(v4->sin_port) + 1)); /* at the same place in both families */
}

/* Tells by a file that this side has come to @stage, and waits for the other. */
static int rendezvous(const struct call *c, const char *stage)
{
	uint64_t end = now_us() + 10000000;
	char ready[256], go[256];
	int fd;

	snprintf(ready, sizeof(ready), "%s%s", c->ready ? c->ready : "", stage);
	snprintf(go, sizeof(go), "%s%s", c->go ? c->go : "", stage);
	if (c->ready) {
		fd = open(ready, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0)
			return -1;
		close(fd);
	}
	while (c->go && access(go, F_OK)) {
		if (now_us() > end) {
			fprintf(stderr, "peer: %s did not appear\n", go);
			return -1;
		}
		usleep(2000);
	}
	return 0;
}

static int set_up(struct call *c)
{
	if (!c->local[RTP].ss_family || !c->remote[RTP].ss_family) {
		fprintf(stderr, "peer: --local and --remote are needed\n");
		return -1;
	}
	if (!c->local[RTCP].ss_family)
		next_port(&c->local[RTP], &c->local[RTCP]);
	if (c->mux)
		c->remote[RTCP] = c->remote[RTP];
	else if (!c->remote[RTCP].ss_family)
		next_port(&c->remote[RTP], &c->remote[RTCP]);
	srtp_init();
	if (c->keys_path && peer_keys_read(c->keys_path, &c->keys))
		return -1;
	c->fd[RTP] = open_socket(&c->local[RTP]);
	if (c->fd[RTP] < 0)
		return -1;
	if (!c->mux && !c->no_rtcp)
		c->fd[RTCP] = open_socket(&c->local[RTCP]);
	if ((!c->mux && !c->no_rtcp && c->fd[RTCP] < 0) || rendezvous(c, ""))
		return -1;
	if (c->ice_path && peer_ice_run(c->ice_path, c->fd[RTP], &c->remote[RTP]))
		return -1;
	if (c->dtls.role && peer_dtls_run(&c->dtls, c->fd[RTP], &c->remote[RTP], &c->keys))
		return -1;
	/*
	 * A relay drops what comes before the other leg has its keys; and before its own, which it cannot have before its
	 * last flight, when ours already has them.
	 */
	if (c->keyed && rendezvous(c, ".keyed"))
		return -1;
	if (c->keyed)
		usleep(SETTLE_US);
	return 0;
}

static void print(const struct call *c)
{
	printf("{\"sent\":%u,\"sent_rtcp\":%u,\"lost\":%u,\"reordered\":%u,\"duplicated\":%u,"
	       "\"send_errors\":%u,",
	       c->sent[RTP], c->sent[RTCP], c->lost, c->reordered, c->duplicated, c->send_errors);
	peer_bad_print(c->bad);
	printf(",\"received\":%u,\"received_rtcp\":%u,\"again\":%u,\"foreign\":%u,\"wrong\":%u,"
	       "\"auth_failed\":%u,\"replayed\":%u,\"out_of_order\":%u,"
	       "\"rx\":\"%s\",\"tx\":\"%s\"}\n",
	       c->received[RTP], c->received[RTCP], c->again[RTP] + c->again[RTCP], c->foreign[RTP],
	       c->wrong[RTP] + c->wrong[RTCP], c->auth_failed, c->replayed, c->out_of_order,
	       c->keys.rx ? c->keys.rx_suite : "clear", c->keys.tx ? c->keys.tx_suite : "clear");
}

/* Options with a number, by table; the others are few. */
static int parse(struct call *c, int argc, char **argv)
{
	const struct {
		const char *name;
		unsigned int *value;
	} numbers[] = {
		{ "send", &c->send },
		{ "rate", &c->rate },
		{ "size", &c->size },
		{ "rtcp-every", &c->rtcp_every },
		{ "expect", &c->expect[RTP] },
		{ "expect-rtcp", &c->expect[RTCP] },
		{ "timeout", &c->timeout_ms },
		{ "linger", &c->linger_ms },
		{ "loss", &c->loss },
		{ "reorder", &c->reorder },
		{ "duplicate", &c->duplicate },
		{ "ssrc", &c->ssrc },
		{ "dtls-timeout", &c->dtls.timeout_ms },
	};
	const struct {
		const char *name;
		bool *value;
	} flags[3] = { { "mux", &c->mux }, { "no-rtcp", &c->no_rtcp }, { "keyed", &c->keyed } };
	const struct {
		const char *name, **value;
	} texts[] = {
		{ "keys", &c->keys_path },
		{ "ready", &c->ready },
		{ "go", &c->go },
		{ "ice", &c->ice_path },
		{ "dtls", &c->dtls.role },
		{ "identity", &c->dtls.identity },
		{ "fingerprint", &c->dtls.fingerprint },
		{ "profiles", &c->dtls.profiles },
	};
	int i, err = 0;

	for (i = 1; i < argc && !err; i++) {
		const char *name = argv[i] + (strncmp(argv[i], "--", 2) ? 0 : 2);
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		size_t k, t, count = sizeof(numbers) / sizeof(numbers[0]);
		size_t texts_count = sizeof(texts) / sizeof(texts[0]);

		for (k = 0; k < 3 && strcmp(name, flags[k].name); k++)
			;
		if (k < 3) {
			*flags[k].value = true;
			continue;
		}
		i++;
		for (k = 0; k < count && strcmp(name, numbers[k].name); k++)
			;
		for (t = 0; t < texts_count && strcmp(name, texts[t].name); t++)
			;
		if (k < count)
			*numbers[k].value = (unsigned int)strtoul(value, NULL, 0);
		else if (t < texts_count)
			*texts[t].value = value;
		else if (!strcmp(name, "seq"))
			c->seq = (uint16_t)strtoul(value, NULL, 0);
		else if (!strcmp(name, "seed"))
			c->seed = strtoull(value, NULL, 0);
		else if (!strcmp(name, "bad"))
			err = peer_bad_parse(value, c->want_bad);
		else if (!strcmp(name, "local"))
			err = peer_addr_parse(value, &c->local[RTP]);
		else if (!strcmp(name, "remote"))
			err = peer_addr_parse(value, &c->remote[RTP]);
		else if (!strcmp(name, "local-rtcp"))
			err = peer_addr_parse(value, &c->local[RTCP]);
		else if (!strcmp(name, "remote-rtcp"))
			err = peer_addr_parse(value, &c->remote[RTCP]);
		else {
			fprintf(stderr, "peer call: no option %s\n", argv[i - 1]);
			err = -1;
		}
	}
	return err;
}

int peer_call(int argc, char **argv)
{
	static struct call c;
	int err;

	c.fd[RTP] = c.fd[RTCP] = -1;
	c.rate = 1000;
	c.size = 160;
	c.timeout_ms = 5000;
	c.linger_ms = 100;
	c.ssrc = 0x1234;
	c.newest = -1;
	c.seed = 1;
	c.dtls.timeout_ms = 5000;
	c.dtls.profiles = "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
	err = parse(&c, argc, argv) ? -1 : set_up(&c);

	if (!c.rate)
		c.rate = 1;
	if (!err) {
		run(&c);
		print(&c);
	}
	peer_keys_fini(&c.keys);
	return err ? 2 : 0;
}
