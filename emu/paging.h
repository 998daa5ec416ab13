/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page walks in software over live or captured memory: 2-level, PAE, 4- and 5-level (SDM 3A chapter 4). */
#ifndef EMU_PAGING_H
#define EMU_PAGING_H

#include "emu/base/state.h"

enum paging_mode { PAGING_NONE, PAGING_32, PAGING_PAE, PAGING_4LEVEL, PAGING_5LEVEL };

extern const char *const paging_mode_names[];

enum paging_mode paging_mode(const struct cpu_state *cpu);

struct walk_step {
	unsigned level; /* 5 PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE */
	gpa_t address;  /* of the entry */
	uint64_t entry;
	bool readable; /* false: no memory at address */
};

struct page_walk {
	enum paging_mode mode;
	bool present; /* gpa, size and flags are valid */
	gpa_t gpa;
	uint64_t size;      /* of the page: 4 KiB, 2 or 4 MiB, 1 GiB; 0 without paging */
	bool writable;      /* R/W set at every level */
	bool user;          /* U/S set at every level */
	bool no_execute;    /* XD at any level with EFER.NXE set */
	bool reserved_bits; /* a reserved bit is set: #PF with RSVD; present is false */
	unsigned steps;
	struct walk_step step[5];
};

/* Translate @va by @cpu's CR0, CR3, CR4 and EFER. Always fills @ret. True when it is mapped. */
bool page_walk(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t va,
	       struct page_walk *ret);

/* One run of linear addresses mapped alike. */
struct page_range {
	gva_t start;
	uint64_t len; /* 0 means 2^64 - start */
	gpa_t gpa;    /* of start; without contiguity a new range begins */
	uint64_t page_size;
	/* the leaf entry's low 12 bits without A, D and PS, and NX; R/W and U/S ANDed over all levels */
	uint64_t flags;
};

/*
 * All that is mapped, merged, in address order; *ret is malloc'ed. Reads at
 * most @max_tables tables (a self-referencing table is a tree of its own):
 * -E2BIG past that, -EFAULT for a table outside memory, -ENOMEM.
 */
int page_ranges(const struct cpu_state *cpu, const struct mem_reader *mem, size_t max_tables,
		struct page_range **ret, size_t *ret_count);

/* True when every page of [start, start+len) maps to itself (always, with paging off and below 4 GiB). */
bool page_identity_mapped(const struct cpu_state *cpu, const struct mem_reader *mem, gva_t start,
			  uint64_t len, gva_t *reterr_va);

#endif
