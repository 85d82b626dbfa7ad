// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* See app/calls.h. */
#define UPS_LOG_MODULE "call"
#include "app/calls.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/log.h"
#include "core/call.h"

#define NS 1000000000ULL
#define DUE_MAX 256 /* ends carried out in one tick, so that requests wait no longer than that */

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

static int carry_out(struct ups_daemon *d, struct ups_plan *plan, struct ups_errmsg *msg)
{
	int err = ups_dp_apply(d->dp, plan, msg);

	if (err)
		ups_calls_abort(d->calls, plan);
	else
		ups_calls_commit(d->calls, plan);
	return err;
}

/* Of the session @id as a whole; NULL = of none */
static void tell(struct ups_daemon *d, enum ups_event_type type, const char *id, const char *text)
{
	ups_control_event(d, &(struct ups_event) {
				     .type = type, .session_id = id, .whole = true, .text = text });
}

/* ---- offers and answers ------------------------------------------------------------------------------------------------ */

static void tell_refused(struct ups_daemon *d, const char *id, const struct ups_call_line *line)
{
	for (uint8_t leg = 0; leg < UPS_LEGS; leg++) {
		const struct ups_decision *decision = &line->decision[leg];

		if (!line->refused || !decision->reason[0] || decision->mechanism != UPS_MECH_NONE)
			continue;
		ups_control_event(d, &(struct ups_event) { .type = UPS_EVENT_REFUSED,
							   .session_id = id,
							   .stream = line->stream,
							   .leg = leg,
							   .text = decision->reason });
		ups_log_rl(UPS_LOG_INFO, "session %s, stream %u (%s), leg %u refused: %s", id,
			   line->stream, line->media, leg, decision->reason);
	}
}

static void tell_outcome(struct ups_daemon *d, const char *id, const struct ups_call_request *rq,
			 const struct ups_call_report *report)
{
	for (unsigned int i = 0; i < report->line_count; i++)
		tell_refused(d, id, &report->line[i]);
	if (report->created)
		tell(d, UPS_EVENT_SESSION_ADD, id, "session offered");
	else
		tell(d, UPS_EVENT_SESSION_CHANGE, id,
		     rq->op == UPS_CALL_ANSWER ? "session answered" : "session offered again");
	if (!report->compromised)
		return;
	tell(d, UPS_EVENT_COMPROMISED, id,
	     "integrity compromised: a leg to another network has no protection");
	ups_log_rl(UPS_LOG_NOTICE,
		   "session %s is integrity-compromised: a leg to another network has no "
		   "protection, by an interworking rule",
		   id);
}

static int call(void *aux, const struct ups_call_request *request, struct ups_call_report *report,
		struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;
	char id[UPS_SESSION_ID_MAX];
	struct ups_plan plan;
	int err = ups_calls_request(d->calls, request, &plan, report, msg);

	if (!err)
		err = carry_out(d, &plan, msg);
	if (!ups_text_copy(request->call_id, id, sizeof(id)))
		id[0] = '\0';
	if (!err) {
		tell_outcome(d, id, request, report);
	} else if (err == UPS_E_POLICY || err == UPS_E_REGISTRATION) {
		tell(d, UPS_EVENT_REFUSED, id, msg->text);
		ups_log_rl(UPS_LOG_INFO, "%s: session %s refused: %s", request->source, id,
			   msg->text);
	}
	return err;
}

static int call_check(void *aux, const struct ups_call_request *request,
		      struct ups_call_report *report, struct ups_errmsg *msg)
{
	return ups_calls_check(((struct ups_daemon *)aux)->calls, request, report, msg);
}

static void tell_ended(struct ups_daemon *d, const char *id, const char *why)
{
	char text[320];

	snprintf(text, sizeof(text), "session ended: %s", why);
	tell(d, UPS_EVENT_SESSION_DEL, id, text);
}

static int end_now(struct ups_daemon *d, struct ups_text call_id, struct ups_text from_tag,
		   struct ups_text to_tag, const char *why, struct ups_errmsg *msg)
{
	char id[UPS_SESSION_ID_MAX];
	struct ups_plan plan;
	int err = ups_calls_delete(d->calls, call_id, from_tag, to_tag, &plan, msg);

	if (!err)
		err = carry_out(d, &plan, msg);
	if (!err && ups_text_copy(call_id, id, sizeof(id)) && !ups_core_session_find(d->core, id))
		tell_ended(d, id, why);
	return err;
}

static int call_delete(void *aux, struct ups_text call_id, struct ups_text from_tag,
		       struct ups_text to_tag, uint64_t delay_s, struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;
	int err;

	if (!delay_s)
		return end_now(d, call_id, from_tag, to_tag, "deleted", msg);
	err = ups_calls_end_at(d->calls, call_id, from_tag, to_tag, monotonic_ns() + delay_s * NS);
	return err ? ups_fail(msg, err, "Call-ID not found or tags didn't match") : 0;
}

bool ups_app_call_end(struct ups_daemon *d, const char *id, int *err, struct ups_errmsg *msg)
{
	struct ups_call_info info;

	if (ups_calls_info(d->calls, ups_text_of(id), &info))
		return false;
	*err = end_now(d, ups_text_of(id), (struct ups_text) {}, (struct ups_text) {},
		       "deleted by an operator", msg);
	return true;
}

static const struct ups_calls *calls_of(void *aux)
{
	return ((struct ups_daemon *)aux)->calls;
}

static const struct ups_policy *policy_of(void *aux)
{
	return &((struct ups_daemon *)aux)->config.policy;
}

/* ---- registrations -------------------------------------------------------------------------------------------------------- */

/* The source comes first: it is never cut. @source NULL: all of them */
static void tell_registration(struct ups_daemon *d, struct ups_text address,
			      const struct ups_addr *source, const char *what)
{
	char text[UPS_CPM_ADDRESS_MAX + 128], name[UPS_CPM_ADDRESS_MAX], ip[UPS_ADDR_TEXT];

	if (ups_cpm_address_normalise(address, name))
		return;
	snprintf(text, sizeof(text), "%s%s %s for %s", source ? "source " : "all sources",
		 source ? ups_addr_format(source, ip) : "", what, name);
	tell(d, UPS_EVENT_REGISTRATION, NULL, text);
}

static void tell_expired(void *aux, const struct ups_registration *which)
{
	tell_registration(aux, ups_text_of(which->address), &which->source, "expired");
}

static int registration_add(void *aux, struct ups_text address, const struct ups_addr *source,
			    uint64_t expires_s, struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;
	uint64_t expires = expires_s && expires_s < UINT64_MAX / NS / 2
				   ? monotonic_ns() + expires_s * NS
				   : UINT64_MAX;
	int err = ups_registrations_add(d->registrations, address, source, expires, msg);

	if (!err)
		tell_registration(d, address, source, "registered");
	return err;
}

static int registration_del(void *aux, struct ups_text address, const struct ups_addr *source,
			    struct ups_errmsg *msg)
{
	struct ups_daemon *d = aux;

	if (!ups_registrations_del(d->registrations, address, source))
		return ups_fail(msg, UPS_E_REGISTRATION, "no registration of %.*s%s",
				(int)(address.len < 100 ? address.len : 100), address.at,
				source ? " with this source" : "");
	tell_registration(d, address, source, "removed");
	ups_app_calls_tick(d, monotonic_ns());
	return 0;
}

static const struct ups_registrations *registrations_of(void *aux)
{
	return ((struct ups_daemon *)aux)->registrations;
}

void ups_app_calls_ops(struct ups_daemon *d)
{
	d->ops.call = call;
	d->ops.call_check = call_check;
	d->ops.call_delete = call_delete;
	d->ops.calls = calls_of;
	d->ops.policy = policy_of;
	d->ops.registration_add = registration_add;
	d->ops.registration_del = registration_del;
	d->ops.registrations = registrations_of;
}

/* ---- what the data plane brings ----------------------------------------------------------------------------------------------- */

static int dtls_keys(void *aux, uint32_t flow, const struct ups_dtls_keys *keys)
{
	struct ups_event event = { .type = UPS_EVENT_HANDSHAKE };
	struct ups_daemon *d = aux;
	struct ups_errmsg msg = {};
	struct ups_plan plan;
	char text[160], peer[UPS_ADDR_TEXT];
	int err = ups_core_dtls_keys(d->core, flow, keys, monotonic_ns(), &plan, &msg);

	if (!err)
		err = ups_control_carry_out(d, &plan, &msg);
	if (!ups_control_locate(d, flow, false, &event))
		return err;
	if (err) {
		ups_log_rl(UPS_LOG_WARNING,
			   "session %s, stream %u, leg %u: DTLS keys not taken: %s",
			   event.session_id, event.stream, event.leg, msg.text);
		return err;
	}
	snprintf(text, sizeof(text), "DTLS-SRTP keys for %s agreed with %s: %s",
		 keys->rtcp ? "RTCP" : "RTP", ups_addr_format(&keys->peer, peer),
		 ups_suite_by_id(keys->suite)->name);
	event.text = text;
	ups_control_event(d, &event);
	return 0;
}

static void dtls_failed(void *aux, uint32_t flow, bool rtcp, int err, const char *reason)
{
	struct ups_event event = { .type = UPS_EVENT_HANDSHAKE };
	struct ups_daemon *d = aux;
	char text[256];

	(void)err;
	if (!ups_control_locate(d, flow, false, &event))
		return;
	snprintf(text, sizeof(text), "DTLS handshake for %s failed: %s", rtcp ? "RTCP" : "RTP",
		 reason);
	event.text = text;
	ups_control_event(d, &event);
	ups_log_rl(UPS_LOG_NOTICE, "session %s, stream %u, leg %u: %s", event.session_id,
		   event.stream, event.leg, text);
}

static void nominated(void *aux, uint32_t flow, bool rtcp, const struct ups_addr *addr)
{
	struct ups_event event = { .type = UPS_EVENT_SOURCE_LEARNED };
	struct ups_daemon *d = aux;
	struct ups_errmsg msg = {};
	char address[UPS_ADDR_TEXT], text[128];
	struct ups_plan plan;
	int err = ups_core_nominated(d->core, flow, rtcp, addr, &plan, &msg);

	if (!err)
		err = ups_control_carry_out(d, &plan, &msg);
	if (err) {
		ups_log_rl(UPS_LOG_WARNING, "address nominated by ICE not taken: %s", msg.text);
		return;
	}
	if (!ups_control_locate(d, flow, false, &event))
		return;
	snprintf(text, sizeof(text), "ICE nominated %s for %s", ups_addr_format(addr, address),
		 rtcp ? "RTCP" : "RTP");
	event.text = text;
	ups_control_event(d, &event);
}

void ups_app_calls_callbacks(struct ups_dp_callbacks *cb)
{
	cb->dtls_keys = dtls_keys;
	cb->dtls_failed = dtls_failed;
	cb->nominated = nominated;
}

/* ---- time ------------------------------------------------------------------------------------------------------------------------ */

static uint64_t last_rx(void *aux, const struct ups_session *session)
{
	const struct ups_daemon *d = aux;
	uint64_t last = 0;

	for (unsigned int i = 0; i < session->stream_count; i++) {
		for (unsigned int leg = 0; leg < UPS_LEGS; leg++) {
			uint64_t seen = ups_dp_last_rx(d->dp, session->stream[i]->flow[leg]);

			last = seen > last ? seen : last;
		}
	}
	return last;
}

static void end_due(struct ups_daemon *d, uint64_t now_ns)
{
	char id[UPS_SESSION_ID_MAX], why[256];
	struct ups_plan plan;

	for (unsigned int i = 0; i < DUE_MAX; i++) {
		if (ups_calls_due(d->calls, now_ns, d->config.media_timeout_s * NS, last_rx, d,
				  &plan, id, why, sizeof(why)) <= 0)
			return;
		/* taking away cannot fail */
		if (!carry_out(d, &plan, NULL)) {
			tell_ended(d, id, why);
			ups_info("session %s ended: %s", id, why);
		}
	}
}

static void change_due(struct ups_daemon *d, uint64_t now_ns)
{
	struct ups_errmsg msg = {};
	struct ups_plan plan;

	for (unsigned int i = 0; i < DUE_MAX; i++) {
		if (ups_core_due(d->core, now_ns, &plan) <= 0)
			return;
		if (ups_control_carry_out(d, &plan, &msg)) {
			ups_log_rl(UPS_LOG_WARNING, "an old key stays accepted: %s", msg.text);
			return;
		}
	}
}

void ups_app_calls_tick(struct ups_daemon *d, uint64_t now_ns)
{
	ups_registrations_expire_each(d->registrations, now_ns, tell_expired, d);
	end_due(d, now_ns);
	change_due(d, now_ns);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------- */

static int ipsec_covers(void *aux, const struct ups_addr *local, const struct ups_addr *remote,
			char *why, size_t size)
{
	struct ups_daemon *d = aux;

	return ups_dp_ipsec_covers(d->dp, local, remote, why, size);
}

static int fingerprint(void *aux, struct ups_fingerprint *out)
{
	return ups_dp_fingerprint(((struct ups_daemon *)aux)->dp, out);
}

int ups_app_calls_open(struct ups_daemon *d, struct ups_errmsg *msg)
{
	const struct ups_config *c = &d->config;
	struct ups_calls_config config = {
		.ifaces = c->iface,
		.iface_count = c->iface_count,
		.policy = &c->policy,
		.latch_srtp = c->without_file,
		.ops = { .aux = d, .ipsec_covers = ipsec_covers, .fingerprint = fingerprint },
	};
	int err = ups_registrations_create(c->registrations, &d->registrations);

	config.registrations = d->registrations;
	if (!err)
		err = ups_calls_create(d->core, &config, &d->calls);
	return err ? ups_fail(msg, err, "tables of calls: %s", ups_strerror(err)) : 0;
}

void ups_app_calls_close(struct ups_daemon *d)
{
	ups_calls_destroy(d->calls);
	ups_registrations_destroy(d->registrations);
}
