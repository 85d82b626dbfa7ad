// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Media sockets and the addresses they talk to. Control thread, but for the source functions: those are the worker's. */
#include "dp/port.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A burst of video frames of many SSRCs must survive a worker that was not scheduled for some milliseconds. */
#define RECEIVE_BUFFER (1024 * 1024) /* bytes */

struct option {
	int level, name, value;
};

/* IPv4 media goes without DF: forged ICMP cannot shrink the path, and a packet grown by its tag still arrives. */
static int set_options(int fd, bool v4, uint8_t tos)
{
	const struct option ip4[] = { { IPPROTO_IP, IP_TOS, tos },
				      { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT } };
	const struct option ip6[] = { { IPPROTO_IPV6, IPV6_V6ONLY, 1 },
				      { IPPROTO_IPV6, IPV6_TCLASS, tos } };
	const struct option *o = v4 ? ip4 : ip6;
	int size = RECEIVE_BUFFER;

	for (size_t i = 0; i < 2; i++) {
		if (setsockopt(fd, o[i].level, o[i].name, &o[i].value, sizeof(o[i].value)))
			return -errno;
	}
	/* FORCE needs CAP_NET_ADMIN; without it the system's limit applies, which is no error */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		return -errno;
	return 0;
}

static int fail_socket(struct ups_errmsg *msg, int err, const char *what,
		       const struct ups_addr *local)
{
	char text[UPS_ADDR_TEXT];
	const char *hint = err == -EMFILE || err == -ENFILE ? "; raise LimitNOFILE" : "";

	ups_addr_format(local, text);
	return ups_fail(msg, err, "cannot %s a media socket at %s: %s%s", what, text,
			ups_strerror(err), hint);
}

int ups_port_socket(const struct ups_addr *local, uint8_t tos, int *fd, struct ups_errmsg *msg)
{
	bool v4 = ups_addr_is_v4(local);
	struct sockaddr_storage ss;
	socklen_t size;
	int s, err;

	s = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0)
		return fail_socket(msg, -errno, "open", local);
	err = set_options(s, v4, tos);
	if (err) {
		err = fail_socket(msg, err, "set options of", local);
		goto fail;
	}
	size = ups_addr_to_sockaddr(local, &ss);
	if (bind(s, (struct sockaddr *)&ss, size)) {
		err = fail_socket(msg, -errno, "bind", local);
		goto fail;
	}
	*fd = s;
	return 0;
fail:
	close(s);
	return err;
}

void ups_port_set_tos(int fd, bool v4, uint8_t tos)
{
	int value = tos, level = v4 ? IPPROTO_IP : IPPROTO_IPV6;

	/* of an open socket and with a byte: it has no way to fail */
	(void)setsockopt(fd, level, v4 ? IP_TOS : IPV6_TCLASS, &value, sizeof(value));
}

static void peer_set(struct ups_peer *peer, const struct ups_addr *addr)
{
	struct sockaddr_storage ss;

	peer->addr = *addr;
	peer->to_size = ups_addr_to_sockaddr(addr, &ss);
	memcpy(&peer->to, &ss, sizeof(peer->to));
}

static bool may_learn(const struct ups_udp_port *p, const struct ups_addr *from)
{
	return p->any || ups_addr_same_ip(&p->source_ip, from);
}

void ups_port_init(struct ups_udp_port *p, const struct ups_leg *leg, bool rtcp, int fd)
{
	bool learned = rtcp ? leg->learned_rtcp : leg->learned;

	p->fd = fd;
	p->rtcp = rtcp;
	p->latch = leg->source == UPS_SOURCE_LATCH;
	p->known = !p->latch || learned;
	p->reported = p->known;
	peer_set(&p->signalled, rtcp ? &leg->remote_rtcp : &leg->remote);
	p->learned = p->signalled;
	p->open = p->signalled.addr.port;
	p->source_ip = leg->source_ip;
	p->any = ups_addr_same_ip(&leg->source_ip, &(const struct ups_addr) {});
}

void ups_port_change(struct ups_udp_port *p, const struct ups_leg *leg, int fd)
{
	struct ups_udp_port was = *p;

	ups_port_init(p, leg, was.rtcp, fd);
	if (p->known || was.reported || !was.known || !p->open ||
	    !ups_addr_equal(&p->signalled.addr, &was.signalled.addr) ||
	    !may_learn(p, &was.learned.addr))
		return;
	p->learned = was.learned;
	p->known = 1;
	p->reported = false;
}

void ups_port_close(struct ups_udp_port *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

bool ups_port_known(const struct ups_udp_port *p)
{
	return __atomic_load_n(&p->known, __ATOMIC_ACQUIRE);
}

bool ups_port_accepts(const struct ups_udp_port *p, const struct ups_addr *from)
{
	if (!p->open)
		return false;
	return ups_port_known(p) ? ups_addr_equal(&p->learned.addr, from) : may_learn(p, from);
}

bool ups_port_shakes(const struct ups_udp_port *p, const struct ups_addr *from)
{
	return p->open && !p->latch ? ups_addr_equal(&p->learned.addr, from) : may_learn(p, from);
}

void ups_port_learn(struct ups_udp_port *p, const struct ups_addr *from)
{
	peer_set(&p->learned, from);
	__atomic_store_n(&p->known, 1, __ATOMIC_RELEASE);
}

const struct ups_peer *ups_port_peer(const struct ups_udp_port *p)
{
	return ups_port_known(p) ? &p->learned : &p->signalled;
}
