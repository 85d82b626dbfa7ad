/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration: upsecd.yaml(5), read at start. The options, their ranges, defaults and texts are one table
 * (config_table.h) from which the schema, the checks and the tests of the man page are made.
 *
 * A reload (app/reload.h) reads it again: what is compared there comes from the same table.
 *
 * An error is one line: "upsecd.yaml:12: interfaces[0].port-min: 70000 is out of range 1024..65534". Nothing outside the file is looked at:
 * whether a device, a user or a group exists is found when upsecd starts.
 */
#ifndef UPSEC_APP_CONFIG_H
#define UPSEC_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "core/core.h"
#include "core/policy.h"
#include "ctl/ng.h"
#include "dp/dp.h"

#define UPS_CONFIG_PATH "/etc/upsec/upsecd.yaml"
#define UPS_CONFIG_SIZE_MAX (64 * 1024) /* bytes of a file */
#define UPS_IFACES_MAX 16
#define UPS_USER_MAX 33 /* user and group names, with NUL */
#define UPS_CONFIG_FILE_MAX 256 /* path of a file, with NUL */

struct ups_config {
	struct ups_iface iface[UPS_IFACES_MAX];
	unsigned int iface_count;
	enum ups_lane_choice lane;
	enum ups_xdp_mode xdp;
	uint32_t workers; /* 0 = one per CPU */
	struct ups_limits limits;
	uint32_t streams_per_session; /* average that the pools are sized for */
	uint32_t key_warning_percent;
	char group[UPS_USER_MAX]; /* may change things over netlink; empty = uid 0 only */
	bool read_all; /* everybody may read; else uid 0 and the group */
	const char *crypto; /* backend, static text: "auto", "ipsec-mb", "openssl" */
	enum ups_log_level log_level;
	char user
		[UPS_USER_MAX]; /* to run as; empty = "upsec" if it exists, else uid 0 without privileges */
	struct ups_policy policy;
	struct ups_ng_config ng;
	char dtls_certificate[UPS_CONFIG_FILE_MAX], dtls_key[UPS_CONFIG_FILE_MAX],
		dtls_ca[UPS_CONFIG_FILE_MAX]; /* empty = made at start; no CA */
	uint32_t media_timeout_s; /* 0 = never */
	uint32_t registrations; /* addresses at most */
	bool without_file; /* from the command line alone: see app/fileless.h */
	bool log_level_given; /* on the command line, which stands above the file */
	char path[UPS_CONFIG_FILE_MAX]; /* of the file; empty without one */
};

/* @name is how messages call the document. UPS_E_SYNTAX, UPS_E_RANGE, -ENOMEM. */
int ups_config_parse(const char *name, const void *text, size_t size, struct ups_config *out,
		     struct ups_errmsg *msg) __must_check;
/* Reads @path and parses it. Also -errno of open() and read(). */
int ups_config_load(const char *path, struct ups_config *out, struct ups_errmsg *msg) __must_check;
struct ups_option;
/* Row of the option at @path, such as "xdp.mode" or "interfaces.kind"; NULL if there is none in a plain section. */
const struct ups_option *ups_config_option(const char *path);
/* What an empty file would give, were it not for the interfaces; no policy, no ng. */
void ups_config_defaults(struct ups_config *out);
/* Tables from limits: a stream has two flows, and each leg a receive and a transmit key. UPS_E_RANGE: more than 1 GiB */
int ups_config_size_pools(struct ups_config *c) __must_check;
/* Names every option by which the two differ, but for policy and control.ng.allow. */
void ups_config_compare(const struct ups_config *a, const struct ups_config *b,
			void (*found)(void *aux, const char *path), void *aux);

#endif
