// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of upsecd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/config.h"
#include "app/options.h"

#define WORDS_MAX 6

static int parse(const char *const words[WORDS_MAX], struct ups_options *out,
		 struct ups_errmsg *msg)
{
	char *argv[WORDS_MAX + 2] = { (char *)"upsecd" };
	int argc = 1;

	while (argc <= WORDS_MAX && words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	return ups_options_parse(argc, argv, out, msg);
}

static const struct {
	const char *words[WORDS_MAX];
	int action;
	const char *config;
	int level; /* -1 = not given */
} good[] = {
	{ {}, UPS_RUN, UPS_CONFIG_PATH, -1 },
	{ { "--config", "/a" }, UPS_RUN, "/a", -1 },
	{ { "--config=/a", "-l", "debug" }, UPS_RUN, "/a", UPS_LOG_DEBUG },
	{ { "--log-level", "error" }, UPS_RUN, UPS_CONFIG_PATH, UPS_LOG_ERROR },
	{ { "--check-config" }, UPS_CHECK_CONFIG, UPS_CONFIG_PATH, -1 },
	{ { "--check-config", "/b" }, UPS_CHECK_CONFIG, "/b", -1 },
	{ { "-c", "/c", "--check-config" }, UPS_CHECK_CONFIG, "/c", -1 },
	{ { "--version" }, UPS_VERSION_ONLY, UPS_CONFIG_PATH, -1 },
	{ { "-h" }, UPS_HELP, UPS_CONFIG_PATH, -1 },
};

static void good_lines_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct ups_options o;

		assert_int_equal(parse(good[i].words, &o, NULL), 0);
		assert_int_equal(o.action, good[i].action);
		assert_string_equal(o.config, good[i].config);
		assert_int_equal(o.has_log_level ? (int)o.log_level : -1, good[i].level);
	}
}

static const struct {
	const char *words[WORDS_MAX];
	const char *says;
} bad[] = {
	{ { "--config" }, "--config needs an argument; try --help" },
	{ { "--nonsense" }, "--nonsense is no option of upsecd; try --help" },
	{ { "-x" }, "-x is no option of upsecd; try --help" },
	{ { "file" }, "unexpected argument 'file'; try --help" },
	{ { "--check-config", "a", "b" }, "unexpected argument 'b'; try --help" },
	{ { "-i", "192.0.2.1", "-c", "/a" },
	  "--interface and --config exclude each other; write the interface into the file" },
	{ { "-i", "192.0.2.1", "--check-config" },
	  "--interface runs without a file: there is none to check" },
	{ { "--listen-ng=2223" },
	  "--kind, --listen-ng, --port-min, --port-max, --lane, --user and --xdp need --interface; with a file they are written there" },
	{ { "--port-min", "30000", "-c", "/a" },
	  "--kind, --listen-ng, --port-min, --port-max, --lane, --user and --xdp need --interface; with a file they are written there" },
	{ { "-n1", "-n2", "-n3", "-n4", "-n5" }, "--listen-ng: more than 4 of them" },
	{ { "--interface" }, "--interface needs an argument; try --help" },
	{ { "--log-level", "loud" },
	  "--log-level loud: expected error, warning, notice, info or debug" },
};

static void bad_lines_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ups_errmsg msg = {};
		struct ups_options o;

		assert_int_equal(parse(bad[i].words, &o, &msg), UPS_E_SYNTAX);
		assert_string_equal(msg.text, bad[i].says);
	}
}

static void lines_without_a_file_keep_their_words(void **state)
{
	struct ups_options o;

	(void)state;
	assert_int_equal(
		parse((const char *const[WORDS_MAX]) { "--interface=users/192.0.2.1!203.0.113.1",
						       "-i", "2001:db8::1", "--kind=users=nni",
						       "--listen-ng=127.0.0.1:2223", "-n2224" },
		      &o, NULL),
		0);
	assert_int_equal(o.iface_count, 2);
	assert_string_equal(o.iface[0], "users/192.0.2.1!203.0.113.1");
	assert_string_equal(o.iface[1], "2001:db8::1");
	assert_int_equal(o.kind_count, 1);
	assert_string_equal(o.kind[0], "users=nni");
	assert_int_equal(o.listen_count, 2);
	assert_string_equal(o.listen[1], "2224");
	assert_int_equal(parse((const char *const[WORDS_MAX]) { "-i::1", "-m10000", "-M20000",
								"--lane=udp", "--user=media",
								"--xdp=off" },
			       &o, NULL),
			 0);
	assert_string_equal(o.port_min, "10000");
	assert_string_equal(o.port_max, "20000");
	assert_string_equal(o.lane, "udp");
	assert_string_equal(o.user, "media");
	assert_string_equal(o.xdp, "off");
}

static void help_names_every_option(void **state)
{
	static const char *const names[] = { "--config FILE",
					     "--check-config [FILE]",
					     "--log-level LEVEL",
					     "--version",
					     "--help",
					     "--interface [NAME/]ADDRESS[!ADVERTISED]",
					     "--kind NAME=KIND",
					     "--listen-ng [ADDRESS:]PORT",
					     "--port-min PORT",
					     "--port-max PORT",
					     "--lane LANE",
					     "--user NAME",
					     "--xdp MODE" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(ups_options_help(), names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines_are_understood),
		cmocka_unit_test(bad_lines_are_explained),
		cmocka_unit_test(lines_without_a_file_keep_their_words),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests_name("app: command line", tests, NULL, NULL);
}
