/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main job: run the paths of an image, judge every point that they reach,
 * and say for each failure who wrote what failed.
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "specs/judge.h"
#include "specs/spec.h"
#include "tools/report.h"

/* What a judgement needs to know of the run besides its handovers. */
struct check_facts {
	const struct image *image; /* that the path enters */
	const struct image *
		started; /* a further one that it started, which the points from there on are about; NULL: none */
	const struct start_of_day *sod;
	const struct platform *platform;
	const char *path, *variant;
	const char *const *known;
	const struct event *events; /* of the run so far; as judge_context has them */
	size_t event_count;
	uint64_t event_total;
	const struct regions *ran; /* as judge_context has it */
};

/* What rules may ask about the run; the handovers are the caller's to add. */
void check_context(const struct check_facts *facts, struct judge_context *ret);

/*
 * Judge the image and every point that @ret has a handover of; the verdicts go
 * into @ret->verdicts, in the order of points. -ENOMEM.
 */
int check_judge(const struct spec_set *specs, const struct check_facts *facts,
		struct report_path *ret);

/*
 * What the verdicts make of a path's outcome (design.md): a FAIL of level error
 * is the image's fault, but at the entry that our own model built it is ours;
 * an ERROR verdict means that we cannot judge. A crash or hang stays one.
 */
void check_outcome(struct report_path *ret);

/*
 * Run the path once more, watching the memory that failed clauses looked at,
 * and note in each verdict who wrote it last before its point. Without such a
 * clause nothing is run.
 */
void check_blame(const struct image *image, const struct run_options *options,
		 struct report_path *ret);

/* Append who wrote the memory of @s last, as one clause of a sentence. */
void check_writer(const struct store_record *s, struct buf *text);

struct check_progress {
	void (*path_begins)(const struct report_path *p,
			    void *arg); /* NULL: nobody wants to know */
	void *arg;
};

/* Run, judge and blame all paths of @ret, @jobs at a time. */
void check_paths(const struct image *image, const struct run_options *options,
		 struct report_image *ret, unsigned jobs, const struct check_progress *progress);

#endif
