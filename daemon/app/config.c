// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values of the configuration: texts to numbers, words and addresses by the table, then the rules between options. */
#include "app/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_policy.h"
#include "app/config_reader.h"
#include "app/config_table.h"
#include "app/ifaces.h"
#include "app/schema.h"
#include "base/addr.h"

#define SSRC_SLOTS_MAX (1u << 22) /* 1 GiB of state */

static const char *const lane_words[] = { "auto", "udp", "xdp", NULL };
static const char *const xdp_words[] = { "auto", "native", "generic", "off", NULL };
static const char *const read_words[] = { "group", "all", NULL };
static const char *const backend_words[] = { "auto", "ipsec-mb", "openssl", NULL };
static const char *const log_words[] = { "error", "warning", "notice", "info", "debug", NULL };
static const char *const kind_words[] = { "conv", "nni", "iwf", NULL };
static const char *const source_words[] = { "strict", "latch", NULL };

_Static_assert(UPS_CHOOSE_UDP == 1 && UPS_CHOOSE_XDP == 2, "lane_words");
_Static_assert(UPS_XDP_NATIVE == 1 && UPS_XDP_GENERIC == 2 && UPS_XDP_OFF == 3, "xdp_words");
_Static_assert(UPS_LOG_WARNING == 1 && UPS_LOG_DEBUG == 4, "log_words");
_Static_assert(UPS_KIND_CONV == 0 && UPS_KIND_NNI == 1 && UPS_KIND_IWF == 2, "kind_words");
_Static_assert(UPS_SOURCE_STRICT == 0 && UPS_SOURCE_LATCH == 1, "source_words");

/* clang-format off */
#define UPS_DEST struct ups_iface
#define UPS_RAW struct ups_raw_iface
static const struct ups_option iface_options[] = { UPS_OPTIONS_IFACE(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
#define UPS_DEST struct ups_config
#define UPS_RAW struct ups_raw
static const struct ups_option root_options[] = { UPS_OPTIONS_ROOT(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_xdp
static const struct ups_option xdp_options[] = { UPS_OPTIONS_XDP(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_limits
static const struct ups_option limits_options[] = { UPS_OPTIONS_LIMITS(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_netlink
static const struct ups_option netlink_options[] = { UPS_OPTIONS_NETLINK(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_crypto
static const struct ups_option crypto_options[] = { UPS_OPTIONS_CRYPTO(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_log
static const struct ups_option log_options[] = { UPS_OPTIONS_LOG(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_timeouts
static const struct ups_option timeouts_options[] = { UPS_OPTIONS_TIMEOUTS(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_dtls
static const struct ups_option dtls_options[] = { UPS_OPTIONS_DTLS(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Rules within one interface, whose path is @at. */
static int check_iface(struct ups_reader *r, const char *at, const struct ups_raw_iface *raw,
		       struct ups_iface *f)
{
	snprintf(r->path, sizeof(r->path), "%s", at);
	f->has_v4 = raw->v4;
	f->has_v6 = raw->v6;
	if (!f->has_v4 && !f->has_v6)
		return ups_reader_fail(r, UPS_E_SYNTAX, "needs v4, v6 or both");
	ups_reader_at(r, at, "advertised-v4");
	if (raw->adv4 && !raw->v4)
		return ups_reader_fail(r, UPS_E_SYNTAX, "needs v4");
	ups_reader_at(r, at, "advertised-v6");
	if (raw->adv6 && !raw->v6)
		return ups_reader_fail(r, UPS_E_SYNTAX, "needs v6");
	if (!raw->adv4)
		f->advertised_v4 = f->v4;
	if (!raw->adv6)
		f->advertised_v6 = f->v6;
	return 0;
}

static int read_ifaces(struct ups_reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	out->iface_count = raw->iface_count;
	for (unsigned int i = 0; i < raw->iface_count; i++) {
		struct ups_errmsg why;
		char section[32];
		const char *fault;
		int err;

		snprintf(section, sizeof(section), "interfaces[%u]", i);
		err = ups_reader_section(r, section, iface_options, COUNT(iface_options),
					 &raw->iface[i], &out->iface[i]);
		if (!err)
			err = check_iface(r, section, &raw->iface[i], &out->iface[i]);
		if (err)
			return err;
		fault = ups_ifaces_fault(out->iface, i, &why);
		if (fault) {
			ups_reader_at(r, section, fault);
			return ups_reader_fail(r, UPS_E_RANGE, "%s", why.text);
		}
	}
	return 0;
}

struct section {
	const char *path;
	const struct ups_option *options;
	size_t count;
};

static const struct section sections[] = {
	{ "", root_options, COUNT(root_options) },
	{ "xdp", xdp_options, COUNT(xdp_options) },
	{ "limits", limits_options, COUNT(limits_options) },
	{ "control.netlink", netlink_options, COUNT(netlink_options) },
	{ "crypto", crypto_options, COUNT(crypto_options) },
	{ "timeouts", timeouts_options, COUNT(timeouts_options) },
	{ "dtls", dtls_options, COUNT(dtls_options) },
	{ "log", log_options, COUNT(log_options) },
};

static const struct section interfaces = { "interfaces", iface_options, COUNT(iface_options) };

static int read_sections(struct ups_reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	const void *const raws[COUNT(sections)] = {
		raw,	     raw->xdp,
		raw->limits, raw->control ? raw->control->netlink : NULL,
		raw->crypto, raw->timeouts,
		raw->dtls,   raw->log,
	};

	for (size_t i = 0; i < COUNT(sections); i++) {
		int err = ups_reader_section(r, sections[i].path, sections[i].options,
					     sections[i].count, raws[i], out);

		if (err)
			return err;
	}
	return 0;
}

/* A certificate and its key go together. */
static int check_dtls(struct ups_reader *r, const struct ups_config *c)
{
	bool has_certificate = c->dtls_certificate[0], has_key = c->dtls_key[0];

	ups_reader_at(r, "dtls", has_key ? "key" : "certificate");
	if (has_certificate != has_key)
		return ups_reader_fail(r, UPS_E_SYNTAX, "needs %s",
				       has_key ? "certificate" : "key");
	return 0;
}

/*
 * Sizes of the pools. A stream has two flows, and each leg a receive and a transmit key, so 2 for each flow. The third is for what comes
 * on top: the peer's last receive key, still accepted for UPS_RX_OLD_NS after a re-key; the new keys of a change while the old ones are in
 * use; SRTCP keys of their own (DTLS-SRTP without rtcp-mux). Not every leg needs all of that at once.
 */
int ups_config_size_pools(struct ups_config *c)
{
	struct ups_limits *l = &c->limits;

	l->flows = l->sessions * c->streams_per_session * UPS_LEGS;
	l->keys = l->flows * 3;
	if (l->flows > SSRC_SLOTS_MAX / l->ssrc_per_flow)
		return UPS_E_RANGE;
	l->ssrcs = l->flows * l->ssrc_per_flow;
	return 0;
}

static int size_pools(struct ups_reader *r, struct ups_config *c)
{
	ups_reader_at(r, "limits", "sessions");
	if (ups_config_size_pools(c))
		return ups_reader_fail(
			r, UPS_E_RANGE,
			"%u sessions of %u streams with %u SSRCs need more than 1 GiB; lower "
			"one of them",
			c->limits.sessions, c->streams_per_session, c->limits.ssrc_per_flow);
	return 0;
}

static int read_document(struct ups_reader *r, const void *text, size_t size,
			 struct ups_config *out)
{
	struct ups_raw *raw;
	int err = ups_schema_load(r->name, text, size, r->lines, &raw, r->msg);

	if (err)
		return err;
	err = read_sections(r, raw, out);
	if (!err)
		err = read_ifaces(r, raw, out);
	if (!err)
		err = check_dtls(r, out);
	if (!err)
		err = ups_config_read_policy(r, raw, out);
	if (!err)
		err = ups_config_read_ng(r, raw, out);
	if (!err)
		err = size_pools(r, out);
	ups_schema_free(raw);
	return err;
}

int ups_config_parse(const char *name, const void *text, size_t size, struct ups_config *out,
		     struct ups_errmsg *msg)
{
	struct ups_errmsg where;
	struct ups_lines lines;
	struct ups_reader r = { .name = name, .lines = &lines, .msg = msg };
	int err;

	memset(out, 0, sizeof(*out));
	if (size > UPS_CONFIG_SIZE_MAX)
		return ups_fail(msg, UPS_E_RANGE, "%s: larger than %d bytes", name,
				UPS_CONFIG_SIZE_MAX);
	err = ups_lines_init(&lines, text, size, &where);
	if (err)
		return ups_fail(msg, err, "%s:%.400s", name, where.text);
	err = read_document(&r, text, size, out);
	ups_lines_fini(&lines);
	return err;
}

void ups_config_defaults(struct ups_config *out)
{
	static const struct ups_lines no_lines;
	struct ups_reader r = { .name = "defaults", .lines = &no_lines };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < COUNT(sections); i++) {
		if (ups_reader_section(&r, sections[i].path, sections[i].options, sections[i].count,
				       NULL, out))
			abort(); /* the table is constant: cannot happen */
	}
}

const struct ups_option *ups_config_option(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct ups_text name = { path, dot ? (size_t)(dot - path) : 0 };

	for (size_t i = 0; i <= COUNT(sections); i++) {
		const struct section *s = i < COUNT(sections) ? &sections[i] : &interfaces;

		if (!ups_text_is(name, s->path))
			continue;
		for (size_t k = 0; k < s->count; k++) {
			if (!strcmp(s->options[k].key, dot ? dot + 1 : path))
				return &s->options[k];
		}
	}
	return NULL;
}

/* @a and @b: what the options of @s are put into */
static bool differs(const struct section *s, size_t i, const void *a, const void *b)
{
	const struct ups_option *o = &s->options[i];

	return memcmp((const char *)a + o->dest, (const char *)b + o->dest, o->dest_size) != 0;
}

static bool iface_differs(const struct ups_iface *a, const struct ups_iface *b)
{
	for (size_t i = 0; i < interfaces.count; i++) {
		if (differs(&interfaces, i, a, b))
			return true;
	}
	return a->has_v4 != b->has_v4 || a->has_v6 != b->has_v6;
}

static bool ifaces_differ(const struct ups_config *a, const struct ups_config *b)
{
	for (unsigned int i = 0; i < a->iface_count && i < b->iface_count; i++) {
		if (iface_differs(&a->iface[i], &b->iface[i]))
			return true;
	}
	return a->iface_count != b->iface_count;
}

void ups_config_compare(const struct ups_config *a, const struct ups_config *b,
			void (*found)(void *aux, const char *path), void *aux)
{
	char path[UPS_LINES_PATH];

	for (size_t i = 0; i < COUNT(sections); i++) {
		const struct section *s = &sections[i];

		for (size_t k = 0; k < s->count; k++) {
			snprintf(path, sizeof(path), "%s%s%s", s->path, s->path[0] ? "." : "",
				 s->options[k].key);
			if (differs(s, k, a, b))
				found(aux, path);
		}
	}
	if (ifaces_differ(a, b))
		found(aux, "interfaces");
	if (a->ng.listen_count != b->ng.listen_count ||
	    memcmp(a->ng.listen, b->ng.listen, sizeof(a->ng.listen)) != 0)
		found(aux, "control.ng.listen");
	if (a->ng.connections != b->ng.connections)
		found(aux, "control.ng.connections");
}

/* Reads all of @fd, at most @size bytes. -> bytes or -errno */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, text + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int ups_config_load(const char *path, struct ups_config *out, struct ups_errmsg *msg)
{
	size_t room = UPS_CONFIG_SIZE_MAX + 1; /* one more tells that it is too large */
	const char *slash = strrchr(path, '/');
	ssize_t size;
	char *text;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ups_fail(msg, -errno, "%s: %s", path, strerror(errno));
	text = malloc(room);
	size = text ? read_all(fd, text, room) : -ENOMEM;
	if (size < 0)
		err = ups_fail(msg, (int)size, "%s: %s", path, ups_strerror((int)size));
	else
		err = ups_config_parse(slash ? slash + 1 : path, text, (size_t)size, out, msg);
	if (!err && !ups_text_copy(ups_text_of(path), out->path, sizeof(out->path)))
		err = ups_fail(msg, -ENAMETOOLONG, "%s: %s", path, strerror(ENAMETOOLONG));
	free(text);
	close(fd);
	return err;
}
