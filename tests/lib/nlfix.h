/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bare netlink client for tests: sends what it is told, right or wrong, and keeps every byte that comes back. It trusts nobody and
 * checks nothing, so that tests can. Include after cmocka.h.
 */
#ifndef UPS_TEST_NLFIX_H
#define UPS_TEST_NLFIX_H

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/nl_msg.h"

#define NLFIX_INLINE static inline __attribute__((unused))
#define NLFIX_ANSWER (16 << 20)

struct nlfix {
	int fd;
	uint32_t seq;
	uint8_t *answer; /* all datagrams of the last answer, one after the other */
	size_t size;
	unsigned int objects; /* messages of ours in it */
	int error; /* of NLMSG_ERROR */
	bool interrupted;
	struct ups_errmsg text;
};

/* @rcvbuf 0 = the system's */
NLFIX_INLINE void nlfix_open(struct nlfix *n, int rcvbuf)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };

	memset(n, 0, sizeof(*n));
	n->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	assert_true(n->fd >= 0);
	if (rcvbuf)
		assert_int_equal(setsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)),
				 0);
	assert_int_equal(bind(n->fd, (struct sockaddr *)&self, sizeof(self)), 0);
	n->answer = malloc(NLFIX_ANSWER);
	assert_non_null(n->answer);
	n->seq = 100;
}

NLFIX_INLINE void nlfix_close(struct nlfix *n)
{
	close(n->fd);
	free(n->answer);
}

/* -> errno, 0 = sent */
NLFIX_INLINE int nlfix_send(struct nlfix *n, const void *buf, size_t size, uint32_t groups)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
				  .nl_pid = groups ? 0 : UPS_NL_PORT,
				  .nl_groups = groups };

	return sendto(n->fd, buf, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
}

/* One datagram, appended. -> its size, 0 if none comes in time, -errno */
NLFIX_INLINE ssize_t nlfix_receive(struct nlfix *n, int timeout_ms)
{
	struct pollfd pfd = { .fd = n->fd, .events = POLLIN };
	ssize_t size;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return 0;
	size = recv(n->fd, n->answer + n->size, NLFIX_ANSWER - n->size, MSG_DONTWAIT);
	if (size < 0)
		return -errno;
	n->size += (size_t)size;
	return size;
}

/* -> whether the datagram at @at holds the end of the answer */
NLFIX_INLINE bool nlfix_scan(struct nlfix *n, const uint8_t *at, size_t left)
{
	const struct nlmsghdr *nlh;
	bool end = false;

	while ((nlh = ups_nl_msg_next(&at, &left))) {
		if (nlh->nlmsg_type == NLMSG_DONE) {
			n->interrupted = nlh->nlmsg_flags & NLM_F_DUMP_INTR;
			end = true;
		} else if (nlh->nlmsg_type == NLMSG_ERROR) {
			n->error = ups_nl_msg_error(nlh, &n->text);
			end = true;
		} else {
			n->objects++;
		}
	}
	assert_int_equal(left, 0);
	return end;
}

/* Reads until the end of the answer. -> its error; -ETIMEDOUT if it does not end */
NLFIX_INLINE int nlfix_answer(struct nlfix *n, int timeout_ms)
{
	bool end = false;

	n->size = n->objects = 0;
	n->error = 0;
	n->interrupted = false;
	n->text.text[0] = '\0';
	while (!end) {
		ssize_t size = nlfix_receive(n, timeout_ms);

		if (size <= 0)
			return size ? (int)size : -ETIMEDOUT;
		end = nlfix_scan(n, n->answer + n->size - size, (size_t)size);
	}
	return n->error;
}

/* A request of the table's making. -> the answer's error */
NLFIX_INLINE int nlfix_call(struct nlfix *n, uint8_t cmd, bool dump,
			    const struct ups_nl_object *object, const void *in)
{
	static uint8_t buf[UPS_NL_MSG_MAX] __attribute__((aligned(8)));
	uint16_t flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	struct nlmsghdr *nlh = ups_nl_msg_init(buf, cmd, flags, ++n->seq);
	int err;

	if (object)
		assert_int_equal(ups_nl_encode(object, in, nlh, sizeof(buf)), 0);
	err = nlfix_send(n, buf, nlh->nlmsg_len, 0);
	return err ? -err : nlfix_answer(n, 3000);
}

NLFIX_INLINE int nlfix_select(struct nlfix *n, uint8_t cmd, bool dump, const char *id)
{
	struct ups_nl_select select = { "" };

	strcpy(select.id, id);
	return nlfix_call(n, cmd, dump,
			  cmd == UPS_NL_CMD_FLOW_GET ? &ups_nl_flow_select_object
						     : &ups_nl_select_object,
			  &select);
}

/* The @index-th object of the last answer, decoded. */
NLFIX_INLINE void nlfix_object(const struct nlfix *n, unsigned int index,
			       const struct ups_nl_object *object, void *out)
{
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const uint8_t *at = n->answer;
	const struct nlmsghdr *nlh;
	struct ups_errmsg msg = { "" };
	size_t left = n->size;

	while ((nlh = ups_nl_msg_next(&at, &left))) {
		if (nlh->nlmsg_type == UPS_NL_TYPE && !index--)
			break;
	}
	assert_non_null(nlh);
	if (ups_nl_decode(object, (const uint8_t *)nlh + headers, nlh->nlmsg_len - headers, true,
			  out, &msg))
		fail_msg("%s", msg.text);
}

#endif
