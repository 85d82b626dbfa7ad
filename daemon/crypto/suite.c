// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The suite table, made from UPS_SUITES. Any thread. */
#include <string.h>

#include "crypto/srtp.h"

static const struct ups_suite suites[] = {
#define UPS_X_ROW(n, NAME, sdes, key, salt, rtp, rtcp, gcm) \
	{ .name = sdes,                                     \
	  .id = n,                                          \
	  .key_len = key,                                   \
	  .salt_len = salt,                                 \
	  .rtp_tag = rtp,                                   \
	  .rtcp_tag = rtcp,                                 \
	  .aead = gcm },
	UPS_SUITES(UPS_X_ROW)
#undef UPS_X_ROW
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

const struct ups_suite *ups_suite_by_id(unsigned int id)
{
	for (size_t i = 0; i < SUITES; i++) {
		if (suites[i].id == id)
			return &suites[i];
	}
	return NULL;
}

const struct ups_suite *ups_suite_by_name(const char *name)
{
	for (size_t i = 0; i < SUITES; i++) {
		if (!strcmp(suites[i].name, name))
			return &suites[i];
	}
	return NULL;
}
