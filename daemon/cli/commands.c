// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The commands of upsec: see commands.h. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/json.h"
#include "cli/keyfile.h"
#include "cli/match.h"
#include "cli/session_args.h"
#include "cli/show.h"
#include "proto/sdes.h"

/* ---- the daemon ---- */

static int client_failed(struct ups_cli *cli, const struct ups_client *client, int err)
{
	enum ups_exit status = err == -ECONNREFUSED ? UPS_EXIT_NOT_RUNNING : UPS_EXIT_FAILED;

	return ups_cli_fail(cli, status, "%s",
			    *client->msg.text ? client->msg.text : ups_strerror(err));
}

int ups_cmd_call(struct ups_cli *cli, const struct ups_client_call *call)
{
	static struct ups_client client;
	int err = ups_client_open(&client, false, cli->timeout_ms);
	int status = UPS_EXIT_OK;

	if (!err)
		err = ups_client_call(&client, call);
	if (err)
		status = client_failed(cli, &client, err);
	else if (client.interrupted)
		fprintf(cli->err, "upsec: what was removed while listing is left out\n");
	ups_client_close(&client);
	return status;
}

int ups_cmd_finish_json(struct ups_cli *cli, json_t *value, int status)
{
	int err;

	if (!cli->json || status) {
		json_decref(value);
		return status;
	}
	err = ups_json_print(cli->out, value, false);
	return err ? ups_cli_fail(cli, UPS_EXIT_FAILED, "output: %s", ups_strerror(err)) : status;
}

int ups_cmd_no_arguments(struct ups_cli *cli, int argc, char **argv)
{
	if (!argc)
		return UPS_EXIT_OK;
	return ups_cli_fail(cli, UPS_EXIT_USAGE, "\"%.64s\" is one word too many", argv[0]);
}

/* One object that is the whole answer. */
static int get_object(struct ups_cli *cli, uint8_t cmd, const struct ups_nl_object *object,
		      void *into)
{
	const struct ups_client_call call = { .cmd = cmd, .reply = object, .object = into };
	int status = ups_cmd_call(cli, &call);

	if (!cli->json || status)
		return status;
	return ups_cmd_finish_json(cli, ups_json_object(object, into), status);
}

int ups_cmd_status(struct ups_cli *cli, int argc, char **argv)
{
	static struct ups_nl_status status;
	int err = ups_cmd_no_arguments(cli, argc, argv);

	if (!err)
		err = get_object(cli, UPS_NL_CMD_STATUS, &ups_nl_status_object, &status);
	if (!err && !cli->json)
		ups_show_status(cli->out, &status);
	return err;
}

int ups_cmd_stats(struct ups_cli *cli, int argc, char **argv)
{
	static struct ups_nl_stats stats;
	int err = ups_cmd_no_arguments(cli, argc, argv);

	if (!err)
		err = get_object(cli, UPS_NL_CMD_STATS_GET, &ups_nl_stats_object, &stats);
	if (!err && !cli->json)
		ups_show_stats(cli->out, &stats);
	return err;
}

/* ---- sessions out ---- */

/* How the messages of sessions, one for each stream, become output. */
struct session_sink {
	struct ups_cli *cli;
	void (*show)(struct session_sink *sink, const struct ups_nl_session *part);
	char id[UPS_NL_ID_MAX + 1]; /* of the session under way */
	json_t *list; /* of all sessions, with -j */
	json_t *current; /* the last of them; borrowed */
};

static int sink_json(struct session_sink *sink, const struct ups_nl_session *part, bool more)
{
	json_t *value = ups_json_object(&ups_nl_session_object, part);
	int err;

	if (!more) {
		json_object_del(value, "stream_total");
		sink->current = value;
		return json_array_append_new(sink->list, value) ? -ENOMEM : 0;
	}
	err = json_array_extend(json_object_get(sink->current, "streams"),
				json_object_get(value, "streams"));
	json_decref(value);
	return err ? -ENOMEM : 0;
}

static int sink_session(void *aux, const void *object)
{
	const struct ups_nl_session *part = object;
	struct session_sink *sink = aux;
	bool more = !strcmp(sink->id, part->id);
	int err = 0;

	if (part->stream_count != !!part->stream_total ||
	    (part->stream_count && part->stream[0].leg_count != UPS_NL_LEG_MAX))
		return -EBADMSG;
	if (sink->cli->json)
		err = sink_json(sink, part, more);
	else
		sink->show(sink, part);
	strcpy(sink->id, part->id);
	return err;
}

static void show_full(struct session_sink *sink, const struct ups_nl_session *part)
{
	if (strcmp(sink->id, part->id))
		ups_show_session(sink->cli->out, part);
	if (part->stream_count)
		ups_show_stream(sink->cli->out, &part->stream[0]);
}

static void show_addresses(struct session_sink *sink, const struct ups_nl_session *part)
{
	if (strcmp(sink->id, part->id))
		fprintf(sink->cli->out, "session %s added\n", part->id);
	if (part->stream_count)
		ups_show_addresses(sink->cli->out, &part->stream[0]);
}

static void show_line(struct session_sink *sink, const struct ups_nl_session *part)
{
	if (!*sink->id)
		ups_show_session_head(sink->cli->out);
	ups_show_session_line(sink->cli->out, part);
}

/* Runs @call, whose answer is sessions. @single: JSON is that one session, not a list. */
static int call_sessions(struct ups_cli *cli, struct ups_client_call *call,
			 void (*show)(struct session_sink *, const struct ups_nl_session *),
			 bool single)
{
	static struct ups_nl_session part;
	struct session_sink sink = { .cli = cli, .show = show, .list = json_array() };
	json_t *value;
	int status;

	call->reply = &ups_nl_session_object;
	call->object = &part;
	call->fn = sink_session;
	call->aux = &sink;
	status = ups_cmd_call(cli, call);
	value = single ? json_incref(json_array_get(sink.list, 0)) : json_incref(sink.list);
	json_decref(sink.list);
	return ups_cmd_finish_json(cli, value, status);
}

static int take_id(struct ups_cli *cli, const char *word, struct ups_nl_select *select)
{
	if (!*word || strlen(word) > UPS_NL_ID_MAX)
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "a session id has 1 to %d characters",
				    UPS_NL_ID_MAX);
	strcpy(select->id, word);
	return UPS_EXIT_OK;
}

int ups_cmd_session_show(struct ups_cli *cli, int argc, char **argv)
{
	struct ups_nl_select select = { "" };
	struct ups_client_call call = {
		.cmd = UPS_NL_CMD_SESSION_GET,
		.dump = !argc,
		.request = &ups_nl_select_object,
		.in = &select,
	};
	int status = argc > 1 ? ups_cmd_no_arguments(cli, argc - 1, argv + 1) : UPS_EXIT_OK;

	if (!status && argc)
		status = take_id(cli, argv[0], &select);
	return status ? status : call_sessions(cli, &call, show_full, argc == 1);
}

int ups_cmd_session_list(struct ups_cli *cli, int argc, char **argv)
{
	struct ups_client_call call = { .cmd = UPS_NL_CMD_SESSION_GET, .dump = true };
	int status = ups_cmd_no_arguments(cli, argc, argv);

	return status ? status : call_sessions(cli, &call, show_line, false);
}

/* ---- session add, del ---- */

/* Everything that can be wrong without asking the daemon. */
static int prepare_add(struct ups_cli *cli, int argc, char **argv,
		       struct ups_nl_session_request *request)
{
	struct ups_errmsg msg = { "" };
	const char *keys = NULL;
	int err = ups_session_args_parse(argc, argv, request, &keys, &msg);

	if (!err && keys)
		err = ups_keyfile_read(keys, request, &msg);
	if (!err)
		err = ups_keyfile_check(request, &msg);
	return err ? ups_cli_fail(cli, UPS_EXIT_USAGE, "%s", msg.text) : UPS_EXIT_OK;
}

int ups_cmd_session_add(struct ups_cli *cli, int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	struct ups_nl_session_request *request = calloc(1, sizeof(*request));
	struct ups_client_call call = {
		.cmd = UPS_NL_CMD_SESSION_ADD,
		.request = &ups_nl_session_request_object,
		.in = request,
	};
	int status;

	if (!request)
		return ups_cli_fail(cli, UPS_EXIT_FAILED, "out of memory");
	setrlimit(RLIMIT_CORE, &no_core); /* keys are about to be in memory */
	status = prepare_add(cli, argc, argv, request);
	if (!status)
		status = call_sessions(cli, &call, show_addresses, true);
	ups_wipe(request, sizeof(*request));
	free(request);
	return status;
}

/* Deletes each; goes on after a failure. */
static int delete_all(struct ups_cli *cli, struct ups_client *client, int argc, char **argv,
		      json_t *deleted)
{
	int status = UPS_EXIT_OK;

	for (int i = 0; i < argc; i++) {
		struct ups_nl_select select = { "" };
		const struct ups_client_call call = {
			.cmd = UPS_NL_CMD_SESSION_DEL,
			.request = &ups_nl_select_object,
			.in = &select,
		};
		int err = take_id(cli, argv[i], &select);

		if (err)
			return err;
		err = ups_client_call(client, &call);
		if (err)
			status = client_failed(cli, client, err);
		else
			json_array_append_new(deleted, json_string(argv[i]));
		if (status == UPS_EXIT_NOT_RUNNING)
			break;
	}
	return status;
}

int ups_cmd_session_del(struct ups_cli *cli, int argc, char **argv)
{
	static struct ups_client client;
	json_t *deleted;
	int status, err;

	if (!argc)
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "session del: expected session ids");
	deleted = json_array();
	err = ups_client_open(&client, false, cli->timeout_ms);
	status = err ? client_failed(cli, &client, err)
		     : delete_all(cli, &client, argc, argv, deleted);
	ups_client_close(&client);
	/* What went is told even if others failed. */
	if (cli->json && json_array_size(deleted))
		(void)ups_json_print(cli->out, json_pack("{s:O}", "deleted", deleted), false);
	json_decref(deleted);
	return status;
}

/* ---- flows ---- */

struct flow_sink {
	struct ups_cli *cli;
	json_t *list;
	bool headed;
};

static int sink_flow(void *aux, const void *object)
{
	struct flow_sink *sink = aux;

	if (sink->cli->json)
		return json_array_append_new(sink->list,
					     ups_json_object(&ups_nl_flow_object, object))
			       ? -ENOMEM
			       : 0;
	if (!sink->headed)
		ups_show_flow_head(sink->cli->out);
	sink->headed = true;
	ups_show_flow(sink->cli->out, object);
	return 0;
}

int ups_cmd_flow_list(struct ups_cli *cli, int argc, char **argv)
{
	static const char *const word = "session";
	static struct ups_nl_flow flow;
	struct flow_sink sink = { .cli = cli };
	struct ups_nl_select select = { "" };
	const struct ups_client_call call = {
		.cmd = UPS_NL_CMD_FLOW_GET,
		.dump = true,
		.request = &ups_nl_flow_select_object,
		.in = &select,
		.reply = &ups_nl_flow_object,
		.object = &flow,
		.fn = sink_flow,
		.aux = &sink,
	};
	int status = UPS_EXIT_OK;

	if (argc && (argc != 2 || ups_match(argv[0], &word, sizeof(word), 1)))
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "flow list: expected session ID");
	if (argc)
		status = take_id(cli, argv[1], &select);
	if (status)
		return status;
	sink.list = json_array();
	status = ups_cmd_call(cli, &call);
	return ups_cmd_finish_json(cli, sink.list, status);
}

/* ---- events ---- */

static void report_lost(struct ups_cli *cli)
{
	if (!cli->json)
		fprintf(cli->err, "upsec: events lost: this monitor was too slow\n");
	else
		(void)ups_json_print(cli->out, json_pack("{s:s}", "event", "lost"), true);
	fflush(cli->out);
}

static int print_event(struct ups_cli *cli, const struct ups_nl_event *event)
{
	int err;

	if (!cli->json) {
		ups_show_event(cli->out, event);
		return ferror(cli->out) ? -EIO : 0;
	}
	err = ups_json_print(cli->out, ups_json_object(&ups_nl_event_object, event), true);
	return fflush(cli->out) ? -EIO : err;
}

static int follow(struct ups_cli *cli, struct ups_client *client, uint64_t count)
{
	struct ups_nl_event event;

	for (uint64_t n = 0; !count || n < count;) {
		int err = ups_client_event(client, &event);

		if (err == -ENOBUFS) {
			report_lost(cli);
			continue;
		}
		if (err)
			return client_failed(cli, client, err);
		if (print_event(cli, &event))
			return ups_cli_fail(cli, UPS_EXIT_FAILED, "output failed");
		n++;
	}
	return UPS_EXIT_OK;
}

int ups_cmd_monitor(struct ups_cli *cli, int argc, char **argv)
{
	static const char *const word = "count";
	static struct ups_client client;
	uint64_t count = 0;
	int err, status;

	if (argc && (argc != 2 || ups_match(argv[0], &word, sizeof(word), 1) ||
		     !ups_match_number(argv[1], UINT32_MAX, &count)))
		return ups_cli_fail(cli, UPS_EXIT_USAGE, "monitor: expected count N or nothing");
	err = ups_client_open(&client, true, cli->timeout_ms);
	if (err) {
		status = client_failed(cli, &client, err);
	} else {
		fprintf(cli->err, "upsec: monitoring\n");
		status = follow(cli, &client, count);
	}
	ups_client_close(&client);
	return status;
}

/* ---- keys ---- */

/* A key on a screen or in a file that others read is no key any more; say so, but obey. */
static void warn_of_readers(struct ups_cli *cli)
{
	int fd = fileno(cli->out);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return;
	if (isatty(fd))
		fprintf(cli->err, "upsec: warning: writing a key to a terminal; "
				  "better: (umask 077; upsec key generate ... > FILE)\n");
	else if (S_ISREG(st.st_mode) && (st.st_mode & 077))
		fprintf(cli->err, "upsec: warning: writing a key to a file that other users may "
				  "read: chmod 600 it\n");
}

static int print_key(struct ups_cli *cli, uint8_t suite)
{
	char text[UPS_SDES_TEXT];
	UPS_SECRET master = { .size = (uint8_t)ups_sdes_master_size(suite) };
	int err = ups_random(master.data, master.size);

	if (err)
		return ups_cli_fail(cli, UPS_EXIT_FAILED, "random numbers: %s", ups_strerror(err));
	if (fileno(cli->out) >= 0)
		setvbuf(cli->out, NULL, _IONBF, 0); /* no copy in a buffer */
	ups_sdes_format_key(&master, text);
	if (cli->json)
		fprintf(cli->out, "{\"suite\": \"%s\", \"key\": \"%s\"}\n",
			ups_nl_suite_words[suite], text);
	else
		fprintf(cli->out, "%s\n", text);
	ups_wipe(text, sizeof(text));
	return UPS_EXIT_OK;
}

int ups_cmd_key_generate(struct ups_cli *cli, int argc, char **argv)
{
	int suite = argc == 1 ? ups_match(argv[0], ups_nl_suite_words + 1, sizeof(char *),
					  UPS_SUITE_COUNT - 1)
			      : UPS_MATCH_NONE;

	if (suite < 0) {
		ups_cli_fail(cli, UPS_EXIT_USAGE, "key generate: expected one suite of");
		for (int i = 1; i < UPS_SUITE_COUNT; i++)
			fprintf(cli->err, "    %s\n", ups_nl_suite_words[i]);
		return UPS_EXIT_USAGE;
	}
	warn_of_readers(cli);
	return print_key(cli, (uint8_t)(suite + 1));
}

/* ---- completion ---- */

static int print_id(void *aux, const void *object)
{
	const struct ups_nl_session *part = object;
	struct session_sink *sink = aux;

	if (strcmp(sink->id, part->id))
		fprintf(sink->cli->out, "%s\n", part->id);
	strcpy(sink->id, part->id);
	return 0;
}

void ups_cmd_print_ids(struct ups_cli *cli)
{
	static struct ups_client client;
	static struct ups_nl_session part;
	struct session_sink sink = { .cli = cli };
	const struct ups_client_call call = {
		.cmd = UPS_NL_CMD_SESSION_GET,
		.dump = true,
		.reply = &ups_nl_session_object,
		.object = &part,
		.fn = print_id,
		.aux = &sink,
	};

	/* A key press waits for this: be brief, and silent. */
	if (!ups_client_open(&client, false, 500))
		(void)!ups_client_call(&client, &call);
	ups_client_close(&client);
}
