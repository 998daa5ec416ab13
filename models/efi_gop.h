/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer of --gop. UEFI 2.10, 12.9 "Graphics Output Protocol". */
#ifndef MODELS_EFI_GOP_H
#define MODELS_EFI_GOP_H

#include "emu/base/platform.h"

struct diag;
struct efi;
struct machine;

/* In the hole below 4 GiB that every size of memory leaves, where a PC's bridges and cards are. */
#define EFI_FRAMEBUFFER 0xf0000000ull

/* Memory for the framebuffer, where the platform has one: before the machine is made. -ENOMEM. */
int efi_gop_platform(struct platform *p);

int efi_gop_attach(struct efi *efi, struct machine *m, struct diag *diag);

#endif
