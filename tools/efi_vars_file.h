/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI variables as JSON, for --efi-vars. */
#ifndef TOOLS_EFI_VARS_FILE_H
#define TOOLS_EFI_VARS_FILE_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"

/*
 * The variables in the file @path: an object with an array "variables" of objects with "name", and as far as they
 * differ from these "guid" (EFI_GLOBAL_VARIABLE), "attributes" (7: kept, there at boot and at run time) and "data" (hex
 * digits; none: there is no such variable). Free with efi_vars_free(). -EINVAL with "FILE:LINE:COLUMN: ..." in @diag.
 */
int efi_vars_file_read(const char *path, struct efi_preset **ret, size_t *ret_count,
		       struct diag *diag);
/* The same for its bytes; errors call it @name. */
int efi_vars_file_parse(const char *name, struct bytes text, struct efi_preset **ret,
			size_t *ret_count, struct diag *diag);
/* Takes NULL. */
void efi_vars_free(struct efi_preset *vars, size_t count);

#endif
