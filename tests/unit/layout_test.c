/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Free RAM and first-fit searches on hand-made maps. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "models/layout.h"

/* [0, 640K) and [1M, 16M) with a reserved hole at [4M, 8M), and 1 GiB above 4 GiB. */
static void layout_small(struct layout *l)
{
	const struct platform p = {
		.e820 = {
			{ 0, 0xa0000, E820_RAM },
			{ MIB(1), MIB(15), E820_RAM },
			{ MIB(4), MIB(4), E820_RESERVED },
			{ GIB(4), GIB(1), E820_RAM },
		},
		.e820_count = 4,
	};

	cr_assert(eq(int, layout_init(l, &p, NULL), 0));
}

Test(layout, reserved_entries_win_over_ram_and_page_0_is_taken)
{
	struct layout l;

	layout_small(&l);
	cr_expect(not(layout_is_free(&l, 0, 1)));
	cr_expect(layout_is_free(&l, 0x1000, 0x9f000));
	cr_expect(not(layout_is_free(&l, 0x1000, 0x9f001)));
	cr_expect(layout_is_free(&l, MIB(1), MIB(3)));
	cr_expect(not(layout_is_free(&l, MIB(4) - 1, 2)));
	cr_expect(not(layout_is_free(&l, UINT64_MAX, 2)));
	layout_release(&l);
}

Test(layout, lowest_and_highest_obey_size_alignment_and_bounds)
{
	struct layout l;
	gpa_t gpa = 0;

	layout_small(&l);
	cr_expect(layout_lowest(&l, MIB(1), MIB(2), 0, LAYOUT_TOP, &gpa));
	cr_expect(eq(u64, gpa, MIB(2)));
	cr_expect(layout_lowest(&l, MIB(3), MIB(2), 0, LAYOUT_TOP, &gpa));
	cr_expect(eq(u64, gpa, MIB(8)));
	cr_expect(layout_highest(&l, MIB(1), MIB(2), 0, LAYOUT_4GIB, &gpa));
	cr_expect(eq(u64, gpa, MIB(14)));
	cr_expect(layout_highest(&l, MIB(1), 4096, 0, MIB(4) + 1, &gpa));
	cr_expect(eq(u64, gpa, MIB(3)));
	cr_expect(layout_highest(&l, MIB(1), 4096, 0, LAYOUT_TOP, &gpa));
	cr_expect(eq(u64, gpa, GIB(5) - MIB(1)));
	cr_expect(not(layout_lowest(&l, MIB(9), 4096, 0, LAYOUT_4GIB, &gpa)));
	cr_expect(not(layout_highest(&l, MIB(9), 4096, 0, LAYOUT_4GIB, &gpa)));
	cr_expect(not(layout_lowest(&l, 1, 4096, GIB(6), LAYOUT_TOP, &gpa)));
	cr_expect(not(layout_lowest(&l, 1, 1ull << 63, 1, LAYOUT_TOP, &gpa)));
	cr_expect(not(layout_highest(&l, UINT64_MAX, 4096, 0, LAYOUT_TOP, &gpa)));
	layout_release(&l);
}

Test(layout, what_is_taken_is_not_given_again)
{
	struct layout l;
	gpa_t a = 0, b = 0;

	layout_small(&l);
	cr_expect(eq(int, layout_take_lowest(&l, "a", 0x1800, 4096, 0x10000, LAYOUT_4GIB, &a, NULL),
		     0));
	cr_expect(eq(int, layout_take_lowest(&l, "b", 0x10, 4096, 0x10000, LAYOUT_4GIB, &b, NULL),
		     0));
	cr_expect(eq(u64, a, 0x10000));
	cr_expect(eq(u64, b, 0x12000));
	layout_release(&l);
}

Test(layout, a_failure_names_what_and_both_sizes)
{
	struct diag diag = { 0 };
	struct layout l;
	gpa_t gpa;

	layout_small(&l);
	cr_expect(eq(int,
		     layout_take_highest(&l, "initrd", MIB(32), 4096, MIB(1), LAYOUT_4GIB, &gpa,
					 &diag),
		     -EINVAL));
	cr_expect(strstr(diag.text, "initrd") != NULL);
	cr_expect(strstr(diag.text, "0x2000000") != NULL);
	cr_expect(strstr(diag.text, "0x800000") != NULL);
	layout_release(&l);
}

Test(layout, an_entry_that_wraps_is_refused)
{
	const struct platform p = { .e820 = { { UINT64_MAX - 1, 4096, E820_RAM } },
				    .e820_count = 1 };
	struct layout l;

	cr_expect(eq(int, layout_init(&l, &p, NULL), -EINVAL));
}
