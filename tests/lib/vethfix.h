/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts for tests of a whole data plane with XDP: this process lives in one network namespace, the peers' sockets in another,
 * a veth pair between them. Everything vanishes with the process.
 *
 *	veth0 192.0.2.1/24 2001:db8::1/64   the daemon; forwarding on, the peer's link-layer address known
 *	veth1 192.0.2.10/24 2001:db8::10/64 the peers; with an XDP program that passes everything: without one veth queues what
 *	the other end sends by XDP_TX and never looks
 */
#ifndef UPS_TEST_VETHFIX_H
#define UPS_TEST_VETHFIX_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <signal.h>
#include <sys/wait.h>

#include "dpfix.h"

#define VETH_SETUP                                                                         \
	"set -e; PATH=$PATH:/usr/sbin:/sbin\n"                                             \
	"ip link set lo up\n"                                                              \
	"ip link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 "           \
	"address 02:00:00:00:00:10 netns %d\n"                                             \
	"echo 1 > /proc/sys/net/ipv4/conf/all/forwarding\n"                                \
	"echo 1 > /proc/sys/net/ipv4/conf/veth0/forwarding\n"                              \
	"echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n"                                \
	"ip link set veth0 up\n"                                                           \
	"ip addr add 192.0.2.1/24 dev veth0\n"                                             \
	"ip addr add 2001:db8::1/64 dev veth0 nodad\n"                                     \
	"ip neigh replace 192.0.2.10 lladdr 02:00:00:00:00:10 dev veth0 nud permanent\n"   \
	"ip neigh replace 2001:db8::10 lladdr 02:00:00:00:00:10 dev veth0 nud permanent\n" \
	"nsenter --net=/proc/%d/fd/%d sh -c '\n"                                           \
	"	set -e; ip link set lo up; ip link set veth1 up\n"                               \
	"	ip addr add 192.0.2.10/24 dev veth1\n"                                           \
	"	ip addr add 2001:db8::10/64 dev veth1 nodad\n"                                   \
	"	ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev veth1 nud permanent\n"   \
	"	ip neigh replace 2001:db8::1 lladdr 02:00:00:00:00:01 dev veth1 nud permanent\n" \
	"	ethtool -K veth1 tx off >/dev/null'\n"

/* -> file descriptor of a new network namespace that this thread is in, or -1 */
TEST_INLINE int veth_unshare(void)
{
	return unshare(CLONE_NEWNET) ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Pulls the packets that XDP_TX sends: any program makes the receiving veth do so. */
TEST_INLINE int veth_attach_pass(int peer, int own)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", insns, 2, NULL), err = fd;

	if (fd < 0 || setns(peer, CLONE_NEWNET))
		return -1;
	err = bpf_xdp_attach((int)if_nametoindex("veth1"), fd, 0, NULL);
	close(fd);
	return setns(own, CLONE_NEWNET) ? -1 : err;
}

/* -> NULL, or why there is no network for the test */
TEST_INLINE const char *veth_setup(void)
{
	int peer = veth_unshare();
	char script[4096];
	pid_t holder;
	int daemon_ns;
	int err;

	if (peer < 0)
		return "cannot create a network namespace";
	/* `ip link ... netns` wants a process that lives there */
	holder = fork();
	if (!holder) {
		pause();
		_exit(0);
	}
	daemon_ns = veth_unshare();
	if (holder < 0 || daemon_ns < 0)
		return "cannot create a second network namespace";
	snprintf(script, sizeof(script), VETH_SETUP, holder, getpid(), peer);
	err = system(script);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	if (err)
		return "ip, nsenter or ethtool could not set up a veth pair";
	if (veth_attach_pass(peer, daemon_ns))
		return "cannot attach an XDP program to a veth";
	fix_hosts = (struct hosts) { "veth0",
				     { "192.0.2.1", "2001:db8::1" },
				     { "192.0.2.10", "2001:db8::10" },
				     daemon_ns,
				     peer };
	return NULL;
}

#endif
