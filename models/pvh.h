/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the producers of a PVH start of day share: the kernel, start_info and what it leads to. */
#ifndef MODELS_PVH_H
#define MODELS_PVH_H

#include "models/linux.h" /* struct elf_boot */
#include "models/start_info.h"

#define PVH_TSS_LIMIT 0x67u /* xen/docs/misc/pvh.pandoc */

/* Where one producer puts things; 0: the lowest free page from `low` on. */
struct pvh_addresses {
	gpa_t start_info, modlist, memmap, cmdline;
	gpa_t low;
};

/* An ELF kernel on its way to its PHYS32_ENTRY. */
struct pvh_boot {
	struct elf_boot elf; /* kernel, layout, diag; its boot_params stay unused */
	/* the caller's, borrowed, with the memory map that this producer gives */
	struct platform platform;
	struct start_info info;
	struct pvh_addresses at;
	gpa_t initrd;
};

/* The parameters of a variant of the path, by which build() calls on. */
struct pvh_variant {
	/* Changes b->platform's memory map and rsdp to what the guest is told; NULL: the platform's own. */
	void (*platform)(struct pvh_boot *b);
	/* Places everything and sets the CPU. */
	int (*build)(struct pvh_boot *b);
	int (*attach)(struct machine *m, const struct start_of_day *sod, struct diag *diag);
};

int pvh_place(struct pvh_boot *b, const char *name, gpa_t gpa, const void *data, size_t len);
/* PT_LOAD segments to p_paddr; -EINVAL where they overlap or there is no RAM. */
int pvh_kernel(struct pvh_boot *b);
/* The initrd, if any, at @gpa; the caller took the memory. */
int pvh_initrd_at(struct pvh_boot *b, gpa_t gpa);
/* The initrd, if any, as high below @end as it goes, page-aligned. */
int pvh_initrd_high(struct pvh_boot *b, uint64_t end);
/*
 * Places the command line, the module list with @module_text (NULL: none) for
 * the initrd, the memory map for version 1, and start_info by b->at and
 * b->info's version, flags and rsdp.
 */
int pvh_start_info(struct pvh_boot *b, const char *module_text);
/* Registers as the document demands them, the rest after reset: EBX, EIP, flat segments, TR. */
void pvh_registers(struct pvh_boot *b, uint16_t cs, uint16_t data_seg);

/* pvh_vmm.c */
extern const struct pvh_variant pvh_qemu, pvh_qboot, pvh_firecracker;
/* pvh_xen.c */
extern const struct pvh_variant pvh_xen, pvh_xen_dom0;

#endif
