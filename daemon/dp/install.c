// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams into the lanes and out again. Order in: state zeroed, keys, sockets, kernel keys, kernel flows, look-up entries,
 * endpoints, workers. Order out: the reverse; then one grace period for the workers; then the memory. Control thread.
 */
#include "dp/plane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- shared state ---------------------------------------------------------------------------------------------- */

static bool rested(const struct ups_rest *r, uint32_t released)
{
	return released <= r->settled;
}

static bool leg_keys_rested(const struct ups_rest *r, const struct ups_leg *leg,
			    struct ups_held *was)
{
	for (unsigned int role = 0; role < UPS_ROLES; role++) {
		const struct ups_key_spec *spec = ups_plane_leg_key(leg, role);

		if (spec && !rested(r, r->key[spec->slot]) &&
		    !(was && ups_plane_key_find(was, spec->slot)))
			return false;
	}
	return true;
}

static bool flow_rested(const struct ups_rest *r, const struct ups_stream *stream, unsigned int i)
{
	for (uint32_t n = 0; n < stream->ssrc_count; n++) {
		if (!rested(r, r->ssrc[stream->ssrc_base[i] + n]))
			return false;
	}
	return rested(r, r->flow[stream->flow[i]]);
}

void ups_plane_grace(struct ups_dp *dp)
{
	dp->ops->kernel_grace();
	dp->rest.settled = dp->rest.now;
}

/*
 * An XDP program that looked a slot up before it was released may still write to it. Pools give slots first-in first-out, so
 * this waits (some milliseconds) only when a slot comes back at once.
 */
void ups_plane_rest(struct ups_dp *dp, const struct ups_stream *stream, struct ups_held *was)
{
	const struct ups_rest *r = &dp->rest;
	bool ready = true;

	if (!dp->kernel)
		return;
	for (unsigned int i = 0; i < UPS_LEGS && ready; i++)
		ready = (was || flow_rested(r, stream, i)) &&
			leg_keys_rested(r, &stream->leg[i], was);
	if (!ready)
		ups_plane_grace(dp);
}

static void zero_flow_state(struct ups_dp *dp, uint32_t flow, uint32_t ssrc_base, uint16_t count)
{
	memset(&dp->state.stats[flow], 0, sizeof(*dp->state.stats));
	memset(&dp->state.ssrc[ssrc_base], 0, count * sizeof(*dp->state.ssrc));
}

static void release_flow_state(struct ups_dp *dp, const struct ups_installed *s, unsigned int i)
{
	uint32_t slot = s->now.flow[i].slot;

	zero_flow_state(dp, slot, s->ssrc_base[i], s->ssrc_count);
	dp->rest.flow[slot] = dp->rest.now;
	for (uint32_t n = 0; n < s->ssrc_count; n++)
		dp->rest.ssrc[s->ssrc_base[i] + n] = dp->rest.now;
}

/* ---- checks: what the model must not get wrong ------------------------------------------------------------------ */

static bool key_slots_fit(const struct ups_dp *dp, const struct ups_leg *leg)
{
	if (leg->rx_count > UPS_RX_KEYS_MAX)
		return false;
	for (unsigned int role = 0; role < UPS_ROLES; role++) {
		const struct ups_key_spec *spec = ups_plane_leg_key(leg, role);

		if (spec && spec->slot >= dp->state.keys)
			return false;
	}
	return true;
}

static bool flow_slots_fit(const struct ups_dp *dp, const struct ups_stream *stream, unsigned int i,
			   bool installed)
{
	return stream->flow[i] < dp->state.flows && !dp->by_flow[stream->flow[i]] == !installed &&
	       (uint64_t)stream->ssrc_base[i] + stream->ssrc_count <= dp->state.ssrcs;
}

int ups_plane_check(const struct ups_dp *dp, const struct ups_stream *stream, bool installed,
		    struct ups_errmsg *msg)
{
	const struct ups_leg *leg = stream->leg;

	if (!stream->ssrc_count || stream->ssrc_count > UPS_SSRC_MAX ||
	    !flow_slots_fit(dp, stream, 0, installed) ||
	    !flow_slots_fit(dp, stream, 1, installed) || !key_slots_fit(dp, &leg[0]) ||
	    !key_slots_fit(dp, &leg[1]))
		return ups_fail(msg, UPS_E_RANGE, "a slot number is out of range or taken");
	if ((leg[0].mode == UPS_MODE_OPAQUE) != (leg[1].mode == UPS_MODE_OPAQUE))
		return ups_fail(msg, UPS_E_UNSUPPORTED,
				"an opaque leg can only be relayed to an opaque leg");
	return 0;
}

/* ---- install and remove ---------------------------------------------------------------------------------------- */

void ups_plane_list_keys(const struct ups_held *held, struct ups_leg_keys keys[static UPS_LEGS])
{
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int r = 0; r < UPS_ROLES; r++)
			keys[i].key[r] = held->key[i][r].key;
	}
}

static int prepare_endpoints(struct ups_dp *dp, const struct ups_stream *stream,
			     struct ups_installed *s, struct ups_endpoints *e,
			     struct ups_errmsg *msg)
{
	int fd[UPS_LEGS][2];

	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int c = 0; c < 2; c++)
			fd[i][c] = s->udp->port[i][c].fd;
	}
	return ups_handshake_prepare(dp, NULL, stream, fd, &s->now, e, msg);
}

/* Everything that can fail, in order; what it leaves behind is for ups_plane_remove(). */
static int fill(struct ups_dp *dp, const struct ups_stream *stream, struct ups_installed *s,
		struct ups_errmsg *msg)
{
	struct ups_leg_keys keys[UPS_LEGS];
	struct ups_endpoints e = {};
	int err = ups_plane_keys_create(dp, stream, NULL, &s->now, msg);

	if (err)
		return err;
	ups_plane_list_keys(&s->now, keys);
	err = ups_udp_stream_open(dp->udp, stream, keys, &s->udp, msg);
	for (unsigned int i = 0; i < UPS_LEGS && !err; i++)
		err = ups_plane_flow_write(dp, &s->now, i, true, msg);
	if (!err)
		err = prepare_endpoints(dp, stream, s, &e, msg);
	if (!err)
		err = ups_udp_stream_start(dp->udp, s->udp, msg);
	if (err)
		ups_handshake_discard(dp, &e);
	else
		ups_handshake_publish(dp, &e);
	return err;
}

int ups_plane_install(struct ups_dp *dp, const struct ups_stream *stream,
		      struct ups_installed **out, struct ups_errmsg *msg)
{
	struct ups_installed *s;
	int err = ups_plane_check(dp, stream, false, msg);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ups_fail(msg, -ENOMEM, "no memory for a stream");
	ups_plane_rest(dp, stream, NULL);
	s->ssrc_count = stream->ssrc_count;
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		zero_flow_state(dp, stream->flow[i], stream->ssrc_base[i], stream->ssrc_count);
		ups_plane_flow_make(dp, stream, i, &s->now);
		s->ssrc_base[i] = stream->ssrc_base[i];
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
		ups_plane_flow_retract(dp, &s->now, i, NULL);
		dp->by_flow[s->now.flow[i].slot] = NULL;
	}
	ups_plane_keys_retract(dp, &s->now);
	if (s->udp)
		ups_udp_stream_stop(dp->udp, s->udp);
	ups_handshake_drop(dp, &s->now, NULL);
}

static void free_installed(struct ups_dp *dp, struct ups_installed *s)
{
	ups_udp_stream_close(dp->udp, s->udp);
	ups_plane_keys_destroy(dp, &s->now);
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
