#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The processor time that a call costs upsecd, beside rtpengine's: both run at the same time in namespaces of their own, and are asked in
# turn, round by round, so that the machine's moods meet both. Figures are medians of the rounds, in microseconds of all
# threads for offer + answer + delete.
#
#	bench/ng.sh [ROUNDS [CALLS]]	installs rtpengine if needed (scripts/setup bench); needs root
cd "$(dirname "$0")/.." || exit 1
ROUNDS=${1:-5}
CALLS=${2:-1000}
diag() { printf '%s\n' "$*"; }
skip_all() {
	echo "bench/ng.sh: $*" >&2
	exit 1
}
# shellcheck source=tests/lib/netns.sh
. tests/lib/netns.sh
# shellcheck source=tests/lib/relay.sh
. tests/lib/relay.sh
NG=$UPS_BUILD/bench/ng
ROUND_LIMIT=$((30 + CALLS / 20)) # seconds for one mode of one daemon
RTPENGINE_LOG=4 # its usual level writes a dozen lines for each call
WHO=(rtpengine upsecd)
MODES=(plain sdes dtls handshake)
RUNNING=()

place() { # NAME: a namespace with both sides of a daemon and the users in it
	net_add "$1" || exit 1
	net_link "$1" users "$1" users-far
	net_link "$1" peers "$1" peers-far
	net_addr "$1" users 192.0.2.1 2001:db8:1::1
	net_addr "$1" peers 203.0.113.1 2001:db8:2::1
}

start() { # NAME
	UPS_RELAY=$1
	relay_start "$1" users peers
}

round() { # NAME MODE
	local calls=$CALLS
	[ "$2" != handshake ] || calls=$((CALLS / 10 + 1))
	in_ns "$1" timeout "$ROUND_LIMIT" "$NG" --to 127.0.0.1:2223 --pid "${RELAY_PID[$1]}" --mode "$2" --count $calls --local 192.0.2.1 |
		jq -c --arg who "$1" '. + {who: $who}'
}

# shellcheck disable=SC2016
REPORT='
	def median: sort | .[length / 2 | floor];
	def figure($who; $mode): [.[] | select(.who == $who and .mode == $mode) | .cpu_us] | if . == [] then null else median end;
	def errors($who; $mode): [.[] | select(.who == $who and .mode == $mode) | .errors] | add // 0;
	. as $all | $modes | split(" ")[] as $mode | ($all | figure("rtpengine"; $mode)) as $them |
	($all | figure("upsecd"; $mode)) as $us |
	[$mode, $them, $us, (if $us and $them then ($us / $them * 100 | round / 100) else null end),
		($all | errors("rtpengine"; $mode)), ($all | errors("upsecd"; $mode))] |
	map(if . == null then "-" else tostring end) | @tsv'

command -v rtpengine >/dev/null || scripts/setup bench
[ -x "$NG" ] || skip_all "missing $NG: make build/bench/ng"
net_begin
for name in "${WHO[@]}"; do
	if [ "$name" = upsecd ] && ! "$UPSECD" --help 2>/dev/null | grep -q -e --listen-ng; then
		echo "this upsecd has no ng listener: only rtpengine is measured"
		continue
	fi
	place "$name"
	if start "$name"; then RUNNING+=("$name"); else echo "$name does not start"; fi
done
for ((i = 0; i < ROUNDS; i++)); do
	for mode in "${MODES[@]}"; do
		for name in "${RUNNING[@]}"; do round "$name" "$mode"; done
	done
done >"$W/results"
printf 'processor time of the daemon per call, microseconds, median of %d rounds of %d calls\n' "$ROUNDS" "$CALLS"
{
	printf 'mode\trtpengine\tupsecd\tupsecd/rtpengine\terrors r.\terrors u.\n'
	jq -rs --arg modes "${MODES[*]}" "$REPORT" "$W/results"
} | awk -F'\t' '{ printf "%-10s %10s %10s %17s %11s %11s\n", $1, $2, $3, $4, $5, $6 }'
