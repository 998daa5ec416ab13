/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds identity page tables: four levels, 2 MiB pages (SDM 3A 4.5). */
#ifndef MODELS_PAGING_H
#define MODELS_PAGING_H

#include "emu/base/diag.h"
#include "loaders/placement.h"

struct identity_map {
	uint64_t end;         /* [0, end) is mapped; rounded up to 2 MiB, at most PAGING_MAP_MAX */
	uint64_t table_flags; /* PTE_* of entries that point to tables */
	uint64_t page_flags;  /* PTE_* of the 2 MiB entries; PTE_PS is added */
};

#define PAGING_MAP_MAX GIB(4096)

/* Bytes of tables for @map: one page for the PML4, one per 512 GiB, one per GiB. */
uint64_t paging_identity_size(const struct identity_map *map);

/*
 * Adds the tables at @gpa, PML4 first (that is CR3), then the page-directory
 * pointer tables, then the page directories. 0 or -ENOMEM, -EINVAL (end is too
 * high), -EOVERFLOW.
 */
int paging_identity_build(struct placements *memory, gpa_t gpa, const struct identity_map *map,
			  const char *source, struct diag *diag);

#endif
