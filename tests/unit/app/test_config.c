// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* upsecd.yaml: a table of faulty documents and the exact message, good ones and their values, and the man page's agreement. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/config.h"
#include "app/config_table.h"
#include "base/addr.h"

/* Five lines; what a row appends starts at line 6. */
#define GOOD                  \
	"interfaces:\n"       \
	"  - name: users\n"   \
	"    device: eth0\n"  \
	"    v4: 192.0.2.1\n" \
	"    kind: conv\n"
#define SECOND(address, low, high)                                                   \
	"  - {name: peers, device: eth1, v4: " address ", kind: nni, port-min: " low \
	", port-max: " high "}\n"

static const struct {
	const char *text;
	const char *says;
} bad[] = {
	/* not YAML, or YAML that no configuration needs */
	{ "interfaces: [\n",
	  "t.yaml:2:1: did not find expected node content while parsing a flow node" },
	{ "a: b: c\n", "t.yaml:1:5: mapping values are not allowed in this context" },
	{ "\ta: b\n",
	  "t.yaml:1:1: found character that cannot start any token while scanning for the next token" },
	{ "lane: &x udp\nuser: *x\n", "t.yaml:2:7: aliases are not supported" },
	{ GOOD "lane: udp\nlane: xdp\n", "t.yaml:7:1: the same key appears twice" },
	{ GOOD "---\nlane: udp\n", "t.yaml:6:1: a second document" },
	{ GOOD "? [a]\n: b\n", "t.yaml:6:3: a key is not plain text" },
	{ GOOD "\"a b\": 1\n", "t.yaml:6:1: a key is not plain text" },
	{ "[[[[[[[[[1]]]]]]]]]\n", "t.yaml:1:9: nested too deeply" },
	{ "a\xff: 1\n", "t.yaml:1:2: invalid leading UTF-8 octet" },
	/* shape */
	{ "", "t.yaml:1: interfaces: missing" },
	{ "# nothing\n", "t.yaml:1: interfaces: missing" },
	{ "lane: auto\n", "t.yaml:1: interfaces: missing" },
	{ "hello\n", "t.yaml:1: expected a mapping of options" },
	{ "- a\n", "t.yaml:1: expected a mapping of options" },
	{ "interfaces: 4\n", "t.yaml:1: interfaces: expected a list of interfaces" },
	{ "interfaces: []\n", "t.yaml:1: interfaces: 0 entries, at least 1 expected" },
	{ "interfaces:\n  - 3\n", "t.yaml:2: interfaces[0]: expected a mapping of options" },
	{ GOOD "limits: 5\n", "t.yaml:6: limits: expected a mapping of options" },
	{ GOOD "limits:\n", "t.yaml:6: limits: expected a mapping of options" },
	{ GOOD "control: ~\n", "t.yaml:6: control: expected a mapping of options" },
	{ GOOD "lane: [udp]\n", "t.yaml:6: lane: expected a single value" },
	{ GOOD "lanes: udp\n", "t.yaml:6: lanes: unknown option" },
	{ GOOD "    mtu: 1500\n", "t.yaml:6: interfaces[0].mtu: unknown option" },
	{ GOOD "xdp:\n  mode: auto\n  speed: 9\n", "t.yaml:8: xdp.speed: unknown option" },
	{ GOOD "control:\n  netlink:\n    port: 9\n",
	  "t.yaml:8: control.netlink.port: unknown option" },
	/* values */
	{ GOOD "    port-min: 70000\n",
	  "t.yaml:6: interfaces[0].port-min: 70000 is out of range 1024..65534" },
	{ GOOD "    port-min: 80\n",
	  "t.yaml:6: interfaces[0].port-min: 80 is out of range 1024..65534" },
	{ GOOD "    port-min: -1\n",
	  "t.yaml:6: interfaces[0].port-min: expected a number 1024..65534, found '-1'" },
	{ GOOD "    port-min: 2000x\n",
	  "t.yaml:6: interfaces[0].port-min: expected a number 1024..65534, found '2000x'" },
	{ GOOD "    port-min:\n",
	  "t.yaml:6: interfaces[0].port-min: expected a number 1024..65534, found ''" },
	{ GOOD "    port-min: 0x4000\n",
	  "t.yaml:6: interfaces[0].port-min: expected a number 1024..65534, found '0x4000'" },
	{ GOOD "workers: 99999999999999999999999\n",
	  "t.yaml:6: workers: 99999999999999999999999 is out of range 0..256" },
	{ GOOD "workers: \"1\\e[31m\"\n",
	  "t.yaml:6: workers: expected a number 0..256, found '1?[31m'" },
	{ GOOD "lane: tcp\n", "t.yaml:6: lane: expected one of auto, udp, xdp; found 'tcp'" },
	{ GOOD "lane: Auto\n", "t.yaml:6: lane: expected one of auto, udp, xdp; found 'Auto'" },
	{ GOOD "xdp: {mode: fast}\n",
	  "t.yaml:6: xdp.mode: expected one of auto, native, generic, off; found 'fast'" },
	{ GOOD "crypto: {backend: rot13}\n",
	  "t.yaml:6: crypto.backend: expected one of auto, ipsec-mb, openssl; found 'rot13'" },
	{ GOOD "log: {level: loud}\n",
	  "t.yaml:6: log.level: expected one of error, warning, notice, info, debug; found 'loud'" },
	{ GOOD "control: {netlink: {read: me}}\n",
	  "t.yaml:6: control.netlink.read: expected one of group, all; found 'me'" },
	{ GOOD "limits:\n  rtp-lifetime: 2^49\n",
	  "t.yaml:7: limits.rtp-lifetime: 2^49 is out of range 1..281474976710656" },
	{ GOOD "limits:\n  rtp-lifetime: 2^99\n",
	  "t.yaml:7: limits.rtp-lifetime: expected a number 1..281474976710656, found '2^99'" },
	{ GOOD "limits: {rtcp-lifetime: 0}\n",
	  "t.yaml:6: limits.rtcp-lifetime: 0 is out of range 1..2147483648" },
	{ GOOD "limits: {key-warning-percent: 100}\n",
	  "t.yaml:6: limits.key-warning-percent: 100 is out of range 1..99" },
	{ GOOD "limits: {ssrc-per-flow: 17}\n",
	  "t.yaml:6: limits.ssrc-per-flow: 17 is out of range 1..16" },
	{ GOOD "user: \"a b\"\n",
	  "t.yaml:6: user: 'a b' is not a name of letters, digits, '-', '_' and '.'" },
	{ GOOD "user: abcdefghijklmnopqrstuvwxyz0123456789\n",
	  "t.yaml:6: user: 'abcdefghijklmnopqrstuvwxyz0123456789' is longer than 32 bytes" },
	{ GOOD "    v6: 192.0.2.1\n",
	  "t.yaml:6: interfaces[0].v6: expected an IPv6 address, found '192.0.2.1'" },
	{ GOOD "    v6: fe80::1\n",
	  "t.yaml:6: interfaces[0].v6: fe80::1 cannot carry media; expected a unicast address that needs no scope" },
	{ GOOD "    v6: ::ffff:192.0.2.1\n",
	  "t.yaml:6: interfaces[0].v6: expected an IPv6 address, found '::ffff:192.0.2.1'" },
	{ GOOD "    advertised-v4: 224.0.0.1\n",
	  "t.yaml:6: interfaces[0].advertised-v4: 224.0.0.1 cannot carry media; expected a unicast address that needs no scope" },
	{ GOOD "    advertised-v4: 192.0.2.1:5\n",
	  "t.yaml:6: interfaces[0].advertised-v4: expected an IPv4 address, found '192.0.2.1:5'" },
	{ "interfaces:\n  - {name: a, device: eth/0, v4: 192.0.2.1, kind: conv}\n",
	  "t.yaml:2: interfaces[0].device: 'eth/0' is not a device name" },
	{ "interfaces:\n  - {name: a, device: averyverylongdevice, v4: 192.0.2.1, kind: conv}\n",
	  "t.yaml:2: interfaces[0].device: 'averyverylongdevice' is longer than 15 bytes" },
	{ "interfaces:\n  - {name: \"\", device: eth0, v4: 192.0.2.1, kind: conv}\n",
	  "t.yaml:2: interfaces[0].name: expected a name, found nothing" },
	{ "interfaces:\n  - {device: eth0, v4: 192.0.2.1, kind: conv}\n",
	  "t.yaml:2: interfaces[0].name: missing" },
	{ "interfaces:\n  - {name: a, v4: 192.0.2.1, kind: conv}\n",
	  "t.yaml:2: interfaces[0].device: missing" },
	{ "interfaces:\n  - {name: a, device: eth0, v4: 192.0.2.1}\n",
	  "t.yaml:2: interfaces[0].kind: missing" },
	/* rules between options */
	{ "interfaces:\n  - {name: a, device: eth0, kind: conv}\n",
	  "t.yaml:2: interfaces[0]: needs v4, v6 or both" },
	{ GOOD "    advertised-v6: 2001:db8::1\n",
	  "t.yaml:6: interfaces[0].advertised-v6: needs v6" },
	{ GOOD "    port-min: 20001\n",
	  "t.yaml:6: interfaces[0].port-min: 20001 is odd; RTP takes even ports" },
	{ GOOD "    port-max: 20000\n    port-min: 20000\n",
	  "t.yaml:7: interfaces[0].port-min: 20000 is not below port-max 20000" },
	{ GOOD "    port-max: 10000\n",
	  "t.yaml:2: interfaces[0].port-min: 16384 is not below port-max 10000" },
	{ GOOD SECOND("192.0.2.1", "20000", "40000"),
	  "t.yaml:6: interfaces[1].port-min: ports 20000-40000 overlap 16384-32767 of interface users on the same address" },
	{ GOOD "  - {name: users, device: eth1, v4: 192.0.2.9, kind: nni}\n",
	  "t.yaml:6: interfaces[1].name: 'users' is also the name of interfaces[0]" },
	{ GOOD "limits: {sessions: 65536, streams-per-session: 16, ssrc-per-flow: 16}\n",
	  "t.yaml:6: limits.sessions: 65536 sessions of 16 streams with 16 SSRCs need more than 1 GiB; lower one of them" },
};

static void faults_are_named_with_file_line_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ups_errmsg msg = {};
		struct ups_config config;
		int err =
			ups_config_parse("t.yaml", bad[i].text, strlen(bad[i].text), &config, &msg);

		if (!err || strcmp(msg.text, bad[i].says) != 0)
			fail_msg("row %zu: %d\n   '%s', expected\n   '%s'", i, err, msg.text,
				 bad[i].says);
		assert_int_equal(ups_config_parse("t.yaml", bad[i].text, strlen(bad[i].text),
						  &config, NULL),
				 err);
	}
}

static void parse(const char *text, struct ups_config *config)
{
	struct ups_errmsg msg = {};

	if (ups_config_parse("t.yaml", text, strlen(text), config, &msg))
		fail_msg("%s", msg.text);
}

static void what_is_left_out_has_its_default(void **state)
{
	struct ups_config c;

	(void)state;
	parse(GOOD, &c);
	assert_int_equal(c.iface_count, 1);
	assert_string_equal(c.iface[0].name, "users");
	assert_string_equal(c.iface[0].device, "eth0");
	assert_int_equal(c.iface[0].port_min, 16384);
	assert_int_equal(c.iface[0].port_max, 32767);
	assert_true(c.iface[0].has_v4 && !c.iface[0].has_v6);
	assert_true(ups_addr_equal(&c.iface[0].v4, &c.iface[0].advertised_v4));
	assert_int_equal(c.iface[0].source, UPS_SOURCE_STRICT);
	assert_int_equal(c.lane, UPS_CHOOSE_AUTO);
	assert_int_equal(c.xdp, UPS_XDP_AUTO);
	assert_int_equal(c.workers, 0);
	assert_string_equal(c.crypto, "auto");
	assert_string_equal(c.user, "");
	assert_string_equal(c.group, "");
	assert_false(c.read_all);
	assert_int_equal(c.log_level, UPS_LOG_INFO);
	assert_int_equal(c.key_warning_percent, 90);
	assert_int_equal(c.limits.sessions, 2048);
	assert_int_equal(c.limits.flows, 2048 * 2 * 2);
	assert_int_equal(c.limits.keys, 3 * c.limits.flows);
	assert_int_equal(c.limits.ssrcs, 4 * c.limits.flows);
	assert_true(c.limits.rtp_lifetime == UPS_RTP_LIFETIME_MAX);
	assert_true(c.limits.rtcp_lifetime == UPS_RTCP_LIFETIME_MAX);
}

static void every_option_arrives(void **state)
{
	struct ups_config c;
	char text[UPS_ADDR_TEXT];

	(void)state;
	parse("interfaces:\n"
	      "  - {name: p-1_x.y, device: br0.7, v4: 192.0.2.1, v6: '2001:db8::1', kind: iwf, source: latch,\n"
	      "     advertised-v4: 203.0.113.7, advertised-v6: '2001:db8::7', port-min: 30000, port-max: 30001}\n"
	      "lane: udp\nworkers: 3\nuser: media\n"
	      "xdp: {mode: generic}\n"
	      "limits: {sessions: 10, streams-per-session: 1, ssrc-per-flow: 2, rtp-lifetime: 2^20,\n"
	      "         rtcp-lifetime: 500, key-warning-percent: 50}\n"
	      "control: {netlink: {group: voice, read: all}}\n"
	      "crypto: {backend: openssl}\nlog: {level: error}\n",
	      &c);
	assert_string_equal(c.iface[0].name, "p-1_x.y");
	assert_string_equal(c.iface[0].device, "br0.7");
	assert_string_equal(ups_addr_format(&c.iface[0].v6, text), "2001:db8::1");
	assert_string_equal(ups_addr_format(&c.iface[0].advertised_v4, text), "203.0.113.7");
	assert_string_equal(ups_addr_format(&c.iface[0].advertised_v6, text), "2001:db8::7");
	assert_int_equal(c.iface[0].kind, UPS_KIND_IWF);
	assert_int_equal(c.iface[0].source, UPS_SOURCE_LATCH);
	assert_int_equal(c.iface[0].port_min, 30000);
	assert_int_equal(c.iface[0].port_max, 30001);
	assert_int_equal(c.lane, UPS_CHOOSE_UDP);
	assert_int_equal(c.workers, 3);
	assert_string_equal(c.user, "media");
	assert_int_equal(c.xdp, UPS_XDP_GENERIC);
	assert_int_equal(c.limits.flows, 20);
	assert_int_equal(c.limits.ssrcs, 40);
	assert_true(c.limits.rtp_lifetime == 1 << 20);
	assert_true(c.limits.rtcp_lifetime == 500);
	assert_int_equal(c.key_warning_percent, 50);
	assert_string_equal(c.group, "voice");
	assert_true(c.read_all);
	assert_string_equal(c.crypto, "openssl");
	assert_int_equal(c.log_level, UPS_LOG_ERROR);
}

static void interfaces_may_share_an_address_without_overlap(void **state)
{
	struct ups_config c;

	(void)state;
	parse(GOOD SECOND("192.0.2.1", "32768", "40000"), &c);
	assert_int_equal(c.iface_count, 2);
	parse(GOOD SECOND("192.0.2.2", "16384", "32767"), &c);
	assert_int_equal(c.iface_count, 2);
}

static void too_many_interfaces_are_refused(void **state)
{
	char text[4096] = "interfaces:\n";
	struct ups_errmsg msg;
	struct ups_config c;

	(void)state;
	for (int i = 0; i <= UPS_IFACES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "  - {name: a%d, device: e, v4: 192.0.2.%d, kind: nni}\n", i, i + 1);
	assert_int_equal(ups_config_parse("t.yaml", text, strlen(text), &c, &msg), UPS_E_SYNTAX);
	assert_string_equal(msg.text,
			    "t.yaml:1: interfaces: too many entries, at most 16 expected");
}

static void large_documents_are_refused(void **state)
{
	size_t size = UPS_CONFIG_SIZE_MAX + 1;
	char *text = malloc(size);
	struct ups_errmsg msg;
	struct ups_config c;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	assert_int_equal(ups_config_parse("t.yaml", text, size, &c, &msg), UPS_E_RANGE);
	assert_string_equal(msg.text, "t.yaml: larger than 65536 bytes");
	for (size_t i = 0; i < size - 1; i++) /* many keys, each of two characters */
		text[i] = ":\n"[i % 2];
	assert_int_not_equal(ups_config_parse("t.yaml", text, size - 1, &c, &msg), 0);
	free(text);
}

static void files_are_read_and_named_in_messages(void **state)
{
	static const char text[] = GOOD "lane: tcp\n";
	char path[] = "/tmp/upsec-config-XXXXXX";
	int fd = mkstemp(path);
	struct ups_errmsg msg;
	struct ups_config c;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	assert_int_equal(ups_config_load(path, &c, &msg), UPS_E_SYNTAX);
	assert_ptr_equal(strstr(msg.text, path + strlen("/tmp/")), msg.text);
	assert_non_null(strstr(msg.text, ":6: lane: "));
	unlink(path);
	assert_int_equal(ups_config_load(path, &c, &msg), -ENOENT);
	assert_non_null(strstr(msg.text, path));
	assert_int_equal(ups_config_load("/tmp", &c, &msg), -EISDIR);
}

static void the_sample_is_valid(void **state)
{
	struct ups_errmsg msg = {};
	struct ups_config c;

	(void)state;
	if (access("scripts/upsecd.yaml", R_OK))
		skip(); /* not run from the top of the tree */
	if (ups_config_load("scripts/upsecd.yaml", &c, &msg))
		fail_msg("%s", msg.text);
	assert_true(c.iface_count >= 2);
}

/* Each option has a paragraph in the man page whose head is ".BR key" and which tells range and default. */
static void the_man_page_has_every_option(void **state)
{
	static const struct {
		const char *key, *fallback, *text;
	} options[] = {
#define ROW(member, key, kind, dest, low, high, words, def, text) { key, def, text },
		UPS_OPTIONS_ROOT(ROW) UPS_OPTIONS_XDP(ROW) UPS_OPTIONS_LIMITS(ROW)
			UPS_OPTIONS_NETLINK(ROW) UPS_OPTIONS_CRYPTO(ROW) UPS_OPTIONS_LOG(ROW)
				UPS_OPTIONS_IFACE(ROW)
#undef ROW
	};
	FILE *f = fopen("daemon/man/upsecd.yaml.5", "re");
	static char page[64 * 1024];
	size_t size;

	(void)state;
	if (!f)
		skip(); /* not run from the top of the tree */
	size = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	page[size] = '\0';
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char head[64], fallback[64], *at, *end;

		snprintf(head, sizeof(head), "\n.BI %s: ", options[i].key);
		at = strstr(page, head);
		if (!at) {
			fail_msg("%s: not in the man page", options[i].key);
			return;
		}
		end = strstr(at + 1, "\n.TP");
		if (end)
			*end = '\0';
		if (!strstr(at, options[i].text))
			fail_msg("%s: the man page does not say '%s'", options[i].key,
				 options[i].text);
		snprintf(fallback, sizeof(fallback), "Default: %s.",
			 options[i].fallback ? options[i].fallback : "");
		if (options[i].fallback && options[i].fallback[0] && !strstr(at, fallback))
			fail_msg("%s: the man page does not say '%s'", options[i].key, fallback);
		if (!options[i].fallback && !strstr(at, "Required."))
			fail_msg("%s: the man page does not say 'Required.'", options[i].key);
		if (end)
			*end = '\n';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_are_named_with_file_line_and_key),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(every_option_arrives),
		cmocka_unit_test(interfaces_may_share_an_address_without_overlap),
		cmocka_unit_test(too_many_interfaces_are_refused),
		cmocka_unit_test(large_documents_are_refused),
		cmocka_unit_test(files_are_read_and_named_in_messages),
		cmocka_unit_test(the_sample_is_valid),
		cmocka_unit_test(the_man_page_has_every_option),
	};

	return cmocka_run_group_tests_name("app: configuration", tests, NULL, NULL);
}
