// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which devices the kernel lane sits on. Control thread, at start. */
#define UPS_LOG_MODULE "dp"
#include "dp/plane.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define OFF_PREFIX "XDP is off: "

const struct ups_device *ups_plane_device(const struct ups_dp *dp, const char *name)
{
	for (unsigned int i = 0; i < dp->device_count; i++) {
		if (!strcmp(dp->device[i].name, name))
			return &dp->device[i];
	}
	return NULL;
}

static void say_off(struct ups_device *d, const char *why)
{
	d->mode = "off";
	snprintf(d->text, sizeof(d->text), OFF_PREFIX "%s", why);
	d->off = d->text;
	d->reason = d->text + strlen(OFF_PREFIX);
}

static bool try_mode(struct ups_dp *dp, struct ups_device *d, enum ups_attach_mode mode,
		     struct ups_errmsg *msg)
{
	if (dp->ops->kernel_attach(dp->kernel, d->name, mode, &d->dispatcher, msg))
		return false;
	d->attached = true;
	d->mode = mode == UPS_ATTACH_NATIVE ? "native" : "generic";
	return true;
}

static void attach_device(struct ups_dp *dp, struct ups_device *d)
{
	struct ups_errmsg native = {}, generic = {};

	if (dp->config.xdp != UPS_XDP_GENERIC && try_mode(dp, d, UPS_ATTACH_NATIVE, &native)) {
		ups_info("%s: XDP in native mode", d->name);
		return;
	}
	if (dp->config.xdp != UPS_XDP_NATIVE && try_mode(dp, d, UPS_ATTACH_GENERIC, &generic)) {
		snprintf(d->text, sizeof(d->text), "%s",
			 native.text[0] ? native.text : "generic mode requested");
		d->reason = d->text;
		ups_warn("%s: XDP in generic mode, which is slower: %s", d->name, d->reason);
		return;
	}
	say_off(d, native.text[0] ? native.text : generic.text);
	ups_warn("%s: %s; the udp lane serves it", d->name, d->off);
}

static void add_device(struct ups_dp *dp, const char *name)
{
	struct ups_device *d = &dp->device[dp->device_count++];

	d->name = name;
	d->loopback = dp->ops->device_is_loopback(name);
	if (!dp->kernel)
		say_off(d, dp->kernel_reason);
	else if (d->loopback)
		say_off(d, "a loopback device needs none");
	else
		attach_device(dp, d);
}

int ups_plane_attach(struct ups_dp *dp, struct ups_errmsg *msg)
{
	for (unsigned int i = 0; i < dp->config.iface_count; i++) {
		const char *name = dp->config.ifaces[i].device;

		if (ups_plane_device(dp, name))
			continue;
		if (dp->device_count == UPS_DEVICES_MAX)
			return ups_fail(msg, UPS_E_LIMIT,
					"more than %d devices in the configured interfaces",
					UPS_DEVICES_MAX);
		add_device(dp, name);
	}
	return 0;
}
