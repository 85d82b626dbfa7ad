// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The vocabulary of ng: see ng_words.h. The tables are the documentation: rtpengine's words, and ours at the end. */
#include "proto/ng_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FLAG(member) offsetof(struct ups_ng_flags, member)

struct word {
	const char *name;
	enum word_kind {
		PASS, /* changes nothing here */
		REFUSE, /* @sentence says why; passed over by commands other than offer and answer */
		TRUE, /* the bool at @offset */
		FALSE,
		BIT, /* @value is set in the 32 bits at @offset */
		SET, /* the 32 bits at @offset become @value */
		SHORT, /* @value is added to the transport shorthand */
		SIDE, /* the word itself is a logical interface of `direction` */
	} kind;
	size_t offset;
	uint32_t value;
	const char *sentence;
};

_Static_assert(sizeof(enum ups_ng_ice) == 4 && sizeof(enum ups_ng_dtls) == 4 &&
		       sizeof(enum ups_ng_answered) == 4,
	       "SET writes 32 bits");

static const char no_transcoding[] = "upsec does not transcode or change the list of codecs";
static const char no_recording[] = "upsec does not record or copy media";
static const char no_dtmf[] = "upsec does not make, remove or translate DTMF";
static const char no_blocking[] = "upsec does not block, silence or play media";
static const char no_fax[] = "upsec does not convert T.38";
static const char no_rtcp[] = "upsec does not make RTCP of its own, it relays that of the peers";
static const char one_source[] =
	"media is accepted from the signalled or the learned address only; use port-latching";
static const char no_attributes[] = "upsec does not edit attributes of the SDP";
static const char no_weakening[] = "it would take encryption or authentication from media";
static const char no_fragment[] = "fragments of SDP (trickle ICE) are not accepted";

/* ---- bare words ---- */

static const struct word words[] = {
	/* addresses and sources */
	{ "trust-address", FALSE, FLAG(sip_source_address), 0, NULL },
	{ "SIP-source-address", TRUE, FLAG(sip_source_address), 0, NULL },
	{ "strict-source", TRUE, FLAG(strict_source), 0, NULL },
	{ "port-latching", TRUE, FLAG(port_latching), 0, NULL },
	{ "no-port-latching", FALSE, FLAG(port_latching), 0, NULL },
	{ "asymmetric", REFUSE, 0, 0, one_source },
	{ "media-handover", REFUSE, 0, 0, one_source },
	{ "reset", REFUSE, 0, 0,
	  "what was learned of a peer ends only when its signalled address changes" },
	{ "symmetric", PASS, 0, 0, NULL }, /* as every leg is */
	{ "pierce-NAT", PASS, 0, 0, NULL },
	{ "NAT-wait", PASS, 0, 0, NULL },
	{ "internal", SIDE, 0, 0, NULL },
	{ "external", SIDE, 0, 0, NULL },
	/* transport: full names are read by ups_sdp_proto_parse() */
	{ "RTP", SHORT, 0, UPS_SHORT_SAID, NULL },
	{ "AVP", SHORT, 0, UPS_SHORT_SAID, NULL },
	{ "SRTP", SHORT, 0, UPS_SHORT_SAID | UPS_SHORT_SRTP, NULL },
	{ "AVPF", SHORT, 0, UPS_SHORT_SAID | UPS_SHORT_FEEDBACK, NULL },
	{ "SAVP", SHORT, 0, UPS_SHORT_SAID | UPS_SHORT_SRTP, NULL },
	{ "SAVPF", SHORT, 0, UPS_SHORT_SAID | UPS_SHORT_SRTP | UPS_SHORT_FEEDBACK, NULL },
	{ "DTLS", SHORT, 0, UPS_SHORT_SAID | UPS_SHORT_DTLS, NULL },
	/* SDP */
	{ "no-rtcp-attribute", TRUE, FLAG(no_rtcp_attribute), 0, NULL },
	{ "full-rtcp-attribute", TRUE, FLAG(full_rtcp_attribute), 0, NULL },
	{ "force-increment-sdp-ver", BIT, FLAG(replace), UPS_REPLACE_VERSION, NULL },
	{ "loop-protect", PASS, 0, 0, NULL },
	{ "generate-mid", PASS, 0, 0, NULL },
	{ "original-sendrecv", PASS, 0, 0, NULL }, /* directions are the parties' own */
	{ "no-tls-id", PASS, 0, 0, NULL },
	{ "trickle-ICE", PASS, 0, 0, NULL }, /* ICE-lite: the peer's candidates are not needed */
	{ "fragment", REFUSE, 0, 0, no_fragment },
	{ "strip-extmap", REFUSE, 0, 0, no_attributes },
	{ "inactive", REFUSE, 0, 0, no_attributes },
	/* keys */
	{ "recrypt", PASS, 0, 0, NULL }, /* always on */
	{ "pad-crypto", PASS, 0, 0, NULL }, /* padding of inline: is not needed to read it */
	/* codecs */
	{ "transcode", REFUSE, 0, 0, no_transcoding },
	{ "always-transcode", REFUSE, 0, 0, no_transcoding },
	{ "single-codec", REFUSE, 0, 0, no_transcoding },
	{ "allow-transcoding", PASS, 0, 0, NULL },
	{ "symmetric-codecs", PASS, 0, 0, NULL },
	{ "asymmetric-codecs", PASS, 0, 0, NULL },
	{ "allow-asymmetric-codecs", PASS, 0, 0, NULL },
	{ "reorder-codecs", PASS, 0, 0, NULL },
	{ "static-codec", PASS, 0, 0, NULL },
	{ "static-codecs", PASS, 0, 0, NULL },
	{ "reuse-codecs", PASS, 0, 0, NULL },
	{ "no-reuse-codecs", PASS, 0, 0, NULL },
	{ "no-codec-renegotiation", PASS, 0, 0, NULL },
	{ "allow-no-codec-media", PASS, 0, 0, NULL },
	{ "no-jitter-buffer", PASS, 0, 0, NULL },
	{ "passthrough", PASS, 0, 0, NULL },
	{ "no-passthrough", PASS, 0, 0, NULL },
	/* recording, playing, DTMF */
	{ "record-call", REFUSE, 0, 0, no_recording },
	{ "recording-announcement", REFUSE, 0, 0, no_recording },
	{ "SIPREC", REFUSE, 0, 0, no_recording },
	{ "exclude-recording", PASS, 0, 0, NULL },
	{ "discard-recording", PASS, 0, 0, NULL },
	{ "skip-recording-db", PASS, 0, 0, NULL },
	{ "block-media", REFUSE, 0, 0, no_blocking },
	{ "block-egress", REFUSE, 0, 0, no_blocking },
	{ "silence-media", REFUSE, 0, 0, no_blocking },
	{ "media-echo", REFUSE, 0, 0, no_blocking },
	{ "block-DTMF", REFUSE, 0, 0, no_dtmf },
	{ "inject-DTMF", REFUSE, 0, 0, no_dtmf },
	{ "detect-DTMF", PASS, 0, 0, NULL },
	{ "early-media", PASS, 0, 0, NULL }, /* media flows from the first answer on */
	/* RTCP */
	{ "generate-RTCP", REFUSE, 0, 0, no_rtcp },
	{ "mirror-RTCP", REFUSE, 0, 0, no_rtcp },
	{ "RTCP-mirror", REFUSE, 0, 0, no_rtcp },
	/* commands other than offer and answer */
	{ "fast", TRUE, FLAG(fast), 0, NULL },
	{ "fatal", TRUE, FLAG(fatal), 0, NULL },
	{ "to-tag", PASS, 0, 0, NULL },
	{ "all", PASS, 0, 0, NULL },
	{ "egress", PASS, 0, 0, NULL },
	{ "directional", PASS, 0, 0, NULL },
	/* how rtpengine runs itself */
	{ "unidirectional", PASS, 0, 0,
	  NULL }, /* one-way media may take the kernel path: here it may */
	{ "new-branch", PASS, 0, 0, NULL },
	{ "provisional", PASS, 0, 0, NULL },
	{ "no-redis-update", PASS, 0, 0, NULL },
	{ "debug", PASS, 0, 0, NULL },
	/* ours */
	{ "authenticated", SET, FLAG(authenticated), UPS_NG_YES, NULL },
};

/* ---- items of keys that are lists of words ---- */

static const struct word ice_words[] = {
	{ "remove", SET, FLAG(ice), UPS_NG_ICE_REMOVE, NULL },
	{ "force", SET, FLAG(ice), UPS_NG_ICE_FORCE, NULL },
	{ "default", SET, FLAG(ice), UPS_NG_ICE_DEFAULT, NULL },
	{ "optional", PASS, 0, 0, NULL },
	{ "force-relay", REFUSE, 0, 0, "upsec is no TURN relay and passes no candidates on" },
};

static const struct word replace_words[] = {
	{ "origin", BIT, FLAG(replace), UPS_REPLACE_ORIGIN, NULL },
	{ "session-connection", BIT, FLAG(replace), UPS_REPLACE_CONNECTION, NULL },
	{ "session-name", BIT, FLAG(replace), UPS_REPLACE_NAME, NULL },
	{ "username", BIT, FLAG(replace), UPS_REPLACE_USERNAME, NULL },
	{ "zero-address", BIT, FLAG(replace), UPS_REPLACE_ZERO, NULL },
	{ "sdp-version", BIT, FLAG(replace), UPS_REPLACE_VERSION, NULL },
	{ "force-increment-sdp-ver", BIT, FLAG(replace), UPS_REPLACE_VERSION, NULL },
};

static const struct word mux_words[] = {
	{ "offer", BIT, FLAG(mux), UPS_MUX_OFFER, NULL },
	{ "require", BIT, FLAG(mux), UPS_MUX_REQUIRE, NULL },
	{ "demux", BIT, FLAG(mux), UPS_MUX_DEMUX, NULL },
	{ "accept", BIT, FLAG(mux), UPS_MUX_ACCEPT, NULL },
	{ "reject", BIT, FLAG(mux), UPS_MUX_REJECT, NULL },
};

/* only-SUITE and no-SUITE are read by ups_ng_sdes_item(). Every leg has keys of its own, never the peer's: order, pad, static, nonew have no object. */
static const struct word sdes_words[] = {
	{ "off", TRUE, FLAG(sdes_off), 0, NULL },
	{ "no", TRUE, FLAG(sdes_off), 0, NULL },
	{ "disable", TRUE, FLAG(sdes_off), 0, NULL },
	{ "on", PASS, 0, 0, NULL },
	{ "nonew", PASS, 0, 0, NULL },
	{ "pad", PASS, 0, 0, NULL },
	{ "lifetime", PASS, 0, 0, NULL }, /* lifetimes are kept without being written */
	{ "static", PASS, 0, 0, NULL },
	{ "prefer", PASS, 0, 0, NULL }, /* the order of mechanisms is the provider's rule */
	{ "encrypted_srtp", PASS, 0, 0, NULL },
	{ "encrypted_srtcp", PASS, 0, 0, NULL },
	{ "authenticated_srtp", PASS, 0, 0, NULL },
	{ "unencrypted_srtp", REFUSE, 0, 0, no_weakening },
	{ "unencrypted_srtcp", REFUSE, 0, 0, no_weakening },
	{ "unauthenticated_srtp", REFUSE, 0, 0, no_weakening },
};

static const struct word dtls_words[] = {
	{ "off", SET, FLAG(dtls), UPS_NG_DTLS_OFF, NULL },
	{ "no", SET, FLAG(dtls), UPS_NG_DTLS_OFF, NULL },
	{ "disable", SET, FLAG(dtls), UPS_NG_DTLS_OFF, NULL },
	{ "active", SET, FLAG(dtls), UPS_NG_DTLS_ACTIVE, NULL },
	{ "passive", SET, FLAG(dtls), UPS_NG_DTLS_PASSIVE, NULL },
};

static const struct word osrtp_words[] = {
	{ "offer", TRUE, FLAG(osrtp_offer), 0, NULL },
	{ "offer-RFC", TRUE, FLAG(osrtp_offer), 0, NULL },
	{ "accept", TRUE, FLAG(osrtp_accept), 0, NULL },
	{ "accept-RFC", TRUE, FLAG(osrtp_accept), 0, NULL },
	{ "offer-legacy", REFUSE, 0, 0, "OSRTP is offered as RFC 8643 has it" },
	{ "accept-legacy", PASS, 0, 0, NULL },
};

static const struct word fax_words[] = {
	{ "decode", REFUSE, 0, 0, no_fax },
	{ "force", REFUSE, 0, 0, no_fax },
	{ "stop", PASS, 0, 0, NULL },
};

static const struct word learning_words[] = {
	{ "off", TRUE, FLAG(strict_source), 0, NULL },
	{ "immediate", PASS, 0, 0, NULL },
	{ "delayed", PASS, 0, 0, NULL },
	{ "heuristic", PASS, 0, 0, NULL },
};

static const struct word authenticated_words[] = {
	{ "yes", SET, FLAG(authenticated), UPS_NG_YES, NULL },
	{ "true", SET, FLAG(authenticated), UPS_NG_YES, NULL },
	{ "1", SET, FLAG(authenticated), UPS_NG_YES, NULL },
	{ "no", SET, FLAG(authenticated), UPS_NG_NO, NULL },
	{ "false", SET, FLAG(authenticated), UPS_NG_NO, NULL },
	{ "0", SET, FLAG(authenticated), UPS_NG_NO, NULL },
};

/* Values that ask for nothing, of keys that are refused otherwise */
static const struct word off_words[] = {
	{ "no", PASS, 0, 0, NULL },	 { "off", PASS, 0, 0, NULL },
	{ "0", PASS, 0, 0, NULL },	 { "false", PASS, 0, 0, NULL },
	{ "disable", PASS, 0, 0, NULL }, { "stop", PASS, 0, 0, NULL },
	{ "default", PASS, 0, 0, NULL },
};

/* ---- keys ---- */

enum key_kind {
	KEY_PASS, /* changes nothing here */
	KEY_WORDS, /* items of @words; an unknown one is named in the warning */
	KEY_STRICT, /* the same, but an unknown one is an error: ours; yes or no */
	KEY_REFUSE, /* unless all items are in off_words or the list is empty */
	KEY_ITEM, /* @item reads each */
};

struct key {
	const char *name;
	enum key_kind kind;
	const struct word *words;
	size_t word_count;
	const char *sentence;
	int (*item)(struct ups_ng_parser *p, const struct ups_ng_item *item);
	bool always; /* also read by commands other than offer and answer */
};

#define WORDS(list) KEY_WORDS, list, COUNT(list), NULL, NULL, false
#define REFUSED(sentence) KEY_REFUSE, NULL, 0, sentence, NULL, false
#define ITEMS(function, always) KEY_ITEM, NULL, 0, NULL, function, always
#define PASSED KEY_PASS, NULL, 0, NULL, NULL, false

static const struct key keys[] = {
	/* of every command */
	{ "command", PASSED },
	{ "call-id", ITEMS(ups_ng_call_id_item, true) },
	{ "from-tag", ITEMS(ups_ng_from_tag_item, true) },
	{ "to-tag", ITEMS(ups_ng_to_tag_item, true) },
	{ "via-branch", ITEMS(ups_ng_via_branch_item, true) },
	{ "supports", ITEMS(ups_ng_supports_item, true) },
	{ "limit", ITEMS(ups_ng_limit_item, true) },
	{ "delete-delay", ITEMS(ups_ng_delay_item, true) },
	{ "sdp", ITEMS(ups_ng_sdp_item, false) },
	{ "sip-message-type", PASSED },
	{ "sip-code", PASSED },
	{ "via-branch-param", PASSED },
	{ "label", PASSED },
	{ "set-label", PASSED },
	{ "from-label", PASSED },
	{ "to-label", PASSED },
	{ "address", PASSED },
	{ "all", PASSED },
	{ "xmlrpc-callback", PASSED },
	{ "metadata", PASSED }, /* of recordings */
	{ "output-destination", PASSED },
	{ "recording-file", PASSED },
	{ "recording-dir", PASSED },
	{ "recording-pattern", PASSED },
	{ "mos", PASSED },
	/* transport and addresses */
	{ "transport-protocol", ITEMS(ups_ng_transport_item, false) },
	{ "direction", ITEMS(ups_ng_direction_item, false) },
	{ "interface", REFUSED("name the logical interfaces of both sides in direction") },
	{ "address-family", ITEMS(ups_ng_address_family_item, false) },
	{ "media-address", ITEMS(ups_ng_media_address_item, false) },
	{ "received-from", ITEMS(ups_ng_received_item, false) },
	{ "endpoint-learning", WORDS(learning_words) },
	{ "TOS", ITEMS(ups_ng_tos_item, false) },
	{ "drop-traffic", REFUSED(no_blocking) },
	/* SDP */
	{ "replace", WORDS(replace_words) },
	{ "ICE", WORDS(ice_words) },
	{ "ICE-lite", PASSED }, /* always, on our side */
	{ "rtcp-mux", WORDS(mux_words) },
	{ "bundle", PASSED }, /* never: each m-line has ports of its own */
	{ "sdp-attr", REFUSED(no_attributes) },
	{ "extmap", REFUSED(no_attributes) },
	{ "template", REFUSED("upsec has no templates of flags") },
	/* keys */
	{ "SDES", KEY_WORDS, sdes_words, COUNT(sdes_words), NULL, ups_ng_sdes_item, false },
	{ "DTLS", WORDS(dtls_words) },
	{ "DTLS-reverse", PASSED }, /* towards the sender the role follows from its a=setup */
	{ "DTLS-fingerprint", PASSED }, /* SHA-256 */
	{ "OSRTP", WORDS(osrtp_words) },
	/* media as such */
	{ "codec", REFUSED(no_transcoding) },
	{ "transcode", REFUSED(no_transcoding) },
	{ "ptime", REFUSED(no_transcoding) },
	{ "ptime-reverse", REFUSED(no_transcoding) },
	{ "repacketize", REFUSED(no_transcoding) },
	{ "delay-buffer", REFUSED(no_transcoding) },
	{ "T.38", WORDS(fax_words) },
	{ "T38", WORDS(fax_words) },
	{ "record-call", REFUSED(no_recording) },
	{ "siprec", REFUSED(no_recording) },
	{ "audio-player", REFUSED(no_blocking) },
	{ "player", REFUSED(no_blocking) },
	{ "media-echo", REFUSED(no_blocking) },
	{ "moh", REFUSED(no_blocking) },
	{ "generate-RTCP", REFUSED(no_rtcp) },
	{ "mirror-RTCP", REFUSED(no_rtcp) },
	{ "DTMF-delay", REFUSED(no_dtmf) },
	{ "DTMF-security", REFUSED(no_dtmf) },
	{ "DTMF-security-trigger", REFUSED(no_dtmf) },
	{ "DTMF-security-trigger-end", REFUSED(no_dtmf) },
	{ "trigger", REFUSED(no_dtmf) },
	{ "trigger-end", REFUSED(no_dtmf) },
	{ "frequency", PASSED },
	{ "volume", PASSED },
	/* ours */
	{ "user-protection", ITEMS(ups_ng_wish_item, false) },
	{ "signalling", ITEMS(ups_ng_signalling_item, false) },
	{ "cpm-address", ITEMS(ups_ng_cpm_item, false) },
	{ "registered-source", ITEMS(ups_ng_registered_item, false) },
	{ "authenticated", KEY_STRICT, authenticated_words, COUNT(authenticated_words), NULL, NULL,
	  false },
};

/* ---- applying ---- */

static const struct word *find_word(const struct word *list, size_t count, struct ups_text text)
{
	for (size_t i = 0; i < count; i++) {
		if (ups_key_same(text, ups_text_of(list[i].name)))
			return &list[i];
	}
	return NULL;
}

static const struct key *find_key(struct ups_text text)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (ups_key_same(text, ups_text_of(keys[i].name)))
			return &keys[i];
	}
	return NULL;
}

static int refuse(struct ups_ng_parser *p, struct ups_text said, const char *sentence)
{
	if (!p->media)
		return 0;
	return ups_fail(p->msg, UPS_E_UNSUPPORTED, "'%.*s' is not supported: %s; leave it out",
			(int)(said.len < 80 ? said.len : 80), said.at, sentence);
}

static int apply_word(struct ups_ng_parser *p, const struct word *word, struct ups_text said)
{
	char *at = (char *)&p->out->flags + word->offset;
	bool yes = word->kind == TRUE;
	uint32_t bits;

	switch (word->kind) {
	case TRUE:
	case FALSE:
		memcpy(at, &yes, sizeof(yes));
		break;
	case BIT:
	case SET:
		memcpy(&bits, at, sizeof(bits));
		bits = word->kind == BIT ? bits | word->value : word->value;
		memcpy(at, &bits, sizeof(bits));
		break;
	case SHORT:
		p->shorthand |= word->value;
		break;
	case SIDE:
		return p->media ? ups_ng_add_side(p, said) : 0;
	case REFUSE:
		return refuse(p, said, word->sentence);
	case PASS:
		break;
	}
	return 0;
}

static int apply_item(struct ups_ng_parser *p, const struct key *key,
		      const struct ups_ng_item *item)
{
	const struct word *word;

	if (key->kind == KEY_PASS || (!p->media && !key->always))
		return 0;
	if (key->kind == KEY_ITEM)
		return key->item(p, item);
	if (key->kind == KEY_REFUSE)
		return find_word(off_words, COUNT(off_words), item->text)
			       ? 0
			       : refuse(p, item->key, key->sentence);
	word = find_word(key->words, key->word_count, item->text);
	if (word)
		return apply_word(p, word, item->key);
	if (key->item)
		return key->item(p, item);
	if (key->kind == KEY_STRICT)
		return ups_ng_bad_value(p, item, "yes or no");
	ups_ng_warn_item(p, item);
	return 0;
}

static int value_text(struct ups_ng_parser *p, const struct ups_value *value, struct ups_text *out)
{
	char number[24];
	int len;
	char *copy;

	*out = value->text;
	if (value->type != UPS_VALUE_INT)
		return 0;
	len = snprintf(number, sizeof(number), "%" PRId64, value->number);
	copy = ups_arena_alloc(p->arena, (size_t)len);
	if (!copy)
		return ups_fail(p->msg, -ENOMEM, "no memory for the request");
	memcpy(copy, number, (size_t)len);
	*out = (struct ups_text) { copy, (size_t)len };
	return 0;
}

static int apply_list(struct ups_ng_parser *p, const struct key *key, struct ups_text said,
		      const struct ups_value *list)
{
	struct ups_ng_item item = { .key = said };
	int err = 0;

	for (const struct ups_value *v = list->first; v; v = v->next)
		item.count++;
	for (const struct ups_value *v = list->first; v && !err; v = v->next, item.index++) {
		err = value_text(p, v, &item.text);
		if (!err)
			err = apply_item(p, key, &item);
	}
	return err;
}

/* codec={strip: [...], ...}, sdp-attr={audio: {...}}: refused unless there is nothing in it */
static bool is_empty(const struct ups_value *dict)
{
	for (const struct ups_value *v = dict->first; v; v = v->next) {
		if ((v->type != UPS_VALUE_LIST && v->type != UPS_VALUE_DICT) || v->first)
			return false;
	}
	return true;
}

static int apply_key(struct ups_ng_parser *p, const struct key *key, struct ups_text said,
		     const struct ups_value *value)
{
	struct ups_ng_item item = { .key = said, .count = 1 };
	int err;

	if (value->type == UPS_VALUE_LIST)
		return apply_list(p, key, said, value);
	if (value->type == UPS_VALUE_DICT) {
		if (key->kind == KEY_REFUSE && !is_empty(value))
			return refuse(p, said, key->sentence);
		return 0;
	}
	err = value_text(p, value, &item.text);
	return err ? err : apply_item(p, key, &item);
}

int ups_ng_key(struct ups_ng_parser *p, struct ups_text name, const struct ups_value *value)
{
	const struct key *key = find_key(name);

	if (key)
		return apply_key(p, key, name, value);
	ups_ng_warn(p, name);
	return 0;
}

/* ---- bare words ---- */

/* The key that @text begins with, followed by '-' (or a blank, or '_'); the longest counts. */
static const struct key *find_prefix(struct ups_text text, struct ups_text *rest)
{
	const struct key *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < COUNT(keys); i++) {
		size_t len = strlen(keys[i].name);

		if (len <= longest || text.len <= len + 1 ||
		    !ups_key_same((struct ups_text) { text.at, len }, ups_text_of(keys[i].name)) ||
		    !ups_key_same((struct ups_text) { text.at + len, 1 }, UPS_TEXT("-")))
			continue;
		found = &keys[i];
		longest = len;
	}
	if (found)
		*rest = (struct ups_text) { text.at + longest + 1, text.len - longest - 1 };
	return found;
}

static int webrtc(struct ups_ng_parser *p)
{
	struct ups_ng_flags *flags = &p->out->flags;

	flags->transport = UPS_SDP_TLS_SAVPF;
	flags->ice = UPS_NG_ICE_FORCE;
	flags->mux |= UPS_MUX_OFFER | UPS_MUX_REQUIRE;
	flags->sdes_off = true;
	return 0;
}

/* KEY=VALUE or KEY-VALUE; anything else is a word nobody knows */
static int compound_word(struct ups_ng_parser *p, struct ups_text text)
{
	struct ups_text rest = text, name = ups_text_cut(&rest, '=');
	struct ups_ng_item item = { .key = name, .text = rest, .count = 1 };
	const struct key *key = name.len < text.len ? find_key(name) : NULL;

	if (key)
		return apply_item(p, key, &item);
	key = name.len == text.len ? find_prefix(text, &item.text) : NULL;
	if (key && (key->kind == KEY_WORDS || key->kind == KEY_STRICT || key->kind == KEY_REFUSE ||
		    key->item == ups_ng_sdes_item || key->item == ups_ng_wish_item ||
		    key->item == ups_ng_signalling_item || key->item == ups_ng_direction_item))
		return apply_item(p, key, &item);
	ups_ng_warn(p, text);
	return 0;
}

static int bare_word(struct ups_ng_parser *p, struct ups_text text)
{
	const struct word *word = find_word(words, COUNT(words), text);
	enum ups_sdp_proto proto;

	if (word)
		return apply_word(p, word, text);
	proto = ups_sdp_proto_parse(text);
	if (proto != UPS_SDP_PROTO_NONE && proto != UPS_SDP_OTHER) {
		p->out->flags.transport = proto;
		return 0;
	}
	if (ups_key_same(text, UPS_TEXT("WebRTC")))
		return webrtc(p);
	return compound_word(p, text);
}

static int split_words(struct ups_ng_parser *p, struct ups_text text)
{
	int err = 0;

	while (text.len && !err) {
		struct ups_text word = ups_text_trim(ups_text_cut(&text, ' '));

		if (word.len)
			err = bare_word(p, word);
	}
	return err;
}

int ups_ng_flag_list(struct ups_ng_parser *p, const struct ups_value *value)
{
	int err = 0;

	if (value->type == UPS_VALUE_STRING)
		return find_word(words, COUNT(words), value->text) ? bare_word(p, value->text)
								   : split_words(p, value->text);
	for (const struct ups_value *v = value->first; v && !err; v = v->next) {
		if (v->type == UPS_VALUE_STRING)
			err = bare_word(p, v->text);
	}
	return err;
}

/* ---- rtpp-flags ---- */

/* KEY=[a b c]: the list is built in the arena; @text begins behind '[' and moves behind ']'. */
static int raw_list(struct ups_ng_parser *p, struct ups_text name, struct ups_text *text)
{
	struct ups_value_builder b = { .arena = p->arena };
	struct ups_value *dict = ups_value_dict(&b), *list = ups_value_add_list(&b, dict, "");
	struct ups_text inside;

	if (!text->len || !memchr(text->at, ']', text->len))
		return ups_fail(p->msg, UPS_E_SYNTAX, "rtpp-flags: '%.*s=[' has no ']'",
				(int)(name.len < 40 ? name.len : 40), name.at);
	inside = ups_text_cut(text, ']');
	while (inside.len && !b.failed) {
		struct ups_text item = ups_text_trim(ups_text_cut(&inside, ' '));

		if (item.len)
			ups_value_add_text(&b, list, "", item);
	}
	if (b.failed)
		return ups_fail(p->msg, -ENOMEM, "no memory for the request");
	return ups_ng_key(p, name, list);
}

int ups_ng_raw_flags(struct ups_ng_parser *p, struct ups_text text)
{
	int err = 0;

	p->raw = true;
	while (text.len && !err) {
		struct ups_text start = text, word = ups_text_cut(&text, ' '), value = word;
		struct ups_text name = ups_text_cut(&value, '=');

		if (value.len && value.at[0] == '[') {
			size_t used = (size_t)(value.at + 1 - start.at);

			text = (struct ups_text) { start.at + used, start.len - used };
			err = raw_list(p, ups_text_trim(name), &text);
		} else if (ups_text_trim(word).len) {
			err = bare_word(p, ups_text_trim(word));
		}
	}
	p->raw = false;
	return err;
}

/* ---- at the end ---- */

static enum ups_sdp_proto shorthand(uint32_t said)
{
	bool feedback = said & UPS_SHORT_FEEDBACK;

	if (said & UPS_SHORT_DTLS)
		return feedback ? UPS_SDP_TLS_SAVPF : UPS_SDP_TLS_SAVP;
	if (said & UPS_SHORT_SRTP)
		return feedback ? UPS_SDP_SAVPF : UPS_SDP_SAVP;
	return feedback ? UPS_SDP_AVPF : UPS_SDP_AVP;
}

int ups_ng_words_finish(struct ups_ng_parser *p)
{
	struct ups_ng_flags *flags = &p->out->flags;

	if (p->shorthand && flags->transport == UPS_SDP_PROTO_NONE)
		flags->transport = shorthand(p->shorthand);
	/* Nothing of what was asked for is here: no restriction at all would be the opposite of it. */
	if (p->media && p->only_unknown && !flags->sdes_only)
		return ups_fail(
			p->msg, UPS_E_UNSUPPORTED,
			"SDES=only-...: upsec has none of the suites that were named; name others, or "
			"leave it out");
	if (p->warning.size)
		p->out->warning = ups_buf_text(&p->warning);
	return 0;
}
