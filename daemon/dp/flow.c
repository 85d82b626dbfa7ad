// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which lane serves a flow, and what the kernel lane is told of it. Control thread. */
#include "dp/plane.h"

#include <string.h>

#define OUT_TTL 64
#define REFUSED "XDP is off: the kernel lane refused a new address"

/* ---- records --------------------------------------------------------------------------------------------------- */

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
	if (in->source == UPS_SOURCE_LATCH)
		flags |= UPS_FLOW_LATCH;
	if (in->dtls.on)
		flags |= UPS_FLOW_DTLS;
	if (in->dtls.on || in->ice.on)
		flags |= UPS_FLOW_STUN;
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

static const char *why_awaited(const struct ups_leg *in, const struct ups_leg *out)
{
	if (!in->remote.port || !out->remote.port)
		return "the peer's answer is awaited";
	if ((in->mode == UPS_MODE_SRTP && !in->rx_count) ||
	    (out->mode == UPS_MODE_SRTP && !out->tx.suite))
		return "keys are awaited";
	return NULL;
}

static const char *leg_ipsec(const struct ups_dp *dp, const struct ups_leg *leg)
{
	return leg->remote.port ? dp->ops->xfrm_why(dp->xfrm, &leg->local, &leg->remote) : NULL;
}

static const char *why_off(const struct ups_dp *dp, const struct ups_leg *in,
			   const struct ups_leg *out)
{
	const struct ups_device *d = ups_plane_device(dp, in->iface->device);
	const char *ipsec;

	if (!d)
		return "XDP is off: not a device of a configured interface";
	if (!d->attached)
		return d->off;
	if (in->ipsec || out->ipsec)
		return "a leg relies on IPsec: the stack applies it";
	ipsec = leg_ipsec(dp, in);
	return ipsec ? ipsec : leg_ipsec(dp, out);
}

static struct ups_lane_facts find_facts(struct ups_dp *dp, const struct ups_stream *stream,
					unsigned int i)
{
	const struct ups_leg *in = &stream->leg[i], *out = &stream->leg[1 - i];
	const struct ups_device *out_device = ups_plane_device(dp, out->iface->device);
	struct ups_lane_facts f = {
		.choice = stream->lane == UPS_CHOOSE_AUTO ? dp->config.lane : stream->lane,
		.off = why_off(dp, in, out),
		.needs_crypto = in->mode == UPS_MODE_SRTP || out->mode == UPS_MODE_SRTP,
		.kernel_crypto = dp->kernel && dp->ops->kernel_has_crypto(dp->kernel),
		.out_loopback = out_device && out_device->loopback,
		.awaited = why_awaited(in, out),
		.old_key = ups_plane_leg_key(in, UPS_ROLE_RX_OLD),
		.source_known = in->source == UPS_SOURCE_STRICT || in->learned,
	};

	mki_facts(in, out, &f);
	return f;
}

bool ups_plane_flow_open(const struct ups_held_flow *f)
{
	struct ups_lane_facts later = f->facts;
	const char *reason;

	later.source_known = true;
	return ups_lane_decide(&later, &reason) == UPS_LANE_XDP;
}

bool ups_plane_flow_running(const struct ups_held_flow *f)
{
	const uint32_t all = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN;

	return f->in_kernel && (f->record.flags & all) == all;
}

static void hold_ports(const struct ups_leg *leg, struct ups_held_port port[static 2])
{
	port[0].local = leg->local;
	if (ups_udp_has_rtcp_port(leg))
		port[1].local = leg->local_rtcp;
}

void ups_plane_flow_make(struct ups_dp *dp, const struct ups_stream *stream, unsigned int i,
			 struct ups_held *held)
{
	struct ups_held_flow *f = &held->flow[i];

	f->slot = stream->flow[i];
	f->facts = find_facts(dp, stream, i);
	f->lane = ups_lane_decide(&f->facts, &f->reason);
	f->record = make_record(dp, stream, i);
	if (ups_plane_flow_open(f))
		f->record.flags |= UPS_FLOW_XDP;
	hold_ports(&stream->leg[i], held->port[i]);
}

void ups_plane_flow_lane(struct ups_dp *dp, struct ups_held_flow *f)
{
	const struct ups_dp_callbacks *cb = &dp->config.callbacks;
	enum ups_lane before = f->lane;

	f->lane = ups_lane_decide(&f->facts, &f->reason);
	if (f->lane != before && cb->lane_changed)
		cb->lane_changed(cb->aux, f->slot, f->lane, f->reason);
}

/* ---- into the kernel ------------------------------------------------------------------------------------------- */

static int export_flow_keys(struct ups_dp *dp, struct ups_held *held, unsigned int i,
			    struct ups_errmsg *msg)
{
	for (unsigned int k = 0; k < UPS_RX_KEYS_MAX; k++) {
		int err = ups_plane_key_export(dp, &held->key[i][UPS_ROLE_RX + k], msg);

		if (err)
			return err;
	}
	return ups_plane_key_export(dp, &held->key[1 - i][UPS_ROLE_TX], msg);
}

static int write_record(struct ups_dp *dp, struct ups_held_flow *f, bool active,
			struct ups_errmsg *msg)
{
	struct ups_flow record = f->record;
	int err;

	if (f->in_kernel)
		return 0;
	if (!active)
		record.flags &= ~UPS_FLOW_ACTIVE;
	err = dp->ops->kernel_flow_set(dp->kernel, f->slot, &record);
	if (err)
		return ups_fail(msg, err, "cannot write a flow to the kernel lane: %s",
				ups_strerror(err));
	f->in_kernel = true;
	return 0;
}

static int write_lookup(struct ups_dp *dp, struct ups_held *held, unsigned int i, bool rtcp,
			struct ups_errmsg *msg)
{
	struct ups_held_port *p = &held->port[i][rtcp];
	int err;

	if (!p->local.port || p->in_kernel)
		return 0;
	err = dp->ops->kernel_lookup_add(dp->kernel, &p->local,
					 held->flow[i].slot | (rtcp ? UPS_LOOKUP_RTCP : 0));
	if (err) {
		char text[UPS_ADDR_TEXT];

		return ups_fail(msg, err, "cannot register %s with the kernel lane: %s",
				ups_addr_format(&p->local, text), ups_strerror(err));
	}
	p->in_kernel = true;
	return 0;
}

int ups_plane_flow_write(struct ups_dp *dp, struct ups_held *held, unsigned int i, bool active,
			 struct ups_errmsg *msg)
{
	int err;

	if (!ups_plane_flow_open(&held->flow[i]))
		return 0;
	err = export_flow_keys(dp, held, i, msg);
	if (!err)
		err = write_record(dp, &held->flow[i], active, msg);
	if (!err)
		err = write_lookup(dp, held, i, false, msg);
	return err ? err : write_lookup(dp, held, i, true, msg);
}

void ups_plane_flow_retract(struct ups_dp *dp, struct ups_held *held, unsigned int i,
			    const struct ups_held *stay)
{
	for (unsigned int c = 0; c < 2; c++) {
		struct ups_held_port *p = &held->port[i][c];
		const struct ups_held_port *other = stay ? &stay->port[i][c] : NULL;

		if (!p->in_kernel ||
		    (other && other->in_kernel && ups_addr_equal(&other->local, &p->local)))
			continue;
		dp->ops->kernel_lookup_del(dp->kernel, &p->local);
		p->in_kernel = false;
	}
	if (!held->flow[i].in_kernel || (stay && stay->flow[i].in_kernel))
		return;
	dp->ops->kernel_flow_del(dp->kernel, held->flow[i].slot);
	held->flow[i].in_kernel = false;
}

/* ---- changes of address ---------------------------------------------------------------------------------------- */

void ups_plane_flow_activate(struct ups_dp *dp, struct ups_held_flow *f)
{
	if (f->in_kernel && dp->ops->kernel_flow_set(dp->kernel, f->slot, &f->record))
		f->facts.off = REFUSED;
}

static int write_paused(struct ups_dp *dp, const struct ups_held_flow *f)
{
	struct ups_flow paused = f->record;

	paused.flags &= ~UPS_FLOW_ACTIVE;
	return dp->ops->kernel_flow_set(dp->kernel, f->slot, &paused);
}

void ups_plane_flow_pause(struct ups_dp *dp, const struct ups_held_flow *f)
{
	int err = write_paused(dp, f);

	(void)err; /* writing into an array fails for bad arguments only, and the kernel took this record before */
}

/*
 * A flow record is not written atomically: the flow goes to the stack while its addresses change, so that no packet leaves
 * for an address made of two. The record was accepted before; refusing it now leaves the udp lane in charge.
 */
void ups_plane_flow_rewrite(struct ups_dp *dp, struct ups_held_flow *f)
{
	int err;

	if (!f->in_kernel)
		return;
	err = write_paused(dp, f);
	if (!err)
		err = dp->ops->kernel_flow_set(dp->kernel, f->slot, &f->record);
	if (err)
		f->facts.off = REFUSED;
}

/* The address just learned may lie behind IPsec. */
static void mind_ipsec(struct ups_dp *dp, struct ups_held_flow *in, struct ups_held_flow *back)
{
	const char *why = dp->ops->xfrm_why(dp->xfrm, &back->record.out_src, &in->record.src);

	if (!why)
		return;
	in->facts.off = back->facts.off = why;
	in->record.flags &= ~UPS_FLOW_XDP;
	back->record.flags &= ~UPS_FLOW_XDP;
}

void ups_plane_learned(struct ups_dp *dp, struct ups_installed *s, unsigned int leg,
		       const struct ups_addr *addr)
{
	struct ups_held_flow *in = &s->now.flow[leg], *back = &s->now.flow[1 - leg];

	in->record.src = *addr;
	in->record.flags |= UPS_FLOW_SRC_KNOWN;
	in->facts.source_known = true;
	back->record.out_dst = *addr;
	if (in->in_kernel || back->in_kernel)
		mind_ipsec(dp, in, back);
	ups_plane_flow_rewrite(dp, in);
	ups_plane_flow_rewrite(dp, back);
	ups_plane_flow_lane(dp, &s->now.flow[0]);
	ups_plane_flow_lane(dp, &s->now.flow[1]);
}
