/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engine makes of page tables against what the SDM says (3A chapter 4), and against emu/paging.c. */
#include <criterion/criterion.h>

#include "emu/paging.h"
#include "tests/guest/guest.h"

#define MAGIC     0xabcd1234u
#define TABLE_NEW (TABLES + 0x9000) /* zero, for the tests' own tables */

static const uint64_t table_flags = PTE_P | PTE_RW | PTE_US;

static void start(struct guest *g, enum guest_mode mode, const char *label, gva_t va)
{
	guest_open(g, "paging");
	guest_start(g, mode, label);
	g->cpu.gpr[GPR_RBX] = va;
	guest_put32(g, SCRATCH + 0x123c, MAGIC);
}

/* Runs, and asks the software walk about the same address in the state before. */
static void run_and_walk(struct guest *g, gva_t va, struct page_walk *w)
{
	struct mem_reader reader = machine_reader(g->m);
	struct cpu_state cpu = g->cpu;

	guest_set(g);
	page_walk(&cpu, &reader, va, w);
	guest_run(g);
}

static void expect_loaded(struct guest *g, const char *label, gva_t va, uint64_t page_size)
{
	struct page_walk w;

	run_and_walk(g, va, &w);
	expect_halted(g, label);
	expect_u64(g->cpu.gpr[GPR_RAX], MAGIC);
	cr_expect(w.present);
	expect_u64(w.gpa, SCRATCH + 0x123c);
	expect_u64(w.size, page_size);
}

static void expect_fault(struct guest *g, gva_t va, uint32_t error_code)
{
	struct page_walk w;

	run_and_walk(g, va, &w);
	expect_caught(g, VECTOR_PF);
	expect_u64(g->cpu.cr2, va);
	expect_u64(guest_u32(g, g->cpu.gpr[GPR_RSP]), error_code);
	if (!(error_code & PF_ERR_P))
		cr_expect(!w.present);
	if (error_code & PF_ERR_RSVD)
		cr_expect(!w.present && w.reserved_bits);
}

/* Linear 0x40000000 + x to physical x, by a new PDPTE. */
static gva_t map_new_gib(struct guest *g, uint64_t pdpte)
{
	guest_put64(g, TABLE_PDPT + 8, pdpte);
	return UNMAPPED;
}

Test(paging, a_4_level_walk_to_a_4_kib_page)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", 0xabcd000000 + 0x23c);
	/* PML4 1, PDPT 687 - 512, PD 360, PT 0 by hand: 0xabcd000000 >> 39 = 1, >> 30 & 511 = 175, >> 21 & 511 = 104, >> 12 & 511 = 0. */
	guest_put64(&g, TABLE_PML4 + 8 * 1, TABLE_NEW | table_flags);
	guest_put64(&g, TABLE_NEW + 8 * 175, (TABLE_NEW + 0x1000) | table_flags);
	guest_put64(&g, TABLE_NEW + 0x1000 + 8 * 104, (TABLE_NEW + 0x2000) | table_flags);
	guest_put64(&g, TABLE_NEW + 0x2000, (SCRATCH + 0x1000) | table_flags);
	expect_loaded(&g, "load64_done", 0xabcd000000 + 0x23c, KIB(4));
	guest_close(&g);
}

Test(paging, a_2_mib_page)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", UNMAPPED + SCRATCH + 0x123c);
	map_new_gib(&g, TABLE_NEW | table_flags);
	guest_put64(&g, TABLE_NEW, table_flags | PTE_PS);
	expect_loaded(&g, "load64_done", UNMAPPED + SCRATCH + 0x123c, MIB(2));
	guest_close(&g);
}

Test(paging, a_1_gib_page)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", UNMAPPED + SCRATCH + 0x123c);
	map_new_gib(&g, table_flags | PTE_PS);
	expect_loaded(&g, "load64_done", UNMAPPED + SCRATCH + 0x123c, GIB(1));
	guest_close(&g);
}

Test(paging, a_5_level_walk)
{
	const gva_t va = 0x0055000000000000 + SCRATCH + 0x123c; /* PML5 index 0x55 */
	struct guest g;

	guest_open_on(&g, "paging", CPU_MAX, 0);
	guest_start(&g, GUEST_LONG, "load64");
	guest_put32(&g, SCRATCH + 0x123c, MAGIC);
	guest_put64(&g, TABLE_PML5 + 8 * 0x55, TABLE_PML4 | table_flags);
	g.cpu.gpr[GPR_RBX] = va;
	g.cpu.cr4 |= CR4_LA57;
	g.cpu.cr3 = TABLE_PML5;
	expect_loaded(&g, "load64_done", va, KIB(4));
	guest_close(&g);
}

Test(paging, the_upper_half_is_sign_extended)
{
	const gva_t va = 0xffffffff80000000 + SCRATCH + 0x123c;
	struct guest g;

	start(&g, GUEST_LONG, "load64", va);
	guest_put64(&g, TABLE_PML4 + 8 * 511, TABLE_PDPT | table_flags);
	guest_put64(&g, TABLE_PDPT + 8 * 510, TABLE_PD | table_flags);
	expect_loaded(&g, "load64_done", va, KIB(4));
	guest_close(&g);
}

static void start_2_level(struct guest *g, const char *label, gva_t va)
{
	start(g, GUEST_P32, label, va);
	g->cpu.cr0 |= CR0_PG;
	g->cpu.cr4 |= CR4_PSE;
	g->cpu.cr3 = TABLE_PD32;
}

Test(paging, a_2_level_walk)
{
	struct guest g;

	start_2_level(&g, "load32", 0xc0001000 + 0x23c);
	guest_put32(&g, TABLE_PD32 + 4 * 0x300, TABLE_NEW | (uint32_t)table_flags);
	guest_put32(&g, TABLE_NEW + 4, (SCRATCH + 0x1000) | (uint32_t)table_flags);
	expect_loaded(&g, "load32_done", 0xc0001000 + 0x23c, KIB(4));
	guest_close(&g);
}

Test(paging, a_4_mib_page_with_pse)
{
	struct guest g;

	start_2_level(&g, "load32", 0xc0000000 + SCRATCH + 0x123c);
	guest_put32(&g, TABLE_PD32 + 4 * 0x300, (uint32_t)(table_flags | PTE_PS));
	expect_loaded(&g, "load32_done", 0xc0000000 + SCRATCH + 0x123c, MIB(4));
	guest_close(&g);
}

/* Without CR4.PSE the same entry names a page table. */
Test(paging, ps_is_ignored_without_pse)
{
	struct guest g;

	start_2_level(&g, "load32", 0xc0000000 + 0x23c);
	g.cpu.cr4 &= ~CR4_PSE;
	guest_put32(&g, TABLE_PD32 + 4 * 0x300, TABLE_NEW | (uint32_t)(table_flags | PTE_PS));
	guest_put32(&g, TABLE_NEW, (SCRATCH + 0x1000) | (uint32_t)table_flags);
	expect_loaded(&g, "load32_done", 0xc0000000 + 0x23c, KIB(4));
	guest_close(&g);
}

Test(paging, pae_entered_by_the_guest)
{
	struct guest g;

	start(&g, GUEST_P32, "pae", 0xc0000000 + 0x123c);
	guest_put64(&g, TABLE_PAE_PDPT + 8 * 3, TABLE_NEW | PTE_P);
	guest_put64(&g, TABLE_NEW, (TABLE_NEW + 0x1000) | table_flags);
	guest_put64(&g, TABLE_NEW + 0x1000 + 8, (SCRATCH + 0x1000) | table_flags);
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "pae_done");
	expect_u64(g.cpu.gpr[GPR_RAX], MAGIC);
	guest_close(&g);
}

Test(paging, a_reserved_bit_in_an_entry_faults)
{
	struct guest g;

	/* Bit 45 lies above the 40 physical bits that CPUID tells, and below bit 52. */
	start(&g, GUEST_LONG, "load64", SCRATCH + 0x123c);
	guest_put64(&g, TABLE_PT + 8 * (SCRATCH / 4096 + 1),
		    BIT64(45) | (SCRATCH + 0x1000) | table_flags);
	expect_fault(&g, SCRATCH + 0x123c, PF_ERR_P | PF_ERR_RSVD);
	guest_close(&g);
}

Test(paging, ps_in_a_pml4_entry_is_reserved)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", 0x8000000000);
	guest_put64(&g, TABLE_PML4 + 8, TABLE_PDPT | table_flags | PTE_PS);
	expect_fault(&g, 0x8000000000, PF_ERR_P | PF_ERR_RSVD);
	guest_close(&g);
}

Test(paging, low_frame_bits_of_a_large_page_are_reserved)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", UNMAPPED + 0x123c);
	map_new_gib(&g, TABLE_NEW | table_flags);
	guest_put64(&g, TABLE_NEW, BIT64(14) | table_flags | PTE_PS);
	expect_fault(&g, UNMAPPED + 0x123c, PF_ERR_P | PF_ERR_RSVD);
	guest_close(&g);
}

Test(paging, nx_without_nxe_is_reserved)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", SCRATCH + 0x123c);
	guest_put64(&g, TABLE_PT + 8 * (SCRATCH / 4096 + 1),
		    PTE_NX | (SCRATCH + 0x1000) | table_flags);
	expect_fault(&g, SCRATCH + 0x123c, PF_ERR_P | PF_ERR_RSVD);
	guest_close(&g);
}

static void start_nx(struct guest *g, const char *label)
{
	guest_open(g, "paging");
	guest_start(g, GUEST_LONG, label);
	g->cpu.gpr[GPR_RBX] = guest_at(g, "called");
	g->cpu.efer |= EFER_NXE;
	guest_put64(g, TABLE_PT + 8 * (guest_at(g, "called") / 4096),
		    PTE_NX | guest_at(g, "called") | table_flags);
	guest_set(g);
}

Test(paging, fetch_from_an_nx_page_faults_with_the_fetch_bit)
{
	struct guest g;

	start_nx(&g, "fetch64");
	expect_fault(&g, guest_at(&g, "called"), PF_ERR_P | PF_ERR_I);
	expect_u64(g.stop.instructions, 1 + 1);
	guest_close(&g);
}

Test(paging, data_in_an_nx_page_can_be_read)
{
	struct guest g;

	start_nx(&g, "load64");
	guest_run(&g);
	expect_halted(&g, "load64_done");
	guest_close(&g);
}

static void start_read_only(struct guest *g, enum guest_mode mode, uint64_t cr0)
{
	start(g, mode, "store64", SCRATCH);
	guest_put64(g, TABLE_PT + 8 * (SCRATCH / 4096), SCRATCH | PTE_P | PTE_US);
	g->cpu.cr0 |= cr0;
}

Test(paging, a_supervisor_store_to_a_read_only_page_faults_with_wp)
{
	struct guest g;

	start_read_only(&g, GUEST_LONG, CR0_WP);
	expect_fault(&g, SCRATCH, PF_ERR_P | PF_ERR_W);
	guest_close(&g);
}

Test(paging, a_supervisor_store_to_a_read_only_page_goes_through_without_wp)
{
	struct guest g;

	start_read_only(&g, GUEST_LONG, 0);
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "store64_done");
	expect_u64(guest_u32(&g, SCRATCH), 0x600d);
	guest_close(&g);
}

Test(paging, a_user_store_to_a_read_only_page_always_faults)
{
	struct guest g;

	start_read_only(&g, GUEST_LONG_USER, 0);
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, VECTOR_PF);
	expect_u64(guest_u64(&g, STACK_R0 - 48), PF_ERR_P | PF_ERR_W | PF_ERR_U);
	guest_close(&g);
}

Test(paging, a_user_load_of_a_supervisor_page_faults)
{
	struct guest g;

	start(&g, GUEST_LONG_USER, "load64", SCRATCH);
	guest_put64(&g, TABLE_PT + 8 * (SCRATCH / 4096), SCRATCH | PTE_P | PTE_RW);
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, VECTOR_PF);
	expect_u64(guest_u64(&g, STACK_R0 - 48), PF_ERR_P | PF_ERR_U);
	guest_close(&g);
}

/* SDM 3A 4.8: the engine sets A at each level, D in the leaf only when it is written. */
Test(paging, accessed_and_dirty_are_set_in_the_tables)
{
	struct guest g;

	start(&g, GUEST_LONG, "load64", SCRATCH + 0x123c);
	guest_set(&g);
	guest_run(&g);
	expect_u64(guest_u64(&g, TABLE_PT + 8 * (SCRATCH / 4096 + 1)) & (PTE_A | PTE_D), PTE_A);
	guest_close(&g);
	start(&g, GUEST_LONG, "store64", SCRATCH);
	guest_set(&g);
	guest_run(&g);
	expect_u64(guest_u64(&g, TABLE_PT + 8 * (SCRATCH / 4096)) & (PTE_A | PTE_D), PTE_A | PTE_D);
	guest_close(&g);
}

Test(paging, invlpg_makes_a_changed_entry_count)
{
	struct guest g;

	start(&g, GUEST_LONG, "invlpg", SCRATCH + 0x123c);
	guest_put32(&g, SCRATCH + 0x223c, 0x22222222);
	g.cpu.gpr[GPR_RSI] = TABLE_PT + 8 * (SCRATCH / 4096 + 1);
	g.cpu.gpr[GPR_RDX] = (SCRATCH + 0x2000) | table_flags;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "invlpg_done");
	expect_u64(g.cpu.gpr[GPR_RAX], MAGIC);
	expect_u64(g.cpu.gpr[GPR_RCX], 0x22222222);
	guest_close(&g);
}

/* SDM 3A 4.6.1: with SMEP no supervisor fetch from a user page, with SMAP no access to its data unless EFLAGS.AC is set. */
static void start_protected(struct guest *g, const char *label, gva_t va, uint64_t cr4)
{
	guest_open_on(g, "paging", CPU_MAX, 0);
	guest_start(g, GUEST_LONG, label);
	guest_put64(g, TABLE_PD, TABLE_PT | PTE_P | PTE_RW | PTE_US);
	for (uint64_t i = 0; i < 512; i++)
		guest_put64(g, TABLE_PT + 8 * i, i << 12 | PTE_P | PTE_RW);
	guest_put64(g, TABLE_PT + 8 * (va / 4096), (va & ~0xfffull) | table_flags);
	g->cpu.gpr[GPR_RBX] = va;
	g->cpu.cr4 |= cr4;
	guest_set(g);
}

Test(paging, smep_forbids_supervisor_fetches_from_user_pages)
{
	struct guest g;
	gva_t called;

	guest_open(&g, "paging");
	called = guest_at(&g, "called");
	guest_close(&g);
	start_protected(&g, "fetch64", called, CR4_SMEP);
	expect_fault(&g, called, PF_ERR_P | PF_ERR_I);
	guest_close(&g);
	start_protected(&g, "fetch64", called, 0);
	guest_run(&g);
	expect_halted(&g, "fetch64_done");
	guest_close(&g);
}

Test(paging, smap_forbids_supervisor_loads_from_user_pages_unless_ac_is_set)
{
	struct guest g;

	start_protected(&g, "load64", SCRATCH, CR4_SMAP);
	expect_fault(&g, SCRATCH, PF_ERR_P);
	guest_close(&g);
	start_protected(&g, "load64", SCRATCH, CR4_SMAP);
	g.cpu.rflags |= EFLAGS_AC;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "load64_done");
	guest_close(&g);
}

Test(paging, a_store_across_an_unmapped_page_writes_nothing_and_names_the_second_page)
{
	struct guest g;

	start(&g, GUEST_LONG, "store64", SCRATCH + 0xffe);
	guest_put64(&g, TABLE_PT + 8 * (SCRATCH / 4096 + 1), 0);
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, VECTOR_PF);
	expect_u64(g.cpu.cr2, SCRATCH + 0x1000);
	expect_u64(guest_u16(&g, SCRATCH + 0xffe), 0);
	guest_close(&g);
}

/* In the middle of a block the engine raises it for the block's first instruction, before any of them runs. */
Test(paging, a_jump_to_an_instruction_across_an_unmapped_page_faults_at_its_address)
{
	static const uint8_t code[] = {
		0xeb, 0x00, 0xb8, 0x01
	}; /* jmp to the next; the first bytes of mov $imm32, %eax */
	struct guest g;

	start(&g, GUEST_LONG, "load64", 0);
	guest_put64(&g, TABLE_PT + 8 * (SCRATCH / 4096 + 1), 0);
	cr_assert(!machine_write(g.m, SCRATCH + 0xffc, code, sizeof(code)));
	g.cpu.rip = SCRATCH + 0xffc;
	guest_set(&g);
	guest_run(&g);
	expect_caught(&g, VECTOR_PF);
	expect_u64(g.cpu.cr2, SCRATCH + 0x1000);
	expect_u64(guest_u64(&g, STACK - 40), SCRATCH + 0xffe);
	expect_u64(g.stop.instructions, 1 + 1);
	guest_close(&g);
}
