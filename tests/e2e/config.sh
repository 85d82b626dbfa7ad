#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Configuration: what is wrong is told with file, line and key; exit status 2; --check-config starts nothing.
# sanitized: yes
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh

INTERFACE=("interfaces:" "  - name: access" "    device: access" "    kind: conv" "    v4: 192.0.2.1")

refused() { # NAME REGEX LINE...
	local name=$1 regex=$2 output status
	shift 2
	printf '%s\n' "$@" >"$W/bad.yaml"
	output=$("$UPSECD" --check-config --config "$W/bad.yaml" 2>&1)
	status=$?
	like "$name: told where and what" "$output" "^upsecd: bad.yaml:$regex"
	is "$name: exit status" $status 2
	is "$name: one sentence" "$(wc -l <<<"$output")" 1
}

net_begin
printf '%s\n' "${INTERFACE[@]}" >"$W/good.yaml"
like "a good file" "$("$UPSECD" --check-config --config "$W/good.yaml")" "1 interfaces, no errors"
check "a good file: exit status 0" quiet "$UPSECD" --check-config --config "$W/good.yaml"
refused "unknown option" "1: lanes: unknown option" "lanes: udp" "${INTERFACE[@]}"
refused "unknown word" "1: lane: expected one of auto, udp, xdp; found 'fast'" "lane: fast" "${INTERFACE[@]}"
refused "number too small" "2: limits.sessions: 0 is out of range" "limits:" "  sessions: 0" "${INTERFACE[@]}"
refused "no number" "2: limits.sessions: expected .*found 'many'" "limits:" "  sessions: many" "${INTERFACE[@]}"
refused "bad address" "5: interfaces.0..v4: expected an IPv4 address, found '192.0.2'" \
	"interfaces:" "  - name: a" "    device: a" "    kind: conv" "    v4: 192.0.2"
refused "IPv6 address for v4" "5: interfaces.0..v4: expected an IPv4 address" \
	"interfaces:" "  - name: a" "    device: a" "    kind: conv" "    v4: 2001:db8::1"
refused "bad kind" "4: interfaces.0..kind: expected one of conv, nni, iwf; found 'uui'" \
	"interfaces:" "  - name: a" "    device: a" "    kind: uui" "    v4: 192.0.2.1"
refused "missing device" "2: interfaces.0..device: missing" "interfaces:" "  - name: a" "    kind: conv" "    v4: 192.0.2.1"
refused "no address" "2: interfaces.0.: needs v4, v6 or both" "interfaces:" "  - name: a" "    device: a" "    kind: conv"
refused "the same name twice" "[0-9]+: interfaces.1.*" "${INTERFACE[@]}" "${INTERFACE[@]:1}"
refused "no interfaces" "1: interfaces: missing" "lane: udp"
refused "wrong type" "1: interfaces: expected a list" "interfaces: 3"
refused "no YAML" "2(:[0-9]+)?: " "interfaces: ["
refused "port range upside down" "[0-9]+: interfaces.0..port-m" "${INTERFACE[@]}" "    port-min: 30000" "    port-max: 20000"
like "no such file" "$("$UPSECD" --check-config --config "$W/none.yaml" 2>&1)" "none.yaml: No such file"
"$UPSECD" --no-such-option >/dev/null 2>&1
is "unknown option of the command line: exit status" $? 2
# The same complaint, and no daemon, without --check-config.
printf 'lane: fast\n%s\n' "$(cat "$W/good.yaml")" >"$W/bad.yaml"
like "start with a bad file" "$(timeout 10 "$UPSECD" --config "$W/bad.yaml" 2>&1)" "^upsecd: bad.yaml:1: lane"
tap_end
