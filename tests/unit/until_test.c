/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WHERE of --until: what is one, and what it means in an image. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "tests/lib/fake_image.h"
#include "tools/until.h"

Test(until, points_addresses_and_symbols_are_sound)
{
	static const char *const sound[] = {
		"startup_64",
		"kernel",
		"compressed",
		"entry",
		"0x1000200",
		"0",
		"start_kernel",
		"start_kernel+0x10",
		"setup/_start",
		"x.isra.0",
		"compressed/startup_32",
		"setup_arch:return",
		"kernel/a+16:return",
	};
	static const char *const unsound[] = {
		"",        "/",       "nowhere/x", "12", "0xg",  "a b",
		":return", "kernel/", "+5",        "a+", "a+zz", "a:returns",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sound); i++)
		cr_expect(until_is_sound(sound[i]), "%s", sound[i]);
	for (size_t i = 0; i < ARRAY_SIZE(unsound); i++)
		cr_expect(not(until_is_sound(unsound[i])), "%s", unsound[i]);
}

struct fixture {
	struct image *image;
	struct image_symbols symbols;
	struct until until;
	struct diag diag;
};

#define LINKED (0xffffffff80000000ull + MIB(16)) /* as fake_elf_open() does */

/* A kernel of 4 KiB; one name stands there twice. */
static void open_fixture(struct fixture *f)
{
	struct symbols_builder b;

	*f = (struct fixture){ .image = fake_elf_open(MIB(16), 0x80, 0x1000) };
	cr_assert(ne(ptr, f->image, NULL));
	symbols_begin(&b, &f->symbols.stage[STAGE_KERNEL], STAGE_KERNEL, LINKED, LINKED + 0x1000);
	symbols_add(&b, LINKED, 'T', "first", 5, SYMBOL_FROM_ELF);
	symbols_add(&b, LINKED + 0x20, 't', "twice", 5, SYMBOL_FROM_ELF);
	symbols_add(&b, LINKED + 0x30, 't', "twice", 5, SYMBOL_FROM_ELF);
	symbols_add(&b, 0x5000, 'A', "elsewhere", 9, SYMBOL_FROM_ELF);
	cr_assert(eq(int, symbols_finish(&b), 0));
	symbols_begin(&b, &f->symbols.stage[STAGE_COMPRESSED], STAGE_COMPRESSED, 0, 0x1000);
	symbols_add(&b, 0x80, 'T', "first", 5, SYMBOL_FROM_ELF);
	cr_assert(eq(int, symbols_finish(&b), 0));
}

static void close_fixture(struct fixture *f)
{
	image_symbols_release(&f->symbols);
	image_close(f->image);
}

static int resolve(struct fixture *f, const char *text)
{
	f->diag = (struct diag){ 0 };
	return until_resolve(&f->until, text, f->image, &f->symbols, &f->diag);
}

Test(until, nothing_means_the_kernel_proper)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, resolve(&f, NULL), 0));
	cr_expect(eq(int, f.until.point, POINT_KERNEL));
	cr_assert(eq(int, resolve(&f, "compressed"), 0));
	cr_expect(eq(int, f.until.point, POINT_COMPRESSED));
	close_fixture(&f);
}

Test(until, a_symbol_is_the_kernels_before_the_compressed_stages)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, resolve(&f, "first+0x4"), 0));
	cr_expect(eq(int, f.until.stage, STAGE_KERNEL));
	cr_expect(eq(u64, f.until.address, LINKED + 4));
	cr_expect(not(f.until.at_return));
	cr_assert(eq(int, resolve(&f, "compressed/first:return"), 0));
	cr_expect(eq(int, f.until.stage, STAGE_COMPRESSED));
	cr_expect(eq(u64, f.until.address, 0x80));
	cr_expect(f.until.at_return);
	close_fixture(&f);
}

Test(until, an_address_in_the_kernel_is_a_linked_one)
{
	struct fixture f;

	open_fixture(&f);
	cr_assert(eq(int, resolve(&f, "0xffffffff81000010"), 0));
	cr_expect(not(f.until.is_linear));
	cr_expect(eq(u64, f.until.address, LINKED + 0x10));
	cr_assert(eq(int, resolve(&f, "0xffffffff81001000"), 0));
	cr_expect(f.until.is_linear);
	close_fixture(&f);
}

static void expect_refused(struct fixture *f, const char *text, const char *why)
{
	cr_expect(eq(int, resolve(f, text), -ENOENT), "%s", text);
	cr_expect(eq(str, f->diag.text, (char *)(uintptr_t)why));
}

Test(until, what_is_not_there_or_twice_or_no_code_is_refused)
{
	struct fixture f;

	open_fixture(&f);
	expect_refused(&f, "nobody", "--until: the image has no symbol nobody");
	expect_refused(&f, "setup/first", "--until: the image has no symbol setup/first");
	expect_refused(
		&f, "twice",
		"--until: 2 symbols are called twice, the first two at 0xffffffff81000020 and 0xffffffff81000030: give an address");
	expect_refused(&f, "elsewhere", "--until: elsewhere, 0x5000, is no address of code");
	close_fixture(&f);
}
