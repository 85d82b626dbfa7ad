// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The attribute a=crypto, read and written: see sdes.h. Keys themselves are in sdes.c. */
#include "proto/sdes.h"

#include <inttypes.h>
#include <string.h>

static const struct ups_text suite_name[UPS_SUITE_COUNT] = {
#define UPS_X_NAME(n, NAME, sdes, k, s, t, ct, aead) [n] = { sdes, sizeof(sdes) - 1 },
	UPS_SUITES(UPS_X_NAME)
#undef UPS_X_NAME
};

void ups_sdes_crypto_wipe(struct ups_sdes_crypto *c)
{
	ups_wipe(c, sizeof(*c));
}

/* ---- session parameters (RFC 4568 6.3) --------------------------------------------------------------------------- */

static bool take_flag(struct ups_text value, bool *flag)
{
	*flag = true;
	return !value.at;
}

static bool take_unencrypted_srtp(struct ups_text value, struct ups_sdes_crypto *out)
{
	return take_flag(value, &out->unencrypted_srtp);
}

static bool take_unencrypted_srtcp(struct ups_text value, struct ups_sdes_crypto *out)
{
	return take_flag(value, &out->unencrypted_srtcp);
}

static bool take_unauthenticated(struct ups_text value, struct ups_sdes_crypto *out)
{
	return take_flag(value, &out->unauthenticated_srtp);
}

/* The text says 1..24, the grammar 0..24. */
static bool take_kdr(struct ups_text value, struct ups_sdes_crypto *out)
{
	unsigned long long n;

	if (value.len > 2 || !ups_text_number(value, 24, &n))
		return false;
	out->kdr = (uint8_t)n;
	return true;
}

/* A hint without upper limit: more than fits means the largest. */
static bool take_window(struct ups_text value, struct ups_sdes_crypto *out)
{
	unsigned long long n;

	if (!ups_text_number(value, UINT64_MAX, &n) || n < 64)
		return false;
	out->window = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
	return true;
}

static bool take_fec_order(struct ups_text value, struct ups_sdes_crypto *out)
{
	out->fec = true;
	return ups_text_is(value, "FEC_SRTP") || ups_text_is(value, "SRTP_FEC");
}

/* FEC is not served, so its key is not decoded. */
static bool take_fec_key(struct ups_text value, struct ups_sdes_crypto *out)
{
	out->fec = true;
	return value.len > 7 && ups_text_starts(value, "inline:");
}

static const struct parameter {
	const char *name;
	bool (*take)(struct ups_text value,
		     struct ups_sdes_crypto *out); /* no '=': value.at is NULL */
	const char *expected;
} parameters[] = {
	{ "KDR", take_kdr, "KDR=: expected 0..24" },
	{ "UNENCRYPTED_SRTP", take_unencrypted_srtp, "UNENCRYPTED_SRTP: expected no value" },
	{ "UNENCRYPTED_SRTCP", take_unencrypted_srtcp, "UNENCRYPTED_SRTCP: expected no value" },
	{ "UNAUTHENTICATED_SRTP", take_unauthenticated, "UNAUTHENTICATED_SRTP: expected no value" },
	{ "FEC_ORDER", take_fec_order, "FEC_ORDER=: expected FEC_SRTP or SRTP_FEC" },
	{ "FEC_KEY", take_fec_key, "FEC_KEY=: expected inline:..." },
	{ "WSH", take_window, "WSH=: expected a number from 64 on" },
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* @seen has a bit for every row that was there. */
static int parse_parameter(struct ups_text word, unsigned int *seen, struct ups_sdes_crypto *out,
			   struct ups_errmsg *msg)
{
	struct ups_text value = word, name = ups_text_cut(&value, '=');

	if (word.len > 1 && word.at[0] == '-')
		return 0;
	if (name.len == word.len)
		value.at = NULL;
	for (size_t i = 0; i < PARAMETERS; i++) {
		if (!ups_text_is(name, parameters[i].name))
			continue;
		if (*seen & 1u << i)
			return ups_fail(msg, UPS_E_SYNTAX, "%s: expected only once",
					parameters[i].name);
		*seen |= 1u << i;
		return parameters[i].take(value, out)
			       ? 0
			       : ups_fail(msg, UPS_E_SYNTAX, "%s", parameters[i].expected);
	}
	return ups_fail(msg, UPS_E_SYNTAX,
			"unknown session parameter; expected a known one, or '-' before its name");
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

/* Several keys are told apart by MKI alone (RFC 4568 6.1), so that no packet is tried with every one of them. */
static int check_keys(const struct ups_sdes_crypto *c, struct ups_errmsg *msg)
{
	for (unsigned int i = 1; i < c->key_count; i++) {
		const struct ups_sdes_key *k = &c->key[i];

		if (!k->mki_len || k->mki_len != c->key[0].mki_len)
			return ups_fail(msg, UPS_E_SYNTAX,
					"several keys: expected an MKI of one length for each");
		for (unsigned int j = 0; j < i; j++) {
			if (!memcmp(k->mki, c->key[j].mki, k->mki_len))
				return ups_fail(msg, UPS_E_SYNTAX,
						"several keys: expected different MKIs");
			if (ups_equal(k->master.data, c->key[j].master.data, k->master.size))
				return ups_fail(msg, UPS_E_SYNTAX,
						"several keys: expected different keys");
		}
	}
	return 0;
}

static int parse_keys(struct ups_text text, struct ups_sdes_crypto *out, struct ups_errmsg *msg)
{
	int err = 0;

	if (!text.len || text.at[text.len - 1] == ';')
		return ups_fail(msg, UPS_E_SYNTAX, "expected inline:...[;inline:...]");
	while (text.len && !err) {
		struct ups_text key = ups_text_cut(&text, ';');

		if (out->key_count == UPS_SDES_KEYS_MAX)
			return ups_fail(msg, UPS_E_RANGE, "more than %d keys", UPS_SDES_KEYS_MAX);
		err = ups_sdes_parse_key(out->suite, key.at, key.len, &out->key[out->key_count++],
					 msg);
	}
	return err ? err : check_keys(out, msg);
}

/* ---- attribute --------------------------------------------------------------------------------------------------- */

static bool is_suite_name(struct ups_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '_'))
			return false;
	}
	return t.len > 0;
}

static uint8_t suite_of(struct ups_text name)
{
	for (uint8_t i = 1; i < UPS_SUITE_COUNT; i++) {
		if (ups_text_same(name, suite_name[i]))
			return i;
	}
	return UPS_SUITE_NONE;
}

static int parse(struct ups_text rest, struct ups_sdes_crypto *out, struct ups_errmsg *msg)
{
	struct ups_text tag = ups_text_word(&rest), suite = ups_text_word(&rest);
	struct ups_text keys = ups_text_word(&rest), word;
	unsigned long long number;
	unsigned int seen = 0;
	int err;

	if (tag.len > 9 || !ups_text_number(tag, UPS_SDES_TAG_MAX, &number))
		return ups_fail(msg, UPS_E_SYNTAX, "tag: expected 1..9 digits");
	if (!is_suite_name(suite))
		return ups_fail(msg, UPS_E_SYNTAX, "suite: expected letters, digits and _");
	if (!keys.len)
		return ups_fail(msg, UPS_E_SYNTAX, "expected key parameters behind the suite");
	out->tag = (uint32_t)number;
	out->suite = suite_of(suite);
	if (!out->suite)
		return 0;
	err = parse_keys(keys, out, msg);
	while (!err && (word = ups_text_word(&rest)).len)
		err = parse_parameter(word, &seen, out, msg);
	return err;
}

int ups_sdes_parse_crypto(struct ups_text value, struct ups_sdes_crypto *out,
			  struct ups_errmsg *msg)
{
	int err;

	memset(out, 0, sizeof(*out));
	err = parse(value, out, msg);
	if (err)
		ups_sdes_crypto_wipe(out);
	return err;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* 2^n where it is one, which every peer reads; else the number. */
static void put_lifetime(struct ups_buf *buf, uint64_t lifetime)
{
	if (lifetime > 1 && !(lifetime & (lifetime - 1)))
		ups_buf_printf(buf, "|2^%d", __builtin_ctzll(lifetime));
	else
		ups_buf_printf(buf, "|%" PRIu64, lifetime);
}

/* Divides the big-endian number by ten. -> remainder */
static unsigned int divide(uint8_t *bytes, size_t size)
{
	unsigned int rest = 0;

	for (size_t i = 0; i < size; i++) {
		rest = rest << 8 | bytes[i];
		bytes[i] = (uint8_t)(rest / 10);
		rest %= 10;
	}
	return rest;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	while (size && !bytes[size - 1])
		size--;
	return !size;
}

static void put_mki(struct ups_buf *buf, const struct ups_sdes_key *key)
{
	char digits[UPS_MKI_MAX * 3]; /* a byte is less than three digits */
	uint8_t number[UPS_MKI_MAX];
	size_t at = sizeof(digits);

	memcpy(number, key->mki, key->mki_len);
	while (!is_zero(number, key->mki_len))
		digits[--at] = (char)('0' + divide(number, key->mki_len));
	if (at == sizeof(digits))
		buf->failed = true; /* an MKI is positive */
	ups_buf_bytes(buf, "|", 1);
	ups_buf_bytes(buf, digits + at, sizeof(digits) - at);
	ups_buf_printf(buf, ":%u", key->mki_len);
}

void ups_sdes_put_crypto(struct ups_buf *buf, uint32_t tag, uint8_t suite,
			 const struct ups_sdes_key *key, bool unencrypted_srtcp)
{
	char text[UPS_SDES_TEXT];

	if (tag > UPS_SDES_TAG_MAX || !ups_sdes_master_size(suite) ||
	    key->master.size != ups_sdes_master_size(suite) || key->mki_len > UPS_MKI_MAX) {
		buf->failed = true;
		return;
	}
	ups_buf_printf(buf, "%" PRIu32 " %s ", tag, suite_name[suite].at);
	ups_sdes_format_key(&key->master, text);
	ups_buf_str(buf, text);
	ups_wipe(text, sizeof(text));
	if (key->lifetime)
		put_lifetime(buf, key->lifetime);
	if (key->mki_len)
		put_mki(buf, key);
	if (unencrypted_srtcp)
		ups_buf_str(buf, " UNENCRYPTED_SRTCP");
}
