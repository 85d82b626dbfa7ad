// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Validation of a session request, outside in: session, stream, leg, addresses, keys. Any thread. */
#include "core/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "crypto/srtp.h"
#include "proto/sdp.h"

#define ECN_BITS 3 /* of the TOS byte: not the caller's to set */

int ups_check_fail(const struct ups_check_at *at, int err, const char *fmt, ...)
{
	char text[sizeof(at->msg->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ups_fail(at->msg, err, "stream %u (%s), leg %u: %s", at->stream, at->media, at->leg,
			text);
}

const struct ups_iface *ups_check_iface(const struct ups_check *check, const char *name)
{
	for (unsigned int i = 0; name && i < check->iface_count; i++) {
		if (!strcmp(check->ifaces[i].name, name))
			return &check->ifaces[i];
	}
	return NULL;
}

bool ups_check_word(const char *text, size_t size)
{
	size_t len = text ? strnlen(text, size) : 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return len > 0 && len < size;
}

/* Address block that no media packet may be sent to; matched on the 16-byte form. */
static const struct {
	uint8_t ip[16];
	unsigned int bits;
	const char *what;
} refused_blocks[] = {
	{ { [10] = 0xff, [11] = 0xff, [12] = 0 }, 96 + 8, "unspecified" },
	{ { [10] = 0xff, [11] = 0xff, [12] = 224 }, 96 + 4, "multicast" },
	{ { [10] = 0xff, [11] = 0xff, [12] = 240 }, 96 + 4, "reserved or broadcast" },
	{ { 0 }, 128, "unspecified" },
	{ { 0xff }, 8, "multicast" },
	{ { 0xfe, 0x80 }, 10, "link-local, which needs a scope" },
};

static bool in_block(const uint8_t ip[static 16], const uint8_t block[static 16], unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(ip, block, bytes))
		return false;
	return !rest || (ip[bytes] ^ block[bytes]) >> (8 - rest) == 0;
}

static const char *refused_block(const struct ups_addr *a)
{
	for (size_t i = 0; i < sizeof(refused_blocks) / sizeof(refused_blocks[0]); i++) {
		if (in_block(a->ip, refused_blocks[i].ip, refused_blocks[i].bits))
			return refused_blocks[i].what;
	}
	return NULL;
}

/* The logical interface whose media ports hold @a: sending there would loop. */
static const struct ups_iface *own_media_port(const struct ups_check *check,
					      const struct ups_addr *a)
{
	uint16_t port = ups_addr_port(a);

	for (unsigned int i = 0; i < check->iface_count; i++) {
		const struct ups_iface *f = &check->ifaces[i];
		bool same = (f->has_v4 && (ups_addr_same_ip(a, &f->v4) ||
					   ups_addr_same_ip(a, &f->advertised_v4))) ||
			    (f->has_v6 && (ups_addr_same_ip(a, &f->v6) ||
					   ups_addr_same_ip(a, &f->advertised_v6)));

		if (same && port >= f->port_min && port <= f->port_max)
			return f;
	}
	return NULL;
}

static int check_family(const struct ups_check_at *at, const struct ups_iface *iface,
			const struct ups_addr *a, const char *what)
{
	bool v4 = ups_addr_is_v4(a);
	char text[UPS_ADDR_TEXT];

	if (v4 ? iface->has_v4 : iface->has_v6)
		return 0;
	return ups_check_fail(at, UPS_E_FAMILY,
			      "%s address %s is %s, but interface %s has no %s address", what,
			      ups_addr_format(a, text), v4 ? "IPv4" : "IPv6", iface->name,
			      v4 ? "v4" : "v6");
}

/* @what: "remote" or "remote RTCP" */
static int check_remote(const struct ups_check *check, const struct ups_check_at *at,
			const struct ups_iface *iface, const struct ups_addr *a, const char *what)
{
	const struct ups_iface *own;
	const char *block;
	char text[UPS_ADDR_TEXT];
	int err;

	ups_addr_format(a, text);
	if (!a->port)
		return ups_check_fail(at, UPS_E_RANGE, "%s address %s has no port", what, text);
	block = refused_block(a);
	if (block)
		return ups_check_fail(at, UPS_E_RANGE,
				      "%s address %s is %s; give the peer's unicast address", what,
				      text, block);
	err = check_family(at, iface, a, what);
	if (err)
		return err;
	own = own_media_port(check, a);
	if (own)
		return ups_check_fail(at, UPS_E_RANGE,
				      "%s address %s is a media port of our own interface %s: "
				      "packets would loop",
				      what, text, own->name);
	return 0;
}

int ups_check_peer(const struct ups_check *check, const struct ups_check_at *at,
		   const struct ups_iface *iface, const struct ups_addr *a)
{
	return check_remote(check, at, iface, a, "remote");
}

/* An address that is not known yet tells by its family where packets will come from. */
static int check_first_remote(const struct ups_check *check, const struct ups_check_at *at,
			      const struct ups_iface *iface, const struct ups_leg_request *leg)
{
	if (leg->pending && !leg->remote.port)
		return check_family(at, iface, &leg->remote, "remote");
	return check_remote(check, at, iface, &leg->remote, "remote");
}

static int check_addresses(const struct ups_check *check, const struct ups_check_at *at,
			   const struct ups_iface *iface, const struct ups_leg_request *leg)
{
	int err = check_first_remote(check, at, iface, leg);

	if (err)
		return err;
	if (leg->rtcp_mux && leg->no_rtcp)
		return ups_check_fail(at, UPS_E_RANGE, "rtcp-mux and no RTCP exclude each other");
	if (leg->rtcp_mux || leg->no_rtcp)
		return 0;
	if (!leg->remote_rtcp.port) {
		if (ups_addr_port(&leg->remote) == UINT16_MAX)
			return ups_check_fail(at, UPS_E_RANGE,
					      "remote port 65535 leaves no port above it for RTCP; "
					      "name the RTCP address or use rtcp-mux");
		return 0;
	}
	err = check_remote(check, at, iface, &leg->remote_rtcp, "remote RTCP");
	if (err)
		return err;
	if (ups_addr_family(&leg->remote) != ups_addr_family(&leg->remote_rtcp))
		return ups_check_fail(at, UPS_E_FAMILY,
				      "remote RTP and RTCP addresses differ in family");
	if (ups_addr_equal(&leg->remote, &leg->remote_rtcp))
		return ups_check_fail(at, UPS_E_RANGE,
				      "remote RTCP address equals the RTP address; use rtcp-mux");
	return 0;
}

static int check_lifetime(const struct ups_check_at *at, const char *what, uint64_t lifetime,
			  uint64_t limit, uint64_t most)
{
	if (!limit || limit > most)
		limit = most;
	if (lifetime > limit)
		return ups_check_fail(at, UPS_E_RANGE,
				      "%s lifetime of %llu packets is more than the limit of %llu",
				      what, (unsigned long long)lifetime,
				      (unsigned long long)limit);
	return 0;
}

static int check_key(const struct ups_check *check, const struct ups_check_at *at,
		     const char *direction, const struct ups_key_spec *key)
{
	const struct ups_suite *suite = ups_suite_by_id(key->suite);
	int err;

	if (!suite)
		return ups_check_fail(at, UPS_E_SUITE, "%s key: suite %u is unknown", direction,
				      key->suite);
	if (key->master.size != suite->key_len + suite->salt_len)
		return ups_check_fail(at, UPS_E_KEY_LENGTH,
				      "%s key: %u bytes, but %s needs %u (key %u, salt %u)",
				      direction, key->master.size, suite->name,
				      suite->key_len + suite->salt_len, suite->key_len,
				      suite->salt_len);
	if (key->mki_len > UPS_MKI_MAX)
		return ups_check_fail(at, UPS_E_RANGE, "%s key: MKI of %u bytes, at most %u",
				      direction, key->mki_len, UPS_MKI_MAX);
	err = check_lifetime(at, "RTP key", key->rtp_lifetime, check->limits->rtp_lifetime,
			     UPS_RTP_LIFETIME_MAX);
	if (err)
		return err;
	return check_lifetime(at, "RTCP key", key->rtcp_lifetime, check->limits->rtcp_lifetime,
			      UPS_RTCP_LIFETIME_MAX);
}

/* Several receive keys are told apart by MKI, and the MKI is found by the tag length: all of one suite and policy. */
static int check_rx_pair(const struct ups_check_at *at, const struct ups_key_spec *a,
			 const struct ups_key_spec *b)
{
	if (!a->mki_len || a->mki_len != b->mki_len)
		return ups_check_fail(at, UPS_E_RANGE,
				      "several receive keys need MKIs of one length");
	if (!memcmp(a->mki, b->mki, a->mki_len))
		return ups_check_fail(at, UPS_E_RANGE, "two receive keys have the same MKI");
	if (a->suite != b->suite || a->rtcp_clear != b->rtcp_clear)
		return ups_check_fail(at, UPS_E_RANGE,
				      "all receive keys of a leg need the same suite and SRTCP "
				      "encryption");
	return 0;
}

static int check_rx_keys(const struct ups_check *check, const struct ups_check_at *at,
			 const struct ups_leg_request *leg)
{
	int err = 0;

	for (unsigned int i = 0; i < leg->rx_count && !err; i++) {
		err = check_key(check, at, "receive", &leg->rx[i]);
		for (unsigned int j = 0; j < i && !err; j++)
			err = check_rx_pair(at, &leg->rx[j], &leg->rx[i]);
	}
	return err;
}

/* Legs that are told no keys */
static int check_no_keys(const struct ups_check_at *at, const struct ups_leg_request *leg)
{
	if (!leg->tx && !leg->rx_count)
		return 0;
	if (leg->dtls.on)
		return ups_check_fail(at, UPS_E_RANGE,
				      "a DTLS-SRTP leg gets its keys by handshake; drop them");
	return ups_check_fail(at, UPS_E_RANGE, "%s leg takes no keys; drop them or use mode srtp",
			      leg->mode == UPS_MODE_CLEAR ? "a clear" : "an opaque");
}

static int check_keys(const struct ups_check *check, const struct ups_check_at *at,
		      const struct ups_leg_request *leg)
{
	int err = 0;

	if (leg->mode != UPS_MODE_SRTP || leg->dtls.on)
		return check_no_keys(at, leg);
	if (!leg->tx && !leg->pending)
		return ups_check_fail(at, UPS_E_RANGE, "mode srtp needs a transmit key");
	if (!leg->rx_count && !leg->pending)
		return ups_check_fail(at, UPS_E_RANGE, "mode srtp needs a receive key");
	if (leg->rx_count > UPS_RX_KEYS_MAX)
		return ups_check_fail(at, UPS_E_RANGE, "%u receive keys, at most %u", leg->rx_count,
				      UPS_RX_KEYS_MAX);
	if (leg->tx)
		err = check_key(check, at, "transmit", leg->tx);
	return err ? err : check_rx_keys(check, at, leg);
}

static int check_source(const struct ups_check_at *at, const struct ups_iface *iface,
			const struct ups_leg_request *leg)
{
	if (!leg->source_set || leg->source == UPS_SOURCE_STRICT)
		return 0;
	if (leg->source != UPS_SOURCE_LATCH)
		return ups_check_fail(at, UPS_E_RANGE, "source mode %d is unknown", leg->source);
	if (leg->mode == UPS_MODE_OPAQUE)
		return ups_check_fail(at, UPS_E_RANGE,
				      "an opaque leg cannot learn its source: we cannot "
				      "authenticate it; use strict");
	if (leg->mode == UPS_MODE_CLEAR && iface->source != UPS_SOURCE_LATCH)
		return ups_check_fail(at, UPS_E_RANGE,
				      "a clear leg may learn its source only where the "
				      "configuration of interface %s says source: latch",
				      iface->name);
	return 0;
}

/* ---- DTLS-SRTP, ICE, underlay ---------------------------------------------------------------------------------- */

/* Suites with a DTLS-SRTP protection profile (RFC 5764 4.1.2, RFC 7714 14.2) */
#define DTLS_SUITES                                                                          \
	(1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_80 | 1u << UPS_SUITE_AES_CM_128_HMAC_SHA1_32 | \
	 1u << UPS_SUITE_AEAD_AES_128_GCM | 1u << UPS_SUITE_AEAD_AES_256_GCM)

static const uint8_t hash_size[] = {
	[UPS_HASH_SHA256] = 32, [UPS_HASH_SHA384] = 48, [UPS_HASH_SHA512] = 64
};

static bool ends(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

static int check_fingerprints(const struct ups_check_at *at, const struct ups_dtls_spec *dtls)
{
	if (dtls->fingerprint_count > UPS_FINGERPRINTS_MAX)
		return ups_check_fail(at, UPS_E_RANGE, "%u fingerprints, at most %u",
				      dtls->fingerprint_count, UPS_FINGERPRINTS_MAX);
	for (unsigned int i = 0; i < dtls->fingerprint_count; i++) {
		const struct ups_fingerprint *f = &dtls->fingerprint[i];

		if (f->hash == UPS_HASH_NONE || f->hash >= sizeof(hash_size))
			return ups_check_fail(at, UPS_E_RANGE,
					      "fingerprint %u: hash %u is not SHA-256 or better", i,
					      f->hash);
		if (f->size != hash_size[f->hash])
			return ups_check_fail(at, UPS_E_RANGE, "fingerprint %u: %u bytes, not %u",
					      i, f->size, hash_size[f->hash]);
		if (f->hash != dtls->fingerprint[0].hash)
			return ups_check_fail(at, UPS_E_RANGE,
					      "fingerprints of different hashes; give those of the "
					      "strongest");
	}
	return 0;
}

static int check_dtls(const struct ups_check_at *at, const struct ups_leg_request *leg)
{
	const struct ups_dtls_spec *dtls = &leg->dtls;

	if (!dtls->on)
		return 0;
	if (leg->mode != UPS_MODE_SRTP)
		return ups_check_fail(at, UPS_E_RANGE, "DTLS-SRTP needs mode srtp");
	if (dtls->role != UPS_DTLS_UNDECIDED && dtls->role != UPS_DTLS_ACTIVE &&
	    dtls->role != UPS_DTLS_PASSIVE)
		return ups_check_fail(at, UPS_E_RANGE, "DTLS role %d is unknown", dtls->role);
	if (!dtls->suites || dtls->suites & ~DTLS_SUITES)
		return ups_check_fail(at, UPS_E_SUITE,
				      "DTLS-SRTP needs one suite at least, of those with a "
				      "protection profile");
	if (!ends(dtls->peer_name, sizeof(dtls->peer_name)))
		return ups_check_fail(at, UPS_E_RANGE, "name of the DTLS peer: at most %zu bytes",
				      sizeof(dtls->peer_name) - 1);
	return check_fingerprints(at, dtls);
}

static int check_terms(const struct ups_check_at *at, const struct ups_leg_request *leg)
{
	const struct ups_ice_spec *ice = &leg->ice;

	if (leg->ipsec && leg->mode != UPS_MODE_CLEAR)
		return ups_check_fail(at, UPS_E_RANGE, "an IPsec underlay needs mode clear");
	if (!ends(ice->local_ufrag, sizeof(ice->local_ufrag)) ||
	    !ends(ice->local_pwd, sizeof(ice->local_pwd)) ||
	    !ends(ice->remote_ufrag, sizeof(ice->remote_ufrag)))
		return ups_check_fail(at, UPS_E_RANGE, "ICE user fragment or password too long");
	if (ice->on && (!ice->local_ufrag[0] || !ice->local_pwd[0]))
		return ups_check_fail(at, UPS_E_RANGE, "ICE needs a user fragment and a password");
	if (!ends(leg->decision.rule, sizeof(leg->decision.rule)) ||
	    !ends(leg->decision.reason, sizeof(leg->decision.reason)))
		return ups_check_fail(at, UPS_E_RANGE, "name of the rule or reason too long");
	return check_dtls(at, leg);
}

static int check_leg(const struct ups_check *check, const struct ups_check_at *at,
		     const struct ups_leg_request *leg)
{
	const struct ups_iface *iface;
	int err;

	if (!ups_check_word(leg->iface, UPS_NAME_MAX))
		return ups_check_fail(at, UPS_E_NO_INTERFACE, "no logical interface named");
	iface = ups_check_iface(check, leg->iface);
	if (!iface)
		return ups_check_fail(at, UPS_E_NO_INTERFACE,
				      "no logical interface '%s'; the configuration lists them",
				      leg->iface);
	if (leg->mode != UPS_MODE_CLEAR && leg->mode != UPS_MODE_SRTP &&
	    leg->mode != UPS_MODE_OPAQUE)
		return ups_check_fail(at, UPS_E_RANGE, "mode %d is unknown", leg->mode);
	if (leg->tos & ECN_BITS)
		return ups_check_fail(at, UPS_E_RANGE, "tos %u has ECN bits set; give DSCP * 4",
				      leg->tos);
	err = check_source(at, iface, leg);
	if (!err)
		err = check_terms(at, leg);
	if (!err)
		err = check_addresses(check, at, iface, leg);
	return err ? err : check_keys(check, at, leg);
}

static int check_both_legs(const struct ups_check_at *at, const struct ups_leg_request *leg)
{
	char text[UPS_ADDR_TEXT];

	if ((leg[0].mode == UPS_MODE_OPAQUE) != (leg[1].mode == UPS_MODE_OPAQUE))
		return ups_check_fail(at, UPS_E_RANGE,
				      "one leg is opaque and the other is not: "
				      "either both or none");
	if (leg[0].remote.port && !strcmp(leg[0].iface, leg[1].iface) &&
	    ups_addr_equal(&leg[0].remote, &leg[1].remote))
		return ups_check_fail(at, UPS_E_RANGE,
				      "both legs have remote address %s on interface %s",
				      ups_addr_format(&leg[0].remote, text), leg[0].iface);
	return 0;
}

static int check_stream(const struct ups_check *check, const struct ups_stream_request *stream,
			struct ups_errmsg *msg)
{
	unsigned int index = stream->index;
	struct ups_check_at at = { .stream = index, .media = stream->media, .msg = msg };

	if (!ups_check_word(stream->media, sizeof(((struct ups_stream *)NULL)->media)))
		return ups_fail(msg, UPS_E_RANGE,
				"stream %u: the media name must be 1 to 15 printable characters",
				index);
	if (stream->ssrc_limit > UPS_SSRC_MAX)
		return ups_fail(msg, UPS_E_RANGE, "stream %u (%s): SSRC limit %u, at most %u",
				index, stream->media, stream->ssrc_limit, UPS_SSRC_MAX);
	if (stream->lane != UPS_CHOOSE_AUTO && stream->lane != UPS_CHOOSE_UDP &&
	    stream->lane != UPS_CHOOSE_XDP)
		return ups_fail(msg, UPS_E_RANGE, "stream %u (%s): lane %d is unknown", index,
				stream->media, stream->lane);
	for (at.leg = 0; at.leg < UPS_LEGS; at.leg++) {
		int err = check_leg(check, &at, &stream->leg[at.leg]);

		if (err)
			return err;
	}
	at.leg = 1;
	return check_both_legs(&at, stream->leg);
}

int ups_check_request(const struct ups_check *check, const struct ups_session_request *request,
		      struct ups_errmsg *msg)
{
	if (!ups_check_word(request->id, UPS_SESSION_ID_MAX))
		return ups_fail(msg, UPS_E_RANGE,
				"the session id must be 1 to %d printable characters without "
				"blanks",
				UPS_SESSION_ID_MAX - 1);
	if (request->stream_count > UPS_STREAMS_MAX)
		return ups_fail(msg, UPS_E_RANGE, "%u streams; a session has 1 to %u",
				request->stream_count, UPS_STREAMS_MAX);
	for (unsigned int i = 0; i < request->stream_count; i++) {
		const struct ups_stream_request *stream = &request->stream[i];
		int err;

		if (i && stream->index <= stream[-1].index)
			return ups_fail(msg, UPS_E_RANGE,
					"stream %u comes behind stream %u; they stand in order of "
					"m-line numbers",
					stream->index, stream[-1].index);
		err = check_stream(check, stream, msg);
		if (err)
			return err;
	}
	return 0;
}
