/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A network for tests of the XDP program: the process moves into a namespace of its own, so nothing of the machine is
 * touched and everything vanishes when the process ends. bpf_fib_lookup() answers from what is set up here:
 *
 *	up0 (mac_us)    192.0.2.1/24     2001:db8::1/64     MTU 1500   packets arrive here
 *	up1 (mac_us1)   198.51.100.1/24  2001:db8:1::1/64   MTU 1500   the other side
 *	up2 (mac_us2)   203.0.113.1/24   2001:db8:2::1/64   MTU 1280
 *
 * Neighbour .10 (::10) of each is known for ever (mac_peer, mac_peer1, mac_peer2), .99 (::99) never resolves. Routes
 * that refuse: 198.18.0.0/24 blackhole, .1 unreachable, .2 prohibit; 2001:db8:b::/64 blackhole. 10.9.0.0/16 and
 * 2001:db8:9::/64 lie behind the gateway .10 (::10) of up1; nothing else is reachable.
 */
#ifndef UPS_TEST_NETFIX_H
#define UPS_TEST_NETFIX_H

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "pktgen.h"

static const uint8_t mac_us1[6] = { 0x02, 0, 0, 0, 0, 0x02 };
static const uint8_t mac_us2[6] = { 0x02, 0, 0, 0, 0, 0x03 };
static const uint8_t mac_peer1[6] = { 0x02, 0, 0, 0, 0, 0x11 };
static const uint8_t mac_peer2[6] = { 0x02, 0, 0, 0, 0, 0x12 };

struct netfix_device {
	const char *name;
	const uint8_t *mac, *peer_mac;
	const char *v4, *v6; /* without the last number */
	int mtu;
};

static const struct netfix_device netfix_devices[] = {
	{ "up0", mac_us, mac_peer, "192.0.2.", "2001:db8::", 1500 },
	{ "up1", mac_us1, mac_peer1, "198.51.100.", "2001:db8:1::", 1500 },
	{ "up2", mac_us2, mac_peer2, "203.0.113.", "2001:db8:2::", 1280 },
};

static const char *const netfix_routes[] = {
	"route add blackhole 198.18.0.0/24",	   "route add unreachable 198.18.1.0/24",
	"route add prohibit 198.18.2.0/24",	   "route add blackhole 2001:db8:b::/64",
	"route add 10.9.0.0/16 via 198.51.100.10", "route add 2001:db8:9::/64 via 2001:db8:1::10",
};

TEST_INLINE const char *netfix_mac_text(const uint8_t mac[static 6], char out[static 18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return out;
}

TEST_INLINE void netfix_write_device(FILE *ip, const struct netfix_device *d)
{
	char mac[18], peer[18];

	netfix_mac_text(d->mac, mac);
	netfix_mac_text(d->peer_mac, peer);
	fprintf(ip, "link add %s address %s type veth peer name %sp address %s\n", d->name, mac,
		d->name, peer);
	fprintf(ip, "link set %s mtu %d up\nlink set %sp mtu %d up\n", d->name, d->mtu, d->name,
		d->mtu);
	fprintf(ip, "addr add %s1/24 dev %s\naddr add %s1/64 dev %s nodad\n", d->v4, d->name, d->v6,
		d->name);
	fprintf(ip, "neigh replace %s10 lladdr %s dev %s nud permanent\n", d->v4, peer, d->name);
	fprintf(ip, "neigh replace %s10 lladdr %s dev %s nud permanent\n", d->v6, peer, d->name);
}

/* The network namespace's own /proc/sys/net; -> 0 or -errno */
TEST_INLINE int netfix_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* -> NULL, or why there is no such network */
TEST_INLINE const char *netfix_setup(void)
{
	FILE *ip;
	size_t i;

	if (geteuid() != 0)
		return "needs root";
	if (unshare(CLONE_NEWNET))
		return "cannot create a network namespace";
	if (netfix_sysctl("/proc/sys/net/ipv4/conf/all/forwarding", "1") ||
	    netfix_sysctl("/proc/sys/net/ipv4/conf/default/forwarding", "1") ||
	    netfix_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1"))
		return "cannot enable forwarding in the namespace";
	ip = popen("PATH=$PATH:/usr/sbin:/sbin ip -batch -", "w");
	if (!ip)
		return "cannot run ip";
	fprintf(ip, "link set lo up\n");
	for (i = 0; i < sizeof(netfix_devices) / sizeof(netfix_devices[0]); i++)
		netfix_write_device(ip, &netfix_devices[i]);
	for (i = 0; i < sizeof(netfix_routes) / sizeof(netfix_routes[0]); i++)
		fprintf(ip, "%s\n", netfix_routes[i]);
	return pclose(ip) ? "ip could not set up the test network (veth, routes)" : NULL;
}

#endif
