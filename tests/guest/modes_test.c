/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mode climbs by the guest's own instructions: hidden state, mode events, and the way back (SDM 3A chapter 9). */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

static void climb(struct guest *g)
{
	guest_open(g, "modes");
	guest_start(g, GUEST_P32, "climb"); /* for GDT and tables */
	guest_start(g, GUEST_REAL, "climb");
}

static void climb_to(struct guest *g, const char *label)
{
	climb(g);
	cr_assert(!machine_break_add(g->m, guest_at(g, label)));
	guest_run(g);
	expect_stop(g, STOP_POINT);
	expect_u64(g->stop.pc, guest_at(g, label));
}

#define expect_mode(g, name)                                                        \
	cr_expect(!strcmp(cpu_mode_name(&(g)->cpu), name), "in %s mode, wanted %s", \
		  cpu_mode_name(&(g)->cpu), name)

Test(modes, pe_alone_makes_protected_16_bit_code)
{
	struct guest g;

	climb_to(&g, "protected16");
	expect_mode(&g, "protected16");
	expect_u64(g.cpu.seg[SEG_CS].selector, 0);
	expect_u64(g.stop.instructions, 5);
	guest_close(&g);
}

Test(modes, far_jump_makes_protected_32_bit_code)
{
	struct guest g;

	climb_to(&g, "protected32");
	expect_mode(&g, "protected32");
	expect_u64(g.cpu.seg[SEG_CS].selector, SEL_CODE32);
	expect_u64(g.cpu.seg[SEG_CS].limit, 0xffffffff);
	expect_u64(g.cpu.seg[SEG_CS].attr, SEG_ATTR_CODE32);
	expect_u64(g.stop.instructions, 6);
	guest_close(&g);
}

Test(modes, paging_with_lme_sets_lma_and_stays_in_32_bit_code)
{
	struct guest g;

	climb_to(&g, "compat");
	expect_mode(&g, "compat");
	expect_u64(g.cpu.efer, EFER_LME | EFER_LMA);
	expect_u64(g.stop.instructions, 6 + 16);
	guest_close(&g);
}

Test(modes, far_jump_to_an_l_segment_makes_64_bit_code)
{
	struct guest g;

	climb_to(&g, "long64");
	expect_mode(&g, "long64");
	expect_u64(g.cpu.seg[SEG_CS].attr, SEG_ATTR_CODE64);
	guest_close(&g);
}

Test(modes, far_return_goes_back_to_compatibility_mode)
{
	struct guest g;

	climb_to(&g, "back_in_compat");
	expect_mode(&g, "compat");
	expect_u64(g.cpu.gpr[GPR_R15], 0x1122334455667788);
	guest_close(&g);
}

Test(modes, the_base_of_a_64_bit_code_segment_is_taken_as_zero)
{
	/* Where there is no memory, and where the same code stands once more with another count. */
	static const uint32_t bases[] = { 0xbe000000, 0x100000 };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		static const uint8_t trap[64] = { 0xf4, 0xf4 };
		struct guest g;

		guest_open(&g, "modes");
		guest_start(&g, GUEST_LONG, "based64");
		cr_assert(!machine_write(g.m, guest_at(&g, "based64") + 0x100000 + 10, trap,
					 sizeof(trap)));
		/* SDM 3A figure 3-8: base 23:0 lies in bytes 2-4, 31:24 in byte 7. */
		guest_put32(&g, GDT + SEL_CODE64,
			    (guest_u32(&g, GDT + SEL_CODE64) & 0xffff) | bases[i] << 16);
		guest_put32(&g, GDT + SEL_CODE64 + 4,
			    (guest_u32(&g, GDT + SEL_CODE64 + 4) & 0x00ffff00) |
				    (bases[i] >> 16 & 0xff) | (bases[i] & 0xff000000));
		guest_run(&g);
		expect_halted(&g, "based64_done");
		expect_u64(g.cpu.gpr[GPR_RAX], 3);
		expect_u64(g.cpu.gpr[GPR_RSP], STACK);
		expect_u64(g.stop.instructions, 2 + 3 * 5 + 1);
		expect_u64(g.cpu.seg[SEG_CS].base, 0);
		expect_u64(g.cpu.cr2, 0);
		guest_close(&g);
	}
}

Test(modes, paging_off_clears_lma_and_keeps_lme)
{
	struct guest g;

	climb_to(&g, "paging_off");
	expect_mode(&g, "protected32");
	expect_u64(g.cpu.efer, EFER_LME);
	guest_close(&g);
}

Test(modes, the_whole_way_and_back_with_every_change_an_event)
{
	/* Code width and CR0's PE and PG after each change, and where it was seen. */
	static const struct {
		unsigned bits;
		uint64_t cr0;
		const char *at;
	} want[] = {
		{ 16, CR0_PE, "protected16" },
		{ 32, CR0_PE, "protected32" },
		{ 32, CR0_PE | CR0_PG, "compat" },
		{ 64, CR0_PE | CR0_PG, "long64" },
		{ 32, CR0_PE | CR0_PG, "back_in_compat" },
		{ 32, CR0_PE, "paging_off" },
		{ 16, CR0_PE, "back_in_16" },
		{ 16, 0, NULL },
	};
	/* Every far JMP and RET of modes.S in the order in which they run, the last one back to segment 0. */
	static const struct {
		unsigned cs;
		const char *ip;
	} far[] = {
		{ SEL_CODE32, "protected32" },
		{ SEL_CODE64, "long64" },
		{ SEL_CODE32, "back_in_compat" },
		{ SEL_CODE16, "back_in_16" },
		{ 0, "real_again" },
	};
	struct guest g;

	climb(&g);
	guest_run(&g);
	expect_halted(&g, "climb_done");
	expect_mode(&g, "real");
	expect_u64(machine_event_count(g.m, EVENT_FAR), ARRAY_SIZE(far));
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		const struct event *ev = guest_event(&g, EVENT_FAR, i);

		cr_assert(ev);
		expect_u64(ev->arg[0], far[i].cs);
		expect_u64(ev->arg[1], guest_at(&g, far[i].ip));
	}
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xffff, 0);
	expect_u64(g.stop.instructions, 5 + 1 + 16 + 1 + 4 + 3 + 2 + 7 + 5);
	expect_u64(machine_event_count(g.m, EVENT_MODE), ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct event *ev = guest_event(&g, EVENT_MODE, i);

		cr_assert(ev);
		expect_u64(ev->arg[0], want[i].bits);
		expect_u64(ev->arg[1], want[i].cr0);
		if (want[i].at)
			expect_u64(ev->arg[2], guest_at(&g, want[i].at));
	}
	guest_close(&g);
}

Test(modes, a_large_limit_survives_into_real_mode)
{
	struct guest g;

	guest_open(&g, "modes");
	guest_start(&g, GUEST_P32, "unreal");
	guest_start(&g, GUEST_REAL, "unreal");
	guest_run(&g);
	expect_halted(&g, "unreal_done");
	expect_u64(g.cpu.seg[SEG_FS].limit, 0xffffffff);
	expect_u64(g.cpu.gpr[GPR_RCX], 0xfeedface);
	expect_u64(guest_u32(&g, 0x200000), 0xfeedface);
	guest_close(&g);
}

Test(modes, five_level_paging_uses_the_fifth_table)
{
	struct guest g;

	guest_open_on(&g, "modes", CPU_MAX, 0);
	guest_start(&g, GUEST_P32, "five_levels");
	/* The guest's address has PML5 index 255 and the rest as SCRATCH. */
	guest_put64(&g, TABLE_PML5 + 8 * 255, TABLE_PML4 | PTE_P | PTE_RW);
	guest_run(&g);
	expect_halted(&g, "five_levels_done");
	expect_u64(g.cpu.cr4 & CR4_LA57, CR4_LA57);
	expect_u64(guest_u32(&g, SCRATCH), 0x57575757);
	guest_close(&g);
}

Test(modes, la57_does_not_exist_on_the_generic_profile)
{
	struct guest g;

	guest_open(&g, "modes");
	guest_start(&g, GUEST_P32, "five_levels");
	guest_run(&g);
	expect_caught(&g, VECTOR_GP);
	expect_u64(g.stop.instructions, 2 + 1);
	guest_close(&g);
}
