// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "crypto/engine.h"
int ups_crypto_selftest(struct ups_crypto *c, struct ups_errmsg *msg)
{
	(void)c;
	(void)msg;
	return 0;
}
