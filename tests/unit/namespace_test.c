/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names mean on a state, and what is said when there is nothing to say. */
#include <criterion/criterion.h>

#include "tests/lib/judged.h"

static void expect(const struct judged *j, const char *expr, const char *value)
{
	char got[512];

	judged_eval(j, expr, got, sizeof(got));
	cr_expect_str_eq(got, value, "%s: %s, not %s", expr, got, value);
}

Test(namespace, registers_and_their_bits)
{
	struct judged *j = judged_create();

	j->state.cpu.gpr[GPR_RAX] = 0x1122334455667788;
	j->state.cpu.seg[SEG_DS].base = 0x1230;
	expect(j, "rax", "0x1122334455667788");
	expect(j, "eax", "0x55667788");
	expect(j, "cr0.pg", "1");
	expect(j, "cr0.ts", "0");
	expect(j, "efer.lma", "1");
	expect(j, "rflags.if", "0");
	expect(j, "cs", "0x10");
	expect(j, "cs.l", "1");
	expect(j, "cs.db", "0");
	expect(j, "ds.db", "1");
	expect(j, "ds.base", "0x1230");
	expect(j, "cs.limit", "0xffffffff");
	expect(j, "gdtr.limit", "0x1f");
	expect(j, "mode", "\"long64\"");
	expect(j, "cpl", "0");
	expect(j, "pc", "0x1000200");
	judged_destroy(j);
}

Test(namespace, boot_params_and_the_file_are_two_things)
{
	struct judged *j = judged_create();

	expect(j, "hdr.boot_flag", "0xaa55");
	expect(j, "bp.hdr.boot_flag", "0xaa55");
	judged_put_int(j, JUDGED_BP + 0x1fe, 0, 2);
	expect(j, "hdr.boot_flag", "0xaa55");
	expect(j, "bp.hdr.boot_flag", "0");
	expect(j, "bp", "0x10000");
	expect(j, "bp.e820_entries", "6");
	expect(j, "bp.hdr.xloadflags.kernel_64", "1");
	expect(j, "entry.bp.e820_entries", "6");
	judged_destroy(j);
}

Test(namespace, sets_come_from_boot_params)
{
	struct judged *j = judged_create();

	expect(j, "ram", "{0x0..0x9fbff, 0x100000..0x1ffdffff}");
	expect(j, "cmdline", "{0x20000..0x20015}");
	expect(j, "initrd", "nothing");
	expect(j, "boot_params", "{0x10000..0x10fff}");
	expect(j, "range(0xf000, 0x4000) - boot_params", "{0xf000..0xffff, 0x11000..0x12fff}");
	expect(j, "boot_params - range(0, 0x20000)", "nothing");
	expect(j, "cmdline - boot_params - range(0x20000, 1)", "{0x20001..0x20015}");
	expect(j, "gdt", "{0x1000..0x101f}");
	expect(j, "page_tables", "{0x2000..0x4fff}");
	judged_put_int(j, JUDGED_BP + 0x218, 0x1f000000, 4);
	judged_put_int(j, JUDGED_BP + 0x21c, 0x2000, 4);
	expect(j, "initrd", "{0x1f000000..0x1f001fff}");
	/* zero-page.rst: the upper halves are at 0xc0 and 0xc4. */
	judged_put_int(j, JUDGED_BP + 0xc0, 1, 4);
	expect(j, "initrd_address", "0x11f000000");
	judged_destroy(j);
}

Test(namespace, ram_is_what_no_other_entry_claims)
{
	struct judged *j = judged_create();

	judged_put_int(j, JUDGED_BP + 0x2d0 + 20, 0x80000, 8);
	judged_put_int(j, JUDGED_BP + 0x2d0 + 20 + 8, 0x1000, 8);
	expect(j, "ram", "{0x0..0x7ffff, 0x81000..0x9fbff, 0x100000..0x1ffdffff}");
	judged_destroy(j);
}

Test(namespace, functions_read_memory_tables_and_descriptors)
{
	struct judged *j = judged_create();

	judged_put(j, 0x30000, "RSD PTR \0hello", 15);
	expect(j, "u8(0x30000)", "0x52");
	expect(j, "u64(0x30000) == chars(\"RSD PTR \")", "true");
	expect(j, "cstring_len(0x30000, 100)", "8");
	expect(j, "cstring_len(0x30000, 5)", "5");
	judged_put(j, 0x30200, "auto BOOT_IMAGE=x automatic ro", 31);
	expect(j, "cstring_word(0x30200, 100, \"auto\")", "0");
	expect(j, "cstring_word(0x30200, 100, \"BOOT_IMAGE=\")", "5");
	expect(j, "cstring_word(0x30200, 100, \"BOOT_IMAGE\")", "0x64");
	expect(j, "cstring_word(0x30200, 100, \"automat\")", "0x64");
	expect(j, "cstring_word(0x30200, 100, \"automatic\")", "0x12");
	expect(j, "cstring_word(0x30200, 100, \"ro\")", "0x1c");
	expect(j, "cstring_word(0x30200, 29, \"ro\")", "0x1d");
	/* 'h' + 'e' + 'l' + 'l' + 'o' = 532 = 2 * 256 + 20 */
	expect(j, "checksum8(0x30009, 5)", "0x14");
	/* The check value of CRC-32 in IEEE 802.3 is that of "123456789". */
	judged_put(j, 0x30100, "123456789", 9);
	expect(j, "crc32(0x30100, 9)", "0xcbf43926");
	expect(j, "bytes_zero(0x30009, 5)", "false");
	expect(j, "bytes_zero(0x31000, 0x1000)", "true");
	expect(j, "gdt_limit(0x10)", "0xffffffff");
	expect(j, "gdt_attr(0x18)", "0xc09300");
	expect(j, "gdt_base(0x18)", "0");
	expect(j, "identity_mapped(0, 1G)", "true");
	expect(j, "identity_mapped(0, 1G + 1)", "false");
	expect(j, "mapped_writable(0x1000000, 0x400000)", "true");
	expect(j, "cmdline_has(\"nokaslr\")", "true");
	expect(j, "cmdline_has(\"kaslr\")", "false");
	judged_put_int(j, JUDGED_TABLES + 0x2000 + 8 * 8, 0x1000000 | 0x81, 8);
	expect(j, "mapped_writable(0x1000000, 0x400000)", "false");
	expect(j, "identity_mapped(0x1000000, 0x400000)", "true");
	judged_destroy(j);
}

Test(namespace, a_list_with_a_loop_says_so)
{
	struct judged *j = judged_create();

	judged_put_int(j, JUDGED_BP + 0x250, 0x40000, 8);
	judged_put_int(j, 0x40000, 0x41000, 8);
	judged_put_int(j, 0x4000c, 0x20, 4);
	expect(j, "setup_data_fault", "\"\"");
	expect(j, "setup_data", "{0x40000..0x4002f, 0x41000..0x4100f}");
	judged_put_int(j, 0x41000, 0x40000, 8);
	expect(j, "setup_data_fault", "\"a node is reached twice\"");
	judged_put_int(j, 0x41000, 0xa0000, 8);
	expect(j, "setup_data_fault", "\"a node lies where no memory is\"");
	judged_destroy(j);
}

Test(namespace, what_is_not_there_skips_with_the_reason)
{
	struct judged *j = judged_create();

	expect(j, "u8(0xa0000)", "UNREADABLE: there is no memory at 0xa0000..0xa0000");
	expect(j, "u64(0x9fffc)", "UNREADABLE: there is no memory at 0x9fffc..0xa0003");
	expect(j, "u64(0xfffffffffffffffc)",
	       "UNREADABLE: there is no memory at 0xfffffffffffffffc..0x3");
	expect(j, "gdt_base(0x20)",
	       "UNREADABLE: the GDT ends before selector 0x20: its limit is 0x1f");
	expect(j, "boot_params_address", "SKIP: boot_params_address is not known here");
	expect(j, "payload.entry", "SKIP: the image holds no ELF kernel");
	expect(j, "events(\"port-in\")", "SKIP: this state has no event stream");
	j->context.partial_memory = true;
	expect(j, "u8(0xa0000)", "SKIP: the state does not hold the memory at 0xa0000");
	expect(j, "identity_mapped(0, 1G)", "true");
	j->context.path = "pvh";
	expect(j, "bp", "SKIP: the path pvh has no boot_params at its entry");
	j->context.image = NULL;
	expect(j, "hdr.version", "SKIP: no image was given");
	judged_destroy(j);
}

/* NMI off, protected mode, the NMI on again, startup_64: a stream as a path through the setup code has it. */
static const struct event stream[] = {
	{ .kind = EVENT_HANDOVER, .arg = { POINT_ENTRY } },
	{ .count = 10, .kind = EVENT_PORT_OUT, .arg = { 0x70, 0x80, 1 } },
	{ .count = 20, .kind = EVENT_CR_WRITE, .arg = { 0, 1, 0x9000 } },
	{ .count = 30, .kind = EVENT_HANDOVER, .arg = { POINT_COMPRESSED } },
	{ .count = 40, .kind = EVENT_PORT_OUT, .status = EVENT_ABSENT, .arg = { 0x70, 0, 1 } },
	{ .count = 50, .kind = EVENT_HANDOVER, .arg = { POINT_KERNEL } },
	{ .count = 60, .kind = EVENT_PORT_OUT, .arg = { 0x80, 0, 1 } },
};

static struct judged *judged_with_events(enum point point)
{
	struct judged *j = judged_create();

	j->context.events = stream;
	j->context.event_count = ARRAY_SIZE(stream);
	j->context.event_total = ARRAY_SIZE(stream);
	j->state.point = point;
	return j;
}

Test(namespace, events_are_lists_that_end_at_the_point)
{
	struct judged *j = judged_with_events(POINT_ENTRY);

	expect(j, "events(\"port-out\")", "0");
	expect(j, "any e in port_out: e.port == 0x70", "false");
	j->state.point = POINT_COMPRESSED;
	expect(j, "events(\"port-out\")", "1");
	expect(j, "all e in port_out: e.port == 0x70 && e.value == 0x80 && e.size == 1", "true");
	expect(j, "all e in port_out: e.index == 0 && e.order == 1 && e.count == 10", "true");
	expect(j, "any e in port_out: e.status == 1", "false");
	expect(j, "all m in cr_write: any p in port_out: p.order < m.order", "true");
	j->state.point = POINT_KERNEL;
	expect(j, "events(\"port-out\")", "2");
	expect(j, "any e in port_out: e.index == 1 && e.status == 1 && e.count == 40", "true");
	expect(j, "any e in port_out: e.port == 0x80", "false");
	expect(j, "events(\"exception\")", "0");
	judged_destroy(j);
}

Test(namespace, a_stream_that_is_missing_or_cut_off_is_no_answer)
{
	struct judged *j = judged_create();

	expect(j, "events(\"port-out\")", "SKIP: this state has no event stream");
	expect(j, "all e in port_out: e.port == 0", "SKIP: this state has no event stream");
	judged_destroy(j);
	j = judged_with_events(POINT_KERNEL);
	j->context.event_count = 5;
	expect(j, "any e in port_out: e.port == 0x70",
	       "SKIP: only the first 5 of 7 events were kept, and the point kernel came later");
	j->state.point = POINT_COMPRESSED;
	expect(j, "events(\"port-out\")", "1");
	j->state.point = POINT_KERNEL;
	j->context.event_total = 5;
	expect(j, "events(\"port-out\")",
	       "SKIP: the event stream does not come by the point kernel");
	judged_destroy(j);
}

/* A rule could not tell a row's own number from one that all lists have. */
Test(namespace, events_have_fields_of_their_own_name)
{
	static const char *const common[] = { "index", "count", "order", "status" };

	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++) {
		for (unsigned i = 0; i < 3; i++) {
			for (unsigned c = 0; c < ARRAY_SIZE(common); c++)
				cr_expect_str_neq(event_infos[k].arg[i], common[c], "%s",
						  event_infos[k].name);
		}
	}
}

Test(namespace, memory_is_compared_with_another_point_and_searched)
{
	struct judged *then = judged_create(), *j = judged_create();
	struct handover both[] = { then->state, j->state };

	both[1].point = j->state.point = POINT_KERNEL;
	j->context.handovers = both;
	j->context.handover_count = 2;
	expect(j, "unchanged(\"entry\", range(0, 0xa0000) | range(0x100000, 0x100000))", "true");
	expect(j, "unchanged(\"entry\", range(0x2000, 0))", "true");
	judged_put_int(j, 0x30fff, 0x1234, 2);
	expect(j, "unchanged(\"entry\", range(0x30000, 0xfff))", "true");
	expect(j, "unchanged(\"entry\", range(0x30000, 0x1000))", "false");
	expect(j, "unchanged(\"entry\", range(0x31000, 1))", "false");
	expect(j, "unchanged(\"entry\", range(0x31001, 0x1000))", "true");
	expect(j, "unchanged(\"entry\", range(0xa0000, 1))",
	       "UNREADABLE: there is no memory at 0xa0000..0xa0000");
	judged_put(j, 0x40ffe, "needle", 6);
	judged_put(j, 0x50000, "needle", 6);
	expect(j, "holds_copy(range(0x40000, 0x1004), 0x50000, 6)", "true");
	expect(j, "holds_copy(range(0x40000, 0x1003), 0x50000, 6)", "false");
	expect(j, "holds_copy(range(0x40fff, 0xf000), 0x50000, 6)", "false");
	expect(j, "holds_copy(range(0x1000, 4) | range(0x50000, 6), 0x50000, 6)", "true");
	judged_destroy(then);
	judged_destroy(j);
}

static void count(void *arg, const char *kind, const char *name, const char *doc)
{
	unsigned *n = arg;

	(*n)++;
	cr_expect(*kind && *name && *doc, "%s %s has no words to explain it", kind, name);
}

Test(namespace, every_name_is_explained)
{
	unsigned n = 0;

	namespace_list(count, &n);
	cr_expect_gt(n, 250);
}
