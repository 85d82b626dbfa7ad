/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Binary interface between the BPF programs and user space: map names, keys and values.
 *
 * Rules: fixed-width types, explicit padding (zeroed by the writer), no pointers, enums, bool or bit-fields; sizes
 * asserted on both sides. Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d, ports in network byte order (__be16);
 * everything else is host order. UPS_ABI_VERSION changes with any layout or meaning; a loader that finds pinned
 * maps of another version refuses them.
 *
 * Who writes: the control thread writes flows and keys; SSRC state, key use and statistics are written by whichever
 * lane handles a packet, with atomic operations only, through the same memory (BPF_F_MMAPABLE arrays).
 */
#ifndef UPSEC_ABI_H
#define UPSEC_ABI_H

#include <linux/types.h>

#include "upsec/drop.h"
#include "upsec/suite.h"
#include "upsec/window.h"

#define UPS_ABI_VERSION 1

#define UPS_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " layout")

/* Map names (also the names of the pins, under UPS_PIN_DIR). */
#define UPS_PIN_DIR "/sys/fs/bpf/upsec"
#define UPS_MAP_LOOKUP \
	"ups_lookup" /* HASH  struct ups_lookup_key -> __u32 flow slot | UPS_LOOKUP_RTCP */
#define UPS_MAP_FLOWS "ups_flows" /* ARRAY flow slot -> struct ups_flow */
#define UPS_MAP_KEYS "ups_keys" /* ARRAY key slot -> struct ups_key */
#define UPS_MAP_AES "ups_aes" /* ARRAY key slot -> kptr to the kernel's cipher context */
#define UPS_MAP_GHASH "ups_ghash" /* HASH (not preallocated) key slot -> struct ups_ghash */
#define UPS_MAP_KEY_USE "ups_key_use" /* ARRAY mmapable, key slot -> struct ups_key_use */
#define UPS_MAP_SSRC "ups_ssrc" /* ARRAY mmapable, ssrc slot -> struct ups_ssrc */
#define UPS_MAP_STATS "ups_stats" /* ARRAY mmapable, flow slot -> struct ups_stats */
#define UPS_MAP_COUNTERS "ups_counters" /* PERCPU_ARRAY, one entry struct ups_counters */
#define UPS_MAP_DEVICES \
	"ups_devices" /* HASH  ifindex -> UPS_DEVICE_*; a device without entry takes frames */

/* What may not be handed to a device directly; such packets pass to the stack. */
#define UPS_DEVICE_STACK 1u /* no frame at all: not Ethernet */
#define UPS_DEVICE_GENERIC \
	2u /* frames of a program in generic mode only: its driver sends no others */

struct ups_addr {
	__u8 ip[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
	__be16 port;
	__u16 pad;
};
UPS_ASSERT_SIZE(struct ups_addr, 20);

#define UPS_LOOKUP_RTCP 0x80000000u /* value flag: this is the separate RTCP port of the flow */

struct ups_lookup_key {
	struct ups_addr dst; /* local address and port the packet arrived at */
};
UPS_ASSERT_SIZE(struct ups_lookup_key, 20);

/* struct ups_flow.flags */
#define UPS_FLOW_ACTIVE \
	(1u << 0) /* clear while being set up or torn down: packets pass to the stack */
#define UPS_FLOW_XDP \
	(1u << 1) /* the kernel lane serves RTP of this flow; else it passes up (PASS_LANE) */
#define UPS_FLOW_OPAQUE \
	(1u << 2) /* keys are the users': police source and first byte, relay all else */
#define UPS_FLOW_RX_SRTP (1u << 3) /* unprotect with rx_key[] */
#define UPS_FLOW_TX_SRTP (1u << 4) /* protect with tx_key */
#define UPS_FLOW_RX_MUX (1u << 5) /* RTCP may arrive on the RTP port (RFC 5761) */
#define UPS_FLOW_SRC_KNOWN (1u << 6) /* src holds the address to accept; else PASS_LEARN */
#define UPS_FLOW_DTLS (1u << 7) /* the in-leg negotiates DTLS: pass first byte 20..63 */
#define UPS_FLOW_STUN (1u << 8) /* the in-leg answers STUN: pass first byte 0..3 */
#define UPS_FLOW_LATCH \
	(1u            \
	 << 9) /* what DTLS and STUN pass may come from other sources than src: the udp lane judges */

#define UPS_SLOT_NONE 0xffffffffu

/* One direction of one stream. Slot numbers index the other arrays. */
struct ups_flow {
	__u32 flags;
	__u32 generation; /* +1 each time the slot is re-used */
	struct ups_addr src; /* the only source accepted (UPS_FLOW_SRC_KNOWN) */
	struct ups_addr out_src; /* local address and port it leaves from */
	struct ups_addr out_dst; /* where it goes; family may differ from src */
	__u8 out_tos; /* DSCP << 2 of the outgoing packet */
	__u8 out_ttl;
	__u8 rx_key_count; /* 1..UPS_RX_KEYS_MAX with UPS_FLOW_RX_SRTP */
	__u8 rx_mki_len; /* bytes, the same for all rx keys; 0 = no MKI */
	__u32 rx_key[UPS_RX_KEYS_MAX]; /* key slots */
	__u32 tx_key; /* key slot */
	__u32 ssrc_base; /* first ssrc slot of this flow */
	__u32 ssrc_count; /* slots that belong to it = SSRC limit, 1..UPS_SSRC_MAX */
	__u32 pad;
};
UPS_ASSERT_SIZE(struct ups_flow, 104);

#define UPS_SSRC_MAX 16 /* largest SSRC limit of one flow */

/*
 * Session keys of one master key in one direction, for the kernel lane (RTP only: SRTCP is user space's).
 * The cipher key itself goes into the kernel's cipher context and nowhere else.
 */
struct ups_key {
	__u8 suite; /* enum ups_suite_id; 0 = slot empty */
	__u8 tag_len; /* SRTP tag bytes */
	__u8 mki_len; /* 0..UPS_MKI_XDP_MAX */
	__u8 aead; /* 1: AES-GCM, 0: AES-CM with HMAC-SHA1 */
	__u8 mki[UPS_MKI_XDP_MAX]; /* big-endian on the wire, the first mki_len bytes */
	__u8 salt[16]; /* session salt, 14 (CM) or 12 (GCM) bytes, rest zero */
	__u32 sha1_inner[5]; /* HMAC-SHA1 state after the ipad block, host order words */
	__u32 sha1_outer[5]; /* and after the opad block */
	__u32 pad;
};
UPS_ASSERT_SIZE(struct ups_key, 80);

/*
 * GHASH table of one key: t[i] = (block whose byte 0 is i, rest zero) * H; t[i][0] = big-endian load of its bytes 0..7,
 * t[i][1] = of bytes 8..15, both as host-order values. How it is filled and used: upsec/ghash.h.
 */
struct ups_ghash {
	__u64 t[256][2];
};
UPS_ASSERT_SIZE(struct ups_ghash, 4096);

/* Packets a master key has protected or unprotected, and when it ends (RFC 3711 9.2). Taken before use. */
struct ups_key_use {
	__u64 rtp;
	__u64 rtcp;
	__u64 rtp_limit; /* at most 2^48 */
	__u64 rtcp_limit; /* at most 2^31 */
};
UPS_ASSERT_SIZE(struct ups_key_use, 32);

#define UPS_SSRC_USED (1ULL << 32)

/* State of one SSRC in one flow; `id` is claimed once by compare-and-swap and never given to another SSRC. */
struct ups_ssrc {
	__u64 id; /* 0 = free, else UPS_SSRC_USED | SSRC */
	struct ups_window rx; /* SRTP replay list of the in-leg */
	struct ups_window rx_rtcp; /* SRTCP replay list of the in-leg */
	struct ups_window tx; /* SRTP indices used on the out-leg */
	__u64 tx_rtcp; /* next SRTCP index of the out-leg (fetch-and-add), < 2^31 */
	__u64 pad[3];
};
UPS_ASSERT_SIZE(struct ups_ssrc, 256);

enum ups_lane { UPS_LANE_UDP = 0, UPS_LANE_XDP = 1, UPS_LANE_XSK = 2, UPS_LANE_COUNT = 3 };

/* Per lane: packets that passed policing (rx) and packets that left (tx); bytes are UDP payload. */
struct ups_lane_stats {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
};

struct ups_stats {
	struct ups_lane_stats lane[UPS_LANE_COUNT];
	__u32 drop[UPS_DROP_MAX]; /* by reason, all lanes */
	__u64 last_rx_ns; /* CLOCK_MONOTONIC, to a clock tick, of the last packet that passed policing */
	/* of lane udp, the only one that tells RTCP from RTP, what is RTCP; also counted in lane[] */
	__u32 rtcp_rx_packets, rtcp_tx_packets;
	__u64 rtcp_rx_bytes, rtcp_tx_bytes;
};
UPS_ASSERT_SIZE(struct ups_stats, 256);

struct ups_counters {
	__u64 drop[UPS_DROP_MAX]; /* packets the kernel lane dropped */
	__u64 pass[UPS_PASS_MAX]; /* packets it passed to the stack */
	__u64 tx; /* packets it sent itself (XDP_TX or redirect) */
	__u64 xsk; /* packets it handed to an AF_XDP socket */
};
UPS_ASSERT_SIZE(struct ups_counters, 400);

/* Argument of the "set key" program (BPF_PROG_TYPE_SYSCALL): puts a cipher context into ups_aes[slot], or removes it. */
struct ups_set_aes {
	__u32 slot;
	__u32 key_len; /* 16, 24 or 32; 0 = remove */
	__u8 key[UPS_KEY_MAX];
};
UPS_ASSERT_SIZE(struct ups_set_aes, 40);

/* Constants of the program (section .rodata.config), set before it is loaded; what is off the verifier removes. */
struct ups_bpf_config {
	__u32 has_crypto; /* 0: no cipher context, GHASH table or kernel function is touched */
	__u32 generic; /* 1: attached in generic mode, where frames leave by the device's ordinary transmit path */
};
UPS_ASSERT_SIZE(struct ups_bpf_config, 8);

#endif
