/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verdict or an outcome becomes in formats that know fewer kinds: design.md "Outcome of a path". */
#include <stdio.h>
#include <criterion/criterion.h>

#include "tools/report_case.h"

static enum case_kind kind_of(enum verdict_status status, enum verdict_level level,
			      enum point point, bool own_entry)
{
	struct report_path p = { .own_entry = own_entry };
	struct verdict v = { .status = status, .level = level, .point = point };

	return verdict_case(&p, &v);
}

Test(report_case, a_fail_at_the_entry_is_ours_only_where_our_model_built_it)
{
	cr_assert_eq(kind_of(VERDICT_FAIL, LEVEL_ERROR, POINT_KERNEL, true), CASE_FAIL);
	cr_assert_eq(kind_of(VERDICT_FAIL, LEVEL_ERROR, POINT_ENTRY, true), CASE_ERROR);
	cr_assert_eq(kind_of(VERDICT_FAIL, LEVEL_ERROR, POINT_ENTRY, false), CASE_FAIL);
}

Test(report_case, warnings_never_fail)
{
	cr_assert_eq(kind_of(VERDICT_FAIL, LEVEL_WARN, POINT_KERNEL, true), CASE_WARN);
	cr_assert_eq(kind_of(VERDICT_FAIL, LEVEL_INFO, POINT_ENTRY, true), CASE_WARN);
	cr_assert_eq(kind_of(VERDICT_ERROR, LEVEL_WARN, POINT_KERNEL, true), CASE_WARN);
	cr_assert_eq(kind_of(VERDICT_ERROR, LEVEL_ERROR, POINT_KERNEL, true), CASE_ERROR);
}

Test(report_case, the_arrival_is_no_fault_of_a_run_whose_clauses_failed)
{
	struct report_path p = { .outcome = OUTCOME_FAIL, .by_verdicts = true };
	struct report_case c;

	report_case_get(&p, 0, &c);
	cr_assert_eq(c.kind, CASE_PASS);
	p = (struct report_path){ .outcome = OUTCOME_CRASH };
	report_case_get(&p, 0, &c);
	cr_assert_eq(c.kind, CASE_FAIL);
	p = (struct report_path){ .outcome = OUTCOME_SKIP };
	report_case_get(&p, 0, &c);
	cr_assert_eq(c.kind, CASE_SKIP);
}

Test(report_case, an_image_is_as_its_worst_path)
{
	struct report_path paths[] = { { .outcome = OUTCOME_SKIP },
				       { .outcome = OUTCOME_PASS },
				       { .outcome = OUTCOME_ERROR },
				       { .outcome = OUTCOME_HANG } };
	struct report_image image = { .paths = paths };
	static const enum case_kind want[] = { CASE_SKIP, CASE_SKIP, CASE_PASS, CASE_ERROR,
					       CASE_FAIL };

	for (image.path_count = 0; image.path_count <= ARRAY_SIZE(paths); image.path_count++)
		cr_assert_eq(image_case(&image), want[image.path_count]);
	snprintf(image.error, sizeof(image.error), "broken");
	cr_assert_eq(image_case(&image), CASE_ERROR);
}

Test(report_case, got_is_cut_at_commas_outside_brackets_and_quotes)
{
	char want[] = "W", got[] = "a = {1, 2}, f(b, \"x, (y\") = 3, c = 4";
	struct report_path p = { 0 };
	struct verdict v = {
		.status = VERDICT_FAIL,
		.text = "T.",
		.cite = "C",
		.want = want,
		.got = got,
	};
	struct buf out = { 0 };

	verdict_explain(&p, &v, "# ", &out);
	cr_assert_str_eq(buf_str(&out), "# T.\n"
					"# cite     C\n"
					"# want     W\n"
					"# got      a = {1, 2}\n"
					"#          f(b, \"x, (y\") = 3\n"
					"#          c = 4\n"
					"# duty of  the boot loader\n");
	buf_free(&out);
}

Test(report_case, bytes_that_a_terminal_would_obey_are_spelt_out)
{
	struct buf out = { 0 };

	text_plain(&out, "a\033[1m\n\xc3\xa9~");
	cr_assert_str_eq(buf_str(&out), "a\\x1b[1m\\x0a\\xc3\\xa9~");
	buf_free(&out);
}
