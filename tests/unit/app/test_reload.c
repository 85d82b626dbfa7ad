// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SIGHUP: what changes while running, what waits for a restart, and a broken file that changes nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/reload.h"

#define IFACES "interfaces:\n  - {name: users, device: eth0, v4: 192.0.2.1, kind: conv}\n"
#define RULE(name, protection) "policy:\n  - {name: " name ", protection: " protection "}\n"

static char path[] = "/tmp/upsec-reload-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

/* A daemon that was started with @text */
static struct ups_daemon *started(const char *text)
{
	struct ups_daemon *d = calloc(1, sizeof(*d));
	struct ups_errmsg msg = {};

	assert_non_null(d);
	write_file(text);
	if (ups_config_load(path, &d->config, &msg))
		fail_msg("%s", msg.text);
	return d;
}

static void reload(struct ups_daemon *d, const char *text, struct ups_reload_result *result)
{
	struct ups_errmsg msg = {};

	write_file(text);
	if (ups_reload(d, result, &msg))
		fail_msg("%s", msg.text);
}

static void policy_sources_timeout_and_level_change_at_once(void **state)
{
	struct ups_daemon *d = started(IFACES RULE("old", "require"));
	const struct ups_policy *policy = &d->config.policy;
	struct ups_reload_result result;

	(void)state;
	reload(d,
	       IFACES RULE("new", "prefer") "timeouts: {media: 7}\nlog: {level: error}\n"
					    "control: {ng: {allow: [{network: 10.0.0.0/8}]}}\n",
	       &result);
	assert_int_equal(result.restart_count, 0);
	assert_string_equal(result.restart, "");
	assert_int_equal(policy->count, 1);
	assert_string_equal(policy->rule[0].name, "new");
	assert_int_equal(policy->rule[0].protection, UPS_PREFER);
	assert_int_equal(d->config.media_timeout_s, 7);
	assert_int_equal(d->config.log_level, UPS_LOG_ERROR);
	assert_int_equal(d->config.ng.allow_count, 1);
	assert_int_equal(d->config.ng.allow[0].bits, 96 + 8);
	free(d);
}

static void the_rest_is_named_once_and_stays(void **state)
{
	struct ups_daemon *d = started(IFACES);
	struct ups_reload_result result;

	(void)state;
	reload(d,
	       "interfaces:\n  - {name: users, device: eth1, v4: 192.0.2.1, kind: conv}\n"
	       "lane: udp\nworkers: 3\nxdp: {mode: off}\nlimits: {sessions: 9, registrations: 5}\n"
	       "control: {netlink: {group: voice}, ng: {listen: [127.0.0.1:2223], connections: 3}}\n"
	       "dtls: {certificate: /c, key: /k}\n",
	       &result);
	assert_string_equal(result.restart,
			    "lane, workers, xdp.mode, limits.sessions, limits.registrations, "
			    "control.netlink.group, dtls.certificate, dtls.key, interfaces, "
			    "control.ng.listen, control.ng.connections");
	assert_int_equal(result.restart_count, 11);
	assert_string_equal(d->config.iface[0].device, "eth0");
	assert_int_equal(d->config.lane, UPS_CHOOSE_AUTO);
	assert_int_equal(d->config.limits.sessions, 2048);
	assert_int_equal(d->config.ng.listen_count, 0);
	free(d);
}

static void broken_file_changes_nothing(void **state)
{
	struct ups_daemon *d = started(IFACES RULE("old", "require") "timeouts: {media: 9}\n");
	struct ups_config before = d->config;
	struct ups_reload_result result;
	struct ups_errmsg msg = {};

	(void)state;
	write_file(IFACES RULE("new", "perhaps") "timeouts: {media: 1}\n");
	assert_int_equal(ups_reload(d, &result, &msg), UPS_E_SYNTAX);
	assert_non_null(strstr(msg.text, ":4: policy[0].protection: expected one of "));
	assert_memory_equal(&before, &d->config, sizeof(before));
	unlink(path);
	assert_int_equal(ups_reload(d, &result, &msg), -ENOENT);
	assert_memory_equal(&before, &d->config, sizeof(before));
	ups_reload_on_hangup(d); /* says so and goes on */
	assert_memory_equal(&before, &d->config, sizeof(before));
	free(d);
}

static void level_of_the_command_line_stands_above_the_file(void **state)
{
	struct ups_daemon *d = started(IFACES);
	struct ups_reload_result result;

	(void)state;
	d->config.log_level = UPS_LOG_ERROR;
	d->config.log_level_given = true;
	reload(d, IFACES "log: {level: debug}\n", &result);
	assert_int_equal(d->config.log_level, UPS_LOG_ERROR);
	free(d);
}

static void without_a_file_there_is_nothing_to_reload(void **state)
{
	struct ups_daemon *d = started(IFACES);
	struct ups_reload_result result;
	struct ups_errmsg msg = {};

	(void)state;
	d->config.without_file = true;
	assert_int_equal(ups_reload(d, &result, &msg), UPS_E_STATE);
	assert_non_null(strstr(msg.text, "without a file"));
	free(d);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	ups_log_set_level(UPS_LOG_INFO);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_sources_timeout_and_level_change_at_once),
		cmocka_unit_test(the_rest_is_named_once_and_stays),
		cmocka_unit_test(broken_file_changes_nothing),
		cmocka_unit_test(level_of_the_command_line_stands_above_the_file),
		cmocka_unit_test(without_a_file_there_is_nothing_to_reload),
	};

	return cmocka_run_group_tests_name("app: reload", tests, make_file, remove_file);
}
