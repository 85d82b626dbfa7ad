// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Resources of a plan, and the journal by which they are given back: see core_priv.h. Control thread only. */
#include "core/core_priv.h"

#include <errno.h>

#include "base/addr.h"
#include "crypto/srtp.h"

static void note(struct ups_core *core, struct ups_core_note n)
{
	core->note[core->note_count++] = n;
}

void ups_take_undo(struct ups_core *core)
{
	while (core->note_count) {
		struct ups_core_note *n = &core->note[--core->note_count];

		switch (n->what) {
		case UPS_NOTE_PORT:
			ups_ports_untake(n->from, (uint16_t)n->value);
			break;
		case UPS_NOTE_FLOW:
			ups_slots_untake(&core->flows, n->value);
			break;
		case UPS_NOTE_KEY:
			ups_slots_untake(&core->keys, n->value);
			break;
		case UPS_NOTE_RUN:
			ups_runs_untake(&core->ssrcs, n->value, n->size, n->before);
			break;
		case UPS_NOTE_HOLD:
			ups_keyreg_release(core->keyreg, n->from);
			break;
		}
	}
}

void ups_take_keep(struct ups_core *core)
{
	for (unsigned int i = 0; i < core->note_count; i++) {
		if (core->note[i].what == UPS_NOTE_HOLD)
			ups_keyreg_keep(core->keyreg, core->note[i].from);
	}
	core->note_count = 0;
}

struct ups_ports *ups_take_pool(struct ups_core *core, const struct ups_iface *iface,
				const struct ups_addr *addr)
{
	return &core->ports[iface - core->check.ifaces][!ups_addr_is_v4(addr)];
}

int ups_take_port(struct ups_core *core, const struct ups_check_at *at, struct ups_leg *leg,
		  uint16_t wanted)
{
	const struct ups_iface *iface = leg->iface;
	struct ups_ports *pool = ups_take_pool(core, iface, &leg->remote);
	uint16_t port;
	int err = ups_ports_take(pool, wanted, core->now_ns, &port);

	if (err == UPS_E_NO_PORTS)
		return ups_check_fail(at, err,
				      "Ran out of ports on interface %s (range %u-%u); end "
				      "sessions or widen the range",
				      iface->name, iface->port_min, iface->port_max);
	if (err == UPS_E_RANGE)
		return ups_check_fail(at, err,
				      "local port %u is not an even port of interface %s (range "
				      "%u-%u) with its odd neighbour",
				      wanted, iface->name, iface->port_min, iface->port_max);
	if (err == -EADDRINUSE)
		return ups_check_fail(
			at, UPS_E_NO_PORTS,
			"local port %u of interface %s is in use; name another or none", wanted,
			iface->name);
	if (err)
		return ups_check_fail(at, err, "random port: %s", ups_strerror(err));
	note(core, (struct ups_core_note) { .what = UPS_NOTE_PORT, .from = pool, .value = port });
	leg->local = ups_addr_is_v4(&leg->remote) ? iface->v4 : iface->v6;
	ups_addr_set_port(&leg->local, port);
	return 0;
}

static uint64_t effective(uint64_t lifetime, uint64_t limit, uint64_t most)
{
	if (lifetime)
		return lifetime;
	return limit && limit < most ? limit : most;
}

uint64_t ups_take_rtp_lifetime(const struct ups_core *core, uint64_t want)
{
	return effective(want, core->limits.rtp_lifetime, UPS_RTP_LIFETIME_MAX);
}

uint64_t ups_take_rtcp_lifetime(const struct ups_core *core, uint64_t want)
{
	return effective(want, core->limits.rtcp_lifetime, UPS_RTCP_LIFETIME_MAX);
}

int ups_take_key(struct ups_core *core, const struct ups_check_at *at,
		 const struct ups_key_spec *want, bool tx, struct ups_key_spec *key,
		 struct ups_keyreg_entry **entry)
{
	int err = ups_keyreg_hold(core->keyreg, want->master.data,
				  ups_suite_by_id(want->suite)->key_len, tx, entry);

	if (err == UPS_E_KEY_REUSED)
		return ups_check_fail(at, err,
				      "%s key is or was in use; each leg, direction and stream "
				      "needs a fresh random key",
				      tx ? "transmit" : "receive");
	if (err)
		return ups_check_fail(at, err, "register of keys: %s", ups_strerror(err));
	note(core, (struct ups_core_note) { .what = UPS_NOTE_HOLD, .from = *entry });
	*key = *want;
	key->rtp_lifetime = ups_take_rtp_lifetime(core, want->rtp_lifetime);
	key->rtcp_lifetime = ups_take_rtcp_lifetime(core, want->rtcp_lifetime);
	err = ups_slots_take(&core->keys, &key->slot);
	if (err)
		return ups_check_fail(at, err,
				      "all %u key slots are in use; end sessions or raise "
				      "limits.sessions",
				      core->limits.keys);
	note(core, (struct ups_core_note) { .what = UPS_NOTE_KEY, .value = key->slot });
	return 0;
}

int ups_take_flow(struct ups_core *core, const struct ups_check_at *at, struct ups_stream *s)
{
	uint32_t before;
	int err = ups_slots_take(&core->flows, &s->flow[at->leg]);

	if (err)
		return ups_check_fail(at, err,
				      "all %u flow slots are in use; end sessions or raise "
				      "limits.sessions",
				      core->limits.flows);
	note(core, (struct ups_core_note) { .what = UPS_NOTE_FLOW, .value = s->flow[at->leg] });
	err = ups_runs_take(&core->ssrcs, s->ssrc_count, &s->ssrc_base[at->leg], &before);
	if (err)
		return ups_check_fail(at, err,
				      "no %u neighbouring SSRC slots of %u are free; end sessions "
				      "or raise limits.sessions",
				      s->ssrc_count, core->limits.ssrcs);
	note(core, (struct ups_core_note) { .what = UPS_NOTE_RUN,
					    .value = s->ssrc_base[at->leg],
					    .size = s->ssrc_count,
					    .before = before });
	return 0;
}
