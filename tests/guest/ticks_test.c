/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timer interrupts through the interrupt controller: when they come, and what keeps them from coming (8254 and 8259A data sheets). */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

#define VECTOR 0x40

/* 256 periods of 1/1193182 s, in nanoseconds, one of which is an instruction: 214552.3. */
#define PERIOD 214552u

static void go(struct guest *g, const char *label, const char *handler)
{
	guest_open(g, "ticks");
	guest_start(g, GUEST_LONG, label);
	guest_gate(g, VECTOR, guest_at(g, handler), SEL_CODE64, GATE_INT, 0);
	guest_run(g);
}

static uint64_t ebx(const struct guest *g)
{
	return (uint32_t)g->cpu.gpr[GPR_RBX];
}

Test(ticks, come_once_a_period)
{
	struct guest g;

	go(&g, "three", "count");
	expect_halted(&g, "three_done");
	expect_u64(machine_event_count(g.m, EVENT_INTERRUPT), 3);
	for (size_t i = 1; i < 3; i++) {
		uint64_t gap = guest_event(&g, EVENT_INTERRUPT, i)->count -
			       guest_event(&g, EVENT_INTERRUPT, i - 1)->count;

		cr_expect(gap == PERIOD || gap == PERIOD + 1, "%llu", (unsigned long long)gap);
	}
	guest_close(&g);
}

Test(ticks, the_next_waits_for_the_end_of_the_one_in_service)
{
	struct guest g;

	go(&g, "no_eoi", "count_only");
	expect_stop(&g, STOP_HLT);
	expect_u64(ebx(&g), 1);
	guest_close(&g);
}

Test(ticks, automatic_end_of_interrupt_needs_no_command)
{
	struct guest g;

	go(&g, "auto_eoi", "count_only");
	expect_halted(&g, "auto_eoi_done");
	expect_u64(ebx(&g), 3);
	guest_close(&g);
}

Test(ticks, edges_behind_a_mask_are_one_interrupt)
{
	struct guest g;

	go(&g, "masked", "count");
	expect_halted(&g, "masked_done");
	expect_u64((uint32_t)g.cpu.gpr[GPR_RSI], 0);
	expect_u64((uint32_t)g.cpu.gpr[GPR_RDI], 1);
	expect_u64(ebx(&g), 1);
	guest_close(&g);
}

Test(ticks, mode_0_interrupts_once)
{
	struct guest g;

	go(&g, "one_shot", "count");
	expect_halted(&g, "one_shot_done");
	expect_u64(ebx(&g), 1);
	guest_close(&g);
}

Test(ticks, a_request_outlives_the_count_that_made_it)
{
	struct guest g;

	go(&g, "reload", "count");
	expect_halted(&g, "reload_done");
	expect_u64(ebx(&g), 1);
	guest_close(&g);
}

/* The limit of the run is 8 Mi instructions: time asleep does not count. */
Test(ticks, a_guest_that_sleeps_for_ever_hangs)
{
	struct guest g;

	go(&g, "idle", "count_only_eoi");
	expect_stop(&g, STOP_HLT);
	cr_expect(strstr(g.stop.text, "ten minutes of timer") != NULL, "%s", g.stop.text);
	guest_close(&g);
}

Test(ticks, ocw3_shows_what_is_in_service)
{
	struct guest g;

	go(&g, "in_service", "count_only");
	expect_halted(&g, "in_service_done");
	expect_u64((uint32_t)g.cpu.gpr[GPR_RDI], 1);
	guest_close(&g);
}
