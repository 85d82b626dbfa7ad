# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Calls negotiated over ng without a proxy: alice -- cs -- bob. Source after netns.sh, call.sh, relay.sh and sdp.sh; net_single and
# neg_daemon come first.
#
#	neg_daemon [LINE...]		the daemon with ng and the lines of configuration, which are mostly a policy
#	neg_call ID KIND-A PROFILE-B	offer and answer; KIND is plain, sdes or dtls; bob speaks what he is offered
#	neg_offer ID, neg_answer ID	one half of it, with what is in $W/ID.a.sdp and $W/ID.b.sdp
#	neg_media ID A B		both peers, with further arguments of theirs; results in $W/ID.alice.json and .bob.json
#	neg_peer ID alice|bob ARGUMENTS...	one of them, in the background: $BG; neg_go ID lets both begin
#	neg_del ID
#
# Files of a call: ID.a.sdp, ID.b.sdp what each said, ID.a2b.sdp, ID.b2a.sdp what the other got; ID.offer, ID.answer the replies.
# NEG_OFFER and NEG_ANSWER are further words of the requests, NEG_FAMILY[a|b] 4 or 6 the addresses, NEG_IDENTITY[a|b] certificates.

NEG_PORT=20000
NEG_OFFER=()
NEG_ANSWER=()
NEG_SSRC=4096
declare -A NEG_FAMILY=([a]=4 [b]=4) NEG_IDENTITY NEG_LOCAL

neg_daemon() { # [LINE...]
	{
		echo "interfaces:"
		config_iface cs access "${NEG_KIND_A:-conv}"
		config_iface cs core "${NEG_KIND_B:-nni}"
		echo "control: {ng: {listen: ['127.0.0.1:$NG_PORT'], allow: [{network: 127.0.0.1, signalling: encrypted}]}}"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$W/cs.yaml"
	daemon_start cs "$W/cs.yaml" && wait_for ng cs --timeout 100 ping
}

# IPv6 in the SDP of sdp.sh, which writes IP4 always.
neg_family() { # FILE
	sed -i '/ IN IP4 [0-9a-f]*:/s/IP4/IP6/; /^c=IN IP4 .*:/s/IP4/IP6/' "$1"
}
neg_address() { # a|b
	if [ "$1" = a ]; then addr_of alice.eth0 "${NEG_FAMILY[a]}"; else addr_of bob.eth0 "${NEG_FAMILY[b]}"; fi
}
neg_identity() { # a|b
	if [ -z "${NEG_IDENTITY[$1]:-}" ]; then
		NEG_IDENTITY[$1]=$W/identity-$1.pem
		sdp_identity "${NEG_IDENTITY[$1]}"
	fi
	SDP_IDENTITY=${NEG_IDENTITY[$1]}
}

# A new offer of alice's on a port of its own.
neg_offer_write() { # ID KIND
	SDP_KIND=$2
	neg_identity a
	NEG_PORT=$((NEG_PORT + 4))
	sdp_offer "$W/$1.a.sdp" "$(neg_address a)" "audio:$NEG_PORT"
	neg_family "$W/$1.a.sdp"
}
neg_answer_write() { # ID
	neg_identity b
	NEG_PORT=$((NEG_PORT + 4))
	sdp_answer "$W/$1.b.sdp" "$(neg_address b)" "$W/$1.a2b.sdp" $NEG_PORT
	neg_family "$W/$1.b.sdp"
}

neg_offer() { # ID [WORD...]
	local id=$1
	shift
	ng cs --sdp "$W/$id.a.sdp" --sdp-out "$W/$id.a2b.sdp" offer "call-id=$id" from-tag=a \
		'direction=["access","core"]' "${NEG_OFFER[@]}" "$@" >"$W/$id.offer"
}
neg_answer() { # ID [WORD...]
	local id=$1
	shift
	ng cs --sdp "$W/$id.b.sdp" --sdp-out "$W/$id.b2a.sdp" answer "call-id=$id" from-tag=a to-tag=b \
		"${NEG_ANSWER[@]}" "$@" >"$W/$id.answer"
}
neg_reason() { # ID offer|answer -> why it was refused
	jq -r '."error-reason" // .result' "$W/$1.$2"
}
neg_del() { # ID
	ng cs delete "call-id=$1" from-tag=a >"$W/$1.delete"
}

neg_call() { # ID KIND-A PROFILE-B
	neg_offer_write "$1" "$2"
	if ! neg_offer "$1" "transport-protocol=$3"; then
		diag "offer $1: $(neg_reason "$1" offer)"
		return 1
	fi
	neg_answer_write "$1"
	neg_answer "$1" && return
	diag "answer $1: $(neg_reason "$1" answer)"
	return 1
}

# Words of the peer that follow from what its side said and got.
neg_words() { # ID a|b -> one option or value per line
	local local_sdp=$W/$1.$2.sdp remote_sdp=$W/$1.b2a.sdp family=4 port address rtcp
	[ "$2" = a ] || remote_sdp=$W/$1.a2b.sdp
	read -r address port rtcp < <(sdp_remote "$remote_sdp" 1)
	printf '%s\n' --remote "$(at "$address" "$port")"
	[ "$rtcp" = "$port" ] || printf '%s\n' --remote-rtcp "$(at "$address" "$rtcp")"
	read -r address port rtcp < <(sdp_remote "$local_sdp" 1)
	printf '%s\n' --local "${NEG_LOCAL[$2]:-$(at "$address" "$port")}"
	if [ -n "$(sdp_attr "$local_sdp" 1 fingerprint)" ] && [ -n "$(sdp_attr "$remote_sdp" 1 fingerprint)" ]; then
		sdp_dtls "$local_sdp" "$remote_sdp" 1 "${NEG_IDENTITY[$2]}" | grep -vx -e --mux
	else
		(umask 077 && sdp_keys "$local_sdp" "$remote_sdp" 1 >"$W/$1.$2.keys")
		printf '%s\n' --keys "$W/$1.$2.keys"
	fi
	if sdp_has "$W/$1.$2.sdp" 1 rtcp-mux && sdp_has "$remote_sdp" 1 rtcp-mux; then echo --mux; fi
}

neg_peer() { # ID alice|bob ARGUMENTS...
	local id=$1 ns=$2 side=b words
	shift 2
	[ "$ns" = bob ] || side=a
	NEG_SSRC=$((NEG_SSRC + 1))
	mapfile -t words < <(neg_words "$id" $side)
	bg "$ns" "$PEER" call "${words[@]}" --keyed --ready "$W/$id.ready-$side" --go "$W/$id.go" \
		--ssrc $NEG_SSRC "$@" >"$W/$id.$ns.json" 2>"$W/$id.$ns.error"
}

# Both are bound, then both have keys, and so has the daemon: what comes before that, it drops.
neg_keyed() { # ID
	[ -e "$W/$1.ready-a.keyed" ] && [ -e "$W/$1.ready-b.keyed" ] &&
		upsec cs -j session show "$1" | jq -e '[.streams[].legs[] | select(.dtls == "waiting")] == []' >/dev/null
}
neg_go() { # ID
	wait_for test -e "$W/$1.ready-a" && wait_for test -e "$W/$1.ready-b" && : >"$W/$1.go" &&
		WAIT=5 wait_for neg_keyed "$1" && : >"$W/$1.go.keyed"
}

neg_media() { # ID ALICE-ARGUMENTS BOB-ARGUMENTS
	local a b
	rm -f "$W/$1".ready-* "$W/$1".go*
	# shellcheck disable=SC2086
	neg_peer "$1" alice $2
	a=$BG
	# shellcheck disable=SC2086
	neg_peer "$1" bob --seed 7 $3
	b=$BG
	neg_go "$1"
	wait "$a" && wait "$b" && return
	diag "media $1: $(cat "$W/$1.alice.error" "$W/$1.bob.error")"
	return 1
}

# Media both ways, nothing lost, nothing dropped.
NEG_BOTH="--send 60 --rate 1500 --rtcp-every 20 --expect 60 --expect-rtcp 3 --linger 30 --timeout 4000"
neg_flows() { # ID
	neg_media "$1" "$NEG_BOTH" "$NEG_BOTH" && [ -z "$(call_faults "$1")" ] && return
	diag "$1: $(call_faults "$1"); drops $(drops_all "$1" 0) / $(drops_all "$1" 1)"
	return 1
}

# A fact of one leg as `upsec session show` has it.
neg_leg() { # ID LEG JQ
	upsec cs -j session show "$1" | jq -r ".streams[0].legs[$2] | $3"
}
