// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Protocol objects as JSON: see json.h. */
#include "cli/json.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"

static json_t *json_addr(const struct ups_addr *addr)
{
	struct ups_addr ip = *addr;
	char text[UPS_ADDR_TEXT];

	if (!addr->port)
		return json_null();
	ip.port = 0;
	return json_pack("{s:s, s:i}", "ip", ups_addr_format(&ip, text), "port",
			 ups_addr_port(addr));
}

static json_t *json_ip(const struct ups_addr *addr)
{
	static const struct ups_addr none;
	char text[UPS_ADDR_TEXT];

	return memcmp(addr, &none, sizeof(none)) ? json_string(ups_addr_format(addr, text))
						 : json_null();
}

static json_t *json_bytes(const uint8_t *bytes, unsigned int count)
{
	char hex[2 * 255 + 1];

	for (unsigned int i = 0; i < count; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return count ? json_stringn(hex, 2 * count) : json_null();
}

static json_t *json_counts(const struct ups_nl_row *row, const uint64_t *counts)
{
	json_t *value = json_object();
	char number[16];

	for (uint32_t i = 0; i < row->max; i++) {
		const char *name = row->words[i];

		if (!counts[i])
			continue;
		if (!name) {
			snprintf(number, sizeof(number), "%u", i); /* a newer daemon's reason */
			name = number;
		}
		json_object_set_new(value, name, json_integer((json_int_t)counts[i]));
	}
	return value;
}

static json_t *json_nest(const struct ups_nl_row *row, const void *from)
{
	uint32_t count = *(const uint32_t *)((const char *)from + row->count);
	const char *item = (const char *)from + row->offset;
	json_t *value;

	if (!(row->flags & UPS_NL_LIST))
		return count ? ups_json_object(row->object, item) : json_null();
	value = json_array();
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(value,
				      ups_json_object(row->object, item + i * row->object->size));
	return value;
}

static json_t *json_number(const struct ups_nl_row *row, const void *from)
{
	uint64_t n = ups_nl_row_value(row, from);

	if (row->words)
		return row->words[n] ? json_string(row->words[n]) : json_null();
	return json_integer((json_int_t)n);
}

static json_t *json_row(const struct ups_nl_row *row, const void *from)
{
	const char *member = (const char *)from + row->offset;

	switch (row->type) {
	case UPS_NL_FLAG:
		return json_boolean(ups_nl_row_value(row, from));
	case UPS_NL_STRING:
		return *member ? json_string(member) : json_null();
	case UPS_NL_BYTES:
		return json_bytes((const uint8_t *)member, *((const uint8_t *)from + row->count));
	case UPS_NL_ADDR:
		return json_addr((const struct ups_addr *)member);
	case UPS_NL_COUNTS:
		return json_counts(row, (const uint64_t *)member);
	case UPS_NL_NEST:
		return json_nest(row, from);
	case UPS_NL_IP:
		return json_ip((const struct ups_addr *)member);
	case UPS_NL_SECRET:
	case UPS_NL_BLOB:
		return NULL;
	default:
		return json_number(row, from);
	}
}

json_t *ups_json_object(const struct ups_nl_object *object, const void *from)
{
	json_t *value = json_object();

	for (uint32_t i = 0; value && i < object->row_count; i++) {
		const struct ups_nl_row *row = &object->row[i];

		if (row->type == UPS_NL_SECRET || row->type == UPS_NL_BLOB)
			continue;
		if (json_object_set_new(value, row->name, json_row(row, from))) {
			json_decref(value);
			return NULL;
		}
	}
	return value;
}

int ups_json_print(FILE *out, json_t *value, bool compact)
{
	size_t flags = compact ? JSON_COMPACT : JSON_INDENT(2);
	int err = 0;

	if (!value)
		return -ENOMEM;
	if (json_dumpf(value, out, flags) || fputc('\n', out) == EOF)
		err = -EIO;
	json_decref(value);
	return err;
}
