#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath spec on rule files, right and wrong, and check --state on states captured elsewhere.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage

@test "the built-in rules are clean, and each can be shown" {
	run "$bootpath" spec lint
	[ "$status" = 0 ]
	[[ $output == *"every one with a recipe that breaks it"* ]]
	"$bootpath" spec list | sed '$d' | while read -r id rest; do
		"$bootpath" spec show "$id" | grep -q "^  cite     ." || exit 1
	done
}

@test "a wrong rule file is one line with file, line and column, and exit 125" {
	printf 'title: t\nclauses:\n  - id: A-1\n    level: error\n    point: entry\n    cite: c\n    text: t\n    subject: loader\n    require: rax == nosuch\n    violate:\n      - entry: rax = 0\n' >"$BATS_TEST_TMPDIR/bad.yaml"
	run "$bootpath" spec lint "$BATS_TEST_TMPDIR/bad.yaml"
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"bad.yaml:9:21: unknown name \"nosuch\"" ]]
	run "$bootpath" spec list --specs "$BATS_TEST_TMPDIR"
	[ "$status" = 125 ]
	run "$bootpath" spec lint "$BATS_TEST_TMPDIR/none.yaml"
	[ "$status" = 125 ]
}

@test "an id given in two files is told" {
	printf 'title: t\nclauses:\n  - id: A-1\n    level: error\n    point: entry\n    cite: c\n    text: t\n    subject: loader\n    require: rax == 1\n    violate:\n      - entry: rax = 0\n' >"$BATS_TEST_TMPDIR/a.yaml"
	cp "$BATS_TEST_TMPDIR/a.yaml" "$BATS_TEST_TMPDIR/b.yaml"
	run "$bootpath" spec lint "$BATS_TEST_TMPDIR/a.yaml" "$BATS_TEST_TMPDIR/b.yaml"
	[ "$status" = 125 ]
	[[ $output == *"b.yaml:3:9: duplicate id \"A-1\""*"a.yaml:3:5"* ]]
}

@test "usage of spec" {
	for args in "" "nosuch" "show" "show NO-999"; do
		# shellcheck disable=SC2086
		run "$bootpath" spec $args
		[ "$status" = 2 ]
	done
}

# The first path of a report of the demonstration image, as a state file.
own_state() {
	"$bootpath" check "$demo" --path linux64 --format json |
		python3 -c 'import json,sys; json.dump(json.load(sys.stdin)["images"][0]["paths"][0], sys.stdout, indent=1)'
}

@test "a path of our own report is a state file" {
	own_state >"$BATS_TEST_TMPDIR/s.json"
	run "$bootpath" check --state "$BATS_TEST_TMPDIR/s.json" "$demo"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"linux64:spec"*"pass"* ]]
}

@test "a broken register in a state file fails its clause, and exit 1" {
	own_state | sed 's/"rflags": "0x2"/"rflags": "0x202"/' >"$BATS_TEST_TMPDIR/s.json"
	run "$bootpath" check --state "$BATS_TEST_TMPDIR/s.json" "$demo"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"P64-007"*"rflags.if = 1"* ]]
}

@test "a state file that is cut or of another schema is one line, and exit 125" {
	own_state | head -c 3000 >"$BATS_TEST_TMPDIR/cut.json"
	run "$bootpath" check --state "$BATS_TEST_TMPDIR/cut.json" "$demo"
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output =~ cut.json:[0-9]+:[0-9]+:\ not\ JSON ]]
	own_state | sed 's/"rax"/"rxx"/' >"$BATS_TEST_TMPDIR/odd.json"
	run "$bootpath" check --state "$BATS_TEST_TMPDIR/odd.json" "$demo"
	[ "$status" = 125 ]
	[[ $output =~ odd.json:[0-9]+:[0-9]+:\ handovers\[0\].registers.rxx:\ no\ such\ register ]]
	run "$bootpath" check --state "$BATS_TEST_TMPDIR/none.json"
	[ "$status" = 125 ]
}
