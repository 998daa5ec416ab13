/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The images that firmware loads and starts in one run, beside the one that the path enters. */
#ifndef TOOLS_RUN_IMAGES_H
#define TOOLS_RUN_IMAGES_H

#include "loaders/image.h"
#include "models/sod.h"

#define RUN_IMAGES_MAX 64u /* more are run, and not known by name */

struct run_image {
	uint64_t id;
	gpa_t entry;
	char name[256];
	struct image *image; /* owned; NULL: nothing that the loaders know */
};

struct run_images {
	struct run_image items[RUN_IMAGES_MAX];
	size_t count;
	const struct run_image
		*next; /* started, and its first instruction is still to come; NULL: none */
};

void run_images_loaded(struct run_images *r, const struct sod_image *told);
/* Its payload is unpacked now, if it has one: the image may be a kernel. */
void run_images_started(struct run_images *r, uint64_t id);
void run_images_release(struct run_images *r);

#endif
