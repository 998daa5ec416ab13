/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI in the rule language: the memory maps, what an image was given, what changed, and the CRC of a table. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "loaders/bootparam.h"
#include "tests/lib/judged.h"

#define MAP_AT   0x40000u
#define OTHER_AT 0x300000u

static void expect(const struct judged *j, const char *expr, const char *value)
{
	char got[512];

	judged_eval(j, expr, got, sizeof(got));
	cr_expect_str_eq(got, value, "%s: %s, not %s", expr, got, value);
}

static void put_descriptor(struct judged *j, gpa_t at, uint32_t type, gpa_t start, uint64_t pages)
{
	judged_put_int(j, at, type, 4);
	judged_put_int(j, at + 8, start, 8);
	judged_put_int(j, at + 24, pages, 8);
	judged_put_int(j, at + 32, BIT64(63) | 0xf, 8);
}

static void put_field(struct judged *j, enum bp_field field, uint64_t value)
{
	judged_put_int(j, JUDGED_BP + bp_fields[field].offset, value, bp_fields[field].width);
}

Test(uefi_rules, the_map_at_the_entry_is_a_list_and_sets)
{
	static const struct efi_region map[] = {
		{ .type = 3, .start = 0, .pages = 1, .attr = 0xf },
		{ .type = 7, .start = 0x1000, .pages = 2, .attr = 0xf },
		{ .type = 3, .start = 0x5000, .pages = 1, .attr = 0xf },
	};
	struct judged *j = judged_create();

	expect(j, "any r in efi_map: r.type == 7",
	       "SKIP: this path has no UEFI memory map, or it is not known");
	j->context.efi_map = map;
	j->context.efi_map_count = ARRAY_SIZE(map);
	expect(j,
	       "any r in efi_map: r.type == 7 && r.start == 0x1000 && r.pages == 2 && r.index == 1",
	       "true");
	expect(j, "all r in efi_map: r.attr == 0xf", "true");
	expect(j, "efi_regions(3)", "{0x0..0xfff, 0x5000..0x5fff}");
	expect(j, "empty(efi_regions(5))", "true");
	judged_destroy(j);
}

/* The descriptors are larger than what is known of them: the kernel must step by their size, and so do rules. */
Test(uefi_rules, the_map_of_boot_params_is_read_by_its_own_descriptor_size)
{
	struct judged *j = judged_create();

	expect(j, "any r in efi_memmap: r.type == 7",
	       "SKIP: boot_params leads to no UEFI memory map");
	put_field(j, BP_EFI_INFO_EFI_MEMMAP, MAP_AT);
	put_field(j, BP_EFI_INFO_EFI_MEMMAP_SIZE, 2 * 56);
	put_field(j, BP_EFI_INFO_EFI_MEMDESC_SIZE, 56);
	put_descriptor(j, MAP_AT, 7, 0x100000, 0x10);
	put_descriptor(j, MAP_AT + 56, 5, 0x200000, 0x20);
	expect(j, "all r in efi_memmap: r.type == (r.index == 0 ? 7 : 5)", "true");
	expect(j,
	       "any r in efi_memmap: r.start == 0x200000 && r.pages == 0x20 && r.attr >> 63 == 1",
	       "true");
	put_field(j, BP_EFI_INFO_EFI_MEMDESC_SIZE, 39);
	expect(j, "any r in efi_memmap: r.type == 7",
	       "UNREADABLE: boot_params leads to what is no UEFI memory map");
	put_field(j, BP_EFI_INFO_EFI_MEMDESC_SIZE, 56);
	put_field(j, BP_EFI_INFO_EFI_MEMMAP_SIZE, MIB(2));
	expect(j, "any r in efi_memmap: r.type == 7",
	       "UNREADABLE: boot_params leads to what is no UEFI memory map");
	judged_destroy(j);
}

Test(uefi_rules, what_firmware_gave_comes_from_events)
{
	static const struct event events[] = {
		{ .kind = EVENT_EFI_MEMORY, .arg = { 0x200000, 2, 2 } },
		{ .kind = EVENT_EFI_MEMORY, .arg = { 0x202000, 1, 2 } },
		{ .kind = EVENT_HANDOVER, .arg = { POINT_ENTRY } },
		{ .kind = EVENT_EFI_MEMORY, .arg = { 0x400000, 1, 2 } },
	};
	struct judged *j = judged_create();

	j->context.events = events;
	j->context.event_count = j->context.event_total = ARRAY_SIZE(events);
	expect(j, "efi_allocated", "{0x200000..0x202fff}");
	judged_destroy(j);
}

Test(uefi_rules, changed_are_pages_with_other_bytes)
{
	struct judged *j = judged_create();
	struct handover entry = j->state;

	entry.pages = pages_create(pages_ram(j->state.pages));
	for (size_t i = 0; i < pages_count(j->state.pages); i++) {
		const uint8_t *data;
		gpa_t at = pages_address(j->state.pages, i, &data);

		cr_assert(!pages_put(entry.pages, at, data, GUEST_PAGE_SIZE));
	}
	j->state.point = POINT_KERNEL;
	j->context.handovers = &entry;
	j->context.handover_count = 1;
	expect(j, "empty(changed)", "true");
	judged_put_int(j, OTHER_AT, 0, 1); /* what was there */
	judged_put_int(j, OTHER_AT + 0x5fff, 1, 1);
	judged_put_int(j, JUDGED_CMDLINE, 'C', 1);
	expect(j, "changed", "{0x20000..0x20fff, 0x305000..0x305fff}");
	pages_destroy(entry.pages);
	judged_destroy(j);
}

/* CRC-32 of "12345" and four zeros, by zlib. */
Test(uefi_rules, a_tables_crc_is_made_without_itself)
{
	struct judged *j = judged_create();

	judged_put(j, OTHER_AT, "12345abcd", 9);
	expect(j, "crc32_zeroed(0x300000, 9, 5)", "0x770a59bd");
	judged_destroy(j);
}
