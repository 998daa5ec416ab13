/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UEFI application from tests/guest/efi in a machine with firmware. */
#ifndef TESTS_LIB_EFI_GUEST_H
#define TESTS_LIB_EFI_GUEST_H

#include "emu/machine.h"
#include "models/sod.h"

struct efi_guest {
	struct platform platform;
	struct image *image;
	struct start_of_day sod;
	struct machine *m;
	struct stop stop;
};

/* On @platform, whose memory is already set up, or with NULL on one of 256 MiB. Aborts the test when it cannot. */
void efi_guest_open(struct efi_guest *g, const char *name, const struct platform *platform);
void efi_guest_run(struct efi_guest *g);
void efi_guest_close(struct efi_guest *g);

#endif
