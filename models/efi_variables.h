/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variable store. UEFI 2.10, 8.2 "Variable Services". */
#ifndef MODELS_EFI_VARIABLES_H
#define MODELS_EFI_VARIABLES_H

#include "models/efi_abi.h"

#define EFI_VARIABLES_MAX      128u
#define EFI_VARIABLE_NAME_MAX  64u     /* characters, the NUL with them */
#define EFI_VARIABLE_STORE_MAX 0x8000u /* bytes of data of all variables */

struct efi_variable {
	struct efi_guid guid;
	uint16_t name[EFI_VARIABLE_NAME_MAX];
	uint32_t attributes; /* EFI_VARIABLE_* */
	uint32_t offset;     /* of its data in the store */
	uint32_t size;
	uint32_t reserved;
};

struct efi_variables {
	uint32_t count;
	uint32_t used; /* bytes of the store; the data lie there in the order of the variables */
	struct efi_variable items[EFI_VARIABLES_MAX];
	uint8_t store[EFI_VARIABLE_STORE_MAX];
};

struct efi_variable *efi_variable_find(struct efi_variables *v, const uint16_t *name,
				       const struct efi_guid *guid);
/* Set, replace or (len 0) delete; OUT_OF_RESOURCES when there is no room. Checks nothing else. */
efi_status_t efi_variable_set(struct efi_variables *v, const uint16_t *name,
			      const struct efi_guid *guid, uint32_t attributes, const void *data,
			      size_t len);

#endif
