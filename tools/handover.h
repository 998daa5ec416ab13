/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capturing a handover, and finding the kernel proper's entry while it runs. */
#ifndef TOOLS_HANDOVER_H
#define TOOLS_HANDOVER_H

#include "emu/machine.h"
#include "loaders/image.h"

/* How much of memory a handover keeps. */
enum capture {
	CAPTURE_SHOWN, /* what reports show: boot_params, the GDT and the command line */
	CAPTURE_ALL,
	CAPTURE_VIEW, /* all, as the machine has it: until handover_trim(), nothing may change it */
};

/*
 * Fill @ret with the machine's state now. @boot_params is 0 where there is none.
 * 0 or -ENOMEM.
 */
int handover_capture(struct handover *ret, struct machine *m, enum point point,
		     const char *image_name, const char *symbol, gpa_t boot_params,
		     enum capture capture);

/* Keep no more than CAPTURE_SHOWN does; on -ENOMEM nothing is kept. */
int handover_trim(struct handover *h);

/* How to know the kernel proper's first instruction when it is about to run. */
struct kernel_entry {
	gpa_t paddr;        /* e_entry of the unpacked kernel, where it was linked */
	uint64_t alignment; /* KASLR and relocation move it by multiples of this */
	uint8_t code[32];   /* its first bytes in the ELF */
	size_t len;         /* of code; with too few nothing matches */
	char symbol[16];    /* "startup_64" or "startup_32" */
};

void kernel_entry_init(struct kernel_entry *e, const struct image *image);

/* True when the block at linear address @pc, physical @gpa, is that entry, wherever it was moved. */
bool kernel_entry_matches(const struct kernel_entry *e, const struct machine *m, gva_t pc,
			  gpa_t gpa);

/* The comparison by itself: equal but for words that relocation changed. */
bool kernel_code_equal(const uint8_t *file, const uint8_t *now, size_t len, uint64_t alignment);

#endif
