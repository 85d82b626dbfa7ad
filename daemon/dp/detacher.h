/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Detaching an XDP program asks for CAP_SYS_ADMIN (libxdp finds programs by id, and rebuilds a dispatcher that others share), which
 * the daemon gives up after start. So a child process, forked before any thread, key or socket exists, keeps that capability
 * and does one thing: detach a program from a device when the daemon asks. It reads nothing but fixed-size requests from
 * its socket pair, and what it can be asked for the daemon could do itself with CAP_NET_ADMIN, only less gently.
 *
 * When the daemon dies without asking, the child ends and everything stays attached: media goes on in the kernel.
 */
#ifndef UPSEC_DP_DETACHER_H
#define UPSEC_DP_DETACHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ups_detacher;

/* Forks. The caller must be single-threaded. -errno with @msg. */
int ups_detacher_create(struct ups_detacher **out, struct ups_errmsg *msg) __must_check;
/* Ends the child and waits for it. NULL is allowed. */
void ups_detacher_destroy(struct ups_detacher *d);
/* @mode: enum xdp_attach_mode. -errno of the child, -ETIMEDOUT, -EPIPE when it is gone. */
int ups_detacher_detach(struct ups_detacher *d, int ifindex, int mode,
			uint32_t program_id) __must_check;

#endif
