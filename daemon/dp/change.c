// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Streams that become others in place: same flow and SSRC slots, same worker. What can fail is done beside the running
 * stream; then it is taken out of service, switched by one thread that is alone with it, and put back. Packets that come
 * meanwhile pass the kernel lane by and wait in the sockets. Control thread.
 *
 * Indices (RFC 3711 9.1, 3.3.2): a key that goes on keeps its counters, its replay lists and the list of indices it sent with;
 * only state that no key of the new stream continues starts anew, and a peer that goes back to its last key finds its replay
 * lists as they were.
 */
#include "dp/plane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* State of a flow that no key continues */
struct fresh {
	bool rx, rx_rtcp, tx, tx_rtcp;
};

struct ups_switch {
	struct ups_installed *s;
	struct ups_stream *from, *to;
	struct ups_held next;
	struct ups_udp_change udp; /* stream: NULL until prepared */
	struct ups_endpoints endpoints;
	struct fresh fresh[UPS_LEGS];
};

/* ---- what continues -------------------------------------------------------------------------------------------- */

/* Roles by which a leg receives or sends RTP or RTCP: @count from the one returned */
static unsigned int rx_roles(const struct ups_leg *leg, bool rtcp, unsigned int *count)
{
	bool own = rtcp && ups_udp_own_rtcp_keys(leg);

	*count = own ? 1 : UPS_RX_KEYS_MAX;
	return own ? UPS_ROLE_RX_RTCP : UPS_ROLE_RX;
}

static bool rx_uses(const struct ups_leg *leg, bool rtcp, uint32_t slot)
{
	unsigned int count, first = rx_roles(leg, rtcp, &count);

	for (unsigned int r = first; r < first + count; r++) {
		const struct ups_key_spec *spec = ups_plane_leg_key(leg, r);

		if (spec && spec->slot == slot)
			return true;
	}
	return false;
}

static bool rx_continues(const struct ups_leg *from, const struct ups_leg *to, bool rtcp)
{
	unsigned int count, first = rx_roles(from, rtcp, &count);

	for (unsigned int r = first; r < first + count; r++) {
		const struct ups_key_spec *spec = ups_plane_leg_key(from, r);

		if (spec && rx_uses(to, rtcp, spec->slot))
			return true;
	}
	return false;
}

static const struct ups_key_spec *tx_spec(const struct ups_leg *leg, bool rtcp)
{
	return ups_plane_leg_key(leg, rtcp && ups_udp_own_rtcp_keys(leg) ? UPS_ROLE_TX_RTCP
									 : UPS_ROLE_TX);
}

static bool tx_continues(const struct ups_leg *from, const struct ups_leg *to, bool rtcp)
{
	const struct ups_key_spec *a = tx_spec(from, rtcp), *b = tx_spec(to, rtcp);

	return a && b && a->slot == b->slot;
}

static struct fresh find_fresh(const struct ups_stream *from, const struct ups_stream *to,
			       unsigned int i)
{
	return (struct fresh) {
		.rx = !rx_continues(&from->leg[i], &to->leg[i], false),
		.rx_rtcp = !rx_continues(&from->leg[i], &to->leg[i], true),
		.tx = !tx_continues(&from->leg[1 - i], &to->leg[1 - i], false),
		.tx_rtcp = !tx_continues(&from->leg[1 - i], &to->leg[1 - i], true),
	};
}

/* From the last slot to the first: a free one ends a search. */
static void start_anew(struct ups_dp *dp, const struct ups_installed *s, unsigned int i,
		       struct fresh fresh)
{
	for (unsigned int n = s->ssrc_count; n-- > 0;) {
		struct ups_ssrc *ssrc = &dp->state.ssrc[s->ssrc_base[i] + n];

		if (fresh.rx)
			memset(&ssrc->rx, 0, sizeof(ssrc->rx));
		if (fresh.rx_rtcp)
			memset(&ssrc->rx_rtcp, 0, sizeof(ssrc->rx_rtcp));
		if (fresh.tx)
			memset(&ssrc->tx, 0, sizeof(ssrc->tx));
		if (fresh.tx_rtcp)
			ssrc->tx_rtcp = 0;
		if (fresh.rx && fresh.rx_rtcp && fresh.tx && fresh.tx_rtcp)
			__atomic_store_n(&ssrc->id, 0, __ATOMIC_RELEASE);
	}
}

/* ---- all that can fail ----------------------------------------------------------------------------------------- */

static int check_change(const struct ups_dp *dp, const struct ups_change *c, struct ups_errmsg *msg)
{
	const struct ups_stream *from = c->from, *to = c->to;

	if (!from->dp || memcmp(from->flow, to->flow, sizeof(to->flow)) ||
	    memcmp(from->ssrc_base, to->ssrc_base, sizeof(to->ssrc_base)) ||
	    from->ssrc_count != to->ssrc_count)
		return ups_fail(msg, UPS_E_RANGE,
				"a stream can only become one with the same slots");
	return ups_plane_check(dp, to, true, msg);
}

/* What flow @i and its ports already have in the kernel lane and keep there */
static void inherit(const struct ups_held *now, struct ups_held *next, unsigned int i)
{
	struct ups_held_flow *f = &next->flow[i];

	f->record.generation = now->flow[i].record.generation;
	f->left = now->flow[i].left;
	if (!ups_plane_flow_open(f))
		return;
	f->in_kernel = now->flow[i].in_kernel;
	for (unsigned int c = 0; c < 2; c++)
		next->port[i][c].in_kernel =
			now->port[i][c].in_kernel &&
			ups_addr_equal(&now->port[i][c].local, &next->port[i][c].local);
}

static int prepare_endpoints(struct ups_dp *dp, struct ups_switch *sw, struct ups_errmsg *msg)
{
	int fd[UPS_LEGS][2];

	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		for (unsigned int c = 0; c < 2; c++)
			fd[i][c] = ups_udp_change_fd(&sw->udp, i, c);
	}
	return ups_handshake_prepare(dp, sw->from, sw->to, fd, &sw->next, &sw->endpoints, msg);
}

static int prepare_lanes(struct ups_dp *dp, struct ups_switch *sw, struct ups_errmsg *msg)
{
	struct ups_held *now = &sw->s->now, *next = &sw->next;
	int err = ups_plane_keys_create(dp, sw->to, now, next, msg);

	if (!err)
		err = ups_udp_change_prepare(dp->udp, sw->s->udp, sw->from, sw->to, &sw->udp, msg);
	if (!err)
		err = prepare_endpoints(dp, sw, msg);
	for (unsigned int i = 0; i < UPS_LEGS && !err; i++) {
		inherit(now, next, i);
		err = ups_plane_flow_write(dp, next, i, false, msg);
	}
	return err;
}

static void discard_one(struct ups_dp *dp, struct ups_switch *sw)
{
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		ups_plane_flow_retract(dp, &sw->next, i, &sw->s->now);
	ups_handshake_discard(dp, &sw->endpoints);
	if (sw->udp.stream)
		ups_udp_change_discard(dp->udp, &sw->udp);
	ups_plane_keys_leave(dp, &sw->next, &sw->s->now);
}

static int prepare_one(struct ups_dp *dp, const struct ups_change *change, struct ups_switch *sw,
		       struct ups_errmsg *msg)
{
	int err = check_change(dp, change, msg);

	if (err)
		return err;
	*sw = (struct ups_switch) {
		.s = change->from->dp,
		.from = change->from,
		.to = change->to,
	};
	ups_plane_rest(dp, sw->to, &sw->s->now);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		ups_plane_flow_make(dp, sw->to, i, &sw->next);
		sw->fresh[i] = find_fresh(sw->from, sw->to, i);
	}
	err = prepare_lanes(dp, sw, msg);
	if (err)
		discard_one(dp, sw);
	return err;
}

int ups_plane_changes_prepare(struct ups_dp *dp, const struct ups_change *change,
			      unsigned int count, struct ups_switch **out, struct ups_errmsg *msg)
{
	struct ups_switch *list;

	*out = NULL;
	if (!count)
		return 0;
	list = malloc(count * sizeof(*list));
	if (!list)
		return ups_fail(msg, -ENOMEM, "no memory to change streams");
	for (unsigned int n = 0; n < count; n++) {
		int err = prepare_one(dp, &change[n], &list[n], msg);

		if (err) {
			ups_plane_changes_discard(dp, list, n);
			return err;
		}
	}
	*out = list;
	return 0;
}

void ups_plane_changes_discard(struct ups_dp *dp, struct ups_switch *list, unsigned int count)
{
	while (count--)
		discard_one(dp, &list[count]);
	free(list);
}

/* ---- what cannot fail ------------------------------------------------------------------------------------------ */

/* Whether XDP programs that still run with the record @was could spoil what @next starts from */
static bool keys_differ(const struct ups_flow *was, const struct ups_flow *next)
{
	const uint32_t modes = UPS_FLOW_OPAQUE | UPS_FLOW_RX_SRTP | UPS_FLOW_TX_SRTP;

	return was->rx_key_count != next->rx_key_count || was->tx_key != next->tx_key ||
	       memcmp(was->rx_key, next->rx_key, sizeof(was->rx_key)) ||
	       ((was->flags ^ next->flags) & modes);
}

/* -> whether programs that have begun must end first. Waiting takes milliseconds, so only where state is at stake. */
static bool pause_flow(struct ups_dp *dp, struct ups_switch *sw, unsigned int i)
{
	struct ups_held_flow *was = &sw->s->now.flow[i], *next = &sw->next.flow[i];
	bool differ = keys_differ(&was->record, &next->record);

	if (!ups_plane_flow_running(was))
		return differ && was->left > dp->rest.settled;
	if (!differ && !memcmp(&was->record, &next->record, sizeof(was->record)))
		return false;
	ups_plane_flow_pause(dp, was);
	next->left = ++dp->rest.now;
	return differ;
}

static void pause_all(struct ups_dp *dp, struct ups_switch *list, unsigned int count)
{
	bool grace = false;

	for (unsigned int n = 0; n < count; n++) {
		for (unsigned int i = 0; i < UPS_LEGS; i++)
			grace |= pause_flow(dp, &list[n], i);
	}
	if (grace)
		ups_plane_grace(dp);
	for (unsigned int n = 0; n < count; n++)
		ups_udp_stream_hide(dp->udp, list[n].s->udp);
	ups_udp_quiesce(dp->udp);
}

static void switch_one(struct ups_dp *dp, struct ups_switch *sw)
{
	struct ups_leg_keys keys[UPS_LEGS];

	ups_plane_list_keys(&sw->next, keys);
	ups_udp_change_switch(dp->udp, &sw->udp, keys);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		start_anew(dp, sw->s, i, sw->fresh[i]);
	ups_udp_change_restore(&sw->udp);
	ups_plane_keys_limits(dp, sw->to);
}

static void resume_flow(struct ups_dp *dp, struct ups_held *was, struct ups_held *now,
			unsigned int i)
{
	struct ups_held_flow *f = &now->flow[i];
	bool same = was->flow[i].in_kernel &&
		    !memcmp(&was->flow[i].record, &f->record, sizeof(f->record));

	ups_plane_flow_retract(dp, was, i, now);
	if (!same)
		ups_plane_flow_activate(dp, f);
}

/* An answer that completes a stream is no news about its lane. */
static void tell_lane(struct ups_dp *dp, const struct ups_held_flow *was, struct ups_held_flow *now)
{
	if (was->facts.awaited) {
		now->lane = ups_lane_decide(&now->facts, &now->reason);
		return;
	}
	now->lane = was->lane;
	ups_plane_flow_lane(dp, now);
}

static void resume(struct ups_dp *dp, struct ups_switch *sw)
{
	struct ups_held was = sw->s->now, *now = &sw->s->now;

	*now = sw->next;
	ups_udp_stream_show(dp->udp, sw->s->udp);
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		resume_flow(dp, &was, now, i);
	ups_handshake_publish(dp, &sw->endpoints);
	ups_handshake_drop(dp, &was, now);
	ups_plane_keys_leave(dp, &was, now);
	ups_plane_keys_retract_unused(dp, now);
	sw->from->dp = NULL;
	sw->to->dp = sw->s;
	for (unsigned int i = 0; i < UPS_LEGS; i++)
		tell_lane(dp, &was.flow[i], &now->flow[i]);
}

void ups_plane_changes_carry_out(struct ups_dp *dp, struct ups_switch *list, unsigned int count)
{
	if (!count)
		return;
	pause_all(dp, list, count);
	for (unsigned int n = 0; n < count; n++)
		switch_one(dp, &list[n]);
	dp->rest.now++;
	for (unsigned int n = 0; n < count; n++)
		resume(dp, &list[n]);
	free(list);
}
