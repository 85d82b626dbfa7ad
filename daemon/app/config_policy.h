/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of upsecd.yaml that are lists of mappings: rules of policy, and who may speak ng. */
#ifndef UPSEC_APP_CONFIG_POLICY_H
#define UPSEC_APP_CONFIG_POLICY_H

#include "app/config.h"
#include "app/config_reader.h"
#include "app/schema.h"

/* Without a list of rules: ups_policy_init(). UPS_E_SYNTAX, UPS_E_RANGE. dtls.ca has been read. */
int ups_config_read_policy(struct ups_reader *r, const struct ups_raw *raw,
			   struct ups_config *out) __must_check;
/* Without control.ng: no listener. Without a list of sources: loopback. */
int ups_config_read_ng(struct ups_reader *r, const struct ups_raw *raw,
		       struct ups_config *out) __must_check;
/* Loopback of both families, as every source list is unless something else is written */
void ups_ng_allow_loopback(struct ups_ng_config *ng, enum ups_assurance signalling);

#endif
