/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Private to the loader of the kernel lane (kernel*.c): the handle, and the steps of loading and attaching. Control
 * thread only.
 */
#ifndef UPSEC_DP_KERNEL_PRIV_H
#define UPSEC_DP_KERNEL_PRIV_H

#include <bpf/libbpf.h>
#include <net/if.h>

#include "dp/kernel.h"

struct xdp_program;

/* Maps user space touches, in the order of the table in kernel_load.c */
enum ups_map {
	UPS_M_LOOKUP,
	UPS_M_FLOWS,
	UPS_M_KEYS,
	UPS_M_AES,
	UPS_M_GHASH,
	UPS_M_KEY_USE,
	UPS_M_SSRC,
	UPS_M_STATS,
	UPS_M_COUNTERS,
	UPS_M_DEVICES,
	UPS_M_COUNT,
};

/* One device that carries the program. The object is a copy of its own: libxdp loads it as what the device needs. */
struct ups_attachment {
	struct ups_attachment *next;
	char device[IF_NAMESIZE];
	int ifindex;
	int mode; /* enum xdp_attach_mode */
	struct bpf_object *object;
	struct xdp_program *program;
};

struct ups_kernel {
	struct ups_limits limits;
	char *object_path; /* NULL: the object built in */
	struct bpf_object *object;
	bool crypto;
	int prog_fd;
	int aes_set_fd; /* -1 without crypto */
	int aes_check_fd; /* -1 without crypto */
	int map_fd[UPS_M_COUNT]; /* -1 where this kernel has no use for the map */
	unsigned int cpus; /* possible, for per-CPU values */
	struct ups_state state;
	struct ups_attachment *attached;
	char summary[256];
};

/* Opens the object and sizes its maps; nothing is in the kernel yet. -errno with @msg. */
int ups_kernel_open(const struct ups_kernel *k, const struct ups_bpf_config *config,
		    struct bpf_object **out, struct ups_errmsg *msg) __must_check;
/* Loads k->object, with crypto if the kernel lets it and computes it right, else without; fills fds and k->crypto. */
int ups_kernel_load(struct ups_kernel *k, struct ups_errmsg *msg) __must_check;
const char *ups_kernel_map_name(enum ups_map map);

/* Sets or removes (key_len 0) a cipher context. -errno of the kernel's crypto. */
int ups_kernel_aes_set(const struct ups_kernel *k, const struct ups_set_aes *aes) __must_check;
/* Known answers through the kernel lane's own cipher path. UPS_E_SELFTEST. */
int ups_kernel_selftest(const struct ups_kernel *k) __must_check;

void ups_kernel_detach_all(struct ups_kernel *k);
/* Sends messages of libbpf and libxdp to the log, a level below what they claim: a failed probe is no warning. */
void ups_kernel_capture_log(void);

#endif
