// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Error texts. Any thread. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

const char *ups_strerror(int err)
{
	switch (err) {
	case 0:
		return "success";
#define UPS_X_CASE(n, NAME, text) \
	case n:                   \
		return text;
		UPS_ERRORS(UPS_X_CASE)
#undef UPS_X_CASE
	default: {
		const char *text = strerrordesc_np(err < 0 ? -err : err);

		return text ? text : "unknown error";
	}
	}
}

int ups_fail(struct ups_errmsg *msg, int err, const char *fmt, ...)
{
	va_list ap;

	if (!msg)
		return err;
	va_start(ap, fmt);
	vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
	va_end(ap);
	return err;
}
