// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ng listener: sockets, who may speak, datagrams, life. See ng.h. */
#include "ctl/ng.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UPS_LOG_MODULE "ng"
#include "base/addr.h"
#include "base/log.h"
#include "base/secret.h"
#include "ctl/ng_server.h"

#define BATCH 8 /* datagrams of one system call */
#define TURN_BATCHES 4 /* of one turn of the loop: a flood does not starve the rest */
#define SOCKET_BYTES (4 << 20)
#define ARENA_BYTES (2u << 20) /* nodes and copies of one request and its reply */
#define BACKLOG 64
#define IDLE_CHECK_US (10ULL * 1000000ULL)

/* One more byte than a request may have, so that a longer one is seen. */
struct datagram {
	struct sockaddr_storage from;
	union {
		size_t align; /* as a struct cmsghdr, whose data member may not stand here */
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) +
			   CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
	struct iovec iov;
	char data[UPS_NG_REQUEST_MAX + 1];
};

struct batch {
	struct mmsghdr header[BATCH];
	struct datagram datagram[BATCH];
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

uint64_t ups_ng_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t ups_ng_now_unix_us(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000;
}

/* ---- who may speak ---- */

static bool in_network(const struct ups_addr *a, const struct ups_ng_source *s)
{
	unsigned int whole = s->bits / 8, rest = s->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (s->bits > 128 || memcmp(a->ip, s->network.ip, whole) != 0)
		return false;
	return !rest || !((a->ip[whole] ^ s->network.ip[whole]) & mask);
}

const struct ups_ng_source *ups_ng_allowed(struct ups_ng_server *server,
					   const struct ups_addr *source)
{
	char text[UPS_ADDR_TEXT];

	for (unsigned int i = 0; i < server->config.allow_count; i++) {
		if (in_network(source, &server->config.allow[i]))
			return &server->config.allow[i];
	}
	server->stats.refused_sources++;
	ups_log_rl(UPS_LOG_WARNING, "request from %s refused: not among the sources that may speak",
		   ups_addr_format(source, text));
	return NULL;
}

void ups_ng_server_allow(struct ups_ng_server *server, const struct ups_ng_source *allow,
			 unsigned int count)
{
	if (count > UPS_NG_ALLOW_MAX)
		count = UPS_NG_ALLOW_MAX;
	memset(server->config.allow, 0, sizeof(server->config.allow));
	memcpy(server->config.allow, allow, count * sizeof(*allow));
	server->config.allow_count = count;
	ups_ng_tcp_recheck(server);
}

/* ---- datagrams ---- */

static void batch_init(struct batch *batch)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		struct datagram *d = &batch->datagram[i];

		d->iov = (struct iovec) { .iov_base = d->data, .iov_len = sizeof(d->data) };
		batch->header[i].msg_hdr =
			(struct msghdr) { .msg_name = &d->from,
					  .msg_namelen = sizeof(d->from),
					  .msg_iov = &d->iov,
					  .msg_iovlen = 1,
					  .msg_control = d->control.bytes,
					  .msg_controllen = sizeof(d->control.bytes) };
	}
}

/*
 * The reply leaves from the address that was addressed: what recvmsg told of it is given back as it came, but for the interface (the way
 * back may be another one; a link-local address keeps it).
 */
static void keep_local_address(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			info.ipi_ifindex = 0;
			memcpy(CMSG_DATA(c), &info, sizeof(info));
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				info.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &info, sizeof(info));
		}
	}
}

static void send_reply(int fd, const struct msghdr *request, struct ups_text reply)
{
	struct iovec iov = { .iov_base = (char *)reply.at, .iov_len = reply.len };
	struct msghdr header = *request;

	header.msg_iov = &iov;
	header.msg_flags = 0;
	keep_local_address(&header);
	while (sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		/* The client asks again and gets the kept reply. */
		ups_log_rl(UPS_LOG_WARNING, "reply of %zu bytes not sent: %m", reply.len);
		return;
	}
}

static void serve_datagram(struct ups_ng_listener *listener, const struct msghdr *header,
			   size_t size)
{
	const struct datagram *d = header->msg_name;
	struct ups_ng_server *server = listener->server;
	const struct ups_ng_source *allowed;
	struct ups_text reply;
	struct ups_addr source;

	_Static_assert(offsetof(struct datagram, from) == 0, "found by the address of its sender");
	ups_addr_from_sockaddr(&source, &d->from);
	allowed = ups_ng_allowed(server, &source);
	if (!allowed)
		return;
	if (size > UPS_NG_REQUEST_MAX || (header->msg_flags & MSG_TRUNC)) {
		server->stats.malformed++;
		return;
	}
	if (ups_ng_serve(server, &source, allowed, (struct ups_text) { d->data, size }, &reply))
		send_reply(listener->udp, header, reply);
	ups_ng_serve_done(server);
}

/* -> datagrams received */
static int serve_batch(struct ups_ng_listener *listener)
{
	struct batch *batch = listener->server->batch;
	int count;

	batch_init(batch);
	count = recvmmsg(listener->udp, batch->header, BATCH, MSG_DONTWAIT, NULL);
	if (count < 0 && errno != EAGAIN && errno != EINTR)
		ups_log_rl(UPS_LOG_ERROR, "receiving requests: %m");
	for (int i = 0; i < count; i++) {
		serve_datagram(listener, &batch->header[i].msg_hdr, batch->header[i].msg_len);
		ups_wipe(batch->datagram[i].data, batch->header[i].msg_len);
	}
	return count;
}

static int on_datagrams(sd_event_source *event, int fd, uint32_t revents, void *aux)
{
	(void)event;
	(void)fd;
	(void)revents;
	for (unsigned int i = 0; i < TURN_BATCHES && serve_batch(aux) == BATCH; i++)
		;
	return 0;
}

static int on_idle_check(sd_event_source *event, uint64_t usec, void *aux)
{
	struct ups_ng_server *server = aux;

	(void)usec;
	ups_ng_tcp_expire(server, ups_ng_now_ns());
	(void)sd_event_source_set_time_relative(event, IDLE_CHECK_US);
	return sd_event_source_set_enabled(event, SD_EVENT_ONESHOT);
}

/* ---- life ---- */

static int set_options(int fd, int family, int type)
{
	int on = 1, size = SOCKET_BYTES, err = 0;

	if (type == SOCK_STREAM)
		err = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!err && family == AF_INET6)
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (err || type == SOCK_STREAM)
		return err ? -errno : 0;
	if (family == AF_INET)
		err = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else
		err = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	if (err)
		return -errno;
	/* Bursts of requests wait here while one is served. The usual bound is enough when more is not permitted. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		ups_debug("receive buffer stays small: %m");
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

static int open_socket(const struct ups_addr *addr, int type, int *fd)
{
	struct sockaddr_storage ss;
	socklen_t size = ups_addr_to_sockaddr(addr, &ss);
	int err;

	*fd = socket(ss.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	err = set_options(*fd, ss.ss_family, type);
	if (err)
		return err;
	if (bind(*fd, (struct sockaddr *)&ss, size) ||
	    (type == SOCK_STREAM && listen(*fd, BACKLOG)))
		return -errno;
	return 0;
}

static int open_listener(struct ups_ng_server *server, unsigned int i)
{
	struct ups_ng_listener *l = &server->listener[i];
	const struct ups_addr *addr = &server->config.listen[i];
	int err;

	l->server = server;
	err = open_socket(addr, SOCK_DGRAM, &l->udp);
	if (!err)
		err = open_socket(addr, SOCK_STREAM, &l->tcp);
	if (err)
		return err;
	err = sd_event_add_io(server->loop, &l->udp_io, l->udp, EPOLLIN, on_datagrams, l);
	if (err >= 0)
		err = sd_event_add_io(server->loop, &l->tcp_io, l->tcp, EPOLLIN, ups_ng_tcp_accept,
				      l);
	return err < 0 ? err : 0;
}

static int open_all(struct ups_ng_server *server, struct ups_errmsg *msg)
{
	char text[UPS_ADDR_TEXT];
	int err = 0;

	for (unsigned int i = 0; i < server->config.listen_count; i++) {
		err = open_listener(server, i);
		if (err)
			return ups_fail(msg, err, "ng listener on %s: %s",
					ups_addr_format(&server->config.listen[i], text),
					ups_strerror(err));
	}
	err = sd_event_add_time_relative(server->loop, &server->idle_timer, CLOCK_MONOTONIC,
					 IDLE_CHECK_US, 0, on_idle_check, server);
	return err < 0 ? ups_fail(msg, err, "ng listener: %s", ups_strerror(err)) : 0;
}

static int take_memory(struct ups_ng_server *server)
{
	server->batch = calloc(1, sizeof(struct batch));
	server->reply = calloc(1, UPS_NG_REPLY_MAX);
	server->sdp = calloc(1, UPS_SDP_SIZE_MAX);
	if (!server->batch || !server->reply || !server->sdp)
		return -ENOMEM;
	return ups_arena_init(&server->arena, ARENA_BYTES);
}

int ups_ng_server_create(sd_event *loop, const struct ups_ctl_ops *ops,
			 const struct ups_ng_config *config, struct ups_ng_server **out,
			 struct ups_errmsg *msg)
{
	struct ups_ng_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return ups_fail(msg, -ENOMEM, "no memory for the ng listener");
	server->loop = sd_event_ref(loop);
	server->ops = ops;
	server->config = *config;
	server->start_ns = ups_ng_now_ns();
	for (unsigned int i = 0; i < UPS_NG_LISTEN_MAX; i++)
		server->listener[i] = (struct ups_ng_listener) { .udp = -1, .tcp = -1 };
	err = take_memory(server);
	if (err)
		ups_fail(msg, err, "no memory for the ng listener");
	else
		err = open_all(server, msg);
	if (err) {
		ups_ng_server_destroy(server);
		return err;
	}
	*out = server;
	return 0;
}

static void close_listener(struct ups_ng_listener *l)
{
	sd_event_source_disable_unref(l->udp_io);
	sd_event_source_disable_unref(l->tcp_io);
	if (l->udp >= 0)
		close(l->udp);
	if (l->tcp >= 0)
		close(l->tcp);
}

static void free_wiped(void *p, size_t size)
{
	if (p)
		ups_wipe(p, size);
	free(p);
}

void ups_ng_server_destroy(struct ups_ng_server *server)
{
	if (!server)
		return;
	for (unsigned int i = 0; i < UPS_NG_LISTEN_MAX; i++)
		close_listener(&server->listener[i]);
	ups_ng_tcp_close_all(server);
	sd_event_source_disable_unref(server->idle_timer);
	ups_ng_cookies_fini(&server->cookies);
	ups_arena_fini(&server->arena);
	free_wiped(server->batch, sizeof(struct batch));
	free_wiped(server->reply, UPS_NG_REPLY_MAX);
	free_wiped(server->sdp, UPS_SDP_SIZE_MAX);
	sd_event_unref(server->loop);
	free(server);
}

void ups_ng_server_stats(const struct ups_ng_server *server, struct ups_ng_stats *out)
{
	*out = server->stats;
}
