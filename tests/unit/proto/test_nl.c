// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Netlink attributes by table: everything written can be read, nothing else is accepted. */
#include <errno.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/nl_msg.h"
#include "rng.h"

#define BUF 65536
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

static uint8_t buf[BUF] __attribute__((aligned(8)));
static struct ups_errmsg msg;

/* ---- random objects ---- */

static size_t integer_bytes(uint8_t type)
{
	return type == UPS_NL_U8 ? 1 : type == UPS_NL_U16 ? 2 : type == UPS_NL_U32 ? 4 : 8;
}

static void random_object(struct rng *r, const struct ups_nl_object *object, void *out);

static void random_integer(struct rng *r, const struct ups_nl_row *row, char *member)
{
	uint64_t v = rng_u64(r);

	if (row->max)
		v %= row->max + 1;
	memcpy(member, &v, integer_bytes(row->type)); /* little-endian machines only, as upsec */
}

static void random_bytes(struct rng *r, const struct ups_nl_row *row, void *out)
{
	char *member = (char *)out + row->offset;
	uint32_t size = 1 + rng_below(r, row->max);

	if (row->type == UPS_NL_SECRET) {
		((struct ups_secret *)(void *)member)->size = (uint8_t)size;
		member = (char *)((struct ups_secret *)(void *)member)->data;
	} else if (row->type == UPS_NL_BLOB) {
		*(uint32_t *)(void *)((char *)out + row->count) = size;
	} else {
		*((uint8_t *)out + row->count) = (uint8_t)size;
	}
	rng_fill(r, member, size);
}

static void random_string(struct rng *r, const struct ups_nl_row *row, char *member)
{
	uint32_t len = rng_one_in(r, 4) ? row->max : 1 + rng_below(r, row->max);

	for (uint32_t i = 0; i < len; i++)
		member[i] = (char)(0x20 + rng_below(r, 0x5f));
}

static void random_nest(struct rng *r, const struct ups_nl_row *row, void *out)
{
	uint32_t *count = (uint32_t *)(void *)((char *)out + row->count);

	*count = row->flags & UPS_NL_FILLED	? row->max
		 : row->flags & UPS_NL_REQUIRED ? 1 + rng_below(r, row->max)
						: rng_below(r, row->max + 1);
	for (uint32_t i = 0; i < *count; i++)
		random_object(r, row->object, (char *)out + row->offset + i * row->object->size);
}

static void random_object(struct rng *r, const struct ups_nl_object *object, void *out)
{
	for (uint32_t i = 0; i < object->row_count; i++) {
		const struct ups_nl_row *row = &object->row[i];
		char *member = (char *)out + row->offset;

		switch (row->type) {
		case UPS_NL_FLAG:
			*(bool *)member = rng_one_in(r, 2);
			break;
		case UPS_NL_STRING:
			random_string(r, row, member);
			break;
		case UPS_NL_BYTES:
		case UPS_NL_SECRET:
		case UPS_NL_BLOB:
			random_bytes(r, row, out);
			break;
		case UPS_NL_ADDR:
			rng_fill(r, member, sizeof(struct ups_addr));
			((struct ups_addr *)(void *)member)->port |= 1;
			((struct ups_addr *)(void *)member)->pad = 0;
			break;
		case UPS_NL_IP:
			rng_fill(r, ((struct ups_addr *)(void *)member)->ip, 16);
			break;
		case UPS_NL_COUNTS:
			for (uint32_t n = 0; n < row->max; n += 1 + rng_below(r, 5))
				((uint64_t *)(void *)member)[n] = rng_u64(r);
			break;
		case UPS_NL_NEST:
			random_nest(r, row, out);
			break;
		default:
			random_integer(r, row, member);
		}
	}
}

static size_t encode(const struct ups_nl_object *object, const void *in)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	assert_int_equal(ups_nl_encode(object, in, nlh, BUF), 0);
	return nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
}

/* Decodes from a buffer of the exact size, so that a sanitizer sees one byte too many. */
static int decode(const struct ups_nl_object *object, size_t size, bool strict, void *out)
{
	void *copy = malloc(size ? size : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, buf + MNL_NLMSG_HDRLEN, size);
	msg.text[0] = '\0';
	err = ups_nl_decode(object, copy, size, strict, out, &msg);
	free(copy);
	return err;
}

static void what_is_written_is_read(void **state)
{
	struct rng r = { .state = 1 };

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		const struct ups_nl_object *object = objects[round % COUNT(objects)];
		void *in = calloc(1, object->size), *out = malloc(object->size);
		size_t size;

		assert_non_null(in);
		assert_non_null(out);
		random_object(&r, object, in);
		size = encode(object, in);
		memset(out, 0xa5, object->size);
		if (decode(object, size, true, out))
			fail_msg("%s: %s", object->name, msg.text);
		assert_memory_equal(in, out, object->size);
		free(in);
		free(out);
	}
}

static void tables_are_sound(const struct ups_nl_object *object)
{
	assert_true(object->row_count <= 32); /* bits of "seen" */
	for (uint32_t i = 0; i < object->row_count; i++) {
		const struct ups_nl_row *row = &object->row[i];

		assert_non_null(row->name);
		assert_true(row->offset < object->size);
		assert_true(row->attr > 0);
		for (uint32_t n = 0; n < i; n++) {
			assert_int_not_equal(object->row[n].attr, row->attr);
			assert_string_not_equal(object->row[n].name, row->name);
		}
		if (row->type == UPS_NL_NEST) {
			assert_true(row->offset + row->max * row->object->size <= object->size);
			tables_are_sound(row->object);
		}
	}
}

static void every_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++)
		tables_are_sound(objects[i]);
}

/* No report may have a place for a key; of blobs the verdict has one, which is redacted. */
static bool has_secret(const struct ups_nl_object *object)
{
	for (uint32_t i = 0; i < object->row_count; i++) {
		if (object->row[i].type == UPS_NL_SECRET || object->row[i].type == UPS_NL_BLOB ||
		    (object->row[i].object && has_secret(object->row[i].object)))
			return true;
	}
	return false;
}

static void only_requests_can_hold_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++)
		assert_int_equal(has_secret(objects[i]),
				 objects[i] == &ups_nl_session_request_object ||
					 objects[i] == &ups_nl_check_object ||
					 objects[i] == &ups_nl_verdict_object);
}

/* ---- refusals ---- */

static struct ups_nl_session_request request, decoded;

static size_t valid_request(void)
{
	struct rng r = { .state = 7 };

	memset(&request, 0, sizeof(request));
	random_object(&r, &ups_nl_session_request_object, &request);
	request.stream_count = 2;
	random_object(&r, ups_nl_session_request_object.row[1].object, &request.stream[0]);
	random_object(&r, ups_nl_session_request_object.row[1].object, &request.stream[1]);
	return encode(&ups_nl_session_request_object, &request);
}

static void every_truncation_is_refused(void **state)
{
	size_t size = valid_request(), accepted = 0;

	(void)state;
	for (size_t cut = 0; cut < size; cut++)
		accepted += !decode(&ups_nl_session_request_object, cut, true, &decoded);
	/* Cut exactly between the two streams it is a request for one. */
	assert_int_equal(accepted, 1);
}

static void no_bit_flip_goes_unchecked(void **state)
{
	struct rng r = { .state = 3 };
	size_t size = valid_request();
	unsigned int refused = 0;
	uint8_t *original = malloc(size);

	(void)state;
	assert_non_null(original);
	memcpy(original, buf + MNL_NLMSG_HDRLEN, size);
	for (unsigned int round = 0; round < 20000; round++) {
		size_t again;

		for (unsigned int n = 1 + rng_below(&r, 4); n; n--)
			buf[MNL_NLMSG_HDRLEN + rng_below(&r, (uint32_t)size)] ^=
				(uint8_t)(1u << rng_below(&r, 8));
		if (decode(&ups_nl_session_request_object, size, true, &decoded)) {
			assert_string_not_equal(msg.text, "");
			refused++;
		} else {
			/* What is accepted obeys the bounds, so it can be written again. */
			again = encode(&ups_nl_session_request_object, &decoded);
			assert_int_equal(
				decode(&ups_nl_session_request_object, again, true, &request), 0);
			assert_memory_equal(&request, &decoded, sizeof(request));
		}
		memcpy(buf + MNL_NLMSG_HDRLEN, original, size);
	}
	assert_true(refused > 1000);
	free(original);
}

static void errors_do_not_repeat_keys(void **state)
{
	struct ups_nl_session_request *bad = &request;
	size_t size;

	(void)state;
	valid_request();
	bad->stream_count = 1;
	for (int leg = 0; leg < 2; leg++) {
		bad->stream[0].leg[leg].rx_count = 1;
		bad->stream[0].leg[leg].rx[0].master.size = 30;
		memset(bad->stream[0].leg[leg].rx[0].master.data, 'K', 30);
	}
	size = encode(&ups_nl_session_request_object, bad);
	for (size_t cut = 0; cut < size; cut++) {
		if (decode(&ups_nl_session_request_object, cut, true, &decoded))
			assert_null(strstr(msg.text, "KK"));
	}
}

/* A message of hand-made attributes. */
struct attr_case {
	const char *what;
	uint16_t type;
	uint16_t size;
	const char *payload;
	const char *says; /* NULL = accepted */
};

static const struct ups_nl_object *event = &ups_nl_event_object;

static size_t event_with(const struct attr_case *c)
{
	struct nlmsghdr *nlh;
	struct ups_nl_event e = { .type = 1 };

	encode(event, &e);
	nlh = (struct nlmsghdr *)buf;
	mnl_attr_put(nlh, c->type, c->size, c->payload);
	return nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
}

static void single_attributes_are_checked(void **state)
{
	static const struct attr_case cases[] = {
		{ "good string", UPS_NL_EVENT_TEXT, 3, "ok", NULL },
		{ "empty string", UPS_NL_EVENT_TEXT, 1, "", NULL },
		{ "no NUL", UPS_NL_EVENT_TEXT, 2, "ok", "without a NUL" },
		{ "no bytes", UPS_NL_EVENT_TEXT, 0, "", "without a NUL" },
		{ "NUL inside", UPS_NL_EVENT_TEXT, 4, "a\0b", "printable" },
		{ "escape sequence", UPS_NL_EVENT_TEXT, 4, "\033[m", "printable" },
		{ "UTF-8", UPS_NL_EVENT_TEXT, 3, "\xc3\xa4", "printable" },
		{ "repeated", UPS_NL_EVENT_TYPE, 1, "\1", "repeated" },
		{ "unknown", 99, 1, "\1", "unknown" },
		{ "type 0", 0, 1, "\1", "unknown" },
		{ "string as nest", UPS_NL_EVENT_TEXT | NLA_F_NESTED, 3, "ok", "must not be" },
		{ "byte order flag", UPS_NL_EVENT_TEXT | NLA_F_NET_BYTEORDER, 3, "ok", NULL },
	};
	static char long_text[UPS_NL_TEXT_MAX + 2];
	const struct attr_case too_long = { .type = UPS_NL_EVENT_TEXT,
					    .size = sizeof(long_text),
					    .payload = long_text };
	static struct ups_nl_event e;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = decode(event, event_with(&cases[i]), true, &e);

		if (!cases[i].says != !err || (err && !strstr(msg.text, cases[i].says)))
			fail_msg("%s: %d \"%s\"", cases[i].what, err, msg.text);
	}
	/* A newer daemon's attribute is no fault in a reply. */
	assert_int_equal(decode(event, event_with(&cases[8]), false, &e), 0);
	/* Text one character too long. */
	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_int_equal(decode(event, event_with(&too_long), true, &e), -EINVAL);
	assert_non_null(strstr(msg.text, "too long"));
}

static int decode_changed(void (*change)(struct ups_nl_session_request *))
{
	size_t size;

	valid_request();
	change(&request);
	size = encode(&ups_nl_session_request_object, &request);
	return decode(&ups_nl_session_request_object, size, true, &decoded);
}

static void no_id(struct ups_nl_session_request *r)
{
	memset(r->id, 0, sizeof(r->id));
}
static void no_stream(struct ups_nl_session_request *r)
{
	r->stream_count = 0;
}
static void one_leg(struct ups_nl_session_request *r)
{
	r->stream[1].leg_count = 1;
}
static void port_zero(struct ups_nl_session_request *r)
{
	r->stream[0].leg[1].remote.port = 0;
}
static void bad_padding(struct ups_nl_session_request *r)
{
	r->stream[0].leg[1].remote.pad = 1;
}
static void bad_mode(struct ups_nl_session_request *r)
{
	r->stream[0].leg[0].mode = 3;
}
static void bad_suite(struct ups_nl_session_request *r)
{
	r->stream[0].leg[0].rx_count = 1;
	r->stream[0].leg[0].rx[0].master.size = 30;
	r->stream[0].leg[0].rx[0].suite = UPS_SUITE_COUNT;
}
static void no_master(struct ups_nl_session_request *r)
{
	r->stream[0].leg[0].tx_count = 1;
	r->stream[0].leg[0].tx[0].suite = 1;
	r->stream[0].leg[0].tx[0].master.size = 0;
}
static void many_ssrcs(struct ups_nl_session_request *r)
{
	r->stream[0].ssrc_limit = 17;
}

static void incomplete_requests_are_refused(void **state)
{
	void (*const changes[])(struct ups_nl_session_request *) = {
		no_id,	  no_stream, one_leg,	port_zero,  bad_padding,
		bad_mode, bad_suite, no_master, many_ssrcs,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		if (decode_changed(changes[i]) != -EINVAL || !*msg.text)
			fail_msg("change %zu: accepted or silent", i);
	}
}

static void too_many_items_are_refused(void **state)
{
	size_t size = valid_request();
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	struct nlattr *nest;

	(void)state;
	/* Sixteen more streams after the two, each a copy of nothing: the count is checked before the contents grow the struct. */
	for (int i = 0; i < 16; i++) {
		nest = mnl_attr_nest_start(nlh, UPS_NL_SESSION_STREAM);
		mnl_attr_nest_end(nlh, nest);
	}
	size = nlh->nlmsg_len - MNL_NLMSG_HDRLEN;
	assert_int_equal(decode(&ups_nl_session_request_object, size, true, &decoded), -EINVAL);
	/* And three legs in one stream. */
	request.stream_count = 1;
	size = encode(&ups_nl_session_request_object, &request);
	nest = (struct nlattr *)(buf + MNL_NLMSG_HDRLEN);
	nest = mnl_attr_next(nest); /* the stream */
	assert_int_equal(mnl_attr_get_type(nest), UPS_NL_SESSION_STREAM);
	mnl_attr_put(nlh, UPS_NL_STREAM_LEG | NLA_F_NESTED, 0, "");
	nest->nla_len = (uint16_t)(nest->nla_len + MNL_ATTR_HDRLEN);
	size += MNL_ATTR_HDRLEN;
	assert_int_equal(decode(&ups_nl_session_request_object, size, true, &decoded), -EINVAL);
	assert_non_null(strstr(msg.text, "too many"));
}

static void counts_are_checked(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const struct {
		uint16_t reason, size;
		int strict, loose;
	} cases[] = {
		{ 5, 8, 0, 0 },
		{ UPS_DROP_MAX, 8, -EINVAL, 0 },
		{ 0x3fff, 8, -EINVAL, 0 },
		{ 5, 4, -EINVAL, -EINVAL },
	};
	static struct ups_nl_stats stats;
	uint64_t value = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nlattr *nest;

		memset(&stats, 0, sizeof(stats));
		encode(&ups_nl_stats_object, &stats);
		nest = mnl_attr_nest_start(nlh, UPS_NL_STATS_UDP_DROPS);
		mnl_attr_put(nlh, cases[i].reason, cases[i].size, &value);
		mnl_attr_nest_end(nlh, nest);
		assert_int_equal(decode(&ups_nl_stats_object, nlh->nlmsg_len - MNL_NLMSG_HDRLEN,
					true, &stats),
				 cases[i].strict);
		assert_int_equal(decode(&ups_nl_stats_object, nlh->nlmsg_len - MNL_NLMSG_HDRLEN,
					false, &stats),
				 cases[i].loose);
	}
}

/* ---- addresses without a port ---- */

static int decode_source(const struct ups_nl_object *object, const void *addr, size_t size)
{
	static struct ups_nl_registration out;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	mnl_attr_put_strz(nlh, UPS_NL_REGISTRATION_ADDRESS, "alice@example.net");
	if (size)
		mnl_attr_put(nlh, UPS_NL_REGISTRATION_SOURCE, size, addr);
	return decode(object, nlh->nlmsg_len - MNL_NLMSG_HDRLEN, true, &out);
}

static void sources_are_checked(void **state)
{
	const struct {
		struct ups_addr addr;
		size_t size;
		const char *says; /* NULL = accepted */
	} cases[] = {
		{ { .ip = { [10] = 0xff, 0xff, 192, 0, 2, 7 } }, 20, NULL },
		{ { .ip = { 0x20, 1 } }, 20, NULL },
		{ { .ip = { [15] = 1 } }, 20, NULL },
		{ { .ip = { [10] = 0xff, 0xff } }, 20, "unspecified" },
		{ { .ip = { 0 } }, 20, "unspecified" },
		{ { .ip = { 0x20, 1 }, .port = 1 }, 20, "not zero" },
		{ { .ip = { 0x20, 1 }, .pad = 1 }, 20, "not zero" },
		{ { .ip = { 0x20, 1 } }, 16, "wrong size" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int err = decode_source(&ups_nl_registration_add_object, &cases[i].addr,
					cases[i].size);

		if (!cases[i].says != !err || (err && !strstr(msg.text, cases[i].says)))
			fail_msg("case %zu: %d \"%s\"", i, err, msg.text);
	}
	/* To remove, the address is enough; to add, it is not; and expiry is nothing to remove. */
	assert_int_equal(decode_source(&ups_nl_registration_del_object, NULL, 0), 0);
	assert_int_equal(decode_source(&ups_nl_registration_add_object, NULL, 0), -EINVAL);
	decode_source(&ups_nl_registration_del_object, NULL, 0);
	mnl_attr_put_u64((struct nlmsghdr *)buf, UPS_NL_REGISTRATION_EXPIRES, 9);
	assert_int_equal(decode(&ups_nl_registration_del_object,
				((struct nlmsghdr *)buf)->nlmsg_len - MNL_NLMSG_HDRLEN, true,
				&decoded),
			 -EINVAL);
}

/* ---- session descriptions ---- */

static int decode_sdp(size_t size)
{
	static uint8_t sdp[UPS_NL_SDP_MAX + 4];
	static struct ups_nl_check out;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int err;

	memset(sdp, 'K', sizeof(sdp));
	mnl_attr_put_strz(nlh, UPS_NL_CHECK_FROM, "access");
	mnl_attr_put_strz(nlh, UPS_NL_CHECK_TO, "core");
	mnl_attr_put(nlh, UPS_NL_CHECK_SDP, size, sdp);
	err = decode(&ups_nl_check_object, nlh->nlmsg_len - MNL_NLMSG_HDRLEN, true, &out);
	assert_int_equal(err ? 0 : size, err ? 0 : out.sdp_size);
	return err;
}

static void session_descriptions_have_a_size(void **state)
{
	(void)state;
	assert_int_equal(decode_sdp(1), 0);
	assert_int_equal(decode_sdp(UPS_NL_SDP_MAX), 0);
	assert_int_equal(decode_sdp(0), -EINVAL);
	assert_int_equal(decode_sdp(UPS_NL_SDP_MAX + 1), -EINVAL);
	assert_null(strstr(msg.text, "KK"));
}

/* The answer with the most and longest texts goes into one datagram of the daemon's. */
static void the_largest_verdict_fits_a_datagram(void **state)
{
	static struct ups_nl_verdict v;

	(void)state;
	memset(&v, 0, sizeof(v));
	memset(v.reason, 'r', sizeof(v.reason) - 1);
	memset(v.warning, 'w', sizeof(v.warning) - 1);
	v.stream_count = UPS_NL_STREAM_MAX;
	for (uint32_t i = 0; i < UPS_NL_STREAM_MAX; i++) {
		v.stream[i].leg_count = UPS_NL_LEG_MAX;
		memset(v.stream[i].media, 'm', sizeof(v.stream[i].media) - 1);
		for (uint32_t n = 0; n < UPS_NL_LEG_MAX; n++) {
			struct ups_nl_verdict_leg *leg = &v.stream[i].leg[n];

			memset(leg->iface, 'i', sizeof(leg->iface) - 1);
			memset(leg->rule, 'u', sizeof(leg->rule) - 1);
			memset(leg->reason, 'e', sizeof(leg->reason) - 1);
			leg->compromised = true;
		}
	}
	assert_in_range(encode(&ups_nl_verdict_object, &v), 1, 16384 - 64);
}

/* A daemon of the first release tells nothing of how a leg was decided on. */
static void reports_of_an_older_daemon_are_read(void **state)
{
	static struct ups_nl_session in = { .id = "c", .stream_count = 1 }, out;
	size_t size;

	(void)state;
	in.stream[0].leg_count = 2;
	size = encode(&ups_nl_session_object, &in);
	assert_null(memmem(buf, size, "rule", 4));
	for (struct nlattr *a = (struct nlattr *)(buf + MNL_NLMSG_HDRLEN);
	     (uint8_t *)a < buf + MNL_NLMSG_HDRLEN + size; a = mnl_attr_next(a))
		assert_in_range(mnl_attr_get_type(a), UPS_NL_SESSION_ID,
				UPS_NL_SESSION_COMPROMISED);
	assert_int_equal(decode(&ups_nl_session_object, size, false, &out), 0);
}

/* ---- messages ---- */

static void a_full_buffer_leaves_the_message_as_it_was(void **state)
{
	struct nlmsghdr *nlh;
	size_t size = valid_request() + MNL_NLMSG_HDRLEN;

	(void)state;
	for (size_t room = MNL_NLMSG_HDRLEN; room < size; room += 3) {
		nlh = mnl_nlmsg_put_header(buf);
		assert_int_equal(ups_nl_encode(&ups_nl_session_request_object, &request, nlh, room),
				 -EMSGSIZE);
		assert_int_equal(nlh->nlmsg_len, MNL_NLMSG_HDRLEN);
	}
	nlh = mnl_nlmsg_put_header(buf);
	assert_int_equal(ups_nl_encode(&ups_nl_session_request_object, &request, nlh, size), 0);
}

static void messages_stay_inside_their_datagram(void **state)
{
	struct nlmsghdr *nlh = ups_nl_msg_init(buf, UPS_NL_CMD_STATUS, NLM_F_REQUEST, 9);
	size_t one = nlh->nlmsg_len;
	const uint8_t *at = buf;
	size_t left = 2 * one + 5;

	(void)state;
	memcpy(buf + one, buf, one);
	memset(buf + 2 * one, 0, 5);
	assert_ptr_equal(ups_nl_msg_next(&at, &left), buf);
	assert_ptr_equal(ups_nl_msg_next(&at, &left), buf + one);
	assert_null(ups_nl_msg_next(&at, &left));
	assert_int_equal(left, 5);
	for (uint32_t wrong = 0; wrong < 16; wrong++) {
		at = buf;
		left = one;
		nlh->nlmsg_len = wrong;
		assert_null(ups_nl_msg_next(&at, &left));
	}
	at = buf;
	left = one;
	nlh->nlmsg_len = (uint32_t)one + 1;
	assert_null(ups_nl_msg_next(&at, &left));
	nlh->nlmsg_len = UINT32_MAX;
	assert_null(ups_nl_msg_next(&at, &left));
}

static void errors_are_read_with_their_text(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(nlh, sizeof(*error));

	(void)state;
	nlh->nlmsg_type = NLMSG_ERROR;
	error->error = UPS_E_NO_SESSION;
	assert_int_equal(ups_nl_msg_error(nlh, &msg), UPS_E_NO_SESSION);
	assert_string_equal(msg.text, "");
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "there is no session x");
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	assert_int_equal(ups_nl_msg_error(nlh, &msg), UPS_E_NO_SESSION);
	assert_string_equal(msg.text, "there is no session x");
	error->error = 5; /* no error is positive */
	assert_int_equal(ups_nl_msg_error(nlh, &msg), -EBADMSG);
	nlh->nlmsg_len = MNL_NLMSG_HDRLEN + 2;
	assert_int_equal(ups_nl_msg_error(nlh, &msg), -EBADMSG);
}

static void words_and_values_agree(void **state)
{
	(void)state;
	assert_int_equal(ups_nl_word_value(ups_nl_suite_words, UPS_SUITE_COUNT, "AEAD_AES_128_GCM"),
			 UPS_SUITE_AEAD_AES_128_GCM);
	assert_int_equal(ups_nl_word_value(ups_nl_drop_words, UPS_DROP_MAX, "replay"),
			 UPS_DROP_REPLAY);
	assert_int_equal(ups_nl_word_value(ups_nl_drop_words, UPS_DROP_MAX, "no such"), -1);
	assert_int_equal(ups_nl_word_value(ups_nl_mode_words, 3, "opaque"), UPS_NL_MODE_OPAQUE);
	assert_int_equal(ups_nl_word_value(ups_nl_mechanism_words, 6, "manual"),
			 UPS_NL_MECHANISM_MANUAL);
	assert_int_equal(ups_nl_word_value(ups_nl_decider_words, 3, "peer"), UPS_NL_BY_PEER);
	assert_int_equal(ups_nl_word_value(ups_nl_dtls_role_words, 4, "passive"),
			 UPS_NL_DTLS_PASSIVE);
	assert_int_equal(ups_nl_word_value(ups_nl_wish_words, 4, "required"), UPS_NL_WISH_REQUIRED);
	assert_int_equal(ups_nl_word_value(ups_nl_signalling_words, 4, "encrypted"),
			 UPS_NL_SIGNALLING_ENCRYPTED);
	assert_int_equal(ups_nl_word_value(ups_nl_event_words, 13, "compromised"),
			 UPS_NL_EVENT_TYPE_COMPROMISED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_table_is_sound),
		cmocka_unit_test(only_requests_can_hold_keys),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(no_bit_flip_goes_unchecked),
		cmocka_unit_test(errors_do_not_repeat_keys),
		cmocka_unit_test(single_attributes_are_checked),
		cmocka_unit_test(incomplete_requests_are_refused),
		cmocka_unit_test(too_many_items_are_refused),
		cmocka_unit_test(counts_are_checked),
		cmocka_unit_test(sources_are_checked),
		cmocka_unit_test(session_descriptions_have_a_size),
		cmocka_unit_test(the_largest_verdict_fits_a_datagram),
		cmocka_unit_test(reports_of_an_older_daemon_are_read),
		cmocka_unit_test(a_full_buffer_leaves_the_message_as_it_was),
		cmocka_unit_test(messages_stay_inside_their_datagram),
		cmocka_unit_test(errors_are_read_with_their_text),
		cmocka_unit_test(words_and_values_agree),
	};

	return cmocka_run_group_tests_name("netlink attributes", tests, NULL, NULL);
}
