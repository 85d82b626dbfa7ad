/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * libsrtp2 as an independent oracle: one session with a context for each SSRC a test names, made from the very
 * configuration of the library under test. Windows of 224 packets, as in upsec/window.h, so that acceptance can be compared
 * packet by packet. Whatever fails to build aborts: the oracle must not be silently absent.
 */
#ifndef UPS_TEST_SRTPREF_H
#define UPS_TEST_SRTPREF_H

#include <srtp2/srtp.h>

#include "crypto/srtp.h"
#include "rng.h"

struct srtpref {
	srtp_t session;
	bool use_mki;
};

#define SRTPREF_WINDOW 224
#define SRTPREF_MAKER_WINDOW 1024

/* A maker protects any index again and again, so that late packets and duplicates can be produced at will. */
enum srtpref_role { SRTPREF_STRICT, SRTPREF_MAKER };

static void (*const srtpref_policies[])(srtp_crypto_policy_t *) __attribute__((unused)) = {
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_80] = srtp_crypto_policy_set_rtp_default,
	[UPS_SUITE_AES_CM_128_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	[UPS_SUITE_AES_192_CM_HMAC_SHA1_80] = srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80,
	[UPS_SUITE_AES_192_CM_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_80] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	[UPS_SUITE_AES_256_CM_HMAC_SHA1_32] = srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
	[UPS_SUITE_AEAD_AES_128_GCM] = srtp_crypto_policy_set_aes_gcm_128_16_auth,
	[UPS_SUITE_AEAD_AES_256_GCM] = srtp_crypto_policy_set_aes_gcm_256_16_auth,
};

struct srtpref_stream {
	uint32_t ssrc, roc; /* roc: rollover counter of the first packet */
};

/* A session with @stream_count contexts, each with all @count keys; @configs share suite and MKI length. */
TEST_INLINE void srtpref_open(struct srtpref *ref, const struct ups_srtp_key_config *configs,
			      unsigned int count, enum srtpref_role role,
			      const struct srtpref_stream *streams, unsigned int stream_count)
{
	srtp_master_key_t keys[UPS_RX_KEYS_MAX];
	srtp_master_key_t *key_list[UPS_RX_KEYS_MAX];
	uint8_t material[UPS_RX_KEYS_MAX][UPS_SECRET_MAX];
	uint8_t mki[UPS_RX_KEYS_MAX][UPS_MKI_MAX];
	srtp_policy_t policy;
	unsigned int i;

	memset(&policy, 0, sizeof(policy));
	for (i = 0; i < count; i++) {
		memcpy(material[i], configs[i].master.data, sizeof(material[i]));
		memcpy(mki[i], configs[i].mki, sizeof(mki[i]));
		keys[i] = (srtp_master_key_t) { material[i], mki[i], configs[i].mki_len };
		key_list[i] = &keys[i];
	}
	srtpref_policies[configs[0].suite->id](&policy.rtp);
	policy.rtcp = policy.rtp;
	policy.rtcp.auth_tag_len = configs[0].suite->rtcp_tag; /* 80 bits in the _32 suites too */
	policy.ssrc.type = ssrc_specific;
	policy.keys = key_list;
	policy.num_master_keys = count;
	policy.window_size = role == SRTPREF_MAKER ? SRTPREF_MAKER_WINDOW : SRTPREF_WINDOW;
	policy.allow_repeat_tx = role == SRTPREF_MAKER;
	ref->use_mki = configs[0].mki_len > 0;
	if (srtp_create(&ref->session, NULL))
		abort();
	for (i = 0; i < stream_count; i++) {
		policy.ssrc.value = streams[i].ssrc;
		if (srtp_add_stream(ref->session, &policy))
			abort();
		if (streams[i].roc &&
		    srtp_set_stream_roc(ref->session, streams[i].ssrc, streams[i].roc))
			abort();
	}
}

TEST_INLINE void srtpref_close(struct srtpref *ref)
{
	if (ref->session)
		srtp_dealloc(ref->session);
	ref->session = NULL;
}

/* @packet has SRTP_MAX_TRAILER_LEN of room behind it. -> libsrtp's status */
TEST_INLINE srtp_err_status_t srtpref_protect(struct srtpref *ref, uint8_t *packet, int *len,
					      unsigned int key)
{
	return srtp_protect_mki(ref->session, packet, len, ref->use_mki, key);
}

TEST_INLINE srtp_err_status_t srtpref_unprotect(struct srtpref *ref, uint8_t *packet, int *len)
{
	return srtp_unprotect_mki(ref->session, packet, len, ref->use_mki);
}

#endif
