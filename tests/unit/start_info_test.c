/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm_start_info as Xen's own header lays it out (libxen-dev). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>

#include "models/start_info.h"

#include <xen/arch-x86/hvm/start_info.h>

Test(start_info, sizes_and_numbers_are_those_of_xens_header)
{
	cr_expect(eq(u32, START_INFO_MAGIC, XEN_HVM_START_MAGIC_VALUE));
	cr_expect(eq(sz, START_INFO_SIZE_V1, sizeof(struct hvm_start_info)));
	cr_expect(eq(sz, START_INFO_SIZE_V0, offsetof(struct hvm_start_info, memmap_paddr)));
	cr_expect(eq(sz, START_INFO_MODULE_SIZE, sizeof(struct hvm_modlist_entry)));
	cr_expect(eq(sz, START_INFO_MEMMAP_ENTRY, sizeof(struct hvm_memmap_table_entry)));
}

Test(start_info, every_field_is_where_xens_header_has_it)
{
	const struct start_info info = {
		.version = 1,
		.flags = SIF_PRIVILEGED | SIF_INITDOMAIN,
		.nr_modules = 3,
		.modlist = 0x1000,
		.cmdline = 0x2000,
		.rsdp = 0x3000,
		.memmap = 0x4000,
		.memmap_entries = 5,
	};
	struct hvm_start_info xen;
	uint8_t raw[START_INFO_SIZE_V1];

	cr_expect(eq(u32, start_info_put(raw, &info), 56));
	memcpy(&xen, raw, sizeof(xen));
	cr_expect(eq(u32, xen.magic, 0x336ec578));
	cr_expect(eq(u32, xen.version, 1));
	cr_expect(eq(u32, xen.flags, 3));
	cr_expect(eq(u32, xen.nr_modules, 3));
	cr_expect(eq(u64, xen.modlist_paddr, 0x1000));
	cr_expect(eq(u64, xen.cmdline_paddr, 0x2000));
	cr_expect(eq(u64, xen.rsdp_paddr, 0x3000));
	cr_expect(eq(u64, xen.memmap_paddr, 0x4000));
	cr_expect(eq(u32, xen.memmap_entries, 5));
	cr_expect(eq(u32, xen.reserved, 0));
}

Test(start_info, version_0_ends_before_the_memory_map)
{
	const struct start_info info = { .version = 0, .memmap = 0x4000, .memmap_entries = 5 };
	uint8_t raw[START_INFO_SIZE_V1];

	cr_expect(eq(u32, start_info_put(raw, &info), 40));
	cr_expect(eq(u64, get_le64(raw + 40), 0));
	cr_expect(eq(u32, get_le32(raw + 48), 0));
}

Test(start_info, memory_map_and_module_are_what_xens_structs_read)
{
	struct platform platform;
	uint8_t map[PLATFORM_E820_MAX * START_INFO_MEMMAP_ENTRY], module[START_INFO_MODULE_SIZE];
	struct hvm_memmap_table_entry e;
	struct hvm_modlist_entry m;

	cr_assert(eq(int, platform_init(&platform, MIB(512), NULL), 0));
	start_info_put_memmap(map, &platform);
	for (unsigned i = 0; i < platform.e820_count; i++) {
		memcpy(&e, map + i * sizeof(e), sizeof(e));
		cr_expect(eq(u64, e.addr, platform.e820[i].addr));
		cr_expect(eq(u64, e.size, platform.e820[i].size));
		cr_expect(eq(u32, e.type, platform.e820[i].type));
		cr_expect(eq(u32, e.reserved, 0));
	}
	start_info_put_module(module, 0x1000000, 0x1234, 0x5000);
	memcpy(&m, module, sizeof(m));
	cr_expect(eq(u64, m.paddr, 0x1000000));
	cr_expect(eq(u64, m.size, 0x1234));
	cr_expect(eq(u64, m.cmdline_paddr, 0x5000));
	cr_expect(eq(u64, m.reserved, 0));
	platform_release(&platform);
}
