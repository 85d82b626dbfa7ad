# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Namespaces, daemons and calls for the tests of the whole daemon and for the demo. Source tap.sh first if wanted.
#
# Names: namespaces are ups-RUN-NAME with a RUN of their own, so that several scripts run side by side. Everything started
# or created here is ended and removed when the script exits, however it does: processes by their ids, namespaces, the directory $W.
#
#	net_single		alice -- cs -- bob
#	net_chain		alice -- cs-a -- (spy) -- cs-b -- bob; the spy bridges the middle link
#	daemon_start cs ...	and daemon_stop, which fails the test on any unlisted warning in the log, and on any key (leaks.sh)
#	upsec cs ...		the command line inside a namespace; what it says is searched for keys as well

UPS_ROOT=${UPS_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
UPS_BUILD=${UPS_BUILD:-build}
case $UPS_BUILD in /*) ;; *) UPS_BUILD=$UPS_ROOT/$UPS_BUILD ;; esac
PEER=$UPS_BUILD/tests/peer
MEDIA=$UPS_BUILD/tests/media
UPSEC=$UPS_BUILD/upsec
UPSECD=$UPS_BUILD/upsecd
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=tests/lib/leaks.sh
. "$UPS_ROOT/tests/lib/leaks.sh"

RUN=$(printf '%x%04x' $$ $((RANDOM + 32768 * (RANDOM % 2))))
W=
NET_NAMES=()
NET_PIDS=()
declare -A DAEMON_PID DAEMON_LOG ADDR4 ADDR6

# The runner looks at the exit status as well as at the TAP lines, so it is kept.
net_cleanup() {
	local status=$? pid name
	trap - EXIT INT TERM HUP
	for pid in "${NET_PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${NET_PIDS[@]}"; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		kill -9 "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	# Of daemons that nobody stopped, too.
	[ -z "$W" ] || leaks_none "$W" "$W"/*.log "$W"/*.said || status=1
	for name in "${NET_NAMES[@]}"; do ip netns del "ups-$RUN-$name" 2>/dev/null; done
	if [ -n "$W" ]; then
		if [ -n "${UPS_KEEP:-}" ]; then echo "# kept: $W"; else rm -rf "$W"; fi
	fi
	exit $status
}

net_begin() {
	local tool
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	for tool in ip jq ethtool tcpdump; do
		command -v "$tool" >/dev/null || skip_all "needs $tool"
	done
	W=$(mktemp -d /tmp/ups-e2e.XXXXXX)
	chmod 755 "$W"
	trap net_cleanup EXIT
	trap 'exit 130' INT TERM HUP
}

# ---- namespaces and links ----------------------------------------------------------------------------------------

net_add() { # NAME...
	local name
	for name in "$@"; do
		ip netns add "ups-$RUN-$name" || return 1
		NET_NAMES+=("$name")
		in_ns "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0 2>/dev/null
		ip -n "ups-$RUN-$name" link set lo up
	done
}

in_ns() { # NAME COMMAND...
	local ns=ups-$RUN-$1
	shift
	ip netns exec "$ns" "$@"
}

# A process in the background; its id is in $BG.
bg() { # NAME COMMAND...
	local ns=ups-$RUN-$1
	shift
	ip netns exec "$ns" "$@" &
	BG=$!
	NET_PIDS+=("$BG")
}

# A veth pair. XDP_TX and XDP_REDIRECT reach a veth only if its receiving end has NAPI, which GRO turns on.
net_link() { # NAME DEVICE NAME DEVICE
	ip link add "$2" netns "ups-$RUN-$1" type veth peer name "$4" netns "ups-$RUN-$3" || return 1
	in_ns "$1" ethtool -K "$2" gro on >/dev/null 2>&1
	in_ns "$3" ethtool -K "$4" gro on >/dev/null 2>&1
	ip -n "ups-$RUN-$1" link set "$2" up
	ip -n "ups-$RUN-$3" link set "$4" up
}

net_addr() { # NAME DEVICE IPV4 IPV6: both families, remembered as ADDR4/ADDR6[NAME.DEVICE]
	ip -n "ups-$RUN-$1" addr add "$3/24" dev "$2"
	ip -n "ups-$RUN-$1" addr add "$4/64" dev "$2" nodad
	ADDR4[$1.$2]=$3
	ADDR6[$1.$2]=$4
}

# Until the link-layer addresses of a hop are known, packets take the stack: resolve them, both families.
net_warm() { # NAME ADDRESS...
	local ns=$1 address
	shift
	for address in "$@"; do
		in_ns "$ns" bash -c "echo >/dev/udp/$address/9" 2>/dev/null
		wait_for net_resolved "$ns" "$address" || return 1
	done
}
net_resolved() { # NAME ADDRESS
	[[ $(ip -n "ups-$RUN-$1" neigh show to "$2") == *lladdr* ]]
}

net_single() {
	net_add alice cs bob || return 1
	net_link alice eth0 cs access
	net_link cs core bob eth0
	net_addr alice eth0 192.0.2.2 2001:db8:1::2
	net_addr cs access 192.0.2.1 2001:db8:1::1
	net_addr cs core 203.0.113.1 2001:db8:2::1
	net_addr bob eth0 203.0.113.2 2001:db8:2::2
	net_warm cs 192.0.2.2 2001:db8:1::2 203.0.113.2 2001:db8:2::2
}

net_chain() {
	net_add alice cs-a spy cs-b bob || return 1
	net_link alice eth0 cs-a access
	net_link cs-a core spy to-a
	net_link spy to-b cs-b core
	net_link cs-b access bob eth0
	ip -n "ups-$RUN-spy" link add bridge0 type bridge mcast_snooping 0
	ip -n "ups-$RUN-spy" link set to-a master bridge0
	ip -n "ups-$RUN-spy" link set to-b master bridge0
	ip -n "ups-$RUN-spy" link set bridge0 up
	net_addr alice eth0 192.0.2.2 2001:db8:1::2
	net_addr cs-a access 192.0.2.1 2001:db8:1::1
	net_addr cs-a core 198.51.100.1 2001:db8:9::1
	net_addr spy bridge0 198.51.100.66 2001:db8:9::66
	net_addr cs-b core 198.51.100.2 2001:db8:9::2
	net_addr cs-b access 203.0.113.1 2001:db8:2::1
	net_addr bob eth0 203.0.113.2 2001:db8:2::2
	net_warm cs-a 192.0.2.2 2001:db8:1::2 198.51.100.2 2001:db8:9::2 &&
		net_warm cs-b 203.0.113.2 2001:db8:2::2 198.51.100.1 2001:db8:9::1
}

# Waits until a command succeeds: 10 s at most, or $WAIT.
wait_for() { # COMMAND...
	local end=$((SECONDS + ${WAIT:-10}))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || return 1
		sleep 0.02
	done
}

# Everything on a device into a file; returns when the capture really runs. $CAPTURE is the process to end.
capture_start() { # NAME DEVICE FILE [FILTER...]
	local ns=$1 device=$2 file=$3
	shift 3
	bg "$ns" tcpdump -i "$device" -nn -s 0 -B 32768 -U -Z root -w "$file" "$@" 2>"$file.log"
	CAPTURE=$BG
	wait_for grep -q 'listening on' "$file.log"
}
capture_stop() { # PID
	sleep 0.2
	kill -INT "$1" && wait "$1"
}

# ---- daemons -----------------------------------------------------------------------------------------------------

# One logical interface of a configuration: name, kind and device are told, addresses are those of the device.
config_iface() { # NAMESPACE DEVICE KIND [LINE...]
	local ns=$1 device=$2 kind=$3 line
	shift 3
	cat <<-END
		  - name: $device
		    device: $device
		    kind: $kind
		    v4: ${ADDR4[$ns.$device]}
		    v6: ${ADDR6[$ns.$device]}
	END
	for line in "$@"; do echo "    $line"; done
}

# The usual configuration of a namespace to standard output; further lines as arguments.
config_write() { # NAMESPACE [LINE...]
	local ns=$1 access=conv core=nni
	shift
	echo "interfaces:"
	config_iface "$ns" access $access
	config_iface "$ns" core $core
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

# A new key is what `key generate` is asked for; anything else that is said is kept for leaks_none.
upsec() { # NAMESPACE ARGUMENTS...
	local ns=$1 status errors
	shift
	errors=$W/upsec-$ns.$BASHPID.errors
	if [[ " $* " == *" key generate "* ]]; then
		in_ns "$ns" "$UPSEC" "$@"
		return
	fi
	in_ns "$ns" "$UPSEC" "$@" 2>"$errors" | tee -a "$W/upsec-$ns.said"
	status=${PIPESTATUS[0]}
	if [ -s "$errors" ]; then tee -a "$W/upsec-$ns.said" <"$errors" >&2; fi
	rm -f "$errors"
	return "$status"
}

# /sys is mounted anew in each `ip netns exec`, so bpffs is as well: the two daemons of a chain do not meet there.
daemon_exec() { # NAMESPACE LOG ARGUMENTS...: in the background, id in $BG
	local ns=$1 log=$2
	shift 2
	# shellcheck disable=SC2016
	bg "$ns" sh -c 'mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf; exec "$@"' sh \
		"$UPSECD" "$@" 2>>"$log" >>"$log"
}

daemon_start() { # NAMESPACE CONFIG [ARGUMENTS...]
	local ns=$1 config=$2
	shift 2
	DAEMON_LOG[$ns]=$W/upsecd-$ns.log
	: >"${DAEMON_LOG[$ns]}"
	daemon_exec "$ns" "${DAEMON_LOG[$ns]}" --config "$config" "$@"
	DAEMON_PID[$ns]=$BG
	daemon_wait "$ns"
}

daemon_wait() { # NAMESPACE: until it answers, or it died
	local ns=$1 i
	for i in $(seq 300); do
		upsec "$ns" status >/dev/null 2>&1 && return 0
		kill -0 "${DAEMON_PID[$ns]}" 2>/dev/null || break
		sleep 0.05
	done
	diag "upsecd in $ns is not there (try $i); its log:"
	diag "$(cat "${DAEMON_LOG[$ns]}")"
	return 1
}

# Lines that nobody said to expect.
daemon_complaints() { # NAMESPACE [ALLOWED-REGEX]
	grep -E '^(<[0-4]>)?(warning|error) |Sanitizer|runtime error' "${DAEMON_LOG[$1]}" |
		grep -Ev -e "${2:-^$}"
}

# Ends the daemon with SIGTERM. Fails on an exit status other than 0 and on any unlisted warning or error.
daemon_stop() { # NAMESPACE [ALLOWED-REGEX]
	local ns=$1 pid=${DAEMON_PID[$1]} status complaints
	kill -TERM "$pid" 2>/dev/null
	wait "$pid"
	status=$?
	DAEMON_ENDED=$(date +%s%N)
	unset "DAEMON_PID[$ns]"
	complaints=$(daemon_complaints "$@")
	if [ $status -ne 0 ] || [ -n "$complaints" ]; then
		diag "upsecd in $ns: exit status $status; unexpected in its log:"
		diag "$complaints"
		return 1
	fi
	leaks_none "$W" "${DAEMON_LOG[$ns]}" "$W/upsec-$ns.said"
}

# ---- keys --------------------------------------------------------------------------------------------------------

declare -A SUITE_BYTES=(
	[AES_CM_128_HMAC_SHA1_80]=30 [AES_CM_128_HMAC_SHA1_32]=30
	[AES_192_CM_HMAC_SHA1_80]=38 [AES_192_CM_HMAC_SHA1_32]=38
	[AES_256_CM_HMAC_SHA1_80]=46 [AES_256_CM_HMAC_SHA1_32]=46
	[AEAD_AES_128_GCM]=28 [AEAD_AES_256_GCM]=44
)

key_new() { # SUITE -> inline:BASE64 of a random key and salt
	printf 'inline:%s\n' "$(head -c "${SUITE_BYTES[$1]}" /dev/urandom | base64 -w0)"
}
key_hex() { # inline:BASE64 -> hexadecimal
	base64 -d <<<"${1#inline:}" | od -An -v -tx1 | tr -d ' \n'
}

# Keys of both directions between a daemon's leg and a peer: lines for the daemon are added to one file, the peer's own
# are written to another. SUITE clear adds nothing.
keys_add() { # DAEMON-FILE STREAM LEG SUITE PEER-FILE
	local rx tx
	(umask 077 && : >"$5" && : >>"$1")
	[ "$4" != clear ] || return 0
	rx=$(key_new "$4") tx=$(key_new "$4")
	printf '%s %s rx %s %s\n%s %s tx %s %s\n' "$2" "$3" "$4" "$rx" "$2" "$3" "$4" "$tx" >>"$1"
	printf 'tx %s %s\nrx %s %s\n' "$4" "$rx" "$4" "$tx" >"$5"
}

# ---- what the daemon says ----------------------------------------------------------------------------------------

# Packets dropped for a reason on one leg's flow, 0 if none.
drops() { # NAMESPACE SESSION LEG REASON
	upsec "$1" -j flow list session "$2" |
		jq -r --argjson leg "$3" --arg reason "$4" \
			'[.[] | select(.leg == $leg) | .drops[$reason] // 0] | add // 0'
}
