/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real kernels through UEFI firmware, judged: every variant, with and without an initrd, and what strict firmware would stop. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "specs/spec.h"
#include "tests/lib/kernels.h"

#define INITRD_SIZE 0x10032u

struct row {
	const char *path, *variant;
	bool initrd, nx;
	const char *known; /* that the variant's loader breaks, in the order of points */
};

/* clang-format off */
static const struct row rows[] = {
	{ "efi",          "spec",           false, false, "" },
	{ "efi",          "spec",           true,  false, "" },
	{ "efi",          "spec",           false, true,  "" },
	{ "efi",          "spec",           true,  true,  "" },
	{ "efi",          "junk",           false, false, "" },
	{ "efi-handover", "spec",           false, false, "" },
	{ "efi",          "nx",             false, false, "" },
	{ "efi-handover", "spec",           true,  true,  "" },
	{ "efi-handover", "grub2-linuxefi", true,  false, "E64-008 HO-004 " },
	{ "efi-handover", "grub2-linuxefi", true,  true,  "E64-008 HO-004 HO-007 E64-023 " },
};
/* clang-format on */

static void expect_row(const struct image *image, const struct spec_set *specs,
		       const struct row *row)
{
	static const uint8_t initrd[INITRD_SIZE];
	struct run_options options = kernel_options();
	struct buf known = { 0 };
	struct kernel_run r;
	unsigned uefi = 0;

	options.specs = specs;
	options.efi_nx = row->nx;
	if (row->initrd)
		options.initrd = (struct bytes){ initrd, sizeof(initrd) };
	kernel_run(&r, image, row->path, row->variant, &options);
	cr_expect(eq(int, r.report.outcome, OUTCOME_PASS), "%s:%s%s%s: %s", row->path, row->variant,
		  row->initrd ? " initrd" : "", row->nx ? " nx" : "", r.report.reason);
	for (size_t i = 0; i < r.report.verdicts.count; i++) {
		const struct verdict *v = &r.report.verdicts.items[i];

		uefi += v->status == VERDICT_PASS && !strncmp(v->id, "E64-", 4);
		if (v->status == VERDICT_KNOWN)
			buf_printf(&known, "%s ", v->id);
		cr_expect(v->status != VERDICT_FAIL, "%s", v->id);
	}
	/* A clause that were not asked any more would pass unseen. */
	cr_expect(ge(u32, uefi, 20), "%s:%s", row->path, row->variant);
	cr_expect(eq(str, (char *)(uintptr_t)buf_str(&known), (char *)(uintptr_t)row->known),
		  "%s:%s", row->path, row->variant);
	buf_free(&known);
	kernel_run_release(&r);
}

static void expect_rows(const char *name, size_t first, size_t count)
{
	struct image *image = kernel_open(name);
	struct spec_set specs = { 0 };
	struct diag diag = { 0 };

	cr_assert(eq(int, spec_set_builtin(&specs, &diag), 0), "%s", diag.text);
	for (size_t i = first; i < first + count; i++)
		expect_row(image, &specs, &rows[i]);
	spec_set_free(&specs);
	image_close(image);
}

Test(efi_check, linux_6_1_passes_by_every_variant, .timeout = 60)
{
	expect_rows("cloud", 0, ARRAY_SIZE(rows));
}

Test(efi_check, linux_6_12_passes_by_every_variant, .timeout = 60)
{
	expect_rows("cloud612", 3, 1);
	expect_rows("cloud612", 6, 4);
}

/* It trusts the PE format's promise, as 6.1.192 does not: its allocator's pointers are in what was not cleared. */
Test(efi_check, linux_6_12_needs_the_zeros_that_a_loader_owes_it, .timeout = 60)
{
	struct image *image = kernel_open("cloud612");
	struct run_options options = kernel_options();
	struct kernel_run r;

	kernel_run(&r, image, "efi", "junk", &options);
	cr_expect(eq(int, r.report.outcome, OUTCOME_EXIT), "%s", r.report.reason);
	cr_expect(ne(ptr, strstr(r.report.console, "Out of memory while allocating"), NULL), "%s",
		  r.report.console);
	kernel_run_release(&r);
	image_close(image);
}

/* Four and a half thousand million instructions each: the hardest one of either path. */
Test(efi_check, an_xz_kernel_passes_under_strict_firmware, .timeout = 120)
{
	if (UNDER_ASAN)
		cr_skip("takes minutes under AddressSanitizer");
	expect_rows("generic", 3, 1);
}
