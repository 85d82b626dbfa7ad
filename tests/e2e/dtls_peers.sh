#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# DTLS-SRTP with peers that share no code with the daemon: OpenSSL and libsrtp2 in build/tests/peer, and the openssl program. All four
# profiles, both roles, both families, both lanes; a new association in a running call; certificates of an authority between servers; ICE.
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

SDES=RTP/SAVP DTLS=UDP/TLS/RTP/SAVPF
PLAIN_RULES=('policy:' '  - {name: users, leg: [conv], registration: optional,'
	'     suites: [AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32], min-tag: 32}'
	'  - {name: peers, leg: [nni]}')
declare -A SUITE_OF=(
	[SRTP_AES128_CM_SHA1_80]=AES_CM_128_HMAC_SHA1_80 [SRTP_AES128_CM_SHA1_32]=AES_CM_128_HMAC_SHA1_32
	[SRTP_AEAD_AES_128_GCM]=AEAD_AES_128_GCM [SRTP_AEAD_AES_256_GCM]=AEAD_AES_256_GCM
)

# alice's offer with a role of its own, and with or without rtcp-mux
offer_as() { # ID ROLE MUX
	neg_offer_write "$1" dtls
	sed -i "s/^a=setup:[a-z]*/a=setup:$2/" "$W/$1.a.sdp"
	[ "$3" = mux ] || sed -i '/^a=rtcp-mux/d' "$W/$1.a.sdp"
}
agree() { # ID PROFILE-B
	if ! neg_offer "$1" "transport-protocol=$2" "address-family=IP${NEG_FAMILY[b]}"; then
		diag "offer $1: $(neg_reason "$1" offer)"
		return 1
	fi
	neg_answer_write "$1"
	neg_answer "$1" || diag "answer $1: $(neg_reason "$1" answer)"
}

one_profile() { # LANE PROFILE ROLE FAMILY MUX
	local id="$1-${2##*SRTP_}-$3-$4-$5" name="dtls $1 ${SUITE_OF[$2]} $3 v$4 $5" media=$NEG_BOTH
	NEG_FAMILY[a]=$4
	offer_as "$id" "$3" "$5"
	if ! agree "$id" $SDES; then
		not_ok "$name"
		return
	fi
	[ "$5" = mux ] || media="--send 60 --rate 1500 --expect 60 --linger 30 --no-rtcp"
	check "$name: handshake and media" neg_media "$id" "$media --profiles $2" "$media"
	is "$name: nothing is lost" "$(call_faults "$id")" ""
	is "$name: this suite" "$(got "$id" alice tx) $(neg_leg "$id" 0 '"\(.dtls) \(.tx_key.suite)"')" "${SUITE_OF[$2]} up ${SUITE_OF[$2]}"
	is "$name: on this lane" "$(lane_packets "$id" xdp)" "$([ "$1" = xdp ] && echo 120 || echo 0)"
	neg_del "$id"
	NEG_FAMILY[a]=4
}

profiles() { # LANE
	one_profile "$1" SRTP_AES128_CM_SHA1_80 active 4 mux
	one_profile "$1" SRTP_AES128_CM_SHA1_32 passive 6 mux
	one_profile "$1" SRTP_AEAD_AES_128_GCM passive 4 separate
	one_profile "$1" SRTP_AEAD_AES_256_GCM active 6 mux
}

# ---- the openssl program --------------------------------------------------------------------------------------------------

is_up() { # ID LEG
	[ "$(neg_leg "$1" "$2" .dtls)" = up ]
}
openssl_program() {
	local id=s-client at port pid
	mkfifo "$W/silence" # end of input would end it
	exec 9<>"$W/silence"
	offer_as $id active mux
	check "openssl s_client: call" agree $id $SDES || return
	read -r at port _ < <(sdp_remote "$W/$id.b2a.sdp" 1)
	in_ns alice timeout 5 openssl s_client -dtls -connect "$at:$port" -bind "192.0.2.2:$(sdp_remote "$W/$id.a.sdp" 1 | cut -d ' ' -f 2)" \
		-use_srtp SRTP_AEAD_AES_128_GCM -cert "${NEG_IDENTITY[a]}" -key "${NEG_IDENTITY[a]}" < <(sleep 1) >"$W/$id.out" 2>&1
	like "openssl s_client: shakes hands" "$(cat "$W/$id.out")" 'SRTP Extension negotiated, profile=SRTP_AEAD_AES_128_GCM'
	check "openssl s_client: the association is up" wait_for is_up $id 0
	neg_del $id
	id=s-server
	offer_as $id passive mux
	port=$(sdp_remote "$W/$id.a.sdp" 1 | cut -d ' ' -f 2)
	# shellcheck disable=SC2016
	bg alice sh -c 'in=$1; shift; exec "$@" <"$in"' sh "$W/silence" openssl s_server -dtls -accept "192.0.2.2:$port" -use_srtp SRTP_AES128_CM_SHA1_80 -Verify 1 \
		-cert "${NEG_IDENTITY[a]}" -key "${NEG_IDENTITY[a]}" >"$W/$id.out" 2>&1
	pid=$BG
	check "openssl s_server: call" agree $id $SDES
	check "openssl s_server: the association is up" wait_for is_up $id 0
	kill "$pid"
	neg_del $id
}

# ---- another association ------------------------------------------------------------------------------------------------------

# Media of the old association goes on until the new one has keys (RFC 8842 4, 5.5).
again() {
	local id=again long="--send 1500 --rate 800 --expect 1500 --no-rtcp --linger 60 --timeout 8000" alice bob
	SDP_LINES=("a=tls-id:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	offer_as $id active mux
	check "new_tls_id: call" agree $id $SDES || return
	rm -f "$W/$id".ready-* "$W/$id".go*
	# shellcheck disable=SC2086
	neg_peer $id alice $long
	alice=$BG
	# shellcheck disable=SC2086
	neg_peer $id bob $long
	bob=$BG
	neg_go $id
	sdp_identity "$W/second.pem"
	NEG_IDENTITY[a]=$W/second.pem
	sdp_again "$W/$id.a.sdp" sendrecv
	sed -i "s/^a=tls-id:.*\r/a=tls-id:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r/
		s/^a=fingerprint:[^\r]*/a=fingerprint:$(cat "$W/second.pem.fingerprint")/" "$W/$id.a.sdp"
	check "new_tls_id: re-offer" neg_offer $id to-tag=b "transport-protocol=$SDES"
	sdp_again "$W/$id.b.sdp" sendrecv
	check "new_tls_id: answer" neg_answer $id
	check "new_tls_id: alice's old media" wait $alice
	check "new_tls_id: bob's media" wait $bob
	is "new_tls_id: nothing is lost while the new handshake is due" "$(call_faults $id)" ""
	SDP_LINES=()
	check "new_tls_id: handshake anew, and media with new keys" neg_media $id "$NEG_BOTH" "$NEG_BOTH --seq 2000"
	is "new_tls_id: nothing is lost after it" "$(call_faults $id)" ""
	unset "NEG_IDENTITY[a]"
	neg_del $id
}

# ---- ICE --------------------------------------------------------------------------------------------------------------------------

ice() {
	local id=ice
	in_ns alice ip addr add 192.0.2.77/24 dev eth0
	(umask 077 && head -c 18 /dev/urandom | base64 -w0 >"$W/ice.password")
	SDP_LINES=("a=ice-ufrag:AliC" "a=ice-pwd:$(cat "$W/ice.password")" "a=candidate:1 1 UDP 2130706431 192.0.2.2 9 typ host")
	offer_as $id active mux
	SDP_LINES=()
	check "ice: call" agree $id $SDES
	like "ice: the answer is of a lite agent" "$(cat "$W/$id.b2a.sdp")" '^a=ice-lite'
	(
		umask 077
		printf '%s:AliC %s\n' "$(sdp_attr "$W/$id.b2a.sdp" 1 ice-ufrag)" "$(sdp_attr "$W/$id.b2a.sdp" 1 ice-pwd)" >"$W/good.ice"
		printf '%s:AliC %s\n' "$(sdp_attr "$W/$id.b2a.sdp" 1 ice-ufrag)" "notthepasswordthatwasinthesdp" >"$W/bad.ice"
	)
	NEG_LOCAL[a]=192.0.2.77:7700
	rm -f "$W/$id".ready-* "$W/$id".go*
	: >"$W/$id.go"
	neg_peer $id alice --ice "$W/bad.ice" --send 0
	wait "$BG"
	is "ice_wrong_integrity: no answer" "$?" 2
	is "ice_wrong_integrity: and nothing changes" "$(neg_leg $id 0 '"\(.dtls) \(.learned)"')" "waiting false"
	check "ice: check from the real address, handshake, media" neg_media $id "$NEG_BOTH --ice $W/good.ice" "$NEG_BOTH"
	is "ice: nothing is lost" "$(call_faults $id)" ""
	is "ice: media goes to the address that was nominated" "$(neg_leg $id 0 '.remote | "\(.ip):\(.port)"')" 192.0.2.77:7700
	unset "NEG_LOCAL[a]"
	neg_del $id
}

# ---- certificates of an authority ----------------------------------------------------------------------------------------------------

ca_new() { # FILE
	(umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=CA" \
		-keyout "$1.key" -out "$1.pem" 2>/dev/null)
}
leaf_new() { # FILE CA NAME [X509-ARGUMENT...]
	local file=$1 ca=$2 name=$3
	shift 3
	(
		umask 077
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
			-keyout "$file.key" -out "$file.csr" 2>/dev/null
		openssl x509 -req -in "$file.csr" -CA "$ca.pem" -CAkey "$ca.key" -copy_extensions copy "$@" -out "$file.crt" 2>/dev/null
		cat "$file.crt" "$file.key" >"$file"
		openssl x509 -in "$file.crt" -noout -fingerprint -sha256 | sed 's/.*=/sha-256 /' >"$file.fingerprint"
	)
}
peer_with() { # NAME FILE up|refused ROLE
	local id=pki-$1 role=$4
	NEG_IDENTITY[b]=$2 SDP_SETUP=$role
	check "pki_$1: call" neg_call "$id" sdes $DTLS
	if [ "$3" = up ]; then
		check "pki_$1: handshake and media" neg_flows "$id"
		is "pki_$1: the association is up" "$(neg_leg "$id" 1 .dtls)" up
	else
		rm -f "$W/$id".ready-* "$W/$id".go*
		: >"$W/$id.go"
		: >"$W/$id.go.keyed"
		neg_peer "$id" bob --dtls-timeout 1500 --send 30 --rate 1000 --linger 10 --timeout 500
		wait "$BG"
		is "pki_$1: the association does not come up" "$(neg_leg "$id" 1 .dtls)" waiting
		is "pki_$1: nothing of its media is taken" "$(neg_leg "$id" 1 '[.flow.lanes[].tx_packets] | add // 0')" 0
	fi
	neg_del "$id"
}
authority() {
	NEG_OFFER=('rtcp-mux=["offer"]')
	peer_with good "$W/good" up active
	peer_with good_passive "$W/good" up passive
	peer_with wrong_name "$W/named" refused active
	peer_with expired "$W/expired" refused active
	peer_with wrong_ca "$W/foreign" refused passive
	NEG_OFFER=()
	SDP_SETUP=active
	unset "NEG_IDENTITY[b]"
}

COMPLAINTS='(handshake|DTLS|dtls|XDP|kernel lane)'
net_begin
relay_need
net_single
for lane in udp xdp; do
	neg_daemon "lane: $lane" 'log: {level: debug}' "${PLAIN_RULES[@]}" || { not_ok "the daemon starts"; tap_end; }
	if [ $lane = xdp ] && [ "$(upsec cs -j status | jq -r .xdp_crypto)" != true ]; then
		skip "lane xdp" "$(upsec cs -j status | jq -r .xdp_reason)"
	else
		profiles $lane
	fi
	if [ $lane = udp ]; then
		openssl_program
		again
		ice
	fi
	check "$lane: the daemon ends without a complaint" daemon_stop cs "$COMPLAINTS"
done
ca_new "$W/ca"
ca_new "$W/ca-foreign"
leaf_new "$W/own" "$W/ca" cs-a.example.org -days 2
leaf_new "$W/good" "$W/ca" cs-b.example.org -days 2
leaf_new "$W/named" "$W/ca" cs-c.example.org -days 2
leaf_new "$W/expired" "$W/ca" cs-b.example.org -days -1
leaf_new "$W/foreign" "$W/ca-foreign" cs-b.example.org -days 2
neg_daemon "dtls: {certificate: $W/own.crt, key: $W/own.key, ca: $W/ca.pem}" 'policy:' \
	'  - {name: users, leg: [conv], registration: optional}' \
	'  - {name: peers, leg: [nni], mechanisms: [dtls], peer-name: cs-b.example.org}' || { not_ok "the daemon starts with a CA"; tap_end; }
authority
check "pki: the daemon ends without a complaint" daemon_stop cs "$COMPLAINTS"
tap_end
