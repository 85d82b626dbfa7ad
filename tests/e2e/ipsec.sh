#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A leg to another network that the kernel's own IPsec protects (TS 33.210), for rules with underlay: ipsec: only where its policies and
# associations encrypt both directions; the packets then take the stack, and nothing but ESP is on the wire. Needs a kernel with ESP:
# tests/vm has some.
# timeout: 400
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. tests/lib/netns.sh
# shellcheck source=tests/lib/call.sh
. tests/lib/call.sh
# shellcheck source=tests/lib/relay.sh
. tests/lib/relay.sh
# shellcheck source=tests/lib/sdp.sh
. tests/lib/sdp.sh

CS=203.0.113.1
BOB=203.0.113.2
PACKETS=60
PORT=20000 # of the users; calls come one after the other
FRESH=1.1 # seconds after which the daemon looks at the policies again

# Keys of this run, one for each direction; they reach ip by its standard input.
random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
KEY_OUT=$(random_hex 20)
KEY_IN=$(random_hex 20)

# An emulated machine writes its capture late.
esp_captured() {
	[ "$(in_ns cs tcpdump -nn -r "$W/core.pcap" esp 2>/dev/null | wc -l)" -ge $((2 * PACKETS)) ]
}

xfrm() { # NAMESPACE COMMAND: lines of `ip xfrm` on standard input
	in_ns "$1" ip -batch - >/dev/null 2>"$W/xfrm.error"
}
state() { # FROM TO SPI KEY
	echo "xfrm state add src $1 dst $2 proto esp spi $3 reqid 7 mode transport aead rfc4106(gcm(aes)) 0x$4 128"
}
policy() { # FROM TO DIRECTION
	echo "xfrm policy add src $1/32 dst $2/32 dir $3 tmpl proto esp reqid 7 mode transport"
}
associate() { # NAMESPACE
	{
		state $CS $BOB 0x1001 "$KEY_OUT"
		state $BOB $CS 0x1002 "$KEY_IN"
	} | xfrm "$1"
}

# The other network's offer and answer are plain; alice has SDES.
exchange() { # CALL -> the answer's result on standard output, "offer: ..." if it came to none
	local id=$1 reply
	mkdir -p "$W/$id"
	SDP_KIND=sdes
	sdp_offer "$W/$id/alice.sdp" 192.0.2.2 audio:$PORT
	if ! reply=$(ng cs --sdp "$W/$id/alice.sdp" --sdp-out "$W/$id/to-bob.sdp" offer call-id="$id" from-tag=alice \
		'direction=["access","core"]' transport-protocol=RTP/AVP); then
		echo "offer: $(jq -r '.["error-reason"] // .result' <<<"$reply")"
		return
	fi
	sdp_answer "$W/$id/bob.sdp" $BOB "$W/$id/to-bob.sdp" $PORT
	reply=$(ng cs --sdp "$W/$id/bob.sdp" --sdp-out "$W/$id/to-alice.sdp" answer call-id="$id" from-tag=alice to-tag=bob)
	jq -r '.["error-reason"] // .result' <<<"$reply"
}
hang_up() { # CALL
	ng cs delete call-id="$1" from-tag=alice >/dev/null
}
refused() { # NAME CALL
	like "$1: refused with the reason" "$(exchange "$2")" 'no IPsec policy covers both directions'
	hang_up "$2"
}

run_media() { # CALL
	local address rtp rtcp
	(umask 077 && sdp_keys "$W/$1/alice.sdp" "$W/$1/to-alice.sdp" 1 >"$W/$1.alice" && : >"$W/$1.bob") || return 1
	# shellcheck disable=SC2034
	{
		read -r address rtp rtcp < <(sdp_remote "$W/$1/to-alice.sdp" 1)
		CALL_A_LOCAL[$1]=192.0.2.2:$PORT CALL_A_REMOTE[$1]=$address:$rtp
		read -r address rtp rtcp < <(sdp_remote "$W/$1/to-bob.sdp" 1)
		CALL_B_LOCAL[$1]=$BOB:$PORT CALL_B_REMOTE[$1]=$address:$rtp
	}
	local both="--send $PACKETS --rate 100 --rtcp-every 20 --expect $PACKETS --expect-rtcp 3 --linger 100 --timeout 30000"
	call_run "$1" "$both" "$both --seed 7"
}

leg_word() { # CALL FIELD: of the leg to the other network
	upsec cs -j session show "$1" | jq -r ".. | objects | select(.interface? == \"core\" and has(\"mechanism\")) | .$2" | head -n 1
}

net_begin
relay_need
is_upsec || skip_all "about upsecd alone"
net_single
associate cs || skip_all "no ESP in this kernel: $(head -n 1 "$W/xfrm.error")"
associate bob || skip_all "no ESP in this kernel: $(head -n 1 "$W/xfrm.error")"
config_write cs "control:" "  ng:" "    listen: [127.0.0.1:$NG_PORT]" \
	"    allow:" "      - {network: 127.0.0.0/8, signalling: encrypted}" \
	"policy:" "  - {name: users, leg: [conv], registration: optional}" \
	"  - {name: networks, leg: [nni], underlay: ipsec, protection: require}" >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }

refused "no policy" none
policy $CS $BOB out | xfrm cs
sleep $FRESH
refused "a policy for what leaves only" half
policy $BOB $CS in | xfrm cs
{
	policy $BOB $CS out
	policy $CS $BOB in
} | xfrm bob
sleep $FRESH

is "policies both ways: the answer is taken" "$(exchange whole)" ok
is "... with IPsec as the leg's mechanism" "$(leg_word whole mechanism)" ipsec
like "... to bob in clear, without keys" "$(tr -d '\r' <"$W/whole/to-bob.sdp")" '^m=audio [0-9]+ RTP/AVP '
unlike "... indeed without" "$(cat "$W/whole/to-bob.sdp")" '^a=(crypto|fingerprint)'
capture_start cs core "$W/core.pcap" ip
check "media runs" run_media whole
is "... complete and unchanged" "$(call_faults whole)" ""
wait_for esp_captured
capture_stop "$CAPTURE" 2>/dev/null
is "all of it took lane udp" "$(upsec cs -j flow list session whole | jq -r '[.[].lane] | unique | join(" ")')" udp
like "... since IPsec is the stack's" "$(upsec cs -j flow list session whole | jq -r '.[].reason')" 'the stack applies it'
in_ns cs tcpdump -nn -r "$W/core.pcap" esp 2>/dev/null >"$W/esp"
in_ns cs tcpdump -nn -r "$W/core.pcap" not esp 2>/dev/null >"$W/other"
check "ESP is on the wire" [ "$(wc -l <"$W/esp")" -ge $((2 * PACKETS)) ]
is "... and nothing else" "$(cat "$W/other")" ""
hang_up whole

echo "xfrm state delete src $BOB dst $CS proto esp spi 0x1002" | xfrm cs
sleep $FRESH
refused "no association for what comes" gone
check "the daemon ends without a complaint" daemon_stop cs
tap_end
