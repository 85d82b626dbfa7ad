#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Calls through one daemon in every combination of lane, address families, protection of the two legs and RTCP transport. Both peers
# are libsrtp2; every packet of both directions must arrive, authentic and byte for byte, on the lane asked for.
# sanitized: yes
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

PACKETS=150
RTCP_EVERY=15
# Without AES_192: Debian's libsrtp2 computes it wrongly (tests/unit/crypto/test_differential.c).
SUITES=(AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 AES_256_CM_HMAC_SHA1_80 AES_256_CM_HMAC_SHA1_32
	AEAD_AES_128_GCM AEAD_AES_256_GCM)
TURN=0 # every combination takes the next suites

# Empty if the call was faultless and on its lane. RTCP is the udp lane's.
faults() { # ID LANE MODES RTCP
	local rtp=$((2 * PACKETS)) rtcp=$((2 * PACKETS / RTCP_EVERY)) on_xdp=0
	[ "$2" = xdp ] && on_xdp=$rtp
	call_faults "$1"
	upsec cs -j flow list session "$1" |
		jq -r --argjson xdp $on_xdp --argjson udp $((rtp + rtcp - on_xdp)) '
			def on($lane): [.[].lanes[] | select(.lane == $lane) | .tx_packets] | add // 0;
			(if on("xdp") != $xdp then "\(on("xdp")) packets on xdp, not \($xdp)" else empty end),
			(if on("udp") != $udp then "\(on("udp")) packets on udp, not \($udp)" else empty end),
			(.[] | select(.drops != {}) | "drops on leg \(.leg): \(.drops)")'
}

one_call() { # LANE FAMILY-A FAMILY-B MODE-A MODE-B RTCP
	local lane=$1 id name a=clear b=clear problems
	local first=${SUITES[TURN % 6]} second=${SUITES[(TURN + 1 + TURN / 6 % 5) % 6]}
	id=call-$TURN
	TURN=$((TURN + 1))
	case $4-$5 in
	srtp-srtp) a=$first b=$second ;;
	srtp-clear | opaque-opaque) a=$first ;;
	clear-srtp) b=$second ;;
	esac
	case $6 in
	mux) CALL_LEG_A="rtcp-mux" CALL_LEG_B="rtcp-mux" ;;
	half) CALL_LEG_A="rtcp-mux" ;;
	esac
	name="$1 v$2-v$3 $4-$5 rtcp $6 ($a, $b)"
	local args="--send $PACKETS --rate 3000 --size $((20 + TURN * 127 % 1360)) --rtcp-every $RTCP_EVERY
		--expect $PACKETS --expect-rtcp $((PACKETS / RTCP_EVERY)) --seq 65500 --linger 30 --timeout 3000"
	if ! call_add "$id" "$lane" "$2" "$4" "$a" "$3" "$5" "$b" ||
		! call_run "$id" "$args" "$args --seed 7"; then
		not_ok "$name"
		return
	fi
	problems=$(faults "$id" "$lane" "$4-$5" "$6")
	is "$name" "$problems" ""
	call_del "$id"
}

net_begin
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
for lane in udp xdp; do
	if [ $lane = xdp ] && [ "$(upsec cs -j status | jq -r .xdp_crypto)" != true ]; then
		skip "xdp lane" "$(upsec cs -j status | jq -r .xdp_reason)"
		continue
	fi
	for families in "4 4" "4 6" "6 6"; do
		for modes in "clear srtp" "srtp srtp" "srtp clear" "clear clear" "opaque opaque"; do
			for rtcp in separate mux half; do
				# shellcheck disable=SC2086
				one_call $lane $families $modes $rtcp
			done
		done
	done
done
is "no session is left" "$(upsec cs -j session list | jq length)" 0
check "the daemon ends without a complaint" daemon_stop cs
tap_end
