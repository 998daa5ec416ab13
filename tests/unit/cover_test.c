/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coverage put together from instructions by hand, and lists of forbidden code, sound and broken. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tools/cover_forbid.h"

static void names_make(struct image_symbols *s)
{
	struct symbols_builder b;

	*s = (struct image_symbols){ 0 };
	symbols_begin(&b, &s->stage[STAGE_COMPRESSED], STAGE_COMPRESSED, 0, 0x1000);
	symbols_add(&b, 0x0, 't', "startup_32", 10, SYMBOL_FROM_HEADER);
	symbols_add(&b, 0x200, 't', "startup_64", 10, SYMBOL_FROM_HEADER);
	cr_assert(eq(int, symbols_finish(&b), 0));
	symbols_begin(&b, &s->stage[STAGE_KERNEL], STAGE_KERNEL, 0x8000, 0x9000);
	symbols_add(&b, 0x8000, 'T', "startup_64", 10, SYMBOL_FROM_KALLSYMS);
	symbols_add(&b, 0x8100, 't', "helper", 6, SYMBOL_FROM_KALLSYMS);
	symbols_add(&b, 0x8200, 't', "helper", 6, SYMBOL_FROM_KALLSYMS);
	cr_assert(eq(int, symbols_finish(&b), 0));
}

static void ran(struct cover *c, uint64_t paths, uint64_t address, uint8_t len, bool leader,
		bool last)
{
	struct cover_insn insn = { .address = address,
				   .paths = paths,
				   .len = len,
				   .bits = 64,
				   .leader = leader,
				   .last = last };

	cr_assert(cover_insns_add(&c->stage[STAGE_COMPRESSED], &insn));
}

static void expect_block(const struct cover *c, size_t i, uint64_t address, uint64_t size,
			 uint64_t paths)
{
	cr_assert(lt(sz, i, c->block_count));
	cr_expect(eq(u64, c->blocks[i].address, address));
	cr_expect(eq(u64, c->blocks[i].size, size));
	cr_expect(eq(u64, c->blocks[i].paths, paths));
}

/* Path 0 runs 200..207 from its start, path 1 jumps to 204: two blocks, the second of both. */
Test(cover, a_jump_into_the_middle_cuts_the_block_at_that_instruction)
{
	struct image_symbols names;
	struct cover c = { 0 };

	names_make(&names);
	cr_assert(eq(int, cover_begin(&c, NULL, &names), 0));
	ran(&c, 1, 0x200, 2, true, false);
	ran(&c, 1, 0x202, 2, false, false);
	ran(&c, 1, 0x204, 4, false, true);
	ran(&c, 2, 0x204, 4, true, true);
	cr_assert(eq(int, cover_sum_up(&c), 0));
	cr_assert(eq(sz, c.block_count, 2));
	expect_block(&c, 0, 0x200, 4, 1);
	expect_block(&c, 1, 0x204, 4, 3);
	cr_assert(eq(sz, c.function_count, 1));
	cr_expect(eq(u64, c.functions[0].paths, 3));
	cr_expect(eq(u64, c.functions[0].bytes, 8));
	cover_release(&c);
	image_symbols_release(&names);
}

Test(cover, what_something_jumps_to_begins_a_block)
{
	struct image_symbols names;
	struct cover c = { 0 };

	names_make(&names);
	cr_assert(eq(int, cover_begin(&c, NULL, &names), 0));
	ran(&c, 1, 0x200, 2, true, false);
	ran(&c, 1, 0x202, 2, true, false);
	ran(&c, 1, 0x204, 2, false, true);
	cr_assert(eq(int, cover_sum_up(&c), 0));
	cr_assert(eq(sz, c.block_count, 2));
	expect_block(&c, 0, 0x200, 2, 1);
	expect_block(&c, 1, 0x202, 4, 1);
	cover_release(&c);
	image_symbols_release(&names);
}

/* The same bytes read from another start: 300 of five bytes, and 302, inside it, of three. */
Test(cover, instructions_that_overlap_are_blocks_of_their_own)
{
	struct image_symbols names;
	struct cover c = { 0 };

	names_make(&names);
	cr_assert(eq(int, cover_begin(&c, NULL, &names), 0));
	ran(&c, 1, 0x300, 5, true, false);
	ran(&c, 1, 0x302, 3, true, false);
	ran(&c, 1, 0x305, 1, false, true);
	cr_assert(eq(int, cover_sum_up(&c), 0));
	cr_assert(eq(sz, c.block_count, 2));
	expect_block(&c, 0, 0x300, 5, 1);
	expect_block(&c, 1, 0x302, 4, 1);
	cover_release(&c);
	image_symbols_release(&names);
}

Test(cover, a_function_begins_a_block_and_what_ran_nowhere_is_listed)
{
	struct cover_never at = { 0 };
	struct image_symbols names;
	const struct symbol *s;
	enum code_stage stage;
	struct cover c = { 0 };
	unsigned n = 0;

	names_make(&names);
	cr_assert(eq(int, cover_begin(&c, NULL, &names), 0));
	ran(&c, 1, 0x1fe, 2, true, false);
	ran(&c, 1, 0x200, 2, false, true);
	cr_assert(eq(int, cover_sum_up(&c), 0));
	cr_expect(eq(sz, c.block_count, 2));
	cr_expect(eq(sz, c.function_count, 2));
	while ((s = cover_next_never(&c, &at, &stage))) {
		cr_expect(eq(int, stage, STAGE_KERNEL));
		n++;
	}
	cr_expect(eq(u32, n, 3)); /* startup_64 and both helpers of the kernel proper */
	cover_release(&c);
	image_symbols_release(&names);
}

static int parse(struct forbid_list *list, const char *text, struct diag *diag)
{
	struct image_symbols names;
	int err;

	names_make(&names);
	*diag = (struct diag){ 0 };
	err = forbid_parse(list, "rules", (struct bytes){ (const uint8_t *)text, strlen(text) },
			   &names, diag);
	image_symbols_release(&names);
	return err;
}

Test(forbid, a_name_means_every_function_that_bears_it)
{
	struct forbid_list list;
	struct diag diag;

	cr_assert(eq(int,
		     parse(&list,
			   "# all\n\n  startup_64\t* one reason \nhelper linux64,pvh two\n"
			   "kernel/startup_64 pvh three\ncompressed/0x10-0x1f bios four\n",
			   &diag),
		     0),
		  "%s", diag.text);
	cr_assert(eq(sz, list.count, 4));
	cr_expect(eq(sz, list.rules[0].range_count, 2)); /* in two stages */
	cr_expect(eq(u32, list.rules[0].line, 3));
	cr_expect(eq(sz, list.rules[1].range_count, 2)); /* twice in one */
	cr_expect(eq(u64, list.rules[1].ranges[0].start, 0x8100));
	cr_expect(eq(u64, list.rules[1].ranges[0].last, 0x81ff));
	cr_expect(eq(sz, list.rules[2].range_count, 1));
	cr_expect(eq(int, list.rules[2].ranges[0].stage, STAGE_KERNEL));
	cr_expect(eq(u64, list.rules[3].ranges[0].last, 0x1f));
	cr_expect(eq(str, list.rules[1].reason, (char *)(uintptr_t) "two"));
	forbid_release(&list);
}

Test(forbid, what_would_forbid_nothing_is_a_mistake)
{
	static const char *const broken[] = {
		"nosuch * r\n",       "startup_64 linux65 r\n", "startup_64 *\n",
		"startup_64\n",       "0x1-0x2 * r\n",          "setup/startup_64 * r\n",
		"disk/0x1-0x2 * r\n", "startup_64 pvh, r\n",
	};
	struct forbid_list list;
	struct diag diag;

	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		cr_expect(eq(int, parse(&list, broken[i], &diag), -22), "%s", broken[i]);
		cr_expect(eq(int, strncmp(diag.text, "rules:1: ", 9), 0), "%s", diag.text);
	}
}
