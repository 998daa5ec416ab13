#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration: a real Debian kernel, booted by each path to the kernel proper. Without a network it is
# the small image that the build made from tests/demo.
set -eu

cd "$(dirname "$0")/.."
out=o/${MODE:-opt}

if image=$(tests/kernels/fetch.sh cloud); then
	printf 'demo: %s\n' "$(tr '\n' ' ' <"${image%/*}/VERSION")"
else
	image=$out/tests/demo.bzImage
	printf 'demo: no Debian kernel could be fetched; taking the demonstration image %s\n' "$image"
fi

status=0
for path in linux32 linux64; do
	printf '\n$ %s run %s --path %s\n' "$out/bootpath" "$image" "$path"
	"$out/bootpath" run "$image" --path "$path" || status=$?
done
exit "$status"
