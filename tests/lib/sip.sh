# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Real SIP around the daemon: Kamailio as the proxy that drives it, SIPp as the users. Source after netns.sh, relay.sh and sdp.sh.
#
#	proxy_user NS USER		a user of that proxy, with a random password that appears in no command line
#	proxy_start NS USERS-DEVICE PEERS-DEVICE REALM [PEER-PROXY [DEFINE...]]	and proxy_stop NS
#	ua_define UA NS ADDRESS PROXY-NS USER REALM PROXY-ADDRESS	a user's program; its directory is $W/UA
#	ua_register UA
#	ua_start UA SCENARIO [CALLEE@REALM]	tests/sip/SCENARIO.xml in the background
#	ua_reached UA		waits until the scenario stands at its next step; ua_go UA lets it go on
#	ua_end UA		waits for its end; its status is whether the scenario was kept
#	ua_sdp UA [N]		what SDP the user received, the last or the N-th; ua_codes UA: the status codes it got
#
# A user sends what is in $W/UA/local.sdp at that moment. Words for rtpengine_manage(): SIP_FLAGS[USERS_PEERS] and so on.

SIPP=${SIPP:-$(command -v sipp)}
KAMAILIO=${KAMAILIO:-$(PATH=$PATH:/usr/sbin command -v kamailio)}
SIP_PATIENCE=20 # seconds that a user waits for a message
declare -A PROXY_PID UA_NS UA_ADDRESS UA_PROXY UA_PID UA_STEP
declare -A SIP_FLAGS=(
	[OFFER_USERS_PEERS]="replace-origin" [ANSWER_USERS_PEERS]="replace-origin"
	[OFFER_PEERS_USERS]="replace-origin" [ANSWER_PEERS_USERS]="replace-origin"
)

sip_need() {
	[ -x "$SIPP" ] || skip_all "needs sipp (package sip-tester)"
	[ -x "$KAMAILIO" ] || skip_all "needs kamailio"
}

# ---- proxy ---------------------------------------------------------------------------------------------------------

proxy_dir() { # NS
	mkdir -p "$W/proxy-$1" && echo "$W/proxy-$1"
}

# The realm is part of the digest, so it is told here: the same word as to proxy_start.
proxy_user() { # NS USER REALM
	local dir password ha1
	dir=$(proxy_dir "$1")
	password=$(head -c 15 /dev/urandom | base64 -w0 | tr '+/' '-_')
	ha1=$(printf '%s:%s:%s' "$2" "$3" "$password" | md5sum | cut -d ' ' -f 1)
	(
		umask 077
		echo "\$sht(users=>$2) = \"$ha1\";" >>"$dir/users.cfg"
		printf '%s\n' "$password" >"$dir/$2.password"
	)
}

proxy_config() { # NS USERS-DEVICE PEERS-DEVICE REALM PEER-PROXY DEFINE...
	local users=${ADDR4[$1.$2]} peers=${ADDR4[$1.$3]} realm=$4 peer=$5 word
	shift 5
	cat <<-END
		#!define USERS_ADDR "$users"
		#!define PEERS_ADDR "$peers"
		#!define REALM "$realm"
		#!define PEER_PROXY "$peer"
		#!define RTPENGINE_SOCK "udp:127.0.0.1:$NG_PORT"
	END
	for word in OFFER_USERS_PEERS ANSWER_USERS_PEERS OFFER_PEERS_USERS ANSWER_PEERS_USERS; do
		echo "#!define ${word%%_*}_FLAGS_${word#*_} \"${SIP_FLAGS[$word]}\""
	done
	for word in "$@"; do echo "#!define $word"; done
	printf 'listen=%s:%s:5060\n' udp "$users" tcp "$users" udp "$peers" tcp "$peers"
}

proxy_start() { # NS USERS-DEVICE PEERS-DEVICE REALM [PEER-PROXY [DEFINE...]]
	local ns=$1 dir
	dir=$(proxy_dir "$ns")
	touch "$dir/users.cfg"
	cp "$UPS_ROOT/tests/sip/kamailio.cfg" "$dir/"
	proxy_config "$1" "$2" "$3" "$4" "${5:-}" "${@:6}" >"$dir/local.cfg"
	bg "$ns" "$KAMAILIO" -DD -E -f "$dir/kamailio.cfg" -m 32 -M 4 -Y "$dir" -P "$dir/pid" >"$dir/log" 2>&1
	PROXY_PID[$ns]=$BG
	wait_for proxy_answers "$ns" "${ADDR4[$ns.$2]}" && return 0
	diag "the proxy in $ns does not start:"
	diag "$(grep -E 'ERROR|CRITICAL' "$dir/log" | head)"
	return 1
}
proxy_answers() { # NS ADDRESS
	in_ns "$1" ss -Hlnt "src $2:5060" | grep -q LISTEN && kill -0 "${PROXY_PID[$1]}"
}

proxy_stop() { # NS: ends it, and fails on complaints in its log
	local status
	kill -TERM "${PROXY_PID[$1]}" && wait "${PROXY_PID[$1]}"
	status=$?
	unset "PROXY_PID[$1]"
	[ $status -eq 0 ] || diag "the proxy in $1 ended with status $status"
	return $status
}

# ---- users ---------------------------------------------------------------------------------------------------------

ua_define() { # UA NS ADDRESS PROXY-NS USER REALM PROXY-ADDRESS
	local dir=$W/$1 password
	mkdir -p "$dir"
	UA_NS[$1]=$2 UA_ADDRESS[$1]=$3 UA_PROXY[$1]=$7
	password=$(cat "$W/proxy-$4/$5.password" 2>/dev/null)
	(
		umask 077
		echo "$5;$6;[authentication username=$5 password=$password]" >"$dir/self"
	)
}

ua_start() { # UA SCENARIO [CALLEE@REALM]
	local ua=$1 dir=$W/$1 callee=${3:-nobody@nowhere}
	(
		umask 077
		printf 'SEQUENTIAL\n%s;%s;%s;\n' "$(cat "$dir/self")" "${callee%@*}" "${callee#*@}" >"$dir/users.csv"
	)
	rm -f "$dir/messages.log" "$dir/steps.log"
	printf 0 >"$dir/gate"
	UA_STEP[$ua]=1
	# shellcheck disable=SC2016
	bg "${UA_NS[$ua]}" sh -c 'cd "$1" && shift && umask 077 && exec "$@"' sh "$dir" "$SIPP" \
		-sf "$UPS_ROOT/tests/sip/$2.xml" -inf users.csv -i "${UA_ADDRESS[$ua]}" -p 5060 -m 1 -l 1 -nostdin \
		-timeout $((SIP_PATIENCE * 3)) -recv_timeout $((SIP_PATIENCE * 1000)) -trace_msg -message_file messages.log -trace_err -error_file errors.log -trace_logs -log_file steps.log \
		-mp 58000 "${UA_PROXY[$ua]}:5060" >"$dir/screen" 2>&1
	UA_PID[$ua]=$BG
}

ua_end() { # UA
	local status
	wait "${UA_PID[$1]}"
	status=$?
	[ $status -eq 0 ] || diag "$1: sipp ended with status $status; $(head -c 500 "$W/$1/errors.log" 2>/dev/null)"
	return $status
}

ua_register() { # UA
	ua_start "$1" register && ua_end "$1"
}

# A scenario logs the number of the step that it has come to, and waits until the file "gate" holds at least that.
ua_reached() { # UA
	wait_for ua_there "$1" && ua_at_step "$1"
}
ua_at_step() { # UA
	grep -q "^step ${UA_STEP[$1]}\b" "$W/$1/steps.log" 2>/dev/null
}
ua_there() { # UA: at its step, or at its end
	ua_at_step "$1" || ! kill -0 "${UA_PID[$1]}" 2>/dev/null
}
ua_go() { # UA
	printf %s "${UA_STEP[$1]}" >"$W/$1/gate.new"
	mv "$W/$1/gate.new" "$W/$1/gate"
	UA_STEP[$1]=$((UA_STEP[$1] + 1))
}

# SIPp's log: a line of dashes, "TRANSPORT message sent|received ...", an empty line, the message.
ua_sdp() { # UA [N] -> SDP with the line ends of the wire
	awk -v want="${2:-0}" '
		/^-----.*[0-9]$/ { head = 1; sdp = 0; next }
		head && /^[A-Z]+ message (received|sent)/ { mine = / received /; head = 0; next }
		mine && !sdp && /^v=0\r?$/ { sdp = 1; n++; text = "" }
		sdp && /^[a-z]=/ { sub(/\r$/, ""); text = text $0 "\r\n"; all[n] = text; next }
		sdp && /^\r?$/ { sdp = 0 }
		END { n = want ? want : n; if (!(n in all)) exit 1; printf "%s", all[n] }' "$W/$1/messages.log"
}
ua_codes() { # UA -> status codes received, in their order
	awk '/^[A-Z]+ message (received|sent)/ { mine = / received /; next }
		mine && /^SIP\/2.0 [0-9]/ { printf "%s%s", sep, $2; sep = " " }' "$W/$1/messages.log"
}

# ---- media of a call -----------------------------------------------------------------------------------------------

# One peer for the N-th m-line between $W/UA/local.sdp and $W/UA/remote.sdp; result in $W/ID.UA.json, its process is $BG.
ua_peer() { # ID UA OTHER N ARGUMENTS...
	local id=$1 ua=$2 other=$3 n=$4 dir=$W/$2 address rtp rtcp port
	local -a options
	shift 4
	read -r address rtp rtcp < <(sdp_remote "$dir/remote.sdp" "$n")
	port=$(sdp_section "$dir/local.sdp" "$n" | sed -n 's/^m=[a-z]* \([0-9]*\) .*/\1/p')
	if [ -n "$(sdp_attr "$dir/local.sdp" "$n" fingerprint)" ]; then
		mapfile -t options < <(sdp_dtls "$dir/local.sdp" "$dir/remote.sdp" "$n" "$dir/identity.pem")
	else
		(umask 077 && sdp_keys "$dir/local.sdp" "$dir/remote.sdp" "$n" >"$dir/$n.keys") || return 1
		options=(--keys "$dir/$n.keys")
		if [ "$rtp" = "$rtcp" ]; then options+=(--mux); else options+=(--remote-rtcp "$address:$rtcp"); fi
	fi
	bg "${UA_NS[$ua]}" "$PEER" call --local "${UA_ADDRESS[$ua]}:$port" --remote "$address:$rtp" "${options[@]}" --keyed \
		--ready "$W/$id.ready-$ua" --go "$W/$id.ready-$other" "$@" >"$W/$id.$ua.json" 2>"$W/$id.$ua.error"
}

MEDIA_SSRC=4096
# Both ends at once. A run has SSRCs of its own: the keys may be those of an earlier one.
ua_media() { # ID UA-A UA-B N ARGUMENTS-A ARGUMENTS-B
	local a
	rm -f "$W/$1".ready-*
	MEDIA_SSRC=$((MEDIA_SSRC + 2))
	# shellcheck disable=SC2086
	ua_peer "$1" "$2" "$3" "$4" --ssrc $MEDIA_SSRC $5 || return 1
	a=$BG
	# shellcheck disable=SC2086
	ua_peer "$1" "$3" "$2" "$4" --ssrc $((MEDIA_SSRC + 1)) --seed 7 $6 || return 1
	wait "$BG" && wait "$a" && return 0
	diag "media $1: $(cat "$W/$1.$2.error" "$W/$1.$3.error")"
	return 1
}

# The SDP that a user has just received becomes the other half of its media.
ua_take() { # UA
	(umask 077 && ua_sdp "$1" >"$W/$1/remote.sdp")
}

# The second half of an exchange: what the user has just received is answered by the function ANSWER (arguments: file, offer).
ua_answers() { # UA ANSWER
	ua_reached "$1" || return 1
	ua_take "$1"
	"$2" "$W/$1/local.sdp" "$W/$1/remote.sdp"
	ua_go "$1"
}

# An INVITE of the first user, answered by the second while it rings: each side ends up with local.sdp and remote.sdp.
ua_exchange() { # UA-A UA-B ANSWER
	ua_answers "$2" "$3" && ua_reached "$1" && ua_take "$1"
}
