/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel lane that only remembers, for tests of the control side of the data plane: what it holds, in which order it was
 * told, and which of the fallible calls of an apply is to fail. One at a time. Sockets and keys are the real ones.
 */
#ifndef UPS_TEST_MOCKKERNEL_H
#define UPS_TEST_MOCKKERNEL_H

#include "dpfix.h"
#include "dp/plane.h"

#define MOCK_SLOTS 32768
#define MOCK_LOG 512

struct mock_lookup {
	struct ups_addr local;
	uint32_t value;
};

static struct mock {
	/* behaviour */
	bool refuse_create, crypto, refuse_native, refuse_generic;
	struct ups_addr ipsec; /* an address that policies cover; port 0 = none */
	unsigned int fail_at; /* which fallible call fails, 1..; 0 = none */
	/* record */
	unsigned int calls; /* fallible ones so far */
	unsigned int graces, attached, destroyed;
	bool key[MOCK_SLOTS], flow[MOCK_SLOTS];
	struct ups_flow record[MOCK_SLOTS];
	struct mock_lookup lookup[MOCK_SLOTS];
	unsigned int keys, flows, lookups;
	char log[MOCK_LOG]; /* K k: key set, removed; F f; L l; P: inactive flow */
	size_t log_len;
	struct ups_state state;
} mock;

TEST_INLINE int mock_call(char what)
{
	if (mock.log_len + 1 < MOCK_LOG)
		mock.log[mock.log_len++] = what;
	return ++mock.calls == mock.fail_at ? -ENOMEM : 0;
}

TEST_INLINE void mock_note(char what)
{
	if (mock.log_len + 1 < MOCK_LOG)
		mock.log[mock.log_len++] = what;
}

TEST_INLINE void mock_clear_log(void)
{
	memset(mock.log, 0, sizeof(mock.log));
	mock.log_len = 0;
}

TEST_INLINE int mock_create(const struct ups_limits *limits, const char *object,
			    struct ups_kernel **out, struct ups_errmsg *msg)
{
	(void)object;
	if (mock.refuse_create)
		return ups_fail(msg, UPS_E_UNSUPPORTED, "mock has no kernel");
	assert_int_equal(ups_state_init_anonymous(&mock.state, limits), 0);
	*out = (struct ups_kernel *)&mock;
	return 0;
}

TEST_INLINE void mock_destroy(struct ups_kernel *k)
{
	assert_ptr_equal(k, &mock);
	ups_state_fini(&mock.state);
	mock.destroyed++;
}

TEST_INLINE bool mock_has_crypto(const struct ups_kernel *k)
{
	(void)k;
	return mock.crypto;
}

TEST_INLINE const char *mock_summary(const struct ups_kernel *k)
{
	(void)k;
	return "mock";
}

TEST_INLINE void mock_state(const struct ups_kernel *k, struct ups_state *state)
{
	(void)k;
	*state = mock.state;
}

TEST_INLINE int mock_attach(struct ups_kernel *k, const char *device, enum ups_attach_mode mode,
			    bool *dispatcher, struct ups_errmsg *msg)
{
	(void)k;
	*dispatcher = true;
	if (mode == UPS_ATTACH_NATIVE ? mock.refuse_native : mock.refuse_generic)
		return ups_fail(msg, -EOPNOTSUPP, "%s refuses %s", device,
				mode == UPS_ATTACH_NATIVE ? "native" : "generic");
	mock.attached++;
	return 0;
}

TEST_INLINE int mock_key_set(struct ups_kernel *k, uint32_t slot, const struct ups_key *key,
			     const struct ups_set_aes *aes, const struct ups_ghash *ghash)
{
	(void)k;
	(void)ghash;
	assert_true(slot < MOCK_SLOTS && !mock.key[slot]);
	assert_int_equal(aes->slot, slot);
	assert_true(key->suite && aes->key_len);
	if (mock_call('K'))
		return -ENOMEM;
	mock.key[slot] = true;
	mock.keys++;
	return 0;
}

TEST_INLINE void mock_refresh(struct ups_kernel *k)
{
	(void)k;
}

TEST_INLINE void mock_key_del(struct ups_kernel *k, uint32_t slot)
{
	(void)k;
	assert_true(mock.key[slot]);
	mock.key[slot] = false;
	mock.keys--;
	mock_note('k');
}

TEST_INLINE int mock_flow_set(struct ups_kernel *k, uint32_t slot, const struct ups_flow *flow)
{
	(void)k;
	assert_true(slot < MOCK_SLOTS);
	if (mock_call(flow->flags & UPS_FLOW_ACTIVE ? 'F' : 'P'))
		return -ENOMEM;
	mock.flows += !mock.flow[slot];
	mock.flow[slot] = true;
	mock.record[slot] = *flow;
	return 0;
}

TEST_INLINE void mock_flow_del(struct ups_kernel *k, uint32_t slot)
{
	(void)k;
	assert_true(mock.flow[slot]);
	mock.flow[slot] = false;
	mock.flows--;
	mock_note('f');
}

TEST_INLINE int mock_lookup_add(struct ups_kernel *k, const struct ups_addr *local, uint32_t value)
{
	(void)k;
	if (mock_call('L'))
		return -ENOMEM;
	/* who is found must be there already */
	assert_true(mock.flow[value & ~UPS_LOOKUP_RTCP]);
	mock.lookup[mock.lookups++] = (struct mock_lookup) { *local, value };
	return 0;
}

TEST_INLINE void mock_lookup_del(struct ups_kernel *k, const struct ups_addr *local)
{
	(void)k;
	mock_note('l');
	for (unsigned int i = 0; i < mock.lookups; i++) {
		if (!ups_addr_equal(&mock.lookup[i].local, local))
			continue;
		mock.lookup[i] = mock.lookup[--mock.lookups];
		return;
	}
	fail_msg("removal of a look-up entry that is not there");
}

TEST_INLINE void mock_counters(const struct ups_kernel *k, struct ups_counters *out)
{
	(void)k;
	memset(out, 0, sizeof(*out));
	out->tx = 77;
}

TEST_INLINE void mock_grace(void)
{
	mock.graces++;
}

TEST_INLINE bool mock_is_loopback(const char *device)
{
	return !strcmp(device, "lo");
}

TEST_INLINE int mock_key_create(struct ups_crypto *c, const struct ups_srtp_key_config *config,
				struct ups_key_use *use, struct ups_srtp_key **out)
{
	return mock_call('c') ? -ENOMEM : ups_srtp_key_create(c, config, use, out);
}

TEST_INLINE int mock_socket(const struct ups_addr *local, const struct ups_port_use *use, int *fd,
			    struct ups_errmsg *msg)
{
	if (mock_call('s'))
		return ups_fail(msg, -ENOMEM, "mock socket");
	return ups_port_socket(local, use, fd, msg);
}

TEST_INLINE int mock_poll_add(int epoll_fd, int fd, uint64_t data)
{
	return mock_call('e') ? -ENOMEM : ups_poll_add(epoll_fd, fd, data);
}

TEST_INLINE const char *mock_xfrm_why(struct ups_xfrm *x, const struct ups_addr *local,
				      const struct ups_addr *remote)
{
	(void)x;
	return mock.ipsec.port && (ups_addr_same_ip(&mock.ipsec, local) ||
				   ups_addr_same_ip(&mock.ipsec, remote))
		       ? "an IPsec policy covers this path: the stack applies it"
		       : NULL;
}

static const struct ups_dp_ops mock_ops = {
	.kernel_create = mock_create,
	.kernel_destroy = mock_destroy,
	.kernel_has_crypto = mock_has_crypto,
	.kernel_summary = mock_summary,
	.kernel_state = mock_state,
	.kernel_attach = mock_attach,
	.kernel_refresh = mock_refresh,
	.kernel_key_set = mock_key_set,
	.kernel_key_del = mock_key_del,
	.kernel_flow_set = mock_flow_set,
	.kernel_flow_del = mock_flow_del,
	.kernel_lookup_add = mock_lookup_add,
	.kernel_lookup_del = mock_lookup_del,
	.kernel_counters = mock_counters,
	.kernel_grace = mock_grace,
	.device_is_loopback = mock_is_loopback,
	.key_create = mock_key_create,
	.udp = { mock_socket, mock_poll_add },
	.xfrm_why = mock_xfrm_why,
};

#endif
