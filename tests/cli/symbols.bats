# SPDX-License-Identifier: GPL-2.0-or-later
# Symbol files given on the command line or found in a build tree, and those of another kernel.

bats_require_minimum_version 1.5.0
bootpath=${BOOTPATH:-o/opt/bootpath}
out=${BOOTPATH_OUT:-o/opt}/tests
load images

setup() {
	tree=$BATS_TEST_TMPDIR/tree
}

# A build tree as Kbuild leaves it, of the demonstration image; its checksum lies in the code.
make_tree() {
	mkdir -p "$tree/arch/x86/boot/compressed"
	cp "$out/demo.vmlinux" "$tree/vmlinux"
	tail -c +$((($(byte_at "$demo" 0x1f1) + 1) * 512 + 1)) "$demo" >"$BATS_TEST_TMPDIR/head.bin"
	objcopy -R .setup --update-section .head="$BATS_TEST_TMPDIR/head.bin" "$out/demo.elf" \
		"$tree/arch/x86/boot/compressed/vmlinux" 2>/dev/null
	objcopy -R .head -R .bss "$out/demo.elf" "$tree/arch/x86/boot/setup.elf" 2>/dev/null
	cp "$demo" "$tree/arch/x86/boot/bzImage"
}

# Where nm says that a symbol of FILE is.
address_of() {
	nm "$1" | awk -v name="$2" '$3 == name { print "0x" $1 }'
}

@test "--vmlinux gives names of the kernel proper" {
	run "$bootpath" run "$demo" --path pvh --until pvh_handover
	[ "$status" -eq 125 ]
	[[ $output == *"the image has no symbol pvh_handover"* ]]
	where=$(address_of "$out/demo.vmlinux" pvh_handover)
	run "$bootpath" run "$demo" --path pvh --vmlinux "$out/demo.vmlinux" --until pvh_handover
	[ "$status" -eq 0 ]
	# PVH's code runs where it lies, before paging: at its physical address.
	[[ $output == *"pass: reached pvh_handover at $(printf '0x%x' $((where - 0xffffffff80000000)))"* ]]
	run "$bootpath" run "$demo" --path pvh --until "$where"
	[ "$status" -eq 0 ]
}

@test "--build gives names of all stages" {
	make_tree
	for stage in setup/start_of_setup compressed/startup_64; do
		run "$bootpath" run "$demo" --path bios --build "$tree" --until "$stage"
		[ "$status" -eq 0 ]
		[[ $output == *"pass: reached $stage"* ]]
	done
	run "$bootpath" run "$demo" --path linux32 --until compressed/no_long_mode
	[ "$status" -eq 125 ]
	run "$bootpath" run "$demo" --path linux32 --build "$tree" --until compressed/no_long_mode --max-instructions 10M
	[[ $output != *"no symbol"* ]]
}

@test "an image that lies in a build tree finds its names there" {
	make_tree
	run "$bootpath" run "$tree/arch/x86/boot/bzImage" --path bios --until setup/version
	[[ $output != *"no symbol"* ]]
	run "$bootpath" run "$demo" --path bios --until setup/version
	[ "$status" -eq 125 ]
}

@test "a build tree that was found and does not fit is left alone" {
	make_tree
	poke_kernel "$tree/arch/x86/boot/bzImage" 0x1c0 '\001\002'
	cp "$BATS_TEST_FILENAME" "$tree/vmlinux"
	run "$bootpath" run "$tree/arch/x86/boot/bzImage" --path linux64
	[ "$status" -eq 0 ]
}

@test "symbol files of another kernel are refused in one line, unless forced" {
	make_tree
	poke_kernel "$tree/arch/x86/boot/bzImage" 0x1c0 '\001\002'
	for option in "--build $tree" "--vmlinux $tree/arch/x86/boot/compressed/vmlinux"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$bootpath" run "$tree/arch/x86/boot/bzImage" --path linux64 $option
		[ "$status" -eq 125 ]
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == *"symbols of another kernel"* ]]
		# shellcheck disable=SC2086
		run "$bootpath" run "$tree/arch/x86/boot/bzImage" --path linux64 $option --force-symbols
		[ "$status" -eq 0 ]
	done
}

@test "a System.map gives names of the kernel proper, one of another kernel does not" {
	nm -n "$out/demo.vmlinux" >"$BATS_TEST_TMPDIR/System.map"
	run "$bootpath" run "$demo" --path linux64 --system-map "$BATS_TEST_TMPDIR/System.map" --until halt_32 --max-instructions 1M
	[ "$status" -eq 1 ]
	sed 's/\(startup_64\|_text\)$/&/; s/^\(.*\)0 T \(startup_64\)$/\18 T \2/; s/^\(.*\)0 t \(startup_64\)$/\18 t \2/' \
		"$BATS_TEST_TMPDIR/System.map" >"$BATS_TEST_TMPDIR/other.map"
	run --separate-stderr "$bootpath" run "$demo" --path linux64 --system-map "$BATS_TEST_TMPDIR/other.map"
	[ "$status" -eq 125 ]
	[[ $stderr == *"other.map: symbols of another kernel: startup_64 is at 0xffffffff81000008 there, in the image at 0xffffffff81000000"* ]]
}

@test "files that are no symbol files: one line each" {
	printf 'what\n' >"$BATS_TEST_TMPDIR/map"
	for option in --vmlinux --build --system-map; do
		for file in "$BATS_TEST_TMPDIR/map" "$BATS_TEST_TMPDIR" /nowhere; do
			[ "$option" = --build ] && [ "$file" = "$tree" ] && continue
			run --separate-stderr "$bootpath" run "$demo" --path linux64 "$option" "$file"
			[ "$status" -eq 125 ]
			[ "${#stderr_lines[@]}" -eq 1 ]
			[[ $stderr != *"$BATS_TEST_TMPDIR"* ]]
		done
	done
}
