/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the paths through UEFI firmware share: the firmware itself, and who it has started. */
#ifndef MODELS_EFI_PATH_H
#define MODELS_EFI_PATH_H

#include "models/efi.h"
#include "models/sod.h"

/* What building needs for a moment; too large for a stack. */
struct efi_start {
	struct efi_map map;
	struct efi_room room;
};

/* Memory map, CPU state and tables, ACPI, and room for services. */
int efi_firmware_build(struct efi *efi, struct efi_start *s, struct start_of_day *sod,
		       struct diag *diag);
/* The memory map as rules see it: the last step of build(). */
int efi_map_copy(const struct efi_memory *mem, struct start_of_day *sod, struct diag *diag);

/*
 * Hooks the firmware into the machine, with an image of @size bytes at
 * sod->efi_image as the one that it has started; the return address goes to
 * RSP of @cpu, which is the entry's state as far as the CPU of sod has it.
 */
int efi_firmware_enter(struct machine *m, const struct start_of_day *sod, uint64_t size,
		       struct diag *diag);

#endif
