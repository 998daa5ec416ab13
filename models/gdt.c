/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment descriptors: SDM 3A 3.4.5 "Segment Descriptors", figure 3-8. */
#include "models/gdt.h"

/*
 *   63..56  55 54 53 52   51..48  47 46 45 44  43..40  39..16  15..0
 *   base    G  DB L  AVL  limit   P  DPL   S   type    base    limit
 *   31..24                19..16                       23..0   15..0
 */
uint64_t gdt_descriptor(uint32_t base, uint32_t limit, uint32_t attr)
{
	uint32_t field = (attr & DESC_G) ? limit >> 12 : limit;

	return (uint64_t)(field & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
	       (uint64_t)(attr & DESC_ATTR_MASK) << 32 | (uint64_t)(field >> 16 & 0xf) << 48 |
	       (uint64_t)(base >> 24) << 56;
}

struct segment gdt_segment(uint16_t selector, uint64_t d)
{
	uint32_t attr = (uint32_t)(d >> 32) & DESC_ATTR_MASK;
	uint32_t limit = (uint32_t)(d & 0xffff) | (uint32_t)(d >> 32 & 0xf0000);

	if (attr & DESC_G)
		limit = limit << 12 | 0xfff;
	return (struct segment){
		.selector = selector,
		.base = (d >> 16 & 0xffffff) | (d >> 56) << 24,
		.limit = limit,
		.attr = attr,
	};
}

void gdt_boot(uint8_t ret_table[GDT_BOOT_SIZE], uint32_t code_attr)
{
	memset(ret_table, 0, GDT_BOOT_SIZE);
	put_le64(ret_table + BOOT_CS, gdt_descriptor(0, 0xffffffff, code_attr));
	put_le64(ret_table + BOOT_DS, gdt_descriptor(0, 0xffffffff, SEG_ATTR_DATA32));
}
