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

/* Every call opens up to four sockets, so what the system does anyway is not asked for. */
static int set_option(int fd, const struct option *o)
{
	return setsockopt(fd, o->level, o->name, &o->value, sizeof(o->value)) ? -errno : 0;
}

static struct option mark_option(bool v4, uint8_t tos)
{
	return v4 ? (struct option) { IPPROTO_IP, IP_TOS, tos }
		  : (struct option) { IPPROTO_IPV6, IPV6_TCLASS, tos };
}

/* IPv4 media goes without DF: forged ICMP cannot shrink the path, and a packet grown by its tag still arrives. */
static int set_family(int fd, bool v4, uint8_t tos)
{
	const struct option family =
		v4 ? (struct option) { IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT }
		   : (struct option) { IPPROTO_IPV6, IPV6_V6ONLY, 1 };
	const struct option mark = mark_option(v4, tos);
	int err = set_option(fd, &family);

	return err || !tos ? err : set_option(fd, &mark);
}

/* FORCE needs CAP_NET_ADMIN; without it the system's limit applies, which is no error. */
static int set_buffer(int fd)
{
	const struct option force = { SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER };
	const struct option ask = { SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER };

	return set_option(fd, &force) ? set_option(fd, &ask) : 0;
}

static int set_options(int fd, bool v4, const struct ups_port_use *use)
{
	int err = set_family(fd, v4, use->tos);

	return err || use->slow ? err : set_buffer(fd);
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

int ups_port_socket(const struct ups_addr *local, const struct ups_port_use *use, int *fd,
		    struct ups_errmsg *msg)
{
	bool v4 = ups_addr_is_v4(local);
	struct sockaddr_storage ss;
	socklen_t size;
	int s, err;

	s = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0)
		return fail_socket(msg, -errno, "open", local);
	err = set_options(s, v4, use);
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
	p->shared = leg->dtls.on || leg->ice.on;
	p->tos = leg->tos;
	p->any = ups_addr_same_ip(&leg->source_ip, &(const struct ups_addr) {});
}

static void change_mark(const struct ups_udp_port *p, const struct ups_leg *leg)
{
	const struct option mark = mark_option(ups_addr_is_v4(&leg->local), p->tos);
	int err = set_option(p->fd, &mark);

	(void)err; /* an open socket takes any byte */
}

void ups_port_change(struct ups_udp_port *p, const struct ups_leg *leg, int fd)
{
	struct ups_udp_port was = *p;

	ups_port_init(p, leg, was.rtcp, fd);
	p->shared |= was.shared;
	if (p->tos != was.tos)
		change_mark(p, leg);
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
