/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What upsecd may do and what can be read from it.
 *
 *	harden   first thing: no core dumps, no ptrace by its own user, no new privileges, memory locked, limits raised
 *	become   before threads exist: becomes the user of the configuration, with the capabilities of the start
 *	drop     last thing before READY: keeps the capabilities below
 *
 * Kept: CAP_NET_ADMIN (large socket buffers, devices) and CAP_BPF (maps where the kernel refuses unprivileged bpf()).
 * Capabilities belong to threads: drop acts on the control thread, worker threads give up theirs as they start
 * (base/privilege.h). The user must have changed by then: libc changes all threads or aborts, and a worker without
 * capabilities cannot follow. Control thread only.
 */
#ifndef UPSEC_APP_PRIVILEGES_H
#define UPSEC_APP_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "app/config.h"
#include "base/err.h"

#define UPS_DEFAULT_USER "upsec"

struct ups_identity {
	bool change; /* else stay who we are */
	uid_t uid;
	gid_t gid;
	char name[UPS_USER_MAX];
};

/* Refuses only what would leak keys: -errno with @msg when core dumps cannot be disabled. */
int ups_privileges_harden(struct ups_errmsg *msg) __must_check;
/* @user: "" = UPS_DEFAULT_USER if it exists. -ENOENT when a named user does not exist. */
int ups_privileges_resolve(const char *user, struct ups_identity *out,
			   struct ups_errmsg *msg) __must_check;
/* Before any thread exists. -errno with @msg. */
int ups_privileges_become(const struct ups_identity *identity, struct ups_errmsg *msg) __must_check;
/* -errno with @msg. Afterwards the former privileges cannot be had back. */
int ups_privileges_drop(struct ups_errmsg *msg) __must_check;
/* Numeric id of a group. -ENOENT with @msg. */
int ups_privileges_group(const char *group, gid_t *gid, struct ups_errmsg *msg) __must_check;

#endif
