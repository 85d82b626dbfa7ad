/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the netlink listener: shared by netlink.c (requests), netlink_policy.c (those about policy and registrations) and
 * netlink_dump.c (objects out). Control thread only.
 */
#ifndef UPSEC_CTL_NETLINK_SERVER_H
#define UPSEC_CTL_NETLINK_SERVER_H

#include "ctl/netlink.h"
#include "ctl/netlink_access.h"
#include "ctl/netlink_report.h"

#define UPS_NL_DATAGRAM \
	16384 /* objects are packed into datagrams of this size: below vmalloc in the kernel */
#define UPS_NL_DUMPS_MAX 8 /* at once */
#define UPS_NL_DUMPS_UNPRIVILEGED 4 /* of which by readers that may not change things */

/* Where a dump stands. */
struct ups_nl_cursor {
	size_t at; /* in the list of ids; rules: number of the next */
	uint32_t line; /* streams with a lower m-line number are done */
	unsigned int leg;
	struct ups_registration_cursor registration;
};

struct ups_nl_dump {
	bool active;
	uint8_t cmd; /* UPS_NL_CMD_SESSION_GET, _SESSION_ADD, _FLOW_GET, _REGISTRATION_GET or _POLICY_GET */
	bool single; /* one session's objects, ended by an acknowledgement instead of NLMSG_DONE */
	bool privileged;
	uint32_t port, seq;
	char *ids; /* session ids that existed at the start, each with its NUL; owned */
	size_t ids_size;
	struct ups_nl_cursor cursor;
	bool interrupted; /* a session vanished since */
	uint64_t progress_ns; /* when a datagram was last accepted */
};

struct ups_nl_server {
	int fd;
	const struct ups_ctl_ops *ops;
	struct ups_nl_config config;
	struct ups_nl_access_cache access;
	sd_event_source *io, *timer;
	uint64_t start_ns;
	struct ups_nl_dump dump[UPS_NL_DUMPS_MAX];
	_Alignas(8) uint8_t rx[UPS_NL_MSG_MAX];
	_Alignas(8) uint8_t tx[UPS_NL_DATAGRAM];
	union {
		struct ups_nl_session_request add;
		struct ups_nl_select select;
		struct ups_nl_registration registration;
		struct ups_nl_check check;
	} request; /* decoded; wiped after each */
	struct ups_nl_core_request core_request; /* wiped after each */
	union {
		struct ups_nl_session session;
		struct ups_nl_flow flow;
		struct ups_nl_status status;
		struct ups_nl_stats stats;
		struct ups_nl_hello hello;
		struct ups_nl_event event;
		struct ups_nl_registration registration;
		struct ups_nl_rule rule;
		struct ups_nl_verdict verdict;
	} report;
	char sdp[UPS_SDP_SIZE_MAX]; /* a check's result, with keys: wiped after each */
	char redacted[UPS_SDP_SIZE_MAX]; /* the same without */
};

/* A request being served. */
struct ups_nl_request {
	const struct nlmsghdr *nlh;
	uint32_t port; /* of the client, from the kernel */
	struct ucred cred; /* from the kernel */
	enum ups_nl_access access;
};

uint64_t ups_nl_now_ns(void); /* CLOCK_MONOTONIC */
uint64_t ups_nl_now_unix(void); /* seconds */
/* -EAGAIN: the receiver's buffer is full; -ECONNREFUSED: it is gone. Never blocks. */
int ups_nl_send(struct ups_nl_server *server, uint32_t port, const void *buf, size_t size);
/* NLMSG_ERROR: @err 0 acknowledges; @text may be NULL. */
void ups_nl_send_error(struct ups_nl_server *server, uint32_t port, const struct nlmsghdr *request,
		       int err, const char *text);

/* An object of an answer. -EMSGSIZE, or as ups_nl_send() */
int ups_nl_send_object(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		       const struct ups_nl_object *object, const void *from);

/* netlink_policy.c: what netlink.c calls to serve a request */
int ups_nl_do_registration_add(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg);
int ups_nl_do_registration_del(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg);
int ups_nl_do_registration_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg);
int ups_nl_do_policy_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
			 struct ups_errmsg *msg);
int ups_nl_do_policy_check(struct ups_nl_server *server, const struct ups_nl_request *rq,
			   struct ups_errmsg *msg);

/* Answers @rq with the objects of the session @id, and leaves the acknowledgement to the caller. UPS_E_NO_SESSION, -EAGAIN. */
int ups_nl_dump_one(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		    const char *id, struct ups_errmsg *msg);
/* Starts a dump of all that @cmd lists; of sessions and flows also of one. -EBUSY, -ENOMEM, UPS_E_NO_SESSION. */
int ups_nl_dump_start(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		      const char *id, struct ups_errmsg *msg);
/* Gives every dump its turn; the loop's timer calls it. */
int ups_nl_dump_timer(sd_event_source *source, uint64_t usec, void *server);
void ups_nl_dump_fini(struct ups_nl_dump *dump);

#endif
