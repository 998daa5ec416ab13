/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware as it stands when it starts an image: memory map, CPU state and tables, and room for its own things. */
#ifndef MODELS_EFI_START_H
#define MODELS_EFI_START_H

#include "models/efi.h"
#include "models/sod.h"

/*
 * Fills the memory map of @efi, adds firmware's tables for the CPU to @sod and
 * sets its CPU state (RIP, RCX, RDX and the return address at RSP are the
 * caller's), and claims what is left of firmware's regions. Then takes
 * @image_pages pages of loader code for the image: where a map from elsewhere
 * has an image of that size, there. -EINVAL with a diag, -ENOMEM.
 */
int efi_start(struct efi *efi, struct start_of_day *sod, uint64_t image_pages, gpa_t *ret_image,
	      struct diag *diag);

#endif
