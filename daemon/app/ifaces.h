/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules that logical interfaces keep, wherever they were written: upsecd.yaml or the command line. Pure. */
#ifndef UPSEC_APP_IFACES_H
#define UPSEC_APP_IFACES_H

#include "base/err.h"
#include "core/model.h"

/* Media can be sent from it: no unspecified, multicast or link-local address. */
bool ups_iface_usable(const struct ups_addr *a);
/* They have an address, of either family, in common. */
bool ups_ifaces_share_address(const struct ups_iface *a, const struct ups_iface *b);
/* Interface @i by itself and beside those before it. -> NULL, or the key that is at fault, with the reason in @why */
const char *ups_ifaces_fault(const struct ups_iface *ifaces, unsigned int i,
			     struct ups_errmsg *why);

#endif
