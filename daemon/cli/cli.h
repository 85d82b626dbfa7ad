/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * upsec: the command line. What every command has: options, output, exit status. One thread, no state between runs.
 *
 *	main.c		-> ups_cli_main()
 *	cli.c		options, table of commands, help, completion
 *	commands.c	one function for each command; policy.c: those about policy and registrations
 *	session_args.c	grammar of "session add"	keyfile.c	its keys
 *	check_args.c	grammar of "policy check" and of registrations
 *	client.c	netlink, and whom to trust	holder.c	who holds the port id
 *	json.c		any object as JSON		show.c		the same for people
 */
#ifndef UPSEC_CLI_CLI_H
#define UPSEC_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum ups_exit {
	UPS_EXIT_OK = 0,
	UPS_EXIT_FAILED = 1, /* refused, or failed on the way */
	UPS_EXIT_USAGE = 2, /* the command line or the key file is wrong; nothing was sent */
	UPS_EXIT_NOT_RUNNING = 3,
};

struct ups_cli {
	bool json;
	unsigned int timeout_ms; /* for an answer */
	FILE *out, *err;
};

/* Runs a command line; argv[0] is the program's name. -> enum ups_exit */
int ups_cli_main(int argc, char **argv);
/* The same with the streams given. */
int ups_cli_run(struct ups_cli *cli, int argc, char **argv);

/* "upsec: text" on cli->err; -> @status */
int ups_cli_fail(struct ups_cli *cli, enum ups_exit status, const char *fmt, ...)
	__printf_like(3, 4);

#endif
