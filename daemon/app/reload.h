/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SIGHUP: upsecd.yaml is read again. Policy, control.ng.allow, timeouts.media and log.level take effect at once; running sessions stay
 * as they are and are judged by the new policy at their next offer. The rest is of the start: what differs is named and waits for the
 * next one. A file with an error changes nothing. Control thread.
 */
#ifndef UPSEC_APP_RELOAD_H
#define UPSEC_APP_RELOAD_H

#include "app/daemon.h"

struct ups_reload_result {
	unsigned int restart_count; /* options that differ and need a restart */
	char restart[400]; /* their names, separated by ", "; the last may be "..." */
};

/*
 * Reads the file and puts into d->config what can change; d->config.policy stays where it is, for those who point to it.
 * UPS_E_STATE without a file; else as ups_config_load(), and d->config is as before.
 */
int ups_reload(struct ups_daemon *d, struct ups_reload_result *result,
	       struct ups_errmsg *msg) __must_check;
/* ups_reload() with its outcome in the log. */
void ups_reload_on_hangup(struct ups_daemon *d);

#endif
