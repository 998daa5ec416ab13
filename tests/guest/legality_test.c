/* SPDX-License-Identifier: GPL-2.0-or-later */
/* #GP for what the SDM forbids at control registers, descriptor tables and far transfers. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/guest/guest.h"

#define PE_PG (CR0_PE | CR0_PG)

/* A register write: what the CPU is like before, the value, and whether it faults. */
struct cr_case {
	const char *why;
	enum guest_mode mode;
	const char *label;
	uint64_t value;
	bool faults;
	uint64_t efer, cr3, cr4; /* ORed into the start state */
};

static void check_cr(const struct cr_case *c)
{
	char done[32];
	struct guest g;

	guest_open(&g, "legality");
	guest_start(&g, c->mode, c->label);
	g.cpu.gpr[GPR_RAX] = c->value;
	g.cpu.efer |= c->efer;
	g.cpu.cr3 |= c->cr3;
	g.cpu.cr4 |= c->cr4;
	guest_set(&g);
	guest_run(&g);
	snprintf(done, sizeof(done), "%s_done", c->label);
	if (c->faults) {
		cr_expect(g.stop.kind == STOP_HLT && g.stop.pc == CATCH + 16 * VECTOR_GP + 1,
			  "%s: no #GP but %s at 0x%llx", c->why, g.stop.text,
			  (unsigned long long)g.stop.pc);
		expect_u64(g.stop.instructions, 1);
	} else {
		cr_expect(g.stop.kind == STOP_HLT && g.stop.pc == guest_at(&g, done),
			  "%s: %s at 0x%llx", c->why, g.stop.text, (unsigned long long)g.stop.pc);
	}
	guest_close(&g);
}

static void check_all(const struct cr_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_cr(&cases[i]);
}

Test(legality, cr0)
{
	static const struct cr_case cases[] = {
		{ "upper half", GUEST_LONG, "cr0_64", PE_PG | BIT64(32), true },
		{ "PG without PE", GUEST_P32, "cr0_32", CR0_PG, true },
		{ "NW without CD", GUEST_P32, "cr0_32", CR0_PE | CR0_NW, true },
		{ "NW with CD", GUEST_P32, "cr0_32", CR0_PE | CR0_NW | CR0_CD, false },
		{ "paging with LME without PAE", GUEST_P32, "cr0_32", PE_PG, true, EFER_LME,
		  TABLE_PML4, 0 },
		{ "paging off in 64-bit code", GUEST_LONG, "cr0_64", CR0_PE, true },
		{ "paging off in compatibility mode", GUEST_COMPAT, "cr0_32", CR0_PE, false },
		{ "the same value", GUEST_LONG, "cr0_64", PE_PG | CR0_ET, false },
	};

	check_all(cases, ARRAY_SIZE(cases));
}

Test(legality, cr3)
{
	static const struct cr_case cases[] = {
		{ "beyond the physical width", GUEST_LONG, "cr3_64", BIT64(40) | TABLE_PML4, true },
		{ "within it", GUEST_LONG, "cr3_64", TABLE_PML4, false },
	};

	check_all(cases, ARRAY_SIZE(cases));
}

Test(legality, cr4)
{
	static const struct cr_case cases[] = {
		{ "a bit that no CPU has", GUEST_LONG, "cr4_64", CR4_PAE | BIT64(30), true },
		{ "LA57 on the generic profile", GUEST_P32, "cr4_32", CR4_LA57, true },
		{ "SMEP on the generic profile", GUEST_P32, "cr4_32", CR4_SMEP, true },
		{ "OSXSAVE on the generic profile", GUEST_P32, "cr4_32", CR4_OSXSAVE, true },
		{ "PAE off in IA-32e mode", GUEST_LONG, "cr4_64", 0, true },
		{ "PCIDE outside IA-32e mode", GUEST_P32, "cr4_32", CR4_PCIDE, true },
		{ "PGE and OSFXSR", GUEST_LONG, "cr4_64", CR4_PAE | CR4_PGE | CR4_OSFXSR, false },
	};

	check_all(cases, ARRAY_SIZE(cases));
}

Test(legality, cr8)
{
	static const struct cr_case cases[] = {
		{ "priority 16", GUEST_LONG, "cr8_64", 16, true },
		{ "priority 15", GUEST_LONG, "cr8_64", 15, false },
	};

	check_all(cases, ARRAY_SIZE(cases));
}

Test(legality, control_registers_are_the_kernels)
{
	static const struct cr_case cases[] = {
		{ "CR0 in user code", GUEST_LONG_USER, "cr0_64", PE_PG, true },
		{ "CR3 in user code", GUEST_LONG_USER, "cr3_64", TABLE_PML4, true },
		{ "CR4 in user code", GUEST_LONG_USER, "cr4_64", CR4_PAE, true },
		{ "LGDT in user code", GUEST_LONG_USER, "lgdt_64", 0, true },
		{ "LIDT in user code", GUEST_LONG_USER, "lidt_64", 0, true },
		{ "LTR in user code", GUEST_LONG_USER, "ltr_64", SEL_TSS, true },
	};

	check_all(cases, ARRAY_SIZE(cases));
}

/* Of LGDT and LIDT: the pseudo-descriptor at SCRATCH. */
static void start_table(struct guest *g, enum guest_mode mode, const char *label, uint64_t base)
{
	guest_open(g, "legality");
	guest_start(g, mode, label);
	guest_put32(g, SCRATCH, 0xffffu);
	guest_put64(g, SCRATCH + 2, base);
	g->cpu.gpr[GPR_RBX] = SCRATCH;
	guest_set(g);
	guest_run(g);
}

Test(legality, a_table_base_that_is_not_canonical_is_gp)
{
	static const char *const labels[] = { "lgdt_64", "lidt_64" };
	struct guest g;

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		start_table(&g, GUEST_LONG, labels[i], 0x0000800000000000);
		expect_caught(&g, VECTOR_GP);
		expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, labels[i]));
		guest_close(&g);
	}
}

Test(legality, lgdt_loads_8_4_or_3_bytes_of_base)
{
	struct guest g;

	start_table(&g, GUEST_LONG, "lgdt_64", 0xffffffff81234567);
	expect_halted(&g, "lgdt_64_done");
	expect_u64(g.cpu.gdtr.base, 0xffffffff81234567);
	expect_u64(g.cpu.gdtr.limit, 0xffff);
	expect_u64(guest_event(&g, EVENT_DT_LOAD, 0)->arg[1], 0xffffffff81234567);
	guest_close(&g);
	start_table(&g, GUEST_P32, "lgdt_32", 0xffffffff81234567);
	expect_halted(&g, "lgdt_32_done");
	expect_u64(g.cpu.gdtr.base, 0x81234567);
	guest_close(&g);
	/* With a 16-bit operand the highest byte is not used (SDM 2A "LGDT"). */
	guest_open(&g, "legality");
	guest_start(&g, GUEST_P16, "lgdt_16");
	guest_put32(&g, 0x600, 0x4567ffff);
	guest_put32(&g, 0x604, 0x8123);
	g.cpu.gpr[GPR_RBX] = 0x600;
	/* 16-bit code at 1 MiB: give CS a base. */
	g.cpu.seg[SEG_CS].base = guest_at(&g, "lgdt_16") & ~15ull;
	g.cpu.rip = guest_at(&g, "lgdt_16") & 15;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "lgdt_16_done");
	expect_u64(g.cpu.gdtr.base, 0x234567);
	guest_close(&g);
}

Test(legality, ltr_makes_the_tss_busy)
{
	struct guest g;

	guest_open(&g, "legality");
	guest_start(&g, GUEST_LONG, "ltr_64");
	g.cpu.gpr[GPR_RAX] = SEL_TSS;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "ltr_64_done");
	expect_u64(guest_u64(&g, GDT + SEL_TSS) >> 40 & 0xf, DESC_TYPE_TSS_BUSY);
	expect_u64(g.cpu.seg[SEG_TR].base, TSS);
	guest_close(&g);
}

Test(legality, ltr_of_a_busy_tss_is_gp_with_its_selector)
{
	struct guest g;

	guest_open(&g, "legality");
	guest_start(&g, GUEST_LONG, "ltr_64");
	guest_put64(&g, GDT + SEL_TSS, guest_u64(&g, GDT + SEL_TSS) | BIT64(41));
	g.cpu.gpr[GPR_RAX] = SEL_TSS;
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, VECTOR_GP);
	expect_u64(guest_u64(&g, STACK - 48), SEL_TSS);
	guest_close(&g);
}

/* --- far jumps through memory: offset and selector at SCRATCH --- */

static void check_far(enum guest_mode mode, const char *label, uint32_t offset, uint16_t selector,
		      unsigned vector, uint32_t error_code)
{
	struct guest g;

	guest_open(&g, "legality");
	guest_start(&g, mode, label);
	guest_put32(&g, SCRATCH, offset);
	guest_put32(&g, SCRATCH + 4, selector);
	g.cpu.gpr[GPR_RBX] = SCRATCH;
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, vector);
	expect_u64(guest_u32(&g, g.cpu.gpr[GPR_RSP]), error_code);
	expect_u64(g.stop.instructions, 1);
	guest_close(&g);
}

Test(far_transfer, past_the_segments_limit_is_gp_0)
{
	check_far(GUEST_P32, "far_32", 0x1000, SEL_SHORT, VECTOR_GP, 0);
}

Test(far_transfer, to_data_is_gp_with_the_selector)
{
	check_far(GUEST_P32, "far_32", 0x100000, SEL_DATA, VECTOR_GP, SEL_DATA);
}

Test(far_transfer, to_the_null_selector_is_gp_0)
{
	check_far(GUEST_P32, "far_32", 0x100000, 0, VECTOR_GP, 0);
}

Test(far_transfer, beyond_the_gdt_is_gp_with_the_selector)
{
	check_far(GUEST_P32, "far_32", 0x100000, SEL_BEYOND, VECTOR_GP, SEL_BEYOND);
}

Test(far_transfer, to_an_absent_segment_is_np)
{
	check_far(GUEST_P32, "far_32", 0x100000, SEL_ABSENT_CODE, VECTOR_NP, SEL_ABSENT_CODE);
}

Test(far_transfer, to_l_and_d_together_is_gp_in_long_mode)
{
	check_far(GUEST_LONG, "far_64", 0x100000, SEL_L_AND_D, VECTOR_GP, SEL_L_AND_D);
}

Test(far_transfer, to_user_code_is_gp_with_the_selector)
{
	check_far(GUEST_P32, "far_32", 0x100000, SEL_UCODE32 & ~3, VECTOR_GP, SEL_UCODE32 & ~3);
}

Test(far_transfer, a_legal_one_lands)
{
	struct guest g;

	guest_open(&g, "legality");
	guest_start(&g, GUEST_LONG, "far_64");
	guest_put32(&g, SCRATCH, (uint32_t)guest_at(&g, "far_64_landed"));
	guest_put32(&g, SCRATCH + 4, SEL_CODE32);
	g.cpu.gpr[GPR_RBX] = SCRATCH;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "far_64_done");
	cr_expect(!strcmp(cpu_mode_name(&g.cpu), "compat"));
	guest_close(&g);
}
