/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS tables that describe the platform: entry point and structures (DSP0134, version 2.8). */
#ifndef MODELS_SMBIOS_H
#define MODELS_SMBIOS_H

#include "emu/base/buf.h"
#include "emu/base/platform.h"

/* The 32-bit entry point, "_SM_". */
#define SMBIOS_ENTRY_SIZE 31u

/* Bytes that the structures take at most, for any platform. */
#define SMBIOS_TABLE_MAX 0x1000u

/*
 * Appends the structures to @table, to lie at @table_gpa (below 4 GiB), and
 * fills the entry point, which goes to a multiple of 16 where a guest searches
 * (0xf0000 to 1 MiB), or into UEFI's configuration table. Fails with -ENOMEM.
 */
int smbios_build(const struct platform *platform, gpa_t table_gpa, struct buf *table,
		 uint8_t ret_entry[SMBIOS_ENTRY_SIZE]);

#endif
