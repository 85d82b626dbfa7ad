// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Output for people: see show.h. */
#include "cli/show.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"

/* "reason 3, other 1"; "none" if all are 0 */
static void print_counts(FILE *out, const uint64_t *counts, const char *const *words,
			 unsigned int count)
{
	const char *separator = "";

	for (unsigned int i = 0; i < count; i++) {
		if (!counts[i])
			continue;
		fprintf(out, "%s%s %" PRIu64, separator, words[i] ? words[i] : "?", counts[i]);
		separator = ", ";
	}
	fprintf(out, "%s\n", *separator ? "" : "none");
}

static void print_time(FILE *out, uint64_t seconds, bool date)
{
	time_t t = (time_t)seconds;
	char text[64] = "?";
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return;
	if (date)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	else
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fputs(text, out);
}

static const char *addr_text(const struct ups_addr *addr, char buf[static UPS_ADDR_TEXT])
{
	return addr->port ? ups_addr_format(addr, buf) : "-";
}

/* The address alone; "" if there is none */
static const char *ip_text(const struct ups_addr *addr, char buf[static UPS_ADDR_TEXT])
{
	static const struct ups_addr none;

	buf[0] = '\0';
	return memcmp(addr, &none, sizeof(none)) ? ups_addr_format(addr, buf) : buf;
}

static const char *text_or_dash(const char *text)
{
	return *text ? text : "-";
}

static uint64_t lane_sum(const struct ups_nl_flow *flow, bool tx)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < flow->lane_stats_count; i++)
		sum += tx ? flow->lane_stats[i].tx_packets : flow->lane_stats[i].rx_packets;
	return sum;
}

/* ---- sessions ---- */

void ups_show_session(FILE *out, const struct ups_nl_session *s)
{
	fprintf(out, "session %s\n    created ", s->id);
	print_time(out, s->created, true);
	fprintf(out, "  all hops protected: %s  end to end: %s  integrity compromised: %s\n",
		ups_nl_fact_words[s->all_hops], ups_nl_fact_words[s->end_to_end],
		ups_nl_fact_words[s->compromised]);
	if (!s->negotiated)
		return;
	fprintf(out, "    negotiated, %s; last offer or answer ",
		s->answered ? "answered" : "not answered yet");
	print_time(out, s->last_signal, true);
	fprintf(out, "\n    caller tag %s  callee tag %s\n", text_or_dash(s->caller_tag),
		text_or_dash(s->callee_tag));
}

/* What the leg has, in one word; a daemon of an earlier release tells only the mode. */
static const char *protection(const struct ups_nl_leg *leg)
{
	return leg->mechanism ? ups_nl_mechanism_words[leg->mechanism]
			      : ups_nl_mode_words[leg->mode];
}

static const char session_line[] = "%-32s %6s %-8s %-12s %-10s %-12s %-10s %-8s %-10s %s\n";

void ups_show_session_head(FILE *out)
{
	fprintf(out, session_line, "SESSION", "STREAM", "MEDIA", "LEG 0", "PROTECTION", "LEG 1",
		"PROTECTION", "ALL HOPS", "END TO END", "COMPROMISED");
}

void ups_show_session_line(FILE *out, const struct ups_nl_session *s)
{
	const struct ups_nl_leg *leg = s->stream[0].leg;
	char stream[16];

	if (!s->stream_count) {
		fprintf(out, session_line, s->id, "-", "-", "-", "-", "-", "-",
			ups_nl_fact_words[s->all_hops], ups_nl_fact_words[s->end_to_end],
			ups_nl_fact_words[s->compromised]);
		return;
	}
	snprintf(stream, sizeof(stream), "%u", s->stream[0].index);
	fprintf(out, session_line, s->id, stream, s->stream[0].media, leg[0].iface,
		protection(&leg[0]), leg[1].iface, protection(&leg[1]),
		ups_nl_fact_words[s->all_hops], ups_nl_fact_words[s->end_to_end],
		ups_nl_fact_words[s->compromised]);
}

static void show_key(FILE *out, const char *direction, const struct ups_nl_key_report *key)
{
	fprintf(out, "        %s key  %s", direction, ups_nl_suite_words[key->suite]);
	if (key->mki_len) {
		fprintf(out, " mki ");
		for (uint8_t i = 0; i < key->mki_len; i++)
			fprintf(out, "%02x", key->mki[i]);
	}
	if (key->rtcp_clear)
		fprintf(out, " UNENCRYPTED_SRTCP");
	fprintf(out, "  used %" PRIu64 " RTP, %" PRIu64 " RTCP\n", key->rtp_used, key->rtcp_used);
}

static void show_leg_addresses(FILE *out, const struct ups_nl_leg *leg)
{
	char local[UPS_ADDR_TEXT], remote[UPS_ADDR_TEXT];

	fprintf(out, "        RTP     local %-28s remote %s%s\n", addr_text(&leg->local, local),
		addr_text(&leg->remote, remote), leg->learned ? " (learned)" : "");
	if (leg->no_rtcp)
		fprintf(out, "        RTCP    none\n");
	else if (leg->rtcp_mux)
		fprintf(out, "        RTCP    on the RTP port\n");
	else
		fprintf(out, "        RTCP    local %-28s remote %s%s\n",
			addr_text(&leg->local_rtcp, local), addr_text(&leg->remote_rtcp, remote),
			leg->learned_rtcp ? " (learned)" : "");
	if (!ups_addr_same_ip(&leg->local, &leg->advertised))
		fprintf(out, "        advertised as %s\n", addr_text(&leg->advertised, local));
}

/* Which protection, and who decided on it and why */
static void show_leg_decision(FILE *out, const struct ups_nl_leg *leg)
{
	char source[UPS_ADDR_TEXT];

	fprintf(out, "        protection %s", protection(leg));
	if (leg->mechanism == UPS_NL_MECHANISM_DTLS)
		fprintf(out, " (%s, %s)", ups_nl_dtls_role_words[leg->dtls_role],
			leg->dtls_state == UPS_NL_DTLS_STATE_UP ? "association up"
								: "waiting for keys");
	if (*leg->reason)
		fprintf(out, ", decided by %s, rule %s: %s", ups_nl_decider_words[leg->decided_by],
			text_or_dash(leg->rule), leg->reason);
	fprintf(out, "%s%s%s\n", leg->compromised ? "; integrity compromised" : "",
		leg->ice ? "; ICE" : "", leg->ipsec ? "; relies on IPsec" : "");
	if (*ip_text(&leg->source_ip, source))
		fprintf(out, "        only from %s\n", source);
}

/* @back is the flow that leaves on this leg */
static void show_leg_flow(FILE *out, const struct ups_nl_flow *flow, const struct ups_nl_flow *back)
{
	fprintf(out, "        lane    %s (%s)\n", ups_nl_lane_words[flow->lane], flow->reason);
	fprintf(out,
		"        packets %" PRIu64 " in, %" PRIu64 " out; drops: ", lane_sum(flow, false),
		lane_sum(back, true));
	print_counts(out, flow->drops, ups_nl_drop_words, UPS_DROP_MAX);
}

static void show_leg(FILE *out, const struct ups_nl_stream *stream, unsigned int index)
{
	const struct ups_nl_leg *leg = &stream->leg[index];

	fprintf(out, "      leg %u  %s (%s)  %s  source %s  tos %u\n", index, leg->iface,
		ups_nl_kind_words[leg->kind], ups_nl_mode_words[leg->mode],
		ups_nl_source_words[leg->source], leg->tos);
	show_leg_decision(out, leg);
	show_leg_addresses(out, leg);
	for (uint32_t i = 0; i < leg->rx_count; i++)
		show_key(out, "rx", &leg->rx[i]);
	for (uint32_t i = 0; i < leg->tx_count; i++)
		show_key(out, "tx", &leg->tx[i]);
	if (leg->rx_rtcp_count)
		show_key(out, "rx RTCP", &leg->rx_rtcp[0]);
	if (leg->tx_rtcp_count)
		show_key(out, "tx RTCP", &leg->tx_rtcp[0]);
	if (leg->rx_old_count)
		show_key(out, "old rx", &leg->rx_old[0]);
	if (leg->flow_count)
		show_leg_flow(out, &leg->flow[0], &stream->leg[1 - index].flow[0]);
}

void ups_show_stream(FILE *out, const struct ups_nl_stream *stream)
{
	fprintf(out, "    stream %u  %s  lane %s  SSRC limit %u\n", stream->index, stream->media,
		ups_nl_choice_words[stream->lane], stream->ssrc_limit);
	for (unsigned int i = 0; i < stream->leg_count; i++)
		show_leg(out, stream, i);
}

void ups_show_addresses(FILE *out, const struct ups_nl_stream *stream)
{
	char rtp[UPS_ADDR_TEXT], rtcp[UPS_ADDR_TEXT], local[UPS_ADDR_TEXT];

	for (unsigned int i = 0; i < stream->leg_count; i++) {
		const struct ups_nl_leg *leg = &stream->leg[i];

		fprintf(out, "stream %u leg %u  %-10s RTP %-28s RTCP %-28s local %s\n",
			stream->index, i, leg->iface, addr_text(&leg->advertised, rtp),
			addr_text(&leg->advertised_rtcp, rtcp), addr_text(&leg->local, local));
	}
}

/* ---- flows ---- */

void ups_show_flow_head(FILE *out)
{
	fprintf(out, "%-28s %6s %-8s %3s %-10s %-4s %10s %10s %8s  %s\n", "SESSION", "STREAM",
		"MEDIA", "LEG", "INTERFACE", "LANE", "RX", "TX", "IDLE", "REASON");
}

static uint64_t idle_ms(uint64_t last_rx)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
	return now > last_rx ? (now - last_rx) / 1000000 : 0;
}

void ups_show_flow(FILE *out, const struct ups_nl_flow *flow)
{
	char idle[24] = "never";

	if (flow->last_rx)
		snprintf(idle, sizeof(idle), "%.1fs", (double)idle_ms(flow->last_rx) / 1000);
	fprintf(out, "%-28s %6u %-8s %3u %-10s %-4s %10" PRIu64 " %10" PRIu64 " %8s  %s\n",
		flow->session, flow->stream, flow->media, flow->leg, flow->iface,
		ups_nl_lane_words[flow->lane], lane_sum(flow, false), lane_sum(flow, true), idle,
		flow->reason);
	for (uint32_t i = 0; i < flow->ssrc_count; i++)
		fprintf(out, "    ssrc %08x  next index in %" PRIu64 ", out %" PRIu64 "\n",
			flow->ssrc[i].id, flow->ssrc[i].rx_index, flow->ssrc[i].tx_index);
	for (unsigned int i = 0; i < UPS_DROP_MAX; i++) {
		if (!flow->drops[i])
			continue;
		fprintf(out, "    drops ");
		print_counts(out, flow->drops, ups_nl_drop_words, UPS_DROP_MAX);
		break;
	}
}

/* ---- registrations and policy ---- */

void ups_show_registration_head(FILE *out)
{
	fprintf(out, "%-40s %-24s %s\n", "CPM ADDRESS", "SOURCE", "EXPIRES");
}

void ups_show_registration(FILE *out, const struct ups_nl_registration *r)
{
	char source[UPS_ADDR_TEXT], expires[32] = "never";

	if (r->expires)
		snprintf(expires, sizeof(expires), "in %" PRIu64 " s", r->expires);
	fprintf(out, "%-40s %-24s %s\n", r->address, text_or_dash(ip_text(&r->source, source)),
		expires);
}

void ups_show_rule(FILE *out, const struct ups_nl_rule *rule)
{
	fprintf(out, "%s\n", rule->text);
}

static void show_verdict_leg(FILE *out, const struct ups_nl_verdict_stream *stream,
			     unsigned int index)
{
	const struct ups_nl_verdict_leg *leg = &stream->leg[index];

	/* of a refused stream, the leg that is not to blame */
	if (stream->refused && !*leg->reason) {
		fprintf(out, "stream %u %s leg %u %s: -\n", stream->index,
			text_or_dash(stream->media), index, text_or_dash(leg->iface));
		return;
	}
	fprintf(out, "stream %u %s leg %u %s: %s%s, decided by %s, rule %s%s%s\n", stream->index,
		text_or_dash(stream->media), index, text_or_dash(leg->iface),
		stream->refused ? "refused" : ups_nl_mechanism_words[leg->mechanism],
		leg->compromised ? ", integrity compromised" : "",
		ups_nl_decider_words[leg->decided_by], text_or_dash(leg->rule),
		*leg->reason ? ": " : "", leg->reason);
}

static void show_sentence(FILE *out, const struct ups_nl_verdict *v)
{
	unsigned int refused = 0, compromised = 0;

	for (uint32_t i = 0; i < v->stream_count; i++) {
		const struct ups_nl_verdict_stream *stream = &v->stream[i];

		refused += stream->refused;
		compromised += !stream->refused &&
			       (stream->leg[0].compromised || stream->leg[1].compromised);
	}
	if (v->refused && *v->reason)
		fprintf(out, "refused: %s\n", v->reason);
	else if (v->refused)
		fprintf(out, "refused: %u of %u streams\n", refused, v->stream_count);
	else
		fprintf(out, "accepted: no stream is refused\n");
	if (compromised)
		fprintf(out, "integrity compromised: %u of %u streams\n", compromised,
			v->stream_count);
	if (*v->warning)
		fprintf(out, "warning: %s\n", v->warning);
}

void ups_show_verdict(FILE *out, const struct ups_nl_verdict *v)
{
	for (uint32_t i = 0; i < v->stream_count; i++) {
		for (unsigned int leg = 0; leg < UPS_NL_LEG_MAX; leg++)
			show_verdict_leg(out, &v->stream[i], leg);
	}
	show_sentence(out, v);
}

/* ---- the daemon ---- */

void ups_show_status(FILE *out, const struct ups_nl_status *s)
{
	fprintf(out, "upsecd %s, process %u, up %" PRIu64 " s, %u sessions\n", s->version, s->pid,
		s->uptime, s->sessions);
	fprintf(out, "  crypto   %s\n", *s->crypto ? s->crypto : "-");
	fprintf(out, "  udp lane %u workers\n", s->workers);
	fprintf(out, "  xdp lane %s%s%s%s\n",
		!s->xdp		? "off"
		: s->xdp_crypto ? "on, with SRTP"
				: "on, clear and opaque flows only",
		*s->xdp_reason ? " (" : "", s->xdp_reason, *s->xdp_reason ? ")" : "");
	for (uint32_t i = 0; i < s->device_count; i++)
		fprintf(out, "  device   %-15s xdp %s%s%s%s\n", s->device[i].name,
			s->device[i].xdp_mode,
			s->device[i].dispatcher ? ", through the dispatcher" : "",
			*s->device[i].reason ? ": " : "", s->device[i].reason);
}

void ups_show_stats(FILE *out, const struct ups_nl_stats *s)
{
	fprintf(out, "sessions            %u\n", s->sessions);
	fprintf(out, "xdp lane sent       %" PRIu64 "\n", s->xdp_tx);
	fprintf(out, "xdp lane to AF_XDP  %" PRIu64 "\n", s->xdp_xsk);
	fprintf(out, "xdp lane passed up  ");
	print_counts(out, s->xdp_passes, ups_nl_pass_words, UPS_PASS_MAX);
	fprintf(out, "xdp lane dropped    ");
	print_counts(out, s->xdp_drops, ups_nl_drop_words, UPS_DROP_MAX);
	fprintf(out, "udp lane dropped    ");
	print_counts(out, s->udp_drops, ups_nl_drop_words, UPS_DROP_MAX);
}

void ups_show_event(FILE *out, const struct ups_nl_event *e)
{
	const char *word = ups_nl_event_words[e->type];

	print_time(out, e->time / 1000, false);
	fprintf(out, ".%03u %-14s %s", (unsigned int)(e->time % 1000), word ? word : "?",
		*e->session ? e->session : "-");
	if (!e->whole)
		fprintf(out, " stream %u leg %u", e->stream, e->leg);
	fprintf(out, "%s%s\n", *e->text ? ": " : "", e->text);
	fflush(out);
}
