// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keys of one end of a call: security descriptions (RFC 4568), DTLS-SRTP parameters (RFC 5763, 8842), ICE-lite credentials.
 * Every key of ours is random and serves one leg, one direction and one m-line (RFC 4568 6.1, 7.1.4). Control thread.
 */
#include "core/call_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "crypto/srtp.h"
#include "proto/sdes.h"

static bool verdict_has(const struct ups_verdict *v, uint8_t suite)
{
	for (unsigned int i = 0; i < v->suite_count; i++) {
		if (v->suite[i] == suite)
			return true;
	}
	return false;
}

static uint32_t verdict_mask(const struct ups_verdict *v)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < v->suite_count; i++)
		mask |= 1u << v->suite[i];
	return mask;
}

bool ups_call_same_key(const struct ups_key_spec *a, const struct ups_key_spec *b)
{
	return a->suite == b->suite && a->master.size == b->master.size &&
	       ups_equal(a->master.data, b->master.data, a->master.size);
}

int ups_call_random_key(uint8_t suite, struct ups_key_spec *out)
{
	size_t size = ups_sdes_master_size(suite);

	*out = (struct ups_key_spec) { .suite = suite, .master.size = (uint8_t)size };
	return size ? ups_random(out->master.data, size) : UPS_E_SUITE;
}

/* ---- security descriptions: what a party offers ------------------------------------------------------------------ */

static void to_specs(const struct ups_sdes_crypto *c, struct ups_end *end)
{
	end->tag = c->tag;
	end->rx_count = c->key_count;
	for (unsigned int i = 0; i < c->key_count; i++) {
		struct ups_key_spec *spec = &end->rx[i];

		*spec = (struct ups_key_spec) {
			.suite = c->suite,
			.master = c->key[i].master,
			.mki_len = c->key[i].mki_len,
			.rtcp_clear = c->unencrypted_srtcp,
			.rtp_lifetime = c->key[i].lifetime,
		};
		/* one number for both: SRTCP ends at 2^31 whatever was asked (RFC 3711 9.2) */
		if (spec->rtp_lifetime && spec->rtp_lifetime < UPS_RTCP_LIFETIME_MAX)
			spec->rtcp_lifetime = spec->rtp_lifetime;
		memcpy(spec->mki, c->key[i].mki, sizeof(spec->mki));
	}
}

/* UNENCRYPTED_SRTCP leaves RTCP readable: less than what protection means here (A12). A KDR other than 0 we do not do. */
bool ups_call_crypto_usable(const struct ups_sdes_crypto *c)
{
	return c->suite && !c->unencrypted_srtp && !c->unauthenticated_srtp &&
	       !c->unencrypted_srtcp && !c->fec && !c->kdr;
}

static uint64_t lower(uint64_t lifetime, uint64_t limit)
{
	return limit && limit < lifetime ? limit : lifetime;
}

/* What a party states is the most that its key is good for; that our limit is lower is no reason to refuse it. */
static void limit_lifetimes(const struct ups_call_work *w, struct ups_end *end)
{
	const struct ups_limits *limits = ups_core_limits(w->calls->core);

	for (unsigned int i = 0; i < end->rx_count; i++) {
		struct ups_key_spec *rx = &end->rx[i];

		rx->rtp_lifetime = lower(rx->rtp_lifetime, limits->rtp_lifetime);
		rx->rtcp_lifetime = lower(rx->rtcp_lifetime, limits->rtcp_lifetime);
	}
}

/* The first that is acceptable, in the offerer's order (RFC 4568 5.1.2). */
int ups_call_take_crypto(struct ups_call_work *w, const struct ups_sdp_media *m,
			 const struct ups_verdict *verdict, struct ups_end *end)
{
	for (unsigned int i = 0; i < m->crypto_count; i++) {
		struct ups_sdes_crypto c;
		bool take = !ups_sdes_parse_crypto(m->crypto[i], &c, NULL) &&
			    ups_call_crypto_usable(&c) && verdict_has(verdict, c.suite);

		if (take)
			to_specs(&c, end);
		ups_sdes_crypto_wipe(&c);
		if (!take)
			continue;
		limit_lifetimes(w, end);
		return 0;
	}
	return ups_call_refuse(
		&end->decision, UPS_BY_PROVIDER, UPS_E_POLICY,
		"none of the %u a=crypto lines has a permitted suite, a valid key and no "
		"weakening parameter (rule %s)",
		m->crypto_count, end->decision.rule);
}

/* ---- security descriptions: what we offer ------------------------------------------------------------------------ */

static int own_line(uint32_t tag, uint8_t suite, struct ups_own_crypto *own)
{
	UPS_SECRET master = {};
	size_t size = ups_sdes_master_size(suite);
	int err = size ? ups_random(master.data, size) : UPS_E_SUITE;

	master.size = (uint8_t)size;
	*own = (struct ups_own_crypto) { .tag = tag, .suite = suite, .master = master };
	return err;
}

int ups_call_own_crypto(const struct ups_verdict *verdict, const struct ups_end *agreed,
			struct ups_end *end)
{
	end->own_count = 0;
	/* our address towards this party has not moved: key and context go on (RFC 4568 7.1.4) */
	if (agreed && agreed->tx.suite && verdict_has(verdict, agreed->tx.suite)) {
		end->own[end->own_count++] = (struct ups_own_crypto) {
			.tag = agreed->tag, .suite = agreed->tx.suite, .master = agreed->tx.master
		};
		return 0;
	}
	/* offered before and not answered yet: a branch of the same call sees the same keys */
	if (agreed && agreed->own_count && !agreed->known) {
		end->own_count = agreed->own_count;
		memcpy(end->own, agreed->own, sizeof(end->own));
		return 0;
	}
	for (unsigned int i = 0; i < verdict->suite_count; i++) {
		int err = own_line(i + 1, verdict->suite[i], &end->own[end->own_count]);

		if (err)
			return err;
		end->own_count++;
	}
	return 0;
}

static const struct ups_own_crypto *find_own(const struct ups_end *end, uint32_t tag, uint8_t suite)
{
	for (unsigned int i = 0; i < end->own_count; i++) {
		if (end->own[i].tag == tag && end->own[i].suite == suite)
			return &end->own[i];
	}
	return NULL;
}

static bool key_is(const struct ups_key_spec *spec, const struct ups_secret *master)
{
	return spec->master.size == master->size &&
	       ups_equal(spec->master.data, master->data, master->size);
}

/* A peer that sends with a key of ours, or of the other party, would make two senders share a key stream (A7). */
static bool is_echo(const struct ups_line *line, const struct ups_key_spec *spec)
{
	for (unsigned int side = 0; side < UPS_LEGS; side++) {
		const struct ups_end *e = &line->end[side];

		for (unsigned int i = 0; i < e->own_count; i++) {
			if (key_is(spec, &e->own[i].master))
				return true;
		}
		if (e->tx.suite && key_is(spec, &e->tx.master))
			return true;
	}
	return false;
}

bool ups_call_is_ours(const struct ups_line *agreed, const struct ups_end *end)
{
	for (unsigned int i = 0; agreed && i < end->rx_count; i++) {
		if (is_echo(agreed, &end->rx[i]))
			return true;
	}
	return false;
}

static bool is_other_partys(const struct ups_end *other, const struct ups_key_spec *spec)
{
	for (unsigned int i = 0; i < other->rx_count; i++) {
		if (key_is(spec, &other->rx[i].master))
			return true;
	}
	return false;
}

static int refuse_answer(struct ups_end *end, const char *why)
{
	return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY, "the answer %s", why);
}

static int check_answered(const struct ups_sdes_crypto *c, const struct ups_line *line,
			  struct ups_end *end)
{
	const struct ups_own_crypto *own = find_own(end, c->tag, c->suite);
	const struct ups_end *other = &line->end[end == &line->end[0]];

	if (!c->suite || !own)
		return refuse_answer(end, "has an a=crypto whose tag and suite were not offered");
	if (c->unencrypted_srtp || c->unencrypted_srtcp || c->unauthenticated_srtp || c->fec)
		return refuse_answer(end, "adds session parameters that were not offered");
	if (c->kdr)
		return refuse_answer(end, "asks for a key derivation rate, which is not done");
	to_specs(c, end);
	for (unsigned int i = 0; i < end->rx_count; i++) {
		if (is_echo(line, &end->rx[i]))
			return refuse_answer(end, "repeats a key that we use or offered; each "
						  "direction needs its own");
		if (is_other_partys(other, &end->rx[i]))
			return refuse_answer(end, "has the key of the other party");
	}
	end->tx = (struct ups_key_spec) { .suite = own->suite, .master = own->master };
	return 0;
}

int ups_call_answered_crypto(const struct ups_call_work *w, const struct ups_sdp_media *m,
			     const struct ups_line *line, struct ups_end *end)
{
	struct ups_sdes_crypto c;
	int err;

	if (m->crypto_count != 1)
		return refuse_answer(end, m->crypto_count
						  ? "has several a=crypto lines; exactly one is due"
						  : "has no a=crypto line (RFC 4568 5.1.3)");
	if (ups_sdes_parse_crypto(m->crypto[0], &c, NULL))
		err = refuse_answer(end, "has an a=crypto line that is not valid");
	else
		err = check_answered(&c, line, end);
	ups_sdes_crypto_wipe(&c);
	limit_lifetimes(w, end);
	return err;
}

/* ---- DTLS-SRTP ---------------------------------------------------------------------------------------------------- */

/* Of several hashes the strongest counts, all fingerprints of it (RFC 8122 5). */
static unsigned int take_fingerprints(const struct ups_sdp_dtls *d, struct ups_dtls_spec *spec)
{
	uint8_t best = UPS_HASH_NONE;

	for (unsigned int i = 0; i < d->fingerprint_count && i < UPS_SDP_FINGERPRINTS_MAX; i++) {
		if (d->fingerprint[i].hash > best)
			best = d->fingerprint[i].hash;
	}
	spec->fingerprint_count = 0;
	for (unsigned int i = 0; best && i < d->fingerprint_count && i < UPS_SDP_FINGERPRINTS_MAX;
	     i++) {
		const struct ups_sdp_fingerprint *f = &d->fingerprint[i];
		struct ups_fingerprint *to = &spec->fingerprint[spec->fingerprint_count];

		if (f->hash != best)
			continue;
		*to = (struct ups_fingerprint) { .hash = f->hash, .size = f->size };
		memcpy(to->value, f->value, sizeof(to->value));
		spec->fingerprint_count++;
	}
	return spec->fingerprint_count;
}

static bool same_fingerprints(const struct ups_dtls_spec *a, const struct ups_dtls_spec *b)
{
	if (a->fingerprint_count != b->fingerprint_count)
		return false;
	for (unsigned int i = 0; i < a->fingerprint_count; i++) {
		if (a->fingerprint[i].hash != b->fingerprint[i].hash ||
		    a->fingerprint[i].size != b->fingerprint[i].size ||
		    !ups_equal(a->fingerprint[i].value, b->fingerprint[i].value,
			       a->fingerprint[i].size))
			return false;
	}
	return true;
}

/* RFC 8842 5.1: another fingerprint, tls-id or transport address is another association; addresses that ICE finds are none of its terms. */
static bool same_association(const struct ups_end *agreed, const struct ups_end *end)
{
	if (!agreed || !agreed->known || !agreed->dtls.on || !agreed->dtls.association)
		return false;
	return same_fingerprints(&agreed->dtls, &end->dtls) &&
	       !strcmp(agreed->tls_id, end->tls_id) &&
	       (ups_addr_equal(&agreed->remote, &end->remote) || (agreed->ice.on && end->ice.on));
}

/* The offerer left it to us: active is recommended (RFC 5763 5), but a party behind NAT is not reached by our ClientHello. */
static enum ups_dtls_role choose_role(const struct ups_call_work *w, const struct ups_end *end)
{
	if (w->flags->dtls == UPS_NG_DTLS_PASSIVE)
		return UPS_DTLS_PASSIVE;
	if (w->flags->dtls == UPS_NG_DTLS_ACTIVE)
		return UPS_DTLS_ACTIVE;
	return end->latch || end->ice.on ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE;
}

static int take_role(const struct ups_call_work *w, const struct ups_sdp_media *m, bool offer,
		     struct ups_end *end)
{
	switch (m->dtls.setup) {
	case UPS_SDP_SETUP_ACTIVE:
		end->dtls.role = UPS_DTLS_PASSIVE;
		return 0;
	case UPS_SDP_SETUP_PASSIVE:
		end->dtls.role = UPS_DTLS_ACTIVE;
		return 0;
	case UPS_SDP_SETUP_NONE: /* RFC 4145 4: an offer without it is active; lenient towards old endpoints that mean actpass */
	case UPS_SDP_SETUP_ACTPASS:
		if (!offer)
			break;
		end->dtls.role = m->dtls.setup == UPS_SDP_SETUP_NONE ? UPS_DTLS_PASSIVE
								     : choose_role(w, end);
		return 0;
	case UPS_SDP_SETUP_HOLDCONN:
		break;
	}
	return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY,
			       "a=setup says neither active nor passive, so nobody would begin the "
			       "DTLS handshake");
}

/* An answer belongs to the association that the offer opened, unless another party answered that offer before. An offer that insists on
 * another role wants another association (RFC 8842 5.3). */
static void set_association(struct ups_call_work *w, const struct ups_end *agreed, bool offer,
			    enum ups_sdp_setup said, struct ups_end *end)
{
	bool insists = offer && (said == UPS_SDP_SETUP_ACTIVE || said == UPS_SDP_SETUP_PASSIVE);

	if (same_association(agreed, end) && (!insists || end->dtls.role == agreed->dtls.role)) {
		/* the role stays until a new association is signalled (RFC 8842 5.3) */
		end->dtls.association = agreed->dtls.association;
		end->dtls.role = agreed->dtls.role;
		memcpy(end->own_tls_id, agreed->own_tls_id, sizeof(end->own_tls_id));
	} else if (offer || agreed || !end->dtls.association) {
		end->dtls.association = ++w->call->associations;
	}
}

static void common_dtls(struct ups_call_work *w, const struct ups_verdict *verdict,
			struct ups_end *end)
{
	(void)w;
	end->dtls.on = true;
	end->dtls.suites = verdict_mask(verdict);
	snprintf(end->dtls.peer_name, sizeof(end->dtls.peer_name), "%s", verdict->rule->peer_name);
}

int ups_call_take_dtls(struct ups_call_work *w, const struct ups_sdp_media *m,
		       const struct ups_verdict *verdict, const struct ups_end *agreed, bool offer,
		       struct ups_end *end)
{
	int err;

	common_dtls(w, verdict, end);
	if (!take_fingerprints(&m->dtls, &end->dtls))
		return ups_call_refuse(&end->decision, UPS_BY_PEER, UPS_E_POLICY,
				       "no a=fingerprint of SHA-256 or better (RFC 8122 5)");
	if (!ups_text_copy(m->dtls.tls_id, end->tls_id, sizeof(end->tls_id)))
		end->tls_id[0] = '\0';
	err = take_role(w, m, offer, end);
	if (err)
		return err;
	set_association(w, agreed, offer, m->dtls.setup, end);
	end->setup = end->dtls.role == UPS_DTLS_ACTIVE ? UPS_SDP_SETUP_ACTIVE
						       : UPS_SDP_SETUP_PASSIVE;
	if (offer && end->tls_id[0] && !end->own_tls_id[0])
		return ups_call_random_text(end->own_tls_id, sizeof(end->own_tls_id));
	return 0;
}

int ups_call_offer_dtls(struct ups_call_work *w, const struct ups_verdict *verdict,
			const struct ups_end *agreed, struct ups_end *end)
{
	common_dtls(w, verdict, end);
	end->setup = UPS_SDP_SETUP_ACTPASS; /* RFC 5763 5: an offer says nothing else */
	if (agreed && agreed->dtls.on) {
		end->dtls = agreed->dtls;
		end->dtls.suites = verdict_mask(verdict);
		memcpy(end->own_tls_id, agreed->own_tls_id, sizeof(end->own_tls_id));
		memcpy(end->tls_id, agreed->tls_id, sizeof(end->tls_id));
		return 0;
	}
	end->dtls.role = UPS_DTLS_UNDECIDED;
	end->dtls.association = ++w->call->associations;
	return ups_call_random_text(end->own_tls_id, sizeof(end->own_tls_id));
}

/* ---- random texts --------------------------------------------------------------------------------------------------- */

/* @size - 1 characters of ice-char (RFC 8839 5.4), 6 random bits each */
int ups_call_random_text(char *to, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bytes[64];
	int err = ups_random(bytes, size - 1 < sizeof(bytes) ? size - 1 : sizeof(bytes));

	if (err)
		return err;
	for (size_t i = 0; i < size - 1; i++)
		to[i] = letters[bytes[i % sizeof(bytes)] & 63];
	to[size - 1] = '\0';
	ups_wipe(bytes, sizeof(bytes));
	return 0;
}

int ups_call_own_ice(struct ups_end *end)
{
	int err = ups_call_random_text(end->ice.local_ufrag, sizeof(end->ice.local_ufrag));

	end->ice.on = true;
	return err ? err : ups_call_random_text(end->ice.local_pwd, sizeof(end->ice.local_pwd));
}
