/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU state: reset and start states, modes, and registers by name. */
#include <criterion/criterion.h>

#include "emu/base/event.h"
#include "emu/base/state.h"

static uint64_t get(const struct cpu_state *s, const char *name)
{
	uint64_t v = 0;

	cr_assert(cpu_state_get(s, name, &v), "no register %s", name);
	return v;
}

Test(state, reset_is_sdm_3a_table_9_1)
{
	struct cpu_state s;

	cpu_state_reset(&s);
	cr_assert_eq(s.cr0, 0x60000010);
	cr_assert_eq(s.rflags, 2);
	cr_assert_eq(s.dr6, 0xffff0ff0);
	cr_assert_eq(s.dr7, 0x400);
	cr_assert_eq(s.fcw, 0x40, "0x37f only after FNINIT");
	cr_assert_eq(s.mxcsr, 0x1f80);
	cr_assert_eq(s.gdtr.limit, 0xffff);
	cr_assert_eq(s.idtr.limit, 0xffff);
	cr_assert_eq(s.seg[SEG_LDTR].attr, 0x8200);
	cr_assert_eq(s.seg[SEG_TR].attr, 0x8b00);
	cr_assert_eq(s.seg[SEG_TR].limit, 0xffff);
	cr_assert_eq(s.seg[SEG_DS].limit, 0xffff);
	cr_assert_eq(s.cr2 | s.cr3 | s.cr4 | s.efer, 0);
	cr_assert_str_eq(cpu_mode_name(&s), "real");
}

Test(state, real_mode_start)
{
	struct cpu_state s;

	cpu_state_real(&s, 0x1020, 0x10, 0x1000, 0xfff0);
	cr_assert_eq(s.cr0, 0x10);
	cr_assert_eq(s.seg[SEG_CS].base, 0x10200);
	cr_assert_eq(s.seg[SEG_ES].base, 0x10000);
	cr_assert_eq(s.seg[SEG_GS].selector, 0x1000);
	cr_assert_eq(s.seg[SEG_SS].limit, 0xffff);
	cr_assert_eq(s.gpr[GPR_RSP], 0xfff0);
	cr_assert_eq(cpu_pc(&s), 0x10210);
	cr_assert_eq(cpu_code_bits(&s), 16);
	cr_assert_eq(cpu_cpl(&s), 0);
}

Test(state, flat32_start)
{
	struct cpu_state s;

	cpu_state_flat32(&s, 0x10, 0x18);
	cr_assert_eq(s.cr0, 0x11);
	cr_assert_eq(get(&s, "cs"), 0x10);
	for (unsigned i = SEG_ES; i <= SEG_GS; i++) {
		cr_assert_eq(s.seg[i].base, 0);
		cr_assert_eq(s.seg[i].limit, 0xffffffff);
		cr_assert_eq(s.seg[i].attr & (DESC_P | DESC_S | DESC_G | DESC_DB | DESC_ACCESSED),
			     DESC_P | DESC_S | DESC_G | DESC_DB | DESC_ACCESSED);
	}
	cr_assert_eq(s.rflags & EFLAGS_IF, 0);
	cr_assert_str_eq(cpu_mode_name(&s), "protected32");
	cr_assert_eq(cpu_code_bits(&s), 32);
}

Test(state, long64_start)
{
	struct cpu_state s;

	cpu_state_long64(&s, 0x10, 0x18, 0x9000);
	cr_assert_eq(s.cr0, 0x80000011);
	cr_assert_eq(s.cr3, 0x9000);
	cr_assert_eq(s.cr4, 0x20);
	cr_assert_eq(s.efer, 0x500);
	cr_assert_eq(s.seg[SEG_CS].attr & (DESC_L | DESC_DB), DESC_L,
		     "L and D together are illegal");
	cr_assert_str_eq(cpu_mode_name(&s), "long64");
	s.rip = 0xffffffff81000000;
	cr_assert_eq(cpu_pc(&s), 0xffffffff81000000);
	s.seg[SEG_CS].attr = SEG_ATTR_CODE32;
	cr_assert_str_eq(cpu_mode_name(&s), "compat");
	cr_assert_eq(cpu_pc(&s), 0x81000000);
	cr_assert_eq(cpu_code_bits(&s), 32);
}

Test(state, sixteen_bit_and_vm86_modes)
{
	struct cpu_state s;

	cpu_state_flat32(&s, 0x10, 0x18);
	s.seg[SEG_CS].attr &= ~DESC_DB;
	cr_assert_str_eq(cpu_mode_name(&s), "protected16");
	s.seg[SEG_SS].attr |= 3 << DESC_DPL_SHIFT;
	cr_assert_eq(cpu_cpl(&s), 3);
	s.rflags |= EFLAGS_VM;
	cr_assert_str_eq(cpu_mode_name(&s), "vm86");
	cr_assert_eq(cpu_code_bits(&s), 16);
}

Test(state, parts_of_registers_by_name)
{
	struct cpu_state s = { .rip = 0x1122334455667788, .rflags = 0x246 };

	s.gpr[GPR_RAX] = 0x0102030405060708;
	s.gpr[GPR_RSI] = 0x1112131415161718;
	s.gpr[GPR_R11] = 0x2122232425262728;
	cr_assert_eq(get(&s, "rax"), 0x0102030405060708);
	cr_assert_eq(get(&s, "eax"), 0x05060708);
	cr_assert_eq(get(&s, "ax"), 0x0708);
	cr_assert_eq(get(&s, "al"), 0x08);
	cr_assert_eq(get(&s, "ah"), 0x07);
	cr_assert_eq(get(&s, "esi"), 0x15161718);
	cr_assert_eq(get(&s, "si"), 0x1718);
	cr_assert_eq(get(&s, "sil"), 0x18);
	cr_assert_eq(get(&s, "r11d"), 0x25262728);
	cr_assert_eq(get(&s, "r11w"), 0x2728);
	cr_assert_eq(get(&s, "r11b"), 0x28);
	cr_assert_eq(get(&s, "eip"), 0x55667788);
	cr_assert_eq(get(&s, "ip"), 0x7788);
	cr_assert_eq(get(&s, "eflags"), 0x246);
	cr_assert(cpu_state_set(&s, "ah", 0xabcd));
	cr_assert_eq(s.gpr[GPR_RAX], 0x010203040506cd08, "only the eight bits named");
	cr_assert(cpu_state_set(&s, "eip", 1));
	cr_assert_eq(s.rip, 0x1122334400000001);
}

Test(state, segments_and_tables_by_name)
{
	struct cpu_state s = { 0 };

	cr_assert(cpu_state_set(&s, "cs.selector", 0x110));
	cr_assert(cpu_state_set(&s, "cs.base", 0xffffffff80000000));
	cr_assert(cpu_state_set(&s, "tr.limit", 0x67));
	cr_assert(cpu_state_set(&s, "ldtr.attr", 0x8200));
	cr_assert(cpu_state_set(&s, "gdtr.base", 0x9000));
	cr_assert(cpu_state_set(&s, "idtr.limit", 0xfff));
	cr_assert_eq(s.seg[SEG_CS].selector, 0x110);
	cr_assert_eq(get(&s, "cs"), 0x110);
	cr_assert_eq(s.seg[SEG_CS].base, 0xffffffff80000000);
	cr_assert_eq(s.seg[SEG_TR].limit, 0x67);
	cr_assert_eq(s.seg[SEG_LDTR].attr, 0x8200);
	cr_assert_eq(s.gdtr.base, 0x9000);
	cr_assert_eq(s.idtr.limit, 0xfff);
}

Test(state, unknown_names_are_refused)
{
	static const char *const names[] = { "",         ".",    "rax.base",      "r16",
					     "r8l",      "cs.",  "cs.foo",        ".base",
					     "c.base",   "gdtr", "gdtr.selector", "RAX",
					     "spl.limit" };
	struct cpu_state s = { 0 };
	uint64_t v = 42;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cr_assert_not(cpu_state_get(&s, names[i], &v), "%s", names[i]);
		cr_assert_not(cpu_state_set(&s, names[i], 1), "%s", names[i]);
	}
	cr_assert_eq(v, 42);
}

Test(state, every_row_of_the_table_reads_back_what_was_written)
{
	struct cpu_state s = { 0 };

	for (size_t i = 0; i < reg_info_count; i++)
		reg_set(&s, &reg_infos[i], 0x8000000000000001ull * (i + 1));
	for (size_t i = 0; i < reg_info_count; i++) {
		const struct reg_info *r = &reg_infos[i];
		uint64_t want = 0x8000000000000001ull * (i + 1);

		if (r->bits < 64)
			want &= BIT64(r->bits) - 1;
		cr_assert_eq(reg_get(&s, r), want, "%s", r->name);
		cr_assert_eq(get(&s, r->name), want, "%s", r->name);
	}
	cr_assert_eq(s.gpr[GPR_RBX], 0x8000000000000001ull * 2,
		     "rbx is the table's second, number 3");
}

Test(state, names_of_points_and_events_are_all_there)
{
	for (unsigned i = 0; i < POINT_COUNT; i++)
		cr_assert_not_null(point_names[i]);
	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
		cr_assert_not_null(event_infos[i].name);
		for (unsigned k = 0; k < i; k++)
			cr_assert_str_neq(event_infos[i].name, event_infos[k].name);
	}
	cr_assert_str_eq(event_infos[EVENT_CR_WRITE].arg[1], "value");
	cr_assert_str_eq(event_status_names[EVENT_UNMODELLED], "unmodelled");
}

Test(state, releasing_a_handover_frees_its_pages)
{
	struct regions ram = { 0 };
	struct handover h = { 0 };

	regions_set(&ram, 0, 0x1000, 0);
	h.pages = pages_create(&ram);
	regions_free(&ram);
	handover_release(&h);
	cr_assert_null(h.pages);
	handover_release(NULL);
}
