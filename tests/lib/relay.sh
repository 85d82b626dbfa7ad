# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Whoever answers ng in a namespace: upsecd, or (UPS_RELAY=rtpengine) Debian's rtpengine in user space, the reference that the tests are
# tried against. Source after netns.sh. Only the command line differs.
#
#	relay_start NS USERS-DEVICE PEERS-DEVICE [UPSECD-ARGUMENT...]	and relay_stop NS [ALLOWED-REGEX]
#	ng NS ARGUMENTS...	build/tests/ngc inside the namespace
#	ng_capture_start NS; ng_capture_stop NS; ng_messages NS: lines "> COOKIE JSON" and "< COOKIE JSON"

UPS_RELAY=${UPS_RELAY:-upsecd}
NGC=$UPS_BUILD/tests/ngc
NG_PORT=2223
declare -A RELAY_PID NG_CAPTURE

is_upsec() { [ "$UPS_RELAY" = upsecd ]; }

relay_need() {
	is_upsec || command -v rtpengine >/dev/null || skip_all "needs rtpengine (scripts/setup bench)"
	[ -x "$NGC" ] || skip_all "needs $NGC (make e2e-programs)"
	! is_upsec || "$UPSECD" --help 2>/dev/null | grep -q -e --listen-ng || skip_all "this upsecd has no ng listener"
}

ng() { # NS ARGUMENTS...
	local ns=$1
	shift
	in_ns "$ns" "$NGC" "$@"
}

relay_rtpengine() { # NS USERS-ADDRESS PEERS-ADDRESS
	bg "$1" rtpengine --config-file=none --table=-1 --foreground --log-stderr --log-level="${RTPENGINE_LOG:-6}" --num-threads=2 \
		--interface="users/$2" --interface="peers/$3" --listen-ng=127.0.0.1:$NG_PORT \
		--port-min=30000 --port-max=32000 --delete-delay=0 >"$W/relay-$1.log" 2>&1
	RELAY_PID[$1]=$BG
	wait_for ng "$1" --timeout 100 ping
}

relay_start() { # NS USERS-DEVICE PEERS-DEVICE [UPSECD-ARGUMENT...]
	local ns=$1 users=${ADDR4[$1.$2]} peers=${ADDR4[$1.$3]}
	shift 3
	if ! is_upsec; then
		relay_rtpengine "$ns" "$users" "$peers"
		return
	fi
	[ $# -gt 0 ] || set -- --interface "users/$users" --interface "peers/$peers" --kind peers=nni \
		--port-min 30000 --port-max 32000 --listen-ng 127.0.0.1:$NG_PORT
	DAEMON_LOG[$ns]=$W/upsecd-$ns.log
	: >"${DAEMON_LOG[$ns]}"
	daemon_exec "$ns" "${DAEMON_LOG[$ns]}" "$@"
	DAEMON_PID[$ns]=$BG RELAY_PID[$ns]=$BG
	daemon_wait "$ns" && wait_for ng "$ns" --timeout 100 ping
}

relay_stop() { # NS [ALLOWED-REGEX]
	if is_upsec; then
		daemon_stop "$@"
		return
	fi
	kill -TERM "${RELAY_PID[$1]}" && wait "${RELAY_PID[$1]}"
	unset "RELAY_PID[$1]"
}

ng_capture_start() { # NS
	capture_start "$1" lo "$W/ng-$1.pcap" udp port $NG_PORT
	NG_CAPTURE[$1]=$CAPTURE
}
# Ends the capture when it has come as far as a message sent now: on a busy machine tcpdump is late.
ng_capture_stop() { # NS
	ng "$1" --cookie "end-of-capture" ping >/dev/null
	wait_for grep -aq "end-of-capture d6" "$W/ng-$1.pcap"
	capture_stop "${NG_CAPTURE[$1]}" 2>/dev/null
}
ng_messages() { # NS
	"$NGC" --pcap "$W/ng-$1.pcap" --port $NG_PORT
}
# The replies to a command, one JSON object a line.
ng_replies() { # MESSAGES COMMAND
	awk -v want="\"command\":\"$2\"" '$1 == ">" && index($0, want) { asked[$2] = 1 }
		$1 == "<" && ($2 in asked) && !done[$2]++ { sub(/^< [^ ]* /, ""); print }' <<<"$1"
}
