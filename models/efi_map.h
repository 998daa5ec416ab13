/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory map that UEFI firmware starts an image with: a real machine's, or
 * a built-in one; and where in it firmware keeps its own things.
 */
#ifndef MODELS_EFI_MAP_H
#define MODELS_EFI_MAP_H

#include "emu/base/diag.h"
#include "emu/base/platform.h"
#include "models/efi_abi.h"

struct efi_map {
	struct efi_region items[PLATFORM_EFI_MAP_MAX]; /* in address order, none overlaps another */
	size_t count;
};

/*
 * The platform's map, or where it has none one that is laid out as OVMF's.
 * -EINVAL with the descriptor and the reason for a map that cannot be this
 * machine's: out of order, unaligned, of no known type, RAM where there is none.
 */
int efi_map_init(struct efi_map *ret, const struct platform *platform, struct diag *diag);

/*
 * Firmware's own objects lie in regions that the map already gives to firmware,
 * so that they change nothing in it. What is left of those regions:
 */
struct efi_room {
	struct efi_region items[PLATFORM_EFI_MAP_MAX * 2];
	size_t count;
};

void efi_room_init(struct efi_room *ret, const struct efi_map *map);

/*
 * Take @size bytes of @type for @what, in what is set apart if that has room, and as high as they go, at a multiple of
 * @align (a power of two, 4 KiB at least). -EINVAL with a diag when no region has room.
 */
int efi_room_take(struct efi_room *room, enum efi_memory_type type, const char *what, uint64_t size,
		  uint64_t align, gpa_t *ret_gpa, struct diag *diag);

/*
 * The end of the memory that firmware gives when it may choose: below the run of regions, of the types that a system keeps
 * when it sleeps, that it has set apart round the ACPI tables (edk2: PcdMemoryTypeInformation). 0: there is no such run.
 */
gpa_t efi_map_default_end(const struct efi_map *map);

/*
 * Where the map was taken with an image of @pages pages loaded: its address. 0:
 * no loader-code region of just that size.
 */
gpa_t efi_map_image(const struct efi_map *map, uint64_t pages);

#endif
