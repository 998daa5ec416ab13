/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sparse page store. */
#include <errno.h>
#include <criterion/criterion.h>

#include "emu/base/pages.h"

static struct pages *make(void)
{
	struct regions ram = { 0 };
	struct pages *p;

	regions_set(&ram, 0, 0x9fc00, 0);
	regions_set(&ram, MIB(1), MIB(1), 0);
	p = pages_create(&ram);
	regions_free(&ram);
	cr_assert_not_null(p);
	return p;
}

Test(pages, what_was_put_is_read_and_the_rest_is_zero)
{
	struct pages *p = make();
	uint8_t got[16];

	cr_assert_eq(pages_put(p, 0x1ffa, "hello world", 11), 0);
	cr_assert_eq(pages_count(p), 2, "it crosses a page");
	cr_assert_eq(pages_read(p, 0x1ff8, got, 16), 0);
	cr_assert_arr_eq(got, "\0\0hello world\0\0\0", 16);
	cr_assert_eq(pages_read(p, 0x8000, got, 16), 0);
	cr_assert_arr_eq(got, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	cr_assert_eq(pages_count(p), 2, "reading makes no pages");
	pages_destroy(p);
}

Test(pages, a_borrowed_page_is_read_in_place_and_copied_before_it_is_written)
{
	struct pages *p = make();
	uint8_t page[GUEST_PAGE_SIZE] = "borrowed", got[8];

	cr_assert_eq(pages_borrow(p, 0x3000, page), 0);
	page[0] = 'B';
	cr_assert_eq(pages_read(p, 0x3000, got, 8), 0);
	cr_assert_arr_eq(got, "Borrowed", 8);
	cr_assert_eq(pages_put(p, 0x3001, "-", 1), 0);
	cr_assert_arr_eq(page, "Borrowed", 8, "the lender's bytes are as they were");
	cr_assert_eq(pages_read(p, 0x3000, got, 8), 0);
	cr_assert_arr_eq(got, "B-rrowed", 8);
	cr_assert_eq(pages_borrow(p, 0x3800, page), -EFAULT, "not a whole page");
	cr_assert_eq(pages_borrow(p, 0x9f000, page), -EFAULT, "not all of it in the RAM map");
	pages_destroy(p);
}

Test(pages, shared_pages_live_as_long_as_their_last_owner)
{
	struct pages *p = make(), *q;
	uint8_t got[2];

	cr_assert_eq(pages_put(p, 0x1000, "ab", 2), 0);
	q = pages_share(p);
	pages_destroy(p);
	cr_assert_eq(pages_read(q, 0x1000, got, 2), 0);
	cr_assert_arr_eq(got, "ab", 2);
	pages_destroy(q);
}

Test(pages, nothing_outside_the_ram_map)
{
	struct pages *p = make();
	uint8_t byte;

	cr_assert_eq(pages_put(p, 0x9fbff, "x", 1), 0);
	cr_assert_eq(pages_put(p, 0x9fbff, "xy", 2), -EFAULT);
	cr_assert_eq(pages_read(p, 0x9fc00, &byte, 1), -EFAULT);
	cr_assert_eq(pages_read(p, UINT64_MAX, &byte, 1), -EFAULT);
	cr_assert_eq(pages_put(p, UINT64_MAX, "xy", 2), -EFAULT);
	cr_assert_eq(pages_read(p, MIB(2) - 1, &byte, 1), 0);
	pages_destroy(p);
}

Test(pages, listed_in_address_order_whatever_the_order_of_putting)
{
	const gpa_t order[] = { 0x5000, 0x1000, 0x100000, 0x3000, 0x2000 };
	const gpa_t sorted[] = { 0x1000, 0x2000, 0x3000, 0x5000, 0x100000 };
	struct pages *p = make();
	const uint8_t *data;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		uint8_t mark = (uint8_t)(order[i] >> 12);

		cr_assert_eq(pages_put(p, order[i] + 7, &mark, 1), 0);
	}
	cr_assert_eq(pages_count(p), ARRAY_SIZE(sorted));
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		cr_assert_eq(pages_address(p, i, &data), sorted[i]);
		cr_assert_eq(data[7], (uint8_t)(sorted[i] >> 12));
	}
	pages_destroy(p);
}

Test(pages, reader_is_the_same_view)
{
	struct pages *p = make();
	struct mem_reader r = pages_reader(p);
	uint8_t byte = 0;

	pages_put(p, 0x42, "z", 1);
	cr_assert_eq(mem_reader_read(&r, 0x42, &byte, 1), 0);
	cr_assert_eq(byte, 'z');
	cr_assert_eq(mem_reader_read(&r, MIB(3), &byte, 1), -EFAULT);
	cr_assert(regions_cover(pages_ram(p), MIB(1), MIB(1)));
	cr_assert_null(pages_destroy(p));
	cr_assert_null(pages_destroy(NULL));
}
