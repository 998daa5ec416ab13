/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map and its two allocators, pages and pool. UEFI 2.10, 7.2 "Memory Allocation Services". */
#ifndef MODELS_EFI_MEMORY_H
#define MODELS_EFI_MEMORY_H

#include "models/efi_abi.h"

#define EFI_RANGES_MAX 1024u
#define EFI_POOL_MAX   8192u

/* One descriptor: sorted by start, never overlapping; alike neighbours are one, as with edk2. */
struct efi_range {
	gpa_t start;
	uint64_t pages;
	uint64_t attr;
	uint32_t type; /* enum efi_memory_type, or a loader's own */
	uint32_t reserved;
};

struct efi_pool_block {
	gpa_t gpa;
	uint64_t size; /* a multiple of EFI_POOL_ALIGN */
	uint32_t type;
	uint16_t used; /* 0: free, of a page that the pool has */
	uint16_t kept; /* of pages that were given to the pool, and never leave it */
};

#define EFI_POOL_ALIGN 16u

#define EFI_BINS_MAX      8u
#define EFI_BIN_PAGES_MAX 1024u

/*
 * Memory that the map calls @type although nobody has it yet: edk2 keeps such ranges for the types that outlive boot
 * services, so that small allocations of them do not cut the map into pieces (MemoryTypeInformation).
 */
struct efi_bin {
	uint32_t type;
	uint32_t pages; /* 0: no such bin */
	gpa_t start;
	uint8_t taken[EFI_BIN_PAGES_MAX / 8]; /* a bit a page */
};

/* Fixed size, no host pointers: part of struct efi_state. Zero is an empty map. */
struct efi_memory {
	uint64_t
		default_end; /* what may lie there or above is first looked for below it; 0: no such thing */
	uint64_t key; /* goes up with every change of the map */
	uint32_t range_count;
	uint32_t pool_count;
	struct efi_bin bins[EFI_BINS_MAX];
	struct efi_range ranges[EFI_RANGES_MAX];
	struct efi_pool_block pool[EFI_POOL_MAX]; /* sorted by address */
};

/*
 * [start, start + pages) becomes @type with @attr, whatever it was: this is how a map is first built. -EINVAL (no
 * pages, not on a page, past the end of memory), -ENOSPC (too many descriptors).
 */
int efi_memory_set(struct efi_memory *mem, uint32_t type, gpa_t start, uint64_t pages,
		   uint64_t attr);

/* [start, start + pages), all of @type in the map, is a bin of it; what is more than EFI_BIN_PAGES_MAX is not. -ENOSPC. */
int efi_memory_bin(struct efi_memory *mem, uint32_t type, gpa_t start, uint64_t pages);

/* The descriptor that holds @gpa, or NULL. Good until the map changes. */
const struct efi_range *efi_memory_find(const struct efi_memory *mem, gpa_t gpa);

/*
 * AllocatePages() as the specification has it. ANY and MAX_ADDRESS take a bin's pages first. Then ANY takes the highest that is free below 4 GiB, else the highest;
 * MAX_ADDRESS the highest whose last byte is at most *gpa; ADDRESS *gpa itself. The bytes are not touched.
 */
efi_status_t efi_pages_allocate(struct efi_memory *mem, enum efi_allocate_type how, uint32_t type,
				uint64_t pages, gpa_t *gpa);
efi_status_t efi_pages_free(struct efi_memory *mem, gpa_t gpa, uint64_t pages);

/* @gpa is a multiple of EFI_POOL_ALIGN; a size of 0 is one unit. */
efi_status_t efi_pool_allocate(struct efi_memory *mem, uint32_t type, uint64_t size,
			       gpa_t *ret_gpa);
/* INVALID_PARAMETER for what is no block of the pool. */
efi_status_t efi_pool_free(struct efi_memory *mem, gpa_t gpa);

/* Memory that is of @type in the map already, and stays so: free blocks of the pool from here on. Once. -ENOSPC. */
int efi_pool_give(struct efi_memory *mem, uint32_t type, gpa_t gpa, uint64_t size);

/* The EFI_DESCRIPTOR_SIZE bytes that GetMemoryMap() gives for @r. */
void efi_descriptor_put(const struct efi_range *r, uint8_t ret_raw[EFI_DESCRIPTOR_SIZE]);

#endif
