// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The packets of the test peer: good ones that prove themselves, and bad ones by kind. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

const char *const peer_bad_word[PEER_BAD_COUNT] = {
#define X(NAME, word, text) word,
	PEER_BADS(X)
#undef X
};

uint64_t peer_random(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static void fill(uint8_t *p, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(peer_random(&seed) >> 32);
}

size_t peer_rtp_build(uint8_t *out, uint32_t ssrc, uint16_t seq, uint32_t n, size_t payload)
{
	uint8_t *body = out + 12;

	if (payload < PEER_RTP_MIN - 12)
		payload = PEER_RTP_MIN - 12;
	out[0] = 0x80;
	out[1] = 96;
	out[2] = (uint8_t)(seq >> 8);
	out[3] = (uint8_t)seq;
	put32(out + 4, n * 160);
	put32(out + 8, ssrc);
	memcpy(body, PEER_MARK, PEER_MARK_LEN);
	put32(body + PEER_MARK_LEN, n);
	fill(out + PEER_RTP_MIN, 12 + payload - PEER_RTP_MIN, (uint64_t)ssrc << 32 | n);
	return 12 + payload;
}

int64_t peer_rtp_check(const uint8_t *packet, size_t len)
{
	uint8_t want[PEER_PACKET_MAX];
	uint32_t n;

	if (len < PEER_RTP_MIN || len > sizeof(want))
		return -1;
	n = get32(packet + 12 + PEER_MARK_LEN);
	peer_rtp_build(want, get32(packet + 8), (uint16_t)(packet[2] << 8 | packet[3]), n,
		       len - 12);
	return memcmp(packet, want, len) ? -1 : (int64_t)n;
}

size_t peer_rtcp_build(uint8_t *out, uint32_t ssrc, uint32_t n)
{
	memset(out, 0, PEER_RTCP_LEN);
	out[0] = 0x80;
	out[1] = 200;
	out[3] = PEER_RTCP_LEN / 4 - 1;
	put32(out + 4, ssrc);
	put32(out + 8, 0x55505345);
	put32(out + 12, n);
	put32(out + 16, n * 160);
	put32(out + 20, n);
	return PEER_RTCP_LEN;
}

int64_t peer_rtcp_check(const uint8_t *packet, size_t len)
{
	uint8_t want[PEER_RTCP_LEN];

	if (len != PEER_RTCP_LEN)
		return -1;
	peer_rtcp_build(want, get32(packet + 4), get32(packet + 12));
	return memcmp(packet, want, len) ? -1 : (int64_t)get32(packet + 12);
}

/* The index is in the last 4 bytes with GCM and in front of the tag of 10 bytes with HMAC-SHA1. */
size_t peer_rtcp_forge(uint8_t *packet, size_t len)
{
	packet[len - 4] ^= 0x20;
	packet[len - 14] ^= 0x20;
	return len;
}

int peer_bad_parse(const char *text, unsigned int counts[PEER_BAD_COUNT])
{
	char *copy = strdup(text), *save = NULL, *word;
	int i, err = copy ? 0 : -1;

	for (word = copy ? strtok_r(copy, ",", &save) : NULL; word && !err;
	     word = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = 0;
		for (i = 0; i < PEER_BAD_COUNT && strcmp(word, peer_bad_word[i]); i++)
			;
		if (i == PEER_BAD_COUNT) {
			fprintf(stderr, "peer: no such way to misbehave: %s\n", word);
			err = -1;
		} else {
			counts[i] = equals ? (unsigned int)atoi(equals + 1) : 1;
		}
	}
	free(copy);
	return err;
}

void peer_bad_print(const unsigned int counts[PEER_BAD_COUNT])
{
	const char *separator = "";

	printf("\"bad\":{");
	for (int i = 0; i < PEER_BAD_COUNT; i++) {
		if (!counts[i])
			continue;
		printf("%s\"%s\":%u", separator, peer_bad_word[i], counts[i]);
		separator = ",";
	}
	printf("}");
}

/* The kind that is furthest behind, so that all of them are spread over the whole run. */
enum peer_bad peer_bad_next(const unsigned int want[PEER_BAD_COUNT],
			    const unsigned int done[PEER_BAD_COUNT])
{
	enum peer_bad best = PEER_BAD_COUNT;
	double least = 1;

	for (int i = 0; i < PEER_BAD_COUNT; i++) {
		double part = want[i] ? (double)done[i] / want[i] : 1;

		if (part < least) {
			least = part;
			best = (enum peer_bad)i;
		}
	}
	return best;
}

static size_t malformed_build(uint32_t n, uint8_t *out)
{
	size_t len = peer_rtp_build(out, 0xbad0000 + n, (uint16_t)n, n, 40);

	if (n & 1) { /* fifteen CSRCs in a packet of 40 bytes */
		out[0] = 0x8f;
		return 40;
	}
	out[0] = 0x90; /* an extension of 65535 words */
	memset(out + 12, 0xff, 4);
	return len;
}

static size_t stun_build(uint8_t *out)
{
	static const uint8_t head[8] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	memcpy(out, head, sizeof(head));
	memset(out + 8, 0x5a, 12);
	return 20;
}

static size_t dtls_build(uint8_t *out)
{
	static const uint8_t head[13] = { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32 };

	memcpy(out, head, sizeof(head));
	memset(out + 13, 1, 32);
	return 45;
}

/* Too short for headers or tag, or long garbage: the length decides which reason, so the sum over reasons is compared. */
static size_t noise_build(uint32_t n, uint8_t *out)
{
	uint64_t seed = 0x6e6f697365ULL + n;
	size_t len = 2 + peer_random(&seed) % 1200;

	fill(out, len, seed);
	out[0] = (uint8_t)(0x80 | (out[0] & 0x3f));
	out[1] &= 0x3f; /* never in RTCP's range, whatever the marker bit */
	return len;
}

size_t peer_bad_build(enum peer_bad kind, uint32_t n, uint8_t *out)
{
	switch (kind) {
	case PEER_BAD_INJECT:
		return peer_rtp_build(out, 0xdead0000 + n, (uint16_t)(n * 7), n, 160);
	case PEER_BAD_SHORT:
		peer_rtp_build(out, 1, 1, n, 40);
		return 2 + n % 10;
	case PEER_BAD_MALFORMED:
		return malformed_build(n, out);
	case PEER_BAD_DEMUX:
		peer_rtp_build(out, 1, 1, n, 40);
		out[0] = n & 1 ? 0xc0 : 0x60;
		return 52;
	case PEER_BAD_STUN:
		return stun_build(out);
	case PEER_BAD_DTLS:
		return dtls_build(out);
	case PEER_BAD_MUX:
		return peer_rtcp_build(out, 0xfeed, n);
	case PEER_BAD_NOISE:
		return noise_build(n, out);
	default:
		return 0;
	}
}
