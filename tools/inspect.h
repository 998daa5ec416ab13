/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bootpath inspect` says of one image, and its two writers. */
#ifndef TOOLS_INSPECT_H
#define TOOLS_INSPECT_H

#include "emu/base/jsonw.h"
#include "loaders/image.h"

struct inspection {
	char name[256];
	const struct image *image; /* borrowed; NULL when it could not be read at all */
	char error[1024];          /* the one line: of the file, or of its payload; "" when sound */
};

void inspect_text(const struct inspection *in, struct buf *out);
/* One object, as an element of an array. */
void inspect_json(const struct inspection *in, struct jsonw *w);

/* "LOADED_HIGH CAN_USE_HEAP": the names of the bits of loadflags and xloadflags; "" for other fields. */
const char *inspect_flag_names(enum bp_field f, uint64_t v, struct buf *b);

#endif
