/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Looks behind the loader: the maps of a loaded program, found through the program's own list of map ids, and what is
 * in them; and how many cipher contexts the kernel holds. For tests that nothing is left behind.
 */
#ifndef UPS_TEST_MAPFIX_H
#define UPS_TEST_MAPFIX_H

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rng.h"

#define MAPFIX_MAX 32

struct mapfix {
	uint32_t id[MAPFIX_MAX];
	struct bpf_map_info info[MAPFIX_MAX];
	unsigned int count;
};

/* All maps of the program. -> 0 or -errno */
TEST_INLINE int mapfix_list(int prog_fd, struct mapfix *m)
{
	struct bpf_prog_info info = { .nr_map_ids = MAPFIX_MAX, .map_ids = (uintptr_t)m->id };
	uint32_t len = sizeof(info);
	unsigned int i;
	int err = bpf_obj_get_info_by_fd(prog_fd, &info, &len);

	if (err)
		return err;
	m->count = info.nr_map_ids < MAPFIX_MAX ? info.nr_map_ids : MAPFIX_MAX;
	for (i = 0; i < m->count && !err; i++) {
		int fd = bpf_map_get_fd_by_id(m->id[i]);

		if (fd < 0)
			return -errno;
		len = sizeof(m->info[i]);
		err = bpf_obj_get_info_by_fd(fd, &m->info[i], &len);
		close(fd);
	}
	return err;
}

/* -> a new descriptor of the map called @name (kernel names are cut to 15 characters), or -ENOENT */
TEST_INLINE int mapfix_open(const struct mapfix *m, const char *name)
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (!strncmp(m->info[i].name, name, BPF_OBJ_NAME_LEN - 1))
			return bpf_map_get_fd_by_id(m->id[i]);
	return -ENOENT;
}

/* Entries of a hash map, by walking its keys */
TEST_INLINE unsigned int mapfix_entries(int fd)
{
	uint8_t key[256], next[256];
	unsigned int count = 0;
	void *at = NULL;

	while (!bpf_map_get_next_key(fd, at, next)) {
		memcpy(key, next, sizeof(key));
		at = key;
		count++;
	}
	return count;
}

/* Whether entries 0..@count - 1 of an array map with @size bytes each are all zero */
TEST_INLINE bool mapfix_is_zero(int fd, unsigned int count, size_t size)
{
	static uint8_t value[8192], zero[8192];
	uint32_t i;

	for (i = 0; i < count; i++)
		if (bpf_map_lookup_elem(fd, &i, value) || memcmp(value, zero, size))
			return false;
	return true;
}

/* How many of the listed maps still exist */
TEST_INLINE unsigned int mapfix_alive(const struct mapfix *m)
{
	unsigned int i, alive = 0;

	for (i = 0; i < m->count; i++) {
		int fd = bpf_map_get_fd_by_id(m->id[i]);

		if (fd < 0)
			continue;
		alive++;
		close(fd);
	}
	return alive;
}

/* Users of all AES algorithms of the kernel: every cipher context holds one */
TEST_INLINE long aes_references(void)
{
	FILE *f = fopen("/proc/crypto", "re");
	char line[256];
	bool aes = false;
	long sum = 0, refs;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "name", 4))
			aes = strstr(line, "aes") != NULL;
		if (aes && sscanf(line, "refcnt : %ld", &refs) == 1)
			sum += refs;
	}
	fclose(f);
	return sum;
}

TEST_INLINE unsigned int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int count = 0;

	if (!d)
		return 0;
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* Resident memory in KiB */
TEST_INLINE long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!f)
		return -1;
	if (fscanf(f, "%*d %ld", &pages) != 1)
		pages = -1;
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The kernel frees contexts and maps after a grace period: 10 ms, to be called in a loop. */
TEST_INLINE void wait_a_little(void)
{
	struct timespec ts = { .tv_nsec = 10000000 };

	nanosleep(&ts, NULL);
}

#endif
