/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State files: what is read, and that what is wrong is told with line and column. */
#include <criterion/criterion.h>

#include "tools/state_file.h"

#define SEGMENT(name) \
	"\"" name     \
	"\": {\"selector\": \"0x18\", \"base\": \"0x0\", \"limit\": \"0xffffffff\", \"attr\": \"0xc09300\"}"
#define SEGMENTS                                                                         \
	"\"segments\": {" SEGMENT("es") "," SEGMENT("cs") "," SEGMENT("ss") "," SEGMENT( \
		"ds") "," SEGMENT("fs") "," SEGMENT("gs") "}"
#define STATE(point, regs, more)                                                         \
	"{\"path\": \"linux64\",\n \"handovers\": [\n  {\"point\": \"" point             \
	"\", \"symbol\": \"startup_64\", \"instructions\": 0,\n   \"registers\": {" regs \
	"},\n   " SEGMENTS more "}]}"

static int parse(struct state_file *s, const char *text, struct diag *diag)
{
	*diag = (struct diag){ 0 };
	*s = (struct state_file){ 0 };
	return state_file_parse(s, "f", (struct bytes){ (const uint8_t *)text, strlen(text) },
				diag);
}

static void expect(const char *text, const char *error)
{
	struct state_file s;
	struct diag diag;

	cr_expect_lt(parse(&s, text, &diag), 0, "%s was accepted", text);
	cr_expect_str_eq(diag.text, error, "\"%s\", not \"%s\"", diag.text, error);
	cr_expect_null(s.handovers);
}

Test(state_file, registers_segments_and_memory)
{
	struct judge_context c;
	struct state_file s;
	struct diag diag;
	uint8_t got[4];

	cr_assert_eq(parse(&s,
			   STATE("entry", "\"rsi\": \"0x10000\", \"cr0\": 2147483665",
				 ", \"memory\": [{\"gpa\": \"0x2000\", \"hex\": \"01a2Ff00\"}]"),
			   &diag),
		     0, "%s", diag.text);
	cr_assert_eq(s.handover_count, 1);
	cr_expect_str_eq(s.path, "linux64");
	cr_expect_str_eq(s.variant, "spec");
	cr_expect_eq(s.handovers[0].cpu.gpr[GPR_RSI], 0x10000);
	cr_expect_eq(s.handovers[0].cpu.cr0, 0x80000011);
	cr_expect_eq(s.handovers[0].cpu.seg[SEG_DS].limit, 0xffffffff);
	cr_assert_eq(pages_read(s.handovers[0].pages, 0x2000, got, 4), 0);
	cr_expect_arr_eq(got, "\x01\xa2\xff\x00", 4);
	cr_expect_neq(pages_read(s.handovers[0].pages, 0x2001, got, 4), 0,
		      "what is not in the file is not there");
	c = state_file_context(&s, NULL);
	cr_expect(c.partial_memory);
	state_file_release(&s);
}

Test(state_file, boot_params_of_our_own_report)
{
	struct state_file s;
	struct diag diag;
	uint8_t bp[BOOT_PARAMS_SIZE];

	cr_assert_eq(
		parse(&s,
		      STATE("kernel", "\"rsi\": \"0x10000\"",
			    ", \"boot_params\": {\"address\": \"0x10000\", \"hdr.boot_flag\": \"0xaa55\", \"e820_entries\": \"0x1\"},"
			    " \"e820\": [{\"addr\": \"0x100000\", \"size\": \"0x1000\", \"type\": 1}]"),
		      &diag),
		0, "%s", diag.text);
	cr_assert_eq(pages_read(s.handovers[0].pages, 0x10000, bp, sizeof(bp)), 0);
	cr_expect_eq(get_le16(bp + 0x1fe), 0xaa55);
	cr_expect_eq(bp[0x1e8], 1);
	cr_expect_eq(get_le64(bp + 0x2d0), 0x100000);
	cr_expect_eq(get_le32(bp + 0x2d0 + 16), 1);
	state_file_release(&s);
}

Test(state_file, what_is_cut_or_no_json_is_refused_with_its_place)
{
	const char *whole = STATE("entry", "\"rsi\": \"0x10000\"", "");
	size_t len = strlen(whole);

	expect("", "f:1:1: not JSON: '[' or '{' expected near end of file");
	expect("{\"a\": 1,}", "f:1:9: not JSON: string or '}' expected near '}'");
	expect("{\"a\": 1, \"a\": 2}", "f:1:12: not JSON: duplicate object key near '\"a\"'");
	for (size_t i = 0; i < len; i++) {
		struct state_file s = { 0 };
		struct diag diag = { 0 };

		cr_expect_lt(state_file_parse(&s, "f", (struct bytes){ (const uint8_t *)whole, i },
					      &diag),
			     0, "%zu", i);
		cr_expect_eq(strncmp(diag.text, "f:", 2), 0);
	}
}

Test(state_file, the_wrong_schema_is_told_where_it_stands)
{
	expect("[]", "f:1:1: expected an object with path and handovers");
	expect("{}", "f:1:1: path: is missing");
	expect("{\"path\": 1}", "f:1:10: path: expected a string");
	expect("{\"path\": \"moon\"}", "f:1:10: path: no such path");
	expect("{\"path\": \"linux64\"}", "f:1:1: handovers: is missing (1 to 16 handovers)");
	expect("{\"path\": \"linux64\",\n \"handovers\": []}",
	       "f:2:15: handovers: expected an array of 1 to 16 handovers");
	expect("{\"path\": \"linux64\",\n \"handovers\": [3]}",
	       "f:2:16: handovers[0]: expected a handover");
	expect("{\"path\": \"linux64\", \"facts\": {\"colour\": 1}, \"handovers\": []}",
	       "f:1:41: facts.colour: no such fact");
	expect(STATE("exit", "", ""),
	       "f:3:13: handovers[0].point: expected \"entry\", \"compressed\" or \"kernel\"");
	expect(STATE("entry", "\"xyz\": 1", ""),
	       "f:4:25: handovers[0].registers.xyz: no such register");
	expect(STATE("entry", "\"rax\": \"12zz\"", ""),
	       "f:4:25: handovers[0].registers.rax: expected a number, or a string \"0x...\"");
	expect(STATE("entry", "\"rax\": -1", ""),
	       "f:4:25: handovers[0].registers.rax: expected a number, or a string \"0x...\"");
	expect(STATE("entry", "\"rax\": 1",
		     ", \"memory\": [{\"gpa\": \"0x1000\", \"hex\": \"0g\"}]"),
	       "f:5:565: handovers[0].memory[0].hex: expected pairs of hex digits");
	expect(STATE("entry", "\"rax\": 1",
		     ", \"memory\": [{\"gpa\": \"0xffffffffffffffff\", \"hex\": \"0011\"}]"),
	       "f:5:548: handovers[0].memory[0].gpa: the bytes pass 2^64");
	expect(STATE("entry", "\"rax\": 1", ", \"boot_params\": {\"address\": 1, \"hue\": 1}"),
	       "f:5:566: handovers[0].boot_params.hue: boot_params has no such field");
}
