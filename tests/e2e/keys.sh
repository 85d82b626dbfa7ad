#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Keys: refused where others could read them, and nowhere to be found afterwards: not in logs, output, arguments, environment.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

SUITE_A=AES_256_CM_HMAC_SHA1_80
SUITE_B=AEAD_AES_256_GCM

# Every way a key could be written: base64 (a part that does not depend on alignment at its ends), hexadecimal.
patterns() {
	local key
	grep -ho 'inline:[A-Za-z0-9+/=]*' "$W"/*.alice "$W"/*.bob | sort -u | while read -r key; do
		key=${key#inline:}
		echo "${key:0:16}"
		echo "${key:16:12}"
		key_hex "inline:$key" | cut -c1-20
		echo
	done | grep .
}
holds_key() { grep -aqiF -f "$W/patterns" "$@"; }
no_key() { ! holds_key "$@"; }

net_begin
net_single
config_write cs "log:" "  level: debug" >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
pid=${DAEMON_PID[cs]}
in_ns cs timeout 30 "$UPSEC" monitor >"$W/events" 2>&1 &
NET_PIDS+=($!)
sleep 0.2
check "a session with keys" call_add call udp 4 srtp $SUITE_A 6 srtp $SUITE_B
check "a call" call_run call "--send 200 --expect 200 --bad forge=20" "--send 200 --expect 200"
patterns >"$W/patterns"
check "the search knows $(wc -l <"$W/patterns") pieces of keys" [ "$(wc -l <"$W/patterns")" -ge 12 ]
check "control: it finds them in the key file" holds_key "$W/call.keys"

ADD=(stream media audio leg if access mode srtp remote 192.0.2.2:4000 leg if core mode srtp remote 203.0.113.2:4000)
{
	# The same keys again, which is refused with a sentence; a key that is too short; a line that is none.
	upsec cs session add again keys "$W/call.keys" "${ADD[@]}"
	sed 's/inline:..../inline:/' "$W/call.keys" >"$W/short.keys"
	chmod 600 "$W/short.keys"
	upsec cs session add short keys "$W/short.keys" "${ADD[@]}"
	sed 's/^0 0 rx/0 0 both/' "$W/call.keys" >"$W/bad.keys"
	chmod 600 "$W/bad.keys"
	upsec cs session add bad keys "$W/bad.keys" "${ADD[@]}"
	for words in status "session list" "session show call" "flow list" stats; do
		# shellcheck disable=SC2086
		upsec cs $words
		# shellcheck disable=SC2086
		upsec cs -j $words
	done
} >"$W/output" 2>&1
like "keys in use are refused again" "$(cat "$W/output")" "every leg and direction needs its own|is or was in use|in use"
like "a key of the wrong length is refused by line" "$(cat "$W/output")" "short.keys:1: "
like "a bad line is refused by line" "$(cat "$W/output")" "bad.keys:1: "
check "no key in the output of the command line" no_key "$W/output"
check "no key in events" no_key "$W/events"
check "no key in the log, even at level debug" no_key "${DAEMON_LOG[cs]}"
check "no key in the daemon's arguments" no_key "/proc/$pid/cmdline"
check "no key in the daemon's environment" no_key "/proc/$pid/environ"

# From standard input, never from an argument.
keys_add "$W/in.keys" 0 0 $SUITE_A "$W/in.alice"
keys_add "$W/in.keys" 0 1 $SUITE_B "$W/in.bob"
check "keys from standard input" eval 'upsec cs session add stdin keys - "${ADD[@]}" <"$W/in.keys" >/dev/null'
out=$(upsec cs session add argv keys "$(cut -d" " -f5 "$W/in.keys" | head -n 1)" "${ADD[@]}" 2>&1)
unlike "a key instead of a file: refused" $? "^0$"

keys_add "$W/open.keys" 0 0 $SUITE_A "$W/open.alice"
keys_add "$W/open.keys" 0 1 $SUITE_B "$W/open.bob"
for mode in 640 604 660 606; do
	chmod $mode "$W/open.keys"
	out=$(upsec cs session add open keys "$W/open.keys" "${ADD[@]}" 2>&1)
	unlike "key file with mode $mode: refused" $? "^0$"
	like "key file with mode $mode: told" "$out" "open.keys: other users may read or write it"
done
chmod 600 "$W/open.keys"
chown 65534 "$W/open.keys"
out=$(upsec cs session add open keys "$W/open.keys" "${ADD[@]}" 2>&1)
unlike "key file of another user: refused" $? "^0$"
is "none of the refused sessions exists" "$(upsec cs -j session list | jq -r '[.[].id] | sort | unique | join(" ")')" "call stdin"

# Without gdb there is no such look; with it, the text of the keys must be gone from the daemon's memory.
if command -v gcore >/dev/null && timeout 30 gcore -o "$W/dump" "$pid" >/dev/null 2>&1; then
	check "no text of a key in the daemon's memory" no_key "$W/dump.$pid"
else
	skip "no text of a key in the daemon's memory" "no gcore, or it may not read the daemon"
fi
rm -f "$W/dump.$pid"
check "the daemon ends without a complaint" daemon_stop cs
tap_end
