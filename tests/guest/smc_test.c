/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Self-modifying code: the new bytes run, however they were written. Unicorn 2.1.1 as it comes fails most of these. */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

static void start(struct guest *g, const char *label)
{
	guest_open(g, "smc");
	guest_start(g, GUEST_LONG, label);
	/* A second mapping of the code: linear 1 GiB to physical 1 MiB, in 4 KiB pages. */
	guest_put64(g, TABLE_PDPT + 8, (TABLES + 0x9000) | 3);
	guest_put64(g, TABLES + 0x9000, (TABLES + 0xa000) | 3);
	for (uint64_t i = 0; i < 16; i++)
		guest_put64(g, TABLES + 0xa000 + 8 * i, (0x100000 + i * 4096) | 3);
	guest_put64(g, TABLES + 0xa000 + 8 * 16, SCRATCH | 3);
}

static void go(struct guest *g, const char *label)
{
	start(g, label);
	guest_run(g);
}

Test(smc, twice_in_one_page)
{
	struct guest g;

	go(&g, "twice");
	expect_halted(&g, "twice_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0xaaaa);
	expect_u64(g.cpu.gpr[GPR_R9], 0x1111);
	expect_u64(g.cpu.gpr[GPR_R10], 0x2222);
	expect_u64(g.stop.instructions, 3 * 4 + 2 + 1);
	guest_close(&g);
}

Test(smc, two_functions_of_one_page)
{
	struct guest g;

	go(&g, "across");
	expect_halted(&g, "across_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0x3333);
	expect_u64(g.cpu.gpr[GPR_R9], 0x4444);
	expect_u64(g.cpu.gpr[GPR_R10], 0x3333);
	guest_close(&g);
}

Test(smc, through_a_second_mapping)
{
	struct guest g;

	go(&g, "alias");
	expect_halted(&g, "alias_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0xaaaa);
	expect_u64(g.cpu.gpr[GPR_R9], 0x5555);
	expect_u64(g.cpu.gpr[GPR_R10], 0x6666);
	guest_close(&g);
}

Test(smc, run_through_a_second_mapping)
{
	struct guest g;

	go(&g, "alias_run");
	expect_halted(&g, "alias_run_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0xaaaa);
	expect_u64(g.cpu.gpr[GPR_R9], 0x7777);
	guest_close(&g);
}

Test(smc, in_a_page_that_was_written_through_two_mappings_before)
{
	struct guest g;

	start(&g, "written_first");
	g.cpu.gpr[GPR_RBX] = UNMAPPED + 16 * 4096;
	g.cpu.gpr[GPR_RSI] = SCRATCH;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "written_first_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0x1212);
	expect_u64(g.cpu.gpr[GPR_R9], 0x3434);
	expect_u64(g.cpu.gpr[GPR_R10], 0x5656);
	guest_close(&g);
}

Test(smc, ahead_in_the_running_block_with_an_exact_count)
{
	struct guest g;

	go(&g, "ahead");
	expect_halted(&g, "ahead_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x8888);
	expect_u64(g.stop.instructions, 5);
	guest_close(&g);
}

Test(smc, a_loop_that_changes_its_own_body_with_an_exact_count)
{
	struct guest g;

	go(&g, "loop");
	expect_halted(&g, "loop_done");
	expect_u64(g.cpu.gpr[GPR_RDX], 55); /* 1 + 2 + ... + 10 */
	expect_u64(g.stop.instructions, 2 + 10 * 5 + 1);
	guest_close(&g);
}

Test(smc, a_string_store_over_code)
{
	struct guest g;

	go(&g, "string");
	expect_halted(&g, "string_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x99999999);
	expect_u64(g.stop.instructions, 3 + 4 + 4 + 3 + 1);
	guest_close(&g);
}

Test(smc, the_hosts_write_runs)
{
	struct guest g;

	go(&g, "host");
	expect_halted(&g, "host_stop");
	guest_put32(&g, guest_at(&g, "target_a") + 1, 0xcafe);
	guest_run(&g);
	expect_halted(&g, "host_done");
	expect_u64(g.cpu.gpr[GPR_R8], 0xaaaa);
	expect_u64(g.cpu.gpr[GPR_R9], 0xcafe);
	guest_close(&g);
}

/* An instruction that is intercepted is written over a plain one that ran before. */
Test(smc, an_intercepted_instruction_written_later_is_intercepted)
{
	static const uint8_t cpuid_ret[3] = { 0x0f, 0xa2, 0xc3 };
	struct guest g;

	go(&g, "host");
	cr_assert(!machine_write(g.m, guest_at(&g, "target_a"), cpuid_ret, sizeof(cpuid_ret)));
	g.cpu.gpr[GPR_RAX] = 0x80000000;
	guest_set(&g);
	guest_run(&g);
	expect_halted(&g, "host_done");
	expect_u64(g.cpu.gpr[GPR_R9], 0x80000008); /* the profile's highest extended leaf */
	expect_u64(machine_event_count(g.m, EVENT_CPUID), 1);
	guest_close(&g);
}
