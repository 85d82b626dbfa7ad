// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Session descriptions for logs: see sdp.h. The body need not be one that ups_sdp_parse() takes, so nothing is kept because it is in
 * the right place, only because it is known to be no key.
 */
#include "proto/sdp.h"

static void put_hidden(struct ups_buf *buf)
{
	ups_buf_str(buf, "...");
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static void put_clean(struct ups_buf *buf, struct ups_text t)
{
	size_t from = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (!is_control(t.at[i]))
			continue;
		ups_buf_bytes(buf, t.at + from, i - from);
		ups_buf_str(buf, "?");
		from = i + 1;
	}
	if (t.len > from)
		ups_buf_bytes(buf, t.at + from, t.len - from);
}

static bool only(struct ups_text t, const char *characters)
{
	for (size_t i = 0; i < t.len; i++) {
		if (!t.at[i] || !strchr(characters, t.at[i]))
			return false;
	}
	return t.len > 0;
}

static bool starts_same(struct ups_text t, struct ups_text prefix)
{
	return t.len >= prefix.len && ups_text_same((struct ups_text) { t.at, prefix.len }, prefix);
}

/* Up to and with the first "inline:", in any letter case; 0 if there is none. */
static size_t inline_end(struct ups_text t)
{
	const struct ups_text word = UPS_TEXT("inline:");

	for (size_t i = 0; i + word.len <= t.len; i++) {
		if (starts_same((struct ups_text) { t.at + i, t.len - i }, word))
			return i + word.len;
	}
	return 0;
}

/* inline:KEY|LIFETIME|MKI:LENGTH: the last two are no secret. */
static void put_key(struct ups_buf *buf, struct ups_text key)
{
	if (!ups_text_starts(key, "inline:")) {
		put_hidden(buf);
		return;
	}
	(void)ups_text_cut(&key, '|');
	ups_buf_str(buf, "inline:...");
	while (key.len) {
		struct ups_text part = ups_text_cut(&key, '|');

		ups_buf_str(buf, "|");
		if (part.len <= 20 && only(part, "0123456789^:"))
			ups_buf_put(buf, part);
		else
			put_hidden(buf);
	}
}

static bool is_parameter(struct ups_text t)
{
	static const char *const known[] = {
		"UNENCRYPTED_SRTP",   "UNENCRYPTED_SRTCP",  "UNAUTHENTICATED_SRTP",
		"FEC_ORDER=FEC_SRTP", "FEC_ORDER=SRTP_FEC",
	};
	struct ups_text name = ups_text_cut(&t, '=');

	if (ups_text_is(name, "KDR") || ups_text_is(name, "WSH"))
		return t.len <= 5 && only(t, "0123456789");
	t = (struct ups_text) { name.at, name.len + (t.len ? t.len + 1 : 0) };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ups_text_is(t, known[i]))
			return true;
	}
	return false;
}

static void put_crypto_word(struct ups_buf *buf, struct ups_text word)
{
	if (is_parameter(word)) {
		ups_buf_put(buf, word);
		return;
	}
	while (word.len) {
		put_key(buf, ups_text_cut(&word, ';'));
		if (word.len)
			ups_buf_str(buf, ";");
	}
}

/* Base64 has no '_', and names of suites do. */
static bool is_suite(struct ups_text t)
{
	return t.len <= 40 && only(t, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") &&
	       memchr(t.at, '_', t.len);
}

/* TAG SUITE KEYS [PARAMETER...] */
static void put_crypto(struct ups_buf *buf, struct ups_text value)
{
	struct ups_text tag = ups_text_word(&value), suite = ups_text_word(&value);

	if (tag.len > 9 || !only(tag, "0123456789") || !is_suite(suite)) {
		put_hidden(buf);
		return;
	}
	ups_buf_put(buf, tag);
	ups_buf_str(buf, " ");
	ups_buf_put(buf, suite);
	while (value.len) {
		struct ups_text word = ups_text_word(&value);

		if (word.len)
			ups_buf_str(buf, " ");
		put_crypto_word(buf, word);
	}
}

/* Lines of which nothing behind the name is shown, except of well-formed a=crypto */
static const struct ups_text secret_line[] = {
	{ "a=crypto:", 9 },   { "a=crypto", 8 },  { "a=key-mgmt:", 11 }, { "a=key-mgmt", 10 },
	{ "a=ice-pwd:", 10 }, { "a=ice-pwd", 9 }, { "a=acap:", 7 },	 { "k=", 2 },
};

static void put_line(struct ups_buf *buf, struct ups_text line)
{
	struct ups_text trimmed = ups_text_trim(line);
	size_t end;

	for (size_t i = 0; i < sizeof(secret_line) / sizeof(secret_line[0]); i++) {
		size_t len = secret_line[i].len;

		if (!starts_same(trimmed, secret_line[i]))
			continue;
		ups_buf_put(buf, secret_line[i]);
		if (i == 0)
			put_crypto(buf, (struct ups_text) { trimmed.at + len, trimmed.len - len });
		else
			put_hidden(buf);
		return;
	}
	end = inline_end(line);
	put_clean(buf, (struct ups_text) { line.at, end ? end : line.len });
	if (end)
		put_hidden(buf);
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* A lone CR ends a line, too: a key may begin behind it. */
void ups_sdp_redact(struct ups_text body, struct ups_buf *buf)
{
	size_t at = 0;

	while (at < body.len) {
		size_t from = at;

		while (at < body.len && !is_line_end(body.at[at]))
			at++;
		put_line(buf, (struct ups_text) { body.at + from, at - from });
		for (; at < body.len && is_line_end(body.at[at]); at++)
			ups_buf_bytes(buf, body.at + at, 1);
	}
}
