/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the images that firmware loads while the guest runs; UEFI 2.10, 7.4 "Image Services". */
#include "tools/run_images.h"

#include <stdio.h>

static struct run_image *find(struct run_images *r, uint64_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].id == id)
			return &r->items[i];
	return NULL;
}

void run_images_loaded(struct run_images *r, const struct sod_image *told)
{
	struct run_image *item = find(r, told->id);

	if (!item && r->count < RUN_IMAGES_MAX)
		item = &r->items[r->count++];
	if (!item)
		return;
	if (item == r->next)
		r->next = NULL;
	image_close(item->image);
	*item = (struct run_image){ .id = told->id, .entry = told->entry };
	snprintf(item->name, sizeof(item->name), "%s", told->name[0] ? told->name : "(memory)");
	/* What the loaders refuse may run all the same. */
	if (image_from_bytes(&item->image, item->name, told->file, NULL))
		item->image = NULL;
}

void run_images_started(struct run_images *r, uint64_t id)
{
	struct run_image *item = find(r, id);

	r->next = item;
	/* One that cannot be unpacked has no kernel whose entry could be known; it is run like any other. */
	if (item && item->image)
		image_unpack(item->image, NULL);
}

void run_images_release(struct run_images *r)
{
	for (size_t i = 0; i < r->count; i++)
		image_close(r->items[i].image);
	*r = (struct run_images){ 0 };
}
