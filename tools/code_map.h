/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the stages of an image lie in guest memory, from which moment on: the
 * places they were loaded to, those the decompressor moved itself to, and the
 * kernel proper's, wherever KASLR put it. Pure data once the run is over.
 */
#ifndef TOOLS_CODE_MAP_H
#define TOOLS_CODE_MAP_H

#include "emu/base/state.h"
#include "loaders/placement.h"
#include "loaders/symbols.h"

/* Room for the name of a place; longer ones are cut. */
#define SYMBOL_TEXT_SIZE 160

/* One copy of (a part of) a stage. */
struct code_copy {
	enum code_stage stage;
	gpa_t gpa;
	uint64_t size;
	uint64_t address; /* the stage's own address of its first byte */
	uint64_t
		since; /* instructions retired when it was first known to be there; 0: from the start */
};

struct code_map {
	const struct image *image; /* borrowed */
	/* in the order in which they became known, so by since: the last that fits is the right one */
	struct code_copy *copies;
	size_t count;
	/* virtual address in use minus the linked one, once a block ran at the kernel's virtual addresses */
	bool has_slide;
	uint64_t slide;
	bool kernel_known; /* the kernel proper's copies are in the list */
	/* pages that held no code of the image when they were looked at */
	gpa_t *strangers;
	size_t stranger_count;
	bool failed; /* out of memory: some copies are missing */
};

/* A byte of code: which stage, and its address there. */
struct code_place {
	enum code_stage stage;
	uint64_t address;
	size_t copy; /* index into the map's copies */
};

/* --- while it runs --- */

/* The start of day: placements whose bytes are the image's own are its first copies. */
void code_map_begin(struct code_map *map, const struct image *image,
		    const struct placements *memory);
/*
 * A block at linear @pc, physical @gpa, runs for the first time, @count instructions after
 * the start. Tells by the bytes there, and around there, when the image has moved itself, and
 * learns the kernel's virtual addresses.
 */
void code_map_block(struct code_map *map, const struct mem_reader *mem, gva_t pc, gpa_t gpa,
		    uint64_t count);
/* The kernel proper is entered, @delta bytes above where it was linked to lie (modulo 2^64). */
void code_map_kernel(struct code_map *map, uint64_t delta, uint64_t count);
void code_map_release(struct code_map *map);

/* --- afterwards --- */

/* What code is at physical @gpa after @count instructions (UINT64_MAX: at the end)? */
bool code_map_gpa(const struct code_map *map, gpa_t gpa, uint64_t count, struct code_place *ret);
/*
 * The same for a linear address: the kernel's virtual addresses by its slide; all others
 * are taken to be identity mapped, as in all boot code before the kernel proper.
 */
bool code_map_linear(const struct code_map *map, gva_t pc, uint64_t count, struct code_place *ret);
/* The same for code that the CPU as it is now would fetch from linear @pc, through paging where it maps that. */
bool code_map_fetch(const struct code_map *map, const struct cpu_state *cpu,
		    const struct mem_reader *mem, gva_t pc, struct code_place *ret);
/* Where the kernel proper's linked address @address lies in physical memory at the end. */
bool code_map_kernel_gpa(const struct code_map *map, uint64_t address, gpa_t *ret_gpa);

/*
 * "startup_64+0x1c6"; the kernel proper's names go by "kernel startup_64+0x40" where the
 * compressed stage has one of the same name; " (init/main.c:955)" follows where lines are
 * known. Returns @text.
 */
char *code_place_describe(const struct code_place *place, const struct image_symbols *symbols,
			  char *text, size_t size);

#endif
