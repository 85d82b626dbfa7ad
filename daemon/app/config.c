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

#include "app/config_table.h"
#include "app/schema.h"
#include "base/addr.h"

#define SSRC_SLOTS_MAX (1u << 22) /* 1 GiB of state */

enum kind { NUMBER, WORD, CHOICE, NAME, DEVICE, ADDR4, ADDR6 };

struct option {
	const char *key;
	enum kind kind;
	size_t raw; /* offset of the text in the section's raw structure */
	size_t dest, dest_size; /* of the value in the configuration or the interface */
	uint64_t low, high;
	const char *const *words; /* ends with NULL; the index is the value */
	const char *fallback;
};

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
#define UPS_X_OPTION(member, key, kind, where, low, high, words, def, text) \
	{ key, kind, offsetof(UPS_RAW, member), offsetof(UPS_DEST, where), \
	  sizeof(((UPS_DEST *)NULL)->where), low, high, words, def },

#define UPS_DEST struct ups_iface
#define UPS_RAW struct ups_raw_iface
static const struct option iface_options[] = { UPS_OPTIONS_IFACE(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
#define UPS_DEST struct ups_config
#define UPS_RAW struct ups_raw
static const struct option root_options[] = { UPS_OPTIONS_ROOT(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_xdp
static const struct option xdp_options[] = { UPS_OPTIONS_XDP(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_limits
static const struct option limits_options[] = { UPS_OPTIONS_LIMITS(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_netlink
static const struct option netlink_options[] = { UPS_OPTIONS_NETLINK(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_crypto
static const struct option crypto_options[] = { UPS_OPTIONS_CRYPTO(UPS_X_OPTION) };
#undef UPS_RAW
#define UPS_RAW struct ups_raw_log
static const struct option log_options[] = { UPS_OPTIONS_LOG(UPS_X_OPTION) };
#undef UPS_RAW
#undef UPS_DEST
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader {
	const char *name; /* of the document */
	const struct ups_lines *lines;
	struct ups_errmsg *msg;
	char path[UPS_LINES_PATH]; /* of the option in hand */
};

static int fail(const struct reader *r, int err, const char *fmt, ...) __printf_like(3, 4);

static int fail(const struct reader *r, int err, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ups_fail(r->msg, err, "%s:%u: %s: %s", r->name, ups_lines_find(r->lines, r->path),
			r->path, text);
}

static void set_path(struct reader *r, const char *section, const char *key)
{
	snprintf(r->path, sizeof(r->path), "%s%s%s", section, section[0] ? "." : "", key);
}

/* A value as messages show it: cut, and without control characters. */
struct shown {
	char text[48];
};

static struct shown show(const char *value)
{
	struct shown s;
	size_t len = strnlen(value, sizeof(s.text) - 1);

	memcpy(s.text, value, len);
	s.text[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s.text[i] < ' ' || s.text[i] == 0x7f)
			s.text[i] = '?';
	}
	return s;
}

static void store(void *to, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
		break;
	}
}

/* "123" or "2^31" */
static int parse_number(const char *text, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return UPS_E_SYNTAX;
	errno = 0;
	if (!strncmp(text, "2^", 2) && text[2] >= '0' && text[2] <= '9') {
		unsigned long power = strtoul(text + 2, &end, 10);

		if (*end || power > 63)
			return UPS_E_SYNTAX;
		*out = 1ULL << power;
		return 0;
	}
	*out = strtoull(text, &end, 10);
	return *end ? UPS_E_SYNTAX : errno ? UPS_E_RANGE : 0;
}

static int read_number(const struct reader *r, const struct option *o, const char *text, void *to)
{
	uint64_t value = 0;
	int err = parse_number(text, &value);

	if (err == UPS_E_SYNTAX)
		return fail(r, err, "expected a number %llu..%llu, found '%s'",
			    (unsigned long long)o->low, (unsigned long long)o->high,
			    show(text).text);
	if (err || value < o->low || value > o->high)
		return fail(r, UPS_E_RANGE, "%s is out of range %llu..%llu", show(text).text,
			    (unsigned long long)o->low, (unsigned long long)o->high);
	store(to, o->dest_size, value);
	return 0;
}

static int read_word(const struct reader *r, const struct option *o, const char *text, void *to)
{
	char list[128] = "";
	size_t used = 0;

	for (size_t i = 0; o->words[i]; i++) {
		if (!strcmp(text, o->words[i])) {
			if (o->kind == CHOICE)
				*(const char **)to = o->words[i];
			else
				store(to, o->dest_size, i);
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 o->words[i]);
	}
	return fail(r, UPS_E_SYNTAX, "expected one of %s; found '%s'", list, show(text).text);
}

/* Letters, digits, '-', '_', '.'; of a device also what the kernel permits: anything but '/', ':' and blanks */
static bool is_name(const char *text, enum kind kind)
{
	if (kind == DEVICE && (!strcmp(text, ".") || !strcmp(text, "..")))
		return false;
	for (; *text; text++) {
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			     (*text >= '0' && *text <= '9') || strchr("-_.", *text);
		bool device = *text > ' ' && *text <= '~' && *text != '/' && *text != ':';

		if (kind == DEVICE ? !device : !plain)
			return false;
	}
	return true;
}

static int read_name(const struct reader *r, const struct option *o, const char *text, void *to)
{
	size_t len = strlen(text);

	if (len < o->low)
		return fail(r, UPS_E_SYNTAX, "expected a name, found nothing");
	if (len > o->high)
		return fail(r, UPS_E_RANGE, "'%s' is longer than %llu bytes", show(text).text,
			    (unsigned long long)o->high);
	if (!is_name(text, o->kind))
		return fail(r, UPS_E_SYNTAX, "'%s' is not a %s", show(text).text,
			    o->kind == DEVICE ? "device name"
					      : "name of letters, digits, '-', '_' and '.'");
	memcpy(to, text, len + 1);
	return 0;
}

/* Media can be sent from it: no unspecified, multicast or link-local address. */
static bool is_usable(const struct ups_addr *a)
{
	static const uint8_t zero[16];

	if (ups_addr_is_v4(a))
		return a->ip[12] != 0 && a->ip[12] < 224;
	return memcmp(a->ip, zero, sizeof(zero)) && a->ip[0] != 0xff &&
	       !(a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

static int read_address(const struct reader *r, const struct option *o, const char *text, void *to)
{
	const char *family = o->kind == ADDR4 ? "IPv4" : "IPv6";
	struct ups_addr a;

	if (ups_addr_parse(text, false, &a) || ups_addr_is_v4(&a) != (o->kind == ADDR4))
		return fail(r, UPS_E_SYNTAX, "expected an %s address, found '%s'", family,
			    show(text).text);
	if (!is_usable(&a))
		return fail(r, UPS_E_RANGE,
			    "%s cannot carry media; expected a unicast address that needs no scope",
			    show(text).text);
	memcpy(to, &a, sizeof(a));
	return 0;
}

static int read_option(const struct reader *r, const struct option *o, const char *text, void *to)
{
	switch (o->kind) {
	case NUMBER:
		return read_number(r, o, text, to);
	case WORD:
	case CHOICE:
		return read_word(r, o, text, to);
	case NAME:
	case DEVICE:
		return read_name(r, o, text, to);
	case ADDR4:
	case ADDR6:
		return read_address(r, o, text, to);
	}
	return UPS_E_SYNTAX;
}

/* @raw: the section as loaded, NULL = not in the document */
static int read_section(struct reader *r, const char *section, const struct option *options,
			size_t count, const void *raw, void *dest)
{
	for (size_t i = 0; i < count; i++) {
		const struct option *o = &options[i];
		const char *text = raw ? *(char *const *)((const char *)raw + o->raw) : NULL;
		int err;

		set_path(r, section, o->key);
		if (!text && !o->fallback)
			return fail(r, UPS_E_SYNTAX, "missing");
		if (!text && !o->fallback[0])
			continue; /* stays zero */
		err = read_option(r, o, text ? text : o->fallback, (char *)dest + o->dest);
		if (err)
			return err;
	}
	return 0;
}

/* Rules within one interface, whose path is @at. */
static int check_iface(struct reader *r, const char *at, const struct ups_raw_iface *raw,
		       struct ups_iface *f)
{
	snprintf(r->path, sizeof(r->path), "%s", at);
	f->has_v4 = raw->v4;
	f->has_v6 = raw->v6;
	if (!f->has_v4 && !f->has_v6)
		return fail(r, UPS_E_SYNTAX, "needs v4, v6 or both");
	set_path(r, at, "advertised-v4");
	if (raw->adv4 && !raw->v4)
		return fail(r, UPS_E_SYNTAX, "needs v4");
	set_path(r, at, "advertised-v6");
	if (raw->adv6 && !raw->v6)
		return fail(r, UPS_E_SYNTAX, "needs v6");
	if (!raw->adv4)
		f->advertised_v4 = f->v4;
	if (!raw->adv6)
		f->advertised_v6 = f->v6;
	set_path(r, at, "port-min");
	if (f->port_min % 2)
		return fail(r, UPS_E_RANGE, "%u is odd; RTP takes even ports", f->port_min);
	if (f->port_min >= f->port_max)
		return fail(r, UPS_E_RANGE, "%u is not below port-max %u", f->port_min,
			    f->port_max);
	return 0;
}

static bool share_address(const struct ups_iface *a, const struct ups_iface *b)
{
	return (a->has_v4 && b->has_v4 && ups_addr_same_ip(&a->v4, &b->v4)) ||
	       (a->has_v6 && b->has_v6 && ups_addr_same_ip(&a->v6, &b->v6));
}

/* Rules between interface @i and those before it. */
static int check_iface_pairs(struct reader *r, const struct ups_iface *ifaces, unsigned int i)
{
	const struct ups_iface *f = &ifaces[i];

	for (unsigned int j = 0; j < i; j++) {
		char section[32];

		snprintf(section, sizeof(section), "interfaces[%u]", i);
		set_path(r, section, "name");
		if (!strcmp(f->name, ifaces[j].name))
			return fail(r, UPS_E_RANGE, "'%s' is also the name of interfaces[%u]",
				    f->name, j);
		set_path(r, section, "port-min");
		if (share_address(f, &ifaces[j]) && f->port_min <= ifaces[j].port_max &&
		    ifaces[j].port_min <= f->port_max)
			return fail(r, UPS_E_RANGE,
				    "ports %u-%u overlap %u-%u of interface %s on the same address",
				    f->port_min, f->port_max, ifaces[j].port_min,
				    ifaces[j].port_max, ifaces[j].name);
	}
	return 0;
}

static int read_ifaces(struct reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	out->iface_count = raw->iface_count;
	for (unsigned int i = 0; i < raw->iface_count; i++) {
		char section[32];
		int err;

		snprintf(section, sizeof(section), "interfaces[%u]", i);
		err = read_section(r, section, iface_options, COUNT(iface_options), &raw->iface[i],
				   &out->iface[i]);
		if (!err)
			err = check_iface(r, section, &raw->iface[i], &out->iface[i]);
		if (!err)
			err = check_iface_pairs(r, out->iface, i);
		if (err)
			return err;
	}
	return 0;
}

static int read_sections(struct reader *r, const struct ups_raw *raw, struct ups_config *out)
{
	const struct {
		const char *path;
		const struct option *options;
		size_t count;
		const void *raw;
	} sections[] = {
		{ "", root_options, COUNT(root_options), raw },
		{ "xdp", xdp_options, COUNT(xdp_options), raw->xdp },
		{ "limits", limits_options, COUNT(limits_options), raw->limits },
		{ "control.netlink", netlink_options, COUNT(netlink_options),
		  raw->control ? raw->control->netlink : NULL },
		{ "crypto", crypto_options, COUNT(crypto_options), raw->crypto },
		{ "log", log_options, COUNT(log_options), raw->log },
	};

	for (size_t i = 0; i < COUNT(sections); i++) {
		int err = read_section(r, sections[i].path, sections[i].options, sections[i].count,
				       sections[i].raw, out);

		if (err)
			return err;
	}
	return 0;
}

/*
 * Sizes of the pools. A stream has two flows, and each leg a receive and a transmit key, so 2 for each flow. The third is for what comes on top: the peer's last receive key, still accepted
 * for UPS_RX_OLD_NS after a re-key; the new keys of a change while the old ones are in use; SRTCP keys of their own (DTLS-SRTP without
 * rtcp-mux). Not every leg needs all of that at once.
 */
static int size_pools(struct reader *r, struct ups_config *c)
{
	struct ups_limits *l = &c->limits;

	l->flows = l->sessions * c->streams_per_session * UPS_LEGS;
	l->keys = l->flows * 3;
	set_path(r, "limits", "sessions");
	if (l->flows > SSRC_SLOTS_MAX / l->ssrc_per_flow)
		return fail(r, UPS_E_RANGE,
			    "%u sessions of %u streams with %u SSRCs need more than 1 GiB; lower "
			    "one of them",
			    l->sessions, c->streams_per_session, l->ssrc_per_flow);
	l->ssrcs = l->flows * l->ssrc_per_flow;
	return 0;
}

static int read_document(struct reader *r, const void *text, size_t size, struct ups_config *out)
{
	struct ups_raw *raw;
	int err = ups_schema_load(r->name, text, size, r->lines, &raw, r->msg);

	if (err)
		return err;
	err = read_sections(r, raw, out);
	if (!err)
		err = read_ifaces(r, raw, out);
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
	struct reader r = { .name = name, .lines = &lines, .msg = msg };
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
	free(text);
	close(fd);
	return err;
}
