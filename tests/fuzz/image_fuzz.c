/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes as a boot image. It must be parsed or refused with one line, in bounded memory and time. */
#include <stdlib.h>

#include "loaders/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_symbols symbols;
	struct image *image = NULL;
	struct diag diag = { 0 };
	int r;

	r = image_from_bytes(&image, "fuzz", (struct bytes){ data, size }, &diag);
	if (r == 0)
		r = image_unpack(image, &diag);
	/* Refused exactly when there is something to say, and in one line. */
	if ((r < 0) != (diag.text[0] != '\0') || strchr(diag.text, '\n'))
		abort();
	/* What was unpacked may hold tables of symbols: read, or done without. */
	if (r == 0) {
		if (image_symbols_read(&symbols, image, NULL))
			abort();
		image_symbols_release(&symbols);
	}
	image_close(image);
	return 0;
}
