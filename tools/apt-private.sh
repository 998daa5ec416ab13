#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A private apt: downloads Debian packages of any suite and architecture without touching the host's apt.
#
#   tools/apt-private.sh DIR ARCH SUITE...     prints the APT_CONFIG file to use, its package lists read
#
# Everything lives in DIR: sources, state, cache. The mirror is the host's own: its address comes from the
# host's apt sources, and proxy settings from the host's apt configuration. Signatures are checked
# with Debian's keyring. A SUITE that ends in -security comes from the host's security mirror and is
# left out where the host has none. Exit 77: no network. The lists are read again after a day.
set -eu

fail() {
	printf '%s: %s\n' "${0##*/}" "$2" >&2
	exit "$1"
}

[ $# -ge 3 ] || fail 2 'usage: apt-private.sh DIR ARCH SUITE...'
dir=$1 arch=$2
shift 2
suites=$*

keyring=
for k in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
	[ -r "$k" ] && keyring=$k && break
done
[ -n "$keyring" ] || fail 1 'no Debian archive keyring: install debian-archive-keyring'

uris=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | sort -u)
mirror=$(printf '%s\n' "$uris" | grep -E '/debian/?$' | head -n 1) || :
security=$(printf '%s\n' "$uris" | grep -E '(/debian-security|//security\.debian\.org)/?$' | head -n 1) || :
[ -n "$mirror" ] || fail 1 'the apt sources of this host name no Debian mirror'

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/parts"
conf=$dir/apt.conf

for s in $suites; do
	case $s in
	*-security) uri=$security ;;
	*) uri=$mirror ;;
	esac
	[ -z "$uri" ] || printf 'deb [arch=%s signed-by=%s] %s %s main\n' "$arch" "$keyring" "$uri" "$s"
done >"$dir/sources.list.new"

{
	apt-config dump | grep -E '^Acquire::(https?|Check-Valid-Until|Check-Date|Retries|ForceIPv[46])\b' || :
	cat <<-END
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::GzipIndexes "true";
	Acquire::http::Timeout "20";
	Acquire::https::Timeout "20";
	Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	Dir::Etc::main "/dev/null";
	Dir::Etc::parts "$dir/parts";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "$dir/parts";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "$dir/parts";
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "/dev/null";
	Dir::Cache "$dir/cache";
	Dir::Cache::pkgcache "";
	Dir::Cache::srcpkgcache "";
	END
} >"$conf.new"

fresh=1
cmp -s "$dir/sources.list.new" "$dir/sources.list" || fresh=0
cmp -s "$conf.new" "$conf" || fresh=0
mv "$dir/sources.list.new" "$dir/sources.list"
mv "$conf.new" "$conf"
[ -n "$(find "$dir/updated" -mtime -1 2>/dev/null)" ] || fresh=0

if [ "$fresh" = 0 ]; then
	rm -f "$dir/updated"
	if ! APT_CONFIG=$conf apt-get -q -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1; then
		# A mirror in the middle of its own update may miss one list; what is there is still signed and of use.
		if ! ls "$dir"/lists/*_Packages* >/dev/null 2>&1; then
			fail 77 "no package lists for $suites: no network, or the mirror lacks them (see $dir/update.log)"
		fi
		printf '%s: some package lists of %s could not be read; going on without (%s)\n' \
			"${0##*/}" "$suites" "$dir/update.log" >&2
	else
		touch "$dir/updated"
	fi
fi
printf '%s\n' "$conf"
