// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * peer scan: can the plain text be read in this capture? Every 16 bytes in a row of the known plain texts go into a
 * sorted table of hashes; every 16 bytes in a row of every captured UDP payload are looked up. Also gives the
 * byte entropy of the payloads behind the 12 bytes of the RTP header: 8.0 bits per byte is what a cipher's output has.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define GRAM 16

struct table {
	uint64_t *hash;
	size_t count, room;
};

struct result {
	unsigned long packets, readable, rtcp;
	uint64_t histogram[256], bytes;
};

static uint64_t gram_hash(const uint8_t *p)
{
	uint64_t a, b;

	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	a = (a ^ 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;
	b = (b ^ a >> 29) * 0xc4ceb9fe1a85ec53ULL;
	return a ^ b ^ b >> 31;
}

/* Digital silence and the like is in everything: a run of one repeated byte proves nothing. */
static bool flat(const uint8_t *p)
{
	for (int i = 1; i < GRAM; i++)
		if (p[i] != p[0])
			return false;
	return true;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = NULL;
	long end;

	if (file && !fseek(file, 0, SEEK_END) && (end = ftell(file)) >= 0) {
		rewind(file);
		data = malloc((size_t)end + 1);
		*size = data ? fread(data, 1, (size_t)end, file) : 0;
	}
	if (file)
		fclose(file);
	if (!data)
		fprintf(stderr, "peer: cannot read %s\n", path);
	return data;
}

static int table_add(struct table *t, const char *path)
{
	size_t size = 0, i;
	uint8_t *data = read_file(path, &size);
	uint64_t *grown = data ? realloc(t->hash, (t->count + size + 1) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(data);
		return -1;
	}
	t->hash = grown;
	for (i = 0; i + GRAM <= size; i++)
		if (!flat(data + i))
			t->hash[t->count++] = gram_hash(data + i);
	free(data);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void scan_payload(const struct table *t, const uint8_t *p, size_t len, struct result *r)
{
	size_t i;

	r->packets++;
	if (len >= 2 && p[1] >= 192 && p[1] <= 223)
		r->rtcp++;
	for (i = 12; i < len; i++) {
		r->histogram[p[i]]++;
		r->bytes++;
	}
	for (i = 0; i + GRAM <= len; i++) {
		uint64_t h = gram_hash(p + i);

		if (bsearch(&h, t->hash, t->count, sizeof(h), compare)) {
			r->readable++;
			return;
		}
	}
}

/* Ethernet, IPv4 or IPv6 without extension headers, UDP; anything else is skipped. */
static void scan_frame(const struct table *t, const uint8_t *p, size_t len, struct result *r)
{
	unsigned int type, head = 0;

	if (len < 14 + 20 + 8)
		return;
	type = (unsigned int)(p[12] << 8 | p[13]);
	if (type == 0x0800 && p[14 + 9] == 17)
		head = 14 + 4 * (p[14] & 15u);
	else if (type == 0x86dd && p[14 + 6] == 17)
		head = 14 + 40;
	if (head && len > head + 8)
		scan_payload(t, p + head + 8, len - head - 8, r);
}

static int scan_capture(const struct table *t, const char *path, struct result *r)
{
	size_t size = 0, at = 24;
	uint8_t *data = read_file(path, &size);
	uint32_t magic = 0, len;

	if (data && size >= 24)
		memcpy(&magic, data, 4);
	if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d) {
		fprintf(stderr, "peer: %s is no capture\n", path);
		free(data);
		return -1;
	}
	while (at + 16 <= size) {
		memcpy(&len, data + at + 8, 4);
		at += 16;
		if (len > size - at)
			break;
		scan_frame(t, data + at, len, r);
		at += len;
	}
	free(data);
	return 0;
}

static double entropy(const struct result *r)
{
	double sum = 0;

	for (int i = 0; i < 256; i++) {
		double p = r->bytes ? (double)r->histogram[i] / (double)r->bytes : 0;

		if (p > 0)
			sum -= p * log2(p);
	}
	return sum;
}

int peer_scan(int argc, char **argv)
{
	struct table table = { 0 };
	struct result r = { 0 };
	int i, err = argc < 3 ? -1 : 0;

	if (err)
		fprintf(stderr, "usage: peer scan CAPTURE PLAINTEXT...\n");
	for (i = 2; i < argc && !err; i++)
		err = table_add(&table, argv[i]);
	if (!err) {
		qsort(table.hash, table.count, sizeof(*table.hash), compare);
		err = scan_capture(&table, argv[1], &r);
	}
	if (!err)
		printf("{\"packets\":%lu,\"rtcp\":%lu,\"readable\":%lu,\"grams\":%zu,\"entropy\":%.3f}\n",
		       r.packets, r.rtcp, r.readable, table.count, entropy(&r));
	free(table.hash);
	return err ? 2 : 0;
}
