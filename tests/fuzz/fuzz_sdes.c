// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Values of a=crypto from anybody. What is refused leaves no byte behind and is told without repeating a key; what is accepted
 * keeps the rules of RFC 4568, and is the same again when it is written and read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
	if (!condition)
		abort();
}

static int is_wiped(const void *p, size_t size)
{
	const uint8_t *at = p;

	while (size && !at[size - 1])
		size--;
	return !size;
}

static size_t base64_run(struct ups_text t)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = 0;

	while (len < t.len && t.at[len] && strchr(digits, t.at[len]))
		len++;
	return len;
}

/* No piece of what could be a key; no text of ours has sixteen such characters in a row. */
static void check_message(const char *message, struct ups_text value)
{
	hold(message[0] != '\0');
	for (const char *c = message; *c; c++)
		hold(*c >= ' ' && *c <= '~');
	for (size_t i = 0; i < value.len; i++) {
		if (base64_run((struct ups_text) { value.at + i, value.len - i }) >= 16)
			hold(!memmem(message, strlen(message), value.at + i, 16));
	}
}

static void check_keys(const struct ups_sdes_crypto *c)
{
	hold(c->tag <= UPS_SDES_TAG_MAX && c->suite < UPS_SUITE_COUNT);
	hold(c->key_count <= UPS_SDES_KEYS_MAX && !c->suite == !c->key_count);
	hold(c->kdr <= 24 && (!c->window || c->window >= 64));
	for (unsigned int i = 0; i < c->key_count; i++) {
		hold(c->key[i].master.size == ups_sdes_master_size(c->suite));
		hold(c->key[i].lifetime <= UPS_SDES_LIFETIME_MAX);
		hold(c->key[i].mki_len == c->key[0].mki_len);
		hold(c->key_count == 1 || c->key[i].mki_len);
	}
}

static void check_again(const struct ups_sdes_crypto *c)
{
	char text[1024];
	struct ups_buf b = ups_buf_init(text, sizeof(text));
	struct ups_sdes_crypto again;

	ups_sdes_put_crypto(&b, c->tag, c->suite, &c->key[0], c->unencrypted_srtcp);
	hold(ups_buf_ok(&b));
	hold(!ups_sdes_parse_crypto(ups_buf_text(&b), &again, NULL));
	hold(again.tag == c->tag && again.suite == c->suite && again.key_count == 1);
	hold(again.unencrypted_srtcp == c->unencrypted_srtcp);
	hold(again.key[0].lifetime == c->key[0].lifetime &&
	     again.key[0].mki_len == c->key[0].mki_len);
	hold(!memcmp(again.key[0].mki, c->key[0].mki, sizeof(c->key[0].mki)));
	hold(!memcmp(again.key[0].master.data, c->key[0].master.data, c->key[0].master.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_text value = { (const char *)data, size };
	struct ups_sdes_crypto c;
	struct ups_errmsg msg = { "" };

	memset(&c, 0xa5, sizeof(c));
	if (ups_sdes_parse_crypto(value, &c, &msg)) {
		hold(is_wiped(&c, sizeof(c)));
		check_message(msg.text, value);
		return 0;
	}
	check_keys(&c);
	if (c.suite)
		check_again(&c);
	return 0;
}
