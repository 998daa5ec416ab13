# SPDX-License-Identifier: GPL-2.0-or-later
# bootpath trace: what it records of the demonstration image, how it shows that, and what it refuses.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage

setup_file() {
	"$bootpath" trace "$demo" --path linux64 -o "$BATS_FILE_TMPDIR/t" >"$BATS_FILE_TMPDIR/report"
}

setup() {
	t=$BATS_FILE_TMPDIR/t
}

# refused TEXT COMMAND...: status 125 and one line that says TEXT.
refused() {
	local text=$1
	shift
	run --separate-stderr "$@"
	[ "$status" = 125 ]
	[ "${#stderr_lines[@]}" = 1 ]
	# shellcheck disable=SC2154
	[[ $stderr == *"$text"* ]] || { printf '%s\n' "$stderr"; false; }
}

# count: the run's instructions, as `run` says them, which knows nothing of traces.
count() {
	"$bootpath" run "$demo" --path linux64 --format json | jq '.images[0].paths[0].counts.instructions'
}

@test "recording says what run says, digest and all" {
	"$bootpath" run "$demo" --path linux64 >"$BATS_TEST_TMPDIR/run"
	diff "$BATS_TEST_TMPDIR/run" "$BATS_FILE_TMPDIR/report"
}

@test "the same run gives the same bytes" {
	"$bootpath" trace "$demo" --path linux64 -o "$BATS_TEST_TMPDIR/again" >/dev/null
	cmp "$t" "$BATS_TEST_TMPDIR/again"
}

@test "the summary has the facts of the run" {
	"$bootpath" trace show "$t" --format json >"$BATS_TEST_TMPDIR/j"
	sha=$(sha256sum "$demo")
	jq -e --arg sha "${sha%% *}" --argjson n "$(count)" '.sha256 == $sha and .instructions == $n
		and .facts.path == "linux64" and .facts.outcome == "pass"
		and ([.points[].point] == ["entry", "compressed", "kernel"])
		and .points[2].instruction == $n
		and ([.modes[]] | add) == $n
		and ([.functions[].instructions] | add) == $n' "$BATS_TEST_TMPDIR/j"
	"$bootpath" trace show "$t" | grep -q "^$(count) instructions, "
}

@test "every instruction is listed once, in order" {
	"$bootpath" trace show "$t" --instructions >"$BATS_TEST_TMPDIR/list"
	grep -v -- ' -- ' "$BATS_TEST_TMPDIR/list" | awk '$1 != NR - 1 { exit 1 }'
	[ "$(grep -vc -- ' -- ' "$BATS_TEST_TMPDIR/list")" = "$(count)" ]
}

@test "a part of the list is what stands there in the whole" {
	n=$(count)
	for from in 0 1 7 $((n / 2)) $((n - 1)); do
		"$bootpath" trace show "$t" --from $from --to $((from + 5)) | grep -v -- ' -- ' >"$BATS_TEST_TMPDIR/part"
		"$bootpath" trace show "$t" --instructions | grep -v -- ' -- ' | sed -n "$((from + 1)),$((from + 5))p" \
			>"$BATS_TEST_TMPDIR/whole"
		diff "$BATS_TEST_TMPDIR/whole" "$BATS_TEST_TMPDIR/part"
	done
}

@test "points are places too" {
	"$bootpath" trace show "$t" --from entry --to kernel | grep -v -- ' -- ' >"$BATS_TEST_TMPDIR/a"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/a")" = "$(count)" ]
	refused "neither an instruction number nor" "$bootpath" trace show "$t" --from nowhere
}

@test "blocks hold the instructions that they say" {
	"$bootpath" trace show "$t" --blocks --format json >"$BATS_TEST_TMPDIR/j"
	jq -e --argjson n "$(count)" '[.blocks[] | select(.instructions) | .instructions] | add == $n' "$BATS_TEST_TMPDIR/j"
}

@test "AT&T unless Intel is asked for" {
	"$bootpath" trace show "$t" --to 40 | grep -q '%e[a-z]x'
	run "$bootpath" trace show "$t" --to 40 --syntax intel
	[[ $output != *%* ]]
}

@test "events alone, by kind" {
	"$bootpath" trace show "$t" --events all --format json >"$BATS_TEST_TMPDIR/all"
	"$bootpath" trace show "$t" --events handover,dt-load --format json >"$BATS_TEST_TMPDIR/some"
	jq -e '[.events[].instruction] | . == sort' "$BATS_TEST_TMPDIR/all"
	jq -e '[.events[].event] | unique == ["dt-load", "handover"]' "$BATS_TEST_TMPDIR/some"
	run "$bootpath" trace show "$t" --events nothing
	[ "$status" = 2 ]
}

@test "the tree of calls adds up" {
	"$bootpath" trace show "$t" --calls --format json >"$BATS_TEST_TMPDIR/j"
	jq -e --argjson n "$(count)" '([.calls[].self] | add) == $n
		and ([.calls[] | select(.depth == 0) | .total] | add) == $n' "$BATS_TEST_TMPDIR/j"
}

@test "folded stacks are what flamegraph.pl reads: frames, one blank, a number; they add up" {
	"$bootpath" trace show "$t" --folded >"$BATS_TEST_TMPDIR/folded"
	# flamegraph.pl: (.*)\s+(\d+(?:\.\d*)?)$ with frames parted by semicolons
	if grep -vE '^[^;]+(;[^;]+)* [0-9]+$' "$BATS_TEST_TMPDIR/folded"; then false; fi
	[ "$(awk '{ n += $NF } END { print n }' "$BATS_TEST_TMPDIR/folded")" = "$(count)" ]
}

@test "the Chrome trace has what the Trace Event Format asks for, and nests" {
	"$bootpath" trace show "$t" --format chrome >"$BATS_TEST_TMPDIR/j"
	python3 - "$BATS_TEST_TMPDIR/j" "$(count)" <<-'EOF'
		import json, sys
		trace = json.load(open(sys.argv[1]))
		events = trace["traceEvents"]
		assert {e["ph"] for e in events} == {"M", "X", "i"}
		for e in events:
		    assert isinstance(e["name"], str) and isinstance(e["pid"], int) and isinstance(e["tid"], int)
		    assert e["ph"] != "X" or (isinstance(e["ts"], int) and isinstance(e["dur"], int))
		    assert e["ph"] != "i" or e["s"] in "gpt"
		names = {e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
		assert names == {"functions", "modes", "events"}
		spans = sorted((e["ts"], -e["dur"]) for e in events if e["ph"] == "X" and e["tid"] == 1)
		stack = []
		for ts, dur in spans:
		    while stack and stack[-1] <= ts:
		        stack.pop()
		    assert not stack or ts - dur <= stack[-1]
		    stack.append(ts - dur)
		assert sum(e["dur"] for e in events if e["ph"] == "X" and e["tid"] == 2) == int(sys.argv[2])
	EOF
}

# BOOTPATH_CHROMIUM: a program, if the package is not installed (it is large, so `make deps` leaves it out).
@test "a Chromium page reads the Chrome trace and finds the same spans" {
	for browser in "${BOOTPATH_CHROMIUM:-}" chromium-headless-shell chromium google-chrome; do
		[ -n "$browser" ] && command -v "$browser" >/dev/null && break
		browser=
	done
	[ -n "$browser" ] || skip "no chromium: the test beside it reads the same file with Python"
	"$bootpath" trace show "$t" --format chrome >"$BATS_TEST_TMPDIR/j"
	{
		printf '<!doctype html><pre id=o></pre><script type="application/json" id=t>'
		sed 's/</\\u003c/g' "$BATS_TEST_TMPDIR/j"
		cat <<-'EOF'
			</script><script>
			const trace = JSON.parse(document.getElementById("t").textContent);
			const spans = trace.traceEvents.filter(e => e.ph == "X" && e.tid == 1);
			document.getElementById("o").textContent = `spans ${spans.length} longest ${Math.max(...spans.map(e => e.dur))}`;
			</script>
		EOF
	} >"$BATS_TEST_TMPDIR/page.html"
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/profile" \
		--dump-dom "file://$BATS_TEST_TMPDIR/page.html" >"$BATS_TEST_TMPDIR/dom" 2>"$BATS_TEST_TMPDIR/log"
	want=$(jq -r '[.traceEvents[] | select(.ph == "X" and .tid == 1) | .dur] | "spans \(length) longest \(max)"' "$BATS_TEST_TMPDIR/j")
	grep -qF ">$want<" "$BATS_TEST_TMPDIR/dom"
}

@test "a trace that was cut is refused wherever it was cut" {
	size=$(stat -c %s "$t")
	for n in 0 1 8 55 56 57 $((size / 2)) $((size - 97)) $((size - 96)) $((size - 1)); do
		head -c $n "$t" >"$BATS_TEST_TMPDIR/cut"
		refused "cut: offset 0x" "$bootpath" trace show "$BATS_TEST_TMPDIR/cut"
	done
}

@test "a byte that was changed is found wherever it is" {
	python3 - "$t" "$BATS_TEST_TMPDIR" <<-'EOF'
		import random, sys
		data = open(sys.argv[1], "rb").read()
		random.seed(1)
		places = random.sample(range(len(data)), 24) + [0, 9, 16, 20, 56, len(data) - 1]
		for i, at in enumerate(places):
		    bad = bytearray(data)
		    bad[at] ^= 1 << random.randrange(8)
		    open(f"{sys.argv[2]}/flip{i}", "wb").write(bad)
	EOF
	for f in "$BATS_TEST_TMPDIR"/flip*; do
		refused "offset 0x" "$bootpath" trace show "$f"
	done
}

@test "another version, another image, no trace at all: said in words" {
	cp "$t" "$BATS_TEST_TMPDIR/v"
	printf '\2' | dd of="$BATS_TEST_TMPDIR/v" bs=1 seek=16 conv=notrunc status=none
	refused "a trace of version 2; this bootpath reads version 1" "$bootpath" trace show "$BATS_TEST_TMPDIR/v"
	refused "the trace of another image" "$bootpath" trace show "$t" --image "$out/tests/demo.vmlinux"
	refused "not a trace of bootpath" "$bootpath" trace show "$demo"
	refused "No such file" "$bootpath" trace show "$BATS_TEST_TMPDIR/nothing"
	"$bootpath" trace show "$t" --image "$demo" >/dev/null
}

@test "the whole file is zstd frames" {
	command -v zstd >/dev/null || skip "no zstd"
	zstd -dc <"$t" >/dev/null
}

@test "usage" {
	for args in "" "$demo" "$demo --path linux64" "$demo -o $BATS_TEST_TMPDIR/x" "$demo --path linux32,linux64 -o $BATS_TEST_TMPDIR/x" \
		"show" "show $t --calls --folded" "show $t --format chrome --calls" "show $t --syntax nasm"; do
		# shellcheck disable=SC2086
		run "$bootpath" trace $args
		[ "$status" = 2 ] || { echo "$args: $status"; false; }
	done
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "a path that ends badly leaves its trace all the same" {
	run "$bootpath" trace "$demo" --path linux64 --max-instructions 100 -o "$BATS_TEST_TMPDIR/short"
	[ "$status" = 1 ]
	"$bootpath" trace show "$BATS_TEST_TMPDIR/short" --format json | jq -e '.instructions == 100 and .facts.outcome == "hang"'
}
