#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches boot images besides Linux for the tests: memdisk, ipxe.lkrn and memtest86+ of Debian 12, into o/images. Never installed, never committed.
#
#   tests/oracle/images.sh              exit 77: no network
set -eu

cd "$(dirname "$0")/../.."
images=${BOOTPATH_IMAGES:-o/images}
[ -s "$images/memdisk" ] && [ -s "$images/ipxe.lkrn" ] && [ -s "$images/memtest86+x64.bin" ] && exit 0

APT_CONFIG=$(tools/apt-private.sh "${DEPS:-o/deps}/apt/bookworm-amd64" amd64 bookworm) || exit $?
export APT_CONFIG
tmp=$images.tmp.$$
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/new" "$images"
if ! (cd "$tmp" && apt-get -q download syslinux-common ipxe memtest86+) >"$images/log" 2>&1; then
	printf 'images.sh: cannot download: no network? (see %s/log)\n' "$images" >&2
	exit 77
fi
for deb in "$tmp"/*.deb; do
	dpkg-deb -x "$deb" "$tmp/new"
done
cp "$tmp/new/usr/lib/syslinux/memdisk" "$tmp/new/boot/ipxe.lkrn" "$tmp/new/boot/memtest86+x64.bin" "$tmp/new/boot/memtest86+ia32.bin" "$images/"
