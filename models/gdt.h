/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors from base, limit and attributes, and the flat GDT that boot.rst asks for. */
#ifndef MODELS_GDT_H
#define MODELS_GDT_H

#include "emu/base/state.h"

/* boot.rst "32-bit Boot Protocol": selectors of the two flat segments. */
#define BOOT_CS 0x10
#define BOOT_DS 0x18

#define GDT_BOOT_SIZE 0x20u

/*
 * The 8 bytes of a code, data or 32-bit system descriptor (SDM 3A 3.4.5).
 * @limit is in bytes, as struct segment has it: with DESC_G its low 12 bits are
 * lost (and read back as ones). @attr is DESC_* as in struct segment.
 */
uint64_t gdt_descriptor(uint32_t base, uint32_t limit, uint32_t attr);

/* What the CPU's hidden part holds after loading @selector with @descriptor; the accessed bit is the descriptor's. */
struct segment gdt_segment(uint16_t selector, uint64_t descriptor);

/* Two null descriptors, then @code at BOOT_CS and flat read-write data at BOOT_DS. */
void gdt_boot(uint8_t ret_table[GDT_BOOT_SIZE], uint32_t code_attr);

#endif
