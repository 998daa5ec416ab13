/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image formats in the order in which a file is asked, and what each must do. */
#ifndef LOADERS_FORMATS_H
#define LOADERS_FORMATS_H

#include "loaders/image.h"

struct image_ops {
	const char *name;
	enum image_format format;
	bool (*probe)(struct bytes file);
	/* Fills the format's part of @image from image->file. */
	int (*parse)(struct image *image, struct diag *diag);
	/* Unpacks what is packed; NULL when nothing is. */
	int (*unpack)(struct image *image, struct diag *diag);
};

/* NULL when no format claims the file. */
const struct image_ops *image_ops_probe(struct bytes file);
const struct image_ops *image_ops_get(enum image_format format);

/* Fill image->entries (again) from what is known of the image. */
void image_entries_fill(struct image *image);
/* Fill choices and chosen_by of an offered entry. */
void image_choices_fill(const struct image *image, struct image_entry *entry);

#endif
