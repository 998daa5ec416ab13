#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes docs/bios-quirks.md: every row of models/bios_quirks.def, what it should do, and what a kernel made of it.
#
#   tools/bios-quirks.sh [VMLINUZ]      default: the cloud kernel that tests/kernels/fetch.sh fetches
set -eu

cd "$(dirname "$0")/.."
bootpath=${BOOTPATH:-o/opt/bootpath}
image=${1:-$(tests/kernels/fetch.sh cloud)}
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT

# A number of boot_params at the kernel proper, where a report leaves out what is 0.
at_kernel() {
	v=$(sed -n '/"point": "kernel"/,$p' "$tmp" | sed -n "s/^ *\"$1\": *\"\(0x[0-9a-f]*\)\".*/\1/p" | head -n 1)
	printf '%d' "${v:-0}"
}

{
	cat <<'EOF'
# What BIOSes and loaders do wrong, and what Linux makes of it

`--bios-quirk LIST` on the path `bios`. The column "expected" stands in models/bios_quirks.def and was written from the sources it
cites before anything was run; "seen" is what Linux 6.1 made of it with 512 MiB. tests/kernels/bios_quirks_test.c holds both together;
`tools/bios-quirks.sh` writes this file.

| quirk | what happens | expected | seen: outcome, e820_entries, alt_mem_k | source |
| --- | --- | --- | --- | --- |
EOF
	sed -n 's/^QUIRK([A-Z0-9_]*, *"\([^"]*\)", *"\([^"]*\)", *"\([^"]*\)", *"\(.*\)")$/\1|\2|\3|\4/p' models/bios_quirks.def |
		while IFS='|' read -r name does expected cite; do
			"$bootpath" run "$image" --path bios --cmdline nokaslr --bios-quirk "$name" --format json >"$tmp" </dev/null || :
			printf '| `%s` | %s | %s | %s, %s, %s | %s |\n' "$name" "$does" "$expected" \
				"$(sed -n 's/^ *"outcome": *"\([a-z]*\)".*/\1/p' "$tmp" | tail -n 1)" \
				"$(at_kernel e820_entries)" "$(at_kernel alt_mem_k)" "$(printf '%s' "$cite" | sed 's/\\"/"/g')"
		done
} >docs/bios-quirks.md
