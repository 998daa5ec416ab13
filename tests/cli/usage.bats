# SPDX-License-Identifier: GPL-2.0-or-later
# What the command says to mistakes, and with which status: design.md "Exit status".

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
demo=${BOOTPATH_OUT:-o/opt}/tests/demo.bzImage

# refused STATUS TEXT COMMAND...: that status, and one line on stderr that says so.
refused() {
	local want=$1 text=$2
	shift 2
	local status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$status" = "$want" ]
	grep -qF -- "$text" "$BATS_TEST_TMPDIR/err"
}

# one_line: whatever was refused took exactly one line, and nothing went to stdout.
one_line() {
	[ "$(wc -l <"$BATS_TEST_TMPDIR/err")" = 1 ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "--version and --help go to stdout with status 0" {
	run --separate-stderr "$bootpath" --version
	[ "$status" = 0 ] && [[ $output == "bootpath "* ]] && [ -z "$stderr" ]
	run --separate-stderr "$bootpath" --help
	[ "$status" = 0 ] && [[ $output == *"Commands:"*" run "* ]] && [ -z "$stderr" ]
	run --separate-stderr "$bootpath" run --help
	[ "$status" = 0 ] && [[ $output == *--max-instructions* ]] && [ -z "$stderr" ]
}

@test "every command that --help lists answers to --help" {
	for c in $("$bootpath" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
		"$bootpath" "$c" --help >/dev/null
	done
}

@test "usage errors are status 2 and name the mistake" {
	refused 2 "Usage" "$bootpath"
	refused 2 "no command frobnicate" "$bootpath" frobnicate
	refused 2 "which image" "$bootpath" run
	refused 2 "one image" "$bootpath" run a b
	refused 2 "no path 'nowhere'" "$bootpath" run "$demo" --path nowhere
	refused 2 "no path ''" "$bootpath" run "$demo" --path linux32,,linux64
	refused 2 "no variant 'lilo'" "$bootpath" run "$demo" --path linux64:lilo
	refused 2 "--memory" "$bootpath" run "$demo" --memory 1M
	refused 2 "--memory" "$bootpath" run "$demo" --memory 512X
	refused 2 "--memory" "$bootpath" run "$demo" --memory -1
	refused 2 "--seed" "$bootpath" run "$demo" --seed 1.5
	refused 2 "--max-instructions" "$bootpath" run "$demo" --max-instructions 0
	refused 2 "no profile 'z80'" "$bootpath" run "$demo" --cpu z80
	refused 2 "--until" "$bootpath" run "$demo" --until "some where"
	refused 2 "--format" "$bootpath" run "$demo" --format xml
	refused 2 "unrecognized option" "$bootpath" run "$demo" --frobnicate
}

@test "an unknown BIOS quirk's message lists the known ones" {
	refused 2 "known: e820-clobbers, " "$bootpath" run "$demo" --bios-quirk e820-clobbers,moon
}

@test "an unknown path's message lists the known ones" {
	refused 2 "known: bios, linux32, linux64, efi, efi-handover, pvh" "$bootpath" run "$demo" --path nowhere
}

@test "what is no boot image is one line and status 125" {
	: >"$BATS_TEST_TMPDIR/empty"
	head -c 5000 /dev/zero >"$BATS_TEST_TMPDIR/zeroes"
	seq 1 3000 >"$BATS_TEST_TMPDIR/text"
	for f in empty zeroes text; do
		refused 125 "bootpath: $f: " "$bootpath" run "$BATS_TEST_TMPDIR/$f"
		one_line
	done
	refused 125 "directory" "$bootpath" run "$BATS_TEST_TMPDIR"
	one_line
	refused 125 "No such file" "$bootpath" run "$BATS_TEST_TMPDIR/absent"
	one_line
	refused 125 "regular file" "$bootpath" run /dev/zero
	one_line
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	refused 125 "regular file" timeout 10 "$bootpath" run "$BATS_TEST_TMPDIR/fifo"
	one_line
}

@test "an image cut at any place is one line and status 125" {
	for n in 1 511 512 1024 4096 8192; do
		head -c "$n" "$demo" >"$BATS_TEST_TMPDIR/cut"
		refused 125 "bootpath: cut: " "$bootpath" run "$BATS_TEST_TMPDIR/cut"
		one_line
	done
}

@test "a disk image that cannot be one is one line and status 125" {
	refused 125 "No such file" "$bootpath" run "$demo" --disk "$BATS_TEST_TMPDIR/absent"
	: >"$BATS_TEST_TMPDIR/empty"
	refused 125 "a disk image of 0 bytes is no disk" "$bootpath" run "$demo" --disk "$BATS_TEST_TMPDIR/empty"
}

@test "an initrd that cannot be read is one line and status 125" {
	refused 125 "No such file" "$bootpath" run "$demo" --initrd "$BATS_TEST_TMPDIR/absent"
	one_line
	refused 125 "regular file" "$bootpath" run "$demo" --initrd /
	one_line
}

@test "RAM too small for the kernel is status 125 with the reason" {
	run "$bootpath" run "$demo" --path linux64 --memory 2M
	[ "$status" = 125 ]
	[[ $output == *"linux64:spec: error: memory is too small"* ]]
}

@test "--esp of what is no folder is 125 and one line; --gop of no size is 2" {
	run "$bootpath" run "$demo" --path linux64 --esp "$BATS_TEST_TMPDIR/none"
	echo "$output"
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"none: cannot open: No such file or directory"* ]]
	for size in 10x10 1024 x768 1024x 1023x768 5000x600 -1x600; do
		run "$bootpath" run "$demo" --path linux64 --gop "$size"
		[ "$status" = 2 ]
		[[ $output == *"is not WIDTHxHEIGHT"* ]]
	done
}

@test "what lies in the folder of --esp is part of the digest, where the folder lies is not" {
	d() { "$bootpath" run "$demo" --path linux64 --format json "$@" | jq -r '.images[0].paths[0].digest'; }
	mkdir -p "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	echo x >"$BATS_TEST_TMPDIR/a/file"
	echo x >"$BATS_TEST_TMPDIR/b/file"
	[ "$(d --esp "$BATS_TEST_TMPDIR/a")" = "$(d --esp "$BATS_TEST_TMPDIR/b")" ]
	echo y >"$BATS_TEST_TMPDIR/b/file"
	[ "$(d --esp "$BATS_TEST_TMPDIR/a")" != "$(d --esp "$BATS_TEST_TMPDIR/b")" ]
}
