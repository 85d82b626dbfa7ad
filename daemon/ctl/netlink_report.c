// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Model <-> netlink protocol: see netlink_report.h. */
#include "ctl/netlink_report.h"

#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/buf.h"

_Static_assert((int)UPS_NL_KIND_IWF == (int)UPS_KIND_IWF, "kinds");
_Static_assert((int)UPS_NL_MODE_OPAQUE == (int)UPS_MODE_OPAQUE, "modes");
_Static_assert((int)UPS_NL_SOURCE_LATCH == (int)UPS_SOURCE_LATCH + 1,
	       "source modes, after DEFAULT");
_Static_assert((int)UPS_NL_CHOOSE_XDP == (int)UPS_CHOOSE_XDP, "lane choices");
_Static_assert((int)UPS_NL_LANE_XSK == (int)UPS_LANE_XSK, "lanes");
_Static_assert((int)UPS_NL_EVENT_TYPE_COMPROMISED == (int)UPS_EVENT_COMPROMISED, "events");
_Static_assert((int)UPS_NL_MECHANISM_MANUAL == (int)UPS_MECH_MANUAL, "mechanisms");
_Static_assert((int)UPS_NL_BY_PEER == (int)UPS_BY_PEER, "deciders");
_Static_assert((int)UPS_NL_DTLS_PASSIVE == (int)UPS_DTLS_PASSIVE + 1, "DTLS roles, after NONE");
_Static_assert(UPS_NL_TAG_MAX + 1 == UPS_CALL_TAG_MAX, "tags");
_Static_assert(UPS_NL_ADDRESS_MAX + 1 == UPS_CPM_ADDRESS_MAX, "CPM Addresses");
_Static_assert(UPS_NL_RULE_MAX + 1 == UPS_RULE_NAME_MAX, "names of rules");
_Static_assert(UPS_NL_STREAM_MAX == UPS_STREAMS_MAX && UPS_NL_LEG_MAX == UPS_LEGS, "streams");
_Static_assert(UPS_NL_ID_MAX + 1 == UPS_SESSION_ID_MAX, "ids");
_Static_assert(UPS_NL_RX_KEY_MAX == UPS_RX_KEYS_MAX && UPS_NL_MKI_MAX == UPS_MKI_MAX, "keys");
_Static_assert(UPS_NL_SSRC_MAX == UPS_SSRC_MAX, "ssrcs");

void ups_nl_report_text(char *out, size_t size, const char *in)
{
	size_t i;

	for (i = 0; in && in[i] && i < size - 1; i++)
		out[i] = in[i] >= 0x20 && in[i] <= 0x7e ? in[i] : '?';
	out[i] = '\0';
}

#define NS_PER_S 1000000000ULL

/* ---- requests ---- */

static const uint8_t suite_master_size[UPS_SUITE_COUNT] = {
#define UPS_X_SIZE(n, NAME, sdes, k, s, t, ct, aead) [n] = (k) + (s),
	UPS_SUITES(UPS_X_SIZE)
#undef UPS_X_SIZE
};

static int key_to_core(const struct ups_nl_key_request *in, struct ups_key_spec *out,
		       struct ups_errmsg *msg)
{
	if (in->suite == UPS_SUITE_NONE || in->suite >= UPS_SUITE_COUNT)
		return ups_fail(msg, UPS_E_SUITE, "suite %u is unknown", in->suite);
	if (in->master.size != suite_master_size[in->suite])
		return ups_fail(msg, UPS_E_KEY_LENGTH,
				"a key of %s has %u bytes (key and salt), this one has %u",
				ups_nl_suite_words[in->suite], suite_master_size[in->suite],
				in->master.size);
	out->suite = in->suite;
	out->master = in->master;
	out->mki_len = in->mki_len;
	memcpy(out->mki, in->mki, sizeof(out->mki));
	out->rtcp_clear = in->rtcp_clear;
	out->rtp_lifetime = in->rtp_lifetime;
	out->rtcp_lifetime = in->rtcp_lifetime;
	return 0;
}

static int leg_to_core(const struct ups_nl_leg_request *in, struct ups_leg_request *out,
		       struct ups_key_spec *rx, struct ups_key_spec *tx, struct ups_errmsg *msg)
{
	int err = 0;

	out->iface = in->iface;
	out->mode = in->mode;
	out->source_set = in->source != UPS_NL_SOURCE_DEFAULT;
	out->source = in->source == UPS_NL_SOURCE_LATCH ? UPS_SOURCE_LATCH : UPS_SOURCE_STRICT;
	out->rtcp_mux = in->rtcp_mux;
	out->no_rtcp = in->no_rtcp;
	out->tos = in->tos;
	out->local_port = in->port;
	out->remote = in->remote;
	out->remote_rtcp = in->remote_rtcp;
	for (uint32_t i = 0; i < in->rx_count && !err; i++)
		err = key_to_core(&in->rx[i], &rx[i], msg);
	if (in->tx_count && !err)
		err = key_to_core(&in->tx[0], tx, msg);
	out->rx = rx;
	out->rx_count = in->rx_count;
	out->tx = in->tx_count ? tx : NULL;
	return err;
}

int ups_nl_to_core(const struct ups_nl_session_request *in, struct ups_nl_core_request *out,
		   struct ups_errmsg *msg)
{
	struct ups_errmsg why = { "" };
	int err;

	memset(out, 0, sizeof(*out));
	out->session.id = in->id;
	out->session.stream = out->stream;
	out->session.stream_count = in->stream_count;
	for (uint32_t i = 0; i < in->stream_count; i++) {
		out->stream[i].index = (uint16_t)i;
		out->stream[i].media = in->stream[i].media;
		out->stream[i].lane = in->stream[i].lane;
		out->stream[i].ssrc_limit = in->stream[i].ssrc_limit;
		for (unsigned int leg = 0; leg < UPS_LEGS; leg++) {
			err = leg_to_core(&in->stream[i].leg[leg], &out->stream[i].leg[leg],
					  out->rx[i][leg], &out->tx[i][leg], &why);
			if (err)
				return ups_fail(msg, err, "stream %u leg %u: %.400s", i, leg,
						why.text);
		}
	}
	return 0;
}

/* ---- reports ---- */

static void report_key(const struct ups_ctl_ops *ops, const struct ups_key_spec *in,
		       struct ups_nl_key_report *out)
{
	struct ups_key_use use = ops->key_use(ops->aux, in->slot);

	out->suite = in->suite;
	out->mki_len = in->mki_len;
	memcpy(out->mki, in->mki, sizeof(out->mki));
	out->rtcp_clear = in->rtcp_clear;
	out->rtp_lifetime = in->rtp_lifetime;
	out->rtcp_lifetime = in->rtcp_lifetime;
	out->rtp_used = use.rtp;
	out->rtcp_used = use.rtcp;
}

static void report_lanes(const struct ups_stats *stats, struct ups_nl_flow *out)
{
	for (uint8_t i = 0; i < UPS_LANE_COUNT; i++) {
		const struct ups_lane_stats *lane = &stats->lane[i];

		if (!lane->rx_packets && !lane->tx_packets)
			continue;
		out->lane_stats[out->lane_stats_count++] = (struct ups_nl_lane_stats) {
			.lane = i,
			.rx_packets = lane->rx_packets,
			.rx_bytes = lane->rx_bytes,
			.tx_packets = lane->tx_packets,
			.tx_bytes = lane->tx_bytes,
		};
	}
}

static int report_flow(const struct ups_ctl_ops *ops, uint32_t slot, struct ups_nl_flow *out)
{
	struct ups_flow_info info = { 0 };
	int err = ops->flow_info(ops->aux, slot, &info);

	if (err)
		return err;
	out->slot = slot;
	out->lane = (uint8_t)info.lane;
	ups_nl_report_text(out->reason, sizeof(out->reason), info.reason);
	report_lanes(&info.stats, out);
	for (unsigned int i = 0; i < UPS_DROP_MAX; i++)
		out->drops[i] = info.stats.drop[i];
	out->last_rx = info.stats.last_rx_ns;
	for (unsigned int i = 0; i < info.ssrc_count && i < UPS_NL_SSRC_MAX; i++)
		out->ssrc[out->ssrc_count++] = (struct ups_nl_ssrc) {
			.id = info.ssrc[i],
			.rx_index = info.rx_index[i],
			.tx_index = info.tx_index[i],
		};
	return 0;
}

/* Our address as the peer is told it: the advertised IP of the same family, our port. */
static struct ups_addr advertised(const struct ups_leg *leg, const struct ups_addr *local)
{
	bool v4 = ups_addr_is_v4(local);
	struct ups_addr addr = v4 ? leg->iface->advertised_v4 : leg->iface->advertised_v6;

	addr.port = local->port;
	return addr;
}

/* Keys that only some legs have, or for a moment */
static void report_other_keys(const struct ups_ctl_ops *ops, const struct ups_leg *leg,
			      struct ups_nl_leg *out)
{
	if (leg->rx_old.suite)
		report_key(ops, &leg->rx_old, &out->rx_old[out->rx_old_count++]);
	if (leg->rx_rtcp.suite)
		report_key(ops, &leg->rx_rtcp, &out->rx_rtcp[out->rx_rtcp_count++]);
	if (leg->tx_rtcp.suite)
		report_key(ops, &leg->tx_rtcp, &out->tx_rtcp[out->tx_rtcp_count++]);
}

/* How the leg came to be as it is. */
static void report_decision(const struct ups_leg *leg, struct ups_nl_leg *out)
{
	const struct ups_decision *decision = &leg->decision;

	out->mechanism = (uint8_t)decision->mechanism;
	if (leg->mode == UPS_MODE_OPAQUE) /* also those of SESSION_ADD, where nobody decided */
		out->mechanism = UPS_NL_MECHANISM_OPAQUE;
	out->decided_by = (uint8_t)decision->decided_by;
	ups_nl_report_text(out->rule, sizeof(out->rule), decision->rule);
	ups_nl_report_text(out->reason, sizeof(out->reason), decision->reason);
	out->compromised = decision->compromised;
	if (leg->dtls.on) {
		out->dtls_role = (uint8_t)(leg->dtls.role + 1);
		out->dtls_state = leg->tx.suite ? UPS_NL_DTLS_STATE_UP : UPS_NL_DTLS_STATE_WAITING;
	}
	out->ice = leg->ice.on;
	out->ipsec = leg->ipsec;
	out->source_ip = leg->source_ip;
	out->source_ip.port = 0;
}

static void report_leg(const struct ups_ctl_ops *ops, const struct ups_stream *stream,
		       unsigned int index, struct ups_nl_leg *out)
{
	const struct ups_leg *leg = &stream->leg[index];

	ups_nl_report_text(out->iface, sizeof(out->iface), leg->iface->name);
	out->kind = (uint8_t)leg->iface->kind;
	out->mode = (uint8_t)leg->mode;
	out->source = (uint8_t)(leg->source + 1);
	out->rtcp_mux = leg->rtcp_mux;
	out->no_rtcp = leg->no_rtcp;
	out->tos = leg->tos;
	out->local = leg->local;
	out->advertised = advertised(leg, &leg->local);
	out->remote = leg->remote;
	if (!leg->no_rtcp) {
		out->local_rtcp = leg->local_rtcp;
		out->advertised_rtcp = advertised(leg, &leg->local_rtcp);
		out->remote_rtcp = leg->remote_rtcp;
	}
	out->learned = leg->learned;
	out->learned_rtcp = leg->learned_rtcp;
	for (uint8_t i = 0; i < leg->rx_count && i < UPS_NL_RX_KEY_MAX; i++)
		report_key(ops, &leg->rx[i], &out->rx[out->rx_count++]);
	if (leg->tx.suite)
		report_key(ops, &leg->tx, &out->tx[out->tx_count++]);
	report_other_keys(ops, leg, out);
	report_decision(leg, out);
	if (!report_flow(ops, stream->flow[index], &out->flow[0]))
		out->flow_count = 1;
}

static uint8_t fact(bool yes)
{
	return yes ? UPS_NL_FACT_YES : UPS_NL_FACT_NO;
}

static bool has_opaque_leg(const struct ups_session *session)
{
	for (unsigned int i = 0; i < session->stream_count; i++) {
		if (session->stream[i]->leg[0].mode == UPS_MODE_OPAQUE)
			return true; /* both legs are, or none */
	}
	return false;
}

/*
 * The posture as three facts, none standing for another. Where nothing was negotiated we cannot see whether users who have the keys of
 * an opaque leg use any: what depends on that we do not claim.
 */
static void report_posture(const struct ups_session *session, struct ups_nl_session *out)
{
	bool unseen = session->manual && has_opaque_leg(session);
	struct ups_posture posture;

	ups_session_posture(session, &posture);
	out->all_hops = fact(posture.all_hops_protected);
	out->end_to_end = fact(posture.end_to_end);
	out->compromised = fact(posture.integrity_compromised);
	if (unseen && posture.all_hops_protected)
		out->all_hops = UPS_NL_FACT_UNKNOWN;
	if (unseen && posture.end_to_end)
		out->end_to_end = UPS_NL_FACT_UNKNOWN;
	if (unseen && !posture.integrity_compromised)
		out->compromised = UPS_NL_FACT_UNKNOWN;
}

/* What signalling knows of the session; one with explicit keys has none. */
static void report_call(const struct ups_ctl_ops *ops, const struct ups_session *session,
			struct ups_nl_session *out)
{
	const struct ups_calls *calls = ops->calls ? ops->calls(ops->aux) : NULL;
	struct ups_call_info info;

	if (!calls || ups_calls_info(calls, ups_text_of(session->id), &info))
		return;
	out->negotiated = true;
	out->answered = info.answered;
	out->last_signal = info.last_signal_unix;
	for (unsigned int i = 0; i < info.tag_count; i++) {
		const struct ups_call_tag *tag = &info.tag[i];

		if (tag->side == 0)
			ups_nl_report_text(out->caller_tag, sizeof(out->caller_tag), tag->tag);
		else if (tag->has_media)
			ups_nl_report_text(out->callee_tag, sizeof(out->callee_tag), tag->tag);
	}
}

static void report_stream(const struct ups_ctl_ops *ops, const struct ups_stream *from,
			  struct ups_nl_stream *to)
{
	to->index = from->index;
	ups_nl_report_text(to->media, sizeof(to->media), from->media);
	to->lane = (uint8_t)from->lane;
	to->ssrc_limit = from->ssrc_count;
	to->leg_count = UPS_LEGS;
	for (unsigned int leg = 0; leg < UPS_LEGS; leg++)
		report_leg(ops, from, leg, &to->leg[leg]);
}

void ups_nl_report_session(const struct ups_ctl_ops *ops, const struct ups_session *session,
			   unsigned int stream, struct ups_nl_session *out)
{
	memset(out, 0, sizeof(*out));
	ups_nl_report_text(out->id, sizeof(out->id), session->id);
	out->stream_total = session->stream_count;
	out->created = session->created_unix;
	report_posture(session, out);
	report_call(ops, session, out);
	if (stream >= session->stream_count)
		return;
	out->stream_count = 1;
	report_stream(ops, session->stream[stream], &out->stream[0]);
}

int ups_nl_report_flow(const struct ups_ctl_ops *ops, const struct ups_session *session,
		       unsigned int stream, unsigned int leg, struct ups_nl_flow *out)
{
	const struct ups_stream *from = session->stream[stream];

	memset(out, 0, sizeof(*out));
	ups_nl_report_text(out->session, sizeof(out->session), session->id);
	out->stream = from->index;
	ups_nl_report_text(out->media, sizeof(out->media), from->media);
	out->leg = (uint8_t)leg;
	ups_nl_report_text(out->iface, sizeof(out->iface), from->leg[leg].iface->name);
	return report_flow(ops, from->flow[leg], out);
}

void ups_nl_report_status(const struct ups_ctl_ops *ops, struct ups_nl_status *out)
{
	struct ups_dp_info info = { 0 };

	memset(out, 0, sizeof(*out));
	ops->dp_info(ops->aux, &info);
	ups_nl_report_text(out->version, sizeof(out->version), UPS_VERSION);
	out->pid = (uint32_t)getpid();
	out->abi = UPS_ABI_VERSION;
	out->sessions = ups_core_session_count(ops->core(ops->aux));
	ups_nl_report_text(out->crypto, sizeof(out->crypto), info.crypto);
	out->workers = info.workers;
	out->xdp = info.xdp_loaded;
	out->xdp_crypto = info.xdp_crypto;
	ups_nl_report_text(out->xdp_reason, sizeof(out->xdp_reason), info.xdp_reason);
	for (unsigned int i = 0; i < info.device_count && i < UPS_NL_DEVICE_MAX; i++) {
		struct ups_nl_device *device = &out->device[out->device_count++];

		ups_nl_report_text(device->name, sizeof(device->name), info.device[i].device);
		ups_nl_report_text(device->xdp_mode, sizeof(device->xdp_mode),
				   info.device[i].xdp_mode);
		device->dispatcher = info.device[i].dispatcher;
		ups_nl_report_text(device->reason, sizeof(device->reason), info.device[i].reason);
	}
}

void ups_nl_report_stats(const struct ups_ctl_ops *ops, struct ups_nl_stats *out)
{
	struct ups_dp_info info = { 0 };

	memset(out, 0, sizeof(*out));
	ops->dp_info(ops->aux, &info);
	out->sessions = ups_core_session_count(ops->core(ops->aux));
	out->xdp_tx = info.kernel.tx;
	out->xdp_xsk = info.kernel.xsk;
	for (unsigned int i = 0; i < UPS_DROP_MAX; i++) {
		out->xdp_drops[i] = info.kernel.drop[i];
		out->udp_drops[i] = info.udp_drop[i];
	}
	for (unsigned int i = 0; i < UPS_PASS_MAX; i++)
		out->xdp_passes[i] = info.kernel.pass[i];
}

void ups_nl_report_registration(const struct ups_registration *registration, uint64_t now_ns,
				struct ups_nl_registration *out)
{
	uint64_t left_ns = registration->expires_ns - now_ns;

	memset(out, 0, sizeof(*out));
	ups_nl_report_text(out->address, sizeof(out->address), registration->address);
	out->source = registration->source;
	if (registration->expires_ns != UINT64_MAX)
		out->expires = (left_ns + NS_PER_S - 1) / NS_PER_S; /* 0 would be "never" */
}

void ups_nl_report_rule(const struct ups_rule *rule, struct ups_nl_rule *out)
{
	char text[UPS_NL_RULE_TEXT_MAX + 1];
	struct ups_buf buf = ups_buf_init(text, sizeof(text) - 1);

	memset(out, 0, sizeof(*out));
	ups_rule_format(rule, &buf);
	text[buf.size] = '\0';
	ups_nl_report_text(out->name, sizeof(out->name), rule->name);
	ups_nl_report_text(out->text, sizeof(out->text), text);
}

static void report_verdict_stream(const struct ups_call_line *line,
				  struct ups_nl_verdict_stream *out)
{
	out->index = line->stream;
	ups_nl_report_text(out->media, sizeof(out->media), line->media);
	out->refused = line->refused;
	for (; out->leg_count < UPS_LEGS; out->leg_count++) {
		const struct ups_decision *decision = &line->decision[out->leg_count];
		struct ups_nl_verdict_leg *leg = &out->leg[out->leg_count];

		leg->mechanism = (uint8_t)decision->mechanism;
		leg->decided_by = (uint8_t)decision->decided_by;
		leg->compromised = decision->compromised;
		ups_nl_report_text(leg->rule, sizeof(leg->rule), decision->rule);
		ups_nl_report_text(leg->reason, sizeof(leg->reason), decision->reason);
	}
}

void ups_nl_report_verdict(const struct ups_call_report *report, struct ups_nl_verdict *out)
{
	memset(out, 0, sizeof(*out));
	ups_nl_report_text(out->warning, sizeof(out->warning), report->warning);
	for (; out->stream_count < report->line_count; out->stream_count++) {
		report_verdict_stream(&report->line[out->stream_count],
				      &out->stream[out->stream_count]);
		out->refused |= report->line[out->stream_count].refused;
	}
}

void ups_nl_report_event(const struct ups_event *event, uint64_t time_ms, struct ups_nl_event *out)
{
	memset(out, 0, sizeof(*out));
	out->type = (uint8_t)event->type;
	out->time = time_ms;
	ups_nl_report_text(out->session, sizeof(out->session), event->session_id);
	out->whole = event->whole;
	out->stream = event->stream;
	out->leg = event->leg;
	ups_nl_report_text(out->text, sizeof(out->text), event->text);
}
