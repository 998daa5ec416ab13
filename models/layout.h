/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guest RAM is still free while a start of day is laid out: what a loader's allocator does. */
#ifndef MODELS_LAYOUT_H
#define MODELS_LAYOUT_H

#include "emu/base/platform.h"

struct layout {
	struct regions free;
};

/*
 * All that E820 calls RAM and nothing else does, less the real-mode vectors and
 * the BIOS data area at [0, 0x1000). -ENOMEM, -EINVAL for entries that wrap.
 */
int layout_init(struct layout *l, const struct platform *platform, struct diag *diag);
void layout_release(struct layout *l);

bool layout_is_free(const struct layout *l, gpa_t gpa, uint64_t size);

/*
 * The lowest or highest multiple of @align in [min, end) where @size bytes are
 * free, end included; false when there is none. @align is a power of two.
 */
bool layout_lowest(const struct layout *l, uint64_t size, uint64_t align, gpa_t min, uint64_t end,
		   gpa_t *ret_gpa);
bool layout_highest(const struct layout *l, uint64_t size, uint64_t align, gpa_t min, uint64_t end,
		    gpa_t *ret_gpa);

/* Not free any more. 0 or -ENOMEM. */
int layout_take(struct layout *l, gpa_t gpa, uint64_t size);

/* layout_lowest() or layout_highest(), and take it; -EINVAL with a diag that names @what and both sizes. */
int layout_take_lowest(struct layout *l, const char *what, uint64_t size, uint64_t align, gpa_t min,
		       uint64_t end, gpa_t *ret_gpa, struct diag *diag);
int layout_take_highest(struct layout *l, const char *what, uint64_t size, uint64_t align,
			gpa_t min, uint64_t end, gpa_t *ret_gpa, struct diag *diag);

/* Bytes of the largest free piece in [min, end). */
uint64_t layout_largest(const struct layout *l, gpa_t min, uint64_t end);

/* One past the last byte of RAM that E820 names. */
uint64_t layout_ram_end(const struct platform *platform);

#define LAYOUT_4GIB 0x100000000ull
#define LAYOUT_TOP  UINT64_MAX

#endif
