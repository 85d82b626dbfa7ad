// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Netlink client: see client.h. */
#include "cli/client.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/datagram.h"
#include "base/secret.h"
#include "cli/holder.h"

#define RCVBUF_BYTES (4 << 20)

/* ---- one datagram ---- */

static int send_request(struct ups_client *client, const struct nlmsghdr *nlh)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = UPS_NL_PORT };
	ssize_t n = sendto(client->fd, nlh, nlh->nlmsg_len, MSG_DONTWAIT, (struct sockaddr *)&to,
			   sizeof(to));

	if (n >= 0)
		return 0;
	if (errno == ECONNREFUSED)
		return ups_fail(&client->msg, -ECONNREFUSED,
				"upsecd is not running in this network namespace");
	if (errno == EAGAIN)
		return ups_fail(&client->msg, -EAGAIN, "upsecd is overloaded: try again");
	return ups_fail(&client->msg, -errno, "sending to upsecd: %s", ups_strerror(-errno));
}

static bool trusted(const struct ups_client *client, const struct ucred *cred)
{
	return cred->uid == 0 || (client->has_daemon_uid && cred->uid == client->daemon_uid);
}

/* One datagram into client->buf. -> its size; 0: not from the well-known port id, ignore it; -errno */
static ssize_t receive(struct ups_client *client)
{
	struct ups_datagram from;
	ssize_t n = ups_datagram_receive(client->fd, client->buf, sizeof(client->buf), &from);

	if (n < 0)
		return n == -EINTR || n == -EAGAIN ? 0 : n;
	if (from.port != UPS_NL_PORT || from.truncated)
		return 0;
	if (!from.has_cred)
		return ups_fail(&client->msg, -EPERM, "the kernel does not tell who answers");
	if (!trusted(client, &from.cred))
		return ups_fail(&client->msg, -EPERM,
				"netlink port id 0x%x is taken by uid %u (process %d), which is "
				"neither root nor the user upsec: nothing was told to it; stop "
				"that process and start upsecd",
				UPS_NL_PORT, from.cred.uid, from.cred.pid);
	return n;
}

static int timed_out(struct ups_client *client)
{
	pid_t pid;
	uid_t uid;

	if (ups_holder_find(NETLINK_USERSOCK, UPS_NL_PORT, &pid, &uid))
		return ups_fail(&client->msg, -ETIMEDOUT,
				"no answer within %u ms: netlink port id 0x%x is taken by uid %u "
				"(process %d)%s",
				client->timeout_ms, UPS_NL_PORT, uid, pid,
				uid ? ", which is not root's" : "");
	return ups_fail(&client->msg, -ETIMEDOUT,
			"no answer within %u ms: upsecd hangs, or another program holds netlink "
			"port id 0x%x (root is told which)",
			client->timeout_ms, UPS_NL_PORT);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Waits for a datagram of the daemon until @deadline_ms. -> its size or -errno */
static ssize_t await(struct ups_client *client, uint64_t deadline_ms)
{
	for (;;) {
		struct pollfd pfd = { .fd = client->fd, .events = POLLIN };
		uint64_t now = now_ms();
		ssize_t n;

		if (now >= deadline_ms)
			return timed_out(client);
		if (poll(&pfd, 1, (int)(deadline_ms - now)) < 0 && errno != EINTR)
			return -errno;
		n = receive(client);
		if (n)
			return n;
	}
}

/* ---- requests ---- */

static int deliver(struct ups_client *client, const struct ups_client_call *call,
		   const struct nlmsghdr *nlh)
{
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const struct ups_nl_hdr *hdr = mnl_nlmsg_get_payload(nlh);
	struct ups_errmsg why = { "" };
	int err;

	if (nlh->nlmsg_type != UPS_NL_TYPE || nlh->nlmsg_len < headers || hdr->cmd != call->cmd ||
	    !call->reply)
		return 0;
	if (hdr->version != UPS_NL_VERSION)
		return ups_fail(&client->msg, -EPROTONOSUPPORT,
				"upsecd answers in version %u of the protocol, this upsec speaks "
				"version %u",
				hdr->version, UPS_NL_VERSION);
	err = ups_nl_decode(call->reply, (const uint8_t *)nlh + headers, nlh->nlmsg_len - headers,
			    false, call->object, &why);
	if (err)
		return ups_fail(&client->msg, err, "answer not understood: %.400s", why.text);
	return call->fn ? call->fn(call->aux, call->object) : 0;
}

/* One message of the answer. -> 0 and *end when it was the last */
static int take_message(struct ups_client *client, const struct ups_client_call *call,
			const struct nlmsghdr *nlh, bool *end)
{
	struct ups_errmsg text;
	int err;

	if (nlh->nlmsg_seq != client->seq)
		return 0; /* left over from an earlier request, or an event */
	if (nlh->nlmsg_type == NLMSG_DONE) {
		client->interrupted = nlh->nlmsg_flags & NLM_F_DUMP_INTR;
		*end = true;
		return 0;
	}
	if (nlh->nlmsg_type != NLMSG_ERROR)
		return deliver(client, call, nlh);
	*end = true;
	err = ups_nl_msg_error(nlh, &text);
	if (err)
		ups_fail(&client->msg, err, "%s", *text.text ? text.text : ups_strerror(err));
	return err;
}

static int take_answer(struct ups_client *client, const struct ups_client_call *call)
{
	bool end = false;

	while (!end) {
		ssize_t size = await(client, now_ms() + client->timeout_ms);
		const uint8_t *at = client->buf;
		size_t left = size > 0 ? (size_t)size : 0;
		const struct nlmsghdr *nlh;
		int err = 0;

		if (size == -ENOBUFS && client->monitor)
			continue; /* events crowded it; answers are asked for again by the user */
		if (size < 0 && !*client->msg.text)
			ups_fail(&client->msg, (int)size, "%s", ups_strerror((int)size));
		if (size < 0)
			return (int)size;
		while (!err && !end && (nlh = ups_nl_msg_next(&at, &left)))
			err = take_message(client, call, nlh, &end);
		if (err)
			return err;
	}
	return 0;
}

static int encode_request(struct ups_client *client, const struct ups_client_call *call)
{
	uint16_t flags = NLM_F_REQUEST | (call->dump ? NLM_F_DUMP : NLM_F_ACK);
	struct nlmsghdr *nlh = ups_nl_msg_init(client->buf, call->cmd, flags, ++client->seq);

	if (call->request && ups_nl_encode(call->request, call->in, nlh, sizeof(client->buf)))
		return ups_fail(&client->msg, -EMSGSIZE, "the request is larger than %d bytes",
				UPS_NL_MSG_MAX);
	return 0;
}

int ups_client_call(struct ups_client *client, const struct ups_client_call *call)
{
	int err;

	client->msg.text[0] = '\0';
	client->interrupted = false;
	err = encode_request(client, call);
	if (!err)
		err = send_request(client, (const struct nlmsghdr *)client->buf);
	ups_wipe(client->buf, sizeof(client->buf));
	return err ? err : take_answer(client, call);
}

static int on_event(void *aux, const void *object)
{
	(void)object;
	*(bool *)aux = true;
	return 0;
}

int ups_client_event(struct ups_client *client, struct ups_nl_event *event)
{
	bool got = false;
	const struct ups_client_call call = {
		.cmd = UPS_NL_CMD_EVENT,
		.reply = &ups_nl_event_object,
		.object = event,
		.fn = on_event,
		.aux = &got,
	};

	client->msg.text[0] = '\0';
	while (!got) {
		struct pollfd pfd = { .fd = client->fd, .events = POLLIN };
		const uint8_t *at = client->buf;
		const struct nlmsghdr *nlh;
		ssize_t size;
		size_t left;

		if (poll(&pfd, 1, -1) < 0)
			return ups_fail(&client->msg, -errno, "%s", ups_strerror(-errno));
		size = receive(client);
		/* Anybody may send to a group, and forge the port id's look but not the stamp: not an event. */
		if (size == -EPERM)
			continue;
		if (size < 0)
			return ups_fail(&client->msg, (int)size, "%s", ups_strerror((int)size));
		left = (size_t)size;
		nlh = ups_nl_msg_next(&at, &left);
		if (nlh && deliver(client, &call, nlh))
			continue;
	}
	return 0;
}

/* ---- opening ---- */

static void find_daemon_user(struct ups_client *client)
{
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (!getpwnam_r("upsec", &pw, buf, sizeof(buf), &found) && found) {
		client->has_daemon_uid = true;
		client->daemon_uid = pw.pw_uid;
	}
}

static int open_socket(struct ups_client *client)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int on = 1, size = RCVBUF_BYTES;

	client->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	if (client->fd < 0 || setsockopt(client->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(client->fd, (struct sockaddr *)&self, sizeof(self)))
		return ups_fail(&client->msg, -errno, "netlink socket: %s", ups_strerror(-errno));
	/* More room only makes dumps and monitoring faster. */
	if (setsockopt(client->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

static int join_group(struct ups_client *client)
{
	int group = UPS_NL_GROUP;

	client->monitor = true;
	if (!setsockopt(client->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return 0;
	if (errno == EPERM)
		return ups_fail(&client->msg, -EPERM,
				"monitoring needs CAP_NET_ADMIN: run the command as root");
	return ups_fail(&client->msg, -errno, "joining the events: %s", ups_strerror(-errno));
}

int ups_client_open(struct ups_client *client, bool monitor, unsigned int timeout_ms)
{
	struct ups_nl_hello hello;
	const struct ups_client_call call = {
		.cmd = UPS_NL_CMD_HELLO,
		.reply = &ups_nl_hello_object,
		.object = &hello,
	};
	int err;

	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->timeout_ms = timeout_ms ? timeout_ms : UPS_CLIENT_TIMEOUT_MS;
	client->seq = (uint32_t)now_ms();
	find_daemon_user(client);
	err = open_socket(client);
	if (!err)
		err = ups_client_call(client, &call);
	if (!err && monitor)
		err = join_group(client);
	return err;
}

void ups_client_close(struct ups_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	ups_wipe(client->buf, sizeof(client->buf));
	client->fd = -1;
}
