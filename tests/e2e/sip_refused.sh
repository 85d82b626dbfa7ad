#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Calls that must not come about: a caller without a password, one with a wrong password, one who gives up; and an answer that takes the
# protection away from an offer that had it.
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

answer_downgraded() { # FILE OFFER
	sdp_answer "$1" 203.0.113.2 "$2" 20100
	sed -i -e 's|RTP/SAVP|RTP/AVP|' -e '/^a=crypto:/d' "$1"
}

sessions() { # -> calls that the daemon knows
	ng cs list | jq '.calls | length'
}

offers() { # -> offers that the daemon was asked for until now
	ng_capture_stop cs
	ng_messages cs | grep -c '"command":"offer"'
}

strangers() {
	ng_capture_start cs
	sdp_offer "$W/alice/local.sdp" 192.0.2.2 audio:20000
	ua_start alice uac_stranger bob@example.org
	check "a caller without a password is challenged" ua_end alice
	cp "$W/alice/local.sdp" "$W/mallory/"
	ua_start mallory uac_wrong bob@example.org
	check "a caller with a wrong password is challenged again" ua_end mallory
	is "neither has cost a media session" "$(sessions)" 0
	is "nor was the daemon ever asked" "$(offers)" 0
}

given_up() {
	sdp_offer "$W/alice/local.sdp" 192.0.2.2 audio:20004
	ua_start bob uas_cancel
	ua_start alice uac_cancel bob@example.org
	check "bob rings" ua_reached alice
	is "a ringing call is a session" "$(sessions)" 1
	ua_go alice
	check "alice gives up" ua_end alice
	check "bob's phone stops ringing" ua_end bob
	check "the session is gone" wait_for eval '[ "$(sessions)" = 0 ]'
}

# The proxy forwards the 200 without the SDP that the daemon refused.
downgraded() {
	sdp_offer "$W/alice/local.sdp" 192.0.2.2 audio:20008
	ua_start bob uas
	ua_start alice uac bob@example.org
	if ! is_upsec; then
		skip "a downgraded answer is refused" "rtpengine lets it pass"
		return
	fi
	check "bob answers RTP/AVP to RTP/SAVP" ua_answers bob answer_downgraded
	check "alice hears that the call is taken" ua_reached alice
	check "and is told no address to send to" eval '! ua_sdp alice'
	is "nothing of the answer is in force" \
		"$(upsec cs -j session list | jq -c '[.[].streams[].legs[1] | .remote, .tx_key, .rx_keys]')" '[null,null,[]]'
	ua_go alice
	ua_end alice
	ua_end bob
}

net_begin
relay_need
sip_need
net_single
proxy_user cs alice example.org
proxy_user cs bob example.org
ua_define alice alice 192.0.2.2 cs alice example.org 192.0.2.1
ua_define bob bob 203.0.113.2 cs bob example.org 203.0.113.1
ua_define mallory alice 192.0.2.2 cs alice example.org 192.0.2.1
sed -i 's/password=.*]/password=guessed]/' "$W/mallory/self"
SDP_KIND=sdes
relay_start cs access core || { not_ok "the relay starts"; tap_end; }
check "the proxy starts" proxy_start cs access core example.org "" PEERS_REGISTER
check "users register" eval 'ua_register alice && ua_register bob'
strangers
given_up
downgraded
check "the proxy ends" proxy_stop cs
check "the daemon ends without a complaint" relay_stop cs
tap_end
