# SPDX-License-Identifier: GPL-2.0-or-later
# Where the report goes: all of it or nothing, and never in silence.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
demo=${BOOTPATH_OUT:-o/opt}/tests/demo.bzImage

# A run that ends before the first instruction: enough of a report for these tests.
short="--path linux64 --memory 2M"

@test "-o writes the same bytes as standard output" {
	"$bootpath" run "$demo" $short >"$BATS_TEST_TMPDIR/stdout" || true
	"$bootpath" run "$demo" $short -o "$BATS_TEST_TMPDIR/file" || true
	[ -s "$BATS_TEST_TMPDIR/file" ]
	cmp "$BATS_TEST_TMPDIR/stdout" "$BATS_TEST_TMPDIR/file"
}

@test "an unwritable -o is one line, status 125 and no file" {
	mkdir "$BATS_TEST_TMPDIR/d"
	for target in "$BATS_TEST_TMPDIR/absent/file" "$BATS_TEST_TMPDIR/d" /dev/full; do
		run --separate-stderr "$bootpath" run "$demo" $short -o "$target"
		[ "$status" = 125 ]
		[ -z "$output" ]
		[[ $stderr == "bootpath: $target: "* ]]
		[ "${#stderr_lines[@]}" = 1 ]
	done
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/d")" ]
	[ -c /dev/full ]
}

@test "a file that cannot be written whole leaves what was there before" {
	mkdir "$BATS_TEST_TMPDIR/d"
	echo before >"$BATS_TEST_TMPDIR/d/out"
	# ulimit counts in blocks of 1 KiB: a JSON report of one path is longer.
	run bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' - \
		"$bootpath" run "$demo" $short --format json -o "$BATS_TEST_TMPDIR/d/out"
	[ "$status" = 125 ]
	[[ $output == *"File too large"* ]]
	[ "$(cat "$BATS_TEST_TMPDIR/d/out")" = before ]
	[ "$(ls -A "$BATS_TEST_TMPDIR/d")" = out ]
}

@test "a standard output that is full, closed or broken is status 125" {
	run bash -c '"$@" >/dev/full' - "$bootpath" run "$demo" $short
	[ "$status" = 125 ] && [[ $output == *"No space left"* ]]
	run bash -c '"$@" >&-' - "$bootpath" run "$demo" $short
	[ "$status" = 125 ] && [[ $output == *"standard output"* ]]
	run bash -c '"$@" >/dev/full' - "$bootpath" --help
	[ "$status" = 125 ]
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	# Opened for both ways and closed again, so that the command's write finds no reader.
	run bash -c 'exec 3<>"$1"; exec 4>"$1"; exec 3>&-; shift; "$@" >&4' - \
		"$BATS_TEST_TMPDIR/fifo" "$bootpath" run "$demo" $short
	[ "$status" = 125 ] && [[ $output == *"Broken pipe"* ]]
}

@test "JSON parses, and says what was asked for" {
	"$bootpath" run "$demo" $short --format json --seed 7 --cmdline 'a "b" \c' >"$BATS_TEST_TMPDIR/j" || true
	python3 -m json.tool "$BATS_TEST_TMPDIR/j" >/dev/null
	[ "$(jq -r .tool "$BATS_TEST_TMPDIR/j")" = bootpath ]
	[ "$(jq -r '.images[0].options.cmdline' "$BATS_TEST_TMPDIR/j")" = 'a "b" \c' ]
	[ "$(jq -r '.images[0].options.seed' "$BATS_TEST_TMPDIR/j")" = 7 ]
	[ "$(jq -r '.images[0].sha256' "$BATS_TEST_TMPDIR/j")" = "$(sha256sum <"$demo" | cut -d' ' -f1)" ]
	[ "$(jq -r '.images[0].name' "$BATS_TEST_TMPDIR/j")" = demo.bzImage ]
}

@test "a broken image gives JSON that names the error, and status 125" {
	: >"$BATS_TEST_TMPDIR/empty"
	run --separate-stderr "$bootpath" run "$BATS_TEST_TMPDIR/empty" --format json
	[ "$status" = 125 ]
	[[ $(jq -r '.images[0].error' <<<"$output") == "empty: "* ]]
}
