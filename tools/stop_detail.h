/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What led to a stop, for people: the last blocks disassembled, the page walk of the fault. */
#ifndef TOOLS_STOP_DETAIL_H
#define TOOLS_STOP_DETAIL_H

#include "emu/machine.h"
#include "tools/code_map.h"

/* With names from @symbols for what @code knows. */
void stop_detail(struct machine *m, const struct stop *stop, const struct code_map *code,
		 const struct image_symbols *symbols, struct buf *out);

/*
 * "startup_64+0x1c6": where the run stopped, or "after startup_64+0x1c6", the last block of the
 * image's, when that is no code of the image. "" when none is known. Returns @text.
 */
char *stop_symbol(struct machine *m, const struct stop *stop, const struct code_map *code,
		  const struct image_symbols *symbols, char *text, size_t size);

#endif
