/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a run is to end: at one of the points, an address or a symbol, or when a function returns. */
#ifndef TOOLS_UNTIL_H
#define TOOLS_UNTIL_H

#include "emu/machine.h"
#include "tools/code_map.h"

/*
 * WHERE of --until:
 *
 *   startup_64 | kernel | compressed | entry    a point
 *   0x1000200                                   a linear address, or a linked one of the kernel's
 *   [STAGE/]SYMBOL[+OFFSET][:return]            STAGE is setup, compressed or kernel
 */
struct until {
	const char *text;
	enum point point; /* POINT_COUNT: none */
	bool is_linear;
	gva_t pc; /* is_linear */
	/* else this, wherever it lies */
	enum code_stage stage;
	uint64_t address;
	bool at_return; /* go on until that function returns to its caller */
	/* while it runs */
	size_t armed; /* so many copies of the map have their breakpoint */
	bool entered; /* the function whose return is waited for is running */
	gva_t return_pc;
	uint64_t stack; /* RSP at its entry: when it is above that, it has returned */
};

/* Could @text be one? Whether the symbol exists is until_resolve()'s to say. */
bool until_is_sound(const char *text);
/* True for the names of points. */
bool until_is_point(const char *text);

/*
 * @text is sound or NULL (the kernel proper's entry). @symbols is asked only where it has
 * a symbol, or an address in @image's kernel. -ENOENT with a diag when there is no such
 * symbol, or more than one.
 */
int until_resolve(struct until *u, const char *text, const struct image *image,
		  const struct image_symbols *symbols, struct diag *diag);
/* Does until_resolve() need names? */
bool until_needs_symbols(const char *text);

/* Breakpoints for what @map knows by now: before the run, and whenever copies came. Negative errno. */
int until_arm(struct until *u, struct machine *m, const struct code_map *map);
/* The machine has stopped at a breakpoint: is this the end? Else the run is to go on. */
bool until_reached(struct until *u, struct machine *m, const struct code_map *map, gva_t pc);

#endif
