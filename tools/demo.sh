#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration: a real Debian kernel, booted by every path that it offers to the kernel proper and judged at each handover.
# Without a network it is the small image that the build made from tests/demo.
set -eu

cd "$(dirname "$0")/.."
out=o/${MODE:-opt}

if image=$(tests/kernels/fetch.sh cloud); then
	printf 'demo: %s\n' "$(tr '\n' ' ' <"${image%/*}/VERSION")"
else
	image=$out/tests/demo.bzImage
	printf 'demo: no Debian kernel could be fetched; taking the demonstration image %s\n' "$image"
fi

set -- check "$image"
printf '\n$ %s %s\n' "$out/bootpath" "$*"
exec "$out/bootpath" "$@"
