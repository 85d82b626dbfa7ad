// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Grammar of registrations and of "policy check": see check_args.h. */
#include "cli/check_args.h"

#include <string.h>

#include "base/addr.h"
#include "cli/match.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct keyword {
	const char *name;
	const char *value; /* name of its value in texts, NULL = none */
	const char *const *words; /* the values, if words */
	unsigned int word_count;
	size_t offset, size; /* of the member */
	int (*set)(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg);
};

/* ---- values ---- */

static int expected(const struct keyword *k, const char *got, struct ups_errmsg *msg)
{
	return ups_fail(msg, UPS_E_SYNTAX, "%s: expected %s, not \"%.64s\"", k->name, k->value,
			got);
}

static int set_text(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	size_t len = strlen(value);

	if (!len || len >= k->size)
		return ups_fail(msg, UPS_E_RANGE, "%s: expected 1 to %zu characters", k->name,
				k->size - 1);
	for (size_t i = 0; i < len; i++) {
		if (value[i] < 0x21 || value[i] > 0x7e)
			return ups_fail(msg, UPS_E_SYNTAX,
					"%s: expected printable ASCII without spaces", k->name);
	}
	memcpy(member, value, len + 1);
	return 0;
}

static int set_ip(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	return ups_addr_parse(value, false, member) ? expected(k, value, msg) : 0;
}

/* 1 and up: 0 would be "never", which is said by saying nothing. */
static int set_seconds(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	uint64_t n;

	if (!ups_match_number(value, UINT32_MAX, &n) || !n)
		return expected(k, value, msg);
	memcpy(member, &n, sizeof(n));
	return 0;
}

/* The first word of the list is "unsaid", which nobody says. */
static int set_word(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	int i = ups_match(value, k->words, sizeof(*k->words), k->word_count);

	if (i < 0)
		return expected(k, value, msg);
	*(uint8_t *)member = (uint8_t)(i + 1);
	return 0;
}

/* One word for both sides, or two; the members of the sides follow each other. */
static int set_sides(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	char *comma = strchr(value, ',');
	uint8_t *side = member;
	int err;

	if (!comma) {
		err = set_word(k, value, &side[0], msg);
		side[1] = side[0];
		return err;
	}
	*comma = '\0';
	err = set_word(k, value, &side[0], msg);
	return err ? err : set_word(k, comma + 1, &side[1], msg);
}

static int set_flag(const struct keyword *k, char *value, void *member, struct ups_errmsg *msg)
{
	(void)k;
	(void)value;
	(void)msg;
	*(bool *)member = true;
	return 0;
}

/* ---- tables ---- */

#define MEMBER(st, member) offsetof(struct st, member), sizeof(((struct st *)0)->member)
#define R(member) MEMBER(ups_nl_registration, member)
#define C(member) MEMBER(ups_nl_check, member)
/* without the first, "unsaid" or "unknown" */
#define WORDS(array) (array) + 1, COUNT(array) - 1

static const struct keyword registration_keywords[] = {
	{ "source", "an IP address", NULL, 0, R(source), set_ip },
	{ "expires", "seconds, 1 and up", NULL, 0, R(expires), set_seconds },
};
#define DEL_KEYWORDS 1 /* of which "del" has the first */

static const char *const authenticated_words[] = { "unknown", "no", "yes" };
_Static_assert((int)UPS_NL_FACT_NO == 1 && (int)UPS_NL_FACT_YES == 2, "authenticated");
_Static_assert(offsetof(struct ups_nl_check, to_signalling) ==
		       offsetof(struct ups_nl_check, from_signalling) + 1,
	       "sides");

static const struct keyword check_keywords[] = {
	{ "from", "a logical interface", NULL, 0, C(from), set_text },
	{ "to", "a logical interface", NULL, 0, C(to), set_text },
	{ "transport", "a profile such as RTP/SAVP", NULL, 0, C(transport), set_text },
	{ "user-protection", "none, preferred or required", WORDS(ups_nl_wish_words), C(wish),
	  set_word },
	{ "signalling", "none, integrity or encrypted, or two of them with a comma between",
	  WORDS(ups_nl_signalling_words), C(from_signalling), set_sides },
	{ "cpm-address", "an address such as sip:alice@example.net", NULL, 0, C(address),
	  set_text },
	{ "registered-source", "an IP address", NULL, 0, C(source), set_ip },
	{ "authenticated", "yes or no", WORDS(authenticated_words), C(authenticated), set_word },
	{ "call-id", "the Call-ID of a call", NULL, 0, C(call), set_text },
	{ "from-tag", "a tag", NULL, 0, C(from_tag), set_text },
	{ "to-tag", "a tag", NULL, 0, C(to_tag), set_text },
	{ "answer", NULL, NULL, 0, C(answer), set_flag },
	{ "show-sdp", NULL, NULL, 0, C(want_sdp), set_flag },
	{ "sdp", "a file or -", NULL, 0, 0, 0, NULL },
};

struct table {
	const struct keyword *keyword;
	unsigned int count;
};

static const struct keyword *find_keyword(struct table t, const char *word)
{
	int i = ups_match(word, &t.keyword[0].name, sizeof(t.keyword[0]), t.count);

	return i < 0 ? NULL : &t.keyword[i];
}

/* ---- parsing ---- */

/* Words into @out; *file is the value of a keyword that is no member of it. */
static int parse_words(struct table t, int argc, char **argv, void *out, const char **file,
		       struct ups_errmsg *msg)
{
	uint32_t seen = 0;

	for (int i = 0; i < argc; i++) {
		const struct keyword *k = find_keyword(t, argv[i]);
		int err = 0;

		if (!k)
			return ups_fail(msg, UPS_E_SYNTAX,
					"\"%.64s\" is no keyword here, or is short for several",
					argv[i]);
		if (seen & 1u << (k - t.keyword))
			return ups_fail(msg, UPS_E_SYNTAX, "%s is given twice", k->name);
		seen |= 1u << (k - t.keyword);
		if (k->value && ++i == argc)
			return ups_fail(msg, UPS_E_SYNTAX, "%s: expected %s at the end", k->name,
					k->value);
		if (k->set)
			err = k->set(k, argv[i], (char *)out + k->offset, msg);
		else
			*file = argv[i];
		if (err)
			return err;
	}
	return 0;
}

int ups_registration_args_parse(int argc, char **argv, bool add, struct ups_nl_registration *out,
				struct ups_errmsg *msg)
{
	static const struct keyword address = { .name = "CPM Address",
						.size = sizeof(out->address) };
	const struct table t = { registration_keywords,
				 add ? COUNT(registration_keywords) : DEL_KEYWORDS };
	static const struct ups_addr none;
	int err;

	memset(out, 0, sizeof(*out));
	if (!argc)
		return ups_fail(msg, UPS_E_SYNTAX, "expected a CPM Address");
	err = set_text(&address, argv[0], out->address, msg);
	if (!err)
		err = parse_words(t, argc - 1, argv + 1, out, NULL, msg);
	if (!err && add && !memcmp(&out->source, &none, sizeof(none)))
		return ups_fail(msg, UPS_E_SYNTAX, "source is missing");
	return err;
}

int ups_check_args_parse(int argc, char **argv, struct ups_nl_check *out, const char **sdp,
			 struct ups_errmsg *msg)
{
	const struct table t = { check_keywords, COUNT(check_keywords) };
	int err;

	memset(out, 0, sizeof(*out));
	*sdp = "-";
	err = parse_words(t, argc, argv, out, sdp, msg);
	if (err)
		return err;
	if (!*out->from || !*out->to)
		return ups_fail(msg, UPS_E_SYNTAX, "%s is missing", *out->from ? "to" : "from");
	if (out->answer && (!*out->call || !*out->to_tag))
		return ups_fail(msg, UPS_E_SYNTAX, "answer needs call-id, from-tag and to-tag");
	return 0;
}

/* ---- completion ---- */

static void complete(struct table t, int argc, char **argv, FILE *out)
{
	const struct keyword *last = argc ? find_keyword(t, argv[argc - 1]) : NULL;
	const struct keyword *before = argc > 1 ? find_keyword(t, argv[argc - 2]) : NULL;

	/* A value may look like a keyword. */
	if (last && last->value && !(before && before->value)) {
		for (unsigned int i = 0; i < last->word_count; i++)
			fprintf(out, "%s\n", last->words[i]);
		return;
	}
	for (unsigned int i = 0; i < t.count; i++)
		fprintf(out, "%s\n", t.keyword[i].name);
}

void ups_registration_args_complete(int argc, char **argv, FILE *out)
{
	const struct table t = { registration_keywords, COUNT(registration_keywords) };

	if (argc)
		complete(t, argc - 1, argv + 1, out);
}

void ups_check_args_complete(int argc, char **argv, FILE *out)
{
	const struct table t = { check_keywords, COUNT(check_keywords) };

	complete(t, argc, argv, out);
}
