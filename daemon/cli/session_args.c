// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Grammar of "session add": see session_args.h. */
#include "cli/session_args.h"

#include <string.h>

#include "base/addr.h"
#include "cli/match.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the parser stands: keywords of this level and of those outside it apply. */
enum level { LEVEL_SESSION, LEVEL_STREAM, LEVEL_LEG };

struct parse {
	struct ups_nl_session_request *out;
	const char **keys;
	struct ups_errmsg *msg;
	enum level level;
	struct ups_nl_stream_request *stream; /* the current one */
	struct ups_nl_leg_request *leg;
	bool has_mode; /* of the current leg */
	char where[32]; /* "stream 0 leg 1: " */
};

struct keyword {
	const char *name;
	enum level level;
	const char *value; /* name of its value in texts, NULL = none */
	const char *const *words; /* the values, if words */
	unsigned int word_count;
	int (*set)(struct parse *p, const struct keyword *k, const char *value);
};

static int expected(const struct parse *p, const struct keyword *k, const char *got)
{
	return ups_fail(p->msg, UPS_E_SYNTAX, "%s%s: expected %s, not \"%.64s\"", p->where, k->name,
			k->value, got);
}

/* ---- values ---- */

static int set_text(const struct parse *p, const struct keyword *k, const char *value, char *out,
		    size_t size)
{
	size_t len = strlen(value);

	if (!len || len >= size)
		return ups_fail(p->msg, UPS_E_RANGE, "%s%s: expected 1 to %zu characters", p->where,
				k->name, size - 1);
	for (size_t i = 0; i < len; i++) {
		if (value[i] < 0x21 || value[i] > 0x7e)
			return ups_fail(p->msg, UPS_E_SYNTAX,
					"%s%s: expected printable ASCII without spaces", p->where,
					k->name);
	}
	memcpy(out, value, len + 1);
	return 0;
}

static int set_word(const struct parse *p, const struct keyword *k, const char *value, uint8_t *out)
{
	int i = ups_match(value, k->words, sizeof(*k->words), k->word_count);

	if (i < 0)
		return expected(p, k, value);
	*out = (uint8_t)i;
	return 0;
}

static int set_number(const struct parse *p, const struct keyword *k, const char *value,
		      uint64_t min, uint64_t max, uint64_t *out)
{
	if (!ups_match_number(value, max, out) || *out < min)
		return expected(p, k, value);
	return 0;
}

static int set_addr(const struct parse *p, const struct keyword *k, const char *value,
		    struct ups_addr *out)
{
	return ups_addr_parse(value, true, out) ? expected(p, k, value) : 0;
}

/* ---- keywords ---- */

static int set_keys(struct parse *p, const struct keyword *k, const char *value)
{
	(void)k;
	if (*p->keys)
		return ups_fail(p->msg, UPS_E_SYNTAX, "keys is given twice");
	*p->keys = value;
	return 0;
}

static int leg_complete(const struct parse *p)
{
	if (!p->leg)
		return 0;
	if (!*p->leg->iface)
		return ups_fail(p->msg, UPS_E_SYNTAX, "%sif is missing", p->where);
	if (!p->has_mode)
		return ups_fail(p->msg, UPS_E_SYNTAX, "%smode is missing", p->where);
	if (!p->leg->remote.port)
		return ups_fail(p->msg, UPS_E_SYNTAX, "%sremote is missing", p->where);
	return 0;
}

static int stream_complete(const struct parse *p)
{
	unsigned int index = p->out->stream_count - 1;

	if (!p->stream)
		return 0;
	if (leg_complete(p))
		return UPS_E_SYNTAX;
	if (!*p->stream->media)
		return ups_fail(p->msg, UPS_E_SYNTAX, "stream %u: media is missing", index);
	if (p->stream->leg_count != UPS_NL_LEG_MAX)
		return ups_fail(p->msg, UPS_E_SYNTAX, "stream %u: expected two legs, not %u", index,
				p->stream->leg_count);
	return 0;
}

static int set_stream(struct parse *p, const struct keyword *k, const char *value)
{
	(void)k;
	(void)value;
	if (stream_complete(p))
		return UPS_E_SYNTAX;
	if (p->out->stream_count == UPS_NL_STREAM_MAX)
		return ups_fail(p->msg, UPS_E_RANGE, "a session has at most %d streams",
				UPS_NL_STREAM_MAX);
	p->stream = &p->out->stream[p->out->stream_count];
	p->leg = NULL;
	p->level = LEVEL_STREAM;
	snprintf(p->where, sizeof(p->where), "stream %u: ", p->out->stream_count);
	p->out->stream_count++;
	return 0;
}

static int set_media(struct parse *p, const struct keyword *k, const char *value)
{
	return set_text(p, k, value, p->stream->media, sizeof(p->stream->media));
}

static int set_lane(struct parse *p, const struct keyword *k, const char *value)
{
	return set_word(p, k, value, &p->stream->lane);
}

static int set_ssrc_limit(struct parse *p, const struct keyword *k, const char *value)
{
	uint64_t n;

	if (set_number(p, k, value, 1, UPS_NL_SSRC_MAX, &n))
		return UPS_E_SYNTAX;
	p->stream->ssrc_limit = (uint16_t)n;
	return 0;
}

static int set_leg(struct parse *p, const struct keyword *k, const char *value)
{
	unsigned int index = p->out->stream_count - 1;

	(void)k;
	(void)value;
	if (leg_complete(p))
		return UPS_E_SYNTAX;
	if (p->stream->leg_count == UPS_NL_LEG_MAX)
		return ups_fail(p->msg, UPS_E_SYNTAX, "stream %u: expected two legs, not three",
				index);
	p->leg = &p->stream->leg[p->stream->leg_count];
	p->level = LEVEL_LEG;
	p->has_mode = false;
	snprintf(p->where, sizeof(p->where), "stream %u leg %u: ", index, p->stream->leg_count);
	p->stream->leg_count++;
	return 0;
}

static int set_iface(struct parse *p, const struct keyword *k, const char *value)
{
	return set_text(p, k, value, p->leg->iface, sizeof(p->leg->iface));
}

static int set_mode(struct parse *p, const struct keyword *k, const char *value)
{
	p->has_mode = true;
	return set_word(p, k, value, &p->leg->mode);
}

static int set_remote(struct parse *p, const struct keyword *k, const char *value)
{
	return set_addr(p, k, value, &p->leg->remote);
}

/* rtcp, rtcp-mux and no-rtcp exclude each other */
static int check_one_rtcp(const struct parse *p)
{
	if (!p->leg->remote_rtcp.port && !p->leg->rtcp_mux && !p->leg->no_rtcp)
		return 0;
	return ups_fail(p->msg, UPS_E_SYNTAX, "%sexpected one of rtcp, rtcp-mux and no-rtcp",
			p->where);
}

static int set_rtcp(struct parse *p, const struct keyword *k, const char *value)
{
	return check_one_rtcp(p) ? UPS_E_SYNTAX : set_addr(p, k, value, &p->leg->remote_rtcp);
}

static int set_rtcp_mux(struct parse *p, const struct keyword *k, const char *value)
{
	(void)k;
	(void)value;
	if (check_one_rtcp(p))
		return UPS_E_SYNTAX;
	p->leg->rtcp_mux = true;
	return 0;
}

static int set_no_rtcp(struct parse *p, const struct keyword *k, const char *value)
{
	(void)k;
	(void)value;
	if (check_one_rtcp(p))
		return UPS_E_SYNTAX;
	p->leg->no_rtcp = true;
	return 0;
}

static int set_port(struct parse *p, const struct keyword *k, const char *value)
{
	uint64_t n;

	if (set_number(p, k, value, 1, UINT16_MAX, &n))
		return UPS_E_SYNTAX;
	p->leg->port = (uint16_t)n;
	return 0;
}

static int set_source(struct parse *p, const struct keyword *k, const char *value)
{
	if (set_word(p, k, value, &p->leg->source))
		return UPS_E_SYNTAX;
	p->leg->source++; /* the words begin after "default" */
	return 0;
}

static int set_tos(struct parse *p, const struct keyword *k, const char *value)
{
	uint64_t n;

	if (set_number(p, k, value, 0, UINT8_MAX, &n))
		return UPS_E_SYNTAX;
	p->leg->tos = (uint8_t)n;
	return 0;
}

#define WORDS(array) array, COUNT(array)
static const struct keyword keywords[] = {
	{ "keys", LEVEL_SESSION, "a file or -", NULL, 0, set_keys },
	{ "stream", LEVEL_SESSION, NULL, NULL, 0, set_stream },
	{ "media", LEVEL_STREAM, "a word such as audio", NULL, 0, set_media },
	{ "lane", LEVEL_STREAM, "auto, udp or xdp", WORDS(ups_nl_choice_words), set_lane },
	{ "ssrc-limit", LEVEL_STREAM, "1 to 16", NULL, 0, set_ssrc_limit },
	{ "leg", LEVEL_STREAM, NULL, NULL, 0, set_leg },
	{ "if", LEVEL_LEG, "a logical interface", NULL, 0, set_iface },
	{ "mode", LEVEL_LEG, "clear, srtp or opaque", WORDS(ups_nl_mode_words), set_mode },
	{ "remote", LEVEL_LEG, "ADDRESS:PORT or [IPV6]:PORT", NULL, 0, set_remote },
	{ "rtcp", LEVEL_LEG, "ADDRESS:PORT or [IPV6]:PORT", NULL, 0, set_rtcp },
	{ "rtcp-mux", LEVEL_LEG, NULL, NULL, 0, set_rtcp_mux },
	{ "no-rtcp", LEVEL_LEG, NULL, NULL, 0, set_no_rtcp },
	{ "port", LEVEL_LEG, "1 to 65535", NULL, 0, set_port },
	{ "source", LEVEL_LEG, "strict or latch", ups_nl_source_words + 1, 2, set_source },
	{ "tos", LEVEL_LEG, "0 to 255", NULL, 0, set_tos },
};

/* The keyword meant at @level: those of the level itself first, so that "m" is mode in a leg and media in a stream. */
static const struct keyword *find_keyword(enum level level, const char *word)
{
	for (int at = (int)level; at >= LEVEL_SESSION; at--) {
		const char *names[COUNT(keywords)];
		int i;

		for (i = 0; i < (int)COUNT(keywords); i++)
			names[i] = (int)keywords[i].level == at ? keywords[i].name : NULL;
		i = ups_match(word, names, sizeof(names[0]), COUNT(keywords));
		if (i >= 0)
			return &keywords[i];
		if (i == UPS_MATCH_AMBIGUOUS)
			return NULL;
	}
	return NULL;
}

static int parse_id(struct parse *p, int argc, char **argv)
{
	static const struct keyword id = { .name = "session id" };

	if (!argc)
		return ups_fail(p->msg, UPS_E_SYNTAX, "expected a session id");
	return set_text(p, &id, argv[0], p->out->id, sizeof(p->out->id));
}

static int parse_words(struct parse *p, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const struct keyword *k = find_keyword(p->level, argv[i]);
		int err;

		if (!k)
			return ups_fail(p->msg, UPS_E_SYNTAX,
					"%s\"%.64s\" is no keyword here, or is short for several",
					p->where, argv[i]);
		if (k->value && i + 1 == argc)
			return ups_fail(p->msg, UPS_E_SYNTAX, "%s%s: expected %s at the end",
					p->where, k->name, k->value);
		err = k->set(p, k, k->value ? argv[++i] : NULL);
		if (err)
			return err;
	}
	if (!p->out->stream_count)
		return ups_fail(p->msg, UPS_E_SYNTAX, "expected at least one stream");
	return stream_complete(p);
}

int ups_session_args_parse(int argc, char **argv, struct ups_nl_session_request *out,
			   const char **keys, struct ups_errmsg *msg)
{
	struct parse p = { .out = out, .keys = keys, .msg = msg };
	int err;

	memset(out, 0, sizeof(*out));
	*keys = NULL;
	err = parse_id(&p, argc, argv);
	return err ? err : parse_words(&p, argc - 1, argv + 1);
}

/* ---- completion ---- */

static void complete_value(const struct keyword *k, FILE *out)
{
	for (unsigned int i = 0; i < k->word_count; i++)
		fprintf(out, "%s\n", k->words[i]);
}

void ups_session_args_complete(int argc, char **argv, FILE *out)
{
	enum level level = LEVEL_SESSION;

	for (int i = 1; i < argc; i++) {
		const struct keyword *k = find_keyword(level, argv[i]);

		if (!k)
			continue;
		if (k->set == set_stream || k->set == set_leg)
			level = k->set == set_leg ? LEVEL_LEG : LEVEL_STREAM;
		if (k->value && ++i == argc) {
			complete_value(k, out);
			return;
		}
	}
	for (unsigned int i = 0; argc && i < COUNT(keywords); i++) {
		if (keywords[i].level <= level)
			fprintf(out, "%s\n", keywords[i].name);
	}
}
