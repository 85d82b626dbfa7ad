// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A configuration from the command line alone: what arrives, what has which default, and what is refused with which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "app/fileless.h"
#include "base/addr.h"

#define WORDS_MAX 10

/* A machine with eth0 (192.0.2.0/24 and 2001:db8:1::/48) and eth1 (198.51.100.0/24, 2001:db8:2::/48) */
static int device_of(const struct ups_addr *a, char device[static IF_NAMESIZE])
{
	char text[UPS_ADDR_TEXT];

	ups_addr_format(a, text);
	if (!strncmp(text, "192.0.2.", 8) || !strncmp(text, "2001:db8:1:", 11))
		strcpy(device, "eth0");
	else if (!strncmp(text, "198.51.100.", 11) || !strncmp(text, "2001:db8:2:", 11))
		strcpy(device, "eth1");
	else
		return -ENODEV;
	return 0;
}

static int make(const char *const words[WORDS_MAX], struct ups_config *out, struct ups_errmsg *msg)
{
	char *argv[WORDS_MAX + 2] = { (char *)"upsecd" };
	struct ups_options options;
	int argc = 1;

	for (; argc <= WORDS_MAX && words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	assert_int_equal(ups_options_parse(argc, argv, &options, msg), 0);
	return ups_fileless_config(&options, device_of, out, msg);
}

#define MAKE(out, ...)                                                                \
	do {                                                                          \
		struct ups_errmsg msg_ = {};                                          \
		if (make((const char *const[WORDS_MAX]) { __VA_ARGS__ }, out, &msg_)) \
			fail_msg("%s", msg_.text);                                    \
	} while (0)

static void one_address_is_enough(void **state)
{
	struct ups_config c;

	(void)state;
	MAKE(&c, "-i", "192.0.2.1");
	assert_int_equal(c.iface_count, 1);
	assert_string_equal(c.iface[0].name, "default");
	assert_string_equal(c.iface[0].device, "eth0");
	assert_int_equal(c.iface[0].kind, UPS_KIND_CONV);
	assert_int_equal(c.iface[0].source, UPS_SOURCE_STRICT);
	assert_true(c.iface[0].has_v4 && !c.iface[0].has_v6);
	assert_true(ups_addr_equal(&c.iface[0].v4, &c.iface[0].advertised_v4));
	assert_int_equal(c.iface[0].port_min, 30000);
	assert_int_equal(c.iface[0].port_max, 40000);
	assert_int_equal(c.limits.sessions, 2500); /* two legs of 5000 pairs */
	assert_int_equal(c.limits.flows, 2500 * 2 * 2);
	assert_int_equal(c.ng.listen_count, 0);
	assert_string_equal(c.crypto, "auto");
	assert_int_equal(c.media_timeout_s, 60);
	assert_int_equal(c.registrations, 65536);
	assert_string_equal(c.path, "");
}

static void the_policy_is_to_protect_wherever_the_peer_can(void **state)
{
	struct ups_policy expected;
	struct ups_config c;
	unsigned int i;

	(void)state;
	ups_policy_init(&expected, true);
	MAKE(&c, "-i", "192.0.2.1", "-n", "2223");
	assert_true(c.without_file);
	assert_int_equal(c.policy.count, 1);
	assert_string_equal(c.policy.rule[0].name, expected.rule[0].name);
	assert_int_equal(c.policy.rule[0].protection, UPS_PREFER);
	assert_false(c.policy.rule[0].registration);
	assert_int_equal(c.ng.allow_count, 2); /* this machine, as encrypted signalling */
	for (i = 0; i < 2; i++)
		assert_int_equal(c.ng.allow[i].signalling, UPS_SIGNALLING_ENCRYPTED);
	assert_int_equal(c.ng.allow[0].network.ip[12], 127);
	assert_int_equal(c.ng.allow[0].bits, 104);
	assert_int_equal(c.ng.allow[1].bits, 128);
}

static void every_option_arrives(void **state)
{
	struct ups_config c;
	char text[UPS_ADDR_TEXT];

	(void)state;
	MAKE(&c, "--interface=users/192.0.2.1!203.0.113.1", "--interface=users/2001:db8:1::1",
	     "--interface=peers/[2001:db8:2::1]![2001:db8::9]", "--kind=peers=nni", "-m20000",
	     "-M20999", "--lane=udp", "--xdp=off", "--user=media", "-n[::1]:2223");
	assert_int_equal(c.iface_count, 2);
	assert_string_equal(c.iface[0].name, "users");
	assert_true(c.iface[0].has_v4 && c.iface[0].has_v6);
	assert_string_equal(ups_addr_format(&c.iface[0].advertised_v4, text), "203.0.113.1");
	assert_string_equal(ups_addr_format(&c.iface[0].v6, text), "2001:db8:1::1");
	assert_string_equal(ups_addr_format(&c.iface[0].advertised_v6, text), "2001:db8:1::1");
	assert_string_equal(c.iface[1].device, "eth1");
	assert_string_equal(ups_addr_format(&c.iface[1].v6, text), "2001:db8:2::1");
	assert_string_equal(ups_addr_format(&c.iface[1].advertised_v6, text), "2001:db8::9");
	assert_int_equal(c.iface[1].kind, UPS_KIND_NNI);
	assert_int_equal(c.iface[1].port_min, 20000);
	assert_int_equal(c.iface[1].port_max, 20999);
	assert_int_equal(c.limits.sessions, 3 * 500 / 2);
	assert_int_equal(c.lane, UPS_CHOOSE_UDP);
	assert_int_equal(c.xdp, UPS_XDP_OFF);
	assert_string_equal(c.user, "media");
	assert_int_equal(c.ng.listen_count, 1);
	assert_string_equal(ups_addr_format(&c.ng.listen[0], text), "[::1]:2223");
	MAKE(&c, "-i", "192.0.2.1", "-n", "2223", "-n", "192.0.2.1:22222");
	assert_string_equal(ups_addr_format(&c.ng.listen[0], text), "127.0.0.1:2223");
	assert_string_equal(ups_addr_format(&c.ng.listen[1], text), "192.0.2.1:22222");
}

static void assert_ports(const struct ups_config *c, unsigned int i, unsigned int min,
			 unsigned int max)
{
	assert_int_equal(c->iface[i].port_min, min);
	assert_int_equal(c->iface[i].port_max, max);
}

static void interfaces_on_one_address_share_the_ports(void **state)
{
	struct ups_config c;

	(void)state;
	MAKE(&c, "-i", "internal/192.0.2.1", "-i", "external/192.0.2.1");
	assert_ports(&c, 0, 30000, 34999);
	assert_ports(&c, 1, 35000, 39999);
	assert_int_equal(c.limits.sessions, 2500);
	/* whole pairs each; another address has the range for itself */
	MAKE(&c, "-i", "a/192.0.2.1", "-i", "b/192.0.2.1", "-i", "other/192.0.2.2", "-i",
	     "c/192.0.2.1", "-M30019");
	assert_ports(&c, 0, 30000, 30005);
	assert_ports(&c, 1, 30006, 30011);
	assert_ports(&c, 2, 30000, 30019);
	assert_ports(&c, 3, 30012, 30017);
	/* tied by one that shares one family with each */
	MAKE(&c, "-i", "a/192.0.2.1", "-i", "b/192.0.2.1", "-i", "b/2001:db8:1::1", "-i",
	     "c/2001:db8:1::1", "-M30005");
	for (unsigned int i = 0; i < 3; i++)
		assert_ports(&c, i, 30000 + 2 * i, 30001 + 2 * i);
	MAKE(&c, "-i", "a/192.0.2.1!203.0.113.1", "-i", "b/192.0.2.2!203.0.113.1");
	assert_ports(&c, 1, 30000, 40000); /* what peers are told is not what is bound */
}

static const struct {
	const char *words[WORDS_MAX];
	int err;
	const char *says;
} bad[] = {
	{ { "-i", "users/" },
	  UPS_E_SYNTAX,
	  "--interface users/: expected [NAME/]ADDRESS[!ADVERTISED] with addresses of one family" },
	{ { "-i", "/192.0.2.1" },
	  UPS_E_SYNTAX,
	  "--interface /192.0.2.1: expected [NAME/]ADDRESS[!ADVERTISED] with addresses of one family" },
	{ { "-i", "192.0.2.1!" },
	  UPS_E_SYNTAX,
	  "--interface 192.0.2.1!: expected [NAME/]ADDRESS[!ADVERTISED] with addresses of one family" },
	{ { "-i", "192.0.2.1!2001:db8::1" },
	  UPS_E_SYNTAX,
	  "--interface 192.0.2.1!2001:db8::1: expected [NAME/]ADDRESS[!ADVERTISED] with addresses of one family" },
	{ { "-i", "192.0.2.1:30000" },
	  UPS_E_SYNTAX,
	  "--interface 192.0.2.1:30000: expected [NAME/]ADDRESS[!ADVERTISED] with addresses of one family" },
	{ { "-i", "0.0.0.0" },
	  UPS_E_RANGE,
	  "--interface 0.0.0.0: cannot carry media; expected a unicast address that needs no scope" },
	{ { "-i", "a b/192.0.2.1" },
	  UPS_E_SYNTAX,
	  "--interface: 'a b' is not a name of letters, digits, '-', '_' and '.'" },
	{ { "-i", "203.0.113.1" },
	  -ENODEV,
	  "--interface: no device of this machine has the address 203.0.113.1" },
	{ { "-i", "192.0.2.1", "-i", "192.0.2.2" },
	  UPS_E_RANGE,
	  "--interface: default has an IPv4 address already" },
	{ { "-i", "a/192.0.2.1", "-i", "a/2001:db8:2::1" },
	  UPS_E_RANGE,
	  "--interface: the addresses of a are on two devices, eth0 and eth1; give each a name of its own" },
	{ { "-i", "a/192.0.2.1", "-i", "b/192.0.2.1", "-m", "30000", "-M", "30002" },
	  UPS_E_RANGE,
	  "--port-max: 30000-30002 has no pair of ports for each of the 2 interfaces that share the address of a; widen the range" },
	{ { "-i", "a/192.0.2.1", "-i", "b/192.0.2.1", "-m", "30001" },
	  UPS_E_RANGE,
	  "--port-min: interface a: 30001 is odd; RTP takes even ports" },
	{ { "-i", "192.0.2.1", "--kind", "nni" }, UPS_E_SYNTAX, "--kind nni: expected NAME=KIND" },
	{ { "-i", "192.0.2.1", "--kind", "users=nni" },
	  UPS_E_RANGE,
	  "--kind users=nni: there is no --interface of that name" },
	{ { "-i", "192.0.2.1", "--kind", "default=uni" },
	  UPS_E_SYNTAX,
	  "--kind: expected one of conv, nni, iwf; found 'uni'" },
	{ { "-i", "192.0.2.1", "-m", "80" },
	  UPS_E_RANGE,
	  "--port-min: 80 is out of range 1024..65534" },
	{ { "-i", "192.0.2.1", "-m", "30001" },
	  UPS_E_RANGE,
	  "--port-min: interface default: 30001 is odd; RTP takes even ports" },
	{ { "-i", "192.0.2.1", "-M", "20000" },
	  UPS_E_RANGE,
	  "--port-min: interface default: 30000 is not below port-max 20000" },
	{ { "-i", "192.0.2.1", "-n", "0" },
	  UPS_E_SYNTAX,
	  "--listen-ng 0: expected [ADDRESS:]PORT, such as 127.0.0.1:2223 or [::1]:2223" },
	{ { "-i", "192.0.2.1", "-n", "localhost:2223" },
	  UPS_E_SYNTAX,
	  "--listen-ng localhost:2223: expected [ADDRESS:]PORT, such as 127.0.0.1:2223 or [::1]:2223" },
	{ { "-i", "192.0.2.1", "--lane", "xsk" },
	  UPS_E_UNSUPPORTED,
	  "--lane xsk: that lane is not there yet; auto, xdp and udp are" },
	{ { "-i", "192.0.2.1", "--lane", "tcp" },
	  UPS_E_SYNTAX,
	  "--lane: expected one of auto, udp, xdp; found 'tcp'" },
	{ { "-i", "192.0.2.1", "--xdp", "fast" },
	  UPS_E_SYNTAX,
	  "--xdp: expected one of auto, native, generic, off; found 'fast'" },
	{ { "-i", "192.0.2.1", "--user", "a b" },
	  UPS_E_SYNTAX,
	  "--user: 'a b' is not a name of letters, digits, '-', '_' and '.'" },
};

static void faults_are_named_by_their_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ups_errmsg msg = {};
		struct ups_config c;
		int err = make(bad[i].words, &c, &msg);

		if (err != bad[i].err || strcmp(msg.text, bad[i].says) != 0)
			fail_msg("row %zu: %d\n   '%s', expected\n   '%s'", i, err, msg.text,
				 bad[i].says);
	}
}

static void device_is_found_on_this_machine(void **state)
{
	char device[IF_NAMESIZE];
	struct ups_addr a;

	(void)state;
	assert_int_equal(ups_addr_parse("127.0.0.1", false, &a), 0);
	if (ups_fileless_device(&a, device) == -ENODEV)
		skip(); /* a namespace whose loopback is down */
	assert_string_equal(device, "lo");
	assert_int_equal(ups_addr_parse("192.0.2.254", false, &a), 0);
	assert_int_equal(ups_fileless_device(&a, device), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_is_enough),
		cmocka_unit_test(the_policy_is_to_protect_wherever_the_peer_can),
		cmocka_unit_test(every_option_arrives),
		cmocka_unit_test(interfaces_on_one_address_share_the_ports),
		cmocka_unit_test(faults_are_named_by_their_option),
		cmocka_unit_test(device_is_found_on_this_machine),
	};

	return cmocka_run_group_tests_name("app: without a file", tests, NULL, NULL);
}
