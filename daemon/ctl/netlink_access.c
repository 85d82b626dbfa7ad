// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Permissions of netlink clients: see netlink_access.h. */
#include "ctl/netlink_access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#define GROUPS_MAX 1024

/* Is the user in the group by the user database? An unknown user is in none. */
static bool lookup_member(uid_t uid, gid_t gid, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;
	char buf[4096];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) || !found)
		return false;
	if (getgrouplist(pw.pw_name, gid, groups, &count) < 0)
		return false; /* more groups than anybody has */
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool is_member(struct ups_nl_access_cache *cache, const struct ucred *cred, gid_t group,
		      uint64_t now_ns)
{
	unsigned int i;

	for (i = 0; i < UPS_NL_ACCESS_CACHE; i++) {
		if (cache->entry[i].until_ns > now_ns && cache->entry[i].uid == cred->uid)
			return cache->entry[i].member;
	}
	i = cache->next++ % UPS_NL_ACCESS_CACHE;
	cache->entry[i].uid = cred->uid;
	cache->entry[i].member = lookup_member(cred->uid, cred->gid, group);
	cache->entry[i].until_ns = now_ns + UPS_NL_ACCESS_CACHE_NS;
	return cache->entry[i].member;
}

enum ups_nl_access ups_nl_access(const struct ups_nl_config *config,
				 struct ups_nl_access_cache *cache, const struct ucred *cred,
				 uint64_t now_ns)
{
	if (cred->uid == 0)
		return UPS_NL_ACCESS_CHANGE;
	if (config->has_group &&
	    (cred->gid == config->group || is_member(cache, cred, config->group, now_ns)))
		return UPS_NL_ACCESS_CHANGE;
	return config->read_restricted ? UPS_NL_ACCESS_NONE : UPS_NL_ACCESS_READ;
}

int ups_nl_access_refuse(const struct ups_nl_config *config, const struct ucred *cred,
			 enum ups_nl_access needed, struct ups_errmsg *msg)
{
	const char *what = needed == UPS_NL_ACCESS_CHANGE ? "change sessions" : "read from upsecd";

	if (!config->has_group)
		return ups_fail(msg, -EPERM,
				"uid %u may not %s: run the command as root (no control group is "
				"configured)",
				cred->uid, what);
	return ups_fail(msg, -EPERM,
			"uid %u may not %s: run the command as root or as a member of group %u",
			cred->uid, what, config->group);
}
