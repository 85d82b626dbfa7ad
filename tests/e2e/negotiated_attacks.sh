#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Attacks on calls that are negotiated over ng, named after the list of known attacks on media proxies: what is refused
# is counted under its reason, and the call goes on, or does not come about at all.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh
# shellcheck source=tests/lib/relay.sh
. ../lib/relay.sh
# shellcheck source=tests/lib/sdp.sh
. ../lib/sdp.sh
# shellcheck source=tests/lib/negotiate.sh
. ../lib/negotiate.sh

STRANGER=192.0.2.66 # an address of alice's host that nobody signalled
CLEAR=RTP/AVP SDES=RTP/SAVP DTLS=UDP/TLS/RTP/SAVPF

drop() { # ID LEG REASON
	upsec cs -j session show "$1" | jq -r --arg reason "$3" "[.streams[].legs[$2].flow.drops[\$reason] // 0] | add"
}
# What a leg refused altogether
drops_of() { # ID LEG
	upsec cs -j session show "$1" | jq -r "[.streams[].legs[$2].flow.drops[]] | add // 0"
}
# Where packets of alice's side are taken.
entrance() { # ID
	local address port
	read -r address port _ < <(sdp_remote "$W/$1.b2a.sdp" 1)
	at "$address" "$port"
}
# Before the answer alice has no SDP yet, but the port is open.
entrance_early() { # ID
	upsec cs -j session show "$1" | jq -r '.streams[0].legs[0].local | "\(.ip):\(.port)"'
}
# N packets from somewhere else: clear RTP, or noise.
strange() { # ENTRANCE KIND N
	in_ns alice "$PEER" call --local "$STRANGER:9990" --remote "$1" --no-rtcp --send 2 --bad "$2=$3" --rate 2000 --linger 1 >"$W/strange.json"
}
lives() { # ID
	upsec cs session show "$1" >/dev/null
}

# ---- A1, A2: somebody else's packets -------------------------------------------------------------------------------

bleed() { # NAME KIND WORD...
	local name=$1 kind=$2 id=bleed-$1 before
	shift 2
	neg_offer_write "$id" "$kind"
	if ! neg_offer "$id" "transport-protocol=$CLEAR" "$@"; then
		not_ok "a01_$name: offer"
		diag "$(neg_reason "$id" offer)"
		return
	fi
	strange "$(entrance_early "$id")" inject 30
	neg_answer_write "$id"
	check "a01_$name: answer after packets of a stranger" neg_answer "$id" || return
	strange "$(entrance "$id")" inject 30
	is "a01_$name: nothing is learned from a stranger" "$(neg_leg "$id" 0 '.learned // "none" | tostring')" none
	check "a01_$name: media is where it was signalled" neg_flows "$id"
	before=$(drops_of "$id" 0)
	strange "$(entrance "$id")" inject 40
	is "a02_$name: each packet of a stranger is dropped later, too" $(($(drops_of "$id" 0) - before)) 42
	check "a02_$name: and the call loses nothing" neg_flows_again "$id" "$kind"
	neg_del "$id"
}
# A second run of the same peers would use the same indices again; DTLS peers would shake hands anew.
neg_flows_again() { # ID KIND
	if [ "$2" = plain ]; then neg_media "$1" "$NEG_BOTH" "$NEG_BOTH" && [ -z "$(call_faults "$1")" ]; else lives "$1"; fi
}

# ---- A3, A5, A9, A11, A21: what has the right address but not the keys ------------------------------------------------

garbage() {
	local id=garbage bad=forge=120,inject=60,replay=40,ebit=7,rtcp-forge=9,rtcp-replay=8
	check "a03_same_suite_on_both_legs: call" neg_call $id sdes $SDES || return
	unlike "a03_same_suite_on_both_legs: each leg has keys of its own" \
		"$(sdp_attr "$W/$id.a2b.sdp" 1 crypto)" "$(sdp_attr "$W/$id.a.sdp" 1 crypto | sed 's/.*inline:\([^|]*\).*/\1/' | head -n 1 | sed 's/[+]/[+]/g')"
	check "a05_hundreds_of_bad_packets: media" neg_media $id \
		"--send 600 --rate 2500 --rtcp-every 60 --expect 300 --expect-rtcp 5 --bad $bad --linger 40" \
		"--send 300 --rate 1200 --rtcp-every 60 --expect 600 --expect-rtcp 10 --linger 40"
	is "a05_hundreds_of_bad_packets: the streams lose nothing" "$(call_faults $id)" ""
	is "a03_unauthentic_packets_are_not_passed_on: all by authentication" "$(drop $id 0 auth)" 189
	is "a09_replay: all counted" "$(drop $id 0 replay)" 48
	is "a11_srtcp_e_bit: all counted" "$(drop $id 0 e-bit)" 7
	check "a05_hundreds_of_bad_packets: the call goes on" lives $id
	a09_reinvite $id
	neg_del $id
	id=ssrcs
	check "a21_many_ssrcs: call" neg_call $id sdes $SDES || return
	check "a21_many_ssrcs: media" neg_media $id \
		"--send 300 --rate 1500 --expect 300 --bad flood=100 --linger 40" "--send 300 --rate 1500 --expect 300 --linger 40"
	is "a21_many_ssrcs: no more than the limit" "$(drop $id 0 ssrc-limit)" 97
	is "a21_many_ssrcs: the stream itself loses nothing" "$(got $id bob received)" 300
	neg_del $id
}

# The same keys and addresses, so the same packets are old ones: a re-INVITE opens no door to a recording.
a09_reinvite() { # ID
	local before words
	before=$(($(drop "$1" 0 replay) + $(drop "$1" 0 too-old)))
	sdp_again "$W/$1.a.sdp" sendrecv
	check "a09_replay_across_reinvite: offer" neg_offer "$1" to-tag=b "transport-protocol=$SDES"
	sdp_again "$W/$1.b.sdp" sendrecv
	check "a09_replay_across_reinvite: answer" neg_answer "$1"
	mapfile -t words < <(neg_words "$1" a)
	in_ns alice "$PEER" call "${words[@]}" --send 50 --rate 2000 --seq 550 --ssrc $((NEG_SSRC - 1)) --linger 10 >"$W/again.json"
	is "a09_replay_across_reinvite: the recording is refused" \
		$(($(drop "$1" 0 replay) + $(drop "$1" 0 too-old) - before)) 50
}

# ---- A6: handshakes of others ------------------------------------------------------------------------------------------

# A ClientHello that offers two suites (four digits each), as printf has it.
hello() { # VERSION SUITES
	local random body
	random=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
	body=$1${random}0000$(printf '%04x' $((${#2} / 2)))${2}0100
	body=01$(printf '%06x0000000000%06x' $((${#body} / 2)) $((${#body} / 2)))$body
	printf '16%s0000000000000000%04x%s' "$1" $((${#body} / 2)) "$body" | sed 's/../\\x&/g'
}
# N of them, each from a port of its own.
hellos() { # ENTRANCE N
	local i packet=() address=${1%:*} port=${1##*:}
	for i in "feff 00020001" "fefd 003b0002" "fefd c006c010" "fefd c02b002f"; do
		# shellcheck disable=SC2086
		packet+=("$(hello $i)")
	done
	# shellcheck disable=SC2016
	in_ns alice bash -c 'n=$1 to=$2; shift 2
		for ((i = 0; i < n; i++)); do printf "${@:i % 4 + 1:1}" >"$to"; done' bash "$2" "/dev/udp/$address/$port" "${packet[@]}"
}
# OpenSSL as somebody who has no business here: whole handshakes as far as they get.
intruder() { # ENTRANCE BIND ARGUMENTS...
	local to=$1 bind=$2
	shift 2
	in_ns alice timeout 2 openssl s_client -connect "$to" -bind "$bind" -use_srtp SRTP_AES128_CM_SHA1_80 "$@" \
		</dev/null >"$W/intruder.out" 2>&1
}

handshakes() {
	local id=hello at port flood alice bob
	SDP_SETUP=passive
	neg_offer_write $id dtls
	check "a06_client_hello: offer" neg_offer $id "transport-protocol=$DTLS"
	hellos "$(entrance_early $id)" 40
	neg_answer_write $id
	check "a06_hello_before_the_answer: the answer is taken" neg_answer $id
	at=$(entrance $id)
	port=$(sdp_remote "$W/$id.a.sdp" 1 | cut -d ' ' -f 2)
	hellos "$at" 40
	sdp_identity "$W/other.pem"
	intruder "$at" "192.0.2.2:$port" -dtls1_2 -cipher 'NULL-SHA256:eNULL@SECLEVEL=0'
	intruder "$at" "192.0.2.2:$port" -dtls1 -cipher 'ALL@SECLEVEL=0'
	intruder "$at" "192.0.2.2:$port" -dtls1_2 -cert "$W/other.pem" -key "$W/other.pem"
	intruder "$at" "$STRANGER:9000" -dtls1_2 -cert "$W/other.pem" -key "$W/other.pem"
	is "a06_wrong_certificate: nobody is taken for alice" "$(neg_leg $id 0 .dtls)" waiting
	hellos "$at" 400 &
	flood=$!
	NET_PIDS+=("$flood")
	rm -f "$W/$id".ready-*
	neg_peer $id alice --send 300 --rate 300 --expect 300 --linger 40 --timeout 8000
	alice=$BG
	neg_peer $id bob --send 300 --rate 300 --expect 300 --linger 40 --timeout 8000
	bob=$BG
	neg_go $id
	hellos "$at" 100
	intruder "$at" "$STRANGER:9001" -dtls1_2 -cert "$W/other.pem" -key "$W/other.pem"
	check "a06_flood_of_hellos: alice shakes hands and calls" wait $alice
	check "a06_flood_of_hellos: bob, too" wait $bob
	wait $flood
	is "a06_hello_after_the_handshake: the call loses nothing" "$(call_faults $id)" ""
	is "a06_hello_after_the_handshake: the association is up" "$(neg_leg $id 0 .dtls)" up
	SDP_SETUP=active
	neg_del $id
}

# ---- A7, A12, A14, A20: what SDP tries ---------------------------------------------------------------------------------

# Bob's answer is changed before it is sent; the call must not have it.
bad_answer() { # NAME KIND PROFILE SED-COMMAND REASON
	local id=answer-${1%%:*} before
	neg_offer_write "$id" "$2"
	check "$1: offer" neg_offer "$id" "transport-protocol=$3"
	neg_answer_write "$id"
	before=$(neg_leg "$id" 1 '.mechanism')
	sed -i -e "$4" "$W/$id.b.sdp"
	if neg_answer "$id"; then
		is "$1: refused, or the stream is" "$(sdp_remote "$W/$id.b2a.sdp" 1 | cut -d ' ' -f 2)" 0
	else
		like "$1: refused" "$(neg_reason "$id" answer)" "$5"
	fi
	unlike "$1: nothing of it is in force" "$(upsec cs -j session show "$id" 2>/dev/null | jq -c '.streams[].legs[1].mechanism')" \
		'"clear"|null'
	neg_del "$id"
}

offered_key() { # ID
	sdp_attr "$W/$1.a2b.sdp" 1 crypto | head -n 1 | sed 's/.*inline://; s/|.*//'
}

descriptions() {
	local id=a07 key
	# RFC 4568 7.1.4, 9.2: an answer with our own key, and alice's key from bob
	neg_offer_write $id sdes
	check "a07_answer_with_the_offers_key: offer" neg_offer $id "transport-protocol=$SDES"
	neg_answer_write $id
	cp "$W/$id.b.sdp" "$W/$id.good.sdp"
	key=$(offered_key $id)
	sed -i "s|inline:[A-Za-z0-9+/=]*|inline:$key|" "$W/$id.b.sdp"
	neg_answer $id
	unlike "a07_answer_with_the_offers_key: refused" "$? $(sdp_remote "$W/$id.b2a.sdp" 1 2>/dev/null | cut -d ' ' -f 2)" '^0 [1-9]'
	key=$(sdp_attr "$W/$id.a.sdp" 1 crypto | head -n 1 | sed 's/.*inline://; s/|.*//')
	sed -i "s|inline:[A-Za-z0-9+/=]*|inline:$key|" "$W/$id.b.sdp"
	rm -f "$W/$id.b2a.sdp"
	neg_answer $id
	unlike "a07_answer_with_the_callers_key: refused" "$? $(sdp_remote "$W/$id.b2a.sdp" 1 2>/dev/null | cut -d ' ' -f 2)" '^0 [1-9]'
	mv "$W/$id.good.sdp" "$W/$id.b.sdp"
	check "a07_answer_with_a_key_of_its_own: taken after that" neg_answer $id
	check "a07_answer_with_a_key_of_its_own: media" neg_flows $id
	neg_del $id

	bad_answer a12_answer_in_clear sdes $SDES 's|RTP/SAVP|RTP/AVP|; /^a=crypto/d' .
	bad_answer a12_answer_without_crypto sdes $SDES '/^a=crypto/d' .
	bad_answer a12_answer_with_another_suite sdes $SDES 's/AES_CM_128_HMAC_SHA1_80/AES_CM_128_HMAC_SHA1_32/' .
	bad_answer a12_answer_unencrypted sdes $SDES 's/^a=crypto[^\r]*/& UNENCRYPTED_SRTP/' .
	bad_answer a12_answer_unauthenticated sdes $SDES 's/^a=crypto[^\r]*/& UNAUTHENTICATED_SRTP/' .
	bad_answer a12_answer_without_fingerprint dtls $DTLS '/^a=fingerprint/d' .
	bad_answer a14_fingerprint_sha1 dtls $DTLS 's/^a=fingerprint:[^\r]*/a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33/' .
	bad_answer a14_fingerprint_md5 dtls $DTLS 's/^a=fingerprint:[^\r]*/a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF/' .
	bad_answer a20_answer_names_multicast sdes $SDES 's/^c=IN IP4 [^\r]*/c=IN IP4 224.0.0.1/' .
	bad_answer a20_answer_names_broadcast sdes $SDES 's/^c=IN IP4 [^\r]*/c=IN IP4 255.255.255.255/' .
	bad_answer a20_answer_names_ourselves sdes $SDES 's/^c=IN IP4 [^\r]*/c=IN IP4 203.0.113.1/' .
	downgraded_offers
}

# A call that is protected stays so, whatever a re-offer says; and goes on.
downgraded_offers() {
	local id=reoffer
	check "a12_reoffer: call" neg_call $id sdes $SDES || return
	check "a12_reoffer: media" neg_flows $id
	cp "$W/$id.a.sdp" "$W/$id.kept.sdp"
	sdp_again "$W/$id.a.sdp" sendrecv
	sed -i 's|RTP/SAVP|RTP/AVP|; /^a=crypto/d' "$W/$id.a.sdp"
	cp "$W/$id.a2b.sdp" "$W/$id.a2b.kept"
	neg_offer $id to-tag=b "transport-protocol=$SDES"
	unlike "a12_reoffer_in_clear: refused" "$? $(sdp_remote "$W/$id.a2b.sdp" 1 | cut -d ' ' -f 2)" '^0 [1-9]'
	is "a12_reoffer_in_clear: the call is as it was" "$(neg_leg $id 0 .mechanism) $(neg_leg $id 1 .mechanism)" "sdes sdes"
	cp "$W/$id.kept.sdp" "$W/$id.a.sdp"
	sdp_again "$W/$id.a.sdp" sendrecv
	neg_offer $id to-tag=b transport-protocol=RTP/AVP
	unlike "a12_reoffer_by_the_proxy_in_clear: refused, or protected still" \
		"$? $(sdp_section "$W/$id.a2b.sdp" 1 | sed -n 's/^m=//p')" '^0 audio [1-9][0-9]* RTP/AVP'
	is "a12_reoffer_by_the_proxy_in_clear: the call is as it was" "$(neg_leg $id 0 .mechanism) $(neg_leg $id 1 .mechanism)" "sdes sdes"
	neg_del $id
	id=osrtp
	neg_offer_write $id sdes
	neg_offer $id transport-protocol=RTP/AVP OSRTP=offer user-protection=required
	unlike "a12_osrtp_where_required: refused, or protected" "$? $(sdp_section "$W/$id.a2b.sdp" 1 2>/dev/null | sed -n 's/^m=//p')" \
		'^0 audio [1-9][0-9]* RTP/AVP'
	neg_del $id
}

net_begin
relay_need
net_single
ip -n "ups-$RUN-alice" addr add $STRANGER/24 dev eth0
# A user who may have clear media where it is asked for, and never on a protected call.
neg_daemon 'log: {level: debug}' 'policy:' \
	'  - {name: users, leg: [conv], protection: allow, registration: optional, min-tag: 80}' \
	'  - {name: peers, leg: [nni], protection: allow}' || { not_ok "the daemon starts"; tap_end; }
bleed clear_strict plain 'flags=["strict-source"]'
bleed sdes_strict sdes 'flags=["strict-source"]'
bleed dtls_strict dtls 'flags=["strict-source"]'
bleed sdes_latching sdes 'flags=["port-latching"]'
bleed dtls_latching dtls 'flags=["port-latching"]'
bleed clear_latching plain 'flags=["port-latching"]'
garbage
handshakes
descriptions
is "no session is left" "$(upsec cs -j session list | jq length)" 0
check "the daemon ends without a complaint" daemon_stop cs '(refused|policy|handshake|DTLS)'
tap_end
