// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The lane decision as a table, from facts alone and through a data plane with a kernel lane that only remembers. */
#include "mockkernel.h"

#define CM80 UPS_SUITE_AES_CM_128_HMAC_SHA1_80
#define OFF "XDP is off: for a test"

/* ---- facts ------------------------------------------------------------------------------------------------------- */

#define GOOD .kernel_crypto = true, .source_known = true
#define SRTP .needs_crypto = true

static const struct {
	struct ups_lane_facts facts;
	enum ups_lane lane;
	const char *reason;
} decisions[] = {
	{ { GOOD }, UPS_LANE_XDP, "the kernel lane can" },
	{ { GOOD, SRTP }, UPS_LANE_XDP, "the kernel lane can" },
	{ { GOOD, SRTP, .choice = UPS_CHOOSE_XDP }, UPS_LANE_XDP, "lane xdp requested" },
	{ { GOOD, .choice = UPS_CHOOSE_UDP }, UPS_LANE_UDP, "lane udp requested" },
	{ { GOOD, .off = OFF, .choice = UPS_CHOOSE_UDP }, UPS_LANE_UDP, "lane udp requested" },
	{ { GOOD, .off = OFF }, UPS_LANE_UDP, OFF },
	{ { GOOD, .off = OFF, .choice = UPS_CHOOSE_XDP }, UPS_LANE_UDP, OFF },
	/* without crypto in the kernel: clear and opaque flows run there, SRTP does not */
	{ { .source_known = true }, UPS_LANE_XDP, "the kernel lane can" },
	{ { .source_known = true, SRTP }, UPS_LANE_UDP, "kernel without bpf_crypto" },
	{ { .source_known = true, SRTP, .choice = UPS_CHOOSE_XDP },
	  UPS_LANE_UDP,
	  "kernel without bpf_crypto" },
	{ { GOOD, SRTP, .long_mki = true }, UPS_LANE_UDP, "MKI longer than 16 bytes" },
	{ { GOOD, SRTP, .mixed_mki = true }, UPS_LANE_UDP, "MKIs of different lengths" },
	{ { GOOD, .out_loopback = true }, UPS_LANE_UDP, "leaves through the loopback device" },
	{ { .kernel_crypto = true }, UPS_LANE_UDP, "source not learned yet" },
	{ { GOOD, SRTP, .awaited = "keys are awaited" }, UPS_LANE_UDP, "keys are awaited" },
	{ { GOOD, SRTP, .old_key = true }, UPS_LANE_UDP, "the peer's last key is still accepted" },
	{ { .kernel_crypto = true, .old_key = true },
	  UPS_LANE_UDP,
	  "the peer's last key is still accepted" },
	/* what will last is named before what will pass */
	{ { SRTP }, UPS_LANE_UDP, "kernel without bpf_crypto" },
};

static void test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
		const char *reason = NULL;

		assert_int_equal(ups_lane_decide(&decisions[i].facts, &reason), decisions[i].lane);
		assert_string_equal(reason, decisions[i].reason);
	}
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

static struct ups_crypto *crypto;

static struct ups_dp *open_dp(enum ups_xdp_mode xdp, enum ups_lane_choice lane)
{
	static const struct ups_iface ifaces[] = {
		{ .name = "a", .device = "mock0" },
		{ .name = "b", .device = "mock0" },
		{ .name = "l", .device = "lo" },
	};
	struct fix f = { .crypto = crypto };
	struct ups_dp_config config = fix_config(&f);
	struct ups_errmsg msg = {};
	struct ups_dp *dp;

	config.callbacks = (struct ups_dp_callbacks) {};
	config.xdp = xdp;
	config.lane = lane;
	config.ifaces = ifaces;
	config.iface_count = 3;
	if (ups_plane_create(&config, &mock_ops, &dp, &msg))
		fail_msg("%s", msg.text);
	return dp;
}

static const struct {
	enum ups_xdp_mode xdp;
	bool create, native, generic; /* refused */
	const char *mode, *reason; /* of mock0 */
	bool loaded;
} attachments[] = {
	{ UPS_XDP_AUTO, false, false, false, "native", NULL, true },
	{ UPS_XDP_AUTO, false, true, false, "generic", "mock0 refuses native", true },
	{ UPS_XDP_AUTO, false, true, true, "off", "mock0 refuses native", true },
	{ UPS_XDP_NATIVE, false, false, false, "native", NULL, true },
	{ UPS_XDP_NATIVE, false, true, false, "off", "mock0 refuses native", true },
	{ UPS_XDP_GENERIC, false, false, false, "generic", "generic mode requested", true },
	{ UPS_XDP_GENERIC, false, false, true, "off", "mock0 refuses generic", true },
	{ UPS_XDP_OFF, false, false, false, "off", "by configuration", false },
	{ UPS_XDP_AUTO, true, false, false, "off", "mock has no kernel", false },
};

static void test_attach(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attachments) / sizeof(attachments[0]); i++) {
		struct ups_dp_info info;
		struct ups_dp *dp;

		mock = (struct mock) { .refuse_create = attachments[i].create,
				       .refuse_native = attachments[i].native,
				       .refuse_generic = attachments[i].generic };
		dp = open_dp(attachments[i].xdp, UPS_CHOOSE_AUTO);
		ups_dp_info(dp, &info);
		assert_int_equal(info.device_count, 2);
		assert_string_equal(info.device[0].device, "mock0");
		assert_string_equal(info.device[0].xdp_mode, attachments[i].mode);
		if (attachments[i].reason)
			assert_string_equal(info.device[0].reason, attachments[i].reason);
		else
			assert_null(info.device[0].reason);
		assert_string_equal(info.device[1].xdp_mode, "off");
		assert_int_equal(info.xdp_loaded, attachments[i].loaded);
		assert_int_equal(info.kernel.tx, attachments[i].loaded ? 77 : 0);
		assert_true(mock.attached <= 1);
		ups_dp_destroy(dp);
		assert_int_equal(mock.destroyed, attachments[i].loaded);
	}
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct leg_spec leg[UPS_LEGS];
	const char *device[UPS_LEGS];
	enum ups_lane_choice configured, stream;
	bool crypto;
	const char *reason[UPS_LEGS]; /* of the flow from this leg; NULL = xdp */
	unsigned int keys, flows; /* the kernel lane must hold */
} streams[] = {
	{ "clear", {}, { "mock0", "mock0" }, 0, 0, false, {}, 0, 2 },
	{ "srtp",
	  { { .mode = UPS_MODE_SRTP, .suite = CM80 }, { .mode = UPS_MODE_SRTP, .suite = CM80 } },
	  { "mock0", "mock0" },
	  0,
	  0,
	  true,
	  {},
	  4,
	  2 },
	{ "srtp without kernel crypto",
	  { { .mode = UPS_MODE_SRTP, .suite = CM80 }, {} },
	  { "mock0", "mock0" },
	  UPS_CHOOSE_XDP,
	  0,
	  false,
	  { "kernel without bpf_crypto", "kernel without bpf_crypto" },
	  0,
	  0 },
	{ "long MKI",
	  { { .mode = UPS_MODE_SRTP, .suite = CM80, .mki_len = 17 }, {} },
	  { "mock0", "mock0" },
	  0,
	  0,
	  true,
	  { "MKI longer than 16 bytes", "MKI longer than 16 bytes" },
	  0,
	  0 },
	{ "longest MKI for the kernel",
	  { { .mode = UPS_MODE_SRTP, .suite = CM80, .mki_len = 16 }, {} },
	  { "mock0", "mock0" },
	  0,
	  0,
	  true,
	  {},
	  2,
	  2 },
	{ "one leg on loopback",
	  {},
	  { "mock0", "lo" },
	  0,
	  0,
	  true,
	  { "leaves through the loopback device", "XDP is off: a loopback device needs none" },
	  0,
	  0 },
	{ "configured udp",
	  {},
	  { "mock0", "mock0" },
	  UPS_CHOOSE_UDP,
	  0,
	  true,
	  { "lane udp requested", "lane udp requested" },
	  0,
	  0 },
	{ "configured udp, the stream says xdp",
	  {},
	  { "mock0", "mock0" },
	  UPS_CHOOSE_UDP,
	  UPS_CHOOSE_XDP,
	  true,
	  {},
	  0,
	  2 },
};

/* Whatever the lane: the udp lane is there and media passes. */
static void check_stream(struct ups_dp *dp, size_t n)
{
	struct ups_iface iface[UPS_LEGS] = {};
	struct call c;

	call_make(&c, streams[n].leg, 2, 1);
	c.stream.lane = streams[n].stream;
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		snprintf(iface[i].device, sizeof(iface[i].device), "%s", streams[n].device[i]);
		c.stream.leg[i].iface = &iface[i];
	}
	call_install(dp, &c);
	for (unsigned int i = 0; i < UPS_LEGS; i++) {
		struct ups_flow_info info = call_info(dp, &c, i);
		const char *reason = streams[n].reason[i];

		if (info.lane != (reason ? UPS_LANE_UDP : UPS_LANE_XDP) ||
		    (reason && strcmp(info.reason, reason)))
			fail_msg("%s, flow %u: lane %d, %s", streams[n].name, i, info.lane,
				 info.reason);
		call_pass(&c, i, false);
	}
	assert_int_equal(mock.keys, streams[n].keys);
	assert_int_equal(mock.flows, streams[n].flows);
	call_remove(dp, &c);
	assert_int_equal(mock.keys + mock.flows + mock.lookups, 0);
	call_close(&c);
}

static void test_streams(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(streams) / sizeof(streams[0]); n++) {
		struct ups_dp *dp;

		mock = (struct mock) { .crypto = streams[n].crypto };
		dp = open_dp(UPS_XDP_AUTO, streams[n].configured);
		check_stream(dp, n);
		ups_dp_destroy(dp);
	}
}

static int group_open(void **state)
{
	const char *why = fix_network();

	(void)state;
	if (why)
		print_message("%s\n", why);
	return why || srtp_init() || ups_crypto_open("auto", &crypto, NULL) ? -1 : 0;
}

static int group_close(void **state)
{
	(void)state;
	ups_crypto_close(crypto);
	srtp_shutdown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_streams),
	};

	return cmocka_run_group_tests_name("data plane: lanes", tests, group_open, group_close);
}
