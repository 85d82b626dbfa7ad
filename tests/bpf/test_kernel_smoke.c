// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The XDP program on a device: attached by the loader it relays between sockets of two namespaces, in both modes and all
 * families, with no forwarding enabled but loopback's; it goes without a trace; a foreign program is respected; and it
 * is known which devices frames can be handed to.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "dp/kernel_priv.h"
#include "vethfix.h"

#define SENDER 7000
#define RECEIVER 6000
#define LOCAL 4000
#define SSRC 0x01020304

static const char *no_network;

static const struct ups_limits limits = { .flows = 4, .keys = 4, .ssrcs = 4 };

static int setup(void **state)
{
	(void)state;
	no_network = geteuid() ? "needs root" : veth_setup();
	if (!no_network && system("for i in all default veth0 lo; do for f in ipv4 ipv6; do "
				  "echo 0 > /proc/sys/net/$f/conf/$i/forwarding; done; done"))
		no_network = "cannot switch forwarding off";
	return 0;
}

static struct ups_kernel *open_kernel(void)
{
	struct ups_kernel *k;
	struct ups_errmsg msg;
	int err;

	if (no_network) {
		print_message("%s\n", no_network);
		skip();
	}
	err = ups_kernel_create(&limits, NULL, &k, &msg);
	if (err == UPS_E_UNSUPPORTED) {
		print_message("%s\n", msg.text);
		skip();
	}
	if (err)
		fail_msg("%s", msg.text);
	return k;
}

static uint32_t attached_id(void)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex("veth0"), 0, &id), 0);
	return id;
}

/* ---- relaying -------------------------------------------------------------------------------------------------- */

static void add_flow(struct ups_kernel *k, uint32_t slot, bool v6_in, bool v6_out)
{
	struct ups_addr local = fix_parse(fix_hosts.daemon[v6_in], (uint16_t)(LOCAL + slot));
	struct ups_flow flow = {
		.flags = UPS_FLOW_ACTIVE | UPS_FLOW_XDP | UPS_FLOW_SRC_KNOWN,
		.src = fix_addr(v6_in, SENDER),
		.out_src = fix_parse(fix_hosts.daemon[v6_out], (uint16_t)(LOCAL + slot)),
		.out_dst = fix_addr(v6_out, RECEIVER),
		.out_ttl = 64,
		.ssrc_base = slot,
		.ssrc_count = 1,
	};

	assert_int_equal(ups_kernel_flow_set(k, slot, &flow), 0);
	assert_int_equal(ups_kernel_lookup_add(k, &local, slot), 0);
}

static void relay_one(uint32_t slot, bool v6_in, bool v6_out)
{
	struct ups_addr to = fix_parse(fix_hosts.daemon[v6_in], (uint16_t)(LOCAL + slot)), from;
	struct ups_addr here = fix_addr(v6_in, SENDER), there = fix_addr(v6_out, RECEIVER);
	struct packet sent, got;
	int in, out;

	in = fix_socket(&here);
	out = fix_socket(&there);
	rtp_make(&sent, SSRC, (uint16_t)(100 + slot), 160);
	fix_send(in, &to, &sent);
	if (!fix_receive(out, &got, &from, FIX_WAIT_MS))
		fail_msg("v%d to v%d: nothing came", v6_in ? 6 : 4, v6_out ? 6 : 4);
	assert_int_equal(got.size, sent.size);
	assert_memory_equal(got.data, sent.data, (size_t)sent.size);
	assert_int_equal(ups_addr_port(&from), LOCAL + slot);
	close(in);
	close(out);
}

static void relay(enum ups_attach_mode mode)
{
	struct ups_kernel *k = open_kernel();
	struct ups_counters counters;
	struct ups_errmsg msg;
	bool dispatcher;

	if (ups_kernel_attach(k, "veth0", mode, &dispatcher, &msg))
		fail_msg("%s", msg.text);
	assert_true(attached_id());
	for (uint32_t slot = 0; slot < 4; slot++) {
		add_flow(k, slot, slot & 1, slot & 2);
		relay_one(slot, slot & 1, slot & 2);
	}
	ups_kernel_counters(k, &counters);
	assert_int_equal(counters.tx, 4);
	ups_kernel_destroy(k);
	assert_int_equal(attached_id(), 0);
}

static void test_native(void **state)
{
	(void)state;
	relay(UPS_ATTACH_NATIVE);
}

static void test_generic(void **state)
{
	(void)state;
	relay(UPS_ATTACH_GENERIC);
}

/* ---- beside others --------------------------------------------------------------------------------------------- */

static void test_foreign_program(void **state)
{
	const struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
					 { .code = BPF_JMP | BPF_EXIT } };
	struct ups_kernel *k = open_kernel();
	int ifindex = (int)if_nametoindex("veth0");
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, NULL);
	struct ups_errmsg msg;
	bool dispatcher;
	uint32_t before;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	before = attached_id();
	assert_int_not_equal(ups_kernel_attach(k, "veth0", UPS_ATTACH_NATIVE, &dispatcher, &msg),
			     0);
	assert_non_null(strstr(msg.text, "veth0 already carries an XDP program"));
	assert_int_equal(attached_id(), before);
	ups_kernel_destroy(k);
	assert_int_equal(attached_id(), before);
	assert_int_equal(bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, NULL), 0);
	close(fd);
}

static void test_no_device(void **state)
{
	struct ups_kernel *k = open_kernel();
	struct ups_errmsg msg;
	bool dispatcher;

	(void)state;
	assert_int_equal(ups_kernel_attach(k, "nowhere0", UPS_ATTACH_NATIVE, &dispatcher, &msg),
			 -ENODEV);
	assert_string_equal(msg.text, "there is no device nowhere0");
	ups_kernel_destroy(k);
}

/* ---- where frames can go ----------------------------------------------------------------------------------------- */

static uint32_t device_limit(struct ups_kernel *k, const char *device)
{
	uint32_t index = if_nametoindex(device), limit = 0;

	assert_true(index);
	ups_kernel_refresh(k);
	bpf_map_lookup_elem(k->map_fd[UPS_M_DEVICES], &index, &limit);
	return limit;
}

static void test_devices(void **state)
{
	struct ups_kernel *k = open_kernel();

	(void)state;
	assert_int_equal(device_limit(k, "lo"), UPS_DEVICE_STACK);
	assert_int_equal(device_limit(k, "veth0"), 0);
	if (system("PATH=$PATH:/usr/sbin:/sbin; ip link add mv0 link veth0 type macvlan") == 0)
		assert_int_equal(device_limit(k, "mv0"), UPS_DEVICE_GENERIC);
	else
		print_message("no macvlan here\n");
	ups_kernel_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),		cmocka_unit_test(test_generic),
		cmocka_unit_test(test_foreign_program), cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests_name("xdp on a device", tests, setup, NULL);
}
