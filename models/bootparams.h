/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes boot_params from an image's setup header: boot.rst "32-bit Boot Protocol", zero-page.rst. */
#ifndef MODELS_BOOTPARAMS_H
#define MODELS_BOOTPARAMS_H

#include "emu/base/platform.h"
#include "loaders/image.h"

/* type_of_loader, boot.rst */
#define LOADER_GRUB2   0x72 /* GRUB is 7, version 2 */
#define LOADER_KEXEC   0xd0
#define LOADER_UNKNOWN 0xff

#define VID_MODE_NORMAL 0xffff

/*
 * A zeroed page with the header's bytes from 0x1f1 up to its end, as the file
 * has them. A header that claims to pass BOOT_PARAMS_HDR_MAX is cut there.
 */
void bootparams_init(uint8_t ret_bp[BOOT_PARAMS_SIZE], const struct bzimage *bz);

/* What every loader writes the same: E820 and where command line and initrd lie, with their ext_ halves. */
void bootparams_set_cmdline(uint8_t *bp, gpa_t gpa);
void bootparams_set_initrd(uint8_t *bp, gpa_t gpa, uint64_t size);

/* The image's boot protocol has this header field. */
bool bootparams_has(const struct bzimage *bz, enum bp_field f);

#endif
