/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The placement list: order, ownership, and refusing what wraps the address space. */
#include "loaders/placement.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

Test(placement, the_last_of_a_name_is_found_and_order_is_kept)
{
	static const uint8_t kernel[4] = { 1, 2, 3, 4 };
	struct placements p = { 0 };
	char name[8];

	cr_assert_eq(placements_add(&p, "kernel", 0x100000, (struct bytes){ kernel, 4 }, 0x1000,
				    "file offset 0x400"),
		     0);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		cr_assert_eq(placements_add_copy(&p, name, i, &i, sizeof(i), "test"), 0);
	}
	cr_assert_eq(placements_add_copy(&p, "p3", 0x7000, "ab", 2, "test"), 0);
	cr_expect_eq(p.count, 102);
	cr_expect_eq(p.items[0].data.data, kernel, "borrowed, not copied");
	cr_expect_eq(p.items[0].size, 0x1000);
	cr_expect_eq(placements_find(&p, "p3")->gpa, 0x7000);
	cr_expect_null(placements_find(&p, "initrd"));
	placements_free(&p);
	cr_expect_eq(p.count, 0);
	placements_free(&p);
}

Test(placement, what_ends_past_the_last_address_is_refused)
{
	struct placements p = { 0 };

	cr_expect_eq(placements_add(&p, "a", UINT64_MAX - 3, (struct bytes){ 0 }, 5, "test"),
		     -EOVERFLOW);
	cr_expect_eq(p.count, 0);
	cr_expect_eq(placements_add(&p, "a", UINT64_MAX - 3, (struct bytes){ 0 }, 3, "test"), 0);
	cr_expect_eq(placements_add_copy(&p, "a", UINT64_MAX, "xyz", 3, "test"), -EOVERFLOW);
	cr_expect_eq(p.count, 1);
	placements_free(&p);
}
