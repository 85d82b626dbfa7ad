// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values of ng keys that are more than words of a list: numbers, addresses, suites, names. See ng_words.h. */
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "proto/ng_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SIDES 2 /* sender and receiver */
#define WARN_CHARS 60 /* of a word that is quoted in the warning */

int ups_ng_bad_value(struct ups_ng_parser *p, const struct ups_ng_item *item, const char *expected)
{
	return ups_fail(p->msg, UPS_E_SYNTAX, "%.*s: '%.*s' is not %s",
			(int)(item->key.len < 40 ? item->key.len : 40), item->key.at,
			(int)(item->text.len < 80 ? item->text.len : 80), item->text.at, expected);
}

static void warn_chars(struct ups_buf *buf, struct ups_text text)
{
	for (size_t i = 0; i < text.len && i < WARN_CHARS; i++) {
		char c = text.at[i] >= 0x20 && text.at[i] <= 0x7e ? text.at[i] : '?';

		ups_buf_bytes(buf, &c, 1);
	}
}

void ups_ng_warn(struct ups_ng_parser *p, struct ups_text text)
{
	ups_buf_str(&p->warning, p->warning.size ? ", " : "ignored: ");
	warn_chars(&p->warning, text);
}

void ups_ng_warn_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	ups_ng_warn(p, item->key);
	if (item->text.len)
		ups_buf_str(&p->warning, "=");
	warn_chars(&p->warning, item->text);
}

static int text_item(struct ups_ng_parser *p, const struct ups_ng_item *item, struct ups_text *out)
{
	(void)p;
	if (item->index == 0 && item->text.len)
		*out = item->text;
	return 0;
}

int ups_ng_call_id_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return text_item(p, item, &p->out->call_id);
}

int ups_ng_from_tag_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return text_item(p, item, &p->out->from_tag);
}

int ups_ng_to_tag_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return text_item(p, item, &p->out->to_tag);
}

/* In rtpp-flags it tells Kamailio which Via to take ("auto", "1"), not which branch this is. */
int ups_ng_via_branch_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return p->raw ? 0 : text_item(p, item, &p->out->via_branch);
}

int ups_ng_sdp_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return p->raw ? 0 : text_item(p, item, &p->out->sdp);
}

int ups_ng_supports_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	if (ups_key_same(item->text, UPS_TEXT("load limit")))
		p->out->supports_load_limit = true;
	return 0;
}

static int number_item(struct ups_ng_parser *p, const struct ups_ng_item *item,
		       unsigned long long max, int64_t *out)
{
	unsigned long long n;
	char expected[48];

	snprintf(expected, sizeof(expected), "a number from 0 to %llu", max);
	if (!ups_text_number(item->text, max, &n))
		return ups_ng_bad_value(p, item, expected);
	*out = (int64_t)n;
	return 0;
}

int ups_ng_limit_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return number_item(p, item, INT64_MAX, &p->out->limit);
}

int ups_ng_delay_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return number_item(p, item, INT32_MAX, &p->out->flags.delete_delay);
}

int ups_ng_tos_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	int64_t tos = 0;
	int err = number_item(p, item, UINT8_MAX, &tos);

	if (err)
		return err;
	p->out->flags.has_tos = true;
	p->out->flags.tos = (uint8_t)tos;
	return 0;
}

int ups_ng_transport_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	enum ups_sdp_proto proto = ups_sdp_proto_parse(item->text);

	if (proto == UPS_SDP_PROTO_NONE || proto == UPS_SDP_OTHER)
		return ups_ng_bad_value(
			p, item,
			"RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF, UDP/TLS/RTP/SAVP or "
			"UDP/TLS/RTP/SAVPF");
	p->out->flags.transport = proto;
	return 0;
}

int ups_ng_add_side(struct ups_ng_parser *p, struct ups_text name)
{
	if (p->directions >= SIDES)
		return ups_fail(p->msg, UPS_E_SYNTAX,
				"direction: names more than two logical interfaces");
	p->out->flags.direction[p->directions++] = name;
	return 0;
}

int ups_ng_direction_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return ups_ng_add_side(p, item->text);
}

static int family_of(struct ups_text word)
{
	static const struct {
		const char *name;
		int family;
	} names[] = { { "IP4", AF_INET },  { "inet", AF_INET },	  { "IPv4", AF_INET },
		      { "IP6", AF_INET6 }, { "inet6", AF_INET6 }, { "IPv6", AF_INET6 } };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (ups_text_same(word, ups_text_of(names[i].name)))
			return names[i].family;
	}
	return 0;
}

int ups_ng_address_family_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	p->out->flags.family = family_of(item->text);
	return p->out->flags.family ? 0 : ups_ng_bad_value(p, item, "IP4 or IP6");
}

int ups_ng_media_address_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return text_item(p, item, &p->out->flags.media_address);
}

static int address_of(struct ups_ng_parser *p, const struct ups_ng_item *item, struct ups_addr *out)
{
	char text[UPS_ADDR_TEXT];

	if (!ups_text_copy(item->text, text, sizeof(text)) || ups_addr_parse(text, false, out))
		return ups_ng_bad_value(p, item, "an IP address");
	return 0;
}

/* ["IP4", "192.0.2.1"]; OpenSIPS scripts also give the address alone */
int ups_ng_received_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	struct ups_ng_flags *flags = &p->out->flags;
	int err;

	if (item->index == 0 && item->count > 1) {
		p->family = item->text;
		return family_of(item->text) ? 0 : ups_ng_bad_value(p, item, "IP4 or IP6");
	}
	if (item->index > 1)
		return ups_ng_bad_value(p, item, "expected after a family and an address");
	err = address_of(p, item, &flags->received_from);
	if (err)
		return err;
	if (item->index == 1 && family_of(p->family) != ups_addr_family(&flags->received_from))
		return ups_ng_bad_value(p, item, "an address of the family that was named");
	flags->has_received_from = true;
	return 0;
}

/* -> bit, 0 if we have no such suite */
static uint32_t suite_bit(struct ups_text name)
{
	static const char *const names[UPS_SUITE_COUNT] = {
#define UPS_X_NAME(n, NAME, sdes, k, s, t, ct, aead) [n] = (sdes),
		UPS_SUITES(UPS_X_NAME)
#undef UPS_X_NAME
	};

	for (unsigned int i = 1; i < UPS_SUITE_COUNT; i++) {
		if (ups_key_same(name, ups_text_of(names[i])))
			return 1u << i;
	}
	return 0;
}

static bool starts_with(struct ups_text text, const char *prefix, struct ups_text *rest)
{
	size_t len = strlen(prefix);

	if (text.len <= len ||
	    !ups_key_same((struct ups_text) { text.at, len }, ups_text_of(prefix)))
		return false;
	*rest = (struct ups_text) { text.at + len, text.len - len };
	return true;
}

int ups_ng_sdes_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	struct ups_text name;

	if (starts_with(item->text, "order:", &name))
		return 0;
	if (starts_with(item->text, "no-", &name)) {
		p->out->flags.sdes_no |= suite_bit(name);
		return 0;
	}
	if (!starts_with(item->text, "only-", &name)) {
		ups_ng_warn_item(p, item);
		return 0;
	}
	if (suite_bit(name))
		p->out->flags.sdes_only |= suite_bit(name);
	else
		p->only_unknown = true;
	return 0;
}

/* -> index of @text in @names, or @count */
static unsigned int name_index(struct ups_text text, const char *const *names, unsigned int count)
{
	unsigned int i = 0;

	while (i < count && !ups_text_same(text, ups_text_of(names[i])))
		i++;
	return i;
}

int ups_ng_wish_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	static const char *const names[] = { "none", "preferred", "required" };
	unsigned int i = name_index(item->text, names, COUNT(names));

	if (i == COUNT(names))
		return ups_ng_bad_value(p, item, "none, preferred or required");
	p->out->flags.has_wish = true;
	p->out->flags.wish = (enum ups_wish)i;
	return 0;
}

static int assurance(struct ups_ng_parser *p, const struct ups_ng_item *item, struct ups_text word,
		     enum ups_assurance *out)
{
	static const char *const names[] = { "none", "integrity", "encrypted" };
	unsigned int i = name_index(word, names, COUNT(names));

	if (i == COUNT(names))
		return ups_ng_bad_value(p, item, "none, integrity or encrypted");
	*out = (enum ups_assurance)i;
	return 0;
}

/* One word for both sides, or two: a list, or (for scripts that cannot give one) with a comma */
int ups_ng_signalling_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	struct ups_ng_flags *flags = &p->out->flags;
	struct ups_text rest = item->text, first = ups_text_cut(&rest, ',');
	unsigned int side = item->index;
	int err;

	if (item->count > SIDES || (item->count > 1 && rest.len))
		return ups_ng_bad_value(p, item, "one word or two");
	err = assurance(p, item, first, &flags->signalling[side]);
	if (err)
		return err;
	flags->has_signalling[side] = true;
	if (item->count == 1) {
		err = assurance(p, item, rest.len ? rest : first, &flags->signalling[1]);
		flags->has_signalling[1] = !err;
	}
	return err;
}

int ups_ng_cpm_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	return text_item(p, item, &p->out->flags.cpm_address);
}

int ups_ng_registered_item(struct ups_ng_parser *p, const struct ups_ng_item *item)
{
	int err = address_of(p, item, &p->out->flags.registered_source);

	p->out->flags.has_registered_source = !err;
	return err;
}
