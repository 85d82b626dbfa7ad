// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whether IPsec covers a path, judged from policies and associations as tables; and, where this kernel has XFRM and the ip
 * tool, from what ip xfrm really set up.
 */
#include "dpfix.h"

#include <linux/xfrm.h>

#include "dp/xfrm.h"

#define LOCAL "192.0.2.1"
#define REMOTE "198.51.100.9"

/* ---- building ---------------------------------------------------------------------------------------------------- */

static xfrm_address_t raw(const char *ip)
{
	struct ups_addr a = fix_parse(ip, 0);
	xfrm_address_t out = {};

	if (ups_addr_is_v4(&a))
		memcpy(&out, a.ip + 12, 4);
	else
		memcpy(&out, a.ip, 16);
	return out;
}

static uint16_t family_of(const char *ip)
{
	return strchr(ip, ':') ? AF_INET6 : AF_INET;
}

static struct ups_xfrm_policy policy(uint8_t dir, const char *src, uint8_t plen_s, const char *dst,
				     uint8_t plen_d)
{
	return (struct ups_xfrm_policy) {
		.info = { .sel = { .saddr = raw(src),
				   .daddr = raw(dst),
				   .prefixlen_s = plen_s,
				   .prefixlen_d = plen_d,
				   .family = family_of(src) },
			  .priority = 100,
			  .dir = dir,
			  .action = XFRM_POLICY_ALLOW },
		.tmpl = { { .id = { .daddr = raw(dst), .proto = IPPROTO_ESP },
			    .saddr = raw(src),
			    .family = family_of(src),
			    .mode = XFRM_MODE_TRANSPORT,
			    .reqid = 1 } },
		.tmpl_count = 1,
	};
}

static struct ups_xfrm_sa association(const char *src, const char *dst)
{
	return (struct ups_xfrm_sa) {
		.info = { .id = { .daddr = raw(dst), .proto = IPPROTO_ESP, .spi = htonl(0x100) },
			  .saddr = raw(src),
			  .family = family_of(src),
			  .mode = XFRM_MODE_TRANSPORT,
			  .reqid = 1 },
		.encrypts = true,
	};
}

/* Both directions covered; [0] and sa[0] are the outgoing ones. One more of each is the test's. */
struct scene {
	struct ups_xfrm_policy policy[3];
	struct ups_xfrm_sa sa[3];
	struct ups_xfrm_set set;
};

static void scene_make(struct scene *s)
{
	*s = (struct scene) {
		.policy = { policy(XFRM_POLICY_OUT, LOCAL, 32, REMOTE, 32),
			    policy(XFRM_POLICY_IN, REMOTE, 32, LOCAL, 32) },
		.sa = { association(LOCAL, REMOTE), association(REMOTE, LOCAL) },
	};
	s->set = (struct ups_xfrm_set) {
		.policy = s->policy, .policy_count = 2, .sa = s->sa, .sa_count = 2
	};
}

static bool covers_from(const struct ups_xfrm_set *set, const char *local, const char *remote,
			const char *expect)
{
	struct ups_addr a = fix_parse(local, 4000), b = fix_parse(remote, 5000);
	char why[256] = "";
	bool yes = ups_xfrm_set_covers(set, &a, &b, why, sizeof(why));

	if (!strstr(why, expect))
		fail_msg("\"%s\" instead of \"%s\"", why, expect);
	return yes;
}

static bool covers(const struct scene *s, const char *expect)
{
	return covers_from(&s->set, LOCAL, REMOTE, expect);
}

static bool touches(const struct scene *s)
{
	struct ups_addr a = fix_parse(LOCAL, 4000), b = fix_parse(REMOTE, 5000);

	return ups_xfrm_set_touches(&s->set, &a, &b);
}

/* ---- what is enough ---------------------------------------------------------------------------------------------- */

static void required_esp_both_ways_covers(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s);
	assert_true(covers(&s, "both ways"));
	assert_true(touches(&s));
	/* networks, tunnels, any request id */
	s.policy[0].info.sel.prefixlen_s = s.policy[0].info.sel.prefixlen_d = 0;
	s.policy[1].info.sel.prefixlen_s = 24;
	s.policy[1].info.sel.saddr = raw("198.51.100.0");
	s.policy[1].info.sel.proto = IPPROTO_UDP;
	s.policy[0].tmpl[0].reqid = 0;
	assert_true(covers(&s, "both ways"));
	for (unsigned int i = 0; i < 2; i++) {
		s.policy[i].tmpl[0].mode = s.sa[i].info.mode = XFRM_MODE_TUNNEL;
		s.policy[i].tmpl[0].saddr = s.sa[i].info.saddr = raw("203.0.113.1");
		s.policy[i].tmpl[0].id.daddr = s.sa[i].info.id.daddr = raw("203.0.113.2");
	}
	assert_true(covers(&s, "both ways"));
	/* a template without addresses is for the packet's own */
	scene_make(&s);
	for (unsigned int i = 0; i < 2; i++) {
		s.policy[i].tmpl[0].saddr = (xfrm_address_t) {};
		s.policy[i].tmpl[0].id.daddr = (xfrm_address_t) {};
	}
	assert_true(covers(&s, "both ways"));
}

static void ipv6_covers(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s);
	s.policy[0] = policy(XFRM_POLICY_OUT, "2001:db8::1", 128, "2001:db8:1::", 45);
	s.policy[1] = policy(XFRM_POLICY_IN, "2001:db8:1::", 45, "2001:db8::1", 128);
	for (unsigned int i = 0; i < 2; i++) {
		s.policy[i].tmpl[0].saddr = (xfrm_address_t) {};
		s.policy[i].tmpl[0].id.daddr = (xfrm_address_t) {};
	}
	s.sa[0] = association("2001:db8::1", "2001:db8:7::9");
	s.sa[1] = association("2001:db8:7::9", "2001:db8::1");
	assert_true(covers_from(&s.set, "2001:db8::1", "2001:db8:7::9", "both ways"));
	/* the 46th bit differs */
	assert_false(covers_from(&s.set, "2001:db8::1", "2001:db8:8::9", "there is no policy"));
	assert_false(covers_from(&s.set, LOCAL, "2001:db8:7::9", "different families"));
}

/* ---- what is not ------------------------------------------------------------------------------------------------- */

static void one_direction_is_not_enough(void **state)
{
	struct scene s;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		scene_make(&s);
		s.policy[i].info.dir = XFRM_POLICY_FWD;
		assert_false(covers(&s, i ? "from 198.51.100.9 to 192.0.2.1: there is no policy"
					  : "from 192.0.2.1 to 198.51.100.9: there is no policy"));
		assert_true(touches(&s)); /* the other one */
	}
	s.policy[0].info.dir = XFRM_POLICY_FWD;
	assert_false(touches(&s));
	s.set.policy_count = 0;
	assert_false(covers(&s, "there is no policy"));
}

static void spoil_optional(struct scene *s)
{
	s->policy[1].tmpl[0].optional = 1;
}

static void spoil_ah(struct scene *s)
{
	s->policy[0].tmpl[0].id.proto = IPPROTO_AH;
}

static void spoil_no_template(struct scene *s)
{
	s->policy[0].tmpl_count = 0;
}

static void spoil_block(struct scene *s)
{
	s->policy[0].info.action = XFRM_POLICY_BLOCK;
}

static void spoil_ports(struct scene *s)
{
	s->policy[0].info.sel.dport = htons(5000);
	s->policy[0].info.sel.dport_mask = 0xffff;
}

static void spoil_source_ports(struct scene *s)
{
	s->policy[1].info.sel.sport_mask = 0xffff;
}

static void spoil_device(struct scene *s)
{
	s->policy[0].info.sel.ifindex = 3;
}

static void spoil_mark(struct scene *s)
{
	s->policy[0].partial = true;
}

static void spoil_tcp(struct scene *s)
{
	s->policy[0].info.sel.proto = IPPROTO_TCP;
}

static void spoil_other_net(struct scene *s)
{
	s->policy[0].info.sel.daddr = raw("198.51.100.8");
	s->policy[0].info.sel.prefixlen_d = 32;
}

/* Clear for one port, before the policy that covers */
static void spoil_exemption(struct scene *s)
{
	s->policy[2] = s->policy[0];
	s->policy[2].info.priority = 99;
	s->policy[2].info.sel.dport_mask = 0xffff;
	s->policy[2].tmpl_count = 0;
	s->set.policy_count = 3;
}

static void spoil_bypass(struct scene *s)
{
	spoil_exemption(s);
	s->policy[2].info.sel.dport_mask = 0;
}

static void spoil_same_priority(struct scene *s)
{
	spoil_exemption(s);
	s->policy[2].info.priority = 100;
}

static void spoil_no_association(struct scene *s)
{
	s->set.sa_count = 1;
}

static void spoil_null_cipher(struct scene *s)
{
	s->sa[1].encrypts = false;
}

static void spoil_second_null(struct scene *s)
{
	s->sa[2] = s->sa[0];
	s->sa[2].encrypts = false;
	s->set.sa_count = 3;
}

static void spoil_reqid(struct scene *s)
{
	s->sa[0].info.reqid = 2;
}

static void spoil_mode(struct scene *s)
{
	s->sa[0].info.mode = XFRM_MODE_TUNNEL;
}

static const struct {
	const char *what, *why;
	void (*spoil)(struct scene *s);
} spoilt[] = {
	{ "level use", "does not require ESP", spoil_optional },
	{ "AH", "does not require ESP", spoil_ah },
	{ "no template", "does not require ESP", spoil_no_template },
	{ "block", "the policy blocks", spoil_block },
	{ "one port", "for some of the packets only", spoil_ports },
	{ "source ports", "for some of the packets only", spoil_source_ports },
	{ "one device", "for some of the packets only", spoil_device },
	{ "a mark", "for some of the packets only", spoil_mark },
	{ "TCP", "there is no policy", spoil_tcp },
	{ "another host", "there is no policy", spoil_other_net },
	{ "a port exempt before", "for some of the packets only", spoil_exemption },
	{ "a bypass before", "does not require ESP", spoil_bypass },
	{ "a bypass beside", "same priority", spoil_same_priority },
	{ "no association", "no security association yet", spoil_no_association },
	{ "null cipher", "does not encrypt", spoil_null_cipher },
	{ "null cipher too", "does not encrypt", spoil_second_null },
	{ "another request id", "no security association yet", spoil_reqid },
	{ "another mode", "no security association yet", spoil_mode },
};

static void anything_less_does_not_cover(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct scene s;

		scene_make(&s);
		spoilt[i].spoil(&s);
		if (covers(&s, spoilt[i].why))
			fail_msg("%s covers", spoilt[i].what);
	}
}

static void an_exemption_behind_does_no_harm(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s);
	spoil_exemption(&s);
	s.policy[2].info.priority = 101;
	assert_true(covers(&s, "both ways"));
}

static void algorithms(void **state)
{
	(void)state;
	assert_true(ups_xfrm_alg_encrypts(XFRMA_ALG_CRYPT, "cbc(aes)"));
	assert_true(ups_xfrm_alg_encrypts(XFRMA_ALG_AEAD, "rfc4106(gcm(aes))"));
	assert_false(ups_xfrm_alg_encrypts(XFRMA_ALG_CRYPT, "ecb(cipher_null)"));
	assert_false(ups_xfrm_alg_encrypts(XFRMA_ALG_AEAD, "rfc4543(gcm(aes))"));
	assert_false(ups_xfrm_alg_encrypts(XFRMA_ALG_AUTH, "hmac(sha256)"));
}

/* ---- the kernel's own -------------------------------------------------------------------------------------------- */

static bool run(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "%s >/dev/null 2>&1", command);
	return system(line) == 0;
}

#define SA(src, dst, cipher)                                                                    \
	"ip xfrm state add src " src " dst " dst " proto esp spi 0x100 reqid 1 mode transport " \
	"auth 'hmac(sha256)' 0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef " cipher
#define AES "enc 'cbc(aes)' 0x0123456789abcdef0123456789abcdef"
#define POLICY(verb, src, dst, dir)                                                \
	"ip xfrm policy " verb " src " src "/32 dst " dst "/32 proto udp dir " dir \
	" priority 10 tmpl src " src " dst " dst " proto esp reqid 1 mode transport"

static void live_covers(struct ups_xfrm *x, int expect, const char *sentence)
{
	struct ups_addr a = fix_parse("10.1.0.1", 4000), b = fix_parse("10.1.0.2", 5000);
	char why[256] = "";
	int got = ups_xfrm_covers(x, &a, &b, why, sizeof(why));

	if (got != expect || !strstr(why, sentence))
		fail_msg("%d \"%s\" instead of %d \"%s\"", got, why, expect, sentence);
}

static void what_ip_xfrm_sets_up_is_read(void **state)
{
	struct ups_addr a = fix_parse("10.1.0.1", 4000), b = fix_parse("10.1.0.2", 5000);
	struct ups_xfrm *x = ups_xfrm_open();

	(void)state;
	if (!x || !run("ip xfrm policy list")) {
		print_message("no XFRM in this kernel, or no ip tool\n");
		ups_xfrm_close(x);
		skip();
	}
	assert_null(ups_xfrm_why(x, &a, &b));
	live_covers(x, 0, "there is no policy");
	if (!run(POLICY("add", "10.1.0.1", "10.1.0.2", "out")) ||
	    !run(POLICY("add", "10.1.0.2", "10.1.0.1", "in"))) {
		print_message("this kernel takes no policies\n");
		ups_xfrm_close(x);
		skip();
	}
	live_covers(x, 0, "no security association yet");
	/* asked less than a second after the first reading, but read again meanwhile */
	assert_non_null(ups_xfrm_why(x, &a, &b));
	b = fix_parse("10.1.0.3", 5000);
	assert_null(ups_xfrm_why(x, &a, &b));
	if (!run(SA("10.1.0.1", "10.1.0.2", AES)) || !run(SA("10.1.0.2", "10.1.0.1", AES))) {
		print_message("this kernel has no ESP with AES-CBC and HMAC-SHA-256\n");
		ups_xfrm_close(x);
		skip();
	}
	live_covers(x, 1, "both ways");
	assert_true(run("ip xfrm state deleteall"));
	assert_true(run(SA("10.1.0.1", "10.1.0.2", AES)));
	if (run(SA("10.1.0.2", "10.1.0.1", "enc 'ecb(cipher_null)' ''")))
		live_covers(x, 0, "does not encrypt");
	assert_true(run(POLICY("update", "10.1.0.1", "10.1.0.2", "out") " level use"));
	live_covers(x, 0, "does not require ESP");
	ups_xfrm_close(x);
}

static void without_xfrm_nothing_covers(void **state)
{
	struct ups_addr a = fix_parse(LOCAL, 1), b = fix_parse(REMOTE, 2);
	char why[128];

	(void)state;
	assert_int_equal(ups_xfrm_covers(NULL, &a, &b, why, sizeof(why)), 0);
	assert_string_equal(why, "this kernel has no IPsec");
	assert_null(ups_xfrm_why(NULL, &a, &b));
	ups_xfrm_close(NULL);
}

static int group_open(void **state)
{
	const char *why = fix_network();

	(void)state;
	if (why)
		print_message("%s\n", why);
	return why ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(required_esp_both_ways_covers),
		cmocka_unit_test(ipv6_covers),
		cmocka_unit_test(one_direction_is_not_enough),
		cmocka_unit_test(anything_less_does_not_cover),
		cmocka_unit_test(an_exemption_behind_does_no_harm),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(what_ip_xfrm_sets_up_is_read),
		cmocka_unit_test(without_xfrm_nothing_covers),
	};

	return cmocka_run_group_tests_name("data plane: IPsec", tests, group_open, NULL);
}
