// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ng over TCP: requests back to back in bencode, answered in order. A connection holds one request and two replies at most: one that does
 * not read its replies is not read from, and is closed when nothing moves for UPS_NG_STALL_NS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UPS_LOG_MODULE "ng"
#include "base/addr.h"
#include "base/log.h"
#include "base/secret.h"
#include "ctl/ng_server.h"
#include "proto/bencode.h"

#define TURN_REQUESTS 32 /* of one connection in one turn of the loop */
#define SILENT_NS (10ULL * 1000000000ULL) /* after that a connection gives way to a new one */

static void unlink_stream(struct ups_ng_stream *stream)
{
	struct ups_ng_stream **at = &stream->server->streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
}

static void close_stream(struct ups_ng_stream *stream)
{
	unlink_stream(stream);
	stream->server->stream_count--;
	sd_event_source_disable_unref(stream->io);
	close(stream->fd);
	ups_wipe(stream->in, stream->in_size);
	ups_wipe(stream->out, stream->out_size);
	free(stream);
}

static void moved(struct ups_ng_stream *stream)
{
	stream->moved_ns = ups_ng_now_ns();
	unlink_stream(stream);
	stream->next = stream->server->streams;
	stream->server->streams = stream;
}

/* Takes @size bytes off the front and wipes where they were last. */
static void consume(char *data, size_t *used, size_t size)
{
	memmove(data, data + size, *used - size);
	*used -= size;
	ups_wipe(data + *used, size);
}

/* ---- requests ---- */

static size_t skip_line_ends(struct ups_text in)
{
	size_t at = 0;

	while (at < in.len && (in.at[at] == '\r' || in.at[at] == '\n'))
		at++;
	return at;
}

/* -> bytes of the first whole request, 0 if more must come, or UPS_E_SYNTAX: where the next one begins will never be known */
static int first_request(struct ups_text in)
{
	struct ups_text body = in, cookie = ups_text_cut(&body, ' ');
	size_t size;
	int err;

	if (cookie.len > UPS_NG_COOKIE_MAX)
		return UPS_E_SYNTAX;
	if (cookie.len == in.len || !body.len)
		return 0;
	if (!cookie.len || body.at[0] != 'd')
		return UPS_E_SYNTAX;
	err = ups_bencode_length(body, &size);
	if (err == UPS_E_TRUNCATED)
		return in.len == UPS_NG_REQUEST_MAX ? UPS_E_SYNTAX : 0;
	return err ? err : (int)(cookie.len + 1 + size);
}

static bool has_room(const struct ups_ng_stream *stream)
{
	return UPS_NG_OUT_MAX - stream->out_size >= UPS_NG_REPLY_MAX;
}

static void serve_one(struct ups_ng_stream *stream, const struct ups_ng_source *allowed,
		      size_t size)
{
	struct ups_ng_server *server = stream->server;
	struct ups_text reply;

	if (ups_ng_serve(server, &stream->source, allowed, (struct ups_text) { stream->in, size },
			 &reply)) {
		memcpy(stream->out + stream->out_size, reply.at, reply.len);
		stream->out_size += reply.len;
	}
	ups_ng_serve_done(server);
	consume(stream->in, &stream->in_size, size);
}

/* -> 1 when a whole request is left for later, 0, or < 0: to be closed */
static int serve_requests(struct ups_ng_stream *stream)
{
	const struct ups_ng_source *allowed = ups_ng_allowed(stream->server, &stream->source);
	int size = 0;

	if (!allowed)
		return -EPERM;
	for (unsigned int i = 0; i <= TURN_REQUESTS; i++) {
		struct ups_text in = { stream->in, stream->in_size };

		consume(stream->in, &stream->in_size, skip_line_ends(in));
		in.len = stream->in_size;
		size = first_request(in);
		if (size <= 0 || !has_room(stream) || i == TURN_REQUESTS)
			break;
		serve_one(stream, allowed, (size_t)size);
	}
	if (size < 0)
		stream->server->stats.malformed++;
	return size > 0 ? 1 : size;
}

/* ---- bytes ---- */

/* -> 0, or -errno that ends the connection */
static int fill(struct ups_ng_stream *stream)
{
	ssize_t n;

	if (stream->ended || stream->in_size == sizeof(stream->in))
		return 0;
	n = recv(stream->fd, stream->in + stream->in_size, sizeof(stream->in) - stream->in_size,
		 MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		stream->ended = true;
	else
		moved(stream);
	stream->in_size += (size_t)n;
	return 0;
}

static int flush(struct ups_ng_stream *stream)
{
	while (stream->out_size) {
		ssize_t n = send(stream->fd, stream->out, stream->out_size,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		consume(stream->out, &stream->out_size, (size_t)n);
		moved(stream);
	}
	return 0;
}

/* -> 0, or < 0: to be closed */
static int turn(struct ups_ng_stream *stream)
{
	int err = fill(stream), more = 0;
	uint32_t events = 0;

	if (!err) {
		more = serve_requests(stream);
		err = more < 0 ? more : 0;
		if (flush(stream) && !err)
			err = -EPIPE;
	}
	if (err)
		return err;
	if (stream->ended && !more && !stream->out_size)
		return -ENOTCONN;
	if (!stream->ended && has_room(stream) && stream->in_size < sizeof(stream->in))
		events |= EPOLLIN;
	/* Writable again at once, unless the peer does not read: what is left is then served in the next turn. */
	if (stream->out_size || more)
		events |= EPOLLOUT;
	return sd_event_source_set_io_events(stream->io, events);
}

static int on_stream(sd_event_source *event, int fd, uint32_t revents, void *aux)
{
	(void)event;
	(void)fd;
	if (turn(aux) < 0 || (revents & (EPOLLERR | EPOLLHUP)))
		close_stream(aux);
	return 0;
}

/* ---- connections ---- */

/* The connection that was silent longest gives way, if it was silent at all. -> whether there is room for one more */
static bool make_room(struct ups_ng_server *server)
{
	unsigned int limit = server->config.connections;
	struct ups_ng_stream *last = server->streams;

	if (server->stream_count < (limit ? limit : UPS_NG_CONNECTIONS))
		return true;
	while (last && last->next)
		last = last->next;
	if (!last || ups_ng_now_ns() - last->moved_ns < SILENT_NS)
		return false;
	close_stream(last);
	return true;
}

static int add_stream(struct ups_ng_server *server, int fd, const struct ups_addr *source)
{
	struct ups_ng_stream *stream = calloc(1, sizeof(*stream));
	int err;

	if (!stream)
		return -ENOMEM;
	err = sd_event_add_io(server->loop, &stream->io, fd, EPOLLIN, on_stream, stream);
	if (err < 0) {
		free(stream);
		return err;
	}
	stream->server = server;
	stream->fd = fd;
	stream->source = *source;
	stream->moved_ns = ups_ng_now_ns();
	stream->next = server->streams;
	server->streams = stream;
	server->stream_count++;
	return 0;
}

int ups_ng_tcp_accept(sd_event_source *event, int fd, uint32_t revents, void *aux)
{
	struct ups_ng_listener *listener = aux;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	struct ups_addr source;
	int peer = accept4(fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)event;
	(void)revents;
	if (peer < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			ups_log_rl(UPS_LOG_ERROR, "accepting a connection: %m");
		return 0;
	}
	ups_addr_from_sockaddr(&source, &from);
	if (!ups_ng_allowed(listener->server, &source) || !make_room(listener->server) ||
	    add_stream(listener->server, peer, &source))
		close(peer);
	return 0;
}

void ups_ng_tcp_expire(struct ups_ng_server *server, uint64_t now_ns)
{
	struct ups_ng_stream *stream = server->streams;

	while (stream) {
		struct ups_ng_stream *next = stream->next;
		uint64_t patience = stream->out_size ? UPS_NG_STALL_NS : UPS_NG_IDLE_NS;

		if (now_ns > stream->moved_ns + patience)
			close_stream(stream);
		stream = next;
	}
}

void ups_ng_tcp_recheck(struct ups_ng_server *server)
{
	struct ups_ng_stream *stream = server->streams;

	while (stream) {
		struct ups_ng_stream *next = stream->next;

		if (!ups_ng_allowed(server, &stream->source))
			close_stream(stream);
		stream = next;
	}
}

void ups_ng_tcp_close_all(struct ups_ng_server *server)
{
	struct ups_ng_stream *next;

	for (struct ups_ng_stream *stream = server->streams; stream; stream = next) {
		next = stream->next;
		close_stream(stream);
	}
}
