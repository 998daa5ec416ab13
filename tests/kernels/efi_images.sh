#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches UEFI images besides Linux for the tests, all of Debian 12, into o/images: memtest86+, iPXE, systemd-boot, shim
# and GRUB (the signed core image). Never installed, never committed.
#
#   tests/kernels/efi_images.sh         exit 77: no network
set -eu

cd "$(dirname "$0")/../.."
images=${BOOTPATH_IMAGES:-o/images}
all='memtest86+x64.efi ipxe.efi systemd-bootx64.efi shimx64.efi grubx64.efi'

have_all() {
	for i in $all; do
		[ -s "$images/$i" ] || return 1
	done
}

have_all && exit 0

APT_CONFIG=$(tools/apt-private.sh "${DEPS:-o/deps}/apt/bookworm-amd64" amd64 bookworm) || exit $?
export APT_CONFIG
tmp=$images.efi.tmp.$$
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/new" "$images"
if ! (cd "$tmp" && apt-get -q download ipxe memtest86+ systemd-boot-efi shim-unsigned grub-efi-amd64-signed) \
	>"$images/efi.log" 2>&1; then
	printf 'efi_images.sh: cannot download: no network? (see %s/efi.log)\n' "$images" >&2
	exit 77
fi
for deb in "$tmp"/*.deb; do
	dpkg-deb -x "$deb" "$tmp/new"
done
cp "$tmp/new/boot/memtest86+x64.efi" "$tmp/new/boot/ipxe.efi" "$tmp/new/usr/lib/systemd/boot/efi/systemd-bootx64.efi" \
	"$tmp/new/usr/lib/shim/shimx64.efi" "$images/"
cp "$tmp/new/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" "$images/grubx64.efi"
