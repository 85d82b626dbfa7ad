// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Netlink datagrams with their sender's credentials. Used by the daemon's listener and by the command line. */
#include "base/datagram.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

static bool get_cred(struct msghdr *msg, struct ucred *cred)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_CREDENTIALS &&
		    cmsg->cmsg_len == CMSG_LEN(sizeof(*cred))) {
			memcpy(cred, CMSG_DATA(cmsg), sizeof(*cred));
			return true;
		}
	}
	return false;
}

ssize_t ups_datagram_receive(int fd, void *buf, size_t size, struct ups_datagram *out)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) + 64];
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct sockaddr_nl from = { 0 };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	memset(out, 0, sizeof(*out));
	if (n < 0)
		return -errno;
	out->port = from.nl_pid;
	out->groups = from.nl_groups;
	out->truncated = msg.msg_flags & MSG_TRUNC;
	out->has_cred = get_cred(&msg, &out->cred);
	return n;
}
