#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Calls as an operator has them: SIPp users register with a real Kamailio, whose rtpengine module drives the daemon. Each call is set up,
# moved to another port, held, resumed and hung up, with media checked byte for byte at each of these, and the totals of
# the reply to `delete` must be the packets that the users sent. UPS_RELAY=rtpengine tries the script itself.
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
# shellcheck source=tests/lib/sip.sh
. tests/lib/sip.sh

PACKETS=100
RTCP=10
BOTH="--send $PACKETS --rate 2000 --rtcp-every $((PACKETS / RTCP)) --expect $PACKETS --expect-rtcp $RTCP --linger 50"
MUTE="--send 0 --expect $PACKETS --expect-rtcp $RTCP --linger 50"
ALONE="--send $PACKETS --rate 2000 --rtcp-every $((PACKETS / RTCP)) --linger 50"
PORT=20000
SENT_RTP=0
SENT_RTCP=0

answer() { # FILE OFFER
	SDP_IDENTITY=$W/bob/identity.pem
	sdp_identity "$SDP_IDENTITY"
	PORT=$((PORT + 4))
	sdp_answer "$1" 203.0.113.2 "$2" $PORT
	[ -z "$BOB_DIRECTION" ] || sdp_again "$1" "$BOB_DIRECTION"
}
# Nothing of bob's changed: the same port and keys (RFC 4568 7.1.4), only another direction.
answer_again() { # FILE OFFER
	sdp_again "$1" "$BOB_DIRECTION"
}

media() { # NAME ARGUMENTS-A ARGUMENTS-B
	local id=m$TAP_COUNT
	if ! ua_media $id alice bob 1 "$2" "$3"; then
		not_ok "$1"
		return
	fi
	is "$1" "$(call_faults $id)" ""
	SENT_RTP=$((SENT_RTP + $(got $id alice sent) + $(got $id bob sent)))
	SENT_RTCP=$((SENT_RTCP + $(got $id alice sent_rtcp) + $(got $id bob sent_rtcp)))
}

offer() { # a new port, and new keys or a new certificate with it
	SDP_IDENTITY=$W/alice/identity.pem
	sdp_identity "$SDP_IDENTITY"
	PORT=$((PORT + 4))
	sdp_offer "$W/alice/local.sdp" 192.0.2.2 audio:$PORT
}

# One offer and answer; without it there is no point in going on.
agree() { # NAME ANSWER
	if ua_exchange alice bob "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "alice received: $(ua_codes alice)"
		kill "${UA_PID[alice]}" "${UA_PID[bob]}" 2>/dev/null
		return 1
	fi
}

call() { # NAME HOLD-DIRECTION HOLD-CONNECTION
	local name=$1
	SENT_RTP=0 SENT_RTCP=0 BOB_DIRECTION=
	offer
	ua_start bob uas
	ua_start alice uac_reinvite bob@example.org
	agree "$name: alice and bob agree" answer || return
	media "$name: media both ways" "$BOTH" "$BOTH"
	offer
	ua_go alice
	agree "$name: alice moves to another port" answer || return
	media "$name: media after the re-INVITE" "$BOTH" "$BOTH"
	sdp_again "$W/alice/local.sdp" "$2" "$3"
	BOB_DIRECTION=recvonly
	[ "$2" != inactive ] || BOB_DIRECTION=inactive
	ua_go alice
	agree "$name: alice holds ($2${3:+, $3})" answer_again || return
	if [ "$2" = sendonly ] && [ -z "$3" ] && [ "$KIND" != dtls ]; then
		media "$name: bob hears the music" "$ALONE" "$MUTE"
	fi
	sdp_again "$W/alice/local.sdp" sendrecv 192.0.2.2
	BOB_DIRECTION=sendrecv
	ua_go alice
	agree "$name: alice resumes" answer_again || return
	[ "$KIND" = dtls ] || media "$name: media after the hold" "$BOTH" "$BOTH"
	ua_go alice
	check "$name: alice hangs up" ua_end alice
	check "$name: and bob knows" ua_end bob
}

# rtpengine counts all that arrives on a port as RTP.
TOTALS='"\(.totals.RTP.packets) RTP, \(.totals.RTCP.packets) RTCP, \(.totals.RTP.errors) errors"'
is_upsec || TOTALS='"\(.totals.RTP.packets + .totals.RTCP.packets - $rtcp) RTP, \($rtcp) RTCP, \(.totals.RTP.errors) errors"'

# The last delete reply of the capture so far: what it counted is what was sent.
totals() { # NAME
	local messages call
	ng_capture_stop cs
	messages=$(ng_messages cs)
	is "$1: totals of delete" \
		"$(ng_replies "$messages" delete | tail -n 1 |
			jq -r --argjson rtcp $SENT_RTCP "$TOTALS")" \
		"$SENT_RTP RTP, $SENT_RTCP RTCP, 0 errors"
	is "$1: no request failed" "$(grep '^<' <<<"$messages" | grep -c '"result":"error"')" 0
	call=$(awk '/"command":"offer"/ { sub(/^> [^ ]* /, ""); print; exit }' <<<"$messages" | jq -r '."call-id"')
	is "$1: the call is gone" "$(ng cs query "call-id=$call" | jq -r '."error-reason"')" "Unknown call-id"
}

combination() { # KIND-A FLAGS-TO-B MUX HOLD-DIRECTION HOLD-CONNECTION
	local name="$1, ${2:-as offered}${3:+, mux}"
	KIND=$1 SDP_KIND=$1 SDP_MUX=$3
	SIP_FLAGS[OFFER_USERS_PEERS]="replace-origin ICE=remove $2"
	SIP_FLAGS[OFFER_PEERS_USERS]="replace-origin ICE=remove"
	ng_capture_start cs
	if ! proxy_start cs access core example.org "" PEERS_REGISTER || ! ua_register alice || ! ua_register bob; then
		not_ok "$name: users register"
		return
	fi
	call "$name" "$4" "$5"
	totals "$name"
	check "$name: the proxy ends" proxy_stop cs
}

net_begin
relay_need
sip_need
net_single
proxy_user cs alice example.org
proxy_user cs bob example.org
ua_define alice alice 192.0.2.2 cs alice example.org 192.0.2.1
ua_define bob bob 203.0.113.2 cs bob example.org 203.0.113.1
SDP_SUITES=(AES_CM_128_HMAC_SHA1_80 AEAD_AES_128_GCM)
relay_start cs access core || { not_ok "the relay starts"; tap_end; }
combination plain "" "" sendonly ""
combination sdes "" "" sendonly ""
combination sdes "" 1 inactive ""
combination plain RTP/SAVP "" sendonly 0.0.0.0
combination dtls "" "" sendonly ""
combination sdes "UDP/TLS/RTP/SAVPF rtcp-mux-offer" "" sendonly ""
combination dtls "RTP/SAVP rtcp-mux-demux" "" inactive 0.0.0.0
check "the relay ends without a complaint" relay_stop cs
tap_end
