# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath cover on the demonstration image: what runs where, what must not, and the formats.

bats_require_minimum_version 1.5.0
load images
bootpath=${BOOTPATH:-o/opt/bootpath}

# boot.rst: the 32-bit and 64-bit protocols skip the real-mode code; startup_32 runs under a BIOS and by its own protocol.
@test "each stage runs on the paths that enter it or come through it" {
	run "$bootpath" cover "$demo" --path bios,linux32,linux64 --format json
	[ "$status" = 0 ]
	echo "$output" | jq -e '[.functions[] | select(.stage == "setup") | .paths[]] | unique == ["bios:spec"]'
	echo "$output" | jq -e '.functions[] | select(.function == "startup_32") | .paths == ["bios:spec", "linux32:spec"]'
	echo "$output" | jq -e '.functions[] | select(.stage == "compressed" and .function == "startup_64") | .paths == ["bios:spec", "linux32:spec", "linux64:spec"]'
}

@test "the first block of each entry is in the table" {
	run "$bootpath" cover "$demo" --path bios,linux32,linux64 --format json
	# boot.rst: the setup code is entered at 0x200, startup_32 is the first byte of the protected-mode part, startup_64 0x200 behind it.
	for at in setup:0x200 compressed:0x0 compressed:0x200; do
		echo "$output" | jq -e --arg stage "${at%:*}" --arg at "${at#*:}" '[.functions[] | select(.stage == $stage) | .blocks[].address] | index([$at])'
	done
}

@test "where the run stops does not count as run" {
	run "$bootpath" cover "$demo" --path linux64 --until 0x1000200 --format json
	echo "$output"
	echo "$output" | jq -e '.functions == []'
}

@test "forbidden code fails with the way to it; what is kept passes" {
	cp "$demo" "$BATS_TEST_TMPDIR/new.bzImage"
	clobber_e820 "$BATS_TEST_TMPDIR/new.bzImage"
	# The detour of clobber_e820 is a jump from startup_64's first instruction.
	echo 'compressed/0x1c0-0x1ff * padding is no code' >"$BATS_TEST_TMPDIR/rules"
	run "$bootpath" cover "$demo" --path linux64 --forbid "$BATS_TEST_TMPDIR/rules"
	[ "$status" = 0 ]
	[[ $output == *"1 rule of rules kept"* ]]
	run "$bootpath" cover "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --forbid "$BATS_TEST_TMPDIR/rules"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"FAIL: compressed/0x1c0-0x1ff ran on linux64:spec: padding is no code (rules:1)"*"from startup_64+0x0 (0x1000200: jmp"* ]]
	echo 'compressed/0x1c0-0x1ff linux32,pvh not there' >"$BATS_TEST_TMPDIR/rules"
	run "$bootpath" cover "$BATS_TEST_TMPDIR/new.bzImage" --path linux64 --forbid "$BATS_TEST_TMPDIR/rules"
	[ "$status" = 0 ]
}

@test "a mistake in the list is one line with its place" {
	while IFS='|' read -r row message; do
		printf '# a comment\n\n%s\n' "$row" >"$BATS_TEST_TMPDIR/rules"
		run "$bootpath" cover "$demo" --path linux64 --forbid "$BATS_TEST_TMPDIR/rules"
		echo "$output"
		[ "$status" = 125 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == "bootpath: rules:3: $message"* ]]
	done <<'END'
nosuchfunction * reason|the image has no such function
startup_64 linux65 reason|no such path
startup_64 linux64|expected a function or range, paths, and the reason
0x1-0x2 linux64 reason|a range needs its stage in front
decompressed/startup_64 linux64 reason|no such stage
compressed/0x9-0x2 linux64 reason|the image has no such function
END
}

# The header is text; each row of the table is 8 bytes (DynamoRIO's drcov, version 2).
@test "drcov: as many rows as the header says, each inside its module" {
	"$bootpath" cover "$demo" --path linux32 --drcov "$BATS_TEST_TMPDIR/out.drcov" >/dev/null
	python3 - "$BATS_TEST_TMPDIR/out.drcov" <<'END'
import re, struct, sys
data = open(sys.argv[1], "rb").read()
head, rows = re.match(rb"(.*?BB Table: \d+ bbs\n)(.*)", data, re.S).groups()
lines = head.decode().splitlines()
assert lines[0] == "DRCOV VERSION: 2" and lines[2] == "Module Table: version 2, count 3", lines
modules = [[int(x, 16) for x in line.split(", ")[1:3]] for line in lines[4:7]]
count = int(re.search(r"(\d+) bbs", lines[-1]).group(1))
assert count > 3 and len(rows) == 8 * count, (count, len(rows))
for start, size, module in struct.iter_unpack("<IHH", rows):
    base, end = modules[module]
    assert size and base + start + size <= end, (start, size, module)
END
}

@test "two runs give the same bytes" {
	"$bootpath" cover "$demo" --path bios,linux32 -v >"$BATS_TEST_TMPDIR/a"
	"$bootpath" cover "$demo" --path bios,linux32 -v >"$BATS_TEST_TMPDIR/b"
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

# The lines are known from the source itself: the assembler makes one line of each instruction.
@test "lcov: the lines of the source, as the paths ran them" {
	"${GUEST_CC:-gcc}" -m64 -c -g -I. -I"$out" -Wa,-mx86-used-note=no -o "$BATS_TEST_TMPDIR/kernel.o" tests/demo/kernel.S
	ld -m elf_x86_64 --build-id=none -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments -T tests/demo/vmlinux.lds \
		-o "$BATS_TEST_TMPDIR/vmlinux" "$BATS_TEST_TMPDIR/kernel.o"
	run "$bootpath" cover "$demo" --path pvh,linux64 --vmlinux "$BATS_TEST_TMPDIR/vmlinux" --lcov "$BATS_TEST_TMPDIR/out.info"
	echo "$output"
	[ "$status" = 0 ]
	line() { # of the instruction behind label $1
		grep -n "^$1:" tests/demo/kernel.S | cut -d: -f1 | { read -r n; echo $((n + 1)); }
	}
	awk '/^TN:pvh_spec$/,/^end_of_record$/' "$BATS_TEST_TMPDIR/out.info" >"$BATS_TEST_TMPDIR/pvh"
	awk '/^TN:linux64_spec$/,/^end_of_record$/' "$BATS_TEST_TMPDIR/out.info" >"$BATS_TEST_TMPDIR/linux64"
	grep -qx "SF:tests/demo/kernel.S" "$BATS_TEST_TMPDIR/pvh"
	grep -qx "DA:$(line pvh_start),1" "$BATS_TEST_TMPDIR/pvh"
	grep -qx "FN:$(line pvh_start),pvh_start" "$BATS_TEST_TMPDIR/pvh"
	grep -qx "DA:$(line pvh_start),0" "$BATS_TEST_TMPDIR/linux64"
	# Nothing stops the run after the jump to startup_64, so what halts there did not run.
	! grep -q "DA:$(line halt_32),1" "$BATS_TEST_TMPDIR/pvh"
	[ "$(grep -c '^DA:' "$BATS_TEST_TMPDIR/pvh")" = "$(sed -n 's/^LF://p' "$BATS_TEST_TMPDIR/pvh")" ]
	[ "$(grep -c '^DA:.*,1$' "$BATS_TEST_TMPDIR/pvh")" = "$(sed -n 's/^LH://p' "$BATS_TEST_TMPDIR/pvh")" ]
	run "$bootpath" cover "$demo" --path pvh --lcov "$BATS_TEST_TMPDIR/none.info"
	[ "$status" = 125 ]
	[ ! -e "$BATS_TEST_TMPDIR/none.info" ]
}
