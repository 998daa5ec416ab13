/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gate A20 by both of its switches: closed, bit 20 of an address is lost (IBM AT Technical Reference, system board and keyboard controller). */
#include <criterion/criterion.h>

#include "tests/guest/guest.h"

Test(a20, port_92h_closes_and_opens_it)
{
	struct guest g;

	guest_go(&g, "a20", GUEST_REAL, "port92");
	expect_halted(&g, "port92_done");
	expect_u64(g.cpu.gpr[GPR_RDX] & 0x0202, 0x0002); /* open at first, then closed */
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xffff, 0x5678);
	expect_u64(g.cpu.gpr[GPR_RCX] & 0xffff, 0x5678);
	expect_u64(guest_u16(&g, 0x100600), 0x9abc);
	expect_u64(machine_event_count(g.m, EVENT_A20), 2);
	expect_u64(guest_event(&g, EVENT_A20, 0)->arg[0], 0);
	expect_u64(guest_event(&g, EVENT_A20, 1)->arg[0], 1);
	guest_close(&g);
}

Test(a20, the_keyboard_controllers_output_port_does_too)
{
	struct guest g;

	guest_go(&g, "a20", GUEST_REAL, "keyboard");
	expect_halted(&g, "keyboard_done");
	expect_u64(g.cpu.gpr[GPR_RDX] & 0x0102,
		   0x0100); /* a byte waits, and it says that the gate is closed */
	expect_u64(g.cpu.gpr[GPR_RBX] & 0xffff, 0x5678);
	expect_u64(g.cpu.gpr[GPR_RCX] & 0xffff, 0x5678);
	expect_u64(guest_u16(&g, 0x100600), 0x9abc);
	guest_close(&g);
}
