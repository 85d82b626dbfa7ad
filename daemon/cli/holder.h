/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which process holds a netlink port id that does not answer. Needs root to see other users' processes. */
#ifndef UPSEC_CLI_HOLDER_H
#define UPSEC_CLI_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* -> found in this network namespace, and visible to us */
bool ups_holder_find(int protocol, uint32_t port, pid_t *pid, uid_t *uid);

#endif
