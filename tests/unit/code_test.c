/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling which byte of an image a piece of code is; boot.rst says where startup_64 is. */
#include <criterion/criterion.h>

#include "tests/lib/fake_image.h"
#include "tools/code.h"

static const uint8_t needle[] = { 0xc6, 0x86, 0xe8, 0x01, 0, 0, 0, 0xc8, 0xe9, 0x34, 0, 0 };

/* The symbol of the needle when it stands at @offset of the file; NULL when it has none. */
static const char *symbol_at(struct image *image, size_t offset, char text[64])
{
	bool found;

	memcpy((uint8_t *)image->file.data + offset, needle, sizeof(needle));
	found = code_symbol(image, (struct bytes){ needle, sizeof(needle) }, text, 64);
	image_close(image);
	return found ? text : NULL;
}

static struct image *fake(uint16_t xloadflags)
{
	struct fake_bzimage f = fake_bzimage_default();
	struct image *image;

	f.xloadflags = xloadflags;
	image = fake_bzimage_open(&f);
	cr_assert_not_null(image);
	return image;
}

Test(code, of_a_64_bit_image_startup_64_begins_at_0x200)
{
	char text[64];

	cr_assert_str_eq(symbol_at(fake(1), FAKE_SETUP_SIZE + 0x1c6, text), "startup_32+0x1c6");
	cr_assert_str_eq(symbol_at(fake(1), FAKE_SETUP_SIZE + 0x200, text), "startup_64+0x0");
	cr_assert_str_eq(symbol_at(fake(1), FAKE_SETUP_SIZE + 0x211, text), "startup_64+0x11");
}

Test(code, a_32_bit_image_has_startup_32_only)
{
	char text[64];

	cr_assert_str_eq(symbol_at(fake(0), FAKE_SETUP_SIZE + 0x211, text), "startup_32+0x211");
}

Test(code, the_setup_part_counts_from_the_start_of_the_file)
{
	char text[64];

	cr_assert_str_eq(symbol_at(fake(1), 0x380, text), "setup+0x380");
}

Test(code, the_kernel_proper_counts_from_its_entry)
{
	struct image *image = fake_elf_open(0x1000000, 0x80, 0x1000);
	uint8_t code[16];
	char text[64];

	cr_assert_not_null(image);
	for (unsigned i = 0; i < sizeof(code); i++)
		code[i] = (uint8_t)(0x40 + i);
	cr_assert(code_symbol(image, (struct bytes){ code, sizeof(code) }, text, sizeof(text)));
	cr_assert_str_eq(text, "kernel startup_64+0x40");
	image_close(image);
}

Test(code, what_stands_nowhere_or_twice_or_is_too_short_has_no_symbol)
{
	struct image *image = fake(1);
	char text[64];

	cr_assert_not(code_symbol(image, (struct bytes){ needle, sizeof(needle) }, text, 64));
	memcpy((uint8_t *)image->file.data + FAKE_SETUP_SIZE, needle, sizeof(needle));
	cr_assert(code_symbol(image, (struct bytes){ needle, sizeof(needle) }, text, 64));
	cr_assert_not(code_symbol(image, (struct bytes){ needle, 7 }, text, 64));
	memcpy((uint8_t *)image->file.data + FAKE_SETUP_SIZE + 64, needle, sizeof(needle));
	cr_assert_not(code_symbol(image, (struct bytes){ needle, sizeof(needle) }, text, 64));
	image_close(image);
}
