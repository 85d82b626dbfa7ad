/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls without a data plane: a core, its calls, a policy; requests from SDP texts; commit stands for the data plane. The two
 * parties' SDP comes from sdp_*() below; what upsec makes of it is in world.out.
 */
#ifndef UPS_TEST_CALLFIX_H
#define UPS_TEST_CALLFIX_H

#include "fixture.h"

#include <arpa/inet.h>

#include "core/call.h"
#include "proto/sdes.h"

struct world {
	struct ups_policy policy;
	struct ups_registrations *registrations;
	struct ups_core *core;
	struct ups_calls *calls;
	struct ups_call_report report;
	struct ups_errmsg msg;
	struct ups_ng_flags flags; /* of the next request */
	enum ups_assurance signalling;
	uint64_t now_ns;
	bool refuse; /* the data plane refuses the next plan */
	struct ups_plan plan; /* of the last request */
	char out[65536]; /* SDP of the last request, NUL-terminated */
};

TEST_INLINE int world_fingerprint(void *aux, struct ups_fingerprint *out)
{
	(void)aux;
	*out = (struct ups_fingerprint) { .hash = UPS_HASH_SHA256, .size = 32 };
	memset(out->value, 0xab, 32);
	return 0;
}

static int world_ipsec; /* what ipsec_covers() says */
TEST_INLINE int world_covers(void *aux, const struct ups_addr *local, const struct ups_addr *remote,
			     char *why, size_t size)
{
	(void)aux;
	(void)local;
	(void)remote;
	snprintf(why, size, "fixture");
	return world_ipsec;
}

TEST_INLINE struct world *world_create(bool without_file)
{
	struct world *w = calloc(1, sizeof(*w));
	struct ups_calls_config config = { .ifaces = fixture_ifaces,
					   .iface_count = IFACES,
					   .latch_srtp = without_file,
					   .ops = { .fingerprint = world_fingerprint,
						    .ipsec_covers = world_covers } };

	assert_non_null(w);
	ups_policy_init(&w->policy, without_file);
	w->core = make_core(&fixture_limits, 256);
	assert_int_equal(ups_registrations_create(64, &w->registrations), 0);
	config.policy = &w->policy;
	config.registrations = w->registrations;
	assert_int_equal(ups_calls_create(w->core, &config, &w->calls), 0);
	w->signalling = UPS_SIGNALLING_ENCRYPTED;
	w->now_ns = 100 * SECOND;
	w->flags.delete_delay = -1;
	w->flags.direction[0] = UPS_TEXT("users");
	w->flags.direction[1] = UPS_TEXT("peers");
	return w;
}

TEST_INLINE void world_destroy(struct world *w)
{
	ups_calls_destroy(w->calls);
	ups_registrations_destroy(w->registrations);
	ups_core_destroy(w->core);
	free(w);
}

TEST_INLINE int world_request(struct world *w, enum ups_call_op op, const char *from,
			      const char *to, const char *sdp)
{
	struct ups_buf buf = ups_buf_init(w->out, sizeof(w->out) - 1);
	struct ups_call_request rq = {
		.op = op,
		.call_id = UPS_TEXT("call@test"),
		.from_tag = ups_text_of(from),
		.to_tag = ups_text_of(to),
		.sdp = ups_text_of(sdp),
		.flags = &w->flags,
		.signalling = w->signalling,
		.source = "test",
		.now_ns = w->now_ns,
		.now_unix = 1000,
	};
	int err;

	w->report.sdp = &buf;
	err = ups_calls_request(w->calls, &rq, &w->plan, &w->report, &w->msg);
	w->out[buf.size] = '\0';
	if (err)
		return err;
	if (w->refuse)
		ups_calls_abort(w->calls, &w->plan);
	else
		ups_calls_commit(w->calls, &w->plan);
	return 0;
}

TEST_INLINE int offer(struct world *w, const char *sdp)
{
	return world_request(w, UPS_CALL_OFFER, "alice", NULL, sdp);
}

TEST_INLINE int answer(struct world *w, const char *sdp)
{
	return world_request(w, UPS_CALL_ANSWER, "alice", "bob", sdp);
}

TEST_INLINE const struct ups_session *session_of(struct world *w)
{
	return ups_core_session_find(w->core, "call@test");
}

TEST_INLINE const struct ups_leg *leg_of(struct world *w, unsigned int stream, unsigned int leg)
{
	const struct ups_session *s = session_of(w);

	assert_non_null(s);
	for (unsigned int i = 0; i < s->stream_count; i++) {
		if (s->stream[i]->index == stream)
			return &s->stream[i]->leg[leg];
	}
	fail_msg("no stream %u", stream);
	return NULL;
}

/* ---- SDP of the parties: one m-line each; several by concatenating media_line()s to a head -------------------------- */

#define HEAD_A "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\n"
#define HEAD_B "v=0\r\no=- 2 1 IN IP4 198.51.100.77\r\ns=-\r\nc=IN IP4 198.51.100.77\r\nt=0 0\r\n"
#define KEY_A "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define KEY_B "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
#define KEY_C "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define FINGERPRINT_A            \
	"a=fingerprint:sha-256 " \
	"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1\r\n"
#define FINGERPRINT_B            \
	"a=fingerprint:sha-256 " \
	"BB:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F2\r\n"
#define CRYPTO(tag, suite, key) "a=crypto:" tag " " suite " inline:" key "\r\n"
#define CM80 "AES_CM_128_HMAC_SHA1_80"

/* The a=crypto line of @out for @suite; -> its tag, and the base64 key in @key */
TEST_INLINE unsigned int crypto_of(const struct world *w, const char *suite, char key[80])
{
	const char *at = w->out;

	while ((at = strstr(at, "a=crypto:"))) {
		unsigned int tag;
		char name[64];

		at += strlen("a=crypto:");
		if (sscanf(at, "%u %63s inline:%79s", &tag, name, key) == 3 && !strcmp(name, suite))
			return tag;
	}
	fail_msg("no a=crypto with %s in: %s", suite, w->out);
	return 0;
}

TEST_INLINE void assert_line(const struct world *w, const char *text)
{
	if (!strstr(w->out, text))
		fail_msg("'%s' is not in: %s", text, w->out);
}

TEST_INLINE void assert_no_line(const struct world *w, const char *text)
{
	if (strstr(w->out, text))
		fail_msg("'%s' is in: %s", text, w->out);
}

/* bob's answer to the SDES offer in @out, with @suite */
TEST_INLINE void sdes_answer(const struct world *w, const char *suite, const char *key, char *to,
			     size_t size)
{
	char ours[80];
	unsigned int tag = crypto_of(w, suite, ours);

	snprintf(to, size, HEAD_B "m=audio 4000 RTP/SAVP 0\r\na=crypto:%u %s inline:%s\r\n", tag,
		 suite, key);
}

#endif
