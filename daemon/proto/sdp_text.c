// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Words of session descriptions, and what is written of them: see sdp.h. */
#include "proto/sdp.h"

#include "base/addr.h"

static const char *const proto_name[] = {
	[UPS_SDP_AVP] = "RTP/AVP",
	[UPS_SDP_AVPF] = "RTP/AVPF",
	[UPS_SDP_SAVP] = "RTP/SAVP",
	[UPS_SDP_SAVPF] = "RTP/SAVPF",
	[UPS_SDP_TLS_SAVP] = "UDP/TLS/RTP/SAVP",
	[UPS_SDP_TLS_SAVPF] = "UDP/TLS/RTP/SAVPF",
	[UPS_SDP_MSRP] = "TCP/MSRP",
	[UPS_SDP_TLS_MSRP] = "TCP/TLS/MSRP",

};

const char *ups_sdp_proto_name(enum ups_sdp_proto proto)
{
	return proto < UPS_SDP_OTHER ? proto_name[proto] : NULL;
}

enum ups_sdp_proto ups_sdp_proto_parse(struct ups_text word)
{
	for (enum ups_sdp_proto p = UPS_SDP_AVP; p < UPS_SDP_OTHER; p++) {
		if (ups_text_same(word, ups_text_of(proto_name[p])))
			return p;
	}
	return UPS_SDP_OTHER;
}

const char *ups_sdp_direction_name(enum ups_sdp_direction d)
{
	static const char *const name[] = {
		[UPS_SDP_SENDRECV] = "sendrecv",
		[UPS_SDP_SENDONLY] = "sendonly",
		[UPS_SDP_RECVONLY] = "recvonly",
		[UPS_SDP_INACTIVE] = "inactive",
	};

	return name[d];
}

const char *ups_sdp_setup_name(enum ups_sdp_setup s)
{
	static const char *const name[] = {
		[UPS_SDP_SETUP_ACTIVE] = "active",
		[UPS_SDP_SETUP_PASSIVE] = "passive",
		[UPS_SDP_SETUP_ACTPASS] = "actpass",
		[UPS_SDP_SETUP_HOLDCONN] = "holdconn",
	};

	return name[s];
}

const char *ups_sdp_hash_name(uint8_t hash)
{
	static const char *const name[] = {
		[UPS_HASH_SHA256] = "sha-256",
		[UPS_HASH_SHA384] = "sha-384",
		[UPS_HASH_SHA512] = "sha-512",
	};

	return hash <= UPS_HASH_SHA512 ? name[hash] : NULL;
}

void ups_sdp_put_fingerprint(struct ups_buf *buf, const struct ups_sdp_fingerprint *f)
{
	static const char digit[] = "0123456789ABCDEF";
	char text[3 * sizeof(f->value)];
	const char *name = ups_sdp_hash_name(f->hash);

	if (!name || !f->size || f->size > sizeof(f->value)) {
		buf->failed = true;
		return;
	}
	for (size_t i = 0; i < f->size; i++) {
		text[3 * i] = digit[f->value[i] >> 4];
		text[3 * i + 1] = digit[f->value[i] & 15];
		text[3 * i + 2] = ':';
	}
	ups_buf_str(buf, name);
	ups_buf_bytes(buf, " ", 1);
	ups_buf_bytes(buf, text, 3u * f->size - 1);
}

void ups_sdp_put_address(struct ups_buf *buf, const struct ups_addr *a)
{
	struct ups_addr ip = *a;
	char text[UPS_ADDR_TEXT];

	ip.port = 0;
	ups_buf_str(buf, ups_addr_is_v4(a) ? "IN IP4 " : "IN IP6 ");
	ups_buf_str(buf, ups_addr_format(&ip, text));
}

const char *ups_sdp_static_rtpmap(unsigned int payload_type)
{
	static const char *const map[] = {
		[0] = "PCMU/8000",    [3] = "GSM/8000",	   [4] = "G723/8000",	[5] = "DVI4/8000",
		[6] = "DVI4/16000",   [7] = "LPC/8000",	   [8] = "PCMA/8000",	[9] = "G722/8000",
		[10] = "L16/44100/2", [11] = "L16/44100",  [12] = "QCELP/8000", [13] = "CN/8000",
		[14] = "MPA/90000",   [15] = "G728/8000",  [16] = "DVI4/11025", [17] = "DVI4/22050",
		[18] = "G729/8000",   [25] = "CelB/90000", [26] = "JPEG/90000", [28] = "nv/90000",
		[31] = "H261/90000",  [32] = "MPV/90000",  [33] = "MP2T/90000", [34] = "H263/90000",
	};

	return payload_type < sizeof(map) / sizeof(map[0]) ? map[payload_type] : NULL;
}
