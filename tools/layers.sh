#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fails on an #include against the arrows of the layout, on a third-party header outside its one file, and on a source
# without its licence line. The tables here are the rule.
#
#   tools/layers.sh [FOLDER]      default: the repository that this script lies in
set -eu

cd "${1:-$(dirname "$0")/..}"

# folder: the folders that it may include from, beside itself
arrows='
emu/base
emu             emu/base
loaders         emu/base
models          loaders emu emu/base
specs           loaders emu emu/base
tools           specs models loaders emu emu/base
tests/demo
tests           tests/lib tools specs models loaders emu emu/base
'

# our own header: the beginning of the paths that may include it
private='
emu/uc_internal.h    emu/uc
'

# header (a prefix of what stands between the brackets): the only files that may include it
fences='
unicorn/        emu/uc_internal.h emu/uc.c emu/uc_mem.c emu/uc_tlb.c emu/uc_state.c
Zydis/          emu/decode.c
Zycore/         emu/decode.c
capstone/       emu/disasm.c
libelf.h        loaders/elf.c loaders/elf_symbols.c
gelf.h          loaders/elf.c loaders/elf_symbols.c
elfutils/       loaders/lines.c
dwarf.h         loaders/lines.c
zlib.h          loaders/payload_gzip.c
bzlib.h         loaders/payload_bzip2.c
lzma.h          loaders/payload_xz.c
lzo/            loaders/payload_lzo.c
lz4             loaders/payload_lz4.c
zstd            loaders/payload_zstd.c emu/zframe.c
yaml.h          specs/yaml.c
jansson.h       tools/json_read.c
xxhash.h        emu/base/digest.c
md5.h           emu/base/digest.c
sha             emu/base/digest.c
asm/bootparam.h
linux/          tests/
xen/            tests/
criterion/      tests/
'

list() {
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard
	else
		find . -type f | sed 's|^\./||'
	fi | sort -u
}

bad=0

files=$(list | grep -E '\.(c|h|def|S)$' || :)
if [ -n "$files" ]; then
	# shellcheck disable=SC2086
	awk -v arrows="$arrows" -v fences="$fences" -v private="$private" '
	BEGIN {
		n = split(arrows, line, "\n")
		for (i = 1; i <= n; i++) {
			k = split(line[i], w, " ")
			if (k == 0) continue
			folder[w[1]] = 1
			allow[w[1], w[1]] = 1
			for (j = 2; j <= k; j++) allow[w[1], w[j]] = 1
		}
		n = split(fences, line, "\n")
		for (i = 1; i <= n; i++) {
			k = split(line[i], w, " ")
			if (k == 0) continue
			fence[++fence_count] = w[1]
			for (j = 2; j <= k; j++) keeper[w[1], w[j]] = 1
			keepers[w[1]] = line[i]
			sub(/^[^ ]+ */, "", keepers[w[1]])
		}
		n = split(private, line, "\n")
		for (i = 1; i <= n; i++)
			if (split(line[i], w, " ") == 2) owner[w[1]] = w[2]
	}
	function dir(path) { return sub(/\/[^\/]*$/, "", path) ? path : "." }
	# The layer of a folder is the longest listed folder that holds it.
	function layer(d) {
		while (!(d in folder)) {
			if (d !~ /\//) return ""
			sub(/\/[^\/]*$/, "", d)
		}
		return d
	}
	function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
	FNR == 1 { own = layer(dir(FILENAME)) }
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, q, "\"")
		to = q[2] ~ /\// ? layer(dir(q[2])) : own
		if (own == "" || to == "") complain("\"" q[2] "\" lies in no known layer")
		else if (!((own, to) in allow)) complain(own " may not include " to ": \"" q[2] "\"")
		if (q[2] in owner && index(FILENAME, owner[q[2]]) != 1) complain("\"" q[2] "\" is only for " owner[q[2]] "*")
		next
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		header = $0
		sub(/^[^<]*</, "", header)
		sub(/>.*/, "", header)
		for (i = 1; i <= fence_count; i++) {
			if (index(header, fence[i]) != 1) continue
			if ((fence[i], FILENAME) in keeper) continue
			if (FILENAME ~ /^tests\// && (fence[i], "tests/") in keeper) continue
			# A test may ask the second opinion that the product may not.
			if (FILENAME ~ /^tests\//) continue
			complain("<" header "> belongs to " (keepers[fence[i]] == "" ? "no file of ours" : keepers[fence[i]]))
		}
	}
	END { exit bad }
	' $files || bad=1
fi

for f in $(list | grep -E '\.(c|h|def|S|lds|sh|mk|scd|bats)$|^Makefile$|^\.ci/run$|^\.clang-format$' || :); do
	[ -e "$f" ] || continue
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || {
		printf '%s:1: no SPDX-License-Identifier line\n' "$f"
		bad=1
	}
done
for f in $(list | grep -E '\.yaml$' || :); do
	[ -e "$f" ] || continue
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier:' || {
		printf '%s:1: no SPDX-License-Identifier line\n' "$f"
		bad=1
	}
done

[ "$bad" = 0 ] || exit 1
echo 'layers: every include follows the arrows'
