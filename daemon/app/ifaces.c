// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rules of logical interfaces: see ifaces.h. */
#include "app/ifaces.h"

#include <string.h>

#include "base/addr.h"

bool ups_iface_usable(const struct ups_addr *a)
{
	static const uint8_t zero[16];

	if (ups_addr_is_v4(a))
		return a->ip[12] != 0 && a->ip[12] < 224;
	return memcmp(a->ip, zero, sizeof(zero)) && a->ip[0] != 0xff &&
	       !(a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

/* -> whether the ports of @f are no range of pairs */
static bool ports_fault(const struct ups_iface *f, struct ups_errmsg *why)
{
	if (f->port_min % 2)
		return ups_fail(why, UPS_E_RANGE, "%u is odd; RTP takes even ports", f->port_min);
	if (f->port_min >= f->port_max)
		return ups_fail(why, UPS_E_RANGE, "%u is not below port-max %u", f->port_min,
				f->port_max);
	return false;
}

bool ups_ifaces_share_address(const struct ups_iface *a, const struct ups_iface *b)
{
	return (a->has_v4 && b->has_v4 && ups_addr_same_ip(&a->v4, &b->v4)) ||
	       (a->has_v6 && b->has_v6 && ups_addr_same_ip(&a->v6, &b->v6));
}

static bool overlap(const struct ups_iface *a, const struct ups_iface *b)
{
	return ups_ifaces_share_address(a, b) && a->port_min <= b->port_max &&
	       b->port_min <= a->port_max;
}

const char *ups_ifaces_fault(const struct ups_iface *ifaces, unsigned int i, struct ups_errmsg *why)
{
	const struct ups_iface *f = &ifaces[i];

	if (ports_fault(f, why))
		return "port-min";
	for (unsigned int j = 0; j < i; j++) {
		const struct ups_iface *other = &ifaces[j];

		if (!strcmp(f->name, other->name)) {
			ups_fail(why, UPS_E_RANGE, "'%s' is also the name of interfaces[%u]",
				 f->name, j);
			return "name";
		}
		if (overlap(f, other)) {
			ups_fail(why, UPS_E_RANGE,
				 "ports %u-%u overlap %u-%u of interface %s on the same address",
				 f->port_min, f->port_max, other->port_min, other->port_max,
				 other->name);
			return "port-min";
		}
	}
	return NULL;
}
