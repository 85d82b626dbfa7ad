// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From options to a configuration, with the readers and rules of upsecd.yaml. Before any thread exists. */
#include "app/fileless.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_policy.h"
#include "app/config_reader.h"
#include "app/ifaces.h"
#include "base/addr.h"
#include "base/text.h"

#define SESSIONS_MAX 65536

int ups_fileless_device(const struct ups_addr *a, char device[static IF_NAMESIZE])
{
	struct ifaddrs *list;
	int err = -ENODEV;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *i = list; i && err; i = i->ifa_next) {
		struct sockaddr_storage ss = {};
		int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
		struct ups_addr has;

		if (family != AF_INET && family != AF_INET6)
			continue;
		memcpy(&ss, i->ifa_addr,
		       family == AF_INET ? sizeof(struct sockaddr_in)
					 : sizeof(struct sockaddr_in6));
		ups_addr_from_sockaddr(&has, &ss);
		if (!ups_addr_same_ip(&has, a))
			continue;
		/* an alias, "eth0:1", is of its device */
		snprintf(device, IF_NAMESIZE, "%.*s", (int)strcspn(i->ifa_name, ":"), i->ifa_name);
		err = 0;
	}
	freeifaddrs(list);
	return err;
}

/* @text as the value of the option that upsecd.yaml calls @path; NULL changes nothing. */
static int set(const char *option, const char *path, const char *text, void *base,
	       struct ups_errmsg *msg)
{
	const struct ups_reader r = { .name = option, .msg = msg };
	const struct ups_option *o = ups_config_option(path);

	if (!text)
		return 0;
	if (!o)
		return ups_fail(msg, UPS_E_SYNTAX, "%s: no option %s", option, path);
	return ups_reader_option(&r, o, text, (char *)base + o->dest);
}

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]" */
static int parse_address(struct ups_text text, struct ups_addr *out)
{
	char plain[UPS_ADDR_TEXT];

	if (text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
		text = (struct ups_text) { text.at + 1, text.len - 2 };
	if (!ups_text_copy(text, plain, sizeof(plain)))
		return UPS_E_SYNTAX;
	return ups_addr_parse(plain, false, out);
}

static struct ups_iface *find_iface(struct ups_config *c, const char *name)
{
	for (unsigned int i = 0; i < c->iface_count; i++) {
		if (!strcmp(c->iface[i].name, name))
			return &c->iface[i];
	}
	return NULL;
}

static int get_iface(struct ups_config *c, struct ups_text name, struct ups_iface **out,
		     struct ups_errmsg *msg)
{
	char text[64] = "default";
	struct ups_iface *f;

	if (name.len && !ups_text_copy(name, text, sizeof(text)))
		return ups_fail(msg, UPS_E_RANGE, "--interface: a name is longer than %d bytes",
				UPS_NAME_MAX - 1);
	*out = find_iface(c, text);
	if (*out)
		return 0;
	if (c->iface_count == UPS_IFACES_MAX)
		return ups_fail(msg, UPS_E_LIMIT, "--interface: more than %d names",
				UPS_IFACES_MAX);
	f = &c->iface[c->iface_count++];
	f->port_min = UPS_FILELESS_PORT_MIN;
	f->port_max = UPS_FILELESS_PORT_MAX;
	*out = f;
	return set("--interface", "interfaces.name", text, f, msg);
}

static int add_address(struct ups_iface *f, const struct ups_addr *a,
		       const struct ups_addr *advertised, struct ups_errmsg *msg)
{
	bool v4 = ups_addr_is_v4(a);

	if (v4 ? f->has_v4 : f->has_v6)
		return ups_fail(msg, UPS_E_RANGE, "--interface: %s has an %s address already",
				f->name, v4 ? "IPv4" : "IPv6");
	*(v4 ? &f->has_v4 : &f->has_v6) = true;
	*(v4 ? &f->v4 : &f->v6) = *a;
	*(v4 ? &f->advertised_v4 : &f->advertised_v6) = *advertised;
	return 0;
}

/* Both families of an interface are on one device. */
static int set_device(struct ups_iface *f, const struct ups_addr *a,
		      ups_fileless_device_fn *device_of, struct ups_errmsg *msg)
{
	char device[IF_NAMESIZE] = "", text[UPS_ADDR_TEXT];
	int err = device_of(a, device);

	if (err == -ENODEV)
		return ups_fail(msg, err,
				"--interface: no device of this machine has the address %s",
				ups_addr_format(a, text));
	if (err)
		return ups_fail(msg, err, "addresses of this machine: %s", ups_strerror(err));
	if (f->device[0] && strcmp(f->device, device) != 0)
		return ups_fail(msg, UPS_E_RANGE,
				"--interface: the addresses of %s are on two devices, %s and %s; "
				"give each a name of its own",
				f->name, f->device, device);
	memcpy(f->device, device, sizeof(f->device));
	return 0;
}

/* [NAME/]ADDRESS[!ADVERTISED] */
static int add_iface(struct ups_config *c, const char *word, ups_fileless_device_fn *device_of,
		     struct ups_errmsg *msg)
{
	struct ups_text rest = ups_text_of(word), name = {}, address;
	struct ups_addr a, advertised;
	struct ups_iface *f = NULL;
	int err;

	if (strchr(word, '/'))
		name = ups_text_cut(&rest, '/');
	address = ups_text_cut(&rest, '!');
	err = parse_address(address, &a);
	advertised = a;
	if (!err && strchr(word, '!'))
		err = parse_address(rest, &advertised);
	if (err || (strchr(word, '/') && !name.len) ||
	    ups_addr_is_v4(&a) != ups_addr_is_v4(&advertised))
		return ups_fail(msg, UPS_E_SYNTAX,
				"--interface %s: expected [NAME/]ADDRESS[!ADVERTISED] with "
				"addresses of one family",
				ups_shown(word).text);
	if (!ups_iface_usable(&a) || !ups_iface_usable(&advertised))
		return ups_fail(msg, UPS_E_RANGE,
				"--interface %s: cannot carry media; expected a unicast address "
				"that needs no scope",
				ups_shown(word).text);
	err = get_iface(c, name, &f, msg);
	if (!err)
		err = add_address(f, &a, &advertised, msg);
	return err ? err : set_device(f, &a, device_of, msg);
}

/* NAME=KIND */
static int set_kind(struct ups_config *c, const char *word, struct ups_errmsg *msg)
{
	struct ups_text rest = ups_text_of(word), name = ups_text_cut(&rest, '=');
	struct ups_iface *f = NULL;
	char text[UPS_NAME_MAX];

	if (name.len == strlen(word))
		return ups_fail(msg, UPS_E_SYNTAX, "--kind %s: expected NAME=KIND",
				ups_shown(word).text);
	if (ups_text_copy(name, text, sizeof(text)))
		f = find_iface(c, text);
	if (!f)
		return ups_fail(msg, UPS_E_RANGE, "--kind %s: there is no --interface of that name",
				ups_shown(word).text);
	return set("--kind", "interfaces.kind", rest.at, f, msg);
}

/* [ADDRESS:]PORT */
static int add_listener(struct ups_config *c, const char *word, struct ups_errmsg *msg)
{
	struct ups_addr *a = &c->ng.listen[c->ng.listen_count++];
	unsigned long long port;

	if (!ups_addr_parse(word, true, a))
		return 0;
	if (!ups_text_number(ups_text_of(word), 65535, &port) || !port ||
	    ups_addr_parse("127.0.0.1", false, a))
		return ups_fail(msg, UPS_E_SYNTAX,
				"--listen-ng %s: expected [ADDRESS:]PORT, such as 127.0.0.1:2223 "
				"or [::1]:2223",
				ups_shown(word).text);
	ups_addr_set_port(a, (uint16_t)port);
	return 0;
}

static int set_ports(struct ups_config *c, const struct ups_options *o, struct ups_errmsg *msg)
{
	int err = 0;

	for (unsigned int i = 0; i < c->iface_count && !err; i++) {
		err = set("--port-min", "interfaces.port-min", o->port_min, &c->iface[i], msg);
		if (!err)
			err = set("--port-max", "interfaces.port-max", o->port_max, &c->iface[i],
				  msg);
	}
	return err;
}

/* -> how many interfaces are tied to interface @i by addresses that they share, itself included; *place: how many of them are before it */
static unsigned int find_sharers(const struct ups_config *c, unsigned int i, unsigned int *place)
{
	uint32_t all = 1u << i, before;
	unsigned int count = 0;

	do { /* also those that share with one that shares */
		before = all;
		for (unsigned int n = 0; n < c->iface_count * c->iface_count; n++) {
			unsigned int a = n / c->iface_count, b = n % c->iface_count;

			if (all >> a & 1 && ups_ifaces_share_address(&c->iface[a], &c->iface[b]))
				all |= 1u << b;
		}
	} while (all != before);
	*place = 0;
	for (unsigned int n = 0; n < c->iface_count; n++) {
		count += all >> n & 1;
		*place += n < i && all >> n & 1;
	}
	return count;
}

/* Interfaces on one address get equal parts of the range, of whole pairs, in their order; what is left over at its end is nobody's. */
static int share_ports(struct ups_config *c, struct ups_errmsg *msg)
{
	for (unsigned int i = 0; i < c->iface_count; i++) {
		struct ups_iface *f = &c->iface[i];
		unsigned int place, count = find_sharers(c, i, &place), pairs, min = f->port_min;

		if (count == 1 || f->port_max <= min || min % 2)
			continue; /* nothing to share, or check_ifaces() says what is wrong */
		pairs = (f->port_max - min + 1u) / 2 / count;
		if (!pairs)
			return ups_fail(msg, UPS_E_RANGE,
					"--port-max: %u-%u has no pair of ports for each of the %u "
					"interfaces that share the address of %s; widen the range",
					min, f->port_max, count, f->name);
		f->port_min = (uint16_t)(min + 2 * pairs * place);
		f->port_max = (uint16_t)(f->port_min + 2 * pairs - 1);
	}
	return 0;
}

static int check_ifaces(const struct ups_config *c, struct ups_errmsg *msg)
{
	struct ups_errmsg why;

	for (unsigned int i = 0; i < c->iface_count; i++) {
		const char *fault = ups_ifaces_fault(c->iface, i, &why);

		if (fault)
			return ups_fail(msg, UPS_E_RANGE, "--%s: interface %s: %.400s", fault,
					c->iface[i].name, why.text);
	}
	return 0;
}

/* As many sessions of one stream as there are pairs of ports for their two legs */
static int set_sessions(struct ups_config *c, struct ups_errmsg *msg)
{
	uint32_t pairs = 0;

	for (unsigned int i = 0; i < c->iface_count; i++) {
		const struct ups_iface *f = &c->iface[i];
		uint32_t of_one = (f->port_max - f->port_min + 1u) / 2;

		pairs += of_one * ((uint32_t)f->has_v4 + (uint32_t)f->has_v6);
	}
	c->limits.sessions = pairs / 2 > SESSIONS_MAX ? SESSIONS_MAX : pairs > 1 ? pairs / 2 : 1;
	return ups_config_size_pools(c) ? ups_fail(msg, UPS_E_RANGE,
						   "--port-max: the tables of so many ports do not "
						   "fit; narrow the range")
					: 0;
}

static int set_rest(struct ups_config *c, const struct ups_options *o, struct ups_errmsg *msg)
{
	int err;

	if (o->lane && !strcmp(o->lane, "xsk"))
		return ups_fail(msg, UPS_E_UNSUPPORTED,
				"--lane xsk: that lane is not there yet; auto, xdp and udp are");
	err = set("--lane", "lane", o->lane, c, msg);
	if (!err)
		err = set("--user", "user", o->user, c, msg);
	if (!err)
		err = set("--xdp", "xdp.mode", o->xdp, c, msg);
	for (unsigned int i = 0; i < o->listen_count && !err; i++)
		err = add_listener(c, o->listen[i], msg);
	return err;
}

int ups_fileless_config(const struct ups_options *o, ups_fileless_device_fn *device_of,
			struct ups_config *out, struct ups_errmsg *msg)
{
	int err = 0;

	ups_config_defaults(out);
	out->without_file = true;
	ups_policy_init(&out->policy, true);
	ups_ng_allow_loopback(&out->ng, UPS_SIGNALLING_ENCRYPTED);
	for (unsigned int i = 0; i < o->iface_count && !err; i++)
		err = add_iface(out, o->iface[i], device_of, msg);
	for (unsigned int i = 0; i < o->kind_count && !err; i++)
		err = set_kind(out, o->kind[i], msg);
	if (!err)
		err = set_ports(out, o, msg);
	if (!err)
		err = share_ports(out, msg);
	if (!err)
		err = check_ifaces(out, msg);
	if (!err)
		err = set_rest(out, o, msg);
	return err ? err : set_sessions(out, msg);
}
