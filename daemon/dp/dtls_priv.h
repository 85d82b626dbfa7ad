/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of dp/dtls share. Nobody else includes this, tests excepted.
 *
 *	dtls.c           control thread and workers: the calls of dtls.h, rings, messages
 *	dtls_loop.c      the thread: messages, datagrams, timers
 *	dtls_endpoint.c  endpoints: which sources, which association a record belongs to, early ClientHellos
 *	dtls_assoc.c     one association: SSL, verification of the peer, keys
 *	dtls_wire.c      records on the wire: what is never shown to OpenSSL; its datagram BIO
 *	dtls_cert.c      our certificate, the context with its rules, cookies
 *	dtls_ice.c       STUN
 *
 * Threads: endpoints and associations belong to the dtls thread alone. The control thread has a record of each endpoint in force, and hands
 * over by messages: those towards the thread are parts of objects that exist already, so that publish and drop cannot fail.
 * What comes back and is of an endpoint that ended, or of another association number, is not delivered.
 *
 * OpenSSL never sees an alert or data of epoch 0: anybody could have written them. A ClientHello reaches an association of its own only
 * with a cookie; one whose random is that of a handshake under way is its repetition.
 */
#ifndef UPSEC_DP_DTLS_PRIV_H
#define UPSEC_DP_DTLS_PRIV_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/queue.h>

#include "dp/dtls.h"

#define UPS_DTLS_RING 64 /* datagrams of one worker under way, power of two */
#define UPS_DTLS_SLOT 2048 /* bytes; longer datagrams are dropped */
#define UPS_DTLS_RESULTS 4096 /* towards the control thread under way, at most */
#define UPS_DTLS_VALID 8 /* addresses of one endpoint that passed an ICE check */
#define UPS_DTLS_MTU 1200 /* UDP payload */
#define UPS_DTLS_BUCKETS 4096
#define UPS_DTLS_RESTART_NS 1000000000ULL /* after an active handshake that failed */
#define UPS_DTLS_REPORT_NS 1000000000ULL /* one failure of an endpoint is reported in this time */
#define UPS_DTLS_SETTLE_NS 60000000000ULL /* after that no peer repeats its last flight */
#define UPS_DTLS_FAREWELL 64 /* bytes of an encrypted alert */
#define UPS_DTLS_AHEAD 4 /* records that OpenSSL keeps until it has keys for them, 17 KiB each */
#define UPS_DTLS_TICK_NS 20000000ULL /* timers are looked at no more often */

/* What tests replace */
struct ups_dtls_seams {
	void (*send)(int fd, const void *data, size_t size, const struct ups_addr *to);
	uint64_t (*now)(void); /* CLOCK_MONOTONIC */
};

enum ups_dtls_message_kind {
	UPS_DTLS_PUBLISH, /* struct ups_dtls_endpoint */
	UPS_DTLS_DROP, /* struct ups_dtls_record */
	UPS_DTLS_CONFIRM, /* struct ups_dtls_result: its keys are in use */
	UPS_DTLS_REFUSE, /* struct ups_dtls_result: its keys were refused */
	UPS_DTLS_KEYS, /* struct ups_dtls_result, towards the control thread, as are the next */
	UPS_DTLS_FAILED,
	UPS_DTLS_NOMINATED,
};

/* First member of what it is part of */
struct ups_dtls_message {
	STAILQ_ENTRY(ups_dtls_message) next;
	enum ups_dtls_message_kind kind;
};

struct ups_dtls_queue {
	pthread_mutex_t lock;
	STAILQ_HEAD(, ups_dtls_message) list;
	unsigned int count;
};

struct ups_dtls_name {
	uint32_t flow;
	bool rtcp;
};

/* An endpoint in force as the control thread knows it */
struct ups_dtls_record {
	struct ups_dtls_message message;
	struct ups_dtls_record *next; /* of the bucket */
	struct ups_dtls_name name;
	uint64_t id; /* never used twice */
	uint32_t association;
};

struct ups_dtls_result {
	struct ups_dtls_message message;
	struct ups_dtls_name name;
	uint64_t record; /* struct ups_dtls_record.id */
	uint64_t assoc; /* struct ups_dtls_assoc.id */
	uint32_t association;
	int err;
	struct ups_addr addr;
	struct ups_dtls_keys keys; /* wiped as soon as delivered */
	char reason[160];
};

enum ups_assoc_state {
	UPS_ASSOC_RUNNING,
	UPS_ASSOC_VERIFIED, /* the control thread has its keys and has not answered yet */
	UPS_ASSOC_CURRENT,
};

struct ups_dtls_assoc {
	struct ups_dtls *d;
	struct ups_dtls_endpoint *endpoint;
	TAILQ_ENTRY(ups_dtls_assoc) of_endpoint; /* RUNNING and VERIFIED: endpoint->tries */
	TAILQ_ENTRY(ups_dtls_assoc)
	of_all; /* RUNNING: d->running; CURRENT with @ssl: d->settling */
	enum ups_assoc_state state;
	bool active, owned; /* owned: it is in a list of @endpoint or its current */
	uint32_t number; /* struct ups_dtls_spec.association */
	uint64_t id;
	struct ups_addr remote;
	uint8_t random[32]; /* of the ClientHello that began it, when passive */
	uint64_t begun_ns, due_ns; /* due: next retransmission; CURRENT: end of @ssl */
	SSL *ssl; /* NULL: all that is left to say is @farewell, the close_notify */
	bool keeps_farewell;
	uint8_t farewell[UPS_DTLS_FAREWELL];
	size_t farewell_size;
	const uint8_t *in; /* the record that OpenSSL reads next */
	size_t in_size;
	int err; /* what verification found, with its reason */
	char reason[160];
	uint8_t alert; /* last one of epoch 0, ignored; 0 = none */
	bool changed; /* ChangeCipherSpec came */
	unsigned int ahead; /* records of a later epoch that came before */
};
TAILQ_HEAD(ups_dtls_assocs, ups_dtls_assoc);

struct ups_dtls_early {
	struct ups_addr from;
	uint8_t *data;
	size_t size;
};

struct ups_dtls_endpoint {
	struct ups_dtls_message message;
	struct ups_dtls_record *record; /* spare, until published */
	struct ups_dtls_endpoint *next; /* of the bucket */
	TAILQ_ENTRY(ups_dtls_endpoint) of_waiting; /* d->waiting while restart_ns */
	struct ups_dtls_name name;
	uint64_t id; /* of its record */
	int fd;
	bool strict;
	struct ups_addr remote, source_ip;
	struct ups_dtls_spec dtls;
	struct ups_ice_spec ice;

	struct ups_dtls_assocs tries;
	unsigned int try_count;
	struct ups_dtls_assoc *current;
	bool done; /* the handshake of dtls.association was finished */
	bool asked; /* the Binding request to @remote was sent */
	uint64_t begun_ns; /* of the active handshake, restarts included; 0 = not begun */
	uint64_t restart_ns, reported_ns, induced_ns;
	struct ups_dtls_early early[UPS_DTLS_EARLY];
	unsigned int early_next;
	struct ups_addr valid[UPS_DTLS_VALID];
	unsigned int valid_count, valid_next;
	struct ups_addr nominated; /* port 0 = none yet */
};

struct ups_dtls_slot {
	struct ups_dtls_name name;
	struct ups_addr from;
	uint16_t size;
	uint8_t data[UPS_DTLS_SLOT];
};

/* One producer, one consumer */
struct ups_dtls_ring {
	uint32_t head __attribute__((aligned(64)));
	uint32_t tail __attribute__((aligned(64)));
	struct ups_dtls_slot slot[UPS_DTLS_RING];
};

struct ups_dtls {
	struct ups_dtls_callbacks callbacks;
	struct ups_dtls_seams seams;
	/* constant after creation */
	SSL_CTX *ctx;
	BIO_METHOD *bio;
	struct ups_fingerprint fingerprint;
	bool has_ca;
	uint8_t cookie_secret[32];
	struct ups_dtls_ring *ring;
	unsigned int workers;
	int wake_fd, notify_fd;
	pthread_t thread;
	bool threaded;
	/* any thread */
	uint32_t stop, pending;
	struct ups_dtls_queue commands, results;
	struct ups_dtls_stats stats;
	/* control thread */
	struct ups_dtls_record *record[UPS_DTLS_BUCKETS];
	uint64_t last_record;
	/* dtls thread */
	struct ups_dtls_endpoint *endpoint[UPS_DTLS_BUCKETS];
	struct ups_dtls_assocs running, settling;
	TAILQ_HEAD(, ups_dtls_endpoint) waiting;
	struct ups_dtls_assoc
		*listener; /* asks for cookies; becomes the association when one is right */
	uint64_t last_assoc, now_ns, tick_ns;
};

static inline bool ups_dtls_same(struct ups_dtls_name a, struct ups_dtls_name b)
{
	return a.flow == b.flow && a.rtcp == b.rtcp;
}

static inline unsigned int ups_dtls_bucket(struct ups_dtls_name name)
{
	return (name.flow * 2 + name.rtcp) % UPS_DTLS_BUCKETS;
}

static inline void ups_dtls_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* A record of DTLS, in the buffer it came in */
#define UPS_RECORD_HEADER 13

struct ups_record {
	const uint8_t *data; /* with header */
	size_t size;
	uint8_t type;
	uint16_t epoch;
	bool client_hello; /* whole header of one, epoch 0: random is there */
	const uint8_t *random; /* 32 bytes */
};

enum { UPS_RECORD_CCS = 20, UPS_RECORD_ALERT, UPS_RECORD_HANDSHAKE, UPS_RECORD_DATA };

/* ---- dtls.c ---------------------------------------------------------------------------------------------------- */

/* As ups_dtls_create(), without a thread: the caller, a test, runs ups_dtls_round(). */
int ups_dtls_open(const struct ups_dtls_config *config, const struct ups_dtls_callbacks *callbacks,
		  unsigned int workers, struct ups_dtls **out, struct ups_errmsg *msg) __must_check;
int ups_dtls_start(struct ups_dtls *d) __must_check;
void ups_dtls_push(struct ups_dtls_queue *queue, struct ups_dtls_message *message);
struct ups_dtls_message *ups_dtls_pop(struct ups_dtls_queue *queue);
/* From the dtls thread to the control thread. -> NULL: no memory, or too many are under way */
struct ups_dtls_result *ups_dtls_result(struct ups_dtls_endpoint *e, struct ups_dtls *d,
					enum ups_dtls_message_kind kind);
void ups_dtls_report(struct ups_dtls *d, struct ups_dtls_result *result);

/* ---- dtls_loop.c ----------------------------------------------------------------------------------------------- */

void *ups_dtls_main(void *d);
/* Waits for at most @wait_ms (-1: until something is due), then does what there is to do. */
void ups_dtls_round(struct ups_dtls *d, int wait_ms);

/* ---- dtls_endpoint.c ------------------------------------------------------------------------------------------- */

void ups_endpoint_publish(struct ups_dtls *d, struct ups_dtls_endpoint *e);
struct ups_dtls_endpoint *ups_endpoint_find(const struct ups_dtls *d, struct ups_dtls_name name);
void ups_endpoint_remove(struct ups_dtls *d, struct ups_dtls_endpoint *e);
/* Also one that was never published */
void ups_endpoint_destroy(struct ups_dtls *d, struct ups_dtls_endpoint *e);
bool ups_endpoint_accepts(const struct ups_dtls_endpoint *e, const struct ups_addr *from);
/* Begins or goes on with what is possible now: a ClientHello of ours, early ones of the peer */
void ups_endpoint_start(struct ups_dtls *d, struct ups_dtls_endpoint *e);
/* An active handshake with @to, where the peer may be found as well */
void ups_endpoint_try(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *to);
void ups_endpoint_restart_later(struct ups_dtls *d, struct ups_dtls_endpoint *e);
void ups_endpoint_restart(struct ups_dtls *d, struct ups_dtls_endpoint *e);
void ups_endpoint_input(struct ups_dtls *d, struct ups_dtls_endpoint *e,
			const struct ups_addr *from, const uint8_t *data, size_t size);

/* ---- dtls_assoc.c ---------------------------------------------------------------------------------------------- */

struct ups_dtls_assoc *ups_assoc_create(struct ups_dtls *d);
/* NULL is allowed. Says nothing to the peer. */
void ups_assoc_destroy(struct ups_dtls_assoc *a);
/* Gives it to @e as a handshake under way; sends the first flight when @active */
void ups_assoc_begin(struct ups_dtls_assoc *a, struct ups_dtls_endpoint *e, bool active);
/* A record for it. The association may be gone afterwards. */
void ups_assoc_input(struct ups_dtls_assoc *a, const struct ups_record *record);
void ups_assoc_timer(struct ups_dtls_assoc *a);
/* Gives up the 40 KiB of OpenSSL's state of a finished association; keeps its close_notify. */
void ups_assoc_settle(struct ups_dtls_assoc *a);
void ups_assoc_close(struct ups_dtls_assoc *a); /* close_notify */
/* The control thread has taken its keys: it replaces what there was, the other attempts end. */
void ups_assoc_confirm(struct ups_dtls_assoc *a);

/* ---- dtls_wire.c ----------------------------------------------------------------------------------------------- */

/* Cuts the next record off; false at the end and at what is no record. */
bool ups_record_next(const uint8_t **data, size_t *size, struct ups_record *out);
/* May OpenSSL see it */
bool ups_record_trusted(const struct ups_record *record);
BIO_METHOD *ups_dtls_bio_method(void);
void ups_dtls_send(int fd, const void *data, size_t size, const struct ups_addr *to);

/* ---- dtls_cert.c ----------------------------------------------------------------------------------------------- */

/* Fills ctx, fingerprint, has_ca, cookie_secret. */
int ups_dtls_cert_init(struct ups_dtls *d, const struct ups_dtls_config *config,
		       struct ups_errmsg *msg) __must_check;
/* The profiles of @suites for use_srtp; -> false: there is none */
bool ups_dtls_profiles(uint32_t suites, char *out, size_t size);
/* enum ups_suite_id of a profile number, 0 = none of ours */
uint8_t ups_dtls_suite(unsigned long profile);

/* ---- dtls_assoc.c, for the context ------------------------------------------------------------------------------ */

int ups_assoc_verify(X509_STORE_CTX *store, void *aux);

/* ---- dtls_ice.c ------------------------------------------------------------------------------------------------ */

void ups_ice_input(struct ups_dtls *d, struct ups_dtls_endpoint *e, const struct ups_addr *from,
		   const uint8_t *data, size_t size);
/* RFC 5763 6.7.2: asks the signalled remote once, so that it learns where we are */
void ups_ice_ask(struct ups_dtls *d, struct ups_dtls_endpoint *e);
bool ups_ice_valid(const struct ups_dtls_endpoint *e, const struct ups_addr *addr);

#endif
