/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capabilities belong to threads, and a new thread has its creator's. A worker that needs none calls this first, so that
 * what reaches it from the network never meets a privileged thread.
 */
#ifndef UPSEC_BASE_PRIVILEGE_H
#define UPSEC_BASE_PRIVILEGE_H

#include "base/err.h"

/* Gives up every capability of the calling thread, for good. -errno. */
int ups_thread_drop_capabilities(void) __must_check;

#endif
