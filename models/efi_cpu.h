/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU as UEFI firmware hands it to an image, and what firmware has in
 * memory for it: GDT, IDT with its handlers, page tables, stack.
 */
#ifndef MODELS_EFI_CPU_H
#define MODELS_EFI_CPU_H

#include "emu/base/state.h"
#include "models/efi_map.h"
#include "models/efi_paging.h"

struct machine;
struct pe_facts;

#define EFI_CS 0x38
#define EFI_DS 0x30

/* Line 0 of the 8259A where edk2 puts it (PcAtChipsetPkg: the master's lines begin at 68h). */
#define EFI_TIMER_VECTOR 0x68u

#define EFI_GDT_LIMIT 0x47u
#define EFI_IDT_LIMIT 0xfffu

/* Fixed size, no host pointers: part of what a snapshot holds. */
struct efi_cpu {
	struct efi_paging paging;
	gpa_t gdt, idt, handlers;
	gpa_t stack; /* its lowest byte */
	uint64_t stack_size;
};

/*
 * Takes room for all of it and adds its placements; @cpu gets the state of an
 * image's first instruction, save RIP, RCX and RDX, with RSP at the return
 * address, whose 8 bytes the caller writes. -EINVAL with a diag when the map
 * has no room, -ENOMEM.
 */
int efi_cpu_build(struct efi_cpu *ret, const struct efi_map *map, struct efi_room *room, bool nx,
		  struct placements *memory, struct cpu_state *cpu, struct diag *diag);

/* Where the timer's handler traps: it has saved what the firmware's C may change, and restores it behind the NOP there. */
gpa_t efi_cpu_timer_trap(const struct efi_cpu *efi);

/* Exceptions end in handlers that name what happened and stop the machine. @efi must outlive it. */
int efi_cpu_attach(struct machine *m, struct efi_cpu *efi);

/* As efi_paging_change(), _query() and _type(), on the page tables of a machine, which takes notice at once. */
int efi_cpu_protect(struct machine *m, struct efi_cpu *efi, gpa_t start, uint64_t len,
		    uint64_t attr, bool set);
int efi_cpu_attributes(struct machine *m, const struct efi_cpu *efi, gpa_t start, uint64_t len,
		       uint64_t *ret_attr);
int efi_cpu_type(struct machine *m, struct efi_cpu *efi, gpa_t start, uint64_t len, uint32_t type);

/*
 * An image was loaded at @base into loader code: with nx, its code becomes
 * read-only and the rest of it no-execute, if its sections are aligned to pages
 * (edk2 DxeCore, ProtectUefiImage()); one that is not stays as it is.
 */
int efi_cpu_image(struct machine *m, struct efi_cpu *efi, const struct pe_facts *pe, gpa_t base);

#endif
