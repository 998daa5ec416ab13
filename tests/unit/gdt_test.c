/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors against those that real loaders have: a capture of GRUB 2.06, Firecracker's own test vectors, SDM 3A 3.4.5. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "models/gdt.h"

Test(gdt, flat_descriptors_are_those_of_grub_and_firecracker)
{
	/* GRUB 2.06's GDT as captured: ffff0000009acf00 and ffff00000093cf00. */
	cr_expect(eq(u64,
		     gdt_descriptor(0, 0xffffffff,
				    DESC_G | DESC_DB | DESC_P | DESC_S | DESC_CODE | DESC_RW),
		     0x00cf9a000000ffff));
	cr_expect(eq(u64, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32), 0x00cf93000000ffff));
	/* Firecracker: 64-bit code and its TSS. */
	cr_expect(eq(u64, gdt_descriptor(0, 0xffffffff, SEG_ATTR_CODE64), 0x00af9b000000ffff));
	cr_expect(eq(u64, gdt_descriptor(0, 0xffffffff, DESC_G | SEG_ATTR_TSS_BUSY),
		     0x008f8b000000ffff));
}

Test(gdt, base_and_limit_go_where_figure_3_8_has_them)
{
	/* Base 31:24 at 63:56, limit 19:16 at 51:48, base 23:0 at 39:16, limit 15:0 at 15:0. */
	cr_expect(eq(u64, gdt_descriptor(0x12345678, 0x000abcde, 0x00009300), 0x120a93345678bcde));
}

Test(gdt, loading_a_descriptor_gives_back_base_limit_and_attributes)
{
	const struct segment s = gdt_segment(0x18, 0x120a93345678bcde);
	const struct segment flat = gdt_segment(0x10, 0x00cf9a000000ffff);

	cr_expect(eq(u16, s.selector, 0x18));
	cr_expect(eq(u64, s.base, 0x12345678));
	cr_expect(eq(u32, s.limit, 0xabcde));
	cr_expect(eq(u32, s.attr, 0x9300));
	/* QEMU's monitor on the same GRUB descriptor: base 0, limit ffffffff. */
	cr_expect(eq(u64, flat.base, 0));
	cr_expect(eq(u32, flat.limit, 0xffffffff));
	cr_expect(eq(u32, flat.attr, 0x00c09a00));
}

Test(gdt, boot_table_has_boot_rst_selectors)
{
	uint8_t table[GDT_BOOT_SIZE];

	gdt_boot(table, SEG_ATTR_CODE32);
	cr_expect(eq(u64, get_le64(table), 0));
	cr_expect(eq(u64, get_le64(table + 8), 0));
	cr_expect(eq(u64, get_le64(table + 0x10), 0x00cf9b000000ffff));
	cr_expect(eq(u64, get_le64(table + 0x18), 0x00cf93000000ffff));
}
