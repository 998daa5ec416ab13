/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines, of this very program: the compiler's __LINE__ says what the DWARF must. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "loaders/lines.h"

#define SELF "/proc/self/exe"

extern const char __executable_start[]; /* where the linker's own first address lies now */

/* One line, so that its first instruction is on it. */
/* clang-format off */
static unsigned line_here(void) { return __LINE__; }
/* clang-format on */

#ifdef HAVE_LIBDW

Test(lines, a_function_lies_where_it_was_written)
{
	uint64_t address = (uintptr_t)line_here - (uintptr_t)__executable_start;
	struct source_lines *l = NULL;
	struct diag diag = { 0 };
	char file[256] = "";
	unsigned line = 0;

	cr_assert(eq(int, source_lines_open(&l, SELF, 0, &diag), 0), "%s", diag.text);
	cr_assert(source_lines_at(l, address, file, sizeof(file), &line));
	cr_expect(eq(str, file, (char *)(uintptr_t) "tests/unit/lines_test.c"));
	cr_expect(eq(uint, line, line_here()));
	source_lines_close(l);
}

Test(lines, a_base_is_what_the_file_has_on_top)
{
	uint64_t address = (uintptr_t)line_here - (uintptr_t)__executable_start;
	struct source_lines *l = NULL;
	char file[256] = "";
	unsigned line = 0;

	cr_assert(eq(int, source_lines_open(&l, SELF, 0x1000, NULL), 0));
	cr_assert(source_lines_at(l, address - 0x1000, file, sizeof(file), &line));
	cr_expect(eq(uint, line, line_here()));
	source_lines_close(l);
}

Test(lines, what_is_no_code_has_none)
{
	struct source_lines *l = NULL;
	char file[256] = "";
	unsigned line = 0;

	cr_assert(eq(int, source_lines_open(&l, SELF, 0, NULL), 0));
	cr_expect(not(source_lines_at(l, UINT64_MAX - 5, file, sizeof(file), &line)));
	source_lines_close(l);
	cr_expect(not(source_lines_at(NULL, 0, file, sizeof(file), &line)));
}

Test(lines, a_file_without_them_is_refused)
{
	struct source_lines *l = NULL;
	struct diag diag = { 0 };

	cr_expect(eq(int, source_lines_open(&l, "Makefile", 0, &diag), -ENODATA));
	cr_expect(eq(str, diag.text, (char *)(uintptr_t) "Makefile: no source lines: no DWARF"));
	cr_expect(eq(int, source_lines_open(&l, "/nowhere", 0, NULL), -ENOENT));
}

#else

Test(lines, without_libdw_there_are_none)
{
	struct source_lines *l = NULL;
	struct diag diag = { 0 };

	cr_expect(eq(int, source_lines_open(&l, SELF, 0, &diag), -ENOTSUP));
	cr_expect(eq(uint, line_here(), line_here()));
	cr_expect(eq(ptr, source_lines_close(l), NULL));
}

#endif
