# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath diff on the demonstration image, on altered copies of it, and on its reports.

bats_require_minimum_version 1.5.0
load images
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")

@test "an image does not differ from its copy" {
	cp "$demo" "$BATS_TEST_TMPDIR/copy.bzImage"
	run "$bootpath" diff "$demo" "$BATS_TEST_TMPDIR/copy.bzImage"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"no difference"* ]]
}

@test "two paths differ, each difference with both values" {
	run "$bootpath" diff "$demo" --path linux32,linux64
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"  entry: startup_32 | startup_64"* ]]
	# startup_32 makes its first call on a stack in boot_params.scratch (boot.rst has no stack at the 32-bit entry).
	[[ $output == *"  scratch: 0x100000d | 0x0"*"linux32:spec: 0x101e4 by startup_32+0x8 (0x1000008: calll "* ]]
}

@test "one clobbered field of boot_params is named, with the instruction that did it" {
	cp "$demo" "$BATS_TEST_TMPDIR/new.bzImage"
	clobber_e820 "$BATS_TEST_TMPDIR/new.bzImage"
	run "$bootpath" diff "$demo" "$BATS_TEST_TMPDIR/new.bzImage" --path linux64
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"  e820_entries: 0x7 | 0xc8"* ]]
	[[ $output == *"new.bzImage linux64:spec: 0x101e8 by "*"(0x10001c6: movb "* ]]
}

@test "what is ignored is no difference" {
	cp "$demo" "$BATS_TEST_TMPDIR/new.bzImage"
	clobber_e820 "$BATS_TEST_TMPDIR/new.bzImage"
	run "$bootpath" diff "$demo" "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --ignore 'boot_params.e820_*,e820,memory,code,outcome'
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"ignored"* ]]
	run "$bootpath" diff "$demo" "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --ignore 'memory,code,outcome'
	[ "$status" = 1 ]
	run "$bootpath" diff "$demo" "$demo" --ignore 'nonsense.x'
	[ "$status" = 2 ]
}

@test "reports compare like images, as far as they tell" {
	cp "$demo" "$BATS_TEST_TMPDIR/new.bzImage"
	clobber_e820 "$BATS_TEST_TMPDIR/new.bzImage"
	"$bootpath" run "$demo" --path linux64 --format json -o "$BATS_TEST_TMPDIR/a.json"
	"$bootpath" run "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --format json -o "$BATS_TEST_TMPDIR/b.json"
	run "$bootpath" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/b.json" --format json
	echo "$output"
	[ "$status" = 1 ]
	echo "$output" | jq -e '.pairs[0].differences[] | select(.kind == "boot_params" and .name == "e820_entries") | .a == "0x7" and .b == "0xc8"'
	run "$bootpath" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/a.json"
	[ "$status" = 0 ]
	run "$bootpath" diff "$demo" "$BATS_TEST_TMPDIR/a.json"
	echo "$output"
	[ "$status" = 0 ]
}

@test "verdicts of two reports are compared" {
	cp "$demo" "$BATS_TEST_TMPDIR/new.bzImage"
	clobber_e820 "$BATS_TEST_TMPDIR/new.bzImage"
	"$bootpath" check "$demo" --path linux64 --format json -o "$BATS_TEST_TMPDIR/a.json"
	run "$bootpath" check "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --format json -o "$BATS_TEST_TMPDIR/b.json"
	[ "$status" = 1 ]
	run "$bootpath" diff "$BATS_TEST_TMPDIR/a.json" "$BATS_TEST_TMPDIR/b.json"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"verdicts"*" at kernel: PASS | FAIL"* ]]
}

@test "a skipped path is not judged; a broken file is one line" {
	run "$bootpath" diff "$demo" "$demo" --path efi-none
	[ "$status" = 2 ]
	cp "$demo" "$BATS_TEST_TMPDIR/old.bzImage"
	drop_kernel_64 "$BATS_TEST_TMPDIR/old.bzImage"
	run "$bootpath" diff "$BATS_TEST_TMPDIR/old.bzImage" --path linux32,linux64
	echo "$output"
	[ "$status" = 125 ]
	echo '{"images": 3}' >"$BATS_TEST_TMPDIR/bad.json"
	run "$bootpath" diff "$BATS_TEST_TMPDIR/bad.json" "$demo"
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == "bootpath: bad.json:1:"*"expected a report of one image"* ]]
	run "$bootpath" diff "$BATS_TEST_TMPDIR/none" "$demo"
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
}

@test "one file needs two paths, and two runs give the same bytes" {
	run "$bootpath" diff "$demo"
	[ "$status" = 2 ]
	"$bootpath" diff "$demo" --path linux32,linux64 --format json >"$BATS_TEST_TMPDIR/a" || true
	"$bootpath" diff "$demo" --path linux32,linux64 --format json >"$BATS_TEST_TMPDIR/b" || true
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	jq -e '.pairs | length == 1' "$BATS_TEST_TMPDIR/a"
}
