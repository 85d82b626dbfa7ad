// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Between listeners, model and data plane: a request becomes a plan, the plan is carried out, then committed or aborted; what the
 * data plane reports becomes events. Control thread.
 */
#define UPS_LOG_MODULE "app"
#include "app/daemon.h"

#include <stdio.h>

#include "app/calls.h"
#include "base/addr.h"
#include "base/log.h"

void ups_control_event(struct ups_daemon *d, const struct ups_event *event)
{
	if (d->netlink)
		ups_nl_server_event(d->netlink, event);
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

int ups_control_carry_out(struct ups_daemon *d, struct ups_plan *plan, struct ups_errmsg *msg)
{
	int err = ups_dp_apply(d->dp, plan, msg);

	if (err)
		ups_core_abort(d->core, plan);
	else
		ups_core_commit(d->core, plan);
	return err;
}

static int session_add(void *aux, const struct ups_session_request *request, struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;
	struct ups_plan plan;
	int err = ups_core_session_add(d->core, request, &plan, msg);

	if (!err)
		err = ups_control_carry_out(d, &plan, msg);
	if (err)
		return err;
	ups_debug("session %s added, %u streams", request->id, request->stream_count);
	ups_control_event(d, &(struct ups_event) { .type = UPS_EVENT_SESSION_ADD,
						   .session_id = request->id,
						   .whole = true,
						   .text = "session added" });
	return 0;
}

static int session_del(void *aux, const char *id, struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;
	struct ups_plan plan;
	int err;

	if (ups_app_call_end(d, id, &err, msg))
		return err;
	err = ups_core_session_del(d->core, id, &plan, msg);
	if (!err)
		err = ups_control_carry_out(d, &plan, msg);
	if (err)
		return err;
	ups_debug("session %s deleted", id);
	ups_control_event(d, &(struct ups_event) { .type = UPS_EVENT_SESSION_DEL,
						   .session_id = id,
						   .whole = true,
						   .text = "session deleted" });
	return 0;
}

static const struct ups_core *core_of(void *aux)
{
	return ((struct ups_daemon *)aux)->core;
}

static int flow_info(void *aux, uint32_t flow, struct ups_flow_info *out)
{
	return ups_dp_flow_info(((struct ups_daemon *)aux)->dp, flow, out);
}

static struct ups_key_use key_use(void *aux, uint32_t slot)
{
	return ups_dp_key_use(((struct ups_daemon *)aux)->dp, slot);
}

static void dp_info(void *aux, struct ups_dp_info *out)
{
	ups_dp_info(((struct ups_daemon *)aux)->dp, out);
}

void ups_control_init(struct ups_daemon *d)
{
	d->ops = (struct ups_ctl_ops) {
		.aux = d,
		.session_add = session_add,
		.session_del = session_del,
		.core = core_of,
		.flow_info = flow_info,
		.key_use = key_use,
		.dp_info = dp_info,
	};
	ups_app_calls_ops(d);
}

/* ---- reports of the data plane --------------------------------------------------------------------------------- */

bool ups_control_locate(const struct ups_daemon *d, uint32_t flow, bool out_leg,
			struct ups_event *event)
{
	const struct ups_stream *stream;
	const struct ups_session *session;
	unsigned int leg;

	session = ups_core_flow_owner(d->core, flow, &stream, &leg);
	if (!session)
		return false;
	event->session_id = session->id;
	event->stream = stream->index;
	event->leg = (uint8_t)(out_leg ? 1 - leg : leg);
	return true;
}

static void source_learned(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	struct ups_event event = { .type = UPS_EVENT_SOURCE_LEARNED };
	struct ups_daemon *d = aux;
	char address[UPS_ADDR_TEXT], text[128];

	if (!ups_control_locate(d, flow, false, &event))
		return;
	ups_core_source_learned(d->core, flow, rtcp, addr);
	snprintf(text, sizeof(text), "%s now comes from %s", rtcp ? "RTCP" : "RTP",
		 ups_addr_format(addr, address));
	event.text = text;
	ups_control_event(d, &event);
}

static void key_event(void *aux, uint32_t flow, bool expired, bool rtcp, bool tx)
{
	struct ups_event event = { .type = expired ? UPS_EVENT_KEY_EXPIRED
						   : UPS_EVENT_KEY_EXPIRING };
	struct ups_daemon *d = aux;
	char text[128];

	if (!ups_control_locate(d, flow, tx, &event))
		return;
	if (expired)
		snprintf(text, sizeof(text),
			 "the %s lifetime of the %s key is used up: its packets are dropped",
			 rtcp ? "SRTCP" : "SRTP", tx ? "transmit" : "receive");
	else
		snprintf(
			text, sizeof(text),
			"%u %% of the %s lifetime of the %s key are used: give the stream a new key",
			d->config.key_warning_percent, rtcp ? "SRTCP" : "SRTP",
			tx ? "transmit" : "receive");
	event.text = text;
	ups_control_event(d, &event);
	ups_log_rl(expired ? UPS_LOG_WARNING : UPS_LOG_NOTICE, "session %s, stream %u, leg %u: %s",
		   event.session_id, event.stream, event.leg, text);
}

static void lane_changed(void *aux, uint32_t flow, enum ups_lane lane, const char *reason)
{
	static const char *const names[UPS_LANE_COUNT] = {
		[UPS_LANE_UDP] = "udp", [UPS_LANE_XDP] = "xdp", [UPS_LANE_XSK] = "xsk"
	};
	struct ups_event event = { .type = UPS_EVENT_LANE };
	struct ups_daemon *d = aux;
	char text[256];

	if (!ups_control_locate(d, flow, false, &event))
		return;
	snprintf(text, sizeof(text), "packets of this leg now take lane %s: %s", names[lane],
		 reason);
	event.text = text;
	ups_control_event(d, &event);
}

struct ups_dp_callbacks ups_control_callbacks(struct ups_daemon *d)
{
	struct ups_dp_callbacks cb = {
		.aux = d,
		.source_learned = source_learned,
		.key_event = key_event,
		.lane_changed = lane_changed,
	};

	ups_app_calls_callbacks(&cb);
	return cb;
}
