/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which code of the image one run executed, instruction by instruction, by the place in the image and not by where it ran. */
#ifndef TOOLS_COVER_LOG_H
#define TOOLS_COVER_LOG_H

#include "tools/code_map.h"
#include "tools/report.h"

/* An instruction that ran. */
struct cover_insn {
	uint64_t address; /* the stage's own */
	uint64_t paths;   /* bit n: path n ran it */
	uint8_t len;
	uint8_t bits; /* width of the code */
	bool leader;  /* something jumped, called or returned to it */
	bool last;    /* what follows it need not run: a jump, call, return... */
};

/* Sorted by address, then length, once finished. */
struct cover_insns {
	struct cover_insn *items;
	size_t count, cap;
};

struct cover_log {
	const struct report_path *path; /* that is run: it knows where the stages lie */
	struct cover_insns stage[STAGE_COUNT];
	uint64_t elsewhere; /* blocks outside of the image: firmware, loaders, code that it made */
	uint64_t *seen;     /* hash set of what is known already; 0: free */
	size_t seen_count, seen_cap;
	/* What the last block added, for the run that stops in the middle of it. */
	unsigned last_stage;
	size_t last_first;
	gva_t last_pc;
	bool failed; /* out of memory */
};

/* Begin with a zeroed @log; @path is the one that is run, and outlives the log. */
void cover_log_begin(struct cover_log *log, const struct report_path *path);
/* A block is about to run for the first time. */
void cover_log_block(struct cover_log *log, struct machine *m, gva_t pc, gpa_t gpa);
/* The run is over: what it stopped before did not run, though its block was seen. */
void cover_log_end(struct cover_log *log, const struct report_path *path);
/* All three as an observer of a run. */
struct run_observer cover_log_observer(struct cover_log *log, const struct report_path *path);
/* Sorts, and merges what ran more than once. After the run; -ENOMEM when anything was lost. */
int cover_log_finish(struct cover_log *log);
void cover_log_release(struct cover_log *log);

/* Append; false without memory. */
bool cover_insns_add(struct cover_insns *list, const struct cover_insn *insn);
/* Sort by address and length and make one of equal ones. */
void cover_insns_merge(struct cover_insns *list);
void cover_insns_free(struct cover_insns *list);

#endif
