// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Dialogues from anybody, in any order: the input drives offers, answers, deletes, time, DTLS keys, registrations and policies over a few
 * calls, with a data plane that takes or refuses each plan. After every step:
 *
 *	keys      no key serves two places, and no transmit key comes back once it is gone
 *	clear     no leg is clear where user, rule or past require protection
 *	SDP       as many m-lines out as in; no key, fingerprint or ICE password of the other side, but where the users key each other
 *	refusals  what is refused, by us or by the data plane, leaves calls and sessions byte for byte as they were
 *
 * and when all calls are gone no port, slot or key is left in use.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "calls_state.h"
#include "crypto/srtp.h"
#include "proto/sdes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND 1000000000ULL
#define CALLS 3
#define STEPS 64
#define TX_MAX 2048

static const char *const call_ids[CALLS] = { "one", "two", "three" };
static const char *const callees[] = { "bob", "carol", "dave" };

struct seen {
	struct ups_secret key;
	uint32_t slot;
	unsigned int step; /* in use at the end of it */
};

/* What is known of a call beside what the engine says of it */
struct past {
	bool protected[UPS_STREAMS_MAX][UPS_LEGS];
	bool wish_required;
	unsigned int policy; /* generation at the last offer */
	char party[16]; /* side 1 */
	char told[65536]; /* the last SDP out */
};

struct world {
	const uint8_t *in;
	size_t left;
	struct ups_policy policy;
	unsigned int policies; /* generation */
	struct ups_registrations *registrations;
	struct ups_core *core;
	struct ups_calls *calls;
	struct past past[CALLS];
	struct seen tx[TX_MAX];
	unsigned int tx_count, step;
	uint64_t now_ns;
	char sdp[16384], out[65536];
	uint8_t fresh; /* of keys of the parties */
	struct ups_sdp parsed;
};

static struct ups_core *shared_core;
static struct ups_iface ifaces[3] = {
	{ .name = "users", .kind = UPS_KIND_CONV, .has_v4 = true, .has_v6 = true },
	{ .name = "peers", .kind = UPS_KIND_NNI, .has_v4 = true },
	{ .name = "open", .kind = UPS_KIND_IWF, .has_v4 = true, .source = UPS_SOURCE_LATCH },
};

static unsigned int byte(struct world *w)
{
	if (!w->left)
		return 0;
	w->left--;
	return *w->in++;
}

static struct ups_addr address(const char *text)
{
	struct ups_addr a;

	hold(!ups_addr_parse(text, false, &a));
	return a;
}

static int fingerprint(void *aux, struct ups_fingerprint *out)
{
	(void)aux;
	*out = (struct ups_fingerprint) { .hash = UPS_HASH_SHA256, .size = 32 };
	memset(out->value, 0xab, 32);
	return 0;
}

static int covers(void *aux, const struct ups_addr *local, const struct ups_addr *remote, char *why,
		  size_t size)
{
	(void)aux;
	(void)local;
	snprintf(why, size, "fuzz");
	return remote->ip[15] & 1;
}

static void setup(struct world *w)
{
	static const struct ups_limits limits = {
		.sessions = 8, .flows = 64, .keys = 128, .ssrcs = 256, .ssrc_per_flow = 2
	};
	struct ups_calls_config config = { .ifaces = ifaces,
					   .iface_count = 3,
					   .latch_srtp = byte(w) & 1,
					   .ops = { .fingerprint = fingerprint,
						    .ipsec_covers = covers } };

	for (unsigned int i = 0; i < 3; i++) {
		ifaces[i].v4 = ifaces[i].advertised_v4 = address("203.0.113.1");
		ifaces[i].v4.ip[15] = ifaces[i].advertised_v4.ip[15] = (uint8_t)(i + 1);
		ifaces[i].port_min = 20000;
		ifaces[i].port_max = 20063;
	}
	ifaces[0].v6 = ifaces[0].advertised_v6 = address("2001:db8::1");
	ups_policy_init(&w->policy, true);
	/* the pools are empty again after each input, and dear to make */
	if (!shared_core)
		hold(!ups_core_create(&limits, ifaces, 3, &shared_core));
	w->core = shared_core;
	ups_keyreg_destroy(w->core->keyreg);
	hold(!ups_keyreg_create(4096, &w->core->keyreg));
	w->now_ns = w->core->now_ns + 100 * SECOND;
	hold(!ups_registrations_create(4, &w->registrations));
	config.policy = &w->policy;
	config.registrations = w->registrations;
	hold(!ups_calls_create(w->core, &config, &w->calls));
}

/* ---- what the parties say ------------------------------------------------------------------------------------------ */

static void put_key(struct world *w, struct ups_buf *b, unsigned int suite, unsigned int choice)
{
	struct ups_sdes_key key = { .master.size = (uint8_t)ups_sdes_master_size((uint8_t)suite) };
	char text[UPS_SDES_TEXT];

	memset(key.master.data, 0x5a, key.master.size);
	/* one of few, so that they come again, or one that was not there */
	key.master.data[0] = choice & 3 ? w->fresh++ : (uint8_t)(choice >> 2 & 7);
	key.master.data[1] = choice & 3 ? 1 : 0;
	ups_sdes_format_key(&key.master, text);
	ups_buf_str(b, text);
}

/* A key of ours comes back */
static bool put_echo(struct world *w, const struct past *past, struct ups_buf *b)
{
	const char *at = strstr(past->told, "inline:");

	(void)w;
	if (!at)
		return false;
	ups_buf_put(b, (struct ups_text) { at, strcspn(at, "\r |") });
	return true;
}

static void put_crypto(struct world *w, const struct past *past, struct ups_buf *b,
		       unsigned int tag, unsigned int suite)
{
	static const char *const params[] = { " UNENCRYPTED_SRTP",
					      " UNENCRYPTED_SRTCP",
					      " UNAUTHENTICATED_SRTP",
					      " KDR=1",
					      " WSH=64",
					      " -X" };
	unsigned int bits = byte(w), choice = byte(w);

	ups_buf_printf(b, "a=crypto:%u %s ", tag, ups_suite_by_id(suite)->name);
	if ((bits & 0xf0) != 0xf0 || !put_echo(w, past, b))
		put_key(w, b, suite, choice);
	if ((bits & 15) == 15)
		ups_buf_str(b, "|2^20");
	if ((bits & 15) == 14)
		ups_buf_str(b, "|1:4");
	if ((bits & 15) < 6)
		ups_buf_str(b, (bits & 0x30) == 0x30 ? params[bits & 15] : "");
	ups_buf_str(b, "\r\n");
}

static void put_fingerprint(struct ups_buf *b, unsigned int which)
{
	ups_buf_str(b, "a=fingerprint:sha-256 ");
	for (unsigned int i = 0; i < 32; i++)
		ups_buf_printf(b, "%sC%X", i ? ":" : "", i ? 0 : which & 3);
	ups_buf_str(b, "\r\n");
}

static void put_dtls(struct world *w, struct ups_buf *b, bool offer)
{
	static const char *const setups[] = { "active", "passive", "actpass", "holdconn" };
	unsigned int bits = byte(w);
	unsigned int setup = bits & 0x40 ? bits >> 4 & 3 : offer ? 2 : bits >> 4 & 1;

	if (bits & 0x80)
		ups_buf_printf(b, "a=tls-id:%c0123456789012345678901\r\n", 'A' + (bits >> 2 & 3));
	ups_buf_printf(b, "a=setup:%s\r\n", setups[setup]);
	put_fingerprint(b, bits);
}

static void put_extras(struct world *w, struct ups_buf *b)
{
	static const char *const directions[] = { "sendonly", "recvonly", "inactive", "sendrecv" };
	unsigned int bits = byte(w), more = byte(w);

	if (bits & 1)
		ups_buf_str(b, "a=rtcp-mux\r\n");
	if (bits & 2)
		ups_buf_printf(b, "a=ice-ufrag:u%c\r\na=ice-pwd:passwordpasswordpass%c\r\n",
			       'A' + (more & 3), 'A' + (more & 3));
	if (bits & 4)
		ups_buf_str(b, "a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET\r\n");
	if (bits & 8)
		ups_buf_printf(b, "a=rtcp:%u\r\n", 5000 + (more & 15));
	if (bits & 16)
		ups_buf_printf(b, "a=%s\r\n", directions[more >> 4 & 3]);
	if ((bits & 0x60) == 0x60)
		ups_buf_str(b, "a=3ge2ae:requested\r\n");
	if ((more & 0xc0) == 0xc0)
		ups_buf_str(b, "a=foo:SECRE\r\na=key-mgmt:mikey SECRET\r\n");
}

static void put_head(struct world *w, struct ups_buf *b, unsigned int side)
{
	unsigned int bits = byte(w);
	const char *address_text = (bits & 7) == 7   ? "IN IP6 2001:db8::77"
				   : (bits & 7) == 6 ? "IN IP4 0.0.0.0"
				   : (bits & 7) == 5 ? "IN IP6 ::"
						     : NULL;

	ups_buf_printf(b, "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\n");
	if (address_text)
		ups_buf_printf(b, "c=%s\r\n", address_text);
	else
		ups_buf_printf(b, "c=IN IP4 192.0.2.%u\r\n", 70 + side * 2 + (bits >> 3 & 1));
	ups_buf_str(b, "t=0 0\r\n");
	if (bits & 0x10)
		ups_buf_str(b, "a=group:BUNDLE 0\r\na=sendonly\r\n");
	if ((bits & 0xe0) == 0xe0)
		ups_buf_str(b, "k=clear:SECRET\r\na=crypto:1 X inline:SECRET\r\n");
}

static void put_offer(struct world *w, const struct past *past, unsigned int side)
{
	static const enum ups_sdp_proto protos[] = { UPS_SDP_AVP,	UPS_SDP_SAVP,
						     UPS_SDP_TLS_SAVP,	UPS_SDP_AVPF,
						     UPS_SDP_TLS_SAVPF, UPS_SDP_MSRP };
	struct ups_buf b = ups_buf_init(w->sdp, sizeof(w->sdp) - 1);
	unsigned int bits = byte(w), lines = 1 + (bits & 3) % 3;

	put_head(w, &b, side);
	for (unsigned int i = 0; i < lines; i++) {
		unsigned int m = byte(w);
		enum ups_sdp_proto proto = protos[(m & 7) % 6];
		unsigned int port = (m & 0x38) == 0x38 ? 0 : 4000 + i * 100 + (m >> 6 & 1) * 2;

		ups_buf_printf(&b, "m=%s %u %s 0\r\n", i & 1 ? "video" : "audio", port,
			       ups_sdp_proto_name(proto));
		if (proto == UPS_SDP_SAVP || (m & 0x80 && !ups_sdp_proto_dtls(proto))) {
			put_crypto(w, past, &b, 1, UPS_SUITE_AES_CM_128_HMAC_SHA1_80);
			if (byte(w) & 1)
				put_crypto(w, past, &b, 2, 1 + byte(w) % (UPS_SUITE_COUNT - 1));
		}
		if (ups_sdp_proto_dtls(proto) || (m & 0xc0) == 0xc0)
			put_dtls(w, &b, true);
		put_extras(w, &b);
	}
	w->sdp[b.size] = '\0';
}

/* The a=crypto of the offer that is answered: its tag and suite */
static void put_answered_crypto(struct world *w, const struct past *past, struct ups_buf *b,
				const struct ups_sdp_media *m)
{
	struct ups_sdes_crypto c;
	unsigned int bits = byte(w);

	if (!m->crypto_count || (bits & 0xe0) == 0xe0)
		return;
	if (!ups_sdes_parse_crypto(m->crypto[bits % m->crypto_count], &c, NULL) && c.suite)
		put_crypto(w, past, b, c.tag + ((bits & 0xe0) == 0xc0), c.suite);
	ups_sdes_crypto_wipe(&c);
}

static void put_answer(struct world *w, const struct past *past, unsigned int side)
{
	struct ups_buf b = ups_buf_init(w->sdp, sizeof(w->sdp) - 1);

	put_head(w, &b, side);
	if (!ups_sdp_parse(ups_text_of(past->told), &w->parsed, NULL)) {
		for (unsigned int i = 0; i < w->parsed.media_count; i++) {
			const struct ups_sdp_media *m = &w->parsed.media[i];
			unsigned int bits = byte(w);
			bool plain = (bits & 0xe0) == 0xe0, no = !m->port || (bits & 15) == 15;

			ups_buf_printf(&b, "m=%.*s %u %.*s 0\r\n", UPS_TEXT_ARG(m->type),
				       no ? 0 : 5000 + i * 100 + (bits >> 4 & 1) * 2,
				       UPS_TEXT_ARG(plain ? UPS_TEXT("RTP/AVP") : m->proto_text));
			put_answered_crypto(w, past, &b, m);
			if (m->dtls.fingerprint_count)
				put_dtls(w, &b, false);
			put_extras(w, &b);
		}
	}
	w->sdp[b.size] = '\0';
}

/* ---- invariants ------------------------------------------------------------------------------------------------------ */

static uint8_t state_before[STATE_MAX], state_after[STATE_MAX];
static size_t state_size;

static void remember(const struct world *w)
{
	state_size = state_of(w->core, w->calls, state_before);
}

static void check_unchanged(const struct world *w)
{
	hold(state_of(w->core, w->calls, state_after) == state_size);
	hold(!memcmp(state_before, state_after, state_size));
}

static struct seen *find_tx(struct world *w, const struct ups_key_spec *key)
{
	for (unsigned int i = 0; i < w->tx_count; i++) {
		if (w->tx[i].key.size == key->master.size &&
		    !memcmp(w->tx[i].key.data, key->master.data, key->master.size))
			return &w->tx[i];
	}
	return NULL;
}

static void check_tx(struct world *w, const struct ups_key_spec *key)
{
	struct seen *seen = find_tx(w, key);

	if (!seen) {
		if (w->tx_count < TX_MAX)
			w->tx[w->tx_count++] = (struct seen) { key->master, key->slot, w->step };
		return;
	}
	/* goes on in its slot, and nowhere else at the same time */
	hold(seen->step + 1 == w->step && seen->slot == key->slot);
	seen->step = w->step;
}

static void check_keys_of(struct world *w, struct ups_leg *leg, const struct ups_key_spec **all,
			  unsigned int *count)
{
	for (unsigned int place = 0; place < UPS_PLACE_COUNT; place++) {
		const struct ups_key_spec *key = ups_leg_key(leg, place);

		if (!key->suite)
			continue;
		for (unsigned int i = 0; i < *count; i++)
			hold(all[i]->master.size != key->master.size ||
			     memcmp(all[i]->master.data, key->master.data, key->master.size));
		hold(*count < 512);
		all[(*count)++] = key;
		if (place == UPS_PLACE_TX || place == UPS_PLACE_TX_RTCP)
			check_tx(w, key);
	}
}

static void check_keys(struct world *w)
{
	const struct ups_key_spec *all[512];
	const struct ups_session *s = NULL;
	unsigned int count = 0;

	w->step++;
	while ((s = ups_core_session_next(w->core, s))) {
		for (unsigned int i = 0; i < s->stream_count * UPS_LEGS; i++)
			check_keys_of(w, &s->stream[i / 2]->leg[i % 2], all, &count);
	}
	hold(count == ups_keyreg_live(w->core->keyreg));
	hold(count == w->core->keys.count - w->core->keys.free);
}

static bool is_clear(const struct ups_end *end)
{
	return end->decision.mechanism == UPS_MECH_NONE;
}

static const struct ups_rule *rule_named(const struct world *w, const char *name)
{
	for (unsigned int i = 0; i < w->policy.count; i++) {
		if (!strcmp(w->policy.rule[i].name, name))
			return &w->policy.rule[i];
	}
	return NULL;
}

static void check_end(struct world *w, struct past *past, unsigned int i, unsigned int side,
		      const struct ups_end *end)
{
	const struct ups_rule *rule = rule_named(w, end->decision.rule);

	if (is_clear(end)) {
		hold(!past->protected[i][side]);
		hold(!past->wish_required);
		hold(rule || past->policy != w->policies);
		hold(past->policy != w->policies || rule->protection != UPS_REQUIRE);
	}
	past->protected[i][side] |= !is_clear(end);
}

/* Legs in force are as agreed, and what is agreed has the protection that is due. */
static void check_agreed(struct world *w, unsigned int c)
{
	const struct ups_call *call = ups_call_find(w->calls, ups_text_of(call_ids[c]));
	struct past *past = &w->past[c];

	if (strcmp(past->party, call->callee[call->callee_media].tag)) {
		snprintf(past->party, sizeof(past->party), "%s",
			 call->callee[call->callee_media].tag);
		for (unsigned int i = 0; i < UPS_STREAMS_MAX; i++)
			past->protected[i][1] = false;
	}
	for (unsigned int i = 0; i < call->agreed.count; i++) {
		const struct ups_line *line = call->agreed.line[i];

		for (unsigned int side = 0; line->alive && side < UPS_LEGS; side++)
			check_end(w, past, i, side, &line->end[side]);
	}
}

static bool any_opaque(const struct ups_call *call)
{
	const struct ups_lines *lines[] = { &call->agreed, &call->offered };
	bool any = false;

	for (unsigned int l = 0; l < 2; l++) {
		for (unsigned int i = 0; i < lines[l]->count; i++)
			any |= lines[l]->line[i]->end[0].decision.mechanism == UPS_MECH_OPAQUE;
	}
	return any;
}

static unsigned int count_of(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Unless it was a key of ours that came back */
static void check_no_piece(const struct world *w, const struct past *past, const char *what)
{
	for (const char *at = w->sdp; (at = strstr(at, what)); at++) {
		char piece[96];

		snprintf(piece, sizeof(piece), "%.*s", (int)strcspn(at, "\r| "), at);
		hold(!strstr(w->out, piece) || strstr(past->told, piece));
	}
}

static void check_sdp(const struct world *w, const struct past *past, const struct ups_call *call)
{
	hold(count_of(w->out, "\r\nm=") == count_of(w->sdp, "\r\nm="));
	hold(!strstr(w->out, "acap") && !strstr(w->out, "\r\nk="));
	hold(!strstr(w->out, "BUNDLE"));
	if (any_opaque(call))
		return;
	hold(!strstr(w->out, "SECRET") && !strstr(w->out, "passwordpass"));
	hold(!strstr(w->out, ":C0:C0:C0"));
	check_no_piece(w, past, "inline:");
}

/* ---- steps ------------------------------------------------------------------------------------------------------------- */

static void choose_flags(struct world *w, struct ups_ng_flags *f)
{
	static const enum ups_sdp_proto protos[] = { UPS_SDP_PROTO_NONE, UPS_SDP_PROTO_NONE,
						     UPS_SDP_AVP,	 UPS_SDP_SAVP,
						     UPS_SDP_TLS_SAVPF,	 UPS_SDP_AVPF,
						     UPS_SDP_SAVPF,	 UPS_SDP_PROTO_NONE };
	unsigned int bits = byte(w), more = byte(w), most = byte(w);

	*f = (struct ups_ng_flags) { .delete_delay = -1,
				     .transport = protos[bits & 7],
				     .osrtp_offer = bits & 8,
				     .strict_source = (bits & 0x70) == 0x70,
				     .ice = (more & 3) % 3,
				     .sdes_off = (more & 0x1c) == 0x1c,
				     .dtls = (more & 0x60) == 0x60 ? more >> 1 & 3 : 0,
				     .mux = most & 8 ? 1u << (most & 7) % 5 : 0,
				     .sdes_only = (most & 0x30) == 0x30 ? 1u << 2 : 0 };
	f->direction[0] = UPS_TEXT("users");
	f->direction[1] = most & 0x40 ? UPS_TEXT("open") : UPS_TEXT("peers");
	f->has_wish = (most & 0x80) && (bits & 0x80);
	f->wish = UPS_WISH_REQUIRED;
	if ((more & 0x80) && (most & 3) == 3) {
		f->cpm_address = UPS_TEXT("sip:a@example.net");
		f->authenticated = UPS_NG_YES;
		f->has_registered_source = bits & 1;
		f->registered_source = address("192.0.2.70");
	}
	if ((most & 0x70) == 0x20)
		f->family = more & 1 ? AF_INET : AF_INET6;
	if ((most & 0x70) == 0x50) {
		f->has_signalling[0] = f->has_signalling[1] = true;
		f->signalling[0] = more % 3;
		f->signalling[1] = bits % 3;
	}
}

static void note_agreed(struct world *w, unsigned int c, const struct ups_call_request *rq)
{
	struct past *past = &w->past[c];

	past->wish_required |= rq->flags->has_wish;
	if (rq->op == UPS_CALL_OFFER)
		past->policy = w->policies;
	else
		check_agreed(w, c);
	memcpy(past->told, w->out, sizeof(past->told));
}

static void request(struct world *w, unsigned int c, enum ups_call_op op)
{
	unsigned int bits = byte(w);
	const char *callee = callees[(bits & 3) % 3], *caller = "alice";
	bool by_callee = (bits & 0x1c) == 0x1c;
	struct ups_ng_flags flags;
	struct ups_buf buf = ups_buf_init(w->out, sizeof(w->out) - 1);
	struct ups_call_report report = { .sdp = &buf };
	struct ups_errmsg msg = { "" };
	struct ups_plan plan;
	struct ups_call_request rq = { .op = op,
				       .call_id = ups_text_of(call_ids[c]),
				       .from_tag = ups_text_of(by_callee ? callee : caller),
				       .to_tag = ups_text_of(by_callee ? caller : callee),
				       .flags = &flags,
				       .signalling = UPS_SIGNALLING_ENCRYPTED,
				       .source = "fuzz",
				       .now_ns = w->now_ns,
				       .now_unix = 1 };
	int err;

	choose_flags(w, &flags);
	if (op == UPS_CALL_OFFER)
		put_offer(w, &w->past[c], by_callee);
	else
		put_answer(w, &w->past[c], !by_callee);
	rq.sdp = ups_text_of(w->sdp);
	remember(w);
	err = bits & 0x20 && (bits & 0xc0) == 0xc0
		      ? ups_calls_check(w->calls, &rq, &report, &msg)
		      : ups_calls_request(w->calls, &rq, &plan, &report, &msg);
	w->out[buf.size] = '\0';
	hold(!err || msg.text[0]);
	if (err || (bits & 0xe0) == 0xe0) {
		check_unchanged(w);
		return;
	}
	if ((bits & 0xe0) == 0x60) {
		ups_calls_abort(w->calls, &plan);
		check_unchanged(w);
		return;
	}
	ups_calls_commit(w->calls, &plan);
	check_sdp(w, &w->past[c], ups_call_find(w->calls, rq.call_id));
	note_agreed(w, c, &rq);
}

static void finish(struct world *w, struct ups_plan *plan, bool commit)
{
	if (commit) {
		ups_calls_commit(w->calls, plan);
		return;
	}
	ups_calls_abort(w->calls, plan);
	check_unchanged(w);
}

static void forget_ended(struct world *w)
{
	for (unsigned int c = 0; c < CALLS; c++) {
		if (!ups_call_find(w->calls, ups_text_of(call_ids[c])))
			w->past[c] = (struct past) {};
	}
}

static void remove_call(struct world *w, unsigned int c)
{
	unsigned int bits = byte(w);
	struct ups_text tag = bits & 1 ? ups_text_of(callees[(bits >> 1 & 3) % 3])
				       : (struct ups_text) {};
	struct ups_plan plan;

	if (bits & 0x40) {
		(void)!ups_calls_end_at(w->calls, ups_text_of(call_ids[c]), UPS_TEXT("alice"), tag,
					w->now_ns + SECOND);
		return;
	}
	remember(w);
	if (!ups_calls_delete(w->calls, ups_text_of(call_ids[c]),
			      bits & 8 ? UPS_TEXT("alice") : (struct ups_text) {}, tag, &plan,
			      NULL))
		finish(w, &plan, !(bits & 0x80));
	else
		check_unchanged(w);
}

static uint64_t never(void *aux, const struct ups_session *session)
{
	(void)aux;
	(void)session;
	return 0;
}

static void pass_time(struct world *w)
{
	unsigned int bits = byte(w);
	char id[UPS_SESSION_ID_MAX], why[128];
	struct ups_plan plan;

	w->now_ns += (bits & 15) * SECOND;
	while (ups_core_due(w->core, w->now_ns, &plan) > 0)
		ups_core_commit(w->core, &plan);
	remember(w);
	if (ups_calls_due(w->calls, w->now_ns, bits & 0x10 ? 8 * SECOND : 0, never, NULL, &plan, id,
			  why, sizeof(why)) > 0)
		finish(w, &plan, !(bits & 0x80));
}

static void shake_hands(struct world *w)
{
	unsigned int bits = byte(w);
	const struct ups_session *s = ups_core_session_next(w->core, NULL);
	const struct ups_stream *stream;
	unsigned int leg = bits >> 2 & 1;
	struct ups_dtls_keys keys = { .suite = UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
				      .rtcp = (bits & 0xc0) == 0xc0,
				      .peer = address("192.0.2.70") };
	struct ups_plan plan;

	if (s && bits & 8 && ups_core_session_next(w->core, s))
		s = ups_core_session_next(w->core, s);
	if (!s || !s->stream_count)
		return;
	stream = s->stream[(bits & 3) % s->stream_count];
	keys.association = stream->leg[leg].dtls.association;
	keys.rx.size = keys.tx.size = 30;
	hold(!ups_random(keys.rx.data, 30) && !ups_random(keys.tx.data, 30));
	ups_addr_set_port(&keys.peer, 4000);
	remember(w);
	if (ups_core_dtls_keys(w->core, stream->flow[leg], &keys, w->now_ns, &plan, NULL)) {
		check_unchanged(w);
	} else if (bits & 0x10) {
		ups_core_abort(w->core, &plan);
		check_unchanged(w);
	} else {
		ups_core_commit(w->core, &plan);
	}
}

static void change_policy(struct world *w)
{
	unsigned int bits = byte(w);
	struct ups_rule *rule;

	ups_policy_init(&w->policy, !(bits & 0x80));
	w->policies++;
	if (bits & 0x40)
		return;
	memmove(&w->policy.rule[1], &w->policy.rule[0], w->policy.count * sizeof(*rule));
	w->policy.count++;
	rule = &w->policy.rule[0];
	ups_rule_init(rule, "fuzz");
	rule->protection = bits & 3;
	rule->opaque = bits & 4;
	rule->osrtp = bits & 8;
	rule->unprotected_interworking = bits & 16;
	rule->ipsec = bits & 32;
	rule->proxy_explicit = true;
}

static void change_registrations(struct world *w)
{
	unsigned int bits = byte(w);
	struct ups_addr source = address("192.0.2.70");

	source.ip[15] = (uint8_t)(source.ip[15] + (bits & 3));
	if (bits & 0x80)
		ups_registrations_del(w->registrations, UPS_TEXT("sip:a@example.net"), NULL);
	else
		(void)!ups_registrations_add(w->registrations, UPS_TEXT("sip:a@example.net"),
					     &source, w->now_ns + (bits & 31) * SECOND, NULL);
}

static void take_step(struct world *w)
{
	unsigned int bits = byte(w), c = (bits >> 4 & 3) % CALLS;

	switch (bits & 15) {
	case 0 ... 4:
		request(w, c, UPS_CALL_OFFER);
		break;
	case 5 ... 9:
		request(w, c, UPS_CALL_ANSWER);
		break;
	case 10:
		remove_call(w, c);
		break;
	case 11:
		pass_time(w);
		break;
	case 12:
	case 13:
		shake_hands(w);
		break;
	case 14:
		change_policy(w);
		break;
	default:
		change_registrations(w);
		break;
	}
	forget_ended(w);
	check_keys(w);
}

static void end_all(struct world *w)
{
	struct ups_plan plan;

	for (unsigned int c = 0; c < CALLS; c++) {
		if (!ups_calls_delete(w->calls, ups_text_of(call_ids[c]), (struct ups_text) {},
				      (struct ups_text) {}, &plan, NULL))
			ups_calls_commit(w->calls, &plan);
	}
	hold(!w->calls->table && !ups_core_session_count(w->core));
	hold(w->core->flows.free == w->core->flows.count);
	hold(w->core->keys.free == w->core->keys.count);
	hold(!w->core->ssrcs.taken && !used_ports(w->core));
	hold(!ups_keyreg_live(w->core->keyreg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = calloc(1, sizeof(*w));

	hold(w != NULL);
	w->in = data;
	w->left = size;
	setup(w);
	for (unsigned int i = 0; i < STEPS && w->left; i++)
		take_step(w);
	end_all(w);
	ups_calls_destroy(w->calls);
	ups_registrations_destroy(w->registrations);
	free(w);
	return 0;
}
