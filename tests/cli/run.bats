# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath run on the demonstration image: it arrives, says where, and says the same again.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage

@test "every path of the demonstration image reaches the kernel proper" {
	run "$bootpath" run "$demo"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"linux32:spec: pass: reached startup_64 at 0x"* ]]
	[[ $output == *"linux64:spec: pass: reached startup_64 at 0x"* ]]
}

@test "two runs give the same bytes, in text and in JSON" {
	for format in text json; do
		"$bootpath" run "$demo" --format $format >"$BATS_TEST_TMPDIR/a"
		"$bootpath" run "$demo" --format $format >"$BATS_TEST_TMPDIR/b"
		cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	done
}

@test "nothing of the host is in the output: folder, environment, locale" {
	mkdir -p "$BATS_TEST_TMPDIR/elsewhere"
	cp "$demo" "$BATS_TEST_TMPDIR/elsewhere/demo.bzImage"
	"$bootpath" run "$demo" -v >"$BATS_TEST_TMPDIR/a"
	(cd "$BATS_TEST_TMPDIR/elsewhere" && env -i LSAN_OPTIONS="${LSAN_OPTIONS:-}" LC_ALL=tr_TR.UTF-8 TZ=Asia/Tokyo "$bootpath" run demo.bzImage -v) \
		>"$BATS_TEST_TMPDIR/b"
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "JSON holds the handovers in time order, with registers, segments, boot_params and E820" {
	"$bootpath" run "$demo" --path linux64 --format json --cmdline hello >"$BATS_TEST_TMPDIR/j"
	jq -e '.images[0].paths[0] | .outcome == "pass"
		and ([.handovers[].point] == ["entry", "compressed", "kernel"])
		and ([.handovers[].instructions] | . == sort)
		and (.handovers[2].symbol == "startup_64")
		and (.handovers[2].registers.cr0 | startswith("0x"))
		and (.handovers[2].segments.cs | has("selector", "base", "limit", "attr"))
		and (.handovers[0]["e820"] | length > 3)
		and (.handovers[0].boot_params["hdr.type_of_loader"] == "0xff")
		and (.digest | test("^[0-9a-f]{32}$"))' "$BATS_TEST_TMPDIR/j"
}

@test "the image's own fault is status 1" {
	run "$bootpath" run "$demo" --path linux64 --max-instructions 100
	[ "$status" = 1 ]
	[[ $output == *"linux64:spec: hang: "* ]]
}

@test "the report of a stop has registers and the last blocks" {
	run "$bootpath" run "$demo" --path linux32 --max-instructions 100
	[[ $output == *"registers ("* ]]
	[[ $output == *"last "*" blocks"* ]]
}

@test "--until stops earlier" {
	run "$bootpath" run "$demo" --path linux64 --until compressed
	[ "$status" = 0 ]
	[[ $output == *"pass: reached startup_64"* ]]
	[[ $output == *" 0 instructions"* ]]
}

@test "--until takes an address, also past the kernel proper's entry" {
	run "$bootpath" run "$demo" --path linux64 --until 0x1000200
	[ "$status" = 0 ]
	[[ $output == *"pass: reached 0x1000200"* ]]
	run "$bootpath" run "$demo" --path linux64 --until 0xdead000 --max-instructions 1M
	[ "$status" = 1 ]
}

@test "--until takes a symbol, and says so when the image has none of that name" {
	run "$bootpath" run "$demo" --path linux64 --until compressed/startup_64+0x4
	[ "$status" -eq 0 ]
	[[ $output == *"pass: reached compressed/startup_64+0x4 at 0x1000204"* ]]
	run "$bootpath" run "$demo" --path linux64 --until start_kernel
	[ "$status" -eq 125 ]
	[[ $output == *"error: --until: the image has no symbol start_kernel"* ]]
}

@test "--until a point that the path never passes cannot be judged" {
	run timeout 60 "$bootpath" run "$demo" --path linux64:vmm --until compressed
	echo "$output"
	[ "$status" = 125 ]
	[[ $output == *"linux64:vmm: error: reached startup_64 at 0x"*", and this path has no point compressed"* ]]
}

@test "a path that the image does not offer: skip is 125, required is 1" {
	vmlinux=$out/tests/demo.vmlinux
	run "$bootpath" run "$vmlinux" --path linux32
	echo "$output"
	[ "$status" = 125 ]
	[[ $output == *"linux32:spec: skip: not offered: "* ]]
	run "$bootpath" run "$vmlinux" --require linux32
	[ "$status" = 1 ]
	[[ $output == *"linux32:spec: fail: required, but not offered: "* ]]
}

@test "the digest follows the seed's path and options, not the output format" {
	d() { "$bootpath" run "$demo" --path linux64 --format json "$@" | jq -r '.images[0].paths[0].digest'; }
	[ "$(d)" = "$(d -v)" ]
	[ "$(d)" != "$(d --cmdline x)" ]
	[ "$(d)" != "$(d --memory 1G)" ]
}
