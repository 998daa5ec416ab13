#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what is missing to build, test and run bootpath on Debian 12 or later, as root or by sudo.
# When nothing is missing it does nothing, needs no network and says one line. Unicorn comes from the
# distribution where that has 2.1.x, else from the next suite into the build tree (tools/unicorn.sh).
set -eu

cd "$(dirname "$0")/.."
export DEPS="${DEPS:-o/deps}"

say() {
	printf 'deps: %s\n' "$*"
}

fail() {
	printf 'deps: %s\n' "$*" >&2
	exit 1
}

# What the build needs.
build='gcc libc6-dev linux-libc-dev make binutils pkg-config
	libzydis-dev libcapstone-dev libelf-dev libdw-dev
	zlib1g-dev libbz2-dev liblzma-dev liblzo2-dev liblz4-dev libzstd-dev
	libyaml-dev libxxhash-dev nettle-dev libjansson-dev scdoc'

# What the tests need: second opinions, guests, compressors, the oracle, the fuzz targets, the formatter.
tests='libcriterion-dev acpica-tools dmidecode bats jq file xxd python3 libxen-dev gnu-efi ovmf qemu-system-x86
	gzip bzip2 xz-utils lzop lz4 zstd cpio dosfstools mtools
	clang clang-format libclang-rt-dev'

command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 ||
	fail 'this script knows Debian and its kin only (no apt-get here); README.md lists what bootpath needs'

installed() {
	dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -q '^installed'
}

missing() {
	for p; do
		installed "$p" || printf '%s ' "$p"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		fail "as root, or with sudo here: apt-get install --no-install-recommends $need"
	fi
}

# True when apt knows a version of every package that it could install.
known() {
	[ "$(apt-cache policy "$@" 2>/dev/null | grep -c 'Candidate: [^(]')" = $# ]
}

apt_install() {
	as_root apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
}

# The plain variables below are word lists.
# shellcheck disable=SC2086
need=$(missing $build $tests)
if [ -n "$need" ]; then
	say "installing $need"
	updated=0
	if ! known $need; then
		as_root apt-get -q update || fail 'apt-get update failed: no network?'
		updated=1
	fi
	if ! apt_install $need; then
		[ "$updated" = 0 ] || fail 'apt-get install failed'
		say 'once more with fresh package lists'
		as_root apt-get -q update || fail 'apt-get update failed: no network?'
		apt_install $need || fail 'apt-get install failed'
	fi
fi

fetched=
if ! tools/unicorn.sh have; then
	engine=$(apt-cache policy libunicorn-dev 2>/dev/null | sed -n 's/^ *Candidate: *//p')
	case $engine in
	2.1.*)
		need=libunicorn-dev
		say "installing libunicorn-dev $engine"
		apt_install libunicorn-dev || fail 'apt-get install failed' ;;
	*)
		tools/unicorn.sh fetch || fail 'no Unicorn 2.1.x: this release of Debian has none, and fetching it failed' ;;
	esac
	tools/unicorn.sh have || fail 'libunicorn-dev is there but it is not a static 2.1.x'
	fetched=1
fi

[ -n "$need$fetched" ] || say 'nothing is missing'
