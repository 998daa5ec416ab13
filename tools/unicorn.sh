#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Finds the Unicorn engine, 2.1.x as a static library, and makes the private copy that bootpath links.
#
#   tools/unicorn.sh have       exit 0 when a usable engine is there
#   tools/unicorn.sh fetch      take it from the next Debian suite into $DEPS/unicorn, installing nothing
#   tools/unicorn.sh prepare    write $DEPS/libunicorn.a
#
# Debian 13 and newer have 2.1.x. Debian 12 has 2.0.1, which runs boot code with a broken MMU and is refused.
set -eu

DEPS=${DEPS:-o/deps}
root=$DEPS/unicorn
suite=trixie

say() {
	printf '%s\n' "$*" >&2
}

# Prints the version that a header folder declares, as 2.1; nothing when there is no header.
version_of() {
	[ -r "$1/unicorn/unicorn.h" ] || return 0
	awk '$2 == "UC_API_MAJOR" { a = $3 } $2 == "UC_API_MINOR" { b = $3 } END { print a "." b }' \
		"$1/unicorn/unicorn.h"
}

# Sets $archive and $version to the engine to use: the fetched one first, then the distribution's.
find_engine() {
	archive='' version=''
	for top in "$root" ''; do
		version=$(version_of "$top/usr/include")
		[ -n "$version" ] || continue
		archive=$(find "$top"/usr/lib -maxdepth 2 -name libunicorn.a 2>/dev/null | head -n 1)
		[ -z "$archive" ] || return 0
	done
}

need_engine() {
	find_engine
	case $version in
	2.1)
		[ -z "$archive" ] || return 0
		say 'unicorn: Unicorn has no static library here (libunicorn.a): run `make deps`' ;;
	'')
		say 'unicorn: the engine is not here: run `make deps`' ;;
	2.0)
		say 'unicorn: this system has Unicorn 2.0.x, whose MMU is broken; bootpath needs 2.1.x.'
		say 'unicorn: run `make deps`: it fetches 2.1.x into the build tree and leaves the system alone.' ;;
	*)
		say "unicorn: Unicorn $version is not known to work; bootpath needs 2.1.x: run \`make deps\`" ;;
	esac
	exit 1
}

fetch() {
	arch=$(dpkg --print-architecture)
	here=$(cd "$(dirname "$0")" && pwd)
	APT_CONFIG=$("$here/apt-private.sh" "$DEPS/apt/$suite" "$arch" "$suite") || exit $?
	export APT_CONFIG
	say "unicorn: fetching libunicorn-dev from $suite into $root"
	tmp=$DEPS/unicorn.tmp
	rm -rf "$tmp"
	mkdir -p "$tmp/debs"
	(cd "$tmp/debs" && apt-get -q download libunicorn-dev libunicorn2t64) >"$DEPS/unicorn.log" 2>&1 || {
		sed 's/^/  /' "$DEPS/unicorn.log" >&2
		say 'unicorn: the download failed'
		exit 77
	}
	for deb in "$tmp"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root"
	done
	find "$tmp/root" -name libunicorn.a -exec touch {} +
	rm -rf "$root"
	mv "$tmp/root" "$root"
	rm -rf "$tmp"
	need_engine
}

# The copy differs in two things: tlb_set_dirty is weak, so that emu/uc_tlb.c can replace it; and every name of its own
# beside the API (uc_*) and the x86-64 core (*_x86_64) gets a prefix, since it has many plain ones like cpu_state_reset.
prepare() {
	need_engine
	mkdir -p "$DEPS"
	new=$DEPS/libunicorn.$$
	nm -g --defined-only "$archive" 2>/dev/null |
		awk 'NF == 3 && $3 !~ /^uc_/ && $3 !~ /_x86_64$/ && !seen[$3]++ { print $3, "unicorn_" $3 }' >"$new.names"
	${OBJCOPY:-objcopy} --weaken-symbol=tlb_set_dirty_x86_64 --redefine-syms="$new.names" "$archive" "$new.a"
	rm "$new.names"
	mv "$new.a" "$DEPS/libunicorn.a"
}

case ${1-} in
have)
	find_engine
	[ "$version" = 2.1 ] && [ -n "$archive" ] ;;
fetch) fetch ;;
prepare) prepare ;;
*)
	say 'usage: unicorn.sh have|fetch|prepare'
	exit 2 ;;
esac
