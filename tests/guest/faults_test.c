/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and software interrupts with their exact frames (SDM 3A chapter 6, 3A 20.1.4). */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

/* The instruction count at the catching HLT: what ran before the fault, and that HLT. */
#define expect_retired(g, before) expect_u64((g)->stop.instructions, (before) + 1)

/* --- real mode: FLAGS, CS, IP --- */

static void check_real(const char *label, const char *at, unsigned vector, unsigned before)
{
	struct guest g;

	guest_go(&g, "faults16", GUEST_REAL, label);
	expect_caught(&g, vector);
	expect_retired(&g, before);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK_16 - 6);
	expect_u64(guest_u16(&g, STACK_16 - 6), guest_at(&g, at));
	expect_u64(guest_u16(&g, STACK_16 - 4), 0);
	expect_u64(guest_u16(&g, STACK_16 - 2) & EFLAGS_FIXED, EFLAGS_FIXED);
	guest_close(&g);
}

#define REAL_FACT(fact, label, at, vector, before)     \
	Test(faults16, fact)                           \
	{                                              \
		check_real(label, at, vector, before); \
	}

REAL_FACT(divide_error_pushes_the_divs_own_address, "divide", "divide_at", VECTOR_DE, 2)
REAL_FACT(bound_range, "bound", "bound_at", VECTOR_BR, 2)
REAL_FACT(undefined_opcode, "undefined", "undefined_at", VECTOR_UD, 1)
REAL_FACT(breakpoint_pushes_the_address_after_it, "breakpoint", "breakpoint_after", VECTOR_BP, 1)
REAL_FACT(into_pushes_the_address_after_it, "overflow", "overflow_after", VECTOR_OF, 3)
REAL_FACT(device_not_available, "no_device", "no_device_at", VECTOR_NM, 3)

Test(faults16, int_clears_if_and_pushes_the_flags_before)
{
	struct guest g;

	guest_go(&g, "faults16", GUEST_REAL, "soft");
	expect_caught(&g, 0x21);
	expect_retired(&g, 3);
	expect_u64(guest_u16(&g, STACK_16 - 6), guest_at(&g, "soft_after"));
	expect_u64(guest_u16(&g, STACK_16 - 2), EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF);
	expect_u64(g.cpu.rflags & EFLAGS_IF, 0);
	expect_u64(guest_event(&g, EVENT_SOFT_INT, 0)->count, 2);
	guest_close(&g);
}

Test(faults16, iret_goes_back_with_the_flags)
{
	struct guest g;

	guest_open(&g, "faults16");
	guest_start(&g, GUEST_REAL, "back");
	guest_gate(&g, 0x22, guest_at(&g, "back_handler"), 0, 0, 0);
	guest_run(&g);
	expect_halted(&g, "back_done");
	expect_u64(g.cpu.gpr[GPR_RAX] & 0xff, 1);
	expect_u64(g.stop.instructions, 6);
	guest_close(&g);
}

/* --- protected mode: EFLAGS, CS, EIP, error code --- */

#define NO_ERROR_CODE UINT32_MAX

static void check_32(const char *label, const char *at, unsigned vector, uint32_t error_code,
		     unsigned before)
{
	struct guest g;
	uint32_t esp;

	guest_go(&g, "faults32", GUEST_P32, label);
	expect_caught(&g, vector);
	expect_retired(&g, before);
	esp = STACK - (error_code == NO_ERROR_CODE ? 12 : 16);
	expect_u64(g.cpu.gpr[GPR_RSP], esp);
	if (error_code != NO_ERROR_CODE) {
		expect_u64(guest_u32(&g, esp), error_code);
		esp += 4;
	}
	expect_u64(guest_u32(&g, esp), guest_at(&g, at));
	expect_u64(guest_u32(&g, esp + 4), SEL_CODE32);
	expect_u64(guest_u32(&g, esp + 8) & EFLAGS_FIXED, EFLAGS_FIXED);
	guest_close(&g);
}

#define FACT_32(fact, label, at, vector, error_code, before)     \
	Test(faults32, fact)                                     \
	{                                                        \
		check_32(label, at, vector, error_code, before); \
	}

FACT_32(divide_error_has_no_error_code, "divide", "divide_at", VECTOR_DE, NO_ERROR_CODE, 1)
FACT_32(bound_range, "bound", "bound_at", VECTOR_BR, NO_ERROR_CODE, 3)
FACT_32(into_pushes_the_address_after_it, "overflow", "overflow_after", VECTOR_OF, NO_ERROR_CODE, 3)
FACT_32(breakpoint_pushes_the_address_after_it, "breakpoint", "breakpoint_after", VECTOR_BP,
	NO_ERROR_CODE, 1)
FACT_32(undefined_opcode, "undefined", "undefined_at", VECTOR_UD, NO_ERROR_CODE, 1)
FACT_32(device_not_available, "no_device", "no_device_at", VECTOR_NM, NO_ERROR_CODE, 3)
FACT_32(absent_segment_names_its_selector, "not_present", "not_present_at", VECTOR_NP, SEL_ABSENT,
	1)
FACT_32(absent_stack_is_ss_with_its_selector, "stack_absent", "stack_absent_at", VECTOR_SS,
	SEL_ABSENT, 1)
FACT_32(selector_beyond_the_gdt_is_gp_with_it, "beyond_gdt", "beyond_gdt_at", VECTOR_GP, SEL_BEYOND,
	1)
FACT_32(iret_through_a_null_back_link_is_ts, "bad_tss", "bad_tss_at", VECTOR_TS, 0, 3)

Test(faults32, page_fault_has_cr2_and_error_code)
{
	struct guest g;

	guest_go(&g, "faults32", GUEST_P32, "page");
	expect_caught(&g, VECTOR_PF);
	expect_retired(&g, 9);
	expect_u64(g.cpu.cr2, UNMAPPED + 0x234);
	expect_u64(machine_event_count(g.m, EVENT_PAGE_FAULT), 1);
	expect_u64(guest_event(&g, EVENT_PAGE_FAULT, 0)->arg[0], UNMAPPED + 0x234);
	expect_u64(guest_u32(&g, STACK - 16), PF_ERR_W);
	expect_u64(guest_u32(&g, STACK - 12), guest_at(&g, "page_at"));
	guest_close(&g);
}

static uint64_t if_after_gate(uint8_t attr)
{
	struct guest g;
	uint64_t flags;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "soft");
	guest_gate(&g, 0x40, CATCH + 16 * 0x40, SEL_CODE32, attr, 0);
	guest_run(&g);
	expect_u64(guest_u32(&g, STACK - 12), guest_at(&g, "soft_after"));
	expect_u64(guest_u32(&g, STACK - 4), EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF);
	flags = g.cpu.rflags;
	guest_close(&g);
	return flags & EFLAGS_IF;
}

Test(faults32, interrupt_gate_clears_if)
{
	expect_u64(if_after_gate(GATE_INT), 0);
}

Test(faults32, trap_gate_keeps_if)
{
	expect_u64(if_after_gate(GATE_TRAP), EFLAGS_IF);
}

Test(faults32, iret_goes_back)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "back");
	guest_gate(&g, 0x41, guest_at(&g, "back_handler"), SEL_CODE32, GATE_INT, 0);
	g.limits.max_instructions = 4;
	guest_run(&g);
	expect_stop(&g, STOP_LIMIT);
	expect_u64(g.cpu.rip, guest_at(&g, "back_after") + 1);
	expect_u64(g.cpu.rflags & EFLAGS_IF, EFLAGS_IF);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK);
	guest_close(&g);
}

/* A 16-bit gate pushes words. */
Test(faults32, a_16_bit_gate_pushes_a_16_bit_frame)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "soft");
	guest_gate(&g, 0x40, CATCH + 16 * 0x40, SEL_CODE32, 0x86, 0);
	guest_run(&g);
	expect_caught(&g, 0x40);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK - 6);
	expect_u64(guest_u16(&g, STACK - 6), guest_at(&g, "soft_after") & 0xffff);
	expect_u64(guest_u16(&g, STACK - 4), SEL_CODE32);
	expect_u64(guest_u16(&g, STACK - 2), EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF);
	guest_close(&g);
}

Test(faults32, absent_gate_is_np_with_the_idt_bit)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "soft");
	guest_gate(&g, 0x40, CATCH, SEL_CODE32, GATE_INT & 0x7f, 0);
	guest_run(&g);
	expect_caught(&g, VECTOR_NP);
	expect_u64(guest_u32(&g, STACK - 16), 0x40 * 8 + 2);
	guest_close(&g);
}

Test(faults32, gate_to_a_data_segment_is_gp_with_its_selector)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "soft");
	guest_gate(&g, 0x40, CATCH, SEL_DATA, GATE_INT, 0);
	guest_run(&g);
	expect_caught(&g, VECTOR_GP);
	expect_u64(guest_u32(&g, STACK - 16), SEL_DATA);
	guest_close(&g);
}

/* SDM 3A 6.12.1: to a more privileged handler the old stack is pushed on the TSS's. */
Test(faults32, privilege_change_takes_the_stack_from_the_tss)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32_USER, "user_soft");
	guest_gate(&g, 0x42, CATCH + 16 * 0x42, SEL_CODE32, GATE_INT | GATE_DPL3, 0);
	guest_run(&g);
	expect_caught(&g, 0x42);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK_R0 - 20);
	expect_u64(guest_u32(&g, STACK_R0 - 4), SEL_UDATA);
	expect_u64(guest_u32(&g, STACK_R0 - 8), STACK);
	expect_u64(guest_u32(&g, STACK_R0 - 16), SEL_UCODE32);
	expect_u64(guest_u32(&g, STACK_R0 - 20), guest_at(&g, "user_soft_after"));
	expect_u64(g.cpu.seg[SEG_SS].selector, SEL_DATA);
	expect_u64(cpu_cpl(&g.cpu), 0);
	guest_close(&g);
}

Test(faults32, soft_int_below_the_gates_dpl_is_gp_with_the_vector)
{
	struct guest g;

	guest_go(&g, "faults32", GUEST_P32_USER, "user_forbidden");
	expect_caught(&g, VECTOR_GP);
	expect_retired(&g, 1);
	expect_u64(guest_u32(&g, STACK_R0 - 24), 0x43 * 8 + 2);
	expect_u64(guest_u32(&g, STACK_R0 - 20), guest_at(&g, "user_forbidden_at"));
	guest_close(&g);
}

Test(faults32, hlt_in_user_code_is_gp)
{
	struct guest g;

	guest_go(&g, "faults32", GUEST_P32_USER, "user_hlt");
	expect_caught(&g, VECTOR_GP);
	expect_retired(&g, 1);
	expect_u64(guest_u32(&g, STACK_R0 - 20), guest_at(&g, "user_hlt_at"));
	guest_close(&g);
}

/* --- 64-bit mode: SS, RSP, RFLAGS, CS, RIP, error code; RSP aligned to 16 first --- */

static void check_64(const char *label, const char *at, unsigned vector, uint32_t error_code,
		     unsigned before)
{
	struct guest g;
	uint64_t rsp;

	guest_go(&g, "faults64", GUEST_LONG, label);
	expect_caught(&g, vector);
	expect_retired(&g, before);
	rsp = STACK - (error_code == NO_ERROR_CODE ? 40 : 48);
	expect_u64(g.cpu.gpr[GPR_RSP], rsp);
	if (error_code != NO_ERROR_CODE) {
		expect_u64(guest_u64(&g, rsp), error_code);
		rsp += 8;
	}
	expect_u64(guest_u64(&g, rsp), guest_at(&g, at));
	expect_u64(guest_u64(&g, rsp + 8), SEL_CODE64);
	expect_u64(guest_u64(&g, rsp + 16) & EFLAGS_FIXED, EFLAGS_FIXED);
	expect_u64(guest_u64(&g, rsp + 24), STACK);
	expect_u64(guest_u64(&g, rsp + 32), SEL_DATA);
	guest_close(&g);
}

#define FACT_64(fact, label, at, vector, error_code, before)     \
	Test(faults64, fact)                                     \
	{                                                        \
		check_64(label, at, vector, error_code, before); \
	}

FACT_64(divide_error, "divide", "divide_at", VECTOR_DE, NO_ERROR_CODE, 1)
FACT_64(breakpoint, "breakpoint", "breakpoint_after", VECTOR_BP, NO_ERROR_CODE, 1)
FACT_64(undefined_opcode, "undefined", "undefined_at", VECTOR_UD, NO_ERROR_CODE, 1)
FACT_64(opcode_that_64_bit_mode_lacks, "no_such_opcode", "no_such_opcode_at", VECTOR_UD,
	NO_ERROR_CODE, 1)
FACT_64(device_not_available, "no_device", "no_device_at", VECTOR_NM, NO_ERROR_CODE, 3)
FACT_64(absent_segment, "not_present", "not_present_at", VECTOR_NP, SEL_ABSENT, 1)
FACT_64(absent_stack, "stack_absent", "stack_absent_at", VECTOR_SS, SEL_ABSENT, 1)
FACT_64(noncanonical_address_is_gp_0, "noncanonical", "noncanonical_at", VECTOR_GP, 0, 1)
FACT_64(single_step_traps_after_the_instruction, "single_step", "single_step_after", VECTOR_DB,
	NO_ERROR_CODE, 4)

static void check_page(const char *label, const char *at, uint64_t address, uint32_t error_code,
		       unsigned before)
{
	struct guest g;

	guest_go(&g, "faults64", GUEST_LONG, label);
	expect_caught(&g, VECTOR_PF);
	expect_retired(&g, before);
	expect_u64(g.cpu.cr2, address);
	expect_u64(guest_u64(&g, STACK - 48), error_code);
	expect_u64(guest_u64(&g, STACK - 40), at ? guest_at(&g, at) : address);
	guest_close(&g);
}

Test(faults64, page_fault_of_a_load)
{
	check_page("page_read", "page_read_at", UNMAPPED + 0x234, 0, 1);
}

Test(faults64, page_fault_of_a_store)
{
	check_page("page_write", "page_write_at", UNMAPPED + 0x238, PF_ERR_W, 1);
}

/* SDM 3A 4.7: the I/D bit is set only with NXE (or SMEP), which is off here. */
Test(faults64, page_fault_of_a_fetch)
{
	check_page("page_fetch", NULL, UNMAPPED + 0x10, 0, 2);
}

/* Where the stack itself is bad only an IST stack can take the frame. */
Test(faults64, noncanonical_stack_faults_on_an_ist_stack)
{
	const uint64_t top = STACK_IST & ~15u;
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "stack_noncanonical");
	guest_gate(&g, VECTOR_GP, CATCH, SEL_CODE64, GATE_INT,
		   1); /* the engine says #GP(0), a CPU #SS(0) */
	guest_gate(&g, VECTOR_SS, CATCH, SEL_CODE64, GATE_INT, 1);
	guest_run(&g);
	expect_caught(&g, 0);
	expect_u64(g.cpu.gpr[GPR_RSP], top - 48);
	expect_u64(guest_u64(&g, top - 48), 0);
	expect_u64(guest_u64(&g, top - 40), guest_at(&g, "stack_noncanonical_at"));
	expect_u64(guest_u64(&g, top - 16), 0x0000800000000000);
	guest_close(&g);
}

Test(faults64, stack_is_aligned_to_16_before_the_frame)
{
	struct guest g;

	guest_go(&g, "faults64", GUEST_LONG, "odd_stack");
	expect_caught(&g, 0x40);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK - 16 - 40);
	expect_u64(guest_u64(&g, STACK - 16 - 16), STACK - 3);
	guest_close(&g);
}

Test(faults64, trap_gate_keeps_if_and_interrupt_gate_clears_it)
{
	struct guest g;

	for (unsigned trap = 0; trap < 2; trap++) {
		guest_open(&g, "faults64");
		guest_start(&g, GUEST_LONG, "soft");
		guest_gate(&g, 0x40, CATCH + 16 * 0x40, SEL_CODE64, trap ? GATE_TRAP : GATE_INT, 0);
		guest_run(&g);
		expect_stop(&g, STOP_HLT);
		expect_u64(g.cpu.rflags & EFLAGS_IF, trap ? EFLAGS_IF : 0);
		expect_u64(guest_u64(&g, STACK - 24), EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF);
		guest_close(&g);
	}
}

Test(faults64, iretq_restores_the_stack_that_was_not_aligned)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "back");
	guest_gate(&g, 0x41, guest_at(&g, "back_handler"), SEL_CODE64, GATE_INT, 0);
	guest_run(&g);
	expect_halted(&g, "back_done");
	expect_u64(g.cpu.gpr[GPR_RSP], STACK - 0x108);
	expect_u64(g.cpu.rflags & EFLAGS_IF, EFLAGS_IF);
	expect_u64(g.stop.instructions, 6);
	guest_close(&g);
}

Test(faults64, a_page_mapped_by_the_handler_is_there_for_the_same_instruction)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "demand");
	guest_gate(&g, VECTOR_PF, guest_at(&g, "demand_handler"), SEL_CODE64, GATE_INT, 0);
	guest_run(&g);
	expect_halted(&g, "demand_done");
	expect_u64(g.cpu.gpr[GPR_RCX], 0x5a5a);
	expect_u64(guest_u32(&g, SCRATCH + 0x1000), 0x5a5a);
	expect_u64(machine_event_count(g.m, EVENT_EXCEPTION), 1);
	expect_u64(g.stop.instructions, 2 + 5 + 3);
	guest_close(&g);
}

Test(faults64, faulting_instructions_do_not_retire)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "ten_faults");
	guest_gate(&g, VECTOR_PF, guest_at(&g, "skip_handler"), SEL_CODE64, GATE_INT, 0);
	guest_run(&g);
	expect_halted(&g, "ten_faults_done");
	expect_u64(machine_event_count(g.m, EVENT_EXCEPTION), 10);
	expect_u64(guest_event(&g, EVENT_EXCEPTION, 1)->count, 2 + 7 + 1);
	expect_u64(g.stop.instructions, 2 + 10 * (4 + 3) + 1);
	guest_close(&g);
}

Test(faults64, ist_is_taken_without_a_privilege_change)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "divide");
	guest_gate(&g, VECTOR_DE, CATCH, SEL_CODE64, GATE_INT, 1);
	guest_run(&g);
	expect_caught(&g, VECTOR_DE);
	expect_u64(g.cpu.gpr[GPR_RSP], (STACK_IST & ~15u) - 40);
	expect_u64(guest_u64(&g, (STACK_IST & ~15u) - 16), STACK);
	expect_u64(guest_u64(&g, (STACK_IST & ~15u) - 8), SEL_DATA);
	guest_close(&g);
}

Test(faults64, privilege_change_takes_rsp0_and_a_null_ss)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG_USER, "user_soft");
	guest_gate(&g, 0x42, CATCH + 16 * 0x42, SEL_CODE64, GATE_INT | GATE_DPL3, 0);
	guest_run(&g);
	expect_caught(&g, 0x42);
	expect_u64(g.cpu.gpr[GPR_RSP], STACK_R0 - 40);
	expect_u64(guest_u64(&g, STACK_R0 - 8), SEL_UDATA);
	expect_u64(guest_u64(&g, STACK_R0 - 16), STACK);
	expect_u64(guest_u64(&g, STACK_R0 - 32), SEL_UCODE64);
	expect_u64(guest_u64(&g, STACK_R0 - 40), guest_at(&g, "user_soft_after"));
	expect_u64(g.cpu.seg[SEG_SS].selector, 0);
	expect_u64(cpu_cpl(&g.cpu), 0);
	guest_close(&g);
}

Test(faults64, soft_int_below_the_gates_dpl_is_gp_with_the_vector)
{
	struct guest g;

	guest_go(&g, "faults64", GUEST_LONG_USER, "user_forbidden");
	expect_caught(&g, VECTOR_GP);
	expect_u64(guest_u64(&g, STACK_R0 - 48), 0x43 * 8 + 2);
	expect_u64(guest_u64(&g, STACK_R0 - 40), guest_at(&g, "user_forbidden_at"));
	guest_close(&g);
}

Test(faults64, user_page_fault_says_user)
{
	struct guest g;

	guest_go(&g, "faults64", GUEST_LONG_USER, "user_page");
	expect_caught(&g, VECTOR_PF);
	expect_u64(guest_u64(&g, STACK_R0 - 48), PF_ERR_W | PF_ERR_U);
	expect_u64(guest_u64(&g, STACK_R0 - 40), guest_at(&g, "user_page_at"));
	guest_close(&g);
}

/* --- faults while delivering: SDM 3A table 6-5 --- */

/* #DE whose gate leads to an absent code segment: two contributory faults. */
Test(nested, contributory_after_contributory_is_a_double_fault_with_code_0)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "divide");
	guest_gate(&g, VECTOR_DE, CATCH, SEL_ABSENT_CODE, GATE_INT, 0);
	guest_run(&g);
	expect_caught(&g, VECTOR_DF);
	expect_retired(&g, 1);
	expect_u64(guest_u64(&g, STACK - 48), 0);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "divide_at"));
	guest_close(&g);
}

/* #BP is benign: the fault at its gate is delivered for itself. */
Test(nested, contributory_after_benign_is_delivered_for_itself)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "breakpoint");
	guest_gate(&g, VECTOR_BP, CATCH, SEL_ABSENT_CODE, GATE_INT, 0);
	guest_run(&g);
	expect_caught(&g, VECTOR_NP);
	expect_u64(guest_u64(&g, STACK - 48), SEL_ABSENT_CODE);
	guest_close(&g);
}

/* #PF whose IST stack is not mapped: a page fault while delivering one. */
Test(nested, page_fault_after_page_fault_is_a_double_fault)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "page_read");
	guest_gate(&g, VECTOR_PF, CATCH, SEL_CODE64, GATE_INT, 1);
	guest_put64(&g, TSS + 36, UNMAPPED + 0x10000);
	guest_run(&g);
	expect_caught(&g, VECTOR_DF);
	expect_u64(guest_u64(&g, STACK - 48), 0);
	guest_close(&g);
}

/* #UD is benign: a page fault while pushing its frame is delivered as a page fault. */
Test(nested, page_fault_after_benign_is_delivered_for_itself)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "undefined");
	guest_gate(&g, VECTOR_UD, CATCH, SEL_CODE64, GATE_INT, 1);
	guest_put64(&g, TSS + 36, UNMAPPED + 0x10000);
	guest_run(&g);
	expect_caught(&g, VECTOR_PF);
	expect_u64(g.cpu.cr2, UNMAPPED + 0x10000 - 40);
	expect_u64(guest_u64(&g, STACK - 48), PF_ERR_W);
	guest_close(&g);
}

Test(nested, no_idt_is_a_triple_fault_at_the_instruction)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "undefined");
	g.cpu.idtr.limit = 0;
	guest_set(&g);
	guest_run(&g);
	expect_stop(&g, STOP_TRIPLE_FAULT);
	expect_u64(g.stop.pc, guest_at(&g, "undefined_at"));
	expect_u64(g.stop.instructions, 1);
	cr_expect(strstr(g.stop.text, "#UD"));
	guest_close(&g);
}

/* SDM 3A 20.1.4: the IVT has a limit too. */
Test(nested, int_beyond_the_ivts_limit_is_a_triple_fault)
{
	struct guest g;

	guest_open(&g, "faults16");
	guest_start(&g, GUEST_REAL, "soft");
	g.cpu.idtr.limit = 0;
	guest_set(&g);
	guest_run(&g);
	expect_stop(&g, STOP_TRIPLE_FAULT);
	expect_u64(g.stop.instructions, 2);
	guest_close(&g);
}

Test(nested, a_triple_fault_of_a_page_fault_names_the_address)
{
	struct guest g;

	guest_open(&g, "faults64");
	guest_start(&g, GUEST_LONG, "page_read");
	g.cpu.idtr.base = UNMAPPED + 0x5000;
	guest_set(&g);
	guest_run(&g);
	expect_stop(&g, STOP_TRIPLE_FAULT);
	cr_expect(g.stop.has_fault_address);
	expect_u64(g.stop.fault_address, UNMAPPED + 0x234);
	guest_close(&g);
}

Test(nested, int_without_an_idt_in_protected_mode_is_a_triple_fault)
{
	struct guest g;

	guest_open(&g, "faults32");
	guest_start(&g, GUEST_P32, "soft");
	g.cpu.idtr.limit = 0;
	guest_set(&g);
	guest_run(&g);
	expect_stop(&g, STOP_TRIPLE_FAULT);
	guest_close(&g);
}
