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
	show_leg_addresses(out, leg);
	for (uint32_t i = 0; i < leg->rx_count; i++)
		show_key(out, "rx", &leg->rx[i]);
	for (uint32_t i = 0; i < leg->tx_count; i++)
		show_key(out, "tx", &leg->tx[i]);
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
	if (e->type > UPS_NL_EVENT_TYPE_SESSION_DEL)
		fprintf(out, " stream %u leg %u", e->stream, e->leg);
	fprintf(out, "%s%s\n", *e->text ? ": " : "", e->text);
	fflush(out);
}
