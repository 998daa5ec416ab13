# SPDX-License-Identifier: GPL-2.0-or-later
# Setup headers that lie, or are older than most loaders, booted from the 16-bit entry: a clear line, or a verdict.

bats_require_minimum_version 1.5.0
bootpath=$(realpath "${BOOTPATH:-o/opt/bootpath}")
out=${BOOTPATH_OUT:-o/opt}
demo=$out/tests/demo.bzImage

setup_file() {
	# The demonstration image has 5 sectors of setup code after the boot sector, and the last one is empty.
	export DEMO_SECTORS=5
}

# image NAME: a copy of the demonstration image called so.
image() {
	file=$BATS_TEST_TMPDIR/$1
	cp "$demo" "$file"
}

# put OFFSET BYTES...: these bytes (hex, lowest first) into it.
put() {
	local at=$1
	shift
	printf "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek=$((at)) conv=notrunc status=none
}

# setup_sectors N: so many sectors after the boot sector, without a word to the header.
setup_sectors() {
	local size=$((($1 + 1) * 512)) old=$(((DEMO_SECTORS + 1) * 512))
	{
		head -c $((size < old ? size : old)) "$demo"
		head -c $((size > old ? size - old : 0)) /dev/zero
		tail -c +$((old + 1)) "$demo"
	} >"$file"
}

bios() {
	run timeout 20 "$bootpath" check "$file" --path bios --memory 64M --max-instructions 2M "$@"
	printf '%s\n' "$output" | head -n 12
}

# expect STATUS TEXT: the exit status, and the one line about the path or the file.
expect() {
	[ "$status" = "$1" ]
	[[ $output == *"$2"* ]]
}

@test "setup_sects 0 means 4" {
	image four
	setup_sectors 4
	put 0x1f1 04
	bios
	expect 0 "bios:spec  pass"
	four=$(printf '%s\n' "$output" | grep '^bios:spec' | awk '{ print $NF, $(NF - 1), $(NF - 4) }')
	image none
	setup_sectors 4
	put 0x1f1 00
	bios
	expect 0 "bios:spec  pass"
	[ "$(printf '%s\n' "$output" | grep '^bios:spec' | awk '{ print $NF, $(NF - 1), $(NF - 4) }')" = "$four" ]
}

@test "setup_sects that is wrong about this file is a line with an offset" {
	image short
	put 0x1f1 00
	bios
	# boot.rst: payload_offset, a u32 at 0x248, counts from the protected-mode part.
	payload=$((5 * 512 + $(od -An -tu4 -j $((0x248)) -N 4 "$file")))
	expect 125 "$(printf 'offset 0x%x' $payload): the payload begins with none of the magic numbers"
	put 0x1f1 ff
	bios
	expect 125 "setup_sects at 0x1f1 says is 0x20000 bytes long"
}

@test "a setup part of 255 sectors does not fit into a segment" {
	image long
	setup_sectors 255
	put 0x1f1 ff
	bios
	expect 125 "the setup code has 0x20000 bytes and the command line 1: they do not fit"
	run "$bootpath" check "$file" --path linux64
	expect 1 "IMG-008 at image"
	# boot.rst gives it 32 KiB: 63 sectors and the boot sector.
	image longest
	setup_sectors 63
	put 0x1f1 3f
	bios
	expect 0 "bios:spec  pass"
}

# What is called a version, and what the demonstration image does by it: before 2.08 no header says where the payload is, so that
# nobody knows the kernel proper when it gets there, and it ends in its HLT.
@test "protocol versions 2.00 to 2.15" {
	for v in 00 01 02 03 04 05 06 07; do
		image old
		put 0x206 $v
		bios
		expect 1 "HLT before 0x1000036 with interrupts off"
	done
	for v in 08 09 0a 0b 0c 0d 0e 0f; do
		image new
		put 0x206 $v
		bios
		expect 0 "bios:spec  pass"
	done
}

@test "a version that was never given, and no header at all" {
	image never
	put 0x206 ff 01
	bios
	expect 125 "offset 0x206: boot protocol version 0x01ff"
	put 0x206 00 00
	bios
	expect 125 "offset 0x206: boot protocol version 0x0000"
	put 0x206 ff ff
	bios
	expect 125 "offset 0x206: boot protocol version 0xffff"
	# Without "HdrS" it is a zImage, whose setup code the loader puts at 0x90000, and this one is none.
	image none
	put 0x202 58
	put 0 00 00 # nor a PE image
	bios
	expect 1 "bios:spec  crash"
	put 0x1fe 00 00
	bios
	expect 125 "bootpath: none: "
}

@test "a command line longer than cmdline_size" {
	image line
	bios --cmdline "$(printf 'x%.0s' $(seq 2047))"
	expect 0 "bios:spec  pass"
	bios --cmdline "$(printf 'x%.0s' $(seq 2048))"
	expect 125 "the command line has 2048 bytes, this kernel takes at most 2047 (cmdline_size)"
	# Before protocol 2.06 there is no such field, and it is 255.
	put 0x206 05
	bios --cmdline "$(printf 'x%.0s' $(seq 256))"
	expect 125 "the command line has 256 bytes, this kernel takes at most 255"
}

@test "an initrd that would end above initrd_addr_max" {
	image initrd
	head -c 5000 /dev/zero >"$BATS_TEST_TMPDIR/rd"
	put 0x22c ff ff ff 01
	bios --initrd "$BATS_TEST_TMPDIR/rd"
	expect 0 "bios:spec  pass"
	for limit in "00 00 00 00" "ff 0f 00 00" "00 00 10 00"; do
		put 0x22c $limit
		bios --initrd "$BATS_TEST_TMPDIR/rd"
		expect 125 "the initrd takes 0x1388 bytes, and the largest free piece of RAM from 0x100000 up to initrd_addr_max"
	done
}

# Every field of the header that is not about where the file's parts lie, with all bits clear, all set, and only the highest: whatever the
# kernel makes of it, the path has an outcome with a reason on its line, and the tool lives.
@test "header fields at every extreme" {
	for field in 0x1f2:2 0x1f4:4 0x1f8:2 0x1fa:2 0x1fc:2 0x200:1 0x201:1 0x208:4 0x20c:2 0x20e:2 0x210:1 0x211:1 0x212:2 0x214:4 0x218:4 \
		0x21c:4 0x220:4 0x224:2 0x226:1 0x227:1 0x228:4 0x22c:4 0x230:4 0x234:1 0x235:1 0x236:2 0x238:4 0x23c:4 0x240:8 \
		0x248:4 0x24c:4 0x250:8 0x258:8 0x260:4 0x264:4 0x268:4; do
		for bits in "00 00" "ff ff" "00 80"; do
			image extreme
			low=${bits% *} high=${bits#* } n=${field#*:}
			bytes=$(yes "$low" | head -n $((n - 1)))
			put "${field%:*}" $bytes "$high"
			run timeout 20 "$bootpath" check "$file" --path bios --memory 64M --max-instructions 300K
			[ "$status" = 0 ] || [ "$status" = 1 ] || [ "$status" = 125 ] || {
				echo "$field $bits: $status: $output"
				false
			}
			printf '%s\n' "$output" | grep -Eq '^bios:spec +[a-z]+ .*  [^ ]|^bootpath: extreme: ' || {
				echo "$field $bits: $output"
				false
			}
		done
	done
}
