/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands. Each takes the words after its own name and returns enum ups_exit. */
#ifndef UPSEC_CLI_COMMANDS_H
#define UPSEC_CLI_COMMANDS_H

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"

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

int ups_cmd_registration_list(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_registration_add(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_registration_del(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_policy_show(struct ups_cli *cli, int argc, char **argv);
int ups_cmd_policy_check(struct ups_cli *cli, int argc, char **argv);

/* ---- shared by the files of commands ---- */

/* Opens, calls once, closes. -> exit status */
int ups_cmd_call(struct ups_cli *cli, const struct ups_client_call *call);
/* An error if there is a word. -> exit status */
int ups_cmd_no_arguments(struct ups_cli *cli, int argc, char **argv);
/* Prints @value with -j unless @status says that the command failed; takes it. -> exit status */
int ups_cmd_finish_json(struct ups_cli *cli, json_t *value, int status);

/* Ids of the sessions that exist, one for each line; nothing if they cannot be had. For completion. */
void ups_cmd_print_ids(struct ups_cli *cli);

#endif
