// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ngc: one ng request from the command line, the reply on standard output as JSON.
 *
 *	ngc [OPTIONS] COMMAND [KEY=VALUE...]	a VALUE that begins with [, {, - or a digit is JSON, any other a string
 *	ngc [OPTIONS] -				the whole dictionary as JSON from standard input
 *	ngc --pcap FILE [--port N]		every ng message of a capture, one line each
 *
 *	--to ADDRESS:PORT	127.0.0.1:2223 if not told
 *	--tcp, --json		the other transport, the other encoding
 *	--sdp FILE		its contents under the key "sdp": keys never stand in a command line
 *	--sdp-out FILE		the reply's SDP goes there (for its owner only)
 *	--cookie TEXT, --repeat N	send the very same bytes N times; says whether the replies were identical
 *	--cut N, --flip N	send only the first N bytes; change byte N of the dictionary
 *	--raw TEXT		send TEXT behind the cookie instead of a dictionary
 *	--timeout MS		2000 if not told
 *
 * Exit status: 0 the result was ok or pong, 1 another result, 2 no reply or wrong usage. No reply prints {"result":"no reply"}.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ng.h"

struct client {
	const char *to, *sdp, *sdp_out, *cookie, *raw, *pcap;
	bool tcp, json;
	unsigned int repeat, timeout_ms, port;
	long cut, flip;

	char request[NG_MAX];
	size_t request_len;
	char reply[NG_MAX + 1], first[NG_MAX + 1];
	size_t reply_len, first_len;
};

static int usage(const char *what)
{
	fprintf(stderr, "ngc: %s; see tests/ng/ngc.c\n", what);
	return 2;
}

/* ---- building the request ---- */

static json_t *read_text(const char *path)
{
	char text[NG_MAX];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text), file) : 0;

	if (!file) {
		fprintf(stderr, "ngc: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	fclose(file);
	return json_stringn_nocheck(text, n);
}

static json_t *word_value(const char *text)
{
	if (*text && strchr("[{-0123456789", *text)) {
		json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

		if (value)
			return value;
	}
	return json_string_nocheck(text);
}

static json_t *from_words(int argc, char **argv)
{
	json_t *dict = json_object();

	json_object_set_new_nocheck(dict, "command", json_string_nocheck(argv[0]));
	for (int i = 1; i < argc; i++) {
		char *equal = strchr(argv[i], '=');

		if (!equal)
			continue;
		*equal = 0;
		json_object_set_new_nocheck(dict, argv[i], word_value(equal + 1));
		*equal = '=';
	}
	return dict;
}

static bool encode(struct client *c, json_t *dict)
{
	char *text;
	bool fits;

	c->request_len = (size_t)snprintf(c->request, sizeof(c->request), "%s ", c->cookie);
	if (!c->json)
		return ng_bencode(dict, c->request, sizeof(c->request), &c->request_len);
	text = json_dumps(dict, JSON_COMPACT);
	fits = text && c->request_len + strlen(text) < sizeof(c->request);
	if (fits)
		c->request_len += (size_t)snprintf(c->request + c->request_len,
						   sizeof(c->request) - c->request_len, "%s", text);
	free(text);
	return fits;
}

static void mangle(struct client *c)
{
	size_t head = strlen(c->cookie) + 1;

	if (c->flip >= 0 && head + (size_t)c->flip < c->request_len)
		c->request[head + (size_t)c->flip] ^= 0x15;
	if (c->cut >= 0 && (size_t)c->cut < c->request_len)
		c->request_len = (size_t)c->cut;
}

static int build(struct client *c, int argc, char **argv)
{
	json_t *dict;
	bool ok;

	if (c->raw) {
		c->request_len = (size_t)snprintf(c->request, sizeof(c->request), "%s %s",
						  c->cookie, c->raw);
		return 0;
	}
	if (!argc)
		return usage("no command");
	dict = strcmp(argv[0], "-") ? from_words(argc, argv) : json_loadf(stdin, 0, NULL);
	if (!dict)
		return usage("standard input is not JSON");
	if (c->sdp && json_object_set_new(dict, "sdp", read_text(c->sdp)))
		return 2;
	ok = encode(c, dict);
	json_decref(dict);
	mangle(c);
	return ok ? 0 : usage("the request is too long");
}

/* ---- asking ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool whole(const struct client *c)
{
	const char *space = memchr(c->reply, ' ', c->reply_len);

	return !c->tcp ||
	       (space &&
		ng_bencode_size(space + 1, c->reply_len - (size_t)(space + 1 - c->reply)) > 0);
}

static bool receive(struct client *c, int fd)
{
	int64_t end = now_ms() + c->timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	c->reply_len = 0;
	while (now_ms() < end && c->reply_len < NG_MAX) {
		ssize_t n;

		if (poll(&p, 1, (int)(end - now_ms())) <= 0)
			break;
		n = recv(fd, c->reply + c->reply_len, NG_MAX - c->reply_len, 0);
		if (n <= 0)
			return false;
		c->reply_len += (size_t)n;
		c->reply[c->reply_len] = 0;
		if (whole(c))
			return true;
	}
	return false;
}

static int open_socket(const struct client *c)
{
	struct sockaddr_storage to;
	socklen_t len;
	int fd;

	if (ng_address(c->to, &to, &len))
		return -1;
	fd = socket(to.ss_family, (c->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* -> number of replies that were the same as the first, -1 without a first */
static int ask(struct client *c)
{
	int fd = open_socket(c), same = -1;

	for (unsigned int i = 0; fd >= 0 && i < c->repeat; i++) {
		if (send(fd, c->request, c->request_len, MSG_NOSIGNAL) < 0 || !receive(c, fd))
			break;
		if (!i) {
			memcpy(c->first, c->reply, c->reply_len);
			c->first_len = c->reply_len;
			same = 0;
		}
		same += c->first_len == c->reply_len && !memcmp(c->first, c->reply, c->reply_len);
	}
	if (fd >= 0)
		close(fd);
	return same;
}

static void keep_sdp(const char *path, const json_t *sdp)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, json_string_value(sdp), json_string_length(sdp)) < 0)
		fprintf(stderr, "ngc: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static int report(const struct client *c, int same)
{
	size_t head = strlen(c->cookie);
	const char *result;
	json_t *dict;
	int status;

	if (same < 0 || c->first_len <= head || memcmp(c->first, c->cookie, head)) {
		puts("{\"result\":\"no reply\"}");
		return 2;
	}
	dict = ng_parse(c->first + head + 1, c->first_len - head - 1);
	if (!dict) {
		puts("{\"result\":\"not understood\"}");
		return 2;
	}
	if (c->repeat > 1)
		json_object_set_new(dict, "ngc-identical", json_boolean(same == (int)c->repeat));
	if (c->sdp_out && json_object_get(dict, "sdp"))
		keep_sdp(c->sdp_out, json_object_get(dict, "sdp"));
	json_dumpf(dict, stdout, 0);
	putchar('\n');
	result = json_string_value(json_object_get(dict, "result"));
	status = result && (!strcmp(result, "ok") || !strcmp(result, "pong")) ? 0 : 1;
	json_decref(dict);
	return status;
}

/* ---- reading a capture: Ethernet or loopback, IPv4, UDP ---- */

static void message(const struct client *c, const uint8_t *packet, size_t len)
{
	size_t head = 14 + 20 + 8;
	unsigned int from, to;
	const char *text = (const char *)packet + head, *space;
	json_t *dict;

	if (len <= head || packet[12] != 8 || packet[13] || packet[23] != 17)
		return;
	from = (unsigned int)packet[34] << 8 | packet[35];
	to = (unsigned int)packet[36] << 8 | packet[37];
	space = memchr(text, ' ', len - head);
	if ((from != c->port && to != c->port) || !space)
		return;
	dict = ng_parse(space + 1, len - head - (size_t)(space + 1 - text));
	printf("%s %.*s ", to == c->port ? ">" : "<", (int)(space - text), text);
	if (dict)
		json_dumpf(dict, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(dict);
}

static int read_capture(const struct client *c)
{
	static uint8_t packet[65536 + 64];
	uint32_t header[6], record[4];
	FILE *file = fopen(c->pcap, "re");
	int err = !file || fread(header, sizeof(header), 1, file) != 1 || header[0] != 0xa1b2c3d4;

	while (!err && fread(record, sizeof(record), 1, file) == 1) {
		if (record[2] > sizeof(packet) || fread(packet, 1, record[2], file) != record[2])
			break;
		message(c, packet, record[2]);
	}
	if (file)
		fclose(file);
	return err ? usage("not a capture") : 0;
}

/* ---- options ---- */

struct option_row {
	const char *name;
	const char **text;
	unsigned int *number;
	long *where;
	bool *flag;
};

/* -> words used, 0 if it is no option */
static int take_option(const struct option_row *rows, char **argv, int left)
{
	for (const struct option_row *row = rows; row->name; row++) {
		if (strcmp(argv[0], row->name))
			continue;
		if (row->flag) {
			*row->flag = true;
			return 1;
		}
		if (left < 2)
			return 0;
		if (row->text)
			*row->text = argv[1];
		else if (row->number)
			*row->number = (unsigned int)strtoul(argv[1], NULL, 0);
		else
			*row->where = strtol(argv[1], NULL, 0);
		return 2;
	}
	return 0;
}

static int parse(struct client *c, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "--to", .text = &c->to },	      { "--sdp", .text = &c->sdp },
		{ "--sdp-out", .text = &c->sdp_out }, { "--cookie", .text = &c->cookie },
		{ "--raw", .text = &c->raw },	      { "--pcap", .text = &c->pcap },
		{ "--repeat", .number = &c->repeat }, { "--timeout", .number = &c->timeout_ms },
		{ "--port", .number = &c->port },     { "--cut", .where = &c->cut },
		{ "--flip", .where = &c->flip },      { "--tcp", .flag = &c->tcp },
		{ "--json", .flag = &c->json },	      {},
	};
	int i = 1, used;

	while (i < argc && !strncmp(argv[i], "--", 2)) {
		used = take_option(rows, argv + i, argc - i);
		if (!used)
			return -1;
		i += used;
	}
	return i;
}

int main(int argc, char **argv)
{
	static struct client c = { .to = "127.0.0.1:2223",
				   .repeat = 1,
				   .timeout_ms = 2000,
				   .port = 2223,
				   .cut = -1,
				   .flip = -1 };
	char cookie[64];
	int rest, err;

	snprintf(cookie, sizeof(cookie), "%x_%llx", (unsigned int)getpid(),
		 (unsigned long long)now_ms());
	c.cookie = cookie;
	rest = parse(&c, argc, argv);
	if (rest < 0)
		return usage("no such option");
	if (c.pcap)
		return read_capture(&c);
	err = build(&c, argc - rest, argv + rest);
	return err ? err : report(&c, ask(&c));
}
