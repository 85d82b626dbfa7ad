#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One short call of each kind on whatever kernel this is: where the kernel has bpf_crypto, every suite runs in XDP; where it
# has not, clear and opaque calls still do, and SRTP is served by the udp lane, with nobody noticing. tests/vm runs this
# on other kernels; call.sh is the thorough one.
# timeout: 600
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

PACKETS=60
RTCP_EVERY=20
SUITES=(AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 AES_256_CM_HMAC_SHA1_80 AES_256_CM_HMAC_SHA1_32
	AEAD_AES_128_GCM AEAD_AES_256_GCM)
NUMBER=0

# A call asked for on lane "xdp" or "auto"; its RTP must have been on the lane given last.
one_call() { # ASKED FAMILY-A MODE-A SUITE-A FAMILY-B MODE-B SUITE-B SERVED-BY
	local id=kernel-$NUMBER args problems packets
	local name="$3 $4 v$2 to $6 $7 v$5, lane $1: on $8"
	NUMBER=$((NUMBER + 1))
	args="--send $PACKETS --rate 300 --size 160 --rtcp-every $RTCP_EVERY --expect $PACKETS
		--expect-rtcp $((PACKETS / RTCP_EVERY)) --seq 65500 --linger 100 --timeout 30000"
	if ! call_add "$id" "$1" "$2" "$3" "$4" "$5" "$6" "$7" || ! call_run "$id" "$args" "$args --seed 7"; then
		not_ok "$name"
		diag "$(call_faults "$id" 2>&1)"
		return
	fi
	problems=$(call_faults "$id")
	packets=$(lane_packets "$id" "$8")
	[ "$packets" -ge $((2 * PACKETS)) ] || problems+=" only $packets packets on $8"
	is "$name" "$problems" ""
	call_del "$id"
}

net_begin
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || {
	not_ok "the daemon starts"
	tap_end
}
diag "$(upsec cs status)"
if [ "$(upsec cs -j status | jq -r .xdp)" != true ]; then
	skip "calls in XDP" "$(upsec cs -j status | jq -r .xdp_reason)"
else
	one_call xdp 4 clear clear 6 clear clear xdp
	one_call xdp 6 opaque AEAD_AES_128_GCM 4 opaque AEAD_AES_128_GCM xdp
fi
if [ "$(upsec cs -j status | jq -r .xdp_crypto)" = true ]; then
	for i in 0 1 2 3 4 5; do
		one_call xdp 4 srtp "${SUITES[i]}" 6 srtp "${SUITES[(i + 3) % 6]}" xdp
	done
else
	one_call auto 4 srtp "${SUITES[0]}" 6 srtp "${SUITES[4]}" udp
	one_call auto 6 clear clear 4 srtp "${SUITES[5]}" udp
fi
one_call udp 4 srtp "${SUITES[1]}" 6 srtp "${SUITES[4]}" udp
is "no session is left" "$(upsec cs -j session list | jq length)" 0
check "the daemon ends without a complaint" daemon_stop cs
tap_end
