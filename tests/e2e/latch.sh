#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Learning a source: only from a packet that authenticates, and then for good.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

# A peer that sends a few packets from an address of its own; with the keys of $3 or of nobody.
stranger() { # ID PORT KEYS COUNT
	in_ns alice "$PEER" call --local "192.0.2.2:$2" --remote "${CALL_A_REMOTE[$1]}" --no-rtcp --keys "$3" \
		--send "$4" --rate 500 --linger 1 --ssrc 0x9999 >/dev/null
	sleep 0.1
}
leg() { # ID FILTER
	upsec cs -j session show "$1" | jq -r ".streams[0].legs[0] | $2"
}

learn() { # LANE
	local id=latch-$1 port
	CALL_LEG_A="source latch"
	port=$CALL_PORT
	call_add "$id" "$1" 4 srtp AEAD_AES_128_GCM 6 srtp AES_CM_128_HMAC_SHA1_80 || { not_ok "$1: session"; return; }
	keys_add "$W/other.keys" 0 0 AEAD_AES_128_GCM "$W/other.peer"
	: >"$W/none.peer"
	is "$1: nothing learned yet" "$(leg "$id" .learned)" false
	stranger "$id" 7000 "$W/other.peer" 20
	stranger "$id" 7002 "$W/none.peer" 20
	is "$1: forged packets teach nothing" "$(leg "$id" .learned)" false
	is "$1: and are counted" "$(drops_all "$id" 0)" "auth=40"
	# Alice is behind a NAT: her packets come from elsewhere than she was told to say.
	CALL_A_LOCAL[$id]=192.0.2.2:$((port + 20000))
	check "$1: call from the real address" call_run "$id" "--send 300 --rate 1000 --rtcp-every 20 --expect 150 --expect-rtcp 5" \
		"--send 300 --rate 500 --rtcp-every 20 --expect 300 --expect-rtcp 15 --timeout 3000"
	is "$1: bob got everything from the first packet on" "$(got "$id" bob received)+$(got "$id" bob received_rtcp)" "300+15"
	check "$1: alice got what bob sent once her address was known" [ "$(got "$id" alice received)" -ge 150 ]
	is "$1: learned" "$(leg "$id" '"\(.learned) \(.remote.ip) \(.remote.port)"')" "true 192.0.2.2 $((port + 20000))"
	is "$1: RTCP's source learned by itself" "$(leg "$id" '"\(.learned_rtcp) \(.remote_rtcp.port)"')" "true $((port + 20001))"
	stranger "$id" 7004 "$W/$id.alice" 30
	is "$1: an authentic packet from elsewhere no longer counts" "$(drops_all "$id" 0)" "auth=40 source=30"
	is "$1: and changes nothing" "$(leg "$id" .remote.port)" $((port + 20000))
	[ "$1" = udp ] || check "$1: the lane took over once the source was known" [ "$(lane_packets "$id" xdp)" -ge 300 ]
	call_del "$id"
}

net_begin
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
learn udp
if [ "$(upsec cs -j status | jq -r .xdp_crypto)" = true ]; then learn xdp; else skip "xdp lane" "no SRTP in this kernel"; fi
check "the daemon ends without a complaint" daemon_stop cs
tap_end
