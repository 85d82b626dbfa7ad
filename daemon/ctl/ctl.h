/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What control listeners ask of the daemon. The listeners (netlink, ng) never include the data plane: the application
 * hands them this table. Control thread only; none of these blocks.
 */
#ifndef UPSEC_CTL_CTL_H
#define UPSEC_CTL_CTL_H

#include "base/err.h"
#include "core/call.h"
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
	/* negotiated sessions */
	int (*call)(void *aux, const struct ups_call_request *request,
		    struct ups_call_report *report, struct ups_errmsg *msg);
	int (*call_check)(void *aux, const struct ups_call_request *request,
			  struct ups_call_report *report, struct ups_errmsg *msg);
	/* @delay_s: 0 = at once */
	int (*call_delete)(void *aux, struct ups_text call_id, struct ups_text from_tag,
			   struct ups_text to_tag, uint64_t delay_s, struct ups_errmsg *msg);
	const struct ups_calls *(*calls)(void *aux);
	const struct ups_policy *(*policy)(void *aux);
	/* @expires_s from now; 0 = never. The daemon closes the legs of what is removed. */
	int (*registration_add)(void *aux, struct ups_text address, const struct ups_addr *source,
				uint64_t expires_s, struct ups_errmsg *msg);
	/* @source NULL: all of the address. UPS_E_REGISTRATION if there was none. */
	int (*registration_del)(void *aux, struct ups_text address, const struct ups_addr *source,
				struct ups_errmsg *msg);
	const struct ups_registrations *(*registrations)(void *aux);
};

#endif
