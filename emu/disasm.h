/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings for people: instructions as AT&T or Intel text. Capstone behind it. */
#ifndef EMU_DISASM_H
#define EMU_DISASM_H

#include "emu/base/types.h"

enum disasm_syntax { DISASM_ATT, DISASM_INTEL };

struct disasm;

/* NULL when out of memory. */
struct disasm *disasm_create(enum disasm_syntax syntax);
/* Takes NULL, returns NULL. */
struct disasm *disasm_destroy(struct disasm *d);

/*
 * Write the instruction at @code (linear address @pc, @bits 16, 32 or 64) to
 * @out. Returns its length in bytes; 0 (and "(bad)") when it is none.
 */
size_t disasm_insn(struct disasm *d, const uint8_t *code, size_t len, gva_t pc, unsigned bits,
		   char *out, size_t size);

/* The same for a single one, in AT&T syntax. */
size_t disasm_line(const uint8_t *code, size_t len, gva_t pc, unsigned bits, char *out,
		   size_t size);

#endif
