/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may use the netlink listener. uid 0 may do everything, and so may the configured group: by the gid the kernel stamped,
 * or by membership in the user database. A lookup there may be slow (it is NSS), so its answer is remembered for
 * a few seconds for each uid. Control thread only.
 */
#ifndef UPSEC_CTL_NETLINK_ACCESS_H
#define UPSEC_CTL_NETLINK_ACCESS_H

#include <stdint.h>
#include <sys/socket.h>

#include "ctl/netlink.h"

enum ups_nl_access { UPS_NL_ACCESS_NONE, UPS_NL_ACCESS_READ, UPS_NL_ACCESS_CHANGE };

#define UPS_NL_ACCESS_CACHE 16
#define UPS_NL_ACCESS_CACHE_NS 10000000000ULL

struct ups_nl_access_cache {
	struct {
		uid_t uid;
		bool member;
		uint64_t until_ns; /* 0 = empty */
	} entry[UPS_NL_ACCESS_CACHE];
	unsigned int next; /* entry to be re-used */
};

enum ups_nl_access ups_nl_access(const struct ups_nl_config *config,
				 struct ups_nl_access_cache *cache, const struct ucred *cred,
				 uint64_t now_ns);

/* "uid N is not allowed ...: what to do" -> -EPERM */
int ups_nl_access_refuse(const struct ups_nl_config *config, const struct ucred *cred,
			 enum ups_nl_access needed, struct ups_errmsg *msg);

#endif
