// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Options, the table of commands, and what follows from it: help and completion. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check_args.h"
#include "cli/commands.h"
#include "cli/match.h"
#include "cli/session_args.h"
#include "proto/nl_msg.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What completes the words after a command. */
enum complete {
	COMPLETE_NONE,
	COMPLETE_ID,
	COMPLETE_ADD,
	COMPLETE_FLOW,
	COMPLETE_SUITE,
	COMPLETE_REGISTRATION,
	COMPLETE_CHECK,
};

struct command {
	const char *object; /* first word */
	const char *verb; /* second word, NULL = there is none */
	const char *arguments;
	const char *help;
	ups_command_fn run;
	enum complete complete;
};

static int cmd_help(struct ups_cli *cli, int argc, char **argv);
static int cmd_complete(struct ups_cli *cli, int argc, char **argv);

/* The first row of an object is what the object alone does. A command without help is for scripts only. */
static const struct command commands[] = {
	{ "status", NULL, "", "the daemon, its lanes and devices", ups_cmd_status, 0 },
	{ "session", "list", "", "one line for each stream of each session", ups_cmd_session_list,
	  0 },
	{ "session", "add", "ID [keys FILE|-] STREAM...", "set up a session; prints its addresses",
	  ups_cmd_session_add, COMPLETE_ADD },
	{ "session", "show", "[ID]", "streams, legs, lanes and counters", ups_cmd_session_show,
	  COMPLETE_ID },
	{ "session", "del", "ID...", "remove sessions", ups_cmd_session_del, COMPLETE_ID },
	{ "flow", "list", "[session ID]", "lanes, packets, SSRCs and drops of each direction",
	  ups_cmd_flow_list, COMPLETE_FLOW },
	{ "stats", NULL, "", "packets dropped and passed, by reason", ups_cmd_stats, 0 },
	{ "monitor", NULL, "[count N]", "events as they happen", ups_cmd_monitor, 0 },
	{ "policy", "show", "", "the provider's rules, in the order in which they are tried",
	  ups_cmd_policy_show, 0 },
	{ "policy", "check", "from IF to IF [WORD...] [sdp FILE|-]",
	  "what would become of an offer, and why", ups_cmd_policy_check, COMPLETE_CHECK },
	{ "registration", "list", "", "CPM Addresses and where each may send from",
	  ups_cmd_registration_list, 0 },
	{ "registration", "add", "ADDRESS source IP [expires S]", "register, or renew",
	  ups_cmd_registration_add, COMPLETE_REGISTRATION },
	{ "registration", "del", "ADDRESS [source IP]", "end a registration, and its media",
	  ups_cmd_registration_del, COMPLETE_REGISTRATION },
	{ "key", "generate", "SUITE", "a random key, in the form of a key file",
	  ups_cmd_key_generate, COMPLETE_SUITE },
	{ "help", NULL, "[COMMAND]", "this text", cmd_help, 0 },
	{ "complete", NULL, "WORD...", NULL, cmd_complete, 0 },
};

int ups_cli_fail(struct ups_cli *cli, enum ups_exit status, const char *fmt, ...)
{
	va_list ap;

	fprintf(cli->err, "upsec: ");
	va_start(ap, fmt);
	vfprintf(cli->err, fmt, ap);
	va_end(ap);
	fputc('\n', cli->err);
	return status;
}

/* ---- help ---- */

static const char add_help[] =
	"\n"
	"STREAM := stream media WORD [lane auto|udp|xdp] [ssrc-limit N] LEG LEG\n"
	"LEG := leg if INTERFACE mode clear|srtp|opaque remote ADDRESS:PORT\n"
	"       [rtcp ADDRESS:PORT | rtcp-mux | no-rtcp] [port N] [source strict|latch] [tos N]\n"
	"Each line of a key file:\n"
	"  STREAM LEG rx|tx SUITE inline:BASE64[|LIFETIME][|MKI:LENGTH] [UNENCRYPTED_SRTCP]\n";

static const char check_help[] =
	"\n"
	"policy check from INTERFACE to INTERFACE [transport PROFILE]\n"
	"       [user-protection none|preferred|required]\n"
	"       [signalling none|integrity|encrypted[,none|integrity|encrypted]]\n"
	"       [cpm-address ADDRESS] [registered-source IP] [authenticated yes|no]\n"
	"       [call-id ID] [from-tag TAG] [to-tag TAG] [answer] [show-sdp] [sdp FILE|-]\n";

static void print_command(FILE *out, const struct command *c)
{
	char line[96];

	if (!c->help)
		return;
	snprintf(line, sizeof(line), "%s%s%s %s", c->object, c->verb ? " " : "",
		 c->verb ? c->verb : "", c->arguments);
	fprintf(out, "  upsec %-40s %s\n", line, c->help);
}

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: upsec [-j|--json] [-V|--version] [-h|--help] COMMAND ...\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		print_command(out, &commands[i]);
	fprintf(out, "Commands and keywords may be abbreviated. Details: man upsec\n");
}

static void print_object(FILE *out, const char *object)
{
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (!strcmp(commands[i].object, object))
			print_command(out, &commands[i]);
	}
	if (!strcmp(object, "session"))
		fputs(add_help, out);
	if (!strcmp(object, "policy"))
		fputs(check_help, out);
	for (size_t i = 1; !strcmp(object, "key") && i < UPS_SUITE_COUNT; i++)
		fprintf(out, "    %s\n", ups_nl_suite_words[i]);
}

static int find_object(const char *word)
{
	return ups_match(word, &commands[0].object, sizeof(commands[0]), COUNT(commands));
}

static int cmd_help(struct ups_cli *cli, int argc, char **argv)
{
	int i = argc ? find_object(argv[0]) : UPS_MATCH_NONE;

	if (argc && i < 0)
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "there is no command \"%.64s\"", argv[0]);
	if (i >= 0)
		print_object(cli->out, commands[i].object);
	else
		print_usage(cli->out);
	return UPS_EXIT_OK;
}

/* ---- dispatch ---- */

/* The rows of one object: [*first, *first + -> count) */
static unsigned int object_rows(const char *object, unsigned int *first)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < COUNT(commands); i++) {
		if (strcmp(commands[i].object, object))
			continue;
		if (!count++)
			*first = i;
	}
	return count;
}

/* -> the command that the words begin with and *used of them, or NULL */
static const struct command *find_command(int argc, char **argv, int *used)
{
	unsigned int first = 0, count;
	int i = find_object(argv[0]);

	if (i < 0)
		return NULL;
	count = object_rows(commands[i].object, &first);
	*used = 1;
	if (!commands[first].verb || argc == 1)
		return &commands[first];
	*used = 2;
	i = ups_match(argv[1], &commands[first].verb, sizeof(commands[0]), count);
	return i < 0 ? NULL : &commands[first + (unsigned int)i];
}

static int run_command(struct ups_cli *cli, int argc, char **argv)
{
	const struct command *c;
	int used = 0, object;

	if (!argc) {
		print_usage(cli->err);
		return UPS_EXIT_USAGE;
	}
	c = find_command(argc, argv, &used);
	if (c)
		return c->run(cli, argc - used, argv + used);
	object = find_object(argv[0]);
	if (object == UPS_MATCH_AMBIGUOUS)
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "\"%.64s\" is short for several commands",
				    argv[0]);
	if (object < 0)
		return ups_cli_fail(cli, UPS_EXIT_USAGE,
				    "there is no command \"%.64s\"; see upsec help", argv[0]);
	if (!strcmp(argv[1], "help")) {
		print_object(cli->out, commands[object].object);
		return UPS_EXIT_OK;
	}
	ups_cli_fail(cli, UPS_EXIT_USAGE, "%s: there is no \"%.64s\"; expected",
		     commands[object].object, argv[1]);
	print_object(cli->err, commands[object].object);
	return UPS_EXIT_USAGE;
}

/* ---- completion ---- */

static void complete_commands(FILE *out)
{
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (commands[i].help && (!i || strcmp(commands[i].object, commands[i - 1].object)))
			fprintf(out, "%s\n", commands[i].object);
	}
	fprintf(out, "--json\n--version\n--help\n");
}

static void complete_verbs(FILE *out, const char *object)
{
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (commands[i].verb && !strcmp(commands[i].object, object))
			fprintf(out, "%s\n", commands[i].verb);
	}
}

static void complete_arguments(struct ups_cli *cli, const struct command *c, int argc, char **argv)
{
	switch (c->complete) {
	case COMPLETE_ADD:
		ups_session_args_complete(argc, argv, cli->out);
		break;
	case COMPLETE_FLOW:
		if (argc == 0)
			fprintf(cli->out, "session\n");
		else if (argc == 1)
			ups_cmd_print_ids(cli);
		break;
	case COMPLETE_ID:
		ups_cmd_print_ids(cli);
		break;
	case COMPLETE_SUITE:
		for (int i = 1; !argc && i < UPS_SUITE_COUNT; i++)
			fprintf(cli->out, "%s\n", ups_nl_suite_words[i]);
		break;
	case COMPLETE_REGISTRATION:
		ups_registration_args_complete(argc, argv, cli->out);
		break;
	case COMPLETE_CHECK:
		ups_check_args_complete(argc, argv, cli->out);
		break;
	case COMPLETE_NONE:
		break;
	}
}

/* Prints what may follow the words given, one for each line: bash's completion asks this. */
static int cmd_complete(struct ups_cli *cli, int argc, char **argv)
{
	const struct command *c;
	int used = 0, object;

	while (argc && argv[0][0] == '-') {
		argc--;
		argv++;
	}
	if (!argc) {
		complete_commands(cli->out);
		return UPS_EXIT_OK;
	}
	object = find_object(argv[0]);
	if (object >= 0 && argc == 1 && commands[object].verb) {
		complete_verbs(cli->out, commands[object].object);
		return UPS_EXIT_OK;
	}
	if (object >= 0 && !strcmp(commands[object].object, "help") && argc == 1)
		complete_commands(cli->out);
	c = find_command(argc, argv, &used);
	if (c)
		complete_arguments(cli, c, argc - used, argv + used);
	return UPS_EXIT_OK;
}

/* ---- options ---- */

static int print_version(struct ups_cli *cli)
{
	fprintf(cli->out, cli->json ? "{\"version\": \"%s\"}\n" : "upsec %s\n", UPS_VERSION);
	return UPS_EXIT_OK;
}

int ups_cli_run(struct ups_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool version = false, help = false;
	int option;

	optind = 0; /* the tests call this more than once */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+jVh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			cli->json = true;
			break;
		case 'V':
			version = true;
			break;
		case 'h':
			help = true;
			break;
		default:
			return ups_cli_fail(cli, UPS_EXIT_USAGE,
					    "unknown option %s; see upsec help", argv[optind - 1]);
		}
	}
	if (version)
		return print_version(cli);
	if (help)
		return cmd_help(cli, argc - optind, argv + optind);
	return run_command(cli, argc - optind, argv + optind);
}

int ups_cli_main(int argc, char **argv)
{
	struct ups_cli cli = { .out = stdout, .err = stderr };
	int status = ups_cli_run(&cli, argc, argv);

	/* A full disk is a failure, not a success with half an answer. */
	if (fflush(stdout) || ferror(stdout))
		return status ? status : ups_cli_fail(&cli, UPS_EXIT_FAILED, "output failed");
	return status;
}
