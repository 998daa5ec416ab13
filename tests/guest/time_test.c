/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts at exact counts, limits, and what a guest that never ends is called. */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

#define VECTOR 0x50

static void start(struct guest *g, const char *label)
{
	guest_open(g, "time");
	guest_start(g, GUEST_LONG, label);
	guest_gate(g, 0x41, guest_at(g, "back_handler"), SEL_CODE64, GATE_INT, 0);
}

static void expect_interrupted(const char *label, uint64_t due, uint64_t taken, const char *at)
{
	struct guest g;

	start(&g, label);
	cr_assert(!machine_interrupt_at(g.m, due, VECTOR));
	guest_run(&g);
	expect_caught(&g, VECTOR);
	expect_u64(g.stop.instructions, taken + 1);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, at));
	expect_u64(guest_u64(&g, STACK - 24) & EFLAGS_IF, EFLAGS_IF);
	expect_u64(guest_event(&g, EVENT_INTERRUPT, 0)->count, taken);
	guest_close(&g);
}

Test(timer, in_the_middle_of_a_block)
{
	expect_interrupted("straight", 5, 5, "straight_5");
}

Test(timer, at_the_start_of_a_block)
{
	expect_interrupted("blocks", 3, 3, "blocks_3");
}

Test(timer, inside_rep_between_two_rounds)
{
	struct guest g;

	start(&g, "rep");
	guest_gate(&g, VECTOR, guest_at(&g, "back_handler"), SEL_CODE64, GATE_INT, 0);
	cr_assert(!machine_interrupt_at(g.m, 4 + 42, VECTOR));
	cr_assert(!machine_break_add(g.m, guest_at(&g, "back_handler")));
	guest_run(&g);
	expect_stop(&g, STOP_POINT);
	expect_u64(g.stop.instructions, 4 + 42);
	expect_u64(g.cpu.gpr[GPR_RCX], 100 - 42);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "rep_at"));
	guest_run(&g);
	expect_stop(&g, STOP_HLT);
	expect_u64(g.cpu.gpr[GPR_RCX], 0);
	expect_u64(g.stop.instructions, 4 + 100 + 2 + 1);
	expect_u64(guest_u64(&g, SCRATCH + 92), 0x7777777777777777);
	guest_close(&g);
}

Test(timer, after_the_last_round_of_rep_the_next_instruction_waits)
{
	struct guest g;

	start(&g, "rep");
	cr_assert(!machine_interrupt_at(g.m, 4 + 100, VECTOR));
	guest_run(&g);
	expect_caught(&g, VECTOR);
	expect_u64(g.stop.instructions, 4 + 100 + 1);
	expect_u64(guest_u64(&g, STACK - 40), guest_at(&g, "rep_done") - 1);
	guest_close(&g);
}

Test(timer, waits_for_sti_and_the_instruction_after_it)
{
	expect_interrupted("shadow", 2, 6, "shadow_6");
}

Test(timer, waits_for_the_instruction_after_mov_ss)
{
	expect_interrupted("mov_ss", 3, 4, "mov_ss_4");
}

/* An interrupt that is overdue once hid the limit, which was passed by the rest of the block. */
Test(timer, a_limit_is_exact_while_an_interrupt_waits)
{
	struct guest g;

	start(&g, "shadow");
	cr_assert(!machine_interrupt_at(g.m, 2, VECTOR));
	for (uint64_t n = 1; n < 6; n++) {
		g.limits.max_instructions = n;
		guest_run(&g);
		expect_stop(&g, STOP_LIMIT);
		expect_u64(g.stop.instructions, n);
	}
	guest_close(&g);
}

/* A run that ended in HLT once went on behind it. */
Test(timer, a_limit_in_hlt_leaves_it_halted)
{
	struct guest g;

	start(&g, "sleep");
	guest_gate(&g, VECTOR, guest_at(&g, "back_handler"), SEL_CODE64, GATE_INT, 0);
	cr_assert(!machine_interrupt_at(g.m, 1000, VECTOR));
	for (uint64_t n = 3; n < 6; n++) {
		g.limits.max_instructions = n;
		guest_run(&g);
		expect_stop(&g, STOP_LIMIT);
		expect_u64(g.stop.pc, guest_at(&g, "sleep_2"));
		cr_expect(g.cpu.gpr[GPR_RBX] != 0x5eeb);
	}
	g.limits.max_instructions = 0;
	guest_run(&g);
	expect_halted(&g, "sleep_done");
	expect_u64(g.stop.instructions, 1000 + 2 + 3);
	guest_close(&g);
}

Test(timer, wakes_from_hlt_at_its_count)
{
	struct guest g;

	start(&g, "sleep");
	guest_gate(&g, VECTOR, guest_at(&g, "back_handler"), SEL_CODE64, GATE_INT, 0);
	cr_assert(!machine_interrupt_at(g.m, 1000, VECTOR));
	guest_run(&g);
	expect_halted(&g, "sleep_done");
	expect_u64(g.cpu.gpr[GPR_R9], 1);
	expect_u64(g.stop.instructions, 1000 + 2 + 3);
	guest_close(&g);
}

static uint64_t order_of(uint64_t first, uint64_t second)
{
	struct guest g;
	uint64_t r8;

	start(&g, "order");
	guest_gate(&g, VECTOR, guest_at(&g, "order_first"), SEL_CODE64, GATE_INT, 0);
	guest_gate(&g, VECTOR + 1, guest_at(&g, "order_second"), SEL_CODE64, GATE_INT, 0);
	cr_assert(!machine_interrupt_at(g.m, first, VECTOR));
	cr_assert(!machine_interrupt_at(g.m, second, VECTOR + 1));
	guest_run(&g);
	expect_halted(&g, "order_done");
	r8 = g.cpu.gpr[GPR_R8];
	guest_close(&g);
	return r8;
}

Test(timer, two_come_in_the_order_of_their_counts)
{
	expect_u64(order_of(3, 7), 0x12);
	expect_u64(order_of(7, 3), 0x21);
}

Test(timer, two_of_one_count_come_in_the_order_of_their_making)
{
	expect_u64(order_of(4, 4), 0x12);
}

/* Wherever it comes, it comes there exactly, and the work's result is the same. */
Test(timer, at_any_count_of_mixed_work)
{
	uint64_t plain, sum;
	struct guest g;

	start(&g, "work");
	guest_run(&g);
	expect_halted(&g, "work_done");
	plain = g.stop.instructions;
	sum = g.cpu.gpr[GPR_R10];
	guest_close(&g);
	for (uint64_t n = 2; n < plain - 2; n++) {
		const struct event *ev;

		start(&g, "work");
		guest_gate(&g, VECTOR, guest_at(&g, "back_handler"), SEL_CODE64, GATE_INT, 0);
		cr_assert(!machine_interrupt_at(g.m, n, VECTOR));
		guest_run(&g);
		expect_halted(&g, "work_done");
		ev = guest_event(&g, EVENT_INTERRUPT, 0);
		cr_assert(ev);
		/* INT 41h's handler runs with IF off: there it waits for IRET. */
		cr_expect(ev->count - n <= 2, "due at %llu, came at %llu", (unsigned long long)n,
			  (unsigned long long)ev->count);
		expect_u64(g.stop.instructions, plain + 2);
		expect_u64(g.cpu.gpr[GPR_R10], sum);
		expect_u64(g.cpu.gpr[GPR_R9], 4);
		guest_close(&g);
	}
}

/* --- max_instructions --- */

Test(limit, ends_after_exactly_so_many)
{
	struct guest g;

	for (uint64_t n = 1; n < 100; n++) {
		start(&g, "work");
		g.limits.max_instructions = n;
		guest_run(&g);
		expect_stop(&g, STOP_LIMIT);
		expect_u64(g.stop.instructions, n);
		guest_close(&g);
	}
}

static bool see(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	(void)m;
	(void)pc;
	(void)gpa;
	(void)arg;
	return false;
}

static void digest_of_work(uint64_t step, bool extras, char ret[33])
{
	struct guest g;

	start(&g, "work");
	if (extras) {
		machine_on_arrival(g.m, see, NULL);
		cr_assert(!machine_break_add(g.m, guest_at(&g, "work_part")));
		cr_assert(!machine_break_add(g.m, guest_at(&g, "work_code")));
	}
	g.limits.max_instructions = step;
	do {
		guest_run(&g);
		if (g.stop.kind == STOP_LIMIT)
			g.limits.max_instructions += step;
	} while (g.stop.kind == STOP_LIMIT || g.stop.kind == STOP_POINT);
	expect_halted(&g, "work_done");
	machine_digest(g.m, ret);
	guest_close(&g);
}

Test(limit, a_run_in_pieces_gives_the_digest_of_a_run_in_one)
{
	static const unsigned steps[] = { 1, 2, 3, 7, 10 };
	char whole[33], pieces[33];

	digest_of_work(100000, false, whole);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		digest_of_work(steps[i], false, pieces);
		cr_expect(!strcmp(whole, pieces), "in steps of %u", steps[i]);
	}
}

Test(limit, breakpoints_and_hooks_do_not_change_the_digest)
{
	char plain[33], hooked[33];

	digest_of_work(100000, false, plain);
	digest_of_work(100000, true, hooked);
	cr_expect(!strcmp(plain, hooked));
}

Test(breakpoint, stops_each_time_before_the_instruction)
{
	struct guest g;

	start(&g, "work");
	cr_assert(!machine_break_add(g.m, guest_at(&g, "work_part")));
	for (unsigned i = 0; i < 3; i++) {
		guest_run(&g);
		expect_stop(&g, STOP_POINT);
		expect_u64(g.stop.pc, guest_at(&g, "work_part"));
		expect_u64(g.cpu.gpr[GPR_RBP], 3 - i);
	}
	machine_break_remove(g.m, guest_at(&g, "work_part"));
	guest_run(&g);
	expect_halted(&g, "work_done");
	guest_close(&g);
}

Test(breakpoint, in_the_middle_of_a_block_has_the_exact_count)
{
	struct guest g;

	start(&g, "straight");
	cr_assert(!machine_break_add(g.m, guest_at(&g, "straight_5")));
	guest_run(&g);
	expect_stop(&g, STOP_POINT);
	expect_u64(g.stop.instructions, 5);
	guest_close(&g);
}

/* --- what never ends --- */

static void expect_ends(const char *label, enum stop_kind kind)
{
	struct guest g;

	start(&g, label);
	guest_run(&g);
	expect_stop(&g, kind);
	cr_expect(kind != STOP_LIMIT || g.stop.instructions == g.limits.max_instructions);
	guest_close(&g);
}

Test(hang, hlt_with_interrupts_off)
{
	expect_ends("hlt_forever", STOP_HLT);
}

Test(hang, a_jump_to_itself)
{
	expect_ends("jump_to_itself", STOP_REPEAT);
}

Test(hang, a_loop_of_calls_and_pushes)
{
	expect_ends("call_loop", STOP_REPEAT);
}

Test(hang, waiting_for_memory_that_nothing_changes)
{
	expect_ends("wait_for_memory", STOP_REPEAT);
}

Test(hang, counting_is_no_repeat)
{
	expect_ends("counting", STOP_LIMIT);
}

Test(hang, counting_in_memory_is_no_repeat)
{
	expect_ends("counting_in_memory", STOP_LIMIT);
}

Test(hang, polling_a_port_is_no_repeat)
{
	expect_ends("polling", STOP_LIMIT);
}

Test(hang, a_jump_to_itself_that_a_timer_will_end_is_no_repeat)
{
	struct guest g;

	start(&g, "jump_with_interrupts");
	cr_assert(!machine_interrupt_at(g.m, 5000000, VECTOR));
	guest_run(&g);
	expect_caught(&g, VECTOR);
	expect_u64(g.stop.instructions, 5000001);
	guest_close(&g);
}

Test(hang, hlt_with_interrupts_on_and_no_timer)
{
	expect_ends("sleep", STOP_HLT);
}
