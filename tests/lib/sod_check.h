/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A start of day built and read as the guest would find it. */
#ifndef TESTS_LIB_SOD_CHECK_H
#define TESTS_LIB_SOD_CHECK_H

#include "models/sod.h"

struct built {
	struct platform platform;
	struct start_of_day sod;
	struct pages *pages; /* the platform's RAM with all placements */
	struct diag diag;
	int ret; /* of the path's build() */
	uint8_t bp[BOOT_PARAMS_SIZE];
};

/* Builds @path:@variant for @image; on failure only ret and diag say something. Release it with built_release(). */
void built_make(struct built *b, const struct image *image, const char *path, const char *variant,
		uint64_t memory, const char *cmdline, struct bytes initrd);
void built_release(struct built *b);

uint64_t built_u64(const struct built *b, gpa_t gpa);
bool built_holds(const struct built *b, gpa_t gpa, const void *data, size_t len);

/*
 * The names of the first two placements that overlap each other or, the kernel
 * aside, the kernel's run range; or of one that is not wholly in E820 RAM (the
 * first page counts as RAM). NULL when all is well.
 */
const char *built_conflict(const struct built *b);

#endif
