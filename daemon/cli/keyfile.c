// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Key files: see keyfile.h. Read with read(), since stdio would leave copies in its buffers. */
#include "cli/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/sdes.h"

/* ---- one line ---- */

struct token {
	const char *at;
	size_t len;
};

struct line {
	const char *name; /* of the file */
	unsigned int number;
	const char *at, *end;
	struct ups_errmsg *msg;
};

static int wrong(const struct line *l, int err, const char *what)
{
	return ups_fail(l->msg, err, "%.200s:%u: %s", l->name, l->number, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* -> the next token; empty at the end of the line or at a comment */
static struct token next_token(struct line *l)
{
	struct token t;

	while (l->at < l->end && is_blank(*l->at))
		l->at++;
	t = (struct token) { l->at, 0 };
	if (l->at < l->end && *l->at == '#') {
		l->at = l->end;
		return t;
	}
	while (l->at < l->end && !is_blank(*l->at))
		l->at++;
	t.len = (size_t)(l->at - t.at);
	return t;
}

static bool is(struct token t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.at, word, t.len);
}

/* One or two digits below @max. */
static bool small_number(struct token t, unsigned int max, unsigned int *out)
{
	unsigned int n = 0;

	if (!t.len || t.len > 2)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return false;
		n = n * 10 + (unsigned int)(t.at[i] - '0');
	}
	*out = n;
	return n < max;
}

static int find_suite(struct token t, uint8_t *suite)
{
	for (uint8_t i = 1; i < UPS_SUITE_COUNT; i++) {
		if (is(t, ups_nl_suite_words[i])) {
			*suite = i;
			return 0;
		}
	}
	return UPS_E_SUITE;
}

/* The leg a line is for. */
static int find_leg(struct line *l, struct ups_nl_session_request *session,
		    struct ups_nl_leg_request **leg)
{
	unsigned int stream, index;

	if (!small_number(next_token(l), session->stream_count, &stream))
		return wrong(l, UPS_E_SYNTAX,
			     "expected the number of a stream of this session, from 0");
	if (!small_number(next_token(l), UPS_NL_LEG_MAX, &index))
		return wrong(l, UPS_E_SYNTAX, "expected leg 0 or 1");
	*leg = &session->stream[stream].leg[index];
	if ((*leg)->mode != UPS_NL_MODE_SRTP)
		return wrong(l, UPS_E_RANGE, "this leg takes no key: its mode is not srtp");
	return 0;
}

/* A place for the key in its leg. */
static int find_place(struct line *l, struct ups_nl_leg_request *leg,
		      struct ups_nl_key_request **key)
{
	struct token direction = next_token(l);

	if (is(direction, "rx")) {
		if (leg->rx_count == UPS_NL_RX_KEY_MAX)
			return wrong(l, UPS_E_RANGE, "a leg has at most 4 rx keys");
		*key = &leg->rx[leg->rx_count++];
	} else if (is(direction, "tx")) {
		if (leg->tx_count)
			return wrong(l, UPS_E_RANGE, "a leg has one tx key");
		*key = &leg->tx[leg->tx_count++];
	} else {
		return wrong(l, UPS_E_SYNTAX, "expected rx or tx");
	}
	return 0;
}

static int take_key(struct line *l, struct ups_nl_key_request *key)
{
	struct ups_errmsg why = { "" };
	struct ups_sdes_key sdes;
	struct token t;
	int err;

	if (find_suite(next_token(l), &key->suite))
		return wrong(l, UPS_E_SUITE,
			     "expected a suite such as AEAD_AES_128_GCM (see `upsec help key`)");
	t = next_token(l);
	err = ups_sdes_parse_key(key->suite, t.at, t.len, &sdes, &why);
	if (err)
		return wrong(l, err, why.text);
	key->master = sdes.master;
	key->mki_len = sdes.mki_len;
	memcpy(key->mki, sdes.mki, sizeof(key->mki));
	key->rtp_lifetime = sdes.lifetime;
	key->rtcp_lifetime = sdes.lifetime < 1ULL << 31 ? sdes.lifetime : 1ULL << 31;
	ups_wipe(&sdes, sizeof(sdes));
	return 0;
}

static int parse_line(struct line *l, struct ups_nl_session_request *session)
{
	struct ups_nl_leg_request *leg = NULL;
	struct ups_nl_key_request *key = NULL;
	const char *start = l->at;
	struct token t = next_token(l);
	int err;

	if (!t.len)
		return 0; /* blank, or a comment */
	l->at = start;
	err = find_leg(l, session, &leg);
	if (!err)
		err = find_place(l, leg, &key);
	if (!err)
		err = take_key(l, key);
	if (err)
		return err;
	t = next_token(l);
	if (is(t, "UNENCRYPTED_SRTCP")) {
		key->rtcp_clear = true;
		t = next_token(l);
	}
	if (t.len)
		return wrong(l, UPS_E_SYNTAX, "expected the end of the line or UNENCRYPTED_SRTCP");
	return 0;
}

int ups_keyfile_parse(const char *name, const char *text, size_t size,
		      struct ups_nl_session_request *session, struct ups_errmsg *msg)
{
	struct line l = { .name = name, .msg = msg };
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		int err;

		l.number++;
		l.at = text;
		l.end = newline ? newline : end;
		err = parse_line(&l, session);
		if (err)
			return err;
		text = newline ? newline + 1 : end;
	}
	return 0;
}

/* ---- the file ---- */

static int check_owner(int fd, const char *name, struct ups_errmsg *msg)
{
	struct stat st;

	if (fstat(fd, &st))
		return ups_fail(msg, -errno, "%s: %s", name, ups_strerror(-errno));
	if (S_ISDIR(st.st_mode))
		return ups_fail(msg, -EISDIR, "%s: is a directory", name);
	if (st.st_mode & 077)
		return ups_fail(msg, -EACCES,
				"%s: other users may read or write it: chmod 600 it, and consider "
				"its keys known",
				name);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return ups_fail(msg, -EACCES, "%s: belongs to another user", name);
	return 0;
}

/* -> bytes read, or -errno; UPS_KEYFILE_MAX bytes mean too many */
static ssize_t read_all(int fd, char *buf)
{
	size_t used = 0;

	while (used < UPS_KEYFILE_MAX) {
		ssize_t n = read(fd, buf + used, UPS_KEYFILE_MAX - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

static int read_fd(int fd, const char *name, struct ups_nl_session_request *session,
		   struct ups_errmsg *msg)
{
	char *buf = malloc(UPS_KEYFILE_MAX + 1);
	ssize_t size;
	int err;

	if (!buf)
		return ups_fail(msg, -ENOMEM, "no memory for the keys");
	size = read_all(fd, buf);
	if (size < 0) {
		err = ups_fail(msg, (int)size, "%s: %s", name, ups_strerror((int)size));
	} else if (size == UPS_KEYFILE_MAX) {
		err = ups_fail(msg, -EFBIG, "%s: too large for a key file", name);
	} else {
		buf[size] = '\0';
		err = ups_keyfile_parse(name, buf, (size_t)size, session, msg);
	}
	ups_wipe(buf, UPS_KEYFILE_MAX + 1);
	free(buf);
	return err;
}

int ups_keyfile_read(const char *name, struct ups_nl_session_request *session,
		     struct ups_errmsg *msg)
{
	int fd, err;

	if (!strcmp(name, "-"))
		return read_fd(STDIN_FILENO, "standard input", session, msg);
	/* Repeated by a message it would come into logs as well. */
	if (!strncmp(name, "inline:", 7))
		return ups_fail(msg, UPS_E_SYNTAX,
				"keys takes the name of a file, not a key: make a new one, others "
				"may have seen this");
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return ups_fail(msg, -errno, "%s: %s", name, ups_strerror(-errno));
	err = check_owner(fd, name, msg);
	if (!err)
		err = read_fd(fd, name, session, msg);
	close(fd);
	return err;
}

int ups_keyfile_check(const struct ups_nl_session_request *session, struct ups_errmsg *msg)
{
	for (uint32_t i = 0; i < session->stream_count; i++) {
		for (uint32_t n = 0; n < UPS_NL_LEG_MAX; n++) {
			const struct ups_nl_leg_request *leg = &session->stream[i].leg[n];

			if (leg->mode == UPS_NL_MODE_SRTP && (!leg->rx_count || !leg->tx_count))
				return ups_fail(msg, UPS_E_SYNTAX,
						"stream %u leg %u is srtp and has no %s key: give "
						"it with keys FILE",
						i, n, leg->rx_count ? "tx" : "rx");
		}
	}
	return 0;
}
