// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests of the ng protocol: see ng.h. What each word does is in ng_words.c. */
#include "proto/ng.h"

#include <errno.h>

#include "proto/ng_words.h"

#define WARNING_MAX 512
#define LIST_LIMIT 32
#define SEEN_MAX 256 /* keys of one dictionary that are compared for repetition */

static const char *const command_names[] = {
	[UPS_NG_PING] = "ping",
	[UPS_NG_OFFER] = "offer",
	[UPS_NG_ANSWER] = "answer",
	[UPS_NG_DELETE] = "delete",
	[UPS_NG_QUERY] = "query",
	[UPS_NG_LIST] = "list",
	[UPS_NG_STATISTICS] = "statistics",
};
#define COMMANDS (sizeof(command_names) / sizeof(command_names[0]))

/* rtpengine's other commands */
static const char *const absent_commands[] = {
	"start recording",
	"stop recording",
	"pause recording",
	"block DTMF",
	"unblock DTMF",
	"block media",
	"unblock media",
	"silence media",
	"unsilence media",
	"start forwarding",
	"stop forwarding",
	"play media",
	"stop media",
	"play DTMF",
	"subscribe request",
	"subscribe answer",
	"unsubscribe",
	"publish",
	"connect",
	"transform",
	"create",
	"create answer",
	"mesh",
	"inject start",
	"inject stop",
	"cli",
	"reset",
	"trickle ICE",
};
#define ABSENT (sizeof(absent_commands) / sizeof(absent_commands[0]))

const char *ups_ng_command_name(enum ups_ng_command command)
{
	return command_names[command];
}

static int parse_command(const struct ups_value *dict, enum ups_ng_command *out,
			 struct ups_errmsg *msg)
{
	struct ups_text name = ups_value_text(dict, "command");

	if (!name.at)
		return ups_fail(msg, UPS_E_SYNTAX, "Dictionary contains no key \"command\"");
	for (unsigned int i = 0; i < COMMANDS; i++) {
		if (ups_key_same(name, ups_text_of(command_names[i]))) {
			*out = (enum ups_ng_command)i;
			return 0;
		}
	}
	for (unsigned int i = 0; i < ABSENT; i++) {
		if (ups_key_same(name, ups_text_of(absent_commands[i])))
			return ups_fail(msg, UPS_E_UNSUPPORTED,
					"command '%s' is not supported: upsec protects and relays "
					"media, it does not change, copy or play it",
					absent_commands[i]);
	}
	return ups_fail(msg, UPS_E_SYNTAX, "Unrecognized command");
}

/* Whether a sibling before @v has the same key: the first counts. Bounded, since the work is quadratic. */
static bool is_repeated(const struct ups_value *dict, const struct ups_value *v)
{
	for (const struct ups_value *w = dict->first; w != v; w = w->next) {
		if (ups_key_same(w->key, v->key))
			return true;
	}
	return false;
}

static int parse_keys(struct ups_ng_parser *p, const struct ups_value *dict)
{
	unsigned int count = 0;
	int err = 0;

	for (const struct ups_value *v = dict->first; v && !err; v = v->next) {
		if (++count > SEEN_MAX)
			return ups_fail(p->msg, UPS_E_SYNTAX, "more than %u keys", SEEN_MAX);
		if (is_repeated(dict, v))
			continue;
		if (ups_key_same(v->key, UPS_TEXT("flags")))
			err = ups_ng_flag_list(p, v);
		else if (ups_key_same(v->key, UPS_TEXT("rtpp-flags")))
			err = v->type == UPS_VALUE_STRING ? ups_ng_raw_flags(p, v->text)
							  : ups_ng_flag_list(p, v);
		else
			err = ups_ng_key(p, v->key, v);
	}
	return err;
}

/* In the order in which rtpengine looks */
static int check_complete(const struct ups_ng_request *r, struct ups_errmsg *msg)
{
	bool media = r->command == UPS_NG_OFFER || r->command == UPS_NG_ANSWER;

	if (media && !r->sdp.len)
		return ups_fail(msg, UPS_E_SYNTAX, "No SDP body in message");
	if ((media || r->command == UPS_NG_DELETE || r->command == UPS_NG_QUERY) && !r->call_id.len)
		return ups_fail(msg, UPS_E_SYNTAX, "No call-id in message");
	if (media && !r->from_tag.len)
		return ups_fail(msg, UPS_E_SYNTAX, "No from-tag in message");
	if (r->command == UPS_NG_ANSWER && !r->to_tag.len)
		return ups_fail(msg, UPS_E_SYNTAX, "No to-tag in message");
	return 0;
}

int ups_ng_parse(const struct ups_value *dict, struct ups_arena *arena, struct ups_ng_request *out,
		 struct ups_errmsg *msg)
{
	struct ups_ng_parser p = { .arena = arena, .out = out, .msg = msg };
	char *warning;
	int err;

	*out = (struct ups_ng_request) { .limit = LIST_LIMIT, .flags = { .delete_delay = -1 } };
	err = parse_command(dict, &out->command, msg);
	if (err || out->command == UPS_NG_PING)
		return err;
	warning = ups_arena_alloc(arena, WARNING_MAX);
	if (!warning)
		return ups_fail(msg, -ENOMEM, "no memory for the request");
	p.warning = ups_buf_init(warning, WARNING_MAX);
	p.media = out->command == UPS_NG_OFFER || out->command == UPS_NG_ANSWER;
	err = parse_keys(&p, dict);
	if (!err)
		err = ups_ng_words_finish(&p);
	return err ? err : check_complete(out, msg);
}
