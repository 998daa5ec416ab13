/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interval map: splitting, merging and the top of the 64-bit space. */
#include <errno.h>
#include <criterion/criterion.h>

#include "emu/base/regions.h"
#include "emu/base/rng.h"

#define CHECK(r, ...)                                                      \
	check_regions(__LINE__, r, (const struct region[]){ __VA_ARGS__ }, \
		      sizeof((const struct region[]){ __VA_ARGS__ }) / sizeof(struct region))

static void check_regions(int line, const struct regions *r, const struct region *want, size_t n)
{
	cr_assert_eq(r->count, n, "line %d: %zu regions, not %zu", line, r->count, n);
	for (size_t i = 0; i < n; i++) {
		cr_assert(r->items[i].start == want[i].start && r->items[i].last == want[i].last &&
				  r->items[i].value == want[i].value,
			  "line %d: region %zu is [%#lx, %#lx] = %lu", line, i, r->items[i].start,
			  r->items[i].last, r->items[i].value);
	}
}

Test(regions, middle_of_one_splits_it_in_three)
{
	struct regions r = { 0 };

	cr_assert_eq(regions_set(&r, 0x1000, 0x9000, 1), 0);
	cr_assert_eq(regions_set(&r, 0x3000, 0x1000, 2), 0);
	CHECK(&r, { 0x1000, 0x2fff, 1 }, { 0x3000, 0x3fff, 2 }, { 0x4000, 0x9fff, 1 });
	cr_assert_eq(regions_remove(&r, 0x2000, 0x4000), 0);
	CHECK(&r, { 0x1000, 0x1fff, 1 }, { 0x6000, 0x9fff, 1 });
	regions_free(&r);
}

Test(regions, alike_neighbours_merge_and_unlike_ones_do_not)
{
	struct regions r = { 0 };

	regions_set(&r, 0x2000, 0x1000, 1);
	regions_set(&r, 0x0, 0x1000, 1);
	CHECK(&r, { 0, 0xfff, 1 }, { 0x2000, 0x2fff, 1 });
	regions_set(&r, 0x1000, 0x1000, 1);
	CHECK(&r, { 0, 0x2fff, 1 });
	regions_set(&r, 0x3000, 1, 2);
	CHECK(&r, { 0, 0x2fff, 1 }, { 0x3000, 0x3000, 2 });
	regions_set(&r, 0x3000, 1, 1);
	CHECK(&r, { 0, 0x3000, 1 });
	regions_set(&r, 0x800, 0x10, 1);
	CHECK(&r, { 0, 0x3000, 1 });
	regions_free(&r);
}

Test(regions, one_interval_replaces_many)
{
	struct regions r = { 0 };

	for (uint64_t i = 0; i < 40; i++)
		cr_assert_eq(regions_set(&r, i * 0x2000, 0x1000, i), 0);
	cr_assert_eq(r.count, 40);
	regions_set(&r, 0x800, 38 * 0x2000, 99);
	CHECK(&r, { 0, 0x7ff, 0 }, { 0x800, 0x4c7ff, 99 }, { 0x4c800, 0x4cfff, 38 },
	      { 0x4e000, 0x4efff, 39 });
	regions_free(&r);
}

Test(regions, the_last_byte_of_the_space_can_be_mapped)
{
	struct regions r = { 0 };

	cr_assert_eq(regions_set(&r, UINT64_MAX, 1, 1), 0);
	cr_assert_eq(regions_set(&r, UINT64_MAX - 0xfff, 0x1000, 1), 0);
	CHECK(&r, { UINT64_MAX - 0xfff, UINT64_MAX, 1 });
	/* The map must not think that what follows the top is address 0. */
	cr_assert_eq(regions_set(&r, 0, 0x1000, 1), 0);
	CHECK(&r, { 0, 0xfff, 1 }, { UINT64_MAX - 0xfff, UINT64_MAX, 1 });
	cr_assert_eq(regions_remove(&r, UINT64_MAX, 1), 0);
	CHECK(&r, { 0, 0xfff, 1 }, { UINT64_MAX - 0xfff, UINT64_MAX - 1, 1 });
	cr_assert_eq(regions_set(&r, UINT64_MAX, 2, 1), -EOVERFLOW);
	cr_assert_eq(regions_remove(&r, 1, UINT64_MAX), 0, "1 + 2^64-1 is the top itself");
	cr_assert_eq(regions_remove(&r, 2, UINT64_MAX), -EOVERFLOW);
	CHECK(&r, { 0, 0, 1 });
	regions_free(&r);
}

Test(regions, length_zero_does_nothing)
{
	struct regions r = { 0 };

	cr_assert_eq(regions_set(&r, 5, 0, 1), 0);
	cr_assert_eq(r.count, 0);
	cr_assert(regions_cover(&r, 5, 0));
	cr_assert_not(regions_overlap(&r, 5, 0));
	regions_free(&r);
	regions_free(NULL);
}

Test(regions, find_cover_and_overlap)
{
	struct regions r = { 0 };

	regions_set(&r, 0x1000, 0x1000, 1);
	regions_set(&r, 0x2000, 0x1000, 2);
	regions_set(&r, 0x5000, 0x1000, 1);
	cr_assert_null(regions_find(&r, 0xfff));
	cr_assert_eq(regions_find(&r, 0x1fff)->value, 1);
	cr_assert_eq(regions_find(&r, 0x2000)->value, 2);
	cr_assert_null(regions_find(&r, 0x3000));
	cr_assert_null(regions_find(&r, UINT64_MAX));
	cr_assert(regions_cover(&r, 0x1000, 0x2000), "two neighbours cover together");
	cr_assert_not(regions_cover(&r, 0x1000, 0x2001));
	cr_assert_not(regions_cover(&r, 0xfff, 2));
	cr_assert_not(regions_cover(&r, 0x5000, UINT64_MAX));
	cr_assert_not(regions_overlap(&r, 0x3000, 0x2000));
	cr_assert(regions_overlap(&r, 0x3000, 0x2001));
	cr_assert(regions_overlap(&r, 0, UINT64_MAX));
	cr_assert_not(regions_overlap(&r, 0, 0x1000));
	regions_free(&r);
}

Test(regions, copy_is_deep)
{
	struct regions a = { 0 }, b = { 0 };

	regions_set(&a, 0, 16, 1);
	regions_set(&b, 64, 16, 9);
	cr_assert_eq(regions_copy(&b, &a), 0);
	regions_set(&a, 4, 4, 2);
	CHECK(&b, { 0, 15, 1 });
	cr_assert_eq(regions_copy(&b, &b), 0);
	CHECK(&b, { 0, 15, 1 });
	regions_free(&a);
	regions_free(&b);
}

/* Against an array of 256 cells that cannot be wrong. */
Test(regions, agrees_with_a_plain_array_over_random_changes)
{
	uint8_t cells[256] = { 0 }; /* 0: unmapped, else value + 1 */
	struct regions r = { 0 };
	struct rng rng;

	rng_init(&rng, 1, "regions_test");
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t start = rng_below(&rng, 256), len = rng_below(&rng, 257 - start);
		uint64_t value = rng_below(&rng, 4);

		if (value == 3)
			cr_assert_eq(regions_remove(&r, start, len), 0);
		else
			cr_assert_eq(regions_set(&r, start, len, value), 0);
		memset(cells + start, value == 3 ? 0 : (int)value + 1, len);

		size_t runs = 0;
		for (unsigned i = 0; i < 256; i++) {
			const struct region *f = regions_find(&r, i);

			cr_assert_eq(f ? f->value + 1 : 0, cells[i]);
			runs += cells[i] && (!i || cells[i - 1] != cells[i]);
		}
		cr_assert_eq(r.count, runs, "not merged, or merged too far");
	}
	regions_free(&r);
}
