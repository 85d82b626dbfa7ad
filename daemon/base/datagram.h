/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One netlink datagram together with the kernel's word on who sent it (SCM_CREDENTIALS; the socket has SO_PASSCRED).
 * Both ends of the control protocol decide by that word, never by what a message says of itself. Any thread.
 */
#ifndef UPSEC_BASE_DATAGRAM_H
#define UPSEC_BASE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

struct ups_datagram {
	uint32_t port; /* netlink port id of the sender; 0 = the kernel */
	uint32_t groups; /* multicast groups it was sent to; 0 = to us alone */
	bool truncated; /* it was larger than the buffer */
	bool has_cred; /* @cred is what the kernel says */
	struct ucred cred;
};

/* Does not wait. -> bytes in @buf and @out filled, or -errno (-EAGAIN: nothing there) and @out zeroed. */
ssize_t ups_datagram_receive(int fd, void *buf, size_t size, struct ups_datagram *out) __must_check;

#endif
