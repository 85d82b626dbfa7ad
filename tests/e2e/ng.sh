#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The ng protocol from outside, by a daemon that was started without a file: UDP, TCP and JSON; cookies that come again; who may speak;
# requests that are no requests; what runs out; figures that equal the packets; SIGHUP.
# sanitized: yes
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/relay.sh
. ../lib/relay.sh

ARGS=(--interface users/192.0.2.1 --interface peers/203.0.113.1 --kind peers=nni --listen-ng "0.0.0.0:$NG_PORT")
BOTH='["users","peers"]'

sdp_write() { # FILE ADDRESS PORT...: plain audio
	local file=$1 address=$2 port
	shift 2
	{
		printf 'v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n' "$address" "$address"
		for port in "$@"; do printf 'm=audio %d RTP/AVP 0\r\n' "$port"; done
	} >"$file"
}
ask() { # NGC-ARGUMENTS...: the reply, as JSON
	ng cs "$@" 2>&1
}
offer() { # CALL-ID [NGC-OPTION...] [-- KEY=VALUE...]
	local id=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1") && shift; done
	[ $# -eq 0 ] || shift
	ask --sdp "$W/a.sdp" "${options[@]}" offer call-id="$id" from-tag=a direction="$BOTH" transport-protocol=RTP/AVP "$@"
}
answer() { # CALL-ID [NGC-OPTION...]
	local id=$1
	shift
	ask --sdp "$W/b.sdp" "$@" answer call-id="$id" from-tag=a to-tag=b
}
drop() { ask delete call-id="$1"; }
field() { jq -r ".\"$1\" // \"none\""; }
result() { field result; }
reason() { jq -r '."error-reason" // .message // "none"'; }
sessions() { upsec cs -j session list | jq length; }
# The port of the first m-line that was told
port_of() { jq -r .sdp | sed -n 's/^m=audio \([0-9]*\) .*/\1/p' | head -n 1; }

# Plain RTP (second byte 0) or RTCP (200) of one source.
packets() { # NAMESPACE LOCAL-PORT ADDRESS PORT SECOND-BYTE COUNT SIZE
	in_ns "$1" python3 - "${@:2}" <<-'END'
		import socket, struct, sys, time
		local, address, port, second, count, size = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("", local))
		for i in range(count):
		    if second < 192:
		        body = struct.pack("!BBHII", 128, second, i, 160 * i, 0x1234)
		    else:
		        body = struct.pack("!BBHI", 128, second, size // 4 - 1, 0x1234)
		    s.sendto(body.ljust(size, b"\0"), (address, port))
		    time.sleep(0.001)
	END
}
figure() { # RTP|RTCP packets|bytes
	ask query call-id=media | jq ".totals.$1.$2"
}
has_figures() { # RTP RTCP
	[ "$(figure RTP packets) $(figure RTCP packets)" = "$1 $2" ]
}

net_begin
relay_need
is_upsec || skip_all "upsecd only"
net_single || exit 1
sdp_write "$W/a.sdp" 192.0.2.2 4000
sdp_write "$W/b.sdp" 203.0.113.2 5000
relay_start cs access core "${ARGS[@]}" --port-min 30000 --port-max 30099 || { not_ok "the daemon starts"; tap_end; }

# ---- the three ways to speak -------------------------------------------------------------------------------------

n=0
for way in "" --tcp --json; do
	n=$((n + 1)) name=${way:-udp}
	# shellcheck disable=SC2086
	is "$name: ping" "$(ask $way ping | result)" pong
	# shellcheck disable=SC2086
	is "$name: offer" "$(offer way$n $way | result)" ok
	# shellcheck disable=SC2086
	like "$name: answer, anchored on our side" "$(answer way$n $way | jq -r .sdp)" '^c=IN IP4 192\.0\.2\.1'
	# shellcheck disable=SC2086
	is "$name: list" "$(ask $way list | jq -c .calls)" "[\"way$n\"]"
	# shellcheck disable=SC2086
	is "$name: delete by call-id alone" "$(ask $way delete call-id=way$n | result)" ok
	is "$name: nothing is left" "$(sessions)" 0
done
is "unknown call: query" "$(ask query call-id=none | reason)" "Unknown call-id"
is "unknown call: answer" "$(answer none | reason)" "Unknown call-id"
is "unknown call: delete is a warning" "$(ask delete call-id=none | jq -r '.result, .warning' | tr '\n' ' ')" \
	"ok Call-ID not found or tags didn't match "
is "unknown call: delete is an error if fatal" "$(ask delete call-id=none flags='["fatal"]' | result)" error

# ---- cookies -----------------------------------------------------------------------------------------------------

out=$(offer again --cookie once --repeat 5)
is "a cookie that comes again gets the same bytes" "$(jq -c '[.result, ."ngc-identical"]' <<<"$out")" '["ok",true]'
is "... and one session" "$(sessions)" 1
is "... by one offer" "$(ask statistics | jq .statistics.controlstatistics.totalrepeatedcount)" 4
# Another socket is another source: a re-offer of the same call.
is "the same cookie from elsewhere is another request" "$(offer again --cookie once | result)" ok
is "... of the same session" "$(sessions)" 1
drop again >/dev/null

# ---- who may speak -----------------------------------------------------------------------------------------------

is "a reply comes from the address that was addressed" "$(ask --to 127.0.0.2:$NG_PORT ping | result)" pong
is "... its own as well" "$(ask --to 192.0.2.1:$NG_PORT ping | result)" "no reply"
is "another machine is ignored" "$(ng alice --to 192.0.2.1:$NG_PORT --timeout 300 ping | result)" "no reply"
is "... on TCP too" "$(ng alice --to 192.0.2.1:$NG_PORT --tcp --timeout 300 ping 2>&1 | result)" "no reply"
like "... and counted" "$(ask statistics | jq .statistics.controlstatistics.totalrefusedcount)" '^[3-9]'

# ---- what is no request ------------------------------------------------------------------------------------------

is "no dictionary" "$(ask --raw hello | reason)" "Invalid NG data format"
is "no payload" "$(ask --raw '' | reason)" "Invalid data (no payload)"
is "half a dictionary" "$(ask --raw 'd7:command4:pin' | reason)" "Could not decode bencode dictionary"
is "half a document" "$(ask --raw '{"command":' | reason)" "Failed to parse JSON document"
is "no command" "$(ask --raw de | reason)" 'Dictionary contains no key "command"'
is "a wrong type" "$(ask --raw 'd7:commandl4:pingee' | reason)" 'Dictionary contains no key "command"'
like "what would change media is refused, and what to do" "$(offer bad -- 'codec={"transcode":["PCMA"]}' | reason)" \
	"'codec' is not supported: .*; leave it out"
like "a wrong value is named" "$(offer bad -- TOS=300 | reason)" "TOS: '300' is not a number from 0 to 255"
like "a logical interface that is none" "$(offer bad -- 'direction=["users","moon"]' | reason)" "moon"
is "an unknown word is passed over and named" "$(offer words -- 'flags=["dance"]' | field warning)" "ignored: dance"
drop words >/dev/null
is "spellings, order, numbers as text" "$(jq -n --rawfile sdp "$W/a.sdp" '{"transport protocol": "rtp/avp", "FROM_TAG": "a", sdp: $sdp,
	"rtpp_flags": "direction=[users peers] replace-origin TOS=184", "Call-ID": "words", command: "offer", "delete delay": "0"}' |
	ask - | result)" ok
drop words >/dev/null
is "nothing is left of all that" "$(sessions)" 0

# ---- figures -----------------------------------------------------------------------------------------------------

at_users=$(offer media >/dev/null; answer media | port_of)
packets alice 4000 192.0.2.1 "$at_users" 0 40 172
packets alice 4001 192.0.2.1 $((at_users + 1)) 200 5 28
check "totals are the packets that passed, RTP and RTCP apart" wait_for has_figures 40 5
is "... and their bytes" "$(figure RTP bytes) $(figure RTCP bytes)" "$((40 * 172)) $((5 * 28))"
is "... of each stream" "$(ask query call-id=media | jq -c '[.tags.a.medias[0].streams[] | [.flags[0], .stats.packets]]')" \
	'[["RTP",40],["RTCP",5]]'
is "... going out at the other side" "$(ask query call-id=media | jq -c '[.tags.b.medias[0].streams[].stats_out.packets]')" '[40,5]'
out=$(drop media)
is "delete tells the same, of a call that is gone" "$(jq -c '[.totals.RTP.packets, .totals.RTCP.packets, (.tags | keys)]' <<<"$out")" \
	'[40,5,["a","b"]]'
is "the time of creation in three forms" "$(jq '.created_ts == .created * 1000000 + .created_us' <<<"$out")" true

# ---- a delay, SIGHUP ---------------------------------------------------------------------------------------------

offer late >/dev/null
is "delete with a delay" "$(ask delete call-id=late delete-delay=4 | result)" ok
is "... leaves the call for now" "$(sessions)" 1
none_left() { [ "$(sessions)" = 0 ]; }
check "... and ends it" wait_for none_left
offer kept >/dev/null
kill -HUP "${DAEMON_PID[cs]}"
check "SIGHUP without a file is told" wait_for grep -q ' app: SIGHUP' "${DAEMON_LOG[cs]}"
is "... and leaves the call" "$(ask list | jq -c .calls)" '["kept"]'
is "... and the listener" "$(answer kept | result)" ok
check "the daemon ends with no complaint but about those who may not speak" daemon_stop cs '(not among the sources|SIGHUP|XDP|kernel lane)'

# ---- what runs out -----------------------------------------------------------------------------------------------

relay_start cs access core "${ARGS[@]}" --port-min 30000 --port-max 30007 || { not_ok "it starts again"; tap_end; }
made=0
while [ $made -lt 8 ] && out=$(offer full$made) && [ "$(result <<<"$out")" = ok ]; do made=$((made + 1)); done
check "calls up to the limit" [ $made -gt 0 ]
is "then the limit, to who does not know it" "$(reason <<<"$out")" "Parallel session limit reached"
is "... to who does" "$(offer more -- 'supports=["load limit"]' | jq -c '[.result, .message]')" \
	'["load limit","Parallel session limit reached"]'
is "... and no session more" "$(sessions)" $made
is "a re-offer is still served" "$(offer full0 | result)" ok
is "refused sessions are counted" "$(ask statistics | jq -c '.statistics.totalstatistics | [.managedsessions, .rejectedsessions]')" "[$made,2]"
for i in $(seq 0 $((made - 1))); do drop "full$i" >/dev/null; done
sdp_write "$W/a.sdp" 192.0.2.2 4000 4002 4004 4006 4008 4010
is "ports run out" "$(offer wide | reason)" "Ran out of ports"
is "... and nothing is left of it" "$(sessions)" 0
sdp_write "$W/a.sdp" 192.0.2.2 4000 4002
is "... not even a port" "$(offer narrow | result)" ok
check "the daemon ends without a complaint" daemon_stop cs '(XDP|kernel lane)'
tap_end
