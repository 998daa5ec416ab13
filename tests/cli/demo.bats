# SPDX-License-Identifier: GPL-2.0-or-later
# The demonstration image is a real one: QEMU, which knows nothing of us, boots it by its own firmware.

out=${BOOTPATH_OUT:-o/opt}

# boots FILE [OPTION...]: waits for the kernel's line on the serial port.
boots() {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
	local log=$BATS_TEST_TMPDIR/serial
	local file=$1
	shift
	qemu-system-x86_64 -accel tcg -m 256 -display none -no-reboot -serial "file:$log" "$@" \
		-kernel "$file" -append "console=ttyS0" </dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	local i=0
	while [ "$i" -lt 300 ] && ! grep -aqs 'bootpath demo kernel' "$log"; do
		sleep 0.1
		i=$((i + 1))
	done
	kill "$pid"
	wait "$pid" || true
	grep -aq 'bootpath demo kernel' "$log"
}

@test "QEMU boots demo.bzImage from the BIOS entry" {
	boots "$out/tests/demo.bzImage"
}

@test "OVMF boots demo.bzImage from the PE entry" {
	local ovmf=/usr/share/OVMF
	[ -e "$ovmf/OVMF_CODE_4M.fd" ] || skip "no OVMF (package ovmf)"
	boots "$out/tests/demo.bzImage" -machine q35 \
		-drive "if=pflash,format=raw,readonly=on,file=$ovmf/OVMF_CODE_4M.fd" \
		-drive "if=pflash,format=raw,snapshot=on,file=$ovmf/OVMF_VARS_4M.fd"
	grep -aq 'bootpath demo EFI stub' "$BATS_TEST_TMPDIR/serial"
}

@test "QEMU boots demo.vmlinux from the PVH entry" {
	boots "$out/tests/demo.vmlinux"
}

@test "the CRC-32 of demo.bzImage is zero, as boot.rst asks" {
	run sh -c 'gzip -c "$1" | tail -c 8 | od -An -N4 -tx4' - "$out/tests/demo.bzImage"
	[ "$output" = " ffffffff" ]
}
