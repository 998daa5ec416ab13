#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long from process start to startup_64 of Debian's cloud kernel: bootpath's linux64 against qemu-system-x86_64
# -kernel under TCG, without KASLR, 512 MiB each. Pairs alternate, so that a busy machine disturbs both alike.
#
#   MODE=opt tests/bench/boot.sh        PAIRS=7
set -euo pipefail

cd "$(dirname "$0")/../.."
bootpath=${BOOTPATH:-o/${MODE:-opt}/bootpath}
kernel=${BOOTPATH_KERNELS:-o/kernels}/cloud/vmlinuz
pairs=${PAIRS:-7}
entry=0x1000000
export LC_ALL=C

for tool in qemu-system-x86_64 python3; do
	command -v "$tool" >/dev/null || { printf 'boot.sh: skipped: no %s\n' "$tool"; exit 0; }
done
tests/kernels/fetch.sh cloud >/dev/null || { printf 'boot.sh: skipped: the cloud kernel is not here\n'; exit 0; }

times=$(mktemp -d)
trap 'rm -rf "$times"' EXIT

ours() {
	local TIMEFORMAT='%R %U'
	{ time "$bootpath" run "$kernel" --path linux64 --cmdline nokaslr --cpu qemu64 --memory 512M >"$times/report"; } 2>>"$times/ours"
	grep -q " $entry\$\|pass: reached startup_64 at $entry" "$times/report"
}

theirs() {
	tests/bench/qemu_until.py "$entry" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512M -display none -nodefaults \
		-kernel "$kernel" -append nokaslr >>"$times/theirs"
}

# median FILE COLUMN
median() {
	awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

for ((i = 0; i < pairs; i++)); do
	ours
	theirs
done

printf 'process start to startup_64, cloud kernel, medians of %s alternating pairs\n' "$pairs"
printf '  %-10s %8s %8s\n' '' wall user
for who in ours theirs; do
	printf '  %-10s %6s s %6s s\n' "$([ $who = ours ] && echo bootpath || echo qemu)" \
		"$(median "$times/$who" 1)" "$(median "$times/$who" 2)"
done
for column in 1 2; do
	ratio=$(paste -d' ' "$times/ours" "$times/theirs" | awk -v c=$column '{ print $c / $(c + 2) }' >"$times/ratios"; median "$times/ratios" 1)
	printf '  ratio, %s: %.2f%s\n' "$([ $column = 1 ] && echo wall || echo user)" "$ratio" "$([ $column = 1 ] && echo ' (goal: 0.5 or less)')"
done
