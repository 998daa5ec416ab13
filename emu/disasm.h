/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings for people: one instruction as AT&T text. Capstone behind it. */
#ifndef EMU_DISASM_H
#define EMU_DISASM_H

#include "emu/base/types.h"

/*
 * Write the instruction at @code (linear address @pc, @bits 16, 32 or 64) to
 * @out. Returns its length in bytes; 0 (and "(bad)") when it is none.
 */
size_t disasm_line(const uint8_t *code, size_t len, gva_t pc, unsigned bits, char *out,
		   size_t size);

#endif
