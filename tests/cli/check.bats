# SPDX-License-Identifier: GPL-2.0-or-later
# `bootpath check`: exit status over images and paths, the table, what a FAIL says, the same bytes every time.

bats_require_minimum_version 1.5.0
load images
out=${BOOTPATH_OUT:-o/opt}
bootpath=$(realpath "${BOOTPATH:-$out/bootpath}")
kernels=${BOOTPATH_KERNELS:-o/kernels}

# checks STATUS ARGUMENT...: that exit status; $output holds stdout, $stderr the rest.
checks() {
	local want=$1
	shift
	run --separate-stderr timeout 120 "$bootpath" check "$@"
	printf 'status %s, wanted %s\n%s\n%s\n' "$status" "$want" "$output" "$stderr"
	[ "$status" = "$want" ]
}

# altered FUNCTION [ARGUMENT...]: a demonstration image of its own, altered so; prints its name.
altered() {
	cp "$demo" "$BATS_TEST_TMPDIR/$1"
	"$1" "$BATS_TEST_TMPDIR/$1" "${@:2}"
	printf '%s\n' "$BATS_TEST_TMPDIR/$1"
}

# cut_image: a file that is no whole image; prints its name.
cut_image() {
	head -c 1000 "$demo" >"$BATS_TEST_TMPDIR/cut"
	printf '%s\n' "$BATS_TEST_TMPDIR/cut"
}

# row PATH: path, outcome and the numbers of FAILs and ERRORs in the table.
row() {
	printf '%s\n' "$output" | awk -v path="$1" '$1 == path { print $1, $2, "fail", $4, "error", $8; exit }'
}

@test "an image that keeps every rule is status 0, with one line a path" {
	checks 0 "$demo"
	[ "$(row linux32:spec)" = "linux32:spec pass fail 0 error 0" ]
	[ "$(row linux64:spec)" = "linux64:spec pass fail 0 error 0" ]
	[[ $output == *"reached startup_64 at 0x1000000"* ]]
	[[ ${lines[-1]} == "1 image; "*" paths: "*" pass" ]]
	[ -z "$stderr" ]
}

@test "both demonstration images keep every rule on every path that they offer, warnings too" {
	checks 0 "$demo" "$out/tests/demo.vmlinux"
	[[ $output != *FAIL* && $output != *KNOWN* && $output != *ERROR* ]]
}

@test "a 64-bit kernel by every variant of linux32 and linux64: nothing fails, and KNOWN is what the variant is known for" {
	[ -s "$kernels/cloud/vmlinuz" ] || skip "no cloud kernel"
	checks 0 "$kernels/cloud/vmlinuz" --path linux32,linux32:grub2,linux64,linux64:kexec,linux64:vmm
	[[ $output == *"; 5 paths: 5 pass" ]]
	[ -z "$(printf '%s\n' "$output" | grep -E '^(FAIL|ERROR)')" ]
	[ "$(printf '%s\n' "$output" | sed -n 's/^KNOWN .*: \(linux[^ ]*\): .*/\1/p' | sort -u | tr '\n' ' ')" = "linux32:grub2 linux64:vmm " ]
}

@test "columns of the table stand under their heads" {
	checks 0 "$demo" --path linux32,linux32:grub2
	printf '%s\n' "$output" | awk '
		/^path / { want = index($0, "instructions") + length("instructions") }
		/^linux/ { n = match($0, / reached /) - 2; if (n + 1 != want) { print n + 1, want; exit 1 } seen++ }
		END { exit seen != 2 }'
}

@test "a clause that fails past the entry is status 1, and explains itself" {
	image=$(altered clobber_e820)
	checks 1 "$image" --path linux64
	[ "$(row linux64:spec)" = "linux64:spec fail fail 2 error 0" ]
	[[ $output == *"FAIL ZP-001, level error, at kernel: linux64:spec"* ]]
	[[ $output == *"  cite     zero-page.rst, e820_entries"* ]]
	[[ $output == *"  want     bp.e820_entries <= 128"* ]]
	[[ $output == *"  got      bp.e820_entries = 0xc8"* ]]
	[[ $output == *"  duty of  the kernel image"* ]]
}

@test "a FAIL names the very instruction that wrote the value" {
	image=$(altered clobber_e820)
	# Where it stands, by the disassembler of binutils.
	sects=$((($(byte_at "$image" 0x1f1) + 1) * 512))
	want=$(objdump -D -b binary -m i386:x86-64 --adjust-vma=$((0x1000000 - sects)) --start-address=0x10001c0 \
		--stop-address=0x10001d2 "$image" | sed -n 's/^ *\([0-9a-f]*\):.*movb .*\$0xc8.*/0x\1/p')
	[ "$want" = 0x10001c6 ]
	checks 1 "$image" --path linux64
	[[ $output == *"  written  0x101e8 by startup_32+0x1c6 ($want: movb"*"), after 5 instructions"* ]]
}

@test "what several paths fail in the same way is told once" {
	image=$(altered break_checksum)
	checks 0 "$image" --path linux32,linux64
	[ "$(printf '%s\n' "$output" | grep 'IMG-031')" = "FAIL IMG-031, level warn, at image: linux32:spec, linux64:spec" ]
}

@test "a crash is status 1 and its reason stands in the table; -v adds the last blocks" {
	image=$(altered poke_kernel 0 '\017\013')
	checks 1 "$image" --path linux32
	[[ $(row linux32:spec) == "linux32:spec crash "* ]]
	[[ $output == *"#UD"* ]]
	[[ $output != *"last "*" blocks"* ]]
	checks 1 "$image" --path linux32 -v
	[[ $output == *"last "*" blocks"* ]]
}

@test "-v lists every verdict, as many as JSON has" {
	checks 0 "$demo" --path linux64 -v
	got=$(printf '%s\n' "$output" | grep -cE '^  (PASS|SKIP|KNOWN|FAIL|ERROR) +[A-Z0-9]+-[0-9]+ ')
	want=$("$bootpath" check "$demo" --path linux64 --format json | jq '.images[0].paths[0].verdicts | length')
	[ "$got" = "$want" ]
}

@test "a required path that is not offered is status 1, with the reason" {
	image=$(altered drop_kernel_64)
	checks 1 "$image" --require linux64
	[[ $output == *"linux64:spec  fail "*"required, but not offered: "* ]]
	checks 125 "$image" --path linux64
	checks 0 "$image"
}

@test "the i386 kernel with --require linux64 is status 1, with the reason" {
	[ -s "$kernels/i386/vmlinuz" ] || skip "no i386 kernel"
	checks 1 "$kernels/i386/vmlinuz" --require linux64
	[[ $output == *"required, but not offered: "* ]]
}

@test "several images: 1 beats 125 beats 0" {
	good=$demo
	bad=$(altered clobber_e820)
	broken=$(cut_image)
	checks 0 "$good" "$good" --path linux64
	checks 125 "$good" "$broken" --path linux64
	[[ $stderr == "bootpath: cut: "* ]]
	[[ $output == *"2 images, 1 of them not read; 1 path: 1 pass" ]]
	checks 1 "$broken" "$bad" "$good" --path linux64
	[[ $output == *"3 images, 1 of them not read; 2 paths: 1 pass, 1 fail"* ]]
	checks 1 "$good" "$broken" "$bad" --path linux64
}

@test "a broken image alone is one line on stderr and status 125" {
	checks 125 "$(cut_image)"
	[ -z "$output" ]
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 1 ]
}

@test "usage errors are status 2" {
	checks 2
	[[ $stderr == *"which images?"* ]]
	checks 2 "$demo" --jobs 0
	checks 2 "$demo" --jobs x
	checks 2 "$demo" --format html
	[[ $stderr == *"none of text, json, ktap and junit"* ]]
	checks 2 "$demo" --path nowhere
}

@test "one job or four, twice: the same bytes in every format" {
	image=$(altered clobber_e820)
	for format in text json ktap junit; do
		"$bootpath" check "$demo" "$image" --format $format --jobs 1 >"$BATS_TEST_TMPDIR/a" || [ $? = 1 ]
		"$bootpath" check "$demo" "$image" --format $format --jobs 4 >"$BATS_TEST_TMPDIR/b" || [ $? = 1 ]
		"$bootpath" check "$demo" "$image" --format $format >"$BATS_TEST_TMPDIR/c" || [ $? = 1 ]
		cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
		cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/c"
	done
}

@test "without a terminal there is neither progress nor colour; on one there are both, and NO_COLOR ends colour" {
	checks 0 "$demo" --path linux64
	[ -z "$stderr" ]
	[[ $output != *$'\033'* ]]
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	run script -qec "$bootpath check $demo --path linux64" /dev/null </dev/null
	[[ $output == *$'\033[32mpass\033[0m'* ]]
	[[ $output == *"demo.bzImage: linux64:spec"* ]]
	run env NO_COLOR=1 script -qec "$bootpath check $demo --path linux64" /dev/null </dev/null
	[[ $output != *$'\033[32m'* ]]
}

@test "bytes of a file name that a terminal or a parser would obey are not written as they are" {
	name=$(printf 'a\033[31m <&"> # SKIP\nok 1')
	cp "$demo" "$BATS_TEST_TMPDIR/$name"
	for format in text ktap junit; do
		run "$bootpath" check "$BATS_TEST_TMPDIR/$name" --path linux64 --format $format
		[ "$status" = 0 ]
		[[ $output != *$'\033'* ]]
		[ "$(printf '%s\n' "$output" | grep -c '^ok 1$')" = 0 ]
	done
}
