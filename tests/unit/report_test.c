/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit status over outcomes: design.md "Exit status". */
#include <criterion/criterion.h>

#include "tools/report.h"

static int status_of(const enum outcome *outcomes, size_t count, bool named)
{
	struct report_path paths[8] = { 0 };
	struct report_image image = { .paths = paths, .path_count = count };
	struct report report = { .images = &image, .image_count = 1 };

	for (size_t i = 0; i < count; i++) {
		paths[i].outcome = outcomes[i];
		paths[i].named = named;
	}
	return report_exit_status(&report);
}

#define STATUS(named, ...)                               \
	status_of((const enum outcome[]){ __VA_ARGS__ }, \
		  sizeof((const enum outcome[]){ __VA_ARGS__ }) / sizeof(enum outcome), named)

Test(report, all_passed_is_0)
{
	cr_assert_eq(STATUS(true, OUTCOME_PASS, OUTCOME_PASS), 0);
	cr_assert_eq(STATUS(false, OUTCOME_PASS, OUTCOME_SKIP), 0,
		     "nobody asked for what was skipped");
}

Test(report, what_the_image_did_wrong_is_1)
{
	cr_assert_eq(STATUS(false, OUTCOME_FAIL), 1);
	cr_assert_eq(STATUS(false, OUTCOME_CRASH, OUTCOME_PASS), 1);
	cr_assert_eq(STATUS(false, OUTCOME_PASS, OUTCOME_HANG), 1);
	cr_assert_eq(STATUS(false, OUTCOME_EXIT), 1);
}

Test(report, what_could_not_be_judged_is_125)
{
	cr_assert_eq(STATUS(false, OUTCOME_ERROR, OUTCOME_PASS), 125);
	cr_assert_eq(STATUS(true, OUTCOME_SKIP, OUTCOME_PASS), 125,
		     "the user asked for it by name");
	cr_assert_eq(STATUS(false, OUTCOME_SKIP), 125, "nothing was judged at all");
}

Test(report, one_beats_125)
{
	cr_assert_eq(STATUS(false, OUTCOME_ERROR, OUTCOME_CRASH), 1);
	cr_assert_eq(STATUS(true, OUTCOME_SKIP, OUTCOME_ERROR, OUTCOME_FAIL), 1);
}

Test(report, over_images_1_beats_125_beats_0)
{
	struct report_path pass = { .outcome = OUTCOME_PASS };
	struct report_path fail = { .outcome = OUTCOME_FAIL };
	struct report_image images[] = {
		{ .paths = &pass, .path_count = 1 },
		{ .error = "broken: not a boot image" },
		{ .paths = &fail, .path_count = 1 },
	};
	struct report report = { .images = images };

	cr_assert_eq(report_exit_status(&report), 125, "no image at all");
	report.image_count = 1;
	cr_assert_eq(report_exit_status(&report), 0);
	report.image_count = 2;
	cr_assert_eq(report_exit_status(&report), 125);
	report.image_count = 3;
	cr_assert_eq(report_exit_status(&report), 1);
}

Test(report, every_outcome_has_a_name)
{
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		cr_assert_not_null(outcome_names[i]);
}
