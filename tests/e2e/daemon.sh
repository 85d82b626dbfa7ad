#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The daemon as a process: configuration errors, privileges, signals, clean stop, a second instance, a crash and the start after it,
# running as the user upsec.
# sanitized: yes
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh

CAPABILITIES=0000008000001000 # CAP_BPF, CAP_NET_ADMIN

attached() { # DEVICE
	ip -n "ups-$RUN-cs" -d link show "$1" | grep -q 'prog/xdp'
}
detached() { ! attached access && ! attached core; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
child_of() { pgrep -P "$1"; }
capabilities() { # PID: permitted, one line for each thread but the first
	sed -n 's/^CapPrm:\t//p' /proc/"$1"/task/*/status | tail -n +2 | sort -u
}
status_of() { # FIELD
	sed -n "s/^$1:[[:space:]]*//p" "/proc/${DAEMON_PID[cs]}/status" | tr '\t' ' '
}
session_add() { # ID
	local keys=$W/$1.keys leg
	(umask 077 && for leg in 0 1; do
		echo "0 $leg rx AEAD_AES_128_GCM $(key_new AEAD_AES_128_GCM)"
		echo "0 $leg tx AEAD_AES_128_GCM $(key_new AEAD_AES_128_GCM)"
	done >"$keys")
	upsec cs session add "$1" keys "$keys" stream media audio leg if users mode srtp remote 192.0.2.2:4000 \
		leg if peers mode srtp remote 203.0.113.2:4000 >/dev/null
}

net_begin
net_single || exit 1
cat >"$W/cs.yaml" <<-END
	interfaces:
	  - {name: users, device: access, v4: 192.0.2.1, v6: '2001:db8:1::1', kind: conv, port-min: 20000, port-max: 20999}
	  - {name: peers, device: core, v4: 203.0.113.1, v6: '2001:db8:2::1', kind: nni, port-min: 20000, port-max: 20999}
	limits: {sessions: 64}
	log: {level: debug}
END

# ---- configuration -----------------------------------------------------------------------------------------------

is "a good configuration is accepted" "$("$UPSECD" --check-config "$W/cs.yaml")" "$W/cs.yaml: 2 interfaces, no errors"
{ cat "$W/cs.yaml" && echo 'lane: tcp'; } >"$W/bad.yaml"
is "a bad one is named by file, line and option" "$("$UPSECD" --check-config "$W/bad.yaml" 2>&1)" \
	"upsecd: bad.yaml:6: lane: expected one of auto, udp, xdp; found 'tcp'"
"$UPSECD" --check-config "$W/bad.yaml" 2>/dev/null
is "... with exit status 2" $? 2
"$UPSECD" --config "$W/bad.yaml" 2>/dev/null
is "the daemon does not start with it either" $? 2
sed 's/device: core/device: moon/' "$W/cs.yaml" >"$W/moon.yaml"
is "a missing device is named" "$(in_ns cs "$UPSECD" --config "$W/moon.yaml" 2>&1 | grep ^error)" \
	"error app: cannot start: interfaces[1].device: no device moon on this machine"

# ---- running -----------------------------------------------------------------------------------------------------

check "the daemon starts" daemon_start cs "$W/cs.yaml" || tap_end
XDP=no
attached access && XDP=yes
DAEMON=${DAEMON_PID[cs]}
is "it keeps two capabilities" "$(status_of CapPrm) $(status_of CapEff)" "$CAPABILITIES $CAPABILITIES"
is "... and could not get more" "$(status_of CapBnd) $(status_of CapInh)" "$CAPABILITIES 0000000000000000"
is "its workers keep none" "$(capabilities "$DAEMON")" 0000000000000000
is "no new privileges" "$(status_of NoNewPrivs)" 1
is "no core dumps" "$(awk '/Max core file size/ { print $5, $6 }' "/proc/$DAEMON/limits")" "0 0"
check "a session with keys can be added" session_add one
logged=no
while read -r _ _ _ _ key; do
	grep -qF -e "${key#inline:}" -e "$(key_hex "$key")" "${DAEMON_LOG[cs]}" && logged=yes
done <"$W/one.keys"
is "no key is in the log, at level debug" $logged no
cp "$W/cs.yaml" "$W/good.yaml"
printf 'lane: udp\npolicy:\n  - {name: all, protection: prefer}\n' >>"$W/cs.yaml"
kill -HUP "$DAEMON"
check "SIGHUP reads the file again" wait_for grep -q '^notice app: SIGHUP: reloaded: 1 rules of policy' "${DAEMON_LOG[cs]}"
check "... and names what needs a restart" wait_for grep -q '^notice app: SIGHUP: takes effect at the next start: lane$' "${DAEMON_LOG[cs]}"
echo 'lane: tcp' >"$W/cs.yaml"
kill -HUP "$DAEMON"
check "SIGHUP with a broken file changes nothing" wait_for grep -q '^warning app: SIGHUP: nothing was reloaded: cs.yaml:1: ' "${DAEMON_LOG[cs]}"
is "... and the session lives" "$(upsec cs session show one | head -n 1)" "session one"
mv "$W/good.yaml" "$W/cs.yaml"

second=$(in_ns cs "$UPSECD" --config "$W/cs.yaml" 2>&1)
is "a second daemon in the namespace ends" $? 1
like "... and says why" "$second" '^error app: cannot start: netlink port id .* is taken'
if [ $XDP = yes ]; then
	check "... and leaves the first one's XDP programs" attached access
else
	skip "... and leaves the first one's XDP programs" "no XDP here"
fi

child=$(child_of "$DAEMON")
begun=$(date +%s%N)
check "SIGTERM ends it with status 0 and no other warning" daemon_stop cs '(XDP|kernel lane|SIGHUP)'
check "... within a second" [ $(((DAEMON_ENDED - begun) / 1000000)) -lt 1000 ]
check "... with its XDP programs detached" detached
check "... and no child left" is_gone "${child:-$DAEMON}"

# ---- a crash -----------------------------------------------------------------------------------------------------

check "it starts again" daemon_start cs "$W/cs.yaml" || tap_end
child=$(child_of "${DAEMON_PID[cs]}")
kill -KILL "${DAEMON_PID[cs]}"
wait "${DAEMON_PID[cs]}" 2>/dev/null
check "after SIGKILL its child ends" wait_for is_gone "${child:-${DAEMON_PID[cs]}}"
if [ $XDP = yes ]; then
	check "... and the XDP program stays" attached access
	check "the next start succeeds" daemon_start cs "$W/cs.yaml"
	like "... in place of the program that was left" "$(cat "${DAEMON_LOG[cs]}")" \
		'^notice xdp: access: XDP program of an earlier run replaced'
	check "... attached" attached core
else
	skip "... and the XDP program stays" "no XDP here"
	check "the next start succeeds" daemon_start cs "$W/cs.yaml"
fi
check "... and ends cleanly" daemon_stop cs '(XDP|kernel lane|SIGHUP)'
check "... with nothing attached" detached

# ---- without a file ----------------------------------------------------------------------------------------------

: >"${DAEMON_LOG[cs]}"
daemon_exec cs "${DAEMON_LOG[cs]}" --interface users/192.0.2.1 --interface 'users/2001:db8:1::1' \
	--interface 'peers/203.0.113.1!198.51.100.1' --kind peers=nni --port-min 20000 --port-max 20999
DAEMON_PID[cs]=$BG
check "it starts without a file" daemon_wait cs
check "... on the devices that have the addresses" session_add three
kill -HUP "${DAEMON_PID[cs]}"
check "... with nothing to reload" wait_for grep -q '^warning app: SIGHUP: .*started without a file' "${DAEMON_LOG[cs]}"
check "... and ends cleanly" daemon_stop cs '(XDP|kernel lane|SIGHUP)'
is "an address that no device has is named" "$(in_ns cs "$UPSECD" --interface 192.0.2.99 2>&1)" \
	"upsecd: --interface: no device of this machine has the address 192.0.2.99"

# ---- another user ------------------------------------------------------------------------------------------------

# The user exists in the daemon's and the client's mount namespace only.
for file in passwd group; do cp /etc/$file "$W/$file"; done
sed -i '/^upsec:/d' "$W/passwd" "$W/group"
echo 'upsec:x:64999:64999::/nonexistent:/usr/sbin/nologin' >>"$W/passwd"
echo 'upsec:x:64999:' >>"$W/group"
for program in upsec upsecd; do
	cat >"$W/$program" <<-END
		#!/bin/sh
		mount --bind $W/passwd /etc/passwd && mount --bind $W/group /etc/group && exec $UPS_BUILD/$program "\$@"
	END
	chmod 755 "$W/$program"
done
UPSECD=$W/upsecd UPSEC=$W/upsec
check "it starts where there is a user upsec" daemon_start cs "$W/cs.yaml" || tap_end
is "... and runs as that user" "$(status_of Uid) $(status_of Gid) $(status_of Groups)" \
	"64999 64999 64999 64999 64999 64999 64999 64999 "
is "... with two capabilities" "$(status_of CapPrm)" "$CAPABILITIES"
is "... and none in the workers" "$(capabilities "${DAEMON_PID[cs]}")" 0000000000000000
check "... sets up sessions" session_add two
check "... ends cleanly" daemon_stop cs '(XDP|kernel lane)'
check "... and detaches its XDP programs" detached

tap_end
