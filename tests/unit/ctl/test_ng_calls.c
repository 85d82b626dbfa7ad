// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ng requests down to real calls: core, calls and policy are those of the daemon, commit stands for the data plane. A deletion is
 * committed, and the call freed, before the reply is written.
 */
#include "../core/callfix.h"

#include <jansson.h>

#include "ctl/ng_server.h"

#define ROOM (2 << 20)
#define CALL_ID "call@test"

static struct world *world;
static struct ups_ng_server server;
static char reply[UPS_NG_REPLY_MAX + 1];
static unsigned int cookies;

/* ---- the daemon ---- */

static int op_call(void *aux, const struct ups_call_request *request,
		   struct ups_call_report *report, struct ups_errmsg *msg)
{
	struct world *w = aux;
	int err = ups_calls_request(w->calls, request, &w->plan, report, msg);

	if (!err)
		ups_calls_commit(w->calls, &w->plan);
	return err;
}

static int op_delete(void *aux, struct ups_text call_id, struct ups_text from_tag,
		     struct ups_text to_tag, uint64_t delay_s, struct ups_errmsg *msg)
{
	struct world *w = aux;
	int err;

	if (delay_s)
		return ups_calls_end_at(w->calls, call_id, from_tag, to_tag,
					w->now_ns + delay_s * SECOND);
	err = ups_calls_delete(w->calls, call_id, from_tag, to_tag, &w->plan, msg);
	if (!err)
		ups_calls_commit(w->calls, &w->plan);
	return err;
}

static const struct ups_core *op_core(void *aux)
{
	return ((struct world *)aux)->core;
}

static const struct ups_calls *op_calls(void *aux)
{
	return ((struct world *)aux)->calls;
}

static int op_flow_info(void *aux, uint32_t flow, struct ups_flow_info *out)
{
	(void)aux;
	(void)flow;
	*out = (struct ups_flow_info) { .lane = UPS_LANE_UDP, .reason = "invented" };
	out->stats.lane[UPS_LANE_UDP] = (struct ups_lane_stats) {
		.rx_packets = 100, .rx_bytes = 17200, .tx_packets = 100, .tx_bytes = 17200
	};
	out->stats.rtcp_rx_packets = out->stats.rtcp_tx_packets = 4;
	out->stats.rtcp_rx_bytes = out->stats.rtcp_tx_bytes = 400;
	return 0;
}

static struct ups_ctl_ops ops = { .call = op_call,
				  .call_delete = op_delete,
				  .core = op_core,
				  .calls = op_calls,
				  .flow_info = op_flow_info };

static int setup(void **state)
{
	(void)state;
	world = world_create(true);
	ops.aux = world;
	server = (struct ups_ng_server) { .ops = &ops };
	server.reply = calloc(1, UPS_NG_REPLY_MAX);
	server.sdp = calloc(1, UPS_SDP_SIZE_MAX);
	assert_non_null(server.reply);
	assert_non_null(server.sdp);
	return ups_arena_init(&server.arena, ROOM);
}

static int teardown(void **state)
{
	(void)state;
	ups_ng_cookies_fini(&server.cookies);
	ups_arena_fini(&server.arena);
	free(server.reply);
	free(server.sdp);
	world_destroy(world);
	return 0;
}

/* ---- the proxy ---- */

/* The reply to @dict, which is consumed */
static json_t *ask(json_t *dict)
{
	const struct ups_ng_source allowed = { .signalling = UPS_SIGNALLING_ENCRYPTED };
	char *body = json_dumps(dict, JSON_COMPACT);
	struct ups_addr source = { 0 };
	struct ups_text out;
	char *request;
	json_t *answer;

	json_decref(dict);
	assert_true(asprintf(&request, "%u %s", ++cookies, body) > 0);
	assert_true(ups_ng_serve(&server, &source, &allowed, ups_text_of(request), &out));
	memcpy(reply, out.at, out.len);
	reply[out.len] = '\0';
	ups_ng_serve_done(&server);
	free(request);
	free(body);
	answer = json_loads(strchr(reply, ' ') + 1, 0, NULL);
	if (!answer)
		fail_msg("not JSON: %s", reply);
	return answer;
}

static json_t *command(const char *name, const char *to_tag, const char *sdp)
{
	json_t *dict = json_pack("{s:s, s:s, s:s, s:[s,s]}", "command", name, "call-id", CALL_ID,
				 "from-tag", "alice", "direction", "users", "peers");

	if (to_tag)
		json_object_set_new(dict, "to-tag", json_string(to_tag));
	if (sdp)
		json_object_set_new(dict, "sdp", json_string(sdp));
	return dict;
}

static const char *text(const json_t *dict, const char *key)
{
	const char *value = json_string_value(json_object_get(dict, key));

	return value ? value : "";
}

static json_int_t number(const json_t *dict, const char *key)
{
	return json_integer_value(json_object_get(dict, key));
}

static void assert_result(json_t *answer, const char *result)
{
	if (strcmp(text(answer, "result"), result))
		fail_msg("%s", reply);
}

static void set_up(void)
{
	json_t *answer = ask(command("offer", NULL, HEAD_A "m=audio 4000 RTP/AVP 0\r\n"));

	assert_result(answer, "ok");
	json_decref(answer);
	answer = ask(command("answer", "bob", HEAD_B "m=audio 5000 RTP/AVP 0\r\n"));
	assert_result(answer, "ok");
	json_decref(answer);
}

/* ---- rules ---- */

/* Tags serve as keys, and the reason and the rule of each decision are the session's: all of it is freed by then. */
static void check_figures(const json_t *answer)
{
	const json_t *tags = json_object_get(answer, "tags"), *alice, *bob, *media, *totals, *list;

	assert_int_equal(json_object_size(tags), 2);
	alice = json_object_get(tags, "alice");
	bob = json_object_get(tags, "bob");
	assert_string_equal(text(alice, "tag"), "alice");
	assert_string_equal(text(bob, "tag"), "bob");
	list = json_object_get(alice, "subscriptions");
	assert_string_equal(text(json_array_get(list, 0), "tag"), "bob");
	media = json_array_get(json_object_get(bob, "medias"), 0);
	assert_string_equal(text(media, "type"), "audio");
	assert_string_equal(text(media, "protocol"), "RTP/AVP");
	totals = json_object_get(answer, "totals");
	assert_int_equal(number(json_object_get(totals, "RTP"), "packets"), 192);
	assert_int_equal(number(json_object_get(totals, "RTP"), "bytes"), 33600);
	assert_int_equal(number(json_object_get(totals, "RTCP"), "packets"), 8);
	assert_int_equal(number(json_object_get(totals, "RTCP"), "bytes"), 800);
	list = json_object_get(answer, "protection");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text(json_array_get(list, 0), "media"), "audio");
	assert_string_equal(text(json_array_get(list, 1), "mechanism"), "clear");
}

static void a_deleted_call_is_told_of_when_it_is_gone(void **state)
{
	json_t *answer;

	(void)state;
	set_up();
	answer = ask(command("delete", NULL, NULL));
	assert_result(answer, "ok");
	assert_null(ups_core_session_find(world->core, CALL_ID));
	check_figures(answer);
	json_decref(answer);
	answer = ask(command("query", NULL, NULL));
	assert_string_equal(text(answer, "error-reason"), "Unknown call-id");
	json_decref(answer);
}

static void query_tells_the_same_and_leaves_the_call(void **state)
{
	json_t *answer;

	(void)state;
	set_up();
	for (int i = 0; i < 2; i++) {
		answer = ask(command("query", NULL, NULL));
		assert_result(answer, "ok");
		check_figures(answer);
		json_decref(answer);
	}
	assert_non_null(ups_core_session_find(world->core, CALL_ID));
}

/* Kamailio reads `created`; tools read all three. */
static void the_time_of_creation_is_one_in_three_forms(void **state)
{
	uint64_t before = ups_ng_now_unix_us(), us;
	json_t *answer;

	(void)state;
	set_up();
	answer = ask(command("query", NULL, NULL));
	us = (uint64_t)number(answer, "created_us");
	assert_in_range(us, 0, 999999);
	assert_int_equal(number(answer, "created_ts"), number(answer, "created") * 1000000 + us);
	assert_in_range(number(answer, "created_ts"), before, ups_ng_now_unix_us());
	json_decref(answer);
}

static void a_refused_reoffer_rejects_no_session(void **state)
{
	json_t *answer, *dict;

	(void)state;
	dict = command("offer", NULL, HEAD_A "m=audio 4000 RTP/AVP 0\r\n");
	json_object_set_new(dict, "direction", json_pack("[ss]", "users", "nowhere"));
	answer = ask(dict);
	assert_result(answer, "error");
	if (!strstr(text(answer, "error-reason"), "nowhere"))
		fail_msg("the interface is not named: %s", reply);
	json_decref(answer);
	set_up();
	json_decref(ask(command("offer", NULL, "v=0\r\nbroken")));
	answer = ask(json_pack("{s:s}", "command", "statistics"));
	dict = json_object_get(json_object_get(answer, "statistics"), "totalstatistics");
	assert_int_equal(number(dict, "managedsessions"), 1);
	assert_int_equal(number(dict, "rejectedsessions"), 1);
	json_decref(answer);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_deleted_call_is_told_of_when_it_is_gone),
		T(query_tells_the_same_and_leaves_the_call),
		T(the_time_of_creation_is_one_in_three_forms),
		T(a_refused_reoffer_rejects_no_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
