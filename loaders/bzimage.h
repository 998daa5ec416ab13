/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux boot protocol's image: setup code with its header, then the protected-mode part (boot.rst). */
#ifndef LOADERS_BZIMAGE_H
#define LOADERS_BZIMAGE_H

#include "loaders/image.h"

#define BOOT_FLAG_OFFSET 0x1feu
#define BOOT_FLAG        0xaa55u
#define HDRS_OFFSET      0x202u
#define HDRS             0x53726448u /* "HdrS" */

/* "HdrS" at 0x202: protocol 2.00 or later. */
bool bzimage_probe(struct bytes file);
/*
 * No header, but a boot sector whose setup_sects and syssize describe a zImage that
 * this file can be. Weak, so every format with a magic number is asked first.
 */
bool bzimage_probe_headerless(struct bytes file);
int bzimage_parse(struct bytes file, struct bzimage *bz, struct diag *diag);
/* What kernel_version points to, without the NUL; len 0 when it is 0, outside the setup code or unended. */
struct bytes bzimage_version(struct bytes file, const struct bzimage *bz);

#endif
