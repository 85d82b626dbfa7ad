// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * STUN from anybody: what is accepted lies inside the datagram and passes no check without its key. What is written for any
 * transaction reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
	if (!condition)
		abort();
}

static void check_read(const uint8_t *data, size_t size, const struct ups_stun *s)
{
	const uint8_t *name = (const uint8_t *)s->username.at;

	hold(size >= 20 && size % 4 == 0 && !memcmp(s->id, data + 8, UPS_STUN_ID));
	if (name)
		hold(name >= data + 24 && name + s->username.len <= data + size);
	if (s->has_integrity)
		hold(s->integrity_at >= 20 && s->integrity_at + 24 <= size);
	else
		hold(!s->integrity_at);
	hold(s->unknown < 0x8000);
	/* No seed is authentic under this one. */
	hold(!ups_stun_verify(data, s, UPS_TEXT("a key that made none of the seeds")));
}

/* The start of the input is the transaction, an address and a password. */
static void check_written(const uint8_t *data, size_t size)
{
	struct ups_text password = { (const char *)data, size < 64 ? size : 64 };
	struct ups_addr mapped = { .port = 1 };
	uint8_t id[UPS_STUN_ID] = { 0 }, out[256];
	struct ups_stun s;
	size_t len;

	memcpy(id, data, size < sizeof(id) ? size : sizeof(id));
	memcpy(mapped.ip, data, size < sizeof(mapped.ip) ? size : sizeof(mapped.ip));
	len = ups_stun_success(out, sizeof(out), id, &mapped, password);
	hold(len && !ups_stun_parse(out, len, &s) && s.type == UPS_STUN_SUCCESS);
	hold(s.has_fingerprint && s.has_integrity && !memcmp(s.id, id, sizeof(id)));
	hold(ups_stun_verify(out, &s, password) == (password.len > 0));
	len = ups_stun_error(out, sizeof(out), id, 420, size ? data[0] : 0, (struct ups_text) {});
	hold(len && !ups_stun_parse(out, len, &s) && s.type == UPS_STUN_ERROR && !s.has_integrity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_stun s;

	if (!ups_stun_parse(data, size, &s))
		check_read(data, size, &s);
	else
		hold(!s.has_integrity && !s.username.at);
	check_written(data, size);
	return 0;
}
