#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes docs/entries-compared.md from a kernel and the reasons in tests/kernels/entries.expect.
#
#   tools/entries-compared.sh [IMAGE]         writes the document
#   tools/entries-compared.sh check [IMAGE]   only says which difference has no reason, and which reason no difference
set -eu
export LC_ALL=C
check=
if [ "${1:-}" = check ]; then
	check=1
	shift
fi
image=${1:-o/kernels/cloud/vmlinuz}
BOOTPATH=${BOOTPATH:-o/${MODE:-opt}/bootpath}
export BOOTPATH
exec python3 tools/entries_compared.py "$image" ${check:+check}
