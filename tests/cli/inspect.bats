# SPDX-License-Identifier: GPL-2.0-or-later
# `bootpath inspect` on the demonstration images, with readelf and sha256sum as the second opinion, and on broken files.

out=${BOOTPATH_OUT:-o/opt}
bootpath=$(realpath "${BOOTPATH:-$out/bootpath}")
bz=$out/tests/demo.bzImage
elf=$out/tests/demo.vmlinux

# entries FILE: the offered paths, in order, on one line.
entries() {
	"$bootpath" inspect "$1" | awk '
		/^entries$/ { on = 1; next }
		on && /^  [a-z]/ && !/not offered/ { printf "%s ", $1 }'
}

@test "inspect names the bzImage, its protocol and its SHA-256" {
	run "$bootpath" inspect "$bz"
	[ "$status" -eq 0 ]
	[ "${lines[0]%%, boot protocol 2.15*}" = "demo.bzImage: bzImage" ]
	[ "${lines[1]%%,*}" = "sha256 $(sha256sum <"$bz" | cut -d' ' -f1)" ]
}

@test "inspect lists the entries that the demonstration images were built with" {
	[[ "$(entries "$bz")" == "bios linux32 linux64 "* ]]
	[ "$(entries "$elf")" = "linux64 pvh " ]
}

@test "inspect shows the entry that readelf shows" {
	want=$(readelf -h "$elf" | sed -n 's/.*Entry point address: *//p')
	run "$bootpath" inspect "$elf"
	[ "$status" -eq 0 ]
	[[ "$output" == *"entry $want,"* ]]
}

@test "inspect of a file cut anywhere is 125 and one line" {
	size=$(stat -c %s "$bz")
	for n in 0 1 511 512 530 1024 $((size / 2)) $((size - 1)); do
		head -c "$n" "$bz" >"$BATS_TEST_TMPDIR/cut"
		run "$bootpath" inspect "$BATS_TEST_TMPDIR/cut"
		[ "$status" -eq 125 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" == "bootpath: cut: offset 0x"* ]]
	done
}

@test "inspect of what is no image is 125, of no argument 2" {
	run "$bootpath" inspect /
	[ "$status" -eq 125 ]
	[ "$output" = "bootpath: /: it is a directory" ]
	run "$bootpath" inspect "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 125 ]
	[ "$output" = "bootpath: none: cannot open: No such file or directory" ]
	run "$bootpath" inspect "$(readlink -f /bin/sh)"
	[ "$status" -eq 125 ]
	[[ "$output" == *"not a kernel"* ]]
	run "$bootpath" inspect
	[ "$status" -eq 2 ]
}

@test "a broken image among sound ones is said and the others are shown" {
	head -c 600 "$bz" >"$BATS_TEST_TMPDIR/cut"
	run "$bootpath" inspect "$BATS_TEST_TMPDIR/cut" "$elf"
	[ "$status" -eq 125 ]
	[[ "$output" == *"bootpath: cut: offset"* ]]
	[[ "$output" == *"demo.vmlinux: ELF"* ]]
}

@test "inspect to a full disk is 125" {
	[ -w /dev/full ] || skip "no /dev/full"
	run "$bootpath" inspect -o /dev/full "$bz"
	[ "$status" -eq 125 ]
}

@test "inspect --format json is JSON with the same entries" {
	"$bootpath" inspect --format json "$bz" "$elf" >"$BATS_TEST_TMPDIR/json"
	[ "$(grep -c '"offered": true' "$BATS_TEST_TMPDIR/json")" -eq "$(($(entries "$bz" | wc -w) + $(entries "$elf" | wc -w)))" ]
	command -v python3 >/dev/null || skip "no python3 to parse it"
	python3 -m json.tool "$BATS_TEST_TMPDIR/json" >/dev/null
}

@test "inspect shows the sections of a PE image that objdump shows" {
	pe=o/kernels/cloud/vmlinuz
	[ -f "$pe" ] || skip "no Debian kernel in o/kernels"
	command -v objdump >/dev/null || skip "no objdump"
	objdump -h "$pe" | awk '$1 ~ /^[0-9]+$/ { print $2, $4, $6 }' >"$BATS_TEST_TMPDIR/want"
	[ -s "$BATS_TEST_TMPDIR/want" ]
	"$bootpath" inspect --format json "$pe" | jq -r '.images[0].pe.sections[] | [.name, .address, .offset] | @tsv' |
		while read -r name address offset; do
			printf '%s %016x %08x\n' "$name" "$address" "$offset"
		done >"$BATS_TEST_TMPDIR/got"
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
	"$bootpath" inspect "$pe" | grep -q 'NX_COMPAT, runs at any address'
}
