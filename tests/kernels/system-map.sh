#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches the System.map of kernels that tests/kernels/fetch.sh has fetched: it comes in the package of debug symbols,
# of which nothing else is kept. Cached as o/kernels/NAME/System.map.
#
#   tests/kernels/system-map.sh NAME...        fetch; prints the paths
#   tests/kernels/system-map.sh --sums NAME... print, for tests/kernels/system-map.sums, the digest of what kallsyms
#                                              must hold by System.map: NAME VERSION SHA-256 ROWS
#
# The packages are large (cloud 283 MB, cloud612 about as much, i386 762 MB, generic 858 MB): no test fetches them by
# itself; BOOTPATH_SYSTEM_MAPS="cloud ..." makes tests/run.sh do it. Exit 77: no network.
set -eu

cd "$(dirname "$0")/../.."
kernels=${BOOTPATH_KERNELS:-o/kernels}
deps=${DEPS:-o/deps}

say() {
	printf 'system-map.sh: %s\n' "$*" >&2
}

field() {
	sed -n "s/^$2: //p" "$kernels/$1/VERSION"
}

# fetch_one NAME ARCH SUITE...
fetch_one() {
	name=$1 arch=$2
	shift 2
	dir=$kernels/$name
	[ ! -s "$dir/System.map" ] || return 0
	[ -s "$dir/VERSION" ] || {
		say "$name: fetch the kernel first"
		return 1
	}
	package=$(field "$name" Package)-dbg=$(field "$name" Version)
	APT_CONFIG=$(tools/apt-private.sh "$deps/apt/$name-$arch" "$arch" "$@") || exit $?
	export APT_CONFIG
	tmp=$dir/map.tmp.$$
	rm -rf "$tmp"
	mkdir -p "$tmp"
	if ! (cd "$tmp" && apt-get -q download "$package") >"$kernels/$name.log" 2>&1; then
		rm -rf "$tmp"
		say "$name: cannot download $package (see $kernels/$name.log)"
		exit 77
	fi
	rm -f "$kernels/$name.log"
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -x -C "$tmp" --wildcards './usr/lib/debug/boot/System.map-*'
	mv "$tmp"/usr/lib/debug/boot/System.map-* "$dir/System.map"
	rm -rf "$tmp"
}

# What scripts/kallsyms.c keeps of a System.map, and how, by three facts of the kernel:
#   percpu  CONFIG_KALLSYMS_ABSOLUTE_PERCPU: per-CPU symbols are kept as absolute ones, of type A
#   tables  until 6.3: kallsyms' own tables are left out
#   text    without CONFIG_KALLSYMS_ALL: only what lies in the text, from _stext to _etext and _sinittext to _einittext
# Absolute symbols are always left out. Addresses are compared as text: all have as many digits.
kept() {
	awk -v facts="$2" '
		{ line[NR] = $0; at[$3] = $1 "" }
		function dropped(type, name) {
			if (type ~ /^[AaUuNn]$/)
				return 1
			if (facts ~ /tables/ && name ~ /^kallsyms_(addresses|offsets|relative_base|num_syms|names|markers|token_table|token_index|seqs_of_names)$/)
				return 1
			return name ~ /^(__efistub_|__kcfi_typeid_)/
		}
		function within(address, first, last) { return address >= at[first] && address <= at[last] }
		# What begins where the text ends may move, so only the mark itself is kept.
		function in_text(address, name) {
			if (address == at["_etext"] && name != "_etext" || address == at["_einittext"] && name != "_einittext")
				return 0
			return within(address, "_stext", "_etext") || within(address, "_sinittext", "_einittext")
		}
		END {
			for (i = 1; i <= NR; i++) {
				split(line[i], w, " ")
				if (dropped(w[2], w[3]) || facts ~ /text/ && !in_text(w[1] "", w[3]))
					continue
				if (facts ~ /percpu/ && within(w[1] "", "__per_cpu_start", "__per_cpu_end"))
					w[2] = "A"
				print w[1], w[2], w[3]
			}
		}' "$1" | LC_ALL=C sort
}

sums=
[ "${1-}" != --sums ] || {
	sums=1
	shift
}
[ $# -gt 0 ] || {
	say 'usage: tests/kernels/system-map.sh [--sums] NAME... (cloud, generic, i386, cloud612)'
	exit 2
}
for n; do
	facts='percpu tables'
	case $n in
	cloud | generic) fetch_one "$n" amd64 bookworm bookworm-security ;;
	i386)
		fetch_one i386 i386 bookworm bookworm-security
		facts='tables text' ;;
	cloud612)
		fetch_one cloud612 amd64 bookworm-backports
		facts=percpu ;;
	*)
		say "unknown kernel $n (cloud, generic, i386, cloud612)"
		exit 2 ;;
	esac
	if [ -n "$sums" ]; then
		printf '%s %s %s %s\n' "$n" "$(field "$n" Version)" \
			"$(kept "$kernels/$n/System.map" "$facts" | sha256sum | cut -d' ' -f1)" \
			"$(kept "$kernels/$n/System.map" "$facts" | wc -l)"
	else
		printf '%s\n' "$kernels/$n/System.map"
	fi
done
