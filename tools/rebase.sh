#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the golden files again: each tests/golden/NAME.in is a shell command line, whose output becomes NAME.out.
# The result is reviewed and goes into a commit of its own.
set -eu

cd "$(dirname "$0")/.."
out=o/${MODE:-opt}
PATH=$(pwd)/$out:$PATH
export PATH LC_ALL=C BOOTPATH_KERNELS="${BOOTPATH_KERNELS:-o/kernels}" BOOTPATH_OUT="$out"

for in in tests/golden/*.in; do
	[ -e "$in" ] || continue
	sh "$in" >"${in%.in}.out" 2>&1 || :
	printf 'rebase: %s\n' "${in%.in}.out"
done
