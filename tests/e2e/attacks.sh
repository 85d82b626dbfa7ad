#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Attacks during a call: what is refused is counted under its reason, exactly as often as it was sent and the same on
# both lanes, and the call loses nothing, across a wrap of the sequence number (ROC).
# sanitized: yes
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

RTP=1500
RTCP=25
declare -A DROPS # [what.lane] = "reason=count ..." of the attacked leg

# alice attacks while she calls (she is the peer's side of the path: everything has her address); a second party sends from elsewhere.
# shellcheck disable=SC2317 # called by way of check
attack() { # ID LANE "MODE-A SUITE-A MODE-B SUITE-B" BAD [LEG-WORDS]
	local id=$1 lane=$2 stranger
	CALL_LEG_A=${5:-}
	# shellcheck disable=SC2086
	set -- $3 "$4"
	call_add "$id" "$lane" 4 "$1" "$2" 6 "$3" "$4" || return 1
	# Authentic packets, from a wrong port: not the stream's source, so not the stream's packets.
	bg alice "$PEER" call --local 192.0.2.2:9998 --remote "${CALL_A_REMOTE[$id]}" --no-rtcp \
		--keys "$W/$id.alice" --send 40 --rate 200 --linger 1 --go "$W/$id.ready-b" >/dev/null
	stranger=$BG
	call_run "$id" "--send $RTP --rate 4000 --rtcp-every 60 --expect 300 --expect-rtcp 5 --seq 65000 --bad $5" \
		"--send 300 --rate 900 --rtcp-every 60 --expect $RTP --expect-rtcp $RTCP --timeout 4000" || return 1
	wait "$stranger"
	DROPS[${id%-*}.$lane]=$(drops_all "$id" 0)
}

# What got through beyond the streams themselves is told in the names of the fields.
undisturbed() { # NAME ID [ALLOWED]
	is "$1: both streams arrive whole and unchanged" "$(call_faults "$2" | sort | tr '\n' ';')" "${3:-}"
	is "$1: nothing is dropped in the other direction" "$(drops_all "$2" 1)" ""
}

lane_tests() { # LANE
	local lane=$1 id
	id=srtp-$lane
	check "$lane srtp: call under attack" attack "$id" "$lane" \
		"srtp AES_CM_128_HMAC_SHA1_80 srtp AEAD_AES_256_GCM" \
		forge=60,replay=50,old=30,inject=20,ebit=7,rtcp-forge=9,rtcp-replay=8,short=20,malformed=22,demux=11,stun=4,dtls=5,mux=6
	is "$lane srtp: every refusal under its reason" "${DROPS[srtp.$lane]}" \
		"auth=89 demux=11 dtls-unexpected=5 e-bit=7 malformed=22 mux=6 replay=58 short=20 source=40 stun-unexpected=4 too-old=30"
	undisturbed "$lane srtp" "$id"
	id=gcm-$lane
	check "$lane gcm: call under attack, RTCP on the same port" attack "$id" "$lane" \
		"srtp AEAD_AES_128_GCM srtp AES_256_CM_HMAC_SHA1_32" \
		forge=60,replay=50,old=30,inject=20,ebit=7,rtcp-forge=9,rtcp-replay=8 rtcp-mux
	is "$lane gcm: every refusal under its reason" "${DROPS[gcm.$lane]}" \
		"auth=89 e-bit=7 replay=58 source=40 too-old=30"
	undisturbed "$lane gcm" "$id"
	id=flood-$lane
	check "$lane flood: call under a flood of authentic SSRCs" attack "$id" "$lane" \
		"srtp AEAD_AES_128_GCM srtp AEAD_AES_256_GCM" flood=200
	is "$lane flood: no more SSRCs than the limit" "${DROPS[flood.$lane]}" "source=40 ssrc-limit=197"
	undisturbed "$lane flood" "$id" "bob foreign=3;"
	id=fuzz-$lane
	check "$lane fuzz: call under random packets" attack "$id" "$lane" \
		"srtp AES_256_CM_HMAC_SHA1_80 srtp AES_CM_128_HMAC_SHA1_80" noise=600
	is "$lane fuzz: all of them are refused" \
		"$(upsec cs -j flow list session "$id" | jq '.[0].drops | del(.source) | add')" 600
	undisturbed "$lane fuzz" "$id"
	id=clear-$lane
	check "$lane clear: call under attack on its clear leg" attack "$id" "$lane" \
		"clear clear srtp AEAD_AES_128_GCM" replay=50,old=30,short=20,malformed=22,demux=11,stun=4,dtls=5,mux=6
	is "$lane clear: every refusal under its reason" "${DROPS[clear.$lane]}" \
		"demux=11 dtls-unexpected=5 egress-old=30 egress-reuse=50 malformed=22 mux=6 short=20 source=40 stun-unexpected=4"
	undisturbed "$lane clear" "$id"
	id=opaque-$lane
	check "$lane opaque: call under attack" attack "$id" "$lane" \
		"opaque AEAD_AES_256_GCM opaque clear" demux=30
	is "$lane opaque: every refusal under its reason" "${DROPS[opaque.$lane]}" "demux=30 source=40"
	undisturbed "$lane opaque" "$id"
}

net_begin
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
LANES=(udp xdp)
if [ "$(upsec cs -j status | jq -r .xdp_crypto)" != true ]; then
	LANES=(udp)
	skip "xdp lane" "$(upsec cs -j status | jq -r .xdp_reason)"
fi
for lane in "${LANES[@]}"; do lane_tests "$lane"; done
if [ ${#LANES[@]} = 2 ]; then
	for what in srtp gcm flood fuzz clear opaque; do
		is "$what: the same reasons on both lanes" "${DROPS[$what.xdp]}" "${DROPS[$what.udp]}"
	done
fi
check "the daemon ends without a complaint" daemon_stop cs
tap_end
