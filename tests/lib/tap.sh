# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# TAP for shell tests: sourced first. `ok`, `not_ok`, `skip`, `check NAME COMMAND...`, `is NAME GOT WANT`, `tap_end`.
# A script that dies early, or that tests nothing, fails: its plan comes last.

TAP_COUNT=0
TAP_FAILED=0

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $*"
}
not_ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_COUNT - $*"
}
skip() { # NAME WHY
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}
# The whole script cannot run here.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}
check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then ok "$name"; else
		not_ok "$name"
		diag "failed: $*"
	fi
}
is() { # NAME GOT WANT
	if [ "$2" = "$3" ]; then ok "$1"; else
		not_ok "$1"
		diag "got:  $2"
		diag "want: $3"
	fi
}
# The text of $2 has a match of the extended regular expression $3.
like() { # NAME TEXT REGEX
	if grep -Eq -e "$3" <<<"$2"; then ok "$1"; else
		not_ok "$1"
		diag "got:  $2"
		diag "want: $3"
	fi
}
unlike() { # NAME TEXT REGEX
	if grep -Eq -e "$3" <<<"$2"; then
		not_ok "$1"
		diag "got:  $2"
		diag "must not match: $3"
	else ok "$1"; fi
}
# For the command of a check: its output would swallow or break the TAP lines if redirected there.
quiet() { # COMMAND...
	"$@" >/dev/null 2>&1
}
tap_end() {
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" -eq 0 ] && [ "$TAP_COUNT" -gt 0 ]
	exit
}
