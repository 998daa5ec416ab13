# SPDX-License-Identifier: GPL-2.0-or-later
# Demonstration images altered on purpose, for the tests that need a kernel which breaks a rule.

demo=${BOOTPATH_OUT:-o/opt}/tests/demo.bzImage

# byte_at FILE OFFSET: the byte there, in decimal.
byte_at() {
	printf '%d' "$(od -An -tu1 -j "$2" -N 1 "$1")"
}

# poke FILE OFFSET BYTES: writes BYTES (octal escapes) and, unless that is what they break, a new checksum.
poke() {
	printf "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
	tests/demo/checksum.sh "$1"
}

# poke_kernel FILE OFFSET BYTES: the same at that offset of the protected-mode part, whose first byte is startup_32.
poke_kernel() {
	poke "$1" $((($(byte_at "$1" 0x1f1) + 1) * 512 + $2)) "$3"
}

# drop_kernel_64 FILE: clears XLF_KERNEL_64 of xloadflags (boot.rst, offset 0x236).
drop_kernel_64() {
	poke "$1" 0x236 "$(printf '\\%03o' $(($(byte_at "$1" 0x236) & ~1)))"
}

# break_checksum FILE: its last four bytes are no checksum of it any more.
break_checksum() {
	printf '\001\002\003\004' | dd of="$1" bs=1 seek=$(($(wc -c <"$1") - 4)) conv=notrunc status=none
}

# clobber_e820 FILE: the 64-bit entry sets boot_params.e820_entries to 200 on its way: a detour by 0x1c0, which is padding.
# The instruction that does it stands at 0x1c6.
clobber_e820() {
	poke_kernel "$1" 0x200 '\351\273\377\377\377\220'
	poke_kernel "$1" 0x1c0 '\374\372\061\300\216\330\306\206\350\001\000\000\310\351\064\000\000\000'
}
