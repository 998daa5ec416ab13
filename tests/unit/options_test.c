/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers on the command line. */
#include <criterion/criterion.h>

#include "tools/options.h"

Test(options, numbers_with_and_without_suffix)
{
	static const struct {
		const char *text;
		unsigned unit;
		uint64_t want;
	} good[] = {
		{ "0", 0, 0 },
		{ "512M", 1024, 536870912 },
		{ "2G", 1024, 2147483648 },
		{ "1T", 1024, 1099511627776 },
		{ "4k", 1024, 4096 },
		{ "20M", 1000, 20000000 },
		{ "0x1000", 1024, 4096 },
		{ "010", 0, 10 }, /* no octal */
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t v = 0;

		cr_assert(parse_number(good[i].text, good[i].unit, &v), "%s", good[i].text);
		cr_assert_eq(v, good[i].want, "%s is %lu", good[i].text, v);
	}
}

Test(options, what_is_no_number_is_refused_and_changes_nothing)
{
	static const struct {
		const char *text;
		unsigned unit;
	} bad[] = {
		{ "", 0 },
		{ "-1", 0 },
		{ "+1", 0 },
		{ " 1", 0 },
		{ "1 ", 0 },
		{ "x", 0 },
		{ "0x", 0 },
		{ "0x0x1", 0 },
		{ "0x-1", 0 },
		{ "1M", 0 },
		{ "1MB", 1024 },
		{ "1Q", 1024 },
		{ "M", 1024 },
		{ "1.5G", 1024 },
		{ "18446744073709551616", 0 },
		{ "16777216T", 1024 },
		{ "99999999999999999999", 1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t v = 42;

		cr_assert_not(parse_number(bad[i].text, bad[i].unit, &v), "'%s'", bad[i].text);
		cr_assert_eq(v, 42);
	}
}
