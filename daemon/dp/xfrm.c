// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Policies and associations over NETLINK_XFRM. Control thread. */
#define UPS_LOG_MODULE "dp"
#include "dp/xfrm.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/secret.h"

#define NS_PER_S 1000000000ULL
#define MAX_AGE_NS NS_PER_S
#define TRIES 5

struct ups_xfrm {
	struct mnl_socket *nl;
	unsigned int seq;
	struct ups_xfrm_set set;
	uint64_t read_ns; /* CLOCK_MONOTONIC of the policies in @set; 0 = never */
	int err; /* of that reading */
};

/* ---- life ------------------------------------------------------------------------------------------------------ */

struct ups_xfrm *ups_xfrm_open(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	struct ups_xfrm *x;

	if (!nl) {
		ups_debug("no IPsec: %s", ups_strerror(-errno));
		return NULL;
	}
	x = calloc(1, sizeof(*x));
	if (!x || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		free(x);
		return NULL;
	}
	x->nl = nl;
	return x;
}

void ups_xfrm_close(struct ups_xfrm *x)
{
	if (!x)
		return;
	mnl_socket_close(x->nl);
	free(x->set.policy);
	free(x->set.sa);
	free(x);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* Room for one more of @size bytes in the array *@at. -> it, zeroed; NULL without memory */
static void *append(void **at, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		size_t more = *room ? 2 * *room : 16;
		void *p = reallocarray(*at, more, size);

		if (!p)
			return NULL;
		*at = p;
		*room = more;
	}
	return memset((char *)*at + (*count)++ * size, 0, size);
}

static void copy_templates(struct ups_xfrm_policy *p, const struct nlattr *attr)
{
	size_t size = mnl_attr_get_payload_len(attr);

	p->tmpl_count = (unsigned int)(size / sizeof(p->tmpl[0]));
	if (p->tmpl_count > UPS_XFRM_TEMPLATES)
		p->tmpl_count = UPS_XFRM_TEMPLATES;
	memcpy(p->tmpl, mnl_attr_get_payload(attr), p->tmpl_count * sizeof(p->tmpl[0]));
}

static int on_policy(const struct nlmsghdr *nlh, void *data)
{
	struct ups_xfrm_set *set = data;
	const struct nlattr *attr;
	struct ups_xfrm_policy *p;

	if (nlh->nlmsg_type != XFRM_MSG_NEWPOLICY ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(p->info))
		return MNL_CB_OK;
	p = append((void **)&set->policy, &set->policy_count, &set->policy_room, sizeof(*p));
	if (!p)
		return MNL_CB_ERROR;
	memcpy(&p->info, mnl_nlmsg_get_payload(nlh), sizeof(p->info));
	mnl_attr_for_each (attr, nlh, sizeof(p->info)) {
		unsigned int type = mnl_attr_get_type(attr);

		if (type == XFRMA_TMPL)
			copy_templates(p, attr);
		else if (type == XFRMA_MARK || type == XFRMA_IF_ID)
			p->partial = true;
	}
	return MNL_CB_OK;
}

/* Both attributes begin with the kernel's name of the algorithm. */
static bool attr_encrypts(const struct nlattr *attr)
{
	char name[64] = {};
	size_t size = mnl_attr_get_payload_len(attr);

	memcpy(name, mnl_attr_get_payload(attr), size < sizeof(name) ? size : sizeof(name) - 1);
	return ups_xfrm_alg_encrypts(mnl_attr_get_type(attr), name);
}

static int on_sa(const struct nlmsghdr *nlh, void *data)
{
	struct ups_xfrm_set *set = data;
	const struct nlattr *attr;
	struct ups_xfrm_sa *sa;

	if (nlh->nlmsg_type != XFRM_MSG_NEWSA || mnl_nlmsg_get_payload_len(nlh) < sizeof(sa->info))
		return MNL_CB_OK;
	sa = append((void **)&set->sa, &set->sa_count, &set->sa_room, sizeof(*sa));
	if (!sa)
		return MNL_CB_ERROR;
	memcpy(&sa->info, mnl_nlmsg_get_payload(nlh), sizeof(sa->info));
	mnl_attr_for_each (attr, nlh, sizeof(sa->info)) {
		unsigned int type = mnl_attr_get_type(attr);

		if (type == XFRMA_ALG_CRYPT || type == XFRMA_ALG_AEAD)
			sa->encrypts |= attr_encrypts(attr);
	}
	return MNL_CB_OK;
}

/* What an interrupted dump left in the socket */
static void drain(struct ups_xfrm *x)
{
	char byte;

	while (recv(mnl_socket_get_fd(x->nl), &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) > 0)
		;
}

static int dump_once(struct ups_xfrm *x, uint16_t type, mnl_cb_t on_message)
{
	char buf[16384]; /* what is said of associations may have keys in it: wiped below */
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int more = MNL_CB_OK, err = 0;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++x->seq;
	if (mnl_socket_sendto(x->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		ssize_t size = mnl_socket_recvfrom(x->nl, buf, sizeof(buf));

		if (size >= 0)
			more = mnl_cb_run(buf, (size_t)size, x->seq, mnl_socket_get_portid(x->nl),
					  on_message, &x->set);
		if (size < 0 || more < 0) {
			err = -errno;
			break;
		}
	}
	ups_wipe(buf, sizeof(buf));
	return err;
}

static int read_policies_once(struct ups_xfrm *x)
{
	x->set.policy_count = 0;
	return dump_once(x, XFRM_MSG_GETPOLICY, on_policy);
}

static int read_sas_once(struct ups_xfrm *x)
{
	x->set.sa_count = 0;
	return dump_once(x, XFRM_MSG_GETSA, on_sa);
}

/* The kernel says EINTR of a dump during which something changed. */
static int read_whole(struct ups_xfrm *x, int (*once)(struct ups_xfrm *x))
{
	int err = -EINTR;

	for (unsigned int n = 0; n < TRIES && err; n++) {
		err = once(x);
		if (err)
			drain(x);
		if (err != -EINTR)
			break;
	}
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static int read_policies(struct ups_xfrm *x, uint64_t now)
{
	x->read_ns = now;
	x->err = read_whole(x, read_policies_once);
	return x->err;
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

const char *ups_xfrm_why(struct ups_xfrm *x, const struct ups_addr *local,
			 const struct ups_addr *remote)
{
	uint64_t now;

	if (!x)
		return NULL;
	now = now_ns();
	if ((!x->read_ns || now - x->read_ns >= MAX_AGE_NS) && read_policies(x, now))
		ups_log_rl(UPS_LOG_WARNING, "cannot read the IPsec policies: %s",
			   ups_strerror(x->err));
	if (x->err)
		return "the IPsec policies cannot be read";
	return ups_xfrm_set_touches(&x->set, local, remote)
		       ? "an IPsec policy covers this path: the stack applies it"
		       : NULL;
}

int ups_xfrm_covers(struct ups_xfrm *x, const struct ups_addr *local, const struct ups_addr *remote,
		    char *why, size_t size)
{
	int err;

	if (!x) {
		snprintf(why, size, "this kernel has no IPsec");
		return 0;
	}
	err = read_policies(x, now_ns());
	x->set.sa_count = 0;
	if (!err && ups_xfrm_set_touches(&x->set, local, remote))
		err = read_whole(x, read_sas_once);
	if (err) {
		snprintf(why, size, "the IPsec policies cannot be read: %s", ups_strerror(err));
		return err;
	}
	return ups_xfrm_set_covers(&x->set, local, remote, why, size);
}
