// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Port id -> socket inode (/proc/net/netlink) -> process (/proc/PID/fd). */
#include "cli/holder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -> inode, 0 if nobody holds it */
static unsigned long find_inode(int protocol, uint32_t port)
{
	FILE *f = fopen("/proc/net/netlink", "re");
	unsigned long found = 0, inode;
	char line[256];
	unsigned int id;
	int proto;

	while (f && !found && fgets(line, sizeof(line), f)) {
		/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
		if (sscanf(line, "%*s %d %u %*s %*s %*s %*s %*s %*s %lu", &proto, &id, &inode) ==
			    3 &&
		    proto == protocol && id == port)
			found = inode;
	}
	if (f)
		fclose(f);
	return found;
}

static bool process_has(const char *pid, const char *link)
{
	char path[300], target[64];
	bool found = false;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n > 0) {
			target[n] = '\0';
			found = !strcmp(target, link);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

bool ups_holder_find(int protocol, uint32_t port, pid_t *pid, uid_t *uid)
{
	unsigned long inode = find_inode(protocol, port);
	struct dirent *e;
	bool found = false;
	struct stat st;
	char link[64];
	DIR *proc;

	if (!inode)
		return false;
	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	proc = opendir("/proc");
	while (proc && !found && (e = readdir(proc))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9' || !process_has(e->d_name, link) ||
		    fstatat(dirfd(proc), e->d_name, &st, 0))
			continue;
		*pid = (pid_t)atoi(e->d_name);
		*uid = st.st_uid;
		found = true;
	}
	if (proc)
		closedir(proc);
	return found;
}
