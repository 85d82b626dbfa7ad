// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Privileges and process limits. Control thread only. */
#define UPS_LOG_MODULE "app"
#include "app/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define FILES_WANTED (1u << 20) /* two sockets for each leg of each stream */

static const cap_value_t kept[] = { CAP_NET_ADMIN, CAP_BPF };

#define KEPT_COUNT (int)(sizeof(kept) / sizeof(kept[0]))

/* As far as the hard limit allows; root moves that one too. -> whether @want was reached */
static bool raise_limit(int resource, rlim_t want)
{
	struct rlimit now, new = { want, want };

	if (!setrlimit(resource, &new))
		return true;
	if (getrlimit(resource, &now))
		return false;
	new = (struct rlimit) { now.rlim_max, now.rlim_max };
	return !setrlimit(resource, &new) && now.rlim_max >= want;
}

static int forbid_dumps(struct ups_errmsg *msg)
{
	const struct rlimit none = {};

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return ups_fail(msg, -errno, "cannot disable core dumps, which hold keys: %s",
				strerror(errno));
	return 0;
}

/*
 * All memory, as it is touched: keys are in many places, and address space that is only reserved costs nothing. Only
 * without a limit: with one, an allocation would fail in the middle of a call once the limit is reached.
 */
static void lock_memory(void)
{
	if (!raise_limit(RLIMIT_MEMLOCK, RLIM_INFINITY) ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		ups_notice("memory is not locked (%s): keys may reach the swap space",
			   strerror(errno));
}

int ups_privileges_harden(struct ups_errmsg *msg)
{
	int err = forbid_dumps(msg);

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ups_fail(msg, -errno, "no_new_privs: %s", strerror(errno));
	umask(077);
	lock_memory();
	if (!raise_limit(RLIMIT_NOFILE, FILES_WANTED))
		ups_info("fewer than %u files can be open: that limits the number of streams",
			 FILES_WANTED);
	return 0;
}

int ups_privileges_resolve(const char *user, struct ups_identity *out, struct ups_errmsg *msg)
{
	const char *name = user[0] ? user : UPS_DEFAULT_USER;
	const struct passwd *pw;

	*out = (struct ups_identity) {};
	if (geteuid() != 0) {
		ups_notice("not started as root: running as uid %u", geteuid());
		return 0;
	}
	pw = getpwnam(name);
	if (!pw && user[0])
		return ups_fail(msg, -ENOENT, "user: no user '%s' on this machine", user);
	if (!pw)
		return 0;
	out->change = pw->pw_uid != 0;
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

/* Limits what could ever be had again, where we may. */
static void drop_bounding_set(void)
{
	for (cap_value_t cap = 0; cap <= cap_max_bits(); cap++) {
		bool keep = false;

		for (int i = 0; i < KEPT_COUNT; i++)
			keep |= cap == kept[i];
		if (!keep && cap_get_bound(cap) > 0 && cap_drop_bound(cap))
			ups_debug("capability %d stays in the bounding set: %s", cap,
				  strerror(errno));
	}
}

/* A change of user leaves what is permitted (PR_SET_KEEPCAPS) and clears what is in effect. */
static int restore_effective(void)
{
	cap_t have = cap_get_proc();
	int err = have ? 0 : -ENOMEM;

	for (cap_value_t cap = 0; !err && cap <= cap_max_bits(); cap++) {
		cap_flag_value_t set = CAP_CLEAR;

		if (cap_get_flag(have, cap, CAP_PERMITTED, &set) ||
		    cap_set_flag(have, CAP_EFFECTIVE, 1, &cap, set))
			err = -errno;
	}
	if (!err && cap_set_proc(have))
		err = -errno;
	cap_free(have);
	return err;
}

int ups_privileges_become(const struct ups_identity *who, struct ups_errmsg *msg)
{
	int err;

	if (!who->change)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
	    setresgid(who->gid, who->gid, who->gid) || setresuid(who->uid, who->uid, who->uid))
		return ups_fail(msg, -errno, "cannot become user %s: %s", who->name,
				strerror(errno));
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	err = restore_effective();
	if (err)
		return ups_fail(msg, err, "capabilities of user %s: %s", who->name,
				ups_strerror(err));
	return forbid_dumps(msg); /* a change of user resets the flag */
}

/* Of the capabilities to keep, those that we have. */
static int set_capabilities(void)
{
	cap_t have = cap_get_proc();
	cap_t want = cap_init();
	int err = have && want ? 0 : -ENOMEM;

	for (int i = 0; !err && i < KEPT_COUNT; i++) {
		cap_flag_value_t set = CAP_CLEAR;

		if (cap_get_flag(have, kept[i], CAP_PERMITTED, &set) || set == CAP_CLEAR)
			continue;
		if (cap_set_flag(want, CAP_PERMITTED, 1, &kept[i], CAP_SET) ||
		    cap_set_flag(want, CAP_EFFECTIVE, 1, &kept[i], CAP_SET))
			err = -errno;
	}
	if (!err && cap_set_proc(want))
		err = -errno;
	cap_free(have);
	cap_free(want);
	return err;
}

int ups_privileges_drop(struct ups_errmsg *msg)
{
	int err;

	drop_bounding_set();
	err = set_capabilities();
	return err ? ups_fail(msg, err, "cannot drop capabilities: %s", ups_strerror(err)) : 0;
}

int ups_privileges_group(const char *group, gid_t *gid, struct ups_errmsg *msg)
{
	const struct group *gr = getgrnam(group);

	if (!gr)
		return ups_fail(msg, -ENOENT,
				"control.netlink.group: no group '%s' on this machine", group);
	*gid = gr->gr_gid;
	return 0;
}
