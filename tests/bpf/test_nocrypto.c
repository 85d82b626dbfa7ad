// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The kernel lane on a kernel without bpf_crypto (Debian 12's 6.1). Where the kernel has it, it is taken away: the test
 * gives the loader the built-in object with the names of the crypto functions misspelt, as if this kernel did not know
 * them. Then clear and opaque flows must run as ever, SRTP flows must pass to the udp lane untouched, and what is
 * refused without a key (source, first byte) must be refused still.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "xdpflows.h"

#include "upsec_xdp.skel.h"

static char object_path[64];

/* -> how often it stood there */
static int misspell(uint8_t *bytes, size_t size, const char *name)
{
	size_t len = strlen(name);
	uint8_t *at = bytes;
	int count = 0;

	while ((at = memmem(at, size - (size_t)(at - bytes), name, len))) {
		at[len - 1] ^= 1;
		count++;
	}
	return count;
}

/* A copy of the built-in object in memory, for a kernel function that does not exist anywhere */
static int make_object(void)
{
	size_t size;
	const void *built_in = upsec_xdp__elf_bytes(&size);
	uint8_t *bytes = malloc(size);
	int fd = memfd_create("no-crypto", MFD_CLOEXEC);
	int count;

	if (!bytes || fd < 0)
		return -1;
	memcpy(bytes, built_in, size);
	count = misspell(bytes, size, "bpf_crypto_encrypt");
	count += misspell(bytes, size, "bpf_crypto_ctx_create");
	if (count < 4 || write(fd, bytes, size) != (ssize_t)size) /* symbol and type of each */
		return -1;
	free(bytes);
	snprintf(object_path, sizeof(object_path), "/proc/self/fd/%d", fd);
	flows_object = object_path;
	return 0;
}

static int setup(void **state)
{
	return make_object() ? -1 : flows_setup(state);
}

static void check_rtp(const char *name, enum flow_id id, const char *from, enum outcome outcome,
		      uint32_t reason)
{
	struct rtp_spec rtp = { .cc = 2, .ssrc = 5, .payload = 160 };
	struct pkt_spec spec = { .src = addr(from ? from : flows[id].src),
				 .dst = addr(flows[id].local) };
	uint8_t body[256];
	struct expected e = { outcome, reason, (int)id, PKT_ETH + 20 + 8, rtp_build(body, &rtp) };
	struct pkt in;

	if (!ups_addr_is_v4(&spec.src))
		e.payload_at += 20;
	pkt_build(&in, &spec, body, e.payload_size);
	check_frame(name, &in, &e);
}

static void the_lane_says_so(void **state)
{
	(void)state;
	flows_reset();
	assert_false(ups_kernel_has_crypto(fix.kernel));
	assert_non_null(strstr(ups_kernel_summary(fix.kernel), "clear and opaque"));
}

static void clear_and_opaque_flows_run(void **state)
{
	(void)state;
	flows_reset();
	check_rtp("v4", CLEAR_44, NULL, LEAVES, 0);
	check_rtp("v6", CLEAR_66, NULL, LEAVES, 0);
	check_rtp("v4 to v6", CLEAR_46, NULL, LEAVES, 0);
	check_rtp("v6 to v4", CLEAR_64, NULL, LEAVES, 0);
	check_rtp("opaque", OPAQUE, NULL, LEAVES, 0);
}

static void srtp_flows_pass_untouched(void **state)
{
	static const struct ups_ssrc nothing[FLOW_COUNT * SSRC_PER_FLOW];

	(void)state;
	flows_reset();
	check_rtp("SRTP to receive", KEYLESS_RX, NULL, PASSES, UPS_PASS_NO_CRYPTO);
	check_rtp("SRTP to send", KEYLESS_TX, NULL, PASSES, UPS_PASS_NO_CRYPTO);
	check_rtp("SRTP to both", EMPTY_KEY, NULL, PASSES, UPS_PASS_NO_CRYPTO);
	assert_memory_equal(fix.state.ssrc, nothing, sizeof(nothing));
}

static void policing_goes_on(void **state)
{
	(void)state;
	flows_reset();
	check_rtp("wrong source, SRTP", KEYLESS_RX, "192.0.2.66:7000", DROPS, UPS_DROP_SOURCE);
	check_rtp("wrong source, clear", CLEAR_44, "192.0.2.66:7000", DROPS, UPS_DROP_SOURCE);
	check_rtp("no route", BLACKHOLE_4, NULL, DROPS, UPS_DROP_NO_ROUTE);
}

static void keys_are_refused(void **state)
{
	struct rng r = { 3 };
	struct xdpfix_key k = { .slot = 1 };

	(void)state;
	flows_reset();
	xdpfix_key_config(&k.config, UPS_SUITE_AEAD_AES_128_GCM, &r, 0);
	assert_int_equal(xdpfix_key_install(&fix, &k), UPS_E_UNSUPPORTED);
	ups_srtp_key_destroy(k.key);
	ups_kernel_key_del(fix.kernel, 1); /* harmless */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lane_says_so),
		cmocka_unit_test(clear_and_opaque_flows_run),
		cmocka_unit_test(srtp_flows_pass_untouched),
		cmocka_unit_test(policing_goes_on),
		cmocka_unit_test(keys_are_refused),
	};

	return cmocka_run_group_tests_name("xdp without bpf_crypto", tests, setup, flows_teardown);
}
