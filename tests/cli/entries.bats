# SPDX-License-Identifier: GPL-2.0-or-later
# On Debian's cloud kernel: every difference between two entries has a reason, planted calls are found, one changed byte is named.

bats_require_minimum_version 1.5.0
bootpath=${BOOTPATH:-o/opt/bootpath}
kernel=o/kernels/cloud/vmlinuz
# The reasons are for linux-image-6.1.0-56-cloud-amd64 6.1.192-2.
pinned=51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275

setup() {
	[ -f "$kernel" ] || skip "the cloud kernel was not fetched (tests/kernels/fetch.sh)"
	[ "$(sha256sum <"$kernel")" = "$pinned  -" ] || skip "another version of the cloud kernel"
	case $bootpath in
	*asan*) skip "takes minutes under AddressSanitizer" ;;
	esac
}

# protected_mode FILE: the offset of startup_32 (boot.rst, setup_sects).
protected_mode() {
	echo $((($(od -An -tu1 -j 497 -N 1 "$1") + 1) * 512))
}

plant() {
	printf "$3" | dd of="$1" bs=1 seek=$(($(protected_mode "$1") + $2)) conv=notrunc status=none
}

@test "every difference between two entries has a reason, and every reason a difference" {
	BOOTPATH=$bootpath run tools/entries-compared.sh check "$kernel"
	echo "$output"
	[ "$status" = 0 ]
}

# startup_32 begins with cld, cli, lea 0x1e8(%esi), %esp: a stack that ends behind boot_params.scratch (0x1e4). Four bytes lower the
# first call's return address, 0x100000d, lands in alt_mem_k (0x1e0) instead; nothing else looks at either.
@test "one byte changed in startup_32: the first instruction that differs, and every difference at startup_64" {
	cp "$kernel" "$BATS_TEST_TMPDIR/new"
	plant "$BATS_TEST_TMPDIR/new" 4 '\344'
	run "$bootpath" diff "$kernel" "$BATS_TEST_TMPDIR/new" --path linux32 --cmdline nokaslr --format json
	echo "$output"
	[ "$status" = 1 ]
	echo "$output" | jq -e '.pairs[0].differences | map(.kind + "." + .name) == ["boot_params.alt_mem_k", "boot_params.scratch", "code.first instruction that differs"]'
	echo "$output" | jq -e '.pairs[0].differences[0] | .a == "0x7fb7f" and .b == "0x100000d"'
	echo "$output" | jq -e '.pairs[0].differences[1] | .a == "0x100000d" and .b == "0x0"'
	echo "$output" | jq -e '.pairs[0].differences[2].a == "startup_32+0x2 (0x1000002: leal 0x1e8(%esi), %esp), after 2 instructions"'
	echo "$output" | jq -e '.pairs[0].differences[2].b == "startup_32+0x2 (0x1000002: leal 0x1e4(%esi), %esp), after 2 instructions"'
}

# At 0x271 startup_64 calls a function at 0xd724e0. The padding before startup_64 takes a detour: call that function, return.
@test "a call planted into a forbidden place fails, with the calls that led there; the unpatched kernel passes" {
	printf 'compressed/0x1c0-0x1cf linux64,linux32 padding is no code\nmemcmp linux64 not before the kernel runs\n' >"$BATS_TEST_TMPDIR/rules"
	run "$bootpath" cover "$kernel" --path linux64,linux32 --cmdline nokaslr --forbid "$BATS_TEST_TMPDIR/rules"
	[ "$status" = 0 ]
	[[ $output == *"2 rules of rules kept"* ]]
	cp "$kernel" "$BATS_TEST_TMPDIR/new"
	plant "$BATS_TEST_TMPDIR/new" 0x271 '\350\112\377\377\377'
	plant "$BATS_TEST_TMPDIR/new" 0x1c0 '\350\033\043\327\000\303'
	run "$bootpath" cover "$BATS_TEST_TMPDIR/new" --path linux64 --cmdline nokaslr --forbid "$BATS_TEST_TMPDIR/rules"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"FAIL: compressed/0x1c0-0x1cf ran on linux64:spec: padding is no code (rules:1)"* ]]
	[[ $output == *"  startup_32+0x1c0 (0x10001c0), after "*"  from startup_64+0x71 (0x1000271: callq 0x10001c0), after "* ]]
}

@test "a function of the kernel proper that the PVH entry calls is found by its name" {
	# arch/x86/platform/pvh/head.S calls xen_prepare_pvh, which looks for a hypervisor's signature with memcmp.
	echo 'memcmp pvh no library before the kernel runs' >"$BATS_TEST_TMPDIR/rules"
	run "$bootpath" cover "$kernel" --path pvh --forbid "$BATS_TEST_TMPDIR/rules" --format json
	[ "$status" = 1 ]
	echo "$output" | jq -e '.forbidden | length == 1 and (.[0].chain[1] | startswith("xen_prepare_pvh+")) and (.[0].chain[2] | startswith("pvh_start_xen+"))'
}
