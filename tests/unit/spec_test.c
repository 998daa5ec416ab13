/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule files: what is read, and that every kind of error names its line and column. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "specs/spec.h"

#define HEAD "title: t\nclauses:\n"
#define CLAUSE(id, rest) \
	"  - id: " id    \
	"\n    level: error\n    point: entry\n    cite: c\n    text: t\n    subject: loader\n" rest
#define RULE   "    require: rax == 1\n"
#define RECIPE "    violate:\n      - entry: rax = 0\n"

/* What is wrong with @text, in @diag's words; "" when it was added. */
static const char *add(struct spec_set *set, struct diag *diag, const char *text)
{
	*diag = (struct diag){ 0 };
	if (spec_set_add(set, "f", (struct bytes){ (const uint8_t *)text, strlen(text) }, diag))
		return diag->text;
	return "";
}

static void expect(const char *text, const char *error)
{
	struct spec_set set = { 0 };
	struct diag diag;
	const char *got = add(&set, &diag, text);

	cr_expect_str_eq(got, error, "got \"%s\", not \"%s\"", got, error);
	cr_expect(!*error || set.count == 0, "nothing is added on an error");
	spec_set_free(&set);
}

Test(spec, the_built_in_rules_are_clean)
{
	struct spec_set set = { 0 };
	struct diag diag = { 0 };

	cr_assert_eq(spec_set_builtin(&set, &diag), 0, "%s", diag.text);
	cr_expect_gt(set.count, 100);
	for (size_t i = 0; i < set.count; i++)
		cr_expect_gt(set.clauses[i]->violation.count, 0, "%s has no recipe",
			     set.clauses[i]->id);
	spec_set_free(&set);
}

Test(spec, a_clause_is_read)
{
	struct spec_set set = { 0 };
	const struct clause *c;
	struct diag diag;

	cr_assert_str_eq(
		add(&set, &diag,
		    HEAD CLAUSE("A-1",
				"    paths: [linux32, pvh]\n    gate: rbx == 0\n" RULE RECIPE)),
		"");
	c = spec_find(&set, "A-1");
	cr_assert_not_null(c);
	cr_expect_eq(c->level, LEVEL_ERROR);
	cr_expect_eq(c->points, BIT(POINT_ENTRY));
	cr_expect_str_eq(c->paths[1], "pvh");
	cr_expect_null(c->paths[2]);
	cr_expect_str_eq(c->want, "rax == 1");
	cr_expect_str_eq(c->gate_text, "rbx == 0");
	cr_expect_eq(c->violation.items[0].where, ALTER_ENTRY);
	cr_expect_null(spec_find(&set, "A-2"));
	spec_set_free(&set);
}

Test(spec, bad_yaml)
{
	expect("", "f:1:1: the file is empty");
	expect("a: [1", "f:2:1: not YAML: did not find expected ',' or ']'");
	expect("a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context");
	expect("title: t\n\tclauses: []",
	       "f:2:1: byte 0x09: a rule file is printable ASCII without tabs");
	expect("title: \xc3\xa9", "f:1:8: byte 0xc3: a rule file is printable ASCII without tabs");
	expect("a: &x 1", "f:1:4: anchors and tags have no use in a rule file");
	expect("a: *x", "f:1:4: aliases have no use in a rule file");
	expect("a: 1\n---\nb: 2", "f:3:1: second documents have no use in a rule file");
	expect("a: 1\na: 2", "f:2:1: duplicate key \"a\"");
	expect("[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "f:1:18: nested deeper than 16 levels");
}

Test(spec, wrong_shape)
{
	expect("- 1", "f:1:1: expected title, define and clauses");
	expect("title: t\ncolour: red\nclauses: []", "f:2:1: unknown key \"colour\"");
	expect("clauses: []", "f:1:1: missing field \"title\"");
	expect("title: t", "f:1:1: missing field \"clauses\"");
	expect("title: t\nclauses: 1", "f:2:10: clauses: expected a list");
	expect("title: t\nclauses:\n  - 1", "f:3:5: expected a clause");
	expect(HEAD CLAUSE("A-1", RULE RECIPE "    hue: red\n"), "f:12:5: unknown key \"hue\"");
	expect(HEAD CLAUSE("A-1", RECIPE), "f:3:5: missing field \"require\"");
	expect(HEAD CLAUSE("A-1", RULE), "f:3:5: missing field \"violate\"");
	expect(HEAD CLAUSE("a b", RULE RECIPE),
	       "f:3:9: id: expected capital letters, digits and '-'");
	expect(HEAD CLAUSE("A-1", RULE RECIPE "    paths: [linux128]\n"),
	       "f:12:13: \"linux128\" is none of bios, linux32, linux64, efi, efi32, efi-handover, pvh, xen-pv");
	expect(HEAD CLAUSE("A-1", RULE RECIPE "    paths: []\n"),
	       "f:12:12: paths: the list is empty");
	expect("title: t\nclauses:\n  - id: A-1\n    level: grave\n    point: entry\n    cite: c\n    text: t\n"
	       "    subject: loader\n" RULE RECIPE,
	       "f:4:12: \"grave\" is none of error, warn, info");
	expect("title: t\nclauses:\n  - id: A-1\n    level: error\n    point: [entry, exit]\n    cite: c\n    text: t\n"
	       "    subject: loader\n" RULE RECIPE,
	       "f:5:20: \"exit\" is none of image, entry, compressed, kernel, return");
}

Test(spec, an_id_is_given_once)
{
	struct spec_set set = { 0 };
	struct diag diag;

	cr_assert_str_eq(add(&set, &diag, HEAD CLAUSE("A-1", RULE RECIPE)), "");
	cr_expect_str_eq(add(&set, &diag,
			     HEAD CLAUSE("B-1", RULE RECIPE) CLAUSE("A-1", RULE RECIPE)),
			 "f:12:9: duplicate id \"A-1\": see f:3:5");
	cr_expect_eq(set.count, 1);
	spec_set_free(&set);
}

Test(spec, errors_inside_expressions_have_their_own_place)
{
	expect(HEAD CLAUSE("A-1", "    require: rax == nosuch\n" RECIPE),
	       "f:9:21: unknown name \"nosuch\"");
	expect(HEAD CLAUSE("A-1", "    require: \"rax == nosuch\"\n" RECIPE),
	       "f:9:22: unknown name \"nosuch\"");
	expect(HEAD CLAUSE("A-1", "    require: rax == 1 &&\n      rbx == nosuch\n" RECIPE),
	       "f:10:14: unknown name \"nosuch\"");
	expect(HEAD CLAUSE("A-1",
			   "    require: |\n      rax == 1 &&\n        rbx == nosuch\n" RECIPE),
	       "f:11:16: unknown name \"nosuch\"");
	expect(HEAD CLAUSE("A-1", "    require: >-\n      rax == nosuch\n" RECIPE),
	       "f:10:14: unknown name \"nosuch\"");
	expect(HEAD CLAUSE("A-1", "    require: rax\n" RECIPE),
	       "f:9:14: type clash: expected boolean, this is integer");
	expect(HEAD CLAUSE("A-1", "    require: rax == \"a\"\n" RECIPE),
	       "f:9:21: type clash: integer on the left, string here");
	expect(HEAD CLAUSE("A-1", RULE "    gate: kernel.rax == 1\n" RECIPE),
	       "f:10:11: \"kernel.rax\" is later than the point entry, where this is judged");
}

Test(spec, a_rule_that_never_changes_is_refused)
{
	expect(HEAD CLAUSE("A-1", RULE "    gate: 1 == 2\n" RECIPE),
	       "f:10:11: gate: always the same, whatever the state");
	expect(HEAD CLAUSE("A-1", "    require: true\n" RECIPE),
	       "f:9:14: require: always the same, whatever the state");
}

Test(spec, a_rule_about_the_file_cannot_ask_for_a_state)
{
	expect("title: t\nclauses:\n  - id: A-1\n    level: error\n    point: [image, entry]\n    cite: c\n    text: t\n"
	       "    subject: loader\n" RULE RECIPE,
	       "f:9:14: \"rax\" needs a state, and the point image has none");
}

#define DEFINE(text) "title: t\ndefine:\n" text "clauses:\n"

Test(spec, definitions_stand_for_their_expressions)
{
	expect(DEFINE("  a: b + 1\n  b: rax\n") CLAUSE("A-1", "    require: a == 2\n" RECIPE), "");
	expect(DEFINE("  a: b + 1\n  b: a\n") CLAUSE("A-1", RULE RECIPE),
	       "f:4:6: cycle: the definition \"a\" needs itself");
	expect(DEFINE("  a: a\n") CLAUSE("A-1", RULE RECIPE),
	       "f:3:6: cycle: the definition \"a\" needs itself");
	expect(DEFINE("  rax: 1\n") CLAUSE("A-1", RULE RECIPE),
	       "f:3:3: \"rax\" has a meaning already");
	expect(DEFINE("  a: nosuch\n") CLAUSE("A-1", RULE RECIPE),
	       "f:3:6: unknown name \"nosuch\"");
	expect(DEFINE("  a: rax\n") "  - id: A-1\n    level: error\n    point: image\n    cite: c\n    text: t\n"
				    "    subject: kernel\n    require: a == 1\n    violate:\n      - image: hdr.boot_flag = 0\n",
	       "f:3:6: \"rax\" needs a state, and the point image has none");
}

Test(spec, recipes_name_what_can_be_altered)
{
	expect(HEAD CLAUSE("A-1", RULE "    violate: []\n"),
	       "f:10:14: violate: expected a list of alterations");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - moon: rax = 0\n"),
	       "f:11:9: unknown key \"moon\": image, entry, guest, state or on");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - image: rax = 0\n"),
	       "f:11:16: \"rax\" needs a state, and the point image has none");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - entry: hdr.boot_flag = 0\n"),
	       "f:11:16: this cannot be altered by \"entry\"");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - entry: pc = 0\n"),
	       "f:11:16: this cannot be altered by \"entry\"");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - entry: rax\n"),
	       "f:11:19: expected '='");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - guest: startup_64 f4\n"),
	       "f:11:16: expected \"SYMBOL+OFFSET = BYTES\"");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - guest: startup_64+0x10 = f4 zz\n"),
	       "f:11:16: expected up to 64 bytes of two hex digits");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - guest: startup_64+0x10 = f4 eb fd\n"),
	       "");
	expect(HEAD CLAUSE("A-1", RULE "    violate:\n      - on: linux64\n"),
	       "f:11:7: violate: nothing is altered");
}
