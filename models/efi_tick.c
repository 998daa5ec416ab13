/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timer's interrupt, by which firmware runs the functions of timers while the guest computes or halts: edk2 2022.11,
 * PcAtChipsetPkg, has the 8254 tick every 10 ms. UEFI 2.10, 7.1 leaves all of it open. A tick at which no function is due
 * shows itself only in what it wakes from HLT, so the others are left out.
 */
#include "models/efi.h"

#define TICK           10000000ull /* instructions, which are nanoseconds */
#define INSN_PER_100NS 100ull

/* The first tick behind @count. */
static uint64_t tick_after(uint64_t count)
{
	return (count / TICK + 1) * TICK;
}

static void tick_set(struct efi *efi, struct machine *m, uint64_t count)
{
	if (efi->state.tick == count)
		return;
	machine_interrupt_cancel(m, EFI_TIMER_VECTOR);
	/* The queue has room: nothing else in this firmware puts anything into it. */
	efi->state.tick = count && machine_interrupt_at(m, count, EFI_TIMER_VECTOR) == 0 ? count :
											   0;
}

void efi_tick_arm(struct efi *efi, struct machine *m)
{
	uint64_t now = machine_instructions(m), due = efi_event_next_notify(efi), count;

	/* 7.4.6: ExitBootServices() turns the timer off. */
	if (!due || efi->state.exiting || due > UINT64_MAX / INSN_PER_100NS - TICK) {
		tick_set(efi, m, 0);
		return;
	}
	count = due * INSN_PER_100NS;
	tick_set(efi, m, tick_after(count > now ? count - 1 : now));
}

/* Any tick wakes the CPU, also one at which no function is due. With an IDT of the guest's own there is nobody to come back. */
static void on_halt(struct machine *m, void *arg)
{
	struct efi *efi = arg;
	struct cpu_state cpu;

	machine_cpu_get(m, &cpu);
	if (!efi->state.exiting && cpu.idtr.base == efi->state.idt)
		tick_set(efi, m, tick_after(machine_instructions(m)));
}

/* Comes here again behind each function, until none is left to be run. */
static void on_tick(struct machine *m, gpa_t gpa, void *arg)
{
	struct efi_call c = { .m = m, .efi = arg };

	(void)gpa;
	if (c.efi->state.exited)
		return;
	machine_cpu_get(m, &c.cpu);
	efi_event_tick(c.efi, m);
	if (efi_event_dispatch_tick(&c))
		machine_cpu_set(m, &c.cpu);
	efi_tick_arm(c.efi, m);
}

void efi_tick_returned(struct efi_call *c)
{
	struct efi_state *s = &c->efi->state;
	const struct efi_frame *f = &s->frames[s->frame_count - 1];

	s->tpl = (uint32_t)f->value;
	efi_leave(c, f->status);
	c->cpu.rip = efi_cpu_timer_trap(&s->cpu);
}

int efi_tick_attach(struct machine *m, struct efi *efi)
{
	machine_on_halt(m, on_halt, efi);
	return machine_trap_add(m, efi_cpu_timer_trap(&efi->state.cpu), on_tick, efi);
}
