// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Log writer: formats one line into a local buffer and emits it with one write(), so that threads never interleave. */
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL

static _Atomic int log_level = UPS_LOG_INFO;

static const struct {
	const char *word;
	int syslog; /* priority that journald reads from a "<N>" prefix */
} levels[] = {
	[UPS_LOG_ERROR] = { "error", 3 },   [UPS_LOG_WARNING] = { "warning", 4 },
	[UPS_LOG_NOTICE] = { "notice", 5 }, [UPS_LOG_INFO] = { "info", 6 },
	[UPS_LOG_DEBUG] = { "debug", 7 },
};

void ups_log_set_level(enum ups_log_level level)
{
	log_level = level;
}

int ups_log_parse_level(const char *word, enum ups_log_level *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!strcmp(word, levels[i].word)) {
			*level = i;
			return 0;
		}
	}
	return UPS_E_SYNTAX;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* -> whether to be silent; else *suppressed is how many lines were swallowed before this one */
static bool limited(struct ups_log_limit *limit, uint64_t *suppressed)
{
	uint64_t now = now_ns();
	uint64_t next = atomic_load(&limit->next_ns);

	if (now < next || !atomic_compare_exchange_strong(&limit->next_ns, &next, now + NS_PER_S)) {
		atomic_fetch_add(&limit->suppressed, 1);
		return true;
	}
	*suppressed = atomic_exchange(&limit->suppressed, 0);
	return false;
}

/* Appends at line[used]; keeps one byte for the newline. -> new length */
static size_t __attribute__((format(printf, 4, 0))) append(char *line, size_t size, size_t used,
							   const char *fmt, va_list ap)
{
	int n = vsnprintf(line + used, size - used - 1, fmt, ap);

	if (n < 0)
		return used;
	return used + (size_t)n < size - 2 ? used + (size_t)n : size - 2;
}

static size_t appendf(char *line, size_t size, size_t used, const char *fmt, ...)
	__printf_like(4, 5);

static size_t appendf(char *line, size_t size, size_t used, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	used = append(line, size, used, fmt, ap);
	va_end(ap);
	return used;
}

void ups_log_write(enum ups_log_level level, const char *module, struct ups_log_limit *limit,
		   const char *fmt, ...)
{
	uint64_t suppressed = 0;
	char line[1024];
	size_t used = 0;
	va_list ap;

	if ((int)level > log_level || (limit && limited(limit, &suppressed)))
		return;
	if (getenv("JOURNAL_STREAM"))
		used = appendf(line, sizeof(line), used, "<%d>", levels[level].syslog);
	used = appendf(line, sizeof(line), used, "%s %s: ", levels[level].word, module);
	va_start(ap, fmt);
	used = append(line, sizeof(line), used, fmt, ap);
	va_end(ap);
	if (suppressed)
		used = appendf(line, sizeof(line), used, " (%llu more like this suppressed)",
			       (unsigned long long)suppressed);
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nowhere left to complain */
}
