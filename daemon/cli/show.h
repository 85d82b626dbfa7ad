/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Protocol objects for people: aligned, one fact in one place. Nothing here is for scripts; they use JSON. */
#ifndef UPSEC_CLI_SHOW_H
#define UPSEC_CLI_SHOW_H

#include <stdio.h>

#include "proto/nl_msg.h"

/* A session's own line; then each stream as it arrives. */
void ups_show_session(FILE *out, const struct ups_nl_session *session);
void ups_show_stream(FILE *out, const struct ups_nl_stream *stream);
/* Only where to send to: what "session add" answers. */
void ups_show_addresses(FILE *out, const struct ups_nl_stream *stream);
/* The list: one line for each stream */
void ups_show_session_head(FILE *out);
void ups_show_session_line(FILE *out, const struct ups_nl_session *session);
void ups_show_registration_head(FILE *out);
void ups_show_registration(FILE *out, const struct ups_nl_registration *registration);
void ups_show_rule(FILE *out, const struct ups_nl_rule *rule);
/* A line for each stream and leg, then the verdict in a sentence. */
void ups_show_verdict(FILE *out, const struct ups_nl_verdict *verdict);
void ups_show_flow_head(FILE *out);
void ups_show_flow(FILE *out, const struct ups_nl_flow *flow);
void ups_show_status(FILE *out, const struct ups_nl_status *status);
void ups_show_stats(FILE *out, const struct ups_nl_stats *stats);
void ups_show_event(FILE *out, const struct ups_nl_event *event);

#endif
