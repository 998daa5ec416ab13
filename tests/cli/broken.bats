# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels broken on purpose at their entry: the outcome, the status, and a sentence that names the cause.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
demo=${BOOTPATH_OUT:-o/opt}/tests/demo.bzImage

# broken_at OFFSET BYTES: the demonstration image with BYTES (octal escapes) at that offset of its kernel part.
broken_at() {
	local sects
	sects=$(od -An -tu1 -j 497 -N 1 "$demo")
	cp "$demo" "$BATS_TEST_TMPDIR/broken"
	printf "$2" | dd of="$BATS_TEST_TMPDIR/broken" bs=1 seek=$(((sects + 1) * 512 + $1)) conv=notrunc status=none
}

# runs PATH OUTCOME TEXT: with status 1, that outcome, and TEXT in its reason.
runs() {
	run timeout 60 "$bootpath" run "$BATS_TEST_TMPDIR/broken" --path "$1"
	printf '%s\n' "$output" | head -n 40
	[ "$status" = 1 ]
	[[ ${lines[1]} == "$1:spec: $2: "*"$3"* ]]
}

@test "ud2 at startup_32, with no IDT, is a triple fault that names #UD and its address" {
	broken_at 0 '\017\013'
	runs linux32 crash "#UD"
	[[ ${lines[1]} == *"0x1000000"* ]]
	[[ $output == *"ud2"* ]]
}

@test "jmp . is a hang, found without a limit" {
	broken_at 0 '\353\376'
	runs linux32 hang ""
}

@test "cli; hlt is a hang that says so" {
	broken_at 0 '\372\364'
	runs linux32 hang "HLT"
}

@test "a load through an unmapped page is a triple fault that names #PF and the address" {
	# movq 0xffffffff80000000, %rax
	broken_at 512 '\110\213\004\045\000\000\000\200'
	runs linux64 crash "#PF"
	[[ $output == *"page walk of 0xffffffff80000000 (4-level)"*"not mapped"* ]]
}

@test "a jump to where nothing is is a crash that names the address" {
	# mov $0xe0000000, %eax; jmp *%eax
	broken_at 0 '\270\000\000\000\340\377\340'
	runs linux32 crash "0xe0000000"
}
