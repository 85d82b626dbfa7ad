/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the data plane (dp.c, install.c, change.c, flow.c, keys.c, handshake.c, attach.c): its state, an installed stream, and
 * the functions it calls on other modules. The calls go through a table so that a test can refuse any one of them. Control thread
 * only.
 */
#ifndef UPSEC_DP_PLANE_H
#define UPSEC_DP_PLANE_H

#include "dp/dp.h"
#include "dp/kernel.h"
#include "dp/lane.h"
#include "dp/udp.h"
#include "dp/xfrm.h"

#define UPS_DEVICES_MAX 16

/* dp/dtls.h */
struct ups_handshake_ops {
	int (*create)(const struct ups_dtls_config *config,
		      const struct ups_dtls_callbacks *callbacks, unsigned int workers,
		      struct ups_dtls **out, struct ups_errmsg *msg);
	void (*destroy)(struct ups_dtls *d);
	void (*fingerprint)(const struct ups_dtls *d, struct ups_fingerprint *out);
	int (*prepare)(struct ups_dtls *d, uint32_t flow, bool rtcp, int fd,
		       const struct ups_leg *leg, struct ups_dtls_endpoint **out);
	void (*publish)(struct ups_dtls *d, struct ups_dtls_endpoint *e);
	void (*discard)(struct ups_dtls *d, struct ups_dtls_endpoint *e);
	void (*drop)(struct ups_dtls *d, uint32_t flow, bool rtcp);
	bool (*input)(struct ups_dtls *d, unsigned int worker, uint32_t flow, bool rtcp,
		      const struct ups_addr *from, const void *data, size_t size);
	int (*notify_fd)(const struct ups_dtls *d);
	void (*dispatch)(struct ups_dtls *d);
};

struct ups_dp_ops {
	int (*kernel_create)(const struct ups_limits *limits, const char *object,
			     struct ups_kernel **out, struct ups_errmsg *msg);
	void (*kernel_destroy)(struct ups_kernel *k);
	bool (*kernel_has_crypto)(const struct ups_kernel *k);
	const char *(*kernel_summary)(const struct ups_kernel *k);
	void (*kernel_state)(const struct ups_kernel *k, struct ups_state *state);
	int (*kernel_attach)(struct ups_kernel *k, const char *device, enum ups_attach_mode mode,
			     bool *dispatcher, struct ups_errmsg *msg);
	void (*kernel_refresh)(struct ups_kernel *k);
	int (*kernel_key_set)(struct ups_kernel *k, uint32_t slot, const struct ups_key *key,
			      const struct ups_set_aes *aes, const struct ups_ghash *ghash);
	void (*kernel_key_del)(struct ups_kernel *k, uint32_t slot);
	int (*kernel_flow_set)(struct ups_kernel *k, uint32_t slot, const struct ups_flow *flow);
	void (*kernel_flow_del)(struct ups_kernel *k, uint32_t slot);
	int (*kernel_lookup_add)(struct ups_kernel *k, const struct ups_addr *local,
				 uint32_t value);
	void (*kernel_lookup_del)(struct ups_kernel *k, const struct ups_addr *local);
	void (*kernel_counters)(const struct ups_kernel *k, struct ups_counters *out);
	/* returns when every XDP program that runs now has ended */
	void (*kernel_grace)(void);
	bool (*device_is_loopback)(const char *device);
	int (*key_create)(struct ups_crypto *c, const struct ups_srtp_key_config *config,
			  struct ups_key_use *use, struct ups_srtp_key **out);
	struct ups_udp_sys udp;
	const struct ups_handshake_ops *handshake; /* NULL in tests that need none */
	const char *(*xfrm_why)(struct ups_xfrm *x, const struct ups_addr *local,
				const struct ups_addr *remote);
};

extern const struct ups_dp_ops ups_dp_ops_default;

struct ups_device {
	const char *name; /* the interface's */
	bool attached;
	bool dispatcher;
	bool loopback;
	const char *mode; /* "native", "generic", "off" */
	char text[640];
	const char *reason; /* in text: why off or generic; NULL when native */
	const char *off; /* text, when off: the sentence a flow shows */
};

/* A master key in use by an installed stream */
struct ups_held_key {
	struct ups_srtp_key *key;
	uint32_t slot;
	bool in_kernel;
	uint8_t said; /* SAID_* bits of keys.c's key events */
};

/* One direction of an installed stream */
struct ups_held_flow {
	uint32_t slot;
	struct ups_flow record; /* what the kernel lane holds of it */
	struct ups_lane_facts facts;
	enum ups_lane lane; /* who serves its RTP now */
	const char *reason;
	bool in_kernel;
	uint32_t left; /* struct ups_rest.now when XDP programs may last have begun with it */
};

struct ups_held_port {
	struct ups_addr local;
	bool in_kernel; /* has a look-up entry */
	bool endpoint; /* handshakes are done here */
};

/* What an installed stream has; a change makes another one of these beside it */
struct ups_held {
	struct ups_held_flow flow[UPS_LEGS];
	struct ups_held_port port[UPS_LEGS][2]; /* [leg][RTP, RTCP] */
	struct ups_held_key key[UPS_LEGS][UPS_ROLES];
};

/* Endpoints prepared, [leg][RTP, RTCP]; NULL = none, or as it was */
struct ups_endpoints {
	struct ups_dtls_endpoint *at[UPS_LEGS][2];
};

struct ups_installed {
	struct ups_held now;
	uint32_t ssrc_base[UPS_LEGS];
	uint16_t ssrc_count;
	struct ups_udp_stream *udp;
	struct ups_installed *next; /* while being removed */
};

/* When a slot was last released, so that it is not given on while an XDP program may still write to it */
struct ups_rest {
	uint32_t *flow, *key, *ssrc; /* [slots], value of `now` at release; 0 = never */
	uint32_t now; /* releases so far */
	uint32_t settled; /* releases up to here are over */
};

struct ups_dp {
	struct ups_dp_config config;
	const struct ups_dp_ops *ops;
	struct ups_kernel *kernel; /* NULL = none */
	char kernel_reason[512]; /* why none */
	struct ups_state state;
	struct ups_udp *udp;
	struct ups_dtls *dtls; /* NULL = none */
	char dtls_reason[512]; /* why none */
	struct ups_udp_handover handover;
	struct ups_xfrm *xfrm; /* NULL: this kernel has no IPsec */
	int notify_fd; /* epoll of both lanes of reports; -1 = the udp lane's alone */
	struct ups_installed **by_flow; /* [state.flows] */
	uint32_t generation; /* of flow records */
	struct ups_rest rest;
	struct ups_device device[UPS_DEVICES_MAX];
	unsigned int device_count;
};

/* ups_dp_create() with the calls of @ops, which outlives the data plane */
int ups_plane_create(const struct ups_dp_config *config, const struct ups_dp_ops *ops,
		     struct ups_dp **out, struct ups_errmsg *msg) __must_check;

/* attach.c: tries every distinct device of the interfaces; a device that refuses is a warning. UPS_E_LIMIT. */
int ups_plane_attach(struct ups_dp *dp, struct ups_errmsg *msg) __must_check;
/* The record of a device, or NULL */
const struct ups_device *ups_plane_device(const struct ups_dp *dp, const char *name);

/* install.c: on failure nothing of @stream is left. */
int ups_plane_install(struct ups_dp *dp, const struct ups_stream *stream,
		      struct ups_installed **out, struct ups_errmsg *msg) __must_check;
/* Takes a list (->next) out of service and, after one grace period, frees it. */
void ups_plane_remove(struct ups_dp *dp, struct ups_installed *list);
/* What the model must not get wrong. @installed: the stream has its slots already. */
int ups_plane_check(const struct ups_dp *dp, const struct ups_stream *stream, bool installed,
		    struct ups_errmsg *msg) __must_check;
/* Waits, if it must, until no XDP program holds a slot that @stream will use and @was (may be NULL) did not. */
void ups_plane_rest(struct ups_dp *dp, const struct ups_stream *stream, struct ups_held *was);
/* An XDP program that runs now, or a slot released before: waits until all of that is over. */
void ups_plane_grace(struct ups_dp *dp);
void ups_plane_list_keys(const struct ups_held *held, struct ups_leg_keys keys[static UPS_LEGS]);

/*
 * change.c: streams that become others. prepare does all that can fail, for @count changes, and leaves nothing behind when it
 * does; carry_out cannot fail; discard undoes prepare. NULL with @count 0.
 */
struct ups_switch;
int ups_plane_changes_prepare(struct ups_dp *dp, const struct ups_change *change,
			      unsigned int count, struct ups_switch **out,
			      struct ups_errmsg *msg) __must_check;
void ups_plane_changes_carry_out(struct ups_dp *dp, struct ups_switch *list, unsigned int count);
void ups_plane_changes_discard(struct ups_dp *dp, struct ups_switch *list, unsigned int count);

/* flow.c: what the kernel lane is told of a flow. Fills flow i and the ports of leg i of @held. */
void ups_plane_flow_make(struct ups_dp *dp, const struct ups_stream *stream, unsigned int i,
			 struct ups_held *held);
/* Whether the kernel lane will serve the flow, at the latest when its source is known */
bool ups_plane_flow_open(const struct ups_held_flow *f);
/* Whether XDP programs may be changing the state of the flow now */
bool ups_plane_flow_running(const struct ups_held_flow *f);
/*
 * What can fail of bringing flow i of @held into the kernel lane, if it is to be there: keys, record, look-up entries, as far
 * as they are not there already. A record that is new is written with ACTIVE only if @active.
 */
int ups_plane_flow_write(struct ups_dp *dp, struct ups_held *held, unsigned int i, bool active,
			 struct ups_errmsg *msg) __must_check;
/* The flow's packets go to the stack from now on, but for those under way. */
void ups_plane_flow_pause(struct ups_dp *dp, const struct ups_held_flow *f);
/* The record as it is now, by way of an inactive one: it is not written atomically. A refusal leaves the udp lane in charge. */
void ups_plane_flow_rewrite(struct ups_dp *dp, struct ups_held_flow *f);
/* The record of a flow that is paused, or in the kernel lane and not active yet */
void ups_plane_flow_activate(struct ups_dp *dp, struct ups_held_flow *f);
/* Takes out of the kernel lane what @held has there and @stay (may be NULL) has not. */
void ups_plane_flow_retract(struct ups_dp *dp, struct ups_held *held, unsigned int i,
			    const struct ups_held *stay);
/* Decides again who serves the flow, and tells. */
void ups_plane_flow_lane(struct ups_dp *dp, struct ups_held_flow *f);
/* The source of leg i's RTP port was learned; leg i is flow[i]'s in-leg. */
void ups_plane_learned(struct ups_dp *dp, struct ups_installed *s, unsigned int leg,
		       const struct ups_addr *addr);

/* keys.c: the spec of a key, NULL if @leg has none in this role */
const struct ups_key_spec *ups_plane_leg_key(const struct ups_leg *leg, unsigned int role);
/* The keys of both legs into @held: those of @was (may be NULL) with the same slot go on, others are created and get their limits. */
int ups_plane_keys_create(struct ups_dp *dp, const struct ups_stream *stream, struct ups_held *was,
			  struct ups_held *held, struct ups_errmsg *msg) __must_check;
/* The key with this slot, or NULL */
struct ups_held_key *ups_plane_key_find(struct ups_held *held, uint32_t slot);
void ups_plane_keys_destroy(struct ups_dp *dp, struct ups_held *held);
/* Retracts and destroys what @stay does not have too. */
void ups_plane_keys_leave(struct ups_dp *dp, struct ups_held *held, struct ups_held *stay);
/* Sets the limits of all keys of @stream; counters go on. */
void ups_plane_keys_limits(struct ups_dp *dp, const struct ups_stream *stream);
/* Gives the kernel lane a key, once; and takes every key of @held away from it. */
int ups_plane_key_export(struct ups_dp *dp, struct ups_held_key *k,
			 struct ups_errmsg *msg) __must_check;
void ups_plane_keys_retract(struct ups_dp *dp, struct ups_held *held);
/* ... every key that no flow in the kernel lane uses */
void ups_plane_keys_retract_unused(struct ups_dp *dp, struct ups_held *held);
/* Key events of one stream */
void ups_plane_keys_check(struct ups_dp *dp, struct ups_installed *s);

/*
 * handshake.c: DTLS and ICE endpoints of legs that negotiate. open: a failure is kept in dp->dtls_reason, and legs that need it are
 * refused. prepare makes those that are new or differ from @from's (NULL = all), with the sockets of @fd, and marks those that
 * @held has; on failure nothing is left.
 */
void ups_handshake_open(struct ups_dp *dp);
void ups_handshake_close(struct ups_dp *dp);
int ups_handshake_prepare(struct ups_dp *dp, const struct ups_stream *from,
			  const struct ups_stream *to, const int fd[static UPS_LEGS][2],
			  struct ups_held *held, struct ups_endpoints *out,
			  struct ups_errmsg *msg) __must_check;
void ups_handshake_publish(struct ups_dp *dp, struct ups_endpoints *e);
void ups_handshake_discard(struct ups_dp *dp, struct ups_endpoints *e);
/* Ends those of @held that @stay (may be NULL) does not have. */
void ups_handshake_drop(struct ups_dp *dp, const struct ups_held *held,
			const struct ups_held *stay);

#endif
