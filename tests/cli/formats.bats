# SPDX-License-Identifier: GPL-2.0-or-later
# KTAP and JUnit as readers of other origin see them: the kernel's own parser and Debian's python3-junitparser, against
# what our JSON says of the same run.

bats_require_minimum_version 1.5.0
load images
out=${BOOTPATH_OUT:-o/opt}
bootpath=$(realpath "${BOOTPATH:-$out/bootpath}")

setup_file() {
	local dir=$BATS_FILE_TMPDIR
	cp "$demo" "$dir/bad"
	clobber_e820 "$dir/bad"
	cp "$demo" "$dir/crash"
	poke_kernel "$dir/crash" 0 '\017\013'
	head -c 1000 "$demo" >"$dir/cut"
	# What passes, fails, crashes, is known to fail, is not offered, and cannot be read.
	for format in json ktap junit; do
		"$bootpath" check "$demo" "$dir/bad" "$dir/crash" "$dir/cut" "$out/tests/demo.vmlinux" \
			--path linux32,linux64,linux32:grub2,linux64:vmm --format $format -o "$dir/$format" 2>"$dir/stderr" || [ $? = 1 ]
	done
}

# reader NAME: sets PYTHONPATH to that reader, or skips.
reader() {
	local dir
	dir=$(tests/lib/readers.sh "$1" 2>"$BATS_TEST_TMPDIR/why") || skip "$(tail -n 1 "$BATS_TEST_TMPDIR/why")"
	export PYTHONPATH=$dir PYTHONDONTWRITEBYTECODE=1
}

# expect: what any reader must count, by our JSON: one line "image path failed skipped passed" a path. A case is a
# verdict, or the arrival (see report_case.h).
expect() {
	jq -r '.images[] | select(.paths | length > 0) | .name as $image | .paths[] |
		([.verdicts[] | select((.status == "FAIL" or .status == "ERROR") and .level == "error")] | length) as $bad |
		([.verdicts[] | select(.status == "KNOWN")] | length) as $known |
		([.verdicts[] | select(.status == "SKIP")] | length) as $skip |
		(if .outcome == "skip" then [0, 1, 0]
		 elif .outcome == "pass" or $bad > 0 and (.stop | not) then [0, 0, 1]
		 else [1, 0, 0] end) as $arrival |
		[$image, "\(.path):\(.variant)", $bad + $arrival[0], $skip + $arrival[1], $known,
		 (.verdicts | length) - $bad - $skip - $known + $arrival[2]] | map(tostring) | join(" ")' "$BATS_FILE_TMPDIR/json"
}

@test "the kernel's own parser accepts our KTAP and counts what JSON says" {
	reader kunit
	# Its view: known failures are "ok", with a directive it does not know.
	python3 - "$BATS_FILE_TMPDIR/ktap" >"$BATS_TEST_TMPDIR/got" 2>"$BATS_TEST_TMPDIR/log" <<-'END'
		import contextlib, sys
		import kunit_parser
		with contextlib.redirect_stdout(sys.stderr):
		    kunit_parser.stdout._output = sys.stderr
		    main = kunit_parser.parse_run_tests(open(sys.argv[1]))
		assert main.counts.errors == 0, main.counts
		assert main.counts.crashed == 0, main.counts
		for image in main.subtests:
		    for path in image.subtests:
		        c = path.counts
		        print(image.name, path.name, c.failed, c.skipped, c.passed)
		status = {t.name: t.status.name for t in main.subtests}
		assert status == {'demo.bzImage': 'SUCCESS', 'bad': 'FAILURE', 'crash': 'FAILURE', 'cut': 'FAILURE',
		                  'demo.vmlinux': 'SUCCESS'}, status
	END
	cat "$BATS_TEST_TMPDIR/log" | tail -n 5
	expect | awk '{ print $1, $2, $3, $4, $5 + $6 }' | diff - "$BATS_TEST_TMPDIR/got"
}

@test "KTAP has a version line, a subtest line and a plan at each level" {
	[ "$(head -n 2 "$BATS_FILE_TMPDIR/ktap")" = "KTAP version 1
1..5" ]
	for level in '    ' '        '; do
		[ "$(grep -c "^${level}KTAP version 1$" "$BATS_FILE_TMPDIR/ktap")" = "$(grep -c "^${level}# Subtest: " "$BATS_FILE_TMPDIR/ktap")" ]
		[ "$(grep -c "^${level}KTAP version 1$" "$BATS_FILE_TMPDIR/ktap")" = "$(grep -cE "^${level}1\.\.[0-9]+$" "$BATS_FILE_TMPDIR/ktap")" ]
	done
	grep -q '^        ok [0-9]* - P64-001 at entry # XFAIL known of linux64:vmm (' "$BATS_FILE_TMPDIR/ktap"
	grep -q '^not ok 4 - cut # ERROR cut: offset 0x' "$BATS_FILE_TMPDIR/ktap"
}

@test "junitparser reads our JUnit and counts what JSON says" {
	reader junitparser
	python3 - "$BATS_FILE_TMPDIR/junit" >"$BATS_TEST_TMPDIR/got" <<-'END'
		import sys
		from junitparser import JUnitXml, Failure, Error, Skipped
		xml = JUnitXml.fromfile(sys.argv[1])
		def count(suite):
		    n = dict.fromkeys(('bad', 'skipped', 'passed'), 0)
		    for case in suite:
		        assert case.name and case.classname
		        kinds = [type(r) for r in case.result]
		        assert len(kinds) <= 1
		        n['bad' if kinds and kinds[0] in (Failure, Error) else 'skipped' if kinds else 'passed'] += 1
		        for r in case.result:
		            assert r.message, case.name
		    return n
		for image in xml:
		    total = 0
		    for path in image.testsuites():
		        n = count(path)
		        print(image.name, path.name, n['bad'], n['skipped'], n['passed'])
		        assert path.tests == sum(n.values())
		        assert path.failures + path.errors == n['bad'] and path.skipped == n['skipped']
		        total += path.tests
		    assert image.tests == total + (image.name == 'cut')
	END
	expect | awk '{ print $1, $2, $3, $4 + $5, $6 }' | diff - "$BATS_TEST_TMPDIR/got"
}

@test "JUnit is well-formed XML, and holds a FAIL's citation and its writer" {
	python3 -c 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$BATS_FILE_TMPDIR/junit" || skip "no python3"
	grep -q '<failure message="There are at most the 128 E820 entries' "$BATS_FILE_TMPDIR/junit"
	grep -q '^cite     zero-page.rst, e820_entries' "$BATS_FILE_TMPDIR/junit"
	grep -q '^written  0x101e8 by startup_32+0x1c6 (0x10001c6: ' "$BATS_FILE_TMPDIR/junit"
	grep -q '<error message="cut: offset 0x' "$BATS_FILE_TMPDIR/junit"
}
