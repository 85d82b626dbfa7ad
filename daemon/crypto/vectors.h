/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Known answers, in hexadecimal: used by the self-test at start and by the unit tests. Those the RFCs and other implementations
 * publish are marked with their source; the others were computed from the RFC text with nothing but AES-ECB and SHA-1.
 */
#ifndef UPSEC_CRYPTO_VECTORS_H
#define UPSEC_CRYPTO_VECTORS_H

#include "crypto/srtp.h"

#define UPS_VECTOR_MASTER_128              \
	"e1f97a0d3e018be0d64fa32c06de4139" \
	"0ec675ad498afeebb6960b3aabe6"
#define UPS_VECTOR_MASTER_192                              \
	"73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1" \
	"c8522f3acd4ce86d5add78edbb11"
#define UPS_VECTOR_MASTER_256                                              \
	"f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6" \
	"3b04803de51ee7c96423ab5b78d2"
#define UPS_VECTOR_MASTER_GCM128           \
	"000102030405060708090a0b0c0d0e0f" \
	"a0a1a2a3a4a5a6a7a8a9aaab"
#define UPS_VECTOR_MASTER_GCM256                                           \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	"a0a1a2a3a4a5a6a7a8a9aaab"

/* Key derivation: the six session keys of a master key (labels 0..5) */
struct ups_vector_kdf {
	const char *source;
	enum ups_suite_id suite;
	const char *master;
	const char *key[6];
};

static const struct ups_vector_kdf ups_vectors_kdf[] = {
	{ "RFC 3711 B.3",
	  UPS_SUITE_AES_CM_128_HMAC_SHA1_80,
	  UPS_VECTOR_MASTER_128,
	  { "c61e7a93744f39ee10734afe3ff7a087", "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
	    "30cbbc08863d8c85d49db34a9ae1", "4c1aa45a81f73d61c800bbb00fbb1eaa",
	    "8d54534feb49ae8e7993a6bd0b844fc323a93dfd", "9581c7ad87b3e530bf3e4454a8b3" } },
	{ "RFC 6188 7.4",
	  UPS_SUITE_AES_192_CM_HMAC_SHA1_80,
	  UPS_VECTOR_MASTER_192,
	  { "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb",
	    "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb", "2372b82d639b6d8503a47adc0a6c",
	    "0c3b5d24e0005fb7b821f22466607ea095818448aff1a464",
	    "1435bd4b2d52ecdd00b401c5fbf38d087f529199", "25a16ab36c966196475415cbc6f0" } },
	{ "RFC 6188 7.2",
	  UPS_SUITE_AES_256_CM_HMAC_SHA1_80,
	  UPS_VECTOR_MASTER_256,
	  { "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
	    "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05", "fa31791685ca444a9e07c6c64e93",
	    "8ee75f2de53606ebfb9aabce0b530213ce0966976277ff918700903dcc406073",
	    "0235c1262ca7178cf9d8180fa6574a1d997fdc7a", "b174376e041b45cd4031056e44ba" } },
};

/* A whole packet from a master key. RTP has ROC 0; RTCP has E = 1 and index 1. */
struct ups_vector_packet {
	const char *source;
	enum ups_suite_id suite;
	enum ups_srtp_kind kind;
	const char *master;
	const char *wire;
};

#define UPS_VECTOR_RTP             \
	"800f1234decafbadcafebabe" \
	"abababababababababababababababab"
#define UPS_VECTOR_RTCP    \
	"81c8000bcafebabe" \
	"abababababababababababababababab"
#define UPS_VECTOR_SSRC 0xcafebabe
#define UPS_VECTOR_RTCP_INDEX 1

static const struct ups_vector_packet ups_vectors_packet[] = {
	{ "published with libsrtp", UPS_SUITE_AES_CM_128_HMAC_SHA1_80, UPS_SRTP_RTP,
	  UPS_VECTOR_MASTER_128,
	  "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
	  "b78d6acc99ea179b8dbb" },
	{ "published with libsrtp", UPS_SUITE_AES_CM_128_HMAC_SHA1_80, UPS_SRTP_RTCP,
	  UPS_VECTOR_MASTER_128,
	  "81c8000bcafebabe7128035be487b9bdbef89041f977a5a8"
	  "80000001993e08cd54d6c1230798" },
	{ "computed", UPS_SUITE_AES_CM_128_HMAC_SHA1_32, UPS_SRTP_RTP, UPS_VECTOR_MASTER_128,
	  "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
	  "b78d6acc" },
	{ "computed", UPS_SUITE_AES_CM_128_HMAC_SHA1_32, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_128,
	  "81c8000bcafebabe7128035be487b9bdbef89041f977a5a8"
	  "80000001993e08cd54d6c1230798" },
	{ "computed", UPS_SUITE_AES_192_CM_HMAC_SHA1_80, UPS_SRTP_RTP, UPS_VECTOR_MASTER_192,
	  "800f1234decafbadcafebabe1e84e1395a55cc6cd7b80db939a83a78"
	  "e3e7e10bf579c261e5c6" },
	{ "computed", UPS_SUITE_AES_192_CM_HMAC_SHA1_80, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_192,
	  "81c8000bcafebabe3a8b5fbd5eabc9949eec92043a9a4b58"
	  "800000012fd0d52db8f8be3d1e48" },
	{ "computed", UPS_SUITE_AES_192_CM_HMAC_SHA1_32, UPS_SRTP_RTP, UPS_VECTOR_MASTER_192,
	  "800f1234decafbadcafebabe1e84e1395a55cc6cd7b80db939a83a78"
	  "e3e7e10b" },
	{ "computed", UPS_SUITE_AES_192_CM_HMAC_SHA1_32, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_192,
	  "81c8000bcafebabe3a8b5fbd5eabc9949eec92043a9a4b58"
	  "800000012fd0d52db8f8be3d1e48" },
	{ "published with libsrtp", UPS_SUITE_AES_256_CM_HMAC_SHA1_80, UPS_SRTP_RTP,
	  UPS_VECTOR_MASTER_256,
	  "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40d"
	  "a08d9d9a5b3a55d8873b" },
	{ "computed", UPS_SUITE_AES_256_CM_HMAC_SHA1_80, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_256,
	  "81c8000bcafebabeb4d0e7a917d24b9faab9d3b6127b3ba6"
	  "80000001e04ac0ec2846f71bd31c" },
	{ "computed", UPS_SUITE_AES_256_CM_HMAC_SHA1_32, UPS_SRTP_RTP, UPS_VECTOR_MASTER_256,
	  "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40d"
	  "a08d9d9a" },
	{ "computed", UPS_SUITE_AES_256_CM_HMAC_SHA1_32, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_256,
	  "81c8000bcafebabeb4d0e7a917d24b9faab9d3b6127b3ba6"
	  "80000001e04ac0ec2846f71bd31c" },
	{ "published with libsrtp", UPS_SUITE_AEAD_AES_128_GCM, UPS_SRTP_RTP,
	  UPS_VECTOR_MASTER_GCM128,
	  "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06e"
	  "d2976826f796b201df3131a127e8a392" },
	{ "published with libsrtp", UPS_SUITE_AEAD_AES_128_GCM, UPS_SRTP_RTCP,
	  UPS_VECTOR_MASTER_GCM128,
	  "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025"
	  "c52c6fbea2b3b446ea31123ba88ce61e80000001" },
	{ "computed", UPS_SUITE_AEAD_AES_256_GCM, UPS_SRTP_RTP, UPS_VECTOR_MASTER_GCM256,
	  "800f1234decafbadcafebabe0af7f21e8a90bdad7a425c9c31ed4bb1"
	  "d90238917e7390a2793500e1681acaea" },
	{ "computed", UPS_SUITE_AEAD_AES_256_GCM, UPS_SRTP_RTCP, UPS_VECTOR_MASTER_GCM256,
	  "81c8000bcafebabe8abfafa780070a90e80f9161cf4aac08"
	  "1ed93aaa53c15b0f3ed1a3b984167b0380000001" },
};

/* A packet from session keys given directly: salt "Quid pro quo", keys 00 01 02 ...; E-bit and index are in the wire form. */
struct ups_vector_session {
	const char *source;
	enum ups_suite_id suite;
	enum ups_srtp_kind kind;
	const char *plain;
	const char *wire;
};

#define UPS_VECTOR_SESSION_SALT "517569642070726f2071756f"
#define UPS_VECTOR_GALLIA                                                                  \
	"8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e2070" \
	"61727465732074726573"
#define UPS_VECTOR_MARS                                                                    \
	"81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef" \
	"deadbeefdeadbeefdeadbeef"

static const struct ups_vector_session ups_vectors_session[] = {
	{ "RFC 7714 16.1.1", UPS_SUITE_AEAD_AES_128_GCM, UPS_SRTP_RTP, UPS_VECTOR_GALLIA,
	  "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a"
	  "51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce" },
	{ "RFC 7714 16.2.1", UPS_SUITE_AEAD_AES_256_GCM, UPS_SRTP_RTP, UPS_VECTOR_GALLIA,
	  "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a02"
	  "76ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13" },
	{ "RFC 7714 17.1", UPS_SUITE_AEAD_AES_128_GCM, UPS_SRTP_RTCP, UPS_VECTOR_MARS,
	  "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda"
	  "4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4" },
	{ "RFC 7714 17.2", UPS_SUITE_AEAD_AES_256_GCM, UPS_SRTP_RTCP, UPS_VECTOR_MARS,
	  "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be"
	  "8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4" },
	{ "RFC 7714 17.3", UPS_SUITE_AEAD_AES_128_GCM, UPS_SRTP_RTCP, UPS_VECTOR_MARS,
	  "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef"
	  "deadbeefdeadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4" },
	{ "RFC 7714 17.4", UPS_SUITE_AEAD_AES_256_GCM, UPS_SRTP_RTCP, UPS_VECTOR_MARS,
	  "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeef"
	  "deadbeefdeadbeefdeadbeef91db4afbfeee5a978fab4393ed2615fe000005d4" },
};

#endif
