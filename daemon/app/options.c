// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Command line: a table, getopt_long for the grammar. Before any thread exists. */
#include "app/options.h"

#include <getopt.h>
#include <stddef.h>

#include "app/config.h"

/* Without a letter */
enum { KIND = 256, LANE, USER, XDP };

/* X(letter, "name", argument, "argument's name", "text") */
#define UPS_OPTIONS(X)                                                                        \
	X('c', "config", required_argument, " FILE", "read FILE instead of " UPS_CONFIG_PATH) \
	X('C', "check-config", no_argument, " [FILE]",                                        \
	  "check the configuration, say what is wrong, change nothing")                       \
	X('l', "log-level", required_argument, " LEVEL",                                      \
	  "error, warning, notice, info or debug; overrides the configuration")               \
	X('i', "interface", required_argument, " [NAME/]ADDRESS[!ADVERTISED]",                \
	  "run without a file: logical interface NAME (or default) with a local address;\n"   \
	  "        repeatable, and twice for one NAME with both families")                    \
	X(KIND, "kind", required_argument, " NAME=KIND",                                      \
	  "what is behind interface NAME: conv (default), nni or iwf; repeatable")            \
	X('n', "listen-ng", required_argument, " [ADDRESS:]PORT",                             \
	  "take ng requests there, from this machine only; 127.0.0.1 by default; repeatable") \
	X('m', "port-min", required_argument, " PORT", "lowest media port, even; 30000")      \
	X('M', "port-max", required_argument, " PORT", "highest media port; 40000")           \
	X(LANE, "lane", required_argument, " LANE", "auto, xdp or udp")                       \
	X(USER, "user", required_argument, " NAME", "user to run as")                         \
	X(XDP, "xdp", required_argument, " MODE", "auto, native, generic or off")             \
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

static int append(const char **list, unsigned int room, unsigned int *count, const char *word,
		  struct ups_errmsg *msg)
{
	if (*count == room)
		return ups_fail(msg, UPS_E_SYNTAX, "%s: more than %u of them", word, room);
	list[(*count)++] = optarg;
	return 0;
}

/* The options that stand for a file. */
static int take_fileless(struct ups_options *out, int letter, struct ups_errmsg *msg)
{
	switch (letter) {
	case 'i':
		return append(out->iface, 2 * UPS_IFACES_MAX, &out->iface_count, "--interface",
			      msg);
	case KIND:
		return append(out->kind, UPS_IFACES_MAX, &out->kind_count, "--kind", msg);
	case 'n':
		return append(out->listen, UPS_NG_LISTEN_MAX, &out->listen_count, "--listen-ng",
			      msg);
	case 'm':
		out->port_min = optarg;
		break;
	case 'M':
		out->port_max = optarg;
		break;
	case LANE:
		out->lane = optarg;
		break;
	case USER:
		out->user = optarg;
		break;
	default:
		out->xdp = optarg;
		break;
	}
	return 0;
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
	case 'i':
	case 'n':
	case 'm':
	case 'M':
	case KIND:
	case LANE:
	case USER:
	case XDP:
		return take_fileless(out, letter, msg);
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

/* A file or the options that stand for one, never both: nobody should have to guess which counts. */
static int check(const struct ups_options *o, bool has_config, struct ups_errmsg *msg)
{
	bool fileless = o->kind_count || o->listen_count || o->port_min || o->port_max || o->lane ||
			o->user || o->xdp;

	if (o->iface_count && o->action == UPS_CHECK_CONFIG)
		return ups_fail(msg, UPS_E_SYNTAX,
				"--interface runs without a file: there is none to check");
	if (o->iface_count && has_config)
		return ups_fail(msg, UPS_E_SYNTAX,
				"--interface and --config exclude each other; write the interface "
				"into the file");
	if (fileless && !o->iface_count)
		return ups_fail(msg, UPS_E_SYNTAX,
				"--kind, --listen-ng, --port-min, --port-max, --lane, --user and "
				"--xdp need --interface; with a file they are written there");
	return 0;
}

int ups_options_parse(int argc, char *argv[], struct ups_options *out, struct ups_errmsg *msg)
{
	bool has_config = false;
	int letter, err;

	*out = (struct ups_options) { .action = UPS_RUN, .config = UPS_CONFIG_PATH };
	opterr = 0;
	optind = 0; /* start afresh: tests parse more than one line */
	while ((letter = getopt_long(argc, argv, ":c:Cl:i:n:m:M:Vh", long_options, NULL)) != -1) {
		err = take(out, letter, argv[optind - 1], msg);
		if (err)
			return err;
		has_config |= letter == 'c';
	}
	if (out->action == UPS_CHECK_CONFIG && optind < argc)
		out->config = argv[optind++];
	if (optind < argc)
		return ups_fail(msg, UPS_E_SYNTAX, "unexpected argument '%s'; try --help",
				argv[optind]);
	return check(out, has_config, msg);
}
