// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading of session descriptions: see sdp.h. Words, writing and redaction are in sdp_text.c. */
#include "proto/sdp.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/addr.h"

/*
 * @level is what attributes are read into: @session before the first m= line, then that of the m= line. Gaps of an m-line are
 * filled from @session when it is complete, so that the order of lines does not matter.
 */
struct reader {
	struct ups_sdp *sdp;
	struct ups_errmsg *msg;
	unsigned int number; /* of the line, from 1, as an editor counts */
	unsigned int media_number; /* of the m= line */
	struct ups_sdp_media *level;
	struct ups_sdp_media session;
	bool direction_said, rtcp_address_said; /* at this level */
};

/* What a line shows of its input in an error text: printable, short */
#define SHOWN 40
struct shown {
	char text[SHOWN + 4];
};

static struct shown show(struct ups_text t)
{
	struct shown s;
	size_t len = t.len < SHOWN ? t.len : SHOWN;

	for (size_t i = 0; i < len; i++)
		s.text[i] = t.at[i] >= ' ' && t.at[i] <= '~' ? t.at[i] : '?';
	strcpy(s.text + len, t.len > len ? "..." : "");
	return s;
}

__printf_like(4, 5) static int bad(const struct reader *r, int err, const char *what,
				   const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ups_fail(r->msg, err, "SDP line %u: %s: %s", r->number, what, text);
}

static bool in_media(const struct reader *r)
{
	return r->level != &r->session;
}

/* ---- where media goes -------------------------------------------------------------------------------------------- */

static bool is_unspecified(const struct ups_addr *a)
{
	static const struct ups_addr any6;
	static const uint8_t any4[4];

	return ups_addr_is_v4(a) ? !memcmp(a->ip + 12, any4, 4) : ups_addr_same_ip(a, &any6);
}

static bool is_unicast(const struct ups_addr *a)
{
	return ups_addr_is_v4(a) ? a->ip[12] < 224 : a->ip[0] != 0xff;
}

/* "IN IP4 192.0.2.1" in whatever letter case; an IPv4 address in the form of IPv6 is none. */
static bool read_ip(struct ups_text net, struct ups_text type, struct ups_text address,
		    struct ups_addr *out)
{
	bool six = ups_text_same(type, UPS_TEXT("IP6"));
	char text[UPS_ADDR_TEXT];

	if (!ups_text_same(net, UPS_TEXT("IN")) || (!six && !ups_text_same(type, UPS_TEXT("IP4"))))
		return false;
	if (!ups_text_copy(address, text, sizeof(text)) || ups_addr_parse(text, false, out))
		return false;
	return ups_addr_is_v4(out) != six;
}

static int read_address(const struct reader *r, const char *what, struct ups_text rest,
			struct ups_addr *out)
{
	struct ups_text net = ups_text_word(&rest), type = ups_text_word(&rest),
			address = ups_text_word(&rest);

	if (!address.len || ups_text_trim(rest).len)
		return bad(r, UPS_E_SYNTAX, what, "expected IN IP4 ADDRESS or IN IP6 ADDRESS");
	if (memchr(address.at, '/', address.len))
		return bad(r, UPS_E_SYNTAX, what,
			   "'%s' has a TTL or a count; multicast is not served, expected one "
			   "unicast address",
			   show(address).text);
	if (!read_ip(net, type, address, out))
		return bad(r, UPS_E_SYNTAX, what,
			   "'%s %s %s' is no address; expected IN IP4 or IN IP6 and a numeric "
			   "address of that family, no host name",
			   show(net).text, show(type).text, show(address).text);
	if (!is_unicast(out))
		return bad(r, UPS_E_SYNTAX, what, "'%s' is not a unicast address",
			   show(address).text);
	return 0;
}

static int read_connection(struct reader *r, struct ups_text value)
{
	struct ups_sdp_connection *c = &r->level->connection;
	int err;

	if (c->there)
		return bad(r, UPS_E_SYNTAX, "c=", "expected only one for %s",
			   in_media(r) ? "an m-line" : "the session");
	err = read_address(r, "c=", value, &c->addr);
	if (err)
		return err;
	c->there = true;
	c->hold = is_unspecified(&c->addr);
	return 0;
}

/* Not where media goes: a host name is fine here. */
static int read_origin(struct reader *r, struct ups_text value)
{
	struct ups_sdp *s = r->sdp;
	struct ups_text rest = value, net, type, address;

	s->username = ups_text_word(&rest);
	s->session_id = ups_text_word(&rest);
	s->version = ups_text_word(&rest);
	s->origin_address = ups_text_trim(rest);
	net = ups_text_word(&rest);
	type = ups_text_word(&rest);
	address = ups_text_word(&rest);
	if (!address.len || ups_text_trim(rest).len)
		return bad(r, UPS_E_SYNTAX, "o=", "expected USER ID VERSION IN IP4|IP6 ADDRESS");
	s->origin.there = read_ip(net, type, address, &s->origin.addr);
	s->origin.hold = s->origin.there && is_unspecified(&s->origin.addr);
	return 0;
}

/* RFC 3605 2.1: PORT [IN IP4|IP6 ADDRESS] */
static int read_rtcp(struct reader *r, struct ups_text arg)
{
	struct ups_sdp_media *m = r->level;
	struct ups_text port = ups_text_word(&arg);
	unsigned long long number;
	int err = 0;

	if (!in_media(r) || m->has_rtcp)
		return 0;
	if (!ups_text_number(port, 65535, &number) || (!number && m->port))
		return bad(r, UPS_E_SYNTAX, "a=rtcp", "'%s' is no port; expected 1..65535",
			   show(port).text);
	if (ups_text_trim(arg).len) {
		err = read_address(r, "a=rtcp", arg, &m->rtcp);
		r->rtcp_address_said = true;
	}
	ups_addr_set_port(&m->rtcp, (uint16_t)number);
	m->has_rtcp = number != 0;
	return err;
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

struct attribute {
	const char *name;
	uint8_t len;
	uint8_t attr; /* enum ups_sdp_attr */
	uint8_t value; /* for @read */
	int (*read)(struct reader *r, struct ups_text arg,
		    uint8_t value); /* NULL: nothing to read */
};

static int attr_direction(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg;
	if (!r->direction_said)
		r->level->direction = value;
	r->direction_said = true;
	return 0;
}

static int attr_rtcp(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)value;
	return read_rtcp(r, arg);
}

static int attr_rtcp_mux(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg, (void)value;
	r->level->rtcp_mux = true;
	return 0;
}

static int attr_crypto(struct reader *r, struct ups_text arg, uint8_t value)
{
	struct ups_sdp_media *m = r->level;

	(void)value;
	if (m->crypto_count == UPS_SDP_CRYPTO_MAX)
		return bad(r, UPS_E_RANGE, "a=crypto", "more than %d for one m-line",
			   UPS_SDP_CRYPTO_MAX);
	m->crypto[m->crypto_count++] = arg.at ? arg : UPS_TEXT("");
	return 0;
}

static int attr_keymgt(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg, (void)value;
	r->level->has_keymgt = true;
	return 0;
}

static const uint8_t hash_size[] = {
	[UPS_HASH_SHA256] = 32, [UPS_HASH_SHA384] = 48, [UPS_HASH_SHA512] = 64
};

static uint8_t hash_of(struct ups_text name)
{
	for (uint8_t hash = UPS_HASH_SHA256; hash <= UPS_HASH_SHA512; hash++) {
		if (ups_text_same(name, ups_text_of(ups_sdp_hash_name(hash))))
			return hash;
	}
	return UPS_HASH_NONE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "AB:CD:..." of exactly @size bytes */
static bool read_hex(struct ups_text t, uint8_t *out, size_t size)
{
	if (t.len != size * 3 - 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(t.at[3 * i]), low = hex_digit(t.at[3 * i + 1]);

		if (high < 0 || low < 0 || (i + 1 < size && t.at[3 * i + 2] != ':'))
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* RFC 8122 5: hash names in any letter case; digits are upper case there, but lower case is met. */
static int attr_fingerprint(struct reader *r, struct ups_text arg, uint8_t value)
{
	struct ups_sdp_dtls *dtls = &r->level->dtls;
	struct ups_text name = ups_text_word(&arg), digits = ups_text_trim(arg);
	struct ups_sdp_fingerprint *f;

	(void)value;
	if (!name.len || !digits.len)
		return bad(r, UPS_E_SYNTAX, "a=fingerprint", "expected HASH AB:CD:...");
	if (dtls->fingerprint_count == UPS_SDP_FINGERPRINTS_MAX)
		return bad(r, UPS_E_RANGE, "a=fingerprint", "more than %d at one level",
			   UPS_SDP_FINGERPRINTS_MAX);
	f = &dtls->fingerprint[dtls->fingerprint_count++];
	f->hash = hash_of(name);
	f->size = f->hash ? hash_size[f->hash] : 0;
	if (f->hash && !read_hex(digits, f->value, f->size))
		return bad(r, UPS_E_SYNTAX, "a=fingerprint",
			   "expected %u bytes of hexadecimal with colons for %s", f->size,
			   ups_sdp_hash_name(f->hash));
	return 0;
}

static int attr_setup(struct reader *r, struct ups_text arg, uint8_t value)
{
	struct ups_text said = ups_text_trim(arg);

	(void)value;
	for (enum ups_sdp_setup s = UPS_SDP_SETUP_ACTIVE; s <= UPS_SDP_SETUP_HOLDCONN; s++) {
		if (!ups_text_same(said, ups_text_of(ups_sdp_setup_name(s))))
			continue;
		if (!r->level->dtls.setup)
			r->level->dtls.setup = s;
		return 0;
	}
	return bad(r, UPS_E_SYNTAX, "a=setup",
		   "'%s' is unknown; expected active, passive, actpass or holdconn",
		   show(said).text);
}

static bool is_tls_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '+' || c == '/' || c == '-' || c == '_';
}

/* RFC 8842 4 */
static int attr_tls_id(struct reader *r, struct ups_text arg, uint8_t value)
{
	bool good = arg.len >= 20 && arg.len <= 255;

	(void)value;
	for (size_t i = 0; good && i < arg.len; i++)
		good = is_tls_id_char(arg.at[i]);
	if (!good)
		return bad(r, UPS_E_SYNTAX, "a=tls-id",
			   "expected 20..255 letters, digits or + / - _");
	if (!r->level->dtls.tls_id.at)
		r->level->dtls.tls_id = arg;
	return 0;
}

static int attr_ice_lite(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg, (void)value;
	if (!in_media(r))
		r->sdp->ice_lite = true;
	return 0;
}

enum { ICE_UFRAG, ICE_PWD };

static int attr_ice_text(struct reader *r, struct ups_text arg, uint8_t value)
{
	struct ups_text *out = value == ICE_PWD ? &r->level->ice_pwd : &r->level->ice_ufrag;

	if (!arg.len)
		return bad(r, UPS_E_SYNTAX, value == ICE_PWD ? "a=ice-pwd" : "a=ice-ufrag",
			   "expected a value");
	if (!out->at)
		*out = arg;
	return 0;
}

static int attr_candidate(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg, (void)value;
	r->level->has_candidates = true;
	return 0;
}

/* TS 24.229 7.5.2; other words are for the future. */
static int attr_3ge2ae(struct reader *r, struct ups_text arg, uint8_t value)
{
	struct ups_text said = ups_text_trim(arg);

	(void)value;
	if (ups_text_same(said, UPS_TEXT("requested")))
		r->level->e2ae_requested = true;
	if (ups_text_same(said, UPS_TEXT("applied")))
		r->level->e2ae_applied = true;
	return 0;
}

static int attr_capability(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)arg, (void)value;
	r->level->has_capability = true;
	return 0;
}

static int attr_mid(struct reader *r, struct ups_text arg, uint8_t value)
{
	(void)value;
	if (!r->level->mid.at)
		r->level->mid = arg;
	return 0;
}

/* The most frequent first; fmtp is there only to be found early. */
#define ROW(name, attr, value, read) { name, sizeof(name) - 1, UPS_SDP_ATTR_##attr, value, read }
static const struct attribute attributes[] = {
	ROW("rtpmap", RTPMAP, 0, NULL),
	ROW("fmtp", OTHER, 0, NULL),
	ROW("candidate", ICE, 0, attr_candidate),
	ROW("rtcp-fb", OTHER, 0, NULL),
	ROW("crypto", CRYPTO, 0, attr_crypto),
	ROW("ptime", OTHER, 0, NULL),
	ROW("sendrecv", DIRECTION, UPS_SDP_SENDRECV, attr_direction),
	ROW("sendonly", DIRECTION, UPS_SDP_SENDONLY, attr_direction),
	ROW("recvonly", DIRECTION, UPS_SDP_RECVONLY, attr_direction),
	ROW("inactive", DIRECTION, UPS_SDP_INACTIVE, attr_direction),
	ROW("rtcp", RTCP, 0, attr_rtcp),
	ROW("rtcp-mux", RTCP_MUX, 0, attr_rtcp_mux),
	ROW("rtcp-mux-only", RTCP_MUX, 0, attr_rtcp_mux),
	ROW("fingerprint", FINGERPRINT, 0, attr_fingerprint),
	ROW("setup", SETUP, 0, attr_setup),
	ROW("connection", CONNECTION, 0, NULL),
	ROW("tls-id", TLS_ID, 0, attr_tls_id),
	ROW("key-mgmt", KEYMGT, 0, attr_keymgt),
	ROW("ice-ufrag", ICE, ICE_UFRAG, attr_ice_text),
	ROW("ice-pwd", ICE, ICE_PWD, attr_ice_text),
	ROW("ice-lite", ICE, 0, attr_ice_lite),
	ROW("ice-options", ICE, 0, NULL),
	ROW("ice-pacing", ICE, 0, NULL),
	ROW("ice-mismatch", ICE, 0, NULL),
	ROW("remote-candidates", ICE, 0, NULL),
	ROW("end-of-candidates", ICE, 0, NULL),
	ROW("3ge2ae", 3GE2AE, 0, attr_3ge2ae),
	ROW("tcap", CAPABILITY, 0, attr_capability),
	ROW("pcfg", CAPABILITY, 0, attr_capability),
	ROW("acfg", CAPABILITY, 0, attr_capability),
	ROW("acap", CAPABILITY, 0, attr_capability),
	ROW("csup", CAPABILITY, 0, attr_capability),
	ROW("creq", CAPABILITY, 0, attr_capability),
	ROW("mid", MID, 0, attr_mid),
	ROW("group", GROUP, 0, NULL),
};

/* Names in any letter case: what some peer may take for a key line must not be passed on as unknown. */
static int read_attribute(struct reader *r, struct ups_sdp_line *line)
{
	struct ups_text name, rest = line->value;

	name = ups_text_cut(&rest, ':');
	if (name.len < line->value.len)
		line->arg = rest;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		const struct attribute *a = &attributes[i];

		if (!ups_text_same(name, (struct ups_text) { a->name, a->len }))
			continue;
		line->attr = a->attr;
		return a->read ? a->read(r, line->arg, a->value) : 0;
	}
	return 0;
}

/* ---- m-lines ----------------------------------------------------------------------------------------------------- */

/* What an m-line does not say itself is the session's. */
static void inherit(struct ups_sdp_media *m, const struct ups_sdp_media *session,
		    bool direction_said)
{
	if (!m->connection.there)
		m->connection = session->connection;
	if (!direction_said)
		m->direction = session->direction;
	if (!m->dtls.setup)
		m->dtls.setup = session->dtls.setup;
	if (!m->dtls.tls_id.at)
		m->dtls.tls_id = session->dtls.tls_id;
	if (!m->dtls.fingerprint_count) {
		m->dtls.fingerprint_count = session->dtls.fingerprint_count;
		memcpy(m->dtls.fingerprint, session->dtls.fingerprint, sizeof(m->dtls.fingerprint));
	}
	if (!m->ice_ufrag.at)
		m->ice_ufrag = session->ice_ufrag;
	if (!m->ice_pwd.at)
		m->ice_pwd = session->ice_pwd;
	if (!m->e2ae_requested && !m->e2ae_applied) {
		m->e2ae_requested = session->e2ae_requested;
		m->e2ae_applied = session->e2ae_applied;
	}
	m->has_keymgt |= session->has_keymgt;
	m->has_capability |= session->has_capability;
}

static int end_level(struct reader *r)
{
	struct ups_sdp *s = r->sdp;
	struct ups_sdp_media *m = r->level;

	if (!in_media(r)) {
		s->session_lines = s->line_count;
		s->connection = m->connection;
		return 0;
	}
	m->line_count = s->line_count - m->line;
	inherit(m, &r->session, r->direction_said);
	if (!m->connection.there && m->port) {
		r->number = r->media_number;
		return bad(r, UPS_E_SYNTAX, "m=", "there is no c= line for it or for the session");
	}
	if (m->has_rtcp && !r->rtcp_address_said) {
		__be16 port = m->rtcp.port;

		m->rtcp = m->connection.addr;
		m->rtcp.port = port;
	}
	return 0;
}

/* PORT[/COUNT]: COUNT pairs of ports, two apart */
static int read_port(struct reader *r, struct ups_text text, struct ups_sdp_media *m)
{
	struct ups_text rest = text, port = ups_text_cut(&rest, '/');
	unsigned long long number, count = 1;

	if (!ups_text_number(port, 65535, &number))
		return bad(r, UPS_E_SYNTAX, "m=", "port '%s' is out of range 0..65535",
			   show(port).text);
	if (port.len < text.len && (!ups_text_number(rest, 65535, &count) || !count))
		return bad(r, UPS_E_SYNTAX, "m=", "'%s' is no number of ports", show(rest).text);
	if (number + 2 * (count - 1) > 65535)
		return bad(r, UPS_E_SYNTAX, "m=", "%llu ports from %llu on go beyond 65535", count,
			   number);
	m->port = (uint16_t)number;
	m->port_count = (unsigned int)count;
	return 0;
}

static int read_media(struct reader *r, struct ups_text value)
{
	struct ups_sdp *s = r->sdp;
	struct ups_sdp_media *m;
	struct ups_text port;
	int err = end_level(r);

	if (err)
		return err;
	if (s->media_count == UPS_SDP_MEDIA_MAX)
		return bad(r, UPS_E_RANGE, "m=", "more than %d m-lines", UPS_SDP_MEDIA_MAX);
	m = &s->media[s->media_count++];
	*m = (struct ups_sdp_media) { .line = s->line_count };
	r->level = m;
	r->media_number = r->number;
	r->direction_said = r->rtcp_address_said = false;
	m->type = ups_text_word(&value);
	port = ups_text_word(&value);
	m->proto_text = ups_text_word(&value);
	m->proto = ups_sdp_proto_parse(m->proto_text);
	m->formats = ups_text_trim(value);
	err = read_port(r, port, m);
	if (!err && (!m->proto_text.len || (m->port && !m->formats.len)))
		return bad(r, UPS_E_SYNTAX, "m=", "expected TYPE PORT[/COUNT] PROTOCOL FORMAT...");
	return err;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static int read_value(struct reader *r, struct ups_sdp_line *line)
{
	switch (line->type) {
	case 'a':
		return read_attribute(r, line);
	case 'c':
		return read_connection(r, line->value);
	case 'm':
		return read_media(r, line->value);
	case 'o':
	case 'v':
		if (in_media(r))
			return bad(r, UPS_E_SYNTAX, line->type == 'o' ? "o=" : "v=",
				   "stands behind an m= line; expected one description");
		return line->type == 'o' && !r->sdp->origin_address.at ? read_origin(r, line->value)
								       : 0;
	case 's':
		if (!in_media(r) && !r->sdp->name.at)
			r->sdp->name = line->value;
		return 0;
	default:
		return 0;
	}
}

/* A lone CR ends the line for some readers and not for others, a NUL the whole: both are refused. */
static int read_line(struct reader *r, struct ups_text text)
{
	struct ups_sdp *s = r->sdp;
	struct ups_sdp_line *line = &s->line[s->line_count];
	int err;

	if (memchr(text.at, '\r', text.len) || memchr(text.at, '\0', text.len))
		return ups_fail(r->msg, UPS_E_SYNTAX, "SDP line %u: expected no NUL and no lone CR",
				r->number);
	if (text.len < 2 || text.at[1] != '=' || text.at[0] < 'a' || text.at[0] > 'z')
		return ups_fail(r->msg, UPS_E_SYNTAX, "SDP line %u: expected LETTER=VALUE",
				r->number);
	if (s->line_count == UPS_SDP_LINES_MAX)
		return ups_fail(r->msg, UPS_E_RANGE, "SDP line %u: more than %d lines", r->number,
				UPS_SDP_LINES_MAX);
	*line = (struct ups_sdp_line) { .type = text.at[0],
					.value = { text.at + 2, text.len - 2 } };
	if (!s->line_count && (line->type != 'v' || !ups_text_is(ups_text_trim(line->value), "0")))
		return ups_fail(r->msg, UPS_E_SYNTAX, "SDP line %u: expected v=0 first", r->number);
	err = read_value(r, line);
	s->line_count++;
	return err;
}

static int read_lines(struct reader *r, struct ups_text rest)
{
	int err = 0;

	while (rest.len && !err) {
		struct ups_text line = ups_text_cut(&rest, '\n');

		r->number++;
		if (line.len && line.at[line.len - 1] == '\r')
			line.len--;
		if (line.len)
			err = read_line(r, line);
	}
	if (!err)
		err = end_level(r);
	if (!err && !r->sdp->origin_address.at)
		err = ups_fail(r->msg, UPS_E_SYNTAX, "SDP: there is no o= line");
	return err;
}

int ups_sdp_parse(struct ups_text body, struct ups_sdp *out, struct ups_errmsg *msg)
{
	struct reader r = { .sdp = out, .msg = msg, .level = &r.session };
	int err;

	memset(out, 0, offsetof(struct ups_sdp, line));
	out->media_count = 0;
	out->body = body;
	if (!body.len)
		return ups_fail(msg, UPS_E_TRUNCATED, "SDP: the body is empty");
	if (body.len > UPS_SDP_SIZE_MAX)
		return ups_fail(msg, UPS_E_RANGE, "SDP: %zu bytes, at most %d", body.len,
				UPS_SDP_SIZE_MAX);
	err = read_lines(&r, body);
	if (err)
		out->line_count = out->session_lines = out->media_count = 0;
	return err;
}
