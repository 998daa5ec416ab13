/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rule language: values, operators, types and what is refused, with its place. */
#include <criterion/criterion.h>

#include "tests/lib/judged.h"

/* An expression and its value at the hand-made state. */
struct value_case {
	const char *expr, *value;
};

static void check_values(const struct value_case *cases, size_t count)
{
	struct judged *j = judged_create();
	char got[512];

	for (size_t i = 0; i < count; i++) {
		judged_eval(j, cases[i].expr, got, sizeof(got));
		cr_expect_str_eq(got, cases[i].value, "%s: %s, not %s", cases[i].expr, got,
				 cases[i].value);
	}
	judged_destroy(j);
}

static void check_refused(const struct value_case *cases, size_t count)
{
	char got[512];

	for (size_t i = 0; i < count; i++) {
		judged_refused(cases[i].expr, got, sizeof(got));
		cr_expect_str_eq(got, cases[i].value, "%s: %s, not %s", cases[i].expr, got,
				 cases[i].value);
	}
}

Test(expr, numbers_have_hex_decimal_and_sizes)
{
	static const struct value_case cases[] = {
		{ "0", "0" },
		{ "255", "0xff" },
		{ "0xFFFFFFFFFFFFFFFF", "0xffffffffffffffff" },
		{ "18446744073709551615", "0xffffffffffffffff" },
		{ "4K", "0x1000" },
		{ "16M", "0x1000000" },
		{ "2G", "0x80000000" },
		{ "0x10K", "0x4000" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, operators_bind_as_the_manual_says)
{
	static const struct value_case cases[] = {
		{ "1 + 2 * 3", "7" },
		{ "(1 + 2) * 3", "9" },
		{ "10 - 4 - 3", "3" },
		{ "64 / 4 / 2", "8" },
		{ "17 % 5", "2" },
		{ "1 << 2 + 1", "8" },
		{ "6 & 3 == 2", "true" },
		{ "1 | 4 ^ 5 & 4", "1" },
		{ "~0 >> 60", "0xf" },
		{ "!false && false || true", "true" },
		{ "true || false && false", "true" },
		{ "1 < 2 ? 3 : 4", "3" },
		{ "false ? 1 : true ? 2 : 3", "2" },
		{ "~~5", "5" },
		{ "5 >= 5 && 5 <= 5 && !(5 < 5) && !(5 > 5) && 5 != 6", "true" },
		{ "\"a\" == \"a\" && \"a\" != \"b\"", "true" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, what_does_not_fit_64_bits_is_an_error)
{
	static const struct value_case cases[] = {
		{ "0xffffffffffffffff + rax + 1",
		  "ERROR: 0xffffffffffffffff + rax + 1 does not fit an unsigned 64-bit integer" },
		{ "rax - 1", "ERROR: rax - 1 does not fit an unsigned 64-bit integer" },
		{ "4G * 4G", "ERROR: 4G * 4G does not fit an unsigned 64-bit integer" },
		{ "2 << 63", "ERROR: 2 << 63 does not fit an unsigned 64-bit integer" },
		{ "1 << 64", "ERROR: 1 << 64 does not fit an unsigned 64-bit integer" },
		{ "1 >> 64", "0" },
		{ "1 / rax", "ERROR: division by zero" },
		{ "1 % rax", "ERROR: division by zero" },
		{ "align_up(0xffffffffffffffff, 4096)",
		  "ERROR: align_up: 0xffffffffffffffff does not fit an unsigned 64-bit integer" },
		{ "align_up(1, 3)", "ERROR: align_up: 0x3 is no power of two" },
		{ "empty(range(0xfffffffffffff000, 0x1001))",
		  "ERROR: 0xfffffffffffff000 + 0x1001 does not fit an unsigned 64-bit integer" },
		{ "empty(range(0xfffffffffffff000, 0x1000))", "false" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, the_side_that_does_not_decide_is_not_evaluated)
{
	static const struct value_case cases[] = {
		{ "rax != 0 && 1 / rax == 1", "false" },
		{ "rax == 0 || 1 / rax == 1", "true" },
		{ "rax == 0 ? 1 : 1 / rax", "1" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, membership_takes_values_and_ranges)
{
	static const struct value_case cases[] = {
		{ "3 in {1, 2, 3}", "true" },
		{ "4 in {1, 2, 3}", "false" },
		{ "0x1f in {1, 0x10..0x1f}", "true" },
		{ "0x20 in {1, 0x10..0x1f}", "false" },
		{ "path in {\"linux32\", \"linux64\"}", "true" },
		{ "path in {\"pvh\"}", "false" },
		{ "1 in {}", "false" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, sets_of_addresses)
{
	static const struct value_case cases[] = {
		{ "range(0x1000, 0x1000)", "{0x1000..0x1fff}" },
		{ "range(0x1000, 0x1000) | range(0x2000, 1)", "{0x1000..0x2000}" },
		{ "range(0x1000, 0)", "nothing" },
		{ "range(0x1000, 0x10) in range(0x1000, 0x10)", "true" },
		{ "range(0x1000, 0x11) in range(0x1000, 0x10)", "false" },
		{ "range(5, 0) in range(0x1000, 1)", "true" },
		{ "0x100f in range(0x1000, 0x10)", "true" },
		{ "0x1010 in range(0x1000, 0x10)", "false" },
		{ "range(0, 0x11) overlaps range(0x10, 1)", "true" },
		{ "range(0, 0x10) overlaps range(0x10, 1)", "false" },
		{ "range(0, 0) overlaps range(0, 1)", "false" },
		{ "size(range(0, 4) | range(2, 4))", "6" },
		{ "empty(range(7, 0))", "true" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, quantifiers_go_over_lists)
{
	static const struct value_case cases[] = {
		{ "all e in e820: e.size > 0", "true" },
		{ "all e in e820: e.type == 1", "false" },
		{ "any e in e820: e.type == 2 && e.addr == 0x9fc00", "true" },
		{ "any e in e820: e.type == 5", "false" },
		{ "all a in e820: all b in e820: b.index <= a.index || a.addr + a.size <= b.addr",
		  "true" },
		{ "any n in setup_data: true", "false" },
		{ "all n in setup_data: false", "true" },
		{ "all e in e820: e.index < 6", "true" },
	};

	check_values(cases, ARRAY_SIZE(cases));
}

Test(expr, errors_have_their_column)
{
	static const struct value_case cases[] = {
		{ "1 +", "test:1:4: the expression ends too early" },
		{ "(1", "test:1:3: expected ')'" },
		{ "1 2", "test:1:3: expected an operator or the end" },
		{ "1 $ 2", "test:1:3: '$' has no meaning here" },
		{ "0xg", "test:1:1: bad number" },
		{ "12ab", "test:1:1: bad number" },
		{ "18446744073709551616", "test:1:1: number does not fit 64 bits" },
		{ "17179869184G", "test:1:1: number does not fit 64 bits" },
		{ "\"abc", "test:1:1: string without its end (there are no escapes)" },
		{ "1 < 2 < 3", "test:1:7: comparisons do not chain: join them by &&" },
		{ "1 == 2 == 3", "test:1:8: comparisons do not chain: join them by &&" },
		{ "all e e820: true", "test:1:7: expected \"in\"" },
		{ "all e in e820 true", "test:1:15: expected ':'" },
		{ "is_pow2(1", "test:1:10: expected ','" },
		{ "rax == 1 &&\n  nonsense", "test:2:3: unknown name \"nonsense\"" },
		{ "", "test:1:1: the expression ends too early" },
		{ "1 = 2", "test:1:3: expected an operator or the end" },
	};

	check_refused(cases, ARRAY_SIZE(cases));
}

Test(expr, types_clash_before_any_state_is_there)
{
	static const struct value_case cases[] = {
		{ "1 && true", "test:1:1: type clash: expected boolean, this is integer" },
		{ "true + 1", "test:1:1: type clash: expected integer, this is boolean" },
		{ "rax == \"linux64\"", "test:1:8: type clash: integer on the left, string here" },
		{ "path in {1}", "test:1:10: type clash: string on the left, integer here" },
		{ "ram == ram", "test:1:1: sets are not compared: use \"in\" or \"overlaps\"" },
		{ "ram overlaps 1", "test:1:14: type clash: expected set, this is integer" },
		{ "rax in 1", "test:1:8: type clash: expected set, this is integer" },
		{ "true in ram", "test:1:1: type clash: expected integer or set, this is boolean" },
		{ "true ? 1 : \"a\"", "test:1:12: type clash: integer on the left, string here" },
		{ "!1", "test:1:2: type clash: expected boolean, this is integer" },
		{ "ram | 1", "test:1:7: type clash: set on the left, integer here" },
		{ "all e in e820: e.size",
		  "test:1:16: type clash: expected boolean, this is integer" },
		{ "u8(\"a\")", "test:1:4: type clash: expected integer, this is string" },
		{ "path in {\"a\"..\"b\"}",
		  "test:1:15: type clash: expected integer, this is string" },
	};

	check_refused(cases, ARRAY_SIZE(cases));
}

Test(expr, unknown_words_are_refused)
{
	static const struct value_case cases[] = {
		{ "cr0.xx == 1", "test:1:1: unknown name \"cr0.xx\"" },
		{ "hdr.nosuch == 1", "test:1:1: unknown name \"hdr.nosuch\"" },
		{ "bp.e820_table == 1", "test:1:1: unknown name \"bp.e820_table\"" },
		{ "nosuch(1)", "test:1:1: unknown function \"nosuch\"" },
		{ "u8(1, 2) == 1", "test:1:1: \"u8\" takes 1 arguments, not 2" },
		{ "u8 == 1", "test:1:1: \"u8\" is a function" },
		{ "e820 == 1", "test:1:1: \"e820\" is a list: ask with all or any" },
		{ "events(\"port_out\") == 0", "test:1:8: unknown event \"port_out\"" },
		{ "events(path) == 0", "test:1:8: expected the name of an event in quotes" },
		{ "all e in port-out: true", "test:1:14: expected ':'" },
		{ "all e in port_out: e.vector == 1", "test:1:20: unknown field \"e.vector\"" },
		{ "compressed.port_out == 1",
		  "test:1:1: \"compressed.port_out\" is a list: ask with all or any" },
		{ "unchanged(\"later\", ram)",
		  "test:1:11: expected the name of a point in quotes" },
		{ "unchanged(\"kernel\", ram)",
		  "test:1:11: \"kernel\" is later than the point entry, where this is judged" },
		{ "all e in ram: true", "test:1:1: unknown list \"ram\"" },
		{ "all e in e820: e.color == 1", "test:1:16: unknown field \"e.color\"" },
		{ "all e in e820: e == 1", "test:1:16: \"e\" is an element: name a field of it" },
		{ "kernel.cr0 == 1",
		  "test:1:1: \"kernel.cr0\" is later than the point entry, where this is judged" },
		{ "entry.file.size == 1", "test:1:1: unknown name \"entry.file.size\"" },
	};

	check_refused(cases, ARRAY_SIZE(cases));
}

Test(expr, nesting_is_bounded)
{
	char expr[9000], got[512];

	memset(expr, '(', 500);
	expr[500] = 0;
	cr_expect_str_eq(judged_refused(expr, got, sizeof(got)), "test:1:65: nested too deep");
	memset(expr, '!', 500);
	cr_expect_str_eq(judged_refused(expr, got, sizeof(got)), "test:1:64: nested too deep");
	for (size_t i = 0; i < 4000; i++)
		memcpy(expr + i * 2, "1+", 2);
	expr[7999] = 0;
	cr_expect_not_null(
		strstr(judged_refused(expr, got, sizeof(got)), "too many operators in a row"));
	memset(expr, ' ', 8999);
	expr[8999] = 0;
	cr_expect_str_eq(judged_refused(expr, got, sizeof(got)),
			 "test:1:1: the expression is too long");
}
