// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as upsecd.yaml: refused with a message, or a configuration that satisfies the rules between options. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_iface(const struct ups_iface *f)
{
	must(f->name[0] && memchr(f->name, '\0', sizeof(f->name)));
	must(f->device[0] && memchr(f->device, '\0', sizeof(f->device)));
	must(f->has_v4 || f->has_v6);
	must(f->port_min % 2 == 0 && f->port_min >= 1024 && f->port_min < f->port_max);
	must(f->v4.port == 0 && f->v6.port == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_errmsg msg = {};
	struct ups_config config;
	int err = ups_config_parse("fuzz.yaml", data, size, &config, &msg);

	if (err) {
		must(!strncmp(msg.text, "fuzz.yaml:", 10));
		return 0;
	}
	must(config.iface_count >= 1 && config.iface_count <= UPS_IFACES_MAX);
	for (unsigned int i = 0; i < config.iface_count; i++)
		check_iface(&config.iface[i]);
	must(config.crypto && config.limits.sessions && config.limits.ssrc_per_flow);
	must(config.limits.ssrcs == config.limits.flows * config.limits.ssrc_per_flow);
	return 0;
}
