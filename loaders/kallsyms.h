/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms: the table of its own symbols that a Linux kernel carries (scripts/kallsyms.c writes it, kernel/kallsyms.c reads it). */
#ifndef LOADERS_KALLSYMS_H
#define LOADERS_KALLSYMS_H

#include "loaders/symbols.h"

/* In what form addresses are kept. */
enum kallsyms_form {
	KALLSYMS_ABSOLUTE, /* a word each: until 4.6, and without CONFIG_KALLSYMS_BASE_RELATIVE */
	KALLSYMS_RELATIVE, /* 32 bits above the base */
	KALLSYMS_RELATIVE_PERCPU, /* CONFIG_KALLSYMS_ABSOLUTE_PERCPU: absolute, or below the base minus one */
	KALLSYMS_FORM_COUNT
};

extern const char *const kallsyms_form_names[KALLSYMS_FORM_COUNT];

/* Where the parts lie, as offsets into the ELF. */
struct kallsyms {
	uint64_t token_table, token_index;
	uint64_t names, markers;
	uint64_t addresses; /* or offsets */
	uint64_t base;      /* kallsyms_relative_base, not of KALLSYMS_ABSOLUTE */
	uint32_t count;
	unsigned marker_size; /* 4; 8 in 64-bit kernels before 4.20 */
	bool addresses_last;  /* behind the token index: since 6.4 */
	enum kallsyms_form form;
};

/* Symbols beyond this are no kernel's: Debian's 6.1 has 190,000. */
#define KALLSYMS_COUNT_MAX 4000000u

/*
 * Find the parts in @elf, which names none of them, and prove that they belong together:
 * every length and offset is checked. -ENOENT when there are none; @diag says what was missing.
 */
int kallsyms_locate(struct kallsyms *ret, const struct elf_image *elf, struct diag *diag);
/* Add every symbol to @b. -EINVAL when a name cannot be (diag has the offset). */
int kallsyms_read(const struct kallsyms *k, const struct elf_image *elf, struct symbols_builder *b,
		  struct diag *diag);

#endif
