// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The SDP that goes on to the other party: the one that came in, with our addresses, our keys and nothing of the sender's that is only
 * true on its own leg. Line order is that of RFC 8866 5; for each m-line m=, i=, c=, b=, then attributes as they came, then ours.
 * Control thread.
 */
#include "core/call_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "proto/sdes.h"

#define EOL "\r\n"
#define HOST_PRIORITY \
	2130706431u /* RFC 8445 5.1.2.1: type 126, local preference 65535, component 1 */

struct writer {
	struct ups_call_work *w;
	struct ups_buf *buf;
	const struct ups_plan *plan;
	bool answer;
	bool compromised; /* towards a CPM side: some leg of the session has no protection */
	bool ice;
	bool other_family; /* media-address= is not of the family of a leg */
};

static const struct ups_stream *in_plan(const struct ups_plan *plan, unsigned int index)
{
	for (unsigned int i = 0; i < plan->add_count; i++) {
		if (plan->add[i]->index == index)
			return plan->add[i];
	}
	for (unsigned int i = 0; i < plan->change_count; i++) {
		if (plan->change[i].to->index == index)
			return plan->change[i].to;
	}
	return NULL;
}

const struct ups_stream *ups_call_stream(const struct ups_call_work *w, const struct ups_plan *plan,
					 unsigned int index)
{
	const struct ups_stream *s = in_plan(plan, index);
	const struct ups_session *session;

	if (s)
		return s;
	session = ups_core_session_find(w->calls->core, w->call->id);
	for (unsigned int i = 0; session && i < session->stream_count; i++) {
		if (session->stream[i]->index == index)
			return session->stream[i];
	}
	return NULL;
}

/* ---- session level ------------------------------------------------------------------------------------------------------ */

static struct ups_addr advertised(const struct ups_iface *iface, bool v4)
{
	return v4 ? iface->advertised_v4 : iface->advertised_v6;
}

static bool any_v4(const struct writer *o)
{
	const struct ups_iface *iface = o->w->call->iface[o->w->to];

	if (o->w->flags->family && iface->has_v4 && iface->has_v6)
		return o->w->flags->family == AF_INET;
	return iface->has_v4;
}

static void put_origin(struct writer *o)
{
	const struct ups_sdp *sdp = o->w->sdp;
	uint32_t replace = o->w->flags->replace;
	struct ups_addr own = advertised(o->w->call->iface[o->w->to], any_v4(o));

	ups_buf_str(o->buf, "o=");
	ups_buf_put(o->buf, replace & UPS_REPLACE_USERNAME ? UPS_TEXT("-") : sdp->username);
	ups_buf_str(o->buf, " ");
	ups_buf_put(o->buf, sdp->session_id);
	if (replace & UPS_REPLACE_VERSION)
		ups_buf_printf(o->buf, " %u ", ++o->w->call->version);
	else
		ups_buf_printf(o->buf, " %.*s ", UPS_TEXT_ARG(sdp->version));
	if (replace & UPS_REPLACE_ORIGIN)
		ups_sdp_put_address(o->buf, &own);
	else
		ups_buf_put(o->buf, sdp->origin_address);
	ups_buf_str(o->buf, EOL);
}

static void put_line(struct writer *o, const struct ups_sdp_line *line)
{
	ups_buf_printf(o->buf, "%c=", line->type);
	ups_buf_put(o->buf, line->value);
	ups_buf_str(o->buf, EOL);
}

/* What we write ourselves, and what would be untrue or a secret on the other leg */
static bool is_ours(const struct ups_sdp_line *line)
{
	if (line->type == 'k' || line->type == 'c')
		return true;
	if (line->type != 'a')
		return false;
	switch ((enum ups_sdp_attr)line->attr) {
	case UPS_SDP_ATTR_OTHER:
	case UPS_SDP_ATTR_RTPMAP:
	case UPS_SDP_ATTR_MID:
		return false;
	case UPS_SDP_ATTR_GROUP:
		return ups_text_starts(line->arg, "BUNDLE");
	default:
		return true;
	}
}

static void put_session(struct writer *o)
{
	const struct ups_sdp *sdp = o->w->sdp;

	for (unsigned int i = 0; i < sdp->session_lines; i++) {
		const struct ups_sdp_line *line = &sdp->line[i];

		if (line->type == 'o')
			put_origin(o);
		else if (line->type == 's' && (o->w->flags->replace & UPS_REPLACE_NAME))
			ups_buf_str(o->buf, "s=-" EOL);
		else if (!is_ours(line))
			put_line(o, line);
	}
	if (o->ice)
		ups_buf_str(o->buf, "a=ice-lite" EOL);
}

/* ---- one m-line ------------------------------------------------------------------------------------------------------------- */

/* Where the reader is to send: our port as peers see it, or what the proxy says (media-address=) */
static struct ups_addr told(struct writer *o, const struct ups_leg *leg, uint16_t port)
{
	bool v4 = ups_addr_is_v4(&leg->local);
	struct ups_addr a = advertised(leg->iface, v4), said;
	char text[UPS_ADDR_TEXT];

	if (ups_text_copy(o->w->flags->media_address, text, sizeof(text)) && text[0] &&
	    !ups_addr_parse(text, false, &said)) {
		o->other_family |= ups_addr_is_v4(&said) != v4;
		a = said;
	}
	ups_addr_set_port(&a, port);
	return a;
}

static void put_connection(struct writer *o, const struct ups_sdp_media *m,
			   const struct ups_addr *a)
{
	bool hold = ups_call_holds(m) && !(o->w->flags->replace & UPS_REPLACE_ZERO);

	ups_buf_str(o->buf, "c=");
	if (hold)
		ups_buf_str(o->buf, ups_addr_is_v4(a) ? "IN IP4 0.0.0.0" : "IN IP6 ::");
	else
		ups_sdp_put_address(o->buf, a);
	ups_buf_str(o->buf, EOL);
}

/* Lines of the m-line between the first and the attributes: i=, b= and unknown ones; c= and k= are ours */
static void put_kept(struct writer *o, const struct ups_sdp_media *m, bool attributes, char only)
{
	const struct ups_sdp *sdp = o->w->sdp;

	for (unsigned int i = m->line + 1; i < m->line + m->line_count; i++) {
		const struct ups_sdp_line *line = &sdp->line[i];

		if ((line->type == 'a') != attributes || is_ours(line))
			continue;
		if (!attributes && (line->type == 'i') != (only == 'i'))
			continue;
		put_line(o, line);
	}
}

static bool has_rtpmap(const struct ups_sdp *sdp, const struct ups_sdp_media *m,
		       struct ups_text format)
{
	for (unsigned int i = m->line + 1; i < m->line + m->line_count; i++) {
		struct ups_text arg = sdp->line[i].arg;

		if (sdp->line[i].type == 'a' && sdp->line[i].attr == UPS_SDP_ATTR_RTPMAP &&
		    ups_text_equal(ups_text_cut(&arg, ' '), format))
			return true;
	}
	return false;
}

/* Static payload types are named too, as rtpengine's users are used to (harmless: RFC 8866 6.6). */
static void put_static_rtpmaps(struct writer *o, const struct ups_sdp_media *m)
{
	struct ups_text rest = m->formats;

	while (rest.len) {
		struct ups_text format = ups_text_cut(&rest, ' ');
		unsigned long long number;
		const char *name;

		if (!ups_text_number(format, 127, &number))
			continue;
		name = ups_sdp_static_rtpmap((unsigned int)number);
		if (name && !has_rtpmap(o->w->sdp, m, format))
			ups_buf_printf(o->buf, "a=rtpmap:%llu %s" EOL, number, name);
	}
}

static void put_rtcp(struct writer *o, const struct ups_end *end, const struct ups_addr *rtcp)
{
	const struct ups_ng_flags *f = o->w->flags;
	bool mux = o->answer ? end->mux : end->mux_offered;
	bool require = !o->answer && (f->mux & UPS_MUX_REQUIRE);

	if (!f->no_rtcp_attribute && !(mux && (o->answer || require))) {
		ups_buf_printf(o->buf, "a=rtcp:%u", ups_addr_port(rtcp));
		if (f->full_rtcp_attribute) {
			ups_buf_str(o->buf, " ");
			ups_sdp_put_address(o->buf, rtcp);
		}
		ups_buf_str(o->buf, EOL);
	}
	if (mux)
		ups_buf_str(o->buf, "a=rtcp-mux" EOL);
}

static void put_own_crypto(struct writer *o, uint32_t tag, uint8_t suite,
			   const struct ups_secret *master)
{
	struct ups_sdes_key key = { .master = *master };

	ups_buf_str(o->buf, "a=crypto:");
	ups_sdes_put_crypto(o->buf, tag, suite, &key, false);
	ups_buf_str(o->buf, EOL);
	ups_wipe(&key, sizeof(key));
}

static void put_sdes(struct writer *o, const struct ups_end *end)
{
	if (o->answer) {
		put_own_crypto(o, end->tag, end->tx.suite, &end->tx.master);
		return;
	}
	for (unsigned int i = 0; i < end->own_count; i++)
		put_own_crypto(o, end->own[i].tag, end->own[i].suite, &end->own[i].master);
}

static void put_dtls(struct writer *o, const struct ups_end *end)
{
	const struct ups_calls_ops *ops = &o->w->calls->config.ops;
	struct ups_sdp_fingerprint shown = {};
	struct ups_fingerprint own;

	if (ops->fingerprint(ops->aux, &own)) {
		o->buf->failed = true;
		return;
	}
	shown.hash = own.hash;
	shown.size = own.size;
	memcpy(shown.value, own.value, sizeof(shown.value));
	ups_buf_printf(o->buf, "a=setup:%s" EOL "a=fingerprint:", ups_sdp_setup_name(end->setup));
	ups_sdp_put_fingerprint(o->buf, &shown);
	ups_buf_str(o->buf, EOL);
	if (end->own_tls_id[0])
		ups_buf_printf(o->buf, "a=tls-id:%s" EOL, end->own_tls_id);
}

static void put_candidate(struct writer *o, unsigned int component, const struct ups_addr *a)
{
	struct ups_addr ip = *a;
	char text[UPS_ADDR_TEXT];

	ip.port = 0;
	ups_buf_printf(o->buf, "a=candidate:1 %u UDP %u %s %u typ host" EOL, component,
		       HOST_PRIORITY - (component - 1), ups_addr_format(&ip, text),
		       ups_addr_port(a));
}

static void put_ice(struct writer *o, const struct ups_end *end, const struct ups_addr *rtp,
		    const struct ups_addr *rtcp)
{
	if (!end->ice.on)
		return;
	ups_buf_printf(o->buf, "a=ice-ufrag:%s" EOL "a=ice-pwd:%s" EOL, end->ice.local_ufrag,
		       end->ice.local_pwd);
	put_candidate(o, 1, rtp);
	if (!(o->answer && end->mux))
		put_candidate(o, 2, rtcp);
}

/* -> how many there were in [@first, @end) */
static unsigned int put_lines_of(struct writer *o, unsigned int first, unsigned int end,
				 enum ups_sdp_attr attr)
{
	unsigned int n = 0;

	for (unsigned int i = first; i < end; i++) {
		const struct ups_sdp_line *line = &o->w->sdp->line[i];

		if (line->type == 'a' && line->attr == attr) {
			put_line(o, line);
			n++;
		}
	}
	return n;
}

/* Keys and fingerprints of the users, untouched; what the m-line does not say, the session says for it */
static void put_users_keys(struct writer *o, const struct ups_sdp_media *m)
{
	static const enum ups_sdp_attr kinds[] = { UPS_SDP_ATTR_CRYPTO, UPS_SDP_ATTR_KEYMGT,
						   UPS_SDP_ATTR_SETUP, UPS_SDP_ATTR_TLS_ID,
						   UPS_SDP_ATTR_FINGERPRINT };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (!put_lines_of(o, m->line + 1, m->line + m->line_count, kinds[k]) &&
		    kinds[k] != UPS_SDP_ATTR_CRYPTO)
			put_lines_of(o, 0, o->w->sdp->session_lines, kinds[k]);
	}
}

static void put_keys(struct writer *o, const struct ups_sdp_media *m, const struct ups_line *line,
		     const struct ups_end *end)
{
	switch (end->decision.mechanism) {
	case UPS_MECH_OPAQUE:
		put_users_keys(o, m);
		break;
	case UPS_MECH_SDES:
		put_sdes(o, end);
		break;
	case UPS_MECH_DTLS:
		put_dtls(o, end);
		break;
	default:
		break;
	}
	if (o->answer && line->e2ae && end->decision.mechanism != UPS_MECH_NONE)
		ups_buf_str(o->buf, "a=3ge2ae:applied" EOL);
}

static void put_m(struct writer *o, const struct ups_sdp_media *m, uint16_t port,
		  enum ups_sdp_proto proto)
{
	const char *name = ups_sdp_proto_name(proto);

	ups_buf_printf(o->buf, "m=%.*s %u ", UPS_TEXT_ARG(m->type), port);
	if (name)
		ups_buf_str(o->buf, name);
	else
		ups_buf_put(o->buf, m->proto_text);
	ups_buf_str(o->buf, " ");
	ups_buf_put(o->buf, m->formats);
	ups_buf_str(o->buf, EOL);
}

static void put_dead(struct writer *o, const struct ups_sdp_media *m, enum ups_sdp_proto proto)
{
	struct ups_addr own = advertised(o->w->call->iface[o->w->to], any_v4(o));

	put_m(o, m, 0, proto);
	ups_buf_str(o->buf, "c=");
	ups_sdp_put_address(o->buf, &own);
	ups_buf_str(o->buf, EOL);
	for (unsigned int i = m->line + 1; i < m->line + m->line_count; i++) {
		if (o->w->sdp->line[i].type == 'a' && o->w->sdp->line[i].attr == UPS_SDP_ATTR_MID)
			put_line(o, &o->w->sdp->line[i]);
	}
}

static void put_media(struct writer *o, unsigned int i, const struct ups_line *line)
{
	const struct ups_sdp_media *m = &o->w->sdp->media[i];
	const struct ups_end *end = &line->end[o->w->to];
	const struct ups_stream *s = line->alive ? ups_call_stream(o->w, o->plan, i) : NULL;
	const struct ups_leg *leg;
	struct ups_addr rtp, rtcp;

	if (!s) {
		put_dead(o, m, end->proto);
		return;
	}
	leg = &s->leg[o->w->to];
	rtp = told(o, leg, ups_addr_port(&leg->local));
	rtcp = told(o, leg, (uint16_t)(ups_addr_port(&leg->local) + !(o->answer && end->mux)));
	put_m(o, m, ups_addr_port(&rtp), end->proto);
	put_kept(o, m, false, 'i');
	put_connection(o, m, &rtp);
	put_kept(o, m, false, 'b');
	put_static_rtpmaps(o, m);
	put_kept(o, m, true, 'a');
	ups_buf_printf(o->buf, "a=%s" EOL, ups_sdp_direction_name(m->direction));
	put_rtcp(o, end, &rtcp);
	put_keys(o, m, line, end);
	put_ice(o, end, &rtp, &rtcp);
	if (o->compromised)
		ups_buf_str(o->buf, "a=x-upsec-integrity:compromised" EOL);
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------- */

static bool uses_ice(const struct ups_call_work *w, const struct ups_lines *lines)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		if (lines->line[i]->alive && lines->line[i]->end[w->to].ice.on)
			return true;
	}
	return false;
}

static bool is_compromised(const struct ups_lines *lines)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		const struct ups_line *l = lines->line[i];

		if (l->alive && (l->end[0].decision.compromised || l->end[1].decision.compromised))
			return true;
	}
	return false;
}

int ups_call_write_sdp(struct ups_call_work *w, const struct ups_lines *lines, bool answer,
		       const struct ups_plan *plan)
{
	struct writer o = { .w = w, .buf = w->report->sdp, .plan = plan, .answer = answer };

	o.ice = uses_ice(w, lines);
	w->report->compromised = is_compromised(lines);
	o.compromised = w->report->compromised && w->call->iface[w->to]->kind != UPS_KIND_IWF;
	put_session(&o);
	for (unsigned int i = 0; i < lines->count && i < w->sdp->media_count; i++)
		put_media(&o, i, lines->line[i]);
	if (o.other_family)
		return ups_fail(w->msg, UPS_E_FAMILY,
				"media-address: '%.*s' is not of the address family that the "
				"reader is sent to; name one that is, or use address-family",
				UPS_TEXT_ARG(w->flags->media_address));
	return ups_buf_ok(o.buf) ? 0
				 : ups_fail(w->msg, UPS_E_RANGE,
					    "the SDP would be larger than %zu bytes", o.buf->cap);
}
