/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine must not do: lose a fault after a stop, or call a loop endless that changes memory. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "emu/machine.h"

#define CODE 0x10000u
#define DATA 0x20000u

struct fixture {
	struct platform platform;
	struct machine *m;
};

/* A machine that is about to run @code in flat 32-bit mode, with neither GDT nor IDT. */
static void fixture_open(struct fixture *f, const void *code, size_t len)
{
	struct diag diag = { 0 };
	struct cpu_state cpu;

	cr_assert(eq(int, platform_init(&f->platform, MIB(4), &diag), 0), "%s", diag.text);
	cr_assert(eq(int, machine_create(&f->m, &f->platform, &diag), 0), "%s", diag.text);
	cr_assert(eq(int, machine_write(f->m, CODE, code, len), 0));
	cpu_state_flat32(&cpu, 0x10, 0x18);
	cpu.rip = CODE;
	machine_cpu_set(f->m, &cpu);
}

static void fixture_close(struct fixture *f)
{
	machine_destroy(f->m);
	platform_release(&f->platform);
}

/* To 64-bit mode, with the first 2 MiB mapped to themselves. */
static void fixture_go_64(struct fixture *f)
{
	struct cpu_state cpu;
	uint8_t entry[8];

	for (gpa_t table = 0x1000; table <= 0x3000; table += 0x1000) {
		put_le64(entry, table == 0x3000 ? PTE_P | PTE_RW | PTE_PS :
						  (table + 0x1000) | PTE_P | PTE_RW);
		cr_assert(eq(int, machine_write(f->m, table, entry, sizeof(entry)), 0));
	}
	cpu_state_long64(&cpu, 0x10, 0x18, 0x1000);
	cpu.rip = CODE;
	machine_cpu_set(f->m, &cpu);
}

/* A stop once left an exception behind, and the next #GP came as #DF. */
Test(machine, fault_after_several_stops_is_still_that_fault)
{
	static const uint8_t code[] = {
		0x90, 0xeb, 0x00, 0x90, 0xeb, 0x00, 0x90, /* nop; jmp 1f; 1: nop; jmp 1f; 1: nop */
		0xb8, 0xf8, 0x0f, 0x00, 0x00,             /* mov $0xff8, %eax */
		0x8e, 0xd8,                               /* mov %eax, %ds */
	};
	struct fixture f;
	struct stop stop;

	fixture_open(&f, code, sizeof(code));
	fixture_go_64(&f);
	machine_break_add(f.m, CODE + 3);
	machine_break_add(f.m, CODE + 6);
	for (unsigned i = 0; i < 2; i++) {
		machine_run(f.m, NULL, &stop);
		cr_expect(eq(int, stop.kind, STOP_POINT));
	}
	machine_run(f.m, NULL, &stop);
	cr_expect(eq(int, stop.kind, STOP_TRIPLE_FAULT));
	cr_expect(eq(u64, machine_event_count(f.m, EVENT_EXCEPTION), 2));
	cr_expect(ne(ptr, strstr(stop.text, "#GP at 0x1000c"), NULL), "%s", stop.text);
	fixture_close(&f);
}

/* By physical address a breakpoint is met in the middle of a block and through every mapping. */
Test(machine, breakpoint_at_a_physical_address_holds_in_each_mapping)
{
	static const uint8_t code[0x25] = {
		0x48,          0xb8, 0x20, 0x00, 0x01,
		0x00,          0x80, 0x00, 0x00, 0x00, /* movabs $ALIAS + CODE + 0x20, %rax */
		0xff,          0xe0,                   /* jmp *%rax */
		[0x20] = 0x90, 0x90, 0x90, 0xfa, 0xf4, /* nop; nop; nop; cli; hlt */
	};
	const gva_t alias = 0x8000000000; /* what PML4 entry 1 maps */
	struct fixture f;
	struct stop stop;
	uint8_t entry[8];

	fixture_open(&f, code, sizeof(code));
	fixture_go_64(&f);
	put_le64(entry, 0x2000 | PTE_P | PTE_RW);
	cr_assert(eq(int, machine_write(f.m, 0x1008, entry, sizeof(entry)), 0));
	cr_assert(eq(int, machine_break_add_gpa(f.m, CODE + 0x21), 0));
	cr_assert(eq(int, machine_break_add_gpa(f.m, CODE + 0x22), 0));
	machine_break_remove_gpa(f.m, CODE + 0x22);
	machine_run(f.m, NULL, &stop);
	cr_expect(eq(int, stop.kind, STOP_POINT), "%s", stop.text);
	cr_expect(eq(u64, stop.pc, alias + CODE + 0x21));
	cr_expect(eq(u64, stop.instructions, 3));
	machine_run(f.m, NULL, &stop);
	cr_expect(eq(int, stop.kind, STOP_HLT), "%s", stop.text);
	cr_expect(eq(u64, stop.instructions, 7));
	fixture_close(&f);
}

/* The registers are the same each time round; what it counts is not. */
Test(machine, loop_that_counts_in_memory_is_no_hang)
{
	static const uint8_t code[] = {
		0xff, 0x05, 0x00, 0x00, 0x02, 0x00, /* 1: incl DATA */
		0x31, 0xc0,                         /* xor %eax, %eax */
		0xeb, 0xf6,                         /* jmp 1b */
	};
	const struct run_limits limits = { .max_instructions = 20000000 };
	struct fixture f;
	struct stop stop;
	uint8_t count[4];

	fixture_open(&f, code, sizeof(code));
	machine_run(f.m, &limits, &stop);
	cr_expect(eq(int, stop.kind, STOP_LIMIT), "%s", stop.text);
	cr_expect(eq(u64, stop.instructions, limits.max_instructions));
	cr_assert(eq(int, machine_read(f.m, DATA, count, sizeof(count)), 0));
	cr_expect(eq(u32, get_le32(count), (limits.max_instructions + 2) / 3));
	fixture_close(&f);
}

Test(machine, loop_that_writes_the_same_again_is_a_hang)
{
	static const uint8_t code[] = {
		0xc7, 0x05, 0x00, 0x00, 0x02, 0x00, 1, 0, 0, 0, /* 1: movl $1, DATA */
		0xeb, 0xf4,                                     /* jmp 1b */
	};
	const struct run_limits limits = { .max_instructions = 20000000 };
	struct fixture f;
	struct stop stop;

	fixture_open(&f, code, sizeof(code));
	machine_run(f.m, &limits, &stop);
	cr_expect(eq(int, stop.kind, STOP_REPEAT), "%s", stop.text);
	fixture_close(&f);
}
