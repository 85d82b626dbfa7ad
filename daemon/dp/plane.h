/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of the data plane (dp.c, install.c, attach.c): its state, an installed stream, and the functions it calls on
 * other modules. The calls go through a table so that a test can refuse any one of them. Control thread only.
 */
#ifndef UPSEC_DP_PLANE_H
#define UPSEC_DP_PLANE_H

#include "dp/dp.h"
#include "dp/kernel.h"
#include "dp/lane.h"
#include "dp/udp.h"

#define UPS_DEVICES_MAX 16

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
	uint8_t said; /* SAID_* bits of install.c's key events */
};

/* One direction of an installed stream */
struct ups_held_flow {
	uint32_t slot;
	struct ups_flow record; /* what the kernel lane holds of it */
	struct ups_lane_facts facts;
	enum ups_lane lane; /* who serves its RTP now */
	const char *reason;
	bool in_kernel;
};

struct ups_held_port {
	struct ups_addr local;
	bool in_kernel; /* has a look-up entry */
};

struct ups_installed {
	struct ups_held_flow flow[UPS_LEGS];
	struct ups_held_port port[UPS_LEGS][2]; /* [leg][RTP, RTCP] */
	struct ups_held_key rx[UPS_LEGS][UPS_RX_KEYS_MAX];
	struct ups_held_key tx[UPS_LEGS];
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
/* The source of leg i's RTP port was learned; leg i is flow[i]'s in-leg. */
void ups_plane_learned(struct ups_dp *dp, struct ups_installed *s, unsigned int leg,
		       const struct ups_addr *addr);

/* keys.c: creates the keys of both legs into @s and sets their limits. */
int ups_plane_keys_create(struct ups_dp *dp, const struct ups_stream *stream,
			  struct ups_installed *s, struct ups_errmsg *msg) __must_check;
void ups_plane_keys_destroy(struct ups_dp *dp, struct ups_installed *s);
/* Gives the kernel lane a key, once; and takes every key of @s away from it. */
int ups_plane_key_export(struct ups_dp *dp, struct ups_held_key *k,
			 struct ups_errmsg *msg) __must_check;
void ups_plane_keys_retract(struct ups_dp *dp, struct ups_installed *s);
/* Key events of one stream */
void ups_plane_keys_check(struct ups_dp *dp, struct ups_installed *s);

#endif
