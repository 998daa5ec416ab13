#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the tests of o/$MODE and ends with one line: N passed, N failed[, N skipped].
#
#   MODE=opt tests/run.sh [unit|guest|kernels|oracle|cli|layers|mutation|mutants]...      default: all of them
#
# Every program speaks TAP. A program that dies, hangs or says less than it planned counts as failed. Kernel images
# are fetched first; tests find them by BOOTPATH_KERNELS, and skip with the reason where there are none.
set -u

cd "$(dirname "$0")/.." || exit 1
top=$(pwd)
mode=${MODE:-opt}
out=o/$mode
tap=$out/tests/tap
limit=${TEST_TIMEOUT:-900}

export LC_ALL=C
export BOOTPATH="$top/$out/bootpath"
export BOOTPATH_OUT="$top/$out"
export BOOTPATH_KERNELS="${BOOTPATH_KERNELS:-$top/o/kernels}"
export LSAN_OPTIONS="suppressions=$top/tests/lsan.supp:print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"

mkdir -p "$tap"
passed=0 failed=0 skipped=0

# judge NAME STATUS: counts what $tap/NAME.tap says and prints what failed. `ok ... # SKIP why` is a skip.
judge() {
	counts=$(awk -v status="$2" '
		{ sub(/\r$/, "") }
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
		/^ok / { if (tolower($0) ~ /# *skip/) s++; else p++ }
		/^not ok / { f++ }
		END {
			lost = planned ? plan - p - s - f : 1
			if (lost > 0) f += lost; else lost = 0
			if (status != 0 && f == 0) { f++; lost++ }
			print p + 0, f + 0, s + 0, lost + 0
		}' "$tap/$1.tap")
	set -- "$1" "$2" $counts
	passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
	printf '  %-10s%s passed, %s failed' "$1" "$3" "$4"
	[ "$5" = 0 ] || printf ', %s skipped' "$5"
	printf '\n'
	awk '/^not ok / { show = 1 } /^ok / || /^# (Running|Criterion)/ { show = 0 } show { print "    " $0 }' "$tap/$1.tap"
	if [ "$6" != 0 ]; then
		case $2 in
		124 | 137) printf '    ended by the time limit of %s seconds, %s tests unsaid\n' "$limit" "$6" ;;
		*) printf '    ended with status %s, %s tests unsaid\n' "$2" "$6" ;;
		esac
		tail -n 20 "$tap/$1.log" | sed 's/^/    | /'
	fi
	sed -n 's/^ok .*# *[Ss][Kk][Ii][Pp] *//p' "$tap/$1.tap" | sort | uniq -c | sed 's/^ *\([0-9]*\) /    \1 skipped: /'
}

# program NAME FILE: one Criterion program.
program() {
	[ -x "$2" ] || return 0
	: >"$tap/$1.tap"
	timeout -k 10 "$limit" "$2" "-Otap:$tap/$1.tap" >"$tap/$1.log" 2>&1 </dev/null
	judge "$1" $?
}

fetch_kernels() {
	set -- cloud generic i386 cloud612
	for k; do
		tests/kernels/fetch.sh "$k" >/dev/null || printf '  kernels   %s: not here, its tests skip\n' "$k"
	done
	# The packages that these come in have hundreds of megabytes: only for who asks.
	for k in ${BOOTPATH_SYSTEM_MAPS-}; do
		tests/kernels/system-map.sh "$k" >/dev/null || printf '  kernels   %s: no System.map, its test skips\n' "$k"
	done
}

run_unit() { program unit "$out/tests/unit"; }
run_guest() { program guest "$out/tests/guest-test"; }
run_kernels() {
	tests/kernels/efi_images.sh 2>/dev/null || printf '  images    no UEFI images, their tests skip\n'
	program kernels "$out/tests/kernels-test"
}
run_oracle() {
	tests/oracle/images.sh 2>/dev/null || printf '  images    not here, their tests skip\n'
	program oracle "$out/tests/oracle-test"
}

# speaks NAME FILE: a program that speaks TAP itself; its lines "# total: ..." are shown.
speaks() {
	[ -x "$2" ] || return 0
	timeout -k 10 "$limit" "$2" >"$tap/$1.tap" 2>"$tap/$1.log" </dev/null
	judge "$1" $?
	sed -n 's/^# total: /    /p' "$tap/$1.tap"
}

run_mutation() { speaks mutation "$out/tests/mutation-test"; }
run_mutants() { speaks mutants "$out/tests/mutants-test"; }

run_cli() {
	set -- tests/cli/*.bats
	[ -e "$1" ] || return 0
	timeout -k 10 "$limit" bats --tap "$@" >"$tap/cli.tap" 2>"$tap/cli.log" </dev/null
	judge cli $?
}

run_layers() {
	if tools/layers.sh >"$tap/layers.log" 2>&1; then
		printf '1..1\nok 1 layers\n' >"$tap/layers.tap"
	else
		{ printf '1..1\nnot ok 1 layers\n'; cat "$tap/layers.log"; } >"$tap/layers.tap"
	fi
	judge layers 0
}

[ $# -gt 0 ] || set -- layers unit guest kernels oracle cli mutation mutants
printf 'tests of %s\n' "$out"
case " $* " in
*' kernels '* | *' oracle '* | *' cli '* | *' mutation '*) fetch_kernels ;;
esac
for group; do
	"run_$group"
done

closing="$passed passed, $failed failed"
[ "$skipped" = 0 ] || closing="$closing, $skipped skipped"
printf '%s\n' "$closing"
[ "$failed" = 0 ]
