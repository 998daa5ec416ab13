#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches readers of other origin for our report formats, into the build tree: never installed, never committed.
#
#   tests/lib/readers.sh NAME      prints the folder that holds its Python modules
#
#   kunit         the kernel's own KTAP parser, tools/testing/kunit of Debian's linux-source-6.1
#   junitparser   Debian's python3-junitparser, with the python3-future that it needs
#
# Exit 77: no network, or no Python.
set -eu

cd "$(dirname "$0")/../.."
deps=${DEPS:-o/deps}

say() {
	printf 'readers.sh: %s\n' "$*" >&2
}

# download PACKAGES DIR: their .deb files of bookworm into DIR.
download() {
	APT_CONFIG=$(tools/apt-private.sh "$deps/apt/bookworm-amd64" amd64 bookworm bookworm-security) || exit $?
	export APT_CONFIG
	# A list of words.
	# shellcheck disable=SC2086
	if ! (cd "$2" && apt-get -q download $1) >"$2/log" 2>&1; then
		say "cannot download $1: no network?"
		rm -rf "$2"
		exit 77
	fi
}

command -v python3 >/dev/null || { say 'no python3'; exit 77; }
dir=$deps/readers/$1
if [ ! -d "$dir" ]; then
	tmp=$deps/readers/$1.tmp.$$
	rm -rf "$tmp"
	mkdir -p "$tmp/new"
	case $1 in
	kunit)
		download linux-source-6.1 "$tmp"
		dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -x -O --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -x -J -C "$tmp/new" --strip-components=4 --wildcards '*/tools/testing/kunit/kunit_p*.py' ;;
	junitparser)
		download 'python3-junitparser python3-future' "$tmp"
		for deb in "$tmp"/*.deb; do
			dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tmp/new" --strip-components=5 ./usr/lib/python3/dist-packages
		done ;;
	*)
		rm -rf "$tmp"
		say "unknown reader $1 (kunit, junitparser)"
		exit 2 ;;
	esac
	rm -rf "$dir"
	mv "$tmp/new" "$dir"
	rm -rf "$tmp"
fi
printf '%s\n' "$(cd "$dir" && pwd)"
