/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The running daemon: owns every module, in the order of their start
 *
 *	detaching child -> user -> event loop -> crypto (known-answer tests) -> model -> netlink listener -> data plane
 *	-> capabilities dropped -> READY
 *
 * and stops them in the reverse order on SIGTERM or SIGINT. daemon.c is start, loop and stop; control.c is what the
 * listeners call and what the data plane reports; watch.c turns counters into events; reload.c answers SIGHUP. All on the control thread.
 */
#ifndef UPSEC_APP_DAEMON_H
#define UPSEC_APP_DAEMON_H

#include <systemd/sd-event.h>

#include "app/config.h"
#include "core/core.h"
#include "crypto/srtp.h"
#include "ctl/ctl.h"
#include "ctl/netlink.h"
#include "dp/dp.h"

struct ups_detacher;
struct ups_watch;
struct ups_ng_server;
struct ups_calls;
struct ups_registrations;

struct ups_daemon {
	struct ups_config config;
	sd_event *loop;
	struct ups_detacher *detacher;
	struct ups_crypto *crypto;
	struct ups_core *core;
	struct ups_registrations *registrations;
	struct ups_calls *calls;
	struct ups_dp *dp;
	struct ups_ctl_ops ops;
	struct ups_nl_server *netlink;
	struct ups_ng_server *ng;
	struct ups_watch *watch;
	unsigned int sessions_shown; /* in the status of the service manager */
	uint64_t forgotten_shown;
};

/* Runs until a signal ends it. @config is copied. 0 on a clean stop, else the failure, already logged. */
int ups_daemon_run(const struct ups_config *config) __must_check;

/* control.c */
void ups_control_init(struct ups_daemon *d);
struct ups_dp_callbacks ups_control_callbacks(struct ups_daemon *d);
/* A plan of the model (ups_core_*): carried out, then committed, or aborted when the data plane refuses. */
int ups_control_carry_out(struct ups_daemon *d, struct ups_plan *plan,
			  struct ups_errmsg *msg) __must_check;
void ups_control_event(struct ups_daemon *d, const struct ups_event *event);
/* Fills in whose @flow it is, the in-leg or the out-leg. -> false if nobody's any more */
bool ups_control_locate(const struct ups_daemon *d, uint32_t flow, bool out_leg,
			struct ups_event *event);

/*
 * watch.c: once a second looks at a part of the flows; each flow is seen within UPS_WATCH_PERIOD seconds. An event says when the drops of
 * a flow started and each time they grew tenfold. -ENOMEM.
 */
#define UPS_WATCH_PERIOD 4
int ups_watch_create(struct ups_daemon *d, struct ups_watch **out) __must_check;
void ups_watch_destroy(struct ups_watch *w);
void ups_watch_tick(struct ups_watch *w);

#endif
