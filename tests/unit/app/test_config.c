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
#define RULE(text) GOOD "policy:\n  - {name: r, " text "}\n"
#define NG(text) GOOD "control:\n  ng: {" text "}\n"
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
	/* rules of policy */
	{ GOOD "policy: require\n", "t.yaml:6: policy: expected a list of rules" },
	{ GOOD "policy: []\n", "t.yaml:6: policy: 0 entries, at least 1 expected" },
	{ GOOD "policy:\n  - require\n", "t.yaml:7: policy[0]: expected a mapping of options" },
	{ GOOD "policy:\n  - {leg: [conv]}\n", "t.yaml:7: policy[0].name: missing" },
	{ GOOD "policy:\n  - name: a b\n",
	  "t.yaml:7: policy[0].name: 'a b' is not a name of letters, digits, '-', '_' and '.'" },
	{ GOOD "policy:\n  - name: r\n    colour: red\n",
	  "t.yaml:8: policy[0].colour: unknown option" },
	{ RULE("leg: conv"), "t.yaml:7: policy[0].leg: expected a list, such as [conv, nni]" },
	{ RULE("leg: []"), "t.yaml:7: policy[0].leg: 0 entries, at least 1 expected" },
	{ RULE("leg: [conv, msrp]"),
	  "t.yaml:7: policy[0].leg[1]: expected one of conv, nni, iwf, any; found 'msrp'" },
	{ RULE("leg: [conv, any]"), "t.yaml:7: policy[0].leg[1]: any stands alone" },
	{ RULE("leg: [[conv]]"), "t.yaml:7: policy[0].leg[0]: expected a single value" },
	{ RULE("leg: [conv, nni, iwf, conv, nni]"),
	  "t.yaml:7: policy[0].leg: too many entries, at most 4 expected" },
	{ RULE("media: \"\""), "t.yaml:7: policy[0].media: expected a name, found nothing" },
	{ RULE("peer: 192.0.2.0/33"),
	  "t.yaml:7: policy[0].peer: expected a network such as 192.0.2.0/24 or 2001:db8::/32, found '192.0.2.0/33'" },
	{ RULE("peer: 192.0.2.1/24"),
	  "t.yaml:7: policy[0].peer: 192.0.2.1/24 has bits set behind its prefix" },
	{ RULE("peer: '2001:db8::/'"),
	  "t.yaml:7: policy[0].peer: expected a network such as 192.0.2.0/24 or 2001:db8::/32, found '2001:db8::/'" },
	{ RULE("peer: \"\""),
	  "t.yaml:7: policy[0].peer: expected a network such as 192.0.2.0/24 or 2001:db8::/32, found ''" },
	{ RULE("address: '@'"),
	  "t.yaml:7: policy[0].address: expected a CPM Address such as sip:alice@example.net or tel:+15550100, or a domain such as @example.net" },
	{ RULE("address: 'sip:al ice@x'"),
	  "t.yaml:7: policy[0].address: expected a CPM Address such as sip:alice@example.net or tel:+15550100, or a domain such as @example.net" },
	{ RULE("protection: maybe"),
	  "t.yaml:7: policy[0].protection: expected one of forbid, allow, prefer, require; found 'maybe'" },
	{ RULE("mechanisms: [dtls, mikey]"),
	  "t.yaml:7: policy[0].mechanisms[1]: expected one of dtls, sdes; found 'mikey'" },
	{ RULE("mechanisms: [sdes, sdes]"),
	  "t.yaml:7: policy[0].mechanisms[1]: sdes is there already" },
	{ RULE("suites: [AES_CM_128]"),
	  "t.yaml:7: policy[0].suites[0]: 'AES_CM_128' is no suite; expected a name such as AES_CM_128_HMAC_SHA1_80 or AEAD_AES_128_GCM" },
	{ RULE("suites: [NULL_HMAC_SHA1_80]"),
	  "t.yaml:7: policy[0].suites[0]: 'NULL_HMAC_SHA1_80' is no suite; expected a name such as AES_CM_128_HMAC_SHA1_80 or AEAD_AES_128_GCM" },
	{ RULE("suites: [F8_128_HMAC_SHA1_80]"),
	  "t.yaml:7: policy[0].suites[0]: 'F8_128_HMAC_SHA1_80' is no suite; expected a name such as AES_CM_128_HMAC_SHA1_80 or AEAD_AES_128_GCM" },
	{ RULE("suites: [AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_32]"),
	  "t.yaml:7: policy[0].suites[1]: AES_CM_128_HMAC_SHA1_32 has a tag of 32 bits, less than min-tag 80: lower min-tag, or leave the suite out" },
	{ RULE("min-tag: 128, suites: [AES_CM_128_HMAC_SHA1_80]"),
	  "t.yaml:7: policy[0].suites[0]: AES_CM_128_HMAC_SHA1_80 has a tag of 80 bits, less than min-tag 128: lower min-tag, or leave the suite out" },
	{ RULE("suites: [AES_CM_256_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_80]"),
	  "t.yaml:7: policy[0].suites[1]: AES_256_CM_HMAC_SHA1_80 is there already" },
	{ RULE("mechanisms: [dtls], suites: [AES_256_CM_HMAC_SHA1_80]"),
	  "t.yaml:7: policy[0].suites: none of them can be used with dtls: add AES_CM_128_HMAC_SHA1_80 or a GCM suite, or permit sdes" },
	{ RULE("min-tag: 64"), "t.yaml:7: policy[0].min-tag: expected 32, 80 or 128" },
	{ RULE("min-tag: 16"), "t.yaml:7: policy[0].min-tag: 16 is out of range 32..128" },
	{ RULE("osrtp: yes"),
	  "t.yaml:7: policy[0].osrtp: has no place where protection is required (RFC 8643): say no, or protection: prefer" },
	{ RULE("underlay: ipsec"), "t.yaml:7: policy[0].underlay: needs leg: [nni]" },
	{ RULE("underlay: ipsec, leg: [nni, conv]"),
	  "t.yaml:7: policy[0].underlay: needs leg: [nni]" },
	{ RULE("unprotected-interworking: allow, protection: prefer"),
	  "t.yaml:7: policy[0].unprotected-interworking: needs leg: [iwf]" },
	{ RULE("unprotected-interworking: allow, leg: [iwf]"),
	  "t.yaml:7: policy[0].unprotected-interworking: contradicts protection: require, which never gives clear media: use prefer" },
	{ RULE("peer-name: cs.example.org"),
	  "t.yaml:7: policy[0].peer-name: needs mechanisms: [dtls], since nothing else shows a certificate" },
	{ RULE("peer-name: cs.example.org, mechanisms: [dtls]"),
	  "t.yaml:7: policy[0].peer-name: needs dtls.ca" },
	{ RULE("leg: [nni]") "  - {name: r}\n",
	  "t.yaml:8: policy[1].name: 'r' is also the name of policy[0]" },
	{ RULE("leg: [any]") "  - {name: s}\n",
	  "t.yaml:8: policy[1].name: never reached: rule r before it matches everything" },
	/* ng, DTLS, timeouts */
	{ NG("listen: 2223"),
	  "t.yaml:7: control.ng.listen: expected a list, such as [127.0.0.1:2223]" },
	{ NG("listen: [2223]"),
	  "t.yaml:7: control.ng.listen[0]: expected an address with port, such as 127.0.0.1:2223 or '[::1]:2223', found '2223'" },
	{ NG("listen: ['127.0.0.1:1', '127.0.0.1:1']"),
	  "t.yaml:7: control.ng.listen[1]: 127.0.0.1:1 is there already" },
	{ NG("connections: 0"), "t.yaml:7: control.ng.connections: 0 is out of range 1..1024" },
	{ NG("allow: [10.0.0.0/8]"),
	  "t.yaml:7: control.ng.allow[0]: expected a mapping of options" },
	{ NG("allow: {network: 10.0.0.0/8}"),
	  "t.yaml:7: control.ng.allow: expected a list of networks" },
	{ NG("allow: [{signalling: none}]"), "t.yaml:7: control.ng.allow[0].network: missing" },
	{ NG("allow: [{network: ten}]"),
	  "t.yaml:7: control.ng.allow[0].network: expected a network such as 192.0.2.0/24 or 2001:db8::/32, found 'ten'" },
	{ NG("allow: [{network: 10.0.0.0/8, signalling: tls}]"),
	  "t.yaml:7: control.ng.allow[0].signalling: expected one of none, integrity, encrypted; found 'tls'" },
	{ GOOD "dtls: {certificate: cert.pem}\n",
	  "t.yaml:6: dtls.certificate: expected an absolute path, found 'cert.pem'" },
	{ GOOD "dtls: {certificate: /cert.pem}\n", "t.yaml:6: dtls.certificate: needs key" },
	{ GOOD "dtls: {key: /key.pem}\n", "t.yaml:6: dtls.key: needs certificate" },
	{ GOOD "timeouts: {media: 86401}\n",
	  "t.yaml:6: timeouts.media: 86401 is out of range 0..86400" },
	{ GOOD "limits: {registrations: 0}\n",
	  "t.yaml:6: limits.registrations: 0 is out of range 1..1048576" },
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

static void without_rules_the_policy_requires_everything(void **state)
{
	struct ups_policy expected;
	struct ups_config c;

	(void)state;
	parse(GOOD, &c);
	ups_policy_init(&expected, false);
	assert_int_equal(c.policy.count, expected.count);
	for (unsigned int i = 0; i < expected.count; i++)
		assert_int_equal(c.policy.rule[i].protection, UPS_REQUIRE);
	assert_int_equal(c.ng.listen_count, 0);
	assert_int_equal(c.ng.allow_count, 2);
	assert_int_equal(c.ng.allow[0].signalling, UPS_SIGNALLING_NONE);
	assert_int_equal(c.ng.allow[1].bits, 128);
	assert_int_equal(c.ng.connections, 64);
	assert_int_equal(c.media_timeout_s, 60);
	assert_int_equal(c.registrations, 65536);
	assert_false(c.without_file);
	assert_string_equal(c.dtls_certificate, "");
}

/* As `upsec policy show` tells it */
static void assert_rule(const struct ups_rule *rule, const char *expected)
{
	char text[512];
	struct ups_buf buf = ups_buf_init(text, sizeof(text) - 1);

	ups_rule_format(rule, &buf);
	text[buf.size] = '\0';
	assert_string_equal(text, expected);
}

#define FLOOR                                                             \
	"mechanisms dtls sdes, suites AEAD_AES_256_GCM AEAD_AES_128_GCM " \
	"AES_256_CM_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_80, min-tag 80"

static void rules_arrive_as_written(void **state)
{
	struct ups_config c;

	(void)state;
	parse(GOOD
	      "dtls: {ca: /ca.pem, certificate: /c.pem, key: /k.pem}\n"
	      "policy:\n"
	      "  - name: old-phones\n"
	      "    leg: [conv]\n"
	      "    media: audio\n"
	      "    peer: 192.0.2.0/24\n"
	      "    address: '@Example.net'\n"
	      "    protection: allow\n"
	      "    mechanisms: [sdes]\n"
	      "    suites: [AES_CM_128_HMAC_SHA1_32, AES_CM_256_HMAC_SHA1_80]\n"
	      "    min-tag: 32\n"
	      "    termination: opaque\n"
	      "    osrtp: yes\n"
	      "    registration: optional\n"
	      "  - {name: cs, leg: [nni], underlay: ipsec, mechanisms: [dtls], peer-name: cs.example.org,\n"
	      "     peer: '2001:db8::/32'}\n"
	      "  - {name: open, leg: [iwf], protection: prefer, unprotected-interworking: allow}\n"
	      "  - {name: none, protection: forbid, leg: [nni, iwf], peer: 203.0.113.7}\n"
	      "  - {name: rest}\n",
	      &c);
	assert_int_equal(c.policy.count, 5);
	assert_rule(&c.policy.rule[0],
		    "old-phones: conv, audio, peer 192.0.2.0/24, address @Example.net -> allow, "
		    "mechanisms sdes, suites AES_CM_128_HMAC_SHA1_32 AES_256_CM_HMAC_SHA1_80, "
		    "min-tag 32, opaque, osrtp");
	assert_rule(
		&c.policy.rule[1],
		"cs: nni, peer 2001:db8::/32 -> require, mechanisms dtls, suites "
		"AEAD_AES_256_GCM AEAD_AES_128_GCM AES_256_CM_HMAC_SHA1_80 "
		"AES_CM_128_HMAC_SHA1_80, min-tag 80, underlay ipsec, peer-name cs.example.org");
	assert_rule(&c.policy.rule[2], "open: iwf -> prefer, " FLOOR ", unprotected-interworking");
	assert_rule(&c.policy.rule[3], "none: nni|iwf, peer 203.0.113.7/32 -> forbid");
	assert_rule(&c.policy.rule[4], "rest: any leg -> require, " FLOOR ", registration");
	assert_string_equal(c.dtls_ca, "/ca.pem");
	assert_string_equal(c.dtls_certificate, "/c.pem");
	assert_string_equal(c.dtls_key, "/k.pem");
}

static void rules_may_be_as_many_as_there_is_room_for(void **state)
{
	static char text[8192] = GOOD "policy:\n";
	struct ups_errmsg msg;
	struct ups_config c;

	(void)state;
	for (int i = 0; i < UPS_RULES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "  - {name: r%d, leg: [nni]}\n", i);
	parse(text, &c);
	assert_int_equal(c.policy.count, UPS_RULES_MAX);
	strcat(text, "  - {name: more}\n");
	assert_int_equal(ups_config_parse("t.yaml", text, strlen(text), &c, &msg), UPS_E_SYNTAX);
	assert_string_equal(msg.text, "t.yaml:6: policy: too many entries, at most 64 expected");
}

static void sources_of_ng_arrive_in_order(void **state)
{
	struct ups_config c;
	char text[UPS_ADDR_TEXT];

	(void)state;
	parse(GOOD "control:\n"
		   "  ng:\n"
		   "    listen: ['127.0.0.1:2223', '[::1]:2223']\n"
		   "    connections: 7\n"
		   "    allow:\n"
		   "      - {network: 127.0.0.1, signalling: encrypted}\n"
		   "      - {network: 10.0.0.0/8, signalling: integrity}\n"
		   "      - network: 2001:db8::/32\n"
		   "limits: {registrations: 9}\ntimeouts: {media: 0}\n",
	      &c);
	assert_int_equal(c.ng.listen_count, 2);
	assert_string_equal(ups_addr_format(&c.ng.listen[0], text), "127.0.0.1:2223");
	assert_string_equal(ups_addr_format(&c.ng.listen[1], text), "[::1]:2223");
	assert_int_equal(c.ng.connections, 7);
	assert_int_equal(c.ng.allow_count, 3);
	assert_int_equal(c.ng.allow[0].bits, 128);
	assert_int_equal(c.ng.allow[0].signalling, UPS_SIGNALLING_ENCRYPTED);
	assert_string_equal(ups_addr_format(&c.ng.allow[1].network, text), "10.0.0.0");
	assert_int_equal(c.ng.allow[1].bits, 96 + 8);
	assert_int_equal(c.ng.allow[1].signalling, UPS_SIGNALLING_INTEGRITY);
	assert_int_equal(c.ng.allow[2].bits, 32);
	assert_int_equal(c.ng.allow[2].signalling, UPS_SIGNALLING_NONE);
	assert_int_equal(c.registrations, 9);
	assert_int_equal(c.media_timeout_s, 0);
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

/* The paragraph under @head; of several, since two sections may have a key of one name, that which has @text */
static char *paragraph(char *page, const char *head, const char *text)
{
	char *first = strstr(page, head), *at;

	for (at = first; at; at = strstr(at + 1, head)) {
		const char *end = strstr(at + 1, "\n.TP"), *found = strstr(at, text);

		if (found && (!end || found < end))
			return at;
	}
	return first;
}

/* Each option has a paragraph in the man page whose head is ".BR key" and which tells range and default. */
static void the_man_page_has_every_option(void **state)
{
	static const struct {
		const char *key, *fallback, *text;
	} options[] = {
#define ROW(member, key, kind, dest, low, high, words, def, text) { key, def, text },
#define LIST(member, key, most, def, text) { key, def, text },
		UPS_OPTIONS_ROOT(ROW) UPS_OPTIONS_XDP(ROW) UPS_OPTIONS_LIMITS(ROW)
			UPS_OPTIONS_NETLINK(ROW) UPS_OPTIONS_CRYPTO(ROW) UPS_OPTIONS_LOG(ROW)
				UPS_OPTIONS_IFACE(ROW) UPS_OPTIONS_TIMEOUTS(ROW)
					UPS_OPTIONS_DTLS(ROW) UPS_OPTIONS_NG(ROW) UPS_LISTS_NG(LIST)
						UPS_OPTIONS_SOURCE(ROW) UPS_OPTIONS_RULE(ROW)
							UPS_LISTS_RULE(LIST)
#undef LIST
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
		char head[64], fallback[160], *at, *end;

		snprintf(head, sizeof(head), "\n.BI %s: ", options[i].key);
		at = paragraph(page, head, options[i].text);
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
		cmocka_unit_test(without_rules_the_policy_requires_everything),
		cmocka_unit_test(rules_arrive_as_written),
		cmocka_unit_test(rules_may_be_as_many_as_there_is_room_for),
		cmocka_unit_test(sources_of_ng_arrive_in_order),
		cmocka_unit_test(interfaces_may_share_an_address_without_overlap),
		cmocka_unit_test(too_many_interfaces_are_refused),
		cmocka_unit_test(large_documents_are_refused),
		cmocka_unit_test(files_are_read_and_named_in_messages),
		cmocka_unit_test(the_sample_is_valid),
		cmocka_unit_test(the_man_page_has_every_option),
	};

	return cmocka_run_group_tests_name("app: configuration", tests, NULL, NULL);
}
