/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The vocabulary of ng: one table of keys and one of bare words, with what each does here. Internal to proto/ng.c.
 *
 * A key's value is one item or a list of items. Bare words come from `flags` and `rtpp-flags` and are looked up in three steps:
 * as a word of the table; as KEY=VALUE; as KEY-VALUE, the way Kamailio's scripts write lists (replace-origin, SDES-no-..., rtcp-mux-demux).
 */
#ifndef UPSEC_PROTO_NG_WORDS_H
#define UPSEC_PROTO_NG_WORDS_H

#include "base/buf.h"
#include "proto/ng.h"

/* Of the combination of shorthand words RTP, AVP, SRTP, AVPF, DTLS */
#define UPS_SHORT_SAID (1u << 0)
#define UPS_SHORT_SRTP (1u << 1)
#define UPS_SHORT_FEEDBACK (1u << 2)
#define UPS_SHORT_DTLS (1u << 3)

struct ups_ng_parser {
	struct ups_arena *arena;
	struct ups_ng_request *out;
	bool media; /* offer or answer: what would change media counts; else it is passed over */
	bool raw; /* inside rtpp-flags */
	uint32_t shorthand; /* UPS_SHORT_* */
	unsigned int directions;
	bool only_unknown; /* SDES=only- names suites we do not have */
	struct ups_text family; /* first item of received-from */
	struct ups_buf warning;
	struct ups_errmsg *msg;
};

/* One item of the value of @key (which stands first of @count at @index) */
struct ups_ng_item {
	struct ups_text key, text; /* an integer is here as decimal text */
	unsigned int index, count;
};

/* A key with its value, as the dictionary has it. UPS_E_SYNTAX, UPS_E_UNSUPPORTED, -ENOMEM */
int ups_ng_key(struct ups_ng_parser *p, struct ups_text key,
	       const struct ups_value *value) __must_check;
/* All of `flags` (list, or one string) and of `rtpp-flags` */
int ups_ng_flag_list(struct ups_ng_parser *p, const struct ups_value *value) __must_check;
int ups_ng_raw_flags(struct ups_ng_parser *p, struct ups_text text) __must_check;
/* What depends on several words; call last. */
int ups_ng_words_finish(struct ups_ng_parser *p) __must_check;

/* ---- proto/ng_items.c ---- */

int ups_ng_call_id_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_from_tag_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_to_tag_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_via_branch_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_sdp_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_supports_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_limit_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_delay_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_tos_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_transport_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_direction_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_address_family_item(struct ups_ng_parser *p,
			       const struct ups_ng_item *item) __must_check;
int ups_ng_media_address_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_received_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_sdes_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_wish_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_signalling_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_cpm_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_registered_item(struct ups_ng_parser *p, const struct ups_ng_item *item) __must_check;
int ups_ng_add_side(struct ups_ng_parser *p, struct ups_text name) __must_check;
int ups_ng_bad_value(struct ups_ng_parser *p, const struct ups_ng_item *item,
		     const char *expected) __must_check;
/* Puts a word nobody knows into the warning, without what could disturb a terminal. */
void ups_ng_warn(struct ups_ng_parser *p, struct ups_text text);
void ups_ng_warn_item(struct ups_ng_parser *p, const struct ups_ng_item *item);

#endif
