// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Command line: a table, getopt_long for the grammar. Before any thread exists. */
#include "app/options.h"

#include <getopt.h>
#include <stddef.h>

#include "app/config.h"

/* X(letter, "name", argument, "argument's name", "text") */
#define UPS_OPTIONS(X)                                                                        \
	X('c', "config", required_argument, " FILE", "read FILE instead of " UPS_CONFIG_PATH) \
	X('C', "check-config", no_argument, " [FILE]",                                        \
	  "check the configuration, say what is wrong, change nothing")                       \
	X('l', "log-level", required_argument, " LEVEL",                                      \
	  "error, warning, notice, info or debug; overrides the configuration")               \
	X('V', "version", no_argument, "", "print the version")                               \
	X('h', "help", no_argument, "", "print this text")

#define UPS_X_LONG(letter, name, argument, metavar, text) { name, argument, NULL, letter },
#define UPS_X_HELP(letter, name, argument, metavar, text) "  --" name metavar "\n        " text "\n"

static const struct option long_options[] = { UPS_OPTIONS(UPS_X_LONG) {} };

static const char help[] =
	"usage: upsecd [options]\n"
	"\n"
	"Protects the media of OMA CPM sessions. See upsecd(8) and upsecd.yaml(5).\n"
	"\n" UPS_OPTIONS(UPS_X_HELP);

const char *ups_options_help(void)
{
	return help;
}

/* One option. @letter as getopt_long() returned it. */
static int take(struct ups_options *out, int letter, const char *word, struct ups_errmsg *msg)
{
	switch (letter) {
	case 'c':
		out->config = optarg;
		return 0;
	case 'C':
		out->action = UPS_CHECK_CONFIG;
		return 0;
	case 'l':
		out->has_log_level = true;
		if (!ups_log_parse_level(optarg, &out->log_level))
			return 0;
		return ups_fail(msg, UPS_E_SYNTAX,
				"--log-level %s: expected error, warning, notice, info or debug",
				optarg);
	case 'V':
		out->action = UPS_VERSION_ONLY;
		return 0;
	case 'h':
		out->action = UPS_HELP;
		return 0;
	case ':':
		return ups_fail(msg, UPS_E_SYNTAX, "%s needs an argument; try --help", word);
	default:
		return ups_fail(msg, UPS_E_SYNTAX, "%s is no option of upsecd; try --help", word);
	}
}

int ups_options_parse(int argc, char *argv[], struct ups_options *out, struct ups_errmsg *msg)
{
	int letter, err;

	*out = (struct ups_options) { .action = UPS_RUN, .config = UPS_CONFIG_PATH };
	opterr = 0;
	optind = 0; /* start afresh: tests parse more than one line */
	while ((letter = getopt_long(argc, argv, ":c:Cl:Vh", long_options, NULL)) != -1) {
		err = take(out, letter, argv[optind - 1], msg);
		if (err)
			return err;
	}
	if (out->action == UPS_CHECK_CONFIG && optind < argc)
		out->config = argv[optind++];
	if (optind < argc)
		return ups_fail(msg, UPS_E_SYNTAX, "unexpected argument '%s'; try --help",
				argv[optind]);
	return 0;
}
