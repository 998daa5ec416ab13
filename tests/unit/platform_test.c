/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default machine's maps against what INT 15h AX=E820h returned under QEMU 7.2.22, SeaBIOS 1.16.2, -machine pc (tests/oracle/e820.py asks afresh). */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "emu/base/platform.h"

struct e820_case {
	uint64_t memory;
	unsigned count;
	struct e820_entry entries[9];
};

#define RAM E820_RAM
#define RES E820_RESERVED

/* clang-format off */
#define FIRST_MIB { 0, 0x9fc00, RAM }, { 0x9fc00, 0x400, RES }, { 0xf0000, 0x10000, RES }
#define BIOS_TOP { 0xfffc0000, 0x40000, RES }
#define AMD_HT { 0xfd00000000, 0x300000000, RES }

static const struct e820_case e820_cases[] = {
	{ MIB(2), 7, { FIRST_MIB, { 0x100000, 0xe0000, RAM }, { 0x1e0000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ MIB(64), 7, { FIRST_MIB, { 0x100000, 0x3ee0000, RAM }, { 0x3fe0000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ KIB(65592), 7, { FIRST_MIB, { 0x100000, 0x3eee000, RAM }, { 0x3fee000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ MIB(512), 7, { FIRST_MIB, { 0x100000, 0x1fee0000, RAM }, { 0x1ffe0000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ GIB(3), 7, { FIRST_MIB, { 0x100000, 0xbfee0000, RAM }, { 0xbffe0000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ MIB(3583), 7, { FIRST_MIB, { 0x100000, 0xdfde0000, RAM }, { 0xdfee0000, 0x20000, RES }, BIOS_TOP, AMD_HT } },
	{ MIB(3584), 8, { FIRST_MIB, { 0x100000, 0xbfee0000, RAM }, { 0xbffe0000, 0x20000, RES }, BIOS_TOP, { 0x100000000, 0x20000000, RAM }, AMD_HT } },
	{ GIB(4), 8, { FIRST_MIB, { 0x100000, 0xbfee0000, RAM }, { 0xbffe0000, 0x20000, RES }, BIOS_TOP, { 0x100000000, 0x40000000, RAM }, AMD_HT } },
	{ GIB(8), 8, { FIRST_MIB, { 0x100000, 0xbfee0000, RAM }, { 0xbffe0000, 0x20000, RES }, BIOS_TOP, { 0x100000000, 0x140000000, RAM }, AMD_HT } },
	{ GIB(64), 8, { FIRST_MIB, { 0x100000, 0xbfee0000, RAM }, { 0xbffe0000, 0x20000, RES }, BIOS_TOP, { 0x100000000, 0xf40000000, RAM }, AMD_HT } },
	{ GIB(240), 8, { FIRST_MIB, { 0x100000, 0xbfedf000, RAM }, { 0xbffdf000, 0x21000, RES }, BIOS_TOP, { 0x100000000, 0x3b40000000, RAM }, AMD_HT } },
	{ GIB(1009), 8, { FIRST_MIB, { 0x100000, 0xbfedf000, RAM }, { 0xbffdf000, 0x21000, RES }, BIOS_TOP, { 0x100000000, 0xfb80000000, RAM }, AMD_HT } },
};
/* clang-format on */

Test(platform, e820_is_seabios_on_qemus_pc)
{
	for (size_t i = 0; i < ARRAY_SIZE(e820_cases); i++) {
		const struct e820_case *c = &e820_cases[i];
		struct platform p;

		cr_assert(eq(int, platform_init(&p, c->memory, NULL), 0));
		cr_assert(eq(u32, p.e820_count, c->count), "%llu MiB",
			  (unsigned long long)(c->memory >> 20));
		for (unsigned k = 0; k < c->count; k++) {
			cr_expect(eq(u64, p.e820[k].addr, c->entries[k].addr), "%llu MiB, entry %u",
				  (unsigned long long)(c->memory >> 20), k);
			cr_expect(eq(u64, p.e820[k].size, c->entries[k].size), "%llu MiB, entry %u",
				  (unsigned long long)(c->memory >> 20), k);
			cr_expect(eq(u32, p.e820[k].type, c->entries[k].type), "%llu MiB, entry %u",
				  (unsigned long long)(c->memory >> 20), k);
		}
		platform_release(&p);
	}
}

Test(platform, ram_is_as_large_as_asked_for_less_the_vga_and_rom_window)
{
	for (size_t i = 0; i < ARRAY_SIZE(e820_cases); i++) {
		uint64_t sum = 0;
		struct platform p;

		cr_assert(eq(int, platform_init(&p, e820_cases[i].memory, NULL), 0));
		for (size_t k = 0; k < p.ram.count; k++)
			sum += p.ram.items[k].last - p.ram.items[k].start + 1;
		cr_expect(eq(u64, sum, e820_cases[i].memory - 0x60000));
		platform_release(&p);
	}
}

Test(platform, every_e820_ram_byte_is_ram_and_the_tables_behind_it_too)
{
	struct platform p;

	cr_assert(eq(int, platform_init(&p, GIB(8), NULL), 0));
	for (unsigned k = 0; k < p.e820_count; k++)
		if (p.e820[k].type == E820_RAM)
			cr_expect(regions_cover(&p.ram, p.e820[k].addr, p.e820[k].size));
	cr_expect(regions_cover(&p.ram, 0xbffe0000, 0x20000));
	cr_expect(regions_cover(&p.ram, 0x9fc00, 0x400));
	cr_expect(not(regions_overlap(&p.ram, 0xa0000, 0x60000)));
	cr_expect(not(regions_overlap(&p.ram, 0xc0000000, 0x40000000)));
	platform_release(&p);
}

Test(platform, rom_is_where_a_pc_has_it)
{
	struct platform p;

	cr_assert(eq(int, platform_init(&p, MIB(512), NULL), 0));
	cr_assert(eq(sz, p.rom.count, 2));
	cr_expect(eq(u64, p.rom.items[0].start, 0xc0000));
	cr_expect(eq(u64, p.rom.items[0].last, 0xfffff));
	cr_expect(eq(u64, p.rom.items[1].start, 0xfffc0000));
	cr_expect(eq(u64, p.rom.items[1].last, 0xffffffff));
	platform_release(&p);
}

Test(platform, sizes_outside_the_limits_or_off_a_page_are_refused)
{
	const uint64_t bad[] = { 0, MIB(2) - 4096, MIB(512) + 1, GIB(1009) + 4096, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct diag diag = { 0 };
		struct platform p;

		cr_expect(eq(int, platform_init(&p, bad[i], &diag), -EINVAL));
		cr_expect(diag.text[0] != '\0');
	}
}

Test(platform, profiles_are_called_as_the_command_line_calls_them)
{
	cr_expect_str_eq(cpu_profile_names[CPU_GENERIC], "generic");
	cr_expect_str_eq(cpu_profile_names[CPU_QEMU64], "qemu64");
	cr_expect_str_eq(cpu_profile_names[CPU_MAX], "max");
}
