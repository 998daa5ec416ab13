# SPDX-License-Identifier: GPL-2.0-or-later
# `git bisect run bootpath check ...` finds the one bad commit of forty, and steps over those that cannot be judged.

bats_require_minimum_version 1.5.0
load images
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")

setup() {
	command -v git >/dev/null || skip "no git"
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
	export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.org GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.org
}

# history BAD BREAK [UNREADABLE]...: a repository of 40 versions of the image, told apart by two digits in padding of the boot
# sector. From version BAD on they are altered by the function BREAK; the versions UNREADABLE are cut short.
history() {
	local bad=$1 break=$2 n
	shift 2
	repo=$BATS_TEST_TMPDIR/repo
	git init -q "$repo"
	for n in $(seq 1 40); do
		cp "$demo" "$repo/bzImage"
		poke "$repo/bzImage" 0x20 "$(printf %02d "$n")"
		[ "$n" -lt "$bad" ] || "$break" "$repo/bzImage"
		case " $* " in
		*" $n "*) truncate -s 1000 "$repo/bzImage" ;;
		esac
		git -C "$repo" add bzImage
		git -C "$repo" commit -q -m "version $n"
	done
}

# finds VERSION ARGUMENT...: bisecting with those arguments of check ends at that version.
finds() {
	local want=$1
	shift
	git -C "$repo" bisect start HEAD HEAD~39 >/dev/null
	run git -C "$repo" bisect run "$bootpath" check bzImage "$@"
	printf '%s\n' "$output" | tail -n 40
	[ "$status" = 0 ]
	[ "$(git -C "$repo" show -s --format=%s refs/bisect/bad)" = "version $want" ]
	[[ $output == *"is the first bad commit"* ]]
}

triple_fault() {
	# ud2, with no IDT
	poke_kernel "$1" 0 '\017\013'
}

@test "bisect finds the commit that drops XLF_KERNEL_64" {
	history 23 drop_kernel_64
	finds 23 --require linux64
}

@test "bisect finds the commit after which startup_32 ends in a triple fault, past versions that cannot be read" {
	history 17 triple_fault 20 30
	finds 17 --path linux32
	[[ $output == *"linux32:spec  crash "* ]]
}

@test "bisect finds the commit whose 64-bit entry spoils boot_params" {
	history 38 clobber_e820
	finds 38 --path linux64
}
