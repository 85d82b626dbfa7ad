/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The netlink listener: serves include/uapi/upsec_nl.h on a sd-event loop. Control thread only; nothing here blocks.
 *
 * Who may do what is decided from the credentials that the kernel stamps on each datagram, never from what a message says of
 * itself. Buffers that carried a request are wiped once it is served. Dumps keep a list of ids and a cursor,
 * send a bounded number of datagrams for each turn of the loop, and continue on a timer while the client's
 * buffer is full: netlink gives a sender no event for that. A client that stops reading loses its dump
 * (UPS_NL_STALL_MS); other clients and the data plane do not notice.
 */
#ifndef UPSEC_CTL_NETLINK_H
#define UPSEC_CTL_NETLINK_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/err.h"
#include "core/model.h"
#include "ctl/ctl.h"

struct ups_nl_config {
	bool has_group; /* members of @group may change things, beside uid 0 */
	gid_t group;
	bool read_restricted; /* only those may read, too; else everybody */
};

struct ups_nl_server;

/*
 * Binds the well-known port id and joins the loop. @ops must outlive the server; @config is copied. -EADDRINUSE when the port id is
 * taken (@msg tells what to do), -errno.
 */
int ups_nl_server_create(sd_event *loop, const struct ups_ctl_ops *ops,
			 const struct ups_nl_config *config, struct ups_nl_server **out,
			 struct ups_errmsg *msg) __must_check;
/* NULL is fine. */
void ups_nl_server_destroy(struct ups_nl_server *server);

/* Sends an event to whoever monitors; a slow monitor loses it and learns so from its own socket. */
void ups_nl_server_event(struct ups_nl_server *server, const struct ups_event *event);

#endif
