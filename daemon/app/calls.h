/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Negotiated sessions in the running daemon: what the listeners ask about calls, policy and registrations, what handshakes bring, and what
 * time ends. Control thread.
 */
#ifndef UPSEC_APP_CALLS_H
#define UPSEC_APP_CALLS_H

#include "app/daemon.h"

/* Registrations and calls, on top of the model. -ENOMEM with @msg. */
int ups_app_calls_open(struct ups_daemon *d, struct ups_errmsg *msg) __must_check;
void ups_app_calls_close(struct ups_daemon *d);
/* Adds its functions to d->ops, and to the data plane's callbacks. */
void ups_app_calls_ops(struct ups_daemon *d);
void ups_app_calls_callbacks(struct ups_dp_callbacks *cb);
/* About once a second */
void ups_app_calls_tick(struct ups_daemon *d, uint64_t now_ns);
/* Ends the call @id, if it is one. -> false if it is none. */
bool ups_app_call_end(struct ups_daemon *d, const char *id, int *err, struct ups_errmsg *msg);

#endif
