#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every fuzz target of o/fuzz for FUZZ_SECONDS (default 30) over its seeds in tests/fuzz/seeds/NAME.
# New inputs stay in o/fuzz/corpus; a crash stops with libFuzzer's own report and file.
set -eu

cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-30}

for source in tests/fuzz/*_fuzz.c; do
	name=${source##*/}
	target=o/fuzz/tests/fuzz/${name%.c}
	[ -x "$target" ] || continue
	name=${target##*/}
	name=${name%_fuzz}
	corpus=o/fuzz/corpus/$name
	mkdir -p "$corpus" o/fuzz/crashes
	seeds=tests/fuzz/seeds/$name
	[ -d "$seeds" ] || seeds=
	printf 'fuzz: %s for %s seconds\n' "$name" "$seconds"
	# $seeds is one folder or nothing.
	# shellcheck disable=SC2086
	"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="o/fuzz/crashes/$name-" "$corpus" $seeds >"o/fuzz/$name.log" 2>&1 || {
		tail -n 40 "o/fuzz/$name.log" >&2
		exit 1
	}
	grep -E 'number_of_executed_units' "o/fuzz/$name.log"
done
