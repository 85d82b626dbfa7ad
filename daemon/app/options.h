/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The command line of upsecd(8), from one table: parsing and --help. With --interface there is no configuration file, and what the options
 * say is turned into a configuration by app/fileless.h; letters and spellings are rtpengine's where it has them.
 */
#ifndef UPSEC_APP_OPTIONS_H
#define UPSEC_APP_OPTIONS_H

#include <stdbool.h>

#include "app/config.h"
#include "base/err.h"
#include "base/log.h"

struct ups_options {
	enum { UPS_RUN, UPS_CHECK_CONFIG, UPS_HELP, UPS_VERSION_ONLY } action;
	const char *config; /* path; UPS_CONFIG_PATH unless given */
	bool has_log_level; /* overrides the configuration's */
	enum ups_log_level log_level;
	/* without a file, as written */
	const char *iface[2 * UPS_IFACES_MAX]; /* NAME/ADDRESS[!ADVERTISED], one for each family */
	unsigned int iface_count; /* 0 = with a file */
	const char *kind[UPS_IFACES_MAX]; /* NAME=KIND */
	unsigned int kind_count;
	const char *listen[UPS_NG_LISTEN_MAX]; /* [ADDRESS:]PORT */
	unsigned int listen_count;
	const char *port_min, *port_max, *lane, *user, *xdp; /* NULL = not given */
};

/* UPS_E_SYNTAX with @msg. Strings point into @argv, whose order getopt may change. */
int ups_options_parse(int argc, char *argv[], struct ups_options *out,
		      struct ups_errmsg *msg) __must_check;
/* The text of --help; static. */
const char *ups_options_help(void);

#endif
