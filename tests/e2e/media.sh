#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A short audio call between two GStreamer ends with SRTP of their own, on each lane, compared sample for sample.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/media.sh
. ../lib/media.sh

MEDIA_SECONDS=3
port=20000

same_end() { # SENT HEARD: what was heard is the end of what was said
	local heard
	heard=$(stat -c %s "$2")
	[ "$heard" -gt $((MEDIA_SECONDS * 24000)) ] && tail -c "$heard" "$1" | cmp -s - "$2"
}

one_call() { # LANE SUITE-A SUITE-B
	local lane=$1 alice bob
	rm -f "$W"/*.key "$W"/*.keys "$W"/*.sent "$W"/*.heard
	keys_add "$W/cs.keys" 0 0 "$2" "$W/alice.key"
	keys_add "$W/cs.keys" 0 1 "$3" "$W/bob.key"
	check "$lane: session" quiet upsec cs session add "media-$lane" keys "$W/cs.keys" stream media audio lane "$lane" \
		leg if access mode srtp remote "192.0.2.2:$port" port $port \
		leg if core mode srtp remote "203.0.113.2:$port" port $port
	(
		umask 077
		{
			echo "rtpbin name=rtp latency=200"
			media_source_audio alice 0 1001 sine $MEDIA_SECONDS ""
			media_send alice 0 "$W/alice.key" 192.0.2.1 $port $((port + 1))
			media_receive alice 0 "$W/alice.key" 192.0.2.2 $port 2001
		} >"$W/alice.pipeline"
		{
			echo "rtpbin name=rtp latency=200"
			media_source_audio bob 0 2001 pink-noise $MEDIA_SECONDS ""
			media_send bob 0 "$W/bob.key" 203.0.113.1 $port $((port + 1))
			media_receive bob 0 "$W/bob.key" 203.0.113.2 $port 1001
		} >"$W/bob.pipeline"
	)
	media_start bob bob
	bob=$BG
	media_playing bob
	media_start alice alice
	alice=$BG
	media_playing alice
	sleep $((MEDIA_SECONDS + 1))
	media_stop "$alice"
	media_stop "$bob"
	check "$lane: alice's $MEDIA_SECONDS s at bob, sample for sample" eval '[ -s "$W/bob-audio.heard" ] && cmp "$W/alice-audio.sent" "$W/bob-audio.heard"'
	check "$lane: bob's at alice" same_end "$W/bob-audio.sent" "$W/alice-audio.heard"
	check "$lane: it was this lane" [ "$(upsec cs -j flow list session "media-$lane" |
		jq --arg lane "$lane" '[.[].lanes[] | select(.lane == $lane) | .tx_packets] | add // 0')" -ge $((MEDIA_SECONDS * 90)) ]
	is "$lane: nothing was dropped" "$(upsec cs -j flow list session "media-$lane" | jq -c '[.[].drops] | add')" "{}"
	upsec cs session del "media-$lane"
	port=$((port + 4))
}

net_begin
[ -x "$MEDIA" ] || skip_all "needs $MEDIA"
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
one_call udp AES_CM_128_HMAC_SHA1_32 AEAD_AES_256_GCM
if [ "$(upsec cs -j status | jq -r .xdp_crypto)" = true ]; then
	one_call xdp AEAD_AES_128_GCM AES_256_CM_HMAC_SHA1_80
else
	skip "xdp lane" "no SRTP in this kernel"
fi
check "the daemon ends without a complaint" daemon_stop cs
tap_end
