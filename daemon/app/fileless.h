/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A configuration from the command line alone, for an operator who comes from rtpengine and types what they know:
 *
 *	upsecd --interface users/192.0.2.1 --interface peers/198.51.100.1!203.0.113.1 --kind peers=nni --listen-ng 2223
 *
 * The policy is then to protect wherever the peer can and never below what was asked for (ups_policy_init()); ng requests come from
 * this machine only and count as encrypted signalling. Interfaces keep the rules of upsecd.yaml.
 */
#ifndef UPSEC_APP_FILELESS_H
#define UPSEC_APP_FILELESS_H

#include "app/config.h"
#include "app/options.h"

#define UPS_FILELESS_PORT_MIN 30000
#define UPS_FILELESS_PORT_MAX 40000

/* The device that has address @a. -> 0, -ENODEV, -errno */
typedef int ups_fileless_device_fn(const struct ups_addr *a, char device[static IF_NAMESIZE]);
ups_fileless_device_fn ups_fileless_device; /* of this machine */

/* UPS_E_SYNTAX, UPS_E_RANGE, UPS_E_LIMIT, and what @device_of returns; @msg names the option. */
int ups_fileless_config(const struct ups_options *options, ups_fileless_device_fn *device_of,
			struct ups_config *out, struct ups_errmsg *msg) __must_check;

#endif
