/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sorted map from address intervals to a number: E820 algebra, RAM maps,
 * page-table ranges and the interval sets of the rule language are its clients.
 *
 * Intervals are [start, last], both inclusive, so that the top of the 64-bit
 * space can be named. They never overlap; neighbours with equal values merge.
 */
#ifndef EMU_BASE_REGIONS_H
#define EMU_BASE_REGIONS_H

#include "emu/base/types.h"

struct region {
	uint64_t start;
	uint64_t last; /* inclusive */
	uint64_t value;
};

/* Zero-initialise to start empty; the array is sorted by start. */
struct regions {
	struct region *items;
	size_t count;
	size_t cap;
};

/*
 * Map [start, start+len) to value, splitting and replacing what was there.
 * len 0 does nothing. -EOVERFLOW when the interval passes 2^64, -ENOMEM.
 */
int regions_set(struct regions *r, uint64_t start, uint64_t len, uint64_t value);

/* Make [start, start+len) unmapped again; same errors. */
int regions_remove(struct regions *r, uint64_t start, uint64_t len);

/* The region that holds @addr, or NULL. Valid until the next change. */
const struct region *regions_find(const struct regions *r, uint64_t addr);

/* True when every byte of [start, start+len) is mapped (to any value); true for len 0. */
bool regions_cover(const struct regions *r, uint64_t start, uint64_t len);

/* True when any byte of [start, start+len) is mapped. */
bool regions_overlap(const struct regions *r, uint64_t start, uint64_t len);

int regions_copy(struct regions *dst, const struct regions *src);
void regions_free(struct regions *r);

#endif
