// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Choosing a backend and making queues. Control thread. */
#define UPS_LOG_MODULE "crypto"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/engine.h"

/* In order of preference for "auto" */
static const struct ups_backend *const backends[] = { &ups_backend_imb, &ups_backend_ossl };

#define BACKENDS (sizeof(backends) / sizeof(backends[0]))

static int open_backend(const struct ups_backend *backend, struct ups_crypto **out,
			struct ups_errmsg *msg)
{
	struct ups_crypto *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->backend = backend;
	err = backend->open(c, msg);
	if (!err)
		err = ups_crypto_selftest(c, msg);
	if (err) {
		ups_crypto_close(c);
		return err;
	}
	*out = c;
	return 0;
}

int ups_crypto_open(const char *name, struct ups_crypto **out, struct ups_errmsg *msg)
{
	bool any = !strcmp(name, "auto");
	struct ups_errmsg why = { "" };
	int err = 0;

	*out = NULL;
	for (size_t i = 0; i < BACKENDS; i++) {
		if (!any && strcmp(name, backends[i]->name))
			continue;
		err = open_backend(backends[i], out, &why);
		if (!err)
			return 0;
		if (any)
			ups_notice("%s backend not used: %s", backends[i]->name,
				   why.text[0] ? why.text : ups_strerror(err));
	}
	if (!err)
		return ups_fail(msg, UPS_E_NO_BACKEND,
				"no crypto backend \"%s\"; known: auto, ipsec-mb, openssl", name);
	return ups_fail(msg, err, "%s", why.text[0] ? why.text : ups_strerror(err));
}

void ups_crypto_close(struct ups_crypto *c)
{
	if (!c)
		return;
	c->backend->close(c);
	free(c);
}

const char *ups_crypto_name(const struct ups_crypto *c)
{
	return c->label;
}

int ups_crypto_queue_create(struct ups_crypto *c, struct ups_crypto_queue **out)
{
	struct ups_crypto_queue *q = aligned_alloc(UPS_CACHE_LINE, sizeof(*q));
	int err;

	*out = NULL;
	if (!q)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	q->backend = c->backend;
	err = c->backend->queue_create(c, &q->data);
	if (err) {
		ups_crypto_queue_destroy(q);
		return err;
	}
	*out = q;
	return 0;
}

void ups_crypto_queue_destroy(struct ups_crypto_queue *q)
{
	if (!q)
		return;
	q->backend->queue_destroy(q->data);
	/* Jobs hold counter blocks and tags of the last burst. */
	ups_wipe(q, sizeof(*q));
	free(q);
}
