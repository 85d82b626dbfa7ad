// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* STUN Binding messages: see stun.h. Sections are of RFC 8489 where nothing else is said. */
#include "proto/stun.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/addr.h"
#include "base/cur.h"
#include "base/secret.h"

#define HEADER 20 /* bytes */
#define COOKIE 0x2112a442u
#define FINGERPRINT_XOR 0x5354554eu
#define MESSAGE_MAX 2048 /* bytes; one datagram holds less */
#define MAC_SIZE 20

enum attribute {
	MAPPED_ADDRESS = 0x0001,
	USERNAME = 0x0006,
	MESSAGE_INTEGRITY = 0x0008,
	ERROR_CODE = 0x0009,
	UNKNOWN_ATTRIBUTES = 0x000a,
	REALM = 0x0014,
	NONCE = 0x0015,
	MESSAGE_INTEGRITY_SHA256 = 0x001c,
	PASSWORD_ALGORITHM = 0x001d,
	USERHASH = 0x001e,
	XOR_MAPPED_ADDRESS = 0x0020,
	PRIORITY = 0x0024,
	USE_CANDIDATE = 0x0025,
	OPTIONAL = 0x8000, /* from here on who does not know one ignores it (14) */
	FINGERPRINT = 0x8028,
	ICE_CONTROLLED = 0x8029,
	ICE_CONTROLLING = 0x802a,
};

static const uint16_t message_type[] = {
	[UPS_STUN_REQUEST] = 0x0001,
	[UPS_STUN_INDICATION] = 0x0011,
	[UPS_STUN_SUCCESS] = 0x0101,
	[UPS_STUN_ERROR] = 0x0111,
};

/* ---- checks over the bytes before an attribute -------------------------------------------------------------------- */

/* Reflected CRC-32 of IEEE 802.3, four bits at a time */
static uint32_t crc32(const uint8_t *data, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static void put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, v >> 16);
	put_be16(p + 2, v);
}

/* HMAC-SHA1 over @size bytes, the header counting up to the end of MESSAGE-INTEGRITY, whatever stands behind (14.5) */
static bool message_mac(const uint8_t *data, size_t size, struct ups_text password,
			uint8_t mac[static MAC_SIZE])
{
	uint8_t copy[MESSAGE_MAX];
	unsigned int len = 0;

	if (size < HEADER || size > sizeof(copy) || !password.at || password.len > MESSAGE_MAX)
		return false;
	memcpy(copy, data, size);
	put_be16(copy + 2, (uint32_t)(size - HEADER + 4 + MAC_SIZE));
	return HMAC(EVP_sha1(), password.at, (int)password.len, copy, size, mac, &len) &&
	       len == MAC_SIZE;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

/* Attributes we read or that say something we need not act upon; others that must be understood are not. */
static bool is_known(uint16_t type)
{
	switch (type) {
	case MAPPED_ADDRESS:
	case USERNAME:
	case MESSAGE_INTEGRITY:
	case ERROR_CODE:
	case UNKNOWN_ATTRIBUTES:
	case REALM:
	case NONCE:
	case MESSAGE_INTEGRITY_SHA256:
	case PASSWORD_ALGORITHM:
	case USERHASH:
	case XOR_MAPPED_ADDRESS:
	case PRIORITY:
	case USE_CANDIDATE:
		return true;
	default:
		return type >= OPTIONAL;
	}
}

static bool read_header(struct ups_cur *c, size_t size, struct ups_stun *out)
{
	uint16_t type = ups_cur_be16(c), length = ups_cur_be16(c);
	uint32_t cookie = ups_cur_be32(c);
	const uint8_t *id = ups_cur_bytes(c, UPS_STUN_ID);

	if (!id || cookie != COOKIE || length != size - HEADER || length % 4)
		return false;
	memcpy(out->id, id, UPS_STUN_ID);
	for (enum ups_stun_type t = UPS_STUN_REQUEST; t <= UPS_STUN_ERROR; t++) {
		out->type = t;
		if (message_type[t] == type)
			return true;
	}
	return false;
}

/* The last attribute, over all that stands before it (14.7) */
static bool read_fingerprint(const uint8_t *data, size_t at, const struct ups_cur *behind,
			     const uint8_t *value, uint16_t size, struct ups_stun *out)
{
	uint8_t expected[4];

	put_be32(expected, crc32(data, at) ^ FINGERPRINT_XOR);
	out->has_fingerprint = true;
	return size == sizeof(expected) && !ups_cur_left(behind) &&
	       !memcmp(value, expected, sizeof(expected));
}

/* Of attributes that are there twice the first counts (14). */
static bool read_attribute(uint16_t type, const uint8_t *value, uint16_t size, size_t at,
			   struct ups_stun *out)
{
	switch (type) {
	case 0: /* reserved; could not be told as unknown */
		return false;
	case USERNAME:
		if (!out->username.at)
			out->username = (struct ups_text) { (const char *)value, size };
		return true;
	case MESSAGE_INTEGRITY:
		out->has_integrity = true;
		out->integrity_at = at;
		return size == MAC_SIZE;
	case USE_CANDIDATE:
		out->use_candidate = true;
		return size == 0;
	case ICE_CONTROLLED:
		out->ice_controlled = true;
		return size == 8;
	case ICE_CONTROLLING:
		out->ice_controlling = true;
		return size == 8;
	default:
		if (!out->unknown && !is_known(type))
			out->unknown = type;
		return true;
	}
}

static bool read_attributes(const uint8_t *data, struct ups_cur *c, struct ups_stun *out)
{
	while (ups_cur_left(c)) {
		size_t at = (size_t)(c->at - data);
		uint16_t type = ups_cur_be16(c), size = ups_cur_be16(c);
		const uint8_t *value = ups_cur_bytes(c, size);

		(void)ups_cur_bytes(c, -(size_t)size & 3);
		if (!ups_cur_ok(c))
			return false;
		if (type == FINGERPRINT) {
			if (!read_fingerprint(data, at, c, value, size, out))
				return false;
		} else if (!out->has_integrity && !read_attribute(type, value, size, at, out)) {
			return false; /* what stands behind MESSAGE-INTEGRITY anybody may have added */
		}
	}
	return true;
}

int ups_stun_parse(const void *data, size_t size, struct ups_stun *out)
{
	struct ups_cur c = ups_cur_init(data, size);

	memset(out, 0, sizeof(*out));
	if (size < HEADER)
		return UPS_E_TRUNCATED;
	if (size <= MESSAGE_MAX && read_header(&c, size, out) && read_attributes(data, &c, out))
		return 0;
	memset(out, 0, sizeof(*out));
	return UPS_E_SYNTAX;
}

bool ups_stun_verify(const void *data, const struct ups_stun *stun, struct ups_text password)
{
	uint8_t mac[MAC_SIZE];

	return stun->has_integrity && password.len &&
	       message_mac(data, stun->integrity_at, password, mac) &&
	       ups_equal((const uint8_t *)data + stun->integrity_at + 4, mac, sizeof(mac));
}

/* ---- writing ------------------------------------------------------------------------------------------------------- */

static struct ups_buf begin(uint8_t *out, size_t size, enum ups_stun_type type,
			    const uint8_t id[static UPS_STUN_ID])
{
	struct ups_buf b = ups_buf_init(out, size < MESSAGE_MAX ? size : MESSAGE_MAX);
	uint8_t header[8] = { 0 };

	put_be16(header, message_type[type]);
	put_be32(header + 4, COOKIE);
	ups_buf_bytes(&b, header, sizeof(header));
	ups_buf_bytes(&b, id, UPS_STUN_ID);
	return b;
}

static void put_attribute(struct ups_buf *b, uint16_t type, const void *value, size_t size)
{
	static const uint8_t padding[3];
	uint8_t header[4];

	put_be16(header, type);
	put_be16(header + 2, (uint32_t)size);
	ups_buf_bytes(b, header, sizeof(header));
	ups_buf_bytes(b, value, size);
	ups_buf_bytes(b, padding, -size & 3);
}

static void put_mapped(struct ups_buf *b, const uint8_t id[static UPS_STUN_ID],
		       const struct ups_addr *mapped)
{
	bool v4 = ups_addr_is_v4(mapped);
	size_t size = v4 ? 4 : 16;
	uint8_t value[4 + 16] = { 0, v4 ? 1 : 2 }, mask[16];

	put_be32(mask, COOKIE);
	memcpy(mask + 4, id, UPS_STUN_ID);
	put_be16(value + 2, ups_addr_port(mapped) ^ COOKIE >> 16);
	for (size_t i = 0; i < size; i++)
		value[4 + i] = mapped->ip[16 - size + i] ^ mask[i];
	put_attribute(b, XOR_MAPPED_ADDRESS, value, 4 + size);
}

static void put_integrity(struct ups_buf *b, struct ups_text password)
{
	uint8_t mac[MAC_SIZE] = { 0 };

	if (!message_mac((const uint8_t *)b->data, b->size, password, mac))
		b->failed = true;
	put_attribute(b, MESSAGE_INTEGRITY, mac, sizeof(mac));
}

/* The length in the header is that of the whole message already when FINGERPRINT is computed. -> bytes */
static size_t end(struct ups_buf *b, struct ups_text password)
{
	uint8_t value[4] = { 0 }, *data = (uint8_t *)b->data;
	size_t at;

	if (password.at)
		put_integrity(b, password);
	at = b->size;
	put_attribute(b, FINGERPRINT, value, sizeof(value));
	if (!ups_buf_ok(b))
		return 0;
	put_be16(data + 2, (uint32_t)(b->size - HEADER));
	put_be32(data + at + 4, crc32(data, at) ^ FINGERPRINT_XOR);
	return b->size;
}

size_t ups_stun_success(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID],
			const struct ups_addr *mapped, struct ups_text password)
{
	struct ups_buf b = begin(out, size, UPS_STUN_SUCCESS, id);

	put_mapped(&b, id, mapped);
	return end(&b, password);
}

static const char *reason(unsigned int code)
{
	switch (code) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthenticated";
	case 420:
		return "Unknown Attribute";
	case 487:
		return "Role Conflict";
	default:
		return "Server Error";
	}
}

size_t ups_stun_error(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID],
		      unsigned int code, uint16_t unknown, struct ups_text password)
{
	struct ups_buf b = begin(out, size, UPS_STUN_ERROR, id);
	uint8_t value[4 + 32] = { 0, 0, (uint8_t)(code / 100 & 7), (uint8_t)(code % 100) };
	size_t len = strlen(reason(code));

	memcpy(value + 4, reason(code), len);
	put_attribute(&b, ERROR_CODE, value, 4 + len);
	if (unknown) {
		put_be16(value, unknown);
		put_attribute(&b, UNKNOWN_ATTRIBUTES, value, 2);
	}
	return end(&b, password);
}

size_t ups_stun_request(uint8_t *out, size_t size, const uint8_t id[static UPS_STUN_ID])
{
	struct ups_buf b = begin(out, size, UPS_STUN_REQUEST, id);

	return end(&b, (struct ups_text) { NULL, 0 });
}
