# SPDX-License-Identifier: GPL-2.0-or-later
# Files that lie about themselves: one line with the offset, in bounded time and memory.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage
kernels=${BOOTPATH_KERNELS:-o/kernels}

ram=64 # MiB of the guest
room=64 # MiB more that a small file may cost: issue "Machine", "Bad input"

# bounded COMMAND...: its status and output, within 30 seconds; its peak memory in KiB goes to the file peak.
bounded() {
	timeout 30 python3 - "$BATS_TEST_TMPDIR/peak" "$@" <<'PYTHON'
import resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "w") as f:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=f)
sys.exit(status if status >= 0 else 128 - status)
PYTHON
}

# lie OFFSET BYTES...: a 4 KiB image whose header has these bytes (hex, lowest first) at that offset.
lie() {
	head -c 4096 "$demo" >"$BATS_TEST_TMPDIR/lie"
	# setup_sects 1 and syssize 0xc0: what is there is whole, unless the lie is about these.
	patch_bytes 0x1f1 01
	patch_bytes 0x1f4 c0 00 00 00
	patch_bytes "$@"
}

patch_bytes() {
	local at=$1
	shift
	printf "$(printf '\\x%s' "$@")" | dd of="$BATS_TEST_TMPDIR/lie" bs=1 seek=$((at)) conv=notrunc status=none
}

# judged: whatever it is, it is said in bounded memory, with a status that is not a crash of ours.
judged() {
	run bounded "$bootpath" "$1" "$BATS_TEST_TMPDIR/lie" "${@:2}"
	printf '%s\n' "$output" | head -n 5
	[ "$status" = 0 ] || [ "$status" = 1 ] || [ "$status" = 125 ]
	case $out in
	*asan*) ;; # the sanitizer has memory of its own
	*) [ "$(cat "$BATS_TEST_TMPDIR/peak")" -le $(((ram + room) * 1024)) ] ;;
	esac
}

# refused TEXT: status 125 and one line, with an offset and the text.
refused() {
	[ "$status" = 125 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == "bootpath: lie: offset 0x"*"$1"* ]]
}

@test "setup_sects past the end of the file" {
	lie 0x1f1 ff
	judged run --memory ${ram}M --max-instructions 2M
	refused "setup_sects at 0x1f1"
}

@test "syssize of four thousand million paragraphs" {
	lie 0x1f4 ff ff ff ff
	judged run --memory ${ram}M --max-instructions 2M
	refused "syssize at 0x1f4"
}

@test "a payload that begins past the end of the file, or never ends" {
	lie 0x248 f0 ff ff ff
	judged run --memory ${ram}M --max-instructions 2M
	refused "payload"
	lie 0x24c ff ff ff ff
	judged run --memory ${ram}M --max-instructions 2M
	refused "payload"
}

@test "init_size, pref_address and kernel_alignment that no memory has room for" {
	for field in "0x260 ff ff ff ff" "0x258 00 00 00 00 00 00 00 80" "0x258 ff ff ff ff ff ff ff ff" \
		"0x230 00 00 00 80" "0x230 00 00 00 00" "0x230 03 00 00 00"; do
		lie $field
		# No payload: only placement is asked.
		patch_bytes 0x248 00 00 00 00 00 00 00 00
		judged run --path linux64 --memory ${ram}M --max-instructions 2M
		[ "$status" = 125 ]
		[[ $output == *"linux64:spec: error: "* ]]
	done
}

@test "every 4 KiB lie costs little under inspect too" {
	for field in "0x1f1 ff" "0x1f4 ff ff ff ff" "0x24c ff ff ff ff" "0x260 ff ff ff ff" "0x3c ff ff ff 7f" "0x20e ff ff"; do
		lie $field
		judged inspect
	done
}

@test "an ELF whose header promises tables and segments that are not there" {
	for field in "0x20 ff ff ff ff ff ff ff 7f" "0x28 ff ff ff ff ff ff ff ff" "0x38 ff ff" "0x3c ff ff" \
		"0x60 ff ff ff ff ff ff ff ff" "0x68 ff ff ff ff ff ff ff ff"; do
		head -c 4096 "$out/tests/demo.vmlinux" >"$BATS_TEST_TMPDIR/lie"
		patch_bytes $field
		judged run --memory ${ram}M --max-instructions 2M
		[ "$status" != 0 ]
	done
}

@test "a flipped bit in the payload of a real kernel is one line with its place" {
	[ -e "$kernels/generic/vmlinuz" ] || skip "the generic kernel is not here"
	cp "$kernels/generic/vmlinuz" "$BATS_TEST_TMPDIR/lie"
	at=$(($(stat -c %s "$kernels/generic/vmlinuz") / 2))
	byte=$(od -An -tu1 -j $at -N 1 "$BATS_TEST_TMPDIR/lie")
	patch_bytes $at "$(printf '%02x' $((byte ^ 0x10)))"
	run bounded "$bootpath" run "$BATS_TEST_TMPDIR/lie"
	echo "$output"
	refused "xz payload is damaged"
}

@test "a real kernel cut short is one line" {
	[ -e "$kernels/cloud/vmlinuz" ] || skip "the cloud kernel is not here"
	size=$(stat -c %s "$kernels/cloud/vmlinuz")
	for n in 600 16384 $((size / 2)) $((size * 9 / 10)); do
		head -c $n "$kernels/cloud/vmlinuz" >"$BATS_TEST_TMPDIR/lie"
		run bounded "$bootpath" run "$BATS_TEST_TMPDIR/lie"
		echo "$output"
		refused ""
	done
}

@test "a real kernel that does not fit into RAM is one clear line a path" {
	[ -e "$kernels/cloud/vmlinuz" ] || skip "the cloud kernel is not here"
	run bounded "$bootpath" run "$kernels/cloud/vmlinuz" --path linux32,linux64 --memory 64M
	echo "$output"
	[ "$status" = 125 ]
	for path in linux32 linux64; do
		[[ $output == *"$path:spec: error: memory is too small: the kernel takes 0x"*"bytes"* ]]
	done
}
