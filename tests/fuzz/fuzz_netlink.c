// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Netlink messages as they come off the socket, on both sides. Byte 0 chooses how the rest is read:
 * 0..14 one object's attributes, else a datagram of messages. What a strict decoder accepts must survive writing and reading.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/nl_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ups_nl_object *const objects[] = {
	&ups_nl_session_request_object,
	&ups_nl_select_object,
	&ups_nl_flow_select_object,
	&ups_nl_session_object,
	&ups_nl_flow_object,
	&ups_nl_status_object,
	&ups_nl_stats_object,
	&ups_nl_event_object,
	&ups_nl_hello_object,
	&ups_nl_registration_add_object,
	&ups_nl_registration_del_object,
	&ups_nl_check_object,
	&ups_nl_registration_object,
	&ups_nl_rule_object,
	&ups_nl_verdict_object,
};
#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

/* Room for any object, twice. */
static union {
	struct ups_nl_session_request add;
	struct ups_nl_check check;
	struct ups_nl_session session;
	struct ups_nl_status status;
	struct ups_nl_verdict verdict;
	struct ups_nl_flow flow;
	struct ups_nl_stats stats;
} first, second;
static uint8_t again[UPS_NL_MSG_MAX * 2] __attribute__((aligned(8)));

static void attributes(const struct ups_nl_object *object, const void *data, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(again);
	struct ups_errmsg msg;

	if (!ups_nl_decode(object, data, size, false, &second, &msg) &&
	    ups_nl_encode(object, &second, nlh, sizeof(again)))
		abort();
	nlh = mnl_nlmsg_put_header(again);
	if (ups_nl_decode(object, data, size, true, &first, &msg))
		return;
	if (ups_nl_encode(object, &first, nlh, sizeof(again)) ||
	    ups_nl_decode(object, mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh), true,
			  &second, &msg) ||
	    memcmp(&first, &second, object->size))
		abort();
}

static void datagram(const uint8_t *data, size_t size)
{
	const size_t headers = MNL_NLMSG_HDRLEN + sizeof(struct ups_nl_hdr);
	const struct nlmsghdr *nlh;
	struct ups_errmsg msg;

	while ((nlh = ups_nl_msg_next(&data, &size))) {
		if (nlh->nlmsg_type == NLMSG_ERROR)
			(void)ups_nl_msg_error(nlh, &msg);
		else if (nlh->nlmsg_len >= headers)
			attributes(objects[nlh->nlmsg_flags % OBJECTS],
				   (const uint8_t *)nlh + headers, nlh->nlmsg_len - headers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 1 || size > UPS_NL_MSG_MAX)
		return 0;
	/* Aligned as a receive buffer is, and no byte longer than the input. */
	copy = malloc(size - 1 ? size - 1 : 1);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	if (data[0] < OBJECTS)
		attributes(objects[data[0]], copy, size - 1);
	else
		datagram(copy, size - 1);
	free(copy);
	return 0;
}
