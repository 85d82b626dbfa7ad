// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as upsecd.yaml: refused with a message, or a configuration that satisfies the rules between options. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "crypto/srtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_iface(const struct ups_iface *f)
{
	must(f->name[0] && memchr(f->name, '\0', sizeof(f->name)));
	must(f->device[0] && memchr(f->device, '\0', sizeof(f->device)));
	must(f->has_v4 || f->has_v6);
	must(f->port_min % 2 == 0 && f->port_min >= 1024 && f->port_min < f->port_max);
	must(f->v4.port == 0 && f->v6.port == 0);
}

static void check_rule(const struct ups_rule *rule)
{
	must(rule->name[0] && memchr(rule->name, '\0', sizeof(rule->name)));
	must(memchr(rule->address, '\0', sizeof(rule->address)));
	must(memchr(rule->peer_name, '\0', sizeof(rule->peer_name)));
	must(rule->protection <= UPS_REQUIRE && rule->peer_bits <= 128 && rule->peer.port == 0);
	must(rule->mechanism_count >= 1 && rule->mechanism_count <= 2);
	must(rule->suite_count >= 1 && rule->suite_count <= UPS_RULE_SUITES_MAX);
	for (unsigned int i = 0; i < rule->suite_count; i++)
		must(ups_suite_by_id(rule->suite[i]));
	must(!rule->osrtp || rule->protection != UPS_REQUIRE);
	must(!rule->ipsec || rule->kinds == 1u << UPS_KIND_NNI);
	must(!rule->unprotected_interworking || rule->kinds == 1u << UPS_KIND_IWF);
	must(!rule->proxy_explicit);
}

/* Whatever the rules, where one requires protection a peer that has none gets no media. */
static void check_policy(const struct ups_policy *policy)
{
	struct ups_policy_input in = { .media = "audio",
				       .address = "sip:alice@example.net",
				       .can = UPS_CAN_CLEAR,
				       .can_known = true };
	struct ups_verdict verdict;

	must(policy->count >= 1 && policy->count <= UPS_RULES_MAX);
	for (unsigned int i = 0; i < policy->count; i++)
		check_rule(&policy->rule[i]);
	ups_policy_decide(policy, &in, &verdict);
	must(verdict.refused == (verdict.rule->protection == UPS_REQUIRE));
}

static void check_ng(const struct ups_ng_config *ng)
{
	must(ng->listen_count <= UPS_NG_LISTEN_MAX && ng->allow_count <= UPS_NG_ALLOW_MAX);
	must(ng->allow_count >= 1 && ng->connections >= 1);
	for (unsigned int i = 0; i < ng->listen_count; i++)
		must(ng->listen[i].port != 0);
	for (unsigned int i = 0; i < ng->allow_count; i++)
		must(ng->allow[i].bits <= 128 &&
		     ng->allow[i].signalling <= UPS_SIGNALLING_ENCRYPTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ups_errmsg msg = {};
	struct ups_config config;
	int err = ups_config_parse("fuzz.yaml", data, size, &config, &msg);

	if (err) {
		must(!strncmp(msg.text, "fuzz.yaml:", 10));
		return 0;
	}
	must(config.iface_count >= 1 && config.iface_count <= UPS_IFACES_MAX);
	for (unsigned int i = 0; i < config.iface_count; i++)
		check_iface(&config.iface[i]);
	check_policy(&config.policy);
	check_ng(&config.ng);
	must(!config.dtls_certificate[0] == !config.dtls_key[0]);
	must(config.crypto && config.limits.sessions && config.limits.ssrc_per_flow);
	must(config.limits.ssrcs == config.limits.flows * config.limits.ssrc_per_flow);
	return 0;
}
