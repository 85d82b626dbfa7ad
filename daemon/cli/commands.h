/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands. Each takes the words after its own name and returns enum ups_exit. */
#ifndef UPSEC_CLI_COMMANDS_H
#define UPSEC_CLI_COMMANDS_H

#include "cli/cli.h"

typedef int (*ups_command_fn)(struct ups_cli *cli, int argc, char **argv);

int ups_cmd_status(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_session_add(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_session_show(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_session_list(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_session_del(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_flow_list(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_stats(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_monitor(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_key_generate(struct ups_cli *cli, int argc, char **argv);

/* Ids of the sessions that exist, one for each line; nothing if they cannot be had. For completion. */
void ups_cmd_print_ids(struct ups_cli *cli);

#endif
