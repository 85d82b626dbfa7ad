// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests about registrations and policy: see netlink_server.h. */
#include <errno.h>
#include <string.h>

#define UPS_LOG_MODULE "netlink"
#include "base/log.h"
#include "ctl/netlink_server.h"

_Static_assert((int)UPS_NL_FACT_YES == (int)UPS_NG_YES && (int)UPS_NL_FACT_NO == (int)UPS_NG_NO,
	       "authenticated");
_Static_assert((int)UPS_NL_WISH_REQUIRED == (int)UPS_WISH_REQUIRED + 1, "wishes, after UNSAID");
_Static_assert((int)UPS_NL_SIGNALLING_ENCRYPTED == (int)UPS_SIGNALLING_ENCRYPTED + 1,
	       "signalling, after UNSAID");

static int not_here(struct ups_errmsg *msg)
{
	return ups_fail(msg, -EOPNOTSUPP, "this upsecd does not negotiate sessions");
}

static struct ups_text said(const char *string)
{
	return *string ? ups_text_of(string) : (struct ups_text) { 0 };
}

static bool is_said(const struct ups_addr *addr)
{
	static const struct ups_addr none;

	return memcmp(addr, &none, sizeof(none));
}

/* ---- registrations ---- */

int ups_nl_do_registration_add(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg)
{
	const struct ups_nl_registration *in = &server->request.registration;
	int err;

	if (!server->ops->registration_add)
		return not_here(msg);
	err = server->ops->registration_add(server->ops->aux, ups_text_of(in->address), &in->source,
					    in->expires, msg);
	if (!err)
		ups_debug("registration of %s added by uid %u, process %d", in->address,
			  rq->cred.uid, rq->cred.pid);
	return err;
}

int ups_nl_do_registration_del(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg)
{
	const struct ups_nl_registration *in = &server->request.registration;
	int err;

	if (!server->ops->registration_del)
		return not_here(msg);
	err = server->ops->registration_del(server->ops->aux, ups_text_of(in->address),
					    is_said(&in->source) ? &in->source : NULL, msg);
	if (!err)
		ups_debug("registration of %s removed by uid %u, process %d", in->address,
			  rq->cred.uid, rq->cred.pid);
	return err;
}

int ups_nl_do_registration_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
			       struct ups_errmsg *msg)
{
	if (!server->ops->registrations || !server->ops->registrations(server->ops->aux))
		return not_here(msg);
	if (!(rq->nlh->nlmsg_flags & NLM_F_DUMP))
		return ups_fail(msg, -EINVAL, "registrations are read with NLM_F_DUMP");
	return ups_nl_dump_start(server, rq, UPS_NL_CMD_REGISTRATION_GET, "", msg);
}

/* ---- policy ---- */

int ups_nl_do_policy_get(struct ups_nl_server *server, const struct ups_nl_request *rq,
			 struct ups_errmsg *msg)
{
	if (!server->ops->policy || !server->ops->policy(server->ops->aux))
		return not_here(msg);
	if (!(rq->nlh->nlmsg_flags & NLM_F_DUMP))
		return ups_fail(msg, -EINVAL, "rules are read with NLM_F_DUMP");
	return ups_nl_dump_start(server, rq, UPS_NL_CMD_POLICY_GET, "", msg);
}

static int check_flags(const struct ups_nl_check *in, struct ups_ng_flags *out,
		       struct ups_errmsg *msg)
{
	const uint8_t signalling[2] = { in->from_signalling, in->to_signalling };

	*out = (struct ups_ng_flags) {
		.direction = { said(in->from), said(in->to) },
		.delete_delay = -1,
		.has_wish = in->wish != UPS_NL_WISH_UNSAID,
		.cpm_address = said(in->address),
		.has_registered_source = is_said(&in->source),
		.registered_source = in->source,
		.authenticated = (enum ups_ng_answered)in->authenticated,
	};
	if (out->has_wish)
		out->wish = (enum ups_wish)(in->wish - 1);
	for (unsigned int side = 0; side < 2; side++) {
		out->has_signalling[side] = signalling[side] != UPS_NL_SIGNALLING_UNSAID;
		if (out->has_signalling[side])
			out->signalling[side] = (enum ups_assurance)(signalling[side] - 1);
	}
	if (*in->transport)
		out->transport = ups_sdp_proto_parse(ups_text_of(in->transport));
	if (out->transport == UPS_SDP_OTHER)
		return ups_fail(msg, -EINVAL,
				"transport %s is unknown: RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF, "
				"UDP/TLS/RTP/SAVP and UDP/TLS/RTP/SAVPF are known",
				in->transport);
	return 0;
}

/* Without a Call-ID it is about a new call, under a name that no proxy gives to one. */
static void check_call(const struct ups_nl_check *in, struct ups_call_request *out)
{
	out->op = in->answer ? UPS_CALL_ANSWER : UPS_CALL_OFFER;
	out->call_id = *in->call ? said(in->call) : UPS_TEXT("policy-check@upsec.invalid");
	out->from_tag = *in->from_tag ? said(in->from_tag) : UPS_TEXT("policy-check");
	out->to_tag = said(in->to_tag);
	out->sdp = (struct ups_text) { (const char *)in->sdp, in->sdp_size };
	out->signalling = UPS_SIGNALLING_ENCRYPTED;
	out->source = "netlink";
	out->now_ns = ups_nl_now_ns();
	out->now_unix = ups_nl_now_unix();
}

/* Which interface a leg is on: that of the call, or as the request says. */
static void name_legs(struct ups_nl_server *server, struct ups_nl_verdict *out)
{
	const struct ups_nl_check *in = &server->request.check;
	const struct ups_session *session = NULL;
	const char *name[UPS_LEGS] = { in->from, in->to };

	if (*in->call)
		session = ups_core_session_find(server->ops->core(server->ops->aux), in->call);
	for (unsigned int leg = 0; leg < UPS_LEGS; leg++) {
		if (session && session->stream_count)
			name[leg] = session->stream[0]->leg[leg].iface->name;
		for (uint32_t i = 0; i < out->stream_count; i++)
			ups_nl_report_text(out->stream[i].leg[leg].iface,
					   sizeof(out->stream[i].leg[leg].iface), name[leg]);
	}
}

/* The session description in pieces, each an object of its own. */
static int send_sdp(struct ups_nl_server *server, const struct ups_nl_request *rq,
		    struct ups_text sdp)
{
	struct ups_buf buf = ups_buf_init(server->redacted, sizeof(server->redacted));
	struct ups_nl_verdict *piece = &server->report.verdict;
	int err = 0;

	ups_sdp_redact(sdp, &buf);
	if (!ups_buf_ok(&buf))
		return -EMSGSIZE;
	for (size_t at = 0; at < buf.size && !err; at += piece->sdp_size) {
		size_t left = buf.size - at;

		memset(piece, 0, sizeof(*piece));
		piece->sdp_size = (uint32_t)(left < sizeof(piece->sdp) ? left : sizeof(piece->sdp));
		memcpy(piece->sdp, buf.data + at, piece->sdp_size);
		err = ups_nl_send_object(server, rq, UPS_NL_CMD_POLICY_CHECK,
					 &ups_nl_verdict_object, piece);
	}
	return err;
}

/* -> 0: a verdict, be it a refusal; < 0: there is none */
static int judge(struct ups_nl_server *server, struct ups_buf *sdp, struct ups_errmsg *msg)
{
	const struct ups_nl_check *in = &server->request.check;
	struct ups_nl_verdict *out = &server->report.verdict;
	struct ups_call_report report = { .sdp = sdp };
	struct ups_call_request request = { 0 };
	struct ups_ng_flags flags;
	int err = check_flags(in, &flags, msg);

	if (err)
		return err;
	check_call(in, &request);
	request.flags = &flags;
	err = server->ops->call_check(server->ops->aux, &request, &report, msg);
	if (err && err != UPS_E_POLICY && err != UPS_E_REGISTRATION)
		return err;
	ups_nl_report_verdict(&report, out);
	name_legs(server, out);
	if (err) {
		out->refused = true;
		ups_nl_report_text(out->reason, sizeof(out->reason),
				   *msg->text ? msg->text : ups_strerror(err));
		sdp->size = 0;
	}
	return 0;
}

int ups_nl_do_policy_check(struct ups_nl_server *server, const struct ups_nl_request *rq,
			   struct ups_errmsg *msg)
{
	const struct ups_nl_check *in = &server->request.check;
	struct ups_buf sdp = ups_buf_init(server->sdp, sizeof(server->sdp));
	int err;

	if (!server->ops->call_check)
		return not_here(msg);
	if (in->answer && (!*in->call || !*in->to_tag))
		return ups_fail(msg, -EINVAL, "an answer belongs to a call: give call-id and tags");
	err = judge(server, &sdp, msg);
	if (!err)
		err = ups_nl_send_object(server, rq, UPS_NL_CMD_POLICY_CHECK,
					 &ups_nl_verdict_object, &server->report.verdict);
	if (!err && in->want_sdp)
		err = send_sdp(server, rq, ups_buf_text(&sdp));
	ups_wipe(server->sdp, sizeof(server->sdp));
	return err;
}
