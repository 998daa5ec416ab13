/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines of addresses, from the DWARF of an ELF file; built without libdw there are none. */
#ifndef LOADERS_LINES_H
#define LOADERS_LINES_H

#include "emu/base/diag.h"

struct source_lines;

/*
 * The DWARF of the ELF file at @path, whose addresses are @base above those asked for.
 * -ENODATA when it has none, -ENOTSUP without libdw. Kept open; lines are read when asked for.
 */
int source_lines_open(struct source_lines **ret, const char *path, uint64_t base,
		      struct diag *diag);
/* Takes NULL, returns NULL. */
struct source_lines *source_lines_close(struct source_lines *l);

/*
 * File and line of the code at @address: the file relative to the tree it was built from,
 * never a path of the machine that built it. False when the DWARF does not say. Any thread may ask.
 */
bool source_lines_at(struct source_lines *l, uint64_t address, char *ret_file, size_t size,
		     unsigned *ret_line);

#endif
