#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the provider's rules make of calls over ng: who may use it, what users ask for, interworking, users who key each other, reload,
# and `upsec policy check`, which says the same without a call.
cd "$(dirname "$0")" || exit 1
# shellcheck source=tests/lib/tap.sh
. ../lib/tap.sh
# shellcheck source=tests/lib/netns.sh
. ../lib/netns.sh
# shellcheck source=tests/lib/call.sh
. ../lib/call.sh
# shellcheck source=tests/lib/relay.sh
. ../lib/relay.sh
# shellcheck source=tests/lib/sdp.sh
. ../lib/sdp.sh
# shellcheck source=tests/lib/negotiate.sh
. ../lib/negotiate.sh

CLEAR=RTP/AVP SDES=RTP/SAVP
ALICE=alice@example.org # as the table has it: without a scheme
COMPLAINTS='(refused|policy|registration|compromised|SIGHUP)'

sets_of() { # ID -> mechanism of both legs
	upsec cs -j session show "$1" 2>/dev/null | jq -r '[.streams[0].legs[].mechanism] | join(" ")'
}
gone() { ! upsec cs session show "$1" >/dev/null 2>&1; }
# An offer that must not have media, and the reason.
refused() { # NAME ID REGEX [WORD...]
	local name=$1 id=$2 regex=$3
	shift 3
	if neg_offer "$id" "$@"; then
		not_ok "$name"
		neg_del "$id"
		return
	fi
	like "$name" "$(neg_reason "$id" offer)" "$regex"
}
checked() { # NAME STATUS FILE REGEX WORD...
	local name=$1 status=$2 file=$3 regex=$4 out got
	shift 4
	out=$(upsec cs policy check from access to core "$@" sdp "$file" 2>&1)
	got=$?
	is "$name: exit status" $got "$status"
	like "$name: what it says" "$out" "$regex"
}
events() { # -> kinds of events so far
	cat "$W/events"
}

# ---- who may use it ------------------------------------------------------------------------------------------------

registration() {
	local id=reg
	neg_offer_write $id sdes
	refused "registration_required_without_an_address_is_refused" $id 'regist|address' "transport-protocol=$SDES"
	refused "registration_required_of_an_unknown_address_is_refused" $id 'regist' "transport-protocol=$SDES" \
		cpm-address=sip:$ALICE authenticated=yes
	is "registration_add: told" "$(upsec cs -j registration add sip:$ALICE source 192.0.2.2 | jq -r .added)" "sip:$ALICE"
	refused "registration_of_an_unauthenticated_client_is_refused" $id 'authenticat' "transport-protocol=$SDES" \
		cpm-address=sip:$ALICE authenticated=no
	NEG_OFFER=("cpm-address=sip:$ALICE" authenticated=yes)
	check "registered_and_authenticated_may_call" neg_call $id sdes $SDES
	check "registered_and_authenticated_may_call: media" neg_flows $id
	is "registration_list: shows the source" "$(upsec cs -j registration list | jq -r '.[] | "\(.address) \(.source)"')" \
		"$ALICE 192.0.2.2"
	is "the leg takes media from the registered source only" "$(neg_leg $id 0 .source_ip)" 192.0.2.2
	check "registration_del" quiet upsec cs registration del $ALICE
	check "removal_of_a_registration_closes_the_leg" wait_for gone $id
	check "registration_add_that_expires" quiet upsec cs registration add $ALICE source 192.0.2.2 expires 600
	check "registered_for_a_while: call" neg_call $id-2 sdes $SDES
	check "registration_renewed_for_a_shorter_time" quiet upsec cs registration add $ALICE source 192.0.2.2 expires 1
	check "expiry_of_a_registration_closes_the_leg" wait_for gone $id-2
	is "registration_list: nobody is left" "$(upsec cs -j registration list | jq length)" 0
	upsec cs registration del $ALICE 2>/dev/null
	is "registration_del_of_nobody: exit status" $? 1
	check "registered_by_the_proxy_itself" neg_call_with $id-3 registered-source=192.0.2.2
	neg_del $id-3
	NEG_OFFER=()
	like "events of registrations" "$(events)" '"registration"'
}
neg_call_with() { # ID WORD...
	local id=$1
	shift
	neg_offer_write "$id" sdes
	neg_offer "$id" "transport-protocol=$SDES" "$@" || return
	neg_answer_write "$id"
	neg_answer "$id"
}

# ---- what users ask for, and rules ------------------------------------------------------------------------------------

wishes() {
	local id=wish
	neg_offer_write $id plain
	check "rule_allow_and_user_none_is_clear" neg_offer $id "transport-protocol=$CLEAR" user-protection=none
	is "rule_allow_and_user_none_is_clear: both legs" "$(sets_of $id)" "clear clear"
	neg_del $id
	refused "user_required_is_not_given_less" $id 'requir|protect' "transport-protocol=$CLEAR" user-protection=required
	neg_offer_write $id sdes
	check "user_required_and_able" neg_offer $id "transport-protocol=$SDES" user-protection=required
	is "user_required_and_able: both legs" "$(sets_of $id)" "sdes sdes"
	is "user_required_and_able: decided by the user" "$(neg_leg $id 0 .decided_by)" user
	neg_del $id
	check "user_none_does_not_lower_a_secured_profile" neg_offer $id "transport-protocol=$SDES" user-protection=none
	is "user_none_does_not_lower_a_secured_profile: its leg" "$(neg_leg $id 0 .mechanism)" sdes
	neg_del $id
	refused "sdes_over_signalling_that_is_not_encrypted_is_refused" $id 'signalling|encrypt' "transport-protocol=$SDES" \
		signalling=integrity
}

forbid() {
	local id=forbid
	sed -i 's|^m=audio|m=video|; s|96 L16/16000|96 VP8/90000|' "$W/wish.a.sdp"
	cp "$W/wish.a.sdp" "$W/$id.a.sdp"
	refused "rule_forbid_refuses_a_secured_profile" $id 'forbid' "transport-protocol=$SDES"
}

# ---- interworking -----------------------------------------------------------------------------------------------------

interworking() { # in a daemon of its own: core is an iwf leg
	local id=iwf
	neg_offer_write $id sdes
	refused "iwf_that_cannot_is_refused_by_default" $id 'rule others|interworking' "transport-protocol=$CLEAR"
	sed -i 's/unprotected-interworking: refuse/unprotected-interworking: allow/' "$W/cs.yaml"
	reload
	check "iwf_allowed_by_a_named_rule: call" neg_call $id sdes $CLEAR
	like "compromised: in the reply" "$(cat "$W/$id.offer" "$W/$id.answer")" 'compromised'
	like "compromised: in the SDP towards the user" "$(cat "$W/$id.b2a.sdp")" '^a=x-upsec-integrity:compromised'
	unlike "compromised: not in the SDP towards the other network" "$(cat "$W/$id.a2b.sdp")" 'x-upsec-integrity'
	is "compromised: in session show" "$(upsec cs -j session show $id | jq -r .integrity_compromised)" yes
	like "compromised: in session show for people" "$(upsec cs session show $id)" 'compromised'
	is "compromised: the leg and its rule" "$(neg_leg $id 1 '"\(.mechanism) \(.rule) \(.integrity_compromised)"')" "clear others true"
	check "compromised: an event" wait_for grep -q '"compromised"' "$W/events"
	check "iwf_allowed_by_a_named_rule: media" neg_flows $id
	neg_del $id
	check "iwf_that_can_is_protected: call" neg_call $id-2 sdes $SDES
	is "iwf_that_can_is_protected: not compromised" "$(upsec cs -j session show $id-2 | jq -r .integrity_compromised)" no
	neg_del $id-2
}

# ---- users who key each other --------------------------------------------------------------------------------------------

opaque() {
	local id=opaque
	check "opaque: call" neg_call $id sdes $SDES
	is "opaque: alice's keys reach bob as they are" "$(sdp_attr "$W/$id.a2b.sdp" 1 crypto)" "$(sdp_attr "$W/$id.a.sdp" 1 crypto)"
	is "opaque: bob's reach alice" "$(sdp_attr "$W/$id.b2a.sdp" 1 crypto)" "$(sdp_attr "$W/$id.b.sdp" 1 crypto)"
	is "opaque: both legs" "$(sets_of $id)" "opaque opaque"
	is "opaque: end to end" "$(upsec cs -j session show $id | jq -r .end_to_end)" yes
	check "opaque: media passes untouched" neg_flows $id
	neg_del $id
	check "opaque_dtls: call" neg_call $id-dtls dtls UDP/TLS/RTP/SAVPF
	is "opaque_dtls: the fingerprint reaches bob as it is" "$(sdp_attr "$W/$id-dtls.a2b.sdp" 1 fingerprint)" \
		"$(sdp_attr "$W/$id-dtls.a.sdp" 1 fingerprint)"
	check "opaque_dtls: handshake and media between the users" neg_flows $id-dtls
	neg_del $id-dtls
}

# ---- reload and check ------------------------------------------------------------------------------------------------------

RELOADS=0
reload() {
	RELOADS=$((RELOADS + 1))
	kill -HUP "${DAEMON_PID[cs]}"
	wait_for reloaded
}
reloaded() { [ "$(grep -c 'SIGHUP: reloaded' "${DAEMON_LOG[cs]}")" = $RELOADS ]; }

reloading() {
	local id=running
	check "reload: a call in clear" neg_call $id plain $CLEAR
	sed -i 's/protection: allow/protection: require/' "$W/cs.yaml"
	check "reload: SIGHUP" reload
	like "policy_show: the new rules" "$(upsec cs policy show)" 'require'
	is "reload: the running call is as it was" "$(sets_of $id)" "clear clear"
	check "reload: and its media flows" neg_flows $id
	sdp_again "$W/$id.a.sdp" sendrecv
	refused "reload: its next offer is judged anew" $id 'requir|protect' to-tag=b "transport-protocol=$CLEAR"
	is "reload: and refused without harm" "$(sets_of $id)" "clear clear"
	neg_del $id
	neg_offer_write $id-2 plain
	refused "reload: so is a new call" $id-2 'requir|protect' "transport-protocol=$CLEAR"
}

checks() { # while clear is allowed on both legs
	neg_offer_write check sdes
	cp "$W/check.a.sdp" "$W/sdes.sdp"
	neg_offer_write check plain
	cp "$W/check.a.sdp" "$W/plain.sdp"
	checked "policy_check_secured" 0 "$W/sdes.sdp" 'sdes.*users' transport $SDES
	checked "policy_check_clear" 0 "$W/plain.sdp" 'clear' transport $CLEAR
	checked "policy_check_required" 1 "$W/plain.sdp" 'refused' transport $CLEAR user-protection required
	checked "policy_check_signalling" 1 "$W/sdes.sdp" 'signalling|encrypt' transport $SDES signalling none
	upsec cs policy check from moon to core sdp "$W/plain.sdp" >/dev/null 2>&1
	is "policy_check_of_an_unknown_interface: exit status" $? 1
	upsec cs policy check from access to core sdp "$W/missing.sdp" >/dev/null 2>&1
	is "policy_check_of_a_missing_file: exit status" $? 2
	upsec cs policy check from access >/dev/null 2>&1
	is "policy_check_without_to: exit status" $? 2
	is "policy_check as JSON" "$(upsec cs -j policy check from access to core transport $SDES sdp "$W/sdes.sdp" |
		jq -r '"\(.refused) \(.streams[0].legs[0].mechanism) \(.streams[0].legs[0].rule)"')" "false sdes users"
	unlike "policy_check_show_sdp: no key in it" \
		"$(upsec cs policy check from access to core transport $SDES show-sdp sdp "$W/sdes.sdp")" 'inline:[A-Za-z0-9+/]{20}'
	is "policy_check makes no session" "$(upsec cs -j session list | jq length)" 0
}

start() { # NAME POLICY-LINE...
	local name=$1
	shift
	RELOADS=0
	neg_daemon 'log: {level: debug}' 'policy:' "$@" || { not_ok "$name: the daemon starts"; tap_end; }
	bg cs "$UPSEC" -j monitor >"$W/events" 2>&1
	MONITOR=$BG
}
stop() { # NAME
	kill "$MONITOR"
	wait "$MONITOR" 2>/dev/null
	cp "$W/events" "$W/events-$1.said"
	is "$1: no session is left" "$(upsec cs -j session list | jq length)" 0
	check "$1: the daemon ends without a complaint" daemon_stop cs "$COMPLAINTS"
}

net_begin
relay_need
net_single
start registered '  - {name: users, leg: [conv], registration: required}' '  - {name: peers, leg: [nni]}'
registration
stop registered
start wishes '  - {name: no-video, media: video, protection: forbid, registration: optional}' \
	'  - {name: users, leg: [conv], protection: allow, registration: optional}' '  - {name: peers, leg: [nni], protection: allow}'
checks
wishes
forbid
reloading
stop wishes
NEG_KIND_B=iwf
start interworking '  - {name: users, leg: [conv], registration: optional}' \
	'  - {name: others, leg: [iwf], protection: prefer, unprotected-interworking: refuse}'
interworking
stop interworking
NEG_KIND_B=nni
start opaque '  - {name: users, leg: [conv], termination: opaque, registration: optional}' \
	'  - {name: peers, leg: [nni], termination: opaque}'
opaque
stop opaque
tap_end
