/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the ng listener: ng.c (sockets, sources, life), ng_tcp.c (streams), ng_serve.c (one request to its reply), ng_query.c
 * (statistics of a call), ng_cookie.c. Control thread only.
 */
#ifndef UPSEC_CTL_NG_SERVER_H
#define UPSEC_CTL_NG_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "ctl/ng.h"
#include "ctl/ng_cookie.h"

#define UPS_NG_REQUEST_MAX 65536 /* bytes, cookie included */
#define UPS_NG_REPLY_MAX 65507 /* of a datagram: what UDP over IPv4 carries */
#define UPS_NG_CONNECTIONS 64
#define UPS_NG_IDLE_NS (300ULL * 1000000000ULL) /* a connection that says nothing is closed */
#define UPS_NG_STALL_NS (30ULL * 1000000000ULL) /* and so is one that does not read its replies */
#define UPS_NG_COMMANDS (UPS_NG_STATISTICS + 1)

#define UPS_NG_OUT_MAX (2 * UPS_NG_REPLY_MAX)

/* A TCP connection */
struct ups_ng_stream {
	struct ups_ng_server *server;
	struct ups_ng_stream *next;
	sd_event_source *io;
	struct ups_addr source;
	uint64_t moved_ns; /* when bytes last went in or out */
	int fd;
	bool ended; /* the peer sends no more */
	size_t in_size, out_size;
	char in[UPS_NG_REQUEST_MAX], out[UPS_NG_OUT_MAX];
};

struct ups_ng_listener {
	struct ups_ng_server *server;
	int udp, tcp;
	sd_event_source *udp_io, *tcp_io;
};

struct ups_ng_server {
	sd_event *loop;
	const struct ups_ctl_ops *ops;
	struct ups_ng_config config;
	struct ups_ng_listener listener[UPS_NG_LISTEN_MAX];
	struct ups_ng_stream *streams; /* the one that spoke last is first */
	unsigned int stream_count;
	sd_event_source *idle_timer;
	struct ups_ng_cookies cookies;
	struct ups_ng_stats stats;
	uint64_t calls_made, calls_rejected;
	uint64_t start_ns;
	struct ups_arena arena; /* of the request that is being served */
	char *reply, *sdp; /* UPS_NG_REPLY_MAX, UPS_SDP_SIZE_MAX */
	size_t reply_size, sdp_size; /* bytes in them, to be wiped */
	void *batch; /* of received datagrams */
};

uint64_t ups_ng_now_ns(void);
uint64_t ups_ng_now_unix_us(void);

/* ---- ng_serve.c ---- */

/*
 * Serves one "COOKIE SP DICT" from @source; reply bytes in *reply, valid until ups_ng_serve_done(), which wipes them. -> false:
 * nothing to answer (no cookie).
 */
bool ups_ng_serve(struct ups_ng_server *server, const struct ups_addr *source,
		  const struct ups_ng_source *allowed, struct ups_text request,
		  struct ups_text *reply);
void ups_ng_serve_done(struct ups_ng_server *server);

/* ---- ng_query.c ---- */

/* How the legs of one stream are protected, as two dictionaries in the list @to. */
void ups_ng_put_protection(struct ups_value_builder *b, struct ups_value *to, uint16_t stream,
			   const char *media, const struct ups_decision decision[UPS_LEGS]);
/* Puts what is known of the call into @reply. UPS_E_NO_SESSION */
int ups_ng_query(struct ups_ng_server *server, struct ups_text call_id, struct ups_value_builder *b,
		 struct ups_value *reply) __must_check;

/* ---- ng.c ---- */

/* NULL and counted if @source may not speak. */
const struct ups_ng_source *ups_ng_allowed(struct ups_ng_server *server,
					   const struct ups_addr *source);

/* ---- ng_tcp.c ---- */

int ups_ng_tcp_accept(sd_event_source *event, int fd, uint32_t revents, void *aux);
/* Closes what has been silent too long. */
void ups_ng_tcp_expire(struct ups_ng_server *server, uint64_t now_ns);
/* Closes what may not speak any more, or everything. */
void ups_ng_tcp_recheck(struct ups_ng_server *server);
void ups_ng_tcp_close_all(struct ups_ng_server *server);

#endif
