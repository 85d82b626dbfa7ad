// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The netlink listener: socket, credentials, requests. Objects go out through netlink_dump.c. */
#include "ctl/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UPS_LOG_MODULE "netlink"
#include "base/datagram.h"
#include "base/log.h"
#include "ctl/netlink_server.h"

#define TURN_DATAGRAMS \
	32 /* received for each turn of the loop: a flood of requests does not starve the rest */
#define RCVBUF_BYTES (1 << 20)

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

uint64_t ups_nl_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t ups_nl_now_unix(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000000ULL;
}

/* ---- sending ---- */

static int send_to(struct ups_nl_server *server, uint32_t port, uint32_t groups, const void *buf,
		   size_t size)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups };

	while (sendto(server->fd, buf, size, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) <
	       0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int ups_nl_send(struct ups_nl_server *server, uint32_t port, const void *buf, size_t size)
{
	return send_to(server, port, 0, buf, size);
}

void ups_nl_send_error(struct ups_nl_server *server, uint32_t port, const struct nlmsghdr *request,
		       int err, const char *text)
{
	_Alignas(8) uint8_t buf[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	nlh->nlmsg_seq = request->nlmsg_seq;
	nlh->nlmsg_pid = port;
	error->error = err;
	error->msg = *request;
	if (text && *text && mnl_attr_put_strz_check(nlh, sizeof(buf), NLMSGERR_ATTR_MSG, text))
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (ups_nl_send(server, port, nlh, nlh->nlmsg_len))
		ups_debug("answer to port %u lost: %m", port);
}

int ups_nl_send_object(struct ups_nl_server *server, const struct ups_nl_request *rq, uint8_t cmd,
		       const struct ups_nl_object *object, const void *from)
{
	struct nlmsghdr *nlh = ups_nl_msg_init(server->tx, cmd, NLM_F_MULTI, rq->nlh->nlmsg_seq);
	int err = ups_nl_encode(object, from, nlh, sizeof(server->tx));

	nlh->nlmsg_pid = rq->port;
	return err ? err : ups_nl_send(server, rq->port, nlh, nlh->nlmsg_len);
}

void ups_nl_server_event(struct ups_nl_server *server, const struct ups_event *event)
{
	struct nlmsghdr *nlh = ups_nl_msg_init(server->tx, UPS_NL_CMD_EVENT, 0, 0);
	uint64_t now_ms = clock_ns(CLOCK_REALTIME) / 1000000;
	int err;

	ups_nl_report_event(event, now_ms, &server->report.event);
	err = ups_nl_encode(&ups_nl_event_object, &server->report.event, nlh, sizeof(server->tx));
	if (!err)
		err = send_to(server, 0, 1u << (UPS_NL_GROUP - 1), nlh, nlh->nlmsg_len);
	/*
	 * After the group the kernel tries the unicast address 0, where nobody listens on this protocol: ECONNREFUSED is the
	 * normal result.
	 */
	if (err && err != -ECONNREFUSED)
		ups_log_rl(UPS_LOG_WARNING, "event not sent: %s", ups_strerror(err));
}

/* ---- commands ---- */

static int do_hello(struct ups_nl_server *server, const struct ups_nl_request *rq,
		    struct ups_errmsg *msg)
{
	struct ups_nl_hello *hello = &server->report.hello;

	(void)msg;
	*hello = (struct ups_nl_hello) { .version = UPS_VERSION, .pid = (uint32_t)getpid() };
	return ups_nl_send_object(server, rq, UPS_NL_CMD_HELLO, &ups_nl_hello_object, hello);
}

static int do_status(struct ups_nl_server *server, const struct ups_nl_request *rq,
		     struct ups_errmsg *msg)
{
	struct ups_nl_status *status = &server->report.status;

	(void)msg;
	ups_nl_report_status(server->ops, status);
	status->uptime = (ups_nl_now_ns() - server->start_ns) / 1000000000ULL;
	return ups_nl_send_object(server, rq, UPS_NL_CMD_STATUS, &ups_nl_status_object, status);
}

static int do_stats(struct ups_nl_server *server, const struct ups_nl_request *rq,
		    struct ups_errmsg *msg)
{
	(void)msg;
	ups_nl_report_stats(server->ops, &server->report.stats);
	return ups_nl_send_object(server, rq, UPS_NL_CMD_STATS_GET, &ups_nl_stats_object,
				  &server->report.stats);
}

static int do_session_add(struct ups_nl_server *server, const struct ups_nl_request *rq,
			  struct ups_errmsg *msg)
{
	const struct ups_nl_session_request *add = &server->request.add;
	struct ups_nl_core_request *core = &server->core_request;
	int err = ups_nl_to_core(add, core, msg);

	if (!err) {
		core->session.now_ns = ups_nl_now_ns();
		core->session.now_unix = ups_nl_now_unix();
		err = server->ops->session_add(server->ops->aux, &core->session, msg);
	}
	ups_wipe(core, sizeof(*core));
	if (err)
		return err;
	ups_debug("session %s added by uid %u, process %d", add->id, rq->cred.uid, rq->cred.pid);
	/* It exists: an answer that does not reach the client is no failure of the request. */
	err = ups_nl_dump_one(server, rq, UPS_NL_CMD_SESSION_ADD, add->id, NULL);
	if (err)
		ups_log_rl(UPS_LOG_WARNING, "session %s added, but port %u did not take the answer",
			   add->id, rq->port);
	return 0;
}

static int do_session_del(struct ups_nl_server *server, const struct ups_nl_request *rq,
			  struct ups_errmsg *msg)
{
	const char *id = server->request.select.id;
	int err;

	if (!*id)
		return ups_fail(msg, -EINVAL, "a session id is needed");
	err = server->ops->session_del(server->ops->aux, id, msg);
	if (!err)
		ups_debug("session %s deleted by uid %u, process %d", id, rq->cred.uid,
			  rq->cred.pid);
	return err;
}

static int do_session_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
			  struct ups_errmsg *msg)
{
	const char *id = server->request.select.id;

	if (rq->nlh->nlmsg_flags & NLM_F_DUMP)
		return ups_nl_dump_start(server, rq, UPS_NL_CMD_SESSION_GET, id, msg);
	if (!*id)
		return ups_fail(msg, -EINVAL, "a session id is needed, or NLM_F_DUMP");
	return ups_nl_dump_one(server, rq, UPS_NL_CMD_SESSION_GET, id, msg);
}

static int do_flow_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
		       struct ups_errmsg *msg)
{
	if (!(rq->nlh->nlmsg_flags & NLM_F_DUMP))
		return ups_fail(msg, -EINVAL, "flows are read with NLM_F_DUMP");
	return ups_nl_dump_start(server, rq, UPS_NL_CMD_FLOW_GET, server->request.select.id, msg);
}

static const struct command {
	enum ups_nl_access needs;
	bool dumps; /* with NLM_F_DUMP: NLMSG_DONE ends the answer */
	const struct ups_nl_object *object;
	int (*serve)(struct ups_nl_server *server, const struct ups_nl_request *rq,
		     struct ups_errmsg *msg);
} commands[] = {
	[UPS_NL_CMD_HELLO] = { UPS_NL_ACCESS_NONE, false, &ups_nl_empty_object, do_hello },
	[UPS_NL_CMD_STATUS] = { UPS_NL_ACCESS_READ, false, &ups_nl_empty_object, do_status },
	[UPS_NL_CMD_SESSION_ADD] = { UPS_NL_ACCESS_CHANGE, false, &ups_nl_session_request_object,
				     do_session_add },
	[UPS_NL_CMD_SESSION_DEL] = { UPS_NL_ACCESS_CHANGE, false, &ups_nl_select_object,
				     do_session_del },
	[UPS_NL_CMD_SESSION_GET] = { UPS_NL_ACCESS_READ, true, &ups_nl_select_object,
				     do_session_get },
	[UPS_NL_CMD_FLOW_GET] = { UPS_NL_ACCESS_READ, true, &ups_nl_flow_select_object,
				  do_flow_get },
	[UPS_NL_CMD_STATS_GET] = { UPS_NL_ACCESS_READ, false, &ups_nl_empty_object, do_stats },
	[UPS_NL_CMD_REGISTRATION_ADD] = { UPS_NL_ACCESS_CHANGE, false,
					  &ups_nl_registration_add_object,
					  ups_nl_do_registration_add },
	[UPS_NL_CMD_REGISTRATION_DEL] = { UPS_NL_ACCESS_CHANGE, false,
					  &ups_nl_registration_del_object,
					  ups_nl_do_registration_del },
	[UPS_NL_CMD_REGISTRATION_GET] = { UPS_NL_ACCESS_READ, true, &ups_nl_empty_object,
					  ups_nl_do_registration_get },
	[UPS_NL_CMD_POLICY_GET] = { UPS_NL_ACCESS_READ, true, &ups_nl_empty_object,
				    ups_nl_do_policy_get },
	[UPS_NL_CMD_POLICY_CHECK] = { UPS_NL_ACCESS_READ, false, &ups_nl_check_object,
				      ups_nl_do_policy_check },
};

/* ---- requests ---- */

/* -> the command's row, or NULL and *err with @msg */
static const struct command *find_command(const struct nlmsghdr *nlh, struct ups_errmsg *msg,
					  int *err)
{
	const struct ups_nl_hdr *hdr = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != UPS_NL_TYPE || nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*hdr)) {
		*err = ups_fail(msg, -EBADMSG, "not a message of upsec's netlink protocol");
		return NULL;
	}
	if (hdr->version != UPS_NL_VERSION) {
		*err = ups_fail(msg, -EPROTONOSUPPORT,
				"upsecd %s speaks version %u of the protocol, the request is "
				"version %u: use the upsec of the same release",
				UPS_VERSION, UPS_NL_VERSION, hdr->version);
		return NULL;
	}
	if (hdr->cmd >= sizeof(commands) / sizeof(commands[0]) || !commands[hdr->cmd].serve) {
		*err = ups_fail(msg, -EOPNOTSUPP, "upsecd %s has no command %u", UPS_VERSION,
				hdr->cmd);
		return NULL;
	}
	return &commands[hdr->cmd];
}

static int serve(struct ups_nl_server *server, const struct ups_nl_request *rq,
		 struct ups_errmsg *msg)
{
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const struct command *command;
	int err = 0;

	command = find_command(rq->nlh, msg, &err);
	if (!command)
		return err;
	if (rq->access < command->needs)
		return ups_nl_access_refuse(&server->config, &rq->cred, command->needs, msg);
	err = ups_nl_decode(command->object, (const uint8_t *)rq->nlh + headers,
			    rq->nlh->nlmsg_len - headers, true, &server->request, msg);
	if (!err)
		err = command->serve(server, rq, msg);
	ups_wipe(&server->request, sizeof(server->request));
	if (!err && command->dumps && (rq->nlh->nlmsg_flags & NLM_F_DUMP))
		return 1; /* NLMSG_DONE will end it */
	return err;
}

static void serve_message(struct ups_nl_server *server, struct ups_nl_request *rq)
{
	struct ups_errmsg msg = { "" };
	int err;

	/* Acknowledgements, errors and the like are nothing to answer: no two daemons talk in circles. */
	if (!(rq->nlh->nlmsg_flags & NLM_F_REQUEST))
		return;
	err = serve(server, rq, &msg);
	if (err == -EPERM)
		ups_log_rl(UPS_LOG_WARNING, "refused: %s (process %d)", msg.text, rq->cred.pid);
	if (err < 0)
		ups_nl_send_error(server, rq->port, rq->nlh, err,
				  msg.text[0] ? msg.text : ups_strerror(err));
	else if (err == 0 && (rq->nlh->nlmsg_flags & NLM_F_ACK))
		ups_nl_send_error(server, rq->port, rq->nlh, 0, NULL);
}

static void serve_datagram(struct ups_nl_server *server, struct ups_nl_request *rq, size_t size,
			   bool truncated)
{
	const uint8_t *at = server->rx;

	if (truncated) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)server->rx;

		if (nlh->nlmsg_flags & NLM_F_REQUEST)
			ups_nl_send_error(server, rq->port, nlh, -EMSGSIZE,
					  "a request has at most 65536 bytes");
		return;
	}
	rq->access = ups_nl_access(&server->config, &server->access, &rq->cred, ups_nl_now_ns());
	while ((rq->nlh = ups_nl_msg_next(&at, &size)))
		serve_message(server, rq);
	if (size)
		ups_log_rl(UPS_LOG_NOTICE, "port %u sent %zu bytes that are no message", rq->port,
			   size);
}

/* -> -errno of recvmsg, or 0 */
static int receive(struct ups_nl_server *server)
{
	struct ups_nl_request rq = { 0 };
	struct ups_datagram from;
	ssize_t size = ups_datagram_receive(server->fd, server->rx, sizeof(server->rx), &from);

	if (size < 0)
		return (int)size;
	/* Port 0 is the kernel, which has nothing to say here; and requests are not sent to groups. */
	if (from.port != 0 && from.groups == 0 && from.has_cred &&
	    (size_t)size >= sizeof(struct nlmsghdr)) {
		rq.port = from.port;
		rq.cred = from.cred;
		serve_datagram(server, &rq, (size_t)size, from.truncated);
	}
	ups_wipe(server->rx, (size_t)size);
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *aux)
{
	(void)source;
	(void)fd;
	(void)revents;
	for (unsigned int i = 0; i < TURN_DATAGRAMS; i++) {
		int err = receive(aux);

		if (err == -EAGAIN)
			break;
		/* ENOBUFS: requests were lost; their senders will time out and see it. */
		if (err && err != -EINTR && err != -ENOBUFS) {
			ups_log_rl(UPS_LOG_ERROR, "receiving requests: %s", ups_strerror(err));
			break;
		}
	}
	return 0;
}

/* ---- life ---- */

static int open_socket(struct ups_nl_server *server, struct ups_errmsg *msg)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_pid = UPS_NL_PORT };
	int on = 1, size = RCVBUF_BYTES;

	server->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_USERSOCK);
	if (server->fd < 0)
		return ups_fail(msg, -errno, "netlink socket: %s", ups_strerror(-errno));
	/* First, so that no datagram arrives without credentials. */
	if (setsockopt(server->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return ups_fail(msg, -errno, "netlink credentials: %s", ups_strerror(-errno));
	if (setsockopt(server->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) &&
	    setsockopt(server->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		ups_debug("netlink buffer stays small: %m");
	if (!bind(server->fd, (struct sockaddr *)&self, sizeof(self)))
		return 0;
	if (errno == EADDRINUSE)
		return ups_fail(msg, -EADDRINUSE,
				"netlink port id 0x%x is taken in this network namespace: another "
				"upsecd runs, or some other program holds it (`upsec status` as "
				"root names it)",
				UPS_NL_PORT);
	return ups_fail(msg, -errno, "binding the netlink port id: %s", ups_strerror(-errno));
}

static int join_loop(struct ups_nl_server *server, sd_event *loop)
{
	int err = sd_event_add_io(loop, &server->io, server->fd, EPOLLIN, on_readable, server);

	if (err >= 0)
		err = sd_event_add_time_relative(loop, &server->timer, CLOCK_MONOTONIC, 0, 1,
						 ups_nl_dump_timer, server);
	if (err >= 0)
		err = sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

int ups_nl_server_create(sd_event *loop, const struct ups_ctl_ops *ops,
			 const struct ups_nl_config *config, struct ups_nl_server **out,
			 struct ups_errmsg *msg)
{
	struct ups_nl_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return ups_fail(msg, -ENOMEM, "no memory for the netlink listener");
	server->fd = -1;
	server->ops = ops;
	server->config = *config;
	server->start_ns = ups_nl_now_ns();
	err = open_socket(server, msg);
	if (err)
		goto fail;
	err = join_loop(server, loop);
	if (err) {
		ups_fail(msg, err, "netlink listener: %s", ups_strerror(err));
		goto fail;
	}
	*out = server;
	return 0;
fail:
	ups_nl_server_destroy(server);
	return err;
}

void ups_nl_server_destroy(struct ups_nl_server *server)
{
	if (!server)
		return;
	sd_event_source_disable_unref(server->io);
	sd_event_source_disable_unref(server->timer);
	for (unsigned int i = 0; i < UPS_NL_DUMPS_MAX; i++)
		ups_nl_dump_fini(&server->dump[i]);
	if (server->fd >= 0)
		close(server->fd);
	ups_wipe(server, sizeof(*server));
	free(server);
}
