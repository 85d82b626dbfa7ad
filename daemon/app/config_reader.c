// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values from texts, by the kinds of config_table.h, and messages with their place. */
#include "app/config_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ifaces.h"
#include "base/addr.h"
#include "base/text.h"

int ups_reader_fail(const struct ups_reader *r, int err, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!r->lines)
		return ups_fail(r->msg, err, "%s: %s", r->name, text);
	return ups_fail(r->msg, err, "%s:%u: %s: %s", r->name, ups_lines_find(r->lines, r->path),
			r->path, text);
}

void ups_reader_at(struct ups_reader *r, const char *section, const char *key)
{
	snprintf(r->path, sizeof(r->path), "%s%s%s", section, section[0] ? "." : "", key);
}

struct ups_shown ups_shown(const char *value)
{
	struct ups_shown s;
	size_t len = strnlen(value, sizeof(s.text) - 1);

	memcpy(s.text, value, len);
	s.text[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s.text[i] < ' ' || s.text[i] == 0x7f)
			s.text[i] = '?';
	}
	return s;
}

static void store(void *to, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
		break;
	}
}

/* "123" or "2^31" */
static int parse_number(const char *text, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return UPS_E_SYNTAX;
	errno = 0;
	if (!strncmp(text, "2^", 2) && text[2] >= '0' && text[2] <= '9') {
		unsigned long power = strtoul(text + 2, &end, 10);

		if (*end || power > 63)
			return UPS_E_SYNTAX;
		*out = 1ULL << power;
		return 0;
	}
	*out = strtoull(text, &end, 10);
	return *end ? UPS_E_SYNTAX : errno ? UPS_E_RANGE : 0;
}

static int read_number(const struct ups_reader *r, const struct ups_option *o, const char *text,
		       void *to)
{
	uint64_t value = 0;
	int err = parse_number(text, &value);

	if (err == UPS_E_SYNTAX)
		return ups_reader_fail(r, err, "expected a number %llu..%llu, found '%s'",
				       (unsigned long long)o->low, (unsigned long long)o->high,
				       ups_shown(text).text);
	if (err || value < o->low || value > o->high)
		return ups_reader_fail(r, UPS_E_RANGE, "%s is out of range %llu..%llu",
				       ups_shown(text).text, (unsigned long long)o->low,
				       (unsigned long long)o->high);
	store(to, o->dest_size, value);
	return 0;
}

static int read_word(const struct ups_reader *r, const struct ups_option *o, const char *text,
		     void *to)
{
	char list[128] = "";
	size_t used = 0;

	for (size_t i = 0; o->words[i]; i++) {
		if (!strcmp(text, o->words[i])) {
			if (o->kind == UPS_OPT_CHOICE)
				*(const char **)to = o->words[i];
			else
				store(to, o->dest_size, i);
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 o->words[i]);
	}
	return ups_reader_fail(r, UPS_E_SYNTAX, "expected one of %s; found '%s'", list,
			       ups_shown(text).text);
}

/* Letters, digits, '-', '_', '.'; of a device also what the kernel permits: anything but '/', ':' and blanks */
static bool is_name(const char *text, enum ups_option_kind kind)
{
	if (kind == UPS_OPT_DEVICE && (!strcmp(text, ".") || !strcmp(text, "..")))
		return false;
	for (; *text; text++) {
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			     (*text >= '0' && *text <= '9') || strchr("-_.", *text);
		bool device = *text > ' ' && *text <= '~' && *text != '/' && *text != ':';

		if (kind == UPS_OPT_DEVICE ? !device : !plain)
			return false;
	}
	return true;
}

static int read_name(const struct ups_reader *r, const struct ups_option *o, const char *text,
		     void *to)
{
	size_t len = strlen(text);

	if (len < o->low)
		return ups_reader_fail(r, UPS_E_SYNTAX, "expected a name, found nothing");
	if (len > o->high)
		return ups_reader_fail(r, UPS_E_RANGE, "'%s' is longer than %llu bytes",
				       ups_shown(text).text, (unsigned long long)o->high);
	if (!is_name(text, o->kind))
		return ups_reader_fail(r, UPS_E_SYNTAX, "'%s' is not a %s", ups_shown(text).text,
				       o->kind == UPS_OPT_DEVICE
					       ? "device name"
					       : "name of letters, digits, '-', '_' and '.'");
	memcpy(to, text, len + 1);
	return 0;
}

static int read_address(const struct ups_reader *r, const struct ups_option *o, const char *text,
			void *to)
{
	const char *family = o->kind == UPS_OPT_ADDR4 ? "IPv4" : "IPv6";
	struct ups_addr a;

	if (ups_addr_parse(text, false, &a) || ups_addr_is_v4(&a) != (o->kind == UPS_OPT_ADDR4))
		return ups_reader_fail(r, UPS_E_SYNTAX, "expected an %s address, found '%s'",
				       family, ups_shown(text).text);
	if (!ups_iface_usable(&a))
		return ups_reader_fail(
			r, UPS_E_RANGE,
			"%s cannot carry media; expected a unicast address that needs no scope",
			ups_shown(text).text);
	memcpy(to, &a, sizeof(a));
	return 0;
}

static int read_path(const struct ups_reader *r, const struct ups_option *o, const char *text,
		     void *to)
{
	if (text[0] != '/')
		return ups_reader_fail(r, UPS_E_SYNTAX, "expected an absolute path, found '%s'",
				       ups_shown(text).text);
	if (!ups_text_copy(ups_text_of(text), to, o->dest_size))
		return ups_reader_fail(r, UPS_E_RANGE, "longer than %zu bytes", o->dest_size - 1);
	return 0;
}

int ups_reader_option(const struct ups_reader *r, const struct ups_option *o, const char *text,
		      void *to)
{
	switch (o->kind) {
	case UPS_OPT_NUMBER:
		return read_number(r, o, text, to);
	case UPS_OPT_WORD:
	case UPS_OPT_CHOICE:
		return read_word(r, o, text, to);
	case UPS_OPT_NAME:
	case UPS_OPT_DEVICE:
		return read_name(r, o, text, to);
	case UPS_OPT_ADDR4:
	case UPS_OPT_ADDR6:
		return read_address(r, o, text, to);
	case UPS_OPT_PATH:
		return read_path(r, o, text, to);
	case UPS_OPT_OTHER:
		return 0;
	}
	return UPS_E_SYNTAX;
}

int ups_reader_section(struct ups_reader *r, const char *section, const struct ups_option *options,
		       size_t count, const void *raw, void *dest)
{
	for (size_t i = 0; i < count; i++) {
		const struct ups_option *o = &options[i];
		const char *text = raw ? *(char *const *)((const char *)raw + o->raw) : NULL;
		int err;

		ups_reader_at(r, section, o->key);
		if (!text && !o->fallback)
			return ups_reader_fail(r, UPS_E_SYNTAX, "missing");
		if (!text && !o->fallback[0])
			continue; /* stays zero */
		err = ups_reader_option(r, o, text ? text : o->fallback, (char *)dest + o->dest);
		if (err)
			return err;
	}
	return 0;
}

static bool has_bits_beyond(const struct ups_addr *a, unsigned int bits)
{
	for (unsigned int i = bits; i < 128; i++) {
		if (a->ip[i / 8] & (0x80 >> i % 8))
			return true;
	}
	return false;
}

int ups_reader_network(const struct ups_reader *r, const char *text, struct ups_addr *network,
		       uint8_t *bits)
{
	struct ups_text rest = ups_text_of(text), address = ups_text_cut(&rest, '/');
	bool has_length = address.len < strlen(text);
	unsigned long long length = 0;
	char plain[UPS_ADDR_TEXT];
	unsigned int base;

	if (!ups_text_copy(address, plain, sizeof(plain)) ||
	    ups_addr_parse(plain, false, network) ||
	    (has_length && !ups_text_number(rest, ups_addr_is_v4(network) ? 32 : 128, &length)))
		return ups_reader_fail(r, UPS_E_SYNTAX,
				       "expected a network such as 192.0.2.0/24 or 2001:db8::/32, "
				       "found '%s'",
				       ups_shown(text).text);
	base = ups_addr_is_v4(network) ? 96 : 0;
	*bits = (uint8_t)(has_length ? base + length : 128);
	if (has_bits_beyond(network, *bits))
		return ups_reader_fail(r, UPS_E_RANGE, "%s has bits set behind its prefix",
				       ups_shown(text).text);
	return 0;
}
