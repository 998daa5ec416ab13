/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the 16-bit setup code stores and how deep its stack goes: a watch on every store from the entry to startup_32.
 * That is some tens of thousands of instructions; what runs after them is not slowed down.
 */
#ifndef TOOLS_REAL_MODE_H
#define TOOLS_REAL_MODE_H

#include "emu/base/regions.h"
#include "emu/machine.h"

/* A setup code that takes longer is something else (a boot loader, a network card's firmware), and goes unwatched. */
#define REAL_WATCH_INSTRUCTIONS 4000000u
#define REAL_WATCH_RANGES       4096u
#define REAL_WATCH_STACKS       4u

struct real_stack {
	uint16_t ss;
	uint16_t sp; /* the lowest */
	gva_t pc;
};

struct real_watch {
	struct regions stored;
	struct real_stack stacks[REAL_WATCH_STACKS];
	unsigned stack_count;
	bool overflow; /* there was more of something than fits */
	/* the row of stores that is under way */
	gva_t row_pc;
	gpa_t row_start, row_end;
};

/* Before a store happens, as machine_on_store() tells it. */
void real_watch_store(struct real_watch *w, struct machine *m, gpa_t gpa, unsigned size, gva_t pc);
/* At startup_32: what was seen becomes events, unless it was too much. */
void real_watch_finish(struct real_watch *w, struct machine *m);
void real_watch_free(struct real_watch *w);

#endif
