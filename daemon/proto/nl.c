// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Netlink attributes by table: see nl.h. */
#include "proto/nl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "base/addr.h"
#include "base/secret.h"
#include "uapi/upsec_nl.h"
#include "upsec/abi.h"

#define ATTR_HDR MNL_ALIGN(sizeof(struct nlattr))

/* Bytes of an integer row; 0 for the others. */
static size_t integer_size(const struct ups_nl_row *row)
{
	switch (row->type) {
	case UPS_NL_U8:
		return 1;
	case UPS_NL_U16:
		return 2;
	case UPS_NL_U32:
		return 4;
	case UPS_NL_U64:
		return 8;
	default:
		return 0;
	}
}

static uint64_t load(const void *p, size_t size)
{
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		memcpy(&u8, p, 1);
		return u8;
	case 2:
		memcpy(&u16, p, 2);
		return u16;
	case 4:
		memcpy(&u32, p, 4);
		return u32;
	default:
		memcpy(&u64, p, 8);
		return u64;
	}
}

uint64_t ups_nl_row_value(const struct ups_nl_row *row, const void *object)
{
	const char *member = (const char *)object + row->offset;

	if (row->type == UPS_NL_FLAG)
		return *(const bool *)member;
	return load(member, integer_size(row));
}

static uint32_t row_count(const struct ups_nl_row *row, const void *object)
{
	const char *count = (const char *)object + row->count;

	return row->type == UPS_NL_BYTES ? *(const uint8_t *)count : *(const uint32_t *)count;
}

/* ---- decoding ---- */

struct decode {
	bool strict;
	struct ups_errmsg *msg;
};

static int decode_object(const struct decode *d, const struct ups_nl_object *object,
			 const void *attrs, size_t size, void *out);

static int refuse(const struct decode *d, const struct ups_nl_object *object,
		  const struct ups_nl_row *row, const char *what)
{
	return ups_fail(d->msg, -EINVAL, "attribute %u (%s) of %s: %s", row->attr, row->name,
			object->name, what);
}

static const char *check_integer(const struct ups_nl_row *row, const struct nlattr *a)
{
	size_t size = integer_size(row);

	if (mnl_attr_get_payload_len(a) != size)
		return "wrong size for its type";
	if (row->max && load(mnl_attr_get_payload(a), size) > row->max)
		return "value out of range";
	return NULL;
}

static const char *check_string(const struct ups_nl_row *row, const struct nlattr *a)
{
	const char *text = mnl_attr_get_payload(a);
	size_t size = mnl_attr_get_payload_len(a);

	if (!size || text[size - 1])
		return "string without a NUL at its end";
	if (size - 1 > row->max)
		return "string too long";
	for (size_t i = 0; i < size - 1; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return "string holds other than printable ASCII";
	}
	if ((row->flags & UPS_NL_FILLED) && size == 1)
		return "string is empty";
	return NULL;
}

static const char *check_addr(const struct ups_nl_row *row, const struct nlattr *a)
{
	struct ups_addr addr;

	if (mnl_attr_get_payload_len(a) != sizeof(addr))
		return "wrong size for an address";
	memcpy(&addr, mnl_attr_get_payload(a), sizeof(addr));
	if (addr.pad)
		return "padding is not zero";
	if ((row->flags & UPS_NL_FILLED) && !addr.port)
		return "port is 0";
	return NULL;
}

/* Neither :: nor 0.0.0.0 is an address that anything comes from. */
static bool is_unspecified(const struct ups_addr *addr)
{
	static const uint8_t zero[sizeof(addr->ip)];
	size_t from = ups_addr_is_v4(addr) ? 12 : 0;

	return !memcmp(addr->ip + from, zero, sizeof(zero) - from);
}

static const char *check_ip(const struct ups_nl_row *row, const struct nlattr *a)
{
	struct ups_addr addr;

	if (mnl_attr_get_payload_len(a) != sizeof(addr))
		return "wrong size for an address";
	memcpy(&addr, mnl_attr_get_payload(a), sizeof(addr));
	if (addr.pad || addr.port)
		return "port and padding are not zero";
	if ((row->flags & UPS_NL_FILLED) && is_unspecified(&addr))
		return "address is unspecified";
	return NULL;
}

/* -> what is wrong with the attribute by itself, or NULL */
static const char *check_attr(const struct ups_nl_row *row, const struct nlattr *a)
{
	size_t size = mnl_attr_get_payload_len(a);
	bool nest = row->type == UPS_NL_NEST || row->type == UPS_NL_COUNTS;

	if (nest != !!(a->nla_type & NLA_F_NESTED))
		return nest ? "must be a nest" : "must not be a nest";
	switch (row->type) {
	case UPS_NL_FLAG:
		return size ? "a flag has no payload" : NULL;
	case UPS_NL_STRING:
		return check_string(row, a);
	case UPS_NL_BYTES:
	case UPS_NL_SECRET:
	case UPS_NL_BLOB:
		return size == 0 || size > row->max ? "wrong number of bytes" : NULL;
	case UPS_NL_ADDR:
		return check_addr(row, a);
	case UPS_NL_IP:
		return check_ip(row, a);
	case UPS_NL_NEST:
	case UPS_NL_COUNTS:
		return NULL;
	default:
		return check_integer(row, a);
	}
}

/* Calls for each well-formed attribute in turn; *@left != 0 at the end means that bytes remain that are none. */
static const struct nlattr *next_attr(const void **at, size_t *left)
{
	const struct nlattr *a = *at;
	size_t step;

	if (*left < ATTR_HDR || a->nla_len < ATTR_HDR || a->nla_len > *left)
		return NULL;
	step = MNL_ALIGN(a->nla_len);
	if (step > *left) /* the last one needs no padding */
		step = *left;
	*at = (const char *)*at + step;
	*left -= step;
	return a;
}

static int decode_counts(const struct decode *d, const struct ups_nl_object *object,
			 const struct ups_nl_row *row, const struct nlattr *nest, char *member)
{
	const void *at = mnl_attr_get_payload(nest);
	size_t left = mnl_attr_get_payload_len(nest);
	const struct nlattr *a;

	while ((a = next_attr(&at, &left))) {
		uint16_t reason = mnl_attr_get_type(a);

		if (reason >= row->max) {
			if (d->strict)
				return refuse(d, object, row, "reason out of range");
			continue;
		}
		if (mnl_attr_get_payload_len(a) != sizeof(uint64_t))
			return refuse(d, object, row, "count is not 8 bytes");
		memcpy(member + reason * sizeof(uint64_t), mnl_attr_get_payload(a),
		       sizeof(uint64_t));
	}
	return left ? refuse(d, object, row, "bytes after the last count") : 0;
}

static int decode_nest(const struct decode *d, const struct ups_nl_object *object,
		       const struct ups_nl_row *row, const struct nlattr *a, void *out)
{
	uint32_t *count = (uint32_t *)((char *)out + row->count);
	char *item = (char *)out + row->offset + *count * row->object->size;

	if (*count >= row->max)
		return refuse(d, object, row, "too many of them");
	++*count;
	return decode_object(d, row->object, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
			     item);
}

/* @a passed check_attr() */
static int decode_attr(const struct decode *d, const struct ups_nl_object *object,
		       const struct ups_nl_row *row, const struct nlattr *a, void *out)
{
	const void *payload = mnl_attr_get_payload(a);
	size_t size = mnl_attr_get_payload_len(a);
	char *member = (char *)out + row->offset;

	switch (row->type) {
	case UPS_NL_FLAG:
		*(bool *)member = true;
		return 0;
	case UPS_NL_SECRET:
		return ups_secret_set((struct ups_secret *)member, payload, size);
	case UPS_NL_BYTES:
		*((uint8_t *)out + row->count) = (uint8_t)size;
		break;
	case UPS_NL_BLOB:
		*(uint32_t *)((char *)out + row->count) = (uint32_t)size;
		break;
	case UPS_NL_COUNTS:
		return decode_counts(d, object, row, a, member);
	case UPS_NL_NEST:
		return decode_nest(d, object, row, a, out);
	default:
		break;
	}
	memcpy(member, payload, size);
	return 0;
}

static int find_row(const struct ups_nl_object *object, uint16_t attr)
{
	for (uint32_t i = 0; i < object->row_count; i++) {
		if (object->row[i].attr == attr)
			return (int)i;
	}
	return -1;
}

static int check_complete(const struct decode *d, const struct ups_nl_object *object, uint32_t seen,
			  const void *out)
{
	for (uint32_t i = 0; i < object->row_count; i++) {
		const struct ups_nl_row *row = &object->row[i];

		if ((row->flags & UPS_NL_REQUIRED) && !(seen & 1u << i))
			return refuse(d, object, row, "missing");
		if (row->type == UPS_NL_NEST && (row->flags & UPS_NL_FILLED) &&
		    row_count(row, out) != row->max)
			return refuse(d, object, row, "too few of them");
	}
	return 0;
}

static int decode_object(const struct decode *d, const struct ups_nl_object *object,
			 const void *attrs, size_t size, void *out)
{
	const struct nlattr *a;
	uint32_t seen = 0; /* bit i: row i */

	memset(out, 0, object->size);
	while ((a = next_attr(&attrs, &size))) {
		int i = find_row(object, mnl_attr_get_type(a));
		const struct ups_nl_row *row = i < 0 ? NULL : &object->row[i];
		const char *wrong;
		int err;

		if (!row && d->strict)
			return ups_fail(d->msg, -EINVAL, "attribute %u of %s is unknown",
					mnl_attr_get_type(a), object->name);
		if (!row)
			continue;
		if ((seen & 1u << i) && row->type != UPS_NL_NEST)
			return refuse(d, object, row, "repeated");
		seen |= 1u << i;
		wrong = check_attr(row, a);
		if (wrong)
			return refuse(d, object, row, wrong);
		err = decode_attr(d, object, row, a, out);
		if (err)
			return err;
	}
	if (size)
		return ups_fail(d->msg, -EINVAL, "%s: %zu bytes that are no attribute",
				object->name, size);
	return check_complete(d, object, seen, out);
}

int ups_nl_decode(const struct ups_nl_object *object, const void *attrs, size_t size, bool strict,
		  void *out, struct ups_errmsg *msg)
{
	struct decode d = { .strict = strict, .msg = msg };

	return decode_object(&d, object, attrs, size, out);
}

/* ---- encoding ---- */

static bool put(struct nlmsghdr *nlh, size_t buf_size, uint16_t attr, size_t size, const void *data)
{
	return mnl_attr_put_check(nlh, buf_size, attr, size, data);
}

static bool encode_object(const struct ups_nl_object *object, const void *in, struct nlmsghdr *nlh,
			  size_t buf_size);

/* A nest's length is 16 bits; libmnl would wrap it. */
static bool end_nest(struct nlmsghdr *nlh, struct nlattr *nest)
{
	if ((char *)mnl_nlmsg_get_payload_tail(nlh) - (char *)nest > UINT16_MAX)
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

static bool encode_counts(const struct ups_nl_row *row, const uint64_t *counts,
			  struct nlmsghdr *nlh, size_t buf_size)
{
	struct nlattr *nest = NULL;

	for (uint16_t i = 0; i < row->max; i++) {
		if (!counts[i])
			continue;
		if (!nest)
			nest = mnl_attr_nest_start_check(nlh, buf_size, row->attr);
		if (!nest || !put(nlh, buf_size, i, sizeof(counts[i]), &counts[i]))
			return false;
	}
	return !nest || end_nest(nlh, nest);
}

static bool encode_nests(const struct ups_nl_row *row, const void *in, struct nlmsghdr *nlh,
			 size_t buf_size)
{
	uint32_t count = row_count(row, in);

	for (uint32_t i = 0; i < count && i < row->max; i++) {
		const char *item = (const char *)in + row->offset + i * row->object->size;
		struct nlattr *nest = mnl_attr_nest_start_check(nlh, buf_size, row->attr);

		if (!nest || !encode_object(row->object, item, nlh, buf_size) ||
		    !end_nest(nlh, nest))
			return false;
	}
	return true;
}

static bool encode_secret(const struct ups_nl_row *row, const struct ups_secret *secret,
			  struct nlmsghdr *nlh, size_t buf_size)
{
	return !secret->size || put(nlh, buf_size, row->attr, secret->size, secret->data);
}

static bool encode_addr(const struct ups_nl_row *row, const struct ups_addr *addr,
			struct nlmsghdr *nlh, size_t buf_size)
{
	static const struct ups_addr none;

	if (!(row->flags & UPS_NL_REQUIRED) && !memcmp(addr, &none, sizeof(none)))
		return true;
	return put(nlh, buf_size, row->attr, sizeof(*addr), addr);
}

static bool encode_row(const struct ups_nl_row *row, const void *in, struct nlmsghdr *nlh,
		       size_t buf_size)
{
	const char *member = (const char *)in + row->offset;
	bool always = row->flags & UPS_NL_REQUIRED;

	switch (row->type) {
	case UPS_NL_FLAG:
		return !*(const bool *)member || put(nlh, buf_size, row->attr, 0, member);
	case UPS_NL_STRING:
		if (!*member && !always)
			return true;
		return put(nlh, buf_size, row->attr, strnlen(member, row->max) + 1, member);
	case UPS_NL_BYTES:
	case UPS_NL_BLOB:
		return !row_count(row, in) ||
		       put(nlh, buf_size, row->attr, row_count(row, in), member);
	case UPS_NL_SECRET:
		return encode_secret(row, (const struct ups_secret *)member, nlh, buf_size);
	case UPS_NL_ADDR:
	case UPS_NL_IP:
		return encode_addr(row, (const struct ups_addr *)member, nlh, buf_size);
	case UPS_NL_COUNTS:
		return encode_counts(row, (const uint64_t *)member, nlh, buf_size);
	case UPS_NL_NEST:
		return encode_nests(row, in, nlh, buf_size);
	default:
		return (!always && !ups_nl_row_value(row, in)) ||
		       put(nlh, buf_size, row->attr, integer_size(row), member);
	}
}

static bool encode_object(const struct ups_nl_object *object, const void *in, struct nlmsghdr *nlh,
			  size_t buf_size)
{
	for (uint32_t i = 0; i < object->row_count; i++) {
		if (!encode_row(&object->row[i], in, nlh, buf_size))
			return false;
	}
	return true;
}

int ups_nl_encode(const struct ups_nl_object *object, const void *in, struct nlmsghdr *nlh,
		  size_t buf_size)
{
	uint32_t before = nlh->nlmsg_len;

	if (encode_object(object, in, nlh, buf_size))
		return 0;
	nlh->nlmsg_len = before;
	return -EMSGSIZE;
}

/* ---- messages ---- */

struct nlmsghdr *ups_nl_msg_init(void *buf, uint8_t cmd, uint16_t flags, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ups_nl_hdr *hdr = mnl_nlmsg_put_extra_header(nlh, sizeof(*hdr));

	nlh->nlmsg_type = UPS_NL_TYPE;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	hdr->cmd = cmd;
	hdr->version = UPS_NL_VERSION;
	return nlh;
}

const struct nlmsghdr *ups_nl_msg_next(const uint8_t **at, size_t *left)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)*at;
	size_t step;

	if (*left < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > *left)
		return NULL;
	step = MNL_ALIGN(nlh->nlmsg_len);
	if (step > *left)
		step = *left;
	*at += step;
	*left -= step;
	return nlh;
}

static void copy_error_text(const struct nlmsghdr *nlh, struct ups_errmsg *text)
{
	const char *payload = mnl_nlmsg_get_payload(nlh);
	const void *at = payload + MNL_ALIGN(sizeof(struct nlmsgerr));
	size_t left = mnl_nlmsg_get_payload_len(nlh) - MNL_ALIGN(sizeof(struct nlmsgerr));
	const struct ups_nl_row row = { .max = sizeof(text->text) - 1 };
	const struct nlattr *a;

	while ((a = next_attr(&at, &left))) {
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG && !check_string(&row, a))
			memcpy(text->text, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
	}
}

int ups_nl_msg_error(const struct nlmsghdr *nlh, struct ups_errmsg *text)
{
	struct nlmsgerr error;

	text->text[0] = '\0';
	if (nlh->nlmsg_len < sizeof(*nlh) + sizeof(error))
		return -EBADMSG;
	memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	/* The texts of capped errors only: otherwise the request stands in between. */
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && (nlh->nlmsg_flags & NLM_F_CAPPED))
		copy_error_text(nlh, text);
	return error.error > 0 ? -EBADMSG : error.error;
}
