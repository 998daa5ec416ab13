/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real machine's UEFI memory map as JSON, for --efi-memmap. */
#ifndef TOOLS_EFI_MAP_FILE_H
#define TOOLS_EFI_MAP_FILE_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"

/*
 * The map in the file @path: an object with an array "map" of objects with
 * "type", "start", "pages" and "attr". *ret is malloc'ed. -EINVAL with
 * "FILE:LINE:COLUMN: ..." in @diag, or why it cannot be read; whether it fits the machine is seen later.
 */
int efi_map_file_read(const char *path, struct efi_region **ret, size_t *ret_count,
		      struct diag *diag);
/* The same for its bytes; errors call it @name. */
int efi_map_file_parse(const char *name, struct bytes text, struct efi_region **ret,
		       size_t *ret_count, struct diag *diag);

#endif
