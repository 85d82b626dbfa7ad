// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* upsecd(8): command line, configuration, daemon. Exit status: 0 done, 1 failure, 2 wrong usage or configuration. */
#define UPS_LOG_MODULE "app"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/daemon.h"
#include "app/fileless.h"
#include "app/options.h"
#include "base/log.h"

#define EXIT_USAGE 2

/* A descriptor 0, 1 or 2 that is closed would be given to the next socket, and a log line written into it. */
static int fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	return close(fd);
}

static int complain(const struct ups_errmsg *msg)
{
	fprintf(stderr, "upsecd: %s\n", msg->text);
	return EXIT_USAGE;
}

static int check(const char *path)
{
	struct ups_config config;
	struct ups_errmsg msg;

	if (ups_config_load(path, &config, &msg))
		return complain(&msg);
	printf("%s: %u interfaces, no errors\n", path, config.iface_count);
	return EXIT_SUCCESS;
}

static int run(const struct ups_options *options)
{
	struct ups_config config;
	struct ups_errmsg msg;
	int err = options->iface_count
			  ? ups_fileless_config(options, ups_fileless_device, &config, &msg)
			  : ups_config_load(options->config, &config, &msg);

	if (err)
		return complain(&msg);
	config.log_level_given = options->has_log_level;
	if (options->has_log_level)
		config.log_level = options->log_level;
	return ups_daemon_run(&config) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	struct ups_options options;
	struct ups_errmsg msg;

	if (fill_standard_fds())
		return EXIT_FAILURE;
	if (ups_options_parse(argc, argv, &options, &msg))
		return complain(&msg);
	switch (options.action) {
	case UPS_HELP:
		fputs(ups_options_help(), stdout);
		return EXIT_SUCCESS;
	case UPS_VERSION_ONLY:
		puts("upsecd " UPS_VERSION);
		return EXIT_SUCCESS;
	case UPS_CHECK_CONFIG:
		return check(options.config);
	case UPS_RUN:
		break;
	}
	return run(&options);
}
