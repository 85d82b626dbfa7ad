// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams into the lanes and out again. Order in: state zeroed, keys, sockets, kernel keys, kernel flows, look-up entries,
 * workers. Order out: the reverse; then one grace period for the workers; then the memory. Control thread.
 */
#include "dp/plane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUT_TTL 64

/* ---- shared state ---------------------------------------------------------------------------------------------- */

static bool rested(const struct ups_rest *r, uint32_t released)
{
	return released <= r->settled;
}

static bool leg_keys_rested(const struct ups_rest *r, const struct ups_leg *leg)
{
	for (unsigned int k = 0; k < leg->rx_count; k++) {
		if (!rested(r, r->key[leg->rx[k].slot]))
			return false;
	}
	return !leg->tx.suite || rested(r, r->key[leg->tx.slot]);
}

static bool flow_rested(const struct ups_rest *r, const struct ups_stream *stream, unsigned int i)
{
	for (uint32_t n = 0; n < stream->ssrc_count; n++) {
		if (!rested(r, r->ssrc[stream->ssrc_base[i] + n]))
			return false;
	}
	return rested(r, r->flow[stream->flow[i]]) && leg_keys_rested(r, &stream->leg[i]);
}

/*
 * An XDP program that looked a slot up before it was released may still write to it. Pools give slots first-in first-out, so
 * this waits (some milliseconds) only when a slot comes back at once.
 */
static void rest_slots(struct ups_dp *dp, const struct ups_stream *stream)
{
	struct ups_rest *r = &dp->rest;

	if (!dp->kernel || (flow_rested(r, stream, 0) && flow_rested(r, stream, 1)))
		return;
	dp->ops->kernel_grace();
	r->settled = r->now;
}

static void zero_flow_state(struct ups_dp *dp, uint32_t flow, uint32_t ssrc_base, uint16_t count)
{
	memset(&dp->state.stats[flow], 0, sizeof(*dp->state.stats));
	memset(&dp->state.ssrc[ssrc_base], 0, count * sizeof(*dp->state.ssrc));
}

static void release_flow_state(struct ups_dp *dp, const struct ups_installed *s, unsigned int i)
{
	zero_flow_state(dp, s->flow[i].slot, s->ssrc_base[i], s->ssrc_count);
	dp->rest.flow[s->flow[i].slot] = dp->rest.now;
	for (uint32_t n = 0; n < s->ssrc_count; n++)
		dp->rest.ssrc[s->ssrc_base[i] + n] = dp->rest.now;
}

/* ---- checks: what the model must not get wrong ------------------------------------------------------------------ */

static bool key_slots_fit(const struct ups_dp *dp, const struct ups_leg *leg)
{
	if (leg->rx_count > UPS_RX_KEYS_MAX)
		return false;
	for (unsigned int k = 0; k < leg->rx_count; k++) {
		if (leg->rx[k].slot >= dp->state.keys)
			return false;
	}
	return !leg->tx.suite || leg->tx.slot < dp->state.keys;
}

static bool flow_slots_fit(const struct ups_dp *dp, const struct ups_stream *stream, unsigned int i)
{
	return stream->flow[i] < dp->state.flows && !dp->by_flow[stream->flow[i]] &&
	       (uint64_t)stream->ssrc_base[i] + stream->ssrc_count <= dp->state.ssrcs;
}

static int check_stream(const struct ups_dp *dp, const struct ups_stream *stream,
			struct ups_errmsg *msg)
{
	const struct ups_leg *leg = stream->leg;

	if (!stream->ssrc_count || stream->ssrc_count > UPS_SSRC_MAX ||
	    !flow_slots_fit(dp, stream, 0) || !flow_slots_fit(dp, stream, 1) ||
	    !key_slots_fit(dp, &leg[0]) || !key_slots_fit(dp, &leg[1]))
		return ups_fail(msg, UPS_E_RANGE, "a slot number is out of range or taken");
	if ((leg[0].mode == UPS_MODE_OPAQUE) != (leg[1].mode == UPS_MODE_OPAQUE))
		return ups_fail(msg, UPS_E_UNSUPPORTED,
				"an opaque leg can only be relayed to an opaque leg");
	return 0;
}

/* ---- kernel records -------------------------------------------------------------------------------------------- */

static uint32_t flow_flags(const struct ups_leg *in, const struct ups_leg *out)
{
	uint32_t flags = UPS_FLOW_ACTIVE;

	if (in->mode == UPS_MODE_OPAQUE)
		flags |= UPS_FLOW_OPAQUE;
	if (in->mode == UPS_MODE_SRTP)
		flags |= UPS_FLOW_RX_SRTP;
	if (out->mode == UPS_MODE_SRTP)
		flags |= UPS_FLOW_TX_SRTP;
	if (in->rtcp_mux && !in->no_rtcp)
		flags |= UPS_FLOW_RX_MUX;
	if (in->source == UPS_SOURCE_STRICT || in->learned)
		flags |= UPS_FLOW_SRC_KNOWN;
	return flags;
}

static void record_keys(struct ups_flow *r, const struct ups_leg *in, const struct ups_leg *out)
{
	for (unsigned int k = 0; k < UPS_RX_KEYS_MAX; k++)
		r->rx_key[k] = UPS_SLOT_NONE;
	r->tx_key = UPS_SLOT_NONE;
	if (in->mode == UPS_MODE_SRTP) {
		r->rx_key_count = in->rx_count;
		for (unsigned int k = 0; k < in->rx_count; k++)
			r->rx_key[k] = in->rx[k].slot;
		if (in->rx_count && in->rx[0].mki_len <= UPS_MKI_XDP_MAX)
			r->rx_mki_len = in->rx[0].mki_len;
	}
	if (out->mode == UPS_MODE_SRTP && out->tx.suite)
		r->tx_key = out->tx.slot;
}

static struct ups_flow make_record(struct ups_dp *dp, const struct ups_stream *stream,
				   unsigned int i)
{
	const struct ups_leg *in = &stream->leg[i], *out = &stream->leg[1 - i];
	struct ups_flow r = {
		.flags = flow_flags(in, out),
		.generation = ++dp->generation,
		.src = in->remote,
		.out_src = out->local,
		.out_dst = out->remote,
		.out_tos = out->tos,
		.out_ttl = OUT_TTL,
		.ssrc_base = stream->ssrc_base[i],
		.ssrc_count = stream->ssrc_count,
	};

	record_keys(&r, in, out);
	return r;
}

/* ---- lane ------------------------------------------------------------------------------------------------------ */

static void mki_facts(const struct ups_leg *in, const struct ups_leg *out, struct ups_lane_facts *f)
{
	f->long_mki = out->mode == UPS_MODE_SRTP && out->tx.mki_len > UPS_MKI_XDP_MAX;
	for (unsigned int k = 0; in->mode == UPS_MODE_SRTP && k < in->rx_count; k++) {
		f->long_mki |= in->rx[k].mki_len > UPS_MKI_XDP_MAX;
		f->mixed_mki |= in->rx[k].mki_len != in->rx[0].mki_len;
	}
}

static const char *why_off(const struct ups_dp *dp, const struct ups_leg *in)
{
	const struct ups_device *d = ups_plane_device(dp, in->iface->device);

	if (!d)
		return "XDP is off: not a device of a configured interface";
	return d->attached ? NULL : d->off;
}

static struct ups_lane_facts find_facts(const struct ups_dp *dp, const struct ups_stream *stream,
					unsigned int i)
{
	const struct ups_leg *in = &stream->leg[i], *out = &stream->leg[1 - i];
	const struct ups_device *out_device = ups_plane_device(dp, out->iface->device);
	struct ups_lane_facts f = {
		.choice = stream->lane == UPS_CHOOSE_AUTO ? dp->config.lane : stream->lane,
		.off = why_off(dp, in),
		.needs_crypto = in->mode == UPS_MODE_SRTP || out->mode == UPS_MODE_SRTP,
		.kernel_crypto = dp->kernel && dp->ops->kernel_has_crypto(dp->kernel),
		.out_loopback = out_device && out_device->loopback,
		.source_known = in->source == UPS_SOURCE_STRICT || in->learned,
	};

	mki_facts(in, out, &f);
	return f;
}

/* Whether the kernel lane will serve the flow once its source is known */
static bool lane_is_open(const struct ups_held_flow *f)
{
	struct ups_lane_facts later = f->facts;
	const char *reason;

	later.source_known = true;
	return ups_lane_decide(&later, &reason) == UPS_LANE_XDP;
}

static void prepare_flow(struct ups_dp *dp, const struct ups_stream *stream, unsigned int i,
			 struct ups_installed *s)
{
	struct ups_held_flow *f = &s->flow[i];

	f->slot = stream->flow[i];
	f->facts = find_facts(dp, stream, i);
	f->lane = ups_lane_decide(&f->facts, &f->reason);
	f->record = make_record(dp, stream, i);
	if (lane_is_open(f))
		f->record.flags |= UPS_FLOW_XDP;
	s->ssrc_base[i] = stream->ssrc_base[i];
}

/* ---- into the kernel ------------------------------------------------------------------------------------------- */

static int export_flow_keys(struct ups_dp *dp, struct ups_installed *s, unsigned int i,
			    struct ups_errmsg *msg)
{
	if (!(s->flow[i].record.flags & UPS_FLOW_XDP))
		return 0;
	for (unsigned int k = 0; k < UPS_RX_KEYS_MAX; k++) {
		int err = ups_plane_key_export(dp, &s->rx[i][k], msg);

		if (err)
			return err;
	}
	return ups_plane_key_export(dp, &s->tx[1 - i], msg);
}

static int write_lookup(struct ups_dp *dp, struct ups_installed *s, unsigned int i, bool rtcp,
			struct ups_errmsg *msg)
{
	struct ups_held_port *p = &s->port[i][rtcp];
	int err;

	if (!p->local.port)
		return 0;
	err = dp->ops->kernel_lookup_add(dp->kernel, &p->local,
					 s->flow[i].slot | (rtcp ? UPS_LOOKUP_RTCP : 0));
	if (err) {
		char text[UPS_ADDR_TEXT];

		return ups_fail(msg, err, "cannot register %s with the kernel lane: %s",
				ups_addr_format(&p->local, text), ups_strerror(err));
	}
	p->in_kernel = true;
	return 0;
}

static int write_flow(struct ups_dp *dp, struct ups_installed *s, unsigned int i,
		      struct ups_errmsg *msg)
{
	struct ups_held_flow *f = &s->flow[i];
	int err;

	if (f->facts.off) /* no program on its device will ask */
		return 0;
	err = export_flow_keys(dp, s, i, msg);
	if (err)
		return err;
	err = dp->ops->kernel_flow_set(dp->kernel, f->slot, &f->record);
	if (err)
		return ups_fail(msg, err, "cannot write a flow to the kernel lane: %s",
				ups_strerror(err));
	f->in_kernel = true;
	err = write_lookup(dp, s, i, false, msg);
	return err ? err : write_lookup(dp, s, i, true, msg);
}

static void retract_flow(struct ups_dp *dp, struct ups_installed *s, unsigned int i)
{
	for (unsigned int c = 0; c < 2; c++) {
		if (s->port[i][c].in_kernel)
			dp->ops->kernel_lookup_del(dp->kernel, &s->port[i][c].local);
		s->port[i][c].in_kernel = false;
	}
	if (s->flow[i].in_kernel)
		dp->ops->kernel_flow_del(dp->kernel, s->flow[i].slot);
	s->flow[i].in_kernel = false;
}

/* ---- install and remove ---------------------------------------------------------------------------------------- */

static void list_keys(const struct ups_installed *s, struct ups_leg_keys keys[static UPS_LEGS])
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int k = 0; k < UPS_RX_KEYS_MAX; k++)
			keys[i].rx[k] = s->rx[i][k].key;
		keys[i].tx = s->tx[i].key;
	}
}

static void hold_ports(const struct ups_leg *leg, struct ups_held_port port[static 2])
{
	port[0].local = leg->local;
	if (!leg->rtcp_mux && !leg->no_rtcp)
		port[1].local = leg->local_rtcp;
}

/* Everything that can fail, in order; what it leaves behind is for ups_plane_remove(). */
static int fill(struct ups_dp *dp, const struct ups_stream *stream, struct ups_installed *s,
		struct ups_errmsg *msg)
{
	struct ups_leg_keys keys[UPS_LEGS];
	int err = ups_plane_keys_create(dp, stream, s, msg);

	if (err)
		return err;
	list_keys(s, keys);
	err = ups_udp_stream_open(dp->udp, stream, keys, &s->udp, msg);
	for (unsigned int i = 0; i < UPS_LEGS && !err; i++)
		err = write_flow(dp, s, i, msg);
	return err ? err : ups_udp_stream_start(dp->udp, s->udp, msg);
}

int ups_plane_install(struct ups_dp *dp, const struct ups_stream *stream,
		      struct ups_installed **out, struct ups_errmsg *msg)
{
	struct ups_installed *s;
	int err = check_stream(dp, stream, msg);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ups_fail(msg, -ENOMEM, "no memory for a stream");
	rest_slots(dp, stream);
	s->ssrc_count = stream->ssrc_count;
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		zero_flow_state(dp, stream->flow[i], stream->ssrc_base[i], stream->ssrc_count);
		hold_ports(&stream->leg[i], s->port[i]);
		prepare_flow(dp, stream, i, s);
		dp->by_flow[stream->flow[i]] = s;
	}
	err = fill(dp, stream, s, msg);
	if (err) {
		ups_plane_remove(dp, s);
		return err;
	}
	*out = s;
	return 0;
}

static void take_out(struct ups_dp *dp, struct ups_installed *s)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		retract_flow(dp, s, i);
		dp->by_flow[s->flow[i].slot] = NULL;
	}
	ups_plane_keys_retract(dp, s);
	if (s->udp)
		ups_udp_stream_stop(dp->udp, s->udp);
}

static void free_installed(struct ups_dp *dp, struct ups_installed *s)
{
	ups_udp_stream_close(dp->udp, s->udp);
	ups_plane_keys_destroy(dp, s);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		release_flow_state(dp, s, i);
	free(s);
}

void ups_plane_remove(struct ups_dp *dp, struct ups_installed *list)
{
	struct ups_installed *s;

	if (!list)
		return;
	for (s = list; s; s = s->next)
		take_out(dp, s);
	ups_udp_quiesce(dp->udp);
	dp->rest.now++;
	while (list) {
		s = list;
		list = s->next;
		free_installed(dp, s);
	}
}

/* ---- learned sources ------------------------------------------------------------------------------------------- */

/*
 * A flow record is not written atomically: the flow goes to the stack while its addresses change, so that no packet leaves
 * for an address made of two. The record was accepted before; refusing it now leaves the udp lane in charge.
 */
static void rewrite_flow(struct ups_dp *dp, struct ups_held_flow *f)
{
	struct ups_flow paused = f->record;
	int err;

	if (!f->in_kernel)
		return;
	paused.flags &= ~UPS_FLOW_ACTIVE;
	err = dp->ops->kernel_flow_set(dp->kernel, f->slot, &paused);
	if (!err)
		err = dp->ops->kernel_flow_set(dp->kernel, f->slot, &f->record);
	if (err)
		f->facts.off = "XDP is off: the kernel lane refused a new address";
}

void ups_plane_learned(struct ups_dp *dp, struct ups_installed *s, unsigned int leg,
		       const struct ups_addr *addr)
{
	struct ups_held_flow *in = &s->flow[leg], *back = &s->flow[1 - leg];

	in->record.src = *addr;
	in->record.flags |= UPS_FLOW_SRC_KNOWN;
	in->facts.source_known = true;
	back->record.out_dst = *addr;
	rewrite_flow(dp, in);
	rewrite_flow(dp, back);
}
