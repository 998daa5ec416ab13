/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes as a boot image. It must be parsed or refused with one line, in bounded memory and time. */
#include <stdlib.h>

#include "loaders/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image = NULL;
	struct diag diag = { 0 };
	int r;

	r = image_from_bytes(&image, "fuzz", (struct bytes){ data, size }, &diag);
	if (r == 0)
		r = image_unpack(image, &diag);
	/* Refused exactly when there is something to say, and in one line. */
	if ((r < 0) != (diag.text[0] != '\0') || strchr(diag.text, '\n'))
		abort();
	image_close(image);
	return 0;
}
