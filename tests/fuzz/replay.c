// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Replays a corpus through a fuzz target without libFuzzer: part of `make check`, with sanitizers. Each file is run three
 * times (whole, cut in half, and with every byte inverted, which is a malformed neighbour), in buffers of the exact size, so that
 * reading one byte too many is seen. Arguments are files or directories; output is TAP, one case per file.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int cases, failures;

static void run_exact(const uint8_t *data, size_t size, uint8_t invert)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t i;

	if (!copy)
		abort();
	for (i = 0; i < size; i++)
		copy[i] = data[i] ^ invert;
	/* An empty input is a one-byte buffer seen as nothing: libFuzzer does the same. */
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;

	if (!file)
		return NULL;
	if (!fstat(fileno(file), &st)) {
		*size = (size_t)st.st_size;
		data = malloc(*size + 1);
		if (data && fread(data, 1, *size, file) != *size) {
			free(data);
			data = NULL;
		}
	}
	fclose(file);
	return data;
}

static void replay_file(const char *path)
{
	size_t size = 0;
	uint8_t *data = read_file(path, &size);

	cases++;
	if (!data) {
		printf("not ok %u - %s\n# cannot read: %s\n", cases, path, strerror(errno));
		failures++;
		return;
	}
	/* Named before it runs: a crash leaves no other trace of the culprit. */
	printf("# %s\n", path);
	fflush(stdout);
	run_exact(data, size, 0);
	run_exact(data, size / 2, 0);
	run_exact(data, size, 0xff);
	free(data);
	printf("ok %u - %s\n", cases, path);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
	struct dirent **entries;
	struct stat st;
	char name[4096];
	int i, count;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	count = scandir(path, &entries, visible, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		replay(name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		replay(argv[i]);
	printf("1..%u\n", cases);
	return cases == 0 || failures;
}
