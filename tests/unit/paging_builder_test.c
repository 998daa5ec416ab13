/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity tables read back entry by entry as SDM 3A 4.5 walks them, and against Firecracker's and the decompressor's layout. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "emu/base/x86.h"
#include "models/paging.h"

static struct identity_map plain(uint64_t end)
{
	return (struct identity_map){ .end = end,
				      .table_flags = PTE_P | PTE_RW,
				      .page_flags = PTE_P | PTE_RW };
}

/* A walk of our own: the 2 MiB page's address that @va leads to, or all ones. */
static uint64_t walk(const struct placement *t, uint64_t va)
{
	uint64_t table = t->gpa, entry = 0;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t at = table + (va >> shift & 511) * 8;

		if (at < t->gpa || at + 8 > t->gpa + t->data.len)
			return UINT64_MAX;
		entry = get_le64(t->data.data + (at - t->gpa));
		if (!(entry & PTE_P))
			return UINT64_MAX;
		table = entry & PTE_FRAME;
	}
	return (entry & PTE_PS) ? table : UINT64_MAX;
}

Test(paging_builder, one_gib_is_firecrackers_three_tables)
{
	const struct identity_map map = plain(GIB(1));
	struct placements memory = { 0 };
	const uint8_t *p;

	cr_assert(eq(int, paging_identity_build(&memory, 0x9000, &map, "test", NULL), 0));
	cr_assert(eq(sz, memory.count, 1));
	cr_assert(eq(sz, memory.items[0].data.len, 0x3000));
	p = memory.items[0].data.data;
	cr_expect(eq(u64, get_le64(p), 0xa003));
	cr_expect(eq(u64, get_le64(p + 0x1000), 0xb003));
	for (uint64_t i = 0; i < 512; i++)
		cr_expect(eq(u64, get_le64(p + 0x2000 + i * 8), (i << 21) + 0x83));
	placements_free(&memory);
}

Test(paging_builder, four_gib_take_six_tables_as_the_decompressors_do)
{
	const struct identity_map map = plain(GIB(4));

	cr_expect(eq(u64, paging_identity_size(&map), 0x6000));
}

Test(paging_builder, every_page_maps_to_itself_and_nothing_past_the_end)
{
	const uint64_t ends[] = { MIB(2), MIB(512), GIB(1) + MIB(2), GIB(513), GIB(2048) };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct identity_map map = plain(ends[i]);
		struct placements memory = { 0 };

		cr_assert(eq(int, paging_identity_build(&memory, 0x100000, &map, "test", NULL), 0));
		for (uint64_t va = 0; va<ends[i]; va += ends[i]> GIB(4) ? MIB(514) : MIB(2))
			cr_expect(eq(u64, walk(&memory.items[0], va), va & ~(MIB(2) - 1)));
		cr_expect(eq(u64, walk(&memory.items[0], ends[i] - MIB(2)), ends[i] - MIB(2)));
		cr_expect(eq(u64, walk(&memory.items[0], ends[i]), UINT64_MAX));
		placements_free(&memory);
	}
}

Test(paging_builder, an_end_off_a_large_page_is_rounded_up)
{
	const struct identity_map map = plain(MIB(2) + 1);
	struct placements memory = { 0 };

	cr_assert(eq(int, paging_identity_build(&memory, 0, &map, "test", NULL), 0));
	cr_expect(eq(u64, walk(&memory.items[0], MIB(2)), MIB(2)));
	cr_expect(eq(u64, walk(&memory.items[0], MIB(4)), UINT64_MAX));
	placements_free(&memory);
}

Test(paging_builder, flags_are_the_callers)
{
	const struct identity_map map = { .end = MIB(2), .table_flags = 0x63, .page_flags = 0x163 };
	struct placements memory = { 0 };
	const uint8_t *p;

	cr_assert(eq(int, paging_identity_build(&memory, 0, &map, "test", NULL), 0));
	p = memory.items[0].data.data;
	cr_expect(eq(u64, get_le64(p), 0x1063));
	cr_expect(eq(u64, get_le64(p + 0x1000), 0x2063));
	cr_expect(eq(u64, get_le64(p + 0x2000), 0x1e3));
	placements_free(&memory);
}

Test(paging_builder, nothing_and_too_much_are_refused)
{
	const struct identity_map none = plain(0), huge = plain(UINT64_MAX);
	struct placements memory = { 0 };

	cr_expect(eq(int, paging_identity_build(&memory, 0, &none, "test", NULL), -EINVAL));
	cr_expect(eq(int, paging_identity_build(&memory, 0, &huge, "test", NULL), -EINVAL));
	cr_expect(eq(sz, memory.count, 0));
}
