# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# SDP of the users: offers, answers to what came, and what both together mean for the media programs. Source after netns.sh. Keys are made
# here and now, pass through files and shell variables only, and each file is readable by its owner alone.
#
#	sdp_offer FILE ADDRESS MEDIA:PORT...	m-lines as SDP_KIND (plain, sdes, dtls) has it
#	sdp_answer FILE ADDRESS OFFER PORT...	an answer to each m-line, as it was offered; port 0 rejects
#	sdp_again FILE DIRECTION [CONNECTION]	the next version: the same media and keys, held or resumed
#	sdp_keys LOCAL REMOTE N			key file of the peer for the N-th m-line (from 1)
#	sdp_remote REMOTE N			"ADDRESS RTP-PORT RTCP-PORT" (equal ports: rtcp-mux)
#	sdp_dtls LOCAL REMOTE N IDENTITY	options of the peer for DTLS
#	sdp_identity FILE			certificate and key in PEM; FILE.fingerprint
#
# SDP_SUITES: offered, in this order, and taken first from an offer. SDP_IDENTITY: for dtls. SDP_SETUP: role in an answer.
# SDP_MUX: rtcp-mux for sdes and plain too. SDP_LINES: further lines of each m-line.

SDP_KIND=plain
SDP_SUITES=(AES_CM_128_HMAC_SHA1_80)
SDP_IDENTITY=
SDP_SETUP=active
SDP_MUX=
SDP_LINES=()
declare -A SDP_FORMAT=([audio]="96" [video]="97") SDP_RTPMAP=([audio]="96 L16/16000" [video]="97 VP8/90000")

sdp_identity() { # FILE
	(
		umask 077
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=anonymous" \
			-keyout "$1.key" -out "$1.certificate" 2>/dev/null &&
			cat "$1.certificate" "$1.key" >"$1" && rm -f "$1.key"
		openssl x509 -in "$1.certificate" -noout -fingerprint -sha256 | sed 's/.*=/sha-256 /' >"$1.fingerprint"
	)
}

# Lines on standard input -> FILE with the line ends of the wire; SIPp adds the last one itself.
sdp_store() { # FILE
	(
		umask 077
		sed 's/$/\r/' | head -c -2 >"$1.new" && mv "$1.new" "$1"
	)
}

# The N-th m-line and what belongs to it; 0: what stands before the first.
sdp_section() { # FILE N
	tr -d '\r' <"$1" | awk -v n="$2" '/^m=/ { at++ } at == n + 0'
}
sdp_count() { # FILE -> m-lines
	grep -c '^m=' "$1"
}
sdp_attr() { # FILE N ATTRIBUTE -> values, its own before the session's
	{
		sdp_section "$1" "$2"
		sdp_section "$1" 0
	} | sed -n "s/^a=$3://p"
}
sdp_has() { # FILE N ATTRIBUTE
	sdp_section "$1" "$2" | grep -qx "a=$3"
}

sdp_head() { # ADDRESS VERSION
	printf '%s\n' "v=0" "o=user 20518 $2 IN IP4 $1" "s=-" "c=IN IP4 $1" "t=0 0"
}
sdp_rtpmap() { # MEDIA
	echo "a=rtpmap:${SDP_RTPMAP[$1]}"
}

sdp_offer_media() { # MEDIA PORT
	local proto=RTP/AVP i
	case $SDP_KIND in sdes) proto=RTP/SAVP ;; dtls) proto=UDP/TLS/RTP/SAVPF ;; esac
	echo "m=$1 $2 $proto ${SDP_FORMAT[$1]}"
	sdp_rtpmap "$1"
	[ ${#SDP_LINES[@]} -eq 0 ] || printf '%s\n' "${SDP_LINES[@]}"
	if [ "$SDP_KIND" = dtls ] || [ -n "$SDP_MUX" ]; then echo "a=rtcp-mux"; fi
	case $SDP_KIND in
	sdes) for i in "${!SDP_SUITES[@]}"; do
		printf '%s\n' "a=crypto:$((i + 1)) ${SDP_SUITES[i]} $(key_new "${SDP_SUITES[i]}")"
	done ;;
	dtls) printf '%s\n' "a=setup:actpass" "a=fingerprint:$(cat "$SDP_IDENTITY.fingerprint")" ;;
	esac
}

sdp_offer() { # FILE ADDRESS MEDIA:PORT...
	local file=$1 address=$2 word
	shift 2
	{
		sdp_head "$address" 1
		for word in "$@"; do sdp_offer_media "${word%:*}" "${word#*:}"; done
	} | sdp_store "$file"
}

# The crypto line of an offer that suits best -> "TAG SUITE"
sdp_choose() { # OFFER N
	local suite line
	for suite in "${SDP_SUITES[@]}" ''; do
		while read -r line; do
			[[ $line == *" $suite"* ]] || continue
			# shellcheck disable=SC2086
			set -- $line
			echo "$1 $2"
			return
		done < <(sdp_attr "$1" "$2" crypto)
	done
}

sdp_answer_media() { # OFFER N PORT
	local media proto tag suite setup
	read -r media _ proto _ < <(sdp_section "$1" "$2" | sed -n 's/^m=//p')
	echo "m=$media $3 $proto ${SDP_FORMAT[$media]}"
	sdp_rtpmap "$media"
	[ "$3" != 0 ] || return 0
	[ ${#SDP_LINES[@]} -eq 0 ] || printf '%s\n' "${SDP_LINES[@]}"
	if sdp_has "$1" "$2" rtcp-mux && [[ $proto == UDP/* || -n $SDP_MUX ]]; then echo "a=rtcp-mux"; fi
	case $proto in
	UDP/TLS/*)
		setup=$(sdp_attr "$1" "$2" setup | head -n 1)
		case $setup in active) setup=passive ;; passive) setup=active ;; *) setup=$SDP_SETUP ;; esac
		printf '%s\n' "a=setup:$setup" "a=fingerprint:$(cat "$SDP_IDENTITY.fingerprint")"
		;;
	*SAVP*)
		read -r tag suite < <(sdp_choose "$1" "$2")
		printf '%s\n' "a=crypto:$tag $suite $(key_new "$suite")"
		;;
	esac
}

sdp_answer() { # FILE ADDRESS OFFER PORT...
	local file=$1 address=$2 offer=$3 n=0 port
	shift 3
	{
		sdp_head "$address" 1
		for port in "$@"; do
			n=$((n + 1))
			sdp_answer_media "$offer" $n "$port"
		done
	} | sdp_store "$file"
}

sdp_again() { # FILE DIRECTION [CONNECTION]
	tr -d '\r' <"$1" | awk -v direction="$2" -v connection="${3:-}" '
		/^o=/ { $3++ }
		/^c=/ && connection != "" { $3 = connection }
		/^a=(sendrecv|sendonly|recvonly|inactive)$/ { next }
		/^m=/ && n++ { print "a=" direction }
		{ print }
		END { print "a=" direction }' | sdp_store "$1.again"
	mv "$1.again" "$1"
}

# ---- what an offer and its answer mean -------------------------------------------------------------------------------

# The answer has one crypto line; the offer's of the same tag goes with it.
sdp_keys() { # LOCAL REMOTE N
	local tag suite key line
	local -A local_key=()
	while read -r tag suite key; do local_key[$tag]="$suite ${key%%|*}"; done < <(sdp_attr "$1" "$3" crypto)
	while read -r tag suite key; do
		line=${local_key[$tag]:-}
		[ -n "$line" ] || continue
		printf 'tx %s\nrx %s %s\n' "$line" "$suite" "${key%%|*}"
		return 0
	done < <(sdp_attr "$2" "$3" crypto)
	[ ${#local_key[@]} -eq 0 ]
}

sdp_remote() { # REMOTE N
	local address port rtcp
	address=$({
		sdp_section "$1" "$2"
		sdp_section "$1" 0
	} | sed -n 's/^c=IN IP[46] //p' | head -n 1)
	port=$(sdp_section "$1" "$2" | sed -n 's/^m=[a-z]* \([0-9]*\) .*/\1/p')
	rtcp=$(sdp_section "$1" "$2" | sed -n 's/^a=rtcp:\([0-9]*\).*/\1/p')
	if sdp_has "$1" "$2" rtcp-mux; then rtcp=$port; fi
	echo "$address $port ${rtcp:-$((port + 1))}"
}

sdp_dtls() { # LOCAL REMOTE N IDENTITY -> one option or value per line
	local role
	role=$(sdp_attr "$1" "$3" setup | head -n 1)
	if [ "$role" = actpass ]; then
		case $(sdp_attr "$2" "$3" setup | head -n 1) in active) role=passive ;; *) role=active ;; esac
	fi
	printf '%s\n' --mux --dtls "$role" --identity "$4" --fingerprint "$(sdp_attr "$2" "$3" fingerprint | head -n 1)"
}
