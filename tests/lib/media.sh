# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034
#
# Descriptions of GStreamer pipelines for tests/media: one end of a call with audio (16 kHz L16, so that samples can be
# compared one by one) and video (VP8), each with its own SRTP keys and RTCP. Source after netns.sh.
#
# Files of an end NAME in $W: NAME-KIND.sent (what went into the payloader), NAME-KIND.heard (what was decoded), for video
# also NAME-video.coded (the encoder's output) and .sent decoded from just that.

# GStreamer's words for our suites: cipher and authentication (none of its own for GCM).
declare -A GST_CIPHER=(
	[AES_CM_128_HMAC_SHA1_80]="aes-128-icm hmac-sha1-80 hmac-sha1-80"
	[AES_CM_128_HMAC_SHA1_32]="aes-128-icm hmac-sha1-32 hmac-sha1-80"
	[AES_256_CM_HMAC_SHA1_80]="aes-256-icm hmac-sha1-80 hmac-sha1-80"
	[AES_256_CM_HMAC_SHA1_32]="aes-256-icm hmac-sha1-32 hmac-sha1-80"
	[AEAD_AES_128_GCM]="aes-128-gcm null null"
	[AEAD_AES_256_GCM]="aes-256-gcm null null"
)
declare -A MEDIA_PT=([audio]=96 [video]=97)
declare -A MEDIA_CAPS=(
	[audio]="media=(string)audio,clock-rate=(int)16000,encoding-name=(string)L16,channels=(int)1,payload=(int)96"
	[video]="media=(string)video,clock-rate=(int)90000,encoding-name=(string)VP8,payload=(int)97"
)
MEDIA_SESSIONS=(audio video)

# "tx SUITE inline:..." or "rx ..." of a peer's key file -> suite and key
media_key() { # FILE DIRECTION
	awk -v d="$2" '$1 == d { print $2, $3 }' "$1"
}

media_encryptor() { # NAME KEYFILE
	local suite key cipher auth rtcp_auth
	read -r suite key < <(media_key "$2" tx)
	read -r cipher auth rtcp_auth <<<"${GST_CIPHER[$suite]}"
	echo "srtpenc name=$1 key=\"$(key_hex "$key")\" rtp-cipher=$cipher rtp-auth=$auth" \
		"rtcp-cipher=$cipher rtcp-auth=$rtcp_auth"
}

media_caps() { # KEYFILE TYPE SSRC KIND
	local suite key cipher auth rtcp_auth
	read -r suite key < <(media_key "$1" rx)
	read -r cipher auth rtcp_auth <<<"${GST_CIPHER[$suite]}"
	echo "$2,${MEDIA_CAPS[$4]},ssrc=(uint)$3,srtp-key=(buffer)$(key_hex "$key"),srtp-cipher=(string)$cipher," \
		"srtp-auth=(string)$auth,srtcp-cipher=(string)$cipher,srtcp-auth=(string)$rtcp_auth"
}

# What is sent: $5 seconds of it. $6 is a UDP port of the loopback that gets the clear RTP too, for the control capture.
media_source_audio() { # NAME SESSION SSRC WAVE SECONDS CLEAR-PORT
	cat <<-END
		audiotestsrc wave=$4 num-buffers=$(($5 * 50)) samplesperbuffer=320 is-live=true
		! audio/x-raw,format=S16BE,rate=16000,channels=1 ! tee name=$1-audio-raw
		$1-audio-raw. ! queue ! filesink location=$W/$1-audio.sent sync=false
		$1-audio-raw. ! queue ! rtpL16pay pt=96 ssrc=$3 max-ptime=20000000 min-ptime=20000000 ! tee name=$1-audio-rtp
		$(media_clear "$1-audio-rtp" "$6")
		$1-audio-rtp. ! queue ! rtp.send_rtp_sink_$2
	END
}

media_source_video() { # NAME SESSION SSRC PATTERN SECONDS CLEAR-PORT
	cat <<-END
		videotestsrc pattern=$4 num-buffers=$(($5 * 15)) is-live=true
		! video/x-raw,format=I420,width=320,height=240,framerate=15/1
		! vp8enc deadline=1 cpu-used=8 target-bitrate=400000 keyframe-max-dist=15 error-resilient=default
		! tee name=$1-video-coded
		$1-video-coded. ! queue ! filesink location=$W/$1-video.coded sync=false
		$1-video-coded. ! queue ! vp8dec ! filesink location=$W/$1-video.sent sync=false
		$1-video-coded. ! queue ! rtpvp8pay pt=97 ssrc=$3 mtu=1200 ! tee name=$1-video-rtp
		$(media_clear "$1-video-rtp" "$6")
		$1-video-rtp. ! queue ! rtp.send_rtp_sink_$2
	END
}

media_clear() { # TEE PORT
	[ -z "$2" ] || echo "$1. ! queue ! udpsink host=127.0.0.1 port=$2 sync=false async=false"
}

# Sending half of one m-line; the source itself comes from media_source_*.
media_send() { # NAME SESSION KEYFILE REMOTE RTP-PORT RTCP-PORT
	local id=$1-${MEDIA_SESSIONS[$2]}
	cat <<-END
		$(media_encryptor "$id-enc" "$3")
		rtp.send_rtp_src_$2 ! $id-enc.rtp_sink_0
		$id-enc.rtp_src_0 ! udpsink name=$id-rtp-out host=$4 port=$5 sync=false async=false
		rtp.send_rtcp_src_$2 ! $id-enc.rtcp_sink_0
		$id-enc.rtcp_src_0 ! udpsink name=$id-rtcp-out host=$4 port=$6 sync=false async=false
	END
}

# Receiving half: ports PORT and PORT + 1 of ADDRESS; HEARD no: RTCP only matters, RTP is not decoded.
media_receive() { # NAME SESSION KEYFILE ADDRESS PORT SSRC
	local kind=${MEDIA_SESSIONS[$2]} id sink
	id=$1-$kind
	sink="filesink location=$W/$id.heard sync=false async=false"
	cat <<-END
		udpsrc name=$id-rtp-in address=$4 port=$5 buffer-size=2097152
		caps="$(media_caps "$3" application/x-srtp "$6" "$kind")" ! $id-dec.rtp_sink
		udpsrc name=$id-rtcp-in address=$4 port=$(($5 + 1))
		caps="$(media_caps "$3" application/x-srtcp "$6" "$kind")" ! $id-dec.rtcp_sink
		srtpdec name=$id-dec
		$id-dec.rtp_src ! rtp.recv_rtp_sink_$2
		$id-dec.rtcp_src ! rtp.recv_rtcp_sink_$2
	END
	if [ "$kind" = audio ]; then
		echo "rtp.recv_rtp_src_$2_$6_96 ! rtpL16depay ! $sink"
	else
		echo "rtp.recv_rtp_src_$2_$6_97 ! rtpvp8depay ! vp8dec ! $sink"
	fi
}

# Runs a pipeline from a file in the background; its process is $BG.
media_start() { # NAMESPACE NAME: pipeline in $W/NAME.pipeline
	bg "$1" "$MEDIA" "$W/$2.pipeline" >"$W/$2.out" 2>&1
}
media_playing() { # NAME
	wait_for grep -q playing "$W/$1.out"
}
# End of stream into the pipeline, so that its files are complete.
media_stop() { # PID
	kill -INT "$1" && wait "$1"
}
