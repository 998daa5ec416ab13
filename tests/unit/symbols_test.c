/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of names: sorting, sizes, lookups, and the names that an image's own headers give. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "loaders/symbols.h"
#include "tests/lib/fake_image.h"

struct row {
	uint64_t address;
	char type;
	const char *name;
};

static void make(struct symbols *s, const struct row *rows, size_t count, uint64_t start,
		 uint64_t end)
{
	struct symbols_builder b;

	symbols_begin(&b, s, STAGE_KERNEL, start, end);
	for (size_t i = 0; i < count; i++)
		symbols_add(&b, rows[i].address, rows[i].type, rows[i].name, strlen(rows[i].name),
			    SYMBOL_FROM_KALLSYMS);
	cr_assert(eq(int, symbols_finish(&b), 0));
}

/* The beginning of a 6.1 kernel as its System.map has it, and two that lie elsewhere. */
static const struct row rows[] = {
	{ 0xffffffff81000000, 'T', "_stext" },
	{ 0xffffffff81000000, 'T', "_text" },
	{ 0xffffffff81000000, 'T', "startup_64" },
	{ 0xffffffff81000060, 'T', "secondary_startup_64" },
	{ 0xffffffff81000250, 'D', "a_mark" },
	{ 0xffffffff81000250, 't', "early_idt_handler_common" },
	{ 0x0000000000001000, 'A', "cpu_debug_store" },
	{ 0xffffffff81000300, 't', "twice" },
	{ 0xffffffff81000400, 't', "twice" },
};

static void expect_at(const struct symbols *s, uint64_t address, const char *text)
{
	char got[80];

	cr_expect(eq(str, symbols_describe(s, address, got, sizeof(got)), (char *)(uintptr_t)text));
}

Test(symbols, an_address_is_named_by_the_last_symbol_before_it)
{
	struct symbols s;

	make(&s, rows, ARRAY_SIZE(rows), 0xffffffff81000000, 0xffffffff82000000);
	expect_at(&s, 0xffffffff81000000, "startup_64+0x0");
	expect_at(&s, 0xffffffff8100005f, "startup_64+0x5f");
	expect_at(&s, 0xffffffff81000060, "secondary_startup_64+0x0");
	/* Code before what is none. */
	expect_at(&s, 0xffffffff81000251, "early_idt_handler_common+0x1");
	expect_at(&s, 0xffffffff81ffffff, "twice+0xfffbff");
	/* Outside of the stage there is no code. */
	expect_at(&s, 0xffffffff82000000, "0xffffffff82000000");
	expect_at(&s, 0x1000, "0x1000");
	symbols_release(&s);
}

Test(symbols, sizes_reach_to_the_next_address_or_the_end)
{
	struct symbols s;

	make(&s, rows, ARRAY_SIZE(rows), 0xffffffff81000000, 0xffffffff81000480);
	cr_expect(eq(u64, symbols_find(&s, "startup_64")->size, 0x60));
	cr_expect(eq(u64, symbols_find(&s, "_text")->size, 0x60));
	cr_expect(eq(u64, symbols_at(&s, 0xffffffff81000400)->size, 0x80));
	cr_expect(eq(u64, symbols_find(&s, "cpu_debug_store")->size, 0));
	symbols_release(&s);
}

Test(symbols, a_name_may_be_more_than_one)
{
	struct symbols s;
	size_t first;

	make(&s, rows, ARRAY_SIZE(rows), 0xffffffff81000000, 0xffffffff82000000);
	cr_expect(eq(sz, symbols_find_all(&s, "twice", &first), 2));
	cr_expect(eq(u64, s.items[s.by_name[first]].address, 0xffffffff81000300));
	cr_expect(eq(sz, symbols_find_all(&s, "twic", &first), 0));
	cr_expect(eq(ptr, (void *)(uintptr_t)symbols_find(&s, ""), NULL));
	symbols_release(&s);
}

Test(symbols, an_empty_table_knows_nothing)
{
	struct symbols s;
	size_t first;

	make(&s, rows, 0, 0, 0x1000);
	expect_at(&s, 0x10, "0x10");
	cr_expect(eq(sz, symbols_find_all(&s, "x", &first), 0));
	symbols_release(&s);
	symbols_release(&s);
	symbols_release(NULL);
}

/* boot.rst: startup_64 is 0x200 past startup_32, _start is at 0x200 of the file. */
Test(symbols, of_an_image_without_tables_the_headers_name_the_entries)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image = fake_bzimage_open(&f);
	struct image_symbols s;

	cr_assert(ne(ptr, image, NULL));
	cr_assert(eq(int, image_symbols_read(&s, image, NULL), 0));
	expect_at(&s.stage[STAGE_COMPRESSED], 0x1c6, "startup_32+0x1c6");
	expect_at(&s.stage[STAGE_COMPRESSED], 0x200, "startup_64+0x0");
	expect_at(&s.stage[STAGE_SETUP], 0x200, "_start+0x0");
	cr_expect(eq(sz, s.stage[STAGE_KERNEL].count, 0));
	image_symbols_release(&s);
	image_close(image);
}

Test(symbols, a_32_bit_image_has_startup_32_only)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image_symbols s;
	struct image *image;

	f.xloadflags = 0;
	image = fake_bzimage_open(&f);
	cr_assert(ne(ptr, image, NULL));
	cr_assert(eq(int, image_symbols_read(&s, image, NULL), 0));
	expect_at(&s.stage[STAGE_COMPRESSED], 0x211, "startup_32+0x211");
	image_symbols_release(&s);
	image_close(image);
}

Test(symbols, an_elf_without_kallsyms_names_its_entry_and_says_why_no_more)
{
	struct image *image = fake_elf_open(0x1000000, 0x80, 0x1000);
	struct diag note = { 0 };
	struct image_symbols s;

	cr_assert(ne(ptr, image, NULL));
	cr_assert(eq(int, image_symbols_read(&s, image, &note), 0));
	cr_expect(eq(str, note.text, (char *)(uintptr_t) "kallsyms: no table of tokens"));
	cr_expect(ne(ptr, (void *)(uintptr_t)symbols_find(&s.stage[STAGE_KERNEL], "startup_64"),
		     NULL));
	image_symbols_release(&s);
	image_close(image);
}
