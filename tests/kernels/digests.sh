#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One digest for one input, whoever built us: gcc's, clang's and the sanitizers' bootpath run the same kernels, and
# each of them twice. Speaks TAP, then says N passed, N failed. The builds are the Makefile's business (make digests).
#
#   tests/kernels/digests.sh BOOTPATH...
set -u

cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
kernels=${BOOTPATH_KERNELS:-o/kernels}
demo=o/opt/tests/demo.bzImage
n=0 passed=0 failed=0

digest() {
	"$@" --format json 2>/dev/null | jq -r '.images[0].paths[0] | select(.outcome == "pass") | .digest'
}

# same NAME ARGUMENT...: the digest of `run ARGUMENT...` is one and the same.
same() {
	name=$1
	shift
	n=$((n + 1))
	all=$(for b in $builds; do digest "$b" run "$@" || echo none; digest "$b" run "$@" || echo none; done)
	if [ "$(printf '%s\n' "$all" | sort -u | wc -l)" = 1 ] && [ "$(printf '%s\n' "$all" | wc -l)" = "$wanted" ]; then
		passed=$((passed + 1))
		printf 'ok %s - %s: %s\n' "$n" "$name" "$(printf '%s\n' "$all" | head -n 1)"
	else
		failed=$((failed + 1))
		printf 'not ok %s - %s\n' "$n" "$name"
		printf '%s\n' "$all" | sed 's/^/# /'
	fi
}

builds=$*
wanted=$(($# * 2))
[ $# -gt 1 ] || { printf 'digests.sh: which builds?\n' >&2; exit 2; }

same 'demo, linux32' "$demo" --path linux32
same 'demo, linux64, seed 7' "$demo" --path linux64 --seed 7
if tests/kernels/fetch.sh cloud >/dev/null; then
	same 'cloud, linux64, nokaslr' "$kernels/cloud/vmlinuz" --path linux64 --cmdline nokaslr
	same 'cloud, linux32, KASLR, seed 3' "$kernels/cloud/vmlinuz" --path linux32 --seed 3
	same 'cloud, linux64, cpu qemu64, 5G' "$kernels/cloud/vmlinuz" --path linux64 --cpu qemu64 --memory 5G --seed 4
fi
printf '1..%s\n%s passed, %s failed\n' "$n" "$passed" "$failed"
[ "$failed" = 0 ]
