/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing the kernel proper of two boots, which may lie at different addresses. */
#ifndef TOOLS_DIFF_KERNEL_H
#define TOOLS_DIFF_KERNEL_H

#include "tools/diff.h"

/* The kernel proper on one side. */
struct kernel_side {
	const struct image *image;
	const struct pages *pages;
	gpa_t gpa; /* where its first segment lies */
	struct regions
		*parts; /* bytes of it that are told elsewhere have another value than @part */
	uint64_t part;
};

/*
 * How far relocation moved the kernel's linear addresses, told by the first
 * word that its table names; false: it has no table, or it cannot be read.
 */
bool kernel_virtual_move(const struct kernel_side *k, uint64_t *ret_move);

/* What differs otherwise than by a move; first and last from the kernel's start. */
struct kernel_bytes {
	uint64_t count, first, last;
};

struct kernel_compare {
	uint64_t moved; /* words that differ by exactly the distance between the two moves */
	struct kernel_bytes loaded; /* where a segment has bytes in the file */
	struct kernel_bytes empty;  /* where it has none: .bss, which the kernel has yet to clear */
};

/* Compare the first @size bytes; -ENOMEM. */
int kernel_compare(const struct kernel_side k[2], uint64_t size, uint64_t distance,
		   struct kernel_compare *ret);

#endif
