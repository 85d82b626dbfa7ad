// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SDES key parameters: see sdes.h. */
#include "proto/sdes.h"

#include <stdbool.h>
#include <string.h>

static const uint8_t master_size[UPS_SUITE_COUNT] = {
#define UPS_X_SIZE(n, NAME, sdes, k, s, t, ct, aead) [n] = (k) + (s),
	UPS_SUITES(UPS_X_SIZE)
#undef UPS_X_SIZE
};

size_t ups_sdes_master_size(uint8_t suite)
{
	return suite < UPS_SUITE_COUNT ? master_size[suite] : 0;
}

/* A part of the text: [at, at + len) */
struct part {
	const char *at;
	size_t len;
};

static bool is_digits(struct part p)
{
	for (size_t i = 0; i < p.len; i++) {
		if (p.at[i] < '0' || p.at[i] > '9')
			return false;
	}
	return p.len > 0 && p.at[0] != '0';
}

/* Decimal without leading zeros, 1..max. -> 0 if it is none */
static uint64_t number(struct part p, uint64_t max)
{
	uint64_t n = 0;

	if (!is_digits(p) || p.len > 18)
		return 0;
	for (size_t i = 0; i < p.len; i++)
		n = n * 10 + (uint64_t)(p.at[i] - '0');
	return n <= max ? n : 0;
}

static int parse_lifetime(struct part p, struct ups_sdes_key *out, struct ups_errmsg *msg)
{
	if (p.len > 2 && !memcmp(p.at, "2^", 2)) {
		uint64_t n = number((struct part) { p.at + 2, p.len - 2 }, 48);

		out->lifetime = n ? 1ULL << n : 0;
	} else {
		out->lifetime = number(p, UPS_SDES_LIFETIME_MAX);
	}
	if (!out->lifetime)
		return ups_fail(msg, UPS_E_SYNTAX,
				"lifetime: expected packets, 1..2^48, as decimal or 2^n");
	return 0;
}

/* Decimal digits to @size big-endian bytes. -> whether it fits */
static bool to_bytes(struct part digits, uint8_t *bytes, size_t size)
{
	memset(bytes, 0, size);
	for (size_t i = 0; i < digits.len; i++) {
		unsigned int carry = (unsigned int)(digits.at[i] - '0');

		for (size_t b = size; b-- > 0;) {
			carry += bytes[b] * 10u;
			bytes[b] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	return true;
}

static int parse_mki(struct part p, const char *colon, struct ups_sdes_key *out,
		     struct ups_errmsg *msg)
{
	struct part value = { p.at, (size_t)(colon - p.at) };
	struct part length = { colon + 1, p.len - value.len - 1 };

	out->mki_len = (uint8_t)number(length, UPS_MKI_MAX);
	if (!out->mki_len)
		return ups_fail(msg, UPS_E_SYNTAX, "MKI length: expected 1..128 bytes");
	if (!is_digits(value) || !to_bytes(value, out->mki, out->mki_len))
		return ups_fail(msg, UPS_E_SYNTAX,
				"MKI: expected a positive decimal number that fits %u bytes",
				out->mki_len);
	return 0;
}

/* Cuts the first part off *rest, up to a '|' or the end. */
static struct part cut(struct part *rest)
{
	const char *bar = memchr(rest->at, '|', rest->len);
	struct part p = { rest->at, bar ? (size_t)(bar - rest->at) : rest->len };

	rest->at += p.len + !!bar;
	rest->len -= p.len + !!bar;
	return p;
}

static int parse_master(uint8_t suite, struct part p, struct ups_sdes_key *out,
			struct ups_errmsg *msg)
{
	size_t size = ups_sdes_master_size(suite);
	int err = ups_secret_from_base64(&out->master, p.at, p.len);

	if (err == UPS_E_SYNTAX)
		return ups_fail(msg, err, "key: expected base64");
	if (err || out->master.size != size)
		return ups_fail(msg, UPS_E_KEY_LENGTH,
				"key: expected base64 of %zu bytes (key and salt of this suite)",
				size);
	return 0;
}

static int parse(uint8_t suite, struct part rest, struct ups_sdes_key *out, struct ups_errmsg *msg)
{
	static const char prefix[] = "inline:";
	const size_t prefix_len = sizeof(prefix) - 1;
	int err;

	if (!ups_sdes_master_size(suite))
		return ups_fail(msg, UPS_E_SUITE, "unknown suite");
	if (rest.len < prefix_len || memcmp(rest.at, prefix, prefix_len))
		return ups_fail(msg, UPS_E_SYNTAX,
				"expected inline:BASE64[|LIFETIME][|MKI:LENGTH]");
	rest.at += prefix_len;
	rest.len -= prefix_len;
	if (rest.len && rest.at[rest.len - 1] == '|')
		return ups_fail(msg, UPS_E_SYNTAX, "expected a lifetime or an MKI after |");
	err = parse_master(suite, cut(&rest), out, msg);
	/* A lifetime never has a colon, an MKI always has, and the lifetime comes first. */
	while (!err && rest.len) {
		struct part p = cut(&rest);
		const char *colon = memchr(p.at, ':', p.len);

		if (out->mki_len || (!colon && out->lifetime))
			return ups_fail(msg, UPS_E_SYNTAX, "expected at most |LIFETIME|MKI:LENGTH");
		err = colon ? parse_mki(p, colon, out, msg) : parse_lifetime(p, out, msg);
	}
	return err;
}

int ups_sdes_parse_key(uint8_t suite, const char *text, size_t len, struct ups_sdes_key *out,
		       struct ups_errmsg *msg)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = parse(suite, (struct part) { text, len }, out, msg);
	if (err)
		ups_wipe(out, sizeof(*out));
	return err;
}

/* All ones if a < b, for small numbers: no branch and no table on secret bits. */
static unsigned int below(unsigned int a, unsigned int b)
{
	return 0u - ((a - b) >> 31);
}

static char base64_char(unsigned int v)
{
	unsigned int c = v + 'A';

	c += ~below(v, 26) & ('a' - 'A' - 26);
	c += ~below(v, 52) & ('0' - 'a' - 26 + 0u);
	c += ~below(v, 62) & ('+' - '0' - 10 + 0u);
	c += ~below(v, 63) & ('/' - '+' - 1);
	return (char)c;
}

void ups_sdes_format_key(const struct ups_secret *master, char buf[static UPS_SDES_TEXT])
{
	char *out = stpcpy(buf, "inline:");

	for (size_t i = 0; i < master->size && i < 48; i += 3) {
		size_t have = master->size - i < 3 ? master->size - i : 3;
		unsigned int v = (unsigned int)master->data[i] << 16;

		if (have > 1)
			v |= (unsigned int)master->data[i + 1] << 8;
		if (have > 2)
			v |= master->data[i + 2];
		*out++ = base64_char(v >> 18);
		*out++ = base64_char(v >> 12 & 63);
		*out++ = have > 1 ? base64_char(v >> 6 & 63) : '=';
		*out++ = have > 2 ? base64_char(v & 63) : '=';
	}
	*out = '\0';
}
