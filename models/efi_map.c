/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI memory maps: UEFI 2.10, 7.2.3 "EFI_BOOT_SERVICES.GetMemoryMap()". The
 * built-in one has the order, kinds and attributes of what OVMF 2022.11 shows on
 * QEMU's q35 machine, with each run of small neighbours as one.
 */
#include "models/efi_map.h"

#include <errno.h>
#include <inttypes.h>

#define PAGE_2M    MIB(2)
#define FOUR_GIB   0x100000000ull
#define LOW_START  0x1500000ull /* first byte above the fixed rows */
#define FLASH      0xffc00000ull
#define FLASH_SIZE 0x400000ull

#define ATTR_RAM EFI_MEMORY_RAM
#define ATTR_RT  (EFI_MEMORY_RAM | EFI_MEMORY_RUNTIME)

struct map_row {
	uint32_t type;
	uint32_t pages;
	uint64_t attr;
};

/* clang-format off */
/* From 0 up; what lies between conventional memory and 1 MiB is in no descriptor. */
static const struct efi_region low_rows[] = {
	{ EFI_BOOT_SERVICES_CODE,    0x0,      1,    ATTR_RAM },
	{ EFI_CONVENTIONAL_MEMORY, 0x1000,   159,  ATTR_RAM },
	{ EFI_CONVENTIONAL_MEMORY, 0x100000, 1798, ATTR_RAM },
	{ EFI_ACPI_MEMORY_NVS,     0x806000, 2,    ATTR_RAM },
	{ EFI_CONVENTIONAL_MEMORY, 0x808000, 8,    ATTR_RAM },
	{ EFI_ACPI_MEMORY_NVS,     0x810000, 240,  ATTR_RAM },
	{ EFI_BOOT_SERVICES_DATA,    0x900000, 3072, ATTR_RAM },
};

/* From the end of the RAM below 4 GiB down to a 2 MiB boundary: stack and early firmware. */
static const struct map_row top_rows[] = {
	{ EFI_ACPI_MEMORY_NVS,     136,  ATTR_RAM },
	{ EFI_RUNTIME_SERVICES_DATA, 132,  ATTR_RT },
	{ EFI_BOOT_SERVICES_CODE,    20,   ATTR_RAM },
	{ EFI_BOOT_SERVICES_DATA,    17,   ATTR_RAM },
	{ EFI_BOOT_SERVICES_CODE,    46,   ATTR_RAM },
	{ EFI_BOOT_SERVICES_DATA,    32,   ATTR_RAM },
};

/* And from there down: page tables, tables for the system, drivers and their heap. */
static const struct map_row high_rows[] = {
	{ EFI_BOOT_SERVICES_DATA,    1538, ATTR_RAM },
	{ EFI_ACPI_MEMORY_NVS,     128,  ATTR_RAM },
	{ EFI_ACPI_RECLAIM_MEMORY, 18,   ATTR_RAM },
	{ EFI_RESERVED_MEMORY,     128,  ATTR_RAM },
	{ EFI_RUNTIME_SERVICES_CODE, 256,  ATTR_RT },
	{ EFI_RUNTIME_SERVICES_DATA, 256,  ATTR_RT },
	{ EFI_BOOT_SERVICES_DATA,    1117, ATTR_RAM },
	{ EFI_BOOT_SERVICES_CODE,    238,  ATTR_RAM },
	{ EFI_BOOT_SERVICES_DATA,    1024, ATTR_RAM },
	{ EFI_RUNTIME_SERVICES_DATA, 258,  ATTR_RT },
	{ EFI_BOOT_SERVICES_CODE,    672,  ATTR_RAM },
	{ EFI_BOOT_SERVICES_DATA,    512,  ATTR_RAM },
};
/* clang-format on */

static void append(struct efi_map *map, uint32_t type, gpa_t start, uint64_t end, uint64_t attr)
{
	if (end > start)
		map->items[map->count++] = (struct efi_region){
			.type = type,
			.start = start,
			.pages = (end - start) / GUEST_PAGE_SIZE,
			.attr = attr,
		};
}

/* @rows downward from @end; returns where the last begins. */
static gpa_t rows_below(struct efi_map *map, const struct map_row *rows, size_t count, gpa_t end)
{
	for (size_t i = 0; i < count; i++) {
		gpa_t start = end - rows[i].pages * GUEST_PAGE_SIZE;

		append(map, rows[i].type, start, end, rows[i].attr);
		end = start;
	}
	return end;
}

static uint64_t rows_size(const struct map_row *rows, size_t count)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < count; i++)
		pages += rows[i].pages;
	return pages * GUEST_PAGE_SIZE;
}

static void sort(struct efi_map *map)
{
	for (size_t i = 1; i < map->count; i++) {
		struct efi_region r = map->items[i];
		size_t k = i;

		for (; k > 0 && map->items[k - 1].start > r.start; k--)
			map->items[k] = map->items[k - 1];
		map->items[k] = r;
	}
}

static int builtin(struct efi_map *ret, const struct platform *platform, struct diag *diag)
{
	uint64_t need = LOW_START + rows_size(high_rows, ARRAY_SIZE(high_rows)) +
			rows_size(top_rows, ARRAY_SIZE(top_rows)) + 2 * PAGE_2M;
	const struct region *low = regions_find(&platform->ram, MIB(1));
	gpa_t end, split;

	if (!low || low->last < need)
		return diag_set(diag, -EINVAL,
				"0x%" PRIx64 " bytes of RAM: UEFI firmware needs 0x%" PRIx64,
				platform->memory, need);
	memcpy(ret->items, low_rows, sizeof(low_rows));
	ret->count = ARRAY_SIZE(low_rows);
	end = low->last + 1;
	split = (end - rows_size(top_rows, ARRAY_SIZE(top_rows))) & ~(PAGE_2M - 1);
	end = rows_below(ret, top_rows, ARRAY_SIZE(top_rows), end);
	append(ret, EFI_CONVENTIONAL_MEMORY, split, end, ATTR_RAM);
	end = rows_below(ret, high_rows, ARRAY_SIZE(high_rows), split);
	append(ret, EFI_CONVENTIONAL_MEMORY, LOW_START, end, ATTR_RAM);
	append(ret, EFI_MEMORY_MAPPED_IO, FLASH, FLASH + FLASH_SIZE,
	       EFI_MEMORY_UC | EFI_MEMORY_RUNTIME);
	for (size_t i = 0; i < platform->ram.count; i++) {
		const struct region *r = &platform->ram.items[i];

		if (r->start >= FOUR_GIB)
			append(ret, EFI_CONVENTIONAL_MEMORY, r->start, r->last + 1, ATTR_RAM);
	}
	sort(ret);
	return 0;
}

struct type_info {
	const char *name;
	bool ram; /* real memory must lie behind it */
};

/* UEFI 2.10, 7.2.1, "Memory Type Usage before ExitBootServices()". */
static const struct type_info type_infos[EFI_MEMORY_TYPE_COUNT] = {
	[EFI_RESERVED_MEMORY] = { "reserved", false },
	[EFI_LOADER_CODE] = { "loader code", true },
	[EFI_LOADER_DATA] = { "loader data", true },
	[EFI_BOOT_SERVICES_CODE] = { "boot services code", true },
	[EFI_BOOT_SERVICES_DATA] = { "boot services data", true },
	[EFI_RUNTIME_SERVICES_CODE] = { "runtime services code", true },
	[EFI_RUNTIME_SERVICES_DATA] = { "runtime services data", true },
	[EFI_CONVENTIONAL_MEMORY] = { "conventional", true },
	[EFI_UNUSABLE_MEMORY] = { "unusable", false },
	[EFI_ACPI_RECLAIM_MEMORY] = { "ACPI reclaim", true },
	[EFI_ACPI_MEMORY_NVS] = { "ACPI NVS", true },
	[EFI_MEMORY_MAPPED_IO] = { "memory-mapped I/O", false },
	[EFI_MEMORY_MAPPED_IO_PORT_SPACE] = { "memory-mapped port I/O", false },
	[EFI_PAL_CODE] = { "PAL code", false },
	[EFI_PERSISTENT_MEMORY] = { "persistent", true },
	[EFI_UNACCEPTED_MEMORY] = { "unaccepted", true },
};

static uint64_t region_size(const struct efi_region *r)
{
	return r->pages * GUEST_PAGE_SIZE;
}

/* NULL, or what is wrong with the descriptor that follows one that ends at @before. */
static const char *region_fault(const struct efi_region *r, const struct platform *platform,
				gpa_t before)
{
	uint64_t size, end;

	if (r->type >= EFI_MEMORY_TYPE_COUNT)
		return "its type is none that UEFI 2.10 knows";
	if (r->start % GUEST_PAGE_SIZE)
		return "it does not begin on a page";
	if (!r->pages)
		return "it is empty";
	if (__builtin_mul_overflow(r->pages, GUEST_PAGE_SIZE, &size) ||
	    __builtin_add_overflow(r->start, size, &end))
		return "it passes the end of the address space";
	if (r->start < before)
		return "it begins before the one before it ends";
	if (type_infos[r->type].ram && !regions_cover(&platform->ram, r->start, size))
		return "it is RAM where this machine has none";
	return NULL;
}

static int given(struct efi_map *ret, const struct platform *platform, struct diag *diag)
{
	gpa_t before = 0;

	if (platform->efi_map_count > PLATFORM_EFI_MAP_MAX)
		return diag_set(diag, -EINVAL, "a UEFI memory map of more than %u descriptors",
				PLATFORM_EFI_MAP_MAX);
	for (size_t i = 0; i < platform->efi_map_count; i++) {
		const struct efi_region *r = &platform->efi_map[i];
		const char *fault = region_fault(r, platform, before);

		if (fault)
			return diag_set(diag, -EINVAL,
					"UEFI memory map, descriptor %zu at 0x%" PRIx64 ": %s", i,
					r->start, fault);
		ret->items[ret->count++] = *r;
		before = r->start + region_size(r);
	}
	return 0;
}

int efi_map_init(struct efi_map *ret, const struct platform *platform, struct diag *diag)
{
	ret->count = 0;
	return platform->efi_map ? given(ret, platform, diag) : builtin(ret, platform, diag);
}

gpa_t efi_map_image(const struct efi_map *map, uint64_t pages)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->items[i].type == EFI_LOADER_CODE && map->items[i].pages == pages)
			return map->items[i].start;
	return 0;
}

static bool is_set_apart(uint32_t type)
{
	return type == EFI_RESERVED_MEMORY || type == EFI_RUNTIME_SERVICES_CODE ||
	       type == EFI_RUNTIME_SERVICES_DATA || type == EFI_ACPI_RECLAIM_MEMORY ||
	       type == EFI_ACPI_MEMORY_NVS;
}

/* The indices of the first region of the run and of the one after it; false when there is none. */
static bool set_apart(const struct efi_map *map, size_t *ret_first, size_t *ret_end)
{
	size_t first = 0, end;

	while (first < map->count && map->items[first].type != EFI_ACPI_RECLAIM_MEMORY)
		first++;
	if (first == map->count)
		return false;
	end = first + 1;
	while (first > 0 && is_set_apart(map->items[first - 1].type) &&
	       map->items[first - 1].start + region_size(&map->items[first - 1]) ==
		       map->items[first].start)
		first--;
	while (end < map->count && is_set_apart(map->items[end].type) &&
	       map->items[end - 1].start + region_size(&map->items[end - 1]) ==
		       map->items[end].start)
		end++;
	*ret_first = first;
	*ret_end = end;
	return true;
}

gpa_t efi_map_default_end(const struct efi_map *map)
{
	size_t first, end;

	return set_apart(map, &first, &end) ? map->items[first].start : 0;
}

/* --- firmware's own --- */

void efi_room_init(struct efi_room *ret, const struct efi_map *map)
{
	size_t first, end;

	memcpy(ret->items, map->items, map->count * sizeof(map->items[0]));
	ret->count = map->count;
	/* Looked through from the last to the first. */
	for (size_t i = 0; set_apart(map, &first, &end) && first + i < end; i++) {
		ret->items[ret->count++] = map->items[first + i];
		ret->items[first + i].pages = 0;
	}
}

int efi_room_take(struct efi_room *room, enum efi_memory_type type, const char *what, uint64_t size,
		  uint64_t align, gpa_t *ret_gpa, struct diag *diag)
{
	size = ALIGN_UP(size, GUEST_PAGE_SIZE);
	for (size_t i = room->count; i-- > 0;) {
		struct efi_region *r = &room->items[i];
		uint64_t end = r->start + region_size(r);
		gpa_t at;

		if (r->type != type || region_size(r) < size)
			continue;
		at = (end - size) & ~(align - 1);
		if (at < r->start)
			continue;
		r->pages = (at - r->start) / GUEST_PAGE_SIZE;
		/* What alignment left above it is of use for something smaller. */
		if (at + size < end && room->count < ARRAY_SIZE(room->items))
			room->items[room->count++] = (struct efi_region){
				.type = type,
				.start = at + size,
				.pages = (end - at - size) / GUEST_PAGE_SIZE,
				.attr = r->attr,
			};
		*ret_gpa = at;
		return 0;
	}
	return diag_set(diag, -EINVAL,
			"the UEFI memory map has no %s region with room for 0x%" PRIx64
			" bytes of %s",
			type_infos[type].name, size, what);
}
