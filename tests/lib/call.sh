# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Calls between two libsrtp2 peers through one daemon: alice -- cs -- bob. Source after netns.sh; net_single and
# daemon_start cs come first.
#
#	call_add ID LANE FAMILY-A MODE-A SUITE-A FAMILY-B MODE-B SUITE-B	adds a session with keys and ports of its own
#	call_run ID ALICE-ARGUMENTS BOB-ARGUMENTS				runs both peers; results in $W/ID.alice.json and .bob.json
#	call_del ID
#
# SUITE is clear where there is no key. Further words for a leg: CALL_LEG_A, CALL_LEG_B, for the stream CALL_STREAM (all
# reset by call_add). Ports are never used twice in one script.

CALL_PORT=20000
CALL_STREAM=
CALL_LEG_A=
CALL_LEG_B=
declare -A CALL_A_LOCAL CALL_A_REMOTE CALL_B_LOCAL CALL_B_REMOTE CALL_A_WORDS CALL_B_WORDS

at() { # ADDRESS PORT -> ADDRESS:PORT
	case $1 in *:*) echo "[$1]:$2" ;; *) echo "$1:$2" ;; esac
}
addr_of() { # NAME.DEVICE FAMILY
	if [ "$2" = 4 ]; then echo "${ADDR4[$1]}"; else echo "${ADDR6[$1]}"; fi
}

# Keys the two users share and the daemon never sees.
keys_end_to_end() { # SUITE FILE-A FILE-B
	local a b
	a=$(key_new "$1") b=$(key_new "$1")
	(
		umask 077
		printf 'tx %s %s\nrx %s %s\n' "$1" "$a" "$1" "$b" >"$2"
		printf 'rx %s %s\ntx %s %s\n' "$1" "$a" "$1" "$b" >"$3"
	)
}

call_add() { # ID LANE FAMILY-A MODE-A SUITE-A FAMILY-B MODE-B SUITE-B
	local id=$1 status
	CALL_A_LOCAL[$id]=$(at "$(addr_of alice.eth0 "$3")" $CALL_PORT)
	CALL_A_REMOTE[$id]=$(at "$(addr_of cs.access "$3")" $CALL_PORT)
	CALL_B_LOCAL[$id]=$(at "$(addr_of bob.eth0 "$6")" $CALL_PORT)
	CALL_B_REMOTE[$id]=$(at "$(addr_of cs.core "$6")" $CALL_PORT)
	CALL_A_WORDS[$id]=$CALL_LEG_A
	CALL_B_WORDS[$id]=$CALL_LEG_B
	rm -f "$W/$id".*
	if [ "$4" = opaque ]; then
		: >"$W/$id.keys"
		chmod 600 "$W/$id.keys"
		keys_end_to_end "$5" "$W/$id.alice" "$W/$id.bob"
	else
		keys_add "$W/$id.keys" 0 0 "$5" "$W/$id.alice"
		keys_add "$W/$id.keys" 0 1 "$8" "$W/$id.bob"
	fi
	# shellcheck disable=SC2086
	upsec cs -j session add "$id" keys "$W/$id.keys" stream media audio lane "$2" $CALL_STREAM \
		leg if access mode "$4" remote "${CALL_A_LOCAL[$id]}" port $CALL_PORT $CALL_LEG_A \
		leg if core mode "$7" remote "${CALL_B_LOCAL[$id]}" port $CALL_PORT $CALL_LEG_B \
		>"$W/$id.session" 2>"$W/$id.error"
	status=$?
	[ $status -eq 0 ] || diag "session add $id: $(cat "$W/$id.error")"
	CALL_PORT=$((CALL_PORT + 4)) CALL_STREAM='' CALL_LEG_A='' CALL_LEG_B=''
	return $status
}

call_peer_words() { # LEG-WORDS -> options of the peer for how RTCP travels
	case " $1 " in
	*" rtcp-mux "*) echo --mux ;;
	*" no-rtcp "*) echo --no-rtcp ;;
	esac
}

# Both peers at once; each starts when both are bound.
call_run() { # ID ALICE-ARGUMENTS BOB-ARGUMENTS
	local id=$1 a b
	rm -f "$W/$id.ready-a" "$W/$id.ready-b"
	# shellcheck disable=SC2046,SC2086
	bg alice "$PEER" call --local "${CALL_A_LOCAL[$id]}" --remote "${CALL_A_REMOTE[$id]}" \
		--keys "$W/$id.alice" $(call_peer_words "${CALL_A_WORDS[$id]}") \
		--ready "$W/$id.ready-a" --go "$W/$id.ready-b" --ssrc 0x1111 $2 >"$W/$id.alice.json"
	a=$BG
	# shellcheck disable=SC2046,SC2086
	bg bob "$PEER" call --local "${CALL_B_LOCAL[$id]}" --remote "${CALL_B_REMOTE[$id]}" \
		--keys "$W/$id.bob" $(call_peer_words "${CALL_B_WORDS[$id]}") \
		--ready "$W/$id.ready-b" --go "$W/$id.ready-a" --ssrc 0x2222 $3 >"$W/$id.bob.json"
	b=$BG
	wait "$a" && wait "$b"
}

# A number of a peer's result, or of its "bad" counts.
got() { # ID alice|bob FIELD
	jq -r ".$3 // 0" "$W/$1.$2.json"
}

# What is wrong with a finished call in which nothing may be lost; empty if all is well.
call_faults() { # ID
	# shellcheck disable=SC2016
	jq -rn --slurpfile a "$W/$1.alice.json" --slurpfile b "$W/$1.bob.json" '
		def faults($who; $me; $other):
			(if $me.received != $other.sent then "\($who) got \($me.received) of \($other.sent)" else empty end),
			(if $me.received_rtcp != $other.sent_rtcp
				then "\($who) got \($me.received_rtcp) of \($other.sent_rtcp) RTCP" else empty end),
			("wrong", "again", "foreign", "auth_failed", "replayed", "send_errors" |
				select($me[.] != 0) | "\($who) \(.)=\($me[.])");
		faults("alice"; $a[0]; $b[0]), faults("bob"; $b[0]; $a[0])'
}

# Packets that a lane passed on, both directions of a session together.
lane_packets() { # ID LANE
	upsec cs -j flow list session "$1" |
		jq -r --arg lane "$2" '[.[].lanes[] | select(.lane == $lane) | .tx_packets] | add // 0'
}

# All drops of one leg as "reason=count ..." in order of names.
drops_all() { # ID LEG
	upsec cs -j flow list session "$1" |
		jq -r --argjson leg "$2" '[.[] | select(.leg == $leg) | .drops | to_entries[]] | sort_by(.key) |
			map("\(.key)=\(.value)") | join(" ")'
}

call_del() { # ID
	upsec cs session del "$1"
}
