/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What control listeners ask of the daemon. The listeners (netlink, ng) never include the data plane: the application
 * hands them this table. Control thread only; none of these blocks.
 */
#ifndef UPSEC_CTL_CTL_H
#define UPSEC_CTL_CTL_H

#include "base/err.h"
#include "core/core.h"
#include "core/report.h"

struct ups_ctl_ops {
	void *aux;
	/* Model and data plane together: committed, or nothing changed and @msg says why. */
	int (*session_add)(void *aux, const struct ups_session_request *request,
			   struct ups_errmsg *msg);
	int (*session_del)(void *aux, const char *id, struct ups_errmsg *msg);
	const struct ups_core *(*core)(void *aux);
	int (*flow_info)(void *aux, uint32_t flow, struct ups_flow_info *out);
	struct ups_key_use (*key_use)(void *aux, uint32_t slot);
	void (*dp_info)(void *aux, struct ups_dp_info *out);
};

#endif
