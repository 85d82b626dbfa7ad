/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Weak stand-ins for functions of core that are written elsewhere at the same time: a table of registrations, the text of a rule, what
 * is known of a call. The real ones, where they are linked, take their place. Include from one file.
 */
#ifndef UPS_TEST_CTL_STUBS_H
#define UPS_TEST_CTL_STUBS_H

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "core/call.h"

#define STUB __attribute__((weak))

struct ups_registrations {
	unsigned int count;
	struct ups_registration item[64];
	uint64_t serial[64];
};

STUB int ups_registrations_create(uint32_t limit, struct ups_registrations **out)
{
	(void)limit;
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

STUB void ups_registrations_destroy(struct ups_registrations *r)
{
	free(r);
}

STUB int ups_registrations_add(struct ups_registrations *r, struct ups_text address,
			       const struct ups_addr *source, uint64_t expires_ns,
			       struct ups_errmsg *msg)
{
	struct ups_registration *item = &r->item[r->count];

	if (r->count == 64)
		return ups_fail(msg, UPS_E_LIMIT, "too many registrations");
	if (ups_text_starts(address, "sip:"))
		ups_text_cut(&address, ':');
	if (!ups_text_copy(address, item->address, sizeof(item->address)))
		return ups_fail(msg, UPS_E_SYNTAX, "not a CPM Address");
	item->source = *source;
	item->expires_ns = expires_ns;
	r->serial[r->count] = r->count + 1;
	r->count++;
	return 0;
}

STUB unsigned int ups_registrations_del(struct ups_registrations *r, struct ups_text address,
					const struct ups_addr *source)
{
	unsigned int gone = 0;

	if (ups_text_starts(address, "sip:"))
		ups_text_cut(&address, ':');
	for (unsigned int i = 0; i < r->count; i++) {
		struct ups_registration *item = &r->item[i];

		if (!ups_text_is(address, item->address) ||
		    (source && !ups_addr_same_ip(source, &item->source)))
			continue;
		item->address[0] = '\0';
		gone++;
	}
	return gone;
}

STUB bool ups_registrations_next(const struct ups_registrations *r,
				 struct ups_registration_cursor *cursor,
				 struct ups_registration *out)
{
	for (unsigned int i = 0; i < r->count; i++) {
		if (r->serial[i] <= cursor->serial || !r->item[i].address[0])
			continue;
		cursor->serial = r->serial[i];
		*out = r->item[i];
		return true;
	}
	return false;
}

STUB const struct ups_rule *ups_policy_match(const struct ups_policy *policy,
					     const struct ups_policy_input *in)
{
	static const struct ups_rule last = { .name = "last", .protection = UPS_REQUIRE };

	(void)in;
	return policy->count ? &policy->rule[0] : &last;
}

STUB void ups_rule_format(const struct ups_rule *rule, struct ups_buf *out)
{
	ups_buf_printf(out, "%s: any leg -> %s", rule->name,
		       rule->protection == UPS_REQUIRE ? "require" : "prefer");
}

STUB int ups_calls_info(const struct ups_calls *calls, struct ups_text call_id,
			struct ups_call_info *out)
{
	(void)calls;
	*out = (struct ups_call_info) { .answered = true, .last_signal_unix = 1700000000 };
	if (!ups_text_starts(call_id, "negotiated"))
		return UPS_E_NO_SESSION;
	out->tag[out->tag_count++] = (struct ups_call_tag) { .tag = "caller", .side = 0 };
	out->tag[out->tag_count++] = (struct ups_call_tag) { .tag = "early", .side = 1 };
	out->tag[out->tag_count++] =
		(struct ups_call_tag) { .tag = "callee", .side = 1, .has_media = true };
	return 0;
}

#endif
