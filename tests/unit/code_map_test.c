/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling which byte of an image a piece of guest memory is, after the image has moved itself. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "emu/base/rng.h"
#include "tests/lib/fake_image.h"
#include "tools/code_map.h"

#define LOADED  MIB(16)
#define SETUP   0x90000u
#define MOVED   (MIB(32) + 0x1000)
#define ELSE    0x70010u
#define CODE    0x3000u
#define PART_AT 0x1234u
#define LINKED  (0xffffffff80000000ull + MIB(16))

struct fixture {
	struct image *image;
	struct image_symbols symbols;
	struct regions ram;
	struct pages *memory;
	struct mem_reader reader;
	struct code_map map;
};

/* A bzImage of random bytes, loaded as linux16 does: setup and protected-mode part. */
static void open_fixture(struct fixture *f)
{
	struct fake_bzimage fake = fake_bzimage_default();
	struct placements memory = { 0 };
	struct bytes setup, code;
	struct rng rng;

	*f = (struct fixture){ 0 };
	fake.code_size = CODE;
	f->image = fake_bzimage_open(&fake);
	cr_assert(ne(ptr, f->image, NULL));
	rng_init(&rng, 1, "code_map_test");
	rng_fill(&rng, (uint8_t *)(uintptr_t)f->image->file.data + FAKE_SETUP_SIZE,
		 f->image->file.len - FAKE_SETUP_SIZE);
	cr_assert(eq(int, image_symbols_read(&f->symbols, f->image, NULL), 0));
	cr_assert(eq(int, regions_set(&f->ram, 0, MIB(64), 1), 0));
	f->memory = pages_create(&f->ram);
	cr_assert(ne(ptr, f->memory, NULL));
	f->reader = pages_reader(f->memory);
	setup = (struct bytes){ f->image->file.data, FAKE_SETUP_SIZE };
	code = (struct bytes){ f->image->file.data + FAKE_SETUP_SIZE, CODE };
	cr_assert(eq(int, placements_add(&memory, "setup", SETUP, setup, setup.len, ""), 0));
	cr_assert(eq(int, placements_add(&memory, "kernel", LOADED, code, code.len, ""), 0));
	cr_assert(eq(int, placements_add_copy(&memory, "other", 0x1000, "abc", 3, ""), 0));
	cr_assert(eq(int, pages_put(f->memory, SETUP, setup.data, setup.len), 0));
	cr_assert(eq(int, pages_put(f->memory, LOADED, code.data, code.len), 0));
	code_map_begin(&f->map, f->image, &memory);
	placements_free(&memory);
}

static void close_fixture(struct fixture *f)
{
	code_map_release(&f->map);
	image_symbols_release(&f->symbols);
	pages_destroy(f->memory);
	regions_free(&f->ram);
	image_close(f->image);
}

static const uint8_t *code_at(const struct fixture *f, size_t offset)
{
	return f->image->file.data + FAKE_SETUP_SIZE + offset;
}

/* NULL: no code of the image. */
static void expect_place(const struct fixture *f, gpa_t gpa, uint64_t count, const char *text)
{
	struct code_place place;
	char got[SYMBOL_TEXT_SIZE];

	if (!text) {
		cr_expect(not(code_map_gpa(&f->map, gpa, count, &place)));
		return;
	}
	cr_assert(code_map_gpa(&f->map, gpa, count, &place), "0x%llx", (unsigned long long)gpa);
	cr_expect(eq(str, code_place_describe(&place, &f->symbols, got, sizeof(got)),
		     (char *)(uintptr_t)text));
}

Test(code_map, what_was_loaded_is_known_from_the_start)
{
	struct fixture f;

	open_fixture(&f);
	expect_place(&f, SETUP + 0x200, 0, "_start+0x0");
	expect_place(&f, LOADED + 0x1c6, 0, "startup_32+0x1c6");
	expect_place(&f, LOADED + 0x211, 0, "startup_64+0x11");
	expect_place(&f, LOADED + CODE, 0, NULL);
	expect_place(&f, 0x1000, 0, NULL);
	close_fixture(&f);
}

Test(code_map, an_image_that_moved_itself_is_known_from_its_first_block_there)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, pages_put(f.memory, MOVED, code_at(&f, 0), CODE), 0));
	expect_place(&f, MOVED + 0x1300, 500, NULL);
	code_map_block(&f.map, &f.reader, MOVED + 0x1234, MOVED + 0x1234, 500);
	expect_place(&f, MOVED + 0x1300, 500, "startup_64+0x1100");
	expect_place(&f, MOVED, 500, "startup_32+0x0");
	expect_place(&f, MOVED + CODE - 1, 500, "startup_64+0x2dff");
	expect_place(&f, MOVED + CODE, 500, NULL);
	/* Not before that. */
	expect_place(&f, MOVED + 0x1300, 499, NULL);
	/* And what was there before is still known. */
	expect_place(&f, LOADED + 0x1300, 500, "startup_64+0x1100");
	close_fixture(&f);
}

Test(code_map, a_trampoline_is_no_more_than_its_own_bytes)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, pages_put(f.memory, ELSE, code_at(&f, PART_AT), 0x80), 0));
	code_map_block(&f.map, &f.reader, ELSE + 0x10, ELSE + 0x10, 7);
	expect_place(&f, ELSE, 7, "startup_64+0x1034");
	expect_place(&f, ELSE + 0x7f, 7, "startup_64+0x10b3");
	expect_place(&f, ELSE + 0x80, 7, NULL);
	expect_place(&f, ELSE - 1, 7, NULL);
	close_fixture(&f);
}

/* The decompressor's new place may overlap the old one: the last to come is the right one. */
Test(code_map, a_copy_over_an_older_one_counts_from_its_own_time)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, pages_put(f.memory, LOADED + 0x1000, code_at(&f, 0), CODE), 0));
	code_map_block(&f.map, &f.reader, LOADED + 0x1800, LOADED + 0x1800, 90);
	expect_place(&f, LOADED + 0x1800, 89, "startup_64+0x1600");
	expect_place(&f, LOADED + 0x1800, 90, "startup_64+0x600");
	expect_place(&f, LOADED + 0x800, 90, "startup_64+0x600");
	close_fixture(&f);
}

Test(code_map, code_of_others_is_no_copy)
{
	struct fixture f;
	uint8_t other[64];

	open_fixture(&f);
	for (size_t i = 0; i < sizeof(other); i++)
		other[i] = (uint8_t)(i * 5);
	cr_assert(eq(int, pages_put(f.memory, ELSE, other, sizeof(other)), 0));
	code_map_block(&f.map, &f.reader, ELSE, ELSE, 7);
	expect_place(&f, ELSE, 7, NULL);
	cr_expect(eq(sz, f.map.count, 2));
	close_fixture(&f);
}

/* fake_elf_open()'s kernel: 4 KiB at 16 MiB, linked to run above START_KERNEL_MAP. */
Test(code_map, the_kernel_proper_lies_where_its_entry_was_met)
{
	struct image *image = fake_elf_open(MIB(16), 0x80, 0x1000);
	struct placements none = { 0 };
	struct image_symbols symbols;
	struct code_place place;
	char got[SYMBOL_TEXT_SIZE];
	struct code_map map;
	gpa_t gpa;

	cr_assert(ne(ptr, image, NULL));
	cr_assert(eq(int, image_symbols_read(&symbols, image, NULL), 0));
	code_map_begin(&map, image, &none);
	cr_expect(not(code_map_gpa(&map, MIB(22), UINT64_MAX, &place)));
	code_map_kernel(&map, MIB(6), 1000);
	cr_assert(code_map_gpa(&map, MIB(22) + 0x40, 1000, &place));
	cr_expect(eq(int, place.stage, STAGE_KERNEL));
	cr_expect(eq(u64, place.address, LINKED + 0x40));
	cr_expect(eq(str, code_place_describe(&place, &symbols, got, sizeof(got)),
		     (char *)(uintptr_t) "startup_64+0x40"));
	cr_assert(code_map_kernel_gpa(&map, LINKED + 0x40, &gpa));
	cr_expect(eq(u64, gpa, MIB(22) + 0x40));
	code_map_release(&map);
	image_symbols_release(&symbols);
	image_close(image);
}

Test(code_map, a_block_at_high_addresses_tells_the_slide)
{
	const gva_t high = 0xffffffff90000000ull;
	struct image *image = fake_elf_open(MIB(16), 0x80, 0x1000);
	struct mem_reader nobody = { 0 };
	struct placements none = { 0 };
	struct code_place place;
	struct code_map map;

	cr_assert(ne(ptr, image, NULL));
	code_map_begin(&map, image, &none);
	code_map_kernel(&map, 0, 1000);
	code_map_block(&map, &nobody, MIB(16), MIB(16), 1000);
	cr_expect(not(map.has_slide));
	code_map_block(&map, &nobody, high + 0x10, MIB(16) + 0x10, 1001);
	cr_assert(map.has_slide);
	cr_assert(code_map_linear(&map, high + 0x40, UINT64_MAX, &place));
	cr_expect(eq(u64, place.address, LINKED + 0x40));
	cr_expect(not(code_map_linear(&map, high + 0x1000, UINT64_MAX, &place)));
	code_map_release(&map);
	image_close(image);
}
