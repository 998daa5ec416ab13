/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices behind ports, physical memory that nothing backs, and ROM. */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

static void go(struct guest *g, const char *label)
{
	guest_go(g, "ports", GUEST_P32, label);
}

static void expect_console(const struct guest *g, const char *text)
{
	const struct buf *b = machine_console(g->m);

	cr_expect(b->len == strlen(text) && (!b->len || !memcmp(b->data, text, b->len)),
		  "console has %zu bytes, wanted %s", b->len, text);
}

Test(ports, what_is_sent_on_com1_is_console_text)
{
	struct guest g;

	go(&g, "serial");
	expect_halted(&g, "serial_done");
	expect_console(&g, "hello\n");
	guest_close(&g);
}

Test(ports, rep_outsb_sends_each_byte_at_its_own_time)
{
	struct guest g;

	go(&g, "serial_string");
	expect_halted(&g, "serial_string_done");
	expect_console(&g, "hello");
	for (unsigned i = 0; i < 5; i++)
		expect_u64(guest_event(&g, EVENT_PORT_OUT, i)->count, 4 + i);
	expect_u64(g.stop.instructions, 4 + 5 + 1);
	guest_close(&g);
}

Test(ports, the_divisor_latch_is_no_text)
{
	struct guest g;

	go(&g, "serial_dlab");
	expect_halted(&g, "serial_dlab_done");
	expect_console(&g, "");
	expect_u64(g.cpu.gpr[GPR_RAX] & 0xff, 0x0c);
	guest_close(&g);
}

/* 8254: in mode 0 the output is low until the count is out; 3 reads, RW both, mode 0 is 30h. 1 tick is 838 instructions. */
Test(ports, pit_read_back_gives_status_and_latched_count)
{
	struct guest g;

	go(&g, "pit");
	expect_halted(&g, "pit_done");
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xffff, 0x1234);
	expect_u64(g.cpu.gpr[GPR_RCX] & 0xff, 0x30);
	guest_close(&g);
}

Test(ports, pit_latch_stays_while_time_goes_on)
{
	struct guest g;
	unsigned then, now;

	go(&g, "pit_latch");
	expect_halted(&g, "pit_latch_done");
	then = g.cpu.gpr[GPR_RBX] & 0xffff;
	now = g.cpu.gpr[GPR_RCX] & 0xffff;
	/* 200,000 instructions of 1 ns are 238.6 ticks of 1.193182 MHz. */
	cr_expect((uint16_t)(then - now) >= 237 && (uint16_t)(then - now) <= 240, "%u ticks",
		  (uint16_t)(then - now));
	guest_close(&g);
}

Test(ports, cmos_keeps_bytes_and_tells_the_memory)
{
	struct guest g;

	go(&g, "cmos");
	expect_halted(&g, "cmos_done");
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xff, 0x5a);
	/* 34h/35h: memory above 16 MiB in 64 KiB units; 48 MiB are 768. */
	expect_u64((g.cpu.gpr[GPR_RBX] & 0xff00) | (g.cpu.gpr[GPR_RCX] & 0xff), 768);
	guest_close(&g);
}

Test(ports, pic_masks_read_back_and_initialisation_words_are_none)
{
	struct guest g;

	go(&g, "pic");
	expect_halted(&g, "pic_done");
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xffff, 0xfbff);
	guest_close(&g);
}

static void expect_reset(const char *label, unsigned before)
{
	struct guest g;

	go(&g, label);
	expect_stop(&g, STOP_EXIT);
	expect_u64(g.stop.instructions, before);
	cr_expect(strstr(g.stop.text, "reset"));
	guest_close(&g);
}

Test(ports, reset_by_port_92)
{
	expect_reset("reset_92", 2);
}

Test(ports, reset_by_the_keyboard_controller)
{
	expect_reset("reset_64", 2);
}

Test(ports, reset_by_cf9)
{
	expect_reset("reset_cf9", 3);
}

Test(ports, fast_a20_reads_back_and_does_not_reset)
{
	struct guest g;

	go(&g, "a20");
	expect_halted(&g, "a20_done");
	expect_u64(g.cpu.gpr[GPR_RAX] & 2, 2);
	guest_close(&g);
}

Test(ports, an_unmodelled_answer_is_all_ones_and_is_reported)
{
	const struct event *ev;
	struct guest g;

	go(&g, "unknown_in");
	expect_halted(&g, "unknown_in_done");
	expect_u64(g.cpu.gpr[GPR_RAX] & 0xffff, 0xffff);
	ev = machine_unmodelled(g.m);
	cr_assert(ev);
	expect_u64(ev->kind, EVENT_PORT_IN);
	expect_u64(ev->arg[0], 0x1234);
	expect_u64(ev->count, 2);
	expect_u64(machine_unmodelled_count(g.m), 1);
	guest_close(&g);
}

Test(ports, an_unmodelled_write_counts_but_nothing_was_consumed)
{
	struct guest g;

	go(&g, "unknown_out");
	expect_halted(&g, "unknown_out_done");
	cr_expect(!machine_unmodelled(g.m));
	expect_u64(machine_unmodelled_count(g.m), 1);
	guest_close(&g);
}

Test(ports, an_absent_device_reads_all_ones_and_is_no_unmodelled_answer)
{
	struct guest g;

	go(&g, "absent_in");
	expect_halted(&g, "absent_in_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0xffffffff);
	cr_expect(!machine_unmodelled(g.m));
	guest_close(&g);
}

Test(ports, a_rep_of_no_rounds_asks_no_port_and_leaves_time_alone)
{
	struct guest g;

	go(&g, "rep_none");
	expect_halted(&g, "rep_none_done");
	expect_u64(machine_event_count(g.m, EVENT_PORT_IN), 0);
	expect_u64(guest_event(&g, EVENT_PORT_OUT, 0)->count, 7);
	expect_u64(g.stop.instructions, 9);
	guest_close(&g);
}

Test(memory, a_hole_reads_all_ones_with_an_event)
{
	struct guest g;

	go(&g, "hole_read");
	expect_halted(&g, "hole_read_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0xffffffff);
	expect_u64(g.cpu.gpr[GPR_RBX], 0xff);
	expect_u64(g.cpu.gpr[GPR_RCX], 0xffffffff);
	expect_u64(machine_event_count(g.m, EVENT_HOLE_READ), 3);
	expect_u64(guest_event(&g, EVENT_HOLE_READ, 0)->arg[0], 0xa0000);
	expect_u64(guest_event(&g, EVENT_HOLE_READ, 0)->arg[1], 4);
	expect_u64(guest_event(&g, EVENT_HOLE_READ, 1)->arg[0], 0xb8001);
	expect_u64(guest_event(&g, EVENT_HOLE_READ, 1)->arg[1], 1);
	expect_u64(guest_event(&g, EVENT_HOLE_READ, 2)->arg[0], 0x20000000);
	guest_close(&g);
}

Test(memory, a_hole_drops_writes_with_an_event)
{
	struct guest g;

	go(&g, "hole_write");
	expect_halted(&g, "hole_write_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0xffffffff);
	expect_u64(machine_event_count(g.m, EVENT_HOLE_WRITE), 1);
	expect_u64(guest_event(&g, EVENT_HOLE_WRITE, 0)->arg[2], 0x12345678);
	guest_close(&g);
}

Test(memory, a_fetch_from_a_hole_stops_there)
{
	struct guest g;

	go(&g, "hole_fetch");
	expect_stop(&g, STOP_FETCH);
	expect_u64(g.stop.pc, 0x20000000);
	expect_u64(g.stop.fault_address, 0x20000000);
	expect_u64(g.stop.instructions, 2);
	guest_close(&g);
}

Test(memory, a_start_in_a_hole_stops_there)
{
	struct guest g;

	guest_open(&g, "ports");
	guest_start(&g, GUEST_P32, "hole_fetch");
	g.cpu.rip = 0xa0000;
	guest_set(&g);
	guest_run(&g);
	expect_stop(&g, STOP_FETCH);
	expect_u64(g.stop.instructions, 0);
	guest_close(&g);
}

Test(memory, rom_drops_the_guests_writes_with_an_event_and_takes_the_hosts)
{
	struct guest g;

	guest_open(&g, "ports");
	guest_start(&g, GUEST_P32, "rom_write");
	guest_put32(&g, 0xf0000, 0x11111111);
	guest_run(&g);
	expect_halted(&g, "rom_write_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x11111111);
	expect_u64(g.cpu.gpr[GPR_RBX], 0x11111111);
	expect_u64(machine_event_count(g.m, EVENT_ROM_WRITE), 1);
	expect_u64(guest_event(&g, EVENT_ROM_WRITE, 0)->arg[0], 0xf0000);
	expect_u64(guest_event(&g, EVENT_ROM_WRITE, 0)->arg[2], 0x12345678);
	guest_close(&g);
}

Test(memory, code_runs_from_rom)
{
	static const uint8_t code[] = {
		0xb8, 0x34, 0x12, 0x00, 0x00, 0xc3
	}; /* mov $0x1234, %eax; ret */
	struct guest g;

	guest_open(&g, "ports");
	guest_start(&g, GUEST_P32, "rom_run");
	cr_assert(!machine_write(g.m, 0xf0000, code, sizeof(code)));
	guest_run(&g);
	expect_halted(&g, "rom_run_done");
	expect_u64(g.cpu.gpr[GPR_RAX], 0x1234);
	guest_close(&g);
}
