/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware's side of a UEFI start of day: UEFI 2.10, 2.3.4 "x64 Platforms" and 7.2 "Memory Allocation Services". */
#include "models/efi_start.h"

#include <errno.h>
#include <stdlib.h>

/* What building needs for a moment; too large for a stack. */
struct start {
	struct efi_map map;
	struct efi_room room;
};

static int fill_map(struct efi *efi, const struct efi_map *map, struct diag *diag)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct efi_region *r = &map->items[i];
		int err = efi_memory_set(&efi->state.memory, r->type, r->start, r->pages, r->attr);

		if (err)
			return diag_set(diag, err, "UEFI memory map, descriptor %zu: %s", i,
					strerror(-err));
	}
	return 0;
}

/* The largest piece of each type that firmware has its own things in. */
static int claim_rest(struct efi *efi, const struct efi_room *room)
{
	static const enum efi_memory_type types[] = {
		EFI_BOOT_SERVICES_CODE,    EFI_BOOT_SERVICES_DATA,  EFI_RUNTIME_SERVICES_CODE,
		EFI_RUNTIME_SERVICES_DATA, EFI_ACPI_RECLAIM_MEMORY,
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(types); i++) {
		const struct efi_region *largest = NULL;

		for (size_t k = 0; k < room->count; k++) {
			const struct efi_region *r = &room->items[k];

			if (r->type == types[i] && r->pages &&
			    (!largest || r->pages > largest->pages))
				largest = r;
		}
		if (largest)
			err = efi_claim_add(efi, types[i], largest->start, largest->pages);
	}
	return err;
}

static int take_image(struct efi *efi, const struct efi_map *map, uint64_t pages, gpa_t *ret,
		      struct diag *diag)
{
	*ret = efi_map_image(map, pages);
	if (*ret)
		return 0;
	if (efi_pages_allocate(&efi->state.memory, EFI_ALLOCATE_ANY, EFI_LOADER_CODE, pages, ret) !=
	    EFI_SUCCESS)
		return diag_set(diag, -EINVAL, "no room for an image of 0x%llx pages",
				(unsigned long long)pages);
	return 0;
}

int efi_start(struct efi *efi, struct start_of_day *sod, uint64_t image_pages, gpa_t *ret_image,
	      struct diag *diag)
{
	struct start *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return diag_set(diag, -ENOMEM, "out of memory");
	err = efi_map_init(&s->map, efi->platform, diag);
	if (!err)
		err = fill_map(efi, &s->map, diag);
	if (err)
		goto out;
	efi_room_init(&s->room, &s->map);
	err = efi_cpu_build(&efi->state.cpu, &s->map, &s->room, efi->platform->efi_nx, &sod->memory,
			    &sod->cpu, diag);
	if (err)
		goto out;
	err = claim_rest(efi, &s->room);
	if (err)
		diag_set(diag, err,
			 "firmware has more kinds of memory of its own than it can keep");
	else
		err = take_image(efi, &s->map, image_pages, ret_image, diag);
out:
	free(s);
	return err;
}
