// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which devices the program may hand frames to (map ups_devices). A frame redirected to a device that cannot take it is
 * lost without a word, so such packets go to the stack instead, and leave through the udp lane.
 *
 * Route netlink tells which devices are not Ethernet, and of what kind they are; the "netdev" family (Linux 6.3) tells
 * whose driver transmits XDP frames. Where it does not exist, devices with a driver are believed to, and virtual kinds
 * are known. A veth changes its answer with what its peer does, hence the refresh.
 */
#define UPS_LOG_MODULE "xdp"

#include <bpf/bpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <net/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/log.h"
#include "dp/kernel_priv.h"

#define DEVICES_MAX 1024 /* entries of ups_devices */

/* linux/netdev.h, which older headers lack */
#define NETDEV_CMD_DEV_GET 1
#define NETDEV_A_DEV_IFINDEX 1
#define NETDEV_A_DEV_XDP_FEATURES 3
#define NETDEV_A_MAX 8
#define NETDEV_XDP_ACT_NDO_XMIT (1u << 2)

struct features {
	unsigned int count;
	struct {
		uint32_t ifindex;
		bool transmits;
	} device[DEVICES_MAX];
};

/* ---- netlink --------------------------------------------------------------------------------------------------- */

struct query {
	struct mnl_socket *nl;
	unsigned int seq;
	uint16_t family; /* "netdev" */
	struct features *out;
};

static int on_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_get_type(attr) < NETDEV_A_MAX)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr[NETDEV_A_MAX] = { NULL };
	struct query *q = data;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_attr, attr);
	if (attr[CTRL_ATTR_FAMILY_ID] &&
	    !mnl_attr_validate(attr[CTRL_ATTR_FAMILY_ID], MNL_TYPE_U16))
		q->family = mnl_attr_get_u16(attr[CTRL_ATTR_FAMILY_ID]);
	return MNL_CB_OK;
}

static int on_device(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr[NETDEV_A_MAX] = { NULL }, *index, *features;
	struct query *q = data;

	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_attr, attr);
	index = attr[NETDEV_A_DEV_IFINDEX];
	features = attr[NETDEV_A_DEV_XDP_FEATURES];
	if (!index || mnl_attr_validate(index, MNL_TYPE_U32) || !features ||
	    mnl_attr_validate(features, MNL_TYPE_U64) || q->out->count == DEVICES_MAX)
		return MNL_CB_OK;
	q->out->device[q->out->count].ifindex = mnl_attr_get_u32(index);
	q->out->device[q->out->count++].transmits = mnl_attr_get_u64(features) &
						    NETDEV_XDP_ACT_NDO_XMIT;
	return MNL_CB_OK;
}

/* One request; @name: the family to ask the controller for, or NULL to dump the devices. 0 or -errno. */
static int ask(struct query *q, const char *name)
{
	char buf[8192];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	ssize_t size;
	int more = MNL_CB_OK;

	nlh->nlmsg_type = name ? GENL_ID_CTRL : q->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | (name ? NLM_F_ACK : NLM_F_DUMP);
	nlh->nlmsg_seq = ++q->seq;
	genl->cmd = name ? CTRL_CMD_GETFAMILY : NETDEV_CMD_DEV_GET;
	genl->version = 1;
	if (name)
		mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	if (mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		size = mnl_socket_recvfrom(q->nl, buf, sizeof(buf));
		if (size < 0)
			return -errno;
		more = mnl_cb_run(buf, (size_t)size, q->seq, mnl_socket_get_portid(q->nl),
				  name ? on_family : on_device, q);
	}
	return more < 0 ? -errno : 0;
}

/* Empty where the kernel does not tell. */
static void read_features(struct features *out)
{
	struct query q = { .out = out };

	out->count = 0;
	q.nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!q.nl)
		return;
	if (mnl_socket_bind(q.nl, 0, MNL_SOCKET_AUTOPID) || ask(&q, "netdev") || !q.family ||
	    ask(&q, NULL))
		out->count = 0;
	mnl_socket_close(q.nl);
}

static bool transmits(const struct features *f, uint32_t ifindex)
{
	for (unsigned int i = 0; i < f->count; i++) {
		if (f->device[i].ifindex == ifindex)
			return f->device[i].transmits;
	}
	return true;
}

/* ---- links ----------------------------------------------------------------------------------------------------- */

/* Kinds of virtual devices that take XDP frames; those without a kind have hardware, or what passes for it. */
static bool kind_transmits(const char *kind)
{
	static const char *const known[] = { "veth", "bond", "tun" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(kind, known[i]))
			return true;
	}
	return false;
}

static int on_kind(const struct nlattr *attr, void *data)
{
	const char **kind = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
	    !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		*kind = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int on_linkinfo(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
		mnl_attr_parse_nested(attr, on_kind, data);
	return MNL_CB_OK;
}

struct links {
	const struct ups_kernel *k;
	const struct features *features;
};

static uint32_t link_limit(const struct links *l, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(nlh);
	const char *kind = NULL;

	if (link->ifi_type != ARPHRD_ETHER)
		return UPS_DEVICE_STACK;
	if (l->features->count)
		return transmits(l->features, (uint32_t)link->ifi_index) ? 0 : UPS_DEVICE_GENERIC;
	mnl_attr_parse(nlh, sizeof(*link), on_linkinfo, &kind);
	return !kind || kind_transmits(kind) ? 0 : UPS_DEVICE_GENERIC;
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	const struct links *l = data;
	uint32_t index, limit;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg))
		return MNL_CB_OK;
	index = (uint32_t)((const struct ifinfomsg *)mnl_nlmsg_get_payload(nlh))->ifi_index;
	limit = link_limit(l, nlh);
	if (!limit)
		bpf_map_delete_elem(l->k->map_fd[UPS_M_DEVICES], &index);
	else if (bpf_map_update_elem(l->k->map_fd[UPS_M_DEVICES], &index, &limit, BPF_ANY))
		ups_log_rl(UPS_LOG_WARNING, "more devices than the kernel lane can remember");
	return MNL_CB_OK;
}

/* 0 or -errno */
static int read_links(struct mnl_socket *nl, struct links *l)
{
	char buf[32768];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(nlh, sizeof(*link));
	int more = MNL_CB_OK;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	link->ifi_family = AF_UNSPEC;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		ssize_t size = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (size < 0)
			return -errno;
		more = mnl_cb_run(buf, (size_t)size, 1, mnl_socket_get_portid(nl), on_link, l);
	}
	return more < 0 ? -errno : 0;
}

void ups_kernel_refresh(struct ups_kernel *k)
{
	static struct features features; /* control thread only */
	struct links l = { .k = k, .features = &features };
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err = nl ? 0 : -errno;

	read_features(&features);
	if (!err && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		err = -errno;
	if (!err)
		err = read_links(nl, &l);
	if (err)
		ups_log_rl(UPS_LOG_WARNING, "cannot list the devices: %s", ups_strerror(err));
	if (nl)
		mnl_socket_close(nl);
}
