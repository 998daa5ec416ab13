/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two recorded runs side by side, instruction by instruction, up to the first one that differs. */
#ifndef TOOLS_DIFF_LOCKSTEP_H
#define TOOLS_DIFF_LOCKSTEP_H

#include "emu/trace.h"
#include "tools/diff.h"

/* Where a run was when the two parted. */
struct lockstep_at {
	bool ended; /* it has no further instruction; only count is valid */
	gva_t pc;
	gpa_t gpa;
	struct bytes code; /* the instruction and what follows it in its block */
	unsigned bits;
	uint64_t count;
	struct trace *trace; /* that holds the code; lockstep_release() */
};

/*
 * 1: they part, at @ret_at; 0: they are the same from end to end. -ENOMEM, or
 * -EINVAL for a trace that is not whole.
 */
int lockstep(const struct diff_side *a, const struct diff_side *b, struct lockstep_at ret_at[2],
	     struct diag *diag);
void lockstep_release(struct lockstep_at at[2]);

#endif
