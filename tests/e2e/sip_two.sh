#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two operators: alice -- proxy and daemon A -- (spy) -- daemon B and proxy -- bob. The hop between the daemons is negotiated by
# ordinary SDP between the proxies: DTLS-SRTP or SDES. Nobody types a key; the spy in the middle reads nothing.
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
# shellcheck source=tests/lib/sip.sh
. tests/lib/sip.sh

BOTH="--send 200 --rate 1000 --rtcp-every 20 --expect 200 --expect-rtcp 10 --linger 50"
PORT=20000

answer() { # FILE OFFER
	SDP_IDENTITY=$W/bob/identity.pem
	PORT=$((PORT + 4))
	sdp_answer "$1" 203.0.113.2 "$2" $PORT
}

# 400 RTP and 20 RTCP packets at least, in a file that tcpdump writes when it comes to it.
spy_has_all() {
	[ "$(stat -c %s "$W/spy.pcap")" -gt $((420 * (16 + 14 + 20 + 8 + 60))) ]
}

proxies_start() { # CORE-WORDS BOB-WORDS
	SIP_FLAGS[OFFER_USERS_PEERS]="replace-origin ICE=remove $1"
	SIP_FLAGS[OFFER_PEERS_USERS]="replace-origin ICE=remove $2"
	proxy_start cs-a access core a.example 198.51.100.2 && proxy_start cs-b access core b.example 198.51.100.1 &&
		ua_register alice && ua_register bob
}

call() { # NAME ALICE-KIND CORE-WORDS BOB-WORDS CORE-PROTOCOL
	local name=$1 spy
	SDP_KIND=$2
	SDP_IDENTITY=$W/alice/identity.pem
	PORT=$((PORT + 4))
	if ! proxies_start "$3" "$4"; then
		not_ok "$name: proxies and users"
		return
	fi
	ng_capture_start cs-b
	capture_start spy to-a "$W/spy.pcap" udp
	spy=$CAPTURE
	sdp_offer "$W/alice/local.sdp" 192.0.2.2 audio:$PORT
	ua_start bob uas
	ua_start alice uac bob@b.example
	check "$name: alice and bob agree" ua_exchange alice bob answer
	if ua_media "m$TAP_COUNT" alice bob 1 "$BOTH" "$BOTH"; then
		is "$name: media both ways" "$(call_faults "m$TAP_COUNT")" ""
	else
		not_ok "$name: media both ways"
	fi
	ua_go alice
	check "$name: alice hangs up" ua_end alice
	check "$name: and bob knows" ua_end bob
	ng_capture_stop cs-b
	wait_for spy_has_all
	capture_stop "$spy" 2>/dev/null
	like "$name: what the daemons agree on" "$(ng_messages cs-b | grep '"command":"offer"' | head -n 1)" "m=audio [0-9]+ $5 "
	printf "plain text of upsec's peer: " >"$W/known"
	"$PEER" scan "$W/spy.pcap" "$W/known" >"$W/spy.json"
	is "$name: the spy can read nothing" "$(jq .readable "$W/spy.json")" 0
	check "$name: though it had over 400 packets" [ "$(jq .packets "$W/spy.json")" -gt 400 ]
	check "$name: the proxies end" eval 'proxy_stop cs-a && proxy_stop cs-b'
}

net_begin
relay_need
sip_need
net_chain
proxy_user cs-a alice a.example
proxy_user cs-b bob b.example
ua_define alice alice 192.0.2.2 cs-a alice a.example 192.0.2.1
ua_define bob bob 203.0.113.2 cs-b bob b.example 203.0.113.1
sdp_identity "$W/alice/identity.pem"
sdp_identity "$W/bob/identity.pem"
if ! relay_start cs-a access core || ! relay_start cs-b access core; then
	not_ok "the relays start"
	tap_end
fi
call "sdes, DTLS-SRTP, sdes" sdes "UDP/TLS/RTP/SAVPF rtcp-mux-offer" "RTP/SAVP rtcp-mux-demux" UDP/TLS/RTP/SAVPF
call "dtls, sdes, dtls" dtls "RTP/SAVP rtcp-mux-demux" "UDP/TLS/RTP/SAVPF rtcp-mux-offer" RTP/SAVP
check "daemon A ends without a complaint" relay_stop cs-a
check "daemon B ends without a complaint" relay_stop cs-b
tap_end
