#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Life of the daemon: privileges, dumps, SIGTERM, kill -9 and restart, generic XDP, a device that is missing.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

xdp_on() { ip -n "ups-$RUN-cs" link show "$1" | grep -q 'prog/xdp'; }
xdp_off() { ! xdp_on "$1"; }
status_of() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/${DAEMON_PID[cs]}/status"; }
short_call() { # ID: one that must lose nothing
	call_add "$1" xdp 4 srtp AES_CM_128_HMAC_SHA1_80 6 srtp AEAD_AES_128_GCM &&
		call_run "$1" "--send 200 --expect 200 --rtcp-every 20 --expect-rtcp 10" \
			"--send 200 --expect 200 --rtcp-every 20 --expect-rtcp 10" &&
		[ -z "$(call_faults "$1")" ] && call_del "$1"
}

net_begin
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
pid=${DAEMON_PID[cs]}
check "XDP is attached" xdp_on access

# CAP_NET_ADMIN (12) and CAP_BPF (39), nothing else, and nothing to be had again.
is "effective capabilities" "$(status_of CapEff)" 0000008000001000
is "permitted capabilities" "$(status_of CapPrm)" 0000008000001000
is "no new privileges" "$(status_of NoNewPrivs)" 1
for thread in /proc/"$pid"/task/*; do
	case $(awk '$1 == "CapEff:" { print $2 }' "$thread/status") in
	0000008000001000 | 0000000000000000) ;;
	*) not_ok "thread ${thread##*/} has more capabilities" ;;
	esac
done
is "no core dump by limit" "$(awk '/Max core file size/ { print $5, $6 }' "/proc/$pid/limits")" "0 0"
# What is not dumpable belongs to root, whoever runs it, and nobody else may look.
check "memory is closed to other users" eval '! setpriv --reuid=65534 --regid=65534 --clear-groups cat /proc/$pid/maps >/dev/null 2>&1'
check "a call runs" short_call first
check "SIGTERM: exit status 0, no complaint" daemon_stop cs
check "SIGTERM: XDP is detached from both devices" eval 'xdp_off access && xdp_off core'

daemon_start cs "$W/cs.yaml"
pid=${DAEMON_PID[cs]}
(cd "$W" && kill -SEGV "$pid" && wait "$pid") 2>/dev/null
wait "$pid" 2>/dev/null
check "SIGSEGV leaves no dump" eval '! ls "$W"/core* ./core* /core* >/dev/null 2>&1'

daemon_start cs "$W/cs.yaml"
check "start after a crash, calls run on the lane asked for" short_call second
call_add third xdp 4 srtp AES_CM_128_HMAC_SHA1_80 6 srtp AEAD_AES_128_GCM
pid=${DAEMON_PID[cs]}
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "kill -9: the program stays" xdp_on access
check "start after kill -9" daemon_start cs "$W/cs.yaml"
is "after kill -9: no session is left" "$(upsec cs -j session list | jq length)" 0
is "after kill -9: XDP in native mode again" "$(upsec cs -j status | jq -r '[.devices[].xdp_mode] | unique | join(" ")')" native
check "after kill -9: a call runs" short_call fourth
check "SIGTERM after all that: no complaint" daemon_stop cs
check "and nothing is attached" eval 'xdp_off access && xdp_off core'

# A device whose driver has no native XDP: one warning, and it works.
ip -n "ups-$RUN-cs" link add plain0 type bridge
ip -n "ups-$RUN-cs" link set plain0 up
net_addr cs plain0 198.51.100.9 2001:db8:7::9
{
	cat "$W/cs.yaml"
	config_iface cs plain0 iwf
} >"$W/plain.yaml"
check "start with a device without native XDP" daemon_start cs "$W/plain.yaml"
is "it is in generic mode" "$(upsec cs -j status | jq -r '.devices[] | select(.name == "plain0") | .xdp_mode')" generic
is "exactly one warning" "$(daemon_complaints cs | wc -l)" 1
like "which names the device" "$(daemon_complaints cs)" "plain0"
check "no other complaint" daemon_stop cs 'plain0.*generic'

printf 'xdp:\n  mode: generic\n' | cat "$W/cs.yaml" - >"$W/generic.yaml"
daemon_start cs "$W/generic.yaml"
check "generic mode: a call runs" short_call generic
check "generic mode: one warning for each device" [ "$(daemon_complaints cs | wc -l)" = 2 ]
check "generic mode: no other complaint" daemon_stop cs 'generic mode'

printf 'xdp:\n  mode: off\n' | cat "$W/cs.yaml" - >"$W/off.yaml"
daemon_start cs "$W/off.yaml"
check "XDP off: nothing is attached" xdp_off access
check "XDP off: no complaint" daemon_stop cs

sed 's/device: core/device: missing0/' "$W/cs.yaml" >"$W/missing.yaml"
out=$(in_ns cs timeout 10 "$UPSECD" --config "$W/missing.yaml" 2>&1)
is "missing device: exit status" $? 1
like "missing device: told" "$out" "error app: cannot start: interfaces.1..device: no device missing0"
check "missing device: nothing stays attached" xdp_off access
tap_end
