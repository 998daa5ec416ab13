/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity page tables with 2 MiB pages: SDM 3A 4.5 "4-Level Paging", tables 4-15 to 4-18. */
#include "models/paging.h"

#include <errno.h>
#include <stdlib.h>

#include "emu/base/x86.h"

#define ENTRIES   512ull
#define PAGE_2M   MIB(2)
#define PD_SPAN   GIB(1)
#define PDPT_SPAN GIB(512)

_Static_assert(PAGING_MAP_MAX <= ENTRIES * PDPT_SPAN, "one PML4 maps 256 TiB");

static uint64_t count_of(uint64_t len, uint64_t unit)
{
	return len / unit + (len % unit != 0);
}

uint64_t paging_identity_size(const struct identity_map *map)
{
	return GUEST_PAGE_SIZE * (1 + count_of(map->end, PDPT_SPAN) + count_of(map->end, PD_SPAN));
}

/* Entries 0..count-1 of consecutive tables at @table: @first, @first + @step, ... with @flags. */
static void fill(uint8_t *table, uint64_t count, uint64_t first, uint64_t step, uint64_t flags)
{
	for (uint64_t i = 0; i < count; i++)
		put_le64(table + i * 8, (first + i * step) | flags);
}

int paging_identity_build(struct placements *memory, gpa_t gpa, const struct identity_map *map,
			  const char *source, struct diag *diag)
{
	uint64_t size = paging_identity_size(map);
	uint64_t pdpts = count_of(map->end, PDPT_SPAN);
	uint64_t pds = count_of(map->end, PD_SPAN);
	gpa_t pdpt = gpa + GUEST_PAGE_SIZE;
	gpa_t pd = pdpt + pdpts * GUEST_PAGE_SIZE;
	uint8_t *tables;
	int ret;

	if (map->end == 0 || map->end > PAGING_MAP_MAX)
		return diag_set(diag, -EINVAL,
				"page tables for 0x%llx bytes are more than this machine has",
				(unsigned long long)map->end);
	tables = calloc(1, size);
	if (!tables)
		return diag_set(diag, -ENOMEM, "out of memory");

	fill(tables, pdpts, pdpt, GUEST_PAGE_SIZE, map->table_flags);
	fill(tables + (pdpt - gpa), pds, pd, GUEST_PAGE_SIZE, map->table_flags);
	fill(tables + (pd - gpa), count_of(map->end, PAGE_2M), 0, PAGE_2M,
	     map->page_flags | PTE_PS);

	ret = placements_add_copy(memory, "page tables", gpa, tables, size, source);
	free(tables);
	if (ret < 0)
		return diag_set(diag, ret, "page tables do not fit");
	return 0;
}
