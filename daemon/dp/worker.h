/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A worker of the udp lane: one thread on one CPU, its epoll set, its crypto queue and its batch. Created and destroyed by
 * the control thread. The table of ports is the lane's and outlives the workers.
 */
#ifndef UPSEC_DP_WORKER_H
#define UPSEC_DP_WORKER_H

#include <pthread.h>

#include "dp/batch.h"

#define UPS_RING_SIZE 256 /* port numbers; more at once set `overflow` */

/* Single producer (worker), single consumer (control thread): numbers of ports that learned their source */
struct ups_ring {
	uint32_t head; /* atomic, next to write */
	uint32_t tail; /* atomic, next to read */
	uint32_t overflow; /* atomic: entries were lost, look at every port */
	uint32_t entry[UPS_RING_SIZE];
};

/* What every worker of a lane is given; what it points to outlives them */
struct ups_worker_config {
	struct ups_crypto *crypto;
	struct ups_udp_port **table; /* [ports], entries atomic */
	uint32_t ports;
	int notify_fd; /* eventfd, the lane's */
	const struct ups_udp_handover *handover; /* NULL: nobody takes DTLS and STUN */
};

struct ups_udp_worker {
	struct ups_udp_port **table; /* [ports], entries atomic */
	uint32_t ports;
	int notify_fd; /* eventfd, the lane's */
	const struct ups_udp_handover *handover;
	int epoll_fd;
	int stop_fd; /* eventfd */
	uint32_t stop; /* atomic */
	uint64_t rounds; /* atomic: read-side sections about to end */
	struct ups_crypto_queue *queue;
	struct ups_batch *batch;
	struct ups_ring ring;
	unsigned int number;
	unsigned int streams; /* control thread: to spread them */
	pthread_t thread;
	bool running;
	uint64_t drop[UPS_DROP_MAX] __attribute__((aligned(64))); /* atomic */
};

/* @number: which CPU of those this process may use, modulo their count */
int ups_worker_create(const struct ups_worker_config *config, unsigned int number,
		      struct ups_udp_worker **out) __must_check;
void ups_worker_destroy(struct ups_udp_worker *w);

/* Worker's side: port @index learned its source. */
void ups_worker_notify(struct ups_udp_worker *w, uint32_t index);
/* Control thread's side: -> false when the ring is empty */
bool ups_ring_pop(struct ups_ring *r, uint32_t *index);

#endif
