/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots, two machines in one process, and the trap from guest to C. */
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/guest/guest.h"

static void start(struct guest *g, const char *label)
{
	guest_open(g, "time");
	guest_start(g, GUEST_LONG, label);
	guest_gate(g, 0x41, guest_at(g, "back_handler"), SEL_CODE64, GATE_INT, 0);
}

static void run_to(struct guest *g, uint64_t count)
{
	g->limits.max_instructions = count;
	guest_run(g);
}

/* Digest of @label's end: run from @at on, twice from one snapshot, and once without any. */
static void check_snapshot(const char *label, const char *done, uint64_t at)
{
	char plain[33], first[33], second[33], before[33], after[33];
	struct snapshot *s;
	struct guest g;

	start(&g, label);
	run_to(&g, 1000000);
	machine_digest(g.m, plain);
	guest_close(&g);
	start(&g, label);
	run_to(&g, at);
	expect_stop(&g, STOP_LIMIT);
	cr_assert(!machine_snapshot(g.m, &s));
	machine_digest(g.m, before);
	run_to(&g, 1000000);
	expect_halted(&g, done);
	machine_digest(g.m, first);
	cr_assert(!machine_restore(g.m, s));
	machine_digest(g.m, after);
	run_to(&g, 1000000);
	machine_digest(g.m, second);
	cr_expect(!strcmp(before, after), "restored at %llu", (unsigned long long)at);
	cr_expect(!strcmp(first, second), "run again from %llu", (unsigned long long)at);
	cr_expect(!strcmp(first, plain), "snapshot taken at %llu", (unsigned long long)at);
	snapshot_destroy(s);
	guest_close(&g);
}

Test(snapshot, at_any_point_of_mixed_work_runs_to_the_same_digest)
{
	for (uint64_t at = 1; at < 100; at += 3)
		check_snapshot("work", "work_done", at);
}

Test(snapshot, in_the_middle_of_a_rep)
{
	check_snapshot("rep", "rep_done", 4 + 57);
}

Test(snapshot, a_pending_interrupt_comes_again)
{
	struct snapshot *s;
	struct guest g;

	start(&g, "straight");
	cr_assert(!machine_interrupt_at(g.m, 5, 0x50));
	run_to(&g, 2);
	cr_assert(!machine_snapshot(g.m, &s));
	for (unsigned i = 0; i < 2; i++) {
		run_to(&g, 1000);
		expect_caught(&g, 0x50);
		expect_u64(g.stop.instructions, 6);
		cr_assert(!machine_restore(g.m, s));
	}
	snapshot_destroy(s);
	guest_close(&g);
}

Test(snapshot, console_and_events_go_back_too)
{
	struct snapshot *s;
	uint64_t events;
	struct guest g;

	start(&g, "work");
	cr_assert(!machine_snapshot(g.m, &s));
	events = machine_event_count(g.m, EVENT_PORT_OUT);
	guest_run(&g);
	expect_u64(machine_console(g.m)->len, 3);
	cr_assert(!machine_restore(g.m, s));
	expect_u64(machine_console(g.m)->len, 0);
	expect_u64(machine_event_count(g.m, EVENT_PORT_OUT), events);
	snapshot_destroy(s);
	guest_close(&g);
}

Test(snapshot, a_models_part_is_saved_and_digested)
{
	struct snapshot *s;
	uint64_t state = 1;
	char one[33], two[33];
	struct guest g;

	start(&g, "work");
	cr_assert(!machine_part_add(g.m, &(struct part){ .name = "test",
							 .version = 1,
							 .size = sizeof(state),
							 .state = &state }));
	cr_assert(!machine_snapshot(g.m, &s));
	machine_digest(g.m, one);
	state = 2;
	machine_digest(g.m, two);
	cr_expect(strcmp(one, two));
	cr_assert(!machine_restore(g.m, s));
	expect_u64(state, 1);
	snapshot_destroy(s);
	guest_close(&g);
}

Test(snapshot, goes_only_into_its_own_machine)
{
	struct snapshot *s;
	struct guest a, b;

	start(&a, "work");
	start(&b, "work");
	cr_assert(!machine_snapshot(a.m, &s));
	cr_expect(machine_restore(b.m, s) == -EINVAL);
	snapshot_destroy(s);
	guest_close(&a);
	guest_close(&b);
}

Test(machines, two_in_one_process_do_not_see_each_other)
{
	char alone[33], a_digest[33], b_digest[33];
	struct guest a, b;

	start(&a, "work");
	guest_run(&a);
	machine_digest(a.m, alone);
	guest_close(&a);
	start(&a, "work");
	start(&b, "work");
	guest_put32(&b, SCRATCH + 0x200, 1);
	for (uint64_t n = 5; a.stop.kind != STOP_HLT || b.stop.kind != STOP_HLT; n += 5) {
		if (a.stop.kind != STOP_HLT)
			run_to(&a, n);
		if (b.stop.kind != STOP_HLT)
			run_to(&b, n + 2);
	}
	machine_digest(a.m, a_digest);
	machine_digest(b.m, b_digest);
	cr_expect(!strcmp(alone, a_digest));
	cr_expect(strcmp(alone, b_digest));
	expect_u64(machine_console(a.m)->len, 3);
	expect_u64(machine_console(b.m)->len, 3);
	expect_u64(guest_u32(&a, SCRATCH + 0x200), 0);
	guest_close(&a);
	guest_close(&b);
}

/* --- the trap --- */

struct call {
	unsigned count;
	uint64_t instructions;
	gva_t pc, go_to;
};

static void on_trap(struct machine *m, gpa_t gpa, void *arg)
{
	struct call *call = arg;
	struct cpu_state cpu;

	(void)gpa;
	machine_cpu_get(m, &cpu);
	call->count++;
	call->instructions = machine_instructions(m);
	call->pc = cpu_pc(&cpu);
	cpu.gpr[GPR_RBX] = 0xb0b;
	if (call->go_to)
		cpu.rip = call->go_to;
	machine_cpu_set(m, &cpu);
}

static void check_trap(const char *name, enum guest_mode mode, const char *label, unsigned before)
{
	struct call call = { 0 };
	struct guest g;

	guest_open(&g, name);
	guest_start(&g, mode, label);
	cr_assert(!machine_trap_add(g.m, guest_at(&g, "trap_at"), on_trap, &call));
	guest_run(&g);
	expect_halted(&g, "trap_done");
	expect_u64(call.count, 1);
	expect_u64(call.pc, guest_at(&g, "trap_at"));
	expect_u64(call.instructions, before);
	expect_u64(g.cpu.gpr[GPR_RBX], 0xb0b);
	expect_u64(g.stop.instructions, before + 3);
	expect_u64(guest_event(&g, EVENT_TRAP, 0)->count, before);
	guest_close(&g);
}

Test(trap, in_real_mode)
{
	check_trap("trap16", GUEST_REAL, "trap", 2);
}

Test(trap, in_protected_mode)
{
	check_trap("trap32", GUEST_P32, "trap", 2);
}

Test(trap, in_compatibility_mode)
{
	check_trap("trap32", GUEST_COMPAT, "trap", 2);
}

Test(trap, in_64_bit_mode)
{
	check_trap("trap64", GUEST_LONG, "trap", 2);
}

Test(trap, a_function_that_sets_rip_goes_there)
{
	struct call call = { 0 };
	struct guest g;

	guest_open(&g, "trap64");
	guest_start(&g, GUEST_LONG, "trap");
	call.go_to = guest_at(&g, "elsewhere");
	cr_assert(!machine_trap_add(g.m, guest_at(&g, "trap_at"), on_trap, &call));
	guest_run(&g);
	expect_halted(&g, "elsewhere_done");
	guest_close(&g);
}

Test(trap, is_physical_whatever_the_mapping)
{
	struct call call = { 0 };
	struct guest g;

	guest_open(&g, "trap64");
	guest_start(&g, GUEST_LONG, "trap");
	guest_put64(&g, TABLE_PDPT + 8, PTE_P | PTE_RW | PTE_PS); /* 1 GiB to 0 */
	g.cpu.rip = UNMAPPED + guest_at(&g, "trap");
	guest_set(&g);
	cr_assert(!machine_trap_add(g.m, guest_at(&g, "trap_at"), on_trap, &call));
	guest_run(&g);
	expect_stop(&g, STOP_HLT);
	expect_u64(call.count, 1);
	expect_u64(call.pc, UNMAPPED + guest_at(&g, "trap_at"));
	guest_close(&g);
}

Test(trap, added_where_code_already_ran)
{
	struct call call = { 0 };
	struct guest g;

	guest_open(&g, "trap64");
	guest_start(&g, GUEST_LONG, "again");
	guest_run(&g);
	expect_halted(&g, "trap_done");
	cr_assert(!machine_trap_add(g.m, guest_at(&g, "trap_at"), on_trap, &call));
	g.cpu.rip = guest_at(&g, "again");
	guest_set(&g);
	guest_run(&g);
	expect_u64(call.count, 1);
	guest_close(&g);
}

static bool arrive(struct machine *m, gva_t pc, gpa_t gpa, void *arg)
{
	(void)m;
	(void)gpa;
	return pc == *(gva_t *)arg;
}

Test(arrival, stops_before_the_block)
{
	struct guest g;
	gva_t at;

	start(&g, "blocks");
	at = guest_at(&g, "blocks_3");
	machine_on_arrival(g.m, arrive, &at);
	guest_run(&g);
	expect_stop(&g, STOP_POINT);
	expect_u64(g.stop.pc, at);
	expect_u64(g.cpu.rip, at);
	expect_u64(g.stop.instructions, 3);
	guest_close(&g);
}

Test(last_blocks, are_the_ones_that_ran)
{
	struct block_record blocks[MACHINE_LAST_BLOCKS];
	struct guest g;
	size_t n;

	start(&g, "blocks");
	guest_run(&g);
	n = machine_last_blocks(g.m, blocks);
	cr_assert(n >= 2);
	expect_u64(blocks[n - 1].pc, guest_at(&g, "blocks_3"));
	expect_u64(blocks[n - 1].size, 2);
	expect_u64(blocks[n - 1].bits, 64);
	guest_close(&g);
}
