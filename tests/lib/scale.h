/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much a long test does. UPS_TEST_SCALE is a percentage (100 if not set): the runner lowers it where the processor is
 * emulated or sanitizers slow it down. Loops of many rounds ask ups_scaled(rounds); what is tested once is never scaled.
 */
#ifndef UPSEC_TESTS_SCALE_H
#define UPSEC_TESTS_SCALE_H

#include <stdlib.h>

/* At least 1. */
static inline unsigned long ups_scaled(unsigned long rounds)
{
	const char *text = getenv("UPS_TEST_SCALE");
	unsigned long percent = text ? strtoul(text, NULL, 10) : 100;
	unsigned long scaled = rounds * percent / 100;

	return scaled ? scaled : 1;
}

#endif
