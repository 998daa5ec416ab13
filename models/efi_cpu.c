/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that UEFI 2.10, 2.3.4 "x64 Platforms" asks for, with what it leaves
 * open as OVMF 2022.11 has it (captured under QEMU 7.2): selectors, CR0, CR4,
 * EFER, GDT, and page tables that lie in memory which they map read-only.
 */
#include "models/efi_cpu.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/machine.h"
#include "loaders/pe.h"

/* The document asks for 128 KiB "or more" below RSP; OVMF itself has a little less left at an image's entry. */
#define STACK_SIZE   0x28000u
#define STACK_IN_USE 0x688u /* by the firmware that called the image */

#define EXCEPTIONS   32u
#define GATES        256u
#define HANDLER_SIZE 16u
#define TIMER_SIZE   32u
#define GATE_INT64   0x8eu
#define IDT_SIZE     (GATES * 16u)

_Static_assert(IDT_SIZE - 1 == EFI_IDT_LIMIT, "one gate a vector");

#define EFI_CR0 (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG)
#define EFI_CR4 (CR4_DE | CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* edk2's own table, as it lies in memory; 0x18 and 0x20 are what it uses on its way to long mode. */
static const uint64_t gdt[] = {
	[0x00 / 8] = 0,                  /* null */
	[0x08 / 8] = 0x00cf92000000ffff, /* data */
	[0x10 / 8] = 0x00cf9f000000ffff, /* 32-bit conforming code */
	[0x18 / 8] = 0x00cf93000000ffff, /* data */
	[0x20 / 8] = 0x00cf9a000000ffff, /* 32-bit code */
	[0x28 / 8] = 0x008f9a000000ffff, /* 16-bit code */
	[0x30 / 8] = 0x00cf93000000ffff, /* data */
	[0x38 / 8] = 0x00af9a000000ffff, /* 64-bit code */
	[0x40 / 8] = 0,
};

_Static_assert(sizeof(gdt) - 1 == EFI_GDT_LIMIT, "the table is as long as its limit says");

/* --- page tables, first in a buffer --- */

struct pool {
	gpa_t gpa;
	uint8_t *bytes;
};

static int pool_read(void *arg, gpa_t gpa, void *data, size_t len)
{
	const struct pool *p = arg;

	assert(gpa >= p->gpa && gpa - p->gpa + len <= EFI_PAGING_POOL_SIZE);
	memcpy(data, p->bytes + (gpa - p->gpa), len);
	return 0;
}

static int pool_write(void *arg, gpa_t gpa, const void *data, size_t len)
{
	const struct pool *p = arg;

	assert(gpa >= p->gpa && gpa - p->gpa + len <= EFI_PAGING_POOL_SIZE);
	memcpy(p->bytes + (gpa - p->gpa), data, len);
	return 0;
}

/* What is no memory at all may be read and written, but not executed. */
static int protect(struct efi_paging *p, const struct efi_paging_io *io, const struct efi_map *map)
{
	int err = 0;

	for (size_t i = 0; !err && i < map->count; i++) {
		const struct efi_region *r = &map->items[i];

		if (r->start < EFI_PAGING_END)
			err = efi_paging_type(p, io, r->start, r->pages * GUEST_PAGE_SIZE, r->type);
	}
	if (!err)
		err = efi_paging_change(p, io, p->pool, EFI_PAGING_POOL_SIZE, EFI_MEMORY_RO, true);
	return err;
}

static int place_paging(struct efi_paging *ret, const struct efi_map *map, gpa_t gpa, bool nx,
			struct placements *memory, struct diag *diag)
{
	struct pool pool = { .gpa = gpa, .bytes = calloc(1, EFI_PAGING_POOL_SIZE) };
	const struct efi_paging_io io = { pool_read, pool_write, &pool };
	int err;

	if (!pool.bytes)
		return diag_set(diag, -ENOMEM, "out of memory");
	err = efi_paging_init(ret, gpa, nx, &io);
	if (!err && nx)
		err = protect(ret, &io, map);
	if (!err)
		err = placements_add_copy(memory, "page tables", gpa, pool.bytes, ret->used,
					  "model efi");
	free(pool.bytes);
	return err ? diag_set(diag, err, "firmware's page tables could not be made") : 0;
}

/* --- descriptor tables and handlers --- */

static int place_gdt(gpa_t gpa, struct placements *memory)
{
	uint8_t bytes[sizeof(gdt)];

	for (size_t i = 0; i < ARRAY_SIZE(gdt); i++)
		put_le64(bytes + i * 8, gdt[i]);
	return placements_add_copy(memory, "gdt", gpa, bytes, sizeof(bytes), "model efi");
}

/*
 * The timer's: what is interrupted may be using the registers of FXSAVE, which a notification function may change by
 * the calling convention. IRETQ brings the flags back. 520 bytes below the interrupt's frame is a multiple of 16.
 */
/* clang-format off */
static const uint8_t timer_handler[TIMER_SIZE] = {
	0x48, 0x8d, 0xa4, 0x24, 0xf8, 0xfd, 0xff, 0xff, /* lea rsp, [rsp - 520] */
	0x48, 0x0f, 0xae, 0x04, 0x24,                   /* fxsave64 [rsp] */
	0xfc,                                           /* cld */
	0x90,                                           /* nop, the trap */
	0x48, 0x0f, 0xae, 0x0c, 0x24,                   /* fxrstor64 [rsp] */
	0x48, 0x8d, 0xa4, 0x24, 0x08, 0x02, 0x00, 0x00, /* lea rsp, [rsp + 520] */
	0x48, 0xcf,                                     /* iretq */
};
/* clang-format on */

#define TIMER_TRAP 14u /* the NOP */

/* Behind the exceptions' and the one of all other interrupts. */
static gpa_t timer_handler_of(const struct efi_cpu *efi)
{
	return efi->handlers + (EXCEPTIONS + 1) * HANDLER_SIZE;
}

gpa_t efi_cpu_timer_trap(const struct efi_cpu *efi)
{
	return timer_handler_of(efi) + TIMER_TRAP;
}

/* Interrupts of devices come back at once; exceptions trap, each at a place of its own. */
static gpa_t handler_of(const struct efi_cpu *efi, unsigned vector)
{
	if (vector == EFI_TIMER_VECTOR)
		return timer_handler_of(efi);
	return efi->handlers + (vector < EXCEPTIONS ? vector : EXCEPTIONS) * HANDLER_SIZE;
}

static int place_idt(const struct efi_cpu *efi, struct placements *memory)
{
	uint8_t bytes[IDT_SIZE] = { 0 };

	for (unsigned v = 0; v < GATES; v++) {
		gpa_t handler = handler_of(efi, v);
		uint8_t *gate = bytes + v * 16;

		put_le16(gate, (uint16_t)handler);
		put_le16(gate + 2, EFI_CS);
		gate[5] = GATE_INT64;
		put_le16(gate + 6, (uint16_t)(handler >> 16));
		put_le32(gate + 8, (uint32_t)(handler >> 32));
	}
	return placements_add_copy(memory, "idt", efi->idt, bytes, sizeof(bytes), "model efi");
}

static int place_handlers(const struct efi_cpu *efi, struct placements *memory)
{
	static const uint8_t trap[] = { 0x90, 0xf4, 0xeb, 0xfd }; /* nop; 1: hlt; jmp 1b */
	static const uint8_t iretq[] = { 0x48, 0xcf };
	uint8_t bytes[(EXCEPTIONS + 1) * HANDLER_SIZE + TIMER_SIZE] = { 0 };

	for (unsigned v = 0; v < EXCEPTIONS; v++)
		memcpy(bytes + v * HANDLER_SIZE, trap, sizeof(trap));
	memcpy(bytes + EXCEPTIONS * HANDLER_SIZE, iretq, sizeof(iretq));
	memcpy(bytes + (EXCEPTIONS + 1) * HANDLER_SIZE, timer_handler, sizeof(timer_handler));
	return placements_add_copy(memory, "exception handlers", efi->handlers, bytes,
				   sizeof(bytes), "model efi");
}

static void set_state(const struct efi_cpu *efi, struct cpu_state *cpu)
{
	cpu_state_long64(cpu, EFI_CS, EFI_DS, efi_paging_cr3(&efi->paging));
	cpu->seg[SEG_CS].attr &=
		~DESC_ACCESSED; /* as the GDT has it; a far return on QEMU does not set it */
	cpu->cr0 = EFI_CR0;
	cpu->cr4 = EFI_CR4;
	cpu->efer |= EFER_NXE;
	cpu->rflags = EFLAGS_FIXED | EFLAGS_PF | EFLAGS_ZF | EFLAGS_IF;
	cpu->fcw = 0x37f;
	cpu->gdtr = (struct table_reg){ .base = efi->gdt, .limit = EFI_GDT_LIMIT };
	cpu->idtr = (struct table_reg){ .base = efi->idt, .limit = EFI_IDT_LIMIT };
	cpu->gpr[GPR_RSP] = efi->stack + efi->stack_size - STACK_IN_USE;
}

int efi_cpu_build(struct efi_cpu *ret, const struct efi_map *map, struct efi_room *room, bool nx,
		  struct placements *memory, struct cpu_state *cpu, struct diag *diag)
{
	const struct {
		enum efi_memory_type type;
		const char *what;
		uint64_t size, align;
		gpa_t *gpa;
	} rows[] = {
		{ EFI_BOOT_SERVICES_DATA, "page tables", EFI_PAGING_POOL_SIZE,
		  EFI_PAGING_POOL_ALIGN, &ret->paging.pool },
		{ EFI_BOOT_SERVICES_DATA, "stack", STACK_SIZE, GUEST_PAGE_SIZE, &ret->stack },
		{ EFI_BOOT_SERVICES_DATA, "IDT", IDT_SIZE, GUEST_PAGE_SIZE, &ret->idt },
		{ EFI_BOOT_SERVICES_CODE, "exception handlers", GUEST_PAGE_SIZE, GUEST_PAGE_SIZE,
		  &ret->handlers },
		{ EFI_RUNTIME_SERVICES_DATA, "GDT", GUEST_PAGE_SIZE, GUEST_PAGE_SIZE, &ret->gdt },
	};
	int err = 0;

	*ret = (struct efi_cpu){ .stack_size = STACK_SIZE };
	for (size_t i = 0; !err && i < ARRAY_SIZE(rows); i++)
		err = efi_room_take(room, rows[i].type, rows[i].what, rows[i].size, rows[i].align,
				    rows[i].gpa, diag);
	if (!err)
		err = place_paging(&ret->paging, map, ret->paging.pool, nx, memory, diag);
	if (err)
		return err;
	err = place_gdt(ret->gdt, memory);
	if (!err)
		err = place_idt(ret, memory);
	if (!err)
		err = place_handlers(ret, memory);
	if (err)
		return diag_set(diag, err, "out of memory");
	set_state(ret, cpu);
	return 0;
}

/* --- in a machine --- */

static int guest_read(void *arg, gpa_t gpa, void *data, size_t len)
{
	return machine_read(arg, gpa, data, len);
}

static int guest_write(void *arg, gpa_t gpa, const void *data, size_t len)
{
	return machine_write(arg, gpa, data, len);
}

int efi_cpu_protect(struct machine *m, struct efi_cpu *efi, gpa_t start, uint64_t len,
		    uint64_t attr, bool set)
{
	const struct efi_paging_io io = { guest_read, guest_write, m };
	int err = efi_paging_change(&efi->paging, &io, start, len, attr, set);

	machine_paging_changed(m);
	return err;
}

int efi_cpu_attributes(struct machine *m, const struct efi_cpu *efi, gpa_t start, uint64_t len,
		       uint64_t *ret_attr)
{
	const struct efi_paging_io io = { guest_read, guest_write, m };

	return efi_paging_query(&efi->paging, &io, start, len, ret_attr);
}

int efi_cpu_type(struct machine *m, struct efi_cpu *efi, gpa_t start, uint64_t len, uint32_t type)
{
	const struct efi_paging_io io = { guest_read, guest_write, m };
	int err = efi_paging_type(&efi->paging, &io, start, len, type);

	if (efi->paging.nx)
		machine_paging_changed(m);
	return err;
}

int efi_cpu_image(struct machine *m, struct efi_cpu *efi, const struct pe_facts *pe, gpa_t base)
{
	uint64_t size = ALIGN_UP((uint64_t)pe->image_size, GUEST_PAGE_SIZE);
	int err;

	if (!efi->paging.nx)
		return 0;
	err = efi_cpu_type(m, efi, base, size, EFI_LOADER_CODE);
	if (err || pe->section_alignment % GUEST_PAGE_SIZE)
		return err;
	err = efi_cpu_protect(m, efi, base, size, EFI_MEMORY_XP, true);
	for (unsigned i = 0; !err && i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];
		uint64_t span = ALIGN_UP((uint64_t)pe_section_span(s), GUEST_PAGE_SIZE);

		if (!(s->flags & (PE_SECTION_CODE | PE_SECTION_EXECUTE)) || !span)
			continue;
		err = efi_cpu_protect(m, efi, base + s->rva, span, EFI_MEMORY_XP, false);
		if (!err)
			err = efi_cpu_protect(m, efi, base + s->rva, span, EFI_MEMORY_RO, true);
	}
	return err;
}

/* SDM 3A 6.14.2, from RSP up; the error code is there with some vectors only. */
enum frame { FRAME_ERROR, FRAME_RIP, FRAME_CS, FRAME_RFLAGS, FRAME_RSP, FRAME_SS, FRAME_SIZE };

static bool has_error_code(unsigned vector)
{
	const uint32_t vectors = BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) | BIT(VECTOR_SS) |
				 BIT(VECTOR_GP) | BIT(VECTOR_PF) | BIT(VECTOR_AC) | BIT(VECTOR_CP);

	return vectors >> vector & 1;
}

/* "write to 0x1600000, which is mapped read-only" */
static void describe_page_fault(char *out, size_t size, uint64_t error, gva_t address)
{
	const char *access = error & PF_ERR_I ? "fetch from" :
			     error & PF_ERR_W ? "write to" :
						"read of";
	const char *why = !(error & PF_ERR_P) ? "not mapped" :
			  error & PF_ERR_I    ? "mapped no-execute" :
			  error & PF_ERR_W    ? "mapped read-only" :
						"not allowed";

	snprintf(out, size, ", %s 0x%llx, which is %s", access, (unsigned long long)address, why);
}

/*
 * What strict firmware forbids is told once and then allowed, so that one run shows all of it: on a real machine the
 * first is the end.
 */
static bool go_on(struct machine *m, struct efi_cpu *efi, struct cpu_state *cpu,
		  const uint64_t frame[FRAME_SIZE])
{
	gva_t page = cpu->cr2 & GUEST_PAGE_MASK;

	if (!efi->paging.nx || !(frame[FRAME_ERROR] & PF_ERR_P) ||
	    efi_cpu_protect(m, efi, page, GUEST_PAGE_SIZE, EFI_MEMORY_RO | EFI_MEMORY_XP, false))
		return false;
	machine_event(m, EVENT_EFI_FAULT, EVENT_MODELLED, cpu->cr2, frame[FRAME_ERROR],
		      frame[FRAME_RIP]);
	return true;
}

/* A handler of firmware's: it does not come back. The machine stops in the state of the fault. */
static void on_exception(struct machine *m, gpa_t gpa, void *arg)
{
	struct efi_cpu *efi = arg;
	unsigned vector = (unsigned)((gpa - efi->handlers) / HANDLER_SIZE);
	uint64_t frame[FRAME_SIZE] = { 0 };
	struct cpu_state cpu;
	char what[96] = "";
	uint8_t raw[8];

	machine_cpu_get(m, &cpu);
	for (unsigned i = !has_error_code(vector), at = 0; i < FRAME_SIZE; i++, at += 8)
		if (machine_read(m, cpu.gpr[GPR_RSP] + at, raw, sizeof(raw)) == 0)
			frame[i] = get_le64(raw);
	cpu.rip = frame[FRAME_RIP];
	cpu.rflags = frame[FRAME_RFLAGS];
	cpu.gpr[GPR_RSP] = frame[FRAME_RSP];
	if (vector != VECTOR_PF || !go_on(m, efi, &cpu, frame)) {
		if (vector == VECTOR_PF)
			describe_page_fault(what, sizeof(what), frame[FRAME_ERROR], cpu.cr2);
		machine_stop(m, STOP_EXCEPTION,
			     "%s at 0x%llx%s: it ends in firmware's handler, which does not return",
			     vector_name(vector), (unsigned long long)cpu.rip, what);
		if (vector == VECTOR_PF)
			machine_stop_address(m, cpu.cr2);
	}
	machine_cpu_set(m, &cpu);
}

int efi_cpu_attach(struct machine *m, struct efi_cpu *efi)
{
	int err = 0;

	for (unsigned v = 0; !err && v < EXCEPTIONS; v++)
		err = machine_trap_add(m, handler_of(efi, v), on_exception, efi);
	return err;
}
