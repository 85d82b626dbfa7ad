#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Netlink control: who may do what, a daemon that is not there, a port id that somebody else holds, a second daemon.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh

NOBODY=65534
as_nobody() { in_ns cs setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups "$@"; }

# Holds the well-known port id and says nothing. perl is part of every Debian.
squat() { # COMMAND-PREFIX...
	bg cs "$@" perl -e 'socket(S, 16, 3, 2) && bind(S, pack("SSLL", 16, 0, 0x55505345, 0)) or die; sleep 30'
	SQUATTER=$BG
	sleep 0.3
}
ADD=(session add x stream media audio leg if access mode clear remote 192.0.2.2:4000 leg if core mode clear remote 203.0.113.2:4000)

net_begin
net_single
config_write cs >"$W/cs.yaml"
# Copies that nobody may execute and read, wherever the tree is.
install -m 755 "$UPSEC" "$W/upsec"

out=$(upsec cs status 2>&1)
status=$?
is "no daemon: one clear sentence" "$out" "upsec: upsecd is not running in this network namespace"
is "no daemon: exit status" $status 3

squat setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups
out=$(timeout 20 ip netns exec "ups-$RUN-cs" "$UPSEC" status 2>&1)
status=$?
unlike "port id held by a user: not taken for a daemon" "$status" "^0$"
like "port id held by a user: told" "$out" "^upsec: .*"
unlike "port id held by a user: not reported as not running" "$out" "is not running"
out=$(in_ns cs timeout 10 "$UPSECD" --config "$W/cs.yaml" 2>&1)
is "port id held: the daemon does not start" $? 1
like "port id held: told" "$out" "error app: cannot start: netlink port id 0x55505345 is taken"
unlike "port id held: no device was touched" "$(ip -n "ups-$RUN-cs" link show access)" "xdp"
kill "$SQUATTER" 2>/dev/null
wait "$SQUATTER" 2>/dev/null

daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
out=$(as_nobody "$W/upsec" status 2>&1)
is "unprivileged read: refused" $? 1
like "unprivileged read: told" "$out" "uid $NOBODY may not read from upsecd"
out=$(as_nobody "$W/upsec" "${ADD[@]}" 2>&1)
is "unprivileged change: refused" $? 1
like "unprivileged change: told" "$out" "uid $NOBODY may not change sessions"
out=$(as_nobody "$W/upsec" session del x 2>&1)
is "unprivileged removal: refused" $? 1
out=$(as_nobody timeout 5 "$W/upsec" monitor 2>&1)
like "unprivileged monitor: told" "$out" "monitoring needs CAP_NET_ADMIN"
is "nothing was added" "$(upsec cs -j session list | jq length)" 0
out=$(upsec cs session del nonesuch 2>&1)
is "unknown session: told" "$out" "upsec: no session 'nonesuch'"
check "root may add" quiet upsec cs "${ADD[@]}"
out=$(upsec cs "${ADD[@]}" 2>&1)
is "the same id again: refused" $? 1
like "the same id again: told" "$out" "exists"

before=$(upsec cs -j status | jq .pid)
out=$(in_ns cs timeout 10 "$UPSECD" --config "$W/cs.yaml" 2>&1)
is "second daemon: does not start" $? 1
like "second daemon: told" "$out" "netlink port id 0x55505345 is taken"
is "second daemon: the first one goes on" "$(upsec cs -j status | jq .pid)" "$before"
is "second daemon: its XDP program as well" "$(upsec cs -j status | jq -r '.devices[0].xdp_mode')" native

in_ns cs timeout 5 "$UPSEC" monitor >"$W/events" 2>&1 &
MONITOR=$!
NET_PIDS+=("$MONITOR")
sleep 0.3
upsec cs session del x
sleep 0.3
kill "$MONITOR" 2>/dev/null
wait "$MONITOR" 2>/dev/null
like "monitor sees the removal" "$(cat "$W/events")" "x"
check "the daemon ends without a complaint" daemon_stop cs 'netlink: refused: uid 65534'

config_write cs "control:" "  netlink:" "    read: all" >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml"
check "read: all: an unprivileged user may read" quiet as_nobody "$W/upsec" status
out=$(as_nobody "$W/upsec" "${ADD[@]}" 2>&1)
is "read: all: but not change" $? 1
check "the daemon ends without a complaint" daemon_stop cs 'netlink: refused: uid 65534'
tap_end
