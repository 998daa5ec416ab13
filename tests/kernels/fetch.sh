#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches real Debian kernel images for the tests. They are cached in the build tree, never installed, never committed.
#
#   tests/kernels/fetch.sh NAME...      prints o/kernels/NAME/vmlinuz for each, beside it a file VERSION
#
#   cloud      6.1, LZ4 payload         linux-image-*-cloud-amd64 of bookworm
#   generic    6.1, XZ payload          linux-image-*-amd64 of bookworm
#   i386       6.1, 32-bit              linux-image-*-686 of bookworm, i386
#   cloud612   6.12                     linux-image-*-cloud-amd64 of bookworm-backports
#
# The suite is always the same, whatever Debian the host runs. The release named below is taken where the mirror still
# has it, since the recorded runs in tests/ were made with it; else the newest one. Exit 77: no network.
set -eu

cd "$(dirname "$0")/../.."
kernels=${BOOTPATH_KERNELS:-o/kernels}
deps=${DEPS:-o/deps}

reference=6.1.0-56
reference_version=6.1.192-2

say() {
	printf 'fetch.sh: %s\n' "$*" >&2
}

# Prints the real package behind a metapackage.
real_package() {
	apt-cache depends --important "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

# fetch_one NAME ARCH WANTED META SUITE...: WANTED may be empty.
fetch_one() {
	name=$1 arch=$2 wanted=$3 meta=$4
	shift 4
	dir=$kernels/$name
	if [ -s "$dir/vmlinuz" ] && [ -s "$dir/VERSION" ]; then
		printf '%s\n' "$dir/vmlinuz"
		return 0
	fi

	APT_CONFIG=$(tools/apt-private.sh "$deps/apt/$1-$arch" "$arch" "$@") || exit $?
	export APT_CONFIG
	package=
	if [ -n "$wanted" ] && apt-cache show "$wanted=$reference_version" >/dev/null 2>&1; then
		package=$wanted=$reference_version
	else
		package=$(real_package "$meta")
	fi
	if [ -z "$package" ]; then
		say "$name: no package behind $meta in $*"
		return 1
	fi

	tmp=$kernels/$name.tmp.$$
	rm -rf "$tmp"
	mkdir -p "$tmp/new"
	if ! (cd "$tmp" && apt-get -q download "$package") >"$kernels/$name.log" 2>&1; then
		rm -rf "$tmp"
		say "$name: cannot download $package: no network? (see $kernels/$name.log)"
		exit 77
	fi
	rm -f "$kernels/$name.log"
	deb=$(ls "$tmp"/*.deb)
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tmp" --wildcards './boot/vmlinuz*'
	mv "$tmp"/boot/vmlinuz* "$tmp/new/vmlinuz"
	dpkg-deb -f "$deb" Package Version Architecture >"$tmp/new/VERSION"
	rm -rf "$dir"
	mv "$tmp/new" "$dir"
	rm -rf "$tmp"
	printf '%s\n' "$dir/vmlinuz"
}

[ $# -gt 0 ] || {
	say 'usage: tests/kernels/fetch.sh NAME... (cloud, generic, i386, cloud612)'
	exit 2
}

for n; do
	case $n in
	cloud)
		fetch_one cloud amd64 "linux-image-$reference-cloud-amd64" linux-image-cloud-amd64 \
			bookworm bookworm-security ;;
	generic)
		fetch_one generic amd64 "linux-image-$reference-amd64" linux-image-amd64 bookworm bookworm-security ;;
	i386)
		fetch_one i386 i386 "linux-image-$reference-686" linux-image-686 bookworm bookworm-security ;;
	cloud612)
		fetch_one cloud612 amd64 '' linux-image-cloud-amd64 bookworm-backports ;;
	*)
		say "unknown kernel $n (cloud, generic, i386, cloud612)"
		exit 2 ;;
	esac
done
