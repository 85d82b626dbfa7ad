// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Known answers of AES (FIPS 197 appendix C), computed where packets will be: by the cipher context behind ups_aes. */
#include <bpf/bpf.h>
#include <string.h>

#include "dp/kernel_priv.h"

#define BLOCK 16

static const uint8_t answer[3][BLOCK] = {
	{ 0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5,
	  0x5a },
	{ 0xdd, 0xa9, 0x7c, 0xa4, 0x86, 0x4c, 0xdf, 0xe0, 0x6e, 0xaf, 0x70, 0xa0, 0xec, 0x0d, 0x71,
	  0x91 },
	{ 0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf, 0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60,
	  0x89 },
};

/* One block under the key of slot 0, in the place where ups_aes_check expects it; the frame has to look like one. */
static int encrypt(const struct ups_kernel *k, uint8_t block[static BLOCK])
{
	uint8_t frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .data_out = frame, .data_size_out = sizeof(frame), .repeat = 1);
	int err;

	memcpy(frame + BLOCK, block, BLOCK);
	err = bpf_prog_test_run_opts(k->aes_check_fd, &opts);
	if (err)
		return err;
	memcpy(block, frame + BLOCK, BLOCK);
	return opts.retval ? UPS_E_SELFTEST : 0;
}

static int check(const struct ups_kernel *k, uint32_t key_len, const uint8_t want[static BLOCK])
{
	struct ups_set_aes aes = { .slot = 0, .key_len = key_len };
	uint8_t block[BLOCK];
	int err;

	for (uint32_t i = 0; i < key_len; i++)
		aes.key[i] = (uint8_t)i;
	for (uint32_t i = 0; i < BLOCK; i++)
		block[i] = (uint8_t)(i * 0x11);
	err = ups_kernel_aes_set(k, &aes);
	if (!err)
		err = encrypt(k, block);
	if (!err && memcmp(block, want, BLOCK) != 0)
		err = UPS_E_SELFTEST;
	return err;
}

int ups_kernel_selftest(const struct ups_kernel *k)
{
	const struct ups_set_aes none = { .slot = 0 };
	int err = 0, clear;

	for (uint32_t i = 0; i < 3 && !err; i++)
		err = check(k, 16 + 8 * i, answer[i]);
	clear = ups_kernel_aes_set(k, &none);
	return err ? err : clear;
}
