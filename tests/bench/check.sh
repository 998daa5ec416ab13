#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What judging costs: the time of `check` over that of `run`, cloud kernel, linux64, where nothing FAILs (then nothing
# is run twice). Medians of 7 alternating pairs, each on one thread. The goal is 1.15.
set -eu

cd "$(dirname "$0")/../.."
bootpath=o/${MODE:-opt}/bootpath
pairs=7

image=$(tests/kernels/fetch.sh cloud) || {
	printf 'check over run: skipped, no cloud kernel\n'
	exit 0
}
times=$(mktemp -d)
trap 'rm -rf "$times"' EXIT

# timed NAME COMMAND...: adds the microseconds that it took to the file of that name.
timed() {
	name=$1
	shift
	start=$(date +%s%N)
	"$@" >/dev/null
	echo $((($(date +%s%N) - start) / 1000)) >>"$times/$name"
}

median() {
	sort -n "$times/$1" | sed -n "$(((pairs + 1) / 2))p"
}

# Once each before anything counts: the image comes from the page cache then.
"$bootpath" run "$image" --path linux64 >/dev/null
"$bootpath" check "$image" --path linux64 >/dev/null
i=0
while [ $i -lt $pairs ]; do
	timed run "$bootpath" run "$image" --path linux64
	timed check "$bootpath" check "$image" --path linux64 --jobs 1
	i=$((i + 1))
done
awk -v run="$(median run)" -v check="$(median check)" 'BEGIN {
	printf "check over run: %.2f (cloud kernel, linux64: check %.0f ms, run %.0f ms; goal 1.15)\n", check / run, check / 1000, run / 1000
}'
