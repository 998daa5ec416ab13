#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes the checksum of boot.rst "The Image Checksum" over the last 4 bytes of FILE. gzip computes the same
# CRC-32 but stores its complement.
#
#   tests/demo/checksum.sh FILE
set -eu

size=$(($(wc -c <"$1") - 4))
sum=$(head -c "$size" "$1" | gzip -c | tail -c 8 | od -An -N4 -tu1)
for byte in $sum; do
	# An octal escape made by printf is the portable way to write a byte.
	# shellcheck disable=SC2059
	printf "\\$(printf %o $((255 - byte)))"
done | dd of="$1" bs=1 seek="$size" conv=notrunc status=none
