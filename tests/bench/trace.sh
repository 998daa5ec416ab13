#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What recording costs: the time of `trace` over that of `run`, cloud kernel, linux64, and the bytes of the trace.
# Medians of 7 alternating pairs, user time too, as other work on the host disturbs that less. Goals: 1.3 and 5 MB.
set -eu

cd "$(dirname "$0")/../.."
bootpath=o/${MODE:-opt}/bootpath
pairs=7

image=$(tests/kernels/fetch.sh cloud) || {
	printf 'trace over run: skipped, no cloud kernel\n'
	exit 0
}
times=$(mktemp -d)
trap 'rm -rf "$times"' EXIT

# timed NAME COMMAND...: adds wall and user milliseconds to the file of that name.
timed() {
	python3 - "$@" >>"$times/$1" <<-'EOF'
		import os, subprocess, sys, time
		begin = time.monotonic()
		subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, check=True)
		print((time.monotonic() - begin) * 1000, os.times().children_user * 1000)
	EOF
}

# median NAME COLUMN
median() {
	awk -v c="$2" '{ print $c }' "$times/$1" | sort -n | sed -n "$(((pairs + 1) / 2))p"
}

# Once each before anything counts: the image comes from the page cache then.
"$bootpath" run "$image" --path linux64 >/dev/null
"$bootpath" trace "$image" --path linux64 -o "$times/out" >/dev/null
i=0
while [ $i -lt $pairs ]; do
	timed run "$bootpath" run "$image" --path linux64
	timed trace "$bootpath" trace "$image" --path linux64 -o "$times/out"
	i=$((i + 1))
done
awk -v rw="$(median run 1)" -v tw="$(median trace 1)" -v ru="$(median run 2)" -v tu="$(median trace 2)" \
	-v bytes="$(stat -c %s "$times/out")" 'BEGIN {
	printf "trace over run: %.2f wall, %.2f user (cloud kernel, linux64: trace %.0f ms, run %.0f ms; goal 1.3)\n", tw / rw, tu / ru, tw, rw
	printf "trace: %d bytes (goal 5000000)\n", bytes
}'
