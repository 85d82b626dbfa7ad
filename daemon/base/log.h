/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Log lines: "<level> <module>: text", one line each, to stderr (with journald's <N> priority prefix when stderr is the
 * journal). Any thread. Define UPS_LOG_MODULE before including. Traffic-triggered lines use the _RL form: at most
 * one line a second for each call site, with the number suppressed in between. Never called on a packet's fast path.
 * No key, nonce or session secret is ever an argument: key types (base/secret.h) have no printable form.
 */
#ifndef UPSEC_BASE_LOG_H
#define UPSEC_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum ups_log_level { UPS_LOG_ERROR, UPS_LOG_WARNING, UPS_LOG_NOTICE, UPS_LOG_INFO, UPS_LOG_DEBUG };

struct ups_log_limit {
	_Atomic uint64_t next_ns; /* CLOCK_MONOTONIC: silent until then */
	_Atomic uint64_t suppressed;
};

void ups_log_set_level(enum ups_log_level level);
/* -> 0 and *level, or UPS_E_SYNTAX. Words: error warning notice info debug. */
int ups_log_parse_level(const char *word, enum ups_log_level *level) __must_check;
void ups_log_write(enum ups_log_level level, const char *module, struct ups_log_limit *limit,
		   const char *fmt, ...) __printf_like(4, 5);

#ifndef UPS_LOG_MODULE
#define UPS_LOG_MODULE "upsec"
#endif

#define ups_err(...) ups_log_write(UPS_LOG_ERROR, UPS_LOG_MODULE, NULL, __VA_ARGS__)
#define ups_warn(...) ups_log_write(UPS_LOG_WARNING, UPS_LOG_MODULE, NULL, __VA_ARGS__)
#define ups_notice(...) ups_log_write(UPS_LOG_NOTICE, UPS_LOG_MODULE, NULL, __VA_ARGS__)
#define ups_info(...) ups_log_write(UPS_LOG_INFO, UPS_LOG_MODULE, NULL, __VA_ARGS__)
#define ups_debug(...) ups_log_write(UPS_LOG_DEBUG, UPS_LOG_MODULE, NULL, __VA_ARGS__)
#define ups_log_rl(level, ...)                                              \
	do {                                                                \
		static struct ups_log_limit limit_;                         \
		ups_log_write(level, UPS_LOG_MODULE, &limit_, __VA_ARGS__); \
	} while (0)

#endif
