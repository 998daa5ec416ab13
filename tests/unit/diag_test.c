/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct diag: the first error wins, and it is always one line. */
#include <errno.h>
#include <criterion/criterion.h>

#include "emu/base/diag.h"

Test(diag, returns_its_code_and_keeps_the_first_error)
{
	struct diag d = { 0 };

	cr_assert_eq(diag_at(&d, -EINVAL, 0x1f1, "setup_sects is %u", 99u), -EINVAL);
	cr_assert_eq(diag_set(&d, -ENOMEM, "out of memory"), -ENOMEM);
	cr_assert_eq(d.code, -EINVAL);
	cr_assert_str_eq(d.text, "setup_sects is 99");
	cr_assert(d.has_offset);
	cr_assert_eq(d.offset, 0x1f1);
}

Test(diag, null_is_fine)
{
	cr_assert_eq(diag_set(NULL, -EINVAL, "x"), -EINVAL);
	cr_assert_eq(diag_at(NULL, -EIO, 3, "x"), -EIO);
}

Test(diag, line_names_file_and_offset)
{
	struct diag d = { 0 };
	char line[80];

	diag_at(&d, -EINVAL, 497, "bad");
	cr_assert_str_eq(diag_line(&d, "vmlinuz", line, sizeof(line)),
			 "vmlinuz: offset 0x1f1: bad");
	d = (struct diag){ 0 };
	diag_set(&d, -ENOENT, "no such file");
	cr_assert_str_eq(diag_line(&d, "vmlinuz", line, sizeof(line)), "vmlinuz: no such file");
}

Test(diag, offset_zero_is_an_offset)
{
	struct diag d = { 0 };
	char line[80];

	diag_at(&d, -EINVAL, 0, "empty");
	cr_assert_str_eq(diag_line(&d, "f", line, sizeof(line)), "f: offset 0x0: empty");
}

Test(diag, long_and_hostile_texts_stay_one_short_line)
{
	struct diag d = { 0 };
	char line[32];

	diag_set(&d, -EINVAL, "%0600d\n\033[31m", 7);
	cr_assert_eq(strlen(d.text), sizeof(d.text) - 1);
	d = (struct diag){ 0 };
	diag_set(&d, -EINVAL, "a\nb\033[31m");
	cr_assert_str_eq(d.text, "a?b?[31m");
	diag_line(&d, "a\rname that is longer than the line has room for", line, sizeof(line));
	cr_assert_eq(strlen(line), sizeof(line) - 1);
	cr_assert_null(strchr(line, '\r'));
}
