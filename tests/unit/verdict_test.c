/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts: a state as the 64-bit protocol asks passes, and each broken fact fails exactly its clause. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "tests/lib/judged.h"

Test(verdict, a_state_by_the_book_fails_nothing)
{
	struct judged *j = judged_create();
	char got[512];

	cr_expect_str_eq(judged_fails(j, got, sizeof(got)), "", "%s", got);
	judged_destroy(j);
}

/* A register, and what fails when it has that value. */
static const struct {
	const char *reg;
	uint64_t value;
	const char *fails;
} broken_registers[] = {
	{ "rip", JUDGED_LOAD, "P64-001" },
	{ "efer", EFER_LMA, "P64-003" },
	{ "cs", 0x08, "P64-004" },
	{ "ds", 0x10, "P64-005" },
	{ "ss", 0, "P64-005" },
	{ "rflags", EFLAGS_FIXED | EFLAGS_IF, "P64-007" },
	{ "gdtr.base", JUDGED_LOAD, "P64-006 P64-016" },
	{ "gdtr.limit", 0x17, "P64-006" },
};

Test(verdict, each_broken_register_fails_its_clause)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken_registers); i++) {
		struct judged *j = judged_create();
		char got[512];

		cr_assert(cpu_state_set(&j->state.cpu, broken_registers[i].reg,
					broken_registers[i].value));
		judged_fails(j, got, sizeof(got));
		cr_expect_str_eq(got, broken_registers[i].fails, "%s: %s, not %s",
				 broken_registers[i].reg, got, broken_registers[i].fails);
		judged_destroy(j);
	}
}

/* A place in memory, and what fails when it holds that. */
static const struct {
	gpa_t gpa;
	uint64_t value;
	size_t width;
	const char *fails;
} broken_memory[] = {
	{ JUDGED_GDT + 0x1d, 0x90, 1, "P64-006" },                   /* data, not writable */
	{ JUDGED_TABLES + 0x2000 + 8 * 8, 0, 8, "P64-009 P64-012" }, /* the kernel's first 2 MiB */
	{ JUDGED_TABLES + 0x2000 + 9 * 8, 0x1200081, 8, "P64-012" }, /* its next, read-only */
	{ JUDGED_TABLES + 0x2000 + 9 * 8, 0x1400083, 8, "P64-009" }, /* its next, elsewhere */
	{ JUDGED_BP + 0x236, 0x7e, 2, "P64-013" },
	{ JUDGED_BP + 0x1e8, 129, 1, "ZP-001 ZP-002 ZP-003 ZP-004" }, /* entries of zeros follow */
	{ JUDGED_BP + 0x2d0 + 8, 0, 8, "ZP-002 ZP-007" },
	{ JUDGED_BP + 0x2d0 + 5 * 20 + 16, 20, 4, "ZP-003" },
	{ JUDGED_BP + 0x2d0 + 3 * 20 + 8, 0x100000, 8, "ZP-005" },
	{ JUDGED_BP + 0x228, 0xc0000, 4, "P64-011 ZP-007" },
	{ JUDGED_BP + 0x1e9, 7, 1, "ZP-008" },
	{ JUDGED_BP + 0x70, 0x30000, 8, "ZP-009" },
	{ JUDGED_BP + 0x1c0, 0x12345678, 4, "ZP-010" },
	{ JUDGED_BP + 0x1c0, 0x34364c45, 4, "ZP-011 ZP-012" }, /* "EL64" and nothing else */
	{ JUDGED_BP + 0x1ec, 4, 1, "ZP-013" },
	{ JUDGED_BP + 0xc4, 1, 4, "P64-015 ZP-006" },
	{ JUDGED_BP + 0x58, 0x30000, 8, "ZP-028" },
};

Test(verdict, each_broken_byte_fails_its_clause)
{
	for (size_t i = 0; i < ARRAY_SIZE(broken_memory); i++) {
		struct judged *j = judged_create();
		char got[512];

		judged_put_int(j, broken_memory[i].gpa, broken_memory[i].value,
			       broken_memory[i].width);
		judged_fails(j, got, sizeof(got));
		cr_expect_str_eq(got, broken_memory[i].fails, "0x%llx: %s, not %s",
				 (unsigned long long)broken_memory[i].gpa, got,
				 broken_memory[i].fails);
		judged_destroy(j);
	}
}

static struct verdict judge_one(struct judged *j, const char *id, struct verdicts *v)
{
	const struct verdict *found;

	cr_assert_eq(judge_point(&j->specs, &j->context, j->state.point, v), 0);
	found = judged_find(v, id);
	cr_assert_not_null(found);
	return *found;
}

Test(verdict, a_fail_shows_the_bit_and_its_register)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };
	struct verdict got;

	j->state.cpu.efer = EFER_LMA;
	got = judge_one(j, "P64-003", &v);
	cr_expect_eq(got.status, VERDICT_FAIL);
	cr_expect_str_eq(got.want, "cr4.pae == 1 && efer.lme == 1 && efer.lma == 1");
	cr_expect_str_eq(got.got, "cr4.pae = 1, efer.lme = 0, cr4 = 0x20, efer = 0x400");
	cr_expect_eq(got.subject, SUBJECT_LOADER);
	cr_expect_eq(got.blame_size, 0, "a register has no place in memory");
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, one_memory_operand_is_to_blame)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };
	struct verdict got;

	judged_put_int(j, JUDGED_BP + 0x1ec, 4, 1);
	got = judge_one(j, "ZP-013", &v);
	cr_expect_eq(got.blame_gpa, JUDGED_BP + 0x1ec);
	cr_expect_eq(got.blame_size, 1);
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, a_quantifier_names_the_element_that_decided)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };
	struct verdict got;

	judged_put_int(j, JUDGED_BP + 0x2d0 + 5 * 20 + 16, 20, 4);
	got = judge_one(j, "ZP-003", &v);
	cr_expect_str_eq(got.got, "e.type = 0x14, e: e820[5]");
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, a_gate_that_does_not_hold_skips_with_its_terms)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };
	struct verdict got = judge_one(j, "ZP-009", &v);

	cr_expect_eq(got.status, VERDICT_SKIP);
	cr_expect_str_eq(got.got, "applies only if bp.acpi_rsdp_addr != 0: bp.acpi_rsdp_addr = 0");
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, known_habits_are_known_until_they_pass)
{
	static const char *const known[] = { "P64-007", "ZP-013", NULL };
	struct judged *j = judged_create();
	struct verdicts v = { 0 };
	struct verdict got;

	j->context.known = known;
	j->state.cpu.rflags |= EFLAGS_IF;
	got = judge_one(j, "P64-007", &v);
	cr_expect_eq(got.status, VERDICT_KNOWN);
	cr_expect_eq(judged_find(&v, "ZP-013")->status, VERDICT_PASS);
	cr_expect(judged_find(&v, "ZP-013")->unexpected_pass);
	cr_expect_not(judged_find(&v, "ZP-001")->unexpected_pass);
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, memory_that_is_not_there_fails_unless_the_capture_left_it_out)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };

	judged_put_int(j, JUDGED_BP + 0x70, 0xa0000, 8);
	cr_expect_eq(judge_one(j, "ZP-009", &v).status, VERDICT_FAIL);
	verdicts_free(&v);
	j->context.partial_memory = true;
	cr_expect_eq(judge_one(j, "ZP-009", &v).status, VERDICT_SKIP);
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, overflow_is_an_error_of_the_judge)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };

	judged_put_int(j, JUDGED_BP + 0x2d0, 0xffffffffffffff00, 8);
	cr_expect_eq(judge_one(j, "ZP-004", &v).status, VERDICT_ERROR);
	verdicts_free(&v);
	judged_destroy(j);
}

Test(verdict, two_points_of_one_state_are_judged_once)
{
	struct judged *j = judged_create();
	struct handover two[2] = { j->state, j->state };
	struct verdicts v = { 0 };

	two[1].point = POINT_COMPRESSED;
	j->context.handovers = two;
	j->context.handover_count = 2;
	cr_assert_eq(judge_point(&j->specs, &j->context, POINT_COMPRESSED, &v), 0);
	cr_expect_null(judged_find(&v, "P64-001"));
	two[1].instructions = 31800;
	cr_assert_eq(judge_point(&j->specs, &j->context, POINT_COMPRESSED, &v), 0);
	cr_assert_not_null(judged_find(&v, "P64-001"));
	cr_expect_eq(judged_find(&v, "P64-001")->subject, SUBJECT_KERNEL,
		     "the setup code made it, not a loader");
	verdicts_free(&v);
	cr_expect_eq(judge_point(&j->specs, &j->context, POINT_KERNEL, &v), -ENOENT);
	judged_destroy(j);
}

Test(verdict, the_file_is_judged_without_a_state)
{
	struct judged *j = judged_create();
	struct verdicts v = { 0 };

	cr_assert_eq(judge_point(&j->specs, &j->context, POINT_IMAGE, &v), 0);
	cr_expect_eq(judged_find(&v, "IMG-001")->status, VERDICT_PASS);
	cr_expect_eq(judged_find(&v, "IMG-001")->subject, SUBJECT_KERNEL);
	verdicts_free(&v);
	j->context.path = NULL;
	cr_assert_eq(judge_point(&j->specs, &j->context, POINT_IMAGE, &v), 0);
	cr_expect_eq(judged_find(&v, "IMG-001")->status, VERDICT_PASS, "nor without a path");
	verdicts_free(&v);
	judged_destroy(j);
}

/* Writes of a recipe go where the state's memory is. */
static int write_state(void *arg, gpa_t gpa, const void *data, size_t len)
{
	return pages_put(((struct handover *)arg)->pages, gpa, data, len);
}

/* Recipes that need more than a hand-made state at the entry. */
static bool needs_more(const struct clause *c)
{
	for (size_t i = 0; i < c->violation.count; i++) {
		if (c->violation.items[i].where != ALTER_ENTRY)
			return true;
	}
	return !(c->points & BIT(POINT_ENTRY)) || (c->paths[0] && strcmp(c->paths[0], "linux64")) ||
	       (c->violation.path && strcmp(c->violation.path, "linux64"));
}

Test(verdict, every_entry_recipe_breaks_its_clause)
{
	struct spec_set specs = { 0 };
	struct diag diag = { 0 };
	unsigned tried = 0;

	cr_assert_eq(spec_set_builtin(&specs, &diag), 0);
	for (size_t i = 0; i < specs.count; i++) {
		const struct clause *c = specs.clauses[i];
		struct judged *j;
		struct alter_target target;
		struct verdicts v = { 0 };

		if (needs_more(c))
			continue;
		tried++;
		j = judged_create();
		target = (struct alter_target){
			.context = &j->context,
			.now = &j->state,
			.cpu = &j->state.cpu,
			.write = write_state,
			.arg = &j->state,
		};
		for (size_t k = 0; k < c->violation.count; k++)
			cr_expect_eq(alteration_apply(&c->violation.items[k], &target, &diag), 0,
				     "%s: %s", c->id, diag.text);
		cr_expect_eq(judge_one(j, c->id, &v).status, VERDICT_FAIL,
			     "%s survives its recipe: %s", c->id, judged_find(&v, c->id)->got);
		verdicts_free(&v);
		judged_destroy(j);
	}
	cr_expect_geq(tried, 30);
	spec_set_free(&specs);
}
