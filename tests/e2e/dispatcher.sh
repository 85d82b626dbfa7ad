#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Beside another XDP program: xdp-filter is on the device first, through libxdp's dispatcher. Where the kernel takes ours as
# one more extension, both see the packets and each goes without the other. Where it does not, xdp-filter stays as
# it was, the daemon says so, and what arrives there takes the udp lane.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh

PACKETS=40

# A namespace of its own for mounts that stays, so that all commands see the same bpffs.
in_cs() { nsenter "${INTO[@]}" "$@"; }
daemon_exec() { # NAMESPACE LOG ARGUMENTS...: where the others of this test are
	local log=$2
	shift 2
	nsenter "${INTO[@]}" "$UPSECD" "$@" 2>>"$log" >>"$log" &
	BG=$!
	NET_PIDS+=("$BG")
}
programs_on() { in_cs xdp-loader status "$1" | grep -oE 'xdpfilt_[a-z_]+|upsec_xdp|xdp_dispatcher' | tr '\n' ' '; }
filter_passed() { in_cs xdp-filter status | awk '/XDP_PASS/ { print $2 }'; }

call_on() { # LANE-ASKED [SERVED-BY]
	local args="--send $PACKETS --rate 200 --size 160 --expect $PACKETS --linger 100 --timeout 30000"
	call_add "call-$1" "$1" 4 clear clear 4 clear clear && call_run "call-$1" "$args" "$args --seed 7" || return 1
	[ -z "$(call_faults "call-$1" | tee /dev/stderr)" ] || return 1
	[ $# -eq 1 ] || [ "$(lane_packets "call-$1" "$2")" -ge $((2 * PACKETS)) ]
}

together() {
	local before
	is "both are on the device" "$(programs_on access)" "xdp_dispatcher xdpfilt_alw_udp upsec_xdp "
	before=$(filter_passed)
	check "a call in XDP behind the filter" call_on xdp xdp
	check "the filter saw its packets" [ "$(filter_passed)" -ge $((before + PACKETS)) ]
	check "the daemon ends without a complaint" daemon_stop cs
	is "the filter stays when the daemon goes" "$(programs_on access)" "xdp_dispatcher xdpfilt_alw_udp "
	is "nothing stays on the other device" "$(programs_on core)" ""
}

apart() {
	is "the filter is alone on the device" "$(programs_on access)" "xdp_dispatcher xdpfilt_alw_udp "
	like "the daemon says why" "$(<"${DAEMON_LOG[cs]}")" "device access already carries an XDP program"
	check "a call behind the filter" call_on auto
	check "the daemon ends with no other complaint" daemon_stop cs "device access"
	is "the filter is still there" "$(programs_on access)" "xdp_dispatcher xdpfilt_alw_udp "
}

command -v xdp-filter >/dev/null || skip_all "needs xdp-filter (package xdp-tools)"
net_begin
net_single
bg cs sh -c "mount -t bpf bpf /sys/fs/bpf; : >'$W/mounted'; exec sleep 600"
INTO=(--mount="/proc/$BG/ns/mnt" --net="/proc/$BG/ns/net")
wait_for [ -e "$W/mounted" ]
if ! in_cs xdp-filter load access -f udp >"$W/filter" 2>&1; then
	skip_all "xdp-filter does not load here: $(tail -n 1 "$W/filter")"
fi
[[ $(programs_on access) == *dispatcher* ]] || skip_all "this kernel has no BPF extensions, so no dispatcher"

config_write cs >"$W/cs.yaml"
if ! daemon_start cs "$W/cs.yaml"; then
	not_ok "the daemon starts"
elif [[ $(programs_on access) == *upsec_xdp* ]]; then
	together
else
	apart
fi
check "the filter can be removed" in_cs xdp-filter unload access
tap_end
