# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Keys where none may be. Sourced by netns.sh, which calls it wherever a daemon ends: nobody has to remember.
#
#	leaks_none DIRECTORY FILE...	no FILE holds a key that stands in a file of DIRECTORY, nor anything that looks like one
#
# Searched for: the keys of every SDP and key file (as base64, and as hexadecimal), ICE passwords, lines of private keys; and whatever they
# are, `inline:` with a key behind it and the head of a private key in PEM. What programs said (*.log, *.said) is no source of keys.

LEAKS_LOOK='inline:[A-Za-z0-9+/]{20}|BEGIN [A-Z ]*PRIVATE KEY'

# 20 digits of base64 are 15 bytes: a key is found without its salt as well. Only the perl of every Debian (perl-base), which has no
# MIME::Base64; but "u" of unpack knows the same digits by other letters, in lines that say their length: "2" is 18 bytes.
# Guests have no perl at all, and few keys.
leaks_forms() { # keys on standard input -> the beginnings of each, in base64 and hexadecimal
	local key hex
	if command -v perl >/dev/null; then
		perl -ne '
			chomp;
			print substr($_, 0, 20), "\n";
			$_ = substr($_ . "AA", 0, 24);
			tr|A-Za-z0-9+/| -_|;
			print substr(unpack("H*", unpack("u", "2$_")), 0, 32), "\n"'
		return
	fi
	while read -r key; do
		hex=$(base64 -d <<<"${key:0:20}" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
		[ ${#hex} -eq 30 ] || return 1
		printf '%s\n' "${key:0:20}" "$hex"
	done
}
leaks_patterns() { # DIRECTORY
	LC_ALL=C grep -rhoaE --exclude='*.log' --exclude='*.said' --exclude='*.pcap' \
		-e 'inline:[A-Za-z0-9+/]{38,}' -e 'a=ice-pwd:[A-Za-z0-9+/]{22,}' "$1" |
		sed 's/^[^:]*://; s/^a=ice-pwd://' | sort -u | leaks_forms || return 1
	LC_ALL=C grep -rlaE --exclude='*.log' --exclude='*.said' --exclude='*.pcap' -e 'BEGIN [A-Z ]*PRIVATE KEY' "$1" |
		while read -r file; do
			awk '/BEGIN .*PRIVATE KEY/ { at = NR } at && NR == at + 2 { print substr($0, 1, 40) }' "$file"
		done
}

leaks_none() { # DIRECTORY FILE...
	local directory=$1 file found=0 patterns=$1/.leaks-patterns
	shift
	if ! (umask 077 && leaks_patterns "$directory" >"$patterns"); then
		echo "# keys cannot be searched for"
		return 1
	fi
	for file in "$@"; do
		[ -s "$file" ] || continue
		# Which one it is, is not said: the output of tests is kept.
		if LC_ALL=C grep -qaE -e "$LEAKS_LOOK" "$file"; then
			echo "# ${file##*/}: something like a key, at line $(LC_ALL=C grep -naE -m 1 -e "$LEAKS_LOOK" "$file" | cut -d : -f 1)"
			found=1
		elif LC_ALL=C grep -qaiF -f "$patterns" "$file"; then
			echo "# ${file##*/}: a key of this test, at line $(LC_ALL=C grep -naiF -m 1 -f "$patterns" "$file" | cut -d : -f 1)"
			found=1
		fi
	done
	rm -f "$patterns"
	return $found
}
