#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# 2000 sessions come and go: descriptors, map entries and memory are as before; how long it took is printed.
# shellcheck disable=SC2317,SC2016 # functions and text called by way of check
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh

SESSIONS=2000

fds() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
rss() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$pid/status"; }
# Entries of the daemon's hash maps (the arrays have a fixed size), by way of its descriptors.
entries() {
	local id
	awk '$1 == "map_type:" { type = $2 } $1 == "map_id:" && type == 1 { print $2 }' /proc/"$pid"/fdinfo/* | sort -un |
		while read -r id; do
			bpftool -j map dump id "$id" 2>/dev/null | jq length
		done | awk '{ n += $1 } END { print n + 0 }'
}

# $1 sessions named $2-N, each clear on one leg and SRTP on the other, all keys different; one process for the loop.
add_all() { # COUNT NAME
	head -c $(($1 * 84)) /dev/urandom | base64 -w 112 >"$W/random"
	# 84 random bytes are 112 characters of base64: two keys of 28 bytes are 80 of them.
	# shellcheck disable=SC2016
	in_ns cs bash -c '
		n=0
		while read -r line && [ $n -lt '"$1"' ]; do
			printf "0 1 rx AEAD_AES_128_GCM inline:%s==\n0 1 tx AEAD_AES_128_GCM inline:%s==\n" \
				"${line:0:37}A" "${line:40:37}A" |
				"'"$UPSEC"'" session add '"$2"'-$n keys - stream media audio \
					leg if access mode clear remote 192.0.2.2:$((1024 + n * 2)) \
					leg if core mode srtp remote "[2001:db8:2::2]:$((1024 + n * 2))" || exit 1
			n=$((n + 1))
		done <"'"$W/random"'"
		[ $n = '"$1"' ]' >/dev/null
}
del_all() { # COUNT NAME
	in_ns cs bash -c 'for ((n = 0; n < '"$1"'; n++)); do "'"$UPSEC"'" session del '"$2"'-$n || exit 1; done' >/dev/null
}

net_begin
command -v bpftool >/dev/null || skip_all "needs bpftool"
# One socket for RTP and one for RTCP on each leg.
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -gt $((SESSIONS * 4 + 100)) ] || skip_all "needs more open files"
net_single
config_write cs >"$W/cs.yaml"
daemon_start cs "$W/cs.yaml" || { not_ok "the daemon starts"; tap_end; }
pid=${DAEMON_PID[cs]}
empty=$(entries)
rss_empty=$(rss)
check "first round: $SESSIONS sessions" add_all $SESSIONS first
check "first round: removed" del_all $SESSIONS first
sleep 0.5
fds_before=$(fds) rss_before=$(rss)
is "first round: no map entry is left" "$(entries)" "$empty"

start=$(date +%s%N)
check "$SESSIONS sessions" add_all $SESSIONS call
added=$(date +%s%N)
is "all are listed" "$(upsec cs -j session list | jq '[.[].id] | unique | length')" $SESSIONS
check "their ports are in the map" [ "$(entries)" -ge $((SESSIONS * 2)) ]
fds_full=$(fds) rss_full=$(rss)
deleting=$(date +%s%N)
check "removed" del_all $SESSIONS call
deleted=$(date +%s%N)
sleep 1
is "none is left" "$(upsec cs -j session list | jq length)" 0
is "descriptors are as before" "$(fds)" "$fds_before"
is "map entries are as before" "$(entries)" "$empty"
rss_after=$(rss)
# The first round touched the tables, which have a fixed size. What may grow is the register of used keys: digests.
check "memory is near what it was: $rss_before KiB, with $SESSIONS sessions $rss_full, then $rss_after" \
	[ $((rss_after - rss_before)) -lt 1536 ]
diag "added in $(((added - start) / 1000000)) ms, removed in $(((deleted - deleting) / 1000000)) ms, one process each;" \
	"$fds_full descriptors; $rss_empty KiB before the first session ever"
check "the daemon ends without a complaint" daemon_stop cs
tap_end
