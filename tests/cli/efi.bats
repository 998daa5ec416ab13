# SPDX-License-Identifier: GPL-2.0-or-later
# The options of UEFI firmware: a memory map from elsewhere, and strict page tables.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage

# refused TEXT MAP: the map is no map of this machine's, in one line, and nothing is judged.
refused() {
	printf '%s' "$2" >"$BATS_TEST_TMPDIR/map.json"
	run -125 "$bootpath" check "$demo" --path efi --efi-memmap "$BATS_TEST_TMPDIR/map.json"
	echo "$output"
	grep -qF "$1" <<<"$output"
	[ "$(grep -cF "$1" <<<"$output")" = 1 ]
}

@test "a memory map that is none is refused with its place" {
	refused 'map.json:1:' 'no JSON'
	refused 'map.json:1:1: "map" is missing' '{}'
	refused 'map[0]: "attr" is missing' '{"map": [{"type": 7, "start": 0, "pages": 1}]}'
	run -125 "$bootpath" check "$demo" --path efi --efi-memmap "$BATS_TEST_TMPDIR/nowhere"
	[[ $output == *nowhere* ]]
}

@test "a memory map that is not this machine's is refused" {
	refused 'it is RAM where this machine has none' \
		'{"map": [{"type": 7, "start": 0, "pages": 1000, "attr": 15}]}'
	refused 'it begins before the one before it ends' \
		'{"map": [{"type": 7, "start": 0, "pages": 16, "attr": 15}, {"type": 7, "start": 4096, "pages": 1, "attr": 15}]}'
	refused 'no runtime services code region' '{"map": [{"type": 7, "start": 0, "pages": 160, "attr": 15}]}'
}

# The stub's first call of firmware is preceded by a store into the code of OutputString().
@test "what strict firmware forbids is a failure with the instruction, and without it none" {
	local setup at image=$BATS_TEST_TMPDIR/stub
	setup=$(nm "$out/tests/demo.elf" | awk '$3 == "demo_setup_size" { print $1 }')
	at=$(nm "$out/tests/demo.elf" | awk '$3 == "efi_call_out" { print $1 }')
	cp "$demo" "$image"
	# movq 0x40(%r13), %rcx; movq 8(%rcx), %rax; orb $0, (%rax)
	printf '\x49\x8b\x4d\x40\x48\x8b\x41\x08\x80\x08\x00' |
		dd of="$image" bs=1 seek=$((0x$setup + 0x$at)) conv=notrunc status=none
	run -0 "$bootpath" check "$image" --path efi
	run -1 "$bootpath" check "$image" --path efi --efi-nx
	grep -q '^FAIL E64-023' <<<"$output"
	pc=$(sed -n 's/^ *got *e.pc = \(0x[0-9a-f]*\)$/\1/p' <<<"$output")
	# The third instruction there.
	[ $((pc & 0xfff)) = $(((0x$setup + 0x$at + 8) & 0xfff)) ]
	run -1 "$bootpath" check "$image" --path efi:nx
}

@test "without enough memory firmware says how much it needs" {
	run -125 "$bootpath" check "$demo" --path efi,efi-handover --memory 32M
	[ "$(grep -c 'UEFI firmware needs 0x' <<<"$output")" = 2 ]
}
