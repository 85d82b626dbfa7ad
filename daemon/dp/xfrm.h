/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel's IPsec (XFRM, RFC 4301) does with UDP between two addresses: read over netlink, judged here. Two questions:
 *
 *	touches  may any policy apply? Then the kernel lane, which sends and receives below IPsec, must stay out of the way.
 *	covers   is all of it encrypted, both ways, or else not sent and not accepted? Then the path counts as an underlay.
 *
 * covers is strict, since a wrong yes is media in clear. In each direction the policy that the kernel would choose (the lowest
 * priority number) must be for all ports of UDP, allow, and have an ESP template of level "require"; nothing that matches only in part
 * (some ports, an interface, a mark) may come before it, or beside it with the same number; and there must be a security association for
 * that template whose cipher is not the null one (a policy alone does not tell). Before the first association it is no.
 *
 * Default policies and policies of single sockets are not looked at: the latter are never of our sockets.
 * The judging functions are pure. Control thread.
 */
#ifndef UPSEC_DP_XFRM_H
#define UPSEC_DP_XFRM_H

#include <linux/xfrm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define UPS_XFRM_TEMPLATES 6 /* the kernel's XFRM_MAX_DEPTH */

struct ups_xfrm_policy {
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl[UPS_XFRM_TEMPLATES];
	unsigned int tmpl_count;
	bool partial; /* for some marks or one xfrm interface only */
};

struct ups_xfrm_sa {
	struct xfrm_usersa_info info;
	bool encrypts;
};

struct ups_xfrm_set {
	struct ups_xfrm_policy *policy;
	size_t policy_count, policy_room;
	struct ups_xfrm_sa *sa;
	size_t sa_count, sa_room;
};

/* Ports are not looked at. */
bool ups_xfrm_set_touches(const struct ups_xfrm_set *set, const struct ups_addr *local,
			  const struct ups_addr *remote);
/* @why: one sentence either way */
bool ups_xfrm_set_covers(const struct ups_xfrm_set *set, const struct ups_addr *local,
			 const struct ups_addr *remote, char *why, size_t size);
/* Whether an association of this algorithm attribute encrypts: @attr XFRMA_ALG_CRYPT or XFRMA_ALG_AEAD, @name the kernel's */
bool ups_xfrm_alg_encrypts(unsigned int attr, const char *name);

struct ups_xfrm;

/* -> NULL when this kernel has no XFRM, or without memory or descriptors */
struct ups_xfrm *ups_xfrm_open(void);
void ups_xfrm_close(struct ups_xfrm *x); /* NULL is allowed */
/* Why the kernel lane must leave this path alone; NULL = it need not. Policies read up to a second ago may be used. Static text. */
const char *ups_xfrm_why(struct ups_xfrm *x, const struct ups_addr *local,
			 const struct ups_addr *remote);
/* Reads policies and associations. 1, 0 or -errno. */
int ups_xfrm_covers(struct ups_xfrm *x, const struct ups_addr *local, const struct ups_addr *remote,
		    char *why, size_t size) __must_check;

#endif
