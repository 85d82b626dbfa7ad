// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SIGHUP: see reload.h. */
#define UPS_LOG_MODULE "app"
#include "app/reload.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ctl/ng.h"

/* Those of ups_config_compare() that change while running */
static bool is_live(const char *path)
{
	static const char *const live[] = { "timeouts.media", "log.level" };

	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
		if (!strcmp(path, live[i]))
			return true;
	}
	return false;
}

static void note(void *aux, const char *path)
{
	struct ups_reload_result *result = aux;
	size_t used = strlen(result->restart);
	const char *separator = used ? ", " : "";

	if (is_live(path))
		return;
	result->restart_count++;
	if (used + strlen(path) + sizeof(", ...") < sizeof(result->restart))
		snprintf(result->restart + used, sizeof(result->restart) - used, "%s%s", separator,
			 path);
	else if (used < 3 || strcmp(result->restart + used - 3, "...") != 0)
		snprintf(result->restart + used, sizeof(result->restart) - used, "%s...",
			 separator);
}

static void take(struct ups_config *c, const struct ups_config *fresh)
{
	c->policy = fresh->policy;
	c->ng.allow_count = fresh->ng.allow_count;
	memcpy(c->ng.allow, fresh->ng.allow, sizeof(c->ng.allow));
	c->media_timeout_s = fresh->media_timeout_s;
	if (!c->log_level_given)
		c->log_level = fresh->log_level;
}

int ups_reload(struct ups_daemon *d, struct ups_reload_result *result, struct ups_errmsg *msg)
{
	struct ups_config fresh;
	int err;

	*result = (struct ups_reload_result) {};
	if (d->config.without_file)
		return ups_fail(msg, UPS_E_STATE,
				"started without a file: there is nothing to read again");
	err = ups_config_load(d->config.path, &fresh, msg);
	if (err)
		return err;
	ups_config_compare(&d->config, &fresh, note, result);
	take(&d->config, &fresh);
	if (d->ng)
		ups_ng_server_allow(d->ng, d->config.ng.allow, d->config.ng.allow_count);
	ups_log_set_level(d->config.log_level);
	return 0;
}

void ups_reload_on_hangup(struct ups_daemon *d)
{
	struct ups_reload_result result;
	struct ups_errmsg msg = {};

	if (ups_reload(d, &result, &msg)) {
		ups_warn("SIGHUP: nothing was reloaded: %s", msg.text);
		return;
	}
	ups_notice("SIGHUP: reloaded: %u rules of policy, %u sources of ng, media timeout %u s; "
		   "running sessions are judged at their next offer",
		   d->config.policy.count, d->config.ng.allow_count, d->config.media_timeout_s);
	if (result.restart_count)
		ups_notice("SIGHUP: takes effect at the next start: %s", result.restart);
}
