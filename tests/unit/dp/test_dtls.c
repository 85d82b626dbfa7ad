// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* DTLS-SRTP with OpenSSL peers that play by the rules: roles, profiles, certificates, re-keying, loss (RFC 5763, 5764, 8842). */
#include "dtlsfix.h"

/* ---- roles and profiles ------------------------------------------------------------------------------------------ */

static void handshake(bool passive, const struct identity *id, const char *profiles, uint8_t hash,
		      bool v6)
{
	struct ups_leg leg;
	struct fix f;
	struct peer p;

	fix_open_config(&f, v6, &(struct ups_dtls_config) {}, NULL);
	peer_open(&p, &f, !passive, id, profiles);
	leg = fix_leg(passive ? UPS_DTLS_PASSIVE : UPS_DTLS_ACTIVE, &p.addr);
	identity_fingerprint(id, hash, &leg);
	fix_publish(&f, &leg);
	until(&f, p.done && f.told.keys);
	expect_same_keys(&f, &p);
	assert_int_equal(f.told.flow, FIX_FLOW);
	assert_int_equal(f.told.last.association, 1);
	assert_false(f.told.last.rtcp);
	assert_int_equal(f.told.failed, 0);
	peer_close(&p);
	fix_close(&f);
}

static void every_profile_in_both_roles_gives_both_sides_the_same_keys(void **state)
{
	static const char *const name[] = { "SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM",
					    "SRTP_AES128_CM_SHA1_80", "SRTP_AES128_CM_SHA1_32" };
	struct identity id = identity_ec();

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		handshake(true, &id, name[i], UPS_HASH_SHA256, false);
		handshake(false, &id, name[i], UPS_HASH_SHA256, false);
	}
	identity_free(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_in_both_roles_gives_both_sides_the_same_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
