// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What `query` and `delete` tell of a call, in the shape and order of rtpengine, so that scripts which read it go on to work. Keys that
 * only mean something in its inner life ("last redis update", subscriptions) are there and empty.
 */
#include <stdio.h>

#include "base/addr.h"
#include "core/report.h"
#include "ctl/ng_server.h"
#include "proto/sdp.h"

struct figures {
	uint64_t packets, bytes, errors;
};

/* One call while it is written */
struct query {
	const struct ups_ctl_ops *ops;
	struct ups_value_builder *b;
	const struct ups_call_info *info;
	uint64_t now_ns, now_unix;
};

static const char *const suite_names[UPS_SUITE_COUNT] = {
#define UPS_X_NAME(n, NAME, sdes, k, s, t, ct, aead) [n] = (sdes),
	UPS_SUITES(UPS_X_NAME)
#undef UPS_X_NAME
};

/* The reply of a delete is sent when the call is gone: texts of the call are copied, and so are tags that serve as keys. */
static void put(const struct query *q, struct ups_value *to, const char *key, const char *text)
{
	ups_value_add_string(q->b, to, key, text);
}

static const char *kept(const struct query *q, const char *text)
{
	char *copy = ups_arena_alloc(q->b->arena, strlen(text) + 1);

	q->b->failed |= !copy;
	return copy ? strcpy(copy, text) : "";
}

static void put_number(const struct query *q, struct ups_value *to, const char *key, uint64_t n)
{
	ups_value_add_int(q->b, to, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void ups_ng_put_protection(struct ups_value_builder *b, struct ups_value *to, uint16_t stream,
			   const char *media, const struct ups_decision decision[UPS_LEGS])
{
	for (int leg = 0; leg < UPS_LEGS; leg++) {
		const struct ups_decision *d = &decision[leg];
		struct ups_value *one = ups_value_add_dict(b, to, "");

		ups_value_add_int(b, one, "stream", stream);
		ups_value_add_string(b, one, "media", media);
		ups_value_add_int(b, one, "leg", leg);
		ups_value_add_string(b, one, "mechanism", ups_mechanism_name(d->mechanism));
		ups_value_add_string(b, one, "decided-by", ups_decider_name(d->decided_by));
		if (d->reason[0])
			ups_value_add_string(b, one, "reason", d->reason);
		if (d->rule[0])
			ups_value_add_string(b, one, "rule", d->rule);
	}
}

/* ---- figures ---- */

static void flow_of(const struct query *q, const struct ups_stream *stream, unsigned int leg,
		    struct ups_flow_info *out)
{
	if (q->ops->flow_info(q->ops->aux, stream->flow[leg], out))
		*out = (struct ups_flow_info) { 0 };
}

enum part { RTP, RTCP, BOTH };

/* What is RTCP is counted in the lanes too; a copy that is taken while packets run may have the one and not yet the other. */
static struct figures part_of(struct figures all, struct figures rtcp, enum part part)
{
	if (part == RTCP)
		return rtcp;
	if (part == RTP) {
		all.packets -= rtcp.packets < all.packets ? rtcp.packets : all.packets;
		all.bytes -= rtcp.bytes < all.bytes ? rtcp.bytes : all.bytes;
	}
	return all;
}

/* What came in and passed policing; what was dropped counts as errors, of RTP since nobody tells them apart. */
static struct figures received(const struct ups_stats *stats, enum part part)
{
	const struct figures rtcp = { stats->rtcp_rx_packets, stats->rtcp_rx_bytes, 0 };
	struct figures f = { 0 };

	for (unsigned int i = 0; i < UPS_LANE_COUNT; i++) {
		f.packets += stats->lane[i].rx_packets;
		f.bytes += stats->lane[i].rx_bytes;
	}
	for (unsigned int i = 0; i < UPS_DROP_MAX; i++)
		f.errors += stats->drop[i];
	return part_of(f, rtcp, part);
}

static struct figures sent(const struct ups_stats *stats, enum part part)
{
	const struct figures rtcp = { stats->rtcp_tx_packets, stats->rtcp_tx_bytes, 0 };
	struct figures f = { 0 };

	for (unsigned int i = 0; i < UPS_LANE_COUNT; i++) {
		f.packets += stats->lane[i].tx_packets;
		f.bytes += stats->lane[i].tx_bytes;
	}
	return part_of(f, rtcp, part);
}

static void put_figures(const struct query *q, struct ups_value *to, const char *key,
			struct figures f)
{
	struct ups_value *dict = ups_value_add_dict(q->b, to, key);

	put_number(q, dict, "packets", f.packets);
	put_number(q, dict, "bytes", f.bytes);
	put_number(q, dict, "errors", f.errors);
}

/* ---- streams ---- */

static const char *family_name(const struct ups_addr *a)
{
	return ups_addr_is_v4(a) ? "IPv4" : "IPv6";
}

static void put_ip(const struct query *q, struct ups_value *to, const char *key,
		   const struct ups_addr *a)
{
	struct ups_addr bare = *a;
	char text[UPS_ADDR_TEXT];

	ups_addr_set_port(&bare, 0);
	ups_value_add_string(q->b, to, key, ups_addr_format(&bare, text));
}

static void put_endpoint(const struct query *q, struct ups_value *to, const char *key,
			 const struct ups_addr *a)
{
	struct ups_value *dict = ups_value_add_dict(q->b, to, key);

	put(q, dict, "family", family_name(a));
	put_ip(q, dict, "address", a);
	put_number(q, dict, "port", ups_addr_port(a));
}

/* Unix seconds; 0 = none yet */
static uint64_t last_packet(const struct query *q, const struct ups_stats *stats)
{
	if (!stats->last_rx_ns || stats->last_rx_ns > q->now_ns)
		return stats->last_rx_ns ? q->now_unix : 0;
	return q->now_unix - (q->now_ns - stats->last_rx_ns) / 1000000000ULL;
}

static void put_stream_flags(const struct query *q, struct ups_value *to, const struct ups_leg *leg,
			     bool rtcp, bool kernel)
{
	struct ups_value *list = ups_value_add_list(q->b, to, "flags");
	bool known = (rtcp ? leg->remote_rtcp : leg->remote).port != 0;

	put(q, list, "", rtcp ? "RTCP" : "RTP");
	if (!rtcp && leg->rtcp_mux)
		put(q, list, "", "RTCP");
	if (known)
		put(q, list, "", "filled");
	if (known && (leg->source == UPS_SOURCE_STRICT || leg->learned))
		put(q, list, "", "confirmed");
	if (kernel)
		put(q, list, "", "kernelized");
}

/* The one stream of rtcp-mux counts both. */
static void put_stream(const struct query *q, struct ups_value *list,
		       const struct ups_stream *stream, unsigned int side, bool rtcp)
{
	const struct ups_leg *leg = &stream->leg[side];
	const struct ups_addr *local = rtcp ? &leg->local_rtcp : &leg->local;
	const struct ups_addr *remote = rtcp ? &leg->remote_rtcp : &leg->remote;
	struct ups_value *dict = ups_value_add_dict(q->b, list, "");
	struct ups_flow_info in = { 0 }, out = { 0 };
	enum part part = rtcp ? RTCP : leg->rtcp_mux ? BOTH : RTP;
	bool kernel;
	uint64_t last;

	flow_of(q, stream, side, &in);
	flow_of(q, stream, 1 - side, &out);
	kernel = !rtcp && in.lane == UPS_LANE_XDP;
	last = rtcp && !in.stats.rtcp_rx_packets ? 0 : last_packet(q, &in.stats);
	put_number(q, dict, "local port", ups_addr_port(local));
	put_ip(q, dict, "local address", local);
	put(q, dict, "family", family_name(local));
	put_endpoint(q, dict, "endpoint", remote);
	put_endpoint(q, dict, "advertised endpoint", remote);
	if (leg->rx_count && leg->rx[0].suite < UPS_SUITE_COUNT && suite_names[leg->rx[0].suite])
		put(q, dict, "crypto suite", suite_names[leg->rx[0].suite]);
	put_number(q, dict, "last packet", last);
	put_number(q, dict, "last kernel packet", kernel ? last : 0);
	put_number(q, dict, "last user packet", kernel ? 0 : last);
	if (in.ssrc_count)
		put_number(q, dict, "SSRC", in.ssrc[0]);
	put_stream_flags(q, dict, leg, rtcp, kernel);
	put_figures(q, dict, "stats", received(&in.stats, part));
	put_figures(q, dict, "stats_out", sent(&out.stats, part));
}

/* ---- medias and tags ---- */

static const struct ups_stream *find_stream(const struct ups_session *session, uint16_t index)
{
	for (unsigned int i = 0; i < session->stream_count; i++) {
		if (session->stream[i]->index == index)
			return session->stream[i];
	}
	return NULL;
}

static void put_media_flags(const struct query *q, struct ups_value *to,
			    const struct ups_call_media *media, unsigned int side,
			    const struct ups_leg *leg)
{
	struct ups_value *list = ups_value_add_list(q->b, to, "flags");
	enum ups_sdp_direction d = media->direction[side];

	if (d == UPS_SDP_SENDRECV || d == UPS_SDP_SENDONLY)
		put(q, list, "", "send");
	if (d == UPS_SDP_SENDRECV || d == UPS_SDP_RECVONLY)
		put(q, list, "", "recv");
	if (leg && leg->rtcp_mux)
		put(q, list, "", "rtcp-mux");
	if (leg && leg->decision.mechanism == UPS_MECH_SDES)
		put(q, list, "", "SDES");
	if (leg && leg->decision.mechanism == UPS_MECH_DTLS)
		put(q, list, "", "DTLS-SRTP");
	if (leg && leg->ice.on)
		put(q, list, "", "ICE");
}

static void put_media(const struct query *q, struct ups_value *list,
		      const struct ups_call_media *media, unsigned int side)
{
	const struct ups_stream *stream = find_stream(q->info->session, media->stream);
	const struct ups_leg *leg = stream ? &stream->leg[side] : NULL;
	struct ups_value *dict = ups_value_add_dict(q->b, list, ""), *streams;
	const char *proto = ups_sdp_proto_name(media->proto[side]);

	put_number(q, dict, "index", media->stream + 1u);
	put(q, dict, "type", media->media);
	put(q, dict, "protocol", proto ? proto : "");
	streams = ups_value_add_list(q->b, dict, "streams");
	if (leg)
		put_stream(q, streams, stream, side, false);
	if (leg && !leg->rtcp_mux && !leg->no_rtcp)
		put_stream(q, streams, stream, side, true);
	put_media_flags(q, dict, media, side, leg);
}

/* The other party with media, as rtpengine tells who hears whom */
static void put_peer(const struct query *q, struct ups_value *to, const char *key,
		     const struct ups_call_tag *tag)
{
	struct ups_value *list = ups_value_add_list(q->b, to, key);

	for (unsigned int i = 0; i < q->info->tag_count; i++) {
		const struct ups_call_tag *other = &q->info->tag[i];
		struct ups_value *dict;

		if (!tag->has_media || !other->has_media || other->side == tag->side)
			continue;
		dict = ups_value_add_dict(q->b, list, "");
		put(q, dict, "tag", other->tag);
		put(q, dict, "type", "offer/answer");
	}
}

static void put_tag(const struct query *q, struct ups_value *tags, const struct ups_call_tag *tag)
{
	struct ups_value *dict = ups_value_add_dict(q->b, tags, kept(q, tag->tag)), *medias;

	put(q, dict, "tag", tag->tag);
	put_number(q, dict, "created", tag->created_unix);
	put_peer(q, dict, "subscriptions", tag);
	put_peer(q, dict, "subscribers", tag);
	medias = ups_value_add_list(q->b, dict, "medias");
	for (unsigned int i = 0; i < q->info->media_count && tag->has_media; i++)
		put_media(q, medias, &q->info->media[i], tag->side);
}

/* ---- the whole ---- */

static void add_figures(struct figures *to, struct figures more)
{
	to->packets += more.packets;
	to->bytes += more.bytes;
	to->errors += more.errors;
}

static void put_totals(const struct query *q, struct ups_value *reply)
{
	struct ups_value *totals = ups_value_add_dict(q->b, reply, "totals");
	const struct ups_session *session = q->info->session;
	struct figures rtp = { 0 }, rtcp = { 0 };

	for (unsigned int i = 0; i < session->stream_count; i++) {
		for (unsigned int leg = 0; leg < UPS_LEGS; leg++) {
			struct ups_flow_info info;

			flow_of(q, session->stream[i], leg, &info);
			add_figures(&rtp, received(&info.stats, RTP));
			add_figures(&rtcp, received(&info.stats, RTCP));
		}
	}
	put_figures(q, totals, "RTP", rtp);
	put_figures(q, totals, "RTCP", rtcp);
}

static void put_facts(const struct query *q, struct ups_value *reply)
{
	struct ups_value *list = ups_value_add_list(q->b, reply, "protection");
	const struct ups_session *session = q->info->session;
	struct ups_posture posture = { 0 };

	for (unsigned int i = 0; i < session->stream_count; i++) {
		const struct ups_stream *s = session->stream[i];
		const struct ups_decision decision[UPS_LEGS] = { s->leg[0].decision,
								 s->leg[1].decision };

		ups_ng_put_protection(q->b, list, s->index, s->media, decision);
	}
	ups_session_posture(session, &posture);
	if (posture.integrity_compromised)
		ups_value_add_int(q->b, reply, "integrity-compromised", 1);
}

/* Unix time in microseconds: the model has whole seconds of it, and the rest by how long ago it was. */
static uint64_t created(const struct query *q)
{
	const struct ups_session *session = q->info->session;
	uint64_t first = session->created_unix * 1000000, at = ups_ng_now_unix_us();

	if (session->created_ns > q->now_ns)
		return first;
	at -= (q->now_ns - session->created_ns) / 1000;
	/* A clock that was set since: the second that was written down counts. */
	if (at < first)
		return first;
	return at < first + 1000000 ? at : first + 999999;
}

int ups_ng_query(struct ups_ng_server *server, struct ups_text call_id, struct ups_value_builder *b,
		 struct ups_value *reply)
{
	const struct ups_ctl_ops *ops = server->ops;
	struct ups_call_info info = { 0 };
	struct query q = { .ops = ops,
			   .b = b,
			   .info = &info,
			   .now_ns = ups_ng_now_ns(),
			   .now_unix = ups_ng_now_unix_us() / 1000000 };
	int err = ups_calls_info(ops->calls(ops->aux), call_id, &info);
	struct ups_value *tags;
	uint64_t created_us;

	if (err)
		return err;
	created_us = created(&q);
	put_number(&q, reply, "created", created_us / 1000000);
	put_number(&q, reply, "created_us", created_us % 1000000);
	put_number(&q, reply, "created_ts", created_us);
	put_number(&q, reply, "last signal", info.last_signal_unix);
	put_number(&q, reply, "last redis update", 0);
	ups_value_add_dict(b, reply, "SSRC");
	tags = ups_value_add_dict(b, reply, "tags");
	for (unsigned int i = 0; i < info.tag_count; i++)
		put_tag(&q, tags, &info.tag[i]);
	put_totals(&q, reply);
	put_facts(&q, reply);
	return 0;
}
