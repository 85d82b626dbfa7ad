/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model's structs <-> the netlink protocol's (proto/nl_msg.h). Pure, except that the data plane's figures are asked for through
 * struct ups_ctl_ops. Reports never touch a key's master.
 */
#ifndef UPSEC_CTL_NETLINK_REPORT_H
#define UPSEC_CTL_NETLINK_REPORT_H

#include "ctl/ctl.h"
#include "proto/nl_msg.h"

/* A session request in the core's form; points into itself and into the netlink form it was made of. Holds keys. */
struct ups_nl_core_request {
	struct ups_session_request session;
	struct ups_stream_request stream[UPS_NL_STREAM_MAX];
	struct ups_key_spec rx[UPS_NL_STREAM_MAX][UPS_LEGS][UPS_NL_RX_KEY_MAX];
	struct ups_key_spec tx[UPS_NL_STREAM_MAX][UPS_LEGS];
};

/* UPS_E_KEY_LENGTH, UPS_E_SUITE; the caller wipes @out. */
int ups_nl_to_core(const struct ups_nl_session_request *in, struct ups_nl_core_request *out,
		   struct ups_errmsg *msg) __must_check;

/* @stream: position in the session; beyond the last one, the session alone is reported. */
void ups_nl_report_session(const struct ups_ctl_ops *ops, const struct ups_session *session,
			   unsigned int stream, struct ups_nl_session *out);
/* -errno of the data plane */
int ups_nl_report_flow(const struct ups_ctl_ops *ops, const struct ups_session *session,
		       unsigned int stream, unsigned int leg, struct ups_nl_flow *out) __must_check;
void ups_nl_report_status(const struct ups_ctl_ops *ops, struct ups_nl_status *out);
void ups_nl_report_stats(const struct ups_ctl_ops *ops, struct ups_nl_stats *out);
/* @now_ns: CLOCK_MONOTONIC */
void ups_nl_report_registration(const struct ups_registration *registration, uint64_t now_ns,
				struct ups_nl_registration *out);
void ups_nl_report_rule(const struct ups_rule *rule, struct ups_nl_rule *out);
/* Streams and warning; whether all is refused is the caller's to say. Interfaces stay empty. */
void ups_nl_report_verdict(const struct ups_call_report *report, struct ups_nl_verdict *out);
/* What may travel as a string is printable ASCII (proto/nl.h): copies, with '?' for the rest. NULL gives "". */
void ups_nl_report_text(char *out, size_t size, const char *in);
void ups_nl_report_event(const struct ups_event *event, uint64_t time_ms, struct ups_nl_event *out);

#endif
