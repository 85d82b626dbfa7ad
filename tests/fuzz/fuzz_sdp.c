// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Session descriptions from anybody. Of what is accepted: every slice lies inside the body, lines are in order and belong to exactly
 * one level, and a body put together from the lines reads the same. Redaction must not depend on the keys: other keys, same log.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "proto/sdes.h"
#include "proto/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 8192 /* bytes of a body; corpus files are smaller */

static struct ups_sdp sdp, again;

static void hold(int condition)
{
	if (!condition)
		abort();
}

static void inside(struct ups_text outer, struct ups_text t)
{
	if (t.at)
		hold(t.at >= outer.at && t.len <= outer.len &&
		     (size_t)(t.at - outer.at) <= outer.len - t.len);
}

static void check_lines(void)
{
	const char *at = sdp.body.at;

	hold(sdp.line_count <= UPS_SDP_LINES_MAX && sdp.session_lines <= sdp.line_count);
	for (unsigned int i = 0; i < sdp.line_count; i++) {
		const struct ups_sdp_line *l = &sdp.line[i];

		inside(sdp.body, l->value);
		inside(l->value, l->arg);
		hold(l->value.at - 2 >= at && l->value.at[-2] == l->type && l->value.at[-1] == '=');
		hold(l->type == 'a' || (!l->attr && !l->arg.at));
		at = l->value.at + l->value.len;
	}
}

static void check_media(const struct ups_sdp_media *m)
{
	const struct ups_text slices[] = { m->type,	 m->proto_text, m->formats, m->dtls.tls_id,
					   m->ice_ufrag, m->ice_pwd,	m->mid };

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++)
		inside(sdp.body, slices[i]);
	hold(sdp.line[m->line].type == 'm' && m->line_count >= 1 && m->port_count >= 1);
	hold(!m->port || m->connection.there);
	hold(!m->connection.there ||
	     (m->connection.addr.ip[0] != 0xff && !m->connection.addr.port));
	hold(!m->has_rtcp || m->rtcp.port);
	hold(m->dtls.fingerprint_count <= UPS_SDP_FINGERPRINTS_MAX);
	hold(m->crypto_count <= UPS_SDP_CRYPTO_MAX);
	for (unsigned int i = 0; i < m->crypto_count; i++) {
		struct ups_sdes_crypto c;

		hold(m->crypto[i].at != NULL);
		if (m->crypto[i].len)
			inside(sdp.body, m->crypto[i]);
		if (!ups_sdes_parse_crypto(m->crypto[i], &c, NULL))
			hold(c.key_count <= UPS_SDES_KEYS_MAX && !c.suite == !c.key_count);
	}
}

static void check_levels(void)
{
	unsigned int next = sdp.session_lines;

	for (unsigned int i = 0; i < sdp.media_count; i++) {
		hold(sdp.media[i].line == next);
		next += sdp.media[i].line_count;
		check_media(&sdp.media[i]);
	}
	hold(next == sdp.line_count);
}

static void check_again(void)
{
	static char body[2 * MAX];
	struct ups_buf b = ups_buf_init(body, sizeof(body));

	for (unsigned int i = 0; i < sdp.line_count; i++) {
		ups_buf_bytes(&b, &sdp.line[i].type, 1);
		ups_buf_str(&b, "=");
		ups_buf_put(&b, sdp.line[i].value);
		ups_buf_str(&b, "\r\n");
	}
	hold(ups_buf_ok(&b));
	hold(!ups_sdp_parse(ups_buf_text(&b), &again, NULL));
	hold(again.line_count == sdp.line_count && again.media_count == sdp.media_count);
	for (unsigned int i = 0; i < sdp.media_count; i++) {
		const struct ups_sdp_media *x = &sdp.media[i], *y = &again.media[i];

		hold(x->port == y->port && x->proto == y->proto && x->direction == y->direction);
		hold(ups_addr_equal(&x->connection.addr, &y->connection.addr));
		hold(ups_addr_equal(&x->rtcp, &y->rtcp) && x->has_rtcp == y->has_rtcp);
		hold(!memcmp(x->dtls.fingerprint, y->dtls.fingerprint,
			     sizeof(x->dtls.fingerprint)));
	}
}

/* ---- redaction --------------------------------------------------------------------------------------------------- */

static char other[MAX]; /* the body with other keys */

static void overwrite(struct ups_text secret)
{
	if (secret.len)
		memset(other + (secret.at - sdp.body.at), 'A', secret.len);
}

static void overwrite_inline(struct ups_text value)
{
	static const char word[] = "inline:";

	for (size_t i = 0; i + sizeof(word) - 1 <= value.len; i++) {
		struct ups_text key = { value.at + i + sizeof(word) - 1, 0 };

		if (memcmp(value.at + i, word, sizeof(word) - 1))
			continue;
		while (key.at + key.len < value.at + value.len && !strchr("|; \t", key.at[key.len]))
			key.len++;
		overwrite(key);
		i += sizeof(word) - 2 + key.len;
	}
}

static size_t redact(const char *body, size_t size, char *log, size_t cap)
{
	struct ups_buf b = ups_buf_init(log, cap);

	ups_sdp_redact((struct ups_text) { body, size }, &b);
	hold(ups_buf_ok(&b));
	for (size_t i = 0; i < b.size; i++)
		hold((unsigned char)log[i] >= ' ' || log[i] == '\r' || log[i] == '\n');
	return b.size;
}

static void check_redaction(const char *body, size_t size, int parsed)
{
	static char log[4 * MAX], log_other[4 * MAX];
	size_t len = redact(body, size, log, sizeof(log));

	if (!parsed)
		return;
	memcpy(other, body, size);
	for (unsigned int i = 0; i < sdp.line_count; i++) {
		const struct ups_sdp_line *l = &sdp.line[i];

		if (l->attr == UPS_SDP_ATTR_CRYPTO)
			overwrite_inline(l->arg);
		if (l->attr == UPS_SDP_ATTR_KEYMGT || (l->arg.at && l->arg.at - l->value.at == 8 &&
						       !memcmp(l->value.at, "ice-pwd:", 8)))
			overwrite(l->arg);
	}
	hold(redact(other, size, log_other, sizeof(log_other)) == len);
	hold(!memcmp(log, log_other, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	struct ups_errmsg msg = { "" };
	int err;

	if (size > MAX)
		return 0;
	memset(&sdp, 0xa5, sizeof(sdp));
	err = ups_sdp_parse((struct ups_text) { body, size }, &sdp, &msg);
	if (err) {
		hold(!strncmp(msg.text, "SDP", 3) && !sdp.line_count && !sdp.media_count);
		for (const char *c = msg.text; *c; c++)
			hold(*c >= ' ' && *c <= '~');
	} else {
		check_lines();
		check_levels();
		check_again();
	}
	check_redaction(body, size, !err);
	return 0;
}
