// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What policies and associations mean for a path. Pure functions. */
#include "dp/xfrm.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* ---- addresses ------------------------------------------------------------------------------------------------- */

/* The bytes of @a as XFRM has them, in the first 4 or all 16 of the result */
static xfrm_address_t to_xfrm(const struct ups_addr *a)
{
	xfrm_address_t out = {};

	if (ups_addr_is_v4(a))
		memcpy(&out, a->ip + 12, 4);
	else
		memcpy(&out, a->ip, 16);
	return out;
}

static bool in_prefix(const xfrm_address_t *a, const xfrm_address_t *prefix, unsigned int bits)
{
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)prefix;
	unsigned int whole = bits / 8, rest = bits % 8;

	if (bits > 128 || memcmp(x, y, whole))
		return false;
	return !rest || !((x[whole] ^ y[whole]) >> (8 - rest));
}

static bool same(const xfrm_address_t *a, const xfrm_address_t *b)
{
	return !memcmp(a->a6, b->a6, sizeof(a->a6));
}

static bool unset(const xfrm_address_t *a)
{
	return same(a, &(const xfrm_address_t) {});
}

/* ---- policies -------------------------------------------------------------------------------------------------- */

struct path {
	uint8_t dir; /* XFRM_POLICY_IN, XFRM_POLICY_OUT */
	uint16_t family;
	xfrm_address_t src, dst;
};

static struct path make_path(const struct ups_addr *local, const struct ups_addr *remote, bool out)
{
	return (struct path) {
		.dir = out ? XFRM_POLICY_OUT : XFRM_POLICY_IN,
		.family = (uint16_t)ups_addr_family(local),
		.src = to_xfrm(out ? local : remote),
		.dst = to_xfrm(out ? remote : local),
	};
}

/* Whether @p applies to some UDP packets of @path. The kernel shows "any family" as the one of its prefixes. */
static bool touches(const struct ups_xfrm_policy *p, const struct path *path)
{
	const struct xfrm_selector *sel = &p->info.sel;

	if (p->info.dir != path->dir || (sel->proto && sel->proto != IPPROTO_UDP))
		return false;
	if (!sel->prefixlen_s && !sel->prefixlen_d)
		return !sel->family || sel->family == path->family;
	return sel->family == path->family &&
	       in_prefix(&path->src, &sel->saddr, sel->prefixlen_s) &&
	       in_prefix(&path->dst, &sel->daddr, sel->prefixlen_d);
}

/* ... and to all of them */
static bool is_whole(const struct ups_xfrm_policy *p)
{
	const struct xfrm_selector *sel = &p->info.sel;

	return !p->partial && !sel->sport_mask && !sel->dport_mask && !sel->ifindex;
}

bool ups_xfrm_set_touches(const struct ups_xfrm_set *set, const struct ups_addr *local,
			  const struct ups_addr *remote)
{
	const struct path out = make_path(local, remote, true);
	const struct path in = make_path(local, remote, false);

	for (size_t i = 0; i < set->policy_count; i++) {
		if (touches(&set->policy[i], &out) || touches(&set->policy[i], &in))
			return true;
	}
	return false;
}

/* ---- associations ---------------------------------------------------------------------------------------------- */

bool ups_xfrm_alg_encrypts(unsigned int attr, const char *name)
{
	if (attr == XFRMA_ALG_AEAD)
		return !strstr(name, "rfc4543"); /* GMAC: authentication alone */
	return attr == XFRMA_ALG_CRYPT && !strstr(name, "cipher_null");
}

/* A template without addresses, in transport mode, is for the packet's own. */
static bool serves(const struct ups_xfrm_sa *sa, const struct xfrm_user_tmpl *t,
		   const struct path *path)
{
	const xfrm_address_t *src = unset(&t->saddr) ? &path->src : &t->saddr;
	const xfrm_address_t *dst = unset(&t->id.daddr) ? &path->dst : &t->id.daddr;
	const struct xfrm_usersa_info *info = &sa->info;

	return info->id.proto == IPPROTO_ESP && info->mode == t->mode &&
	       (!t->reqid || info->reqid == t->reqid) &&
	       (!t->id.spi || info->id.spi == t->id.spi) && same(&info->id.daddr, dst) &&
	       (unset(&info->saddr) || same(&info->saddr, src));
}

/* Any of them may be the one that the kernel takes: all must encrypt, and there must be one. */
static const char *judge_associations(const struct ups_xfrm_set *set,
				      const struct xfrm_user_tmpl *t, const struct path *path)
{
	unsigned int count = 0;

	for (size_t i = 0; i < set->sa_count; i++) {
		if (!serves(&set->sa[i], t, path))
			continue;
		if (!set->sa[i].encrypts)
			return "its security association does not encrypt";
		count++;
	}
	return count ? NULL : "it has no security association yet";
}

static const struct xfrm_user_tmpl *esp_template(const struct ups_xfrm_policy *p)
{
	for (unsigned int i = 0; i < p->tmpl_count; i++) {
		if (p->tmpl[i].id.proto == IPPROTO_ESP && !p->tmpl[i].optional)
			return &p->tmpl[i];
	}
	return NULL;
}

/* ---- one direction --------------------------------------------------------------------------------------------- */

/* The policy that the kernel would choose; *disputed if it chooses another one for some packets, or might. */
static const struct ups_xfrm_policy *choose(const struct ups_xfrm_set *set, const struct path *path,
					    bool *disputed)
{
	const struct ups_xfrm_policy *best = NULL;

	*disputed = false;
	for (size_t i = 0; i < set->policy_count; i++) {
		const struct ups_xfrm_policy *p = &set->policy[i];

		if (!touches(p, path) || (best && p->info.priority > best->info.priority))
			continue;
		*disputed = best && p->info.priority == best->info.priority;
		best = p;
	}
	return best;
}

/* -> NULL if all of @path is encrypted, else why not */
static const char *judge(const struct ups_xfrm_set *set, const struct path *path)
{
	const struct xfrm_user_tmpl *t;
	const struct ups_xfrm_policy *p;
	bool disputed;

	p = choose(set, path, &disputed);
	if (!p)
		return "there is no policy";
	if (disputed)
		return "several policies have the same priority";
	if (!is_whole(p))
		return "the first policy is for some of the packets only";
	if (p->info.action != XFRM_POLICY_ALLOW)
		return "the policy blocks";
	t = esp_template(p);
	return t ? judge_associations(set, t, path) : "the policy does not require ESP";
}

bool ups_xfrm_set_covers(const struct ups_xfrm_set *set, const struct ups_addr *local,
			 const struct ups_addr *remote, char *why, size_t size)
{
	char here[UPS_ADDR_TEXT], there[UPS_ADDR_TEXT];
	struct ups_addr a = *local, b = *remote;

	a.port = b.port = 0;
	ups_addr_format(&a, here);
	ups_addr_format(&b, there);
	if (ups_addr_family(local) != ups_addr_family(remote)) {
		snprintf(why, size, "%s and %s are of different families", here, there);
		return false;
	}
	for (int out = 1; out >= 0; out--) {
		const struct path path = make_path(local, remote, out);
		const char *reason = judge(set, &path);

		if (!reason)
			continue;
		snprintf(why, size, "IPsec does not cover UDP from %s to %s: %s",
			 out ? here : there, out ? there : here, reason);
		return false;
	}
	snprintf(why, size, "IPsec policies require ESP between %s and %s both ways", here, there);
	return true;
}
