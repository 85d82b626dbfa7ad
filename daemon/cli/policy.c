// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The commands about policy and registrations: see commands.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/check_args.h"
#include "cli/commands.h"
#include "cli/show.h"

/* ---- lists ---- */

struct list_sink {
	struct ups_cli *cli;
	const struct ups_nl_object *object;
	void (*head)(FILE *out); /* NULL = none */
	void (*show)(struct ups_cli *cli, const void *object);
	json_t *list;
	bool headed;
};

static int sink_list(void *aux, const void *object)
{
	struct list_sink *sink = aux;

	if (sink->cli->json)
		return json_array_append_new(sink->list, ups_json_object(sink->object, object))
			       ? -ENOMEM
			       : 0;
	if (sink->head && !sink->headed)
		sink->head(sink->cli->out);
	sink->headed = true;
	sink->show(sink->cli, object);
	return 0;
}

/* Dumps what @cmd lists, decoded into @into. */
static int list(uint8_t cmd, struct list_sink *sink, void *into)
{
	const struct ups_client_call call = {
		.cmd = cmd,
		.dump = true,
		.reply = sink->object,
		.object = into,
		.fn = sink_list,
		.aux = sink,
	};
	int status;

	sink->list = json_array();
	status = ups_cmd_call(sink->cli, &call);
	return ups_cmd_finish_json(sink->cli, sink->list, status);
}

static void show_registration(struct ups_cli *cli, const void *object)
{
	ups_show_registration(cli->out, object);
}

static void show_rule(struct ups_cli *cli, const void *object)
{
	ups_show_rule(cli->out, object);
}

int ups_cmd_registration_list(struct ups_cli *cli, int argc, char **argv)
{
	static struct ups_nl_registration registration;
	struct list_sink sink = {
		.cli = cli,
		.object = &ups_nl_registration_object,
		.head = ups_show_registration_head,
		.show = show_registration,
	};
	int status = ups_cmd_no_arguments(cli, argc, argv);

	return status ? status : list(UPS_NL_CMD_REGISTRATION_GET, &sink, &registration);
}

int ups_cmd_policy_show(struct ups_cli *cli, int argc, char **argv)
{
	static struct ups_nl_rule rule;
	struct list_sink sink = {
		.cli = cli,
		.object = &ups_nl_rule_object,
		.show = show_rule,
	};
	int status = ups_cmd_no_arguments(cli, argc, argv);

	return status ? status : list(UPS_NL_CMD_POLICY_GET, &sink, &rule);
}

/* ---- registrations ---- */

static int change_registration(struct ups_cli *cli, int argc, char **argv, bool add)
{
	const char *done = add ? "added" : "deleted";
	struct ups_nl_registration registration;
	struct ups_errmsg msg = { "" };
	const struct ups_client_call call = {
		.cmd = add ? UPS_NL_CMD_REGISTRATION_ADD : UPS_NL_CMD_REGISTRATION_DEL,
		.request = add ? &ups_nl_registration_add_object : &ups_nl_registration_del_object,
		.in = &registration,
	};
	int status;

	if (ups_registration_args_parse(argc, argv, add, &registration, &msg))
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "%s", msg.text);
	status = ups_cmd_call(cli, &call);
	return ups_cmd_finish_json(cli, json_pack("{s:s}", done, registration.address), status);
}

int ups_cmd_registration_add(struct ups_cli *cli, int argc, char **argv)
{
	return change_registration(cli, argc, argv, true);
}

int ups_cmd_registration_del(struct ups_cli *cli, int argc, char **argv)
{
	return change_registration(cli, argc, argv, false);
}

/* ---- check ---- */

/* The verdict, and the session description as far as it came */
struct check {
	struct ups_nl_check request;
	struct ups_nl_verdict part; /* of the answer */
	struct ups_nl_verdict verdict;
	bool judged;
	size_t sdp_size;
	char sdp[UPS_NL_MSG_MAX];
};

static int sink_verdict(void *aux, const void *object)
{
	const struct ups_nl_verdict *part = object;
	struct check *check = aux;

	if (!check->judged) {
		check->verdict = *part;
		check->judged = true;
		return 0;
	}
	if (part->sdp_size > sizeof(check->sdp) - check->sdp_size)
		return -EMSGSIZE;
	memcpy(check->sdp + check->sdp_size, part->sdp, part->sdp_size);
	check->sdp_size += part->sdp_size;
	return 0;
}

/* Reads with read(), since stdio would leave copies of keys in its buffers. */
static int read_sdp_fd(int fd, const char *name, struct ups_nl_check *out, struct ups_errmsg *msg)
{
	uint8_t more;
	ssize_t n = 1;

	while (n && out->sdp_size < sizeof(out->sdp)) {
		n = read(fd, out->sdp + out->sdp_size, sizeof(out->sdp) - out->sdp_size);
		if (n < 0 && errno != EINTR)
			return ups_fail(msg, -errno, "%s: %s", name, ups_strerror(-errno));
		out->sdp_size += n > 0 ? (uint32_t)n : 0;
	}
	if (n && read(fd, &more, 1) == 1)
		return ups_fail(msg, -EFBIG, "%s: more than %d bytes", name, UPS_NL_SDP_MAX);
	if (!out->sdp_size)
		return ups_fail(msg, UPS_E_TRUNCATED, "%s: no session description there", name);
	return 0;
}

static int read_sdp(const char *name, struct ups_nl_check *out, struct ups_errmsg *msg)
{
	int fd, err;

	if (!strcmp(name, "-"))
		return read_sdp_fd(STDIN_FILENO, "standard input", out, msg);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return ups_fail(msg, -errno, "%.200s: %s", name, ups_strerror(-errno));
	err = read_sdp_fd(fd, name, out, msg);
	close(fd);
	return err;
}

/* JSON is UTF-8; what a session description holds beside ASCII need not be. */
static json_t *json_of_sdp(struct check *check)
{
	json_t *value = json_stringn(check->sdp, check->sdp_size);

	for (size_t i = 0; !value && i < check->sdp_size; i++) {
		if ((unsigned char)check->sdp[i] > 0x7e)
			check->sdp[i] = '?';
	}
	return value ? value : json_stringn(check->sdp, check->sdp_size);
}

static int print_check(struct ups_cli *cli, struct check *check)
{
	int status = check->verdict.refused ? UPS_EXIT_FAILED : UPS_EXIT_OK;
	json_t *value;

	if (!cli->json) {
		ups_show_verdict(cli->out, &check->verdict);
		fwrite(check->sdp, 1, check->sdp_size, cli->out);
		return status;
	}
	value = ups_json_object(&ups_nl_verdict_object, &check->verdict);
	if (value && check->request.want_sdp)
		json_object_set_new(value, "sdp",
				    check->sdp_size ? json_of_sdp(check) : json_null());
	if (ups_json_print(cli->out, value, false))
		return ups_cli_fail(cli, UPS_EXIT_FAILED, "output failed");
	return status;
}

static int run_check(struct ups_cli *cli, int argc, char **argv, struct check *check)
{
	const struct ups_client_call call = {
		.cmd = UPS_NL_CMD_POLICY_CHECK,
		.request = &ups_nl_check_object,
		.in = &check->request,
		.reply = &ups_nl_verdict_object,
		.object = &check->part,
		.fn = sink_verdict,
		.aux = check,
	};
	struct ups_errmsg msg = { "" };
	const char *sdp;
	int err = ups_check_args_parse(argc, argv, &check->request, &sdp, &msg);

	if (!err)
		err = read_sdp(sdp, &check->request, &msg);
	if (err)
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "%s", msg.text);
	err = ups_cmd_call(cli, &call);
	if (err)
		return err;
	if (!check->judged)
		return ups_cli_fail(cli, UPS_EXIT_FAILED, "upsecd gave no verdict");
	return print_check(cli, check);
}

int ups_cmd_policy_check(struct ups_cli *cli, int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	struct check *check = calloc(1, sizeof(*check));
	int status;

	if (!check)
		return ups_cli_fail(cli, UPS_EXIT_FAILED, "out of memory");
	setrlimit(RLIMIT_CORE, &no_core); /* a session description may hold keys */
	status = run_check(cli, argc, argv, check);
	ups_wipe(check, sizeof(*check));
	free(check);
	return status;
}
