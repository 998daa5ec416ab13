/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of one path while it lasts: what tools/run*.c share. */
#ifndef TOOLS_RUN_IMPL_H
#define TOOLS_RUN_IMPL_H

#include "tools/check.h"
#include "tools/cover_log.h"
#include "tools/handover.h"
#include "tools/real_mode.h"
#include "tools/report.h"
#include "tools/run_images.h"
#include "tools/until.h"

struct run {
	const struct image *image;
	const struct run_options *options;
	struct report_path *ret;
	struct platform platform;
	struct start_of_day sod;
	struct machine *machine;
	struct kernel_entry kernel;
	struct run_images images; /* that the guest has loaded */
	/* whose code runs: the path's image, or the last one that was started */
	const struct image *current;
	struct until until;
	struct image_symbols own_symbols; /* unless the image has been given some */
	bool own_symbols_read;
	struct image_symbols
		front_symbols; /* of a traced image's own, all but the kernel proper's */
	bool front_symbols_read;
	/* which code ran, for rules */
	struct cover_log cover;
	struct regions ran[STAGE_COUNT];
	bool arrived;
	int error;          /* of a capture inside a handler */
	bool watches_setup; /* stores of the setup code are watched, until startup_32 */
	struct real_watch setup;
};

/* The names to report in: those given, or the image's own, read when they are first needed. */
const struct image_symbols *run_symbols(struct run *r);
/* Of one stage; the kernel proper's are not read for the sake of another's. */
const struct image_symbols *run_stage_symbols(struct run *r, enum code_stage stage);

void outcome_set(struct report_path *ret, enum outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The outcome of the run by itself, before any clause; see design.md "Outcome of a path". */
void run_judge(struct run *r);

/* The setup code is left (@left), or takes too long: its stores are not watched any more. */
void run_setup_end(struct run *r, bool left);

/* Watch the ranges that the options name, and after the run name who stored there, and where it stopped. */
void run_watch(struct run *r);
void run_name_places(struct run *r);

/* Everything that went in and what became of it, into the report. */
void run_digest(struct run *r);
void run_trace_end(struct run *r);

#endif
