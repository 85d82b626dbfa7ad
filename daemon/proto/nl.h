/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Netlink attributes <-> plain structs, by table: no sockets, no clock, no allocation.
 *
 * A struct ups_nl_object describes one nest of include/uapi/upsec_nl.h: each row ties an attribute number to a member
 * of a C struct. The same rows are the policy that checks received attributes (type, size, range, nesting,
 * repetition), the decoder, the encoder, and the names in error texts and in JSON. So nothing in upsec reads an
 * attribute that was not checked, and what one side can write the other can read.
 *
 * Rows and the members they need:
 *	FLAG		bool
 *	U8..U64		integer of that size; at most @max (0 = no bound)
 *	STRING		char[@max + 1]; printable ASCII, so that names can go to a terminal or a log as they are
 *	BYTES		uint8_t[@max] and a uint8_t with the number in use at @count
 *	SECRET		struct ups_secret (1..@max bytes)
 *	BLOB		uint8_t[@max] and a uint32_t with the number in use at @count; any bytes, may hold keys
 *	ADDR		struct ups_addr
 *	IP		struct ups_addr whose port is 0
 *	COUNTS		uint64_t[@max], only those not 0 travel
 *	NEST		@max structs described by @object, and a uint32_t with the number in use at @count
 *
 * Members that are 0 or empty are not sent unless REQUIRED; a received object starts from zero. Threads: any.
 */
#ifndef UPSEC_PROTO_NL_H
#define UPSEC_PROTO_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ups_nl_row_type {
	UPS_NL_FLAG,
	UPS_NL_U8,
	UPS_NL_U16,
	UPS_NL_U32,
	UPS_NL_U64,
	UPS_NL_STRING,
	UPS_NL_BYTES,
	UPS_NL_SECRET,
	UPS_NL_ADDR,
	UPS_NL_COUNTS,
	UPS_NL_NEST,
	UPS_NL_IP,
	UPS_NL_BLOB,
};

#define UPS_NL_REQUIRED \
	1 /* must be there; sent even when 0; an integer or string may still be 0 or empty */
#define UPS_NL_LIST 2 /* NEST that is a list in JSON, whatever its length */
#define UPS_NL_FILLED \
	4 /* STRING, ADDR or IP must not be empty; NEST must be complete: exactly @max */

struct ups_nl_object;

struct ups_nl_row {
	uint16_t attr;
	uint8_t type; /* enum ups_nl_row_type */
	uint8_t flags;
	uint32_t max;
	uint32_t offset;
	uint32_t count; /* offset of the number in use */
	const char *name;
	const char *const *
		words; /* of an integer's values 0..max, NULL = a plain number; of COUNTS: of the reasons */
	const struct ups_nl_object *object;
};

struct ups_nl_object {
	const char *name; /* as it appears in error texts */
	uint32_t size; /* of the struct */
	uint32_t row_count;
	const struct ups_nl_row *row;
};

/*
 * Checks and decodes @size bytes of attributes at @attrs (4-byte aligned) into @out, which is overwritten. @strict refuses
 * what the table does not know (requests); otherwise it is skipped (replies from a newer daemon). On error @out may hold
 * part of the contents: a caller that expects secrets wipes it either way, and @msg says what was wrong where, never the
 * contents. -EINVAL.
 */
int ups_nl_decode(const struct ups_nl_object *object, const void *attrs, size_t size, bool strict,
		  void *out, struct ups_errmsg *msg) __must_check;

/* Appends the attributes of @in to @nlh, in a buffer of @buf_size bytes from @nlh on. -EMSGSIZE, and @nlh is as before. */
int ups_nl_encode(const struct ups_nl_object *object, const void *in, struct nlmsghdr *nlh,
		  size_t buf_size) __must_check;

/* Starts a message of ours at @buf (zeroed up to its headers). */
struct nlmsghdr *ups_nl_msg_init(void *buf, uint8_t cmd, uint16_t flags, uint32_t seq);

/*
 * The next message of a datagram: NULL at the end. *@at and *@left move past it. A message whose length does not fit
 * ends the datagram.
 */
const struct nlmsghdr *ups_nl_msg_next(const uint8_t **at, size_t *left);

/* What an NLMSG_ERROR message says: its error number, and its sentence in @text ("" if it has none). */
int ups_nl_msg_error(const struct nlmsghdr *nlh, struct ups_errmsg *text);

/* Integer members by size, for tables' users such as the JSON writer. */
uint64_t ups_nl_row_value(const struct ups_nl_row *row, const void *object);

#endif
